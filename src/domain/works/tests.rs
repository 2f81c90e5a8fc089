//! Rules of works on roads, given/when/then.

use cqrs_es::test::TestFramework;
use jiff::civil::{Date, date, time};

use super::{Closed, Direction, EndEarly, Postpone, Vehicle, Works, WorksChange, WorksKind};
use crate::domain::Digest;
use crate::domain::days::{Hours, Weekday};
use crate::domain::feature_set::FeatureSet;
use crate::domain::publication::view::{Moment, Shown, View};
use crate::domain::publication::{Command, Correct, ExpirySet, Publication, Publish, Revise, RevisionCancelled, Status};
use crate::domain::test_support::{code, on};
use crate::domain::{Context, Refusal};

type WorksTest = TestFramework<Publication<Works>>;

fn works(from: Date, to: Option<Date>, hours: Option<Hours>) -> Works {
    let lines = FeatureSet {
        sha256: Digest::of(b"lines"),
        bytes: 1,
        count: 1,
        bbox: [104.87, 21.7, 104.88, 21.71],
        area_ha: None,
        left_out: Vec::new(),
    };
    Works {
        kind: WorksKind::RoadWorks,
        title: "Đào đường".into(),
        summary: None,
        road: "Đường Điện Biên".into(),
        stretch: None,
        lines,
        from,
        to,
        hours,
        closed: Closed { direction: Direction::Both, towards: None, lanes: None, vehicles: vec![Vehicle::Lorries], emergency: Some(true) },
        detour: None,
        authority: "UBND phường".into(),
        permit: None,
        contractor: None,
        phones: Vec::new(),
        units: Vec::new(),
        documents: Vec::new(),
    }
}

fn nights(days: Vec<Weekday>) -> Hours {
    Hours { from: time(22, 0, 0, 0), to: time(5, 0, 0, 0), days }
}

fn published(facts: Works) -> Publication<Works> {
    let mut item = Publication::default();
    let publish = Command::Publish(Publish { code: code(5), effective_from: None, effective_to: None, facts });
    for event in item.decide(publish, &on(2026, 1, 1)).expect("allowed") {
        item.apply_at(event, 0);
    }
    item
}

fn changed(item: &Publication<Works>, change: WorksChange, context: &Context) -> Result<Publication<Works>, Refusal> {
    let mut item = item.clone();
    let at = context.now.as_microsecond();
    for event in item.decide(Command::Change(change), context)? {
        item.apply_at(event, at);
    }
    Ok(item)
}

/// The item as seen at an hour of a day.
fn seen(item: &Publication<Works>, day: Date, hour: i8) -> View {
    let zone = on(2026, 1, 1).city.zone();
    let now = zone.to_timestamp(day.to_datetime(time(hour, 0, 0, 0))).expect("a moment");
    item.view(None, &Moment::new(now, zone)).expect("public")
}

fn active(item: &Publication<Works>, day: Date, hour: i8) -> bool {
    seen(item, day, hour).properties["active"] == true
}

#[test]
fn what_is_incomplete_or_contradicts_itself_is_refused() {
    let reason = |facts: Works| {
        let publish = Command::Publish(Publish { code: code(5), effective_from: None, effective_to: None, facts });
        let tested = WorksTest::with(on(2026, 1, 1)).given_no_previous_events().when(publish);
        tested.inspect_result().expect_err("refused").reason
    };
    let whole = || works(date(2026, 2, 1), Some(date(2026, 2, 10)), None);
    assert_eq!(reason(Works { road: " ".into(), ..whole() }), "works-incomplete");
    assert_eq!(reason(Works { to: Some(date(2026, 1, 31)), ..whole() }), "period-reversed");
    let same = Hours { from: time(8, 0, 0, 0), to: time(8, 0, 0, 0), days: Vec::new() };
    assert_eq!(reason(Works { hours: Some(same), ..whole() }), "works-hours");
    assert_eq!(reason(Works { closed: Closed { lanes: Some(0), ..whole().closed }, ..whole() }), "works-lanes");
    let far = FeatureSet { bbox: [100.0, 21.7, 104.88, 21.71], ..whole().lines };
    assert_eq!(reason(Works { lines: far, ..whole() }), "outside-city");
}

