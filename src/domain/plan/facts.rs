//! What a revision of a plan states.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::document::Document;
use crate::domain::feature_set::FeatureSet;
use crate::domain::unit::UnitId;
use crate::words::civil::date_schema;

/// Kinds of plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum PlanKind {
    /// Quy hoạch sử dụng đất.
    LandUsePlan,
    /// Kế hoạch sử dụng đất.
    LandUseSchedule,
    /// Quy hoạch xây dựng.
    ConstructionPlan,
    /// Quy hoạch chung.
    GeneralPlan,
    /// Quy hoạch phân khu.
    ZoningPlan,
    /// Quy hoạch chi tiết.
    DetailedPlan,
}

impl PlanKind {
    /// The name used in URLs and GeoJSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LandUsePlan => "land-use-plan",
            Self::LandUseSchedule => "land-use-schedule",
            Self::ConstructionPlan => "construction-plan",
            Self::GeneralPlan => "general-plan",
            Self::ZoningPlan => "zoning-plan",
            Self::DetailedPlan => "detailed-plan",
        }
    }

    /// The kind with that name.
    pub fn named(name: &str) -> Option<Self> {
        serde_json::from_value(name.into()).ok()
    }

    /// How coarse it is: of several plans at a place the more detailed one is told first.
    pub fn coarseness(self) -> u8 {
        match self {
            Self::DetailedPlan => 0,
            Self::ZoningPlan => 1,
            Self::ConstructionPlan => 2,
            Self::GeneralPlan => 3,
            Self::LandUsePlan | Self::LandUseSchedule => 4,
        }
    }

    /// True for plans that may use the classes of urban planning (circular 16/2025).
    pub fn is_urban(self) -> bool {
        !matches!(self, Self::LandUsePlan | Self::LandUseSchedule)
    }
}

/// How a revision changes the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Adjustment {
    /// The first approval.
    #[default]
    First,
    /// Điều chỉnh tổng thể.
    Overall,
    /// Điều chỉnh cục bộ.
    Local,
}

/// The approving decision; authority, number and date together are unique, a number alone is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Who approved it, "UBND tỉnh Yên Bái".
    pub authority: String,
    /// "2108/QĐ-UBND".
    pub number: String,
    /// Day of the signature.
    #[schemars(schema_with = "date_schema")]
    pub signed: Date,
    /// Who signed, with their office; official, not personal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signatory: Option<String>,
}

/// Years the plan is for; says nothing about whether it is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// First year.
    pub from: i16,
    /// Last year.
    pub to: i16,
}

/// What a revision of a plan states.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Kind.
    pub kind: PlanKind,
    /// Title as in the decision.
    pub title: String,
    /// What it means, in a sentence or two for residents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// The approving decision.
    pub decision: Decision,
    /// Years the plan is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
    /// Year the vision looks to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vision: Option<i16>,
    /// "1/2000".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<String>,
    /// quốc gia, tỉnh, huyện, xã, khu chức năng …; the set is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// How this revision changes the plan.
    #[serde(default)]
    pub adjustment: Adjustment,
    /// Units it concerns; none means the whole city.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<UnitId>,
    /// Planning-information code (maThongTinQH), kept as given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub information_code: Option<String>,
    /// Attached files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<Document>,
    /// EPSG code of the VN-2000 zone its areas are measured in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crs: Option<u32>,
    /// Its land-use zones; a plan may be published without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zones: Option<FeatureSet>,
    /// Its outline, for a plan that is published without zones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outline: Option<FeatureSet>,
    /// Its lines: red lines, building lines, roads, corridors, limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_lines: Option<FeatureSet>,
    /// Its points: works, control points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_points: Option<FeatureSet>,
}

/// `plan.review`, `plan.reviewed`: the plan was reviewed as the law asks from time to time, and stays as it is. What is to
/// change needs a revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reviewed {
    /// Day of the review.
    #[schemars(schema_with = "date_schema")]
    pub on: Date,
    /// What came of it.
    pub conclusion: String,
}
