//! The form into which results are entered.

use maud::html;

use super::findings::findings;
use super::{Who, frame, wrong_box};
use crate::domain::Code;
use crate::domain::city::City;
use crate::domain::figures::Table;
use crate::domain::figures::{Measure, Method, Period, Who as Whose};
use crate::domain::publication::view::Moment;
use crate::domain::unit::Unit;
use crate::import::Report;
use crate::words::format;
use crate::words::number::typed;
use crate::words::text::{Lang, text};

/// Results of an indicator in a period, as they are being entered.
pub struct Entry<'a> {
    /// The indicator.
    pub code: Code,
    /// Its version.
    pub version: i64,
    /// What it states.
    pub measure: &'a Measure,
    /// The period.
    pub period: Period,
    /// The units that the person reports for.
    pub units: &'a [Unit],
    /// True where the person may report for the whole city.
    pub is_city: bool,
    /// What is known.
    pub known: Option<&'a Table>,
    /// Names of organisations, each a line of the form; empty ones are free lines.
    pub bodies: &'a [String],
    /// The text of a field.
    pub filled: &'a dyn Fn(&str) -> String,
    /// What was found in a workbook.
    pub report: Option<&'a Report>,
}

impl Entry<'_> {
    fn cell(&self, name: &str, id: &str, label: &str) -> maud::Markup {
        let name = format!("{name}-{id}");
        html! { label { (label) input type="text" inputmode="decimal" name=(name) value=((self.filled)(&name)) maxlength="20"; } }
    }

    fn figure_of(&self, whose: &Whose) -> Option<f64> {
        let known = self.known?;
        known.city.iter().chain(&known.units).chain(&known.bodies).find(|row| row.who == *whose).map(|row| row.value)
    }

    /// The line of an organisation.
    fn body(&self, lang: Lang, number: usize, name: &str) -> maud::Markup {
        let id = format!("body-{number}");
        let whose = Whose::Body(name.to_owned());
        html! {
            fieldset {
                legend { @if name.is_empty() { (text(lang, "result-body")) } @else { (name) (self.reported(lang, &whose)) } }
                label { (text(lang, "result-body")) input type="text" name=(id) value=(name) maxlength="200"; }
                (self.cell("value", &id, &self.measure.unit))
            }
        }
    }

    /// What was reported of somebody already.
    fn reported(&self, lang: Lang, whose: &Whose) -> maud::Markup {
        html! { @if let Some(value) = self.figure_of(whose) { " – " span.note { (text(lang, "reported-already")) " " (format::short(lang, (value * 100.0).round() / 100.0)) " " (self.measure.unit) } } }
    }

    fn target(&self, whose: &Whose) -> String {
        let known = self.known.and_then(|known| known.targets.iter().find(|(who, _)| who == whose));
        known.map(|(_, value)| typed(*value)).unwrap_or_default()
    }

    /// The form of the targets of the period.
    fn targets(&self, lang: Lang, who: &Who<'_>, path: &str) -> maud::Markup {
        let t = |key| text(lang, key);
        let line = |id: &str, label: &str, whose: &Whose| {
            let name = format!("target-{id}");
            let now = Some((self.filled)(&name)).filter(|now| !now.is_empty()).unwrap_or_else(|| self.target(whose));
            let was = self.target(whose);
            html! {
                @if !was.is_empty() { input type="hidden" name={ "was-" (id) } value=(was); }
                label { (label) " " span.note { (self.measure.unit) } input type="text" inputmode="decimal" name=(name) value=(now) maxlength="20"; }
            }
        };
        html! {
            details open[(self.filled)("do") == "targets"] {
                summary { (t("targets-set")) }
                form.column action=(path) method="post" enctype="multipart/form-data" {
                    (who.hidden(lang))
                    input type="hidden" name="period" value=(self.period);
                    p.note { (t("targets-help")) }
                    (line("city", t("target-common"), &Whose::City))
                    @for unit in self.units { (line(unit.id.as_str(), lang.pick(&unit.name_vi, &unit.name_en), &Whose::Unit(unit.id.clone()))) }
                    @for (number, body) in self.bodies.iter().enumerate() {
                        input type="hidden" name={ "body-" (number) } value=(body);
                        @if !body.is_empty() { (line(&format!("body-{number}"), body, &Whose::Body(body.clone()))) }
                    }
                    button.wide name="do" value="targets" { (t("targets-save")) }
                }
            }
        }
    }

    fn line(&self, lang: Lang, id: &str, name: &str, whose: &Whose) -> maud::Markup {
        let t = |key| text(lang, key);
        html! {
            fieldset {
                legend { (name) (self.reported(lang, whose)) }
                @if self.measure.method == Method::Sample && matches!(whose, Whose::Unit(_)) {
                    (self.cell("yes", id, t("result-yes")))
                    (self.cell("asked", id, t("result-asked")))
                    (self.cell("population", id, t("result-population")))
                    // A workbook may have a figure where answers are meant: it is shown, and can be taken out.
                    @if !(self.filled)(&format!("value-{id}")).is_empty() { (self.cell("value", id, &self.measure.unit)) }
                } @else {
                    (self.cell("value", id, &self.measure.unit))
                }
            }
        }
    }
}

