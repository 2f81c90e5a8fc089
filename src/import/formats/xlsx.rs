//! Workbooks (Office Open XML, ECMA-376 part 1, SpreadsheetML): a sheet with a header, its cells as
//! their author sees them.
//!
//! An own reader over a streaming XML parser: libraries take memory for what a workbook says of itself
//! (counts of strings, extents of sheets), and hide the formats by which a phone number keeps its 0.

use std::io::BufReader;

use quick_xml::Reader as Xml;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};

use super::archive::{Archive, layers};
use super::table::{Columns, MOST_COLUMNS, TEXT_BYTES, feature, headers_of, is_header, numbers_columns};
use super::{Choice, Left, Limits, ReadError, Reader, Stated, Tally, Whole};
use crate::import::cell;
use crate::import::source::{ReadSeek, like};

/// Rows in which a header is looked for.
const HEADER_ROWS: usize = 50;
/// Longest number format; Excel allows 255 characters.
const FORMAT_CHARS: usize = 255;
/// Deepest nesting.
const DEPTH: usize = 64;
/// Merged ranges that are looked at, and rows that they may fill.
const MOST_MERGED: usize = 100_000;
const MOST_FILLED: usize = 2_000_000;
/// Sheets of a workbook that are looked at.
const MOST_SHEETS: usize = 500;

fn damaged(what: impl std::fmt::Display) -> ReadError {
    ReadError::damaged(("Bảng tính", "The workbook"), what)
}

/// What a part is made of.
enum Piece {
    Begin(String, Vec<(String, String)>),
    End(String),
    Text(String),
}

/// A part of the workbook, piece by piece.
struct Part {
    xml: Xml<BufReader<Box<dyn ReadSeek>>>,
    buffer: Vec<u8>,
    depth: usize,
    /// The end of an element without content comes after its beginning.
    ended: Option<String>,
}

impl Part {
    fn open(archive: &mut Archive, name: &str) -> Result<Option<Self>, ReadError> {
        let Some(name) = archive.find(name).cloned() else { return Ok(None) };
        let input = archive.unpack(&name)?.open()?;
        Ok(Some(Self { xml: Xml::from_reader(BufReader::new(input)), buffer: Vec::new(), depth: 0, ended: None }))
    }

    fn next(&mut self) -> Result<Option<Piece>, ReadError> {
        if let Some(name) = self.ended.take() {
            return Ok(Some(Piece::End(name)));
        }
        loop {
            self.buffer.clear();
            let event = self.xml.read_event_into(&mut self.buffer).map_err(damaged)?;
            match event {
                Event::Start(element) => {
                    self.depth += 1;
                    if self.depth > DEPTH {
                        return Err(damaged("nested too deeply"));
                    }
                    return Ok(Some(begin(&element)));
                }
                Event::Empty(element) => {
                    let piece = begin(&element);
                    if let Piece::Begin(name, _) = &piece {
                        self.ended = Some(name.clone());
                    }
                    return Ok(Some(piece));
                }
                Event::End(element) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Some(Piece::End(element.local_name().as_ref().to_owned())));
                }
                Event::Text(text) => return Ok(Some(Piece::Text(text.into_inner().into_owned()))),
                Event::CData(text) => return Ok(Some(Piece::Text(text.into_inner().into_owned()))),
                Event::GeneralRef(reference) => {
                    let name: &str = reference.as_ref();
                    let known = resolve_predefined_entity(name).map(str::to_owned);
                    let known = known.or_else(|| reference.resolve_char_ref().ok().flatten().map(String::from));
                    return Ok(Some(Piece::Text(known.ok_or_else(|| damaged(format!("unknown entity “{name}”")))?)));
                }
                Event::DocType(_) => return Err(damaged("it declares a DOCTYPE, which is not read for safety")),
                Event::Eof if self.depth > 0 => return Err(damaged("a part breaks off")),
                Event::Eof => return Ok(None),
                _ => {}
            }
        }
    }
}

