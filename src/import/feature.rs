//! A feature as it stands in a file, whatever the format.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::geometry::simple::{Geometry, Position, Rings};
use crate::words::sentence::Sentence;
use crate::words::text::Lang;

/// Why a feature has no geometry that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GeometryError {
    /// The feature has no geometry.
    #[error("no geometry")]
    Missing,
    /// The geometry cannot be used; the sentences say why.
    #[error("{}", .0.text(Lang::En))]
    Unreadable(Sentence),
}

impl GeometryError {
    /// A geometry that cannot be used, with the reason in Vietnamese and English.
    pub fn unreadable(said: Sentence) -> Self {
        Self::Unreadable(said)
    }

    /// A geometry with more points than a feature may have.
    pub fn too_many_points(points: usize, most: usize) -> Self {
        Self::unreadable(sentence!("points-more-than", points, most))
    }

    /// A geometry of another kind, by its name in the format.
    pub fn other_kind(kind: impl std::fmt::Display) -> Self {
        let kind = kind.to_string();
        let advice = if kind == "Track" {
            sentence!("advice-track")
        } else if kind.eq_ignore_ascii_case("multipoint") {
            sentence!("advice-multipoint")
        } else if kind.contains("ine") {
            sentence!("advice-lines")
        } else if matches!(kind.as_str(), "PolyhedralSurface" | "TIN" | "Triangle" | "MultiPatch") {
            sentence!("advice-surface")
        } else if kind.contains("urve") || kind.contains("urface") || kind == "CircularString" {
            sentence!("advice-arcs")
        } else {
            Sentence::none()
        };
        Self::unreadable(sentence!("geometry-of-other-kind", kind, advice))
    }
}

/// One polygon or a multi-polygon, by the number of parts. Errors: there are none.
pub fn of_parts(mut parts: Vec<Rings>) -> Result<Geometry, GeometryError> {
    match parts.len() {
        0 => Err(GeometryError::Missing),
        1 => Ok(Geometry::Polygon(parts.remove(0))),
        _ => Ok(Geometry::MultiPolygon(parts)),
    }
}

/// One line or several, by their number. Lines of fewer than two positions are left out. Errors: none is left.
pub fn of_lines(mut lines: Vec<Vec<Position>>) -> Result<Geometry, GeometryError> {
    lines.retain(|line| line.len() > 1);
    match lines.len() {
        0 => Err(GeometryError::Missing),
        1 => Ok(Geometry::LineString(lines.remove(0))),
        _ => Ok(Geometry::MultiLineString(lines)),
    }
}

/// A kind of geometry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Areas. What has no shape that can be read counts as one, so that it is reported.
    Areas,
    /// Lines.
    Lines,
    /// Points.
    Points,
}

impl Kind {
    /// The kind of a feature.
    pub fn of(feature: &Feature) -> Self {
        match feature.geometry {
            Ok(Geometry::Point(_)) => Self::Points,
            Ok(Geometry::LineString(_) | Geometry::MultiLineString(_)) => Self::Lines,
            Ok(Geometry::Polygon(_) | Geometry::MultiPolygon(_)) | Err(_) => Self::Areas,
        }
    }
}

/// A feature as the file has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    /// Its attributes by column.
    pub properties: Map<String, Value>,
    /// Its geometry, or why there is none.
    pub geometry: Result<Geometry, GeometryError>,
    /// Line of the file it begins at, from 1; formats without lines have none.
    pub line: Option<u64>,
}

impl Feature {
    /// The feature where lines cannot be used: a line becomes the error that names it.
    pub fn without_lines(self) -> Self {
        let named = |kind| Err(GeometryError::other_kind(kind));
        let geometry = match self.geometry {
            Ok(Geometry::LineString(_)) => named("LineString"),
            Ok(Geometry::MultiLineString(_)) => named("MultiLineString"),
            geometry => geometry,
        };
        Self { geometry, ..self }
    }
}

/// The properties of a feature.
#[derive(Default)]
struct Properties {
    values: Map<String, Value>,
    /// The first name that stands there twice with different values. JSON leaves open which of them counts.
    twice: Option<String>,
}

