//! Parts of answers (RFC 9110 §14): map clients read an indexed file in the pieces that they need.

use std::ops::Range;
use std::sync::Arc;

use axum::body::{Body, HttpBody as _};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use http_range_header::{ParsedRanges, RangeUnsatisfiableError};

use super::download_cache::DownloadFile;
use super::errors::HttpError;

/// The part of an answer that a request wants.
pub struct RangeRequest {
    range: HeaderValue,
    /// The part is wanted only if the file still has this validator; otherwise the whole is.
    of: Option<HeaderValue>,
    /// Nothing is wanted unless the file still has one of these validators.
    only_of: Option<HeaderValue>,
}

/// How much of an answer is sent.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Whole,
    Bytes(Range<u64>),
    /// The part lies beyond the end.
    Beyond,
}

fn ranges(header: &HeaderValue) -> Option<ParsedRanges> {
    http_range_header::parse_range_header(header.to_str().ok()?).ok()
}

/// True if an answer must have a length because the client asks for its size or for a part of it.
pub fn needs_length(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::HEAD || headers.get(header::RANGE).is_some_and(|header| ranges(header).is_some())
}

impl RangeRequest {
    /// The wish of a request, if it has one. A part counts bytes of the uncompressed file, so such a
    /// request is answered without compression.
    pub fn of(method: &Method, headers: &mut HeaderMap) -> Option<Self> {
        let range = headers.get(header::RANGE).filter(|_| method == Method::GET)?.clone();
        headers.remove(header::ACCEPT_ENCODING);
        Some(Self { range, of: headers.get(header::IF_RANGE).cloned(), only_of: headers.get(header::IF_MATCH).cloned() })
    }

    /// True unless `If-Match` names other validators only. They are compared strongly (RFC 9110 §13.1.1).
    fn is_met(&self, etag: &HeaderValue) -> bool {
        let Some(list) = self.only_of.as_ref().and_then(|list| list.to_str().ok()) else { return true };
        list.split(',').map(str::trim).any(|known| known == "*" || known.as_bytes() == etag.as_bytes())
    }

    /// The part of `length` bytes with a strong validator that is sent. If the header is not a range, or
    /// names several, the whole is sent, as RFC 9110 allows.
    fn part(&self, etag: &HeaderValue, length: u64) -> Part {
        let wanted = self.of.as_ref().is_none_or(|known| known == etag);
        let Some(ranges) = ranges(&self.range).filter(|_| wanted) else { return Part::Whole };
        match ranges.validate(length).as_deref() {
            Ok([range]) => Part::Bytes(*range.start()..*range.end() + 1),
            Err(RangeUnsatisfiableError::Unsatisfiable) => Part::Beyond,
            _ => Part::Whole,
        }
    }
}

/// `Accept-Ranges` for an answer that can be read in parts. Such an answer must have a strong validator, no
/// encoding, and a length.
pub const IN_PARTS: (header::HeaderName, HeaderValue) = (header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));

/// Cuts the wanted part out of an answer that can be read in parts. Errors: the part lies beyond the
/// end, or the file is another one by now.
pub async fn cut(wish: Option<RangeRequest>, mut response: Response) -> Result<Response, HttpError> {
    let made = response.extensions_mut().remove::<Arc<DownloadFile>>();
    if response.status() != StatusCode::OK || !response.headers().contains_key(header::ACCEPT_RANGES) {
        return Ok(response);
    }
    let length = made.as_ref().map(|made| made.length()).or_else(|| response.body().size_hint().exact());
    let Some(etag) = response.headers().get(header::ETAG).cloned() else { return Ok(response) };
    let Some((wish, length)) = wish.zip(length) else { return Ok(response) };
    if !wish.is_met(&etag) {
        // Whoever goes on with a file must not glue two versions together.
        return Err(HttpError::PreconditionFailed);
    }
    let range = match wish.part(&etag, length) {
        Part::Whole => return Ok(response),
        Part::Bytes(range) => range,
        Part::Beyond => return Err(HttpError::Beyond(length)),
    };
    let (mut head, body) = response.into_parts();
    let body = if let Some(made) = made {
        made.body(range.clone())
    } else {
        // The body is already in memory, usually in one piece.
        let whole = axum::body::to_bytes(body, usize::MAX).await.map_err(|error| HttpError::Internal(error.to_string()))?;
        Body::from(whole.slice(range.start as usize..range.end as usize))
    };
    let shown = format!("bytes {}-{}/{length}", range.start, range.end - 1);
    head.status = StatusCode::PARTIAL_CONTENT;
    head.headers.insert(header::CONTENT_RANGE, HeaderValue::try_from(shown).map_err(|error| HttpError::Internal(error.to_string()))?);
    head.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(range.end - range.start));
    Ok(Response::from_parts(head, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(range: &'static str, of: Option<&'static str>) -> Part {
        let wish = RangeRequest { range: HeaderValue::from_static(range), of: of.map(HeaderValue::from_static), only_of: None };
        wish.part(&HeaderValue::from_static("\"a\""), 100)
    }

    #[test]
    fn one_range_is_cut_to_the_length_of_the_file() {
        for (range, expected) in
            [("bytes=0-9", 0..10), ("bytes=90-", 90..100), ("bytes=-5", 95..100), ("bytes=50-999", 50..100), ("bytes=-500", 0..100)]
        {
            assert_eq!(part(range, None), Part::Bytes(expected), "{range}");
        }
    }

    #[test]
    fn what_is_no_range_or_several_or_of_an_older_copy_is_answered_with_the_whole() {
        for range in ["bytes=", "lines=1-2", "bytes=9-1", "bytes=0-1,5-6", "bytes=a-b", ""] {
            assert_eq!(part(range, None), Part::Whole, "{range}");
        }
        assert_eq!(part("bytes=0-9", Some("\"a\"")), Part::Bytes(0..10));
        assert_eq!(part("bytes=0-9", Some("\"older\"")), Part::Whole);
        assert_eq!(part("bytes=0-9", Some("W/\"a\"")), Part::Whole);
        assert_eq!(part("bytes=0-9", Some("Thu, 26 Nov 2026 00:00:00 GMT")), Part::Whole);
    }

    #[test]
    fn a_part_of_another_version_is_refused_where_the_client_says_which_one_it_has() {
        let etag = HeaderValue::from_static("\"a\"");
        for (only_of, is_met) in [("\"a\"", true), ("\"x\", \"a\"", true), ("*", true), ("\"x\"", false), ("W/\"a\"", false)] {
            let only_of = Some(HeaderValue::from_static(only_of));
            let wish = RangeRequest { range: HeaderValue::from_static("bytes=0-9"), of: None, only_of };
            assert_eq!(wish.is_met(&etag), is_met, "{:?}", wish.only_of);
        }
    }

    #[test]
    fn what_lies_behind_the_end_is_refused() {
        for range in ["bytes=100-", "bytes=100-200", "bytes=-0"] {
            assert_eq!(part(range, None), Part::Beyond, "{range}");
        }
    }
}
