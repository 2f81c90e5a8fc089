//! Reads the parameters of a request for features. A wrong parameter gives a sentence that says what is
//! wrong and what is allowed.

use crate::http::reading;
use axum::http::HeaderMap;
use jiff::tz::TimeZone;

use super::crs::{Area, System};
use super::parameters::{Pairs, choice, encoded, pairs, value};
use super::when;
use crate::cql2::{Filter, FilterError, Language, Meaning};
use crate::domain::city::City;
use crate::domain::schema::{Property, Type};
use crate::http::errors::HttpError;
use crate::http::reading::Form;
use crate::read_model::layers::{Collection, LayerKey};
use crate::words::text::Lang;

/// Features per page if the request gives no limit.
pub const DEFAULT_LIMIT: usize = 100;
/// Most features per page.
pub const MAXIMUM_LIMIT: usize = 10_000;
/// Most properties that a request can sort by.
const SORT_KEYS: usize = 8;

/// Parameters of every address below `/collections`.
pub const COMMON: &[&str] = &["f", "lang", "token"];
/// Parameters of `/items`, besides the properties.
pub const ITEMS: &[&str] = &[
    "bbox",
    "bbox-crs",
    "crs",
    "datetime",
    "as_of",
    "limit",
    "after",
    "filter",
    "filter-lang",
    "filter-crs",
    "sortby",
    "profile",
    "f",
    "lang",
    "token",
];
/// Parameters of one feature.
pub const ITEM: &[&str] = &["crs", "datetime", "as_of", "f", "lang", "token"];

/// The position of a page in a list: what was known for the first page, its time, and how many features
/// came before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct After {
    /// What was known then, as microseconds since 1970.
    pub known: i64,
    /// The time of the first page, in seconds since 1970; `None` if the request names its own time.
    pub now: Option<i64>,
    /// Features before this page.
    pub offset: usize,
}

impl After {
    /// The token as a `next` link carries it.
    pub fn token(self) -> String {
        format!("{}.{}.{}", self.known, self.now.unwrap_or_default(), self.offset)
    }

    fn read(text: &str) -> Result<Self, HttpError> {
        let mut parts = text.split('.').map(|part| part.parse::<i64>().ok().filter(|number| *number >= 0));
        let read = (|| {
            let (known, now, offset) = (parts.next()??, parts.next()??, parts.next()??);
            let in_range = now < 253_000_000_000 && offset <= i64::from(u32::MAX) && parts.next().is_none();
            in_range.then_some(Self { known, now: (now > 0).then_some(now), offset: offset as usize })
        })();
        read.ok_or_else(|| HttpError::Parameter(sentence!("after-parameter")))
    }
}

/// A request for features.
pub struct ItemsQuery {
    /// All parameters, decoded.
    pub pairs: Pairs,
    /// The layer that is asked for.
    pub wanted: LayerKey,
    /// The area that is asked for.
    pub area: Option<Area>,
    /// The coordinate system of the answer.
    pub crs: System,
    /// The filter, if any.
    pub filter: Option<Filter>,
    /// Properties that must have given values; compared as a filter does.
    pub equal: Vec<Filter>,
    /// Properties to sort by: index, and true if descending.
    pub sort: Vec<(usize, bool)>,
    /// Most features on the page.
    pub limit: usize,
    /// Features before this page.
    pub offset: usize,
    /// False if several versions of a feature appear under one id.
    pub unique_ids: bool,
    /// The form of the answer.
    pub form: Form,
    /// The language of a page.
    pub lang: Lang,
}

