//! What becomes public at an hour: an approved command waits for it, and is decided anew when it has come.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::proposal::proposal_unread;
use super::{Command, Event, Family, ProposalState, Publication};
use crate::domain::{Code, Context, Digest, Refusal};
use crate::words::format;
use crate::words::text::Lang;

/// `*.carried_out`: the hour of a proposal has come; what follows is what it led to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CarriedOut {
    /// The item.
    pub code: Code,
    /// Digest of the proposal.
    pub proposal: Digest,
}

/// `*.halted`: the hour of a proposal has come, and the rules refused it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Halted {
    /// The item.
    pub code: Code,
    /// Digest of the proposal.
    pub proposal: Digest,
    /// Why, in Vietnamese.
    pub vi: String,
    /// Why, in English.
    pub en: String,
}

impl<F: Family> Publication<F> {
    /// The events of a proposal whose hour has come.
    pub(super) fn carry_out(code: Code, proposal: Digest, led_to: Vec<Event<F>>) -> impl Iterator<Item = Event<F>> {
        std::iter::once(Event::CarriedOut(CarriedOut { code, proposal })).chain(led_to)
    }

    /// What the proposal leads to at its hour. A refusal is an event too: its authors must learn of it.
    pub(super) fn carried_out(&self, digest: &Digest, context: &Context) -> Result<Vec<Event<F>>, Refusal> {
        let (proposal, code) = self.proposed_as(digest, &[ProposalState::Scheduled])?;
        if let Some(due) = proposal.due.filter(|due| *due > context.now) {
            return Err(Refusal::conflict("hour-to-come", sentence!("hour-to-come", at = format::hour(&context.city.zone(), due))));
        }
        let command: Command<F> = proposal.command().ok_or_else(proposal_unread)?;
        // The city may have come to ask for two persons since.
        let lacks_person = self.needs_second_person(&command, context) && proposal.approvals.len() < proposal.second_persons();
        let led_to = if lacks_person {
            Err(Refusal::forbidden("second-person-needed", sentence!("second-person-needed")))
        } else {
            self.decide_alone(command, context)
        };
        match led_to {
            Ok(events) => Ok(Self::carry_out(code, *digest, events).collect()),
            Err(refusal) => Ok(vec![Self::halted(code, *digest, &refusal)]),
        }
    }

    /// The event of a proposal that was refused at its hour.
    pub fn halted(code: Code, proposal: Digest, refusal: &Refusal) -> Event<F> {
        let said = |lang| refusal.said.text(lang).clone();
        Event::Halted(Halted { code, proposal, vi: said(Lang::Vi), en: said(Lang::En) })
    }

    /// Keeps why it was refused: its authors propose it anew, or drop it.
    pub(super) fn halt(&mut self, halted: Halted) {
        if let Some(proposal) = &mut self.proposal {
            proposal.state = ProposalState::Halted;
            proposal.approvals.clear();
            proposal.halted = Some((halted.vi, halted.en));
        }
    }
}
