//! Periods for which figures are given.

use std::fmt;
use std::str::FromStr;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// How often figures are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Frequency {
    /// Every month.
    Month,
    /// Every quarter.
    Quarter,
    /// Every year.
    Year,
}

/// A year, a quarter or a month: `2022`, `2026-Q4`, `2026-10`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Period {
    first: Date,
    months: i8,
}

impl Period {
    /// The period of that length in which a day lies.
    pub fn around(day: Date, frequency: Frequency) -> Self {
        let (month, months) = match frequency {
            Frequency::Month => (day.month(), 1),
            Frequency::Quarter => ((day.month() - 1) / 3 * 3 + 1, 3),
            Frequency::Year => (1, 12),
        };
        Self { first: date(day.year(), month, 1), months }
    }

    /// First day.
    pub fn first(self) -> Date {
        self.first
    }

    /// Last day.
    pub fn last(self) -> Date {
        self.first.saturating_add(i32::from(self.months).months()).saturating_sub(1.day())
    }

    /// How often such periods come.
    pub fn frequency(self) -> Frequency {
        match self.months {
            1 => Frequency::Month,
            3 => Frequency::Quarter,
            _ => Frequency::Year,
        }
    }

    /// As people write it: `năm 2022` is the catalogue's part; this gives `2022`, `IV/2026`, `10/2026`.
    pub fn in_numbers(self) -> String {
        let (year, month) = (self.first.year(), self.first.month());
        match self.frequency() {
            Frequency::Year => year.to_string(),
            Frequency::Quarter => format!("{}/{year}", ["I", "II", "III", "IV"][usize::from(month.unsigned_abs() - 1) / 3 % 4]),
            Frequency::Month => format!("{month}/{year}"),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month) = (self.first.year(), self.first.month());
        match self.frequency() {
            Frequency::Year => write!(f, "{year:04}"),
            Frequency::Quarter => write!(f, "{year:04}-Q{}", (month - 1) / 3 + 1),
            Frequency::Month => write!(f, "{year:04}-{month:02}"),
        }
    }
}

impl fmt::Debug for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

written_as_text!(Period);

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("“{text}” is no period: write a year 2026, a quarter 2026-Q4 or a month 2026-10");
        let (year, rest) = text.split_once('-').map_or((text, None), |(year, rest)| (year, Some(rest)));
        let year: i16 = Some(year).filter(|year| year.len() == 4).and_then(|year| year.parse().ok()).ok_or_else(wrong)?;
        let (month, months) = match rest {
            None => (1, 12),
            Some(rest) => match rest.strip_prefix(['Q', 'q']) {
                Some(quarter) => (quarter.parse::<i8>().ok().filter(|quarter| (1..=4).contains(quarter)).ok_or_else(wrong)? * 3 - 2, 3),
                None => (Some(rest).filter(|rest| rest.len() == 2).and_then(|rest| rest.parse().ok()).ok_or_else(wrong)?, 1),
            },
        };
        if !(1900..=2200).contains(&year) || !(1..=12).contains(&month) {
            return Err(wrong());
        }
        Ok(Self { first: date(year, month, 1), months })
    }
}

impl TryFrom<String> for Period {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Period> for String {
    fn from(period: Period) -> Self {
        period.to_string()
    }
}

impl JsonSchema for Period {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Period".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "pattern": "^[0-9]{4}(-(Q[1-4]|0[1-9]|1[0-2]))?$",
            "description": "A year, a quarter or a month: 2022, 2026-Q4, 2026-10"
        })
    }
}
