//! The one table from errors to statuses, and the form of errors: problem+json, or a page for people.
//!
//! A refusal says why in Vietnamese and English; a failure says when to try again. Handlers return
//! [`HttpError`]; nothing else sets an error status.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::Site;
use super::respond;
use crate::app::ExecuteError;
use crate::disk::{self, Disk};
use crate::domain::Refusal;
use crate::domain::city::City;
use crate::domain::code::CodeError;
use crate::domain::refusal::Why;
use crate::event_store::StoreError;
use crate::import::Report;
use crate::prints::PressError;
use crate::read_model::layers::collections;
use crate::render::home::problem;
use crate::render::qr::QrError;
use crate::words::sentence::{Said, Sentence};
use crate::words::text::Lang;
use crate::words::text::text;

/// Everything that can go wrong with a request.
#[derive(Debug)]
pub enum HttpError {
    /// No such page.
    NotFound,
    /// There is no collection of that name.
    UnknownCollection,
    /// The code has no item.
    UnknownCode,
    /// The city has no such unit.
    UnknownUnit,
    /// The register has no such board.
    UnknownBoard(u32),
    /// The item has no areas to make a map sheet of.
    NoSheet,
    /// The code is mistyped.
    WrongCode(CodeError),
    /// A parameter or header is wrong. The sentence says which, and what is allowed.
    BadRequest(String),
    /// A parameter is wrong. The sentences say which and what is allowed, in Vietnamese and in English.
    Parameter(Sentence),
    /// The feature existed but not at the moment asked for; says where to look instead.
    Gone(Box<Gone>),
    /// The address does not take the method.
    MethodNotAllowed,
    /// The answer has none of the forms that were asked for.
    NotAcceptable,
    /// The rules refuse the command.
    Refused(Refusal),
    /// The file that came with a command has errors.
    Import(Box<Report>),
    /// There is no token, or it is not valid.
    Unauthorized,
    /// The item has changed since the client last saw it.
    PreconditionFailed,
    /// The body is larger than the limit in bytes.
    TooLarge(usize),
    /// The requested range lies beyond the end of an answer of this many bytes.
    Beyond(u64),
    /// Too many requests came at once from one network.
    TooMany,
    /// The body did not arrive in time.
    TooSlow,
    /// The store is unreachable; nothing was written.
    Unavailable,
    /// This node changes nothing; another one does, or this one later.
    ReadOnly,
    /// A disk is full or cannot be written; nothing was written.
    Full(Disk),
    /// The data is not in memory and the store is unreachable.
    Away,
    /// Too much is being drawn right now; the client may try again later.
    Busy,
    /// The command may have been written; the client repeats it with the same id.
    UnknownOutcome,
    /// This node has not yet reached the position asked for.
    Behind,
    /// Stored data is damaged.
    Damaged(String),
    /// This program failed.
    Internal(String),
}

impl From<ExecuteError> for HttpError {
    fn from(error: ExecuteError) -> Self {
        match error {
            ExecuteError::Refused(refusal) => Self::Refused(refusal),
            ExecuteError::Import(report) => Self::Import(report),
            ExecuteError::Unavailable(what) => {
                tracing::error!("a write failed: {what}");
                Self::Unavailable
            }
            ExecuteError::Full(disk) => Self::Full(disk),
            ExecuteError::Unknown(what) => {
                tracing::error!("a write has an unknown outcome: {what}");
                Self::UnknownOutcome
            }
            ExecuteError::Damaged(what) => Self::Internal(what),
        }
    }
}

impl From<PressError> for HttpError {
    fn from(error: PressError) -> Self {
        match error {
            PressError::UnknownCode => Self::UnknownCode,
            PressError::UnknownUnit => Self::UnknownUnit,
            PressError::UnknownBoard(number) => Self::UnknownBoard(number),
            PressError::NoSheet => Self::NoSheet,
            PressError::Nothing => Self::NotFound,
            PressError::TooMany(count) => Self::Parameter(sentence!("prints-too-many", count, most = crate::prints::MOST)),
            PressError::Store(error) => error.into(),
            PressError::Print(error) => Self::Internal(error.to_string()),
        }
    }
}

impl From<QrError> for HttpError {
    fn from(error: QrError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<StoreError> for HttpError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(what) => {
                tracing::error!("a read failed: {what}");
                Self::Away
            }
            StoreError::Full(name) => Self::Full(Disk::Store(name)),
            other => Self::Damaged(other.to_string()),
        }
    }
}

