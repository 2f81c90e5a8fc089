//! The figures of `docs/performance.md`, each a ratio of two things in one run.
//!
//! `cargo bench --bench figures -- [sqlite] [postgres] [start] [qr]`; PostgreSQL from
//! `BANGTIN_TEST_POSTGRES`. `tools/bench.sh` sets everything up and adds the HTTP figures.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, missing_docs)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bangtin::app::{App, Request};
use bangtin::cli::demo;
use bangtin::domain::Code;
use bangtin::domain::access::Actor;
use bangtin::domain::city::CityCommand;
use bangtin::domain::families::LogEvent;
use bangtin::event_store::dump::Record;
use bangtin::event_store::{self, Clock, EventLog, Head, NewEvent, StoredEvent, chain};
use bangtin::import::attach::no_files;
use bangtin::node::follower;
use bangtin::vault::Vault;
use serde_json::json;

const SECONDS: Duration = Duration::from_secs(3);

fn clock() -> Clock {
    Arc::new(|| jiff::Timestamp::now().as_microsecond())
}

fn say(what: &str, ours: f64, theirs: f64, goal: &str) {
    println!("| {what} | {ours:.0} | {theirs:.0} | {:.2} | {goal} |", ours / theirs);
}

async fn app(log: Arc<dyn EventLog>, folder: &std::path::Path) -> Arc<App> {
    let app = App::open(log, Arc::new(Vault::new([1; 32])), clock(), folder.join("erasures.txt")).await.unwrap();
    if app.city().id.is_empty() {
        app.set_city(CityCommand::Record(demo::city(None).unwrap())).await.unwrap();
    }
    Arc::new(app)
}

fn publish(id: String) -> Request {
    let facts = json!({ "kind": "ambulance", "title": "Xe cứu thương", "position": { "lon": 104.87, "lat": 21.7 },
        "operator": "Bệnh viện đa khoa", "phones": [{ "label": "Trực", "number": "0216 0000 111" }] });
    Request { id, kind: "map-point.publish".into(), code: None, body: json!({ "facts": facts }), blobs: Vec::new(), with: Vec::new() }
}

fn duty(id: String, code: Code) -> Request {
    Request {
        id,
        kind: "map-point.set-duty".into(),
        code: Some(code),
        body: json!({ "duty": "ready" }),
        blobs: Vec::new(),
        with: Vec::new(),
    }
}

/// Durable commands a second by `writers` tasks, each on an item of its own.
async fn commands(app: &Arc<App>, writers: usize, given: Option<Code>) -> f64 {
    static RUN: AtomicU64 = AtomicU64::new(0);
    let run = RUN.fetch_add(1, Ordering::Relaxed);
    let mut codes = Vec::new();
    for writer in 0..writers {
        codes.push(match given {
            Some(code) => code,
            None => app.execute(&Actor::local(), publish(format!("p{run}-{writer}")), &no_files).await.unwrap().code.unwrap(),
        });
    }
    let started = Instant::now();
    let tasks: Vec<_> = codes
        .into_iter()
        .enumerate()
        .map(|(writer, code)| {
            let app = Arc::clone(app);
            tokio::spawn(async move {
                let mut n = 0_u64;
                while started.elapsed() < SECONDS {
                    app.execute(&Actor::local(), duty(format!("d{run}-{writer}-{n}"), code), &no_files).await.unwrap();
                    n += 1;
                }
                n
            })
        })
        .collect();
    let mut total = 0;
    for task in tasks {
        total += task.await.unwrap();
    }
    total as f64 / started.elapsed().as_secs_f64()
}

