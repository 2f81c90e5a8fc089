//! How the address of a lot names it.

use crate::words::fold::fold;

/// Most characters of a key.
const LONGEST: usize = 40;

/// The key of a lot's number in addresses: capitals, digits, `-` and `.`, which a QR code writes in its small mode. Marks
/// on letters are dropped, and whatever else stands between letters is one `-`. Numbers with the same key share a page.
///
/// ```
/// use bangtin::domain::plan::lot_key;
/// assert_eq!(lot_key("OM2.3"), "OM2.3");
/// assert_eq!(lot_key("Lô đất số 7 / A"), "LO-DAT-SO-7-A");
/// ```
pub fn lot_key(number: &str) -> String {
    let mut key = String::new();
    for c in fold(number).to_uppercase().chars() {
        match c {
            'A'..='Z' | '0'..='9' => key.push(c),
            '.' if !key.is_empty() && !key.ends_with(['.', '-']) => key.push('.'),
            _ if !key.is_empty() && !key.ends_with(['.', '-']) => key.push('-'),
            _ => {}
        }
    }
    key.truncate(LONGEST);
    key.trim_end_matches(['.', '-']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_short_plain_and_its_own_key() {
        for (number, key) in [("CQ-01", "CQ-01"), ("om2.3", "OM2.3"), ("ĐƠ 5", "DO-5"), ("  ", ""), ("A..1", "A.1"), ("1/500?=", "1-500")]
        {
            assert_eq!(lot_key(number), key, "{number}");
            assert_eq!(lot_key(key), key);
        }
        assert!(lot_key(&"Ô".repeat(500)).len() <= LONGEST);
    }
}
