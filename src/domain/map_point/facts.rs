//! What a revision of a map point states.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::subject::SubjectId;
use crate::domain::unit::UnitId;
use crate::geometry::Position;
use crate::words::civil::moment_schema;
use crate::words::civil::optional_moment_schema;

/// Kinds of point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PointKind {
    /// An ambulance and its base.
    Ambulance,
    /// A village health worker.
    HealthWorker,
    /// A health station or hospital.
    HealthStation,
    /// A desk that helps with land procedures and the like.
    AdvisoryDesk,
    /// A community digital team.
    DigitalTeam,
}

impl PointKind {
    /// The name used in URLs and GeoJSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ambulance => "ambulance",
            Self::HealthWorker => "health-worker",
            Self::HealthStation => "health-station",
            Self::AdvisoryDesk => "advisory-desk",
            Self::DigitalTeam => "digital-team",
        }
    }
}

/// An institution's number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Phone {
    /// Whose number, "Trực cấp cứu".
    pub label: String,
    /// Digits, spaces, a leading plus.
    pub number: String,
}

/// A person to call; name and number are in the vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactRef {
    /// The person.
    pub subject: SubjectId,
}

/// What a revision of a map point states.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MapPoint {
    /// Kind.
    pub kind: PointKind,
    /// Name or label, "Xe cứu thương số 1".
    pub title: String,
    /// What one finds there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// Where it is, WGS 84.
    pub position: Position,
    /// Address in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Units it serves; none means the whole city.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<UnitId>,
    /// Hamlets and residential groups that it serves, by name; none means all of its units.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hamlets: Vec<String>,
    /// Opening hours in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<String>,
    /// True when it can be reached day and night.
    #[serde(default)]
    pub always_open: bool,
    /// Languages spoken, by name: Kinh, Tày, Mông, Dao …
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
    /// Who runs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// Role or service, "Cấp cứu", "Nhân viên y tế thôn bản".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Numbers of the institution.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phones: Vec<Phone>,
    /// A person to call, with their consent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactRef>,
    /// Minutes after which a duty status counts as unknown; 5 to 1440, 120 where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duty_limit_minutes: Option<u16>,
}

/// Whether an ambulance can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Duty {
    /// Sẵn sàng.
    Ready,
    /// Đang đi.
    Out,
    /// Ngừng trực.
    Off,
}

impl Duty {
    /// The name used in GeoJSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Out => "out",
            Self::Off => "off",
        }
    }
}

/// `map-point.set-duty`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetDuty {
    /// The new status.
    pub duty: Duty,
    /// When it was observed; now where not given.
    #[serde(default)]
    #[schemars(schema_with = "optional_moment_schema")]
    pub at: Option<Timestamp>,
}

/// `map-point.duty_changed`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DutyChanged {
    /// The status.
    pub duty: Duty,
    /// When it was observed.
    #[schemars(schema_with = "moment_schema")]
    pub at: Timestamp,
}
