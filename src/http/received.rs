//! A request's body that tells when the rest of it is no longer awaited.

use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Frame, SizeHint};

/// Who is told.
pub(super) trait Receiver {
    /// The request is whole, or nobody reads on.
    fn is_whole(&self);
}

/// A request's body; while it lasts, its request waits for the client.
pub(super) struct Received<B, R: Receiver> {
    body: B,
    receiver: R,
}

impl<B, R: Receiver> Received<B, R> {
    /// A body, and who is told once it is whole.
    pub fn new(body: B, receiver: R) -> Self {
        Self { body, receiver }
    }
}

impl<B: Body + Unpin, R: Receiver + Unpin> Body for Received<B, R> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let received = self.get_mut();
        let polled = Pin::new(&mut received.body).poll_frame(cx);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) || received.body.is_end_stream() {
            received.receiver.is_whole();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B, R: Receiver> Drop for Received<B, R> {
    fn drop(&mut self) {
        self.receiver.is_whole();
    }
}
