//! `/desk`: residents ask the advisory desk, and read what others asked. `/desk/{receipt}`: the answer.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;

use super::errors::HttpError;
use super::forms::{self, Fields};
use super::limiter::network;
use super::proxies::Peer;
use super::reading::{self, Asking, Form};
use super::{SEEN, Site, respond};
use crate::app::ExecuteError;
use crate::app::questions::QuestionDraft;
use crate::domain::Refusal;
use crate::domain::procedure::Procedure;
use crate::domain::question::due;
use crate::domain::unit::UnitId;
use crate::render::desk::{self as pages, Desk};
use crate::words::text::{Lang, text};

const HTML: &str = "text/html; charset=utf-8";
/// Longest body of a form, bytes: room for 4,000 characters of Vietnamese, percent-encoded.
const FORM_BYTES: usize = 64 << 10;
/// Most questions that wait for an answer. Beyond that, residents are asked to come or to call.
const MOST_OPEN: usize = 5_000;
/// Most entries that are shown.
const SHOWN: usize = 50;

/// The procedure of that name; none for an empty one. Errors: there is no such procedure.
fn procedure(name: Option<&str>) -> Result<Option<Procedure>, HttpError> {
    let Some(name) = name.filter(|name| !name.is_empty()) else { return Ok(None) };
    let unknown = || {
        let list = Procedure::ALL.map(Procedure::as_str).join(", ");
        HttpError::Parameter(sentence!("procedure", shown = name.chars().take(40).collect::<String>(), list))
    };
    Procedure::parse(name).ok_or_else(unknown).map(Some)
}

fn desk_page(site: &Site, headers: &HeaderMap, lang: Lang, fields: &Fields, said: (StatusCode, Option<&str>)) -> Response {
    let (status, wrong) = said;
    let moment = site.moment();
    let procedure = fields.asked("procedure").and_then(Procedure::parse);
    let words = fields.asked("q").unwrap_or_default();
    let (mut found, median_hours) = {
        let image = site.model.image();
        (image.faq(procedure, words, &moment), image.questions.median_hours(moment.now))
    };
    found.truncate(SHOWN);
    let once = match fields.get("once").filter(|once| !once.is_empty()) {
        Some(once) => once.to_owned(),
        None => site.app.random_text().unwrap_or_default(),
    };
    let filled = |name: &str| if name == "once" { once.clone() } else { fields.untrimmed(name).unwrap_or_default().to_owned() };
    let page = Desk { procedure, words, found: &found, median_hours, filled: &filled };
    respond::unkept(headers, status, HTML, HeaderMap::new(), pages::desk(lang, &site.city(), &moment, &page, wrong))
}

/// `GET /desk?q=&procedure=&receipt=`
pub async fn get(State(site): State<Arc<Site>>, asking: Asking) -> Result<Response, HttpError> {
    let fields = Fields::of(asking.query.as_deref(), "");
    if let Some(receipt) = fields.asked("receipt") {
        let encoded: String = super::collections::parameters::encoded(receipt).collect();
        return Ok(respond::see(&format!("/desk/{encoded}{}", asking.lang().query())));
    }
    let procedure = procedure(fields.asked("procedure"))?;
    if asking.page_or_json()? == Form::Json {
        let moment = site.moment();
        let image = site.model.image();
        let (found, median) =
            (image.faq(procedure, fields.asked("q").unwrap_or_default(), &moment), image.questions.median_hours(moment.now));
        drop(image);
        let body = pages::json(&site.city(), &found, median).to_string();
        return Ok(respond::fresh(&asking.headers, "application/json", "no-cache", HeaderMap::new(), body));
    }
    Ok(desk_page(&site, &asking.headers, asking.lang(), &fields, (StatusCode::OK, None)))
}

