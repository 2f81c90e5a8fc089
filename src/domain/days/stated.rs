//! A schedule with its exceptions, hours and holidays: its days, and what is wrong with it.

use jiff::civil::{Date, date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::calendar::Days;
use super::schedule::MOST;
use super::{Hours, MonthDay, OnHoliday, Schedule};
use crate::domain::Refusal;
use crate::words::civil::{date_schema, optional_date_schema};

/// Most exceptions of a schedule.
const MOST_EXCEPTIONS: usize = 120;
/// Most spans of hours.
const MOST_HOURS: usize = 14;
/// Longest reason of an exception, characters.
const LONGEST_REASON: usize = 500;
/// First and last day that a schedule may name.
const DAYS: [Date; 2] = [date(1990, 1, 1), date(2199, 12, 31)];
/// How far a day may be moved, days.
const FAR: i32 = 366;

/// True for a day to which another may not be moved: it lies too far away.
pub fn is_far(day: Date, to: Date) -> bool {
    day.until(to).map_or(true, |span| span.get_days().abs() > FAR)
}

/// A day of the schedule that does not take place, or takes place on another day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// The day of the schedule.
    #[schemars(schema_with = "date_schema")]
    pub day: Date,
    /// The day on which it takes place instead; none where it is cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "optional_date_schema")]
    pub moved_to: Option<Date>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Schedule {
    /// Its days, as stated, with hours, and with what exceptions and holidays make of them. Of two exceptions for a day
    /// the later one counts.
    pub fn days<'e>(&self, holidays: OnHoliday, hours: &[Hours], exceptions: impl IntoIterator<Item = &'e Exception>) -> Days {
        let (first, last) = self.stated();
        let days = Days::new(self.rule(), first, last);
        let days = match self.count() {
            Some(count) => days.counted(count.clamp(1, MOST)),
            None => days,
        };
        days.except(holidays, exceptions.into_iter().map(|exception| (exception.day, exception.moved_to))).at(hours)
    }

    /// Refuses a schedule that says nothing, or something else than was meant.
    pub fn check(&self, holidays: OnHoliday, hours: &[Hours], exceptions: &[Exception]) -> Result<(), Refusal> {
        let wrong = |reason, said| Err(Refusal::invalid(reason, said));
        if let Self::Monthly { on: MonthDay::Date(date), .. } = self
            && !(1..=28).contains(date)
        {
            return wrong("month-day", sentence!("schedule-month-day", date = u32::from(*date)));
        }
        if self.count().is_some_and(|count| !(1..=MOST).contains(&count) || self.stated().1.is_some()) {
            return wrong("count", sentence!("schedule-count", most = MOST));
        }
        if exceptions.len() > MOST_EXCEPTIONS || hours.len() > MOST_HOURS {
            return wrong("too-many", sentence!("schedule-too-many", exceptions = MOST_EXCEPTIONS, hours = MOST_HOURS));
        }
        let (first, last) = self.stated();
        let named = exceptions.iter().flat_map(|one| std::iter::once(one.day).chain(one.moved_to));
        if let Some(day) = std::iter::once(first).chain(last).chain(named).find(|day| !(DAYS[0]..=DAYS[1]).contains(day)) {
            return wrong("day-far", sentence!("schedule-day", day, first = DAYS[0], last = DAYS[1]));
        }
        if let Some(one) = exceptions.iter().find(|one| one.moved_to.is_some_and(|to| is_far(one.day, to))) {
            return wrong("moved-far", sentence!("schedule-moved-far", day = one.day, most = FAR));
        }
        if exceptions.iter().any(|one| one.reason.as_deref().is_some_and(|reason| reason.chars().count() > LONGEST_REASON)) {
            return wrong("reason-long", sentence!("day-reason", most = LONGEST_REASON));
        }
        let plain = self.days(OnHoliday::Held, hours, []);
        if plain.last.is_some_and(|last| last < plain.first) || plain.first_from(plain.first).is_none() {
            return wrong("period-reversed", sentence!("campaign-no-day"));
        }
        let within_a_year = || plain.planned(plain.first).take_while(|day| !is_far(plain.first, *day));
        if let Some(never) = hours.iter().find(|hours| !within_a_year().any(|day| hours.begin_on(day))) {
            return wrong("hours-no-day", sentence!("schedule-hours", hours = never.in_words()));
        }
        if let Some(exception) = exceptions.iter().find(|exception| plain.becomes(exception.day).is_none()) {
            return wrong("exception-no-day", sentence!("schedule-exception", day = exception.day));
        }
        if let Some(twice) = exceptions.iter().enumerate().find(|(i, one)| exceptions[..*i].iter().any(|other| other.day == one.day)) {
            return wrong("exception-twice", sentence!("schedule-exception-twice", day = twice.1.day));
        }
        if self.days(holidays, hours, exceptions).span().is_none() {
            return wrong("period-reversed", sentence!("campaign-no-day"));
        }
        Ok(())
    }
}
