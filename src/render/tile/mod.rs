//! Vector tiles (Mapbox Vector Tile 2.1, OGC API – Tiles): the features of a layer in one square of web
//! Mercator, as small as possible and without gaps between neighbours.
//!
//! Both neighbours of a border move its vertices to the tile's grid by the same rule. Only points that fall
//! together, or lie on a straight line of the grid, are left out, so shared borders stay shared. Where
//! zones are too small to tell apart, neighbours with the same code become one area.

mod grid;
mod merge;
mod wire;

use std::cell::RefCell;
use std::f64::consts::PI;

use grid::{TileGrid, clip, clip_line};
use merge::merged;
use wire::{LINE, Layered, POINT, POLYGON, Path, said};

use crate::features::{Features, Kind};
use crate::geometry::Bbox;
use crate::geometry::Ring;
use crate::read_model::layers::{Layer, LayerRow, Part};

/// Units across a tile.
const EXTENT: i64 = 4_096;
/// Units that a tile reaches beyond its edges, so that outlines do not show there.
const BUFFER: i64 = 64;
/// Units per pixel of a tile that is shown 256 pixels wide.
const PIXEL: i64 = EXTENT / 256;
/// Zones that are smaller on average, in square pixels, are shown as areas of one code.
const TOLD_APART: f64 = 16.0;
/// Largest tile, bytes.
pub const LARGEST: usize = 500_000;
/// Fewest bytes of a zone in a tile, and how many of them are not its border.
const LEAST_BYTES: usize = 125;
const TAG_BYTES: usize = 85;
/// From this zoom on, every unit of the grid is used. Below it, a quarter of a pixel is fine enough.
const FINE: u8 = 14;
/// Deepest zoom that is drawn.
pub const DEEPEST: u8 = 22;

/// A tile's address: zoom, column from the west, row from the north.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Address {
    /// Zoom level; 0 is the whole world.
    pub zoom: u8,
    /// Column, counted from the west.
    pub column: u32,
    /// Row, counted from the north.
    pub row: u32,
}

impl Address {
    /// The address of a tile; `None` if there is no such tile.
    pub fn new(zoom: u8, row: u32, column: u32) -> Option<Self> {
        let side = 1_u32.checked_shl(u32::from(zoom)).filter(|_| zoom <= DEEPEST)?;
        (row < side && column < side).then_some(Self { zoom, column, row })
    }

    fn side(self) -> f64 {
        f64::from(1_u32 << self.zoom)
    }

    /// The tile's box in degrees, `beyond` units larger on every side.
    fn bbox(self, beyond: i64) -> Bbox {
        let margin = beyond as f64 / EXTENT as f64;
        let lon = |column: f64| (column / self.side() * 360.0 - 180.0).clamp(-180.0, 180.0);
        let lat = |row: f64| (PI * (1.0 - 2.0 * row / self.side())).sinh().atan().to_degrees();
        let (column, row) = (f64::from(self.column), f64::from(self.row));
        [lon(column - margin), lat(row + 1.0 + margin), lon(column + 1.0 + margin), lat(row - margin)]
    }
}

/// Properties that tiles leave out: they are long, or of no use on a map.
const LEFT_OUT: [&str; 4] = ["url", "summary", "updated", "units"];

/// True if a part's zones cannot be told apart at that zoom.
fn is_crowded(part: &Part, zoom: u8) -> bool {
    let Some([west, south, east, north]) = part.bbox else { return false };
    if part.count < 2 || part.code.is_none() {
        return false;
    }
    let across = |degrees: f64| degrees / 360.0 * f64::from(1_u32 << zoom) * 256.0;
    // Web Mercator stretches both directions alike, so the height is stretched as well.
    let height = (north - south) / f64::midpoint(south, north).to_radians().cos();
    across(east - west) * across(height) / (part.count as f64) < TOLD_APART
}

/// How coarsely a tile is drawn.
#[derive(Clone, Copy)]
struct Detail {
    step: i64,
    merged: bool,
    /// Merged areas of fewer square units are left out.
    smallest: i64,
}

/// Draws a tile; the result is empty if nothing lies in it. `sets` are the feature sets of the layer's
/// parts, for those that may meet the tile.
pub fn draw(layer: &Layer, sets: &[Option<std::sync::Arc<Features>>], address: Address) -> Vec<u8> {
    let step = if address.zoom >= FINE { 1 } else { PIXEL / 4 };
    let first = attempt(layer, sets, address, Detail { step, merged: false, smallest: 0 });
    if first.len() <= LARGEST {
        return first;
    }
    // The tile is too large: merge everywhere, then draw coarser and coarser until it fits.
    let mut detail = Detail { step, merged: true, smallest: 0 };
    loop {
        let tile = attempt(layer, sets, address, detail);
        if tile.len() <= LARGEST || detail.step > EXTENT {
            return if tile.len() <= LARGEST { tile } else { Vec::new() };
        }
        detail.step *= 2;
        detail.smallest = detail.step * detail.step * 4;
    }
}

