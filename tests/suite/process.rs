//! The real program: starts, restarts, signals, clear refusals, slow clients, a database that goes away.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A running server that ends with the test.
pub struct Server {
    pub child: Child,
    pub address: String,
    lines: Option<std::thread::JoinHandle<String>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        // A test that fails leaves nothing running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn bangtin(data: &Path, database: Option<&str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bangtin"));
    command.args(["--data", data.to_str().unwrap()]).env_remove("BANGTIN_DATABASE");
    if let Some(url) = database {
        command.args(["--database", url]);
    }
    command
}

pub fn run(data: &Path, database: Option<&str>, arguments: &[&str]) -> Output {
    bangtin(data, database).args(arguments).output().unwrap()
}

impl Server {
    /// Starts the demo on a free port and waits until it answers.
    pub fn demo(data: &Path, database: Option<&str>) -> Self {
        Self::start(bangtin(data, database).args(["demo", "--listen", "127.0.0.1:0"]))
    }

    /// Starts the demo again at that port.
    pub fn again(data: &Path, database: Option<&str>, port: &str) -> Self {
        Self::start(bangtin(data, database).args(["demo", "--listen", &format!("127.0.0.1:{port}")]))
    }

    pub fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut err = child.stderr.take().unwrap();
        let lines = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = err.read_to_string(&mut text);
            text
        });
        let mut address = None;
        let mut line = String::new();
        while out.read_line(&mut line).is_ok_and(|read| read > 0) {
            if let Some((_, rest)) = line.split_once("http://127.0.0.1:")
                && line.starts_with("Bảng tin")
            {
                address = Some(format!("127.0.0.1:{}", rest.trim()));
                break;
            }
            line.clear();
        }
        let Some(address) = address else {
            let _ = child.kill();
            panic!("the server did not start: {}", lines.join().unwrap());
        };
        // Standard output is read on, so that the server never waits for it.
        std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
        Self { child, address, lines: Some(lines) }
    }

    /// Starts a city that has published nothing on a free port, its links leading there, and waits until it answers.
    pub fn empty(data: &Path, city: &Path) -> Self {
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let url = format!("http://{address}");
        let mut command = bangtin(data, None);
        command.args(["serve", "--listen", &address, "--city", city.to_str().unwrap(), "--public-url", &url]);
        Self::serving(&mut command, address)
    }

    /// Starts a node that listens at that address, and waits until it says so.
    pub fn serving(command: &mut Command, address: String) -> Self {
        let url = format!("http://{address}");
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut err = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        while !said.contains(&url) && err.read_line(&mut said).is_ok_and(|read| read > 0) {}
        assert!(said.contains(&url), "the server did not start: {said}");
        let lines = std::thread::spawn(move || {
            let _ = err.read_to_string(&mut said);
            said
        });
        Self { child, address, lines: Some(lines) }
    }

    pub fn get(&self, path: &str) -> (u16, String) {
        get(&self.address, path)
    }

    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }

    /// Waits for its end.
    pub fn wait(mut self) {
        self.child.wait().unwrap();
        self.lines.take().unwrap().join().unwrap();
    }

    /// Ends it and says how: exit code and standard error.
    pub fn end(mut self, signal: &str) -> (Option<i32>, String) {
        self.signal(signal);
        let code = self.child.wait().unwrap().code();
        (code, self.lines.take().unwrap().join().unwrap())
    }
}

pub fn get(address: &str, path: &str) -> (u16, String) {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(20))).build().into();
    let mut response = agent.get(format!("http://{address}{path}")).call().unwrap();
    let status = response.status().as_u16();
    (status, response.body_mut().with_config().limit(1 << 28).read_to_string().unwrap_or_default())
}

