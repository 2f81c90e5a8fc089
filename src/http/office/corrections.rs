//! What a form says of an item's facts that are to be put right.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::http::errors::HttpError;
use crate::http::forms::Fields;
use crate::http::uploaded;
use crate::import::source::Source;
use crate::render::office::corrections::CORRECTED;

/// The facts as the form puts them right, and the files that they name. Wrong numbers and days are left to the rules, which
/// say what is wrong.
pub(super) fn corrected(mut facts: Value, fields: &Fields, sent: &uploaded::Form) -> Result<(Value, HashMap<String, Source>), HttpError> {
    for (pointer, ..) in CORRECTED {
        let Some(new) = fields.get(pointer).map(str::trim) else { continue };
        let (parent, name) = pointer.rsplit_once('/').unwrap_or_default();
        let Some(object) = facts.pointer_mut(parent).and_then(Value::as_object_mut) else { continue };
        match object.get(name) {
            _ if new.is_empty() => drop(object.remove(name)),
            Some(Value::Number(_)) => {
                let number = new.parse::<i64>().map_or_else(|_| json!(new), |number| json!(number));
                object.insert(name.to_owned(), number);
            }
            None if pointer != "/summary" => {}
            _ => drop(object.insert(name.to_owned(), json!(new))),
        }
    }
    if let Some(object) = facts.as_object_mut().filter(|_| fields.get("units").is_some()) {
        let units: Vec<&str> = fields.all("unit").collect();
        object.remove("units");
        if !units.is_empty() {
            object.insert("units".into(), json!(units));
        }
    }
    let mut files = HashMap::new();
    for (role, field) in [("decision", "decision_file"), ("report", "report_file"), ("map", "map_file")] {
        let Some(source) = sent.file(field) else { continue };
        let digest = tokio::task::block_in_place(|| source.digest()).map_err(|error| HttpError::spooling(&error))?;
        // Named by its content, so that another file makes another command.
        let name = format!("{role}-{digest}");
        let document = json!({ "role": role, "title": source.name, "file": name });
        if let Some(object) = facts.as_object_mut() {
            let documents = object.entry("documents").or_insert_with(|| json!([]));
            if let Some(list) = documents.as_array_mut() {
                list.retain(|known| known["role"] != role);
                list.push(document);
            }
        }
        files.insert(name, source.clone());
    }
    Ok((facts, files))
}
