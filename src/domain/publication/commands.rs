//! What a planner may ask of an item of any family.

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::alone::{PublishAlone, Second};
use super::{ExpirySet, Family, RevisionCancelled, Superseded, Withdrawn};
use crate::domain::{Code, Digest};
use crate::words::civil::{optional_date_schema, optional_moment_schema};

/// What a planner may ask of an item.
#[derive(Debug, Clone, PartialEq)]
pub enum Command<F: Family> {
    /// Begin an item without publishing it.
    Draft(Draft<F>),
    /// Publish revision 1.
    Publish(Publish<F>),
    /// Publish the next revision.
    Revise(Revise<F>),
    /// Put a typing error right.
    Correct(Correct<F>),
    /// Cancel a revision that is not yet in force.
    CancelRevision(RevisionCancelled),
    /// Name the last day in force.
    Expire(ExpirySet),
    /// Name the item that takes its place.
    Supersede(Superseded),
    /// Take it back.
    Withdraw(Withdrawn),
    /// One of the family's own commands.
    Change(F::Change),
    /// Prepare one of the commands above, or submit it to a second person.
    Propose(Propose<F>),
    /// Approve what somebody else proposed.
    Approve(Approval),
    /// Return it to its authors.
    Return(Return),
    /// Drop it.
    Discard(Approval),
    /// Carry out what was approved for an hour that has come.
    CarryOut(Approval),
    /// Carry one of the commands above out alone, in an emergency.
    PublishAlone(PublishAlone<F>),
    /// Note that another person has looked at what was published alone.
    Second(Second),
}

impl<F: Family> Command<F> {
    /// Reads a command by its action, such as `revise`, and its fields. None for an action that the family does not take.
    /// The error says what is missing. A proposal and what is published alone are
    /// not read, but made of the command that they are about.
    pub fn read(action: &str, mut body: Value) -> Option<serde_json::Result<Self>> {
        let known: &[&str] = match action {
            "cancel-revision" => &["revision", "reason"],
            "expire" => &["effective_to", "reason"],
            "supersede" => &["by", "from"],
            "withdraw" => &["reason", "replaced_by"],
            _ => &[],
        };
        if !known.is_empty()
            && let Err(error) = only(&body, known)
        {
            return Some(Err(error));
        }
        // Every command's envelope holds the code. Only commands that state facts have a field for it.
        if !matches!(action, "draft" | "publish" | "revise" | "correct") {
            body.as_object_mut().map(|object| object.remove("code"));
        }
        Some(match action {
            "draft" => serde_json::from_value(body).map(Command::Draft),
            "publish" => serde_json::from_value(body).map(Command::Publish),
            "revise" => serde_json::from_value(body).map(Command::Revise),
            "correct" => serde_json::from_value(body).map(Command::Correct),
            "cancel-revision" => serde_json::from_value(body).map(Command::CancelRevision),
            "expire" => serde_json::from_value(body).map(Command::Expire),
            "supersede" => serde_json::from_value(body).map(Command::Supersede),
            "withdraw" => serde_json::from_value(body).map(Command::Withdraw),
            "approve" => serde_json::from_value(body).map(Command::Approve),
            "return" => serde_json::from_value(body).map(Command::Return),
            "discard" => serde_json::from_value(body).map(Command::Discard),
            "carry-out" => serde_json::from_value(body).map(Command::CarryOut),
            "second" => serde_json::from_value(body).map(Command::Second),
            own if F::CHANGES.contains(&own) => F::read_change(own, body).map(Command::Change),
            _ => return None,
        })
    }

    /// What it states, for commands that state facts.
    pub fn facts(&self) -> Option<&F> {
        match self {
            Self::Draft(Draft { facts, .. })
            | Self::Publish(Publish { facts, .. })
            | Self::Revise(Revise { facts, .. })
            | Self::Correct(Correct { facts, .. }) => Some(facts),
            Self::Propose(propose) => propose.command.facts(),
            Self::PublishAlone(alone) => alone.command.facts(),
            _ => None,
        }
    }

