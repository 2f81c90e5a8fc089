//! Makes polygons from unordered rings: a ring inside an odd number of others is a hole.

use crate::geometry::simple::{Position, Rings};

fn bounds(ring: &[Position]) -> [f64; 4] {
    ring.iter().fold([f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY], |b, Position([x, y])| {
        [b[0].min(*x), b[1].min(*y), b[2].max(*x), b[3].max(*y)]
    })
}

pub(super) use crate::geometry::simple::area;

/// True if the position lies inside the ring; none if it lies on the border.
pub(super) fn contains(ring: &[Position], Position([x, y]): Position) -> Option<bool> {
    let mut inside = false;
    for (Position(a), Position(b)) in ring.iter().zip(ring.iter().cycle().skip(1)) {
        let side = (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0]);
        let within = x >= a[0].min(b[0]) && x <= a[0].max(b[0]) && y >= a[1].min(b[1]) && y <= a[1].max(b[1]);
        if side == 0.0 && within {
            return None;
        }
        if (a[1] > y) != (b[1] > y) && (side > 0.0) == (b[1] > a[1]) {
            inside = !inside;
        }
    }
    Some(inside)
}

/// True if `inner` lies in `outer`, judged by a vertex that is not on the border of `outer`.
fn lies_in(inner: &[Position], outer: &[Position]) -> bool {
    inner.iter().find_map(|point| contains(outer, *point)).unwrap_or(false)
}

/// For each ring, the smallest ring around it. Rings must not cross; if they do, later checks of validity
/// report it.
pub(super) fn parents(rings: &[&[Position]]) -> Vec<Option<usize>> {
    let boxes: Vec<[f64; 4]> = rings.iter().map(|ring| bounds(ring)).collect();
    let areas: Vec<f64> = rings.iter().map(|ring| area(ring).abs()).collect();
    let mut order: Vec<usize> = (0..rings.len()).collect();
    order.sort_by(|a, b| areas[*a].total_cmp(&areas[*b]));
    // Boxes are sorted by western edge, so that only rings that may enclose another are compared with it.
    let mut by_west: Vec<usize> = (0..rings.len()).collect();
    by_west.sort_by(|a, b| boxes[*a][0].total_cmp(&boxes[*b][0]));
    rings
        .iter()
        .enumerate()
        .map(|(i, ring)| {
            let b = boxes[i];
            let end = by_west.partition_point(|other| boxes[*other][0] <= b[0]);
            let around = by_west[..end].iter().copied().filter(|other| {
                let o = boxes[*other];
                *other != i && areas[*other] > areas[i] && o[1] <= b[1] && o[2] >= b[2] && o[3] >= b[3]
            });
            let mut candidates: Vec<usize> = around.collect();
            candidates.sort_by(|a, b| areas[*a].total_cmp(&areas[*b]));
            candidates.into_iter().find(|other| lies_in(ring, rings[*other]))
        })
        .collect()
}

/// The rings that lie in no other one, with the holes directly inside them if `with_holes`.
pub(super) fn outermost(rings: Vec<Vec<Position>>, with_holes: bool) -> Vec<Rings> {
    let views: Vec<&[Position]> = rings.iter().map(Vec::as_slice).collect();
    let parents = parents(&views);
    let with = |outer: usize| {
        let holes = (0..rings.len()).filter(|i| with_holes && parents[*i] == Some(outer));
        std::iter::once(outer).chain(holes).map(|i| rings[i].clone()).collect()
    };
    (0..rings.len()).filter(|i| parents[*i].is_none()).map(with).collect()
}

/// Polygons from rings in any order and direction. The outer rings keep the file's order.
pub(super) fn polygons(rings: Vec<Vec<Position>>) -> Vec<Rings> {
    if rings.len() < 2 {
        return rings.into_iter().map(|ring| vec![ring]).collect();
    }
    let views: Vec<&[Position]> = rings.iter().map(Vec::as_slice).collect();
    let parents = parents(&views);
    let depth = |mut ring: usize| {
        let mut depth = 0;
        while let Some(parent) = parents[ring] {
            depth += 1;
            ring = parent;
        }
        depth
    };
    let depths: Vec<usize> = (0..rings.len()).map(depth).collect();
    let mut place = vec![usize::MAX; rings.len()];
    let mut result: Vec<Rings> = Vec::new();
    let mut holes = Vec::new();
    for (i, ring) in rings.into_iter().enumerate() {
        if depths[i].is_multiple_of(2) {
            place[i] = result.len();
            result.push(vec![ring]);
        } else {
            holes.push((i, ring));
        }
    }
    for (i, ring) in holes {
        if let Some(part) = parents[i].and_then(|parent| result.get_mut(place[parent])) {
            part.push(ring);
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(x: f64, y: f64, size: f64) -> Vec<Position> {
        [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]].map(Position).to_vec()
    }

    #[test]
    fn holes_and_islands_are_found_whatever_the_order_and_direction() {
        let mut hole = square(1.0, 1.0, 8.0);
        hole.reverse();
        let parts = polygons(vec![square(2.0, 2.0, 1.0), hole, square(0.0, 0.0, 10.0), square(20.0, 0.0, 1.0)]);
        assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [1, 2, 1]);
        assert_eq!(parts[1][0][0], Position([0.0, 0.0]));
    }
}
