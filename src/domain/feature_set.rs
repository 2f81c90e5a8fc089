//! The description of a feature set in an event.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Digest;
use crate::geometry::Bbox;

/// What a set of features that comes with a command holds. A family names its sets, and what each takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Takes {
    /// Areas with land-use codes.
    Zones,
    /// Areas without codes.
    Outline,
    /// Points with names and addresses.
    Places,
    /// Lines of works on roads.
    Lines,
    /// Lines of plans.
    PlanLines,
    /// Points of plans.
    PlanPoints,
}

/// A canonical set of features kept as a blob: zones of a plan, places of a campaign.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FeatureSet {
    /// SHA-256 of the canonical GeoJSON.
    pub sha256: Digest,
    /// Its size in bytes.
    pub bytes: u64,
    /// Number of features.
    pub count: u32,
    /// West, south, east, north in degrees WGS 84.
    pub bbox: Bbox,
    /// Sum of the features' plane areas in hectares; none for points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area_ha: Option<f64>,
    /// Numbers, from 0, of the file's features that were left out by choice, because they have no area.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<u32>,
}
