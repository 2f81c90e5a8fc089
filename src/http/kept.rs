//! Files that were made for a download, kept for those who read them in pieces.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use quick_cache::Weighter;

use crate::export::Format;
use crate::read_model::room::{Room, room};

/// Bytes handed over at a time.
pub const PIECE: usize = 256 << 10;

/// A file without a name; gone from the disk when nobody reads it any longer.
pub struct Made {
    file: File,
    length: u64,
}

impl Made {
    /// Of a file that is written to its end.
    pub fn new(file: File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        Ok(Self { file, length })
    }

    /// Bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    fn read(&self, at: u64, bytes: usize) -> io::Result<Bytes> {
        let mut piece = vec![0; bytes];
        self.file.read_exact_at(&mut piece, at)?;
        Ok(piece.into())
    }

    /// The body of an answer with a part of it, read as the client takes it.
    pub fn body(self: Arc<Self>, range: Range<u64>) -> Body {
        let pieces = futures_util::stream::try_unfold((self, range.start), move |(made, at)| async move {
            let bytes = range.end.saturating_sub(at).min(PIECE as u64);
            if bytes == 0 {
                return Ok(None);
            }
            let read = tokio::task::spawn_blocking(move || made.read(at, bytes as usize).map(|piece| (piece, made)));
            let (piece, made) = read.await.map_err(io::Error::other)??;
            Ok::<_, io::Error>(Some((piece, (made, at + bytes))))
        });
        Body::from_stream(pieces)
    }
}

/// What a file was made of, and in which format.
pub type Key = ([u8; 32], Format);

#[derive(Clone)]
pub struct ByBytes;

impl Weighter<Key, Arc<Made>> for ByBytes {
    fn weight(&self, _: &Key, made: &Arc<Made>) -> u64 {
        made.length.max(1)
    }
}

/// Files that were made, bounded in bytes on the disk.
pub type Kept = Room<Key, Arc<Made>, ByBytes>;

/// Room for files of at most so many bytes.
pub fn kept(bytes: u64) -> Kept {
    room(64, bytes, ByBytes)
}
