//! Calendar files (RFC 5545) for the days on which something takes place, and contact cards (RFC 2426).

mod card;
mod event;
mod lines;
mod series;
#[cfg(test)]
mod tests;
mod zone;

use crate::domain::city::City;
use crate::domain::publication::view::View;

pub use card::vcf;
pub(super) use lines::{escaped, line, stamp};

/// How often a client asks for a calendar again.
const REFRESH: &str = "PT6H";

/// The calendar file of an item that takes place on days, from all its revisions; `None` for any other item.
///
/// Each revision is an event of its own, for the days on which it holds. So a calendar has the days that are announced,
/// and keeps those that are over.
pub fn ics(city: &City, revisions: &[View]) -> Option<String> {
    revisions.iter().all(|view| view.calendar().is_some()).then(|| file(city, None, revisions))
}

/// A calendar of many items, from all their revisions, under a name.
pub fn of_all(city: &City, name: &str, revisions: &[View]) -> String {
    file(city, Some(name), revisions)
}

fn file(city: &City, name: Option<&str>, revisions: &[View]) -> String {
    // There is no METHOD: this is a file and not a message, and PUBLISH would require a real ORGANIZER.
    let mut out = String::from("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//bangtin//VI\r\nCALSCALE:GREGORIAN\r\n");
    if let Some(name) = name {
        // RFC 7986 §5; the second name is the one that older clients read.
        line(&mut out, "NAME", &escaped(name));
        line(&mut out, "X-WR-CALNAME", &escaped(name));
        line(&mut out, "REFRESH-INTERVAL;VALUE=DURATION", REFRESH);
    }
    let zone = city.zone();
    let events: Vec<_> = revisions
        .iter()
        .filter_map(|view| Some((view, view.calendar()?)))
        .flat_map(|(view, calendar)| series::of(&zone, view, calendar))
        .collect();
    let timed = events.iter().filter(|event| event.hours.is_some()).map(|event| event.first);
    if let Some(first) = timed.min() {
        zone::write(&mut out, city, first);
    }
    for event in &events {
        event::write(&mut out, city, event);
    }
    out.push_str("END:VCALENDAR\r\n");
    out
}
