//! The seam, on both databases by the same tests.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bangtin::domain::Digest;
use bangtin::event_store::chain::{ChainError, Verifier};
use bangtin::event_store::dump::Record;
use bangtin::event_store::{
    Append, AppendError, Appended, BlobBytes, ClaimRow, CommandRow, EventLog, NewEvent, StoreError, VaultChange, VaultRow,
};

use crate::on_both_databases;
use crate::support::{Database, Kind, NOON, TestClock};

on_both_databases!(
    positions_are_dense_and_in_order,
    a_sequence_that_was_taken_is_a_conflict,
    a_repeated_command_gets_its_first_result,
    a_claim_is_held_by_one_aggregate,
    eight_writers_on_one_aggregate_lose_and_double_nothing,
    eight_writers_on_many_aggregates_lose_and_double_nothing,
    rows_cannot_be_changed_deleted_replaced_or_truncated,
    a_changed_row_is_found_and_named,
    a_second_node_sees_every_event_within_a_second,
    two_first_starts_at_once_make_one_log,
    a_database_of_a_newer_version_is_refused,
    a_blob_comes_back_whole,
    recorded_time_always_increases,
    a_log_loads_into_an_empty_store_only,
    every_connection_is_durable,
);

fn event(aggregate: &str, sequence: i64) -> NewEvent {
    NewEvent { aggregate: aggregate.into(), sequence, name: "test.happened".into(), version: 1, payload: format!("{{\"n\":{sequence}}}") }
}

fn append(aggregate: &str, sequence: i64) -> Append {
    Append { events: vec![event(aggregate, sequence)], actor: "local".into(), ..Append::default() }
}

fn command(id: &str) -> CommandRow {
    CommandRow { scope: "local".into(), id: id.into(), digest: [1; 32], first_position: 0, last_position: 0, result: "{}".into() }
}

async fn verified(log: &Arc<dyn EventLog>) -> Result<i64, ChainError> {
    let mut verifier = Verifier::default();
    for stored in log.read(0, 1_000_000).await.unwrap() {
        verifier.next(&stored)?;
    }
    verifier.finish(&log.head().await.unwrap())?;
    Ok(verifier.position)
}

async fn positions_are_dense_and_in_order(kind: Kind) {
    let database = Database::new(kind).await;
    let log = database.open().await;
    for sequence in 1..=5 {
        let two = Append { events: vec![event("a", sequence), event("b", sequence)], ..Append::default() };
        let appended = log.append(two).await.unwrap();
        assert_eq!(appended, Appended { first: sequence * 2 - 1, last: sequence * 2 });
    }
    let positions: Vec<i64> = log.read(3, 4).await.unwrap().iter().map(|stored| stored.position).collect();
    assert_eq!(positions, [4, 5, 6, 7]);
    let own: Vec<i64> = log.read_aggregate("b", 2).await.unwrap().iter().map(|stored| stored.event.sequence).collect();
    assert_eq!(own, [3, 4, 5]);
    assert_eq!(verified(&log).await, Ok(10));
}

async fn a_sequence_that_was_taken_is_a_conflict(kind: Kind) {
    let database = Database::new(kind).await;
    let log = database.open().await;
    log.append(append("a", 1)).await.unwrap();
    assert_eq!(log.append(append("a", 1)).await, Err(AppendError::Conflict("a".into())));
    assert_eq!(log.append(append("a", 3)).await, Err(AppendError::Conflict("a".into())));
    assert_eq!(log.head().await.unwrap().position, 1);
}

async fn a_repeated_command_gets_its_first_result(kind: Kind) {
    let database = Database::new(kind).await;
    let log = database.open().await;
    let with = |id: &str, scope: &str, sequence| Append {
        command: Some(CommandRow { scope: scope.into(), ..command(id) }),
        ..append("a", sequence)
    };
    log.append(with("1", "local", 1)).await.unwrap();
    let Err(AppendError::Repeated(row)) = log.append(with("1", "local", 2)).await else { panic!("carried out twice") };
    assert_eq!((row.first_position, row.last_position, row.digest), (1, 1, [1; 32]));
    assert_eq!(log.find_command("local", "1").await.unwrap(), Some(row));
    // Another token's ids are its own.
    log.append(with("1", "t-2", 2)).await.unwrap();
    assert_eq!(log.find_command("t-3", "1").await.unwrap(), None);
}

