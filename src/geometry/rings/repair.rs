//! Safe repairs of a single ring.

use std::collections::HashMap;

use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay::{IntOverlayOptions, Overlay, ShapeType};
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::core::solver::Solver;
use i_overlay::i_float::int::point::IntPoint;

use crate::geometry::rings::Fault;
use crate::geometry::rings::Repair;
use crate::geometry::rings::Vertex;
use crate::geometry::rings::VertexRing;
use crate::geometry::rings::plane::Segment;
use crate::geometry::rings::plane::cross;
use crate::geometry::rings::plane::crosses;
use crate::geometry::rings::plane::near_pairs;
use crate::geometry::rings::plane::on_segment;
use crate::geometry::rings::plane::segments_of;

/// A spike narrower than this, in metres, is removed.
const SPIKE_METRES: f64 = 0.05;
/// Most rounds in which crossings are resolved. Rounding a crossing to whole coordinates may make another one.
const ROUNDS: usize = 8;
/// Most crossings of one ring that are resolved; more are not a slip of the pen.
const MOST_CROSSINGS: usize = 64;
/// Most spikes of one ring that are removed.
const MOST_SPIKES: usize = 10_000;
/// Rings with up to this number of points are searched for repeated points by comparing each pair.
const BRUTE_FORCE: usize = 48;

/// Removes repeated points and spikes. Fewer than three points are left of a ring that consists of spikes.
pub(super) fn simplify(ring: VertexRing, repairs: &mut Vec<Repair>) -> VertexRing {
    let mut kept: VertexRing = Vec::with_capacity(ring.len());
    for vertex in ring {
        match kept.last() {
            Some(last) if last.lonlat == vertex.lonlat => note(repairs, same_point(last, &vertex)),
            _ => kept.push(vertex),
        }
    }
    while let [first, .., last] = kept.as_slice()
        && first.lonlat == last.lonlat
    {
        note(repairs, same_point(first, last));
        kept.pop();
    }
    let (mut i, mut unchanged, mut removed) = (0, 0, 0);
    while kept.len() >= 3 && unchanged < kept.len() && removed < MOST_SPIKES {
        let n = kept.len();
        let (a, b, c) = (kept[(i + n - 1) % n], kept[i % n], kept[(i + 1) % n]);
        if a.lonlat == c.lonlat || is_spike(a.plane, b.plane, c.plane) {
            note(repairs, Repair::Spike);
            removed += 1;
            kept.remove(i % n);
            if a.lonlat == c.lonlat && kept.len() >= 3 {
                kept.remove(i % kept.len());
            }
            i = (i % kept.len().max(1) + kept.len().max(1) - 1) % kept.len().max(1);
            unchanged = 0;
        } else {
            i = (i + 1) % n;
            unchanged += 1;
        }
    }
    kept
}

/// The repair for two points that became one: equal in the file, or only when rounded to 10⁻⁷ degrees.
fn same_point(a: &Vertex, b: &Vertex) -> Repair {
    let same = a.plane.map(f64::to_bits) == b.plane.map(f64::to_bits);
    if same { Repair::DuplicatePoints } else { Repair::Rounded }
}

/// Adds a repair, unless it is noted already.
pub(super) fn note(repairs: &mut Vec<Repair>, repair: Repair) {
    if !repairs.contains(&repair) {
        repairs.push(repair);
    }
}

/// True when the way from `a` to `b` and the way back to `c` lie less than [`SPIKE_METRES`] apart.
fn is_spike(a: [f64; 2], b: [f64; 2], c: [f64; 2]) -> bool {
    let (ux, uy, vx, vy) = (a[0] - b[0], a[1] - b[1], c[0] - b[0], c[1] - b[1]);
    let (u, v) = ((ux * ux + uy * uy).sqrt(), (vx * vx + vy * vy).sqrt());
    if u == 0.0 || v == 0.0 {
        return false;
    }
    let (dot, area) = (ux * vx + uy * vy, (ux * vy - uy * vx).abs());
    // The distance of the nearer neighbour from the longer side, when both lie the same way.
    dot > 0.0 && area / u.max(v) < SPIKE_METRES && dot / (u * v) > 0.999
}

/// Gives the easting and northing in metres, in the plan's plane, of a point that a repair added.
pub type Place<'a> = &'a dyn Fn([i64; 2]) -> [f64; 2];

/// Areas of a ring that may touch or cross itself: parts, each an outer ring and its holes. An inner
/// loop that turns the other way is a hole. An inner loop that turns the same way changes nothing: its area is
/// covered already.
pub(super) fn resolve(ring: VertexRing, place: Place<'_>, repairs: &mut Vec<Repair>) -> Result<Vec<Vec<VertexRing>>, Fault> {
    let (ring, meets) = node(ring, place, repairs)?;
    if !meets && !repeats(&ring) {
        return Ok(vec![vec![ring]]);
    }
    if !repairs.contains(&Repair::BowTie) {
        note(repairs, Repair::SelfTouch);
    }
    let at = ring.first().map(|vertex| vertex.lonlat).unwrap_or_default();
    let known: HashMap<[i64; 2], Vertex> = ring.iter().map(|vertex| (vertex.lonlat, *vertex)).collect();
    let whole = |vertex: &Vertex| -> Option<IntPoint> {
        let part = |k: usize| i32::try_from(vertex.lonlat[k] - at[k]).ok().filter(|value| value.abs() < 1 << 29);
        Some(IntPoint::new(part(0)?, part(1)?))
    };
    let contour: Vec<IntPoint> = ring.iter().map(whole).collect::<Option<_>>().ok_or(Fault::Tangled(at))?;
    let options = IntOverlayOptions { preserve_input_collinear: true, preserve_output_collinear: true, ..IntOverlayOptions::ogc() };
    let mut overlay = Overlay::new_custom(contour.len(), options, Solver::default());
    overlay.add_contour(&contour, ShapeType::Subject);
    // The ring has a vertex wherever it meets itself, so the result has no new points.
    let shapes = overlay.overlay(OverlayRule::Subject, FillRule::NonZero);
    let back = |p: &IntPoint| known.get(&[i64::from(p.x) + at[0], i64::from(p.y) + at[1]]).copied();
    let parts: Option<Vec<Vec<VertexRing>>> =
        shapes.iter().map(|shape| shape.iter().map(|ring| ring.iter().map(back).collect()).collect()).collect();
    parts.filter(|parts| !parts.is_empty()).ok_or(Fault::Tangled(at))
}

