//! Planners' formats: each written by GDAL from one source and read by us, damaged in every way we
//! could think of, and mutated at random.

use std::collections::BTreeSet;
use std::io::{Cursor, Write};
use std::path::Path;
use std::process::Command;

use bangtin::domain::plan::PlanKind;
use bangtin::import::formats::Limits;
use bangtin::import::report::{Report, Severity};
use bangtin::import::source::Source;
use bangtin::import::zones::{Imported, Options};
use bangtin::import::{plan, points, zones};
use bangtin::words::text::Lang;
use serde_json::{Value, json};

use crate::generator;

const CITY: [f64; 4] = [104.815, 21.646, 104.961, 21.798];

fn options() -> Options {
    Options { signed: "2025-03-01".parse().unwrap(), ..Options::new(CITY, 9208) }
}

fn import(source: &Source, options: &Options) -> Imported {
    zones::import(source, options, &|_| {})
}

fn from_bytes(name: &str, bytes: impl Into<Vec<u8>>) -> Imported {
    import(&Source::memory(name, bytes.into()), &options())
}

fn checks(report: &Report, severity: Severity) -> Vec<(&str, Option<usize>)> {
    report.findings.iter().filter(|f| f.severity == severity).map(|f| (f.check.as_str(), f.feature)).collect()
}

/// The one error of an import that was refused.
#[track_caller]
fn refusal(imported: &Imported) -> (String, String) {
    assert!(imported.set.is_none(), "nothing is to be published");
    let errors: Vec<_> = imported.report.findings.iter().filter(|f| f.severity == Severity::Error).collect();
    assert_eq!(errors.len(), 1, "{errors:?}");
    (errors[0].check.clone(), errors[0].said.text(Lang::En).to_owned())
}

/// A generated plan as GeoJSON in EPSG:9208.
fn plan(zones: usize, change: impl Fn(&mut Vec<Value>)) -> String {
    let mut text = Vec::new();
    generator::geojson(generator::plan(zones, 7), Some(9208), &|[x, y]| format!("[{x},{y}]"), &mut text).unwrap();
    let mut plan: Value = serde_json::from_slice(&text).unwrap();
    change(plan["features"].as_array_mut().unwrap());
    plan.to_string()
}

