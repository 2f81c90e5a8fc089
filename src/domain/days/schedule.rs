//! A schedule as an organiser states it.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::Weekday;
use super::calendar::Rule;
use crate::words::civil::{date_schema, optional_date_schema};

/// Most days that a count may ask for: a day of each week for ten years.
pub(super) const MOST: u32 = 520;

/// Which of the same weekdays of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Which {
    First,
    Second,
    Third,
    Fourth,
    Last,
}

impl Which {
    /// Its number, 1 to 4; −1 for the last.
    pub fn number(self) -> i8 {
        match self {
            Self::First => 1,
            Self::Second => 2,
            Self::Third => 3,
            Self::Fourth => 4,
            Self::Last => -1,
        }
    }
}

/// A day of each month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum MonthDay {
    /// The same date, 1 to 28: every month has it.
    Date(u8),
    /// The last day of the month.
    LastDay,
    /// “The first Friday”.
    Weekday {
        /// Which of them.
        which: Which,
        /// The day of the week.
        day: Weekday,
    },
}

/// What becomes of a day that is a public holiday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnHoliday {
    /// It takes place all the same.
    #[default]
    Held,
    /// It does not take place.
    LeftOut,
    /// It takes place on the next working day.
    NextWorkingDay,
    /// It takes place on the last working day before.
    WorkingDayBefore,
}

impl OnHoliday {
    /// True where holidays change nothing.
    pub fn is_held(&self) -> bool {
        *self == Self::Held
    }

    /// The key of its name in the catalogue.
    pub fn key(self) -> &'static str {
        match self {
            Self::Held => "holidays-held",
            Self::LeftOut => "holidays-left-out",
            Self::NextWorkingDay => "holidays-next-working-day",
            Self::WorkingDayBefore => "holidays-working-day-before",
        }
    }
}

/// When it takes place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Schedule {
    /// One day.
    Day {
        /// The day.
        #[schemars(schema_with = "date_schema")]
        on: Date,
    },
    /// Every day of a range.
    Range {
        /// First day.
        #[schemars(schema_with = "date_schema")]
        from: Date,
        /// Last day.
        #[schemars(schema_with = "date_schema")]
        to: Date,
    },
    /// The same days of each week.
    Weekly {
        /// Which days. The first form of a campaign named one, as `weekday`.
        #[serde(alias = "weekday", deserialize_with = "one_or_several")]
        weekdays: Vec<Weekday>,
        /// Not before.
        #[schemars(schema_with = "date_schema")]
        from: Date,
        /// Not after; open where not given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(schema_with = "optional_date_schema")]
        to: Option<Date>,
        /// So many days, 1 to 520; instead of a last day.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        count: Option<u32>,
    },
    /// A day of each month.
    Monthly {
        /// Which day.
        on: MonthDay,
        /// Not before.
        #[schemars(schema_with = "date_schema")]
        from: Date,
        /// Not after; open where not given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(schema_with = "optional_date_schema")]
        to: Option<Date>,
        /// So many days, 1 to 520; instead of a last day.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        count: Option<u32>,
    },
}

fn one_or_several<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Weekday>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        One(Weekday),
        Several(Vec<Weekday>),
    }
    Ok(match Given::deserialize(from)? {
        Given::One(day) => vec![day],
        Given::Several(days) => days,
    })
}

impl Schedule {
    /// First and last day as stated; no last day where the schedule is open or counted.
    pub fn stated(&self) -> (Date, Option<Date>) {
        match *self {
            Self::Day { on } => (on, Some(on)),
            Self::Range { from, to } => (from, Some(to)),
            Self::Weekly { from, to, .. } | Self::Monthly { from, to, .. } => (from, to),
        }
    }

    /// How many days are asked for, where they are counted.
    pub(super) fn count(&self) -> Option<u32> {
        match *self {
            Self::Weekly { count, .. } | Self::Monthly { count, .. } => count,
            _ => None,
        }
    }

    pub(super) fn rule(&self) -> Rule {
        match self {
            Self::Day { .. } | Self::Range { .. } => Rule::Daily,
            Self::Weekly { weekdays, .. } => Rule::Weekly(weekdays.iter().map(|day| (*day).into()).collect()),
            Self::Monthly { on, .. } => Rule::Monthly(*on),
        }
    }
}
