//! A whole log as one file: one JSON object on each line, blobs in pieces, and a digest at the end.
//!
//! `log export` writes it without vault rows, `backup` with them; `load` and `restore` read it.
//! Hashes and positions survive, so a log can move between the two databases.

use std::io::{BufRead, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{ClaimRow, CommandRow, Head, NewEvent, StoreError, StoredEvent, VaultRow};
use crate::domain::Digest;

const FORMAT: &str = "bangtin-log-1";

/// Receives what is dumped, one record after the other; an error stops the dump.
pub type Sink = Box<dyn FnMut(Record) -> Result<(), StoreError> + Send>;
/// Hands out the records of a dump; none at the end.
pub type Source = Box<dyn FnMut() -> Result<Option<Record>, StoreError> + Send>;

/// One record of a dump.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// The first record: the end of the log at the moment of the dump.
    Head(Head),
    /// An event; events come in the order of the log.
    Event(StoredEvent),
    /// A blob's digest and its size in bytes; comes before its chunks.
    Blob(Digest, i64),
    /// A piece of a blob: the blob's digest, the piece's number from 0, and its bytes.
    Chunk(Digest, i64, Vec<u8>),
    /// A command and its result.
    Command(CommandRow),
    /// A claim.
    Claim(ClaimRow),
    /// A person's encrypted data; in backups only.
    Vault(VaultRow),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Line {
    Head { format: String, log_id: String, position: i64, hash: Digest, recorded_at: i64 },
    Event(Box<EventLine>),
    Blob { sha256: Digest, bytes: i64 },
    Chunk { sha256: Digest, number: i64, data: String },
    Command { scope: String, id: String, digest: Digest, first: i64, last: i64, result: String },
    Claim { kind: String, key: String, holder: String },
    Vault { subject: String, key: String, data: String },
    End { lines: u64, sha256: Digest },
}

#[derive(Serialize, Deserialize)]
struct EventLine {
    position: i64,
    aggregate: String,
    sequence: i64,
    name: String,
    version: u32,
    payload: String,
    recorded_at: i64,
    actor: String,
    command: String,
    hash: Digest,
}

impl From<Record> for Line {
    fn from(record: Record) -> Self {
        match record {
            Record::Head(head) => Self::Head {
                format: FORMAT.into(),
                log_id: head.log_id,
                position: head.position,
                hash: Digest(head.hash),
                recorded_at: head.recorded_at,
            },
            Record::Event(event) => Self::Event(Box::new(EventLine {
                position: event.position,
                aggregate: event.event.aggregate,
                sequence: event.event.sequence,
                name: event.event.name,
                version: event.event.version,
                payload: event.event.payload,
                recorded_at: event.recorded_at,
                actor: event.actor,
                command: event.command_id,
                hash: Digest(event.hash),
            })),
            Record::Blob(sha256, bytes) => Self::Blob { sha256, bytes },
            Record::Chunk(sha256, number, data) => Self::Chunk { sha256, number, data: BASE64.encode(data) },
            Record::Command(row) => Self::Command {
                scope: row.scope,
                id: row.id,
                digest: Digest(row.digest),
                first: row.first_position,
                last: row.last_position,
                result: row.result,
            },
            Record::Claim(row) => Self::Claim { kind: row.kind, key: row.key, holder: row.holder },
            Record::Vault(row) => Self::Vault { subject: row.subject, key: BASE64.encode(row.wrapped_key), data: BASE64.encode(row.data) },
        }
    }
}

/// Writes records as lines.
pub struct Writer<W> {
    out: W,
    hasher: Sha256,
    lines: u64,
}

fn failed(error: impl std::fmt::Display) -> StoreError {
    StoreError::NotPossible(format!("the file cannot be written: {error}"))
}

impl<W: Write> Writer<W> {
    /// A writer to `out`.
    pub fn new(out: W) -> Self {
        Self { out, hasher: Sha256::new(), lines: 0 }
    }

    fn line(&mut self, line: &Line) -> Result<(), StoreError> {
        let mut text = serde_json::to_vec(line).map_err(failed)?;
        text.push(b'\n');
        self.hasher.update(&text);
        self.lines += 1;
        self.out.write_all(&text).map_err(failed)
    }

    /// Writes a record.
    pub fn record(&mut self, record: Record) -> Result<(), StoreError> {
        self.line(&record.into())
    }

    /// Writes the last line and hands back the output.
    pub fn finish(mut self) -> Result<W, StoreError> {
        let sha256 = Digest(self.hasher.clone().finalize().into());
        self.line(&Line::End { lines: self.lines, sha256 })?;
        self.out.flush().map_err(failed)?;
        Ok(self.out)
    }
}

/// Reads records from lines. Errors: the last line is missing, or its digest does not fit.
pub struct Reader<R> {
    input: R,
    hasher: Sha256,
    lines: u64,
    done: bool,
}

impl<R: BufRead> Reader<R> {
    /// A reader from `input`.
    pub fn new(input: R) -> Self {
        Self { input, hasher: Sha256::new(), lines: 0, done: false }
    }

    fn damaged(&self, what: &str) -> StoreError {
        StoreError::Damaged(format!("line {} of the file: {what}", self.lines + 1))
    }

    /// The next record; none at the end.
    pub fn next_record(&mut self) -> Result<Option<Record>, StoreError> {
        if self.done {
            return Ok(None);
        }
        let mut text = Vec::new();
        self.input.read_until(b'\n', &mut text).map_err(|error| self.damaged(&error.to_string()))?;
        if text.is_empty() {
            return Err(self.damaged("the file ends too early; it is not complete"));
        }
        let line: Line = serde_json::from_slice(&text).map_err(|error| self.damaged(&error.to_string()))?;
        let decode = |text: &str| BASE64.decode(text).map_err(|error| self.damaged(&error.to_string()));
        let record = match line {
            Line::Head { format, .. } if format != FORMAT => {
                return Err(self.damaged(&format!("the format is “{format}”, not “{FORMAT}”")));
            }
            Line::Head { log_id, position, hash, recorded_at, .. } => Record::Head(Head { log_id, position, hash: hash.0, recorded_at }),
            Line::Event(line) => Record::Event(StoredEvent {
                position: line.position,
                event: NewEvent {
                    aggregate: line.aggregate,
                    sequence: line.sequence,
                    name: line.name,
                    version: line.version,
                    payload: line.payload,
                },
                recorded_at: line.recorded_at,
                actor: line.actor,
                command_id: line.command,
                hash: line.hash.0,
            }),
            Line::Blob { sha256, bytes } => Record::Blob(sha256, bytes),
            Line::Chunk { sha256, number, data } => Record::Chunk(sha256, number, decode(&data)?),
            Line::Command { scope, id, digest, first, last, result } => {
                Record::Command(CommandRow { scope, id, digest: digest.0, first_position: first, last_position: last, result })
            }
            Line::Claim { kind, key, holder } => Record::Claim(ClaimRow { kind, key, holder }),
            Line::Vault { subject, key, data } => Record::Vault(VaultRow { subject, wrapped_key: decode(&key)?, data: decode(&data)? }),
            Line::End { lines, sha256 } => {
                if lines != self.lines || sha256.0 != <[u8; 32]>::from(self.hasher.clone().finalize()) {
                    return Err(self.damaged("the file was changed: its digest does not fit"));
                }
                self.done = true;
                return Ok(None);
            }
        };
        if self.lines == 0 && !matches!(record, Record::Head(_)) {
            return Err(self.damaged("this is not a bangtin log file"));
        }
        self.hasher.update(&text);
        self.lines += 1;
        Ok(Some(record))
    }
}
