//! Reads, finds and inserts rows of the tables.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use super::unavailable;
use crate::domain::Digest;
use crate::event_store::{BlobBytes, Cell, ClaimRow, CommandRow, Double, Head, NewEvent, Renewal, StoreError, StoredEvent, VaultRow};

pub(super) fn read_head(connection: &Connection) -> rusqlite::Result<Head> {
    let mut statement = connection.prepare_cached("SELECT log_id, position, hash, recorded_at FROM head WHERE id = 1")?;
    statement.query_row([], |row| Ok(Head { log_id: row.get(0)?, position: row.get(1)?, hash: row.get(2)?, recorded_at: row.get(3)? }))
}

pub(super) fn insert_event(connection: &Connection, event: &StoredEvent) -> rusqlite::Result<()> {
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

pub(super) fn insert_command(connection: &Connection, row: &CommandRow) -> rusqlite::Result<()> {
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

pub(super) fn insert_claim(connection: &Connection, row: &ClaimRow) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached("INSERT INTO claims VALUES (?1, ?2, ?3)")?;
    statement.execute(params![row.kind, row.key, row.holder])?;
    Ok(())
}

pub(super) fn put_vault(connection: &Connection, row: &VaultRow) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached("INSERT OR REPLACE INTO vault VALUES (?1, ?2, ?3)")?;
    statement.execute(params![row.subject, row.wrapped_key, row.data])?;
    Ok(())
}

pub(super) fn set_head(connection: &Connection, head: &Head) -> rusqlite::Result<()> {
    let mut statement =
        connection.prepare_cached("UPDATE head SET log_id = ?1, position = ?2, hash = ?3, recorded_at = ?4 WHERE id = 1")?;
    statement.execute(params![head.log_id, head.position, head.hash, head.recorded_at])?;
    Ok(())
}

pub(super) fn find_command(connection: &Connection, scope: &str, id: &str) -> rusqlite::Result<Option<CommandRow>> {
    let mut statement = connection.prepare_cached("SELECT * FROM commands WHERE scope = ?1 AND id = ?2")?;
    statement.query_row([scope, id], command_row).optional()
}

pub(super) fn command_row(row: &Row<'_>) -> rusqlite::Result<CommandRow> {
    Ok(CommandRow {
        scope: row.get(0)?,
        id: row.get(1)?,
        digest: row.get(2)?,
        first_position: row.get(3)?,
        last_position: row.get(4)?,
        result: row.get(5)?,
    })
}

pub(super) fn find_claim(connection: &Connection, kind: &str, key: &str) -> rusqlite::Result<Option<String>> {
    let mut statement = connection.prepare_cached("SELECT holder FROM claims WHERE kind = ?1 AND key = ?2")?;
    statement.query_row([kind, key], |row| row.get(0)).optional()
}

pub(super) fn claim_rule(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("SELECT number FROM claim_rule WHERE id = 1")?.query_row([], |row| row.get(0))
}

/// The further holders of a key, in order.
pub(super) fn find_doubles(connection: &Connection, kind: &str, key: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare_cached("SELECT holder FROM claim_doubles WHERE kind = ?1 AND key = ?2 ORDER BY place")?;
    let rows = statement.query_map([kind, key], |row| row.get(0))?;
    rows.collect()
}

pub(super) fn claim_doubles(connection: &Connection) -> rusqlite::Result<Vec<Double>> {
    let mut statement = connection.prepare(
        "SELECT d.kind, d.key, c.holder, d.holder FROM claim_doubles d JOIN claims c ON c.kind = d.kind AND c.key = d.key \
         ORDER BY d.kind, d.key, d.place",
    )?;
    let rows =
        statement.query_map([], |row| Ok(Double { kind: row.get(0)?, key: row.get(1)?, holder: row.get(2)?, other: row.get(3)? }))?;
    rows.collect()
}

/// Replaces all claims, unless the log has grown or they were renewed before.
pub(super) fn renew_claims(connection: &mut Connection, renewal: &Renewal) -> rusqlite::Result<bool> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if read_head(&transaction)?.position != renewal.position || claim_rule(&transaction)? >= renewal.rule {
        return Ok(false);
    }
    transaction.execute_batch("DELETE FROM claims; DELETE FROM claim_doubles")?;
    for claim in &renewal.claims {
        insert_claim(&transaction, claim)?;
    }
    for (place, double) in renewal.doubles.iter().enumerate() {
        let mut statement = transaction.prepare_cached("INSERT INTO claim_doubles VALUES (?1, ?2, ?3, ?4)")?;
        statement.execute(params![double.kind, double.key, place as i64, double.holder])?;
    }
    transaction.execute("UPDATE claim_rule SET number = ?1 WHERE id = 1", [renewal.rule])?;
    transaction.commit()?;
    Ok(true)
}

/// Runs a statement and gives the rows that it answers.
pub(super) fn rows_of(connection: &Connection, sql: &str, values: &[Cell]) -> rusqlite::Result<Vec<Vec<Cell>>> {
    let mut statement = connection.prepare_cached(sql)?;
    let columns = statement.column_count();
    let mut rows = statement.query(rusqlite::params_from_iter(values))?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let cell = |column| {
            Ok(match row.get_ref(column)? {
                ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
                ValueRef::Integer(number) => Cell::Number(number),
                ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_vec()),
                other => return Err(rusqlite::Error::InvalidColumnType(column, String::new(), other.data_type())),
            })
        };
        all.push((0..columns).map(cell).collect::<rusqlite::Result<_>>()?);
    }
    Ok(all)
}

impl rusqlite::ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Number(number) => ValueRef::Integer(*number),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

pub(super) fn stored_event(row: &Row<'_>) -> rusqlite::Result<StoredEvent> {
    Ok(StoredEvent {
        position: row.get(0)?,
        event: NewEvent { aggregate: row.get(1)?, sequence: row.get(2)?, name: row.get(3)?, version: row.get(4)?, payload: row.get(5)? },
        recorded_at: row.get(6)?,
        actor: row.get(7)?,
        command_id: row.get(8)?,
        hash: row.get(9)?,
    })
}

pub(super) fn vault_row(row: &Row<'_>) -> rusqlite::Result<VaultRow> {
    Ok(VaultRow { subject: row.get(0)?, wrapped_key: row.get(1)?, data: row.get(2)? })
}

pub(super) fn put_blob(connection: &mut Connection, sha256: Digest, blob: BlobBytes) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(unavailable)?;
    let mut begin = transaction.prepare_cached("INSERT OR IGNORE INTO blobs VALUES (?1, ?2)").map_err(unavailable)?;
    let inserted = begin.execute(params![sha256.0, blob.bytes as i64]).map_err(unavailable)?;
    drop(begin);
    if inserted == 1 {
        let mut statement = transaction.prepare_cached("INSERT INTO blob_chunks VALUES (?1, ?2, ?3)").map_err(unavailable)?;
        let mut chunks = blob.chunks();
        let mut number = 0_i64;
        while let Some(chunk) = chunks.next()? {
            statement.execute(params![sha256.0, number, chunk]).map_err(unavailable)?;
            number += 1;
        }
        chunks.check(sha256)?;
    }
    transaction.commit().map_err(unavailable)
}

pub(super) fn blob_list(connection: &Connection) -> rusqlite::Result<Vec<(Digest, i64)>> {
    let mut statement = connection.prepare("SELECT sha256, bytes FROM blobs ORDER BY sha256")?;
    let rows = statement.query_map([], |row| Ok((Digest(row.get(0)?), row.get(1)?)))?;
    rows.collect()
}