fn begin(element: &BytesStart<'_>) -> Piece {
    let attributes = element.attributes().flatten().map(|attribute| {
        let value =
            quick_xml::escape::unescape(&attribute.value).map_or_else(|_| attribute.value.to_string(), std::borrow::Cow::into_owned);
        (attribute.key.local_name().as_ref().to_owned(), value)
    });
    Piece::Begin(element.local_name().as_ref().to_owned(), attributes.take(64).collect())
}

fn attribute<'a>(attributes: &'a [(String, String)], name: &str) -> Option<&'a str> {
    attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// A sheet as the workbook lists it.
struct Sheet {
    name: String,
    part: String,
    is_hidden: bool,
}

/// Reads the list of sheets, and whether days are counted from 1904.
fn sheets(archive: &mut Archive) -> Result<(Vec<Sheet>, bool), ReadError> {
    let mut targets: Vec<(String, String)> = Vec::new();
    if let Some(mut part) = Part::open(archive, "xl/_rels/workbook.xml.rels")? {
        while let Some(piece) = part.next()? {
            let Piece::Begin(name, attributes) = piece else { continue };
            if name == "Relationship"
                && targets.len() < MOST_SHEETS * 4
                && let (Some(id), Some(target)) = (attribute(&attributes, "Id"), attribute(&attributes, "Target"))
            {
                let target = target.strip_prefix('/').map_or_else(|| format!("xl/{}", target.trim_start_matches("./")), str::to_owned);
                targets.push((id.to_owned(), target));
            }
        }
    }
    let mut part = Part::open(archive, "xl/workbook.xml")?.ok_or_else(|| {
        ReadError::new(
            "no-workbook",
            "Tệp này không phải bảng tính XLSX; nếu là văn bản Word hay trình chiếu, hãy lưu bảng thành XLSX",
            "This is no XLSX workbook; if it is a Word document or slides, save its table as XLSX",
        )
    })?;
    let (mut sheets, mut from_1904) = (Vec::new(), false);
    while let Some(piece) = part.next()? {
        let Piece::Begin(name, attributes) = piece else { continue };
        match name.as_str() {
            "workbookPr" => from_1904 = matches!(attribute(&attributes, "date1904"), Some("1" | "true")),
            "sheet" if sheets.len() < MOST_SHEETS => {
                let id = attribute(&attributes, "id").unwrap_or_default();
                if let Some((_, part)) = targets.iter().find(|(known, _)| known == id) {
                    sheets.push(Sheet {
                        name: attribute(&attributes, "name").unwrap_or_default().to_owned(),
                        part: part.clone(),
                        is_hidden: attribute(&attributes, "state").is_some_and(|state| state != "visible"),
                    });
                }
            }
            _ => {}
        }
    }
    Ok((sheets, from_1904))
}

/// How a cell's number is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Plain,
    Day,
    /// Without its year.
    DayMonth,
    DayAndTime,
    /// A time of day.
    Time,
    /// A duration, which may be longer than a day.
    Elapsed,
    Percent,
    /// By a pattern of digits, by its number in the list of formats.
    Pattern(u16),
    /// By the pattern of the first section whose condition holds.
    Conditional(u16),
}

/// The formats of a workbook.
#[derive(Default)]
struct Styles {
    /// Number of the format of each style.
    cells: Vec<u16>,
    /// Formats the workbook defines.
    own: Vec<(u16, String)>,
    /// How each of them shows a number.
    kinds: Vec<Shown>,
}

