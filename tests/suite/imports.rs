//! Planners' files through the real program: what is mended, what is refused, what is published.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::variations::zip;

struct Office {
    folder: tempfile::TempDir,
}

impl Office {
    fn new() -> Self {
        let office = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::write(office.path("units.csv"), include_str!("../../fixtures/units.csv")).unwrap();
        std::fs::write(office.path("city.toml"), include_str!("../../fixtures/yen-bai.toml")).unwrap();
        let file = office.write("begin.jsonl", "");
        let begun = office.run(&["--city", office.path("city.toml").to_str().unwrap(), "apply", file.to_str().unwrap()]);
        assert!(begun.status.success(), "{}", String::from_utf8_lossy(&begun.stderr));
        office
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_bangtin"))
            .args(["--data", self.path("data").to_str().unwrap()])
            .args(arguments)
            .env_remove("BANGTIN_DATABASE")
            .output()
            .unwrap()
    }

    /// Imports a plan; the exit code, the JSON on standard output, and standard error.
    fn plan(&self, file: &Path, more: &[&str]) -> (bool, Value, String) {
        let mut arguments = vec!["import", "plan", file.to_str().unwrap(), "--title", "Quy hoạch thử", "--kind", "land-use-plan", "--json"];
        arguments.extend(["--authority", "UBND", "--signed", "2025-03-01", "--effective-from", "2025-03-15"]);
        if !more.contains(&"--decision") {
            arguments.extend(["--decision", "1/QĐ-THỬ"]);
        }
        arguments.extend(more);
        let output = self.run(&arguments);
        let text = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.success(), serde_json::from_str(&text).unwrap_or(Value::Null), errors)
    }
}

/// Squares of 100 m in VN-2000, `changes` applied to the list of features.
fn file(crs: Option<u32>, changes: impl Fn(&mut Vec<Value>)) -> String {
    let square = |i: i32| {
        let (x, y) = (f64::from(512_000 + 100 * i), 2_401_000.0);
        json!([[x, y], [x + 100.0, y], [x + 100.0, y + 100.0], [x, y + 100.0], [x, y]])
    };
    let codes = ["LUC", "ODT", "CLN", "DGT", "RSX", "NTS"];
    let mut features: Vec<Value> = (0..6)
        .map(|i: i32| {
            json!({ "type": "Feature", "properties": { "STT": i, "Mã loại đất": codes[i as usize], "Tên khu": format!("Khu {i}") },
                         "geometry": { "type": "Polygon", "coordinates": [square(i)] } })
        })
        .collect();
    changes(&mut features);
    let mut file = json!({ "type": "FeatureCollection", "features": features });
    if let Some(crs) = crs {
        file["crs"] = json!({ "type": "name", "properties": { "name": format!("urn:ogc:def:crs:EPSG::{crs}") } });
    }
    file.to_string()
}

fn checks(report: &Value, severity: &str) -> Vec<(String, Option<u64>)> {
    let findings = report["report"]["findings"].as_array().cloned().unwrap_or_default();
    findings
        .iter()
        .filter(|f| f["severity"] == severity)
        .map(|f| (f["check"].as_str().unwrap().to_owned(), f["feature"].as_u64()))
        .collect()
}

#[test]
fn a_plan_and_its_revision_keep_one_code() {
    let office = Office::new();
    let first = office.write("a.geojson", &file(Some(9208), |_| {}));
    let (ok, published, errors) = office.plan(&first, &["--document", &format!("decision={}", first.display())]);
    assert!(ok, "{errors}");
    assert_eq!(published["report"]["area_ha"], 6.0);
    let code = published["code"].as_str().unwrap().to_owned();
    assert!(published["url"].as_str().unwrap().ends_with(&format!("/q/{code}")));
    let (ok, _, errors) = office.plan(&first, &[]);
    assert!(!ok && errors.contains(&code), "the same decision names the code: {errors}");
    let (ok, revised, errors) = office.plan(&first, &["--decision", "2/QĐ-THỬ", "--revises", &code]);
    assert!(ok, "{errors}");
    assert_eq!((revised["code"].as_str(), revised["revision"].as_u64()), (Some(code.as_str()), Some(2)));
    let (ok, _, errors) = office.plan(&first, &["--decision", "3/QĐ-THỬ", "--revises", &code, "--based-on", "1"]);
    assert!(!ok && errors.contains("15/3/2025"), "{errors}");
}