/// The box of what a tile shows, in degrees, margin included.
pub fn bbox(address: Address) -> Bbox {
    address.bbox(BUFFER)
}

fn attempt(layer: &Layer, sets: &[Option<std::sync::Arc<Features>>], address: Address, detail: Detail) -> Vec<u8> {
    let grid = TileGrid::new(address, detail.step);
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
        let areas = near.first().is_some_and(|index| features.kind(&features.list[*index]) == Some(Kind::Areas));
        let too_many = near.len() * LEAST_BYTES.max(TAG_BYTES + features.shape_bytes() / 2) > LARGEST;
        if part.code.is_some() && areas && (detail.merged || too_many || is_crowded(part, address.zoom)) {
            merged(&mut out, part, features, &near, &grid, detail);
            continue;
        }
        // Values that all features of the part share are looked up once.
        let mut path = Path::default();
        let mut taken = rustc_hash::FxHashSet::default();
        let (common, own): (Vec<_>, Vec<_>) = names.iter().copied().partition(|(index, _)| part.constant(*index).is_some());
        let common: Vec<(u64, u64)> =
            common.into_iter().filter_map(|(index, key)| Some((key, out.value(said(part.constant(index)?.clone())?)))).collect();
        for index in near {
            let feature = &features.list[index];
            path.clear();
            let Some(kind) = features.kind(feature) else { continue };
            let is_drawn = match kind {
                Kind::Points => {
                    let points = points(features, feature, &grid);
                    path.points(&points);
                    // If there are too many points, only one is drawn for each place of a coarser grid.
                    points.first().is_some_and(|first| !detail.merged || taken.insert(*first))
                }
                Kind::Lines => path.lines(&lines(features, feature, &grid)),
                Kind::Areas => path.areas(rings(features, feature, &grid).iter().map(Vec::as_slice)),
            };
            if !is_drawn {
                continue;
            }
            let kind = match kind {
                Kind::Points => POINT,
                Kind::Lines => LINE,
                Kind::Areas => POLYGON,
            };
            let row = LayerRow { properties: &layer.collection.properties, part, features, feature };
            let mut tags = common.clone();
            tags.extend(own.iter().filter_map(|(index, key)| Some((*key, out.value(said(row.json(*index))?)))));
            out.feature(kind, &tags, &path);
        }
    }
    out.finish(layer.collection.name)
}

/// The positions of a feature's points that lie in the tile.
fn points(features: &Features, feature: &crate::features::Feature, grid: &TileGrid) -> Vec<[i64; 2]> {
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
    found
}

/// A feature's lines on the grid, cut at the tile's margin.
fn lines(features: &Features, feature: &crate::features::Feature, grid: &TileGrid) -> Vec<Vec<[i64; 2]>> {
    let placed = |line: Vec<[i64; 2]>| line.into_iter().map(|position| grid.place(position)).collect::<Vec<_>>();
    features.lines(feature).into_iter().flat_map(|line| clip_line(&placed(line), -BUFFER, EXTENT + BUFFER)).collect()
}

/// A feature's rings on the grid, clipped, without closing points.
fn rings(features: &Features, feature: &crate::features::Feature, grid: &TileGrid) -> Vec<Ring> {
    let (rings, open) = (RefCell::new(Vec::<Ring>::new()), RefCell::new(Ring::new()));
    let [west, south, east, north] = feature.bbox();
    let is_inside = west >= grid.inner[0] && south >= grid.inner[1] && east <= grid.inner[2] && north <= grid.inner[3];
    let end = || {
        let mut ring = open.take();
        while ring.len() > 1 && ring.first() == ring.last() {
            ring.pop();
        }
        let ring = if is_inside { ring } else { clip(ring, -BUFFER, EXTENT + BUFFER) };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_beyond_the_world_is_none() {
        assert!(Address::new(0, 0, 0).is_some() && Address::new(14, 1, 16_383).is_some());
        assert!(Address::new(0, 1, 0).is_none() && Address::new(14, 16_384, 0).is_none() && Address::new(23, 0, 0).is_none());
        assert!(Address::new(255, 0, 0).is_none());
    }
}
