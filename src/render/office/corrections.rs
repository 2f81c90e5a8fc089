//! The form that puts right what a revision states.

use jiff::civil::Date;
use maud::{Markup, html};
use serde_json::Value;

use super::WANTED;
use crate::domain::city::City;
use crate::domain::publication::view::View;
use crate::domain::unit::Unit;
use crate::words::text::{Lang, text};

/// What can be corrected: where it stands in the facts, the key of its label, and the type of its input.
pub const CORRECTED: [(&str, &str, &str); 26] = [
    ("/title", "field-title", "text"),
    ("/summary", "what-it-means", "text"),
    ("/decision/number", "decision", "text"),
    ("/decision/signed", "signed", "date"),
    ("/decision/authority", "authority", "text"),
    ("/decision/signatory", "signatory", "text"),
    ("/period/from", "office-period-from", "number"),
    ("/period/to", "office-period-to", "number"),
    ("/vision", "vision", "number"),
    ("/scale", "scale", "text"),
    ("/level", "level", "text"),
    ("/authority", "authority", "text"),
    ("/opens", "office-opens", "date"),
    ("/closes", "office-closes", "date"),
    ("/how", "how-to-comment", "text"),
    ("/organiser", "organiser", "text"),
    ("/hours", "hours", "text"),
    ("/address", "address", "text"),
    ("/operator", "operator", "text"),
    ("/road", "road", "text"),
    ("/stretch", "stretch", "text"),
    ("/from", "office-from-day", "date"),
    ("/to", "office-to-day", "date"),
    ("/detour", "detour", "text"),
    ("/permit", "permit", "text"),
    ("/contractor", "contractor", "text"),
];

/// What the item states, to be put right: texts, days, numbers, its units, and a plan's documents.
/// `from` is the first day in force of what is corrected: the units of that day can be chosen.
pub(super) fn fields(lang: Lang, city: &City, from: Date, view: &View, facts: &Value) -> Markup {
    let t = |key| text(lang, key);
    let has_units = matches!(view.family, "plan" | "consultation" | "campaign" | "works");
    let stated = |unit: &&Unit| facts["units"].as_array().is_some_and(|units| units.iter().any(|id| id == unit.id.as_str()));
    let others = city.units.0.iter().filter(|unit| !unit.is_valid_on(from)).filter(stated);
    html! {
        @for (pointer, key, kind) in CORRECTED {
            @let now = match facts.pointer(pointer) {
                Some(Value::String(text)) => Some(text.clone()),
                Some(Value::Number(number)) => Some(number.to_string()),
                _ => None,
            };
            @if pointer == "/summary" {
                label { (t(key)) textarea name=(pointer) rows="3" maxlength="2000" { (now.unwrap_or_default()) } }
            } @else if let Some(now) = now {
                label { (t(key)) input type=(kind) name=(pointer) value=(now) maxlength="500"; }
            }
        }
        @if has_units {
            details {
                summary { (t("units")) }
                p.note { (t("office-units-help")) }
                input type="hidden" name="units" value="asked";
                @for unit in others.chain(city.units.valid_on(from)) {
                    label { input type="checkbox" name="unit" value=(unit.id.as_str()) checked[stated(&unit)]; " " (lang.pick(&unit.name_vi, &unit.name_en)) }
                }
            }
        }
        @if view.family == "plan" {
            fieldset {
                legend { (t("documents")) }
                p.note { (t("office-documents-instead")) }
                @for (role, key, name) in WANTED {
                    label { (t(key)) input type="file" name=(name); }
                    @for document in view.documents.iter().filter(|document| document.role == role) {
                        p.note { (t("office-document-there")) ": " (document.title) }
                    }
                }
            }
        }
    }
}