/// Links to where a gone feature can still be found.
#[derive(Debug)]
pub struct Gone {
    /// Links: relation, type, address.
    pub links: Value,
    /// The same links as a `Link` header.
    pub header: Option<HeaderValue>,
}

struct Form {
    status: StatusCode,
    name: &'static str,
    said: Said,
    more: Value,
}

impl HttpError {
    /// A file below TMPDIR could not be written.
    pub fn spooling(error: &std::io::Error) -> Self {
        if disk::is_closed(error) { Self::Full(Disk::temporary()) } else { Self::Internal(format!("a file below TMPDIR: {error}")) }
    }

    /// A parameter was given twice.
    pub fn twice(name: &str) -> Self {
        Self::Parameter(sentence!("parameter-comes-twice", name))
    }

    /// The problem document (RFC 9457).
    pub fn problem(&self, lang: Lang) -> Value {
        let form = self.form();
        let detail = form.said.text(lang);
        let mut body = json!({
            "type": format!("/problems/{}", form.name),
            "title": self.title(lang, detail),
            "status": form.status.as_u16(),
            "detail": detail,
            "detail_en": form.said.text(Lang::En),
        });
        if let (Some(body), Value::Object(more)) = (body.as_object_mut(), form.more) {
            body.extend(more);
        }
        body
    }

