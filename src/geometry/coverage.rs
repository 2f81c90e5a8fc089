//! How a plan's zones lie beside each other: overlaps and gaps, found and measured.
//!
//! Neighbours that share exactly the same border segments, each running it the other way, need no
//! overlay (JTS's coverage validation does the same): their segments cancel out as they come. What
//! is left is a chain of directed segments that winds around every point of the plane as often as zones
//! cover it. Points that it winds around at least once belong to the plan, whose holes are gaps. At points
//! that it winds around at least twice, zones overlap. Cost: one hash operation a segment, and n·log n for
//! the segments that do not cancel.

use std::collections::BTreeMap;

use geo::{Area, Centroid, InteriorPoint};
use geo_index::rtree::sort::HilbertSort;
use geo_index::rtree::{RTree, RTreeBuilder, RTreeIndex};
use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay::{IntOverlayOptions, Overlay, ShapeType};
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::core::solver::Solver;
use i_overlay::i_float::int::point::IntPoint;
use i_overlay::i_shape::int::shape::{IntContour, IntShape};

use crate::geometry::borders::{Borders, rings};
use crate::geometry::crs::Crs;
use crate::geometry::encloses;
use crate::geometry::grid::Grid;
use crate::geometry::rings::area_m2;
use crate::geometry::rings::{Vertex, VertexRing};
use crate::geometry::simple::{Geometry, Position};

/// An overlap or gap narrower than this, in metres, comes from rounding to 10⁻⁷ degrees.
const ROUNDING_METRES: f64 = 0.015;
/// Two borders that face each other farther apart than this, in metres, are apart on purpose.
const FACING_METRES: f64 = 1.0;
/// Most regions of one kind that are examined.
const MOST_REGIONS: usize = 20_000;

/// Longitude (upper 32 bits) and latitude (lower 32 bits) in 10⁻⁷ degrees, both shifted to be positive.
type Point = u64;

/// Longitude and latitude in 10⁻⁷ degrees as one number.
pub fn point([lon, lat]: [i64; 2]) -> Point {
    let part = |value: i64, least: i64| (value - least).clamp(0, i64::from(u32::MAX)) as u64;
    part(lon, -1_800_000_000) << 32 | part(lat, -900_000_000)
}

fn lonlat(point: Point) -> [i64; 2] {
    [(point >> 32) as i64 - 1_800_000_000, (point & 0xffff_ffff) as i64 - 900_000_000]
}

/// A border's segments, in the direction that has the zone on its left.
pub fn segments(parts: &[Vec<VertexRing>]) -> Vec<(Point, Point)> {
    let count = parts.iter().flatten().map(Vec::len).sum();
    let mut segments = Vec::with_capacity(count);
    for ring in parts.iter().flatten() {
        let Some(last) = ring.last() else { continue };
        let mut from = point(last.lonlat);
        for vertex in ring {
            let to = point(vertex.lonlat);
            segments.push((from, to));
            from = to;
        }
    }
    segments
}

/// What is wrong between zones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The zones lie over each other.
    Overlap,
    /// Land between the zones belongs to none of them.
    Gap,
}

/// A place where zones do not fit together.
#[derive(Debug, Clone, PartialEq)]
pub struct Misfit {
    /// Overlap or gap.
    pub kind: Kind,
    /// Numbers of the zones in the set; for a gap, those around it.
    pub zones: Vec<u32>,
    /// Area in square metres.
    pub area_m2: f64,
    /// Longitude and latitude in degrees of a point in its largest piece.
    pub at: [f64; 2],
    /// Number of pieces.
    pub pieces: usize,
}

/// All misfits, and how many were too narrow to be more than rounding.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Misfits {
    /// Largest first.
    pub list: Vec<Misfit>,
    /// Number of overlaps and gaps that rounding explains.
    pub rounding: usize,
    /// True when there were more regions than are examined.
    pub more: bool,
}

/// The borders of zones, which are added one by one.
#[derive(Debug, Default)]
pub struct Coverage {
    borders: Borders<Point, u32>,
}

impl Coverage {
    /// Adds the border of a zone.
    pub fn add(&mut self, zone: u32, segments: &[(Point, Point)]) {
        segments.iter().for_each(|(from, to)| self.borders.add(*from, *to, zone));
    }

