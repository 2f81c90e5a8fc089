//! Prebuilt answers: pages that many people ask for are rendered and compressed once for each change.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use jiff::Timestamp;
use quick_cache::sync::{Cache, DefaultLifecycle, PlaceholderGuard};
use quick_cache::{DefaultHashBuilder, Weighter};
use tokio::task::block_in_place;

use super::ranges;
use super::respond::{self, Encoding};
use crate::domain::Code;
use crate::domain::unit::UnitId;
use crate::prints::Order;
use crate::render::print::Size;
use crate::words::text::Lang;

/// Seconds for which clients may keep an answer without asking again.
const MAX_AGE: i64 = 60;

/// Whom a page is made for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The reader's language.
    pub lang: Lang,
    /// Shows only the part in this unit; `None` leaves the choice to the print's board, if there is one.
    pub unit: Option<UnitId>,
    /// Shows the whole item, even if the print hangs on a unit's board.
    pub whole: bool,
    /// The board's mark on the print whose code was scanned.
    pub mark: Option<Mark>,
}

impl Scope {
    /// For a reader of that language.
    pub fn of(lang: Lang) -> Self {
        Self { lang, unit: None, whole: false, mark: None }
    }
}

/// The mark that follows the code on a print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mark {
    /// The mark of the board with that number.
    Board(u32),
    /// A mark that does not fit the code.
    Wrong,
}

/// What an answer shows of an item.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Representation {
    /// The item's page.
    Page(Scope),
    /// The page of all revisions.
    History(Lang),
    /// The page of one revision.
    Revision(u32, Scope),
    /// The page of what changed from the first revision to the second.
    Changes(u32, u32, Lang),
    /// The same as JSON.
    ChangesRecord(u32, u32),
    /// The item as GeoJSON.
    GeoJson,
    /// One revision as GeoJSON.
    RevisionGeoJson(u32),
    /// The record as JSON.
    Record,
    /// The poster.
    Poster(Size, Order),
    /// A sheet of stickers.
    Stickers(Order),
    /// The picture that messengers show beside a link.
    Preview(Lang),
    /// The item's days as a calendar file.
    Calendar,
    /// The institution's phone numbers for an address book.
    Card,
    /// The QR code as SVG.
    QrSvg,
    /// The QR code as PNG, with its size in pixels per side.
    QrPng(u32),
}

impl Representation {
    /// The revision that the answer is about; `None` for the item as it stands.
    pub fn revision(&self) -> Option<u32> {
        match self {
            Self::Revision(number, _) | Self::RevisionGeoJson(number) | Self::Changes(_, number, _) | Self::ChangesRecord(_, number) => {
                Some(*number)
            }
            _ => None,
        }
    }

    /// Whom the page is made for, if that matters.
    pub fn scope(&self) -> Option<&Scope> {
        match self {
            Self::Page(scope) | Self::Revision(_, scope) => Some(scope),
            _ => None,
        }
    }

    /// What is to be printed; `None` if the answer is not a print.
    pub fn order(&self) -> Option<Order> {
        match self {
            Self::Poster(_, order) | Self::Stickers(order) => Some(order.clone()),
            Self::Preview(lang) => Some(Order { lang: *lang, unit: None, whole: true, board: None }),
            _ => None,
        }
    }

    /// True for a page with a map.
    pub fn is_page(&self) -> bool {
        matches!(self, Self::Page(_) | Self::Revision(..) | Self::Changes(..))
    }

    /// True for GeoJSON.
    pub fn is_geojson(&self) -> bool {
        matches!(self, Self::GeoJson | Self::RevisionGeoJson(_))
    }
}

/// The item, the answer, and what the answer was made from.
pub type Key = (Code, Representation, Validity);

/// The state an answer was made from. A cached answer is valid as long as its state is the current one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Validity {
    /// Position of the item's last event.
    pub version: i64,
    /// Position of the last event that may have changed other items that it mentions; 0 if it mentions none.
    pub others: i64,
    /// Position of the city's last event.
    pub city_version: i64,
    /// Number of the image in memory; a rebuilt image has a new number.
    pub generation: u64,
}

/// A rendered answer in all its encodings.
pub struct Answer {
    status: StatusCode,
    media: &'static str,
    body: Bytes,
    ends: Option<Timestamp>,
    private: bool,
    compress: bool,
    extra: HeaderMap,
    encoded: [OnceLock<(Bytes, HeaderMap)>; 4],
    perfecting: AtomicBool,
}

/// Larger bodies, in bytes, are not compressed a second time: the bytes saved are not worth seconds of work.
const PERFECTED: usize = 256 << 10;
/// Bodies of at most this many bytes are compressed while a reader waits.
const QUICK: usize = 64 << 10;

impl Answer {
    /// An answer. A `private` answer holds a person's contact and is never kept.
    pub fn new(status: StatusCode, media: &'static str, body: Vec<u8>, ends: Option<Timestamp>, private: bool) -> Self {
        let compress = body.len() >= respond::WORTH_IT && !matches!(media, "image/png" | "application/pdf");
        Self {
            status,
            media,
            body: Bytes::from(body),
            ends,
            private,
            compress,
            extra: HeaderMap::new(),
            encoded: Default::default(),
            perfecting: AtomicBool::new(false),
        }
    }

    /// Adds headers to the answer.
    pub fn with(mut self, extra: HeaderMap) -> Self {
        self.extra = extra;
        self
    }

