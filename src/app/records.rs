//! Writes everything that is not an item: the city, tokens, persons, notes about the log itself.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{App, ExecuteError, RETRIES, claimed, new_event, random};
use crate::disk::Disk;
use crate::domain::access::{AccountId, Actor, Reach, Role, Token, TokenCommand, TokenCreated, TokenId, TokenRevoked};
use crate::domain::account::Account;
use crate::domain::city::{City, CityCommand, CityState};
use crate::domain::digest::hex;
use crate::domain::families::{Audited, LogEvent};
use crate::domain::publication::ClaimKind;
use crate::domain::refusal::Why;
use crate::domain::subject::Contact;
use crate::domain::subject::{Subject, SubjectCommand, SubjectId, SubjectNamed};
use crate::domain::{Code, Digest, Refusal};
use crate::event_store::{Append, AppendError, VaultChange};

/// The persons that a payload names, also in the command of a proposal, which is text.
fn persons_in(value: &Value, found: &mut BTreeSet<SubjectId>) {
    match value {
        Value::String(text) if text.starts_with("s-") => found.extend(serde_json::from_value(value.clone()).ok()),
        Value::String(text) if text.starts_with('{') => {
            if let Ok(inner) = serde_json::from_str(text) {
                persons_in(&inner, found);
            }
        }
        Value::Array(all) => all.iter().for_each(|one| persons_in(one, found)),
        Value::Object(all) => all.values().for_each(|one| persons_in(one, found)),
        _ => {}
    }
}

impl App {
    pub(super) async fn city_state(&self) -> Result<(CityState, i64), ExecuteError> {
        let apply = |state: &mut CityState, event, _| {
            if let LogEvent::City(event) = event {
                state.apply(&event);
            }
        };
        self.fold("city", CityState::default(), apply).await
    }

    /// Records the configuration of a new store, or changes it.
    pub async fn set_city(&self, command: CityCommand) -> Result<(), ExecuteError> {
        for _ in 0..RETRIES {
            match self.set_city_once(&Actor::local(), command.clone()).await {
                // Another process may have started for the first time at once: look at what it recorded.
                Err(ExecuteError::Refused(refusal)) if refusal.why == Why::Busy => {}
                other => return other,
            }
        }
        Err(ExecuteError::Unavailable("the configuration keeps changing".into()))
    }

    /// Applies a change to the present configuration, even if others change it at the same time.
    pub async fn change_city(&self, change: impl Fn(&mut City)) -> Result<(), ExecuteError> {
        self.change_city_as(&Actor::local(), change).await
    }

    /// As an administrator: changes what the office can set. Errors: the actor is none, or the configuration could not work.
    pub async fn change_settings(&self, actor: &Actor, change: impl Fn(&mut City)) -> Result<(), ExecuteError> {
        actor.check_administrator()?;
        self.change_city_as(actor, change).await
    }

    async fn change_city_as(&self, actor: &Actor, change: impl Fn(&mut City)) -> Result<(), ExecuteError> {
        for _ in 0..RETRIES {
            let (state, _) = self.city_state().await?;
            let Some(mut city) = state.city else {
                return Err(Refusal::conflict("no-city", sentence!("no-city")).into());
            };
            change(&mut city);
            match self.set_city_once(actor, CityCommand::Set(city)).await {
                Err(ExecuteError::Refused(refusal)) if refusal.why == Why::Busy => {}
                other => return other,
            }
        }
        Err(ExecuteError::Unavailable("the configuration keeps changing".into()))
    }

    async fn set_city_once(&self, actor: &Actor, command: CityCommand) -> Result<(), ExecuteError> {
        let (mut state, sequence) = self.city_state().await?;
        let events = state.decide(command, &self.context(BTreeSet::new()))?;
        for event in &events {
            state.apply(event);
        }
        self.append_as(actor.name(), "city", sequence, events.into_iter().map(LogEvent::City), Vec::new()).await?;
        if let Some(city) = state.city {
            self.observe_city(city);
        }
        Ok(())
    }

    /// Creates a token; its secret is handed out once and known to nobody else.
    pub async fn create_token(&self, role: Role, reach: Reach, label: String) -> Result<(TokenId, String), ExecuteError> {
        self.create_token_for(&Actor::local(), role, reach, label, None).await
    }

