//! Checks of rings against each other: no crossing, no overlapping edges, holes inside, interior in
//! one piece (Simple Features 06-103r4 §6.1.11).

use std::collections::{HashMap, HashSet};

use crate::geometry::rings::Fault;
use crate::geometry::rings::Vertex;
use crate::geometry::rings::VertexRing;
pub(super) use crate::geometry::rings::plane::Side;
use crate::geometry::rings::plane::conflict;
use crate::geometry::rings::plane::locate;
use crate::geometry::rings::plane::near_pairs;
use crate::geometry::rings::plane::segments_of;
use crate::geometry::rings::plane::touch;

/// Follows parents to the root.
fn root(parents: &mut [usize], mut node: usize) -> usize {
    while parents[node] != node {
        parents[node] = parents[parents[node]];
        node = parents[node];
    }
    node
}

/// Checks rings against each other: no crossing, no overlapping edges, interior in one piece.
pub(super) fn check_edges(parts: &[Vec<VertexRing>]) -> Result<(), Fault> {
    let part_of: Vec<usize> = parts.iter().enumerate().flat_map(|(i, rings)| std::iter::repeat_n(i, rings.len())).collect();
    let segments = segments_of(parts.iter().flatten());
    let mut touches: HashSet<(usize, [i64; 2])> = HashSet::new();
    near_pairs(&segments, |i, j| {
        let (a, b) = (&segments[i], &segments[j]);
        if let Some(at) = conflict(a, b) {
            return Err(Fault::Crossing(at));
        }
        if a.ring != b.ring
            && part_of[a.ring] == part_of[b.ring]
            && let Some(at) = touch(a, b)
        {
            touches.insert((a.ring, at));
            touches.insert((b.ring, at));
        }
        Ok(())
    })?;
    // Rings and the points they share form a graph; a cycle encloses a piece of the interior.
    let mut parents: Vec<usize> = (0..part_of.len()).collect();
    let mut points: HashMap<(usize, [i64; 2]), usize> = HashMap::new();
    let mut edges: Vec<_> = touches.into_iter().collect();
    edges.sort_unstable();
    for (ring, at) in edges {
        let node = *points.entry((part_of[ring], at)).or_insert_with(|| {
            parents.push(parents.len());
            parents.len() - 1
        });
        let (a, b) = (root(&mut parents, ring), root(&mut parents, node));
        if a == b {
            return Err(Fault::Disconnected(at));
        }
        parents[a] = b;
    }
    Ok(())
}

/// A vertex of `ring` that is not on the border of `other`, and the side on which it lies.
pub(super) fn side_of(ring: &[Vertex], other: &[Vertex]) -> Option<(Side, [i64; 2])> {
    ring.iter().map(|vertex| (locate(vertex.lonlat, other), vertex.lonlat)).find(|(side, _)| *side != Side::Border)
}

/// The box around a ring.
fn bounds(ring: &[Vertex]) -> [i64; 4] {
    ring.iter().fold([i64::MAX, i64::MAX, i64::MIN, i64::MIN], |b, vertex| {
        let [x, y] = vertex.lonlat;
        [b[0].min(x), b[1].min(y), b[2].max(x), b[3].max(y)]
    })
}

fn within(inner: &[i64; 4], outer: &[i64; 4]) -> bool {
    inner[0] >= outer[0] && inner[1] >= outer[1] && inner[2] <= outer[2] && inner[3] <= outer[3]
}

/// A point of `ring` inside `other`; none where the ring lies outside. Their edges must not cross: then one can
/// be inside the other only if its box is.
fn inside(ring: &[Vertex], bounds: &[i64; 4], other: &[Vertex], around: &[i64; 4]) -> Option<[i64; 2]> {
    match within(bounds, around).then(|| side_of(ring, other))? {
        Some((Side::Inside, at)) => Some(at),
        _ => None,
    }
}

pub(super) fn check_nesting(parts: &[Vec<VertexRing>]) -> Result<(), Fault> {
    let boxes: Vec<Vec<[i64; 4]>> = parts.iter().map(|rings| rings.iter().map(|ring| bounds(ring)).collect()).collect();
    for (rings, boxes) in parts.iter().zip(&boxes) {
        let Some((outer, holes)) = rings.split_first() else { continue };
        for hole in holes {
            if let Some((Side::Outside, at)) = side_of(hole, outer) {
                return Err(Fault::HoleOutside(at));
            }
        }
        for (i, hole) in holes.iter().enumerate() {
            for (j, other) in holes.iter().enumerate() {
                if i != j
                    && let Some(at) = inside(hole, &boxes[i + 1], other, &boxes[j + 1])
                {
                    return Err(Fault::PartsOverlap(at));
                }
            }
        }
    }
    for (i, rings) in parts.iter().enumerate() {
        for (j, other) in parts.iter().enumerate() {
            let (Some(a), Some((outer, holes))) = (rings.first(), other.split_first()) else { continue };
            if i != j
                && let Some(at) = inside(a, &boxes[i][0], outer, &boxes[j][0])
            {
                let in_hole = holes.iter().any(|hole| matches!(side_of(a, hole), Some((Side::Inside, _)) | None));
                if !in_hole {
                    return Err(Fault::PartsOverlap(at));
                }
            }
        }
    }
    Ok(())
}
