//! The log in one SQLite file: WAL, `synchronous=FULL`, one writer thread a process.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Row, Transaction, TransactionBehavior, params};
use tokio::sync::{mpsc, oneshot, watch};

use super::admit::{Admitted, Known, admit};
use super::dump::{Record, Sink, Source};
use super::migrations::pending;
use super::{
    Append, AppendError, Appended, CHUNK_BYTES, ClaimRow, Clock, CommandRow, EventLog, Head, NewEvent, StoreError, StoredEvent,
    VaultChange, VaultRow, chain,
};
use crate::domain::Digest;

/// Most appends in one transaction.
const BATCH: usize = 256;
/// How long a connection waits for another process's write lock.
const BUSY: Duration = Duration::from_secs(10);
/// How often the follower looks whether another process has written.
const POLL: Duration = Duration::from_millis(200);

type Answer = oneshot::Sender<Result<Appended, AppendError>>;

enum Job {
    Append(Append, Answer),
    Blob(Digest, Arc<[u8]>, oneshot::Sender<Result<(), StoreError>>),
    Load(Source, oneshot::Sender<Result<(), StoreError>>),
    Scrub(oneshot::Sender<Result<(), StoreError>>),
}

/// See the module.
pub struct SqliteLog {
    path: PathBuf,
    jobs: mpsc::UnboundedSender<Job>,
    readers: Arc<Mutex<Vec<Connection>>>,
    hint: watch::Receiver<i64>,
}

fn unavailable(error: rusqlite::Error) -> StoreError {
    match error {
        rusqlite::Error::FromSqlConversionFailure(..) | rusqlite::Error::InvalidColumnType(..) => {
            StoreError::Damaged(format!("a row has another form than it was written with: {error}"))
        }
        error => StoreError::Unavailable(explain(&error)),
    }
}

/// A sentence a planner can act on.
fn explain(error: &rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the disk is full: free some space and repeat".into(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "another program holds the file: try again".into(),
        Some(ErrorCode::ReadOnly) => "the file or its folder cannot be written".into(),
        Some(ErrorCode::CannotOpen) => "the file cannot be opened: does its folder exist, and may it be written?".into(),
        Some(ErrorCode::NotADatabase) => "the file is not an SQLite database".into(),
        _ => error.to_string(),
    }
}

/// Opens a connection with the settings every connection must have, and checks them.
fn connect(path: &Path, write: bool) -> Result<Connection, StoreError> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if write {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    let connection = Connection::open_with_flags(path, flags).map_err(unavailable)?;
    connection.busy_timeout(BUSY).map_err(unavailable)?;
    let set = |pragma: &str, value: &str| connection.pragma_update(None, pragma, value).map_err(unavailable);
    set("synchronous", "FULL")?;
    set("secure_delete", "ON")?;
    set("foreign_keys", "ON")?;
    set("trusted_schema", "OFF")?;
    set("mmap_size", "268435456")?;
    if !write {
        set("query_only", "ON")?;
    }
    let synchronous: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0)).map_err(unavailable)?;
    if synchronous != 2 {
        return Err(StoreError::NotPossible("SQLite does not accept synchronous=FULL".into()));
    }
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Switches to WAL and brings the tables up to date, one process at a time.
fn prepare(path: &Path) -> Result<Connection, StoreError> {
    let lock_path = path.with_extension("lock");
    let lock = std::fs::File::options().create(true).truncate(false).write(true).open(&lock_path);
    let lock = lock.map_err(|error| StoreError::Unavailable(format!("{}: {error}", lock_path.display())))?;
    lock.lock().map_err(|error| StoreError::Unavailable(format!("{}: {error}", lock_path.display())))?;
    let mut connection = connect(path, true)?;
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0)).map_err(unavailable)?;
    if mode != "wal" {
        return Err(StoreError::NotPossible(format!("SQLite stays in journal mode {mode}; it must be on a local disk")));
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(unavailable)?;
    let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(unavailable)?;
    for migration in pending(found)? {
        transaction.execute_batch(migration.sqlite).map_err(unavailable)?;
        transaction.pragma_update(None, "user_version", migration.number).map_err(unavailable)?;
    }
    let log_id = new_log_id()?;
    transaction.execute("INSERT OR IGNORE INTO head VALUES (1, ?1, 0, ?2, 0)", params![log_id, chain::GENESIS]).map_err(unavailable)?;
    transaction.commit().map_err(unavailable)?;
    Ok(connection)
}

