//! Readers of file formats, one module for each. They turn untrusted bytes into features, in bounded memory and
//! time.

pub mod archive;
mod dbf;
pub mod dxf;
pub mod flatgeobuf;
mod foreign;
pub mod geojson;
pub mod geopackage;
pub mod kml;
mod nest;
mod packed;
pub mod part;
mod records;
pub mod shapefile;
pub mod table;
pub mod tally;
mod wkb;
mod xlsx;

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::feature::{Feature, Raw};
use super::report::{FULL_DISK, Note};
use super::source::Source;
use crate::disk::{self, Disk};
use crate::geometry::crs::CrsError;
use crate::import::wkt;
use crate::words::sentence::{Sentence, ToWord, Word};
pub use table::coordinate;
pub use tally::{Left, Tally};

/// Limits on a file, whatever sizes the file claims for itself.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Limits {
    /// Most bytes of the file, and of everything unpacked from it.
    pub bytes: u64,
    /// Most features of a plan, or rows of a table.
    pub features: usize,
    /// Most points of one feature.
    pub points: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 2 << 30, features: 3_000_000, points: 2_000_000 }
    }
}

/// What the planner chooses about how a file is read.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Choice {
    /// Name of the layer or sheet to read, in a file with several.
    pub layer: Option<String>,
    /// Limits on the file.
    pub limits: Limits,
    /// True if lines are wanted: drawings give their lines, and not the areas that these enclose.
    #[serde(default)]
    pub lines: bool,
    /// True if the tables of texts are wanted that a drawing prints into lots.
    #[serde(default)]
    pub tables: bool,
    /// True for a table whose rows need no place: its first row with several cells is the header.
    #[serde(default)]
    pub placeless: bool,
    /// The part of the layer that is wanted; all of it where none.
    #[serde(default)]
    pub part: Option<part::Part>,
}

/// The coordinate system a file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stated {
    /// The file names none.
    Nothing,
    /// A system that can be read, by its EPSG code.
    Epsg(u32),
    /// A system that cannot be read, and why.
    Unknown(CrsError),
}

impl Stated {
    /// The system of a WKT definition; a remark about it is added to `notes`.
    pub fn of_wkt(text: &str, notes: &mut Vec<Note>) -> Self {
        if text.trim_matches(['\u{feff}', '\0']).trim().is_empty() {
            return Self::Nothing;
        }
        let said = wkt::read(text);
        notes.extend(said.note);
        Self::of(said.code)
    }

    /// The system from the result of a parser.
    pub fn of(parsed: Result<u32, CrsError>) -> Self {
        parsed.map_or_else(Self::Unknown, Self::Epsg)
    }
}

/// Why a file cannot be read: sentences in both languages that name the place and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{said}")]
pub struct ReadError {
    /// Stable name of the check, such as `truncated`.
    pub check: &'static str,
    /// What is wrong, where, and what to do.
    pub said: Sentence,
}

impl ReadError {
    /// An error with its check's name.
    pub fn new(check: &'static str, said: Sentence) -> Self {
        Self { check, said }
    }

    /// Damage in a file, or in the part of it that `place` names.
    fn damaged(place: Sentence, what: Damage) -> Self {
        let Damage(what) = what;
        Self::new("unreadable", sentence!("unreadable-formats", place, what))
    }

    fn too_large(limit: u64) -> Self {
        let mib = limit >> 20;
        Self::new("too-large", sentence!("too-large", mib))
    }

    fn too_many(limit: usize) -> Self {
        Self::new("too-many-features", sentence!("too-many-features", limit))
    }
}

/// What is damaged in a file.
struct Damage(Word);

impl From<Sentence> for Damage {
    fn from(said: Sentence) -> Self {
        Self(said.to_word())
    }
}

/// What a library says of damage. It stays in English: it is for people who look into the file.
fn by_library(error: impl std::fmt::Display) -> Damage {
    Damage(Word::Text(error.to_string().chars().take(300).collect()))
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        if disk::is_full(&error) {
            let place = Disk::temporary().to_string();
            return Self::new(FULL_DISK, sentence!("full-disk-unpacking", place));
        }
        Self::new("unreadable", sentence!("unreadable-io", error = error.to_string()))
    }
}

