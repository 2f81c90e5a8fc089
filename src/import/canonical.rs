//! The canonical GeoJSON of a feature set: what is named by its SHA-256 and everything derives from.
//!
//! RFC 7946: longitude, latitude in WGS 84, right-hand rule, seven decimals; one feature a line, in
//! the file's order.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use geo::Area;

use super::rings::{Mended, Ring, polygon};
use crate::domain::Digest;
use crate::domain::geometry::FeatureSet;

/// Writes a canonical set.
#[derive(Debug, Default)]
pub struct Writer {
    lines: String,
    count: u32,
    bbox: Option<[i64; 4]>,
    area_m2: Option<f64>,
}

/// Rounds degrees to the published 10⁻⁷.
pub fn round(degrees: f64) -> i64 {
    (degrees * 1e7).round() as i64
}

/// Appends a coordinate, `104.8741601`, without trailing zeros.
fn push_coordinate(out: &mut String, value: i64) {
    let (whole, fraction) = (value.unsigned_abs() / 10_000_000, value.unsigned_abs() % 10_000_000);
    let sign = if value < 0 { "-" } else { "" };
    let _ = write!(out, "{sign}{whole}");
    if fraction != 0 {
        let _ = write!(out, ".{fraction:07}");
        out.truncate(out.trim_end_matches('0').len());
    }
}

fn push_position(out: &mut String, position: [i64; 2]) {
    out.push('[');
    push_coordinate(out, position[0]);
    out.push(',');
    push_coordinate(out, position[1]);
    out.push(']');
}

fn push_ring(out: &mut String, ring: &Ring) {
    out.push('[');
    for vertex in ring.iter().chain(ring.first()) {
        push_position(out, vertex.lonlat);
        out.push(',');
    }
    out.pop();
    out.push(']');
}

fn push_polygon(out: &mut String, rings: &[Ring]) {
    out.push('[');
    for ring in rings {
        push_ring(out, ring);
        out.push(',');
    }
    out.pop();
    out.push(']');
}

/// Plane area of a valid multi-polygon in square metres, holes taken off.
pub fn area_m2(parts: &[Vec<Ring>]) -> f64 {
    parts.iter().map(|rings| polygon(rings, |vertex| vertex.plane).unsigned_area()).sum()
}

impl Writer {
    fn cover(&mut self, [x, y]: [i64; 2]) {
        let [west, south, east, north] = self.bbox.unwrap_or([x, y, x, y]);
        self.bbox = Some([west.min(x), south.min(y), east.max(x), north.max(y)]);
    }

    fn begin(&mut self, properties: &Map<String, Value>) {
        if self.count > 0 {
            self.lines.push_str(",\n");
        }
        self.count += 1;
        let properties = Value::Object(properties.clone());
        let _ = write!(self.lines, "{{\"type\":\"Feature\",\"id\":\"{}\",\"properties\":{properties},\"geometry\":", self.count);
    }

    /// Adds a polygon or multi-polygon; its plane area is added up.
    pub fn polygon(&mut self, properties: &Map<String, Value>, mended: &Mended) {
        for vertex in mended.parts.iter().flatten().flatten() {
            self.cover(vertex.lonlat);
        }
        self.area_m2 = Some(self.area_m2.unwrap_or(0.0) + area_m2(&mended.parts));
        self.begin(properties);
        if let [rings] = mended.parts.as_slice() {
            self.lines.push_str("{\"type\":\"Polygon\",\"coordinates\":");
            push_polygon(&mut self.lines, rings);
        } else {
            self.lines.push_str("{\"type\":\"MultiPolygon\",\"coordinates\":[");
            for rings in &mended.parts {
                push_polygon(&mut self.lines, rings);
                self.lines.push(',');
            }
            self.lines.pop();
            self.lines.push(']');
        }
        self.lines.push_str("}}");
    }

    /// Adds a point at longitude and latitude in 10⁻⁷ degrees.
    pub fn point(&mut self, properties: &Map<String, Value>, position: [i64; 2]) {
        self.cover(position);
        self.begin(properties);
        self.lines.push_str("{\"type\":\"Point\",\"coordinates\":");
        push_position(&mut self.lines, position);
        self.lines.push_str("}}");
    }

    /// The canonical bytes and what an event says of them; none of an empty set.
    pub fn finish(self) -> Option<(Vec<u8>, FeatureSet)> {
        let bbox = self.bbox?;
        let mut text = String::with_capacity(self.lines.len() + 128);
        text.push_str("{\"type\":\"FeatureCollection\",\"bbox\":[");
        for value in bbox {
            push_coordinate(&mut text, value);
            text.push(',');
        }
        text.pop();
        text.push_str("],\"features\":[\n");
        text.push_str(&self.lines);
        text.push_str("\n]}\n");
        let bytes = text.into_bytes();
        let set = FeatureSet {
            sha256: Digest::of(&bytes),
            bytes: bytes.len() as u64,
            count: self.count,
            bbox: bbox.map(|value| value as f64 / 1e7),
            area_ha: self.area_m2.map(hectares),
        };
        Some((bytes, set))
    }
}

/// Square metres as hectares with four decimals (one square metre).
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
