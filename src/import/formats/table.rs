//! Reads tables of points from CSV, with the headers that offices use; sheets of workbooks share parts of this
//! module.

use serde_json::Map;

use super::{Left, Limits, ReadError, Reader, Stated, Tally, Whole, by_library, put};
use crate::geometry::crs::CrsError;
use crate::geometry::simple::{Geometry, Position};
use crate::import::cell::is_scientific;
use crate::import::columns::{Axis, axis, plain};
use crate::import::encoding::{Lean, Texts, decide, keep};
use crate::import::feature::{Feature, GeometryError};
use crate::import::source::Source;
use crate::words::alike::read;
use crate::words::number::number;

/// Most columns of a table that are read.
pub(super) const MOST_COLUMNS: usize = 256;
/// Most text of a whole table, bytes.
pub(super) const TEXT_BYTES: usize = 256 << 20;
/// Longest name of a column, in characters.
const HEADER_CHARS: usize = 200;
/// Lines at the top in which a header is looked for.
const HEADER_LINES: usize = 20;

fn damaged(error: impl std::fmt::Display) -> ReadError {
    ReadError::damaged(sentence!("place-table"), by_library(error))
}

/// Names of a header's columns in Unicode. A name that can be read in two ways follows the other names, then
/// the cells below it.
pub(super) fn headers_of<'a>(cells: impl Iterator<Item = &'a str> + Clone, below: &Texts) -> Vec<String> {
    let texts = Texts::default();
    cells.clone().for_each(|cell| {
        texts.value("", cell.trim(), &mut Vec::new());
    });
    let lean = Lean { whole: below.evidence().lean("").whole, ..texts.evidence().lean("") };
    cells.map(|cell| decide(cell.trim(), lean).text.chars().take(HEADER_CHARS).collect()).collect()
}

/// True for a row under the header that numbers the columns: (1), (2), (3) …
pub(super) fn numbers_columns<'a>(cells: impl Iterator<Item = &'a str>) -> bool {
    let mut count = 0;
    let all = cells.filter(|cell| !cell.trim().is_empty()).all(|cell| {
        count += 1;
        cell.trim().trim_start_matches(['(', '[']).trim_end_matches([')', ']']).parse() == Ok(count)
    });
    all && count >= 3
}

/// A cell without the marks that tell Excel to treat it as text: `="0216…"`, `'0216…`, `'-5 %`.
fn unmarked(cell: &str) -> &str {
    let inner = cell.trim().strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    let quoted = || cell.trim().strip_prefix('\'').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || "+-=@".contains(c)));
    inner.or_else(quoted).unwrap_or(cell)
}

/// True for a header: a row that names a column of coordinates.
pub(super) fn is_header<'a>(mut cells: impl Iterator<Item = &'a str>) -> bool {
    cells.any(|text| axis(&decide(text.trim(), Lean::default()).text).is_some())
}

/// The columns of a table.
pub(super) struct Columns {
    names: Vec<String>,
    /// The columns of longitude or x and of latitude or y, each with whether it is in degrees.
    axes: [Option<(usize, bool)>; 2],
}

impl Columns {
    /// The columns of a header's cells; a column without a name has an empty one.
    pub(super) fn new(names: Vec<String>) -> Self {
        let of = |wanted: [Axis; 2]| {
            let mut found = names.iter().enumerate().filter_map(|(i, name)| Some((i, axis(name).filter(|axis| wanted.contains(axis))?)));
            found.next().map(|(i, axis)| (i, matches!(axis, Axis::Lon | Axis::Lat)))
        };
        Self { axes: [of([Axis::Lon, Axis::X]), of([Axis::Lat, Axis::Y])], names }
    }

    /// Number of columns.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// The system that the header and the lines above it name. Degrees of VN-2000 and of WGS 84 look the same, and
    /// lie 223 m apart.
    pub(super) fn stated<'a>(&self, mut above: impl Iterator<Item = &'a str>) -> Stated {
        let in_degrees = self.axes.iter().flatten().any(|(_, is_degrees)| *is_degrees);
        let found = above.find(|text| plain(text).contains("vn2000")).filter(|_| in_degrees);
        found.map_or(Stated::Nothing, |found| Stated::Unknown(CrsError::Doubt(found.trim().chars().take(60).collect())))
    }

    /// The name of a column; none if it has no name.
    pub(super) fn name(&self, column: usize) -> Option<&String> {
        self.names.get(column).filter(|name| !name.is_empty())
    }
}

