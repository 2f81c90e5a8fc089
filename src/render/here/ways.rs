//! The ways to say where one is, and the choice among places with a typed name.

use jiff::civil::Date;
use maud::{Markup, html};

use super::t;
use crate::domain::city::City;
use crate::render::layout::{Page, language_field, page, words_field};
use crate::render::search::Found;
use crate::words::text::Lang;

/// What was typed into the form; it is shown again after a mistake.
#[derive(Default)]
pub struct Typed<'a> {
    /// Longitude in degrees.
    pub lon: &'a str,
    /// Latitude in degrees.
    pub lat: &'a str,
    /// Easting in metres (VN-2000).
    pub e: &'a str,
    /// Northing in metres (VN-2000).
    pub n: &'a str,
    /// The parcel as it was typed.
    pub parcel: &'a str,
}

/// All ways to say where one is.
pub(super) fn all(lang: Lang, city: &City, today: Date, typed: &Typed<'_>) -> Markup {
    let by_degrees = !typed.lon.is_empty() || !typed.lat.is_empty();
    let by_metres = !typed.e.is_empty() || !typed.n.is_empty();
    html! {
        // A script puts a button here if the browser can tell its position.
        div #locate data-action="/here" data-label=(t(lang, "use-position")) data-denied=(t(lang, "position-denied")) data-lang=(lang.code()) {}
        form action="/here" method="post" role="search" { (words_field(lang, "place", "here-name", "")) }
        form action="/here" method="post" {
            input type="hidden" name="map" value="1";
            (language_field(lang))
            button { (t(lang, "pick-on-map")) }
        }
        details open[by_degrees || by_metres] {
            summary { (t(lang, "by-coordinates")) }
            form.column action="/here" method="post" {
                label { (t(lang, "longitude")) input name="lon" autocomplete="off" placeholder="104,87512" value=(typed.lon); }
                label { (t(lang, "latitude")) input name="lat" autocomplete="off" placeholder="21,70423" value=(typed.lat); }
                (language_field(lang))
                button { (t(lang, "applies-here")) }
            }
            form.column action="/here" method="post" {
                label { (t(lang, "northing")) input name="n" autocomplete="off" placeholder="2401150" value=(typed.n); }
                label { (t(lang, "easting")) input name="e" autocomplete="off" placeholder="512650" value=(typed.e); }
                (language_field(lang))
                button { (t(lang, "applies-here")) }
            }
        }
        details open[!typed.parcel.is_empty()] {
            summary { (t(lang, "by-parcel")) }
            form.column action="/here" method="post" {
                label { (t(lang, "parcel-label")) textarea name="parcel" rows="6" spellcheck="false" placeholder="1  2401150,00  512650,00\n2  2401150,00  512670,00\n…" { (typed.parcel) } }
                (language_field(lang))
                button { (t(lang, "applies-here")) }
            }
        }
        p { (t(lang, "by-unit")) " "
            @for (i, unit) in city.units.valid_on(today).enumerate() {
                @if i > 0 { " · " }
                a href={ "/here?unit=" (unit.id) (lang.and()) } { (lang.pick(&unit.name_vi, &unit.name_en)) }
            }
        }
        p.note { (t(lang, "position-privacy")) }
        script src="/assets/here.js" defer {}
    }
}

/// The page with the form. After a mistake it says what is wrong.
pub fn form(lang: Lang, city: &City, today: Date, wrong: Option<&str>, typed: &Typed<'_>) -> String {
    let content = html! {
        h1 { (t(lang, "here")) }
        p { (t(lang, "here-explain")) }
        @if let Some(wrong) = wrong { div.status.bad role="alert" { (wrong) } }
        (all(lang, city, today, typed))
    };
    page(&Page::new(lang, city, t(lang, "here"), "/here"), content)
}

/// The places with a typed name. Each leads to what applies there, or to the nearest of a kind.
pub fn which(lang: Lang, city: &City, today: Date, typed: &str, found: &[Found], proposal: Option<&str>, nearest: Option<&str>) -> String {
    let action = if nearest.is_some() { "/nearest" } else { "/here" };
    let kind = html! { @if let Some(kind) = nearest { input type="hidden" name="kind" value=(kind); } };
    let content = html! {
        h1 { (t(lang, "here")) }
        p { (t(lang, "results")) ": “" (typed) "” (" (found.len()) ")" }
        @if found.is_empty() { p role="status" { (t(lang, "place-none")) } }
        @if let Some(proposal) = proposal {
            form action="/here" method="post" {
                (language_field(lang))
                (kind)
                input type="hidden" name="place" value=(proposal);
                button { (t(lang, "search-proposal")) " " (proposal) "?" }
            }
        }
        ul.list {
            @for found in found {
                @if let Some((name, at)) = found.spot(lang) {
                    li {
                        form.plain action=(action) method="post" {
                            (kind)
                            @match found {
                                Found::Unit(unit, _) if nearest.is_none() => { input type="hidden" name="unit" value=(unit.id); }
                                _ => { input type="hidden" name="lon" value=(at.lon); input type="hidden" name="lat" value=(at.lat); }
                            }
                            (language_field(lang))
                            button { (name) }
                        }
                    }
                }
            }
        }
        (all(lang, city, today, &Typed::default()))
    };
    page(&Page::new(lang, city, t(lang, "here"), "/here"), content)
}
