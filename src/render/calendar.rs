//! Days on which something takes place, for calendars (RFC 5545), and an institution's numbers, for
//! address books (RFC 6350). Both are lines of text: whatever a name holds stays within its line.

use std::fmt::Write as _;

use crate::domain::city::City;
use crate::domain::view::{Shown, View};
use crate::render::text::{Lang, text};

/// Longest line in bytes, its end apart.
const LINE: usize = 75;

/// A text as a value: RFC 5545 §3.3.11, RFC 6350 §3.4.
fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '\\' | ';' | ',' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// Appends a line, folded where it is too long, never within a character.
fn line(out: &mut String, name: &str, value: &str) {
    let whole = format!("{name}:{value}");
    let mut room = LINE;
    let mut used = 0;
    for c in whole.chars() {
        if used + c.len_utf8() > room {
            out.push_str("\r\n ");
            // The blank that begins a folded line counts.
            room = LINE - 1;
            used = 0;
        }
        out.push(c);
        used += c.len_utf8();
    }
    out.push_str("\r\n");
}

fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', ':']).next().unwrap_or(rest)
}

fn stamp(at: jiff::Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// The calendar file of an item that takes place on days; none of another.
pub fn ics(city: &City, view: &View) -> Option<String> {
    let days = view.days?;
    let day = |date: jiff::civil::Date| date.strftime("%Y%m%d").to_string();
    let last_of_first = if days.weekly { days.first } else { days.last.unwrap_or(days.first) };
    let url = format!("{}/q/{}", city.public_url, view.code);
    let mut out =
        String::from("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//bangtin//VI\r\nCALSCALE:GREGORIAN\r\nMETHOD:PUBLISH\r\nBEGIN:VEVENT\r\n");
    line(&mut out, "UID", &format!("{}@{}", view.code, host(&city.public_url)));
    line(&mut out, "DTSTAMP", &stamp(view.updated));
    line(&mut out, "SEQUENCE", &view.revision.to_string());
    line(&mut out, "DTSTART;VALUE=DATE", &day(days.first));
    // The end is the day after the last (RFC 5545 §3.6.1).
    line(&mut out, "DTEND;VALUE=DATE", &day(last_of_first.tomorrow().unwrap_or(last_of_first)));
    if days.weekly {
        let until = days.last.map_or_else(String::new, |last| format!(";UNTIL={}", day(last)));
        line(&mut out, "RRULE", &format!("FREQ=WEEKLY{until}"));
    }
    line(&mut out, "SUMMARY", &escaped(&view.title));
    let mut about = view.summary.clone().unwrap_or_default();
    for fact in view.facts.iter().filter(|fact| matches!(fact.label, "organiser" | "hours" | "how-to-comment")) {
        if let Shown::Text(words) = &fact.value {
            let _ = write!(about, "\n{}: {words}", text(Lang::Vi, fact.label));
        }
    }
    line(&mut out, "DESCRIPTION", &escaped(about.trim()));
    let units: Vec<&str> = view.units.iter().filter_map(|id| city.units.get(id)).map(|unit| unit.name_vi.as_str()).collect();
    line(&mut out, "LOCATION", &escaped(&if units.is_empty() { city.name_vi.clone() } else { units.join(", ") }));
    line(&mut out, "URL", &url);
    line(&mut out, "STATUS", if view.withdrawn.is_some() { "CANCELLED" } else { "CONFIRMED" });
    line(&mut out, "TRANSP", "TRANSPARENT");
    out.push_str("END:VEVENT\r\nEND:VCALENDAR\r\n");
    Some(out)
}

/// The card of an institution that has a number; none of an item without one. Persons are on no card.
pub fn vcf(city: &City, view: &View) -> Option<String> {
    let position = view.position?;
    if view.phones.is_empty() {
        return None;
    }
    let mut out = String::from("BEGIN:VCARD\r\nVERSION:4.0\r\nKIND:org\r\n");
    line(&mut out, "UID", &format!("{}/q/{}", city.public_url, view.code));
    line(&mut out, "FN", &escaped(&view.title));
    for (label, number) in &view.phones {
        line(&mut out, "TEL;TYPE=work,voice;VALUE=uri", &format!("tel:{}", super::page::dialled(number)));
        line(&mut out, "NOTE", &escaped(&format!("{number}: {label}")));
    }
    for fact in &view.facts {
        match (fact.label, &fact.value) {
            ("address", Shown::Text(address)) => line(&mut out, "ADR", &format!(";;{};;;;", escaped(address))),
            ("operator", Shown::Text(name)) => line(&mut out, "ORG", &escaped(name)),
            ("role", Shown::Text(role)) => line(&mut out, "ROLE", &escaped(role)),
            ("hours", Shown::Text(hours)) => line(&mut out, "NOTE", &escaped(hours)),
            _ => {}
        }
    }
    line(&mut out, "GEO", &format!("geo:{:.5},{:.5}", position.lat, position.lon));
    line(&mut out, "URL", &format!("{}/q/{}", city.public_url, view.code));
    line(&mut out, "REV", &stamp(view.updated));
    out.push_str("END:VCARD\r\n");
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

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
