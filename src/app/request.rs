//! A command as it comes in, what came of it, and why not.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::disk::Disk;
use crate::domain::access::AccountId;
use crate::domain::families::DecodeError;
use crate::domain::publication::ProposalState;
use crate::domain::subject::SubjectId;
use crate::domain::{Code, Digest, Refusal};
use crate::event_store::StoreError;
use crate::import::Report;
use crate::import::attach;
use crate::vault::VaultError;
use crate::words::sentence::Names;
use crate::words::text::{Lang, has, text};

/// A command as it comes in, whoever sends it.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The sender's id for the command. Sending it again repeats the answer, not the deed.
    pub id: String,
    /// Type of the command, such as `plan.publish`.
    pub kind: String,
    /// The item; none for a new one.
    pub code: Option<Code>,
    /// The command's other fields.
    pub body: Value,
    /// Sets that were imported earlier and that the body names by their digest.
    pub blobs: attach::Blobs,
    /// Others who had a hand in it; none for one of whom no person is known. The program knows them; no sender names them.
    pub with: Vec<Option<AccountId>>,
}

impl Request {
    /// Reads a command `{"id", "type", "code"?, …}`.
    pub fn parse(value: Value) -> Result<Self, Refusal> {
        let shape = |what: &str| Refusal::invalid("command-shape", sentence!("command-shape", what));
        let Value::Object(mut body) = value else { return Err(shape("it must be a JSON object")) };
        let mut text = |name: &str| match body.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(shape(&format!("“{name}” must be text"))),
        };
        let id = text("id")?.ok_or_else(|| shape("“id” is missing"))?;
        let kind = text("type")?.ok_or_else(|| shape("“type” is missing"))?;
        let code = text("code")?;
        if id.is_empty() || id.len() > 100 || id.chars().any(char::is_control) {
            return Err(shape("“id” must have 1 to 100 characters"));
        }
        let code = code.map(|code| code.parse::<Code>()).transpose().map_err(|error| Refusal::invalid("code-wrong", error.said()))?;
        Ok(Self { id, kind, code, body: Value::Object(body), blobs: Vec::new(), with: Vec::new() })
    }
}

impl Request {
    /// The same command, to be carried out at `at`: a proposal that is submitted.
    pub fn at(self, at: Timestamp) -> Self {
        let Self { id, kind, code, body, blobs, with } = self;
        let (family, action) = kind.split_once('.').unwrap_or((&kind, ""));
        let body = json!({ "action": action, "command": body, "submitted": true, "at": at });
        Self { id, kind: format!("{family}.propose"), code, body, blobs, with }
    }
}

/// A command that lacks a field, or has a word where a number belongs, in words that people can act on.
pub(super) fn misshapen(error: &serde_json::Error) -> Refusal {
    let error = error.to_string();
    let said = if let Some(name) = error.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        let key = if name == "position" { "point-place".to_owned() } else { format!("field-{name}") };
        if has(&key) {
            let label = |lang| format!("{} ({name})", text(lang, &key));
            sentence!("field-missing", name = Names(&label(Lang::Vi), &label(Lang::En)))
        } else {
            sentence!("field-missing", name)
        }
    } else if error.contains("four digit year") {
        // What a form sends whose day was left empty.
        sentence!("day-missing")
    } else if error.starts_with("unknown variant ``") {
        sentence!("choice-missing")
    } else if let Some((given, _)) = error.strip_prefix("invalid type: string \"").and_then(|rest| {
        rest.split_once("\", expected ")
            .filter(|(_, wanted)| wanted.starts_with(['i', 'u', 'f']) && wanted.contains(|c: char| c.is_ascii_digit()))
    }) {
        sentence!("field-not-number", given)
    } else {
        sentence!("command-shape-app", error)
    };
    Refusal::invalid("command-shape", said)
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The item.
    pub code: Option<Code>,
    /// Its newest revision.
    pub revision: Option<u32>,
    /// Where the proposal stands that the command became; none where it was carried out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<ProposalState>,
    /// The proposal's digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<Digest>,
    /// Types of the events, in order.
    pub events: Vec<String>,
    /// The person a contact was recorded for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<SubjectId>,
    /// Position of the last event.
    #[serde(default)]
    pub position: i64,
    /// True when the command had been carried out before.
    #[serde(skip)]
    pub repeated: bool,
    /// The report of an import.
    #[serde(skip)]
    pub report: Option<Report>,
}

impl Outcome {
    /// True when the command waits for a second person, or for its hour.
    pub fn waits(&self) -> bool {
        matches!(self.state, Some(ProposalState::Submitted | ProposalState::Scheduled))
    }
}

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// The rules say no.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// The file that came with it has errors.
    #[error("{}", sentence!("file-has-errors", n = .0.count(crate::import::Severity::Error)))]
    Import(Box<Report>),
    /// Nothing was written: try again later.
    #[error("{0}")]
    Unavailable(String),
    /// A disk takes no more; nothing was written.
    #[error("{}", sentence!("disk-full-repeat", disk = .0.to_string()))]
    Full(Disk),
    /// The command may have been carried out: repeat it with the same id.
    #[error("{0}")]
    Unknown(String),
    /// Stored data cannot be read.
    #[error("{0}")]
    Damaged(String),
}

impl From<StoreError> for ExecuteError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(what) => Self::Unavailable(what),
            StoreError::Full(name) => Self::Full(Disk::Store(name)),
            other => Self::Damaged(other.to_string()),
        }
    }
}

impl From<Box<Report>> for ExecuteError {
    fn from(report: Box<Report>) -> Self {
        // A full disk is no fault of the file.
        if report.met_full_disk() { Self::Full(Disk::temporary()) } else { Self::Import(report) }
    }
}

impl From<DecodeError> for ExecuteError {
    fn from(error: DecodeError) -> Self {
        Self::Damaged(error.to_string())
    }
}

impl From<VaultError> for ExecuteError {
    fn from(error: VaultError) -> Self {
        Self::Damaged(error.to_string())
    }
}

impl From<serde_json::Error> for ExecuteError {
    fn from(error: serde_json::Error) -> Self {
        Self::Damaged(error.to_string())
    }
}
