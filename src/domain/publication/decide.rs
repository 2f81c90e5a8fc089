//! The shared rules: the events that a command leads to, or why it is refused.

use jiff::civil::Date;

use super::{
    Claim, Command, Correct, Corrected, Drafted, Event, ExpirySet, Family, Publication, Published, Revise, Revision, RevisionCancelled,
};
use crate::domain::publication::ClaimKind;
use crate::domain::{Code, Context, Refusal};

fn effective_reversed(from: Date, to: Date) -> Refusal {
    Refusal::invalid("period-reversed", sentence!("period-reversed", to, from))
}

pub(super) fn reason_missing() -> Refusal {
    Refusal::invalid("reason-missing", sentence!("reason-missing"))
}

impl<F: Family> Publication<F> {
    pub(super) fn check_open(&self) -> Result<(), Refusal> {
        if self.withdrawn.is_some() {
            return Err(Refusal::conflict("withdrawn", sentence!("withdrawn")));
        }
        Ok(())
    }

    fn check_published(&self) -> Result<&Revision<F>, Refusal> {
        self.check_open()?;
        self.latest().or(self.revisions.last()).ok_or_else(|| Refusal::conflict("not-published", sentence!("not-published")))
    }

    fn published(
        &self,
        code: Code,
        based_on: Option<u32>,
        facts: F,
        from: Option<Date>,
        to: Option<Date>,
        context: &Context,
    ) -> Result<Event<F>, Refusal> {
        let (default_from, default_to) = facts.effective(context.today);
        let effective_from = from.unwrap_or(default_from);
        let effective_to = to.or(default_to);
        if let Some(to) = effective_to.filter(|to| *to < effective_from) {
            return Err(effective_reversed(effective_from, to));
        }
        context.city.units.check(facts.units(), effective_from)?;
        facts.check(effective_from, context)?;
        facts.check_days(effective_from, effective_to)?;
        Ok(Event::Published(Box::new(Published {
            code,
            revision: self.revisions.len() as u32 + 1,
            based_on,
            effective_from,
            effective_to,
            facts,
        })))
    }

    fn revised(&self, revise: Revise<F>, context: &Context) -> Result<Event<F>, Refusal> {
        let latest = self.check_published()?;
        let newest = self.revisions.last().map_or(0, |r| r.number);
        if let Some(based_on) = revise.based_on.filter(|n| *n != latest.number && *n != newest) {
            let since = self.revisions.iter().filter(|r| r.number > based_on);
            let since: Vec<String> =
                since.map(|r| format!("{} ({}, {})", r.number, r.facts.title(), crate::words::format::date(r.effective_from))).collect();
            return Err(Refusal::conflict("revised-meanwhile", sentence!("revised-meanwhile", based_on, since = since.join("; "))));
        }
        if latest.cancelled.is_none() {
            revise.facts.check_keeps(&latest.facts)?;
            revise.facts.check_follows(&latest.facts)?;
        }
        let decisions = |facts: &F| facts.claims().into_iter().filter(|claim| claim.kind == ClaimKind::Decision).collect::<Vec<_>>();
        let own = decisions(&revise.facts);
        let repeated = |r: &&Revision<F>| r.cancelled.is_none() && !own.is_empty() && decisions(&r.facts) == own;
        if let Some(known) = self.revisions.iter().find(repeated) {
            return Err(Refusal::conflict("decision-repeated", sentence!("decision-repeated", known = known.number, code = revise.code)));
        }
        if revise.facts.kind() != latest.facts.kind() {
            return Err(Refusal::invalid("kind-changed", sentence!("kind-changed", kind = latest.facts.kind())));
        }
        let based_on = Some(latest.number);
        self.published(revise.code, based_on, revise.facts, revise.effective_from, revise.effective_to, context)
    }

