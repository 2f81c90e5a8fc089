//! Finished download files, kept for clients that read them in pieces.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use quick_cache::Weighter;
use tokio::sync::OwnedSemaphorePermit;

use crate::export::Format;
use crate::read_model::bounded_cache::{BoundedCache, bounded_cache};

/// Bytes that are handed over at a time.
pub const PIECE: usize = 256 << 10;

/// A temporary file without a name. It disappears from the disk when nobody reads it any longer.
pub struct DownloadFile {
    file: File,
    length: u64,
    /// A file that is too large to keep holds its download place until it has been read.
    place: Option<OwnedSemaphorePermit>,
}

impl DownloadFile {
    /// Wraps a file that is completely written. A file of more than `room` bytes is not kept, and holds
    /// `place`. Errors: the length cannot be read.
    pub fn new(file: File, room: u64, place: OwnedSemaphorePermit) -> io::Result<Self> {
        let length = file.metadata()?.len();
        Ok(Self { file, length, place: (length > room).then_some(place) })
    }

    /// False if the file would be made anew for every request.
    pub fn is_kept(&self) -> bool {
        self.place.is_none()
    }

    /// Length in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    fn read(&self, at: u64, bytes: usize) -> io::Result<Bytes> {
        let mut piece = vec![0; bytes];
        self.file.read_exact_at(&mut piece, at)?;
        Ok(piece.into())
    }

    /// The body of an answer with a part of the file, read as the client takes it.
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

/// The digest of the layer that a file was made from, and its format.
pub type Key = ([u8; 32], Format);

/// Most files that are kept, because each is held open. A small file weighs at least this share of the room.
const FILES: u64 = 256;

#[derive(Clone)]
pub struct ByBytes {
    least: u64,
}

impl Weighter<Key, Arc<DownloadFile>> for ByBytes {
    fn weight(&self, _: &Key, made: &Arc<DownloadFile>) -> u64 {
        made.length.max(self.least)
    }
}

/// Finished files, bounded in bytes on the disk and in number.
pub type DownloadCache = BoundedCache<Key, Arc<DownloadFile>, ByBytes>;

/// Room for files of at most `bytes` bytes together.
pub fn download_cache(bytes: u64) -> DownloadCache {
    bounded_cache(FILES as usize, bytes, ByBytes { least: (bytes / FILES).max(1) })
}

#[cfg(test)]
mod tests {
    use tokio::sync::Semaphore;

    use super::*;

    #[test]
    fn small_files_are_bounded_in_number_and_one_without_room_keeps_its_place() {
        let places = Arc::new(Semaphore::new(1));
        let place = || Arc::clone(&places).try_acquire_owned().expect("a free place");
        let file = |bytes: u64| {
            let file = tempfile::tempfile().expect("a file");
            file.set_len(bytes).expect("a length");
            file
        };
        let kept = download_cache(1 << 20);
        for number in 0..400_u32 {
            let mut digest = [0; 32];
            digest[..4].copy_from_slice(&number.to_le_bytes());
            let made = DownloadFile::new(file(10), 1 << 20, place()).expect("made");
            assert!(made.is_kept());
            kept.insert((digest, Format::Csv), Arc::new(made));
        }
        assert!(kept.len() > 100 && kept.len() as u64 <= FILES, "{}", kept.len());
        let large = DownloadFile::new(file(1 << 21), 1 << 20, place()).expect("made");
        assert!(!large.is_kept() && places.available_permits() == 0);
        drop(large);
        assert_eq!(places.available_permits(), 1);
    }
}
