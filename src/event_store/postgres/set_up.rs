//! Makes the tables, where nothing else is in their place.

use tokio_postgres::{Client, Transaction};

use super::{SETUP_LOCK, in_time};
use crate::event_store::migrations::{MIGRATIONS, pending};
use crate::event_store::{CLAIM_RULE, StoreError, chain, new_log_id};

/// The tables that the migrations make.
fn tables() -> Vec<&'static str> {
    let made = MIGRATIONS.iter().flat_map(|migration| migration.postgres.split("CREATE TABLE ").skip(1));
    made.filter_map(|rest| rest.split([' ', '(']).next()).collect()
}

/// Makes missing tables. Errors: the database cannot hold them, or holds others.
pub(super) async fn prepare(client: &mut Client) -> Result<(), StoreError> {
    // An empty database of another encoding takes the tables, and refuses the first name that it has no letters for.
    let encoding = in_time(client.query_one("SHOW server_encoding", &[])).await?;
    if encoding.get::<_, &str>(0) != "UTF8" {
        return Err(StoreError::NotPossible(sentence!("pg-not-utf8").to_string()));
    }
    let fsync = in_time(client.query_one("SHOW fsync", &[])).await?;
    if fsync.get::<_, &str>(0) != "on" {
        tracing::warn!("{}", sentence!("pg-fsync-off"));
    }
    // The lock needs a statement of its own, so that later statements see what its last holder committed.
    in_time(client.execute("SELECT pg_advisory_lock($1)", &[&SETUP_LOCK])).await?;
    let result = set_up(client).await;
    in_time(client.execute("SELECT pg_advisory_unlock($1)", &[&SETUP_LOCK])).await?;
    result
}

/// Refuses tables of another version: whoever only reads brings none up to date.
pub(super) async fn check_version(client: &Client) -> Result<(), StoreError> {
    let row = in_time(client.query_one("SELECT coalesce(max(number), 0) FROM schema_version", &[])).await?;
    let found: i64 = row.get(0);
    if pending(found)?.next().is_some() {
        return Err(StoreError::NotPossible(sentence!("tables-older").to_string()));
    }
    Ok(())
}

async fn set_up(client: &mut Client) -> Result<(), StoreError> {
    let transaction = in_time(client.transaction()).await?;
    check_names(&transaction).await?;
    in_time(transaction.batch_execute("CREATE TABLE IF NOT EXISTS schema_version (number BIGINT PRIMARY KEY)")).await?;
    let row = in_time(transaction.query_one("SELECT coalesce(max(number), 0) FROM schema_version", &[])).await?;
    let found: i64 = row.get(0);
    if found == 0 {
        check_empty(&transaction).await?;
    }
    for migration in pending(found)? {
        in_time(transaction.batch_execute(migration.postgres)).await?;
        in_time(transaction.execute("INSERT INTO schema_version VALUES ($1)", &[&migration.number])).await?;
    }
    let genesis: &[u8] = &chain::GENESIS;
    let head = "INSERT INTO head VALUES (1, $1, 0, $2, 0) ON CONFLICT DO NOTHING";
    in_time(transaction.execute(head, &[&new_log_id()?, &genesis])).await?;
    // An empty log has no claims, so none follow an older rule.
    let begun = "UPDATE claim_rule SET number = $1 WHERE id = 1 AND number < $1 AND (SELECT position FROM head WHERE id = 1) = 0";
    in_time(transaction.execute(begun, &[&CLAIM_RULE])).await?;
    in_time(transaction.commit()).await
}

/// Refuses a schema in which our tables would not be found, or are another program's.
async fn check_names(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    // A schema that was made later, such as one named like the account, may come before the one with the tables.
    let seen = "SELECT nspname, current_schema(), EXISTS (SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND attname = 'number') \
         FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE pg_class.oid = to_regclass('schema_version')";
    let Some(row) = in_time(transaction.query_opt(seen, &[])).await? else { return Ok(()) };
    let (found, first, is_ours): (&str, Option<&str>, bool) = (row.get(0), row.get(1), row.get(2));
    match first {
        Some(first) if first == found && !is_ours => Err(foreign(first, "schema_version")),
        Some(first) if first != found && is_ours => Err(StoreError::NotPossible(sentence!("pg-other-schema", found, first).to_string())),
        _ => Ok(()),
    }
}

/// Refuses a schema without a version of ours that has tables of our names: another program's, or ours whose version
/// cannot be read.
async fn check_empty(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    let taken = "SELECT coalesce(string_agg(relname, ', ' ORDER BY relname), ''), coalesce(bool_or(relname = 'head' AND \
         EXISTS (SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND attname = 'log_id')), false), current_schema() \
         FROM pg_class WHERE relnamespace = to_regnamespace(quote_ident(current_schema())) AND relname = ANY($1)";
    let row = in_time(transaction.query_one(taken, &[&tables()])).await?;
    let (names, is_ours, schema): (&str, bool, Option<&str>) = (row.get(0), row.get(1), row.get(2));
    match names {
        "" => Ok(()),
        _ if is_ours => Err(StoreError::Unavailable(sentence!("pg-version-hidden").to_string())),
        names => Err(foreign(schema.unwrap_or_default(), names)),
    }
}

fn foreign(schema: &str, tables: &str) -> StoreError {
    StoreError::NotPossible(sentence!("pg-foreign-tables", schema, tables).to_string())
}
