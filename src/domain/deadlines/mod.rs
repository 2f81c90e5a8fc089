//! Deadlines that the law sets for a plan, as dated data: the rule in force on the day from which it counts applies.
//!
//! Days and years are counted as Civil Code 2015, articles 147 and 148, says: the day itself does not count; a term of
//! years ends on the same day of the year, and on the last day of the month where that year has no such day. A last day on
//! a Saturday, a Sunday or a public holiday moves to the next working day (article 148, paragraph 5).
//!
//! `rules.csv` has the rules, and whether each was read in the law's own text; `cases.csv` cases that were worked
//! out by hand. Public holidays are in [`crate::domain::days`].

use std::borrow::Cow;
use std::sync::LazyLock;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use serde::Deserialize;

use crate::domain::days;
use crate::words::fold::fold;

/// The last day on which there were districts: no rule for their level holds after it.
const DISTRICTS_UNTIL: Date = date(2025, 6, 30);

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Duty {
    /// Opinions are taken at least until that day.
    Consult,
    /// The plan is published by that day.
    Publish,
    /// Land that was neither recovered nor given its new use is looked at again.
    Stale,
    /// The plan is reviewed.
    Review,
}

impl Duty {
    /// The key of its name in the catalogue.
    pub fn key(self) -> &'static str {
        match self {
            Self::Consult => "duty-consult",
            Self::Publish => "duty-publish",
            Self::Stale => "duty-stale",
            Self::Review => "duty-review",
        }
    }
}

/// Whether a rule may be shown as law.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It was read in the law's own text.
    Law,
    /// It is known at second hand, or a later amendment was not read.
    ToBeChecked,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Term {
    Day,
    Year,
}

/// A rule, and the days on which it holds.
#[derive(Debug, Clone, Deserialize)]
pub struct Rule {
    /// Stable name.
    pub id: String,
    /// What is to be done.
    pub duty: Duty,
    kinds: String,
    levels: String,
    number: i32,
    unit: Term,
    /// The law and its article.
    pub basis: String,
    from: Date,
    #[serde(default, deserialize_with = "optional")]
    to: Option<Date>,
    /// Whether it may be shown as law.
    pub standing: Standing,
}

fn optional<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(serde::de::Error::custom) }
}

fn rows<T: for<'de> Deserialize<'de>>(table: &'static [u8]) -> Vec<T> {
    csv::Reader::from_reader(table).deserialize().filter_map(Result::ok).collect()
}

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| rows(include_bytes!("rules.csv")));

/// What the law asks of a plan.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Kind of the plan, `land-use-plan`.
    pub kind: &'a str,
    /// Its level as stated; none where it is not.
    pub level: Option<&'a str>,
    /// Day on which the decision was signed.
    pub signed: Option<Date>,
    /// Day on which opinions began to be taken.
    pub opened: Option<Date>,
    /// Day on which it was last reviewed.
    pub reviewed: Option<Date>,
}

/// A deadline.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    /// The rule that sets it.
    pub rule: &'static Rule,
    /// The day from which it counts.
    pub event: Date,
    /// The last day as counted.
    pub counted: Date,
    /// The last day, moved to a working day.
    pub last: Date,
    /// False where the public holidays of that year are not known yet: the day may move.
    pub is_firm: bool,
    /// True where nothing is left to be done.
    pub is_done: bool,
}

/// The level in one word: `tinh`, `huyen`, `xa`, `quoc gia`; another word as it stands, folded.
fn level(stated: &str) -> Cow<'static, str> {
    const KNOWN: [(&str, &str); 4] = [("quốc gia", "quoc gia"), ("tỉnh", "tinh"), ("huyện", "huyen"), ("xã", "xa")];
    // Most are written so.
    if let Some((_, known)) = KNOWN.iter().find(|(written, _)| *written == stated) {
        return Cow::Borrowed(known);
    }
    let folded = fold(stated);
    let known = KNOWN.iter().find(|(_, known)| folded.split(' ').any(|word| word == *known) || folded == *known);
    known.map_or(Cow::Owned(folded), |(_, known)| Cow::Borrowed(known))
}

