//! What a revision of a campaign states.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::days::{Exception, Hours, OnHoliday, Schedule};
use crate::domain::document::Document;
use crate::domain::feature_set::FeatureSet;
use crate::domain::unit::UnitId;
use crate::words::civil::{date_schema, optional_date_schema};

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
    /// What becomes of its days that are public holidays.
    #[serde(default, skip_serializing_if = "OnHoliday::is_held")]
    pub holidays: OnHoliday,
    /// Days of the schedule that are cancelled or moved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<Exception>,
    /// Hours of the day, each for all days or for some days of the week.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub times: Vec<Hours>,
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

/// `campaign.cancel-day`, `campaign.day_cancelled`: a day does not take place, or takes place on another day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DayCancelled {
    /// The day of the schedule.
    #[schemars(schema_with = "date_schema")]
    pub day: Date,
    /// The day on which it takes place instead; none where it is cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "optional_date_schema")]
    pub moved_to: Option<Date>,
    /// Why.
    pub reason: String,
}

/// `campaign.restore-day`, `campaign.day_restored`: a day takes place as planned after all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DayRestored {
    /// The day of the schedule.
    #[schemars(schema_with = "date_schema")]
    pub day: Date,
    /// Why.
    pub reason: String,
}

/// Commands of campaigns.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum CampaignChange {
    /// Figures were reached.
    Report(ReportResults),
    /// A day does not take place.
    CancelDay(DayCancelled),
    /// It takes place after all.
    RestoreDay(DayRestored),
}

/// Events of campaigns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum CampaignChanged {
    /// Figures were reached.
    Reported(ResultsReported),
    /// A day does not take place.
    Cancelled(DayCancelled),
    /// It takes place after all.
    Restored(DayRestored),
}

/// What the events leave behind.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct CampaignState {
    /// Results, the first first.
    pub results: Vec<ResultsReported>,
    /// Days that were cancelled or moved, and not restored.
    pub cancelled: Vec<DayCancelled>,
}