impl Styles {
    fn read(archive: &mut Archive) -> Result<Self, ReadError> {
        let mut styles = Self::default();
        let Some(mut part) = Part::open(archive, "xl/styles.xml")? else { return Ok(styles) };
        let mut in_cells = false;
        while let Some(piece) = part.next()? {
            match piece {
                Piece::Begin(name, attributes) => match name.as_str() {
                    "cellXfs" => in_cells = true,
                    "xf" if in_cells => {
                        styles.cells.push(attribute(&attributes, "numFmtId").and_then(|id| id.parse().ok()).unwrap_or(0));
                    }
                    "numFmt" if styles.own.len() < 10_000 => {
                        let id = attribute(&attributes, "numFmtId").and_then(|id| id.parse().ok());
                        let code = attribute(&attributes, "formatCode").unwrap_or_default().chars().take(FORMAT_CHARS).collect();
                        styles.own.extend(id.map(|id| (id, code)));
                    }
                    _ => {}
                },
                Piece::End(name) => in_cells &= name != "cellXfs",
                Piece::Text(_) => {}
            }
        }
        styles.own.sort_by_key(|(id, _)| *id);
        styles.kinds = styles.own.iter().enumerate().map(|(at, (_, code))| shown_by(code, at as u16)).collect();
        Ok(styles)
    }

    fn shown(&self, style: usize) -> Shown {
        let id = self.cells.get(style).copied().unwrap_or(0);
        match (self.own.binary_search_by_key(&id, |(own, _)| *own).ok(), id) {
            (Some(at), _) => self.kinds[at],
            (None, 16) => Shown::DayMonth,
            (None, 14..=17 | 27..=31 | 36 | 50..=54 | 57 | 58) => Shown::Day,
            (None, 22) => Shown::DayAndTime,
            (None, 46) => Shown::Elapsed,
            (None, 18..=21 | 32..=35 | 45 | 47 | 55 | 56) => Shown::Time,
            (None, 9 | 10) => Shown::Percent,
            _ => Shown::Plain,
        }
    }
}

/// A format's first section without texts, colours and padding, in small letters; a duration keeps a bracket.
fn skeleton(code: &str) -> String {
    let mut out = String::new();
    let mut chars = code.chars();
    while let Some(c) = chars.next() {
        match c {
            ';' => break,
            '"' => {
                let _ = chars.by_ref().take_while(|c| *c != '"').count();
            }
            '\\' | '_' | '*' => {
                chars.next();
            }
            '[' => {
                let inside: String = chars.by_ref().take_while(|c| *c != ']').collect();
                let unit = inside.chars().next().map(|c| c.to_ascii_lowercase()).filter(|c| matches!(c, 'h' | 'm' | 's'));
                if let Some(unit) = unit.filter(|unit| inside.chars().all(|c| c.to_ascii_lowercase() == *unit)) {
                    out.extend(['[', unit, 's']);
                }
            }
            c => out.extend(c.to_lowercase()),
        }
    }
    out
}

fn shown_by(code: &str, at: u16) -> Shown {
    // Sections chosen by a condition show one number in several ways.
    if code.contains("[<") || code.contains("[>") || code.contains("[=") {
        return Shown::Conditional(at);
    }
    let code = skeleton(code).replace("general", "");
    let time = code.contains(['h', 's']);
    let day = code.contains(['d', 'y']) || (code.contains('m') && !time);
    match (day, time) {
        _ if code.contains('[') => Shown::Elapsed,
        (true, true) => Shown::DayAndTime,
        (true, false) if code.contains('d') && !code.contains('y') => Shown::DayMonth,
        (true, false) => Shown::Day,
        (false, true) => Shown::Time,
        _ if code.contains('%') => Shown::Percent,
        _ if code.matches(['0', '#']).count() >= 2 && !code.contains(['.', ',', 'e', '/', '@']) => Shown::Pattern(at),
        _ => Shown::Plain,
    }
}

