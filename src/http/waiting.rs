//! Connections that wait for a request: how long each may wait, and which is closed when all places are taken.
//!
//! Between two requests a connection may be idle for longer than a proxy keeps it; otherwise the proxy's
//! next request would meet a connection that is just being closed. A head that has begun must be complete
//! much sooner. hyper has one limit for both, and asks a [`Timer`] for it when it begins to wait for a
//! head. The timer here also looks at whether any bytes of the head have come.

use std::collections::HashMap;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::Body;
use hyper::rt::{Sleep, Timer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::received::{Received, Receiver};

/// Stands in place of a time while a request is being answered. Times count from 1, so it is none.
const ANSWERING: u64 = 0;

/// How long a connection may wait.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Time for a whole head from its first byte; also for the first byte of a new connection.
    pub head: Duration,
    /// Time for the next request of a connection.
    pub idle: Duration,
}

/// The state of a connection. Its own task writes it; the task that accepts connections reads it.
pub(super) struct State {
    /// The time in milliseconds, as [`Connections`] counts them from 1, since which it waits for a request;
    /// or [`ANSWERING`].
    since: AtomicU64,
    /// True if bytes have come since it began to wait: a head has begun.
    has_begun: AtomicBool,
    /// True once a first request has come.
    has_asked: AtomicBool,
    /// True while the rest of a request's body is awaited.
    is_receiving: AtomicBool,
    /// The time, counted like `since`, at which the last request's head came.
    asked_at: AtomicU64,
    /// True while bytes of an answer wait for the client to take them.
    is_sending: AtomicBool,
    /// Bytes that were written.
    written: AtomicU64,
    has_to_go: Notify,
}

impl State {
    /// Notes that several requests are being answered, or none; and that of all of them the rest is awaited. `now` is counted
    /// like `since`.
    pub(super) fn note(&self, now: u64, is_answering: bool, is_receiving: bool) {
        self.is_receiving.store(is_answering && is_receiving, Ordering::Relaxed);
        self.asked_at.store(now, Ordering::Relaxed);
        self.has_asked.store(true, Ordering::Relaxed);
        self.since.store(if is_answering { ANSWERING } else { now }, Ordering::Relaxed);
    }

    /// Bytes that were written so far.
    pub(super) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// The time since which it waits for a request, or for the rest of one, with nothing left to send; `None` if it is
    /// busy.
    fn waits_since(&self) -> Option<u64> {
        let since = self.since.load(Ordering::Relaxed);
        if since == ANSWERING {
            return self.is_receiving.load(Ordering::Relaxed).then(|| self.asked_at.load(Ordering::Relaxed));
        }
        (!self.is_sending.load(Ordering::Relaxed)).then_some(since)
    }
}

/// For so long a connection that has asked nothing yet may be about to, in milliseconds.
const NEW_MILLIS: u64 = 1_000;

/// All open connections.
pub struct Connections {
    began: Instant,
    patience: Patience,
    next: AtomicU64,
    open: Mutex<HashMap<u64, Arc<State>>>,
}

impl Connections {
    /// No connections yet.
    pub fn new(patience: Patience) -> Arc<Self> {
        Arc::new(Self { began: Instant::now(), patience, next: AtomicU64::new(0), open: Mutex::default() })
    }

    /// Milliseconds since this was made, counted from 1.
    pub(super) fn now(&self) -> u64 {
        self.began.elapsed().as_millis() as u64 + 1
    }

    /// Registers a connection until the returned entry is dropped.
    pub fn enter(self: &Arc<Self>) -> Connection {
        let state = Arc::new(State {
            since: AtomicU64::new(self.now()),
            has_begun: AtomicBool::default(),
            has_asked: AtomicBool::default(),
            is_receiving: AtomicBool::default(),
            asked_at: AtomicU64::default(),
            is_sending: AtomicBool::default(),
            written: AtomicU64::default(),
            has_to_go: Notify::new(),
        });
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(number, Arc::clone(&state));
        Connection { number, state, registry: Arc::clone(self) }
    }

    /// Asks the connection that can best be spared to end. First comes a connection that has never asked
    /// anything, the one silent longest; then the one idle longest; then one whose request is not yet whole. False if
    /// all connections are busy.
    pub fn make_room(&self) -> bool {
        self.spare(0)
    }

    /// The same where the system has no file for another connection. It says so even when nobody waits, so one that has
    /// only just come, and is about to ask, goes after those that are idle.
    pub fn make_room_for_files(&self) -> bool {
        self.spare(NEW_MILLIS)
    }

