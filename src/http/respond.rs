//! Answers as bytes: encodings, validators, caching.

use std::borrow::Cow;
use std::io::Write as _;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use tokio::task::block_in_place;

use super::errors::HttpError;
use crate::domain::Digest;
use crate::words::copied::untailed;
use crate::words::text::Lang;

/// Smaller bodies are not compressed: they fit one packet with their head as they are.
pub const WORTH_IT: usize = 860;
/// Bytes below which gzip takes less than what it costs to make room for others.
const SHORT_TEXT: usize = 16 << 10;

/// A header that is a list, over all its lines (RFC 9110 §5.3): proxies and libraries add to one by a line of
/// their own.
pub fn whole(headers: &HeaderMap, name: header::HeaderName) -> Option<Cow<'_, str>> {
    let mut lines = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let mut all = Cow::Borrowed(lines.next()?);
    for line in lines {
        let all = all.to_mut();
        all.push(',');
        all.push_str(line);
    }
    Some(all)
}

/// What a list names, and the weight of each, 1 where none is given. Names of parameters compare without case.
pub fn weighted(list: &str) -> impl Iterator<Item = (&str, f32)> {
    list.split(',').filter_map(|element| {
        let mut pieces = element.split(';').map(str::trim);
        let name = pieces.next().filter(|name| !name.is_empty())?;
        let weight = pieces.find_map(|piece| {
            let (parameter, value) = piece.split_once('=')?;
            if parameter.trim_end().eq_ignore_ascii_case("q") { value.trim_start().parse::<f32>().ok() } else { None }
        });
        Some((name, weight.unwrap_or(1.0)))
    })
}

/// How a body is encoded on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As it is.
    Identity,
    /// gzip.
    Gzip,
    /// Brotli, as fast as it pays to be made while a reader waits.
    Brotli,
    /// Brotli, as small as it gets: made once an answer was sent.
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

    /// The best that the client takes.
    pub fn choose(headers: &HeaderMap) -> Self {
        if Self::is_taken(headers, "br") {
            Self::Brotli
        } else if Self::is_taken(headers, "gzip") {
            Self::Gzip
        } else {
            Self::Identity
        }
    }

    /// The body in this encoding. What takes milliseconds lets others of the lane go on meanwhile.
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

/// A plain answer with headers that every answer has.
pub fn with(status: StatusCode, media: &'static str, mut headers: HeaderMap, body: impl Into<Body>) -> Response {
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// A strong validator: a digest of the content, one for each encoding.
pub fn etag(body: &[u8], encoding: Encoding) -> HeaderValue {
    validator(&Digest::of(body).to_string()[..32], encoding)
}

/// The validator of an answer in an encoding.
fn validator(tag: &str, encoding: Encoding) -> HeaderValue {
    let suffix = match encoding {
        Encoding::Identity => "",
        Encoding::Gzip => "-gz",
        Encoding::Brotli => "-br",
        Encoding::BrotliBest => "-b11",
    };
    HeaderValue::try_from(["\"", tag, suffix, "\""].concat()).unwrap_or(HeaderValue::from_static("\"\""))
}

/// True when the client has this already.
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

/// An answer that is made for this request and may be kept for a moment by the client.
pub fn fresh(request: &HeaderMap, media: &'static str, cache: &'static str, extra: HeaderMap, body: String) -> Response {
    let body = Bytes::from(body);
    let tag = Digest::of(&body).to_string();
    tagged(request, media, cache, extra, &tag[..32], body)
}

/// The same of bytes that are known by a tag: equal tags, equal bytes.
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

/// Puts the encoding's header in.
pub fn name_encoding(headers: &mut HeaderMap, encoding: Encoding) {
    if let Some(name) = encoding.name() {
        headers.insert(header::CONTENT_ENCODING, name);
    }
}

/// The form of an answer that a client can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A page.
    Html,
    /// JSON or GeoJSON.
    Json,
}

