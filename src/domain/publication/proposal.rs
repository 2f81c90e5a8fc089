//! Two persons: what one proposes, another approves.
//!
//! A proposal is a command that is kept until it may be carried out. It is the item's own, and nothing of it is public.
//! Whoever had a hand in it is an author, and no author approves it. An approval names the proposal's digest; any other
//! change of the item asks for a new proposal, because the approver has not seen what it would lead to. What is to be
//! public from an hour on waits for that hour (`schedule.rs`).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Approved, Command, Discarded, Event, Family, Propose, Proposed, Publication, Return, Returned};
use crate::domain::access::AccountId;
use crate::domain::unit::UnitId;
use crate::domain::{Code, Context, Digest, Refusal};
use crate::words::format;

/// Where a proposal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProposalState {
    /// Its authors work on it.
    Draft,
    /// It waits for approval.
    Submitted,
    /// It is approved, and waits for its hour.
    Scheduled,
    /// It went back to its authors.
    Returned,
    /// At its hour the rules refused it.
    Halted,
    /// The item changed in between: it must be submitted anew.
    Overtaken,
}

/// A proposal as events left it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// Action of the command.
    pub action: String,
    /// Fields of the command, as JSON text.
    pub body: String,
    /// Persons who wrote it or changed it.
    pub authors: Vec<AccountId>,
    /// True when somebody of whom no person is known had a hand in it.
    pub unnamed: bool,
    /// Sequence of the item's last event before it.
    pub after: i64,
    /// Where it stands.
    pub state: ProposalState,
    /// Who approved it so far.
    pub approvals: Vec<AccountId>,
    /// Who returned it last, and why.
    pub returned: Option<(AccountId, String)>,
    /// When it is to be carried out; none for at once.
    pub due: Option<Timestamp>,
    /// True when the city asked for no second person.
    pub alone: bool,
    /// Why it was not carried out at its hour, in Vietnamese and English.
    pub halted: Option<(String, String)>,
    /// When it was proposed, microseconds since 1970.
    pub at: i64,
    /// Title of the item as it would be.
    pub title: String,
    /// Units that it would concern.
    pub units: Vec<UnitId>,
}

impl Proposal {
    /// What an approval names: SHA-256 of the action, the command's text, the sequence of the item's last event before it
    /// and the moment at which it is due, where there is one; each on a line of its own.
    pub fn digest(&self) -> Digest {
        let due = self.due.map(|due| format!("\n{due}")).unwrap_or_default();
        Digest::of(format!("{}\n{}\n{}{due}", self.action, self.body, self.after).as_bytes())
    }

    /// How many persons must approve it where two are needed.
    pub(super) fn second_persons(&self) -> usize {
        if self.unnamed { 2 } else { 1 }
    }

    /// How many persons must approve it.
    pub fn needed(&self) -> usize {
        if self.alone { 0 } else { self.second_persons() }
    }

    /// The command that it will become. None where a newer program no longer reads it.
    pub fn command<F: Family>(&self) -> Option<Command<F>> {
        Command::read(&self.action, serde_json::from_str(&self.body).ok()?)?.ok()
    }
}

impl<F: Family> Publication<F> {
    /// True for a command that the city lets nobody carry out alone.
    pub fn needs_second_person(&self, command: &Command<F>, context: &Context) -> bool {
        let is_public = match command {
            // A draft becomes what is published, so whoever writes it is an author.
            Command::Draft(_)
            | Command::Publish(_)
            | Command::Revise(_)
            | Command::Correct(_)
            | Command::CancelRevision(_)
            | Command::Expire(_)
            | Command::Supersede(_)
            | Command::Withdraw(_) => true,
            Command::Change(change) => F::is_publishing(change),
            Command::Propose(_)
            | Command::Approve(_)
            | Command::Return(_)
            | Command::Discard(_)
            | Command::CarryOut(_)
            | Command::PublishAlone(_)
            | Command::Second(_) => false,
        };
        let kind = command.facts().or_else(|| self.revisions.first().map(|revision| &revision.facts)).map(F::kind);
        is_public && context.two_persons.iter().any(|named| named == F::NAME || Some(named.as_str()) == kind)
    }