    /// Finds what does not fit. `boxes` are the zones' boxes in 10⁻⁷ degrees, `geometry` gives their shapes,
    /// `plane` is the system in which areas are measured.
    pub fn misfits(self, boxes: &[[i64; 4]], geometry: &dyn Fn(u32) -> Option<Geometry>, plane: &Crs) -> Misfits {
        let rest = self.borders.rest();
        let mut found = Misfits::default();
        let Some(grid) = grid_around(&rest) else { return found };
        let contours: Vec<IntContour> =
            rings(&rest).into_iter().map(|ring| ring.into_iter().map(|p| grid.whole(lonlat(p))).collect()).collect();
        let union = overlay(&contours, &[]);
        let survey = Survey { rest: &rest, tree: index(&rest), grid: &grid, plane };
        let mut sums: BTreeMap<(Kind, Vec<u32>), Misfit> = BTreeMap::new();
        // Subtract the plan's outline once. From its hull this leaves the gaps; from the whole chain it leaves
        // what is covered more than once.
        let outers: Vec<IntContour> = union.iter().filter_map(|shape| shape.first().cloned()).collect();
        let hull: Vec<IntContour> = overlay(&outers, &[]).into_iter().flatten().collect();
        let outline: Vec<IntContour> = union.into_iter().flatten().map(|ring| ring.into_iter().rev().collect()).collect();
        let gaps = overlay(&hull, &outline);
        survey.take(Kind::Gap, gaps.into_iter(), &mut found, &mut sums, &|region| survey.around(region));
        let overlaps = overlay(&contours, &outline);
        let zones = Zones::new(boxes, geometry);
        survey.take(Kind::Overlap, overlaps.into_iter(), &mut found, &mut sums, &|region| zones.at(survey.inner(region)));
        survey.facing(&mut sums);
        found.list = sums.into_values().collect();
        found.list.sort_by(|a, b| a.kind.cmp(&b.kind).then(b.area_m2.total_cmp(&a.area_m2)).then(a.zones.cmp(&b.zones)));
        found
    }
}

/// Regions that `contours` and `less` together wind around at least once. The contours of `less` run backwards,
/// so they subtract.
fn overlay(contours: &[IntContour], less: &[IntContour]) -> Vec<IntShape> {
    let mut overlay = Overlay::new_custom(contours.iter().chain(less).map(Vec::len).sum(), IntOverlayOptions::ogc(), Solver::default());
    overlay.add_contours(contours, ShapeType::Subject);
    overlay.add_contours(less, ShapeType::Subject);
    overlay.overlay(OverlayRule::Subject, FillRule::Positive)
}

/// A grid around the edges; none without edges.
fn grid_around(rest: &[((Point, Point), u32)]) -> Option<Grid> {
    let points = || rest.iter().map(|((from, _), _)| lonlat(*from));
    let low = |k: usize| points().map(|p| p[k]).min();
    let high = |k: usize| points().map(|p| p[k]).max();
    Some(Grid::around([low(0)?, low(1)?, high(0)?, high(1)?]))
}

fn bounds(((from, to), _): &((Point, Point), u32)) -> [f64; 4] {
    let (a, b) = (lonlat(*from).map(|v| v as f64), lonlat(*to).map(|v| v as f64));
    [a[0].min(b[0]), a[1].min(b[1]), a[0].max(b[0]), a[1].max(b[1])]
}

fn index(rest: &[((Point, Point), u32)]) -> RTree<f64> {
    let mut builder = RTreeBuilder::<f64>::new(rest.len() as u32);
    for segment in rest {
        let [west, south, east, north] = bounds(segment);
        builder.add(west, south, east, north);
    }
    builder.finish::<HilbertSort>()
}

struct Survey<'a> {
    rest: &'a [((Point, Point), u32)],
    tree: RTree<f64>,
    grid: &'a Grid,
    plane: &'a Crs,
}

