//! Reads positions in KML: `lon,lat[,altitude]` in degrees, separated by white space. Other spellings by people
//! and programs are accepted if they can be read in only one way.

use super::super::Left;
use crate::geometry::simple::Position;
use crate::import::feature::GeometryError;

/// Greatest distance between positions of one shape, degrees.
const SPREAD: f64 = 2.0;

/// Reads the text of a `coordinates` element. If it was not in KML's spelling, the second value says how it was
/// read.
pub(super) fn read(text: &str, is_point: bool) -> Result<(Vec<Position>, Option<Left>), GeometryError> {
    let strict: Option<Vec<Position>> = text.split_whitespace().map(position).collect();
    if let Some(positions) = strict
        && !(is_point && positions.len() != 1)
        && !decimal_commas(text)
    {
        return Ok((positions, None));
    }
    if decimal_commas(text) {
        return Err(wrong(text, true));
    }
    let count = text.split_whitespace().filter(|tuple| position(tuple).is_some()).count();
    if is_point && count > 1 && count == text.split_whitespace().count() {
        return Err(GeometryError::unreadable(sentence!("kml-point-positions", count)));
    }
    // In “104.87, 21.70” the space belongs to the comma.
    let joined = text.split_whitespace().fold(String::with_capacity(text.len()), |mut out, word| {
        if !out.is_empty() && !out.ends_with(',') && !word.starts_with(',') {
            out.push(' ');
        }
        out.push_str(word);
        out
    });
    let positions: Option<Vec<Position>> = joined.split(' ').filter(|tuple| !tuple.is_empty()).map(position).collect();
    if let Some(positions) = positions
        && !(is_point && positions.len() != 1)
    {
        return Ok((positions, Some(Left::SpacesBehindCommas)));
    }
    // With commas only, every two or three numbers make a position.
    let numbers: Option<Vec<f64>> = joined.split([',', ' ']).filter(|number| !number.is_empty()).map(finite).collect();
    let numbers = numbers.filter(|_| !joined.trim_matches(',').contains(' ')).ok_or_else(|| wrong(text, false))?;
    let by = |count: usize| -> Option<Vec<Position>> {
        let (groups, rest) = (numbers.chunks_exact(count), numbers.len() % count);
        let positions: Vec<Position> = groups.map(|group| Position([group[0], group[1]])).collect();
        let first = positions.first()?;
        let near = |p: &Position| (0..2).all(|k| (p.0[k] - first.0[k]).abs() <= SPREAD) && p.0[0].abs() <= 180.0 && p.0[1].abs() <= 90.0;
        (rest == 0 && positions.iter().all(near) && !(is_point && positions.len() != 1)).then_some(positions)
    };
    match (by(3), by(2)) {
        (Some(positions), None) => Ok((positions, Some(Left::CommasOnly(3)))),
        (None, Some(positions)) => Ok((positions, Some(Left::CommasOnly(2)))),
        _ => Err(wrong(text, false)),
    }
}

fn finite(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}

fn position(tuple: &str) -> Option<Position> {
    let mut numbers = tuple.split(',').map(finite);
    match (numbers.next()??, numbers.next()??, numbers.next(), numbers.next()) {
        (lon, lat, None | Some(Some(_)), None) => Some(Position([lon, lat])),
        _ => None,
    }
}

/// True if all numbers have decimal commas: they have no point, and there are more commas than positions have,
/// or pairs that could otherwise only be whole degrees.
fn decimal_commas(text: &str) -> bool {
    if text.contains('.') || !text.contains(',') {
        return false;
    }
    let tuples: Vec<Vec<&str>> = text.split_whitespace().map(|tuple| tuple.split(',').filter(|part| !part.is_empty()).collect()).collect();
    let digits = tuples.iter().flatten().all(|part| part.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit()));
    // Whole degrees with an altitude are not decimal commas.
    let in_range = |part: &str, most: f64| part.parse::<f64>().is_ok_and(|number| number.abs() <= most);
    if tuples.iter().all(|parts| parts.len() == 3 && in_range(parts[0], 180.0) && in_range(parts[1], 90.0)) {
        return false;
    }
    // “104,87 21,70”, “104,87,21,7”, “104,87, 21,70”.
    digits
        && (tuples.iter().any(|parts| parts.len() >= 4)
            || tuples.iter().all(|parts| parts.len() == 2) && tuples.len() > 1
            || tuples.iter().any(|parts| parts.last().is_some_and(|part| part.len() >= 4)))
}

