//! What a form says of an item's facts that are to be put right.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value, json};

use crate::http::errors::HttpError;
use crate::http::forms::Fields;
use crate::http::uploaded;
use crate::import::source::Source;
use crate::render::office::WANTED;
use crate::render::office::corrections::offered;

/// Puts a text in its place in the facts; an empty one takes it away, and what is empty then. Wrong numbers and days are
/// left to the rules, which say what is wrong.
fn put(facts: &mut Map<String, Value>, pointer: &str, kind: &str, new: &str) {
    let pointer = pointer.trim_start_matches('/');
    if let Some((parent, rest)) = pointer.split_once('/') {
        let mut inner = facts.remove(parent).and_then(|inner| if let Value::Object(inner) = inner { Some(inner) } else { None });
        put(inner.get_or_insert_default(), rest, kind, new);
        facts.extend(inner.filter(|inner| !inner.is_empty()).map(|inner| (parent.to_owned(), Value::Object(inner))));
    } else if new.is_empty() {
        facts.remove(pointer);
    } else {
        let number = (kind == "number").then(|| new.parse::<i64>().ok()).flatten();
        facts.insert(pointer.to_owned(), number.map_or_else(|| json!(new), |number| json!(number)));
    }
}

/// The facts as the form puts them right, and the files that they name.
pub(super) fn corrected(
    family: &str,
    facts: Value,
    fields: &Fields,
    sent: &uploaded::Form,
) -> Result<(Value, HashMap<String, Source>), HttpError> {
    let offered = offered(family, &facts);
    let Value::Object(mut facts) = facts else { return Ok((facts, HashMap::new())) };
    for (field, now) in offered {
        let seen = fields.untrimmed(&format!("was{}", field.pointer)).unwrap_or(&now);
        // Browsers send other ends of lines than pages have.
        let plain = |text: &str| text.replace("\r\n", "\n").trim().to_owned();
        if let Some(new) = fields.untrimmed(field.pointer).map(plain).filter(|new| *new != plain(seen)) {
            put(&mut facts, field.pointer, field.kind, &new);
        }
    }
    let ids = |name: &str| fields.all(name).filter(|id| !id.is_empty()).map(str::to_owned).collect::<BTreeSet<String>>();
    let units = ids("unit");
    if fields.get("units").is_some() && units != ids("was-unit") {
        facts.remove("units");
        if !units.is_empty() {
            facts.insert("units".into(), json!(units));
        }
    }
    let mut files = HashMap::new();
    for (role, _, field) in WANTED {
        let Some(source) = sent.file(field) else { continue };
        let digest = tokio::task::block_in_place(|| source.digest()).map_err(|error| HttpError::spooling(&error))?;
        // Named by its content, so that another file makes another command.
        let name = format!("{field}-{digest}");
        let role = json!(role);
        let documents = facts.entry("documents").or_insert_with(|| json!([]));
        if let Some(list) = documents.as_array_mut() {
            list.retain(|known| known["role"] != role);
            list.push(json!({ "role": role, "title": source.name, "file": name }));
        }
        files.insert(name, source.clone());
    }
    Ok((Value::Object(facts), files))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_put_changed_and_taken_away_with_what_is_empty_then() {
        let mut facts = Map::new();
        for (pointer, kind, new, expected) in [
            ("/period/from", "number", "2021", json!({ "period": { "from": 2021 } })),
            ("/period/from", "number", "hai mốt", json!({ "period": { "from": "hai mốt" } })),
            ("/title", "text", "A", json!({ "period": { "from": "hai mốt" }, "title": "A" })),
            ("/period/from", "number", "", json!({ "title": "A" })),
            ("/period/to", "number", "", json!({ "title": "A" })),
            ("/title", "text", "", json!({})),
        ] {
            put(&mut facts, pointer, kind, new);
            assert_eq!(Value::Object(facts.clone()), expected, "{pointer} {new}");
        }
    }
}
