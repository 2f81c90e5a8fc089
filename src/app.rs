//! The only write path, the only clock, the only source of ids.
//!
//! Architecture invariant: nothing is appended to the log but through [`App`], and nothing here
//! asks the read model.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::access::{Actor, Reach, Role, Token, TokenCommand, TokenCreated, TokenEvent, TokenId, TokenRevoked};
use crate::domain::city::{City, CityCommand, CityEvent, CityState};
use crate::domain::families::{Audited, DecodeError, Item, ItemCommand, ItemEvent, LogEvent};
use crate::domain::publication::Claim;
use crate::domain::subject::{ConsentRecorded, Subject, SubjectCommand, SubjectEvent, SubjectId, SubjectNamed};
use crate::domain::{Code, Context, Digest, Refusal, civil};
use crate::event_store::{Append, AppendError, ClaimRow, Clock, CommandRow, EventLog, NewEvent, StoreError, VaultChange};
use crate::import::Report;
use crate::import::attach::{self, AttachError, Attached, Files};
use crate::read_model::features;
use crate::vault::{Contact, Vault, VaultError};

/// Aggregates kept ready for the next command.
const CACHED_AGGREGATES: usize = 4_096;
/// How often a command without expectation is decided again when another came first.
const RETRIES: usize = 20;

/// A command as it comes in, whoever sends it.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The sender's id for it: repeating it repeats the answer, not the deed.
    pub id: String,
    /// `plan.publish`
    pub kind: String,
    /// The item; none for a new one.
    pub code: Option<Code>,
    /// Everything else.
    pub body: Value,
    /// Sets that were imported before and that the body names by their digest.
    pub blobs: attach::Blobs,
}

impl Request {
    /// Reads a command `{"id", "type", "code"?, …}`.
    pub fn parse(value: Value) -> Result<Self, Refusal> {
        let shape = |what: &str| {
            Refusal::invalid("command-shape", format!("Lệnh sai dạng: {what}."), format!("The command has the wrong shape: {what}."))
        };
        let Value::Object(mut body) = value else { return Err(shape("it must be a JSON object")) };
        let mut text = |name: &str| match body.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(shape(&format!("“{name}” must be text"))),
        };
        let id = text("id")?.ok_or_else(|| shape("“id” is missing"))?;
        let kind = text("type")?.ok_or_else(|| shape("“type” is missing"))?;
        let code = text("code")?;
        if id.is_empty() || id.len() > 100 || id.chars().any(char::is_control) {
            return Err(shape("“id” must have 1 to 100 characters"));
        }
        let code = code
            .map(|code| code.parse::<Code>())
            .transpose()
            .map_err(|error| Refusal::invalid("code-wrong", error.to_string(), "Compare it with the printed code.".to_owned()))?;
        Ok(Self { id, kind, code, body: Value::Object(body), blobs: Vec::new() })
    }
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The item.
    pub code: Option<Code>,
    /// Its newest revision.
    pub revision: Option<u32>,
    /// Types of the events, in order.
    pub events: Vec<String>,
    /// The person a contact was recorded for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<SubjectId>,
    /// Position of the last event.
    #[serde(default)]
    pub position: i64,
    /// True when the command had been carried out before.
    #[serde(skip)]
    pub repeated: bool,
    /// The report of an import.
    #[serde(skip)]
    pub report: Option<Report>,
}

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// The rules say no.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// The file that came with it has errors.
    #[error("tệp có {n} lỗi (the file has {n} errors)", n = .0.count(crate::import::Severity::Error))]
    Import(Box<Report>),
    /// Nothing was written: try again later.
    #[error("{0}")]
    Unavailable(String),
    /// It may have been written: repeat with the same id.
    #[error("{0}")]
    Unknown(String),
    /// Stored data cannot be read.
    #[error("{0}")]
    Damaged(String),
}

impl From<StoreError> for ExecuteError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(what) => Self::Unavailable(what),
            other => Self::Damaged(other.to_string()),
        }
    }
}

impl From<DecodeError> for ExecuteError {
    fn from(error: DecodeError) -> Self {
        Self::Damaged(error.to_string())
    }
}

