//! What an indicator states, and what is aimed at, promised and reported.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::Code;
use crate::domain::document::Document;
use crate::domain::figures::{Answers, Direction, Frequency, Method, Period};
use crate::domain::unit::UnitId;
use crate::words::civil::date_schema;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IndicatorKind {
    /// A share, in percent.
    Share,
    /// How many or how much.
    Count,
}

impl IndicatorKind {
    /// The name used in URLs and GeoJSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Share => "indicator-share",
            Self::Count => "indicator-count",
        }
    }
}

/// What a revision of an indicator states.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Indicator {
    /// Kind.
    pub kind: IndicatorKind,
    /// Vietnamese name.
    pub title: String,
    /// English name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title_en: Option<String>,
    /// What exactly is counted.
    pub definition: String,
    /// `%`, or what is counted.
    pub unit: String,
    /// Which way is better.
    #[serde(default)]
    pub direction: Direction,
    /// What a share is a share of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Who gives the figures.
    pub source: String,
    /// How they are found.
    pub method: Method,
    /// How often.
    pub frequency: Frequency,
    /// Who answers for it.
    pub organiser: String,
    /// The campaign that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<Code>,
    /// Units it is about; none means the whole city.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<UnitId>,
    /// Attached files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<Document>,
}

/// A target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Aim {
    /// The unit it is for; all without one of their own where neither unit nor body is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitId>,
    /// The organisation it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The figure aimed at.
    pub value: f64,
}

/// `indicator.set-targets`, `indicator.targets_set`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetTargets {
    /// For which period.
    pub period: Period,
    /// The targets.
    pub targets: Vec<Aim>,
}

/// `indicator.pledge`, `indicator.pledged`: a unit or an organisation signs what it will reach.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pledge {
    /// For which period.
    pub period: Period,
    /// The unit that signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitId>,
    /// The organisation that signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The figure promised.
    pub value: f64,
    /// The office of whoever signed, “Chủ tịch UBND phường”; a name only where it is that of an official.
    pub signed_by: String,
    /// Day of the signature.
    #[schemars(schema_with = "date_schema")]
    pub signed_on: Date,
    /// Number of the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
}

/// A figure of a unit, an organisation, or the whole city where neither is named.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Value {
    /// The unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitId>,
    /// The organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The figure; none where it follows from answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// The answers of a sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<Answers>,
    /// How many people the sample speaks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub population: Option<u32>,
}

/// `indicator.report-results`, `indicator.results_reported`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResultsReported {
    /// For which period.
    pub period: Period,
    /// Day the figures were counted.
    #[schemars(schema_with = "date_schema")]
    pub as_of: Date,
    /// Where they come from.
    pub source: String,
    /// Number of the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// Why figures that were reported before are other ones now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The figures.
    pub values: Vec<Value>,
}

/// The command has the form of the event.
pub type ReportResults = ResultsReported;

/// Commands of indicators.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum IndicatorChange {
    /// What is aimed at.
    SetTargets(SetTargets),
    /// What is promised.
    Pledge(Pledge),
    /// What was reached.
    Report(ReportResults),
}

/// Events of indicators.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum IndicatorChanged {
    /// What is aimed at.
    TargetsSet(SetTargets),
    /// What is promised.
    Pledged(Pledge),
    /// What was reached.
    Reported(ResultsReported),
}
