//! An item as it was known at an earlier moment, and when its revisions hold.
//!
//! There are two times (ARCHITECTURE.md): when a revision holds in law, and when it was known here. Most
//! facts carry the moment at which they became known. What an event overwrites is noted here.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Event, Family, Publication, Revision, Superseded};
use crate::domain::publication::view::Moment;
use crate::domain::publication::view::moment_of;
use crate::words::civil::date_in;

/// Most states of a family's own events that are kept. What was before the oldest of them counts as unknown.
const STATES: usize = 64;
/// The beginning of 2020, microseconds since 1970. Seconds from then on fit a calendar's number until 2088.
const YEAR_2020: i64 = 1_577_836_800_000_000;
/// The largest number that a calendar reads (RFC 5545 §3.3.8), and where counting goes on by ones before it.
const LARGEST: u32 = i32::MAX as u32;
const FAR: u32 = LARGEST - 1_000_000;

/// What an event overwrote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub enum Overwritten<F: Family> {
    /// The revision with this number was not cancelled.
    NotCancelled(u32),
    /// Number of a revision, and its last day in force.
    Expiry(u32, Option<Date>),
    /// The item that superseded it.
    Superseded(Option<Superseded>),
    /// The state of the family's own events.
    State(F::State),
}

/// The second of a moment for calendars, counted from 2020. A clock that once ran far ahead must not lead beyond what a
/// calendar reads.
pub fn second(at: i64) -> u32 {
    (at - YEAR_2020).div_euclid(1_000_000).clamp(0, i64::from(FAR)) as u32
}

impl<F: Family> Publication<F> {
    /// What `event` is about to overwrite.
    pub(super) fn overwrites(&self, event: &Event<F>) -> Option<Overwritten<F>> {
        match event {
            Event::RevisionCancelled(cancelled) => Some(Overwritten::NotCancelled(cancelled.revision)),
            Event::ExpirySet(_) => self.latest().map(|latest| Overwritten::Expiry(latest.number, latest.effective_to)),
            Event::Superseded(_) => Some(Overwritten::Superseded(self.superseded.clone())),
            Event::Changed(_) => Some(Overwritten::State(self.state.clone())),
            _ => None,
        }
    }

    /// Notes what an event at `at` overwrites.
    pub(super) fn note(&mut self, event: &Event<F>, at: i64) {
        let Some(overwritten) = self.overwrites(event) else { return };
        let is_state = |(_, what): &(i64, Overwritten<F>)| matches!(what, Overwritten::State(_));
        self.past.push((at, overwritten));
        if self.past.iter().filter(|entry| is_state(entry)).count() > STATES
            && let Some(first) = self.past.iter().position(is_state)
        {
            self.past.remove(first);
        }
    }

    /// The item as it was known at `at`, microseconds since 1970; none before it was published.
    pub fn as_of(&self, at: i64) -> Option<Self> {
        if self.updated_at <= at {
            return (!self.revisions.is_empty()).then(|| self.clone());
        }
        let mut then = self.clone();
        let mut first_state_is_gone = then.past.iter().filter(|(_, what)| matches!(what, Overwritten::State(_))).count() == STATES;
        // The newest first, as each says what was before it.
        loop {
            let corrected =
                then.revisions.iter().filter_map(|r| r.corrections.last().map(|c| c.recorded_at)).max().filter(|when| *when > at);
            let overwritten = then.past.last().map(|(when, _)| *when).filter(|when| *when > at);
            if overwritten.is_some() && overwritten >= corrected {
                then.undo_overwriting();
            } else if let Some(when) = corrected {
                then.undo_correction(when);
            } else {
                break;
            }
        }
        first_state_is_gone &= !then.past.iter().any(|(_, what)| matches!(what, Overwritten::State(_)));
        if first_state_is_gone {
            then.state = F::State::default();
        }
        then.withdrawn = then.withdrawn.filter(|(_, when)| *when <= at);
        then.revisions.retain(|revision| revision.recorded_at <= at);
        then.alone.retain(|alone| alone.at <= at);
        for revision in &mut then.revisions {
            revision.expiries.retain(|(when, _)| *when <= at);
        }
        let revised = then.revisions.iter().flat_map(|r| r.corrections.iter().map(|c| c.recorded_at).chain([r.recorded_at]));
        let others = then.past.iter().map(|(when, _)| *when).chain(then.withdrawn.iter().map(|(_, when)| *when));
        then.updated_at = revised.chain(others).max()?;
        (!then.revisions.is_empty()).then_some(then)
    }