impl From<VaultError> for ExecuteError {
    fn from(error: VaultError) -> Self {
        Self::Damaged(error.to_string())
    }
}

impl From<serde_json::Error> for ExecuteError {
    fn from(error: serde_json::Error) -> Self {
        Self::Damaged(error.to_string())
    }
}

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

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A new id for a command that came without one.
pub fn new_command_id() -> Result<String, ExecuteError> {
    Ok(hex(&random::<16>()?))
}

/// The write path.
pub struct App {
    log: Arc<dyn EventLog>,
    vault: Arc<Vault>,
    clock: Clock,
    city: RwLock<Arc<City>>,
    aggregates: Cache<String, Arc<(Item, i64)>>,
    /// Where the register of erasures is kept, outside of every backup.
    register: PathBuf,
}

impl App {
    /// Opens the write path over a log; the city is empty until one is recorded.
    pub async fn open(log: Arc<dyn EventLog>, vault: Arc<Vault>, clock: Clock, register: PathBuf) -> Result<Self, ExecuteError> {
        let app = Self { log, vault, clock, city: RwLock::default(), aggregates: Cache::new(CACHED_AGGREGATES), register };
        let (state, _) = app.city_state().await?;
        if let Some(city) = state.city {
            app.observe_city(city);
        }
        Ok(app)
    }

    /// Now, by the program's clock.
    pub fn now(&self) -> Timestamp {
        crate::domain::view::moment_of((self.clock)())
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
        Context { now, today: civil::date_in(&city.zone(), now), city, known_codes }
    }

    /// True when the actor's command of that id was carried out.
    pub async fn was_carried_out(&self, actor: &Actor, id: &str) -> Result<bool, ExecuteError> {
        Ok(self.log.find_command(actor.name(), id).await?.is_some())
    }

    /// Carries out a command: all of it or nothing, once for each id.
    pub async fn execute(&self, actor: &Actor, request: Request, files: Files<'_>) -> Result<Outcome, ExecuteError> {
        self.run(actor, request, files, false).await
    }

    /// Says what would come of a command; writes nothing.
    pub async fn try_out(&self, actor: &Actor, request: Request, files: Files<'_>) -> Result<Outcome, ExecuteError> {
        self.run(actor, request, files, true).await
    }

    async fn run(&self, actor: &Actor, request: Request, files: Files<'_>, dry: bool) -> Result<Outcome, ExecuteError> {
        let digest = self.vault.digest(&serde_json::to_vec(&json!([request.kind, request.code, request.body]))?);
        if let Some(row) = self.log.find_command(actor.name(), &request.id).await? {
            return repeated(&row, &digest);
        }
        let Request { id, kind, code, mut body, blobs } = request;
        let (family, action) = kind.split_once('.').unwrap_or((&kind, ""));
        let unknown = || Refusal::invalid("unknown-command", format!("Không có lệnh “{kind}”."), format!("There is no command “{kind}”."));
        let fresh = Item::new(family).ok_or_else(unknown)?;
        if !ItemCommand::is_known(family, action) {
            return Err(unknown().into());
        }
        let city = self.city();
        // Reading shapes takes its time: other requests are not to wait for it.
        let detached = tokio::task::block_in_place(|| attach::detach(&mut body, &city, files));
        let mut attached = detached.map_err(|error| match error {
            AttachError::Refused(refusal) => ExecuteError::Refused(refusal),
            AttachError::Report(report) => ExecuteError::Import(report),
        })?;
        attached.blobs.extend(blobs);
        self.check_sets(&mut body, &attached).await?;
        self.check_documents(&mut body, &attached).await?;
        let named = body.pointer("/facts/contact/subject").and_then(Value::as_str).map(|text| SubjectId(text.to_owned()));
        let begins = matches!(action, "publish" | "draft");
        let code = match code {
            Some(code) => code,
            None if begins => Code::from_random(random()?),
            None => return Err(Refusal::invalid("code-missing", "Lệnh thiếu mã (code).", "The command needs a code.").into()),
        };
        let (subject, row) = self.seal_contact(&mut body, &mut attached)?;
        if let Some(object) = body.as_object_mut() {
            object.insert("code".into(), json!(code));
        }
        let command = ItemCommand::parse(family, action, body).ok_or_else(unknown)?.map_err(|error| {
            Refusal::invalid("command-shape", format!("Lệnh sai dạng: {error}."), format!("The command has the wrong shape: {error}."))
        })?;
        if !dry {
            for (sha256, bytes) in attached.blobs {
                self.log.put_blob(sha256, bytes).await?;
            }
        }
        let aggregate = format!("{family}/{code}");
        let mut append = Append { actor: actor.name().to_owned(), ..Append::default() };
        append.vault.extend(row.map(VaultChange::Put));
        let consent = attached.contact.map(|contact| contact.consent);
        let work = Work { code, aggregate, fresh, begins, actor, command, subject, named, consent };
        let committed = self.commit(&work, &id, digest, append, dry).await;
        let mut outcome = match committed {
            // A copy of this command may have come first and be the reason.
            Err(ExecuteError::Refused(refusal)) => match self.log.find_command(actor.name(), &id).await? {
                Some(row) => return repeated(&row, &digest),
                None => return Err(refusal.into()),
            },
            other => other?,
        };
        outcome.report = attached.report;
        Ok(outcome)
    }