/// A file that is being read, feature by feature.
pub trait Reader: Send {
    /// The coordinate system that the file names; final only after all features are read.
    fn stated(&self) -> Stated;
    /// The next feature; none at the end of the file.
    fn next(&mut self) -> Result<Option<Raw>, ReadError>;
    /// Remarks about the file; complete only after all features are read.
    fn notes(&self) -> Vec<Note> {
        Vec::new()
    }
    /// True for drawings, whose lines are read apart from the areas that they enclose.
    fn is_drawing(&self) -> bool {
        false
    }
    /// True for formats whose standard prescribes WGS 84 if the file names no system.
    fn defaults_to_wgs84(&self) -> bool {
        false
    }
}

/// A reader of features that are already in memory: small formats are read whole.
struct Whole {
    stated: Stated,
    features: std::vec::IntoIter<Feature>,
    tally: Tally,
    is_drawing: bool,
}

impl Whole {
    fn boxed(stated: Stated, features: Vec<Feature>, tally: Tally) -> Box<dyn Reader> {
        Box::new(Self { stated, features: features.into_iter(), tally, is_drawing: false })
    }

    fn drawing(features: Vec<Feature>, tally: Tally) -> Box<dyn Reader> {
        Box::new(Self { stated: Stated::Nothing, features: features.into_iter(), tally, is_drawing: true })
    }
}

impl Reader for Whole {
    fn stated(&self) -> Stated {
        self.stated.clone()
    }
    fn next(&mut self) -> Result<Option<Raw>, ReadError> {
        Ok(self.features.next().map(Raw::Ready))
    }
    fn notes(&self) -> Vec<Note> {
        self.tally.notes()
    }
    fn is_drawing(&self) -> bool {
        self.is_drawing
    }
}

/// Features in a batch that a reading thread hands over.
const AHEAD: usize = 128;

/// The reading thread's end: hands features over to the reader of the file.
struct Sink {
    to: SyncSender<Result<Vec<Raw>, ReadError>>,
    batch: Vec<Raw>,
    left: usize,
    most: usize,
}

impl Sink {
    /// Hands a feature over. Errors: the file has too many features, or nobody wants more.
    fn push(&mut self, feature: Feature) -> Result<(), Stop> {
        self.left = self.left.checked_sub(1).ok_or_else(|| Stop::Error(ReadError::too_many(self.most)))?;
        self.batch.push(Raw::Ready(feature));
        if self.batch.len() >= AHEAD { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Stop> {
        let batch = std::mem::take(&mut self.batch);
        self.to.send(Ok(batch)).map_err(|_| Stop::Gone)
    }
}

/// Why a reading thread ends early.
enum Stop {
    /// Nobody wants more: the reader of the file was dropped.
    Gone,
    Error(ReadError),
}

impl From<ReadError> for Stop {
    fn from(error: ReadError) -> Self {
        Self::Error(error)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Error(error.into())
    }
}

/// A reader whose file is read by its own thread: one core parses while others check.
struct Piped {
    stated: Stated,
    from: Receiver<Result<Vec<Raw>, ReadError>>,
    ready: std::vec::IntoIter<Raw>,
    notes: Vec<Note>,
    tally: Tally,
}

impl Piped {
    fn boxed(
        stated: Stated,
        notes: Vec<Note>,
        tally: Tally,
        limits: &Limits,
        read: impl FnOnce(&mut Sink) -> Result<(), Stop> + Send + 'static,
    ) -> Box<dyn Reader> {
        let (to, from) = sync_channel(8);
        let mut sink = Sink { to, batch: Vec::new(), left: limits.features, most: limits.features };
        std::thread::spawn(move || {
            // A library that panics on untrusted bytes has met damage in the file; the program goes on.
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| read(&mut sink).and_then(|()| sink.flush())));
            let error = match done {
                Ok(Ok(()) | Err(Stop::Gone)) => return,
                Ok(Err(Stop::Error(error))) => error,
                Err(_) => ReadError::damaged(sentence!("place-file"), sentence!("damage-contradiction").into()),
            };
            let _ = sink.to.send(Err(error));
        });
        Box::new(Self { stated, from, ready: Vec::new().into_iter(), notes, tally })
    }
}

