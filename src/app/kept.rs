//! Files that planners send, and what was read from them, on their way to publication. They lie in the database for a
//! while, so that every node goes on with them; only what is proposed or published becomes a blob.

use std::io::{Read, Write};
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tempfile::NamedTempFile;

use super::{App, ExecuteError, random};
use crate::domain::Refusal;
use crate::domain::digest::hex;
use crate::event_store::CHUNK_BYTES;
use crate::event_store::kept::{self, KeptRow, Kind};
use crate::import::attach::{Content, NewBlob};
use crate::import::source::Source;

/// How long a file is kept after its last use.
pub const KEPT: Duration = Duration::from_hours(30 * 24);
/// Most bytes that one person or token may keep.
const MOST_BYTES: i64 = 8 << 30;
/// Longest name, in characters.
const NAME: usize = 200;

/// A file on its way in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its name.
    pub name: String,
    /// How many bytes it will have.
    pub bytes: i64,
    /// The numbers of the pieces that are still missing.
    pub missing: Vec<i64>,
}

fn unreadable(error: &std::io::Error) -> ExecuteError {
    ExecuteError::Unavailable(error.to_string())
}

impl App {
    /// Begins a file whose pieces follow. Gives its id, which nobody can guess. Errors: the person keeps too
    /// much already.
    pub async fn begin_upload(&self, owner: &str, name: &str, bytes: u64) -> Result<String, ExecuteError> {
        self.begin_kept(Kind::File, hex(&random::<16>()?), owner, name, bytes).await
    }

    async fn begin_kept(&self, kind: Kind, id: String, owner: &str, name: &str, bytes: u64) -> Result<String, ExecuteError> {
        let log = self.log.as_ref();
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        if kept::bytes_of(log, owner).await?.saturating_add(bytes) > MOST_BYTES {
            return Err(Refusal::conflict("kept-too-much", sentence!("kept-too-much", value = MOST_BYTES >> 30)).into());
        }
        let name = name.rsplit(['/', '\\']).next().unwrap_or(name).chars().filter(|c| !c.is_control()).take(NAME).collect();
        let row = KeptRow { id: id.clone(), owner: owner.to_owned(), name, bytes, used_at: self.now().as_microsecond() };
        kept::begin(log, kind, &row).await?;
        Ok(id)
    }

    async fn own(&self, owner: &str, id: &str) -> Result<Option<KeptRow>, ExecuteError> {
        Ok(kept::find(self.log.as_ref(), Kind::File, id).await?.filter(|row| row.owner == owner))
    }

    /// A file of this person's and which of its pieces are missing.
    pub async fn upload(&self, owner: &str, id: &str) -> Result<Option<Upload>, ExecuteError> {
        let Some(row) = self.own(owner, id).await? else { return Ok(None) };
        let there = kept::pieces(self.log.as_ref(), id).await?;
        let missing = (0..row.pieces()).filter(|number| there.binary_search(number).is_err()).collect();
        Ok(Some(Upload { name: row.name, bytes: row.bytes, missing }))
    }

    /// Puts a piece of this person's file in its place. Gives false where there is no such file. Errors: the piece has
    /// not the bytes that it should have.
    pub async fn put_piece(&self, owner: &str, id: &str, number: i64, data: Bytes) -> Result<bool, ExecuteError> {
        let Some(row) = self.own(owner, id).await? else { return Ok(false) };
        let expected = row.piece_bytes(number);
        if data.is_empty() || data.len() != expected {
            return Err(Refusal::invalid("piece-wrong", sentence!("piece-wrong", number, value = expected)).into());
        }
        kept::put_piece(self.log.as_ref(), id, number, data.into()).await?;
        Ok(true)
    }

    /// Keeps a file that came whole. Gives its id.
    pub async fn keep_file(&self, owner: &str, source: &Source) -> Result<String, ExecuteError> {
        let id = self.begin_upload(owner, &source.name, source.bytes).await?;
        let mut reader = source.open().map_err(|error| unreadable(&error))?;
        self.put_all(&id, &mut reader).await?;
        Ok(id)
    }

