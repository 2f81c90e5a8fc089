//! Writing over HTTP: takes a command, and answers with the events and the new position.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Value, json};

use super::errors::HttpError;
use super::{SEEN, Site, auth, items, respond};
use crate::app::{Outcome, Request};
use crate::domain::access::Actor;
use crate::domain::{Code, Refusal, families};
use crate::import::attach::no_files;

/// `POST /collections/{c}/items`: publishes or drafts a new item.
pub async fn create(
    State(site): State<Arc<Site>>,
    Path(collection): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, HttpError> {
    write(&site, &collection, None, &headers, body).await
}

/// `POST /collections/{c}/items/{id}/commands`: carries out any command for an item.
pub async fn command(
    State(site): State<Arc<Site>>,
    Path((collection, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, HttpError> {
    match id.parse::<Code>() {
        Ok(code) => write(&site, &collection, Some(code), &headers, body).await,
        Err(error) => Err(HttpError::WrongCode(error)),
    }
}

pub(super) async fn read_body(site: &Site, body: Body) -> Result<Vec<u8>, HttpError> {
    let limit = site.limits.body_bytes;
    let collected = tokio::time::timeout(site.limits.body_patience, Limited::new(body, limit).collect());
    match collected.await {
        Err(_) => Err(HttpError::TooSlow),
        Ok(Ok(collected)) => Ok(collected.to_bytes().to_vec()),
        Ok(Err(error)) if error.downcast_ref::<LengthLimitError>().is_some() => Err(HttpError::TooLarge(limit)),
        Ok(Err(error)) => Err(HttpError::BadRequest(error.to_string())),
    }
}

async fn write(site: &Arc<Site>, collection: &str, code: Option<Code>, headers: &HeaderMap, body: Body) -> Result<Response, HttpError> {
    let of_collection = families::collections().into_iter().find(|(name, _, _)| *name == collection);
    let (_, family, kind) = of_collection.ok_or_else(|| {
        // Single features are published with their item. So their list exists but takes no POST, and a
        // single feature has no commands.
        let is_list = code.is_none() && crate::read_model::layers::collection(collection).is_some();
        if is_list { HttpError::MethodNotAllowed } else { HttpError::NotFound }
    })?;
    // The token is checked before the body is read, so that a stranger cannot make us read a large body.
    let actor = auth::actor(site, headers).await?;
    let _place = site.write_places.acquire().await.map_err(|error| HttpError::Internal(error.to_string()))?;
    let bytes = read_body(site, body).await?;
    let value: Value = tokio::task::block_in_place(|| serde_json::from_slice(&bytes)).map_err(|error| {
        HttpError::BadRequest(format!("the body is not JSON: line {}, column {}: {error}", error.line(), error.column()))
    })?;
    drop(bytes);
    let mut request = Request::parse(value).map_err(HttpError::Refused)?;
    let fits = request.kind.split('.').next() == Some(family)
        && (kind.is_empty() || request.body.pointer("/facts/kind").is_none_or(|given| given == kind));
    if !fits {
        return Err(HttpError::Refused(Refusal::invalid("another-collection", sentence!("another-collection", collection))));
    }
    if let Some(code) = code {
        if request.code.is_some_and(|given| given != code) {
            return Err(HttpError::BadRequest("the command names another code than the address".into()));
        }
        request.code = Some(code);
        let held = site.model.image().entry(&code).map(|entry| entry.item.collection());
        if held.is_some_and(|held| held != Some(collection) && held.is_some()) {
            return Err(HttpError::NotFound);
        }
        if !site.app.was_carried_out(&actor, &request.id).await? {
            expect(site, code, headers, &mut request).await?;
        }
    }
    carry_out(site, actor, request).await
}

/// Carries out a command in a task of its own, so that it is completed even if the client hangs up.
pub(super) async fn carry_out(site: &Arc<Site>, actor: Actor, request: Request) -> Result<Response, HttpError> {
    let task = {
        let site = Arc::clone(site);
        tokio::spawn(async move {
            let kind = request.kind.clone();
            let result = site.app.execute(&actor, request, &no_files).await;
            tracing::info!(target: "audit", token = actor.name(), command = %kind, ok = result.is_ok(), "token used");
            result
        })
    };
    let outcome = task.await.map_err(|error| HttpError::Internal(error.to_string()))??;
    // A client that follows the address in the answer must find the change there.
    site.model.wait_for(outcome.position, SEEN).await;
    Ok(written(site, &outcome))
}

/// `If-Match` names the revision that a change is based on: by its number, or by the validator of the record.
async fn expect(site: &Site, code: Code, headers: &HeaderMap, request: &mut Request) -> Result<(), HttpError> {
    let Some(given) = headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok()) else { return Ok(()) };
    // A proxy that compresses makes a validator weak; ours has the same meaning with and without `W/`.
    let given = given.trim();
    let given = given.strip_prefix("W/").unwrap_or(given);
    let number = match given.trim_matches('"').parse::<u32>() {
        Ok(number) => number,
        Err(_) if given == "*" => return Ok(()),
        Err(_) => {
            let tags = items::record_tags(site, code).await.ok_or(HttpError::UnknownCode)?;
            if !tags.iter().any(|tag| tag == given) {
                return Err(HttpError::PreconditionFailed);
            }
            let latest = site.model.image().entry(&code).and_then(|entry| entry.item.latest());
            latest.ok_or(HttpError::UnknownCode)?
        }
    };
    // A revision is checked against it where it is decided; other commands are about the newest revision.
    if request.kind.ends_with(".revise")
        && let Some(body) = request.body.as_object_mut()
    {
        body.insert("based_on".into(), json!(number));
        return Ok(());
    }
    let latest = site.model.image().entry(&code).and_then(|entry| entry.item.latest());
    if latest == Some(number) { Ok(()) } else { Err(HttpError::PreconditionFailed) }
}

fn written(site: &Site, outcome: &Outcome) -> Response {
    let url = site.app.city().public_url.clone();
    let item = outcome.code.map(|code| format!("{url}/q/{code}"));
    let body = json!({
        "code": outcome.code,
        "revision": outcome.revision,
        "events": outcome.events,
        "state": outcome.state,
        "proposal": outcome.proposal,
        "position": outcome.position,
        "subject": outcome.subject,
        "repeated": outcome.repeated,
        "url": item,
        "geojson": item.as_ref().map(|item| format!("{item}.geojson")),
        "report": outcome.report,
    });
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("bangtin-position", HeaderValue::from(outcome.position));
    if let Some(item) = item.and_then(|item| HeaderValue::try_from(item).ok()) {
        headers.insert(header::LOCATION, item);
    }
    let created = !outcome.repeated
        && outcome.events.iter().any(|name| name.ends_with(".published") || name.ends_with(".drafted") || name.ends_with(".proposed"));
    let status = if outcome.waits() {
        StatusCode::ACCEPTED
    } else if created {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    respond::with(status, "application/json", headers, body.to_string())
}
