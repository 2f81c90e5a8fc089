//! An area, and how much of a shape lies within it: all, nothing, or parts on a finer grid.

use geo_index::rtree::sort::HilbertSort;
use geo_index::rtree::{RTree, RTreeBuilder, RTreeIndex};
use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay::{Overlay, ShapeType};
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::i_shape::int::shape::{IntContour, IntShape};

use super::crs::Crs;
use super::grid::Grid;
use super::{Bbox, Ring, encloses};

/// An area with which shapes are cut.
pub struct Area {
    rings: Vec<Ring>,
    bbox: [i64; 4],
    edges: RTree<f64>,
}

/// How much of a shape lies within an area.
#[derive(Debug, PartialEq)]
pub enum Within {
    /// None of it.
    Nothing,
    /// All of it.
    All,
    /// The area lies within the shape.
    Around,
    /// Parts of it, on a grid finer than the published one.
    Parts(Vec<IntShape>, Grid),
}

fn bounds<'a>(points: impl Iterator<Item = &'a [i64; 2]>) -> [i64; 4] {
    let start = [i64::MAX, i64::MAX, i64::MIN, i64::MIN];
    points.fold(start, |b, [x, y]| [b[0].min(*x), b[1].min(*y), b[2].max(*x), b[3].max(*y)])
}

fn meet(a: &[i64; 4], b: &[i64; 4]) -> bool {
    a[0] <= b[2] && a[2] >= b[0] && a[1] <= b[3] && a[3] >= b[1]
}

fn edges(ring: &Ring) -> impl Iterator<Item = [&[i64; 2]; 2]> {
    ring.iter().enumerate().map(|(i, a)| [a, &ring[(i + 1) % ring.len()]])
}

/// True when the point, in 10⁻⁷ degrees, lies inside the rings and in no hole.
pub fn inside(rings: &[Ring], point: [i64; 2]) -> bool {
    rings.iter().filter(|ring| encloses(ring, point)).count() % 2 == 1
}

/// The box in degrees of rings in 10⁻⁷ degrees.
pub fn bbox_of(rings: &[Ring]) -> Bbox {
    bounds(rings.iter().flatten()).map(|value| value as f64 / 1e7)
}

impl Area {
    /// An area made of rings in 10⁻⁷ degrees, outer rings counter-clockwise and holes clockwise. None where no ring
    /// has three points.
    pub fn new(rings: Vec<Ring>) -> Option<Self> {
        let rings: Vec<Ring> = rings.into_iter().filter(|ring| ring.len() > 2).collect();
        let count = rings.iter().map(Vec::len).sum::<usize>();
        if count == 0 {
            return None;
        }
        let mut builder = RTreeBuilder::<f64>::new(count as u32);
        for edge in rings.iter().flat_map(edges) {
            let [west, south, east, north] = bounds(edge.into_iter()).map(|value| value as f64);
            builder.add(west, south, east, north);
        }
        Some(Self { bbox: bounds(rings.iter().flatten()), edges: builder.finish::<HilbertSort>(), rings })
    }

    /// The box around it in degrees.
    pub fn bbox(&self) -> Bbox {
        self.bbox.map(|value| value as f64 / 1e7)
    }

    /// Its rings.
    pub fn rings(&self) -> &[Ring] {
        &self.rings
    }

    /// True when the point, longitude and latitude in 10⁻⁷ degrees, lies inside.
    pub fn contains(&self, point: [i64; 2]) -> bool {
        inside(&self.rings, point)
    }

    /// How much of a shape lies within the area; its rings are in 10⁻⁷ degrees.
    pub fn within(&self, rings: &[Ring]) -> Within {
        let bbox = bounds(rings.iter().flatten());
        if !meet(&bbox, &self.bbox) {
            return Within::Nothing;
        }
        if !rings.iter().flat_map(edges).any(|edge| meet(&bounds(edge.into_iter()), &self.bbox)) {
            // No border of the shape comes near, so the area lies within the shape or apart from it.
            let first = self.rings.first().and_then(|ring| ring.first()).copied().unwrap_or_default();
            return if inside(rings, first) { Within::Around } else { Within::Nothing };
        }
        let [west, south, east, north] = bbox.map(|value| value as f64);
        if self.edges.search(west, south, east, north).is_empty() {
            // The area's border does not come near, so the whole shape lies on one side of it.
            let first = rings.first().and_then(|ring| ring.first()).copied().unwrap_or_default();
            return if self.contains(first) { Within::All } else { Within::Nothing };
        }
        let around = bounds([[bbox[0], bbox[1]], [bbox[2], bbox[3]], [self.bbox[0], self.bbox[1]], [self.bbox[2], self.bbox[3]]].iter());
        let grid = Grid::around(around);
        let contours =
            |rings: &[Ring]| -> Vec<IntContour> { rings.iter().map(|ring| ring.iter().map(|p| grid.whole(*p)).collect()).collect() };
        let (subject, clip) = (contours(rings), contours(&self.rings));
        let mut overlay = Overlay::new(subject.iter().chain(&clip).map(Vec::len).sum());
        overlay.add_contours(&subject, ShapeType::Subject);
        overlay.add_contours(&clip, ShapeType::Clip);
        let parts = overlay.overlay(OverlayRule::Intersect, FillRule::NonZero);
        if parts.is_empty() { Within::Nothing } else { Within::Parts(parts, grid) }
    }

    /// Square metres of the area itself, without its holes, measured in `plane`.
    pub fn area_m2(&self, plane: &Crs) -> f64 {
        area_m2(&self.rings, plane)
    }
}

fn ring_m2(points: impl Iterator<Item = [f64; 2]>, plane: &Crs) -> f64 {
    let points: Vec<[f64; 2]> = points.filter_map(|[lon, lat]| plane.from_wgs84(lon, lat).ok()).collect();
    let Some(&[ox, oy]) = points.first() else { return 0.0 };
    let doubled: f64 = (0..points.len())
        .map(|i| {
            let ([ax, ay], [bx, by]) = (points[i], points[(i + 1) % points.len()]);
            (ax - ox) * (by - oy) - (bx - ox) * (ay - oy)
        })
        .sum();
    doubled / 2.0
}

/// Square metres of rings, measured in `plane`. Holes must run the other way.
pub fn area_m2(rings: &[Ring], plane: &Crs) -> f64 {
    rings.iter().map(|ring| ring_m2(ring.iter().map(|p| p.map(|value| value as f64 / 1e7)), plane)).sum::<f64>().abs()
}

/// Square metres of a part, measured in `plane`. Its first ring is its border, the others are holes.
pub fn part_m2(part: &IntShape, grid: &Grid, plane: &Crs) -> f64 {
    let area = |ring: &IntContour| ring_m2(ring.iter().map(|p| grid.degrees(f64::from(p.x), f64::from(p.y))), plane).abs();
    let mut rings = part.iter();
    rings.next().map_or(0.0, area) - rings.map(area).sum::<f64>()
}
