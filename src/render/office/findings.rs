//! What was found in a file.

use maud::{Markup, html};

use crate::import::Report;
use crate::import::report::{Finding, Severity};
use crate::words::text::{Lang, text};

/// The first findings of a report, each with its line, and its feature's number where `numbered`. Errors come first: they
/// are what must be mended.
pub(super) fn findings(lang: Lang, report: &Report, most: usize, numbered: bool) -> Markup {
    let (errors, others): (Vec<_>, Vec<_>) = report.findings.iter().partition(|finding| finding.severity == Severity::Error);
    let tag = |severity| match severity {
        Severity::Error => "finding-error",
        Severity::Warning => "finding-warning",
        Severity::Repair => "finding-note",
    };
    let place = |finding: &Finding| {
        let line = finding.line.map(|line| sentence!("report-line", line).text(lang).clone());
        let number = finding.feature.filter(|_| numbered || line.is_none()).map(|number| format!("#{number}"));
        line.into_iter().chain(number).collect::<Vec<_>>().join(", ")
    };
    html! {
        ul.list {
            @for finding in errors.into_iter().chain(others).take(most) {
                li {
                    span.tag { (text(lang, tag(finding.severity))) } " "
                    @let place = place(finding);
                    @if !place.is_empty() { (place) ": " }
                    (finding.said.text(lang))
                }
            }
        }
        @if report.findings.len() > most { p.note { "+ " (report.findings.len() - most) " " (text(lang, "office-more-findings")) } }
    }
}
