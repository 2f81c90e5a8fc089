//! What the lines of texts in a drawing's lots are: the number over the density over the storeys, as drawings print them. The
//! content decides, and units where there are any.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::held::Held;
use super::stated_area;
use crate::domain::land_use;
use crate::domain::lot_indicators::{Indicator, Unread};
use crate::import::columns::{LINE_OF_TEXT, LINES_OF_TEXT};
use crate::words::fold::fold;

/// Least share of the texts of a line that must be what the line is taken for.
const LEAST: f64 = 0.8;
/// Longest number of a lot, characters.
const LONGEST_NUMBER: usize = 20;
/// The values that stand under a lot's number where no unit says more, from the top.
const ORDER: [Indicator; 3] = [Indicator::Density, Indicator::Storeys, Indicator::Far];

/// What the lines are.
#[derive(Debug, PartialEq)]
pub(super) enum Lines {
    /// There are none, or they say nothing of lots.
    None,
    /// Columns of lines, what each holds, how many lots have such lines, and those of one lot.
    Found { held: Vec<(Held, String)>, count: usize, example: String },
    /// Lots have several lines, but nobody can tell what they are.
    Unclear { count: usize, example: String },
}

/// True for the column of a line.
pub(super) fn is_line(column: &str) -> bool {
    column.strip_prefix(LINE_OF_TEXT).is_some_and(|number| number.trim().parse::<usize>().is_ok())
}

/// The columns of the lines, from the top.
pub(super) fn names() -> impl Iterator<Item = String> {
    (1..=LINES_OF_TEXT).map(column)
}

/// How many lines most lots have that have several; none where no lot has.
pub(super) fn usual(rows: &[&Map<String, Value>]) -> Option<usize> {
    let mut counts = [0_usize; LINES_OF_TEXT + 1];
    for row in rows {
        counts[names().take_while(|name| row.get(name).is_some_and(Value::is_string)).count()] += 1;
    }
    let most = (2..=LINES_OF_TEXT).max_by_key(|count| counts[*count])?;
    (counts[most] > 0).then_some(most)
}

fn column(number: usize) -> String {
    format!("{LINE_OF_TEXT} {number}")
}

/// True for what may be the number of a lot: `OM2.3`, `CQ-01`; not `ODT`, `60%`, `1.250m2`.
fn is_number(text: &str) -> bool {
    let ends_in_unit = ["%", "m2", "m²", "ha", "tang", "lan", "m", "nguoi"].iter().any(|unit| {
        let bare = fold(text);
        bare.strip_suffix(unit).is_some_and(|number| number.trim_end().ends_with(|c: char| c.is_ascii_digit()))
    });
    text.chars().count() <= LONGEST_NUMBER
        && text.chars().any(|c| c.is_ascii_digit())
        && !text.contains([',', '/'])
        && !ends_in_unit
        && land_use::get(text).is_none()
}

/// The texts of a line, each with the area of its lot in square metres.
type Texts<'a> = Vec<(&'a str, Option<f64>)>;

fn share(texts: &Texts<'_>, is: impl Fn(&str, Option<f64>) -> bool) -> f64 {
    texts.iter().filter(|(text, area)| is(text, *area)).count() as f64 / texts.len().max(1) as f64
}

/// True where the texts name each lot, and are not the same in all of them.
fn are_numbers(texts: &Texts<'_>, is_first: bool) -> bool {
    let letters = share(texts, |text, _| is_number(text) && text.chars().any(char::is_alphabetic));
    // Plain numbers are those of lots only where values stand below them.
    let plain = if is_first { share(texts, |text, _| is_number(text)) } else { 0.0 };
    let distinct: BTreeSet<&str> = texts.iter().map(|(text, _)| *text).collect();
    (letters >= LEAST || plain >= LEAST && texts.len() > 2) && distinct.len() as f64 >= LEAST * texts.len() as f64
}

/// What the texts are by their unit, or as the area that was measured.
fn by_unit(texts: &Texts<'_>) -> Option<Held> {
    let ends = |unit: &'static str| share(texts, |text, _| fold(text).trim_end_matches('.').trim_end().ends_with(unit)) >= LEAST;
    let units = [
        ("%", Held::Value(Indicator::Density)),
        ("tang", Held::Value(Indicator::Storeys)),
        ("lan", Held::Value(Indicator::Far)),
        ("m2", Held::Area),
        ("m²", Held::Area),
        ("ha", Held::Area),
        ("nguoi", Held::Value(Indicator::Population)),
    ];
    let measured = || share(texts, |text, area| area.is_some_and(|area| stated_area::fits(text, area))) >= LEAST;
    units.into_iter().find(|(unit, _)| ends(unit)).map(|(_, held)| held).or_else(|| measured().then_some(Held::Area))
}

