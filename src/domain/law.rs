//! What the law says about land in a plan, as dated data: the rule in force on the day of a plan's signature
//! applies to it. All sentences here were read in the law's own text. Where none is known, none is shown.

use std::sync::LazyLock;

use jiff::civil::Date;
use serde::Deserialize;

/// A sentence for residents, and the article it comes from.
#[derive(Debug, Clone, Deserialize)]
pub struct Rule {
    /// Stable name.
    pub id: String,
    /// Kinds of plan, by name, separated by blanks.
    kinds: String,
    /// First day of signature of the plans it applies to.
    signed_from: Date,
    /// Last day of signature of the plans it applies to; none means no end.
    #[serde(default, deserialize_with = "optional")]
    signed_to: Option<Date>,
    /// The law and its article.
    pub basis: String,
    /// The sentence in plain Vietnamese.
    pub vi: String,
    /// The sentence in English.
    pub en: String,
}

fn optional<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(serde::de::Error::custom) }
}

static RULES: LazyLock<Vec<Rule>> =
    LazyLock::new(|| csv::Reader::from_reader(include_bytes!("law.csv").as_slice()).deserialize().filter_map(Result::ok).collect());

/// The rules for land in a plan of this kind that was signed on this day.
pub fn of(kind: &str, signed: Date) -> impl Iterator<Item = &'static Rule> {
    RULES.iter().filter(move |rule| {
        rule.kinds.split(' ').any(|known| known == kind) && rule.signed_from <= signed && rule.signed_to.is_none_or(|to| signed <= to)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn knows(kind: &str) -> bool {
        serde_json::from_value::<crate::domain::plan::PlanKind>(serde_json::Value::String(kind.to_owned())).is_ok()
    }

    #[test]
    fn every_row_is_read_and_names_kinds_that_exist() {
        let rows = include_str!("law.csv").lines().count() - 1;
        assert_eq!(RULES.len(), rows);
        for rule in RULES.iter() {
            assert!(rule.kinds.split(' ').all(knows), "{}", rule.id);
            assert!(unicode_normalization::is_nfc(&rule.vi) && !rule.en.is_empty() && !rule.basis.is_empty());
        }
    }

    #[test]
    fn a_plan_is_judged_by_the_law_of_its_own_day() {
        let ids = |kind, day| of(kind, day).map(|rule| rule.id.as_str()).collect::<Vec<_>>();
        assert_eq!(ids("land-use-schedule", date(2025, 12, 30)), ["schedule-2024", "stale-2024", "display-2024"]);
        assert_eq!(ids("land-use-schedule", date(2024, 7, 31)), ["stale-2013"]);
        assert_eq!(ids("detailed-plan", date(2025, 1, 1)), Vec::<&str>::new());
    }
}
