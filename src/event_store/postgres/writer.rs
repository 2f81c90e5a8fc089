//! The writer task: all waiting appends in one transaction, under the lock of the head row.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::try_join_all;
use tokio::sync::{mpsc, watch};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Statement};

use super::connector::Connector;
use super::keys::{Keys, known};
use super::rows::head_of;
use super::trouble::{Trouble, held_up};
use super::{Answer, DISK, LAST, PATIENCE, RENEW_HEAD, Work, check_last, connect, explain, in_time, lacks_room, late, unavailable};
use crate::event_store::admit::{Admitted, admit};
use crate::event_store::identity::Identity;
use crate::event_store::{Append, AppendError, ClaimRow, Clock, CommandRow, NewEvent, StoreError, StoredEvent, VaultChange};

/// Most appends in one transaction.
const BATCH: usize = 256;
/// How long a commit waits for the writers whose appends were in the last one.
const GATHER: Duration = Duration::from_micros(600);

/// The log that is written, and the clock that dates its events.
pub(super) struct Target {
    pub(super) connector: Connector,
    pub(super) identity: Arc<Identity>,
    pub(super) clock: Clock,
}

/// A connection with the prepared statements of an append.
struct Writer {
    client: Client,
    /// Which generation of connections it belongs to.
    generation: usize,
    lock: Statement,
    last: Statement,
    sequences: Statement,
    commands: Statement,
    claims: Statement,
    insert_events: Statement,
    insert_commands: Statement,
    insert_claims: Statement,
    put_vault: Statement,
    erase_vault: Statement,
    set_head: Statement,
}

impl Writer {
    async fn on(client: Client, generation: usize) -> Result<Self, StoreError> {
        let prepare = |sql: &'static str| client.prepare(sql);
        let statements = try_join_all([
            prepare("SELECT log_id, position, hash, recorded_at FROM head WHERE id = 1 FOR UPDATE"),
            prepare(LAST),
            prepare(
                "SELECT a, coalesce((SELECT sequence FROM ONLY events WHERE aggregate = a ORDER BY sequence DESC LIMIT 1), 0) \
                 FROM unnest($1::text[]) a",
            ),
            // LATERAL with a limit makes PostgreSQL look up each key in the index, whatever its planner estimates.
            prepare(
                "SELECT c.* FROM unnest($1::text[], $2::text[]) k(s, i), \
                 LATERAL (SELECT * FROM commands WHERE scope = k.s AND id = k.i LIMIT 1) c",
            ),
            // After the claims come the further holders of keys that an older rule told apart. There are hardly any.
            prepare(
                "SELECT c.*, -1::bigint FROM unnest($1::text[], $2::text[]) k(a, b), \
                 LATERAL (SELECT kind, key, holder FROM claims WHERE kind = k.a AND key = k.b LIMIT 1) c \
                 UNION ALL SELECT d.* FROM unnest($1::text[], $2::text[]) k(a, b), \
                 LATERAL (SELECT kind, key, holder, place FROM claim_doubles WHERE kind = k.a AND key = k.b ORDER BY place LIMIT 100) d",
            ),
            prepare(
                "INSERT INTO events SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], \
                 $5::bigint[], $6::text[], $7::bigint[], $8::text[], $9::text[], $10::bytea[])",
            ),
            // A trigger or rule of somebody else's can swallow rows without an error. COMMIT is on its way by then, so each
            // statement must fail by itself: it divides by 0 where rows are missing.
            prepare(
                "WITH kept AS (INSERT INTO commands SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bigint[], \
                 $5::bigint[], $6::text[]) RETURNING 1) SELECT 1 / (count(*) = cardinality($1))::int FROM kept",
            ),
            prepare(
                "WITH kept AS (INSERT INTO claims SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) RETURNING 1) \
                 SELECT 1 / (count(*) = cardinality($1))::int FROM kept",
            ),
            prepare(
                "INSERT INTO vault VALUES ($1, $2, $3) ON CONFLICT (subject) DO UPDATE \
                 SET wrapped_key = excluded.wrapped_key, data = excluded.data",
            ),
            prepare("DELETE FROM vault WHERE subject = $1"),
            prepare(
                "WITH told AS (SELECT pg_notify('bangtin_log', $1::bigint::text)), \
                 held AS (SELECT count(*) n FROM ONLY events, head WHERE head.id = 1 AND events.position > head.position AND events.position <= $1) \
                 UPDATE head SET position = CASE WHEN held.n = $1 - head.position THEN $1 ELSE 1 / (held.n - held.n) END, \
                 hash = $2, recorded_at = $3 FROM told, held WHERE id = 1",
            ),
        ]);
        let statements = in_time(statements).await?;
        let Ok([lock, last, sequences, commands, claims, insert_events, insert_commands, insert_claims, put_vault, erase_vault, set_head]) =
            <[Statement; 11]>::try_from(statements)
        else {
            return Err(StoreError::Unavailable("PostgreSQL prepared too few statements".into()));
        };
        Ok(Self {
            client,
            generation,
            lock,
            last,
            sequences,
            commands,
            claims,
            insert_events,
            insert_commands,
            insert_claims,
            put_vault,
            erase_vault,
            set_head,
        })
    }

