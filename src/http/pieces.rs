//! Bodies made of several pieces: some are written for the answer, others are sent directly from memory.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};

/// Pieces shorter than this many bytes are copied, because sending them separately costs more.
const SHORTEST: usize = 4_096;

/// A body that grows piece by piece.
pub struct Pieces {
    /// Text that was written or copied.
    own: Vec<u8>,
    /// Pieces that are sent as they are, each with how much of `own` comes before it.
    kept: Vec<(usize, Bytes)>,
}

impl Pieces {
    /// Begins with a text.
    pub fn new(own: Vec<u8>) -> Self {
        Self { own, kept: Vec::new() }
    }

    /// The buffer to which text is appended.
    pub fn own(&mut self) -> &mut Vec<u8> {
        &mut self.own
    }

    /// How many bytes of a piece will be copied: all of a short piece, otherwise 0.
    pub fn copied(piece: &Bytes) -> usize {
        if piece.len() < SHORTEST { piece.len() } else { 0 }
    }

    /// Appends a piece; a long one is not copied.
    pub fn push(&mut self, piece: Bytes) {
        if Self::copied(&piece) > 0 {
            self.own.extend_from_slice(&piece);
        } else {
            self.kept.push((self.own.len(), piece));
        }
    }

    fn list(self) -> VecDeque<Bytes> {
        let own = Bytes::from(self.own);
        let mut list = VecDeque::with_capacity(2 * self.kept.len() + 1);
        let mut at = 0;
        for (upto, piece) in self.kept {
            list.extend((upto > at).then(|| own.slice(at..upto)));
            list.push_back(piece);
            at = upto;
        }
        list.extend((own.len() > at).then(|| own.slice(at..)));
        list
    }

    /// All pieces joined.
    pub fn joined(self) -> Bytes {
        let mut list = self.list();
        match list.len() {
            0 | 1 => list.pop_front().unwrap_or_default(),
            _ => Vec::from(list).concat().into(),
        }
    }

    /// The body of an answer.
    pub fn body(self) -> Body {
        let left = self.own.len() + self.kept.iter().map(|(_, piece)| piece.len()).sum::<usize>();
        Body::new(Frames { list: self.list(), left: left as u64 })
    }
}

/// Sends one frame for each piece. The total length is known beforehand.
struct Frames {
    list: VecDeque<Bytes>,
    left: u64,
}

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.list.pop_front();
        self.left -= piece.as_ref().map_or(0, |piece| piece.len() as u64);
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.list.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    fn pieces(sizes: &[usize]) -> (Pieces, Vec<u8>) {
        let (mut pieces, mut expected) = (Pieces::new(b"head".to_vec()), b"head".to_vec());
        for (i, size) in sizes.iter().enumerate() {
            let piece = Bytes::from(vec![b'a' + i as u8; *size]);
            expected.extend_from_slice(&piece);
            pieces.push(piece);
        }
        pieces.own().extend_from_slice(b"tail");
        expected.extend_from_slice(b"tail");
        (pieces, expected)
    }

    #[tokio::test]
    async fn pieces_long_and_short_come_in_their_order_with_their_length_known_before() {
        for sizes in [&[][..], &[10, 20], &[SHORTEST, SHORTEST], &[1, SHORTEST, 2, 3, 2 * SHORTEST, 0], &[SHORTEST, 1]] {
            let (pieces, expected) = pieces(sizes);
            let body = pieces.body();
            assert_eq!(http_body::Body::size_hint(&body).exact(), Some(expected.len() as u64));
            assert_eq!(body.collect().await.expect("a body").to_bytes(), expected, "{sizes:?}");
        }
    }

    #[test]
    fn joined_pieces_are_the_whole_text() {
        for sizes in [&[][..], &[3, SHORTEST, 5]] {
            let (pieces, expected) = pieces(sizes);
            assert_eq!(pieces.joined(), expected);
        }
    }
}