/// A coordinate in a table. In degrees, a single comma can only be the decimal comma.
pub fn coordinate(text: &str, is_degrees: bool) -> Option<f64> {
    // Cells pasted from a page or a chat bring blanks and marks that nobody sees.
    let text = &*read(text);
    // “512.650” in metres may be half a million, because Vietnamese tables group thousands by dots.
    let open = text.trim().split_once('.').is_some_and(|(before, after)| {
        !is_degrees
            && after.len() == 3
            && (1..=3).contains(&before.len())
            && (before.to_owned() + after).bytes().all(|byte| byte.is_ascii_digit())
    });
    // “2.40E+06” has lost its last digits.
    let digits = text.bytes().take_while(|byte| !matches!(byte, b'e' | b'E')).filter(u8::is_ascii_digit).count();
    if open || !is_degrees && is_scientific(text) && digits < 7 {
        return None;
    }
    if is_degrees && let Some(angle) = degrees(text) {
        return Some(angle);
    }
    number(text).or_else(|| if is_degrees && text.matches(',').count() == 1 { number(&text.replace(',', ".")) } else { None })
}

/// An angle in degrees, minutes and seconds, with their signs: `21°42'45"`, `104° 52′ 12,5″ E`. None if it is written
/// otherwise. West and south are negative; Vietnamese B and Đ are north and east.
fn degrees(text: &str) -> Option<f64> {
    let text = text.trim().to_uppercase();
    let bare = text.trim_end_matches(['N', 'S', 'E', 'W', 'B', 'Đ']).trim_end();
    let is_negative = text[bare.len()..].contains(['S', 'W']);
    let (whole, rest) = bare.split_once(['°', 'º', '˚'])?;
    let rest = rest.replace(['″', '”', '“'], "\"").replace(['′', '’', '‘', '´', '`'], "'").replace("''", "\"");
    let (minutes, seconds) = rest.split_once('\'').unwrap_or((&rest, ""));
    let seconds = seconds.trim().trim_end_matches('"');
    let value = |text: &str, most: f64| match text.trim() {
        "" => Some(0.0),
        text if text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',')) => {
            text.replace(',', ".").parse::<f64>().ok().filter(|value| *value < most)
        }
        _ => None,
    };
    let whole = whole.trim();
    let degrees = value(whole, 181.0).filter(|_| !whole.is_empty())?;
    let angle = degrees + value(minutes, 60.0)? / 60.0 + value(seconds, 60.0)? / 3_600.0;
    Some(if is_negative { -angle } else { angle })
}

/// Makes a feature of a row: its columns of coordinates become the place. Empty cells are left out.
pub(super) fn feature(columns: &Columns, cells: Vec<(usize, String)>, line: u64, tally: &Tally) -> Feature {
    let [x, y] = columns.axes.map(|axis| {
        let (column, is_degrees) = axis?;
        let text = cells.iter().find(|(i, _)| *i == column).map(|(_, text)| text.trim()).filter(|text| !text.is_empty())?;
        Some((text, is_degrees))
    });
    let geometry = match (x, y) {
        (Some((x, degrees_x)), Some((y, degrees_y))) => match (coordinate(x, degrees_x), coordinate(y, degrees_y)) {
            (Some(x), Some(y)) => Ok(Geometry::Point(Position([x, y]))),
            (x_read, _) if degrees_x => {
                let text: String = (if x_read.is_none() { x } else { y }).chars().take(40).collect();
                Err(GeometryError::unreadable(sentence!("angle-unclear", text)))
            }
            (x_read, _) => {
                let text: String = (if x_read.is_none() { x } else { y }).chars().take(40).collect();
                Err(GeometryError::unreadable(sentence!("coordinate-unclear", text)))
            }
        },
        _ => Err(GeometryError::Missing),
    };
    let named = cells.into_iter().filter_map(|(column, cell)| Some((columns.name(column)?.clone(), cell)));
    let mut properties = Map::new();
    named.filter(|(_, cell)| !cell.trim().is_empty()).for_each(|(name, cell)| put(&mut properties, name, &cell, tally));
    Feature { properties, geometry, line: Some(line) }
}

/// The text of a table as Excel or Notepad may save it: UTF-16 or UTF-8 by its byte order mark, else bytes
/// whose encoding is decided cell by cell.
fn decode(bytes: &[u8]) -> Result<String, ReadError> {
    if let Some((encoding, length)) = encoding_rs::Encoding::for_bom(bytes) {
        if encoding == encoding_rs::UTF_8 {
            return Ok(keep_lines(&bytes[length..]));
        }
        let (text, damage) = encoding.decode_without_bom_handling(&bytes[length..]);
        return if damage { Err(not_text()) } else { Ok(text.into_owned()) };
    }
    // UTF-16 without its mark: every other byte of ASCII letters is 0.
    for (encoding, zero) in [(encoding_rs::UTF_16LE, 1), (encoding_rs::UTF_16BE, 0)] {
        let head = &bytes[..bytes.len().min(64)];
        if head.len() >= 8 && head.iter().skip(zero).step_by(2).filter(|byte| **byte == 0).count() * 3 > head.len() {
            let (text, damage) = encoding.decode_without_bom_handling(bytes);
            return if damage { Err(not_text()) } else { Ok(text.into_owned()) };
        }
    }
    if bytes.iter().any(|byte| *byte < 9) {
        return Err(not_text());
    }
    Ok(keep_lines(bytes))
}

