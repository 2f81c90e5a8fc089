//! Prebuilt answers: what many people ask for is rendered and compressed once for each change.

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

/// Clients may keep an answer this long without asking, seconds.
const MAX_AGE: i64 = 60;

/// For whom a page is made.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The reader's language.
    pub lang: Lang,
    /// Only the part in this unit; where none, that of the unit of the print's board.
    pub unit: Option<UnitId>,
    /// The whole, though the print hangs on a unit's board.
    pub whole: bool,
    /// The mark of a board on the print whose code was scanned.
    pub mark: Option<Mark>,
}

impl Scope {
    /// For a reader of that language.
    pub fn of(lang: Lang) -> Self {
        Self { lang, unit: None, whole: false, mark: None }
    }
}

/// What follows the code on a print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mark {
    /// The board of that number.
    Board(u32),
    /// Something that does not fit the code.
    Wrong,
}

/// What an answer is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum What {
    /// The page.
    Page(Scope),
    /// The whole history.
    History(Lang),
    /// One revision's page.
    Revision(u32, Scope),
    /// What changed from one revision to another.
    Changes(u32, u32, Lang),
    /// GeoJSON of the item.
    GeoJson,
    /// GeoJSON of one revision.
    RevisionGeoJson(u32),
    /// The record.
    Record,
    /// The poster.
    Poster(Size, Order),
    /// A sheet of stickers.
    Stickers(Order),
    /// The picture beside a link.
    Preview(Lang),
    /// Its days for a calendar.
    Calendar,
    /// Its numbers for an address book.
    Card,
    /// The QR code as SVG.
    QrSvg,
    /// The QR code as PNG of that size.
    QrPng(u32),
}

impl What {
    /// The revision an answer is about; none for the item as it stands.
    pub fn revision(&self) -> Option<u32> {
        match self {
            Self::Revision(number, _) | Self::RevisionGeoJson(number) | Self::Changes(_, number, _) => Some(*number),
            _ => None,
        }
    }

    /// For whom it is made, where that matters.
    pub fn scope(&self) -> Option<&Scope> {
        match self {
            Self::Page(scope) | Self::Revision(_, scope) => Some(scope),
            _ => None,
        }
    }

    /// What is to be printed, and of what size.
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

/// Which answer, and what it was made from.
pub type Key = (Code, What, Validity);

/// What it was made from: the item's version, the city's, and the moment it ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Validity {
    /// Position of the item's last event.
    pub version: i64,
    /// The same of what else it mentions.
    pub others: i64,
    /// Position of the city's last event.
    pub city_version: i64,
    /// Number of the image: a rebuilt one has another.
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

/// Larger bodies are not compressed a second time: what it saves is not worth seconds of work.
const PERFECTED: usize = 256 << 10;
/// Bodies of so many bytes are compressed while a reader waits.
const QUICK: usize = 64 << 10;

impl Answer {
    /// An answer; `private` ones hold a person's contact and are kept nowhere.
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

    /// With more headers.
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
        // Who waits for another's work lets the others of the lane go on too.
        place.get().unwrap_or_else(|| block_in_place(|| place.get_or_init(make)))
    }

    /// True when it is worth to be compressed as well as can be, once it was sent.
    pub fn can_be_perfected(&self) -> bool {
        self.compress && !self.private && self.body.len() <= PERFECTED && self.encoded[Encoding::BrotliBest as usize].get().is_none()
    }

    fn encoding(&self, request: &HeaderMap) -> Encoding {
        match if self.compress { Encoding::choose(request) } else { Encoding::Identity } {
            Encoding::Brotli if self.encoded[Encoding::BrotliBest as usize].get().is_some() => Encoding::BrotliBest,
            encoding => encoding,
        }
    }

    /// True when the form that a request wants is small, or made already.
    pub fn is_ready(&self, request: &HeaderMap) -> bool {
        self.body.len() <= QUICK || self.encoded[self.encoding(request) as usize].get().is_some()
    }

    /// Makes the form that a request wants.
    pub fn prepare(&self, request: &HeaderMap) {
        self.encoded(self.encoding(request));
    }

    /// True for the first that asks.
    pub fn begins_to_be_perfected(&self) -> bool {
        !self.perfecting.swap(true, Ordering::Relaxed)
    }

    /// Compresses it as well as can be; later answers are sent so. Takes tens of milliseconds.
    pub fn perfect(&self) {
        self.encoded(Encoding::BrotliBest);
    }

    /// Bytes of the identity encoding.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// True when the answer has changed by itself: a date came.
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
        // Whichever form the client has, it has the same content.
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
        // Its compressed forms come later and take about half as much again.
        (answer.body.len() * 3 / 2 + 512) as u64
    }
}

/// Answers, bounded in bytes. Of many that ask for one at once, one makes it and the others wait.
pub struct Answers(Cache<Key, Arc<Answer>, ByBytes>);

/// The right to make an answer, until it is given up or the answer is kept.
pub type Turn<'a> = PlaceholderGuard<'a, Key, Arc<Answer>, ByBytes, DefaultHashBuilder, DefaultLifecycle<Key, Arc<Answer>>>;

impl Answers {
    /// A cache of at most `bytes`.
    pub fn new(bytes: u64) -> Self {
        Self(Cache::with_weighter(4_096, bytes, ByBytes))
    }

    /// An answer that still holds; where there is none, the turn to make it.
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
            // The place may have gone meanwhile: the answer is then made again.
            let _ = turn.insert(Arc::clone(answer));
        }
    }
}
