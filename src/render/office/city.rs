//! The city's settings, for an administrator.

use std::collections::BTreeSet;

use jiff::Timestamp;
use maud::html;

use super::{Who, frame, wrong_box};
use crate::domain::city::City;
use crate::domain::families;
use crate::domain::publication::view::Moment;
use crate::words::format;
use crate::words::text::{Lang, text};

/// A change of the settings.
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// Who changed them.
    pub by: String,
    /// Names of the settings that changed.
    pub fields: Vec<String>,
}

/// What a setting is called; its own name where the catalogue has none.
fn named(lang: Lang, field: &str) -> String {
    let key = match field {
        "contact_vi" | "contact_en" => "city-contact",
        "phone" => "city-phone",
        "licence" => "licence",
        "emergency" => "city-emergency",
        "public_url" => "city-address",
        "units" | "units_imported" => "units",
        "boundaries" => "city-boundaries",
        "columns" => "city-columns",
        _ => return field.to_owned(),
    };
    text(lang, key).to_owned()
}

/// The page; `two` are the families and kinds for which two persons are needed.
pub fn settings(
    lang: Lang,
    city: &City,
    who: &Who<'_>,
    moment: &Moment,
    two: &[String],
    changes: &[Change],
    wrong: Option<&str>,
) -> String {
    let t = |key| text(lang, key);
    let rows = city.emergency.iter().map(|row| (row.number.as_str(), row.label_vi.as_str(), row.label_en.as_str()));
    let content = html! {
        (wrong_box(wrong))
        form.column action="/office/city" method="post" {
            label { (t("city-contact")) " (vi)" input type="text" name="contact_vi" value=(city.contact_vi) maxlength="300" required; }
            label { (t("city-contact")) " (en)" input type="text" name="contact_en" value=(city.contact_en) maxlength="300" required; }
            label { (t("city-phone")) input type="tel" name="phone" value=(city.phone.as_deref().unwrap_or_default()) maxlength="30"; }
            label { (t("licence")) input type="text" name="licence" value=(city.licence) maxlength="300" required; }
            @for (n, (number, vi, en)) in rows.chain([("", "", "")]).enumerate() {
                fieldset {
                    legend { (t("city-emergency")) " " (n + 1) }
                    label { (t("city-number")) input type="tel" name="emergency" value=(number) maxlength="20"; }
                    label { (t("city-label")) " (vi)" input type="text" name="emergency-vi" value=(vi) maxlength="80"; }
                    label { (t("city-label")) " (en)" input type="text" name="emergency-en" value=(en) maxlength="80"; }
                }
            }
            p.note { (t("city-emergency-help")) }
            fieldset {
                legend { (t("hamlets")) }
                p.note { (t("hamlets-of-units")) }
                @for unit in city.units.valid_on(moment.today) {
                    label { (lang.pick(&unit.name_vi, &unit.name_en)) textarea name={ "hamlets-" (unit.id) } rows="2" maxlength="8000" { (city.hamlets.get(&unit.id).map(|names| names.join(", ")).unwrap_or_default()) } }
                }
            }
            (who.hidden(lang))
            button.wide { (t("city-save")) }
        }
        h2 { (t("city-two-persons")) }
        p.note { (t("city-two-persons-help")) }
        form.column action="/office/city" method="post" {
            @for (name, family, kind) in families::collections() {
                // A collection of one kind is named by the kind, others by their family.
                @let value = if kind.is_empty() { family } else { kind };
                @let is_chosen = two.iter().any(|chosen| chosen == family || chosen == kind);
                label { input type="checkbox" name="kind" value=(value) checked[is_chosen]; " " (t(name)) }
            }
            (who.hidden(lang))
            button name="do" value="second-person" { (t("city-save")) }
        }
        h2 { (t("city-fixed")) }
        dl {
            dt { (t("city-name")) } dd { (city.name_vi) " · " (city.name_en) }
            dt { (t("city-address")) } dd { (city.public_url) }
            dt { (t("city-system")) } dd { "EPSG:" (city.default_crs) }
            dt { (t("city-zone")) } dd { (city.time_zone) }
            dt { (t("units")) } dd { (city.units.valid_on(moment.today).count()) }
        }
        p.note { (t("city-fixed-help")) }
        h2 { (t("city-changes")) }
        @if changes.is_empty() { p { (t("city-changes-none")) } }
        ul.list {
            @for change in changes {
                @let fields: BTreeSet<String> = change.fields.iter().map(|field| named(lang, field)).collect();
                @let fields: Vec<String> = fields.into_iter().collect();
                li { (format::moment(lang, &moment.zone, change.at)) " · " b { (change.by) } br; span.note { (fields.join(", ")) } }
            }
        }
    };
    frame(lang, city, who, t("office-city"), "/office/city", content)
}
