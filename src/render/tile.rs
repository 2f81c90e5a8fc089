//! Vector tiles (Mapbox Vector Tile 2.1, OGC API – Tiles): features of a layer in one square of web
//! Mercator, as small as can be and without gaps between neighbours.
//!
//! Every vertex is moved to the tile's grid by the same rule for both neighbours of a border; only
//! points that fall together or lie on a straight line of the grid are left out, so shared borders
//! stay shared. Where zones are too small to be told apart, neighbours of one code become one area.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::f64::consts::PI;

use rustc_hash::FxHashMap;
use serde_json::Value;

use super::shape::{self, Ring};
use crate::domain::geometry::{Bbox, encloses};
use crate::read_model::features::Features;
use crate::read_model::layers::{Layer, LayerRow, Part};

/// Units across a tile.
const EXTENT: i64 = 4_096;
/// Units beyond its edges, so that outlines do not show there.
const BUFFER: i64 = 64;
/// Units of a pixel of a tile that is shown 256 pixels wide.
const PIXEL: i64 = EXTENT / 256;
/// Zones of fewer square pixels than this, on average, are shown as areas of one code.
const TOLD_APART: f64 = 16.0;
/// Largest tile, bytes.
pub const LARGEST: usize = 500_000;
/// Bytes of a zone in a tile, at the very least.
const LEAST_BYTES: usize = 125;
/// From this zoom on every unit of the grid is used; below, a quarter of a pixel is near enough.
const FINE: u8 = 14;
/// Deepest zoom that is drawn.
pub const DEEPEST: u8 = 22;

/// A tile's address: zoom, column from the west, row from the north.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Address {
    /// 0 is the whole world.
    pub zoom: u8,
    /// From the west.
    pub column: u32,
    /// From the north.
    pub row: u32,
}

impl Address {
    /// None where there is no such tile.
    pub fn new(zoom: u8, row: u32, column: u32) -> Option<Self> {
        let side = 1_u32.checked_shl(u32::from(zoom)).filter(|_| zoom <= DEEPEST)?;
        (row < side && column < side).then_some(Self { zoom, column, row })
    }

    fn side(self) -> f64 {
        f64::from(1_u32 << self.zoom)
    }

    /// Its box in degrees, `beyond` units larger on every side.
    fn bbox(self, beyond: i64) -> Bbox {
        let margin = beyond as f64 / EXTENT as f64;
        let lon = |column: f64| (column / self.side() * 360.0 - 180.0).clamp(-180.0, 180.0);
        let lat = |row: f64| (PI * (1.0 - 2.0 * row / self.side())).sinh().atan().to_degrees();
        let (column, row) = (f64::from(self.column), f64::from(self.row));
        [lon(column - margin), lat(row + 1.0 + margin), lon(column + 1.0 + margin), lat(row - margin)]
    }
}

/// From 10⁻⁷ degrees to units of a tile, in steps of its grid.
struct Grid {
    address: Address,
    step: i64,
    /// Steps of a column for each 10⁻⁷ degree, and the column of longitude 0.
    column: [f64; 2],
    /// Middle latitude in 10⁻⁷ degrees and the polynomial of the row around it, in steps.
    middle: f64,
    series: Option<[f64; 4]>,
    /// What lies in this box stays within the margin when it goes to the grid.
    inner: Bbox,
}

/// Rounds to the nearest whole number; far cheaper than the library's for what is this small.
fn nearest(value: f64) -> i64 {
    const SHIFT: f64 = 4_294_967_296.0;
    (value + (SHIFT + 0.5)) as i64 - SHIFT as i64
}

impl Grid {
    fn new(address: Address, step: i64) -> Self {
        let [_, south, _, north] = address.bbox(BUFFER);
        let middle = f64::midpoint(south, north).to_radians();
        let steps = EXTENT as f64 / step as f64;
        // ln(tan φ + sec φ) to the third order: within a tile of zoom 10 that is exact to a
        // thousandth of a unit, and much faster than two transcendental functions a vertex.
        let series = (address.zoom >= 10).then(|| {
            let (sec, tan) = (1.0 / middle.cos(), middle.tan());
            let scale = -address.side() * steps / (2.0 * PI);
            let at = (tan + sec).ln();
            let top = (0.5 * address.side() - f64::from(address.row)) * steps;
            let turn = (1e-7_f64).to_radians();
            let third = scale * sec * (sec * sec + tan * tan) / 6.0;
            [top + scale * at, scale * sec * turn, scale * sec * tan / 2.0 * turn * turn, third * turn * turn * turn]
        });
        let column = [address.side() * steps / 3.6e9, (0.5 * address.side() - f64::from(address.column)) * steps];
        Self { address, step, column, middle: middle.to_degrees() * 1e7, series, inner: address.bbox(BUFFER - step) }
    }

