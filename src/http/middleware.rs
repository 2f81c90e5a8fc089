//! Runs around every request: security headers, CORS, read-your-writes, panics, counting.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use futures_util::FutureExt;
use percent_encoding::percent_decode_str;

use super::errors::{Frame, HttpError};
use super::office::door;
use super::ranges::{self, RangeRequest};
use super::routes::{ITEMS, Takes, takes};
use super::{Site, respond};
use crate::domain::families;
use crate::http::collections::parameters;
use crate::http::reading;
use crate::render::layout::CONTENT_SECURITY_POLICY;
use crate::words::copied::untailed;

/// How long a read that names a position waits for it.
const POSITION_PATIENCE: Duration = Duration::from_secs(1);

/// How much of a form is taken in that is refused anyway, and for how long.
const REST: usize = 1 << 20;
const REST_PATIENCE: Duration = Duration::from_secs(2);

/// What a request says about its reader. It is used only if something went wrong.
struct Reader {
    uri: Uri,
    /// The route that the address leads to.
    route: Option<MatchedPath>,
    preferences: Vec<(HeaderName, HeaderValue)>,
}

impl Reader {
    fn of(request: &Request) -> Self {
        let headers = request.headers();
        let own = |name: HeaderName| headers.get_all(&name).iter().map(move |value| (name.clone(), value.clone()));
        Self {
            uri: request.uri().clone(),
            route: request.extensions().get::<MatchedPath>().cloned(),
            preferences: own(header::ACCEPT).chain(own(header::ACCEPT_LANGUAGE)).collect(),
        }
    }

    fn headers(&self) -> HeaderMap {
        self.preferences.iter().cloned().collect()
    }

    fn wants_html(&self) -> bool {
        reading::wants_html(&self.headers())
    }

    /// The error in the language and form that the address or the client asks for.
    fn told(&self, site: &Site, error: &HttpError, frame: Option<&Frame>) -> Response {
        let lang = reading::language(reading::parameter(self.uri.query(), "lang").as_deref(), &self.headers());
        let asks_for_json = reading::parameter(self.uri.query(), "f").as_deref() == Some("json");
        error.respond(site, lang, self.wants_html() && !asks_for_json, frame)
    }
}

/// Runs around every handler.
pub async fn around(State(site): State<Arc<Site>>, mut request: Request, next: Next) -> Response {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    if request.method() == Method::OPTIONS {
        let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
        return options(&site, allowed(route, request.uri().path()), request.headers());
    }
    let reader = Reader::of(&request);
    if is_read && let Some(position) = request.headers().get("bangtin-position") {
        let position = position.to_str().ok().and_then(|text| text.trim().parse().ok());
        let reached = match position {
            None => Err(HttpError::BadRequest("Bangtin-Position must be a whole number".into())),
            Some(position) if site.model.wait_for(position, POSITION_PATIENCE).await => Ok(()),
            Some(_) => Err(HttpError::Behind),
        };
        if let Err(error) = reached {
            return finish(&site, reader.told(&site, &error, None));
        }
    }
    let is_office = door::is_office(request.uri());
    // A reader may still send a form that changes nothing.
    let is_post = request.method() == Method::POST;
    let writes = |route: &MatchedPath| is_post && takes(route.as_str()) != Takes::Asks;
    if site.app.log().is_read_only() && (is_office || reader.route.as_ref().is_some_and(writes)) {
        // Whoever is still sending a form would meet a connection that is closed, and no sentence.
        let _ = tokio::time::timeout(REST_PATIENCE, axum::body::to_bytes(request.into_body(), REST)).await;
        return finish(&site, reader.told(&site, &HttpError::ReadOnly, None));
    }
    let method = request.method().clone();
    let wish = RangeRequest::of(&method, request.headers_mut());
    // No name holds a zero byte, and PostgreSQL takes none.
    let names_nothing = request.uri().path().contains("%00");
    let ran = async {
        if names_nothing {
            return HttpError::NotFound.into_response();
        }
        if is_office { door::enter(&site, request, next).await } else { next.run(request).await }
    };
    let ran = AssertUnwindSafe(ran).catch_unwind().await;
    let mut response = ran.unwrap_or_else(|_| HttpError::Internal("a handler panicked".into()).into_response());
    if response.status().is_client_error() || response.status().is_server_error() {
        // A session that was renewed goes on, whatever came of the request.
        let cookies: Vec<HeaderValue> = response.headers().get_all(header::SET_COOKIE).iter().cloned().collect();
        response = explained(&site, &reader, is_read, response);
        response.headers_mut().remove(header::SET_COOKIE);
        response.headers_mut().extend(cookies.into_iter().map(|cookie| (header::SET_COOKIE, cookie)));
    }
    let response = ranges::cut(wish, response).await.unwrap_or_else(|error| reader.told(&site, &error, None));
    let mut response = finish(&site, response);
    if is_office {
        door::guard(response.headers_mut());
    }
    response
}

