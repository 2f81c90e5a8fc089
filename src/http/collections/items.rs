//! `/collections/{c}/items` and one of them: pages of stored bytes.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::ask::{self, After, Ask};
use super::crs::System;
use super::select::{Page, select};
use super::{GEOJSON, METADATA_CACHE, find, html};
use crate::domain::Code;
use crate::domain::digest::hex;
use crate::domain::view::Moment;
use crate::http::Site;
use crate::http::errors::{Gone, HttpError};
use crate::http::items::finish;
use crate::http::respond::{self, Encoding, Form};
use crate::read_model::features::{Feature, Features};
use crate::read_model::layers::{Collection, Content, Layer, LayerRow, Part, Version, Wanted, When};
use crate::read_model::packed::{Gzip, Piece, Seen};
use crate::render::geojson::Front;

/// A link: its relation, media type and address.
type Link = (&'static str, &'static str, String);

/// `/collections/{c}/items`
pub async fn items(State(site): State<Arc<Site>>, Path(name): Path<String>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let query = query.as_deref();
    let result = async {
        let collection = find(&name)?;
        let city = site.city();
        let ask = Ask::read(query, &headers, collection, &city)?;
        let moment = site.moment();
        // A token without a moment of its own says what the question said, not what a node knew.
        if let Some(known) = ask.wanted.as_of.filter(|_| ask.wanted.now.is_some()) {
            reached(&site, collection, known, &moment).await?;
        }
        let layer = site.model.layer(collection, ask.wanted, &moment).await?;
        let page = select(&site, layer, &ask).await?;
        if ask.form == Form::Html {
            let html = html::items(&site, &city, &ask, &page);
            return Ok(respond::fresh(&headers, "text/html; charset=utf-8", METADATA_CACHE, HeaderMap::new(), html));
        }
        Ok(answer(&city.public_url, &ask, &page, &moment, &headers))
    };
    finish(&site, &headers, query, result.await)
}

/// How long a page waits for what the page before it knew.
const PATIENCE: Duration = Duration::from_secs(1);

/// A page that was begun on another node waits until this one knows as much.
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

/// The token with which the next page is asked for, where there is one.
pub(super) fn next(ask: &Ask, page: &Page, moment: &Moment) -> Option<After> {
    let offset = ask.offset + ask.limit;
    if page.matched <= offset {
        return None;
    }
    // What is known and what day it is stay as they were for the first page.
    let known = ask.wanted.as_of.unwrap_or(page.layer.known);
    let names_its_time = ask.wanted.when != When::Now || (ask.wanted.as_of.is_some() && ask.wanted.now.is_none());
    let now = if names_its_time { None } else { Some(ask.wanted.now.unwrap_or(moment.now.as_second())) };
    Some(After { known, now, offset })
}

/// The page before this one.
pub(super) fn previous(ask: &Ask, page: &Page) -> Option<After> {
    let known = ask.wanted.as_of.unwrap_or(page.layer.known);
    (ask.offset > 0).then(|| After { known, now: ask.wanted.now, offset: ask.offset.saturating_sub(ask.limit) })
}

fn links(url: &str, ask: &Ask, page: &Page, moment: &Moment) -> Vec<Link> {
    let name = page.layer.collection.name;
    let here = ask::value(&ask.pairs, "after");
    // As [`Ask::query`], with what all have in common written once.
    let rest = ask.rest();
    let at = |form: &str, after: Option<&str>| {
        let (sign, after) = after.map_or(("", ""), |after| ("&after=", after));
        [url, "/collections/", name, "/items?f=", form, &rest, sign, after].concat()
    };
    let mut links = vec![
        ("self", GEOJSON, at("json", here)),
        ("alternate", "text/html", at("html", here)),
        ("collection", "application/json", format!("{url}/collections/{name}?f=json")),
    ];
    links.extend(next(ask, page, moment).map(|after| ("next", GEOJSON, at("json", Some(&after.token())))));
    links.extend(previous(ask, page).map(|after| ("prev", GEOJSON, at("json", Some(&after.token())))));
    links
}

pub(super) fn link_header(links: &[Link]) -> Option<HeaderValue> {
    let mut text = String::with_capacity(links.iter().map(|(_, _, href)| href.len() + 64).sum());
    for (i, (rel, media, href)) in links.iter().enumerate() {
        let pieces = [if i > 0 { ", <" } else { "<" }, href, ">; rel=\"", rel, "\"; type=\"", media, "\""];
        pieces.iter().for_each(|piece| text.push_str(piece));
    }
    // Proxies and clients bound a header; the body has the links in any case.
    HeaderValue::try_from(text).ok().filter(|header| header.len() <= LONGEST_HEADER)
}