fn stats(data: &Path, database: Option<&str>) -> String {
    let output = run(data, database, &["log", "stats"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn refused(output: &Output) -> String {
    assert!(!output.status.success());
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let sentences: Vec<_> = text.lines().filter(|line| line.starts_with("bangtin: ") && !line.contains("warning")).collect();
    assert_eq!(sentences.len(), 1, "one clear sentence: {text}");
    assert!(!text.contains("panicked"));
    sentences[0].to_owned()
}

#[test]
fn a_demo_killed_while_loading_is_finished_by_the_next_start_and_loads_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut child =
        bangtin(&data, None).args(["demo", "--listen", "127.0.0.1:0"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    // Plain lines say how far it is; kill it after the first.
    let mut line = String::new();
    BufReader::new(child.stderr.as_mut().unwrap()).read_line(&mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let server = Server::demo(&data, None);
    assert_eq!(server.get("/q/QHSDD21AG").0, 200);
    let (code, _) = server.end("TERM");
    assert_eq!(code, Some(0), "SIGTERM ends it with 0");
    let loaded = stats(&data, None);
    let server = Server::demo(&data, None);
    assert_eq!(server.end("INT").0, Some(0), "Ctrl-C ends it with 0");
    let server = Server::demo(&data, None);
    // A file that reached the size it may have is an error of the write, not the end of the server.
    server.signal("XFSZ");
    assert_eq!(server.get("/q/QHSDD21AG").0, 200);
    // Under nohup the signal is ignored by whoever is started, as it should be.
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let ignored = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok()).unwrap();
    let signal = if ignored & 1 == 1 { "TERM" } else { "HUP" };
    assert_eq!(server.end(signal).0, Some(0), "a terminal that is closed ends it with 0");
    assert_eq!(stats(&data, None), loaded, "the second start loads nothing");
    assert!(loaded.contains("plan.published 8") && loaded.contains(", 0 not named by any event"), "{loaded}");
    let verify = run(&data, None, &["log", "verify"]);
    assert!(verify.status.success());
    let head = String::from_utf8(verify.stdout).unwrap().trim().to_owned();
    assert!(run(&data, None, &["log", "verify", "--expect", &head]).status.success());
    let (position, hash) = head.split_once(':').unwrap();
    let beyond = format!("{}:{hash}", position.parse::<i64>().unwrap() + 1);
    assert!(refused(&run(&data, None, &["log", "verify", "--expect", &beyond])).contains("cut off"));
    let other = format!("{position}:{}", "0".repeat(64));
    assert!(refused(&run(&data, None, &["log", "verify", "--expect", &other])).contains("recomputed"));
}

#[test]
fn what_stands_in_the_way_of_a_start_is_said_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    assert!(refused(&run(&data, None, &["demo", "--listen", &listen])).contains("--listen"));
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(refused(&run(&file, None, &["demo", "--listen", "127.0.0.1:0"])).contains("cannot be made"));
    assert!(refused(&run(&data, None, &["serve", "--listen", "127.0.0.1:0"])).contains("--city"));
    assert!(!data.exists(), "a mistyped folder does not become a store");
    // Another city's store.
    let toml = folder.path().join("city.toml");
    std::fs::write(&toml, include_str!("../../fixtures/yen-bai.toml").replace("\"yen-bai\"", "\"khac\"")).unwrap();
    std::fs::write(folder.path().join("units.csv"), include_str!("../../fixtures/units.csv")).unwrap();
    let empty = folder.path().join("empty.jsonl");
    std::fs::write(&empty, "").unwrap();
    assert!(run(&data, None, &["--city", toml.to_str().unwrap(), "apply", empty.to_str().unwrap()]).status.success());
    assert!(refused(&run(&data, None, &["demo", "--listen", "127.0.0.1:0"])).contains("belongs to"));
    // A wrong and a missing key.
    assert!(refused(&run(&data, None, &["--vault-key", &"ab".repeat(32), "log", "stats"])).contains("key"));
    std::fs::remove_file(data.join("vault.key")).unwrap();
    assert!(refused(&run(&data, None, &["log", "stats"])).contains("vault.key"));
    // A file that is no database, and one of a newer version.
    let other = folder.path().join("other");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("bangtin.sqlite"), "no database at all, just some text that is long enough to be one").unwrap();
    assert!(refused(&run(&other, None, &["log", "stats"])).contains("not an SQLite database"));
    let newer = folder.path().join("newer");
    std::fs::create_dir(&newer).unwrap();
    rusqlite::Connection::open(newer.join("bangtin.sqlite")).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(refused(&run(&newer, None, &["log", "stats"])).contains("update bangtin"));
}

#[test]
fn two_processes_that_start_first_at_once_make_one_store() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::write(folder.path().join("city.toml"), include_str!("../../fixtures/yen-bai.toml")).unwrap();
    std::fs::write(folder.path().join("units.csv"), include_str!("../../fixtures/units.csv")).unwrap();
    std::fs::write(folder.path().join("empty.jsonl"), "").unwrap();
    let (city, file) = (folder.path().join("city.toml"), folder.path().join("empty.jsonl"));
    let starts: Vec<_> = (0..4)
        .map(|_| {
            let mut command = bangtin(&data, None);
            command.args(["--city", city.to_str().unwrap(), "apply", file.to_str().unwrap()]);
            command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for start in starts {
        let output = start.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert!(stats(&data, None).contains("events 1\n"), "the city is recorded once");
}

#[test]
fn clients_that_never_finish_a_request_are_let_go_and_hinder_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::demo(&folder.path().join("data"), None);
    let mut slow: Vec<TcpStream> = (0..50).map(|_| TcpStream::connect(&server.address).unwrap()).collect();
    for stream in &mut slow {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ").unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    }
    let started = Instant::now();
    assert_eq!(server.get("/healthz").0, 200);
    assert!(started.elapsed() < Duration::from_secs(5), "others are served meanwhile");
    for mut stream in slow {
        let mut rest = Vec::new();
        // Closed, with or without a word; a time-out here would be the defect.
        let read = stream.read_to_end(&mut rest);
        assert!(read.is_ok() || read.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset));
    }
    assert_eq!(server.end("TERM").0, Some(0));
}

#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn gdal_reads_every_feature_of_every_collection() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::demo(&folder.path().join("data"), None);
    let source = format!("OAPIF:http://{}", server.address);
    for name in ["plans", "zones", "ambulances", "health-workers", "campaigns", "places", "units"] {
        let text = crate::support::run("ogrinfo", &["-ro", "-al", &source, name]);
        let read = text.lines().filter(|line| line.starts_with("OGRFeature(")).count() as u64;
        let page: Value = serde_json::from_str(&server.get(&format!("/collections/{name}/items?limit=1&f=json")).1).unwrap();
        assert_eq!(page["numberMatched"].as_u64(), Some(read), "{name}: none lost over the pages");
        assert!(read > 0);
    }
    assert_eq!(server.end("TERM").0, Some(0));
}

#[test]
fn a_backup_of_a_live_store_restores_into_another() {
    let folder = tempfile::tempdir().unwrap();
    let (data, other) = (folder.path().join("data"), folder.path().join("other"));
    let server = Server::demo(&data, None);
    // A report that waits for the clerk is in the vault beside the contacts.
    let agent: ureq::Agent = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(20))).build().into();
    let form =
        agent.post(format!("http://{}/q/QHSDD21AG/report", server.address)).header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(form.send("kind=mistake&text=Sai+ranh").unwrap().status().as_u16(), 200);
    let backup = folder.path().join("store.backup");
    let made = run(&data, None, &["backup", backup.to_str().unwrap()]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let page = server.get("/q/NVYT00016").1;
    assert!(page.contains("Hoàng Thị Mẫu"));
    server.end("TERM");
    std::fs::create_dir(&other).unwrap();
    std::fs::copy(data.join("vault.key"), other.join("vault.key")).unwrap();
    let restored = run(&other, None, &["restore", backup.to_str().unwrap()]);
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    assert!(refused(&run(&other, None, &["restore", backup.to_str().unwrap()])).contains("not empty"));
    let server = Server::demo(&other, None);
    assert!(server.get("/q/NVYT00016").1.contains("Hoàng Thị Mẫu"), "the vault came along");
    assert_eq!(server.get("/q/QHSDD21AG.geojson").0, 200, "blobs came along");
    server.end("TERM");
    // A damaged backup leaves a new store empty.
    let mut bytes = std::fs::read(&backup).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&backup, bytes).unwrap();
    let third = folder.path().join("third");
    refused(&run(&third, None, &["restore", backup.to_str().unwrap()]));
    assert!(stats(&third, None).contains("events 0"));
}

