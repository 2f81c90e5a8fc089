//! Every event of the log, as it is stored.

use schemars::{JsonSchema, Schema, schema_for};
use serde::{Deserialize, Serialize};

use super::{ItemEvent, decode_item, item_schemas};
use crate::domain::access::{TokenCreated, TokenEvent, TokenRevoked, TokenTied};
use crate::domain::account::{
    AccountEvent, AccountNamed, CredentialsChanged, Granted, IdentityTied, IdentityUntied, Invited, InvitedAgain, SecondPersonBegan,
    SecondPersonChosen,
};
use crate::domain::city::{CityEvent, CityRecorded};
use crate::domain::question::{QuestionAnswered, QuestionAsked, QuestionErased, QuestionEvent};
use crate::domain::report::{ReportClosed, ReportEvent, ReportReceived};
use crate::domain::subject::{ConsentRecorded, SubjectEvent, SubjectNamed};

/// An event ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// Type of the event, such as `plan.published`.
    pub name: String,
    /// Version of the payload's schema.
    pub version: u32,
    /// JSON text, stored and hashed as it is.
    pub payload: String,
}

/// Any event of the log.
#[derive(Debug, Clone, PartialEq)]
pub enum LogEvent {
    /// An event of a published item.
    Item(ItemEvent),
    /// A change of the city's configuration.
    City(CityEvent),
    /// An event of a token.
    Token(TokenEvent),
    /// An event of the office's accounts.
    Account(AccountEvent),
    /// An event of a person.
    Subject(SubjectEvent),
    /// An event of a resident's report.
    Report(ReportEvent),
    /// An event of a question to the desk.
    Question(QuestionEvent),
    /// A note of who did what to the log itself.
    Audited(Audited),
}

/// `audit.noted`: an export, a backup or a restore.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Audited {
    /// `export`, `backup`, `restore`, `load`.
    pub action: String,
    /// The position it was about.
    pub position: i64,
}

/// The form in which the city is recorded. Form 2 remembers coordinate systems and layers, form 3 knows hamlets; earlier forms
/// are read as they stand.
const CITY_VERSION: u32 = 3;

/// Why a stored event cannot be read. The follower stops at such an event and never skips it.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// A newer program wrote the event.
    #[error("event type {0} version {1} is unknown to this program: update it")]
    Unknown(String, u32),
    /// The payload is damaged.
    #[error("event {0} version {1} cannot be read: {2}")]
    Payload(String, u32, serde_json::Error),
}

