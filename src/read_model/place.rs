//! A place that a resident asks about.

use crate::geometry::area::Area;
use crate::geometry::{Bbox, Ring};

/// A place that a resident asks about.
pub enum Place {
    /// Longitude and latitude in degrees.
    Point([f64; 2]),
    /// A parcel, with its area in square metres from its own corners if they are given in metres.
    Parcel(Area, Option<f64>),
}

impl Place {
    pub(super) fn bbox(&self) -> Bbox {
        match self {
            Self::Point([lon, lat]) => [*lon, *lat, *lon, *lat],
            Self::Parcel(area, _) => area.bbox(),
        }
    }

    /// The rings of a parcel in 10⁻⁷ degrees; none for a point.
    pub fn outline(&self) -> Vec<Ring> {
        match self {
            Self::Point(_) => Vec::new(),
            Self::Parcel(area, _) => area.rings().to_vec(),
        }
    }

    /// A point that stands for the place: the point itself, or one inside the parcel. Longitude and latitude in
    /// degrees.
    pub fn point(&self) -> [f64; 2] {
        match self {
            Self::Point(at) => *at,
            Self::Parcel(area, _) => {
                use geo::InteriorPoint;
                let line = |ring: &Vec<[i64; 2]>| {
                    ring.iter()
                        .chain(ring.first())
                        .map(|p| geo::Coord { x: p[0] as f64 / 1e7, y: p[1] as f64 / 1e7 })
                        .collect::<geo::LineString>()
                };
                let mut rings = area.rings().iter().map(line);
                let outer = rings.next().unwrap_or_else(|| geo::LineString::new(Vec::new()));
                let inside = geo::Polygon::new(outer, rings.collect()).interior_point();
                let [west, south, east, north] = area.bbox();
                inside.map_or([f64::midpoint(west, east), f64::midpoint(south, north)], |point| [point.x(), point.y()])
            }
        }
    }
}
