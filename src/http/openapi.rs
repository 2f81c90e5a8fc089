//! The OpenAPI 3.0 document, generated from the routes' and commands' own descriptions.

use serde_json::{Map, Value, json};

use crate::domain::families;

/// A JSON schema of draft 2020-12 in the words of OpenAPI 3.0.
fn downgrade(schema: &mut Value, definitions: &mut Map<String, Value>) {
    match schema {
        Value::Object(object) => {
            object.remove("$schema");
            if let Some(Value::Object(own)) = object.remove("$defs") {
                for (name, mut definition) in own {
                    downgrade(&mut definition, definitions);
                    definitions.insert(name, definition);
                }
            }
            if let Some(Value::String(reference)) = object.get_mut("$ref") {
                *reference = reference.replace("#/$defs/", "#/components/schemas/");
            }
            if let Some(constant) = object.remove("const") {
                object.insert("enum".into(), json!([constant]));
            }
            if let Some(Value::Array(types)) = object.get("type") {
                let named: Vec<Value> = types.iter().filter(|name| *name != "null").cloned().collect();
                let nullable = named.len() < types.len();
                object.insert("type".into(), named.first().cloned().unwrap_or(json!("object")));
                if nullable {
                    object.insert("nullable".into(), json!(true));
                }
            }
            for key in ["anyOf", "oneOf"] {
                if let Some(Value::Array(list)) = object.get_mut(key) {
                    let before = list.len();
                    list.retain(|part| part.get("type") != Some(&json!("null")));
                    if list.len() < before {
                        object.insert("nullable".into(), json!(true));
                    }
                }
            }
            if object.get("type") == Some(&json!("array")) {
                object.remove("prefixItems");
                object.entry("items").or_insert(json!({}));
            }
            object.values_mut().for_each(|value| downgrade(value, definitions));
        }
        Value::Array(list) => list.iter_mut().for_each(|value| downgrade(value, definitions)),
        _ => {}
    }
}

fn parameter(name: &str, place: &str, schema: Value, description: &str) -> Value {
    json!({ "name": name, "in": place, "required": place == "path", "schema": schema, "description": description, "style": if place == "path" { "simple" } else { "form" }, "explode": false })
}

fn answer(description: &str, media: &str) -> Value {
    json!({ "description": description, "content": { media: { "schema": {} } } })
}

fn read(summary: &str, parameters: Vec<Value>, media: &str) -> Value {
    let problem = json!({ "$ref": "#/components/responses/Problem" });
    json!({ "get": { "summary": summary, "parameters": parameters, "responses": { "200": answer(summary, media), "400": problem, "404": problem, "503": problem } } })
}

fn write(summary: &str, parameters: Vec<Value>, family: &str, commands: &[String]) -> Value {
    let problem = json!({ "$ref": "#/components/responses/Problem" });
    let list = commands.iter().filter(|name| name.starts_with(&format!("{family}.")));
    let schemas: Vec<Value> = list.map(|name| json!({ "$ref": format!("#/components/schemas/{name}") })).collect();
    json!({
        "summary": summary,
        "parameters": parameters,
        "security": [{ "token": [] }],
        "requestBody": { "required": true, "content": { "application/json": { "schema": { "anyOf": schemas } } } },
        "responses": {
            "200": answer("Carried out, or carried out before", "application/json"),
            "201": answer("Published", "application/json"),
            "400": problem, "401": problem, "403": problem, "404": problem, "408": problem,
            "409": problem, "412": problem, "413": problem, "422": problem, "503": problem,
        },
    })
}