/// A whole number through a pattern such as `0000000000`, `0000 000 000` or `"0"#########`.
fn by_pattern(number: u64, code: &str) -> String {
    // Tokens of the first section: digits to fill, and what stands between them.
    enum Token {
        Digit(bool),
        Literal(char),
    }
    let mut tokens = Vec::new();
    let mut chars = code.chars();
    while let Some(c) = chars.next() {
        match c {
            ';' => break,
            '0' => tokens.push(Token::Digit(true)),
            '#' | '?' => tokens.push(Token::Digit(false)),
            '"' => tokens.extend(chars.by_ref().take_while(|c| *c != '"').map(Token::Literal)),
            '\\' => tokens.extend(chars.next().map(Token::Literal)),
            '_' | '*' => {
                chars.next();
            }
            '[' => {
                let _ = chars.by_ref().take_while(|c| *c != ']').count();
            }
            c => tokens.push(Token::Literal(c)),
        }
    }
    let digits = number.to_string();
    let mut left = digits.chars().rev();
    let mut out: Vec<char> = Vec::new();
    let first = tokens.iter().position(|token| matches!(token, Token::Digit(_)));
    for (i, token) in tokens.iter().enumerate().rev() {
        match token {
            Token::Literal(c) => out.push(*c),
            Token::Digit(padded) => {
                out.extend(left.next().or(padded.then_some('0')));
                // The first place takes all that is left.
                if Some(i) == first {
                    out.extend(left.by_ref());
                }
            }
        }
    }
    out.into_iter().rev().collect::<String>().trim().to_owned()
}

/// A number with the 15 digits that spreadsheets show.
fn plain_number(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 1e15 {
        return format!("{number:.0}");
    }
    let rounded: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    format!("{rounded}")
}

/// True where a section's condition, such as `[<=9999999]`, holds, or where it has none.
fn holds(section: &str, number: f64) -> bool {
    let Some(condition) =
        section.split('[').skip(1).filter_map(|part| part.split(']').next()).find(|part| part.starts_with(['<', '>', '=']))
    else {
        return true;
    };
    let mark = condition.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-'));
    let Ok(limit) = condition[mark.len()..].parse::<f64>() else { return false };
    match mark {
        "<" => number < limit,
        "<=" => number <= limit,
        ">" => number > limit,
        ">=" => number >= limit,
        "=" => (number - limit).abs() < f64::EPSILON,
        "<>" => (number - limit).abs() >= f64::EPSILON,
        _ => false,
    }
}

/// A section without what stands in brackets.
fn without_condition(section: &str) -> String {
    let mut out = String::new();
    let mut rest = section;
    while let Some((before, behind)) = rest.split_once('[') {
        out.push_str(before);
        rest = behind.split_once(']').map_or("", |(_, rest)| rest);
    }
    out + rest
}

/// Days from 1970-01-01 of a day as sheets count them: from 1900, with a 29 February that was not, or from 1904.
fn civil_days(day: f64, from_1904: bool) -> i64 {
    let counted = if from_1904 {
        day + 1462.0
    } else if day < 60.0 {
        day + 1.0
    } else {
        day
    };
    counted as i64 - 25_569
}

/// A cell's number as its author sees it.
fn shown_number(text: &str, shown: Shown, styles: &Styles, from_1904: bool) -> String {
    let Some(number) = text.trim().parse::<f64>().ok().filter(|number| number.is_finite()) else { return text.trim().to_owned() };
    let seconds = (number * 86_400.0).round();
    let day = (seconds / 86_400.0).floor();
    let rest = (seconds - day * 86_400.0) as i64;
    let is_day = (0.0..3_000_000.0).contains(&number);
    let seen = match shown {
        Shown::Day if is_day => cell::date_time(civil_days(day, from_1904), 0),
        Shown::DayMonth if is_day => {
            let whole = cell::date_time(civil_days(day, from_1904), 0);
            whole.and_then(|text| Some(text.rsplit_once('/')?.0.to_owned()))
        }
        Shown::DayAndTime if is_day && day < 1.0 => Some(cell::time(rest)),
        Shown::DayAndTime if is_day => cell::date_time(civil_days(day, from_1904), rest),
        Shown::Time if is_day => Some(cell::time(rest)),
        Shown::Elapsed if is_day => Some(cell::time(seconds as i64)),
        Shown::Percent => Some(format!("{}%", plain_number(number * 100.0))),
        Shown::Pattern(at) if number >= 0.0 && number.fract() == 0.0 && number < 1e15 => {
            styles.own.get(usize::from(at)).map(|(_, code)| by_pattern(number as u64, code))
        }
        Shown::Conditional(at) if number >= 0.0 && number.fract() == 0.0 && number < 1e15 => {
            let section = styles.own.get(usize::from(at)).and_then(|(_, code)| code.split(';').find(|section| holds(section, number)));
            section
                .filter(|section| matches!(shown_by(&without_condition(section), at), Shown::Pattern(_)))
                .map(|section| by_pattern(number as u64, section))
        }
        _ => None,
    };
    seen.unwrap_or_else(|| plain_number(number))
}

