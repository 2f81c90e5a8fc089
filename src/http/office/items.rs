//! What is published: what follows after publishing, and the forms with which an item is ended, replaced, corrected or
//! taken back. Each form says first what will happen.

use std::sync::Arc;

use axum::extract::{Path, Request as HttpRequest, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::corrections::corrected;
use super::{Desk, Form, has_files, leads_to, refused, shown, with_script};
use crate::domain::Code;
use crate::domain::families;
use crate::domain::publication::Status;
use crate::domain::publication::view::View;
use crate::http::Site;
use crate::http::errors::HttpError;
use crate::http::forms::Fields;
use crate::http::reading::Asking;
use crate::http::search::index;
use crate::http::uploaded;
use crate::read_model::search::Hit;
use crate::render::office::items::{self as pages, Item};
use crate::words::fold::fold;
use crate::words::text::Lang;

/// Most items of which the first are shown: nobody reads thousands of lines.
const LOOKED_AT: usize = 2_000;
/// Most items on a page.
const MOST: usize = 100;

/// True when this person may change an item of that family in all these units.
fn may_change(site: &Site, desk: &Desk, view: &View) -> bool {
    let (city, today) = (site.city(), site.moment().today);
    desk.actor.check(families::roles(view.family), &view.units, &city.units, today).is_ok()
}

/// `GET /office/items?q=`: what is published and this person may change.
pub async fn items(State(site): State<Arc<Site>>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    let (lang, moment) = (asking.lang(), site.moment());
    let words = asking.parameter("q").unwrap_or_default();
    let of_role = |family: &str| desk.actor.has(|role| role.covers(families::roles(family)));
    let mut list: Vec<View> = if words.trim().is_empty() {
        let image = site.model.image();
        let entries = image.items().filter(|(_, entry)| entry.item.is_public() && of_role(entry.item.family()));
        let mut list: Vec<View> = entries.take(LOOKED_AT).filter_map(|(_, entry)| entry.item.view(None, &moment)).collect();
        // What holds or will hold comes first.
        list.sort_by_key(|view| (!matches!(view.status, Status::InForce | Status::Upcoming), view.family, fold(&view.title)));
        list
    } else {
        let index = index(&site, &moment).await?;
        let hits = tokio::task::block_in_place(|| index.find(&words, LOOKED_AT));
        let image = site.model.image();
        let entries = hits.iter().filter_map(|hit| if let Hit::Item(code) = hit { image.entry(code) } else { None });
        entries.filter(|entry| of_role(entry.item.family())).filter_map(|entry| entry.item.view(None, &moment)).collect()
    };
    list.retain(|view| may_change(&site, &desk, view));
    let more = list.len().saturating_sub(MOST);
    list.truncate(MOST);
    Ok(shown(&asking.headers, StatusCode::OK, pages::list(lang, &site.city(), &desk.who(), &words, &list, more)))
}

/// `GET /office/items/{code}`
pub async fn item(State(site): State<Arc<Site>>, Path(code): Path<String>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    let is_new = asking.parameter("done").is_some();
    one(&site, &desk, &asking.headers, asking.lang(), &code, is_new, None)
}

fn one(
    site: &Site,
    desk: &Desk,
    headers: &HeaderMap,
    lang: Lang,
    code: &str,
    is_new: bool,
    wrong: Option<(&str, &str)>,
) -> Result<Response, HttpError> {
    let code: Code = code.parse().map_err(|_| HttpError::NotFound)?;
    let moment = site.moment();
    let (view, facts, seen, boards) = {
        let image = site.model.image();
        let entry = image.entry(&code).filter(|entry| entry.item.is_public()).ok_or(HttpError::NotFound)?;
        let view = entry.item.view(None, &moment).ok_or(HttpError::NotFound)?;
        let seen = format!("{}-{}", entry.version, entry.item.touched());
        (view, entry.item.latest_facts().unwrap_or_default(), seen, image.boards_showing(&code, &moment))
    };
    let may_change = may_change(site, desk, &view);
    let item = Item { view: &view, facts: &facts, seen, boards: &boards, may_change, is_new, open: wrong.map(|(action, _)| action) };
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(with_script(headers, status, pages::one(lang, &site.city(), &desk.who(), &moment, &item, wrong.map(|(_, said)| said))))
}

/// The command that a form asks for; none for a button that no form has.
fn command<'a>(fields: &'a Fields, facts: &Value, latest: u32) -> Option<(&'a str, Value)> {
    let action = fields.get("do")?;
    let text = |name: &str| fields.get(name).map(str::trim).filter(|text| !text.is_empty());
    let reason = text("reason").unwrap_or_default();
    let body = match action {
        "withdraw" => json!({ "reason": reason, "replaced_by": text("replaced_by") }),
        "expire" => json!({ "reason": reason, "effective_to": text("effective_to") }),
        "supersede" => json!({ "by": text("by"), "from": text("from") }),
        "cancel-revision" => json!({ "reason": reason, "revision": text("revision").and_then(|number| number.parse::<u32>().ok()) }),
        "review" => json!({ "on": text("on"), "conclusion": text("conclusion").unwrap_or_default() }),
        "correct" => json!({ "revision": latest, "reason": reason, "facts": facts }),
        _ => return None,
    };
    Some((action, body))
}

/// `POST /office/items/{code}`: ends, replaces, corrects or takes back. Where a second person is needed it is proposed.
pub async fn change(
    State(site): State<Arc<Site>>,
    Path(code): Path<String>,
    desk: Desk,
    asking: Asking,
    request: HttpRequest,
) -> Result<Response, HttpError> {
    let headers = request.headers().clone();
    let (fields, sent) = if has_files(&headers) {
        let _place = site.write_places.acquire().await.map_err(|error| HttpError::Internal(error.to_string()))?;
        let sent = desk.files(request, site.limits.import_bytes).await?;
        (Fields::from(sent.fields()), sent)
    } else {
        (desk.fields(&headers, request.into_body()).await?, uploaded::Form::default())
    };
    let lang = fields.lang(&asking.headers);
    let own: Code = code.parse().map_err(|_| HttpError::NotFound)?;
    let (family, facts, latest) = {
        let image = site.model.image();
        let item = &image.entry(&own).filter(|entry| entry.item.is_public()).ok_or(HttpError::NotFound)?.item;
        (item.family(), item.latest_facts().unwrap_or_default(), item.latest_number().unwrap_or_default())
    };
    let (facts, files) = corrected(family, facts, &fields, &sent)?;
    let (action, body) = command(&fields, &facts, latest).ok_or(HttpError::NotFound)?;
    let form = Form { family, action, seen: fields.get("seen").unwrap_or_default(), at: fields.get("at") };
    match desk.carry_out_with(&site, own, &form, body, files).await {
        Ok(outcome) => {
            let is_proposed = outcome.state.is_some();
            Ok(leads_to(&if is_proposed { format!("/office/proposals/{own}") } else { format!("/office/items/{own}?done=1") }, lang))
        }
        Err(error) => one(&site, &desk, &headers, lang, &code, false, Some((action, &refused(error, lang)?))),
    }
}