/// `Content-Crs`
pub(super) fn content_crs(crs: System) -> HeaderValue {
    HeaderValue::try_from(format!("<{}>", crs.uri())).unwrap_or(HeaderValue::from_static(""))
}

fn answer(url: &str, ask: &Ask, page: &Page, moment: &Moment, request: &HeaderMap) -> Response {
    let links = links(url, ask, page, moment);
    let gzip = Encoding::takes_gzip(request);
    let mut headers = HeaderMap::with_capacity(16);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=5"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Language, Accept-Encoding"));
    headers.insert("content-crs", content_crs(ask.crs));
    headers.insert("ogc-numbermatched", HeaderValue::from(page.matched));
    headers.insert("ogc-numberreturned", HeaderValue::from(page.picks.len()));
    headers.extend(link_header(&links).map(|links| (header::LINK, links)));
    // The time of the answer apart, equal questions to an equal layer have equal answers.
    let mut hash = Sha256::new();
    hash.update(page.layer.digest);
    hash.update([u8::from(gzip)]);
    for (name, value) in &ask.pairs {
        [name, "=", value, "&"].iter().for_each(|piece| hash.update(piece));
    }
    let tag = hex(&hash.finalize()[..16]);
    let etag = HeaderValue::try_from(format!("W/\"{tag}\"")).unwrap_or(HeaderValue::from_static("W/\"\""));
    let known = respond::is_known(request, &HeaderValue::try_from(format!("\"{tag}\"")).unwrap_or(etag.clone()));
    headers.insert(header::ETAG, etag);
    if known {
        return respond::with(StatusCode::NOT_MODIFIED, GEOJSON, headers, Bytes::new());
    }
    let head = head(ask, page, moment, &links);
    if gzip {
        respond::name_encoding(&mut headers, Encoding::Gzip);
        // What is put into another system was never stored: it is compressed as it is.
        let body = if ask.crs == System::Crs84 && ask.unique_ids {
            compressed(page, &head).into()
        } else {
            Encoding::Gzip.encode(&plain(ask, page, &head).into())
        };
        return respond::with(StatusCode::OK, GEOJSON, headers, body);
    }
    respond::with(StatusCode::OK, GEOJSON, headers, plain(ask, page, &head).into())
}

