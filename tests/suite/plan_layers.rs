//! Layers of an urban plan's file, each file written by GDAL: which are taken, as what, and which are left out and why.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bangtin::domain::plan::PlanKind;
use bangtin::import::plan;
use bangtin::import::report::Report;
use bangtin::import::source::Source;
use bangtin::import::zones::{Imported, Options};
use bangtin::words::text::Lang;
use serde_json::{Value, json};

fn options() -> Options {
    let city = [104.815, 21.646, 104.961, 21.798];
    Options { kind: PlanKind::DetailedPlan, signed: "2026-01-05".parse().unwrap(), ..Options::new(city, 9208) }
}

const WEST: f64 = 515_000.0;
const SOUTH: f64 = 2_401_500.0;

fn feature(properties: &Value, kind: &str, coordinates: &Value) -> Value {
    json!({ "type": "Feature", "properties": properties, "geometry": { "type": kind, "coordinates": coordinates } })
}

fn area(n: i32, properties: &Value) -> Value {
    let x = WEST + f64::from(n) * 30.0;
    let ring = json!([[x, SOUTH], [x + 30.0, SOUTH], [x + 30.0, SOUTH + 30.0], [x, SOUTH + 30.0], [x, SOUTH]]);
    feature(properties, "Polygon", &json!([ring]))
}

fn line(north: f64, properties: &Value) -> Value {
    feature(properties, "LineString", &json!([[WEST, SOUTH + north], [WEST + 50.25, SOUTH + north], [WEST + 90.0, SOUTH + north]]))
}

/// The layers of a detailed plan, as the circular's template names them, beside the existing state and what is no plan.
fn layers() -> Vec<(&'static str, Vec<Value>)> {
    let lot = |n: i32, number: &str, most: &str| area(n, &json!({ "KyHieuLoDat": number, "MaLoaiDat": "ODT", "SoTangToiDa": most }));
    vec![
        ("PhanOQuyHoach_A", vec![lot(0, "A1", "5"), lot(1, "A2", "5"), lot(2, "A3", "1-7")]),
        ("ChucNangSuDungDat_A", vec![area(0, &json!({ "MaLoaiDat": "ODT" }))]),
        ("HT_PhanOQuyHoach_A", vec![area(5, &json!({ "KyHieuLoDat": "cu", "MaLoaiDat": "ODT", "SoTangToiDa": "1" }))]),
        ("RanhGioiQuyHoach_A", vec![area(0, &json!({ "Ten": "Ranh giới" }))]),
        ("ChiGioiDuongDo_L", vec![line(-1.0, &json!({ "TenDuong": "Đường Mẫu 1" })), line(31.0, &json!({ "TenDuong": "Đường Mẫu 2" }))]),
        ("MangLuoiGiaoThongDuongBo_L", vec![line(-8.0, &json!({ "TenDuong": "Đường Mẫu 1", "LoGioi": "13,5 m" }))]),
        ("HT_ChiGioiDuongDo_L", vec![line(2.0, &json!({ "TenDuong": "Đường cũ" }))]),
        ("DuongDongMuc_L", vec![line(40.0, &json!({ "CaoDo": "12" }))]),
        ("MocGioiQuyHoach_P", vec![feature(&json!({ "Ten": "M1" }), "Point", &json!([WEST, SOUTH]))]),
    ]
}

/// Writes each layer as GeoJSON, and gives the paths.
fn write(folder: &Path) -> Vec<(&'static str, PathBuf)> {
    let layers = layers().into_iter().map(|(name, features)| {
        let path = folder.join(format!("{name}.geojson"));
        let crs = json!({ "type": "name", "properties": { "name": "urn:ogc:def:crs:EPSG::9208" } });
        fs::write(&path, json!({ "type": "FeatureCollection", "crs": crs, "features": features }).to_string()).unwrap();
        (name, path)
    });
    layers.collect()
}

fn ogr2ogr(arguments: &[&str], output: &Path, input: &Path) {
    let run = Command::new("ogr2ogr").args(arguments).arg(output).arg(input).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}

