//! Reads the attribute table of a Shapefile (dBASE III and its successors, with Visual FoxPro's types).
//!
//! This is an own reader: texts are needed as bytes, because the encoding of each is decided separately, and
//! damage in one cell must not make the file unreadable.

use std::io::Read;

use serde_json::{Map, Value};

use super::{Left, ReadError, Tally};
use crate::import::cell;
use crate::import::encoding::{Lean, decide, keep};
use crate::import::source::{ReadSeek, Source};
use crate::words::sentence::Sentence;

/// Width from which on a text that fills its field may have been cut, bytes. Codes fill narrower ones.
const FULL: usize = 8;

struct Field {
    name: String,
    kind: u8,
    length: usize,
}

/// A table that is being read.
pub(super) struct Table {
    input: Box<dyn ReadSeek>,
    fields: Vec<Field>,
    /// Number of rows that the header states.
    pub(super) rows: u32,
    row_bytes: usize,
    tally: Tally,
}

fn damaged(what: Sentence) -> ReadError {
    ReadError::damaged(sentence!("place-dbf"), what.into())
}

fn trim(bytes: &[u8]) -> &[u8] {
    let pad = |byte: &u8| matches!(byte, b' ' | 0);
    let end = bytes.iter().rposition(|byte| !pad(byte)).map_or(0, |at| at + 1);
    let start = bytes.iter().position(|byte| !pad(byte)).unwrap_or(0).min(end);
    &bytes[start..end]
}

/// The bytes before the first zero byte; the rest is leftover memory of the program that wrote them.
fn to_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// A row of the table.
pub(super) enum Row {
    /// The row's cells by column.
    Values(Map<String, Value>),
    /// The row is marked as deleted.
    Deleted,
}

impl Table {
    /// Opens a table; cells that cannot be read are counted in `tally`.
    pub(super) fn open(source: &Source, tally: Tally) -> Result<Self, ReadError> {
        let mut input = source.open()?;
        let mut head = [0; 32];
        input.read_exact(&mut head).map_err(|_| damaged(sentence!("damage-in-header")))?;
        let rows = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        let header_bytes = usize::from(u16::from_le_bytes([head[8], head[9]]));
        let row_bytes = usize::from(u16::from_le_bytes([head[10], head[11]]));
        let mut rest = vec![0; header_bytes.saturating_sub(32)];
        input.read_exact(&mut rest).map_err(|_| damaged(sentence!("damage-in-header")))?;
        let descriptions = rest.chunks_exact(32).take_while(|field| field[0] != 0x0d);
        let mut fields: Vec<Field> = descriptions
            .map(|field| Field {
                name: keep(trim(to_nul(&field[..11]))),
                kind: field[11].to_ascii_uppercase(),
                // A text column may be wider than one byte can state.
                length: usize::from(field[16]) + if field[11] == b'C' { usize::from(field[17]) << 8 } else { 0 },
            })
            .collect();
        // Columns with the same name are both kept, under different names.
        for i in 1..fields.len() {
            let twice = fields[..i].iter().filter(|before| before.name == fields[i].name).count();
            if twice > 0 {
                let name = format!("{}_{twice}", fields[i].name);
                tally.quote(Left::Twice(fields[i].name.clone()), &name);
                fields[i].name = name;
            }
        }
        let sum: usize = fields.iter().map(|field| field.length).sum();
        if fields.is_empty() || sum + 1 > row_bytes {
            return Err(damaged(sentence!("damage-columns")));
        }
        let here = 32 + header_bytes.saturating_sub(32) as u64;
        let fits = source.bytes.saturating_sub(here) / row_bytes as u64;
        if u64::from(rows) > fits {
            return Err(ReadError::new("count-lies", sentence!("count-lies", rows, fits)));
        }
        for field in &fields {
            let is_read = matches!(field.kind, b'C' | b'V' | b'D' | b'N' | b'F' | b'L' | b'I' | b'Y' | b'T' | b'0');
            if !is_read && (field.kind, field.length) != (b'B', 8) {
                let kind = char::from(field.kind).to_string();
                // In dBASE, type B is a memo too.
                let kind = if field.kind == b'B' { "M".into() } else { kind };
                tally.add(Left::Column(name_of(field), kind));
            }
        }
        Ok(Self { input, fields, rows, row_bytes, tally })
    }

