//! What every family of published item shares: revisions, effective dates and an end.

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fmt::Debug;

use super::access::Actor;
use super::civil::{date_schema, end_of, midnight, optional_date_schema};
use super::document::Document;
use super::geometry::FeatureSet;
use super::subject::SubjectId;
use super::unit::UnitId;
use super::view::{Moment, View};
use super::{Code, Context, Refusal};

/// A family of published items. The implementing type is *what one revision states*.
///
/// A new family is one folder with an implementation of this and one line in
/// [`super::families`].
pub trait Family: Clone + Debug + PartialEq + Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// Prefix of its event and command types, `plan`.
    const NAME: &'static str;
    /// Its collections: name and the kind they hold (all kinds where empty).
    const COLLECTIONS: &'static [(&'static str, &'static str)];
    /// Collection of the single features of its feature set, where it has one.
    const FEATURES: Option<&'static str> = None;
    /// Commands of its own, beside the shared life cycle.
    type Change: Clone + Debug + PartialEq + DeserializeOwned + JsonSchema + Send + Sync + 'static;
    /// What those commands lead to.
    type Changed: Clone + Debug + PartialEq + Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static;
    /// What those events leave behind.
    type State: Clone + Debug + Default + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static;

    /// Its kind, `land-use-plan`.
    fn kind(&self) -> &'static str;
    /// Title for people.
    fn title(&self) -> &str;
    /// Units it concerns; none means the whole city.
    fn units(&self) -> &[UnitId];
    /// Attached files.
    fn documents(&self) -> &[Document] {
        &[]
    }
    /// Its feature set.
    fn features(&self) -> Option<&FeatureSet> {
        None
    }
    /// A person it names.
    fn person(&self) -> Option<&SubjectId> {
        None
    }
    /// First and last day in force where the command names none.
    fn effective(&self, today: Date) -> (Date, Option<Date>) {
        (today, None)
    }
    /// Refuses a statement that breaks the family's rules.
    fn check(&self, effective_from: Date, context: &Context) -> Result<(), Refusal>;
    /// Refuses a revision that may not follow `previous`.
    fn check_follows(&self, _previous: &Self) -> Result<(), Refusal> {
        Ok(())
    }
    /// Keys that no two items may share.
    fn claims(&self) -> Vec<Claim> {
        Vec::new()
    }
    /// Names of the fields in which two statements differ.
    fn differences(&self, other: &Self) -> Vec<String> {
        let (Ok(serde_json::Value::Object(a)), Ok(serde_json::Value::Object(b))) =
            (serde_json::to_value(self), serde_json::to_value(other))
        else {
            return Vec::new();
        };
        let mut names: Vec<String> = a.keys().chain(b.keys()).cloned().collect();
        names.sort();
        names.dedup();
        names.retain(|name| a.get(name) != b.get(name));
        names
    }
    /// Decides one of the family's own commands.
    fn decide(current: &Publication<Self>, change: Self::Change, context: &Context) -> Result<Vec<Self::Changed>, Refusal>;
    /// Applies one of the family's own events.
    fn apply(state: &mut Self::State, changed: &Self::Changed);
    /// Actions of its own commands, `set-duty`.
    const CHANGES: &'static [&'static str] = &[];
    /// Types of its own events with their current versions.
    const CHANGED: &'static [(&'static str, u32)] = &[];
    /// Index into [`Family::CHANGED`] of an own event.
    fn changed_index(_changed: &Self::Changed) -> usize {
        0
    }
    /// Adds what is particular to the family to the shared view.
    fn describe(&self, state: &Self::State, moment: &Moment, view: &mut View);
}

/// A key that only one item may hold, such as an approving decision.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Claim {
    /// What kind of key.
    pub kind: &'static str,
    /// The key.
    pub key: String,
}

/// `*.drafted`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Drafted<F> {
    /// The item.
    pub code: Code,
    /// What it will state.
    pub facts: F,
}

/// `*.published`: a revision, first or later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Published<F> {
    /// The item.
    pub code: Code,
    /// 1 for the first.
    pub revision: u32,
    /// The revision it was made from; none for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub based_on: Option<u32>,
    /// First day in force.
    #[schemars(schema_with = "date_schema")]
    pub effective_from: Date,
    /// Last day in force, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "optional_date_schema")]
    pub effective_to: Option<Date>,
    /// What it states.
    pub facts: F,
}