impl<'de> Deserialize<'de> for Properties {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Properties;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of properties")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut entries: A) -> Result<Properties, A::Error> {
                let mut properties = Properties::default();
                while let Some((name, value)) = entries.next_entry::<String, Value>()? {
                    if properties.twice.is_none() && properties.values.get(&name).is_some_and(|first| *first != value) {
                        properties.twice = Some(name.clone());
                    }
                    properties.values.insert(name, value);
                }
                Ok(properties)
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

impl Properties {
    /// A feature with these properties. It has no geometry that can be used while they contradict each other.
    fn of(self, geometry: Result<Geometry, GeometryError>, line: u64) -> Feature {
        let Self { values: properties, twice } = self;
        let geometry = match twice {
            None => geometry,
            Some(name) => Err(GeometryError::unreadable(sentence!("property-twice", name))),
        };
        Feature { properties, geometry, line: Some(line) }
    }
}

/// A feature without damage.
#[derive(Deserialize)]
struct Sound {
    #[serde(default)]
    properties: Option<Properties>,
    #[serde(default)]
    geometry: Option<Geometry>,
}

#[derive(Deserialize)]
struct JsonFeature<'a> {
    #[serde(default)]
    properties: Option<Properties>,
    #[serde(borrow, default)]
    geometry: Option<&'a serde_json::value::RawValue>,
}

/// Reads a geometry of a type that is not published as such, if it contains only areas or a single point; other
/// types give an error that names them. None if the type is one of those published.
fn other_geometry(text: &str) -> Option<Result<Geometry, GeometryError>> {
    #[derive(Deserialize)]
    struct Other {
        r#type: String,
        #[serde(default)]
        geometries: Option<Box<serde_json::value::RawValue>>,
        #[serde(default)]
        coordinates: Option<Box<serde_json::value::RawValue>>,
    }
    let other: Other = serde_json::from_str(text).ok()?;
    let named = || Some(Err(GeometryError::other_kind(&other.r#type)));
    match other.r#type.as_str() {
        "GeometryCollection" => {
            let mut parts: Vec<Rings> = Vec::new();
            // A collection with a line or another collection in it is refused as a whole.
            let Ok(inside) = serde_json::from_str::<Vec<Geometry>>(other.geometries.as_ref()?.get()) else { return named() };
            for geometry in inside {
                match geometry {
                    Geometry::Polygon(rings) => parts.push(rings),
                    Geometry::MultiPolygon(several) => parts.extend(several),
                    Geometry::Point(_) | Geometry::LineString(_) | Geometry::MultiLineString(_) => return named(),
                }
            }
            Some(of_parts(parts))
        }
        "MultiPoint" => match serde_json::from_str::<Vec<Position>>(other.coordinates.as_ref()?.get()).ok()?.as_slice() {
            [one] => Some(Ok(Geometry::Point(*one))),
            _ => named(),
        },
        "Point" | "Polygon" | "MultiPolygon" => None,
        _ => named(),
    }
}

/// The JSON text with `null` in place of bare words such as NaN. After an escaped quotation mark the text may
/// stay as it is.
fn without_nan(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (i, part) in text.split('"').enumerate() {
        if i > 0 {
            out.push('"');
        }
        if i % 2 == 0 {
            out.push_str(&part.replace("-Infinity", "null").replace("Infinity", "null").replace("NaN", "null"));
        } else {
            out.push_str(part);
        }
    }
    out
}

/// A feature cut out of a file. It may be parsed on another core.
#[derive(Debug, Clone, PartialEq)]
pub enum Raw {
    /// GeoJSON text, and the line at which it begins, from 1.
    Json(String, u64),
    /// Parsed already.
    Ready(Feature),
}

impl Raw {
    /// Parses the feature; damage in it becomes the error of its geometry.
    pub fn parse(self) -> Feature {
        let (text, line) = match self {
            Self::Ready(feature) => return feature,
            Self::Json(text, line) => (text, line),
        };
        if let Ok(Sound { properties, geometry }) = serde_json::from_str(&text) {
            return properties.unwrap_or_default().of(geometry.ok_or(GeometryError::Missing), line);
        }
        // Python writes NaN for a missing number, which JSON does not allow.
        let text = if text.contains("NaN") || text.contains("Infinity") { without_nan(&text) } else { text };
        // The feature is damaged: keep what can be read, and report the rest.
        let unreadable = |_: serde_json::Error| GeometryError::unreadable(sentence!("coordinates-written-wrongly"));
        let feature: JsonFeature<'_> = match serde_json::from_str(&text) {
            Ok(feature) => feature,
            Err(error) => return Feature { properties: Map::new(), geometry: Err(unreadable(error)), line: Some(line) },
        };
        let geometry = match feature.geometry.filter(|raw| raw.get() != "null") {
            None => Err(GeometryError::Missing),
            Some(raw) => {
                serde_json::from_str(raw.get()).or_else(|error| other_geometry(raw.get()).unwrap_or_else(|| Err(unreadable(error))))
            }
        };
        feature.properties.unwrap_or_default().of(geometry, line)
    }
}
