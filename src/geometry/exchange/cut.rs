//! Zones cut on a grid of whole numbers, and what is done with them there.

use std::hash::{DefaultHasher, Hash, Hasher};

use geo::{Centroid, InteriorPoint};
use geo_index::rtree::sort::HilbertSort;
use geo_index::rtree::{RTree, RTreeBuilder, RTreeIndex};
use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay::{IntOverlayOptions, Overlay, ShapeType};
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::core::solver::Solver;
use i_overlay::i_float::int::point::IntPoint;
use i_overlay::i_shape::int::shape::{IntContour, IntShape};
use rayon::prelude::*;

use super::{ROUNDING_M2, Zone};
use crate::geometry::borders::{Borders, rings};

/// A zone on the grid. Outer rings run counterclockwise, holes clockwise.
pub(super) struct Cut {
    pub(super) class: u32,
    pub(super) contours: Vec<IntContour>,
    pub(super) bbox: [f64; 4],
    /// In square units of the grid.
    pub(super) area: f64,
}

/// Whole numbers of 32 bits around a place in the plane.
pub(super) struct Grid {
    pub(super) origin: [f64; 2],
    /// Units in a metre.
    pub(super) scale: f64,
}

impl Grid {
    pub(super) fn around<'z>(zones: impl Iterator<Item = &'z Zone>) -> Option<Self> {
        let mut bbox = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
        for [x, y] in zones.flat_map(|zone| zone.rings.iter().flatten()) {
            bbox = [bbox[0].min(*x), bbox[1].min(*y), bbox[2].max(*x), bbox[3].max(*y)];
        }
        let extent = (bbox[2] - bbox[0]).max(bbox[3] - bbox[1]);
        (extent.is_finite() && extent > 0.0).then(|| {
            // A power of two keeps whole metres whole; sums of two numbers stay within 32 bits.
            let scale = (f64::from(1 << 29) / extent).log2().floor().exp2();
            Self { origin: [bbox[0], bbox[1]], scale }
        })
    }

    pub(super) fn whole(&self, [x, y]: [f64; 2]) -> IntPoint {
        IntPoint::new(((x - self.origin[0]) * self.scale).round() as i32, ((y - self.origin[1]) * self.scale).round() as i32)
    }

    pub(super) fn place(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [x / self.scale + self.origin[0], y / self.scale + self.origin[1]]
    }

    pub(super) fn square_metres(&self, area: f64) -> f64 {
        area / (self.scale * self.scale)
    }

    pub(super) fn cut(&self, zone: &Zone) -> Cut {
        Cut::new(zone.class, zone.rings.iter().map(|ring| ring.iter().map(|point| self.whole(*point)).collect()).collect())
    }
}

impl Cut {
    pub(super) fn new(class: u32, contours: Vec<IntContour>) -> Self {
        let mut bbox = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
        for point in contours.iter().flatten() {
            let (x, y) = (f64::from(point.x), f64::from(point.y));
            bbox = [bbox[0].min(x), bbox[1].min(y), bbox[2].max(x), bbox[3].max(y)];
        }
        let area = contours.iter().map(|contour| doubled(contour)).sum::<f64>() / 2.0;
        Self { class, contours, bbox, area }
    }

    /// A number that equal shapes share, wherever their rings begin.
    pub(super) fn outline(&self) -> (u64, usize) {
        let mut rings: Vec<Vec<(i32, i32)>> = Vec::with_capacity(self.contours.len());
        for contour in &self.contours {
            let mut ring: Vec<(i32, i32)> = contour.iter().map(|point| (point.x, point.y)).collect();
            let least = ring.iter().enumerate().min_by_key(|(_, point)| **point).map_or(0, |(at, _)| at);
            ring.rotate_left(least);
            rings.push(ring);
        }
        rings.sort_unstable();
        let mut hasher = DefaultHasher::new();
        rings.hash(&mut hasher);
        (hasher.finish(), self.contours.iter().map(Vec::len).sum())
    }
}

/// Twice the signed area of a ring; exact, as its products have at most 60 bits.
pub(super) fn doubled(ring: &[IntPoint]) -> f64 {
    let Some(last) = ring.last() else { return 0.0 };
    let mut sum = 0_i128;
    let mut before = *last;
    for point in ring {
        sum += i128::from(before.x) * i128::from(point.y) - i128::from(point.x) * i128::from(before.y);
        before = *point;
    }
    sum as f64
}

pub(super) fn area_of(shape: &IntShape) -> f64 {
    shape.iter().map(|ring| doubled(ring)).sum::<f64>().abs() / 2.0
}

