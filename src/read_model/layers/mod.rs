//! Collections as map layers: all features of a collection at a moment, as text ready to be copied.
//!
//! The current layer of a collection is made once after each change (an event, or a day on which something
//! comes into force) and is then shared by all requests. Layers of earlier moments are made on demand.

mod chosen;
mod collections;
mod making;
mod row;
mod values;

pub use collections::{Collection, Content, collection, collections};
pub use making::Layers;
pub use row::LayerRow;

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use memchr::memmem::Finder;
use serde_json::{Map, Value as Json};
use sha2::{Digest as _, Sha256};

use super::ReadModel;
use crate::domain::feature_set::FeatureSet;
use crate::domain::publication::view::View;
use crate::domain::schema::Property;
use crate::domain::{Code, Digest};
use crate::event_store::StoreError;
use crate::features::Feature;
use crate::features::Features;
use crate::features::geojson;
use crate::features::geojson::FeatureHead;
use crate::geometry::Bbox;
use crate::geometry::intersects;
use crate::geometry::union;

/// The days for which features are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum When {
    /// Items as they are shown now, and features of the sets that are in force now.
    Now,
    /// Revisions that hold on a day.
    On(Date),
    /// Revisions that hold on some day of a span, from first to last day; open where none. Each revision is a
    /// feature of its own.
    Between(Option<Date>, Option<Date>),
}

/// Which layer of a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LayerKey {
    /// The days for which features are wanted.
    pub when: When,
    /// Only what was known at that moment, microseconds since 1970; everything known where none.
    pub as_of: Option<i64>,
    /// The moment that counts as now, seconds since 1970; the real present where none.
    pub now: Option<i64>,
}

impl LayerKey {
    /// The layer that is shown now.
    pub const NOW: Self = Self { when: When::Now, as_of: None, now: None };
}

/// Where a part's features come from.
enum Source {
    /// A stored set, parsed when it is needed.
    Stored(FeatureSet),
    /// Features made from items, with a key for each.
    Made(Arc<Features>, Vec<String>),
}

/// Where the value of a property comes from.
enum Slot {
    Id,
    Constant(Json),
    LandUseName,
    /// The text that stands before the value in the feature's own JSON, ready for searching.
    Own(Box<Finder<'static>>),
}

/// Features of one origin: the set of an item, or the items themselves.
pub struct Part {
    /// The item that the set belongs to.
    pub code: Option<Code>,
    /// The item's revision.
    pub revision: u32,
    /// The text written before each feature's own text.
    pub head: FeatureHead,
    /// Number of features.
    pub count: usize,
    /// The box around the features; none if no feature has a place.
    pub bbox: Option<Bbox>,
    /// True if some features have no place.
    bare: bool,
    source: Source,
    slots: Vec<Slot>,
    digest: [u8; 32],
    /// The neighbouring versions of a stored set.
    pub version: Option<Version>,
}

/// Position of a revision among those that were not cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// Number of the revision before it.
    pub before: Option<u32>,
    /// Number of the revision after it.
    pub after: Option<u32>,
    /// First day in force.
    pub from: Date,
}

impl Version {
    /// The position of the revision that the view shows.
    pub fn of(view: &View) -> Self {
        let held: Vec<u32> = view.history.iter().rev().filter(|entry| entry.cancelled.is_none()).map(|entry| entry.number).collect();
        let here = held.iter().position(|number| *number == view.revision);
        Self {
            before: here.and_then(|i| held.get(i.checked_sub(1)?).copied()),
            after: here.and_then(|i| held.get(i + 1).copied()),
            from: view.effective_from,
        }
    }
}

/// All features of a collection at a moment.
pub struct Layer {
    /// The collection.
    pub collection: &'static Collection,
    /// Its features by origin, in the order of their ids.
    pub parts: Vec<Part>,
    /// Number of features.
    pub count: usize,
    /// The box around all features.
    pub bbox: Option<Bbox>,
    /// When something of the collection was last recorded, microseconds since 1970.
    pub known: i64,
    /// The moment for which the layer was made.
    pub from: Timestamp,
    /// First and last day on which something in the layer holds; none where open or unknown.
    pub interval: (Option<Date>, Option<Date>),
    /// When the layer changes without a new event; none if never.
    pub ends: Option<Timestamp>,
    /// Digest of everything that answers about the layer are made of.
    pub digest: [u8; 32],
    city_version: i64,
    generation: u64,
}

/// The state of the log and the city that a layer is made from.
struct Basis {
    known: i64,
    city_version: i64,
    generation: u64,
}

