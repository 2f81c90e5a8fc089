//! Borders of zones on a grid, each kept once with the zones on its two sides. A border between two
//! junctions is an arc, as in TopoJSON. Neighbours share their arcs, so they still fit together when points are
//! left out.

mod rings;
#[cfg(test)]
mod tests;

use std::ops::{ControlFlow, Range};

use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::geometry::steps::{Shapes, Steps};
use rings::{key, straight};

pub use rings::Rings;

/// No zone, no arc.
const NONE: u32 = u32::MAX;

/// Borders of zones, each kept once. Arc n has two sides: side 2n runs along the arc, side 2n + 1 runs
/// backwards.
pub struct Arcs {
    /// Where each arc begins among `points`.
    begins: Box<[u32]>,
    /// The points of all arcs relative to `corner`, as [`Shapes`] writes positions.
    points: Box<[u8]>,
    corner: [i64; 2],
    /// The zone of each side, and the side that follows around that zone.
    sides: Box<[(u32, u32)]>,
    /// One side of every ring.
    rings: Box<[u32]>,
    /// Where the rings of each zone begin in `rings`, and at last the number of all rings.
    first: Box<[u32]>,
    /// The code of each zone.
    codes: Box<[u16]>,
}

impl Arcs {
    /// The arcs of zones with these codes. `rings` come in the order of their zones, each ring with
    /// its zone on the same side. None where there is more than 32 bits can count.
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
            // A ring without junctions is an island: it begins at its least point, for both its sides.
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

    /// Appends the points of a side, without its last point.
    fn follow(&self, side: u32, points: &mut Vec<[i64; 2]>) {
        let begin = self.begins.get(side as usize / 2).copied().unwrap_or_default();
        let from = points.len();
        let mut steps = Steps::new(self.points.get(begin as usize..).unwrap_or_default());
        let _ = steps.line(|[x, y]| {
            points.push([x + self.corner[0], y + self.corner[1]]);
            ControlFlow::Continue(())
        });
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

    /// Joins neighbours that have the same code, among the zones `near`, which come in rising order.
    pub fn joined(&self, near: &[usize]) -> Joined {
        let mut local: FxHashMap<u32, u32> = FxHashMap::with_capacity_and_hasher(near.len(), FxBuildHasher);
        local.extend(near.iter().enumerate().map(|(index, zone)| (*zone as u32, index as u32)));
        // The zone beyond this side, as an index in `near`, if the border between the two is to go.
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
                    // Each side is met once, so the walk ends where it began.
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
    /// For each ring the first zone of its area, as an index among the zones that were joined, and the range of its
    /// points. Rings of one area stand together.
    pub rings: Vec<(u32, Range<usize>)>,
    /// How many zones each area has, by its first zone.
    pub counts: Vec<u32>,
}

/// Sides that were met, one bit for each.
struct Seen(Vec<u64>);

impl Seen {
    /// True the first time.
    fn is_new(&mut self, side: u32) -> bool {
        let (word, bit) = (side as usize / 64, 1 << (side % 64));
        self.0.get_mut(word).is_some_and(|word| std::mem::replace(word, *word | bit) & bit == 0)
    }
}

/// Which zones belong to one area (union-find). Each area is known by its first zone.
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