    /// The item as it would be if its proposal were approved now and carried out at its hour, or why that would be refused.
    /// None without a proposal.
    pub fn foreseen(&self, context: &Context) -> Option<Result<Self, Refusal>> {
        let proposal = self.proposal.as_ref()?;
        let context = &context.as_of(proposal.due);
        let command = proposal.command().ok_or_else(proposal_unread);
        Some(command.and_then(|command| self.decide_alone(command, context)).map(|events| {
            let mut after = Self { proposal: None, ..self.clone() };
            events.into_iter().for_each(|event| after.apply_at(event, context.now.as_microsecond()));
            after
        }))
    }

    /// The events that a proposed command would lead to if it were approved now and carried out at its hour.
    pub fn would_lead_to(&self, propose: &Propose<F>, context: &Context) -> Result<Vec<Event<F>>, Refusal> {
        self.decide_alone((*propose.command).clone(), &context.as_of(propose.at))
    }

    pub(super) fn proposed(&self, propose: Propose<F>, context: &Context) -> Result<Event<F>, Refusal> {
        let Propose { code, action, body, command, submitted, replaces, at } = propose;
        let alone = at.is_some() && !self.needs_second_person(&command, context);
        if let Some(at) = at.filter(|at| submitted && *at <= context.now) {
            return Err(Refusal::invalid("hour-past", sentence!("hour-past", at = format::hour(&context.city.zone(), at))));
        }
        let mut authors: Vec<AccountId> = context.by.iter().chain(context.with.iter().flatten()).cloned().collect();
        // Nobody knows who wrote a draft of before.
        let mut unnamed = context.by.is_none() || context.with.contains(&None) || self.draft.is_some();
        if let Some(known) = &self.proposal {
            let is_expected = match replaces {
                Some(digest) => digest == known.digest(),
                // What was returned, overtaken or halted waits for a new one.
                None => matches!(known.state, ProposalState::Returned | ProposalState::Overtaken | ProposalState::Halted),
            };
            if !is_expected {
                return Err(Refusal::conflict("proposal-open", sentence!("proposal-open", code, title = known.title)));
            }
            authors.extend(known.authors.iter().filter(|author| context.by.as_ref() != Some(author)).cloned());
            unnamed |= known.unnamed;
        } else if replaces.is_some() {
            return Err(proposal_changed());
        }
        match *command {
            command if submitted || matches!(command, Command::Draft(_)) => drop(self.decide_alone(command, &context.as_of(at))?),
            _ => self.check_open()?,
        }
        authors.sort();
        authors.dedup();
        let after = context.sequence;
        Ok(Event::Proposed(Box::new(Proposed { code, action, body, authors, unnamed, after, submitted, at, alone })))
    }

    /// The proposal with that digest, while it stands where it may be judged so; the person who judges it, and the item's
    /// code.
    fn with_digest(&self, digest: &Digest, states: &[ProposalState], context: &Context) -> Result<(&Proposal, AccountId, Code), Refusal> {
        let (proposal, code) = self.proposed_as(digest, states)?;
        let Some(person) = &context.by else {
            return Err(Refusal::forbidden("approval-by-nobody", sentence!("approval-by-nobody")));
        };
        Ok((proposal, person.clone(), code))
    }

    /// The proposal with that digest, in one of those states, and the item's code.
    pub(super) fn proposed_as(&self, digest: &Digest, states: &[ProposalState]) -> Result<(&Proposal, Code), Refusal> {
        match (&self.proposal, self.code) {
            (Some(proposal), Some(code)) if proposal.digest() == *digest && states.contains(&proposal.state) => Ok((proposal, code)),
            _ => Err(proposal_changed()),
        }
    }

