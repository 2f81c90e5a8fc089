//! An import's report as a page of its own: counts, a map that marks each finding, all findings, and areas
//! by code. The page needs no further request and no script.

use std::sync::LazyLock;

use bytes::Bytes;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::map;
use crate::domain::land_use;
use crate::features::Features;
use crate::import::report::{Finding, Report, Severity, counted_words};
use crate::words::format::decimal;
use crate::words::sentence::{Said, Sentence};
use crate::words::text::Lang;

const STYLE: &str = "
:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:1rem auto;padding:0 1rem}
h1{font-size:1.4rem}h2{font-size:1.15rem;margin-top:2rem}table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.35rem .6rem .35rem 0;border-bottom:1px solid #8886}td.n,th.n{text-align:right}td.w{overflow-wrap:anywhere}
.state{padding:.6rem .8rem;border-left:.5rem solid;font-weight:700}.error{border-color:#b00020}.clean{border-color:#0a6b2d}
svg{width:100%;height:auto;background:#fff;border:1px solid #8886}.en{opacity:.8;display:block;font-size:.92em}
.mark{display:inline-block;min-width:1.9em;padding:0 .3em;border-radius:1em;color:#fff;text-align:center;font-weight:700}
.mark.error{background:#b00020}.mark.warning{background:#8a4b00}.mark.repair{background:#0b5394}
@media print{body{font-size:11pt}a{color:inherit;text-decoration:none}}
";

/// The content security policy: only the page's own style.
pub static CONTENT_SECURITY_POLICY: LazyLock<String> = LazyLock::new(|| super::layout::policy(STYLE));

/// Most findings that are marked on the map.
const MARKED: usize = 400;

fn class(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Repair => "repair",
    }
}

fn word(severity: Severity, count: usize) -> Sentence {
    match severity {
        Severity::Error => sentence!("report-of-errors", count),
        Severity::Warning => sentence!("report-of-warnings", count),
        Severity::Repair => sentence!("report-of-repairs", count),
    }
}

/// The page of a report. `drawn` is the canonical text of the features that could be read.
pub fn page(report: &Report, drawn: &[Bytes]) -> String {
    html! {
        (DOCTYPE)
        html lang="vi" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width,initial-scale=1";
                meta name="robots" content="noindex";
                title { (sentence!("report-title", file = report.file).text(Lang::Vi)) }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body { main { (content(report, drawn)) } }
        }
    }
    .into_string()
}

/// A sentence in Vietnamese, and below it in English.
fn both(said: &Said) -> Markup {
    html! { (said.text(Lang::Vi)) span.en lang="en" { (said.text(Lang::En)) } }
}

fn content(report: &Report, drawn: &[Bytes]) -> Markup {
    let errors = report.count(Severity::Error);
    html! {
        h1 { (both(&sentence!("report-title", file = report.file).said())) }
        @if errors == 0 {
            p.state.clean { (both(&sentence!("report-clean").said())) }
        } @else {
            p.state.error {
                (both(&sentence!("report-errors", errors).said()))
            }
        }
        (facts(report))
        (layers(report))
        @if !drawn.is_empty() { (sketch(report, drawn)) }
        @for severity in [Severity::Error, Severity::Warning, Severity::Repair] { (findings(report, severity)) }
        (codes(report))
    }
}

fn facts(report: &Report) -> Markup {
    let rows: Vec<(Sentence, String)> = [
        (sentence!("report-features"), Some(report.features.to_string())),
        (sentence!("report-counts"), Some(format!("{}, {}", report.count(Severity::Warning), report.count(Severity::Repair)))),
        (sentence!("report-crs"), report.crs.clone()),
        (sentence!("report-plane"), report.plane.clone()),
        (sentence!("report-code-column"), report.code_column.clone()),
        (sentence!("report-name-column"), report.name_column.clone()),
        (sentence!("report-note-column"), report.note_column.clone()),
        (
            sentence!("report-area-repair"),
            (report.area_after_m2 > 0.0)
                .then(|| format!("{} m², {} m²", decimal(report.area_before_m2, 1), decimal(report.area_after_m2, 1))),
        ),
        (sentence!("report-digest"), report.sha256.clone()),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .collect();
    html! {
        table {
            tbody {
                @for (name, value) in &rows {
                    tr { th scope="row" { (both(&name.said())) } td.w { (value) } }
                }
                @for (what, count) in &report.counted {
                    tr { th scope="row" { (both(&counted_words(what).said())) } td { (count) } }
                }
            }
        }
    }
}

/// What became of each layer of a file with several.
fn layers(report: &Report) -> Markup {
    if report.layers.is_empty() {
        return html! {};
    }
    html! {
        h2 { (both(&sentence!("report-layers").said())) }
        table {
            tbody {
                @for layer in &report.layers {
                    tr {
                        th.w scope="row" { (layer.name.as_deref().unwrap_or("–")) }
                        td { (both(&layer.said)) }
                    }
                }
            }
        }
    }
}

/// Findings with their numbers, in the page's order.
fn numbered(report: &Report) -> impl Iterator<Item = (usize, &Finding)> {
    let mut list: Vec<&Finding> = report.findings.iter().collect();
    list.sort_by_key(|finding| finding.severity);
    list.into_iter().enumerate().map(|(i, finding)| (i + 1, finding))
}

fn sketch(report: &Report, drawn: &[Bytes]) -> Markup {
    let whole: Bytes = drawn.concat().into();
    let marks: Vec<map::Mark> = numbered(report)
        .filter_map(|(number, finding)| Some(map::Mark { number, at: finding.at?, class: class(finding.severity) }))
        .take(MARKED)
        .collect();
    let alt = sentence!("report-map-alt", count = marks.len()).text(Lang::Vi);
    let Some(features) = Features::parse(&whole) else { return html! {} };
    html! {
        h2 { (both(&sentence!("report-map").said())) }
        (PreEscaped(map::sketch(&features, &marks, &alt)))
        p { (both(&sentence!("report-numbers").said())) }
    }
}

fn findings(report: &Report, severity: Severity) -> Markup {
    let list: Vec<(usize, &Finding)> = numbered(report).filter(|(_, finding)| finding.severity == severity).collect();
    if list.is_empty() {
        return html! {};
    }
    let more: usize = report
        .not_listed
        .iter()
        .filter(|(check, _)| list.iter().any(|(_, finding)| finding.check == **check))
        .map(|(_, count)| count)
        .sum();
    html! {
        h2 { (both(&word(severity, report.count(severity)).said())) }
        table {
            thead { tr { th scope="col" { (sentence!("report-number").text(Lang::Vi)) } th scope="col" { (both(&sentence!("report-feature").said())) } th scope="col" { (both(&sentence!("report-finding").said())) } } }
            tbody {
                @for (number, finding) in &list {
                    tr id={ "f" (number) } {
                        td { span.mark.(class(severity)) { (number) } }
                        td {
                            @if let Some(layer) = &finding.layer { (layer) br; }
                            @if let Some(feature) = finding.feature { "#" (feature) } @else { (sentence!("report-whole-file").text(Lang::Vi)) }
                            @if let Some(line) = finding.line.filter(|line| *line > 1) { br; (sentence!("report-line", line).text(Lang::Vi)) }
                            @if let Some([lon, lat]) = finding.at { br; (format!("{lon:.5}, {lat:.5}")) }
                        }
                        td { (both(&finding.said)) }
                    }
                }
            }
        }
        @if more > 0 { p { (both(&sentence!("report-more", more).said())) } }
    }
}

fn codes(report: &Report) -> Markup {
    if report.codes.is_empty() {
        return html! {};
    }
    html! {
        h2 { (both(&sentence!("report-areas").said())) }
        table {
            thead { tr {
                th scope="col" { (sentence!("report-code").text(Lang::Vi)) } th scope="col" { (both(&sentence!("report-land-use").said())) }
                th.n scope="col" { (both(&sentence!("report-zones").said())) } th.n scope="col" { "ha" }
            } }
            tbody {
                @for (code, sum) in &report.codes {
                    tr {
                        th scope="row" { (code) }
                        td { (land_use::get(code).map_or("", |entry| entry.name_vi.as_str())) }
                        td.n { (sum.zones) }
                        td.n { (decimal(sum.area_ha, 2)) }
                    }
                }
                tr { th scope="row" { (sentence!("report-sum").text(Lang::Vi)) } td {} td.n { (report.codes.values().map(|sum| sum.zones).sum::<usize>()) } td.n { (decimal(report.area_ha, 2)) } }
            }
        }
    }
}
