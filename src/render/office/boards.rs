//! What is to be done at a board.

use jiff::Timestamp;
use maud::{Markup, html};

use super::{Who, frame, wrong_box};
use crate::domain::city::City;
use crate::domain::publication::Status;
use crate::render::boards::Entry;
use crate::words::format;
use crate::words::text::{Lang, text};

/// What the page of a board needs beside the board.
pub struct Work {
    /// The board's version.
    pub seen: i64,
    /// Now, for what waits on the device.
    pub now: Timestamp,
    /// Open reports about the board.
    pub reported: usize,
}

/// A board: what hangs there, what is to be replaced, and that it was looked at.
pub fn one(lang: Lang, city: &City, who: &Who<'_>, entry: &Entry, work: &Work, wrong: Option<&str>) -> String {
    let t = |key| text(lang, key);
    let board = &entry.board;
    let path = format!("/office/boards/{}", board.code);
    let form = |content: Markup| {
        html! {
            form.column action=(path) method="post" data-again {
                (who.hidden(lang))
                input type="hidden" name="seen" value=(work.seen);
                (content)
            }
        }
    };
    let content = html! {
        (wrong_box(wrong))
        @if let Some(own) = board.board() {
            p {
                (t("board-number")) " " (own.number)
                @if let Some(address) = &own.address { " – " (address) }
                br; span.note { (t(if own.is_due { "check-overdue" } else { "check-due" })) " " (format::date(own.due)) }
            }
        }
        h2 { (t("board-prints")) }
        @for (posting, view, state) in entry.postings() {
            section {
                h3 { a href={ "/q/" (posting.item) (lang.query()) } { (view.map_or(posting.item.as_str(), |view| view.title.as_str())) } }
                p {
                    @if let Some((revision, on, _)) = posting.hung.as_ref().filter(|_| posting.hangs()) { (t("board-hangs")) ": " (t("revision")) " " (revision) ", " (format::date(*on)) " · " }
                    (t("printed-revision")) " " (posting.printed.0) " "
                    span.tag { (t(state)) }
                }
                @let item = html! { input type="hidden" name="item" value=(posting.item); };
                @let is_old = view.is_some_and(|view| view.revision != posting.printed.0 || state == "posting-stale" && view.status == Status::InForce);
                @if is_old || posting.anew {
                    (form(html! { (item) button.wide name="do" value="print" { (t("board-print")) } }))
                }
                @let is_new = posting.hung.as_ref().is_none_or(|hung| hung.0 != posting.printed.0 || hung.1 < posting.printed.1);
                @if posting.is_wanted() && is_new || posting.anew {
                    (form(html! { (item) button.wide name="do" value="hang" { (t("board-hung")) } }))
                }
                @if posting.hangs() { (form(html! { (item) button.plain name="do" value="remove" { (t("board-removed")) } })) }
            }
        }
        @if board.board().is_none_or(|own| own.postings.is_empty()) { p { (t("board-empty")) } }
        h2 { (t("board-looked-at")) }
        (form(html! { button.wide name="do" value="check" { (t("board-all-right")) } }))
        h2 { (t("board-damage")) }
        @if work.reported > 0 { p { a href={ "/office/reports" (lang.query()) } { (t("board-reported")) " (" (work.reported) ")" } } }
        form.column action=(path) method="post" enctype="multipart/form-data" data-again {
            (who.hidden(lang))
            input type="hidden" name="seen" value=(work.seen);
            label { (t("board-note")) input type="text" name="note" maxlength="500"; }
            @if !entry.items.is_empty() {
                label {
                    (t("board-damage-where"))
                    select name="item" {
                        option value="" { (t("board-damage-whole")) }
                        @for view in &entry.items { option value=(view.code) { (view.title) } }
                    }
                }
            }
            label { (t("board-photo")) input type="file" name="photo" accept="image/jpeg,image/png"; }
            button.plain name="do" value="damage" { (t("board-damaged")) }
            p.note { (t("board-photo-help")) }
        }
        h2 { (t("board-add")) }
        (form(html! {
            label { (t("office-item-code")) input type="text" name="item" maxlength="20" autocapitalize="characters" required; }
            button.plain name="do" value="print" { (t("board-print")) }
        }))
        (who.waits(lang, work.now))
    };
    frame(lang, city, who, &board.title, &path, content)
}
