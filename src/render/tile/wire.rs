//! Writes tiles as bytes: Mapbox Vector Tile 2.1 in the Protocol Buffers wire format.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde_json::Value;

use super::EXTENT;
use super::grid::lean;
use crate::geometry::Ring;

/// A property's value as tiles write it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Said {
    /// A text.
    Text(String),
    /// The bits of a floating-point number.
    Number(u64),
    /// An integer.
    Whole(i64),
    /// A boolean.
    Truth(bool),
}

/// Bytes in the Protocol Buffers wire format.
#[derive(Default)]
struct Wire(Vec<u8>);

impl Wire {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn number(&mut self, field: u64, value: u64) {
        self.varint(field << 3);
        self.varint(value);
    }
}

/// The geometry commands of a feature.
#[derive(Default)]
pub struct Path {
    wire: Wire,
    at: [i64; 2],
    room: Ring,
}

impl Path {
    /// Begins another feature and reuses the memory.
    pub fn clear(&mut self) {
        self.wire.0.clear();
        self.at = [0, 0];
    }

    fn command(&mut self, id: u64, count: usize) {
        self.wire.varint(id | (count as u64) << 3);
    }

    fn to(&mut self, point: [i64; 2]) {
        for (to, from) in point.iter().zip(self.at) {
            let step = to - from;
            self.wire.varint(((step << 1) ^ (step >> 63)) as u64);
        }
        self.at = point;
    }

    /// Writes points.
    pub fn points(&mut self, points: &[[i64; 2]]) {
        self.command(1, points.len());
        points.iter().for_each(|point| self.to(*point));
    }

    /// Writes lines of at least two points. False if there are none.
    pub fn lines(&mut self, lines: &[Vec<[i64; 2]>]) -> bool {
        for line in lines {
            let [first, rest @ ..] = line.as_slice() else { continue };
            self.command(1, 1);
            self.to(*first);
            self.command(2, rest.len());
            rest.iter().for_each(|point| self.to(*point));
        }
        !lines.is_empty()
    }

    /// Writes areas: rings in groups of an outer ring and its holes. Outer rings turn as the standard
    /// wants: their area is positive where rows run south. False if nothing is left of the areas.
    pub fn areas<'a>(&mut self, rings: impl IntoIterator<Item = &'a [[i64; 2]]>) -> bool {
        let mut drawn = false;
        for ring in rings {
            let mut room = std::mem::take(&mut self.room);
            lean(ring, &mut room);
            // Outer rings run counter-clockwise on the globe, which is a negative area where rows run south.
            let area = doubled_area(&room);
            if area < 0 || (area > 0 && drawn) {
                self.command(1, 1);
                let mut points = room.iter().rev();
                points.next().into_iter().for_each(|point| self.to(*point));
                self.command(2, room.len() - 1);
                points.for_each(|point| self.to(*point));
                self.command(7, 1);
                drawn = true;
            }
            self.room = room;
        }
        drawn
    }
}

/// Twice the signed area of a ring on a tile's grid; 0 if it is not a ring.
pub fn doubled_area(ring: &[[i64; 2]]) -> i64 {
    let Some(mut from) = ring.last() else { return 0 };
    let mut sum = 0_i64;
    for to in ring {
        sum = sum.wrapping_add(from[0].wrapping_mul(to[1]).wrapping_sub(from[1].wrapping_mul(to[0])));
        from = to;
    }
    sum
}

/// The one layer of a tile.
pub struct Layered {
    features: Wire,
    keys: BTreeMap<String, u64>,
    key_order: Vec<String>,
    values: FxHashMap<Said, u64>,
    value_order: Vec<Said>,
    /// Buffers for the parts of a feature, which are written before the feature itself.
    rooms: [Wire; 2],
}

/// Geometry type of points (Mapbox Vector Tile 2.1 §4.3.4).
pub const POINT: u64 = 1;
/// Geometry type of lines (Mapbox Vector Tile 2.1 §4.3.4).
pub const LINE: u64 = 2;
/// Geometry type of areas (Mapbox Vector Tile 2.1 §4.3.4).
pub const POLYGON: u64 = 3;

impl Layered {
    /// An empty layer.
    pub fn new() -> Self {
        Self {
            features: Wire::default(),
            keys: BTreeMap::new(),
            key_order: Vec::new(),
            values: FxHashMap::default(),
            value_order: Vec::new(),
            rooms: Default::default(),
        }
    }

    /// The number of a property's name; a new name gets the next number.
    pub fn key(&mut self, name: &str) -> u64 {
        if let Some(index) = self.keys.get(name) {
            return *index;
        }
        let index = self.key_order.len() as u64;
        self.keys.insert(name.to_owned(), index);
        self.key_order.push(name.to_owned());
        index
    }

    /// The number of a value; a new value gets the next number.
    pub fn value(&mut self, value: Said) -> u64 {
        if let Some(index) = self.values.get(&value) {
            return *index;
        }
        let index = self.value_order.len() as u64;
        self.values.insert(value.clone(), index);
        self.value_order.push(value);
        index
    }

    /// Appends a feature of that geometry type. `tags` are pairs of the numbers of a name and a value.
    pub fn feature(&mut self, kind: u64, tags: &[(u64, u64)], path: &Path) {
        let [packed, wire] = &mut self.rooms;
        packed.0.clear();
        wire.0.clear();
        for (key, value) in tags {
            packed.varint(*key);
            packed.varint(*value);
        }
        wire.bytes(2, &packed.0);
        wire.number(3, kind);
        wire.bytes(4, &path.wire.0);
        self.features.bytes(2, &wire.0);
    }

    /// The bytes of the tile; empty if it has no features.
    pub fn finish(self, name: &str) -> Vec<u8> {
        if self.features.0.is_empty() {
            return Vec::new();
        }
        let mut layer = Wire::default();
        layer.number(15, 2);
        layer.bytes(1, name.as_bytes());
        layer.0.extend_from_slice(&self.features.0);
        self.key_order.iter().for_each(|key| layer.bytes(3, key.as_bytes()));
        for value in &self.value_order {
            let mut wire = Wire::default();
            match value {
                Said::Text(text) => wire.bytes(1, text.as_bytes()),
                Said::Number(bits) => {
                    wire.varint(3 << 3 | 1);
                    wire.0.extend_from_slice(&bits.to_le_bytes());
                }
                Said::Whole(number) => wire.number(4, *number as u64),
                Said::Truth(truth) => wire.number(7, u64::from(*truth)),
            }
            layer.bytes(4, &wire.0);
        }
        layer.number(5, EXTENT as u64);
        let mut tile = Wire::default();
        tile.bytes(3, &layer.0);
        tile.0
    }
}

/// A value as tiles write it; `None` for a value that tiles cannot express.
pub fn said(value: Value) -> Option<Said> {
    match value {
        Value::String(text) => Some(Said::Text(text)),
        Value::Bool(truth) => Some(Said::Truth(truth)),
        Value::Number(number) => number.as_i64().map(Said::Whole).or_else(|| number.as_f64().map(|n| Said::Number(n.to_bits()))),
        _ => None,
    }
}
