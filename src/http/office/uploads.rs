//! Large files in pieces: a script in the browser sends them one after the other, and goes on after a broken line.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use http_body_util::{BodyExt, Limited};
use serde_json::json;

use super::Desk;
use crate::app::kept::Upload;
use crate::event_store::CHUNK_BYTES;
use crate::http::errors::HttpError;
use crate::http::reading::Asking;
use crate::http::{Site, respond};

/// The header with the token of the person's pages: a piece is no form.
const TOKEN: &str = "bangtin-token";

fn answer(headers: &HeaderMap, status: StatusCode, id: &str, upload: &Upload) -> Response {
    let body = json!({ "id": id, "name": upload.name, "bytes": upload.bytes, "piece_bytes": CHUNK_BYTES, "missing": upload.missing });
    respond::unkept(headers, status, "application/json", HeaderMap::new(), body.to_string())
}

/// `POST /office/uploads`: begins a file of that name and size.
pub async fn begin(State(site): State<Arc<Site>>, desk: Desk, asking: Asking, body: Body) -> Result<Response, HttpError> {
    desk.check_planner()?;
    let fields = desk.fields(&asking.headers, body).await?;
    let wrong = || HttpError::BadRequest("the form needs “name” and “bytes”".into());
    let name = fields.get("name").ok_or_else(wrong)?;
    let bytes: u64 = fields.get("bytes").and_then(|text| text.parse().ok()).filter(|bytes| *bytes > 0).ok_or_else(wrong)?;
    if bytes > site.limits.import_bytes {
        return Err(HttpError::TooLarge(usize::try_from(site.limits.import_bytes).unwrap_or(usize::MAX)));
    }
    let id = site.app.begin_upload(desk.actor.name(), name, bytes).await?;
    let upload = site.app.upload(desk.actor.name(), &id).await?.ok_or(HttpError::NotFound)?;
    Ok(answer(&asking.headers, StatusCode::CREATED, &id, &upload))
}

/// `GET /office/uploads/{id}`: which pieces are missing.
pub async fn state(State(site): State<Arc<Site>>, Path(id): Path<String>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    desk.check_planner()?;
    let upload = site.app.upload(desk.actor.name(), &id).await?.ok_or(HttpError::NotFound)?;
    Ok(answer(&asking.headers, StatusCode::OK, &id, &upload))
}

/// `POST /office/uploads/{id}/{number}`: a piece. Sending it again changes nothing.
pub async fn piece(
    State(site): State<Arc<Site>>,
    Path((id, number)): Path<(String, i64)>,
    desk: Desk,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, HttpError> {
    desk.check_planner()?;
    desk.is_own(headers.get(TOKEN).and_then(|token| token.to_str().ok()))?;
    let _place = site.write_places.acquire().await.map_err(|error| HttpError::Internal(error.to_string()))?;
    let collected = tokio::time::timeout(super::super::uploaded::IDLE, Limited::new(body, CHUNK_BYTES).collect()).await;
    let data = match collected {
        Err(_) => return Err(HttpError::TooSlow),
        Ok(Err(error)) => return Err(HttpError::BadRequest(error.to_string())),
        Ok(Ok(collected)) => collected.to_bytes(),
    };
    if !site.app.put_piece(desk.actor.name(), &id, number, data).await? {
        return Err(HttpError::NotFound);
    }
    Ok(respond::unkept(&headers, StatusCode::NO_CONTENT, "application/json", HeaderMap::new(), String::new()))
}