/// `*.corrected`: a typing error put right, visible in the history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Corrected<F> {
    /// Which revision.
    pub revision: u32,
    /// What was wrong.
    pub reason: String,
    /// Names of the corrected fields.
    pub fields: Vec<String>,
    /// What the revision states, corrected.
    pub facts: F,
}

/// `*.revision_cancelled`: a revision that will not come into force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RevisionCancelled {
    /// Which revision.
    pub revision: u32,
    /// Why.
    pub reason: String,
}

/// `*.expiry_set`: the last day in force became known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExpirySet {
    /// Last day in force.
    #[schemars(schema_with = "date_schema")]
    pub effective_to: Date,
    /// Why.
    pub reason: String,
}

/// `*.superseded`: another item takes its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Superseded {
    /// The item that takes its place.
    pub by: Code,
    /// From this day.
    #[schemars(schema_with = "date_schema")]
    pub from: Date,
}

/// `*.withdrawn`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Withdrawn {
    /// What happened, for residents.
    pub reason: String,
    /// The item to look at instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<Code>,
}

/// What can happen to a published item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub enum Event<F: Family> {
    /// Begun, not public.
    Drafted(Box<Drafted<F>>),
    /// A revision was published.
    Published(Box<Published<F>>),
    /// A typing error was put right.
    Corrected(Box<Corrected<F>>),
    /// A future revision was cancelled.
    RevisionCancelled(RevisionCancelled),
    /// It ends on a day.
    ExpirySet(ExpirySet),
    /// Another item replaces it.
    Superseded(Superseded),
    /// It was taken back.
    Withdrawn(Withdrawn),
    /// An event of the family's own.
    Changed(F::Changed),
}

impl<F: Family> DomainEvent for Event<F> {
    fn event_type(&self) -> String {
        match self {
            Self::Drafted(_) => format!("{}.drafted", F::NAME),
            Self::Published(_) => format!("{}.published", F::NAME),
            Self::Corrected(_) => format!("{}.corrected", F::NAME),
            Self::RevisionCancelled(_) => format!("{}.revision_cancelled", F::NAME),
            Self::ExpirySet(_) => format!("{}.expiry_set", F::NAME),
            Self::Superseded(_) => format!("{}.superseded", F::NAME),
            Self::Withdrawn(_) => format!("{}.withdrawn", F::NAME),
            Self::Changed(changed) => F::CHANGED[F::changed_index(changed)].0.to_owned(),
        }
    }

    fn event_version(&self) -> String {
        match self {
            Self::Changed(changed) => F::CHANGED[F::changed_index(changed)].1.to_string(),
            _ => String::from("1"),
        }
    }
}

/// What a planner may ask of an item.
#[derive(Debug, Clone, PartialEq)]
pub enum Command<F: Family> {
    /// Begin an item without publishing it.
    Draft(Draft<F>),
    /// Publish revision 1.
    Publish(Publish<F>),
    /// Publish the next revision.
    Revise(Revise<F>),
    /// Put a typing error right.
    Correct(Correct<F>),
    /// Cancel a revision that is not yet in force.
    CancelRevision(RevisionCancelled),
    /// Name the last day in force.
    Expire(ExpirySet),
    /// Name the item that takes its place.
    Supersede(Superseded),
    /// Take it back.
    Withdraw(Withdrawn),
    /// One of the family's own.
    Change(F::Change),
}

/// `*.draft`
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Draft<F> {
    /// The item's code.
    pub code: Code,
    /// What it will state.
    pub facts: F,
}

/// `*.publish`
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Publish<F> {
    /// The item's code; a new one is made where the command names none.
    pub code: Code,
    /// First day in force.
    #[serde(default)]
    #[schemars(schema_with = "optional_date_schema")]
    pub effective_from: Option<Date>,
    /// Last day in force.
    #[serde(default)]
    #[schemars(schema_with = "optional_date_schema")]
    pub effective_to: Option<Date>,
    /// What it states.
    pub facts: F,
}

/// `*.revise`
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Revise<F> {
    /// The item's code.
    pub code: Code,
    /// The revision this one was made from; 409 when another came in between.
    #[serde(default)]
    pub based_on: Option<u32>,
    /// First day in force.
    #[serde(default)]
    #[schemars(schema_with = "optional_date_schema")]
    pub effective_from: Option<Date>,
    /// Last day in force.
    #[serde(default)]
    #[schemars(schema_with = "optional_date_schema")]
    pub effective_to: Option<Date>,
    /// What it states.
    pub facts: F,
}