/// Sixteen random hex digits.
pub(super) fn new_log_id() -> Result<String, StoreError> {
    let mut random = [0; 8];
    #[expect(clippy::disallowed_methods, reason = "the name of a new log")]
    getrandom::fill(&mut random).map_err(|error| StoreError::Unavailable(error.to_string()))?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

impl SqliteLog {
    /// Opens or creates the file.
    pub async fn open(path: &Path, clock: Clock) -> Result<Self, StoreError> {
        let path = path.to_owned();
        let opened = {
            let path = path.clone();
            tokio::task::spawn_blocking(move || prepare(&path)).await.map_err(|e| StoreError::Unavailable(e.to_string()))?
        };
        let connection = opened?;
        let position = read_head(&connection).map_err(unavailable)?.position;
        let (hint_sender, hint) = watch::channel(position);
        let hint_sender = Arc::new(hint_sender);
        let (jobs, receiver) = mpsc::unbounded_channel();
        let writer = Writer { connection, clock, hint: Arc::clone(&hint_sender) };
        std::thread::Builder::new()
            .name("log-writer".into())
            .spawn(move || writer.run(receiver))
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let log = Self { path, jobs, readers: Arc::default(), hint };
        tokio::spawn(poll(log.path.clone(), Arc::clone(&log.readers), hint_sender, log.jobs.downgrade()));
        Ok(log)
    }

    async fn with_reader<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let readers = Arc::clone(&self.readers);
        let path = self.path.clone();
        tokio::task::spawn_blocking(move || with_pooled(&readers, &path, work))
            .await
            .map_err(|error| StoreError::Unavailable(error.to_string()))?
    }

    async fn job<T>(&self, job: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Job) -> Result<T, StoreError> {
        let (sender, receiver) = oneshot::channel();
        let gone = || StoreError::Unavailable("the writer has stopped".into());
        self.jobs.send(job(sender)).map_err(|_| gone())?;
        receiver.await.map_err(|_| gone())?
    }
}

fn with_pooled<T>(
    readers: &Mutex<Vec<Connection>>,
    path: &Path,
    work: impl FnOnce(&mut Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let pooled = readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let mut connection = match pooled {
        Some(connection) => connection,
        None => connect(path, false)?,
    };
    let result = work(&mut connection)?;
    let mut readers = readers.lock().unwrap_or_else(PoisonError::into_inner);
    if readers.len() < 8 {
        readers.push(connection);
    }
    Ok(result)
}

/// Looks for writes of other processes; ends with the log.
async fn poll(path: PathBuf, readers: Arc<Mutex<Vec<Connection>>>, hint: Arc<watch::Sender<i64>>, alive: mpsc::WeakUnboundedSender<Job>) {
    while alive.upgrade().is_some() {
        tokio::time::sleep(POLL).await;
        let (path, readers) = (path.clone(), Arc::clone(&readers));
        let head =
            tokio::task::spawn_blocking(move || with_pooled(&readers, &path, |connection| read_head(connection).map_err(unavailable)));
        if let Ok(Ok(head)) = head.await {
            hint.send_if_modified(|known| std::mem::replace(known, head.position) != head.position);
        }
    }
}

struct Writer {
    connection: Connection,
    clock: Clock,
    hint: Arc<watch::Sender<i64>>,
}

impl Writer {
    fn run(mut self, mut jobs: mpsc::UnboundedReceiver<Job>) {
        while let Some(job) = jobs.blocking_recv() {
            let mut appends = Vec::new();
            let mut answers = Vec::new();
            let mut next = Some(job);
            // Everything that waits goes into one transaction; other jobs are done in between.
            while let Some(job) = next.take() {
                match job {
                    Job::Append(append, answer) => {
                        appends.push(append);
                        answers.push(answer);
                        if appends.len() < BATCH {
                            next = jobs.try_recv().ok();
                        }
                    }
                    Job::Blob(sha256, bytes, answer) => {
                        let result = put_blob(&mut self.connection, sha256, &bytes).map_err(unavailable);
                        let _ = answer.send(result);
                        next = jobs.try_recv().ok();
                    }
                    Job::Load(source, answer) => {
                        let _ = answer.send(self.load(source));
                    }
                    Job::Scrub(answer) => {
                        let _ = answer.send(self.scrub());
                    }
                }
            }
            if !appends.is_empty() {
                self.commit(&appends, answers);
            }
        }
    }

    fn commit(&mut self, appends: &[Append], answers: Vec<Answer>) {
        let now = (self.clock)();
        let outcome = write(&mut self.connection, now, appends);
        match outcome {
            Ok(admitted) => {
                self.hint.send_replace(admitted.head.position);
                for (answer, result) in answers.into_iter().zip(admitted.answers) {
                    let _ = answer.send(result);
                }
            }
            Err(error) => {
                tracing::error!("append failed: {error}");
                for answer in answers {
                    let _ = answer.send(Err(error.clone()));
                }
            }
        }
    }

    fn load(&mut self, mut source: Source) -> Result<(), StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(unavailable)?;
        load(&transaction, &mut source)?;
        let position = read_head(&transaction).map_err(unavailable)?.position;
        transaction.commit().map_err(unavailable)?;
        self.hint.send_replace(position);
        Ok(())
    }

    /// `secure_delete` has overwritten the rows; this empties the WAL that still holds them.
    fn scrub(&mut self) -> Result<(), StoreError> {
        for _ in 0..50 {
            let busy: i64 = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).map_err(unavailable)?;
            if busy == 0 {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Err(StoreError::Unavailable("readers keep the write-ahead log busy: repeat the erasure".into()))
    }
}

/// One transaction with all appends that are admitted.
fn write(connection: &mut Connection, now: i64, appends: &[Append]) -> Result<Admitted, AppendError> {
    let before = |error: rusqlite::Error| AppendError::Unavailable(explain(&error));
    // A deferred transaction that reads before it writes fails when another process wrote in between.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(before)?;
    let head = read_head(&transaction).map_err(before)?;
    let known = look_up(&transaction, appends).map_err(before)?;
    let admitted = admit(head, now, appends, known);
    if admitted.answers.iter().all(Result::is_err) {
        transaction.rollback().map_err(before)?;
        return Ok(admitted);
    }
    insert(&transaction, &admitted, appends).map_err(before)?;
    transaction.commit().map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DiskFull) => AppendError::Unavailable(explain(&error)),
        _ => AppendError::Unknown(explain(&error)),
    })?;
    Ok(admitted)
}