impl Survey<'_> {
    /// The region in the plane, in metres.
    fn polygon(&self, region: &IntShape) -> geo::Polygon {
        let mut rings = region.iter().map(|ring| {
            let place = |p: &IntPoint| {
                let [lon, lat] = self.grid.degrees(f64::from(p.x), f64::from(p.y));
                geo::Coord::from(self.plane.from_wgs84(lon, lat).unwrap_or_default())
            };
            ring.iter().map(place).collect::<geo::LineString>()
        });
        let outer = rings.next().unwrap_or_else(|| geo::LineString::new(Vec::new()));
        geo::Polygon::new(outer, rings.collect())
    }

    /// Longitude and latitude in degrees of a point inside the region.
    fn inner(&self, region: &IntShape) -> [f64; 2] {
        let mut rings =
            region.iter().map(|ring| ring.iter().map(|p| geo::Coord { x: f64::from(p.x), y: f64::from(p.y) }).collect::<geo::LineString>());
        let outer = rings.next().unwrap_or_else(|| geo::LineString::new(Vec::new()));
        let polygon = geo::Polygon::new(outer, rings.collect());
        let inner = polygon.interior_point().or_else(|| polygon.centroid());
        inner.map_or([0.0; 2], |p| self.grid.degrees(p.x(), p.y()))
    }

    fn take(
        &self,
        kind: Kind,
        regions: impl Iterator<Item = IntShape>,
        found: &mut Misfits,
        sums: &mut BTreeMap<(Kind, Vec<u32>), Misfit>,
        zones: &dyn Fn(&IntShape) -> Vec<u32>,
    ) {
        let mut measured: Vec<(f64, IntShape)> = Vec::new();
        for region in regions {
            let polygon = self.polygon(&region);
            let area = polygon.unsigned_area();
            let border: f64 =
                std::iter::once(polygon.exterior()).chain(polygon.interiors()).flat_map(geo::LineString::lines).map(length).sum();
            if 2.0 * area < ROUNDING_METRES * border {
                found.rounding += 1;
            } else {
                measured.push((area, region));
            }
        }
        measured.sort_by(|a, b| b.0.total_cmp(&a.0));
        found.more |= measured.len() > MOST_REGIONS;
        for (area_m2, region) in measured.into_iter().take(MOST_REGIONS) {
            let named = zones(&region);
            let misfit = sums.entry((kind, named.clone())).or_insert_with(|| Misfit {
                kind,
                zones: named,
                area_m2: 0.0,
                at: self.inner(&region),
                pieces: 0,
            });
            misfit.area_m2 += area_m2;
            misfit.pieces += 1;
        }
    }

    /// Zones whose borders run along the region's.
    fn around(&self, region: &IntShape) -> Vec<u32> {
        let mut zones: Vec<u32> = Vec::new();
        for p in region.iter().flatten().take(200) {
            let [lon, lat] = self.grid.degrees(f64::from(p.x), f64::from(p.y)).map(|v| v * 1e7);
            zones.extend(self.tree.search(lon - 2.0, lat - 2.0, lon + 2.0, lat + 2.0).into_iter().map(|i| self.rest[i as usize].1));
        }
        zones.sort_unstable();
        zones.dedup();
        zones
    }

    /// Adds the gaps that are open at an end: there the borders of two zones face each other closely.
    fn facing(&self, sums: &mut BTreeMap<(Kind, Vec<u32>), Misfit>) {
        let place = |p: Point| {
            let [lon, lat] = lonlat(p).map(|v| v as f64 / 1e7);
            self.plane.from_wgs84(lon, lat).unwrap_or_default()
        };
        // A degree is at most 111.7 km long.
        let reach = FACING_METRES / 111_700.0 * 1e7 * 1.2;
        let mut open: BTreeMap<Vec<u32>, (f64, f64, [f64; 2])> = BTreeMap::new();
        for (number, segment) in self.rest.iter().enumerate() {
            let ((from, to), zone) = *segment;
            let [west, south, east, north] = bounds(segment);
            let near = self.tree.search(west - reach, south - reach, east + reach, north + reach);
            let near = near.into_iter().map(|i| i as usize).filter(|i| *i > number && self.rest[*i].1 != zone);
            let (a, b) = (place(from), place(to));
            for other in near {
                let ((c, d), other_zone) = self.rest[other];
                if let Some((long, wide)) = facing(a, b, place(c), place(d)) {
                    let pair = vec![zone.min(other_zone), zone.max(other_zone)];
                    let middle = [0, 1].map(|k| (lonlat(from)[k] + lonlat(to)[k]) as f64 / 2e7);
                    let sum = open.entry(pair).or_insert((0.0, 0.0, middle));
                    sum.0 += long;
                    sum.1 += long * wide;
                }
            }
        }
        for (pair, (long, area_m2, at)) in open {
            let known = sums.keys().any(|(_, zones)| pair.iter().all(|zone| zones.contains(zone)));
            if !known && long > 2.0 * FACING_METRES && area_m2 > 0.1 {
                let misfit = Misfit { kind: Kind::Gap, zones: pair.clone(), area_m2, at, pieces: 1 };
                sums.insert((Kind::Gap, pair), misfit);
            }
        }
    }
}