/// The texts that cells share: one text, and where each ends in it.
#[derive(Default)]
struct Shared {
    text: String,
    ends: Vec<u32>,
}

impl Shared {
    fn read(archive: &mut Archive) -> Result<Self, ReadError> {
        let mut shared = Self::default();
        let Some(mut part) = Part::open(archive, "xl/sharedStrings.xml")? else { return Ok(shared) };
        let (mut in_text, mut phonetic) = (false, false);
        while let Some(piece) = part.next()? {
            match piece {
                Piece::Begin(name, _) => match name.as_str() {
                    "t" => in_text = !phonetic,
                    "rPh" => phonetic = true,
                    _ => {}
                },
                Piece::End(name) => match name.as_str() {
                    "t" => in_text = false,
                    "rPh" => phonetic = false,
                    "si" => shared.ends.push(shared.text.len() as u32),
                    _ => {}
                },
                Piece::Text(text) if in_text => {
                    shared.text.push_str(&text);
                    if shared.text.len() > TEXT_BYTES {
                        return Err(ReadError::too_large(TEXT_BYTES as u64));
                    }
                }
                Piece::Text(_) => {}
            }
        }
        Ok(shared)
    }

    fn get(&self, at: usize) -> Option<&str> {
        let start = if at == 0 { 0 } else { *self.ends.get(at - 1)? as usize };
        self.text.get(start..*self.ends.get(at)? as usize)
    }
}

/// A row: its number from 1, whether it is hidden, its cells by column from 0.
struct Row {
    number: u32,
    is_hidden: bool,
    cells: Vec<(usize, String)>,
}

/// A cell that cannot be shown: its column from 0, and what stands there.
type Fault = (usize, String);

struct Workbook {
    archive: Archive,
    styles: Styles,
    shared: Shared,
    from_1904: bool,
    /// Columns of the sheet read last that are beyond those that are read.
    beyond: usize,
}

/// A cell that is being read.
#[derive(Default)]
struct Open {
    column: usize,
    kind: String,
    style: usize,
    value: Option<String>,
    formula: bool,
    inline: String,
}

