//! Search over published items, the city's units of all generations, landmarks, and participating places of
//! campaigns. Words match without diacritics; a query that finds nothing gets a near miss proposed.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock, PoisonError};

use jiff::civil::Date;
use serde_json::Value;

use super::ReadModel;
pub use super::words::query_words;
use super::words::{holds, marked_words, plain, unpadded, words_of};
use crate::domain::Code;
use crate::domain::city::City;
use crate::domain::publication::Status;
use crate::domain::publication::view::Moment;
use crate::domain::publication::view::Shown;
use crate::domain::publication::view::View;
use crate::domain::unit::{Unit, UnitId};
use crate::event_store::StoreError;
use crate::geometry::Position;
use crate::words::copied::untailed;
use crate::words::fold::bare_number;
use crate::words::fold::distance;
use crate::words::fold::fold;

/// Most words of the vocabulary that a typed word is compared with.
const COMPARED: usize = 200_000;

/// A search result.
#[derive(Debug, Clone, PartialEq)]
pub enum Hit {
    /// A published item.
    Item(Code),
    /// A unit of any generation.
    Unit(UnitId),
    /// A landmark, by its position in the city's list.
    Landmark(usize),
    /// A participating place of a campaign: the campaign's code, the place's name, its position.
    Place(Code, String, Position),
}

/// Something that can be found, with the words that find it.
struct Entry {
    hit: Hit,
    /// Folded words of the name, each after a blank.
    name: String,
    /// Folded words of everything else, each after a blank.
    rest: String,
    /// The words of the name and the rest as written, for proposals.
    written: String,
    /// The words with diacritics, kept with them, each after a blank.
    marked: String,
    /// Order among equal matches: items in force before others, items before places.
    rank: u8,
    /// Time of the last change, microseconds since 1970.
    updated: i64,
}

/// Everything that can be found at one position of the log, on one day.
pub struct Index {
    position: i64,
    /// Position of the city's last change: units are found by the names they have now.
    city_version: i64,
    today: Date,
    entries: Vec<Arc<Entry>>,
    /// Entries of items with the item's version, so that the next index can reuse them.
    by_item: HashMap<Code, (i64, Arc<Entry>)>,
    /// Folded words, and how often each occurs.
    vocabulary: OnceLock<BTreeMap<String, usize>>,
}

/// The item's code if the query is one: as printed, with a board's mark, or as the address of the item's page.
fn code_of(query: &str) -> Option<Code> {
    let last = untailed(query.trim()).rsplit('/').next()?;
    let code = last.split(['.', '?']).next()?;
    code.parse().ok()
}

/// How likely a typing slip is, for ranking proposals. Leaving letters out or exchanging two is most likely
/// (0), then typing one twice (1), then a wrong letter (2).
fn slip(typed: &str, meant: &str) -> u8 {
    let within = |short: &str, long: &str| {
        let mut letters = long.chars();
        short.chars().all(|c| letters.any(|other| other == c))
    };
    let letters = |text: &str| {
        let mut letters: Vec<char> = text.chars().collect();
        letters.sort_unstable();
        letters
    };
    if within(typed, meant) || letters(typed) == letters(meant) {
        0
    } else if within(meant, typed) {
        1
    } else {
        2
    }
}

/// Names of a unit, of the units it became and of those it was before, because people use all of them.
fn names_of(city: &City, id: &UnitId, today: Date) -> String {
    let own = city.units.at(id, today).into_iter().chain(city.units.get(id));
    let became = |before: &&Unit| !before.is_valid_on(today) && city.units.at(&before.id, today).iter().any(|now| now.id == *id);
    let before = city.units.0.iter().filter(became);
    let mut names: Vec<&str> = own.chain(before).flat_map(|unit| [unit.name_vi.as_str(), unit.name_en.as_str()]).collect();
    names.sort_unstable();
    names.dedup();
    names.join(" ")
}

fn entry_of(city: &City, view: &View, today: Date, kinds: &dyn Fn(&str) -> String) -> Entry {
    let mut rest = vec![kinds(view.kind), view.code.to_string(), view.summary.clone().unwrap_or_default()];
    rest.extend(view.facts.iter().filter_map(|fact| match &fact.value {
        Shown::Text(text) => Some(text.clone()),
        // As pages write it beside a decision's number.
        Shown::Date(date) => Some(format!("ngày {}", crate::words::format::date(*date))),
        _ => None,
    }));
    rest.extend(view.units.iter().map(|id| names_of(city, id, today)));
    rest.extend(view.documents.iter().map(|document| document.title.clone()));
    // A decision's number as claims compare it: “80A/QĐ-UBND” is “80-A/QĐ-UBND”.
    let number = match view.fact("decision") {
        Some(Shown::Text(number)) => bare_number(number),
        _ => String::new(),
    };
    rest.push(number);
    let rest = rest.join(" ");
    let rank = match view.status {
        Status::InForce => 0,
        Status::Upcoming => 1,
        _ => 3,
    };
    Entry {
        hit: Hit::Item(view.code),
        name: words_of(&view.title),
        rest: words_of(&rest) + &unpadded(&words_of(&format!("{} {rest}", view.title))),
        marked: marked_words(&format!("{} {rest}", view.title)),
        written: crate::words::alike::read(&format!("{} {rest}", view.title)).into_owned(),
        rank,
        updated: view.updated.as_microsecond(),
    }
}

