//! Joins neighbours of one code to one area, for tiles whose zones are too small to tell apart.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use super::grid::{TileGrid, clip};
use super::wire::{Layered, POLYGON, Path, Said, doubled_area};
use super::{BUFFER, Detail, EXTENT, PIXEL};
use crate::domain::land_use;
use crate::features::Features;
use crate::features::coarse;
use crate::geometry::arcs::Arcs;
use crate::geometry::arcs::Rings;
use crate::geometry::encloses;
use crate::read_model::layers::Part;

/// Draws the zones `near` a tile as areas of one code, each with its code and the number of zones in it.
pub fn merged(out: &mut Layered, part: &Part, features: &Features, near: &[usize], grid: &TileGrid, detail: Detail) {
    // These zones are too small to tell apart, so a pixel is fine enough.
    let unit = detail.step.max(PIXEL);
    let keys = [out.key("land_use"), out.key("count"), out.key("plan")];
    let code = |zone: usize| features.land_use_index(&features.list[near[zone]]);
    let address = grid.address;
    let coarse = (address.zoom <= coarse::ZOOM && unit < EXTENT).then(|| features.coarse()).flatten();
    let joined = if let Some(coarse) = coarse {
        // Each zoom level below, and each coarser attempt, halves the number of pixels.
        let shift = coarse::ZOOM - address.zoom + (unit / PIXEL).trailing_zeros() as u8;
        let (half, size) = ((1 << shift) >> 1, EXTENT / unit);
        let [left, top] = [i64::from(address.column) * size, i64::from(address.row) * size];
        let mut joined = coarse.joined(near);
        joined
            .points
            .iter_mut()
            .for_each(|[x, y]| (*x, *y) = ((((*x + half) >> shift) - left) * unit, (((*y + half) >> shift) - top) * unit));
        joined
    } else {
        let pixels = TileGrid::new(address, unit);
        let mut rings = Rings::default();
        for (zone, index) in near.iter().enumerate() {
            for ring in features.rings(&features.list[*index]) {
                rings.push(zone as u32, ring.into_iter().map(|position| pixels.place(position).map(|value| value / unit)));
            }
        }
        let codes = (0..near.len()).map(|zone| code(zone).unwrap_or(u16::MAX)).collect();
        let all: Vec<usize> = (0..near.len()).collect();
        let mut joined = Arcs::new(codes, &rings).map(|arcs| arcs.joined(&all)).unwrap_or_default();
        joined.points.iter_mut().for_each(|point| *point = point.map(|value| value * unit));
        joined
    };
    let owner = part.code.map(|code| (keys[2], out.value(Said::Text(code.to_string()))));
    let mut names: FxHashMap<Option<u16>, u64> = FxHashMap::default();
    let mut path = Path::default();
    for group in joined.rings.chunk_by(|a, b| a.0 == b.0) {
        path.clear();
        let mut rings: Vec<_> = group.iter().filter_map(|(_, range)| inside(joined.points.get(range.clone())?, detail.smallest)).collect();
        if rings.len() > 1 {
            rings = nested(rings);
        }
        if !path.areas(rings.iter().map(Cow::as_ref)) {
            continue;
        }
        let first = group[0].0 as usize;
        let name = *names.entry(code(first)).or_insert_with_key(|code| {
            let entry = code.and_then(|index| land_use::all().get(usize::from(index)));
            out.value(Said::Text(entry.map(|entry| entry.code.clone()).unwrap_or_default()))
        });
        let count = out.value(Said::Whole(i64::from(joined.counts[first])));
        let tags = [(keys[0], name), (keys[1], count), owner.unwrap_or_default()];
        out.feature(POLYGON, &tags[..2 + usize::from(owner.is_some())], &path);
    }
}

/// The part of a ring that lies in the tile; `None` if it covers at most `smallest` square units.
fn inside(ring: &[[i64; 2]], smallest: i64) -> Option<Cow<'_, [[i64; 2]]>> {
    let range = -BUFFER..=EXTENT + BUFFER;
    let ring = if ring.iter().all(|[x, y]| range.contains(x) && range.contains(y)) {
        Cow::Borrowed(ring)
    } else {
        Cow::Owned(clip(ring.to_vec(), -BUFFER, EXTENT + BUFFER))
    };
    (smallest == 0 || doubled_area(&ring).abs() > 2 * smallest).then_some(ring)
}

/// Sorts rings so that each outer ring is followed by its holes.
fn nested(rings: Vec<Cow<'_, [[i64; 2]]>>) -> Vec<Cow<'_, [[i64; 2]]>> {
    let (outers, holes): (Vec<_>, Vec<_>) = rings.into_iter().partition(|ring| doubled_area(ring) < 0);
    if holes.is_empty() || outers.len() == 1 {
        return outers.into_iter().chain(holes).collect();
    }
    let mut groups: Vec<_> = outers.into_iter().map(|outer| (outer, Vec::new())).collect();
    for hole in holes {
        // A hole may touch its outer ring, so most of its points have to lie inside.
        let inside = |outer: &[[i64; 2]]| hole.iter().filter(|point| encloses(outer, **point)).count() * 2 > hole.len();
        if let Some((_, own)) = groups.iter_mut().find(|(outer, _)| inside(outer)) {
            own.push(hole);
        }
    }
    groups.into_iter().flat_map(|(outer, holes)| std::iter::once(outer).chain(holes)).collect()
}
