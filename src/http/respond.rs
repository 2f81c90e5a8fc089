//! Answers as bytes: encodings, validators and caching.

use crate::http::lists::{weighted, whole};
use std::io::Write as _;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use serde_json::Value;
use tokio::task::block_in_place;

use crate::domain::Digest;

/// Bodies of fewer bytes are not compressed: with their head they fit one packet anyway.
pub const WORTH_IT: usize = 860;
/// Below this many bytes, gzip is quicker than moving the event loop's other tasks to another thread.
const SHORT_TEXT: usize = 16 << 10;

/// The encoding of a body on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// The body as it is.
    Identity,
    /// gzip.
    Gzip,
    /// Brotli, fast enough to be made while a reader waits.
    Brotli,
    /// Brotli, as small as possible; made after the first answer was sent.
    BrotliBest,
}

impl Encoding {
    /// True when the client takes gzip.
    pub fn takes_gzip(headers: &HeaderMap) -> bool {
        Self::is_taken(headers, "gzip")
    }

    fn is_taken(headers: &HeaderMap, name: &str) -> bool {
        let accept = whole(headers, header::ACCEPT_ENCODING);
        weighted(accept.as_deref().unwrap_or_default()).any(|(coding, weight)| coding.eq_ignore_ascii_case(name) && weight > 0.0)
    }

    /// The best encoding that the client takes.
    pub fn choose(headers: &HeaderMap) -> Self {
        if Self::is_taken(headers, "br") {
            Self::Brotli
        } else if Self::is_taken(headers, "gzip") {
            Self::Gzip
        } else {
            Self::Identity
        }
    }

    /// The body in this encoding. The event loop's other tasks go on while a slow encoding is made.
    pub fn encode(self, body: &Bytes) -> Bytes {
        match self {
            Self::Identity => body.clone(),
            Self::Gzip if body.len() < SHORT_TEXT => gzip(body),
            Self::Gzip => block_in_place(|| gzip(body)),
            Self::Brotli => block_in_place(|| brotli(body, 5)),
            Self::BrotliBest => block_in_place(|| brotli(body, 11)),
        }
    }

    fn name(self) -> Option<HeaderValue> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some(HeaderValue::from_static("gzip")),
            Self::Brotli | Self::BrotliBest => Some(HeaderValue::from_static("br")),
        }
    }
}

fn gzip(body: &Bytes) -> Bytes {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    let written = encoder.write_all(body).and_then(|()| encoder.finish());
    written.map_or_else(|_| body.clone(), Bytes::from)
}

fn brotli(body: &Bytes, quality: i32) -> Bytes {
    let params = brotli::enc::BrotliEncoderParams { quality, lgwin: 22, size_hint: body.len(), ..Default::default() };
    let mut out = Vec::new();
    match brotli::BrotliCompress(&mut body.as_ref(), &mut out, &params) {
        Ok(_) => Bytes::from(out),
        Err(_) => body.clone(),
    }
}

