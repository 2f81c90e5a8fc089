//! Reports that residents send about an item or a print, and the clerk's list of them.

use crate::http::reading::{self, Asking};
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::json;

use super::errors::HttpError;
use super::forms::{self, Fields};
use super::items::parse;
use super::limiter::network;
use super::proxies::Peer;
use super::{Site, auth, respond};
use crate::app::ExecuteError;
use crate::app::reports::ReportDraft;
use crate::domain::access::{Actor, Role};
use crate::domain::publication::view::View;
use crate::domain::publication::view::moment_of;
use crate::domain::report::{ReportId, ReportKind, ReportOutcome};
use crate::domain::{Code, Refusal};
use crate::read_model::image::OpenReport;
use crate::render::reports::{self as pages, Line};
use crate::vault::ReportText;
use crate::words::text::text;

/// Longest body of a form, bytes. It has room for 2,000 characters of Vietnamese, percent-encoded.
const FORM_BYTES: usize = 32 << 10;
const HTML: &str = "text/html; charset=utf-8";
/// Most open reports, in all and about one item. Beyond that, residents are asked to call.
const MOST_OPEN: usize = 5_000;
const MOST_OF_ITEM: usize = 200;
/// Reports on one page of the clerk's list.
pub(super) const SHOWN: usize = 100;

/// A clerk's page. It shows a token beside strangers' words, so it is not compressed: its length would give
/// the token away (BREACH).
fn secret(page: String) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    respond::with(StatusCode::OK, HTML, headers, page)
}

/// True when no more reports are taken in, in all or about that item.
pub(super) fn has_too_many(site: &Site, item: Code) -> bool {
    let image = site.model.image();
    let of_item = image.reports().values().filter(|open| open.received.item == item).count();
    image.reports().len() >= MOST_OPEN || of_item >= MOST_OF_ITEM
}

fn item(site: &Site, code: Code) -> Result<View, HttpError> {
    let moment = site.moment();
    site.model.image().view(&code, None, &moment).ok_or(HttpError::UnknownCode)
}

/// `GET /q/{code}/report`: the form.
pub async fn form(State(site): State<Arc<Site>>, Path(code): Path<String>, asking: Asking) -> Result<Response, HttpError> {
    let view = item(&site, parse(&code)?)?;
    let kind = asking.parameter("kind").and_then(|kind| ReportKind::parse(&kind)).unwrap_or(ReportKind::Mistake);
    let board = asking.parameter("board").and_then(|number| number.parse().ok());
    let page = pages::form(asking.lang(), &site.city(), &view, kind, board, None);
    Ok(respond::unkept(&asking.headers, StatusCode::OK, HTML, HeaderMap::new(), page))
}

/// `POST /q/{code}/report`: accepts a report. Nothing about the sender is kept.
pub async fn receive(
    State(site): State<Arc<Site>>,
    Path(code): Path<String>,
    Asking { query, .. }: Asking,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, HttpError> {
    let query = query.as_deref();
    let view = item(&site, parse(&code)?)?;
    // Another site's page must not make its visitors send reports.
    if headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site") {
        return Err(HttpError::Refused(Refusal::invalid("another-site", sentence!("another-site"))));
    }
    let sent = forms::read(&headers, body, FORM_BYTES).await?;
    let fields = Fields::of(query, &sent.text);
    let lang = fields.lang(&headers);
    let network = network(peer.map(|Extension(peer)| peer), &headers, &site.limits.proxies);
    let kind = fields.get("kind").and_then(ReportKind::parse).unwrap_or(ReportKind::Mistake);
    let board = fields.get("board").and_then(|number| number.parse::<u32>().ok()).filter(|n| site.model.image().by_number(*n).is_some());
    let written = ReportText {
        text: fields.get("text").unwrap_or_default().to_owned(),
        reply_to: fields.get("reply_to").unwrap_or_default().to_owned(),
    };
    // The form comes again with what is wrong and what was written, so that nobody has to type it twice.
    let again = |status, wrong: &str| {
        let page = pages::form(lang, &site.city(), &view, kind, board, Some((wrong, &written)));
        respond::unkept(&headers, status, HTML, HeaderMap::new(), page)
    };
    let draft = match (ReportDraft { kind, item: view.code, board, written: written.clone(), photo: None }).checked() {
        Ok(draft) => draft,
        Err(refusal) => return Ok(again(StatusCode::UNPROCESSABLE_ENTITY, &refusal.said.text(lang))),
    };
    if has_too_many(&site, view.code) || !site.report_limiter.admits(network, site.app.now()) {
        if !reading::wants_html(&headers) {
            return Err(HttpError::TooMany);
        }
        let mut answer = again(StatusCode::TOO_MANY_REQUESTS, text(lang, "too-many-help"));
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("600"));
        return Ok(answer);
    }
    // The report is stored even if the client hangs up.
    let task = {
        let site = Arc::clone(&site);
        tokio::spawn(async move { site.app.receive_report(draft).await })
    };
    let report = match task.await.map_err(|error| HttpError::Internal(error.to_string()))? {
        Ok(report) => report,
        // A resident has no id to repeat it with: what was written stays in the form.
        Err(ExecuteError::Unknown(_)) if reading::wants_html(&headers) => {
            return Ok(again(StatusCode::SERVICE_UNAVAILABLE, text(lang, "report-unknown")));
        }
        Err(error) => return Err(error.into()),
    };
    Ok(respond::unkept(&headers, StatusCode::OK, HTML, HeaderMap::new(), pages::thanks(lang, &site.city(), &view, &report)))
}

