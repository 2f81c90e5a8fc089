//! The log as cqrs-es's event store: how an item of any family is loaded, and how its events are committed.
//!
//! [`EventStore`] knows neither positions nor command ids. Both travel in [`Loaded`], its context; the metadata say who
//! acts. An aggregate's `handle` applies events without a time, so what is kept is folded again with the recorded one.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, AggregateContext, AggregateError, EventEnvelope, EventStore};

use super::proposals::{Foreseen, Sent};
use super::{App, ExecuteError, Outcome, RETRIES, claimed, claims, decode, new_event, repeated};
use crate::disk::Disk;
use crate::domain::access::{AccountId, Actor};
use crate::domain::families::{Handler, ItemCommand, Listed, LogEvent};
use crate::domain::publication::ClaimKind;
use crate::domain::publication::{Command, Event, Propose, Publication, PublishAlone};
use crate::domain::subject::{Consent, ConsentRecorded, Subject, SubjectCommand, SubjectId};
use crate::domain::{Code, Context, Refusal};
use crate::event_store::{Append, AppendError, ClaimRow, CommandRow, NewEvent};

/// Name of the metadata that says who acts.
const ACTOR: &str = "actor";

/// A command that is carried out, with what comes along with it.
pub(super) struct Work<'a> {
    pub(super) code: Code,
    pub(super) aggregate: String,
    pub(super) begins: bool,
    pub(super) actor: &'a Actor,
    /// Others who had a hand in it.
    pub(super) with: Vec<Option<AccountId>>,
    /// The command's action and its fields as JSON text.
    pub(super) action: String,
    pub(super) body: String,
    /// Set where it is proposed, or published alone.
    pub(super) sent: Option<Sent>,
    pub(super) command: ItemCommand,
    pub(super) subject: Option<SubjectId>,
    /// A person whom the command names by id.
    pub(super) named: Option<SubjectId>,
    pub(super) consent: Option<Consent>,
}

/// The command that events come of, and what is written beside them.
#[derive(Clone)]
struct About {
    /// The command's id, and the digest of its body.
    id: String,
    digest: [u8; 32],
    /// The answer, as far as it is known before the events are.
    outcome: Outcome,
    /// Vault rows.
    base: Append,
    /// Events of other aggregates: a person's consent.
    beside: Vec<NewEvent>,
    /// Microseconds since 1970.
    now: i64,
}

/// An item as it was loaded, and what its commit needs to know.
struct Loaded<F: Listed> {
    item: Publication<F>,
    aggregate: String,
    /// Sequence of its last event; 0 for a new item.
    sequence: i64,
    about: Option<About>,
    /// Where the commit leaves its answer.
    answer: Arc<OnceLock<Outcome>>,
}

impl<F: Listed> AggregateContext<Publication<F>> for Loaded<F> {
    fn aggregate(&mut self) -> &mut Publication<F> {
        &mut self.item
    }
}

/// What a commit writes, and what it leaves behind.
struct Prepared<F: Listed> {
    append: Append,
    after: Publication<F>,
    last: i64,
    outcome: Outcome,
}

impl<F: Listed> Loaded<F> {
    /// What committing `events` writes.
    fn prepared(&self, events: &[Event<F>], actor: &str) -> Result<Prepared<F>, ExecuteError> {
        let about = self.about.clone().ok_or_else(|| ExecuteError::Unavailable("events without a command".into()))?;
        let (mut append, mut after, mut last) = (Append { actor: actor.to_owned(), ..about.base }, self.item.clone(), self.sequence);
        for event in events {
            last += 1;
            let item_event = F::event(event.clone());
            append.claims.extend(claims(item_event.claims(), &self.aggregate));
            append.releases.extend(claims(after.releases(event), &self.aggregate));
            append.events.push(new_event(&self.aggregate, last, &LogEvent::Item(item_event))?);
            after.apply_at(event.clone(), about.now);
        }
        if self.sequence == 0
            && let Some(code) = about.outcome.code
        {
            append.claims.push(ClaimRow { kind: ClaimKind::Code.name().into(), key: code.to_string(), holder: self.aggregate.clone() });
        }
        append.events.extend(about.beside);
        let proposed = after.proposal.as_ref().filter(|_| events.iter().any(Event::is_proposed));
        let outcome = Outcome {
            revision: after.latest().map(|revision| revision.number),
            state: proposed.map(|proposal| proposal.state),
            proposal: proposed.map(|proposal| proposal.digest()),
            events: append.events.iter().map(|event| event.name.clone()).collect(),
            ..about.outcome
        };
        append.command = Some(CommandRow {
            scope: actor.to_owned(),
            id: about.id,
            digest: about.digest,
            first_position: 0,
            last_position: 0,
            result: serde_json::to_string(&outcome)?,
        });
        Ok(Prepared { append, after, last, outcome })
    }
}

