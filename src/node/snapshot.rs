//! A snapshot of the image, so that a start need not replay a long log. It holds no vault data.
//!
//! The file has a header line, then one item a line. It is written to a temporary file, synced and renamed, and
//! then its folder is synced. Any mismatch on reading means that the image is rebuilt from the log.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::domain::access::{AccountId, TokenCreated};
use crate::domain::account::Accounts;
use crate::domain::city::City;
use crate::domain::subject::SubjectId;
use crate::domain::{Code, Digest};
use crate::read_model::image::{Entry, Image, OpenReport};
use crate::read_model::questions::Questions;

/// Format of snapshots; raise the number when the form of the image changes.
const FORMAT: &str = concat!("bangtin-snapshot-11/", env!("CARGO_PKG_VERSION"));

#[derive(Serialize, Deserialize)]
struct Header<'a> {
    format: String,
    log_id: String,
    position: i64,
    hash: Digest,
    city_version: i64,
    city: std::borrow::Cow<'a, City>,
    tokens: Vec<(TokenCreated, Option<AccountId>)>,
    accounts: Accounts,
    consented: Vec<SubjectId>,
    reports: Vec<OpenReport>,
    questions: Questions,
    items: usize,
}

#[derive(Serialize, Deserialize)]
struct Line<'a> {
    code: Code,
    entry: std::borrow::Cow<'a, Entry>,
}

/// The snapshot's bytes. They are taken under the image's lock, and written without it.
pub fn encode(image: &Image, log_id: &str) -> serde_json::Result<Vec<u8>> {
    let (tokens, consented, items) = image.parts();
    let header = Header {
        format: FORMAT.into(),
        log_id: log_id.into(),
        position: image.position,
        hash: Digest(image.hash),
        city_version: image.city_version,
        city: std::borrow::Cow::Borrowed(&image.city),
        tokens: tokens.into_iter().map(|token| (token.clone(), image.person_of(&token.token).cloned())).collect(),
        accounts: image.accounts.clone(),
        consented: consented.into_iter().cloned().collect(),
        reports: image.reports().values().cloned().collect(),
        questions: image.questions.clone(),
        items: image.len(),
    };
    let mut bytes = serde_json::to_vec(&header)?;
    bytes.push(b'\n');
    for (code, entry) in items {
        serde_json::to_writer(&mut bytes, &Line { code: *code, entry: std::borrow::Cow::Borrowed(entry) })?;
        bytes.push(b'\n');
    }
    let digest = Digest(Sha256::digest(&bytes).into());
    bytes.extend_from_slice(digest.to_string().as_bytes());
    Ok(bytes)
}

/// Writes a snapshot; a crash leaves the old one or the new one, never half of one.
pub fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let temporary = path.with_extension("tmp");
    let written = write_whole(&temporary, bytes).and_then(|()| std::fs::rename(&temporary, path));
    if let Err(error) = written {
        // Half a snapshot would keep a full disk full.
        let _ = std::fs::remove_file(&temporary);
        return Err(error);
    }
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(bytes)?;
    file.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()
}

/// Reads a snapshot; none if there is none, or if it does not fit the log in any way.
pub fn read(path: &Path, log_id: &str) -> Option<Image> {
    let bytes = std::fs::read(path).ok()?;
    let (body, digest) = bytes.split_at_checked(bytes.len().checked_sub(64)?)?;
    let expected: Digest = std::str::from_utf8(digest).ok()?.parse().ok()?;
    if Digest::of(body) != expected {
        return None;
    }
    let end = body.iter().position(|byte| *byte == b'\n')?;
    let header: Header<'_> = serde_json::from_slice(&body[..end]).ok()?;
    if header.format != FORMAT || header.log_id != log_id {
        return None;
    }
    let rest = &body[end + 1..];
    let middle = rest.len() / 2;
    let cut = rest[middle..].iter().position(|byte| *byte == b'\n').map_or(rest.len(), |offset| middle + offset + 1);
    let (first, second) = rest.split_at(cut);
    // Two threads parse, because parsing takes most of the time.
    let parsed = std::thread::scope(|scope| {
        let other = scope.spawn(|| parse(second));
        let mut lines = parse(first)?;
        lines.extend(other.join().ok()??);
        Some(lines)
    })?;
    if parsed.len() != header.items {
        return None;
    }
    let mut image = Image::empty();
    image.position = header.position;
    image.hash = header.hash.0;
    image.city = std::sync::Arc::new(header.city.into_owned());
    image.city_version = header.city_version;
    image.accounts = header.accounts;
    image.restore_reports(header.reports);
    image.questions = header.questions;
    image.restore_people(header.tokens, header.consented);
    for (code, entry) in parsed {
        image.restore_entry(code, entry);
    }
    Some(image)
}

fn parse(lines: &[u8]) -> Option<Vec<(Code, Entry)>> {
    lines
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice::<Line<'_>>(line).ok().map(|line| (line.code, line.entry.into_owned())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_that_does_not_fit_leaves_the_last_one_and_no_half() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("image.snapshot");
        write(&path, b"the last one").expect("room");
        std::os::unix::fs::symlink("/dev/full", path.with_extension("tmp")).expect("a link");
        assert!(write(&path, b"the next one").is_err_and(|error| crate::disk::is_full(&error)));
        assert_eq!(std::fs::read(&path).expect("a file"), b"the last one");
        assert_eq!(folder.path().read_dir().expect("a folder").count(), 1);
        write(&path, b"the next one").expect("room");
        assert_eq!(std::fs::read(&path).expect("a file"), b"the next one");
    }
}
