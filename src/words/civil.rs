//! Civil dates in the city's time zone, and their JSON schemas.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
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
