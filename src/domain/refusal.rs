//! A refusal: the domain says no and tells the reason, in words a planner can act on.

use std::fmt;

/// A command that the rules do not allow. `reason` is stable and becomes the problem type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Stable name of the rule, e.g. `period-reversed`.
    pub reason: &'static str,
    /// The sentence in Vietnamese.
    pub vi: String,
    /// The sentence in English.
    pub en: String,
    /// True when the state of the item is in the way (HTTP 409), false when the command itself
    /// is wrong (422).
    pub conflict: bool,
}

impl Refusal {
    /// A refusal of a command that breaks a rule by itself (HTTP 422).
    pub fn invalid(reason: &'static str, vi: impl Into<String>, en: impl Into<String>) -> Self {
        Self { reason, vi: vi.into(), en: en.into(), conflict: false }
    }

    /// A refusal of a command that may be right, but not in the item's present state (HTTP 409).
    pub fn conflict(reason: &'static str, vi: impl Into<String>, en: impl Into<String>) -> Self {
        Self { reason, vi: vi.into(), en: en.into(), conflict: true }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.vi, self.en)
    }
}

impl std::error::Error for Refusal {}
