//! Tables of points: CSV and XLSX, with the headers that offices use.

use std::collections::BTreeMap;

use calamine::{DataRef, Reader as _, Xlsx};
use serde_json::{Map, Value};

use super::{Choice, Limits, Note, ReadError, Reader, Stated, Whole, archive};
use crate::import::columns::{Axis, axis};
use crate::import::feature::{Feature, Geometry, GeometryError, Position};
use crate::import::report::Severity;
use crate::import::source::Source;

/// Columns of a table that are read.
const MOST_COLUMNS: usize = 256;
/// Text of a whole table.
const TEXT_BYTES: usize = 256 << 20;

fn damaged(what: impl std::fmt::Display) -> ReadError {
    ReadError::damaged("Bảng (the table)", what)
}

/// A number as people write it: `104.87`, `104,87`, `2 401 150,5`.
fn number(text: &str) -> Option<f64> {
    let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    plain.parse().or_else(|_| plain.replace(',', ".").parse()).ok()
}

/// A row as a feature; its columns of coordinates become its place.
fn feature(headers: &[String], cells: Vec<String>, line: u64) -> Feature {
    let of = |wanted: [Axis; 2]| {
        let found = headers.iter().zip(&cells).find(|(header, _)| axis(header).is_some_and(|axis| wanted.contains(&axis)));
        found.map(|(_, text)| text.as_str()).filter(|text| !text.trim().is_empty())
    };
    let geometry = match (of([Axis::Lon, Axis::X]), of([Axis::Lat, Axis::Y])) {
        (Some(x), Some(y)) => match (number(x), number(y)) {
            (Some(x), Some(y)) => Ok(Geometry::Point(Position([x, y]))),
            _ => Err(GeometryError::Unreadable(format!("“{x}; {y}” is not a pair of numbers"))),
        },
        _ => Err(GeometryError::Missing),
    };
    let properties: Map<String, Value> = headers
        .iter()
        .cloned()
        .zip(cells)
        .filter(|(header, _)| !header.is_empty())
        .map(|(header, cell)| (header, Value::from(cell)))
        .collect();
    Feature { properties, geometry, line: Some(line) }
}

/// The text of a table, whatever Excel or Notepad saved it as.
fn decode(bytes: &[u8]) -> Result<(String, Vec<Note>), ReadError> {
    if let Some((encoding, length)) = encoding_rs::Encoding::for_bom(bytes) {
        let (text, damage) = encoding.decode_without_bom_handling(&bytes[length..]);
        return if damage { Err(not_text()) } else { Ok((text.into_owned(), Vec::new())) };
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return if text.contains('\0') { Err(not_text()) } else { Ok((text.to_owned(), Vec::new())) };
    }
    if bytes.iter().any(|byte| *byte < 9) {
        return Err(not_text());
    }
    let latin: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    if crate::import::encoding::detect(latin.lines()).is_some() {
        return Ok((latin, Vec::new()));
    }
    let text = encoding_rs::WINDOWS_1258.decode_without_bom_handling(bytes).0.into_owned();
    let note = Note {
        severity: Severity::Warning,
        check: "encoding",
        vi: "Bảng không phải UTF-8; đã đọc theo bảng mã Windows-1258. Hãy xem lại các tên".into(),
        en: "The table is not UTF-8; it was read as Windows-1258. Look at the names".into(),
    };
    Ok((text, vec![note]))
}

fn not_text() -> ReadError {
    ReadError::new(
        "unknown-format",
        "Không nhận ra loại tệp: cần GeoJSON, Shapefile (zip), GeoPackage, FlatGeobuf, KML/KMZ, DXF, CSV hoặc XLSX",
        "The kind of file is not recognised: it must be GeoJSON, Shapefile (zip), GeoPackage, FlatGeobuf, KML/KMZ, DXF, CSV or XLSX",
    )
}

/// Reads a CSV file: comma, semicolon or tab.
pub fn open_csv(source: &Source, limits: &Limits) -> Result<Box<dyn Reader>, ReadError> {
    let bytes = source.read(limits.bytes.min(TEXT_BYTES as u64))?;
    let (text, notes) = decode(&bytes)?;
    let first_line = text.lines().next().unwrap_or_default();
    let count = |separator: char| first_line.matches(separator).count();
    let delimiter = [',', ';', '\t'].into_iter().max_by_key(|separator| count(*separator)).unwrap_or(',');
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter as u8).flexible(true).from_reader(text.as_bytes());
    let headers: Vec<String> = reader.headers().map_err(damaged)?.iter().take(MOST_COLUMNS).map(|name| name.trim().to_owned()).collect();
    if headers.len() < 2 {
        return Err(not_text());
    }
    let mut features = Vec::new();
    for record in reader.records() {
        let record = record.map_err(damaged)?;
        if features.len() >= limits.features {
            return Err(ReadError::too_many(limits.features));
        }
        let line = record.position().map_or(0, csv::Position::line);
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let cells = (0..headers.len()).map(|i| record.get(i).unwrap_or_default().to_owned()).collect();
        features.push(feature(&headers, cells, line));
    }
    Ok(Whole::boxed(Stated::Nothing, features, notes))
}

