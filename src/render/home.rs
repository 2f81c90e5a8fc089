//! The home page, lists of items, and the pages that help if something is not there.

use maud::{Markup, PreEscaped, html};

use super::layout::{Page, page, words_field};
use super::map::{self, UnitShape, Ward};
use crate::domain::city::City;
use crate::domain::publication::view::Moment;
use crate::domain::publication::view::Shown;
use crate::domain::publication::view::View;
use crate::domain::unit::UnitId;
use crate::read_model::today::On;
use crate::words::format;
use crate::words::text::Lang;
use crate::words::text::text;

/// The search form.
pub fn search_form(lang: Lang, query: &str) -> Markup {
    html! { form action="/search" method="get" role="search" { (words_field(lang, "q", "search-label", query)) } }
}

/// An item in a list: its title, what it is, and whether it holds.
pub fn item_line(lang: Lang, moment: &Moment, view: &View) -> Markup {
    html! {
        li {
            a href={ "/q/" (view.code) (lang.query()) } { (view.title) }
            br; span.note {
                (text(lang, view.kind)) " · "
                @match view.next_day() {
                    Some(day) => (format::day_in_words(lang, moment.today, day)),
                    None => (format::date(view.effective_from)),
                }
            } " "
            span.tag { (text(lang, &view.standing)) }
        }
    }
}

/// What the home page shows.
pub struct Home<'a> {
    /// The map of the wards; empty where no boundary is known.
    pub map: &'a str,
    /// What is on today.
    pub on: &'a [On],
    /// What changed last.
    pub changed: &'a [View],
    /// Services on other sites.
    pub services: &'a [View],
    /// Collections with their counts and newest items.
    pub collections: &'a [(&'static str, usize, Vec<View>)],
}

/// Light colours that neighbours share without harm: each ward has a border and its name.
const FILLS: [&str; 6] = ["#e3ecf8", "#f6ead2", "#e2f0e0", "#f3e3ea", "#eae6f4", "#e0eff0"];

/// The colour of the ward whose page it is.
const OWN: &str = "#ffd54f";

/// A map of the wards; a tap on one opens its page. The own one is marked. Empty where no boundary is known.
pub fn map_of(lang: Lang, shapes: &[UnitShape], is_own: &dyn Fn(&UnitId) -> bool) -> String {
    // From north to south: keys go through the map as eyes do.
    let mut shapes: Vec<&UnitShape> = shapes.iter().filter(|shape| !shape.rings.is_empty()).collect();
    shapes.sort_by(|a, b| b.label.lat.total_cmp(&a.label.lat));
    let wards = shapes.into_iter().enumerate().map(|(i, shape)| Ward {
        shape,
        fill: if is_own(&shape.id) { OWN } else { FILLS[i % FILLS.len()] },
        lines: vec![shape.name.clone()],
        link: Some(format!("/here?unit={}{}", shape.id, lang.and())),
    });
    let wards: Vec<Ward<'_>> = wards.collect();
    map::wards(&wards, text(lang, "home-map"))
}

/// The map with what a tap does.
pub fn map(lang: Lang, drawn: &str) -> Markup {
    html! { @if !drawn.is_empty() { nav.home aria-label=(text(lang, "home-map")) { (PreEscaped(drawn)) p.note { (text(lang, "home-map")) } } } }
}

/// A service: a link to it, what it is about, and what one needs.
fn service(lang: Lang, view: &View) -> Markup {
    let needs: Vec<&str> = view
        .facts
        .iter()
        .filter(|fact| fact.label == "needs")
        .filter_map(|fact| if let Shown::Text(need) = &fact.value { Some(need.as_str()) } else { None })
        .collect();
    html! {
        li {
            a href=[view.link()] rel="noopener" { (view.title) } " " span.note { (view.told("category").unwrap_or_default()) }
            @if !needs.is_empty() { br; span.note { (text(lang, "needs")) ": " (needs.join(", ")) } }
        }
    }
}

/// The home page: the map of the wards, what people come for, the search, what is on, and what is new.
pub fn home(lang: Lang, city: &City, moment: &Moment, home: &Home<'_>) -> String {
    let t = |key| text(lang, key);
    let content = html! {
        h1 { (lang.pick(&city.name_vi, &city.name_en)) }
        p { (t("welcome")) }
        div.sides {
            div {
                (map(lang, home.map))
                (search_form(lang, ""))
                ul.ways {
                    li { a href={ "/here" (lang.query()) } { (t("here")) } }
                    li { a href={ "/nearest?kind=ambulance" (lang.and()) } { (t("nearest-ambulance")) } }
                    li { a href={ "/nearest?kind=health-station" (lang.and()) } { (t("nearest-station")) } }
                    li { a href={ "/nearest?kind=place" (lang.and()) } { (t("nearest-place")) } }
                    li { a href={ "/today" (lang.query()) } { (t("on-today")) } }
                    li { a href={ "/indicators" (lang.query()) } { (t("indicators")) } }
                    li { a href={ "/desk" (lang.query()) } { (t("desk")) } }
                }
            }
            div {
                h2 { a href={ "/today" (lang.query()) } { (t("on-today")) } }
                @if home.on.is_empty() { p { (t("nothing-on")) } }
                ul.list { @for on in home.on { (item_line(lang, moment, &on.view)) } }
                @if !home.changed.is_empty() {
                    h2 { (t("changed-last")) }
                    ul.list { @for view in home.changed { (item_line(lang, moment, view)) } }
                }
                @if !home.services.is_empty() {
                    h2 { a href={ "/collections/services/items" (lang.query()) } { (t("services")) } }
                    ul.list { @for view in home.services { (service(lang, view)) } }
                }
                @for (name, count, views) in home.collections {
                    @if *count > 0 {
                        h2 { a href={ "/collections/" (name) "/items" (lang.query()) } { (text(lang, name)) } " (" (count) ")" }
                        ul.list { @for view in views { (item_line(lang, moment, view)) } }
                    }
                }
                p { a href={ "/collections" (lang.query()) } { (t("all-collections")) } " · " a href={ "/boards" (lang.query()) } { (t("boards")) } " · " a href={ "/glossary" (lang.query()) } { (t("glossary")) } }
            }
        }
    };
    page(&Page::new(lang, city, t("home"), "/").alternate("application/json", String::from("/?f=json")), content)
}

/// A page that says what is wrong and what to do.
pub fn problem(lang: Lang, city: &City, title: &str, detail: &str) -> String {
    let content = html! {
        h1 { (title) }
        p { (detail) }
        (search_form(lang, ""))
    };
    page(&Page::new(lang, city, title, "/"), content)
}
