//! The mark of a notice board on a print. It follows the item's code: `QHSDD21AG.B7R`.

use std::fmt::Write as _;

use super::Code;
use super::code::{ALPHABET, multiply, value_of};
use crate::words::alike::read;

/// Largest number of a board, 32,767: three characters of Crockford's base32.
pub const LARGEST: u32 = 32 * 32 * 32 - 1;

/// The text is not a board's mark on a print of this code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the board's mark does not fit the code: compare it with the print")]
pub struct WrongMark;

/// The check character of a board's number on a print of `code`. Its value `v` makes
/// `v + Σ dⱼ·αʲ⁺¹ + Σ cᵢ·α³ⁱ⁺⁴` zero in GF(2⁵); `d` are the number's digits, the last one first, and `c`
/// the code's values. It finds every single wrong character and every swap in the mark, and 31 of 32
/// marks that belong to another code.
fn check(code: Code, digits: &[u8]) -> u8 {
    let power = |exponent: usize| (0..exponent % 31).fold(1, |value, _| multiply(value, 2));
    let own = digits.iter().rev().enumerate().map(|(j, digit)| multiply(*digit, power(j + 1)));
    let codes = code.as_str().bytes().enumerate().map(|(i, byte)| multiply(value_of(byte).unwrap_or(0), power(3 * i + 4)));
    own.chain(codes).fold(0, |sum, value| sum ^ value)
}

/// The mark of board `number` on a print of `code`: `B`, the number in Crockford's base32, and a check
/// character.
///
/// ```
/// use bangtin::domain::{Code, mark};
/// let code = Code::from_random([7, 19, 0, 31, 4, 4, 12, 25]);
/// let mark = mark::of(code, 7);
/// assert!(mark.starts_with("B7") && mark.len() == 3);
/// assert_eq!(mark::parse(code, &mark.to_lowercase()), Ok(7));
/// assert!(mark::parse(code, "B7").is_err());
/// ```
pub fn of(code: Code, number: u32) -> String {
    let mut digits = Vec::new();
    let mut left = number;
    while left > 0 {
        digits.push((left % 32) as u8);
        left /= 32;
    }
    digits.reverse();
    let mut mark = String::from("B");
    for digit in digits.iter().copied().chain([check(code, &digits)]) {
        let _ = mark.write_char(char::from(ALPHABET[usize::from(digit)]));
    }
    mark
}

/// The number of the board that a mark names. Case does not matter; I and L read as 1, O as 0.
pub fn parse(code: Code, text: &str) -> Result<u32, WrongMark> {
    let seen = read(text);
    let rest = seen.trim_end().strip_prefix(['B', 'b']).ok_or(WrongMark)?;
    let values: Vec<u8> = rest.bytes().map(value_of).collect::<Option<_>>().ok_or(WrongMark)?;
    let (last, digits) = values.split_last().ok_or(WrongMark)?;
    let is_written_so = digits.first().is_some_and(|first| *first != 0) && digits.len() <= 3;
    if !is_written_so || check(code, digits) != *last {
        return Err(WrongMark);
    }
    Ok(digits.iter().fold(0, |number, digit| number * 32 + u32::from(*digit)))
}

/// True when the text after a code's dot looks like a mark and not like the ending of a file name.
pub fn is_like(text: &str) -> bool {
    let seen = read(text);
    let text = if text.is_ascii() { text } else { seen.trim_end() };
    text.len() >= 2 && text.len() <= 6 && text.starts_with(['B', 'b']) && text.bytes().skip(1).all(|byte| value_of(byte).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(seed: u8) -> Code {
        Code::from_random([seed, 3, 1, 4, 1, 5, 9, 2])
    }

    #[test]
    fn every_number_is_read_back() {
        for number in (1..=LARGEST).step_by(7).chain([1, 31, 32, 1_023, 1_024, LARGEST]) {
            assert_eq!(parse(code(1), &of(code(1), number)), Ok(number));
        }
    }

    #[test]
    fn every_single_wrong_character_of_a_mark_is_found() {
        for number in [1, 7, 31, 32, 999, 1_024, LARGEST] {
            let mark = of(code(2), number);
            for place in 1..mark.len() {
                for &wrong in ALPHABET {
                    let mut bytes = mark.clone().into_bytes();
                    if bytes[place] == wrong {
                        continue;
                    }
                    bytes[place] = wrong;
                    let text = String::from_utf8(bytes).expect("ascii");
                    assert_eq!(parse(code(2), &text), Err(WrongMark), "{mark} → {text}");
                }
            }
        }
    }

    #[test]
    fn a_mark_of_another_code_is_found_mostly() {
        let fits = (0..=255).filter(|seed| parse(code(*seed), &of(code(3), 7)).is_ok()).count();
        // One in 32 of the seeds that differ in their lower five bits.
        assert!((1..=16).contains(&fits), "{fits}");
    }

    #[test]
    fn endings_of_files_are_no_marks() {
        for text in ["B7R", "b7", "B10X", "BZZZZ", "B7R\u{200b}", "B\u{ad}7R\u{a0}"] {
            assert!(is_like(text), "{text}");
        }
        for text in ["json", "geojson", "fgb", "csv", "", "B", "B7-X", "BUU"] {
            assert!(!is_like(text), "{text}");
        }
    }
}