impl Reader for Piped {
    fn stated(&self) -> Stated {
        self.stated.clone()
    }
    fn next(&mut self) -> Result<Option<Raw>, ReadError> {
        loop {
            if let Some(raw) = self.ready.next() {
                return Ok(Some(raw));
            }
            match self.from.recv() {
                Ok(batch) => self.ready = batch?.into_iter(),
                Err(_) => return Ok(None),
            }
        }
    }
    fn notes(&self) -> Vec<Note> {
        [self.notes.clone(), self.tally.notes()].concat()
    }
}

/// Kinds of file, by their first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    GeoJson,
    Zip,
    Sqlite,
    FlatGeobuf,
    Xml,
    Dxf,
    Shp,
    Text,
}

/// Recognises a format by the file's first bytes, never by its name.
fn sniff(head: &[u8]) -> Format {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let first = text.iter().find(|byte| !byte.is_ascii_whitespace());
    match head {
        [b'P', b'K', 3 | 5, 4 | 6, ..] => Format::Zip,
        [b'f', b'g', b'b', ..] => Format::FlatGeobuf,
        [0, 0, 0x27, 0x0a, ..] => Format::Shp,
        _ if head.starts_with(b"SQLite format 3\0") => Format::Sqlite,
        _ if matches!(first, Some(b'{' | b'[' | 0x1e)) => Format::GeoJson,
        _ if first == Some(&b'<') => Format::Xml,
        _ if dxf::looks_like(text) => Format::Dxf,
        _ => Format::Text,
    }
}

/// Converts an XML or JSON file in UTF-16, or XML that declares another encoding, to UTF-8; none for other files. Tables
/// recognise UTF-16 themselves.
fn in_utf8(source: &Source, head: &[u8], limits: &Limits) -> Result<Option<Source>, ReadError> {
    let (encoding, mark) = match head {
        [0xff, 0xfe, b'<' | b'{' | b'[', ..] => (encoding_rs::UTF_16LE, 2),
        [0xfe, 0xff, 0, b'<' | b'{' | b'[', ..] => (encoding_rs::UTF_16BE, 2),
        _ => match declared(head) {
            // A head that reads as ASCII is not UTF-16, whatever it says.
            Some(encoding) if ![encoding_rs::UTF_8, encoding_rs::UTF_16LE, encoding_rs::UTF_16BE].contains(&encoding) => (encoding, 0),
            _ => return Ok(None),
        },
    };
    let bytes = source.read(limits.bytes.min(256 << 20))?;
    let (text, damaged) = encoding.decode_without_bom_handling(bytes.get(mark..).unwrap_or_default());
    if damaged {
        return Err(ReadError::damaged(sentence!("place-file"), sentence!("damage-encoding", encoding = encoding.name()).into()));
    }
    // The XML declaration names an encoding that no longer applies.
    let text = text.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>")).map_or(&*text, |(_, rest)| rest).to_owned();
    Ok(Some(Source::memory(&source.name, text.into_bytes())))
}

/// Opens an XML or JSON file of an archive for reading as UTF-8.
fn open_text(source: Source, limits: &Limits) -> Result<Box<dyn crate::import::source::ReadSeek>, ReadError> {
    let converted = in_utf8(&source, &source.head(4096)?, limits)?;
    Ok(converted.unwrap_or(source).open()?)
}

/// The encoding that an XML declaration names; none without one, or where no such encoding is known.
fn declared(head: &[u8]) -> Option<&'static encoding_rs::Encoding> {
    let head = String::from_utf8_lossy(&head[..head.len().min(200)]);
    let (declaration, _) = head.strip_prefix("<?xml")?.split_once("?>")?;
    let (_, after) = declaration.split_once("encoding=")?;
    let name = after.trim_start_matches(['"', '\'']).split(['"', '\'']).next()?;
    encoding_rs::Encoding::for_label(name.as_bytes())
}

