//! What residents reported, as clerks see it.

use super::{Who, frame};
use crate::domain::city::City;
use crate::domain::publication::view::Moment;
use crate::render::reports::{Line, Work, open};
use crate::words::text::{Lang, text};

/// The open reports, each with buttons to close it.
pub fn list(lang: Lang, city: &City, who: &Who<'_>, moment: &Moment, lines: &[Line], count: usize) -> String {
    let work = Work { action: "/office/reports", hidden: who.hidden(lang), photos: Some("/office/reports/") };
    frame(lang, city, who, &format!("{} ({count})", text(lang, "reports")), "/office/reports", open(lang, moment, lines, count, &work))
}