    /// The table from errors to statuses and sentences.
    fn form(&self) -> Form {
        let of = |status, name, said: Sentence| Form { status, name, said: said.into(), more: Value::Null };
        let key = |status, name, key: &str| Form { status, name, said: Said::of_page(key), more: Value::Null };
        match self {
            Self::NotFound => key(StatusCode::NOT_FOUND, "not-found", "not-found-help"),
            Self::UnknownCollection => {
                let names: Vec<&str> = collections().iter().map(|collection| collection.name).collect();
                let names = names.join(", ");
                of(StatusCode::NOT_FOUND, "unknown-collection", sentence!("unknown-collection", names))
            }
            Self::UnknownCode => key(StatusCode::NOT_FOUND, "unknown-code", "code-unknown"),
            Self::UnknownBoard(number) => of(StatusCode::NOT_FOUND, "unknown-board", sentence!("unknown-board", number)),
            Self::NoSheet => of(StatusCode::NOT_FOUND, "no-sheet", sentence!("no-sheet")),
            Self::UnknownUnit => key(StatusCode::NOT_FOUND, "unknown-unit", "unit-unknown-help"),
            Self::WrongCode(CodeError::Check) => key(StatusCode::NOT_FOUND, "wrong-code", "code-wrong-help"),
            Self::WrongCode(CodeError::Shape) => key(StatusCode::NOT_FOUND, "wrong-code", "code-shape-help"),
            Self::BadRequest(what) => of(StatusCode::BAD_REQUEST, "bad-request", sentence!("bad-request", what)),
            Self::Parameter(said) => of(StatusCode::BAD_REQUEST, "bad-request", said.clone()),
            Self::Gone(gone) => Form { more: json!({ "links": gone.links }), ..of(StatusCode::GONE, "gone", sentence!("gone")) },
            Self::MethodNotAllowed => of(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", sentence!("method-not-allowed")),
            Self::NotAcceptable => of(StatusCode::NOT_ACCEPTABLE, "not-acceptable", sentence!("not-acceptable")),
            Self::Refused(refusal) => {
                let status = match refusal.why {
                    Why::Unknown => StatusCode::NOT_FOUND,
                    Why::Forbidden => StatusCode::FORBIDDEN,
                    Why::InTheWay | Why::Busy => StatusCode::CONFLICT,
                    Why::Wrong => StatusCode::UNPROCESSABLE_ENTITY,
                };
                of(status, refusal.reason, refusal.said.clone())
            }
            Self::Import(report) => {
                Form { more: json!({ "report": report }), ..of(StatusCode::UNPROCESSABLE_ENTITY, "import", sentence!("import")) }
            }
            Self::Unauthorized => of(StatusCode::UNAUTHORIZED, "unauthorized", sentence!("unauthorized")),
            Self::PreconditionFailed => of(StatusCode::PRECONDITION_FAILED, "precondition-failed", sentence!("precondition-failed")),
            Self::TooLarge(limit) => {
                of(StatusCode::PAYLOAD_TOO_LARGE, "too-large", sentence!("too-large-errors", limit = crate::words::format::binary(*limit)))
            }
            Self::Beyond(length) => of(StatusCode::RANGE_NOT_SATISFIABLE, "beyond", sentence!("beyond", length)),
            Self::TooMany => key(StatusCode::TOO_MANY_REQUESTS, "too-many", "too-many-help"),
            Self::TooSlow => of(StatusCode::REQUEST_TIMEOUT, "too-slow", sentence!("too-slow")),
            Self::Unavailable => of(StatusCode::SERVICE_UNAVAILABLE, "unavailable", sentence!("unavailable")),
            Self::ReadOnly => of(StatusCode::SERVICE_UNAVAILABLE, "read-only", sentence!("node-read-only")),
            Self::Full(disk) => of(StatusCode::SERVICE_UNAVAILABLE, "full-disk", sentence!("full-disk", disk = disk.to_string())),
            Self::Away => key(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "unavailable-help"),
            Self::Busy => key(StatusCode::SERVICE_UNAVAILABLE, "busy", "busy-help"),
            Self::UnknownOutcome => of(StatusCode::SERVICE_UNAVAILABLE, "unknown-outcome", sentence!("unknown-outcome")),
            Self::Behind => of(StatusCode::SERVICE_UNAVAILABLE, "behind", sentence!("behind")),
            Self::Damaged(_) => key(StatusCode::INTERNAL_SERVER_ERROR, "damaged", "damaged"),
            Self::Internal(_) => of(StatusCode::INTERNAL_SERVER_ERROR, "internal", sentence!("internal")),
        }
    }

    /// The title of the error's page.
    fn title<'a>(&self, lang: Lang, fallback: &'a str) -> &'a str {
        match self {
            Self::NotFound | Self::UnknownCollection => text(lang, "not-found"),
            Self::UnknownCode => text(lang, "code-unknown"),
            Self::UnknownUnit => text(lang, "unit-unknown"),
            Self::WrongCode(_) => text(lang, "code-wrong"),
            Self::TooMany => text(lang, "too-many"),
            Self::Away | Self::Behind => text(lang, "unavailable"),
            Self::Unavailable | Self::ReadOnly => text(lang, "not-written"),
            Self::Full(_) => text(lang, "full-disk"),
            Self::Busy => text(lang, "busy"),
            Self::Damaged(_) => text(lang, "damaged"),
            Self::BadRequest(_) | Self::Parameter(..) => text(lang, "bad-request"),
            Self::Gone(_) => text(lang, "gone"),
            _ => fallback,
        }
    }

    /// The answer: a page for a browser, in a frame of its own where it has one; a problem document for a program.
    pub fn respond(&self, site: &Site, lang: Lang, wants_html: bool, frame: Option<&Frame>) -> Response {
        if let Self::Damaged(what) | Self::Internal(what) = self {
            tracing::error!("{what}");
        }
        if let Self::Full(disk) = self {
            site.model.disks.note(disk);
        }
        let form = self.form();
        let detail = form.said.text(lang);
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if form.status == StatusCode::SERVICE_UNAVAILABLE {
            let seconds = if matches!(self, Self::ReadOnly) { "60" } else { "5" };
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(seconds));
        }
        if form.status == StatusCode::TOO_MANY_REQUESTS {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("600"));
        }
        if form.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Self::Beyond(length) = self {
            headers.extend(HeaderValue::try_from(format!("bytes */{length}")).ok().map(|range| (header::CONTENT_RANGE, range)));
        }
        if let Self::Gone(gone) = self {
            headers.extend(gone.header.clone().map(|links| (header::LINK, links)));
        }
        if wants_html {
            let city = site.model.image().city.clone();
            let title = self.title(lang, detail);
            let page = frame.map_or_else(|| problem(lang, &city, title, detail), |Frame(frame)| frame(lang, &city, title, detail));
            return respond::with(form.status, "text/html; charset=utf-8", headers, page);
        }
        respond::with(form.status, "application/problem+json", headers, self.problem(lang).to_string())
    }
}

/// Draws a page from language, city, title and sentence.
type Draw = dyn Fn(Lang, &City, &str, &str) -> String + Send + Sync;

/// How the page of an error is drawn for whoever has signed in.
#[derive(Clone)]
pub struct Frame(pub Arc<Draw>);

impl IntoResponse for HttpError {
    /// Sets only the status. The middleware knows the reader's language and form and writes the text
    /// ([`super::middleware`]).
    fn into_response(self) -> Response {
        let mut response = self.form().status.into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}