/// Items in the log. `may_be_new` is true for commands that begin an item.
struct ItemStore<'a> {
    app: &'a App,
    may_be_new: bool,
}

fn unexpected(error: impl std::error::Error + Send + Sync + 'static) -> AggregateError<Refusal> {
    AggregateError::UnexpectedError(Box::new(error))
}

fn envelope<F: Listed>(id: &str, sequence: i64, payload: Event<F>, metadata: HashMap<String, String>) -> EventEnvelope<Publication<F>> {
    EventEnvelope { aggregate_id: id.to_owned(), sequence: sequence as usize, payload, metadata }
}

impl<F: Listed> EventStore<Publication<F>> for ItemStore<'_> {
    type AC = Loaded<F>;

    async fn load_events(&self, id: &str) -> Result<Vec<EventEnvelope<Publication<F>>>, AggregateError<Refusal>> {
        let stored = self.app.log.read_aggregate(&format!("{}/{id}", F::NAME), 0).await.map_err(unexpected)?;
        let mut events = Vec::with_capacity(stored.len());
        for stored in stored {
            if let LogEvent::Item(event) = decode(&stored.event).map_err(unexpected)?
                && let Some(event) = F::own(event)
            {
                events.push(envelope(id, stored.event.sequence, event, HashMap::from([(ACTOR.to_owned(), stored.actor)])));
            }
        }
        Ok(events)
    }

    async fn load_aggregate(&self, id: &str) -> Result<Loaded<F>, AggregateError<Refusal>> {
        let aggregate = format!("{}/{id}", F::NAME);
        let (item, sequence) = self.app.item::<F>(&aggregate, self.may_be_new).await.map_err(|error| match error {
            ExecuteError::Refused(refusal) => AggregateError::UserError(refusal),
            error => unexpected(error),
        })?;
        Ok(Loaded { item, aggregate, sequence, about: None, answer: Arc::default() })
    }

    async fn commit(
        &self,
        events: Vec<Event<F>>,
        context: Loaded<F>,
        metadata: HashMap<String, String>,
    ) -> Result<Vec<EventEnvelope<Publication<F>>>, AggregateError<Refusal>> {
        let actor = metadata.get(ACTOR).map_or("", String::as_str);
        let Prepared { append, after, last, outcome } = context.prepared(&events, actor).map_err(unexpected)?;
        match self.app.log.append(append).await {
            Ok(appended) => {
                self.app.keep(&context.aggregate, F::item(after), last);
                let _ = context.answer.set(Outcome { position: appended.last, ..outcome });
            }
            Err(AppendError::Conflict(_)) => return Err(AggregateError::AggregateConflict),
            Err(error) => return Err(unexpected(error)),
        }
        let id = context.aggregate.rsplit('/').next().unwrap_or_default();
        let numbered = events.into_iter().zip(context.sequence + 1..);
        Ok(numbered.map(|(event, sequence)| envelope(id, sequence, event, metadata.clone())).collect())
    }
}

/// Carries out a command: loads the item, decides and commits; again where others changed the item first.
pub(super) struct CarryOut<'a> {
    pub(super) app: &'a App,
    pub(super) work: &'a Work<'a>,
    pub(super) id: &'a str,
    pub(super) digest: [u8; 32],
    pub(super) base: Append,
    pub(super) dry: Option<&'a OnceLock<Foreseen>>,
}

