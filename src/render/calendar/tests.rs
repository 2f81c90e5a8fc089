//! Calendar files as they are read.

use jiff::civil::{Date, date};

use super::lines::LINE;
use super::*;
use crate::domain::campaign::{Campaign, CampaignKind};
use crate::domain::days::{OnHoliday, Schedule, Weekday};
use crate::domain::publication::view::Moment;
use crate::domain::publication::view::View;
use crate::domain::publication::{Corrected, Event, ExpirySet, Publication, Published, RevisionCancelled, Superseded, Withdrawn};
use crate::domain::test_support::{code, on};

fn campaign(schedule: Schedule) -> Campaign {
    Campaign {
        kind: CampaignKind::CashlessDay,
        title: "Ngày hội".into(),
        summary: None,
        organiser: "UBND".into(),
        schedule,
        holidays: OnHoliday::Held,
        exceptions: Vec::new(),
        times: Vec::new(),
        hours: None,
        units: Vec::new(),
        targets: Vec::new(),
        documents: Vec::new(),
        places: None,
    }
}

fn published(revision: u32, schedule: Schedule) -> Event<Campaign> {
    let (effective_from, effective_to) = schedule.stated();
    let facts = campaign(schedule);
    Event::Published(Box::new(Published { code: code(3), revision, based_on: None, effective_from, effective_to, facts }))
}

/// 24 November 2026, when everything here was recorded, microseconds since 1970.
const RECORDED: i64 = 1_795_000_000_000_000;

fn of(events: &[Event<Campaign>]) -> Publication<Campaign> {
    let mut item = Publication::default();
    events.iter().zip(RECORDED..).for_each(|(event, at)| item.apply_at(event.clone(), at));
    item
}

/// The events of an item's calendar file as read on a day, each with its lines unfolded, the first revision first.
fn events(item: &Publication<Campaign>, day: Date) -> Vec<Vec<String>> {
    let context = on(day.year(), day.month(), day.day());
    let moment = Moment::new(context.now, context.city.zone());
    let views: Vec<View> = item.revisions.iter().filter_map(|revision| item.view(Some(revision.number), &moment)).collect();
    let text = ics(&context.city, &views).expect("days").replace("\r\n ", "");
    text.split("BEGIN:VEVENT").skip(1).map(|event| event.lines().map(str::to_owned).collect()).collect()
}

/// The first revision.
fn file(item: &Publication<Campaign>, day: Date) -> Vec<String> {
    events(item, day).remove(0)
}

fn value(lines: &[String], name: &str) -> String {
    let found = lines.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    found.unwrap_or_else(|| panic!("{name} in {lines:?}")).to_owned()
}

fn weekly(to: Option<Date>) -> Schedule {
    Schedule::Weekly { count: None, weekdays: vec![Weekday::Friday], from: date(2027, 1, 1), to }
}

const DAY: Schedule = Schedule::Day { on: date(2027, 3, 10) };

#[test]
fn every_change_that_a_calendar_must_take_over_counts_up_whatever_it_is() {
    // given a day to come, and the changes that may follow
    let moved = || Schedule::Day { on: date(2027, 3, 12) };
    let correct = |schedule| {
        let facts = campaign(schedule);
        Event::Corrected(Box::new(Corrected { revision: 1, reason: "Nhầm ngày".into(), fields: vec!["schedule".into()], facts }))
    };
    let cancel = |revision| Event::RevisionCancelled(RevisionCancelled { revision, reason: "Nhầm".into() });
    let expire = || Event::ExpirySet(ExpirySet { effective_to: date(2027, 3, 31), reason: "Dừng".into() });
    let supersede = || Event::Superseded(Superseded { by: code(9), from: date(2027, 4, 1) });
    let withdraw = || Event::Withdrawn(Withdrawn { reason: "Hủy".into(), replaced_by: None });
    let stories = [
        vec![published(1, DAY), correct(moved()), correct(DAY), withdraw()],
        vec![published(1, DAY), published(2, moved()), cancel(2), published(3, moved()), withdraw()],
        vec![published(1, weekly(None)), expire(), expire(), supersede(), supersede(), withdraw()],
        vec![published(1, DAY), correct(moved()), published(2, DAY), cancel(1), cancel(2)],
    ];
    for story in stories {
        // when the file is read after each change, then its number grows each time
        let mut issued = 0;
        for count in 1..=story.len() {
            for lines in events(&of(&story[..count]), date(2026, 11, 24)) {
                let number: u32 = value(&lines, "SEQUENCE").parse().expect("a number");
                assert!(number > issued, "{number} after {issued}: {:?}", story[count - 1]);
            }
            issued = of(&story[..count]).sequence();
        }
    }
}

