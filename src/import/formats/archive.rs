//! ZIP archives: what is in them, unpacked in bounded size, never under the names they give.

use std::collections::HashMap;
use std::io::Read;

use zip::ZipArchive;

use super::{Choice, ReadError, Reader, Tally, foreign, kml, shapefile, xlsx};
use crate::disk;
use crate::import::source::{ReadSeek, Source, like};

/// Entries an archive may have.
const MOST_ENTRIES: usize = 10_000;

type Zip = ZipArchive<Box<dyn ReadSeek>>;

fn damaged(error: &impl std::fmt::Display) -> ReadError {
    ReadError::damaged(("Tệp nén ZIP", "The ZIP archive"), error)
}

/// An archive's entries, and what may still be unpacked of them.
pub(super) struct Archive {
    zip: Zip,
    names: Vec<String>,
    left: u64,
    limit: u64,
    /// What was unpacked.
    unpacked: HashMap<String, Source>,
}

impl Archive {
    fn open(source: &Source, limit: u64) -> Result<Self, ReadError> {
        let zip = ZipArchive::new(source.open()?).map_err(|error| damaged(&error))?;
        if zip.len() > MOST_ENTRIES {
            return Err(damaged(&format!("{} entries, more than {MOST_ENTRIES}", zip.len())));
        }
        let names: Result<Vec<String>, _> = zip.file_names().map(|name| name.map(std::borrow::Cow::into_owned)).collect();
        let names = names.map_err(|error| damaged(&error))?;
        for name in &names {
            let steps_out = name.split(['/', '\\']).any(|part| part == "..") || name.starts_with(['/', '\\']) || name.contains(':');
            if steps_out {
                return Err(ReadError::new(
                    "unsafe-name",
                    format!("Tệp nén có tên tệp không an toàn “{name}”; hãy nén lại"),
                    format!("The archive holds a file with an unsafe name, “{name}”; pack it again"),
                ));
            }
        }
        // What macOS adds beside each file.
        let own = |name: &String| name.starts_with("__MACOSX/") || name.rsplit('/').next().is_some_and(|last| last.starts_with("._"));
        let names = names.into_iter().filter(|name| !own(name) && !name.ends_with('/')).collect();
        Ok(Self { zip, names, left: limit, limit, unpacked: HashMap::new() })
    }

    fn with_extension(&self, extension: &str) -> Vec<String> {
        let ends = |name: &&String| name.to_lowercase().ends_with(extension);
        self.names.iter().filter(ends).cloned().collect()
    }

    /// Unpacks an entry.
    pub(super) fn unpack(&mut self, name: &str) -> Result<Source, ReadError> {
        if let Some(source) = self.unpacked.get(name) {
            return Ok(source.clone());
        }
        let entry = self.zip.by_name(name).map_err(|error| match error {
            zip::result::ZipError::UnsupportedArchive(_) | zip::result::ZipError::InvalidPassword => ReadError::new(
                "packed-otherwise",
                format!("“{name}” trong tệp nén có mật khẩu hoặc nén theo cách không đọc được; hãy nén lại dạng ZIP thường"),
                format!("“{name}” in the archive has a password or is packed in a way that is not read; pack it again as plain ZIP"),
            ),
            error => damaged(&format!("{name}: {error}")),
        })?;
        let source = Source::unpack(name, entry, self.left).map_err(|error| match error {
            error if disk::is_full(&error) => ReadError::from(error),
            error => damaged(&format!("{name}: {error}")),
        })?;
        let source = source.ok_or_else(|| ReadError::too_large(self.limit))?;
        self.left -= source.bytes;
        self.unpacked.insert(name.to_owned(), source.clone());
        Ok(source)
    }

    /// The entry of that name, whatever its case and normal form.
    pub(super) fn find(&self, name: &str) -> Option<&String> {
        self.names.iter().find(|other| *other == name).or_else(|| self.names.iter().find(|other| like(other) == like(name)))
    }

    /// The one entry, or the one the planner names: by its name in the archive, or without folder and extension.
    fn choose(names: &[String], asked: Option<&str>) -> Result<String, ReadError> {
        let found = match asked {
            Some(_) if names.len() == 1 && !is_shapefile_or_kml(&names[0]) => names.first(),
            Some(asked) => names.iter().find(|name| *name == asked || like(stem(name)) == like(asked) || like(last(name)) == like(asked)),
            None if names.len() == 1 => names.first(),
            None => None,
        };
        // Two of one name in different folders are told apart by their folders.
        let twice = |name: &String| names.iter().filter(|other| like(stem(other)) == like(stem(name))).count() > 1;
        let shown = || names.iter().map(|name| if twice(name) { name.clone() } else { stem(name).to_owned() }).collect::<Vec<_>>();
        found.cloned().ok_or_else(|| layers(&shown(), asked))
    }
}

