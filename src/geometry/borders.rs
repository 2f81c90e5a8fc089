//! Directed edges of rings; an edge that runs both ways cancels out.
//!
//! Two neighbours that share a border run along its edges in opposite directions. When all rings are added, the
//! edges that are left are the border of all of them together, and the places where they do not fit.

use std::hash::Hash;

use rustc_hash::FxHashMap;

/// Edges without a counterpart so far, each with the name of its ring.
#[derive(Debug)]
pub struct Borders<P, T> {
    open: FxHashMap<(P, P), T>,
    /// Further copies of edges along which two rings run in the same direction.
    double: Vec<((P, P), T)>,
}

impl<P, T> Default for Borders<P, T> {
    fn default() -> Self {
        Self { open: FxHashMap::default(), double: Vec::new() }
    }
}

impl<P: Copy + Ord + Hash, T: Copy + Ord> Borders<P, T> {
    /// Adds an edge of the ring `of`, or removes its counterpart.
    pub fn add(&mut self, from: P, to: P, of: T) {
        if self.open.remove(&(to, from)).is_none()
            && let Some(other) = self.open.insert((from, to), of)
        {
            self.double.push(((from, to), other));
        }
    }

    /// Edges without a counterpart, in a fixed order.
    pub fn rest(mut self) -> Vec<((P, P), T)> {
        let mut rest = Vec::new();
        for ((from, to), of) in std::mem::take(&mut self.double) {
            if self.open.remove(&(to, from)).is_none() {
                rest.push(((from, to), of));
            }
        }
        rest.extend(self.open);
        rest.sort_unstable();
        rest
    }
}

/// Closed rings made of the edges, in the edges' order. They have at least three points and no closing point.
pub fn rings<P: Copy + Eq + Hash, T>(edges: &[((P, P), T)]) -> Vec<Vec<P>> {
    let mut next: FxHashMap<P, Vec<P>> = FxHashMap::default();
    for ((from, to), _) in edges.iter().rev() {
        next.entry(*from).or_default().push(*to);
    }
    let mut rings = Vec::new();
    for ((start, _), _) in edges {
        let mut ring = Vec::new();
        let mut at = *start;
        while let Some(to) = next.get_mut(&at).and_then(Vec::pop) {
            ring.push(at);
            at = to;
            if at == *start {
                break;
            }
        }
        if ring.len() > 2 {
            rings.push(ring);
        }
    }
    rings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(rings: &[&[u8]]) -> Borders<u8, ()> {
        let mut borders = Borders::default();
        for ring in rings {
            ring.iter().zip(ring.iter().cycle().skip(1)).for_each(|(from, to)| borders.add(*from, *to, ()));
        }
        borders
    }

    #[test]
    fn what_two_rings_share_cancels_out() {
        let rest = added(&[b"abcd", b"cbe"]).rest();
        assert_eq!(rings(&rest), [b"abecd"]);
    }

    #[test]
    fn an_edge_that_is_run_twice_one_way_needs_two_the_other_way() {
        let twice: &[&[u8]] = &[b"abc", b"abc"];
        assert_eq!(added(twice).rest().len(), 6);
        assert_eq!(added(&[b"abc", b"abc", b"acb"]).rest().len(), 3);
        assert_eq!(added(&[b"abc", b"abc", b"acb", b"acb"]).rest().len(), 0);
    }
}
