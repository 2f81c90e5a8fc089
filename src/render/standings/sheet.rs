//! An indicator's figures as files: CSV, XLSX and JSON; and the sheet into which results are entered.

use rust_xlsxwriter::{Format, Workbook, XlsxError};
use serde_json::{Value, json};

use super::{name_of, standing_words};
use crate::domain::city::City;
use crate::domain::figures::{Measure, Method, Standing};
use crate::domain::figures::{Row, Table};
use crate::domain::unit::Unit;
use crate::words::sheet::harmless;
use crate::words::text::Lang;

/// The columns, as programs read them.
const COLUMNS: [&str; 16] = [
    "indicator",
    "period",
    "rank",
    "unit",
    "name",
    "value",
    "low",
    "high",
    "yes",
    "asked",
    "target",
    "pledge",
    "standing",
    "as_of",
    "source",
    "document",
];

/// A cell of the table.
enum Cell {
    Empty,
    Text(String),
    Number(f64),
}

impl From<Option<f64>> for Cell {
    fn from(number: Option<f64>) -> Self {
        number.map_or(Self::Empty, Self::Number)
    }
}

fn standing_name(standing: Standing) -> &'static str {
    match standing {
        Standing::Missed => "missed",
        Standing::Met => "met",
        Standing::Exceeded(_) => "exceeded",
    }
}

fn rows(standings: &Table) -> impl Iterator<Item = &Row> {
    standings.city.iter().chain(&standings.units).chain(&standings.bodies)
}

fn round(value: f64) -> f64 {
    // Never minus nothing.
    (value * 1e4).round() / 1e4 + 0.0
}

fn cells(city: &City, standings: &Table, row: &Row) -> Vec<Cell> {
    let text = |text: &str| Cell::Text(text.to_owned());
    let is_sampled = row.interval.low < row.interval.high;
    let answers = row.answers;
    vec![
        text(standings.code.as_str()),
        text(&standings.period.to_string()),
        (row.rank > 0).then_some(row.rank as f64).into(),
        row.who.unit().map_or(Cell::Empty, |id| text(id.as_str())),
        text(name_of(Lang::Vi, city, &row.who)),
        Cell::Number(round(row.value)),
        is_sampled.then_some(round(row.interval.low)).into(),
        is_sampled.then_some(round(row.interval.high)).into(),
        answers.map(|answers| f64::from(answers.yes)).into(),
        answers.map(|answers| f64::from(answers.asked)).into(),
        row.target.into(),
        row.pledge.as_ref().map(|pledge| pledge.value).into(),
        row.standing.map_or(Cell::Empty, |standing| text(standing_name(standing))),
        text(&row.as_of.to_string()),
        text(&row.source),
        row.document.as_deref().map_or(Cell::Empty, text),
    ]
}

/// The table as CSV (RFC 4180), with the byte-order mark by which spreadsheets know UTF-8.
pub fn csv(city: &City, standings: &Table) -> Result<Vec<u8>, csv::Error> {
    let mut out = csv::Writer::from_writer(b"\xef\xbb\xbf".to_vec());
    out.write_record(COLUMNS)?;
    for row in rows(standings) {
        out.write_record(cells(city, standings, row).into_iter().map(|cell| match cell {
            Cell::Empty => String::new(),
            Cell::Text(text) => harmless(text),
            Cell::Number(number) => number.to_string(),
        }))?;
    }
    out.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

/// The table as a workbook.
pub fn xlsx(city: &City, standings: &Table) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let bold = Format::new().set_bold();
    for (column, name) in (0u16..).zip(COLUMNS) {
        sheet.write_string_with_format(0, column, name, &bold)?;
    }
    for (number, row) in (1u32..).zip(rows(standings)) {
        for (column, cell) in (0u16..).zip(cells(city, standings, row)) {
            match cell {
                Cell::Empty => {}
                Cell::Text(text) => {
                    sheet.write_string(number, column, text)?;
                }
                Cell::Number(value) => {
                    sheet.write_number(number, column, value)?;
                }
            }
        }
    }
    sheet.set_column_width(4, 28)?;
    sheet.set_freeze_panes(1, 0)?;
    book.save_to_buffer()
}

