//! Separates what comes with a command: files become blobs, and a person's contact goes to the vault.
//!
//! The domain sees only references. A command's JSON may carry:
//! * feature sets such as `facts.zones`: `{"geojson": {…}}` or `{"file": "zones.geojson"}`, with `"crs"`;
//! * `facts.documents[]`: `{"role", "title", "file"}` or `{"role", "title", "file_name", "base64"}`;
//! * what a person shares (`shared`).

use std::collections::VecDeque;
use std::io::Read;

use base64::Engine as _;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::apart::Reading;
use super::documents;
use super::shared;
use super::source::Source;
use super::zones::{Imported, Options};
use crate::domain::city::{City, Columns};
use crate::domain::document::{Document, DocumentRole};
use crate::domain::families;
use crate::domain::feature_set::{FeatureSet, Takes};
use crate::domain::plan::PlanKind;
use crate::domain::subject::{Consent, Shared};
use crate::domain::{Digest, Refusal};
use crate::features::canonical::CanonicalSet;
use crate::geometry::crs::Crs;
use crate::import::Report;
use crate::words::fold::clean;
use crate::words::fold::typed;
use crate::words::sentence::Sentence;

/// Gives the file that a command names. Errors: a sentence that says why it cannot be read.
pub type Files<'a> = &'a (dyn Fn(&str) -> Result<Source, String> + Sync);

/// Refuses every file name: a command that comes over HTTP may not name files on the server.
pub fn no_files(name: &str) -> Result<Source, String> {
    Err(format!("a file cannot be named here: send its content (“{name}”)"))
}

/// Largest file that may be attached as a document, bytes.
const DOCUMENT_BYTES: u64 = 512 << 20;

/// A blob that comes with a command.
#[derive(Debug, Clone)]
pub struct NewBlob {
    /// Digest of its bytes, which is the blob's name.
    pub sha256: Digest,
    /// Its bytes, in memory or as a file.
    pub content: Content,
    /// What an event says about the set; only for feature sets that this program made.
    pub set: Option<FeatureSet>,
}

/// Where a blob's bytes are.
#[derive(Debug, Clone)]
pub enum Content {
    /// In memory, in pieces.
    Chunks(Vec<Bytes>),
    /// In a file. When the file is stored, its bytes are checked against the digest.
    File(Source),
}

impl Content {
    /// All bytes in one piece; reads a file into memory.
    pub fn bytes(&self) -> std::io::Result<Bytes> {
        match self {
            Self::Chunks(chunks) if chunks.len() == 1 => Ok(chunks[0].clone()),
            Self::Chunks(chunks) => Ok(chunks.concat().into()),
            Self::File(source) => source.read(DOCUMENT_BYTES),
        }
    }
}

impl Content {
    /// The size in bytes, and the bytes as a stream.
    fn open(self) -> std::io::Result<(u64, Box<dyn Read + Send>)> {
        Ok(match self {
            Self::Chunks(chunks) => (chunks.iter().map(|chunk| chunk.len() as u64).sum(), Box::new(Chain(chunks.into()))),
            Self::File(source) => (source.bytes, Box::new(source.open()?)),
        })
    }
}

/// Reads pieces one after the other, and frees each when it has been read.
struct Chain(VecDeque<Bytes>);

impl Read for Chain {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.0.front().is_some_and(Bytes::is_empty) {
            self.0.pop_front();
        }
        let Some(front) = self.0.front_mut() else { return Ok(0) };
        let count = front.len().min(buffer.len());
        buffer[..count].copy_from_slice(&front.split_to(count));
        Ok(count)
    }
}

impl PartialEq for NewBlob {
    fn eq(&self, other: &Self) -> bool {
        self.sha256 == other.sha256
    }
}

impl NewBlob {
    /// A blob in memory.
    pub fn memory(sha256: Digest, bytes: impl Into<Bytes>) -> Self {
        Self { sha256, content: Content::Chunks(vec![bytes.into()]), set: None }
    }
}