    #[inline]
    fn place(&self, [lon, lat]: [i64; 2]) -> [i64; 2] {
        let x = lon as f64 * self.column[0] + self.column[1];
        let y = if let Some([a, b, c, d]) = self.series {
            let t = lat as f64 - self.middle;
            a + t * (b + t * (c + t * d))
        } else {
            let lat = (lat as f64 / 1e7).clamp(-85.06, 85.06).to_radians();
            let row = 0.5 - (lat.tan() + 1.0 / lat.cos()).ln() / (2.0 * PI);
            (row * self.address.side() - f64::from(self.address.row)) * (EXTENT / self.step) as f64
        };
        [nearest(x) * self.step, nearest(y) * self.step]
    }
}

/// Clips a ring to the tile and its margin (Sutherland and Hodgman), one side after the other.
fn clip(ring: Ring) -> Ring {
    const LOW: i64 = -BUFFER;
    const HIGH: i64 = EXTENT + BUFFER;
    let mut ring = ring;
    for (axis, limit, keep_above) in [(0, LOW, true), (0, HIGH, false), (1, LOW, true), (1, HIGH, false)] {
        let inside = |point: &[i64; 2]| if keep_above { point[axis] >= limit } else { point[axis] <= limit };
        if ring.iter().all(inside) {
            continue;
        }
        let mut kept = Ring::with_capacity(ring.len() + 4);
        for (i, b) in ring.iter().enumerate() {
            let a = &ring[(i + ring.len() - 1) % ring.len()];
            if inside(a) != inside(b) {
                // Computed from the same end for both neighbours of a border.
                let (p, q) = if a < b { (a, b) } else { (b, a) };
                let t = (limit - p[axis]) as f64 / (q[axis] - p[axis]) as f64;
                let other = 1 - axis;
                let mut cut = [limit; 2];
                cut[other] = (p[other] as f64 + (q[other] - p[other]) as f64 * t).round() as i64;
                kept.push(cut);
            }
            if inside(b) {
                kept.push(*b);
            }
        }
        ring = kept;
    }
    ring
}

/// Leaves out points that fall together or lie on the straight line between their neighbours.
fn lean(ring: &Ring) -> Ring {
    let mut points = Ring::with_capacity(ring.len());
    for &point in ring {
        if points.last() == Some(&point) {
            continue;
        }
        while let [.., a, b] = points.as_slice()
            && on_the_way(*a, *b, point)
        {
            points.pop();
        }
        points.push(point);
    }
    while points.len() > 2 && (points.first() == points.last() || on_the_way(points[points.len() - 2], points[points.len() - 1], points[0]))
    {
        points.pop();
    }
    points
}

fn on_the_way(a: [i64; 2], b: [i64; 2], c: [i64; 2]) -> bool {
    (b[0] - a[0]) * (c[1] - b[1]) == (b[1] - a[1]) * (c[0] - b[0])
        && (b[0] - a[0]) * (c[0] - b[0]) >= 0
        && (b[1] - a[1]) * (c[1] - b[1]) >= 0
}

/// A value of a property, as tiles write it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Said {
    Text(String),
    /// Bits of a number.
    Number(u64),
    Whole(i64),
    Truth(bool),
}

/// Bytes in Google's wire format.
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
struct Path {
    wire: Wire,
    at: [i64; 2],
}

impl Path {
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

    fn ring(&mut self, ring: &Ring) {
        self.command(1, 1);
        self.to(ring[0]);
        self.command(2, ring.len() - 1);
        ring[1..].iter().for_each(|point| self.to(*point));
        self.command(7, 1);
    }