    async fn commit(&self, work: &Work<'_>, id: &str, digest: [u8; 32], base: Append, dry: bool) -> Result<Outcome, ExecuteError> {
        let mut reloaded = false;
        for _ in 0..RETRIES {
            let (item, sequence) = &*self.item(work).await?;
            let context = self.context(self.known(work).await?);
            let events = match decide(work, item, &context) {
                Ok(events) => events,
                // Another process may have changed the item since it was cached: look again once.
                Err(_) if !reloaded && self.aggregates.remove(&work.aggregate).is_some() => {
                    reloaded = true;
                    continue;
                }
                Err(refusal) => return Err(refusal.into()),
            };
            let mut append = base.clone();
            let mut after = item.clone();
            let mut last = *sequence;
            for event in &events {
                last += 1;
                append.events.push(new_event(&work.aggregate, last, &LogEvent::Item(event.clone()))?);
                append.claims.extend(claims(event.claims(), &work.aggregate));
                append.releases.extend(claims(event.releases(&after), &work.aggregate));
                after.apply_at(event.clone(), context.now.as_microsecond());
            }
            if *sequence == 0 {
                append.claims.push(ClaimRow { kind: "code".into(), key: work.code.to_string(), holder: work.aggregate.clone() });
            }
            if let (Some(subject), Some(consent)) = (&work.subject, &work.consent) {
                let recorded = ConsentRecorded { subject: subject.clone(), consent: consent.clone() };
                for event in Subject::default().decide(SubjectCommand::RecordConsent(recorded), &context)? {
                    append.events.push(new_event(&format!("subject/{subject}"), 1, &LogEvent::Subject(event))?);
                }
            }
            let outcome = Outcome {
                code: Some(work.code),
                revision: after.latest(),
                events: append.events.iter().map(|event| event.name.clone()).collect(),
                subject: work.subject.clone(),
                position: 0,
                repeated: false,
                report: None,
            };
            append.command = Some(CommandRow {
                scope: work.actor.name().to_owned(),
                id: id.to_owned(),
                digest,
                first_position: 0,
                last_position: 0,
                result: serde_json::to_string(&outcome)?,
            });
            if dry {
                return self.would_claim(&append).await.map(|()| outcome);
            }
            match self.log.append(append).await {
                Ok(appended) => {
                    if self.aggregates.get(&work.aggregate).is_none_or(|cached| cached.1 < last) {
                        self.aggregates.insert(work.aggregate.clone(), Arc::new((after, last)));
                    }
                    return Ok(Outcome { position: appended.last, ..outcome });
                }
                Err(AppendError::Conflict(_)) => {
                    self.aggregates.remove(&work.aggregate);
                }
                Err(AppendError::Repeated(row)) => return repeated(&row, &digest),
                Err(AppendError::Claimed(claim)) => return Err(claimed(&claim).into()),
                Err(AppendError::Unavailable(what)) => return Err(ExecuteError::Unavailable(what)),
                Err(AppendError::Unknown(what)) => {
                    self.aggregates.remove(&work.aggregate);
                    return Err(ExecuteError::Unknown(what));
                }
            }
        }
        Err(Refusal::conflict(
            "busy",
            "Nhiều người đang sửa cùng một nội dung; hãy thử lại.",
            "Many are changing this item at once; try again.",
        )
        .into())
    }

