//! The event log: append, read from a position, follow. SQLite and PostgreSQL behind one trait.
//!
//! Architecture invariant: positions are dense and in commit order. In each process one writer task
//! commits all waiting appends in one transaction, under the lock of the head row. A refused append
//! never fails its neighbours.

mod admit;
mod cell;
pub mod certificates;
pub mod chain;
pub mod dump;
mod identity;
pub mod kept;
mod migrations;
mod opening;
mod postgres;
mod read_only;
pub mod scans;
pub mod sessions;
mod sqlite;

use std::io::{Cursor, Read, Take};
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;

use crate::domain::Digest;

pub use cell::Cell;
pub use opening::{Access, is_there, open};
pub use postgres::PostgresLog;
pub use sqlite::SqliteLog;

/// Largest piece in which a blob is stored.
pub const CHUNK_BYTES: usize = 1 << 20;

/// Version of the rule by which the domain makes the keys of claims. Raise it whenever the domain makes a different
/// key from the same facts: a store whose claims follow an older version makes them anew from its log at the next
/// start.
pub const CLAIM_RULE: i64 = 6;

/// Gives the time in microseconds since 1970. The application passes its clock in; nothing here has its own.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// An event to be appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// `plan/CODE`
    pub aggregate: String,
    /// Its place in the aggregate, from 1.
    pub sequence: i64,
    /// `plan.published`
    pub name: String,
    /// Version of the payload's schema.
    pub version: u32,
    /// JSON text.
    pub payload: String,
}

/// An event of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its place in the log, from 1, dense.
    pub position: i64,
    /// The event.
    pub event: NewEvent,
    /// Microseconds since 1970; always increases along the log.
    pub recorded_at: i64,
    /// Opaque id of the actor who caused it.
    pub actor: String,
    /// The command that led to it.
    pub command_id: String,
    /// The chain's hash up to and including this event.
    pub hash: [u8; 32],
}

/// The end of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Identity of the log; survives export and restore.
    pub log_id: String,
    /// Position of the last event, 0 for none.
    pub position: i64,
    /// Hash of the last event.
    pub hash: [u8; 32],
    /// When the last event was recorded, in microseconds since 1970.
    pub recorded_at: i64,
}

/// A key that only one aggregate may hold.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClaimRow {
    /// Kind of key, such as `code` or `decision`.
    pub kind: String,
    /// The key.
    pub key: String,
    /// The aggregate that holds it.
    pub holder: String,
}

/// All claims as of a position, made from the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewal {
    /// The rule that made their keys.
    pub rule: i64,
    /// The last event they were made from.
    pub position: i64,
    /// One holder for each key.
    pub claims: Vec<ClaimRow>,
    /// Further holders of the same keys, in order: an older rule made different keys for them.
    pub doubles: Vec<ClaimRow>,
}

/// A key that two aggregates hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Double {
    /// Kind of key, such as `decision`.
    pub kind: String,
    /// The key.
    pub key: String,
    /// The aggregate that holds it.
    pub holder: String,
    /// The other aggregate that holds it.
    pub other: String,
}

impl std::fmt::Display for Double {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} and {} hold the same {}: {}", self.holder, self.other, self.kind, self.key)
    }
}

/// A command and its result. The command's body is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandRow {
    /// The actor: every actor has command ids of their own.
    pub scope: String,
    /// The command's id.
    pub id: String,
    /// Keyed digest of its body.
    pub digest: [u8; 32],
    /// Position of its first event; 0 if none.
    pub first_position: i64,
    /// Position of its last event; 0 if none.
    pub last_position: i64,
    /// The answer, as JSON.
    pub result: String,
}

/// A person's data, encrypted under their own key, which is wrapped by the master key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultRow {
    /// Opaque id.
    pub subject: String,
    /// Nonce and wrapped key.
    pub wrapped_key: Vec<u8>,
    /// Nonce and ciphertext.
    pub data: Vec<u8>,
}

/// A change of the vault that commits with the events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VaultChange {
    /// Insert or replace.
    Put(VaultRow),
    /// Insert, unless the subject has a row.
    Begin(VaultRow),
    /// Delete key and data.
    Erase(String),
}

