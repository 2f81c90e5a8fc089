//! `/collections/{c}/items/{id}`: one feature, and its version.

use crate::http::collections::parameters;
use crate::http::reading;
use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;

use super::crs::System;
use super::items::{content_crs, link_header, push_feature, push_links};
use super::versions::{memento_datetime, missing, named, version_links};
use super::{GEOJSON, METADATA_CACHE, find, html, query, when};
use crate::domain::publication::view::Moment;
use crate::features::Features;
use crate::features::geojson::Front;
use crate::http::Site;
use crate::http::errors::HttpError;
use crate::http::reading::Asking;
use crate::http::reading::Form;
use crate::http::respond;
use crate::read_model::layers::{Collection, Content, Layer, LayerKey, LayerRow, Version, When};

/// A feature and where it was found.
struct Found {
    layer: Arc<Layer>,
    features: Arc<Features>,
    part: usize,
    index: usize,
}

async fn look_up(
    site: &Arc<Site>,
    collection: &'static Collection,
    id: &str,
    wanted: LayerKey,
    moment: &Moment,
) -> Result<Found, HttpError> {
    let is_item = matches!(collection.content, Content::Items(..));
    // A revision of an item is looked for among all revisions that ever held.
    let wanted = match wanted.when {
        When::Now if is_item && id.contains('-') => LayerKey { when: When::Between(None, None), ..wanted },
        When::On(day) if is_item && id.contains('-') => LayerKey { when: When::Between(Some(day), Some(day)), ..wanted },
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
    Asking { query, headers }: Asking,
) -> Result<Response, HttpError> {
    let query = query.as_deref();
    let collection = find(&name)?;
    let pairs = parameters::pairs(query, query::ITEM, &[], reading::is_page(reading::form, query, &headers))?;
    let (city, moment) = (site.city(), site.moment());
    let crs = parameters::value(&pairs, "crs").map_or(Ok(System::Crs84), |text| System::named("crs", text, &city))?;
    let mut wanted = when::wanted(&pairs, &city.zone())?;
    if let When::Between(..) = wanted.when {
        return Err(HttpError::Parameter(sentence!("datetime-of-feature")));
    }
    if matches!(collection.content, Content::Units) {
        wanted = LayerKey::NOW;
    }
    let form = reading::form(parameters::value(&pairs, "f"), &headers)?;
    let found = look_up(&site, collection, &id, wanted, &moment).await?;
    let (part, feature) = (&found.layer.parts[found.part], &found.features.list[found.index]);
    let url = &city.public_url;
    if form == Form::Html {
        if let (Content::Items(..), Some((code, revision))) = (collection.content, named(&id)) {
            let shown = found.features.number_property(feature, "revision").map(|number| number as u32);
            let revision = revision.or(shown.filter(|_| wanted.when != When::Now));
            let lang = parameters::value(&pairs, "lang").map(|lang| format!("?lang={lang}")).unwrap_or_default();
            let page = revision.map_or_else(|| format!("/q/{code}{lang}"), |number| format!("/q/{code}/revisions/{number}{lang}"));
            return Ok(respond::see(&page));
        }
        let lang = reading::language(parameters::value(&pairs, "lang"), &headers);
        let row = LayerRow { properties: &collection.properties, part, features: &found.features, feature };
        let html = html::item(&city, lang, collection, &id, &row);
        return Ok(respond::fresh(&headers, "text/html; charset=utf-8", METADATA_CACHE, HeaderMap::new(), html));
    }
    let at = |form: &str| {
        let mut text = format!("{url}/collections/{name}/items/{id}?f={form}");
        for (name, value) in pairs.iter().filter(|(name, _)| name != "f") {
            let _ = write!(text, "&{name}={}", parameters::encoded(value));
        }
        text
    };
    let mut links = vec![
        ("self", GEOJSON, at("json")),
        ("alternate", "text/html", at("html")),
        ("collection", "application/json", format!("{url}/collections/{name}?f=json")),
    ];
    let mut extra = HeaderMap::with_capacity(16);
    let mut rest = [url.as_bytes(), b" ", id.as_bytes(), b" "].concat();
    extra.insert(respond::CONTENT_CRS, content_crs(crs));
    if let Some((code, revision)) = named(&id) {
        // The features of a set know their version; that of an item is looked up.
        let version = part.version.or_else(|| {
            let shown = found.features.number_property(feature, "revision").map(|number| number as u32);
            site.model.image().view(&code, shown.or(revision), &moment).as_ref().map(Version::of)
        });
        links.extend(version_links(url, collection, code, version.as_ref()));
        let date = version.and_then(|version| HeaderValue::try_from(memento_datetime(version.from, &moment)).ok());
        // The item decides what comes after a version, not its features, so the validator includes it.
        rest.extend(
            version.iter().flat_map(|version| [version.before, version.after]).flat_map(|number| number.unwrap_or(0).to_le_bytes()),
        );
        rest.extend(date.iter().flat_map(HeaderValue::as_bytes));
        extra.extend(date.map(|date| (respond::MEMENTO_DATETIME, date)));
    }
    extra.extend(link_header(&links).map(|links| (header::LINK, links)));
    let mut body = Vec::with_capacity(4_096);
    let mut buffer = [0; 10];
    push_feature(&mut body, crs, &mut Front::new(&part.head), part.key(feature, &mut buffer), &found.features, feature);
    body.pop();
    body.extend_from_slice(b",\"links\":[");
    push_links(&mut body, &links);
    body.extend_from_slice(b"]}");
    let tag = super::tag(&found.layer, &pairs, &rest);
    Ok(respond::tagged(&headers, GEOJSON, "public, max-age=5", extra, &tag, body.into()))
}
