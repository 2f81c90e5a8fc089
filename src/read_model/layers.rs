//! Collections as map layers: all features of one at a moment, as text ready to be copied.
//!
//! A layer is made once for each change of its collection (an event, or a day on which something
//! comes into force) and then shared by all requests. Those of earlier moments are made on demand.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use jiff::civil::Date;
use memchr::memmem::Finder;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use serde_json::{Map, Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::ReadModel;
use super::features::{Feature, Features};
use crate::cql2::{Row, Value, instant};
use crate::domain::families;
use crate::domain::geometry::{Bbox, FeatureSet, intersects, union};
use crate::domain::publication::Status;
use crate::domain::schema::{ID, Property, SHARED, Shape, Type, UNIT};
use crate::domain::unit::Unit;
use crate::domain::view::{Moment, View, moment_of};
use crate::domain::{Code, Digest};
use crate::event_store::StoreError;
use crate::render::geojson::{self, Head};

/// Bytes of layers of earlier moments that are kept.
const PAST_BYTES: u64 = 32 << 20;

/// What a collection holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Published items of a family and kind (all kinds where empty).
    Items(&'static str, &'static str),
    /// Features of the sets of a family's items, of those in force.
    Features(&'static str),
    /// Administrative units.
    Units,
}

/// A collection: its name, what it holds, and what its features carry.
#[derive(Debug)]
pub struct Collection {
    /// Name in addresses.
    pub name: &'static str,
    /// What it holds.
    pub content: Content,
    /// The collections of items that it, or what it holds, belongs to.
    pub sources: Vec<&'static str>,
    /// Properties, `id` first.
    pub properties: Vec<Property>,
    /// Shape of its features.
    pub shape: Shape,
}

/// Every collection, in the order in which they are listed.
pub fn collections() -> &'static [Collection] {
    static ALL: std::sync::LazyLock<Vec<Collection>> = std::sync::LazyLock::new(|| {
        let of_items = |(name, family, kind): (&'static str, &'static str, &'static str)| {
            let own = [Property::new("summary", Type::Text), Property::new("units", Type::Text)];
            let mut properties = [SHARED, &own, &families::item_properties(family, kind)].concat();
            properties.sort_by(|a, b| a.name.cmp(&b.name));
            properties.insert(0, ID);
            let shape = families::shapes(family).map_or(Shape::Point, |(items, _)| items);
            Collection { name, content: Content::Items(family, kind), sources: vec![name], properties, shape }
        };
        let of_features = |(name, family): (&'static str, &'static str)| {
            let shape = families::shapes(family).map_or(Shape::Point, |(_, features)| features);
            // The item they belong to, under its family's name.
            let mut shared = [SHARED, &[Property::new(family, Type::Text)]].concat();
            shared.sort_by(|a, b| a.name.cmp(&b.name));
            let properties = [&[ID], &shared[..], families::feature_properties(family)].concat();
            let sources = families::collections().into_iter().filter(|(_, of, _)| *of == family).map(|(name, ..)| name).collect();
            Collection { name, content: Content::Features(family), sources, properties, shape }
        };
        let properties = [&[ID], UNIT].concat();
        let units = Collection { name: "units", content: Content::Units, sources: Vec::new(), properties, shape: Shape::Point };
        let items = families::collections().into_iter().map(of_items);
        items.chain(families::feature_collections().into_iter().map(of_features)).chain([units]).collect()
    });
    &ALL
}

/// The collection of that name.
pub fn collection(name: &str) -> Option<&'static Collection> {
    collections().iter().find(|collection| collection.name == name)
}

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

/// A feature as a filter, a table or a sorting sees it.
pub struct LayerRow<'a> {
    /// Its collection's properties.
    pub properties: &'a [Property],
    /// Where it comes from.
    pub part: &'a Part,
    /// All features of the part.
    pub features: &'a Features,
    /// The feature.
    pub feature: &'a Feature,
}