impl Workbook {
    /// The rows of a sheet, at most `rows` of them, and the cells that cannot be shown.
    fn rows(&mut self, part: &str, rows: usize, limits: &Limits) -> Result<(Vec<Row>, Vec<Fault>), ReadError> {
        let Some(mut part) = Part::open(&mut self.archive, part)? else { return Ok((Vec::new(), Vec::new())) };
        let (mut found, mut faults): (Vec<Row>, Vec<Fault>) = (Vec::new(), Vec::new());
        let mut row = Row { number: 0, is_hidden: false, cells: Vec::new() };
        let mut open = Open::default();
        let mut merged: Vec<Merged> = Vec::new();
        let mut beyond = 0;
        let (mut next_column, mut in_value, mut in_inline, mut left) = (0, false, false, TEXT_BYTES);
        while let Some(piece) = part.next()? {
            match piece {
                Piece::Begin(name, attributes) => match name.as_str() {
                    "row" => {
                        let number =
                            attribute(&attributes, "r").and_then(|text| text.parse().ok()).unwrap_or_else(|| row.number.saturating_add(1));
                        let is_hidden = matches!(attribute(&attributes, "hidden"), Some("1" | "true"));
                        row = Row { number, is_hidden, cells: Vec::new() };
                        next_column = 0;
                    }
                    "c" => {
                        let column = attribute(&attributes, "r").and_then(column_of).unwrap_or(next_column);
                        next_column = column + 1;
                        open = Open {
                            column,
                            kind: attribute(&attributes, "t").unwrap_or("n").to_owned(),
                            style: attribute(&attributes, "s").and_then(|text| text.parse().ok()).unwrap_or(0),
                            ..Open::default()
                        };
                    }
                    "v" => {
                        in_value = true;
                        open.value = Some(String::new());
                    }
                    "f" => open.formula = true,
                    "t" => in_inline = true,
                    "rPh" => in_inline = false,
                    "mergeCell" if merged.len() < MOST_MERGED => merged.extend(attribute(&attributes, "ref").and_then(rows_of)),
                    _ => {}
                },
                Piece::Text(text) => {
                    let into = if in_value { open.value.as_mut() } else { Some(&mut open.inline).filter(|_| in_inline) };
                    if let Some(into) = into {
                        left = left.checked_sub(text.len()).ok_or_else(|| ReadError::too_large(TEXT_BYTES as u64))?;
                        into.push_str(&text);
                    }
                }
                Piece::End(name) => match name.as_str() {
                    "v" => in_value = false,
                    "t" => in_inline = false,
                    "c" => {
                        let cell = std::mem::take(&mut open);
                        let column = cell.column;
                        match self.text(cell) {
                            Ok(text) if text.trim().is_empty() => {}
                            Ok(text) if column < MOST_COLUMNS => row.cells.push((column, text)),
                            Ok(_) => beyond = beyond.max(column + 1),
                            Err(fault) => faults.push((column, fault)),
                        }
                    }
                    "row" if !row.cells.is_empty() => {
                        if found.len() > limits.features {
                            return Err(ReadError::too_many(limits.features));
                        }
                        let number = row.number;
                        found.push(std::mem::replace(&mut row, Row { number, is_hidden: false, cells: Vec::new() }));
                        if found.len() == rows {
                            return Ok((found, faults));
                        }
                    }
                    _ => {}
                },
            }
        }
        fill_down(&mut found, &merged);
        self.beyond = beyond.saturating_sub(MOST_COLUMNS);
        Ok((found, faults))
    }

    /// A cell's text; what stands there where there is none.
    fn text(&self, cell: Open) -> Result<String, String> {
        let Some(value) = cell.value else {
            return if cell.formula && cell.inline.is_empty() { Err("=…".into()) } else { Ok(cell.inline) };
        };
        if cell.formula && value.trim().is_empty() && cell.kind != "str" {
            return Err("=…".into());
        }
        Ok(match cell.kind.as_str() {
            "s" => value.trim().parse().ok().and_then(|at| self.shared.get(at)).ok_or(format!("#{value}"))?.to_owned(),
            "str" | "inlineStr" => value,
            "b" => cell::truth(value.trim() == "1").to_owned(),
            "e" => return Err(value),
            "d" => value.trim().parse::<jiff::civil::DateTime>().map_or(value, |moment| {
                let seconds = i64::from(moment.hour()) * 3600 + i64::from(moment.minute()) * 60 + i64::from(moment.second());
                if seconds == 0 { cell::day(moment.date()) } else { format!("{} {}", cell::day(moment.date()), cell::time(seconds)) }
            }),
            _ if value.trim().is_empty() => String::new(),
            _ => shown_number(&value, self.styles.shown(cell.style), &self.styles, self.from_1904),
        })
    }
}

/// The column of a cell's name, from 0: `C7` is 2.
fn column_of(name: &str) -> Option<usize> {
    let mut letters = name.bytes().take_while(u8::is_ascii_alphabetic);
    let number = letters
        .try_fold(0_usize, |number, byte| Some(number * 26 + usize::from(byte.to_ascii_uppercase() - b'A') + 1).filter(|n| *n < 100_000))?;
    number.checked_sub(1)
}

/// Rows of one column that were merged to one cell: the column from 0, its first and last row from 1.
type Merged = (usize, u32, u32);