#[test]
fn a_road_is_closed_by_the_hour_and_a_night_belongs_to_the_day_it_begins_on() {
    let item = published(works(date(2026, 2, 2), Some(date(2026, 2, 4)), Some(nights(Vec::new()))));
    for (day, hour, is_active) in [
        (date(2026, 2, 2), 4, false),
        (date(2026, 2, 2), 21, false),
        (date(2026, 2, 2), 22, true),
        (date(2026, 2, 3), 4, true),
        (date(2026, 2, 3), 5, false),
        (date(2026, 2, 4), 23, true),
        // The last night.
        (date(2026, 2, 5), 4, true),
        (date(2026, 2, 5), 5, false),
    ] {
        assert_eq!(active(&item, day, hour), is_active, "{day} {hour}:00");
    }
    let standing = |day, hour| seen(&item, day, hour).standing;
    assert_eq!((standing(date(2026, 2, 3), 12), standing(date(2026, 2, 5), 6)), ("works-between".into(), "works-over".into()));
    assert_eq!(seen(&item, date(2026, 2, 6), 0).status, Status::Expired);
    // The page is made anew when the road opens and closes.
    let next = |day, hour| seen(&item, day, hour).next_change.map(|at| at.to_string()).unwrap_or_default();
    assert_eq!(next(date(2026, 2, 2), 12), "2026-02-02T15:00:00Z", "22:00 in the city");
    assert_eq!(next(date(2026, 2, 2), 23), "2026-02-02T22:00:00Z", "5:00 in the city");
    // 6/2/2026 is a Friday.
    let weekly = published(works(date(2026, 2, 1), None, Some(nights(vec![Weekday::Friday]))));
    assert!(!active(&weekly, date(2026, 2, 5), 23) && active(&weekly, date(2026, 2, 6), 23) && active(&weekly, date(2026, 2, 7), 3));
    assert_eq!(seen(&weekly, date(2026, 2, 7), 12).standing, "works-between");
    let always = published(works(date(2026, 2, 2), Some(date(2026, 2, 4)), None));
    assert!(active(&always, date(2026, 2, 2), 0) && active(&always, date(2026, 2, 4), 23) && !active(&always, date(2026, 2, 5), 0));
    assert_eq!(seen(&always, date(2026, 2, 5), 0).status, Status::Expired);
}

#[test]
fn what_is_postponed_holds_on_its_new_days() {
    let item = published(works(date(2026, 2, 2), Some(date(2026, 2, 4)), None));
    let postpone = |from, to| WorksChange::Postpone(Postpone { from, to, reason: "Mưa bão".into() });
    let later = changed(&item, postpone(date(2026, 2, 10), Some(date(2026, 2, 12))), &on(2026, 2, 1)).expect("allowed");
    let view = seen(&later, date(2026, 2, 3), 12);
    assert_eq!((view.status, view.standing.as_str(), view.effective_from), (Status::Upcoming, "works-postponed", date(2026, 2, 10)));
    assert_eq!(view.fact("postponed-because"), Some(&Shown::Text("Mưa bão".into())));
    assert!(active(&later, date(2026, 2, 11), 12));
    assert_eq!(seen(&later, date(2026, 2, 13), 0).status, Status::Expired);
    let refused = |change, context: &Context| changed(&item, change, context).expect_err("refused").reason;
    assert_eq!(refused(postpone(date(2026, 2, 10), Some(date(2026, 2, 9))), &on(2026, 2, 1)), "period-reversed");
    assert_eq!(refused(postpone(date(2026, 2, 2), Some(date(2026, 2, 4))), &on(2026, 2, 1)), "nothing-changed");
    assert_eq!(refused(postpone(date(2026, 2, 10), None), &on(2026, 2, 2)), "works-begun");
}