impl NewBlob {
    /// The blob's size in bytes and its media type.
    pub fn about(&self) -> std::io::Result<(u64, &'static str)> {
        Ok(match &self.content {
            Content::Chunks(chunks) => {
                let first = chunks.first().map_or(&[][..], |chunk| chunk);
                (chunks.iter().map(|chunk| chunk.len() as u64).sum(), documents::media_type(first))
            }
            Content::File(source) => (source.bytes, documents::media_type(&source.head(4096)?)),
        })
    }

    /// Opens the blob, to be read into the store.
    pub fn open(self) -> std::io::Result<Opened> {
        let hashed = self.set.is_some() && matches!(self.content, Content::Chunks(_));
        let (bytes, from) = self.content.open()?;
        Ok(Opened { bytes, from, hashed })
    }
}

/// A blob that is being read.
pub struct Opened {
    /// Size in bytes.
    pub bytes: u64,
    /// The bytes as a stream.
    pub from: Box<dyn Read + Send>,
    /// True if the digest was computed from these bytes in memory, so that they need not be hashed again.
    pub hashed: bool,
}

impl From<CanonicalSet> for NewBlob {
    fn from(set: CanonicalSet) -> Self {
        Self { sha256: set.set.sha256, content: Content::Chunks(set.chunks), set: Some(set.set) }
    }
}

/// All blobs that come with a command.
pub type Blobs = Vec<NewBlob>;

