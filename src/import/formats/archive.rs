//! Reads ZIP archives: lists their entries, and unpacks them in bounded size, never under the names that they
//! give.

use std::collections::HashMap;
use std::io::Read;

use zip::ZipArchive;

use super::ReadError;
use super::{Damage, by_library};
use crate::disk;
use crate::import::source::{ReadSeek, Source, like};

/// Most entries that an archive may have.
const MOST_ENTRIES: usize = 10_000;

type Zip = ZipArchive<Box<dyn ReadSeek>>;

pub(super) fn damaged(what: impl Into<Damage>) -> ReadError {
    ReadError::damaged(sentence!("place-zip"), what.into())
}

/// An archive's entries, and how much may still be unpacked.
pub(super) struct Archive {
    zip: Zip,
    pub(super) names: Vec<String>,
    left: u64,
    limit: u64,
    /// Entries unpacked so far, by name.
    unpacked: HashMap<String, Source>,
}

impl Archive {
    pub(super) fn open(source: &Source, limit: u64) -> Result<Self, ReadError> {
        let zip = ZipArchive::new(source.open()?).map_err(|error| damaged(by_library(error)))?;
        if zip.len() > MOST_ENTRIES {
            return Err(damaged(sentence!("damage-entries", count = zip.len(), most = MOST_ENTRIES)));
        }
        let names: Result<Vec<String>, _> = zip.file_names().map(|name| name.map(std::borrow::Cow::into_owned)).collect();
        let names = names.map_err(|error| damaged(by_library(error)))?;
        for name in &names {
            let steps_out = name.split(['/', '\\']).any(|part| part == "..") || name.starts_with(['/', '\\']) || name.contains(':');
            if steps_out {
                return Err(ReadError::new("unsafe-name", sentence!("unsafe-name", name)));
            }
        }
        // macOS adds such entries beside each file.
        let own = |name: &String| name.starts_with("__MACOSX/") || name.rsplit('/').next().is_some_and(|last| last.starts_with("._"));
        let names = names.into_iter().filter(|name| !own(name) && !name.ends_with('/')).collect();
        Ok(Self { zip, names, left: limit, limit, unpacked: HashMap::new() })
    }

    pub(super) fn with_extension(&self, extension: &str) -> Vec<String> {
        let ends = |name: &&String| name.to_lowercase().ends_with(extension);
        self.names.iter().filter(ends).cloned().collect()
    }

    /// Unpacks an entry.
    pub(super) fn unpack(&mut self, name: &str) -> Result<Source, ReadError> {
        if let Some(source) = self.unpacked.get(name) {
            return Ok(source.clone());
        }
        let entry = self.zip.by_name(name).map_err(|error| match error {
            zip::result::ZipError::UnsupportedArchive(_) | zip::result::ZipError::InvalidPassword => {
                ReadError::new("packed-otherwise", sentence!("packed-otherwise", name))
            }
            error => damaged(by_library(format!("{name}: {error}"))),
        })?;
        let source = Source::unpack(name, entry, self.left).map_err(|error| match error {
            error if disk::is_full(&error) => ReadError::from(error),
            error => damaged(by_library(format!("{name}: {error}"))),
        })?;
        let source = source.ok_or_else(|| ReadError::too_large(self.limit))?;
        self.left -= source.bytes;
        self.unpacked.insert(name.to_owned(), source.clone());
        Ok(source)
    }

    /// The entry with that name, apart from case and Unicode normal form if none matches exactly.
    pub(super) fn find(&self, name: &str) -> Option<&String> {
        self.names.iter().find(|other| *other == name).or_else(|| self.names.iter().find(|other| like(other) == like(name)))
    }

    /// The only entry, or the one that the planner names: by its name in the archive, or without folder and
    /// extension.
    pub(super) fn choose(names: &[String], asked: Option<&str>) -> Result<String, ReadError> {
        let found = match asked {
            Some(_) if names.len() == 1 && !is_shapefile_or_kml(&names[0]) => names.first(),
            Some(asked) => {
                let bare = |name: &str| name.rsplit_once('.').map_or_else(|| like(name), |(bare, _)| like(bare));
                let whole = names.iter().find(|name| like(name) == like(asked) || bare(name) == like(asked));
                let mut by_last = names.iter().filter(|name| like(stem(name)) == like(asked) || like(last(name)) == like(asked));
                // Files with the same name in several folders are told apart by their folders.
                whole.or(by_last.next().filter(|_| by_last.next().is_none()))
            }
            None if names.len() == 1 => names.first(),
            None => None,
        };
        // Files with the same name in different folders are listed with their folders.
        let twice = |name: &String| names.iter().filter(|other| like(stem(other)) == like(stem(name))).count() > 1;
        let shown = || names.iter().map(|name| if twice(name) { name.clone() } else { stem(name).to_owned() }).collect::<Vec<_>>();
        found.cloned().ok_or_else(|| layers(&shown(), asked))
    }
}

/// True for files with a single layer, where the layer asked for can only be the file itself.
fn is_shapefile_or_kml(name: &str) -> bool {
    has_ending(name, "shp") || has_ending(name, "kml")
}

/// Size of a file and of everything packed in it, bytes, measured by unpacking up to `limit`. The sizes that
/// the archive states are not trusted.
pub fn unpacked_bytes(source: &Source, limit: u64) -> u64 {
    let Ok(Some(mut zip)) =
        source.head(2).and_then(|head| if head == b"PK" { source.open().map(|file| ZipArchive::new(file).ok()) } else { Ok(None) })
    else {
        return source.bytes;
    };
    let mut left = limit;
    for i in 0..zip.len().min(MOST_ENTRIES) {
        let Ok(entry) = zip.by_index(i) else { continue };
        left -= std::io::copy(&mut entry.take(left), &mut std::io::sink()).unwrap_or(0).min(left);
    }
    source.bytes.saturating_add(limit - left)
}

pub(super) fn has_ending(name: &str, ending: &str) -> bool {
    last(name).rsplit_once('.').is_some_and(|(_, found)| found.eq_ignore_ascii_case(ending))
}

pub(super) fn last(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// An entry's name without folder and extension.
pub(super) fn stem(name: &str) -> &str {
    last(name).rsplit_once('.').map_or(last(name), |(stem, _)| stem)
}

/// The error for a file with several layers of which none was chosen.
pub(super) fn layers(names: &[String], asked: Option<&str>) -> ReadError {
    let list = names.iter().take(20).map(|name| format!("“{name}”")).collect::<Vec<_>>().join(", ");
    let lead = match asked {
        Some(asked) => sentence!("no-such-layer", asked),
        None => sentence!("several-layers"),
    };
    ReadError::new("choose-layer", sentence!("choose-layer", lead, list))
}
