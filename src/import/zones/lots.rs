//! Lots of urban plans: what the cells of their columns say.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::held::{Held, LotColumns};
use super::lines_of_lots;
use super::stated_area;
use super::words::{contradiction_words, unread_words};
use crate::domain::lot_indicators::{Indicator, Indicators, Range, Unread};
use crate::import::cell;
use crate::import::report::{Finding, Severity};
use crate::words::sentence::{Decimal, Sentence};

/// What a share below one means: `0,6`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Shares {
    /// A part of one: 0,6 is 60 %.
    Part,
    /// Percent: 0,6 is 0,6 %.
    Percent,
}

/// What the cells of a lot say.
#[derive(Default)]
pub(super) struct Lot {
    pub(super) number: Option<String>,
    conditions: Vec<String>,
    indicators: Indicators,
    findings: Vec<Finding>,
}

/// A cell of a lot: its text in Unicode. None for an empty one.
pub(super) type Text<'a> = &'a mut dyn FnMut(&str, &str) -> Option<String>;

impl Lot {
    /// Reads a lot of `area_m2` square metres. `cell_text` gives a cell by the column's names, in the file and in Unicode.
    pub(super) fn read(columns: &LotColumns, shares: Option<Shares>, area_m2: f64, cell_text: Text<'_>) -> Self {
        let mut lot = Self::default();
        let lines: Vec<String> = if columns.usual_lines.is_some() {
            lines_of_lots::names().filter_map(|name| cell_text(&name, &name)).collect()
        } else {
            Vec::new()
        };
        // With a line more or less than other lots have, nobody can tell which is which.
        let is_other = lines.len() > 1 && columns.usual_lines.is_some_and(|usual| lines.len() != usual);
        if is_other {
            lot.warn("lines-differ", sentence!("lines-differ", lines = lines.join(" / "), usual = columns.usual_lines.unwrap_or_default()));
        }
        for (held, name, raw) in &columns.list {
            let Some(text) = cell_text(raw, name) else { continue };
            let tells = *held == Held::Lot && text.chars().any(char::is_alphabetic);
            if is_other && lines_of_lots::is_line(name) && !tells {
                continue;
            }
            match *held {
                Held::Lot => lot.number = Some(text),
                Held::Conditions => lot.conditions.push(text),
                Held::Area => lot.check_area(name, &text, area_m2),
                Held::Value(indicator) => lot.value(indicator, name, &text, shares, |range| range),
                Held::Least(indicator) => {
                    lot.value(indicator, name, &text, shares, |range| Range { min: range.min.or(range.max), max: None });
                }
                Held::Most(indicator) => {
                    lot.value(indicator, name, &text, shares, |range| Range { min: None, max: range.max.or(range.min) });
                }
            }
        }
        let [density, storeys] = [Indicator::Density, Indicator::Storeys].map(|indicator| lot.indicators.get(indicator).max);
        let by_lines = |wanted| columns.list.iter().any(|(held, name, _)| *held == Held::Value(wanted) && lines_of_lots::is_line(name));
        let are_guessed = columns.are_guessed && by_lines(Indicator::Density) && by_lines(Indicator::Storeys);
        if are_guessed && !is_other && density.zip(storeys).is_some_and(|(density, storeys)| storeys > density) {
            lot.warn("lines-differ", sentence!("lines-in-another-order", lines = lines.join(" / ")));
            lot.indicators = Indicators::default();
        }
        if columns.have_numbers() && lot.number.is_none() {
            lot.warn("lot-without-number", sentence!("lot-without-number"));
        }
        for contradiction in lot.indicators.contradictions() {
            let (check, said) = contradiction_words(contradiction);
            lot.warn(check, said);
        }
        lot
    }

    fn warn(&mut self, check: &str, said: Sentence) {
        self.findings.push(Finding::new(Severity::Warning, check, said));
    }

    fn value(&mut self, indicator: Indicator, header: &str, text: &str, shares: Option<Shares>, side: impl Fn(Range) -> Range) {
        if cell::as_day(text).is_some() || cell::as_day_of_sheet(text).is_some() {
            self.warn("indicator-is-a-date", sentence!("indicator-is-a-date", text, header));
            return;
        }
        let read = match (indicator.read(text), shares) {
            (Err(Unread::PartOrPercent), Some(shares)) => {
                let factor = if shares == Shares::Part { 100.0 } else { 1.0 };
                // A thousandth of a percent is more than a plan states; 0,07 × 100 is 7.
                let times = |value: f64| (value * factor * 1e5).round() / 1e5;
                indicator.read(&format!("{text} %")).map(|range| range.map(|range| range.map(times)))
            }
            (read, _) => read,
        };
        match read {
            Ok(Some(range)) => self.indicators.put(indicator, side(range)),
            Ok(None) => {}
            Err(unread) => {
                let (check, said) = unread_words(unread, header, text);
                self.warn(check, said);
                // What the plan says in words is kept in words.
                if matches!(unread, Unread::NoNumber | Unread::Several) && !cell::is_error_word(text) {
                    self.conditions.push(format!("{header}: {text}"));
                }
            }
        }
    }