    /// Those of the codes a command mentions that can stand in for its item: public, of the same
    /// family, not withdrawn, and not replaced by the item itself.
    async fn known(&self, work: &Work<'_>) -> Result<BTreeSet<Code>, ExecuteError> {
        let mut known = BTreeSet::new();
        for code in work.command.mentions() {
            let item = self.load(work.fresh.family(), code).await?;
            if item.is_some_and(|(item, _)| item.is_public() && !item.is_withdrawn() && !item.is_superseded_by(&work.code)) {
                known.insert(code);
            }
        }
        Ok(known)
    }

    /// Refuses what the append would be refused for, without making it.
    async fn would_claim(&self, append: &Append) -> Result<(), ExecuteError> {
        for claim in &append.claims {
            let holder = self.log.find_claim(&claim.kind, &claim.key).await?;
            if let Some(holder) = holder.filter(|holder| *holder != claim.holder) {
                return Err(claimed(&ClaimRow { holder, ..claim.clone() }).into());
            }
        }
        Ok(())
    }

    /// An item straight from the log, with its last sequence.
    async fn load(&self, family: &str, code: Code) -> Result<Option<(Item, i64)>, ExecuteError> {
        let events = self.log.read_aggregate(&format!("{family}/{code}"), 0).await?;
        let Some(mut item) = Item::new(family).filter(|_| !events.is_empty()) else { return Ok(None) };
        let mut sequence = 0;
        for stored in events {
            sequence = stored.event.sequence;
            if let LogEvent::Item(event) = decode(&stored.event)? {
                item.apply_at(event, stored.recorded_at);
            }
        }
        Ok(Some((item, sequence)))
    }

    /// Forgets what is cached: the log was replaced.
    pub fn forget(&self) {
        self.aggregates.clear();
    }

    /// The item as the log has it, with its last sequence.
    async fn item(&self, work: &Work<'_>) -> Result<Arc<(Item, i64)>, ExecuteError> {
        if let Some(cached) = self.aggregates.get(&work.aggregate) {
            return Ok(cached);
        }
        let (item, sequence) = match self.load(work.fresh.family(), work.code).await? {
            Some(loaded) => loaded,
            None if work.begins => (work.fresh.clone(), 0),
            None => {
                return Err(Refusal::invalid(
                    "unknown-code",
                    format!("Không có nội dung nào mang mã {}.", work.code),
                    format!("No item of this family has the code {}.", work.code),
                )
                .into());
            }
        };
        let loaded = Arc::new((item, sequence));
        if sequence > 0 {
            self.aggregates.insert(work.aggregate.clone(), Arc::clone(&loaded));
        }
        Ok(loaded)
    }

    /// Number of an item's newest revision, straight from the log.
    pub async fn latest_revision(&self, family: &str, code: Code) -> Result<Option<u32>, ExecuteError> {
        Ok(self.load(family, code).await?.and_then(|(item, _)| item.latest()))
    }

    /// A set named by its digest must be stored or come along; what the command says of it is
    /// computed anew, and its codes must be legal for the plan.
    async fn check_sets(&self, body: &mut Value, attached: &Attached) -> Result<(), ExecuteError> {
        for (field, digest) in &attached.existing {
            let missing = || Refusal::invalid("unknown-blob", format!("Không có dữ liệu {digest}."), format!("There is no blob {digest}."));
            let bytes = self.blob(*digest, attached).await?.ok_or_else(missing)?;
            let facts = body.get("facts").cloned().unwrap_or_default();
            let checked = tokio::task::block_in_place(|| features::check(*digest, &bytes, field, &facts));
            let set = checked.ok_or_else(missing)??;
            if let Some(facts) = body.get_mut("facts").and_then(Value::as_object_mut) {
                facts.insert((*field).into(), serde_json::to_value(set)?);
            }
        }
        Ok(())
    }