#[test]
fn safe_repairs_are_made_and_reported_by_feature() {
    let office = Office::new();
    let broken = file(Some(9208), |features| {
        let ring = |features: &mut Vec<Value>, i: usize| features[i]["geometry"]["coordinates"][0].as_array().unwrap().clone();
        let mut reversed = ring(features, 0);
        reversed.reverse();
        features[0]["geometry"]["coordinates"][0] = json!(reversed);
        features[1]["geometry"]["coordinates"][0].as_array_mut().unwrap().pop();
        let mut doubled = ring(features, 2);
        doubled.insert(1, doubled[1].clone());
        features[2]["geometry"]["coordinates"][0] = json!(doubled);
        features[3]["geometry"]["coordinates"][0] = json!([
            [512_300, 2_401_000],
            [512_400, 2_401_000],
            [512_400, 2_401_100],
            [512_300, 2_401_100],
            [512_300, 2_401_000],
            [512_330, 2_401_060],
            [512_370, 2_401_060],
            [512_370, 2_401_030],
            [512_300, 2_401_000]
        ]);
    });
    let (ok, published, errors) = office.plan(&office.write("b.geojson", &broken), &[]);
    assert!(ok, "{errors}{published}");
    let repairs = checks(&published, "repair");
    assert_eq!(published["report"]["counted"]["ring-order"], 1, "ring order is counted, not listed");
    for expected in [("ring-closed", 1), ("duplicate-points", 2), ("self-touch", 3)] {
        assert!(repairs.contains(&(expected.0.to_owned(), Some(expected.1))), "{expected:?} in {repairs:?}");
    }
    assert_eq!(published["report"]["codes"].as_object().unwrap().len(), 6);
}

#[test]
fn what_cannot_be_mended_is_refused_by_feature_and_nothing_is_published() {
    let office = Office::new();
    let broken = file(Some(9208), |features| {
        // A hole that crosses its outer ring.
        let hole = json!([[511_990, 2_401_010], [512_010, 2_401_010], [512_010, 2_401_020], [511_990, 2_401_010]]);
        features[0]["geometry"]["coordinates"].as_array_mut().unwrap().push(hole);
        features[1]["properties"]["Mã loại đất"] = json!("LUCC");
        features[2]["properties"]["Mã loại đất"] = Value::Null;
        features[3]["geometry"] = Value::Null;
        features[4]["geometry"]["coordinates"][0] = json!([[512_000, 2_401_000], [512_100, 2_401_100]]);
        let original = features[5].clone();
        features.push(original);
        let mut swapped = features[5].clone();
        for point in swapped["geometry"]["coordinates"][0].as_array_mut().unwrap() {
            *point = json!([point[1], point[0]]);
        }
        features.push(swapped);
        let mut far = features[5].clone();
        for point in far["geometry"]["coordinates"][0].as_array_mut().unwrap() {
            point[0] = json!(point[0].as_f64().unwrap() + 300_000.0);
        }
        features.push(far);
    });
    let path = office.write("c.geojson", &broken);
    let (ok, report, _) = office.plan(&path, &[]);
    assert!(!ok && report.get("code").is_none());
    let errors = checks(&report, "error");
    let expected = [
        ("self-crossing", 0),
        ("unknown-code", 1),
        ("no-code", 2),
        ("no-geometry", 3),
        ("too-few-points", 4),
        ("same-zone-twice", 6),
        ("axes-swapped", 7),
        ("outside-city", 8),
    ];
    assert_eq!(errors, expected.map(|(check, feature)| (check.to_owned(), Some(feature))));
    let lucc = report["report"]["findings"].as_array().unwrap().iter().find(|f| f["check"] == "unknown-code").unwrap();
    assert!(lucc["vi"].as_str().unwrap().contains("LUC?"));
    let stats = String::from_utf8(office.run(&["log", "stats"]).stdout).unwrap();
    assert!(!stats.contains("plan.published"), "{stats}");
}