/// Everything one command commits, all or nothing.
#[derive(Debug, Clone, Default)]
pub struct Append {
    /// The command; its positions are filled in by the store.
    pub command: Option<CommandRow>,
    /// The events, in order.
    pub events: Vec<NewEvent>,
    /// The actor.
    pub actor: String,
    /// Keys that it claims.
    pub claims: Vec<ClaimRow>,
    /// Keys that it gives up.
    pub releases: Vec<ClaimRow>,
    /// Changes of the vault.
    pub vault: Vec<VaultChange>,
}

/// Where the events of an append stand in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// Position of the first event.
    pub first: i64,
    /// Position of the last event.
    pub last: i64,
}

/// Why an append was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Somebody else appended to the aggregate first.
    #[error("{0} has changed meanwhile")]
    Conflict(String),
    /// Another aggregate holds the key.
    #[error("{} “{}” is held by {}", .0.kind, .0.key, .0.holder)]
    Claimed(ClaimRow),
    /// The command id was used before; the row says what came of it.
    #[error("command {} was carried out before", .0.id)]
    Repeated(CommandRow),
    /// The log cannot be written; nothing was written.
    #[error("the event log cannot be written: {0}")]
    Unavailable(String),
    /// The named disk takes no more; nothing was written.
    #[error("{}", sentence!("disk-full-repeat", disk = .0))]
    Full(String),
    /// The commit's outcome is not known: repeat with the same command id.
    #[error("the outcome of the commit is unknown: {0}")]
    Unknown(String),
}

/// The store cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file or server does not answer.
    #[error("the event log is not available: {0}")]
    Unavailable(String),
    /// The named disk takes no more.
    #[error("{}", sentence!("disk-full-repeat", disk = .0))]
    Full(String),
    /// A newer program made the database.
    #[error("the database has format {found}, newer than {known}, the newest this program knows: update bangtin")]
    Newer {
        /// The database's format.
        found: i64,
        /// The newest known here.
        known: i64,
    },
    /// The stored data contradicts itself.
    #[error("{0}")]
    Damaged(String),
    /// The request does not fit the store's state.
    #[error("{0}")]
    NotPossible(String),
}

/// A blob's bytes on their way into the store: read in chunks, never whole.
pub struct BlobBytes {
    /// How many there are.
    pub bytes: u64,
    /// Where they come from.
    pub from: Box<dyn Read + Send>,
    /// True if the caller has hashed these very bytes; they are not hashed again.
    pub hashed: bool,
}

impl BlobBytes {
    /// Bytes in memory.
    pub fn memory(bytes: impl AsRef<[u8]> + Send + 'static) -> Self {
        Self { bytes: bytes.as_ref().len() as u64, from: Box::new(Cursor::new(bytes)), hashed: false }
    }

    /// The chunks to be stored; they are hashed as they are read, unless the caller has done it.
    fn chunks(self) -> BlobChunks {
        BlobChunks { from: self.from.take(self.bytes + 1), hasher: (!self.hashed).then(Sha256::new) }
    }
}

/// A blob cut into chunks of [`CHUNK_BYTES`].
struct BlobChunks {
    from: Take<Box<dyn Read + Send>>,
    hasher: Option<Sha256>,
}

impl BlobChunks {
    fn next(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        let mut chunk = Vec::with_capacity(CHUNK_BYTES);
        let read = self.from.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut chunk);
        read.map_err(|error| StoreError::NotPossible(format!("a file cannot be read: {error}")))?;
        self.hasher.iter_mut().for_each(|hasher| hasher.update(&chunk));
        Ok((!chunk.is_empty()).then_some(chunk))
    }

    /// To be called after the last chunk. Errors: the bytes do not have the digest `sha256`.
    fn check(self, sha256: Digest) -> Result<(), StoreError> {
        if self.hasher.is_none_or(|hasher| Digest(hasher.finalize().into()) == sha256) {
            return Ok(());
        }
        Err(StoreError::NotPossible("a file changed while it was stored; nothing of it was kept: try again".into()))
    }
}

