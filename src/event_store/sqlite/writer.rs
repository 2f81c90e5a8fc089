//! The writer thread: all waiting appends in one transaction.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OptionalExtension, Transaction, TransactionBehavior, params};
use tokio::sync::{mpsc, watch};

use super::rows::{find_claim, find_command, insert_claim, insert_command, insert_event, put_blob, put_vault, read_head, set_head};
use super::transfer::load;
use super::{Answer, Job, explain, unavailable};
use crate::event_store::admit::{Admitted, Known, admit};
use crate::event_store::dump::Source;
use crate::event_store::{Append, AppendError, Clock, StoreError, VaultChange};

/// Most appends in one transaction.
const BATCH: usize = 256;
/// Bytes after which the write-ahead log is moved into the file.
const CHECKPOINT_BYTES: u64 = 4 << 20;
/// What an append writes to the log, about: a few pages.
const APPEND_BYTES: u64 = 4_096;

pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) clock: Clock,
    pub(super) hint: Arc<watch::Sender<i64>>,
    /// Bytes written, about, since the write-ahead log was moved into the file.
    pub(super) unmoved: u64,
}

impl Writer {
    pub(super) fn run(mut self, mut jobs: mpsc::UnboundedReceiver<Job>) {
        while let Some(job) = jobs.blocking_recv() {
            let mut appends = Vec::new();
            let mut answers = Vec::new();
            let mut next = Some(job);
            // Everything that waits goes into one transaction; other jobs are done in between.
            while let Some(job) = next.take() {
                match job {
                    Job::Append(append, answer) => {
                        appends.push(append);
                        answers.push(answer);
                        if appends.len() < BATCH {
                            next = jobs.try_recv().ok();
                        }
                    }
                    Job::Blob(sha256, bytes, answer) => {
                        self.unmoved += bytes.bytes;
                        let result = put_blob(&mut self.connection, sha256, bytes);
                        let _ = answer.send(result);
                        next = jobs.try_recv().ok();
                    }
                    Job::Load(source, answer) => {
                        let _ = answer.send(self.load(source));
                    }
                    Job::Scrub(answer) => {
                        let _ = answer.send(self.scrub());
                    }
                }
            }
            if !appends.is_empty() {
                self.unmoved += appends.len() as u64 * APPEND_BYTES;
                self.commit(&appends, answers);
                self.checkpoint();
            }
        }
    }

    /// Moves what the write-ahead log holds into the file, once it is worth it. Readers and other
    /// processes are not held up; what they still need stays for the next time.
    fn checkpoint(&mut self) {
        if self.unmoved < CHECKPOINT_BYTES {
            return;
        }
        let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?));
        match self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], read) {
            // A reader still needs some of it: that much is left for the next time.
            Ok((pages, moved)) => self.unmoved = (pages - moved).max(0) as u64 * 4_096 / 2,
            Err(error) => tracing::warn!("the write-ahead log was not moved into the file: {error}"),
        }
    }

    fn commit(&mut self, appends: &[Append], answers: Vec<Answer>) {
        let now = (self.clock)();
        let outcome = write(&mut self.connection, now, appends);
        match outcome {
            Ok(admitted) => {
                self.hint.send_replace(admitted.head.position);
                for (answer, result) in answers.into_iter().zip(admitted.answers) {
                    let _ = answer.send(result);
                }
            }
            Err(error) => {
                tracing::error!("append failed: {error}");
                for answer in answers {
                    let _ = answer.send(Err(error.clone()));
                }
            }
        }
    }

    fn load(&mut self, mut source: Source) -> Result<(), StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(unavailable)?;
        load(&transaction, &mut source)?;
        let position = read_head(&transaction).map_err(unavailable)?.position;
        transaction.commit().map_err(unavailable)?;
        self.hint.send_replace(position);
        Ok(())
    }

    /// `secure_delete` has overwritten the rows; this empties the WAL that still holds them.
    fn scrub(&mut self) -> Result<(), StoreError> {
        for _ in 0..50 {
            let busy: i64 = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).map_err(unavailable)?;
            if busy == 0 {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Err(StoreError::Unavailable("readers keep the write-ahead log busy: repeat the erasure".into()))
    }
}

/// One transaction with all appends that are admitted.
fn write(connection: &mut Connection, now: i64, appends: &[Append]) -> Result<Admitted, AppendError> {
    let before = |error: rusqlite::Error| AppendError::Unavailable(explain(&error));
    // A deferred transaction that reads before it writes fails when another process wrote in between.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(before)?;
    let head = read_head(&transaction).map_err(before)?;
    let known = look_up(&transaction, appends).map_err(before)?;
    let admitted = admit(head, now, appends, known);
    if admitted.answers.iter().all(Result::is_err) {
        transaction.rollback().map_err(before)?;
        return Ok(admitted);
    }
    insert(&transaction, &admitted, appends).map_err(before)?;
    transaction.commit().map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DiskFull) => AppendError::Unavailable(explain(&error)),
        _ => AppendError::Unknown(explain(&error)),
    })?;
    Ok(admitted)
}

fn look_up(connection: &Connection, appends: &[Append]) -> rusqlite::Result<Known> {
    let mut known = Known::default();
    let mut sequence = connection.prepare_cached("SELECT sequence FROM events WHERE aggregate = ?1 ORDER BY sequence DESC LIMIT 1")?;
    for append in appends {
        for event in &append.events {
            if !known.sequences.contains_key(&event.aggregate) {
                let last = sequence.query_row([&event.aggregate], |row| row.get(0)).optional()?;
                known.sequences.insert(event.aggregate.clone(), last.unwrap_or(0));
            }
        }
        if let Some(command) = &append.command
            && let Some(row) = find_command(connection, &command.scope, &command.id)?
        {
            known.commands.insert((row.scope.clone(), row.id.clone()), row);
        }
        for claim in append.claims.iter().chain(&append.releases) {
            if let Some(holder) = find_claim(connection, &claim.kind, &claim.key)? {
                known.claims.insert((claim.kind.clone(), claim.key.clone()), holder);
            }
        }
    }
    Ok(known)
}

fn insert(transaction: &Transaction<'_>, admitted: &Admitted, appends: &[Append]) -> rusqlite::Result<()> {
    for event in &admitted.events {
        insert_event(transaction, event)?;
    }
    for command in &admitted.commands {
        insert_command(transaction, command)?;
    }
    for claim in &admitted.released {
        let mut statement = transaction.prepare_cached("DELETE FROM claims WHERE kind = ?1 AND key = ?2")?;
        statement.execute([&claim.kind, &claim.key])?;
    }
    for claim in &admitted.claims {
        insert_claim(transaction, claim)?;
    }
    for (append, answer) in appends.iter().zip(&admitted.answers) {
        if answer.is_ok() {
            for change in &append.vault {
                match change {
                    VaultChange::Put(row) => put_vault(transaction, row)?,
                    VaultChange::Begin(row) => {
                        let mut statement = transaction.prepare_cached("INSERT OR IGNORE INTO vault VALUES (?1, ?2, ?3)")?;
                        statement.execute(params![row.subject, row.wrapped_key, row.data])?;
                    }
                    VaultChange::Erase(subject) => {
                        transaction.prepare_cached("DELETE FROM vault WHERE subject = ?1")?.execute([subject])?;
                    }
                }
            }
        }
    }
    set_head(transaction, &admitted.head)
}