/// A line's length. It needs only the square root, which all machines compute alike.
fn length(line: geo::Line) -> f64 {
    let (dx, dy) = (line.dx(), line.dy());
    (dx * dx + dy * dy).sqrt()
}

/// Length and mean width, in metres, of the strip between two segments that run in opposite directions with
/// the strip on the right of both. None where they do not face each other closely.
fn facing(a: [f64; 2], b: [f64; 2], c: [f64; 2], d: [f64; 2]) -> Option<(f64, f64)> {
    let sub = |p: [f64; 2], q: [f64; 2]| [p[0] - q[0], p[1] - q[1]];
    let dot = |p: [f64; 2], q: [f64; 2]| p[0] * q[0] + p[1] * q[1];
    let (u, v) = (sub(b, a), sub(d, c));
    let long = dot(u, u).sqrt();
    if long == 0.0 || dot(u, v) > -0.9 * long * dot(v, v).sqrt() {
        return None;
    }
    let along = [u[0] / long, u[1] / long];
    let right = [along[1], -along[0]];
    let (pc, pd) = (sub(c, a), sub(d, a));
    let (from, to) = (dot(pd, along).max(0.0), dot(pc, along).min(long));
    if to <= from {
        return None;
    }
    // The other segment's distance at the ends of the shared stretch.
    let (tc, td) = (dot(pc, along), dot(pd, along));
    let at = |t: f64| {
        let share = if (tc - td).abs() < 1e-9 { 0.0 } else { (t - td) / (tc - td) };
        dot(pd, right) + share * (dot(pc, right) - dot(pd, right))
    };
    let (first, second) = (at(from), at(to));
    let wide = f64::midpoint(first, second);
    (first >= -0.01 && second >= -0.01 && wide >= ROUNDING_METRES && first.max(second) <= FACING_METRES).then_some((to - from, wide))
}

/// Finds zones by place.
struct Zones<'a> {
    tree: Option<RTree<f64>>,
    geometry: &'a dyn Fn(u32) -> Option<Geometry>,
}

impl<'a> Zones<'a> {
    fn new(boxes: &[[i64; 4]], geometry: &'a dyn Fn(u32) -> Option<Geometry>) -> Self {
        let tree = (!boxes.is_empty()).then(|| {
            let mut builder = RTreeBuilder::<f64>::new(boxes.len() as u32);
            for b in boxes {
                builder.add(b[0] as f64, b[1] as f64, b[2] as f64, b[3] as f64);
            }
            builder.finish::<HilbertSort>()
        });
        Self { tree, geometry }
    }

    /// Numbers of the zones that cover a longitude and latitude in degrees.
    fn at(&self, [lon, lat]: [f64; 2]) -> Vec<u32> {
        let Some(tree) = &self.tree else { return Vec::new() };
        let (x, y) = (lon * 1e7, lat * 1e7);
        let mut found: Vec<u32> = tree.search(x, y, x, y).into_iter().filter(|zone| self.covers(*zone, [lon, lat])).collect();
        found.sort_unstable();
        found
    }

    fn covers(&self, zone: u32, [lon, lat]: [f64; 2]) -> bool {
        let inside = |ring: &Vec<Position>| {
            let mut inside = false;
            for pair in ring.windows(2) {
                let (Position(a), Position(b)) = (pair[0], pair[1]);
                if (a[1] > lat) != (b[1] > lat) && lon < (b[0] - a[0]) * (lat - a[1]) / (b[1] - a[1]) + a[0] {
                    inside = !inside;
                }
            }
            inside
        };
        let in_part = |rings: &Vec<Vec<Position>>| rings.iter().filter(|ring| inside(ring)).count() % 2 == 1;
        match (self.geometry)(zone) {
            Some(Geometry::Polygon(rings)) => in_part(&rings),
            Some(Geometry::MultiPolygon(parts)) => parts.iter().any(in_part),
            _ => false,
        }
    }
}

/// Areas in which zones should lie: a unit's boundary, prepared for many questions.
#[derive(Clone)]
pub struct Boundary {
    contours: Vec<Vec<[i64; 2]>>,
    tree: RTree<f64>,
}

impl serde::Serialize for Boundary {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.contours.serialize(serializer)
    }
}

