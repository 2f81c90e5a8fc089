//! Parts of answers (RFC 9110 §14): map clients read an indexed file in the pieces they need.

use std::ops::Range;
use std::sync::Arc;

use axum::body::{Body, HttpBody as _};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use http_range_header::{ParsedRanges, RangeUnsatisfiableError};

use super::errors::HttpError;
use super::kept::Made;

/// Which part of an answer a request wants.
pub struct Wish {
    range: HeaderValue,
    /// Only of a copy with this validator.
    of: Option<HeaderValue>,
}

/// What of an answer is sent.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Whole,
    Bytes(Range<u64>),
    /// The part wanted lies behind the end.
    Beyond,
}

fn ranges(header: &HeaderValue) -> Option<ParsedRanges> {
    http_range_header::parse_range_header(header.to_str().ok()?).ok()
}

/// True when an answer must have a length: its size is asked for, or a part of it.
pub fn needs_length(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::HEAD || headers.get(header::RANGE).is_some_and(|header| ranges(header).is_some())
}

impl Wish {
    /// The wish of a request, if it has one. Parts are parts of the file as it is: such a request is
    /// answered without compression.
    pub fn of(method: &Method, headers: &mut HeaderMap) -> Option<Self> {
        let range = headers.get(header::RANGE).filter(|_| method == Method::GET)?.clone();
        headers.remove(header::ACCEPT_ENCODING);
        Some(Self { range, of: headers.get(header::IF_RANGE).cloned() })
    }

    /// What is sent of so many bytes with a strong validator. Wishes that are no range, or several, are
    /// answered with the whole, as a server may.
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

/// `Accept-Ranges` of an answer that can be had in parts; it must have a strong validator, no encoding and a
/// length.
pub const IN_PARTS: (header::HeaderName, HeaderValue) = (header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));

/// The part of an answer that is wished for, where it says that it can be had in parts. Errors: the part
/// lies behind the end.
pub async fn cut(wish: Option<Wish>, mut response: Response) -> Result<Response, HttpError> {
    let made = response.extensions_mut().remove::<Arc<Made>>();
    if response.status() != StatusCode::OK || !response.headers().contains_key(header::ACCEPT_RANGES) {
        return Ok(response);
    }
    let length = made.as_ref().map(|made| made.length()).or_else(|| response.body().size_hint().exact());
    let Some(etag) = response.headers().get(header::ETAG).cloned() else { return Ok(response) };
    let Some((wish, length)) = wish.zip(length) else { return Ok(response) };
    let range = match wish.part(&etag, length) {
        Part::Whole => return Ok(response),
        Part::Bytes(range) => range,
        Part::Beyond => return Err(HttpError::Beyond(length)),
    };
    let (mut head, body) = response.into_parts();
    let body = if let Some(made) = made {
        made.body(range.clone())
    } else {
        // It is in memory already, in one piece as a rule.
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
        let wish = Wish { range: HeaderValue::from_static(range), of: of.map(HeaderValue::from_static) };
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
    fn what_lies_behind_the_end_is_refused() {
        for range in ["bytes=100-", "bytes=100-200", "bytes=-0"] {
            assert_eq!(part(range, None), Part::Beyond, "{range}");
        }
    }
}