    fn spare(&self, new_millis: u64) -> bool {
        let now = self.now();
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = open.iter().filter_map(|(number, state)| {
            let has_asked = state.has_asked.load(Ordering::Relaxed);
            let is_receiving = state.is_receiving.load(Ordering::Relaxed);
            let since = state.waits_since()?;
            let is_new = !has_asked && now.saturating_sub(since) < new_millis;
            Some(((is_receiving, is_new, has_asked, since, *number), state))
        });
        let spared = waiting.min_by_key(|(key, _)| *key);
        spared.inspect(|(_, state)| state.has_to_go.notify_one()).is_some()
    }
}

/// A connection's entry.
pub struct Connection {
    number: u64,
    state: Arc<State>,
    registry: Arc<Connections>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.registry.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.number);
    }
}

impl Connection {
    /// The timer that limits how long hyper waits for a head.
    pub fn timer(&self) -> HeadTimer {
        HeadTimer { state: Arc::clone(&self.state), registry: Arc::clone(&self.registry) }
    }

    /// Wraps the stream of the connection to see when bytes come and leave.
    pub fn watched<S>(&self, stream: S) -> Watched<S> {
        Watched { stream, state: Arc::clone(&self.state) }
    }

    /// Gives the function to call when a request's head has arrived. Its body is noted while it comes.
    pub fn on_request<B: Body>(&self) -> impl Fn(B) -> Received<B, Arc<State>> + Send + Sync + use<B> {
        let (state, registry) = (Arc::clone(&self.state), Arc::clone(&self.registry));
        move |body| {
            state.asked_at.store(registry.now(), Ordering::Relaxed);
            state.is_receiving.store(!body.is_end_stream(), Ordering::Relaxed);
            state.since.store(ANSWERING, Ordering::Relaxed);
            state.has_asked.store(true, Ordering::Relaxed);
            Received::new(body, Arc::clone(&state))
        }
    }

    /// What whoever counts the requests of a connection needs.
    pub(super) fn parts(&self) -> (Arc<State>, Arc<Connections>) {
        (Arc::clone(&self.state), Arc::clone(&self.registry))
    }

    /// Resolves when the connection has waited too long for a request. For HTTP/1.1 the timer tells that.
    pub async fn has_waited(&self) {
        let Patience { head, idle } = self.registry.patience;
        loop {
            let limit = if self.state.has_asked.load(Ordering::Relaxed) { idle } else { head };
            let since = self.state.since.load(Ordering::Relaxed);
            let waited = if since == ANSWERING { 0 } else { self.registry.now().saturating_sub(since) };
            let left = limit.saturating_sub(Duration::from_millis(waited));
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left).await;
        }
    }

    /// Resolves when the connection has to make room and no request would be lost.
    pub async fn has_to_go(&self) {
        loop {
            self.state.has_to_go.notified().await;
            if self.state.waits_since().is_some() {
                return;
            }
        }
    }
}

impl Receiver for Arc<State> {
    fn is_whole(&self) {
        self.is_receiving.store(false, Ordering::Relaxed);
    }
}

/// Tells hyper when a connection has waited too long. hyper asks it when the wait for a head begins.
pub struct HeadTimer {
    state: Arc<State>,
    registry: Arc<Connections>,
}

impl Timer for HeadTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    /// hyper passes one limit for all waits; here the limit is `head` or `idle`, by what has come.
    fn sleep_until(&self, _: std::time::Instant) -> Pin<Box<dyn Sleep>> {
        self.state.has_begun.store(false, Ordering::Relaxed);
        self.state.since.store(self.registry.now(), Ordering::Relaxed);
        let Patience { head, idle } = self.registry.patience;
        let first = if self.state.has_asked.load(Ordering::Relaxed) { idle } else { head };
        Box::pin(Wait { sleep: Box::pin(tokio::time::sleep(first)), state: Arc::clone(&self.state), head, has_begun: false })
    }

    fn now(&self) -> std::time::Instant {
        Instant::now().into()
    }
}

/// Resolves when a head has not come in time. It is polled again whenever a piece of the head comes.
struct Wait {
    sleep: Pin<Box<tokio::time::Sleep>>,
    state: Arc<State>,
    head: Duration,
    has_begun: bool,
}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let wait = self.get_mut();
        if !wait.has_begun && wait.state.has_begun.load(Ordering::Relaxed) {
            wait.has_begun = true;
            wait.sleep.as_mut().reset(Instant::now() + wait.head);
        }
        wait.sleep.as_mut().poll(cx)
    }
}

impl Sleep for Wait {}

