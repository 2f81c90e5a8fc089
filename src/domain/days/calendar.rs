//! The days that come of a schedule.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

use super::holidays::{LONGEST, all_holidays, is_holiday, is_worked, working_from, working_until};
use super::{Hours, MonthDay, OnHoliday};

/// How far the next day is looked for, days: beyond the longest gap that exceptions can make of the days of a month.
const AHEAD: usize = 366 * 11;

/// Which days of the calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// Every day.
    Daily,
    /// These days of each week.
    Weekly(Vec<Weekday>),
    /// This day of each month.
    Monthly(MonthDay),
}

impl Rule {
    fn has(&self, day: Date) -> bool {
        match self {
            Self::Daily => true,
            Self::Weekly(days) => days.contains(&day.weekday()),
            Self::Monthly(MonthDay::Date(date)) => day.day().cast_unsigned() == *date,
            Self::Monthly(MonthDay::LastDay) => day.day() == day.days_in_month(),
            Self::Monthly(MonthDay::Weekday { which, day: weekday }) => {
                let nth = day.nth_weekday_of_month(which.number(), (*weekday).into());
                weekday.is_of(day) && nth.is_ok_and(|nth| nth == day)
            }
        }
    }
}

/// A day on which something takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Occurrence {
    /// The day on which it takes place.
    pub day: Date,
    /// The day of the schedule that it stands for; another one where it was moved.
    pub planned: Date,
}

/// Days on which something takes place. Built from a range, and then narrowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Days {
    /// Which days.
    pub rule: Rule,
    /// First day.
    pub first: Date,
    /// Last day; none means no end.
    pub last: Option<Date>,
    /// Hours; none means the whole day.
    pub hours: Vec<Hours>,
    holidays: OnHoliday,
    /// Days of the schedule that do not take place, and those to which they are moved.
    exceptions: BTreeMap<Date, Option<Date>>,
    /// No day counts before the first and after the last of these.
    held: (Date, Option<Date>),
}

fn within((first, last): (Date, Option<Date>), day: Date) -> bool {
    first <= day && last.is_none_or(|last| day <= last)
}

impl Days {
    /// Days of a rule, from `first` to `last`.
    pub fn new(rule: Rule, first: Date, last: Option<Date>) -> Self {
        let (holidays, exceptions) = (OnHoliday::Held, BTreeMap::new());
        Self { rule, first, last, hours: Vec::new(), holidays, exceptions, held: (Date::MIN, None) }
    }

    /// Ends them with the `count`-th day of the rule.
    #[must_use]
    pub(super) fn counted(self, count: u32) -> Self {
        let nth = self.planned(self.first).nth(count.saturating_sub(1) as usize);
        Self { last: Some(nth.unwrap_or(self.first)), ..self }
    }

    /// With what becomes of holidays, and with exceptions.
    #[must_use]
    pub(super) fn except(self, holidays: OnHoliday, exceptions: impl Iterator<Item = (Date, Option<Date>)>) -> Self {
        Self { holidays, exceptions: exceptions.collect(), ..self }
    }

    /// With hours.
    #[must_use]
    pub fn at(self, hours: &[Hours]) -> Self {
        Self { hours: hours.to_vec(), ..self }
    }

    /// Only those between two days, which both count.
    #[must_use]
    pub fn held(self, first: Date, last: Option<Date>) -> Self {
        Self { held: (first, last), ..self }
    }

    /// Days of the rule from `begin` on, whatever becomes of them, and whether they hold or not.
    pub fn planned(&self, begin: Date) -> impl Iterator<Item = Date> {
        begin.max(self.first).series(1.day()).take_while(|day| self.is_in_range(*day)).filter(|day| self.rule.has(*day))
    }

    fn is_in_range(&self, day: Date) -> bool {
        within((self.first, self.last), day)
    }

    /// True for a day of the rule that holds, whatever becomes of it.
    pub fn is_planned(&self, day: Date) -> bool {
        self.has(day) && within(self.held, day)
    }

    /// True for a day of the rule, whether it holds or not.
    pub fn has(&self, day: Date) -> bool {
        self.is_in_range(day) && self.rule.has(day)
    }

    /// Days of the rule that were moved to a day that holds, though they lie before the first that does, or after the last.
    fn moved_in(&self) -> impl Iterator<Item = Date> {
        let moved = self.exceptions.iter().filter(|(_, to)| to.is_some_and(|to| within(self.held, to)));
        moved.map(|(planned, _)| *planned).filter(|planned| self.has(*planned) && !within(self.held, *planned))
    }

    /// The first day of the rule that leads to a day on which something takes place.
    pub fn first_planned(&self, may_be: impl Fn(Date) -> bool) -> Option<Date> {
        let begin = self.moved_in().min().unwrap_or(Date::MAX).min(before(self.held.0)).max(self.first);
        let until = begin.max(self.held.0).saturating_add(i64::try_from(AHEAD).unwrap_or(0).days());
        let mut days = self.planned(begin).take_while(|day| *day <= until).filter(|day| may_be(*day));
        days.find(|day| self.becomes(*day).is_some())
    }