/// The error for a text that is no position, with the text, and how to write it.
fn wrong(text: &str, decimal_commas: bool) -> GeometryError {
    let words: Vec<&str> = text.split_whitespace().collect();
    let fault = words.iter().position(|tuple| position(tuple).is_none()).unwrap_or(0);
    let quoted: String = words.get(fault).map_or(text, |word| word).chars().take(40).collect();
    if !decimal_commas {
        return GeometryError::unreadable(sentence!("kml-position", quoted));
    }
    let parts: Vec<&str> = text.split([',', ' ', '\n', '\t', '\r']).filter(|part| !part.is_empty()).take(4).collect();
    let (found, better) = match parts.as_slice() {
        [a, b, c, d] => {
            let whole: String = text.trim().chars().take(40).collect();
            let pair = words.first().is_some_and(|word| word.split(',').filter(|part| !part.is_empty()).count() == 2);
            (if pair { whole } else { format!("{a},{b},{c},{d}") }, format!("{a}.{b},{c}.{d}"))
        }
        _ => (quoted, "104.87,21.70".into()),
    };
    GeometryError::unreadable(sentence!("kml-decimal-commas", found, better))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RING: [[f64; 2]; 3] = [[104.87, 21.7], [104.88, 21.7], [104.88, 21.71]];

    #[test]
    fn coordinates_are_read_where_one_reading_is_possible() {
        let cases = [
            ("104.87,21.7,0 104.88,21.7,0 104.88,21.71,0", None),
            ("104.87,21.7\n104.88,21.7\t104.88,21.71", None),
            ("104.87, 21.7, 0 104.88, 21.7, 0 104.88, 21.71, 0", Some(Left::SpacesBehindCommas)),
            ("104.87 ,21.7 104.88 ,21.7 104.88 ,21.71", Some(Left::SpacesBehindCommas)),
            ("104.87,21.7,0,104.88,21.7,0,104.88,21.71,0", Some(Left::CommasOnly(3))),
            ("104.87,21.7,0, 104.88,21.7,0, 104.88,21.71,0", Some(Left::CommasOnly(3))),
            ("104.87,21.7,104.88,21.7,104.88,21.71", Some(Left::CommasOnly(2))),
            ("104.87\u{a0}104.88", None),
        ];
        for (text, remark) in &cases[..7] {
            let (positions, said) = read(text, false).expect(text);
            assert_eq!((positions, &said), (RING.map(Position).to_vec(), remark), "{text}");
        }
        assert_eq!(read("104.87, 21.7", true).expect("point").0, [Position([104.87, 21.7])]);
        assert_eq!(read(" 104.87,21.7,0 ", true).expect("point"), (vec![Position([104.87, 21.7])], None));
        assert_eq!(read("105,21 106,21 106,22", false).map_or(0, |found| found.0.len()), 0, "whole degrees or decimal commas: it is open");
    }

    #[test]
    fn decimal_commas_are_refused_with_the_text_and_how_to_write_it() {
        for (text, is_point, found, better) in [
            ("104,87 21,70", true, "“104,87 21,70”", "104.87,21.70"),
            ("104,87,21,7 104,88,21,7 104,88,21,71", false, "“104,87,21,7”", "104.87,21.7"),
            ("104,87,21,7,0 104,88,21,7,0", false, "“104,87,21,7”", "104.87,21.7"),
        ] {
            let en = read(text, is_point).expect_err("refused").to_string();
            assert!(en.contains(found) && en.contains(better), "{en}");
        }
        for text in ["NaN,21.7", "104.87;21.7", "abc", "104.87"] {
            assert!(read(text, true).is_err(), "{text}");
        }
    }
}
