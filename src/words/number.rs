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

/// A number as people type it into a field: with a comma before the decimals, and nothing between the thousands.
pub fn typed(value: f64) -> String {
    value.to_string().replace('.', ",")
}

/// A whole number, which may have its thousands parted: “11.800”, “11 800”.
pub fn whole(text: &str) -> Option<u64> {
    let text = text.trim();
    let groups: Vec<&str> = text.split(['.', ',', ' ', '\u{a0}']).collect();
    let is_parted = groups.len() == 1 || (groups[0].len() <= 3 && groups[1..].iter().all(|group| group.len() == 3));
    let digits = groups.concat();
    (is_parted && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

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
