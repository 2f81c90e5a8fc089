//! Legal terms explained: each term on a page links to a sentence in plain words.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use maud::{Markup, html};

use super::layout::{Page, page};
use crate::domain::city::City;
use crate::words::text::Lang;
use crate::words::text::has as has_text;
use crate::words::text::text;

static TERMS: LazyLock<BTreeMap<String, BTreeMap<String, String>>> =
    LazyLock::new(|| toml::from_str(include_str!("glossary.toml")).unwrap_or_default());

/// A term on a page, with a link to its explanation if there is one.
pub fn term(lang: Lang, key: &str) -> Markup {
    let words = text(lang, key);
    html! {
        @if TERMS.contains_key(key) { a.term href={ "/glossary" (lang.query()) "#" (key) } { (words) } } @else { (words) }
    }
}

/// The name of a term.
fn name(lang: Lang, key: &str) -> String {
    match key {
        _ if has_text(key) => text(lang, key).to_owned(),
        _ => text(lang, &format!("term-{key}")).to_owned(),
    }
}

/// The page of all terms.
pub fn glossary(lang: Lang, city: &City) -> String {
    let mut terms: Vec<(String, &String, &BTreeMap<String, String>)> = TERMS.iter().map(|(key, own)| (name(lang, key), key, own)).collect();
    terms.sort_by_key(|(name, ..)| crate::words::fold::fold(name));
    let content = html! {
        h1 { (text(lang, "glossary")) }
        p.note { (text(lang, "glossary-note")) }
        dl.words {
            @for (name, key, own) in &terms {
                dt #(key) { (name) }
                dd { (own.get(lang.code()).or_else(|| own.get("vi")).map_or("", String::as_str)) }
            }
        }
    };
    page(&Page::new(lang, city, text(lang, "glossary"), "/glossary"), content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_term_has_a_name_and_both_languages_in_nfc() {
        let terms: BTreeMap<String, BTreeMap<String, String>> = toml::from_str(include_str!("glossary.toml")).expect("a glossary");
        assert!(terms.len() > 30);
        for (key, own) in &terms {
            assert!(has_text(key) || has_text(&format!("term-{key}")), "no name for “{key}”");
            assert!(own.get("vi").is_some_and(|vi| unicode_normalization::is_nfc(vi)) && own.contains_key("en"), "{key}");
        }
    }

    #[test]
    fn every_kind_of_plan_is_explained() {
        for kind in ["land-use-plan", "land-use-schedule", "construction-plan", "general-plan", "zoning-plan", "detailed-plan"] {
            assert!(term(Lang::Vi, kind).into_string().contains("/glossary#"));
        }
        assert_eq!(term(Lang::Vi, "ambulance").into_string(), "Xe cứu thương");
    }
}