fn packed(folder: &Path, ending: &[&str], to: &Path) {
    let mut archive = zip::ZipWriter::new(fs::File::create(to).unwrap());
    let mut names: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    for path in names.iter().filter(|path| ending.iter().any(|ending| path.extension().is_some_and(|own| own == *ending))) {
        archive.start_file(path.file_name().unwrap().to_string_lossy(), zip::write::SimpleFileOptions::default()).unwrap();
        std::io::copy(&mut fs::File::open(path).unwrap(), &mut archive).unwrap();
    }
    archive.finish().unwrap();
}

fn import(path: &Path, options: &Options) -> Imported {
    plan::import(&Source::file(path).unwrap(), options, &|_| {})
}

/// The features of the set for that field.
fn features<'a>(imported: &'a Imported, field: &str) -> Vec<Value> {
    let further = imported.further.iter().find(|(own, _)| own == field).map(|(_, set)| set);
    let set: Option<&'a _> = if field == "zones" { imported.set.as_ref() } else { further };
    let set = set.unwrap_or_else(|| panic!("no {field}: {}", imported.report.to_text()));
    let set: Value = serde_json::from_slice(&set.chunks.concat()).unwrap();
    set["features"].as_array().unwrap().clone()
}

fn fates(report: &Report) -> Vec<String> {
    let mut all: Vec<String> = report
        .layers
        .iter()
        .map(|layer| {
            let name = layer.name.as_deref().unwrap_or_default();
            format!("{}: {}", name.trim_end_matches(".shp").trim_end_matches(".fgb"), layer.taken.as_deref().unwrap_or("-"))
        })
        .collect();
    all.sort();
    all
}