/// `*.correct`
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Correct<F> {
    /// The item's code.
    pub code: Code,
    /// Which revision.
    pub revision: u32,
    /// What was wrong.
    pub reason: String,
    /// What the revision states, corrected.
    pub facts: F,
}

/// A correction that was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Correction<F> {
    /// Microseconds since 1970.
    pub recorded_at: i64,
    /// What was wrong.
    pub reason: String,
    /// Names of the corrected fields.
    pub fields: Vec<String>,
    /// What the revision stated before.
    pub before: F,
}

/// A published revision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Revision<F> {
    /// 1 for the first.
    pub number: u32,
    /// First day in force.
    pub effective_from: Date,
    /// Last day in force, where known.
    pub effective_to: Option<Date>,
    /// Microseconds since 1970 of its publication.
    pub recorded_at: i64,
    /// Why it will not come into force.
    pub cancelled: Option<String>,
    /// Corrections, oldest first.
    pub corrections: Vec<Correction<F>>,
    /// What it states.
    pub facts: F,
}

/// Whether an item or a revision holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It holds today.
    InForce,
    /// It will hold.
    Upcoming,
    /// Another has taken its place.
    Superseded,
    /// It was taken back.
    Withdrawn,
    /// Its last day has passed.
    Expired,
    /// A revision that will not come into force.
    Cancelled,
}

impl Status {
    /// The name used in URLs and GeoJSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InForce => "in-force",
            Self::Upcoming => "upcoming",
            Self::Superseded => "superseded",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A published item as its events left it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Publication<F: Family> {
    /// None before the first event.
    pub code: Option<Code>,
    /// What a draft states that was not published.
    pub draft: Option<Box<F>>,
    /// Published revisions, oldest first; their numbers are 1, 2, 3 …
    pub revisions: Vec<Revision<F>>,
    /// The item that takes its place, and when.
    pub superseded: Option<Superseded>,
    /// Set once it was taken back; with the moment in microseconds since 1970.
    pub withdrawn: Option<(Withdrawn, i64)>,
    /// What the family's own events left.
    pub state: F::State,
    /// Microseconds since 1970 of the last event.
    pub updated_at: i64,
}

impl<F: Family> Default for Publication<F> {
    fn default() -> Self {
        Self {
            code: None,
            draft: None,
            revisions: Vec::new(),
            superseded: None,
            withdrawn: None,
            state: F::State::default(),
            updated_at: 0,
        }
    }
}

fn effective_reversed(from: Date, to: Date) -> Refusal {
    Refusal::invalid(
        "period-reversed",
        format!("Ngày hết hiệu lực {to} sớm hơn ngày có hiệu lực {from}."),
        format!("The last day in force, {to}, is before the first, {from}."),
    )
}

fn reason_missing() -> Refusal {
    Refusal::invalid("reason-missing", "Hãy nêu lý do.", "State the reason.")
}

impl<F: Family> Publication<F> {
    /// The revision that holds on `date`: the highest that is not cancelled and has begun.
    pub fn revision_on(&self, date: Date) -> Option<&Revision<F>> {
        self.revisions.iter().rev().find(|r| r.cancelled.is_none() && r.effective_from <= date)
    }

    /// The revision to show on `date`: the one that holds, or the next to come.
    pub fn shown_on(&self, date: Date) -> Option<&Revision<F>> {
        self.revision_on(date).or_else(|| self.revisions.iter().find(|r| r.cancelled.is_none())).or_else(|| self.revisions.last())
    }

    /// The highest revision that was not cancelled: what the next one follows.
    pub fn latest(&self) -> Option<&Revision<F>> {
        self.revisions.iter().rev().find(|r| r.cancelled.is_none())
    }

    /// Whether the item holds on `date`.
    pub fn status_on(&self, date: Date) -> Status {
        if self.withdrawn.is_some() {
            return Status::Withdrawn;
        }
        if self.superseded.as_ref().is_some_and(|s| s.from <= date) {
            return Status::Superseded;
        }
        match self.revision_on(date) {
            None if self.latest().is_none() && !self.revisions.is_empty() => Status::Cancelled,
            None => Status::Upcoming,
            Some(revision) if revision.effective_to.is_some_and(|to| to < date) => Status::Expired,
            Some(_) => Status::InForce,
        }
    }

