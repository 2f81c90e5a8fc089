//! Full disks: how a program notices, which disks they are, and whether they have room again.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A disk with fewer free bytes than this counts as full: roughly what one append needs.
const ROOM_BYTES: usize = 64 << 10;

/// True when nothing more fits: the disk is full, or the quota of this user or process is used up.
pub fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
}

/// True when a folder cannot be written for a reason that the server's operator must remove: its disk is full, or
/// the folder is gone or may not be written.
pub fn is_closed(error: &io::Error) -> bool {
    is_full(error) || matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

/// Writes 64 KiB into a folder and leaves nothing there. Errors: the folder cannot be written.
pub fn try_folder(folder: &Path) -> io::Result<()> {
    tempfile::tempfile_in(folder)?.write_all(&vec![0; ROOM_BYTES])
}

/// A disk, by its use here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Disk {
    /// The disk of the event log, by the name that the store gives it.
    Store(String),
    /// The disk on which a folder lies.
    Folder(PathBuf),
}

impl Disk {
    /// The disk on which uploads and downloads are put together.
    pub fn temporary() -> Self {
        Self::Folder(std::env::temp_dir())
    }
}

impl fmt::Display for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(name) => f.write_str(name),
            Self::Folder(folder) => write!(f, "{}", folder.display()),
        }
    }
}

/// The disks that were found full and have not been seen to have room since.
#[derive(Debug, Clone, Default)]
pub struct Disks(Arc<Mutex<BTreeSet<Disk>>>);

impl Disks {
    /// Notes that a disk is full.
    pub fn note(&self, disk: &Disk) {
        if self.set(|full| full.insert(disk.clone())) {
            tracing::error!("the disk of {disk} is full or cannot be written: free some space; what waits for it goes on by itself");
        }
    }

    /// Notes that a disk has room again.
    pub fn clear(&self, disk: &Disk) {
        if self.set(|full| full.remove(disk)) {
            tracing::info!("the disk of {disk} has room again");
        }
    }

    /// The full disks.
    pub fn full(&self) -> Vec<Disk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// A sentence for the server's operator; none when every disk has room.
    pub fn words(&self) -> Option<String> {
        let names: Vec<String> = self.full().iter().map(Disk::to_string).collect();
        (!names.is_empty()).then(|| sentence!("disks-full", names = names.join(", ")).to_string())
    }

    fn set(&self, change: impl FnOnce(&mut BTreeSet<Disk>) -> bool) -> bool {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_named_until_it_has_room() {
        let disks = Disks::default();
        assert_eq!(disks.words(), None);
        let (store, uploads) = (Disk::Store("/var/lib/bangtin".into()), Disk::Folder("/var/tmp".into()));
        disks.note(&store);
        disks.note(&store);
        disks.clone().note(&uploads);
        let words = disks.words().expect("two are full");
        for part in ["/var/lib/bangtin, /var/tmp", "đã đầy", "free some space"] {
            assert!(words.contains(part), "{words}");
        }
        disks.clear(&store);
        assert_eq!(disks.full(), std::slice::from_ref(&uploads));
        disks.clear(&uploads);
        assert_eq!(disks.words(), None);
    }

    #[test]
    fn a_full_disk_is_told_from_other_failures_through_what_wraps_them() {
        assert!(is_full(&io::ErrorKind::StorageFull.into()));
        assert!(is_full(&io::Error::new(io::ErrorKind::QuotaExceeded, "at /tmp/x")));
        assert!(!is_full(&io::ErrorKind::PermissionDenied.into()));
        assert!(!is_full(&io::Error::other("damaged")));
        let full = std::fs::File::options().write(true).open("/dev/full").and_then(|mut file| file.write_all(b"x"));
        assert!(is_full(&full.expect_err("nothing fits there")));
    }

    #[test]
    fn trying_a_folder_leaves_nothing_in_it() {
        let folder = tempfile::tempdir().expect("a folder");
        try_folder(folder.path()).expect("room");
        assert_eq!(folder.path().read_dir().expect("a folder").count(), 0);
        let gone = try_folder(&folder.path().join("gone")).expect_err("no folder");
        assert!(is_closed(&gone) && !is_full(&gone));
        assert!(!is_closed(&io::ErrorKind::OutOfMemory.into()));
    }
}
