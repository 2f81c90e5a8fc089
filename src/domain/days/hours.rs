//! Days of the week, and hours of a day.

use jiff::civil::{Date, Time};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Weekday {
    /// The key of its name in the catalogue, which is also its name in JSON.
    pub fn key(self) -> &'static str {
        match self {
            Self::Monday => "monday",
            Self::Tuesday => "tuesday",
            Self::Wednesday => "wednesday",
            Self::Thursday => "thursday",
            Self::Friday => "friday",
            Self::Saturday => "saturday",
            Self::Sunday => "sunday",
        }
    }

    /// True for a date on this day of the week.
    pub fn is_of(self, date: Date) -> bool {
        date.weekday() == self.into()
    }
}

impl From<Weekday> for jiff::civil::Weekday {
    fn from(day: Weekday) -> Self {
        match day {
            Weekday::Monday => Self::Monday,
            Weekday::Tuesday => Self::Tuesday,
            Weekday::Wednesday => Self::Wednesday,
            Weekday::Thursday => Self::Thursday,
            Weekday::Friday => Self::Friday,
            Weekday::Saturday => Self::Saturday,
            Weekday::Sunday => Self::Sunday,
        }
    }
}

/// Schema of a time of day, `22:00` or `22:00:00`.
fn time_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"})
}

/// The hours of a day. Where `to` is not after `from`, they end on the next day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// First minute, in the city's time.
    #[schemars(schema_with = "time_schema")]
    pub from: Time,
    /// The minute at which they end.
    #[schemars(schema_with = "time_schema")]
    pub to: Time,
    /// Days of the week on which they begin; none means every day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<Weekday>,
}

impl Hours {
    /// True where they end on the day after they began.
    pub fn end_next_day(&self) -> bool {
        self.to <= self.from
    }

    /// True where they begin on that day.
    pub fn begin_on(&self, day: Date) -> bool {
        self.days.is_empty() || self.days.iter().any(|weekday| weekday.is_of(day))
    }

    /// As people write them: `22h00–5h00`. Programs take “22:00” for a time and drop what follows.
    pub fn in_words(&self) -> String {
        let short = |time: Time| format!("{}h{:02}", time.hour(), time.minute());
        format!("{}–{}", short(self.from), short(self.to))
    }
}
