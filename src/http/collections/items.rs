//! `/collections/{c}/items`: pages of features, built from stored bytes.

use crate::http::collections::parameters;
use std::io::Write as _;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;

use super::crs::System;
use super::query::ItemsQuery;
use super::select::{Page, next, previous, select};
use super::{GEOJSON, METADATA_CACHE, find, html};
use crate::domain::publication::view::Moment;
use crate::features::Feature;
use crate::features::Features;
use crate::features::SEPARATOR;
use crate::features::geojson::Front;
use crate::features::packed::Gzip;
use crate::features::packed::Seen;
use crate::features::packed::Segment;
use crate::http::Site;
use crate::http::errors::HttpError;
use crate::http::pieces::Pieces;
use crate::http::reading::Asking;
use crate::http::reading::Form;
use crate::http::respond::{self, Encoding};
use crate::read_model::layers::{Collection, LayerRow, Part, When};

/// Relation, media type and address of a link.
pub(super) type Link = (&'static str, &'static str, String);

/// `/collections/{c}/items`
pub async fn items(
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    Asking { query, headers }: Asking,
) -> Result<Response, HttpError> {
    let query = query.as_deref();
    let collection = find(&name)?;
    let city = site.city();
    let ask = ItemsQuery::read(query, &headers, collection, &city)?;
    let moment = site.moment();
    // Only the token of a later page has a time of its own; otherwise the question itself names the moment.
    if let Some(known) = ask.wanted.as_of.filter(|_| ask.wanted.now.is_some()) {
        reached(&site, collection, known, &moment).await?;
    }
    let layer = site.model.layer(collection, ask.wanted, &moment).await?;
    let page = select(&site, layer, &ask, !Encoding::takes_gzip(&headers)).await?;
    let make = || match ask.form {
        Form::Html => {
            let html = html::items(&site, &city, &ask, &page);
            respond::fresh(&headers, "text/html; charset=utf-8", METADATA_CACHE, HeaderMap::new(), html)
        }
        Form::Json => answer(&city.public_url, &ask, &page, &moment, &headers),
    };
    if page.bytes() < SHORT_PAGE { Ok(make()) } else { site.at_length(make).await }
}

/// Pages below about this many bytes are made at once, without moving the event loop's other tasks aside.
const SHORT_PAGE: usize = 400 << 10;

/// How long a later page waits until this node knows what the first page's node knew.
const PATIENCE: Duration = Duration::from_secs(1);

/// Waits until this node knows as much as the node that made the first page.
async fn reached(site: &Site, collection: &'static Collection, known: i64, moment: &Moment) -> Result<(), HttpError> {
    if known <= site.model.known(collection) || known > moment.now.as_microsecond() {
        return Ok(());
    }
    let behind = async {
        while site.model.known(collection) < known {
            let position = site.model.image().position;
            site.model.wait_for(position + 1, PATIENCE).await;
        }
    };
    tokio::time::timeout(PATIENCE, behind).await.map_err(|_| HttpError::Behind)
}

fn links(url: &str, ask: &ItemsQuery, page: &Page, moment: &Moment) -> Vec<Link> {
    let name = page.layer.collection.name;
    let here = parameters::value(&ask.pairs, "after");
    let collection = [url, "/collections/", name].concat();
    let at = ask.addresses(&[&collection, "/items"].concat());
    let mut links = Vec::with_capacity(5);
    links.push(("self", GEOJSON, at("json", here)));
    links.push(("alternate", "text/html", at("html", here)));
    links.push(("collection", "application/json", collection + "?f=json"));
    links.extend(next(ask, page, moment).map(|after| ("next", GEOJSON, at("json", Some(&after.token())))));
    links.extend(previous(ask, page).map(|after| ("prev", GEOJSON, at("json", Some(&after.token())))));
    links
}

/// The `Link` header of some links.
pub(super) fn link_header(links: &[Link]) -> Option<HeaderValue> {
    respond::link_header(links.iter().map(|(rel, media, href)| (*rel, *media, href.as_str())))
}

/// `Content-Crs`
pub(super) fn content_crs(crs: System) -> HeaderValue {
    HeaderValue::try_from(["<", &crs.uri(), ">"].concat()).unwrap_or(HeaderValue::from_static(""))
}