    /// One transaction with all appends that are admitted, ended by `end`.
    ///
    /// The head row is locked by a statement of its own; under READ COMMITTED the look-ups after
    /// it see everything that the last holder of the lock committed.
    async fn write(&self, target: &Target, appends: &[Append], end: &str) -> Result<Admitted, AppendError> {
        let before = |error: Error| match error {
            error if lacks_room(&error) => AppendError::Full(DISK.into()),
            error => AppendError::Unavailable(match unavailable(error) {
                StoreError::Unavailable(why) => why,
                other => other.to_string(),
            }),
        };
        let unknown = |error: &Error| AppendError::Unknown(sentence!("pg-unknown", words = explain(error)).to_string());
        let client = &self.client;
        let unconfirmed = target.connector.unconfirmed();
        let confirmed = || target.connector.check_confirmed(unconfirmed).map_err(|error| AppendError::Unknown(error.to_string()));
        let keys = Keys::of(appends);
        // All six statements travel together, and the server answers them in order. If one of them fails, the
        // connection is given up, and its transaction with it.
        let (head, rows) = {
            let params: [&[&(dyn ToSql + Sync)]; 3] = [&[&keys.aggregates], &[&keys.scopes, &keys.ids], &[&keys.kinds, &keys.names]];
            let look_ups = [&self.sequences, &self.commands, &self.claims]
                .into_iter()
                .zip(params)
                .map(|(statement, params)| client.query(statement, params));
            let (begun, head, last, rows) = futures_util::future::join4(
                client.batch_execute("BEGIN"),
                client.query_one(&self.lock, &[]),
                client.query(&self.last, &[]),
                try_join_all(look_ups),
            )
            .await;
            begun.map_err(before)?;
            let head = head.map_err(before)?;
            check_last(&last.map_err(before)?).map_err(|error| AppendError::Unavailable(error.to_string()))?;
            (head, rows.map_err(before)?)
        };
        let known = known(&rows);
        let head = head_of(&head);
        target.identity.check(&head).map_err(|error| AppendError::Unavailable(error.to_string()))?;
        let admitted = admit(head, (target.clock)(), appends, known);
        if admitted.answers.iter().all(Result::is_err) {
            if !admitted.answers.iter().any(|answer| matches!(answer, Err(AppendError::Repeated(_)))) {
                client.batch_execute("ROLLBACK").await.map_err(before)?;
                return Ok(admitted);
            }
            // What was carried out before may be here alone. A commit that waits for the standby brings it there too.
            client.batch_execute(RENEW_HEAD).await.map_err(before)?;
            client.batch_execute("COMMIT").await.map_err(|error| unknown(&error))?;
            confirmed()?;
            return Ok(admitted);
        }
        for claim in &admitted.released {
            let delete = "DELETE FROM claims WHERE kind = $1 AND key = $2";
            client.execute(delete, &[&claim.kind, &claim.key]).await.map_err(before)?;
        }
        for claim in &admitted.parted {
            let delete = "DELETE FROM claim_doubles WHERE kind = $1 AND key = $2 AND holder = $3";
            client.execute(delete, &[&claim.kind, &claim.key, &claim.holder]).await.map_err(before)?;
        }
        let changes = appends.iter().zip(&admitted.answers).filter(|(_, answer)| answer.is_ok()).flat_map(|(append, _)| &append.vault);
        for change in changes {
            self.change_vault(change).await.map_err(before)?;
        }
        // COMMIT travels behind the inserts. If one of them fails, the server makes it a rollback.
        let (inserted, committed) = futures_util::future::join(self.insert(&admitted), client.batch_execute(end)).await;
        inserted.map_err(|error| if error.as_db_error().is_some() { before(error) } else { unknown(&error) })?;
        committed.map_err(|error| match error.code().map(|code| &code.code()[..2]) {
            // A broken constraint (23), a lost race (40) or no room (53): certainly rolled back. After any other
            // error the commit may have gone through.
            Some("23" | "40" | "53") => before(error),
            _ => unknown(&error),
        })?;
        confirmed()?;
        Ok(admitted)
    }