/// `POST /desk`: takes a question in. Nothing about the sender is kept but what they wrote, and that in the vault.
pub async fn ask(
    State(site): State<Arc<Site>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, HttpError> {
    // Another site's page must not make its visitors ask.
    if headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site") {
        return Err(HttpError::Refused(Refusal::invalid("another-site", sentence!("another-site"))));
    }
    let fields = forms::read(&headers, body, FORM_BYTES).await?.form()?;
    let lang = fields.lang(&headers);
    let network = network(peer.map(|Extension(peer)| peer), &headers, &site.limits.proxies);
    let open = site.model.image().questions.readable().filter(|known| known.answered.is_none()).count();
    if open >= MOST_OPEN || !site.report_limiter.admits(network, site.app.now()) {
        if !reading::wants_html(&headers) {
            return Err(HttpError::TooMany);
        }
        let mut answer = desk_page(&site, &headers, lang, &fields, (StatusCode::TOO_MANY_REQUESTS, Some(text(lang, "too-many-help"))));
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("600"));
        return Ok(answer);
    }
    let unit = fields.get("unit").filter(|unit| !unit.is_empty()).map(str::parse::<UnitId>).transpose();
    let draft = QuestionDraft {
        procedure: procedure(fields.get("about"))?.unwrap_or(Procedure::Other),
        unit: unit.map_err(|_| HttpError::UnknownUnit)?,
        text: fields.get("text").unwrap_or_default().to_owned(),
        reply_to: fields.get("reply_to").unwrap_or_default().to_owned(),
        once: fields.get("once").filter(|once| !once.is_empty()).map(str::to_owned),
        may_publish: fields.get("may_publish").is_some_and(|ticked| !ticked.is_empty()),
    };
    // The question is stored even if the client hangs up.
    let of_task = Arc::clone(&site);
    let task = tokio::spawn(async move { of_task.app.ask(draft).await });
    match task.await.map_err(|error| HttpError::Internal(error.to_string()))? {
        Ok(receipt) => {
            let head = site.app.log().head().await?.position;
            site.model.wait_for(head, SEEN).await;
            let page = pages::receipt(lang, &site.city(), &receipt, due(site.moment().today));
            Ok(respond::unkept(&headers, StatusCode::OK, HTML, HeaderMap::new(), page))
        }
        Err(ExecuteError::Refused(refusal)) => {
            let said = refusal.said.text(lang);
            Ok(desk_page(&site, &headers, lang, &fields, (StatusCode::UNPROCESSABLE_ENTITY, Some(&said))))
        }
        Err(error) => Err(error.into()),
    }
}

fn unknown() -> HttpError {
    HttpError::Refused(Refusal::unknown("unknown-question", sentence!("unknown-question")))
}

/// `GET /desk/{receipt}`: what became of a question.
pub async fn answered(State(site): State<Arc<Site>>, Path(receipt): Path<String>, asking: Asking) -> Result<Response, HttpError> {
    let (state, words) = site.app.receipt(&receipt).await?.ok_or_else(unknown)?;
    let page = pages::answered(asking.lang(), &site.city(), &receipt, &state, words.as_ref());
    let mut extra = HeaderMap::new();
    // The address is the receipt: it goes to no other site and into no index.
    extra.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    extra.insert("x-robots-tag", HeaderValue::from_static("noindex"));
    Ok(respond::unkept(&asking.headers, StatusCode::OK, HTML, extra, page))
}

/// `POST /desk/{receipt}`: erases a question, its contact and its answer.
pub async fn erase(
    State(site): State<Arc<Site>>,
    Path(receipt): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, HttpError> {
    if headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site") {
        return Err(HttpError::Refused(Refusal::invalid("another-site", sentence!("another-site"))));
    }
    let fields = forms::read(&headers, body, FORM_BYTES).await?.form()?;
    if fields.get("do") != Some("erase") {
        return Err(HttpError::NotFound);
    }
    let (of_task, of_receipt) = (Arc::clone(&site), receipt.clone());
    let task = tokio::spawn(async move { of_task.app.erase_receipt(&of_receipt).await });
    task.await.map_err(|error| HttpError::Internal(error.to_string()))??;
    let encoded: String = super::collections::parameters::encoded(&receipt).collect();
    Ok(respond::see(&format!("/desk/{encoded}{}", fields.lang(&headers).query())))
}