    fn corrected(&self, correct: Correct<F>, context: &Context) -> Result<Event<F>, Refusal> {
        self.check_published()?;
        let revision = self.find(correct.revision)?;
        if correct.reason.trim().is_empty() {
            return Err(reason_missing());
        }
        if correct.facts.kind() != revision.facts.kind() {
            return Err(Refusal::invalid("kind-changed", sentence!("kind-changed", kind = revision.facts.kind())));
        }
        correct.facts.check_keeps(&revision.facts)?;
        correct.facts.check_corrects(&revision.facts, &self.state, context)?;
        let fields = revision.facts.differences(&correct.facts);
        if fields.is_empty() {
            return Err(Refusal::invalid("nothing-changed", sentence!("nothing-changed")));
        }
        let (from, to) = revision.days_with(&correct.facts);
        context.city.units.check(correct.facts.units(), from)?;
        correct.facts.check(from, context)?;
        correct.facts.check_days(from, to)?;
        let Correct { revision, reason, facts, .. } = correct;
        Ok(Event::Corrected(Box::new(Corrected { revision, reason, fields, facts })))
    }

    fn find(&self, number: u32) -> Result<&Revision<F>, Refusal> {
        self.revisions
            .iter()
            .find(|r| r.number == number)
            .ok_or_else(|| Refusal::unknown("unknown-revision", sentence!("unknown-revision", number)))
    }

    fn cancelled(&self, cancel: RevisionCancelled, context: &Context) -> Result<Event<F>, Refusal> {
        self.check_open()?;
        let revision = self.find(cancel.revision)?;
        if revision.cancelled.is_some() || revision.effective_from <= context.today {
            return Err(Refusal::conflict("already-in-force", sentence!("already-in-force", revision = cancel.revision)));
        }
        if cancel.reason.trim().is_empty() {
            return Err(reason_missing());
        }
        Ok(Event::RevisionCancelled(cancel))
    }

    /// The end that was set for the item while the revision was its newest: it holds for the one before, too.
    fn kept_end(&self, cancelled: u32) -> Option<Event<F>> {
        let newest = self.latest().filter(|revision| revision.number == cancelled)?;
        let (_, reason) = newest.expiries.last()?;
        let before = self.revisions.iter().rev().find(|r| r.number < cancelled && r.cancelled.is_none())?;
        let effective_to = newest.effective_to.filter(|to| *to >= before.effective_from)?;
        let is_earlier = before.effective_to.is_none_or(|to| effective_to < to);
        let fits = before.facts.check_days(before.effective_from, Some(effective_to)).is_ok();
        (is_earlier && fits).then(|| Event::ExpirySet(ExpirySet { effective_to, reason: reason.clone() }))
    }

    fn known(code: &Code, context: &Context) -> Result<(), Refusal> {
        if context.known_codes.contains(code) {
            return Ok(());
        }
        Err(Refusal::unknown("unknown-code", sentence!("unknown-code", code)))
    }

    /// Decides a command. Gives the events that it leads to, or why it is refused. Where the city asks for two persons,
    /// what the public would see must be proposed by one and approved by another.
    pub fn decide(&self, command: Command<F>, context: &Context) -> Result<Vec<Event<F>>, Refusal> {
        match command {
            Command::Propose(propose) => Ok(vec![self.proposed(propose, context)?]),
            Command::Approve(approval) => self.approved(&approval.proposal, context),
            Command::Return(back) => Ok(vec![self.returned(back, context)?]),
            Command::Discard(approval) => Ok(vec![self.discarded(&approval.proposal)?]),
            Command::CarryOut(approval) => self.carried_out(&approval.proposal, context),
            Command::PublishAlone(alone) => self.published_alone(alone, context),
            Command::Second(second) => Ok(vec![self.seconded(second.number, context)?]),
            command if self.needs_second_person(&command, context) => {
                Err(Refusal::forbidden("second-person-needed", sentence!("second-person-needed")))
            }
            command => self.decide_alone(command, context),
        }
    }

