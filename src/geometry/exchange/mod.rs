//! What land passed from which class to which, between two sets of zones: an exact overlay in the plane.
//!
//! Both sets are put on one grid of whole numbers, much finer than a millimetre. Where zones of one set overlap, the
//! later one counts. So every square metre is counted once on each side, and the sums of rows and columns are the areas
//! of the sets. Zones that did not change are paired by their shape, and need no overlay.

mod cut;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};

use geo_index::rtree::RTree;
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::i_shape::int::shape::{IntContour, IntShape};
use rayon::prelude::*;

use cut::{Cut, Grid, area_of, index, inner, length_of, near, overlay, settled};

/// A strip narrower than this, metres, is drawing noise: borders drawn twice, not land that was given another use.
pub const NOISE_METRES: f64 = 1.0;
/// Less land than this, square metres, is rounding.
const ROUNDING_M2: f64 = 0.5;
/// How many of the largest changed places are named.
const PLACES: usize = 10;

/// A zone: its class, and its rings in metres of the plane, outer ones counterclockwise, holes clockwise. Rings do not
/// repeat their first point.
#[derive(Debug, Clone)]
pub struct Zone {
    /// Its class.
    pub class: u32,
    /// Its rings.
    pub rings: Vec<Vec<[f64; 2]>>,
}

/// Land that passed from one class to another, or stayed.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Land {
    /// Its area in square metres.
    pub area_m2: f64,
    /// What of it lies in strips narrower than [`NOISE_METRES`].
    pub noise_m2: f64,
}

/// A place that changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Class before; none where there was no zone.
    pub from: Option<u32>,
    /// Class after; none where there is no zone.
    pub to: Option<u32>,
    /// Its area in square metres.
    pub area_m2: f64,
    /// A point in it, metres of the plane.
    pub at: [f64; 2],
}

/// From which class to which.
pub type FromTo = (Option<u32>, Option<u32>);

/// What land passed from which class to which.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Exchange {
    /// By classes before and after; none is land without a zone.
    pub cells: BTreeMap<FromTo, Land>,
    /// The largest changed places, without drawing noise, the largest first.
    pub places: Vec<Place>,
}

/// What one zone passed on, and to which zones.
struct Passed {
    /// Number of the other zone, or none for land without a zone; the land in square units.
    land: Vec<(Option<usize>, f64, f64)>,
    /// Pieces that changed and are no noise.
    pieces: Vec<(FromTo, IntShape)>,
}

/// Area, and what of it is noise; the shapes that are none go to `pieces`.
fn weigh(shapes: Vec<IntShape>, grid: &Grid, pieces: &mut Vec<IntShape>) -> (f64, f64) {
    let (mut all, mut noise) = (0.0, 0.0);
    for shape in shapes {
        let area = area_of(&shape);
        all += area;
        if 2.0 * area < NOISE_METRES * grid.scale * length_of(&shape) {
            noise += area;
        } else {
            pieces.push(shape);
        }
    }
    (all, noise)
}

/// Both sets on one grid, ready to be compared.
struct Sides {
    grid: Grid,
    old: Vec<Cut>,
    new: Vec<Cut>,
    old_tree: Option<RTree<f64>>,
    new_tree: Option<RTree<f64>>,
    /// For each old zone the new one of the same shape, where there is one.
    twin: Vec<Option<usize>>,
    /// For each new zone whether it is the twin of an old one.
    is_twin: Vec<bool>,
}

impl Sides {
    fn of(old: &[Zone], new: &[Zone]) -> Option<Self> {
        let grid = Grid::around(old.iter().chain(new))?;
        let (old, new) = rayon::join(
            || settled(old.par_iter().map(|zone| grid.cut(zone)).collect(), &grid),
            || settled(new.par_iter().map(|zone| grid.cut(zone)).collect(), &grid),
        );
        let mut same: HashMap<(u64, usize), usize> = new.iter().enumerate().map(|(at, cut)| (cut.outline(), at)).collect();
        let twin: Vec<Option<usize>> = old.iter().map(|cut| same.remove(&cut.outline())).collect();
        let mut is_twin = vec![false; new.len()];
        twin.iter().flatten().for_each(|at| is_twin[*at] = true);
        let (old_tree, new_tree) = (index(&old), index(&new));
        Some(Self { grid, old, new, old_tree, new_tree, twin, is_twin })
    }

