//! Addresses and codes as people copy them: out of a sentence, a chat, a mail.

/// True for a character that is often copied along at the end of an address: blanks, stops, closing brackets and
/// quotation marks, marks of emphasis. No address of a code, mark, file or page ends in one.
fn hangs_on(c: char) -> bool {
    let unseen = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    let stops = matches!(
        c,
        '.' | ',' | ';' | ':' | '!' | '?' | '…' | '&' | '=' | '）' | '/' | '\\' | '|' | '。' | '，' | '、' | '．' | '？' | '！' | '#' | '+'
    );
    let closes =
        matches!(c, ')' | ']' | '}' | '>' | '"' | '\'' | '“' | '”' | '„' | '‘' | '’' | '«' | '»' | '‹' | '›' | '」' | '』' | '】' | '<');
    let marks = matches!(c, '*' | '_' | '~' | '`' | '-' | '–' | '—');
    c.is_whitespace() || unseen || stops || closes || marks
}

/// A text without the characters that were copied along at its end.
///
/// ```
/// use bangtin::words::copied::untailed;
/// assert_eq!(untailed("QHSDD21AG)."), "QHSDD21AG");
/// assert_eq!(untailed("QHSDD21AG.B7K”, "), "QHSDD21AG.B7K");
/// assert_eq!(untailed("QHSDD21AG.geojson"), "QHSDD21AG.geojson");
/// ```
pub fn untailed(text: &str) -> &str {
    text.trim_end_matches(hangs_on)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_closes_a_sentence_or_a_quotation_is_no_part_of_an_address() {
        for tail in [".", ")", "/", ",", " ", "”", "“", "’", "»", ";", ":", "!", "?", "…", ").", "”.", "*", "\u{200b}", "\u{a0}", "//", "—"]
        {
            assert_eq!(untailed(&format!("QHSDD21AG{tail}")), "QHSDD21AG", "{tail:?}");
            assert_eq!(untailed(&format!("QHSDD21AG.B7K{tail}")), "QHSDD21AG.B7K", "{tail:?}");
        }
    }

    #[test]
    fn endings_and_what_stands_within_stay() {
        for text in ["QHSDD21AG.geojson", "QHSDD21AG.B7K", "a.b,c", "QHSDD21AG.B\u{0}", ""] {
            assert_eq!(untailed(text), text);
        }
        assert_eq!(untailed(" .,/"), "");
    }
}
