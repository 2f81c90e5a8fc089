//! Opens the content of an archive: a Shapefile, a KMZ, a workbook, or one file of another format.

use super::archive::{Archive, has_ending, last, stem};
use super::{Choice, Left, Limits, ReadError, Reader, Tally, foreign, kml, shapefile, xlsx};
use crate::import::source::{Source, like};

/// Files of maps in an archive, or, where there are none, its tables.
fn readable(archive: &Archive) -> Vec<String> {
    let of = |endings: &[&str]| endings.iter().flat_map(|ending| archive.with_extension(ending)).collect::<Vec<String>>();
    let maps = of(&[".shp", ".kml", ".geojson", ".geojsonl", ".geojsons", ".gpkg", ".fgb", ".dxf"]);
    // Tables and plain JSON in an archive with maps belong to the maps, and are not read themselves.
    if maps.is_empty() { of(&[".json", ".csv"]) } else { maps }
}

/// The names of the files that can be read, where there are several; or of the layers in the only one.
pub fn names(source: &Source, limits: &Limits) -> Result<Vec<String>, ReadError> {
    let mut archive = Archive::open(source, limits.bytes)?;
    let is_whole = |name: &String| name == "[Content_Types].xml" || name.eq_ignore_ascii_case("doc.kml");
    let files = readable(&archive);
    match files.as_slice() {
        _ if archive.names.iter().any(is_whole) => Ok(Vec::new()),
        [only] if has_ending(only, "gpkg") => super::geopackage::names(&archive.unpack(only)?),
        [] | [_] => Ok(Vec::new()),
        several => Ok(several.to_vec()),
    }
}

/// The name of the only file that can be read.
pub fn only(source: &Source, limits: &Limits) -> Option<String> {
    let archive = Archive::open(source, limits.bytes).ok()?;
    match readable(&archive).as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    }
}

/// Opens the content of an archive: a Shapefile, a KMZ, a workbook, or one file of another format.
pub fn open(source: &Source, choice: &Choice) -> Result<Box<dyn Reader>, ReadError> {
    let limits = &choice.limits;
    let mut archive = Archive::open(source, limits.bytes)?;
    if archive.names.iter().any(|name| name == "[Content_Types].xml") {
        return xlsx::open(archive, choice);
    }
    let readable = &readable(&archive);
    if readable.is_empty() {
        if archive.names.iter().any(|name| has_ending(name, "zip")) {
            return Err(nested());
        }
        foreign::refuse_names(&source.name, archive.names.iter().map(String::as_str))?;
        let list = archive.names.iter().take(10).map(String::as_str).collect::<Vec<_>>().join(", ");
        return Err(ReadError::new("nothing-to-read", sentence!("nothing-to-read", list)));
    }
    // The main file of a KMZ, by its standard (OGC 07-147r2, annex C).
    let doc = readable.iter().find(|name| name.eq_ignore_ascii_case("doc.kml")).filter(|_| choice.layer.is_none()).cloned();
    let chosen = match doc {
        Some(doc) => doc,
        None => Archive::choose(readable, choice.layer.as_deref())?,
    };
    let others = readable.iter().filter(|name| **name != chosen);
    if has_ending(&chosen, "kml") {
        let input = super::open_text(archive.unpack(&chosen)?, limits)?;
        let others: Vec<String> = others.cloned().collect();
        return Ok(kml::open(input, limits, Some(kml::Inner { name: chosen, archive, others, asked: choice.layer.is_some() })));
    }
    if has_ending(&chosen, "shp") {
        let without = like(&chosen[..chosen.len() - 4]);
        let beside =
            |extension: &str| archive.names.iter().filter(|name| like(name) == format!("{without}{extension}")).collect::<Vec<_>>();
        let all = [".dbf", ".shx", ".prj"].map(beside);
        if let Some([one, two, ..]) = all.iter().map(Vec::as_slice).find(|names| names.len() > 1) {
            return Err(ReadError::new("side-file-twice", sentence!("side-file-twice", one, two)));
        }
        let names = all.map(|names| names.first().map(|name| (*name).clone()));
        let shp = archive.unpack(&chosen)?;
        let [dbf, shx, prj] = names.map(|name| name.map(|name| archive.unpack(&name)).transpose());
        let tally = Tally::default();
        // Beside a Shapefile lie its own parts, other Shapefiles and their parts, and what a system leaves.
        let is_part = |name: &str| {
            let name = name.to_lowercase();
            [".shp", ".dbf", ".shx", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".qpj", ".qmd", ".qml", ".xml", ".fix", ".idx", ".lyr"]
                .iter()
                .any(|part| name.ends_with(part))
        };
        let others = archive.names.iter().filter(|name| !is_part(name) && !name.ends_with('/') && !is_litter(name));
        tally.list(Left::NoMap, &others.map(|name| (format!("“{name}”"), 1)).collect());
        return shapefile::open(&shapefile::Parts { shp, dbf: dbf?, shx: shx?, prj: prj? }, limits, tally);
    }
    // The last changes of a database that was copied while it was open lie in a file beside it.
    let log = format!("{}-wal", like(&chosen));
    if has_ending(&chosen, "gpkg") && archive.names.iter().any(|name| like(name) == log) {
        let log = archive.names.iter().find(|name| like(name) == log).cloned().unwrap_or_default();
        if archive.unpack(&log)?.bytes > 0 {
            return Err(ReadError::new("still-open", sentence!("still-open")));
        }
    }
    let inner = archive.unpack(&chosen)?;
    if inner.head(2)? == b"PK" {
        return Err(nested());
    }
    // The name asked for may be the file's, or that of a layer in the only file.
    let is_file = |asked: &String| like(stem(&chosen)) == like(asked) || like(last(&chosen)) == like(asked) || chosen == *asked;
    let layers = if has_ending(&chosen, "gpkg") { super::geopackage::names(&inner).unwrap_or_default() } else { Vec::new() };
    let is_layer = |asked: &String| layers.iter().any(|layer| layer.eq_ignore_ascii_case(asked));
    let layer = choice.layer.clone().filter(|asked| is_layer(asked) || !is_file(asked));
    super::open(&inner, &Choice { layer, ..choice.clone() })
}

fn nested() -> ReadError {
    ReadError::new("nested-archive", sentence!("nested-archive"))
}

/// True for files that operating systems leave in archives.
fn is_litter(name: &str) -> bool {
    name.starts_with("__MACOSX/") || matches!(last(name), ".DS_Store" | "Thumbs.db" | "desktop.ini")
}
