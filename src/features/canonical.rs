//! The canonical GeoJSON of a feature set. Its SHA-256 names the set, and everything else derives from it.
//!
//! RFC 7946: longitude, latitude in WGS 84, right-hand rule, seven decimals; one feature a line, in
//! the file's order.

use std::fmt::Write as _;

use bytes::Bytes;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::domain::Digest;
use crate::domain::feature_set::FeatureSet;
use crate::geometry::rings::Mended;
use crate::geometry::rings::VertexRing;
use crate::geometry::rings::area_m2;
use crate::geometry::simple::Geometry;

/// Bytes after which a new chunk begins.
const CHUNK: usize = 1 << 20;

/// A canonical set: its bytes in chunks, and their description in events.
#[derive(Debug, Clone, PartialEq)]
pub struct CanonicalSet {
    /// The bytes, in pieces.
    pub chunks: Vec<Bytes>,
    /// The description that an event carries.
    pub set: FeatureSet,
}

/// A feature's text, which does not depend on its place in the set.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FeatureText {
    /// `"properties":{…},"geometry":{…}`
    text: String,
    /// West, south, east, north in 10⁻⁷ degrees.
    pub bbox: [i64; 4],
    /// Plane area in square metres; none for points and lines.
    pub area_m2: Option<f64>,
}

/// Writes a canonical set.
#[derive(Debug, Default)]
pub struct Writer {
    chunks: Vec<Bytes>,
    lines: String,
    count: u32,
    bbox: Option<[i64; 4]>,
    area_m2: Option<f64>,
    places: Vec<(u32, u32)>,
}

/// Rounds degrees to the published 10⁻⁷.
pub fn round(degrees: f64) -> i64 {
    (degrees * 1e7).round() as i64
}

/// Appends a coordinate, `104.8741601`, without trailing zeros.
fn push_coordinate(out: &mut String, value: i64) {
    let (whole, mut fraction) = (value.unsigned_abs() / 10_000_000, value.unsigned_abs() % 10_000_000);
    // By hand, from the last digit: a city has millions of coordinates.
    let mut digits = [0; 24];
    let mut at = digits.len();
    let mut push = |digit: u8| {
        at -= 1;
        digits[at] = digit;
    };
    if fraction != 0 {
        let mut places = 7;
        while fraction % 10 == 0 {
            fraction /= 10;
            places -= 1;
        }
        for _ in 0..places {
            push(b'0' + (fraction % 10) as u8);
            fraction /= 10;
        }
        push(b'.');
    }
    let mut whole = whole;
    loop {
        push(b'0' + (whole % 10) as u8);
        whole /= 10;
        if whole == 0 {
            break;
        }
    }
    if value < 0 {
        push(b'-');
    }
    out.push_str(std::str::from_utf8(&digits[at..]).unwrap_or_default());
}

fn push_position(out: &mut String, position: [i64; 2]) {
    out.push('[');
    push_coordinate(out, position[0]);
    out.push(',');
    push_coordinate(out, position[1]);
    out.push(']');
}

fn push_ring(out: &mut String, ring: &VertexRing) {
    out.push('[');
    for vertex in ring.iter().chain(ring.first()) {
        push_position(out, vertex.lonlat);
        out.push(',');
    }
    out.pop();
    out.push(']');
}

fn push_polygon(out: &mut String, rings: &[VertexRing]) {
    out.push('[');
    for ring in rings {
        push_ring(out, ring);
        out.push(',');
    }
    out.pop();
    out.push(']');
}

fn begin(properties: &Map<String, Value>, points: usize) -> String {
    let mut bytes = Vec::with_capacity(256 + points * 25);
    bytes.extend_from_slice(b"\"properties\":");
    // Writing to memory cannot fail.
    let _ = serde_json::to_writer(&mut bytes, properties);
    let mut text = String::from_utf8(bytes).unwrap_or_default();
    text.push_str(",\"geometry\":");
    text
}

/// The text of an area. It is always a multi-polygon, even with one part: clients take the type of a whole
/// layer from its first features and refuse others.
pub fn polygon_piece(properties: &Map<String, Value>, mended: &Mended) -> FeatureText {
    let mut text = begin(properties, mended.parts.iter().flatten().map(Vec::len).sum());
    let start = [i64::MAX, i64::MAX, i64::MIN, i64::MIN];
    let bbox = mended.parts.iter().flatten().flatten().fold(start, |b, vertex| {
        let [x, y] = vertex.lonlat;
        [b[0].min(x), b[1].min(y), b[2].max(x), b[3].max(y)]
    });
    text.push_str("{\"type\":\"MultiPolygon\",\"coordinates\":[");
    for (i, rings) in mended.parts.iter().enumerate() {
        text.push_str(if i > 0 { "," } else { "" });
        push_polygon(&mut text, rings);
    }
    text.push_str("]}");
    FeatureText { text, bbox, area_m2: Some(area_m2(&mended.parts)) }
}

