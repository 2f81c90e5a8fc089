//! PostgreSQL with a standby: who is written to, what may be lost, and what a node does that only reads.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use bangtin::app::ExecuteError;
use bangtin::cli::demo;
use bangtin::event_store::{self, Access};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_postgres::NoTls;

use crate::process::{self, Server, bangtin};
use crate::support::{Database, Kind, NOON, Node, TestClock, free_port, postgres_url};

/// Longest that anything here is waited for.
const BOUND: Duration = Duration::from_mins(1);

/// Programs of the newest PostgreSQL on the machine. The server refuses to run as root.
fn postgres(program: &str, arguments: &[&str]) {
    let found = std::fs::read_dir("/usr/lib/postgresql").expect("run tools/test.sh").map(|entry| entry.unwrap().path());
    let newest = found.max_by_key(|path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok())).unwrap();
    let program = newest.join("bin").join(program);
    let mut command = if process_is_root() { Command::new("runuser") } else { Command::new(&program) };
    if process_is_root() {
        command.args(["-u", "postgres", "--"]).arg(&program);
    }
    let output = command.args(arguments).current_dir("/").output().unwrap();
    assert!(output.status.success(), "{}: {}", program.display(), String::from_utf8_lossy(&output.stderr));
}

fn process_is_root() -> bool {
    std::fs::read_to_string("/proc/self/status").unwrap().contains("Uid:\t0\t")
}

/// A server of its own.
struct Postgres {
    data: PathBuf,
    port: u16,
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if self.data.join("postmaster.pid").exists() {
            self.stop();
        }
    }
}

impl Postgres {
    fn start(&self) {
        let settings = format!("-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c wal_sender_timeout=2s", self.port);
        let log = self.data.with_extension("log");
        postgres("pg_ctl", &["-D", self.data.to_str().unwrap(), "-w", "-l", log.to_str().unwrap(), "-o", &settings, "start"]);
    }

    /// Stops it as a machine that loses its power does.
    fn stop(&self) {
        postgres("pg_ctl", &["-D", self.data.to_str().unwrap(), "-m", "immediate", "stop"]);
    }

    fn promote(&self) {
        postgres("pg_ctl", &["-D", self.data.to_str().unwrap(), "-w", "promote"]);
    }

    fn url(&self) -> String {
        format!("postgres://bangtin@127.0.0.1:{}/postgres", self.port)
    }

    async fn owner(&self) -> tokio_postgres::Client {
        let (client, connection) = tokio_postgres::connect(&self.url(), NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }
}

/// A primary and its synchronous standby.
struct Pair {
    primary: Postgres,
    standby: Postgres,
    folder: TempDir,
}

impl Pair {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        if process_is_root() {
            crate::support::run("chown", &["postgres", folder.path().to_str().unwrap()]);
        }
        let server = |name: &str| Postgres { data: folder.path().join(name), port: free_port() };
        let (primary, standby) = (server("first"), server("second"));
        let path = |server: &Postgres| server.data.to_str().unwrap().to_owned();
        postgres("initdb", &["-N", "-D", &path(&primary), "-U", "bangtin", "-A", "trust", "-E", "UTF8", "--locale=C"]);
        primary.start();
        let from = format!("host=127.0.0.1 port={} user=bangtin application_name=second", primary.port);
        postgres("pg_basebackup", &["-N", "-c", "fast", "-R", "-D", &path(&standby), "-d", &from]);
        standby.start();
        let owner = primary.owner().await;
        owner.batch_execute("ALTER SYSTEM SET synchronous_standby_names = 'second'").await.unwrap();
        owner.batch_execute("SELECT pg_reload_conf()").await.unwrap();
        let pair = Self { primary, standby, folder };
        pair.until("SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'").await;
        pair
    }

