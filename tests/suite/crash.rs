//! The real process is killed again and again under eight writers: what was acknowledged is there.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bangtin::domain::Digest;
use serde_json::{Value, json};

use crate::process::{Server, bangtin, run};
use crate::support::{Database, Kind};

const ROUNDS: u64 = 4;

/// What a writer was told: command id, code, revision.
type Acknowledged = Arc<Mutex<Vec<(String, String, u64)>>>;

fn body(id: &str, writer: u64, n: u64, revise: bool) -> String {
    let shift = (writer * 1_000 + n) as f64 * 1e-6;
    let (x, y) = (104.87 + shift, 21.7);
    let zones = json!({ "geojson": { "type": "FeatureCollection", "features": [{ "type": "Feature", "properties": { "code": "LUC" },
        "geometry": { "type": "Polygon", "coordinates": [[[x, y], [x + 0.001, y], [x + 0.001, y + 0.001], [x, y]]] } }] } });
    json!({ "id": id, "type": if revise { "plan.revise" } else { "plan.publish" }, "facts": { "kind": "land-use-plan", "title": format!("Quy hoạch {id}"),
        "decision": { "authority": format!("Cơ quan {writer}"), "number": id, "signed": "2026-01-01" }, "zones": zones } }).to_string()
}

fn write_until_it_dies(address: &str, secret: &str, writer: u64, round: u64, told: &Acknowledged) {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(10))).build().into();
    let mut code: Option<String> = None;
    for n in 0..10_000 {
        let id = format!("r{round}-w{writer}-n{n}");
        let path = match &code {
            Some(code) => format!("/collections/plans/items/{code}/commands"),
            None => "/collections/plans/items".into(),
        };
        let request = agent.post(format!("http://{address}{path}")).header("authorization", format!("Bearer {secret}"));
        let Ok(mut response) = request.send(&body(&id, writer, round * 100 + n, code.is_some())) else { return };
        let status = response.status().as_u16();
        let Ok(text) = response.body_mut().read_to_string() else { return };
        if status == 201 {
            let answer: Value = serde_json::from_str(&text).unwrap();
            let written = answer["code"].as_str().unwrap().to_owned();
            told.lock().unwrap().push((id, written.clone(), answer["revision"].as_u64().unwrap()));
            // A few revisions of each plan, then the next plan.
            code = (n % 4 != 3).then_some(written);
        } else {
            assert_eq!(status, 503, "{text}");
        }
    }
}

fn killed_again_and_again(data: &Path, database: Option<&str>) {
    Server::demo(data, database).end("TERM");
    let secret = run(data, database, &["token", "create", "--role", "planner", "--unit", "all"]);
    assert!(secret.status.success(), "{}", String::from_utf8_lossy(&secret.stderr));
    let secret = String::from_utf8(secret.stdout).unwrap().trim().to_owned();
    let told: Acknowledged = Arc::default();
    for round in 0..ROUNDS {
        let server = Server::demo(data, database);
        let before = told.lock().unwrap().len();
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                let (address, secret, told) = (server.address.clone(), secret.clone(), Arc::clone(&told));
                std::thread::spawn(move || write_until_it_dies(&address, &secret, writer, round, &told))
            })
            .collect();
        // Killed in the middle of the work: after a number of acknowledgements, not of seconds.
        let begun = std::time::Instant::now();
        while told.lock().unwrap().len() < before + 60 {
            assert!(!writers.iter().all(std::thread::JoinHandle::is_finished), "all writers gave up");
            assert!(begun.elapsed() < Duration::from_mins(1), "{} acknowledgements in a minute", told.lock().unwrap().len() - before);
            std::thread::sleep(Duration::from_millis(1));
        }
        let (code, _) = server.end("KILL");
        assert_eq!(code, None);
        for writer in writers {
            writer.join().unwrap();
        }
    }
    let verify = run(data, database, &["log", "verify"]);
    assert!(verify.status.success(), "{}", String::from_utf8_lossy(&verify.stderr));
    let export = data.join("export");
    assert!(run(data, database, &["log", "export", export.to_str().unwrap()]).status.success());
    let mut revisions = HashSet::new();
    let mut commands = HashSet::new();
    let mut position = 0;
    let mut named = HashSet::new();
    let mut blobs: std::collections::HashMap<String, Vec<u8>> = std::collections::HashMap::new();
    for line in std::fs::read_to_string(&export).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if let Some(event) = line.get("event") {
            position += 1;
            assert_eq!(event["position"], position, "positions are dense");
            if event["name"] == "plan.published" {
                let payload: Value = serde_json::from_str(event["payload"].as_str().unwrap()).unwrap();
                assert!(revisions.insert((payload["code"].as_str().unwrap().to_owned(), payload["revision"].as_u64().unwrap())));
                assert!(commands.insert(event["command"].as_str().unwrap().to_owned()), "a command was carried out twice");
                if let Some(digest) = payload["facts"]["zones"]["sha256"].as_str() {
                    named.insert(digest.to_owned());
                }
            }
        } else if let Some(chunk) = line.get("chunk") {
            use base64::Engine as _;
            let data = base64::engine::general_purpose::STANDARD.decode(chunk["data"].as_str().unwrap()).unwrap();
            blobs.entry(chunk["sha256"].as_str().unwrap().to_owned()).or_default().extend(data);
        }
    }
    let told = told.lock().unwrap();
    assert!(told.len() as u64 >= ROUNDS * 60);
    for (id, code, revision) in told.iter() {
        assert!(commands.contains(id) && revisions.contains(&(code.clone(), *revision)), "{id} was acknowledged and is gone");
    }
    for (code, revision) in &revisions {
        assert!(*revision == 1 || revisions.contains(&(code.clone(), revision - 1)), "no half history");
    }
    for digest in named {
        assert_eq!(Digest::of(&blobs[&digest]).to_string(), digest, "a blob is whole");
    }
    // And the next start goes on.
    let server = Server::demo(data, database);
    assert_eq!(server.get(&format!("/q/{}.geojson", told[0].1)).0, 200);
    server.end("TERM");
}

