//! PostgreSQL as offices and clouds offer it: over TLS only, or behind a pooler. `tools/test.sh` gives
//! the server a certificate for localhost and 127.0.0.1, and a user who is let in over TLS alone.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bangtin::event_store;
use bangtin::import::attach::no_files;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_postgres::NoTls;

use crate::process::run;
use crate::support::{Database, Kind, NOON, Node, TestClock, postgres_url};

/// A file of the test's CA (`tls/ca.pem`), of its server (`tls/server.pem`), or of a CA that has nothing to do with it.
fn file(name: &str) -> String {
    let folder = std::env::var("BANGTIN_TEST_POSTGRES_TLS").expect("run the tests with tools/test.sh: it makes certificates");
    format!("{folder}/{name}")
}

/// An empty database, its address for a user who must come over TLS, and its name.
async fn secured(host: &str, parameters: &str) -> (Database, String) {
    let direct = Database::new(Kind::Postgres).await;
    let (_, rest) = direct.url.split_once('@').unwrap();
    let (address, name) = rest.split_once('/').unwrap();
    let (_, port) = address.rsplit_once(':').unwrap();
    let (url, name) = (format!("postgres://secured:secret@{host}:{port}/{name}?{parameters}"), name.to_owned());
    (Database { url, ..direct }, name)
}

/// The sentence with which a database is not opened.
async fn refused(url: &str) -> String {
    event_store::open(url, TestClock::at(NOON).clock()).await.err().expect("it must be refused").to_string()
}

fn holds(sentence: &str, parts: &[&str]) {
    for part in parts {
        assert!(sentence.contains(part), "“{part}” is missing: {sentence}");
    }
}

