//! The writer thread: all waiting appends in one transaction.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OptionalExtension, Transaction, TransactionBehavior, params};
use tokio::sync::{mpsc, watch};

use super::rows::{
    find_claim, find_command, find_doubles, insert_claim, insert_command, insert_event, put_blob, put_vault, read_head, renew_claims,
    rows_of, set_head,
};
use super::transfer::load;
use super::{Answer, Job, May, connect, explain, folder, lacks_room, unavailable};
use crate::disk;
use crate::event_store::admit::{Admitted, Known, admit};
use crate::event_store::dump::Source;
use crate::event_store::{Append, AppendError, Clock, Head, StoreError, VaultChange};

/// Most appends in one transaction.
const BATCH: usize = 256;
/// Bytes after which the write-ahead log is moved into the file.
const CHECKPOINT_BYTES: u64 = 4 << 20;
/// Roughly the bytes that an append writes to the write-ahead log.
const APPEND_BYTES: u64 = 4_096;

pub(super) struct Writer {
    pub(super) path: PathBuf,
    pub(super) connection: Connection,
    pub(super) clock: Clock,
    pub(super) hint: Arc<watch::Sender<i64>>,
    /// Roughly the bytes written since the write-ahead log was last moved into the file.
    pub(super) unmoved: u64,
}

impl Writer {
    pub(super) fn run(mut self, mut jobs: mpsc::UnboundedReceiver<Job>) {
        while let Some(job) = jobs.blocking_recv() {
            // A job that panics must not take the writer with it: the next job needs one. Whoever waits for this
            // job learns that its outcome is unknown.
            if catch_unwind(AssertUnwindSafe(|| self.turn(job, &mut jobs))).is_err() {
                tracing::error!("the writer was interrupted and goes on");
            }
            self.recover();
        }
    }

