//! The grid of a tile: where a position lies on it, and which part of a ring lies in the tile.

use std::f64::consts::PI;

use super::{Address, BUFFER, EXTENT};
use crate::geometry::Bbox;
use crate::geometry::Ring;

/// Converts 10⁻⁷ degrees to units of a tile, rounded to the steps of its grid.
pub struct TileGrid {
    /// The tile's address.
    pub address: Address,
    /// Units per step.
    pub step: i64,
    /// Steps per 10⁻⁷ degree of longitude, and the column of longitude 0 in steps.
    column: [f64; 2],
    /// Middle latitude in 10⁻⁷ degrees, and the polynomial of the row around it, in steps.
    middle: f64,
    series: Option<[f64; 4]>,
    /// A position in this box, in degrees, stays within the tile's margin when it is rounded to the grid.
    pub inner: Bbox,
}

/// Rounds to the nearest whole number. For such small numbers this is far cheaper than the library's function.
fn nearest(value: f64) -> i64 {
    const SHIFT: f64 = 4_294_967_296.0;
    (value + (SHIFT + 0.5)) as i64 - SHIFT as i64
}

impl TileGrid {
    /// The grid of a tile, with `step` units per step.
    pub fn new(address: Address, step: i64) -> Self {
        let [_, south, _, north] = address.bbox(BUFFER);
        let middle = f64::midpoint(south, north).to_radians();
        let steps = EXTENT as f64 / step as f64;
        // This is ln(tan φ + sec φ) to the third order. From zoom 10 on, it is exact to a thousandth of a
        // unit within a tile, and much faster than two transcendental functions for each vertex.
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

    /// The tile units of a longitude and latitude in 10⁻⁷ degrees.
    #[inline]
    pub fn place(&self, [lon, lat]: [i64; 2]) -> [i64; 2] {
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

/// Clips a ring to a square (Sutherland and Hodgman, 1974), one side after the other.
pub fn clip(mut ring: Ring, low: i64, high: i64) -> Ring {
    for (axis, limit, keep_above) in [(0, low, true), (0, high, false), (1, low, true), (1, high, false)] {
        let inside = |point: &[i64; 2]| if keep_above { point[axis] >= limit } else { point[axis] <= limit };
        if ring.iter().all(inside) {
            continue;
        }
        let mut kept = Ring::with_capacity(ring.len() + 4);
        for (i, b) in ring.iter().enumerate() {
            let a = &ring[(i + ring.len() - 1) % ring.len()];
            if inside(a) != inside(b) {
                // Both neighbours of a border compute the crossing from the same end.
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

/// Cuts a line at the sides of a square (Liang and Barsky, 1984). Gives the parts within it, without points that repeat.
pub fn clip_line(line: &[[i64; 2]], low: i64, high: i64) -> Vec<Vec<[i64; 2]>> {
    let mut parts: Vec<Vec<[i64; 2]>> = Vec::new();
    let mut is_open = false;
    for [a, b] in line.array_windows() {
        let (mut enters, mut leaves) = (0.0_f64, 1.0_f64);
        for axis in 0..2 {
            let step = (b[axis] - a[axis]) as f64;
            for (room, step) in [((a[axis] - low) as f64, -step), ((high - a[axis]) as f64, step)] {
                if step < 0.0 {
                    enters = enters.max(room / step);
                } else if step > 0.0 {
                    leaves = leaves.min(room / step);
                } else if room < 0.0 {
                    leaves = -1.0;
                }
            }
        }
        if enters > leaves {
            is_open = false;
            continue;
        }
        let at = |t: f64| std::array::from_fn(|axis| (a[axis] as f64 + (b[axis] - a[axis]) as f64 * t).round() as i64);
        if !is_open || enters > 0.0 {
            parts.push(vec![at(enters)]);
        }
        is_open = leaves >= 1.0;
        if let Some(part) = parts.last_mut()
            && part.last() != Some(&at(leaves))
        {
            part.push(at(leaves));
        }
    }
    parts.retain(|part| part.len() > 1);
    parts
}

/// Copies a ring to `points` without points that repeat or lie on the straight line between their neighbours.
pub fn lean(ring: &[[i64; 2]], points: &mut Ring) {
    points.clear();
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
}

fn on_the_way(a: [i64; 2], b: [i64; 2], c: [i64; 2]) -> bool {
    (b[0] - a[0]) * (c[1] - b[1]) == (b[1] - a[1]) * (c[0] - b[0])
        && (b[0] - a[0]) * (c[0] - b[0]) >= 0
        && (b[1] - a[1]) * (c[1] - b[1]) >= 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_series_agrees_with_the_formula_within_a_hundredth_of_a_unit() {
        let address = Address::new(10, 449, 810).expect("a tile");
        let [west, south, east, north] = address.bbox(BUFFER);
        let fast = TileGrid::new(address, 1);
        let slow = TileGrid { series: None, ..TileGrid::new(address, 1) };
        for i in 0..=100 {
            let t = f64::from(i) / 100.0;
            let at = [((west + (east - west) * t) * 1e7) as i64, ((south + (north - south) * t) * 1e7) as i64];
            let (a, b) = (fast.place(at), slow.place(at));
            assert!((a[0] - b[0]).abs() <= 1 && (a[1] - b[1]).abs() <= 1, "{a:?} {b:?}");
        }
        assert_eq!(fast.place([(west * 1e7) as i64, (north * 1e7) as i64]), [-BUFFER, -BUFFER]);
    }

    #[test]
    fn a_line_is_cut_where_it_leaves_and_enters() {
        let line = [[-10, 5], [5, 5], [5, 5], [5, 20], [8, 20], [8, 5], [9, 5]];
        assert_eq!(clip_line(&line, 0, 10), [vec![[0, 5], [5, 5], [5, 10]], vec![[8, 10], [8, 5], [9, 5]]]);
        assert_eq!(clip_line(&[[-5, -5], [15, 15]], 0, 10), [vec![[0, 0], [10, 10]]]);
        for outside in [[[-5, 4], [-1, 4]], [[-5, 6], [4, 16]], [[11, 0], [11, 10]]] {
            assert!(clip_line(&outside, 0, 10).is_empty(), "{outside:?}");
        }
    }

    #[test]
    fn a_ring_is_clipped_at_the_margin() {
        let ring = vec![[-1_000, 100], [-1_000, 200], [5_000, 200], [5_000, 100]];
        let mut clipped = Ring::new();
        lean(&clip(ring, -BUFFER, EXTENT + BUFFER), &mut clipped);
        clipped.sort_unstable();
        assert_eq!(clipped, [[-64, 100], [-64, 200], [4_160, 100], [4_160, 200]]);
        assert!(clip(vec![[9_000, 0], [9_100, 0], [9_100, 10]], -BUFFER, EXTENT + BUFFER).is_empty());
    }
}
