//! What a planner may ask of an item of any family.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{ExpirySet, Family, RevisionCancelled, Superseded, Withdrawn};
use crate::domain::Code;
use crate::words::civil::optional_date_schema;

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
