//! Lots of an urban plan: what may be built on each, and what changed.

use std::collections::BTreeMap;

use maud::{Markup, html};
use serde_json::Value;

use super::{Before, Item};
use crate::domain::lot_indicators::Indicators;
use crate::domain::publication::Status;
use crate::features::Features;
use crate::render::indicators;

/// Most lots that a page lists.
const LISTED: usize = 12;
/// Most changed lots that a page lists.
const CHANGED: usize = 200;

/// The indicators of each lot by its number; of lots under one number those of the first.
fn by_number(features: &Features) -> BTreeMap<String, Indicators> {
    let mut lots = BTreeMap::new();
    let has_lots = features.has_lots();
    for feature in features.list.iter().filter(|_| has_lots) {
        let properties = features.parsed_properties(feature);
        if let Some(number) = properties.get("lot").and_then(Value::as_str) {
            lots.entry(number.to_owned()).or_insert_with(|| Indicators::of(&properties));
        }
    }
    lots
}

impl Item<'_> {
    /// True where its areas are lots.
    pub(super) fn has_lots(&self) -> bool {
        self.features.is_some_and(Features::has_lots)
    }

    /// The first lots of an urban plan, with what may be built on each.
    pub(super) fn lots(&self) -> Markup {
        let Some(features) = self.features.filter(|_| self.has_lots()) else { return html! {} };
        let shown: Vec<usize> = match self.extract.and_then(|extract| extract.pieces.as_ref()) {
            Some(pieces) => pieces.iter().map(|piece| piece.index).collect(),
            None => (0..features.list.len()).collect(),
        };
        let lots: Vec<_> =
            shown.iter().take(LISTED).filter_map(|index| Some(features.parsed_properties(features.list.get(*index)?))).collect();
        html! {
            h2 { (self.t("lots")) " (" (shown.len()) ")" }
            table {
                tbody {
                    @for lot in &lots { (self.lot_row(lot)) }
                }
            }
            @if shown.len() > lots.len() && self.view.status == Status::InForce && self.revision.is_none() && self.draft.is_none() {
                p.noprint { (self.t("lots-first")) " " a href={ "/q/" (self.view.code) "/lots" (self.lang.query()) } { (self.t("lots-all")) } }
            }
        }
    }

    /// Lots whose indicators changed, by their numbers; and the numbers that are new or gone.
    pub(super) fn changed_lots(&self, before: &Before<'_>) -> Markup {
        let (Some(old), Some(new)) = (before.features, self.features) else { return html! {} };
        let (old, new) = (by_number(old), by_number(new));
        if old.is_empty() || new.is_empty() {
            return html! {};
        }
        let changed: Vec<_> = new
            .iter()
            .filter_map(|(number, is)| Some((number, old.get(number)?.changes(is))))
            .filter(|(_, changes)| !changes.is_empty())
            .collect();
        let only_in = |these: &BTreeMap<String, Indicators>, those: &BTreeMap<String, Indicators>| -> Vec<String> {
            these.keys().filter(|number| !those.contains_key(*number)).cloned().collect()
        };
        let numbers = |list: &[String]| {
            let more = if list.len() > CHANGED { ", …" } else { "" };
            format!("{}{more}", list.iter().take(CHANGED).map(String::as_str).collect::<Vec<_>>().join(", "))
        };
        let (added, gone) = (only_in(&new, &old), only_in(&old, &new));
        html! {
            @if !changed.is_empty() || !added.is_empty() || !gone.is_empty() {
                h2 { (self.t("changed-lots")) " (" (changed.len()) ")" }
                table {
                    tbody {
                        @for (number, changes) in changed.iter().take(CHANGED) {
                            tr {
                                th.n scope="row" { b { (number) } }
                                td {
                                    @for (i, (indicator, was, is)) in changes.iter().enumerate() {
                                        @if i > 0 { br; }
                                        (self.t(&format!("indicator-{}", indicator.key()))) ": "
                                        (indicators::value(self.lang, *indicator, *was)) " → " b { (indicators::value(self.lang, *indicator, *is)) }
                                    }
                                }
                            }
                        }
                    }
                }
                @if changed.len() > CHANGED { p.note { "… " (changed.len() - CHANGED) " " (self.t("more-lots")) } }
                @if !added.is_empty() { p { (self.t("lots-added")) ": " (numbers(&added)) } }
                @if !gone.is_empty() { p { (self.t("lots-gone")) ": " (numbers(&gone)) } }
            }
        }
    }
}