#[test]
fn the_coordinate_system_is_stated_found_or_proposed_never_guessed_wrong() {
    let office = Office::new();
    let missing = office.write("m.geojson", &file(None, |_| {}));
    let (ok, report, _) = office.plan(&missing, &[]);
    assert!(!ok);
    assert_eq!(checks(&report, "error"), [("crs-missing".to_owned(), None)]);
    assert!(report["report"]["findings"][0]["vi"].as_str().unwrap().contains("--crs EPSG:9208"));
    assert!(office.plan(&missing, &["--crs", "EPSG:9208", "--dry-run"]).0);
    let (ok, report, _) = office.plan(&missing, &["--crs", "EPSG:9206"]);
    assert!(!ok && checks(&report, "error")[0].0 == "crs-misses-city");
    assert!(report["report"]["findings"][0]["en"].as_str().unwrap().contains("EPSG:9208"));
    let stated = office.write("s.geojson", &file(Some(9208), |_| {}));
    let (ok, report, _) = office.plan(&stated, &["--crs", "EPSG:5897"]);
    assert!(!ok && checks(&report, "error")[0].0 == "crs-contradiction");
    let swapped = office.write(
        "x.geojson",
        &file(Some(9208), |features| {
            for feature in features {
                for point in feature["geometry"]["coordinates"][0].as_array_mut().unwrap() {
                    *point = json!([point[1], point[0]]);
                }
            }
        }),
    );
    let (ok, report, errors) = office.plan(&swapped, &["--dry-run"]);
    assert!(ok, "{errors}");
    assert!(checks(&report, "repair").contains(&("axes-swapped".to_owned(), None)));
    let (ok, _, errors) = office.plan(&stated, &["--crs", "EPSG:32648"]);
    assert!(!ok && errors.contains("EPSG:9208"), "the known systems are listed: {errors}");
}

#[test]
fn the_same_file_gives_the_same_digest() {
    let (a, b) = (Office::new(), Office::new());
    let text = file(Some(9208), |_| {});
    let digest = |office: &Office| {
        let (ok, published, errors) = office.plan(&office.write("d.geojson", &text), &[]);
        assert!(ok, "{errors}");
        let export = office.path("log.export");
        assert!(office.run(&["log", "export", export.to_str().unwrap()]).status.success());
        let lines = std::fs::read_to_string(export).unwrap();
        let code = published["code"].as_str().unwrap();
        let event = lines.lines().find(|line| line.contains("plan.published") && line.contains(code)).unwrap();
        let event: Value = serde_json::from_str(event).unwrap();
        let payload: Value = serde_json::from_str(event["event"]["payload"].as_str().unwrap()).unwrap();
        payload["facts"]["zones"]["sha256"].as_str().unwrap().to_owned()
    };
    assert_eq!(digest(&a), digest(&b));
    // Golden: the canonical form must not drift. If it changes on purpose, say so in CHANGELOG.md.
    assert_eq!(digest(&Office::new()), include_str!("../data/squares.sha256").trim());
}