/// `GET /q/{code}/reports/{id}`: what became of a report, for whoever has its number.
pub async fn answered(
    State(site): State<Arc<Site>>,
    Path((code, id)): Path<(String, String)>,
    asking: Asking,
) -> Result<Response, HttpError> {
    let view = item(&site, parse(&code)?)?;
    let id = ReportId(id);
    let state = site.app.report(&id).await?.filter(|state| state.received.as_ref().is_some_and(|received| received.item == view.code));
    let page = pages::answered(asking.lang(), &site.city(), &view, &id, &state.ok_or(HttpError::NotFound)?);
    Ok(respond::unkept(&asking.headers, StatusCode::OK, HTML, HeaderMap::new(), page))
}

/// Who may read reports, and in which units. The token comes as a bearer token or in a form.
async fn reader(site: &Site, headers: &HeaderMap, token: Option<&str>) -> Result<Actor, HttpError> {
    let mut headers = headers.clone();
    if let Some(token) = token.and_then(|token| HeaderValue::try_from(format!("Bearer {token}")).ok()) {
        headers.insert(header::AUTHORIZATION, token);
    }
    let actor = auth::actor(site, &headers).await?;
    if actor.has(Role::reads_reports) {
        return Ok(actor);
    }
    Err(HttpError::Refused(Refusal::forbidden("forbidden-role", sentence!("forbidden-role-reports"))))
}

/// True if the report is about something in the token's units.
pub(super) fn is_within(site: &Site, actor: &Actor, report: &OpenReport, view: Option<&View>) -> bool {
    let moment = site.moment();
    let image = site.model.image();
    let board = report.received.board.and_then(|number| image.view(image.by_number(number)?, None, &moment));
    let units = board.as_ref().or(view).map(|view| view.units.clone()).unwrap_or_default();
    let today: Vec<_> = units.iter().flat_map(|id| image.city.units.at(id, moment.today)).map(|unit| unit.id.clone()).collect();
    actor.reaches(Role::reads_reports, &today)
}

/// The open reports that the actor may see, newest first, and their total number. The text is loaded for
/// the first `most` only.
pub(super) async fn open(site: &Site, actor: &Actor, most: usize) -> Result<(Vec<Line>, usize), HttpError> {
    let moment = site.moment();
    let gather = || {
        let image = site.model.image();
        let of = |report: &OpenReport| {
            let board = report.received.board.and_then(|number| image.view(image.by_number(number)?, None, &moment));
            (report.clone(), image.view(&report.received.item, None, &moment), board)
        };
        let reports: Vec<(OpenReport, Option<View>, Option<View>)> = image.reports().values().map(of).collect();
        drop(image);
        let mut own: Vec<_> = reports.into_iter().filter(|(report, view, _)| is_within(site, actor, report, view.as_ref())).collect();
        own.sort_by_key(|(report, ..)| std::cmp::Reverse(report.at));
        own
    };
    let own = site.at_length(gather).await?;
    let count = own.len();
    let mut lines = Vec::new();
    for (report, view, board) in own.into_iter().take(most) {
        let written = site.app.report_text(&report.received.subject).await?;
        lines.push(Line { at: moment_of(report.at), received: report.received, view, board, written });
    }
    Ok((lines, count))
}

/// `GET /reports`: the open reports for a program with a bearer token; for a browser, the form that asks
/// for a token.
pub async fn list(State(site): State<Arc<Site>>, asking: Asking) -> Result<Response, HttpError> {
    if asking.headers.get(header::AUTHORIZATION).is_none() && asking.wants_html() {
        return Ok(secret(pages::sign_in(asking.lang(), &site.city())));
    }
    let actor = reader(&site, &asking.headers, None).await?;
    let list: Vec<_> = open(&site, &actor, MOST_OPEN).await?.0.iter().map(Line::json).collect();
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(respond::with(StatusCode::OK, "application/json", headers, json!({ "reports": list }).to_string()))
}

/// `POST /reports`: the list for a token that a form sends. Also closes the reports that the form names.
pub async fn work(State(site): State<Arc<Site>>, Asking { query, headers }: Asking, body: Body) -> Result<Response, HttpError> {
    let query = query.as_deref();
    let sent = forms::read(&headers, body, FORM_BYTES).await?;
    let fields = Fields::of(query, &sent.text);
    let lang = fields.lang(&headers);
    let token = fields.get("token");
    let actor = reader(&site, &headers, token).await?;
    // The form names one report, or several separated by blanks after a flood of them.
    for report in fields.get("report").unwrap_or_default().split_whitespace().take(SHOWN) {
        close(&site, &actor, report, &fields).await?;
    }
    let (lines, count) = open(&site, &actor, SHOWN).await?;
    Ok(secret(pages::list(lang, &site.city(), &site.moment(), &lines, count, token.unwrap_or_default())))
}

/// Closes a report that the actor may see. Errors: it is not open, or the outcome is none.
pub(super) async fn close(site: &Site, actor: &Actor, report: &str, fields: &Fields) -> Result<(), HttpError> {
    let id = ReportId(report.to_owned());
    let unknown = || HttpError::Refused(Refusal::invalid("unknown-report", sentence!("unknown-report", report)));
    let known = site.model.image().reports().get(&id).cloned();
    let open = known.ok_or_else(unknown)?;
    let moment = site.moment();
    let view = site.model.image().view(&open.received.item, None, &moment);
    if !is_within(site, actor, &open, view.as_ref()) {
        return Err(unknown());
    }
    let outcome = fields.get("outcome").and_then(ReportOutcome::parse).ok_or_else(|| HttpError::Parameter(sentence!("report-outcome")))?;
    site.app.close_report(actor, id, outcome, fields.get("answer").unwrap_or_default()).await?;
    let head = site.app.log().head().await?.position;
    site.model.wait_for(head, std::time::Duration::from_secs(1)).await;
    Ok(())
}
