//! Land-use codes in the texts and the names of layers of a drawing.

use crate::domain::land_use;
use crate::domain::plan::PlanKind;
use crate::words::fold::fold;

/// The land-use code in a text or a layer's name: the first word that is a code.
pub(super) fn code_in(text: &str) -> Option<&'static str> {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '+');
    words.filter(|word| !word.is_empty()).find_map(|word| Some(land_use::get(&word.to_uppercase())?.code.as_str()))
}

/// The code that a text of a drawing is: its words are the code, numbers and units. None for a name with a code in it.
pub(super) fn plain_code(text: &str) -> Option<&'static str> {
    let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '+').filter(|word| word.chars().any(char::is_alphabetic));
    let code = code_in(words.next()?)?;
    // “ODT 2,5ha”, “LUC 125m2”, “CLN-12”.
    let is_unit = |word: &str| matches!(word.trim_start_matches(|c: char| c.is_ascii_digit()), "ha" | "HA" | "m" | "m2" | "M2" | "m²");
    words.all(|word| is_unit(word) || code_in(word).is_some()).then_some(code)
}

/// The code that stands in capitals among other words: “TON DUC THANG”, “Khu ODT”.
pub(super) fn code_among_words(text: &str) -> Option<&'static str> {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '+').filter(|word| !word.is_empty());
    words.filter(|word| !word.chars().any(char::is_lowercase)).find_map(code_in)
}

/// The code that a layer names: of an urban plan also as the class's layer or name, `DAT_NN_Rungdacdung`.
pub(super) fn code_of_layer(layer: &str, is_urban: bool) -> Option<&'static str> {
    let own = own_name(layer);
    let class = is_urban.then(|| land_use::called(own, PlanKind::DetailedPlan)).flatten();
    class.map(|class| class.code.as_str()).or_else(|| code_in(own))
}

/// The part of a layer's name that says what lies on it: drawings that were bound in put their own name before it
/// (`BANVE$0$CLN`, `banve|CLN`).
pub(super) fn own_name(layer: &str) -> &str {
    layer.rsplit(['|', '$']).next().unwrap_or(layer)
}

/// True for a layer whose name says that it shows not the plan but what is there now, was, or is struck:
/// `HT_LUC`, `HIENTRANG-CLN`, `ODT_CU`, `KHONG_ODT`.
pub(super) fn is_beside_plan(layer: &str) -> bool {
    let folded = fold(own_name(layer));
    let words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let all: String = folded.chars().filter(|c| c.is_alphanumeric()).collect();
    all.contains("hientrang") || words.into_iter().any(|word| matches!(word, "ht" | "cu" | "xoa" | "khong" | "bo" | "old"))
}

/// The distinct codes in a text.
pub(super) fn codes_in(text: &str) -> Vec<&'static str> {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '+').filter(|word| !word.is_empty());
    let mut codes: Vec<&str> = words.filter_map(|word| Some(land_use::get(&word.to_uppercase())?.code.as_str())).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// True for a layer that holds the drawing's legend, by its name.
pub(super) fn is_legend(layer: &str) -> bool {
    let plain: String = fold(layer).chars().filter(|c| c.is_alphanumeric()).collect();
    ["chugiai", "chudan", "chuthich", "legend", "bangmau", "kyhieu"].iter().any(|word| plain.contains(word))
}
