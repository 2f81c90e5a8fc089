//! Reads workbooks (Office Open XML, ECMA-376 part 1, SpreadsheetML): a sheet with a header, with the text of
//! each cell as its author sees it.
//!
//! This is an own reader over a streaming XML parser. Libraries allocate memory for what a workbook claims
//! (counts of strings, extents of sheets), and hide the number formats by which a phone number keeps its
//! leading 0.

mod parts;
mod styles;

use std::collections::BTreeMap;

use super::archive::{Archive, layers};
use super::table::{Columns, MOST_COLUMNS, TEXT_BYTES, feature, headers_of, is_header, numbers_columns};
use super::{Choice, Damage, Left, Limits, ReadError, Reader, Tally, Whole};
use crate::import::cell;
use crate::import::encoding::Texts;
use crate::import::source::like;
use parts::{Part, XmlEvent, attribute};
use styles::{Shown, Styles};

/// Rows at the top of a sheet in which a header is looked for.
const HEADER_ROWS: usize = 50;
/// Most merged ranges that are looked at.
const MOST_MERGED: usize = 100_000;
/// Most rows that merged ranges may fill.
const MOST_FILLED: usize = 2_000_000;
/// Most sheets of a workbook that are looked at.
const MOST_SHEETS: usize = 500;

fn damaged(what: impl Into<Damage>) -> ReadError {
    ReadError::damaged(sentence!("place-workbook"), what.into())
}

/// A sheet as the workbook lists it.
struct Sheet {
    name: String,
    part: String,
    is_hidden: bool,
}

