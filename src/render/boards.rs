//! The list of the city's notice boards: what hangs where, and which boards need a visit.

use maud::html;
use serde_json::{Value, json};

use super::layout::{Page, page};
use crate::domain::city::City;
use crate::domain::posting::Posting;
use crate::domain::publication::view::Moment;
use crate::domain::publication::view::View;
use crate::domain::unit::UnitId;
use crate::words::format;
use crate::words::text::Lang;
use crate::words::text::text;

/// A board with the items printed for it.
pub struct Entry {
    /// The board.
    pub board: View,
    /// The items.
    pub items: Vec<View>,
}

/// Which boards the list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoardFilter {
    /// All boards.
    All,
    /// Boards with a print that is out of date, or that still hangs although it was revoked.
    Superseded,
    /// Boards that nobody has checked for too long.
    Check,
}

impl BoardFilter {
    fn key(self) -> &'static str {
        match self {
            Self::All => "boards-all",
            Self::Superseded => "boards-superseded",
            Self::Check => "boards-check",
        }
    }

    fn value(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Superseded => "superseded",
            Self::Check => "check",
        }
    }
}

impl Entry {
    /// The prints, each with its item and the key of what is to be said of it.
    pub fn postings(&self) -> impl Iterator<Item = (&Posting, Option<&View>, &'static str)> {
        self.board.board().into_iter().flat_map(|own| &own.postings).map(|posting| {
            let view = self.items.iter().find(|view| view.code == posting.item);
            (posting, view, posting.standing(view))
        })
    }

    /// True if the board belongs in that list.
    pub fn is_wanted(&self, wanted: BoardFilter) -> bool {
        match wanted {
            BoardFilter::All => true,
            BoardFilter::Superseded => {
                self.postings().any(|(posting, _, state)| posting.hangs() && matches!(state, "posting-stale" | "posting-revoked"))
            }
            BoardFilter::Check => self.board.board().is_some_and(|board| board.is_due),
        }
    }

    /// The board and its prints as JSON.
    pub fn json(&self, public_url: &str) -> Value {
        let postings: Vec<Value> = self
            .postings()
            .map(|(posting, view, state)| {
                json!({
                    "item": posting.item, "title": view.map(|view| &view.title), "state": state.trim_start_matches("posting-"),
                    "printed": { "revision": posting.printed.0, "on": posting.printed.1 },
                    "hung": posting.hung.as_ref().map(|(revision, on, by)| json!({ "revision": revision, "on": on, "by": by })),
                    "removed": posting.removed, "revoked": posting.revoked, "current_revision": view.map(|view| view.revision),
                })
            })
            .collect();
        let board = self.board.board();
        json!({
            "code": self.board.code, "url": format!("{public_url}/q/{}", self.board.code), "title": self.board.title,
            "number": board.map(|board| board.number), "units": self.board.units, "position": self.board.position,
            "checked": board.and_then(|board| board.checked), "check_due": board.map(|board| board.due),
            "is_due": board.map(|board| board.is_due), "postings": postings,
        })
    }
}

/// The page with the list.
pub fn list(lang: Lang, city: &City, moment: &Moment, wanted: BoardFilter, unit: Option<&UnitId>, entries: &[Entry]) -> String {
    let t = |key| text(lang, key);
    let only = unit.map(|unit| format!("&unit={unit}")).unwrap_or_default();
    let address = |wanted: BoardFilter| format!("/boards?due={}{only}{}", wanted.value(), lang.and());
    let content = html! {
        h1 { (t("boards")) " (" (entries.len()) ")" }
        p {
            @for (i, other) in [BoardFilter::All, BoardFilter::Superseded, BoardFilter::Check].into_iter().enumerate() {
                @if i > 0 { " · " }
                @if other == wanted { strong { (t(other.key())) } } @else { a href=(address(other)) { (t(other.key())) } }
            }
        }
        p {
            (t("your-unit")) " "
            @for (i, known) in city.units.valid_on(moment.today).enumerate() {
                @if i > 0 { " · " }
                @if unit == Some(&known.id) { strong { (lang.pick(&known.name_vi, &known.name_en)) } }
                @else { a href={ "/boards?due=" (wanted.value()) "&unit=" (known.id) (lang.and()) } { (lang.pick(&known.name_vi, &known.name_en)) } }
            }
            @if unit.is_some() { " · " a href={ "/boards?due=" (wanted.value()) (lang.and()) } { (t("whole-city")) } }
        }
        p.noprint { a href={ "/booklet.pdf?unit=" (unit.map_or("all", UnitId::as_str)) (lang.and()) } { (t("booklet-pdf")) } }
        @if entries.is_empty() { p { (t("nothing-here")) } }
        ul.list {
            @for entry in entries {
                @let board = entry.board.board();
                li {
                    b { @if let Some(board) = board { (t("board-number")) " " (board.number) ": " } a href={ "/q/" (entry.board.code) (lang.query()) } { (entry.board.title) } }
                    @if let Some(board) = board {
                        br; span.note { (t(if board.is_due { "check-overdue" } else { "check-due" })) " " (format::date(board.due)) }
                        @if board.is_due { " " span.tag { (t("board-due")) } }
                    }
                    ul {
                        @for (posting, view, state) in entry.postings() {
                            li {
                                a href={ "/q/" (posting.item) (lang.query()) } { (view.map_or(posting.item.as_str(), |view| view.title.as_str())) }
                                " – " (t("printed-revision")) " " (posting.hung.as_ref().map_or(posting.printed.0, |hung| hung.0))
                                " " span.tag { (text(lang, state)) }
                            }
                        }
                    }
                }
            }
        }
    };
    page(
        &Page::new(lang, city, t("boards"), &format!("/boards?due={}{only}", wanted.value()))
            .alternate("application/json", format!("/boards?f=json&due={}{only}", wanted.value())),
        content,
    )
}