/// Turns an error answer into the form that its reader can use.
fn explained(site: &Site, reader: &Reader, is_read: bool, mut response: Response) -> Response {
    let status = response.status();
    if status == StatusCode::NOT_FOUND
        && is_read
        && reader.wants_html()
        && let Some(address) = without_tail(&reader.uri)
    {
        return respond::see(&address);
    }
    let frame = response.extensions_mut().remove::<Frame>();
    let mut told = match response.extensions_mut().remove::<Arc<HttpError>>() {
        Some(error) => reader.told(site, &error, frame.as_ref()),
        // The router itself refuses an address that is not UTF-8.
        None if status == StatusCode::BAD_REQUEST && is_plain(&response) => {
            reader.told(site, &HttpError::Parameter(sentence!("address-broken")), None)
        }
        None => response,
    };
    if !is_read && status == StatusCode::METHOD_NOT_ALLOWED {
        told.headers_mut()
            .entry(header::ALLOW)
            .or_insert(HeaderValue::from_static(allowed(reader.route.as_ref().map(MatchedPath::as_str), reader.uri.path())));
    }
    told
}

/// The address without appended text and without empty parts; `None` if nothing changes. A request that
/// leads nowhere is redirected there.
fn without_tail(uri: &Uri) -> Option<String> {
    let path = uri.path();
    let read = percent_decode_str(path).decode_utf8().ok()?;
    let parts: Vec<&str> = read.split('/').map(untailed).filter(|part| !part.is_empty()).collect();
    if read.strip_prefix('/') == Some(parts.join("/").as_str()) {
        return None;
    }
    // The path is encoded anew, so that nothing in it can be taken for another host.
    let mut address = String::with_capacity(path.len());
    for part in &parts {
        address.push('/');
        address.extend(parameters::encoded(part));
    }
    if parts.is_empty() {
        address.push('/');
    }
    if let Some(query) = uri.query() {
        address.push('?');
        address.push_str(query);
    }
    Some(address)
}

fn is_plain(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|media| media.as_bytes().starts_with(b"text/plain"))
}

fn finish(site: &Site, mut response: Response) -> Response {
    site.metrics.count(response.status().as_u16());
    guard(response.headers_mut());
    response
}

/// Adds the headers that every answer has. A header that a handler has set stays.
fn guard(headers: &mut HeaderMap) {
    let html = headers.get(header::CONTENT_TYPE).is_some_and(|media| media.as_bytes().starts_with(b"text/html"));
    if html && let Ok(policy) = HeaderValue::from_str(&CONTENT_SECURITY_POLICY) {
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(policy);
    }
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            "Link, Content-Crs, Content-Range, Accept-Ranges, ETag, OGC-NumberMatched, OGC-NumberReturned, Memento-Datetime, Bangtin-Position",
        ),
    ];
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

/// The methods that an address takes. Only items can be published, not their single features: QGIS takes a layer that
/// takes POST for one that can be edited.
fn allowed(route: Option<&str>, path: &str) -> &'static str {
    let Some(route) = route else { return Takes::Reads.methods() };
    let takes_commands = || {
        let name = path.trim_matches('/').split('/').nth(1).unwrap_or_default();
        families::collections().iter().any(|(known, ..)| *known == name)
    };
    if route == ITEMS && !takes_commands() { Takes::Reads } else { takes(route) }.methods()
}

/// Headers that a page of another site may send with writes, and with reads. A read gives everyone the same
/// answer, so any header is allowed. `*` stands for all other headers except `Authorization`; older
/// browsers do not know it, so common headers are listed.
const WRITES_TAKE: &str = "Accept, Accept-Language, Accept-Datetime, Bangtin-Position, If-None-Match, Range, If-Range";
const READS_TAKE: &str = "Accept, Accept-Language, Accept-Datetime, Bangtin-Position, If-None-Match, If-Modified-Since, Range, If-Range, \
     Cache-Control, Pragma, Content-Type, X-Requested-With, *";

fn options(site: &Site, allow: &'static str, asked: &HeaderMap) -> Response {
    let method = asked.get(header::ACCESS_CONTROL_REQUEST_METHOD).map(HeaderValue::as_bytes);
    let is_read = method.is_none_or(|method| matches!(method, b"GET" | b"HEAD"));
    let mut headers = HeaderMap::new();
    headers.insert(header::ALLOW, HeaderValue::from_static(allow));
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, OPTIONS"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(if is_read { READS_TAKE } else { WRITES_TAKE }));
    headers.insert(header::VARY, HeaderValue::from_static("Access-Control-Request-Method"));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    *response.headers_mut() = headers;
    finish(site, response)
}
