//! Reads files that come over HTTP in a separate process, with limits on memory and time. What a library does
//! with a damaged or malicious file can end that process, but never the server.
//!
//! The child is this program again. It reads its task from standard input, sets its limits before it opens the
//! file, and writes the result to standard output. It gets no environment variables: neither the database nor
//! the vault's key. It ends when its parent ends.

mod child;

pub use child::{asked, child};

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::documents::About;
use super::photo_codes::{self, Seen};
use super::report::{Finding, Report, Severity};
use super::source::Source;
use super::zones::{Imported, Options};
use super::{lines, photo, plan, points, zones};
use crate::domain::Digest;
use crate::domain::feature_set::{FeatureSet, Takes};
use crate::features::canonical::CanonicalSet;

/// First argument of the child.
const ARGUMENT: &str = "read-apart";
/// The child's first line of output. Another program in its place would write something else.
const GREETING: &str = "bangtin reads apart, version 1";
/// Prefix of the folder in which a child unpacks.
const FOLDER: &str = "bangtin-";
/// Longest wait for the child's answer.
const PATIENCE: Duration = Duration::from_mins(10);
/// Longest first part of an answer, which holds the report, bytes.
const HEAD_BYTES: u64 = 64 << 20;
/// Largest feature set that is accepted from a child, bytes.
const SET_BYTES: u64 = 2 << 30;

/// Where a file is read.
#[derive(Debug, Clone)]
pub enum Reading {
    /// In this process: a planner's own machine reads the planner's own file.
    Here,
    /// In a separate process: the program to start, and the places for such processes.
    Apart(PathBuf, Places),
}

/// Places for files that are read in separate processes at the same time. A request waits until one is free.
#[derive(Debug, Clone)]
pub struct Places(Arc<(Mutex<usize>, Condvar)>);

impl Places {
    /// Makes `count` places, at least one.
    pub fn new(count: usize) -> Self {
        Self(Arc::new((Mutex::new(count.max(1)), Condvar::new())))
    }

    fn take(&self) -> Place<'_> {
        let (free, freed) = &*self.0;
        let free = free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = freed.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Place(self)
    }
}

/// A place in use; dropping it gives the place back.
struct Place<'a>(&'a Places);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let (free, freed) = &*self.0.0;
        *free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        freed.notify_one();
    }
}

/// A child's task.
#[derive(Serialize, Deserialize)]
enum Task {
    Import { takes: Takes, name: String, path: PathBuf, options: Box<Options> },
    Points { name: String, path: PathBuf, options: Box<Options> },
    Table { name: String, path: PathBuf, options: Box<Options>, most: usize },
    About { path: PathBuf },
    Photo { path: PathBuf },
    Codes { path: PathBuf },
}

/// The first part of a child's answer; the bytes of the set follow.
#[derive(Default, Serialize, Deserialize)]
struct Reply {
    report: Report,
    plane: u32,
    set: Option<FeatureSet>,
    /// Sizes in bytes of the pieces that follow.
    pieces: Vec<u64>,
    /// Further sets: the field that takes each, what it is, and how many pieces are its own. They come last.
    further: Vec<(String, FeatureSet, usize)>,
    pages: Option<u32>,
    title: Option<String>,
    rows: Vec<points::Row>,
    cells: Vec<points::Cells>,
    seen: Option<Seen>,
}

/// Why a child gave no answer.
enum Failed {
    /// The child could not be started or reached; nothing is wrong with the file.
    Here(io::Error),
    /// The child ended early or did not end. `panicked` is true if it found that the file contradicts itself.
    There { panicked: bool },
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Here(error)
    }
}

fn read_here(takes: Takes, source: &Source, options: &Options) -> Imported {
    match takes {
        Takes::Places => points::places(source, options),
        Takes::Lines => lines::import(source, options),
        Takes::Zones => plan::import(source, &Options { outline: false, ..options.clone() }, &|_| {}),
        Takes::Outline => zones::import(source, &Options { outline: true, ..options.clone() }, &|_| {}),
        Takes::PlanLines => plan::import_beside(source, options, true),
        Takes::PlanPoints => plan::import_beside(source, options, false),
    }
}

