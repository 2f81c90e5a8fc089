//! The short code behind every QR: eight characters and a check character.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::words::alike::read;
use crate::words::sentence::Sentence;

/// Crockford's base32 alphabet: no I, L, O or U.
pub(super) const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 9;

/// An item's code and identity: eight characters of Crockford's base32 and a check character.
///
/// The nine values `v0..v8` satisfy `Σ vᵢ·αⁱ = 0` in GF(2⁵) (α a root of x⁵+x²+1). As the nine
/// weights are distinct and not zero, every single wrong character and every swap of two
/// characters is found.
///
/// ```
/// use bangtin::domain::Code;
/// let code = Code::from_random([7, 19, 0, 31, 4, 4, 12, 25]);
/// let typed: Code = code.to_string().to_lowercase().parse().expect("what was printed is valid");
/// assert_eq!(typed, code);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code([u8; LENGTH]);

/// Why a text is not a code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Not nine characters of the alphabet.
    #[error("{}", self.said())]
    Shape,
    /// A character was misread or two were swapped.
    #[error("{}", self.said())]
    Check,
}

impl CodeError {
    /// What is wrong with the text, and what to do.
    pub fn said(&self) -> Sentence {
        match self {
            Self::Shape => sentence!("code-shape"),
            Self::Check => sentence!("code-check"),
        }
    }
}

/// Multiplication in GF(2⁵) modulo x⁵+x²+1; both factors below 32.
pub(super) const fn multiply(mut a: u8, mut b: u8) -> u8 {
    let mut product = 0;
    while b != 0 {
        if b & 1 == 1 {
            product ^= a;
        }
        a <<= 1;
        if a & 0b10_0000 != 0 {
            a ^= 0b10_0101;
        }
        b >>= 1;
    }
    product
}

/// α⁰ … α⁸.
const WEIGHTS: [u8; LENGTH] = {
    let mut weights = [1; LENGTH];
    let mut i = 1;
    while i < LENGTH {
        weights[i] = multiply(weights[i - 1], 2);
        i += 1;
    }
    weights
};

/// The inverse of the last weight: w³⁰, as the group has 31 elements.
const LAST_INVERSE: u8 = {
    let mut inverse = 1;
    let mut i = 0;
    while i < 30 {
        inverse = multiply(inverse, WEIGHTS[LENGTH - 1]);
        i += 1;
    }
    inverse
};

fn syndrome(values: &[u8]) -> u8 {
    values.iter().zip(WEIGHTS).fold(0, |sum, (value, weight)| sum ^ multiply(*value, weight))
}

impl Code {
    /// The code of eight random values; only their lower five bits count.
    pub fn from_random(random: [u8; 8]) -> Self {
        let mut values = [0; LENGTH];
        for (value, random) in values.iter_mut().zip(random) {
            *value = random & 31;
        }
        values[LENGTH - 1] = multiply(syndrome(&values[..LENGTH - 1]), LAST_INVERSE);
        Self(values.map(|value| ALPHABET[usize::from(value)]))
    }

    /// The nine characters, upper case.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("")
    }
}

/// The value of a character; case does not matter, I and L read as 1, O as 0.
pub(super) fn value_of(byte: u8) -> Option<u8> {
    let byte = match byte.to_ascii_uppercase() {
        b'I' | b'L' => b'1',
        b'O' => b'0',
        other => other,
    };
    ALPHABET.iter().position(|&c| c == byte).map(|index| index as u8)
}

impl FromStr for Code {
    type Err = CodeError;