/// Reads the list of sheets, and whether the workbook counts days from 1904.
fn sheets(archive: &mut Archive) -> Result<(Vec<Sheet>, bool), ReadError> {
    let mut targets: Vec<(String, String)> = Vec::new();
    if let Some(mut part) = Part::open(archive, "xl/_rels/workbook.xml.rels")? {
        while let Some(piece) = part.next()? {
            let XmlEvent::Begin(name, attributes) = piece else { continue };
            if name == "Relationship"
                && targets.len() < MOST_SHEETS * 4
                && let (Some(id), Some(target)) = (attribute(&attributes, "Id"), attribute(&attributes, "Target"))
            {
                let target = target.strip_prefix('/').map_or_else(|| format!("xl/{}", target.trim_start_matches("./")), str::to_owned);
                targets.push((id.to_owned(), target));
            }
        }
    }
    let mut part = Part::open(archive, "xl/workbook.xml")?.ok_or_else(|| ReadError::new("no-workbook", sentence!("no-workbook")))?;
    let (mut sheets, mut from_1904) = (Vec::new(), false);
    while let Some(piece) = part.next()? {
        let XmlEvent::Begin(name, attributes) = piece else { continue };
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

/// The texts that cells share, joined to one text, with the end of each and whether it is struck through.
#[derive(Default)]
struct Shared {
    text: String,
    ends: Vec<(u32, bool)>,
    /// Struck-through parts of texts, which were left out.
    struck: Vec<String>,
}

/// A text that is read run by run, with its struck-through runs kept apart.
#[derive(Default)]
struct Runs {
    plain: String,
    struck: String,
    is_struck: bool,
}

impl Runs {
    fn push(&mut self, text: &str) {
        if self.is_struck { &mut self.struck } else { &mut self.plain }.push_str(text);
    }

    /// Notes whether the font of the current run strikes it through.
    fn strike(&mut self, attributes: &[(String, String)]) {
        self.is_struck = !matches!(attribute(attributes, "val"), Some("0" | "false"));
    }

    /// Ends the text: gives it, whether all of it is struck through, and its struck-through part if that is not
    /// all.
    fn take(&mut self) -> (String, bool, Option<String>) {
        let Self { plain, struck, .. } = std::mem::take(self);
        match (plain.trim().is_empty(), struck.trim().is_empty()) {
            (true, false) => (unescaped(&struck), true, None),
            (_, true) => (unescaped(&plain), false, None),
            // Where words were left out, the blanks around them become one.
            (_, false) => (unescaped(&plain.split_whitespace().collect::<Vec<_>>().join(" ")), false, Some(struck)),
        }
    }
}

/// A text with escapes such as `_x000D_` replaced by the characters they stand for (ECMA-376 part 1,
/// §22.9.2.19, ST_Xstring).
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("_x") {
        out.push_str(before);
        let code =
            behind.get(..4).filter(|_| behind.as_bytes().get(4) == Some(&b'_')).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        if let Some(c) = code.and_then(char::from_u32) {
            out.push(if c.is_control() { ' ' } else { c });
            rest = &behind[5..];
        } else {
            out.push_str("_x");
            rest = behind;
        }
    }
    out.push_str(rest);
    out
}

impl Shared {
    fn read(archive: &mut Archive) -> Result<Self, ReadError> {
        let mut shared = Self::default();
        let Some(mut part) = Part::open(archive, "xl/sharedStrings.xml")? else { return Ok(shared) };
        let (mut in_text, mut phonetic, mut runs) = (false, false, Runs::default());
        while let Some(piece) = part.next()? {
            match piece {
                XmlEvent::Begin(name, attributes) => match name.as_str() {
                    "t" => in_text = !phonetic,
                    "r" => runs.is_struck = false,
                    "strike" => runs.strike(&attributes),
                    "rPh" => phonetic = true,
                    _ => {}
                },
                XmlEvent::End(name) => match name.as_str() {
                    "t" => in_text = false,
                    "rPh" => phonetic = false,
                    "si" => {
                        let (text, is_struck, part) = runs.take();
                        shared.text.push_str(&text);
                        shared.ends.push((shared.text.len() as u32, is_struck));
                        shared.struck.extend(part.filter(|_| shared.struck.len() < MOST_SHEETS));
                    }
                    _ => {}
                },
                XmlEvent::Text(text) if in_text => {
                    if shared.text.len() + runs.plain.len() + runs.struck.len() + text.len() > TEXT_BYTES {
                        return Err(ReadError::too_large(TEXT_BYTES as u64));
                    }
                    runs.push(&text);
                }
                XmlEvent::Text(_) => {}
            }
        }
        Ok(shared)
    }

    /// The shared text with that number, and whether it is struck through.
    fn get(&self, at: usize) -> Option<(&str, bool)> {
        let start = if at == 0 { 0 } else { self.ends.get(at - 1)?.0 as usize };
        let (end, is_struck) = *self.ends.get(at)?;
        Some((self.text.get(start..end as usize)?, is_struck))
    }
}

/// A row: its number from 1, whether it is hidden, whether all of it is struck through, its cells by column from 0.
struct Row {
    number: u32,
    is_hidden: bool,
    is_struck: bool,
    cells: Vec<(usize, String)>,
    /// Places among the cells of those that are struck through.
    struck: Vec<usize>,
}

/// A cell that cannot be shown: its column from 0, and what the file has there.
type Fault = (usize, String);

struct Workbook {
    archive: Archive,
    styles: Styles,
    shared: Shared,
    from_1904: bool,
    /// Number of columns left out of the sheet that was read last.
    beyond: usize,
    /// Ranges of hidden columns of that sheet, from 0.
    hidden: Vec<(usize, usize)>,
    /// Cells of that sheet that hold a day without its year: column from 0, what is shown.
    day_months: Vec<(usize, String)>,
}

/// A cell that is being read.
#[derive(Default)]
struct Open {
    column: usize,
    kind: String,
    style: usize,
    value: Option<String>,
    formula: bool,
    inline: Runs,
}

impl Workbook {
    /// The rows of a sheet, at most `rows` of them, and the cells that cannot be shown.
    #[expect(clippy::too_many_lines, reason = "one arm for each element of a sheet")]
    fn rows(&mut self, part: &str, rows: usize, limits: &Limits) -> Result<(Vec<Row>, Vec<Fault>), ReadError> {
        let Some(mut part) = Part::open(&mut self.archive, part)? else { return Ok((Vec::new(), Vec::new())) };
        let (mut found, mut faults): (Vec<Row>, Vec<Fault>) = (Vec::new(), Vec::new());
        let mut row = Row { number: 0, is_hidden: false, is_struck: true, cells: Vec::new(), struck: Vec::new() };
        let mut open = Open::default();
        let mut merged: Vec<Merged> = Vec::new();
        let mut beyond = 0;
        self.hidden.clear();
        self.day_months.clear();
        let (mut next_column, mut in_value, mut in_inline, mut left) = (0, false, false, TEXT_BYTES);
        while let Some(piece) = part.next()? {
            match piece {
                XmlEvent::Begin(name, attributes) => match name.as_str() {
                    "row" => {
                        let number =
                            attribute(&attributes, "r").and_then(|text| text.parse().ok()).unwrap_or_else(|| row.number.saturating_add(1));
                        let is_hidden = matches!(attribute(&attributes, "hidden"), Some("1" | "true"));
                        row = Row { number, is_hidden, is_struck: true, cells: Vec::new(), struck: Vec::new() };
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
                    "r" => open.inline.is_struck = false,
                    "strike" => open.inline.strike(&attributes),
                    "col" if matches!(attribute(&attributes, "hidden"), Some("1" | "true")) && self.hidden.len() < MOST_COLUMNS => {
                        let number = |name| attribute(&attributes, name).and_then(|text| text.parse::<usize>().ok());
                        self.hidden
                            .extend(number("min").zip(number("max")).map(|(from, to)| (from.saturating_sub(1), to.saturating_sub(1))));
                    }
                    "rPh" => in_inline = false,
                    "mergeCell" if merged.len() < MOST_MERGED => merged.extend(attribute(&attributes, "ref").and_then(rows_of)),
                    _ => {}
                },
                XmlEvent::Text(text) => {
                    if in_value || in_inline {
                        left = left.checked_sub(text.len()).ok_or_else(|| ReadError::too_large(TEXT_BYTES as u64))?;
                    }
                    match &mut open.value {
                        Some(value) if in_value => value.push_str(&text),
                        _ if in_inline => open.inline.push(&text),
                        _ => {}
                    }
                }
                XmlEvent::End(name) => match name.as_str() {
                    "v" => in_value = false,
                    "t" => in_inline = false,
                    "c" => {
                        let cell = std::mem::take(&mut open);
                        let (column, by_style) = (cell.column, self.styles.is_struck(cell.style));
                        match self.text(cell) {
                            Ok((text, _)) if text.trim().is_empty() => {}
                            Ok((text, is_struck)) if column < MOST_COLUMNS => {
                                row.is_struck &= by_style || is_struck;
                                if by_style || is_struck {
                                    row.struck.push(row.cells.len());
                                }
                                row.cells.push((column, text));
                            }
                            Ok(_) => beyond = beyond.max(column + 1),
                            Err(fault) => faults.push((column, fault)),
                        }
                    }
                    "row" if !row.cells.is_empty() => {
                        if found.len() > limits.features {
                            return Err(ReadError::too_many(limits.features));
                        }
                        let number = row.number;
                        self.leave_out_struck(&mut row);
                        found.push(std::mem::replace(
                            &mut row,
                            Row { number, is_hidden: false, is_struck: true, cells: Vec::new(), struck: Vec::new() },
                        ));
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

    /// Leaves out the cells of a row that are struck through. A row that is struck as a whole is read, and the
    /// report says so.
    fn leave_out_struck(&mut self, row: &mut Row) {
        if row.is_struck {
            return;
        }
        for at in row.struck.drain(..).rev() {
            let (_, text) = row.cells.remove(at);
            if !text.trim().is_empty() && self.shared.struck.len() < MOST_SHEETS {
                self.shared.struck.push(text);
            }
        }
    }

    /// A cell's text, and whether its own runs are struck through. Errors: the cell has no text that can be
    /// shown; the error is what the file has there.
    fn text(&mut self, mut cell: Open) -> Result<(String, bool), String> {
        let Some(value) = cell.value else {
            let (inline, is_struck, part) = cell.inline.take();
            self.shared.struck.extend(part.filter(|_| self.shared.struck.len() < MOST_SHEETS));
            return if cell.formula && inline.is_empty() {
                Err("=…".into())
            } else {
                Ok((self.styles.text(cell.style, inline), is_struck))
            };
        };
        if cell.formula && value.trim().is_empty() && cell.kind != "str" {
            return Err("=…".into());
        }
        let text = match cell.kind.as_str() {
            "s" => {
                let (text, is_struck) = value.trim().parse().ok().and_then(|at| self.shared.get(at)).ok_or(format!("#{value}"))?;
                return Ok((self.styles.text(cell.style, text.to_owned()), is_struck));
            }
            "str" | "inlineStr" => self.styles.text(cell.style, unescaped(&value)),
            "b" => cell::truth(value.trim() == "1").to_owned(),
            "e" => return Err(value),
            "d" => value.trim().parse::<jiff::civil::DateTime>().map_or(value, |moment| {
                let seconds = i64::from(moment.hour()) * 3600 + i64::from(moment.minute()) * 60 + i64::from(moment.second());
                if seconds == 0 { cell::day(moment.date()) } else { format!("{} {}", cell::day(moment.date()), cell::time(seconds)) }
            }),
            _ if value.trim().is_empty() => String::new(),
            _ => {
                let shown = self.styles.number(cell.style, &value, self.from_1904);
                if matches!(self.styles.shown(cell.style), Shown::DayMonth | Shown::MonthDay) {
                    self.day_months.push((cell.column, shown.clone()));
                }
                shown
            }
        };
        Ok((text, false))
    }
}

/// The column in a cell's name, from 0: `C7` gives 2.
fn column_of(name: &str) -> Option<usize> {
    let mut letters = name.bytes().take_while(u8::is_ascii_alphabetic);
    let number = letters
        .try_fold(0_usize, |number, byte| Some(number * 26 + usize::from(byte.to_ascii_uppercase() - b'A') + 1).filter(|n| *n < 100_000))?;
    number.checked_sub(1)
}

/// Rows of a column that are merged into one cell: the column from 0, the first and last row from 1.
type Merged = (usize, u32, u32);

/// The first column of a merged range, and its rows; none for a range within a single row.
fn rows_of(range: &str) -> Option<Merged> {
    let (first, last) = range.split_once(':')?;
    let row = |name: &str| name.trim_start_matches(|c: char| c.is_ascii_alphabetic()).parse::<u32>().ok();
    let (from, to) = (row(first)?, row(last)?);
    (from < to).then_some((column_of(first)?, from, to))
}

/// Copies the text of merged cells to each of their rows, because readers see it beside each.
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

/// The comments on a sheet's cells, as its relationships name them (ECMA-376 part 1, §18.7).
fn comments(archive: &mut Archive, sheet: &str) -> Result<Vec<String>, ReadError> {
    let (folder, file) = sheet.rsplit_once('/').unwrap_or(("", sheet));
    let Some(mut part) = Part::open(archive, &format!("{folder}/_rels/{file}.rels"))? else { return Ok(Vec::new()) };
    let mut target = None;
    while let Some(piece) = part.next()? {
        let XmlEvent::Begin(_, attributes) = piece else { continue };
        if attribute(&attributes, "Type").is_some_and(|kind| kind.ends_with("/comments")) {
            target = attribute(&attributes, "Target").map(str::to_owned);
        }
    }
    let Some(target) = target else { return Ok(Vec::new()) };
    let name = target.strip_prefix('/').map_or_else(|| format!("xl/{}", target.trim_start_matches("../")), str::to_owned);
    let Some(mut part) = Part::open(archive, &name)? else { return Ok(Vec::new()) };
    let (mut found, mut in_text, mut text) = (Vec::new(), false, String::new());
    while let Some(piece) = part.next()? {
        match piece {
            XmlEvent::Begin(name, _) => in_text |= name == "t",
            XmlEvent::Text(words) if in_text && text.len() < TEXT_BYTES / MOST_MERGED => text.push_str(&words),
            XmlEvent::End(name) if name == "t" => in_text = false,
            XmlEvent::End(name) if name == "comment" && found.len() < MOST_MERGED => found.push(std::mem::take(&mut text)),
            _ => {}
        }
    }
    Ok(found)
}

/// Opens a workbook: the sheet that is named, else the one that has a table. A formula counts as the value that
/// was saved with it.
#[expect(clippy::too_many_lines, reason = "which sheet, which header, which rows: one after the other")]
pub(super) fn open(mut archive: Archive, choice: &Choice) -> Result<Box<dyn Reader>, ReadError> {
    let (sheets, from_1904) = sheets(&mut archive)?;
    let (styles, shared) = (Styles::read(&mut archive)?, Shared::read(&mut archive)?);
    let mut workbook = Workbook { archive, styles, shared, from_1904, beyond: 0, hidden: Vec::new(), day_months: Vec::new() };
    let is_top = |row: &Row| {
        if choice.placeless { row.cells.len() >= 2 } else { is_header(row.cells.iter().map(|(_, text)| text.as_str())) }
    };
    let struck = workbook.shared.struck.len();
    let tally = Tally::default();
    let names = |sheets: &[&Sheet]| sheets.iter().map(|sheet| sheet.name.clone()).collect::<Vec<_>>();
    let chosen = if let Some(asked) = &choice.layer {
        let found = sheets.iter().find(|sheet| like(&sheet.name) == like(asked));
        found.ok_or_else(|| layers(&names(&sheets.iter().collect::<Vec<_>>()), Some(asked)))?
    } else {
        let mut with_table: Vec<&Sheet> = Vec::new();
        let mut without: BTreeMap<String, usize> = BTreeMap::new();
        for sheet in &sheets {
            let (rows, _) = workbook.rows(&sheet.part, HEADER_ROWS, &choice.limits)?;
            if rows.iter().any(is_top) {
                with_table.push(sheet);
            } else if !rows.is_empty() {
                without.insert(format!("“{}”", sheet.name), rows.len());
            }
        }
        tally.list(Left::NoMap, &without);
        // A hidden sheet is not taken for the table while there is a visible one.
        let shown: Vec<&Sheet> = with_table.iter().copied().filter(|sheet| !sheet.is_hidden).collect();
        let candidates = if shown.is_empty() { with_table.clone() } else { shown };
        match candidates.as_slice() {
            [one] => {
                with_table.iter().filter(|sheet| sheet.name != one.name).for_each(|sheet| tally.add(Left::OtherLayer(sheet.name.clone())));
                *one
            }
            [] => {
                return Err(ReadError::new("no-table", sentence!("no-table")));
            }
            several => return Err(layers(&names(several), None)),
        }
    };
    // The sheets were looked through for a header before.
    workbook.shared.struck.truncate(struck);
    let (rows, faults) = workbook.rows(&chosen.part, usize::MAX, &choice.limits)?;
    let Some(top) = rows.iter().take(HEADER_ROWS).position(is_top) else {
        return Err(ReadError::new("no-table", sentence!("no-table-xlsx", name = chosen.name)));
    };
    let rows_above: Vec<String> = rows[..=top].iter().flat_map(|row| row.cells.iter().map(|(_, text)| text.clone())).collect();
    for row in &rows[..top] {
        tally.quote(Left::LinesAbove, row.cells.first().map_or("", |(_, text)| text));
    }
    let mut headers: Vec<String> = Vec::new();
    let names = headers_of(rows[top].cells.iter().map(|(_, text)| text.as_str()), &Texts::default());
    for ((column, _), name) in rows[top].cells.iter().zip(names) {
        headers.resize(headers.len().max(column + 1), String::new());
        headers[*column] = name;
    }
    let columns = Columns::new(headers);
    let header = rows[top].cells.clone();
    tally.many(Left::ColumnsBeyond, workbook.beyond);
    for (column, fault) in faults {
        if let Some(name) = columns.name(column) {
            tally.quote(Left::CellErrors(name.clone()), &fault);
        }
    }
    for (column, shown) in &workbook.day_months {
        if let Some(name) = columns.name(*column) {
            tally.quote(Left::DayMonths(name.clone()), shown);
        }
    }
    for column in workbook.hidden.iter().flat_map(|(from, to)| *from..=(*to).min(MOST_COLUMNS)) {
        if let Some(name) = columns.name(column) {
            tally.add(Left::HiddenColumn(name.clone()));
        }
    }
    for comment in comments(&mut workbook.archive, &chosen.part)? {
        tally.quote(Left::Comments(chosen.name.clone()), &comment);
    }
    for part in &workbook.shared.struck {
        tally.quote(Left::StruckText(chosen.name.clone()), part);
    }
    let mut features = Vec::new();
    for (at, row) in rows.into_iter().enumerate().skip(top + 1) {
        if at == top + 1 && numbers_columns(row.cells.iter().map(|(_, text)| text.as_str())) {
            tally.quote(Left::LinesAbove, row.cells.first().map_or("", |(_, text)| text));
            continue;
        }
        if row.cells == header {
            tally.quote(Left::LinesAbove, row.cells.first().map_or("", |(_, text)| text));
            continue;
        }
        if row.is_hidden {
            tally.add(Left::HiddenRows);
        }
        if row.is_struck {
            tally.quote(Left::StruckRows, row.cells.first().map_or("", |(_, text)| text));
        }
        if let Some((column, text)) = row.cells.iter().find(|(column, _)| columns.name(*column).is_none()) {
            tally.quote(if *column < columns.len() { Left::Nameless } else { Left::CellsBehind }, text);
        }
        features.push(feature(&columns, row.cells, u64::from(row.number), &tally));
    }
    let above = rows_above.iter().map(String::as_str);
    Ok(Whole::boxed(columns.stated(above), features, tally))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_characters_are_taken_for_what_they_are() {
        assert_eq!(unescaped("0216_x000D_3852009 _x0041_ _xyz_ a_x"), "0216 3852009 A _xyz_ a_x");
    }

    #[test]
    fn cells_are_found_by_their_names() {
        assert_eq!((column_of("A1"), column_of("C7"), column_of("AA10"), column_of("7")), (Some(0), Some(2), Some(26), None));
        assert_eq!(column_of("ZZZZZZZZZZZZZZZZ1"), None);
    }
}
