//! Exact tests of points and segments on whole coordinates.

use geo_index::rtree::sort::HilbertSort;
use geo_index::rtree::{RTree, RTreeBuilder, RTreeIndex};

use crate::geometry::rings::Fault;
use crate::geometry::rings::Vertex;
use crate::geometry::rings::VertexRing;

/// Above this number of segments, pairs are found through an index.
const BRUTE_FORCE: usize = 48;
/// Most pairs of segments that are examined for each segment, on average; more are a scribble.
const PAIRS_A_SEGMENT: usize = 400;

pub(super) fn cross(a: [i64; 2], b: [i64; 2], c: [i64; 2]) -> i128 {
    let (abx, aby) = (i128::from(b[0] - a[0]), i128::from(b[1] - a[1]));
    let (acx, acy) = (i128::from(c[0] - a[0]), i128::from(c[1] - a[1]));
    abx * acy - aby * acx
}

/// Twice the signed area in 10⁻¹⁴ square degrees; positive when counter-clockwise.
pub fn signed_area(ring: &[Vertex]) -> i128 {
    let Some(first) = ring.first() else { return 0 };
    ring.windows(2).map(|pair| cross(first.lonlat, pair[0].lonlat, pair[1].lonlat)).sum()
}

/// Rings as a polygon of the `geo` crate, each vertex placed by `at`.
pub fn polygon(rings: &[VertexRing], at: impl Fn(&Vertex) -> [f64; 2]) -> geo::Polygon {
    let mut lines = rings.iter().map(|ring| ring.iter().map(|vertex| geo::Coord::from(at(vertex))).collect::<geo::LineString>());
    let outer = lines.next().unwrap_or_else(|| geo::LineString::new(Vec::new()));
    geo::Polygon::new(outer, lines.collect())
}

pub(super) fn on_segment(p: [i64; 2], a: [i64; 2], b: [i64; 2]) -> bool {
    cross(a, b, p) == 0 && p[0] >= a[0].min(b[0]) && p[0] <= a[0].max(b[0]) && p[1] >= a[1].min(b[1]) && p[1] <= a[1].max(b[1])
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Inside,
    Border,
    Outside,
}

pub(super) fn locate(p: [i64; 2], ring: &[Vertex]) -> Side {
    let mut inside = false;
    for (i, vertex) in ring.iter().enumerate() {
        let a = vertex.lonlat;
        let b = ring[(i + 1) % ring.len()].lonlat;
        if on_segment(p, a, b) {
            return Side::Border;
        }
        if (a[1] > p[1]) != (b[1] > p[1]) && (cross(a, b, p) > 0) == (b[1] > a[1]) {
            inside = !inside;
        }
    }
    if inside { Side::Inside } else { Side::Outside }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    pub(super) from: [i64; 2],
    pub(super) to: [i64; 2],
    pub(super) start: Vertex,
    pub(super) ring: usize,
}

pub(super) fn segments_of<'a>(rings: impl Iterator<Item = &'a VertexRing>) -> Vec<Segment> {
    let mut segments = Vec::new();
    for (number, ring) in rings.enumerate() {
        for (i, vertex) in ring.iter().enumerate() {
            let to = ring[(i + 1) % ring.len()].lonlat;
            segments.push(Segment { from: vertex.lonlat, to, start: *vertex, ring: number });
        }
    }
    segments
}

fn index(segments: &[Segment]) -> RTree<f64> {
    let mut builder = RTreeBuilder::<f64>::new(segments.len() as u32);
    for segment in segments {
        let (a, b) = (segment.from, segment.to);
        builder.add(a[0].min(b[0]) as f64, a[1].min(b[1]) as f64, a[0].max(b[0]) as f64, a[1].max(b[1]) as f64);
    }
    builder.finish::<HilbertSort>()
}

/// Visits the pairs of segments whose boxes meet, until a visit fails. The pairs are not collected, because
/// a scribble of long edges has very many of them.
pub(super) fn near_pairs(segments: &[Segment], mut visit: impl FnMut(usize, usize) -> Result<(), Fault>) -> Result<(), Fault> {
    let meet = |a: &Segment, b: &Segment| {
        (0..2).all(|k| a.from[k].min(a.to[k]) <= b.from[k].max(b.to[k]) && b.from[k].min(b.to[k]) <= a.from[k].max(a.to[k]))
    };
    if segments.len() <= BRUTE_FORCE {
        for i in 0..segments.len() {
            for j in i + 1..segments.len() {
                if meet(&segments[i], &segments[j]) {
                    visit(i, j)?;
                }
            }
        }
        return Ok(());
    }
    let tree = index(segments);
    let mut left = segments.len().saturating_mul(PAIRS_A_SEGMENT);
    for (i, segment) in segments.iter().enumerate() {
        let (a, b) = (segment.from, segment.to);
        let found = tree.search(a[0].min(b[0]) as f64, a[1].min(b[1]) as f64, a[0].max(b[0]) as f64, a[1].max(b[1]) as f64);
        left = left.checked_sub(found.len()).ok_or(Fault::Tangled(segment.from))?;
        for j in found.into_iter().map(|j| j as usize).filter(|j| *j > i) {
            visit(i, j)?;
        }
    }
    Ok(())
}

/// True when two segments cross in a point that is an end of neither.
pub(super) fn crosses(a: &Segment, b: &Segment) -> bool {
    let sides = |s: &Segment, p| cross(s.from, s.to, p).signum();
    sides(a, b.from) * sides(a, b.to) < 0 && sides(b, a.from) * sides(b, a.to) < 0
}

/// Where two segments do more than touch: they cross, or run over each other.
pub(super) fn conflict(a: &Segment, b: &Segment) -> Option<[i64; 2]> {
    let o1 = cross(a.from, a.to, b.from).signum();
    let o2 = cross(a.from, a.to, b.to).signum();
    if crosses(a, b) {
        return Some(b.from);
    }
    if o1 == 0 && o2 == 0 {
        // Both lie on one line: they overlap when they share more than a point.
        let k = usize::from((a.from[0] - a.to[0]).abs() < (a.from[1] - a.to[1]).abs());
        let low = a.from[k].min(a.to[k]).max(b.from[k].min(b.to[k]));
        let high = a.from[k].max(a.to[k]).min(b.from[k].max(b.to[k]));
        return (low < high).then_some(b.from);
    }
    None
}

/// The point in which an end of one segment touches the other.
pub(super) fn touch(a: &Segment, b: &Segment) -> Option<[i64; 2]> {
    [b.from, b.to]
        .into_iter()
        .find(|p| on_segment(*p, a.from, a.to))
        .or_else(|| [a.from, a.to].into_iter().find(|p| on_segment(*p, b.from, b.to)))
}
