//! The office's first page.

use maud::html;

use super::{Who, frame, grant_line};
use crate::domain::city::City;
use crate::words::text::{Lang, text};

/// What waits for the person, and what they may do.
pub fn home(lang: Lang, city: &City, who: &Who<'_>, second_person: bool) -> String {
    let t = |key| text(lang, key);
    let content = html! {
        p { (t("office-signed-in-as")) " " b { (who.name) } }
        ul { @for grant in who.grants { li { (grant_line(lang, city, grant)) } } }
        p.rule { @if second_person { (t("office-two-persons")) } @else { (t("office-one-person")) } }
    };
    frame(lang, city, who, t("office"), "/office", content)
}
