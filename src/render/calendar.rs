//! Calendar files (RFC 5545) for the days on which something takes place, and contact cards (RFC 2426:
//! version 3, which every phone reads) with an institution's numbers. Both formats are lines of text, so no
//! name may break out of its line.

use std::fmt::Write as _;

use jiff::civil::Date;

use crate::domain::city::City;
use crate::domain::publication::Status;
use crate::domain::publication::view::{Calendar, Shown, View};
use crate::words::civil::date_in;
use crate::words::format::phone;
use crate::words::text::{Lang, text};

/// Days of the week, Monday first (RFC 5545 §3.3.10).
const BY_DAY: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
/// Longest line in bytes, without its end.
const LINE: usize = 75;

/// Escapes a text as a value (RFC 5545 §3.3.11, RFC 2426 §4). Every character that some reader takes for
/// the end of a line becomes a line break inside the text.
pub(super) fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut last = ' ';
    for c in value.chars() {
        let follows = std::mem::replace(&mut last, c) == '\r';
        match c {
            '\n' if follows => {}
            '\\' | ';' | ',' => {
                out.push('\\');
                out.push(c);
            }
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}' => out.push_str("\\n"),
            '\t' => out.push(' '),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// Appends a line. A long line is folded, but never inside a character.
pub(super) fn line(out: &mut String, name: &str, value: &str) {
    let whole = format!("{name}:{value}");
    let mut room = LINE;
    let mut used = 0;
    for c in whole.chars() {
        if used + c.len_utf8() > room {
            out.push_str("\r\n ");
            // The blank that begins a continued line counts too.
            room = LINE - 1;
            used = 0;
        }
        out.push(c);
        used += c.len_utf8();
    }
    out.push_str("\r\n");
}

/// The name by which calendars know a revision for ever: it does not depend on the city's
/// address, which may change.
fn uid(city: &City, view: &View) -> String {
    let revision = if view.revision > 1 { format!(".{}", view.revision) } else { String::new() };
    format!("{}{revision}@{}.bangtin", view.code, city.id)
}

/// A moment as calendars write it, in UTC.
pub(super) fn stamp(at: jiff::Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// The calendar file of an item that takes place on days, from all its revisions; `None` for any other item.
///
/// Each revision is an event of its own, for the days on which it holds. So a calendar has the days that are announced,
/// and keeps those that are over.
pub fn ics(city: &City, revisions: &[View]) -> Option<String> {
    // There is no METHOD: this is a file and not a message, and PUBLISH would require a real ORGANIZER.
    let mut out = String::from("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//bangtin//VI\r\nCALSCALE:GREGORIAN\r\n");
    for view in revisions {
        event(&mut out, city, view, view.calendar()?);
    }
    out.push_str("END:VCALENDAR\r\n");
    Some(out)
}

/// The days of one revision.
fn event(out: &mut String, city: &City, view: &View, calendar: &Calendar) {
    let days = &calendar.days;
    let day = |date: Date| date.strftime("%Y%m%d").to_string();
    let first = days.first_from(view.effective_from);
    let last = days.last.into_iter().chain(view.days_end).min();
    let never = view.is_replaced || first.is_none_or(|first| last.is_some_and(|last| last < first));
    let withdrawn = view.withdrawn.as_ref().map(|(_, _, at)| date_in(&city.zone(), *at));
    let was_taken_back = withdrawn.is_some_and(|day| last.is_none_or(|last| day <= last));
    let is_off = never || was_taken_back || view.status == Status::Cancelled;
    // What never takes place keeps its days: a calendar needs them to strike the event out.
    let (first, last) = match first {
        Some(first) if !never => (first, last),
        _ => (days.first_from(days.first).unwrap_or(days.first), days.last),
    };
    let is_weekly = !days.on.is_empty();
    let last_of_first = if is_weekly { first } else { last.unwrap_or(first).max(first) };
    out.push_str("BEGIN:VEVENT\r\n");
    line(out, "UID", &uid(city, view));
    line(out, "DTSTAMP", &stamp(view.updated));
    // A calendar takes over an event if its number is greater than the one it knows.
    line(out, "SEQUENCE", &view.sequence.to_string());
    line(out, "DTSTART;VALUE=DATE", &day(first));
    // The end is the day after the last day (RFC 5545 §3.6.1).
    line(out, "DTEND;VALUE=DATE", &day(last_of_first.tomorrow().unwrap_or(last_of_first)));
    if is_weekly {
        let until = last.map_or_else(String::new, |last| format!(";UNTIL={}", day(last)));
        // A single day of the week is that of the first day.
        let by_day = if days.on.len() > 1 {
            let on = days.on.iter().map(|day| &BY_DAY[day.to_monday_zero_offset() as usize]);
            format!(";BYDAY={}", on.copied().collect::<Vec<_>>().join(","))
        } else {
            String::new()
        };
        line(out, "RRULE", &format!("FREQ=WEEKLY{until}{by_day}"));
    } else if last.is_none() {
        // Until further notice.
        line(out, "RRULE", "FREQ=DAILY");
    }
    line(out, "SUMMARY", &escaped(&view.title));
    let mut about = view.summary.clone().unwrap_or_default();
    for fact in view.facts.iter().filter(|fact| calendar.exported.contains(&fact.label)) {
        let words = match &fact.value {
            Shown::Text(words) => words.clone(),
            Shown::Keys(keys) => keys.iter().map(|key| text(Lang::Vi, key)).collect::<Vec<_>>().join(", "),
            _ => continue,
        };
        let _ = write!(about, "\n{}: {words}", text(Lang::Vi, fact.label));
    }
    line(out, "DESCRIPTION", &escaped(about.trim()));
    let units: Vec<&str> = view.units.iter().filter_map(|id| city.units.get(id)).map(|unit| unit.name_vi.as_str()).collect();
    line(out, "LOCATION", &escaped(&if units.is_empty() { city.name_vi.clone() } else { units.join(", ") }));
    line(out, "URL", &format!("{}/q/{}", city.public_url, view.code));
    line(out, "STATUS", if is_off { "CANCELLED" } else { "CONFIRMED" });
    line(out, "TRANSP", "TRANSPARENT");
    out.push_str("END:VEVENT\r\n");
}

/// The contact card of an institution; `None` for an item without a phone number. Persons never get a card.
pub fn vcf(city: &City, view: &View) -> Option<String> {
    let position = view.position?;
    // A phone keeps a number for long: it must hold.
    if view.phones().is_empty() || !matches!(view.status, Status::InForce | Status::Upcoming) {
        return None;
    }
    let mut out = String::from("BEGIN:VCARD\r\nVERSION:3.0\r\n");
    line(&mut out, "UID", &format!("{}@{}.bangtin", view.code, city.id));
    line(&mut out, "FN", &escaped(&view.title));
    // A card must have an N (RFC 2426 §3.1.2); an institution has no given name.
    line(&mut out, "N", &format!("{};;;;", escaped(&view.title)));
    for (label, number) in view.phones() {
        // The number as people dial it: some readers would take the letters of “tel:” for digits.
        line(&mut out, "TEL;TYPE=WORK,VOICE", &escaped(&phone(number)));
        line(&mut out, "NOTE", &escaped(&format!("{number}: {label}")));
    }
    for fact in &view.facts {
        match (fact.label, &fact.value) {
            ("address", Shown::Text(address)) => line(&mut out, "ADR;TYPE=WORK", &format!(";;{};;;;", escaped(address))),
            ("operator", Shown::Text(name)) => line(&mut out, "ORG", &escaped(name)),
            ("role", Shown::Text(role)) => line(&mut out, "ROLE", &escaped(role)),
            ("hours", Shown::Text(hours)) => line(&mut out, "NOTE", &escaped(hours)),
            _ => {}
        }
    }
    line(&mut out, "GEO", &format!("{:.5};{:.5}", position.lat, position.lon));
    line(&mut out, "URL", &format!("{}/q/{}", city.public_url, view.code));
    // Another revision comes into force without an event.
    let begun = crate::words::civil::midnight(&city.zone(), view.effective_from);
    line(&mut out, "REV", &stamp(if view.status == Status::InForce { view.updated.max(begun) } else { view.updated }));
    out.push_str("END:VCARD\r\n");
    Some(out)
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Date, date};

    use super::*;
    use crate::domain::campaign::{Campaign, CampaignKind, Schedule, Weekday};
    use crate::domain::publication::view::Moment;
    use crate::domain::publication::{Corrected, Event, ExpirySet, Publication, Published, RevisionCancelled, Superseded, Withdrawn};
    use crate::domain::test_support::{code, on};

    fn campaign(schedule: Schedule) -> Campaign {
        Campaign {
            kind: CampaignKind::CashlessDay,
            title: "Ngày hội".into(),
            summary: None,
            organiser: "UBND".into(),
            schedule,
            hours: None,
            units: Vec::new(),
            targets: Vec::new(),
            documents: Vec::new(),
            places: None,
        }
    }

    fn published(revision: u32, schedule: Schedule) -> Event<Campaign> {
        let (effective_from, effective_to) = schedule.span();
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
        Schedule::Weekly { weekday: Weekday::Friday, from: date(2027, 1, 1), to }
    }

    const DAY: Schedule = Schedule::Day { on: date(2027, 3, 10) };

    #[test]
    fn every_change_that_a_calendar_must_take_over_counts_up_whatever_it_is() {
        // given a day to come, and the changes that may follow
        let moved = Schedule::Day { on: date(2027, 3, 12) };
        let correct = |schedule| {
            let facts = campaign(schedule);
            Event::Corrected(Box::new(Corrected { revision: 1, reason: "Nhầm ngày".into(), fields: vec!["schedule".into()], facts }))
        };
        let cancel = |revision| Event::RevisionCancelled(RevisionCancelled { revision, reason: "Nhầm".into() });
        let expire = || Event::ExpirySet(ExpirySet { effective_to: date(2027, 3, 31), reason: "Dừng".into() });
        let supersede = || Event::Superseded(Superseded { by: code(9), from: date(2027, 4, 1) });
        let withdraw = || Event::Withdrawn(Withdrawn { reason: "Hủy".into(), replaced_by: None });
        let stories = [
            vec![published(1, DAY), correct(moved), correct(DAY), withdraw()],
            vec![published(1, DAY), published(2, moved), cancel(2), published(3, moved), withdraw()],
            vec![published(1, weekly(None)), expire(), expire(), supersede(), supersede(), withdraw()],
            vec![published(1, DAY), correct(moved), published(2, DAY), cancel(1), cancel(2)],
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
        let later = Schedule::Weekly { weekday: Weekday::Saturday, from: date(2027, 2, 1), to: None };
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
        let next = Schedule::Weekly { weekday: Weekday::Saturday, from: date(2026, 11, 1), to: None };
        let first = Schedule::Weekly { weekday: Weekday::Friday, from: date(2026, 9, 1), to: None };
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
            let before = file(&of(&[published(1, schedule)]), today);
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
        let mondays = Schedule::Weekly { weekday: Weekday::Monday, from: date(2027, 1, 1), to: None };
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
}
