//! Selects the features of a layer that a request wants, sorts them, and picks those on its page.

use std::cmp::Ordering;
use std::sync::Arc;

use geo::{Contains, Intersects};
use rayon::prelude::*;
use tokio::task::block_in_place;

use super::crs::{Area, System};
use super::query::{After, ItemsQuery};
use crate::cql2::{Filter, Row, Value};
use crate::domain::publication::view::Moment;
use crate::event_store::StoreError;
use crate::features::Features;
use crate::http::Site;
use crate::http::errors::HttpError;
use crate::http::reading::Form;
use crate::read_model::layers::{Layer, LayerKey, LayerRow, Part, When};

/// Most features that are checked or sorted without spreading the work over the cores.
const SHORT_WORK: usize = 4_000;
/// Largest number of filter terms times features that a request may cost.
const MOST_WORK: usize = 50_000_000;
/// Largest number of filter terms times features that is checked at once, without moving other tasks aside.
const SHORT_FILTER: usize = 20_000;
/// Most features that are sorted.
const MOST_SORTED: usize = 2_000_000;

/// A page of features.
pub struct Page {
    /// The layer.
    pub layer: Arc<Layer>,
    /// Feature sets of the layer's parts; `None` for a part with nothing on the page.
    pub sets: Vec<Option<Arc<Features>>>,
    /// Part number and feature index of each feature on the page.
    pub picks: Vec<(usize, usize)>,
    /// Number of wanted features on all pages together.
    pub matched: usize,
}

/// The conditions that a feature must meet.
struct Conditions {
    area: Option<Area>,
    filters: Vec<Filter>,
    terms: usize,
}

impl Conditions {
    fn of(ask: &ItemsQuery) -> Self {
        let filters: Vec<Filter> = ask.filter.iter().chain(&ask.equal).cloned().collect();
        let area = ask.area.clone().or_else(|| {
            // Nothing outside the box of a filter's shape can match.
            let bbox = filters.iter().find_map(Filter::bbox)?;
            Some(Area { bbox, bent: None })
        });
        Self { area, terms: filters.iter().map(Filter::terms).sum(), filters }
    }

    fn is_plain(&self) -> bool {
        self.area.is_none() && self.filters.is_empty()
    }

    fn holds(&self, layer: &Layer, part: &Part, features: &Features, index: usize) -> bool {
        let feature = &features.list[index];
        let row = LayerRow { properties: &layer.collection.properties, part, features, feature };
        self.filters.iter().all(|filter| filter.wants(&row)) && self.area.as_ref().is_none_or(|area| meets(area, &row))
    }

    /// Indices of the features that need checking: all of them, or those in the area.
    fn candidates(&self, part: &Part, features: &Features) -> Vec<usize> {
        let look = || self.area.as_ref().map_or_else(|| (0..features.list.len()).collect(), |area| features.within(&area.bbox));
        let share = self.area.as_ref().map_or(1.0, |area| part.share(&area.bbox));
        if features.list.len() as f64 * share < SHORT_WORK as f64 { look() } else { block_in_place(look) }
    }

    /// Corners of a bent area. Checking a corner for a feature costs about as much as a term of a filter.
    fn corners(&self) -> usize {
        self.area.as_ref().and_then(|area| area.bent.as_ref()).map_or(0, |bent| bent.exterior().0.len())
    }

    /// Those of the candidates that are wanted, in their order.
    fn among(&self, found: Vec<usize>, layer: &Layer, part: &Part, features: &Features) -> Vec<usize> {
        let is_checked = self.filters.is_empty() && self.area.as_ref().is_none_or(|area| area.bent.is_none());
        if is_checked {
            return found;
        }
        let wanted = |index: &usize| self.holds(layer, part, features, *index);
        if found.len() < SHORT_WORK {
            found.into_iter().filter(wanted).collect()
        } else {
            found.into_par_iter().with_min_len(512).filter(wanted).collect()
        }
    }
}

/// True if a feature meets an area whose shape is bent on the globe.
fn meets(area: &Area, row: &LayerRow<'_>) -> bool {
    let (Some(bent), Some([west, south, east, north])) = (&area.bent, row.bbox()) else { return true };
    let corners = [(west, south), (east, south), (east, north), (west, north)];
    // If all four corners of the feature's box lie inside, so does all of it: the sides of a zone are
    // nearly straight.
    corners.iter().all(|(x, y)| bent.contains(&geo::Coord { x: *x, y: *y }))
        || row.shape().is_some_and(|shape| bent.intersects(shape.as_ref()))
}

fn too_much(features: usize) -> HttpError {
    HttpError::Parameter(sentence!("sorting-too-much", features))
}

/// The wanted features of a part.
enum Found {
    All(usize),
    These(Vec<usize>),
}

impl Found {
    fn count(&self) -> usize {
        match self {
            Self::All(count) => *count,
            Self::These(list) => list.len(),
        }
    }

    /// The features from number `from` up to but not including number `to`.
    fn between(self, from: usize, to: usize) -> Vec<usize> {
        let (from, to) = (from.min(self.count()), to.min(self.count()));
        match self {
            Self::All(_) => (from..to).collect(),
            Self::These(mut list) => {
                list.truncate(to);
                list.drain(..from);
                list
            }
        }
    }
}

