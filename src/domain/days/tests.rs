//! Which days come of a schedule.

use jiff::ToSpan;
use jiff::civil::{Date, date, time};

use super::{Days, Exception, Hours, MonthDay, OnHoliday, Schedule, Weekday, Which};

fn weekly(weekdays: &[Weekday], from: Date, to: Option<Date>, count: Option<u32>) -> Schedule {
    Schedule::Weekly { weekdays: weekdays.to_vec(), from, to, count }
}

fn monthly(on: MonthDay, from: Date) -> Schedule {
    Schedule::Monthly { on, from, to: None, count: None }
}

fn first(days: &Days, begin: Date, count: usize) -> Vec<String> {
    days.from(begin).take(count).map(|found| found.day.to_string()).collect()
}

fn cancelled(day: Date) -> Exception {
    Exception { day, moved_to: None, reason: None }
}

fn moved(day: Date, to: Date) -> Exception {
    Exception { day, moved_to: Some(to), reason: Some("Mưa bão".into()) }
}

#[test]
fn days_of_each_kind_of_schedule_are_those_of_the_calendar_on_the_wall() {
    let of = |schedule: Schedule| first(&schedule.days(OnHoliday::Held, &[], []), date(2026, 1, 1), 4);
    let first_friday = MonthDay::Weekday { which: Which::First, day: Weekday::Friday };
    let last_sunday = MonthDay::Weekday { which: Which::Last, day: Weekday::Sunday };
    let from = date(2026, 1, 1);
    assert_eq!(
        of(weekly(&[Weekday::Tuesday, Weekday::Saturday], from, None, None)),
        ["2026-01-03", "2026-01-06", "2026-01-10", "2026-01-13"]
    );
    assert_eq!(of(monthly(first_friday, from)), ["2026-01-02", "2026-02-06", "2026-03-06", "2026-04-03"]);
    assert_eq!(of(monthly(last_sunday, from)), ["2026-01-25", "2026-02-22", "2026-03-29", "2026-04-26"]);
    assert_eq!(of(monthly(MonthDay::Date(16), from)), ["2026-01-16", "2026-02-16", "2026-03-16", "2026-04-16"]);
    assert_eq!(of(monthly(MonthDay::LastDay, from)), ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]);
    assert_eq!(of(Schedule::Day { on: date(2026, 10, 10) }), ["2026-10-10"]);
    assert_eq!(of(Schedule::Range { from, to: date(2026, 1, 2) }), ["2026-01-01", "2026-01-02"]);
    assert_eq!(of(weekly(&[Weekday::Friday], from, None, Some(2))), ["2026-01-02", "2026-01-09"]);
    assert_eq!(of(weekly(&[Weekday::Friday], from, Some(date(2026, 1, 15)), None)), ["2026-01-02", "2026-01-09"]);
}

#[test]
fn a_holiday_moves_a_day_to_a_working_day_or_leaves_it_out() {
    // 30/4 and 1/5/2026 are a Thursday and a Friday; Tết is from 16/2 to 20/2, Monday to Friday.
    let fridays = weekly(&[Weekday::Friday], date(2026, 2, 6), None, None);
    let of = |rule, begin, count| first(&fridays.days(rule, &[], []), begin, count);
    assert_eq!(of(OnHoliday::Held, date(2026, 2, 14), 2), ["2026-02-20", "2026-02-27"]);
    assert_eq!(of(OnHoliday::LeftOut, date(2026, 2, 14), 2), ["2026-02-27", "2026-03-06"]);
    assert_eq!(of(OnHoliday::NextWorkingDay, date(2026, 2, 14), 2), ["2026-02-23", "2026-02-27"]);
    assert_eq!(of(OnHoliday::WorkingDayBefore, date(2026, 2, 7), 2), ["2026-02-13", "2026-02-27"]);
    assert_eq!(of(OnHoliday::NextWorkingDay, date(2026, 4, 27), 2), ["2026-05-04", "2026-05-08"]);
    let found = fridays.days(OnHoliday::NextWorkingDay, &[], []).on(date(2026, 5, 4)).expect("moved");
    assert_eq!((found.day, found.planned), (date(2026, 5, 4), date(2026, 5, 1)));
}

#[test]
fn a_day_is_cancelled_or_moved_and_each_day_comes_once() {
    let fridays = weekly(&[Weekday::Friday], date(2026, 3, 6), Some(date(2026, 3, 27)), None);
    let of = |exceptions: &[Exception]| first(&fridays.days(OnHoliday::Held, &[], exceptions), date(2026, 3, 1), 9);
    assert_eq!(of(&[cancelled(date(2026, 3, 13))]), ["2026-03-06", "2026-03-20", "2026-03-27"]);
    assert_eq!(of(&[moved(date(2026, 3, 13), date(2026, 3, 12))]), ["2026-03-06", "2026-03-12", "2026-03-20", "2026-03-27"]);
    assert_eq!(of(&[moved(date(2026, 3, 13), date(2026, 3, 20))]), ["2026-03-06", "2026-03-20", "2026-03-27"]);
    // Before the first day and behind the last, where the exception says so.
    let outside = [moved(date(2026, 3, 6), date(2026, 3, 5)), moved(date(2026, 3, 27), date(2026, 4, 9))];
    let days = fridays.days(OnHoliday::Held, &[], &outside);
    assert_eq!(days.span(), Some((date(2026, 3, 5), Some(date(2026, 4, 9)))));
    assert_eq!(first(&days, date(2026, 3, 1), 9), ["2026-03-05", "2026-03-13", "2026-03-20", "2026-04-09"]);
}

