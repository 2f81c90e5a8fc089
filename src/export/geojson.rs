//! GeoJSON: a whole collection, or features one after the other.

use std::io::{self, Write};

use super::Writer;
use crate::features::geojson::Front;
use crate::read_model::layers::{Collection, LayerRow};

fn text(row: &LayerRow<'_>, out: &mut Vec<u8>) {
    let mut buffer = [0; 10];
    let key = row.part.key(row.feature, &mut buffer);
    Front::new(&row.part.head).push(out, key, row.features, row.feature);
}

/// A FeatureCollection.
pub(super) struct Whole<W> {
    out: W,
    line: Vec<u8>,
    is_first: bool,
}

impl<W: Write> Whole<W> {
    pub(super) fn new(collection: &Collection, mut out: W) -> io::Result<Self> {
        write!(out, "{{\"type\":\"FeatureCollection\",\"name\":\"{}\",\"features\":[", collection.name)?;
        Ok(Self { out, line: Vec::new(), is_first: true })
    }
}

impl<W: Write> Writer for Whole<W> {
    fn feature(&mut self, row: &LayerRow<'_>) -> io::Result<()> {
        self.line.clear();
        self.line.extend_from_slice(if self.is_first { b"\n" } else { b",\n" });
        self.is_first = false;
        text(row, &mut self.line);
        self.out.write_all(&self.line)
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.out.write_all(b"\n]}\n")?;
        self.out.flush()
    }
}

/// A GeoJSON text sequence (RFC 8142).
pub(super) struct Sequence<W> {
    out: W,
    line: Vec<u8>,
}

impl<W: Write> Sequence<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, line: Vec::new() }
    }
}

impl<W: Write> Writer for Sequence<W> {
    fn feature(&mut self, row: &LayerRow<'_>) -> io::Result<()> {
        self.line.clear();
        self.line.push(0x1e);
        text(row, &mut self.line);
        self.line.push(b'\n');
        self.out.write_all(&self.line)
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.out.flush()
    }
}
