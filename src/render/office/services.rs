//! The register of services on other sites: the list with what the last look at each link gave, and the form of one.

use maud::html;

use super::{Who, frame, wrong_box};
use crate::domain::city::City;
use crate::domain::publication::view::{Moment, View};
use crate::node::links::Looked;
use crate::words::format;
use crate::words::text::{Lang, text};

/// The list.
pub fn list(lang: Lang, city: &City, who: &Who<'_>, moment: &Moment, services: &[(View, Option<Looked>)]) -> String {
    let t = |key| text(lang, key);
    let content = html! {
        p { a href={ "/office/services/new" (lang.query()) } { (t("service-new")) } }
        @if services.is_empty() { p { (t("nothing-here")) } }
        ul.list {
            @for (view, looked) in services {
                li {
                    a href={ "/office/services/" (view.code) (lang.query()) } { (view.title) }
                    br; span.note { (view.link().unwrap_or_default()) }
                    @if let Some(looked) = looked {
                        br; @match &looked.outcome {
                            Ok(status) if looked.is_good() => span.note { (t("link-answers")) " (" (status) "), " (format::moment(lang, &moment.zone, looked.at)) },
                            Ok(status) => b { (t("link-dead")) " (" (status) "), " (format::moment(lang, &moment.zone, looked.at)) },
                            Err(why) => { b { (t("link-dead")) ", " (format::moment(lang, &moment.zone, looked.at)) } br; span.note lang="en" { (why) } },
                        }
                    }
                }
            }
        }
        p.note { (t("link-check-help")) }
    };
    frame(lang, city, who, t("services"), "/office/services", content)
}

/// The form of a service; `known` is its view and version, none for a new one.
pub fn one(
    lang: Lang,
    city: &City,
    who: &Who<'_>,
    known: Option<(&View, i64)>,
    filled: &dyn Fn(&str) -> String,
    wrong: Option<&str>,
) -> String {
    let t = |key| text(lang, key);
    let path = known.map_or_else(|| String::from("/office/services/new"), |(view, _)| format!("/office/services/{}", view.code));
    let field = |name: &str, label: &str, is_needed: bool| html! { label { (label) input type="text" name=(name) value=(filled(name)) maxlength="500" required[is_needed]; } };
    let content = html! {
        (wrong_box(wrong))
        @if let Some((view, _)) = known { p { a href={ "/q/" (view.code) (lang.query()) } { (t("office-see-page")) } " · " a href={ "/office/items/" (view.code) (lang.query()) } { (t("point-other-changes")) } } }
        form.column action=(path) method="post" {
            (who.hidden(lang))
            input type="hidden" name="once" value=(filled("once"));
            @if let Some((_, seen)) = known { input type="hidden" name="seen" value=(seen); }
            (field("title", t("field-title"), true))
            label { (t("what-it-means")) textarea name="summary" rows="2" maxlength="2000" { (filled("summary")) } }
            (field("category", t("category"), true))
            label { (t("field-link")) " " span.note { "https://…" } input type="url" name="link" value=(filled("link")) maxlength="500" required; }
            (field("operator", t("field-operator"), true))
            label { (t("needs")) " " span.note { (t("service-needs-help")) } textarea name="needs" rows="3" maxlength="4000" { (filled("needs")) } }
            button.wide { (t("service-save")) }
        }
    };
    frame(lang, city, who, known.map_or(t("service-new"), |(view, _)| view.title.as_str()), &path, content)
}