impl LogEvent {
    /// Reads a stored event, upcast to today's form.
    pub fn decode(name: &str, version: u32, payload: &str) -> Result<Self, DecodeError> {
        let decoded = match name.split_once('.') {
            Some(("city", "recorded")) if (1..=CITY_VERSION).contains(&version) => {
                Some(parse(payload).map(|e| Self::City(CityEvent::Recorded(e))))
            }
            Some(("city", "changed")) if (1..=CITY_VERSION).contains(&version) => {
                Some(parse(payload).map(|e| Self::City(CityEvent::Changed(e))))
            }
            Some(("token", "created")) if version == 1 => Some(parse(payload).map(|e| Self::Token(TokenEvent::Created(e)))),
            Some(("token", "tied")) if version == 1 => Some(parse(payload).map(|e| Self::Token(TokenEvent::Tied(e)))),
            Some(("token", "revoked")) if version == 1 => Some(parse(payload).map(|e| Self::Token(TokenEvent::Revoked(e)))),
            Some(("account", action)) if version == 1 => match action {
                "invited" => Some(parse(payload).map(|e| Self::Account(AccountEvent::Invited(e)))),
                "invited_again" => Some(parse(payload).map(|e| Self::Account(AccountEvent::InvitedAgain(e)))),
                "activated" => Some(parse(payload).map(|e| Self::Account(AccountEvent::Activated(e)))),
                "granted" => Some(parse(payload).map(|e| Self::Account(AccountEvent::Granted(e)))),
                "suspended" => Some(parse(payload).map(|e| Self::Account(AccountEvent::Suspended(e)))),
                "resumed" => Some(parse(payload).map(|e| Self::Account(AccountEvent::Resumed(e)))),
                "erased" => Some(parse(payload).map(|e| Self::Account(AccountEvent::Erased(e)))),
                "credentials_changed" => Some(parse(payload).map(|e| Self::Account(AccountEvent::CredentialsChanged(e)))),
                "identity_tied" => Some(parse(payload).map(|e| Self::Account(AccountEvent::IdentityTied(e)))),
                "identity_untied" => Some(parse(payload).map(|e| Self::Account(AccountEvent::IdentityUntied(e)))),
                "second_person_chosen" => Some(parse(payload).map(|e| Self::Account(AccountEvent::SecondPersonChosen(e)))),
                "second_person_began" => Some(parse(payload).map(|e| Self::Account(AccountEvent::SecondPersonBegan(e)))),
                _ => None,
            },
            Some(("subject", action)) if version == 1 => match action {
                "consent_recorded" => Some(parse(payload).map(|e| Self::Subject(SubjectEvent::ConsentRecorded(e)))),
                "consent_withdrawn" => Some(parse(payload).map(|e| Self::Subject(SubjectEvent::ConsentWithdrawn(e)))),
                "erased" => Some(parse(payload).map(|e| Self::Subject(SubjectEvent::Erased(e)))),
                _ => None,
            },
            Some(("report", "received")) if version == 1 => Some(parse(payload).map(|e| Self::Report(ReportEvent::Received(e)))),
            Some(("report", "closed")) if version == 1 => Some(parse(payload).map(|e| Self::Report(ReportEvent::Closed(e)))),
            Some(("question", action)) if version == 1 => match action {
                "asked" => Some(parse(payload).map(|e| Self::Question(QuestionEvent::Asked(e)))),
                "answered" => Some(parse(payload).map(|e| Self::Question(QuestionEvent::Answered(e)))),
                "erased" => Some(parse(payload).map(|e| Self::Question(QuestionEvent::Erased(e)))),
                _ => None,
            },
            Some(("audit", "noted")) if version == 1 => Some(parse(payload).map(Self::Audited)),
            Some((family, _)) => decode_item(family, name, version, payload).map(|e| e.map(Self::Item)),
            None => None,
        };
        match decoded {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(DecodeError::Payload(name.to_owned(), version, error)),
            None => Err(DecodeError::Unknown(name.to_owned(), version)),
        }
    }

    /// Type, version and stored text of the event.
    pub fn encode(&self) -> serde_json::Result<Encoded> {
        let (name, payload) = match self {
            Self::Item(event) => return event.encode(),
            Self::City(CityEvent::Recorded(e)) => ("city.recorded", serde_json::to_string(e)),
            Self::City(CityEvent::Changed(e)) => ("city.changed", serde_json::to_string(e)),
            Self::Token(TokenEvent::Created(e)) => ("token.created", serde_json::to_string(e)),
            Self::Token(TokenEvent::Tied(e)) => ("token.tied", serde_json::to_string(e)),
            Self::Token(TokenEvent::Revoked(e)) => ("token.revoked", serde_json::to_string(e)),
            Self::Account(AccountEvent::Invited(e)) => ("account.invited", serde_json::to_string(e)),
            Self::Account(AccountEvent::InvitedAgain(e)) => ("account.invited_again", serde_json::to_string(e)),
            Self::Account(AccountEvent::Activated(e)) => ("account.activated", serde_json::to_string(e)),
            Self::Account(AccountEvent::Granted(e)) => ("account.granted", serde_json::to_string(e)),
            Self::Account(AccountEvent::Suspended(e)) => ("account.suspended", serde_json::to_string(e)),
            Self::Account(AccountEvent::Resumed(e)) => ("account.resumed", serde_json::to_string(e)),
            Self::Account(AccountEvent::Erased(e)) => ("account.erased", serde_json::to_string(e)),
            Self::Account(AccountEvent::CredentialsChanged(e)) => ("account.credentials_changed", serde_json::to_string(e)),
            Self::Account(AccountEvent::IdentityTied(e)) => ("account.identity_tied", serde_json::to_string(e)),
            Self::Account(AccountEvent::IdentityUntied(e)) => ("account.identity_untied", serde_json::to_string(e)),
            Self::Account(AccountEvent::SecondPersonChosen(e)) => ("account.second_person_chosen", serde_json::to_string(e)),
            Self::Account(AccountEvent::SecondPersonBegan(e)) => ("account.second_person_began", serde_json::to_string(e)),
            Self::Subject(SubjectEvent::ConsentRecorded(e)) => ("subject.consent_recorded", serde_json::to_string(e)),
            Self::Subject(SubjectEvent::ConsentWithdrawn(e)) => ("subject.consent_withdrawn", serde_json::to_string(e)),
            Self::Subject(SubjectEvent::Erased(e)) => ("subject.erased", serde_json::to_string(e)),
            Self::Report(ReportEvent::Received(e)) => ("report.received", serde_json::to_string(e)),
            Self::Report(ReportEvent::Closed(e)) => ("report.closed", serde_json::to_string(e)),
            Self::Question(QuestionEvent::Asked(e)) => ("question.asked", serde_json::to_string(e)),
            Self::Question(QuestionEvent::Answered(e)) => ("question.answered", serde_json::to_string(e)),
            Self::Question(QuestionEvent::Erased(e)) => ("question.erased", serde_json::to_string(e)),
            Self::Audited(e) => ("audit.noted", serde_json::to_string(e)),
        };
        let version = if matches!(self, Self::City(_)) { CITY_VERSION } else { 1 };
        Ok(Encoded { name: name.to_owned(), version, payload: payload? })
    }
}