/// What was taken out of a command's body.
#[derive(Default)]
pub struct Attached {
    /// Blobs to store before the events.
    pub blobs: Blobs,
    /// What a person shares, to be sealed, and their consent.
    pub shared: Option<(Shared, Consent)>,
    /// The report of an import.
    pub report: Option<Report>,
    /// Sets that the command names by digest, which must be stored already: field name and digest.
    pub existing: Vec<(&'static str, Digest)>,
}

/// Why attachments cannot be used.
#[derive(Debug)]
pub enum AttachError {
    /// The command is wrong.
    Refused(Refusal),
    /// The file has errors; the report names them.
    Report(Box<Report>),
    /// The machine could not read the file now; nothing is wrong with the file.
    Unavailable(std::io::Error),
}

fn invalid(reason: &'static str, said: Sentence) -> AttachError {
    AttachError::Refused(Refusal::invalid(reason, said))
}

/// Cleans every text of a command: normalises to NFC, removes control and direction characters, and replaces
/// look-alikes of Đ.
pub fn clean_texts(value: &mut Value) {
    match value {
        Value::String(text) => *text = typed(text),
        Value::Array(items) => items.iter_mut().for_each(clean_texts),
        Value::Object(object) => object.values_mut().for_each(clean_texts),
        _ => {}
    }
}

/// Takes files, sets and contacts out of a command's body, and leaves references in their place.
pub fn detach(body: &mut Value, city: &City, files: Files<'_>, reading: &Reading) -> Result<Attached, AttachError> {
    let mut attached = Attached { shared: shared::detach(body).map_err(AttachError::Refused)?, ..Attached::default() };
    let Some(facts) = body.get_mut("facts").and_then(Value::as_object_mut) else {
        clean_texts(body);
        check_lengths(body)?;
        return Ok(attached);
    };
    for field in families::fields() {
        if let Some(input) = facts.remove(field).filter(|input| !input.is_null()) {
            let set = feature_set(field, &input, facts, city, files, reading, &mut attached)?;
            facts.insert(field.into(), set);
        }
    }
    if let Some(Value::Array(list)) = facts.get_mut("documents") {
        for document in list {
            attach_document(document, files, reading, &mut attached.blobs)?;
        }
    }
    clean_texts(body);
    check_lengths(body)?;
    Ok(attached)
}

/// Checks the length of texts: titles may have at most 300 characters, other texts 10,000.
fn check_lengths(body: &Value) -> Result<(), AttachError> {
    fn longest(value: &Value) -> usize {
        match value {
            Value::String(text) => text.chars().count(),
            Value::Array(items) => items.iter().map(longest).max().unwrap_or(0),
            Value::Object(object) => object.values().map(longest).max().unwrap_or(0),
            _ => 0,
        }
    }
    let title = body.pointer("/facts/title").map_or(0, longest);
    if title > 300 || longest(body) > 10_000 {
        return Err(invalid("text-too-long", sentence!("text-too-long")));
    }
    Ok(())
}

fn feature_set(
    field: &'static str,
    input: &Value,
    facts: &mut Map<String, Value>,
    city: &City,
    files: Files<'_>,
    reading: &Reading,
    attached: &mut Attached,
) -> Result<Value, AttachError> {
    if let Some(digest) = input.get("sha256").and_then(Value::as_str) {
        let digest = digest.parse().map_err(|_| invalid("sha256", sentence!("sha256")))?;
        attached.existing.push((field, digest));
        return Ok(input.clone());
    }
    let source = if let Some(name) = input.get("file").and_then(Value::as_str) {
        let source = files(name).map_err(|error| unreadable(name, &error))?;
        let (document, brought) = source_document(&source, None).map_err(|error| unreadable(name, &error.to_string()))?;
        add_document(&document, facts);
        attached.blobs.push(brought);
        source
    } else if let Some(geojson) = input.get("geojson") {
        Source::memory("geojson", geojson.to_string())
    } else {
        return Err(invalid("feature-set", sentence!("feature-set", field)));
    };
    let options = options(input, facts, city)?;
    let takes = families::takes(field).unwrap_or(Takes::Zones);
    let imported = reading.import(takes, &source, &options).map_err(AttachError::Unavailable)?;
    let Imported { report, set, plane, further, .. } = imported;
    let Some(set) = set else { return Err(AttachError::Report(Box::new(report))) };
    if takes == Takes::Zones {
        facts.insert("crs".into(), json!(plane));
    }
    for (field, set) in further {
        // What the command itself says of lines and points counts.
        if facts.get(&field).is_none_or(Value::is_null) {
            let said = serde_json::to_value(&set.set);
            attached.blobs.push(set.into());
            facts.insert(field, said.map_err(|error| invalid("feature-set", sentence!("as-is", what = error.to_string())))?);
        }
    }
    let said = serde_json::to_value(&set.set);
    attached.blobs.push(set.into());
    attached.report = Some(report);
    said.map_err(|error| invalid("feature-set", sentence!("as-is", what = error.to_string())))
}

fn options(input: &Value, facts: &Map<String, Value>, city: &City) -> Result<Options, AttachError> {
    let text = |name: &str| input.get(name).and_then(Value::as_str);
    let crs = text("crs").map(Crs::code).transpose();
    let crs = crs.map_err(|error| invalid("crs-unknown", error.said()))?;
    let kind = facts.get("kind").and_then(|kind| serde_json::from_value::<PlanKind>(kind.clone()).ok());
    let signed = facts.get("decision").and_then(|decision| decision.get("signed")?.as_str()?.parse().ok());
    let columns = Columns {
        land_use: text("land_use_column").map(str::to_owned),
        name: text("name_column").map(str::to_owned),
        note: text("note_column").map(str::to_owned),
    };
    let mut options = Options { crs, columns, ..Options::new(city.bbox, city.default_crs) };
    options.kind = kind.unwrap_or(options.kind);
    options.signed = signed.unwrap_or(options.signed);
    let several = input.get("layer").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    text("layer").into_iter().chain(several).for_each(|choice| options.layers.take(choice));
    options.choice.layer = options.layers.only_area();
    let shares = input.get("shares").map(|shares| serde_json::from_value(shares.clone())).transpose();
    options.shares = shares.map_err(|_| invalid("shares", sentence!("shares")))?;
    if let Some(of_lots) = input.get("lot_columns").and_then(Value::as_object) {
        options.lot_columns = of_lots.iter().filter_map(|(key, column)| Some((key.clone(), column.as_str()?.to_owned()))).collect();
    }
    if let Some(left_out) = input.get("leave_out") {
        let numbers = serde_json::from_value::<std::collections::BTreeSet<usize>>(left_out.clone());
        options.leave_out = numbers.map_err(|_| invalid("leave-out", sentence!("leave-out-numbers", text = left_out.to_string())))?;
    }
    Ok(options)
}

fn unreadable(name: &str, error: &str) -> AttachError {
    invalid("file", sentence!("file-attach", name, error))
}

/// Makes a document of the file as received. It is kept with the revision, so that anyone can check the import.
pub fn source_document(source: &Source, known: Option<Digest>) -> std::io::Result<(Document, NewBlob)> {
    let sha256 = known.map_or_else(|| source.digest(), Ok)?;
    let about = documents::About { media_type: documents::media_type(&source.head(4096)?), pages: None, title: None };
    let document = document_of(DocumentRole::Source, "Tệp dữ liệu gốc", &source.name, source.bytes, sha256, &about);
    Ok((document, NewBlob { sha256, content: Content::File(source.clone()), set: None }))
}

/// Adds a document to the facts.
pub fn add_document(document: &Document, facts: &mut Map<String, Value>) {
    if let Ok(value) = serde_json::to_value(document)
        && let Some(list) = facts.entry("documents").or_insert_with(|| json!([])).as_array_mut()
    {
        list.push(value);
    }
}

fn document_of(role: DocumentRole, title: &str, file_name: &str, bytes: u64, sha256: Digest, about: &documents::About) -> Document {
    let safe: String = clean(file_name).chars().map(|c| if c.is_alphanumeric() || ".-_ ()".contains(c) { c } else { '_' }).collect();
    Document { role, title: typed(title), file_name: safe, media_type: about.media_type.into(), bytes, sha256, pages: about.pages }
}

fn attach_document(document: &mut Value, files: Files<'_>, reading: &Reading, blobs: &mut Blobs) -> Result<(), AttachError> {
    if document.get("sha256").is_some() {
        // A document named by digest must be stored already; its size and type are computed from the stored
        // bytes later.
        if let Some(object) = document.as_object_mut() {
            object.insert("media_type".into(), json!("application/octet-stream"));
            object.insert("bytes".into(), json!(0));
            for name in ["title", "file_name"] {
                object.entry(name).or_insert(json!("tài liệu"));
            }
        }
        return Ok(());
    }
    let text = |name: &str| document.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (file, base64, title) = (text("file"), text("base64"), text("title"));
    let (bytes, file_name) = if file.is_empty() {
        let bytes = base64::engine::general_purpose::STANDARD.decode(&base64);
        let bytes = bytes.ok().filter(|bytes| !bytes.is_empty()).ok_or_else(|| invalid("document", sentence!("document")))?;
        (Bytes::from(bytes), text("file_name"))
    } else {
        let source = files(&file).map_err(|error| unreadable(&file, &error))?;
        let bytes = source.read(DOCUMENT_BYTES).map_err(|error| unreadable(&file, &error.to_string()))?;
        (bytes, source.name)
    };
    let role = serde_json::from_value(document.get("role").cloned().unwrap_or(Value::Null)).unwrap_or(DocumentRole::Other);
    let about = reading.about(&bytes);
    let title = if title.is_empty() { about.title.clone().unwrap_or_else(|| file_name.clone()) } else { title };
    let sha256 = Digest::of(&bytes);
    let attached = document_of(role, &title, &file_name, bytes.len() as u64, sha256, &about);
    blobs.push(NewBlob::memory(sha256, bytes));
    *document = serde_json::to_value(attached).map_err(|error| invalid("document", sentence!("as-is", what = error.to_string())))?;
    Ok(())
}
