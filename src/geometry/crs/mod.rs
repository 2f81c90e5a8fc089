//! Coordinate systems of planners' files: WGS 84 and VN-2000.

mod projection;

use crate::geometry::Bbox;
use crate::geometry::contains;
use crate::geometry::crs::projection::Zone;
use crate::words::sentence::Sentence;

/// The 3-degree zones of VN-2000 (k₀ 0.9999): EPSG code and central meridian in degrees.
/// Source: EPSG v11.022, areas of use.
pub const TM3_ZONES: &[(u32, f64)] = &[
    (5896, 102.0),
    (9205, 103.0),
    (9206, 104.0),
    (9207, 104.5),
    (9208, 104.75),
    (5897, 105.0),
    (9209, 105.5),
    (9210, 105.75),
    (9211, 106.0),
    (9212, 106.25),
    (9213, 106.5),
    (9214, 107.0),
    (9215, 107.25),
    (9216, 107.5),
    (5899, 107.75),
    (5898, 108.0),
    (9217, 108.25),
    (9218, 108.5),
];

/// Zones of VN-2000 in the 6-degree system (k₀ 0.9996): UTM 48N and 49N.
const UTM_ZONES: &[(u32, f64)] = &[(3405, 105.0), (3406, 111.0)];

/// Why coordinates cannot be read in a system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CrsError {
    /// Not one of the known systems.
    Unknown(String),
    /// A zone with the parameters of a VN-2000 zone, but on WGS 84.
    Datum {
        /// The system's name in the file.
        name: String,
        /// The VN-2000 zone of the same meridian and scale.
        zone: u32,
    },
    /// A zone with the parameters of a VN-2000 zone, on a datum that is neither VN-2000 nor WGS 84.
    OtherDatum {
        /// The system's name in the file.
        name: String,
        /// The datum's name.
        datum: String,
    },
    /// VN-2000 by name, but with parameters of no VN-2000 zone.
    Parameters {
        /// The system's name in the file.
        name: String,
        /// Its parameters in words.
        found: Box<Sentence>,
    },
    /// A table in degrees that names VN-2000; the words that name it.
    Doubt(String),
    /// A point cannot be transformed.
    Point(String),
}

impl std::error::Error for CrsError {}

impl std::fmt::Display for CrsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.said().fmt(f)?;
        // The sender chose this system, and can choose another one from the list.
        if let Self::Datum { .. } = self { write!(f, "; các hệ dùng được (known): {}", known()) } else { Ok(()) }
    }
}