pub(super) fn length_of(shape: &IntShape) -> f64 {
    let edge = |(a, b): (&IntPoint, &IntPoint)| (f64::from(a.x) - f64::from(b.x)).hypot(f64::from(a.y) - f64::from(b.y));
    shape.iter().map(|ring| ring.iter().zip(ring.iter().cycle().skip(1)).map(edge).sum::<f64>()).sum()
}

pub(super) fn overlay<'c>(subject: &[IntContour], clip: impl Iterator<Item = &'c [IntContour]>, rule: OverlayRule) -> Vec<IntShape> {
    let capacity = subject.iter().map(Vec::len).sum::<usize>() * 2;
    let mut overlay = Overlay::new_custom(capacity, IntOverlayOptions::ogc(), Solver::default());
    overlay.add_contours(subject, ShapeType::Subject);
    clip.for_each(|contours| overlay.add_contours(contours, ShapeType::Clip));
    overlay.overlay(rule, FillRule::Positive)
}

pub(super) fn index(cuts: &[Cut]) -> Option<RTree<f64>> {
    if cuts.is_empty() {
        return None;
    }
    let mut builder = RTreeBuilder::<f64>::new(cuts.len() as u32);
    for cut in cuts {
        let [west, south, east, north] = if cut.bbox[0] <= cut.bbox[2] { cut.bbox } else { [0.0; 4] };
        builder.add(west, south, east, north);
    }
    Some(builder.finish::<HilbertSort>())
}

pub(super) fn near(tree: Option<&RTree<f64>>, [west, south, east, north]: [f64; 4]) -> Vec<usize> {
    let found = tree.map(|tree| tree.search(west, south, east, north)).unwrap_or_default();
    let mut found: Vec<usize> = found.into_iter().map(|at| at as usize).collect();
    found.sort_unstable();
    found
}

/// Takes from each zone what a later zone of the same set covers.
pub(super) fn settled(mut cuts: Vec<Cut>, grid: &Grid) -> Vec<Cut> {
    // Borders that neighbours share cancel out; where nothing is covered twice, what is left encloses as much as all
    // zones together.
    let mut borders: Borders<(i32, i32), ()> = Borders::default();
    for ring in cuts.iter().flat_map(|cut| &cut.contours) {
        for (a, b) in ring.iter().zip(ring.iter().cycle().skip(1)).filter(|(a, b)| a != b) {
            borders.add((a.x, a.y), (b.x, b.y), ());
        }
    }
    let rest: Vec<IntContour> =
        rings(&borders.rest()).into_iter().map(|ring| ring.into_iter().map(|(x, y)| IntPoint::new(x, y)).collect()).collect();
    let union = overlay(&rest, std::iter::empty(), OverlayRule::Subject);
    let twice = cuts.iter().map(|cut| cut.area).sum::<f64>() - union.iter().map(area_of).sum::<f64>();
    if grid.square_metres(twice) < ROUNDING_M2 {
        return cuts;
    }
    // The outline subtracted from the whole leaves what is covered more than once.
    let outline: Vec<IntContour> = union.into_iter().flatten().map(|ring| ring.into_iter().rev().collect()).collect();
    let all = [rest, outline].concat();
    let doubles: Vec<Cut> = overlay(&all, std::iter::empty(), OverlayRule::Subject).into_iter().map(|shape| Cut::new(0, shape)).collect();
    let tree = index(&cuts);
    let mut touched: Vec<usize> = doubles.iter().flat_map(|double| near(tree.as_ref(), double.bbox)).collect();
    touched.sort_unstable();
    touched.dedup();
    let less: Vec<(usize, Cut)> = touched
        .par_iter()
        .filter_map(|at| {
            let cut = &cuts[*at];
            let later: Vec<&[IntContour]> = near(tree.as_ref(), cut.bbox)
                .into_iter()
                .filter(|other| other > at && touched.binary_search(other).is_ok())
                .map(|other| cuts[other].contours.as_slice())
                .collect();
            (!later.is_empty()).then(|| {
                let left = overlay(&cut.contours, later.into_iter(), OverlayRule::Difference);
                (*at, Cut::new(cut.class, left.into_iter().flatten().collect()))
            })
        })
        .collect();
    for (at, cut) in less {
        cuts[at] = cut;
    }
    cuts
}

/// A point inside a shape.
pub(super) fn inner(shape: &IntShape) -> [f64; 2] {
    let mut rings =
        shape.iter().map(|ring| ring.iter().map(|p| geo::Coord { x: f64::from(p.x), y: f64::from(p.y) }).collect::<geo::LineString>());
    let polygon = geo::Polygon::new(rings.next().unwrap_or_else(|| geo::LineString::new(Vec::new())), rings.collect());
    polygon.interior_point().or_else(|| polygon.centroid()).map_or([0.0; 2], |point| [point.x(), point.y()])
}
