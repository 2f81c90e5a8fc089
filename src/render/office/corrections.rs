//! The form that puts right what a revision states.

use jiff::civil::Date;
use maud::{Markup, html};
use serde_json::Value;

use super::WANTED;
use crate::domain::city::City;
use crate::domain::publication::view::View;
use crate::domain::unit::Unit;
use crate::words::text::{Lang, text};

/// A field that can be corrected.
pub struct Field {
    /// Where it stands in the facts, as a JSON pointer.
    pub pointer: &'static str,
    key: &'static str,
    /// The type of its input: `text`, `date`, `number`.
    pub kind: &'static str,
    /// Families whose facts may have it; it is offered to them where it lacks, too.
    optional: &'static str,
}

const fn field(pointer: &'static str, key: &'static str, kind: &'static str, optional: &'static str) -> Field {
    Field { pointer, key, kind, optional }
}

/// What can be corrected.
const FIELDS: [Field; 27] = [
    field("/title", "field-title", "text", ""),
    field("/summary", "what-it-means", "text", "plan consultation campaign works map-point"),
    field("/decision/number", "decision", "text", ""),
    field("/decision/signed", "signed", "date", ""),
    field("/decision/authority", "authority", "text", ""),
    field("/decision/signatory", "signatory", "text", "plan"),
    field("/period/from", "office-period-from", "number", "plan"),
    field("/period/to", "office-period-to", "number", "plan"),
    field("/vision", "vision", "number", "plan"),
    field("/scale", "scale", "text", "plan"),
    field("/level", "level", "text", "plan consultation"),
    field("/information_code", "information-code", "text", "plan"),
    field("/authority", "authority", "text", ""),
    field("/opens", "office-opens", "date", ""),
    field("/closes", "office-closes", "date", ""),
    field("/how", "how-to-comment", "text", ""),
    field("/organiser", "organiser", "text", ""),
    field("/hours", "hours", "text", "map-point campaign"),
    field("/address", "address", "text", "map-point"),
    field("/operator", "operator", "text", "map-point"),
    field("/road", "road", "text", ""),
    field("/stretch", "stretch", "text", "works"),
    field("/from", "office-from-day", "date", ""),
    field("/to", "office-to-day", "date", "works"),
    field("/detour", "detour", "text", "works"),
    field("/permit", "permit", "text", "works"),
    field("/contractor", "contractor", "text", "works"),
];

/// What of these facts can be corrected, with its present text: what is stated in words, days or numbers, and what the
/// family may state.
pub fn offered(family: &str, facts: &Value) -> Vec<(&'static Field, String)> {
    let now = |field: &'static Field| match facts.pointer(field.pointer) {
        Some(Value::String(text)) => Some((field, text.clone())),
        Some(Value::Number(number)) => Some((field, number.to_string())),
        None | Some(Value::Null) => field.optional.split(' ').any(|known| known == family).then(|| (field, String::new())),
        _ => None,
    };
    FIELDS.iter().filter_map(now).collect()
}

/// What the item states, to be put right: texts, days, numbers, its units, and a plan's documents. `from` is the first day
/// in force of what is corrected: the units of that day can be chosen.
pub(super) fn fields(lang: Lang, city: &City, from: Date, view: &View, facts: &Value) -> Markup {
    let t = |key| text(lang, key);
    let has_units = matches!(view.family, "plan" | "consultation" | "campaign" | "works");
    let stated = |unit: &&Unit| facts["units"].as_array().is_some_and(|units| units.iter().any(|id| id == unit.id.as_str()));
    let others = city.units.0.iter().filter(|unit| !unit.is_valid_on(from)).filter(stated);
    html! {
        @for (Field { pointer, key, kind, .. }, now) in offered(view.family, facts) {
            // What the person saw: only what they change is put right, though somebody else has changed more meanwhile.
            input type="hidden" name={ "was" (pointer) } value=(now);
            @if *pointer == "/summary" {
                label { (t(key)) textarea name=(pointer) rows="3" maxlength="2000" { (now) } }
            } @else {
                label { (t(key)) input type=(kind) name=(pointer) value=(now) maxlength="500"; }
            }
        }
        @if has_units {
            details {
                summary { (t("units")) }
                p.note { (t("office-units-help")) }
                input type="hidden" name="units" value="asked";
                @for unit in others.chain(city.units.valid_on(from)) {
                    @if stated(&unit) { input type="hidden" name="was-unit" value=(unit.id.as_str()); }
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