impl Part {
    fn new(collection: &Collection, head: FeatureHead, constants: Map<String, Json>, source: Source) -> Self {
        let slot = |property: &Property| match property.name.as_ref() {
            "id" => Slot::Id,
            name if constants.contains_key(name) => Slot::Constant(constants[name].clone()),
            "land_use_name" => Slot::LandUseName,
            name => Slot::Own(Box::new(Finder::new(&format!("\"{name}\":")).into_owned())),
        };
        let slots = collection.properties.iter().map(slot).collect();
        let mut hash = Sha256::new();
        hash.update(&head.lead);
        hash.update(&head.shared);
        let (count, bbox, bare) = match &source {
            Source::Stored(set) => {
                hash.update(set.sha256.0);
                (set.count as usize, Some(set.bbox), false)
            }
            Source::Made(features, keys) => {
                let placed = features.list.iter().filter(|feature| feature.has_place());
                for (key, feature) in keys.iter().zip(&features.list) {
                    hash.update(key);
                    hash.update(features.tail(feature));
                }
                let bbox = placed.map(Feature::bbox).reduce(|a, b| union(&a, &b));
                (features.list.len(), bbox, features.list.iter().any(|feature| !feature.has_place()))
            }
        };
        Self { code: None, revision: 0, head, count, bbox, bare, source, slots, digest: hash.finalize().into(), version: None }
    }

    /// False if no feature of the part can meet `bbox`.
    pub fn may_meet(&self, bbox: &Bbox) -> bool {
        self.bare || self.bbox.is_some_and(|own| intersects(bbox, &own))
    }

    /// Estimated share of the features that may meet `bbox`, from 0 to 1.
    pub fn share(&self, bbox: &Bbox) -> f64 {
        let Some([west, south, east, north]) = self.bbox else { return 1.0 };
        let along = |from: f64, to: f64, low: f64, high: f64| {
            // A box that crosses the antimeridian may contain all of them.
            if from > to || high <= low { 1.0 } else { ((to.min(high) - from.max(low)) / (high - low)).clamp(0.0, 1.0) }
        };
        along(bbox[0], bbox[2], west, east) * along(bbox[1], bbox[3], south, north)
    }

    /// The key of a feature, which is the last part of its id.
    pub fn key<'a>(&'a self, feature: &Feature, buffer: &'a mut [u8; 10]) -> &'a str {
        match &self.source {
            Source::Stored(_) => geojson::key(feature.number, buffer),
            Source::Made(_, keys) => keys.get(feature.number as usize - 1).map_or("", String::as_str),
        }
    }

    /// The feature's id.
    pub fn id(&self, feature: &Feature) -> String {
        self.head.id(self.key(feature, &mut [0; 10]))
    }

    /// The value of a property that is the same for all features of the part.
    pub fn constant(&self, property: usize) -> Option<&Json> {
        match self.slots.get(property) {
            Some(Slot::Constant(value)) => Some(value),
            _ => None,
        }
    }

    /// The part's features; reads a stored set that is not in memory.
    pub async fn features(&self, model: &ReadModel) -> Result<Arc<Features>, StoreError> {
        match &self.source {
            Source::Stored(set) => model.features(set.sha256).await,
            Source::Made(features, _) => Ok(Arc::clone(features)),
        }
    }

    /// The part's features for answers that copy their text. A stored set comes written out under the part's
    /// head if the part is shown now.
    pub async fn written_features(&self, model: &ReadModel) -> Result<Arc<Features>, StoreError> {
        match &self.source {
            Source::Stored(set) => model.written(set.sha256, &self.head).await,
            Source::Made(features, _) => Ok(Arc::clone(features)),
        }
    }

    /// The digest of the stored set; none for features made from items.
    pub fn set(&self) -> Option<Digest> {
        match &self.source {
            Source::Stored(set) => Some(set.sha256),
            Source::Made(..) => None,
        }
    }

    /// The index of the feature with that id.
    fn find(&self, id: &str) -> Option<usize> {
        match &self.source {
            Source::Stored(set) => {
                let number: u32 = id.strip_prefix(&self.head.id(""))?.parse().ok()?;
                let index = number.checked_sub(1)?;
                // An id is valid only in its one proper spelling, without leading zeros.
                (index < set.count && geojson::key(number, &mut [0; 10]) == &id[self.head.id("").len()..]).then_some(index as usize)
            }
            Source::Made(_, keys) => {
                let own = id.strip_prefix(&self.head.id(""))?;
                keys.iter().position(|key| key == own)
            }
        }
    }
}

impl Layer {
    /// The part and index of the feature with that id.
    pub fn find(&self, id: &str) -> Option<(&Part, usize)> {
        self.parts.iter().find_map(|part| Some((part, part.find(id)?)))
    }

    fn of(collection: &'static Collection, parts: Vec<Part>, basis: &Basis, from: Timestamp) -> Self {
        let mut hash = Sha256::new();
        hash.update(collection.name);
        parts.iter().for_each(|part| hash.update(part.digest));
        Self {
            collection,
            count: parts.iter().map(|part| part.count).sum(),
            bbox: parts.iter().filter_map(|part| part.bbox).reduce(|a, b| union(&a, &b)),
            parts,
            interval: (None, None),
            known: basis.known,
            from,
            ends: None,
            digest: hash.finalize().into(),
            city_version: basis.city_version,
            generation: basis.generation,
        }
    }

    fn holds(&self, basis: &Basis, now: Timestamp) -> bool {
        self.known == basis.known
            && self.city_version == basis.city_version
            && self.generation == basis.generation
            // A page's token holds the moment in whole seconds only.
            && now.as_second() >= self.from.as_second()
            && self.ends.is_none_or(|ends| now < ends)
    }
}