    /// A document named by its digest must be stored; its type and size are seen from its bytes.
    async fn check_documents(&self, body: &mut Value, attached: &Attached) -> Result<(), ExecuteError> {
        let Some(Value::Array(documents)) = body.pointer_mut("/facts/documents") else { return Ok(()) };
        for document in documents {
            let digest = document.get("sha256").and_then(Value::as_str).and_then(|text| text.parse().ok());
            let missing = || Refusal::invalid("unknown-blob", "Tài liệu chưa được gửi lên.", "The document was not sent.");
            let digest: Digest = digest.ok_or_else(missing)?;
            if attached.blobs.iter().any(|(known, _)| *known == digest) {
                continue;
            }
            let bytes = self.blob(digest, attached).await?.ok_or_else(missing)?;
            document["media_type"] = json!(crate::import::documents::media_type(&bytes));
            document["bytes"] = json!(bytes.len());
        }
        Ok(())
    }

    async fn blob(&self, digest: Digest, attached: &Attached) -> Result<Option<Arc<[u8]>>, ExecuteError> {
        if let Some((_, bytes)) = attached.blobs.iter().find(|(known, _)| *known == digest) {
            return Ok(Some(Arc::clone(bytes)));
        }
        Ok(self.log.get_blob(digest).await?.map(Arc::from))
    }

    fn seal_contact(
        &self,
        body: &mut Value,
        attached: &mut Attached,
    ) -> Result<(Option<SubjectId>, Option<crate::event_store::VaultRow>), ExecuteError> {
        let Some(contact) = &attached.contact else { return Ok((None, None)) };
        let subject = SubjectId(format!("s-{}", hex(&random::<10>()?)));
        let row = self.vault.seal(&subject, &Contact { name: contact.name.clone(), phone: contact.phone.clone() })?;
        if let Some(facts) = body.get_mut("facts").and_then(Value::as_object_mut) {
            facts.insert("contact".into(), json!({ "subject": subject }));
        }
        Ok((Some(subject), Some(row)))
    }

    async fn city_state(&self) -> Result<(CityState, i64), ExecuteError> {
        let mut state = CityState::default();
        let mut sequence = 0;
        for stored in self.log.read_aggregate("city", 0).await? {
            sequence = stored.event.sequence;
            if let LogEvent::City(event) = decode(&stored.event)? {
                state.apply(&event);
            }
        }
        Ok((state, sequence))
    }

    /// Records the configuration of a new store, or changes it.
    pub async fn set_city(&self, command: CityCommand) -> Result<(), ExecuteError> {
        for _ in 0..RETRIES {
            match self.set_city_once(command.clone()).await {
                // Two first starts at once: look at what the other one recorded.
                Err(ExecuteError::Refused(refusal)) if refusal.reason == "busy" => {}
                other => return other,
            }
        }
        Err(ExecuteError::Unavailable("the configuration keeps changing".into()))
    }

    async fn set_city_once(&self, command: CityCommand) -> Result<(), ExecuteError> {
        let (mut state, sequence) = self.city_state().await?;
        let events = state.decide(command, &self.context(BTreeSet::new()))?;
        for event in &events {
            state.apply(event);
        }
        self.append_local("city", sequence, events.into_iter().map(LogEvent::City), Vec::new()).await?;
        if let Some(city) = state.city {
            self.observe_city(city);
        }
        Ok(())
    }

    /// Creates a token; its secret is handed out once and known to nobody else.
    pub async fn create_token(&self, role: Role, reach: Reach, label: String) -> Result<(TokenId, String), ExecuteError> {
        let secret = format!("bt_{}", hex(&random::<32>()?));
        let token = TokenId(format!("t-{}", hex(&random::<8>()?)));
        let created = TokenCreated { token: token.clone(), sha256: Digest::of(secret.as_bytes()), role, reach, label };
        let events = Token::default().decide(TokenCommand::Create(created), &self.context(BTreeSet::new()))?;
        self.append_local(&format!("token/{token}"), 0, events.into_iter().map(LogEvent::Token), Vec::new()).await?;
        Ok((token, secret))
    }

