//! What a revision of works states, and what happens to them.

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::days::Hours;
use crate::domain::document::Document;
use crate::domain::feature_set::FeatureSet;
use crate::domain::map_point::Phone;
use crate::domain::unit::UnitId;
use crate::words::civil::{date_schema, moment_schema, optional_date_schema, optional_moment_schema};

/// What goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WorksKind {
    /// Digging, building, repairs.
    RoadWorks,
    /// A road that is closed for another reason.
    RoadClosure,
    /// Something that takes place in the street.
    StreetEvent,
}

impl WorksKind {
    /// The name used in URLs and GeoJSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RoadWorks => "road-works",
            Self::RoadClosure => "road-closure",
            Self::StreetEvent => "street-event",
        }
    }
}

/// Which directions are closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Both.
    Both,
    /// One of them.
    One,
    /// None: traffic is only slowed down.
    Neither,
}

/// Vehicles that may not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Vehicle {
    /// Lorries.
    Lorries,
    /// Cars and buses.
    Cars,
    /// Motorcycles.
    Motorcycles,
    /// Bicycles and people on foot.
    Walkers,
}

impl Vehicle {
    /// The key of its name in the catalogue.
    pub fn key(self) -> &'static str {
        match self {
            Self::Lorries => "vehicle-lorries",
            Self::Cars => "vehicle-cars",
            Self::Motorcycles => "vehicle-motorcycles",
            Self::Walkers => "vehicle-walkers",
        }
    }
}

/// What is closed, and to whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Closed {
    /// Which directions.
    pub direction: Direction,
    /// Where the closed direction leads, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub towards: Option<String>,
    /// How many lanes are closed, where not all are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lanes: Option<u32>,
    /// Vehicles that may not pass; none means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vehicles: Vec<Vehicle>,
    /// Whether ambulances and fire engines may pass; none where nobody has said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emergency: Option<bool>,
}

/// What a revision of works states.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Works {
    /// Kind: road-works, road-closure, street-event.
    pub kind: WorksKind,
    /// Title.
    pub title: String,
    /// What is done and what it means, in a sentence or two for residents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// Name of the road.
    pub road: String,
    /// The stretch in words: from where to where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stretch: Option<String>,
    /// The road's lines, and those of the detour.
    pub lines: FeatureSet,
    /// First day.
    #[schemars(schema_with = "date_schema")]
    pub from: Date,
    /// Last day; none means until further notice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "optional_date_schema")]
    pub to: Option<Date>,
    /// Hours of the day; none means day and night.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
    /// What is closed, and to whom.
    pub closed: Closed,
    /// The way around, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detour: Option<String>,
    /// Who allowed it.
    pub authority: String,
    /// Number of the permit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permit: Option<String>,
    /// Who carries it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contractor: Option<String>,
    /// Numbers to call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phones: Vec<Phone>,
    /// Units it concerns; none means the whole city.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<UnitId>,
    /// The permit and what explains it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<Document>,
}

/// `works.postpone`, `works.postponed`: they take place on other days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Postponed {
    /// New first day.
    #[schemars(schema_with = "date_schema")]
    pub from: Date,
    /// New last day; none means until further notice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "optional_date_schema")]
    pub to: Option<Date>,
    /// Why.
    pub reason: String,
}

/// The command has the form of the event.
pub type Postpone = Postponed;

/// `works.ended_early`: the road is free again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndedEarly {
    /// Since when.
    #[schemars(schema_with = "moment_schema")]
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// `works.end-early`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndEarly {
    /// Since when the road is free; now where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "optional_moment_schema")]
    pub at: Option<Timestamp>,
    /// Why.
    pub reason: String,
}

/// Commands of works.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum WorksChange {
    /// To other days.
    Postpone(Postpone),
    /// The road is free.
    EndEarly(EndEarly),
}

/// Events of works.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum WorksChanged {
    /// To other days.
    Postponed(Postponed),
    /// The road is free.
    EndedEarly(EndedEarly),
}

/// What the events leave behind.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct WorksState {
    /// The last postponement.
    pub postponed: Option<Postponed>,
    /// Set once the road was free before its time.
    pub ended: Option<EndedEarly>,
}