#[test]
fn a_last_day_that_was_set_is_the_last_day_of_the_works() {
    let mut item = published(works(date(2026, 2, 2), Some(date(2026, 2, 4)), None));
    let expire = Command::Expire(ExpirySet { effective_to: date(2026, 2, 9), reason: "Kéo dài".into() });
    for event in item.decide(expire, &on(2026, 2, 3)).expect("allowed") {
        item.apply_at(event, 1);
    }
    assert!(active(&item, date(2026, 2, 9), 12), "the road is closed until then");
    let view = seen(&item, date(2026, 2, 5), 12);
    assert_eq!(view.calendar().and_then(|calendar| calendar.days.last), Some(date(2026, 2, 9)));
    assert_eq!(seen(&item, date(2026, 2, 10), 0).status, Status::Expired);
    // A last day that was set does not move along with postponed days.
    let mut planned = published(works(date(2026, 2, 12), Some(date(2026, 2, 14)), None));
    let expire = Command::Expire(ExpirySet { effective_to: date(2026, 2, 13), reason: "Sớm hơn".into() });
    for event in planned.decide(expire, &on(2026, 2, 3)).expect("allowed") {
        planned.apply_at(event, 1);
    }
    let postpone = WorksChange::Postpone(Postpone { from: date(2026, 2, 20), to: Some(date(2026, 2, 24)), reason: "Mưa".into() });
    assert_eq!(changed(&planned, postpone, &on(2026, 2, 4)).expect_err("refused").reason, "works-end-set");
}

#[test]
fn works_at_night_that_end_early_hold_until_the_day_on_which_they_end() {
    let item = published(works(date(2026, 2, 2), Some(date(2026, 2, 20)), Some(nights(Vec::new()))));
    let zone = on(2026, 2, 4).city.zone();
    // In the morning of a night, by day, in the evening before and after it begins, and in the first night of all.
    for (day, hour) in [(4, 2), (4, 16), (4, 21), (4, 23), (2, 23), (3, 1)] {
        let at = zone.to_timestamp(date(2026, 2, day).at(hour, 30, 0, 0)).expect("a moment");
        let change = WorksChange::EndEarly(EndEarly { at: Some(at), reason: "Xong".into() });
        let ended = changed(&item, change, &on(2026, 2, 6)).expect("allowed");
        let last = ended.latest().expect("a revision");
        assert_eq!(last.effective_to, Some(date(2026, 2, day)), "{day} at {hour}:30");
        assert_eq!(seen(&ended, date(2026, 2, 6), 12).holds_to, Some(date(2026, 2, day)), "{day} at {hour}:30");
        let nights: i8 = if hour < 22 { day - 1 } else { day };
        assert_eq!(last.facts.to, Some(date(2026, 2, nights)), "{day} at {hour}:30: the nights that began");
    }
}

#[test]
fn a_day_on_which_the_works_had_not_begun_is_none_of_their_days() {
    // given works by day, from 8 to 17 o'clock
    let hours = Hours { from: time(8, 0, 0, 0), to: time(17, 0, 0, 0), days: Vec::new() };
    let item = published(works(date(2026, 2, 2), Some(date(2026, 2, 20)), Some(hours)));
    let end = |day: i8, hour: i8| {
        let at = on(2026, 2, 2).city.zone().to_timestamp(date(2026, 2, day).at(hour, 30, 0, 0)).expect("a moment");
        changed(&item, WorksChange::EndEarly(EndEarly { at: Some(at), reason: "Xong".into() }), &on(2026, 2, 6))
    };
    // when they end before or after that day's first hour, then that day is none of theirs, or one
    for (hour, last) in [(6, 3), (8, 4)] {
        assert_eq!(end(4, hour).expect("allowed").latest().expect("a revision").facts.to, Some(date(2026, 2, last)), "{hour}:30");
    }
    // and so says the calendar
    let ended = end(4, 6).expect("allowed");
    assert_eq!(seen(&ended, date(2026, 2, 6), 12).calendar().and_then(|calendar| calendar.days.last), Some(date(2026, 2, 3)));
    // and what has not begun at all cannot end early
    assert_eq!(end(2, 6).map(|_| ()).unwrap_err().reason, "works-not-begun");
    // nor what has had none of its days of the week
    let hours = Hours { from: time(8, 0, 0, 0), to: time(17, 0, 0, 0), days: vec![Weekday::Sunday] };
    let sundays = published(works(date(2026, 2, 2), Some(date(2026, 2, 20)), Some(hours)));
    let at = on(2026, 2, 8).city.zone().to_timestamp(date(2026, 2, 8).at(6, 30, 0, 0)).expect("a moment");
    let refused = changed(&sundays, WorksChange::EndEarly(EndEarly { at: Some(at), reason: "Xong".into() }), &on(2026, 2, 8));
    assert_eq!(refused.map(|_| ()).unwrap_err().reason, "works-not-begun");
    // and whole days that end at midnight have no part of the day that begins then
    let whole = published(works(date(2026, 2, 2), Some(date(2026, 2, 20)), None));
    let at = on(2026, 2, 4).city.zone().to_timestamp(date(2026, 2, 4).at(0, 0, 0, 0)).expect("a moment");
    let ended = changed(&whole, WorksChange::EndEarly(EndEarly { at: Some(at), reason: "Xong".into() }), &on(2026, 2, 4)).expect("allowed");
    assert_eq!(seen(&ended, date(2026, 2, 6), 12).calendar().and_then(|calendar| calendar.days.last), Some(date(2026, 2, 3)));
}