/// The same rows, a transaction each, eight connections.
fn sqlite_one_row(path: &std::path::Path) -> f64 {
    let log = rusqlite::Connection::open(path).unwrap();
    log.pragma_update(None, "journal_mode", "WAL").unwrap();
    log.execute_batch(include_str!("../migrations/sqlite/0001_log.sql")).unwrap();
    log.execute("INSERT INTO head VALUES (1, 'x', 0, x'00', 0)", []).unwrap();
    let started = Instant::now();
    let threads: Vec<_> = (0..8)
        .map(|writer| {
            let path = path.to_owned();
            std::thread::spawn(move || {
                let mut connection = rusqlite::Connection::open(path).unwrap();
                connection.busy_timeout(Duration::from_secs(10)).unwrap();
                connection.pragma_update(None, "synchronous", "FULL").unwrap();
                let mut n = 0_u64;
                while started.elapsed() < SECONDS {
                    n += 1;
                    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).unwrap();
                    let position: i64 = transaction.query_row("SELECT position + 1 FROM head", [], |row| row.get(0)).unwrap();
                    let payload = "{\"duty\":\"ready\",\"at\":\"2026-11-23T12:00:00.123456Z\"}";
                    transaction
                        .prepare_cached("INSERT INTO events VALUES (?1, ?2, ?3, 'map-point.duty_changed', 1, ?4, 1, 'local', ?5, x'00')")
                        .unwrap()
                        .execute(rusqlite::params![position, format!("map-point/{writer}"), n as i64, payload, format!("{writer}-{n}")])
                        .unwrap();
                    transaction
                        .prepare_cached(
                            "INSERT INTO commands VALUES ('local', ?1, x'00', ?2, ?2, '{\"code\":\"XXXXXXXXX\",\"revision\":1}')",
                        )
                        .unwrap()
                        .execute(rusqlite::params![format!("{writer}-{n}"), position])
                        .unwrap();
                    transaction.prepare_cached("UPDATE head SET position = ?1").unwrap().execute([position]).unwrap();
                    transaction.commit().unwrap();
                }
                n
            })
        })
        .collect();
    let total: u64 = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    total as f64 / started.elapsed().as_secs_f64()
}

async fn sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("log.sqlite").display());
    let app = app(event_store::open(&url, clock()).await.unwrap(), folder.path()).await;
    let ours = commands(&app, 8, None).await;
    let theirs = sqlite_one_row(&folder.path().join("one.sqlite"));
    say("durable commands/s, SQLite, 8 writers ÷ one-row transactions", ours, theirs, "≥ 1.5");
    let old = app.execute(&Actor::local(), publish("old".into()), &no_files).await.unwrap().code.unwrap();
    for n in 0..1_000 {
        app.execute(&Actor::local(), duty(format!("old-{n}"), old), &no_files).await.unwrap();
    }
    let (young, long) = (commands(&app, 1, None).await, commands(&app, 1, Some(old)).await);
    say("the same, one writer, on an item of 1,000 events ÷ a new one", long, young, "0.9–1.1");
}