impl Reading {
    /// Reads a file for a set that takes that. Errors: the machine could not start another process.
    pub fn import(&self, takes: Takes, source: &Source, options: &Options) -> io::Result<Imported> {
        let Self::Apart(program, places) = self else { return Ok(read_here(takes, source, options)) };
        let task = |path| Task::Import { takes, name: source.name.clone(), path, options: Box::new(options.clone()) };
        let (head, mut pieces) = match of_child(program, places, source, task)? {
            Ok(answer) => answer,
            Err(panicked) => return Ok(stopped(source, options, panicked)),
        };
        let mut further = Vec::with_capacity(head.further.len());
        for (field, set, count) in head.further.into_iter().rev() {
            let chunks = pieces.split_off(pieces.len().saturating_sub(count));
            further.insert(0, (field, CanonicalSet { chunks, set }));
        }
        let set = head.set.map(|set| CanonicalSet { chunks: pieces.clone(), set });
        let is_whole = |set: &CanonicalSet| Digest::of_pieces(&set.chunks) == set.set.sha256;
        if !set.iter().chain(further.iter().map(|(_, set)| set)).all(is_whole) {
            return Ok(stopped(source, options, true));
        }
        Ok(Imported { report: head.report, set, drawn: pieces, plane: head.plane, further })
    }

    /// Reads a list of points. Errors: the machine could not start another process.
    pub fn points(&self, source: &Source, options: &Options) -> io::Result<(Report, Vec<points::Row>)> {
        let here = || {
            let mut report = Report::default();
            let rows = points::read(source, options, &mut report);
            (report, rows)
        };
        let Self::Apart(program, places) = self else { return Ok(here()) };
        let task = |path| Task::Points { name: source.name.clone(), path, options: Box::new(options.clone()) };
        Ok(match of_child(program, places, source, task)? {
            Ok((head, _)) => (head.report, head.rows),
            Err(panicked) => (stopped(source, options, panicked).report, Vec::new()),
        })
    }

    /// Reads a table of at most `most` rows that need no place. Errors: the machine could not start another process.
    pub fn table(&self, source: &Source, options: &Options, most: usize) -> io::Result<(Report, Vec<points::Cells>)> {
        let Self::Apart(program, places) = self else {
            let mut report = Report::default();
            let rows = points::table(source, options, most, &mut report);
            return Ok((report, rows));
        };
        let task = |path| Task::Table { name: source.name.clone(), path, options: Box::new(options.clone()), most };
        Ok(match of_child(program, places, source, task)? {
            Ok((head, _)) => (head.report, head.cells),
            Err(panicked) => (stopped(source, options, panicked).report, Vec::new()),
        })
    }

    /// The picture of a photo, see [`photo::bare`]; none for what cannot be read. Errors: the machine could not start
    /// another process.
    pub fn photo(&self, source: &Source) -> io::Result<Option<Bytes>> {
        let Self::Apart(program, places) = self else {
            return Ok(photo::bare(&source.read(source.bytes)?).map(Bytes::from));
        };
        let answer = of_child(program, places, source, |path| Task::Photo { path })?;
        Ok(answer.ok().and_then(|(_, pieces)| pieces.into_iter().next()))
    }

    /// The codes in a photo; none for what is no picture. Errors: the machine could not start another process.
    pub fn codes(&self, source: &Source) -> io::Result<Option<Seen>> {
        let Self::Apart(program, places) = self else {
            return Ok(photo_codes::codes(&source.read(source.bytes)?));
        };
        let answer = of_child(program, places, source, |path| Task::Codes { path })?;
        Ok(answer.ok().and_then(|(head, _)| head.seen))
    }

    /// Media type, pages and title of a document. A document that cannot be read has no pages and no title.
    pub fn about(&self, bytes: &[u8]) -> About {
        let Self::Apart(program, places) = self else { return About::of(bytes) };
        let unknown = About { media_type: super::documents::media_type(bytes), ..About::default() };
        if unknown.media_type != "application/pdf" {
            return unknown;
        }
        let _place = places.take();
        let seen = || -> Result<(Reply, Vec<Bytes>), Failed> {
            let source = Source::memory("document", bytes.to_vec()).on_disk()?;
            let path = source.path().map(Path::to_owned).unwrap_or_default();
            ask(program, &Task::About { path }, bytes.len() as u64)
        };
        match seen() {
            Ok((head, _)) => About { pages: head.pages, title: head.title, ..unknown },
            Err(_) => unknown,
        }
    }
}