fn answer(url: &str, ask: &ItemsQuery, page: &Page, moment: &Moment, request: &HeaderMap) -> Response {
    let links = links(url, ask, page, moment);
    let gzip = Encoding::takes_gzip(request);
    let mut headers = HeaderMap::with_capacity(16);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=5"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Language, Accept-Encoding"));
    headers.insert(respond::CONTENT_CRS, content_crs(ask.crs));
    headers.insert(respond::NUMBER_MATCHED, HeaderValue::from(page.matched));
    headers.insert(respond::NUMBER_RETURNED, HeaderValue::from(page.picks.len()));
    headers.extend(link_header(&links).map(|links| (header::LINK, links)));
    // Equal questions to an equal layer have equal answers, except for the time stamp; so the validator is
    // weak.
    let tag = super::tag(&page.layer, &ask.pairs, &[u8::from(gzip)]);
    let etag = ["W/\"", &tag, "\""].concat();
    let known = respond::is_known(request, &etag[2..]);
    headers.insert(header::ETAG, HeaderValue::try_from(etag).unwrap_or(HeaderValue::from_static("W/\"\"")));
    if known {
        return respond::with(StatusCode::NOT_MODIFIED, GEOJSON, headers, Bytes::new());
    }
    let head = head(ask, page, moment, &links);
    if gzip {
        respond::name_encoding(&mut headers, Encoding::Gzip);
        // Coordinates in another system were never stored compressed, so such a page is compressed here.
        let body = if ask.crs == System::Crs84 && ask.unique_ids {
            compressed(page, &head).into()
        } else {
            Encoding::Gzip.encode(&plain(ask, page, &head).joined())
        };
        return respond::with(StatusCode::OK, GEOJSON, headers, body);
    }
    respond::with(StatusCode::OK, GEOJSON, headers, plain(ask, page, &head).body())
}

/// Everything before the first feature.
fn head(ask: &ItemsQuery, page: &Page, moment: &Moment, links: &[Link]) -> Vec<u8> {
    let mut head = Vec::with_capacity(1_024);
    let time = moment.now.round(jiff::Unit::Second).unwrap_or(moment.now);
    let _ = write!(
        head,
        "{{\"type\":\"FeatureCollection\",\"timeStamp\":\"{time}\",\"numberMatched\":{},\"numberReturned\":{},\"links\":[",
        page.matched,
        page.picks.len()
    );
    push_links(&mut head, links);
    head.push(b']');
    if let When::Between(..) = ask.wanted.when {
        let profile = if ask.unique_ids { "versions-as-features-unique-ids" } else { "versions-as-features" };
        let _ = write!(head, ",\"profile\":\"{profile}\"");
    }
    head.extend_from_slice(b",\"features\":[\n");
    head
}

/// Appends links as JSON. Their addresses are percent-encoded, so nothing needs an escape.
pub(super) fn push_links(out: &mut Vec<u8>, links: &[Link]) {
    for (i, (rel, media, href)) in links.iter().enumerate() {
        let pieces = [if i > 0 { "," } else { "" }, "{\"rel\":\"", rel, "\",\"type\":\"", media, "\",\"href\":\"", href, "\"}"];
        pieces.iter().for_each(|piece| out.extend_from_slice(piece.as_bytes()));
    }
}

const TAIL: &[u8] = b"\n]}\n";

/// Features of a page that stand next to each other in their set.
struct Run<'a> {
    part_number: usize,
    part: &'a Part,
    features: &'a Arc<Features>,
    indices: Range<usize>,
}

impl Run<'_> {
    /// The place of the run in its set's text, if the set holds it exactly as the answer needs it.
    /// [`SEPARATOR`] follows each feature.
    fn rows(&self, crs: System) -> Option<Range<usize>> {
        let is_written = crs == System::Crs84 && self.features.head() == Some(&self.part.head);
        is_written.then(|| self.features.rows(self.indices.clone()))
    }

    fn list(&self) -> &[Feature] {
        self.features.list.get(self.indices.clone()).unwrap_or_default()
    }

    /// About how many bytes the run takes when its text is built anew.
    fn room(&self) -> usize {
        self.list().iter().map(|feature| self.part.head.bytes() + feature.tail_bytes() + SEPARATOR.len()).sum()
    }
}

/// The features of a page in runs.
fn runs(page: &Page) -> Vec<Run<'_>> {
    let mut runs: Vec<Run<'_>> = Vec::with_capacity(32);
    for &(part_number, index) in &page.picks {
        match runs.last_mut() {
            Some(run) if run.part_number == part_number && run.indices.end == index => run.indices.end += 1,
            _ => {
                let Some((part, features, _)) = page.feature(part_number, index) else { continue };
                runs.push(Run { part_number, part, features, indices: index..index + 1 });
            }
        }
    }
    runs
}

