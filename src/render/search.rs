//! The results of a search.

use maud::{Markup, html};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::home::{item_line, search_form};
use super::layout::{self, Page};
use crate::domain::city::{City, Landmark};
use crate::domain::publication::view::Moment;
use crate::domain::publication::view::View;
use crate::domain::unit::Unit;
use crate::geometry::Position;
use crate::words::text::Lang;
use crate::words::text::text;

/// A search result.
#[derive(Debug, Clone)]
pub enum Found {
    /// A published item.
    Item(Box<View>),
    /// A unit. If it no longer exists, the units that it belongs to today.
    Unit(Unit, Vec<Unit>),
    /// A landmark.
    Landmark(Landmark),
    /// A participating place of a campaign.
    Place(Box<View>, String, Position),
}

impl Found {
    /// The item, if the result is one.
    pub fn item(&self) -> Option<&View> {
        match self {
            Self::Item(view) => Some(view),
            _ => None,
        }
    }

    /// Name and position of the result, if it is a place.
    pub fn spot(&self, lang: Lang) -> Option<(String, Position)> {
        match self {
            Self::Item(view) => Some((view.title.clone(), view.position?)),
            Self::Unit(unit, _) => Some((lang.pick(&unit.name_vi, &unit.name_en).to_owned(), unit.label)),
            Self::Landmark(place) => {
                Some((lang.pick(&place.name_vi, &place.name_en).to_owned(), Position { lon: place.lon, lat: place.lat }))
            }
            Self::Place(_, name, at) => Some((name.clone(), *at)),
        }
    }

    /// A place as JSON; `None` for an item.
    pub fn place(&self, lang: Lang) -> Option<Value> {
        let kind = match self {
            Self::Item(_) => return None,
            Self::Unit(..) => "unit",
            Self::Landmark(_) => "landmark",
            Self::Place(..) => "place",
        };
        let (name, at) = self.spot(lang)?;
        let id = match self {
            Self::Unit(unit, _) => json!(unit.id),
            _ => Value::Null,
        };
        Some(json!({ "kind": kind, "name": name, "id": id, "lon": at.lon, "lat": at.lat }))
    }
}

/// A line for a place, with links to what applies there and what is near.
fn place_line(lang: Lang, found: &Found) -> Markup {
    let Some((name, at)) = found.spot(lang) else { return html! {} };
    let at = format!("lon={:.5}&lat={:.5}{}", at.lon, at.lat, lang.and());
    html! {
        li {
            @match found {
                Found::Place(campaign, ..) => {
                    b { (name) } br; span.note { a href={ "/q/" (campaign.code) (lang.query()) } { (campaign.title) } }
                }
                Found::Unit(unit, now) => {
                    b { (name) }
                    @if !now.is_empty() {
                        " (" (text(lang, "now-part-of")) " " (now.iter().map(|unit| lang.pick(&unit.name_vi, &unit.name_en)).collect::<Vec<_>>().join(", ")) ")"
                    }
                    br; span.note { (unit.id) }
                }
                _ => b { (name) }
            }
            br;
            @if let Found::Unit(unit, _) = found { a href={ "/here?unit=" (unit.id) (lang.and()) } { (text(lang, "applies-here")) } }
            @else { a href={ "/here?" (at) } { (text(lang, "applies-here")) } }
            " · " a href={ "/nearest?" (at) } { (text(lang, "near-here")) }
        }
    }
}

/// The page of search results.
pub fn page(lang: Lang, city: &City, moment: &Moment, query: &str, found: &[Found], proposal: Option<&str>) -> String {
    let t = |key| text(lang, key);
    let (items, places): (Vec<&Found>, Vec<&Found>) = found.iter().partition(|found| found.item().is_some());
    let listed = html! {
        @if !items.is_empty() {
            h2 { (t("results")) " (" (items.len()) ")" }
            ul.list { @for view in items.iter().filter_map(|found| found.item()) { (item_line(lang, moment, view)) } }
        }
    };
    let placed = html! {
        @if !places.is_empty() {
            h2 { (t("results-places")) " (" (places.len()) ")" }
            ul.list { @for found in places { (place_line(lang, found)) } }
        }
    };
    let content = html! {
        h1 { (t("search")) }
        (search_form(lang, query))
        @if !query.trim().is_empty() {
            @if found.is_empty() { p role="status" { (t("search-none")) } }
            @if let Some(proposal) = proposal {
                p { (t("search-proposal")) " " a href={ "/search?q=" (encode(proposal)) (lang.and()) } { (proposal) } "?" }
            }
            // The group with the best result comes first.
            @if found.first().is_some_and(|best| best.item().is_some()) { (listed) (placed) } @else { (placed) (listed) }
        }
    };
    layout::page(&Page::new(lang, city, t("search"), "/search"), content)
}

/// Characters that stand unencoded in an address (RFC 3986 §2.3).
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Percent-encodes a text for an address.
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}