#[test]
fn a_calendar_has_the_days_of_every_revision_whatever_the_day_of_reading() {
    // given Fridays, and from February on Saturdays
    let later = Schedule::Weekly { count: None, weekdays: vec![Weekday::Saturday], from: date(2027, 2, 1), to: None };
    let item = of(&[published(1, weekly(None)), published(2, later)]);
    // when the file is read before and after the change, then it is the same
    let before = events(&item, date(2027, 1, 31));
    assert_eq!(before, events(&item, date(2027, 2, 1)));
    let told = |event: &[String]| ["UID", "DTSTART;VALUE=DATE", "RRULE", "STATUS"].map(|name| value(event, name));
    assert_eq!(told(&before[0]), ["31234567B@test.bangtin", "20270101", "FREQ=WEEKLY;UNTIL=20270131", "CONFIRMED"]);
    assert_eq!(told(&before[1]), ["31234567B.2@test.bangtin", "20270206", "FREQ=WEEKLY", "CONFIRMED"]);
}

#[test]
fn what_is_moved_before_it_ever_took_place_is_struck_out_and_stands_on_its_new_day() {
    let moved = Schedule::Day { on: date(2027, 3, 12) };
    let Event::Published(mut second) = published(2, moved) else { unreachable!("a publication") };
    second.effective_from = date(2027, 3, 1);
    let both = events(&of(&[published(1, DAY), Event::Published(second.clone())]), date(2026, 11, 24));
    let told = |event: &[String]| (value(event, "DTSTART;VALUE=DATE"), value(event, "STATUS"));
    assert_eq!(told(&both[0]), ("20270310".into(), "CANCELLED".into()));
    assert_eq!(told(&both[1]), ("20270312".into(), "CONFIRMED".into()));
    // and when the move is taken back, the old day stands again
    let cancel = Event::RevisionCancelled(RevisionCancelled { revision: 2, reason: "Nhầm".into() });
    let back = events(&of(&[published(1, DAY), Event::Published(second), cancel]), date(2026, 11, 24));
    assert_eq!(told(&back[0]), ("20270310".into(), "CONFIRMED".into()));
    assert_eq!(told(&back[1]), ("20270312".into(), "CANCELLED".into()));
}

#[test]
fn what_was_replaced_before_its_first_day_stays_struck_out_when_its_successor_is_moved() {
    let same = published(2, DAY);
    let facts = campaign(Schedule::Day { on: date(2027, 3, 17) });
    let moved = Corrected { revision: 2, reason: "Hoãn".into(), fields: vec!["schedule".into()], facts };
    let both = events(&of(&[published(1, DAY), same, Event::Corrected(Box::new(moved))]), date(2026, 11, 24));
    let told = |event: &[String]| (value(event, "DTSTART;VALUE=DATE"), value(event, "STATUS"));
    assert_eq!(told(&both[0]), ("20270310".into(), "CANCELLED".into()));
    assert_eq!(told(&both[1]), ("20270317".into(), "CONFIRMED".into()));
}

#[test]
fn days_that_are_over_stay_when_the_item_is_withdrawn() {
    let next = Schedule::Weekly { count: None, weekdays: vec![Weekday::Saturday], from: date(2026, 11, 1), to: None };
    let first = Schedule::Weekly { count: None, weekdays: vec![Weekday::Friday], from: date(2026, 9, 1), to: None };
    let withdrawn = Event::Withdrawn(Withdrawn { reason: "Hủy".into(), replaced_by: None });
    let both = events(&of(&[published(1, first), published(2, next), withdrawn]), date(2026, 11, 25));
    assert_eq!([value(&both[0], "STATUS"), value(&both[1], "STATUS")], ["CONFIRMED", "CANCELLED"]);
}

#[test]
fn a_number_is_above_all_that_a_lost_backup_has_issued() {
    // given three corrections that were lost with a disk, and the backup from before them
    let correct = || {
        let facts = campaign(weekly(None));
        Event::Corrected(Box::new(Corrected { revision: 1, reason: "Nhầm".into(), fields: vec!["title".into()], facts }))
    };
    let lost = of(&[published(1, DAY), correct(), correct(), correct()]).sequence();
    // when a correction is made a minute later, then its number is greater
    let mut restored = of(&[published(1, DAY)]);
    assert!(restored.sequence() < lost);
    restored.apply_at(correct(), RECORDED + 60_000_000);
    assert!(restored.sequence() > lost);
}

