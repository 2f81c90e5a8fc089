//! Reads the lines of an ASCII DXF: group codes and values, entity by entity.

use std::io::{BufRead, BufReader, Read};

use super::super::ReadError;
use crate::import::encoding::{Lean, decide, keep};
use crate::import::source::ReadSeek;
use crate::words::sentence::Sentence;

/// Longest line, bytes; DXF allows 2,049 characters.
const LINE_BYTES: u64 = 8_192;

/// A group's value: a number or a text, as its code prescribes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Number(f64),
    Text(Box<str>),
}

/// The groups of one entity, in the file's order.
#[derive(Debug, Default)]
pub(super) struct Fields(pub(super) Vec<(i32, Value)>);

impl Fields {
    /// The first number with a code.
    pub(super) fn number(&self, code: i32) -> Option<f64> {
        self.0.iter().find_map(|(found, value)| match value {
            Value::Number(number) if *found == code => Some(*number),
            _ => None,
        })
    }

    /// The first number with a code as a whole number; 0 if there is none.
    pub(super) fn whole(&self, code: i32) -> i64 {
        self.number(code).filter(|number| number.is_finite()).map_or(0, |number| number as i64)
    }

    /// The first text with a code; empty if there is none.
    pub(super) fn text(&self, code: i32) -> &str {
        let found = self.0.iter().find_map(|(found, value)| match value {
            Value::Text(text) if *found == code => Some(&**text),
            _ => None,
        });
        found.unwrap_or_default()
    }

    /// The point from the numbers with two codes; a missing number is NaN.
    pub(super) fn point(&self, x: i32, y: i32) -> [f64; 2] {
        [self.number(x).unwrap_or(f64::NAN), self.number(y).unwrap_or(f64::NAN)]
    }
}

/// True for codes whose values are texts.
fn is_text(code: i32) -> bool {
    matches!(code, 0..=9 | 100..=105 | 300..=369 | 390..=399 | 410..=419 | 430..=439 | 470..=481 | 999..=1009)
}

pub(super) struct Groups {
    input: BufReader<Box<dyn ReadSeek>>,
    /// Number of lines read.
    pub(super) line: u64,
    ahead: Option<(i32, String)>,
    /// Most groups that an entity may have.
    most: usize,
}

impl Groups {
    pub(super) fn new(input: Box<dyn ReadSeek>, most: usize) -> Self {
        Self { input: BufReader::with_capacity(1 << 18, input), line: 0, ahead: None, most }
    }

    fn line(&mut self) -> Result<Option<String>, ReadError> {
        let mut bytes = Vec::new();
        (&mut self.input).take(LINE_BYTES).read_until(b'\n', &mut bytes)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        self.line += 1;
        if bytes.len() as u64 == LINE_BYTES {
            return Err(self.damaged(sentence!("damage-line-too-long")));
        }
        // DXF is in UTF-8 since 2007; older drawings use a code page, or TCVN3 or VNI.
        let text = keep(&bytes);
        Ok(Some(if text.is_ascii() { text } else { decide(&text, Lean::default()).text }))
    }

    pub(super) fn damaged(&self, what: Sentence) -> ReadError {
        ReadError::damaged(sentence!("place-dxf", line = self.line), what.into())
    }

    /// The next group, as code and value; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<(i32, String)>, ReadError> {
        if let Some(group) = self.ahead.take() {
            return Ok(Some(group));
        }
        let Some(code) = self.line()? else { return Ok(None) };
        if code.trim().is_empty() {
            return Ok(None);
        }
        let code = code.trim().parse().map_err(|_| self.damaged(sentence!("damage-group-code")))?;
        let Some(value) = self.line()? else { return Err(self.damaged(sentence!("damage-breaks-off"))) };
        Ok(Some((code, value.trim_end_matches(['\r', '\n']).trim().to_owned())))
    }

    /// All groups up to the next entity; extended data is left out.
    pub(super) fn fields(&mut self) -> Result<Fields, ReadError> {
        let mut fields = Fields::default();
        while let Some((code, value)) = self.next()? {
            if code == 0 {
                self.ahead = Some((0, value));
                break;
            }
            if code >= 1000 {
                continue;
            }
            if fields.0.len() >= self.most {
                return Err(self.damaged(sentence!("damage-entity-points")));
            }
            let value = if is_text(code) { Value::Text(value.into()) } else { Value::Number(value.parse().unwrap_or(f64::NAN)) };
            fields.0.push((code, value));
        }
        Ok(fields)
    }

    /// Puts a group back, to be read next.
    pub(super) fn back(&mut self, group: (i32, String)) {
        self.ahead = Some(group);
    }
}
