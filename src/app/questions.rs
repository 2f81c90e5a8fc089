//! The advisory desk: what residents ask goes into the vault with its answer; the log knows that they asked, and by when an
//! answer is due.

use jiff::ToSpan;
use serde_json::{Value, json};

use super::{App, ExecuteError, Outcome, Request, random};
use crate::domain::access::{Actor, Role};
use crate::domain::digest::hex;
use crate::domain::families::LogEvent;
use crate::domain::procedure::Procedure;
use crate::domain::question::{QuestionAnswered, QuestionAsked, QuestionEvent, QuestionId, QuestionState, due};
use crate::domain::subject::SubjectId;
use crate::domain::unit::UnitId;
use crate::domain::{Code, Digest, Refusal};
use crate::event_store::VaultChange;
use crate::import::attach::no_files;
use crate::vault::{FINGERPRINT, QuestionText};
use crate::words::fold::typed;

/// Longest question and longest answer, characters.
pub const LONGEST: usize = 4_000;
/// Longest phone number or address for an answer, characters.
const LONGEST_CONTACT: usize = 200;
/// The letters of a receipt: Crockford's, which nobody mistakes for one another.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Days after which an answered question is erased by itself.
pub const KEPT_DAYS: i64 = 90;

/// A question as it comes in.
#[derive(Debug, Clone)]
pub struct QuestionDraft {
    /// What it is about.
    pub procedure: Procedure,
    /// The unit that it concerns.
    pub unit: Option<UnitId>,
    /// The words.
    pub text: String,
    /// How to reach who asked, if they want that.
    pub reply_to: String,
    /// True where it may be published without personal parts.
    pub may_publish: bool,
    /// Tells two forms of the same content apart.
    pub once: Option<String>,
}

/// A receipt as it was typed: capitals, without dashes and blanks, O as 0, I and L as 1.
fn plain(receipt: &str) -> String {
    let letter = |c: char| match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    receipt.chars().filter(char::is_ascii_alphanumeric).map(letter).collect()
}

impl App {
    /// The question of a receipt. Without the vault's key nobody can tell one from the other.
    fn question_of(&self, receipt: &str) -> QuestionId {
        let sealed = self.vault.digest(format!("question {}", plain(receipt)).as_bytes());
        QuestionId(format!("k-{}", hex(&sealed[FINGERPRINT..FINGERPRINT + 12])))
    }

    /// Takes a question in. Gives the receipt, which nobody else can work out. Errors: it is empty or too long.
    pub async fn ask(&self, draft: QuestionDraft) -> Result<String, ExecuteError> {
        let text = QuestionText { text: typed(&draft.text), reply_to: typed(&draft.reply_to), answer: None };
        if text.text.is_empty() {
            return Err(Refusal::invalid("question-empty", sentence!("question-empty")).into());
        }
        if text.text.chars().count() > LONGEST || text.reply_to.chars().count() > LONGEST_CONTACT {
            return Err(
                Refusal::invalid("question-long", sentence!("question-long", most = LONGEST, most_contact = LONGEST_CONTACT)).into()
            );
        }
        if let Some(unit) = &draft.unit {
            self.city().units.check(std::slice::from_ref(unit), self.today()).map_err(ExecuteError::Refused)?;
        }
        // The same form, sent twice, is one question with one receipt; without a form's own text each is another.
        let drawn: [u8; 12] = match &draft.once {
            Some(once) => {
                let sealed = self.vault.digest(json!(["receipt", once, text]).to_string().as_bytes());
                std::array::from_fn(|at| sealed[FINGERPRINT + at])
            }
            None => random()?,
        };
        let letters: String = drawn.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
        let receipt = format!("{}-{}-{}", &letters[..4], &letters[4..8], &letters[8..]);
        let question = self.question_of(&receipt);
        if self.question(&question).await?.0.asked.is_some() {
            return Ok(receipt);
        }
        let subject = SubjectId(format!("s-{}", hex(&random::<10>()?)));
        let row = VaultChange::Put(self.vault.seal(&subject, &text)?);
        let QuestionDraft { procedure, unit, may_publish, .. } = draft;
        let asked = QuestionAsked { question: question.clone(), subject, procedure, unit, may_publish, due: due(self.today()) };
        let event = LogEvent::Question(QuestionEvent::Asked(asked));
        self.append_as("resident", &format!("question/{question}"), 0, std::iter::once(event), vec![row]).await?;
        Ok(receipt)
    }