impl CarryOut<'_> {
    /// Checks the actor's rights and the family's rules. Gives the events that the command leads to.
    async fn decide<F: Listed>(&self, item: &Publication<F>, command: Command<F>, context: &Context) -> Result<Vec<Event<F>>, Refusal> {
        let work = self.work;
        item.check_actor(&command, work.actor, context)?;
        let names = |subject| item.revisions.iter().any(|revision| revision.facts.person() == Some(subject));
        if let Some(subject) = work.named.as_ref().filter(|subject| !names(subject)) {
            return Err(Refusal::invalid("unknown-subject", sentence!("unknown-subject-store", subject)));
        }
        let (mut decided, sink) = (item.clone(), EventSink::default());
        decided.handle(command, context, &sink).await?;
        Ok(sink.collect().await)
    }

    /// The command as it is sent: as a proposal where nobody may carry it out alone. A draft is then a
    /// proposal to publish that is not submitted yet.
    fn as_sent<F: Listed>(&self, item: &Publication<F>, command: Command<F>, context: &Context) -> Command<F> {
        let work = self.work;
        let (code, body) = (work.code, work.body.clone());
        let (action, submitted, replaces, at) = match &work.sent {
            Some(Sent::Proposed { submitted, replaces, at }) => (work.action.as_str(), *submitted, *replaces, *at),
            Some(Sent::Alone(reason)) => {
                let (action, reason) = (work.action.clone(), reason.clone());
                return Command::PublishAlone(PublishAlone { code, action, command: Box::new(command), reason });
            }
            None if !item.needs_second_person(&command, context) => return command,
            None if work.action == "draft" => ("publish", false, None, None),
            None => (work.action.as_str(), true, None, None),
        };
        Command::Propose(Propose { code, action: action.to_owned(), body, command: Box::new(command), submitted, replaces, at })
    }

    /// What is written beside the events.
    fn about(&self, context: &Context) -> Result<About, ExecuteError> {
        let work = self.work;
        let mut beside = Vec::new();
        if let (Some(subject), Some(consent)) = (&work.subject, &work.consent) {
            let recorded = ConsentRecorded { subject: subject.clone(), consent: consent.clone() };
            for event in Subject::default().decide(SubjectCommand::RecordConsent(recorded), context)? {
                beside.push(new_event(&format!("subject/{subject}"), 1, &LogEvent::Subject(event))?);
            }
        }
        let outcome = Outcome {
            code: Some(work.code),
            revision: None,
            state: None,
            proposal: None,
            events: Vec::new(),
            subject: work.subject.clone(),
            position: 0,
            repeated: false,
            report: None,
        };
        let (id, now) = (self.id.to_owned(), context.now.as_microsecond());
        Ok(About { id, digest: self.digest, outcome, base: self.base.clone(), beside, now })
    }

    /// What an error of the store means here. Errors of the log come back in boxes and are told apart by their type.
    fn failed(&self, error: AggregateError<Refusal>) -> Result<Outcome, ExecuteError> {
        let boxed = match error {
            AggregateError::UserError(refusal) => return Err(refusal.into()),
            AggregateError::AggregateConflict => return Err(ExecuteError::Unavailable("the item changed".into())),
            AggregateError::DatabaseConnectionError(error)
            | AggregateError::DeserializationError(error)
            | AggregateError::UnexpectedError(error) => error,
        };
        let boxed = match boxed.downcast::<ExecuteError>() {
            Ok(error) => return Err(*error),
            Err(other) => other,
        };
        Err(match boxed.downcast::<AppendError>().map(|error| *error) {
            // The same command was carried out before: its answer is this one's.
            Ok(AppendError::Repeated(row)) => return repeated(&row, &self.digest),
            Ok(AppendError::Claimed(claim)) => claimed(&claim).into(),
            Ok(AppendError::Full(name)) => ExecuteError::Full(Disk::Store(name)),
            Ok(AppendError::Unavailable(what)) => ExecuteError::Unavailable(what),
            Ok(AppendError::Unknown(what)) => {
                self.app.aggregates.remove(&self.work.aggregate);
                ExecuteError::Unknown(what)
            }
            Ok(error) => ExecuteError::Unavailable(error.to_string()),
            Err(error) => ExecuteError::Unavailable(error.to_string()),
        })
    }
}

