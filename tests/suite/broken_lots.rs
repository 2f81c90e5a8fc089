//! Lots and their broken twins, written by `tests/data/make_lots.py`: in five formats by GDAL the same is read, and the same
//! is found.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use bangtin::domain::plan::PlanKind;
use bangtin::import::plan;
use bangtin::import::source::Source;
use bangtin::import::zones::{Imported, Options};
use serde_json::Value;

fn import(path: &Path) -> Imported {
    let city = [104.815, 21.646, 104.961, 21.798];
    let options = Options { kind: PlanKind::DetailedPlan, signed: "2026-01-05".parse().unwrap(), ..Options::new(city, 9208) };
    plan::import(&Source::file(path).unwrap(), &options, &|_| {})
}

/// The file itself, and what GDAL makes of it in four more formats: two of them have one kind of geometry a layer.
fn formats(folder: &Path, name: &str) -> Vec<std::path::PathBuf> {
    let source = Path::new("tests/data/lots").join(format!("{name}.geojson"));
    let layers = [("PhanOQuyHoach_A", "OGR_GEOMETRY='POLYGON'"), ("ChiGioiDuongDo_L", "OGR_GEOMETRY='LINESTRING'")];
    let mut paths = vec![source.clone()];
    for (ending, format, more) in [
        ("gpkg", "GPKG", ["-a_srs", "EPSG:9208"]),
        ("kml", "LIBKML", ["-t_srs", "EPSG:4326"]),
        ("shp", "ESRI Shapefile", ["-lco", "ENCODING=UTF-8"]),
        ("fgb", "FlatGeobuf", ["-lco", "SPATIAL_INDEX=NO"]),
    ] {
        let is_one_file = matches!(ending, "gpkg" | "kml");
        let parts = folder.join(format!("{name}-{ending}"));
        std::fs::create_dir(&parts).unwrap();
        for (n, (layer, filter)) in layers.iter().enumerate() {
            let to = parts.join(if is_one_file { format!("{name}.{ending}") } else { format!("{layer}.{ending}") });
            let mut ogr2ogr = Command::new("ogr2ogr");
            ogr2ogr.args(["-f", format]).args(more).args(["-nln", layer, "-where", filter]);
            if is_one_file && n > 0 {
                ogr2ogr.args(["-update", "-append"]);
            }
            let run = ogr2ogr.arg(&to).arg(&source).output().unwrap();
            assert!(run.status.success(), "{ending}: {}", String::from_utf8_lossy(&run.stderr));
        }
        if is_one_file {
            paths.push(parts.join(format!("{name}.{ending}")));
            continue;
        }
        let packed = folder.join(format!("{name}.{ending}.zip"));
        let mut archive = zip::ZipWriter::new(std::fs::File::create(&packed).unwrap());
        for entry in std::fs::read_dir(&parts).unwrap().map(|entry| entry.unwrap().path()) {
            archive.start_file(entry.file_name().unwrap().to_string_lossy(), zip::write::SimpleFileOptions::default()).unwrap();
            std::io::copy(&mut std::fs::File::open(&entry).unwrap(), &mut archive).unwrap();
        }
        archive.finish().unwrap();
        paths.push(packed);
    }
    paths
}

#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn lots_come_back_from_gdal_with_every_indicator_in_five_formats() {
    let folder = tempfile::tempdir().unwrap();
    let mut first: Option<Vec<Value>> = None;
    for path in formats(folder.path(), "whole") {
        let read = import(&path);
        let set = read.set.as_ref().unwrap_or_else(|| panic!("{}\n{}", path.display(), read.report.to_text()));
        let set: Value = serde_json::from_slice(&set.chunks.concat()).unwrap();
        let said: Vec<Value> = set["features"].as_array().unwrap().iter().map(|lot| lot["properties"].clone()).collect();
        assert_eq!((said.len(), said[3]["storeys_max"].as_i64(), said[3]["ground_level_m"].as_f64()), (18, Some(5), Some(32.5)));
        assert_eq!(read.further.len(), 1, "{}\n{}", path.display(), read.report.to_text());
        match &first {
            None => first = Some(said),
            Some(first) => assert_eq!(&said, first, "{}", path.display()),
        }
    }
}

#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn every_fault_of_the_broken_twin_is_found_in_five_formats_and_nothing_else() {
    let expected: Vec<Value> = serde_json::from_str(&std::fs::read_to_string("tests/data/lots/broken.json").unwrap()).unwrap();
    let expected: BTreeSet<(String, Option<usize>)> = expected
        .iter()
        .map(|fault| (fault["check"].as_str().unwrap().to_owned(), fault["feature"].as_u64().map(|number| number as usize)))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    for path in formats(folder.path(), "broken") {
        let read = import(&path);
        assert!(read.set.is_none(), "the overlap blocks: {}", path.display());
        // What the format itself says: KML's system, columns that GDAL adds.
        let of_format = ["unused-columns", "crs-guessed", "crs-as-areas", "crs-assumed"];
        let found: BTreeSet<(String, Option<usize>)> = read
            .report
            .findings
            .iter()
            .filter(|finding| !of_format.contains(&finding.check.as_str()))
            .map(|finding| (finding.check.clone(), finding.feature))
            .collect();
        assert_eq!(found, expected, "{}\n{}", path.display(), read.report.to_text());
    }
}