    async fn question(&self, question: &QuestionId) -> Result<(QuestionState, i64), ExecuteError> {
        let apply = |state: &mut QuestionState, event, _| {
            if let LogEvent::Question(event) = event {
                state.apply(&event);
            }
        };
        self.fold(&format!("question/{question}"), QuestionState::default(), apply).await
    }

    /// What was written, and the answer; none once they are erased.
    pub async fn question_text(&self, subject: &SubjectId) -> Result<Option<QuestionText>, ExecuteError> {
        let row = self.log.vault_row(&subject.0).await?;
        Ok(row.map(|row| self.vault.unseal(&row)).transpose()?)
    }

    /// What became of the question of a receipt; none where there is none.
    pub async fn receipt(&self, receipt: &str) -> Result<Option<(QuestionState, Option<QuestionText>)>, ExecuteError> {
        let (state, _) = self.question(&self.question_of(receipt)).await?;
        let Some(asked) = &state.asked else { return Ok(None) };
        let text = self.question_text(&asked.subject).await?;
        Ok(Some((state, text)))
    }

    /// Answers a question, and publishes `entry`, the facts of an entry for everybody, where there is one: an entry that it has
    /// already is revised. Gives what became of the entry. Errors: the actor does not answer for its unit, the answer is empty
    /// or too long, the resident did not agree to publication, or the rules refuse the entry; then nothing is done.
    pub async fn answer_question(
        &self,
        actor: &Actor,
        question: &QuestionId,
        answer: &str,
        entry: Option<Value>,
    ) -> Result<Option<Outcome>, ExecuteError> {
        let answer = typed(answer);
        if answer.is_empty() || answer.chars().count() > LONGEST {
            return Err(Refusal::invalid("desk-answer", sentence!("desk-answer", most = LONGEST)).into());
        }
        let (state, sequence) = self.question(question).await?;
        let erased = || Refusal::conflict("question-erased", sentence!("question-erased"));
        // All that may be refused is asked before anything becomes public.
        state.answer(QuestionAnswered { question: question.clone(), published: None }, entry.is_some())?;
        let asked = state.asked.clone().ok_or_else(erased)?;
        self.check_desk(actor, asked.unit.as_ref())?;
        let before = self.question_text(&asked.subject).await?.ok_or_else(erased)?;
        let mut published = state.answered.as_ref().and_then(|answered| answered.published);
        let made = match entry {
            Some(facts) => Some(self.publish_entry(actor, question, published, facts).await?),
            None => None,
        };
        // What waits for a second person is no address for anybody yet.
        if let Some(outcome) = made.as_ref().filter(|outcome| !outcome.waits()) {
            published = outcome.code;
        }
        let row = self.vault.seal(&asked.subject, &QuestionText { answer: Some(answer), ..before })?;
        let event = state.answer(QuestionAnswered { question: question.clone(), published }, published.is_some())?;
        let event = std::iter::once(LogEvent::Question(event));
        self.append_as(actor.name(), &format!("question/{question}"), sequence, event, vec![VaultChange::Put(row)]).await?;
        Ok(made)
    }

