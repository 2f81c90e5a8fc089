//! Joins shapes: borders that two features share cancel out.

use super::Ring;
use super::borders::{self, Borders};

/// Joins areas. Edges that run both ways are removed, and the other edges are put together to rings.
/// Outer rings must be counter-clockwise and holes clockwise; so they are in the result.
pub fn dissolve(rings: impl IntoIterator<Item = Ring>) -> Vec<Ring> {
    let mut borders = Borders::default();
    for ring in rings {
        ring.iter().zip(ring.iter().cycle().skip(1)).for_each(|(from, to)| borders.add(*from, *to, ()));
    }
    borders::rings(&borders.rest())
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