/// A stream that notes when bytes come, and when bytes cannot leave.
pub struct Watched<S> {
    stream: S,
    state: Arc<State>,
}

impl<S> Watched<S> {
    fn noted(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.state.is_sending.store(written.is_pending(), Ordering::Relaxed);
        if let Poll::Ready(Ok(bytes)) = &written {
            self.state.written.fetch_add(*bytes as u64, Ordering::Relaxed);
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let watched = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(&mut watched.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            watched.state.has_begun.store(true, Ordering::Relaxed);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let watched = self.get_mut();
        let written = Pin::new(&mut watched.stream).poll_write(cx, bytes);
        watched.noted(written)
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let watched = self.get_mut();
        let written = Pin::new(&mut watched.stream).poll_write_vectored(cx, slices);
        watched.noted(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let watched = self.get_mut();
        let flushed = Pin::new(&mut watched.stream).poll_flush(cx);
        // TLS takes bytes before the client does.
        watched.state.is_sending.store(flushed.is_pending(), Ordering::Relaxed);
        flushed
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience { head: Duration::from_secs(10), idle: Duration::from_secs(75) };

    /// A connection that has waited since that time in milliseconds.
    fn since(connections: &Arc<Connections>, at: u64, has_asked: bool) -> Connection {
        let connection = connections.enter();
        connection.state.since.store(at, Ordering::Relaxed);
        connection.state.has_asked.store(has_asked, Ordering::Relaxed);
        connection
    }

    async fn goes(connection: &Connection) -> bool {
        tokio::time::timeout(Duration::from_millis(1), connection.has_to_go()).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn who_asked_nothing_goes_first_then_who_was_idle_longest_and_nobody_that_is_answered() {
        let connections = Connections::new(PATIENCE);
        let idle = since(&connections, 5, true);
        let longest = since(&connections, 3, true);
        let answered = since(&connections, ANSWERING, true);
        let taking = since(&connections, 1, true);
        taking.state.is_sending.store(true, Ordering::Relaxed);
        let silent = since(&connections, 9, false);
        tokio::time::advance(Duration::from_secs(2)).await;
        let new = connections.enter();
        assert!(connections.make_room_for_files() && goes(&silent).await);
        drop(silent);
        assert!(connections.make_room_for_files() && goes(&longest).await);
        drop(longest);
        assert!(!goes(&new).await && connections.make_room() && goes(&new).await, "who has asked something stays");
        drop(new);
        assert!(!goes(&idle).await && connections.make_room() && goes(&idle).await);
        drop(idle);
        let posting = since(&connections, 7, true);
        let body = posting.on_request()(String::from("lon=1"));
        assert!(connections.make_room() && goes(&posting).await, "its request is not whole");
        drop(body);
        assert!(!connections.make_room(), "an answer is not cut short");
        assert!(!goes(&answered).await && !goes(&taking).await);
        drop((answered, taking, posting));
        assert!(connections.open.lock().expect("whole").is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_came_meanwhile_is_answered() {
        let connections = Connections::new(PATIENCE);
        let connection = since(&connections, 1, true);
        assert!(connections.make_room());
        connection.on_request()(String::new());
        assert!(!goes(&connection).await);
        drop(connection.timer().sleep(Duration::ZERO));
        assert!(connections.make_room() && goes(&connection).await, "asked again, while idle");
    }

    /// Seconds until the wait for a head ends, if its first byte comes after `first_byte` seconds.
    async fn waited(has_asked: bool, first_byte: Option<u64>) -> u64 {
        let connections = Connections::new(PATIENCE);
        let connection = since(&connections, 1, has_asked);
        let mut wait = connection.timer().sleep(Duration::ZERO);
        let begun = Instant::now();
        let Some(seconds) = first_byte else {
            wait.await;
            return begun.elapsed().as_secs();
        };
        let byte = async {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            connection.state.has_begun.store(true, Ordering::Relaxed);
        };
        // hyper also looks at the wait again when bytes have come.
        tokio::select! {
            () = &mut wait => return begun.elapsed().as_secs(),
            () = byte => {}
        }
        wait.await;
        begun.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_may_wait_longer_than_a_head_that_has_begun() {
        assert_eq!(waited(true, None).await, 75);
        assert_eq!(waited(true, Some(0)).await, 10);
        assert_eq!(waited(true, Some(70)).await, 80, "counted from the head's first byte");
        assert_eq!(waited(false, None).await, 10, "silent from the beginning");
        assert_eq!(waited(false, Some(4)).await, 14);
    }
}