    /// Waits until the primary says yes.
    async fn until(&self, sql: &str) {
        let (owner, begun) = (self.primary.owner().await, Instant::now());
        while !owner.query_one(sql, &[]).await.unwrap().get::<_, bool>(0) {
            assert!(begun.elapsed() < BOUND, "{sql}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The address that names both.
    fn database(&self) -> Database {
        let url = format!("postgres://bangtin@127.0.0.1:{},127.0.0.1:{}/postgres", self.primary.port, self.standby.port);
        Database { kind: Kind::Postgres, url, folder: tempfile::tempdir().unwrap() }
    }
}

fn station(id: &str) -> String {
    format!(
        r#"{{"id":"{id}","type":"map-point.publish","facts":{{"kind":"health-station","title":"Trạm {id}","position":{{"lon":104.87,"lat":21.7}}}}}}"#
    )
}

/// Waits until the node shows so many stations of that name.
async fn shows(node: &Node, title: &str, count: usize) {
    let begun = Instant::now();
    let quoted = format!("\"title\":\"{title}\"");
    loop {
        let shown = node.get("/collections/health-stations/items?limit=100").await.text();
        if shown.matches(&quoted).count() == count {
            return;
        }
        assert!(begun.elapsed() < BOUND, "{count} × {title}: {shown}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn a_commit_that_may_be_on_no_standby_is_not_acknowledged_and_after_a_failover_it_was_never_there() {
    let pair = Pair::start().await;
    // Nobody's setting ends a commit while it waits for the standby.
    pair.primary.owner().await.batch_execute("ALTER DATABASE postgres SET statement_timeout = '500ms'").await.unwrap();
    let node = Node::start(&pair.database(), &TestClock::at(NOON)).await;
    node.apply(&station("a")).await;
    pair.standby.stop();
    let (app, command) = (node.app.clone(), station("b"));
    let sent = tokio::spawn(async move {
        let request = bangtin::app::Request::parse(serde_json::from_str(&command).unwrap()).unwrap();
        app.execute(&bangtin::domain::access::Actor::local(), request, &demo::file).await
    });
    pair.until("SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND now() - query_start > interval '2 s'").await;
    // What somebody does who wants the server to go on without its standby.
    pair.until("SELECT bool_or(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'").await;
    let answered = sent.await.unwrap();
    assert!(matches!(answered, Err(ExecuteError::Unknown(_))), "{answered:?}");
    shows(&node, "Trạm b", 1).await;
    let again = station("b");
    let repeated = tokio::time::timeout(Duration::from_secs(2), node.try_apply(&again, &demo::file)).await;
    assert!(repeated.is_err(), "it waits for the standby: {repeated:?}");
    // The standby takes over, and never had it.
    pair.primary.stop();
    pair.standby.start();
    pair.standby.promote();
    shows(&node, "Trạm b", 0).await;
    let begun = Instant::now();
    while let Err(error) = node.try_apply(&again, &demo::file).await {
        assert!(begun.elapsed() < BOUND, "{error}");
    }
    let once_more = node.try_apply(&again, &demo::file).await.unwrap();
    assert!(once_more.repeated);
    shows(&node, "Trạm b", 1).await;
    let head = node.app.log().head().await.unwrap();
    let (position, hash) = (node.model.image().position, node.model.image().hash);
    assert_eq!((head.position, head.hash), (position, hash));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn a_standby_is_refused_for_writing_and_serves_all_that_is_read() {
    let pair = Pair::start().await;
    let (first, second) = (pair.folder.path().join("node-1"), pair.folder.path().join("node-2"));
    let primary = Server::demo(&first, Some(&pair.primary.url()));
    let said = process::run(&second, Some(&pair.standby.url()), &["serve"]);
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(said.contains("chỉ cho đọc") && said.contains("--read-only"), "{said}");
    std::fs::create_dir_all(&second).unwrap();
    std::fs::copy(first.join("vault.key"), second.join("vault.key")).unwrap();
    let address = format!("127.0.0.1:{}", free_port());
    let reader =
        Server::serving(bangtin(&second, Some(&pair.standby.url())).args(["serve", "--read-only", "--listen", &address]), address.clone());
    follows(&reader, &primary);
    only_reads(&reader);
    let token = process::run(&first, Some(&pair.primary.url()), &["token", "create", "--role", "planner", "--unit", "all"]);
    assert!(token.status.success(), "{}", String::from_utf8_lossy(&token.stderr));
    follows(&reader, &primary);
    // It goes on while the standby is away, and comes back with it.
    pair.standby.stop();
    assert_eq!(reader.get("/q/QHSDD21AG").0, 200);
    pair.standby.start();
    let begun = Instant::now();
    while !reader.get("/readyz").1.contains("\"read-only\"") {
        assert!(begun.elapsed() < BOUND, "{:?}", reader.get("/readyz"));
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_file_is_served_without_being_written_beside_a_writer_and_after_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let writer = Server::demo(&data, None);
    let address = format!("127.0.0.1:{}", free_port());
    let start = || Server::serving(bangtin(&data, None).args(["serve", "--read-only", "--listen", &address]), address.clone());
    let reader = start();
    only_reads(&reader);
    let token = process::run(&data, None, &["token", "create", "--role", "planner", "--unit", "all"]);
    assert!(token.status.success(), "{}", String::from_utf8_lossy(&token.stderr));
    follows(&reader, &writer);
    drop(reader);
    assert_eq!(writer.end("TERM").0, Some(0));
    let files = || {
        let all = std::fs::read_dir(&data).unwrap().map(|entry| entry.unwrap());
        let kept = all.filter(|entry| entry.file_name() != "bangtin.sqlite-shm" && entry.file_name() != "bangtin.sqlite-wal");
        let mut kept: Vec<_> =
            kept.filter(|entry| entry.path().is_file()).map(|entry| (entry.file_name(), std::fs::read(entry.path()).unwrap())).collect();
        kept.sort();
        kept
    };
    let before = files();
    let reader = start();
    only_reads(&reader);
    assert_eq!(reader.end("TERM").0, Some(0));
    assert!(files() == before, "nothing was written");
}

/// Waits until a node is where another one is.
fn follows(reader: &Server, writer: &Server) {
    let position = |server: &Server| serde_json::from_str::<serde_json::Value>(&server.get("/readyz").1).unwrap()["position"].as_i64();
    let (wanted, begun) = (position(writer), Instant::now());
    while position(reader) < wanted {
        assert!(begun.elapsed() < BOUND, "{:?} of {wanted:?}", position(reader));
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Everything is read there, and nothing written.
fn only_reads(reader: &Server) {
    for path in [
        "/",
        "/q/QHSDD21AG",
        "/q/QHSDD21AG/poster.pdf",
        "/collections/zones/items?limit=5",
        "/nearest?kind=ambulance",
        "/today",
        "/indicators",
    ] {
        assert_eq!(reader.get(path).0, 200, "{path}");
    }
    let (status, said) = reader.get("/readyz");
    assert!(status == 200 && said.contains("\"read-only\""), "{said}");
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let post = |path: &str, form: &str| {
        let request = agent.post(format!("http://{}{path}", reader.address)).content_type("application/x-www-form-urlencoded");
        let mut answer = request.send(form.to_owned()).unwrap();
        let waits = answer.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        (answer.status().as_u16(), waits, answer.body_mut().read_to_string().unwrap())
    };
    for path in ["/desk", "/collections/plans/items", "/reports", "/q/QHSDD21AG/report", "/office/sign-in", "/imports"] {
        let (status, waits, said) = post(path, "a=b");
        assert_eq!((status, waits.as_deref()), (503, Some("60")), "{path}: {said}");
        assert!(said.contains("chỉ cho đọc"), "{path}: {said}");
    }
    assert_eq!(reader.get("/office").0, 503);
    assert_eq!(post("/nearest", "kind=ambulance&lon=104.87&lat=21.7").0, 200, "a form that changes nothing");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn a_server_that_takes_connections_and_says_nothing_does_not_keep_the_next_one_from_being_asked() {
    let database = Database::new(Kind::Postgres).await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent_address = silent.local_addr().unwrap();
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((stream, _)) = silent.accept().await {
            kept.push(stream);
        }
    });
    let url = database.url.replacen('@', &format!("@{silent_address},"), 1);
    let node = Node::start(&Database { url, ..database }, &TestClock::at(NOON)).await;
    node.apply(&station("a")).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn a_password_is_read_from_its_file_and_a_new_one_needs_no_new_start() {
    let ca = format!("{}/tls/ca.pem", std::env::var("BANGTIN_TEST_POSTGRES_TLS").unwrap());
    let database = Database::new(Kind::Postgres).await;
    let (owner, connection) = tokio_postgres::connect(&postgres_url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    let (_, rest) = database.url.split_once('@').unwrap();
    let url = format!("postgres://secured@{rest}?sslrootcert={ca}&sslmode=verify-full&channel_binding=require");
    let file = database.path("password");
    let access = || Access { url: url.clone(), password_file: Some(file.clone()), is_read_only: false };
    let open = async |text: Option<&str>| {
        text.inspect(|text| std::fs::write(&file, text).unwrap());
        event_store::open(access(), TestClock::at(NOON).clock()).await.map_err(|error| error.to_string())
    };
    let refused = |opened: Result<_, String>| opened.map(|_: std::sync::Arc<dyn event_store::EventLog>| ()).unwrap_err();
    assert!(refused(open(None).await).contains(&file.display().to_string()));
    assert!(refused(open(Some("\n")).await).contains("trống"));
    assert!(refused(open(Some("another\n")).await).contains("secured"));
    let log = open(Some("secret\n")).await.unwrap();
    assert_eq!(log.head().await.unwrap().position, 0);
    // The sessions are ended, as by a change of password; those that come anew read the file anew.
    std::fs::write(&file, "wrong").unwrap();
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1";
    let name = rest.rsplit('/').next().unwrap();
    owner.execute(end, &[&name]).await.unwrap();
    let begun = Instant::now();
    while log.head().await.is_ok() {
        assert!(begun.elapsed() < BOUND);
    }
    std::fs::write(&file, "secret").unwrap();
    while log.head().await.is_err() {
        assert!(begun.elapsed() < BOUND);
    }
}
