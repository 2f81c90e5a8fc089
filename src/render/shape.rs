//! Shapes put together: borders that two features share cancel out.

use crate::domain::geometry::encloses;
use std::fmt::Write as _;

use rustc_hash::FxHashMap;

/// A closed ring without its closing point, in 10⁻⁷ degrees.
pub type Ring = Vec<[i64; 2]>;

/// Joins areas: edges that run both ways are taken away, the rest is put together to rings.
/// With outer rings counter-clockwise and holes clockwise, the result keeps that order.
pub fn dissolve(rings: impl IntoIterator<Item = Ring>) -> Vec<Ring> {
    let mut edges: FxHashMap<([i64; 2], [i64; 2]), u32> = FxHashMap::default();
    for ring in rings {
        for (i, &from) in ring.iter().enumerate() {
            let to = ring[(i + 1) % ring.len()];
            match edges.get_mut(&(to, from)) {
                Some(count) if *count > 1 => *count -= 1,
                Some(_) => {
                    edges.remove(&(to, from));
                }
                None => *edges.entry((from, to)).or_default() += 1,
            }
        }
    }
    let mut sorted: Vec<_> = edges.into_iter().flat_map(|(edge, count)| std::iter::repeat_n(edge, count as usize)).collect();
    sorted.sort_unstable();
    let mut next: FxHashMap<[i64; 2], Vec<[i64; 2]>> = FxHashMap::default();
    for (from, to) in sorted.iter().rev() {
        next.entry(*from).or_default().push(*to);
    }
    let mut result = Vec::new();
    for (start, _) in sorted {
        let mut ring = Vec::new();
        let mut at = start;
        while let Some(to) = next.get_mut(&at).and_then(Vec::pop) {
            ring.push(at);
            at = to;
            if at == start {
                break;
            }
        }
        if ring.len() >= 3 {
            result.push(ring);
        }
    }
    result
}

/// Twice the signed area; positive when counter-clockwise.
pub fn doubled_area(ring: &[[i64; 2]]) -> i128 {
    let mut sum = 0;
    for (i, a) in ring.iter().enumerate() {
        let b = ring[(i + 1) % ring.len()];
        sum += i128::from(a[0]) * i128::from(b[1]) - i128::from(a[1]) * i128::from(b[0]);
    }
    sum
}

/// Rings smaller than about 10 m² are slivers between borders that do not meet exactly.
const SLIVER: i128 = 2 * 100 * 1_000 * 10;

fn push_position(text: &mut String, [x, y]: [f64; 2]) {
    let _ = write!(text, "[{x},{y}]");
}

/// Points in degrees as a GeoJSON MultiPoint.
pub fn points(points: &[[f64; 2]]) -> String {
    let mut text = String::from("{\"type\":\"MultiPoint\",\"coordinates\":[");
    for (i, point) in points.iter().enumerate() {
        text.push_str(if i > 0 { "," } else { "" });
        push_position(&mut text, *point);
    }
    text.push_str("]}");
    text
}

/// The outline of areas as a GeoJSON MultiPolygon.
pub fn outline(rings: impl Iterator<Item = Ring>) -> String {
    let mut text = String::new();
    let all = dissolve(rings);
    let (mut outers, mut holes) = (Vec::new(), Vec::new());
    for ring in all {
        let area = doubled_area(&ring);
        if area >= SLIVER {
            outers.push((ring, Vec::new()));
        } else if area <= -SLIVER {
            holes.push(ring);
        }
    }
    for hole in holes {
        let inside = |outer: &Ring| hole.iter().filter(|point| encloses(outer, **point)).count() * 2 > hole.len();
        if let Some((_, own)) = outers.iter_mut().find(|(outer, _)| inside(outer)) {
            own.push(hole);
        }
    }
    let push_ring = |text: &mut String, ring: &Ring| {
        text.push('[');
        for (i, point) in ring.iter().chain(ring.first()).enumerate() {
            text.push_str(if i > 0 { "," } else { "" });
            push_position(text, point.map(|value| value as f64 / 1e7));
        }
        text.push(']');
    };
    text.push_str("{\"type\":\"MultiPolygon\",\"coordinates\":[");
    for (i, (outer, holes)) in outers.iter().enumerate() {
        text.push_str(if i > 0 { ",[" } else { "[" });
        push_ring(&mut text, outer);
        for hole in holes {
            text.push(',');
            push_ring(&mut text, hole);
        }
        text.push(']');
    }
    text.push_str("]}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_neighbours_become_one_ring_without_their_border() {
        let left = vec![[0, 0], [10, 0], [10, 10], [0, 10]];
        let right = vec![[10, 0], [20, 0], [20, 10], [10, 10]];
        let joined = dissolve([left, right]);
        assert_eq!(joined.len(), 1);
        assert_eq!(doubled_area(&joined[0]), 2 * 200);
    }
}
