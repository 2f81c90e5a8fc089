//! The rules of works on roads.

use jiff::civil::{Date, DateTime, Time};
use jiff::{Span, Timestamp, ToSpan};

use super::{EndEarly, EndedEarly, Postpone, Postponed, Works, WorksChange, WorksChanged, WorksState};
use crate::domain::access::Role;
use crate::domain::days::{Days, Hours, Rule};
use crate::domain::document::Document;
use crate::domain::feature_set::{FeatureSet, Takes};
use crate::domain::plan::check_in_city;
use crate::domain::publication::view::{Moment, View};
use crate::domain::publication::{Corrected, Event, ExpirySet, Family, Publication, own_changes};
use crate::domain::schema::{FeatureCollection, Only, Property, Shape};
use crate::domain::unit::UnitId;
use crate::domain::{Context, Refusal};
use crate::words::civil::{date_in, midnight};

/// How far ahead hours are looked for, days: in a week every day of the week comes once.
const AHEAD: i64 = 8;

impl Works {
    /// Its days.
    pub(super) fn days(&self) -> Days {
        let on: Vec<_> = self.hours.iter().flat_map(|hours| &hours.days).map(|day| (*day).into()).collect();
        Days::new(if on.is_empty() { Rule::Daily } else { Rule::Weekly(on) }, self.from, self.to)
    }

    /// The spells in which the road is closed that end after `now`, the earliest first, up to a week ahead. Hours at
    /// night belong to the day on which they begin.
    pub(super) fn spells(&self, moment: &Moment) -> Vec<(Timestamp, Option<Timestamp>)> {
        let at = |civil: DateTime| moment.zone.to_timestamp(civil).unwrap_or(Timestamp::MAX);
        let Some(hours) = &self.hours else {
            let end = self.to.map(|to| crate::words::civil::end_of(&moment.zone, to));
            return vec![(midnight(&moment.zone, self.from), end)]
                .into_iter()
                .filter(|(_, end)| end.is_none_or(|end| end > moment.now))
                .collect();
        };
        let first = moment.today.saturating_sub(1.day()).max(self.from);
        let days = first.series(1.day()).take_while(|day| {
            self.to.is_none_or(|to| *day <= to) && *day <= moment.today.max(self.from).saturating_add(Span::new().days(AHEAD))
        });
        let spell = |day: Date| {
            let ends = if hours.end_next_day() { day.saturating_add(1.day()) } else { day };
            (at(day.to_datetime(hours.from)), Some(at(ends.to_datetime(hours.to))))
        };
        days.filter(|day| hours.begin_on(*day)).map(spell).filter(|(_, end)| end.is_some_and(|end| end > moment.now)).collect()
    }
}

