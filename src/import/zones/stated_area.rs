//! The area of a lot as a plan states it.

use crate::words::number::number;

/// The numbers that a text for an area can mean. A mark may group thousands or begin decimals, as in “1.234”.
pub(super) fn readings(text: &str) -> [Option<f64>; 3] {
    let bare = text.trim_end_matches(|c: char| c.is_alphabetic() || c == '²' || c.is_whitespace());
    let bare = bare.strip_suffix("m2").unwrap_or(bare).trim();
    let may_group = bare.rsplit(['.', ',']).next().is_some_and(|last| last.len() == 3);
    let grouped = number(&bare.replace(['.', ',', ' '], "")).filter(|_| may_group);
    [number(bare), number(&bare.replace(',', ".")), grouped]
}

/// True where a text states an area, in square metres or in hectares, that differs by no more than a hundredth from the
/// measured one.
pub(super) fn fits(text: &str, area_m2: f64) -> bool {
    // Plans round areas to whole square metres, which is more than a hundredth of the smallest lots.
    let is_near = |stated: f64| (stated - area_m2).abs() <= (area_m2 / 100.0).max(0.5);
    readings(text).iter().flatten().any(|stated| is_near(*stated) || is_near(*stated * 10_000.0))
}