impl LayerRow<'_> {
    /// A property as JSON.
    pub fn json(&self, property: usize) -> Json {
        match self.part.slots.get(property) {
            Some(Slot::Id) => json!(self.part.id(self.feature)),
            Some(Slot::Constant(value)) => value.clone(),
            Some(Slot::LandUseName) => {
                json!(self.features.land_use(self.feature).map(|entry| &entry.name_vi))
            }
            Some(Slot::Own(before)) => raw(self.features.properties(self.feature), before)
                .and_then(|text| serde_json::Deserializer::from_str(text).into_iter().next()?.ok())
                .unwrap_or(Json::Null),
            None => Json::Null,
        }
    }
}

/// The text from a property's value on. Inside a JSON text every quote is escaped, so `"name":` can
/// only be the property's name.
fn raw<'a>(properties: &'a str, before: &Finder<'_>) -> Option<&'a str> {
    let at = before.find(properties.as_bytes())?;
    properties.get(at + before.needle().len()..)
}

fn typed(kind: Type, text: Cow<'_, str>) -> Value<'_> {
    match kind {
        Type::Date | Type::Moment => instant(&text).map_or(Value::Null, Value::Instant),
        _ => Value::Text(text),
    }
}

fn of_json(kind: Type, value: &Json) -> Value<'_> {
    match value {
        Json::Null | Json::Array(_) | Json::Object(_) => Value::Null,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => number.as_f64().map_or(Value::Null, Value::Number),
        Json::String(text) => typed(kind, Cow::Borrowed(text)),
    }
}

fn of_raw(kind: Type, text: &str) -> Value<'_> {
    match text.as_bytes().first() {
        Some(b'"') => {
            let inner = &text[1..];
            match memchr::memchr2(b'"', b'\\', inner.as_bytes()) {
                Some(end) if inner.as_bytes()[end] == b'"' => typed(kind, Cow::Borrowed(&inner[..end])),
                _ => match serde_json::Deserializer::from_str(text).into_iter::<String>().next() {
                    Some(Ok(text)) => typed(kind, Cow::Owned(text)),
                    _ => Value::Null,
                },
            }
        }
        Some(b't') => Value::Bool(true),
        Some(b'f') => Value::Bool(false),
        Some(b'-' | b'0'..=b'9') => {
            let end = text.find([',', '}']).unwrap_or(text.len());
            text[..end].parse().map_or(Value::Null, Value::Number)
        }
        _ => Value::Null,
    }
}

impl Row for LayerRow<'_> {
    fn value(&self, property: usize) -> Value<'_> {
        let kind = self.properties.get(property).map_or(Type::Text, |property| property.kind);
        match self.part.slots.get(property) {
            Some(Slot::Id) => Value::Text(Cow::Owned(self.part.id(self.feature))),
            Some(Slot::Constant(value)) => of_json(kind, value),
            Some(Slot::LandUseName) => {
                let code = self.features.land_use(self.feature);
                code.map_or(Value::Null, |entry| Value::Text(Cow::Borrowed(&entry.name_vi)))
            }
            Some(Slot::Own(before)) => raw(self.features.properties(self.feature), before).map_or(Value::Null, |text| of_raw(kind, text)),
            None => Value::Null,
        }
    }

    fn shape(&self) -> Option<Cow<'_, geo::Geometry<f64>>> {
        self.features.shape(self.feature).map(Cow::Owned)
    }

    fn bbox(&self) -> Option<Bbox> {
        self.feature.has_place().then(|| self.feature.bbox())
    }
}

/// What a layer is made from.
struct Basis {
    known: i64,
    city_version: i64,
    generation: u64,
}

