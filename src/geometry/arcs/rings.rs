//! Rings on a grid, and the junctions at which shared borders part.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// Number of parts into which the points are divided, so that each part's table is small.
const PARTS: u64 = 16;

/// Rings of zones on a grid, one after the other.
#[derive(Default)]
pub struct Rings {
    pub(super) points: Vec<[i32; 2]>,
    /// For each ring its zone, and where the ring ends in `points`.
    ends: Vec<(u32, u32)>,
}

impl Rings {
    /// Adds a zone's ring. Its points may fall together; a ring without area is left out.
    pub fn push(&mut self, zone: u32, ring: impl IntoIterator<Item = [i64; 2]>) {
        let begins = self.points.len();
        for point in ring {
            let point = point.map(|value| value.clamp(i64::from(i32::MIN / 2), i64::from(i32::MAX / 2)) as i32);
            if self.points.len() == begins || self.points.last() != Some(&point) {
                self.points.push(point);
            }
        }
        while self.points.len() > begins + 1 && self.points.last() == self.points.get(begins) {
            self.points.pop();
        }
        if self.points.len() < begins + 3 {
            self.points.truncate(begins);
        } else {
            self.ends.push((zone, self.points.len() as u32));
        }
    }

    /// Every ring with its zone.
    pub(super) fn each(&self) -> impl Iterator<Item = (u32, &[[i32; 2]])> {
        let mut from = 0;
        self.ends.iter().map(move |&(zone, end)| {
            let ring = self.points.get(from as usize..end as usize).unwrap_or_default();
            from = end;
            (zone, ring)
        })
    }

    /// True for each point at which borders part. At any other point all rings that pass have the same two
    /// neighbours, and two rings pass them in opposite order.
    pub(super) fn junctions(&self) -> Vec<bool> {
        let part = |number: u64| {
            // For each point: the point before, the point after, whether it was passed twice, whether it is a junction.
            let mut known: FxHashMap<u64, (u64, u64, bool, bool)> = FxHashMap::default();
            self.walk(number, |_, before, point, after| {
                let is_spike = before == after;
                known
                    .entry(point)
                    .and_modify(|(first, second, twice, junction)| {
                        *junction |= *twice || is_spike || *first != after || *second != before;
                        *twice = true;
                    })
                    .or_insert((before, after, false, is_spike));
            });
            let mut found = Vec::new();
            self.walk(number, |index, _, point, _| {
                if known.get(&point).is_some_and(|(_, _, _, junction)| *junction) {
                    found.push(index);
                }
            });
            found
        };
        let parts: Vec<Vec<usize>> = (0..PARTS).into_par_iter().map(part).collect();
        let mut junctions = vec![false; self.points.len()];
        parts.into_iter().flatten().for_each(|index| junctions[index] = true);
        junctions
    }

    /// Visits the points of a part, with their index, the point before, the point itself and the point after.
    fn walk(&self, part: u64, mut each: impl FnMut(usize, u64, u64, u64)) {
        let mut begins = 0;
        for (_, ring) in self.each() {
            let mut before = ring.last().copied().map_or(0, key);
            let mut point = ring.first().copied().map_or(0, key);
            for index in 0..ring.len() {
                let after = key(ring[(index + 1) % ring.len()]);
                if (point ^ (point >> 34)) % PARTS == part {
                    each(begins + index, before, point, after);
                }
                (before, point) = (point, after);
            }
            begins += ring.len();
        }
    }
}

/// A point as one number.
pub(super) fn key([x, y]: [i32; 2]) -> u64 {
    u64::from(x as u32) << 32 | u64::from(y as u32)
}

/// Leaves out points that lie less than a step of the grid beside the line from the point before to the
/// point after. The triangle of the three has an area of half a grid square or none, so it contains no other
/// point of the grid (Pick's theorem), and borders cannot come to cross.
pub(super) fn straight(points: &mut Vec<[i64; 2]>) {
    let is_closed = points.first() == points.last();
    let whole = if is_closed { points.clone() } else { Vec::new() };
    loop {
        let (before, mut kept, mut may_go) = (points.len(), 1, true);
        for index in 1..before.saturating_sub(1) {
            let (a, b, c) = (points[kept - 1], points[index], points[index + 1]);
            let doubled = (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0]);
            // Of two neighbouring points one stays for this round, so that the line does not creep away.
            if doubled == 0 || (doubled.abs() == 1 && may_go) {
                may_go = doubled == 0;
                continue;
            }
            may_go = true;
            points[kept] = b;
            kept += 1;
        }
        if let Some(last) = points.last().copied() {
            points.truncate(kept);
            points.push(last);
        }
        if points.len() >= before {
            break;
        }
    }
    if is_closed && points.len() < 4 {
        *points = whole;
    }
}
