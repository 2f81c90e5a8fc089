//! What a planner chooses about the file of a plan: columns, and the layers of an urban plan.

use maud::{Markup, html};

use crate::domain::lot_indicators;
use crate::domain::plan::PlanKind;
use crate::import::Report;
use crate::import::feature::Kind;
use crate::import::report::LayerFate;
use crate::words::text::Lang;
use crate::words::text::text;

/// The choice of a column, from those that the file has.
pub(super) fn column(lang: Lang, name: &str, key: &str, columns: &[String], chosen: &str) -> Markup {
    html! {
        label { (text(lang, key))
            select name=(name) {
                option value="" { (text(lang, "office-column-found")) }
                @for column in columns { option value=(column) selected[column == chosen] { (column) } }
            }
        }
    }
}

/// True for the name of an urban kind of plan.
pub(super) fn is_urban(kind: &str) -> bool {
    PlanKind::named(kind).is_some_and(PlanKind::is_urban)
}

/// Most columns from which those of lots are chosen; of more, they are named at the machine.
const MOST_COLUMNS: usize = 60;

/// The columns of an urban plan's lots, and what a share below one means.
pub(super) fn lots<'a>(lang: Lang, report: &Report, chosen: &dyn Fn(&str) -> &'a str) -> Markup {
    let of_lots = ["lot", "area", "conditions"].map(|key| (key, format!("lot-column-{key}")));
    let of_lots =
        of_lots.into_iter().chain(lot_indicators::ALL.map(|indicator| (indicator.key(), format!("indicator-{}", indicator.key()))));
    html! {
        @if report.columns.len() <= MOST_COLUMNS {
            details {
                summary { (text(lang, "office-lot-columns")) }
                @for (key, label) in of_lots {
                    (column(lang, &format!("map.{key}"), &label, &report.columns, report.lot_columns.get(key).map_or("", String::as_str)))
                }
            }
        }
        label { (text(lang, "office-shares"))
            select name="shares" {
                @for (value, key) in [("", "office-shares-ask"), ("part", "office-shares-part"), ("percent", "office-shares-percent")] {
                    option value=(value) selected[value == chosen("shares")] { (text(lang, key)) }
                }
            }
        }
    }
}

/// What became of each layer of the file.
pub(super) fn fates(lang: Lang, report: &Report) -> Markup {
    html! {
        @if !report.layers.is_empty() {
            details open {
                summary { (text(lang, "office-layers")) }
                ul.list { @for layer in &report.layers { li { b { (layer.name.as_deref().unwrap_or("–")) } ": " (layer.said.text(lang)) } } }
            }
        }
    }
}

/// As what a layer can be taken: the choice as the importer reads it, and the key of its words.
fn choices(layer: &LayerFate) -> &'static [(&'static str, &'static str)] {
    match layer.kind {
        Kind::Areas => &[("lots", "layer-as-lots"), ("lines", "layer-as-borders")],
        Kind::Lines => &[("lines", "layer-as-lines")],
        Kind::Points => &[("points", "layer-as-points")],
    }
}

/// The choice of the layers of an urban plan: for each layer, as what it is taken.
pub(super) fn layers(lang: Lang, report: &Report) -> Markup {
    let own = |layer: &LayerFate| match (layer.taken.as_deref(), layer.kind) {
        (Some("zones"), _) => "lots",
        (Some("plan_points"), _) => "points",
        (Some(_), _) => "lines",
        (None, _) => "",
    };
    html! {
        @if report.layers.iter().any(|layer| layer.name.is_some()) {
            fieldset {
                legend { (text(lang, "office-layers")) }
                // Where every layer of lines is left out, none is taken, whatever its name says.
                input type="hidden" name="layer" value="lines=-";
                input type="hidden" name="layer" value="points=-";
                @for layer in &report.layers {
                    @if layer.features > 0 {
                        @let name = layer.name.as_deref().unwrap_or_default();
                        label { (layer.name.as_deref().unwrap_or("–")) " (" (layer.features) ")"
                            select name="layer" {
                                option value="" { (text(lang, "layer-as-nothing")) }
                                @for (choice, words) in choices(layer) {
                                    option value={ (choice) "=" (name) } selected[own(layer) == *choice] { (text(lang, words)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
