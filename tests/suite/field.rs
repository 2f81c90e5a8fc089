//! Files as offices really make them: `tests/data/field/cases.jsonl` has a line for each way to read
//! one, with what is right; `says` there is what a report must make plain, `found` the words by which
//! this test looks for it in the report's English.

use std::collections::BTreeMap;

use bangtin::geometry::crs::Crs;
use bangtin::import::report::{Report, Severity};
use bangtin::import::source::Source;
use bangtin::import::zones::Options;
use bangtin::import::{points, zones};
use bangtin::words::text::Lang;
use serde_json::{Map, Value};

const CITY: [f64; 4] = [104.815, 21.646, 104.961, 21.798];
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/field");

/// What came of a file.
#[derive(Debug, Default)]
pub struct Read {
    pub report: Report,
    pub published: bool,
    pub texts: BTreeMap<&'static str, Vec<Value>>,
    pub boxes: Vec<[f64; 4]>,
    pub area_m2: f64,
}

fn argument<'a>(arguments: &[&'a str], name: &str) -> Option<&'a str> {
    let at = arguments.iter().position(|found| *found == name)?;
    arguments.get(at + 1).copied()
}

/// Reads a file as `bangtin import` does.
pub fn read(source: &Source, command: &str, arguments: &[&str]) -> Read {
    let crs = argument(arguments, "--crs").map(|code| Crs::code(code).unwrap());
    let mut options = Options { crs, signed: "2026-10-01".parse().unwrap(), ..Options::new(CITY, 9208) };
    options.choice.layer = argument(arguments, "--layer").map(str::to_owned);
    if command == "import points" { read_points(source, &options, argument(arguments, "--kind")) } else { read_plan(source, &options) }
}

fn read_points(source: &Source, options: &Options, kind: Option<&str>) -> Read {
    let mut read = Read::default();
    let rows = points::read(source, options, &mut read.report);
    for row in &rows {
        let facts = points::facts(row, kind, &mut read.report);
        let phone = facts.pointer("/phones/0/number").cloned().unwrap_or(Value::Null);
        for (key, value) in [
            ("titles", facts["title"].clone()),
            ("positions", facts["position"].clone()),
            ("hours", facts["hours"].clone()),
            ("phones", phone),
            ("summaries", facts["summary"].clone()),
        ] {
            read.texts.entry(key).or_default().push(value);
        }
    }
    read.published = read.report.is_clean() && !rows.is_empty();
    read
}

fn read_plan(source: &Source, options: &Options) -> Read {
    let imported = zones::import(source, options, &|_| {});
    let mut read = Read { report: imported.report, published: imported.set.is_some(), ..Read::default() };
    let Some(set) = imported.set else { return read };
    let plan: Value = serde_json::from_slice(&set.chunks.concat()).unwrap();
    let plane = Crs::new(9208).unwrap();
    for feature in plan["features"].as_array().unwrap() {
        let properties: &Map<String, Value> = feature["properties"].as_object().unwrap();
        for (key, name) in [("codes", "land_use"), ("names", "name"), ("notes", "note")] {
            read.texts.entry(key).or_default().push(properties[name].clone());
        }
        let mut bounds = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
        positions(&feature["geometry"]["coordinates"], &mut |lon, lat| {
            let [x, y] = plane.from_wgs84(lon, lat).unwrap();
            bounds = [bounds[0].min(x), bounds[1].min(y), bounds[2].max(x), bounds[3].max(y)];
        });
        read.boxes.push(bounds);
    }
    read.area_m2 = read.report.area_after_m2;
    read
}

fn positions(value: &Value, see: &mut dyn FnMut(f64, f64)) {
    match value.as_array().map(Vec::as_slice) {
        Some([Value::Number(lon), Value::Number(lat)]) => see(lon.as_f64().unwrap(), lat.as_f64().unwrap()),
        Some(inner) => inner.iter().for_each(|value| positions(value, see)),
        None => {}
    }
}

