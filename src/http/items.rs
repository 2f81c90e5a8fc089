//! `/q/{code}` and everything below it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use jiff::civil::Date;

use super::answers::{Answer, Scope, Validity, What};
use super::collections::downloads;
use super::collections::items::memento_datetime;
use super::errors::HttpError;
use super::{Site, respond};
use crate::domain::city::City;
use crate::domain::civil::midnight;
use crate::domain::document::Document;
use crate::domain::publication::Status;
use crate::domain::unit::UnitId;
use crate::domain::view::{Moment, View};
use crate::domain::{Code, Digest};
use crate::event_store::StoreError;
use crate::export::Format;
use crate::import::crs::Crs;
use crate::read_model::cut::Area;
use crate::read_model::features::Features;
use crate::render::page::{Extract, Item};
use crate::render::text::Lang;
use crate::render::{geojson, map, qr, record};

/// Splits `CODE.geojson` into the code and what is asked for.
fn split(name: &str) -> (&str, Option<&str>) {
    name.split_once('.').map_or((name, None), |(code, form)| (code, Some(form)))
}

fn parse(code: &str) -> Result<Code, HttpError> {
    code.parse().map_err(HttpError::WrongCode)
}

/// Answers, or says what went wrong in the form the client wants.
pub(super) fn finish(site: &Site, headers: &HeaderMap, query: Option<&str>, result: Result<Response, HttpError>) -> Response {
    result.unwrap_or_else(|error| {
        let lang = respond::language(respond::parameter(query, "lang").as_deref(), headers);
        let f = respond::parameter(query, "f");
        error.respond(site, lang, respond::wants_html(headers) && f.as_deref() != Some("json"))
    })
}

/// For whom a page is made: `?lang=`, `?unit=`.
fn scope(query: Option<&str>, headers: &HeaderMap) -> Result<Scope, HttpError> {
    let lang = respond::language(respond::parameter(query, "lang").as_deref(), headers);
    let unit = respond::parameter(query, "unit").filter(|unit| !unit.is_empty());
    let unit = unit.map(|unit| unit.parse().map_err(|_| HttpError::UnknownUnit)).transpose()?;
    Ok(Scope { lang, unit })
}

/// `/q/{code}`, `.geojson`, `.json`
pub async fn item(State(site): State<Arc<Site>>, Path(name): Path<String>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let result = async {
        let (code, form) = split(&name);
        let code = parse(code)?;
        if let Some(format) = form.and_then(Format::of_ending).filter(|format| *format != Format::GeoJson) {
            let moment = site.moment();
            let view = site.model.image().view(&code, None, &moment).ok_or(HttpError::UnknownCode)?;
            let layer = site.model.layer_of(&view, &moment).await?.ok_or(HttpError::NotFound)?;
            return downloads::send(&site, Arc::new(layer), format, &format!("{code}.{}", format.ending()), &headers).await;
        }
        // Memento (RFC 7089): the address of an item leads to what held at a moment.
        if form.is_none()
            && let Some(moment) = headers.get("accept-datetime")
        {
            return memento(&site, code, moment, query.as_deref());
        }
        let what = match form {
            None => What::Page(scope(query.as_deref(), &headers)?),
            Some("geojson") => What::GeoJson,
            Some("json") => What::Record,
            Some(_) => return Err(HttpError::NotFound),
        };
        answer(&site, code, what, &headers).await
    };
    finish(&site, &headers, query.as_deref(), result.await)
}

/// Leads from an item to the revision that held at the moment of `Accept-Datetime`.
fn memento(site: &Site, code: Code, asked: &HeaderValue, query: Option<&str>) -> Result<Response, HttpError> {
    let wrong = || {
        HttpError::Parameter(
            "Accept-Datetime phải viết như Mon, 01 Apr 2024 00:00:00 GMT".into(),
            "Accept-Datetime must be written like Mon, 01 Apr 2024 00:00:00 GMT".into(),
        )
    };
    let asked = asked.to_str().ok().and_then(|text| jiff::fmt::rfc2822::parse(text).ok()).ok_or_else(wrong)?;
    let moment = site.moment();
    let (view, url) = {
        let image = site.model.image();
        let entry = image.entry(&code).filter(|entry| entry.item.is_public()).ok_or(HttpError::UnknownCode)?;
        let day = crate::domain::civil::date_in(&moment.zone, asked.timestamp());
        let validity = entry.item.validity(&moment);
        // Before the first version, the first; otherwise the last that had begun (RFC 7089 §4.5.3).
        let held = validity.iter().rev().find(|(_, from, _)| *from <= day).or(validity.first());
        let number = held.map(|(number, ..)| *number).ok_or(HttpError::NotFound)?;
        (entry.item.view(Some(number), &moment).ok_or(HttpError::NotFound)?, image.city.public_url.clone())
    };
    let mut headers = HeaderMap::new();
    let language = query.map(|query| format!("?{query}")).unwrap_or_default();
    let location = format!("{url}/q/{code}/revisions/{}{language}", view.revision);
    headers.insert(header::LOCATION, HeaderValue::try_from(location).map_err(|_| HttpError::NotFound)?);
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Datetime, Accept-Language"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.extend(HeaderValue::try_from(memento_links(&url, &view)).ok().map(|links| (header::LINK, links)));
    Ok(respond::with(StatusCode::FOUND, "text/plain", headers, bytes::Bytes::new()))
}