impl Family for Works {
    const NAME: &'static str = "works";
    const COLLECTIONS: &'static [(&'static str, &'static str)] = &[("works", "")];
    const FEATURES: &'static [FeatureCollection] = &[FeatureCollection {
        name: "works-lines",
        only: Only::All,
        shape: Shape::Lines,
        properties: &[super::view::LINE_PROPERTIES],
        further: None,
    }];
    const SHAPE: Shape = Shape::Lines;
    const SETS: &'static [(&'static str, Takes)] = &[("lines", Takes::Lines)];
    const ROLES: &'static [Role] = &[Role::Works];
    const NEARBY: Option<(&'static str, f64)> = Some(("works-nearby", 500.0));
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[("works", "DTCT2601Q"), ("works-lines", "DTCT2601Q-1-1")];
    type Change = WorksChange;
    type Changed = WorksChanged;
    type State = WorksState;

    own_changes! {
        WorksChange {
            "postpone" => Postpone(Postpone),
            "end-early" => EndEarly(EndEarly),
        }
        WorksChanged {
            "works.postponed", 1 => Postponed(Postponed),
            "works.ended_early", 1 => EndedEarly(EndedEarly),
        }
    }

    fn properties(_: &str) -> Vec<Property> {
        super::view::PROPERTIES.to_vec()
    }

    fn kind(&self) -> &'static str {
        self.kind.as_str()
    }

    fn title(&self) -> &str {
        &self.title
    }

    fn units(&self) -> &[UnitId] {
        &self.units
    }

    fn documents(&self) -> &[Document] {
        &self.documents
    }

    fn features(&self) -> Option<&FeatureSet> {
        Some(&self.lines)
    }

    fn effective(&self, _: Date) -> (Date, Option<Date>) {
        // The last night ends on the morning after the last day.
        let ends_later = self.hours.as_ref().is_some_and(Hours::end_next_day);
        (self.from, self.to.map(|to| if ends_later { to.saturating_add(1.day()) } else { to }))
    }

    fn check_corrects(&self, previous: &Self, state: &WorksState, context: &Context) -> Result<(), Refusal> {
        // An end of earlier days says nothing of those of a later revision.
        let begins = midnight(&context.city.zone(), previous.from);
        match state.ended.as_ref().filter(|ended| ended.at >= begins) {
            // The road is free again. Where it is closed anew, that is another revision.
            Some(_) if self.to != previous.to => {
                let to = previous.to.unwrap_or(previous.from);
                Err(Refusal::conflict("works-ended", sentence!("works-ended", to)))
            }
            _ => Ok(()),
        }
    }

    fn check(&self, effective_from: Date, context: &Context) -> Result<(), Refusal> {
        let is_blank = |text: &str| text.trim().is_empty();
        if is_blank(&self.title) || is_blank(&self.road) || is_blank(&self.authority) {
            return Err(Refusal::invalid("works-incomplete", sentence!("works-incomplete")));
        }
        if let Some(to) = self.to.filter(|to| *to < self.from) {
            return Err(reversed(self.from, to));
        }
        if effective_from != self.from {
            return Err(Refusal::invalid("works-dates", sentence!("works-dates")));
        }
        if self.hours.as_ref().is_some_and(|hours| hours.from == hours.to) {
            return Err(Refusal::invalid("works-hours", sentence!("works-hours")));
        }
        if self.days().first_from(self.from).is_none() {
            return Err(Refusal::invalid("works-no-day", sentence!("works-no-day")));
        }
        if self.closed.lanes == Some(0) {
            return Err(Refusal::invalid("works-lanes", sentence!("works-lanes")));
        }
        if let Some(phone) = self.phones.iter().find(|phone| !crate::domain::phone::is_phone(&phone.number)) {
            return Err(Refusal::invalid("phone", sentence!("phone", phone = phone.number)));
        }
        check_in_city(Some(&self.lines), context)
    }

    fn decide(current: &Publication<Self>, change: WorksChange, context: &Context) -> Result<Vec<Event<Self>>, Refusal> {
        let Some(latest) = current.latest() else {
            return Err(Refusal::conflict("not-published", sentence!("not-published-works")));
        };
        let reason = match &change {
            WorksChange::Postpone(postpone) => &postpone.reason,
            WorksChange::EndEarly(end) => &end.reason,
        };
        if reason.trim().is_empty() {
            return Err(Refusal::invalid("reason-missing", sentence!("reason-missing-works")));
        }
        let zone = context.city.zone();
        // The days in force follow the days of the works.
        let corrected = |from: Date, to: Option<Date>, reason: &str| {
            let facts = Works { from, to, ..latest.facts.clone() };
            let fields = latest.facts.differences(&facts);
            Event::Corrected(Box::new(Corrected { revision: latest.number, reason: reason.to_owned(), fields, facts }))
        };
        match change {
            WorksChange::Postpone(postpone) => {
                if let Some(to) = postpone.to.filter(|to| *to < postpone.from) {
                    return Err(reversed(postpone.from, to));
                }
                if (postpone.from, postpone.to) == (latest.facts.from, latest.facts.to) {
                    return Err(Refusal::invalid("nothing-changed", sentence!("nothing-changed")));
                }
                if latest.facts.from <= context.today {
                    return Err(Refusal::conflict("works-begun", sentence!("works-begun")));
                }
                // A last day that was set by hand stays; it cannot be moved along with the days.
                if let Some(to) = latest.effective_to.filter(|to| Some(*to) != latest.facts.effective(latest.facts.from).1) {
                    return Err(Refusal::conflict("works-end-set", sentence!("works-end-set", to)));
                }
                let moved = Self { from: postpone.from, to: postpone.to, ..latest.facts.clone() };
                if moved.days().first_from(moved.from).is_none() {
                    return Err(Refusal::invalid("works-no-day", sentence!("works-no-day")));
                }
                let event = corrected(postpone.from, postpone.to, &postpone.reason);
                Ok(vec![Event::Changed(WorksChanged::Postponed(postpone)), event])
            }
            WorksChange::EndEarly(EndEarly { at, reason }) => {
                let at = at.unwrap_or(context.now);
                let day = date_in(&zone, at);
                let (from, to) = latest.facts.effective(context.today);
                if at > context.now || day < from || to.is_some_and(|to| day > to) {
                    return Err(Refusal::invalid("works-end", sentence!("works-end")));
                }
                // What had not begun on that day did not take place on it; a night may have begun on the day before.
                let time = zone.to_datetime(at).time();
                let begun = match &latest.facts.hours {
                    Some(hours) => hours.begin_on(day) && time > hours.from,
                    None => time > Time::midnight(),
                };
                let last = if begun { day } else { day.saturating_sub(1.day()) };
                let held = Self { to: Some(last), ..latest.facts.clone() };
                if held.days().first_from(held.from).is_none() {
                    return Err(Refusal::conflict("works-not-begun", sentence!("works-not-begun")));
                }
                let is_last = latest.facts.to.is_some_and(|to| to <= last);
                let own = if is_last { latest.facts.to } else { Some(last) };
                let follows = Self { to: own, ..latest.facts.clone() }.effective(context.today).1;
                let mut events = vec![Event::Changed(WorksChanged::EndedEarly(EndedEarly { at, reason: reason.clone() }))];
                events.extend((!is_last).then(|| corrected(latest.facts.from, own, &reason)));
                // Nor does a night that is broken off last until the morning after.
                events.extend((follows != Some(day)).then_some(Event::ExpirySet(ExpirySet { effective_to: day, reason })));
                Ok(events)
            }
        }
    }

    fn apply(state: &mut WorksState, changed: &WorksChanged) {
        match changed {
            WorksChanged::Postponed(postponed) => state.postponed = Some(postponed.clone()),
            WorksChanged::EndedEarly(ended) => state.ended = Some(ended.clone()),
        }
    }

    fn describe(&self, state: &WorksState, moment: &Moment, view: &mut View) {
        super::view::describe(self, state, moment, view);
    }
}

fn reversed(from: Date, to: Date) -> Refusal {
    Refusal::invalid("period-reversed", sentence!("period-reversed-works", to, from))
}
