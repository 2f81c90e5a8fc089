//! Questions to the advisory desk, as far as they are no secret: what they are about, when an answer is due, how long it took.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::question::{QuestionAsked, QuestionEvent, QuestionId};

/// Fewest answers of which a median is told.
const FEWEST: usize = 5;
/// Days that the median looks back.
const BACK: i64 = 365;
/// Microseconds in an hour.
const HOUR: i64 = 3_600_000_000;

/// A question to the desk; its words and its answer are in the vault.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OpenQuestion {
    /// The question.
    pub asked: QuestionAsked,
    /// When it came in, microseconds since 1970.
    pub at: i64,
    /// When it was first answered, microseconds since 1970.
    pub answered: Option<i64>,
    /// True once nobody can read it any more.
    pub erased: bool,
}

/// All questions.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Questions(BTreeMap<QuestionId, OpenQuestion>);

impl Questions {
    /// Applies an event that was recorded at `at`, microseconds since 1970.
    pub(super) fn apply(&mut self, event: QuestionEvent, at: i64) {
        match event {
            QuestionEvent::Asked(asked) => {
                self.0.insert(asked.question.clone(), OpenQuestion { asked, at, answered: None, erased: false });
            }
            QuestionEvent::Answered(answered) => {
                if let Some(known) = self.0.get_mut(&answered.question) {
                    // The first answer counts for the time it took.
                    known.answered.get_or_insert(at);
                }
            }
            QuestionEvent::Erased(erased) => {
                if let Some(known) = self.0.get_mut(&erased.question) {
                    known.erased = true;
                }
            }
        }
    }

    /// A question.
    pub fn get(&self, id: &QuestionId) -> Option<&OpenQuestion> {
        self.0.get(id)
    }

    /// Those that somebody can still read.
    pub fn readable(&self) -> impl Iterator<Item = &OpenQuestion> {
        self.0.values().filter(|known| !known.erased)
    }

    /// Hours within which half of the questions of the last year were answered; none where there were too few.
    pub fn median_hours(&self, now: Timestamp) -> Option<i64> {
        let since = now.as_microsecond() - BACK * 24 * HOUR;
        let mut taken: Vec<i64> =
            self.0.values().filter(|known| known.at >= since).filter_map(|known| Some(known.answered? - known.at)).collect();
        taken.sort_unstable();
        (taken.len() >= FEWEST).then(|| (taken[taken.len() / 2] + HOUR / 2) / HOUR)
    }
}
