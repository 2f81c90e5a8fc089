//! The time that a question is about: `datetime` (what holds on a day or in a span) and `as_of` (what was
//! known then).

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::parameters::{Pairs, value};
use crate::http::errors::HttpError;
use crate::read_model::layers::{LayerKey, When};
use crate::words::civil::date_in;
use crate::words::civil::end_of;

/// The layer that the parameters `datetime` and `as_of` ask for.
pub fn wanted(pairs: &Pairs, zone: &TimeZone) -> Result<LayerKey, HttpError> {
    let when = value(pairs, "datetime").map(|text| datetime(text, zone)).transpose()?.unwrap_or(When::Now);
    let as_of = value(pairs, "as_of").map(|text| as_of(text, zone)).transpose()?;
    Ok(LayerKey { when, as_of, now: None })
}

/// The civil date in the city of a moment as clients write it: with a time zone or without, shortened, or
/// beyond the years of the calendar.
fn day(text: &str, zone: &TimeZone) -> Option<Date> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(date_in(zone, moment));
    }
    // A plus sign that was not encoded arrives as a space: 2026-01-10T00:00:00 07:00.
    if let Some((clock, offset)) = text.rsplit_once(' ')
        && clock.len() > 10
        && let Ok(moment) = format!("{clock}+{offset}").parse::<Timestamp>()
    {
        return Some(date_in(zone, moment));
    }
    let (date, rest) = text.split_at_checked(10)?;
    let clock = rest.strip_prefix(['T', 't', ' ']).unwrap_or(rest);
    let is_clock = clock.bytes().all(|byte| byte.is_ascii_digit() || b":.+-Zz".contains(&byte));
    let fits = rest.is_empty() || (rest.len() > clock.len() && is_clock);
    fits.then(|| date.parse().ok()).flatten()
}

/// Reads `datetime`: an instant, or a span whose ends may be open (`..` or nothing).
pub fn datetime(text: &str, zone: &TimeZone) -> Result<When, HttpError> {
    let wrong = || HttpError::Parameter(sentence!("datetime-parameter", text));
    let Some((from, to)) = text.split_once('/') else {
        return day(text, zone).map(When::On).ok_or_else(wrong);
    };
    let end = |text: &str| match text {
        "" | ".." => Ok(None),
        text => day(text, zone).map(Some).ok_or_else(wrong),
    };
    let (from, to) = (end(from)?, end(to)?);
    if let (Some(from), Some(to)) = (from, to)
        && from > to
    {
        return Err(wrong());
    }
    Ok(When::Between(from, to))
}

/// Reads `as_of` as microseconds since 1970. A date means the end of that day in the city.
fn as_of(text: &str, zone: &TimeZone) -> Result<i64, HttpError> {
    let moment = text.parse::<Timestamp>().ok().or_else(|| Some(end_of(zone, day(text, zone)?)));
    moment.map(Timestamp::as_microsecond).ok_or_else(|| HttpError::Parameter(sentence!("datetime-range", text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn zone() -> TimeZone {
        TimeZone::fixed(jiff::tz::Offset::constant(7))
    }

    #[test]
    fn datetime_is_read_as_clients_write_it() {
        let on = |y, m, d| When::On(date(y, m, d));
        let between = |a: Option<Date>, b: Option<Date>| When::Between(a, b);
        for (text, expected) in [
            ("2026-01-05", on(2026, 1, 5)),
            ("2026-01-05T", on(2026, 1, 5)),
            ("2026-01-05T18:00:00Z", on(2026, 1, 6)),
            ("2026-01-05T18:00:00+07:00", on(2026, 1, 5)),
            ("2026-01-05T18:00:00 07:00", on(2026, 1, 5)),
            ("2026-01-05/..", between(Some(date(2026, 1, 5)), None)),
            ("/2026-01-05", between(None, Some(date(2026, 1, 5)))),
            ("2026-01-05/", between(Some(date(2026, 1, 5)), None)),
            ("../..", between(None, None)),
            ("2026-01-10T00:00:00Z/9999-12-31T00:00:00Z", between(Some(date(2026, 1, 10)), Some(date(9999, 12, 31)))),
            ("2026-02-10/9999-12-31T00:00:00Z", between(Some(date(2026, 2, 10)), Some(date(9999, 12, 31)))),
            ("0000-01-01T00:00:00Z/2026-02-10", between(Some(date(0, 1, 1)), Some(date(2026, 2, 10)))),
        ] {
            assert_eq!(datetime(text, &zone()).ok(), Some(expected), "{text}");
        }
        for text in
            ["", "x", "2026", "2026-13-01", "2026-01-05/2025-01-01", "a/b", "2026-01-05/x/y", "2026-01-05Tx", "2026-01-05xx", "yesterday!"]
        {
            assert!(datetime(text, &zone()).is_err(), "{text}");
        }
    }
}
