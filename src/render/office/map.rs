//! The map of what is not public yet.

use maud::html;

use super::{Who, frame};
use crate::domain::city::City;
use crate::geometry::Bbox;
use crate::render::collections::{colours, interactive};
use crate::words::text::{Lang, text};

/// The page with the map of a draft's or a proposal's zones; `path` is the address of that.
pub fn page(lang: Lang, city: &City, who: &Who<'_>, title: &str, path: &str, bbox: Bbox) -> String {
    let content = html! {
        p { span.tag { (text(lang, "draft-mark")) } " " a href={ (path) (lang.query()) } { (text(lang, "office-back")) } }
        (interactive(lang, &format!("{path}/zones?f=json"), bbox, &colours()))
    };
    frame(lang, city, who, title, &format!("{path}/map"), content)
}
