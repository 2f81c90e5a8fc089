//! Connections that wait: between two requests for longer than proxies keep one, within a head for a moment,
//! and never so that a reader finds no place.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bangtin::http::doors::Door;
use bangtin::http::proxies::Proxies;
use bangtin::http::{self, Limits, Site};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::process::Server;
use crate::support::{Database, Kind, NOON, Node, TestClock};

/// Longest that anything here is waited for.
const BOUND: Duration = Duration::from_secs(30);

/// A server with limits of its own.
struct Served {
    _database: Database,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Served {
    async fn with(limits: Limits) -> Self {
        Self::behind(limits, false).await
    }

    /// Behind a proxy that tells its clients by the PROXY protocol, or not.
    async fn behind(limits: Limits, has_header: bool) -> Self {
        let database = Database::new(Kind::Sqlite).await;
        let node = Node::start(&database, &TestClock::at(NOON)).await;
        let site = Arc::new(Site::new(Arc::clone(&node.app), Arc::clone(&node.model), limits));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let shutdown = async {
                let _ = stopped.await;
            };
            http::serve(vec![Door { has_header, ..Door::plain(listener) }], site, shutdown).await;
        });
        Self { _database: database, address, stop, task }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn end(self) {
        let _ = self.stop.send(());
        tokio::time::timeout(BOUND, self.task).await.expect("it ends").unwrap();
    }
}

/// Asks on a connection and reads one whole answer: its status, none when the connection is closed.
async fn ask(stream: &mut TcpStream) -> Option<u16> {
    let asked = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await;
    if asked.is_err() { None } else { answer(stream).await }
}

/// Reads one whole answer.
async fn answer(stream: &mut TcpStream) -> Option<u16> {
    let mut bytes = Vec::new();
    loop {
        let read = tokio::time::timeout(BOUND, stream.read_buf(&mut bytes)).await.expect("an answer or an end");
        if read.unwrap_or(0) == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.split("content-length: ").nth(1).map_or(0, |rest| rest.lines().next().unwrap().trim().parse::<usize>().unwrap());
        if body.len() >= length {
            return head.split(' ').nth(1).and_then(|status| status.parse().ok());
        }
    }
}

/// Waits until a connection is closed by the other side.
async fn closed(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    // With or without a word.
    let _ = tokio::time::timeout(BOUND, stream.read_to_end(&mut rest)).await.expect("it is closed");
}

#[test]
fn a_connection_may_be_idle_for_longer_than_proxies_keep_it() {
    let limits = Limits::default();
    assert!(limits.idle_patience > Duration::from_mins(1), "nginx, HAProxy and load balancers keep one for a minute");
    assert!(limits.head_patience <= Duration::from_secs(15), "a head that has begun is whole soon");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_outlives_the_limit_of_heads_and_is_asked_again() {
    let limits = Limits { head_patience: Duration::from_millis(300), idle_patience: Duration::from_mins(1), ..Limits::default() };
    let server = Served::with(limits).await;
    let mut kept = server.connect().await;
    assert_eq!(ask(&mut kept).await, Some(200));
    for head in [&b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "[..], b"G", b""] {
        // Silent from the beginning, or slow within a head: let go while the other one waits.
        let mut slow = server.connect().await;
        slow.write_all(head).await.unwrap();
        closed(&mut slow).await;
        assert_eq!(ask(&mut kept).await, Some(200));
    }
    // A head that has begun on a kept connection is as short of time as any.
    kept.write_all(b"GET /healthz HTTP/1.1\r\n").await.unwrap();
    closed(&mut kept).await;
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_ends_in_its_time() {
    let limits = Limits { head_patience: Duration::from_mins(1), idle_patience: Duration::from_millis(200), ..Limits::default() };
    let server = Served::with(limits).await;
    let mut kept = server.connect().await;
    assert_eq!(ask(&mut kept).await, Some(200));
    closed(&mut kept).await;
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_slow_and_idle_connections_shut_no_reader_out() {
    let server = Served::with(Limits { connections: 8, ..Limits::default() }).await;
    let mut kept = server.connect().await;
    assert_eq!(ask(&mut kept).await, Some(200));
    let mut others = Vec::new();
    for head in [&b""[..], b"GET / HTTP/1.1\r\nX-Slow: ", b"G"].into_iter().cycle().take(30) {
        let mut stream = server.connect().await;
        // It may be the one that makes room already.
        let _ = stream.write_all(head).await;
        others.push(stream);
        let mut reader = server.connect().await;
        assert_eq!(ask(&mut reader).await, Some(200), "after {} that ask nothing", others.len());
    }
    assert_eq!(ask(&mut kept).await, Some(200), "who asked something is kept longest");
    // Where all have asked, the one that is idle longest makes room.
    let mut idle = Vec::new();
    for _ in 0..16 {
        let mut stream = server.connect().await;
        assert_eq!(ask(&mut stream).await, Some(200));
        idle.push(stream);
    }
    closed(&mut idle[0]).await;
    assert_eq!(ask(&mut idle[15]).await, Some(200));
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_being_read_or_answered_is_not_given_up_for_another() {
    let server = Served::with(Limits { connections: 3, ..Limits::default() }).await;
    let mut sending = server.connect().await;
    let head = b"POST /nearest HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 20\r\nExpect: 100-continue\r\n\r\n";
    sending.write_all(head).await.unwrap();
    // It says so when the body is wanted: the request is being read.
    assert_eq!(answer(&mut sending).await, Some(100));
    sending.write_all(b"kind=ambul").await.unwrap();
    let mut readers = Vec::new();
    for _ in 0..12 {
        let mut reader = server.connect().await;
        assert_eq!(ask(&mut reader).await, Some(200));
        // It stays idle until another needs its place.
        readers.push(reader);
    }
    sending.write_all(b"ance&f=htm").await.unwrap();
    assert!(answer(&mut sending).await.is_some(), "its answer comes");
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_asked_nothing_keeps_nobody_from_ending() {
    let limits = Limits { head_patience: Duration::from_hours(1), proxies: Proxies::all(), ..Limits::default() };
    let server = Served::behind(limits, true).await;
    // A balancer that looks whether anybody is there, and says nothing.
    let mut silent = server.connect().await;
    let mut asks = server.connect().await;
    asks.write_all(b"PROXY UNKNOWN\r\n").await.unwrap();
    assert_eq!(ask(&mut asks).await, Some(200));
    let _ = server.stop.send(());
    // Requests that are being answered would have ten seconds.
    tokio::time::timeout(Duration::from_secs(5), server.task).await.expect("it ends").unwrap();
    closed(&mut silent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_files_to_open_a_connection_that_waits_makes_room() {
    let database = Database::new(Kind::Sqlite).await;
    // As many files as the server itself needs, and some twenty connections.
    let script = "ulimit -Sn 64; exec \"$0\" \"$@\"";
    let mut command = std::process::Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_bangtin"), "--data"]).arg(database.path("data"));
    command.args(["demo", "--listen", "127.0.0.1:0"]).env_remove("BANGTIN_DATABASE");
    let server = tokio::task::block_in_place(|| Server::start(&mut command));
    let mut idle = Vec::new();
    for n in 0..120 {
        let mut stream = TcpStream::connect(&server.address).await.unwrap();
        let asked = tokio::time::timeout(Duration::from_secs(5), ask(&mut stream)).await;
        assert_eq!(asked.expect("a place within seconds"), Some(200), "reader {n}");
        idle.push(stream);
    }
}
