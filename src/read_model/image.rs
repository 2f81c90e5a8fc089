//! The memory image: everything that reading needs, folded from the log.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::questions::Questions;
use crate::domain::access::{AccountId, Actor, TokenCreated, TokenEvent, TokenId};
use crate::domain::account::{Account, Accounts};
use crate::domain::city::City;
use crate::domain::families::{DecodeError, Item, LogEvent};
use crate::domain::publication::view::{Moment, View, moment_of};
use crate::domain::report::{ReportEvent, ReportId, ReportReceived};
use crate::domain::subject::{Contact, Shared};
use crate::domain::subject::{SubjectEvent, SubjectId};
use crate::domain::vietqr::Payee;
use crate::domain::{Code, Digest};
use crate::event_store::{StoredEvent, chain};
use crate::words::civil::date_in;

/// An item and the position of its last event.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    /// The item.
    pub item: Item,
    /// Position of the last event that touched it in public; changes whenever its answers may.
    pub version: i64,
    /// The days since its last change with which it begins or ceases to hold.
    #[serde(skip)]
    turns: Vec<Date>,
}

/// The days with which an item turns after it was changed at `at`, microseconds since 1970, wherever the city is.
fn turns(item: &Item, at: i64) -> Vec<Date> {
    let before = date_in(&TimeZone::UTC, moment_of(at)).yesterday().ok();
    let first = before.and_then(|day| item.turns_after(day));
    std::iter::successors(first, |day| item.turns_after(*day)).collect()
}

/// Notes the days with which an item turns instead of those `before`.
fn note_turns(turning: &mut BTreeMap<Date, BTreeSet<Code>>, code: Code, before: &[Date], after: &[Date]) {
    for day in before {
        if let Some(codes) = turning.get_mut(day) {
            codes.remove(&code);
            if codes.is_empty() {
                turning.remove(day);
            }
        }
    }
    for day in after {
        turning.entry(*day).or_default().insert(code);
    }
}

/// Everything that reading needs, in memory. It is cheap to query and has one writer, the follower.
#[derive(Debug, Default)]
pub struct Image {
    /// Position of the last event that was applied.
    pub position: i64,
    /// The hash chain's value at that position.
    pub hash: [u8; 32],
    /// The city's configuration; empty before one is recorded.
    pub city: Arc<City>,
    /// Counts how often the image was rebuilt from another log.
    pub generation: u64,
    /// Position of the city's last change.
    pub city_version: i64,
    /// When the city's last change was recorded, microseconds since 1970.
    city_at: i64,
    /// When something of a collection was last recorded, microseconds since 1970.
    changed: HashMap<&'static str, i64>,
    items: HashMap<Code, Entry>,
    collections: HashMap<&'static str, BTreeSet<Code>>,
    sets: HashSet<Digest>,
    tokens: HashMap<Digest, TokenCreated>,
    token_ids: HashMap<TokenId, Digest>,
    token_persons: HashMap<TokenId, AccountId>,
    /// The office's accounts.
    pub accounts: Accounts,
    consented: HashSet<SubjectId>,
    shared: HashMap<SubjectId, Shared>,
    numbers: HashMap<u32, Code>,
    reports: BTreeMap<ReportId, OpenReport>,
    /// Questions to the desk.
    pub questions: Questions,
    /// Items that wait for a person of the office.
    unsettled: BTreeSet<Code>,
    /// Items by the day with which each turns.
    turning: BTreeMap<Date, BTreeSet<Code>>,
}

/// A resident's report that nobody has dealt with yet; its words are in the vault.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OpenReport {
    /// The report.
    pub received: ReportReceived,
    /// When it came in, microseconds since 1970.
    pub at: i64,
}

/// What the follower must do after applying an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    None,
    /// The city's configuration changed.
    City,
    /// What a person shares may be shown now: it must be fetched from the vault.
    Shared(SubjectId),
}

impl Image {
    /// An image before the first event.
    pub fn empty() -> Self {
        Self { hash: chain::GENESIS, ..Self::default() }
    }

    /// Applies the next event of the log. Errors: the event cannot be decoded.
    pub fn apply(&mut self, stored: &StoredEvent) -> Result<Effect, DecodeError> {
        let event = LogEvent::decode(&stored.event.name, stored.event.version, &stored.event.payload)?;
        let effect = self.apply_event(event, stored);
        self.position = stored.position;
        self.hash = stored.hash;
        Ok(effect)
    }

