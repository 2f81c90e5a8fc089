//! What was asked before and answered for everybody.

use super::image::Image;
use crate::domain::procedure::Procedure;
use crate::domain::publication::Status;
use crate::domain::publication::view::{Moment, View};
use crate::words::fold::fold;

impl Image {
    /// The questions with answers that hold, of a procedure and with all these words; by title.
    pub fn faq(&self, procedure: Option<Procedure>, words: &str, moment: &Moment) -> Vec<View> {
        let wanted = fold(words);
        let fits = |view: &View| {
            let text = fold(&format!("{} {} {}", view.title, view.summary.as_deref().unwrap_or_default(), view.code));
            view.status == Status::InForce
                && procedure.is_none_or(|procedure| view.kind == procedure.as_str())
                && wanted.split_whitespace().all(|word| text.contains(word))
        };
        let all = self.collection("faq").filter_map(|(_, entry)| entry.item.view(None, moment));
        let mut found: Vec<View> = all.filter(fits).collect();
        found.sort_by(|a, b| (&a.title, a.code).cmp(&(&b.title, b.code)));
        found
    }
}
