//! Public holidays, and the days that are worked or free in their stead. `holidays.csv` names the source of each day.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use serde::Deserialize;

/// Longest run of days on which no office works, days.
pub(super) const LONGEST: usize = 60;

#[derive(Debug, Deserialize)]
struct Row {
    day: Date,
    kind: String,
}

/// Days that are no common working days, and those that are though they are Saturdays.
static DAYS: LazyLock<BTreeMap<Date, bool>> = LazyLock::new(|| {
    let rows = csv::Reader::from_reader(&include_bytes!("holidays.csv")[..]).into_deserialize::<Row>();
    rows.filter_map(Result::ok).map(|row| (row.day, row.kind == "worked")).collect()
});

/// True for a public holiday, or a day that is free in its stead.
pub(super) fn is_holiday(day: Date) -> bool {
    DAYS.get(&day) == Some(&false)
}

/// All public holidays that are known.
pub(super) fn all_holidays() -> impl Iterator<Item = Date> {
    DAYS.iter().filter(|(_, is_worked)| !**is_worked).map(|(day, _)| *day)
}

/// True for a day on which offices work.
pub(super) fn is_worked(day: Date) -> bool {
    DAYS.get(&day).copied().unwrap_or(!matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday))
}

/// The first working day from `day` on.
pub fn working_from(day: Date) -> Date {
    day.series(1.day()).take(LONGEST).find(|day| is_worked(*day)).unwrap_or(day)
}

/// The last working day up to `day`.
pub(super) fn working_until(day: Date) -> Date {
    day.series((-1).day()).take(LONGEST).find(|day| is_worked(*day)).unwrap_or(day)
}

/// True for a day of a year whose public holidays are known.
pub fn are_known(day: Date) -> bool {
    let first = DAYS.keys().next().map_or(0, |day| day.year());
    let last = DAYS.keys().next_back().map_or(0, |day| day.year());
    (first..=last).contains(&day.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read() {
        assert_eq!(DAYS.len(), include_str!("holidays.csv").lines().count() - 1);
    }
}