fn read_head(connection: &Connection) -> rusqlite::Result<Head> {
    let mut statement = connection.prepare_cached("SELECT log_id, position, hash, recorded_at FROM head WHERE id = 1")?;
    statement.query_row([], |row| Ok(Head { log_id: row.get(0)?, position: row.get(1)?, hash: row.get(2)?, recorded_at: row.get(3)? }))
}

fn look_up(connection: &Connection, appends: &[Append]) -> rusqlite::Result<Known> {
    let mut known = Known::default();
    let mut sequence = connection.prepare_cached("SELECT sequence FROM events WHERE aggregate = ?1 ORDER BY sequence DESC LIMIT 1")?;
    for append in appends {
        for event in &append.events {
            if !known.sequences.contains_key(&event.aggregate) {
                let last = sequence.query_row([&event.aggregate], |row| row.get(0)).optional()?;
                known.sequences.insert(event.aggregate.clone(), last.unwrap_or(0));
            }
        }
        if let Some(command) = &append.command
            && let Some(row) = find_command(connection, &command.scope, &command.id)?
        {
            known.commands.insert((row.scope.clone(), row.id.clone()), row);
        }
        for claim in append.claims.iter().chain(&append.releases) {
            if let Some(holder) = find_claim(connection, &claim.kind, &claim.key)? {
                known.claims.insert((claim.kind.clone(), claim.key.clone()), holder);
            }
        }
    }
    Ok(known)
}

fn insert(transaction: &Transaction<'_>, admitted: &Admitted, appends: &[Append]) -> rusqlite::Result<()> {
    for event in &admitted.events {
        insert_event(transaction, event)?;
    }
    for command in &admitted.commands {
        insert_command(transaction, command)?;
    }
    for claim in &admitted.released {
        let mut statement = transaction.prepare_cached("DELETE FROM claims WHERE kind = ?1 AND key = ?2")?;
        statement.execute([&claim.kind, &claim.key])?;
    }
    for claim in &admitted.claims {
        insert_claim(transaction, claim)?;
    }
    for (append, answer) in appends.iter().zip(&admitted.answers) {
        if answer.is_ok() {
            for change in &append.vault {
                match change {
                    VaultChange::Put(row) => put_vault(transaction, row)?,
                    VaultChange::Begin(row) => {
                        let mut statement = transaction.prepare_cached("INSERT OR IGNORE INTO vault VALUES (?1, ?2, ?3)")?;
                        statement.execute(params![row.subject, row.wrapped_key, row.data])?;
                    }
                    VaultChange::Erase(subject) => {
                        transaction.prepare_cached("DELETE FROM vault WHERE subject = ?1")?.execute([subject])?;
                    }
                }
            }
        }
    }
    set_head(transaction, &admitted.head)
}