/// Everything before the first feature.
fn head(ask: &Ask, page: &Page, moment: &Moment, links: &[Link]) -> Vec<u8> {
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

/// Appends links as JSON. Addresses are percent-encoded: nothing in them needs an escape.
fn push_links(out: &mut Vec<u8>, links: &[Link]) {
    for (i, (rel, media, href)) in links.iter().enumerate() {
        let pieces = [if i > 0 { "," } else { "" }, "{\"rel\":\"", rel, "\",\"type\":\"", media, "\",\"href\":\"", href, "\"}"];
        pieces.iter().for_each(|piece| out.extend_from_slice(piece.as_bytes()));
    }
}

/// Longest `Link` header, bytes.
const LONGEST_HEADER: usize = 4_096;
const TAIL: &[u8] = b"\n]}\n";

fn plain(ask: &Ask, page: &Page, head: &[u8]) -> Vec<u8> {
    let room: usize = page
        .picks
        .iter()
        .map(|(part, index)| page.feature(*part, *index).map_or(0, |(part, _, feature)| part.head.bytes() + feature.tail_bytes() + 2))
        .sum();
    let mut out = Vec::with_capacity(head.len() + room + TAIL.len());
    out.extend_from_slice(head);
    let mut front: Option<(usize, Front<'_>)> = None;
    for (i, &(number, index)) in page.picks.iter().enumerate() {
        if i > 0 {
            out.extend_from_slice(b",\n");
        }
        let Some((part, features, feature)) = page.feature(number, index) else { continue };
        let mut buffer = [0; 10];
        let mut key = part.key(feature, &mut buffer);
        if !ask.unique_ids && part.code.is_none() {
            // The versions of an item under its own id.
            key = key.split('-').next().unwrap_or(key);
        }
        if ask.crs == System::Crs84 {
            let front = match &mut front {
                Some((same, front)) if *same == number => front,
                other => &mut other.insert((number, Front::new(&part.head))).1,
            };
            front.push(&mut out, key, features, feature);
        } else {
            push_elsewhere(&mut out, ask.crs, part, key, features, feature);
        }
    }
    out.extend_from_slice(TAIL);
    out
}

/// Appends a feature in another coordinate system.
fn push_elsewhere(out: &mut Vec<u8>, crs: System, part: &Part, key: &str, features: &Features, feature: &Feature) {
    part.head.pieces(key, features, feature).iter().for_each(|piece| out.extend_from_slice(piece.as_bytes()));
    out.extend_from_slice(features.properties(feature).as_bytes());
    out.extend_from_slice(b"},\"geometry\":");
    crs.push_geometry(out, features.geometry(feature));
    out.push(b'}');
}

/// The same as gzip: stored pieces are copied, what stands before each refers to the one before.
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
        let separator: &[u8] = if i > 0 { b",\n" } else { b"" };
        let [lead, middle, shared] = &mut seen;
        gzip.pieces(&mut [
            Piece::Fresh(separator),
            Piece::Again(part.head.lead.as_bytes(), lead),
            Piece::Fresh(key),
            Piece::Again(part.head.middle.as_bytes(), middle),
            Piece::Fresh(key),
            Piece::Again(part.head.shared.as_bytes(), shared),
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
    /// A feature of the page and where it comes from.
    pub(super) fn feature(&self, part: usize, index: usize) -> Option<(&Part, &Features, &Feature)> {
        let features = self.sets.get(part)?.as_deref()?;
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

/// `CODE` or `CODE-REVISION…`: the item a feature's id names, and the revision.
fn named(id: &str) -> Option<(Code, Option<u32>)> {
    let mut parts = id.splitn(3, '-');
    let code = parts.next()?.parse::<Code>().ok()?;
    Some((code, parts.next().and_then(|number| number.parse().ok())))
}

/// Links to the versions of what an id names.
fn version_links(url: &str, collection: &Collection, code: Code, version: Option<&Version>) -> Vec<Link> {
    let owner = match collection.content {
        Content::Items(..) => collection.name,
        Content::Features(_) => collection.sources.first().copied().unwrap_or_default(),
        Content::Units => return Vec::new(),
    };
    let item = format!("{url}/collections/{owner}/items/{code}");
    let mut links = vec![
        ("timemap", "application/json", format!("{item}/versions?f=json")),
        ("version-history", "application/json", format!("{item}/versions?f=json")),
        ("original", GEOJSON, item.clone()),
        ("about", "text/html", format!("{url}/q/{code}")),
    ];
    let at = |number: u32| format!("{item}-{number}");
    match version {
        Some(version) => {
            links.extend(version.before.map(|number| ("predecessor-version", GEOJSON, at(number))));
            links.extend(version.after.map(|number| ("successor-version", GEOJSON, at(number))));
        }
        None => links.push(("latest-version", GEOJSON, item)),
    }
    links
}

fn as_json(links: &[Link]) -> Value {
    links.iter().map(|(rel, media, href)| json!({ "rel": rel, "type": media, "href": href })).collect()
}

/// What was there once, or is not there at that moment: 410 with where to look, or 404.
fn missing(site: &Site, collection: &'static Collection, id: &str, moment: &Moment) -> HttpError {
    let Some((code, revision)) = named(id) else { return HttpError::NotFound };
    // An id has one way to be written.
    let numbers = id.split('-').skip(1).map(|part| part.parse::<u32>().map(|number| number.to_string()).unwrap_or_default());
    if std::iter::once(code.to_string()).chain(numbers).collect::<Vec<_>>().join("-") != id {
        return HttpError::NotFound;
    }
    let image = site.model.image();
    let Some(view) = image.view(&code, revision, moment) else { return HttpError::NotFound };
    let fits = match collection.content {
        Content::Items(..) => view.collection == collection.name && id.split('-').count() <= 2,
        Content::Features(family) => {
            let number = id.rsplit('-').next().and_then(|number| number.parse::<u32>().ok()).unwrap_or_default();
            let count = view.features.as_ref().filter(|_| !view.outline_only).map_or(0, |set| set.count);
            view.family == family && id.split('-').count() == 3 && (1..=count).contains(&number)
        }
        Content::Units => false,
    };
    if !fits {
        return HttpError::NotFound;
    }
    let links = version_links(&image.city.public_url, collection, code, None);
    HttpError::Gone(Box::new(Gone { links: as_json(&links), header: link_header(&links) }))
}

/// One feature and the version it is.
struct Found {
    layer: Arc<Layer>,
    features: Arc<Features>,
    part: usize,
    index: usize,
}

async fn look_up(site: &Arc<Site>, collection: &'static Collection, id: &str, wanted: Wanted, moment: &Moment) -> Result<Found, HttpError> {
    let is_item = matches!(collection.content, Content::Items(..));
    // A revision of an item is found among all that ever held.
    let wanted = match wanted.when {
        When::Now if is_item && id.contains('-') => Wanted { when: When::Between(None, None), ..wanted },
        When::On(day) if is_item && id.contains('-') => Wanted { when: When::Between(Some(day), Some(day)), ..wanted },
        _ => wanted,
    };
    let layer = site.model.layer(collection, wanted, moment).await?;
    let place = layer.find(id).map(|(part, index)| (layer.parts.iter().position(|other| std::ptr::eq(other, part)), index));
    let Some((Some(part), index)) = place else { return Err(missing(site, collection, id, moment)) };
    let features = layer.parts[part].features(&site.model).await?;
    if index >= features.list.len() {
        return Err(HttpError::NotFound);
    }
    Ok(Found { layer, features, part, index })
}

/// `/collections/{c}/items/{id}`
pub async fn item(
    State(site): State<Arc<Site>>,
    Path((name, id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.as_deref();
    let result = async {
        let collection = find(&name)?;
        let pairs = ask::pairs(query, ask::ITEM, &[])?;
        let (city, moment) = (site.city(), site.moment());
        let crs = ask::value(&pairs, "crs").map_or(Ok(System::Crs84), |text| System::named("crs", text, &city))?;
        let mut wanted = ask::wanted(&pairs, &city.zone())?;
        if let When::Between(..) = wanted.when {
            return Err(HttpError::Parameter(
                "datetime của một đối tượng phải là một ngày hoặc một thời điểm".into(),
                "datetime of one feature must be a day or a moment".into(),
            ));
        }
        if matches!(collection.content, Content::Units) {
            wanted = Wanted::NOW;
        }
        let form = respond::form(ask::value(&pairs, "f"), &headers)?;
        let found = look_up(&site, collection, &id, wanted, &moment).await?;
        let (part, feature) = (&found.layer.parts[found.part], &found.features.list[found.index]);
        let url = &city.public_url;
        if form == Form::Html {
            if let (Content::Items(..), Some((code, revision))) = (collection.content, named(&id)) {
                let shown = found.features.number_property(feature, "revision").map(|number| number as u32);
                let revision = revision.or(shown.filter(|_| wanted.when != When::Now));
                let lang = ask::value(&pairs, "lang").map(|lang| format!("?lang={lang}")).unwrap_or_default();
                let page = revision.map_or_else(|| format!("/q/{code}{lang}"), |number| format!("/q/{code}/revisions/{number}{lang}"));
                return Ok(respond::see(&page));
            }
            let lang = respond::language(ask::value(&pairs, "lang"), &headers);
            let row = LayerRow { properties: &collection.properties, part, features: &found.features, feature };
            let html = html::item(&city, lang, collection, &id, &row);
            return Ok(respond::fresh(&headers, "text/html; charset=utf-8", METADATA_CACHE, HeaderMap::new(), html));
        }
        let at = |form: &str| {
            let mut text = format!("{url}/collections/{name}/items/{id}?f={form}");
            for (name, value) in pairs.iter().filter(|(name, _)| name != "f") {
                let _ = write!(text, "&{name}=");
                ask::push_encoded(&mut text, value);
            }
            text
        };
        let mut links = vec![
            ("self", GEOJSON, at("json")),
            ("alternate", "text/html", at("html")),
            ("collection", "application/json", format!("{url}/collections/{name}?f=json")),
        ];
        let mut extra = HeaderMap::with_capacity(16);
        extra.insert("content-crs", content_crs(crs));
        if let Some((code, revision)) = named(&id) {
            // The features of a set know their version; an item's is looked up.
            let version = part.version.or_else(|| {
                let shown = found.features.number_property(feature, "revision").map(|number| number as u32);
                site.model.image().view(&code, shown.or(revision), &moment).as_ref().map(Version::of)
            });
            links.extend(version_links(url, collection, code, version.as_ref()));
            let date = version.and_then(|version| HeaderValue::try_from(memento_datetime(version.from, &moment)).ok());
            extra.extend(date.map(|date| (respond::MEMENTO_DATETIME, date)));
        }
        extra.extend(link_header(&links).map(|links| (header::LINK, links)));
        let mut body = Vec::with_capacity(4_096);
        let mut buffer = [0; 10];
        let key = part.key(feature, &mut buffer);
        match crs {
            System::Crs84 => part.head.push(&mut body, key, &found.features, feature),
            crs => push_elsewhere(&mut body, crs, part, key, &found.features, feature),
        }
        body.pop();
        body.extend_from_slice(b",\"links\":[");
        push_links(&mut body, &links);
        body.extend_from_slice(b"]}");
        Ok(respond::fresh_bytes(&headers, GEOJSON, "public, max-age=5", extra, body.into()))
    };
    finish(&site, &headers, query, result.await)
}

/// The first moment of a day in the city, as `Memento-Datetime` writes it.
pub(crate) fn memento_datetime(from: jiff::civil::Date, moment: &Moment) -> String {
    http_date(crate::domain::civil::midnight(&moment.zone, from))
}

/// RFC 9110 §5.6.7: `Mon, 01 Apr 2024 00:00:00 GMT`.
pub(crate) fn http_date(at: jiff::Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// `/collections/{c}/items/{id}/versions`: every version and when it holds (RFC 7089 as JSON, or
/// `application/link-format`).
pub async fn versions(
    State(site): State<Arc<Site>>,
    Path((name, id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.as_deref();
    let result = (|| {
        let collection = find(&name)?;
        let pairs = ask::pairs(query, ask::COMMON, &[])?;
        let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let form = match ask::value(&pairs, "f") {
            Some(given @ ("json" | "link-format" | "html")) => given,
            Some(other) => {
                return Err(HttpError::Parameter(
                    format!("f={other}: có json, link-format, html"),
                    format!("f={other}: there are json, link-format, html"),
                ));
            }
            None if accept.contains("application/link-format") => "link-format",
            None if respond::wants_html(&headers) => "html",
            None => "json",
        };
        let wants_links = form == "link-format";
        let code: Code = id.parse().map_err(|_| HttpError::NotFound)?;
        let moment = site.moment();
        let image = site.model.image();
        let url = image.city.public_url.clone();
        let entry = image.entry(&code).filter(|entry| entry.item.collection() == Some(collection.name)).ok_or(HttpError::NotFound)?;
        let item = format!("{url}/collections/{name}/items/{code}");
        let own = format!("{item}/versions?f={}", if wants_links { "link-format" } else { "json" });
        let validity = entry.item.validity(&moment);
        drop(image);
        if form == "html" {
            return Ok(respond::see(&format!("/q/{code}/history")));
        }
        let zone = &moment.zone;
        if wants_links {
            let mut text = format!(
                "<{item}>; rel=\"original\",\n<{url}/q/{code}>; rel=\"timegate\",\n<{own}>; rel=\"self\"; type=\"application/link-format\""
            );
            for (number, from, _) in &validity {
                let date = http_date(crate::domain::civil::midnight(zone, *from));
                let _ = write!(text, ",\n<{item}-{number}>; rel=\"memento\"; datetime=\"{date}\"");
            }
            return Ok(respond::fresh(&headers, "application/link-format", "public, max-age=5", HeaderMap::new(), text));
        }
        let mut links = vec![
            json!({ "rel": "self", "type": "application/json", "href": own }),
            json!({ "rel": "original", "type": GEOJSON, "href": item }),
            json!({ "rel": "alternate", "type": "application/link-format", "href": format!("{item}/versions?f=link-format") }),
            json!({ "rel": "collection", "type": "application/json", "href": format!("{url}/collections/{name}?f=json") }),
        ];
        links.extend(validity.iter().map(|(number, from, to)| {
            json!({
                "rel": "memento", "type": GEOJSON, "href": format!("{item}-{number}"), "revision": number,
                "datetime": crate::domain::civil::midnight(zone, *from), "effective_from": from, "effective_to": to,
            })
        }));
        let body = json!({ "timeAxis": "validity-time", "links": links }).to_string();
        Ok(respond::fresh(&headers, "application/json", "public, max-age=5", HeaderMap::new(), body))
    })();
    finish(&site, &headers, query, result)
}