/// Decodes line by line, so that damage in one line leaves the others as they are.
fn keep_lines(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.split_inclusive(|byte| matches!(byte, b'\n' | b',' | b';' | b'\t' | b'|')).map(keep).collect(),
    }
}

fn not_text() -> ReadError {
    ReadError::new("unknown-format", sentence!("unknown-format"))
}

/// Where a table's header is, and what separates its cells.
struct Layout {
    separator: u8,
    /// Number of records above the header.
    above: usize,
}

/// The separator from a line such as `sep=;`, which tells it to Excel.
fn separator_line(line: &str) -> Option<u8> {
    let separator = line.trim().trim_matches('"').to_lowercase().strip_prefix("sep=")?.bytes().next();
    // The separator is missing if it was a tab, which was trimmed away.
    Some(separator.unwrap_or(b'\t'))
}

fn records(text: &str, separator: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new().delimiter(separator).flexible(true).has_headers(false).from_reader(text.as_bytes())
}

/// Finds the header: the first record with a column of coordinates, with the separator that shows it first. If
/// there is none, the first record is the header.
fn layout(text: &str) -> Result<Layout, ReadError> {
    let told = text.lines().next().and_then(separator_line);
    let separators = told.map_or_else(|| vec![b';', b',', b'\t', b'|'], |separator| vec![separator]);
    let mut best: Option<(usize, std::cmp::Reverse<usize>, u8)> = None;
    for separator in separators {
        for (at, record) in records(text, separator).records().take(HEADER_LINES).enumerate() {
            let Ok(record) = record else { break };
            if record.len() >= 2 && is_header(record.iter()) {
                let found = (at, std::cmp::Reverse(record.len()), separator);
                best = Some(best.map_or(found, |best| best.min(found)));
                break;
            }
        }
    }
    if let Some((above, _, separator)) = best {
        return Ok(Layout { separator, above });
    }
    let above = usize::from(told.is_some());
    let first = text.lines().nth(above).unwrap_or_default();
    let count = |separator: &u8| first.bytes().filter(|byte| byte == separator).count();
    let separator = told.unwrap_or_else(|| [b',', b';', b'\t'].into_iter().max_by_key(count).unwrap_or(b','));
    if count(&separator) == 0 { Err(not_text()) } else { Ok(Layout { separator, above }) }
}

/// A separator as people name it.
fn shown(separator: char) -> String {
    if separator == '\t' { "Tab".to_owned() } else { format!("“{separator}”") }
}

/// True for a cell that holds a shape as well-known text (ISO 19125-1).
fn is_wkt(cell: &str) -> bool {
    let cell = cell.trim().to_ascii_uppercase();
    let kind = cell.split(['(', ' ']).next().unwrap_or_default();
    matches!(kind, "POLYGON" | "MULTIPOLYGON" | "LINESTRING" | "MULTILINESTRING" | "POINT") && cell.contains('(') && cell.ends_with(')')
}

/// Counts lines, because the parser's own count is one short in files with two-character line ends.
struct Lines<'a> {
    text: &'a [u8],
    counted: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line on which the record at that byte begins. Successive calls must not go backwards.
    fn of(&mut self, byte: usize) -> u64 {
        let rest = self.text.get(byte..).unwrap_or_default();
        let start = byte + rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let new = self.text.get(self.counted..start).unwrap_or_default();
        self.line += memchr::memchr_iter(b'\n', new).count() as u64;
        self.counted = start;
        self.line
    }
}

