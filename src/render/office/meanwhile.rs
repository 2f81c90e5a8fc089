//! What somebody else has changed in a draft since the person saw it.

use jiff::Timestamp;
use jiff::civil::Date;
use maud::{Markup, html};

use crate::app::imports::Meanwhile;
use crate::domain::city::City;
use crate::domain::publication::view::Moment;
use crate::words::format;
use crate::words::text::{Lang, text};

/// The key of a field's label.
fn label_of(name: &str) -> &str {
    match name {
        "title" => "field-title",
        "summary" => "what-it-means",
        "effective_from" => "effective-from",
        "period_from" => "office-period-from",
        "period_to" => "office-period-to",
        "unit" => "units",
        "kind" => "plan-kind",
        "at" => "office-at",
        "information_code" => "information-code",
        other => other,
    }
}

/// What somebody else has changed since the person saw the form.
pub(super) fn meanwhile_box(lang: Lang, city: &City, moment: &Moment, meanwhile: &[Meanwhile], by: &str, at: Timestamp) -> Markup {
    let t = |key| text(lang, key);
    // As pages write it.
    let one = |name: &str, value: &String| match name {
        "kind" => text(lang, value).to_owned(),
        "adjustment" => text(lang, &format!("adjustment-{value}")).to_owned(),
        "unit" => city
            .units
            .0
            .iter()
            .find(|unit| unit.id.as_str() == value)
            .map_or_else(|| value.clone(), |unit| lang.pick(&unit.name_vi, &unit.name_en).to_owned()),
        _ => value.parse::<Date>().map_or_else(|_| value.clone(), format::date),
    };
    let value = |name: &str, all: &[String]| {
        if all.is_empty() {
            t("nothing-stated").to_owned()
        } else {
            all.iter().map(|value| one(name, value)).collect::<Vec<_>>().join(", ")
        }
    };
    html! {
        div.status.wait role="alert" {
            b { (by) " " (t("draft-meanwhile")) " (" (format::moment(lang, &moment.zone, at)) ")" }
            p { (t("draft-meanwhile-help")) }
            ul {
                @for change in meanwhile {
                    li {
                        (t(label_of(&change.name))) ": " del { (value(&change.name, &change.from)) } " → " ins { (value(&change.name, &change.to)) }
                        @if change.both { " – " b { (t("draft-yours-stays")) } }
                    }
                }
            }
        }
    }
}
