//! Messages of the program on standard error and standard output.
//!
//! No operation fails because its message could not be written: the disk may be full, the reader of a pipe may
//! be gone, the terminal may be held. A server's messages go out in their own thread, so nothing waits for
//! them.

use std::fmt::Arguments;
use std::fs::{File, Metadata};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use anyhow::Context;

/// Most messages that wait; further ones are dropped and counted.
const WAITING: usize = 1_024;
/// Longest wait for the last messages when the program ends.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// Longest wait of a panicking thread for the message about its panic: the program may end with that thread.
const PANIC_WORDS: Duration = Duration::from_millis(100);

/// Writes a sentence to standard error, like `eprintln!`, but a failure to write is ignored. It waits for
/// standard error, so only commands that end by themselves use it.
macro_rules! say {
    ($($word:tt)*) => { $crate::cli::messages::say_line(format_args!($($word)*)) };
}

/// Writes a sentence to standard error for a server: nothing waits for it.
macro_rules! note {
    ($($word:tt)*) => { $crate::cli::messages::note_line(format_args!($($word)*)) };
}

/// Writes a line of results to standard output, like `println!`, but gives an error if that fails.
macro_rules! put {
    ($($word:tt)*) => { $crate::cli::messages::put_line(format_args!($($word)*)) };
}

pub(super) use {note, put, say};

/// A task for the thread of messages.
enum Word {
    /// Write to standard error.
    Note(Vec<u8>),
    /// Write to standard output.
    Show(Vec<u8>),
    /// Tell the sender when everything before this was written.
    End(SyncSender<()>),
}

static WORDS: OnceLock<SyncSender<Word>> = OnceLock::new();
/// Number of messages that were lost and not yet reported as lost.
static LOST: AtomicU64 = AtomicU64::new(0);

fn words() -> &'static SyncSender<Word> {
    WORDS.get_or_init(|| {
        let (sender, receiver) = sync_channel(WAITING);
        // If the thread cannot be started, messages are lost, but nothing fails.
        let _ = std::thread::Builder::new().name("messages".into()).spawn(move || speak(&receiver, io::stderr(), io::stdout(), &LOST));
        sender
    })
}

/// Writes messages until the channel closes.
fn speak(words: &Receiver<Word>, mut errors: impl Write, mut out: impl Write, lost: &AtomicU64) {
    for word in words {
        match word {
            Word::Note(text) => {
                let count = lost.swap(0, Ordering::Relaxed);
                let told = count == 0 || write(&mut errors, format!("bangtin: {count} messages before this one are lost\n").as_bytes());
                let untold = if told { 0 } else { count } + u64::from(!write(&mut errors, &text));
                lost.fetch_add(untold, Ordering::Relaxed);
            }
            Word::Show(text) => {
                write(&mut out, &text);
            }
            Word::End(waiting) => {
                let _ = waiting.send(());
            }
        }
    }
}

/// Writes a text; false if that fails.
fn write(to: &mut impl Write, text: &[u8]) -> bool {
    to.write_all(text).and_then(|()| to.flush()).is_ok()
}

fn send(word: Word) {
    if words().try_send(word).is_err() {
        LOST.fetch_add(1, Ordering::Relaxed);
    }
}

/// Writes a line to standard error for the macro `say!`.
pub fn say_line(sentence: Arguments<'_>) {
    write(&mut io::stderr(), format!("{sentence}\n").as_bytes());
}

/// Passes a line on to the thread of messages for the macro `note!`.
pub fn note_line(sentence: Arguments<'_>) {
    send(Word::Note(format!("{sentence}\n").into_bytes()));
}

/// Writes a text to standard output for the person who started a server. Nothing waits for it, and a failure to
/// write is ignored.
pub fn show(text: &str) {
    send(Word::Show(format!("{text}\n").into_bytes()));
}

/// Writes a line to standard output for the macro `put!`.
pub fn put_line(line: Arguments<'_>) -> anyhow::Result<()> {
    let mut out = io::stdout();
    out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush()).context("standard output cannot be written")
}

