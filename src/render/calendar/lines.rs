//! Lines of calendar files (RFC 5545) and contact cards (RFC 2426). No name may break out of its line.

/// Longest line in bytes, without its end.
pub(super) const LINE: usize = 75;

/// Escapes a text as a value (RFC 5545 §3.3.11, RFC 2426 §4). Every character that some reader takes for
/// the end of a line becomes a line break inside the text.
pub(in crate::render) fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut last = ' ';
    for c in value.chars() {
        let follows = std::mem::replace(&mut last, c) == '\r';
        match c {
            '\n' if follows => {}
            '\\' | ';' | ',' => {
                out.push('\\');
                out.push(c);
            }
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}' => out.push_str("\\n"),
            '\t' => out.push(' '),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// Appends a line. A long line is folded, but never inside a character.
pub(in crate::render) fn line(out: &mut String, name: &str, value: &str) {
    let whole = format!("{name}:{value}");
    let mut room = LINE;
    let mut used = 0;
    for c in whole.chars() {
        if used + c.len_utf8() > room {
            out.push_str("\r\n ");
            // The blank that begins a continued line counts too.
            room = LINE - 1;
            used = 0;
        }
        out.push(c);
        used += c.len_utf8();
    }
    out.push_str("\r\n");
}

/// A moment as calendars write it, in UTC.
pub(in crate::render) fn stamp(at: jiff::Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}
