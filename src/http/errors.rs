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
use crate::domain::code::CodeError;
use crate::event_store::StoreError;
use crate::import::Report;
use crate::prints::PressError;
use crate::read_model::layers::collections;
use crate::render::home::problem;
use crate::render::qr::QrError;
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
    Parameter(String, String),
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
            PressError::TooMany(count) => Self::Parameter(
                format!("{count} bản in là quá nhiều cho một tệp: hãy in từng phường (unit=…)."),
                format!("{count} prints are too many for one file: print unit by unit (unit=…)."),
            ),
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
    vi: String,
    en: String,
    more: Value,
}

impl HttpError {
    /// A file below TMPDIR could not be written.
    pub fn spooling(error: &std::io::Error) -> Self {
        if disk::is_closed(error) { Self::Full(Disk::temporary()) } else { Self::Internal(format!("a file below TMPDIR: {error}")) }
    }

    /// A parameter was given twice.
    pub fn twice(name: &str) -> Self {
        Self::Parameter(format!("Tham số “{name}” xuất hiện hai lần"), format!("the parameter “{name}” comes twice"))
    }

    /// The problem document (RFC 9457).
    pub fn problem(&self, lang: Lang) -> Value {
        let form = self.form();
        let detail = lang.pick(&form.vi, &form.en);
        let mut body = json!({
            "type": format!("/problems/{}", form.name),
            "title": self.title(lang, detail),
            "status": form.status.as_u16(),
            "detail": detail,
            "detail_en": form.en,
        });
        if let (Some(body), Value::Object(more)) = (body.as_object_mut(), form.more) {
            body.extend(more);
        }
        body
    }

