//! The log in PostgreSQL: one writer task in each process, positions from a locked head row.

mod connector;
mod follow;
mod health;
mod keys;
mod load;
mod reader;
mod rows;
mod session;
mod set_up;
mod trouble;
mod writer;

use std::error::Error as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_util::{TryStreamExt, pin_mut};
use tokio::sync::{OwnedSemaphorePermit, RwLock, Semaphore, mpsc, oneshot, watch};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row};

use self::connector::{Connector, by_a_pooler, not_allowed};
use self::reader::Reader;
use self::rows::{cells_of, command_row, hash_of, head_of, stored_event, value_of, vault_row};
use self::session::{Work, connect};
use self::set_up::{check_version, prepare};
use self::trouble::{Trouble, held_up};
use super::dump::{Record, Sink, Source};
use super::identity::Identity;
use super::{
    Access, Append, AppendError, Appended, BlobBytes, Cell, ClaimRow, Clock, CommandRow, Double, EventLog, Head, Renewal, StoreError,
    StoredEvent, VaultRow,
};
use crate::domain::Digest;

/// How long a statement may take before the server counts as lost.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long the second try may take after a connection was silent.
const AGAIN: Duration = Duration::from_secs(3);
/// Key of the advisory lock under which the tables are made: “bangtin” in ASCII.
const SETUP_LOCK: i64 = 0x62_616e_6774_696e;

type Answer = oneshot::Sender<Result<Appended, AppendError>>;

/// A log in a PostgreSQL database.
pub struct PostgresLog {
    connector: Connector,
    appends: mpsc::UnboundedSender<(Append, Answer)>,
    reader: RwLock<Option<Arc<Reader>>>,
    pool: Arc<Mutex<Vec<Client>>>,
    places: Arc<Semaphore>,
    hint: watch::Receiver<i64>,
    identity: Arc<Identity>,
    target: Arc<writer::Target>,
    /// Why the last write failed.
    trouble: Arc<Trouble>,
    /// When the last connection for short queries could not be opened, and why.
    refused: Mutex<Option<(Instant, String)>>,
}

fn explain(error: &Error) -> String {
    match error.as_db_error() {
        Some(db) => {
            let more = [db.detail(), db.hint()].into_iter().flatten().map(|more| format!(" ({more})"));
            std::iter::once(db.message().to_owned()).chain(more).collect::<String>().replace('\n', " ")
        }
        None => error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}")),
    }
}

/// Most connections for work that takes long.
const LONG: usize = 3;
/// Most connections of a node: [`LONG`], and one each to write, to read and to be notified.
const CONNECTIONS: usize = LONG + 3;

/// The name for the server's disk; only the server knows its folder.
const DISK: &str = "PostgreSQL";

/// True when the server's disk takes no more.
fn lacks_room(error: &Error) -> bool {
    error.code() == Some(&SqlState::DISK_FULL)
}

fn unavailable(error: Error) -> StoreError {
    if lacks_room(&error) {
        return StoreError::Full(DISK.into());
    }
    StoreError::Unavailable(said(&error))
}

/// What PostgreSQL says, with what to do: in a sentence of its own where there is one.
fn said(error: &Error) -> String {
    let words = explain(error);
    let own = error.code().and_then(|code| not_allowed(code, &words)).or_else(|| by_a_pooler(&words));
    own.unwrap_or_else(|| match error.as_db_error() {
        Some(_) => sentence!("pg-says", words).to_string(),
        None => sentence!("pg-line", words).to_string(),
    })
}

fn late() -> StoreError {
    StoreError::Unavailable(sentence!("pg-late").to_string())
}

async fn in_time<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, StoreError> {
    tokio::time::timeout(PATIENCE, work).await.map_err(|_| late())?.map_err(unavailable)
}

/// The head's position, and whether the event there can be read.
const LAST: &str =
    "SELECT position, position = 0 OR EXISTS (SELECT 1 FROM ONLY events WHERE events.position = head.position) FROM head WHERE id = 1";

/// Changes nothing, and commits nevertheless: whoever waits for that commit waits for all before it.
const RENEW_HEAD: &str = "UPDATE head SET recorded_at = recorded_at WHERE id = 1";

