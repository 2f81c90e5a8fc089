//! Administrative units. Their codes are reused, so a unit is identified by its code and its validity.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Refusal;
use crate::geometry::Position;
use crate::words::alike::read;
use crate::words::civil::date_schema;
use crate::words::civil::optional_date_schema;

/// A unit's identity: its official code and the year its validity began, e.g. `04252-2025`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct UnitId(String);

impl UnitId {
    /// As written, `CODE-YEAR`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UnitId {
    type Err = String;

    /// Reads a code and a year, with a hyphen or anything that looks like one between them, and blanks around it or none.
    fn from_str(text: &str) -> Result<Self, String> {
        let seen = read(text);
        let text = if text.is_ascii() { text } else { seen.trim() };
        match text.split_once('-').map(|(code, year)| (code.trim(), year.trim())) {
            Some((code, year))
                if (2..=5).contains(&code.len())
                    && year.len() == 4
                    && code.bytes().chain(year.bytes()).all(|byte| byte.is_ascii_digit()) =>
            {
                Ok(Self(format!("{code}-{year}")))
            }
            _ => Err(format!("“{text}” is not a unit: write its code and the year its validity began, e.g. 04252-2025")),
        }
    }
}

impl TryFrom<String> for UnitId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<UnitId> for String {
    fn from(id: UnitId) -> Self {
        id.0
    }
}

impl fmt::Display for UnitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

written_as_text!(UnitId);

impl fmt::Debug for UnitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A ward or commune in one of its generations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Unit {
    /// Code and validity.
    pub id: UnitId,
    /// Vietnamese name with its type, "Phường Yên Bái".
    pub name_vi: String,
    /// English name, "Yen Bai Ward".
    pub name_en: String,
    /// phường, xã, thị trấn …
    pub kind: String,
    /// First day it exists.
    #[schemars(schema_with = "date_schema")]
    pub valid_from: Date,
    /// Last day it exists; open when it exists today.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "optional_date_schema")]
    pub valid_to: Option<Date>,
    /// The units that took it over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub successors: Vec<UnitId>,
    /// A point to put its name at.
    pub label: Position,
}

impl Unit {
    /// True when the unit exists on `date`.
    pub fn is_valid_on(&self, date: Date) -> bool {
        self.valid_from <= date && self.valid_to.is_none_or(|last| date <= last)
    }
}

/// The unit table of a city, all generations.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Units(pub Vec<Unit>);

impl Units {
    /// The unit with this id.
    pub fn get(&self, id: &UnitId) -> Option<&Unit> {
        self.0.iter().find(|unit| &unit.id == id)
    }

    /// The units that exist on `date`, in the table's order.
    pub fn valid_on(&self, date: Date) -> impl Iterator<Item = &Unit> {
        self.0.iter().filter(move |unit| unit.is_valid_on(date))
    }

    /// The units that exist on `date` in the place of `id`: the unit itself, or its successors, or theirs in turn.
    pub fn at(&self, id: &UnitId, date: Date) -> Vec<&Unit> {
        let mut found: Vec<&Unit> = Vec::new();
        let mut open = vec![id.clone()];
        let mut steps = 0;
        while let Some(id) = open.pop() {
            steps += 1;
            let Some(unit) = self.get(&id) else { continue };
            if unit.is_valid_on(date) || unit.successors.is_empty() || steps > 64 {
                if !found.iter().any(|known| known.id == unit.id) {
                    found.push(unit);
                }
            } else {
                open.extend(unit.successors.iter().cloned());
            }
        }
        found
    }

    /// The first day after `date` on which a unit begins or has ended.
    pub fn next_boundary(&self, date: Date) -> Option<Date> {
        let ends = self.0.iter().filter_map(|unit| unit.valid_to?.tomorrow().ok());
        self.0.iter().map(|unit| unit.valid_from).chain(ends).filter(|day| *day > date).min()
    }

    /// Finds a unit from what a planner types: an id, or only a code that is valid on `date`.
    pub fn resolve(&self, text: &str, date: Date) -> Option<&Unit> {
        let seen = read(text);
        let text = seen.trim();
        self.0
            .iter()
            .find(|unit| unit.id.as_str() == text)
            .or_else(|| self.valid_on(date).find(|unit| unit.id.as_str().split('-').next() == Some(text)))
    }