fn ogr2ogr(arguments: &[&str], output: &Path, input: &Path) {
    let run = Command::new("ogr2ogr").args(arguments).arg(output).arg(input).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

type Zone = (String, Option<String>, BTreeSet<(i64, i64)>);

/// Of a canonical set: code, name and vertices of each zone, in order.
fn zones_of(imported: &Imported) -> Vec<Zone> {
    let set = imported.set.as_ref().unwrap_or_else(|| panic!("{}", imported.report.to_text()));
    let set: Value = serde_json::from_slice(&set.chunks.concat()).unwrap();
    fn collect(value: &Value, into: &mut BTreeSet<(i64, i64)>) {
        let list = value.as_array().unwrap();
        match list.first().and_then(Value::as_f64) {
            Some(lon) => {
                into.insert(((lon * 1e7).round() as i64, (list[1].as_f64().unwrap() * 1e7).round() as i64));
            }
            None => list.iter().for_each(|item| collect(item, into)),
        }
    }
    let zone = |feature: &Value| {
        let mut vertices = BTreeSet::new();
        collect(&feature["geometry"]["coordinates"], &mut vertices);
        let text = |name: &str| feature["properties"][name].as_str().map(str::to_owned);
        (text("land_use").unwrap_or_default(), text("name"), vertices)
    };
    set["features"].as_array().unwrap().iter().map(zone).collect()
}

#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn every_format_gdal_writes_gives_the_same_zones() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("plan.geojson"), plan(120, |_| {})).unwrap();
    let source = import(&Source::file(&at("plan.geojson")).unwrap(), &options());
    let expected = zones_of(&source);
    assert_eq!(expected.len(), 120);
    let formats: &[(&str, &[&str])] = &[
        ("plan.geojsonl", &["-f", "GeoJSONSeq"]),
        ("rs.geojsonl", &["-f", "GeoJSONSeq", "-lco", "RS=YES", "-t_srs", "EPSG:4326"]),
        ("shp/plan.shp", &["-f", "ESRI Shapefile", "-lco", "ENCODING=UTF-8", "-a_srs", "EPSG:9208"]),
        ("plan.shp.zip", &["-f", "ESRI Shapefile", "-lco", "ENCODING=UTF-8", "-a_srs", "EPSG:9208"]),
        ("plan.gpkg", &["-f", "GPKG", "-a_srs", "EPSG:9208"]),
        ("utm.gpkg", &["-f", "GPKG", "-t_srs", "EPSG:3405"]),
        ("plan.fgb", &["-f", "FlatGeobuf", "-a_srs", "EPSG:9208", "-lco", "SPATIAL_INDEX=NO"]),
        ("indexed.fgb", &["-f", "FlatGeobuf", "-a_srs", "EPSG:9208"]),
        ("plan.kml", &["-f", "KML", "-t_srs", "EPSG:4326"]),
        ("plan.dxf", &["-f", "DXF", "-sql", "SELECT geometry, MaLoaiDat AS Layer FROM plan", "-dialect", "SQLite"]),
    ];
    std::fs::create_dir(at("shp")).unwrap();
    for (name, arguments) in formats {
        ogr2ogr(arguments, &at(name), &at("plan.geojson"));
        let mut options = options();
        // A drawing has no room for the system.
        options.crs = (*name == "plan.dxf").then_some(9208);
        let read = import(&Source::file(&at(name)).unwrap(), &options);
        let mut found = zones_of(&read);
        let mut wanted = expected.clone();
        if *name == "indexed.fgb" {
            // An indexed FlatGeobuf is in the order of its index; a drawing writes parts one by one.
            found.sort();
            wanted.sort();
        }
        if *name == "plan.dxf" {
            let whole = |list: &[Zone]| -> BTreeSet<(String, (i64, i64))> {
                list.iter().flat_map(|(code, _, points)| points.iter().map(|p| (code.clone(), *p))).collect()
            };
            assert_eq!(whole(&found), whole(&wanted), "{name}");
        } else {
            assert_eq!(found.len(), wanted.len(), "{name}");
            for (number, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
                assert_eq!((&found.0, &found.1), (&wanted.0, &wanted.1), "{name} #{number}");
                // Another system and back is good to a unit of the last place, one centimetre.
                let near = |p: &(i64, i64)| (-1..=1).any(|dx| (-1..=1).any(|dy| wanted.2.contains(&(p.0 + dx, p.1 + dy))));
                assert!(found.2.len() == wanted.2.len() && found.2.iter().all(near), "{name} #{number}");
            }
        }
        let (before, after) = (source.report.area_after_m2, read.report.area_after_m2);
        // GDAL rounds longitudes and latitudes to a centimetre; zones differ by parts of a million.
        // A plan is measured in its own zone: UTM's scale is 0.9996, not 0.9999.
        let before = if *name == "utm.gpkg" { before * (0.9996 / 0.9999_f64).powi(2) } else { before };
        assert!((before - after).abs() < 5e-6 * before, "{name}: {before} {after}");
        let wrong = checks(&read.report, Severity::Error);
        assert!(wrong.is_empty(), "{name}: {wrong:?}");
    }
}

#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn the_same_file_is_measured_as_gdal_measures_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.geojson");
    std::fs::write(&path, plan(60, |_| {})).unwrap();
    let read = import(&Source::file(&path).unwrap(), &options());
    let sql = "SELECT SUM(ST_Area(geometry)) FROM plan";
    let out = Command::new("ogrinfo").args(["-q", "-dialect", "SQLite", "-sql", sql]).arg(&path).output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    let area: f64 = text.lines().find_map(|line| line.split("= ").nth(1)?.trim().parse().ok()).unwrap();
    assert!((read.report.area_after_m2 - area).abs() < 0.01, "{} {area}", read.report.area_after_m2);
    assert!((read.report.area_before_m2 - area).abs() < 0.01);
}