/// Which layer of an earlier moment, and of which state of the image.
type PastKey = (&'static str, Wanted, i64, i64, u64);

#[derive(Clone)]
struct ByBytes;

impl Weighter<PastKey, Arc<Layer>> for ByBytes {
    fn weight(&self, _: &PastKey, layer: &Arc<Layer>) -> u64 {
        let made = layer.parts.iter().map(|part| match &part.source {
            Source::Stored(_) => 4_096,
            Source::Made(features, _) => features.weight() + 4_096,
        });
        made.sum()
    }
}

/// Layers in memory.
pub struct Layers {
    now: RwLock<HashMap<&'static str, Arc<Layer>>>,
    past: Cache<PastKey, Arc<Layer>, ByBytes>,
    outlines: Cache<Digest, Arc<str>>,
    /// Held while one is made, so that a crowd makes it once.
    making: tokio::sync::Mutex<()>,
}

impl Default for Layers {
    fn default() -> Self {
        Self {
            now: RwLock::default(),
            past: Cache::with_weighter(64, PAST_BYTES, ByBytes),
            outlines: Cache::new(4_096),
            making: tokio::sync::Mutex::new(()),
        }
    }
}

/// A decimal number that is whole loses its point in some clients: numbers that may be fractional
/// always have one.
fn pointed(properties: &mut Map<String, Json>, list: &[Property]) {
    for property in list.iter().filter(|property| property.kind == Type::Number) {
        if let Some(value) = properties.get_mut(property.name.as_ref())
            && let Some(number) = value.as_f64()
        {
            *value = json!(number);
        }
    }
}

impl ReadModel {
    /// When something of the collection was last recorded, as far as this node knows.
    pub fn known(&self, collection: &Collection) -> i64 {
        self.basis(collection).known
    }

    fn basis(&self, collection: &Collection) -> Basis {
        let image = self.image();
        let known = collection.sources.iter().map(|name| image.changed(name)).max().unwrap_or_else(|| image.city_changed());
        Basis { known, city_version: image.city_version, generation: image.generation }
    }

    /// A collection's features; made anew where what is in memory no longer holds.
    pub async fn layer(&self, collection: &'static Collection, wanted: Wanted, moment: &Moment) -> Result<Arc<Layer>, StoreError> {
        let now = wanted.now.and_then(|seconds| Timestamp::from_second(seconds).ok()).unwrap_or(moment.now);
        let is_now = wanted.when == When::Now && (wanted.as_of.is_none() || wanted.now.is_some());
        let basis = self.basis(collection);
        // Everything that is known was known by then.
        let as_of = wanted.as_of.filter(|at| *at < basis.known);
        if is_now && as_of.is_none() {
            let held = |basis: &Basis| {
                let known = self.layers.now.read().unwrap_or_else(PoisonError::into_inner).get(collection.name).cloned();
                known.filter(|layer| layer.holds(basis, now) && wanted.as_of.is_none_or(|at| layer.known <= at))
            };
            if let Some(layer) = held(&basis) {
                return Ok(layer);
            }
            if wanted.now.is_none() {
                let _making = self.layers.making.lock().await;
                if let Some(layer) = held(&self.basis(collection)) {
                    return Ok(layer);
                }
                let layer = Arc::new(self.make(collection, When::Now, None, Moment::new(now, moment.zone.clone())).await?);
                self.layers.now.write().unwrap_or_else(PoisonError::into_inner).insert(collection.name, Arc::clone(&layer));
                return Ok(layer);
            }
        }
        let key = (collection.name, wanted, basis.known, basis.city_version, basis.generation);
        // What was shown then is seen from then, and stays so; what is seen from now ends with the day.
        let (seen, stays) = match (wanted.now, wanted.as_of) {
            (Some(_), _) => (now, true),
            (None, Some(at)) if wanted.when == When::Now => (moment_of(at), true),
            _ => (now, false),
        };
        let held = || self.layers.past.get(&key).filter(|layer| stays || layer.ends.is_none_or(|ends| now < ends));
        if let Some(layer) = held() {
            return Ok(layer);
        }
        let _making = self.layers.making.lock().await;
        if let Some(layer) = held() {
            return Ok(layer);
        }
        // What is asked for as of the page's own moment is cut there, should more have come meanwhile.
        let as_of = wanted.as_of.filter(|at| *at < self.basis(collection).known);
        let layer = Arc::new(self.make(collection, wanted.when, as_of, Moment::new(seen, moment.zone.clone())).await?);
        self.layers.past.insert(key, Arc::clone(&layer));
        Ok(layer)
    }

    /// Views of the items that belong into a layer, by code and revision.
    fn views(&self, collection: &Collection, when: When, as_of: Option<i64>, moment: &Moment) -> (Vec<View>, Basis) {
        let image = self.image();
        let (names, features) = (&collection.sources, matches!(collection.content, Content::Features(_)));
        let known = names.iter().map(|name| image.changed(name)).max().unwrap_or_else(|| image.city_changed());
        let mut views = Vec::new();
        for (_, entry) in names.iter().flat_map(|name| image.collection(name)) {
            let past = as_of.map(|at| entry.item.as_of(at));
            let item = match &past {
                None => &entry.item,
                Some(Some(item)) => item,
                Some(None) => continue,
            };
            match when {
                When::Now => views.extend(item.view(None, moment).filter(|view| !features || view.status == Status::InForce)),
                When::On(day) => {
                    let then = Moment { today: day, ..moment.clone() };
                    let holding = item.holding(Some(day), Some(day), moment);
                    views.extend(holding.into_iter().filter_map(|number| item.view(Some(number), &then)));
                }
                When::Between(from, to) => {
                    let holding = item.holding(from, to, moment);
                    views.extend(holding.into_iter().filter_map(|number| item.view(Some(number), moment)));
                }
            }
        }
        if features {
            views.retain(|view| view.features.is_some() && !view.outline_only);
        }
        views.sort_by_key(|view| (view.code, view.revision));
        (views, Basis { known, city_version: image.city_version, generation: image.generation })
    }

    async fn make(&self, collection: &'static Collection, when: When, as_of: Option<i64>, moment: Moment) -> Result<Layer, StoreError> {
        let (views, basis) = self.views(collection, when, as_of, &moment);
        let city = Arc::clone(&self.image().city);
        let url = city.public_url.clone();
        let ends = match when {
            When::Now => views.iter().filter_map(|view| view.next_change).chain(self.next_change(collection, &moment)).min(),
            // What held on a day does not change by itself; what a point says of itself may.
            _ => views.iter().filter_map(|view| view.next_change).min(),
        };
        let parts = match collection.content {
            Content::Items(..) => vec![self.items(collection, &views, matches!(when, When::Between(..)), &url).await?],
            Content::Features(_) => views.iter().filter_map(|view| set_of(collection, view, &url)).collect(),
            Content::Units => {
                let holds = |unit: &&Unit| match when {
                    When::Now => true,
                    When::On(day) => unit.is_valid_on(day),
                    When::Between(from, to) => {
                        to.is_none_or(|to| unit.valid_from <= to) && from.is_none_or(|from| unit.valid_to.is_none_or(|last| from <= last))
                    }
                };
                vec![made(collection, city.units.0.iter().filter(holds).map(unit_row).collect())]
            }
        };
        let interval = interval(&views, &city.units.0, collection);
        Ok(Layer { interval, ends, ..Layer::of(collection, parts, &basis, moment.now) })
    }

    /// Items as one part, under their codes or, of several revisions, under code and number.
    async fn items(&self, collection: &Collection, views: &[View], numbered: bool, url: &str) -> Result<Part, StoreError> {
        let mut rows = Vec::with_capacity(views.len());
        for view in views {
            let outline = self.outline(view).await?;
            let (mut properties, geometry) = geojson::parts(view, outline.as_deref(), url);
            pointed(&mut properties, &collection.properties);
            let key = if numbered { format!("{}-{}", view.code, view.revision) } else { view.code.to_string() };
            rows.push((key, properties, geometry));
        }
        Ok(made(collection, rows))
    }

    /// One item by itself: the features of its set, or the item.
    pub async fn layer_of(&self, view: &View, moment: &Moment) -> Result<Option<Layer>, StoreError> {
        let (url, city_version, generation) = {
            let image = self.image();
            (image.city.public_url.clone(), image.city_version, image.generation)
        };
        let basis = Basis { known: view.updated.as_microsecond(), city_version, generation };
        let set = view.feature_collection.filter(|_| view.features.is_some() && !view.outline_only).and_then(self::collection);
        let (collection, part) = match set {
            Some(collection) => (Some(collection), set_of(collection, view, &url)),
            None => match self::collection(view.collection) {
                Some(collection) => (Some(collection), Some(self.items(collection, std::slice::from_ref(view), false, &url).await?)),
                None => (None, None),
            },
        };
        Ok(collection.zip(part).map(|(collection, part)| Layer::of(collection, vec![part], &basis, moment.now)))
    }

    /// The next moment at which items that are not shown yet come into a collection of features.
    fn next_change(&self, collection: &Collection, moment: &Moment) -> Option<Timestamp> {
        let Content::Features(_) = collection.content else { return None };
        let image = self.image();
        let items = collection.sources.iter().flat_map(|name| image.collection(name));
        items.filter_map(|(_, entry)| entry.item.view(None, moment)?.next_change).min()
    }

    /// The outline of an item's set, kept as long as there is room: sets come and go.
    async fn outline(&self, view: &View) -> Result<Option<Arc<str>>, StoreError> {
        let Some(set) = view.features.as_ref().filter(|_| view.position.is_none()) else { return Ok(None) };
        if let Some(outline) = self.layers.outlines.get(&set.sha256) {
            return Ok(Some(outline));
        }
        match self.features(set.sha256).await {
            Ok(features) => {
                let made = tokio::task::spawn_blocking(move || Arc::<str>::from(features.outline())).await;
                let outline = made.map_err(|error| StoreError::Damaged(error.to_string()))?;
                self.layers.outlines.insert(set.sha256, Arc::clone(&outline));
                Ok(Some(outline))
            }
            // One damaged set does not take the others away.
            Err(StoreError::Damaged(what)) => {
                tracing::error!("{what}");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// First and last day on which something of a collection holds.
fn interval(views: &[View], units: &[Unit], collection: &Collection) -> (Option<Date>, Option<Date>) {
    let days: Vec<(Date, Option<Date>)> = if collection.content == Content::Units {
        units.iter().map(|unit| (unit.valid_from, unit.valid_to)).collect()
    } else {
        views.iter().flat_map(|view| view.history.iter().map(|entry| (entry.effective_from, entry.effective_to))).collect()
    };
    let last = days.iter().map(|(_, to)| *to).collect::<Option<Vec<_>>>().and_then(|ends| ends.into_iter().max());
    (days.iter().map(|(from, _)| *from).min(), last)
}

/// The features of an item's set as a part.
fn set_of(collection: &Collection, view: &View, url: &str) -> Option<Part> {
    let set = view.features.clone()?;
    let mut constants = geojson::shared(view, url);
    constants.insert(view.family.into(), json!(view.code));
    let part = Part::new(collection, Head::of(view, url), constants, Source::Stored(set));
    Some(Part { code: Some(view.code), revision: view.revision, version: Some(Version::of(view)), ..part })
}

fn unit_row(unit: &Unit) -> (String, Map<String, Json>, String) {
    let successors = unit.successors.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let properties = BTreeMap::from([
        ("kind", json!(unit.kind)),
        ("name", json!(unit.name_vi)),
        ("name_en", json!(unit.name_en)),
        ("successors", json!((!successors.is_empty()).then_some(successors))),
        ("valid_from", json!(unit.valid_from)),
        ("valid_to", json!(unit.valid_to)),
    ]);
    (unit.id.to_string(), properties.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(), geojson::point(unit.label))
}

fn made(collection: &Collection, rows: Vec<(String, Map<String, Json>, String)>) -> Part {
    let mut keys = Vec::with_capacity(rows.len());
    let mut items = Vec::with_capacity(rows.len());
    for (key, properties, geometry) in rows {
        keys.push(key);
        let text = Json::Object(properties).to_string();
        items.push((text[1..text.len() - 1].to_owned(), geometry));
    }
    let source = Source::Made(Arc::new(Features::of_items(&items)), keys);
    Part::new(collection, Head::bare(), Map::new(), source)
}
