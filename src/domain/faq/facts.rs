//! What a question with its answer states.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::procedure::Procedure;
use crate::domain::unit::UnitId;
use crate::words::civil::date_schema;

/// What the answer rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Basis {
    /// The law or decree, by number and name.
    pub law: String,
    /// “Điều 75 khoản 4”.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub article: Option<String>,
}

/// What a question with its answer states.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Faq {
    /// Procedure.
    pub kind: Procedure,
    /// The question, without anything personal.
    pub title: String,
    /// The answer.
    pub answer: String,
    /// What it rests on.
    pub basis: Vec<Basis>,
    /// The day on which the law was looked up.
    #[schemars(schema_with = "date_schema")]
    pub as_of: Date,
    /// Who answers.
    pub authority: String,
    /// Units that it concerns; none means the whole city.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<UnitId>,
}
