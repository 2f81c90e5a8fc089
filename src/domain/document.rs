//! Files attached to a publication: the decision, the report, the map sheet.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Digest;

/// What an attached file is for (Land Law 2024 art. 75 asks for the first three).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DocumentRole {
    /// The approving decision.
    Decision,
    /// The explanatory report.
    Report,
    /// A map sheet.
    Map,
    /// The file the zones or places were imported from, as received.
    Source,
    /// Anything else.
    Other,
}

/// An attached file; its bytes are a blob named by `sha256`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Document {
    /// What it is for.
    pub role: DocumentRole,
    /// Title for people.
    pub title: String,
    /// Name offered for the download.
    pub file_name: String,
    /// Media type as recognised from its first bytes.
    pub media_type: String,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: Digest,
    /// Number of pages, where its format has pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages: Option<u32>,
}