/// The form asked for by `?f=`, else by Accept; a browser says text/html.
pub fn form(f: Option<&str>, headers: &HeaderMap) -> Result<Form, HttpError> {
    match f {
        Some("html") => return Ok(Form::Html),
        Some("json" | "geojson") => return Ok(Form::Json),
        Some(other) => {
            return Err(HttpError::Parameter(format!("f={other}: dùng f=json hoặc f=html"), format!("f={other}: use f=json or f=html")));
        }
        None => {}
    }
    let accept = whole(headers, header::ACCEPT).filter(|list| weighted(list).next().is_some());
    // Whoever likes all alike gets what programs read.
    let Some(accept) = accept.filter(|list| list != "*/*") else { return Ok(Form::Json) };
    let of = |name: &str| weighted(&accept).find_map(|(media, weight)| media.eq_ignore_ascii_case(name).then_some(weight));
    // The most exact range decides (RFC 9110 §12.5.1); of two names of one form, the one that is liked better.
    let better = |a: Option<f32>, b: Option<f32>| a.into_iter().chain(b).reduce(f32::max);
    let any = of("*/*");
    let html = better(of("text/html"), of("application/xhtml+xml")).or(of("text/*"));
    let json = better(of("application/geo+json"), of("application/json")).or(of("application/*")).or(any).unwrap_or(0.0);
    match html {
        // Who names pages, and likes nothing better, reads them.
        Some(html) if html > 0.0 && html >= json.min(1.0) => Ok(Form::Html),
        _ if json > 0.0 => Ok(Form::Json),
        None if any.is_some_and(|weight| weight > 0.0) => Ok(Form::Html),
        _ => Err(HttpError::NotAcceptable),
    }
}

/// Leads to the page that says the same for people.
pub fn see(page: &str) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    headers.extend(HeaderValue::try_from(page).ok().map(|page| (header::LOCATION, page)));
    with(StatusCode::SEE_OTHER, "text/plain", headers, Bytes::new())
}

/// The form of a schema: JSON for every program, a page for a browser.
pub fn schema_form(f: Option<&str>, headers: &HeaderMap) -> Result<Form, HttpError> {
    match f {
        None if !wants_html(headers) => Ok(Form::Json),
        given => form(given, headers),
    }
}

/// True when the client names pages and likes nothing better: a browser.
pub fn wants_html(headers: &HeaderMap) -> bool {
    // Only what stands for pages makes the form a page.
    matches!(form(None, headers), Ok(Form::Html))
}

/// True when a question is answered with a page: `form` says what `?f=` and Accept mean at its address. A page
/// opens whatever an app or a messenger hung onto its address.
pub fn is_page(form: fn(Option<&str>, &HeaderMap) -> Result<Form, HttpError>, query: Option<&str>, headers: &HeaderMap) -> bool {
    matches!(form(parameter(query, "f").as_deref(), headers), Ok(Form::Html))
}

/// The reader's language.
pub fn language(query: Option<&str>, headers: &HeaderMap) -> Lang {
    Lang::choose(query, whole(headers, header::ACCEPT_LANGUAGE).as_deref())
}

/// A parameter that a page asks for, without what hung onto the end of its address; none where it is empty.
pub fn asked(query: Option<&str>, name: &str) -> Option<String> {
    parameter(query, name).map(|value| untailed(&value).to_owned()).filter(|value| !value.is_empty())
}

/// A parameter of a query string, percent-decoded.
pub fn parameter(query: Option<&str>, name: &str) -> Option<String> {
    query?.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key == name).then(|| percent_decode(value))
    })
}

/// Short: map clients keep metadata without asking again.
pub const METADATA_CACHE: &str = "public, max-age=5";
/// Longest `Link` header, bytes: proxies and clients bound a header, and the body has the links in any case.
const LONGEST_LINKS: usize = 4_096;

/// A `Link` header (RFC 8288) of relations, media types and addresses; none where it would be too long.
pub fn link_header<'a>(links: impl IntoIterator<Item = (&'a str, &'a str, &'a str)>) -> Option<HeaderValue> {
    let mut text = String::with_capacity(1_024);
    for (rel, media, href) in links {
        let separator = if text.is_empty() { "<" } else { ", <" };
        [separator, href, ">; rel=\"", rel, "\"; type=\"", media, "\""].iter().for_each(|piece| text.push_str(piece));
    }
    HeaderValue::try_from(text).ok().filter(|header| (1..=LONGEST_LINKS).contains(&header.len()))
}

