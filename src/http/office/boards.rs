//! `/office/boards/{code}`: what a clerk does at a board. Its code leads here from the board's page.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;

use super::{Desk, Form, leads_to, pressed, refused, with_script};
use crate::domain::Code;
use crate::domain::families;
use crate::domain::publication::view::View;
use crate::http::Site;
use crate::http::errors::HttpError;
use crate::http::reading::Asking;
use crate::render::boards::Entry;
use crate::render::office::boards as pages;
use crate::words::civil;
use crate::words::text::Lang;

/// A board that this person looks after, with the items on it, and its version.
fn find(site: &Site, desk: &Desk, code: Code) -> Result<(Entry, i64), HttpError> {
    let (moment, city) = (site.moment(), site.city());
    let image = site.model.image();
    let entry = image.entry(&code).filter(|entry| entry.item.is_public() && entry.item.family() == "board").ok_or(HttpError::NotFound)?;
    let board = entry.item.view(None, &moment).ok_or(HttpError::NotFound)?;
    desk.actor.check(families::roles("board"), &board.units, &city.units, moment.today).map_err(HttpError::Refused)?;
    let postings = board.board().into_iter().flat_map(|own| &own.postings);
    let items: Vec<View> = postings.filter_map(|posting| image.view(&posting.item, None, &moment)).collect();
    Ok((Entry { board, items }, entry.version))
}

fn page(site: &Site, desk: &Desk, headers: &HeaderMap, lang: Lang, code: Code, wrong: Option<&str>) -> Result<Response, HttpError> {
    let (entry, seen) = find(site, desk, code)?;
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(with_script(headers, status, pages::one(lang, &site.city(), &desk.who(), &entry, seen, site.app.now(), wrong)))
}

/// `GET /office/boards/{code}`
pub async fn board(State(site): State<Arc<Site>>, Path(code): Path<String>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    let code: Code = code.parse().map_err(|_| HttpError::NotFound)?;
    page(&site, &desk, &asking.headers, asking.lang(), code, None)
}

/// `POST /office/boards/{code}`: a print was made, hung or taken down, or the board was looked at.
pub async fn work(
    State(site): State<Arc<Site>>,
    Path(code): Path<String>,
    desk: Desk,
    asking: Asking,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, HttpError> {
    let fields = desk.fields(&headers, body).await?;
    let lang = fields.lang(&asking.headers);
    let code: Code = code.parse().map_err(|_| HttpError::NotFound)?;
    let (entry, _) = find(&site, &desk, code)?;
    let action = fields.get("do").ok_or(HttpError::NotFound)?;
    let item = fields.get("item").map(str::trim).filter(|item| !item.is_empty());
    let note = fields.get("note").map(str::trim).filter(|note| !note.is_empty());
    // What waited for the network was done on the day on which it was pressed.
    let on = pressed(&site, &fields).map(|at| civil::date_in(&site.city().zone(), at)).filter(|day| *day != site.moment().today);
    let body = match action {
        "check" => json!({ "note": note, "on": on }),
        "print" => json!({ "item": item }),
        "hang" | "remove" => json!({ "item": item, "on": on }),
        _ => return Err(HttpError::NotFound),
    };
    let form = Form { family: "board", action, seen: fields.get("seen").unwrap_or_default(), at: None };
    match desk.carry_out(&site, code, &form, body).await {
        // What was printed is handed over at once.
        Ok(_) if action == "print" => {
            let number = entry.board.board().map_or(0, |own| own.number);
            Ok(leads_to(&format!("/q/{}/poster.pdf?board={number}", item.unwrap_or_default()), lang))
        }
        Ok(_) => Ok(leads_to(&format!("/office/boards/{code}"), lang)),
        Err(error) => page(&site, &desk, &headers, lang, code, Some(&refused(error, lang)?)),
    }
}
