//! The log in one SQLite file: WAL, `synchronous=FULL`, one writer thread in each process.

mod connect;
mod rows;
mod transfer;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, ffi, params};
use tokio::sync::{mpsc, oneshot, watch};

use self::connect::{MAPPED, May, connect, prepare, prepare_to_read};
use self::rows::{blob_list, claim_doubles, claim_rule, find_claim, find_command, read_head, rows_of, stored_event, vault_row};
use self::transfer::dump;
use self::writer::Writer;
use super::dump::{Sink, Source};
use super::identity::Identity;
use super::{
    Append, AppendError, Appended, BlobBytes, Cell, Clock, CommandRow, Double, EventLog, Head, NewEvent, Renewal, StoreError, StoredEvent,
    VaultRow,
};
use crate::domain::Digest;

/// How long a connection waits for another process's write lock.
const BUSY: Duration = Duration::from_secs(10);
/// How often the follower looks whether another process has written.
const POLL: Duration = Duration::from_millis(50);

type Answer = oneshot::Sender<Result<Appended, AppendError>>;

enum Job {
    Append(Append, Answer),
    Blob(Digest, BlobBytes, oneshot::Sender<Result<(), StoreError>>),
    Load(Source, oneshot::Sender<Result<Head, StoreError>>),
    Claims(Renewal, oneshot::Sender<Result<bool, StoreError>>),
    Rows(&'static str, Vec<Cell>, oneshot::Sender<Result<Vec<Vec<Cell>>, StoreError>>),
    Scrub(oneshot::Sender<Result<(), StoreError>>),
    Try(oneshot::Sender<Result<(), StoreError>>),
}

/// A log in a SQLite file.
pub struct SqliteLog {
    path: PathBuf,
    jobs: mpsc::UnboundedSender<Job>,
    readers: Arc<Readers>,
    hint: watch::Receiver<i64>,
    identity: Identity,
}

/// True when the disk is full or cannot be written. A full disk shows in many ways: as a used-up quota,
/// or when the file that writers and readers share cannot grow.
fn lacks_room(error: &rusqlite::Error) -> bool {
    const WRITES: [i32; 6] = [
        ffi::SQLITE_IOERR_WRITE,
        ffi::SQLITE_IOERR_FSYNC,
        ffi::SQLITE_IOERR_DIR_FSYNC,
        ffi::SQLITE_IOERR_TRUNCATE,
        ffi::SQLITE_IOERR_SHMSIZE,
        ffi::SQLITE_IOERR_SHMOPEN,
    ];
    error.sqlite_error_code() == Some(ErrorCode::DiskFull) || error.sqlite_extended_error_code().is_some_and(|code| WRITES.contains(&code))
}

/// The folder of the file; messages name the disk by it.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Adds the disk's name to an error; the code that meets the error does not know it.
fn named(path: &Path, error: StoreError) -> StoreError {
    match error {
        StoreError::Full(_) => StoreError::Full(folder(path).display().to_string()),
        other => other,
    }
}

fn unavailable(error: rusqlite::Error) -> StoreError {
    match error {
        error if lacks_room(&error) => StoreError::Full(String::new()),
        rusqlite::Error::FromSqlConversionFailure(..) | rusqlite::Error::InvalidColumnType(..) => {
            StoreError::Damaged(format!("a row has another form than it was written with: {error}"))
        }
        error => StoreError::Unavailable(explain(&error)),
    }
}

/// A sentence a planner can act on.
fn explain(error: &rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "another program holds the file: try again".into(),
        Some(ErrorCode::ReadOnly) => "the file or its folder cannot be written".into(),
        Some(ErrorCode::CannotOpen) => "the file cannot be opened: does its folder exist, and may it be written?".into(),
        Some(ErrorCode::NotADatabase) => "the file is not an SQLite database".into(),
        _ => error.to_string(),
    }
}

/// After reading a blob of at least this many bytes, a connection drops its memory map.
const LARGE: usize = 1 << 20;

impl SqliteLog {
    /// Opens or creates the file; where it is only read, it must be there.
    pub async fn open(path: &Path, is_read_only: bool, clock: Clock) -> Result<Self, StoreError> {
        let path = path.to_owned();
        let opened = {
            let path = path.clone();
            let prepare = if is_read_only { prepare_to_read } else { prepare };
            tokio::task::spawn_blocking(move || prepare(&path)).await.map_err(|e| StoreError::Unavailable(e.to_string()))?
        };
        let connection = opened.map_err(|error| named(&path, error))?;
        let head = read_head(&connection).map_err(unavailable)?;
        let (hint_sender, hint) = watch::channel(head.position);
        let hint_sender = Arc::new(hint_sender);
        let (jobs, receiver) = mpsc::unbounded_channel();
        let may = if is_read_only { May::OnlyRead } else { May::Read };
        let readers = Arc::new(Readers { path: path.clone(), may, idle: Mutex::default() });
        if is_read_only {
            readers.give_back(connection);
        } else {
            let left = std::fs::metadata(format!("{}-wal", path.display())).map_or(0, |meta| meta.len());
            let writer = Writer { path: path.clone(), connection, clock, hint: Arc::clone(&hint_sender), unmoved: left };
            std::thread::Builder::new()
                .name("log-writer".into())
                .spawn(move || writer.run(receiver))
                .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        }
        let log = Self { path, jobs, readers, hint, identity: Identity::new(&head) };
        tokio::spawn(poll(Arc::clone(&log.readers), hint_sender, log.jobs.downgrade()));
        Ok(log)
    }

