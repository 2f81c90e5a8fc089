//! Results of an indicator from a table: a line for each unit, some of which may be empty.

use serde_json::Value;

use super::cell;
use super::columns::plain;
use super::points::Cells;
use super::report::{Finding, Report, Severity};
use crate::domain::figures::Who;
use crate::domain::unit::Unit;
use crate::words::fold::{fold, typed};
use crate::words::number::whole;

/// The columns that are understood, and the headers such a column may have, folded without separators.
const COLUMNS: [(&str, &[&str]); 7] = [
    ("unit", &["madonvi", "ma", "madvhc", "unit", "code"]),
    ("name", &["ten", "tendonvi", "phuongxa", "donvi", "name"]),
    ("body", &["tochucdoanhnghiep", "tochuc", "tentochuc", "coquan", "doanhnghiep", "organisation", "body"]),
    ("value", &["solieu", "ketqua", "giatri", "value"]),
    ("yes", &["traloico", "co", "yes"]),
    ("asked", &["duochoi", "songuoiduochoi", "mau", "asked"]),
    ("population", &["danso", "population"]),
];

/// A line of results, as it goes into the form.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The unit or the organisation.
    pub who: Who,
    /// Figure, those who said yes, those asked, population; none where the cell is empty.
    pub cells: [Option<f64>; 4],
}

/// Reads the lines; what is wrong with a line is in the report, by its line in the file. Lines without a figure are no
/// results. `read` reads a figure; `has_bodies` says that organisations may be reported on too.
pub fn lines(rows: &[Cells], units: &[&Unit], has_bodies: bool, read: impl Fn(&str) -> Option<f64>, report: &mut Report) -> Vec<Line> {
    let column = |header: &str| COLUMNS.iter().find(|(_, names)| names.contains(&plain(header).as_str())).map(|(name, _)| *name);
    let mut found: Vec<Line> = Vec::new();
    for row in rows {
        let cell_of = |wanted: &str| row.cells.iter().find(|(header, _)| column(header) == Some(wanted)).and_then(|(_, value)| text(value));
        let mut wrong = |check, said| report.push(Finding::new(Severity::Error, check, said).of(row.number, row.line));
        let (code, name) = (cell_of("unit"), cell_of("name"));
        let mut cells = [None; 4];
        let mut is_read = true;
        for (slot, wanted) in cells.iter_mut().zip(["value", "yes", "asked", "population"]) {
            let Some(text) = cell_of(wanted) else { continue };
            let in_cell = row.cells.iter().find(|(header, _)| column(header) == Some(wanted)).and_then(|(_, value)| value.as_f64());
            let value = match in_cell {
                // A sheet's number is no text that could be meant otherwise.
                Some(number) => Some(number).filter(|number| wanted == "value" || number.fract() == 0.0 && *number >= 0.0),
                None if wanted == "value" => read(&text),
                None => whole(&text).map(|value| value as f64),
            };
            *slot = value;
            if value.is_none() {
                is_read = false;
                wrong("result-number", sentence!("result-number", text));
            }
        }
        // The template names every unit; what is left empty is not reported.
        if !is_read || cells[..3].iter().all(Option::is_none) {
            continue;
        }
        let is_meant = |unit: &&&Unit| match (&code, &name) {
            (Some(code), _) => unit.id.as_str() == code.trim() || unit.id.as_str().split('-').next() == Some(code.trim()),
            (None, Some(name)) => fold(&unit.name_vi) == fold(name) || fold(&unit.name_en) == fold(name),
            (None, None) => false,
        };
        let mut meant = units.iter().filter(is_meant);
        let (first, another) = (meant.next(), meant.next());
        let body = cell_of("body").filter(|_| has_bodies && code.is_none() && name.is_none());
        let shown = code.clone().or(name.clone()).or(cell_of("body")).unwrap_or_default();
        let who = match (first, another, body) {
            (Some(unit), None, _) => Who::Unit(unit.id.clone()),
            (None, None, Some(body)) => Who::Body(typed(&body)),
            _ => {
                wrong("result-unit", sentence!("result-unit", shown));
                continue;
            }
        };
        if found.iter().any(|line| line.who == who) {
            wrong("result-twice", sentence!("result-twice", shown));
            continue;
        }
        found.push(Line { who, cells });
    }
    if rows.is_empty() || found.is_empty() && report.is_clean() {
        report.add(Severity::Error, "result-none", None, sentence!("result-none"));
    }
    found
}

fn text(value: &Value) -> Option<String> {
    cell::text(value).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::test_support::city;
    use crate::words::number::number;

    #[test]
    fn lines_are_read_by_code_or_name_and_wrong_ones_are_named() {
        let city = city();
        let units: Vec<&Unit> = city.units.0.iter().collect();
        let row =
            |number: usize, cells: Value| Cells { number, line: Some(number as u64 + 2), cells: cells.as_object().expect("cells").clone() };
        let rows = [
            row(0, json!({ "Mã đơn vị": "04249-2020", "Tên": "x", "Số liệu": "74,8" })),
            row(
                1,
                json!({ "Mã đơn vị": "04252-2025", "Tên": "", "Số liệu": "", "Trả lời có": "81", "Được hỏi": "110", "Dân số": "11.800" }),
            ),
            row(2, json!({ "Mã đơn vị": "99999", "Số liệu": "1" })),
            row(3, json!({ "Mã đơn vị": "04249-2020", "Số liệu": "nhiều" })),
            row(4, json!({ "Mã đơn vị": "04249-2020", "Số liệu": "70" })),
            row(5, json!({ "Mã đơn vị": "04249-2020", "Tên": "không báo cáo" })),
            row(6, json!({ "Tổ chức, doanh nghiệp": " Điện lực Yên Bái ", "Số liệu": "88" })),
        ];
        let mut report = Report::default();
        let found = lines(&rows, &units, true, number, &mut report);
        let unit = |id: &str| Who::Unit(id.parse().expect("unit"));
        let expected = [
            (unit("04249-2020"), [Some(74.8), None, None, None]),
            (unit("04252-2025"), [None, Some(81.0), Some(110.0), Some(11_800.0)]),
            (Who::Body("Điện lực Yên Bái".into()), [Some(88.0), None, None, None]),
        ];
        assert_eq!(found.into_iter().map(|line| (line.who, line.cells)).collect::<Vec<_>>(), expected);
        let checks: Vec<_> = report.findings.iter().map(|finding| (finding.check.as_str(), finding.line)).collect();
        // Twelve and an eighth in a sheet is not twelve thousand.
        let in_cell = [row(0, json!({ "Mã đơn vị": "04249-2020", "Số liệu": 12.125 }))];
        let read = lines(&in_cell, &units, true, |text| whole(text).map(|value| value as f64), &mut Report::default());
        assert_eq!(read[0].cells[0], Some(12.125));
        assert_eq!(checks, [("result-unit", Some(4)), ("result-number", Some(5)), ("result-twice", Some(6))]);
        // A ward reports on no organisation.
        assert!(lines(&rows[6..], &units, false, number, &mut Report::default()).is_empty());
    }
}
