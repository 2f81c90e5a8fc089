//! The rules of the notice board: pure functions over plain values.
//!
//! Nothing here is asynchronous, reads a file, asks a clock or draws a random number. A
//! [`Context`] holds what a rule needs to know about the world.

/// An identity that says nothing about what it names; safe to print and to keep in the log.
macro_rules! opaque_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        written_as_text!($name);

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

pub mod access;
pub mod account;
pub mod board;
pub mod campaign;
pub mod city;
pub mod code;
pub mod consultation;
pub mod days;
pub mod deadlines;
pub mod digest;
pub mod document;
pub mod families;
pub mod faq;
pub mod feature_set;
pub mod figures;
pub mod holders;
pub mod indicator;
pub mod land_use;
pub mod law;
pub mod lot_indicators;
pub mod map_point;
pub mod mark;
pub mod merchant;
pub mod names;
pub mod payment;
pub mod phone;
pub mod plan;
pub mod posting;
pub mod procedure;
pub mod publication;
pub mod question;
pub mod refusal;
pub mod report;
pub mod schema;
pub mod service;
pub mod subject;
pub mod trade;
pub mod unit;
pub mod vietqr;
pub mod works;

pub use code::Code;
pub use digest::Digest;
pub use refusal::Refusal;

#[cfg(test)]
pub mod test_support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{Timestamp, civil::Date};

/// What a rule may know beyond the aggregate and the command: time, the city, and which of the
/// codes that the command mentions exist.
#[derive(Debug, Clone)]
pub struct Context {
    /// The moment of the decision.
    pub now: Timestamp,
    /// The civil date of that moment in the city's time zone.
    pub today: Date,
    /// The city's configuration as recorded in the log.
    pub city: Arc<city::City>,
    /// The codes that the command mentions and that can stand in for its item.
    pub known_codes: BTreeSet<Code>,
    /// Public items of any family that the command refers to.
    pub known_items: BTreeMap<Code, KnownItem>,
    /// The person who asks, where one is known.
    pub by: Option<access::AccountId>,
    /// Others who had a hand in what is proposed; none for one of whom no person is known.
    pub with: Vec<Option<access::AccountId>>,
    /// Families and kinds whose items nobody may publish alone now.
    pub two_persons: Vec<String>,
    /// Sequence of the item's last event; 0 for a new item.
    pub sequence: i64,
}

/// A public item to which a command refers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownItem {
    /// Its family.
    pub family: String,
    /// Its newest revision.
    pub revision: u32,
}

impl Context {
    /// Refuses what refers to a campaign that is none.
    pub fn check_campaigns(&self, codes: impl IntoIterator<Item = Code>) -> Result<(), Refusal> {
        let is_campaign =
            |code: &Code| self.known_items.get(code).is_some_and(|item| item.family == <campaign::Campaign as publication::Family>::NAME);
        match codes.into_iter().find(|code| !is_campaign(code)) {
            Some(code) => Err(Refusal::invalid("unknown-item", sentence!("unknown-campaign", code))),
            None => Ok(()),
        }
    }

    /// The same at a later moment, where one is given and lies ahead.
    pub fn as_of(&self, later: Option<Timestamp>) -> Self {
        let now = later.map_or(self.now, |later| later.max(self.now));
        Self { now, today: crate::words::civil::date_in(&self.city.zone(), now), ..self.clone() }
    }
}
