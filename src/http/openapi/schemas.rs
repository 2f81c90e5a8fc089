//! Schemas of everything that can be read, in the terms of OpenAPI 3.0.

use serde_json::{Map, Value, json};

use crate::domain::schema::Shape;
use crate::http::collections::property_schema;
use crate::read_model::layers::{Collection, collections};

fn link() -> Value {
    json!({
        "type": "object",
        "required": ["href", "rel"],
        "properties": {
            "href": { "type": "string" }, "rel": { "type": "string" }, "type": { "type": "string" }, "title": { "type": "string" },
            "templated": { "type": "boolean" },
        },
    })
}

fn links() -> Value {
    json!({ "type": "array", "items": { "$ref": "#/components/schemas/Link" } })
}

/// A GeoJSON geometry by its kinds.
fn geometry(kinds: &[&str]) -> Value {
    json!({
        "type": "object",
        "nullable": true,
        "required": ["type", "coordinates"],
        "properties": { "type": { "type": "string", "enum": kinds }, "coordinates": { "type": "array", "items": {} } },
    })
}

fn feature(collection: &Collection) -> Value {
    let mut properties = Map::new();
    for property in &collection.properties {
        let mut schema = property_schema(property);
        schema["nullable"] = json!(true);
        if let Some(values) = schema.get_mut("enum").and_then(Value::as_array_mut) {
            values.push(Value::Null);
        }
        properties.insert(property.name.clone().into_owned(), schema);
    }
    let kinds: &[&str] = match collection.shape {
        Shape::Point => &["Point"],
        Shape::MultiPoint => &["MultiPoint"],
        Shape::Lines => &["MultiLineString"],
        Shape::Areas => &["MultiPolygon"],
    };
    let names: Vec<&String> = properties.keys().collect();
    json!({
        "type": "object",
        "required": ["type", "id", "properties", "geometry"],
        "properties": {
            "type": { "type": "string", "enum": ["Feature"] },
            "id": { "type": "string" },
            "properties": { "type": "object", "required": names, "properties": properties, "additionalProperties": false },
            "geometry": geometry(kinds),
            "links": links(),
        },
    })
}

fn features(feature: &str) -> Value {
    json!({
        "type": "object",
        "required": ["type", "features"],
        "properties": {
            "type": { "type": "string", "enum": ["FeatureCollection"] },
            "timeStamp": { "type": "string", "format": "date-time" },
            "numberMatched": { "type": "integer", "minimum": 0 },
            "numberReturned": { "type": "integer", "minimum": 0 },
            "profile": { "type": "string" },
            "bbox": { "type": "array", "items": { "type": "number" } },
            "links": links(),
            "features": { "type": "array", "items": { "$ref": format!("#/components/schemas/{feature}") } },
        },
    })
}

/// All schemas of what can be read, by name.
#[expect(clippy::too_many_lines, reason = "one entry for each schema")]
pub(super) fn all() -> Map<String, Value> {
    let text = || json!({ "type": "string" });
    let mut all = Map::new();
    let mut put = |name: &str, schema: Value| {
        all.insert(name.to_owned(), schema);
    };
    put("Link", link());
    put(
        "Problem",
        json!({
            "type": "object",
            "required": ["type", "title", "status", "detail"],
            "properties": {
                "type": text(), "title": text(), "status": { "type": "integer" }, "detail": text(),
                "detail_en": { "type": "string", "description": "The same in English" }, "links": links(),
            },
        }),
    );
    put(
        "Landing",
        json!({ "type": "object", "required": ["links"], "properties": { "title": text(), "description": text(), "links": links() } }),
    );
    put(
        "Conformance",
        json!({ "type": "object", "required": ["conformsTo"], "properties": { "conformsTo": { "type": "array", "items": text() } } }),
    );
    let interval =
        json!({ "type": "array", "minItems": 2, "maxItems": 2, "items": { "type": "string", "format": "date-time", "nullable": true } });
    put(
        "Collection",
        json!({
            "type": "object",
            "required": ["id", "links", "title", "description", "extent", "itemType", "crs", "storageCrs"],
            "properties": {
                "id": text(), "title": text(), "description": text(), "itemType": { "type": "string", "enum": ["feature"] },
                "crs": { "type": "array", "items": text() }, "storageCrs": text(),
                "extent": { "type": "object", "properties": {
                    "spatial": { "type": "object", "properties": {
                        "bbox": { "type": "array", "minItems": 1, "items": { "type": "array", "minItems": 4, "maxItems": 4, "items": { "type": "number" } } },
                        "crs": text(),
                    } },
                    "temporal": { "type": "object", "properties": { "interval": { "type": "array", "minItems": 1, "items": interval }, "trs": text() } },
                } },
                "versioning": { "type": "object", "properties": { "timeAxis": { "type": "string", "enum": ["validity-time"] } } },
                "links": links(),
            },
        }),
    );
    put(
        "Collections",
        json!({
            "type": "object",
            "required": ["links", "collections"],
            "properties": {
                "links": links(), "crs": { "type": "array", "items": text() },
                "collections": { "type": "array", "items": { "$ref": "#/components/schemas/Collection" } },
            },
        }),
    );
    put(
        "TimeMap",
        json!({
            "type": "object",
            "required": ["timeAxis", "links"],
            "properties": { "timeAxis": { "type": "string", "enum": ["validity-time"] }, "links": { "type": "array", "items": {
                "type": "object", "required": ["href", "rel"],
                "properties": {
                    "href": text(), "rel": text(), "type": text(), "revision": { "type": "integer" },
                    "datetime": { "type": "string", "format": "date-time" },
                    "effective_from": { "type": "string", "format": "date" }, "effective_to": { "type": "string", "format": "date", "nullable": true },
                },
            } } },
        }),
    );
    put(
        "TileSets",
        json!({ "type": "object", "required": ["tilesets"], "properties": { "tilesets": { "type": "array", "items": { "type": "object" } }, "links": links() } }),
    );
    put(
        "Written",
        json!({
            "type": "object",
            "required": ["events", "position", "repeated"],
            "properties": {
                "code": { "type": "string", "nullable": true }, "revision": { "type": "integer", "nullable": true },
                "events": { "type": "array", "items": text() }, "position": { "type": "integer" },
                "subject": { "type": "string", "nullable": true }, "repeated": { "type": "boolean" },
                "url": { "type": "string", "nullable": true }, "geojson": { "type": "string", "nullable": true },
                "report": { "type": "object", "nullable": true },
            },
        }),
    );
    for collection in collections() {
        put(&format!("{}.feature", collection.name), feature(collection));
        put(&format!("{}.collection", collection.name), features(&format!("{}.feature", collection.name)));
    }
    put(
        "Feature",
        json!({
            "type": "object",
            "required": ["type", "properties", "geometry"],
            "properties": {
                "type": { "type": "string", "enum": ["Feature"] }, "id": text(), "properties": { "type": "object" },
                "geometry": geometry(&["Point", "MultiPoint", "MultiLineString", "MultiPolygon"]),
            },
        }),
    );
    put("FeatureCollection", features("Feature"));
    all
}
