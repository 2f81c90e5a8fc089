//! The forms between a planner's file and a plan.

use maud::{Markup, html};

use super::{Who, frame, wrong_box};
use crate::app::imports::KeptImport;
use crate::domain::Code;
use crate::domain::city::City;
use crate::domain::plan::PlanKind;
use crate::domain::publication::view::Moment;
use crate::import::report::Severity;
use crate::words::format;
use crate::words::text::{Lang, text};

/// Kinds of plan, in the order in which offices name them.
const KINDS: [PlanKind; 6] = [
    PlanKind::LandUsePlan,
    PlanKind::LandUseSchedule,
    PlanKind::ConstructionPlan,
    PlanKind::GeneralPlan,
    PlanKind::ZoningPlan,
    PlanKind::DetailedPlan,
];
/// Findings that the page lists; the report has all of them.
const LISTED: usize = 12;

/// A file that was read.
pub struct Read<'a> {
    /// Its id.
    pub id: &'a str,
    /// What was found.
    pub kept: &'a KeptImport,
}

/// Gives what a field is filled with.
type Filled<'a> = &'a (dyn Fn(&str) -> String + Sync);

fn field(lang: Lang, name: &str, key: &str, filled: Filled<'_>, is_required: bool) -> Markup {
    html! { label { (text(lang, key)) input type="text" name=(name) value=(filled(name)) maxlength="500" required[is_required]; } }
}

fn day(lang: Lang, name: &str, key: &str, filled: Filled<'_>, is_required: bool) -> Markup {
    html! { label { (text(lang, key)) input type="date" name=(name) value=(filled(name)) required[is_required]; } }
}

fn kinds(lang: Lang, chosen: &str) -> Markup {
    html! {
        label { (text(lang, "plan-kind"))
            select name="kind" {
                @for kind in KINDS { option value=(kind.as_str()) selected[kind.as_str() == chosen] { (text(lang, kind.as_str())) } }
            }
        }
    }
}

/// The form for the file: which plan it is, and choices for how it is read.
pub fn file(lang: Lang, city: &City, who: &Who<'_>, plans: &[(Code, String)], filled: Filled<'_>, wrong: Option<&str>) -> String {
    let t = |key| text(lang, key);
    let revises = filled("revises");
    let content = html! {
        (wrong_box(wrong))
        p { (t("office-file-help")) }
        form.column action="/office/plans/new" method="post" enctype="multipart/form-data" {
            (who.hidden(lang))
            label { (t("office-file")) input type="file" name="file" required; }
            label { (t("office-revises"))
                select name="revises" {
                    option value="" { (t("office-new-plan-option")) }
                    @for (code, title) in plans { option value=(code) selected[code.as_str() == revises] { (code) " – " (title) } }
                }
            }
            (kinds(lang, &filled("kind")))
            (field(lang, "authority", "authority", filled, true))
            (day(lang, "signed", "signed", filled, true))
            (day(lang, "effective_from", "effective-from", filled, false))
            details {
                summary { (t("office-file-choices")) }
                label { (t("office-crs"))
                    select name="crs" {
                        option value="" { (t("office-crs-file")) }
                        @for epsg in std::iter::once(city.default_crs).chain(city.zones.iter().copied()) { option value={ "EPSG:" (epsg) } { "VN-2000, EPSG:" (epsg) } }
                        option value="EPSG:4326" { "WGS 84" }
                    }
                }
                (field(lang, "land_use", "office-column-code", filled, false))
                (field(lang, "name", "office-column-name", filled, false))
                (field(lang, "note", "office-column-note", filled, false))
                (field(lang, "layer", "office-layer", filled, false))
            }
            button.wide { (t("office-file-read")) }
        }
    };
    frame(lang, city, who, t("office-new-plan"), "/office/plans/new", content)
}