#[test]
fn on_sqlite_every_acknowledged_event_survives_sigkill() {
    let folder = tempfile::tempdir().unwrap();
    killed_again_and_again(&folder.path().join("data"), None);
}

#[test]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
fn on_postgres_every_acknowledged_event_survives_sigkill() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let database = runtime.block_on(Database::new(Kind::Postgres));
    killed_again_and_again(&database.path("data"), Some(&database.url));
}

/// SIGKILL keeps the page cache, so the calls themselves are looked at: between a request and its
/// answer the write-ahead log is synced, once for the blob and once for the event.
#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn blob_and_event_are_synced_before_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    Server::demo(&data, None).end("TERM");
    let secret = run(&data, None, &["token", "create", "--role", "planner", "--unit", "all"]);
    let secret = String::from_utf8(secret.stdout).unwrap().trim().to_owned();
    let trace = folder.path().join("trace");
    let program = bangtin(&data, None);
    let mut command = std::process::Command::new("strace");
    command.args([
        "-f",
        "-y",
        "-s",
        "40",
        "-e",
        "trace=fdatasync,fsync,write,writev,sendto,pwrite64,recvfrom,read",
        "-o",
        trace.to_str().unwrap(),
    ]);
    command.arg(program.get_program()).args(program.get_args()).args(["demo", "--listen", "127.0.0.1:0"]).env_remove("BANGTIN_DATABASE");
    let server = Server::start(&mut command);
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(30))).build().into();
    let request =
        agent.post(format!("http://{}/collections/plans/items", server.address)).header("authorization", format!("Bearer {secret}"));
    assert_eq!(request.send(&body("traced", 1, 1, false)).unwrap().status().as_u16(), 201);
    // The server is strace's child.
    let tracer = server.child.id();
    let children = std::fs::read_to_string(format!("/proc/{tracer}/task/{tracer}/children")).unwrap();
    assert!(std::process::Command::new("kill").args(["-TERM", children.trim()]).status().unwrap().success());
    server.wait();
    let trace = std::fs::read_to_string(&trace).unwrap();
    let lines: Vec<&str> = trace.lines().collect();
    let asked = lines.iter().position(|line| line.contains("POST /collections/plans/items")).expect("the request");
    let answered = lines.iter().position(|line| line.contains("HTTP/1.1 201")).expect("the answer");
    let between = &lines[asked..answered];
    let syncs: Vec<usize> = between
        .iter()
        .enumerate()
        .filter(|(_, line)| (line.contains("fdatasync(") || line.contains("fsync(")) && line.contains("sqlite-wal"))
        .map(|(i, _)| i)
        .collect();
    assert!(syncs.len() >= 2, "the write-ahead log is synced for blob and event: {between:#?}");
    let last_write = between.iter().rposition(|line| line.contains("pwrite64(") && line.contains("sqlite-wal")).expect("a write");
    assert!(*syncs.last().unwrap() > last_write, "nothing is written after the last sync");
}