    /// Does one job, and with it the appends that wait.
    fn turn(&mut self, job: Job, jobs: &mut mpsc::UnboundedReceiver<Job>) {
        let mut appends = Vec::new();
        let mut answers = Vec::new();
        let mut next = Some(job);
        // All waiting appends go into one transaction; other jobs are done in between.
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
                Job::Claims(renewal, answer) => {
                    let _ = answer.send(renew_claims(&mut self.connection, &renewal).map_err(unavailable));
                }
                Job::Rows(sql, values, answer) => {
                    self.unmoved += APPEND_BYTES;
                    let _ = answer.send(rows_of(&self.connection, sql, &values).map_err(unavailable));
                    next = jobs.try_recv().ok();
                }
                Job::Scrub(answer) => {
                    let _ = answer.send(self.scrub());
                }
                Job::Try(answer) => {
                    let _ = answer.send(self.try_room());
                }
            }
        }
        if !appends.is_empty() {
            self.unmoved += appends.len() as u64 * APPEND_BYTES;
            self.commit(&appends, answers);
            self.checkpoint();
        }
    }

    /// Ends a transaction that was left open: it would block every later one. If it cannot be rolled back, the
    /// connection is replaced.
    fn recover(&mut self) {
        if self.connection.is_autocommit() || self.connection.execute_batch("ROLLBACK").is_ok() {
            return;
        }
        match connect(&self.path, May::Write) {
            Ok(fresh) => self.connection = fresh,
            // The next job is followed by another attempt.
            Err(error) => tracing::error!("the writer has no connection: {error}"),
        }
    }

    /// Tests for room: writes a page of the file once more, and beside the file a temporary one of about an append's
    /// size.
    fn try_room(&mut self) -> Result<(), StoreError> {
        disk::try_folder(folder(&self.path)).map_err(|_| StoreError::Full(String::new()))?;
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(unavailable)?;
        // SQLite does not write a row that stays the same, but it writes this number whatever its value.
        let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(unavailable)?;
        transaction.pragma_update(None, "user_version", version).map_err(unavailable)?;
        transaction.commit().map_err(unavailable)
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
                let error = match error {
                    AppendError::Full(_) => AppendError::Full(folder(&self.path).display().to_string()),
                    error => error,
                };
                for answer in answers {
                    let _ = answer.send(Err(error.clone()));
                }
                tracing::error!("append failed: {error}");
            }
        }
    }

    fn load(&mut self, mut source: Source) -> Result<Head, StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(unavailable)?;
        let head = load(&transaction, &mut source)?;
        transaction.commit().map_err(unavailable)?;
        self.hint.send_replace(head.position);
        Ok(head)
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
    let before = |error: rusqlite::Error| match error {
        error if lacks_room(&error) => AppendError::Full(String::new()),
        error => AppendError::Unavailable(explain(&error)),
    };
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
        Some(ErrorCode::DatabaseBusy | ErrorCode::DiskFull) => before(error),
        // Nothing is committed if the write-ahead log cannot be written, for example because a quota is used up.
        _ if error.sqlite_extended_error_code() == Some(rusqlite::ffi::SQLITE_IOERR_WRITE) => before(error),
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
        for (is_given_up, claim) in
            append.claims.iter().map(|claim| (false, claim)).chain(append.releases.iter().map(|claim| (true, claim)))
        {
            if let Some(holder) = find_claim(connection, &claim.kind, &claim.key)? {
                // Few keys have two holders, so these are looked for only where it matters.
                if is_given_up || holder != claim.holder {
                    let doubles = find_doubles(connection, &claim.kind, &claim.key)?;
                    if !doubles.is_empty() {
                        known.doubles.insert((claim.kind.clone(), claim.key.clone()), doubles);
                    }
                }
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
    for claim in &admitted.parted {
        let mut statement = transaction.prepare_cached("DELETE FROM claim_doubles WHERE kind = ?1 AND key = ?2 AND holder = ?3")?;
        statement.execute([&claim.kind, &claim.key, &claim.holder])?;
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

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;
    use crate::domain::Digest;
    use crate::event_store::sqlite::prepare;
    use crate::event_store::{BlobBytes, NewEvent};

    fn append(sequence: i64, bytes: usize) -> Append {
        let payload = format!("\"{}\"", "x".repeat(bytes));
        let event = NewEvent { aggregate: "a".into(), sequence, name: "test.happened".into(), version: 1, payload };
        Append { events: vec![event], actor: "local".into(), ..Append::default() }
    }

    fn writer(folder: &std::path::Path) -> Writer {
        let path = folder.join("log.sqlite");
        let connection = prepare(&path).expect("a store");
        Writer { path, connection, clock: Arc::new(|| 1_i64), hint: Arc::new(watch::Sender::new(0)), unmoved: 0 }
    }

    /// Keeps the file from growing, or lets it grow again.
    fn bound(writer: &Writer, bounded: bool) {
        let pages: i64 = writer.connection.pragma_query_value(None, "page_count", |row| row.get(0)).expect("a count");
        let most = if bounded { pages } else { 1 << 30 };
        writer.connection.query_row(&format!("PRAGMA max_page_count = {most}"), [], |_| Ok(())).expect("a bound");
    }

    fn appended(writer: &mut Writer, append: Append) -> Result<(), AppendError> {
        let (answer, mut told) = oneshot::channel();
        writer.commit(&[append], vec![answer]);
        told.try_recv().expect("an answer").map(|_| ())
    }

    #[test]
    fn a_full_disk_refuses_appends_and_blobs_and_both_go_on_once_there_is_room() {
        // given a store that cannot grow
        let folder = tempfile::tempdir().expect("a folder");
        let mut writer = writer(folder.path());
        appended(&mut writer, append(1, 10)).expect("room");
        bound(&writer, true);
        // when more is written than fits, then it is refused as such, and nothing of it stays
        let full = |error: AppendError| matches!(error, AppendError::Full(_));
        assert!(appended(&mut writer, append(2, 1 << 20)).is_err_and(full));
        let bytes = vec![7_u8; 1 << 20];
        let (sha256, blob) = (Digest::of(&bytes), || BlobBytes::memory(bytes.clone()));
        assert!(matches!(put_blob(&mut writer.connection, sha256, blob()), Err(StoreError::Full(_))));
        assert!(writer.connection.is_autocommit());
        assert_eq!(read_head(&writer.connection).expect("a head").position, 1);
        // and once there is room, the same goes through
        bound(&writer, false);
        appended(&mut writer, append(2, 1 << 20)).expect("room");
        put_blob(&mut writer.connection, sha256, blob()).expect("room");
        writer.try_room().expect("room");
        assert_eq!(read_head(&writer.connection).expect("a head").position, 2);
    }

    #[test]
    fn trying_for_room_writes_and_adds_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut writer = writer(folder.path());
        let wal = || std::fs::metadata(folder.path().join("log.sqlite-wal")).expect("a log").len();
        let before = wal();
        writer.try_room().expect("room");
        assert!(wal() > before, "a page was written");
        assert_eq!(read_head(&writer.connection).expect("a head").position, 0);
        assert!(prepare(&writer.path).is_ok(), "the file's version is as it was");
    }

    #[test]
    fn a_transaction_that_was_left_open_is_ended_before_the_next_job() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut writer = writer(folder.path());
        writer.connection.execute_batch("BEGIN IMMEDIATE").expect("begun");
        assert!(appended(&mut writer, append(1, 10)).is_err());
        writer.recover();
        appended(&mut writer, append(1, 10)).expect("as before");
    }

    #[test]
    fn a_job_that_panics_takes_its_own_answer_along_and_no_other() {
        struct Breaks;
        impl std::io::Read for Breaks {
            fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
                panic!("a reader that breaks");
            }
        }
        let folder = tempfile::tempdir().expect("a folder");
        let (jobs, receiver) = mpsc::unbounded_channel();
        let (answer, lost) = oneshot::channel();
        let blob = BlobBytes { bytes: 5, from: Box::new(Breaks), hashed: false };
        assert!(jobs.send(Job::Blob(Digest::of(b"x"), blob, answer)).is_ok());
        let writer = writer(folder.path());
        let thread = std::thread::spawn(move || writer.run(receiver));
        assert!(lost.blocking_recv().is_err());
        let (answer, told) = oneshot::channel();
        assert!(jobs.send(Job::Append(append(1, 10), answer)).is_ok());
        assert!(told.blocking_recv().expect("an answer").is_ok());
        drop(jobs);
        thread.join().expect("its end");
    }
}
