//! The forms between a planner's file and a plan.

use jiff::Timestamp;
use maud::{Markup, html};

use super::choices::{column, fates, is_urban, layers, lots};
use super::findings::findings;
use super::meanwhile::meanwhile_box;
use super::{WANTED, Who, frame, lacking, wrong_box};
use crate::app::imports::{KeptImport, Meanwhile};
use crate::domain::Code;
use crate::domain::city::City;
use crate::domain::plan::PlanKind;
use crate::domain::publication::view::Moment;
use crate::import::report::Severity;
use crate::import::zones::{LEFT_OUT, WITHOUT_AREA};
use crate::render::page::{Before, Item};
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
/// Features that can be left out, of which the page offers so many.
const MOST_CHOICES: usize = 200;
/// Findings that the page lists; the report has all of them.
const LISTED: usize = 12;

/// A file that was read.
pub struct Read<'a> {
    /// Its id.
    pub id: &'a str,
    /// What was found.
    pub kept: &'a KeptImport,
    /// The files that were attached so far: the field's name, the file's id and its own name.
    pub files: &'a [(String, String, String)],
    /// Version of the form.
    pub version: &'a str,
    /// Whose draft it is, if it is another person's.
    pub others: Option<&'a str>,
    /// The item that it was proposed or published as, and who returned it with which comment.
    pub sent: Option<(Code, Option<(String, String)>)>,
}