#[test]
fn a_correction_does_not_reopen_what_has_ended_early() {
    let item = published(works(date(2026, 2, 2), Some(date(2026, 2, 20)), None));
    let end = WorksChange::EndEarly(EndEarly { at: None, reason: "Xong".into() });
    let ended = changed(&item, end, &on(2026, 2, 4)).expect("allowed");
    let correct = |to| {
        let facts = Works { title: "Đào đường Trần Phú".into(), ..works(date(2026, 2, 2), Some(to), None) };
        let correct = Correct { code: code(5), revision: 1, reason: "Sai tên".into(), facts };
        ended.decide(Command::Correct(correct), &on(2026, 2, 4)).map(|_| ()).map_err(|refusal| refusal.reason)
    };
    assert_eq!(correct(date(2026, 2, 20)), Err("works-ended"));
    assert_eq!(correct(date(2026, 2, 4)), Ok(()));
    // The end of a cancelled revision is not lost: it was set for the item.
    let mut item = published(works(date(2026, 2, 2), None, None));
    let mut does = |command, today: &Context| {
        let events = item.decide(command, today).expect("allowed");
        events.into_iter().for_each(|event| item.apply_at(event, 1));
        item.latest().map(|latest| (latest.number, latest.effective_to))
    };
    let facts = works(date(2026, 3, 1), None, None);
    does(Command::Revise(Revise { code: code(5), based_on: None, effective_from: None, effective_to: None, facts }), &on(2026, 2, 4));
    let expire = ExpirySet { effective_to: date(2026, 4, 30), reason: "Hết phép".into() };
    assert_eq!(does(Command::Expire(expire), &on(2026, 2, 4)), Some((2, Some(date(2026, 4, 30)))));
    let cancel = RevisionCancelled { revision: 2, reason: "Nhầm".into() };
    assert_eq!(does(Command::CancelRevision(cancel), &on(2026, 2, 4)), Some((1, Some(date(2026, 4, 30)))));
}

#[test]
fn what_ends_early_is_over_from_that_minute() {
    let item = published(works(date(2026, 2, 2), Some(date(2026, 2, 9)), None));
    let end = |reason: &str| WorksChange::EndEarly(EndEarly { at: None, reason: reason.into() });
    let ended = changed(&item, end("Xong sớm"), &on(2026, 2, 4)).expect("allowed");
    assert!(active(&item, date(2026, 2, 4), 13));
    assert!(!active(&ended, date(2026, 2, 4), 13));
    assert_eq!(seen(&ended, date(2026, 2, 4), 13).standing, "works-over");
    let view = seen(&ended, date(2026, 2, 5), 0);
    assert_eq!((view.status, view.standing.as_str()), (Status::Expired, "works-over"));
    let refused = |change, context: &Context| changed(&item, change, context).expect_err("refused").reason;
    assert_eq!(refused(end(" "), &on(2026, 2, 4)), "reason-missing");
    assert_eq!(refused(end("x"), &on(2026, 2, 1)), "works-end");
    // On the last day only the hour is new.
    let last = changed(&item, end("Xong"), &on(2026, 2, 9)).expect("allowed");
    assert!(!active(&last, date(2026, 2, 9), 13));
    // New days of a later revision are not over.
    let mut again = ended;
    let facts = works(date(2026, 2, 20), Some(date(2026, 2, 25)), None);
    let revise = Command::Revise(Revise { code: code(5), based_on: None, effective_from: None, effective_to: None, facts });
    for event in again.decide(revise, &on(2026, 2, 10)).expect("allowed") {
        again.apply_at(event, 1);
    }
    assert!(active(&again, date(2026, 2, 21), 12));
    assert_eq!(seen(&again, date(2026, 2, 21), 12).fact("ended-because"), None);
}