impl ItemsQuery {
    /// Reads the parameters of `/items`.
    pub fn read(query: Option<&str>, headers: &HeaderMap, collection: &Collection, city: &City) -> Result<Self, HttpError> {
        let pairs = pairs(query, ITEMS, &collection.properties, reading::is_page(reading::form, query, headers))?;
        let given = |name: &str| value(&pairs, name);
        let system = |name: &str| given(name).map_or(Ok(System::Crs84), |text| System::named(name, text, city));
        let (bbox_crs, filter_crs) = (system("bbox-crs")?, system("filter-crs")?);
        let zone = city.zone();
        let mut wanted = when::wanted(&pairs, &zone)?;
        let after = given("after").map(After::read).transpose()?;
        if let Some(after) = after {
            wanted.as_of = Some(after.known);
            wanted.now = after.now;
        }
        let language = match given("filter-lang") {
            None | Some("cql2-text") => Language::Text,
            Some("cql2-json") => Language::Json,
            Some(other) => return Err(choice("filter-lang", other, &["cql2-text", "cql2-json"])),
        };
        let filter = match given("filter") {
            None => None,
            Some(text) => {
                let meaning = Meaning { place: &|at| filter_crs.to_degrees(at), zone: &zone };
                let read = Filter::read(text, language, &collection.properties, meaning);
                Some(read.map_err(|error| refused("filter", &error))?)
            }
        };
        let unique_ids = match given("profile") {
            None | Some("versions-as-features-unique-ids") => true,
            Some("versions-as-features") => false,
            Some(other) => return Err(choice("profile", other, &["versions-as-features-unique-ids", "versions-as-features"])),
        };
        let equal = pairs.iter().filter(|(name, _)| !ITEMS.contains(&name.as_str()));
        let equal = equal.map(|(name, value)| equals(name, value, &collection.properties, &zone)).collect::<Result<_, _>>()?;
        Ok(Self {
            wanted,
            area: given("bbox").map(|text| Area::read("bbox", text, bbox_crs)).transpose()?,
            crs: system("crs")?,
            filter,
            equal,
            sort: given("sortby").map(|text| sort(text, &collection.properties)).transpose()?.unwrap_or_default(),
            limit: limit(given("limit"))?,
            offset: after.map_or(0, |after| after.offset),
            unique_ids,
            form: reading::form(given("f"), headers)?,
            lang: reading::language(given("lang"), headers),
            pairs,
        })
    }

    /// Gives a function from a form and a page token to an address below `layer`. All other parameters stay
    /// as they are.
    pub fn addresses(&self, layer: &str) -> impl Fn(&str, Option<&str>) -> String + use<> {
        let base = [layer, "?f="].concat();
        let mut rest = String::with_capacity(256);
        for (name, value) in self.pairs.iter().filter(|(name, _)| name != "f" && name != "after") {
            rest.push('&');
            rest.extend(encoded(name));
            rest.push('=');
            rest.extend(encoded(value));
        }
        move |form, after| match after {
            None => [&base, form, &rest].concat(),
            Some(after) => [&base, form, &rest, "&after=", after].concat(),
        }
    }
}

fn refused(name: &str, error: &FilterError) -> HttpError {
    HttpError::Parameter(sentence!("parameter-is-wrong", name, what = error.said))
}

/// `limit`: a value that is too large is clamped (OGC 17-069r4 §7.15.2); anything but a number is refused.
fn limit(text: Option<&str>) -> Result<usize, HttpError> {
    let Some(text) = text else { return Ok(DEFAULT_LIMIT) };
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<usize>() {
        Ok(limit) if limit > 0 => Ok(limit.min(MAXIMUM_LIMIT)),
        // Only digits, but more than an integer can hold.
        Err(_) if digits => Ok(MAXIMUM_LIMIT),
        _ => Err(HttpError::Parameter(sentence!("limit-parameter", most = MAXIMUM_LIMIT))),
    }
}

