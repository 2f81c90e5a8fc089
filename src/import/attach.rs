//! What comes with a command: files become blobs, a person's contact goes to the vault.
//!
//! The domain sees references only. A command's JSON may carry
//! `facts.zones` / `facts.places`: `{"geojson": {…}}` or `{"file": "zones.geojson"}`, with `"crs"`;
//! `facts.documents[]`: `{"role", "title", "file"}` or `{"role", "title", "file_name", "base64"}`;
//! `facts.contact`: `{"name", "phone", "consent": {"purpose", "text_version", "evidence"}}`.

use std::sync::Arc;

use base64::Engine as _;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::crs::Crs;
use super::zones::{Imported, Options};
use super::{documents, points, zones};
use crate::domain::city::City;
use crate::domain::document::{Document, DocumentRole};
use crate::domain::fold::clean;
use crate::domain::plan::PlanKind;
use crate::domain::subject::Consent;
use crate::domain::{Digest, Refusal};
use crate::import::Report;

/// Gives the bytes of a file that a command names.
pub type Files<'a> = &'a (dyn Fn(&str) -> Result<Vec<u8>, String> + Sync);

/// No files: what comes over HTTP may not name any.
pub fn no_files(name: &str) -> Result<Vec<u8>, String> {
    Err(format!("a file cannot be named here: send its content (“{name}”)"))
}

/// Blobs a command brings along.
pub type Blobs = Vec<(Digest, Arc<[u8]>)>;

/// A person's name and number as they come in; they leave this struct for the vault only.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContactInput {
    /// Name.
    pub name: String,
    /// Number.
    pub phone: String,
    /// Their consent.
    pub consent: Consent,
}

/// What was taken out of a command.
#[derive(Default)]
pub struct Attached {
    /// Blobs to store before the events.
    pub blobs: Blobs,
    /// A contact to seal.
    pub contact: Option<ContactInput>,
    /// The report of an import.
    pub report: Option<Report>,
    /// Sets that are named by their digest and must be there already: field and digest.
    pub existing: Vec<(&'static str, Digest)>,
}

/// Why attachments cannot be used.
#[derive(Debug)]
pub enum AttachError {
    /// The command is wrong.
    Refused(Refusal),
    /// The file has errors; the report names them.
    Report(Box<Report>),
}

fn invalid(reason: &'static str, vi: String, en: String) -> AttachError {
    AttachError::Refused(Refusal::invalid(reason, vi, en))
}

/// Cleans every text of a command: NFC, no control or direction characters.
pub fn clean_texts(value: &mut Value) {
    match value {
        Value::String(text) => *text = clean(text),
        Value::Array(items) => items.iter_mut().for_each(clean_texts),
        Value::Object(object) => object.values_mut().for_each(clean_texts),
        _ => {}
    }
}

/// Takes files, sets and contacts out of a command's body and leaves references.
pub fn detach(body: &mut Value, city: &City, files: Files<'_>) -> Result<Attached, AttachError> {
    let mut attached = Attached::default();
    let Some(facts) = body.get_mut("facts").and_then(Value::as_object_mut) else {
        clean_texts(body);
        return Ok(attached);
    };
    for field in ["zones", "places"] {
        if let Some(input) = facts.remove(field).filter(|input| !input.is_null()) {
            let set = feature_set(field, &input, facts, city, files, &mut attached)?;
            facts.insert(field.into(), set);
        }
    }
    if let Some(Value::Array(list)) = facts.get_mut("documents") {
        for document in list {
            attach_document(document, files, &mut attached.blobs)?;
        }
    }
    if let Some(contact) = facts.get("contact").filter(|contact| contact.get("name").is_some()) {
        let input: ContactInput = serde_json::from_value(contact.clone()).map_err(|error| {
            invalid("contact", format!("Người liên hệ ghi chưa đúng: {error}"), format!("The contact is not complete: {error}"))
        })?;
        let input = ContactInput { name: clean(&input.name), phone: clean(&input.phone), ..input };
        if !crate::domain::map_point::is_phone(&input.phone) || input.name.is_empty() {
            return Err(invalid(
                "contact",
                "Người liên hệ phải có tên và số điện thoại.".into(),
                "A contact needs a name and a phone number.".into(),
            ));
        }
        attached.contact = Some(input);
        facts.remove("contact");
    }
    clean_texts(body);
    check_lengths(body)?;
    Ok(attached)
}

/// Titles have at most 300 characters, all other texts 10,000.
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
        return Err(invalid(
            "text-too-long",
            "Tên dài tối đa 300 ký tự, các nội dung khác tối đa 10.000 ký tự.".into(),
            "A title has at most 300 characters, any other text 10,000.".into(),
        ));
    }
    Ok(())
}