    /// Whether one revision holds on `date`.
    pub fn revision_status(&self, revision: &Revision<F>, date: Date) -> Status {
        if revision.cancelled.is_some() {
            return Status::Cancelled;
        }
        if self.withdrawn.is_some() {
            return Status::Withdrawn;
        }
        let later = |r: &&Revision<F>| r.number > revision.number && r.cancelled.is_none();
        if self.revisions.iter().filter(later).any(|r| r.effective_from <= revision.effective_from.max(date)) {
            return Status::Superseded;
        }
        if revision.effective_from > date {
            return Status::Upcoming;
        }
        if self.revision_on(date).is_some_and(|r| r.number != revision.number) {
            return Status::Superseded;
        }
        self.status_on(date)
    }

    /// The next moment after `now` at which the view changes though no event happens.
    pub fn next_change(&self, moment: &Moment) -> Option<Timestamp> {
        let zone = &moment.zone;
        let mut dates: Vec<Timestamp> = Vec::new();
        for revision in self.revisions.iter().filter(|r| r.cancelled.is_none()) {
            dates.push(midnight(zone, revision.effective_from));
            dates.extend(revision.effective_to.map(|to| end_of(zone, to)));
        }
        dates.extend(self.superseded.as_ref().map(|s| midnight(zone, s.from)));
        dates.into_iter().filter(|at| *at > moment.now).min()
    }

    /// Units of everything that is published or drafted now: what a token must cover.
    pub fn units_now(&self) -> Vec<Vec<UnitId>> {
        let live = self.revisions.iter().filter(|r| r.cancelled.is_none()).map(|r| r.facts.units().to_vec());
        live.chain(self.draft.iter().map(|draft| draft.units().to_vec())).collect()
    }

    /// Refuses what the actor may not do to this item as it stands.
    pub fn check_actor(&self, actor: &Actor, context: &Context) -> Result<(), Refusal> {
        for units in self.units_now() {
            actor.check(F::NAME, &units, &context.city.units, context.today)?;
        }
        Ok(())
    }

    fn check_open(&self) -> Result<(), Refusal> {
        if self.withdrawn.is_some() {
            return Err(Refusal::conflict(
                "withdrawn",
                "Nội dung này đã được thu hồi nên không thể thay đổi; hãy công bố nội dung mới.",
                "This item has been withdrawn and cannot change; publish a new one.",
            ));
        }
        Ok(())
    }

    fn check_published(&self) -> Result<&Revision<F>, Refusal> {
        self.check_open()?;
        self.latest().or(self.revisions.last()).ok_or_else(|| {
            Refusal::conflict("not-published", "Mã này chưa có nội dung nào được công bố.", "Nothing has been published under this code.")
        })
    }

    fn published(
        &self,
        code: Code,
        based_on: Option<u32>,
        facts: F,
        from: Option<Date>,
        to: Option<Date>,
        context: &Context,
    ) -> Result<Event<F>, Refusal> {
        let (default_from, default_to) = facts.effective(context.today);
        let effective_from = from.unwrap_or(default_from);
        let effective_to = to.or(default_to);
        if let Some(to) = effective_to.filter(|to| *to < effective_from) {
            return Err(effective_reversed(effective_from, to));
        }
        context.city.units.check(facts.units(), effective_from)?;
        facts.check(effective_from, context)?;
        Ok(Event::Published(Box::new(Published {
            code,
            revision: self.revisions.len() as u32 + 1,
            based_on,
            effective_from,
            effective_to,
            facts,
        })))
    }

    fn revised(&self, revise: Revise<F>, context: &Context) -> Result<Event<F>, Refusal> {
        let latest = self.check_published()?;
        let newest = self.revisions.last().map_or(0, |r| r.number);
        if let Some(based_on) = revise.based_on.filter(|n| *n != latest.number && *n != newest) {
            let since = self.revisions.iter().filter(|r| r.number > based_on);
            let since: Vec<String> = since.map(|r| format!("{} ({}, {})", r.number, r.facts.title(), r.effective_from)).collect();
            return Err(Refusal::conflict(
                "revised-meanwhile",
                format!(
                    "Bản này được lập từ lần công bố {based_on}, nhưng sau đó đã có: {}. Hãy xem lại rồi công bố lại.",
                    since.join("; ")
                ),
                format!(
                    "This was made from revision {based_on}, but meanwhile there is: {}. Look at it and publish again.",
                    since.join("; ")
                ),
            ));
        }
        if latest.cancelled.is_none() {
            revise.facts.check_follows(&latest.facts)?;
        }
        let repeated =
            |r: &&Revision<F>| r.cancelled.is_none() && !r.facts.claims().is_empty() && r.facts.claims() == revise.facts.claims();
        if let Some(known) = self.revisions.iter().find(repeated) {
            return Err(Refusal::conflict(
                "decision-repeated",
                format!("Quyết định này đã được công bố ở lần {} của mã {}.", known.number, revise.code),
                format!("This decision is already published as revision {} of {}.", known.number, revise.code),
            ));
        }
        if revise.facts.kind() != latest.facts.kind() {
            return Err(Refusal::invalid(
                "kind-changed",
                format!("Loại nội dung không đổi được: đang là {}.", latest.facts.kind()),
                format!("An item keeps its kind: this one is {}.", latest.facts.kind()),
            ));
        }
        let based_on = Some(latest.number);
        self.published(revise.code, based_on, revise.facts, revise.effective_from, revise.effective_to, context)
    }

