//! Makes layers, and keeps those that still hold.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use jiff::civil::Date;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use serde_json::{Map, Value as Json, json};
use tokio::task::block_in_place;

use super::chosen::{Chosen, ChosenBytes, ChosenKey};
use super::{Basis, Collection, Content, Layer, LayerKey, Part, Source, Version, When};
use crate::domain::Digest;
use crate::domain::publication::Status;
use crate::domain::publication::view::Moment;
use crate::domain::publication::view::View;
use crate::domain::publication::view::moment_of;
use crate::domain::schema::{Property, Type};
use crate::domain::unit::Unit;
use crate::event_store::StoreError;
use crate::features::Features;
use crate::features::geojson;
use crate::features::geojson::FeatureHead;
use crate::read_model::ReadModel;

/// Most memory for layers of earlier moments, bytes.
const PAST_BYTES: u64 = 32 << 20;
/// Key of a layer of an earlier moment: the collection, what was wanted, and the image's state (last change of
/// the collection, of the city, generation).
type PastKey = (&'static str, LayerKey, i64, i64, u64);

/// Most memory for sets of which a collection holds a part, bytes.
const CHOSEN_BYTES: u64 = 128 << 20;

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
    pub(super) chosen: Cache<ChosenKey, Chosen, ChosenBytes>,
    /// Held while a layer is made, so that many requests at once make it only once.
    making: tokio::sync::Mutex<()>,
}

impl Default for Layers {
    fn default() -> Self {
        Self {
            now: RwLock::default(),
            past: Cache::with_weighter(64, PAST_BYTES, ByBytes),
            outlines: Cache::new(4_096),
            chosen: Cache::with_weighter(64, CHOSEN_BYTES, ChosenBytes),
            making: tokio::sync::Mutex::new(()),
        }
    }
}

impl Layers {
    /// True if features under that head are shown now.
    pub fn show(&self, head: &FeatureHead) -> bool {
        let now = self.now.read().unwrap_or_else(PoisonError::into_inner);
        now.values().any(|layer| layer.parts.iter().any(|part| part.head == *head))
    }
}

