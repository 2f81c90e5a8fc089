//! Coordinate systems of answers and boxes (OGC 18-058r1): names, order of axes, and the official transform.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::super::errors::HttpError;
use crate::domain::city::City;
use crate::geometry::Bbox;
use crate::geometry::crs::Crs;

/// Longitude, latitude on WGS 84 in degrees, as GeoJSON has them.
pub const CRS84: &str = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";
const EPSG: &str = "http://www.opengis.net/def/crs/EPSG/0/";
/// Radius of the sphere of web Mercator, metres.
const RADIUS: f64 = 6_378_137.0;
/// Points along each side of a box that a projection bends.
const STEPS: u32 = 16;

/// A coordinate system that a client can ask for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum System {
    /// Longitude, latitude in degrees.
    Crs84,
    /// EPSG:4326: latitude, longitude in degrees.
    LatLon,
    /// EPSG:3857: easting, northing in metres.
    Mercator,
    /// A VN-2000 zone: easting, northing in metres.
    Zone(Crs),
}

/// EPSG codes in which a city's collections are offered, besides CRS84.
fn codes(city: &City) -> Vec<u32> {
    let mut codes = vec![4326, 3857, 9208, 3405];
    for code in std::iter::once(city.default_crs).chain(city.zones.iter().copied()) {
        if !codes.contains(&code) && Crs::new(code).is_ok_and(|crs| !crs.is_geographic()) {
            codes.push(code);
        }
    }
    codes
}

/// Addresses of all systems in which a city's collections are offered, CRS84 first.
pub fn all(city: &City) -> Vec<String> {
    let named = codes(city).into_iter().map(|code| format!("{EPSG}{code}"));
    std::iter::once(CRS84.to_owned()).chain(named).collect()
}

impl System {
    /// Finds a system by its address, by `EPSG:9208`, by a safe CURIE or by a URN.
    pub fn named(parameter: &str, text: &str, city: &City) -> Result<Self, HttpError> {
        let plain = text.trim().trim_start_matches('[').trim_end_matches(']');
        if plain == CRS84 || plain == "OGC:CRS84" || plain == "CRS84" || plain.eq_ignore_ascii_case("urn:ogc:def:crs:OGC:1.3:CRS84") {
            return Ok(Self::Crs84);
        }
        let code = [EPSG, "https://www.opengis.net/def/crs/EPSG/0/", "EPSG:", "urn:ogc:def:crs:EPSG::"]
            .iter()
            .find_map(|start| plain.strip_prefix(start)?.parse::<u32>().ok())
            .filter(|code| codes(city).contains(code));
        match code {
            Some(4326) => Ok(Self::LatLon),
            Some(3857) => Ok(Self::Mercator),
            Some(code) => Crs::new(code).map(Self::Zone).map_err(|error| HttpError::BadRequest(error.to_string())),
            None => Err(HttpError::Parameter(sentence!("coordinate-system-known", parameter, text, city = all(city).join(", ")))),
        }
    }

    /// The address of the system.
    pub fn uri(self) -> Cow<'static, str> {
        match self {
            Self::Crs84 => CRS84.into(),
            Self::LatLon => format!("{EPSG}4326").into(),
            Self::Mercator => format!("{EPSG}3857").into(),
            Self::Zone(crs) => format!("{EPSG}{}", crs.epsg).into(),
        }
    }

    /// Converts a position of this system to longitude and latitude in degrees.
    pub fn to_degrees(self, [x, y]: [f64; 2]) -> Option<[f64; 2]> {
        let degrees = match self {
            Self::Crs84 => [x, y],
            Self::LatLon => [y, x],
            Self::Mercator => [(x / RADIUS).to_degrees(), (2.0 * (y / RADIUS).exp().atan() - std::f64::consts::FRAC_PI_2).to_degrees()],
            Self::Zone(crs) => return crs.to_wgs84(x, y).ok(),
        };
        (degrees[0].abs() <= 360.0 && degrees[1].abs() <= 90.0).then_some(degrees)
    }

    fn push(self, out: &mut String, lon: &str, lat: &str) {
        // Writing to memory cannot fail. A position that a zone cannot show, such as the other side of the
        // earth, is written as null.
        let place = |lon: &str, lat: &str| Some([lon.parse::<f64>().ok()?, lat.parse::<f64>().ok()?]);
        let metres = match self {
            Self::Crs84 => {
                let _ = write!(out, "{lon},{lat}");
                return;
            }
            Self::LatLon => {
                let _ = write!(out, "{lat},{lon}");
                return;
            }
            Self::Mercator => place(lon, lat).map(|[lon, lat]| {
                let lat = lat.clamp(-85.06, 85.06).to_radians();
                [RADIUS * lon.to_radians(), RADIUS * (std::f64::consts::FRAC_PI_4 + lat / 2.0).tan().ln()]
            }),
            Self::Zone(crs) => place(lon, lat).and_then(|[lon, lat]| crs.from_wgs84(lon, lat).ok()),
        };
        match metres {
            Some([x, y]) => {
                let _ = write!(out, "{x:.3},{y:.3}");
            }
            None => out.push_str("null,null"),
        }
    }

    /// Appends the text of a canonical geometry with its positions in this system; metres are written to
    /// the millimetre.
    pub fn push_geometry(self, out: &mut Vec<u8>, geometry: &str) {
        let Some(start) = geometry.find('[').filter(|_| self != Self::Crs84) else {
            out.extend_from_slice(geometry.as_bytes());
            return;
        };
        let mut text = String::with_capacity(geometry.len());
        text.push_str(&geometry[..start]);
        let mut rest = &geometry[start..];
        while let Some(at) = rest.find(|c: char| c.is_ascii_digit() || c == '-') {
            text.push_str(&rest[..at]);
            rest = &rest[at..];
            let end = rest.find(']').unwrap_or(rest.len());
            let (lon, lat) = rest[..end].split_once(',').unwrap_or((&rest[..end], ""));
            self.push(&mut text, lon, lat);
            rest = &rest[end..];
        }
        text.push_str(rest);
        out.extend_from_slice(text.as_bytes());
    }
}

