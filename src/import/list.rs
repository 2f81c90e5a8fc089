//! Compares a list of points with those that are published: what is added, what changes, what ends.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::points::Row;
use super::report::{Finding, Report, Severity};
use crate::domain::Code;
use crate::words::fold::fold;

/// Points of one name nearer than this are the same point, metres.
const SAME_PLACE_M: f64 = 100.0;
/// A point has moved when it lies further off than this, metres: coordinates that were rounded on their way move nothing.
const MOVED_M: f64 = 1.5;
/// Metres in a degree of latitude.
const DEGREE_M: f64 = 111_320.0;

/// A point that is published.
#[derive(Debug, Clone)]
pub struct Known {
    /// Its code.
    pub code: Code,
    /// Its version.
    pub seen: i64,
    /// What its latest revision states.
    pub facts: Value,
    /// The person to call there: name and number.
    pub contact: Option<(String, String)>,
    /// True when it ends today anyway.
    pub ends: bool,
}

impl Known {
    fn text(&self, name: &str) -> &str {
        self.facts[name].as_str().unwrap_or_default()
    }
}

/// What a list does to a point.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// It is new.
    Add {
        /// Its row, from 0.
        row: usize,
        /// What is stated of it.
        facts: Value,
    },
    /// It is changed.
    Revise {
        /// Its row, from 0.
        row: usize,
        /// Its code.
        code: Code,
        /// Its version.
        seen: i64,
        /// What is stated of it from now on.
        facts: Value,
        /// What changes: name, old and new value.
        fields: Vec<(String, Value, Value)>,
    },
    /// It is not in the list and ends.
    End {
        /// Its code.
        code: Code,
        /// Its version.
        seen: i64,
    },
}

impl Change {
    /// The row that says it, from 0; none for what the list does not name.
    pub fn row(&self) -> Option<usize> {
        match self {
            Self::Add { row, .. } | Self::Revise { row, .. } => Some(*row),
            Self::End { .. } => None,
        }
    }
}

/// Compares rows, each with its facts, with the points that the person may change. Where the list is `whole`, points of its
/// kinds that it does not name end. Errors are in the report.
pub fn compare(rows: &[Row], facts: &[Value], known: &[Known], whole: bool, report: &mut Report) -> Vec<Change> {
    let pairs = pairs(rows, facts, known, report);
    let mut changes = Vec::new();
    for (row, new) in rows.iter().zip(facts) {
        match pairs.get(&row.number) {
            None => changes.push(Change::Add { row: row.number, facts: new.clone() }),
            Some(None) => {}
            Some(Some(index)) => {
                let old = &known[*index];
                let (facts, fields) = overlaid(old, new);
                if !fields.is_empty() {
                    changes.push(Change::Revise { row: row.number, code: old.code, seen: old.seen, facts, fields });
                }
            }
        }
    }
    if whole {
        let taken: Vec<usize> = pairs.values().flatten().copied().collect();
        let listed = |point: &Known| facts.iter().any(|facts| facts["kind"] == point.facts["kind"]);
        let left = known.iter().enumerate().filter(|(index, point)| !taken.contains(index) && !point.ends && listed(point));
        changes.extend(left.map(|(_, point)| Change::End { code: point.code, seen: point.seen }));
    }
    changes
}

/// Which point each row is about; a row of a new point is missing, and none stands for a row with an error. Codes come
/// first, then points of the same name at the same place, then the only point of that name.
fn pairs(rows: &[Row], facts: &[Value], known: &[Known], report: &mut Report) -> BTreeMap<usize, Option<usize>> {
    let mut pairs: BTreeMap<usize, Option<usize>> = BTreeMap::new();
    let mut taken = vec![false; known.len()];
    let mut error = |row: &Row, check: &str, said| {
        report.push(Finding::new(Severity::Error, check, said).of(row.number, row.line));
    };
    let alike = |index: usize, new: &Value| {
        let point = &known[index];
        point.facts["kind"] == new["kind"] && fold(point.text("title")) == fold(new["title"].as_str().unwrap_or_default())
    };
    for (row, new) in rows.iter().zip(facts) {
        let Some(code) = row.code else { continue };
        match known.iter().position(|point| point.code == code && point.facts["kind"] == new["kind"]) {
            Some(index) if taken[index] => {
                error(row, "list-code-twice", sentence!("list-code-twice", code));
                pairs.insert(row.number, None);
            }
            Some(index) => {
                taken[index] = true;
                pairs.insert(row.number, Some(index));
            }
            None => {
                error(row, "list-code-unknown", sentence!("list-code-unknown", code));
                pairs.insert(row.number, None);
            }
        }
    }
    for (row, new) in rows.iter().zip(facts) {
        if pairs.contains_key(&row.number) {
            continue;
        }
        let near = (0..known.len()).filter(|index| !taken[*index] && alike(*index, new));
        let near = near.map(|index| (apart_m(&known[index].facts, new), index)).filter(|(metres, _)| *metres <= SAME_PLACE_M);
        if let Some((_, index)) = near.min_by(|a, b| a.0.total_cmp(&b.0)) {
            taken[index] = true;
            pairs.insert(row.number, Some(index));
        }
    }
    for (row, new) in rows.iter().zip(facts) {
        if pairs.contains_key(&row.number) {
            continue;
        }
        let left: Vec<usize> = (0..known.len()).filter(|index| !taken[*index] && alike(*index, new)).collect();
        match left.as_slice() {
            [] => {}
            [index] => {
                taken[*index] = true;
                pairs.insert(row.number, Some(*index));
            }
            _ => {
                error(row, "list-name-twice", sentence!("list-name-twice", title = new["title"].as_str().unwrap_or_default()));
                pairs.insert(row.number, None);
            }
        }
    }
    pairs
}