/// Some clients treat a whole decimal number as an integer, so numbers that may have a fraction always get a
/// decimal point.
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
    /// When something in the collection was last recorded, as far as this node knows; microseconds since 1970.
    pub fn known(&self, collection: &Collection) -> i64 {
        self.basis(collection).known
    }

    fn basis(&self, collection: &Collection) -> Basis {
        let image = self.image();
        let known = collection.sources.iter().map(|name| image.changed(name)).max().unwrap_or_else(|| image.city_changed());
        Basis { known, city_version: image.city_version, generation: image.generation }
    }

    /// A layer of a collection, remade if the one in memory no longer holds.
    pub async fn layer(&self, collection: &'static Collection, wanted: LayerKey, moment: &Moment) -> Result<Arc<Layer>, StoreError> {
        let now = wanted.now.and_then(|seconds| Timestamp::from_second(seconds).ok()).unwrap_or(moment.now);
        let is_now = wanted.when == When::Now && (wanted.as_of.is_none() || wanted.now.is_some());
        let basis = self.basis(collection);
        // If nothing was recorded since then, everything known was known by then.
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
        // A layer as shown at an earlier moment is made for that moment and never changes. One that is made for
        // the present moment is out of date when something in it changes.
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
        // If more was recorded meanwhile, a layer as of the page's own moment leaves it out.
        let as_of = wanted.as_of.filter(|at| *at < self.basis(collection).known);
        let layer = Arc::new(self.make(collection, wanted.when, as_of, Moment::new(seen, moment.zone.clone())).await?);
        self.layers.past.insert(key, Arc::clone(&layer));
        Ok(layer)
    }

    /// Views of the items that belong in a layer, sorted by code and revision.
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
            views.retain(|view| view.set_of(collection.further).is_some());
        }
        views.sort_by_key(|view| (view.code, view.revision));
        (views, Basis { known, city_version: image.city_version, generation: image.generation })
    }

    async fn make(&self, collection: &'static Collection, when: When, as_of: Option<i64>, moment: Moment) -> Result<Layer, StoreError> {
        let (views, basis) = block_in_place(|| self.views(collection, when, as_of, &moment));
        let city = Arc::clone(&self.image().city);
        let url = city.public_url.clone();
        let ends = match when {
            When::Now => views.iter().filter_map(|view| view.next_change).chain(self.next_change(collection, &moment)).min(),
            // The items that held on a day do not change by themselves, but a point's own status may.
            _ => views.iter().filter_map(|view| view.next_change).min(),
        };
        let parts = match collection.content {
            Content::Items(..) => vec![self.items(collection, &views, matches!(when, When::Between(..)), &url).await?],
            Content::Features(_) => {
                let mut parts = Vec::with_capacity(views.len());
                for view in &views {
                    parts.extend(self.part_of(collection, view, &url).await?);
                }
                parts
            }
            Content::Values => {
                let boundaries = match &city.boundaries {
                    Some(set) => self.readable(set.sha256).await?,
                    None => None,
                };
                vec![block_in_place(|| made(collection, self.values(when, as_of, &moment, boundaries.as_deref())))]
            }
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

    /// Items as one part. The key of each is its code, or code and revision if `numbered`.
    async fn items(&self, collection: &Collection, views: &[View], numbered: bool, url: &str) -> Result<Part, StoreError> {
        let mut rows = Vec::with_capacity(views.len());
        for view in views {
            let outline = self.outline(view).await?;
            let (mut properties, geometry) = geojson::parts(view, outline.as_deref(), url);
            pointed(&mut properties, &collection.properties);
            let key = if numbered { format!("{}-{}", view.code, view.revision) } else { view.code.to_string() };
            rows.push((key, properties, geometry));
        }
        Ok(block_in_place(|| made(collection, rows)))
    }

    /// A layer of one item: the features of its set, or the item itself.
    pub async fn layer_of(&self, view: &View, moment: &Moment) -> Result<Option<Layer>, StoreError> {
        let (url, city_version, generation) = {
            let image = self.image();
            (image.city.public_url.clone(), image.city_version, image.generation)
        };
        let basis = Basis { known: view.updated.as_microsecond(), city_version, generation };
        let set = view.feature_collection.filter(|_| view.set_of(None).is_some()).and_then(super::collection);
        let (collection, part) = match set {
            Some(collection) => (Some(collection), self.part_of(collection, view, &url).await?),
            None => match super::collection(view.collection) {
                Some(collection) => (Some(collection), Some(self.items(collection, std::slice::from_ref(view), false, &url).await?)),
                None => (None, None),
            },
        };
        Ok(collection.zip(part).map(|(collection, part)| Layer::of(collection, vec![part], &basis, moment.now)))
    }

    /// The layers of one item besides `first`: the other collections of features that its sets belong in.
    pub async fn other_layers_of(&self, view: &View, first: &Layer, moment: &Moment) -> Result<Vec<Layer>, StoreError> {
        let (url, city_version, generation) = {
            let image = self.image();
            (image.city.public_url.clone(), image.city_version, image.generation)
        };
        let basis = Basis { known: view.updated.as_microsecond(), city_version, generation };
        let own =
            super::collections().iter().filter(|own| own.content == Content::Features(view.family) && own.name != first.collection.name);
        let mut layers = Vec::new();
        for collection in own {
            if let Some(part) = self.part_of(collection, view, &url).await? {
                layers.push(Layer::of(collection, vec![part], &basis, moment.now));
            }
        }
        Ok(layers)
    }

    /// The features of an item's set that belong in the collection, as a part; none where there are none.
    async fn part_of(&self, collection: &Collection, view: &View, url: &str) -> Result<Option<Part>, StoreError> {
        let Some(set) = view.set_of(collection.further).cloned() else { return Ok(None) };
        let mut constants = geojson::shared(view, url);
        constants.insert(view.family.into(), json!(view.code));
        let Some(source) = self.source_of(collection, view, set).await? else { return Ok(None) };
        let part = Part::new(collection, FeatureHead::of(view, collection.further, url), constants, source);
        Ok(Some(Part { code: Some(view.code), revision: view.revision, version: Some(Version::of(view)), ..part }))
    }

    /// The next moment at which an item in the collection's sources changes by itself; only for collections of
    /// features.
    fn next_change(&self, collection: &Collection, moment: &Moment) -> Option<Timestamp> {
        let Content::Features(_) = collection.content else { return None };
        let image = self.image();
        let items = collection.sources.iter().flat_map(|name| image.collection(name));
        items.filter_map(|(_, entry)| entry.item.view(None, moment)?.next_change).min()
    }

    /// The outline of an item's set. It is cached, within limits.
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
            // One damaged set must not hide the others.
            Err(StoreError::Damaged(what)) => {
                tracing::error!("{what}");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// First and last day on which something in a collection holds.
fn interval(views: &[View], units: &[Unit], collection: &Collection) -> (Option<Date>, Option<Date>) {
    let days: Vec<(Date, Option<Date>)> = if collection.content == Content::Units {
        units.iter().map(|unit| (unit.valid_from, unit.valid_to)).collect()
    } else {
        views.iter().flat_map(|view| view.history.iter().map(|entry| (entry.effective_from, entry.effective_to))).collect()
    };
    let last = days.iter().map(|(_, to)| *to).collect::<Option<Vec<_>>>().and_then(|ends| ends.into_iter().max());
    (days.iter().map(|(from, _)| *from).min(), last)
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
    Part::new(collection, FeatureHead::bare(), Map::new(), source)
}
