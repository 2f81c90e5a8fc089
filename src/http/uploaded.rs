//! Forms with files (multipart/form-data). Files are written to disk as they arrive.

use std::io::Write;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request as HttpRequest};
use axum::http::StatusCode;
use tempfile::NamedTempFile;

use super::errors::HttpError;
use crate::import::source::Source;

/// A client that sends nothing for this long is disconnected.
pub(super) const IDLE: Duration = Duration::from_secs(20);
/// Most time for a whole upload.
const UPLOAD: Duration = Duration::from_mins(15);
/// Longest field besides the files, bytes.
const FIELD_BYTES: usize = 10_000;

/// The content of a form: its fields and its files, each with its name.
#[derive(Debug, Default)]
pub struct Form {
    fields: Vec<(String, String)>,
    files: Vec<(String, Source)>,
}

impl Form {
    /// A field, trimmed; none if it is empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All values of a field that comes several times, trimmed; not the empty ones.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(move |(known, _)| known == name).map(|(_, text)| text.trim()).filter(|text| !text.is_empty())
    }

    /// A file.
    pub fn file(&self, name: &str) -> Option<&Source> {
        self.files.iter().find(|(known, _)| known == name).map(|(_, source)| source)
    }

    /// All fields, as they came.
    pub fn fields(&self) -> &[(String, String)] {
        &self.fields
    }

    /// All files, each with its field's name.
    pub fn files(&self) -> &[(String, Source)] {
        &self.files
    }

    /// A field as what it must be. Errors: it is something else.
    pub fn parsed<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, HttpError>
    where
        T::Err: std::fmt::Display,
    {
        let parse = |text: &str| text.parse().map_err(|error| HttpError::BadRequest(format!("the field “{name}” is wrong: {error}")));
        self.get(name).map(parse).transpose()
    }
}

/// Receives a form of at most `limit` bytes. Its parts may come in any order. Errors: it is no such form, too large or too
/// slow, or has two files under one name.
pub async fn receive(request: HttpRequest, limit: u64) -> Result<Form, HttpError> {
    let mut request = request.map(|body| Body::new(http_body_util::Limited::new(body, usize::try_from(limit).unwrap_or(usize::MAX))));
    // Else axum takes no more than 2 MB.
    DefaultBodyLimit::disable().apply(&mut request);
    let multipart = Multipart::from_request(request, &()).await;
    let multipart = multipart.map_err(|error| HttpError::BadRequest(format!("send the file as multipart/form-data: {error}")))?;
    tokio::time::timeout(UPLOAD, parts(multipart, limit)).await.map_err(|_| HttpError::TooSlow)?
}

async fn parts(mut multipart: Multipart, limit: u64) -> Result<Form, HttpError> {
    let bad = |error: &dyn std::fmt::Display| HttpError::BadRequest(format!("the form cannot be read: {error}"));
    let mut form = Form::default();
    loop {
        let next = tokio::time::timeout(IDLE, multipart.next_field()).await.map_err(|_| HttpError::TooSlow)?;
        let Some(mut field) = next.map_err(|error| too_large(&error, limit).unwrap_or_else(|| bad(&error)))? else { return Ok(form) };
        let name = field.name().unwrap_or_default().to_owned();
        let file_name = field.file_name().map(str::to_owned);
        // A field for a file that nobody chose comes with an empty name.
        let is_file = name == "file" || file_name.is_some();
        let mut spool = if is_file { Some(NamedTempFile::new().map_err(|error| HttpError::spooling(&error))?) } else { None };
        let mut text = Vec::new();
        loop {
            let chunk = tokio::time::timeout(IDLE, field.chunk()).await.map_err(|_| HttpError::TooSlow)?;
            let Some(chunk) = chunk.map_err(|error| too_large(&error, limit).unwrap_or_else(|| bad(&error)))? else { break };
            if let Some(spool) = &mut spool {
                spool.write_all(&chunk).map_err(|error| HttpError::spooling(&error))?;
            } else {
                text.extend_from_slice(&chunk);
                if text.len() > FIELD_BYTES {
                    return Err(HttpError::BadRequest(format!("the field “{name}” is too long")));
                }
            }
        }
        if let Some(spool) = spool {
            if file_name.as_deref() == Some("") {
                continue;
            }
            if form.file(&name).is_some() {
                return Err(HttpError::BadRequest("the form has two files; zip what belongs together".into()));
            }
            let source = Source::spooled(file_name.as_deref().unwrap_or("file"), spool);
            form.files.push((name, source.map_err(|error| HttpError::Internal(error.to_string()))?));
        } else {
            let text = String::from_utf8(text).map_err(|_| HttpError::BadRequest(format!("the field “{name}” is not UTF-8")))?;
            form.fields.push((name, text));
        }
    }
}

fn too_large(error: &axum::extract::multipart::MultipartError, limit: u64) -> Option<HttpError> {
    (error.status() == StatusCode::PAYLOAD_TOO_LARGE || error.body_text().contains("length limit"))
        .then(|| HttpError::TooLarge(usize::try_from(limit).unwrap_or(usize::MAX)))
}