#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn apply_goes_on_after_a_refusal_and_says_which_line() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    Server::demo(&data, None).end("TERM");
    let file = folder.path().join("commands.jsonl");
    let point = |id: &str, lon: f64| {
        format!(
            r#"{{"id":"{id}","type":"map-point.publish","facts":{{"kind":"advisory-desk","title":"Bàn {id}","position":{{"lon":{lon},"lat":21.7}}}}}}"#
        )
    };
    std::fs::write(&file, format!("{}\n{}\n{}\n", point("a", 104.87), point("b", 10.0), point("c", 104.88))).unwrap();
    let output = run(&data, None, &["apply", file.to_str().unwrap()]);
    assert!(!output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 2);
    assert!(String::from_utf8_lossy(&output.stderr).contains("line 2"));
}

/// A PostgreSQL server of this test's own, to be stopped and started.
struct OwnServer {
    folder: tempfile::TempDir,
    port: u16,
}

impl OwnServer {
    fn bin(name: &str) -> String {
        let mut versions: Vec<_> = std::fs::read_dir("/usr/lib/postgresql").unwrap().map(|entry| entry.unwrap().path()).collect();
        versions.sort();
        versions.last().unwrap().join("bin").join(name).display().to_string()
    }

    fn as_server(program: &str, arguments: &[&str]) -> bool {
        let root = std::fs::metadata("/proc/self").is_ok_and(|meta| std::os::unix::fs::MetadataExt::uid(&meta) == 0);
        let mut command = if root { Command::new("runuser") } else { Command::new(program) };
        if root {
            command.args(["-u", "postgres", "--", program]);
        }
        command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
    }

    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = crate::support::free_port();
        let _ = Command::new("chown").arg("postgres").arg(folder.path()).status();
        let data = folder.path().join("pg");
        assert!(Self::as_server(
            &Self::bin("initdb"),
            &["-D", data.to_str().unwrap(), "-U", "bangtin", "-A", "trust", "-E", "UTF8", "--locale=C"]
        ));
        let server = Self { folder, port };
        server.start();
        server
    }

    fn data(&self) -> String {
        self.folder.path().join("pg").display().to_string()
    }

    fn start(&self) {
        let options = format!("-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''", self.port);
        let log = self.folder.path().join("pg.log").display().to_string();
        assert!(Self::as_server(&Self::bin("pg_ctl"), &["-D", &self.data(), "-w", "-l", &log, "-o", &options, "start"]));
    }

    fn stop(&self) {
        Self::as_server(&Self::bin("pg_ctl"), &["-D", &self.data(), "-m", "immediate", "stop"]);
    }

    fn url(&self) -> String {
        format!("postgres://bangtin@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Asks until `done` or half a minute has passed.
fn until(what: &str, mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn when_the_database_goes_away_reads_go_on_and_it_recovers_by_itself() {
    let postgres = OwnServer::new();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::demo(&data, Some(&postgres.url()));
    let secret = run(&data, Some(&postgres.url()), &["token", "create", "--role", "health", "--unit", "all"]);
    let secret = String::from_utf8(secret.stdout).unwrap().trim().to_owned();
    assert_eq!(server.get("/q/QHSDD21AG.geojson").0, 200);
    let ready = |word: &str| serde_json::from_str::<Value>(&server.get("/readyz").1).is_ok_and(|body| body["status"] == word);
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(30))).build().into();
    let write = |id: &str| {
        let body = format!(
            r#"{{"id":"{id}","type":"map-point.publish","facts":{{"kind":"health-station","title":"T","position":{{"lon":104.87,"lat":21.7}}}}}}"#
        );
        let response = agent
            .post(format!("http://{}/collections/health-stations/items", server.address))
            .header("authorization", format!("Bearer {secret}"))
            .send(&body)
            .unwrap();
        let retry = response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        (response.status().as_u16(), retry)
    };
    until("the token is seen", || write("before").0 < 300);
    postgres.stop();
    let (status, retry) = write("during");
    assert_eq!((status, retry.as_deref()), (503, Some("5")));
    until("degraded", || ready("degraded"));
    assert_eq!(server.get("/q/QHSDD21AG").0, 200, "pages go on");
    assert_eq!(server.get("/q/QHSDD21AG.geojson").0, 200, "what was read before goes on");
    postgres.start();
    until("ready again", || ready("ready"));
    until("writing again", || write("during").0 < 300);
    let verify = run(&data, Some(&postgres.url()), &["log", "verify"]);
    assert!(verify.status.success());
    assert_eq!(server.end("TERM").0, Some(0));
}