/// A drawing as draughtsmen make it: the code in a text, a hole by nesting, a block, an arc, a frame
/// that is no zone.
#[test]
fn a_drawing_gives_its_zones_by_text_layer_nesting_and_block() {
    let groups = |list: &[(i32, String)]| list.iter().map(|(code, value)| format!("{code}\n{value}\n")).collect::<String>();
    let outline = |layer: &str, points: &[(f64, f64, f64)]| {
        let mut list = vec![(0, "LWPOLYLINE".to_owned()), (8, layer.to_owned()), (90, points.len().to_string()), (70, "1".to_owned())];
        for (x, y, bulge) in points {
            list.extend([(10, x.to_string()), (20, y.to_string()), (42, bulge.to_string())]);
        }
        groups(&list)
    };
    let square = |x: f64, y: f64, size: f64| [(x, y, 0.0), (x + size, y, 0.0), (x + size, y + size, 0.0), (x, y + size, 0.0)];
    let text = |x: f64, y: f64, what: &str| {
        groups(&[(0, "TEXT".into()), (8, "CHU".into()), (10, x.to_string()), (20, y.to_string()), (1, what.to_owned())])
    };
    let (x, y) = (512_000.0, 2_401_000.0);
    let block = format!(
        "{}{}{}",
        groups(&[(0, "BLOCK".into()), (2, "NHA".into()), (10, "0".into()), (20, "0".into())]),
        outline("QH_DGD", &square(0.0, 0.0, 10.0)),
        groups(&[(0, "ENDBLK".into())])
    );
    let insert = groups(&[(0, "INSERT".into()), (8, "0".into()), (2, "NHA".into()), (10, (x + 400.0).to_string()), (20, y.to_string())]);
    let drawing = [
        groups(&[(0, "SECTION".into()), (2, "BLOCKS".into())]),
        block,
        groups(&[(0, "ENDSEC".into()), (0, "SECTION".into()), (2, "ENTITIES".into())]),
        outline("RANH", &square(x, y, 100.0)),
        text(x + 5.0, y + 5.0, "ODT 1,0 ha"),
        outline("QH-SON", &square(x + 40.0, y + 40.0, 20.0)),
        outline("QH_LUC", &[(x + 200.0, y, 0.0), (x + 300.0, y, 1.0), (x + 300.0, y + 100.0, 0.0), (x + 200.0, y + 100.0, 0.0)]),
        insert,
        outline("KHUNG", &square(x - 50.0, y - 50.0, 800.0)),
        groups(&[(0, "ENDSEC".into()), (0, "EOF".into())]),
    ];
    let read = import(&Source::memory("plan.dxf", drawing.concat()), &Options { crs: Some(9208), ..options() });
    assert!(read.set.is_some(), "{}", read.report.to_text());
    let area = |code: &str| (read.report.codes[code].area_ha * 10_000.0).round() as i64;
    // The half circle of the arc is drawn in chords of five degrees.
    let arc = (10_000.0 + std::f64::consts::PI * 1_250.0) as i64;
    assert_eq!((area("ODT"), area("SON"), area("DGD")), (9_600, 400, 100));
    assert!((area("LUC") - arc).abs() < 10, "{} {arc}", area("LUC"));
    let said = read.report.findings.iter().find(|f| f.check == "no-code-in-drawing").unwrap();
    assert!(said.said.text(Lang::En).contains("KHUNG: 1"), "what was left out is said: {}", said.said.text(Lang::En));
}

#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn old_encodings_are_seen_said_and_converted() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    // “Đất ở tại đô thị” as fonts of that time had it.
    for (encoding, text) in [("TCVN3", "§Êt ë t¹i ®« thÞ"), ("VNI", "Ñaát ôû taïi ñoâ thò")] {
        let text = plan(12, |features| features.iter_mut().for_each(|f| f["properties"]["TenKhu"] = json!(text)));
        std::fs::write(at("plan.geojson"), text).unwrap();
        let shp = at(&format!("{encoding}.shp.zip"));
        ogr2ogr(&["-f", "ESRI Shapefile", "-lco", "ENCODING=ISO-8859-1", "-a_srs", "EPSG:9208"], &shp, &at("plan.geojson"));
        for path in [shp, at("plan.geojson")] {
            let read = import(&Source::file(&path).unwrap(), &options());
            assert_eq!(zones_of(&read)[0].1.as_deref(), Some("Đất ở tại đô thị"), "{}", path.display());
            let said = read.report.findings.iter().find(|f| f.check == "encoding-converted").unwrap();
            assert!(said.said.text(Lang::En).contains(encoding), "{}", said.said.text(Lang::En));
        }
    }
}

#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn layers_are_chosen_by_name_and_systems_by_their_definition() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("plan.geojson"), plan(12, |_| {})).unwrap();
    ogr2ogr(&["-f", "GPKG", "-a_srs", "EPSG:9208", "-nln", "hiện trạng"], &at("two.gpkg"), &at("plan.geojson"));
    ogr2ogr(&["-update", "-a_srs", "EPSG:9208", "-nln", "quy hoạch"], &at("two.gpkg"), &at("plan.geojson"));
    let source = Source::file(&at("two.gpkg")).unwrap();
    let (check, en) = refusal(&import(&source, &options()));
    assert!(check == "choose-layer" && en.contains("“quy hoạch”"), "{en}");
    let mut chosen = options();
    chosen.choice.layer = Some("quy hoạch".into());
    assert_eq!(zones_of(&import(&source, &chosen)).len(), 12);
    // WGS 84 UTM is not VN-2000, however near it looks.
    ogr2ogr(&["-f", "GPKG", "-t_srs", "EPSG:32648"], &at("utm.gpkg"), &at("plan.geojson"));
    let (check, en) = refusal(&import(&Source::file(&at("utm.gpkg")).unwrap(), &options()));
    assert!(check == "crs-unknown" && en.contains("--crs"), "{en}");
}

