//! `/q/{code}/lots`: the lots of an urban plan, and each by its number.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::material::{Material, gather};
use super::parse;
use crate::domain::plan::{LINES, lot_key};
use crate::domain::publication::Status;
use crate::features::Feature;
use crate::geometry::area::Area;
use crate::geometry::crs::Crs;
use crate::http::answers::{Representation, Scope};
use crate::http::errors::HttpError;
use crate::http::reading::Asking;
use crate::http::{Site, respond};
use crate::read_model::here::Place;
use crate::read_model::streets::{Streets, streets};
use crate::render::page::LotShown;
use crate::render::qr::{Matrix, address_of_lot};
use crate::words::text::Lang;

/// Most lots under one number that a page shows.
const MOST: usize = 12;
const HTML: &str = "text/html; charset=utf-8";
/// It may be kept, but is asked about each time: whether the plan holds changes with the day.
const CACHE: &str = "public, no-cache";

/// What pages about a plan's lots are made of; an item without lots has none.
async fn material(site: &Site, code: &str, lang: Lang) -> Result<Material, HttpError> {
    let material = gather(site, parse(code)?, &Representation::Page(Scope::of(lang))).await?;
    let has_lots = material.features.as_ref().is_some_and(|set| set.has_lots());
    if has_lots { Ok(material) } else { Err(HttpError::NotFound) }
}

/// The lots with that key, at most [`MOST`].
fn with_key(material: &Material, key: &str) -> Vec<usize> {
    let Some(features) = &material.features else { return Vec::new() };
    let is_it = |lot: &Feature| features.any_text_property(lot, "lot").is_some_and(|number| lot_key(&number) == key);
    (0..features.list.len()).filter(|index| features.list.get(*index).is_some_and(is_it)).take(MOST).collect()
}

/// What the plan's lines say of each lot.
fn shown(material: &Material, indices: Vec<usize>) -> Vec<LotShown> {
    let lines = material.further.iter().find(|(own, _)| *own == LINES).map(|(_, lines)| lines);
    let plane = Crs::new(material.view.plane().unwrap_or(material.city.default_crs)).ok();
    let said = |index: usize| {
        let (lines, plane, features) = (lines?, plane.as_ref()?, material.features.as_ref()?);
        let lot = Area::new(features.rings(features.list.get(index)?))?;
        let said = streets(lines, &Place::Parcel(lot, None), plane);
        // Lots end at the red line: that it touches them says nothing.
        Some(Streets { red_line_m: None, ..said })
    };
    indices.into_iter().map(|index| LotShown { index, streets: said(index) }).collect()
}

fn answer(material: &Material, headers: &HeaderMap, page: String) -> Response {
    let mut response = respond::fresh(headers, HTML, CACHE, HeaderMap::new(), page);
    if material.view.status == Status::Withdrawn {
        *response.status_mut() = StatusCode::GONE;
    }
    response
}

/// `/q/{code}/lots?q=`: the table of lots, or of those with these words.
pub async fn list(State(site): State<Arc<Site>>, Path(code): Path<String>, asking: Asking) -> Result<Response, HttpError> {
    let lang = asking.lang();
    let material = material(&site, &code, lang).await?;
    let words = asking.asked("q").unwrap_or_default();
    let page = tokio::task::block_in_place(|| material.page(&Scope::of(lang), &[], None, None).render_lots(&words));
    Ok(answer(&material, &asking.headers, page))
}

/// `/q/{code}/lots/{number}`, and `.svg` of its code.
pub async fn one(
    State(site): State<Arc<Site>>,
    Path((code, number)): Path<(String, String)>,
    asking: Asking,
) -> Result<Response, HttpError> {
    let lang = asking.lang();
    let material = material(&site, &code, lang).await?;
    let (name, is_symbol) = match number.strip_suffix(".svg") {
        Some(name) => (name, true),
        None => (number.as_str(), false),
    };
    let key = lot_key(name);
    let indices = tokio::task::block_in_place(|| with_key(&material, &key));
    if key.is_empty() || indices.is_empty() {
        return Err(HttpError::NotFound);
    }
    if is_symbol {
        let matrix = Matrix::new(&address_of_lot(&material.city.public_url, material.view.code, &key))?;
        let body = matrix.svg(&format!("{} {key}", material.view.code));
        return Ok(respond::fresh(&asking.headers, "image/svg+xml", CACHE, HeaderMap::new(), body));
    }
    if name != key {
        // Each lot has one address.
        let to = format!("/q/{}/lots/{key}{}", material.view.code, lang.query());
        return Ok(respond::see(&to));
    }
    let _place = site.drawing_place().await?;
    let page = tokio::task::block_in_place(|| {
        let lots = shown(&material, indices);
        material.page(&Scope::of(lang), &[], None, None).render_lot(&key, &lots)
    })?;
    Ok(answer(&material, &asking.headers, page))
}
