//! The only write path, the only clock, the only source of ids.
//!
//! Architecture invariant: all appends to the log go through [`App`], and nothing here asks the
//! read model.

pub mod accounts;
mod attachments;
pub mod certificates;
mod claims;
mod import_form;
pub mod imports;
pub mod kept;
pub mod lists;
pub mod merchants;
pub mod oidc;
pub mod passkeys;
pub mod proposals;
pub mod questions;
mod records;
pub mod reports;
mod request;
mod scans;
pub mod sessions;
mod store;

use claims::{claimed, claims};
use proposals::Foreseen;
pub use request::{ExecuteError, Outcome, Request};
use store::{CarryOut, Work};

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use jiff::Timestamp;
use jiff::civil::Date;
use quick_cache::sync::Cache;
use serde_json::{Value, json};
use tokio::sync::{Mutex, Semaphore};

use crate::credentials::oidc::Provider;
use crate::disk::{self, Disk};
use crate::domain::access::Actor;
use crate::domain::account::Accounts;
use crate::domain::city::City;
use crate::domain::digest::hex;
use crate::domain::families::{DecodeError, Item, ItemCommand, Listed, LogEvent};
use crate::domain::publication::{ClaimKind, Publication};
use crate::domain::subject::SubjectId;
use crate::domain::{Code, Context, KnownItem, Refusal};
use crate::event_store::{Append, Clock, CommandRow, EventLog, NewEvent, VaultChange};
use crate::import::apart::Reading;
use crate::import::attach::{self, AttachError, Files};
use crate::outside::Outside;
use crate::vault::Vault;
use crate::words::civil;

/// Aggregates kept ready for the next command.
const CACHED_AGGREGATES: usize = 4_096;
/// Most attempts to append a command's events while others change the same item first.
const RETRIES: usize = 20;

/// The clock of the running program, microseconds since 1970.
pub fn system_clock() -> Clock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the clock")]
    Arc::new(|| Timestamp::now().as_microsecond())
}

/// Random bytes from the system.
fn random<const N: usize>() -> Result<[u8; N], ExecuteError> {
    let mut bytes = [0; N];
    #[expect(clippy::disallowed_methods, reason = "this is the one place that makes ids")]
    getrandom::fill(&mut bytes).map_err(|error| ExecuteError::Unavailable(error.to_string()))?;
    Ok(bytes)
}

/// A new id for a command that came without one.
pub fn new_command_id() -> Result<String, ExecuteError> {
    Ok(hex(&random::<16>()?))
}

/// Most passphrases that are checked at a time.
const HASHING: usize = 2;

/// The write path.
pub struct App {
    log: Arc<dyn EventLog>,
    vault: Arc<Vault>,
    clock: Clock,
    city: RwLock<Arc<City>>,
    aggregates: Cache<String, Arc<(Item, i64)>>,
    /// Where the register of erasures is kept, outside of every backup.
    register: PathBuf,
    /// The office's accounts and the sequence of their last event.
    accounts: Mutex<(Accounts, i64)>,
    /// Places for passphrases that are checked.
    hashing_places: Semaphore,
    /// Held while a draft's form is put in its place: pressed twice at once, it is kept once.
    keeping: Mutex<()>,
    /// How files of other senders are read; set once, by [`App::read_apart`].
    reader: OnceLock<Reading>,
    /// Where people may sign in beside here; set once, by [`App::sign_in_at`].
    providers: OnceLock<Vec<Provider>>,
    outside: Outside,
}

impl App {
    /// Opens the write path over a log; the city is empty until one is recorded.
    pub async fn open(log: Arc<dyn EventLog>, vault: Arc<Vault>, clock: Clock, register: PathBuf) -> Result<Self, ExecuteError> {
        let app = Self {
            log,
            vault,
            clock,
            city: RwLock::default(),
            aggregates: Cache::new(CACHED_AGGREGATES),
            register,
            accounts: Mutex::default(),
            hashing_places: Semaphore::new(HASHING),
            keeping: Mutex::default(),
            reader: OnceLock::new(),
            providers: OnceLock::new(),
            outside: Outside::default(),
        };
        let (state, _) = app.city_state().await?;
        if let Some(city) = state.city {
            app.observe_city(city);
        }
        if !app.log.is_read_only() {
            app.renew_claims().await?;
        }
        Ok(app)
    }