    /// Notes a stated area that differs by more than a hundredth, in square metres or in hectares, from the measured one.
    fn check_area(&mut self, header: &str, text: &str, area_m2: f64) {
        let readings = stated_area::readings(text);
        let Some(stated) = readings[0].or(readings[1]) else {
            self.warn("lot-area-unread", sentence!("lot-area-unread", header, text));
            return;
        };
        if !stated_area::fits(text, area_m2) {
            let said = sentence!("lot-area-differs", header, text, area = Decimal(area_m2, 1));
            self.findings.push(Finding::new(Severity::Warning, "lot-area-differs", said).measuring((stated - area_m2).abs()));
        }
    }

    /// Writes what it says into a feature's properties, and hands over what was found.
    pub(super) fn write(self, properties: &mut Map<String, Value>) -> Vec<Finding> {
        self.indicators.write(properties);
        let conditions = (!self.conditions.is_empty()).then(|| self.conditions.join("; "));
        properties.insert("conditions".into(), conditions.into());
        properties.insert("lot".into(), self.number.into());
        self.findings
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn read(cells: &[(&str, &str)], shares: Option<Shares>) -> (Map<String, Value>, Vec<String>) {
        let columns: Vec<String> = cells.iter().map(|(name, _)| (*name).to_owned()).collect();
        let found = LotColumns::find(&columns, &BTreeMap::new(), None, &|_| false, str::to_owned).expect("columns");
        let mut text = |raw: &str, _: &str| cells.iter().find(|(name, _)| *name == raw).map(|(_, text)| (*text).to_owned());
        let mut properties = Map::new();
        let findings = Lot::read(&found, shares, 100.0, &mut text).write(&mut properties);
        (properties, findings.into_iter().map(|finding| finding.check).collect())
    }

    #[test]
    fn a_lot_is_read_and_what_cannot_be_is_named() {
        let (lot, checks) =
            read(&[("KyHieu", "OM2.3"), ("MDXD", "≤ 70 %"), ("TANGCAO", "1-5"), ("HSSDD", "3,5"), ("DienTich", "100,4")], None);
        assert!(checks.is_empty(), "{checks:?}");
        assert_eq!((lot["lot"].as_str(), lot["density_max_pct"].as_f64(), lot["far_max"].as_f64()), (Some("OM2.3"), Some(70.0), Some(3.5)));
        assert_eq!((lot["storeys_min"].as_i64(), lot["storeys_max"].as_i64()), (Some(1), Some(5)));
        let (lot, checks) =
            read(&[("MDXD", "0,6"), ("TANGCAO", "1/5/2026"), ("HSSDD", "theo quy chuẩn"), ("DienTich", "140"), ("KyHieu", "A")], None);
        assert_eq!(checks, ["lot-area-differs", "part-or-percent", "indicator-is-a-date", "indicator-unread"]);
        assert_eq!(lot["conditions"].as_str(), Some("HSSDD: theo quy chuẩn"), "words are kept as words");
        assert!(lot["density_max_pct"].is_null() && lot["storeys_max"].is_null());
    }

    #[test]
    fn a_planner_says_what_a_share_below_one_means() {
        assert_eq!(read(&[("MDXD", "0,6")], Some(Shares::Part)).0["density_max_pct"].as_f64(), Some(60.0));
        assert_eq!(read(&[("MDXD", "0,07")], Some(Shares::Part)).0["density_max_pct"].as_f64(), Some(7.0));
        assert_eq!(read(&[("MDXD", "0,6")], Some(Shares::Percent)).0["density_max_pct"].as_f64(), Some(0.6));
        assert_eq!(read(&[("MDXD", "60")], Some(Shares::Part)).0["density_max_pct"].as_f64(), Some(60.0));
    }

    #[test]
    fn a_mark_that_groups_thousands_is_no_difference() {
        let columns = LotColumns::find(&["DienTich".to_owned()], &BTreeMap::new(), None, &|_| false, str::to_owned).expect("columns");
        for (text, checks) in [("1.234", 0), ("1,234", 0), ("1234,0", 0), ("123,4", 1), ("1 234 m²", 0), ("1.300", 1)] {
            let lot = Lot::read(&columns, None, 1_234.0, &mut |_, _| Some(text.to_owned()));
            assert_eq!(lot.write(&mut Map::new()).len(), checks, "{text}");
        }
    }

    #[test]
    fn an_area_is_compared_in_square_metres_and_in_hectares() {
        for (text, checks) in [("100", 0), ("100,9 m2", 0), ("0,01", 0), ("0,01 ha", 0), ("102", 1), ("chưa đo", 1)] {
            assert_eq!(read(&[("DienTich", text)], None).1.len(), checks, "{text}");
        }
    }
}
