//! Whether writes go through, and what keeps them from it.

use std::sync::atomic::Ordering;

use tokio_postgres::{Client, SimpleQueryMessage};

use super::connector::no_session;
use super::{Borrowed, PostgresLog, RENEW_HEAD, in_time, writer};
use crate::event_store::StoreError;

/// How often it is looked whether a connection keeps its session: others' work can hide once that it does not.
const LOOKS: usize = 3;

/// The server's process behind a connection. Asked in one message: a prepared statement would be asked in several, and a
/// pooler could answer each by another process.
async fn process(client: &Client) -> Result<Option<String>, StoreError> {
    let rows = in_time(client.simple_query("SELECT pg_backend_pid()")).await?;
    let row = rows.iter().find_map(|message| if let SimpleQueryMessage::Row(row) = message { row.get(0) } else { None });
    Ok(row.map(str::to_owned))
}

impl PostgresLog {
    /// True when the connection for short queries stays with one session, whatever another connection does.
    async fn keeps_session(&self, other: &Client) -> Result<bool, StoreError> {
        let reader = self.reader().await?;
        for _ in 0..LOOKS {
            let before = process(&reader.client).await?;
            in_time(other.batch_execute("BEGIN")).await?;
            let beside = process(other).await?;
            let after = process(&reader.client).await?;
            in_time(other.batch_execute("ROLLBACK")).await?;
            if before != after || before == beside {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Does what a write does, all but keeping it. If it goes through, trouble is over.
    pub(super) async fn try_write(&self) -> Result<(), StoreError> {
        let client = self.client().await?;
        let was_about_sessions = self.trouble.is_about_sessions();
        if was_about_sessions && !self.keeps_session(&client).await? {
            return Err(no_session());
        }
        // One transaction tests both: a sort that is too large for `work_mem` and so goes to the disk, then a row. It is begun
        // as the writer begins one.
        let sort = "SELECT count(*) FROM (SELECT n FROM generate_series(1, 50000) n ORDER BY n DESC) s";
        in_time(client.batch_execute("BEGIN")).await?;
        let again = format!("SET LOCAL work_mem = '64kB'; {sort}; {RENEW_HEAD}");
        in_time(client.batch_execute(&again)).await?;
        in_time(client.batch_execute("COMMIT")).await?;
        // Rights to rows, triggers and poolers may let this through and refuse what a write does.
        let Borrowed { client, permit } = client;
        let client = writer::try_write(client, &self.target).await?;
        self.give_back(Borrowed { client, permit });
        if was_about_sessions {
            // Other connections still have what the pooler gave them.
            self.give_up_connections().await;
        }
        self.trouble.is_over();
        Ok(())
    }

    /// Refuses tables that somebody has changed so that they lose, swallow or double rows.
    pub(super) async fn check_tables(&self) -> Result<(), StoreError> {
        // The bits of `tgtype`: 1 for each row, 2 before it (PostgreSQL, pg_trigger.h).
        let sql = "SELECT string_agg(t || ' (' || what || ')', ', ' ORDER BY t, what) FROM (SELECT c.relname t, unnest(array_remove(ARRAY[\
              CASE WHEN c.relpersistence <> 'p' THEN 'UNLOGGED' END, \
              CASE WHEN EXISTS (SELECT 1 FROM pg_inherits WHERE inhparent = c.oid) THEN 'INHERITS' END, \
              CASE WHEN EXISTS (SELECT 1 FROM pg_rewrite WHERE ev_class = c.oid AND rulename <> '_RETURN') THEN 'RULE' END, \
              CASE WHEN EXISTS (SELECT 1 FROM pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal AND g.tgtype & 3 = 3 \
                AND g.tgenabled <> 'D' AND g.tgname <> 'events_change') THEN 'TRIGGER BEFORE' END], NULL)) what \
             FROM unnest(ARRAY['head', 'events', 'commands', 'claims', 'claim_doubles', 'claim_rule', 'blobs', 'blob_chunks', 'vault', \
              'sessions', 'once', 'kept', 'kept_pieces']) n, pg_class c WHERE c.oid = to_regclass(n)) s";
        let rows = self.query(sql, &[]).await?;
        match rows.first().and_then(|row| row.get::<_, Option<String>>(0)) {
            Some(tables) => Err(StoreError::Unavailable(sentence!("pg-tables-changed", tables).to_string())),
            None => Ok(()),
        }
    }

    /// Refuses an account that may not do what a write does, and a server for reading only.
    pub(super) async fn check_rights(&self) -> Result<(), StoreError> {
        let sql = "SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on', \
             (SELECT string_agg(t || ' (' || p || ')', ', ' ORDER BY t, p) FROM (SELECT split_part(r, ' ', 1) t, unnest(string_to_array(split_part(r, ' ', 2), '+')) p \
              FROM unnest(ARRAY['head SELECT+UPDATE', 'events SELECT+INSERT', 'commands SELECT+INSERT', 'claims SELECT+INSERT+DELETE', \
              'claim_doubles SELECT+INSERT+DELETE', 'claim_rule SELECT+UPDATE', 'blobs SELECT+INSERT', 'blob_chunks SELECT+INSERT', \
              'vault SELECT+INSERT+UPDATE+DELETE', 'sessions SELECT+INSERT+UPDATE+DELETE', 'once SELECT+INSERT+DELETE', \
              'kept SELECT+INSERT+UPDATE+DELETE', 'kept_pieces SELECT+INSERT+UPDATE']) r) s WHERE NOT has_table_privilege(t, p))";
        let rows = self.query(sql, &[]).await?;
        let Some(row) = rows.first() else { return Ok(()) };
        if row.get(0) {
            // A session keeps the setting that it began with, so the next look is another session's.
            self.reader().await?.is_stale.store(true, Ordering::Relaxed);
            return Err(StoreError::Unavailable(sentence!("pg-read-only").to_string()));
        }
        match row.get::<_, Option<String>>(1) {
            Some(tables) => Err(StoreError::Unavailable(sentence!("pg-no-insert", tables).to_string())),
            None => Ok(()),
        }
    }
}
