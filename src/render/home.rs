//! Home, search, lists, and the pages that help when something is not there.

use maud::{Markup, html};

use super::format;
use super::layout::{Page, page};
use super::text::{Lang, text};
use crate::domain::city::City;
use crate::domain::view::View;

fn search_form(lang: Lang, query: &str) -> Markup {
    let t = |key| text(lang, key);
    html! {
        form action="/search" method="get" role="search" {
            input type="search" name="q" value=(query) aria-label=(t("search-label")) placeholder=(t("search-label"));
            (super::layout::language_field(lang))
            button { (t("search")) }
        }
    }
}

fn item_line(lang: Lang, view: &View) -> Markup {
    html! {
        li {
            a href={ "/q/" (view.code) (lang.query()) } { (view.title) }
            br; span.note { (text(lang, view.kind)) " · " (format::date(view.effective_from)) } " "
            span.tag { (text(lang, &view.standing)) }
        }
    }
}

/// The home page: search, and the newest of each collection.
pub fn home(lang: Lang, city: &City, collections: &[(&'static str, usize, Vec<View>)]) -> String {
    let t = |key| text(lang, key);
    let content = html! {
        h1 { (lang.pick(&city.name_vi, &city.name_en)) }
        p { (t("welcome")) }
        (search_form(lang, ""))
        @for (name, count, views) in collections {
            @if *count > 0 {
                h2 { a href={ "/collections/" (name) "/items" (lang.query()) } { (text(lang, name)) } " (" (count) ")" }
                ul.list { @for view in views { (item_line(lang, view)) } }
                @if *count > views.len() { p { a href={ "/collections/" (name) "/items" (lang.query()) } { (t("more")) } } }
            }
        }
        p { a href={ "/collections" (lang.query()) } { (t("all-collections")) } }
    };
    page(&Page::new(lang, city, t("home"), "/").alternate("application/json", String::from("/?f=json")), content)
}

/// What a search found.
pub fn search(lang: Lang, city: &City, query: &str, found: &[View]) -> String {
    let t = |key| text(lang, key);
    let content = html! {
        h1 { (t("search")) }
        (search_form(lang, query))
        @if !query.trim().is_empty() {
            h2 { (t("results")) " (" (found.len()) ")" }
            @if found.is_empty() { p { (t("search-none")) } }
            ul.list { @for view in found { (item_line(lang, view)) } }
        }
    };
    page(&Page::new(lang, city, t("search"), "/search"), content)
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
