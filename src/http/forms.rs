//! Reads what a page's form sends.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::errors::HttpError;
use super::reading::{language, percent_decode};
use crate::words::copied::{bare_value, mended_query};
use crate::words::text::Lang;

/// Time for a form's body to arrive.
const PATIENCE: Duration = Duration::from_secs(20);

/// A form's body, decoded to text.
pub struct Sent {
    /// Its media type in lower case, without parameters.
    pub media: String,
    /// The body.
    pub text: String,
}

impl Sent {
    /// The fields of a form as browsers send it. Errors: it is something else, which no page of this site sends.
    pub fn form(self) -> Result<Fields, HttpError> {
        if self.media == "application/x-www-form-urlencoded" {
            return Ok(Fields::parse(&self.text));
        }
        Err(HttpError::Parameter(sentence!("form-type")))
    }
}

/// Reads a body of at most `limit` bytes. Bytes that are not UTF-8 become the replacement character.
/// Errors: the body is too large or too slow.
pub async fn read(headers: &HeaderMap, body: Body, limit: usize) -> Result<Sent, HttpError> {
    let collected = tokio::time::timeout(PATIENCE, Limited::new(body, limit).collect()).await;
    let bytes = match collected {
        Err(_) => return Err(HttpError::TooSlow),
        Ok(Ok(collected)) => collected.to_bytes(),
        Ok(Err(error)) if error.downcast_ref::<LengthLimitError>().is_some() => return Err(HttpError::TooLarge(limit)),
        Ok(Err(error)) => return Err(HttpError::BadRequest(error.to_string())),
    };
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    Ok(Sent { media, text: String::from_utf8_lossy(&bytes).into_owned() })
}

/// The fields of a form or of a query.
#[derive(Debug, Clone, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Parses `a=1&b=2`.
    pub fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        Self(pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(k, v)| (percent_decode(k), percent_decode(v))).collect())
    }

    /// The fields of an address and of a body. A field of the body comes first.
    pub fn of(query: Option<&str>, body: &str) -> Self {
        let mut fields = Self::parse(body);
        fields.0.extend(Self::parse(&mended_query(query.unwrap_or_default())).0);
        fields
    }

    /// The fields of a form with files.
    pub fn from(fields: &[(String, String)]) -> Self {
        Self(fields.to_vec())
    }

    /// Adds a field.
    pub fn with(mut self, name: &str, value: String) -> Self {
        self.0.push((name.to_owned(), value));
        self
    }

    /// Puts a value in the place of a field's present ones.
    pub fn put(mut self, name: &str, value: String) -> Self {
        self.0.retain(|(known, _)| known != name);
        self.with(name, value)
    }

    /// A field of an address, without text that was appended to it; `None` if it is empty.
    pub fn asked(&self, name: &str) -> Option<&str> {
        self.get(name).map(bare_value).filter(|value| !value.is_empty())
    }

    /// The language of the page that the form was sent from, which it carries along.
    pub fn lang(&self, headers: &HeaderMap) -> Lang {
        language(self.get("lang"), headers)
    }

    /// The names of all fields, as often as they come.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// All values of a field that comes several times, trimmed.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.trim())
    }

    /// A field as it was typed: blanks at the ends of a passphrase belong to it.
    pub fn untrimmed(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A field that was filled in, trimmed.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, value)| known == name && !value.trim().is_empty()).map(|(_, value)| value.trim())
    }
}
