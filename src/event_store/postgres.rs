//! The log in PostgreSQL: one writer task a process, positions from a locked head row.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_util::future::{poll_fn, try_join_all};
use futures_util::{StreamExt, TryStreamExt, pin_mut};
use tokio::sync::{RwLock, mpsc, oneshot, watch};
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Client, Config, Error, NoTls, Row, Statement, Transaction};

use super::admit::{Admitted, Known, admit};
use super::dump::{Record, Sink, Source};
use super::migrations::pending;
use super::sqlite::new_log_id;
use super::{
    Append, AppendError, Appended, CHUNK_BYTES, ClaimRow, Clock, CommandRow, EventLog, Head, NewEvent, StoreError, StoredEvent,
    VaultChange, VaultRow, chain,
};
use crate::domain::Digest;

/// Most appends in one transaction.
const BATCH: usize = 256;
/// How long a commit waits for the writers that were answered with the last one.
const GATHER: Duration = Duration::from_micros(600);
/// A statement that takes longer counts as a lost server.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often the follower looks by itself; notifications are only hints.
const POLL: Duration = Duration::from_millis(500);
/// Key of the advisory lock under which tables are made: “bangtin” in ASCII.
const SETUP_LOCK: i64 = 0x62_616e_6774_696e;

type Answer = oneshot::Sender<Result<Appended, AppendError>>;

/// See the module.
pub struct PostgresLog {
    config: Config,
    appends: mpsc::UnboundedSender<(Append, Answer)>,
    reader: RwLock<Option<Arc<Reader>>>,
    pool: Arc<Mutex<Vec<Client>>>,
    hint: watch::Receiver<i64>,
}

fn explain(error: &Error) -> String {
    match error.as_db_error() {
        Some(db) => format!("{}{}", db.message(), db.detail().map(|d| format!(" ({d})")).unwrap_or_default()),
        None => error.to_string(),
    }
}

fn unavailable(error: Error) -> StoreError {
    StoreError::Unavailable(format!("PostgreSQL: {}", explain(&error)))
}

fn late() -> StoreError {
    StoreError::Unavailable("PostgreSQL does not answer in time".into())
}

async fn in_time<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, StoreError> {
    tokio::time::timeout(PATIENCE, work).await.map_err(|_| late())?.map_err(unavailable)
}

/// A connection that is durable: `synchronous_commit` is set and checked.
async fn connect(config: &Config) -> Result<Client, StoreError> {
    let (client, connection) = in_time(config.connect(NoTls)).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!("PostgreSQL connection ended: {error}");
        }
    });
    in_time(client.batch_execute("SET synchronous_commit = on; SET application_name = 'bangtin'")).await?;
    let row = in_time(client.query_one("SHOW synchronous_commit", &[])).await?;
    if row.get::<_, &str>(0) != "on" {
        return Err(StoreError::NotPossible("PostgreSQL does not accept synchronous_commit = on".into()));
    }
    Ok(client)
}

async fn prepare(client: &mut Client) -> Result<(), StoreError> {
    let fsync = in_time(client.query_one("SHOW fsync", &[])).await?;
    if fsync.get::<_, &str>(0) != "on" {
        tracing::warn!("PostgreSQL runs with fsync = off: a power cut can lose what was acknowledged");
    }
    // The lock in a statement of its own: what follows then sees what its last holder committed.
    in_time(client.execute("SELECT pg_advisory_lock($1)", &[&SETUP_LOCK])).await?;
    let result = set_up(client).await;
    in_time(client.execute("SELECT pg_advisory_unlock($1)", &[&SETUP_LOCK])).await?;
    result
}

async fn set_up(client: &mut Client) -> Result<(), StoreError> {
    let transaction = in_time(client.transaction()).await?;
    in_time(transaction.batch_execute("CREATE TABLE IF NOT EXISTS schema_version (number BIGINT PRIMARY KEY)")).await?;
    let row = in_time(transaction.query_one("SELECT coalesce(max(number), 0) FROM schema_version", &[])).await?;
    for migration in pending(row.get(0))? {
        in_time(transaction.batch_execute(migration.postgres)).await?;
        in_time(transaction.execute("INSERT INTO schema_version VALUES ($1)", &[&migration.number])).await?;
    }
    let genesis: &[u8] = &chain::GENESIS;
    let head = "INSERT INTO head VALUES (1, $1, 0, $2, 0) ON CONFLICT DO NOTHING";
    in_time(transaction.execute(head, &[&new_log_id()?, &genesis])).await?;
    in_time(transaction.commit()).await
}

