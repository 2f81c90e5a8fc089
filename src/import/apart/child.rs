//! The process that reads a stranger's file: what it may use, and what it does.

use std::io::{self, Write};

use bytes::Bytes;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{ARGUMENT, FOLDER, GREETING, Reply, Task, read_here};
use crate::features::canonical::CanonicalSet;
use crate::import::documents::About;
use crate::import::formats::archive;
use crate::import::report::Report;
use crate::import::source::Source;
use crate::import::zones::Imported;
use crate::import::{photo, photo_codes, points};

/// Memory that reading may take for a file of any size, bytes of address space.
const MEMORY: u64 = 512 << 20;
/// Further bytes of memory for each byte of the unpacked file.
const MEMORY_A_BYTE: u64 = 4;
/// Processor time that a child may use, seconds.
const PROCESSOR_SECONDS: u64 = 600;

/// The size of the file in bytes, if this program was started as a child to read one.
pub fn asked(mut arguments: impl Iterator<Item = std::ffi::OsString>) -> Option<u64> {
    (arguments.nth(1)? == ARGUMENT).then(|| arguments.next()?.to_str()?.parse().ok())?
}

/// Runs the child: reads what it is told to, within its limits. `bytes` is the size of the file.
pub fn child(bytes: u64) -> io::Result<()> {
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    limit(Resource::Core, 0)?;
    limit(Resource::Cpu, PROCESSOR_SECONDS)?;
    limit_memory(bytes)?;
    let mut output = io::stdout().lock();
    writeln!(output, "{GREETING}")?;
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    let task: Task = serde_json::from_str(&line)?;
    std::thread::Builder::new().spawn(|| {
        // The parent holds the other end. When it is closed, nobody waits for the answer.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        // A parent that was killed could not remove the folder; it belongs to this child alone.
        let folder = std::env::temp_dir();
        if folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with(FOLDER)) {
            let _ = std::fs::remove_dir_all(&folder);
        }
        std::process::exit(1);
    })?;
    let (head, pieces) = match task {
        Task::Import { takes, name, path, options } => {
            let source = Source::named(&name, &path)?;
            limit_memory(archive::unpacked_bytes(&source, options.choice.limits.bytes))?;
            let Imported { report, set, drawn: mut pieces, plane, further } = read_here(takes, &source, &options);
            let mut described = Vec::with_capacity(further.len());
            for (field, CanonicalSet { chunks, set }) in further {
                described.push((field, set, chunks.len()));
                pieces.extend(chunks);
            }
            let lengths = pieces.iter().map(|piece| piece.len() as u64).collect();
            (Reply { report, plane, set: set.map(|set| set.set), pieces: lengths, further: described, ..Reply::default() }, pieces)
        }
        Task::Points { name, path, options } => {
            let source = Source::named(&name, &path)?;
            limit_memory(archive::unpacked_bytes(&source, options.choice.limits.bytes))?;
            let mut report = Report::default();
            let rows = points::read(&source, &options, &mut report);
            (Reply { report, rows, ..Reply::default() }, Vec::new())
        }
        Task::Table { name, path, options, most } => {
            let source = Source::named(&name, &path)?;
            limit_memory(archive::unpacked_bytes(&source, options.choice.limits.bytes))?;
            let mut report = Report::default();
            let cells = points::table(&source, &options, most, &mut report);
            (Reply { report, cells, ..Reply::default() }, Vec::new())
        }
        Task::About { path } => {
            let about = About::of(&std::fs::read(path)?);
            (Reply { pages: about.pages, title: about.title, ..Reply::default() }, Vec::new())
        }
        Task::Photo { path } => {
            let picture: Vec<Bytes> = photo::bare(&std::fs::read(path)?).map(Bytes::from).into_iter().collect();
            (Reply { pieces: picture.iter().map(|piece| piece.len() as u64).collect(), ..Reply::default() }, picture)
        }
        Task::Codes { path } => {
            let seen = photo_codes::codes(&std::fs::read(path)?);
            (Reply { seen, ..Reply::default() }, Vec::new())
        }
    };
    serde_json::to_writer(&mut output, &head)?;
    output.write_all(b"\n")?;
    for piece in pieces {
        output.write_all(&piece)?;
    }
    output.flush()
}

fn limit_memory(bytes: u64) -> io::Result<()> {
    limit(Resource::As, bytes.saturating_mul(MEMORY_A_BYTE).saturating_add(MEMORY))
}

/// Sets a limit, but never above what this process is already allowed.
fn limit(resource: Resource, wanted: u64) -> io::Result<()> {
    let most = getrlimit(resource).maximum;
    let current = most.map_or(wanted, |most| most.min(wanted));
    Ok(setrlimit(resource, Rlimit { current: Some(current), maximum: most })?)
}