/// Where an item stands among its versions (RFC 7089, RFC 5829).
fn memento_links(url: &str, view: &View) -> String {
    let (code, collection) = (view.code, view.collection);
    let timemap = format!("{url}/collections/{collection}/items/{code}/versions?f=link-format");
    format!(
        "<{url}/q/{code}>; rel=\"original timegate latest-version\", <{timemap}>; rel=\"timemap\"; type=\"application/link-format\", \
         <{url}/q/{code}/history>; rel=\"version-history\""
    )
}

/// `/q/{code}/history`
pub async fn history(State(site): State<Arc<Site>>, Path(code): Path<String>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let result = async {
        let lang = respond::language(respond::parameter(query.as_deref(), "lang").as_deref(), &headers);
        answer(&site, parse(&code)?, What::History(lang), &headers).await
    };
    finish(&site, &headers, query.as_deref(), result.await)
}

/// `/q/{code}/revisions/{n}`, `.geojson`
pub async fn revision(
    State(site): State<Arc<Site>>,
    Path((code, name)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let result = async {
        let (number, form) = split(&name);
        let number: u32 = number.parse().map_err(|_| HttpError::NotFound)?;
        let what = match form {
            None => What::Revision(number, scope(query.as_deref(), &headers)?),
            Some("geojson") => What::RevisionGeoJson(number),
            Some(_) => return Err(HttpError::NotFound),
        };
        answer(&site, parse(&code)?, what, &headers).await
    };
    finish(&site, &headers, query.as_deref(), result.await)
}

/// `/q/{code}/qr.svg`
pub async fn qr_svg(State(site): State<Arc<Site>>, Path(code): Path<String>, headers: HeaderMap) -> Response {
    let result = async { answer(&site, parse(&code)?, What::QrSvg, &headers).await };
    finish(&site, &headers, None, result.await)
}

/// `/q/{code}/qr.png?size=`
pub async fn qr_png(State(site): State<Arc<Site>>, Path(code): Path<String>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let result = async {
        let size = match respond::parameter(query.as_deref(), "size") {
            None => 512,
            Some(text) => text
                .parse()
                .ok()
                .filter(|size| qr::SIZES.contains(size))
                .ok_or_else(|| HttpError::BadRequest(format!("size must be {} to {} pixels", qr::SIZES.start(), qr::SIZES.end())))?,
        };
        answer(&site, parse(&code)?, What::QrPng(size), &headers).await
    };
    finish(&site, &headers, query.as_deref(), result.await)
}

/// The prebuilt answer, made anew where it no longer holds.
async fn answer(site: &Arc<Site>, code: Code, what: What, headers: &HeaderMap) -> Result<Response, HttpError> {
    let now = site.app.now();
    let validity = {
        let image = site.model.image();
        let entry = image.entry(&code).filter(|entry| entry.item.is_public()).ok_or(HttpError::UnknownCode)?;
        Validity { version: entry.version, city_version: image.city_version, generation: image.generation }
    };
    let key = (code, what);
    if let Some(answer) = site.answers.get(&key, validity, now) {
        site.metrics.cached.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        return Ok(answer.respond(headers, now));
    }
    site.metrics.rendered.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let answer = Arc::new(render(site, code, &key.1, validity).await?);
    site.answers.insert(key, &answer);
    let response = answer.respond(headers, now);
    // The next reader gets it as small as it can be, if there is time for that now.
    if answer.can_be_perfected()
        && let Ok(place) = Arc::clone(&site.drawing_places).try_acquire_owned()
    {
        tokio::task::spawn_blocking(move || {
            let _place = place;
            answer.perfect();
        });
    }
    Ok(response)
}

/// The revision an answer is about; none for the item as it stands.
fn revision_of(what: &What) -> Option<u32> {
    match what {
        What::Revision(number, _) | What::RevisionGeoJson(number) => Some(*number),
        _ => None,
    }
}

/// The unit whose part is wanted, and its boundary as far as it is known: its own, else those of the
/// units that took it over.
fn extract(
    city: &City,
    boundaries: Option<&Features>,
    view: &View,
    features: Option<&Features>,
    unit: &UnitId,
    today: Date,
) -> Option<Extract> {
    let unit = city.units.get(unit)?.clone();
    let rings = boundaries.map(|all| {
        let own = map::unit_rings(all, &unit.id);
        if own.is_empty() { city.units.at(&unit.id, today).iter().flat_map(|unit| map::unit_rings(all, &unit.id)).collect() } else { own }
    });
    let rings = rings.unwrap_or_default();
    let plane = Crs::new(view.plane.unwrap_or(city.default_crs)).ok();
    let area = Area::new(rings.clone());
    let pieces = area.zip(plane).zip(features).map(|((area, plane), features)| area.cut(features, &plane));
    Some(Extract { unit, pieces, rings })
}

async fn render(site: &Site, code: Code, what: &What, validity: Validity) -> Result<Answer, HttpError> {
    let moment = site.moment();
    let (city, view, contact) = {
        let image = site.model.image();
        let revision = revision_of(what);
        let missing = if revision.is_some() { HttpError::NotFound } else { HttpError::UnknownCode };
        let view = image.view(&code, revision, &moment).ok_or(missing)?;
        let shows_contact = matches!(what, What::Page(_) | What::Revision(..)) && view.status == Status::InForce;
        let contact = view.contact.as_ref().filter(|_| shows_contact).and_then(|subject| image.contact(subject)).cloned();
        (Arc::clone(&image.city), view, contact)
    };
    let scope = match what {
        What::Page(scope) | What::Revision(_, scope) => Some(scope.clone()),
        _ => None,
    };
    if scope.as_ref().and_then(|scope| scope.unit.as_ref()).is_some_and(|unit| city.units.get(unit).is_none()) {
        return Err(HttpError::UnknownUnit);
    }
    let boundaries = if scope.is_some() { site.boundaries(&city).await } else { None };
    let needs_features = matches!(what, What::Page(_) | What::Revision(..) | What::GeoJson | What::RevisionGeoJson(_));
    let is_page = matches!(what, What::Page(_) | What::Revision(..));
    let features = match &view.features {
        Some(set) if needs_features => match site.model.features(set.sha256).await {
            Ok(features) => Some(features),
            // The page still says everything else.
            Err(StoreError::Damaged(what)) if is_page => {
                tracing::error!("{what}");
                None
            }
            Err(error) => return Err(error.into()),
        },
        _ => None,
    };
    let status = if view.status == Status::Withdrawn && revision_of(what).is_none() && !matches!(what, What::History(_)) {
        StatusCode::GONE
    } else {
        StatusCode::OK
    };
    let mut extra = HeaderMap::new();
    if matches!(what, What::Page(_) | What::Revision(..) | What::RevisionGeoJson(_)) {
        extra.extend(HeaderValue::try_from(memento_links(&city.public_url, &view)).ok().map(|links| (header::LINK, links)));
    }
    if revision_of(what).is_some() {
        let date = HeaderValue::try_from(memento_datetime(view.effective_from, &moment)).ok();
        extra.extend(date.map(|date| (respond::MEMENTO_DATETIME, date)));
    }
    // Names of units change with their validity.
    let boundary = city.units.next_boundary(moment.today).map(|day| midnight(&moment.zone, day));
    let (ends, private) = (view.next_change.into_iter().chain(boundary).min(), contact.is_some());
    let revision = revision_of(what);
    let is_code = matches!(what, What::QrSvg | What::QrPng(_));
    let what = what.clone();
    let made = tokio::task::spawn_blocking(move || {
        let (features, boundaries) = (features.as_deref(), boundaries.as_deref());
        let lang = match &what {
            What::Page(scope) | What::Revision(_, scope) => scope.lang,
            What::History(lang) => *lang,
            _ => Lang::default(),
        };
        let units = scope.as_ref().map(|scope| map::unit_shapes(&city, boundaries, moment.today, scope.lang)).unwrap_or_default();
        let unit = scope.as_ref().and_then(|scope| scope.unit.as_ref());
        let extract = unit.and_then(|unit| extract(&city, boundaries, &view, features, unit, moment.today));
        let page = Item {
            lang,
            city: &city,
            moment: &moment,
            view: &view,
            features,
            units: &units,
            extract: extract.as_ref(),
            contact: contact.as_ref(),
            revision,
        };
        body(&what, &view, features, &city.public_url, &page)
    });
    let made = made.await.map_err(|error| HttpError::Internal(error.to_string()))?;
    let (media, body) = made.map_err(|error| HttpError::Internal(error.to_string()))?;
    // A QR code opens the page, whatever has become of the item.
    let status = if is_code { StatusCode::OK } else { status };
    Ok(Answer::new(status, media, body, validity, ends, private).with(extra))
}

fn body(
    what: &What,
    view: &View,
    features: Option<&Features>,
    public_url: &str,
    page: &Item<'_>,
) -> Result<(&'static str, Vec<u8>), qr::QrError> {
    const HTML: &str = "text/html; charset=utf-8";
    let matrix = || qr::Matrix::new(&qr::address(public_url, view.code));
    Ok(match what {
        What::Page(_) | What::Revision(..) => (HTML, page.render()?.into_bytes()),
        What::History(_) => (HTML, page.render_history().into_bytes()),
        What::GeoJson | What::RevisionGeoJson(_) => ("application/geo+json", geojson::collection(view, features, public_url)),
        What::Record => ("application/json", record::record(view, public_url).to_string().into_bytes()),
        What::QrSvg => ("image/svg+xml", matrix()?.svg(&view.title).into_bytes()),
        What::QrPng(size) => ("image/png", matrix()?.png(*size)?),
    })
}

/// The validator of an item's record as it is now, for `If-Match`.
pub(super) async fn record_tags(site: &Site, code: Code) -> Option<[HeaderValue; 3]> {
    let validity = {
        let image = site.model.image();
        let entry = image.entry(&code)?;
        Validity { version: entry.version, city_version: image.city_version, generation: image.generation }
    };
    let answer = render(site, code, &What::Record, validity).await.ok()?;
    let tag = |encoding| respond::etag(answer.body(), encoding);
    Some([tag(respond::Encoding::Identity), tag(respond::Encoding::Gzip), tag(respond::Encoding::Brotli)])
}

/// `/q/{code}/documents/{sha256}`: only a file that this item publishes, never run by a browser.
pub async fn document(State(site): State<Arc<Site>>, Path((code, digest)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let result = async {
        let code = parse(&code)?;
        let digest: Digest = digest.parse().map_err(|_| HttpError::NotFound)?;
        let document = find_document(&site, code, digest)?;
        let media = HeaderValue::try_from(&document.media_type).unwrap_or(HeaderValue::from_static("application/octet-stream"));
        let name = disposition(&document.file_name);
        let cache = "public, max-age=60, must-revalidate";
        download(&site, digest, media, name, cache, &headers).await
    };
    finish(&site, &headers, None, result.await)
}

fn find_document(site: &Site, code: Code, digest: Digest) -> Result<Document, HttpError> {
    let moment: Moment = site.moment();
    let image = site.model.image();
    let view = image.view(&code, None, &moment).ok_or(HttpError::UnknownCode)?;
    let revisions = view.history.iter().filter_map(|entry| image.view(&code, Some(entry.number), &moment));
    let found = revisions.flat_map(|view| view.documents).find(|document| document.sha256 == digest);
    found.ok_or(HttpError::NotFound)
}

/// `attachment` with the name in both forms of RFC 6266.
fn disposition(name: &str) -> HeaderValue {
    use std::fmt::Write as _;
    let plain: String =
        crate::domain::fold::fold(name).chars().map(|c| if c.is_ascii_alphanumeric() || ".-_".contains(c) { c } else { '_' }).collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b".-_".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    let text = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}");
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("attachment"))
}