#[test]
fn points_and_campaigns_come_in_as_tables() {
    let office = Office::new();
    let csv = "Tên,Kinh độ,Vĩ độ,Số điện thoại,Loại,Mã đơn vị\nTrạm A,104.87,21.7,0216 000 111,Trạm y tế,04252\nXe 1,104.88,21.71,,Xe cứu thương,\n";
    let output = office.run(&["import", "points", office.write("p.csv", csv).to_str().unwrap(), "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let published: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(published["codes"].as_array().unwrap().len(), 2);
    let places = "Tên;Địa chỉ;Kinh độ;Vĩ độ;Thanh toán\nChợ Ga;Tổ 1;104.87;21.7;VietQR\n";
    let file = office.write("places.csv", places);
    let arguments = [
        "import",
        "campaign",
        file.to_str().unwrap(),
        "--title",
        "Ngày không tiền mặt",
        "--kind",
        "cashless-day",
        "--organiser",
        "UBND",
        "--from",
        "2026-01-02",
        "--weekday",
        "friday",
        "--unit",
        "04252",
        "--json",
    ];
    let output = office.run(&arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_named_column_is_remembered_for_the_authority() {
    let office = Office::new();
    // Two columns hold codes: what is today, and what is planned.
    let text = file(Some(9208), |features| {
        for feature in features {
            feature["properties"]["QUYHOACH"] = json!("LUC");
        }
    });
    let path = office.write("two.geojson", &text);
    let (ok, first, errors) = office.plan(&path, &["--map", "land_use=QUYHOACH"]);
    assert!(ok, "{errors}");
    assert_eq!(first["report"]["code_column"], "QUYHOACH");
    let (ok, second, errors) = office.plan(&path, &["--decision", "2/QĐ-THỬ", "--dry-run"]);
    assert!(ok, "{errors}");
    assert_eq!(second["report"]["code_column"], "QUYHOACH", "the authority's next file needs no --map");
    let (ok, _, errors) = office.plan(&path, &["--map", "land_use=Không có"]);
    assert!(!ok, "{errors}");
}

#[test]
fn a_column_that_was_remembered_and_is_not_in_the_file_leaves_the_choice_to_the_planner() {
    let office = Office::new();
    let with = |other: &str| {
        file(Some(9208), |features| {
            for feature in features {
                feature["properties"][other] = json!("LUC");
            }
        })
    };
    let path = office.write("one.geojson", &with("QUYHOACH"));
    let (ok, _, errors) = office.plan(&path, &["--map", "land_use=QUYHOACH"]);
    assert!(ok, "{errors}");
    let path = office.write("two.geojson", &with("KYHIEU"));
    let (ok, second, errors) = office.plan(&path, &["--decision", "2/QĐ-THỬ", "--dry-run"]);
    assert!(!ok && second["report"]["findings"].to_string().contains("choose-code-column"), "{errors} {second}");
}

#[test]
fn a_coordinate_system_and_a_layer_are_remembered_for_the_authority_and_the_report_says_so() {
    let office = Office::new();
    let has = |report: &Value, severity, check| checks(report, severity).iter().any(|(found, _)| found == check);
    let plain = file(None, |_| {});
    let path = office.write("plain.geojson", &plain);
    let (ok, asked, _) = office.plan(&path, &["--dry-run"]);
    assert!(!ok && has(&asked, "error", "crs-missing"), "{asked}");
    let (ok, first, errors) = office.plan(&path, &["--crs", "EPSG:9208"]);
    assert!(ok && !has(&first, "warning", "crs-as-before"), "{errors} {first}");
    let (ok, second, errors) = office.plan(&path, &["--decision", "2/QĐ-THỬ", "--dry-run"]);
    assert!(ok && has(&second, "warning", "crs-as-before"), "{errors} {second}");
    assert_eq!(second["report"]["crs"], "EPSG:9208");
    // What the file says counts for more.
    let stated = office.write("stated.geojson", &file(Some(9208), |_| {}));
    let (ok, third, errors) = office.plan(&stated, &["--decision", "2/QĐ-THỬ", "--dry-run"]);
    assert!(ok && !has(&third, "warning", "crs-as-before"), "{errors} {third}");

    let zipped = |name: &str, [one, two]: [&str; 2]| {
        std::fs::write(office.path(name), zip(&[(one, plain.as_bytes()), (two, plain.as_bytes())])).unwrap();
        office.path(name)
    };
    let two = zipped("two.zip", ["nay.geojson", "mai.geojson"]);
    let (ok, asked, _) = office.plan(&two, &["--decision", "3/QĐ-THỬ", "--dry-run"]);
    assert!(!ok && has(&asked, "error", "choose-layer"), "{asked}");
    let (ok, _, errors) = office.plan(&two, &["--decision", "3/QĐ-THỬ", "--layer", "mai"]);
    assert!(ok, "{errors}");
    let (ok, next, errors) = office.plan(&two, &["--decision", "4/QĐ-THỬ", "--dry-run"]);
    assert!(ok && has(&next, "warning", "layer-as-before"), "{errors} {next}");
    let other = zipped("other.zip", ["a.geojson", "b.geojson"]);
    let (ok, asked, _) = office.plan(&other, &["--decision", "4/QĐ-THỬ", "--dry-run"]);
    assert!(!ok && has(&asked, "error", "choose-layer"), "{asked}");
}

#[test]
fn a_plan_without_zones_has_an_outline() {
    let office = Office::new();
    let outline = office.write(
        "outline.geojson",
        r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":{"type":"Polygon","coordinates":[[[104.87,21.7],[104.88,21.7],[104.88,21.71],[104.87,21.7]]]}}]}"#,
    );
    let output = office.run(&[
        "import",
        "plan",
        "--outline",
        outline.to_str().unwrap(),
        "--title",
        "Quy hoạch chung",
        "--kind",
        "general-plan",
        "--authority",
        "UBND",
        "--decision",
        "9/QĐ",
        "--signed",
        "2025-03-01",
        "--effective-from",
        "2025-03-15",
        "--json",
    ]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let published: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(published["report"]["area_ha"].as_f64().unwrap() > 50.0 && published["code"].is_string());
}

#[test]
fn units_with_boundaries_come_in_and_zones_outside_are_named() {
    let office = Office::new();
    let units = office.write(
        "units.geojson",
        r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"Mã":"99001","Tên":"Xã Thử","Loại":"xã"},"geometry":{"type":"Polygon","coordinates":[[[104.866,21.70],[104.8705,21.70],[104.8705,21.708],[104.866,21.708],[104.866,21.70]]]}}]}"#,
    );
    let output = office.run(&["import", "units", units.to_str().unwrap(), "--valid-from", "2025-01-01", "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (ok, report, errors) = office.plan(
        &office.write("s.geojson", &file(Some(9208), |_| {})),
        &["--unit", "99001", "--report", office.path("r.html").to_str().unwrap()],
    );
    assert!(ok, "{errors}");
    let outside: Vec<_> = checks(&report, "warning").into_iter().filter(|(check, _)| check == "outside-unit").collect();
    assert!(!outside.is_empty() && outside.len() < 6, "{outside:?}");
    let page = std::fs::read_to_string(office.path("r.html")).unwrap();
    assert!(page.contains("nằm ngoài địa giới") && page.contains("<svg"));
}

#[test]
fn an_export_replaces_no_pipe_and_no_folder() {
    let office = Office::new();
    let pipe = office.path("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for target in [pipe.as_path(), pipe.parent().unwrap()] {
        let refused = office.run(&["log", "export", target.to_str().unwrap()]);
        assert!(!refused.status.success() && target.exists() && !target.is_file());
        assert!(String::from_utf8_lossy(&refused.stderr).contains("name a file"));
    }
}

#[test]
fn a_shapefile_is_taken_with_the_files_beside_it() {
    let office = Office::new();
    let mut archive = zip::ZipArchive::new(std::fs::File::open("tests/data/formats/plan.zip").unwrap()).unwrap();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        let name = entry.name().unwrap().into_owned();
        std::io::copy(&mut entry, &mut std::fs::File::create(office.path(&name)).unwrap()).unwrap();
    }
    let (ok, published, errors) = office.plan(&office.path("zones.shp"), &[]);
    assert!(ok, "{errors}");
    assert_eq!(published["report"]["features"], 12);
    // All of them are kept as received, with their sizes.
    let export = office.path("log.export");
    assert!(office.run(&["log", "export", export.to_str().unwrap()]).status.success());
    let lines = std::fs::read_to_string(export).unwrap();
    let event = lines.lines().find(|line| line.contains("\"plan.published\"")).unwrap();
    for name in ["zones.shp", "zones.dbf", "zones.prj", "zones.cpg"] {
        let bytes = std::fs::metadata(office.path(name)).unwrap().len();
        assert!(event.contains(&format!("\\\"bytes\\\":{bytes},")) && event.contains(name), "{name} {bytes}: {event}");
    }
    std::fs::remove_file(office.path("zones.dbf")).unwrap();
    let (ok, report, _) = office.plan(&office.path("zones.shp"), &["--decision", "2/QĐ"]);
    assert!(!ok && checks(&report, "error")[0].0 == "no-dbf");
}
