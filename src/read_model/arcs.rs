//! Borders of zones on a grid, each kept once with the zones on its two sides: a border between two
//! junctions is an arc, as TopoJSON has it, and neighbours share it whatever is left out of it.

use std::ops::Range;

use rayon::prelude::*;
use rustc_hash::{FxBuildHasher, FxHashMap};

use super::features::{Shapes, Steps};

/// No zone, no arc.
const NONE: u32 = u32::MAX;
/// Parts in which points are looked at, so that each part's table is small.
const PARTS: u64 = 16;

/// Rings of zones on a grid, one after the other.
#[derive(Default)]
pub struct Rings {
    points: Vec<[i32; 2]>,
    /// Of each ring its zone and where it ends.
    ends: Vec<(u32, u32)>,
}

impl Rings {
    /// Adds a zone's ring, whose points may fall together; one without area is left out.
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
    fn each(&self) -> impl Iterator<Item = (u32, &[[i32; 2]])> {
        let mut from = 0;
        self.ends.iter().map(move |&(zone, end)| {
            let ring = self.points.get(from as usize..end as usize).unwrap_or_default();
            from = end;
            (zone, ring)
        })
    }

    /// True for each point at which borders part: where its neighbours are not the same two for all
    /// rings that pass, or not one after the other for one ring and the other way for the other.
    fn junctions(&self) -> Vec<bool> {
        let part = |number: u64| {
            // What is known of a point: the one before, the one after, and that it was passed twice or is a junction.
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

    /// Visits the points of a part: their index, and the point before, itself and the one after.
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
fn key([x, y]: [i32; 2]) -> u64 {
    u64::from(x as u32) << 32 | u64::from(y as u32)
}

/// Borders of zones, each once. A side of an arc is twice its number, and one more for the side on
/// which it runs backwards.
pub struct Arcs {
    /// Where each arc begins among `points`.
    begins: Box<[u32]>,
    /// As [`Shapes`] writes positions, from `corner`.
    points: Box<[u8]>,
    corner: [i64; 2],
    /// The zone of each side, and the side that follows around that zone.
    sides: Box<[(u32, u32)]>,
    /// One side of every ring.
    rings: Box<[u32]>,
    /// Where the rings of each zone begin, and the end.
    first: Box<[u32]>,
    /// The code of each zone.
    codes: Box<[u16]>,
}

/// Leaves out points that are less than a step of the grid beside the way from the one before to the
/// next: a triangle whose area is half a square of the grid or none has no other point of the grid in
/// it (Pick's theorem), so that borders cannot come to cross.
fn straight(points: &mut Vec<[i64; 2]>) {
    let is_closed = points.first() == points.last();
    let whole = if is_closed { points.clone() } else { Vec::new() };
    loop {
        let (before, mut kept, mut may_go) = (points.len(), 1, true);
        for index in 1..before.saturating_sub(1) {
            let (a, b, c) = (points[kept - 1], points[index], points[index + 1]);
            let doubled = (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0]);
            // Of two beside each other one stays for this round, so that the way does not creep.
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

impl Arcs {
    /// The arcs of zones with these codes; `rings` come in the order of their zones, each ring with
    /// its zone on the same side. None where there are more than 32 bits can count.
    pub fn new(codes: Vec<u16>, rings: &Rings) -> Option<Self> {
        u32::try_from(rings.points.len()).ok()?;
        let is_junction = rings.junctions();
        let corner = rings.points.iter().fold([i32::MAX; 2], |low, point| [low[0].min(point[0]), low[1].min(point[1])]).map(i64::from);
        // Arcs whose other side was not met yet, by their first two points.
        let mut open: FxHashMap<(u64, u64), u32> = FxHashMap::default();
        let mut shapes = Shapes::default();
        let (mut begins, mut sides, mut first_of_ring, mut first) = (Vec::new(), Vec::new(), Vec::new(), vec![0; codes.len() + 1]);
        let (mut arc, mut of_ring) = (Vec::new(), Vec::new());
        let mut from = 0;
        for (zone, ring) in rings.each() {
            let marks = is_junction.get(from..from + ring.len()).unwrap_or_default();
            from += ring.len();
            // An island begins at the same point for both its sides.
            let start = marks.iter().position(|mark| *mark).or_else(|| (0..ring.len()).min_by_key(|index| ring[*index])).unwrap_or(0);
            of_ring.clear();
            let mut at = start;
            for step in 1..=ring.len() {
                let index = (start + step) % ring.len();
                if step < ring.len() && !marks.get(index).copied().unwrap_or_default() {
                    continue;
                }
                arc.clear();
                let length = (index + ring.len() - at - 1) % ring.len() + 1;
                arc.extend((0..=length).map(|step| ring[(at + step) % ring.len()].map(i64::from)));
                at = index;
                let ends = |a: [i64; 2], b: [i64; 2]| (key(a.map(|value| value as i32)), key(b.map(|value| value as i32)));
                let count = arc.len();
                let side = if let Some(number) = open.remove(&ends(arc[count - 1], arc[count - 2])) {
                    number * 2 + 1
                } else {
                    let number = begins.len() as u32;
                    open.insert(ends(arc[0], arc[1]), number);
                    begins.push(u32::try_from(shapes.bytes.len()).ok()?);
                    sides.extend([(NONE, NONE); 2]);
                    straight(&mut arc);
                    arc.iter_mut().for_each(|point| *point = [point[0] - corner[0], point[1] - corner[1]]);
                    shapes.line(&arc);
                    number * 2
                };
                of_ring.push(side);
            }
            for (index, side) in of_ring.iter().enumerate() {
                sides[*side as usize] = (zone, of_ring[(index + 1) % of_ring.len()]);
            }
            first_of_ring.push(of_ring[0]);
            *first.get_mut(zone as usize + 1)? = first_of_ring.len() as u32;
        }
        // Zones without rings begin where the one before ends.
        for zone in 1..first.len() {
            first[zone] = first[zone].max(first[zone - 1]);
        }
        u32::try_from(sides.len()).ok()?;
        Some(Self {
            begins: begins.into(),
            points: shapes.bytes.into(),
            corner,
            sides: sides.into(),
            rings: first_of_ring.into(),
            first: first.into(),
            codes: codes.into(),
        })
    }

    /// Appends the points of a side but for its last.
    fn follow(&self, side: u32, points: &mut Vec<[i64; 2]>) {
        let begin = self.begins.get(side as usize / 2).copied().unwrap_or_default();
        let from = points.len();
        let mut steps = Steps::new(self.points.get(begin as usize..).unwrap_or_default());
        for _ in 0..steps.number() {
            let [x, y] = steps.position();
            points.push([x + self.corner[0], y + self.corner[1]]);
        }
        if side % 2 == 1 {
            points[from..].reverse();
        }
        points.pop();
    }

    fn code(&self, zone: u32) -> Option<u16> {
        self.codes.get(zone as usize).copied()
    }

    fn next(&self, side: u32) -> u32 {
        self.sides.get(side as usize).map_or(NONE, |(_, next)| *next)
    }

    /// Joins neighbours of one code among `near`, zones in rising order.
    pub fn joined(&self, near: &[usize]) -> Joined {
        let mut local: FxHashMap<u32, u32> = FxHashMap::with_capacity_and_hasher(near.len(), FxBuildHasher);
        local.extend(near.iter().enumerate().map(|(index, zone)| (*zone as u32, index as u32)));
        // The other zone of a border that is to go.
        let beyond = |side: u32| {
            let zone = self.sides.get(side as usize)?.0;
            let other = self.sides.get((side ^ 1) as usize)?.0;
            (other != NONE && self.code(other) == self.code(zone)).then(|| local.get(&other).copied())?
        };
        let mut areas = Areas::new(near.len());
        let mut found =
            Joined { points: Vec::with_capacity(near.len() * 8), rings: Vec::with_capacity(near.len()), counts: vec![0; near.len()] };
        let mut seen = Seen(vec![0; self.sides.len() / 64 + 1]);
        let mut around = Vec::new();
        for (index, zone) in near.iter().enumerate() {
            let index = index as u32;
            let rings = self.first.get(*zone).zip(self.first.get(*zone + 1)).map_or(0..0, |(from, to)| *from as usize..*to as usize);
            for start in self.rings.get(rings).unwrap_or_default() {
                around.clear();
                let (mut side, mut is_whole) = (*start, true);
                loop {
                    match beyond(side) {
                        Some(other) => {
                            areas.join(index, other);
                            is_whole = false;
                        }
                        None => around.push(side),
                    }
                    side = self.next(side);
                    if side == *start || side == NONE {
                        break;
                    }
                }
                if is_whole {
                    let from = found.points.len();
                    around.iter().for_each(|side| self.follow(*side, &mut found.points));
                    found.rings.push((index, from..found.points.len()));
                    continue;
                }
                for begin in &around {
                    if !seen.is_new(*begin) {
                        continue;
                    }
                    let (from, mut side) = (found.points.len(), *begin);
                    // Each side is met once, and the way ends where it began.
                    loop {
                        self.follow(side, &mut found.points);
                        side = self.next(side);
                        while beyond(side).is_some() {
                            side = self.next(side ^ 1);
                        }
                        if !seen.is_new(side) {
                            break;
                        }
                    }
                    found.rings.push((index, from..found.points.len()));
                }
            }
        }
        found.rings.iter_mut().for_each(|(index, _)| *index = areas.first(*index));
        found.rings.sort_unstable_by_key(|(index, range)| (*index, range.start));
        (0..near.len() as u32).for_each(|index| found.counts[areas.first(index) as usize] += 1);
        found
    }
}

/// Areas made of neighbours of one code.
#[derive(Default)]
pub struct Joined {
    /// The points of all rings.
    pub points: Vec<[i64; 2]>,
    /// Of each ring the first zone of its area, as an index among those that were joined, and its points;
    /// rings of one area stand together.
    pub rings: Vec<(u32, Range<usize>)>,
    /// How many zones each area has, by its first zone.
    pub counts: Vec<u32>,
}

/// Sides that were met, a bit each.
struct Seen(Vec<u64>);

impl Seen {
    /// True the first time.
    fn is_new(&mut self, side: u32) -> bool {
        let (word, bit) = (side as usize / 64, 1 << (side % 64));
        self.0.get_mut(word).is_some_and(|word| std::mem::replace(word, *word | bit) & bit == 0)
    }
}

/// What belongs together, each area known by its first member.
struct Areas(Vec<u32>);

impl Areas {
    fn new(count: usize) -> Self {
        Self((0..count as u32).collect())
    }

    fn first(&mut self, mut index: u32) -> u32 {
        while self.0[index as usize] != index {
            self.0[index as usize] = self.0[self.0[index as usize] as usize];
            index = self.0[index as usize];
        }
        index
    }

    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.first(a), self.first(b));
        self.0[a.max(b) as usize] = a.min(b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::shape::{Ring, doubled_area};

    fn square(x: i64, y: i64, side: i64) -> Ring {
        vec![[x, y], [x, y + side], [x + side, y + side], [x + side, y]]
    }

    fn arcs(zones: &[(Vec<Ring>, u16)]) -> Arcs {
        let mut rings = Rings::default();
        for (zone, (own, _)) in zones.iter().enumerate() {
            own.iter().for_each(|ring| rings.push(zone as u32, ring.iter().copied()));
        }
        Arcs::new(zones.iter().map(|(_, code)| *code).collect(), &rings).expect("few")
    }

    fn joined(zones: &[(Vec<Ring>, u16)], near: &[usize]) -> (Vec<(u32, Ring)>, Vec<u32>) {
        let found = arcs(zones).joined(near);
        (found.rings.iter().map(|(index, range)| (*index, found.points[range.clone()].to_vec())).collect(), found.counts)
    }

    fn area(rings: &[(u32, Ring)]) -> i128 {
        rings.iter().map(|(_, ring)| doubled_area(ring)).sum::<i128>().abs() / 2
    }

    fn of(first: u32, rings: &[(u32, Ring)]) -> Vec<(u32, Ring)> {
        rings.iter().filter(|(index, _)| *index == first).cloned().collect()
    }

    #[test]
    fn neighbours_of_one_code_become_one_area_and_others_stay() {
        let zones = [(vec![square(0, 0, 10)], 1), (vec![square(10, 0, 10)], 1), (vec![square(20, 0, 10)], 2)];
        let (rings, counts) = joined(&zones, &[0, 1, 2]);
        assert_eq!(rings.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [0, 2]);
        assert_eq!((area(&rings[..1]), area(&rings[1..]), counts), (200, 100, vec![2, 0, 1]));
    }

    #[test]
    fn a_zone_that_is_not_near_leaves_its_neighbours_border() {
        let zones = [(vec![square(0, 0, 10)], 1), (vec![square(10, 0, 10)], 1), (vec![square(20, 0, 10)], 1)];
        let (rings, counts) = joined(&zones, &[1, 2]);
        assert_eq!((rings.len(), area(&rings), counts), (1, 200, vec![2, 0]));
        let (rings, counts) = joined(&zones, &[0, 2]);
        assert_eq!((rings.len(), area(&rings), counts), (2, 200, vec![1, 1]));
    }

    #[test]
    fn a_zone_within_zones_of_another_code_is_a_hole_in_them() {
        let around = (0..9).filter(|i| *i != 4).map(|i| (vec![square(i % 3 * 10, i / 3 * 10, 10)], 1));
        let zones: Vec<(Vec<Ring>, u16)> = around.chain([(vec![square(10, 10, 10)], 2)]).collect();
        let (rings, counts) = joined(&zones, &[0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!((rings.len(), area(&of(0, &rings)), area(&of(8, &rings))), (3, 800, 100));
        assert_eq!((counts[0], counts[8]), (8, 1));
    }

    #[test]
    fn an_island_shares_its_border_with_the_hole_it_lies_in() {
        let hole: Ring = square(10, 10, 5).into_iter().rev().collect();
        let island = vec![[15, 15], [15, 10], [10, 10], [10, 15]];
        let zones = [(vec![square(0, 0, 30), hole], 1), (vec![island], 1)];
        let (rings, counts) = joined(&zones, &[0, 1]);
        assert_eq!((rings.len(), area(&rings), counts), (1, 900, vec![2, 0]));
    }

    #[test]
    fn what_is_left_out_of_a_border_is_left_out_for_both() {
        // A stair between two zones of different codes.
        let stair: Vec<[i64; 2]> = (0..=20).map(|i| [10 + (i + 1) / 2, i / 2]).collect();
        let left: Ring = [[0, 10], [0, 0]].into_iter().rev().chain(stair.iter().rev().copied()).collect();
        let right: Ring = stair.iter().copied().chain([[40, 10], [40, 0]]).collect();
        let zones = [(vec![left.into_iter().rev().collect()], 1), (vec![right.into_iter().rev().collect()], 2)];
        let (rings, _) = joined(&zones, &[0, 1]);
        assert_eq!(area(&rings), 400);
        assert!(rings.iter().map(|(_, ring)| ring.len()).sum::<usize>() <= 10);
    }

    #[test]
    fn zones_that_lie_on_each_other_or_turn_back_are_kept_as_they_are() {
        let spike = vec![[0, 0], [0, 10], [5, 10], [5, 20], [5, 10], [10, 10], [10, 0]];
        let zones = [(vec![spike], 1), (vec![square(0, 0, 10)], 1), (vec![square(0, 0, 10)], 2), (vec![square(3, 3, 3)], 2)];
        let (rings, counts) = joined(&zones, &[0, 1, 2, 3]);
        assert_eq!((area(&rings), counts.iter().sum::<u32>()), (309, 4));
    }

    #[test]
    fn seeded_mosaics_keep_their_area_and_every_count() {
        // A board of squares with codes from a seed, some of them split along their diagonal.
        let mut state = 7_u64;
        let mut random = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        for _ in 0..50 {
            let mut zones = Vec::new();
            for i in 0..100 {
                let (x, y) = (i % 10 * 4, i / 10 * 4);
                let [a, b, c, d] = [[x, y], [x, y + 4], [x + 4, y + 4], [x + 4, y]];
                let (top, bottom) = ([x + 2, y + 4], [x + 2, y]);
                if random(3) == 0 {
                    zones.push((vec![vec![a, b, top, c]], random(3) as u16));
                    zones.push((vec![vec![a, c, d, bottom]], random(3) as u16));
                } else {
                    zones.push((vec![vec![a, b, top, c, d, bottom]], random(3) as u16));
                }
            }
            let all: Vec<usize> = (0..zones.len()).collect();
            let (rings, counts) = joined(&zones, &all);
            assert_eq!((area(&rings), counts.iter().sum::<u32>() as usize), (1_600, zones.len()));
            // No border lies between two areas of one code: each edge's way back belongs to another code.
            let mut edges = FxHashMap::default();
            for (index, ring) in &rings {
                for (i, from) in ring.iter().enumerate() {
                    edges.insert((*from, ring[(i + 1) % ring.len()]), zones[*index as usize].1);
                }
            }
            assert!(edges.iter().all(|((from, to), code)| edges.get(&(*to, *from)).is_none_or(|other| other != code)));
        }
    }
}