/// A description in JSON; its links stand in the `Link` header too (OGC 17-069r4 §7.1.1), but for
/// templates, which are no addresses.
pub fn described(request: &HeaderMap, mut extra: HeaderMap, body: &Value) -> Response {
    let links = body["links"].as_array().into_iter().flatten().filter(|link| link["templated"] != true);
    let links = link_header(links.filter_map(|link| Some((link["rel"].as_str()?, link["type"].as_str()?, link["href"].as_str()?))));
    extra.extend(links.map(|links| (header::LINK, links)));
    fresh(request, "application/json", METADATA_CACHE, extra, body.to_string())
}

/// Decodes `%41` and `+`; what is not UTF-8 becomes the replacement character.
pub fn percent_decode(text: &str) -> String {
    if memchr::memchr2(b'%', b'+', text.as_bytes()).is_none() {
        return text.to_owned();
    }
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(header::HeaderName, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name.clone(), HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn a_list_over_several_lines_is_one_list() {
        let accept = |lines: &[&'static str]| headers(&lines.iter().map(|line| (header::ACCEPT, *line)).collect::<Vec<_>>());
        assert_eq!(form(None, &accept(&["image/png", "application/json"])).ok(), Some(Form::Json));
        assert_eq!(form(None, &accept(&["application/json;q=0.5", "text/html"])).ok(), Some(Form::Html));
        assert_eq!(form(None, &accept(&["image/png", "*/*;q=0.1"])).ok(), Some(Form::Json));
        assert_eq!(form(None, &accept(&["*/*", "text/html"])).ok(), Some(Form::Html));
        assert_eq!(form(None, &accept(&["", " "])).ok(), Some(Form::Json));
        assert!(form(None, &accept(&["image/png", "image/webp"])).is_err());
        let both = headers(&[(header::ACCEPT_ENCODING, "deflate"), (header::ACCEPT_ENCODING, "br")]);
        assert_eq!(Encoding::choose(&both), Encoding::Brotli);
        let languages = headers(&[(header::ACCEPT_LANGUAGE, "fr"), (header::ACCEPT_LANGUAGE, "en;q=0.8")]);
        assert_eq!(language(None, &languages), Lang::En);
    }

    #[test]
    fn names_of_media_codings_and_parameters_compare_without_case() {
        for (accept, expected) in [
            ("text/html;Q=0.1, application/json", Form::Json),
            ("TEXT/HTML;q=0.9, application/json;Q=0.1", Form::Html),
            ("text/html; charset=utf-8; Q = 0.2, Application/JSON;q=0.1", Form::Html),
            ("Text/*, */*;q=0.1", Form::Html),
            ("*/*, application/json;q=0", Form::Html),
            ("*/*, text/html;q=0", Form::Json),
            ("application/*;q=0.9, text/html;q=0.8", Form::Json),
            ("text/html;q=0.9, application/*;q=0.8", Form::Html),
        ] {
            assert_eq!(form(None, &headers(&[(header::ACCEPT, accept)])).ok(), Some(expected), "{accept}");
        }
        for (accept, expected) in [
            ("GZIP", Encoding::Gzip),
            ("gzip;Q=0, BR", Encoding::Brotli),
            ("gzip;q=0.000", Encoding::Identity),
            ("br;q=0, gzip;q=0.1", Encoding::Gzip),
        ] {
            assert_eq!(Encoding::choose(&headers(&[(header::ACCEPT_ENCODING, accept)])), expected, "{accept}");
        }
        assert_eq!(language(None, &headers(&[(header::ACCEPT_LANGUAGE, "vi;Q=0.1, EN-gb;Q=0.9")])), Lang::En);
    }

    #[test]
    fn whoever_names_pages_wants_them() {
        for (accept, wants) in [
            ("text/html", true),
            ("TEXT/HTML", true),
            ("text/*", true),
            ("application/xhtml+xml", true),
            ("text/html;q=0.5, */*", false),
            ("*/*", false),
            ("application/json", false),
            ("image/png", false),
            ("", false),
        ] {
            assert_eq!(wants_html(&headers(&[(header::ACCEPT, accept)])), wants, "{accept}");
        }
        assert!(!wants_html(&HeaderMap::new()));
    }
}