fn feature_set(
    field: &'static str,
    input: &Value,
    facts: &mut Map<String, Value>,
    city: &City,
    files: Files<'_>,
    attached: &mut Attached,
) -> Result<Value, AttachError> {
    if let Some(digest) = input.get("sha256").and_then(Value::as_str) {
        let digest = digest.parse().map_err(|_| invalid("sha256", "SHA-256 không đúng.".into(), "The SHA-256 is not one.".into()))?;
        attached.existing.push((field, digest));
        return Ok(input.clone());
    }
    let bytes = if let Some(name) = input.get("file").and_then(Value::as_str) {
        let bytes = files(name).map_err(|error| {
            invalid("file", format!("Không đọc được tệp {name}: {error}"), format!("The file {name} cannot be read: {error}"))
        })?;
        add_source(name, &bytes, facts, &mut attached.blobs);
        bytes
    } else if let Some(geojson) = input.get("geojson") {
        geojson.to_string().into_bytes()
    } else {
        return Err(invalid(
            "feature-set",
            format!("“{field}” phải có geojson, file hoặc sha256."),
            format!("“{field}” needs geojson, file or sha256."),
        ));
    };
    let options = options(input, facts, city)?;
    let imported = if field == "zones" { zones::import(&bytes, &options) } else { points::places(&bytes, &options) };
    let Imported { report, set, plane } = imported;
    let Some((bytes, set)) = set else { return Err(AttachError::Report(Box::new(report))) };
    if field == "zones" {
        facts.insert("crs".into(), json!(plane));
    }
    attached.blobs.push((set.sha256, bytes.into()));
    attached.report = Some(report);
    serde_json::to_value(set).map_err(|error| invalid("feature-set", error.to_string(), error.to_string()))
}

fn options(input: &Value, facts: &Map<String, Value>, city: &City) -> Result<Options, AttachError> {
    let text = |name: &str| input.get(name).and_then(Value::as_str);
    let crs = text("crs").map(Crs::code).transpose();
    let crs = crs.map_err(|error| invalid("crs-unknown", error.to_string(), "Name one of the known systems.".into()))?;
    let kind = facts.get("kind").and_then(|kind| serde_json::from_value::<PlanKind>(kind.clone()).ok());
    let signed = facts.get("decision").and_then(|decision| decision.get("signed")?.as_str()?.parse().ok());
    Ok(Options {
        crs,
        code_column: text("land_use_column").map(str::to_owned),
        name_column: text("name_column").map(str::to_owned),
        kind: kind.unwrap_or(PlanKind::LandUsePlan),
        signed: signed.unwrap_or(jiff::civil::Date::MAX),
        city: city.bbox,
        plane: city.default_crs,
    })
}

/// The file as received is kept with the revision, so that anyone can check the import.
fn add_source(name: &str, bytes: &[u8], facts: &mut Map<String, Value>, blobs: &mut Blobs) {
    let file_name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let document = document_of(DocumentRole::Source, "Tệp dữ liệu gốc", file_name, bytes);
    blobs.push((document.sha256, bytes.into()));
    if let Ok(value) = serde_json::to_value(document) {
        let list = facts.entry("documents").or_insert_with(|| json!([]));
        if let Some(list) = list.as_array_mut() {
            list.push(value);
        }
    }
}

fn document_of(role: DocumentRole, title: &str, file_name: &str, bytes: &[u8]) -> Document {
    let safe: String = clean(file_name).chars().map(|c| if c.is_alphanumeric() || ".-_ ()".contains(c) { c } else { '_' }).collect();
    Document {
        role,
        title: clean(title),
        file_name: safe,
        media_type: documents::media_type(bytes).into(),
        bytes: bytes.len() as u64,
        sha256: Digest::of(bytes),
    }
}

fn attach_document(document: &mut Value, files: Files<'_>, blobs: &mut Blobs) -> Result<(), AttachError> {
    if document.get("sha256").is_some() {
        // Its bytes must be stored already; what is said of them is computed from them.
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
        let bytes = bytes.ok().filter(|bytes| !bytes.is_empty()).ok_or_else(|| {
            invalid(
                "document",
                "Tài liệu phải có file hoặc nội dung base64.".into(),
                "A document needs a file or its content as base64.".into(),
            )
        })?;
        (bytes, text("file_name"))
    } else {
        let bytes = files(&file).map_err(|error| {
            invalid("file", format!("Không đọc được tệp {file}: {error}"), format!("The file {file} cannot be read: {error}"))
        })?;
        let name = file.rsplit(['/', '\\']).next().unwrap_or(&file).to_owned();
        (bytes, name)
    };
    let role = serde_json::from_value(document.get("role").cloned().unwrap_or(Value::Null)).unwrap_or(DocumentRole::Other);
    let title = if title.is_empty() { file_name.clone() } else { title };
    let attached = document_of(role, &title, &file_name, &bytes);
    blobs.push((attached.sha256, bytes.into()));
    *document = serde_json::to_value(attached).map_err(|error| invalid("document", error.to_string(), error.to_string()))?;
    Ok(())
}
