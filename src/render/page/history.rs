//! Every revision, when it held, and what was corrected in it.

use maud::{Markup, html};

use super::Item;
use crate::domain::publication::view::HistoryEntry;
use crate::render::layout::{Page, page};
use crate::words::format;
use crate::words::text::has;

impl Item<'_> {
    pub(super) fn history_short(&self) -> Markup {
        html! {
            h2 { (self.t("history")) }
            ul.list { @for entry in self.view.history.iter().take(3) { (self.history_line(entry)) } }
            p { a href={ "/q/" (self.view.code) "/history" (self.lang.query()) } { (self.t("full-history")) } }
        }
    }

    fn history_line(&self, entry: &HistoryEntry) -> Markup {
        let zone = &self.moment.zone;
        html! {
            li {
                a href={ "/q/" (self.view.code) "/revisions/" (entry.number) (self.lang.query()) } {
                    (self.t("revision")) " " (entry.number) ": " (entry.title)
                }
                " " span.tag { (self.t(entry.status.as_str())) }
                br;
                (self.t("effective-from")) " " (format::date(entry.effective_from))
                @if let Some(to) = entry.holds_to { " " (self.t("until")) " " (format::date(to)) }
                ". " (self.t("published-at")) " " (format::moment(self.lang, zone, entry.recorded_at)) "."
                @if let Some(reason) = &entry.cancelled { br; (self.t("cancel-reason")) ": " (reason) }
                @for (at, reason) in &entry.expiries {
                    br; (self.t("expiry-set")) " " (format::moment(self.lang, zone, *at)) ": " (reason)
                }
                @for (at, reason, fields) in &entry.corrections {
                    br; (self.t("corrected")) " " (format::moment(self.lang, zone, *at)) ": " (reason)
                    " (" (self.t("fields")) ": " (fields.iter().map(|field| self.field(field)).collect::<Vec<_>>().join(", ")) ")"
                }
            }
        }
    }

    /// The name of a corrected field; the raw name if there is no word for it.
    fn field(&self, name: &str) -> String {
        let keys = [format!("field-{name}"), name.replace('_', "-")];
        keys.iter().find(|key| has(key)).map_or_else(|| name.to_owned(), |key| self.t(key).to_owned())
    }

    /// The page with the whole history.
    pub fn render_history(&self) -> String {
        let view = self.view;
        let path = format!("/q/{}/history", view.code);
        let content = html! {
            p.kind { (self.t("history")) }
            h1 { a href={ "/q/" (view.code) (self.lang.query()) } { (view.title) } }
            ul.list { @for entry in &view.history { (self.history_line(entry)) } }
            @for (at, reason, seconded) in &view.alone {
                p {
                    strong { (self.t("published-alone")) } " " (format::moment(self.lang, &self.moment.zone, *at)) ": " (reason) " – "
                    (self.t(if *seconded { "alone-seconded" } else { "alone-not-seconded" }))
                }
            }
            @if let Some((reason, _, at)) = &view.withdrawn {
                p { strong { (self.t("withdrawn")) } " " (format::moment(self.lang, &self.moment.zone, *at)) ": " (reason) }
            }
        };
        page(&Page::new(self.lang, self.city, &view.title, &path), content)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::domain::families;
    use crate::words::text::has;

    #[test]
    fn every_field_that_can_be_corrected_has_a_word() {
        let all: BTreeSet<&str> = families::collections().into_iter().map(|(_, family, _)| family).collect();
        for family in all {
            let schema = families::facts_schema(family).map(serde_json::Value::from).unwrap_or_default();
            let fields = schema["properties"].as_object().map(|fields| fields.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
            assert!(!fields.is_empty(), "{family}");
            for field in fields {
                assert!(has(&format!("field-{field}")) || has(&field.replace('_', "-")), "{family}: {field}");
            }
        }
    }
}
