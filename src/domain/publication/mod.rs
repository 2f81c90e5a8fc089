//! What every family of published item shares: revisions, effective dates and an end.

mod alone;
mod commands;
mod decide;
mod events;
mod family;
mod past;
mod proposal;
mod schedule;
mod sections;
pub mod view;

pub use alone::{Alone, Emergency, PublishAlone, PublishedAlone, SECOND_LOOK_HOURS, Second, Seconded};
pub use commands::{Approval, Command, Correct, Draft, Propose, Publish, Return, Revise, Suggest};
pub use events::{
    Approved, Corrected, Discarded, Drafted, Event, ExpirySet, Proposed, Published, Returned, RevisionCancelled, Superseded, Withdrawn,
};
pub(crate) use family::own_changes;
pub use family::{Family, Nothing};
pub use past::{Overwritten, second};
pub use proposal::{Proposal, ProposalState};
pub use schedule::{CarriedOut, Halted};

use std::fmt::Debug;

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::access::{Actor, Role};
use super::unit::UnitId;
use super::{Code, Context, Refusal};
use crate::domain::publication::view::Moment;
use crate::words::civil::midnight;

/// A kind of key that only one item may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClaimKind {
    /// The code of an item.
    Code,
    /// The number of an approving decision.
    Decision,
    /// The number of a notice board.
    Board,
}

impl ClaimKind {
    const ALL: [Self; 3] = [Self::Code, Self::Decision, Self::Board];

    /// The name under which the store keeps keys of this kind.
    pub fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Decision => "decision",
            Self::Board => "board",
        }
    }

    /// The kind with that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A key that only one item may hold, such as an approving decision.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Claim {
    /// What kind of key.
    pub kind: ClaimKind,
    /// The key.
    pub key: String,
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
    /// First and last day in force before.
    pub days: (Date, Option<Date>),
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
    /// When and why its last day became known, oldest first; microseconds since 1970.
    pub expiries: Vec<(i64, String)>,
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

impl<F: Family> Revision<F> {
    /// First and last day in force once `facts` take the place of its own: who corrects a day of the facts also corrects
    /// the day in force that depends on it. A first day that was set apart from them stays; a last day does not.
    pub(super) fn days_with(&self, facts: &F) -> (Date, Option<Date>) {
        let days = (self.effective_from, self.effective_to);
        let (Some(was), Some(is)) = (own_days(&self.facts), own_days(facts)) else { return days };
        (if is.0 == was.0 || days.0 != was.0 { days.0 } else { is.0 }, if is.1 == was.1 { days.1 } else { is.1 })
    }

    /// The first days in force that were known for it, each from the moment on when it was; microseconds since 1970.
    fn known_days(&self) -> Vec<(i64, Date)> {
        let since = std::iter::once(self.recorded_at).chain(self.corrections.iter().map(|correction| correction.recorded_at));
        since.zip(self.former_days().chain([self.effective_from])).collect()
    }

    /// First days in force that it had before they were corrected.
    pub(super) fn former_days(&self) -> impl Iterator<Item = Date> {
        self.corrections.iter().map(|correction| correction.days.0)
    }
}