    /// Case does not matter; I and L read as 1, O as 0. Blanks and hyphens that people put between groups of
    /// characters are left out, and so are invisible characters that were copied along. A Vietnamese keyboard (Telex)
    /// makes one đ of DD, and people take đ for D.
    fn from_str(text: &str) -> Result<Self, CodeError> {
        let seen = read(text);
        let is_char = |c: &char| !c.is_whitespace() && *c != '-';
        let is_short = seen.chars().filter(is_char).count() < LENGTH;
        let seen = if seen.contains(['đ', 'Đ']) { seen.replace(['đ', 'Đ'], if is_short { "DD" } else { "D" }).into() } else { seen };
        let mut bytes = [0; LENGTH];
        let mut count = 0;
        for c in seen.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            let byte = u8::try_from(c).map_err(|_| CodeError::Shape)?;
            *bytes.get_mut(count).ok_or(CodeError::Shape)? = byte;
            count += 1;
        }
        if count < LENGTH {
            return Err(CodeError::Shape);
        }
        let mut values = [0; LENGTH];
        for (value, byte) in values.iter_mut().zip(bytes) {
            *value = value_of(byte).ok_or(CodeError::Shape)?;
        }
        if syndrome(&values) != 0 {
            return Err(CodeError::Check);
        }
        Ok(Self(values.map(|value| ALPHABET[usize::from(value)])))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

written_as_text!(Code);

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Code {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Code".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^[0-9A-HJKMNP-TV-Z]{9}$",
            "description": "Eight characters of Crockford's base32 and a check character"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(seed: u64) -> Code {
        let mut state = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        Code::from_random(std::array::from_fn(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as u8
        }))
    }

    #[test]
    fn every_single_wrong_character_is_found() {
        for seed in 0..50 {
            let code = sample(seed);
            for place in 0..LENGTH {
                for &wrong in ALPHABET {
                    let mut bytes = code.0;
                    if bytes[place] == wrong {
                        continue;
                    }
                    bytes[place] = wrong;
                    let text = std::str::from_utf8(&bytes).expect("ascii");
                    assert_eq!(text.parse::<Code>(), Err(CodeError::Check), "{code} → {text}");
                }
            }
        }
    }

    #[test]
    fn what_a_vietnamese_keyboard_makes_of_dd_is_read() {
        let code: Code = "QHSDD21AG".parse().expect("the demo's plan");
        for typed in ["QHSĐ21AG", "qhsđ21ag", "QHSĐD21AG", "QHSD\u{d0}21AG", "QHS ĐĐ-21AG"] {
            assert_eq!(typed.parse::<Code>(), Ok(code), "{typed}");
        }
        assert_eq!("QHSĐ".parse::<Code>(), Err(CodeError::Shape));
    }

    #[test]
    fn every_swap_of_two_different_characters_is_found() {
        for seed in 0..200 {
            let code = sample(seed);
            for a in 0..LENGTH {
                for b in a + 1..LENGTH {
                    let mut bytes = code.0;
                    bytes.swap(a, b);
                    let text = std::str::from_utf8(&bytes).expect("ascii");
                    assert_eq!(text.parse::<Code>().is_ok(), code.0[a] == code.0[b]);
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_seen_is_no_part_of_a_code() {
        let code = sample(7);
        for typed in
            [format!("\u{feff}{code}"), format!("{}\u{ad}{}", &code.as_str()[..4], &code.as_str()[4..]), format!("{code}\u{a0}\u{200b}")]
        {
            assert_eq!(typed.parse::<Code>(), Ok(code), "{typed:?}");
        }
        assert_eq!(format!(" {code} ").parse::<Code>(), Ok(code));
        let (first, last) = code.as_str().split_at(4);
        let wide: String = code.as_str().chars().filter_map(|c| char::from_u32(u32::from(c) + 0xfee0)).collect();
        for typed in [format!("{first} {last}"), format!("{first}-{last}"), format!("{first}\u{a0}\u{2013} {last}"), wide] {
            assert_eq!(typed.parse::<Code>(), Ok(code), "{typed:?}");
        }
        for typed in ["", "----", " - - - - ", &format!("{code}0"), &code.as_str()[1..]] {
            assert_eq!(typed.parse::<Code>(), Err(CodeError::Shape), "{typed:?}");
        }
        assert_eq!("Đ".parse::<Code>(), Err(CodeError::Shape));
    }

    #[test]
    fn letters_that_look_like_digits_are_read_as_digits() {
        let code = Code::from_random([1, 0, 1, 0, 5, 6, 7, 8]);
        let typed = code.to_string().replacen('1', "l", 1).replacen('0', "o", 1);
        assert_eq!(typed.parse::<Code>(), Ok(code));
        assert_eq!("HELLO".parse::<Code>(), Err(CodeError::Shape));
    }
}