    fn corrected(&self, correct: Correct<F>, context: &Context) -> Result<Event<F>, Refusal> {
        self.check_published()?;
        let revision = self.find(correct.revision)?;
        if correct.reason.trim().is_empty() {
            return Err(reason_missing());
        }
        if correct.facts.kind() != revision.facts.kind() {
            return Err(Refusal::invalid(
                "kind-changed",
                format!("Loại nội dung không đổi được: đang là {}.", revision.facts.kind()),
                format!("An item keeps its kind: this one is {}.", revision.facts.kind()),
            ));
        }
        let fields = revision.facts.differences(&correct.facts);
        if fields.is_empty() {
            return Err(Refusal::invalid("nothing-changed", "Không có gì thay đổi.", "Nothing would change."));
        }
        context.city.units.check(correct.facts.units(), revision.effective_from)?;
        correct.facts.check(revision.effective_from, context)?;
        let Correct { revision, reason, facts, .. } = correct;
        Ok(Event::Corrected(Box::new(Corrected { revision, reason, fields, facts })))
    }

    fn find(&self, number: u32) -> Result<&Revision<F>, Refusal> {
        self.revisions.iter().find(|r| r.number == number).ok_or_else(|| {
            Refusal::invalid("unknown-revision", format!("Không có lần công bố {number}."), format!("There is no revision {number}."))
        })
    }

    fn cancelled(&self, cancel: RevisionCancelled, context: &Context) -> Result<Event<F>, Refusal> {
        self.check_open()?;
        let revision = self.find(cancel.revision)?;
        if revision.cancelled.is_some() || revision.effective_from <= context.today {
            return Err(Refusal::conflict(
                "already-in-force",
                format!("Lần công bố {} đã có hiệu lực hoặc đã bị hủy nên không hủy được.", cancel.revision),
                format!("Revision {} is already in force or cancelled and cannot be cancelled.", cancel.revision),
            ));
        }
        if cancel.reason.trim().is_empty() {
            return Err(reason_missing());
        }
        Ok(Event::RevisionCancelled(cancel))
    }

    fn known(code: &Code, context: &Context) -> Result<(), Refusal> {
        if context.known_codes.contains(code) {
            return Ok(());
        }
        Err(Refusal::invalid("unknown-code", format!("Không có nội dung nào mang mã {code}."), format!("No item has the code {code}.")))
    }

    /// Decides a command: the events it leads to, or why not.
    pub fn decide(&self, command: Command<F>, context: &Context) -> Result<Vec<Event<F>>, Refusal> {
        let event = match command {
            Command::Draft(draft) => {
                self.check_open()?;
                if !self.revisions.is_empty() {
                    return Err(Self::already_published());
                }
                Event::Drafted(Box::new(Drafted { code: draft.code, facts: draft.facts }))
            }
            Command::Publish(publish) => {
                self.check_open()?;
                if !self.revisions.is_empty() {
                    return Err(Self::already_published());
                }
                self.published(publish.code, None, publish.facts, publish.effective_from, publish.effective_to, context)?
            }
            Command::Revise(revise) => self.revised(revise, context)?,
            Command::Correct(correct) => self.corrected(correct, context)?,
            Command::CancelRevision(cancel) => self.cancelled(cancel, context)?,
            Command::Expire(expiry) => {
                let latest = self.check_published()?;
                if expiry.reason.trim().is_empty() {
                    return Err(reason_missing());
                }
                if expiry.effective_to < latest.effective_from {
                    return Err(effective_reversed(latest.effective_from, expiry.effective_to));
                }
                Event::ExpirySet(expiry)
            }
            Command::Supersede(superseded) => {
                self.check_published()?;
                Self::known(&superseded.by, context)?;
                if Some(superseded.by) == self.code {
                    return Err(Refusal::invalid(
                        "superseded-by-itself",
                        "Nội dung không thể tự thay thế chính nó.",
                        "An item cannot take its own place.",
                    ));
                }
                Event::Superseded(superseded)
            }
            Command::Withdraw(withdrawn) => {
                self.check_published()?;
                if withdrawn.reason.trim().is_empty() {
                    return Err(reason_missing());
                }
                if let Some(code) = &withdrawn.replaced_by {
                    Self::known(code, context)?;
                }
                Event::Withdrawn(withdrawn)
            }
            Command::Change(change) => {
                self.check_published()?;
                let changed = F::decide(self, change, context)?;
                return Ok(changed.into_iter().map(Event::Changed).collect());
            }
        };
        Ok(vec![event])
    }

