//! GeoJSON of what is published (RFC 7946): items, and the features of their sets.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::domain::land_use;
use crate::domain::view::View;
use crate::read_model::features::{Feature, Features};

/// The properties that features of every published item carry.
pub fn shared(view: &View, public_url: &str) -> Map<String, Value> {
    let mut properties = Map::new();
    let mut put = |name: &str, value: Value| properties.insert(name.to_owned(), value);
    put("code", json!(view.code));
    put("url", json!(format!("{public_url}/q/{}", view.code)));
    put("title", json!(view.title));
    put("kind", json!(view.kind));
    put("status", json!(view.status.as_str()));
    put("revision", json!(view.revision));
    put("effective_from", json!(view.effective_from));
    put("effective_to", json!(view.effective_to));
    put("updated", json!(view.updated));
    properties
}

/// An item as one feature: its point or outline, and its record.
pub fn item(view: &View, features: Option<&Features>, public_url: &str) -> String {
    let mut properties = Map::new();
    properties.insert("id".into(), json!(view.code));
    properties.extend(shared(view, public_url));
    properties.insert("summary".into(), json!(view.summary));
    properties.insert("units".into(), json!(view.units.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")));
    properties.extend(view.properties.clone());
    let geometry = match (view.position, features) {
        (Some(position), _) => json!({ "type": "Point", "coordinates": [position.lon, position.lat] }).to_string(),
        (None, Some(features)) => features.outline().to_owned(),
        (None, None) => String::from("null"),
    };
    format!("{{\"type\":\"Feature\",\"id\":\"{}\",\"properties\":{},\"geometry\":{geometry}}}", view.code, Value::Object(properties))
}

/// The shared properties of a set's features as JSON members, made once for all of them.
pub struct Shared {
    members: String,
    owner: &'static str,
    view_id: String,
}

impl Shared {
    /// For the features of an item's set.
    pub fn new(view: &View, public_url: &str) -> Self {
        let members = Value::Object(shared(view, public_url)).to_string();
        Self {
            members: members.trim_start_matches('{').trim_end_matches('}').to_owned(),
            owner: if view.family == "plan" { "plan" } else { "campaign" },
            view_id: format!("{}-{}", view.code, view.revision),
        }
    }

    /// Id of a feature in collections.
    pub fn id(&self, feature: &Feature) -> String {
        format!("{}-{}", self.view_id, feature.number)
    }

    /// Appends a feature; its geometry and own properties are copied as they are stored.
    pub fn push(&self, out: &mut String, features: &Features, feature: &Feature) {
        let id = self.id(feature);
        let code = self.view_id.split('-').next().unwrap_or_default();
        let _ = write!(
            out,
            "{{\"type\":\"Feature\",\"id\":\"{id}\",\"properties\":{{\"id\":\"{id}\",\"{}\":\"{code}\",{}",
            self.owner, self.members
        );
        let own = features.properties(feature);
        if !own.is_empty() {
            let _ = write!(out, ",{own}");
        }
        if self.owner == "plan" {
            let name = land_use_of(own).and_then(land_use::get).map(|entry| entry.name_vi.as_str());
            let _ = write!(out, ",\"land_use_name\":{}", json!(name));
        }
        let _ = write!(out, "}},\"geometry\":{}}}", features.geometry(feature));
    }
}

/// The code in a zone's stored properties, without parsing all of them.
fn land_use_of(properties: &str) -> Option<&str> {
    let rest = properties.split_once("\"land_use\":\"")?.1;
    rest.split('"').next()
}

/// What `/q/{code}.geojson` gives: the features of the item's set in the file's order, or its point.
pub fn collection(view: &View, features: Option<&Features>, public_url: &str) -> String {
    let mut out = String::with_capacity(1 << 16);
    out.push_str("{\"type\":\"FeatureCollection\"");
    if let Some(set) = &view.features {
        let _ = write!(out, ",\"bbox\":{}", json!(set.bbox));
    }
    out.push_str(",\"features\":[\n");
    if view.position.is_some() {
        out.push_str(&item(view, None, public_url));
        out.push('\n');
    } else if let Some(features) = features {
        let shared = Shared::new(view, public_url);
        for (i, feature) in features.list.iter().enumerate() {
            if i > 0 {
                out.push_str(",\n");
            }
            shared.push(&mut out, features, feature);
        }
        out.push('\n');
    }
    out.push_str("]}\n");
    out
}
