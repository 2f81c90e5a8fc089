//! What a revision of a campaign states.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::document::Document;
use crate::domain::feature_set::FeatureSet;
use crate::domain::unit::UnitId;
use crate::words::civil::date_schema;
use crate::words::civil::optional_date_schema;

/// Kinds of campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CampaignKind {
    /// Ngày không dùng tiền mặt.
    CashlessDay,
    /// Thứ sáu lên sàn.
    MarketplaceDay,
    /// Cấp định danh điện tử.
    EidDrive,
    /// Tháng chuyển đổi số.
    DigitalMonth,
    /// Tập huấn.
    Training,
}

impl CampaignKind {
    /// The name used in URLs and GeoJSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CashlessDay => "cashless-day",
            Self::MarketplaceDay => "marketplace-day",
            Self::EidDrive => "eid-drive",
            Self::DigitalMonth => "digital-month",
            Self::Training => "training",
        }
    }
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// When it takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Schedule {
    /// One day.
    Day {
        /// The day.
        #[schemars(schema_with = "date_schema")]
        on: Date,
    },
    /// Every day of a range.
    Range {
        /// First day.
        #[schemars(schema_with = "date_schema")]
        from: Date,
        /// Last day.
        #[schemars(schema_with = "date_schema")]
        to: Date,
    },
    /// The same day of each week.
    Weekly {
        /// Which day.
        weekday: Weekday,
        /// Not before.
        #[schemars(schema_with = "date_schema")]
        from: Date,
        /// Not after; open where not given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(schema_with = "optional_date_schema")]
        to: Option<Date>,
    },
}

/// What is aimed at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Vietnamese name.
    pub name_vi: String,
    /// English name.
    pub name_en: String,
    /// `%`, or what is counted.
    pub unit: String,
    /// The figure aimed at.
    pub target: f64,
}

/// What a revision of a campaign states.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Campaign {
    /// Kind.
    pub kind: CampaignKind,
    /// Title.
    pub title: String,
    /// What is offered, in a sentence or two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// Who organises it.
    pub organiser: String,
    /// When it takes place.
    pub schedule: Schedule,
    /// Hours in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<String>,
    /// Units taking part; none means the whole city.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<UnitId>,
    /// Figures aimed at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Target>,
    /// Attached files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<Document>,
    /// Participating places.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub places: Option<FeatureSet>,
}

/// A figure that was reached.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportedFigure {
    /// Vietnamese name; that of the target where there is one.
    pub name_vi: String,
    /// English name.
    pub name_en: String,
    /// `%`, or what is counted.
    pub unit: String,
    /// The figure reached.
    pub actual: f64,
}

/// `campaign.report-results`
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportResults {
    /// Day the figures were counted.
    #[schemars(schema_with = "date_schema")]
    pub as_of: Date,
    /// Where they were published.
    pub source: String,
    /// The figures.
    pub figures: Vec<ReportedFigure>,
}

/// `campaign.results_reported`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResultsReported {
    /// Day the figures were counted.
    #[schemars(schema_with = "date_schema")]
    pub as_of: Date,
    /// Where they were published.
    pub source: String,
    /// The figures.
    pub figures: Vec<ReportedFigure>,
}
