//! A file as received, on disk or in memory. It can be read several times, and a change in between is noticed.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;
use unicode_normalization::UnicodeNormalization;

use crate::domain::Digest;
use crate::words::sentence::Sentence;

/// A stream that can be read and sought in.
pub trait ReadSeek: Read + Seek + Send {}
impl<T: Read + Seek + Send> ReadSeek for T {}

/// A file as received.
#[derive(Debug, Clone)]
pub struct Source {
    /// The file's name, without folders.
    pub name: String,
    /// Size in bytes when the file was first looked at.
    pub bytes: u64,
    place: Place,
}

#[derive(Debug, Clone)]
enum Place {
    Disk(PathBuf, Option<SystemTime>),
    Memory(Bytes),
    /// A temporary file, such as one unpacked from an archive; it is removed with its last user.
    Unpacked(Arc<NamedTempFile>),
}

impl Source {
    /// A file on disk. Errors: it cannot be found, or it is a folder, with a sentence that says so.
    pub fn file(path: &Path) -> io::Result<Self> {
        let meta = path.metadata()?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if meta.is_dir() {
            return Err(io::Error::other(folder_words(&name)));
        }
        Ok(Self { name, bytes: meta.len(), place: Place::Disk(path.to_owned(), meta.modified().ok()) })
    }

    /// A file on disk that was sent under another name.
    pub fn named(name: &str, path: &Path) -> io::Result<Self> {
        Ok(Self { name: name.to_owned(), ..Self::file(path)? })
    }

    /// Bytes in memory.
    pub fn memory(name: &str, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let name = name.rsplit(['/', '\\']).next().unwrap_or(name).to_owned();
        Self { name, bytes: bytes.len() as u64, place: Place::Memory(bytes) }
    }

    /// Writes a stream to a temporary file; none if it has more than `limit` bytes.
    pub fn unpack(name: &str, stream: impl Read, limit: u64) -> io::Result<Option<Self>> {
        let mut file = NamedTempFile::new()?;
        let bytes = io::copy(&mut stream.take(limit + 1), &mut file)?;
        let name = name.rsplit(['/', '\\']).next().unwrap_or(name).to_owned();
        Ok((bytes <= limit).then(|| Self { name, bytes, place: Place::Unpacked(Arc::new(file)) }))
    }

    /// A file that was written to disk as it came in. It is removed with its last user.
    pub fn spooled(name: &str, file: NamedTempFile) -> io::Result<Self> {
        let bytes = file.as_file().metadata()?.len();
        let name = name.rsplit(['/', '\\']).next().unwrap_or(name).to_owned();
        Ok(Self { name, bytes, place: Place::Unpacked(Arc::new(file)) })
    }

    /// The same file on disk, for readers that need a path.
    pub fn on_disk(&self) -> io::Result<Self> {
        match &self.place {
            Place::Memory(bytes) => {
                Self::unpack(&self.name, Cursor::new(bytes), self.bytes)?.ok_or_else(|| io::Error::other("it grew while read"))
            }
            _ => Ok(self.clone()),
        }
    }

    /// Path of the file on disk; none if it is in memory.
    pub fn path(&self) -> Option<&Path> {
        match &self.place {
            Place::Disk(path, _) => Some(path),
            Place::Unpacked(file) => Some(file.path()),
            Place::Memory(_) => None,
        }
    }

    /// Opens the file for reading.
    pub fn open(&self) -> io::Result<Box<dyn ReadSeek>> {
        Ok(match &self.place {
            Place::Disk(path, _) => Box::new(BufReader::with_capacity(1 << 18, File::open(path)?)),
            Place::Unpacked(file) => Box::new(BufReader::with_capacity(1 << 18, file.reopen()?)),
            Place::Memory(bytes) => Box::new(Cursor::new(bytes.clone())),
        })
    }

    /// Reads the whole file into memory. Errors: the file on disk has more than `limit` bytes.
    pub fn read(&self, limit: u64) -> io::Result<Bytes> {
        if let Place::Memory(bytes) = &self.place {
            return Ok(bytes.clone());
        }
        let mut bytes = Vec::with_capacity(self.bytes.min(limit) as usize);
        self.open()?.take(limit + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            return Err(io::Error::other(format!("it has more than {} MiB", limit >> 20)));
        }
        Ok(bytes.into())
    }

    /// Reads the first bytes, at most `count`.
    pub fn head(&self, count: u64) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        self.open()?.take(count).read_to_end(&mut head)?;
        Ok(head)
    }

    /// SHA-256 of the file's bytes.
    pub fn digest(&self) -> io::Result<Digest> {
        let (mut hasher, mut reader, mut chunk) = (Sha256::new(), self.open()?, vec![0; 1 << 18]);
        loop {
            match reader.read(&mut chunk)? {
                0 => return Ok(Digest(hasher.finalize().into())),
                read => hasher.update(&chunk[..read]),
            }
        }
    }

    /// True if the file on disk has not changed since it was first looked at.
    pub fn is_unchanged(&self) -> bool {
        match &self.place {
            Place::Memory(_) | Place::Unpacked(_) => true,
            Place::Disk(path, modified) => path.metadata().is_ok_and(|meta| meta.len() == self.bytes && meta.modified().ok() == *modified),
        }
    }

    /// All files that belong together: the file itself, and for a Shapefile the files beside it.
    pub fn parts(&self) -> Vec<Self> {
        let mut parts = vec![self.clone()];
        if self.name.to_lowercase().ends_with(".shp") {
            parts.extend(["dbf", "shx", "prj", "cpg"].into_iter().filter_map(|extension| self.sibling(extension)));
        }
        parts
    }

    /// The file beside it with the same name and another extension, in upper or lower case.
    pub fn sibling(&self, extension: &str) -> Option<Self> {
        let path = self.path()?;
        let exact = path.file_stem()?;
        let stem = like(&exact.to_string_lossy());
        let same = |other: &Path| {
            other.extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
                && other.file_stem().is_some_and(|found| like(&found.to_string_lossy()) == stem)
        };
        let entries = path.parent()?.read_dir().or_else(|_| Path::new(".").read_dir()).ok()?;
        let mut found: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).filter(|other| same(other)).collect();
        // If several match apart from case, prefer the one that matches exactly.
        found.sort_by_key(|other| (other.file_stem() != Some(exact), other.clone()));
        Self::file(found.first()?).ok()
    }
}

/// A file's name as case-insensitive systems compare it: lower case, in Unicode normal form NFC.
pub fn like(name: &str) -> String {
    name.nfc().flat_map(char::to_lowercase).nfc().collect()
}

/// How to convert a FileGDB: the one command, which keeps all its layers. `path` is as GDAL names it.
pub fn convert_gdb(path: &str) -> Sentence {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    // Names are quoted as a shell and the Windows prompt both take them.
    let quoted = |text: &str| format!("\"{}\"", text.replace(['"', '$', '`', '\\', '%'], "_"));
    let command = format!("ogr2ogr -f GPKG {} {}", quoted(&format!("{stem}.gpkg")), quoted(path));
    sentence!("foreign-file-gdb", command)
}

fn folder_words(name: &str) -> String {
    if name.to_lowercase().ends_with(".gdb") {
        let advice = convert_gdb(name.trim_end_matches('/'));
        return sentence!("folder-is-gdb", advice).to_string();
    }
    sentence!("is-a-folder", name).to_string()
}
