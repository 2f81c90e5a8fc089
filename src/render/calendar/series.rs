//! A revision's days as events of a calendar: one for each span of hours, with its exceptions.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use crate::domain::days::{Days, Hours, MonthDay, Rule};
use crate::domain::publication::Status;
use crate::domain::publication::view::{Calendar, View};
use crate::words::civil::date_in;

/// Days of the week, Monday first (RFC 5545 §3.3.10).
const BY_DAY: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

/// An event with all its days.
pub(super) struct Series<'a> {
    pub(super) view: &'a View,
    pub(super) calendar: &'a Calendar,
    /// Which span of hours it is, from 0.
    pub(super) number: usize,
    /// Its hours; none means whole days.
    pub(super) hours: Option<&'a Hours>,
    pub(super) first: Date,
    /// The last day of its first occurrence: only a range of whole days lasts longer than a day.
    pub(super) last_of_first: Date,
    /// The rule, without its end.
    pub(super) rule: Option<String>,
    /// The last day of the rule.
    pub(super) until: Option<Date>,
    /// Days of the rule that do not take place.
    pub(super) left_out: Vec<Date>,
    /// Days of the rule, and those to which they are moved.
    pub(super) moved: Vec<(Date, Date)>,
    /// True where nothing of it takes place.
    pub(super) is_off: bool,
}

/// The days of the week of a span of hours; none means all.
type Mask = Vec<Weekday>;

fn listed(days: &[Weekday]) -> String {
    days.iter().map(|day| BY_DAY[day.to_monday_zero_offset().cast_unsigned() as usize % 7]).collect::<Vec<_>>().join(",")
}

/// The rule for those of its days that have these hours. A single day of the week is that of the first day.
fn rule(days: &Days, mask: &Mask) -> String {
    let by_day = |on: &[Weekday]| if on.is_empty() { String::new() } else { format!(";BYDAY={}", listed(on)) };
    match &days.rule {
        Rule::Daily => format!("FREQ=DAILY{}", by_day(mask)),
        Rule::Weekly(on) => {
            let on: Vec<Weekday> = on.iter().copied().filter(|day| mask.is_empty() || mask.contains(day)).collect();
            format!("FREQ=WEEKLY{}", if on.len() > 1 { by_day(&on) } else { String::new() })
        }
        Rule::Monthly(MonthDay::Date(date)) => format!("FREQ=MONTHLY;BYMONTHDAY={date}{}", by_day(mask)),
        Rule::Monthly(MonthDay::LastDay) => format!("FREQ=MONTHLY;BYMONTHDAY=-1{}", by_day(mask)),
        Rule::Monthly(MonthDay::Weekday { which, day }) => format!("FREQ=MONTHLY;BYDAY={}{}", which.number(), listed(&[(*day).into()])),
    }
}

/// The spans of hours, each with its days of the week; days of the week without hours are whole days.
fn spans(days: &Days) -> Vec<(Option<&Hours>, Mask)> {
    let mask = |hours: &Hours| hours.days.iter().map(|day| (*day).into()).collect::<Mask>();
    let mut spans: Vec<_> = days.hours.iter().map(|hours| (Some(hours), mask(hours))).collect();
    if days.hours.iter().all(|hours| !hours.days.is_empty()) {
        let without = |day: &Weekday| !spans.iter().any(|(_, mask)| mask.contains(day));
        let rest: Mask = Weekday::Monday.cycle_forward().take(7).filter(without).collect();
        match rest.len() {
            0 => {}
            7 => spans.push((None, Mask::new())),
            _ => spans.push((None, rest)),
        }
    }
    spans
}

/// The events of a revision.
pub(super) fn of<'a>(zone: &TimeZone, view: &'a View, calendar: &'a Calendar) -> Vec<Series<'a>> {
    let held = &calendar.days;
    let never = view.is_replaced || held.first_from(Date::MIN).is_none();
    let last = held.span().and_then(|(_, last)| last);
    let withdrawn = view.withdrawn.as_ref().map(|(_, _, at)| date_in(zone, *at));
    let was_taken_back = withdrawn.is_some_and(|day| last.is_none_or(|last| day <= last));
    let is_off = never || was_taken_back || view.status == Status::Cancelled;
    // What never takes place keeps its days: a calendar needs them to strike the event out.
    let days = if never { held.clone().held(Date::MIN, None) } else { held.clone() };
    let spans = spans(held);
    let every = spans.len() == 1;
    spans
        .into_iter()
        .enumerate()
        .filter_map(|(number, (hours, mask))| {
            let has_hours = |day: &Date| mask.is_empty() || mask.contains(&day.weekday());
            let first = match days.first_planned(|day| has_hours(&day)) {
                Some(first) => first,
                // A calendar needs a day even of what has none.
                None if every => days.planned(days.first).next().unwrap_or(days.first),
                None => return None,
            };
            let mut series = Series {
                view,
                calendar,
                number,
                hours,
                first,
                last_of_first: first,
                rule: Some(rule(&days, &mask)),
                until: days.last_planned(),
                left_out: Vec::new(),
                moved: Vec::new(),
                is_off,
            };
            series.except(&days, has_hours);
            Some(series)
        })
        .collect()
}

impl Series<'_> {
    /// Notes the days that do not take place as planned.
    fn except(&mut self, days: &Days, has_hours: impl Fn(&Date) -> bool) {
        for planned in days.irregular(self.first, self.until).into_iter().filter(|day| has_hours(day)) {
            match days.becomes(planned) {
                Some(day) if day == planned => {}
                // Of two days that fall on one, the other stands there.
                Some(day) if days.on(day).is_some_and(|found| found.planned == planned) => self.moved.push((planned, day)),
                _ => self.left_out.push(planned),
            }
        }
        if days.rule != Rule::Daily {
            return;
        }
        if self.until == Some(self.first) {
            // One day: it is moved as a whole, or struck out.
            self.rule = None;
            self.is_off |= !self.left_out.is_empty();
            self.left_out.clear();
            if let Some((_, day)) = self.moved.pop() {
                self.first = day;
                self.last_of_first = day;
            }
        } else if self.hours.is_none() && self.left_out.is_empty() && self.moved.is_empty() && days.hours.is_empty() {
            // A range of whole days is one event. Without an end it goes on until further notice.
            if let Some(last) = self.until {
                self.rule = None;
                self.last_of_first = last;
            }
        }
    }
}