/// Refuses a side file of a Shapefile, and says which file to choose instead.
fn refuse_part(source: &Source, head: &[u8]) -> Result<(), ReadError> {
    let ending = source.name.rsplit('.').next().unwrap_or_default().to_lowercase();
    let is_index = ending == "shx" && head.starts_with(&[0, 0, 0x27, 0x0a]);
    // The file's name may be wrong.
    let is_other = head.starts_with(&[0, 0, 0x27, 0x0a]) || head.starts_with(b"PK");
    if !is_index && (is_other || !matches!(ending.as_str(), "dbf" | "prj" | "cpg" | "sbn" | "sbx")) {
        return Ok(());
    }
    Err(ReadError::new("part-of-a-shapefile", sentence!("part-of-a-shapefile", name = source.name)))
}

/// The names by which the layers of a file can be chosen: tables of a GeoPackage, files of an archive. None where the file
/// is one layer.
pub fn names(source: &Source, limits: &Limits) -> Result<Vec<String>, ReadError> {
    if source.bytes > limits.bytes {
        return Err(ReadError::too_large(limits.bytes));
    }
    match sniff(&source.head(4096)?) {
        Format::Sqlite => geopackage::names(source),
        Format::Zip => packed::names(source, limits),
        _ => Ok(Vec::new()),
    }
}

/// The name of the only file of an archive that can be read; none for other files.
pub fn inner(source: &Source, limits: &Limits) -> Option<String> {
    let is_archive = matches!(sniff(&source.head(4096).ok()?), Format::Zip);
    if is_archive { packed::only(source, limits) } else { None }
}

/// Opens a file, or the part of it that is wanted.
pub fn open(source: &Source, choice: &Choice) -> Result<Box<dyn Reader>, ReadError> {
    let reader = open_whole(source, choice)?;
    Ok(match &choice.part {
        Some(part) => part::Parted::boxed(reader, part.clone()),
        None => reader,
    })
}

fn open_whole(source: &Source, choice: &Choice) -> Result<Box<dyn Reader>, ReadError> {
    let limits = &choice.limits;
    if source.bytes == 0 {
        return Err(ReadError::new("empty", sentence!("empty-formats")));
    }
    if source.bytes > limits.bytes {
        return Err(ReadError::too_large(limits.bytes));
    }
    let head = source.head(4096)?;
    if let Some(text) = in_utf8(source, &head, limits)? {
        return open_whole(&text, choice);
    }
    refuse_part(source, &head)?;
    // A password-protected workbook is recognised by its directory, whose position depends on the file's size.
    foreign::refuse(&if head.starts_with(foreign::OLE) { source.head(8 << 20)? } else { head.clone() })?;
    let read = || match sniff(&head) {
        Format::GeoJson => geojson::open(source.open()?, limits),
        Format::Zip => packed::open(source, choice),
        Format::Sqlite => geopackage::open(source, choice),
        Format::FlatGeobuf => flatgeobuf::open(source.open()?, limits),
        Format::Xml => Ok(kml::open(source.open()?, limits, None)),
        Format::Dxf if choice.lines => dxf::open_lines(source.open()?, limits, choice.tables),
        Format::Dxf => dxf::open(source.open()?, limits, choice.tables),
        Format::Shp => shapefile::open_beside(source, limits),
        Format::Text => table::open_csv(source, limits),
    };
    // A panic in a reader is damage in the file, not the end of the program.
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(ReadError::damaged(sentence!("place-file"), sentence!("damage-contradiction").into())))
}

/// Adds a property. Of two under one name the first one with a text counts, and another that differs is said.
fn put(properties: &mut Map<String, Value>, name: String, text: &str, tally: &Tally) {
    match properties.get(&name).and_then(Value::as_str).filter(|first| !first.is_empty()) {
        Some(first) if first == text || text.is_empty() => {}
        Some(_) => tally.quote(Left::Twice(name), text),
        None => {
            properties.insert(name, Value::from(text));
        }
    }
}