/// The area that a client asks for, in degrees.
#[derive(Debug, Clone, PartialEq)]
pub struct Area {
    /// The box around the area. If it crosses the antimeridian, its west is greater than its east.
    pub bbox: Bbox,
    /// The shape on the globe, if the box was given in a projected system whose sides are bent there.
    pub bent: Option<Box<geo::Polygon<f64>>>,
}

impl Area {
    /// Reads four numbers in the system's order of axes, or six with heights, which are ignored.
    pub fn read(parameter: &str, text: &str, system: System) -> Result<Self, HttpError> {
        let wrong = || HttpError::Parameter(sentence!("bbox-numbers", parameter));
        let numbers: Option<Vec<f64>> = text.split(',').map(|part| part.trim().parse().ok().filter(|n: &f64| n.is_finite())).collect();
        let ([a, b, c, d] | [a, b, _, c, d, _]) = *numbers.ok_or_else(wrong)? else { return Err(wrong()) };
        let bbox = match system {
            System::Crs84 => [a, b, c, d],
            System::LatLon => [b, a, d, c],
            System::Mercator | System::Zone(_) if a > c || b > d => return Err(wrong()),
            System::Mercator => {
                let (low, high) = (system.to_degrees([a, b]).ok_or_else(wrong)?, system.to_degrees([c, d]).ok_or_else(wrong)?);
                [low[0], low[1], high[0], high[1]]
            }
            // A client that is zoomed out may ask for more than a zone can show.
            System::Zone(_) => {
                let east = |x: f64| x.clamp(-500_000.0, 1_500_000.0);
                let north = |y: f64| y.clamp(-1_000_000.0, 4_000_000.0);
                return Self::bent(system, [east(a), north(b), east(c), north(d)]).ok_or_else(wrong);
            }
        };
        let fits = bbox[1] <= bbox[3] && bbox[0].abs() <= 360.0 && bbox[2].abs() <= 360.0 && bbox[1] >= -90.0 && bbox[3] <= 90.0;
        if fits { Ok(Self { bbox, bent: None }) } else { Err(wrong()) }
    }

    fn bent(system: System, [a, b, c, d]: [f64; 4]) -> Option<Self> {
        let corners = [[a, b], [c, b], [c, d], [a, d], [a, b]];
        let mut ring: Vec<geo::Coord> = Vec::new();
        for pair in corners.windows(2) {
            for step in 0..STEPS {
                let t = f64::from(step) / f64::from(STEPS);
                let [x, y] = system.to_degrees([pair[0][0] + (pair[1][0] - pair[0][0]) * t, pair[0][1] + (pair[1][1] - pair[0][1]) * t])?;
                ring.push(geo::Coord { x, y });
            }
        }
        let polygon = geo::Polygon::new(geo::LineString(ring), Vec::new());
        let rect = geo::BoundingRect::bounding_rect(&polygon)?;
        Some(Self { bbox: [rect.min().x, rect.min().y, rect.max().x, rect.max().y], bent: Some(Box::new(polygon)) })
    }
}