fn text_of(cell: &DataRef<'_>) -> String {
    match cell {
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(value) => value.to_string(),
        DataRef::DateTime(value) => value.as_f64().to_string(),
        DataRef::Error(_) | DataRef::Empty => String::new(),
    }
}

/// Reads a workbook's sheet: the one that is named, else the first with a table in it. Formulas
/// count as the values that were saved with them. `sizes` are the unpacked sizes of its parts.
pub fn open_xlsx(source: &Source, choice: &Choice, sizes: &BTreeMap<String, u64>) -> Result<Box<dyn Reader>, ReadError> {
    let strings = sizes.get("xl/sharedStrings.xml").copied().unwrap_or(0);
    if strings > TEXT_BYTES as u64 {
        return Err(ReadError::too_large(TEXT_BYTES as u64));
    }
    // What the library makes of damage is an error, were it a panic.
    let read = || read_xlsx(source, choice);
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(damaged("the workbook's structure contradicts itself")))
}

fn read_xlsx(source: &Source, choice: &Choice) -> Result<Box<dyn Reader>, ReadError> {
    let mut workbook: Xlsx<_> = calamine::open_workbook_from_rs(source.open()?).map_err(|error: calamine::XlsxError| damaged(error))?;
    let names = workbook.sheet_names();
    let sheets: Vec<String> = match &choice.layer {
        Some(asked) if names.contains(asked) => vec![asked.clone()],
        Some(asked) => return Err(archive::layers(&names, Some(asked))),
        None => names,
    };
    for sheet in &sheets {
        let rows = read_sheet(&mut workbook, sheet, &choice.limits)?;
        let Some(top) = rows.iter().position(|(_, cells)| is_header(cells)) else { continue };
        let mut headers: Vec<String> = Vec::new();
        for (column, text) in &rows[top].1 {
            headers.resize(headers.len().max(column + 1), String::new());
            text.trim().clone_into(&mut headers[*column]);
        }
        let features = rows[top + 1..].iter().map(|(row, cells)| {
            let texts = (0..headers.len()).map(|column| cells.get(&column).cloned().unwrap_or_default()).collect();
            feature(&headers, texts, u64::from(*row) + 1)
        });
        return Ok(Whole::boxed(Stated::Nothing, features.collect(), Vec::new()));
    }
    Err(ReadError::new(
        "no-table",
        "Không trang tính nào có dòng tiêu đề với cột tọa độ (Kinh độ/Vĩ độ hoặc X/Y)",
        "No sheet has a header row with columns of coordinates (Kinh độ/Vĩ độ or X/Y)",
    ))
}

/// The row that names columns: one of them holds coordinates.
fn is_header(cells: &BTreeMap<usize, String>) -> bool {
    cells.values().any(|text| axis(text).is_some())
}

type Row = (u32, BTreeMap<usize, String>);

fn read_sheet<R: std::io::Read + std::io::Seek>(workbook: &mut Xlsx<R>, sheet: &str, limits: &Limits) -> Result<Vec<Row>, ReadError> {
    let mut cells = workbook.worksheet_cells_reader(sheet).map_err(damaged)?;
    let mut rows: Vec<Row> = Vec::new();
    let mut left = TEXT_BYTES;
    while let Some(cell) = cells.next_cell().map_err(damaged)? {
        let (row, column) = cell.get_position();
        let text = text_of(cell.get_value());
        if text.trim().is_empty() || column as usize >= MOST_COLUMNS {
            continue;
        }
        left = left.checked_sub(text.len()).ok_or_else(|| ReadError::too_large(TEXT_BYTES as u64))?;
        if rows.last().is_none_or(|(last, _)| *last != row) {
            if rows.len() > limits.features {
                return Err(ReadError::too_many(limits.features));
            }
            rows.push((row, BTreeMap::new()));
        }
        if let Some((_, cells)) = rows.last_mut() {
            cells.insert(column as usize, text);
        }
    }
    Ok(rows)
}