/// First and last day in force that the facts alone determine; none where they depend on the day of publication.
pub(super) fn own_days<F: Family>(facts: &F) -> Option<(Date, Option<Date>)> {
    let days = [Date::MIN, Date::MAX].map(|today| facts.effective(today));
    (days[0] == days[1]).then_some(days[0])
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
    /// The facts of a draft that is not yet published.
    pub draft: Option<Box<F>>,
    /// The command that is in preparation or waits for a second person.
    #[serde(default)]
    pub proposal: Option<Box<Proposal>>,
    /// What was published by one person alone, oldest first.
    #[serde(default)]
    pub alone: Vec<Alone>,
    /// Published revisions, oldest first; their numbers are 1, 2, 3 …
    pub revisions: Vec<Revision<F>>,
    /// The item that takes its place, and when.
    pub superseded: Option<Superseded>,
    /// Set once it was taken back; with the moment in microseconds since 1970.
    pub withdrawn: Option<(Withdrawn, i64)>,
    /// The state of the family's own events.
    pub state: F::State,
    /// Microseconds since 1970 of the last event.
    pub updated_at: i64,
    /// Number of the item's state in the office, for its calendars: it grows with every event, private ones too. It is the
    /// second of the last one, as in [`Publication::sequence`].
    pub touched: u32,
    /// The proposal that was discarded last.
    pub discarded: Option<Box<Proposal>>,
    /// What events overwrote, each with the moment in microseconds since 1970.
    pub past: Vec<(i64, Overwritten<F>)>,
}

impl<F: Family> Default for Publication<F> {
    fn default() -> Self {
        Self {
            code: None,
            draft: None,
            proposal: None,
            alone: Vec::new(),
            revisions: Vec::new(),
            superseded: None,
            withdrawn: None,
            state: F::State::default(),
            updated_at: 0,
            touched: 0,
            discarded: None,
            past: Vec::new(),
        }
    }
}

impl<F: Family> Publication<F> {
    /// True when a later revision has taken the place of this one before its first day. If one of the two
    /// is corrected after that, this one does not come back.
    pub(super) fn is_replaced(&self, revision: &Revision<F>) -> bool {
        let later = self.revisions.iter().filter(|r| r.number > revision.number && r.cancelled.is_none());
        let own = revision.known_days();
        // The day that was known for it at that moment.
        let own_day = |at: i64| own.iter().rev().find(|(since, _)| *since <= at).map(|(_, day)| *day);
        later
            .flat_map(|r| {
                let days = r.known_days();
                let moments =
                    days.iter().map(|(since, _)| *since).chain(own.iter().map(|(since, _)| *since).filter(|since| *since >= r.recorded_at));
                let day_at = |at: i64| days.iter().rev().find(|(since, _)| *since <= at).map(|(_, day)| *day);
                moments.filter_map(|at| Some((day_at(at)?, own_day(at)?))).collect::<Vec<_>>()
            })
            .any(|(day, own)| day <= own)
    }

    /// The revisions that hold on some day, or will.
    fn live(&self) -> impl DoubleEndedIterator<Item = &Revision<F>> {
        self.revisions.iter().filter(|r| r.cancelled.is_none() && !self.is_replaced(r))
    }

    /// The revision that holds on `date`: the highest that is not cancelled and has begun.
    pub fn revision_on(&self, date: Date) -> Option<&Revision<F>> {
        self.live().rev().find(|r| r.effective_from <= date)
    }

    /// The revision to show on `date`: the one that holds. Before the item's first day in force it is the one that
    /// will hold on that day. A revision that another replaces before its own first day never holds.
    pub fn shown_on(&self, date: Date) -> Option<&Revision<F>> {
        let day = self.begins().map_or(date, |begins| begins.max(date));
        self.revision_on(day).or_else(|| self.revisions.last())
    }

    /// The highest revision that was not cancelled: what the next one follows.
    pub fn latest(&self) -> Option<&Revision<F>> {
        self.revisions.iter().rev().find(|r| r.cancelled.is_none())
    }

    /// The first day in force of all revisions that were not cancelled.
    fn begins(&self) -> Option<Date> {
        self.live().map(|r| r.effective_from).min()
    }