/// The first column of a merged range, and its rows; none for a range within one row.
fn rows_of(range: &str) -> Option<Merged> {
    let (first, last) = range.split_once(':')?;
    let row = |name: &str| name.trim_start_matches(|c: char| c.is_ascii_alphabetic()).parse::<u32>().ok();
    let (from, to) = (row(first)?, row(last)?);
    (from < to).then_some((column_of(first)?, from, to))
}

/// A merged cell is seen beside each of its rows.
fn fill_down(rows: &mut [Row], merged: &[Merged]) {
    let mut work = 0;
    for (column, from, to) in merged {
        let start = rows.partition_point(|row| row.number < *from);
        let end = rows.partition_point(|row| row.number <= *to);
        work += end.saturating_sub(start);
        if work > MOST_FILLED {
            return;
        }
        let Some((first, others)) = rows.get_mut(start..end).and_then(<[Row]>::split_first_mut) else { continue };
        let value = first.cells.iter().find(|(found, _)| found == column).filter(|_| first.number == *from).map(|(_, text)| text.clone());
        let Some(value) = value else { continue };
        for row in others.iter_mut().filter(|row| row.cells.iter().all(|(found, _)| found != column)) {
            row.cells.push((*column, value.clone()));
            row.cells.sort_by_key(|(column, _)| *column);
        }
    }
}

