//! Rows of the tables as values.

use tokio_postgres::Row;

use crate::event_store::{CommandRow, Head, NewEvent, StoredEvent, VaultRow};

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