/// What was found in the file: counts, and the first findings.
fn found(lang: Lang, read: &Read<'_>) -> Markup {
    let t = |key| text(lang, key);
    let report = &read.kept.report;
    let is_clean = read.kept.set.is_some();
    // Errors first: they are what must be mended.
    let (errors, others): (Vec<_>, Vec<_>) = report.findings.iter().partition(|finding| finding.severity == Severity::Error);
    html! {
        div class=(if is_clean { "status good" } else { "status bad" }) role="status" {
            b { (t(if is_clean { "office-file-clean" } else { "office-file-errors" })) }
            p {
                (report.file) ": " (report.features) " " (t("office-features")) ", "
                (report.count(Severity::Error)) " " (t("office-errors")) ", "
                (report.count(Severity::Warning)) " " (t("office-warnings")) ", "
                (report.count(Severity::Repair)) " " (t("office-repairs"))
                @if report.area_ha > 0.0 { ", " (format::number(lang, report.area_ha, 2)) " ha" }
                @if let Some(crs) = &report.crs { ", " (crs) }
            }
        }
        ul.list {
            @for finding in errors.into_iter().chain(others).take(LISTED) {
                li {
                    span.tag { (t(match finding.severity { Severity::Error => "finding-error", Severity::Warning => "finding-warning", Severity::Repair => "finding-note" })) }
                    " "
                    @if let Some(number) = finding.feature { "#" (number) ": " }
                    (finding.said.text(lang))
                }
            }
        }
        p { a href={ "/office/imports/" (read.id) "/report" } { (t("office-whole-report")) } }
    }
}

/// The page of a file that was read, with the form of what the plan states.
#[expect(clippy::too_many_arguments, reason = "a page shows what it is given")]
pub fn facts(
    lang: Lang,
    city: &City,
    who: &Who<'_>,
    moment: &Moment,
    read: &Read<'_>,
    filled: Filled<'_>,
    units: &[String],
    wrong: Option<&str>,
) -> String {
    let t = |key| text(lang, key);
    let path = format!("/office/imports/{}", read.id);
    let again = ["revises", "kind", "authority", "signed", "effective_from"]
        .map(|name| format!("{name}={}", crate::words::copied::in_query(&filled(name))))
        .join("&");
    let content = html! {
        (wrong_box(wrong))
        (found(lang, read))
        @if read.kept.set.is_none() {
            p { a href={ "/office/plans/new?" (again) (lang.and()) } { (t("office-file-again")) } }
        } @else {
            h2 { (t("office-facts")) }
            form.column action=(path) method="post" enctype="multipart/form-data" {
                (who.hidden(lang))
                input type="hidden" name="revises" value=(filled("revises"));
                (field(lang, "title", "field-title", filled, true))
                (kinds(lang, &filled("kind")))
                label { (t("what-it-means")) textarea name="summary" rows="3" maxlength="2000" { (filled("summary")) } }
                (field(lang, "decision", "decision", filled, true))
                (field(lang, "authority", "authority", filled, true))
                (day(lang, "signed", "signed", filled, true))
                (field(lang, "signatory", "signatory", filled, false))
                (day(lang, "effective_from", "effective-from", filled, true))
                label { (t("adjustment"))
                    select name="adjustment" {
                        @for kind in ["first", "overall", "local"] { option value=(kind) selected[filled("adjustment") == kind] { (text(lang, &format!("adjustment-{kind}"))) } }
                    }
                }
                (field(lang, "period_from", "office-period-from", filled, false))
                (field(lang, "period_to", "office-period-to", filled, false))
                (field(lang, "scale", "scale", filled, false))
                (field(lang, "level", "level", filled, false))
                details open[!units.is_empty()] {
                    summary { (t("units")) }
                    p.note { (t("office-units-help")) }
                    @for unit in city.units.valid_on(moment.today) {
                        label { input type="checkbox" name="unit" value=(unit.id.as_str()) checked[units.iter().any(|id| id == unit.id.as_str())]; " " (lang.pick(&unit.name_vi, &unit.name_en)) }
                    }
                }
                fieldset {
                    legend { (t("documents")) }
                    p.note { (t("office-documents-help")) }
                    @for (name, key) in [("decision_file", "office-document-decision"), ("report_file", "office-document-report"), ("map_file", "office-document-map")] {
                        label { (t(key)) input type="file" name=(name); }
                    }
                }
                button.wide { (t("office-propose")) }
                p.note { (t("office-propose-help")) }
            }
        }
    };
    frame(lang, city, who, t("office-file-read-title"), &path, content)
}
