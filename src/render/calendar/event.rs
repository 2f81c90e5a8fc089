//! An event as lines of a calendar file (RFC 5545 §3.6.1).

use std::fmt::Write as _;

use jiff::civil::Date;

use super::series::Series;
use super::{escaped, line, stamp};
use crate::domain::city::City;
use crate::domain::days::Hours;
use crate::domain::publication::view::{Shown, View};
use crate::words::text::{Lang, text};

/// The name by which calendars know a revision for ever: it does not depend on the city's
/// address, which may change.
fn uid(city: &City, series: &Series) -> String {
    let view = series.view;
    let revision = if view.revision > 1 { format!(".{}", view.revision) } else { String::new() };
    let hours = if series.number > 0 { format!("-{}", series.number + 1) } else { String::new() };
    format!("{}{revision}{hours}@{}.bangtin", view.code, city.id)
}

/// Writes a day as the value of a property: a date, or a time of the city.
fn day_line(out: &mut String, city: &City, name: &str, days: &[Date], hours: Option<&Hours>) {
    let written = |day: &Date| match hours {
        None => day.strftime("%Y%m%d").to_string(),
        Some(hours) => day.to_datetime(hours.from).strftime("%Y%m%dT%H%M%S").to_string(),
    };
    let values = days.iter().map(written).collect::<Vec<_>>().join(",");
    match hours {
        None => line(out, &format!("{name};VALUE=DATE"), &values),
        Some(_) => line(out, &format!("{name};TZID={}", city.time_zone), &values),
    }
}

/// Begin and end, from a first to a last day.
fn begin_and_end(out: &mut String, city: &City, series: &Series, first: Date, last: Date) {
    day_line(out, city, "DTSTART", &[first], series.hours);
    let next = |day: Date| day.tomorrow().unwrap_or(day);
    match series.hours {
        // The end is the day after the last day (RFC 5545 §3.6.1).
        None => day_line(out, city, "DTEND", &[next(last)], None),
        Some(hours) => {
            let day = if hours.end_next_day() { next(last) } else { last };
            let end = Hours { from: hours.to, ..hours.clone() };
            day_line(out, city, "DTEND", &[day], Some(&end));
        }
    }
}

/// The event, and each day of it that was moved.
pub(super) fn write(out: &mut String, city: &City, series: &Series) {
    let view = series.view;
    begin(out, city, series);
    begin_and_end(out, city, series, series.first, series.last_of_first);
    if let Some(rule) = &series.rule {
        let until = series.until.map_or_else(String::new, |until| match series.hours {
            None => format!(";UNTIL={}", until.strftime("%Y%m%d")),
            // With times the end is a moment in UTC (RFC 5545 §3.3.10).
            Some(hours) => {
                let at = city.zone().to_timestamp(until.to_datetime(hours.from)).unwrap_or_default();
                format!(";UNTIL={}", stamp(at))
            }
        });
        let (frequency, rest) = rule.split_once(';').map_or((rule.as_str(), String::new()), |(a, b)| (a, format!(";{b}")));
        line(out, "RRULE", &format!("{frequency}{until}{rest}"));
        if !series.left_out.is_empty() {
            day_line(out, city, "EXDATE", &series.left_out, series.hours);
        }
    }
    end(out, city, series, view);
    for (planned, day) in &series.moved {
        begin(out, city, series);
        day_line(out, city, "RECURRENCE-ID", &[*planned], series.hours);
        begin_and_end(out, city, series, *day, *day);
        end(out, city, series, view);
    }
}

fn begin(out: &mut String, city: &City, series: &Series) {
    out.push_str("BEGIN:VEVENT\r\n");
    line(out, "UID", &uid(city, series));
    line(out, "DTSTAMP", &stamp(series.view.updated));
    // A calendar takes over an event if its number is greater than the one it knows.
    line(out, "SEQUENCE", &series.view.sequence.to_string());
}

/// What it is, where, and whether it takes place.
fn end(out: &mut String, city: &City, series: &Series, view: &View) {
    line(out, "SUMMARY", &escaped(&view.title));
    let mut about = view.summary.clone().unwrap_or_default();
    for fact in view.facts.iter().filter(|fact| series.calendar.exported.contains(&fact.label)) {
        let words = match &fact.value {
            Shown::Text(words) => words.clone(),
            Shown::Keys(keys) => keys.iter().map(|key| text(Lang::Vi, key)).collect::<Vec<_>>().join(", "),
            Shown::Said(said) => said.text(Lang::Vi),
            _ => continue,
        };
        let _ = write!(about, "\n{}: {words}", text(Lang::Vi, fact.label));
    }
    line(out, "DESCRIPTION", &escaped(about.trim()));
    let units: Vec<&str> = view.units.iter().filter_map(|id| city.units.get(id)).map(|unit| unit.name_vi.as_str()).collect();
    line(out, "LOCATION", &escaped(&if units.is_empty() { city.name_vi.clone() } else { units.join(", ") }));
    line(out, "URL", &format!("{}/q/{}", city.public_url, view.code));
    line(out, "STATUS", if series.is_off { "CANCELLED" } else { "CONFIRMED" });
    line(out, "TRANSP", "TRANSPARENT");
    out.push_str("END:VEVENT\r\n");
}
