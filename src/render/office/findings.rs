//! What was found in a file.

use maud::{Markup, html};

use crate::import::Report;
use crate::import::report::Severity;
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
    html! {
        ul.list {
            @for finding in errors.into_iter().chain(others).take(most) {
                li {
                    span.tag { (text(lang, tag(finding.severity))) } " "
                    @if let Some(line) = finding.line { (sentence!("report-line", line).text(lang)) " " }
                    @if let Some(number) = finding.feature.filter(|_| numbered || finding.line.is_none()) { "#" (number) " " }
                    (finding.said.text(lang))
                }
            }
        }
        @if report.findings.len() > most { p.note { "+ " (report.findings.len() - most) } }
    }
}
