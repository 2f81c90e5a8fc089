//! Reads the records of a `.shp` file (ESRI white paper, July 1998), in the order of its index.
//!
//! This is an own reader, because an index may name records in any order, with stale ones and padding between
//! them.

use std::io::{Read, SeekFrom};

use super::nest;
use crate::geometry::simple::{Geometry, Position, Rings};
use crate::import::feature::{GeometryError, of_lines, of_parts};
use crate::import::source::{ReadSeek, Source};
use crate::words::sentence::Sentence;

/// Size of the header of `.shp` and `.shx` files, bytes.
const HEADER: u64 = 100;

/// Offset and length of each record, in bytes; the length leaves out the record's header of 8 bytes.
pub(super) struct Index(Vec<(u64, u64)>);

impl Index {
    /// Reads a `.shx` file; none if it is no valid index. `shp_bytes` is the size of its `.shp` file.
    pub(super) fn read(shx: &Source, shp_bytes: u64) -> Option<Self> {
        let entries = shx.bytes.checked_sub(HEADER)? / 8;
        let mut input = shx.open().ok()?;
        let mut head = [0; HEADER as usize];
        input.read_exact(&mut head).ok()?;
        if head[..4] != [0, 0, 0x27, 0x0a] {
            return None;
        }
        let words = u64::from(u32::from_be_bytes([head[24], head[25], head[26], head[27]]));
        let entries = entries.min((words * 2).checked_sub(HEADER)? / 8);
        let mut found = Vec::new();
        for _ in 0..entries {
            let mut entry = [0; 8];
            input.read_exact(&mut entry).ok()?;
            let [offset, length] =
                [0, 4].map(|at| u64::from(u32::from_be_bytes([entry[at], entry[at + 1], entry[at + 2], entry[at + 3]])) * 2);
            if offset < HEADER || offset + 8 + length > shp_bytes {
                return None;
            }
            found.push((offset, length));
        }
        Some(Self(found))
    }

    /// Number of records in the index.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// True if it lists all bytes of a `.shp` file of that size up to a few: none of the file's shapes is left out.
    pub(super) fn is_whole(&self, shp_bytes: u64) -> bool {
        let listed: u64 = self.0.iter().map(|(_, length)| length + 8).sum();
        // The smallest shape with a place is a point: 8 bytes of header and 20 of content.
        HEADER + listed + 28 > shp_bytes
    }
}

/// A `.shp` file that is being read.
pub(super) struct Records {
    input: Box<dyn ReadSeek>,
    /// Current offset in the input, bytes.
    at: u64,
    /// Number of the previous record.
    number: u32,
    /// True as long as record numbers increase one by one.
    pub(super) in_order: bool,
    end: u64,
    index: Option<std::vec::IntoIter<(u64, u64)>>,
    content: Vec<u8>,
}

/// Why a record cannot be read.
pub(super) enum Broken {
    /// The file contradicts itself or breaks off.
    Damaged(Sentence),
    Io(std::io::Error),
}

impl From<std::io::Error> for Broken {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::UnexpectedEof { Self::Damaged(sentence!("damage-breaks-off")) } else { Self::Io(error) }
    }
}

impl Records {
    /// Opens a file, and gives the size that its header states, bytes.
    pub(super) fn open(shp: &Source, index: Option<Index>) -> Result<(Self, u64), Broken> {
        let mut input = shp.open()?;
        let mut head = [0; HEADER as usize];
        input.read_exact(&mut head)?;
        if head[..4] != [0, 0, 0x27, 0x0a] {
            return Err(Broken::Damaged(sentence!("damage-not-shp")));
        }
        let declared = u64::from(u32::from_be_bytes([head[24], head[25], head[26], head[27]])) * 2;
        let index = index.map(|index| index.0.into_iter());
        Ok((Self { input, at: HEADER, number: 0, in_order: true, end: declared.min(shp.bytes), index, content: Vec::new() }, declared))
    }