/// True for files that have one layer: what is asked for can only be the file.
fn is_shapefile_or_kml(name: &str) -> bool {
    has_ending(name, "shp") || has_ending(name, "kml")
}

/// Bytes of a file and of all that is packed in it, counted by unpacking it, up to `limit`: what it says
/// of its sizes itself is not asked.
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

fn has_ending(name: &str, ending: &str) -> bool {
    last(name).rsplit_once('.').is_some_and(|(_, found)| found.eq_ignore_ascii_case(ending))
}

fn last(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// An entry's name without folder and extension.
fn stem(name: &str) -> &str {
    last(name).rsplit_once('.').map_or(last(name), |(stem, _)| stem)
}

/// Several layers, and none chosen.
pub(super) fn layers(names: &[String], asked: Option<&str>) -> ReadError {
    let list = names.iter().take(20).map(|name| format!("“{name}”")).collect::<Vec<_>>().join(", ");
    let (vi, en) = match asked {
        Some(asked) => (format!("Không có lớp “{asked}”"), format!("There is no layer “{asked}”")),
        None => (String::from("Tệp có nhiều lớp"), String::from("The file has several layers")),
    };
    ReadError::new("choose-layer", format!("{vi}; hãy chọn bằng --layer: {list}"), format!("{en}; choose with --layer: {list}"))
}

/// Opens what an archive holds: a Shapefile, a KMZ, a workbook, or one file of another format.
pub fn open(source: &Source, choice: &Choice) -> Result<Box<dyn Reader>, ReadError> {
    let limits = &choice.limits;
    let mut archive = Archive::open(source, limits.bytes)?;
    if archive.names.iter().any(|name| name == "[Content_Types].xml") {
        return xlsx::open(archive, choice);
    }
    let maps: Vec<String> = [".shp", ".kml", ".geojson", ".geojsonl", ".geojsons", ".gpkg", ".fgb", ".dxf"]
        .iter()
        .flat_map(|e| archive.with_extension(e))
        .collect();
    // Tables and plain JSON lie beside maps too, and then belong to them.
    let tables: Vec<String> = [".json", ".csv"].iter().flat_map(|e| archive.with_extension(e)).collect();
    let readable = if maps.is_empty() { &tables } else { &maps };
    if readable.is_empty() {
        foreign::refuse_names(archive.names.iter().map(String::as_str))?;
        let list = archive.names.iter().take(10).map(String::as_str).collect::<Vec<_>>().join(", ");
        return Err(ReadError::new(
            "nothing-to-read",
            format!("Tệp nén không có Shapefile (.shp), KML hay tệp bản đồ nào đọc được: {list}"),
            format!("The archive holds no Shapefile (.shp), KML or other map file that can be read: {list}"),
        ));
    }
    // The one file that a KMZ is about, by its standard (OGC 07-147r2, annex C).
    let doc = readable.iter().find(|name| name.eq_ignore_ascii_case("doc.kml")).filter(|_| choice.layer.is_none()).cloned();
    let chosen = match doc {
        Some(doc) => doc,
        None => Archive::choose(readable, choice.layer.as_deref())?,
    };
    let others = readable.iter().filter(|name| **name != chosen);
    if has_ending(&chosen, "kml") {
        let input = archive.unpack(&chosen)?.open()?;
        let others: Vec<String> = others.cloned().collect();
        return Ok(kml::open(input, limits, Some(kml::Inner { name: chosen, archive, others, asked: choice.layer.is_some() })));
    }
    if has_ending(&chosen, "shp") {
        let without = like(&chosen[..chosen.len() - 4]);
        let beside = |extension: &str| archive.names.iter().find(|name| like(name) == format!("{without}{extension}")).cloned();
        let names = [".dbf", ".shx", ".prj"].map(beside);
        let shp = archive.unpack(&chosen)?;
        let [dbf, shx, prj] = names.map(|name| name.map(|name| archive.unpack(&name)).transpose());
        return shapefile::open(&shapefile::Parts { shp, dbf: dbf?, shx: shx?, prj: prj? }, limits, Tally::default());
    }
    let inner = archive.unpack(&chosen)?;
    if inner.head(2)? == b"PK" {
        return Err(damaged(&"an archive in an archive"));
    }
    // The name that was asked for may be the file's, or a layer's within the only file.
    let layer =
        choice.layer.clone().filter(|asked| like(stem(&chosen)) != like(asked) && like(last(&chosen)) != like(asked) && chosen != *asked);
    super::open(&inner, &Choice { layer, ..choice.clone() })
}