#[test]
fn every_planted_fault_is_named_and_nothing_else_is_touched() {
    let ring = |features: &[Value], n: usize| features[n]["geometry"]["coordinates"][0].as_array().unwrap().clone();
    let shift = |ring: &mut [Value], dx: f64, dy: f64| {
        for p in ring {
            *p = json!([p[0].as_f64().unwrap() + dx, p[1].as_f64().unwrap() + dy]);
        }
    };
    let clean = import(&Source::memory("clean", plan(200, |_| {})), &options());
    assert!(clean.set.is_some() && clean.report.findings.is_empty(), "{}", clean.report.to_text());
    let single: Vec<usize> = zones_of(&clean).iter().enumerate().filter(|(_, zone)| zone.2.len() == 40).map(|(n, _)| n).collect();
    let pick = |n: usize| single[n * 9];
    let broken = plan(200, |features| {
        let reversed: Vec<Value> = ring(features, pick(0)).into_iter().rev().collect();
        features[pick(0)]["geometry"]["coordinates"][0] = json!(reversed);
        features[pick(1)]["geometry"]["coordinates"][0].as_array_mut().unwrap().pop();
        let mut doubled = ring(features, pick(2));
        doubled.insert(5, doubled[5].clone());
        features[pick(2)]["geometry"]["coordinates"][0] = json!(doubled);
        let mut bow = ring(features, pick(3));
        bow.swap(15, 22);
        features[pick(3)]["geometry"]["coordinates"][0] = json!(bow);
        let mut spiked = ring(features, pick(4));
        let (x, y) = (spiked[3][0].as_f64().unwrap(), spiked[3][1].as_f64().unwrap());
        spiked.insert(4, json!([x + 0.001, y]));
        spiked.insert(4, json!([x + 40.0, y + 380.0]));
        features[pick(4)]["geometry"]["coordinates"][0] = json!(spiked);
        features[pick(5)]["properties"]["MaLoaiDat"] = json!("LUCC");
        features[pick(6)]["properties"]["MaLoaiDat"] = json!("");
        let swapped: Vec<Value> = ring(features, pick(7)).iter().map(|p| json!([p[1], p[0]])).collect();
        features[pick(7)]["geometry"]["coordinates"][0] = json!(swapped);
        let mut far = ring(features, pick(8));
        shift(&mut far, 300_000.0, 0.0);
        features[pick(8)]["geometry"]["coordinates"][0] = json!(far);
        features[pick(9)]["geometry"] = Value::Null;
        features[pick(10)]["geometry"]["coordinates"][0] = json!(ring(features, pick(10))[..2]);
        let twice = features[pick(11)].clone();
        features.push(twice);
        let mut over = ring(features, pick(12));
        shift(&mut over, 3.0, 0.0);
        features[pick(12)]["geometry"]["coordinates"][0] = json!(over);
        let mut huge = ring(features, pick(13));
        huge[4] = json!([1e308, 2.4e6]);
        features[pick(13)]["geometry"]["coordinates"][0] = json!(huge);
    });
    let read = import(&Source::memory("broken", broken), &options());
    assert!(read.set.is_none());
    let errors: BTreeSet<(&str, usize)> = checks(&read.report, Severity::Error).into_iter().map(|(c, n)| (c, n.unwrap())).collect();
    let expected = [
        ("unknown-code", pick(5)),
        ("no-code", pick(6)),
        ("axes-swapped", pick(7)),
        ("outside-city", pick(8)),
        ("no-geometry", pick(9)),
        ("too-few-points", pick(10)),
        ("same-zone-twice", 200),
        ("outside-city", pick(13)),
    ];
    let others: Vec<_> = errors.iter().filter(|found| !expected.contains(found)).collect();
    assert!(expected.iter().all(|wanted| errors.contains(wanted)), "{errors:?}");
    // The zone moved by three metres lies over its neighbour.
    assert!(!others.is_empty() && others.iter().all(|(check, _)| *check == "overlap"), "{others:?}");
    let moved = |f: &&bangtin::import::Finding| f.check == "overlap" && (f.feature == Some(pick(12)) || f.others.contains(&pick(12)));
    assert!(read.report.findings.iter().any(|f| moved(&f)));
    assert!(read.report.findings.iter().any(|f| f.check == "gap" && (f.feature == Some(pick(12)) || f.others.contains(&pick(12)))));
    let repairs = checks(&read.report, Severity::Repair);
    let wanted = [("ring-closed", pick(1)), ("duplicate-points", pick(2)), ("bow-tie", pick(3)), ("spike", pick(4))];
    let wanted: Vec<_> = wanted.map(|(check, n)| (check, Some(n))).into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    assert_eq!(repairs.into_iter().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>(), wanted);
    assert_eq!(read.report.counted.get("ring-order"), Some(&1));
    let near = read.report.findings.iter().find(|f| f.check == "unknown-code").unwrap();
    assert!(near.said.text(Lang::Vi).contains("có phải LUC?"), "{}", near.said.text(Lang::Vi));
}

