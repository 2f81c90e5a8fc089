//! The city's time zone as calendars need it (RFC 5545 §3.6.5).

use jiff::civil::Date;
use jiff::tz::{Dst, Offset};

use super::line;
use crate::domain::city::City;
use crate::words::civil::midnight;

/// Most changes of the clock that are written: twice a year for twenty years.
const MOST: usize = 40;

fn written(offset: Offset) -> String {
    let seconds = offset.seconds();
    format!("{}{:02}{:02}", if seconds < 0 { '-' } else { '+' }, seconds.abs() / 3_600, seconds.abs() % 3_600 / 60)
}

/// Writes the zone with what holds on the day before `first`, and every change of the clock that follows.
pub(super) fn write(out: &mut String, city: &City, first: Date) {
    let zone = city.zone();
    let begin = midnight(&zone, first.yesterday().unwrap_or(first));
    let info = zone.to_offset_info(begin);
    line(out, "BEGIN", "VTIMEZONE");
    line(out, "TZID", &city.time_zone);
    observance(out, info.dst(), "19700101T000000", (info.offset(), info.offset()));
    let mut was = info.offset();
    for change in zone.following(begin).take(MOST) {
        let local = was.to_datetime(change.timestamp()).strftime("%Y%m%dT%H%M%S").to_string();
        observance(out, change.dst(), &local, (was, change.offset()));
        was = change.offset();
    }
    line(out, "END", "VTIMEZONE");
}

fn observance(out: &mut String, dst: Dst, local: &str, (was, is): (Offset, Offset)) {
    let name = if dst == Dst::Yes { "DAYLIGHT" } else { "STANDARD" };
    line(out, "BEGIN", name);
    line(out, "DTSTART", local);
    line(out, "TZOFFSETFROM", &written(was));
    line(out, "TZOFFSETTO", &written(is));
    line(out, "END", name);
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::test_support::city;

    #[test]
    fn a_zone_whose_clock_changes_has_each_change() {
        let mut out = String::new();
        write(&mut out, &City { time_zone: "Europe/Berlin".into(), ..city() }, date(2026, 1, 2));
        assert!(out.contains("BEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100"), "{out}");
        assert!(out.contains("BEGIN:DAYLIGHT\r\nDTSTART:20260329T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200"), "{out}");
        assert_eq!(out.matches("BEGIN:DAYLIGHT").count(), 20);
    }
}
