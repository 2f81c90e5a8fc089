//! What the lines of a plan say at a place: roads in whose right of way it lies, how far away the red line is, and corridors.
//!
//! Land lies in a right of way where it is no further from the centre line than half its width. A red line alone tells no
//! such area: nobody can know on which side of it the street lies.

use geo::buffer::{BufferStyle, LineCap};
use geo::{
    Area as _, BooleanOps, BoundingRect, Buffer, Contains, Coord, Distance, Euclidean, Intersects, LineString, MultiLineString,
    MultiPolygon, Point, Polygon,
};

use super::place::Place;
use crate::domain::plan::LineKind;
use crate::features::Features;
use crate::geometry::crs::Crs;
use crate::geometry::{Bbox, Ring};

/// Widest half of a right of way, and furthest red line that is told, metres.
const REACH_M: f64 = 100.0;
/// Metres in a degree of longitude at the latitudes of Viet Nam, at least.
const METRES_A_DEGREE: f64 = 100_000.0;
/// Smallest part of a parcel that counts, square metres.
const SLIVER_M2: f64 = 0.05;

/// A road in whose right of way a place lies.
#[derive(Debug, Clone, PartialEq)]
pub struct RoadHere {
    /// The line's number among those of the plan, from 1.
    pub number: u32,
    /// Its name.
    pub road: Option<String>,
    /// The width of its right of way, metres.
    pub width_m: f64,
    /// Area of the parcel inside it, square metres; none for a point.
    pub area_m2: Option<f64>,
    /// Share of the parcel inside it, percent; none for a point.
    pub share: Option<f64>,
}

/// What the lines of a plan say at a place.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Streets {
    /// Roads in whose right of way it lies: for a parcel the one that takes most first.
    pub roads: Vec<RoadHere>,
    /// Area of the parcel inside any right of way, square metres: where roads cross, land counts once.
    pub area_m2: Option<f64>,
    /// Distance to the nearest red line, metres, if it is no further than 100 m; 0 where it runs through the parcel.
    pub red_line_m: Option<f64>,
    /// Protection corridors that it lies in or that run through it, by name; none for a corridor without a name.
    pub corridors: Vec<Option<String>>,
}

impl Streets {
    /// True if they say nothing that takes land.
    pub fn are_silent(&self) -> bool {
        self.roads.is_empty() && self.corridors.is_empty()
    }
}

/// A box with the reach of lines around it.
pub(super) fn around([west, south, east, north]: Bbox) -> Bbox {
    let reach = REACH_M / METRES_A_DEGREE;
    [west - reach, south - reach, east + reach, north + reach]
}

/// A position in the plane, metres; none where the plane does not reach.
fn flat(plane: &Crs, at: [i64; 2]) -> Option<Coord> {
    let [x, y] = plane.from_wgs84(at[0] as f64 / 1e7, at[1] as f64 / 1e7).ok()?;
    Some(Coord { x, y })
}

/// The place in the plane.
enum Flat {
    Point(Point),
    Parcel(MultiPolygon),
}

impl Flat {
    fn of(place: &Place, plane: &Crs) -> Option<Self> {
        match place {
            Place::Point(at) => Some(Self::Point(Point(flat(plane, at.map(|degrees| (degrees * 1e7).round() as i64))?))),
            Place::Parcel(area, _) => {
                let ring = |ring: &Ring| ring.iter().chain(ring.first()).map(|at| flat(plane, *at)).collect::<Option<LineString>>();
                let rings = area.rings().iter().map(ring).collect::<Option<Vec<_>>>()?;
                // Holes and outer rings alike: what lies in an odd number of them is land of the parcel.
                let parts = rings.into_iter().map(|ring| MultiPolygon(vec![Polygon::new(ring, Vec::new())]));
                parts.reduce(|whole, ring| whole.xor(&ring)).map(Self::Parcel)
            }
        }
    }

    fn distance(&self, line: &MultiLineString) -> f64 {
        match self {
            Self::Point(point) => Euclidean.distance(point, line),
            Self::Parcel(parcel) => Euclidean.distance(parcel, line),
        }
    }

    /// True where the place lies in a closed line, or the line runs through it.
    fn is_touched(&self, line: &MultiLineString, width: Option<f64>) -> bool {
        if self.distance(line) <= width.map_or(0.0, |width| width / 2.0) {
            return true;
        }
        let closed = line.iter().filter(|part| part.is_closed() && part.0.len() > 3).map(|part| Polygon::new(part.clone(), Vec::new()));
        let closed: Vec<Polygon> = closed.collect();
        closed.iter().any(|ring| match self {
            Self::Point(point) => ring.contains(point),
            Self::Parcel(parcel) => ring.intersects(parcel),
        })
    }
}