#[test]
fn a_small_overlap_is_a_warning_and_the_limit_can_be_set() {
    let over = |metres: f64| {
        plan(12, move |features| {
            for p in features[5]["geometry"]["coordinates"][0].as_array_mut().unwrap() {
                *p = json!([p[0].as_f64().unwrap() + metres, p[1].as_f64().unwrap()]);
            }
        })
    };
    let small = from_bytes("a", over(0.002));
    assert!(small.set.is_some(), "{}", small.report.to_text());
    let source = Source::memory("a", over(2.0));
    assert_eq!(checks(&import(&source, &options()).report, Severity::Error)[0].0, "overlap");
    let loose = import(&source, &Options { overlap_m2: 1e9, ..options() });
    assert!(loose.set.is_some() && checks(&loose.report, Severity::Warning).iter().any(|(check, _)| *check == "overlap"));
}

#[test]
fn damaged_files_get_a_clear_sentence_and_nothing_is_published() {
    let read = |name: &str| std::fs::read(Path::new("tests/data/formats").join(name)).unwrap();
    let cut = |name: &str| {
        let bytes = read(name);
        bytes[..bytes.len() * 2 / 3].to_vec()
    };
    let part = |name: &str| {
        let mut archive = zip::ZipArchive::new(Cursor::new(read("plan.zip"))).unwrap();
        let mut bytes = Vec::new();
        std::io::copy(&mut archive.by_name(name).unwrap(), &mut bytes).unwrap();
        bytes
    };
    let (shp, dbf, prj) = (part("zones.shp"), part("zones.dbf"), part("zones.prj"));
    let mut lying_dbf = dbf.clone();
    lying_dbf[4..8].copy_from_slice(&4_000_000_u32.to_le_bytes());
    let mut lying_fgb = read("plan.fgb");
    let size = u32::from_le_bytes(lying_fgb[8..12].try_into().unwrap()) as usize;
    let end = lying_fgb.len();
    lying_fgb[12 + size..].iter_mut().for_each(|byte| *byte = 0xee);
    lying_fgb.truncate(end);
    let sheet = |rows: &str| {
        zip(&[
            ("[Content_Types].xml", br#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>"#),
            ("_rels/.rels", br#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#),
            ("xl/workbook.xml", br#"<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>"#),
            ("xl/_rels/workbook.xml.rels", br#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#),
            ("xl/worksheets/sheet1.xml", format!(r#"<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><dimension ref="A1:XFD1048576"/><sheetData>{rows}</sheetData></worksheet>"#).as_bytes()),
        ])
    };
    let empty_rows: String = (1..=1_000_000).map(|row| format!("<row r=\"{row}\"/>")).collect();
    let folders = format!("<kml>{}", "<Folder>".repeat(20_000));
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("empty", Vec::new(), "empty"),
        ("white space", b"   \n".to_vec(), "unknown-format"),
        ("random", (0..5_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect(), "unknown-format"),
        ("cut.geojson", cut("plan.geojson"), "truncated"),
        ("cut.zip", cut("plan.zip"), "unreadable"),
        ("cut.kml", cut("plan.kml"), "unreadable"),
        ("cut.dxf", cut("plan.dxf"), "truncated"),
        ("cut.fgb", cut("plan.fgb"), "unreadable"),
        ("cut.gpkg", cut("plan.gpkg"), "unreadable"),
        ("cut.shp", zip(&[("a.shp", &shp[..shp.len() / 2]), ("a.dbf", &dbf), ("a.prj", &prj)]), "truncated"),
        ("no.dbf", zip(&[("a.shp", &shp), ("a.prj", &prj)]), "no-dbf"),
        ("lying.dbf", zip(&[("a.shp", &shp), ("a.dbf", &lying_dbf), ("a.prj", &prj)]), "count-lies"),
        ("two.shp", zip(&[("a.shp", &shp), ("a.dbf", &dbf), ("b.shp", &shp), ("b.dbf", &dbf)]), "choose-layer"),
        ("no.prj", zip(&[("a.shp", &shp), ("a.dbf", &dbf)]), "crs-missing"),
        ("climb.zip", zip(&[("../../etc/a.shp", &shp)]), "unsafe-name"),
        ("tab.zip", zip(&[("plan.tab", b"!table"), ("plan.dat", b"x")]), "foreign-format"),
        ("gdb.zip", zip(&[("a.gdb/a00000001.gdbtable", b"x")]), "foreign-format"),
        ("nothing.zip", zip(&[("readme.txt", b"x")]), "nothing-to-read"),
        ("nested.zip", zip(&[("a.csv", &zip(&[("b.csv", b"x")]))]), "nested-archive"),
        ("no sqlite", b"SQLite format 3\0 and then nothing of the kind".to_vec(), "unreadable"),
        (
            "entity.kml",
            b"<?xml version=\"1.0\"?><!DOCTYPE kml [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><kml><Document>&x;</Document></kml>"
                .to_vec(),
            "doctype",
        ),
        ("deep.kml", folders.into_bytes(), "unreadable"),
        ("other.xml", b"<?xml version=\"1.0\"?><html></html>".to_vec(), "not-kml"),
        ("lying.fgb", lying_fgb, "unreadable"),
        ("garbage.dxf", [b"0\nSECTION\n2\nENTITIES\n".to_vec(), vec![b'7'; 4 << 20]].concat(), "unreadable"),
        ("empty rows.xlsx", sheet(&empty_rows), "no-table"),
        ("deep.json", "[".repeat(1 << 20).into_bytes(), "not-json"),
        ("drawing.dwg", b"AC1032\0\0\0\0".to_vec(), "foreign-format"),
        ("scan.pdf", b"%PDF-1.4\n".to_vec(), "foreign-format"),
    ];
    for (name, bytes, expected) in cases {
        let (check, en) = refusal(&from_bytes(name, bytes));
        assert_eq!(check, expected, "{name}: {en}");
        assert!(en.len() > 20, "{name}: a sentence: {en}");
    }
}

#[test]
fn bombs_are_stopped_by_the_limits() {
    let limited = |limits: Limits, name: &str, bytes: Vec<u8>| {
        let mut options = options();
        options.choice.limits = limits;
        refusal(&import(&Source::memory(name, bytes), &options))
    };
    let small = Limits { bytes: 1 << 20, features: 1_000, points: 1_000 };
    // A gigabyte of nothing, packed to a megabyte.
    let bomb = zip(&[("a.csv", &vec![b' '; 64 << 20])]);
    assert!(bomb.len() < 1 << 20);
    assert_eq!(limited(small, "bomb.zip", bomb).0, "too-large");
    let strings =
        zip(&[("[Content_Types].xml", b"<Types/>"), ("xl/workbook.xml", b"<workbook/>"), ("xl/sharedStrings.xml", &vec![b' '; 64 << 20])]);
    assert_eq!(limited(small, "bomb.xlsx", strings).0, "too-large");
    assert_eq!(limited(small, "large.csv", vec![b'a'; 2 << 20]).0, "too-large");
    let ring: Vec<String> = (0..5_000).map(|i| format!("[104.87,{}]", 21.7 + f64::from(i) / 1e7)).collect();
    let ring = format!(
        r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{{"ma":"LUC"}},"geometry":{{"type":"Polygon","coordinates":[[{}]]}}}}]}}"#,
        ring.join(",")
    );
    let (check, en) = limited(Limits { bytes: 1 << 30, ..small }, "points", ring.into_bytes());
    assert!(check == "too-many-points" || check == "not-json", "{en}");
    let many = format!(
        r#"{{"type":"FeatureCollection","features":[{}]}}"#,
        vec![r#"{"type":"Feature","properties":{},"geometry":null}"#; 5_000].join(",")
    );
    assert!(!import(&Source::memory("many", many.clone()), &options()).report.is_clean());
    assert_eq!(limited(Limits { bytes: 1 << 30, ..small }, "many", many.into_bytes()).0, "too-many-features");
}

#[test]
fn a_database_that_bites_is_only_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bites.gpkg");
    std::fs::copy("tests/data/formats/plan.gpkg", &path).unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "PRAGMA foreign_keys = OFF;
             CREATE TABLE victim (n);
             CREATE TRIGGER bite AFTER UPDATE ON zones BEGIN INSERT INTO victim VALUES (1); END;
             ALTER TABLE zones ADD COLUMN heavy GENERATED ALWAYS AS (zeroblob(900000000)) VIRTUAL;
             CREATE VIEW endless AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x AS fid, NULL AS geom FROM c;
             INSERT INTO gpkg_geometry_columns SELECT 'endless', 'geom', geometry_type_name, srs_id, z, m FROM gpkg_geometry_columns LIMIT 1;",
        )
        .unwrap();
    drop(connection);
    let before = std::fs::read(&path).unwrap();
    let asked = |layer: &str| {
        let mut options = options();
        options.choice.layer = Some(layer.to_owned());
        import(&Source::file(&path).unwrap(), &options)
    };
    assert_eq!(refusal(&import(&Source::file(&path).unwrap(), &options())).0, "choose-layer", "a view may be what is meant");
    assert_eq!(refusal(&asked("endless")).0, "view");
    let read = asked("zones");
    assert_eq!(zones_of(&read).len(), 12, "the generated column is not computed");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing was written beside it");
    assert!(!checks(&read.report, Severity::Warning).iter().any(|(check, _)| *check == "log-beside"));
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "journal_mode", "wal").unwrap();
    assert!(checks(&asked("zones").report, Severity::Warning).iter().any(|(check, _)| *check == "log-beside"));
    std::fs::write(folder.path().join("bites.gpkg-wal"), b"x").unwrap();
    assert_eq!(refusal(&import(&Source::file(&path).unwrap(), &options())).0, "still-open");
}

