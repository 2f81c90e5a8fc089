//! Coordinate systems of planners' files: WGS 84 and VN-2000.

use proj4rs::Proj;
use proj4rs::transform::transform;

use crate::domain::geometry::{Bbox, contains};

/// The 3-degree zones of VN-2000 (k₀ 0.9999): EPSG code and central meridian in degrees.
/// Source: EPSG v11.022, areas of use.
const TM3_ZONES: &[(u32, f64)] = &[
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

/// The official shift from VN-2000 to WGS 84 (Decision 05/2007/QĐ-BTNMT; the same numbers as
/// EPSG:6960) as position-vector parameters: the rotations' signs are those of PROJ, the opposite
/// of the decision's coordinate-frame rotations.
const TO_WGS84: &str = "-191.90441429,-39.30318279,-111.45032835,0.00928836,-0.01975479,0.00427372,0.252906278";

/// Why coordinates cannot be read in a system.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CrsError {
    /// Not one of the known systems.
    #[error("không biết hệ tọa độ {0} (unknown coordinate system); các hệ dùng được (known): {list}", list = known())]
    Unknown(String),
    /// A point cannot be transformed.
    #[error("không chuyển được tọa độ ({0}) (the coordinates cannot be transformed)")]
    Point(String),
}

/// A coordinate system by its EPSG code; coordinates are easting, northing in metres or
/// longitude, latitude in degrees.
pub struct Crs {
    /// EPSG code; 4326 stands for WGS 84 longitude, latitude.
    pub epsg: u32,
    system: Proj,
    wgs84: Proj,
}

impl std::fmt::Debug for Crs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EPSG:{}", self.epsg)
    }
}

/// All codes that can be read, for an error message.
fn known() -> String {
    let zones = TM3_ZONES.iter().map(|(epsg, meridian)| format!("EPSG:{epsg} ({meridian}°)"));
    let others = ["EPSG:3405 (UTM 48N)", "EPSG:3406 (UTM 49N)", "EPSG:4756", "EPSG:4326"].map(String::from);
    zones.chain(others).collect::<Vec<_>>().join(", ")
}

fn definition(epsg: u32) -> Option<String> {
    let projected = |meridian: f64, k: f64| {
        format!("+proj=tmerc +lat_0=0 +lon_0={meridian} +k={k} +x_0=500000 +y_0=0 +ellps=WGS84 +towgs84={TO_WGS84} +units=m +no_defs")
    };
    match epsg {
        4326 => Some("+proj=longlat +datum=WGS84 +no_defs".into()),
        4756 => Some(format!("+proj=longlat +ellps=WGS84 +towgs84={TO_WGS84} +no_defs")),
        3405 => Some(projected(105.0, 0.9996)),
        3406 => Some(projected(111.0, 0.9996)),
        _ => TM3_ZONES.iter().find(|(code, _)| *code == epsg).map(|(_, meridian)| projected(*meridian, 0.9999)),
    }
}

impl Crs {
    /// The system of that EPSG code.
    pub fn new(epsg: u32) -> Result<Self, CrsError> {
        let unknown = || CrsError::Unknown(format!("EPSG:{epsg}"));
        let system = Proj::from_proj_string(&definition(epsg).ok_or_else(unknown)?).map_err(|_| unknown())?;
        let wgs84 = Proj::from_proj_string("+proj=longlat +datum=WGS84 +no_defs").map_err(|_| unknown())?;
        Ok(Self { epsg, system, wgs84 })
    }

    /// Reads `EPSG:9208`, `9208`, `urn:ogc:def:crs:EPSG::9208`, `CRS84` and the like.
    pub fn code(text: &str) -> Result<u32, CrsError> {
        let last = text.rsplit([':', '/']).next().unwrap_or_default().trim();
        if last.eq_ignore_ascii_case("CRS84") {
            return Ok(4326);
        }
        let code = last.parse().map_err(|_| CrsError::Unknown(text.to_owned()))?;
        if definition(code).is_some() { Ok(code) } else { Err(CrsError::Unknown(text.to_owned())) }
    }

    /// True when its coordinates are degrees.
    pub fn is_geographic(&self) -> bool {
        matches!(self.epsg, 4326 | 4756)
    }

    /// Longitude and latitude in degrees WGS 84 of a point of this system.
    pub fn to_wgs84(&self, x: f64, y: f64) -> Result<[f64; 2], CrsError> {
        if self.epsg == 4326 {
            return Ok([x, y]);
        }
        let start = if self.is_geographic() { (x.to_radians(), y.to_radians(), 0.0) } else { (x, y, 0.0) };
        let mut point = start;
        transform(&self.system, &self.wgs84, &mut point).map_err(|_| CrsError::Point(format!("{x}, {y}")))?;
        let result = [point.0.to_degrees(), point.1.to_degrees()];
        if result.iter().all(|value| value.is_finite()) { Ok(result) } else { Err(CrsError::Point(format!("{x}, {y}"))) }
    }

    /// The point of this system at a longitude and latitude in degrees WGS 84.
    pub fn from_wgs84(&self, lon: f64, lat: f64) -> Result<[f64; 2], CrsError> {
        if self.epsg == 4326 {
            return Ok([lon, lat]);
        }
        let mut point = (lon.to_radians(), lat.to_radians(), 0.0);
        transform(&self.wgs84, &self.system, &mut point).map_err(|_| CrsError::Point(format!("{lon}, {lat}")))?;
        let result = if self.is_geographic() { [point.0.to_degrees(), point.1.to_degrees()] } else { [point.0, point.1] };
        if result.iter().all(|value| value.is_finite()) { Ok(result) } else { Err(CrsError::Point(format!("{lon}, {lat}"))) }
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
            if share > 0.5 {
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
    const CHECK_POINTS: &str = include_str!("../../tests/data/vn2000_checkpoints.csv");

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