fn insert_event(connection: &Connection, event: &StoredEvent) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached("INSERT INTO events VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?;
    statement.execute(params![
        event.position,
        event.event.aggregate,
        event.event.sequence,
        event.event.name,
        event.event.version,
        event.event.payload,
        event.recorded_at,
        event.actor,
        event.command_id,
        event.hash,
    ])?;
    Ok(())
}

fn insert_command(connection: &Connection, row: &CommandRow) -> rusqlite::Result<()> {
    connection.prepare_cached("INSERT INTO commands VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
        row.scope,
        row.id,
        row.digest,
        row.first_position,
        row.last_position,
        row.result
    ])?;
    Ok(())
}

fn insert_claim(connection: &Connection, row: &ClaimRow) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached("INSERT INTO claims VALUES (?1, ?2, ?3)")?;
    statement.execute(params![row.kind, row.key, row.holder])?;
    Ok(())
}

fn put_vault(connection: &Connection, row: &VaultRow) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached("INSERT OR REPLACE INTO vault VALUES (?1, ?2, ?3)")?;
    statement.execute(params![row.subject, row.wrapped_key, row.data])?;
    Ok(())
}

fn set_head(connection: &Connection, head: &Head) -> rusqlite::Result<()> {
    let mut statement =
        connection.prepare_cached("UPDATE head SET log_id = ?1, position = ?2, hash = ?3, recorded_at = ?4 WHERE id = 1")?;
    statement.execute(params![head.log_id, head.position, head.hash, head.recorded_at])?;
    Ok(())
}

fn find_command(connection: &Connection, scope: &str, id: &str) -> rusqlite::Result<Option<CommandRow>> {
    let mut statement = connection.prepare_cached("SELECT * FROM commands WHERE scope = ?1 AND id = ?2")?;
    statement.query_row([scope, id], command_row).optional()
}

fn command_row(row: &Row<'_>) -> rusqlite::Result<CommandRow> {
    Ok(CommandRow {
        scope: row.get(0)?,
        id: row.get(1)?,
        digest: row.get(2)?,
        first_position: row.get(3)?,
        last_position: row.get(4)?,
        result: row.get(5)?,
    })
}

fn find_claim(connection: &Connection, kind: &str, key: &str) -> rusqlite::Result<Option<String>> {
    let mut statement = connection.prepare_cached("SELECT holder FROM claims WHERE kind = ?1 AND key = ?2")?;
    statement.query_row([kind, key], |row| row.get(0)).optional()
}

fn stored_event(row: &Row<'_>) -> rusqlite::Result<StoredEvent> {
    Ok(StoredEvent {
        position: row.get(0)?,
        event: NewEvent { aggregate: row.get(1)?, sequence: row.get(2)?, name: row.get(3)?, version: row.get(4)?, payload: row.get(5)? },
        recorded_at: row.get(6)?,
        actor: row.get(7)?,
        command_id: row.get(8)?,
        hash: row.get(9)?,
    })
}

fn vault_row(row: &Row<'_>) -> rusqlite::Result<VaultRow> {
    Ok(VaultRow { subject: row.get(0)?, wrapped_key: row.get(1)?, data: row.get(2)? })
}

fn put_blob(connection: &mut Connection, sha256: Digest, bytes: &[u8]) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let inserted =
        transaction.prepare_cached("INSERT OR IGNORE INTO blobs VALUES (?1, ?2)")?.execute(params![sha256.0, bytes.len() as i64])?;
    if inserted == 1 {
        let mut statement = transaction.prepare_cached("INSERT INTO blob_chunks VALUES (?1, ?2, ?3)")?;
        for (number, chunk) in bytes.chunks(CHUNK_BYTES).enumerate() {
            statement.execute(params![sha256.0, number as i64, chunk])?;
        }
    }
    transaction.commit()
}

fn blob_list(connection: &Connection) -> rusqlite::Result<Vec<(Digest, i64)>> {
    let mut statement = connection.prepare("SELECT sha256, bytes FROM blobs ORDER BY sha256")?;
    let rows = statement.query_map([], |row| Ok((Digest(row.get(0)?), row.get(1)?)))?;
    rows.collect()
}

