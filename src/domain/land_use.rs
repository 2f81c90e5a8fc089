//! Land-use codes and the regime they belong to.
//!
//! Sources of the table: circulars 27/2018 and 08/2024 of the ministry of natural resources
//! (codes and names, second-hand lists), public map legends (colours that agree in two or more);
//! a code without an agreed colour has none. Urban classes: circular 16/2025 (second-hand). The circular
//! knows them by their layer in a drawing and their name; their codes are short forms of our own.

use std::collections::HashMap;
use std::sync::LazyLock;

use jiff::civil::{Date, date};
use serde::Deserialize;

use crate::domain::plan::PlanKind;
use crate::words::fold;

/// Plans approved from this day on use the codes of Land Law 2024.
pub const REGIME_2024: Date = date(2024, 8, 1);
/// Plans approved before this day may use codes older than Land Law 2013.
const REGIME_2014: Date = date(2014, 7, 1);

/// Which plans may use a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Regime {
    /// Plans before and after 1/8/2024.
    Both,
    /// Land Law 2024.
    #[serde(rename = "2024")]
    Law2024,
    /// Land Law 2013, circulars 28/2014 and 27/2018.
    #[serde(rename = "2014-2018")]
    Law2013,
    /// Older lists and overlays.
    Legacy,
    /// Classes of urban and rural plans.
    Urban,
}

/// A land-use code with its names and map colour.
#[derive(Debug, Clone, Deserialize)]
pub struct LandUse {
    /// The code as printed, `ODT`.
    pub code: String,
    /// Vietnamese name.
    pub name_vi: String,
    /// Vietnamese name before 2024, empty when the same.
    pub name_vi_2018: String,
    /// English name.
    pub name_en: String,
    /// NNP agricultural, PNN not agricultural, CSD unused, others.
    pub group: String,
    /// Map colour as `#rrggbb`. Empty where none is agreed: then the zone is drawn neutral with hatching.
    pub rgb: String,
    /// Which plans may use it.
    pub regime: Regime,
    /// Its layer in drawings by circular 16/2025, `DAT_O_Nhomnhao`; empty for others.
    pub layer: String,
    /// Another code under which files have it: the numbers of one city's tabs. Empty where there is none.
    pub known_as: String,
}

static TABLE: LazyLock<Vec<LandUse>> =
    LazyLock::new(|| csv::Reader::from_reader(include_bytes!("land_use.csv").as_slice()).deserialize().filter_map(Result::ok).collect());

/// Index of each code in the table, and of what else files call it.
static BY_CODE: LazyLock<HashMap<&'static str, u16>> = LazyLock::new(|| {
    let codes = |(index, entry): (usize, &'static LandUse)| [&entry.known_as, &entry.code].map(|code| (code.as_str(), index as u16));
    TABLE.iter().enumerate().flat_map(codes).filter(|(code, _)| !code.is_empty()).collect()
});

/// Urban classes by their layer and by their name, folded. A name that two classes share is in neither.
static URBAN: LazyLock<HashMap<String, u16>> = LazyLock::new(|| {
    let mut known: HashMap<String, Option<u16>> = HashMap::new();
    for (index, entry) in TABLE.iter().enumerate().filter(|(_, entry)| !entry.layer.is_empty()) {
        for name in [bare(&entry.layer), bare(&entry.name_vi)] {
            known.entry(name).and_modify(|other| *other = None).or_insert(Some(index as u16));
        }
    }
    known.into_iter().filter_map(|(name, index)| Some((name, index?))).collect()
});

/// A class's name as it is compared: “Đất cơ quan, trụ sở” and “Cơ quan - trụ sở” are one.
fn bare(name: &str) -> String {
    let letters: String = fold::fold(name).chars().filter(|c| c.is_alphanumeric()).collect();
    letters.strip_prefix("dat").map_or(letters.clone(), str::to_owned)
}

/// The code's index in [`all`].
pub fn index(code: &str) -> Option<u16> {
    BY_CODE.get(code).copied()
}

