//! Places that take no more: what messages go to, and the disks of the store, of uploads and downloads.

use std::fs::File;
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use bangtin::app::ExecuteError;
use bangtin::disk::Disk;
use bangtin::domain::access::{Reach, Role};
use serde_json::{Value, json};

use crate::process::{bangtin, run};
use crate::support::{Database, Kind, NOON, Node, TestClock};

/// A store that has published nothing, made before its server starts, and where that will listen.
struct Begun {
    folder: tempfile::TempDir,
    data: PathBuf,
    address: String,
    secret: String,
}

impl Begun {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (data, city, none) = (folder.path().join("begun"), folder.path().join("city.toml"), folder.path().join("none.jsonl"));
        std::fs::write(&city, include_str!("../../fixtures/yen-bai.toml")).unwrap();
        std::fs::write(folder.path().join("units.csv"), include_str!("../../fixtures/units.csv")).unwrap();
        std::fs::write(&none, "").unwrap();
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let url = format!("http://{address}");
        let begun = run(&data, None, &["--city", city.to_str().unwrap(), "--public-url", &url, "apply", none.to_str().unwrap()]);
        assert!(begun.status.success(), "{}", String::from_utf8_lossy(&begun.stderr));
        let token = run(&data, None, &["token", "create", "--role", "editor", "--unit", "all"]);
        let secret = String::from_utf8(token.stdout).unwrap().trim().to_owned();
        assert!(secret.starts_with("bt_"), "{}", String::from_utf8_lossy(&token.stderr));
        Self { folder, data, address, secret }
    }

    fn serve(&self) -> Command {
        let mut command = bangtin(&self.data, None);
        command.args(["serve", "--listen", &self.address]);
        command
    }
}

