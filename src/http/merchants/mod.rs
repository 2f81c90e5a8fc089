//! `/q/{code}/check`: a photo of a stand's code beside the account that is registered there. `/q/{code}/edit/{key}`: the
//! merchant's own form.

pub mod form;

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, Request as HttpRequest, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

use super::errors::HttpError;
use super::forms::{self, Fields};
use super::items::parse;
use super::limiter::network;
use super::proxies::Peer;
use super::reading::{Asking, wants_html};
use super::{Site, respond, uploaded};
use crate::app::ExecuteError;
use crate::app::merchants::suggested;
use crate::domain::access::Actor;
use crate::domain::publication::view::View;
use crate::domain::publication::{ProposalState, Status};
use crate::domain::trade::LinkIssued;
use crate::domain::vietqr::{Payee, Verdict, judge};
use crate::domain::{Code, Refusal};
use crate::render::merchants::{self as pages, Edit, Filled};
use crate::words::fold::typed;
use crate::words::text::{Lang, text};

const HTML: &str = "text/html; charset=utf-8";
/// Largest photo, bytes.
const PHOTO_BYTES: u64 = 20 << 20;
/// Largest form of a merchant, bytes.
const FORM_BYTES: usize = 128 << 10;

/// The place, and whom one pays there, as far as that is shown now.
fn place(site: &Site, code: &str) -> Result<(View, Option<Payee>), HttpError> {
    let code = parse(code)?;
    let (moment, image) = (site.moment(), site.model.image());
    let view = image.view(&code, None, &moment).ok_or(HttpError::UnknownCode)?;
    view.merchant().ok_or(HttpError::NotFound)?;

    let payee = image.payee_of(&view).filter(|_| view.status == Status::InForce).cloned();
    Ok((view, payee))
}

/// `GET /q/{code}/check`: the form for a photo.
pub async fn check_form(State(site): State<Arc<Site>>, Path(code): Path<String>, asking: Asking) -> Result<Response, HttpError> {
    let (view, payee) = place(&site, &code)?;
    let page = pages::check(asking.lang(), &site.city(), &view, payee.as_ref(), None);
    Ok(respond::unkept(&asking.headers, StatusCode::OK, HTML, HeaderMap::new(), page))
}

/// `POST /q/{code}/check`: compares the codes in a photo with the account. The photo is kept nowhere.
pub async fn check(
    State(site): State<Arc<Site>>,
    Path(code): Path<String>,
    asking: Asking,
    peer: Option<Extension<Peer>>,
    request: HttpRequest,
) -> Result<Response, HttpError> {
    let (view, payee) = place(&site, &code)?;
    let account = payee.as_ref().map(|payee| &payee.account);
    let headers = &asking.headers;
    if !site.photo_limiter.admits(network(peer.map(|Extension(peer)| peer), headers, &site.limits.proxies), site.app.now()) {
        return Err(HttpError::TooMany);
    }
    // Nobody sends a photo for nothing.
    if account.is_none() && wants_html(headers) {
        let page = pages::check(asking.lang(), &site.city(), &view, None, None);
        return Ok(respond::unkept(headers, StatusCode::OK, HTML, HeaderMap::new(), page));
    }
    let form = uploaded::receive(request, PHOTO_BYTES).await?;
    // Taken once the photo is here: a slow phone keeps nobody else waiting.
    let _place = site.photo_places.try_acquire().map_err(|_| HttpError::TooMany)?;
    let lang = Lang::choose(form.get("lang").or(asking.parameter("lang").as_deref()), None);
    let answer = |status, verdict: Option<Result<&Verdict, &str>>| {
        let page = pages::check(lang, &site.city(), &view, payee.as_ref(), verdict);
        Ok(respond::unkept(headers, status, HTML, HeaderMap::new(), page))
    };
    let seen = match form.file("file") {
        Some(source) => site.app.codes_in(source)?,
        None => None,
    };
    let told = |name: &str| {
        let body = json!({ "code": view.code, "verdict": name }).to_string();
        Ok(respond::unkept(headers, StatusCode::OK, "application/json", HeaderMap::new(), body))
    };
    let Some(account) = account else { return told("not-registered") };
    if seen.is_none() && !wants_html(headers) {
        return Err(HttpError::Parameter(sentence!("no-picture")));
    }
    let Some(seen) = seen else { return answer(StatusCode::UNPROCESSABLE_ENTITY, Some(Err(text(lang, "check-no-picture")))) };
    let verdict = judge(account, &seen.texts, seen.unread);
    if !wants_html(headers) {
        let name = match verdict {
            Verdict::Same => "same",
            Verdict::Other(_) => "other",
            Verdict::NoPayment => "no-payment-code",
            Verdict::Several => "several",
            Verdict::Unread => "unread",
        };
        return told(name);
    }
    answer(StatusCode::OK, Some(Ok(&verdict)))
}

