//! `/office/boards/{code}`: what a clerk does at a board. Its code leads here from the board's page.

use std::sync::Arc;

use axum::extract::{Path, Request as HttpRequest, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use jiff::civil::Date;
use serde_json::json;

use super::{Desk, Form, has_files, leads_to, pressed, refused, with_script};
use crate::app::reports::ReportDraft;
use crate::domain::Code;
use crate::domain::code::CodeError;
use crate::domain::families;
use crate::domain::publication::view::View;
use crate::domain::report::ReportKind;
use crate::http::Site;
use crate::http::errors::HttpError;
use crate::http::forms::Fields;
use crate::http::reading::Asking;
use crate::http::reports::has_too_many;
use crate::render::boards::Entry;
use crate::render::office::boards as pages;
use crate::vault::ReportText;
use crate::words::civil;
use crate::words::sentence::Sentence;
use crate::words::text::{Lang, text};

/// Largest form with a photo, bytes.
const PHOTO_BYTES: u64 = 32 << 20;

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
    let of_board = |number: u32| site.model.image().reports().values().filter(|open| open.received.board == Some(number)).count();
    let work = pages::Work { seen, now: site.app.now(), reported: entry.board.board().map_or(0, |own| of_board(own.number)) };
    Ok(with_script(headers, status, pages::one(lang, &site.city(), &desk.who(), &entry, &work, wrong)))
}

/// `GET /office/boards/{code}`
pub async fn board(State(site): State<Arc<Site>>, Path(code): Path<String>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    let code: Code = code.parse().map_err(|_| HttpError::NotFound)?;
    page(&site, &desk, &asking.headers, asking.lang(), code, None)
}

/// `POST /office/boards/{code}`: a print was made, hung or taken down, or the board was looked at. A form with files says
/// what is damaged.
pub async fn work(
    State(site): State<Arc<Site>>,
    Path(code): Path<String>,
    desk: Desk,
    asking: Asking,
    request: HttpRequest,
) -> Result<Response, HttpError> {
    let headers = request.headers().clone();
    if has_files(&headers) {
        return damage(&site, code, &desk, &headers, request).await;
    }
    let fields = desk.fields(&headers, request.into_body()).await?;
    let lang = fields.lang(&asking.headers);
    let code: Code = code.parse().map_err(|_| HttpError::NotFound)?;
    let (entry, _) = find(&site, &desk, code)?;
    let action = fields.get("do").ok_or(HttpError::NotFound)?;
    if let Some(Err(error)) = fields.get("item").map(str::parse::<Code>) {
        let said = text(lang, if error == CodeError::Check { "code-wrong-help" } else { "code-shape-help" });
        return page(&site, &desk, &headers, lang, code, Some(said));
    }
    let item = fields.get("item").map(str::trim).filter(|item| !item.is_empty());
    let on = looked_on(&site, &fields);
    let body = match action {
        "check" => json!({ "on": on }),
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

/// Takes in what is damaged, with a photo where there is one, as a report that stays open until it was seen to. The board
/// was looked at with that.
async fn damage(site: &Arc<Site>, code: String, desk: &Desk, headers: &HeaderMap, request: HttpRequest) -> Result<Response, HttpError> {
    let code: Code = code.parse().map_err(|_| HttpError::NotFound)?;
    let (entry, _) = find(site, desk, code)?;
    let _place = site.write_places.acquire().await.map_err(|error| HttpError::Internal(error.to_string()))?;
    let sent = desk.files(request, PHOTO_BYTES).await?;
    let fields = Fields::from(sent.fields());
    let lang = fields.lang(headers);
    let again = |wrong: &Sentence| page(site, desk, headers, lang, code, Some(&wrong.text(lang)));
    let text = fields.get("note").unwrap_or_default().to_owned();
    let photo = match sent.file("photo") {
        Some(source) => {
            let picture = tokio::task::block_in_place(|| site.app.reading(&desk.actor).photo(source));
            match picture.map_err(|error| HttpError::spooling(&error))? {
                Some(picture) => Some(picture),
                None => return again(&sentence!("photo-unread")),
            }
        }
        None if text.is_empty() => return again(&sentence!("damage-empty")),
        None => None,
    };
    let item = fields.get("item").and_then(|item| item.parse().ok());
    let item = item.filter(|item| entry.items.iter().any(|view| view.code == *item)).unwrap_or(code);
    if has_too_many(site, item) {
        return again(&sentence!("reports-full"));
    }
    let written = ReportText { text, reply_to: String::new() };
    let draft = ReportDraft { kind: ReportKind::DamagedPrint, item, board: entry.board.board().map(|own| own.number), written, photo };
    let seen = fields.get("seen").unwrap_or_default();
    let checked = async {
        site.app.report_damage(&desk.actor, seen, draft).await?;
        let form = Form { family: "board", action: "check", seen, at: None };
        desk.carry_out(site, code, &form, json!({ "on": looked_on(site, &fields) })).await
    };
    match checked.await {
        Ok(_) => Ok(leads_to(&format!("/office/boards/{code}"), lang)),
        Err(error) => page(site, desk, headers, lang, code, Some(&refused(error, lang)?)),
    }
}

/// The day on which a button was pressed that waited for the network; none for today.
fn looked_on(site: &Site, fields: &Fields) -> Option<Date> {
    pressed(site, fields).map(|at| civil::date_in(&site.city().zone(), at)).filter(|day| *day != site.moment().today)
}