/// Finds the features of a request's page. `as_text` is true if the answer is their text without compression.
pub async fn select(site: &Site, layer: Arc<Layer>, ask: &ItemsQuery, as_text: bool) -> Result<Page, HttpError> {
    let is_text = as_text && ask.wanted == LayerKey::NOW && ask.crs == System::Crs84 && ask.form == Form::Json;
    let wish = Conditions::of(ask);
    let is_sorted = !ask.sort.is_empty();
    let (from, to) = (ask.offset, ask.offset.saturating_add(ask.limit));
    let mut page = Page { sets: vec![None; layer.parts.len()], layer, picks: Vec::new(), matched: 0 };
    let mut work = 0;
    for (number, part) in Arc::clone(&page.layer).parts.iter().enumerate() {
        if wish.area.as_ref().is_some_and(|area| !part.may_meet(&area.bbox)) {
            continue;
        }
        if wish.is_plain() && !is_sorted && (page.matched + part.count <= from || page.matched >= to) {
            // Parts that lie wholly before or after the page are counted without being read.
            page.matched += part.count;
            continue;
        }
        let features = if is_text { part.written_features(&site.model).await } else { part.features(&site.model).await };
        let features = match features {
            Ok(features) => features,
            // One damaged set does not block the others. It is counted as if it had not been read.
            Err(StoreError::Damaged(what)) => {
                tracing::error!("{what}");
                page.matched += if wish.is_plain() { part.count } else { 0 };
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let found = if wish.is_plain() {
            Found::All(part.count)
        } else {
            let found = wish.candidates(part, &features);
            work += found.len() * wish.terms;
            if work > MOST_WORK {
                return Err(too_much(found.len()));
            }
            let cost = found.len() * (wish.terms + wish.corners());
            let look = || wish.among(found, &page.layer, part, &features);
            Found::These(if cost < SHORT_FILTER { look() } else { site.at_length(look).await? })
        };
        let known = page.matched;
        page.matched += found.count();
        if is_sorted && page.matched > MOST_SORTED {
            return Err(too_much(page.matched));
        }
        let picked =
            if is_sorted { found.between(0, usize::MAX) } else { found.between(from.saturating_sub(known), to.saturating_sub(known)) };
        if !picked.is_empty() {
            // Sets with nothing on the page are dropped: the data may be larger than memory.
            page.sets[number] = Some(features);
            page.picks.extend(picked.into_iter().map(|index| (number, index)));
        }
    }
    if is_sorted {
        let (keys, limit) = (ask.sort.clone(), ask.limit);
        let is_short = page.picks.len() < SHORT_WORK;
        let sort = move || {
            page.picks = sorted(&page, &keys).into_iter().skip(from).take(limit).collect();
            page
        };
        page = if is_short { sort() } else { site.at_length(sort).await? };
    }
    Ok(page)
}

/// Features with an unknown value come last, in either direction.
fn compare(a: &Value<'_>, b: &Value<'_>, down: bool) -> Ordering {
    let order = match (a, b) {
        (Value::Null, Value::Null) => return Ordering::Equal,
        (Value::Null, _) => return Ordering::Greater,
        (_, Value::Null) => return Ordering::Less,
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::Number(a), Value::Number(b)) => a.total_cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Instant(a), Value::Instant(b)) => a.cmp(b),
        _ => Ordering::Equal,
    };
    if down { order.reverse() } else { order }
}

fn sorted(page: &Page, sort: &[(usize, bool)]) -> Vec<(usize, usize)> {
    let layer = &page.layer;
    let keys = |&(part, index): &(usize, usize)| -> Option<Vec<Value<'_>>> {
        let features = page.sets[part].as_deref()?;
        let row = LayerRow { properties: &layer.collection.properties, part: &layer.parts[part], features, feature: &features.list[index] };
        // The row borrows from the page, so the key takes copies of its texts.
        Some(sort.iter().map(|(property, _)| owned(row.value(*property))).collect())
    };
    let mut keyed: Vec<_> = page.picks.par_iter().with_min_len(512).map(|pick| (keys(pick).unwrap_or_default(), *pick)).collect();
    keyed.par_sort_by(|(a, a_pick), (b, b_pick)| {
        let by_key = sort.iter().zip(a.iter().zip(b)).map(|((_, down), (a, b))| compare(a, b, *down)).find(|order| order.is_ne());
        by_key.unwrap_or_else(|| a_pick.cmp(b_pick))
    });
    keyed.into_iter().map(|(_, pick)| pick).collect()
}

fn owned(value: Value<'_>) -> Value<'static> {
    match value {
        Value::Text(text) => Value::Text(text.into_owned().into()),
        Value::Null => Value::Null,
        Value::Number(number) => Value::Number(number),
        Value::Bool(truth) => Value::Bool(truth),
        Value::Instant(at) => Value::Instant(at),
    }
}

/// The token of the next page, if there is one.
pub(super) fn next(ask: &ItemsQuery, page: &Page, moment: &Moment) -> Option<After> {
    let offset = ask.offset + ask.limit;
    if page.matched <= offset {
        return None;
    }
    // The later pages keep the knowledge and the day of the first page.
    let known = ask.wanted.as_of.unwrap_or(page.layer.known);
    let names_its_time = ask.wanted.when != When::Now || (ask.wanted.as_of.is_some() && ask.wanted.now.is_none());
    let now = if names_its_time { None } else { Some(ask.wanted.now.unwrap_or(moment.now.as_second())) };
    Some(After { known, now, offset })
}

/// The token of the page before this one.
pub(super) fn previous(ask: &ItemsQuery, page: &Page) -> Option<After> {
    let known = ask.wanted.as_of.unwrap_or(page.layer.known);
    (ask.offset > 0).then(|| After { known, now: ask.wanted.now, offset: ask.offset.saturating_sub(ask.limit) })
}
