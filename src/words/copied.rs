//! Addresses and codes as people copy them: out of a sentence, a chat, a mail.

use std::borrow::Cow;

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

/// A text as the value of a parameter.
///
/// ```
/// assert_eq!(bangtin::words::copied::in_query("UBND tỉnh & xã"), "UBND%20t%E1%BB%89nh%20%26%20x%C3%A3");
/// ```
pub fn in_query(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// A value of a parameter without what was copied along or written behind it. Only for values in which no `?`, `&`, `;` or
/// `#` can stand: codes, numbers, names of forms.
///
/// ```
/// use bangtin::words::copied::bare_value;
/// assert_eq!(bare_value(" 04252-2025?from=chat"), "04252-2025");
/// assert_eq!(bare_value("html)."), "html");
/// ```
pub fn bare_value(value: &str) -> &str {
    untailed(value.split(['?', '&', ';', '#']).next().unwrap_or_default().trim_start())
}

/// Parameters of pages that hold free text, in which any sign may stand.
const FREE: [&str; 3] = ["q", "filter", "text"];

/// The signs that separate parameters where programs have rewritten an address: a second question mark, a `&` written
/// as in HTML, or encoded once more.
const SEPARATORS: [&str; 8] = ["?", ";", "%26", "%3F", "%3f", "%3B", "%3b", "amp;"];

/// A query as it was before programs rewrote it: one appended `?utm_source=…` to an address that had a query, another
/// wrote its `&` as `&amp;` or `%26`.
///
/// ```
/// use bangtin::words::copied::mended_query;
/// assert_eq!(mended_query("unit=04252-2025?fbclid=1&amp;lang=en"), "unit=04252-2025&fbclid=1&lang=en");
/// assert_eq!(mended_query("lat=21.7%26lon=104.8"), "lat=21.7&lon=104.8");
/// assert_eq!(mended_query("q=what?a=1"), "q=what?a=1");
/// ```
pub fn mended_query(query: &str) -> Cow<'_, str> {
    if !SEPARATORS.iter().any(|separator| query.contains(separator)) {
        return Cow::Borrowed(query);
    }
    let pairs = query.split('&').map(|pair| {
        let mut rest = pair.trim_start_matches("amp;");
        if FREE.iter().any(|name| rest.strip_prefix(name).is_some_and(|behind| behind.starts_with('='))) {
            return rest.to_owned();
        }
        let mut parts = Vec::new();
        while let Some((before, behind)) = cut(rest) {
            parts.push(before);
            rest = behind;
        }
        parts.push(rest);
        parts.join("&")
    });
    Cow::Owned(pairs.collect::<Vec<_>>().join("&"))
}

/// What stands before the first separator that another parameter follows, and that parameter with all that follows.
fn cut(text: &str) -> Option<(&str, &str)> {
    let breaks = text.char_indices().filter_map(|(at, _)| {
        let separator = SEPARATORS.iter().find(|separator| text[at..].starts_with(**separator))?;
        let behind = text[at + separator.len()..].trim_start_matches("amp;");
        let name = behind.split_once('=')?.0;
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
        is_name.then_some((&text[..at], behind))
    });
    breaks.into_iter().next()
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
    fn what_programs_made_of_a_query_is_undone_and_free_text_stays() {
        for (made, meant) in [
            ("unit=04252-2025?fbclid=1", "unit=04252-2025&fbclid=1"),
            ("unit=04252-2025&amp;lang=en", "unit=04252-2025&lang=en"),
            ("lat=21.7&amp;amp;lon=104.8", "lat=21.7&lon=104.8"),
            ("lat=21.7%26lon=104.8%26amp;f=html", "lat=21.7&lon=104.8&f=html"),
            ("lat=21.7;lon=104.8", "lat=21.7&lon=104.8"),
            ("unit=04252-2025%3Futm_source=zalo%3futm_medium=x", "unit=04252-2025&utm_source=zalo&utm_medium=x"),
            ("amp;lang=en", "lang=en"),
            ("unit=a?b", "unit=a?b"),
            ("unit=a?1=2", "unit=a?1=2"),
            ("q=a;b=c?d=e%26f=g&lang=en", "q=a;b=c?d=e%26f=g&lang=en"),
            ("filter=a='x;y=z'", "filter=a='x;y=z'"),
            ("", ""),
        ] {
            assert_eq!(mended_query(made), meant, "{made}");
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