impl<'de> serde::Deserialize<'de> for Boundary {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let contours = <Vec<Vec<[i64; 2]>> as serde::Deserialize>::deserialize(deserializer)?;
        let ring = |ring: &Vec<[i64; 2]>| ring.iter().map(|lonlat| Vertex { lonlat: *lonlat, plane: [0.0; 2] }).collect();
        Self::new(&[contours.iter().map(ring).collect()]).ok_or_else(|| serde::de::Error::custom("a boundary without borders"))
    }
}

impl Boundary {
    /// A boundary made of valid polygons; none where they have no borders.
    pub fn new(parts: &[Vec<VertexRing>]) -> Option<Self> {
        let contours: Vec<Vec<[i64; 2]>> = parts.iter().flatten().map(|ring| ring.iter().map(|vertex| vertex.lonlat).collect()).collect();
        let rest: Vec<_> = segments(parts).into_iter().map(|segment| (segment, 0)).collect();
        (!rest.is_empty()).then(|| Self { contours, tree: index(&rest) })
    }

    /// Square metres of a zone that lie outside the boundary; `bbox` is the zone's box in 10⁻⁷ degrees.
    pub fn outside(&self, parts: &[Vec<VertexRing>], bbox: &[i64; 4], plane: &Crs) -> f64 {
        let first = parts.iter().flatten().flatten().next().map(|vertex| vertex.lonlat).unwrap_or_default();
        let [west, south, east, north] = bbox.map(|v| v as f64);
        if self.tree.search(west, south, east, north).is_empty() {
            // The boundary does not come near, so the whole zone lies on one side of it.
            return if self.contains(first) { 0.0 } else { area_m2(parts) };
        }
        let zone: Vec<((Point, Point), u32)> = segments(parts).into_iter().map(|segment| (segment, 0)).collect();
        let around: Vec<((Point, Point), u32)> = self.contours.iter().flatten().map(|p| ((point(*p), point(*p)), 0)).chain(zone).collect();
        let Some(grid) = grid_around(&around) else { return 0.0 };
        let ring = |points: &mut dyn Iterator<Item = [i64; 2]>| -> IntContour { points.map(|p| grid.whole(p)).collect() };
        let subject: Vec<IntContour> = parts.iter().flatten().map(|r| ring(&mut r.iter().map(|vertex| vertex.lonlat))).collect();
        let clip: Vec<IntContour> = self.contours.iter().map(|r| ring(&mut r.iter().copied())).collect();
        let mut overlay = Overlay::new(subject.iter().chain(&clip).map(Vec::len).sum());
        overlay.add_contours(&subject, ShapeType::Subject);
        overlay.add_contours(&clip, ShapeType::Clip);
        let survey = Survey { rest: &[], tree: index(&around[..1]), grid: &grid, plane };
        let pieces = overlay.overlay(OverlayRule::Difference, FillRule::NonZero);
        pieces.iter().map(|piece| survey.polygon(piece).unsigned_area()).sum()
    }

