//! Reads a whole log out of a store, or into one.

use rusqlite::{Connection, Row, Transaction, params};

use super::rows::{command_row, insert_claim, insert_command, insert_event, put_vault, read_head, set_head, stored_event, vault_row};
use super::unavailable;
use crate::domain::Digest;
use crate::event_store::dump::{Record, Sink, Source};
use crate::event_store::{ClaimRow, Head, StoreError, chain};

pub(super) fn dump(connection: &mut Connection, vault: bool, sink: &mut Sink) -> Result<(), StoreError> {
    // In WAL mode a read transaction sees the state of one moment while writers go on.
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

pub(super) fn load(transaction: &Transaction<'_>, source: &mut Source) -> Result<Head, StoreError> {
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
    // The file does not say by which rule its claims were made, so the next start makes them anew.
    transaction.execute("UPDATE claim_rule SET number = 0 WHERE id = 1", []).map_err(unavailable)?;
    let target = target.ok_or_else(|| StoreError::Damaged("the file has no head".into()))?;
    verifier.finish(&target).map_err(|error| StoreError::Damaged(error.to_string()))?;
    Ok(target)
}
