//! The OpenAPI 3.0 document, generated from the collections', routes' and commands' own descriptions.
//!
//! The version is 3.0 and not 3.1: QGIS and the OGC's test suite read no other. The path of each collection
//! is written out, and its limit is a reference of exactly that name, because GDAL and QGIS look there for
//! the page size.

mod collection;
mod examples;
mod items;
mod residents;
mod schemas;
mod site;
mod writes;

use serde_json::{Map, Value, json};

use super::collections::crs;
use super::collections::query::{DEFAULT_LIMIT, MAXIMUM_LIMIT};
use crate::domain::city::City;
use crate::export::Format;
use crate::read_model::layers::collections;

const HTML: &str = "text/html; charset=utf-8";
const GEOJSON: &str = "application/geo+json";

fn path(name: &str, schema: Value, description: &str, example: impl Into<Value>) -> Value {
    json!({ "name": name, "in": "path", "required": true, "schema": schema, "description": description, "example": example.into() })
}

fn query(name: &str, schema: Value, description: &str) -> Value {
    let example = examples::of(name, &schema);
    json!({ "name": name, "in": "query", "required": false, "schema": schema, "description": description, "example": example, "style": "form", "explode": false })
}

fn refer(name: &str) -> Value {
    json!({ "$ref": format!("#/components/parameters/{name}") })
}

fn content(media: &str, schema: Value) -> (String, Value) {
    (media.to_owned(), json!({ "schema": schema }))
}

