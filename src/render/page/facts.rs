//! The facts of an item, line by line.

use maud::{Markup, html};

use super::Item;
use crate::render::glossary::term;
use crate::render::map;
use crate::words::format;

impl Item<'_> {
    /// The facts that the item states.
    pub fn facts(&self) -> Markup {
        let view = self.view;
        html! {
            h2 { (self.t("facts")) }
            dl {
                @for fact in &view.facts {
                    dt { (term(self.lang, fact.label)) } dd { (self.shown(&fact.value)) }
                }
                dt { (term(self.lang, "units")) } dd { (self.units(&view.units)) }
                dt { (term(self.lang, "effective-from")) } dd { (format::date(view.effective_from)) }
                @if let Some(to) = view.holds_to { dt { (term(self.lang, "effective-to")) } dd { (format::date(to)) } }
                // What lies beside the areas is no fact of its own, and whoever approves should know that it is there.
                @for (field, set) in &view.further { dt { (self.t(&field.replace('_', "-"))) } dd { (set.count) } }
                @if let Some(position) = view.position { dt { (self.t("position")) } dd { (map::readable(position)) } }
                dt { (term(self.lang, "revision")) } dd { (view.revision) }
            }
        }
    }
}
