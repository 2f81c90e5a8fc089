//! What can happen to an item of any family, as it is stored.

use cqrs_es::DomainEvent;
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Family;
use super::alone::{PublishedAlone, Seconded};
use super::schedule::{CarriedOut, Halted};
use crate::domain::access::AccountId;
use crate::domain::{Code, Digest};
use crate::words::civil::{date_schema, optional_date_schema, optional_moment_schema};

/// `*.drafted`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Drafted<F> {
    /// The item.
    pub code: Code,
    /// What it will state.
    pub facts: F,
}

/// `*.published`: a revision, first or later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Published<F> {
    /// The item.
    pub code: Code,
    /// 1 for the first.
    pub revision: u32,
    /// The revision it was made from; none for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub based_on: Option<u32>,
    /// First day in force.
    #[schemars(schema_with = "date_schema")]
    pub effective_from: Date,
    /// Last day in force, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "optional_date_schema")]
    pub effective_to: Option<Date>,
    /// What it states.
    pub facts: F,
}

/// `*.corrected`: a typing error put right, visible in the history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Corrected<F> {
    /// Which revision.
    pub revision: u32,
    /// What was wrong.
    pub reason: String,
    /// Names of the corrected fields.
    pub fields: Vec<String>,
    /// What the revision states, corrected.
    pub facts: F,
}

/// `*.revision_cancelled`: a revision that will not come into force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RevisionCancelled {
    /// Which revision.
    pub revision: u32,
    /// Why.
    pub reason: String,
}

/// `*.expiry_set`: the last day in force became known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExpirySet {
    /// Last day in force.
    #[schemars(schema_with = "date_schema")]
    pub effective_to: Date,
    /// Why.
    pub reason: String,
}

/// `*.superseded`: another item takes its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Superseded {
    /// The item that takes its place.
    pub by: Code,
    /// From this day.
    #[schemars(schema_with = "date_schema")]
    pub from: Date,
}

/// `*.withdrawn`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Withdrawn {
    /// What happened, for residents.
    pub reason: String,
    /// The item to look at instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<Code>,
}

/// `*.proposed`: a command in preparation, or submitted to a second person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Proposed {
    /// The item.
    pub code: Code,
    /// Action of the command that it will become, such as `revise`.
    pub action: String,
    /// Fields of that command, as JSON text. The command is carried out exactly as it stands here.
    pub body: String,
    /// Persons who wrote it or changed it.
    pub authors: Vec<AccountId>,
    /// True when somebody of whom no person is known had a hand in it: then two must approve.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unnamed: bool,
    /// Sequence of the item's last event before it.
    pub after: i64,
    /// True when it waits for approval; a draft does not.
    pub submitted: bool,
    /// When the command is carried out, once it is approved; none for at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "optional_moment_schema")]
    pub at: Option<Timestamp>,
    /// True when the city asked for no second person.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub alone: bool,
}

/// `*.approved`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Approved {
    /// The item.
    pub code: Code,
    /// Digest of the proposal.
    pub proposal: Digest,
    /// Who approved it.
    pub by: AccountId,
}

/// `*.returned`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Returned {
    /// The item.
    pub code: Code,
    /// Digest of the proposal.
    pub proposal: Digest,
    /// Who returned it.
    pub by: AccountId,
    /// What is to be changed.
    pub comment: String,
}

/// `*.discarded`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Discarded {
    /// The item.
    pub code: Code,
    /// Digest of the proposal.
    pub proposal: Digest,
}

/// What can happen to a published item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub enum Event<F: Family> {
    /// Begun, not public.
    Drafted(Box<Drafted<F>>),
    /// A revision was published.
    Published(Box<Published<F>>),
    /// A typing error was put right.
    Corrected(Box<Corrected<F>>),
    /// A future revision was cancelled.
    RevisionCancelled(RevisionCancelled),
    /// It ends on a day.
    ExpirySet(ExpirySet),
    /// Another item replaces it.
    Superseded(Superseded),
    /// It was taken back.
    Withdrawn(Withdrawn),
    /// A command is in preparation, or waits for a second person; not public.
    Proposed(Box<Proposed>),
    /// A second person approved it; not public.
    Approved(Approved),
    /// It went back to its authors; not public.
    Returned(Returned),
    /// It was dropped; not public.
    Discarded(Discarded),
    /// The hour of a proposal has come: what follows is what it led to; not public.
    CarriedOut(CarriedOut),
    /// At its hour a proposal was refused; not public.
    Halted(Halted),
    /// What follows was published by one person alone.
    PublishedAlone(PublishedAlone),
    /// Another person has looked at it since.
    Seconded(Seconded),
    /// An event of the family's own.
    Changed(F::Changed),
}

impl<F: Family> Event<F> {
    /// True for a proposal.
    pub fn is_proposed(&self) -> bool {
        matches!(self, Self::Proposed(_))
    }

    /// True for what the public neither sees nor can notice.
    pub fn is_private(&self) -> bool {
        matches!(
            self,
            Self::Drafted(_)
                | Self::Proposed(_)
                | Self::Approved(_)
                | Self::Returned(_)
                | Self::Discarded(_)
                | Self::CarriedOut(_)
                | Self::Halted(_)
        ) || matches!(self, Self::Changed(changed) if F::is_private(changed))
    }
}

impl<F: Family> DomainEvent for Event<F> {
    fn event_type(&self) -> String {
        match self {
            Self::Drafted(_) => format!("{}.drafted", F::NAME),
            Self::Published(_) => format!("{}.published", F::NAME),
            Self::Corrected(_) => format!("{}.corrected", F::NAME),
            Self::RevisionCancelled(_) => format!("{}.revision_cancelled", F::NAME),
            Self::ExpirySet(_) => format!("{}.expiry_set", F::NAME),
            Self::Superseded(_) => format!("{}.superseded", F::NAME),
            Self::Withdrawn(_) => format!("{}.withdrawn", F::NAME),
            Self::Proposed(_) => format!("{}.proposed", F::NAME),
            Self::Approved(_) => format!("{}.approved", F::NAME),
            Self::Returned(_) => format!("{}.returned", F::NAME),
            Self::Discarded(_) => format!("{}.discarded", F::NAME),
            Self::CarriedOut(_) => format!("{}.carried_out", F::NAME),
            Self::Halted(_) => format!("{}.halted", F::NAME),
            Self::PublishedAlone(_) => format!("{}.published_alone", F::NAME),
            Self::Seconded(_) => format!("{}.seconded", F::NAME),
            Self::Changed(changed) => F::changed_form(changed).0.to_owned(),
        }
    }

    fn event_version(&self) -> String {
        match self {
            Self::Changed(changed) => F::changed_form(changed).1.to_string(),
            _ => String::from("1"),
        }
    }
}
