//! GeoJSON (RFC 7946) of published items and of the features of their sets.

use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value, json};

use crate::domain::publication::view::View;
use crate::domain::schema::{FeatureCollection, Further, Only};
use crate::domain::{families, land_use};
use crate::features::Feature;
use crate::features::Features;
use crate::geometry::{Position, union};
use crate::words::civil::in_milliseconds;

/// The properties that the features of every published item have.
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
    put("effective_to", json!(view.holds_to));
    put("updated", json!(in_milliseconds(view.updated)));
    properties
}

/// A position as a geometry, its type first as in stored sets.
pub fn point(position: Position) -> String {
    // Seven decimals, a centimetre, as in stored sets.
    let round = |degrees: f64| (degrees * 1e7).round() / 1e7;
    format!("{{\"type\":\"Point\",\"coordinates\":[{},{}]}}", round(position.lon), round(position.lat))
}

/// An item's properties without its id, and its geometry: its point, or the outline of its set.
pub fn parts(view: &View, outline: Option<&str>, public_url: &str) -> (Map<String, Value>, String) {
    let mut properties = shared(view, public_url);
    properties.insert("summary".into(), json!(view.summary));
    properties.insert("units".into(), json!(view.units.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")));
    properties.extend(view.properties.clone());
    let geometry = match (view.position, outline) {
        (Some(position), _) => point(position),
        (None, Some(outline)) => outline.to_owned(),
        (None, None) => String::from("null"),
    };
    (properties, geometry)
}

/// An item as one feature: its point or outline, and its record.
pub fn item(view: &View, features: Option<&Features>, public_url: &str) -> String {
    let (mut properties, geometry) = parts(view, features.map(Features::outline), public_url);
    properties.insert("id".into(), json!(view.code));
    format!("{{\"type\":\"Feature\",\"id\":\"{}\",\"properties\":{},\"geometry\":{geometry}}}", view.code, Value::Object(properties))
}

/// The text before the stored text of a feature, made once for all features of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureHead {
    /// The text up to the feature's key.
    pub lead: String,
    /// The text between the key and its repetition as a property.
    pub middle: String,
    /// The text from there up to the feature's own properties.
    pub shared: String,
    names_land_use: bool,
    prefix: String,
}

impl FeatureHead {
    /// The head for the features of an item's main set, or of a further one. Their ids are `CODE-REVISION-NUMBER`, and
    /// `CODE-REVISION-L1` with the mark of the further set.
    pub fn of(view: &View, further: Option<Further>, public_url: &str) -> Self {
        let mut members = shared(view, public_url);
        members.insert(view.family.into(), json!(view.code));
        let members = Value::Object(members).to_string();
        let of_uses = |(own, family): &(&FeatureCollection, &str)| *family == view.family && own.only != Only::All;
        let names_land_use = further.is_none() && families::feature_collections().iter().any(of_uses);
        let mark = further.map_or("", |further| further.mark);
        Self::new(format!("{}-{}-{mark}", view.code, view.revision), members.trim_start_matches('{').trim_end_matches('}'), names_land_use)
    }

    /// The head for features that have only their own properties and keys.
    pub fn bare() -> Self {
        Self::new(String::new(), "", false)
    }

    fn new(prefix: String, members: &str, names_land_use: bool) -> Self {
        let separator = if members.is_empty() { "" } else { "," };
        Self {
            lead: format!("{{\"type\":\"Feature\",\"id\":\"{prefix}"),
            middle: format!("\",\"properties\":{{\"id\":\"{prefix}"),
            shared: format!("\"{separator}{members}"),
            names_land_use,
            prefix,
        }
    }

    /// Most bytes that stand before a feature's own properties; somewhat more than they are.
    pub fn bytes(&self) -> usize {
        self.lead.len() + self.middle.len() + self.shared.len() + 128
    }

    /// The id of the feature with that key.
    pub fn id(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// What joins the head to the feature's own properties: its land use by name, a comma, or nothing.
    pub fn named(&self, features: &Features, feature: &Feature) -> &'static str {
        match (self.names_land_use, !feature.has_properties()) {
            (true, _) => land_use_member(features.land_use_index(feature)),
            (false, true) => "",
            (false, false) => ",",
        }
    }
}

/// The head as it is written. From one feature to the next of a set only the key changes.
pub struct Front<'a> {
    head: &'a FeatureHead,
    text: Vec<u8>,
    /// Length of the key in `text`, in bytes.
    key: usize,
}