/// A place that a link opens.
struct Opened {
    code: Code,
    view: View,
    link: LinkIssued,
    facts: Value,
    /// Where stands what the merchant suggested, and why it was returned.
    before: Option<(ProposalState, Option<String>)>,
    has_payee: bool,
    path: String,
}

fn open(site: &Site, code: &str, key: &str) -> Result<Opened, HttpError> {
    let ended = || HttpError::Refused(Refusal::unknown("link-ended", sentence!("link-ended")));
    let (view, _) = place(site, code).map_err(|error| if matches!(error, HttpError::WrongCode(_)) { error } else { ended() })?;
    let link = view.merchant().and_then(|merchant| merchant.link.clone());
    let link = link.filter(|link| view.withdrawn.is_none() && site.app.opens(view.code, Some(link), key)).ok_or_else(ended)?;
    let image = site.model.image();
    let item = &image.entry(&view.code).ok_or_else(ended)?.item;
    let proposal = suggested(item, view.code, &link);
    let mut facts = item.latest_facts().ok_or_else(ended)?;
    // What was suggested last fills the form, until it is approved. Everything else stays as the office states it today.
    if let Some(suggested) = proposal.and_then(|known| serde_json::from_str::<Value>(&known.body).ok()) {
        for name in form::SUGGESTED {
            match (facts.as_object_mut(), suggested["facts"].get(name)) {
                (Some(facts), Some(value)) => drop(facts.insert(name.to_owned(), value.clone())),
                (Some(facts), None) => drop(facts.remove(name)),
                _ => {}
            }
        }
    }
    let before = proposal.map(|known| (known.state, known.returned.as_ref().map(|(_, why)| why.clone())));
    let path = format!("/q/{}/edit/{key}", view.code);
    Ok(Opened { code: view.code, link, facts, before, has_payee: image.payee_of(&view).is_some(), path, view: view.clone() })
}

/// The fields of the merchant's form.
fn fields_of(facts: &Value) -> Fields {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let phone = |phone: &Value| format!("{}: {}", text(&phone["label"]), text(&phone["number"]));
    let phones: Vec<String> = facts["phones"].as_array().into_iter().flatten().map(phone).collect();
    let fields = Fields::default().with("summary", text(&facts["summary"])).with("hours", text(&facts["hours"]));
    form::fill(fields.with("phones", phones.join("\n")), facts)
}

fn edit_page(
    site: &Site,
    headers: &HeaderMap,
    lang: Lang,
    opened: &Opened,
    fields: &Fields,
    told: (Option<&str>, Option<&str>),
) -> Response {
    let (wrong, done) = told;
    let text = |name: &str| fields.untrimmed(name).unwrap_or_default().to_owned();
    let all = |name: &str| fields.all(name).map(str::to_owned).collect::<Vec<_>>();
    let page = Edit {
        path: &opened.path,
        view: &opened.view,
        until: opened.link.until,
        filled: Filled { text: &text, all: &all },
        before: opened.before.as_ref().map(|(state, why)| (*state, why.as_deref())),
        has_payee: opened.has_payee,
        done,
    };
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let mut extra = HeaderMap::new();
    // The address is the key: it goes to no other site and into no index.
    extra.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    extra.insert("x-robots-tag", HeaderValue::from_static("noindex"));
    respond::unkept(headers, status, HTML, extra, pages::edit(lang, &site.city(), &page, wrong))
}