#[test]
fn folders_changing_files_and_strange_places_are_named() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Source::file(folder.path()).unwrap_err().to_string().contains("folder"));
    let gdb = folder.path().join("a.gdb");
    std::fs::create_dir(&gdb).unwrap();
    assert!(Source::file(&gdb).unwrap_err().to_string().contains("FileGDB"));
    let path = folder.path().join("plan.geojson");
    std::fs::write(&path, plan(12, |_| {})).unwrap();
    let source = Source::file(&path).unwrap();
    std::fs::write(&path, plan(13, |_| {})).unwrap();
    assert!(checks(&import(&source, &options()).report, Severity::Error).contains(&("changed-while-read", None)));
    // Over the antimeridian, at the pole, nowhere: outside the city in every case.
    for ring in [
        "[[179.9,10],[-179.9,10],[-179.9,11],[179.9,10]]",
        "[[0,89.9],[120,90],[240,89.9],[0,89.9]]",
        "[[1e308,1],[2,1e308],[3,3],[1e308,1]]",
    ] {
        let text = plan(12, |features| {
            features[3]["geometry"] = serde_json::from_str(&format!(r#"{{"type":"Polygon","coordinates":[{ring}]}}"#)).unwrap();
        });
        assert!(checks(&from_bytes("far", text).report, Severity::Error).contains(&("outside-city", Some(3))), "{ring}");
    }
}

#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn tables_of_points_come_in_every_spelling() {
    let read = |bytes: Vec<u8>, name: &str| {
        let mut report = Report::default();
        let rows = points::read(&Source::memory(name, bytes), &options(), &mut report);
        assert!(report.is_clean(), "{name}: {}", report.to_text());
        let title = |row: &points::Row| row.fields["title"].as_str().unwrap().to_owned();
        rows.iter().map(|row| (title(row), row.position)).collect::<Vec<_>>()
    };
    let expected = read(std::fs::read("tests/data/formats/points.csv").unwrap(), "points.csv");
    assert_eq!(expected[0], ("Trạm y tế A".to_owned(), [1_048_700_000, 217_000_000]));
    assert_eq!(read(std::fs::read("tests/data/formats/points.xlsx").unwrap(), "points.xlsx"), expected);
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::copy("tests/data/formats/points.csv", at("points.csv")).unwrap();
    let place = ["-oo", "X_POSSIBLE_NAMES=Kinh độ", "-oo", "Y_POSSIBLE_NAMES=Vĩ độ", "-a_srs", "EPSG:4326"];
    for (name, format) in [("a.geojson", "GeoJSON"), ("a.gpkg", "GPKG"), ("a.fgb", "FlatGeobuf")] {
        ogr2ogr(&[&["-f", format, "-lco", "ENCODING=UTF-8"][..], &place].concat(), &at(name), &at("points.csv"));
        let mut found = read(std::fs::read(at(name)).unwrap(), name);
        found.sort();
        let mut wanted = expected.clone();
        wanted.sort();
        assert_eq!(found, wanted, "{name}");
    }
    ogr2ogr(&[&["-f", "KML", "-dsco", "NameField=Tên"][..], &place].concat(), &at("a.kml"), &at("points.csv"));
    assert_eq!(read(std::fs::read(at("a.kml")).unwrap(), "a.kml"), expected);
    // As Excel saves “Unicode text”, and as it saves CSV on an old Windows.
    let text = String::from_utf8(std::fs::read(at("points.csv")).unwrap()).unwrap();
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.replace(',', "\t").encode_utf16().flat_map(u16::to_le_bytes)).collect();
    assert_eq!(read(utf16, "utf16.txt"), expected);
    let tcvn3: Vec<u8> =
        "Tên;Kinh do;Vi do\nTr¹m y tÕ ®« thÞ;104,87;21,7\n".chars().map(|c| if c == 'ê' { 0xaa } else { c as u8 }).collect();
    assert_eq!(read(tcvn3, "tcvn3.csv"), [("Trạm y tế đô thị".to_owned(), [1_048_700_000, 217_000_000])]);
}

