//! What residents ask the advisory desk. Their words, their contact and the answer are in the vault, under a key of their own,
//! until somebody erases them.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::days::working_from;
use super::procedure::Procedure;
use super::subject::SubjectId;
use super::unit::UnitId;
use super::{Code, Refusal};
use crate::words::civil::date_schema;

opaque_id! {
    /// An opaque identity of a question. Whoever knows it does not know the receipt.
    QuestionId
}

/// Working days within which the desk answers.
pub const PROMISED_DAYS: usize = 5;

/// The day by which a question of that day is to be answered.
pub fn due(asked: Date) -> Date {
    (0..PROMISED_DAYS).fold(asked, |day, _| day.tomorrow().map_or(day, working_from))
}

/// `question.asked`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QuestionAsked {
    /// The question.
    pub question: QuestionId,
    /// Under this id the vault keeps what was written, and the answer.
    pub subject: SubjectId,
    /// What it is about.
    pub procedure: Procedure,
    /// The unit that it concerns; none for the whole city.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitId>,
    /// True where question and answer may be published without personal parts.
    pub may_publish: bool,
    /// The day by which the desk has promised to answer.
    #[schemars(schema_with = "date_schema")]
    pub due: Date,
}

/// `question.answered`: the answer is in the vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QuestionAnswered {
    /// The question.
    pub question: QuestionId,
    /// The entry under which it was published for everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<Code>,
}

/// `question.erased`: question, contact and answer can be read by nobody any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QuestionErased {
    /// The question.
    pub question: QuestionId,
}

/// Events of a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum QuestionEvent {
    /// It came in.
    Asked(QuestionAsked),
    /// It was answered.
    Answered(QuestionAnswered),
    /// Its words were erased.
    Erased(QuestionErased),
}

/// A question as events left it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct QuestionState {
    /// None before it came in.
    pub asked: Option<QuestionAsked>,
    /// None while it waits for its answer.
    pub answered: Option<QuestionAnswered>,
    /// True once its words are gone.
    pub erased: bool,
}

impl QuestionState {
    fn known(&self) -> Result<&QuestionAsked, Refusal> {
        self.asked.as_ref().ok_or_else(|| Refusal::unknown("unknown-question", sentence!("unknown-question")))
    }

    /// Decides to answer it, and whether it may be published. An answer can be given again, to put it right.
    pub fn answer(&self, answered: QuestionAnswered, is_published: bool) -> Result<QuestionEvent, Refusal> {
        let asked = self.known()?;
        if self.erased {
            return Err(Refusal::conflict("question-erased", sentence!("question-erased")));
        }
        if is_published && !asked.may_publish {
            return Err(Refusal::forbidden("question-private", sentence!("question-private")));
        }
        Ok(QuestionEvent::Answered(answered))
    }

    /// Decides to erase its words; nothing for one whose words are gone.
    pub fn erase(&self) -> Result<Option<QuestionEvent>, Refusal> {
        let asked = self.known()?;
        Ok((!self.erased).then(|| QuestionEvent::Erased(QuestionErased { question: asked.question.clone() })))
    }

    /// Applies an event.
    pub fn apply(&mut self, event: &QuestionEvent) {
        match event {
            QuestionEvent::Asked(asked) => self.asked = Some(asked.clone()),
            QuestionEvent::Answered(answered) => self.answered = Some(answered.clone()),
            QuestionEvent::Erased(_) => self.erased = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn asked(may_publish: bool) -> QuestionState {
        let mut state = QuestionState::default();
        state.apply(&QuestionEvent::Asked(QuestionAsked {
            question: QuestionId("k-1".into()),
            subject: SubjectId("s-1".into()),
            procedure: Procedure::LandSplit,
            unit: None,
            may_publish,
            due: date(2026, 12, 4),
        }));
        state
    }

    #[test]
    fn a_question_is_due_after_five_days_on_which_offices_work() {
        // 27 November 2026 is a Friday; 1 January is a holiday.
        assert_eq!(due(date(2026, 11, 27)), date(2026, 12, 4));
        assert_eq!(due(date(2026, 11, 28)), date(2026, 12, 4));
        assert_eq!(due(date(2026, 12, 28)), date(2027, 1, 5));
    }

    #[test]
    fn a_question_is_published_only_where_the_resident_agreed_and_answered_only_while_it_can_be_read() {
        let answer = |published| QuestionAnswered { question: QuestionId("k-1".into()), published };
        let code = Some(Code::from_random([1; 8]));
        assert_eq!(asked(false).answer(answer(code), true).expect_err("private").reason, "question-private");
        assert!(asked(false).answer(answer(None), false).is_ok() && asked(true).answer(answer(code), true).is_ok());
        assert_eq!(QuestionState::default().answer(answer(None), false).expect_err("unknown").reason, "unknown-question");
        let mut state = asked(true);
        let erased = state.erase().expect("known").expect("to erase");
        state.apply(&erased);
        assert_eq!(state.answer(answer(None), false).expect_err("erased").reason, "question-erased");
        assert_eq!(state.erase().expect("known"), None);
    }
}
