//! Opens the file, and brings its tables up to date.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, TransactionBehavior, params};

use super::{BUSY, unavailable};
use crate::event_store::migrations::pending;
use crate::event_store::{CLAIM_RULE, StoreError, chain, new_log_id};

/// Bytes of the file that a connection maps into memory: at a start the whole log is read.
pub(super) const MAPPED: &str = "268435456";

/// What a connection may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum May {
    /// Write; it makes the file where there is none.
    Write,
    /// Read, and do for the file what readers do.
    Read,
    /// Read a file in which this process changes nothing.
    OnlyRead,
}

/// Opens a connection with the settings every connection must have, and checks them.
pub(super) fn connect(path: &Path, may: May) -> Result<Connection, StoreError> {
    let flags = match may {
        May::Write => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        May::Read => OpenFlags::SQLITE_OPEN_READ_WRITE,
        May::OnlyRead => OpenFlags::SQLITE_OPEN_READ_ONLY,
    };
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(unavailable)?;
    connection.busy_timeout(BUSY).map_err(unavailable)?;
    let set = |pragma: &str, value: &str| connection.pragma_update(None, pragma, value).map_err(unavailable);
    set("synchronous", "FULL")?;
    set("secure_delete", "ON")?;
    set("foreign_keys", "ON")?;
    set("trusted_schema", "OFF")?;
    set("mmap_size", MAPPED)?;
    // The writer moves the write-ahead log into the file after it has answered, not while somebody waits.
    set("wal_autocheckpoint", "0")?;
    if may != May::Write {
        set("query_only", "ON")?;
    }
    let synchronous: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0)).map_err(unavailable)?;
    if synchronous != 2 {
        return Err(StoreError::NotPossible("SQLite does not accept synchronous=FULL".into()));
    }
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Opens the file to read it. Errors: its tables are of another version.
pub(super) fn prepare_to_read(path: &Path) -> Result<Connection, StoreError> {
    let connection = connect(path, May::OnlyRead)?;
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(unavailable)?;
    if pending(found)?.next().is_some() {
        return Err(StoreError::NotPossible(sentence!("tables-older").to_string()));
    }
    Ok(connection)
}

/// Switches to WAL and brings the tables up to date, one process at a time.
pub(super) fn prepare(path: &Path) -> Result<Connection, StoreError> {
    let lock_path = path.with_extension("lock");
    let lock = std::fs::File::options().create(true).truncate(false).write(true).open(&lock_path);
    let lock = lock.map_err(|error| StoreError::Unavailable(format!("{}: {error}", lock_path.display())))?;
    lock.lock().map_err(|error| StoreError::Unavailable(format!("{}: {error}", lock_path.display())))?;
    let mut connection = connect(path, May::Write)?;
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
    // An empty log has no claims, so none follow an older rule.
    let begun = "UPDATE claim_rule SET number = ?1 WHERE id = 1 AND number < ?1 AND (SELECT position FROM head WHERE id = 1) = 0";
    transaction.execute(begun, [CLAIM_RULE]).map_err(unavailable)?;
    transaction.commit().map_err(unavailable)?;
    Ok(connection)
}