/// What a command brings along, in the form in which it is sent (`import/attach.rs` takes it out).
fn inputs() -> [(&'static str, Value); 5] {
    let text = || json!({ "type": "string" });
    let set = json!({
        "description": "GeoJSON to import, or the digest of a set that is stored already",
        "anyOf": [
            { "type": "object", "required": ["geojson"], "properties": { "geojson": { "type": "object" }, "crs": text(), "land_use_column": text(), "name_column": text() } },
            { "type": "object", "required": ["sha256"], "properties": { "sha256": text() } },
        ],
    });
    let document = json!({ "type": "object", "properties": {
        "role": { "type": "string", "enum": ["decision", "report", "map", "other"] },
        "title": text(), "file_name": text(), "base64": { "type": "string", "format": "byte" }, "sha256": text(),
    } });
    let consent = json!({ "type": "object", "required": ["purpose", "text_version", "evidence"], "properties": { "purpose": text(), "text_version": text(), "evidence": text() } });
    let contact = json!({
        "description": "A person to call: with their consent the first time, by the subject id afterwards",
        "anyOf": [
            { "type": "object", "required": ["name", "phone", "consent"], "properties": { "name": text(), "phone": text(), "consent": consent } },
            { "type": "object", "required": ["subject"], "properties": { "subject": text() } },
        ],
    });
    [
        ("zones", set.clone()),
        ("outline", set.clone()),
        ("places", set),
        ("documents", json!({ "type": "array", "items": document })),
        ("contact", contact),
    ]
}

/// A planner's file, its columns and system.
fn upload() -> Value {
    let text = |about: &str| json!({ "type": "string", "description": about });
    json!({
        "summary": "Check a planner's file; the answer names the report's address",
        "security": [{ "token": [] }],
        "requestBody": { "required": true, "content": { "multipart/form-data": { "schema": { "type": "object", "required": ["file"], "properties": {
            "file": { "type": "string", "format": "binary" },
            "field": { "type": "string", "enum": ["zones", "outline", "places"], "default": "zones" },
            "kind": text("Kind of plan"),
            "authority": text("Who approved it: its columns are remembered"),
            "signed": { "type": "string", "format": "date" },
            "effective_from": { "type": "string", "format": "date" },
            "units": text("Unit ids, separated by commas"),
            "crs": text("EPSG:9208"),
            "land_use": text("Column of land-use codes"),
            "name": text("Column of names"),
            "note": text("Column of notes"),
            "layer": text("Layer or sheet"),
            "max_overlap": { "type": "number", "default": 10, "description": "Square metres" },
        } } } } },
        "responses": {
            "201": { "description": "Checked: id, address of the report, and whether it can be published", "content": { "application/json": { "schema": { "type": "object" } } } },
            "default": { "$ref": "#/components/responses/Problem" },
        },
    })
}

/// The document.
pub fn document(public_url: &str) -> Value {
    let mut definitions = Map::new();
    let mut commands = Vec::new();
    for (name, schema) in families::command_schemas() {
        let mut schema = serde_json::to_value(schema).unwrap_or_default();
        downgrade(&mut schema, &mut definitions);
        if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            properties.insert("id".into(), json!({ "type": "string", "minLength": 1, "maxLength": 100, "description": "Repeating it repeats the answer, not the deed" }));
            properties.insert("type".into(), json!({ "type": "string", "enum": [name] }));
        }
        let mut required = vec![json!("id"), json!("type")];
        let own = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        required.extend(own.filter(|name| *name != "code").cloned());
        schema["required"] = json!(required);
        definitions.insert(name.clone(), schema);
        commands.push(name);
    }
    for name in ["Plan", "MapPoint", "Campaign"] {
        if let Some(properties) = definitions.get_mut(name).and_then(|schema| schema.get_mut("properties")).and_then(Value::as_object_mut) {
            for (field, input) in inputs() {
                if properties.contains_key(field) {
                    properties.insert(field.into(), input);
                }
            }
        }
    }
    let code = || parameter("code", "path", json!({ "type": "string", "pattern": "^[0-9A-Za-z]{9}$" }), "The item's code");
    let lang = || parameter("lang", "query", json!({ "type": "string", "enum": ["vi", "en"] }), "Language");
    let f = || parameter("f", "query", json!({ "type": "string", "enum": ["json", "html"] }), "Form of the answer");
    let limit = json!({ "$ref": "#/components/parameters/limit" });
    let bbox = json!({ "$ref": "#/components/parameters/bbox" });
    let after = || parameter("after", "query", json!({ "type": "string" }), "Continue after this id; taken from the next link");
    let mut paths = Map::new();
    let mut put = |path: &str, value: Value| paths.insert(path.to_owned(), value);
    put("/", read("Landing page", vec![f(), lang()], "application/json"));
    put("/conformance", read("Conformance", vec![], "application/json"));
    put("/collections", read("Collections", vec![f(), lang()], "application/json"));
    put(
        "/search",
        read(
            "Search by title or code",
            vec![parameter("q", "query", json!({ "type": "string", "maxLength": 200 }), "Words"), f(), lang()],
            "text/html",
        ),
    );
    put("/q/{code}", read("The item's page", vec![code(), lang()], "text/html"));
    put("/q/{code}.geojson", read("Its GeoJSON", vec![code()], "application/geo+json"));
    put("/q/{code}.json", read("Its record", vec![code()], "application/json"));
    put("/q/{code}/qr.svg", read("Its QR code as SVG", vec![code()], "image/svg+xml"));
    put(
        "/q/{code}/qr.png",
        read(
            "Its QR code as PNG",
            vec![code(), parameter("size", "query", json!({ "type": "integer", "minimum": 64, "maximum": 2048 }), "Pixels a side")],
            "image/png",
        ),
    );
    put("/q/{code}/history", read("Its history", vec![code(), lang()], "text/html"));
    let all = families::collections().into_iter().map(|(name, family, _)| (name, Some(family)));
    let features = families::feature_collections().into_iter().map(|(name, _)| (name, None));
    for (name, family) in all.chain(features).chain([("units", None)]) {
        put(&format!("/collections/{name}"), read("Collection", vec![f(), lang()], "application/json"));
        let mut items = read("Features", vec![limit.clone(), bbox.clone(), after(), f(), lang()], "application/geo+json");
        if let Some(family) = family {
            items["post"] = write("Publish a new item", vec![], family, &commands);
            let id = parameter("id", "path", json!({ "type": "string" }), "The item's code");
            put(
                &format!("/collections/{name}/items/{{id}}/commands"),
                json!({ "post": write("A command to an item", vec![id], family, &commands) }),
            );
        }
        put(&format!("/collections/{name}/items"), items);
        let id = parameter("id", "path", json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]+$" }), "Feature id");
        put(&format!("/collections/{name}/items/{{id}}"), read("Feature", vec![id, f(), lang()], "application/geo+json"));
    }
    let id = || parameter("id", "path", json!({ "type": "string", "pattern": "^[0-9a-f]{64}$" }), "The import's id; nobody can guess it");
    put("/imports", json!({ "post": upload() }));
    put("/imports/{id}", read("An import's report", vec![id(), f()], "application/json"));
    let publish =
        write("Publish an import: a plan or campaign command whose facts lack the set and its source", vec![id()], "plan", &commands);
    put("/imports/{id}/publish", json!({ "post": publish }));
    put("/healthz", read("The process lives", vec![], "text/plain"));
    put("/readyz", read("Whether the image keeps up with the log", vec![], "application/json"));
    put("/metrics", read("Counters", vec![], "text/plain"));
    json!({
        "openapi": "3.0.3",
        "info": { "title": "bangtin", "version": env!("CARGO_PKG_VERSION"), "description": "A city's notice board: published plans, map points and campaigns" },
        "servers": [{ "url": public_url }],
        "paths": paths,
        "components": {
            "schemas": definitions,
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "parameters": {
                "limit": parameter("limit", "query", json!({ "type": "integer", "minimum": 1, "maximum": 10_000, "default": 100 }), "Features a page"),
                "bbox": parameter("bbox", "query", json!({ "type": "array", "minItems": 4, "maxItems": 6, "items": { "type": "number" } }), "West, south, east, north in degrees WGS 84"),
            },
            "responses": { "Problem": { "description": "What is wrong and what to do", "content": { "application/problem+json": { "schema": { "type": "object" } } } } },
        },
    })
}