    /// The last day that may be a day of the rule; none where there is no end.
    pub fn last_planned(&self) -> Option<Date> {
        let end = self.last_day()?;
        let latest = self.moved_in().max().unwrap_or(end).max(after(end));
        let latest = self.last.map_or(latest, |last| latest.min(last));
        let leads = latest.series((-1).day()).take_while(|day| *day > end).find(|day| self.becomes(*day).is_some());
        Some(leads.unwrap_or(end))
    }

    /// Days of the rule that may not take place as planned: exceptions, holidays, and those beside the days that hold.
    pub fn irregular(&self, first: Date, last: Option<Date>) -> Vec<Date> {
        let holidays = if self.holidays.is_held() { Vec::new() } else { all_holidays().collect() };
        let ahead = self.planned(first).take_while(|day| *day < self.held.0);
        let behind = self
            .held
            .1
            .and_then(|end| end.tomorrow().ok())
            .into_iter()
            .flat_map(|begin| self.planned(begin).take_while(move |day| last.is_some_and(|last| *day <= last)));
        let known = self.exceptions.keys().copied().chain(holidays).filter(|day| self.has(*day));
        let mut days: Vec<Date> = known.chain(ahead).chain(behind).filter(|day| within((first, last), *day)).collect();
        days.sort_unstable();
        days.dedup();
        days
    }

    /// The last day of the rule, or the last that holds.
    fn last_day(&self) -> Option<Date> {
        self.last.into_iter().chain(self.held.1).min()
    }

    /// On which day a day of the rule takes place; none where it does not.
    pub fn becomes(&self, planned: Date) -> Option<Date> {
        if !self.has(planned) {
            return None;
        }
        let day = match self.exceptions.get(&planned) {
            Some(moved) => (*moved)?,
            None if is_holiday(planned) => match self.holidays {
                OnHoliday::Held => planned,
                OnHoliday::LeftOut => return None,
                OnHoliday::NextWorkingDay => working_from(planned),
                OnHoliday::WorkingDayBefore => working_until(planned),
            },
            None => planned,
        };
        within(self.held, day).then_some(day)
    }

    /// What takes place on a day.
    pub fn on(&self, day: Date) -> Option<Occurrence> {
        let stands_for = |planned: Date| self.becomes(planned) == Some(day);
        let found = if stands_for(day) { Some(day) } else { self.moved_to(day).find(|planned| stands_for(*planned)) };
        found.map(|planned| Occurrence { day, planned })
    }

    /// Days of the schedule that may have been moved to `day`.
    fn moved_to(&self, day: Date) -> impl Iterator<Item = Date> {
        let moved = self.exceptions.iter().filter(move |(_, to)| **to == Some(day)).map(|(planned, _)| *planned);
        let step = match self.holidays {
            OnHoliday::NextWorkingDay if is_worked(day) => Some((-1).day()),
            OnHoliday::WorkingDayBefore if is_worked(day) => Some(1.day()),
            _ => None,
        };
        let run = step.into_iter().flat_map(move |step| day.series(step).skip(1).take(LONGEST).take_while(|day| !is_worked(*day)));
        moved.chain(run)
    }

    /// What takes place from `begin` on, the next first; each day once.
    pub fn from(&self, begin: Date) -> impl Iterator<Item = Occurrence> {
        let begin = begin.max(self.held.0);
        let last = self.latest();
        let mut empty = 0;
        begin
            .series(1.day())
            .take_while(move |day| last.is_none_or(|last| *day <= last))
            .map(move |day| {
                let found = self.on(day);
                empty = if found.is_some() { 0 } else { empty + 1 };
                (found, empty)
            })
            .take_while(|(_, empty)| *empty < AHEAD)
            .filter_map(|(found, _)| found)
    }

    /// No day comes after this one.
    fn latest(&self) -> Option<Date> {
        let moved = self.exceptions.values().flatten().max().copied();
        let own = self.last.map(|last| after(last).max(moved.unwrap_or(last)));
        own.into_iter().chain(self.held.1).min()
    }

    /// The hours of a day of the schedule; none means the whole day.
    pub fn hours_on(&self, planned: Date) -> impl Iterator<Item = &Hours> {
        self.hours.iter().filter(move |hours| hours.begin_on(planned))
    }

    /// The first day from `begin` on. None after the last.
    pub fn first_from(&self, begin: Date) -> Option<Date> {
        // No day comes before the schedule begins, except one that was moved there.
        let moved = self.exceptions.values().flatten().min().copied().map_or(self.first, |moved| moved.min(self.first));
        self.from(begin.max(before(moved))).next().map(|occurrence| occurrence.day)
    }

    /// First and last day on which it takes place; no last day where there is no end. None where it has no day.
    pub fn span(&self) -> Option<(Date, Option<Date>)> {
        let first = self.first_from(Date::MIN)?;
        let Some(latest) = self.latest() else { return Some((first, None)) };
        let mut back = latest.series((-1).day()).take_while(|day| *day >= first);
        Some((first, back.find(|day| self.on(*day).is_some())))
    }
}

/// Before every day that a holiday can move to `day` or later.
fn before(day: Date) -> Date {
    day.saturating_sub(i64::try_from(LONGEST).unwrap_or(0).days())
}

/// After every day that a holiday can move to `day` or earlier.
fn after(day: Date) -> Date {
    day.saturating_add(i64::try_from(LONGEST).unwrap_or(0).days())
}