    /// Whether the item holds on `date`. What takes its place on its first day or before keeps it from ever holding.
    pub fn status_on(&self, date: Date) -> Status {
        if self.withdrawn.is_some() {
            return Status::Withdrawn;
        }
        let begins = self.begins();
        if self.superseded.as_ref().is_some_and(|s| s.from <= begins.map_or(date, |begins| begins.max(date))) {
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
        if self.is_replaced(revision) || self.revisions.iter().filter(later).any(|r| r.effective_from <= date) {
            return Status::Superseded;
        }
        if self.superseded.as_ref().is_some_and(|s| s.from <= revision.effective_from.max(date)) {
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

    /// The next moment after `now` at which the view changes without an event.
    pub fn next_change(&self, moment: &Moment) -> Option<Timestamp> {
        self.turns_after(moment.today).map(|day| midnight(&moment.zone, day))
    }

    /// The first day after `day` with which it begins or ceases to hold, as far as is known.
    pub fn turns_after(&self, day: Date) -> Option<Date> {
        let begins = |r: &Revision<F>| [Some(r.effective_from), r.effective_to.and_then(|to| to.tomorrow().ok())];
        let days = self.live().flat_map(begins).flatten().chain(self.superseded.as_ref().map(|s| s.from));
        days.filter(|known| *known > day).min()
    }

    /// Units of each revision that was not cancelled, of the draft and of the proposal. A token must cover all of them.
    pub fn units_now(&self) -> Vec<Vec<UnitId>> {
        let live = self.revisions.iter().filter(|r| r.cancelled.is_none()).map(|r| r.facts.units().to_vec());
        let proposed = self.proposal.iter().map(|proposal| proposal.units.clone());
        live.chain(self.draft.iter().map(|draft| draft.units().to_vec())).chain(proposed).collect()
    }

    /// Refuses what the actor may not do to this item as it stands. Approving and returning is for approvers,
    /// publishing alone for administrators, everything else for those who may publish the family.
    pub fn check_actor(&self, command: &Command<F>, actor: &Actor, context: &Context) -> Result<(), Refusal> {
        let check = |units: &[UnitId]| match command {
            Command::Approve(_) | Command::Return(_) | Command::Second(_) => {
                actor.check_as(Role::Approver, units, &context.city.units, context.today)
            }
            Command::PublishAlone(_) => actor.check_as(Role::Administrator, units, &context.city.units, context.today),
            _ => actor.check(F::ROLES, units, &context.city.units, context.today),
        };
        if let Command::Change(change) = command
            && let Some(units) = F::change_units(change)
        {
            return check(&units);
        }
        // The item's own units, and those of what is new.
        self.units_now().iter().try_for_each(|units| check(units))?;
        command.facts().map_or(Ok(()), |facts| check(facts.units()))
    }

    /// Applies an event that was recorded at `at`, microseconds since 1970.
    pub fn apply_at(&mut self, event: Event<F>, at: i64) {
        self.note(&event, at);
        self.touched = past::second(at).max(self.touched + 1);
        if !event.is_private() {
            self.updated_at = at;
            if !matches!(event, Event::Seconded(_)) {
                self.overtake();
            }
        }
        match event {
            Event::Proposed(proposed) => self.propose(*proposed, at),
            Event::Approved(approved) => self.approve(approved),
            Event::Returned(returned) => self.give_back(returned),
            Event::Discarded(_) => self.discarded = self.proposal.take(),
            Event::CarriedOut(_) => self.proposal = None,
            Event::Halted(halted) => self.halt(halted),
            Event::PublishedAlone(alone) => self.note_alone(alone, at),
            Event::Seconded(seconded) => self.note_seconded(seconded),
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
                    expiries: Vec::new(),
                    corrections: Vec::new(),
                    facts,
                });
            }
            Event::Corrected(corrected) => {
                let Corrected { revision, reason, fields, facts } = *corrected;
                if let Some(revision) = self.revisions.iter_mut().find(|r| r.number == revision) {
                    let days = (revision.effective_from, revision.effective_to);
                    (revision.effective_from, revision.effective_to) = revision.days_with(&facts);
                    let before = std::mem::replace(&mut revision.facts, facts);
                    revision.corrections.push(Correction { recorded_at: at, reason, fields, before, days });
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
                    revision.expiries.push((at, expiry.reason));
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
