//! Pages on which residents report something and clerks deal with the reports.

use jiff::Timestamp;
use maud::{Markup, html};
use serde_json::{Value, json};

use super::layout::{Page, language_field, page};
use crate::domain::city::City;
use crate::domain::publication::view::Moment;
use crate::domain::publication::view::View;
use crate::domain::report::{ReportId, ReportKind, ReportReceived, ReportState};
use crate::vault::ReportText;
use crate::words::format;
use crate::words::text::Lang;
use crate::words::text::text;

/// The form. After a refusal it shows what is wrong and what was written.
pub fn form(lang: Lang, city: &City, view: &View, kind: ReportKind, board: Option<u32>, wrong: Option<(&str, &ReportText)>) -> String {
    let t = |key| text(lang, key);
    let path = format!("/q/{}/report", view.code);
    let written = wrong.map(|(_, written)| written);
    let content = html! {
        p.kind { a href={ "/q/" (view.code) (lang.query()) } { (view.title) } }
        h1 { (t("report")) }
        @if let Some((what, _)) = wrong { div.status.bad role="alert" { (what) } }
        form.column action=(path) method="post" {
            fieldset {
                legend { (t("report-kind")) }
                @for known in ReportKind::ALL {
                    label { input type="radio" name="kind" value=(known.as_str()) checked[known == kind]; " " (text(lang, &format!("report-kind-{}", known.as_str()))) }
                }
            }
            label { (t("report-text")) textarea name="text" rows="6" maxlength="2000" { (written.map_or("", |written| written.text.as_str())) } }
            label { (t("report-reply")) input type="text" name="reply_to" maxlength="200" autocomplete="off" value=(written.map_or("", |written| written.reply_to.as_str())); }
            @if let Some(board) = board { input type="hidden" name="board" value=(board); }
            (language_field(lang))
            button { (t("report-send")) }
        }
        p.note { (t("report-privacy")) }
        (by_phone(lang, city))
    };
    page(&Page::new(lang, city, t("report"), &path), content)
}

fn by_phone(lang: Lang, city: &City) -> Markup {
    html! {
        @if let Some(phone) = &city.phone {
            p { a.call.plain href={ "tel:" (crate::words::format::dialled(phone)) } { (text(lang, "call")) " " (phone) } }
        }
    }
}

/// The page after a report came in.
pub fn thanks(lang: Lang, city: &City, view: &View, report: &ReportId) -> String {
    let t = |key| text(lang, key);
    let content = html! {
        h1 { (t("report-thanks")) }
        p { (t("report-number")) ": " strong { (report) } }
        p { a href={ "/q/" (view.code) "/reports/" (report) (lang.query()) } { (t("report-see-answer")) } }
        p.note { (t("report-keep-link")) }
        p { a href={ "/q/" (view.code) (lang.query()) } { (view.title) } }
    };
    page(&Page::new(lang, city, t("report-thanks"), &format!("/q/{}/report", view.code)), content)
}

/// What became of a report.
pub fn answered(lang: Lang, city: &City, view: &View, report: &ReportId, state: &ReportState) -> String {
    let t = |key| text(lang, key);
    let path = format!("/q/{}/reports/{report}", view.code);
    let content = html! {
        p.kind { a href={ "/q/" (view.code) (lang.query()) } { (view.title) } }
        h1 { (t("report")) " " (report) }
        @match state.outcome {
            None => div.status.wait { b { (t("report-open")) } },
            Some(outcome) => div.status.good { b { (text(lang, &format!("outcome-{}", outcome.as_str()))) } },
        }
        @if let Some(answer) = &state.answer { h2 { (t("report-answer")) } p { (answer) } }
        @else if state.outcome.is_some() { p { (t("report-no-answer")) } }
        @if state.outcome.is_none() { p.note { (t("report-keep-link")) } }
        (by_phone(lang, city))
    };
    page(&Page::new(lang, city, t("report"), &path), content)
}

/// A report as a clerk sees it.
pub struct Line {
    /// When it came in.
    pub at: Timestamp,
    /// The stored report, without its text.
    pub received: ReportReceived,
    /// The item it is about.
    pub view: Option<View>,
    /// The board it is about.
    pub board: Option<View>,
    /// The text that the resident wrote.
    pub written: Option<ReportText>,
}

impl Line {
    /// What is reported.
    fn what(&self, lang: Lang) -> String {
        let is_board = self.board.as_ref().is_some_and(|board| board.code == self.received.item);
        match self.received.kind {
            ReportKind::DamagedPrint if is_board => text(lang, "report-board-damaged").to_owned(),
            kind => text(lang, &format!("report-kind-{}", kind.as_str())).to_owned(),
        }
    }

