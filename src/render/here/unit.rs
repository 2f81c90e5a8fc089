//! A unit's page: its part of every plan in force.

use maud::{Markup, html};

use super::ways::Typed;
use super::{nearby_list, t, ways};
use crate::domain::city::City;
use crate::domain::publication::view::Moment;
use crate::domain::publication::view::View;
use crate::domain::unit::UnitId;
use crate::read_model::nearby::Nearby;
use crate::render::home;
use crate::render::layout::{Page, page};
use crate::words::text::Lang;

/// A list of items that links to the unit's part of each.
fn unit_list<'v>(lang: Lang, id: &UnitId, views: impl Iterator<Item = &'v View>) -> Markup {
    html! {
        ul.list {
            @for view in views {
                li {
                    @if view.features.is_some() { a href={ "/q/" (view.code) "?unit=" (id) (lang.and()) } { (view.title) } }
                    @else { a href={ "/q/" (view.code) (lang.query()) } { (view.title) } }
                    br; span.note { (t(lang, view.kind)) } " " span.tag { (t(lang, &view.standing)) }
                }
            }
        }
    }
}

/// The page of a unit: its part of every plan in force.
pub fn page_of(lang: Lang, city: &City, moment: &Moment, id: &UnitId, plans: &[View], nearby: &[Nearby], map: &str) -> String {
    let name = city.units.get(id).map_or(id.as_str(), |unit| lang.pick(&unit.name_vi, &unit.name_en));
    let now = city.units.at(id, moment.today);
    let content = html! {
        h1 { (name) }
        @if !now.iter().any(|unit| unit.id == *id) {
            p { (t(lang, "now-part-of")) " " (now.iter().map(|unit| lang.pick(&unit.name_vi, &unit.name_en)).collect::<Vec<_>>().join(", ")) }
        }
        div.sides {
            div {
                p { (t(lang, "unit-plans")) }
                (unit_list(lang, id, plans.iter().filter(|view| view.opinions_until().is_none())))
                @if plans.iter().any(|view| view.opinions_until().is_some()) {
                    h2 { (t(lang, "open-consultations")) }
                    (unit_list(lang, id, plans.iter().filter(|view| view.opinions_until().is_some())))
                }
            }
            div {
                (home::map(lang, map))
                (nearby_list(lang, moment, nearby))
                (more(lang, city, id))
            }
        }
        (ways::all(lang, city, moment.today, &Typed::default()))
    };
    page(&Page::new(lang, city, name, &format!("/here?unit={id}")), content)
}

/// What else a ward has: what is on, the nearest help, its boards.
fn more(lang: Lang, city: &City, id: &UnitId) -> Markup {
    let near =
        city.units.get(id).map(|unit| format!("&lon={:.5}&lat={:.5}{}", unit.label.lon, unit.label.lat, lang.and())).unwrap_or_default();
    html! {
        ul.ways {
            li { a href={ "/today?unit=" (id) (lang.and()) } { (t(lang, "on-today")) } }
            li { a href={ "/nearest?kind=ambulance" (near) } { (t(lang, "nearest-ambulance")) } }
            li { a href={ "/nearest?kind=health-station" (near) } { (t(lang, "nearest-station")) } }
            li { a href={ "/nearest?kind=place" (near) } { (t(lang, "nearest-place")) } }
            li { a href={ "/boards?unit=" (id) (lang.and()) } { (t(lang, "boards")) } }
            li { a href={ "/indicators" (lang.query()) } { (t(lang, "indicators")) } }
        }
    }
}