    fn encoded(&self, encoding: Encoding) -> &(Bytes, HeaderMap) {
        let place = &self.encoded[encoding as usize];
        let make = || {
            let mut headers = self.extra.clone();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media));
            headers.insert(header::ETAG, respond::etag(&self.body, encoding));
            headers.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Language, Accept-Encoding, Accept-Datetime"));
            respond::name_encoding(&mut headers, encoding);
            let is_file = self.status == StatusCode::OK && matches!(self.media, "application/geo+json" | "application/pdf");
            headers.extend((is_file && encoding == Encoding::Identity).then_some(ranges::IN_PARTS));
            (encoding.encode(&self.body), headers)
        };
        // This may wait while another thread makes the same form, so the event loop's other tasks move away
        // from here.
        place.get().unwrap_or_else(|| block_in_place(|| place.get_or_init(make)))
    }

    /// True if the best compression is worth the work and not yet made.
    pub fn can_be_perfected(&self) -> bool {
        self.compress && !self.private && self.body.len() <= PERFECTED && self.encoded[Encoding::BrotliBest as usize].get().is_none()
    }

    fn encoding(&self, request: &HeaderMap) -> Encoding {
        match if self.compress { Encoding::choose(request) } else { Encoding::Identity } {
            Encoding::Brotli if self.encoded[Encoding::BrotliBest as usize].get().is_some() => Encoding::BrotliBest,
            encoding => encoding,
        }
    }

    /// True if the form that the request wants is small, or already made.
    pub fn is_ready(&self, request: &HeaderMap) -> bool {
        self.body.len() <= QUICK || self.encoded[self.encoding(request) as usize].get().is_some()
    }

    /// Makes the form that the request wants.
    pub fn prepare(&self, request: &HeaderMap) {
        self.encoded(self.encoding(request));
    }

    /// Claims the work of the best compression; true only for the first caller.
    pub fn begins_to_be_perfected(&self) -> bool {
        !self.perfecting.swap(true, Ordering::Relaxed)
    }

    /// Compresses the body as well as possible, for later answers. Takes tens of milliseconds.
    pub fn perfect(&self) {
        self.encoded(Encoding::BrotliBest);
    }

    /// The body without compression.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// True if the answer has changed by itself because a date came.
    fn has_ended(&self, now: Timestamp) -> bool {
        self.ends.is_some_and(|ends| now >= ends)
    }

    fn max_age(&self, now: Timestamp) -> HeaderValue {
        if self.private {
            return HeaderValue::from_static("no-store");
        }
        let left = self.ends.map_or(MAX_AGE, |ends| (ends.as_second() - now.as_second()).clamp(0, MAX_AGE));
        if left == MAX_AGE {
            return HeaderValue::from_static("public, max-age=60, must-revalidate");
        }
        HeaderValue::try_from(format!("public, max-age={left}, must-revalidate")).unwrap_or(HeaderValue::from_static("no-cache"))
    }

    /// The answer to one request.
    pub fn respond(&self, request: &HeaderMap, now: Timestamp) -> Response {
        let (body, headers) = self.encoded(self.encoding(request));
        let mut headers = headers.clone();
        headers.insert(header::CACHE_CONTROL, self.max_age(now));
        // The client may hold any encoded form: all of them have the same content.
        let tags = || self.encoded.iter().filter_map(|form| form.get()?.1.get(header::ETAG));
        let known = tags().any(|etag| respond::is_known(request, etag));
        let known = known && self.status == StatusCode::OK && !self.private;
        let mut response = Response::new(if known { Body::empty() } else { Body::from(body.clone()) });
        *response.status_mut() = if known { StatusCode::NOT_MODIFIED } else { self.status };
        *response.headers_mut() = headers;
        response
    }
}

/// Weighs answers by their bytes.
#[derive(Clone)]
pub struct ByBytes;

impl Weighter<Key, Arc<Answer>> for ByBytes {
    fn weight(&self, _: &Key, answer: &Arc<Answer>) -> u64 {
        // Compressed forms are made later and take about half as much again.
        (answer.body.len() * 3 / 2 + 512) as u64
    }
}

/// Cached answers, bounded in bytes. If many ask for the same answer at once, one request makes it and the
/// others wait.
pub struct Answers(Cache<Key, Arc<Answer>, ByBytes>);

/// The right to make an answer; it ends when dropped or when the answer is kept.
pub type Turn<'a> = PlaceholderGuard<'a, Key, Arc<Answer>, ByBytes, DefaultHashBuilder, DefaultLifecycle<Key, Arc<Answer>>>;

impl Answers {
    /// A cache of at most `bytes` bytes.
    pub fn new(bytes: u64) -> Self {
        Self(Cache::with_weighter(4_096, bytes, ByBytes))
    }

    /// An answer that is still valid; otherwise the turn to make it.
    pub async fn get<'a>(&'a self, key: &Key, now: Timestamp) -> Result<Arc<Answer>, Turn<'a>> {
        match self.0.get(key) {
            Some(answer) if !answer.has_ended(now) => return Ok(answer),
            Some(_) => drop(self.0.remove(key)),
            None => {}
        }
        self.0.get_value_or_guard_async(key).await
    }

    /// Keeps an answer, unless it holds a person's contact.
    pub fn keep(turn: Turn<'_>, answer: &Arc<Answer>) {
        if !answer.private {
            // The entry may have been evicted meanwhile; then the answer is made again.
            let _ = turn.insert(Arc::clone(answer));
        }
    }
}