/// The form of a period.
pub fn entry(lang: Lang, city: &City, who: &Who<'_>, moment: &Moment, entry: &Entry<'_>, wrong: Option<&str>) -> String {
    let t = |key| text(lang, key);
    let filled = entry.filled;
    let path = format!("/office/indicators/{}", entry.code);
    let sheet = format!("{path}/sheet.xlsx?period={}", entry.period);
    let field = |label: &str, name: &str, kind: &str, is_needed: bool| html! { label { (label) input type=(kind) name=(name) value=(filled(name)) maxlength="300" required[is_needed]; } };
    let content = html! {
        (wrong_box(wrong))
        p { a href={ "/indicators/" (entry.code) "?period=" (entry.period) (lang.and()) } { (t("office-see-page")) } @if entry.is_city { " · " a href={ (path) "/edit" (lang.query()) } { (t("indicator-edit")) } } }
        form action=(path) method="get" {
            label.above { (t("period-of")) " " span.note { "2026 · 2026-Q4 · 2026-10" } }
            input type="text" name="period" value=(entry.period) maxlength="7" aria-label=(t("period-of"));
            button.plain { (t("show")) }
        }
        @if let Some(known) = entry.known.filter(|known| !known.missing.is_empty()) {
            p { b { (t("not-reported")) ": " } (known.missing.iter().filter_map(|id| city.units.get(id)).map(|unit| lang.pick(&unit.name_vi, &unit.name_en)).collect::<Vec<_>>().join(", ")) }
        }
        @if let Some(report) = entry.report { (findings(lang, report, 40, false)) p { (t("result-read")) } }
        form.column.rows action=(path) method="post" enctype="multipart/form-data" {
            (who.hidden(lang))
            input type="hidden" name="period" value=(entry.period);
            fieldset {
                legend { (t("result-file")) }
                p { a href=(sheet) { (t("result-template")) } }
                label { (t("result-file-choose")) input type="file" name="file" accept=".xlsx,.csv"; }
                button.plain name="do" value="read" formnovalidate { (t("result-file-read")) }
            }
            (field(t("field-as_of"), "as_of", "date", true))
            (field(t("figures-source"), "source", "text", true))
            (field(t("result-document"), "document", "text", false))
            @for unit in entry.units { (entry.line(lang, unit.id.as_str(), lang.pick(&unit.name_vi, &unit.name_en), &Whose::Unit(unit.id.clone()))) }
            @if entry.is_city {
                (entry.line(lang, "city", t("whole-city"), &Whose::City))
                @for (number, body) in entry.bodies.iter().enumerate() { (entry.body(lang, number, body)) }
            }
            (field(t("result-reason"), "reason", "text", false))
            p.note { (t("result-partial")) }
            button.wide name="do" value="save" { (t("result-save")) }
        }
        @if entry.is_city { (entry.targets(lang, who, &path)) }
        details {
            summary { (t("pledge-new")) }
            form.column action=(path) method="post" enctype="multipart/form-data" {
                (who.hidden(lang))
                input type="hidden" name="period" value=(entry.period);
                label { (t("units")) select name="pledge_unit" { @for unit in entry.units { option value=(unit.id.as_str()) { (lang.pick(&unit.name_vi, &unit.name_en)) } } } }
                @if entry.is_city { (field(t("pledge-body"), "pledge_body", "text", false)) }
                (field(t("pledge"), "pledge", "text", true))
                (field(t("pledge-signed-by"), "signed_by", "text", true))
                label { (t("pledge-signed-on")) input type="date" name="signed_on" value=(moment.today) required; }
                (field(t("result-document"), "pledge_document", "text", false))
                button.wide name="do" value="pledge" { (t("pledge-save")) }
            }
        }
    };
    frame(lang, city, who, &entry.measure.title, &path, content)
}