    fn points(&mut self, points: &[[i64; 2]]) {
        self.command(1, points.len());
        points.iter().for_each(|point| self.to(*point));
    }

    /// Areas: rings in groups of an outer one and its holes, the outer ones turning as the standard
    /// wants, positive where rows run south.
    fn areas(&mut self, rings: &[Ring]) -> bool {
        let mut drawn = false;
        let mut open = false;
        for ring in rings {
            let ring = lean(ring);
            let area = if ring.len() > 2 { shape::doubled_area(&ring) } else { 0 };
            // On the globe outer rings run counter-clockwise; with rows running south that is negative.
            if area < 0 {
                self.ring(&ring.iter().rev().copied().collect());
                (drawn, open) = (true, true);
            } else if area > 0 && open {
                self.ring(&ring.iter().rev().copied().collect());
            }
        }
        drawn
    }
}

/// The one layer of a tile.
struct Layered {
    features: Wire,
    keys: BTreeMap<String, u64>,
    key_order: Vec<String>,
    values: FxHashMap<Said, u64>,
    value_order: Vec<Said>,
}

const POINT: u64 = 1;
const POLYGON: u64 = 3;

impl Layered {
    fn new() -> Self {
        Self {
            features: Wire::default(),
            keys: BTreeMap::new(),
            key_order: Vec::new(),
            values: FxHashMap::default(),
            value_order: Vec::new(),
        }
    }

    fn key(&mut self, name: &str) -> u64 {
        if let Some(index) = self.keys.get(name) {
            return *index;
        }
        let index = self.key_order.len() as u64;
        self.keys.insert(name.to_owned(), index);
        self.key_order.push(name.to_owned());
        index
    }

    fn value(&mut self, value: Said) -> u64 {
        if let Some(index) = self.values.get(&value) {
            return *index;
        }
        let index = self.value_order.len() as u64;
        self.values.insert(value.clone(), index);
        self.value_order.push(value);
        index
    }

    fn feature(&mut self, kind: u64, tags: &[(u64, u64)], path: &Path) {
        let mut packed = Wire::default();
        for (key, value) in tags {
            packed.varint(*key);
            packed.varint(*value);
        }
        let mut wire = Wire::default();
        wire.bytes(2, &packed.0);
        wire.number(3, kind);
        wire.bytes(4, &path.wire.0);
        self.features.bytes(2, &wire.0);
    }