/// A session beside the program, that of the server's owner.
async fn owner() -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(&postgres_url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn station(id: &str) -> String {
    format!(
        r#"{{"id":"{id}","type":"map-point.publish","facts":{{"kind":"health-station","title":"Trạm {id}","position":{{"lon":104.87,"lat":21.7}}}}}}"#
    )
}

/// Carries a command out, however often its connections are lost before; the position of its event.
async fn in_the_end(node: &Node, id: &str) -> i64 {
    let started = Instant::now();
    loop {
        match node.try_apply(&station(id), &bangtin::cli::demo::file).await {
            Ok(outcome) => return outcome.position,
            Err(error) => assert!(started.elapsed() < Duration::from_secs(30), "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn a_server_that_demands_tls_is_reached_with_its_ca_named() {
    let ca = file("tls/ca.pem");
    for mode in ["sslmode=require&", "sslmode=verify-full&", "sslmode=verify-ca&", "sslmode=verify-full&channel_binding=require&", ""] {
        for host in ["localhost", "127.0.0.1"] {
            let (database, _) = secured(host, &format!("{mode}sslrootcert={ca}")).await;
            let log = database.open().await;
            assert_eq!(log.head().await.unwrap().position, 0, "{mode} {host}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn everything_goes_over_tls_and_the_follower_comes_back_over_it() {
    let (database, name) = secured("localhost", &format!("sslmode=verify-full&sslrootcert={}", file("tls/ca.pem"))).await;
    let clock = TestClock::at(NOON);
    let nodes = [Node::start(&database, &clock).await, Node::start(&database, &clock).await];
    let position = nodes[0].apply(&station("a")).await.position;
    assert!(nodes[1].model.wait_for(position, Duration::from_secs(10)).await, "the other node follows");
    let owner = owner().await;
    let of_database = "FROM pg_stat_activity JOIN pg_stat_ssl USING (pid) WHERE datname = $1 AND backend_type = 'client backend'";
    let count = format!("SELECT count(*), count(*) FILTER (WHERE ssl AND usename = 'secured') {of_database}");
    let row = owner.query_one(&count, &[&name]).await.unwrap();
    let (all, encrypted): (i64, i64) = (row.get(0), row.get(1));
    // Both nodes listen and read, one has written.
    assert!(all >= 5 && encrypted == all, "{encrypted} of {all}");
    owner.query(&format!("SELECT pg_terminate_backend(pid) {of_database}"), &[&name]).await.unwrap();
    let position = in_the_end(&nodes[0], "b").await;
    assert!(nodes[1].model.wait_for(position, Duration::from_secs(20)).await, "and goes on following");
    let row = owner.query_one(&count, &[&name]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), row.get::<_, i64>(1), "what came anew is encrypted too");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn a_server_that_demands_tls_says_what_to_add_to_an_address_in_clear() {
    for parameters in ["", "sslmode=disable", "sslmode=prefer"] {
        let (database, _) = secured("127.0.0.1", parameters).await;
        holds(&refused(&database.url).await, &["không nhận kết nối không mã hóa", "no connection in clear", "sslmode=verify-full"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn an_address_in_clear_works_as_before() {
    let database = Database::new(Kind::Postgres).await;
    for parameters in ["", "?sslmode=disable", "?sslmode=prefer"] {
        let log = event_store::open(&format!("{}{parameters}", database.url), TestClock::at(NOON).clock()).await;
        assert!(log.is_ok(), "{parameters}");
    }
    holds(&refused(&format!("{}?sslmode=verify", database.url)).await, &["sslmode=verify:", "verify-full"]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn a_certificate_for_another_host_is_refused_unless_only_its_issuer_is_asked_for() {
    let by_name = |mode: &str, ca: &str| format!("hostaddr=127.0.0.1&sslmode={mode}&sslrootcert={}", file(ca));
    for mode in ["require", "verify-full"] {
        let (database, _) = secured("db.example", &by_name(mode, "tls/ca.pem")).await;
        holds(&refused(&database.url).await, &["không ghi tên “db.example”", "does not name “db.example”", "localhost", "verify-ca"]);
    }
    let (database, _) = secured("db.example", &by_name("verify-ca", "tls/ca.pem")).await;
    database.open().await;
    let (database, _) = secured("db.example", &by_name("verify-ca", "other/ca.pem")).await;
    holds(&refused(&database.url).await, &["was issued by no CA in"]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn a_certificate_of_an_unknown_ca_is_refused_and_the_sentence_says_how_to_name_the_file() {
    let other = file("other/ca.pem");
    for mode in ["require", "verify-ca", "verify-full"] {
        let (database, _) = secured("127.0.0.1", &format!("sslmode={mode}&sslrootcert={other}")).await;
        holds(&refused(&database.url).await, &[&other, "sslrootcert=/PATH/ca.pem", "sslrootcert=/ĐƯỜNG/DẪN/ca.pem", "unlike psql"]);
    }
    // The machine's own list does not have the test's CA; should there be no list, that is said.
    let (database, _) = secured("127.0.0.1", "sslmode=require").await;
    holds(&refused(&database.url).await, &["sslrootcert=/PATH/ca.pem"]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn a_server_is_known_by_its_own_certificate() {
    // Without the CA, and whatever host it names.
    let (database, _) =
        secured("db.example", &format!("hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert={}", file("tls/server.pem"))).await;
    database.open().await;
    let (database, _) = secured("127.0.0.1", &format!("sslmode=verify-full&sslrootcert={}", file("other/server.pem"))).await;
    holds(&refused(&database.url).await, &["sslrootcert="]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn a_ca_file_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "no certificate\n").unwrap();
    for (path, why) in [(empty, "PEM"), (folder.path().join("missing.pem"), "There is no file")] {
        let (database, _) = secured("127.0.0.1", &format!("sslmode=verify-full&sslrootcert={}", path.display())).await;
        holds(&refused(&database.url).await, &[path.to_str().unwrap(), "sslrootcert", why]);
    }
}

/// PgBouncer before the tests' server, in clear; it ends with the test.
struct Pooler {
    child: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Pooler {
    fn start(mode: &str) -> Self {
        let server = postgres_url();
        let (_, address) = server.split_once('@').unwrap();
        Self::before_port(mode, address.rsplit_once(':').unwrap().1.split_once('/').unwrap().0)
    }

    /// A pooler before a server on that port.
    fn before_port(mode: &str, server_port: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // It gives up root for a user who must get here too.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let port = crate::support::free_port();
        let (users, config) = (folder.path().join("users"), folder.path().join("pgbouncer.ini"));
        std::fs::write(&users, "\"bangtin\" \"\"\n").unwrap();
        let text = format!(
            "[databases]\n* = host=127.0.0.1 port={server_port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = trust\nauth_file = {}\npool_mode = {mode}\n",
            users.display()
        );
        std::fs::write(&config, text).unwrap();
        let pooler = Self { child: Self::run(folder.path()), port, folder };
        pooler.listens();
        pooler
    }

    fn run(folder: &Path) -> Child {
        let program = if Path::new("/usr/sbin/pgbouncer").exists() { "/usr/sbin/pgbouncer" } else { "pgbouncer" };
        let mut command = Command::new(program);
        let root = std::fs::metadata("/proc/self").is_ok_and(|meta| std::os::unix::fs::MetadataExt::uid(&meta) == 0);
        if root {
            command.args(["-u", "postgres"]);
        }
        let log = std::fs::File::create(folder.join("log")).unwrap();
        let config = folder.join("pgbouncer.ini");
        command.arg(&config).stdout(Stdio::null()).stderr(log).spawn().expect("run tools/test.sh: it installs pgbouncer")
    }

    /// It starts anew in another mode.
    fn restart(&mut self, mode: &str) {
        let config = self.folder.path().join("pgbouncer.ini");
        let text = std::fs::read_to_string(&config).unwrap();
        let (before, _) = text.split_once("pool_mode").unwrap();
        std::fs::write(&config, format!("{before}pool_mode = {mode}\n")).unwrap();
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.child = Self::run(self.folder.path());
        self.listens();
    }

    fn listens(&self) {
        let (pooler, port, started) = (self, self.port, Instant::now());
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            let log = std::fs::read_to_string(pooler.folder.path().join("log")).unwrap_or_default();
            assert!(started.elapsed() < Duration::from_secs(10), "PgBouncer did not start: {log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// A database's address through the pooler.
    fn before(&self, database: &Database) -> String {
        let (_, name) = database.url.rsplit_once('/').unwrap();
        format!("postgres://bangtin@127.0.0.1:{}/{name}", self.port)
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn a_pooler_in_transaction_mode_is_refused_at_the_start_and_nothing_is_written() {
    for mode in ["transaction", "statement"] {
        let (pooler, database) = (Pooler::start(mode), Database::new(Kind::Postgres).await);
        let url = pooler.before(&database);
        holds(&refused(&url).await, &["pool_mode = session", "chế độ transaction", "in transaction or statement mode"]);
        // What the first attempt left with the pooler does not change the answer.
        holds(&refused(&url).await, &["pool_mode = session"]);
        let output = tokio::task::block_in_place(|| run(&database.path("data"), Some(&url), &["log", "verify"]));
        assert!(!output.status.success(), "{mode}");
        holds(&String::from_utf8_lossy(&output.stderr), &["pool_mode = session"]);
        let (client, connection) = tokio_postgres::connect(&database.url, NoTls).await.unwrap();
        tokio::spawn(connection);
        let row = client.query_one("SELECT to_regclass('schema_version') IS NULL", &[]).await.unwrap();
        assert!(row.get::<_, bool>(0), "{mode}: no table was made");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn behind_a_pooler_in_session_mode_nodes_write_and_follow() {
    let (pooler, direct) = (Pooler::start("session"), Database::new(Kind::Postgres).await);
    let url = pooler.before(&direct);
    let (database, clock) = (Database { url, ..direct }, TestClock::at(NOON));
    let nodes = [Node::start(&database, &clock).await, Node::start(&database, &clock).await];
    for id in ["a", "b"] {
        let position = nodes[0].apply(&station(id)).await.position;
        assert!(nodes[1].model.wait_for(position, Duration::from_secs(10)).await, "the other node follows");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn a_server_without_tls_is_not_spoken_to_in_clear_when_tls_is_asked_for() {
    // PgBouncer without a certificate answers like PostgreSQL with ssl = off.
    let (pooler, database) = (Pooler::start("session"), Database::new(Kind::Postgres).await);
    for mode in ["require", "verify-ca", "verify-full"] {
        let url = format!("{}?sslmode={mode}&sslrootcert={}", pooler.before(&database), file("tls/ca.pem"));
        holds(&refused(&url).await, &["không bật TLS", "offers no TLS", "ssl = on", "sslmode=disable"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn a_database_that_may_not_be_written_to_says_what_the_account_needs() {
    let database = Database::new(Kind::Postgres).await;
    for (options, parts) in [
        ("-c%20default_transaction_read_only%3Don", ["chỉ cho đọc", "address of the primary"]),
        ("-c%20search_path%3Dnosuch", ["CREATE SCHEMA", "correct search_path"]),
        ("-c%20role%3Dpg_monitor", ["GRANT USAGE, CREATE ON SCHEMA", "ALTER DATABASE"]),
    ] {
        holds(&refused(&format!("{}?options={options}", database.url)).await, &parts);
    }
    // A schema that somebody made later, named like the account.
    drop(Node::start(&database, &TestClock::at(NOON)).await);
    database.tamper("CREATE SCHEMA AUTHORIZATION bangtin").await.unwrap();
    let options = "-c%20search_path%3D%22%24user%22%2Cpublic";
    holds(&refused(&format!("{}?options={options}", database.url)).await, &["nằm trong schema public", "begins with the schema bangtin"]);
    event_store::open(&format!("{}?options=-csearch_path%3Dpublic", database.url), TestClock::at(NOON).clock()).await.map(|_| ()).unwrap();
    holds(&refused("postgres://a:b@c@127.0.0.1:1/x").await, &["%40"]);
    let sentence = refused("postgres://a:geheim@TAIL@127.0.0.1:1/x").await;
    assert!(!sentence.contains("TAIL"), "{sentence}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn tables_of_another_program_under_our_names_are_named() {
    for (tables, named) in [
        ("CREATE TABLE head (id int)", "head"),
        ("CREATE TABLE schema_version (installed_rank int, version text, description text)", "schema_version"),
        ("CREATE TABLE events (id int); CREATE VIEW sessions AS SELECT 1", "events, sessions"),
    ] {
        let database = Database::new(Kind::Postgres).await;
        database.tamper(tables).await.unwrap();
        let parts = [format!("({named})"), "CREATE SCHEMA bangtin".into(), "tables of another program".into()];
        holds(&refused(&database.url).await, &parts.each_ref().map(String::as_str));
        // As the sentence says.
        database.tamper("CREATE SCHEMA apart").await.unwrap();
        let url = format!("{}?options=-csearch_path%3Dapart%2Cpublic", database.url);
        event_store::open(&url, TestClock::at(NOON).clock()).await.map(|_| ()).unwrap();
        event_store::open(&url, TestClock::at(NOON).clock()).await.map(|_| ()).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn a_database_that_has_no_vietnamese_letters_is_refused_at_the_start() {
    let database = Database::new(Kind::Postgres).await;
    let (server, name) = database.url.rsplit_once('/').unwrap();
    let owner = owner().await;
    for encoding in ["LATIN1", "SQL_ASCII"] {
        let other = format!("{name}_{}", encoding.to_lowercase());
        owner.batch_execute(&format!("DROP DATABASE IF EXISTS \"{other}\"")).await.unwrap();
        let made =
            format!("CREATE DATABASE \"{other}\" OWNER bangtin ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
        owner.batch_execute(&made).await.unwrap();
        holds(&refused(&format!("{server}/{other}")).await, &["không lưu được chữ Việt", "ENCODING 'UTF8' TEMPLATE template0"]);
        owner.batch_execute(&format!("DROP DATABASE \"{other}\" WITH (FORCE)")).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn what_a_pooler_refuses_is_said_as_what_the_server_refuses() {
    let (pooler, database) = (Pooler::start("session"), Database::new(Kind::Postgres).await);
    let url = pooler.before(&database);
    let (server, _) = url.rsplit_once('/').unwrap();
    holds(&refused(&format!("{server}/no_such_database")).await, &["không có cơ sở dữ liệu “no_such_database”"]);
    holds(&refused(&url.replace("bangtin@", "stranger:wrong@")).await, &["không nhận mật khẩu của “stranger”"]);
    holds(&refused(&format!("{url}?options=-c%20geqo%3Doff")).await, &["ignore_startup_parameters"]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn a_pooler_before_a_server_that_is_away_is_not_taken_for_one_in_another_mode() {
    // Nothing listens behind it.
    let port = crate::support::free_port();
    let pooler = Pooler::before_port("session", &port.to_string());
    for _ in 0..2 {
        let sentence = refused(&format!("postgres://bangtin@127.0.0.1:{}/d", pooler.port)).await;
        assert!(sentence.contains("không tới được máy chủ PostgreSQL") || sentence.contains("không trả lời kịp"), "{sentence}");
        assert!(!sentence.contains("pool_mode") && !sentence.contains("default_pool_size"), "{sentence}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn what_stops_the_server_from_answering_is_said_with_what_to_do() {
    let database = Database::new(Kind::Postgres).await;
    let name = database.url.rsplit('/').next().unwrap().to_owned();
    let owner = owner().await;
    owner.batch_execute(&format!("ALTER DATABASE \"{name}\" ALLOW_CONNECTIONS false")).await.unwrap();
    holds(&refused(&database.url).await, &["đang không nhận kết nối", "ALLOW_CONNECTIONS true"]);
    owner.batch_execute(&format!("ALTER DATABASE \"{name}\" ALLOW_CONNECTIONS true")).await.unwrap();
    let direct = format!("{}?sslmode=require&sslrootcert={}&sslnegotiation=direct", database.url, file("tls/ca.pem"));
    holds(&refused(&direct).await, &["PostgreSQL 17"]);
    for option in ["-c%20foo%3Dbar", "-c%20shared_buffers%3D1", "-c%20statement_timeout%3Dabc"] {
        holds(&refused(&format!("{}?options={option}", database.url)).await, &["options=…"]);
    }
    holds(&refused(&format!("{}?channel_binding=require", database.url)).await, &["channel_binding", "sslmode=verify-full"]);
    owner.batch_execute("DROP ROLE IF EXISTS bt_no_login; CREATE ROLE bt_no_login NOLOGIN").await.unwrap();
    holds(&refused(&database.url.replace("bangtin@", "bt_no_login@")).await, &["ALTER ROLE … LOGIN"]);
    owner.batch_execute("DROP ROLE bt_no_login").await.unwrap();
    for url in ["\"postgres://u@h/d\"", "POSTGRES://u@h/d", "jdbc:postgresql://h/d"] {
        holds(&refused(url).await, &["phải viết sqlite://", "must be written sqlite://"]);
    }
    for (option, parts) in [
        ("target_session_attrs=primary", &["target_session_attrs", "read-write"][..]),
        ("target_session_attrs=read-only", &["target_session_attrs", "read-write"]),
        ("connect_timeout=soon", &["connect_timeout", "không hợp lệ"]),
        ("port=x", &["port", "không hợp lệ"]),
    ] {
        holds(&refused(&format!("{}?{option}", database.url)).await, parts);
    }
    holds(&refused("postgres://u@127.0.0.1:54x/d").await, &["port", "không hợp lệ"]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn at_a_stricter_isolation_level_of_the_database_no_write_is_refused() {
    let (database, clock) = (Database::new(Kind::Postgres).await, TestClock::at(NOON));
    let name = database.url.rsplit('/').next().unwrap().to_owned();
    let set = format!("ALTER DATABASE \"{name}\" SET default_transaction_isolation = 'serializable'");
    owner().await.batch_execute(&set).await.unwrap();
    let nodes = [Node::start(&database, &clock).await, Node::start(&database, &clock).await];
    let lines: Vec<String> = (0..60).map(|n| station(&format!("s{n}"))).collect();
    let writes = lines.iter().enumerate().map(|(n, line)| nodes[n % 2].try_apply(line, &bangtin::cli::demo::file));
    let refused = futures_util::future::join_all(writes).await.into_iter().filter(Result::is_err).count();
    assert_eq!(refused, 0);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn a_server_that_turns_read_only_is_said_and_left_again_by_itself() {
    let (database, clock) = (Database::new(Kind::Postgres).await, TestClock::at(NOON));
    let node = Node::start(&database, &clock).await;
    node.apply(&station("a")).await;
    let owner = owner().await;
    let name = database.url.rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
    for (setting, says) in [("on", "chỉ cho đọc"), ("off", "Following")] {
        owner.batch_execute(&format!("ALTER DATABASE \"{name}\" SET default_transaction_read_only = {setting}")).await.unwrap();
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()";
        // Sessions keep the setting that they began with; nobody ends those when the setting goes.
        if setting == "on" {
            owner.execute(end, &[&name]).await.unwrap();
        }
        let started = Instant::now();
        while !format!("{:?}", node.model.health()).contains(says) {
            assert!(started.elapsed() < Duration::from_secs(30), "{:?}", node.model.health());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    in_the_end(&node, "b").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn an_account_that_lost_a_right_is_said_with_the_table() {
    let (database, clock) = (Database::new(Kind::Postgres).await, TestClock::at(NOON));
    let name = database.url.rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
    let owner = owner().await;
    let role = format!("clerk_{name}");
    owner
        .batch_execute(&format!("CREATE ROLE \"{role}\" LOGIN PASSWORD 'secret'; ALTER DATABASE \"{name}\" OWNER TO \"{role}\""))
        .await
        .unwrap();
    let (_, rest) = database.url.split_once('@').unwrap();
    let own = Database { url: format!("postgres://{role}:secret@{rest}"), ..database };
    let node = Node::start(&own, &clock).await;
    let (client, connection) = tokio_postgres::connect(&own.url, NoTls).await.unwrap();
    tokio::spawn(connection);
    for (sql, says) in [
        (format!("REVOKE INSERT ON events FROM \"{role}\""), "events (INSERT)"),
        (format!("GRANT INSERT ON events TO \"{role}\""), "Following"),
    ] {
        client.batch_execute(&sql).await.unwrap();
        let started = Instant::now();
        while !format!("{:?}", node.model.health()).contains(says) {
            assert!(started.elapsed() < Duration::from_secs(30), "{:?}", node.model.health());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    in_the_end(&node, "a").await;
    drop((client, node));
    owner.batch_execute(&format!("ALTER DATABASE \"{name}\" OWNER TO CURRENT_USER")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn a_new_node_copies_the_sets_of_public_items_before_anybody_asks() {
    let (database, clock, node) = crate::support::demo(Kind::Postgres).await;
    drop(node);
    // The new node has an empty folder of copies.
    let folder = database.path("blobs");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let node = Node::start(&database, &clock).await;
    let wanted = {
        let image = node.model.image();
        // The boundaries of units are on every map.
        let boundaries = image.city.boundaries.as_ref().expect("the demo has boundaries").sha256;
        image.public_sets().chain([boundaries]).collect::<std::collections::BTreeSet<_>>().len()
    };
    assert!(wanted > 4);
    let started = Instant::now();
    while folder.read_dir().unwrap().count() < wanted {
        assert!(started.elapsed() < Duration::from_secs(30), "{} of {wanted}", folder.read_dir().unwrap().count());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn a_node_stays_with_its_log_when_another_database_takes_its_place() {
    let (database, clock) = (Database::new(Kind::Postgres).await, TestClock::at(NOON));
    let node = Node::start(&database, &clock).await;
    let code = node.apply(&station("a")).await.code.unwrap();
    let name = database.url.rsplit('/').next().unwrap().to_owned();
    let owner = owner().await;
    let move_to = async |from: &str, to: &str| {
        // Nobody may come in between the end of the connections and the new name.
        let close = format!("ALTER DATABASE \"{from}\" ALLOW_CONNECTIONS false");
        owner.batch_execute(&close).await.unwrap();
        owner.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1", &[&from]).await.unwrap();
        owner.batch_execute(&format!("ALTER DATABASE \"{from}\" RENAME TO \"{to}\"")).await.unwrap();
        owner.batch_execute(&format!("ALTER DATABASE \"{to}\" ALLOW_CONNECTIONS true")).await.unwrap();
    };
    let health = async |says: &str| {
        let started = Instant::now();
        while !format!("{:?}", node.model.health()).contains(says) {
            assert!(started.elapsed() < Duration::from_secs(30), "{:?}", node.model.health());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    move_to(&name, &format!("{name}_kept")).await;
    owner.batch_execute(&format!("CREATE DATABASE \"{name}\"")).await.unwrap();
    health("has no tables of bangtin").await;
    assert!(!bangtin::event_store::is_there(&database.url).await.unwrap(), "looking makes no tables");
    // Somebody begins a new log in the empty database.
    let stranger = Node::start(&database, &clock).await;
    stranger.apply(&station("b")).await;
    health("holds another log").await;
    let refused = node.try_apply(&station("c"), &bangtin::cli::demo::file).await.unwrap_err().to_string();
    assert!(refused.contains("holds another log"), "{refused}");
    assert_eq!(stranger.app.log().head().await.unwrap().position, 2, "the city, and what the stranger wrote");
    assert_eq!(node.get(&format!("/q/{code}")).await.status.as_u16(), 200, "residents read what they read before");
    drop(stranger);
    move_to(&name, &format!("{name}_other")).await;
    move_to(&format!("{name}_kept"), &name).await;
    health("Following").await;
    in_the_end(&node, "d").await;
}

/// A line to the server over which, while it is stopped, bytes vanish; a connection of that time never answers again.
struct Line {
    url: String,
    is_stopped: Arc<AtomicBool>,
    /// One more, and the connections of before are silent; new ones work.
    forgotten: Arc<AtomicUsize>,
}

async fn line_to(database: &Database) -> Line {
    let (server, name) = database.url.rsplit_once('/').unwrap();
    let target = server.rsplit_once('@').unwrap().1.to_owned();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("postgres://bangtin@{}/{name}", listener.local_addr().unwrap());
    let is_stopped = Arc::new(AtomicBool::new(false));
    let forgotten = Arc::new(AtomicUsize::new(0));
    let (stopped, forgets) = (Arc::clone(&is_stopped), Arc::clone(&forgotten));
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (forgets, born) = (Arc::clone(&forgets), forgets.load(Ordering::Relaxed));
            let server = tokio::net::TcpStream::connect(&target).await.unwrap();
            let ((mut from_client, mut to_client), (mut from_server, mut to_server)) = (client.into_split(), server.into_split());
            let stopped = Arc::clone(&stopped);
            tokio::spawn(async move {
                let mut is_dead = false;
                let (mut up, mut down) = ([0; 4096], [0; 4096]);
                loop {
                    let (bytes, is_up) = tokio::select! {
                        read = from_client.read(&mut up) => (read.unwrap_or(0), true),
                        read = from_server.read(&mut down) => (read.unwrap_or(0), false),
                    };
                    is_dead |= stopped.load(Ordering::Relaxed) || forgets.load(Ordering::Relaxed) > born;
                    if bytes == 0 {
                        // The other side is not told either.
                        if is_dead {
                            std::future::pending::<()>().await;
                        }
                        return;
                    }
                    if !is_dead {
                        let sent = if is_up { to_server.write_all(&up[..bytes]).await } else { to_client.write_all(&down[..bytes]).await };
                        if sent.is_err() {
                            return;
                        }
                    }
                }
            });
        }
    });
    Line { url, is_stopped, forgotten }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn after_connections_that_hang_without_being_closed_the_node_writes_again() {
    let (direct, clock) = (Database::new(Kind::Postgres).await, TestClock::at(NOON));
    let line = line_to(&direct).await;
    let database = Database { url: line.url.clone(), ..direct };
    let node = Node::start(&database, &clock).await;
    node.apply(&station("a")).await;
    line.is_stopped.store(true, Ordering::Relaxed);
    // Those that wait at the same time are answered at about the same time, and readyz says why.
    let started = Instant::now();
    let lines: Vec<String> = (0..6).map(|n| station(&format!("w{n}"))).collect();
    let waiting = futures_util::future::join_all(lines.iter().map(|line| node.try_apply(line, &bangtin::cli::demo::file))).await;
    assert!(waiting.iter().all(Result::is_err));
    assert!(started.elapsed() < Duration::from_secs(50), "{:?}", started.elapsed());
    let started = Instant::now();
    while node.get("/readyz").await.json()["status"] != "degraded" {
        assert!(started.elapsed() < Duration::from_secs(40));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    line.is_stopped.store(false, Ordering::Relaxed);
    let started = Instant::now();
    while let Err(error) = node.try_apply(&station("b"), &bangtin::cli::demo::file).await {
        assert!(started.elapsed() < Duration::from_mins(1), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn a_node_needs_room_for_six_connections_and_no_more() {
    let (database, clock, owner) = (Database::new(Kind::Postgres).await, TestClock::at(NOON), owner().await);
    let name = database.url.rsplit('/').next().unwrap().to_owned();
    owner
        .batch_execute(&format!(
            "CREATE ROLE \"few_{name}\" LOGIN PASSWORD 'secret' CONNECTION LIMIT 6; ALTER DATABASE \"{name}\" OWNER TO \"few_{name}\""
        ))
        .await
        .unwrap();
    let (_, rest) = database.url.split_once('@').unwrap();
    let few = Database { url: format!("postgres://few_{name}:secret@{rest}"), ..database };
    let node = Node::start(&few, &clock).await;
    // The server ends a closed connection only after a moment.
    for _ in 0..20 {
        node.app.log().check_room().await.unwrap();
    }
    in_the_end(&node, "a").await;
    owner.batch_execute(&format!("ALTER ROLE \"few_{name}\" CONNECTION LIMIT 5")).await.unwrap();
    holds(&node.app.log().check_room().await.unwrap_err().to_string(), &["6 kết nối", "6 connections"]);
    drop(node);
    owner.batch_execute(&format!("ALTER DATABASE \"{name}\" OWNER TO CURRENT_USER")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn an_account_without_rights_to_the_tables_is_told_what_to_grant() {
    let (database, clock, owner) = (Database::new(Kind::Postgres).await, TestClock::at(NOON), owner().await);
    drop(Node::start(&database, &clock).await);
    let (server, name) = database.url.rsplit_once('/').unwrap();
    let made = format!("CREATE ROLE \"poor_{name}\" LOGIN PASSWORD 'secret'; ALTER DATABASE \"{name}\" OWNER TO \"poor_{name}\"");
    owner.batch_execute(&made).await.unwrap();
    let url = format!("{}/{name}", server.replace("bangtin@", &format!("poor_{name}:secret@")));
    let said = refused(&url).await;
    holds(&said, &["GRANT ALL ON ALL TABLES IN SCHEMA", "permission denied for table"]);
    database.tamper(&format!("GRANT ALL ON ALL TABLES IN SCHEMA public TO \"poor_{name}\"")).await.unwrap();
    event_store::open(&url, clock.clock()).await.map(|_| ()).unwrap();
    owner.batch_execute(&format!("ALTER DATABASE \"{name}\" OWNER TO CURRENT_USER")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn a_line_that_rejects_is_told_from_one_that_is_missing() {
    let (database, _) = secured("localhost", &format!("sslmode=require&sslrootcert={}", file("tls/ca.pem"))).await;
    holds(&refused(&database.url.replace("secured:", "rejected:")).await, &["dòng reject", "rejects this account"]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn a_log_that_can_be_read_in_part_only_is_no_new_log() {
    let (database, clock, owner) = (Database::new(Kind::Postgres).await, TestClock::at(NOON), owner().await);
    let node = Node::start(&database, &clock).await;
    let code = node.apply(&station("a")).await.code.unwrap();
    drop(node);
    // An account that does not own the tables: rules for rows hold for it.
    let (server, name) = database.url.rsplit_once('/').unwrap();
    let role = format!("reader_{name}");
    owner.batch_execute(&format!("CREATE ROLE \"{role}\" LOGIN PASSWORD 'secret'")).await.unwrap();
    let grants = format!("GRANT USAGE, CREATE ON SCHEMA public TO \"{role}\"; GRANT ALL ON ALL TABLES IN SCHEMA public TO \"{role}\"");
    database.tamper(&grants).await.unwrap();
    let url = format!("{}/{name}", server.replace("bangtin@", &format!("{role}:secret@")));
    let other = Database { url, folder: tempfile::tempdir().unwrap(), kind: Kind::Postgres };
    let node = Node::start(&other, &clock).await;
    for (sql, undo, says) in [
        ("ALTER TABLE events ENABLE ROW LEVEL SECURITY", "ALTER TABLE events DISABLE ROW LEVEL SECURITY", "row level security"),
        (&format!("REVOKE UPDATE ON head FROM \"{role}\""), &format!("GRANT UPDATE ON head TO \"{role}\""), "head (UPDATE)"),
    ] {
        database.tamper(sql).await.unwrap();
        is_said(&node, says).await;
        assert_eq!(node.get(&format!("/q/{code}")).await.status.as_u16(), 200, "{sql}: what was read is shown on");
        database.tamper(undo).await.unwrap();
        is_said(&node, "\"ready\"").await;
    }
    in_the_end(&node, "b").await;

    // What is not seen is not unknown: the item is there, and a node that has not kept it says so too.
    drop(node);
    let node = Node::start(&other, &clock).await;
    let log = node.app.log();
    database.tamper("ALTER TABLE events ENABLE ROW LEVEL SECURITY").await.unwrap();
    let withdraw = json!({ "id": "c", "type": "map-point.withdraw", "code": code, "reason": "Thử" }).to_string();
    let said = format!("{:?}", node.try_apply(&withdraw, &no_files).await.unwrap_err());
    holds(&said, &["Unavailable", "row level security"]);
    // Rows may be read again, but none written: what a read and a write of the head let through is no end of the trouble.
    database.tamper("CREATE POLICY seen ON events FOR SELECT USING (true)").await.unwrap();
    let said = format!("{:?}", node.try_apply(&withdraw, &no_files).await.unwrap_err());
    holds(&said, &["Unavailable", "row-level security"]);
    holds(&log.try_room().await.unwrap_err().to_string(), &["row-level security"]);
    assert!(log.write_trouble().is_some());
    database.tamper("ALTER TABLE events DISABLE ROW LEVEL SECURITY").await.unwrap();
    let head = log.head().await.unwrap();
    log.try_room().await.unwrap();
    assert_eq!(log.write_trouble(), None);
    assert_eq!(log.head().await.unwrap(), head, "the trial leaves nothing behind");
    assert_eq!(node.apply(&withdraw).await.code, Some(code));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn what_postgresql_says_of_its_files_and_of_views_in_place_of_tables_is_said_with_what_to_do() {
    let (database, clock) = (Database::new(Kind::Postgres).await, TestClock::at(NOON));
    let node = Node::start(&database, &clock).await;
    let code = node.apply(&station("a")).await.code.unwrap();
    drop(node);
    let node = Node::start(&database, &clock).await;
    let withdraw = json!({ "id": "c", "type": "map-point.withdraw", "code": code, "reason": "Thử" }).to_string();
    // Each stands in the way of a write, and gives the code that PostgreSQL gives.
    for (code, parts) in [
        ("XX001", ["pg_amcheck", "khôi phục bản sao lưu"]),
        ("58P01", ["pg_amcheck", "khôi phục bản sao lưu"]),
        ("HV00N", ["bảng ngoài", "foreign table"]),
    ] {
        let refuse = format!(
            "CREATE OR REPLACE FUNCTION stands_in() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'could not read block 7' USING ERRCODE = '{code}'; END $$; \
             CREATE OR REPLACE TRIGGER stands_in BEFORE INSERT ON events EXECUTE FUNCTION stands_in()"
        );
        database.tamper(&refuse).await.unwrap();
        let said = format!("{:?}", node.try_apply(&withdraw, &no_files).await.unwrap_err());
        holds(&said, &[&["Unavailable", "could not read block 7"], &parts[..]].concat());
    }
}

/// Waits until `/readyz` says it.
async fn is_said(node: &Node, says: &str) {
    let started = Instant::now();
    loop {
        let ready = node.get("/readyz").await.json().to_string();
        if ready.contains(says) {
            return;
        }
        assert!(started.elapsed() < Duration::from_mins(1), "“{says}” is missing: {ready}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn a_pooler_that_is_put_into_transaction_mode_under_a_node_is_said_until_it_is_back() {
    let (mut pooler, direct) = (Pooler::start("session"), Database::new(Kind::Postgres).await);
    let url = pooler.before(&direct);
    let (database, clock) = (Database { url, ..direct }, TestClock::at(NOON));
    let node = Node::start(&database, &clock).await;
    node.apply(&station("a")).await;
    pooler.restart("transaction");
    // Several writers at once, until one of them meets a session that is not its own.
    let (mut n, started) = (0, Instant::now());
    while !node.app.log().write_trouble().is_some_and(|why| why.contains("pool_mode = session")) {
        assert!(started.elapsed() < Duration::from_mins(1), "nobody met it");
        let lines: Vec<String> = (n..n + 4).map(|n| station(&format!("w{n}"))).collect();
        futures_util::future::join_all(lines.iter().map(|line| node.try_apply(line, &no_files))).await;
        n += 4;
    }
    // One that goes through is no end of it, nor is a look while nobody writes.
    for n in 0..3 {
        let _ = node.try_apply(&station(&format!("x{n}")), &no_files).await;
        holds(&node.app.log().try_room().await.unwrap_err().to_string(), &["pool_mode = session"]);
        // The follower has its own word for the restart, for a moment.
        is_said(&node, "pool_mode = session").await;
    }
    pooler.restart("session");
    is_said(&node, "\"ready\"").await;
    // The first write after that goes through: no connection from before is left.
    assert!(node.try_apply(&station("b"), &no_files).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn a_lock_of_another_session_is_named_with_its_process() {
    let (database, clock) = (Database::new(Kind::Postgres).await, TestClock::at(NOON));
    let node = Node::start(&database, &clock).await;
    node.apply(&station("a")).await;
    let (client, connection) = tokio_postgres::connect(&database.url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let pid: i32 = client.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
    for lock in ["LOCK TABLE events IN SHARE MODE", "LOCK TABLE events IN ACCESS EXCLUSIVE MODE", "SELECT FROM head FOR UPDATE"] {
        client.batch_execute(&format!("BEGIN; {lock}")).await.unwrap();
        let begun = Instant::now();
        let said = match node.try_apply(&station(lock), &no_files).await {
            Err(error) => format!("{error:?}"),
            Ok(done) => panic!("{lock}: {done:?}"),
        };
        holds(&said, &[&pid.to_string(), "pg_stat_activity", "holds a lock"]);
        assert!(begun.elapsed() < Duration::from_secs(25), "{lock}: {:?}", begun.elapsed());
        is_said(&node, "pg_stat_activity").await;
        client.batch_execute("ROLLBACK").await.unwrap();
        is_said(&node, "\"ready\"").await;
    }
    // The lock stays named for whoever tries again while it lasts.
    client.batch_execute("BEGIN; LOCK TABLE events IN EXCLUSIVE MODE").await.unwrap();
    for id in ["x", "y"] {
        let said = format!("{:?}", node.try_apply(&station(id), &no_files).await.unwrap_err());
        holds(&said, &[&pid.to_string(), "holds a lock"]);
    }
    client.batch_execute("ROLLBACK").await.unwrap();
    in_the_end(&node, "b").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn connections_that_a_firewall_forgot_are_replaced_together_and_the_silence_is_said() {
    let (direct, clock) = (Database::new(Kind::Postgres).await, TestClock::at(NOON));
    let line = line_to(&direct).await;
    let database = Database { url: line.url.clone(), ..direct };
    let node = Node::start(&database, &clock).await;
    node.apply(&station("a")).await;
    line.forgotten.fetch_add(1, Ordering::Relaxed);
    let begun = Instant::now();
    let text = station("b");
    let (written, said) = tokio::join!(node.try_apply(&text, &no_files), async {
        is_said(&node, "\"degraded\"").await;
        begun.elapsed()
    });
    // One silence, not one for each connection: then the write goes through.
    assert!(written.is_ok(), "{:?}", written.err());
    assert!(begun.elapsed() < Duration::from_secs(25), "{:?}", begun.elapsed());
    assert!(said < Duration::from_secs(10), "{said:?}");
    is_said(&node, "\"ready\"").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn what_postgresql_refuses_in_words_of_its_own_is_said_with_a_frame_in_both_languages() {
    let (database, clock) = (Database::new(Kind::Postgres).await, TestClock::at(NOON));
    let node = Node::start(&database, &clock).await;
    for (code, words, parts) in [
        ("54000", "database is not accepting commands to avoid wraparound data loss", ["pg_prepared_xacts", "VACUUM"]),
        ("42P01", "relation \"audit.trail\" does not exist", ["audit.trail", "show the server's answer"]),
        ("55000", "cannot update table \"head\"", ["PostgreSQL từ chối", "Ask the keeper"]),
    ] {
        let refuse = format!(
            "CREATE OR REPLACE FUNCTION stands_in() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION '{words}' USING ERRCODE = '{code}', HINT = 'Ask the keeper.'; END $$; \
             CREATE OR REPLACE TRIGGER stands_in BEFORE INSERT ON events EXECUTE FUNCTION stands_in()"
        );
        database.tamper(&refuse).await.unwrap();
        let said = format!("{:?}", node.try_apply(&station(code), &no_files).await.unwrap_err());
        holds(&said, &parts);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn an_address_that_closes_each_connection_at_once_is_told_from_one_where_nobody_answers() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut begun = [0; 8];
            let _ = client.read(&mut begun).await;
        }
    });
    let said = refused(&format!("postgres://bangtin@{place}/x")).await;
    holds(&said, &[&place.to_string(), "đóng ngay", "behind the load balancer or proxy"]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn a_database_whose_files_are_gone_is_not_said_to_be_missing() {
    let (database, owner) = (Database::new(Kind::Postgres).await, owner().await);
    let name = database.url.rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
    let row =
        owner.query_one("SELECT oid::text, current_setting('data_directory') FROM pg_database WHERE datname = $1", &[&name]).await.unwrap();
    let folder = Path::new(&row.get::<_, String>(1)).join("base").join(row.get::<_, String>(0));
    let aside = folder.with_extension("gone");
    std::fs::rename(&folder, &aside).unwrap();
    let said = refused(&database.url).await;
    std::fs::rename(&aside, &folder).unwrap();
    holds(&said, &["pg_amcheck", "subdirectory"]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn what_a_trigger_swallows_is_not_acknowledged_and_nothing_is_half_written() {
    let (database, clock) = (Database::new(Kind::Postgres).await, TestClock::at(NOON));
    let node = Node::start(&database, &clock).await;
    node.apply(&station("a")).await;
    let head = node.app.log().head().await.unwrap();
    let swallow = "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; \
                   CREATE TRIGGER swallow BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION swallow()";
    let rule = "DROP TRIGGER swallow ON events; CREATE RULE swallow AS ON INSERT TO events DO INSTEAD NOTHING";
    for sql in [swallow, rule] {
        database.tamper(sql).await.unwrap();
        let said = format!("{:?}", node.try_apply(&station("b"), &no_files).await.unwrap_err());
        holds(&said, &["Unavailable", "RETURN NULL", "trigger"]);
        assert_eq!(node.app.log().head().await.unwrap(), head, "nothing is written");
        is_said(&node, "RETURN NULL").await;
        assert!(node.app.log().try_room().await.is_err());
    }
    database.tamper("DROP RULE swallow ON events").await.unwrap();
    is_said(&node, "\"ready\"").await;
    assert!(!node.apply(&station("b")).await.repeated, "it was not recorded before");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn rows_that_are_swallowed_in_any_table_are_not_acknowledged() {
    let (database, clock) = (Database::new(Kind::Postgres).await, TestClock::at(NOON));
    let node = Node::start(&database, &clock).await;
    database.tamper("CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'").await.unwrap();
    let head = node.app.log().head().await.unwrap();
    let worker = json!({ "id": "w", "type": "map-point.publish", "facts": { "kind": "health-worker", "title": "Y tế thôn", "position": { "lon": 104.87, "lat": 21.7 },
        "contact": { "name": "Lò Thị Mất", "phone": "0912 345 678", "consent": { "purpose": "public-contact", "text_version": "1", "evidence": "9" } } } });
    // A plan brings a claim (its decision) and blobs.
    let plan = crate::support::demo_command("QHSDD21AG", "plan.publish").to_string();
    for (table, command) in [
        ("commands", station("a")),
        ("vault", worker.to_string()),
        // A blob is kept before the command that names it.
        ("blobs", plan.clone()),
        ("blob_chunks", plan.clone()),
        ("claims", plan),
    ] {
        for (put, off) in [
            (
                format!("CREATE TRIGGER swallow BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION swallow()"),
                format!("DROP TRIGGER swallow ON {table}"),
            ),
            (format!("CREATE RULE swallow AS ON INSERT TO {table} DO INSTEAD NOTHING"), format!("DROP RULE swallow ON {table}")),
        ] {
            database.tamper(&put).await.unwrap();
            let said = format!(
                "{:?}",
                node.try_apply(&command, &bangtin::cli::demo::file).await.err().unwrap_or_else(|| panic!("acknowledged: {put}"))
            );
            holds(&said, &["RETURN NULL", "trigger"]);
            assert_eq!(node.app.log().head().await.unwrap(), head, "nothing is written: {put}");
            // Before anybody writes it is named too.
            is_said(&node, &format!("{table} (")).await;
            database.tamper(&off).await.unwrap();
        }
    }
    is_said(&node, "\"ready\"").await;
    for command in [station("a"), worker.to_string()] {
        assert!(!node.try_apply(&command, &no_files).await.unwrap().repeated, "it was not recorded before");
        assert!(node.try_apply(&command, &no_files).await.unwrap().repeated);
    }
    // Who asks to be forgotten is not told so while their row stays.
    let subject = node.app.log().vault_rows().await.unwrap().into_iter().find(|row| row.subject.starts_with("s-")).unwrap().subject;
    database.tamper("CREATE TRIGGER swallow BEFORE DELETE ON vault FOR EACH ROW EXECUTE FUNCTION swallow()").await.unwrap();
    assert!(node.app.erase(bangtin::domain::subject::SubjectId(subject.clone())).await.is_err());
    database.tamper("DROP TRIGGER swallow ON vault").await.unwrap();
    node.app.erase(bangtin::domain::subject::SubjectId(subject.clone())).await.unwrap();
    assert!(node.app.log().vault_row(&subject).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn tables_that_somebody_has_changed_are_named_and_a_child_table_doubles_nothing() {
    let (database, clock) = (Database::new(Kind::Postgres).await, TestClock::at(NOON));
    let node = Node::start(&database, &clock).await;
    node.apply(&station("a")).await;
    database.tamper("ALTER TABLE blob_chunks SET UNLOGGED").await.unwrap();
    is_said(&node, "blob_chunks (UNLOGGED)").await;
    database.tamper("ALTER TABLE blob_chunks SET LOGGED").await.unwrap();
    is_said(&node, "\"ready\"").await;
    database.tamper("CREATE TABLE events_2026 () INHERITS (events); INSERT INTO events_2026 SELECT * FROM ONLY events").await.unwrap();
    is_said(&node, "events (INHERITS)").await;
    let events = node.app.log().read(0, 100).await.unwrap();
    let positions: Vec<i64> = events.iter().map(|event| event.position).collect();
    assert_eq!(positions, (1..=events.last().unwrap().position).collect::<Vec<_>>(), "each event once");
    node.apply(&station("b")).await;
    // What is backed up can be restored.
    node.dump(true, &database.path("backup")).await;
    let restored = Database::new(Kind::Postgres).await;
    let fresh = restored.open_at(&clock).await;
    let mut reader =
        bangtin::event_store::dump::Reader::new(std::io::BufReader::new(std::fs::File::open(database.path("backup")).unwrap()));
    fresh.load(Box::new(move || reader.next_record())).await.unwrap();
    assert_eq!(fresh.head().await.unwrap().hash, node.app.log().head().await.unwrap().hash);
    database.tamper("DROP TABLE events_2026").await.unwrap();
    is_said(&node, "\"ready\"").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn a_start_that_waits_for_a_lock_says_whose() {
    let (database, clock) = (Database::new(Kind::Postgres).await, TestClock::at(NOON));
    drop(Node::start(&database, &clock).await);
    let (holder, connection) = tokio_postgres::connect(&database.url, NoTls).await.unwrap();
    tokio::spawn(connection);
    holder.batch_execute("BEGIN; UPDATE head SET position = position WHERE id = 1").await.unwrap();
    let pid: i32 = holder.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
    // The first waits for the lock, the second for the first.
    let (first, second) = tokio::join!(refused(&database.url), refused(&database.url));
    holder.batch_execute("ROLLBACK").await.unwrap();
    for said in [first, second] {
        holds(&said, &[&format!("pid {pid}"), "holds a lock", "đang giữ khóa"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn options_that_the_server_does_not_read_are_said_to_be_in_the_address() {
    let database = Database::new(Kind::Postgres).await;
    holds(&refused(&format!("{}?options=project%3Dep-cool-name", database.url)).await, &["options=…", "project=ep-cool-name"]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn rows_that_a_start_may_not_see_are_not_taken_for_an_empty_database() {
    let (database, clock) = (Database::new(Kind::Postgres).await, TestClock::at(NOON));
    drop(Node::start(&database, &clock).await);
    // Row level security binds everybody but superusers and owners.
    let name = database.url.rsplit('/').next().unwrap().to_owned();
    let role = format!("seen_{name}");
    let grants =
        format!("CREATE ROLE {role} LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}; GRANT ALL ON SCHEMA public TO {role}");
    database.tamper(&grants).await.unwrap();
    let url = database.url.replacen("bangtin@", &format!("{role}@"), 1);
    for (table, says) in [("schema_version", "schema_version"), ("head", "ROW LEVEL SECURITY")] {
        database.tamper(&format!("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")).await.unwrap();
        holds(&refused(&url).await, &[says, if table == "head" { "DISABLE" } else { "row level security" }]);
        database.tamper(&format!("ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")).await.unwrap();
    }
    event_store::open(&url, clock.clock()).await.unwrap();
    database.tamper(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn several_servers_of_which_none_takes_writes_are_not_said_to_be_away() {
    let database = Database::new(Kind::Postgres).await;
    let name = database.url.rsplit('/').next().unwrap().to_owned();
    owner().await.batch_execute(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).await.unwrap();
    let (_, rest) = database.url.split_once('@').unwrap();
    let (address, _) = rest.split_once('/').unwrap();
    let only = format!("postgres://bangtin@{address}/{name}?target_session_attrs=read-write");
    holds(&refused(&only).await, &["for reading only", "chỉ cho đọc"]);
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let both = format!("postgres://bangtin@{address},{closed}/{name}?target_session_attrs=read-write");
    holds(&refused(&both).await, &["takes writes now", "nhận ghi lúc này"]);
}