/// The text of a point at longitude and latitude in 10⁻⁷ degrees.
pub fn point_piece(properties: &Map<String, Value>, position: [i64; 2]) -> FeatureText {
    let mut text = begin(properties, 1);
    text.push_str("{\"type\":\"Point\",\"coordinates\":");
    push_position(&mut text, position);
    text.push('}');
    let [x, y] = position;
    FeatureText { text, bbox: [x, y, x, y], area_m2: None }
}

/// The text of lines in 10⁻⁷ degrees. It is always a multi-line, for the same reason.
pub fn line_piece(properties: &Map<String, Value>, lines: &[Vec<[i64; 2]>]) -> FeatureText {
    let mut text = begin(properties, lines.iter().map(Vec::len).sum());
    let start = [i64::MAX, i64::MAX, i64::MIN, i64::MIN];
    let bbox = lines.iter().flatten().fold(start, |b, [x, y]| [b[0].min(*x), b[1].min(*y), b[2].max(*x), b[3].max(*y)]);
    text.push_str("{\"type\":\"MultiLineString\",\"coordinates\":[");
    for (i, line) in lines.iter().enumerate() {
        text.push_str(if i > 0 { ",[" } else { "[" });
        for (k, position) in line.iter().enumerate() {
            text.push_str(if k > 0 { "," } else { "" });
            push_position(&mut text, *position);
        }
        text.push(']');
    }
    text.push_str("]}");
    FeatureText { text, bbox, area_m2: None }
}

impl Writer {
    /// Adds a feature.
    pub fn push(&mut self, piece: &FeatureText) {
        let [west, south, east, north] = self.bbox.unwrap_or(piece.bbox);
        let b = piece.bbox;
        self.bbox = Some([west.min(b[0]), south.min(b[1]), east.max(b[2]), north.max(b[3])]);
        if let Some(area) = piece.area_m2 {
            self.area_m2 = Some(self.area_m2.unwrap_or(0.0) + area);
        }
        if self.count > 0 {
            self.lines.push_str(",\n");
            self.cut(CHUNK);
        }
        self.count += 1;
        self.places.push((self.chunks.len() as u32, self.lines.len() as u32));
        let _ = write!(self.lines, "{{\"type\":\"Feature\",\"id\":\"{}\",{}}}", self.count, piece.text);
    }

    fn cut(&mut self, least: usize) {
        if self.lines.len() >= least {
            let next = String::with_capacity(CHUNK + CHUNK / 8);
            self.chunks.push(std::mem::replace(&mut self.lines, next).into());
        }
    }

    /// The geometry of a feature that was added, by its place in the set.
    pub fn geometry(&self, index: usize) -> Option<Geometry> {
        let (chunk, start) = *self.places.get(index)?;
        let text = match self.chunks.get(chunk as usize) {
            Some(bytes) => std::str::from_utf8(bytes).ok()?,
            None => &self.lines,
        };
        let line = text.get(start as usize..)?.lines().next()?;
        let at = line.rfind(",\"geometry\":")?;
        let geometry = line.get(at + 12..)?.trim_end_matches(',').strip_suffix('}')?;
        serde_json::from_str(geometry).ok()
    }

    /// The canonical bytes and their description in events; none for an empty set.
    pub fn finish(mut self) -> Option<CanonicalSet> {
        let bbox = self.bbox?;
        let mut head = String::with_capacity(128);
        head.push_str("{\"type\":\"FeatureCollection\",\"bbox\":[");
        for value in bbox {
            push_coordinate(&mut head, value);
            head.push(',');
        }
        head.pop();
        head.push_str("],\"features\":[\n");
        self.lines.push_str("\n]}\n");
        self.cut(0);
        let chunks: Vec<Bytes> = std::iter::once(head.into()).chain(self.chunks).collect();
        let mut hasher = Sha256::new();
        chunks.iter().for_each(|chunk| hasher.update(chunk));
        let set = FeatureSet {
            sha256: Digest(hasher.finalize().into()),
            bytes: chunks.iter().map(|chunk| chunk.len() as u64).sum(),
            count: self.count,
            bbox: bbox.map(|value| value as f64 / 1e7),
            area_ha: self.area_m2.map(hectares),
            left_out: Vec::new(),
        };
        Some(CanonicalSet { chunks, set })
    }
}

/// Square metres as hectares, rounded to four decimals: that is one square metre.
pub fn hectares(square_metres: f64) -> f64 {
    square_metres.round() / 10_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_written_exactly_and_short() {
        let written = |value| {
            let mut text = String::new();
            push_coordinate(&mut text, value);
            text
        };
        assert_eq!(written(1_048_741_601), "104.8741601");
        assert_eq!(written(1_048_700_000), "104.87");
        assert_eq!(written(-5), "-0.0000005");
        assert_eq!(written(0), "0");
    }
}
