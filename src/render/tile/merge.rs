//! Neighbours of one code as one area: what a tile shows where its zones are too small to be told apart.

use super::grid::{Grid, clip};
use super::wire::{Layered, POLYGON, Path, Said};
use super::{BUFFER, Detail, EXTENT, PIXEL};
use crate::domain::geometry::encloses;
use crate::domain::land_use;
use crate::read_model::coarse::{self, Coarse, thin};
use crate::read_model::features::Features;
use crate::read_model::layers::Part;
use crate::render::shape::{self, Ring};

/// No edge.
const NONE: u32 = u32::MAX;

/// An edge of the grid and the zone whose border it is.
struct Edge {
    from: u32,
    to: u32,
    /// The next that begins at the same point.
    next: u32,
    zone: u32,
    /// The zone's code.
    code: u16,
    used: bool,
}

/// The points of a tile's pixels, and the borders that begin at each.
struct Borders {
    /// Pixels across the tile, and beyond its edges.
    size: i64,
    beyond: i64,
    /// The first edge of each point.
    first: Vec<u32>,
    edges: Vec<Edge>,
    /// Zones that belong together, each with one of smaller number.
    parent: Vec<u32>,
}

impl Borders {
    /// A tile in pixels of so many units.
    fn new(unit: i64, zones: usize) -> Self {
        let (size, beyond) = ((EXTENT / unit).max(1), BUFFER / unit);
        let across = (size + 2 * beyond + 1) as usize;
        let parent = (0..zones as u32).collect();
        Self { size, beyond, first: vec![NONE; across * across], edges: Vec::with_capacity(zones * 16), parent }
    }

    fn across(&self) -> i64 {
        self.size + 2 * self.beyond + 1
    }

    fn at(&self, [x, y]: [i64; 2]) -> u32 {
        ((x + self.beyond) * self.across() + y + self.beyond) as u32
    }

    fn point(&self, at: u32) -> [i64; 2] {
        let at = i64::from(at);
        [at / self.across() - self.beyond, at % self.across() - self.beyond]
    }

    fn root(&mut self, mut zone: u32) -> u32 {
        while self.parent[zone as usize] != zone {
            self.parent[zone as usize] = self.parent[self.parent[zone as usize] as usize];
            zone = self.parent[zone as usize];
        }
        zone
    }

    /// Adds a zone's ring, clipped to the tile.
    fn ring(&mut self, ring: &[[i64; 2]], zone: u32, code: u16) {
        let (low, high) = (-self.beyond, self.size + self.beyond);
        if !ring.iter().all(|[x, y]| (low..=high).contains(x) && (low..=high).contains(y)) {
            let mut clipped = clip(ring.to_vec(), low, high);
            thin(&mut clipped);
            return self.inner(&clipped, zone, code);
        }
        self.inner(ring, zone, code);
    }

    fn inner(&mut self, ring: &[[i64; 2]], zone: u32, code: u16) {
        let Some(last) = ring.last() else { return };
        let mut from = self.at(*last);
        for point in ring {
            let to = self.at(*point);
            self.edge(from, to, zone, code);
            from = to;
        }
    }

    /// Adds an edge; where it is the way back of one of the same code, both go, and their zones belong together.
    fn edge(&mut self, from: u32, to: u32, zone: u32, code: u16) {
        let (mut before, mut at) = (NONE, self.first[to as usize]);
        while at != NONE {
            let edge = &self.edges[at as usize];
            if edge.to == from && edge.code == code {
                let (next, other) = (edge.next, edge.zone);
                if before == NONE {
                    self.first[to as usize] = next;
                } else {
                    self.edges[before as usize].next = next;
                }
                self.edges[at as usize].used = true;
                let (a, b) = (self.root(zone), self.root(other));
                self.parent[a.max(b) as usize] = a.min(b);
                return;
            }
            (before, at) = (at, edge.next);
        }
        let next = std::mem::replace(&mut self.first[from as usize], self.edges.len() as u32);
        self.edges.push(Edge { from, to, next, zone, code, used: false });
    }