/// A running server, by its address.
struct Served {
    child: Child,
    address: String,
    secret: String,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Served {
    fn start(begun: &Begun, command: &mut Command) -> Self {
        let child = command.spawn().unwrap();
        let mut served = Self { child, address: begun.address.clone(), secret: begun.secret.clone() };
        let started = Instant::now();
        while std::net::TcpStream::connect(&served.address).is_err() {
            if let Some(status) = served.child.try_wait().unwrap() {
                let mut said = String::new();
                let _ = served.child.stderr.take().map(|mut err| err.read_to_string(&mut said));
                panic!("the server did not start: {status} {said}");
            }
            assert!(started.elapsed() < Duration::from_secs(30), "the server did not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        served
    }

    fn agent() -> ureq::Agent {
        ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(20))).build().into()
    }

    fn get(&self, path: &str) -> (u16, String) {
        crate::process::get(&self.address, path)
    }

    fn send(&self, path: &str, media: &str, body: &[u8]) -> (u16, Value) {
        let request = Self::agent().post(format!("http://{}{path}", self.address));
        let request = request.header("authorization", format!("Bearer {}", self.secret)).header("content-type", media);
        let mut response = request.send(body).unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        (response.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// Publishes a health station, with a summary of so many letters.
    fn publish(&self, id: &str, letters: usize) -> (u16, Value) {
        let facts = json!({ "kind": "health-station", "title": "Trạm", "summary": "x".repeat(letters), "position": { "lon": 104.87, "lat": 21.7 } });
        let command = json!({ "id": id, "type": "map-point.publish", "facts": facts });
        self.send("/collections/health-stations/items", "application/json", command.to_string().as_bytes())
    }

    fn upload(&self, name: &str, file: &[u8]) -> (u16, Value) {
        let mut body = format!("--XX\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n").into_bytes();
        body.extend(file);
        body.extend(b"\r\n--XX--\r\n");
        self.send("/imports", "multipart/form-data; boundary=XX", &body)
    }

    fn ready(&self) -> Value {
        let (status, body) = self.get("/readyz");
        assert_eq!(status, 200, "reads go on: {body}");
        serde_json::from_str(&body).unwrap()
    }

    fn end(mut self) -> Option<i32> {
        assert!(Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

/// As long as is promised.
fn soon(what: &str, mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < Duration::from_secs(5), "{what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Publishes, is refused, repeats and ends, whatever became of what was said of it.
fn works_and_ends(what: &str, served: Served) {
    for number in 0..20 {
        let (status, answer) = served.publish(&format!("{what}-{number}"), 10);
        assert_eq!(status, 201, "{what}: {answer}");
        // A command that was recorded was answered: repeating it finds it.
        assert_eq!(served.publish(&format!("{what}-{number}"), 10).1["code"], answer["code"], "{what}");
        assert_eq!(served.send("/collections/health-stations/items", "application/json", b"{}").0, 422, "{what}");
    }
    assert_eq!(served.ready()["status"], "ready", "{what}");
    assert_eq!(served.end(), Some(0), "{what}: it ends as it should");
}

#[test]
fn messages_that_cannot_be_written_harm_no_request_and_no_end() {
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let begun = Begun::new();
    works_and_ends("full", Served::start(&begun, begun.serve().stdout(full()).stderr(full())));
    // A pipe whose reader has gone.
    let mut served = Served::start(&begun, begun.serve().stdout(Stdio::piped()).stderr(Stdio::piped()));
    drop((served.child.stdout.take(), served.child.stderr.take()));
    works_and_ends("gone", served);
    // Closed from the beginning.
    let mut closed = Command::new("sh");
    closed.args(["-c", "exec \"$0\" \"$@\" >&- 2>&-"]).arg(begun.serve().get_program()).args(begun.serve().get_args());
    closed.env_remove("BANGTIN_DATABASE");
    works_and_ends("closed", Served::start(&begun, &mut closed));
}

#[test]
fn a_pipe_that_nobody_reads_holds_up_no_request() {
    let begun = Begun::new();
    let served = Served::start(&begun, begun.serve().stdout(Stdio::null()).stderr(Stdio::piped()));
    // Each leaves a line; together they are more than a pipe holds.
    let first = served.publish("same", 10).1["code"].clone();
    for _ in 0..1_500 {
        assert_eq!(served.publish("same", 10).1["code"], first);
    }
    works_and_ends("unread", served);
}

#[test]
fn the_demo_starts_where_nothing_can_be_shown() {
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let begun = Begun::new();
    let mut command = bangtin(&folder.path().join("data"), None);
    command.args(["demo", "--listen", &begun.address]).stdout(full()).stderr(full());
    let served = Served::start(&begun, &mut command);
    let started = Instant::now();
    // It listens before its city is loaded.
    while served.get("/q/QHSDD21AG").0 != 200 {
        assert!(started.elapsed() < Duration::from_mins(1), "loaded");
    }
    assert_eq!(served.end(), Some(0));
}

#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn a_command_whose_result_cannot_be_told_is_carried_out_and_says_so() {
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let begun = Begun::new();
    let file = begun.folder.path().join("commands.jsonl");
    let line = |id: &str| json!({ "id": id, "type": "map-point.publish", "facts": { "kind": "advisory-desk", "title": id, "position": { "lon": 104.87, "lat": 21.7 } } });
    std::fs::write(&file, format!("{}\n{}\n{}\n", line("a"), line("b"), line("c"))).unwrap();
    let output = bangtin(&begun.data, None).args(["apply", file.to_str().unwrap()]).stdout(full()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("could not be told") && !said.contains("panicked"), "{said}");
    let stats = String::from_utf8(run(&begun.data, None, &["log", "stats"]).stdout).unwrap();
    assert!(stats.contains("map-point.published 3"), "{stats}");
    let shown = bangtin(&begun.data, None).args(["log", "stats"]).stdout(full()).output().unwrap();
    let said = String::from_utf8_lossy(&shown.stderr).into_owned();
    assert!(!shown.status.success() && said.contains("standard output cannot be written") && !said.contains("panicked"), "{said}");
    // A secret that nobody would see is not made.
    let before = run(&begun.data, None, &["token", "list"]).stdout;
    let arguments = ["token", "create", "--role", "editor", "--unit", "all"];
    let null = bangtin(&begun.data, None).args(arguments).stdout(Stdio::null()).output().unwrap();
    let mut closed = Command::new("sh");
    closed.args(["-c", "exec \"$0\" \"$@\" >&-"]).arg(env!("CARGO_BIN_EXE_bangtin")).arg("--data").arg(&begun.data).args(arguments);
    let closed = closed.env_remove("BANGTIN_DATABASE").output().unwrap();
    for output in [null, closed] {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains("no token was made"), "{said}");
    }
    assert_eq!(run(&begun.data, None, &["token", "list"]).stdout, before);
    // Nor does it matter where its sentences go.
    assert!(bangtin(&begun.data, None).args(["apply", file.to_str().unwrap()]).stderr(full()).status().unwrap().success());
}

/// A server whose data and TMPDIR are small disks of its own, and whose messages go to that of the data. They
/// are mounted in a namespace of the server's, and end with it.
struct Small {
    served: Served,
    data: PathBuf,
    temporary: PathBuf,
}

impl Small {
    fn start(begun: &Begun) -> Self {
        let (data, temporary) = (begun.folder.path().join("data"), begun.folder.path().join("temporary"));
        std::fs::create_dir(&data).unwrap();
        std::fs::create_dir(&temporary).unwrap();
        let script = "mount -t tmpfs -o size=4m tmpfs \"$DATA\" && mount -t tmpfs -o size=4m,nr_inodes=64 tmpfs \"$TMPDIR\" \
                      && cp -a \"$FROM/.\" \"$DATA/\" && exec \"$0\" \"$@\" 2>\"$DATA/messages\"";
        let root = std::fs::metadata("/proc/self").is_ok_and(|meta| std::os::unix::fs::MetadataExt::uid(&meta) == 0);
        let mut command = Command::new("unshare");
        command.arg("--mount").args((!root).then_some("--map-root-user")).args(["sh", "-c", script]);
        command.args([env!("CARGO_BIN_EXE_bangtin"), "--data", data.to_str().unwrap(), "serve", "--listen", &begun.address]);
        command.env("DATA", &data).env("TMPDIR", &temporary).env("FROM", &begun.data).env_remove("BANGTIN_DATABASE");
        // Where no name space can be had the test fails, and says why: it must be run as root or where users may have them.
        let served = Served::start(begun, command.stdout(Stdio::null()).stderr(Stdio::piped()));
        Self { served, data, temporary }
    }

    /// A folder of the server's, as it sees it.
    fn seen(&self, folder: &Path) -> PathBuf {
        Path::new(&format!("/proc/{}/root", self.served.child.id())).join(folder.strip_prefix("/").unwrap())
    }

    /// Takes all the room there is in a folder, and gives it back when what is returned goes.
    fn fill(&self, folder: &Path) -> Filler {
        let path = self.seen(folder).join("filler");
        let mut file = File::create(&path).unwrap();
        while file.write_all(&[1; 4_096]).is_ok() {}
        Filler(path)
    }
}

/// See [`Small::fill`].
struct Filler(PathBuf);

impl Drop for Filler {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn names(answer: &Value, folder: &Path) -> bool {
    let folder = folder.to_str().unwrap();
    answer["type"] == "/problems/full-disk" && answer["detail"].as_str().is_some_and(|detail| detail.contains(folder))
}

#[test]
fn a_full_disk_of_store_and_messages_is_named_and_writes_go_on_once_there_is_room() {
    let begun = Begun::new();
    let small = Small::start(&begun);
    let served = &small.served;
    assert_eq!(served.publish("before", 10).0, 201);
    // More than once, and with more and less to write: what fails the first time may not the second.
    for (round, letters) in [10, 9_000, 100, 5_000].into_iter().enumerate() {
        let filler = small.fill(&small.data);
        let mut refused = None;
        // What the store holds ready for itself takes a few.
        for number in 0..200 {
            let (status, answer) = served.publish(&format!("{round}-{number}"), letters);
            if status != 201 {
                refused = Some((number, status, answer));
                break;
            }
        }
        let (number, status, answer) = refused.expect("the disk is full");
        assert_eq!(status, 503, "{answer}");
        assert!(names(&answer, &small.data), "{answer}");
        assert_eq!(answer["title"], "Đĩa của máy chủ đã đầy");
        let ready = served.ready();
        assert_eq!(ready["status"], "degraded", "{ready}");
        assert!(ready["detail"].as_str().unwrap().contains(small.data.to_str().unwrap()), "{ready}");
        assert_eq!(served.get("/").0, 200, "reads go on");
        assert!(served.get("/metrics").1.contains("bangtin_full_disks 1"));
        drop(filler);
        soon("the same command goes through", || served.publish(&format!("{round}-{number}"), letters).0 < 300);
        soon("ready again", || served.ready()["status"] == "ready");
    }
    assert_eq!(small.served.publish("after", 10).0, 201);
    let Small { served, .. } = small;
    assert_eq!(served.end(), Some(0));
}

#[test]
fn a_full_disk_is_named_before_a_write_fails() {
    let begun = Begun::new();
    let small = Small::start(&begun);
    let filler = small.fill(&small.data);
    let started = Instant::now();
    while small.served.ready()["status"] != "degraded" {
        assert!(started.elapsed() < Duration::from_secs(30), "it is looked at now and then");
        std::thread::sleep(Duration::from_millis(200));
    }
    drop(filler);
    soon("ready again", || small.served.ready()["status"] == "ready");
}

#[test]
fn a_full_tmpdir_refuses_uploads_and_downloads_by_its_name_and_blames_no_file() {
    let begun = Begun::new();
    let small = Small::start(&begun);
    let served = &small.served;
    let filler = small.fill(&small.temporary);
    let (status, answer) = served.upload("plan.geojson", &vec![b' '; 20_000]);
    assert!(status == 503 && names(&answer, &small.temporary), "{status} {answer}");
    assert_eq!(served.ready()["status"], "degraded");
    assert!(served.ready()["detail"].as_str().unwrap().contains(small.temporary.to_str().unwrap()));
    let (status, body) = served.get("/collections/plans/download.gpkg");
    assert!(status == 503 && names(&serde_json::from_str(&body).unwrap(), &small.temporary), "{status} {body}");
    // What needs no file is sent all the same, and the store takes what it is given.
    assert_eq!(served.get("/collections/plans/download.csv").0, 200);
    assert_eq!(served.publish("meanwhile", 10).0, 201);
    drop(filler);
    soon("ready again", || served.ready()["status"] == "ready");
    assert_eq!(served.get("/collections/plans/download.gpkg").0, 200);
    assert_eq!(served.upload("plan.geojson", &vec![b' '; 20_000]).0, 201, "it comes to a report again");
    // An archive that unpacks to more than there is room for is whole all the same.
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("plan.geojson", zip::write::SimpleFileOptions::default()).unwrap();
    archive.write_all(&vec![b' '; 8 << 20]).unwrap();
    let (status, answer) = served.upload("plan.zip", &archive.finish().unwrap().into_inner());
    assert!(status == 503 && names(&answer, &small.temporary), "{status} {answer}");
}

#[test]
fn a_tmpdir_without_room_for_another_file_refuses_downloads_by_its_name() {
    let begun = Begun::new();
    let small = Small::start(&begun);
    let temporary = small.seen(&small.temporary);
    let taken: Vec<_> = (0..64).map(|n| temporary.join(n.to_string())).take_while(|path| File::create(path).is_ok()).collect();
    assert!((1..64).contains(&taken.len()));
    // A GeoPackage is one file while it is made, or two, or three: SQLite has a journal beside it.
    for free in 0..4 {
        if free > 0 {
            std::fs::remove_file(&taken[free - 1]).unwrap();
        }
        for ending in ["gpkg", "fgb"] {
            let (status, body) = small.served.get(&format!("/collections/plans/download.{ending}"));
            let is_named = || names(&serde_json::from_str(&body).unwrap(), &small.temporary);
            assert!(status == 200 && free > 0 || status == 503 && is_named(), "{ending}, {free} free: {status} {body}");
        }
    }
    assert_eq!(small.served.get("/collections/plans/download.gpkg").0, 200);
}

#[test]
fn a_restore_onto_a_full_disk_blames_the_disk() {
    let begun = Begun::new();
    let (file, data) = (begun.folder.path().join("backup"), begun.folder.path().join("restored"));
    assert!(run(&begun.data, None, &["backup", file.to_str().unwrap()]).status.success());
    std::fs::create_dir(&data).unwrap();
    for size in ["40k", "80k", "120k"] {
        let script = format!("mount -t tmpfs -o size={size} tmpfs \"$DATA\" && cp \"$FROM/vault.key\" \"$DATA/\" && exec \"$0\" \"$@\"");
        let mut command = Command::new("unshare");
        let root = std::fs::metadata("/proc/self").is_ok_and(|meta| std::os::unix::fs::MetadataExt::uid(&meta) == 0);
        command.arg("--mount").args((!root).then_some("--map-root-user")).args(["sh", "-c", &script]);
        command.args([env!("CARGO_BIN_EXE_bangtin"), "--data", data.to_str().unwrap(), "restore", file.to_str().unwrap()]);
        let output = command.env("DATA", &data).env("FROM", &begun.data).env_remove("BANGTIN_DATABASE").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains("full") && !said.contains("put vault.key"), "{size}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn a_full_disk_of_the_database_server_is_named_and_writes_go_on_once_there_is_room() {
    let database = Database::new(Kind::Postgres).await;
    let node = Node::start(&database, &TestClock::at(NOON)).await;
    let (_, secret) = node.app.create_token(Role::Editor, Reach::City, "thử".into()).await.unwrap();
    let head = node.app.log().head().await.unwrap().position;
    assert!(node.model.wait_for(head, Duration::from_secs(5)).await);
    // What the server says when its disk is full, said by a trigger.
    let function = "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS \
                    $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$";
    database.tamper(function).await.unwrap();
    let facts = json!({ "kind": "health-station", "title": "Trạm", "position": { "lon": 104.87, "lat": 21.7 } });
    let command = json!({ "id": "1", "type": "map-point.publish", "facts": facts }).to_string();
    database.tamper("CREATE TRIGGER no_room BEFORE UPDATE ON head FOR EACH ROW EXECUTE FUNCTION no_room()").await.unwrap();
    for _ in 0..3 {
        let answer = node.post("/collections/health-stations/items", &secret, command.clone()).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.header("retry-after"), "5");
        assert!(answer.json()["type"] == "/problems/full-disk" && answer.json()["detail_en"].as_str().unwrap().contains("PostgreSQL"));
    }
    let ready = node.get("/readyz").await;
    assert_eq!((ready.status, ready.json()["status"].as_str()), (StatusCode::OK, Some("degraded")));
    assert!(ready.json()["detail"].as_str().unwrap().contains("PostgreSQL"));
    database.tamper("DROP TRIGGER no_room ON head").await.unwrap();
    let again = node.post("/collections/health-stations/items", &secret, command).await;
    assert_eq!(again.status, StatusCode::CREATED, "{}", again.text());
    let cleared = async {
        while node.get("/readyz").await.json()["status"] != "ready" {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), cleared).await.expect("ready again");
    // A blob that does not fit is refused by the same name.
    database.tamper("CREATE TRIGGER no_room BEFORE INSERT ON blob_chunks FOR EACH ROW EXECUTE FUNCTION no_room()").await.unwrap();
    let plan = json!({ "id": "2", "type": "plan.publish", "facts": { "kind": "land-use-plan", "title": "Quy hoạch",
        "decision": { "authority": "UBND", "number": "1", "signed": "2026-01-01" },
        "documents": [{ "role": "decision", "title": "Quyết định", "file_name": "a.txt", "base64": "YQ==" }] } });
    let refused = node.try_apply(&plan.to_string(), &bangtin::import::attach::no_files).await;
    assert!(matches!(refused, Err(ExecuteError::Full(Disk::Store(name))) if name == "PostgreSQL"));
    database.tamper("DROP TRIGGER no_room ON blob_chunks").await.unwrap();
    node.apply(&plan.to_string()).await;
}
