//! The writing side of the OpenAPI document: commands, and files to import.

use serde_json::{Map, Value, json};

use crate::domain::families;

/// Rewrites a JSON schema of draft 2020-12 in the terms of OpenAPI 3.0.
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

/// An operation that carries out commands.
pub(super) fn write(id: &str, summary: &str, parameters: Vec<Value>, family: &str, commands: &[String]) -> Value {
    let list = commands.iter().filter(|name| name.starts_with(&format!("{family}.")));
    let schemas: Vec<Value> = list.map(|name| json!({ "$ref": format!("#/components/schemas/{name}") })).collect();
    let written = json!({ "description": "Carried out: events, and the log's new position", "headers": { "Bangtin-Position": { "schema": { "type": "integer" } } }, "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Written" } } } });
    let mut responses = json!({ "200": written, "201": written });
    for status in ["400", "401", "403", "404", "408", "409", "412", "413", "422", "503"] {
        responses[status] = json!({ "$ref": "#/components/responses/Problem" });
    }
    json!({
        "operationId": id,
        "summary": summary,
        "tags": ["write"],
        "parameters": parameters,
        "security": [{ "token": [] }],
        "requestBody": { "required": true, "content": { "application/json": { "schema": { "anyOf": schemas } } } },
        "responses": responses,
    })
}

/// Inputs that a command may carry, in the form in which they are sent (`import/attach.rs` takes them out).
fn inputs() -> Vec<(&'static str, Value)> {
    let text = || json!({ "type": "string" });
    let numbers = || {
        let about = "Numbers, from 0, of features without area that are left out by choice";
        json!({ "type": "array", "description": about, "items": { "type": "integer", "minimum": 0, "maximum": u32::MAX } })
    };
    let set = json!({
        "description": "GeoJSON to import, or the digest of a set that is stored already",
        "anyOf": [
            { "type": "object", "required": ["geojson"], "properties": { "geojson": { "type": "object" }, "crs": text(), "land_use_column": text(), "name_column": text(), "leave_out": numbers(),
                "lot_columns": { "type": "object", "description": "Columns of an urban plan's lots: lot, density, storeys …", "additionalProperties": text() },
                "shares": { "type": "string", "enum": ["part", "percent"], "description": "What a density of 0.6 means" } } },
            { "type": "object", "required": ["sha256"], "properties": { "sha256": text(), "left_out": numbers() } },
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
    let payee = json!({
        "description": "Whom to pay, with their consent: by the text of a VietQR code, or by bank and account",
        "type": "object", "required": ["holder", "consent"], "properties": {
            "vietqr": text(), "bank": text(), "account": text(), "is_card": { "type": "boolean" }, "holder": text(),
            "consent": { "type": "object", "required": ["purpose", "text_version", "evidence"], "properties": { "purpose": text(), "text_version": text(), "evidence": text() } },
        },
    });
    let sets = families::fields().into_iter().map(|field| (field, set.clone()));
    sets.chain([("documents", json!({ "type": "array", "items": document })), ("contact", contact), ("payee", payee)]).collect()
}

/// The form with a planner's file, its columns and its coordinate system.
pub(super) fn upload() -> Value {
    let text = |about: &str| json!({ "type": "string", "description": about });
    let problem = json!({ "$ref": "#/components/responses/Problem" });
    json!({
        "operationId": "import",
        "tags": ["write"],
        "summary": "Check a planner's file; the answer names the report's address",
        "security": [{ "token": [] }],
        "requestBody": { "required": true, "content": { "multipart/form-data": { "schema": { "type": "object", "required": ["file"], "properties": {
            "file": { "type": "string", "format": "binary" },
            "field": { "type": "string", "enum": families::fields(), "default": "zones" },
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
            "map.lot": text("Column of an urban plan's lot numbers; map.density, map.storeys … for indicators"),
            "shares": { "type": "string", "enum": ["part", "percent"], "description": "What a density of 0.6 means" },
            "leave_out": text("Numbers of features without area to leave out, such as 3, 1250"),
            "max_overlap": { "type": "number", "default": 10, "description": "Square metres" },
        } } } } },
        "responses": {
            "201": { "description": "Checked: id, address of the report, and whether it can be published", "content": { "application/json": { "schema": { "type": "object" } } } },
            "400": problem, "401": problem, "403": problem, "408": problem, "413": problem, "422": problem, "503": problem,
        },
    })
}

/// Puts the schemas of all commands into `definitions`, and gives their names.
pub(super) fn commands(definitions: &mut Map<String, Value>) -> Vec<String> {
    let mut commands = Vec::new();
    for (name, schema) in families::command_schemas() {
        let mut schema = serde_json::to_value(schema).unwrap_or_default();
        downgrade(&mut schema, definitions);
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
    for name in families::facts().into_iter().chain(commands.iter().cloned()) {
        if let Some(properties) = definitions.get_mut(&name).and_then(|schema| schema.get_mut("properties")).and_then(Value::as_object_mut)
        {
            for (field, input) in inputs() {
                if properties.contains_key(field) {
                    properties.insert(field.to_owned(), input);
                }
            }
        }
    }
    commands
}