    async fn put_all(&self, id: &str, reader: &mut (dyn Read + Send)) -> Result<(), ExecuteError> {
        for number in 0.. {
            let mut piece = Vec::with_capacity(CHUNK_BYTES);
            tokio::task::block_in_place(|| reader.take(CHUNK_BYTES as u64).read_to_end(&mut piece)).map_err(|error| unreadable(&error))?;
            if piece.is_empty() {
                break;
            }
            kept::put_piece(self.log.as_ref(), id, number, piece).await?;
        }
        Ok(())
    }

    /// A file of this person's, put together on disk. None where it is not there or not whole.
    pub async fn kept_file(&self, owner: &str, id: &str) -> Result<Option<Source>, ExecuteError> {
        match self.own(owner, id).await? {
            Some(row) => self.whole(&row).await,
            None => Ok(None),
        }
    }

    async fn whole(&self, row: &KeptRow) -> Result<Option<Source>, ExecuteError> {
        let mut file = NamedTempFile::new().map_err(|error| unreadable(&error))?;
        for number in 0..row.pieces() {
            let piece = kept::piece(self.log.as_ref(), &row.id, number).await?;
            let Some(piece) = piece.filter(|piece| piece.len() == row.piece_bytes(number)) else { return Ok(None) };
            tokio::task::block_in_place(|| file.write_all(&piece)).map_err(|error| unreadable(&error))?;
        }
        Source::spooled(&row.name, file).map(Some).map_err(|error| unreadable(&error))
    }

    /// Notes that a file was used: it is kept for as long again.
    pub async fn use_kept(&self, id: &str) -> Result<(), ExecuteError> {
        Ok(kept::touch(self.log.as_ref(), id, self.now().as_microsecond()).await?)
    }

    /// Removes what was not used for [`KEPT`].
    pub async fn sweep_kept(&self) -> Result<(), ExecuteError> {
        let age = i64::try_from(KEPT.as_micros()).unwrap_or(i64::MAX);
        Ok(kept::sweep(self.log.as_ref(), self.now().as_microsecond() - age).await?)
    }

    /// Keeps a value, in place of an earlier one with that id.
    pub(super) async fn keep_value<T: Serialize + Sync>(
        &self,
        kind: Kind,
        id: &str,
        owner: &str,
        name: &str,
        value: &T,
    ) -> Result<(), ExecuteError> {
        let bytes = serde_json::to_vec(value)?;
        let log = self.log.as_ref();
        let before = kept::find(log, kind, id).await?;
        if before.as_ref().is_some_and(|row| row.pieces() == 1) && bytes.len() <= CHUNK_BYTES {
            // One piece takes the place of another: whatever happens in between, one of the two can be read.
            kept::put_piece(log, id, 0, bytes).await?;
            return self.use_kept(id).await;
        }
        // Where nothing was there, two who come at once put the same row there.
        if before.is_some() {
            kept::remove(log, id).await?;
        }
        self.begin_kept(kind, id.to_owned(), owner, name, bytes.len() as u64).await?;
        self.put_all(id, &mut bytes.as_slice()).await
    }

    /// A value that is kept. None where it is not there, or has another form than this version knows.
    pub(super) async fn kept_value<T: DeserializeOwned>(&self, kind: Kind, id: &str) -> Result<Option<T>, ExecuteError> {
        let Some(row) = kept::find(self.log.as_ref(), kind, id).await? else { return Ok(None) };
        let mut bytes = Vec::new();
        for number in 0..row.pieces() {
            bytes.extend(kept::piece(self.log.as_ref(), id, number).await?.unwrap_or_default());
        }
        Ok(serde_json::from_slice(&bytes).ok())
    }

    /// Keeps a set that was read from a file.
    pub(super) async fn keep_set(&self, id: &str, owner: &str, set: NewBlob) -> Result<(), ExecuteError> {
        let opened = set.open().map_err(|error| unreadable(&error))?;
        self.begin_kept(Kind::Set, id.to_owned(), owner, "", opened.bytes).await?;
        let mut from = opened.from;
        self.put_all(id, &mut from).await
    }

    /// The content of a set that is kept. None where it is not there.
    pub(super) async fn kept_set(&self, id: &str) -> Result<Option<Content>, ExecuteError> {
        match kept::find(self.log.as_ref(), Kind::Set, id).await? {
            Some(row) => Ok(self.whole(&row).await?.map(Content::File)),
            None => Ok(None),
        }
    }
}
