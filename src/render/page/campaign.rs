//! What a campaign adds: the places that take part, and what was aimed at and reached.

use maud::{Markup, html};
use serde_json::Value;

use super::Item;
use crate::domain::view::Figure;
use crate::render::format;

impl Item<'_> {
    pub(super) fn places(&self) -> Markup {
        let (Some(features), Some(set)) = (self.features, &self.view.features) else { return html! {} };
        if set.area_ha.is_some() {
            return html! {};
        }
        html! {
            h2 { (self.t("places")) }
            ol {
                @for feature in &features.list {
                    @let properties = features.parsed_properties(feature);
                    @let field = |name: &str| properties.get(name).and_then(Value::as_str).map(str::to_owned);
                    li {
                        strong { (field("name").unwrap_or_default()) }
                        @if let Some(address) = field("address") { br; (address) }
                        @if let Some(payment) = field("payment") { br; (self.t("payment")) ": " (payment) }
                        @if let Some(offer) = field("offer") { br; (self.t("offer")) ": " (offer) }
                        @if let Some(hours) = field("hours") { br; (self.t("hours")) ": " (hours) }
                    }
                }
            }
        }
    }

    pub(super) fn figures(&self) -> Markup {
        let figures = &self.view.figures;
        html! {
            @if !figures.is_empty() {
                h2 { (self.t("figures")) }
                table {
                    thead { tr {
                        th { (self.t("figure")) } th.n { (self.t("target")) }
                        th.n { (self.t("actual")) } th.n { (self.t("difference")) }
                    } }
                    tbody { @for figure in figures { (self.figure(figure)) } }
                }
            }
        }
    }

    /// The difference is derived, in points for percentages: “74,8 %, +4,8 điểm %”.
    fn figure(&self, figure: &Figure) -> Markup {
        let unit = if figure.unit == "%" { " %" } else { "" };
        let number = |value: f64| format!("{}{unit}", format::short(self.lang, value));
        let difference = figure.actual.zip(figure.target).map(|(actual, target)| {
            let difference = actual - target;
            let sign = if difference > 0.0 { "+" } else { "" };
            let unit = if figure.unit == "%" { format!(" {}", self.t("points")) } else { String::new() };
            format!("{sign}{}{unit}", format::short(self.lang, (difference * 100.0).round() / 100.0))
        });
        html! {
            tr {
                td { (self.lang.pick(&figure.name_vi, &figure.name_en)) @if figure.unit != "%" { " (" (figure.unit) ")" } }
                td.n { (figure.target.map(number).unwrap_or_default()) }
                td.n { (figure.actual.map(number).unwrap_or_default()) }
                td.n { (difference.unwrap_or_default()) }
            }
        }
    }
}