/// Opens a workbook: the sheet that is named, else the one with a table in it. Formulas count as the
/// values that were saved with them.
pub(super) fn open(mut archive: Archive, choice: &Choice) -> Result<Box<dyn Reader>, ReadError> {
    let (sheets, from_1904) = sheets(&mut archive)?;
    let (styles, shared) = (Styles::read(&mut archive)?, Shared::read(&mut archive)?);
    let mut workbook = Workbook { archive, styles, shared, from_1904, beyond: 0 };
    let tally = Tally::default();
    let names = |sheets: &[&Sheet]| sheets.iter().map(|sheet| sheet.name.clone()).collect::<Vec<_>>();
    let chosen = if let Some(asked) = &choice.layer {
        let found = sheets.iter().find(|sheet| like(&sheet.name) == like(asked));
        found.ok_or_else(|| layers(&names(&sheets.iter().collect::<Vec<_>>()), Some(asked)))?
    } else {
        let mut with_table: Vec<&Sheet> = Vec::new();
        for sheet in &sheets {
            let (rows, _) = workbook.rows(&sheet.part, HEADER_ROWS, &choice.limits)?;
            if rows.iter().any(|row| is_header(row.cells.iter().map(|(_, text)| text.as_str()))) {
                with_table.push(sheet);
            }
        }
        // What its author hid is not taken for the table while there is another.
        let shown: Vec<&Sheet> = with_table.iter().copied().filter(|sheet| !sheet.is_hidden).collect();
        let candidates = if shown.is_empty() { with_table.clone() } else { shown };
        match candidates.as_slice() {
            [one] => {
                with_table.iter().filter(|sheet| sheet.name != one.name).for_each(|sheet| tally.add(Left::OtherLayer(sheet.name.clone())));
                *one
            }
            [] => {
                return Err(ReadError::new(
                    "no-table",
                    "Không trang tính nào có dòng tiêu đề với cột tọa độ (Kinh độ/Vĩ độ hoặc X/Y)",
                    "No sheet has a header row with columns of coordinates (Kinh độ/Vĩ độ or X/Y)",
                ));
            }
            several => return Err(layers(&names(several), None)),
        }
    };
    let (rows, faults) = workbook.rows(&chosen.part, usize::MAX, &choice.limits)?;
    let Some(top) = rows.iter().take(HEADER_ROWS).position(|row| is_header(row.cells.iter().map(|(_, text)| text.as_str()))) else {
        return Err(ReadError::new(
            "no-table",
            format!("Trang tính “{}” không có dòng tiêu đề với cột tọa độ (Kinh độ/Vĩ độ hoặc X/Y)", chosen.name),
            format!("Sheet “{}” has no header row with columns of coordinates (Kinh độ/Vĩ độ or X/Y)", chosen.name),
        ));
    };
    for row in &rows[..top] {
        tally.quote(Left::LinesAbove, row.cells.first().map_or("", |(_, text)| text));
    }
    let mut headers: Vec<String> = Vec::new();
    let names = headers_of(rows[top].cells.iter().map(|(_, text)| text.as_str()));
    for ((column, _), name) in rows[top].cells.iter().zip(names) {
        headers.resize(headers.len().max(column + 1), String::new());
        headers[*column] = name;
    }
    let columns = Columns::new(headers);
    tally.many(Left::ColumnsBeyond, workbook.beyond);
    for (column, fault) in faults {
        if let Some(name) = columns.name(column) {
            tally.quote(Left::CellErrors(name.clone()), &fault);
        }
    }
    let mut features = Vec::new();
    for (at, row) in rows.into_iter().enumerate().skip(top + 1) {
        if at == top + 1 && numbers_columns(row.cells.iter().map(|(_, text)| text.as_str())) {
            tally.quote(Left::LinesAbove, row.cells.first().map_or("", |(_, text)| text));
            continue;
        }
        if row.is_hidden {
            tally.add(Left::HiddenRows);
        }
        if let Some((column, text)) = row.cells.iter().find(|(column, _)| columns.name(*column).is_none()) {
            tally.quote(if *column < columns.len() { Left::Nameless } else { Left::CellsBehind }, text);
        }
        features.push(feature(&columns, row.cells, u64::from(row.number)));
    }
    Ok(Whole::boxed(Stated::Nothing, features, tally))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(number: &str, code: &str) -> String {
        let styles = Styles { cells: vec![200], own: vec![(200, code.to_owned())], kinds: vec![shown_by(code, 0)] };
        shown_number(number, styles.shown(0), &styles, false)
    }

    #[test]
    fn numbers_are_shown_by_their_format() {
        let cases = [
            ("0.3125", "h:mm", "7:30"),
            ("0.3125", "[h]:mm", "7:30"),
            ("1.5", "[h]:mm", "36:00"),
            ("46357", "dd/mm/yyyy", "1/12/2026"),
            ("46357", "[$-42A]d mmmm yyyy;@", "1/12/2026"),
            ("46357.3125", "dd/mm/yyyy hh:mm", "1/12/2026 7:30"),
            ("900000002", "0000000000", "0900000002"),
            ("900000002", "0000 000 000", "0900 000 002"),
            ("900000002", "\"0\"#########", "0900000002"),
            ("900000002", "[<=9999999]000-0000;0000000000", "0900000002"),
            ("3850115", "[<=9999999]000-0000;0000000000", "385-0115"),
            ("46357.3125", "h:mm", "7:30"),
            ("46357.3125", "[h]:mm", "1112575:30"),
            ("46178", "d/m", "5/6"),
            ("1234.56", "#,##0.00", "1234.56"),
            ("12", "0.0", "12"),
            ("0.756", "0.0%", "75.6%"),
            ("9.00000001E8", "General", "900000001"),
            ("104.87999999999999", "General", "104.88"),
            ("60", "General", "60"),
        ];
        for (number, code, expected) in cases {
            assert_eq!(shown(number, code), expected, "{number} as {code}");
        }
        let builtin = Styles { cells: vec![14, 20, 22, 0], ..Styles::default() };
        for (style, number, expected) in
            [(0, "46357", "1/12/2026"), (1, "0.3125", "7:30"), (2, "46357.5", "1/12/2026 12:00"), (3, "7", "7"), (9, "7", "7")]
        {
            assert_eq!(shown_number(number, builtin.shown(style), &builtin, false), expected);
        }
        assert_eq!(shown_number("44895", Shown::Day, &builtin, true), "1/12/2026", "counted from 1904");
    }

    #[test]
    fn cells_are_found_by_their_names() {
        assert_eq!((column_of("A1"), column_of("C7"), column_of("AA10"), column_of("7")), (Some(0), Some(2), Some(26), None));
        assert_eq!(column_of("ZZZZZZZZZZZZZZZZ1"), None);
    }
}