#[test]
fn what_does_not_take_place_is_cancelled_on_the_days_that_calendars_have() {
    let today = date(2026, 11, 24);
    let withdrawn = Event::Withdrawn(Withdrawn { reason: "Hủy".into(), replaced_by: None });
    let cancelled = Event::RevisionCancelled(RevisionCancelled { revision: 1, reason: "Hủy".into() });
    let replaced = Event::Superseded(Superseded { by: code(9), from: date(2027, 1, 15) });
    for (schedule, end) in [(DAY, withdrawn.clone()), (weekly(None), withdrawn), (DAY, cancelled), (DAY, replaced)] {
        let before = file(&of(&[published(1, schedule.clone())]), today);
        let after = file(&of(&[published(1, schedule), end]), today);
        assert_eq!((value(&before, "STATUS").as_str(), value(&after, "STATUS").as_str()), ("CONFIRMED", "CANCELLED"));
        for name in ["UID", "DTSTART;VALUE=DATE", "DTEND;VALUE=DATE"] {
            assert_eq!(value(&before, name), value(&after, name));
        }
    }
}

#[test]
fn what_is_withdrawn_keeps_the_end_that_was_set_for_it() {
    let expiry = Event::ExpirySet(ExpirySet { effective_to: date(2027, 3, 31), reason: "Dừng".into() });
    let withdrawn = Event::Withdrawn(Withdrawn { reason: "Hủy".into(), replaced_by: None });
    let lines = file(&of(&[published(1, weekly(None)), expiry, withdrawn]), date(2026, 11, 24));
    assert_eq!(value(&lines, "STATUS"), "CANCELLED");
    assert_eq!(value(&lines, "RRULE"), "FREQ=WEEKLY;UNTIL=20270331");
}

#[test]
fn days_end_with_what_is_known_of_their_end() {
    let today = date(2026, 11, 24);
    let expiry = Event::ExpirySet(ExpirySet { effective_to: date(2027, 6, 30), reason: "Dừng".into() });
    let replaced = Event::Superseded(Superseded { by: code(9), from: date(2027, 5, 1) });
    let next = published(2, Schedule::Day { on: date(2027, 4, 1) });
    let rule = |events: &[Event<Campaign>]| value(&file(&of(events), today), "RRULE");
    assert_eq!(rule(&[published(1, weekly(None))]), "FREQ=WEEKLY");
    assert_eq!(rule(&[published(1, weekly(Some(date(2027, 12, 31))))]), "FREQ=WEEKLY;UNTIL=20271231");
    assert_eq!(rule(&[published(1, weekly(None)), expiry.clone()]), "FREQ=WEEKLY;UNTIL=20270630");
    assert_eq!(rule(&[published(1, weekly(Some(date(2027, 12, 31)))), replaced, expiry]), "FREQ=WEEKLY;UNTIL=20270430");
    assert_eq!(rule(&[published(1, weekly(None)), next]), "FREQ=WEEKLY;UNTIL=20270331");
    // If a correction moves the day to a later one, that later day takes place.
    let facts = campaign(Schedule::Day { on: date(2027, 3, 12) });
    let moved = Corrected { revision: 1, reason: "Nhầm".into(), fields: vec!["schedule".into()], facts };
    let lines = file(&of(&[published(1, DAY), Event::Corrected(Box::new(moved))]), today);
    assert_eq!((value(&lines, "DTSTART;VALUE=DATE").as_str(), value(&lines, "STATUS").as_str()), ("20270312", "CONFIRMED"));
}