    /// The table from errors to statuses and sentences.
    #[expect(clippy::too_many_lines, reason = "one arm for each error: the table of statuses")]
    fn form(&self) -> Form {
        let of = |status, name, vi: &str, en: &str| Form { status, name, vi: vi.into(), en: en.into(), more: Value::Null };
        let key = |status, name, key: &str| of(status, name, text(Lang::Vi, key), text(Lang::En, key));
        match self {
            Self::NotFound => key(StatusCode::NOT_FOUND, "not-found", "not-found-help"),
            Self::UnknownCollection => {
                let names: Vec<&str> = collections().iter().map(|collection| collection.name).collect();
                let names = names.join(", ");
                of(
                    StatusCode::NOT_FOUND,
                    "unknown-collection",
                    &format!("Không có lớp bản đồ này; có: {names}."),
                    &format!("There is no such collection; there are {names}."),
                )
            }
            Self::UnknownCode => key(StatusCode::NOT_FOUND, "unknown-code", "code-unknown"),
            Self::UnknownBoard(number) => of(
                StatusCode::NOT_FOUND,
                "unknown-board",
                &format!("Sổ niêm yết không có bảng số {number}."),
                &format!("The register has no board {number}."),
            ),
            Self::NoSheet => of(
                StatusCode::NOT_FOUND,
                "no-sheet",
                "Nội dung này không có bản đồ vùng: hãy in size=A4 hoặc A3.",
                "This item has no areas to make a map sheet of: print size=A4 or A3.",
            ),
            Self::UnknownUnit => key(StatusCode::NOT_FOUND, "unknown-unit", "unit-unknown-help"),
            Self::WrongCode(CodeError::Check) => key(StatusCode::NOT_FOUND, "wrong-code", "code-wrong-help"),
            Self::WrongCode(CodeError::Shape) => key(StatusCode::NOT_FOUND, "wrong-code", "code-shape-help"),
            Self::BadRequest(what) => of(StatusCode::BAD_REQUEST, "bad-request", &format!("Yêu cầu sai: {what}"), what),
            Self::Parameter(vi, en) => of(StatusCode::BAD_REQUEST, "bad-request", vi, en),
            Self::Gone(gone) => Form {
                more: json!({ "links": gone.links }),
                ..of(
                    StatusCode::GONE,
                    "gone",
                    "Đối tượng này không có hiệu lực, hoặc chưa được ghi nhận, vào lúc được hỏi; xem các phiên bản của nó.",
                    "This feature was not in force, or not known yet, at the moment asked for; see its versions.",
                )
            },
            Self::MethodNotAllowed => of(
                StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "Địa chỉ này không nhận phương thức đó.",
                "This address does not take that method.",
            ),
            Self::NotAcceptable => of(
                StatusCode::NOT_ACCEPTABLE,
                "not-acceptable",
                "Không có dạng dữ liệu được yêu cầu; hãy dùng ?f=json hoặc ?f=html.",
                "There is no such form; use ?f=json or ?f=html.",
            ),
            Self::Refused(refusal) => {
                let status = match refusal.reason {
                    "unknown-code" | "unknown-revision" => StatusCode::NOT_FOUND,
                    reason if reason.starts_with("forbidden") => StatusCode::FORBIDDEN,
                    _ if refusal.conflict => StatusCode::CONFLICT,
                    _ => StatusCode::UNPROCESSABLE_ENTITY,
                };
                of(status, refusal.reason, &refusal.vi, &refusal.en)
            }
            Self::Import(report) => Form {
                more: json!({ "report": report }),
                ..of(StatusCode::UNPROCESSABLE_ENTITY, "import", "Tệp có lỗi; xem báo cáo.", "The file has errors; see the report.")
            },
            Self::Unauthorized => of(
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                "Cần khóa truy cập còn hiệu lực (Authorization: Bearer …).",
                "A valid token is needed (Authorization: Bearer …).",
            ),
            Self::PreconditionFailed => of(
                StatusCode::PRECONDITION_FAILED,
                "precondition-failed",
                "Nội dung đã thay đổi từ khi bạn xem; hãy xem lại.",
                "The item has changed since you saw it; look again.",
            ),
            Self::TooLarge(limit) => of(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too-large",
                &format!("Nội dung gửi lên lớn hơn giới hạn {limit} byte."),
                &format!("The body is larger than the limit of {limit} bytes."),
            ),
            Self::Beyond(length) => of(
                StatusCode::RANGE_NOT_SATISFIABLE,
                "beyond",
                &format!("Tệp chỉ có {length} byte: phần được yêu cầu (Range) nằm ngoài tệp."),
                &format!("The file has {length} bytes: the part asked for (Range) lies behind its end."),
            ),
            Self::TooMany => key(StatusCode::TOO_MANY_REQUESTS, "too-many", "too-many-help"),
            Self::TooSlow => of(StatusCode::REQUEST_TIMEOUT, "too-slow", "Nội dung gửi lên quá chậm.", "The body did not come in time."),
            Self::Unavailable => of(
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "Kho dữ liệu tạm thời không ghi được; chưa có gì được ghi. Hãy thử lại.",
                "The store is away; nothing was written. Try again.",
            ),
            Self::Full(disk) => of(
                StatusCode::SERVICE_UNAVAILABLE,
                "full-disk",
                &format!(
                    "Đĩa của máy chủ ({disk}) đã đầy hoặc không ghi được; chưa có gì được ghi. Hãy báo người quản trị dọn chỗ, rồi thử lại."
                ),
                &format!(
                    "The server's disk ({disk}) is full or cannot be written; nothing was written. Tell whoever keeps the server to free some space, then try again."
                ),
            ),
            Self::Away => key(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "unavailable-help"),
            Self::Busy => key(StatusCode::SERVICE_UNAVAILABLE, "busy", "busy-help"),
            Self::UnknownOutcome => of(
                StatusCode::SERVICE_UNAVAILABLE,
                "unknown-outcome",
                "Chưa rõ lệnh đã được ghi hay chưa: hãy gửi lại với cùng mã lệnh (id).",
                "It is not known whether the command was written: repeat it with the same id.",
            ),
            Self::Behind => of(
                StatusCode::SERVICE_UNAVAILABLE,
                "behind",
                "Máy chủ này chưa nhận được thay đổi đó; hãy thử lại.",
                "This node has not reached that position; try again.",
            ),
            Self::Damaged(_) => key(StatusCode::INTERNAL_SERVER_ERROR, "damaged", "damaged"),
            Self::Internal(_) => of(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "Máy chủ gặp lỗi; lỗi đã được ghi lại.",
                "The server failed; it has been noted.",
            ),
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
            Self::Unavailable => text(lang, "not-written"),
            Self::Full(_) => text(lang, "full-disk"),
            Self::Busy => text(lang, "busy"),
            Self::Damaged(_) => text(lang, "damaged"),
            Self::BadRequest(_) | Self::Parameter(..) => text(lang, "bad-request"),
            Self::Gone(_) => text(lang, "gone"),
            _ => fallback,
        }
    }

    /// The answer: a page for a browser, a problem document for a program.
    pub fn respond(&self, site: &Site, lang: Lang, wants_html: bool) -> Response {
        if let Self::Damaged(what) | Self::Internal(what) = self {
            tracing::error!("{what}");
        }
        if let Self::Full(disk) = self {
            site.model.disks.note(disk);
        }
        let form = self.form();
        let detail = lang.pick(&form.vi, &form.en);
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if form.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
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
            return respond::with(form.status, "text/html; charset=utf-8", headers, problem(lang, &city, title, detail));
        }
        respond::with(form.status, "application/problem+json", headers, self.problem(lang).to_string())
    }
}
impl IntoResponse for HttpError {
    /// Sets only the status. The middleware knows the reader's language and form and writes the text
    /// ([`super::middleware`]).
    fn into_response(self) -> Response {
        let mut response = self.form().status.into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}
