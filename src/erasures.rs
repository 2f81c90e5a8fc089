//! The register of erasures. It lies beside the store and in no backup, so that a restored backup
//! forgets again whom the city has promised to forget. It holds opaque ids only.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use crate::domain::subject::SubjectId;

/// Adds a person to the register; durable when it returns.
pub fn record(path: &Path, subject: &SubjectId) -> io::Result<()> {
    if read(path)?.contains(subject) {
        return Ok(());
    }
    let mut file = File::options().create(true).append(true).open(path)?;
    // One write that begins on a new line: a line that a crash cut off harms no other line.
    file.write_all(format!("\n{subject}\n").as_bytes())?;
    file.sync_all()?;
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Everybody in the register.
pub fn read(path: &Path) -> io::Result<Vec<SubjectId>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text.lines().filter(|line| !line.is_empty()).map(|line| SubjectId(line.to_owned())).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