impl Handler for CarryOut<'_> {
    type Output = Result<Outcome, ExecuteError>;

    async fn handle<F: Listed>(self, command: Command<F>) -> Result<Outcome, ExecuteError> {
        let (app, work) = (self.app, self.work);
        let store = ItemStore { app, may_be_new: work.begins };
        let actor = work.actor.name();
        let metadata = HashMap::from([(ACTOR.to_owned(), actor.to_owned())]);
        let mut reloaded = false;
        for _ in 0..RETRIES {
            let mut loaded: Loaded<F> = match store.load_aggregate(work.code.as_str()).await {
                Ok(loaded) => loaded,
                Err(error) => return self.failed(error),
            };
            // What is approved, or whose hour has come, is decided anew now.
            let approved = match &command {
                Command::Approve(_) | Command::CarryOut(_) => loaded.item.proposal.as_ref().and_then(|proposal| proposal.command()),
                _ => None,
            };
            let about = approved.as_ref().unwrap_or(&command);
            let mut context = app.context(app.known(F::NAME, &work.code, about.mentions()).await?);
            context.known_items = app.known_items(about.refers()).await?;
            context.by = work.actor.person().cloned();
            context.with.clone_from(&work.with);
            context.two_persons = app.accounts().await?.two_persons();
            context.sequence = loaded.sequence;
            let command = self.as_sent(&loaded.item, command.clone(), &context);
            let mut events = match self.decide(&loaded.item, command.clone(), &context).await {
                Ok(events) => events,
                // Another process may have changed the item since it was cached: look again once.
                Err(_) if !reloaded && app.aggregates.remove(&work.aggregate).is_some() => {
                    reloaded = true;
                    continue;
                }
                Err(refusal) => return Err(refusal.into()),
            };
            loaded.about = Some(self.about(&context)?);
            if let Command::Propose(propose) = &command
                && propose.submitted
            {
                // A decision that is published already is said now, and not to the approver.
                let Prepared { append, .. } = loaded.prepared(&loaded.item.would_lead_to(propose, &context)?, actor)?;
                app.would_claim(&append).await?;
            }
            if let Command::CarryOut(approval) = &command {
                // Another item may have taken the decision in between. Nobody waits for an answer who could be told.
                let Prepared { append, .. } = loaded.prepared(&events, actor)?;
                if let Err(ExecuteError::Refused(refusal)) = app.would_claim(&append).await {
                    events = vec![Publication::halted(work.code, approval.proposal, &refusal)];
                }
            }
            if let Some(seen) = self.dry {
                let led = match &command {
                    Command::Propose(propose) if propose.submitted => loaded.item.would_lead_to(propose, &context)?,
                    _ => events.clone(),
                };
                let mut after = loaded.item.clone();
                led.into_iter().for_each(|event| after.apply_at(event, context.now.as_microsecond()));
                let _ = seen.set(Foreseen { before: F::item(loaded.item.clone()), after: Ok(F::item(after)) });
                let Prepared { append, outcome, .. } = loaded.prepared(&events, actor)?;
                return app.would_claim(&append).await.map(|()| outcome);
            }
            let answer = Arc::clone(&loaded.answer);
            match store.commit(events, loaded, metadata.clone()).await {
                Ok(_) => return answer.get().cloned().ok_or_else(|| ExecuteError::Unknown("the commit gave no position".into())),
                Err(AggregateError::AggregateConflict) => drop(app.aggregates.remove(&work.aggregate)),
                Err(error) => return self.failed(error),
            }
        }
        Err(Refusal::busy(sentence!("busy-store")).into())
    }
}