/// Mutations of small real files: no panic, no endless work, and never a set beside an error.
#[test]
fn random_damage_is_never_more_than_an_error() {
    let mut state = 20_260_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) as usize) % below.max(1)
    };
    let mut options = options();
    options.choice.limits = Limits { bytes: 8 << 20, features: 2_000, points: 20_000 };
    let folders = ["tests/data/formats", "tests/data/field"];
    let mut names: Vec<_> =
        folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path()).collect();
    names.sort();
    // More of them for those who wait.
    let rounds = std::env::var("BANGTIN_TEST_MUTATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(120);
    let (mut errors, mut fine) = (0, 0);
    for path in names {
        let original = std::fs::read(&path).unwrap();
        // The parts of archives are damaged inside too, where the checksum would hide the damage.
        let parts: Option<Vec<(String, Vec<u8>)>> = original.starts_with(b"PK").then(|| {
            let mut archive = zip::ZipArchive::new(Cursor::new(original.clone())).unwrap();
            let count = archive.len();
            let read = |index: usize| {
                let mut entry = archive.by_index(index).unwrap();
                let mut bytes = Vec::new();
                std::io::copy(&mut entry, &mut bytes).unwrap();
                (entry.name().unwrap().into_owned(), bytes)
            };
            (0..count).map(read).collect()
        });
        for round in 0..rounds {
            let bytes = match &parts {
                Some(parts) if round % 3 > 0 => {
                    let victim = random(parts.len());
                    let mut parts = parts.clone();
                    mutate(&mut parts[victim].1, &mut random);
                    zip(&parts.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect::<Vec<_>>())
                }
                _ => {
                    let mut bytes = original.clone();
                    mutate(&mut bytes, &mut random);
                    bytes
                }
            };
            let source = Source::memory("fuzz", bytes);
            let imported = import(&source, &options);
            assert!(imported.set.is_none() || imported.report.is_clean());
            let urban = Options { kind: PlanKind::DetailedPlan, ..options.clone() };
            let layered = plan::import(&source, &urban, &|_| {});
            assert!(layered.report.is_clean() || layered.set.is_none() && layered.further.is_empty(), "{}", path.display());
            let mut report = Report::default();
            let rows = points::read(&source, &options, &mut report);
            // A reader that panics is caught, and says so: none may.
            let panicked = |report: &Report| {
                report.findings.iter().any(|finding| finding.said.text(Lang::En).contains("its structure contradicts itself"))
            };
            assert!(!panicked(&imported.report) && !panicked(&layered.report) && !panicked(&report), "{} round {round}", path.display());
            assert!(rows.iter().all(|row| row.fields.values().all(|text| !text.as_str().unwrap().contains('\u{fffd}'))), "{rows:?}");
            if imported.report.is_clean() { fine += 1 } else { errors += 1 }
        }
    }
    assert!(errors > 100 && fine > 20, "{errors} errors, {fine} fine: the damage says little");
}