    /// Refuses when one of `ids` is unknown or does not exist on `date`.
    pub fn check(&self, ids: &[UnitId], date: Date) -> Result<(), Refusal> {
        for id in ids {
            let Some(unit) = self.get(id) else {
                return Err(Refusal::invalid("unknown-unit", sentence!("unknown-unit", id)));
            };
            if !unit.is_valid_on(date) {
                let now: Vec<String> = self.at(id, date).iter().map(|u| format!("{} {}", u.id, u.name_vi)).collect();
                let state = if unit.valid_from > date { sentence!("unit-not-yet") } else { sentence!("unit-ended", now = now.join(", ")) };
                return Err(Refusal::invalid("unit-not-valid", sentence!("unit-not-valid", date, name_vi = unit.name_vi, id, state)));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn table() -> Units {
        let unit = |id: &str, from, to, successors: &[&str]| Unit {
            id: id.parse().expect("id"),
            name_vi: id.to_owned(),
            name_en: id.to_owned(),
            kind: "phường".into(),
            valid_from: from,
            valid_to: to,
            successors: successors.iter().map(|s| s.parse().expect("id")).collect(),
            label: Position { lon: 104.87, lat: 21.7 },
        };
        Units(vec![
            unit("04267-2020", date(2020, 3, 1), Some(date(2024, 12, 31)), &["04264-2025"]),
            unit("04264-2025", date(2025, 1, 1), Some(date(2025, 6, 30)), &["04252-2025"]),
            unit("04252-2025", date(2025, 7, 1), None, &[]),
            unit("04252-2020", date(2020, 3, 1), Some(date(2025, 6, 30)), &["04252-2025"]),
        ])
    }

    #[test]
    fn a_unit_is_read_with_blanks_around_its_hyphen() {
        for typed in ["04252-2025", "04252 - 2025", " 04252 \u{2013} 2025 "] {
            assert_eq!(typed.parse::<UnitId>().map(|id| id.as_str().to_owned()), Ok("04252-2025".to_owned()), "{typed}");
        }
        for wrong in ["04252 2025", "042 52-2025", "04252-20 25", "-2025"] {
            assert!(wrong.parse::<UnitId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_unit_is_found_whatever_looks_like_its_hyphen() {
        for typed in ["04252-2025", "04252\u{2011}2025", "04252\u{2013}2025", "04252\u{2212}2025", "\u{feff}04252-2025\u{a0}"] {
            assert_eq!(typed.parse::<UnitId>().map(|id| id.to_string()).as_deref(), Ok("04252-2025"), "{typed:?}");
            assert!(table().resolve(typed, date(2026, 1, 1)).is_some(), "{typed:?}");
        }
        assert_eq!(table().resolve("04252\u{200b}", date(2026, 1, 1)).map(|unit| unit.id.as_str()), Some("04252-2025"));
        assert!("04252_2025".parse::<UnitId>().is_err());
    }

    #[test]
    fn a_reused_code_means_another_unit_after_the_merger() {
        let units = table();
        assert_eq!(units.resolve("04252", date(2024, 5, 1)).map(|u| u.id.as_str()), Some("04252-2020"));
        assert_eq!(units.resolve("04252", date(2026, 5, 1)).map(|u| u.id.as_str()), Some("04252-2025"));
    }

    #[test]
    fn successors_are_followed_over_two_generations() {
        let units = table();
        let id = "04267-2020".parse().expect("id");
        let ids = |on| units.at(&id, on).iter().map(|u| u.id.to_string()).collect::<Vec<_>>();
        assert_eq!(ids(date(2023, 1, 1)), ["04267-2020"]);
        assert_eq!(ids(date(2025, 3, 1)), ["04264-2025"]);
        assert_eq!(ids(date(2026, 3, 1)), ["04252-2025"]);
    }

    #[test]
    fn a_unit_that_is_gone_is_refused_with_its_successor() {
        let refusal = table().check(&["04267-2020".parse().expect("id")], date(2026, 1, 1)).expect_err("gone");
        assert_eq!(refusal.reason, "unit-not-valid");
        assert!(refusal.to_string().contains("04252-2025"), "{refusal}");
    }
}