fn schema(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// JSON that is not described further.
fn object() -> (String, Value) {
    content("application/json", json!({ "type": "object" }))
}

fn page() -> (String, Value) {
    content(HTML, json!({ "type": "string" }))
}

fn binary(media: &str) -> (String, Value) {
    content(media, json!({ "type": "string", "format": "binary" }))
}

/// A download. GeoJSON has a schema; the other formats are binary.
fn file(format: Format) -> (String, Value) {
    if format == Format::GeoJson { content(GEOJSON, schema("FeatureCollection")) } else { binary(format.media()) }
}

/// A reading operation: the errors that it can end in besides 500, and its other answers.
struct Read {
    id: String,
    summary: String,
    tag: &'static str,
    parameters: Vec<Value>,
    content: Vec<(String, Value)>,
    headers: Value,
    others: Vec<(&'static str, Value)>,
}

impl Read {
    fn new(id: impl Into<String>, summary: impl Into<String>, tag: &'static str) -> Self {
        Self {
            id: id.into(),
            summary: summary.into(),
            tag,
            parameters: Vec::new(),
            content: Vec::new(),
            headers: json!({}),
            others: Vec::new(),
        }
    }

    fn with(mut self, parameters: Vec<Value>) -> Self {
        self.parameters = parameters;
        self
    }

    fn gives(mut self, content: Vec<(String, Value)>) -> Self {
        self.content = content;
        self
    }

    fn headers(mut self, headers: Value) -> Self {
        self.headers = headers;
        self
    }

    fn or(mut self, status: &'static str, answer: Value) -> Self {
        self.others.push((status, answer));
        self
    }

    /// Adds the error of an operation that looks at Accept and has none of the forms asked for.
    fn negotiated(self) -> Self {
        self.or("406", json!({ "$ref": "#/components/responses/Problem" }))
    }

    fn gone(self) -> Self {
        self.or("410", json!({ "$ref": "#/components/responses/Gone" }))
    }

    /// Adds the answer that is a part of the file. The Range header itself is not described: a wrong range
    /// is ignored (RFC 9110 §14.2), and the document cannot express that.
    fn in_parts(self) -> Self {
        let part = json!({
            "description": "The part that is asked for with Range",
            "content": self.content.iter().map(|(media, _)| (media.clone(), json!({ "schema": { "type": "string", "format": "binary" } }))).collect::<Map<_, _>>(),
            "headers": { "Content-Range": { "description": "Which part of how many bytes", "schema": { "type": "string" } } },
        });
        self.or("206", part).or("416", json!({ "$ref": "#/components/responses/Problem" }))
    }

    fn build(self) -> Value {
        let content: Map<String, Value> = self.content.into_iter().collect();
        let mut ok = json!({ "description": self.summary, "content": content });
        if self.headers.as_object().is_some_and(|headers| !headers.is_empty()) {
            ok["headers"] = self.headers;
        }
        let mut responses = json!({ "200": ok, "304": { "description": "The client has it already" } });
        for status in ["400", "404", "503"] {
            responses[status] = json!({ "$ref": "#/components/responses/Problem" });
        }
        for (status, answer) in self.others {
            responses[status] = answer;
        }
        json!({ "get": { "operationId": self.id, "summary": self.summary, "tags": [self.tag], "parameters": self.parameters, "responses": responses } })
    }
}

fn link_header() -> Value {
    json!({ "description": "The links of the body", "schema": { "type": "string" } })
}

fn crs_header() -> Value {
    json!({ "description": "The coordinate system of the answer", "schema": { "type": "string" } })
}

fn parameters(city: &City) -> Value {
    let systems = crs::all(city);
    let system =
        |name: &str, what: &str| query(name, json!({ "type": "string", "format": "uri", "enum": systems, "default": crs::CRS84 }), what);
    json!({
        "limit": query("limit", json!({ "type": "integer", "minimum": 1, "maximum": MAXIMUM_LIMIT, "default": DEFAULT_LIMIT }), "Features a page"),
        "bbox": query("bbox", json!({ "type": "array", "minItems": 4, "maxItems": 6, "items": { "type": "number" } }), "Lower corner, then upper corner, in the order of axes of bbox-crs; west may lie east of east"),
        "bbox-crs": system("bbox-crs", "Coordinate system of bbox"),
        "crs": system("crs", "Coordinate system of the answer"),
        "datetime": query("datetime", json!({ "type": "string", "format": "datetime-or-interval" }), "What holds on a day or in a span: 2026-01-05, 2026-01-05/.., ../2026-12-31"),
        "datetime-instant": query("datetime", json!({ "type": "string", "format": "datetime-instant" }), "What holds on a day"),
        "as_of": query("as_of", json!({ "type": "string", "format": "datetime-instant" }), "What was known at that moment"),
        "filter": query("filter", json!({ "type": "string", "format": "cql2-text" }), "A filter in CQL2, text or JSON. A written moment beside a property that is a date is its day in the city; a written date beside a moment is its first instant in UTC"),
        "filter-lang": query("filter-lang", json!({ "type": "string", "enum": ["cql2-text", "cql2-json"], "default": "cql2-text" }), "Its language"),
        "filter-crs": system("filter-crs", "Coordinate system of the shapes in the filter"),
        "profile": query("profile", json!({ "type": "string", "enum": ["versions-as-features-unique-ids", "versions-as-features"], "default": "versions-as-features-unique-ids" }), "How the versions of a span are told apart"),
        "after": query("after", json!({ "type": "string", "pattern": "^[0-9]{1,16}\\.[0-9]{1,10}\\.[0-9]{1,9}$" }), "Where to continue; taken from the next link"),
        "f": query("f", json!({ "type": "string", "enum": ["json", "html"] }), "Form of the answer"),
        "lang": query("lang", json!({ "type": "string", "enum": ["vi", "en"], "default": "vi" }), "Language of pages and errors"),
        "page-lang": query("lang", json!({ "type": "string" }), "Language: en for English, anything else is Vietnamese"),
        "unit": query("unit", json!({ "type": "string", "pattern": "^([0-9]{5}-[0-9]{4}|all)?$" }), "Only the part of a unit, by its code and the year it came to be; all, or nothing, for the whole"),
        "token": query("token", json!({ "type": "string" }), "Not used; clients that append a token to every address are let in"),
    })
}

/// The OpenAPI document of a city.
pub fn document(city: &City) -> Value {
    let mut definitions = schemas::all();
    let commands = writes::commands(&mut definitions);
    let mut paths = Map::new();
    let mut put = |path: String, value: Value| {
        paths.insert(path, value);
    };
    site::of_site(&mut put, &commands);
    residents::of_residents(&mut put, city);
    items::of_items(&mut put);
    for collection in collections() {
        collection::of_collection(&mut put, collection, &commands);
    }
    let problem = |description: &str, example: &Value| {
        json!({
            "description": description,
            "content": {
                "application/problem+json": { "schema": schema("Problem"), "example": example },
                (HTML): { "schema": { "type": "string" } },
            },
        })
    };
    let tags: Vec<Value> = [
        ("metadata", "What there is"),
        ("data", "Features"),
        ("tiles", "Vector tiles and styles"),
        ("history", "Versions"),
        ("pages", "For people"),
        ("write", "Commands, with a token"),
        ("operations", "For whoever keeps it running"),
    ]
    .iter()
    .map(|(name, description)| json!({ "name": name, "description": description }))
    .collect();
    json!({
        "openapi": "3.0.3",
        "info": {
            "title": format!("Bảng tin {}", city.name_vi),
            "version": env!("CARGO_PKG_VERSION"),
            "description": format!("Public notices of {}: plans, consultations, map points, campaigns and notice boards. OGC API – Features and Tiles; writes are commands.", city.name_en),
            "contact": { "name": city.contact_en, "url": city.public_url },
            "license": { "name": city.licence, "url": format!("{}/licence", city.public_url) },
        },
        "servers": [{ "url": city.public_url }],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": definitions,
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "parameters": parameters(city),
            "responses": {
                "Problem": problem("What is wrong and what to do", &examples::problem()),
                "Gone": problem("Not in force then: links lead to its versions", &examples::gone(&city.public_url)),
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_somewhere_and_every_operation_has_a_name_of_its_own() {
        let city = City { public_url: "https://bangtin.example".into(), ..City::default() };
        let document = document(&city);
        let text = document.to_string();
        for piece in text.split("\"$ref\":\"#/").skip(1) {
            let pointer = format!("/{}", piece.split('"').next().expect("a reference"));
            assert!(document.pointer(&pointer).is_some(), "{pointer}");
        }
        let mut names = std::collections::HashSet::new();
        for piece in text.split("\"operationId\":\"").skip(1) {
            let name = piece.split('"').next().expect("a name");
            assert!(names.insert(name.to_owned()), "{name} stands twice");
        }
        assert!(names.len() > 150);
    }

    #[test]
    fn every_parameter_and_every_error_has_an_example() {
        let document = document(&City::default());
        let written = document["paths"].as_object().into_iter().flatten().flat_map(|(path, one)| {
            let parameters = one.as_object().into_iter().flatten().flat_map(|(_, one)| one["parameters"].as_array().into_iter().flatten());
            parameters.map(move |parameter| (path.as_str(), parameter))
        });
        let shared = document["components"]["parameters"].as_object().into_iter().flatten().map(|(name, one)| (name.as_str(), one));
        for (place, parameter) in written.filter(|(_, one)| one.get("$ref").is_none()).chain(shared) {
            assert!(parameter.get("example").is_some_and(|example| !example.is_null()), "{place}: {}", parameter["name"]);
            let validator = jsonschema::validator_for(&parameter["schema"]).expect("a schema");
            assert!(validator.is_valid(&parameter["example"]), "{place}: {} does not fit its schema", parameter["name"]);
        }
        let schemas = json!({ "$ref": "#/components/schemas/Problem", "components": document["components"] });
        let validator = jsonschema::validator_for(&schemas).expect("a schema");
        for name in ["Problem", "Gone"] {
            let example = &document["components"]["responses"][name]["content"]["application/problem+json"]["example"];
            assert!(validator.is_valid(example), "{name}");
        }
    }

    #[test]
    fn clients_find_the_parameters_where_they_look_for_them() {
        let city = City { public_url: "https://bangtin.example".into(), ..City::default() };
        let document = document(&city);
        // The official test suite and QGIS read these two directly from the components.
        let limit = &document["components"]["parameters"]["limit"]["schema"];
        assert_eq!([&limit["minimum"], &limit["maximum"], &limit["default"]], [1, MAXIMUM_LIMIT, DEFAULT_LIMIT]);
        let bbox = &document["components"]["parameters"]["bbox"];
        assert_eq!((&bbox["style"], &bbox["explode"]), (&json!("form"), &json!(false)));
        assert_eq!([&bbox["schema"]["minItems"], &bbox["schema"]["maxItems"]], [4, 6]);
        assert_eq!((&bbox["schema"]["type"], &bbox["schema"]["items"]["type"]), (&json!("array"), &json!("number")));
        for collection in crate::read_model::layers::collections() {
            let path = format!("/collections/{}/items", collection.name);
            let parameters = document["paths"][&path]["get"]["parameters"].as_array().expect("parameters");
            // GDAL looks for the reference on the collection's own path.
            assert!(parameters.iter().any(|one| one["$ref"] == "#/components/parameters/limit"), "{path}");
            for property in &collection.properties {
                let one = parameters.iter().find(|one| one["name"] == property.name.as_ref());
                // QGIS ignores a property's parameter that lacks any of these.
                let is_simple =
                    one.is_none_or(|one| one["style"] == "form" && one["explode"] == false && one["schema"]["type"].is_string());
                assert!(is_simple, "{path} {}: {one:?}", property.name);
            }
            assert!(collection.properties.iter().any(|property| parameters.iter().any(|one| one["name"] == property.name.as_ref())));
        }
    }
}