/// Reads a CSV file separated by commas, semicolons, tabs or bars.
pub fn open_csv(source: &Source, limits: &Limits) -> Result<Box<dyn Reader>, ReadError> {
    let bytes = source.read(limits.bytes.min(TEXT_BYTES as u64))?;
    let text = decode(&bytes)?;
    drop(bytes);
    let tally = Tally::default();
    let Layout { separator, above } = layout(&text)?;
    let mut reader = records(&text, separator);
    let mut columns = Columns::new(Vec::new());
    let mut features = Vec::new();
    let mut widest = columns.len();
    let mut header = csv::StringRecord::new();
    let mut above_it: Vec<String> = Vec::new();
    let below = Texts::default();
    for record in records(&text, separator).records().skip(above + 1).take(200).flatten() {
        record.iter().for_each(|cell| {
            below.value("", cell.trim(), &mut Vec::new());
        });
    }
    let mut lines = Lines { text: text.as_bytes(), counted: 0, line: 1 };
    for (at, record) in reader.records().enumerate() {
        let record = record.map_err(damaged)?;
        let line = lines.of(record.position().map_or(0, csv::Position::byte) as usize);
        if at == above + 1 && numbers_columns(record.iter()) {
            tally.quote(Left::LinesAbove, record.iter().next().unwrap_or_default());
            continue;
        }
        if at <= above {
            above_it.extend(record.iter().map(str::to_owned));
        }
        if at < above {
            tally.quote(Left::LinesAbove, record.iter().collect::<Vec<_>>().join(" ").trim());
            continue;
        }
        // A header that stands again, as on the top of each printed page.
        if at > above && record == header {
            tally.quote(Left::LinesAbove, record.iter().collect::<Vec<_>>().join(" ").trim());
            continue;
        }
        if at > above
            && widest > 1
            && let [Some(cell), None] = [record.get(0), record.get(1)]
            && let Some(other) = [';', ',', '\t', '|'].into_iter().find(|other| cell.matches(*other).count() + 1 >= widest)
        {
            let (mine, other) = (shown(char::from(separator)), shown(other));
            return Err(ReadError::new("separators-differ", sentence!("separators-differ", line, other, mine)));
        }
        // An unclosed quotation mark takes whole rows into its cell.
        let swallowed = record.iter().find(|cell| {
            cell.lines().skip(1).any(|inner| widest > 1 && inner.bytes().filter(|byte| *byte == separator).count() + 1 >= widest)
        });
        if swallowed.is_some() && at > above {
            return Err(ReadError::new("open-quotation", sentence!("open-quotation", line)));
        }
        if at == above {
            columns = Columns::new(headers_of(record.iter().take(MOST_COLUMNS), &below));
            widest = columns.len();
            header = record.clone();
            tally.many(Left::ColumnsBeyond, record.len().saturating_sub(MOST_COLUMNS));
            continue;
        }
        if features.is_empty() && record.iter().any(is_wkt) {
            return Err(ReadError::new("geometry-as-text", sentence!("geometry-as-text", line)));
        }
        if features.len() >= limits.features {
            return Err(ReadError::too_many(limits.features));
        }
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if let Some(cell) = record.iter().skip(columns.len()).find(|cell| !cell.trim().is_empty()).filter(|_| columns.len() < MOST_COLUMNS)
        {
            tally.quote(Left::CellsBehind, cell);
        }
        if let Some((_, cell)) =
            record.iter().enumerate().find(|(i, cell)| columns.name(*i).is_none() && *i < columns.len() && !cell.trim().is_empty())
        {
            tally.quote(Left::Nameless, cell);
        }
        let cells = record.iter().take(columns.len()).enumerate().filter(|(_, cell)| !cell.trim().is_empty());
        features.push(feature(&columns, cells.map(|(i, cell)| (i, unmarked(cell).to_owned())).collect(), line, &tally));
    }
    Ok(Whole::boxed(columns.stated(above_it.iter().map(String::as_str)), features, tally))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn angles_are_read_by_their_signs_and_not_by_blanks() {
        let near = |text: &str, value: f64| {
            let read = coordinate(text, true).unwrap_or_else(|| panic!("{text}"));
            assert!((read - value).abs() < 1e-9, "{text}: {read}");
        };
        let (lat, lon) = (21.0 + 42.0 / 60.0 + 45.5 / 3_600.0, 104.0 + 52.0 / 60.0 + 12.0 / 3_600.0);
        for text in ["21°42'45.5\"", "21° 42′ 45,5″ N", "21º42'45.5''B", "21°42’45,5”N"] {
            near(text, lat);
        }
        for text in ["104°52'12\"E", "104° 52' 12\" Đ", "104˚52.2'"] {
            near(text, lon);
        }
        near("104.87°", 104.87);
        near("21°42'45.5\"S", -lat);
        for text in ["21 42 45", "21°60'00\"", "21°42'61\"", "°42'", "21°42'45\"x", "21°-5'", "khoảng 21°", "21°4°"] {
            assert_eq!(coordinate(text, true), None, "{text}");
        }
        assert_eq!(coordinate("21°42'", false), None, "a column of metres");
        assert_eq!((coordinate("2.40E+06", false), coordinate("2.401150E+06", false)), (None, Some(2_401_150.0)));
    }
}