#[test]
fn only_days_that_hold_are_told() {
    let fridays = weekly(&[Weekday::Friday], date(2026, 1, 2), None, None).days(OnHoliday::Held, &[], []);
    let held = fridays.clone().held(date(2026, 1, 10), Some(date(2026, 1, 24)));
    assert_eq!(first(&held, date(2026, 1, 1), 9), ["2026-01-16", "2026-01-23"]);
    assert_eq!(held.first_from(date(2026, 1, 24)), None);
    assert_eq!(fridays.first_from(Date::MIN), Some(date(2026, 1, 2)));
}

#[test]
fn what_comes_next_is_what_a_look_at_every_day_finds() {
    let mut seed: u64 = 1;
    let mut random = |below: i64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(seed >> 33).expect("small") % below
    };
    let begin = date(2026, 1, 1);
    for round in 0..300 {
        let schedule = match random(4) {
            0 => weekly(&[Weekday::Monday, Weekday::Friday][..usize::try_from(random(2) + 1).expect("small")], begin, None, None),
            1 => monthly(MonthDay::Date(u8::try_from(random(28) + 1).expect("small")), begin),
            2 => monthly(MonthDay::LastDay, begin),
            _ => Schedule::Range { from: begin, to: date(2026, 12, 31) },
        };
        let holidays = [OnHoliday::Held, OnHoliday::LeftOut, OnHoliday::NextWorkingDay, OnHoliday::WorkingDayBefore]
            [usize::try_from(random(4)).expect("small")];
        let plain = schedule.days(OnHoliday::Held, &[], []);
        let mut exceptions: Vec<Exception> = Vec::new();
        for planned in plain.planned(begin).take(40) {
            match random(9) {
                0 => exceptions.push(cancelled(planned)),
                1 => exceptions.push(moved(planned, planned.saturating_add((random(30) - 10).days()))),
                _ => {}
            }
        }
        let days = schedule.days(holidays, &[], &exceptions);
        // Every day of the schedule, with what becomes of it.
        let mut expected: Vec<Date> = plain.planned(begin).take(400).filter_map(|planned| days.becomes(planned)).collect();
        expected.sort_unstable();
        expected.dedup();
        expected.retain(|day| *day >= begin);
        let found: Vec<Date> = days.from(begin).take(40).map(|found| found.day).collect();
        assert_eq!(found, expected[..40.min(expected.len())].to_vec(), "round {round}: {schedule:?}");
    }
}

#[test]
fn a_schedule_that_says_something_else_than_was_meant_is_refused() {
    let from = date(2026, 1, 2);
    let reason = |schedule: Schedule, exceptions: &[Exception]| schedule.check(OnHoliday::Held, &[], exceptions).err().map(|r| r.reason);
    assert_eq!(reason(monthly(MonthDay::Date(31), from), &[]), Some("month-day"));
    assert_eq!(reason(weekly(&[Weekday::Friday], from, None, Some(0)), &[]), Some("count"));
    assert_eq!(reason(weekly(&[Weekday::Friday], from, Some(from), Some(3)), &[]), Some("count"));
    assert_eq!(reason(weekly(&[], from, None, None), &[]), Some("period-reversed"));
    assert_eq!(reason(weekly(&[Weekday::Friday], from, None, None), &[cancelled(date(2026, 1, 3))]), Some("exception-no-day"));
    assert_eq!(
        reason(weekly(&[Weekday::Friday], from, None, None), &[cancelled(from), moved(from, date(2026, 1, 5))]),
        Some("exception-twice")
    );
    assert_eq!(reason(Schedule::Day { on: from }, &[cancelled(from)]), Some("period-reversed"));
    assert_eq!(reason(weekly(&[Weekday::Friday], from, None, None), &[cancelled(date(2026, 1, 9))]), None);
    assert_eq!(reason(weekly(&[Weekday::Friday], from, Some(date(9999, 12, 31)), None), &[]), Some("day-far"));
    assert_eq!(reason(weekly(&[Weekday::Friday], from, None, None), &[moved(from, date(26, 1, 3))]), Some("day-far"));
    assert_eq!(reason(weekly(&[Weekday::Friday], from, None, None), &[moved(from, date(2028, 1, 3))]), Some("moved-far"));
    let mondays = Hours { from: time(8, 0, 0, 0), to: time(9, 0, 0, 0), days: vec![Weekday::Monday] };
    let fridays = weekly(&[Weekday::Friday], from, None, None);
    assert_eq!(fridays.check(OnHoliday::Held, &[mondays], &[]).err().map(|refusal| refusal.reason), Some("hours-no-day"));
}

#[test]
fn a_series_that_began_long_ago_knows_its_exceptions_and_begins_with_what_holds() {
    let fridays = weekly(&[Weekday::Friday], date(2000, 1, 7), None, None);
    let days = fridays.days(OnHoliday::LeftOut, &[], &[cancelled(date(2000, 1, 14)), cancelled(date(2026, 12, 11))]);
    let irregular = days.irregular(date(2000, 1, 7), None);
    assert!(irregular.contains(&date(2026, 12, 11)) && irregular.contains(&date(2027, 1, 1)), "{irregular:?}");
    let held = days.held(date(2026, 12, 1), None);
    assert_eq!(held.first_planned(|_| true), Some(date(2026, 12, 4)));
    assert_eq!(held.irregular(date(2026, 12, 4), None).first(), Some(&date(2026, 12, 11)));
    // Many cancelled days in a row are a gap, and no end.
    let gap: Vec<Exception> = fridays.days(OnHoliday::Held, &[], []).planned(date(2026, 1, 1)).take(120).map(cancelled).collect();
    let days = fridays.days(OnHoliday::Held, &[], &gap);
    assert_eq!(days.first_from(date(2026, 1, 1)), Some(date(2028, 4, 21)));
}