    fn contains(&self, point: [i64; 2]) -> bool {
        self.contours.iter().filter(|ring| encloses(ring, point)).count() % 2 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::rings::Vertex;

    /// About a metre, in 10⁻⁷ degrees.
    const M: i64 = 100;

    fn zone(x: i64, y: i64, w: i64, h: i64) -> Vec<Vec<VertexRing>> {
        let (ox, oy) = (1_048_700_000, 217_000_000);
        let corner = |dx: i64, dy: i64| Vertex { lonlat: [ox + (x + dx) * M, oy + (y + dy) * M], plane: [0.0; 2] };
        vec![vec![vec![corner(0, 0), corner(w, 0), corner(w, h), corner(0, h)]]]
    }

    fn misfits(zones: &[Vec<Vec<VertexRing>>]) -> Misfits {
        let mut coverage = Coverage::default();
        let mut boxes = Vec::new();
        for (number, parts) in zones.iter().enumerate() {
            coverage.add(number as u32, &segments(parts));
            let points: Vec<[i64; 2]> = parts.iter().flatten().flatten().map(|v| v.lonlat).collect();
            let of = |k: usize| points.iter().map(move |p| p[k]);
            boxes.push([of(0).min(), of(1).min(), of(0).max(), of(1).max()].map(|v| v.expect("points")));
        }
        let geometry = |zone: u32| {
            let ring = |ring: &VertexRing| ring.iter().chain(ring.first()).map(|v| Position(v.lonlat.map(|c| c as f64 / 1e7))).collect();
            Some(Geometry::MultiPolygon(zones[zone as usize].iter().map(|rings| rings.iter().map(ring).collect()).collect()))
        };
        coverage.misfits(&boxes, &geometry, &Crs::new(9208).expect("known"))
    }

    fn summary(found: &Misfits) -> Vec<(Kind, Vec<u32>, i64)> {
        found.list.iter().map(|m| (m.kind, m.zones.clone(), m.area_m2.round() as i64)).collect()
    }

    fn only(found: &Misfits) -> (Kind, Vec<u32>, i64) {
        let mut list = summary(found);
        assert_eq!(list.len(), 1, "{found:?}");
        list.remove(0)
    }

    #[test]
    fn neighbours_that_share_their_border_fit() {
        let found = misfits(&[zone(0, 0, 10, 10), zone(10, 0, 10, 10), zone(0, 10, 10, 10), zone(10, 10, 10, 10)]);
        assert_eq!(found, Misfits::default());
    }

    #[test]
    fn a_border_with_more_points_on_one_side_fits_too() {
        let found = misfits(&[zone(0, 0, 20, 10), zone(0, 10, 10, 10), zone(10, 10, 10, 10)]);
        assert!(found.list.is_empty(), "{found:?}");
    }

    #[test]
    fn overlaps_are_measured_and_both_zones_are_named() {
        let found = misfits(&[zone(0, 0, 100, 100), zone(90, 0, 100, 100), zone(190, 0, 10, 100)]);
        let (kind, zones, area) = only(&found);
        assert_eq!((kind, zones), (Kind::Overlap, vec![0, 1]));
        // A ten-thousandth of a degree of longitude is 10.35 m here, one of latitude 11.07 m.
        assert!((area as f64 - 10.35 * 110.7).abs() < 12.0, "{area}");
    }

    #[test]
    fn a_zone_inside_another_and_a_zone_twice_overlap() {
        assert_eq!(summary(&misfits(&[zone(0, 0, 100, 100), zone(20, 20, 10, 10)]))[0].1, [0, 1]);
        assert_eq!(summary(&misfits(&[zone(0, 0, 100, 100), zone(0, 0, 100, 100)]))[0].1, [0, 1]);
    }

    #[test]
    fn an_enclosed_gap_is_measured_with_the_zones_around_it() {
        let ring = [zone(0, 0, 30, 10), zone(0, 20, 30, 10), zone(0, 10, 10, 10), zone(20, 10, 10, 10)];
        let found = misfits(&ring);
        let (kind, zones, area) = only(&found);
        assert_eq!((kind, zones), (Kind::Gap, vec![0, 1, 2, 3]));
        assert!((area - 115).abs() < 3, "{area}");
    }

    #[test]
    fn a_gap_that_is_open_at_both_ends_is_seen() {
        let mut shifted = zone(10, 0, 10, 50);
        shifted[0][0].iter_mut().for_each(|vertex| vertex.lonlat[0] += 40);
        let found = misfits(&[zone(0, 0, 10, 50), shifted]);
        assert_eq!(only(&found), (Kind::Gap, vec![0, 1], 23));
    }

    #[test]
    fn what_rounding_leaves_is_counted_and_not_reported() {
        let mut shifted = zone(10, 0, 10, 50);
        shifted[0][0][0].lonlat[0] += 1;
        let found = misfits(&[zone(0, 0, 10, 50), shifted]);
        assert!(found.list.is_empty(), "{found:?}");
    }

    #[test]
    fn the_part_outside_a_boundary_is_measured() {
        let boundary = Boundary::new(&zone(0, 0, 100, 100)).expect("boundary");
        let outside = |parts: &[Vec<VertexRing>]| {
            let points: Vec<[i64; 2]> = parts.iter().flatten().flatten().map(|v| v.lonlat).collect();
            let of = |k: usize| points.iter().map(move |p| p[k]);
            let bbox = [of(0).min(), of(1).min(), of(0).max(), of(1).max()].map(|v| v.expect("points"));
            boundary.outside(parts, &bbox, &Crs::new(9208).expect("known")).round() as i64
        };
        assert_eq!(outside(&zone(10, 10, 10, 10)), 0);
        assert!((outside(&zone(90, 0, 20, 10)) - 115).abs() < 3);
    }
}