/// `GET /q/{code}/edit/{key}`: the merchant's form.
pub async fn edit_form(
    State(site): State<Arc<Site>>,
    Path((code, key)): Path<(String, String)>,
    asking: Asking,
) -> Result<Response, HttpError> {
    let opened = open(&site, &code, &key)?;
    let done = match asking.parameter("done").as_deref() {
        Some("sent") => Some("edit-sent"),
        Some("withdrawn") => Some("payee-withdrawn"),
        _ => None,
    };
    Ok(edit_page(&site, &asking.headers, asking.lang(), &opened, &fields_of(&opened.facts), (None, done)))
}

/// `POST /q/{code}/edit/{key}`: suggests what the form says, or takes back the consent to show whom one pays.
pub async fn edit(
    State(site): State<Arc<Site>>,
    Path((code, key)): Path<(String, String)>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, HttpError> {
    let opened = open(&site, &code, &key)?;
    if headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site") {
        return Err(HttpError::Refused(Refusal::invalid("another-site", sentence!("another-site"))));
    }
    let network = network(peer.map(|Extension(peer)| peer), &headers, &site.limits.proxies);
    let fields = forms::read(&headers, body, FORM_BYTES).await?.form()?;
    let lang = fields.lang(&headers);
    if !site.report_limiter.admits(network, site.app.now()) {
        // What was typed stays in the form.
        let mut answer = edit_page(&site, &headers, lang, &opened, &fields, (Some(text(lang, "too-many-help")), None));
        *answer.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("600"));
        return Ok(answer);
    }
    let back = |done: &str| respond::see(&format!("{}?done={done}{}", opened.path, lang.and()));
    if fields.get("do") == Some("withdraw") {
        // In a task of its own, so that it is completed even if the browser hangs up.
        let (of_task, code) = (Arc::clone(&site), opened.code);
        let task = tokio::spawn(async move {
            of_task.app.withdraw_payee(&Actor::of_link(code), code).await?;
            of_task.app.log().head().await.map_err(ExecuteError::from)
        });
        let head = task.await.map_err(|error| HttpError::Internal(error.to_string()))??;
        site.model.wait_for(head.position, super::SEEN).await;
        return Ok(back("withdrawn"));
    }
    let mut facts = opened.facts.clone();
    put_texts(&fields, &mut facts);
    if let Err(said) = form::put(&fields, &mut facts) {
        return Ok(edit_page(&site, &headers, lang, &opened, &fields, (Some(&said.text(lang)), None)));
    }
    let (of_task, code) = (Arc::clone(&site), opened.code);
    let task = tokio::spawn(async move { of_task.app.suggest(code, &key, facts).await });
    let wrong = match task.await.map_err(|error| HttpError::Internal(error.to_string()))? {
        Ok(outcome) => {
            site.model.wait_for(outcome.position, super::SEEN).await;
            return Ok(back("sent"));
        }
        Err(ExecuteError::Refused(refusal)) if refusal.reason == "proposal-open" => sentence!("link-another"),
        Err(ExecuteError::Refused(refusal)) => refusal.said,
        Err(error) => return Err(error.into()),
    };
    Ok(edit_page(&site, &headers, lang, &opened, &fields, (Some(&wrong.text(lang)), None)))
}

/// Puts the texts and the numbers of the merchant's form into the facts.
fn put_texts(fields: &Fields, facts: &mut Value) {
    let Some(facts) = facts.as_object_mut() else { return };
    for name in ["summary", "hours"] {
        match typed(fields.get(name).unwrap_or_default()) {
            text if text.is_empty() => drop(facts.remove(name)),
            text => drop(facts.insert(name.to_owned(), json!(text))),
        }
    }
    match form::phones(fields.get("phones").unwrap_or_default()) {
        Some(phones) => drop(facts.insert("phones".into(), phones)),
        None => drop(facts.remove("phones")),
    }
}