/// Refuses a log whose last event cannot be read, by [`LAST`]'s answer: what is not seen would count as what never was,
/// and a known item as an unknown one.
fn check_last(rows: &[Row]) -> Result<(), StoreError> {
    match rows.first() {
        Some(row) if row.get(1) => Ok(()),
        Some(row) => Err(StoreError::Unavailable(sentence!("log-end-missing", position = row.get::<_, i64>(0)).to_string())),
        None => Err(StoreError::Unavailable(sentence!("head-missing").to_string())),
    }
}

/// Says what holds a statement up that was late, where PostgreSQL knows.
async fn explained<T>(connector: &Connector, outcome: Result<T, StoreError>) -> Result<T, StoreError> {
    match outcome {
        Err(error) if error.to_string() == late().to_string() => Err(held_up(connector).await.map_or(error, StoreError::Unavailable)),
        outcome => outcome,
    }
}

impl PostgresLog {
    /// Whether the database holds a log. It makes none.
    pub async fn is_there(access: &Access) -> Result<bool, StoreError> {
        let connector = Connector::new(access)?;
        let asked = async {
            if !access.is_read_only {
                connector.check_sessions().await?;
            }
            let client = connect(&connector, Work::Short).await?;
            let row = in_time(client.query_one("SELECT to_regclass('head') IS NOT NULL", &[])).await?;
            Ok(row.get(0))
        };
        explained(&connector, asked.await).await
    }

    /// Connects, and makes missing tables. Errors where the log will be written: the server lets nobody write.
    pub async fn open(access: &Access, clock: Clock) -> Result<Self, StoreError> {
        let connector = Connector::new(access)?;
        let begun = async {
            // Nothing can be tried that needs to write; whoever only reads needs no session of their own.
            if !access.is_read_only {
                connector.check_sessions().await?;
            }
            let mut client = connect(&connector, Work::Long).await?;
            if access.is_read_only {
                check_version(&client).await?;
            } else {
                prepare(&mut client).await?;
            }
            let head = read_head(&client).await?;
            Ok((client, head))
        };
        let (client, head) = explained(&connector, begun.await).await?;
        let identity = Arc::new(Identity::new(&head));
        let (hint_sender, hint) = watch::channel(head.position);
        let hint_sender = Arc::new(hint_sender);
        let (appends, receiver) = mpsc::unbounded_channel();
        let (reader, pool) = (RwLock::default(), Arc::new(Mutex::new(vec![client])));
        let places = Arc::new(Semaphore::new(LONG));
        let (trouble, refused) = (Arc::default(), Mutex::default());
        let target = Arc::new(writer::Target { connector: connector.clone(), identity: Arc::clone(&identity), clock });
        let log = Self { connector, appends, reader, pool, places, hint, identity, target, trouble, refused };
        if !access.is_read_only {
            tokio::spawn(writer::write_all(Arc::clone(&log.target), Arc::clone(&hint_sender), receiver, Arc::clone(&log.trouble)));
        }
        if let Err(StoreError::Unavailable(why)) = log.check_tables().await {
            tracing::warn!("{why}");
        }
        let by = if access.is_read_only { follow::By::Looking } else { follow::By::Listening };
        tokio::spawn(follow::keep(by, log.connector.clone(), hint_sender, log.appends.downgrade(), Arc::clone(&log.trouble)));
        Ok(log)
    }

    /// A connection for work that takes long. At most [`LONG`] are in use at once; others wait.
    async fn client(&self) -> Result<Borrowed, StoreError> {
        let permit = Arc::clone(&self.places).acquire_owned().await.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        loop {
            let pooled = self.pool.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let client = match pooled {
                Some(client) if client.is_closed() => continue,
                Some(client) => client,
                None => connect(&self.connector, Work::Long).await?,
            };
            return Ok(Borrowed { client, permit });
        }
    }

    fn give_back(&self, borrowed: Borrowed) {
        if !borrowed.client.is_closed() {
            self.pool.lock().unwrap_or_else(PoisonError::into_inner).push(borrowed.client);
        }
    }

    /// Gives up all connections but those in use: they may be dead, or have another session than they had.
    async fn give_up_connections(&self) {
        self.connector.give_up_older();
        self.pool.lock().unwrap_or_else(PoisonError::into_inner).clear();
        if let Some(reader) = self.reader.read().await.as_ref() {
            reader.is_stale.store(true, Ordering::Relaxed);
        }
    }