fn place_entry(hit: Hit, name: &str, rest: &str, rank: u8) -> Arc<Entry> {
    let written = format!("{name} {rest}");
    Arc::new(Entry { hit, name: words_of(name), rest: words_of(rest), marked: marked_words(&written), written, rank, updated: 0 })
}

/// What an index is made from: everything as of at least one position of the log.
struct Material {
    position: i64,
    city: Arc<City>,
    city_version: i64,
    /// Items: code, version, and the view if the item must be indexed anew.
    items: Vec<(Code, i64, Option<View>)>,
    /// Participating places: campaign, name, address, position.
    places: Vec<(View, String, String, Position)>,
}

impl Index {
    fn build(before: Option<&Self>, material: Material, today: Date, kinds: &dyn Fn(&str) -> String) -> Self {
        let Material { position, city, city_version, items, places } = material;
        let mut by_item = HashMap::with_capacity(items.len());
        let mut entries = Vec::with_capacity(items.len());
        for (code, version, view) in items {
            let entry = match (view, before.and_then(|index| index.by_item.get(&code))) {
                (Some(view), _) => Arc::new(entry_of(&city, &view, today, kinds)),
                (None, Some((_, known))) => Arc::clone(known),
                (None, None) => continue,
            };
            entries.push(Arc::clone(&entry));
            by_item.insert(code, (version, entry));
        }
        for unit in &city.units.0 {
            let now = city.units.at(&unit.id, today).iter().map(|unit| unit.name_vi.as_str()).collect::<Vec<_>>().join(" ");
            let rest = format!("{} {} {now}", unit.name_en, unit.id);
            entries.push(place_entry(Hit::Unit(unit.id.clone()), &unit.name_vi, &rest, if unit.is_valid_on(today) { 1 } else { 2 }));
        }
        for (i, landmark) in city.landmarks.iter().enumerate() {
            entries.push(place_entry(Hit::Landmark(i), &landmark.name_vi, &landmark.name_en, 1));
        }
        for (campaign, name, rest, at) in places {
            entries.push(place_entry(Hit::Place(campaign.code, name.clone(), at), &name, &format!("{rest} {}", campaign.title), 2));
        }
        Self { position, city_version, today, entries, by_item, vocabulary: OnceLock::new() }
    }

    /// The version at which an item is indexed, if its entry can be reused.
    fn known(&self, code: &Code) -> Option<i64> {
        self.by_item.get(code).map(|(version, _)| *version)
    }

    /// Entries that contain every word of a query, best first.
    pub fn find(&self, query: &str, limit: usize) -> Vec<Hit> {
        if let Some(code) = code_of(query).filter(|code| self.by_item.contains_key(code)) {
            return vec![Hit::Item(code)];
        }
        self.hits(self.places(query, limit, |_| true))
    }

    /// Entries whose name contains every word of a query, best first.
    pub fn named(&self, query: &str, limit: usize) -> Vec<Hit> {
        self.hits(self.places(query, limit, |elsewhere| elsewhere == 0))
    }

    fn hits(&self, places: Vec<usize>) -> Vec<Hit> {
        places.into_iter().map(|i| self.entries[i].hit.clone()).collect()
    }

    /// Indices of the entries that contain every word, best first. `keeps` is given the number of words found
    /// outside the name, and says whether the entry counts.
    fn places(&self, query: &str, limit: usize, keeps: impl Fn(usize) -> bool) -> Vec<usize> {
        let words: Vec<String> = query_words(query).into_iter().map(|word| format!(" {word}")).collect();
        if words.is_empty() {
            return Vec::new();
        }
        let phrase = words.concat();
        // The whole query may be a decision's number.
        let bare = bare_number(query);
        let number = (bare.starts_with(|c: char| c.is_ascii_digit()) && bare.contains(|c: char| c.is_ascii_alphabetic()))
            .then(|| format!(" {bare}"));
        // Diacritics that were typed distinguish words: entries that have them come first.
        let typed = marked_words(&plain(query));
        let typed: Vec<String> = typed.split(' ').filter(|word| !word.is_empty()).map(|word| format!(" {word}")).collect();
        let mut found: Vec<(usize, u8, u8, usize, i64, usize)> = Vec::new();
        for (i, entry) in self.entries.iter().enumerate() {
            let in_name = words.iter().filter(|word| holds(&entry.name, word)).count();
            let is_number = number.as_ref().is_some_and(|number| entry.rest.contains(number));
            let all = is_number || words.iter().all(|word| holds(&entry.name, word) || holds(&entry.rest, word));
            if all && keeps(words.len() - in_name) {
                let as_said = if entry.name.starts_with(&phrase) {
                    0
                } else if entry.name.contains(&phrase) {
                    1
                } else {
                    2
                };
                let otherwise = typed.iter().filter(|word| !entry.marked.contains(word.as_str())).count();
                found.push((otherwise, as_said, entry.rank, words.len() - in_name, -entry.updated, i));
            }
        }
        found.sort_unstable();
        found.into_iter().take(limit).map(|(.., i)| i).collect()
    }