impl PostgresLog {
    /// Connects, and makes the tables where they are missing.
    pub async fn open(url: &str, clock: Clock) -> Result<Self, StoreError> {
        let mut config: Config =
            url.parse().map_err(|error| StoreError::NotPossible(format!("the database URL cannot be read: {error}")))?;
        config.connect_timeout(Duration::from_secs(5));
        config.tcp_user_timeout(PATIENCE);
        let mut client = connect(&config).await?;
        prepare(&mut client).await?;
        let head = read_head(&client).await?;
        let (hint_sender, hint) = watch::channel(head.position);
        let hint_sender = Arc::new(hint_sender);
        let (appends, receiver) = mpsc::unbounded_channel();
        let log = Self { config, appends, reader: RwLock::default(), pool: Arc::new(Mutex::new(vec![client])), hint };
        tokio::spawn(write_all(log.config.clone(), clock, Arc::clone(&hint_sender), receiver));
        tokio::spawn(listen(log.config.clone(), hint_sender, log.appends.downgrade()));
        Ok(log)
    }

    async fn client(&self) -> Result<Client, StoreError> {
        loop {
            let pooled = self.pool.lock().unwrap_or_else(PoisonError::into_inner).pop();
            match pooled {
                Some(client) if client.is_closed() => {}
                Some(client) => return Ok(client),
                None => return connect(&self.config).await,
            }
        }
    }

    fn give_back(&self, client: Client) {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if pool.len() < 8 && !client.is_closed() {
            pool.push(client);
        }
    }

    /// The connection for short queries, replaced when it has died.
    async fn reader(&self) -> Result<Arc<Reader>, StoreError> {
        if let Some(reader) = self.reader.read().await.as_ref().filter(|reader| !reader.client.is_closed()) {
            return Ok(Arc::clone(reader));
        }
        let mut place = self.reader.write().await;
        if let Some(reader) = place.as_ref().filter(|reader| !reader.client.is_closed()) {
            return Ok(Arc::clone(reader));
        }
        let fresh = Arc::new(Reader { client: connect(&self.config).await?, statements: Mutex::default() });
        *place = Some(Arc::clone(&fresh));
        Ok(fresh)
    }

    /// Runs one short query; those of other tasks travel on the same connection at the same time.
    async fn query(&self, sql: &'static str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, StoreError> {
        let reader = self.reader().await?;
        match reader.query(sql, params).await {
            Err(_) if reader.client.is_closed() => self.reader().await?.query(sql, params).await,
            result => result,
        }
    }
}

/// A connection with its prepared statements.
struct Reader {
    client: Client,
    statements: Mutex<HashMap<&'static str, Statement>>,
}

impl Reader {
    async fn query(&self, sql: &'static str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, StoreError> {
        let known = self.statements.lock().unwrap_or_else(PoisonError::into_inner).get(sql).cloned();
        let statement = if let Some(statement) = known {
            statement
        } else {
            let prepared = in_time(self.client.prepare(sql)).await?;
            self.statements.lock().unwrap_or_else(PoisonError::into_inner).insert(sql, prepared.clone());
            prepared
        };
        in_time(self.client.query(&statement, params)).await
    }
}

async fn read_head(client: &Client) -> Result<Head, StoreError> {
    let row = in_time(client.query_one("SELECT log_id, position, hash, recorded_at FROM head WHERE id = 1", &[])).await?;
    Ok(head_of(&row))
}

fn hash_of(bytes: &[u8]) -> [u8; 32] {
    bytes.try_into().unwrap_or_default()
}

fn head_of(row: &Row) -> Head {
    Head { log_id: row.get(0), position: row.get(1), hash: hash_of(row.get(2)), recorded_at: row.get(3) }
}