    /// What an old zone passed on to the new ones, and to no zone.
    fn passed(&self, number: usize) -> Passed {
        let (cut, grid) = (&self.old[number], &self.grid);
        if let Some(to) = self.twin[number] {
            let key = (Some(cut.class), Some(self.new[to].class));
            let pieces = if key.0 == key.1 { Vec::new() } else { vec![(key, cut.contours.clone())] };
            return Passed { land: vec![(Some(to), cut.area, 0.0)], pieces };
        }
        let (mut land, mut pieces, mut left, mut hit) = (Vec::new(), Vec::new(), cut.area, Vec::new());
        for at in near(self.new_tree.as_ref(), cut.bbox).into_iter().filter(|at| !self.is_twin[*at]) {
            let other = &self.new[at];
            let shapes = overlay(&cut.contours, std::iter::once(other.contours.as_slice()), OverlayRule::Intersect);
            if shapes.is_empty() {
                continue;
            }
            let mut kept = Vec::new();
            let (area, noise) = weigh(shapes, grid, &mut kept);
            land.push((Some(at), area, noise));
            left -= area;
            hit.push(other.contours.as_slice());
            let key = (Some(cut.class), Some(other.class));
            if key.0 != key.1 {
                pieces.extend(kept.into_iter().map(|shape| (key, shape)));
            }
        }
        let (noise, shapes) = leftover(cut, left, &hit, grid);
        land.push((None, left, noise));
        pieces.extend(shapes.into_iter().map(|shape| ((Some(cut.class), None), shape)));
        Passed { land, pieces }
    }

    /// What of a new zone had no zone before, where `covered` of it had one.
    fn fresh(&self, number: usize, covered: f64) -> (f64, f64, Vec<IntShape>) {
        if self.is_twin[number] {
            return (0.0, 0.0, Vec::new());
        }
        let cut = &self.new[number];
        let left = cut.area - covered;
        let around = if self.grid.square_metres(left) > ROUNDING_M2 { near(self.old_tree.as_ref(), cut.bbox) } else { Vec::new() };
        let hit: Vec<&[IntContour]> = around.into_iter().map(|at| self.old[at].contours.as_slice()).collect();
        let (noise, shapes) = leftover(cut, left, &hit, &self.grid);
        (left, noise, shapes)
    }
}

/// Compares two sets of zones. `progress` is called with the number of zones done, of those of both sets.
pub fn exchange(old: &[Zone], new: &[Zone], progress: &(dyn Fn(usize) + Sync)) -> Exchange {
    let Some(sides) = Sides::of(old, new) else { return Exchange::default() };
    let done = AtomicUsize::new(0);
    let step = || progress(done.fetch_add(1, Ordering::Relaxed) + 1);
    let each = (0..sides.old.len()).into_par_iter();
    let passed: Vec<Passed> = each.map(|number| sides.passed(number)).inspect(|_| step()).collect();
    let mut covered = vec![0.0; sides.new.len()];
    let mut exchange = Exchange::default();
    let mut pieces: BTreeMap<FromTo, Vec<IntShape>> = BTreeMap::new();
    let mut add = |key: FromTo, area: f64, noise: f64| {
        let cell = exchange.cells.entry(key).or_default();
        cell.area_m2 += sides.grid.square_metres(area);
        cell.noise_m2 += sides.grid.square_metres(noise);
    };
    for (cut, passed) in sides.old.iter().zip(passed) {
        for (at, area, noise) in passed.land {
            at.iter().for_each(|at| covered[*at] += area);
            add((Some(cut.class), at.map(|at| sides.new[at].class)), area, noise);
        }
        for (key, shape) in passed.pieces {
            pieces.entry(key).or_default().push(shape);
        }
    }
    let each = covered.par_iter().enumerate();
    let fresh: Vec<(f64, f64, Vec<IntShape>)> = each.map(|(number, covered)| sides.fresh(number, *covered)).inspect(|_| step()).collect();
    for (cut, (left, noise, shapes)) in sides.new.iter().zip(fresh) {
        let key = (None, Some(cut.class));
        add(key, left, noise);
        pieces.entry(key).or_default().extend(shapes);
    }
    exchange.cells.retain(|_, land| land.area_m2.abs() >= 0.005);
    exchange.places = places(pieces, &sides.grid);
    exchange
}