/// The land within half the width of a centre line, cut to `near`, metres. It ends where the line ends.
fn right_of_way(line: &MultiLineString, width: f64) -> MultiPolygon {
    line.buffer_with_style(BufferStyle::new(width / 2.0).line_cap(LineCap::Butt))
}

/// What the lines of a plan say at a place. Areas and distances are measured in `plane`.
pub fn streets(lines: &Features, place: &Place, plane: &Crs) -> Streets {
    let mut found = Streets::default();
    let Some(here) = Flat::of(place, plane) else { return found };
    let whole = match (&here, place) {
        (Flat::Parcel(parcel), Place::Parcel(_, stated)) => stated.unwrap_or_else(|| parcel.unsigned_area()),
        _ => 0.0,
    };
    let mut taken: Option<MultiPolygon> = None;
    for index in lines.near(&around(place.bbox())) {
        let feature = &lines.list[index];
        let part = |line: Vec<[i64; 2]>| line.into_iter().map(|at| flat(plane, at)).collect::<Option<LineString>>();
        let Some(line) = lines.lines(feature).into_iter().map(part).collect::<Option<Vec<_>>>().map(MultiLineString) else { continue };
        let said = lines.parsed_properties(feature);
        let text = |name: &str| said.get(name).and_then(|value| Some(value.as_str()?.to_owned()));
        let width = said.get("right_of_way_m").and_then(serde_json::Value::as_f64).filter(|width| *width > 0.0);
        match text("line_kind").as_deref().and_then(LineKind::named) {
            Some(LineKind::Road) => {
                let Some(width_m) = width else { continue };
                if here.distance(&line) >= width_m / 2.0 {
                    continue;
                }
                let road = RoadHere { number: feature.number, road: text("road"), width_m, area_m2: None, share: None };
                let Flat::Parcel(parcel) = &here else {
                    found.roads.push(road);
                    continue;
                };
                let Some(line) = beside(&line, parcel, width_m) else { continue };
                let inside = right_of_way(&line, width_m).intersection(parcel);
                let area = inside.unsigned_area();
                if area >= SLIVER_M2 {
                    let share = if whole > 0.0 { (area / whole * 100.0).min(100.0) } else { 0.0 };
                    found.roads.push(RoadHere { area_m2: Some(area), share: Some(share), ..road });
                    taken = Some(taken.map_or_else(|| inside.clone(), |taken| taken.union(&inside)));
                }
            }
            Some(LineKind::RedLine) => {
                let distance = here.distance(&line);
                if distance <= REACH_M && found.red_line_m.is_none_or(|known| distance < known) {
                    found.red_line_m = Some(distance);
                }
            }
            Some(LineKind::Corridor) if here.is_touched(&line, width) => found.corridors.push(text("name")),
            _ => {}
        }
    }
    found.area_m2 = taken.map(|taken| taken.unsigned_area());
    found.roads.sort_by(|a, b| b.area_m2.unwrap_or(b.width_m).total_cmp(&a.area_m2.unwrap_or(a.width_m)).then(a.number.cmp(&b.number)));
    found.corridors.sort();
    found.corridors.dedup();
    found
}

/// The stretches of a line whose right of way may reach the parcel: a long road is not widened to its ends.
fn beside(line: &MultiLineString, parcel: &MultiPolygon, width: f64) -> Option<MultiLineString> {
    let rect = parcel.bounding_rect()?;
    // Two widths: where a stretch is cut off, its butt end lies beyond the parcel.
    let (reach, min, max) = (2.0 * width, rect.min(), rect.max());
    let is_near = |a: &Coord, b: &Coord| {
        a.x.min(b.x) <= max.x + reach && a.x.max(b.x) >= min.x - reach && a.y.min(b.y) <= max.y + reach && a.y.max(b.y) >= min.y - reach
    };
    let mut stretches = Vec::new();
    for part in line {
        let mut open: Vec<Coord> = Vec::new();
        for [a, b] in part.0.array_windows() {
            if is_near(a, b) {
                if open.is_empty() {
                    open.push(*a);
                }
                open.push(*b);
            } else if !open.is_empty() {
                stretches.push(LineString(std::mem::take(&mut open)));
            }
        }
        if !open.is_empty() {
            stretches.push(LineString(open));
        }
    }
    Some(MultiLineString(stretches))
}
