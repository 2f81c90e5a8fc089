//! `bangtin log`: counts, checks, exports and loads the event log.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, bail};
use clap::Subcommand;

use super::messages::{put, say};
use super::{StoreArgs, store};
use crate::app::App;
use crate::domain::Digest;
use crate::event_store::chain::Verifier;
use crate::event_store::dump::{Reader, Record, Writer};
use crate::event_store::{EventLog, StoreError};
use crate::vault::Vault;

/// What to do with the log.
#[derive(Debug, Subcommand)]
pub enum LogCommand {
    /// Count events, items and blobs
    Stats,
    /// Check the hash chain from the first event to the head
    Verify {
        /// Head of the log that was noted earlier; detects a cut tail or a recomputed chain
        #[arg(long, value_name = "POSITION:HASH")]
        expect: Option<String>,
    },
    /// Write the whole log with its blobs, without personal data
    Export {
        /// File to write
        file: PathBuf,
    },
    /// Fill an empty store from an exported log
    Load {
        /// File to read
        file: PathBuf,
    },
}

const PAGE: usize = 5_000;

/// Runs the command.
pub async fn run(args: &StoreArgs, command: LogCommand) -> anyhow::Result<ExitCode> {
    let begin = if matches!(command, LogCommand::Load { .. }) { store::Begin::Allowed } else { store::Begin::Refused };
    let store = store::open_bare(args, begin).await?;
    let log = store.app.log();
    match command {
        LogCommand::Stats => stats(log).await?,
        LogCommand::Verify { expect } => return verify(log, expect.as_deref()).await,
        LogCommand::Export { file } => {
            let position = write_dump(log, &file, false).await?;
            say!("{position} events written to {}", file.display());
            note(&store.app, "export", position).await;
        }
        LogCommand::Load { file } => {
            read_dump(log, &file, None).await?;
            let erased = store.app.reapply_erasures().await?;
            say!("{} events loaded, {erased} erasures applied again", log.head().await?.position);
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn stats(log: &Arc<dyn EventLog>) -> anyhow::Result<()> {
    let head = log.head().await?;
    let mut names: BTreeMap<String, u64> = BTreeMap::new();
    let mut used: HashSet<Digest> = HashSet::new();
    let mut after = 0;
    loop {
        let page = log.read(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.position;
        for stored in page {
            used.extend(digests(&stored.event.payload));
            *names.entry(stored.event.name).or_default() += 1;
        }
    }
    let blobs = log.blobs().await?;
    let bytes: i64 = blobs.iter().map(|(_, bytes)| bytes).sum();
    let unused = blobs.iter().filter(|(digest, _)| !used.contains(digest)).count();
    put!("{}\nlog {}\nevents {}", log.describe(), head.log_id, head.position)?;
    for (name, count) in names {
        put!("  {name} {count}")?;
    }
    put!("blobs {} ({bytes} bytes), {unused} not named by any event", blobs.len())?;
    // These were published twice, because an older rule told look-alike names apart.
    let doubles = log.claim_doubles().await?;
    if !doubles.is_empty() {
        put!("doubles {}", doubles.len())?;
    }
    for double in doubles {
        put!("  {double}")?;
    }
    Ok(())
}

/// The digests of blobs that an event names: the only quoted texts of 64 hex digits, but for the digest of a proposal or of
/// an invitation's secret, which stand under these names. A proposal holds its command as text, whose quotation marks have a
/// backslash before them.
fn digests(payload: &str) -> impl Iterator<Item = Digest> {
    let mut before = ["", ""];
    let parts = payload.split('"').map(|text| text.trim_end_matches('\\')).filter(move |part| {
        let names_a_blob = !matches!(before, ["proposal" | "invitation", between] if between.trim() == ":");
        before = [before[1], part];
        names_a_blob && part.len() == 64
    });
    parts.filter_map(|text| text.parse().ok())
}

/// True for events whose digests are those of secrets.
fn names_no_blobs(event: &str) -> bool {
    event.starts_with("token.")
}

/// A blob that a published event names but that is not stored.
async fn missing_blob(log: &Arc<dyn EventLog>, absent: &HashSet<Digest>) -> anyhow::Result<Option<Digest>> {
    let mut after = 0;
    loop {
        let page = log.read(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(None) };
        after = last.position;
        let of_items = page.iter().filter(|stored| !names_no_blobs(&stored.event.name));
        if let Some(digest) = of_items.flat_map(|stored| digests(&stored.event.payload)).find(|digest| absent.contains(digest)) {
            return Ok(Some(digest));
        }
    }
}

async fn verify(log: &Arc<dyn EventLog>, expect: Option<&str>) -> anyhow::Result<ExitCode> {
    let expected = match expect {
        None => None,
        Some(text) => {
            let parsed =
                text.split_once(':').and_then(|(position, hash)| Some((position.parse::<i64>().ok()?, hash.parse::<Digest>().ok()?)));
            Some(parsed.context("--expect needs POSITION:HASH as printed by “log verify”")?)
        }
    };
    let mut verifier = Verifier::default();
    let mut named: HashSet<Digest> = HashSet::new();
    let head = loop {
        let page = log.read(verifier.position, PAGE).await?;
        if page.is_empty() {
            // Events may have been added meanwhile, so compare with the head only when no more follow.
            let head = log.head().await?;
            if head.position > verifier.position && !log.read(verifier.position, 1).await?.is_empty() {
                continue;
            }
            break head;
        }
        for stored in &page {
            if let Err(error) = verifier.next(stored) {
                bail!("the log is damaged: {error}");
            }
            named.extend(digests(&stored.event.payload));
            if let Some((position, hash)) = expected
                && stored.position == position
                && stored.hash != hash.0
            {
                bail!("the chain was recomputed: position {position} has the hash {}, not {hash}", Digest(stored.hash));
            }
        }
    };
    verifier.finish(&head).map_err(|error| anyhow::anyhow!("the log is damaged: {error}"))?;
    for digest in log.blobs().await?.into_iter().map(|(digest, _)| digest).filter(|digest| named.contains(digest)).collect::<Vec<_>>() {
        let bytes = log.get_blob(digest).await?.unwrap_or_default();
        if Digest::of(&bytes) != digest {
            bail!("the store is damaged: blob {digest} does not match its name");
        }
        named.remove(&digest);
    }
    // Digests of tokens look the same, but no blob has their name. A blob that a revision names must exist.
    if let Some(digest) = missing_blob(log, &named).await? {
        bail!("the store is damaged: blob {digest} is missing");
    }
    if let Some((position, _)) = expected.filter(|(position, _)| *position > verifier.position) {
        bail!("the tail was cut off: position {position} is expected, but the log ends at {}", verifier.position);
    }
    put!("{}:{}", verifier.position, Digest(verifier.hash))?;
    Ok(ExitCode::SUCCESS)
}

/// Notes an export or a backup in the log. Where the log takes nothing more, the file is all the more needed: it is
/// complete, and this is said.
pub async fn note(app: &App, action: &str, position: i64) {
    if let Err(error) = app.audit(action, position).await {
        say!("bangtin: warning: the file is complete, but the log could not note the {action}: {error}");
    }
}

/// Writes a dump to a temporary file beside its place, and moves it there when it is complete.
pub async fn write_dump(log: &Arc<dyn EventLog>, file: &Path, vault: bool) -> anyhow::Result<i64> {
    if file.exists() && !file.is_file() {
        bail!("{} is no file but a device, a pipe or a folder: name a file", file.display());
    }
    let temporary = file.with_extension("part");
    let position = log.head().await?.position;
    let out = File::create(&temporary).with_context(|| format!("{} cannot be written", temporary.display()))?;
    let writer = Arc::new(Mutex::new(Some(Writer::new(BufWriter::new(out)))));
    let sink_writer = Arc::clone(&writer);
    let sink = move |record| match sink_writer.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
        Some(writer) => writer.record(record),
        None => Err(StoreError::NotPossible("the file is closed".into())),
    };
    let written = async {
        log.dump(vault, Box::new(sink)).await.with_context(|| format!("{} was not written", file.display()))?;
        let writer = writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        let writer = writer.context("the file is closed")?;
        writer.finish()?.into_inner()?.sync_all()?;
        std::fs::rename(&temporary, file).with_context(|| format!("{} cannot be written", file.display()))
    };
    let written = written.await;
    if written.is_err() {
        // A part of a log is of no use, and the disk may be full.
        let _ = std::fs::remove_file(&temporary);
    }
    written.map(|()| position)
}

/// Reads a dump into an empty store.
pub async fn read_dump(log: &Arc<dyn EventLog>, file: &Path, vault: Option<&Arc<Vault>>) -> anyhow::Result<()> {
    let input = File::open(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let mut reader = Reader::new(BufReader::new(input));
    let vault = vault.cloned();
    let source = move || {
        let record = reader.next_record()?;
        if let (Some(Record::Vault(row)), Some(vault)) = (&record, &vault) {
            // The row may be a contact or a report; only whether the key fits matters here.
            vault.unseal::<serde_json::Value>(row).map_err(|error| StoreError::NotPossible(error.to_string()))?;
        }
        Ok(record)
    };
    log.load(Box::new(source)).await.with_context(|| format!("{} was not loaded, the store is as it was", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_every_event_the_digests_of_sets_and_documents_count_as_blobs_and_no_others() {
        let events = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("events");
        let families = std::fs::read_dir(events).expect("events").filter_map(|family| std::fs::read_dir(family.ok()?.path()).ok());
        let mut counted = 0;
        for file in families.flatten().filter_map(|file| Some(file.ok()?.path())) {
            let name = file.display().to_string();
            if !name.ends_with(".sample.json") || name.contains("/token/") {
                continue;
            }
            let payload = std::fs::read_to_string(&file).expect("a sample");
            // Each stands under `sha256`, also in the text of a proposed command.
            let under = payload.replace('\\', "").matches("\"sha256\":\"").count();
            assert_eq!(digests(&payload).count(), under, "{name}");
            counted += under;
        }
        assert!(counted > 20, "{counted}");
    }
}
