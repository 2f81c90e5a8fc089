//! What of a feature set lies within an area: a unit's part of a plan, the zones under a parcel.

use geo_index::rtree::sort::HilbertSort;
use geo_index::rtree::{RTree, RTreeBuilder, RTreeIndex};
use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay::{Overlay, ShapeType};
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::i_float::int::point::IntPoint;
use i_overlay::i_shape::int::shape::{IntContour, IntShape};

use super::features::{Feature, Features};
use crate::domain::geometry::{Bbox, encloses};
use crate::import::crs::Crs;

/// A closed ring without its closing point, in 10⁻⁷ degrees.
pub type Ring = Vec<[i64; 2]>;

/// An area to cut with.
pub struct Area {
    rings: Vec<Ring>,
    bbox: [i64; 4],
    edges: RTree<f64>,
}

/// What of a shape lies within an area.
#[derive(Debug, PartialEq)]
enum Within {
    Nothing,
    All,
    /// The area lies within the shape.
    Around,
    /// Parts, finer than the published grid.
    Parts(Vec<IntShape>, Grid),
}

/// A zone, or what of it lies within the area.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// The zone's place in its set.
    pub index: usize,
    /// Its rings, without closing points.
    pub rings: Vec<Ring>,
    /// The box around it in degrees.
    pub bbox: Bbox,
    /// Square metres in the plane of the plan.
    pub area_m2: f64,
    /// True when the zone lies within the area wholly.
    pub whole: bool,
}

/// A grid finer than the published one around a place.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Grid {
    origin: [i64; 2],
    scale: i64,
}

impl Grid {
    fn around(bbox: [i64; 4]) -> Self {
        let extent = (bbox[2] - bbox[0]).max(bbox[3] - bbox[1]).max(1);
        let mut scale = 1;
        // Room for sums within 32 bits.
        while extent * scale * 2 < 1 << 29 {
            scale *= 2;
        }
        Self { origin: [bbox[0], bbox[1]], scale }
    }

    fn whole(&self, [x, y]: [i64; 2]) -> IntPoint {
        let part = |value: i64, origin: i64| ((value - origin) * self.scale).clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32;
        IntPoint::new(part(x, self.origin[0]), part(y, self.origin[1]))
    }

    fn degrees(&self, point: IntPoint) -> [f64; 2] {
        let part = |value: i32, origin: i64| (f64::from(value) / self.scale as f64 + origin as f64) / 1e7;
        [part(point.x, self.origin[0]), part(point.y, self.origin[1])]
    }
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

/// True when the point, 10⁻⁷ degrees, lies inside the rings and in no hole.
fn inside(rings: &[Ring], point: [i64; 2]) -> bool {
    rings.iter().filter(|ring| encloses(ring, point)).count() % 2 == 1
}

/// The box in degrees of rings in 10⁻⁷ degrees.
pub fn bbox_of(rings: &[Ring]) -> Bbox {
    bounds(rings.iter().flatten()).map(|value| value as f64 / 1e7)
}

impl Area {
    /// An area of rings, outer ones counter-clockwise and holes the other way; none without an edge.
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

    /// True when the point, 10⁻⁷ degrees, lies inside.
    pub fn contains(&self, point: [i64; 2]) -> bool {
        inside(&self.rings, point)
    }