    /// The connection for short queries, replaced when it has died or lost its statements.
    async fn reader(&self) -> Result<Arc<Reader>, StoreError> {
        if let Some(reader) = self.reader.read().await.as_ref().filter(|reader| !reader.is_lost()) {
            return Ok(Arc::clone(reader));
        }
        let asked = Instant::now();
        let mut place = self.reader.write().await;
        if let Some(reader) = place.as_ref().filter(|reader| !reader.is_lost()) {
            return Ok(Arc::clone(reader));
        }
        // Whoever waited while another could not connect is answered with that, and does not wait as long again.
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, why)) = refused.filter(|(at, _)| *at >= asked) {
            return Err(StoreError::Unavailable(why));
        }
        let client = match connect(&self.connector, Work::Short).await {
            Ok(client) => client,
            Err(error) => {
                let why = if let StoreError::Unavailable(why) = &error { why.clone() } else { error.to_string() };
                *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), why));
                return Err(error);
            }
        };
        let fresh =
            Arc::new(Reader { client, statements: Mutex::default(), is_stale: AtomicBool::new(false), is_late: AtomicBool::new(false) });
        *place = Some(Arc::clone(&fresh));
        Ok(fresh)
    }

    /// Waits until what can be seen here is on the synchronous standby too, where there is one: a commit whose writer was
    /// ended while it waited for the standby can be seen, and is lost if the standby takes over.
    async fn confirm(&self) -> Result<(), StoreError> {
        let has_standby = self.query("SELECT current_setting('synchronous_standby_names') <> ''", &[]).await?;
        if has_standby.first().is_none_or(|row| !row.get::<_, bool>(0)) {
            return Ok(());
        }
        let client = self.client().await?;
        let before = self.connector.unconfirmed();
        in_time(client.batch_execute(RENEW_HEAD)).await?;
        self.give_back(client);
        self.connector.check_confirmed(before)
    }

    /// Runs one short query. Queries of other tasks share the connection at the same time.
    async fn query(&self, sql: &'static str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, StoreError> {
        let reader = self.reader().await?;
        match reader.query(sql, params).await {
            Err(_) if reader.is_late.load(Ordering::Relaxed) => {
                // The line is dead, and others with it, or something else is: nobody waits as long again to be told.
                self.give_up_connections().await;
                if let Some(sentence) = held_up(&self.connector).await {
                    return Err(StoreError::Unavailable(sentence));
                }
                let again = tokio::time::timeout(AGAIN, async { self.reader().await?.query(sql, params).await });
                again.await.unwrap_or_else(|_| Err(late()))
            }
            Err(_) if reader.is_lost() => self.reader().await?.query(sql, params).await,
            result => result,
        }
    }
}

/// A borrowed connection, and the place that it takes until it is given back.
struct Borrowed {
    client: Client,
    permit: OwnedSemaphorePermit,
}

impl std::ops::Deref for Borrowed {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.client
    }
}

impl std::ops::DerefMut for Borrowed {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.client
    }
}