    /// The next record's geometry; none after the last.
    pub(super) fn next(&mut self, most: usize) -> Result<Option<Result<Geometry, GeometryError>>, Broken> {
        if let Some(index) = &mut self.index {
            let Some((offset, _)) = index.next() else { return Ok(None) };
            if offset != self.at {
                self.input.seek(SeekFrom::Start(offset))?;
                self.at = offset;
            }
        } else if self.at + 8 > self.end {
            return Ok(None);
        }
        let mut head = [0; 8];
        self.input.read_exact(&mut head)?;
        let length = u64::from(u32::from_be_bytes([head[4], head[5], head[6], head[7]])) * 2;
        if self.index.is_none() && self.at + 8 + length > self.end || length < 4 {
            return Err(Broken::Damaged(sentence!("damage-record-length")));
        }
        // Without an index, the record's number says which row it belongs to.
        let number = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
        self.in_order &= number == self.number.wrapping_add(1) || self.number == 0 && number == 0;
        self.number = number;
        self.content.clear();
        // The buffer grows with the bytes that are there, not with the length that the record claims.
        let read = (&mut self.input).take(length).read_to_end(&mut self.content)?;
        if (read as u64) < length {
            return Err(Broken::Damaged(sentence!("damage-in-record")));
        }
        self.at += 8 + length;
        Ok(Some(geometry(&self.content, most)?))
    }
}

/// Reads the numbers of a record, which are little-endian.
struct Content<'a>(&'a [u8]);

impl Content<'_> {
    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or_else(|| Broken::Damaged(sentence!("damage-record-short")))?;
        self.0 = rest;
        Ok(*head)
    }

    fn count(&mut self, size: usize) -> Result<usize, Broken> {
        let count = i32::from_le_bytes(self.bytes()?);
        usize::try_from(count)
            .ok()
            .filter(|count| count.saturating_mul(size) <= self.0.len() + 4)
            .ok_or_else(|| Broken::Damaged(sentence!("damage-shape-points")))
    }

    fn position(&mut self) -> Result<Position, Broken> {
        Ok(Position([f64::from_le_bytes(self.bytes()?), f64::from_le_bytes(self.bytes()?)]))
    }
}

fn geometry(content: &[u8], most: usize) -> Result<Result<Geometry, GeometryError>, Broken> {
    let mut content = Content(content);
    let kind = i32::from_le_bytes(content.bytes()?);
    Ok(match kind {
        0 => Err(GeometryError::Missing),
        1 | 11 | 21 => Ok(Geometry::Point(content.position()?)),
        3 | 5 | 13 | 15 | 23 | 25 => {
            // The bounding box is skipped; the points give it anyway.
            content.bytes::<32>()?;
            let parts = content.count(4)?;
            let points = content.count(16)?;
            if points > most {
                return Ok(Err(GeometryError::too_many_points(points, most)));
            }
            let mut starts = Vec::with_capacity(parts);
            for _ in 0..parts {
                starts.push(usize::try_from(i32::from_le_bytes(content.bytes()?)).unwrap_or(usize::MAX));
            }
            let mut positions = Vec::with_capacity(points);
            for _ in 0..points {
                positions.push(content.position()?);
            }
            let mut rings: Rings = Vec::with_capacity(parts);
            for (i, start) in starts.iter().enumerate() {
                let end = starts.get(i + 1).copied().unwrap_or(points);
                rings.push(positions.get(*start..end).ok_or_else(|| Broken::Damaged(sentence!("damage-shape-parts")))?.to_vec());
            }
            if matches!(kind, 3 | 13 | 23) { of_lines(rings) } else { of_parts(nest::polygons(rings)) }
        }
        8 | 18 | 28 => {
            content.bytes::<32>()?;
            if content.count(16)? == 1 { Ok(Geometry::Point(content.position()?)) } else { Err(GeometryError::other_kind("Multipoint")) }
        }
        31 => Err(GeometryError::other_kind("MultiPatch")),
        _ => return Err(Broken::Damaged(sentence!("damage-shape-kind"))),
    })
}
