//! The requests of a connection that has several at once (HTTP/2): which of them wait for their clients, and for how long.
//!
//! The connection's own writes tell little: a client may take what keeps the connection alive, and nothing of an answer.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Frame, SizeHint};

use super::received::Receiver;
use super::waiting::{Connection, Connections, State};

/// A client that takes fewer bytes within the patience takes nothing.
const LEAST: u64 = 4_096;
/// So many times the patience a piece of an answer may wait for its client, whatever else the client takes.
const MOST: u32 = 30;

/// A request that is being answered.
#[derive(Debug, Default)]
struct Stream {
    /// True while the rest of its body is awaited.
    is_receiving: bool,
    /// Since when a piece of its answer waits for the client, in milliseconds as [`Connections`] counts them.
    handed_at: Option<u64>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    streams: BTreeMap<u64, Stream>,
}

/// The open requests of a connection.
#[derive(Clone)]
pub struct Streams {
    state: Arc<State>,
    registry: Arc<Connections>,
    open: Arc<Mutex<Open>>,
}

impl Streams {
    /// Those of a connection on which none has begun.
    pub fn of(connection: &Connection) -> Self {
        let (state, registry) = connection.parts();
        Self { state, registry, open: Arc::default() }
    }

    fn change<T>(&self, change: impl FnOnce(&mut Open, u64) -> T) -> T {
        let now = self.registry.now();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = change(&mut open, now);
        self.state.note(now, !open.streams.is_empty(), open.streams.values().all(|stream| stream.is_receiving));
        changed
    }

    /// A request begins; it ends when all that this gives are dropped.
    pub fn begin(&self, is_receiving: bool) -> Arc<Begun> {
        let number = self.change(|open, _| {
            open.next += 1;
            open.streams.insert(open.next, Stream { is_receiving, handed_at: None });
            open.next
        });
        Arc::new(Begun { streams: self.clone(), number })
    }

    /// Resolves when a client takes nothing of an answer for too long.
    pub async fn are_stuck(&self, patience: Duration) {
        let mut before = self.state.written();
        loop {
            tokio::time::sleep(patience).await;
            let (now, written) = (self.registry.now(), self.state.written());
            let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            let oldest = open.streams.values().filter_map(|stream| stream.handed_at).min();
            let waited = Duration::from_millis(oldest.map_or(0, |at| now.saturating_sub(at)));
            if waited >= patience && (written - before < LEAST || waited >= patience * MOST) {
                return;
            }
            before = written;
        }
    }
}

/// A request that is being answered.
pub struct Begun {
    streams: Streams,
    number: u64,
}

impl Begun {
    fn change(&self, change: impl FnOnce(&mut Stream, u64)) {
        self.streams.change(|open, now| open.streams.get_mut(&self.number).map(|stream| change(stream, now)));
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.streams.change(|open, _| open.streams.remove(&self.number));
    }
}

impl Receiver for Arc<Begun> {
    fn is_whole(&self) {
        self.change(|stream, _| stream.is_receiving = false);
    }
}

/// An answer's body; its request is open while it lasts. Each piece waits for the client until the next one is asked for.
pub struct Answered<B> {
    body: B,
    request: Arc<Begun>,
}

impl<B> Answered<B> {
    /// The body of the answer to a request.
    pub fn new(body: B, request: Arc<Begun>) -> Self {
        request.change(|stream, now| stream.handed_at = Some(now));
        Self { body, request }
    }
}

impl<B: Body + Unpin> Body for Answered<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let answered = self.get_mut();
        let polled = Pin::new(&mut answered.body).poll_frame(cx);
        answered.request.change(|stream, now| stream.handed_at = polled.is_ready().then_some(now));
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::http::received::Received;
    use crate::http::waiting::{Connections, Patience};

    const PATIENCE: Patience = Patience { head: Duration::from_secs(10), idle: Duration::from_secs(75) };

    #[tokio::test(start_paused = true)]
    async fn a_connection_with_several_requests_waits_once_all_are_answered() {
        let connections = Connections::new(PATIENCE);
        let connection = connections.enter();
        let begun = Instant::now();
        connection.has_waited().await;
        assert_eq!(begun.elapsed().as_secs(), 10, "who asks nothing is let go");
        let streams = Streams::of(&connection);
        let (first, second) = (streams.begin(false), streams.begin(false));
        drop(first);
        assert!(!connections.make_room(), "the second is being answered");
        tokio::time::advance(Duration::from_mins(5)).await;
        drop(second);
        let idle = Instant::now();
        connection.has_waited().await;
        assert_eq!(idle.elapsed().as_secs(), 75);
        assert!(connections.make_room());
    }

    #[tokio::test(start_paused = true)]
    async fn requests_whose_bodies_do_not_come_make_room_for_others() {
        let connections = Connections::new(PATIENCE);
        let connection = connections.enter();
        let streams = Streams::of(&connection);
        let posted = streams.begin(true);
        let body = Received::new(String::from("lon=1"), Arc::clone(&posted));
        assert!(connections.make_room(), "nothing but its body is awaited");
        let other = streams.begin(false);
        assert!(!connections.make_room(), "another one is being answered");
        drop(other);
        assert!(connections.make_room());
        drop(body);
        assert!(!connections.make_room(), "the request is whole");
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_of_which_nothing_is_taken_ends_the_connection() {
        let connections = Connections::new(PATIENCE);
        let connection = connections.enter();
        let streams = Streams::of(&connection);
        let patience = Duration::from_secs(20);
        let ends_within = async |seconds| tokio::time::timeout(Duration::from_secs(seconds), streams.are_stuck(patience)).await.is_ok();
        let request = streams.begin(false);
        assert!(!ends_within(3_600).await, "the program itself may take its time");
        let mut answered = Answered::new(String::from("a page"), Arc::clone(&request));
        assert!(ends_within(41).await, "not even its first piece was asked for");
        let mut context = Context::from_waker(std::task::Waker::noop());
        assert!(Pin::new(&mut answered).poll_frame(&mut context).is_ready());
        assert!(!ends_within(19).await);
        assert!(ends_within(41).await);
        drop((answered, request));
        assert!(!ends_within(3_600).await, "what is answered waits for nobody");
    }
}
