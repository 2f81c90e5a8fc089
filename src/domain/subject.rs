//! Persons behind a contact: consent and its end. Names and numbers live in the vault.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::vietqr::Payee;
use super::{Context, Refusal};
use unicode_normalization::UnicodeNormalization;

use crate::words::fold::fold;

opaque_id! {
    /// An opaque identity of a person; says nothing about them.
    SubjectId
}

/// Consent of a person to the publication of their contact (Law 91/2025).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Consent {
    /// What for, e.g. `public-contact`.
    pub purpose: String,
    /// Version of the text that was agreed to.
    pub text_version: String,
    /// Where the proof is kept, e.g. a file number; no personal data.
    pub evidence: String,
}

/// A person's name and phone number; kept in the vault only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Name.
    pub name: String,
    /// Phone number.
    pub phone: String,
}

/// What somebody agreed to show, whom to call or whom to pay; kept in the vault only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Shared {
    /// Whom to pay.
    Payee(Payee),
    /// Whom to call.
    Contact(Contact),
}

/// True for an entry in a column of consents that says there is no consent: “không”, “chưa”, “đã rút”, 0, a dash.
pub fn denies(evidence: &str) -> bool {
    // Circled and boxed letters are letters.
    let plain = |c: char| matches!(c, '\u{2460}'..='\u{24e9}' | '\u{1f110}'..='\u{1f189}');
    let seen = evidence.chars().flat_map(|c| std::iter::once(c).nfkd().filter(move |_| plain(c)).chain((!plain(c)).then_some(c)));
    let folded = fold(&seen.collect::<String>());
    let words: Vec<&str> = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let no =
        ["khong", "ko", "k", "kg", "chua", "no", "not", "n", "false", "none", "rut", "huy", "withdrawn", "refused", "denied", "0", "ø"];
    // Letters of a script that nobody here reads say nothing.
    let is_plain = folded.chars().all(|c| c < '\u{250}' || !c.is_alphanumeric());
    words.is_empty()
        || !is_plain
        || words.iter().any(|word| no.contains(word) && (words.len() > 1 || *word != "0"))
        || words == ["0"]
        || words == ["o"]
        || folded.contains("tu choi")
        || folded.contains("thu hoi")
        || folded.contains("het han")
}

/// True for an entry that says yes but names no evidence: “có”, “x”, “đồng ý”.
pub fn names_no_evidence(evidence: &str) -> bool {
    let folded = fold(evidence);
    let folded = folded.trim();
    ["co", "x", "v", "yes", "y", "true", "ok", "1", "dong y", "da dong y", "da ky", "roi"].contains(&folded)
        || !folded.chars().any(char::is_alphanumeric)
}

/// `subject.consent_recorded`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConsentRecorded {
    /// Whose.
    pub subject: SubjectId,
    /// To what.
    pub consent: Consent,
}

/// `subject.consent_withdrawn`, `subject.erased`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SubjectNamed {
    /// Whose.
    pub subject: SubjectId,
}

/// Events of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SubjectEvent {
    /// Consent was given.
    ConsentRecorded(ConsentRecorded),
    /// Consent was taken back: the contact is no longer shown.
    ConsentWithdrawn(SubjectNamed),
    /// The person's key was deleted: nothing can be read any more.
    Erased(SubjectNamed),
}

/// Commands about a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SubjectCommand {
    /// Record consent; the first creates the subject.
    RecordConsent(ConsentRecorded),
    /// Take it back.
    WithdrawConsent(SubjectNamed),
    /// Erase.
    Erase(SubjectNamed),
}

/// A person as events left them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Subject {
    /// Consent in force.
    pub consent: Option<Consent>,
    /// True once any event named them.
    pub known: bool,
    /// True after erasure; nothing follows it.
    pub erased: bool,
}

impl Subject {
    /// Decides a command.
    pub fn decide(&self, command: SubjectCommand, _: &Context) -> Result<Vec<SubjectEvent>, Refusal> {
        if self.erased {
            return match command {
                SubjectCommand::Erase(_) => Ok(Vec::new()),
                _ => Err(Refusal::conflict("subject-erased", sentence!("subject-erased"))),
            };
        }
        match command {
            SubjectCommand::RecordConsent(recorded) => {
                let consent = &recorded.consent;
                if denies(&consent.evidence) {
                    return Err(Refusal::invalid("consent-denied", sentence!("consent-denied", evidence = consent.evidence)));
                }
                if consent.purpose.is_empty() || consent.text_version.is_empty() || consent.evidence.is_empty() {
                    return Err(Refusal::invalid("consent-incomplete", sentence!("consent-incomplete")));
                }
                Ok(vec![SubjectEvent::ConsentRecorded(recorded)])
            }
            _ if !self.known => Err(Refusal::invalid("unknown-subject", sentence!("unknown-subject"))),
            SubjectCommand::WithdrawConsent(_) if self.consent.is_none() => Ok(Vec::new()),
            SubjectCommand::WithdrawConsent(named) => Ok(vec![SubjectEvent::ConsentWithdrawn(named)]),
            SubjectCommand::Erase(named) => Ok(vec![SubjectEvent::Erased(named)]),
        }
    }

    /// Applies an event.
    pub fn apply(&mut self, event: &SubjectEvent) {
        self.known = true;
        match event {
            SubjectEvent::ConsentRecorded(recorded) => self.consent = Some(recorded.consent.clone()),
            SubjectEvent::ConsentWithdrawn(_) => self.consent = None,
            SubjectEvent::Erased(_) => {
                self.consent = None;
                self.erased = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::denies;

    #[test]
    fn a_refusal_in_letters_that_look_alike_is_a_refusal() {
        for evidence in ["không", "KHÔNG", "\u{43a}hông", "ⓚhông", "\u{41e}", "\u{2c9e}", "Ø", "𝐤𝐡𝐨̂𝐧𝐠", "０", "k\u{200b}hông", "-", "🅝🅞"]
        {
            assert!(denies(evidence), "{evidence}");
        }
        for evidence in ["HS-12/2026", "Phiếu số 12 ngày 1/3/2026", "№ 12", "Nº 12", "Mẫu Đ-7", "BB ⑫"] {
            assert!(!denies(evidence), "{evidence}");
        }
    }
}
