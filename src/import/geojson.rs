//! Reads GeoJSON (RFC 7946 and its 2008 forerunner with a `crs` member), feature by feature.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// A position; anything after the second number is ignored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position(pub [f64; 2]);

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Position;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a position [x, y]")
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Position, A::Error> {
                let missing = || serde::de::Error::custom("a position needs two numbers");
                let x = seq.next_element()?.ok_or_else(missing)?;
                let y = seq.next_element()?.ok_or_else(missing)?;
                while seq.next_element::<serde::de::IgnoredAny>()?.is_some() {}
                Ok(Position([x, y]))
            }
        }
        deserializer.deserialize_seq(Visitor)
    }
}

/// A polygon: its outer ring, then its holes.
pub type Rings = Vec<Vec<Position>>;

/// A geometry of a kind that can be published.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "type", content = "coordinates")]
#[expect(missing_docs, reason = "the names are those of RFC 7946")]
pub enum Geometry {
    Point(Position),
    Polygon(Rings),
    MultiPolygon(Vec<Rings>),
}

/// A feature as it stands in the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    /// Its attributes.
    pub properties: Map<String, Value>,
    /// Its geometry; an error says why there is none.
    pub geometry: Result<Geometry, String>,
}

/// A file as read.
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    /// The coordinate system the file names.
    pub crs: Option<String>,
    /// Its features, in order.
    pub features: Vec<Feature>,
}

#[derive(Deserialize)]
struct Collection<'a> {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    crs: Option<Value>,
    #[serde(borrow, default)]
    features: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct RawFeature<'a> {
    #[serde(default)]
    properties: Option<Map<String, Value>>,
    #[serde(borrow, default)]
    geometry: Option<&'a RawValue>,
}

/// Why a file cannot be read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Not JSON, or nested too deeply.
    #[error("tệp không phải JSON hợp lệ: dòng {line}, cột {column} (not valid JSON at line {line}, column {column}): {what}")]
    Syntax {
        /// Line from 1.
        line: usize,
        /// Column from 1.
        column: usize,
        /// What the parser says.
        what: String,
    },
    /// JSON of another shape.
    #[error("tệp phải là một GeoJSON FeatureCollection, không phải “{0}” (the file must be a GeoJSON FeatureCollection)")]
    Shape(String),
}

/// Reads a whole file. Damage inside one feature is reported with that feature, not here.
pub fn read(bytes: &[u8]) -> Result<File, ReadError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        ReadError::Syntax { line, column, what: "not UTF-8; save the file as UTF-8".into() }
    })?;
    let collection: Collection<'_> = serde_json::from_str(text).map_err(|error| {
        if error.classify() == serde_json::error::Category::Data {
            ReadError::Shape(error.to_string())
        } else {
            ReadError::Syntax { line: error.line(), column: error.column(), what: error.to_string() }
        }
    })?;
    let Some(features) = collection.features.filter(|_| collection.kind == "FeatureCollection") else {
        return Err(ReadError::Shape(collection.kind));
    };
    let crs = collection.crs.as_ref().and_then(|crs| crs.pointer("/properties/name")?.as_str()).map(str::to_owned);
    Ok(File { crs, features: features.into_iter().map(read_feature).collect() })
}

fn read_feature(raw: &RawValue) -> Feature {
    let feature: RawFeature<'_> = match serde_json::from_str(raw.get()) {
        Ok(feature) => feature,
        Err(error) => return Feature { properties: Map::new(), geometry: Err(error.to_string()) },
    };
    let geometry = match feature.geometry.filter(|raw| raw.get() != "null") {
        None => Err("no geometry".into()),
        Some(raw) => serde_json::from_str(raw.get()).map_err(|error| error.to_string()),
    };
    Feature { properties: feature.properties.unwrap_or_default(), geometry }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deep_nesting_is_an_error_and_not_a_crash() {
        let text = "[".repeat(1_000_000);
        assert!(matches!(read(text.as_bytes()), Err(ReadError::Syntax { .. } | ReadError::Shape(_))));
        let text = format!(r#"{{"type":"FeatureCollection","features":[{{"geometry":{}"#, "[".repeat(1_000_000));
        assert!(matches!(read(text.as_bytes()), Err(ReadError::Syntax { .. })));
    }

    #[test]
    fn not_a_number_and_too_large_numbers_stay_with_their_feature_or_line() {
        let nan = br#"{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Point","coordinates":[NaN,1]}}]}"#;
        assert!(matches!(read(nan), Err(ReadError::Syntax { line: 1, .. })));
        let huge = br#"{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Point","coordinates":[1e400,1]}}]}"#;
        let read = read(huge);
        assert!(read.is_err() || read.is_ok_and(|file| file.features[0].geometry.is_err()));
    }

    #[test]
    fn another_shape_is_named() {
        assert_eq!(read(br#"{"type":"Feature"}"#), Err(ReadError::Shape("Feature".into())));
        let error = read(b"\xff{}").expect_err("not UTF-8");
        assert!(matches!(error, ReadError::Syntax { line: 1, column: 1, .. }));
    }
}