    /// The report as JSON.
    pub fn json(&self) -> Value {
        json!({
            "report": self.received.report, "kind": self.received.kind, "at": self.at,
            "item": self.received.item, "title": self.view.as_ref().map(|view| &view.title),
            "board": self.received.board, "photo": self.received.photo.is_some(), "board_title": self.board.as_ref().map(|view| &view.title),
            "text": self.written.as_ref().map(|written| &written.text), "reply_to": self.written.as_ref().map(|written| &written.reply_to),
        })
    }
}

/// The form in which a clerk gives the token.
pub fn sign_in(lang: Lang, city: &City) -> String {
    let t = |key| text(lang, key);
    let content = html! {
        h1 { (t("reports")) }
        p { (t("reports-token")) }
        form action="/reports" method="post" {
            input type="password" name="token" aria-label=(t("token")) placeholder=(t("token")) autocomplete="current-password" required;
            (language_field(lang))
            button { (t("reports-show")) }
        }
    };
    page(&Page::new(lang, city, t("reports"), "/reports"), content)
}

/// Where the forms of a list of reports go, and what each carries.
pub struct Work<'a> {
    /// The address.
    pub action: &'a str,
    /// Hidden fields.
    pub hidden: Markup,
    /// Where photos are, before a report's number; none for a page that cannot show them.
    pub photos: Option<&'a str>,
}

/// The open reports, each with buttons to close it.
pub fn open(lang: Lang, moment: &Moment, lines: &[Line], count: usize, work: &Work<'_>) -> Markup {
    let t = |key| text(lang, key);
    let all = lines.iter().map(|line| line.received.report.0.as_str()).collect::<Vec<_>>().join(" ");
    html! {
        @if lines.is_empty() { p { (t("reports-none")) } }
        @if lines.len() < count { p { (t("reports-newest")) " " (lines.len()) "." } }
        ul.list {
            @for line in lines {
                li {
                    b { (line.what(lang)) } " · " (format::moment(lang, &moment.zone, line.at)) " · " (line.received.report)
                    br; a href={ "/q/" (line.received.item) (lang.query()) } { (line.view.as_ref().map_or(line.received.item.as_str(), |view| view.title.as_str())) }
                    @if let Some(board) = line.board.as_ref().filter(|board| board.code != line.received.item) { " · " a href={ "/q/" (board.code) (lang.query()) } { (board.title) } }
                    @if let Some(written) = &line.written {
                        p { (written.text) }
                        @if !written.reply_to.is_empty() { p { (t("contact")) ": " (written.reply_to) } }
                    }
                    @match (&line.received.photo, work.photos) {
                        (None, _) => {}
                        (Some(_), Some(photos)) => p { img.photo src={ (photos) (line.received.report) "/photo" } alt=(t("report-photo")) loading="lazy"; },
                        (Some(_), None) => p { a href={ "/office/reports" (lang.query()) } { (t("report-photo-office")) } },
                    }
                    form action=(work.action) method="post" {
                        (work.hidden)
                        input type="hidden" name="report" value=(line.received.report);
                        label.above { (t("report-answer")) textarea name="answer" rows="2" maxlength="2000" aria-describedby="answer-help" {} }
                        button name="outcome" value="mended" { (t("outcome-mended")) }
                        button name="outcome" value="no-fault" { (t("outcome-no-fault")) }
                        button name="outcome" value="abuse" { (t("outcome-abuse")) }
                    }
                }
            }
        }
        @if lines.len() > 1 {
            details {
                summary { (t("reports-flood")) }
                form action=(work.action) method="post" {
                    (work.hidden)
                    input type="hidden" name="report" value=(all);
                    button name="outcome" value="abuse" { (t("reports-all-abuse")) " (" (lines.len()) ")" }
                }
            }
        }
        @if !lines.is_empty() { p.note #answer-help { (t("report-answer-help")) } }
        p.note { (t("reports-erased")) }
    }
}

/// The page for a clerk with a token.
pub fn list(lang: Lang, city: &City, moment: &Moment, lines: &[Line], count: usize, token: &str) -> String {
    let t = |key| text(lang, key);
    let work =
        Work { action: "/reports", hidden: html! { input type="hidden" name="token" value=(token); (language_field(lang)) }, photos: None };
    let content = html! { h1 { (t("reports")) " (" (count) ")" } (open(lang, moment, lines, count, &work)) };
    page(&Page::new(lang, city, t("reports"), "/reports"), content)
}