    /// Keys that an event gives up: a withdrawn item's, a cancelled revision's, a corrected one's.
    /// What another revision still states stays claimed.
    pub fn releases(&self, event: &Event<F>) -> Vec<Claim> {
        let live = || self.revisions.iter().filter(|r| r.cancelled.is_none());
        let gone = |number: u32, kept: Vec<Claim>| -> Vec<Claim> {
            let still: Vec<Claim> = live().filter(|r| r.number != number).flat_map(|r| r.facts.claims()).chain(kept).collect();
            let own = live().filter(|r| r.number == number).flat_map(|r| r.facts.claims());
            own.filter(|claim| !still.contains(claim)).collect()
        };
        match event {
            Event::Withdrawn(_) => live().flat_map(|r| r.facts.claims()).collect(),
            Event::RevisionCancelled(cancelled) => gone(cancelled.revision, Vec::new()),
            Event::Corrected(corrected) => gone(corrected.revision, corrected.facts.claims()),
            _ => Vec::new(),
        }
    }

    fn already_published() -> Refusal {
        Refusal::conflict(
            "already-published",
            "Mã này đã được công bố; hãy công bố lần sửa đổi tiếp theo (revise).",
            "This code is already published; publish its next revision (revise).",
        )
    }

    /// Applies an event that was recorded at `at`, microseconds since 1970.
    pub fn apply_at(&mut self, event: Event<F>, at: i64) {
        self.updated_at = at;
        match event {
            Event::Drafted(drafted) => {
                self.code = Some(drafted.code);
                self.draft = Some(Box::new(drafted.facts));
            }
            Event::Published(published) => {
                let Published { code, revision, effective_from, effective_to, facts, .. } = *published;
                self.code = Some(code);
                self.draft = None;
                self.revisions.push(Revision {
                    number: revision,
                    effective_from,
                    effective_to,
                    recorded_at: at,
                    cancelled: None,
                    corrections: Vec::new(),
                    facts,
                });
            }
            Event::Corrected(corrected) => {
                let Corrected { revision, reason, fields, facts } = *corrected;
                if let Some(revision) = self.revisions.iter_mut().find(|r| r.number == revision) {
                    let before = std::mem::replace(&mut revision.facts, facts);
                    revision.corrections.push(Correction { recorded_at: at, reason, fields, before });
                }
            }
            Event::RevisionCancelled(cancelled) => {
                if let Some(revision) = self.revisions.iter_mut().find(|r| r.number == cancelled.revision) {
                    revision.cancelled = Some(cancelled.reason);
                }
            }
            Event::ExpirySet(expiry) => {
                if let Some(revision) = self.revisions.iter_mut().rev().find(|r| r.cancelled.is_none()) {
                    revision.effective_to = Some(expiry.effective_to);
                }
            }
            Event::Superseded(superseded) => self.superseded = Some(superseded),
            Event::Withdrawn(withdrawn) => self.withdrawn = Some((withdrawn, at)),
            Event::Changed(changed) => F::apply(&mut self.state, &changed),
        }
    }
}

impl<F: Family> Aggregate for Publication<F> {
    const TYPE: &'static str = F::NAME;
    type Command = Command<F>;
    type Event = Event<F>;
    type Error = Refusal;
    type Services = Context;

    async fn handle(&mut self, command: Command<F>, context: &Context, sink: &EventSink<Self>) -> Result<(), Refusal> {
        for event in self.decide(command, context)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: Event<F>) {
        self.apply_at(event, 0);
    }
}