#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn layers_of_one_file_are_taken_alike_in_every_format_and_the_report_lists_each() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["shp", "fgb"] {
        fs::create_dir(at(name)).unwrap();
    }
    for (n, (name, path)) in write(folder.path()).iter().enumerate() {
        let update: &[&str] = if n == 0 { &[] } else { &["-update"] };
        ogr2ogr(&[update, &["-f", "GPKG", "-a_srs", "EPSG:9208", "-nln", name]].concat(), &at("plan.gpkg"), path);
        let kml: &[&str] = if n == 0 { &[] } else { &["-update", "-append"] };
        ogr2ogr(&[kml, &["-f", "LIBKML", "-t_srs", "EPSG:4326", "-nln", name]].concat(), &at("plan.kml"), path);
        ogr2ogr(&["-f", "ESRI Shapefile", "-lco", "ENCODING=UTF-8", "-a_srs", "EPSG:9208"], &at("shp").join(format!("{name}.shp")), path);
        ogr2ogr(&["-f", "FlatGeobuf", "-lco", "SPATIAL_INDEX=NO"], &at("fgb").join(format!("{name}.fgb")), path);
    }
    packed(&at("shp"), &["shp", "shx", "dbf", "prj", "cpg"], &at("shp.zip"));
    packed(&at("fgb"), &["fgb"], &at("fgb.zip"));
    let mut first: Option<Vec<Value>> = None;
    for name in ["plan.gpkg", "shp.zip", "fgb.zip", "plan.kml"] {
        let read = import(&at(name), &options());
        assert_eq!(
            fates(&read.report),
            [
                "ChiGioiDuongDo_L: plan_lines",
                "ChucNangSuDungDat_A: -",
                "DuongDongMuc_L: -",
                "HT_ChiGioiDuongDo_L: -",
                "HT_PhanOQuyHoach_A: -",
                "MangLuoiGiaoThongDuongBo_L: plan_lines",
                "MocGioiQuyHoach_P: plan_points",
                "PhanOQuyHoach_A: zones",
                "RanhGioiQuyHoach_A: plan_lines",
            ],
            "{name}"
        );
        let lots = features(&read, "zones");
        let numbers: Vec<&str> = lots.iter().map(|lot| lot["properties"]["lot"].as_str().unwrap()).collect();
        assert_eq!((numbers, &lots[2]["properties"]["storeys_max"]), (vec!["A1", "A2", "A3"], &json!(7)), "{name}");
        let mut lines = features(&read, "plan_lines");
        lines.sort_by_key(|line| line["properties"].to_string());
        let said: Vec<String> = lines.iter().map(|line| line["properties"].to_string()).collect();
        let line = |kind: &str, length: i32, name: &str, wide: &str, road: &str| {
            format!(r#"{{"length_m":{length},"line_kind":"{kind}","name":{name},"note":null,"right_of_way_m":{wide},"road":{road}}}"#)
        };
        assert_eq!(
            said,
            [
                line("limit", 120, "\"Ranh giới\"", "null", "null"),
                line("red-line", 90, "null", "null", "\"Đường Mẫu 1\""),
                line("red-line", 90, "null", "null", "\"Đường Mẫu 2\""),
                line("road", 90, "null", "13.5", "\"Đường Mẫu 1\""),
            ],
            "{name}"
        );
        let points = features(&read, "plan_points");
        assert_eq!(points[0]["properties"], json!({ "name": "M1", "note": null, "point_kind": "control-point" }), "{name}");
        let geometries: Vec<Value> = lines.into_iter().map(|line| line["geometry"].clone()).collect();
        let near = |a: &Value, b: &Value| {
            let (a, b) = (a["coordinates"].to_string(), b["coordinates"].to_string());
            // A Shapefile turns rings the other way round.
            let numbers = |text: &str| {
                let mut all: Vec<f64> = text.split(['[', ']', ',']).filter_map(|part| part.parse().ok()).collect();
                all.sort_by(f64::total_cmp);
                all
            };
            let (a, b) = (numbers(&a), numbers(&b));
            a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1.5e-7)
        };
        let expected = first.get_or_insert_with(|| geometries.clone());
        assert!(expected.iter().zip(&geometries).all(|(a, b)| near(a, b)), "{name}");
    }
    let text = import(&at("plan.gpkg"), &options()).report.to_text();
    for said in ["“HT_ChiGioiDuongDo_L”, 1 đường: bỏ ra, vì là hiện trạng", "taken as red lines", "--layer lines="] {
        assert!(text.contains(said), "{said}: {text}");
    }
    // A planner may choose; then nothing else is taken.
    let mut chosen = options();
    chosen.layers.lines = vec!["DuongDongMuc_L".into()];
    let read = import(&at("plan.gpkg"), &chosen);
    let kinds: Vec<Value> = features(&read, "plan_lines").iter().map(|line| line["properties"]["line_kind"].clone()).collect();
    assert_eq!(kinds, ["other"]);
    chosen.layers.lines = vec!["Khong co".into()];
    let read = import(&at("plan.gpkg"), &chosen);
    assert!(read.set.is_none() && read.report.findings[0].said.text(Lang::En).contains("“Khong co”"), "{}", read.report.to_text());
}

#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn a_file_of_the_existing_state_alone_is_refused_and_stages_are_asked_about() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let layers = write(folder.path());
    let path = |wanted: &str| &layers.iter().find(|(name, _)| *name == wanted).unwrap().1;
    let lots = path("PhanOQuyHoach_A");
    let add = |to: &str, name: &str, n: usize| {
        let update: &[&str] = if n == 0 { &[] } else { &["-update"] };
        ogr2ogr(&[update, &["-f", "GPKG", "-a_srs", "EPSG:9208", "-nln", name]].concat(), &at(to), lots);
    };
    add("existing.gpkg", "HT_SuDungDat_A", 0);
    let read = import(&at("existing.gpkg"), &options());
    assert!(read.set.is_none() && read.report.findings[0].check == "no-layer-of-plan", "{}", read.report.to_text());
    add("stages.gpkg", "QHDD_PhanOQuyHoach_A", 0);
    add("stages.gpkg", "QHDH_PhanOQuyHoach_A", 1);
    let read = import(&at("stages.gpkg"), &options());
    assert!(read.set.is_none() && read.report.findings[0].check == "choose-stage", "{}", read.report.to_text());
    let mut chosen = options();
    chosen.choice.layer = Some("QHDH_PhanOQuyHoach_A".into());
    assert_eq!(features(&import(&at("stages.gpkg"), &chosen), "zones").len(), 3);
    // What was chosen for the authority's last file counts again, and is said.
    let mut before = options();
    before.as_before.layer = Some("QHDD_PhanOQuyHoach_A".into());
    let read = import(&at("stages.gpkg"), &before);
    assert!(read.set.is_none(), "a stage is asked about each time");
}