/// The report on a file whose reading was stopped, or that contradicts itself (`is_damaged`).
fn stopped(source: &Source, options: &Options, is_damaged: bool) -> Imported {
    let mut report = Report::about(&source.name);
    report.sha256 = source.digest().ok().map(|digest| digest.to_string());
    let (check, said) =
        if is_damaged { ("unreadable", sentence!("unreadable")) } else { ("reading-stopped", sentence!("reading-stopped")) };
    report.push(Finding::new(Severity::Error, check, said));
    Imported { report, set: None, drawn: Vec::new(), plane: options.plane, further: Vec::new() }
}

/// A child process that is killed when this is dropped.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a child says of a file; where the file ended the child, whether it found that the file contradicts itself. Errors: the
/// machine could not start another process.
fn of_child(
    program: &Path,
    places: &Places,
    source: &Source,
    task: impl FnOnce(PathBuf) -> Task,
) -> io::Result<Result<(Reply, Vec<Bytes>), bool>> {
    let _place = places.take();
    // The child reads the file from the disk, so the file must stay there until the child is done.
    let on_disk = source.on_disk()?;
    let path = on_disk.path().map(Path::to_owned).ok_or_else(|| io::Error::other("the file is not on disk"))?;
    match ask(program, &task(path), source.bytes) {
        Ok(answer) => Ok(Ok(answer)),
        Err(Failed::There { panicked }) => Ok(Err(panicked)),
        Err(Failed::Here(error)) => Err(error),
    }
}

fn ask(program: &Path, task: &Task, bytes: u64) -> Result<(Reply, Vec<Bytes>), Failed> {
    // This folder is removed however the child ends, with everything the child unpacked.
    let folder = tempfile::Builder::new().prefix(FOLDER).tempdir()?;
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get).min(8);
    let mut command = Command::new(program);
    command.arg(ARGUMENT).arg(bytes.to_string()).env_clear().env("TMPDIR", folder.path());
    // The allocator reserves a part of the address space at its start, before the child sets its limit.
    command.env("MIMALLOC_ARENA_RESERVE", "64MiB").env("MALLOC_ARENA_MAX", "1").env("RAYON_NUM_THREADS", cores.to_string());
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let mut guard = Guard(child);
    let (Some(mut input), Some(output)) = (guard.0.stdin.take(), guard.0.stdout.take()) else {
        return Err(Failed::Here(io::Error::other("the child has no pipes")));
    };
    let mut line = serde_json::to_vec(task).map_err(io::Error::other)?;
    line.push(b'\n');
    let (to, answer) = mpsc::channel();
    std::thread::Builder::new().spawn(move || {
        // If writing fails, the child has ended; its output so far decides.
        let _ = input.write_all(&line).and_then(|()| input.flush());
        let answer = receive(BufReader::new(output));
        // The child ends when this end of the pipe is closed.
        drop(input);
        let _ = to.send(answer);
    })?;
    match answer.recv_timeout(PATIENCE) {
        Ok(Err(Failed::There { .. })) => Err(Failed::There { panicked: guard.0.wait().is_ok_and(|status| status.code() == Some(101)) }),
        Ok(answer) => answer,
        Err(_) => Err(Failed::There { panicked: false }),
    }
}

fn receive(mut output: impl BufRead) -> Result<(Reply, Vec<Bytes>), Failed> {
    let mut greeting = String::new();
    output.by_ref().take(200).read_line(&mut greeting)?;
    if greeting.trim_end() != GREETING {
        return Err(Failed::Here(io::Error::other("the program that reads files does not answer")));
    }
    // From here on, any failure is due to what the file did to the child.
    let mut read = move || -> io::Result<(Reply, Vec<Bytes>)> {
        let mut line = Vec::new();
        output.by_ref().take(HEAD_BYTES).read_until(b'\n', &mut line)?;
        let head: Reply = serde_json::from_slice(&line)?;
        if head.pieces.iter().try_fold(0_u64, |sum, bytes| sum.checked_add(*bytes)).is_none_or(|sum| sum > SET_BYTES) {
            return Err(io::Error::other("the set is too large"));
        }
        let mut pieces = Vec::new();
        for bytes in &head.pieces {
            // The buffer grows with the bytes that arrive, not with the size that the child claims.
            let mut piece = Vec::new();
            output.by_ref().take(*bytes).read_to_end(&mut piece)?;
            if piece.len() as u64 != *bytes {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            pieces.push(Bytes::from(piece));
        }
        Ok((head, pieces))
    };
    read().map_err(|_| Failed::There { panicked: false })
}
