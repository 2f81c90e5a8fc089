//! Lots of a drawing whose table is printed into them as texts, in the ways of offices. The drawings are written by ezdxf.

use std::process::Command;

use bangtin::domain::plan::PlanKind;
use bangtin::import::plan;
use bangtin::import::report::Severity;
use bangtin::import::source::Source;
use bangtin::import::zones::{Imported, Options};
use bangtin::words::text::Lang;
use serde_json::{Value, json};

fn options() -> Options {
    let city = [104.815, 21.646, 104.961, 21.798];
    Options { kind: PlanKind::DetailedPlan, signed: "2026-01-05".parse().unwrap(), crs: Some(9208), ..Options::new(city, 9208) }
}

fn import(way: &str, options: &Options) -> Imported {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plan.dxf");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/drawing.py");
    let python = std::env::var("BANGTIN_TEST_PYTHON").expect("run the tests with tools/test.sh: it makes a Python environment");
    assert!(Command::new(python).arg(script).arg(way).arg(&file).status().unwrap().success());
    plan::import(&Source::file(&file).unwrap(), options, &|_| {})
}

/// Number, greatest density, and least and greatest storeys of each lot.
fn lots(read: &Imported) -> Vec<Value> {
    let set = read.set.as_ref().unwrap_or_else(|| panic!("{}", read.report.to_text()));
    let set: Value = serde_json::from_slice(&set.chunks.concat()).unwrap();
    let said = |feature: &Value| {
        let own = &feature["properties"];
        json!([own["lot"], own["land_use"], own["density_max_pct"], own["storeys_min"], own["storeys_max"]])
    };
    set["features"].as_array().unwrap().iter().map(said).collect()
}

fn said<'a>(read: &'a Imported, check: &str) -> Option<&'a str> {
    read.report.findings.iter().find(|finding| finding.check == check).map(|finding| finding.said.text(Lang::Vi))
}

fn as_drawn() -> [Value; 4] {
    [
        json!(["OM2.3", "O-NO", 70.0, 1, 5]),
        json!(["OM2.4", "O-NO", 60.0, null, 4]),
        json!(["OM2.5", "O-NO", 60.0, null, 3]),
        json!(["CQ-01", "CQ", 40.0, null, 3]),
    ]
}

#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn the_table_of_texts_in_a_lot_is_read_and_shown_for_comparison() {
    for way in ["stack", "turned", "square", "frames", "mtext"] {
        let read = import(way, &options());
        assert_eq!(lots(&read), as_drawn(), "{way}\n{}", read.report.to_text());
        let said = said(&read, "lines-of-lots").unwrap_or_else(|| panic!("{way}: {}", read.report.to_text()));
        assert!(said.contains("“Dòng 1” = Ký hiệu lô") && said.contains("OM2.3 / "), "{way}: {said}");
        assert!(said.contains("4 lô"), "{way}: {said}");
    }
}

#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn values_with_a_word_or_an_attributes_name_before_them_need_no_guess() {
    for way in ["words", "attributes"] {
        let read = import(way, &options());
        assert_eq!(lots(&read), as_drawn(), "{way}\n{}", read.report.to_text());
    }
    assert_eq!(said(&import("attributes", &options()), "lines-of-lots"), None);
}

#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn a_table_in_another_order_is_asked_about_and_read_as_the_planner_says() {
    let read = import("reversed", &options());
    assert!(lots(&read).iter().all(|lot| lot[2].is_null() && lot[4].is_null()), "{}", read.report.to_text());
    let asked = said(&read, "lines-of-lots-unclear").expect("a question");
    assert!(asked.contains("4 lô") && asked.contains("OM2.3 / 5 / 70"), "{asked}");
    let chosen = [("lot", "Dòng 1"), ("density", "dong3"), ("storeys", "Dòng 2")];
    let chosen = chosen.into_iter().map(|(key, column)| (key.to_owned(), column.to_owned())).collect();
    let read = import("reversed", &Options { lot_columns: chosen, ..options() });
    let expected = [json!(["OM2.3", "O-NO", 70.0, null, 5]), json!(["OM2.4", "O-NO", 60.0, null, 4])];
    assert_eq!(lots(&read)[..2], expected, "{}", read.report.to_text());
}

#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn layers_of_lines_and_points_are_read_from_a_drawing_and_what_exists_is_left_out() {
    let read = import("layers", &options());
    assert_eq!(lots(&read), as_drawn(), "{}", read.report.to_text());
    let kinds = |field: &str, property: &str| -> Vec<String> {
        let (_, set) = read.further.iter().find(|(own, _)| own == field).unwrap_or_else(|| panic!("{field}: {}", read.report.to_text()));
        let set: Value = serde_json::from_slice(&set.chunks.concat()).unwrap();
        set["features"].as_array().unwrap().iter().map(|feature| feature["properties"][property].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(kinds("plan_lines", "line_kind"), ["red-line", "road"]);
    assert_eq!(kinds("plan_points", "point_kind"), ["control-point", "control-point"]);
    // The coordinate system is asked for once, and not for each layer.
    let asked = import("layers", &Options { crs: None, ..options() });
    let errors = asked.report.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    assert_eq!(errors, 1, "{}", asked.report.to_text());
    let fate =
        |name: &str| read.report.layers.iter().find(|layer| layer.name.as_deref() == Some(name)).unwrap().said.text(Lang::Vi).to_owned();
    assert!(
        fate("HT_CHI_GIOI_DUONG_DO").contains("hiện trạng") && fate("DUONG_DONG_MUC").contains("--layer lines="),
        "{}",
        read.report.to_text()
    );
}

#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn a_lot_with_fewer_lines_than_others_is_left_empty_and_named_and_a_doubled_text_is_one() {
    let read = import("uneven", &options());
    let [first, mut second, third, fourth] = as_drawn();
    (second[2], second[4]) = (Value::Null, Value::Null);
    assert_eq!(lots(&read), [first, second, third, fourth], "{}", read.report.to_text());
    let told: Vec<_> = read.report.findings.iter().filter(|finding| finding.check == "lines-differ").collect();
    assert_eq!((told.len(), told[0].feature), (1, Some(1)), "{}", read.report.to_text());
    assert!(told[0].said.text(Lang::Vi).contains("“OM2.4 / 4”"), "{}", told[0].said.text(Lang::Vi));
}
