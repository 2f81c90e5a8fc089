//! Rows of the tables as values.

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Column, Row};

use crate::event_store::{Cell, CommandRow, Head, NewEvent, StoreError, StoredEvent, VaultRow};

pub(super) fn hash_of(bytes: &[u8]) -> [u8; 32] {
    bytes.try_into().unwrap_or_default()
}

pub(super) fn head_of(row: &Row) -> Head {
    Head { log_id: row.get(0), position: row.get(1), hash: hash_of(row.get(2)), recorded_at: row.get(3) }
}

pub(super) fn stored_event(row: &Row) -> StoredEvent {
    StoredEvent {
        position: row.get(0),
        event: NewEvent {
            aggregate: row.get(1),
            sequence: row.get(2),
            name: row.get(3),
            version: u32::try_from(row.get::<_, i64>(4)).unwrap_or(u32::MAX),
            payload: row.get(5),
        },
        recorded_at: row.get(6),
        actor: row.get(7),
        command_id: row.get(8),
        hash: hash_of(row.get(9)),
    }
}

pub(super) fn command_row(row: &Row) -> CommandRow {
    CommandRow {
        scope: row.get(0),
        id: row.get(1),
        digest: hash_of(row.get(2)),
        first_position: row.get(3),
        last_position: row.get(4),
        result: row.get(5),
    }
}

pub(super) fn vault_row(row: &Row) -> VaultRow {
    VaultRow { subject: row.get(0), wrapped_key: row.get(1), data: row.get(2) }
}

/// A value for a placeholder.
pub(super) fn value_of(cell: &Cell) -> &(dyn ToSql + Sync) {
    match cell {
        Cell::Text(text) => text,
        Cell::Number(number) => number,
        Cell::Bytes(bytes) => bytes,
    }
}

/// The values of a row. Errors: a column is of a type that no table of the program has.
pub(super) fn cells_of(row: &Row) -> Result<Vec<Cell>, StoreError> {
    let cell = |(at, column): (usize, &Column)| {
        Ok(match *column.type_() {
            Type::TEXT => Cell::Text(row.get(at)),
            Type::INT8 => Cell::Number(row.get(at)),
            Type::BYTEA => Cell::Bytes(row.get(at)),
            ref other => return Err(StoreError::Damaged(format!("column {} has the unexpected type {other}", column.name()))),
        })
    };
    row.columns().iter().enumerate().map(cell).collect()
}