async fn read_head(client: &Client) -> Result<Head, StoreError> {
    let rows = in_time(client.query("SELECT log_id, position, hash, recorded_at FROM head WHERE id = 1", &[])).await?;
    rows.first().map(head_of).ok_or_else(|| StoreError::Unavailable(sentence!("head-missing").to_string()))
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
        let sql = "SELECT * FROM ONLY events WHERE position > $1 ORDER BY position LIMIT $2";
        let rows = self.query(sql, &[&after, &(limit as i64)]).await?;
        Ok(rows.iter().map(stored_event).collect())
    }

    async fn read_aggregate(&self, aggregate: &str, after: i64) -> Result<Vec<StoredEvent>, StoreError> {
        let sql = "SELECT * FROM ONLY events WHERE aggregate = $1 AND sequence > $2 ORDER BY sequence";
        let rows = self.query(sql, &[&aggregate, &after]).await?;
        if rows.is_empty() {
            check_last(&self.query(LAST, &[]).await?)?;
        }
        Ok(rows.iter().map(stored_event).collect())
    }

    async fn head(&self) -> Result<Head, StoreError> {
        let rows = self.query("SELECT log_id, position, hash, recorded_at FROM head WHERE id = 1", &[]).await?;
        let head = rows.first().map(head_of).ok_or_else(|| StoreError::Damaged(sentence!("head-missing").to_string()))?;
        self.identity.check(&head)?;
        Ok(head)
    }

    async fn find_command(&self, scope: &str, id: &str) -> Result<Option<CommandRow>, StoreError> {
        let rows = self.query("SELECT * FROM commands WHERE scope = $1 AND id = $2", &[&scope, &id]).await?;
        if !rows.is_empty() {
            self.confirm().await?;
        }
        Ok(rows.first().map(command_row))
    }

    async fn find_claim(&self, kind: &str, key: &str) -> Result<Option<String>, StoreError> {
        let rows = self.query("SELECT holder FROM claims WHERE kind = $1 AND key = $2", &[&kind, &key]).await?;
        Ok(rows.first().map(|row| row.get(0)))
    }

    async fn claim_rule(&self) -> Result<i64, StoreError> {
        let rows = self.query("SELECT number FROM claim_rule WHERE id = 1", &[]).await?;
        Ok(rows.first().map_or(0, |row| row.get(0)))
    }

    async fn renew_claims(&self, renewal: Renewal) -> Result<bool, StoreError> {
        let mut client = self.client().await?;
        let renewed = load::renew_claims(&mut client, &renewal).await?;
        self.give_back(client);
        Ok(renewed)
    }

    async fn claim_doubles(&self) -> Result<Vec<Double>, StoreError> {
        let sql = "SELECT d.kind, d.key, c.holder, d.holder FROM claim_doubles d JOIN claims c ON c.kind = d.kind AND c.key = d.key \
                   ORDER BY d.kind, d.key, d.place";
        let rows = self.query(sql, &[]).await?;
        Ok(rows.iter().map(|row| Double { kind: row.get(0), key: row.get(1), holder: row.get(2), other: row.get(3) }).collect())
    }

    async fn put_blob(&self, sha256: Digest, blob: BlobBytes) -> Result<(), StoreError> {
        let mut client = self.client().await?;
        let name: &[u8] = &sha256.0;
        let transaction = in_time(client.transaction()).await?;
        let insert = "INSERT INTO blobs VALUES ($1, $2) ON CONFLICT DO NOTHING";
        let inserted = in_time(transaction.execute(insert, &[&name, &(blob.bytes as i64)])).await?;
        if inserted == 0 {
            // It is there already, or a trigger of somebody else's has swallowed it.
            in_time(transaction.execute("SELECT 1 / count(*) FROM blobs WHERE sha256 = $1", &[&name])).await?;
        } else {
            let chunk_sql = "INSERT INTO blob_chunks VALUES ($1, $2, $3)";
            let mut chunks = blob.chunks();
            let mut number = 0_i64;
            while let Some(chunk) = chunks.next()? {
                in_time(transaction.execute(chunk_sql, &[&name, &number, &chunk])).await?;
                number += 1;
            }
            let kept = "SELECT 1 / (count(*) = $2)::int FROM blob_chunks WHERE sha256 = $1";
            in_time(transaction.execute(kept, &[&name, &number])).await?;
            chunks.check(sha256)?;
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
        let mut bytes = Vec::with_capacity(rows.iter().map(|row| row.get::<_, &[u8]>(0).len()).sum());
        rows.iter().for_each(|row| bytes.extend_from_slice(row.get(0)));
        Ok(Some(bytes))
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

    async fn read_rows(&self, sql: &'static str, values: Vec<Cell>) -> Result<Vec<Vec<Cell>>, StoreError> {
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(value_of).collect();
        self.query(sql, &values).await?.iter().map(cells_of).collect()
    }

    async fn change_rows(&self, sql: &'static str, values: Vec<Cell>) -> Result<Vec<Vec<Cell>>, StoreError> {
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(value_of).collect();
        let before = self.connector.unconfirmed();
        let reader = self.reader().await?;
        let rows = match reader.query(sql, &values).await {
            // The statement was not known, so it changed nothing. When a connection breaks, perhaps it did.
            Err(_) if reader.is_stale.load(Ordering::Relaxed) => self.reader().await?.query(sql, &values).await?,
            rows => rows?,
        };
        self.connector.check_confirmed(before)?;
        rows.iter().map(cells_of).collect()
    }

    async fn scrub(&self) -> Result<(), StoreError> {
        // The deleted rows are ciphertext, and their keys are wrapped by the master key: the server's files
        // hold nothing in clear. VACUUM takes the dead rows out of the table itself.
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
        let view = in_time(view.start()).await?;
        let head = in_time(view.query_one("SELECT log_id, position, hash, recorded_at FROM head", &[])).await?;
        sink(Record::Head(head_of(&head)))?;
        let mut parts: Vec<(&str, fn(&Row) -> Record)> = vec![
            ("SELECT * FROM ONLY events ORDER BY position", |row| Record::Event(stored_event(row))),
            ("SELECT * FROM ONLY blobs ORDER BY sha256", |row| Record::Blob(Digest(hash_of(row.get(0))), row.get(1))),
            ("SELECT * FROM ONLY blob_chunks ORDER BY sha256, number", |row| {
                Record::Chunk(Digest(hash_of(row.get(0))), row.get(1), row.get(2))
            }),
            ("SELECT * FROM ONLY commands ORDER BY scope, id", |row| Record::Command(command_row(row))),
            ("SELECT * FROM ONLY claims ORDER BY kind, key", |row| {
                Record::Claim(ClaimRow { kind: row.get(0), key: row.get(1), holder: row.get(2) })
            }),
        ];
        if vault {
            parts.push(("SELECT * FROM ONLY vault ORDER BY subject", |row| Record::Vault(vault_row(row))));
        }
        for (sql, read) in parts {
            let rows = in_time(view.query_raw(sql, std::iter::empty::<&str>())).await?;
            pin_mut!(rows);
            // A line can freeze between two rows.
            while let Some(row) = in_time(rows.try_next()).await? {
                sink(read(&row))?;
            }
        }
        in_time(view.commit()).await?;
        self.give_back(client);
        Ok(())
    }

    async fn load(&self, mut records: Source) -> Result<(), StoreError> {
        let mut client = self.client().await?;
        let transaction = in_time(client.transaction()).await?;
        let head = transaction.query_one("SELECT log_id, position, hash, recorded_at FROM head WHERE id = 1 FOR UPDATE", &[]);
        if head_of(&in_time(head).await?).position != 0 {
            return Err(StoreError::NotPossible("the store is not empty: load into a new one".into()));
        }
        let target = load::load(&transaction, &mut records).await?;
        // So much may take its time on a slow disk.
        tokio::time::timeout(PATIENCE * 20, transaction.commit()).await.map_err(|_| late())?.map_err(unavailable)?;
        self.identity.becomes(&target);
        self.give_back(client);
        tracing::info!("loaded {} events", target.position);
        Ok(())
    }

    async fn check_room(&self) -> Result<(), StoreError> {
        self.connector.check_room().await
    }

    async fn try_room(&self) -> Result<(), StoreError> {
        self.try_write().await
    }

    fn write_trouble(&self) -> Option<String> {
        self.trouble.why()
    }

    async fn takes_writes(&self) -> Result<(), StoreError> {
        self.check_rights().await?;
        self.check_tables().await
    }

    fn folder(&self) -> Option<PathBuf> {
        None
    }

    fn describe(&self) -> String {
        "PostgreSQL".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    #[ignore = "needs PostgreSQL: run tools/test.sh"]
    async fn a_connection_that_lost_its_statements_is_replaced() {
        let url = std::env::var("BANGTIN_TEST_POSTGRES").expect("a server: run tools/test.sh");
        let connector = Connector::new(&(&url).into()).expect("an address");
        let admin = connect(&connector, Work::Long).await.expect("a connection");
        let name = format!("statements_{}", std::process::id());
        admin.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("a database");
        let (base, _) = url.rsplit_once('/').expect("a database's name");
        let log = PostgresLog::open(&(&format!("{base}/{name}")).into(), Arc::new(|| 0)).await.expect("a log");
        for _ in 0..2 {
            log.head().await.expect("read");
            let changed = log.change_rows("DELETE FROM once WHERE key = $1 RETURNING key", vec!["x".into()]).await;
            assert_eq!(changed.expect("changed"), Vec::<Vec<Cell>>::new());
            // What a pooler in transaction mode does.
            log.reader().await.expect("a connection").client.batch_execute("DEALLOCATE ALL").await.expect("forgotten");
        }
        let changed = log.change_rows("DELETE FROM once WHERE key = $1 RETURNING key", vec!["x".into()]).await;
        assert!(changed.is_ok(), "{changed:?}");
    }
}