    /// Applies an event that is already decoded.
    pub fn apply_event(&mut self, event: LogEvent, stored: &StoredEvent) -> Effect {
        match event {
            LogEvent::Item(event) => {
                let Some((family, code)) = stored.event.aggregate.split_once('/') else { return Effect::None };
                let Ok(code) = code.parse::<Code>() else { return Effect::None };
                let entry = match self.items.entry(code) {
                    std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
                    std::collections::hash_map::Entry::Vacant(place) => {
                        let Some(item) = Item::new(family) else { return Effect::None };
                        place.insert(Entry { item, version: 0, turns: Vec::new() })
                    }
                };
                let is_private = event.is_private();
                entry.item.apply_at(event, stored.recorded_at);
                if entry.item.proposal().is_some() || entry.item.unseconded().is_some() {
                    self.unsettled.insert(code);
                } else {
                    self.unsettled.remove(&code);
                }
                // Answers to the public stay as they were.
                if is_private {
                    return Effect::None;
                }
                entry.version = stored.position;
                let before = std::mem::replace(&mut entry.turns, turns(&entry.item, stored.recorded_at));
                note_turns(&mut self.turning, code, &before, &entry.turns);
                if let Some(collection) = entry.item.collection() {
                    self.collections.entry(collection).or_default().insert(code);
                    self.changed.insert(collection, stored.recorded_at);
                    self.sets.extend(entry.item.sets());
                    self.numbers.extend(entry.item.number().map(|number| (number, code)));
                }
                Effect::None
            }
            LogEvent::City(event) => {
                let (crate::domain::city::CityEvent::Recorded(recorded) | crate::domain::city::CityEvent::Changed(recorded)) = event;
                self.city = Arc::new(*recorded.city);
                self.city_version = stored.position;
                self.city_at = stored.recorded_at;
                Effect::City
            }
            LogEvent::Token(TokenEvent::Created(created)) => {
                self.token_ids.insert(created.token.clone(), created.sha256);
                self.tokens.insert(created.sha256, created);
                Effect::None
            }
            LogEvent::Token(TokenEvent::Tied(tied)) => {
                self.token_persons.insert(tied.token, tied.person);
                Effect::None
            }
            LogEvent::Token(TokenEvent::Revoked(revoked)) => {
                if let Some(digest) = self.token_ids.remove(&revoked.token) {
                    self.tokens.remove(&digest);
                }
                Effect::None
            }
            LogEvent::Account(event) => {
                self.accounts.apply_at(&event, stored.recorded_at);
                Effect::None
            }
            LogEvent::Subject(SubjectEvent::ConsentRecorded(recorded)) => {
                self.consented.insert(recorded.subject.clone());
                Effect::Shared(recorded.subject)
            }
            LogEvent::Subject(SubjectEvent::ConsentWithdrawn(named) | SubjectEvent::Erased(named)) => {
                self.consented.remove(&named.subject);
                self.shared.remove(&named.subject);
                Effect::None
            }
            LogEvent::Report(event) => {
                self.apply_report(event, stored.recorded_at);
                Effect::None
            }
            LogEvent::Question(event) => {
                self.questions.apply(event, stored.recorded_at);
                Effect::None
            }
            LogEvent::Audited(_) => Effect::None,
        }
    }

    fn apply_report(&mut self, event: ReportEvent, at: i64) {
        match event {
            ReportEvent::Received(received) => drop(self.reports.insert(received.report.clone(), OpenReport { received, at })),
            ReportEvent::Closed(closed) => drop(self.reports.remove(&closed.report)),
        }
    }

    /// The item with that code, public or not.
    pub fn entry(&self, code: &Code) -> Option<&Entry> {
        self.items.get(code)
    }

    /// The item as shown, in the given or the current revision; none for drafts and unknown codes.
    pub fn view(&self, code: &Code, revision: Option<u32>, moment: &Moment) -> Option<View> {
        self.items.get(code)?.item.view(revision, moment)
    }

    /// All items, drafts too.
    pub fn items(&self) -> impl Iterator<Item = (&Code, &Entry)> {
        self.items.iter()
    }

    /// Public items of a collection, by code.
    pub fn collection(&self, name: &str) -> impl Iterator<Item = (&Code, &Entry)> {
        self.collections.get(name).into_iter().flatten().filter_map(|code| Some((code, self.items.get(code)?)))
    }

    /// Number of public items of a collection.
    pub fn count(&self, name: &str) -> usize {
        self.collections.get(name).map_or(0, BTreeSet::len)
    }

    /// When something in the collection was last recorded, microseconds since 1970. Nothing newer is known
    /// about it.
    pub fn changed(&self, name: &str) -> i64 {
        self.changed.get(name).copied().unwrap_or_default()
    }

    /// When the city's configuration was last recorded, microseconds since 1970.
    pub fn city_changed(&self) -> i64 {
        self.city_at
    }

    /// Number of items, drafts included.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// True if there are no items yet.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The feature sets of public revisions.
    pub fn public_sets(&self) -> impl Iterator<Item = Digest> {
        self.sets.iter().copied()
    }

    /// True if a public revision names this set.
    pub fn publishes(&self, digest: Digest) -> bool {
        self.sets.contains(&digest)
    }

    /// Who a bearer's secret belongs to. None if it is unknown or revoked, or the person who uses it may not sign in.
    pub fn bearer(&self, secret: &str) -> Option<Actor> {
        let token = self.tokens.get(&Digest::of(secret.as_bytes()))?;
        let person = self.person_of(&token.token);
        let is_out = |person| !self.accounts.all.get(person).is_some_and(Account::is_active);
        (!person.is_some_and(is_out)).then(|| Actor::of_token(token.clone(), person.cloned()))
    }