    /// Codes of the items that are to take this item's place or to be looked at instead.
    pub fn mentions(&self) -> Option<Code> {
        match self {
            Self::Supersede(superseded) => Some(superseded.by),
            Self::Withdraw(withdrawn) => withdrawn.replaced_by,
            Self::Propose(propose) => propose.command.mentions(),
            Self::PublishAlone(alone) => alone.command.mentions(),
            _ => None,
        }
    }

    /// Items of any family that it refers to.
    pub fn refers(&self) -> Vec<Code> {
        match self {
            Self::Change(change) => F::change_refers(change),
            Self::Propose(propose) => propose.command.refers(),
            Self::PublishAlone(alone) => alone.command.refers(),
            _ => self.facts().map(Family::refers).unwrap_or_default(),
        }
    }
}

/// Refuses unknown fields in a command that shares its struct with an event: serde does not refuse them there.
fn only(body: &Value, known: &[&str]) -> serde_json::Result<()> {
    use serde::de::Error;
    let unknown = body.as_object().and_then(|object| object.keys().find(|key| *key != "code" && !known.contains(&key.as_str())));
    match unknown {
        Some(key) => Err(serde_json::Error::custom(format!("unknown field `{key}`, expected one of `{}`", known.join("`, `")))),
        None => Ok(()),
    }
}

/// `*.draft`
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Draft<F> {
    /// The item's code.
    pub code: Code,
    /// What it will state.
    pub facts: F,
}

/// `*.publish`
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Publish<F> {
    /// The item's code; a new one is made where the command names none.
    pub code: Code,
    /// First day in force.
    #[serde(default)]
    #[schemars(schema_with = "optional_date_schema")]
    pub effective_from: Option<Date>,
    /// Last day in force.
    #[serde(default)]
    #[schemars(schema_with = "optional_date_schema")]
    pub effective_to: Option<Date>,
    /// What it states.
    pub facts: F,
}

/// `*.revise`
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Revise<F> {
    /// The item's code.
    pub code: Code,
    /// The revision this one was made from; 409 when another came in between.
    #[serde(default)]
    pub based_on: Option<u32>,
    /// First day in force.
    #[serde(default)]
    #[schemars(schema_with = "optional_date_schema")]
    pub effective_from: Option<Date>,
    /// Last day in force.
    #[serde(default)]
    #[schemars(schema_with = "optional_date_schema")]
    pub effective_to: Option<Date>,
    /// What it states.
    pub facts: F,
}

/// `*.correct`
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Correct<F> {
    /// The item's code.
    pub code: Code,
    /// Which revision.
    pub revision: u32,
    /// What was wrong.
    pub reason: String,
    /// What the revision states, corrected.
    pub facts: F,
}

/// `*.propose`, as it comes in.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Suggest {
    /// Action of the proposed command, such as `revise`.
    pub action: String,
    /// Fields of the proposed command.
    pub command: Value,
    /// False for a draft, which does not wait for approval yet.
    #[serde(default)]
    pub submitted: bool,
    /// Digest of the proposal that this one takes the place of; 409 when that has changed in between.
    #[serde(default)]
    pub replaces: Option<Digest>,
    /// When the command is to be carried out, once it is approved; none for at once.
    #[serde(default)]
    #[schemars(schema_with = "optional_moment_schema")]
    pub at: Option<Timestamp>,
}

/// A proposal with the command that it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Propose<F: Family> {
    /// The item's code.
    pub code: Code,
    /// Action of the command.
    pub action: String,
    /// Fields of the command, as JSON text.
    pub body: String,
    /// The command that the two say.
    pub command: Box<Command<F>>,
    /// False for a draft.
    pub submitted: bool,
    /// Digest of the proposal that this one takes the place of.
    pub replaces: Option<Digest>,
    /// When it is to be carried out; none for at once.
    pub at: Option<Timestamp>,
}

/// `*.approve`, `*.discard`, `*.carry-out`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// Digest of the proposal, as it was seen.
    pub proposal: Digest,
}

/// `*.return`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Return {
    /// Digest of the proposal, as it was seen.
    pub proposal: Digest,
    /// What is to be changed.
    pub comment: String,
}
