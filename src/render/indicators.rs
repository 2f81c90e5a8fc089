//! What may be built on a lot, in words.

use crate::domain::lot_indicators::{Indicator, Indicators, Range};
use crate::words::format;
use crate::words::text::{Lang, text};

/// A range in words: “tối đa 5”, “tối thiểu 20”, “1–5”, “3”.
fn range(lang: Lang, indicator: Indicator, range: Range) -> Option<String> {
    let number = |value| format::short(lang, value);
    let with = |key: &str, value: f64| format!("{} {}", text(lang, key), number(value));
    Some(match (range.min, range.max) {
        (None, None) => return None,
        (None, Some(value)) if indicator.is_exact() => number(value),
        (Some(min), Some(max)) if min.total_cmp(&max).is_eq() => number(max),
        (Some(min), Some(max)) => format!("{}–{}", number(min), number(max)),
        (Some(min), None) => with("at-least", min),
        (None, Some(max)) => with("at-most", max),
    })
}

/// The unit of an indicator, as it stands behind a number.
fn unit(indicator: Indicator) -> &'static str {
    match indicator {
        Indicator::Density | Indicator::Green => " %",
        Indicator::Height | Indicator::GroundLevel | Indicator::SetbackFront | Indicator::SetbackSide | Indicator::SetbackRear => " m",
        Indicator::Storeys | Indicator::Basements | Indicator::Far | Indicator::Population | Indicator::Dwellings => "",
    }
}

/// The value of an indicator in words; a dash where nothing is stated.
pub fn value(lang: Lang, indicator: Indicator, stated: Range) -> String {
    range(lang, indicator, stated).map_or_else(|| "–".to_owned(), |said| format!("{said}{}", unit(indicator)))
}

/// Each indicator that is stated, in words: “tối đa 5 tầng”, “mật độ tối đa 70 %”.
pub fn said(lang: Lang, indicators: &Indicators) -> Vec<String> {
    let said = |(indicator, stated): &(Indicator, Range)| {
        let key = format!("says-{}", indicator.key());
        Some(text(lang, &key).replace("{}", &range(lang, *indicator, *stated)?))
    };
    indicators.stated().iter().filter_map(said).collect()
}

/// What may be built, as one sentence; none where nothing is stated.
pub fn sentence(lang: Lang, indicators: &Indicators) -> Option<String> {
    let said = said(lang, indicators);
    (!said.is_empty()).then(|| text(lang, "may-be-built").replace("{}", &said.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_built_is_a_sentence_in_both_languages() {
        let mut lot = Indicators::default();
        lot.put(Indicator::Storeys, Range { min: Some(1.0), max: Some(5.0) });
        lot.put(Indicator::Density, Range { min: None, max: Some(62.5) });
        lot.put(Indicator::SetbackFront, Range { min: None, max: Some(3.0) });
        lot.put(Indicator::Green, Range { min: Some(20.0), max: None });
        let vi = "Được xây 1–5 tầng, mật độ tối đa 62,5 %, lùi trước 3 m, cây xanh tối thiểu 20 %.";
        assert_eq!(sentence(Lang::Vi, &lot).as_deref(), Some(vi));
        let en = "May be built: 1–5 storeys, density at most 62.5 %, set back 3 m in front, green at least 20 %.";
        assert_eq!(sentence(Lang::En, &lot).as_deref(), Some(en));
        assert_eq!(sentence(Lang::Vi, &Indicators::default()), None);
    }
}