#[test]
fn one_geojson_of_areas_lines_and_points_is_told_apart_by_its_columns() {
    let mut all = vec![
        area(0, &json!({ "KyHieu": "A1", "MaLoaiDat": "ODT" })),
        line(-8.0, &json!({ "Loai": "Tim đường", "Ten": "Đường Mẫu 1", "LoGioi": 12 })),
        line(-1.0, &json!({ "Loai": "Chỉ giới đường đỏ", "LoGioi": "rộng" })),
        feature(&json!({ "Loai": "Mốc giới", "Ten": "M1" }), "Point", &json!([WEST, SOUTH])),
    ];
    let read = |features: &[Value]| {
        let crs = json!({ "type": "name", "properties": { "name": "EPSG:9208" } });
        let text = json!({ "type": "FeatureCollection", "crs": crs, "features": features }).to_string();
        plan::import(&Source::memory("plan.geojson", text), &options(), &|_| {})
    };
    let imported = read(&all);
    let lines = features(&imported, "plan_lines");
    assert_eq!((&lines[0]["properties"]["road"], &lines[0]["properties"]["right_of_way_m"]), (&json!("Đường Mẫu 1"), &json!(12.0)));
    assert_eq!((&lines[1]["properties"]["line_kind"], &lines[1]["properties"]["right_of_way_m"]), (&json!("red-line"), &Value::Null));
    assert_eq!((features(&imported, "zones").len(), features(&imported, "plan_points").len()), (1, 1));
    assert!(imported.report.findings.iter().any(|finding| finding.check == "width-unread" && finding.feature == Some(1)));
    // Beside the lot the red line says nothing; through it, it is told.
    let checks = |imported: &Imported| imported.report.findings.iter().map(|finding| finding.check.clone()).collect::<Vec<_>>();
    assert!(!checks(&imported).contains(&"lot-over-red-line".to_owned()), "{}", imported.report.to_text());
    let mut through = all.clone();
    through.push(line(10.0, &json!({ "Loai": "Chỉ giới đường đỏ" })));
    let told = read(&through).report.to_text();
    assert!(told.contains("chạy qua lô A1, khoảng 30 m") || told.contains("chạy qua lô A1, khoảng 28 m"), "{told}");
    // A line that nobody can place stops the file; one without a shape is left out with a word.
    all.push(feature(&json!({ "Loai": "Tim đường" }), "LineString", &json!([[WEST, SOUTH], [WEST, SOUTH]])));
    let imported = read(&all);
    assert!(imported.set.is_some() && features(&imported, "plan_lines").len() == 2, "{}", imported.report.to_text());
    assert!(imported.report.findings.iter().any(|finding| finding.check == "line-too-short"));
    all.push(feature(&json!({ "Loai": "Tim đường" }), "LineString", &json!([[WEST + 1e6, SOUTH], [WEST, SOUTH]])));
    let imported = read(&all);
    assert!(imported.set.is_none() && imported.further.is_empty(), "{}", imported.report.to_text());
}

#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn a_file_gdb_is_told_the_one_command_that_converts_it_and_that_command_does() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (n, (name, path)) in write(folder.path()).iter().enumerate() {
        let update: &[&str] = if n == 0 { &[] } else { &["-update"] };
        ogr2ogr(&[update, &["-f", "OpenFileGDB", "-a_srs", "EPSG:9208", "-nln", name]].concat(), &at("QH phân khu.gdb"), path);
    }
    let run = Command::new("python3").current_dir(folder.path()).args(["-m", "zipfile", "-c", "nop.zip", "QH phân khu.gdb"]).status();
    assert!(run.unwrap().success());
    let read = import(&at("nop.zip"), &options());
    let said = read.report.findings[0].said.text(Lang::En).to_owned();
    let command = &said[said.find("ogr2ogr").unwrap_or_else(|| panic!("{said}"))..];
    let run = Command::new("sh").current_dir(folder.path()).args(["-c", command.trim_end_matches('.')]).output().unwrap();
    assert!(run.status.success(), "{command}: {}", String::from_utf8_lossy(&run.stderr));
    let read = import(&at("QH phân khu.gpkg"), &options());
    assert_eq!((features(&read, "zones").len(), features(&read, "plan_lines").len(), features(&read, "plan_points").len()), (3, 4, 1));
    // The folder itself is told the same.
    let said = Source::file(&at("QH phân khu.gdb")).unwrap_err().to_string();
    assert!(said.contains("ogr2ogr -f GPKG \"QH phân khu.gpkg\" \"QH phân khu.gdb\""), "{said}");
}