/// What a plan calls a use: a code, or for urban plans also the layer or the name of a class. Whether the plan may use it is
/// another question.
pub fn called(text: &str, kind: PlanKind) -> Option<&'static LandUse> {
    let by_code = || get(text).or_else(|| get(&text.to_uppercase()));
    by_code().or_else(|| URBAN.get(&bare(text)).filter(|_| kind.is_urban()).and_then(|index| TABLE.get(usize::from(*index))))
}

/// Uses that are streets: the codes of the land law and of urban plans.
pub const STREETS: [&str; 2] = ["DGT", "GT"];

/// All codes, in the official order.
pub fn all() -> &'static [LandUse] {
    &TABLE
}

/// The code's entry, whatever its regime.
pub fn get(code: &str) -> Option<&'static LandUse> {
    let seen = || (!code.is_ascii()).then(|| crate::words::alike::read(code));
    let index = index(code).or_else(|| index(seen()?.trim()))?;
    TABLE.get(usize::from(index))
}

/// True when a plan of `kind` approved on `signed` may use the code.
pub fn is_allowed(entry: &LandUse, kind: PlanKind, signed: Date) -> bool {
    match entry.regime {
        Regime::Both => true,
        Regime::Law2024 => signed >= REGIME_2024,
        Regime::Law2013 => signed < REGIME_2024,
        Regime::Legacy => signed < REGIME_2014,
        Regime::Urban => kind.is_urban(),
    }
}

/// The allowed code nearest to `text`, at most two edits away: "LUCC" → "LUC".
pub fn near_miss(text: &str, kind: PlanKind, signed: Date) -> Option<&'static str> {
    let typed = fold::fold(text).to_uppercase();
    TABLE
        .iter()
        .filter(|entry| is_allowed(entry, kind, signed))
        .map(|entry| (fold::distance(&typed, &entry.code), entry.code.as_str()))
        .filter(|(distance, code)| *distance == 1 || *distance == 2 && code.len() > 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, code)| code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_complete_and_codes_are_unique() {
        assert_eq!(all().iter().filter(|entry| entry.regime != Regime::Urban).count(), 111);
        assert_eq!(BY_CODE.len(), TABLE.len() + TABLE.iter().filter(|entry| !entry.known_as.is_empty()).count());
    }

    #[test]
    fn an_urban_class_is_known_by_its_layer_its_name_and_its_code() {
        let called = |text| called(text, PlanKind::ZoningPlan).map(|entry| entry.code.as_str());
        for text in ["O-NO", "o-no", "DAT_O_Nhomnhao", "Nhóm nhà ở", "ĐẤT NHÓM NHÀ Ở"] {
            assert_eq!(called(text), Some("O-NO"), "{text}");
        }
        assert_eq!(called("Đất cơ quan - trụ sở"), Some("CQ"));
        assert_eq!(called("1-CV"), Some("CV"), "the tab's number is read, and not kept");
        assert_eq!(super::called("Nhóm nhà ở", PlanKind::LandUsePlan).map(|entry| &entry.code), None);
        assert!(all().iter().all(|entry| !entry.code.starts_with(|c: char| c.is_ascii_digit())));
    }

    #[test]
    fn an_old_code_stays_legal_on_an_old_plan_only() {
        let skx = get("SKX").expect("SKX");
        assert!(is_allowed(skx, PlanKind::LandUsePlan, date(2021, 5, 1)));
        assert!(!is_allowed(skx, PlanKind::LandUsePlan, date(2025, 5, 1)));
        assert!(get("SK\u{200b}X").is_some() && get("SKX\u{a0}").is_some() && get("SKX ").is_none());
    }

    #[test]
    fn a_near_miss_is_proposed() {
        assert_eq!(near_miss("LUCC", PlanKind::LandUsePlan, date(2025, 1, 1)), Some("LUC"));
        assert_eq!(near_miss("QQQQQ", PlanKind::LandUsePlan, date(2025, 1, 1)), None);
    }
}