    /// Changes a person's row. That it is there then, or gone, is looked up: a trigger of somebody else's can swallow the
    /// change without an error.
    async fn change_vault(&self, change: &VaultChange) -> Result<(), Error> {
        let client = &self.client;
        match change {
            VaultChange::Put(row) => {
                client.execute(&self.put_vault, &[&row.subject, &row.wrapped_key, &row.data]).await?;
                let is = "SELECT 1 / count(*) FROM vault WHERE subject = $1 AND wrapped_key = $2 AND data = $3";
                client.execute(is, &[&row.subject, &row.wrapped_key, &row.data]).await?;
            }
            VaultChange::Begin(row) => {
                let begin = "INSERT INTO vault VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
                client.execute(begin, &[&row.subject, &row.wrapped_key, &row.data]).await?;
                client.execute("SELECT 1 / count(*) FROM vault WHERE subject = $1", &[&row.subject]).await?;
            }
            VaultChange::Erase(subject) => {
                client.execute(&self.erase_vault, &[subject]).await?;
                client.execute("SELECT 1 / (count(*) = 0)::int FROM vault WHERE subject = $1", &[subject]).await?;
            }
        }
        Ok(())
    }

    /// Inserts the rows of a transaction; the statements travel together.
    async fn insert(&self, admitted: &Admitted) -> Result<(), Error> {
        let events = &admitted.events;
        let column = |read: fn(&StoredEvent) -> i64| events.iter().map(read).collect::<Vec<i64>>();
        let text = |read: fn(&StoredEvent) -> &str| events.iter().map(read).collect::<Vec<&str>>();
        let (positions, sequences) = (column(|e| e.position), column(|e| e.event.sequence));
        let (versions, recorded) = (column(|e| i64::from(e.event.version)), column(|e| e.recorded_at));
        let (aggregates, names) = (text(|e| &e.event.aggregate), text(|e| &e.event.name));
        let (payloads, actors, ids) = (text(|e| &e.event.payload), text(|e| &e.actor), text(|e| &e.command_id));
        let hashes: Vec<&[u8]> = events.iter().map(|e| e.hash.as_slice()).collect();
        let commands = &admitted.commands;
        let scopes: Vec<&str> = commands.iter().map(|c| c.scope.as_str()).collect();
        let command_ids: Vec<&str> = commands.iter().map(|c| c.id.as_str()).collect();
        let digests: Vec<&[u8]> = commands.iter().map(|c| c.digest.as_slice()).collect();
        let firsts: Vec<i64> = commands.iter().map(|c| c.first_position).collect();
        let lasts: Vec<i64> = commands.iter().map(|c| c.last_position).collect();
        let results: Vec<&str> = commands.iter().map(|c| c.result.as_str()).collect();
        let kinds: Vec<&str> = admitted.claims.iter().map(|c| c.kind.as_str()).collect();
        let keys: Vec<&str> = admitted.claims.iter().map(|c| c.key.as_str()).collect();
        let holders: Vec<&str> = admitted.claims.iter().map(|c| c.holder.as_str()).collect();
        let hash = admitted.head.hash.as_slice();
        let event_params: [&(dyn ToSql + Sync); 10] =
            [&positions, &aggregates, &sequences, &names, &versions, &payloads, &recorded, &actors, &ids, &hashes];
        let command_params: [&(dyn ToSql + Sync); 6] = [&scopes, &command_ids, &digests, &firsts, &lasts, &results];
        let claim_params: [&(dyn ToSql + Sync); 3] = [&kinds, &keys, &holders];
        let head_params: [&(dyn ToSql + Sync); 3] = [&admitted.head.position, &hash, &admitted.head.recorded_at];
        let mut work = vec![self.client.execute(&self.insert_events, &event_params)];
        if !commands.is_empty() {
            work.push(self.client.execute(&self.insert_commands, &command_params));
        }
        if !admitted.claims.is_empty() {
            work.push(self.client.execute(&self.insert_claims, &claim_params));
        }
        work.push(self.client.execute(&self.set_head, &head_params));
        try_join_all(work).await.map(|_| ())
    }
}