    fn finish(self, name: &str) -> Vec<u8> {
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

fn said(value: Value) -> Option<Said> {
    match value {
        Value::String(text) => Some(Said::Text(text)),
        Value::Bool(truth) => Some(Said::Truth(truth)),
        Value::Number(number) => number.as_i64().map(Said::Whole).or_else(|| number.as_f64().map(|n| Said::Number(n.to_bits()))),
        _ => None,
    }
}

/// Properties that are left out of tiles: long, or of no use on a map.
const LEFT_OUT: [&str; 4] = ["url", "summary", "updated", "units"];

/// True when a part's zones cannot be told apart at that zoom.
fn is_crowded(part: &Part, zoom: u8) -> bool {
    let Some([west, south, east, north]) = part.bbox else { return false };
    if part.count < 2 || part.set().is_none() {
        return false;
    }
    let across = |degrees: f64| degrees / 360.0 * f64::from(1_u32 << zoom) * 256.0;
    // On the map both directions are stretched alike.
    let height = (north - south) / f64::midpoint(south, north).to_radians().cos();
    across(east - west) * across(height) / (part.count as f64) < TOLD_APART
}

/// How coarsely a tile is drawn.
#[derive(Clone, Copy)]
struct Detail {
    step: i64,
    merged: bool,
    /// Merged areas of fewer square units are left out.
    smallest: i128,
}

/// Draws a tile; empty where nothing is. `sets` are the feature sets of the layer's parts, those that
/// may meet the tile.
pub fn draw(layer: &Layer, sets: &[Option<std::sync::Arc<Features>>], address: Address) -> Vec<u8> {
    let step = if address.zoom >= FINE { 1 } else { PIXEL / 4 };
    let first = attempt(layer, sets, address, Detail { step, merged: false, smallest: 0 });
    if first.len() <= LARGEST {
        return first;
    }
    // Too large: merge everywhere, then coarser and coarser until it fits.
    let mut detail = Detail { step, merged: true, smallest: 0 };
    loop {
        let tile = attempt(layer, sets, address, detail);
        if tile.len() <= LARGEST || detail.step > EXTENT {
            return if tile.len() <= LARGEST { tile } else { Vec::new() };
        }
        detail.step *= 2;
        detail.smallest = i128::from(detail.step) * i128::from(detail.step) * 4;
    }
}

/// The bbox of what a tile shows.
pub fn bbox(address: Address) -> Bbox {
    address.bbox(BUFFER)
}

fn attempt(layer: &Layer, sets: &[Option<std::sync::Arc<Features>>], address: Address, detail: Detail) -> Vec<u8> {
    let grid = Grid::new(address, detail.step);
    let bbox = address.bbox(BUFFER);
    let mut out = Layered::new();
    let names: Vec<(usize, u64)> = layer
        .collection
        .properties
        .iter()
        .enumerate()
        .filter(|(_, property)| !LEFT_OUT.contains(&property.name.as_ref()))
        .map(|(index, property)| (index, out.key(&property.name)))
        .collect();
    for (part, features) in layer.parts.iter().zip(sets) {
        let Some(features) = features.as_deref().filter(|_| part.may_meet(&bbox)) else { continue };
        let near = features.near(&bbox);
        let areas = near.first().is_some_and(|index| !features.is_points(&features.list[*index]));
        let too_many = near.len() * LEAST_BYTES > LARGEST;
        if part.set().is_some() && areas && (detail.merged || too_many || is_crowded(part, address.zoom)) {
            merged(&mut out, part, features, &near, &grid, detail);
            continue;
        }
        // What all features of the part have in common is looked up once.
        let mut taken = rustc_hash::FxHashSet::default();
        let (common, own): (Vec<_>, Vec<_>) = names.iter().copied().partition(|(index, _)| part.constant(*index).is_some());
        let common: Vec<(u64, u64)> =
            common.into_iter().filter_map(|(index, key)| Some((key, out.value(said(part.constant(index)?.clone())?)))).collect();
        for index in near {
            let feature = &features.list[index];
            let mut path = Path::default();
            let kind = if !feature.has_place() {
                continue;
            } else if let Some(points) = points(features, feature, &grid) {
                // Where there are too many, one stands for those that fall together on a coarser grid.
                if points.is_empty() || (detail.merged && !taken.insert(points[0])) {
                    continue;
                }
                path.points(&points);
                POINT
            } else {
                if !path.areas(&rings(features, feature, &grid)) {
                    continue;
                }
                POLYGON
            };
            let row = LayerRow { properties: &layer.collection.properties, part, features, feature };
            let mut tags = common.clone();
            tags.extend(own.iter().filter_map(|(index, key)| Some((*key, out.value(said(row.json(*index))?)))));
            out.feature(kind, &tags, &path);
        }
    }
    out.finish(layer.collection.name)
}

/// The positions of a feature of points that lie in the tile; none of an area.
fn points(features: &Features, feature: &crate::read_model::features::Feature, grid: &Grid) -> Option<Vec<[i64; 2]>> {
    if !features.is_points(feature) {
        return None;
    }
    let mut found = Vec::new();
    let range = -BUFFER..=EXTENT + BUFFER;
    features.walk(
        feature,
        |position| {
            let place = grid.place(position);
            if range.contains(&place[0]) && range.contains(&place[1]) {
                found.push(place);
            }
        },
        || {},
    );
    Some(found)
}

/// A feature's rings on the grid, clipped, without closing points.
fn rings(features: &Features, feature: &crate::read_model::features::Feature, grid: &Grid) -> Vec<Ring> {
    let (rings, open) = (RefCell::new(Vec::<Ring>::new()), RefCell::new(Ring::new()));
    let [west, south, east, north] = feature.bbox;
    let is_inside = west >= grid.inner[0] && south >= grid.inner[1] && east <= grid.inner[2] && north <= grid.inner[3];
    let end = || {
        let mut ring = open.take();
        while ring.len() > 1 && ring.first() == ring.last() {
            ring.pop();
        }
        let ring = if is_inside { ring } else { clip(ring) };
        rings.borrow_mut().push(ring);
    };
    let push = |position| {
        let point = grid.place(position);
        let mut open = open.borrow_mut();
        if open.last() != Some(&point) {
            open.push(point);
        }
    };
    features.walk(feature, push, end);
    rings.into_inner()
}

/// An edge of the grid and the zone whose border it is.
#[derive(Clone, Copy)]
struct Edge {
    /// Both ends, the smaller first: 26 bits each.
    ends: u64,
    zone: u32,
    /// The zone's code.
    code: u16,
    /// True when it runs from the smaller end to the larger.
    forward: bool,
}

impl Edge {
    /// Its zone, where it begins and where it ends.
    fn border(self) -> (u32, u64, u64) {
        let (low, high) = (self.ends >> 26, self.ends & 0x3ff_ffff);
        if self.forward { (self.zone, low, high) } else { (self.zone, high, low) }
    }
}

fn packed([x, y]: [i64; 2]) -> u64 {
    // Clipped to the tile and its margin: 13 bits hold each.
    ((x + BUFFER) as u64) << 13 | (y + BUFFER) as u64
}

fn unpacked(at: u64) -> [i64; 2] {
    [(at >> 13) as i64 - BUFFER, (at & 0x1fff) as i64 - BUFFER]
}

fn root(parent: &mut [u32], mut at: u32) -> u32 {
    while parent[at as usize] != at {
        parent[at as usize] = parent[parent[at as usize] as usize];
        at = parent[at as usize];
    }
    at
}

fn join(parent: &mut [u32], a: u32, b: u32) {
    let (a, b) = (root(parent, a), root(parent, b));
    parent[a.max(b) as usize] = a.min(b);
}

/// Neighbours of one code as one area each, with the code and how many zones it is made of.
fn merged(out: &mut Layered, part: &Part, features: &Features, near: &[usize], grid: &Grid, detail: Detail) {
    // Too small to be told apart, so a pixel is near enough.
    let grid = &Grid::new(grid.address, detail.step.max(PIXEL));
    let keys = [out.key("land_use"), out.key("count"), out.key("plan")];
    let code = |zone: u32| features.land_use_index(&features.list[near[zone as usize]]);
    let mut edges: Vec<Edge> = Vec::with_capacity(near.len() * 16);
    for (zone, index) in near.iter().enumerate() {
        let code = code(zone as u32).unwrap_or(u16::MAX);
        for ring in rings(features, &features.list[*index], grid) {
            for (i, a) in ring.iter().enumerate() {
                let (a, b) = (packed(*a), packed(ring[(i + 1) % ring.len()]));
                if a != b {
                    edges.push(Edge { ends: a.min(b) << 26 | a.max(b), zone: zone as u32, code, forward: a < b });
                }
            }
        }
    }
    edges.sort_unstable_by_key(|edge| edge.ends);
    // Where two zones of one code meet they belong together, and their border goes.
    let mut parent: Vec<u32> = (0..near.len() as u32).collect();
    let mut borders: Vec<(u32, u64, u64)> = Vec::new();
    for run in edges.chunk_by(|a, b| a.ends == b.ends) {
        if let [edge] = run {
            borders.push(edge.border());
            continue;
        }
        if let [a, b] = run {
            if a.forward != b.forward && a.code == b.code {
                join(&mut parent, a.zone, b.zone);
            } else {
                borders.extend([a.border(), b.border()]);
            }
            continue;
        }
        let mut left = run.to_vec();
        while let Some(edge) = left.pop() {
            let other = left.iter().position(|other| other.forward != edge.forward && other.code == edge.code);
            if let Some(other) = other.map(|at| left.swap_remove(at)) {
                join(&mut parent, other.zone, edge.zone);
            } else {
                borders.push(edge.border());
            }
        }
    }
    for border in &mut borders {
        border.0 = root(&mut parent, border.0);
    }
    borders.sort_unstable();
    let mut counts = vec![0_i64; near.len()];
    (0..near.len() as u32).for_each(|zone| counts[root(&mut parent, zone) as usize] += 1);
    let owner = part.code.map(|code| out.value(Said::Text(code.to_string())));
    for group in borders.chunk_by(|a, b| a.0 == b.0) {
        let areas = traced(group).into_iter().filter(|ring| shape::doubled_area(ring).abs() > 2 * detail.smallest).collect();
        let mut path = Path::default();
        if !path.areas(&nested(areas)) {
            continue;
        }
        let first = group[0].0;
        let name =
            code(first).and_then(|index| crate::domain::land_use::all().get(usize::from(index))).map_or("", |entry| entry.code.as_str());
        let mut tags = vec![(keys[0], out.value(Said::Text(name.to_owned()))), (keys[1], out.value(Said::Whole(counts[first as usize])))];
        tags.extend(owner.map(|owner| (keys[2], owner)));
        out.feature(POLYGON, &tags, &path);
    }
}

/// Edges of one area, sorted by where they begin, put together to rings.
fn traced(edges: &[(u32, u64, u64)]) -> Vec<Ring> {
    let mut used = vec![false; edges.len()];
    let mut rings = Vec::new();
    for start in 0..edges.len() {
        if used[start] {
            continue;
        }
        let (mut ring, mut at) = (Ring::new(), start);
        loop {
            used[at] = true;
            ring.push(unpacked(edges[at].1));
            let to = edges[at].2;
            let first = edges.partition_point(|edge| edge.1 < to);
            let next = (first..edges.len()).take_while(|next| edges[*next].1 == to).find(|next| !used[*next]);
            match next {
                Some(next) if to != edges[start].1 => at = next,
                _ => break,
            }
        }
        if ring.len() > 2 {
            rings.push(ring);
        }
    }
    rings
}

/// Each outer ring followed by the holes that lie in it.
fn nested(rings: Vec<Ring>) -> Vec<Ring> {
    let (outers, holes): (Vec<Ring>, Vec<Ring>) = rings.into_iter().partition(|ring| shape::doubled_area(ring) < 0);
    if holes.is_empty() || outers.len() == 1 {
        return outers.into_iter().chain(holes).collect();
    }
    let mut groups: Vec<(Ring, Vec<Ring>)> = outers.into_iter().map(|outer| (outer, Vec::new())).collect();
    for hole in holes {
        // A hole may touch its outer ring: most of its points lie inside.
        let inside = |outer: &Ring| hole.iter().filter(|point| encloses(outer, **point)).count() * 2 > hole.len();
        if let Some((_, own)) = groups.iter_mut().find(|(outer, _)| inside(outer)) {
            own.push(hole);
        }
    }
    groups.into_iter().flat_map(|(outer, holes)| std::iter::once(outer).chain(holes)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_beyond_the_world_is_none() {
        assert!(Address::new(0, 0, 0).is_some() && Address::new(14, 1, 16_383).is_some());
        assert!(Address::new(0, 1, 0).is_none() && Address::new(14, 16_384, 0).is_none() && Address::new(23, 0, 0).is_none());
        assert!(Address::new(255, 0, 0).is_none());
    }

    #[test]
    fn the_series_agrees_with_the_formula_within_a_hundredth_of_a_unit() {
        let address = Address::new(10, 449, 810).expect("a tile");
        let [west, south, east, north] = address.bbox(BUFFER);
        let fast = Grid::new(address, 1);
        let slow = Grid { series: None, ..Grid::new(address, 1) };
        for i in 0..=100 {
            let t = f64::from(i) / 100.0;
            let at = [((west + (east - west) * t) * 1e7) as i64, ((south + (north - south) * t) * 1e7) as i64];
            let (a, b) = (fast.place(at), slow.place(at));
            assert!((a[0] - b[0]).abs() <= 1 && (a[1] - b[1]).abs() <= 1, "{a:?} {b:?}");
        }
        assert_eq!(fast.place([(west * 1e7) as i64, (north * 1e7) as i64]), [-BUFFER, -BUFFER]);
    }

    #[test]
    fn a_ring_is_clipped_at_the_margin() {
        let ring = vec![[-1_000, 100], [-1_000, 200], [5_000, 200], [5_000, 100]];
        let mut clipped = lean(&clip(ring));
        clipped.sort_unstable();
        assert_eq!(clipped, [[-64, 100], [-64, 200], [4_160, 100], [4_160, 200]]);
        assert!(clip(vec![[9_000, 0], [9_100, 0], [9_100, 10]]).is_empty());
    }
}
