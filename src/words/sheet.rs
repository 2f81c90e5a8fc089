//! Texts for spreadsheets.

/// Puts an apostrophe before a text that a spreadsheet would run as a formula. A phone number in international
/// form is no formula.
pub fn harmless(text: String) -> String {
    let is_number = text.len() > 1 && text.chars().skip(1).all(|c| c.is_ascii_digit() || " .,()-".contains(c));
    if text.starts_with(['=', '@', '\t', '\r']) || (text.starts_with(['+', '-']) && !is_number) { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn formulas_are_made_plain_and_phone_numbers_stay() {
        for (text, expected) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
            ("-1+1|x", "'-1+1|x"),
            ("+84 216 3852 115", "+84 216 3852 115"),
            ("Đất ở", "Đất ở"),
        ] {
            assert_eq!(harmless(text.into()), expected);
        }
    }
}
