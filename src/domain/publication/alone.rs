//! What one person publishes alone in an emergency. It is public with its reason, and asks for a second person to look
//! at it afterwards.

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::decide::reason_missing;
use super::view::moment_of;
use super::{Command, Event, Family, Publication};
use crate::domain::access::AccountId;
use crate::domain::{Code, Context, Refusal};

/// Hours within which a second person should look at it.
pub const SECOND_LOOK_HOURS: i64 = 24;

/// `*.published_alone`: what follows was not approved by anybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublishedAlone {
    /// The item.
    pub code: Code,
    /// Action of the command, such as `revise`.
    pub action: String,
    /// Why it could not wait, for residents.
    pub reason: String,
    /// Who did it; none where no person is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<AccountId>,
}

/// `*.seconded`: another person has looked at what was published alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Seconded {
    /// The item.
    pub code: Code,
    /// Which one: 1 for the first time that something of the item was published alone.
    pub number: u32,
    /// Who.
    pub by: AccountId,
}

/// `*.publish-alone`, as it comes in.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Emergency {
    /// Action of the command, such as `revise`.
    pub action: String,
    /// Fields of the command.
    pub command: Value,
    /// Why it cannot wait, for residents.
    pub reason: String,
}

/// A command that is carried out alone.
#[derive(Debug, Clone, PartialEq)]
pub struct PublishAlone<F: Family> {
    /// The item's code.
    pub code: Code,
    /// Action of the command.
    pub action: String,
    /// The command.
    pub command: Box<Command<F>>,
    /// Why it cannot wait.
    pub reason: String,
}

/// `*.second`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Second {
    /// Which one, as in [`Seconded`].
    pub number: u32,
}

/// Something that was published alone, as events left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alone {
    /// When, microseconds since 1970.
    pub at: i64,
    /// Why it could not wait.
    pub reason: String,
    /// Who did it; none where no person is known.
    pub by: Option<AccountId>,
    /// Who has looked at it since.
    pub seconded: Vec<AccountId>,
}

impl Alone {
    /// True once enough others have looked at it: one, or two where nobody knows who did it.
    pub fn is_seconded(&self) -> bool {
        self.seconded.len() >= if self.by.is_some() { 1 } else { 2 }
    }

    /// Until when a second person should look at it.
    pub fn due(&self) -> Timestamp {
        moment_of(self.at).saturating_add(SignedDuration::from_hours(SECOND_LOOK_HOURS)).unwrap_or(Timestamp::MAX)
    }
}

impl<F: Family> Publication<F> {
    pub(super) fn published_alone(&self, alone: PublishAlone<F>, context: &Context) -> Result<Vec<Event<F>>, Refusal> {
        let PublishAlone { code, action, command, reason } = alone;
        if !self.needs_second_person(&command, context) {
            return Err(Refusal::invalid("alone-not-needed", sentence!("alone-not-needed")));
        }
        if reason.trim().is_empty() {
            return Err(reason_missing());
        }
        let noted = Event::PublishedAlone(PublishedAlone { code, action, reason, by: context.by.clone() });
        Ok(std::iter::once(noted).chain(self.decide_alone(*command, context)?).collect())
    }

    pub(super) fn seconded(&self, number: u32, context: &Context) -> Result<Event<F>, Refusal> {
        let found = number.checked_sub(1).and_then(|at| self.alone.get(at as usize)).filter(|alone| !alone.is_seconded());
        let (Some(alone), Some(code)) = (found, self.code) else {
            return Err(Refusal::conflict("nothing-to-second", sentence!("nothing-to-second")));
        };
        let Some(by) = context.by.clone() else {
            return Err(Refusal::forbidden("approval-by-nobody", sentence!("approval-by-nobody")));
        };
        if alone.by.as_ref() == Some(&by) {
            return Err(Refusal::forbidden("own-work", sentence!("own-work")));
        }
        if alone.seconded.contains(&by) {
            return Err(Refusal::conflict("approved-already", sentence!("approved-already")));
        }
        Ok(Event::Seconded(Seconded { code, number, by }))
    }

    pub(super) fn note_alone(&mut self, published: PublishedAlone, at: i64) {
        self.alone.push(Alone { at, reason: published.reason, by: published.by, seconded: Vec::new() });
    }

    pub(super) fn note_seconded(&mut self, seconded: Seconded) {
        if let Some(alone) = seconded.number.checked_sub(1).and_then(|at| self.alone.get_mut(at as usize)) {
            alone.seconded.push(seconded.by);
        }
    }

    /// What was published alone and nobody else has looked at yet, the latest, with its number.
    pub fn unseconded(&self) -> Option<(u32, &Alone)> {
        let numbered = self.alone.iter().enumerate().map(|(at, alone)| (at as u32 + 1, alone));
        numbered.rev().find(|(_, alone)| !alone.is_seconded())
    }
}
