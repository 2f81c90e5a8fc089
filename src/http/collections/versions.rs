//! The versions of an item: their links, and `/collections/{c}/items/{id}/versions`.

use crate::http::collections::parameters;
use crate::http::lists;
use crate::http::reading;
use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use serde_json::{Value, json};

use super::items::{Link, link_header};
use super::{GEOJSON, find, query};
use crate::domain::Code;
use crate::domain::publication::view::Moment;
use crate::http::Site;
use crate::http::errors::{Gone, HttpError};
use crate::http::reading::Asking;
use crate::http::respond;
use crate::read_model::layers::{Collection, Content, Version};

/// Links to the versions of the item that a feature belongs to.
pub(super) fn version_links(url: &str, collection: &Collection, code: Code, version: Option<&Version>) -> Vec<Link> {
    let owner = match collection.content {
        Content::Items(..) => collection.name,
        Content::Features(_) => collection.sources.first().copied().unwrap_or_default(),
        Content::Units | Content::Values => return Vec::new(),
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

/// Reads `CODE` or `CODE-REVISION…`: the item in a feature's id, and the revision.
pub(super) fn named(id: &str) -> Option<(Code, Option<u32>)> {
    let mut parts = id.splitn(3, '-');
    let code = parts.next()?.parse::<Code>().ok()?;
    Some((code, parts.next().and_then(|number| number.parse().ok())))
}

/// The error for a feature that is not there at that moment: 410 with links if it existed at another time,
/// otherwise 404.
pub(super) fn missing(site: &Site, collection: &'static Collection, id: &str, moment: &Moment) -> HttpError {
    let Some((code, revision)) = named(id) else { return HttpError::NotFound };
    // An id has one spelling only.
    let mark = collection.further.map_or("", |further| further.mark);
    let numbers = id.split('-').enumerate().skip(1).map(|(at, part)| {
        let mark = if at == 2 { mark } else { "" };
        let number = part.strip_prefix(mark).and_then(|number| number.parse::<u32>().ok());
        number.map(|number| format!("{mark}{number}")).unwrap_or_default()
    });
    if std::iter::once(code.to_string()).chain(numbers).collect::<Vec<_>>().join("-") != id {
        return HttpError::NotFound;
    }
    let image = site.model.image();
    let Some(view) = image.view(&code, revision, moment) else { return HttpError::NotFound };
    let fits = match collection.content {
        Content::Items(..) => view.collection == collection.name && id.split('-').count() <= 2,
        Content::Features(family) => {
            let number = id.rsplit('-').next().and_then(|number| number.strip_prefix(mark)?.parse::<u32>().ok()).unwrap_or_default();
            let count = view.set_of(collection.further).map_or(0, |set| set.count);
            view.family == family && id.split('-').count() == 3 && (1..=count).contains(&number)
        }
        Content::Units | Content::Values => false,
    };
    if !fits {
        return HttpError::NotFound;
    }
    let links = version_links(&image.city.public_url, collection, code, None);
    HttpError::Gone(Box::new(Gone { links: as_json(&links), header: link_header(&links) }))
}

/// The first moment of a day in the city, in the form of `Memento-Datetime`.
pub(crate) fn memento_datetime(from: jiff::civil::Date, moment: &Moment) -> String {
    http_date(crate::words::civil::midnight(&moment.zone, from))
}

/// A moment in the form of RFC 9110 §5.6.7: `Mon, 01 Apr 2024 00:00:00 GMT`.
pub(crate) fn http_date(at: jiff::Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// `/collections/{c}/items/{id}/versions`: every version and when it holds, as JSON or as
/// `application/link-format` (RFC 7089).
pub async fn versions(
    State(site): State<Arc<Site>>,
    Path((name, id)): Path<(String, String)>,
    Asking { query, headers }: Asking,
) -> Result<Response, HttpError> {
    let query = query.as_deref();
    let collection = find(&name)?;
    let is_page = reading::is_page(reading::schema_form, query, &headers);
    let pairs = parameters::pairs(query, query::COMMON, &[], is_page)?;
    let accept = lists::whole(&headers, header::ACCEPT).unwrap_or_default();
    let names_links = lists::weighted(&accept).any(|(media, weight)| media.eq_ignore_ascii_case("application/link-format") && weight > 0.0);
    let form = match parameters::value(&pairs, "f") {
        Some(given @ ("json" | "link-format" | "html")) => given,
        Some(other) => {
            return Err(HttpError::Parameter(sentence!("versions-form", other)));
        }
        None if names_links => "link-format",
        None if reading::wants_html(&headers) => "html",
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
            let date = http_date(crate::words::civil::midnight(zone, *from));
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
            "datetime": crate::words::civil::midnight(zone, *from), "effective_from": from, "effective_to": to,
        })
    }));
    let body = json!({ "timeAxis": "validity-time", "links": links }).to_string();
    Ok(respond::fresh(&headers, "application/json", "public, max-age=5", HeaderMap::new(), body))
}