/// The middle of the greatest values that texts give for an indicator.
fn middle(texts: &Texts<'_>, indicator: Indicator) -> f64 {
    let value = |(text, _): &(&str, _)| indicator.read(text).ok().flatten().and_then(|range| range.max.or(range.min));
    let mut values: Vec<f64> = texts.iter().filter_map(value).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// The greatest value that an indicator without a unit has in most plans: beyond it the line may be another one, such as the
/// population or the height in metres.
fn usual_most(indicator: Indicator) -> f64 {
    match indicator {
        Indicator::Density => 100.0,
        _ => 15.0,
    }
}

/// True where floor-area ratios come from density and storeys, or where there are none.
fn far_comes_from(placed: &[(Indicator, &(usize, Texts<'_>))]) -> bool {
    let of = |wanted: Indicator| placed.iter().find(|(indicator, _)| *indicator == wanted).map(|(_, (_, texts))| middle(texts, wanted));
    let [density, storeys, far] = ORDER.map(of);
    match (density, storeys, far) {
        (Some(density), Some(storeys), Some(far)) => far <= density / 100.0 * storeys * 1.1,
        _ => true,
    }
}

/// Finds what the lines of the texts in areas are. `areas` are those of the rows as measured, square metres.
pub(super) fn find(rows: &[&Map<String, Value>], areas: impl Iterator<Item = Option<f64>>) -> Lines {
    let names: Vec<String> = names().collect();
    let rows: Vec<(Vec<&str>, Option<f64>)> = rows
        .iter()
        .zip(areas)
        .map(|(row, area)| (names.iter().map_while(|name| row.get(name).and_then(Value::as_str)).collect(), area))
        .filter(|(lines, _): &(Vec<&str>, _)| !lines.is_empty())
        .collect();
    let line = |at: usize| -> Texts<'_> { rows.iter().filter_map(|(lines, area)| Some((*lines.get(at)?, *area))).collect() };
    let count = rows.iter().filter(|(lines, _)| lines.len() > 1).count();
    let longest = rows.iter().map(|(lines, _)| lines).min_by_key(|lines| std::cmp::Reverse(lines.len()));
    let example = longest.map(|lines| lines.join(" / ")).unwrap_or_default();
    let Some(number) = (0..LINES_OF_TEXT).find(|at| !line(*at).is_empty() && are_numbers(&line(*at), *at == 0 && count > 0)) else {
        let has_values = |(lines, _): &(Vec<&str>, _)| lines.iter().filter(|text| text.chars().any(|c| c.is_ascii_digit())).count() > 1;
        return if rows.iter().any(has_values) { Lines::Unclear { count, example } } else { Lines::None };
    };
    let mut held = vec![(Held::Lot, column(number + 1))];
    let mut bare = Vec::new();
    for at in number + 1..LINES_OF_TEXT {
        let texts = line(at);
        let says_numbers = share(&texts, |text, _| text.chars().any(|c| c.is_ascii_digit())) >= LEAST;
        if texts.is_empty() || !says_numbers {
            continue;
        }
        match by_unit(&texts) {
            Some(found) if held.iter().any(|(known, _)| *known == found) => return Lines::Unclear { count, example },
            Some(found) => held.push((found, column(at + 1))),
            None => bare.push((at, texts)),
        }
    }
    let free = ORDER.into_iter().filter(|indicator| !held.iter().any(|(known, _)| *known == Held::Value(*indicator)));
    let placed: Vec<(Indicator, &(usize, Texts<'_>))> = free.zip(&bare).collect();
    let fits = |(indicator, (_, texts)): &(Indicator, &(usize, Texts<'_>))| {
        share(texts, |text, _| match indicator.read(text) {
            Ok(range) => range.and_then(|range| range.max.or(range.min)).is_none_or(|value| value <= usual_most(*indicator)),
            Err(why) => why == Unread::PartOrPercent,
        }) >= LEAST
    };
    // One number alone under a lot's may be anything; storeys above densities are another order.
    let is_known = |indicator| held.iter().any(|(known, _)| *known == Held::Value(indicator));
    let is_alone = placed.len() == 1 && !is_known(Indicator::Density) && !is_known(Indicator::Storeys);
    let of = |wanted: Indicator| placed.iter().find(|(indicator, _)| *indicator == wanted).map(|(_, (_, texts))| middle(texts, wanted));
    let is_reversed =
        of(Indicator::Density).zip(of(Indicator::Storeys)).is_some_and(|(density, storeys)| storeys > density && density > 1.0);
    let is_far = far_comes_from(&placed);
    if is_alone || is_reversed || !is_far || placed.len() < bare.len() || !placed.iter().all(fits) {
        return Lines::Unclear { count, example };
    }
    held.extend(placed.iter().map(|(indicator, (at, _))| (Held::Value(*indicator), column(at + 1))));
    Lines::Found { held, count: line(number).len(), example }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was found in lots of 1,250 m²: keys in the order of the lines.
    fn found(lots: &[&[&str]]) -> Result<Vec<String>, &'static str> {
        let rows: Vec<Map<String, Value>> =
            lots.iter().map(|lines| lines.iter().enumerate().map(|(at, text)| (column(at + 1), Value::from(*text))).collect()).collect();
        match find(&rows.iter().collect::<Vec<_>>(), rows.iter().map(|_| Some(1_250.0))) {
            Lines::None => Err("none"),
            Lines::Unclear { .. } => Err("unclear"),
            Lines::Found { mut held, .. } => {
                held.sort_by(|a, b| a.1.cmp(&b.1));
                Ok(held.into_iter().map(|(held, column)| format!("{column}={}", held.key())).collect())
            }
        }
    }

    #[test]
    fn number_over_density_over_storeys_is_read_as_drawings_print_it() {
        let plain = found(&[&["OM2.3", "70", "5"], &["OM2.4", "60", "1-5"], &["CX-01"]]);
        assert_eq!(plain.unwrap(), ["Dòng 1=lot", "Dòng 2=density", "Dòng 3=storeys"]);
        let full = found(&[&["A-1", "1.250", "70", "5", "3,5"], &["A-2", "1249,6", "60", "4", "2,4"]]);
        assert_eq!(full.unwrap(), ["Dòng 1=lot", "Dòng 2=area", "Dòng 3=density", "Dòng 4=storeys", "Dòng 5=far"]);
        let turned = found(&[&["A-1", "5 tầng", "70%"], &["A-2", "4 tầng", "≤ 60 %"]]);
        assert_eq!(turned.unwrap(), ["Dòng 1=lot", "Dòng 2=storeys", "Dòng 3=density"]);
        let below = found(&[&["ODT", "O-1", "70", "5"], &["ODT", "O-2", "60", "4"]]);
        assert_eq!(below.unwrap(), ["Dòng 2=lot", "Dòng 3=density", "Dòng 4=storeys"]);
        assert_eq!(found(&[&["O-1"], &["O-2"]]).unwrap(), ["Dòng 1=lot"]);
        let plain_numbers = found(&[&["1", "70", "5"], &["2", "70", "5"], &["3", "60", "4"]]);
        assert_eq!(plain_numbers.unwrap(), ["Dòng 1=lot", "Dòng 2=density", "Dòng 3=storeys"]);
    }

    #[test]
    fn what_nobody_can_tell_is_asked() {
        assert_eq!(found(&[&["O-1", "5", "70"], &["O-2", "4", "60"]]), Err("unclear"), "storeys over density");
        assert_eq!(found(&[&["O-1", "40"], &["O-2", "60"]]), Err("unclear"), "one number");
        assert_eq!(found(&[&["O-1", "70%", "20%"], &["O-2", "60%", "20%"]]), Err("unclear"), "two shares");
        assert_eq!(found(&[&["70", "5"], &["70", "5"]]), Err("unclear"), "no number of lots");
        assert_eq!(found(&[&["O-1", "70", "5", "3", "9"], &["O-2", "70", "5", "3", "9"]]), Err("unclear"), "more than there are");
        assert_eq!(found(&[&["O-1", "1250", "5"], &["O-2", "1250", "4"]]), Err("unclear"), "one number under the area");
        assert_eq!(found(&[&["O-1", "120", "60", "5"], &["O-2", "80", "70", "4"]]), Err("unclear"), "population");
        assert_eq!(found(&[&["O-1", "45", "21"], &["O-2", "45", "18"]]), Err("unclear"), "height in metres");
        assert_eq!(found(&[&["O-1", "60", "3", "5"], &["O-2", "60", "3", "5"]]), Err("unclear"), "a ratio that cannot be");
        assert_eq!(found(&[&["ODT"], &["CLN"]]), Err("none"));
        assert_eq!(found(&[&["Đất ở mới", "khu A"]]), Err("none"));
    }
}
