//! Numbers as people and programs write them.

use crate::words::alike::read;

/// The number that a text must be: `1234.5`, `1234,5`, `1.234,5`, `2 401 150,5`, `2.401.150`. None for other
/// texts, and none if its one comma might also group thousands (`512,650`).
pub fn number(text: &str) -> Option<f64> {
    let text = &*read(text);
    // Blanks group thousands: “2 401 150,5”, and not “21 42 45”.
    let parts: Vec<&str> = text.split_whitespace().collect();
    let begins_whole = |part: &&str| part.bytes().take_while(u8::is_ascii_digit).count() == 3;
    let is_group = |part: &&str| part.len() == 3 && begins_whole(part);
    let is_grouped = match parts.as_slice() {
        [] | [_] => true,
        [first, groups @ .., last] => {
            let digits = first.trim_start_matches('-');
            (1..=3).contains(&digits.len())
                && digits.bytes().all(|byte| byte.is_ascii_digit())
                && groups.iter().all(is_group)
                && begins_whole(last)
        }
    };
    if !is_grouped {
        return None;
    }
    let plain = parts.concat();
    let (sign, digits) = plain.strip_prefix('-').map_or((1.0, plain.as_str()), |rest| (-1.0, rest));
    if !digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',' | b'e' | b'E' | b'+' | b'-')) || digits.is_empty() {
        return None;
    }
    let grouped = |text: &str, mark: char| {
        let mut groups = text.split(mark);
        let first = groups.next().unwrap_or_default();
        (1..=3).contains(&first.len()) && groups.clone().count() > 0 && groups.all(|group| group.len() == 3)
    };
    let without = |text: &str, mark: char| text.replace(mark, "");
    let (dots, commas) = (digits.matches('.').count(), digits.matches(',').count());
    let english = match (dots, commas) {
        (0 | 1, 0) => digits.to_owned(),
        (0, 1) => {
            let (before, after) = digits.split_once(',')?;
            // “512,650” may be half a million; “0,650” and “104,87” may not.
            if after.len() == 3 && before.len() <= 3 && before != "0" {
                return None;
            }
            format!("{before}.{after}")
        }
        (_, 0) if grouped(digits, '.') => without(digits, '.'),
        (0, _) if grouped(digits, ',') => without(digits, ','),
        (_, 1) => {
            let (whole, part) = digits.split_once(',')?;
            if part.contains('.') {
                // In English, commas group thousands.
                let (thousands, _) = digits.split_once('.')?;
                if !grouped(thousands, ',') || dots > 1 {
                    return None;
                }
                without(digits, ',')
            } else if grouped(whole, '.') {
                format!("{}.{part}", without(whole, '.'))
            } else {
                return None;
            }
        }
        (1, _) => {
            let (thousands, _) = digits.split_once('.')?;
            if !grouped(thousands, ',') {
                return None;
            }
            without(digits, ',')
        }
        _ => return None,
    };
    english.parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| sign * number)
}

/// A number as people type it into a field: with a comma before the decimals, and nothing between the thousands. It reads back
/// as the same: three decimals get a fourth, as “12,125” may be twelve thousand.
pub fn typed(value: f64) -> String {
    let text = value.to_string().replace('.', ",");
    let is_unclear = text.split_once(',').is_some_and(|(_, decimals)| decimals.len() == 3);
    if is_unclear { text + "0" } else { text }
}

/// A whole number, which may have its thousands parted, all by the same sign: “11.800”, “11 800”.
pub fn whole(text: &str) -> Option<u64> {
    const SIGNS: [char; 4] = ['.', ',', ' ', '\u{a0}'];
    let text = text.trim();
    let groups: Vec<&str> = text.split(SIGNS).collect();
    let mut signs = text.chars().filter(|c| SIGNS.contains(c));
    let first = signs.next();
    let is_same = signs.all(|sign| Some(sign) == first);
    // “0,125” is no thousands.
    let has_thousands = is_same && matches!(groups[0].len(), 1..=3) && !groups[0].starts_with('0');
    let is_parted = groups.len() == 1 || (has_thousands && groups[1..].iter().all(|group| group.len() == 3));
    let digits = groups.concat();
    (is_parted && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_reads_back_as_the_same_and_decimals_are_no_thousands() {
        for value in [0.0, 0.5, 0.125, 12.125, 70.125, 2_159.6, 2_159.625, 12_300.0, 1e6, 0.1 + 0.2] {
            let text = typed(value);
            assert_eq!(number(&text), Some(value), "{text}");
            assert_eq!(whole(&text).map(|whole| whole as f64), Some(value).filter(|value| value.fract() == 0.0), "{text}");
        }
        for (text, value) in [("11.800", 11_800), ("11 800", 11_800), ("1,234,567", 1_234_567), ("7", 7), ("0", 0), ("007", 7)] {
            assert_eq!(whole(text), Some(value), "{text}");
        }
        for text in ["0,125", "2.159,600", "1 234,125", "12,1250", ".125", "", "1..2"] {
            assert_eq!(whole(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_is_read_where_one_reading_is_possible() {
        let cases = [
            ("104.87", 104.87),
            ("104,87", 104.87),
            ("2 401 150,5", 2_401_150.5),
            (" -2\u{a0}401\u{202f}150.5 ", -2_401_150.5),
            ("512 650", 512_650.0),
            ("2.401.150", 2_401_150.0),
            ("2.401.150,25", 2_401_150.25),
            ("2,401,150.25", 2_401_150.25),
            ("512650,123", 512_650.123),
            ("-0,5", -0.5),
            ("0,650", 0.65),
            ("1e3", 1000.0),
        ];
        for (text, value) in cases {
            assert_eq!(number(text), Some(value), "{text}");
        }
        for text in ["21 42 45", "104 52", "2 40 150", "2 401 15,5", "1 000,50 000", "a 401"] {
            assert_eq!(number(text), None, "{text}");
        }
        for text in ["512,650", "12,34,5", "1.2.3", "", "NaN", "inf", "khoảng 5", "12 ha", "1.234,5,6"] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