/// How far apart two points lie, metres; accurate enough within a city.
fn apart_m(a: &Value, b: &Value) -> f64 {
    let at = |value: &Value, name: &str| value["position"][name].as_f64().unwrap_or(f64::INFINITY);
    let north = (at(a, "lat") - at(b, "lat")) * DEGREE_M;
    let east = (at(a, "lon") - at(b, "lon")) * DEGREE_M * at(a, "lat").to_radians().cos();
    north.hypot(east)
}

/// A point's facts with what a row says of it, and what that changes. What the row leaves out stays.
fn overlaid(old: &Known, new: &Value) -> (Value, Vec<(String, Value, Value)>) {
    let mut facts = old.facts.clone();
    let mut fields = Vec::new();
    let none = Map::new();
    for (name, value) in new.as_object().unwrap_or(&none) {
        let (before, after, put) = match name.as_str() {
            "position" if apart_m(&old.facts, new) <= MOVED_M => continue,
            // A list has one number; the others stay.
            "phones" => {
                let first = &old.facts["phones"][0];
                let number = &value[0]["number"];
                let mut phones = old.facts["phones"].clone();
                if first.is_null() {
                    phones = value.clone();
                } else {
                    phones[0]["number"] = number.clone();
                }
                (first["number"].clone(), number.clone(), phones)
            }
            "contact" => {
                let known = old.contact.as_ref().map(|(name, phone)| json!(format!("{name}, {phone}"))).unwrap_or_default();
                let text = |name: &str| value[name].as_str().unwrap_or_default();
                (known, json!(format!("{}, {}", text("name"), text("phone"))), value.clone())
            }
            _ => (old.facts[name].clone(), value.clone(), value.clone()),
        };
        if before != after {
            facts[name.as_str()] = put;
            fields.push((name.clone(), before, after));
        }
    }
    (facts, fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: usize, code: Option<&str>) -> Row {
        Row { number, line: None, position: [0, 0], fields: Map::new(), code: code.map(|code| code.parse().expect("a code")) }
    }

    fn station(title: &str, lat: f64) -> Value {
        json!({ "kind": "health-station", "title": title, "position": { "lon": 104.87, "lat": lat } })
    }

    fn known(code: &str, title: &str, lat: f64) -> Known {
        Known { code: code.parse().expect("a code"), seen: 7, facts: station(title, lat), contact: None, ends: false }
    }

    /// Compares facts, each with a code or without.
    fn compared(list: &[(Option<&str>, Value)], known: &[Known], whole: bool) -> (Vec<Change>, Vec<String>) {
        let rows: Vec<Row> = list.iter().enumerate().map(|(number, (code, _))| row(number, *code)).collect();
        let facts: Vec<Value> = list.iter().map(|(_, facts)| facts.clone()).collect();
        let mut report = Report::default();
        let changes = compare(&rows, &facts, known, whole, &mut report);
        (changes, report.findings.iter().map(|finding| finding.check.clone()).collect())
    }

    const A: &str = "TYT00001B";
    const B: &str = "XCT00001C";

    #[test]
    fn a_point_of_the_same_name_is_the_same_point_and_what_a_row_leaves_out_stays() {
        let mut old = known(A, "Trạm y tế Hợp Minh", 21.7);
        old.facts["hours"] = json!("7:30–17:00");
        old.facts["phones"] = json!([{ "label": "Trực", "number": "0216 0000 111" }, { "label": "Khác", "number": "0216 0000 112" }]);
        let mut new = station("TRẠM Y TẾ HỢP MINH", 21.700_001);
        new["phones"] = json!([{ "label": "Điện thoại", "number": "0216 0000 113" }]);
        let (changes, errors) = compared(&[(None, new)], &[old.clone()], true);
        let mut facts = old.facts.clone();
        facts["title"] = json!("TRẠM Y TẾ HỢP MINH");
        facts["phones"][0]["number"] = json!("0216 0000 113");
        let fields = vec![
            ("phones".to_owned(), json!("0216 0000 111"), json!("0216 0000 113")),
            ("title".to_owned(), json!("Trạm y tế Hợp Minh"), json!("TRẠM Y TẾ HỢP MINH")),
        ];
        assert_eq!((changes, errors), (vec![Change::Revise { row: 0, code: old.code, seen: 7, facts, fields }], vec![]));
    }

    #[test]
    fn the_same_list_changes_nothing() {
        let old = known(A, "Trạm một", 21.7);
        assert_eq!(compared(&[(None, old.facts.clone())], std::slice::from_ref(&old), true), (vec![], vec![]));
        assert_eq!(compared(&[(Some(A), old.facts.clone())], &[old], true), (vec![], vec![]));
    }

    #[test]
    fn what_is_new_is_added_and_what_a_whole_list_leaves_out_ends() {
        let points = [known(A, "Trạm một", 21.7), known(B, "Trạm hai", 21.8)];
        let list = [(None, station("Trạm một", 21.7)), (None, station("Trạm ba", 21.9))];
        let added = Change::Add { row: 1, facts: station("Trạm ba", 21.9) };
        assert_eq!(compared(&list, &points, false).0, vec![added.clone()]);
        assert_eq!(compared(&list, &points, true).0, vec![added, Change::End { code: points[1].code, seen: 7 }]);
        let mut ending = points.to_vec();
        ending[1].ends = true;
        assert_eq!(compared(&list, &ending, true).0.len(), 1, "what ends anyway is not ended again");
        // A list of other kinds ends none of these.
        let mut other = station("Xe một", 21.7);
        other["kind"] = json!("ambulance");
        assert_eq!(compared(&[(None, other.clone())], &points, true).0, vec![Change::Add { row: 0, facts: other }]);
    }

    #[test]
    fn points_of_one_name_are_told_apart_by_place_and_by_code_and_else_asked_about() {
        let points = [known(A, "Nguyễn Thị An", 21.7), known(B, "Nguyễn Thị An", 21.8)];
        let list = [(None, station("Nguyễn Thị An", 21.8)), (None, station("Nguyễn Thị An", 21.7))];
        assert_eq!(compared(&list, &points, true), (vec![], vec![]), "in any order");
        let moved = [(None, station("Nguyễn Thị An", 21.75))];
        assert_eq!(compared(&moved, &points, false).1, ["list-name-twice"]);
        let (changes, errors) = compared(&[(Some(B), station("Nguyễn Thị An", 21.75))], &points, false);
        assert!(errors.is_empty() && matches!(&changes[..], [Change::Revise { code, .. }] if *code == points[1].code), "{changes:?}");
        // One of two is at its place, so the other row is about the other point.
        let one_moved = [(None, station("Nguyễn Thị An", 21.75)), (None, station("Nguyễn Thị An", 21.7))];
        let (changes, errors) = compared(&one_moved, &points, true);
        assert!(errors.is_empty() && matches!(&changes[..], [Change::Revise { code, .. }] if *code == points[1].code), "{changes:?}");
    }

    #[test]
    fn a_code_that_is_unknown_or_stands_twice_changes_nothing() {
        let points = [known(A, "Trạm một", 21.7)];
        assert_eq!(compared(&[(Some(B), station("Trạm một", 21.7))], &points, false), (vec![], vec!["list-code-unknown".to_owned()]));
        let twice = [(Some(A), station("Trạm một", 21.7)), (Some(A), station("Trạm hai", 21.7))];
        assert_eq!(compared(&twice, &points, false), (vec![], vec!["list-code-twice".to_owned()]));
        let mut other = station("Trạm một", 21.7);
        other["kind"] = json!("ambulance");
        assert_eq!(compared(&[(Some(A), other)], &points, false).1, ["list-code-unknown"], "another kind");
    }

    #[test]
    fn a_person_to_call_changes_only_when_name_or_number_does() {
        let mut old = known(A, "Tổ 1", 21.7);
        old.facts["contact"] = json!({ "subject": "s-1" });
        old.contact = Some(("Lê Văn Bình".into(), "0912 345 678".into()));
        let with = |phone: &str| {
            let mut new = station("Tổ 1", 21.7);
            new["contact"] = json!({ "name": "Lê Văn Bình", "phone": phone, "consent": { "evidence": "12" } });
            new
        };
        assert_eq!(compared(&[(None, with("0912 345 678"))], &[old.clone()], false).0, vec![]);
        let (changes, _) = compared(&[(None, with("0912 345 679"))], &[old], false);
        assert!(matches!(&changes[..], [Change::Revise { facts, .. }] if facts["contact"]["consent"]["evidence"] == "12"), "{changes:?}");
    }
}