    /// Revokes a token.
    pub async fn revoke_token(&self, token: TokenId) -> Result<(), ExecuteError> {
        let aggregate = format!("token/{token}");
        let mut state = Token::default();
        let mut sequence = 0;
        for stored in self.log.read_aggregate(&aggregate, 0).await? {
            sequence = stored.event.sequence;
            if let LogEvent::Token(event) = decode(&stored.event)? {
                state.apply(&event);
            }
        }
        let events = state.decide(TokenCommand::Revoke(TokenRevoked { token }), &self.context(BTreeSet::new()))?;
        self.append_local(&aggregate, sequence, events.into_iter().map(LogEvent::Token), Vec::new()).await
    }

    async fn subject(&self, subject: &SubjectId) -> Result<(Subject, i64), ExecuteError> {
        let mut state = Subject::default();
        let mut sequence = 0;
        for stored in self.log.read_aggregate(&format!("subject/{subject}"), 0).await? {
            sequence = stored.event.sequence;
            if let LogEvent::Subject(event) = decode(&stored.event)? {
                state.apply(&event);
            }
        }
        Ok((state, sequence))
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
        let (state, sequence) = self.subject(&subject).await?;
        let command = SubjectCommand::Erase(SubjectNamed { subject: subject.clone() });
        let events = state.decide(command, &self.context(BTreeSet::new()))?;
        // The register comes first: a backup restored after a crash must still forget this person.
        crate::erasures::record(&self.register, &subject).map_err(|error| ExecuteError::Unavailable(error.to_string()))?;
        let aggregate = format!("subject/{subject}");
        let events = events.into_iter().map(LogEvent::Subject);
        self.append_local(&aggregate, sequence, events, vec![VaultChange::Erase(subject.0.clone())]).await?;
        self.log.scrub().await?;
        tracing::info!(target: "audit", subject = %subject, "erased");
        Ok(())
    }

    /// Re-applies every erasure of the register to a store that was loaded or restored.
    pub async fn reapply_erasures(&self) -> Result<usize, ExecuteError> {
        let subjects = crate::erasures::read(&self.register).map_err(|error| ExecuteError::Unavailable(error.to_string()))?;
        let mut count = 0;
        for subject in subjects {
            let (state, _) = self.subject(&subject).await?;
            let has_row = self.log.vault_row(&subject.0).await?.is_some();
            if state.known && (!state.erased || has_row) {
                self.erase(subject).await?;
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
                Err(ExecuteError::Refused(refusal)) if refusal.reason == "busy" => {}
                other => return other,
            }
        }
        Ok(())
    }

    /// Puts the row into the vault that later tells a wrong master key. Of two first starts with
    /// different keys one is told here.
    pub async fn seal_check(&self) -> Result<(), ExecuteError> {
        let subject = SubjectId(crate::vault::CHECK_SUBJECT.to_owned());
        let row = self.vault.seal(&subject, &Contact { name: String::new(), phone: String::new() })?;
        let append = Append { actor: "local".into(), vault: vec![VaultChange::Begin(row)], ..Append::default() };
        self.log.append(append).await.map_err(append_failed)?;
        if let Some(row) = self.log.vault_row(crate::vault::CHECK_SUBJECT).await? {
            self.vault.unseal(&row)?;
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
        let events = events.enumerate().map(|(i, event)| new_event(aggregate, sequence + 1 + i as i64, &event));
        let events = events.collect::<Result<Vec<_>, _>>()?;
        if events.is_empty() && vault.is_empty() {
            return Ok(());
        }
        let append = Append { actor: "local".into(), events, vault, ..Append::default() };
        self.log.append(append).await.map(|_| ()).map_err(append_failed)
    }
}

struct Work<'a> {
    code: Code,
    aggregate: String,
    fresh: Item,
    begins: bool,
    actor: &'a Actor,
    command: ItemCommand,
    subject: Option<SubjectId>,
    /// A person whom the command names by id.
    named: Option<SubjectId>,
    consent: Option<crate::domain::subject::Consent>,
}