/// True when the ring passes a point twice.
fn repeats(ring: &[Vertex]) -> bool {
    if ring.len() <= BRUTE_FORCE {
        return ring.iter().enumerate().any(|(i, a)| ring[i + 1..].iter().any(|b| a.lonlat == b.lonlat));
    }
    let mut points: Vec<[i64; 2]> = ring.iter().map(|vertex| vertex.lonlat).collect();
    points.sort_unstable();
    points.windows(2).any(|pair| pair[0] == pair[1])
}

/// Where two segments cross, rounded to whole coordinates.
fn crossing(a: &Segment, b: &Segment) -> [i64; 2] {
    let of = |s: &Segment| [i128::from(s.to[0] - s.from[0]), i128::from(s.to[1] - s.from[1])];
    let (u, v) = (of(a), of(b));
    let w = [i128::from(b.from[0] - a.from[0]), i128::from(b.from[1] - a.from[1])];
    let below = u[0] * v[1] - u[1] * v[0];
    let above = w[0] * v[1] - w[1] * v[0];
    if below == 0 {
        return a.from;
    }
    let along = |k: usize| {
        let (product, half) = (2 * above * u[k], below.abs());
        let shifted = if (product >= 0) == (below > 0) { product.abs() + half } else { -(product.abs() + half) };
        a.from[k] + (shifted / (2 * below.abs())) as i64
    };
    [along(0), along(1)]
}

/// Gives the ring a vertex wherever it touches or crosses itself, and says whether it does.
fn node(mut ring: VertexRing, place: Place<'_>, repairs: &mut Vec<Repair>) -> Result<(VertexRing, bool), Fault> {
    let mut meets = false;
    for _ in 0..ROUNDS {
        let segments = segments_of(std::iter::once(&ring));
        let mut inserts: HashMap<usize, Vec<Vertex>> = HashMap::new();
        let mut crossings = 0;
        near_pairs(&segments, |a, b| {
            let (first, second) = (&segments[a], &segments[b]);
            if crosses(first, second) {
                crossings += 1;
                if crossings > MOST_CROSSINGS {
                    return Err(Fault::Tangled(second.from));
                }
                let lonlat = crossing(first, second);
                let vertex = Vertex { lonlat, plane: place(lonlat) };
                inserts.entry(a).or_default().push(vertex);
                inserts.entry(b).or_default().push(vertex);
            }
            for (edge, other) in [(a, b), (b, a)] {
                let (from, to) = (segments[edge].from, segments[edge].to);
                let vertex = segments[other].start;
                let p = vertex.lonlat;
                if p != from && p != to && on_segment(p, from, to) {
                    inserts.entry(edge).or_default().push(vertex);
                }
            }
            Ok(())
        })?;
        meets |= !inserts.is_empty();
        if crossings > 0 {
            note(repairs, Repair::BowTie);
        }
        ring = with_inserts(ring, inserts);
        if crossings == 0 {
            return Ok((ring, meets));
        }
    }
    Err(Fault::Tangled(ring.first().map(|vertex| vertex.lonlat).unwrap_or_default()))
}

fn with_inserts(ring: VertexRing, mut inserts: HashMap<usize, Vec<Vertex>>) -> VertexRing {
    if inserts.is_empty() {
        return ring;
    }
    let count: usize = inserts.values().map(Vec::len).sum();
    let mut result: VertexRing = Vec::with_capacity(ring.len() + count);
    let mut push = |vertex: Vertex| {
        if result.last().is_none_or(|last| last.lonlat != vertex.lonlat) {
            result.push(vertex);
        }
    };
    for (i, vertex) in ring.into_iter().enumerate() {
        let [x, y] = vertex.lonlat;
        push(vertex);
        if let Some(mut extra) = inserts.remove(&i) {
            extra.sort_by_key(|v| (v.lonlat[0] - x).abs() + (v.lonlat[1] - y).abs());
            extra.into_iter().for_each(&mut push);
        }
    }
    while let [first, .., last] = result.as_slice()
        && first.lonlat == last.lonlat
    {
        result.pop();
    }
    result
}

/// True when all points of the ring lie on one line.
pub(super) fn is_flat(ring: &[Vertex]) -> bool {
    let [first, second, rest @ ..] = ring else { return true };
    rest.iter().all(|vertex| cross(first.lonlat, second.lonlat, vertex.lonlat) == 0)
}
