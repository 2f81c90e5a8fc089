//! What would come of a draft, before anybody else hears of it.

use std::collections::HashMap;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;

use super::{Desk, shown};
use crate::app::{ExecuteError, Request};
use crate::domain::feature_set::FeatureSet;
use crate::http::errors::HttpError;
use crate::http::{Site, items, respond};
use crate::import::source::Source;
use crate::prints;
use crate::render::office::plans as pages;
use crate::render::print::Size;
use crate::words::text::Lang;

/// The page of a draft (`page`), its poster (`poster`), or what it would change (`changes`), by the command that it would
/// become and the files that this names. Nothing of it is written. Errors: what the rules would refuse.
pub async fn preview(
    site: &Arc<Site>,
    desk: &Desk,
    lang: Lang,
    id: &str,
    set: Option<&FeatureSet>,
    (request, files): (Request, HashMap<String, Source>),
    what: &str,
) -> Result<Response, HttpError> {
    for blob in request.blobs.iter().filter(|blob| set.is_some_and(|set| set.sha256 == blob.sha256)) {
        let bytes = blob.content.bytes().map_err(|error| HttpError::spooling(&error))?;
        site.model.lend(blob.sha256, bytes).await?;
    }
    let request = Request { id: format!("preview-{}", request.id), ..request };
    let named = |name: &str| files.get(name).cloned().ok_or_else(|| name.to_owned());
    let foreseen = site.app.foresee(&desk.actor, request, &named).await.map_err(|error| match error {
        ExecuteError::Refused(refusal) => HttpError::Refused(refusal),
        error => error.into(),
    })?;
    let (moment, city) = (site.moment(), site.city());
    let after = foreseen.after.map_err(HttpError::Refused)?;
    let view = after.view(after.latest(), &moment).ok_or(HttpError::NotFound)?;
    if what == "poster" {
        let material = prints::foreseen(&site.model, &moment, view, lang).await?;
        let file = tokio::task::block_in_place(|| material.poster(Size::A4))?;
        return Ok(print(file));
    }
    let before = foreseen.before.view(None, &moment).filter(|_| what == "changes");
    let material = items::foreseen(site, before, view).await?;
    let units = material.units(lang);
    let draft = material.draft(lang, &units, format!("/office/imports/{id}"));
    let page = match what {
        "changes" => pages::changes(lang, &city, &desk.who(), id, &draft, material.before().as_ref()),
        _ => draft.render()?,
    };
    Ok(shown(&HeaderMap::new(), StatusCode::OK, page))
}

/// The print of what is not public.
pub fn print(file: Vec<u8>) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("inline; filename=\"ban-nhap.pdf\""));
    respond::with(StatusCode::OK, "application/pdf", headers, file)
}
