//! Headers that are lists (RFC 9110 §5.6.1, §12.4.2).

use std::borrow::Cow;

use axum::http::{HeaderMap, header};

/// A header that is a list, joined from all its lines (RFC 9110 §5.3): proxies and libraries add to a list
/// by a line of their own.
pub fn whole(headers: &HeaderMap, name: header::HeaderName) -> Option<Cow<'_, str>> {
    let mut lines = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let mut all = Cow::Borrowed(lines.next()?);
    for line in lines {
        let all = all.to_mut();
        all.push(',');
        all.push_str(line);
    }
    Some(all)
}

/// The elements of a list with their weights; the weight is 1 if none is given. Parameter names are
/// compared without case.
pub fn weighted(list: &str) -> impl Iterator<Item = (&str, f32)> {
    list.split(',').filter_map(|element| {
        let mut pieces = element.split(';').map(str::trim);
        let name = pieces.next().filter(|name| !name.is_empty())?;
        let weight = pieces.find_map(|piece| {
            let (parameter, value) = piece.split_once('=')?;
            if parameter.trim_end().eq_ignore_ascii_case("q") { value.trim_start().parse::<f32>().ok() } else { None }
        });
        Some((name, weight.unwrap_or(1.0)))
    })
}