    pub(super) fn approved(&self, digest: &Digest, context: &Context) -> Result<Vec<Event<F>>, Refusal> {
        let (proposal, by, code) = self.with_digest(digest, &[ProposalState::Submitted], context)?;
        if proposal.authors.contains(&by) {
            return Err(Refusal::forbidden("own-work", sentence!("own-work")));
        }
        if proposal.approvals.contains(&by) {
            return Err(Refusal::conflict("approved-already", sentence!("approved-already")));
        }
        let mut events = vec![Event::Approved(Approved { code, proposal: *digest, by })];
        if proposal.approvals.len() + 1 >= proposal.needed() {
            let command = proposal.command().ok_or_else(proposal_unread)?;
            let led_to = self.decide_alone(command, &context.as_of(proposal.due))?;
            match proposal.due {
                None => events.extend(led_to),
                // It was approved too late.
                Some(due) if due <= context.now => events.extend(Self::carry_out(code, *digest, led_to)),
                Some(_) => {}
            }
        }
        Ok(events)
    }

    pub(super) fn returned(&self, back: Return, context: &Context) -> Result<Event<F>, Refusal> {
        let (_, by, code) = self.with_digest(&back.proposal, &[ProposalState::Submitted, ProposalState::Scheduled], context)?;
        if back.comment.trim().is_empty() {
            return Err(Refusal::invalid("comment-missing", sentence!("comment-missing")));
        }
        Ok(Event::Returned(Returned { code, proposal: back.proposal, by, comment: back.comment }))
    }

    pub(super) fn discarded(&self, digest: &Digest) -> Result<Event<F>, Refusal> {
        match (&self.proposal, self.code) {
            (Some(proposal), Some(code)) if proposal.digest() == *digest => Ok(Event::Discarded(Discarded { code, proposal: *digest })),
            _ => Err(proposal_changed()),
        }
    }

    /// Keeps a new proposal.
    pub(super) fn propose(&mut self, proposed: Proposed, at: i64) {
        let Proposed { code, action, body, authors, unnamed, after, submitted, at: due, alone } = proposed;
        self.code = Some(code);
        let state = match (submitted, alone) {
            (false, _) => ProposalState::Draft,
            (true, false) => ProposalState::Submitted,
            (true, true) => ProposalState::Scheduled,
        };
        let returned = self.proposal.take().and_then(|before| before.returned);
        let (title, units) = (String::new(), Vec::new());
        let (approvals, halted) = (Vec::new(), None);
        let mut proposal =
            Proposal { action, body, authors, unnamed, after, state, approvals, returned, due, alone, halted, at, title, units };
        let command: Option<Command<F>> = proposal.command();
        let facts = command.as_ref().and_then(Command::facts).or_else(|| self.latest().map(|revision| &revision.facts));
        if let Some(facts) = facts {
            (proposal.title, proposal.units) = (facts.title().to_owned(), facts.units().to_vec());
        }
        self.proposal = Some(Box::new(proposal));
    }

    /// Counts an approval. With the last one the proposal waits for its hour, or is done: the events that follow are what it
    /// led to.
    pub(super) fn approve(&mut self, approved: Approved) {
        if let Some(proposal) = &mut self.proposal {
            proposal.approvals.push(approved.by);
            if proposal.approvals.len() >= proposal.needed() {
                match proposal.due {
                    Some(_) => proposal.state = ProposalState::Scheduled,
                    None => self.proposal = None,
                }
            }
        }
    }

    pub(super) fn give_back(&mut self, returned: Returned) {
        if let Some(proposal) = &mut self.proposal {
            proposal.state = ProposalState::Returned;
            proposal.approvals.clear();
            proposal.returned = Some((returned.by, returned.comment));
        }
    }

    /// The item has changed: what waits for approval must be proposed anew.
    pub(super) fn overtake(&mut self) {
        if let Some(proposal) = self.proposal.as_mut().filter(|proposal| proposal.state != ProposalState::Draft) {
            proposal.state = ProposalState::Overtaken;
            proposal.approvals.clear();
        }
    }
}

pub(super) fn proposal_unread() -> Refusal {
    Refusal::conflict("proposal-unread", sentence!("proposal-unread"))
}

fn proposal_changed() -> Refusal {
    Refusal::conflict("proposal-changed", sentence!("proposal-changed"))
}