/// What stands above the form of what the plan states.
#[derive(Clone, Copy)]
pub enum Said<'a> {
    /// Nothing.
    Nothing,
    /// It was kept.
    Kept,
    /// Why it was refused.
    Wrong(&'a str),
    /// Somebody else has changed it: the fields put together, what they changed, who and when.
    Meanwhile {
        /// The fields as the form is filled.
        merged: &'a [(String, String)],
        /// What was changed.
        meanwhile: &'a [Meanwhile],
        /// Who changed it last.
        by: &'a str,
        /// When.
        at: Timestamp,
    },
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

/// The choice of a coordinate system.
fn systems(lang: Lang, city: &City, chosen: &str) -> Markup {
    let zones = std::iter::once(city.default_crs).chain(city.zones.iter().copied().filter(|epsg| *epsg != city.default_crs));
    let mut systems: Vec<(String, String)> = zones.map(|epsg| (format!("EPSG:{epsg}"), format!("VN-2000, EPSG:{epsg}"))).collect();
    systems.push(("EPSG:4326".into(), "WGS 84".into()));
    html! {
        label { (text(lang, "office-crs"))
            select name="crs" {
                option value="" { (text(lang, "office-crs-file")) }
                @for (code, name) in &systems { option value=(code) selected[code == chosen] { (name) } }
            }
        }
    }
}

/// The form that reads the same file again, with other choices.
fn again(lang: Lang, city: &City, who: &Who<'_>, read: &Read<'_>) -> Markup {
    let t = |key| text(lang, key);
    let KeptImport { report, form, file, .. } = read.kept;
    let chosen = |name: &str| form.iter().find(|(known, _)| known == name).map_or("", |(_, text)| text.as_str());
    let without: Vec<_> = report
        .findings
        .iter()
        .filter(|f| f.layer.is_none())
        .filter(|f| f.check == LEFT_OUT || WITHOUT_AREA.contains(&f.check.as_str()))
        .collect();
    html! {
        details open[read.kept.set.is_none()] {
            summary { (t("office-read-again")) }
            form.column action="/office/plans/new" method="post" enctype="multipart/form-data" {
                (who.hidden(lang))
                input type="hidden" name="upload" value=(file);
                input type="hidden" name="instead" value=(read.id);
                @for name in ["revises", "kind", "authority", "signed", "effective_from"] { input type="hidden" name=(name) value=(chosen(name)); }
                (systems(lang, city, chosen("crs")))
                (column(lang, "land_use", "office-column-code", &report.columns, report.code_column.as_deref().unwrap_or(chosen("land_use"))))
                (column(lang, "name", "office-column-name", &report.columns, report.name_column.as_deref().unwrap_or(chosen("name"))))
                (column(lang, "note", "office-column-note", &report.columns, report.note_column.as_deref().unwrap_or(chosen("note"))))
                @if report.layers.is_empty() { (field(lang, "layer", "office-layer", &|name| chosen(name).to_owned(), false)) }
                @if is_urban(chosen("kind")) { (layers(lang, report)) (lots(lang, report, &chosen)) }
                @if !without.is_empty() {
                    fieldset {
                        legend { (t("office-leave-out")) }
                        p.note { (t("office-leave-out-help")) }
                        @for finding in without.iter().take(MOST_CHOICES) {
                            @if let Some(number) = finding.feature {
                                label { input type="checkbox" name="leave_out" value=(number) checked[finding.check == LEFT_OUT]; " #" (number) ": " (finding.said.text(lang)) }
                            }
                        }
                    }
                }
                button.plain { (t("office-read-again-button")) }
            }
            p { a href={ "/office/plans/new?revises=" (chosen("revises")) (lang.and()) } { (t("office-other-file")) } }
        }
    }
}

/// A file that goes with the plan: what is there already, and another one.
fn document(lang: Lang, name: &str, key: &str, read: &Read<'_>) -> Markup {
    let there = read.files.iter().find(|(field, ..)| field == name);
    html! {
        label { (text(lang, key)) input type="file" name=(name); }
        @if let Some((field, _, title)) = there {
            p.note { (text(lang, "office-document-there")) ": " (title) " " label { input type="checkbox" name="drop" value=(field); " " (text(lang, "office-document-drop")) } }
        }
    }
}

/// Most plans that are listed to choose from; of more the code is typed.
pub const MOST_LISTED: usize = 200;

/// The form for the file: which plan it is, and choices for how it is read.
pub fn file(lang: Lang, city: &City, who: &Who<'_>, plans: &[(Code, String)], filled: Filled<'_>, wrong: Option<&str>) -> String {
    let t = |key| text(lang, key);
    let revises = filled("revises");
    let content = html! {
        (wrong_box(wrong))
        p { (t("office-file-help")) }
        form.column action="/office/plans/new" method="post" enctype="multipart/form-data" data-pieces
            data-sent=(t("upload-sent")) data-again=(t("upload-again")) data-reading=(t("upload-reading"))
            data-failed=(t("upload-failed")) data-out=(t("upload-out")) {
            (who.hidden(lang))
            label { (t("office-file")) input type="file" name="file" required; }
            label { (t("office-revises"))
                @if plans.len() > MOST_LISTED {
                    input type="text" name="revises" value=(revises) maxlength="20" autocapitalize="characters" placeholder=(t("office-revises-code"));
                } @else {
                    select name="revises" {
                        option value="" { (t("office-new-plan-option")) }
                        @for (code, title) in plans { option value=(code) selected[code.as_str() == revises] { (code) " – " (title) } }
                    }
                }
            }
            (kinds(lang, &filled("kind")))
            (field(lang, "authority", "authority", filled, true))
            (day(lang, "signed", "signed", filled, true))
            (day(lang, "effective_from", "effective-from", filled, false))
            details {
                summary { (t("office-file-choices")) }
                (systems(lang, city, &filled("crs")))
                (field(lang, "land_use", "office-column-code", filled, false))
                (field(lang, "name", "office-column-name", filled, false))
                (field(lang, "note", "office-column-note", filled, false))
                (field(lang, "layer", "office-layer", filled, false))
            }
            button.wide { (t("office-file-read")) }
        }
        script src="/assets/upload.js" defer {}
    };
    frame(lang, city, who, t("office-new-plan"), "/office/plans/new", content)
}

/// What was found in the file: counts, and the first findings.
fn found(lang: Lang, read: &Read<'_>) -> Markup {
    let t = |key| text(lang, key);
    let report = &read.kept.report;
    let is_clean = read.kept.set.is_some();
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
        (findings(lang, report, LISTED, true))
        (fates(lang, report))
        p {
            a href={ "/office/imports/" (read.id) "/report" } { (t("office-whole-report")) }
            @if read.kept.set.is_some() { " · " a href={ "/office/imports/" (read.id) "/map" (lang.query()) } { (t("office-map")) } }
        }
    }
}