/// Of the land of a zone that nothing else covers: what is noise, and the shapes that are none.
fn leftover(cut: &Cut, left: f64, hit: &[&[IntContour]], grid: &Grid) -> (f64, Vec<IntShape>) {
    if grid.square_metres(left) <= ROUNDING_M2 {
        return (left.max(0.0), Vec::new());
    }
    let mut shapes = Vec::new();
    let (_, noise) = weigh(overlay(&cut.contours, hit.iter().copied(), OverlayRule::Difference), grid, &mut shapes);
    (noise.min(left), shapes)
}

/// The largest places: pieces that lie side by side and changed alike are one.
fn places(pieces: BTreeMap<FromTo, Vec<IntShape>>, grid: &Grid) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for ((from, to), shapes) in pieces {
        let contours: Vec<IntContour> = shapes.into_iter().flatten().collect();
        let mut whole = overlay(&contours, std::iter::empty(), OverlayRule::Subject);
        whole.sort_by(|a, b| area_of(b).total_cmp(&area_of(a)));
        places.extend(whole.iter().take(PLACES).map(|shape| Place {
            from,
            to,
            area_m2: grid.square_metres(area_of(shape)),
            at: grid.place(inner(shape)),
        }));
    }
    places.sort_by(|a, b| b.area_m2.total_cmp(&a.area_m2).then(a.at[0].total_cmp(&b.at[0])));
    places.truncate(PLACES);
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(class: u32, x: f64, y: f64, side: f64) -> Zone {
        Zone { class, rings: vec![vec![[x, y], [x + side, y], [x + side, y + side], [x, y + side]]] }
    }

    fn cells(old: &[Zone], new: &[Zone]) -> Vec<(FromTo, i64)> {
        let found = exchange(old, new, &|_| ());
        found.cells.into_iter().map(|(key, land)| (key, land.area_m2.round() as i64)).collect()
    }

    #[test]
    fn what_stays_and_what_passes_is_counted_once() {
        let old = [square(1, 0.0, 0.0, 100.0), square(2, 100.0, 0.0, 100.0)];
        assert_eq!(cells(&old, &old), [((Some(1), Some(1)), 10_000), ((Some(2), Some(2)), 10_000)]);
        // The border moves by 30 m, and a strip of 10 m is no zone any more.
        let rect = |class, x: f64, to: f64| Zone { class, rings: vec![vec![[x, 0.0], [to, 0.0], [to, 100.0], [x, 100.0]]] };
        let new = [rect(1, 0.0, 130.0), rect(3, 130.0, 190.0)];
        let expected = [((Some(1), Some(1)), 10_000), ((Some(2), None), 1_000), ((Some(2), Some(1)), 3_000), ((Some(2), Some(3)), 6_000)];
        assert_eq!(cells(&old, &new), expected);
        let places = exchange(&old, &new, &|_| ()).places;
        assert_eq!(places.iter().map(|p| p.area_m2.round() as i64).collect::<Vec<_>>(), [6_000, 3_000, 1_000]);
        assert!((130.0..190.0).contains(&places[0].at[0]), "{places:?}");
    }

    #[test]
    fn where_zones_of_one_set_overlap_the_later_counts() {
        let old = [square(1, 0.0, 0.0, 100.0), square(2, 50.0, 0.0, 100.0)];
        assert_eq!(cells(&old, &old), [((Some(1), Some(1)), 5_000), ((Some(2), Some(2)), 10_000)]);
        let turned = [old[1].clone(), old[0].clone()];
        let expected = [((Some(1), Some(1)), 5_000), ((Some(2), Some(1)), 5_000), ((Some(2), Some(2)), 5_000)];
        assert_eq!(cells(&old, &turned), expected);
    }

    #[test]
    fn holes_are_no_land_of_the_zone_around_them() {
        let hole = vec![[40.0, 40.0], [40.0, 60.0], [60.0, 60.0], [60.0, 40.0]];
        let mut ring = square(1, 0.0, 0.0, 100.0);
        ring.rings.push(hole);
        let whole = [square(1, 0.0, 0.0, 100.0)];
        let expected = [((None, Some(1)), 400), ((Some(1), Some(1)), 9_600)];
        assert_eq!(cells(&[ring.clone()], &whole), expected);
        let filled = [ring, square(2, 40.0, 40.0, 20.0)];
        assert_eq!(cells(&whole, &filled), [((Some(1), Some(1)), 9_600), ((Some(1), Some(2)), 400)]);
    }

    #[test]
    fn a_strip_narrower_than_a_metre_is_drawing_noise_and_no_place() {
        let new = [square(2, 0.3, 0.0, 100.0)];
        let found = exchange(&[square(1, 0.0, 0.0, 100.0)], &new, &|_| ());
        let none = found.cells[&(Some(1), None)];
        assert!((none.area_m2 - 30.0).abs() < 0.1 && (none.noise_m2 - 30.0).abs() < 0.1, "{none:?}");
        assert!(found.cells[&(Some(1), Some(2))].noise_m2 < 0.1);
        assert_eq!(found.places.len(), 1, "{:?}", found.places);
    }

    #[test]
    fn sums_of_rows_and_columns_are_the_areas_of_the_sets_whatever_the_shapes() {
        let mut seed = 7_u64;
        let mut random = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as f64 / f64::from(1_u32 << 31)
        };
        let mut set = |count: u32| -> Vec<Zone> {
            let mut zone = |n: u32| {
                let (x, y) = (random() * 1_000.0, random() * 1_000.0);
                let corners = 3 + (random() * 9.0) as usize;
                let ring = (0..corners).map(|k| {
                    let (angle, radius) = (k as f64 / corners as f64 * std::f64::consts::TAU, 20.0 + random() * 150.0);
                    [x + radius * angle.cos(), y + radius * angle.sin()]
                });
                Zone { class: n % 5, rings: vec![ring.collect()] }
            };
            (0..count).map(&mut zone).collect()
        };
        let (old, new) = (set(60), set(60));
        let found = exchange(&old, &new, &|_| ());
        let total = |set: &[Zone]| {
            let grid = Grid::around(old.iter().chain(&new)).expect("an extent");
            let all: Vec<IntContour> = set.iter().flat_map(|zone| grid.cut(zone).contours).collect();
            grid.square_metres(overlay(&all, std::iter::empty(), OverlayRule::Subject).iter().map(area_of).sum())
        };
        let rows: f64 = found.cells.iter().filter(|((from, _), _)| from.is_some()).map(|(_, land)| land.area_m2).sum();
        let columns: f64 = found.cells.iter().filter(|((_, to), _)| to.is_some()).map(|(_, land)| land.area_m2).sum();
        assert!((rows - total(&old)).abs() < 1.0, "{rows} {}", total(&old));
        assert!((columns - total(&new)).abs() < 1.0, "{columns} {}", total(&new));
        assert!(found.cells.values().all(|land| land.area_m2 > -0.5 && land.noise_m2 <= land.area_m2.max(0.0) + 0.5));
    }
}