fn append_failed(error: AppendError) -> ExecuteError {
    match error {
        AppendError::Conflict(_) => {
            Refusal::conflict("busy", "Có thay đổi khác cùng lúc; hãy thử lại.", "Another change came first; try again.").into()
        }
        AppendError::Claimed(claim) => claimed(&claim).into(),
        AppendError::Repeated(row) => ExecuteError::Damaged(format!("command {} was repeated", row.id)),
        AppendError::Unavailable(what) => ExecuteError::Unavailable(what),
        AppendError::Unknown(what) => ExecuteError::Unknown(what),
    }
}

fn new_event(aggregate: &str, sequence: i64, event: &LogEvent) -> Result<NewEvent, ExecuteError> {
    let encoded = event.encode()?;
    Ok(NewEvent { aggregate: aggregate.to_owned(), sequence, name: encoded.name, version: encoded.version, payload: encoded.payload })
}

fn decode(event: &NewEvent) -> Result<LogEvent, DecodeError> {
    LogEvent::decode(&event.name, event.version, &event.payload)
}

fn claims(list: Vec<Claim>, holder: &str) -> impl Iterator<Item = ClaimRow> {
    list.into_iter().map(move |claim| ClaimRow { kind: claim.kind.into(), key: claim.key, holder: holder.to_owned() })
}

/// The rules, for whoever asks and for what is asked.
fn decide(work: &Work<'_>, item: &Item, context: &Context) -> Result<Vec<ItemEvent>, Refusal> {
    item.check_actor(work.actor, context)?;
    work.command.check_actor(work.actor, context)?;
    if let Some(subject) = work.named.as_ref().filter(|subject| !item.names(subject)) {
        return Err(Refusal::invalid(
            "unknown-subject",
            format!("Nội dung này chưa từng nêu người {subject}; hãy gửi tên, số điện thoại và sự đồng ý."),
            format!("This item has never named the person {subject}; send name, phone and consent."),
        ));
    }
    item.decide(work.command.clone(), context)
}

fn claimed(claim: &ClaimRow) -> Refusal {
    let code = claim.holder.rsplit('/').next().unwrap_or_default();
    if claim.kind == "decision" {
        Refusal::conflict(
            "decision-published",
            format!("Quyết định này đã được công bố dưới mã {code}."),
            format!("This decision is already published under the code {code}."),
        )
    } else {
        Refusal::conflict("code-taken", format!("Mã {code} đã được dùng."), format!("The code {code} is taken."))
    }
}

/// The first result of a command; a different body under the same id is refused.
fn repeated(row: &CommandRow, digest: &[u8; 32]) -> Result<Outcome, ExecuteError> {
    if Vault::same_key(&row.digest, digest) && row.digest != *digest {
        return Err(Refusal::invalid(
            "command-id-reused",
            format!("Mã lệnh “{}” đã dùng cho một lệnh khác.", row.id),
            format!("The command id “{}” was used for another command.", row.id),
        )
        .into());
    }
    let outcome: Outcome = serde_json::from_str(&row.result)?;
    Ok(Outcome { position: row.last_position, repeated: true, ..outcome })
}

/// Events of the city for those who follow the log.
pub fn city_of(event: &LogEvent) -> Option<&City> {
    match event {
        LogEvent::City(CityEvent::Recorded(recorded) | CityEvent::Changed(recorded)) => Some(&recorded.city),
        _ => None,
    }
}

/// The token an event grants or takes away.
pub fn token_of(event: &LogEvent) -> Option<&TokenEvent> {
    match event {
        LogEvent::Token(event) => Some(event),
        _ => None,
    }
}

/// The person an event is about.
pub fn subject_of(event: &LogEvent) -> Option<&SubjectEvent> {
    match event {
        LogEvent::Subject(event) => Some(event),
        _ => None,
    }
}
