//! What the lines of a plan say at a place: roads in whose right of way it lies, how far away the red line is, and corridors.
//!
//! Land lies in a right of way where it is no further from the centre line than half its width. A red line alone tells no
//! such area: nobody can know on which side of it the street lies.

use geo::buffer::{BufferStyle, LineCap};
use geo::{Area as _, BooleanOps, Buffer, Contains, Coord, Distance, Euclidean, LineString, MultiLineString, MultiPolygon, Point, Polygon};

use super::place::Place;
use crate::domain::plan::LineKind;
use crate::features::Features;
use crate::geometry::crs::Crs;
use crate::geometry::{Bbox, Ring, encloses, stretches};

/// Furthest red line that is told, and half of the widest right of way, metres.
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

/// A box with as far around it as lines reach.
pub(super) fn within_reach(bbox: Bbox) -> Bbox {
    around(bbox, REACH_M)
}

/// A box with at least so many metres around it.
fn around([west, south, east, north]: Bbox, metres: f64) -> Bbox {
    let reach = metres / METRES_A_DEGREE;
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
}

/// True where the place lies in a closed line.
fn is_enclosed(rings: &[Ring], place: &Place) -> bool {
    let closed = || rings.iter().filter(|ring| ring.len() > 3 && ring.first() == ring.last());
    let scaled = |at: [f64; 2]| at.map(|degrees| (degrees * 1e7).round() as i64);
    match place {
        Place::Point(at) => closed().any(|ring| encloses(ring, scaled(*at))),
        Place::Parcel(area, _) => closed().any(|ring| area.rings().iter().flatten().any(|corner| encloses(ring, *corner))),
    }
}

/// The stretches of a line near a box of degrees, in the plane: what lies further off is not worked on.
fn near(rings: &[Ring], bbox: Bbox, plane: &Crs) -> MultiLineString {
    let flat_line = |line: &[[i64; 2]]| line.iter().filter_map(|at| flat(plane, *at)).collect::<LineString>();
    MultiLineString(rings.iter().flat_map(|ring| stretches(ring, bbox)).map(flat_line).collect())
}

/// The land within half the width of a centre line, metres. It ends where the line ends.
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
    for index in lines.near(&within_reach(place.bbox())) {
        let feature = &lines.list[index];
        let kind = lines.text_property(feature, "line_kind").and_then(LineKind::named);
        if !matches!(kind, Some(LineKind::Road | LineKind::RedLine | LineKind::Corridor)) {
            continue;
        }
        let rings = lines.lines(feature);
        let said = lines.parsed_properties(feature);
        let text = |name: &str| said.get(name).and_then(|value| Some(value.as_str()?.to_owned()));
        let width = said.get("right_of_way_m").and_then(serde_json::Value::as_f64).filter(|width| *width > 0.0);
        // Two widths: where a stretch is cut off, its butt end lies beyond the place.
        let line = near(&rings, around(place.bbox(), REACH_M.max(2.0 * width.unwrap_or(0.0))), plane);
        match kind {
            Some(LineKind::Road) => {
                let Some(width_m) = width else { continue };
                // Most roads near a place are too far away to take of it.
                if line.0.is_empty() || here.distance(&line) > width_m / 2.0 {
                    continue;
                }
                let land = right_of_way(&line, width_m);
                let road = RoadHere { number: feature.number, road: text("road"), width_m, area_m2: None, share: None };
                match &here {
                    Flat::Point(point) if land.contains(point) => found.roads.push(road),
                    Flat::Point(_) => {}
                    Flat::Parcel(parcel) => {
                        let inside = land.intersection(parcel);
                        let area = inside.unsigned_area();
                        if area >= SLIVER_M2 {
                            let share = if whole > 0.0 { (area / whole * 100.0).min(100.0) } else { 0.0 };
                            found.roads.push(RoadHere { area_m2: Some(area), share: Some(share), ..road });
                            taken = Some(taken.map_or_else(|| inside.clone(), |taken| taken.union(&inside)));
                        }
                    }
                }
            }
            Some(LineKind::RedLine) if !line.0.is_empty() => {
                let distance = here.distance(&line);
                if distance <= REACH_M && found.red_line_m.is_none_or(|known| distance < known) {
                    found.red_line_m = Some(distance);
                }
            }
            Some(LineKind::Corridor) => {
                let is_touched = !line.0.is_empty() && here.distance(&line) <= width.map_or(0.0, |width| width / 2.0);
                if is_touched || is_enclosed(&rings, place) {
                    found.corridors.push(text("name"));
                }
            }
            _ => {}
        }
    }
    found.area_m2 = taken.map(|taken| taken.unsigned_area());
    found.roads.sort_by(|a, b| b.area_m2.unwrap_or(b.width_m).total_cmp(&a.area_m2.unwrap_or(a.width_m)).then(a.number.cmp(&b.number)));
    found.corridors.sort();
    found.corridors.dedup();
    found
}