/// True if what is written to standard output is thrown away: it leads to `/dev/null`, or it was closed, and the
/// runtime opened `/dev/null` in its place.
pub fn is_thrown_away() -> bool {
    let metadata = io::stdout().as_fd().try_clone_to_owned().and_then(|out| File::from(out).metadata());
    let device = |metadata: &Metadata| metadata.file_type().is_char_device().then(|| metadata.rdev());
    match (metadata, std::fs::metadata("/dev/null")) {
        (Ok(out), Ok(null)) => device(&out).is_some() && device(&out) == device(&null),
        _ => false,
    }
}

/// Waits until all messages are written, at most a second. Call it last.
pub fn finish() {
    wait(LAST_WORDS);
}

fn wait(patience: Duration) {
    // If there was no message, no thread needs to be started.
    let Some(words) = WORDS.get() else { return };
    let until = Instant::now() + patience;
    let (waiting, told) = sync_channel(1);
    let mut end = Word::End(waiting);
    while let Err(TrySendError::Full(back)) = words.try_send(end) {
        if Instant::now() >= until {
            return;
        }
        end = back;
        std::thread::sleep(Duration::from_millis(10));
    }
    let _ = told.recv_timeout(until.saturating_duration_since(Instant::now()));
}

/// Receives the lines of the log (`tracing`), and passes each on as a message. Writing never fails.
#[derive(Debug, Clone, Copy, Default)]
pub struct Notes;

impl Write for Notes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        send(Word::Note(bytes.to_vec()));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Sends the log, and the messages of panics, to standard error through [`Notes`].
pub fn begin() {
    // With this on, the subscriber would report a failed write with `eprintln!`, which panics.
    let subscriber = tracing_subscriber::fmt().log_internal_errors(false);
    subscriber.with_max_level(tracing::Level::INFO).with_writer(|| Notes).with_target(true).compact().init();
    std::panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current();
        note_line(format_args!("bangtin: thread {}: {panic}", thread.name().unwrap_or("without a name")));
        wait(PANIC_WORDS);
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk that refuses some writes and then has room.
    struct Full<'a> {
        refused: usize,
        kept: &'a mut Vec<u8>,
    }

    impl Write for Full<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.refused > 0 {
                self.refused -= 1;
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.kept.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn messages_that_cannot_be_written_are_counted_and_the_next_ones_come_through() {
        let (sender, receiver) = sync_channel(10);
        for word in ["one\n", "two\n", "three\n"] {
            sender.send(Word::Note(word.into())).expect("room");
        }
        sender.send(Word::Show(b"shown\n".to_vec())).expect("room");
        let (waiting, told) = sync_channel(1);
        sender.send(Word::End(waiting)).expect("room");
        drop(sender);
        let (mut errors, mut out, lost) = (Vec::new(), Vec::new(), AtomicU64::new(0));
        // “one” fails; before “two” it fails once more to say so, and “two” fails too.
        speak(&receiver, Full { refused: 3, kept: &mut errors }, Full { refused: 0, kept: &mut out }, &lost);
        assert!(told.try_recv().is_ok());
        assert_eq!(String::from_utf8(errors).expect("text"), "bangtin: 2 messages before this one are lost\nthree\n");
        assert_eq!(out, b"shown\n");
        assert_eq!(lost.into_inner(), 0);
    }

    #[test]
    fn a_place_that_never_takes_anything_fails_nobody() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }

            fn flush(&mut self) -> io::Result<()> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
        }
        let (sender, receiver) = sync_channel(2);
        sender.send(Word::Note(b"x\n".to_vec())).expect("room");
        sender.send(Word::Show(b"y\n".to_vec())).expect("room");
        drop(sender);
        let lost = AtomicU64::new(0);
        speak(&receiver, Gone, Gone, &lost);
        assert_eq!(lost.into_inner(), 1, "what was shown is nobody's loss");
    }
}