/// A KML document of these folders, each with a square of 0.0002 degrees, named by their paths.
fn kml(folders: &[(&str, &str)]) -> String {
    let mut text = String::from("<kml xmlns=\"http://www.opengis.net/kml/2.2\"><Document>");
    for (n, (path, code)) in folders.iter().enumerate() {
        let (west, south) = (104.88 + n as f64 * 0.0002, 21.71);
        let ring: Vec<String> = [(0.0, 0.0), (0.0002, 0.0), (0.0002, 0.0002), (0.0, 0.0002), (0.0, 0.0)]
            .iter()
            .map(|(x, y)| format!("{:.7},{:.7}", west + x, south + y))
            .collect();
        let parts: Vec<&str> = path.split('/').collect();
        parts.iter().for_each(|part| text.extend(["<Folder><name>", part, "</name>"]));
        let data = format!("<ExtendedData><Data name=\"MaLoaiDat\"><value>{code}</value></Data></ExtendedData>");
        let (before, after) =
            ("<Polygon><outerBoundaryIs><LinearRing><coordinates>", "</coordinates></LinearRing></outerBoundaryIs></Polygon>");
        text.extend(["<Placemark>", &data, before, &ring.join(" "), after, "</Placemark>"]);
        parts.iter().for_each(|_| text.push_str("</Folder>"));
    }
    text + "</Document></kml>"
}