/// What a file's reading lacks of what is right.
fn differences(read: &Read, right: &Value) -> Vec<String> {
    let mut found = Vec::new();
    if read.published != (right["outcome"] == "published") {
        found.push(format!("{} expected, published: {}", right["outcome"], read.published));
    }
    let same = |a: &Value, b: &Value| match (a.as_f64(), b.as_str()) {
        (Some(number), Some(text)) => text.parse() == Ok(number),
        _ => a == b,
    };
    for key in ["codes", "names", "notes", "titles", "hours", "phones", "summaries"] {
        let Some(wanted) = right[key].as_array().filter(|_| read.published) else { continue };
        let got = read.texts.get(key).cloned().unwrap_or_default();
        if wanted.len() != got.len() || !wanted.iter().zip(&got).all(|(wanted, got)| same(wanted, got)) {
            found.push(format!("{key}: {wanted:?} expected, {got:?} read"));
        }
    }
    if let Some(wanted) = right["boxes"].as_array().filter(|_| read.published) {
        let whole = |bounds: &[f64; 4]| Value::from(bounds.map(|v| v.round() as i64).to_vec());
        let got: Vec<Value> = read.boxes.iter().map(whole).collect();
        if *wanted != got {
            found.push(format!("boxes: {wanted:?} expected, {got:?} read"));
        }
    }
    if let Some(area) = right["area_m2"].as_f64().filter(|area| (read.area_m2 - area).abs() > area * 0.005) {
        found.push(format!("area: {area} expected, {} read", read.area_m2));
    }
    if let Some(crs) = right["crs"].as_str().filter(|crs| read.report.crs.as_deref() != Some(crs)) {
        found.push(format!("crs: {crs} expected, {:?} read", read.report.crs));
    }
    let said: String = read.report.findings.iter().map(|finding| format!("{}\n", finding.said.text(Lang::En))).collect();
    for words in right["found"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !said.contains(words) {
            found.push(format!("“{words}” is not said: {said}"));
        }
    }
    // Whatever is said is said in both languages, and nothing published holds a lost letter.
    for finding in &read.report.findings {
        if finding.said.text(Lang::Vi).is_empty()
            || finding.said.text(Lang::En).is_empty()
            || finding.said.text(Lang::Vi) == finding.said.text(Lang::En)
        {
            found.push(format!("not in both languages: {finding:?}"));
        }
    }
    if read.texts.values().flatten().any(|text| text.as_str().is_some_and(|text| text.contains(['\u{fffd}', '\u{f780}']))) {
        found.push("U+FFFD is published".into());
    }
    found
}

/// Runs the cases of a folder; the faults by file.
fn run(folder: &str) -> Vec<String> {
    let cases = std::fs::read_to_string(format!("{folder}/cases.jsonl")).unwrap();
    let mut faults = Vec::new();
    for line in cases.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let file = case["file"].as_str().unwrap();
        let arguments: Vec<&str> = case["args"].as_array().unwrap().iter().map(|argument| argument.as_str().unwrap()).collect();
        let source = Source::file(format!("{folder}/{file}").as_ref()).unwrap();
        let read = read(&source, case["command"].as_str().unwrap(), &arguments);
        let mut difference = differences(&read, &case["right"]);
        if !difference.is_empty() && case["or"].is_object() {
            let other = differences(&read, &case["or"]);
            if other.is_empty() {
                difference = other;
            }
        }
        if !difference.is_empty() {
            let said: Vec<String> = read
                .report
                .findings
                .iter()
                .map(|f| format!("{:?} {} #{:?}: {}", f.severity, f.check, f.feature, f.said.text(Lang::En)))
                .collect();
            faults.push(format!("{file} {arguments:?}\n    {}\n    report: {}", difference.join("\n    "), said.join("\n            ")));
        }
    }
    faults
}

#[test]
fn every_file_from_the_field_is_read_as_it_is_meant_or_its_report_says_why_not() {
    let faults = run(FOLDER);
    assert!(faults.is_empty(), "{} cases fall short:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn what_is_open_or_left_out_blocks_or_warns_and_is_never_only_a_repair() {
    for file in ["dbf-deleted-row.zip", "kml-zone-and-a-link.kml", "dxf-paper-space-sheet.dxf"] {
        let source = Source::file(format!("{FOLDER}/{file}").as_ref()).unwrap();
        let read = read(&source, "import plan", &["--crs", "EPSG:9208"].as_slice()[..if file.ends_with("dxf") { 2 } else { 0 }]);
        assert!(read.report.count(Severity::Warning) > 0, "{file}");
    }
}
