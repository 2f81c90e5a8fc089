//! Headers that are lists (RFC 9110 §5.6.1, §12.4.2).

use std::borrow::Cow;

use axum::http::{HeaderMap, header};

/// A header that is a list, joined from all its lines (RFC 9110 §5.3): proxies and libraries add to a list
/// by a line of their own.
pub fn whole(headers: &HeaderMap, name: header::HeaderName) -> Option<Cow<'_, str>> {
    let mut lines = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    let mut all = lines.next()?;
    for line in lines {
        let all = all.to_mut();
        all.push(',');
        all.push_str(&line);
    }
    Some(all)
}

/// The pieces of a text between `separator`s that do not stand in a quoted string (RFC 9110 §5.6.4).
fn pieces(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.split(move |c| {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ => {}
        }
        c == separator && !is_quoted
    })
}

/// The elements of a list with their weights; the weight is 1 if none is given. Parameter names are
/// compared without case.
pub fn weighted(list: &str) -> impl Iterator<Item = (&str, f32)> {
    pieces(list, ',').filter_map(|element| {
        let mut pieces = pieces(element, ';').map(str::trim);
        let name = pieces.next().filter(|name| !name.is_empty())?;
        let weight = pieces.find_map(|piece| {
            let (parameter, value) = piece.split_once('=')?;
            if parameter.trim_end().eq_ignore_ascii_case("q") { value.trim_start().parse::<f32>().ok() } else { None }
        });
        Some((name, weight.unwrap_or(1.0)))
    })
}