#[test]
fn folders_in_folders_of_the_existing_state_are_left_out_and_several_folders_can_be_chosen() {
    let text = kml(&[("HienTrang/Ô đất", "ODT"), ("QuyHoach/Ô đất", "ODT"), ("QuyHoach/Cây xanh", "DKV")]);
    let read = |options: &Options| plan::import(&Source::memory("plan.kml", text.clone()), options, &|_| {});
    let imported = read(&options());
    let uses = |imported: &Imported| -> Vec<String> {
        features(imported, "zones").iter().map(|zone| zone["properties"]["land_use"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(uses(&imported), ["ODT", "DKV"], "{}", imported.report.to_text());
    assert!(imported.report.to_text().contains("hiện trạng"), "{}", imported.report.to_text());
    // What the office's form sends back of that report gives the same again.
    let mut again = options();
    for choice in ["lines=-", "points=-", "lots=QuyHoach/Cây xanh", "lots=QuyHoach/Ô đất", ""] {
        if !choice.is_empty() {
            again.layers.take(choice);
        }
    }
    again.choice.layer = again.layers.only_area();
    assert_eq!(uses(&read(&again)), ["ODT", "DKV"]);
    again.layers.areas.remove(1);
    again.choice.layer = again.layers.only_area();
    assert_eq!(uses(&read(&again)), ["DKV"]);
}

#[test]
fn a_lot_that_was_drawn_as_a_line_blocks_the_file() {
    let read = |last: Value| {
        let crs = json!({ "type": "name", "properties": { "name": "EPSG:9208" } });
        let lots = [area(0, &json!({ "KyHieu": "A1", "MaLoaiDat": "ODT" })), area(1, &json!({ "KyHieu": "A2", "MaLoaiDat": "ODT" })), last];
        let text = json!({ "type": "FeatureCollection", "crs": crs, "features": lots }).to_string();
        plan::import(&Source::memory("plan.geojson", text), &options(), &|_| {})
    };
    let imported = read(line(50.0, &json!({ "KyHieu": "A3", "MaLoaiDat": "ODT" })));
    assert!(imported.set.is_none(), "{}", imported.report.to_text());
    assert!(imported.report.findings.iter().any(|finding| finding.check == "not-a-polygon"), "{}", imported.report.to_text());
    // A line of something else is left out with a word.
    let imported = read(line(50.0, &json!({ "CaoDo": "12" })));
    assert!(imported.set.is_some() && imported.further.is_empty(), "{}", imported.report.to_text());
}

#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn empty_layers_of_a_template_decide_nothing_and_lines_may_name_a_system_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let layers = write(folder.path());
    let path = |wanted: &str| &layers.iter().find(|(name, _)| *name == wanted).unwrap().1;
    let add = |name: &str, from: &str, more: &[&str], n: usize| {
        let update: &[&str] = if n == 0 { &[] } else { &["-update"] };
        ogr2ogr(&[update, &["-f", "GPKG", "-nln", name], more].concat(), &at("delivery.gpkg"), path(from));
    };
    add("ChucNangSuDungDat_A", "ChucNangSuDungDat_A", &["-a_srs", "EPSG:9208"], 0);
    add("PhanOQuyHoach_A", "PhanOQuyHoach_A", &["-a_srs", "EPSG:9208", "-where", "1=0"], 1);
    add("RanhGioiQuyHoach_A", "RanhGioiQuyHoach_A", &["-a_srs", "EPSG:9208", "-where", "1=0"], 2);
    add("ChiGioiDuongDo_L", "ChiGioiDuongDo_L", &["-t_srs", "EPSG:3405"], 3);
    let read = import(&at("delivery.gpkg"), &Options { crs: Some(9208), ..options() });
    assert_eq!((features(&read, "zones").len(), features(&read, "plan_lines").len()), (1, 2), "{}", read.report.to_text());
    assert_eq!(features(&read, "plan_lines")[0]["properties"]["length_m"], 90);
    assert!(read.report.to_text().contains("không có gì trong đó"), "{}", read.report.to_text());
}

#[test]
fn a_file_of_lines_alone_is_read_as_lines_and_says_what_it_left_out() {
    let crs = json!({ "type": "name", "properties": { "name": "EPSG:9208" } });
    let lines = [
        line(0.0, &json!({ "Loai": "Tim đường", "LoGioi": "12" })),
        line(5.0, &json!({ "Loai": "Tim đường hiện trạng" })),
        line(9.0, &json!({ "Ten": "Mương" })),
    ];
    let text = json!({ "type": "FeatureCollection", "crs": crs, "features": lines }).to_string();
    let read = plan::import_beside(&Source::memory("roads.geojson", text), &options(), true);
    let set: Value = serde_json::from_slice(&read.set.as_ref().unwrap().chunks.concat()).unwrap();
    let kinds: Vec<&Value> = set["features"].as_array().unwrap().iter().map(|line| &line["properties"]["line_kind"]).collect();
    assert_eq!(kinds, ["road", "other"]);
    assert!(read.report.findings.iter().any(|finding| finding.check == "existing-left-out"), "{}", read.report.to_text());
    let none = plan::import_beside(&Source::memory("points.geojson", kml(&[])), &options(), false);
    assert!(none.set.is_none() && !none.report.is_clean());
}

#[test]
fn a_lone_file_that_is_named_as_the_existing_state_is_no_plan() {
    let folder = tempfile::tempdir().unwrap();
    let (name, path) = write(folder.path()).swap_remove(0);
    let alone = folder.path().join("HT_PhanO.geojson");
    fs::copy(&path, &alone).unwrap();
    let read = import(&alone, &options());
    assert!(read.set.is_none() && read.report.findings[0].said.text(Lang::Vi).contains("hiện trạng"), "{}", read.report.to_text());
    assert!(import(&path, &options()).set.is_some(), "{name}");
    let packed = folder.path().join("plan.zip");
    let mut archive = zip::ZipWriter::new(fs::File::create(&packed).unwrap());
    archive.start_file("HienTrang/o.geojson", zip::write::SimpleFileOptions::default()).unwrap();
    std::io::copy(&mut fs::File::open(&path).unwrap(), &mut archive).unwrap();
    archive.finish().unwrap();
    assert!(import(&packed, &options()).set.is_none());
}

#[test]
fn a_code_of_the_land_law_beside_a_class_and_a_symbol_that_is_a_use_are_read_as_they_are_meant() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.geojson");
    let lots = [
        area(0, &json!({ "KYHIEU": "ODT", "MaLoaiDat": "ODT", "ChucNang": "Nhóm nhà ở", "TANGCAO": "5" })),
        area(1, &json!({ "KYHIEU": "ODT", "MaLoaiDat": "ODT", "ChucNang": "Nhóm nhà ở", "TANGCAO": "4" })),
    ];
    let crs = json!({ "type": "name", "properties": { "name": "urn:ogc:def:crs:EPSG::9208" } });
    fs::write(&path, json!({ "type": "FeatureCollection", "crs": crs, "features": lots }).to_string()).unwrap();
    let read = import(&path, &options());
    let lots = features(&read, "zones");
    assert!(lots.iter().all(|lot| lot["properties"]["lot"].is_null() && lot["properties"]["land_use"] == "ODT"), "{lots:?}");
    assert!(read.report.findings.iter().any(|finding| finding.check == "other-code-column"), "{}", read.report.to_text());
}

#[test]
fn a_choice_of_layers_on_the_command_line_is_carried_out() {
    let folder = tempfile::tempdir().unwrap();
    crate::process::Server::demo(folder.path(), None).end("TERM");
    let path = folder.path().join("plan.geojson");
    let crs = json!({ "type": "name", "properties": { "name": "urn:ogc:def:crs:EPSG::9208" } });
    let features = [area(0, &json!({ "KyHieuLoDat": "A1", "MaLoaiDat": "ODT" })), line(-1.0, &json!({ "Loai": "Chỉ giới đường đỏ" }))];
    fs::write(&path, json!({ "type": "FeatureCollection", "crs": crs, "features": features }).to_string()).unwrap();
    let facts = ["--title", "Thử", "--kind", "detailed-plan", "--authority", "UBND", "--decision", "1/QĐ", "--signed", "2026-01-05"];
    let taken = |choices: &[&str]| -> Vec<Value> {
        let command =
            [&["import", "plan", path.to_str().unwrap(), "--effective-from", "2026-01-05", "--dry-run", "--json"], &facts[..], choices]
                .concat();
        let output = crate::process::run(folder.path(), None, &command);
        let report: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        report["report"]["layers"].as_array().unwrap().iter().map(|layer| layer["taken"].clone()).collect()
    };
    assert_eq!(taken(&[]), [json!("zones"), json!("plan_lines")]);
    assert_eq!(taken(&["--layer", "lines=-"]), [json!("zones"), json!(null)]);
}

#[test]
fn columns_of_the_existing_state_and_names_that_were_cut_alike_decide_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.geojson");
    let crs = json!({ "type": "name", "properties": { "name": "urn:ogc:def:crs:EPSG::9208" } });
    let read = |lot: &Value| {
        fs::write(&path, json!({ "type": "FeatureCollection", "crs": crs, "features": [area(0, lot)] }).to_string()).unwrap();
        import(&path, &options())
    };
    let existing = read(&json!({ "KyHieuLo": "A1", "LoaiDatHT": "LUC", "TangCao": "5" }));
    assert!(features(&existing, "zones")[0]["properties"]["land_use"].is_null(), "{}", existing.report.to_text());
    let planned = read(&json!({ "KyHieuLo": "A1", "MaLoaiDat": "LUC", "MaLoaiDatQH": "ODT", "TangCao": "5" }));
    assert_eq!(features(&planned, "zones")[0]["properties"]["land_use"], "ODT");
    let cut = read(&json!({ "KyHieuLo": "A1", "MaLoaiDat": "ODT", "MatDoXayDu": "20", "MatDoXay_1": "60", "TangCao": "5" }));
    assert!(features(&cut, "zones")[0]["properties"]["density_max_pct"].is_null(), "{}", cut.report.to_text());
    assert!(cut.report.findings.iter().any(|finding| finding.check == "cut-names-clash"), "{}", cut.report.to_text());
}