#[test]
fn no_day_is_shown_before_the_first_on_which_it_holds() {
    let today = date(2026, 11, 24);
    let from = |effective_from: Date, schedule: Schedule| {
        let Event::Published(mut first) = published(1, schedule) else { unreachable!("a publication") };
        first.effective_from = effective_from;
        Event::Published(first)
    };
    let first_day = |item: &Publication<Campaign>| {
        let lines = file(item, today);
        (value(&lines, "DTSTART;VALUE=DATE"), value(&lines, "STATUS"))
    };
    let context = on(2026, 11, 24);
    let next =
        |item: &Publication<Campaign>| item.view(None, &Moment::new(context.now, context.city.zone())).and_then(|view| view.next_day());
    // given Fridays from 1 January; the first Friday in force is 5 February
    let later = of(&[from(date(2027, 2, 1), weekly(None))]);
    assert_eq!(first_day(&later), ("20270205".into(), "CONFIRMED".into()));
    assert_eq!(next(&later), Some(date(2027, 2, 5)));
    // A day before the item holds does not take place.
    let never = of(&[from(date(2027, 3, 11), DAY)]);
    assert_eq!(first_day(&never), ("20270310".into(), "CANCELLED".into()));
    assert_eq!(next(&never), None);
    // The days in force follow a correction, and return to the old days for what was known before it.
    let facts = campaign(Schedule::Day { on: date(2027, 3, 20) });
    let later = Corrected { revision: 1, reason: "Nhầm".into(), fields: vec!["schedule".into()], facts };
    let later = of(&[published(1, DAY), Event::Corrected(Box::new(later))]);
    let days = |item: &Publication<Campaign>| (item.revisions[0].effective_from, item.revisions[0].effective_to);
    assert_eq!(days(&later), (date(2027, 3, 20), Some(date(2027, 3, 20))));
    assert_eq!(later.as_of(RECORDED).map(|item| days(&item)), Some((date(2027, 3, 10), Some(date(2027, 3, 10)))));
    // A correction can move the item to an earlier day, which then holds.
    let facts = campaign(Schedule::Day { on: date(2027, 3, 8) });
    let moved = Corrected { revision: 1, reason: "Nhầm".into(), fields: vec!["schedule".into()], facts };
    let moved = of(&[published(1, DAY), Event::Corrected(Box::new(moved))]);
    assert_eq!(first_day(&moved), ("20270308".into(), "CONFIRMED".into()));
    // Other days begin when they hold: Mondays from 1 March on, and not those of January.
    let mondays = Schedule::Weekly { count: None, weekdays: vec![Weekday::Monday], from: date(2027, 1, 1), to: None };
    let Event::Published(mut third) = published(2, mondays) else { unreachable!("a publication") };
    third.effective_from = date(2027, 3, 2);
    let changed = of(&[published(1, weekly(None)), Event::Published(third)]);
    assert_eq!(value(&events(&changed, today)[1], "DTSTART;VALUE=DATE"), "20270308");
}

#[test]
fn no_separator_of_lines_that_any_reader_knows_stands_in_a_value() {
    for separator in ["\n", "\r", "\r\n", "\u{b}", "\u{c}", "\u{1c}", "\u{1d}", "\u{1e}", "\u{85}", "\u{2028}", "\u{2029}"] {
        assert_eq!(escaped(&format!("Chợ{separator}END:VEVENT")), "Chợ\\nEND:VEVENT", "{separator:?}");
    }
    assert_eq!(escaped("a\n\nb\r\r\nc\td\u{0}"), "a\\n\\nb\\n\\nc d");
}

#[test]
fn a_number_stays_one_that_calendars_read_even_after_a_clock_that_ran_a_century_ahead() {
    let correct = || {
        let facts = campaign(weekly(None));
        Event::Corrected(Box::new(Corrected { revision: 1, reason: "Nhầm".into(), fields: vec!["title".into()], facts }))
    };
    let mut item = Publication::default();
    item.apply_at(published(1, DAY), RECORDED);
    let mut before = item.sequence();
    for n in 0..3 {
        item.apply_at(correct(), RECORDED + 3_000_000_000_000_000 + n);
        assert!(item.sequence() > before && i32::try_from(item.sequence()).is_ok(), "{}", item.sequence());
        before = item.sequence();
    }
}

#[test]
fn a_calendar_is_a_file_and_no_message() {
    let lines = file(&of(&[published(1, DAY)]), date(2026, 11, 24));
    assert!(lines.iter().all(|line| !line.starts_with("METHOD") && !line.starts_with("ORGANIZER")), "{lines:?}");
}

#[test]
fn a_name_that_tries_to_begin_a_line_of_its_own_stays_within_its_line() {
    let evil = "Chợ; a, b\\c\r\nATTACH:http://evil.example/\nEND:VEVENT\u{0}";
    let mut out = String::new();
    line(&mut out, "SUMMARY", &escaped(evil));
    assert!(out.lines().all(|line| line.starts_with("SUMMARY:") || line.starts_with(' ')), "{out}");
    assert!(out.contains("Chợ\\; a\\, b\\\\c\\nATTACH"));
}

#[test]
fn long_lines_are_folded_between_characters() {
    let mut out = String::new();
    line(&mut out, "SUMMARY", &"ễ".repeat(100));
    assert!(out.split("\r\n").all(|line| line.len() <= LINE && std::str::from_utf8(line.as_bytes()).is_ok()));
    let unfolded = out.replace("\r\n ", "");
    assert_eq!(unfolded.trim_end(), format!("SUMMARY:{}", "ễ".repeat(100)));
}