/// The choice of a plan's units.
fn units_of(lang: Lang, city: &City, moment: &Moment, chosen: &[String]) -> Markup {
    html! {
        details open[!chosen.is_empty()] {
            summary { (text(lang, "units")) }
            p.note { (text(lang, "office-units-help")) }
            @for unit in city.units.valid_on(moment.today) {
                label { input type="checkbox" name="unit" value=(unit.id.as_str()) checked[chosen.iter().any(|id| id == unit.id.as_str())]; " " (lang.pick(&unit.name_vi, &unit.name_en)) }
            }
        }
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
    said: Said<'_>,
) -> String {
    let t = |key| text(lang, key);
    let path = format!("/office/imports/{}", read.id);
    let content = html! {
        @match said {
            Said::Nothing => {}
            Said::Kept => div.status.good role="status" { (t("office-draft-kept")) },
            Said::Wrong(what) => (wrong_box(Some(what))),
            Said::Meanwhile { meanwhile, by, at, .. } => (meanwhile_box(lang, city, moment, meanwhile, by, at)),
        }
        @if let Some(name) = read.others { p { b { (t("draft-of")) " " (name) } } }
        @if let Some((code, returned)) = &read.sent {
            @if let Some((by, comment)) = returned { div.status.wait { b { (t("proposal-returned-by")) " " (by) } p { (comment) } } }
            p { a href={ "/office/proposals/" (code) (lang.query()) } { (t("draft-sent")) } }
        }
        (found(lang, read))
        @if read.others.is_none() { (again(lang, city, who, read)) }
        @if read.kept.set.is_some() {
            h2 { (t("office-facts")) }
            form.column action=(path) method="post" enctype="multipart/form-data" {
                (who.hidden(lang))
                input type="hidden" name="version" value=(read.version);
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
                    @let is_revision = !filled("revises").is_empty();
                    select name="adjustment" required[is_revision] {
                        // Which of the two it is, nobody can guess.
                        @if is_revision { option value="" { (t("office-choose")) } }
                        @for kind in ["first", "overall", "local"].into_iter().skip(usize::from(is_revision)) { option value=(kind) selected[filled("adjustment") == kind] { (text(lang, &format!("adjustment-{kind}"))) } }
                    }
                }
                (field(lang, "period_from", "office-period-from", filled, false))
                (field(lang, "period_to", "office-period-to", filled, false))
                (field(lang, "vision", "vision", filled, false))
                (field(lang, "scale", "scale", filled, false))
                (field(lang, "level", "level", filled, false))
                (field(lang, "information_code", "information-code", filled, false))
                (units_of(lang, city, moment, units))
                fieldset {
                    legend { (t("documents")) }
                    p.note { (t("office-documents-help")) }
                    @if !read.version.is_empty() { (lacking(lang, |_, wanted| read.files.iter().any(|(field, ..)| field == wanted))) }
                    @for (_, key, name) in WANTED {
                        (document(lang, name, key, read))
                    }
                }
                (super::hour_field(lang, &filled("at")))
                // Enter in a field presses the first button, and must not open a preview.
                button name="do" value="keep" hidden formnovalidate {}
                fieldset {
                    legend { (t("draft-preview")) }
                    @for (what, key) in [("page", "draft-preview-page"), ("poster", "draft-preview-poster"), ("changes", "draft-preview-changes")] {
                        button.plain name="do" value={ "preview-" (what) } { (t(key)) } " "
                    }
                }
                button.wide name="do" value="propose" { (t("office-propose")) }
                p.note { (t("office-propose-help")) }
                // A draft may lack what a plan must have.
                button.plain name="do" value="keep" formnovalidate { (t("office-keep-draft")) }
            }
        }
        @if read.others.is_none() {
            p.note { (t("draft-share")) " " (city.public_url) (path) }
            form action=(path) method="post" enctype="multipart/form-data" {
                (who.hidden(lang))
                button.plain name="do" value="drop" { (t("office-drop-draft")) }
            }
        }
        script src="/assets/typing.js" defer {}
    };
    frame(lang, city, who, t("office-file-read-title"), &path, content)
}

/// What a draft would change.
pub fn changes(lang: Lang, city: &City, who: &Who<'_>, id: &str, draft: &Item<'_>, before: Option<&Before<'_>>) -> String {
    let t = |key| text(lang, key);
    let path = format!("/office/imports/{id}");
    let content = html! {
        div.status.bad { b { (t("draft-mark")) } }
        p { a href={ (path) (lang.query()) } { (t("draft-back")) } }
        @match before {
            Some(before) => { (draft.status()) (draft.changed(before)) },
            None => { (draft.status()) (draft.facts()) },
        }
    };
    frame(lang, city, who, &draft.view.title, &path, content)
}