fn dump(connection: &mut Connection, vault: bool, sink: &mut Sink) -> Result<(), StoreError> {
    // A read transaction in WAL mode sees one moment while writers go on.
    let view = connection.transaction().map_err(unavailable)?;
    let head = read_head(&view).map_err(unavailable)?;
    sink(Record::Head(head))?;
    let mut each = |sql: &str, read: fn(&Row<'_>) -> rusqlite::Result<Record>| {
        let mut statement = view.prepare(sql).map_err(unavailable)?;
        let mut rows = statement.query([]).map_err(unavailable)?;
        while let Some(row) = rows.next().map_err(unavailable)? {
            sink(read(row).map_err(unavailable)?)?;
        }
        Ok::<(), StoreError>(())
    };
    each("SELECT * FROM events ORDER BY position", |row| stored_event(row).map(Record::Event))?;
    each("SELECT sha256, bytes FROM blobs ORDER BY sha256", |row| Ok(Record::Blob(Digest(row.get(0)?), row.get(1)?)))?;
    each("SELECT sha256, number, data FROM blob_chunks ORDER BY sha256, number", |row| {
        Ok(Record::Chunk(Digest(row.get(0)?), row.get(1)?, row.get(2)?))
    })?;
    each("SELECT * FROM commands ORDER BY scope, id", |row| command_row(row).map(Record::Command))?;
    each("SELECT * FROM claims ORDER BY kind, key", |row| {
        Ok(Record::Claim(ClaimRow { kind: row.get(0)?, key: row.get(1)?, holder: row.get(2)? }))
    })?;
    if vault {
        each("SELECT * FROM vault ORDER BY subject", |row| vault_row(row).map(Record::Vault))?;
    }
    Ok(())
}

fn load(transaction: &Transaction<'_>, source: &mut Source) -> Result<(), StoreError> {
    let head = read_head(transaction).map_err(unavailable)?;
    if head.position != 0 {
        return Err(StoreError::NotPossible("the store is not empty: load into a new one".into()));
    }
    let mut verifier = chain::Verifier::default();
    let mut target = None;
    while let Some(record) = source()? {
        let done = match &record {
            Record::Head(head) => {
                target = Some(head.clone());
                set_head(transaction, head)
            }
            Record::Event(event) => {
                verifier.next(event).map_err(|error| StoreError::Damaged(error.to_string()))?;
                insert_event(transaction, event)
            }
            Record::Blob(sha256, bytes) => transaction
                .prepare_cached("INSERT OR IGNORE INTO blobs VALUES (?1, ?2)")
                .and_then(|mut statement| statement.execute(params![sha256.0, bytes]))
                .map(|_| ()),
            Record::Chunk(sha256, number, data) => transaction
                .prepare_cached("INSERT OR REPLACE INTO blob_chunks VALUES (?1, ?2, ?3)")
                .and_then(|mut statement| statement.execute(params![sha256.0, number, data]))
                .map(|_| ()),
            Record::Command(row) => insert_command(transaction, row),
            Record::Claim(row) => insert_claim(transaction, row),
            Record::Vault(row) => put_vault(transaction, row),
        };
        done.map_err(unavailable)?;
    }
    let target = target.ok_or_else(|| StoreError::Damaged("the file has no head".into()))?;
    verifier.finish(&target).map_err(|error| StoreError::Damaged(error.to_string()))
}