    /// Proposes another spelling for a query that finds nothing. Each unknown word is replaced by the nearest
    /// known one, or by the more frequent of two equally near. The proposal is spelled as the entries it finds
    /// spell it.
    pub fn proposal(&self, query: &str) -> Option<String> {
        let vocabulary = self.vocabulary.get_or_init(|| {
            let mut words: BTreeMap<String, usize> = BTreeMap::new();
            for entry in &self.entries {
                for word in
                    [&entry.name, &entry.rest].into_iter().flat_map(|words| words.split(' ')).filter(|word| word.chars().count() > 1)
                {
                    if let Some(times) = words.get_mut(word) {
                        *times += 1;
                    } else if words.len() < COMPARED {
                        words.insert(word.to_owned(), 1);
                    }
                }
            }
            words
        });
        let typed = query_words(query);
        let nearest = |word: &String| {
            if vocabulary.range(word.clone()..).next().is_some_and(|(known, _)| known.starts_with(word)) {
                return word.clone();
            }
            let most = if word.chars().count() < 5 { 1 } else { 2 };
            let near = vocabulary.iter().filter(|(known, _)| known.len().abs_diff(word.len()) <= most && word.chars().count() > 2);
            let near = near.map(|(known, times)| (distance(word, known), slip(word, known), std::cmp::Reverse(*times), known));
            near.filter(|(away, ..)| *away <= most).min().map_or_else(|| word.clone(), |(_, _, _, known)| known.clone())
        };
        let proposed: Vec<String> = typed.iter().map(nearest).collect();
        if proposed == typed {
            return None;
        }
        let found = &self.entries[*self.places(&proposed.join(" "), 1, |_| true).first()?];
        let written = |word: &String| {
            let mut words = found.written.split(|c: char| !c.is_alphanumeric());
            words
                .find(|known| fold(known) == *word)
                .map_or_else(|| word.clone(), |known| if known.parse::<Code>().is_ok() { known.to_owned() } else { known.to_lowercase() })
        };
        Some(proposed.iter().map(written).collect::<Vec<_>>().join(" "))
    }
}

impl ReadModel {
    /// The current search index, remade if something has changed. `kinds` gives the names of a kind in all
    /// languages.
    pub async fn search_index(&self, moment: &Moment, kinds: &(dyn Fn(&str) -> String + Sync)) -> Result<Arc<Index>, StoreError> {
        let held = || self.search.read().unwrap_or_else(PoisonError::into_inner).clone();
        let fits = |index: &Arc<Index>| index.position == self.image().position && index.today == moment.today;
        if let Some(index) = held().filter(fits) {
            return Ok(index);
        }
        let _making = self.indexing.lock().await;
        let before = held();
        if let Some(index) = before.clone().filter(fits) {
            return Ok(index);
        }
        let (position, city, city_version, codes) = {
            let image = self.image();
            let mut codes: Vec<Code> = image.items().map(|(code, _)| *code).collect();
            codes.sort_unstable();
            (image.position, Arc::clone(&image.city), image.city_version, codes)
        };
        // Entries made on the same day from the same units are reused.
        let before = before.filter(|index| index.today == moment.today && index.city_version == city_version);
        let mut items = Vec::with_capacity(codes.len());
        let mut campaigns = Vec::new();
        tokio::task::block_in_place(|| {
            self.in_turns(&codes, |image, code| {
                let Some(held) = image.entry(code) else { return };
                let is_known = before.as_ref().and_then(|index| index.known(code)) == Some(held.version);
                let has_places = held.item.has_places();
                let view = if is_known && !has_places { None } else { held.item.view(None, moment) };
                campaigns.extend(view.as_ref().filter(|view| has_places && view.status == Status::InForce).cloned());
                items.push((*code, held.version, view.filter(|_| !is_known)));
            });
        });
        let mut places = Vec::new();
        for view in campaigns {
            let Some(set) = view.features.as_ref().filter(|set| set.area_ha.is_none()) else { continue };
            let Some(features) = self.readable(set.sha256).await? else { continue };
            for feature in &features.list {
                let properties = features.parsed_properties(feature);
                let field = |name: &str| properties.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
                if let Some([lon, lat]) = features.point(feature) {
                    places.push((view.clone(), field("name"), field("address"), Position { lon, lat }));
                }
            }
        }
        let material = Material { position, city, city_version, items, places };
        let index = Arc::new(tokio::task::block_in_place(|| Index::build(before.as_deref(), material, moment.today, kinds)));
        *self.search.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&index));
        Ok(index)
    }
}