async fn postgres_client(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// One-row transactions: through the head row, or plain inserts.
async fn postgres_one_row(url: &str, writers: usize, through_head: bool) -> f64 {
    let started = Instant::now();
    let mut tasks = Vec::new();
    for writer in 0..writers {
        let mut client = postgres_client(url).await;
        tasks.push(tokio::spawn(async move {
            let lock = client.prepare("SELECT position FROM bench_head FOR UPDATE").await.unwrap();
            let insert = client.prepare("INSERT INTO bench_events VALUES ($1, $2, $3, $4)").await.unwrap();
            let update = client.prepare("UPDATE bench_head SET position = $1").await.unwrap();
            let payload = "{\"duty\":\"ready\",\"at\":\"2026-11-23T12:00:00.123456Z\"}";
            let mut n = 0_i64;
            while started.elapsed() < SECONDS {
                n += 1;
                let transaction = client.transaction().await.unwrap();
                if through_head {
                    let position = transaction.query_one(&lock, &[]).await.unwrap().get::<_, i64>(0) + 1;
                    transaction.execute(&insert, &[&(writer as i64), &n, &position, &payload]).await.unwrap();
                    transaction.execute(&update, &[&position]).await.unwrap();
                } else {
                    transaction.execute(&insert, &[&(writer as i64 + 1_000), &n, &0_i64, &payload]).await.unwrap();
                }
                transaction.commit().await.unwrap();
            }
            n
        }));
    }
    let mut total = 0;
    for task in tasks {
        total += task.await.unwrap();
    }
    total as f64 / started.elapsed().as_secs_f64()
}

async fn postgres() {
    let admin = std::env::var("BANGTIN_TEST_POSTGRES").expect("BANGTIN_TEST_POSTGRES names a server");
    let name = format!("bench_{}", std::process::id());
    postgres_client(&admin).await.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    let url = format!("{}/{name}", admin.rsplit_once('/').unwrap().0);
    let folder = tempfile::tempdir().unwrap();
    let client = postgres_client(&url).await;
    let tables = "CREATE TABLE bench_head (position BIGINT); INSERT INTO bench_head VALUES (0);
        CREATE TABLE bench_events (writer BIGINT, n BIGINT, position BIGINT, payload TEXT, PRIMARY KEY (writer, n))";
    client.batch_execute(tables).await.unwrap();
    let app = app(event_store::open(&url, clock()).await.unwrap(), folder.path()).await;
    let ours = commands(&app, 8, None).await;
    let theirs = postgres_one_row(&url, 8, true).await;
    say("durable commands/s, PostgreSQL, 8 writers ÷ one-row transactions through the head row", ours, theirs, "≥ 2");
    let old = app.execute(&Actor::local(), publish("old".into()), &no_files).await.unwrap().code.unwrap();
    for n in 0..1_000 {
        app.execute(&Actor::local(), duty(format!("old-{n}"), old), &no_files).await.unwrap();
    }
    let (young, long) = (commands(&app, 1, None).await, commands(&app, 1, Some(old)).await);
    say("the same, one writer, on an item of 1,000 events ÷ a new one", long, young, "0.9–1.1");
    let large = format!("bench_large_{}", std::process::id());
    postgres_client(&admin).await.batch_execute(&format!("CREATE DATABASE {large}")).await.unwrap();
    let large = format!("{}/{large}", admin.rsplit_once('/').unwrap().0);
    let log = event_store::open(&large, clock()).await.unwrap();
    log.load(Box::new(records(100_000, 1))).await.unwrap();
    let large = self::app(log, folder.path()).await;
    let (many, none) = (commands(&large, 8, None).await, commands(&app, 8, None).await);
    say("the same, 8 writers, with 100,000 items ÷ with few", many, none, "0.9–1.1");
    client.batch_execute("TRUNCATE bench_events").await.unwrap();
    let (ours, theirs) = (commands(&app, 64, None).await, postgres_one_row(&url, 64, false).await);
    say("the same, 64 writers ÷ plain INSERT transactions", ours, theirs, "≥ 0.5");
}

/// A log of 100,000 items and 1,000,000 events: nine duties to each point, as the demo's mix has.
fn records(items: u64, each: u64) -> impl FnMut() -> Result<Option<Record>, event_store::StoreError> + Send {
    let mut head = Head { log_id: "bench".into(), position: 0, hash: chain::GENESIS, recorded_at: 1 };
    let mut made: u64 = 0;
    let total = items * each;
    // The head record comes first, so the chain is walked once before.
    let event = move |n: u64| {
        let (item, sequence) = (n / each, n % each);
        let seed: [u8; 8] = std::array::from_fn(|i| (item >> (5 * i)) as u8);
        let code = Code::from_random(seed);
        let (name, payload) = if sequence == 0 {
            let facts = json!({ "kind": "ambulance", "title": format!("Xe cứu thương số {item}"), "position": { "lon": 104.82 + (item % 1_000) as f64 * 1e-4, "lat": 21.65 + (item / 1_000) as f64 * 1e-3 },
                "always_open": true, "operator": "Bệnh viện đa khoa minh họa", "role": "Cấp cứu", "units": ["04252-2025"], "phones": [{ "label": "Trực cấp cứu", "number": "0216 0000 111" }] });
            ("map-point.published", json!({ "code": code, "revision": 1, "effective_from": "2026-01-01", "facts": facts }).to_string())
        } else {
            ("map-point.duty_changed", "{\"duty\":\"ready\",\"at\":\"2026-11-23T05:00:00Z\"}".to_owned())
        };
        NewEvent { aggregate: format!("map-point/{code}"), sequence: sequence as i64 + 1, name: name.into(), version: 1, payload }
    };
    let stored = move |n: u64, previous: &[u8; 32]| {
        let mut stored = StoredEvent {
            position: n as i64 + 1,
            event: event(n),
            recorded_at: 1,
            actor: "local".into(),
            command_id: n.to_string(),
            hash: chain::GENESIS,
        };
        stored.hash = chain::link(previous, &stored);
        stored
    };
    let mut last = head.clone();
    for n in 0..total {
        last.hash = stored(n, &last.hash).hash;
    }
    last.position = total as i64;
    let mut first = Some(last);
    move || {
        if let Some(head) = first.take() {
            return Ok(Some(Record::Head(head)));
        }
        if made == total {
            return Ok(None);
        }
        let next = stored(made, &head.hash);
        head.hash = next.hash;
        made += 1;
        Ok(Some(Record::Event(next)))
    }
}

async fn start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.sqlite");
    let log = event_store::open(&format!("sqlite://{}", path.display()), clock()).await.unwrap();
    let (items, each) = (100_000, 10);
    log.load(Box::new(records(items, each))).await.unwrap();
    let events = (items * each) as f64;
    // Streaming the same query and reading each event, on one core.
    let stream = || {
        let started = Instant::now();
        let connection = rusqlite::Connection::open(&path).unwrap();
        let mut statement = connection.prepare("SELECT name, version, payload FROM events ORDER BY position").unwrap();
        let mut rows = statement.query([]).unwrap();
        let mut count = 0_u64;
        while let Some(row) = rows.next().unwrap() {
            let (name, payload) = (row.get_ref(0).unwrap().as_str().unwrap(), row.get_ref(2).unwrap().as_str().unwrap());
            std::hint::black_box(LogEvent::decode(name, row.get(1).unwrap(), payload).unwrap());
            count += 1;
        }
        assert_eq!(count, items * each);
        events / started.elapsed().as_secs_f64()
    };
    stream();
    let theirs = stream();
    let started = Instant::now();
    let image = follower::build(&log, None).await.unwrap();
    let ours = events / started.elapsed().as_secs_f64();
    assert_eq!(image.len() as u64, items);
    say("start, events/s, 1,000,000 events, no snapshot ÷ streaming the query and reading each", ours, theirs, "≥ 0.5, ≥ 150,000/s");
    let snapshot = folder.path().join("image.snapshot");
    let bytes = bangtin::node::snapshot::encode(&image, "bench").unwrap();
    bangtin::node::snapshot::write(&snapshot, &bytes).unwrap();
    drop(image);
    let started = Instant::now();
    let image = follower::build(&log, Some(&snapshot)).await.unwrap();
    assert_eq!(image.len() as u64, items);
    println!("| start with a snapshot ({} MB), seconds | {:.2} | | | < 2 |", bytes.len() / 1_000_000, started.elapsed().as_secs_f64());
    // Writing with a large log behind it.
    let app = app(Arc::clone(&log), folder.path()).await;
    let ours = commands(&app, 8, None).await;
    let small = tempfile::tempdir().unwrap();
    let other = event_store::open(&format!("sqlite://{}", small.path().join("log.sqlite").display()), clock()).await.unwrap();
    let other = self::app(other, small.path()).await;
    let theirs = commands(&other, 8, None).await;
    say("durable commands/s, SQLite, with 100,000 items ÷ with none", ours, theirs, "0.9–1.1");
}

fn qr() {
    let codes: Vec<Code> = (0..2_000_u32).map(|n| Code::from_random(std::array::from_fn(|i| (n >> (4 * i)) as u8))).collect();
    let started = Instant::now();
    for code in &codes {
        let address = bangtin::render::qr::address("https://bangtin.yenbai.example.vn", *code, None);
        std::hint::black_box(bangtin::render::qr::Matrix::new(&address).unwrap().svg("QR"));
    }
    println!("| QR codes as SVG a second a core, uncached | {:.0} | | | ≥ 2,000 |", 2_000.0 / started.elapsed().as_secs_f64());
}

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wants = |name: &str| asked.is_empty() || asked.iter().any(|argument| argument == name);
    println!("| what | ours | beside it | ratio | goal |\n|---|---|---|---|---|");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if wants("qr") {
        qr();
    }
    if wants("sqlite") {
        runtime.block_on(sqlite());
    }
    if wants("postgres") {
        runtime.block_on(postgres());
    }
    if wants("start") {
        runtime.block_on(start());
    }
}