    /// What is left as rings, each with the zone that stands for its area, those of one area together.
    fn traced(&mut self) -> Vec<(u32, Ring)> {
        let mut rings = Vec::new();
        for start in 0..self.edges.len() {
            if self.edges[start].used {
                continue;
            }
            let (zone, begin) = (self.root(self.edges[start].zone), self.edges[start].from);
            let (mut ring, mut at) = (Ring::new(), start);
            loop {
                self.edges[at].used = true;
                ring.push(self.point(self.edges[at].from));
                let to = self.edges[at].to;
                if to == begin {
                    break;
                }
                let mut next = self.first[to as usize];
                while next != NONE && (self.edges[next as usize].used || self.root(self.edges[next as usize].zone) != zone) {
                    next = self.edges[next as usize].next;
                }
                if next == NONE {
                    break;
                }
                at = next as usize;
            }
            if ring.len() > 2 {
                rings.push((zone, ring));
            }
        }
        rings.sort_by_key(|(zone, _)| *zone);
        rings
    }
}

/// Rings of a zone in pixels of a tile, from the set's coarse copy; a pixel of the tile is `1 << shift` of its.
fn coarse_rings(coarse: &Coarse, index: usize, [left, top]: [i64; 2], shift: u8, room: &mut Ring, mut each: impl FnMut(u16, &Ring)) {
    let half = (1 << shift) >> 1;
    coarse.walk(index, room, |code, ring| {
        ring.iter_mut().for_each(|[x, y]| (*x, *y) = (((*x + half) >> shift) - left, ((*y + half) >> shift) - top));
        if shift > 0 {
            thin(ring);
        }
        each(code.unwrap_or(u16::MAX), ring);
    });
}

/// Draws the zones `near` a tile as areas of one code, with the code and how many zones each is made of.
pub fn merged(out: &mut Layered, part: &Part, features: &Features, near: &[usize], grid: &Grid, detail: Detail) {
    // Too small to be told apart, so a pixel is near enough.
    let unit = detail.step.max(PIXEL);
    let keys = [out.key("land_use"), out.key("count"), out.key("plan")];
    let code = |zone: usize| features.land_use_index(&features.list[near[zone]]);
    let mut borders = Borders::new(unit, near.len());
    let size = borders.size;
    let address = grid.address;
    let coarse = (address.zoom <= coarse::ZOOM && unit < EXTENT).then(|| features.coarse()).flatten();
    if let Some(coarse) = coarse {
        // Each zoom below, and each coarser attempt, halves the pixels.
        let shift = coarse::ZOOM - address.zoom + (unit / PIXEL).trailing_zeros() as u8;
        let corner = [i64::from(address.column) * size, i64::from(address.row) * size];
        let mut room = Ring::new();
        for (zone, index) in near.iter().enumerate() {
            coarse_rings(coarse, *index, corner, shift, &mut room, |code, ring| borders.ring(ring, zone as u32, code));
        }
    } else {
        let pixels = Grid::new(address, unit);
        for (zone, index) in near.iter().enumerate() {
            let code = code(zone).unwrap_or(u16::MAX);
            for ring in features.rings(&features.list[*index]) {
                let mut ring: Ring = ring.into_iter().map(|position| pixels.place(position).map(|value| value / unit)).collect();
                thin(&mut ring);
                borders.ring(&ring, zone as u32, code);
            }
        }
    }
    let rings = borders.traced();
    let mut counts = vec![0_i64; near.len()];
    (0..near.len() as u32).for_each(|zone| counts[borders.root(zone) as usize] += 1);
    let owner = part.code.map(|code| out.value(Said::Text(code.to_string())));
    for group in rings.chunk_by(|a, b| a.0 == b.0) {
        let in_units = |(_, ring): &(u32, Ring)| -> Ring { ring.iter().map(|point| point.map(|value| value * unit)).collect() };
        let areas = group.iter().map(in_units).filter(|ring| shape::doubled_area(ring).abs() > 2 * detail.smallest).collect();
        let mut path = Path::default();
        if !path.areas(&nested(areas)) {
            continue;
        }
        let first = group[0].0 as usize;
        let name = code(first).and_then(|index| land_use::all().get(usize::from(index))).map_or("", |entry| entry.code.as_str());
        let mut tags = vec![(keys[0], out.value(Said::Text(name.to_owned()))), (keys[1], out.value(Said::Whole(counts[first])))];
        tags.extend(owner.map(|owner| (keys[2], owner)));
        out.feature(POLYGON, &tags, &path);
    }
}

