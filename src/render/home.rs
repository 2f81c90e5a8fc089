//! The home page, lists of items, and the pages that help if something is not there.

use maud::{Markup, html};

use super::layout::{Page, page, words_field};
use crate::domain::city::City;
use crate::domain::publication::view::Moment;
use crate::domain::publication::view::View;
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

/// The home page: what people come for, the search, and the newest items of each collection.
pub fn home(lang: Lang, city: &City, moment: &Moment, collections: &[(&'static str, usize, Vec<View>)]) -> String {
    let t = |key| text(lang, key);
    let content = html! {
        h1 { (lang.pick(&city.name_vi, &city.name_en)) }
        p { (t("welcome")) }
        (search_form(lang, ""))
        ul.ways {
            li { a href={ "/here" (lang.query()) } { (t("here")) } }
            li { a href={ "/nearest?kind=ambulance" (lang.and()) } { (t("nearest-ambulance")) } }
            li { a href={ "/nearest?kind=health-station" (lang.and()) } { (t("nearest-station")) } }
            li { a href={ "/nearest?kind=place" (lang.and()) } { (t("nearest-place")) } }
        }
        @for (name, count, views) in collections {
            @if *count > 0 {
                h2 { a href={ "/collections/" (name) "/items" (lang.query()) } { (text(lang, name)) } " (" (count) ")" }
                ul.list { @for view in views { (item_line(lang, moment, view)) } }
                @if *count > views.len() { p { a href={ "/collections/" (name) "/items" (lang.query()) } { (t("more")) } } }
            }
        }
        p { a href={ "/collections" (lang.query()) } { (t("all-collections")) } " · " a href={ "/boards" (lang.query()) } { (t("boards")) } " · " a href={ "/glossary" (lang.query()) } { (t("glossary")) } }
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
