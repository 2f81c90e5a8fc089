//! A feature as filters, tables and sorting see it.

use std::borrow::Cow;

use memchr::memmem::Finder;
use serde_json::{Value as Json, json};

use super::{Part, Slot};
use crate::cql2::{Row, Value, instant};
use crate::domain::schema::{Property, Type};
use crate::features::Feature;
use crate::features::Features;
use crate::geometry::Bbox;

/// A feature as a filter, a table or sorting sees it.
pub struct LayerRow<'a> {
    /// Properties of the feature's collection.
    pub properties: &'a [Property],
    /// The part that the feature belongs to.
    pub part: &'a Part,
    /// All features of the part.
    pub features: &'a Features,
    /// The feature.
    pub feature: &'a Feature,
}

impl LayerRow<'_> {
    /// The value of a property as JSON, by the property's index.
    pub fn json(&self, property: usize) -> Json {
        match self.part.slots.get(property) {
            Some(Slot::Id) => json!(self.part.id(self.feature)),
            Some(Slot::Constant(value)) => value.clone(),
            Some(Slot::LandUseName) => {
                json!(self.features.land_use(self.feature).map(|entry| &entry.name_vi))
            }
            Some(Slot::Own(before)) => raw(self.features.properties(self.feature), before)
                .and_then(|text| serde_json::Deserializer::from_str(text).into_iter().next()?.ok())
                .unwrap_or(Json::Null),
            None => Json::Null,
        }
    }
}

/// The text from the beginning of a property's value. In JSON texts every quotation mark is escaped, so
/// `"name":` can only be the property's name.
fn raw<'a>(properties: &'a str, before: &Finder<'_>) -> Option<&'a str> {
    let at = before.find(properties.as_bytes())?;
    properties.get(at + before.needle().len()..)
}

fn typed(kind: Type, text: Cow<'_, str>) -> Value<'_> {
    match kind {
        Type::Date | Type::Moment => instant(&text).map_or(Value::Null, Value::Instant),
        _ => Value::Text(text),
    }
}

fn of_json(kind: Type, value: &Json) -> Value<'_> {
    match value {
        Json::Null | Json::Array(_) | Json::Object(_) => Value::Null,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => number.as_f64().map_or(Value::Null, Value::Number),
        Json::String(text) => typed(kind, Cow::Borrowed(text)),
    }
}

fn of_raw(kind: Type, text: &str) -> Value<'_> {
    match text.as_bytes().first() {
        Some(b'"') => {
            let inner = &text[1..];
            match memchr::memchr2(b'"', b'\\', inner.as_bytes()) {
                Some(end) if inner.as_bytes()[end] == b'"' => typed(kind, Cow::Borrowed(&inner[..end])),
                _ => match serde_json::Deserializer::from_str(text).into_iter::<String>().next() {
                    Some(Ok(text)) => typed(kind, Cow::Owned(text)),
                    _ => Value::Null,
                },
            }
        }
        Some(b't') => Value::Bool(true),
        Some(b'f') => Value::Bool(false),
        Some(b'-' | b'0'..=b'9') => {
            let end = text.find([',', '}']).unwrap_or(text.len());
            text[..end].parse().map_or(Value::Null, Value::Number)
        }
        _ => Value::Null,
    }
}

impl Row for LayerRow<'_> {
    fn value(&self, property: usize) -> Value<'_> {
        let kind = self.properties.get(property).map_or(Type::Text, |property| property.kind);
        match self.part.slots.get(property) {
            Some(Slot::Id) => Value::Text(Cow::Owned(self.part.id(self.feature))),
            Some(Slot::Constant(value)) => of_json(kind, value),
            Some(Slot::LandUseName) => {
                let code = self.features.land_use(self.feature);
                code.map_or(Value::Null, |entry| Value::Text(Cow::Borrowed(&entry.name_vi)))
            }
            Some(Slot::Own(before)) => raw(self.features.properties(self.feature), before).map_or(Value::Null, |text| of_raw(kind, text)),
            None => Value::Null,
        }
    }

    fn shape(&self) -> Option<Cow<'_, geo::Geometry<f64>>> {
        self.features.shape(self.feature).map(Cow::Owned)
    }

    fn bbox(&self) -> Option<Bbox> {
        self.feature.has_place().then(|| self.feature.bbox())
    }
}
