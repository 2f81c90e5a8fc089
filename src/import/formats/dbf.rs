//! The attribute table beside a Shapefile (dBASE III and its heirs).
//!
//! An own reader, since its texts are wanted as bytes (their encoding is found later), a deleted row
//! must stay beside its shape, and damage in one field must not cost the file.

use std::io::Read;

use serde_json::{Map, Value};

use super::ReadError;
use crate::import::source::{ReadSeek, Source};

/// Rows looked at to find the encoding.
const SAMPLE: usize = 2_000;

struct Field {
    name: Vec<u8>,
    kind: u8,
    length: usize,
}

/// A table that is being read.
pub(super) struct Table {
    input: Box<dyn ReadSeek>,
    fields: Vec<Field>,
    /// Rows the header promises.
    pub(super) rows: u32,
    row_bytes: usize,
    decode: Decode,
    names: Vec<String>,
}

/// How a file's bytes become text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decode {
    Utf8,
    Windows1258,
    /// Each byte a character: TCVN3 and VNI are told apart, and converted, once all columns are seen.
    Bytes,
}

impl Decode {
    fn text(self, bytes: &[u8]) -> String {
        match self {
            Self::Utf8 => String::from_utf8_lossy(bytes).into_owned(),
            Self::Windows1258 => encoding_rs::WINDOWS_1258.decode_without_bom_handling(bytes).0.into_owned(),
            Self::Bytes => bytes.iter().map(|byte| char::from(*byte)).collect(),
        }
    }
}

fn damaged(what: &str) -> ReadError {
    ReadError::damaged("Tệp .dbf (the .dbf file)", what)
}

fn trim(bytes: &[u8]) -> &[u8] {
    let pad = |byte: &u8| matches!(byte, b' ' | 0);
    let end = bytes.iter().rposition(|byte| !pad(byte)).map_or(0, |at| at + 1);
    let start = bytes.iter().position(|byte| !pad(byte)).unwrap_or(0).min(end);
    &bytes[start..end]
}

impl Table {
    /// Opens a table; `cpg` is what the `.cpg` file says of its encoding.
    pub(super) fn open(source: &Source, cpg: Option<&str>) -> Result<Self, ReadError> {
        let mut table = Self::header(source)?;
        table.decode = table.find_decoding(cpg);
        let mut again = Self::header(source)?;
        again.decode = table.decode;
        again.names = again.fields.iter().map(|field| again.decode.text(&field.name)).collect();
        Ok(again)
    }

    fn header(source: &Source) -> Result<Self, ReadError> {
        let mut input = source.open()?;
        let mut head = [0; 32];
        input.read_exact(&mut head).map_err(|_| damaged("it breaks off in its header"))?;
        let rows = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        let header_bytes = usize::from(u16::from_le_bytes([head[8], head[9]]));
        let row_bytes = usize::from(u16::from_le_bytes([head[10], head[11]]));
        let mut rest = vec![0; header_bytes.saturating_sub(32)];
        input.read_exact(&mut rest).map_err(|_| damaged("it breaks off in its header"))?;
        let descriptions = rest.chunks_exact(32).take_while(|field| field[0] != 0x0d);
        let fields: Vec<Field> = descriptions
            .map(|field| Field {
                name: field[..11].split(|byte| *byte == 0).next().unwrap_or_default().to_vec(),
                kind: field[11],
                length: usize::from(field[16]),
            })
            .collect();
        let sum: usize = fields.iter().map(|field| field.length).sum();
        if fields.is_empty() || sum + 1 > row_bytes {
            return Err(damaged("its columns do not fit its rows"));
        }
        let here = 32 + header_bytes.saturating_sub(32) as u64;
        let fits = source.bytes.saturating_sub(here) / row_bytes as u64;
        if u64::from(rows) > fits {
            return Err(ReadError::new(
                "count-lies",
                format!("Tệp .dbf ghi {rows} dòng nhưng chỉ chứa {fits}; tệp bị cắt hoặc hỏng, hãy xuất lại"),
                format!("The .dbf file says {rows} rows but holds {fits}; it is cut short or damaged: export it again"),
            ));
        }
        Ok(Self { input, fields, rows, row_bytes, decode: Decode::Bytes, names: Vec::new() })
    }

    /// UTF-8 wherever it is valid; the declared page where there is one; else bytes.
    fn find_decoding(&mut self, cpg: Option<&str>) -> Decode {
        let mut all_utf8 = self.fields.iter().all(|field| std::str::from_utf8(&field.name).is_ok());
        let mut row = vec![0; self.row_bytes];
        for _ in 0..(self.rows as usize).min(SAMPLE) {
            if self.input.read_exact(&mut row).is_err() {
                break;
            }
            all_utf8 &= self.cells(&row).all(|(_, cell)| std::str::from_utf8(cell).is_ok());
        }
        let declared = cpg.unwrap_or_default().to_lowercase();
        match declared {
            _ if all_utf8 => Decode::Utf8,
            page if page.contains("1258") => Decode::Windows1258,
            _ => Decode::Bytes,
        }
    }

    fn cells<'a>(&'a self, row: &'a [u8]) -> impl Iterator<Item = (&'a Field, &'a [u8])> {
        let mut at = 1;
        self.fields.iter().map(move |field| {
            let cell = row.get(at..at + field.length).unwrap_or_default();
            at += field.length;
            (field, trim(cell))
        })
    }

    /// The next row; none after the last. A deleted row is a row.
    pub(super) fn next(&mut self) -> Result<Option<Map<String, Value>>, ReadError> {
        let mut row = vec![0; self.row_bytes];
        match self.input.read_exact(&mut row) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        let value = |field: &Field, cell: &[u8]| match field.kind {
            _ if cell.is_empty() => Value::Null,
            b'N' | b'F' => {
                let text = String::from_utf8_lossy(cell);
                let whole = text.parse::<i64>().ok().map(Value::from);
                whole.or_else(|| text.parse::<f64>().ok().map(Value::from)).unwrap_or(Value::Null)
            }
            b'L' => match cell[0] {
                b'T' | b't' | b'Y' | b'y' | b'1' => Value::Bool(true),
                b'F' | b'f' | b'N' | b'n' | b'0' => Value::Bool(false),
                _ => Value::Null,
            },
            b'C' | b'D' => Value::String(self.decode.text(cell)),
            _ => Value::Null,
        };
        Ok(Some(self.names.iter().cloned().zip(self.cells(&row).map(|(field, cell)| value(field, cell))).collect()))
    }
}
