//! Migrations of the tables: the same names in both dialects, applied in order, never edited.

use super::StoreError;

/// One step: number, name, SQL for SQLite, SQL for PostgreSQL.
pub struct Migration {
    pub number: i64,
    pub sqlite: &'static str,
    pub postgres: &'static str,
}

/// All steps in order. `tests/migrations.rs` holds this list to the folders.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        number: 1,
        sqlite: include_str!("../../migrations/sqlite/0001_log.sql"),
        postgres: include_str!("../../migrations/postgres/0001_log.sql"),
    },
    Migration {
        number: 2,
        sqlite: include_str!("../../migrations/sqlite/0002_claims.sql"),
        postgres: include_str!("../../migrations/postgres/0002_claims.sql"),
    },
];

/// The steps still to take from version `found`.
pub fn pending(found: i64) -> Result<impl Iterator<Item = &'static Migration>, StoreError> {
    let known = MIGRATIONS.last().map_or(0, |migration| migration.number);
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    Ok(MIGRATIONS.iter().filter(move |migration| migration.number > found))
}
