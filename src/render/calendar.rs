//! Calendar files (RFC 5545) for the days on which something takes place, and contact cards (RFC 2426:
//! version 3, which every phone reads) with an institution's numbers. Both formats are lines of text, so no
//! name may break out of its line.

use std::fmt::Write as _;

use crate::domain::city::City;
use crate::domain::publication::Status;
use crate::domain::publication::view::Shown;
use crate::domain::publication::view::View;
use crate::words::format::phone;
use crate::words::text::Lang;
use crate::words::text::text;

/// Longest line in bytes, without its end.
const LINE: usize = 75;

/// Escapes a text as a value (RFC 5545 §3.3.11, RFC 2426 §4). Every character that some reader takes for
/// the end of a line becomes a line break inside the text.
fn escaped(value: &str) -> String {
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
fn line(out: &mut String, name: &str, value: &str) {
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

/// The name by which calendars and address books know an item for ever: it does not depend on the city's address,
/// which may change.
fn uid(city: &City, view: &View) -> String {
    format!("{}@{}.bangtin", view.code, city.id)
}

fn stamp(at: jiff::Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// The calendar file of an item that takes place on days; `None` for any other item.
pub fn ics(city: &City, view: &View) -> Option<String> {
    let calendar = view.calendar()?;
    let days = calendar.days;
    let day = |date: jiff::civil::Date| date.strftime("%Y%m%d").to_string();
    let last = days.last.into_iter().chain(view.days_end).min();
    let is_open = days.last.is_none() && last.is_none();
    let never = last.is_some_and(|last| last < days.first || view.days_begin.is_some_and(|begin| last < begin));
    let is_off = never || matches!(view.status, Status::Withdrawn | Status::Cancelled);
    // What never takes place keeps its days: a calendar needs them to strike the event out.
    let last = if never { days.last } else { last };
    let last_of_first = if days.weekly { days.first } else { last.unwrap_or(days.first).max(days.first) };
    let url = format!("{}/q/{}", city.public_url, view.code);
    // There is no METHOD: this is a file and not a message, and PUBLISH would require a real ORGANIZER.
    let mut out = String::from("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//bangtin//VI\r\nCALSCALE:GREGORIAN\r\nBEGIN:VEVENT\r\n");
    line(&mut out, "UID", &uid(city, view));
    line(&mut out, "DTSTAMP", &stamp(view.updated));
    // A calendar takes over an event if its number is greater than the one it knows.
    line(&mut out, "SEQUENCE", &view.sequence.to_string());
    line(&mut out, "DTSTART;VALUE=DATE", &day(days.first));
    // The end is the day after the last day (RFC 5545 §3.6.1).
    line(&mut out, "DTEND;VALUE=DATE", &day(last_of_first.tomorrow().unwrap_or(last_of_first)));
    if days.weekly {
        let until = last.map_or_else(String::new, |last| format!(";UNTIL={}", day(last)));
        line(&mut out, "RRULE", &format!("FREQ=WEEKLY{until}"));
    } else if is_open {
        // Until further notice.
        line(&mut out, "RRULE", "FREQ=DAILY");
    }
    line(&mut out, "SUMMARY", &escaped(&view.title));
    let mut about = view.summary.clone().unwrap_or_default();
    for fact in view.facts.iter().filter(|fact| calendar.exported.contains(&fact.label)) {
        if let Shown::Text(words) = &fact.value {
            let _ = write!(about, "\n{}: {words}", text(Lang::Vi, fact.label));
        }
    }
    line(&mut out, "DESCRIPTION", &escaped(about.trim()));
    let units: Vec<&str> = view.units.iter().filter_map(|id| city.units.get(id)).map(|unit| unit.name_vi.as_str()).collect();
    line(&mut out, "LOCATION", &escaped(&if units.is_empty() { city.name_vi.clone() } else { units.join(", ") }));
    line(&mut out, "URL", &url);
    line(&mut out, "STATUS", if is_off { "CANCELLED" } else { "CONFIRMED" });
    line(&mut out, "TRANSP", "TRANSPARENT");
    out.push_str("END:VEVENT\r\nEND:VCALENDAR\r\n");
    Some(out)
}

/// The contact card of an institution; `None` for an item without a phone number. Persons never get a card.
pub fn vcf(city: &City, view: &View) -> Option<String> {
    let position = view.position?;
    // Nobody should call a withdrawn institution.
    if view.phones().is_empty() || view.status == Status::Withdrawn {
        return None;
    }
    let mut out = String::from("BEGIN:VCARD\r\nVERSION:3.0\r\n");
    line(&mut out, "UID", &uid(city, view));
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

    fn of(events: &[Event<Campaign>]) -> Publication<Campaign> {
        let mut item = Publication::default();
        events.iter().zip(1..).for_each(|(event, at)| item.apply_at(event.clone(), at));
        item
    }

    /// The calendar file as read on a day, with its lines unfolded.
    fn file(item: &Publication<Campaign>, day: Date) -> Vec<String> {
        let context = on(day.year(), day.month(), day.day());
        let view = item.view(None, &Moment::new(context.now, context.city.zone())).expect("public");
        let text = ics(&context.city, &view).expect("days");
        text.replace("\r\n ", "").lines().map(str::to_owned).collect()
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
                let item = of(&story[..count]);
                let lines = file(&item, date(2026, 11, 24));
                let number: u32 = value(&lines, "SEQUENCE").parse().expect("a number");
                assert!(number > issued, "{number} after {issued}: {:?}", story[count - 1]);
                let before: u32 = item.shown_on(date(2026, 11, 24)).expect("shown").number;
                assert!(number >= before, "calendars that were given the revision's number follow too");
                issued = number;
            }
        }
    }

    #[test]
    fn a_revision_that_comes_by_its_day_counts_up_and_a_first_day_does_not() {
        let later = Schedule::Weekly { weekday: Weekday::Saturday, from: date(2027, 2, 1), to: None };
        let item = of(&[published(1, weekly(None)), published(2, later)]);
        let number = |day| value(&file(&item, day), "SEQUENCE").parse::<u32>().expect("a number");
        assert_eq!(number(date(2026, 12, 31)), number(date(2027, 1, 1)));
        assert!(number(date(2027, 2, 1)) > number(date(2027, 1, 31)));
        assert_eq!(value(&file(&item, date(2027, 1, 31)), "DTSTART;VALUE=DATE"), "20270101");
        assert_eq!(value(&file(&item, date(2027, 2, 1)), "DTSTART;VALUE=DATE"), "20270206");
    }

    #[test]
    fn a_number_is_never_issued_twice_when_what_has_taken_over_is_corrected() {
        let range = |from, to| Schedule::Range { from: date(2027, 4, from), to: date(2027, 4, to) };
        let correct = |schedule| {
            let facts = campaign(schedule);
            Event::Corrected(Box::new(Corrected { revision: 2, reason: "Nhầm ngày".into(), fields: vec!["schedule".into()], facts }))
        };
        let both = vec![published(1, range(5, 25)), published(2, range(8, 25))];
        let number =
            |events: &[Event<Campaign>], day| value(&file(&of(events), date(2027, 4, day)), "SEQUENCE").parse::<u32>().expect("one");
        let issued = number(&both, 9);
        for schedule in [range(20, 25), range(5, 28)] {
            let corrected = [both.clone(), vec![correct(schedule)]].concat();
            assert!(number(&corrected, 9) > issued, "{schedule:?}");
            assert!(number(&corrected, 21) >= number(&corrected, 9));
        }
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
        assert_eq!(later.as_of(1).map(|item| days(&item)), Some((date(2027, 3, 10), Some(date(2027, 3, 10)))));
        // A correction can move the item to an earlier day, which then holds.
        let facts = campaign(Schedule::Day { on: date(2027, 3, 8) });
        let moved = Corrected { revision: 1, reason: "Nhầm".into(), fields: vec!["schedule".into()], facts };
        let moved = of(&[published(1, DAY), Event::Corrected(Box::new(moved))]);
        assert_eq!(first_day(&moved), ("20270308".into(), "CONFIRMED".into()));
        // A later revision keeps days that lie before it holds.
        let Event::Published(mut second) = published(2, weekly(None)) else { unreachable!("a publication") };
        second.effective_from = date(2027, 3, 1);
        let followed = of(&[published(1, weekly(None)), Event::Published(second)]);
        assert_eq!(first_day(&followed), ("20270101".into(), "CONFIRMED".into()));
        // Other days begin when they hold: Mondays from 1 March on, and not those of January.
        let mondays = Schedule::Weekly { weekday: Weekday::Monday, from: date(2027, 1, 1), to: None };
        let Event::Published(mut third) = published(2, mondays) else { unreachable!("a publication") };
        third.effective_from = date(2027, 3, 2);
        let changed = of(&[published(1, weekly(None)), Event::Published(third)]);
        let later = file(&changed, date(2027, 3, 10));
        assert_eq!(value(&later, "DTSTART;VALUE=DATE"), "20270308");
    }

    #[test]
    fn no_separator_of_lines_that_any_reader_knows_stands_in_a_value() {
        for separator in ["\n", "\r", "\r\n", "\u{b}", "\u{c}", "\u{1c}", "\u{1d}", "\u{1e}", "\u{85}", "\u{2028}", "\u{2029}"] {
            assert_eq!(escaped(&format!("Chợ{separator}END:VEVENT")), "Chợ\\nEND:VEVENT", "{separator:?}");
        }
        assert_eq!(escaped("a\n\nb\r\r\nc\td\u{0}"), "a\\n\\nb\\n\\nc d");
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