    async fn with_reader<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let readers = Arc::clone(&self.readers);
        tokio::task::spawn_blocking(move || readers.with(work)).await.map_err(|error| StoreError::Unavailable(error.to_string()))?
    }

    async fn job<T>(&self, job: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Job) -> Result<T, StoreError> {
        let (sender, receiver) = oneshot::channel();
        let gone = || StoreError::Unavailable("the writer has stopped".into());
        self.jobs.send(job(sender)).map_err(|_| gone())?;
        receiver.await.map_err(|_| gone())?.map_err(|error| named(&self.path, error))
    }
}

/// Connections that read.
struct Readers {
    path: PathBuf,
    may: May,
    /// Those that nobody uses.
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    fn with<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => connect(&self.path, self.may).map_err(|error| named(&self.path, error))?,
        };
        let result = work(&mut connection).map_err(|error| named(&self.path, error))?;
        self.give_back(connection);
        Ok(result)
    }

    fn give_back(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < 8 {
            idle.push(connection);
        }
    }
}

/// Looks for writes of other processes, until the log is dropped.
async fn poll(readers: Arc<Readers>, hint: Arc<watch::Sender<i64>>, alive: mpsc::WeakUnboundedSender<Job>) {
    while alive.upgrade().is_some() {
        tokio::time::sleep(POLL).await;
        let readers = Arc::clone(&readers);
        let head = tokio::task::spawn_blocking(move || readers.with(|connection| read_head(connection).map_err(unavailable)));
        if let Ok(Ok(head)) = head.await {
            hint.send_if_modified(|known| std::mem::replace(known, head.position) != head.position);
        }
    }
}

#[async_trait]
impl EventLog for SqliteLog {
    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        let (sender, receiver) = oneshot::channel();
        let gone = || AppendError::Unavailable("the writer has stopped".into());
        self.jobs.send(Job::Append(append, sender)).map_err(|_| gone())?;
        receiver.await.map_err(|_| AppendError::Unknown("the writer was interrupted".into()))?
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
        let head = self.with_reader(|connection| read_head(connection).map_err(unavailable)).await?;
        self.identity.check(&head)?;
        Ok(head)
    }

    async fn find_command(&self, scope: &str, id: &str) -> Result<Option<CommandRow>, StoreError> {
        let (scope, id) = (scope.to_owned(), id.to_owned());
        self.with_reader(move |connection| find_command(connection, &scope, &id).map_err(unavailable)).await
    }

    async fn find_claim(&self, kind: &str, key: &str) -> Result<Option<String>, StoreError> {
        let (kind, key) = (kind.to_owned(), key.to_owned());
        self.with_reader(move |connection| find_claim(connection, &kind, &key).map_err(unavailable)).await
    }

    async fn claim_rule(&self) -> Result<i64, StoreError> {
        self.with_reader(|connection| claim_rule(connection).map_err(unavailable)).await
    }

    async fn renew_claims(&self, renewal: Renewal) -> Result<bool, StoreError> {
        self.job(|answer| Job::Claims(renewal, answer)).await
    }

    async fn claim_doubles(&self) -> Result<Vec<Double>, StoreError> {
        self.with_reader(|connection| claim_doubles(connection).map_err(unavailable)).await
    }

    async fn put_blob(&self, sha256: Digest, bytes: BlobBytes) -> Result<(), StoreError> {
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
            let bytes = read().map_err(unavailable)?;
            if bytes.as_ref().is_some_and(|bytes| bytes.len() >= LARGE) {
                // Otherwise the pages stay mapped, and count as the program's memory in addition to the copy.
                for size in ["0", MAPPED] {
                    connection.pragma_update(None, "mmap_size", size).map_err(unavailable)?;
                }
            }
            Ok(bytes)
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

    async fn read_rows(&self, sql: &'static str, values: Vec<Cell>) -> Result<Vec<Vec<Cell>>, StoreError> {
        self.with_reader(move |connection| rows_of(connection, sql, &values).map_err(unavailable)).await
    }

    async fn change_rows(&self, sql: &'static str, values: Vec<Cell>) -> Result<Vec<Vec<Cell>>, StoreError> {
        self.job(|answer| Job::Rows(sql, values, answer)).await
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
        let loaded = self.job(|answer| Job::Load(records, answer)).await?;
        self.identity.becomes(&loaded);
        Ok(())
    }

    async fn try_room(&self) -> Result<(), StoreError> {
        self.job(Job::Try).await
    }

    fn folder(&self) -> Option<PathBuf> {
        Some(folder(&self.path).to_owned())
    }

    fn describe(&self) -> String {
        format!("SQLite {}", self.path.display())
    }
}
