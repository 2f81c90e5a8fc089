//! Files by their digest: documents of an item, canonical geometry.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::parse;
use crate::domain::document::Document;
use crate::domain::publication::view::Moment;
use crate::domain::{Code, Digest};
use crate::http::errors::HttpError;
use crate::http::{Site, ranges, respond};

/// `/q/{code}/documents/{sha256}`: a file that this item publishes, and no other. A browser never runs it.
pub async fn document(
    State(site): State<Arc<Site>>,
    Path((code, digest)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    let code = parse(&code)?;
    let digest: Digest = digest.parse().map_err(|_| HttpError::NotFound)?;
    let document = find_document(&site, code, digest)?;
    send_document(&site, &document, "public, max-age=60, must-revalidate", &headers).await
}

/// Sends a file; `cache` is its Cache-Control.
pub(in crate::http) async fn send_document(
    site: &Site,
    document: &Document,
    cache: &'static str,
    headers: &HeaderMap,
) -> Result<Response, HttpError> {
    let digest = document.sha256;
    let media = HeaderValue::try_from(&document.media_type).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let name = disposition(&document.file_name);
    download(site, digest, media, name, cache, headers).await
}

fn find_document(site: &Site, code: Code, digest: Digest) -> Result<Document, HttpError> {
    let moment: Moment = site.moment();
    let image = site.model.image();
    let view = image.view(&code, None, &moment).ok_or(HttpError::UnknownCode)?;
    let revisions = view.history.iter().filter_map(|entry| image.view(&code, Some(entry.number), &moment));
    let found = revisions.flat_map(|view| view.documents).find(|document| document.sha256 == digest);
    found.ok_or(HttpError::NotFound)
}

/// Characters that stand unencoded in a file name (RFC 8187 §3.2.1).
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_');

/// `Content-Disposition: attachment` with both forms of the name (RFC 6266).
fn disposition(name: &str) -> HeaderValue {
    let plain: String =
        crate::words::fold::fold(name).chars().map(|c| if c.is_ascii_alphanumeric() || ".-_".contains(c) { c } else { '_' }).collect();
    let encoded = utf8_percent_encode(name, PLAIN);
    let text = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}");
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("attachment"))
}

async fn download(
    site: &Site,
    digest: Digest,
    media: HeaderValue,
    disposition: HeaderValue,
    cache: &'static str,
    request: &HeaderMap,
) -> Result<Response, HttpError> {
    let etag = HeaderValue::try_from(format!("\"{digest}\"")).map_err(|error| HttpError::Internal(error.to_string()))?;
    let mut headers = HeaderMap::new();
    headers.insert(header::ETAG, etag.clone());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::CONTENT_TYPE, media);
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    headers.extend([ranges::IN_PARTS]);
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    let mut response = if respond::is_known(request, &etag) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        let bytes = site.model.blobs.get(digest).await?;
        Response::new(Body::from(bytes::Bytes::from_owner(bytes)))
    };
    *response.headers_mut() = headers;
    Ok(response)
}

/// Hands over a file that is not published, as bytes that no browser runs.
pub(in crate::http) fn hand_over(name: &str, bytes: bytes::Bytes) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_DISPOSITION, disposition(name));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    respond::with(StatusCode::OK, "application/octet-stream", headers, bytes)
}

/// `/blobs/{sha256}`: canonical geometry by its digest; immutable. Only geometry of public revisions is served.
pub async fn blob(State(site): State<Arc<Site>>, Path(digest): Path<String>, headers: HeaderMap) -> Result<Response, HttpError> {
    let digest: Digest = digest.parse().map_err(|_| HttpError::NotFound)?;
    if !site.model.image().publishes(digest) {
        return Err(HttpError::NotFound);
    }
    let name = disposition(&format!("{digest}.geojson"));
    let media = HeaderValue::from_static("application/geo+json");
    download(&site, digest, media, name, "public, max-age=31536000, immutable", &headers).await
}
