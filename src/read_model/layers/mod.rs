//! Collections as map layers: all features of one at a moment, as text ready to be copied.
//!
//! A layer is made once for each change of its collection (an event, or a day on which something
//! comes into force) and then shared by all requests. Those of earlier moments are made on demand.

mod collections;
mod making;
mod row;

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
use crate::features::geojson::Head;
use crate::geometry::Bbox;
use crate::geometry::intersects;
use crate::geometry::union;

/// Of which days the features are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum When {
    /// Items as they are shown now, features of what is in force now.
    Now,
    /// What holds on a day.
    On(Date),
    /// Everything that holds on some day of a span, every revision a feature of its own.
    Between(Option<Date>, Option<Date>),
}

/// Which layer of a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Wanted {
    /// Of which days.
    pub when: When,
    /// What was known at that moment, microseconds since 1970; all that is known where none.
    pub as_of: Option<i64>,
    /// The moment that counts as now, seconds since 1970; the real one where none.
    pub now: Option<i64>,
}

impl Wanted {
    /// What is shown now.
    pub const NOW: Self = Self { when: When::Now, as_of: None, now: None };
}

/// Where a part's features come from.
enum Source {
    /// A stored set, parsed when it is needed.
    Stored(FeatureSet),
    /// Made of items, under keys of their own.
    Made(Arc<Features>, Vec<String>),
}

/// How a property of a part's features is found.
enum Slot {
    Id,
    Constant(Json),
    LandUseName,
    /// The text that stands before the value, ready to be looked for.
    Own(Box<Finder<'static>>),
}

/// Features that come from one place: the set of an item, or the items themselves.
pub struct Part {
    /// The item whose set it is.
    pub code: Option<Code>,
    /// Its revision.
    pub revision: u32,
    /// What stands before each feature's own text.
    pub head: Head,
    /// Number of features.
    pub count: usize,
    /// The box around them; none where they have no place.
    pub bbox: Option<Bbox>,
    /// True where some have no place.
    bare: bool,
    source: Source,
    slots: Vec<Slot>,
    digest: [u8; 32],
    /// Where a stored set stands among the versions of its item.
    pub version: Option<Version>,
}

/// Where a revision stands among those that were not cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// The one before.
    pub before: Option<u32>,
    /// The one after.
    pub after: Option<u32>,
    /// First day in force.
    pub from: Date,
}

impl Version {
    /// Of the revision that is shown.
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
    /// Where its features come from, in the order of their ids.
    pub parts: Vec<Part>,
    /// Number of features.
    pub count: usize,
    /// The box around them.
    pub bbox: Option<Bbox>,
    /// When something of the collection was last recorded, microseconds since 1970.
    pub known: i64,
    /// The moment it was made for.
    pub from: Timestamp,
    /// First day on which something of it holds, and last; none where it is open or unknown.
    pub interval: (Option<Date>, Option<Date>),
    /// When it changes by itself.
    pub ends: Option<Timestamp>,
    /// Digest of all that its answers are made of.
    pub digest: [u8; 32],
    city_version: i64,
    generation: u64,
}

/// What a layer is made from.
struct Basis {
    known: i64,
    city_version: i64,
    generation: u64,
}

impl Part {
    fn new(collection: &Collection, head: Head, constants: Map<String, Json>, source: Source) -> Self {
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

    /// False when none of its features can meet `bbox`.
    pub fn may_meet(&self, bbox: &Bbox) -> bool {
        self.bare || self.bbox.is_some_and(|own| intersects(bbox, &own))
    }

    /// About what share of its features may meet `bbox`, 0 to 1.
    pub fn share(&self, bbox: &Bbox) -> f64 {
        let Some([west, south, east, north]) = self.bbox else { return 1.0 };
        let along = |from: f64, to: f64, low: f64, high: f64| {
            // A box that goes around the globe may have all.
            if from > to || high <= low { 1.0 } else { ((to.min(high) - from.max(low)) / (high - low)).clamp(0.0, 1.0) }
        };
        along(bbox[0], bbox[2], west, east) * along(bbox[1], bbox[3], south, north)
    }

    /// The key of a feature: what its id ends in.
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

    /// The value of a property that is the same for all of its features.
    pub fn constant(&self, property: usize) -> Option<&Json> {
        match self.slots.get(property) {
            Some(Slot::Constant(value)) => Some(value),
            _ => None,
        }
    }

    /// Its features; a stored set is read when it is not in memory.
    pub async fn features(&self, model: &ReadModel) -> Result<Arc<Features>, StoreError> {
        match &self.source {
            Source::Stored(set) => model.features(set.sha256).await,
            Source::Made(features, _) => Ok(Arc::clone(features)),
        }
    }

    /// The same for answers of their text, where the part is shown now: those of a stored set are written
    /// out.
    pub async fn written_features(&self, model: &ReadModel) -> Result<Arc<Features>, StoreError> {
        match &self.source {
            Source::Stored(set) => model.written(set.sha256, &self.head).await,
            Source::Made(features, _) => Ok(Arc::clone(features)),
        }
    }

    /// The digest of the set its features come from.
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
                // A number has one way to be written.
                (index < set.count && geojson::key(number, &mut [0; 10]) == &id[self.head.id("").len()..]).then_some(index as usize)
            }
            Source::Made(_, keys) => keys.iter().position(|key| key == id),
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
            // A page's token knows seconds only.
            && now.as_second() >= self.from.as_second()
            && self.ends.is_none_or(|ends| now < ends)
    }
}