    fn within(&self, rings: &[Ring]) -> Within {
        let bbox = bounds(rings.iter().flatten());
        if !meet(&bbox, &self.bbox) {
            return Within::Nothing;
        }
        if !rings.iter().flat_map(edges).any(|edge| meet(&bounds(edge.into_iter()), &self.bbox)) {
            // No border of the shape comes near: the area lies within it or apart from it.
            let first = self.rings.first().and_then(|ring| ring.first()).copied().unwrap_or_default();
            return if inside(rings, first) { Within::Around } else { Within::Nothing };
        }
        let [west, south, east, north] = bbox.map(|value| value as f64);
        if self.edges.search(west, south, east, north).is_empty() {
            // The border does not come near: all of it lies on one side.
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

    /// What of the set's areas lies within, in the file's order. `plane` is the system in which areas
    /// are measured; zones that lie within wholly keep their published area, in whole square metres.
    pub fn cut(&self, features: &Features, plane: &Crs) -> Vec<Piece> {
        let near = features.near(&self.bbox());
        near.into_iter().filter_map(|index| self.piece(features, index, &features.list[index], plane)).collect()
    }

    fn piece(&self, features: &Features, index: usize, feature: &Feature, plane: &Crs) -> Option<Piece> {
        if features.is_points(feature) {
            return None;
        }
        let rings = features.rings(feature);
        match self.within(&rings) {
            Within::Nothing => None,
            Within::All => {
                let published = features.number_property(feature, "area_ha").map(|hectares| hectares * 10_000.0);
                let area_m2 = published.unwrap_or_else(|| area_m2(&rings, plane));
                Some(Piece { index, bbox: feature.bbox(), rings, area_m2, whole: true })
            }
            Within::Around => {
                let rings = self.rings.clone();
                Some(Piece { index, bbox: self.bbox(), rings, area_m2: self.area_m2(plane), whole: false })
            }
            Within::Parts(parts, grid) => {
                let area_m2 = parts.iter().map(|part| part_m2(part, &grid, plane)).sum();
                let round = |p: &IntPoint| grid.degrees(*p).map(|value| (value * 1e7).round() as i64);
                let rings: Vec<Ring> = parts.iter().flatten().map(|ring| ring.iter().map(round).collect()).collect();
                Some(Piece { index, bbox: bbox_of(&rings), rings, area_m2, whole: false })
            }
        }
    }

    /// True when one of the set's areas lies within, wholly or in part.
    pub fn meets(&self, features: &Features) -> bool {
        let areas =
            features.near(&self.bbox()).into_iter().map(|index| &features.list[index]).filter(|feature| !features.is_points(feature));
        areas.into_iter().any(|feature| self.within(&features.rings(feature)) != Within::Nothing)
    }

    /// Square metres of the area itself, its holes taken off.
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

/// Square metres of rings in a plane; holes run the other way.
pub fn area_m2(rings: &[Ring], plane: &Crs) -> f64 {
    rings.iter().map(|ring| ring_m2(ring.iter().map(|p| p.map(|value| value as f64 / 1e7)), plane)).sum::<f64>().abs()
}

/// Of a part the first ring is its border, the others are holes.
fn part_m2(part: &IntShape, grid: &Grid, plane: &Crs) -> f64 {
    let area = |ring: &IntContour| ring_m2(ring.iter().map(|p| grid.degrees(*p)), plane).abs();
    let mut rings = part.iter();
    rings.next().map_or(0.0, area) - rings.map(area).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    /// About a metre, in 10⁻⁷ degrees.
    const M: i64 = 100;
    const ORIGIN: [i64; 2] = [1_048_700_000, 217_000_000];

    fn ring(points: &[[i64; 2]]) -> Ring {
        points.iter().map(|[x, y]| [ORIGIN[0] + x * M, ORIGIN[1] + y * M]).collect()
    }

    fn square(x: i64, y: i64, side: i64) -> Ring {
        ring(&[[x, y], [x + side, y], [x + side, y + side], [x, y + side]])
    }

    /// Canonical bytes of zones with those rings.
    fn set(zones: &[Vec<Ring>]) -> Features {
        let mut text = String::from("{\"type\":\"FeatureCollection\",\"bbox\":[104,21,105,22],\"features\":[\n");
        for (i, rings) in zones.iter().enumerate() {
            let ring = |ring: &Ring| {
                let points: Vec<String> =
                    ring.iter().chain(ring.first()).map(|[x, y]| format!("[{},{}]", *x as f64 / 1e7, *y as f64 / 1e7)).collect();
                format!("[{}]", points.join(","))
            };
            let rings: Vec<String> = rings.iter().map(ring).collect();
            let comma = if i + 1 < zones.len() { "," } else { "" };
            text.push_str(
                "{\"type\":\"Feature\",\"properties\":{\"land_use\":\"ODT\"},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[",
            );
            text.push_str(&rings.join(","));
            text.push_str("]}}");
            text.push_str(comma);
            text.push('\n');
        }
        text.push_str("]}\n");
        Features::parse(&Bytes::from(text)).expect("canonical")
    }

    fn plane() -> Crs {
        Crs::new(9208).expect("known")
    }

    #[test]
    fn a_parcel_over_two_zones_is_divided_without_loss() {
        let zones = set(&[vec![square(0, 0, 100)], vec![square(100, 0, 100)], vec![square(500, 0, 100)]]);
        let parcel = Area::new(vec![ring(&[[90, 20], [120, 20], [120, 50], [90, 50]])]).expect("area");
        let pieces = parcel.cut(&zones, &plane());
        assert_eq!(pieces.iter().map(|piece| piece.index).collect::<Vec<_>>(), [0, 1]);
        let total = parcel.area_m2(&plane());
        let [a, b] = [pieces[0].area_m2, pieces[1].area_m2];
        assert!((a + b - total).abs() < 0.01, "{a} + {b} ≠ {total}");
        assert!((a / total - 1.0 / 3.0).abs() < 1e-3);
    }

    #[test]
    fn what_lies_in_a_hole_is_not_in_the_zone_around_it() {
        let mut hole = square(40, 40, 20);
        hole.reverse();
        let zones = set(&[vec![square(0, 0, 100), hole], vec![square(40, 40, 20)]]);
        let parcel = Area::new(vec![square(45, 45, 10)]).expect("area");
        let pieces = parcel.cut(&zones, &plane());
        assert_eq!(pieces.iter().map(|piece| piece.index).collect::<Vec<_>>(), [1]);
        // A parcel around the hole gets what is left of the zone.
        let around = Area::new(vec![square(30, 30, 40)]).expect("area");
        let cut = around.cut(&zones, &plane());
        let total: f64 = cut.iter().map(|piece| piece.area_m2).sum();
        assert!((total - around.area_m2(&plane())).abs() < 0.02);
        assert!(cut.iter().any(|piece| piece.whole), "the inner zone lies within wholly");
    }

    #[test]
    fn neighbours_of_the_area_that_only_touch_it_are_left_out() {
        let zones = set(&[vec![square(0, 0, 100)], vec![square(100, 0, 100)]]);
        let parcel = Area::new(vec![square(0, 0, 100)]).expect("area");
        assert_eq!(parcel.cut(&zones, &plane()).iter().map(|piece| piece.index).collect::<Vec<_>>(), [0]);
    }

    #[test]
    fn an_area_deep_inside_a_zone_is_measured_as_it_is() {
        let mut hole = square(400, 400, 200);
        hole.reverse();
        let zones = set(&[vec![square(0, 0, 1_000), hole]]);
        let deep = Area::new(vec![ring(&[[100, 100], [120, 100], [120, 130], [100, 130]])]).expect("area");
        let pieces = deep.cut(&zones, &plane());
        assert_eq!(pieces.len(), 1);
        assert!((pieces[0].area_m2 - deep.area_m2(&plane())).abs() < 1e-9 && pieces[0].rings == deep.rings());
        let apart = Area::new(vec![square(450, 450, 10)]).expect("area");
        assert_eq!(apart.cut(&zones, &plane()), [], "it lies in the zone's hole");
    }

    #[test]
    fn an_area_with_a_hole_leaves_it_out() {
        let zones = set(&[vec![square(0, 0, 100)]]);
        let mut hole = square(20, 20, 20);
        hole.reverse();
        let area = Area::new(vec![square(10, 10, 50), hole]).expect("area");
        let pieces = area.cut(&zones, &plane());
        assert!((pieces[0].area_m2 - area.area_m2(&plane())).abs() < 0.01);
        assert!(!area.contains(ring(&[[30, 30]])[0]) && area.contains(ring(&[[15, 15]])[0]));
    }
}
