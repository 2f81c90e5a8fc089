//! Which prints of an item hang.

use crate::domain::publication::view::View;
use crate::words::text::{Lang, text};

/// How many prints of revisions that are `meant` hang, and on how many boards.
fn hanging(view: &View, boards: &[View], meant: impl Fn(u32) -> bool) -> (usize, usize) {
    // What hangs on a board goes with it.
    if let Some(own) = view.board() {
        let hanging = own.postings.iter().filter(|posting| posting.hangs()).count();
        return (hanging, usize::from(hanging > 0));
    }
    let hangs = |board: &View| {
        let postings = board.board().map(|own| own.postings.as_slice()).unwrap_or_default();
        let own = postings.iter().filter(|posting| posting.item == view.code && posting.hangs());
        own.filter_map(|posting| posting.hung.as_ref()).filter(|(revision, ..)| meant(*revision)).count()
    };
    let counts: Vec<usize> = boards.iter().map(hangs).filter(|count| *count > 0).collect();
    (counts.iter().sum(), counts.len())
}

/// Which prints on these boards become wrong by a change of the revisions that are `meant`, in words.
pub(super) fn becomes_wrong(lang: Lang, view: &View, boards: &[View], meant: impl Fn(u32) -> bool) -> String {
    match hanging(view, boards, meant) {
        (0, _) => text(lang, "office-no-print-hangs").to_owned(),
        (prints, boards) => {
            format!("{prints} {} {boards} {}", text(lang, "office-prints-on"), text(lang, "office-boards-become-wrong"))
        }
    }
}