    async fn publish_entry(
        &self,
        actor: &Actor,
        question: &QuestionId,
        known: Option<Code>,
        facts: Value,
    ) -> Result<Outcome, ExecuteError> {
        // The same form, sent twice, acts once.
        let digest = Digest::of(format!("{question} {facts}").as_bytes()).to_string();
        let (action, body) = match known {
            None => ("publish", json!({ "facts": facts })),
            Some(_) => ("revise", json!({ "effective_from": self.today(), "facts": facts })),
        };
        let (id, kind) = (format!("desk-{}", &digest[..32]), format!("faq.{action}"));
        self.execute(actor, Request { id, kind, code: known, body, blobs: Vec::new(), with: Vec::new() }, &no_files).await
    }

    /// Refuses whoever does not answer questions of that unit.
    pub fn check_desk(&self, actor: &Actor, unit: Option<&UnitId>) -> Result<(), Refusal> {
        let units: Vec<UnitId> = unit.into_iter().cloned().collect();
        let table = &self.city().units;
        let today: Vec<UnitId> = units.iter().flat_map(|id| table.at(id, self.today())).map(|unit| unit.id.clone()).collect();
        if actor.reaches(|role| matches!(role, Role::Clerk | Role::Planner | Role::Editor), &today) {
            return Ok(());
        }
        Err(Refusal::forbidden("forbidden-desk", sentence!("forbidden-desk")))
    }

    /// Erases the words of a receipt's question, its contact and its answer, in backups too. Errors: there is no such receipt.
    pub async fn erase_receipt(&self, receipt: &str) -> Result<(), ExecuteError> {
        self.erase_question("resident", &self.question_of(receipt)).await
    }

    /// The same for somebody of the desk: what is no question, or must not stay. Errors: they do not answer for its unit.
    pub async fn discard_question(&self, actor: &Actor, question: &QuestionId) -> Result<(), ExecuteError> {
        let (state, _) = self.question(question).await?;
        self.check_desk(actor, state.asked.as_ref().and_then(|asked| asked.unit.as_ref()))?;
        self.erase_question(actor.name(), question).await
    }

    /// Erases the question whose words a row of the vault holds, as a register of erasures asks after a restore; false where it
    /// holds none.
    pub(super) async fn erase_question_of(&self, subject: &SubjectId) -> Result<bool, ExecuteError> {
        let mut after = 0;
        loop {
            let page = self.log.read(after, 1_000).await?;
            let Some(last) = page.last() else { return Ok(false) };
            after = last.position;
            for stored in page.iter().filter(|stored| stored.event.name == "question.asked") {
                if let LogEvent::Question(QuestionEvent::Asked(asked)) = super::decode(&stored.event)?
                    && asked.subject == *subject
                {
                    self.erase_question("local", &asked.question).await?;
                    return Ok(true);
                }
            }
        }
    }

    async fn erase_question(&self, actor: &str, question: &QuestionId) -> Result<(), ExecuteError> {
        let (state, sequence) = self.question(question).await?;
        let event = state.erase()?;
        let (Some(asked), Some(event)) = (state.asked, event) else { return Ok(()) };
        self.register(&asked.subject)?;
        let change = vec![VaultChange::Erase(asked.subject.0)];
        self.append_as(actor, &format!("question/{question}"), sequence, std::iter::once(LogEvent::Question(event)), change).await?;
        Ok(self.log.scrub().await?)
    }

    /// Erases what was answered [`KEPT_DAYS`] ago. `known` are the questions whose answer can still be read, each with the
    /// moment of the answer. Gives how many were erased.
    pub async fn forget_answered(&self, known: Vec<(QuestionId, jiff::Timestamp)>) -> Result<usize, ExecuteError> {
        let since = self.now() - (KEPT_DAYS * 24).hours();
        let mut count = 0;
        for (question, _) in known.into_iter().filter(|(_, answered)| *answered < since) {
            self.erase_question("clock", &question).await?;
            count += 1;
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn a_receipt_is_read_however_it_was_copied() {
        for typed in ["K7QM-2T9X-H01C", "k7qm2t9xh01c", " k7qm 2t9x – hoIc ", "K7QM.2T9X.HOLC"] {
            assert_eq!(plain(typed), "K7QM2T9XH01C", "{typed}");
        }
    }
}