/// Each outer ring followed by the holes that lie in it.
fn nested(rings: Vec<Ring>) -> Vec<Ring> {
    let (outers, holes): (Vec<Ring>, Vec<Ring>) = rings.into_iter().partition(|ring| shape::doubled_area(ring) < 0);
    if holes.is_empty() || outers.len() == 1 {
        return outers.into_iter().chain(holes).collect();
    }
    let mut groups: Vec<(Ring, Vec<Ring>)> = outers.into_iter().map(|outer| (outer, Vec::new())).collect();
    for hole in holes {
        // A hole may touch its outer ring: most of its points lie inside.
        let inside = |outer: &Ring| hole.iter().filter(|point| encloses(outer, **point)).count() * 2 > hole.len();
        if let Some((_, own)) = groups.iter_mut().find(|(outer, _)| inside(outer)) {
            own.push(hole);
        }
    }
    groups.into_iter().flat_map(|(outer, holes)| std::iter::once(outer).chain(holes)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(x: i64, y: i64, side: i64) -> Ring {
        // As on the globe, with rows running south: outer rings are negative.
        vec![[x, y], [x, y + side], [x + side, y + side], [x + side, y]]
    }

    fn borders(zones: &[(Ring, u16)]) -> (Borders, Vec<(u32, Ring)>) {
        let mut borders = Borders::new(PIXEL, zones.len());
        zones.iter().enumerate().for_each(|(zone, (ring, code))| borders.ring(ring, zone as u32, *code));
        let rings = borders.traced();
        (borders, rings)
    }

    fn area(rings: &[(u32, Ring)]) -> i128 {
        rings.iter().map(|(_, ring)| shape::doubled_area(ring)).sum::<i128>().abs() / 2
    }

    #[test]
    fn neighbours_of_one_code_become_one_area_and_others_stay() {
        let zones = [(square(0, 0, 10), 1), (square(10, 0, 10), 1), (square(20, 0, 10), 2)];
        let (mut borders, rings) = borders(&zones);
        assert_eq!(rings.iter().map(|(zone, _)| *zone).collect::<Vec<_>>(), [0, 2]);
        assert_eq!(area(&rings[..1]), 200);
        assert!(borders.root(0) == borders.root(1) && borders.root(0) != borders.root(2));
    }

    #[test]
    fn a_zone_within_zones_of_another_code_is_a_hole_in_them() {
        let around = (0..9).filter(|i| *i != 4).map(|i| (square(i % 3 * 10, i / 3 * 10, 10), 1));
        let zones: Vec<(Ring, u16)> = around.chain([(square(10, 10, 10), 2)]).collect();
        let (_, rings) = borders(&zones);
        assert_eq!((rings.len(), area(&rings[..2]), area(&rings[2..])), (3, 800, 100));
        let nested = nested(rings[..2].iter().map(|(_, ring)| ring.clone()).collect());
        assert!(shape::doubled_area(&nested[0]) < 0 && shape::doubled_area(&nested[1]) > 0);
    }

    #[test]
    fn what_lies_beyond_the_tile_is_cut_off_for_both_neighbours_alike() {
        let zones = [(square(250, 0, 100), 1), (square(250, 100, 100), 1)];
        let (_, rings) = borders(&zones);
        assert_eq!((rings.len(), area(&rings)), (1, 10 * 200));
    }
}