/// What the program needs of a database.
#[async_trait]
pub trait EventLog: Send + Sync {
    /// Commits an append, durable when it returns.
    async fn append(&self, append: Append) -> Result<Appended, AppendError>;
    /// Up to `limit` events after `position`, in order.
    async fn read(&self, after: i64, limit: usize) -> Result<Vec<StoredEvent>, StoreError>;
    /// The same events for a replay. Actor and command id may be left empty: no image needs them.
    async fn read_facts(&self, after: i64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.read(after, limit).await
    }
    /// Events of one aggregate whose sequence is greater than `after`, in order.
    async fn read_aggregate(&self, aggregate: &str, after: i64) -> Result<Vec<StoredEvent>, StoreError>;
    /// The end of the log.
    async fn head(&self) -> Result<Head, StoreError>;
    /// What came of a command.
    async fn find_command(&self, scope: &str, id: &str) -> Result<Option<CommandRow>, StoreError>;
    /// Who holds a key.
    async fn find_claim(&self, kind: &str, key: &str) -> Result<Option<String>, StoreError>;
    /// Version of the rule that made the keys of the claims; 0 where it is not known, as after a load.
    async fn claim_rule(&self) -> Result<i64, StoreError>;
    /// Replaces all claims. Changes nothing and gives false when the log does not end at the renewal's position, or
    /// when the claims already follow its rule.
    async fn renew_claims(&self, renewal: Renewal) -> Result<bool, StoreError>;
    /// Keys that two aggregates hold, because an older rule told them apart.
    async fn claim_doubles(&self) -> Result<Vec<Double>, StoreError>;
    /// Stores a blob, durable when it returns. A blob that is already stored is left alone. Bytes that
    /// do not have the digest are refused, and nothing of them stays.
    async fn put_blob(&self, sha256: Digest, blob: BlobBytes) -> Result<(), StoreError>;
    /// A blob's bytes, unchecked; none if it is not there.
    async fn get_blob(&self, sha256: Digest) -> Result<Option<Vec<u8>>, StoreError>;
    /// The digests of all blobs, each with its size in bytes.
    async fn blobs(&self) -> Result<Vec<(Digest, i64)>, StoreError>;
    /// One person's vault row.
    async fn vault_row(&self, subject: &str) -> Result<Option<VaultRow>, StoreError>;
    /// All vault rows.
    async fn vault_rows(&self) -> Result<Vec<VaultRow>, StoreError>;
    /// Reads rows of a table that is no part of the log. `sql` must mean the same to both databases; its placeholders
    /// are `$1`, `$2` … in the order in which they first occur.
    async fn read_rows(&self, sql: &'static str, values: Vec<Cell>) -> Result<Vec<Vec<Cell>>, StoreError>;
    /// Changes rows of such a table, durable when it returns. Gives what the statement's RETURNING names.
    async fn change_rows(&self, sql: &'static str, values: Vec<Cell>) -> Result<Vec<Vec<Cell>>, StoreError>;
    /// Removes the traces of deleted rows from the store's own files, after an erasure.
    async fn scrub(&self) -> Result<(), StoreError>;
    /// Changes when the log may have grown, whichever process appended. Holds the last known position.
    fn hint(&self) -> watch::Receiver<i64>;
    /// Reads everything in one consistent view and hands it to `sink`; vault rows only when `vault` is true.
    async fn dump(&self, vault: bool, sink: dump::Sink) -> Result<(), StoreError>;
    /// Fills an empty store from a dump, all or nothing.
    async fn load(&self, records: dump::Source) -> Result<(), StoreError>;
    /// Tests whether the disk has room again, by writing existing data once more. Adds nothing.
    async fn try_room(&self) -> Result<(), StoreError>;
    /// Why the last write failed, where the database server refused it or did not confirm it; none once one goes through.
    fn write_trouble(&self) -> Option<String> {
        None
    }
    /// Tests whether the store takes writes at all. Errors: it is a standby, or was set to be read only.
    async fn takes_writes(&self) -> Result<(), StoreError> {
        Ok(())
    }
    /// Makes sure that all connections of a node can be open at once.
    async fn check_room(&self) -> Result<(), StoreError> {
        Ok(())
    }
    /// True where nothing is written: the store was opened so.
    fn is_read_only(&self) -> bool {
        false
    }
    /// The folder in which the store lies; none where a database server keeps it.
    fn folder(&self) -> Option<PathBuf>;
    /// The store's name for people: `SQLite file …`, `PostgreSQL`.
    fn describe(&self) -> String;
}

/// Sixteen random hex digits.
fn new_log_id() -> Result<String, StoreError> {
    let mut random = [0; 8];
    #[expect(clippy::disallowed_methods, reason = "the name of a new log")]
    getrandom::fill(&mut random).map_err(|error| StoreError::Unavailable(error.to_string()))?;
    Ok(crate::domain::digest::hex(&random))
}
