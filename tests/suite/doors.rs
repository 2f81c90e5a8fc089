//! The ways in: behind haproxy, over a socket of the machine, at a port that systemd opened.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bangtin::http::doors::{Door, Listener};
use bangtin::http::proxies::Proxies;
use bangtin::http::{self, Limits, Site};
use tokio::net::TcpListener;

use crate::process::bangtin;
use crate::support::{Database, Kind, NOON, Node, Running, TestClock, free_port};

/// Longest time until something happens that must.
const BOUND: Duration = Duration::from_secs(30);

/// The status that curl gets, 000 where there is no answer.
fn status(arguments: &[&str]) -> String {
    let out = Command::new("curl").args(["-sS", "-o", "/dev/null", "-w", "%{response_code}", "--max-time", "10"]).args(arguments).output();
    String::from_utf8(out.unwrap().stdout).unwrap()
}

fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < BOUND, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Serves a site at a door whose connections begin with a PROXY header. Gives its port.
async fn behind(node: &Node, limits: Limits) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let door = Door { has_header: true, ..Door::plain(Listener::Tcp(listener)) };
    let site = Arc::new(Site::new(Arc::clone(&node.app), Arc::clone(&node.model), limits));
    tokio::spawn(http::serve(vec![door], site, std::future::pending()));
    port
}

/// Runs haproxy, which leads from each first port to a second one and tells by such a header whom it serves.
fn haproxy(folder: &Path, ways: &[(u16, u16, &str)]) -> Running {
    let mut config = String::from("defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 20s\n  timeout server 20s\n");
    for (from, to, header) in ways {
        let _ = write!(config, "listen way{from}\n  bind 127.0.0.1:{from}\n  server one 127.0.0.1:{to} {header}\n");
    }
    let path = folder.join("haproxy.cfg");
    std::fs::write(&path, config).unwrap();
    let program = if Path::new("/usr/sbin/haproxy").exists() { "/usr/sbin/haproxy" } else { "haproxy" };
    let running = Running::start(Command::new(program).arg("-db").arg("-f").arg(path));
    for (from, ..) in ways {
        wait_for("haproxy listens", || std::net::TcpStream::connect(("127.0.0.1", *from)).is_ok());
    }
    running
}

#[tokio::test(flavor = "multi_thread")]
async fn haproxy_tells_whom_it_serves_before_a_connection_begins() {
    let database = Database::new(Kind::Sqlite).await;
    let local = || Proxies { networks: vec!["127.0.0.1/32".parse().unwrap()], ..Proxies::default() };
    let node = Node::start(&database, &TestClock::at(NOON)).await;
    bangtin::cli::demo::load_units(&node.app).await.unwrap();
    for line in bangtin::cli::demo::commands().take(1) {
        node.apply(line).await;
    }
    let own = behind(&node, Limits { proxies: local(), ..Limits::default() }).await;
    let others = Proxies { networks: vec!["10.0.0.0/8".parse().unwrap()], ..Proxies::default() };
    let closed = behind(&node, Limits { proxies: others, ..Limits::default() }).await;
    let [second, first, stranger] = std::array::from_fn(|_| free_port());
    let folder = tempfile::tempdir().unwrap();
    let _haproxy =
        haproxy(folder.path(), &[(second, own, "send-proxy-v2"), (first, own, "send-proxy"), (stranger, closed, "send-proxy-v2")]);

    let report =
        |port: u16, from: &str| status(&["--interface", from, "-d", "text=ngập", &format!("http://127.0.0.1:{port}/q/QHSDD21AG/report")]);
    let flood: Vec<String> = (0..10).map(|_| report(second, "127.0.0.2")).collect();
    assert!(flood[0] == "200" && flood[9] == "429", "{flood:?}");
    // Another client of the same proxy is another client; and both forms of the header name the same one.
    assert_eq!(report(second, "127.0.0.3"), "200");
    assert_eq!(report(first, "127.0.0.2"), "429");
    // Whoever sends no header, or is no proxy, is not answered.
    assert_eq!(status(&[&format!("http://127.0.0.1:{own}/healthz")]), "000");
    assert_eq!(status(&[&format!("http://127.0.0.1:{stranger}/healthz")]), "000");
    assert_eq!(status(&[&format!("http://127.0.0.1:{second}/healthz")]), "200");
}

/// A server of a new store, with these options.
fn serve(data: &Path, options: &[&str]) -> Command {
    let mut command = bangtin(data, None);
    let city = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/yen-bai.toml");
    command.args(["serve", "--city", city, "--public-url", "https://bangtin.example"]).args(options);
    command
}

#[test]
fn a_socket_of_the_machine_is_served_and_what_a_killed_program_left_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let (data, socket) = (folder.path().join("data"), folder.path().join("bangtin.sock"));
    let listen = format!("unix:{}", socket.display());
    let answers = || status(&["--unix-socket", socket.to_str().unwrap(), "http://localhost/healthz"]) == "200";
    let first = Running::start(&mut serve(&data, &["--listen", &listen]));
    wait_for("it answers", answers);
    let rights = std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777;
    assert_eq!(rights, 0o660, "for the proxy in its group");
    let refused = serve(&folder.path().join("other"), &["--listen", &listen]).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("is another program listening there?"), "{said}");
    assert!(answers(), "the first one goes on");
    drop(first);
    assert!(socket.exists() && !answers());
    let _second = Running::start(&mut serve(&data, &["--listen", &listen]));
    wait_for("another one answers", answers);
    let nowhere = serve(&folder.path().join("other"), &["--listen", "unix:/khong/co/bangtin.sock"]).output().unwrap();
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("its folder does not exist"));
}

#[test]
fn systemd_opens_the_port_and_is_told_when_the_program_is_ready() {
    let folder = tempfile::tempdir().unwrap();
    let notes = folder.path().join("notify.sock");
    let receiver = UnixDatagram::bind(&notes).unwrap();
    receiver.set_read_timeout(Some(BOUND)).unwrap();
    let port = free_port();
    let data = folder.path().join("data");
    let served = serve(&data, &[]);
    let mut activate = Command::new("systemd-socket-activate");
    activate.args(["-l", &format!("127.0.0.1:{port}"), "-E", &format!("NOTIFY_SOCKET={}", notes.display())]);
    let _running = Running::start(activate.arg(served.get_program()).args(served.get_args()));
    wait_for("the port is open", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    let mut text = [0; 64];
    let read = receiver.recv(&mut text).unwrap();
    assert_eq!(text[..read].trim_ascii(), b"READY=1");
    assert_eq!(status(&[&format!("http://127.0.0.1:{port}/healthz")]), "200");
}