    /// Decides a command for which no second person is needed any more.
    pub(super) fn decide_alone(&self, command: Command<F>, context: &Context) -> Result<Vec<Event<F>>, Refusal> {
        let event = match command {
            Command::Propose(_)
            | Command::Approve(_)
            | Command::Return(_)
            | Command::Discard(_)
            | Command::CarryOut(_)
            | Command::PublishAlone(_)
            | Command::Second(_) => {
                return Err(Refusal::invalid("proposal-of-a-proposal", sentence!("proposal-of-a-proposal")));
            }
            Command::Draft(draft) => {
                self.check_open()?;
                if !self.revisions.is_empty() {
                    return Err(Self::already_published());
                }
                Event::Drafted(Box::new(Drafted { code: draft.code, facts: draft.facts }))
            }
            Command::Publish(publish) => {
                self.check_open()?;
                if !self.revisions.is_empty() {
                    return Err(Self::already_published());
                }
                self.published(publish.code, None, publish.facts, publish.effective_from, publish.effective_to, context)?
            }
            Command::Revise(revise) => self.revised(revise, context)?,
            Command::Correct(correct) => self.corrected(correct, context)?,
            Command::CancelRevision(cancel) => {
                let kept = self.kept_end(cancel.revision);
                return Ok(std::iter::once(self.cancelled(cancel, context)?).chain(kept).collect());
            }
            Command::Expire(expiry) => {
                let latest = self.check_published()?;
                if expiry.reason.trim().is_empty() {
                    return Err(reason_missing());
                }
                if expiry.effective_to < latest.effective_from {
                    return Err(effective_reversed(latest.effective_from, expiry.effective_to));
                }
                latest.facts.check_days(latest.effective_from, Some(expiry.effective_to))?;
                Event::ExpirySet(expiry)
            }
            Command::Supersede(superseded) => {
                self.check_published()?;
                Self::known(&superseded.by, context)?;
                if Some(superseded.by) == self.code {
                    return Err(Refusal::invalid("superseded-by-itself", sentence!("superseded-by-itself")));
                }
                Event::Superseded(superseded)
            }
            Command::Withdraw(withdrawn) => {
                self.check_published()?;
                if withdrawn.reason.trim().is_empty() {
                    return Err(reason_missing());
                }
                if let Some(code) = &withdrawn.replaced_by {
                    Self::known(code, context)?;
                }
                Event::Withdrawn(withdrawn)
            }
            Command::Change(change) => {
                self.check_published()?;
                return F::decide(self, change, context);
            }
        };
        Ok(vec![event])
    }

    /// Keys that an event gives up: those of a withdrawn item, of a cancelled revision, or of facts that were
    /// corrected. A key that another revision still states stays claimed.
    pub fn releases(&self, event: &Event<F>) -> Vec<Claim> {
        let live = || self.revisions.iter().filter(|r| r.cancelled.is_none());
        let gone = |number: u32, kept: Vec<Claim>| -> Vec<Claim> {
            let still: Vec<Claim> = live().filter(|r| r.number != number).flat_map(|r| r.facts.claims()).chain(kept).collect();
            let own = live().filter(|r| r.number == number).flat_map(|r| r.facts.claims());
            own.filter(|claim| !still.contains(claim)).collect()
        };
        let given_back = match event {
            Event::Withdrawn(_) => live().flat_map(|r| r.facts.claims()).collect(),
            Event::RevisionCancelled(cancelled) => gone(cancelled.revision, Vec::new()),
            Event::Corrected(corrected) => gone(corrected.revision, corrected.facts.claims()),
            _ => Vec::new(),
        };
        // A decision may be published again, but a number that stands on prints is never used again.
        given_back.into_iter().filter(|claim| claim.kind == ClaimKind::Decision).collect()
    }

    fn already_published() -> Refusal {
        Refusal::conflict("already-published", sentence!("already-published"))
    }
}