/// Columns of the sheet into which results are entered, with the words that are read again.
pub const ENTRY: [&str; 6] = ["Mã đơn vị", "Tên", "Số liệu", "Trả lời có", "Được hỏi", "Dân số"];
/// The column of organisations, where the person reports on them.
const BODIES: &str = "Tổ chức, doanh nghiệp";

/// The sheet into which results are entered: a line for each unit, then one for each organisation that is known, for those
/// who report on organisations. What is left empty is not reported.
pub fn template(measure: &Measure, units: &[&Unit], bodies: Option<&[String]>) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let bold = Format::new().set_bold();
    let is_sampled = measure.method == Method::Sample;
    let is_meant = |i: usize| i < 3 && (!is_sampled || i != 2 || bodies.is_some()) || i >= 3 && is_sampled;
    let columns = ENTRY.into_iter().enumerate().filter(|(i, _)| is_meant(*i)).map(|(_, name)| name);
    let columns: Vec<&str> = columns.chain(bodies.map(|_| BODIES)).collect();
    for (column, name) in (0u16..).zip(&columns) {
        sheet.write_string_with_format(0, column, *name, &bold)?;
    }
    for (number, unit) in (1u32..).zip(units) {
        sheet.write_string(number, 0, unit.id.as_str())?;
        sheet.write_string(number, 1, &unit.name_vi)?;
    }
    let (first, last) = (units.len() as u32 + 1, columns.len() as u16 - 1);
    for (number, body) in (first..).zip(bodies.unwrap_or_default()) {
        sheet.write_string(number, last, body)?;
    }
    sheet.set_column_width(0, 14)?;
    sheet.set_column_width(1, 28)?;
    sheet.set_freeze_panes(1, 0)?;
    book.save_to_buffer()
}

/// The figures as JSON.
pub fn json(city: &City, standings: &Table) -> Value {
    let row = |row: &Row| {
        let wanted = row.wanted();
        json!({
            "unit": row.who.unit(), "name": name_of(Lang::Vi, city, &row.who), "rank": (row.rank > 0).then_some(row.rank),
            "value": round(row.value), "low": round(row.interval.low), "high": round(row.interval.high),
            "answers": row.answers, "target": row.target, "pledge": row.pledge, "standing": row.standing.map(standing_name),
            "standing_vi": row.standing.map(|standing| standing_words(Lang::Vi, standing)),
            "difference": wanted.map(|wanted| round(row.value - wanted)),
            "difference_pct": wanted.filter(|wanted| *wanted > 0.0).map(|wanted| round((row.value - wanted) / wanted * 100.0)),
            "as_of": row.as_of, "source": row.source, "document": row.document,
            "corrected": row.corrected.iter().map(|before| json!({ "value": before.value, "as_of": before.as_of, "reason": before.reason })).collect::<Vec<_>>(),
        })
    };
    let indicator = &standings.measure;
    json!({
        "code": standings.code, "url": format!("{}/indicators/{}", city.public_url, standings.code),
        "title": indicator.title, "title_en": indicator.title_en, "definition": indicator.definition, "unit": indicator.unit,
        "direction": indicator.direction, "method": indicator.method, "period": standings.period, "periods": standings.periods,
        "city": standings.city.as_ref().map(row),
        "units": standings.units.iter().map(row).collect::<Vec<_>>(), "bodies": standings.bodies.iter().map(row).collect::<Vec<_>>(),
        "not_reported": standings.missing, "pledges_open": standings.pledged,
        "course": standings.course.iter().map(|(period, value, target)| json!({ "period": period, "value": value, "target": target })).collect::<Vec<_>>(),
    })
}