pub(super) fn parse<'a, T: Deserialize<'a>>(payload: &'a str) -> serde_json::Result<T> {
    serde_json::from_str(payload)
}

/// Type, current version and JSON schema of every event of the log.
pub fn event_contract() -> Vec<(String, u32, Schema)> {
    let mut list = item_schemas();
    list.extend([
        ("city.recorded".to_owned(), CITY_VERSION, schema_for!(CityRecorded)),
        ("city.changed".to_owned(), CITY_VERSION, schema_for!(CityRecorded)),
        ("token.created".to_owned(), 1, schema_for!(TokenCreated)),
        ("token.tied".to_owned(), 1, schema_for!(TokenTied)),
        ("token.revoked".to_owned(), 1, schema_for!(TokenRevoked)),
        ("account.invited".to_owned(), 1, schema_for!(Invited)),
        ("account.invited_again".to_owned(), 1, schema_for!(InvitedAgain)),
        ("account.activated".to_owned(), 1, schema_for!(AccountNamed)),
        ("account.granted".to_owned(), 1, schema_for!(Granted)),
        ("account.suspended".to_owned(), 1, schema_for!(AccountNamed)),
        ("account.resumed".to_owned(), 1, schema_for!(AccountNamed)),
        ("account.erased".to_owned(), 1, schema_for!(AccountNamed)),
        ("account.credentials_changed".to_owned(), 1, schema_for!(CredentialsChanged)),
        ("account.second_person_began".to_owned(), 1, schema_for!(SecondPersonBegan)),
        ("account.identity_tied".to_owned(), 1, schema_for!(IdentityTied)),
        ("account.identity_untied".to_owned(), 1, schema_for!(IdentityUntied)),
        ("account.second_person_chosen".to_owned(), 1, schema_for!(SecondPersonChosen)),
        ("subject.consent_recorded".to_owned(), 1, schema_for!(ConsentRecorded)),
        ("subject.consent_withdrawn".to_owned(), 1, schema_for!(SubjectNamed)),
        ("subject.erased".to_owned(), 1, schema_for!(SubjectNamed)),
        ("report.received".to_owned(), 1, schema_for!(ReportReceived)),
        ("report.closed".to_owned(), 1, schema_for!(ReportClosed)),
        ("question.asked".to_owned(), 1, schema_for!(QuestionAsked)),
        ("question.answered".to_owned(), 1, schema_for!(QuestionAnswered)),
        ("question.erased".to_owned(), 1, schema_for!(QuestionErased)),
        ("audit.noted".to_owned(), 1, schema_for!(Audited)),
    ]);
    list
}
