//! Stores of both kinds, a clock that tests can move, and the site behind its real router.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request as HttpRequest, StatusCode};
use bangtin::app::{App, Outcome, Request};
use bangtin::cli::demo;
use bangtin::domain::access::Actor;
use bangtin::domain::city::CityCommand;
use bangtin::event_store::dump::Writer;
use bangtin::event_store::{self, Clock, EventLog};
use bangtin::http::{Limits, Site, router};
use bangtin::import::attach::Files;
use bangtin::node::follower;
use bangtin::read_model::ReadModel;
use bangtin::read_model::blobs::Blobs;
use bangtin::vault::Vault;
use http_body_util::BodyExt;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

/// 2026-11-24 12:00 in Yên Bái.
pub const NOON: i64 = 1_795_496_400_000_000;

/// The databases every test of the store runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// An empty database that goes away with the test.
pub struct Database {
    pub kind: Kind,
    pub url: String,
    pub folder: TempDir,
}

static NUMBER: AtomicU64 = AtomicU64::new(0);

pub fn postgres_url() -> String {
    std::env::var("BANGTIN_TEST_POSTGRES").expect("run the tests with tools/test.sh: it starts PostgreSQL")
}

impl Database {
    pub async fn new(kind: Kind) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = match kind {
            Kind::Sqlite => format!("sqlite://{}", folder.path().join("log.sqlite").display()),
            Kind::Postgres => {
                let name = format!("test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
                let admin = postgres_url();
                let (client, connection) = tokio_postgres::connect(&admin, tokio_postgres::NoTls).await.unwrap();
                tokio::spawn(connection);
                client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
                let (base, _) = admin.rsplit_once('/').unwrap();
                format!("{base}/{name}")
            }
        };
        Self { kind, url, folder }
    }

    pub async fn open(&self) -> Arc<dyn EventLog> {
        self.open_at(&TestClock::at(NOON)).await
    }

    pub async fn open_at(&self, clock: &TestClock) -> Arc<dyn EventLog> {
        event_store::open(&self.url, clock.clock()).await.unwrap()
    }

    /// Runs SQL past the program, as somebody with access to the database could.
    pub async fn tamper(&self, sql: &str) -> Result<(), String> {
        match self.kind {
            Kind::Sqlite => {
                let connection = rusqlite::Connection::open(self.url.strip_prefix("sqlite://").unwrap()).unwrap();
                connection.busy_timeout(Duration::from_secs(10)).unwrap();
                connection.execute_batch(sql).map_err(|error| error.to_string())
            }
            Kind::Postgres => {
                let (client, connection) = tokio_postgres::connect(&self.url, tokio_postgres::NoTls).await.unwrap();
                tokio::spawn(connection);
                client.batch_execute(sql).await.map_err(|error| format!("{:?}", error.as_db_error().map(|e| e.message().to_owned())))
            }
        }
    }

    /// A folder of this test.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// A clock that stands still until a test moves it.
#[derive(Clone)]
pub struct TestClock {
    /// Microseconds since 1970; or ahead of the machine's clock, where it runs.
    micros: Arc<AtomicI64>,
    runs: bool,
}

impl TestClock {
    pub fn at(micros: i64) -> Self {
        Self { micros: Arc::new(AtomicI64::new(micros)), runs: false }
    }

    /// A clock that runs, so many seconds ahead of the machine's.
    pub fn running(ahead: i64) -> Self {
        Self { micros: Arc::new(AtomicI64::new(ahead * 1_000_000)), runs: true }
    }

    pub fn set(&self, moment: &str) {
        let moment: jiff::Timestamp = moment.parse().unwrap();
        self.micros.store(moment.as_microsecond(), Ordering::SeqCst);
    }

    /// Sets a clock that runs so many seconds ahead of the machine's.
    pub fn set_ahead(&self, seconds: i64) {
        self.micros.store(seconds * 1_000_000, Ordering::SeqCst);
    }

