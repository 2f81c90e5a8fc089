//! A refusal: the domain says no and tells the reason, in words a planner can act on.

use std::fmt;

use crate::words::sentence::Sentence;

/// Why a command is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The command breaks a rule by itself (HTTP 422).
    Wrong,
    /// The command may be right, but not in the item's present state (HTTP 409).
    InTheWay,
    /// It names something that is not there (HTTP 404).
    Unknown,
    /// The actor may not do this (HTTP 403).
    Forbidden,
    /// Others wrote to the same item meanwhile, again and again (HTTP 409). The same command may be tried again.
    Busy,
}

/// A command that the rules do not allow. `reason` is stable and becomes the problem type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Stable name of the rule, e.g. `period-reversed`.
    pub reason: &'static str,
    /// What is wrong, and what to do.
    pub said: Sentence,
    /// Why it is not allowed.
    pub why: Why,
}

impl Refusal {
    /// A command that breaks a rule by itself.
    pub fn invalid(reason: &'static str, said: Sentence) -> Self {
        Self { reason, said, why: Why::Wrong }
    }

    /// A command that may be right, but not in the item's present state.
    pub fn conflict(reason: &'static str, said: Sentence) -> Self {
        Self { reason, said, why: Why::InTheWay }
    }

    /// A command that names something that is not there.
    pub fn unknown(reason: &'static str, said: Sentence) -> Self {
        Self { reason, said, why: Why::Unknown }
    }

    /// A command that this actor may not give.
    pub fn forbidden(reason: &'static str, said: Sentence) -> Self {
        Self { reason, said, why: Why::Forbidden }
    }

    /// A command that others got ahead of, again and again.
    pub fn busy(said: Sentence) -> Self {
        Self { reason: "busy", said, why: Why::Busy }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.said.fmt(f)
    }
}

impl std::error::Error for Refusal {}