    /// Puts back what the latest overwriting event overwrote.
    fn undo_overwriting(&mut self) {
        match self.past.pop().map(|(_, overwritten)| overwritten) {
            Some(Overwritten::NotCancelled(number)) => self.revision_mut(number, |revision| revision.cancelled = None),
            Some(Overwritten::Expiry(number, before)) => self.revision_mut(number, |revision| revision.effective_to = before),
            Some(Overwritten::Superseded(before)) => self.superseded = before,
            Some(Overwritten::State(before)) => self.state = before,
            None => {}
        }
    }

    /// Takes back the correction that was recorded at that moment.
    fn undo_correction(&mut self, when: i64) {
        let corrected = self.revisions.iter_mut().find(|r| r.corrections.last().is_some_and(|c| c.recorded_at == when));
        if let Some(revision) = corrected
            && let Some(correction) = revision.corrections.pop()
        {
            (revision.effective_from, revision.effective_to) = correction.days;
            revision.facts = correction.before;
        }
    }

    fn revision_mut(&mut self, number: u32, change: impl FnOnce(&mut Revision<F>)) {
        if let Some(revision) = self.revisions.iter_mut().find(|revision| revision.number == number) {
            change(revision);
        }
    }

    /// First and last day on which the revision holds, as far as is known; none if it never does.
    pub fn holds(&self, revision: &Revision<F>, moment: &Moment) -> Option<(Date, Option<Date>)> {
        if revision.cancelled.is_some() || self.is_replaced(revision) {
            return None;
        }
        let day_before = |day: Date| day.yesterday().ok();
        let later = self.revisions.iter().filter(|r| r.number > revision.number && r.cancelled.is_none());
        let next = later.map(|r| r.effective_from).min().and_then(day_before);
        let superseded = self.superseded.as_ref().and_then(|by| day_before(by.from));
        let withdrawn = self.withdrawn.as_ref().and_then(|(_, at)| day_before(date_in(&moment.zone, moment_of(*at))));
        let last = [revision.effective_to, next, superseded, withdrawn].into_iter().flatten().min();
        last.is_none_or(|last| revision.effective_from <= last).then_some((revision.effective_from, last))
    }

    /// The last day up to which a revision's days (such as those of a campaign) can take place, as far as is known:
    /// an end that was set for the revision, or the day before something takes its place. The end of the days
    /// themselves does not count.
    pub fn days_end(&self, revision: &Revision<F>) -> Option<Date> {
        let day_before = |day: Date| day.yesterday().ok();
        let (_, own) = revision.facts.effective(revision.effective_from);
        let set = revision.effective_to.filter(|to| Some(*to) != own);
        let later = self.revisions.iter().filter(|r| r.number > revision.number && r.cancelled.is_none());
        let next = later.map(|r| r.effective_from).min().and_then(day_before);
        let superseded = self.superseded.as_ref().and_then(|by| day_before(by.from));
        [set, next, superseded].into_iter().flatten().min()
    }

    /// The number of the item's state for calendars (RFC 5545 §3.8.7.4): it grows with every event that residents see.
    ///
    /// It is the second of the latest of them, counted from 2020, or one more than the number before, where that is greater.
    /// A mere count would fall when an older backup is restored, and phones would ignore what follows.
    pub fn sequence(&self) -> u32 {
        let told = self.revisions.iter().flat_map(|r| {
            let corrected = r.corrections.iter().map(|c| c.recorded_at);
            corrected.chain(r.expiries.iter().map(|(at, _)| *at)).chain([r.recorded_at])
        });
        let overwrote =
            |what: &Overwritten<F>| matches!(what, Overwritten::Superseded(_) | Overwritten::NotCancelled(_) | Overwritten::State(_));
        let past = self.past.iter().filter(|(_, what)| overwrote(what)).map(|(at, _)| *at);
        let mut moments: Vec<i64> = told.chain(past).chain(self.withdrawn.iter().map(|(_, at)| *at)).collect();
        moments.sort_unstable();
        let counted = moments.into_iter().fold(0, |before: u32, at| second(at).max(before + 1).min(LARGEST));
        // Of changes of the family's own only the latest are kept.
        counted.max(second(self.updated_at).min(LARGEST))
    }

    /// Numbers of the revisions that hold on some day from `from` to `to`, oldest first.
    pub fn holding(&self, from: Option<Date>, to: Option<Date>, moment: &Moment) -> Vec<u32> {
        let meets = |revision: &&Revision<F>| {
            self.holds(revision, moment).is_some_and(|(first, last)| {
                to.is_none_or(|to| first <= to) && from.is_none_or(|from| last.is_none_or(|last| from <= last))
            })
        };
        self.revisions.iter().filter(meets).map(|revision| revision.number).collect()
    }
}