/// The deadline that the law sets for this duty; none where no rule is known.
pub fn deadline(facts: &Facts<'_>, duty: Duty) -> Option<Deadline> {
    let event = match duty {
        Duty::Consult => facts.opened,
        // The next review is counted from the last one.
        Duty::Review => facts.signed.map(|signed| facts.reviewed.map_or(signed, |reviewed| reviewed.max(signed))),
        Duty::Publish | Duty::Stale => facts.signed,
    }?;
    let level = facts.level.map(level).unwrap_or_default();
    if level == "huyen" && event > DISTRICTS_UNTIL {
        return None;
    }
    let rule = RULES.iter().find(|rule| {
        let holds = rule.from <= event && rule.to.is_none_or(|to| event <= to);
        let is_meant = || rule.kinds.split(' ').any(|kind| kind == facts.kind) && (rule.levels.is_empty() || rule.levels == level);
        rule.duty == duty && holds && is_meant()
    })?;
    let span = if rule.unit == Term::Day { rule.number.days() } else { rule.number.years() };
    let counted = event.checked_add(span).ok()?;
    let last = days::working_from(counted);
    // Once the years are over, a review is the look that the law wants.
    let is_done = duty == Duty::Stale && facts.reviewed.is_some_and(|reviewed| reviewed >= counted);
    Some(Deadline { rule, event, counted, last, is_firm: days::are_known(last), is_done })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Case {
        name: String,
        kind: String,
        level: String,
        #[serde(default, deserialize_with = "optional")]
        signed: Option<Date>,
        #[serde(default, deserialize_with = "optional")]
        opened: Option<Date>,
        rule: String,
        #[serde(default, deserialize_with = "optional")]
        raw_last_day: Option<Date>,
        #[serde(default, deserialize_with = "optional")]
        last_day: Option<Date>,
        standing: String,
        why: String,
    }

    #[test]
    fn every_case_that_was_worked_out_by_hand_comes_out_so() {
        let cases: Vec<Case> = rows(include_bytes!("cases.csv"));
        assert!(cases.len() >= 100, "{}", cases.len());
        for case in &cases {
            let duty = match case.name.split('-').next() {
                Some("consult") => Duty::Consult,
                Some("publish") => Duty::Publish,
                Some("stale") => Duty::Stale,
                Some("review") => Duty::Review,
                other => panic!("{other:?}"),
            };
            let level = Some(case.level.as_str()).filter(|level| !level.is_empty());
            let found = deadline(&Facts { kind: &case.kind, level, signed: case.signed, opened: case.opened, reviewed: None }, duty);
            let standing = found.map_or("no-rule", |found| if found.rule.standing == Standing::Law { "law" } else { "to-be-checked" });
            let seen = (found.map_or("", |found| found.rule.id.as_str()), found.map(|f| f.counted), found.map(|f| f.last), standing);
            let expected = (case.rule.as_str(), case.raw_last_day, case.last_day, case.standing.as_str());
            assert_eq!(seen, expected, "{}: {}", case.name, case.why);
        }
    }

    #[test]
    fn every_line_of_the_table_is_read() {
        assert_eq!(RULES.len(), include_str!("rules.csv").lines().count() - 1);
    }

    #[test]
    fn a_review_moves_the_next_one_and_settles_what_was_not_taken_up() {
        let of = |kind, level, duty, reviewed| {
            let signed = Some(date(2024, 9, 10));
            deadline(&Facts { kind, level, signed, opened: None, reviewed }, duty).expect("a rule")
        };
        let review = |reviewed| of("land-use-plan", None, Duty::Review, reviewed).counted;
        assert_eq!(review(None), date(2029, 9, 10));
        assert_eq!(review(Some(date(2029, 8, 1))), date(2034, 8, 1));
        assert_eq!(review(Some(date(2020, 1, 1))), date(2029, 9, 10), "a review of the plan before this one");
        let stale = |reviewed| of("land-use-schedule", Some("huyện"), Duty::Stale, reviewed);
        assert!((stale(None).counted, stale(None).is_done) == (date(2026, 9, 10), false));
        assert!(!stale(Some(date(2026, 9, 9))).is_done && stale(Some(date(2026, 9, 10))).is_done);
    }

    #[test]
    fn a_year_whose_holidays_nobody_has_announced_is_not_firm() {
        let signed = |signed| {
            deadline(&Facts { kind: "land-use-plan", level: None, signed: Some(signed), opened: None, reviewed: None }, Duty::Publish)
        };
        assert!(signed(date(2026, 11, 24)).is_some_and(|found| found.is_firm));
        assert!(signed(date(2031, 1, 6)).is_some_and(|found| !found.is_firm));
    }
}