async fn a_claim_is_held_by_one_aggregate(kind: Kind) {
    let database = Database::new(kind).await;
    let log = database.open().await;
    let claim = |holder: &str| ClaimRow { kind: "decision".into(), key: "1/QĐ".into(), holder: holder.into() };
    let with = |aggregate: &str, sequence| Append { claims: vec![claim(aggregate)], ..append(aggregate, sequence) };
    log.append(with("a", 1)).await.unwrap();
    assert_eq!(log.append(with("b", 1)).await, Err(AppendError::Claimed(claim("a"))));
    log.append(with("a", 2)).await.unwrap();
    assert_eq!(log.find_claim("decision", "1/QĐ").await.unwrap().as_deref(), Some("a"));
    assert_eq!(log.head().await.unwrap().position, 2);
}

/// Eight tasks append until each has written its share, reading and trying again on a conflict.
async fn eight_writers(kind: Kind, aggregate_of: fn(usize) -> String) {
    const EACH: usize = 25;
    let database = Database::new(kind).await;
    // Two connections to the same store, as two processes would have.
    let logs = [database.open().await, database.open().await];
    let positions = Arc::new(Mutex::new(HashSet::new()));
    let mut tasks = Vec::new();
    for writer in 0..8 {
        let log = Arc::clone(&logs[writer % 2]);
        let positions = Arc::clone(&positions);
        let aggregate = aggregate_of(writer);
        tasks.push(tokio::spawn(async move {
            let mut done = 0;
            while done < EACH {
                let last = log.read_aggregate(&aggregate, 0).await.unwrap().len() as i64;
                match log.append(append(&aggregate, last + 1)).await {
                    Ok(appended) => {
                        assert!(positions.lock().unwrap().insert(appended.last), "a position was given twice");
                        done += 1;
                    }
                    Err(AppendError::Conflict(_)) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(positions.lock().unwrap().len(), 8 * EACH);
    assert_eq!(verified(&logs[0]).await, Ok(8 * EACH as i64));
}

async fn eight_writers_on_one_aggregate_lose_and_double_nothing(kind: Kind) {
    eight_writers(kind, |_| "one".into()).await;
}

async fn eight_writers_on_many_aggregates_lose_and_double_nothing(kind: Kind) {
    eight_writers(kind, |writer| format!("aggregate-{writer}")).await;
}

async fn rows_cannot_be_changed_deleted_replaced_or_truncated(kind: Kind) {
    let database = Database::new(kind).await;
    let log = database.open().await;
    log.append(append("a", 1)).await.unwrap();
    log.append(append("a", 2)).await.unwrap();
    let mut attempts = vec![
        "UPDATE events SET payload = '{}' WHERE position = 1",
        "DELETE FROM events WHERE position = 2",
        "INSERT INTO events SELECT * FROM events WHERE position = 1 ON CONFLICT (position) DO UPDATE SET payload = '{}'",
        "INSERT INTO events SELECT * FROM events WHERE position = 1 ON CONFLICT (aggregate, sequence) DO UPDATE SET payload = '{}'",
    ];
    match kind {
        Kind::Sqlite => attempts.extend([
            "REPLACE INTO events SELECT position, aggregate, sequence, name, version, '{}', recorded_at, actor, command_id, hash FROM events WHERE position = 1",
            "INSERT OR REPLACE INTO events SELECT 3, aggregate, sequence, name, version, '{}', recorded_at, actor, command_id, hash FROM events WHERE position = 1",
        ]),
        Kind::Postgres => attempts.push("TRUNCATE events"),
    }
    for sql in attempts {
        assert!(database.tamper(sql).await.is_err(), "{sql} was let through");
    }
    assert_eq!(verified(&log).await, Ok(2));
}

async fn a_changed_row_is_found_and_named(kind: Kind) {
    let free = match kind {
        Kind::Sqlite => "DROP TRIGGER events_update; DROP TRIGGER events_delete; DROP TRIGGER events_append;",
        Kind::Postgres => "ALTER TABLE events DISABLE TRIGGER ALL;",
    };
    let attempts = [
        ("UPDATE events SET payload = '{\"n\":9}' WHERE position = 2", ChainError::Changed(2, "test.happened".into())),
        ("UPDATE events SET recorded_at = recorded_at + 1 WHERE position = 3", ChainError::Changed(3, "test.happened".into())),
        ("DELETE FROM events WHERE position = 2", ChainError::Missing { expected: 2, found: 3 }),
        ("DELETE FROM events WHERE position = 4", ChainError::Tail { expected: 4, found: 3 }),
    ];
    for (sql, expected) in attempts {
        let database = Database::new(kind).await;
        let log = database.open().await;
        for sequence in 1..=4 {
            log.append(append("a", sequence)).await.unwrap();
        }
        database.tamper(&format!("{free} {sql}")).await.unwrap();
        assert_eq!(verified(&log).await, Err(expected), "{sql}");
    }
}

async fn a_second_node_sees_every_event_within_a_second(kind: Kind) {
    let database = Database::new(kind).await;
    let (writer, reader) = (database.open().await, database.open().await);
    let mut hint = reader.hint();
    for sequence in 1..=3 {
        let appended = writer.append(append("a", sequence)).await.unwrap();
        let seen = tokio::time::timeout(Duration::from_secs(1), hint.wait_for(|position| *position >= appended.last)).await;
        assert!(seen.is_ok_and(|seen| seen.is_ok()), "event {sequence} was not seen within a second");
    }
}

async fn two_first_starts_at_once_make_one_log(kind: Kind) {
    let database = Arc::new(Database::new(kind).await);
    let starts: Vec<_> = (0..4)
        .map(|_| {
            let database = Arc::clone(&database);
            tokio::spawn(async move { database.open().await.head().await.unwrap().log_id })
        })
        .collect();
    let mut ids = HashSet::new();
    for start in starts {
        ids.insert(start.await.unwrap());
    }
    assert_eq!(ids.len(), 1);
}

async fn a_database_of_a_newer_version_is_refused(kind: Kind) {
    let database = Database::new(kind).await;
    drop(database.open().await);
    let newer = match kind {
        Kind::Sqlite => "PRAGMA user_version = 999",
        Kind::Postgres => "INSERT INTO schema_version VALUES (999)",
    };
    database.tamper(newer).await.unwrap();
    let opened = bangtin::event_store::open(&database.url, TestClock::at(NOON).clock()).await;
    assert!(matches!(opened.err(), Some(StoreError::Newer { found: 999, .. })));
}

async fn a_blob_comes_back_whole(kind: Kind) {
    let database = Database::new(kind).await;
    let log = database.open().await;
    let bytes: Arc<[u8]> = (0..3_000_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let digest = Digest::of(&bytes);
    log.put_blob(digest, BlobBytes::memory(Arc::clone(&bytes))).await.unwrap();
    log.put_blob(digest, BlobBytes::memory(Arc::clone(&bytes))).await.unwrap();
    assert_eq!(log.get_blob(digest).await.unwrap().as_deref(), Some(&bytes[..]));
    assert_eq!(log.get_blob(Digest([0; 32])).await.unwrap(), None);
    assert_eq!(log.blobs().await.unwrap(), [(digest, 3_000_000)]);
}

async fn recorded_time_always_increases(kind: Kind) {
    let database = Database::new(kind).await;
    let clock = TestClock::at(NOON);
    let log = database.open_at(&clock).await;
    log.append(append("a", 1)).await.unwrap();
    clock.set("2020-01-01T00:00:00Z");
    log.append(append("a", 2)).await.unwrap();
    let times: Vec<i64> = log.read(0, 9).await.unwrap().iter().map(|stored| stored.recorded_at).collect();
    assert_eq!(times, [NOON, NOON + 1], "a moment names a position, whatever the clock does");
}

pub async fn dumped(log: &Arc<dyn EventLog>, vault: bool) -> Vec<Record> {
    let records = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&records);
    log.dump(
        vault,
        Box::new(move |record| {
            sink.lock().unwrap().push(record);
            Ok(())
        }),
    )
    .await
    .unwrap();
    Arc::try_unwrap(records).unwrap().into_inner().unwrap()
}

pub async fn load(log: &Arc<dyn EventLog>, records: Vec<Record>) -> Result<(), StoreError> {
    let mut records = records.into_iter();
    log.load(Box::new(move || Ok(records.next()))).await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn a_whole_log_moves_to_the_other_database_and_back() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        moves_and_comes_back(kind).await;
    }
}

async fn moves_and_comes_back(kind: Kind) {
    let other = if kind == Kind::Sqlite { Kind::Postgres } else { Kind::Sqlite };
    let (from, to, back) = (Database::new(kind).await, Database::new(other).await, Database::new(kind).await);
    let log = from.open().await;
    let row = VaultRow { subject: "s".into(), wrapped_key: vec![0, 1], data: vec![2, 255] };
    for sequence in 1..=150 {
        let more = Append {
            command: Some(command(&sequence.to_string())),
            claims: vec![ClaimRow { kind: "code".into(), key: format!("Đ{sequence}"), holder: "a".into() }],
            vault: vec![VaultChange::Put(row.clone())],
            ..append("a", sequence)
        };
        log.append(more).await.unwrap();
    }
    let bytes: Arc<[u8]> = vec![7; 2_500_000].into();
    log.put_blob(Digest::of(&bytes), BlobBytes::memory(bytes)).await.unwrap();
    let records = dumped(&log, true).await;
    let (second, third) = (to.open().await, back.open().await);
    load(&second, records.clone()).await.unwrap();
    let moved = dumped(&second, true).await;
    load(&third, moved.clone()).await.unwrap();
    let returned = dumped(&third, true).await;
    assert_eq!(records.len(), returned.len());
    let unordered = |records: &[Record]| {
        let mut texts: Vec<String> = records.iter().map(|r| format!("{r:?}")).collect();
        texts.sort();
        texts
    };
    assert_eq!(unordered(&records), unordered(&moved));
    assert_eq!(unordered(&records), unordered(&returned));
    assert_eq!(verified(&third).await, Ok(150));
    // The moved log goes on where it was.
    assert_eq!(second.append(append("a", 151)).await.unwrap().last, 151);
    assert!(!dumped(&log, false).await.iter().any(|record| matches!(record, Record::Vault(_))));
}

async fn a_log_loads_into_an_empty_store_only(kind: Kind) {
    let (from, to) = (Database::new(kind).await, Database::new(kind).await);
    let (log, full) = (from.open().await, to.open().await);
    log.append(append("a", 1)).await.unwrap();
    full.append(append("x", 1)).await.unwrap();
    let mut records = dumped(&log, false).await;
    assert!(matches!(load(&full, records.clone()).await, Err(StoreError::NotPossible(_))));
    // A damaged file leaves the store as it was.
    let third = Database::new(kind).await;
    let empty = third.open().await;
    if let Some(Record::Event(stored)) = records.iter_mut().find(|record| matches!(record, Record::Event(_))) {
        stored.event.payload = "{\"n\":2}".into();
    }
    assert!(matches!(load(&empty, records).await, Err(StoreError::Damaged(_))));
    assert_eq!(empty.head().await.unwrap().position, 0);
    assert_eq!(full.read(0, 9).await.unwrap().len(), 1);
}

/// SQLite asserts `synchronous` on each connection when it is opened (`connect` refuses otherwise);
/// here: the file is in WAL mode, which the level belongs to. PostgreSQL: a session that says off
/// is not what the program uses.
async fn every_connection_is_durable(kind: Kind) {
    let database = Database::new(kind).await;
    let log = database.open().await;
    log.append(append("a", 1)).await.unwrap();
    match kind {
        Kind::Sqlite => {
            let connection = rusqlite::Connection::open(database.url.strip_prefix("sqlite://").unwrap()).unwrap();
            let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
            assert_eq!(mode, "wal");
        }
        Kind::Postgres => {
            let (_, name) = database.url.rsplit_once('/').unwrap();
            database.tamper(&format!("ALTER DATABASE {name} SET synchronous_commit = off")).await.unwrap();
            // A new connection sets it on again, and refuses to go on if that fails.
            let again = database.open().await;
            again.append(append("a", 2)).await.unwrap();
        }
    }
}