    /// Creates a token that a person uses: what is done with it, they do. Errors: nobody with that account can sign in.
    pub async fn create_token_for(
        &self,
        actor: &Actor,
        role: Role,
        reach: Reach,
        label: String,
        person: Option<AccountId>,
    ) -> Result<(TokenId, String), ExecuteError> {
        actor.check_administrator()?;
        if let Some(person) = &person
            && !self.accounts().await?.all.get(person).is_some_and(Account::is_active)
        {
            return Err(Refusal::unknown("unknown-account", sentence!("unknown-account", account = person)).into());
        }
        let secret = format!("bt_{}", hex(&random::<32>()?));
        let token = TokenId(format!("t-{}", hex(&random::<8>()?)));
        let created = TokenCreated { token: token.clone(), sha256: Digest::of(secret.as_bytes()), role, reach, label };
        let events = Token::default().decide(TokenCommand::Create(created, person), &self.context(BTreeSet::new()))?;
        self.append_as(actor.name(), &format!("token/{token}"), 0, events.into_iter().map(LogEvent::Token), Vec::new()).await?;
        Ok((token, secret))
    }

    /// Revokes a token.
    pub async fn revoke_token(&self, actor: &Actor, token: TokenId) -> Result<(), ExecuteError> {
        actor.check_administrator()?;
        let aggregate = format!("token/{token}");
        let apply = |state: &mut Token, event, _| {
            if let LogEvent::Token(event) = event {
                state.apply(&event);
            }
        };
        let (state, sequence) = self.fold(&aggregate, Token::default(), apply).await?;
        let events = state.decide(TokenCommand::Revoke(TokenRevoked { token }), &self.context(BTreeSet::new()))?;
        self.append_as(actor.name(), &aggregate, sequence, events.into_iter().map(LogEvent::Token), Vec::new()).await
    }

    async fn subject(&self, subject: &SubjectId) -> Result<(Subject, i64), ExecuteError> {
        let apply = |state: &mut Subject, event, _| {
            if let LogEvent::Subject(event) = event {
                state.apply(&event);
            }
        };
        self.fold(&format!("subject/{subject}"), Subject::default(), apply).await
    }

    /// The histories that tell what happened to an item: its own, and those of the persons whom it names or named.
    pub async fn histories(&self, code: Code) -> Result<BTreeSet<String>, ExecuteError> {
        let Some(own) = self.log.find_claim(ClaimKind::Code.name(), code.as_str()).await? else { return Ok(BTreeSet::new()) };
        let mut persons = BTreeSet::new();
        for stored in self.log.read_aggregate(&own, 0).await? {
            persons_in(&serde_json::from_str(&stored.event.payload)?, &mut persons);
        }
        Ok(persons.into_iter().map(|person| format!("subject/{person}")).chain([own]).collect())
    }

    /// Takes a person's consent back: their contact is no longer shown.
    pub async fn withdraw_consent(&self, subject: SubjectId) -> Result<(), ExecuteError> {
        let (state, sequence) = self.subject(&subject).await?;
        let aggregate = format!("subject/{subject}");
        let command = SubjectCommand::WithdrawConsent(SubjectNamed { subject });
        let events = state.decide(command, &self.context(BTreeSet::new()))?;
        self.append_local(&aggregate, sequence, events.into_iter().map(LogEvent::Subject), Vec::new()).await
    }

    /// Erases a person's data everywhere: the key and the data, then the traces in the store's files.
    pub async fn erase(&self, subject: SubjectId) -> Result<(), ExecuteError> {
        self.erase_as("local", subject).await
    }

    pub(super) async fn erase_as(&self, actor: &str, subject: SubjectId) -> Result<(), ExecuteError> {
        let (state, sequence) = self.subject(&subject).await?;
        let command = SubjectCommand::Erase(SubjectNamed { subject: subject.clone() });
        let events = state.decide(command, &self.context(BTreeSet::new()))?;
        // The register comes first: a backup restored after a crash must still forget this person.
        self.register(&subject)?;
        let aggregate = format!("subject/{subject}");
        let events = events.into_iter().map(LogEvent::Subject);
        self.append_as(actor, &aggregate, sequence, events, vec![VaultChange::Erase(subject.0.clone())]).await?;
        self.log.scrub().await?;
        tracing::info!(target: "audit", subject = %subject, "erased");
        Ok(())
    }