fn plain(ask: &ItemsQuery, page: &Page, head: &[u8]) -> Pieces {
    let runs = runs(page);
    // All runs are looked up before the first is sliced, because their data is not yet in the processor's
    // cache.
    let rows: Vec<Option<Range<usize>>> = runs.iter().map(|run| run.rows(ask.crs)).collect();
    let mut lent = (usize::MAX, Bytes::new());
    let cut = |(run, rows): (&Run<'_>, Option<Range<usize>>)| {
        let rows = rows?;
        if lent.0 != run.part_number {
            lent = (run.part_number, run.features.lent());
        }
        Some(lent.1.slice(rows))
    };
    let texts: Vec<Option<Bytes>> = runs.iter().zip(rows).map(cut).collect();
    let room: usize = runs.iter().zip(&texts).map(|(run, text)| text.as_ref().map_or_else(|| run.room(), Pieces::copied)).sum();
    let mut own = Vec::with_capacity(head.len() + room + TAIL.len());
    own.extend_from_slice(head);
    let mut pieces = Pieces::new(own);
    for (i, (run, text)) in runs.iter().zip(texts).enumerate() {
        // The last feature is not followed by a comma.
        let is_last = i + 1 == runs.len();
        if let Some(mut text) = text {
            if is_last {
                text.truncate(text.len().saturating_sub(SEPARATOR.len()));
            }
            pieces.push(text);
            continue;
        }
        let out = pieces.own();
        let mut front = Front::new(&run.part.head);
        for (j, feature) in run.list().iter().enumerate() {
            let mut buffer = [0; 10];
            let mut key = run.part.key(feature, &mut buffer);
            if !ask.unique_ids && run.part.code.is_none() {
                // All versions of an item appear under the item's own id.
                key = key.split('-').next().unwrap_or(key);
            }
            push_feature(out, ask.crs, &mut front, key, run.features, feature);
            if !is_last || j + 1 < run.list().len() {
                out.extend_from_slice(SEPARATOR);
            }
        }
    }
    pieces.own().extend_from_slice(TAIL);
    pieces
}

/// Appends a feature in a coordinate system.
pub(super) fn push_feature(out: &mut Vec<u8>, crs: System, front: &mut Front<'_>, key: &str, features: &Features, feature: &Feature) {
    if crs == System::Crs84 {
        return front.push(out, key, features, feature);
    }
    front.begin(out, key, features, feature);
    out.extend_from_slice(features.properties(feature).as_bytes());
    out.extend_from_slice(b"},\"geometry\":");
    crs.push_geometry(out, features.geometry(feature));
    out.push(b'}');
}

/// The page as gzip. Stored compressed pieces are copied, and the text before each piece refers back to the
/// piece before it.
fn compressed(page: &Page, head: &[u8]) -> Vec<u8> {
    let mut gzip = Gzip::new(head.len() + page.picks.len() * 640);
    gzip.text(head);
    let (mut last_part, mut seen) = (usize::MAX, [Seen::default(); 3]);
    for (i, &(number, index)) in page.picks.iter().enumerate() {
        let Some((part, features, feature)) = page.feature(number, index) else { continue };
        if number != last_part {
            (last_part, seen) = (number, [Seen::default(); 3]);
        }
        let mut buffer = [0; 10];
        let key = part.key(feature, &mut buffer).as_bytes();
        let separator = if i > 0 { SEPARATOR } else { b"" };
        let [lead, middle, shared] = &mut seen;
        gzip.pieces(&mut [
            Segment::Fresh(separator),
            Segment::Again(part.head.lead.as_bytes(), lead),
            Segment::Fresh(key),
            Segment::Again(part.head.middle.as_bytes(), middle),
            Segment::Fresh(key),
            Segment::Again(part.head.shared.as_bytes(), shared),
        ]);
        let named = part.head.named(features, feature).as_bytes();
        if let Some(packed) = features.packed(index, named) {
            gzip.packed(packed);
        }
    }
    gzip.text(TAIL);
    gzip.finish()
}

impl Page {
    /// About how many bytes the text of the features takes.
    fn bytes(&self) -> usize {
        let longest = self.sets.iter().flatten().map(|features| features.mean_bytes()).max();
        longest.unwrap_or_default() * self.picks.len()
    }

    /// A feature of the page, with its part and its set.
    pub(super) fn feature(&self, part: usize, index: usize) -> Option<(&Part, &Arc<Features>, &Feature)> {
        let features = self.sets.get(part)?.as_ref()?;
        Some((self.layer.parts.get(part)?, features, features.list.get(index)?))
    }

    /// The features of the page as rows of a table.
    pub(super) fn rows(&self) -> impl Iterator<Item = LayerRow<'_>> {
        self.picks.iter().filter_map(|(part, index)| {
            let (part, features, feature) = self.feature(*part, *index)?;
            Some(LayerRow { properties: &self.layer.collection.properties, part, features, feature })
        })
    }
}
