//! Measures of rings and shapes.

use std::hash::{Hash, Hasher};

use rustc_hash::FxHasher;

use crate::geometry::rings::{Mended, Vertex, VertexRing};

/// Signed plane area of a ring, before any repair, square metres.
pub(super) fn plane_area(ring: &[Vertex]) -> f64 {
    let Some(origin) = ring.first().map(|vertex| vertex.plane) else { return 0.0 };
    let pairs = ring.iter().zip(ring.iter().cycle().skip(1));
    let cross = |(a, b): (&Vertex, &Vertex)| {
        (a.plane[0] - origin[0]) * (b.plane[1] - origin[1]) - (b.plane[0] - origin[0]) * (a.plane[1] - origin[1])
    };
    pairs.map(cross).sum::<f64>() / 2.0
}

pub(super) fn perimeter(ring: &[Vertex]) -> f64 {
    let pairs = ring.iter().zip(ring.iter().cycle().skip(1));
    pairs
        .map(|(a, b)| {
            let (dx, dy) = (a.plane[0] - b.plane[0], a.plane[1] - b.plane[1]);
            (dx * dx + dy * dy).sqrt()
        })
        .sum()
}

/// A fingerprint that equal shapes share, wherever their rings begin.
pub(super) fn outline(mended: &Mended) -> [u64; 2] {
    let mut rings: Vec<(usize, &VertexRing)> = mended
        .parts
        .iter()
        .flatten()
        .map(|ring| (ring.iter().enumerate().min_by_key(|(_, vertex)| vertex.lonlat).map_or(0, |(i, _)| i), ring))
        .collect();
    rings.sort_unstable_by_key(|(start, ring)| (ring[*start].lonlat, ring.len()));
    [0_u8, 1].map(|seed| {
        let mut hasher = FxHasher::default();
        seed.hash(&mut hasher);
        for (start, ring) in &rings {
            ring.len().hash(&mut hasher);
            ring[*start..].iter().chain(&ring[..*start]).for_each(|vertex| vertex.lonlat.hash(&mut hasher));
        }
        hasher.finish()
    })
}