impl CrsError {
    /// What is wrong, and what to say instead.
    pub fn said(&self) -> Sentence {
        match self {
            Self::Unknown(name) => sentence!("crs-unknown", name, known = known()),
            Self::Datum { name, zone } => sentence!("crs-datum", name, zone),
            Self::OtherDatum { name, datum } => sentence!("crs-other-datum", name, datum),
            Self::Parameters { name, found } => sentence!("crs-parameters", name, found),
            Self::Doubt(found) => sentence!("crs-doubt", found),
            Self::Point(place) => sentence!("crs-point", place),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum System {
    Wgs84,
    Vn2000,
    Projected(Zone),
}

/// A coordinate system by its EPSG code; coordinates are easting, northing in metres or
/// longitude, latitude in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crs {
    /// EPSG code; 4326 stands for WGS 84 longitude, latitude.
    pub epsg: u32,
    system: System,
}

/// All codes that can be read, for an error message.
pub fn known() -> String {
    let zones = TM3_ZONES.iter().map(|(epsg, meridian)| format!("EPSG:{epsg} ({meridian}°)"));
    let others = ["EPSG:3405 (UTM 48N)", "EPSG:3406 (UTM 49N)", "EPSG:4756", "EPSG:4326"].map(String::from);
    zones.chain(others).collect::<Vec<_>>().join(", ")
}

fn system(epsg: u32) -> Option<System> {
    let zone = |zones: &[(u32, f64)], scale| {
        let (_, meridian) = zones.iter().find(|(code, _)| *code == epsg)?;
        Some(System::Projected(Zone { meridian: meridian.to_radians(), scale }))
    };
    match epsg {
        4326 => Some(System::Wgs84),
        4756 => Some(System::Vn2000),
        _ => zone(TM3_ZONES, 0.9999).or_else(|| zone(UTM_ZONES, 0.9996)),
    }
}

/// Checks that a code can be read. Errors: the code is unknown, or a UTM zone on WGS 84 (EPSG:32648, 32649).
pub fn known_code(code: u32) -> Result<u32, CrsError> {
    match code {
        32648 | 32649 => Err(CrsError::Datum { name: format!("WGS 84 / UTM zone {}N", code - 32600), zone: code - 32648 + 3405 }),
        _ if system(code).is_some() => Ok(code),
        _ => Err(CrsError::Unknown(format!("EPSG:{code}"))),
    }
}

/// EPSG code of the VN-2000 zone with this central meridian, in degrees, and this scale on it.
pub fn zone_of(meridian: f64, scale: f64) -> Option<u32> {
    let find = |zones: &[(u32, f64)]| zones.iter().find(|(_, degrees)| (degrees - meridian).abs() < 1e-6).map(|(epsg, _)| *epsg);
    if (scale - 0.9999).abs() < 1e-7 {
        find(TM3_ZONES)
    } else if (scale - 0.9996).abs() < 1e-7 {
        find(UTM_ZONES)
    } else {
        None
    }
}

impl Crs {
    /// The system with this EPSG code. Errors: the code is unknown.
    pub fn new(epsg: u32) -> Result<Self, CrsError> {
        let system = system(epsg).ok_or_else(|| CrsError::Unknown(format!("EPSG:{epsg}")))?;
        Ok(Self { epsg, system })
    }

    /// Reads the EPSG code of `EPSG:9208`, `9208`, `urn:ogc:def:crs:EPSG::9208`, `CRS84` and the like.
    pub fn code(text: &str) -> Result<u32, CrsError> {
        let last = text.rsplit([':', '/']).next().unwrap_or_default().trim();
        if last.eq_ignore_ascii_case("CRS84") {
            return Ok(4326);
        }
        let code = last.parse().map_err(|_| CrsError::Unknown(text.to_owned()))?;
        known_code(code).map_err(|error| if matches!(error, CrsError::Unknown(_)) { CrsError::Unknown(text.to_owned()) } else { error })
    }

    /// True when its coordinates are degrees.
    pub fn is_geographic(&self) -> bool {
        !matches!(self.system, System::Projected(_))
    }

    /// Longitude and latitude in degrees WGS 84 of a point of this system.
    pub fn to_wgs84(&self, x: f64, y: f64) -> Result<[f64; 2], CrsError> {
        let refused = || CrsError::Point(format!("{x}, {y}"));
        let geographic = match self.system {
            System::Wgs84 if x.is_finite() && y.is_finite() => return Ok([x, y]),
            System::Vn2000 if x.abs() <= 180.0 && y.abs() <= 90.0 => [x.to_radians(), y.to_radians()],
            System::Projected(zone) if (-1e6..=2e6).contains(&x) && (-1e7..=1e7).contains(&y) => zone.unproject(x, y),
            _ => return Err(refused()),
        };
        let [lon, lat] = crate::geometry::crs::projection::to_wgs84(geographic).map(f64::to_degrees);
        if lon.is_finite() && lat.is_finite() { Ok([lon, lat]) } else { Err(refused()) }
    }

    /// The point of this system at a longitude and latitude in degrees WGS 84.
    pub fn from_wgs84(&self, lon: f64, lat: f64) -> Result<[f64; 2], CrsError> {
        let refused = || CrsError::Point(format!("{lon}, {lat}"));
        if !(lon.abs() <= 180.0 && lat.abs() <= 90.0) {
            return Err(refused());
        }
        let local = || crate::geometry::crs::projection::from_wgs84([lon.to_radians(), lat.to_radians()]);
        let result = match self.system {
            System::Wgs84 => [lon, lat],
            System::Vn2000 => local().map(f64::to_degrees),
            System::Projected(zone) => {
                let [lon, lat] = local();
                zone.project(lon, lat)
            }
        };
        if result.iter().all(|value| value.is_finite()) { Ok(result) } else { Err(refused()) }
    }
}

/// The systems in which most of `sample` lies in the city's box, each with its share of points;
/// best first. The second member says whether the axes had to be swapped.
pub fn fitting(sample: &[[f64; 2]], city: &Bbox) -> Vec<(u32, bool, f64)> {
    let mut fits = Vec::new();
    let codes = TM3_ZONES.iter().map(|(epsg, _)| *epsg).chain([3405, 3406, 4326, 4756]);
    for epsg in codes {
        let Ok(crs) = Crs::new(epsg) else { continue };
        for swapped in [false, true] {
            let inside = sample.iter().filter(|point| {
                let [x, y] = if swapped { [point[1], point[0]] } else { **point };
                crs.to_wgs84(x, y).is_ok_and(|[lon, lat]| contains(city, lon, lat))
            });
            let share = inside.count() as f64 / sample.len().max(1) as f64;
            if share >= 0.5 {
                fits.push((epsg, swapped, share));
            }
        }
    }
    fits.sort_by(|a, b| b.2.total_cmp(&a.2));
    fits
}

#[cfg(test)]
mod tests {
    use super::*;

    /// EPSG, easting, northing, longitude, latitude; made with PROJ 9.5.1, operation EPSG:6960.
    const CHECK_POINTS: &str = include_str!("../../../tests/data/vn2000_checkpoints.csv");

    #[test]
    fn the_13_check_points_agree_within_2_mm() {
        let mut count = 0;
        for record in csv::Reader::from_reader(CHECK_POINTS.as_bytes()).records() {
            let record = record.expect("row");
            let number = |i: usize| record[i].parse::<f64>().expect("number");
            let crs = Crs::new(record[1].parse().expect("code")).expect("known system");
            let [lon, lat] = crs.to_wgs84(number(2), number(3)).expect("transforms");
            let metres = ((lon - number(4)) * 103_000.0).hypot((lat - number(5)) * 111_000.0);
            assert!(metres < 0.002, "{}: {metres} m off", &record[0]);
            let [x, y] = crs.from_wgs84(number(4), number(5)).expect("transforms");
            assert!((x - number(2)).hypot(y - number(3)) < 0.002, "{}: inverse", &record[0]);
            count += 1;
        }
        assert_eq!(count, 13);
    }

    /// proj4rs, a port of PROJ.4, is the witness over the whole country.
    #[test]
    fn another_implementation_agrees_within_2_mm_everywhere() {
        use proj4rs::{Proj, transform::transform};
        let shift = "+ellps=WGS84 +towgs84=-191.90441429,-39.30318279,-111.45032835,0.00928836,-0.01975479,0.00427372,0.252906278";
        let wgs84 = Proj::from_proj_string("+proj=longlat +datum=WGS84 +no_defs").expect("wgs84");
        for (epsg, meridian) in TM3_ZONES {
            let text = format!("+proj=tmerc +lat_0=0 +lon_0={meridian} +k=0.9999 +x_0=500000 +y_0=0 {shift} +units=m +no_defs");
            let (witness, ours) = (Proj::from_proj_string(&text).expect("zone"), Crs::new(*epsg).expect("known"));
            for (x, y) in [(420_000.0, 950_000.0), (500_000.0, 1_500_000.0), (560_000.0, 2_400_000.0), (610_000.0, 2_550_000.0)] {
                let mut point = (x, y, 0.0);
                transform(&witness, &wgs84, &mut point).expect("transforms");
                let [lon, lat] = ours.to_wgs84(x, y).expect("transforms");
                let metres = ((lon - point.0.to_degrees()) * 111_000.0).hypot((lat - point.1.to_degrees()) * 111_000.0);
                assert!(metres < 0.002, "EPSG:{epsg} {x}, {y}: {metres} m");
            }
        }
    }

    #[test]
    fn a_wrong_zone_and_swapped_axes_are_seen_against_the_box() {
        let city = [104.815, 21.646, 104.961, 21.798];
        assert_eq!(fitting(&[[512_650.0, 2_401_150.0]], &city).first().map(|f| (f.0, f.1)), Some((9208, false)));
        assert_eq!(fitting(&[[2_401_150.0, 512_650.0]], &city).first().map(|f| (f.0, f.1)), Some((9208, true)));
    }

    #[test]
    fn an_unknown_system_is_refused_with_the_list_of_known_ones() {
        let error = Crs::code("EPSG:32648").expect_err("unknown").to_string();
        assert!(error.contains("EPSG:9208"), "{error}");
        assert_eq!(Crs::code("urn:ogc:def:crs:EPSG::9208"), Ok(9208));
        assert_eq!(Crs::code("urn:ogc:def:crs:OGC:1.3:CRS84"), Ok(4326));
    }
}