fn stored_event(row: &Row) -> StoredEvent {
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

fn command_row(row: &Row) -> CommandRow {
    CommandRow {
        scope: row.get(0),
        id: row.get(1),
        digest: hash_of(row.get(2)),
        first_position: row.get(3),
        last_position: row.get(4),
        result: row.get(5),
    }
}

fn vault_row(row: &Row) -> VaultRow {
    VaultRow { subject: row.get(0), wrapped_key: row.get(1), data: row.get(2) }
}

/// The statements of an append, prepared once a connection.
struct Writer {
    client: Client,
    lock: Statement,
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
    async fn connect(config: &Config) -> Result<Self, StoreError> {
        let client = connect(config).await?;
        let prepare = |sql: &'static str| client.prepare(sql);
        let statements = try_join_all([
            prepare("SELECT log_id, position, hash, recorded_at FROM head WHERE id = 1 FOR UPDATE"),
            prepare(
                "SELECT a, coalesce((SELECT sequence FROM events WHERE aggregate = a ORDER BY sequence DESC LIMIT 1), 0) \
                 FROM unnest($1::text[]) a",
            ),
            // LATERAL with a limit: an index look-up for each key, whatever the planner believes.
            prepare(
                "SELECT c.* FROM unnest($1::text[], $2::text[]) k(s, i), \
                 LATERAL (SELECT * FROM commands WHERE scope = k.s AND id = k.i LIMIT 1) c",
            ),
            prepare(
                "SELECT c.* FROM unnest($1::text[], $2::text[]) k(a, b), \
                 LATERAL (SELECT * FROM claims WHERE kind = k.a AND key = k.b LIMIT 1) c",
            ),
            prepare(
                "INSERT INTO events SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], \
                 $5::bigint[], $6::text[], $7::bigint[], $8::text[], $9::text[], $10::bytea[])",
            ),
            prepare(
                "INSERT INTO commands SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bigint[], \
                 $5::bigint[], $6::text[])",
            ),
            prepare("INSERT INTO claims SELECT * FROM unnest($1::text[], $2::text[], $3::text[])"),
            prepare(
                "INSERT INTO vault VALUES ($1, $2, $3) ON CONFLICT (subject) DO UPDATE \
                 SET wrapped_key = excluded.wrapped_key, data = excluded.data",
            ),
            prepare("DELETE FROM vault WHERE subject = $1"),
            prepare(
                "WITH told AS (SELECT pg_notify('bangtin_log', $1::bigint::text)) \
                 UPDATE head SET position = $1, hash = $2, recorded_at = $3 FROM told WHERE id = 1",
            ),
        ]);
        let statements = in_time(statements).await?;
        let Ok([lock, sequences, commands, claims, insert_events, insert_commands, insert_claims, put_vault, erase_vault, set_head]) =
            <[Statement; 10]>::try_from(statements)
        else {
            return Err(StoreError::Unavailable("PostgreSQL prepared too few statements".into()));
        };
        Ok(Self {
            client,
            lock,
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

    /// One transaction with all appends that are admitted.
    ///
    /// The head row is locked by a statement of its own; under READ COMMITTED the look-ups after
    /// it see everything that the last holder of the lock committed.
    async fn write(&self, clock: &Clock, appends: &[Append]) -> Result<Admitted, AppendError> {
        let before = |error: Error| AppendError::Unavailable(format!("PostgreSQL: {}", explain(&error)));
        let unknown = |error: &Error| AppendError::Unknown(format!("PostgreSQL: {}", explain(error)));
        let client = &self.client;
        let keys = Keys::of(appends);
        // All five travel together; the server answers them in order. A connection on which one of
        // them fails is given up, and its transaction with it.
        let (head, rows) = {
            let params: [&[&(dyn ToSql + Sync)]; 3] = [&[&keys.aggregates], &[&keys.scopes, &keys.ids], &[&keys.kinds, &keys.names]];
            let look_ups = [&self.sequences, &self.commands, &self.claims]
                .into_iter()
                .zip(params)
                .map(|(statement, params)| client.query(statement, params));
            let (begun, head, rows) =
                futures_util::future::join3(client.batch_execute("BEGIN"), client.query_one(&self.lock, &[]), try_join_all(look_ups)).await;
            begun.map_err(before)?;
            (head.map_err(before)?, rows.map_err(before)?)
        };
        let known = known(&rows);
        let admitted = admit(head_of(&head), clock(), appends, known);
        if admitted.answers.iter().all(Result::is_err) {
            client.batch_execute("ROLLBACK").await.map_err(before)?;
            return Ok(admitted);
        }
        for claim in &admitted.released {
            let delete = "DELETE FROM claims WHERE kind = $1 AND key = $2";
            client.execute(delete, &[&claim.kind, &claim.key]).await.map_err(before)?;
        }
        for (append, answer) in appends.iter().zip(&admitted.answers) {
            if answer.is_ok() {
                for change in &append.vault {
                    match change {
                        VaultChange::Put(row) => client.execute(&self.put_vault, &[&row.subject, &row.wrapped_key, &row.data]).await,
                        VaultChange::Begin(row) => {
                            let begin = "INSERT INTO vault VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
                            client.execute(begin, &[&row.subject, &row.wrapped_key, &row.data]).await
                        }
                        VaultChange::Erase(subject) => client.execute(&self.erase_vault, &[subject]).await,
                    }
                    .map_err(before)?;
                }
            }
        }
        // COMMIT travels behind the inserts; should one of them fail, the server makes it a rollback.
        let (inserted, committed) = futures_util::future::join(self.insert(&admitted), client.batch_execute("COMMIT")).await;
        inserted.map_err(|error| if error.as_db_error().is_some() { before(error) } else { unknown(&error) })?;
        committed.map_err(|error| match error.code().map(|code| &code.code()[..2]) {
            // A broken rule or a lost race: rolled back for certain. Anything else may have gone through.
            Some("23" | "40") => before(error),
            _ => unknown(&error),
        })?;
        Ok(admitted)
    }

    /// The rows of a transaction, sent together.
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

/// The keys that the waiting appends mention, as arrays.
#[derive(Default)]
struct Keys {
    aggregates: Vec<String>,
    scopes: Vec<String>,
    ids: Vec<String>,
    kinds: Vec<String>,
    names: Vec<String>,
}

impl Keys {
    fn of(appends: &[Append]) -> Self {
        let mut keys = Self::default();
        for append in appends {
            for event in &append.events {
                if !keys.aggregates.contains(&event.aggregate) {
                    keys.aggregates.push(event.aggregate.clone());
                }
            }
            if let Some(command) = &append.command {
                keys.scopes.push(command.scope.clone());
                keys.ids.push(command.id.clone());
            }
            for claim in append.claims.iter().chain(&append.releases) {
                keys.kinds.push(claim.kind.clone());
                keys.names.push(claim.key.clone());
            }
        }
        keys
    }
}

fn known(rows: &[Vec<Row>]) -> Known {
    let [sequences, commands, claims] = rows else { return Known::default() };
    Known {
        sequences: sequences.iter().map(|row| (row.get(0), row.get(1))).collect(),
        commands: commands.iter().map(command_row).map(|row| ((row.scope.clone(), row.id.clone()), row)).collect(),
        claims: claims.iter().map(|row| ((row.get(0), row.get(1)), row.get(2))).collect::<HashMap<_, _>>(),
    }
}

/// Writers that were answered together come back within moments of each other; without waiting for
/// the last of them each round would take two commits. Nobody waits where there is one writer.
async fn gather(appends: &mut mpsc::UnboundedReceiver<(Append, Answer)>, batch: &mut Vec<(Append, Answer)>, expected: usize) {
    let begun = Instant::now();
    while batch.len() < expected && begun.elapsed() < GATHER {
        tokio::task::yield_now().await;
        while batch.len() < BATCH
            && let Ok(append) = appends.try_recv()
        {
            batch.push(append);
        }
    }
}

/// The writer task: commits all waiting appends in one transaction; reconnects on need.
async fn write_all(config: Config, clock: Clock, hint: Arc<watch::Sender<i64>>, mut appends: mpsc::UnboundedReceiver<(Append, Answer)>) {
    let mut writer = None;
    let mut batch = Vec::with_capacity(BATCH);
    let mut expected = 1;
    while appends.recv_many(&mut batch, BATCH).await > 0 {
        gather(&mut appends, &mut batch, expected).await;
        let (waiting, answers): (Vec<_>, Vec<_>) = batch.drain(..).unzip();
        let outcome = write_batch(&mut writer, &config, &clock, &waiting).await;
        // Who was answered now and who waits will be back together.
        expected = (waiting.len() + appends.len()).min(BATCH);
        match outcome {
            Ok(admitted) => {
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
                tracing::error!("append failed: {error}");
                for answer in answers {
                    let _ = answer.send(Err(error.clone()));
                }
            }
        }
    }
}

async fn write_batch(writer: &mut Option<Writer>, config: &Config, clock: &Clock, waiting: &[Append]) -> Result<Admitted, AppendError> {
    let current = match writer {
        Some(current) if !current.client.is_closed() => current,
        _ => {
            let fresh = Writer::connect(config).await.map_err(|error| AppendError::Unavailable(error.to_string()))?;
            writer.insert(fresh)
        }
    };
    match tokio::time::timeout(PATIENCE, current.write(clock, waiting)).await {
        Ok(result) => result,
        Err(_) => Err(AppendError::Unknown("PostgreSQL does not answer in time".into())),
    }
}

/// Listens for appends of other nodes. A notification is only a hint: the head is read again on
/// each, on each reconnect, and twice a second.
async fn listen(config: Config, hint: Arc<watch::Sender<i64>>, alive: mpsc::WeakUnboundedSender<(Append, Answer)>) {
    while alive.upgrade().is_some() {
        if let Err(error) = listen_once(&config, &hint, &alive).await {
            tracing::warn!("cannot follow the log: {error}");
            tokio::time::sleep(POLL).await;
        }
    }
}

async fn listen_once(
    config: &Config,
    hint: &watch::Sender<i64>,
    alive: &mpsc::WeakUnboundedSender<(Append, Answer)>,
) -> Result<(), StoreError> {
    let (client, mut connection) = in_time(config.connect(NoTls)).await?;
    let (sender, mut told) = mpsc::channel::<()>(1);
    let driver = tokio::spawn(async move {
        while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
            match message {
                Ok(AsyncMessage::Notification(_)) => {
                    let _ = sender.try_send(());
                }
                Ok(_) => {}
                Err(_) => break,
            }
        }
    });
    let result = async {
        in_time(client.batch_execute("LISTEN bangtin_log")).await?;
        while alive.upgrade().is_some() {
            let head = read_head(&client).await?;
            hint.send_if_modified(|known| std::mem::replace(known, head.position) != head.position);
            if tokio::time::timeout(POLL, told.recv()).await == Ok(None) {
                return Err(StoreError::Unavailable("the listening connection ended".into()));
            }
        }
        Ok(())
    }
    .await;
    driver.abort();
    result
}

#[async_trait]
impl EventLog for PostgresLog {
    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        let (sender, receiver) = oneshot::channel();
        let gone = |_| AppendError::Unknown("the writer has stopped".into());
        self.appends.send((append, sender)).map_err(|_| AppendError::Unavailable("the writer has stopped".into()))?;
        receiver.await.map_err(gone)?
    }

    async fn read(&self, after: i64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        let sql = "SELECT * FROM events WHERE position > $1 ORDER BY position LIMIT $2";
        let rows = self.query(sql, &[&after, &(limit as i64)]).await?;
        Ok(rows.iter().map(stored_event).collect())
    }

    async fn read_aggregate(&self, aggregate: &str, after: i64) -> Result<Vec<StoredEvent>, StoreError> {
        let sql = "SELECT * FROM events WHERE aggregate = $1 AND sequence > $2 ORDER BY sequence";
        let rows = self.query(sql, &[&aggregate, &after]).await?;
        Ok(rows.iter().map(stored_event).collect())
    }

    async fn head(&self) -> Result<Head, StoreError> {
        let rows = self.query("SELECT log_id, position, hash, recorded_at FROM head WHERE id = 1", &[]).await?;
        rows.first().map(head_of).ok_or_else(|| StoreError::Damaged("the head row is missing".into()))
    }

    async fn find_command(&self, scope: &str, id: &str) -> Result<Option<CommandRow>, StoreError> {
        let rows = self.query("SELECT * FROM commands WHERE scope = $1 AND id = $2", &[&scope, &id]).await?;
        Ok(rows.first().map(command_row))
    }

    async fn find_claim(&self, kind: &str, key: &str) -> Result<Option<String>, StoreError> {
        let rows = self.query("SELECT holder FROM claims WHERE kind = $1 AND key = $2", &[&kind, &key]).await?;
        Ok(rows.first().map(|row| row.get(0)))
    }

    async fn put_blob(&self, sha256: Digest, bytes: Arc<[u8]>) -> Result<(), StoreError> {
        let mut client = self.client().await?;
        let name: &[u8] = &sha256.0;
        let transaction = in_time(client.transaction()).await?;
        let insert = "INSERT INTO blobs VALUES ($1, $2) ON CONFLICT DO NOTHING";
        let inserted = in_time(transaction.execute(insert, &[&name, &(bytes.len() as i64)])).await?;
        if inserted == 1 {
            let chunk_sql = "INSERT INTO blob_chunks VALUES ($1, $2, $3)";
            for (number, chunk) in bytes.chunks(CHUNK_BYTES).enumerate() {
                in_time(transaction.execute(chunk_sql, &[&name, &(number as i64), &chunk])).await?;
            }
        }
        in_time(transaction.commit()).await?;
        self.give_back(client);
        Ok(())
    }

    async fn get_blob(&self, sha256: Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let name: &[u8] = &sha256.0;
        if self.query("SELECT 1 FROM blobs WHERE sha256 = $1", &[&name]).await?.is_empty() {
            return Ok(None);
        }
        let rows = self.query("SELECT data FROM blob_chunks WHERE sha256 = $1 ORDER BY number", &[&name]).await?;
        Ok(Some(rows.iter().flat_map(|row| row.get::<_, &[u8]>(0)).copied().collect()))
    }

    async fn blobs(&self) -> Result<Vec<(Digest, i64)>, StoreError> {
        let rows = self.query("SELECT sha256, bytes FROM blobs ORDER BY sha256", &[]).await?;
        Ok(rows.iter().map(|row| (Digest(hash_of(row.get(0))), row.get(1))).collect())
    }

    async fn vault_row(&self, subject: &str) -> Result<Option<VaultRow>, StoreError> {
        let rows = self.query("SELECT * FROM vault WHERE subject = $1", &[&subject]).await?;
        Ok(rows.first().map(vault_row))
    }

    async fn vault_rows(&self) -> Result<Vec<VaultRow>, StoreError> {
        Ok(self.query("SELECT * FROM vault", &[]).await?.iter().map(vault_row).collect())
    }

    async fn scrub(&self) -> Result<(), StoreError> {
        // What was deleted is ciphertext whose key the master key wraps; nothing is in clear in
        // the server's files. VACUUM takes the dead rows out of the table itself.
        let client = self.client().await?;
        in_time(client.batch_execute("VACUUM vault")).await?;
        self.give_back(client);
        Ok(())
    }

    fn hint(&self) -> watch::Receiver<i64> {
        self.hint.clone()
    }

    async fn dump(&self, vault: bool, mut sink: Sink) -> Result<(), StoreError> {
        let mut client = self.client().await?;
        let view = client.build_transaction().isolation_level(tokio_postgres::IsolationLevel::RepeatableRead).read_only(true);
        let view = view.start().await.map_err(unavailable)?;
        let head = view.query_one("SELECT log_id, position, hash, recorded_at FROM head", &[]).await.map_err(unavailable)?;
        sink(Record::Head(head_of(&head)))?;
        let mut parts: Vec<(&str, fn(&Row) -> Record)> = vec![
            ("SELECT * FROM events ORDER BY position", |row| Record::Event(stored_event(row))),
            ("SELECT * FROM blobs ORDER BY sha256", |row| Record::Blob(Digest(hash_of(row.get(0))), row.get(1))),
            ("SELECT * FROM blob_chunks ORDER BY sha256, number", |row| Record::Chunk(Digest(hash_of(row.get(0))), row.get(1), row.get(2))),
            ("SELECT * FROM commands ORDER BY scope, id", |row| Record::Command(command_row(row))),
            ("SELECT * FROM claims ORDER BY kind, key", |row| {
                Record::Claim(ClaimRow { kind: row.get(0), key: row.get(1), holder: row.get(2) })
            }),
        ];
        if vault {
            parts.push(("SELECT * FROM vault ORDER BY subject", |row| Record::Vault(vault_row(row))));
        }
        for (sql, read) in parts {
            let rows = view.query_raw(sql, std::iter::empty::<&str>()).await.map_err(unavailable)?;
            pin_mut!(rows);
            while let Some(row) = rows.try_next().await.map_err(unavailable)? {
                sink(read(&row))?;
            }
        }
        view.commit().await.map_err(unavailable)?;
        self.give_back(client);
        Ok(())
    }

    async fn load(&self, mut records: Source) -> Result<(), StoreError> {
        let mut client = self.client().await?;
        let transaction = client.transaction().await.map_err(unavailable)?;
        let head = transaction.query_one("SELECT log_id, position, hash, recorded_at FROM head WHERE id = 1 FOR UPDATE", &[]);
        if head_of(&head.await.map_err(unavailable)?).position != 0 {
            return Err(StoreError::NotPossible("the store is not empty: load into a new one".into()));
        }
        let target = load(&transaction, &mut records).await?;
        transaction.commit().await.map_err(unavailable)?;
        self.give_back(client);
        tracing::info!("loaded {} events", target.position);
        Ok(())
    }

    fn describe(&self) -> String {
        "PostgreSQL".into()
    }
}

async fn load(transaction: &Transaction<'_>, records: &mut Source) -> Result<Head, StoreError> {
    let mut verifier = chain::Verifier::default();
    let mut target = None;
    let sql = [
        "UPDATE head SET log_id = $1, position = $2, hash = $3, recorded_at = $4 WHERE id = 1",
        "INSERT INTO events VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        "INSERT INTO blobs VALUES ($1, $2) ON CONFLICT DO NOTHING",
        "INSERT INTO blob_chunks VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        "INSERT INTO commands VALUES ($1, $2, $3, $4, $5, $6)",
        "INSERT INTO claims VALUES ($1, $2, $3)",
        "INSERT INTO vault VALUES ($1, $2, $3) ON CONFLICT (subject) DO UPDATE SET wrapped_key = excluded.wrapped_key, data = excluded.data",
    ];
    let statements = try_join_all(sql.map(|sql| transaction.prepare(sql))).await.map_err(unavailable)?;
    // Insertions of many records travel together.
    let mut waiting = futures_util::stream::FuturesOrdered::new();
    while let Some(record) = records()? {
        if let Record::Event(event) = &record {
            verifier.next(event).map_err(|error| StoreError::Damaged(error.to_string()))?;
        }
        if let Record::Head(head) = &record {
            target = Some(head.clone());
        }
        waiting.push_back(insert_record(transaction, &statements, record));
        if waiting.len() >= 64 {
            while let Some(result) = waiting.next().await {
                result.map_err(unavailable)?;
            }
        }
    }
    while let Some(result) = waiting.next().await {
        result.map_err(unavailable)?;
    }
    let target = target.ok_or_else(|| StoreError::Damaged("the file has no head".into()))?;
    verifier.finish(&target).map_err(|error| StoreError::Damaged(error.to_string()))?;
    Ok(target)
}

async fn insert_record(transaction: &Transaction<'_>, statements: &[Statement], record: Record) -> Result<u64, Error> {
    match record {
        Record::Head(head) => {
            let hash = head.hash.as_slice();
            transaction.execute(&statements[0], &[&head.log_id, &head.position, &hash, &head.recorded_at]).await
        }
        Record::Event(event) => {
            let (hash, version) = (event.hash.as_slice(), i64::from(event.event.version));
            let NewEvent { aggregate, sequence, name, payload, .. } = &event.event;
            let params: [&(dyn ToSql + Sync); 10] =
                [&event.position, aggregate, sequence, name, &version, payload, &event.recorded_at, &event.actor, &event.command_id, &hash];
            transaction.execute(&statements[1], &params).await
        }
        Record::Blob(sha256, bytes) => transaction.execute(&statements[2], &[&sha256.0.as_slice(), &bytes]).await,
        Record::Chunk(sha256, number, data) => transaction.execute(&statements[3], &[&sha256.0.as_slice(), &number, &data]).await,
        Record::Command(row) => {
            let digest = row.digest.as_slice();
            let params: [&(dyn ToSql + Sync); 6] = [&row.scope, &row.id, &digest, &row.first_position, &row.last_position, &row.result];
            transaction.execute(&statements[4], &params).await
        }
        Record::Claim(row) => transaction.execute(&statements[5], &[&row.kind, &row.key, &row.holder]).await,
        Record::Vault(row) => transaction.execute(&statements[6], &[&row.subject, &row.wrapped_key, &row.data]).await,
    }
}
