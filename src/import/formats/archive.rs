//! ZIP archives: what is in them, unpacked in bounded size, never under the names they give.

use std::collections::BTreeMap;

use zip::ZipArchive;

use super::{Choice, ReadError, Reader, foreign, kml, shapefile, table};
use crate::import::source::{ReadSeek, Source};

/// Entries an archive may have.
const MOST_ENTRIES: usize = 10_000;

type Zip = ZipArchive<Box<dyn ReadSeek>>;

fn damaged(error: &impl std::fmt::Display) -> ReadError {
    ReadError::damaged("Tệp nén ZIP (the ZIP archive)", error)
}

/// An archive's entries, and what may still be unpacked of them.
struct Archive {
    zip: Zip,
    names: Vec<String>,
    left: u64,
    limit: u64,
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
        Ok(Self { zip, names, left: limit, limit })
    }

    fn with_extension(&self, extension: &str) -> Vec<String> {
        let ends = |name: &&String| name.to_lowercase().ends_with(extension);
        self.names.iter().filter(ends).cloned().collect()
    }

    fn unpack(&mut self, name: &str) -> Result<Source, ReadError> {
        let entry = self.zip.by_name(name).map_err(|error| damaged(&format!("{name}: {error}")))?;
        let source = Source::unpack(name, entry, self.left).map_err(|error| damaged(&format!("{name}: {error}")))?;
        let source = source.ok_or_else(|| ReadError::too_large(self.limit))?;
        self.left -= source.bytes;
        Ok(source)
    }

    /// The one entry, or the one the planner names.
    fn choose(names: &[String], asked: Option<&str>) -> Result<String, ReadError> {
        let stem = |name: &str| {
            let last = name.rsplit('/').next().unwrap_or(name);
            last.rsplit_once('.').map_or(last, |(stem, _)| stem).to_owned()
        };
        let found = match asked {
            Some(asked) => names.iter().find(|name| stem(name).eq_ignore_ascii_case(asked) || name.as_str() == asked),
            None if names.len() == 1 => names.first(),
            None => None,
        };
        found.cloned().ok_or_else(|| layers(&names.iter().map(|name| stem(name)).collect::<Vec<_>>(), asked))
    }
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
        // The library below takes whatever the workbook says it holds: see first that it is bounded.
        let mut sizes = BTreeMap::new();
        for name in archive.names.clone() {
            sizes.insert(name.clone(), archive.unpack(&name)?.bytes);
        }
        return table::open_xlsx(source, choice, &sizes);
    }
    let shapes = archive.with_extension(".shp");
    if !shapes.is_empty() {
        let chosen = Archive::choose(&shapes, choice.layer.as_deref())?;
        let stem = &chosen[..chosen.len() - 4];
        let beside = |extension: &str| {
            archive.names.iter().find(|name| {
                name.len() > stem.len()
                    && name.is_char_boundary(stem.len())
                    && name.starts_with(stem)
                    && name[stem.len()..].eq_ignore_ascii_case(extension)
            })
        };
        let names = [".dbf", ".prj", ".cpg"].map(|extension| beside(extension).cloned());
        let shp = archive.unpack(&chosen)?;
        let [dbf, prj, cpg] = names.map(|name| name.map(|name| archive.unpack(&name)).transpose());
        return shapefile::open(&shapefile::Parts { shp, dbf: dbf?, prj: prj?, cpg: cpg? }, limits);
    }
    let kmls = archive.with_extension(".kml");
    if let Some(kml) = kmls.iter().find(|name| name.eq_ignore_ascii_case("doc.kml")).or(kmls.first()).cloned() {
        return kml::open(archive.unpack(&kml)?.open()?, limits);
    }
    foreign::refuse_names(archive.names.iter().map(String::as_str))?;
    let readable: Vec<String> =
        [".geojson", ".json", ".geojsonl", ".gpkg", ".fgb", ".dxf", ".csv"].iter().flat_map(|e| archive.with_extension(e)).collect();
    if readable.is_empty() {
        let list = archive.names.iter().take(10).map(String::as_str).collect::<Vec<_>>().join(", ");
        return Err(ReadError::new(
            "nothing-to-read",
            format!("Tệp nén không có Shapefile (.shp), KML hay tệp bản đồ nào đọc được: {list}"),
            format!("The archive holds no Shapefile (.shp), KML or other map file that can be read: {list}"),
        ));
    }
    let chosen = Archive::choose(&readable, choice.layer.as_deref())?;
    let inner = archive.unpack(&chosen)?;
    if inner.head(2)? == b"PK" {
        return Err(damaged(&"an archive in an archive"));
    }
    super::open(&inner, &Choice { layer: None, ..choice.clone() })
}