fn sort(text: &str, properties: &[Property]) -> Result<Vec<(usize, bool)>, HttpError> {
    let names: Vec<&str> = text.split(',').collect();
    if names.len() > SORT_KEYS {
        return Err(HttpError::Parameter(sentence!("sortby-most-properties", most = SORT_KEYS)));
    }
    let one = |given: &str| {
        let given = given.trim();
        let (name, down) = match given.strip_prefix('-') {
            Some(name) => (name, true),
            None => (given.strip_prefix('+').unwrap_or(given), false),
        };
        let index = properties.iter().position(|property| property.name == name);
        index.map(|index| (index, down)).ok_or_else(|| {
            let known: Vec<&str> = properties.iter().map(|property| property.name.as_ref()).collect();
            let known = known.join(", ");
            HttpError::Parameter(sentence!("sortby-property", name, known))
        })
    };
    names.into_iter().map(one).collect()
}

/// Reads `name=value` as a filter.
fn equals(name: &str, value: &str, properties: &[Property], zone: &TimeZone) -> Result<Filter, HttpError> {
    let kind = properties.iter().find(|property| property.name == name).map_or(Type::Text, |property| property.kind);
    let value = value.trim();
    let literal = match kind {
        // Some clients write a whole number as 3.0.
        Type::Integer => value.parse::<f64>().ok().filter(|number| number.fract() == 0.0).map(serde_json::Value::from),
        Type::Number => value.parse::<f64>().ok().filter(|number| number.is_finite()).map(serde_json::Value::from),
        Type::Boolean => value.parse::<bool>().ok().map(serde_json::Value::from),
        Type::Date | Type::Moment => crate::cql2::instant(value).map(|_| serde_json::json!({ "timestamp": value })),
        Type::Text => Some(serde_json::Value::from(value)),
    };
    let expected = match kind {
        Type::Integer => sentence!("whole-number"),
        Type::Number => sentence!("number-query"),
        Type::Boolean => sentence!("true-false"),
        Type::Date => sentence!("expected-date"),
        _ => sentence!("expected-moment"),
    };
    let wrong = || HttpError::Parameter(sentence!("expected", name, value, expected));
    let literal = literal.ok_or_else(wrong)?;
    let source = serde_json::json!({ "op": "=", "args": [{ "property": name }, literal] }).to_string();
    Filter::read(&source, Language::Json, properties, Meaning { place: &Some, zone }).map_err(|error| refused(name, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_clamped_or_refused() {
        assert_eq!(limit(Some("99999999999999999999999")).ok(), Some(MAXIMUM_LIMIT));
        assert_eq!(limit(Some("20")).ok(), Some(20));
        for text in ["0", "-1", "abc", "", "1.5", "+ 1"] {
            assert!(limit(Some(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn a_page_leaves_out_what_it_does_not_know_and_data_names_it() {
        for hung_on in ["fbclid=IwAR0", "utm_source=zalo&utm_medium=social", "zarsrc=30&fbclid=%FF", "gclid", "x=1&x=2"] {
            let query = format!("lang=en&{hung_on}");
            assert_eq!(pairs(Some(&query), COMMON, &[], true).ok(), Some(vec![("lang".into(), "en".into())]), "{query}");
            let refused = pairs(Some(&query), COMMON, &[], false);
            let name = hung_on.split(['=', '&']).next().unwrap_or_default();
            assert!(matches!(&refused, Err(HttpError::Parameter(said)) if said.to_string().contains(name)), "{query}");
        }
        // A page still reads the parameters that it knows strictly.
        assert!(pairs(Some("lang=vi&lang=en"), COMMON, &[], true).is_err());
        assert!(pairs(Some("lang=xx"), COMMON, &[], true).is_err());
    }

    #[test]
    fn a_token_comes_back_as_it_was() {
        let after = After { known: 1_795_496_400_000_000, now: Some(1_795_496_400), offset: 700 };
        assert_eq!(After::read(&after.token()).ok(), Some(after));
        for text in ["", "1.2", "1.2.3.4", "-1.0.0", "a.b.c", "1.2.99999999999"] {
            assert!(After::read(text).is_err(), "{text}");
        }
    }
}