#[async_trait]
impl EventLog for SqliteLog {
    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        let (sender, receiver) = oneshot::channel();
        let gone = || AppendError::Unavailable("the writer has stopped".into());
        self.jobs.send(Job::Append(append, sender)).map_err(|_| gone())?;
        receiver.await.map_err(|_| AppendError::Unknown("the writer has stopped".into()))?
    }

    async fn read(&self, after: i64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.with_reader(move |connection| {
            let mut statement =
                connection.prepare_cached("SELECT * FROM events WHERE position > ?1 ORDER BY position LIMIT ?2").map_err(unavailable)?;
            let rows = statement.query_map([after, limit as i64], stored_event).map_err(unavailable)?;
            rows.collect::<Result<_, _>>().map_err(unavailable)
        })
        .await
    }

    async fn read_facts(&self, after: i64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.with_reader(move |connection| {
            let sql = "SELECT position, aggregate, name, version, payload, recorded_at, hash FROM events WHERE position > ?1 ORDER BY position LIMIT ?2";
            let mut statement = connection.prepare_cached(sql).map_err(unavailable)?;
            let read = |row: &Row<'_>| {
                Ok(StoredEvent {
                    position: row.get(0)?,
                    event: NewEvent { aggregate: row.get(1)?, sequence: 0, name: row.get(2)?, version: row.get(3)?, payload: row.get(4)? },
                    recorded_at: row.get(5)?,
                    actor: String::new(),
                    command_id: String::new(),
                    hash: row.get(6)?,
                })
            };
            let mut events = Vec::with_capacity(limit);
            for event in statement.query_map([after, limit as i64], read).map_err(unavailable)? {
                events.push(event.map_err(unavailable)?);
            }
            Ok(events)
        })
        .await
    }

    async fn read_aggregate(&self, aggregate: &str, after: i64) -> Result<Vec<StoredEvent>, StoreError> {
        let aggregate = aggregate.to_owned();
        self.with_reader(move |connection| {
            let mut statement = connection
                .prepare_cached("SELECT * FROM events WHERE aggregate = ?1 AND sequence > ?2 ORDER BY sequence")
                .map_err(unavailable)?;
            let rows = statement.query_map(params![aggregate, after], stored_event).map_err(unavailable)?;
            rows.collect::<Result<_, _>>().map_err(unavailable)
        })
        .await
    }

    async fn head(&self) -> Result<Head, StoreError> {
        self.with_reader(|connection| read_head(connection).map_err(unavailable)).await
    }

    async fn find_command(&self, scope: &str, id: &str) -> Result<Option<CommandRow>, StoreError> {
        let (scope, id) = (scope.to_owned(), id.to_owned());
        self.with_reader(move |connection| find_command(connection, &scope, &id).map_err(unavailable)).await
    }

    async fn find_claim(&self, kind: &str, key: &str) -> Result<Option<String>, StoreError> {
        let (kind, key) = (kind.to_owned(), key.to_owned());
        self.with_reader(move |connection| find_claim(connection, &kind, &key).map_err(unavailable)).await
    }

    async fn put_blob(&self, sha256: Digest, bytes: Arc<[u8]>) -> Result<(), StoreError> {
        self.job(|answer| Job::Blob(sha256, bytes, answer)).await
    }

    async fn get_blob(&self, sha256: Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.with_reader(move |connection| {
            let read = || -> rusqlite::Result<Option<Vec<u8>>> {
                let mut size = connection.prepare_cached("SELECT bytes FROM blobs WHERE sha256 = ?1")?;
                let Some(size) = size.query_row([sha256.0], |row| row.get::<_, i64>(0)).optional()? else {
                    return Ok(None);
                };
                let mut bytes = Vec::with_capacity(size.clamp(0, 1 << 32) as usize);
                let mut chunks = connection.prepare_cached("SELECT data FROM blob_chunks WHERE sha256 = ?1 ORDER BY number")?;
                let mut rows = chunks.query([sha256.0])?;
                while let Some(row) = rows.next()? {
                    bytes.extend_from_slice(row.get_ref(0)?.as_blob()?);
                }
                Ok(Some(bytes))
            };
            read().map_err(unavailable)
        })
        .await
    }

    async fn blobs(&self) -> Result<Vec<(Digest, i64)>, StoreError> {
        self.with_reader(|connection| blob_list(connection).map_err(unavailable)).await
    }

    async fn vault_row(&self, subject: &str) -> Result<Option<VaultRow>, StoreError> {
        let subject = subject.to_owned();
        self.with_reader(move |connection| {
            let mut statement = connection.prepare_cached("SELECT * FROM vault WHERE subject = ?1").map_err(unavailable)?;
            statement.query_row([subject], vault_row).optional().map_err(unavailable)
        })
        .await
    }

    async fn vault_rows(&self) -> Result<Vec<VaultRow>, StoreError> {
        self.with_reader(|connection| {
            let mut statement = connection.prepare_cached("SELECT * FROM vault").map_err(unavailable)?;
            let rows = statement.query_map([], vault_row).map_err(unavailable)?;
            rows.collect::<Result<_, _>>().map_err(unavailable)
        })
        .await
    }

    async fn scrub(&self) -> Result<(), StoreError> {
        self.job(Job::Scrub).await
    }

    fn hint(&self) -> watch::Receiver<i64> {
        self.hint.clone()
    }

    async fn dump(&self, vault: bool, mut sink: Sink) -> Result<(), StoreError> {
        self.with_reader(move |connection| dump(connection, vault, &mut sink)).await
    }

    async fn load(&self, records: Source) -> Result<(), StoreError> {
        self.job(|answer| Job::Load(records, answer)).await
    }

    fn describe(&self) -> String {
        format!("SQLite {}", self.path.display())
    }
}
