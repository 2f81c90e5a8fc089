//! Where community digital teams are, and where there is none.

use maud::html;
use serde_json::{Value, json};

use super::layout::{Page, page};
use crate::domain::city::City;
use crate::read_model::coverage::Coverage;
use crate::words::format::dialled;
use crate::words::text::{Lang, text};

/// The page: unit by unit, what no team serves first.
pub fn coverage(lang: Lang, city: &City, units: &[Coverage]) -> String {
    let t = |key| text(lang, key);
    let content = html! {
        h1 { (t("coverage")) }
        @for of in units {
            @let name = city.units.get(&of.unit).map_or(of.unit.as_str(), |unit| lang.pick(&unit.name_vi, &unit.name_en));
            @let missing: Vec<&str> = of.missing().collect();
            h2 { (name) @if !of.hamlets.is_empty() { " – " (of.hamlets.len() - missing.len()) "/" (of.hamlets.len()) " " (t("coverage-covered")) } }
            @if of.hamlets.is_empty() { p.note { (t("coverage-unknown")) } }
            @else if missing.is_empty() { p { (t("coverage-all")) } }
            @else { div.status.wait { b { (t("coverage-missing")) } (missing.join(", ")) } }
            ul.list {
                @for view in &of.teams {
                    li {
                        a href={ "/q/" (view.code) (lang.query()) } { (view.title) }
                        @if let Some(hamlets) = view.told("hamlets") { br; span.note { (hamlets) } }
                        @for (label, number) in view.phones() { br; a href={ "tel:" (dialled(number)) } { (t("call")) " " (number) " – " (label) } }
                    }
                }
            }
        }
        p { a href={ "/nearest?kind=digital-team" (lang.and()) } { (t("nearest")) ": " (t("digital-team")) } }
    };
    page(&Page::new(lang, city, t("coverage"), "/coverage"), content)
}

/// The same as JSON.
pub fn json(city: &City, units: &[Coverage]) -> Value {
    let of = |of: &Coverage| {
        json!({
            "unit": of.unit, "name": city.units.get(&of.unit).map(|unit| &unit.name_vi), "missing": of.missing().collect::<Vec<_>>(),
            "hamlets": of.hamlets.iter().map(|(name, teams)| json!({ "name": name, "teams": teams })).collect::<Vec<_>>(),
            "teams": of.teams.iter().map(|view| view.code).collect::<Vec<_>>(),
        })
    };
    json!({ "units": units.iter().map(of).collect::<Vec<_>>() })
}
