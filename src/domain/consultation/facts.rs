//! What a revision of a consultation states.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::Code;
use crate::domain::document::Document;
use crate::domain::feature_set::FeatureSet;
use crate::domain::map_point::Phone;
use crate::domain::unit::UnitId;
use crate::words::civil::date_schema;

/// What is consulted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ConsultationKind {
    /// A land-use plan.
    LandUseConsultation,
    /// An annual land-use schedule.
    ScheduleConsultation,
    /// A construction, general, zoning or detailed plan.
    UrbanConsultation,
    /// Anything else.
    OtherConsultation,
}

impl ConsultationKind {
    /// The name used in URLs and GeoJSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LandUseConsultation => "land-use-consultation",
            Self::ScheduleConsultation => "schedule-consultation",
            Self::UrbanConsultation => "urban-consultation",
            Self::OtherConsultation => "other-consultation",
        }
    }
}

/// What a revision of a consultation states.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Consultation {
    /// Kind.
    pub kind: ConsultationKind,
    /// Title.
    pub title: String,
    /// What would change, in a sentence or two for residents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// Who asks.
    pub authority: String,
    /// quốc gia, tỉnh, huyện, xã …: the law's minimum depends on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// The item that would change, where it is published here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<Code>,
    /// First day on which opinions are taken.
    #[schemars(schema_with = "date_schema")]
    pub opens: Date,
    /// Last day.
    #[schemars(schema_with = "date_schema")]
    pub closes: Date,
    /// How to say one's opinion, in words: where to write, where to go.
    pub how: String,
    /// Numbers to call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phones: Vec<Phone>,
    /// Units it concerns; none means the whole city.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<UnitId>,
    /// The draft and what explains it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<Document>,
    /// The area it concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outline: Option<FeatureSet>,
}

/// `consultation.publish-answers`, `consultation.answers_published`: what people said and what came of
/// it, which the law wants published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswersPublished {
    /// Day of the answers.
    #[schemars(schema_with = "date_schema")]
    pub as_of: Date,
    /// Opinions received.
    pub received: u32,
    /// Opinions taken up.
    pub accepted: u32,
    /// What was said and how it is answered.
    pub summary: String,
}

/// The command has the form of the event.
pub type PublishAnswers = AnswersPublished;
