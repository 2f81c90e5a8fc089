//! Reads the parameters of addresses below `/collections`.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};

use crate::domain::schema::Property;
use crate::http::errors::HttpError;
use crate::http::reading;
use crate::words::copied::{mended_query, untailed};

/// Name and value of every parameter, decoded.
pub type Pairs = Vec<(String, String)>;

/// The parameters of a query. An unknown parameter, or one that comes twice, is refused. A page ignores
/// unknown parameters, because messengers, apps and newsletters append their own to an address.
pub fn pairs(query: Option<&str>, known: &[&str], properties: &[Property], is_page: bool) -> Result<Pairs, HttpError> {
    let mut pairs: Pairs = Vec::new();
    let query = query.unwrap_or_default();
    let query = if is_page { mended_query(query) } else { Cow::Borrowed(query) };
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = reading::percent_decode(name);
        let is_property = |property: &Property| property.name == name.as_str();
        if !known.contains(&name.as_str()) && !properties.iter().any(is_property) {
            if is_page {
                continue;
            }
            let names: Vec<&str> = known.iter().copied().chain(properties.iter().map(|property| property.name.as_ref())).collect();
            let names = names.join(", ");
            return Err(HttpError::Parameter(sentence!("unknown-parameter-known", name, names)));
        }
        let mut value = reading::percent_decode(value);
        if is_page {
            value.truncate(without_tail(&name, &value).len());
        }
        if value.contains('\u{fffd}') {
            return Err(HttpError::Parameter(sentence!("parameter-encoding", name)));
        }
        if let Some((_, before)) = pairs.iter().find(|(known, _)| *known == name) {
            // Some clients repeat a parameter that the address already has.
            if *before == value {
                continue;
            }
            return Err(HttpError::twice(&name));
        }
        if name == "lang" && !["vi", "en"].contains(&value.as_str()) {
            return Err(choice("lang", &value, &["vi", "en"]));
        }
        pairs.push((name, value));
    }
    Ok(pairs)
}

/// A page's value without what was copied along behind it. Texts of people keep it: they may end in any sign.
fn without_tail<'a>(name: &str, value: &'a str) -> &'a str {
    if name == "filter" || name == "q" || value.contains(['(', '"', '“', '[']) { value } else { untailed(value) }
}

/// The value of a parameter, if it is given.
pub fn value<'a>(pairs: &'a Pairs, name: &str) -> Option<&'a str> {
    pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// Characters that stand unencoded in a query.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b',').remove(b':').remove(b'/');

/// Percent-encodes a text for a query.
pub fn encoded(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, PLAIN)
}

/// The refusal of a value that is not among the allowed ones.
pub(super) fn choice(name: &str, given: &str, allowed: &[&str]) -> HttpError {
    let allowed = allowed.join(", ");
    HttpError::Parameter(sentence!("allowed", name, given, allowed))
}