    pub fn clock(&self) -> Clock {
        let (now, runs) = (Arc::clone(&self.micros), self.runs);
        #[expect(clippy::disallowed_methods, reason = "what others issue is dated by the machine's clock")]
        Arc::new(move || now.load(Ordering::SeqCst) + if runs { jiff::Timestamp::now().as_microsecond() } else { 0 })
    }
}

/// The demo city at noon: its store, its clock, a node.
pub async fn demo(kind: Kind) -> (Database, TestClock, Node) {
    let database = Database::new(kind).await;
    let clock = TestClock::at(NOON);
    let node = Node::demo(&database, &clock).await;
    (database, clock, node)
}

/// The demo's first command of that type to an item.
pub fn demo_command(code: &str, kind: &str) -> Value {
    let mut commands = demo::commands().map(|line| serde_json::from_str::<Value>(line).unwrap());
    commands.find(|command| command["code"] == code && command["type"] == kind).unwrap_or_else(|| panic!("no {kind} of {code}"))
}

/// A program that ends with the test.
pub struct Running(std::process::Child);

impl Running {
    pub fn start(command: &mut std::process::Command) -> Self {
        let quiet = std::process::Stdio::null;
        Self(command.stdout(quiet()).stderr(quiet()).spawn().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port at which nobody listens yet.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A node: write path, image, follower, and the router.
pub struct Node {
    pub app: Arc<App>,
    pub model: Arc<ReadModel>,
    pub router: Router,
    pub site: Arc<Site>,
}

/// What a request was answered.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Node {
    pub async fn start(database: &Database, clock: &TestClock) -> Self {
        Self::start_with(database, clock, Limits::default()).await
    }

    pub async fn start_with(database: &Database, clock: &TestClock, limits: Limits) -> Self {
        let log = database.open_at(clock).await;
        let vault = Arc::new(Vault::new([7; 32]));
        let app = App::open(Arc::clone(&log), vault, clock.clock(), database.path("erasures.txt")).await.unwrap();
        let app = Arc::new(app);
        app.read_apart(env!("CARGO_BIN_EXE_bangtin").into());
        if app.city().id.is_empty() {
            let city = demo::city(Some("https://bangtin.example".into())).unwrap();
            app.set_city(CityCommand::Record(city)).await.unwrap();
        }
        let mut image = follower::build(&log, None).await.unwrap();
        follower::load_shared(&log, app.vault(), &mut image).await.unwrap();
        let folder = database.path("blobs");
        std::fs::create_dir_all(&folder).unwrap();
        let blobs = Blobs::new(log, 64 << 20, (database.kind == Kind::Postgres).then_some(folder));
        let model = Arc::new(ReadModel::new(image, blobs, 64 << 20));
        tokio::spawn(follower::follow(Arc::clone(&app), Arc::clone(&model), None));
        let site = Arc::new(Site::new(Arc::clone(&app), Arc::clone(&model), limits));
        let router = router(Arc::clone(&site));
        Self { app, model, router, site }
    }

    /// A node with the whole demo city.
    pub async fn demo(database: &Database, clock: &TestClock) -> Self {
        let node = Self::start(database, clock).await;
        demo::load_units(&node.app).await.unwrap();
        for line in demo::commands() {
            node.apply(line).await;
        }
        node
    }

    /// Carries out a command that must be allowed; the image has it when this returns.
    pub async fn apply(&self, line: &str) -> Outcome {
        let outcome = self.try_apply(line, &demo::file).await.unwrap_or_else(|error| panic!("{error}: {line:.500}"));
        assert!(self.model.wait_for(outcome.position, Duration::from_secs(5)).await);
        outcome
    }

    pub async fn try_apply(&self, line: &str, files: Files<'_>) -> Result<Outcome, bangtin::app::ExecuteError> {
        let request = Request::parse(serde_json::from_str(line).unwrap())?;
        self.app.execute(&Actor::local(), request, files).await
    }

    /// Writes a backup, or an export without the vault.
    pub async fn dump(&self, vault: bool, path: &Path) {
        let writer = Arc::new(std::sync::Mutex::new(Some(Writer::new(std::fs::File::create(path).unwrap()))));
        let sink = Arc::clone(&writer);
        self.app.log().dump(vault, Box::new(move |record| sink.lock().unwrap().as_mut().unwrap().record(record))).await.unwrap();
        let taken = writer.lock().unwrap().take();
        taken.unwrap().finish().unwrap();
    }

    pub async fn send(&self, request: HttpRequest<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[]).await
    }

    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = HttpRequest::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub async fn post(&self, path: &str, token: &str, body: impl Into<Body>) -> Answer {
        self.post_with(path, token, body, &[]).await
    }

    pub async fn post_with(&self, path: &str, token: &str, body: impl Into<Body>, headers: &[(&str, &str)]) -> Answer {
        let mut request = HttpRequest::post(path).header("authorization", format!("Bearer {token}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.into()).unwrap()).await
    }
}

/// Runs a program and gives its standard output; its failure is the test's.
pub fn run(program: &str, arguments: &[&str]) -> String {
    let output = std::process::Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}; run tools/test.sh"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Every file below a folder that holds `needle`.
pub fn files_with(folder: &Path, needle: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, needle));
        } else if std::fs::read(&path).is_ok_and(|bytes| bytes.windows(needle.len()).any(|window| window == needle.as_bytes())) {
            found.push(path);
        }
    }
    found
}

/// The same test on SQLite and on PostgreSQL.
#[macro_export]
macro_rules! on_both_databases {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")] async fn $name() { super::$name($crate::support::Kind::Sqlite).await; })+
        }
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread")]
                #[ignore = "needs PostgreSQL: run tools/test.sh"]
                async fn $name() { super::$name($crate::support::Kind::Postgres).await; }
            )+
        }
    };
}