/// Waits a moment for more appends. Writers that were answered together come back almost together; without
/// the wait each round would take two commits. Nobody waits where there is one writer.
async fn gather(appends: &mut mpsc::UnboundedReceiver<(Append, Answer)>, batch: &mut Vec<(Append, Answer)>, expected: usize) {
    let until = tokio::time::Instant::now() + GATHER;
    while batch.len() < expected.min(BATCH) {
        match tokio::time::timeout_at(until, appends.recv()).await {
            Ok(Some(append)) => batch.push(append),
            _ => return,
        }
    }
}

/// The writer task: commits all waiting appends in one transaction; reconnects on need.
pub(super) async fn write_all(
    target: Arc<Target>,
    hint: Arc<watch::Sender<i64>>,
    mut appends: mpsc::UnboundedReceiver<(Append, Answer)>,
    trouble: Arc<Trouble>,
) {
    let mut writer = None;
    let mut batch = Vec::with_capacity(BATCH);
    let mut expected = 1;
    while appends.recv_many(&mut batch, BATCH).await > 0 {
        gather(&mut appends, &mut batch, expected).await;
        let (waiting, answers): (Vec<_>, Vec<_>) = batch.drain(..).unzip();
        // A transaction that panics must not take the writer with it: the next one needs it.
        let outcome = AssertUnwindSafe(write_batch(&mut writer, &target, &waiting)).catch_unwind().await;
        let outcome = outcome.unwrap_or_else(|_| Err(AppendError::Unknown("the writer was interrupted".into())));
        // The writers that are answered now and those that already wait will come back together.
        expected = (waiting.len() + appends.len()).min(BATCH);
        match outcome {
            Ok(admitted) => {
                trouble.is_written();
                hint.send_if_modified(|known| {
                    let newer = admitted.head.position > *known;
                    *known = admitted.head.position.max(*known);
                    newer
                });
                for (answer, result) in answers.into_iter().zip(admitted.answers) {
                    let _ = answer.send(result);
                }
            }
            Err(error) => {
                writer = None;
                if let AppendError::Unknown(why) | AppendError::Unavailable(why) = &error {
                    trouble.note(why);
                }
                for answer in answers {
                    let _ = answer.send(Err(error.clone()));
                }
                tracing::error!("append failed: {error}");
            }
        }
    }
}

async fn write_batch(writer: &mut Option<Writer>, target: &Target, waiting: &[Append]) -> Result<Admitted, AppendError> {
    let current = match writer {
        Some(current) if !current.client.is_closed() && current.generation == target.connector.generation() => current,
        _ => {
            let generation = target.connector.generation();
            let fresh = async { Writer::on(connect(&target.connector, Work::Writing).await?, generation).await }.await;
            match fresh {
                Ok(fresh) => writer.insert(fresh),
                Err(StoreError::Full(disk)) => return Err(AppendError::Full(disk)),
                Err(error) => {
                    // Even to prepare a statement can wait for a lock.
                    let is_late = error.to_string() == late().to_string();
                    let why = if is_late { held_up(&target.connector).await } else { None };
                    return Err(AppendError::Unavailable(why.unwrap_or_else(|| error.to_string())));
                }
            }
        }
    };
    if let Ok(result) = tokio::time::timeout(PATIENCE, current.write(target, waiting, "COMMIT")).await {
        return result;
    }
    // Asked while the statement still waits.
    let why = held_up(&target.connector).await;
    *writer = None;
    Err(AppendError::Unknown(why.unwrap_or_else(|| sentence!("pg-unconfirmed").to_string())))
}

/// Does on `client` what a write does, all but keeping it. Gives the connection back.
pub(super) async fn try_write(client: Client, target: &Target) -> Result<Client, StoreError> {
    let writer = Writer::on(client, target.connector.generation()).await?;
    let event = NewEvent { aggregate: "trial".into(), sequence: 1, name: "trial".into(), version: 1, payload: "{}".into() };
    let command =
        CommandRow { scope: "trial".into(), id: "trial".into(), digest: [0; 32], first_position: 0, last_position: 0, result: "{}".into() };
    let claim = ClaimRow { kind: "trial".into(), key: "trial".into(), holder: "trial".into() };
    let append = Append { events: vec![event], command: Some(command), claims: vec![claim], ..Append::default() };
    let tried = tokio::time::timeout(PATIENCE, writer.write(target, &[append], "ROLLBACK")).await.map_err(|_| late())?;
    tried.map_err(|error| match error {
        AppendError::Full(disk) => StoreError::Full(disk),
        AppendError::Unavailable(why) | AppendError::Unknown(why) => StoreError::Unavailable(why),
        error => StoreError::Unavailable(error.to_string()),
    })?;
    Ok(writer.client)
}
