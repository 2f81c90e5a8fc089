//! The features of a set that a collection holds, where that is not the set as it is stored: lots of urban plans are
//! zones too, and as zones they say what all zones say.

use std::sync::Arc;

use quick_cache::Weighter;
use serde_json::{Map, Value, json};

use super::{Collection, Source};
use crate::domain::Digest;
use crate::domain::feature_set::FeatureSet;
use crate::domain::lot_indicators;
use crate::domain::plan::PlanKind;
use crate::domain::publication::view::View;
use crate::domain::schema::Only;
use crate::event_store::StoreError;
use crate::features::{Feature, Features};
use crate::read_model::ReadModel;

/// The set, and the collection.
pub(super) type ChosenKey = (Digest, &'static str);

/// What the collection holds of the set.
#[derive(Clone)]
pub(super) enum Chosen {
    /// Nothing.
    Nothing,
    /// All of it, as it is stored.
    Stored,
    /// These features, with their numbers in the set.
    Some(Arc<Features>, Vec<String>),
}

#[derive(Clone)]
pub(super) struct ChosenBytes;

impl Weighter<ChosenKey, Chosen> for ChosenBytes {
    fn weight(&self, _: &ChosenKey, chosen: &Chosen) -> u64 {
        match chosen {
            Chosen::Some(features, keys) => features.weight() + 32 * keys.len() as u64,
            Chosen::Nothing | Chosen::Stored => 64,
        }
    }
}

/// True for kinds of urban plan.
fn is_urban(kind: &str) -> bool {
    PlanKind::named(kind).is_some_and(PlanKind::is_urban)
}

/// What a collection holds of a set of an urban plan.
fn choose(collection: &Collection, features: &Features) -> Chosen {
    // An area of an urban plan in no class is listed as a lot, as it is no zone.
    let is_zone = |feature: &Feature| features.land_use_index(feature).is_some();
    let of_lots = collection.only == Only::Lots;
    let belongs = |feature: &&Feature| if of_lots { features.is_lot(feature) || !is_zone(feature) } else { is_zone(feature) };
    let has_lots = features.has_lots();
    let chosen: Vec<&Feature> = features.list.iter().filter(belongs).collect();
    if chosen.is_empty() {
        return Chosen::Nothing;
    }
    if has_lots == of_lots && chosen.len() == features.list.len() {
        return Chosen::Stored;
    }
    let item = |feature: &&Feature| {
        let mut properties = features.parsed_properties(feature);
        let lacking = lot_indicators::PROPERTIES.iter().map(|property| property.name.clone().into_owned());
        if of_lots {
            for name in lacking {
                properties.entry(name).or_insert(Value::Null);
            }
        } else {
            properties.retain(|name, _| !lacking.clone().any(|own| own == *name));
        }
        (bare(&properties), features.geometry(feature).to_owned())
    };
    let items: Vec<(String, String)> = chosen.iter().map(item).collect();
    let keys = chosen.iter().map(|feature| feature.number.to_string()).collect();
    Chosen::Some(Arc::new(Features::of_items(&items)), keys)
}

/// Properties as JSON, without braces.
fn bare(properties: &Map<String, Value>) -> String {
    let text = json!(properties).to_string();
    text[1..text.len() - 1].to_owned()
}

impl ReadModel {
    /// The features of a set that belong in the collection; none where there are none. Only sets of urban plans need a
    /// look. A set that cannot be read is left as it is, and says so when it is asked for.
    pub(super) async fn source_of(&self, collection: &Collection, view: &View, set: FeatureSet) -> Result<Option<Source>, StoreError> {
        if collection.only == Only::All || !is_urban(view.kind) {
            return Ok((collection.only != Only::Lots).then_some(Source::Stored(set)));
        }
        let key = (set.sha256, collection.name);
        let chosen = if let Some(chosen) = self.layers.chosen.get(&key) {
            chosen
        } else {
            let Some(features) = self.readable(set.sha256).await? else { return Ok(Some(Source::Stored(set))) };
            let chosen = tokio::task::block_in_place(|| choose(collection, &features));
            self.layers.chosen.insert(key, chosen.clone());
            chosen
        };
        Ok(match chosen {
            Chosen::Nothing => None,
            Chosen::Stored => Some(Source::Stored(set)),
            Chosen::Some(features, keys) => Some(Source::Made(features, keys)),
        })
    }
}
