//! `/q/{code}` and everything below it.

mod files;
pub mod lots;
mod material;
mod memento;
mod prebuilt;

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;

use super::answers::{Mark, Representation, Scope};
use serde_json::json;

use super::errors::{Gone, HttpError};
use super::{Site, ranges};
use crate::domain::publication::Status;
use crate::domain::publication::view::View;
use crate::domain::unit::UnitId;
use crate::domain::{Code, mark};
use crate::export::Format;
use crate::http::downloads::{self, Content};
use crate::http::reading::{self, Asking, Form};
use crate::prints::Order;
use crate::render::print::Size;
use crate::render::qr;
use crate::words::copied::untailed;
use crate::words::text::Lang;
pub use files::{blob, document};
pub(super) use files::{hand_over, send_document};
pub(super) use material::foreseen;
use memento::memento;
use prebuilt::answer;
pub(super) use prebuilt::record_tags;

/// Splits `CODE.geojson` into the code and the form.
fn split(name: &str) -> (&str, Option<&str>) {
    name.split_once('.').map_or((name, None), |(code, form)| (code, Some(form)))
}

/// The code at the beginning of a text, if a character follows that cannot be part of a code.
pub(super) fn code_before(text: &str) -> Option<Code> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric())?;
    text[..end].parse().ok()
}

pub(super) fn parse(code: &str) -> Result<Code, HttpError> {
    code.parse().map_err(HttpError::WrongCode)
}

/// Whom a page is made for: `?lang=`, `?unit=`, and the mark of a board after the code.
fn scope(query: Option<&str>, headers: &HeaderMap, mark: Option<Mark>) -> Result<Scope, HttpError> {
    let lang = reading::language(reading::parameter(query, "lang").as_deref(), headers);
    let (unit, whole) = part(query)?;
    Ok(Scope { lang, unit, whole, mark })
}

/// Reads `?unit=`: a unit, or `all` for the whole.
fn part(query: Option<&str>) -> Result<(Option<UnitId>, bool), HttpError> {
    match reading::asked(query, "unit") {
        None => Ok((None, false)),
        Some(unit) if unit == "all" => Ok((None, true)),
        Some(unit) => Ok((Some(unit.parse().map_err(|_| HttpError::UnknownUnit)?), false)),
    }
}

/// A parameter of a print; `None` if it is empty. A parameter that comes twice is refused, because a wrong
/// print hangs for a long time.
fn once(query: Option<&str>, name: &str) -> Result<Option<String>, HttpError> {
    let names = query.unwrap_or_default().split('&').map(|pair| pair.split('=').next().unwrap_or_default());
    if names.filter(|given| *given == name).count() > 1 {
        return Err(HttpError::twice(name));
    }
    Ok(reading::asked(query, name))
}

/// Reads what is to be printed: `?unit=`, `?board=`, `?lang=`. Prints are Vietnamese unless another
/// language is asked for.
fn order(query: Option<&str>) -> Result<Order, HttpError> {
    once(query, "unit")?;
    let (unit, whole) = part(query)?;
    let board = match once(query, "board")? {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| HttpError::Parameter(sentence!("board-parameter", text)))?),
    };
    Ok(Order { lang: Lang::choose(reading::parameter(query, "lang").as_deref(), None), unit, whole, board })
}

/// `/q/{code}/poster.pdf?size=&unit=&board=`
pub async fn poster(
    State(site): State<Arc<Site>>,
    Path(code): Path<String>,
    Asking { query, headers }: Asking,
) -> Result<Response, HttpError> {
    let query = query.as_deref();
    let size = paper(query)?;
    answer(&site, parse(&code)?, Representation::Poster(size, order(query)?), &headers).await
}

/// The paper size that an address asks for.
pub(in crate::http) fn paper(query: Option<&str>) -> Result<Size, HttpError> {
    match once(query, "size")? {
        None => Ok(Size::A4),
        Some(text) => Size::parse(&text).ok_or_else(|| HttpError::Parameter(sentence!("print-size", text))),
    }
}