    /// The next row; none after the last.
    pub(super) fn next(&mut self) -> Result<Option<Row>, ReadError> {
        let mut row = vec![0; self.row_bytes];
        match self.input.read_exact(&mut row) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        if row[0] == b'*' {
            return Ok(Some(Row::Deleted));
        }
        let mut at = 1;
        let mut values = Map::new();
        for field in &self.fields {
            let cell = row.get(at..at + field.length).unwrap_or_default();
            at += field.length;
            values.insert(field.name.clone(), self.value(field, cell));
        }
        Ok(Some(Row::Values(values)))
    }

    fn value(&self, field: &Field, cell: &[u8]) -> Value {
        let text = || keep(trim(to_nul(cell)));
        match field.kind {
            b'C' if field.length >= FULL && is_filled(cell) => {
                let text = text();
                self.tally.quote(Left::Filled(name_of(field)), &decide(&text, Lean::default()).text);
                Value::from(text)
            }
            b'C' | b'V' => Some(text()).filter(|text| !text.is_empty()).map_or(Value::Null, Value::from),
            b'D' => {
                let text = text();
                let day = cell::compact_date(&text);
                day.or_else(|| (!text.is_empty() && text != "00000000").then_some(text)).map_or(Value::Null, Value::from)
            }
            b'N' | b'F' => {
                let text = text();
                if text.is_empty() {
                    Value::Null
                } else if text.bytes().all(|byte| byte == b'*') {
                    self.tally.add(Left::Overflown(name_of(field)));
                    Value::Null
                } else {
                    cell::number_value(&text).unwrap_or_else(|| {
                        self.tally.quote(Left::NotNumbers(name_of(field)), &decide(&text, Lean::default()).text);
                        Value::Null
                    })
                }
            }
            b'L' => match cell.first() {
                Some(b'T' | b't' | b'Y' | b'y' | b'1') => Value::Bool(true),
                Some(b'F' | b'f' | b'N' | b'n' | b'0') => Value::Bool(false),
                _ => Value::Null,
            },
            // Visual FoxPro's binary types are little-endian.
            b'I' => cell.try_into().map_or(Value::Null, |bytes| Value::from(i32::from_le_bytes(bytes))),
            b'B' => cell.try_into().map_or(Value::Null, |bytes| Value::from(f64::from_le_bytes(bytes))),
            b'Y' => cell.try_into().map_or(Value::Null, |bytes| Value::from(i64::from_le_bytes(bytes) as f64 / 10_000.0)),
            b'T' => fox_time(cell).map_or(Value::Null, Value::from),
            _ => Value::Null,
        }
    }
}

/// True for a text of words, not of digits alone, that reaches the end of its field.
fn is_filled(cell: &[u8]) -> bool {
    let is_pad = |byte: &u8| matches!(byte, b' ' | 0);
    let has_letters = cell.iter().any(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii());
    has_letters && cell.last().is_some_and(|byte| !is_pad(byte)) && !cell.contains(&0)
}

/// A column's name in Unicode, for people.
fn name_of(field: &Field) -> String {
    decide(&field.name, Lean::default()).text
}

/// Visual FoxPro's day and time: a Julian day number, then milliseconds of the day.
fn fox_time(cell: &[u8]) -> Option<String> {
    let (day, time) = cell.split_first_chunk::<4>()?;
    let (day, time) = (i64::from(i32::from_le_bytes(*day)), i64::from(i32::from_le_bytes(*time.first_chunk::<4>()?)));
    // Day 2,440,588 is 1970-01-01.
    (day > 0).then(|| cell::date_time(day - 2_440_588, time / 1000))?
}