    /// The person who uses a token, where one is known.
    pub fn person_of(&self, token: &TokenId) -> Option<&AccountId> {
        self.token_persons.get(token)
    }

    /// The tokens of a person, revoked ones too.
    pub fn tokens_of(&self, person: &AccountId) -> Vec<TokenId> {
        self.token_persons.iter().filter(|(_, known)| *known == person).map(|(token, _)| token.clone()).collect()
    }

    /// The person behind the name of an actor; none for the machine itself and for a token without a person.
    pub fn author(&self, actor: &str) -> Option<AccountId> {
        let account = AccountId(actor.to_owned());
        if self.accounts.all.contains_key(&account) { Some(account) } else { self.person_of(&TokenId(actor.to_owned())).cloned() }
    }

    /// All tokens that may be used.
    pub fn tokens(&self) -> impl Iterator<Item = &TokenCreated> {
        self.tokens.values()
    }

    /// A person's contact, while their consent holds.
    pub fn contact(&self, subject: &SubjectId) -> Option<&Contact> {
        match self.shared.get(subject)? {
            Shared::Contact(contact) => Some(contact),
            Shared::Payee(_) => None,
        }
    }

    /// Whom one pays, while their consent holds.
    pub fn payee(&self, subject: &SubjectId) -> Option<&Payee> {
        match self.shared.get(subject)? {
            Shared::Payee(payee) => Some(payee),
            Shared::Contact(_) => None,
        }
    }

    /// Persons whose consent holds but of whom nothing is in memory.
    pub fn missing_shared(&self) -> Vec<SubjectId> {
        self.consented.iter().filter(|subject| !self.shared.contains_key(subject)).cloned().collect()
    }

    /// Keeps what a person shares, if their consent still holds.
    pub fn put_shared(&mut self, subject: SubjectId, shared: Shared) {
        if self.consented.contains(&subject) {
            self.shared.insert(subject, shared);
        }
    }

    /// The item that prints refer to by that number: a notice board.
    pub fn by_number(&self, number: u32) -> Option<&Code> {
        self.numbers.get(&number)
    }

    /// The items that prints refer to by a number: notice boards.
    pub fn boards(&self) -> impl Iterator<Item = (&Code, &Entry)> {
        self.numbers.values().filter_map(|code| Some((code, self.items.get(code)?)))
    }

    /// Items of which something is in preparation, waits for a second person, or was published without one.
    pub fn unsettled(&self) -> impl Iterator<Item = (&Code, &Item)> {
        self.unsettled.iter().filter_map(|code| Some((code, &self.items.get(code)?.item)))
    }

    /// Items that begin or cease to hold by themselves with one of these days, each once.
    pub fn turning(&self, from: Date, until: Date) -> impl Iterator<Item = (&Code, &Entry)> {
        let near: BTreeSet<&Code> = self.turning.range(from..=until).flat_map(|(_, codes)| codes).collect();
        near.into_iter().filter_map(|code| Some((code, self.items.get(code)?)))
    }

    /// Residents' reports that nobody has dealt with yet.
    pub fn reports(&self) -> &BTreeMap<ReportId, OpenReport> {
        &self.reports
    }

    /// Tokens, consents and items for a snapshot: everything but vault data and reports.
    pub fn parts(&self) -> (Vec<&TokenCreated>, Vec<&SubjectId>, impl Iterator<Item = (&Code, &Entry)>) {
        (self.tokens.values().collect(), self.consented.iter().collect(), self.items.iter())
    }

    /// Puts the reports of a snapshot back.
    pub fn restore_reports(&mut self, reports: Vec<OpenReport>) {
        self.reports.extend(reports.into_iter().map(|report| (report.received.report.clone(), report)));
    }

    /// Puts an item of a snapshot back.
    pub fn restore_entry(&mut self, code: Code, entry: Entry) {
        if let Some(collection) = entry.item.collection() {
            self.collections.entry(collection).or_default().insert(code);
            let changed = self.changed.entry(collection).or_default();
            *changed = entry.item.updated_at().max(*changed);
            self.sets.extend(entry.item.sets());
            self.numbers.extend(entry.item.number().map(|number| (number, code)));
        }
        if entry.item.proposal().is_some() || entry.item.unseconded().is_some() {
            self.unsettled.insert(code);
        }
        let turns = turns(&entry.item, entry.item.updated_at());
        note_turns(&mut self.turning, code, &[], &turns);
        self.items.insert(code, Entry { turns, ..entry });
    }

    /// Puts tokens, with the person of each, and consents of a snapshot back.
    pub fn restore_people(&mut self, tokens: Vec<(TokenCreated, Option<AccountId>)>, consented: Vec<SubjectId>) {
        for (token, person) in tokens {
            self.token_persons.extend(person.map(|person| (token.token.clone(), person)));
            self.token_ids.insert(token.token.clone(), token.sha256);
            self.tokens.insert(token.sha256, token);
        }
        self.consented.extend(consented);
    }
}
