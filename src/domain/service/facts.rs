//! What the entry of a service states.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::unit::UnitId;

/// What the entry of a service states.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Name: “Trả tiền điện”.
    pub title: String,
    /// What one can do there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// What it is about, in the organiser's words: “Điện”, “Bảo hiểm y tế”.
    pub category: String,
    /// Its address: begins with `https://`.
    pub link: String,
    /// Who runs it.
    pub operator: String,
    /// What one needs to use it: “Mã khách hàng”, “Tài khoản định danh mức 2”.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
    /// Units whose residents it serves; none means the whole city.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<UnitId>,
}