/// An answer with a media type, headers and a body.
pub fn with(status: StatusCode, media: &'static str, mut headers: HeaderMap, body: impl Into<Body>) -> Response {
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// A strong validator: a digest of the content, different for each encoding.
pub fn etag(body: &[u8], encoding: Encoding) -> HeaderValue {
    validator(&Digest::of(body).to_string()[..32], encoding)
}

/// The validator for a tag and an encoding.
fn validator(tag: &str, encoding: Encoding) -> HeaderValue {
    let suffix = match encoding {
        Encoding::Identity => "",
        Encoding::Gzip => "-gz",
        Encoding::Brotli => "-br",
        Encoding::BrotliBest => "-b11",
    };
    HeaderValue::try_from(["\"", tag, suffix, "\""].concat()).unwrap_or(HeaderValue::from_static("\"\""))
}

/// True if the client already has the answer with this validator.
pub fn is_known(headers: &HeaderMap, etag: impl AsRef<[u8]>) -> bool {
    let is_it = |tag: &[u8]| tag.strip_prefix(b"W/").unwrap_or(tag) == etag.as_ref() || tag == b"*";
    let given = headers.get_all(header::IF_NONE_MATCH).iter();
    given.flat_map(|value| value.as_bytes().split(|byte| *byte == b',')).any(|tag| is_it(tag.trim_ascii()))
}

/// `Content-Crs` (OGC 18-058r1 §6.4)
pub const CONTENT_CRS: header::HeaderName = header::HeaderName::from_static("content-crs");
/// `OGC-NumberMatched`
pub const NUMBER_MATCHED: header::HeaderName = header::HeaderName::from_static("ogc-numbermatched");
/// `OGC-NumberReturned`
pub const NUMBER_RETURNED: header::HeaderName = header::HeaderName::from_static("ogc-numberreturned");
/// `Memento-Datetime` (RFC 7089)
pub const MEMENTO_DATETIME: header::HeaderName = header::HeaderName::from_static("memento-datetime");

/// An answer that is made for this request; the client may keep it as `cache` says.
pub fn fresh(request: &HeaderMap, media: &'static str, cache: &'static str, extra: HeaderMap, body: String) -> Response {
    let body = Bytes::from(body);
    let tag = Digest::of(&body).to_string();
    tagged(request, media, cache, extra, &tag[..32], body)
}

/// As [`fresh`], for bytes known by a tag: equal tags mean equal bytes.
pub fn tagged(request: &HeaderMap, media: &'static str, cache: &'static str, extra: HeaderMap, tag: &str, body: Bytes) -> Response {
    let encoding = if body.len() < WORTH_IT { Encoding::Identity } else { Encoding::choose(request) };
    let etag = validator(tag, encoding);
    let mut headers = extra;
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.entry(header::VARY).or_insert(HeaderValue::from_static("Accept, Accept-Language, Accept-Encoding"));
    headers.insert(header::ETAG, etag.clone());
    if is_known(request, &etag) {
        return with(StatusCode::NOT_MODIFIED, media, headers, Bytes::new());
    }
    if let Some(name) = encoding.name() {
        headers.insert(header::CONTENT_ENCODING, name);
    }
    with(StatusCode::OK, media, headers, encoding.encode(&body))
}

/// An answer that nobody may keep, with a status of its own.
pub fn unkept(request: &HeaderMap, status: StatusCode, media: &'static str, extra: HeaderMap, body: String) -> Response {
    let body = Bytes::from(body);
    let encoding = if body.len() < WORTH_IT { Encoding::Identity } else { Encoding::choose(request) };
    let mut headers = extra;
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Language, Accept-Encoding"));
    name_encoding(&mut headers, encoding);
    with(status, media, headers, encoding.encode(&body))
}

/// Adds the header that names the encoding.
pub fn name_encoding(headers: &mut HeaderMap, encoding: Encoding) {
    if let Some(name) = encoding.name() {
        headers.insert(header::CONTENT_ENCODING, name);
    }
}

/// Redirects to the page that says the same for people.
pub fn see(page: &str) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    headers.extend(HeaderValue::try_from(page).ok().map(|page| (header::LOCATION, page)));
    with(StatusCode::SEE_OTHER, "text/plain", headers, Bytes::new())
}

/// Cache lifetime of metadata. It is short because map clients keep metadata without asking again.
pub const METADATA_CACHE: &str = "public, max-age=5";
/// Longest `Link` header, bytes. Proxies and clients limit the size of a header, and the body has the links
/// in any case.
const LONGEST_LINKS: usize = 4_096;

/// A `Link` header (RFC 8288) from relations, media types and addresses; `None` if it would be too long.
pub fn link_header<'a>(links: impl IntoIterator<Item = (&'a str, &'a str, &'a str)>) -> Option<HeaderValue> {
    let mut text = String::with_capacity(1_024);
    for (rel, media, href) in links {
        let separator = if text.is_empty() { "<" } else { ", <" };
        [separator, href, ">; rel=\"", rel, "\"; type=\"", media, "\""].iter().for_each(|piece| text.push_str(piece));
    }
    HeaderValue::try_from(text).ok().filter(|header| (1..=LONGEST_LINKS).contains(&header.len()))
}

/// A description in JSON. Its links also stand in the `Link` header (OGC 17-069r4 §7.1.1), except
/// templates, which are not addresses.
pub fn described(request: &HeaderMap, mut extra: HeaderMap, body: &Value) -> Response {
    let links = body["links"].as_array().into_iter().flatten().filter(|link| link["templated"] != true);
    let links = link_header(links.filter_map(|link| Some((link["rel"].as_str()?, link["type"].as_str()?, link["href"].as_str()?))));
    extra.extend(links.map(|links| (header::LINK, links)));
    fresh(request, "application/json", METADATA_CACHE, extra, body.to_string())
}