    /// Re-applies every erasure of the register to a store that was loaded or restored.
    pub async fn reapply_erasures(&self) -> Result<usize, ExecuteError> {
        let subjects = crate::erasures::read(&self.register).map_err(|error| ExecuteError::Unavailable(error.to_string()))?;
        let mut count = 0;
        for subject in subjects {
            if let Some(account) = self.unerased(&subject).await? {
                self.erase_account(account).await?;
                count += 1;
                continue;
            }
            let (state, _) = self.subject(&subject).await?;
            let has_row = self.log.vault_row(&subject.0).await?.is_some();
            if state.known && (!state.erased || has_row) {
                self.erase(subject).await?;
                count += 1;
            } else if has_row && self.erase_question_of(&subject).await? {
                count += 1;
            } else if has_row {
                // The subject is not a person in the log: it stands for the words of a closed report.
                let append = Append { actor: "local".into(), vault: vec![VaultChange::Erase(subject.0)], ..Append::default() };
                self.log.append(append).await.map_err(append_failed)?;
                self.log.scrub().await?;
                count += 1;
            }
        }
        Ok(count)
    }

    /// Notes an export, backup or restore in the log.
    pub async fn audit(&self, action: &str, position: i64) -> Result<(), ExecuteError> {
        for _ in 0..RETRIES {
            let sequence = self.log.read_aggregate("audit", 0).await?.last().map_or(0, |stored| stored.event.sequence);
            let event = LogEvent::Audited(Audited { action: action.to_owned(), position });
            match self.append_local("audit", sequence, std::iter::once(event), Vec::new()).await {
                Err(ExecuteError::Refused(refusal)) if refusal.why == Why::Busy => {}
                other => return other,
            }
        }
        Ok(())
    }

    /// Puts the row into the vault by which a wrong master key is recognised later. If two processes start for
    /// the first time with different keys, one of them gets an error here.
    pub async fn seal_check(&self) -> Result<(), ExecuteError> {
        let subject = SubjectId(crate::vault::CHECK_SUBJECT.to_owned());
        let row = self.vault.seal(&subject, &Contact { name: String::new(), phone: String::new() })?;
        let append = Append { actor: "local".into(), vault: vec![VaultChange::Begin(row)], ..Append::default() };
        self.log.append(append).await.map_err(append_failed)?;
        if let Some(row) = self.log.vault_row(crate::vault::CHECK_SUBJECT).await? {
            self.vault.unseal::<Contact>(&row)?;
        }
        Ok(())
    }

    async fn append_local(
        &self,
        aggregate: &str,
        sequence: i64,
        events: impl Iterator<Item = LogEvent>,
        vault: Vec<VaultChange>,
    ) -> Result<(), ExecuteError> {
        self.append_as("local", aggregate, sequence, events, vault).await
    }

    pub(super) async fn append_as(
        &self,
        actor: &str,
        aggregate: &str,
        sequence: i64,
        events: impl Iterator<Item = LogEvent>,
        vault: Vec<VaultChange>,
    ) -> Result<(), ExecuteError> {
        let events = events.enumerate().map(|(i, event)| new_event(aggregate, sequence + 1 + i as i64, &event));
        let events = events.collect::<Result<Vec<_>, _>>()?;
        if events.is_empty() && vault.is_empty() {
            return Ok(());
        }
        let append = Append { actor: actor.to_owned(), events, vault, ..Append::default() };
        self.log.append(append).await.map(|_| ()).map_err(append_failed)
    }
}

pub(super) fn append_failed(error: AppendError) -> ExecuteError {
    match error {
        AppendError::Conflict(_) => Refusal::busy(sentence!("busy")).into(),
        AppendError::Claimed(claim) => claimed(&claim).into(),
        AppendError::Repeated(row) => ExecuteError::Damaged(format!("command {} was repeated", row.id)),
        AppendError::Unavailable(what) => ExecuteError::Unavailable(what),
        AppendError::Full(name) => ExecuteError::Full(Disk::Store(name)),
        AppendError::Unknown(what) => ExecuteError::Unknown(what),
    }
}
