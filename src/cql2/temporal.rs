//! Temporal relations (OGC 21-065r2 §7.8; Allen's intervals).

use jiff::tz::TimeZone;

use super::{Scalar, Time};
use crate::words::civil::date_in;
use crate::words::civil::midnight;

/// First and last moment, in microseconds since 1970. An open end is the least or the greatest number.
pub type Range = (i64, i64);

/// Reads a date or a moment (RFC 3339) as microseconds since 1970; a date as its first moment in UTC.
pub fn instant(text: &str) -> Option<i64> {
    if let Ok(date) = text.parse::<jiff::civil::Date>()
        && text.len() == 10
    {
        return Some(midnight(&TimeZone::UTC, date).as_microsecond());
    }
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_microsecond)
}

/// The day of a moment in `zone`, for a comparison with a date: what holds on a day holds until the day's end.
/// Midnight in UTC counts as the date itself, because clients write dates as such moments.
pub(super) fn day(at: i64, zone: &TimeZone) -> i64 {
    let Ok(moment) = jiff::Timestamp::from_microsecond(at) else { return at };
    let utc = TimeZone::UTC.to_datetime(moment);
    let is_midnight = utc.time() == jiff::civil::Time::midnight();
    midnight(&TimeZone::UTC, if is_midnight { utc.date() } else { date_in(zone, moment) }).as_microsecond()
}

/// An interval from its two ends; `..` means an open end.
pub(super) fn interval(ends: Vec<Scalar>) -> Option<Time> {
    let [from, to] = <[Scalar; 2]>::try_from(ends).ok()?;
    let end = |scalar: Scalar| match scalar {
        Scalar::Text(text) if text == ".." => Some(None),
        Scalar::Text(text) => instant(&text).map(|at| Some(Scalar::Instant(at))),
        Scalar::Instant(_) | Scalar::Property(_) => Some(Some(scalar)),
        _ => None,
    };
    Some(Time::Interval(end(from)?, end(to)?))
}

/// A relation between two times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    After,
    Before,
    Contains,
    Disjoint,
    During,
    Equals,
    FinishedBy,
    Finishes,
    Intersects,
    Meets,
    MetBy,
    OverlappedBy,
    Overlaps,
    StartedBy,
    Starts,
}

impl Relation {
    /// The relation with this name in capitals, such as `T_AFTER`.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "T_AFTER" => Self::After,
            "T_BEFORE" => Self::Before,
            "T_CONTAINS" => Self::Contains,
            "T_DISJOINT" => Self::Disjoint,
            "T_DURING" => Self::During,
            "T_EQUALS" => Self::Equals,
            "T_FINISHEDBY" => Self::FinishedBy,
            "T_FINISHES" => Self::Finishes,
            "T_INTERSECTS" => Self::Intersects,
            "T_MEETS" => Self::Meets,
            "T_METBY" => Self::MetBy,
            "T_OVERLAPPEDBY" => Self::OverlappedBy,
            "T_OVERLAPS" => Self::Overlaps,
            "T_STARTEDBY" => Self::StartedBy,
            "T_STARTS" => Self::Starts,
            _ => return None,
        })
    }

    pub(super) fn holds(self, (a1, a2): Range, (b1, b2): Range) -> bool {
        match self {
            Self::After => a1 > b2,
            Self::Before => a2 < b1,
            Self::Contains => a1 < b1 && a2 > b2,
            Self::Disjoint => a1 > b2 || a2 < b1,
            Self::During => a1 > b1 && a2 < b2,
            Self::Equals => a1 == b1 && a2 == b2,
            Self::FinishedBy => a1 < b1 && a2 == b2,
            Self::Finishes => a1 > b1 && a2 == b2,
            Self::Intersects => a1 <= b2 && a2 >= b1,
            Self::Meets => a2 == b1,
            Self::MetBy => a1 == b2,
            Self::OverlappedBy => a1 > b1 && a1 < b2 && a2 > b2,
            Self::Overlaps => a1 < b1 && a2 > b1 && a2 < b2,
            Self::StartedBy => a1 == b1 && a2 > b2,
            Self::Starts => a1 == b1 && a2 < b2,
        }
    }
}
