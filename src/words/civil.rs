//! Civil dates in the city's time zone, and their JSON schemas.

use jiff::{RoundMode, Timestamp, TimestampRound, Unit, civil::Date, tz::TimeZone};
use schemars::{Schema, SchemaGenerator, json_schema};

/// The civil date of `now` in `zone`.
pub fn date_in(zone: &TimeZone, now: Timestamp) -> Date {
    zone.to_datetime(now).date()
}

/// The first moment of `date` in `zone`.
pub fn midnight(zone: &TimeZone, date: Date) -> Timestamp {
    zone.to_timestamp(date.to_datetime(jiff::civil::Time::midnight())).unwrap_or(Timestamp::MAX)
}

/// The first moment after `date` in `zone`.
pub fn end_of(zone: &TimeZone, date: Date) -> Timestamp {
    date.tomorrow().map_or(Timestamp::MAX, |next| midnight(zone, next))
}

/// A moment as features give it: in whole milliseconds. More digits are more than readers take: pyogrio makes
/// .9996 s a second of 1,000,000 microseconds, and refuses the layer. Rounded up, so that what was known at this
/// moment (`as_of=`) includes the change it names.
pub fn in_milliseconds(at: Timestamp) -> Timestamp {
    at.round(TimestampRound::new().smallest(Unit::Millisecond).mode(RoundMode::Ceil)).unwrap_or(at)
}

/// Reads an hour of the clocks in `zone`, such as `2026-12-01T08:00`, or a moment (RFC 3339).
pub fn hour_in(zone: &TimeZone, text: &str) -> Option<Timestamp> {
    let text = text.trim();
    text.parse::<Timestamp>().ok().or_else(|| zone.to_timestamp(text.parse::<jiff::civil::DateTime>().ok()?).ok())
}

/// A day as people write it, `25/12/2026`, or as programs do. None for what cannot be read.
pub fn written(text: &str) -> Option<Date> {
    let text = text.trim();
    if let Ok(date) = text.parse() {
        return Some(date);
    }
    let mut parts = text.split(['/', '.', '-']).map(str::trim);
    let (day, month, year) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Date::new(year, month, day).ok().filter(|day| parts.next().is_none() && day.year() >= 1_000)
}

/// Schema of a civil date, `2020-09-15`.
pub fn date_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "format": "date"})
}

/// Schema of an optional civil date.
pub fn optional_date_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["string", "null"], "format": "date"})
}

/// Schema of a moment, RFC 3339 in UTC.
pub fn moment_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "format": "date-time"})
}

/// Schema of an optional moment.
pub fn optional_moment_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["string", "null"], "format": "date-time"})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_gives_a_moment_in_whole_milliseconds_and_never_before_it_was() {
        for (at, given) in [
            ("2026-11-28T05:03:10Z", "2026-11-28T05:03:10Z"),
            ("2026-11-28T05:03:10.25Z", "2026-11-28T05:03:10.25Z"),
            ("2026-11-28T05:03:10.123001Z", "2026-11-28T05:03:10.124Z"),
            ("2026-12-31T23:59:59.9996Z", "2027-01-01T00:00:00Z"),
        ] {
            let at: Timestamp = at.parse().expect("a moment");
            assert_eq!(in_milliseconds(at).to_string(), given, "{at}");
        }
        assert_eq!(in_milliseconds(Timestamp::MAX), Timestamp::MAX);
    }

    #[test]
    fn an_hour_is_read_by_the_clocks_of_the_city() {
        let zone = TimeZone::fixed(jiff::tz::Offset::constant(7));
        for (text, moment) in [
            ("2026-12-01T08:00", Some("2026-12-01T01:00:00Z")),
            ("2026-12-01 08:00", Some("2026-12-01T01:00:00Z")),
            ("2026-12-01T08:00:00+07:00", Some("2026-12-01T01:00:00Z")),
            ("2026-12-01T01:00:00Z", Some("2026-12-01T01:00:00Z")),
            ("8 giờ", None),
            ("", None),
        ] {
            assert_eq!(hour_in(&zone, text).map(|at| at.to_string()).as_deref(), moment, "{text}");
        }
    }
}