async fn download(
    site: &Site,
    digest: Digest,
    media: HeaderValue,
    disposition: HeaderValue,
    cache: &'static str,
    request: &HeaderMap,
) -> Result<Response, HttpError> {
    let etag = HeaderValue::try_from(format!("\"{digest}\"")).map_err(|error| HttpError::Internal(error.to_string()))?;
    let mut headers = HeaderMap::new();
    headers.insert(header::ETAG, etag.clone());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::CONTENT_TYPE, media);
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    let mut response = if respond::is_known(request, &etag) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        let bytes = site.model.blobs.get(digest).await?;
        Response::new(Body::from(bytes::Bytes::from_owner(bytes)))
    };
    *response.headers_mut() = headers;
    Ok(response)
}

/// `/blobs/{sha256}`: canonical geometry by its digest, immutable. Only what a public revision names.
pub async fn blob(State(site): State<Arc<Site>>, Path(digest): Path<String>, headers: HeaderMap) -> Response {
    let result = async {
        let digest: Digest = digest.parse().map_err(|_| HttpError::NotFound)?;
        if !site.model.image().publishes(digest) {
            return Err(HttpError::NotFound);
        }
        let name = disposition(&format!("{digest}.geojson"));
        let media = HeaderValue::from_static("application/geo+json");
        download(&site, digest, media, name, "public, max-age=31536000, immutable", &headers).await
    };
    finish(&site, &headers, None, result.await)
}