/// `/q/{code}/stickers.pdf?board=`
pub async fn stickers(
    State(site): State<Arc<Site>>,
    Path(code): Path<String>,
    Asking { query, headers }: Asking,
) -> Result<Response, HttpError> {
    let query = query.as_deref();
    answer(&site, parse(&code)?, Representation::Stickers(order(query)?), &headers).await
}

/// `/q/{code}/preview.png`
pub async fn preview(
    State(site): State<Arc<Site>>,
    Path(code): Path<String>,
    Asking { query, headers }: Asking,
) -> Result<Response, HttpError> {
    let query = query.as_deref();
    let lang = Lang::choose(reading::parameter(query, "lang").as_deref(), None);
    answer(&site, parse(&code)?, Representation::Preview(lang), &headers).await
}

/// `/q/{code}`, `.geojson`, `.json`
pub async fn item(
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    Asking { query, headers }: Asking,
    method: Method,
) -> Result<Response, HttpError> {
    // The address may have been copied together with the end of a sentence, or its query encoded as a part of it.
    let (name, hung_on) = name.split_once(['?', '&']).map_or((name.as_str(), None), |(name, rest)| (name, Some(rest)));
    let query = query.or_else(|| hung_on.map(str::to_owned));
    let (text, form) = split(untailed(name).trim_start_matches(|c: char| !c.is_alphanumeric()));
    let (code, form) = match parse(text) {
        Ok(code) => (code, form),
        // Messengers and people append things to a code, which are dropped: “](https:”, “+”, “ xem ngay”.
        Err(error) => (code_before(text).ok_or(error)?, None),
    };
    if let Some(format) = form.and_then(Format::of_ending).filter(|format| *format != Format::GeoJson) {
        let moment = site.moment();
        let view = site.model.image().view(&code, None, &moment).ok_or(HttpError::UnknownCode)?;
        let layer = site.model.layer_of(&view, &moment).await?.ok_or(HttpError::NotFound)?;
        let others = if format.has_layers() { site.model.other_layers_of(&view, &layer, &moment).await? } else { Vec::new() };
        let is_gone = view.status == Status::Withdrawn;
        let mut request = headers.clone();
        if is_gone {
            // A condition only applies to a successful answer (RFC 9110 §13.2.1).
            request.remove(header::IF_NONE_MATCH);
        }
        let needs_length = !is_gone && ranges::needs_length(&method, &headers);
        let file = format!("{code}.{}", format.ending());
        let mut response = downloads::send(&site, Content::of_item(layer, others, format), format, &file, needs_length, &request).await?;
        if is_gone {
            *response.status_mut() = StatusCode::GONE;
            response.headers_mut().remove(header::ACCEPT_RANGES);
        }
        return Ok(response);
    }
    // Memento (RFC 7089): the item's address redirects to the revision that held at a moment.
    if form.is_none()
        && let Some(moment) = headers.get("accept-datetime")
    {
        part(query.as_deref())?;
        return memento(&site, code, moment, query.as_deref());
    }
    let what = match form {
        None => Representation::Page(scope(query.as_deref(), &headers, None)?),
        // The code of a print leads to its item, even if its mark is wrong.
        Some(text) if mark::is_like(text) => {
            let mark = mark::parse(code, text).map_or(Mark::Wrong, Mark::Board);
            Representation::Page(scope(query.as_deref(), &headers, Some(mark))?)
        }
        Some("geojson") => Representation::GeoJson,
        Some("json") => Representation::Record,
        Some("ics") => Representation::Calendar,
        // A phone must not keep the number of what was taken back or has ended.
        Some("vcf") => {
            let holds = |view: View| matches!(view.status, Status::InForce | Status::Upcoming);
            if site.model.image().view(&code, None, &site.moment()).is_some_and(|view| !holds(view)) {
                let page = format!("{}/q/{code}", site.city().public_url);
                let links = json!([{ "rel": "alternate", "type": "text/html", "href": page }]);
                return Err(HttpError::Gone(Box::new(Gone { links, header: None })));
            }
            Representation::Card
        }
        Some(_) => return Err(HttpError::NotFound),
    };
    let board = match &what {
        Representation::Page(scope) => Some(match scope.mark {
            Some(Mark::Board(number)) => Some(number),
            _ => None,
        }),
        _ => None,
    };
    let response = answer(&site, code, what, &headers).await?;
    if let Some(board) = board.filter(|_| method == Method::GET) {
        site.count_reading(code, board, &headers);
    }
    Ok(response)
}

