//! What the register of boards says about the print whose code was scanned, and about a board's prints.

use maud::{Markup, html};

use super::Item;
use crate::domain::posting::Posting;
use crate::domain::publication::Status;
use crate::domain::publication::view::View;
use crate::words::format;
use crate::words::text::text;

/// The print whose code was scanned.
#[derive(Debug, Clone)]
pub enum Print {
    /// The mark after the code does not fit it.
    WrongMark,
    /// The register has no board with this number.
    NoBoard(u32),
    /// The board, with what the register says about this item on it.
    Of(Box<View>),
}

impl Item<'_> {
    /// Says which revision a print shows, and whether that one is in force. The first value is true if the
    /// print is not genuine: whoever scanned it must learn that first.
    pub(super) fn print_note(&self) -> (bool, Markup) {
        let Some(print) = self.print else { return (false, html! {}) };
        let (class, body) = match print {
            Print::WrongMark => ("status bad", html! { b { (self.t("print-wrong")) } (self.t("print-wrong-help")) }),
            Print::NoBoard(number) => (
                "status bad",
                html! { b { (self.t("print-unknown")) } (self.t("print-no-board")) " " (number) ". " (self.t("print-beware")) },
            ),
            Print::Of(board) => {
                let posting = board.board().into_iter().flat_map(|own| &own.postings).find(|posting| posting.item == self.view.code);
                match posting {
                    None => (
                        "status bad",
                        html! {
                            b { (self.t("print-unknown")) }
                            (self.t("print-not-posted")) " “" (board.title) "”. " (self.t("print-beware"))
                        },
                    ),
                    Some(posting) => self.posted(board, posting),
                }
            }
        };
        let number = match print {
            Print::Of(board) => board.board().map(|own| own.number),
            Print::NoBoard(number) => Some(*number),
            Print::WrongMark => None,
        };
        let note = html! {
            div class=(class) role="note" {
                (body)
                p { a href={ "/q/" (self.view.code) "/report?kind=false-code" @if let Some(number) = number { "&board=" (number) } (self.lang.and()) } { (self.t("report-false-code")) } }
            }
        };
        (class == "status bad", note)
    }

    fn posted(&self, board: &View, posting: &Posting) -> (&'static str, Markup) {
        let place = html! { a href={ "/q/" (board.code) (self.lang.query()) } { (board.title) } };
        if let Some(reason) = &posting.revoked {
            return ("status bad", html! { b { (self.t("print-revoked")) } (place) ": " (reason) });
        }
        if let Some(day) = posting.removed {
            return (
                "status wait",
                html! { b { (self.t("print-removed")) } (place) ", " (self.t("of-day")) " " (format::date(day)) ". " (self.t("print-removed-help")) },
            );
        }
        let revision = posting.hung.as_ref().map_or(posting.printed.0, |hung| hung.0);
        let since = self.view.history.iter().find(|entry| entry.number == revision).map(|entry| entry.effective_from);
        let shows = html! {
            (self.t("print-shows")) " " (revision) @if let Some(since) = since { " (" (self.t("of-day")) " " (format::date(since)) ")" } ". "
        };
        let hangs = html! {
            @match &posting.hung {
                Some((_, day, by)) => { (self.t("print-hangs")) " " (place) " " (self.t("since")) " " (format::date(*day)) @if let Some(by) = by { " (" (by) ")" } "." }
                None => { (self.t("print-for")) " " (place) ", " (self.t("print-not-hung")) }
            }
        };
        if revision == self.view.revision && self.view.status != Status::InForce {
            // The print shows a revision that no longer holds, or not yet. The top of the page says what it is.
            return ("status wait", html! { b { (self.t("print-not-in-force")) } (self.t(&self.view.standing)) ". " (shows) (hangs) });
        }
        if posting.standing(Some(self.view)) == "posting-stale" && revision == self.view.revision {
            let history = html! { a href={ "/q/" (self.view.code) "/history" (self.lang.query()) } { (self.t("full-history")) } };
            return (
                "status wait",
                html! { b { (self.t("print-corrected")) } (self.t("print-corrected-help")) " " (history) " " (shows) (hangs) },
            );
        }
        if revision == self.view.revision {
            return ("status part", html! { b { (self.t("print-current")) } (shows) (hangs) });
        }
        let class = "status wait";
        let (from, to) = (revision.min(self.view.revision), revision.max(self.view.revision));
        let body = html! {
            b { (self.t(if revision < self.view.revision { "print-old" } else { "print-early" })) }
            (shows)
            @if self.view.status == Status::InForce { (self.t("print-now")) " " (self.view.revision) " – " }
            a href={ "/q/" (self.view.code) "/changes?from=" (from) "&to=" (to) (self.lang.and()) } { (self.t("see-changes")) }
            br; (hangs)
        };
        (class, body)
    }

    /// The prints on a board.
    pub(super) fn postings(&self) -> Markup {
        let Some(board) = self.view.board() else { return html! {} };
        let title = |code| self.others.iter().find(|view: &&View| view.code == code);
        html! {
            @if board.is_due { div.status.wait { b { (self.t("board-due")) } (self.t("check-overdue")) " " (format::date(board.due)) } }
            @for document in self.view.documents.iter().filter(|document| document.media_type.starts_with("image/")) {
                p { img.photo src={ (self.files()) (document.sha256) } alt=(document.title) loading="lazy"; }
            }
            h2 { (self.t("on-board")) }
            @if !board.postings.iter().any(Posting::hangs) { p { (self.t("board-empty")) } }
            ul.list {
                @for posting in &board.postings {
                    @let view = title(posting.item);
                    li {
                        a href={ "/q/" (posting.item) (self.lang.query()) } { (view.map_or(posting.item.as_str(), |view| view.title.as_str())) }
                        " " span.tag { (text(self.lang, posting.standing(view))) }
                        br; (self.t("printed-revision")) " " (posting.hung.as_ref().map_or(posting.printed.0, |hung| hung.0))
                        @if let Some((_, day, by)) = &posting.hung { ", " (self.t("hung-on")) " " (format::date(*day)) @if let Some(by) = by { " (" (by) ")" } }
                        @if let Some(day) = posting.removed { ", " (self.t("removed-on")) " " (format::date(day)) }
                        @if let Some(reason) = &posting.revoked { ". " (reason) }
                    }
                }
            }
            @if self.draft.is_none() { p.noprint { a href={ "/office/boards/" (self.view.code) (self.lang.query()) } { (self.t("office-at-board")) } } }
        }
    }
}