impl<'a> Front<'a> {
    /// A front for the features of a set.
    pub fn new(head: &'a FeatureHead) -> Self {
        Self { head, text: Vec::new(), key: usize::MAX }
    }

    /// Appends everything before a feature's own properties.
    pub fn begin(&mut self, out: &mut Vec<u8>, key: &str, features: &Features, feature: &Feature) {
        let FeatureHead { lead, middle, shared, .. } = self.head;
        if self.key == key.len() {
            let again = lead.len() + key.len() + middle.len();
            for at in [lead.len(), again] {
                self.text[at..at + key.len()].copy_from_slice(key.as_bytes());
            }
        } else {
            self.text = [lead, key, middle, key, shared].concat().into_bytes();
            self.key = key.len();
        }
        out.extend_from_slice(&self.text);
        out.extend_from_slice(self.head.named(features, feature).as_bytes());
    }

    /// Appends a feature; its geometry and own properties are copied as they are stored.
    pub fn push(&mut self, out: &mut Vec<u8>, key: &str, features: &Features, feature: &Feature) {
        self.begin(out, key, features, feature);
        out.extend_from_slice(features.tail(feature));
    }
}

/// `,"land_use_name":"Đất ở tại đô thị",` for a code. It ends in a comma, as a zone always has properties after it.
fn land_use_member(index: Option<u16>) -> &'static str {
    static MEMBERS: LazyLock<Vec<String>> =
        LazyLock::new(|| land_use::all().iter().map(|entry| format!(",\"land_use_name\":{},", json!(entry.name_vi))).collect());
    index.and_then(|index| MEMBERS.get(usize::from(index))).map_or(",\"land_use_name\":null,", String::as_str)
}

/// A number as decimal digits, for keys; written into `buffer`.
pub fn key(number: u32, buffer: &mut [u8; 10]) -> &str {
    let mut at = buffer.len();
    let mut left = number;
    loop {
        at -= 1;
        buffer[at] = b'0' + (left % 10) as u8;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    std::str::from_utf8(&buffer[at..]).unwrap_or_default()
}

/// The answer to `/q/{code}.geojson`: the features of the item's set in the file's order and those of its further sets, or
/// its point.
pub fn collection(view: &View, features: Option<&Features>, further: &[(Further, Arc<Features>)], public_url: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(1 << 16);
    out.extend_from_slice(b"{\"type\":\"FeatureCollection\"");
    let boxes = view.features.iter().chain(view.further.iter().map(|(_, set)| set)).map(|set| set.bbox);
    if let Some(bbox) = boxes.reduce(|a, b| union(&a, &b)) {
        out.extend_from_slice(format!(",\"bbox\":{}", json!(bbox)).as_bytes());
    }
    out.extend_from_slice(b",\"features\":[\n");
    if view.position.is_some() {
        out.extend_from_slice(item(view, None, public_url).as_bytes());
        out.push(b'\n');
    } else {
        let main = features.map(|features| (None, features));
        let sets = main.into_iter().chain(further.iter().map(|(further, features)| (Some(*further), features.as_ref())));
        let mut is_first = true;
        for (further, features) in sets {
            let head = |kind: &str| {
                let mut head = FeatureHead::of(view, further, public_url);
                if further.is_some() || head.names_land_use {
                    head.shared.push_str(",\"feature_kind\":\"");
                    head.shared.push_str(kind);
                    head.shared.push('"');
                }
                head
            };
            let (own, lot) = (head(further.map_or("zone", |further| further.feature_kind)), head("lot"));
            let (mut own, mut lot) = (Front::new(&own), Front::new(&lot));
            // An area in no class is no zone, and a lot of an urban plan. An outline is neither.
            let is_lot = |feature: &Feature| {
                further.is_none() && !view.outline_only && (features.is_lot(feature) || features.code_of(feature).is_empty())
            };
            for feature in &features.list {
                let front = if is_lot(feature) { &mut lot } else { &mut own };
                if !std::mem::take(&mut is_first) {
                    out.extend_from_slice(b",\n");
                }
                front.push(&mut out, key(feature.number, &mut [0; 10]), features, feature);
            }
        }
        if !is_first {
            out.push(b'\n');
        }
    }
    out.extend_from_slice(b"]}\n");
    out
}