/// `/q/{code}/history`
pub async fn history(State(site): State<Arc<Site>>, Path(code): Path<String>, asking: Asking) -> Result<Response, HttpError> {
    answer(&site, parse(&code)?, Representation::History(asking.lang()), &asking.headers).await
}

/// `/q/{code}/changes?from=&to=`. Without numbers, it compares the revision in force with the one before.
pub async fn changes(State(site): State<Arc<Site>>, Path(code): Path<String>, asking: Asking) -> Result<Response, HttpError> {
    let code = parse(&code)?;
    let number = |name: &str| match asking.asked(name) {
        None => Ok(None),
        Some(text) => text.parse::<u32>().map(Some).map_err(|_| HttpError::Parameter(sentence!("revision-number", name, text))),
    };
    let moment = site.moment();
    let shown = site.model.image().view(&code, None, &moment).ok_or(HttpError::UnknownCode)?.revision;
    let to = number("to")?.unwrap_or(shown);
    let from = number("from")?.unwrap_or(to.saturating_sub(1).max(1));
    // It was a page before it was JSON: who names neither gets the page.
    let names_json = |accept: &HeaderValue| accept.to_str().is_ok_and(|accept| accept.contains("json"));
    let is_named = asking.asked("f").is_some() || asking.headers.get(header::ACCEPT).is_some_and(names_json);
    let what = match if is_named { asking.page_or_json()? } else { Form::Html } {
        Form::Html => Representation::Changes(from, to, asking.lang()),
        Form::Json => Representation::ChangesRecord(from, to),
    };
    answer(&site, code, what, &asking.headers).await
}

/// `/q/{code}/revisions/{n}`, `.geojson`
pub async fn revision(
    State(site): State<Arc<Site>>,
    Path((code, name)): Path<(String, String)>,
    Asking { query, headers }: Asking,
) -> Result<Response, HttpError> {
    let (number, form) = split(&name);
    let number: u32 = number.parse().map_err(|_| HttpError::NotFound)?;
    let what = match form {
        None => Representation::Revision(number, scope(query.as_deref(), &headers, None)?),
        Some("geojson") => Representation::RevisionGeoJson(number),
        Some(_) => return Err(HttpError::NotFound),
    };
    answer(&site, parse(&code)?, what, &headers).await
}

/// `/q/{code}/qr.svg`
pub async fn qr_svg(State(site): State<Arc<Site>>, Path(code): Path<String>, headers: HeaderMap) -> Result<Response, HttpError> {
    answer(&site, parse(&code)?, Representation::QrSvg, &headers).await
}

/// `/q/{code}/qr.png?size=`
pub async fn qr_png(State(site): State<Arc<Site>>, Path(code): Path<String>, asking: Asking) -> Result<Response, HttpError> {
    let size = match asking.asked("size") {
        None => 512,
        Some(text) => text.parse().ok().filter(|size| qr::SIZES.contains(size)).ok_or_else(|| {
            let (least, most) = (qr::SIZES.start(), qr::SIZES.end());
            HttpError::Parameter(sentence!("size-pixels", least, most))
        })?,
    };
    answer(&site, parse(&code)?, Representation::QrPng(size), &asking.headers).await
}
