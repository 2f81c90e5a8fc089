//! What was read: boards that nobody reads, items that are read most, prints that are out of date and still read.

use jiff::civil::Date;
use maud::html;

use super::{Who, frame};
use crate::domain::Code;
use crate::domain::city::City;
use crate::domain::publication::view::View;
use crate::words::format;
use crate::words::text::{Lang, text};

/// Counts below this are told to nobody: they would tell of single people.
pub const LEAST: i64 = 10;

/// What was read since a day.
pub struct Scans {
    /// The first day that counts.
    pub from: Date,
    /// Boards whose prints nobody has read.
    pub unread: Vec<View>,
    /// Items that were read most, with how often.
    pub most: Vec<(View, i64)>,
    /// Boards with a print that is out of date and is still read: the board, the item, how often.
    pub stale: Vec<(View, Code, i64)>,
}

fn count(lang: Lang, readings: i64) -> String {
    if readings < LEAST { text(lang, "scans-few").to_owned() } else { format::number(lang, readings as f64, 0) }
}

/// The page.
pub fn page(lang: Lang, city: &City, who: &Who<'_>, scans: &Scans) -> String {
    let t = |key| text(lang, key);
    let link = |view: &View| html! { a href={ "/q/" (view.code) (lang.query()) } { (view.title) } };
    let content = html! {
        p.note { (t("scans-how")) " " (format::date(scans.from)) ". " a href="/scans.csv" { "CSV" } }
        h2 { (t("scans-stale")) }
        @if scans.stale.is_empty() { p { (t("nothing-here")) } }
        ul.list { @for (board, item, readings) in &scans.stale { li { (link(board)) ": " a href={ "/q/" (item) (lang.query()) } { (item) } " – " (count(lang, *readings)) } } }
        h2 { (t("scans-unread")) }
        @if scans.unread.is_empty() { p { (t("nothing-here")) } }
        ul.list { @for board in &scans.unread { li { (link(board)) } } }
        h2 { (t("scans-most")) }
        ul.list { @for (view, readings) in &scans.most { li { (link(view)) " – " (count(lang, *readings)) } } }
    };
    frame(lang, city, who, t("scans"), "/office/scans", content)
}