fn mutate(bytes: &mut Vec<u8>, random: &mut impl FnMut(usize) -> usize) {
    for _ in 0..=random(4) {
        if bytes.is_empty() {
            return;
        }
        let at = random(bytes.len());
        match random(7) {
            0 => bytes[at] ^= 1 << random(8),
            1 => bytes[at] = [0, 0xff, 0x7f, 0x80, b'9', b'"', b'<', b'['][random(8)],
            2 => bytes.truncate(at),
            3 => {
                let end = (at + random(64)).min(bytes.len());
                bytes.drain(at..end);
            }
            4 => {
                let end = (at + random(64)).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                let to = random(bytes.len());
                bytes.splice(to..to, copy);
            }
            5 => {
                let value = [u32::MAX, 0x7fff_ffff, 1 << 24, 0][random(4)].to_le_bytes();
                let end = (at + 4).min(bytes.len());
                bytes[at..end].copy_from_slice(&value[..end - at]);
            }
            _ => {
                let end = (at + 8).min(bytes.len());
                let value = [f64::NAN, f64::INFINITY, 1e308, -0.0][random(4)].to_le_bytes();
                bytes[at..end].copy_from_slice(&value[..end - at]);
            }
        }
    }
}

#[test]
fn documents_tell_their_pages_and_title() {
    let folder = Path::new("fixtures/documents");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let about = bangtin::import::documents::About::of(&bytes);
        assert_eq!(about.media_type, "application/pdf");
        assert!(about.pages.is_some_and(|pages| pages >= 1), "{}: {about:?}", path.display());
        seen += 1;
        // A damaged PDF is a file like any other.
        let _ = bangtin::import::documents::About::of(&bytes[..bytes.len() / 2]);
    }
    assert!(seen > 3);
}
