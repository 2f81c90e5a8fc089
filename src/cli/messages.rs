//! What the program says of itself, on standard error and standard output.
//!
//! Nothing fails with a message, whatever became of the place it goes to: a full disk, a pipe whose
//! reader has gone, a terminal that is held. What a server says goes out in a thread of its own, so
//! that nothing waits for it either.

use std::fmt::Arguments;
use std::io::{self, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use anyhow::Context;

/// Messages that wait at most; those that come when so many do are let go of, and counted.
const WAITING: usize = 1_024;
/// How long the program's end waits for what was said last.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How long a thread that panics waits for the words about it: it may be the one with which the program ends.
const PANIC_WORDS: Duration = Duration::from_millis(100);

/// Says a sentence on standard error, like `eprintln!`; where that cannot be written, nothing happens.
/// For commands that end by themselves: it waits for standard error.
macro_rules! say {
    ($($word:tt)*) => { $crate::cli::messages::say_line(format_args!($($word)*)) };
}

/// The same for a server: nothing waits.
macro_rules! note {
    ($($word:tt)*) => { $crate::cli::messages::note_line(format_args!($($word)*)) };
}

/// Writes a line that was asked for to standard output, like `println!`; fails in a sentence.
macro_rules! put {
    ($($word:tt)*) => { $crate::cli::messages::put_line(format_args!($($word)*)) };
}

pub(super) use {note, put, say};

/// What the thread does next.
enum Word {
    /// To standard error.
    Note(Vec<u8>),
    /// To standard output.
    Show(Vec<u8>),
    /// Somebody waits until everything before it was said.
    End(SyncSender<()>),
}

static WORDS: OnceLock<SyncSender<Word>> = OnceLock::new();
/// Messages that could not be said and of which nobody has been told yet.
static LOST: AtomicU64 = AtomicU64::new(0);

fn words() -> &'static SyncSender<Word> {
    WORDS.get_or_init(|| {
        let (sender, receiver) = sync_channel(WAITING);
        // Without a thread every message is lost, and nothing else.
        let _ = std::thread::Builder::new().name("messages".into()).spawn(move || speak(&receiver, io::stderr(), io::stdout(), &LOST));
        sender
    })
}

/// Says what comes, until nobody can say anything any longer.
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

/// False where it cannot be written.
fn write(to: &mut impl Write, text: &[u8]) -> bool {
    to.write_all(text).and_then(|()| to.flush()).is_ok()
}

fn send(word: Word) {
    if words().try_send(word).is_err() {
        LOST.fetch_add(1, Ordering::Relaxed);
    }
}

/// See the macro of that name.
pub fn say_line(sentence: Arguments<'_>) {
    write(&mut io::stderr(), format!("{sentence}\n").as_bytes());
}

/// See the macro of that name.
pub fn note_line(sentence: Arguments<'_>) {
    send(Word::Note(format!("{sentence}\n").into_bytes()));
}

/// Shows a text on standard output, for whoever started a server; nothing waits for it or fails with it.
pub fn show(text: &str) {
    send(Word::Show(format!("{text}\n").into_bytes()));
}

/// See the macro of that name.
pub fn put_line(line: Arguments<'_>) -> anyhow::Result<()> {
    let mut out = io::stdout();
    out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush()).context("standard output cannot be written")
}

/// Waits until what was said is out, for a second at most: the last to be called.
pub fn finish() {
    wait(LAST_WORDS);
}

fn wait(patience: Duration) {
    // Nothing was said: no thread needs to be made for it.
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

/// Where what the program notes of itself goes: every line is handed on, and none fails.
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

/// Notes go to standard error, and so does what is said of a panic.
pub fn begin() {
    // It would report a failure to write with `eprintln!`, which panics.
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

    /// A disk that is full until there is room.
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
