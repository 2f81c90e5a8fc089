//! What is stated of an item, line by line.

use maud::{Markup, html};

use super::Item;
use crate::render::text::text;
use crate::render::{format, map};

impl Item<'_> {
    pub(super) fn facts(&self) -> Markup {
        let view = self.view;
        html! {
            h2 { (self.t("facts")) }
            dl {
                @for fact in &view.facts {
                    dt { (text(self.lang, fact.label)) } dd { (self.shown(&fact.value)) }
                }
                dt { (self.t("units")) } dd { (self.units(&view.units)) }
                dt { (self.t("effective-from")) } dd { (format::date(view.effective_from)) }
                @if let Some(to) = view.effective_to { dt { (self.t("effective-to")) } dd { (format::date(to)) } }
                @if let Some(position) = view.position { dt { (self.t("position")) } dd { (map::readable(position)) } }
                dt { (self.t("revision")) } dd { (view.revision) }
            }
        }
    }
}