    /// Now, by the program's clock.
    pub fn now(&self) -> Timestamp {
        crate::domain::publication::view::moment_of((self.clock)())
    }

    /// Today's date in the city.
    fn today(&self) -> Date {
        civil::date_in(&self.city().zone(), self.now())
    }

    /// The city as last recorded.
    pub fn city(&self) -> Arc<City> {
        Arc::clone(&self.city.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The log.
    pub fn log(&self) -> &Arc<dyn EventLog> {
        &self.log
    }

    /// The vault.
    pub fn vault(&self) -> &Arc<Vault> {
        &self.vault
    }

    /// Takes over a configuration that the follower has met in the log.
    pub fn observe_city(&self, city: City) {
        *self.city.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(city);
    }

    fn context(&self, known_codes: BTreeSet<Code>) -> Context {
        let (now, city) = (self.now(), self.city());
        Context {
            now,
            today: civil::date_in(&city.zone(), now),
            city,
            known_codes,
            known_items: BTreeMap::new(),
            by: None,
            with: Vec::new(),
            two_persons: Vec::new(),
            sequence: 0,
        }
    }

    /// True when the actor's command with that id was carried out.
    pub async fn was_carried_out(&self, actor: &Actor, id: &str) -> Result<bool, ExecuteError> {
        Ok(self.log.find_command(actor.name(), id).await?.is_some())
    }

    /// Carries out a command: all of it or nothing, once for each id.
    pub async fn execute(&self, actor: &Actor, request: Request, files: Files<'_>) -> Result<Outcome, ExecuteError> {
        let outcome = self.run(actor, request, files, None).await?;
        // A payee who is replaced, refused or given up, or whose place is gone, is erased.
        let ends = |event: &String| {
            let ends = ["payee_registered", "proposed", "discarded", "returned", "withdrawn"];
            event.strip_prefix("merchant.").is_some_and(|action| ends.contains(&action))
        };
        if let Some(code) = outcome.code.filter(|_| outcome.events.iter().any(ends)) {
            self.forget_payees(actor.name(), code, true).await?;
        }
        Ok(outcome)
    }

    /// Gives the outcome that a command would have; writes nothing.
    pub async fn try_out(&self, actor: &Actor, request: Request, files: Files<'_>) -> Result<Outcome, ExecuteError> {
        self.run(actor, request, files, Some(&OnceLock::new())).await
    }

    /// What a command would make of its item; writes nothing.
    pub async fn foresee(&self, actor: &Actor, request: Request, files: Files<'_>) -> Result<Foreseen, ExecuteError> {
        let seen = OnceLock::new();
        self.run(actor, request, files, Some(&seen)).await?;
        seen.into_inner().ok_or_else(|| ExecuteError::Unavailable("nothing was foreseen".into()))
    }

    async fn run(
        &self,
        actor: &Actor,
        request: Request,
        files: Files<'_>,
        dry: Option<&OnceLock<Foreseen>>,
    ) -> Result<Outcome, ExecuteError> {
        let digest = self.vault.digest(&serde_json::to_vec(&json!([request.kind, request.code, request.body]))?);
        if let Some(row) = self.log.find_command(actor.name(), &request.id).await? {
            return repeated(&row, &digest);
        }
        let Request { id, kind, code, mut body, blobs, with } = request;
        let (family, action) = kind.split_once('.').unwrap_or((&kind, ""));
        // What is proposed, or published alone, is read like the command that it is about.
        let (action, sent) =
            proposals::unwrap(action, &mut body)?.map_or_else(|| (action.to_owned(), None), |(action, sent)| (action, Some(sent)));
        let action = action.as_str();
        let kind = format!("{family}.{action}");
        let unknown = || Refusal::invalid("unknown-command", sentence!("unknown-command", kind));
        if !ItemCommand::is_known(family, action) {
            return Err(unknown().into());
        }
        let city = self.city();
        let reading = self.reading(actor);
        // Reading shapes takes long, and other requests must not wait for it.
        let detached = tokio::task::block_in_place(|| attach::detach(&mut body, &city, files, &reading));
        let mut attached = detached.map_err(|error| match error {
            AttachError::Refused(refusal) => ExecuteError::Refused(refusal),
            AttachError::Report(report) => report.into(),
            AttachError::Unavailable(error) if disk::is_closed(&error) => ExecuteError::Full(Disk::temporary()),
            AttachError::Unavailable(error) => ExecuteError::Unavailable(error.to_string()),
        })?;
        attached.blobs.extend(blobs);
        self.check_sets(&mut body, &attached).await?;
        self.check_documents(&mut body, &attached, &reading).await?;
        let named = body.pointer("/facts/contact/subject").and_then(Value::as_str).map(|text| SubjectId(text.to_owned()));
        let begins = matches!(action, "publish" | "draft");
        let code = match code {
            Some(code) => code,
            None if begins => Code::from_random(random()?),
            None => return Err(Refusal::invalid("code-missing", sentence!("code-missing")).into()),
        };
        let (subject, row) = self.seal_shared(&mut body, &attached)?;
        if let Some(object) = body.as_object_mut() {
            object.insert("code".into(), json!(code));
        }
        let text = serde_json::to_string(&body)?;
        let command = ItemCommand::parse(family, action, body).ok_or_else(unknown)?.map_err(|error| request::misshapen(&error))?;
        if dry.is_none() {
            for brought in attached.blobs {
                self.store(brought).await?;
            }
        }
        let aggregate = format!("{family}/{code}");
        let mut append = Append { actor: actor.name().to_owned(), ..Append::default() };
        append.vault.extend(row.map(VaultChange::Put));
        let consent = attached.shared.map(|(_, consent)| consent);
        let action = action.to_owned();
        let work = Work { code, aggregate, begins, actor, with, action, body: text, sent, command, subject, named, consent };
        let carried = CarryOut { app: self, work: &work, id: &id, digest, base: append, dry };
        let committed = work.command.clone().handled_by(carried).await;
        let mut outcome = match committed {
            // Perhaps it is refused because a copy of this very command came first.
            Err(ExecuteError::Refused(refusal)) => match self.log.find_command(actor.name(), &id).await? {
                Some(row) => return repeated(&row, &digest),
                None => return Err(refusal.into()),
            },
            other => other?,
        };
        outcome.report = attached.report;
        Ok(outcome)
    }

    /// The codes that a command mentions and that can stand in for its item: public, of the same
    /// family, not withdrawn, and not superseded by the item itself.
    async fn known(&self, family: &str, own: &Code, mentioned: Option<Code>) -> Result<BTreeSet<Code>, ExecuteError> {
        let mut known = BTreeSet::new();
        if let Some(code) = mentioned {
            let item = self.load(family, code).await?;
            if item.is_some_and(|(item, _)| item.is_public() && !item.is_withdrawn() && !item.is_superseded_by(own)) {
                known.insert(code);
            }
        }
        Ok(known)
    }

    /// Public items of any family that a command refers to.
    async fn known_items(&self, referred: Vec<Code>) -> Result<BTreeMap<Code, KnownItem>, ExecuteError> {
        let mut known = BTreeMap::new();
        for code in referred {
            let Some(holder) = self.log.find_claim(ClaimKind::Code.name(), code.as_str()).await? else { continue };
            let family = holder.split('/').next().unwrap_or_default();
            if let Some((item, _)) = self.load(family, code).await?
                && let Some(revision) = item.latest()
            {
                known.insert(code, KnownItem { family: family.to_owned(), revision });
            }
        }
        Ok(known)
    }

    /// Applies an aggregate's events to `state`. Gives the state and the last sequence, 0 where there are no events.
    async fn fold<S>(&self, aggregate: &str, mut state: S, apply: impl Fn(&mut S, LogEvent, i64)) -> Result<(S, i64), ExecuteError> {
        let mut sequence = 0;
        for stored in self.log.read_aggregate(aggregate, 0).await? {
            sequence = stored.event.sequence;
            apply(&mut state, decode(&stored.event)?, stored.recorded_at);
        }
        Ok((state, sequence))
    }

    /// An item straight from the log, with its last sequence.
    async fn load(&self, family: &str, code: Code) -> Result<Option<(Item, i64)>, ExecuteError> {
        let Some(fresh) = Item::new(family) else { return Ok(None) };
        let apply = |item: &mut Item, event, at| {
            if let LogEvent::Item(event) = event {
                item.apply_at(event, at);
            }
        };
        let (item, sequence) = self.fold(&format!("{family}/{code}"), fresh, apply).await?;
        Ok((sequence > 0).then_some((item, sequence)))
    }

    /// Adds a person to the register of erasures.
    fn register(&self, subject: &SubjectId) -> Result<(), ExecuteError> {
        crate::erasures::record(&self.register, subject).map_err(|error| match self.register.parent() {
            Some(folder) if disk::is_full(&error) => ExecuteError::Full(Disk::Folder(folder.to_owned())),
            _ => ExecuteError::Unavailable(error.to_string()),
        })
    }

    /// Empties the cache, after the log was replaced.
    pub async fn forget(&self) {
        self.aggregates.clear();
        *self.accounts.lock().await = Default::default();
    }

    /// The item that a command is for, with its last sequence. It comes from the cache or else from the log.
    async fn item<F: Listed>(&self, aggregate: &str, may_be_new: bool) -> Result<(Publication<F>, i64), ExecuteError> {
        if let Some(cached) = self.aggregates.get(aggregate)
            && let Some(item) = F::publication(&cached.0)
        {
            return Ok((item.clone(), cached.1));
        }
        let id = aggregate.rsplit('/').next().unwrap_or_default();
        let loaded = match id.parse() {
            Ok(code) => self.load(F::NAME, code).await?,
            Err(_) => None,
        };
        let Some((item, sequence)) = loaded else {
            if may_be_new {
                return Ok((Publication::default(), 0));
            }
            return Err(Refusal::unknown("unknown-code", sentence!("unknown-code-app", id)).into());
        };
        let own = F::publication(&item).cloned().ok_or_else(|| ExecuteError::Damaged(format!("{aggregate} is of another family")))?;
        self.keep(aggregate, item, sequence);
        Ok((own, sequence))
    }

    /// Keeps an item for the next command, unless a newer state of it is kept already.
    fn keep(&self, aggregate: &str, item: Item, sequence: i64) {
        if self.aggregates.get(aggregate).is_none_or(|cached| cached.1 < sequence) {
            self.aggregates.insert(aggregate.to_owned(), Arc::new((item, sequence)));
        }
    }

    /// Number of an item's newest revision, straight from the log.
    pub async fn latest_revision(&self, family: &str, code: Code) -> Result<Option<u32>, ExecuteError> {
        Ok(self.load(family, code).await?.and_then(|(item, _)| item.latest()))
    }
}

fn new_event(aggregate: &str, sequence: i64, event: &LogEvent) -> Result<NewEvent, ExecuteError> {
    let encoded = event.encode()?;
    Ok(NewEvent { aggregate: aggregate.to_owned(), sequence, name: encoded.name, version: encoded.version, payload: encoded.payload })
}

fn decode(event: &NewEvent) -> Result<LogEvent, DecodeError> {
    LogEvent::decode(&event.name, event.version, &event.payload)
}

/// The result of a command that was carried out before; a different body under the same id is refused.
fn repeated(row: &CommandRow, digest: &[u8; 32]) -> Result<Outcome, ExecuteError> {
    if Vault::same_key(&row.digest, digest) && row.digest != *digest {
        return Err(Refusal::invalid("command-id-reused", sentence!("command-id-reused", id = row.id)).into());
    }
    let outcome: Outcome = serde_json::from_str(&row.result)?;
    Ok(Outcome { position: row.last_position, repeated: true, ..outcome })
}
