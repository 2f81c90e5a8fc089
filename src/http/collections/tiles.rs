//! `/collections/{c}/tiles`: vector tiles of every collection (OGC 20-057), their metadata and styles.

use crate::http::collections::parameters;
use crate::http::reading;
use std::sync::{Arc, OnceLock};

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use serde_json::{Map, Value, json};

use super::{METADATA_CACHE, find, layer_now, property_schema, query};
use crate::domain::names::title;
use crate::domain::schema::Property;
use crate::domain::schema::Shape;
use crate::event_store::StoreError;
use crate::http::Site;
use crate::http::errors::HttpError;
use crate::http::reading::Asking;
use crate::http::respond::{self, Encoding};
use crate::read_model::layers::Layer;
use crate::render::style;
use crate::render::tile::{self, Address};
use crate::words::text::Lang;

const MVT: &str = "application/vnd.mapbox-vector-tile";
const MATRIX: &str = "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad";
/// Deepest zoom that clients ask for; beyond it they enlarge the tiles they have.
const MAXZOOM: u8 = 16;

/// The state of a collection, by its digest, and the address of a tile.
type Key = ([u8; 16], Address);

/// A tile in the forms in which it is sent.
struct Tile {
    plain: Bytes,
    gzip: OnceLock<Bytes>,
    headers: HeaderMap,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<Key, Arc<Tile>> for ByBytes {
    fn weight(&self, _: &Key, tile: &Arc<Tile>) -> u64 {
        (tile.plain.len() * 3 / 2 + 1_024) as u64
    }
}

/// Tiles in memory, bounded in bytes.
pub struct Tiles(Cache<Key, Arc<Tile>, ByBytes>);

impl Tiles {
    /// Room for at most `bytes` bytes of tiles.
    pub fn new(bytes: u64) -> Self {
        Self(Cache::with_weighter(4_096, bytes, ByBytes))
    }
}

/// `/collections/{c}/tiles/WebMercatorQuad/{z}/{row}/{col}`
pub async fn tile(
    State(site): State<Arc<Site>>,
    Path((name, zoom, row, column)): Path<(String, String, String, String)>,
    Asking { query, headers }: Asking,
) -> Result<Response, HttpError> {
    let collection = find(&name)?;
    parameters::pairs(query.as_deref(), &["token"], &[], false)?;
    let column = column.strip_suffix(".mvt").or_else(|| column.strip_suffix(".pbf")).unwrap_or(&column);
    // A number has one spelling only: `007` is not found.
    let number = |text: &str| text.parse::<u32>().ok().filter(|number| number.to_string() == text);
    let address = (|| Address::new(u8::try_from(number(&zoom)?).ok()?, number(&row)?, number(column)?))();
    let address = address.ok_or(HttpError::NotFound)?;
    let layer = layer_now(&site, collection).await?;
    let mut digest = [0; 16];
    digest.copy_from_slice(&layer.digest[..16]);
    // If many requests ask for a tile at once, one of them draws it.
    let tile = site.tiles.0.get_or_insert_async(&(digest, address), draw(&site, layer, address)).await?;
    Ok(answer(&tile, &headers))
}

async fn draw(site: &Arc<Site>, layer: Arc<Layer>, address: Address) -> Result<Arc<Tile>, HttpError> {
    let bbox = tile::bbox(address);
    let mut sets = Vec::with_capacity(layer.parts.len());
    for part in &layer.parts {
        if !part.may_meet(&bbox) {
            sets.push(None);
            continue;
        }
        sets.push(match part.features(&site.model).await {
            Ok(features) => Some(features),
            // One damaged set does not hide the others. If the store is unreachable, an empty tile would be
            // wrong.
            Err(StoreError::Damaged(what)) => {
                tracing::error!("{what}");
                None
            }
            Err(error) => return Err(error.into()),
        });
    }
    // Drawing takes a core for a while, so at most one tile is drawn for each core.
    let place = Arc::clone(&site.drawing_places).acquire_owned().await.map_err(|error| HttpError::Internal(error.to_string()))?;
    let made = tokio::task::spawn_blocking(move || {
        // The work holds the place, because the client may hang up before it is done.
        let _place = place;
        tile::draw(&layer, &sets, address)
    })
    .await;
    // Tiles stay in memory, so spare capacity is given back.
    let plain = Bytes::from(made.map_err(|error| HttpError::Internal(error.to_string()))?.into_boxed_slice());
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MVT));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=60, must-revalidate"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    headers.insert(header::ETAG, respond::etag(&plain, Encoding::Identity));
    Ok(Arc::new(Tile { plain, gzip: OnceLock::new(), headers }))
}

fn answer(tile: &Tile, request: &HeaderMap) -> Response {
    let mut headers = tile.headers.clone();
    let mut status = if tile.plain.is_empty() { StatusCode::NO_CONTENT } else { StatusCode::OK };
    let mut body = Body::empty();
    let gzip = Encoding::takes_gzip(request) && tile.plain.len() > 256;
    if gzip {
        let etag = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok()).map(|tag| format!("{}-gz\"", tag.trim_end_matches('"')));
        if let Some(etag) = etag.and_then(|tag| HeaderValue::try_from(tag).ok()) {
            headers.insert(header::ETAG, etag);
        }
    }
    if headers.get(header::ETAG).is_some_and(|etag| respond::is_known(request, etag)) {
        status = StatusCode::NOT_MODIFIED;
    } else if gzip {
        respond::name_encoding(&mut headers, Encoding::Gzip);
        let make = || tile.gzip.get_or_init(|| Encoding::Gzip.encode(&tile.plain));
        // This may wait while another thread compresses the tile, so the event loop's other tasks move away
        // from here.
        body = Body::from(tile.gzip.get().unwrap_or_else(|| tokio::task::block_in_place(make)).clone());
    } else if !tile.plain.is_empty() {
        body = Body::from(tile.plain.clone());
    }
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn shape(layer: &Layer) -> (&'static str, u8) {
    match layer.collection.shape {
        Shape::Areas => ("polygons", 2),
        Shape::Lines => ("lines", 1),
        _ => ("points", 0),
    }
}

fn tilejson(url: &str, layer: &Layer, bbox: [f64; 4], licence: &str) -> Value {
    let name = layer.collection.name;
    let fields: Map<String, Value> = layer
        .collection
        .properties
        .iter()
        .map(|property: &Property| (property.name.clone().into_owned(), json!(crate::domain::names::label(Lang::En, property))))
        .collect();
    json!({
        "tilejson": "3.0.0",
        "name": title(Lang::Vi, name),
        "attribution": licence,
        "tiles": [format!("{url}/collections/{name}/tiles/WebMercatorQuad/{{z}}/{{y}}/{{x}}")],
        "minzoom": 0,
        "maxzoom": MAXZOOM,
        "bounds": bbox,
        "center": [f64::midpoint(bbox[0], bbox[2]), f64::midpoint(bbox[1], bbox[3]), 12],
        "vector_layers": [{ "id": name, "description": title(Lang::En, name), "fields": fields, "minzoom": 0, "maxzoom": MAXZOOM }],
    })
}

fn tileset(url: &str, layer: &Layer, bbox: [f64; 4], full: bool) -> Value {
    let name = layer.collection.name;
    let base = format!("{url}/collections/{name}/tiles/WebMercatorQuad");
    let (_, dimension) = shape(layer);
    let mut object = json!({
        "title": title(Lang::Vi, name),
        "dataType": "vector",
        "crs": "http://www.opengis.net/def/crs/EPSG/0/3857",
        "tileMatrixSetURI": MATRIX,
        "links": [
            { "rel": "self", "type": "application/json", "href": format!("{base}?f=json") },
            { "rel": "describedby", "type": "application/json", "href": format!("{base}?f=tilejson"), "title": "TileJSON" },
            { "rel": "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme", "type": "application/json", "href": MATRIX },
            { "rel": "http://www.opengis.net/def/rel/ogc/1.0/geodata", "type": "application/json", "href": format!("{url}/collections/{name}?f=json") },
            { "rel": "item", "type": MVT, "href": format!("{base}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"), "templated": true },
        ],
    });
    if full {
        let properties: Map<String, Value> =
            layer.collection.properties.iter().map(|property| (property.name.clone().into_owned(), property_schema(property))).collect();
        object["boundingBox"] = json!({ "lowerLeft": [bbox[0], bbox[1]], "upperRight": [bbox[2], bbox[3]], "crs": super::crs::CRS84 });
        object["layers"] = json!([{
            "id": name, "dataType": "vector", "geometryDimension": dimension, "minTileMatrix": "0", "maxTileMatrix": MAXZOOM.to_string(),
            "propertiesSchema": { "type": "object", "properties": properties },
        }]);
    }
    object
}

/// `/collections/{c}/tiles`
pub async fn tilesets(
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    Asking { query, headers }: Asking,
) -> Result<Response, HttpError> {
    let collection = find(&name)?;
    if form_of(query.as_deref(), &["json", "html"], &headers)? == "html" {
        return Ok(respond::see(&format!("/collections/{name}")));
    }
    let layer = layer_now(&site, collection).await?;
    let city = site.city();
    let url = &city.public_url;
    let body = json!({
        "tilesets": [tileset(url, &layer, layer.bbox.unwrap_or(city.bbox), false)],
        "links": [{ "rel": "self", "type": "application/json", "href": format!("{url}/collections/{name}/tiles?f=json") }],
    });
    Ok(respond::described(&headers, HeaderMap::new(), &body))
}

/// The form that is asked for, among `forms`. Without `f` it is a page for a browser, and the first form
/// for others.
fn form_of(query: Option<&str>, forms: &[&'static str], headers: &HeaderMap) -> Result<&'static str, HttpError> {
    let pairs = parameters::pairs(query, query::COMMON, &[], reading::is_page(reading::schema_form, query, headers))?;
    let given = parameters::value(&pairs, "f");
    let found = match given {
        None if reading::wants_html(headers) => return Ok("html"),
        None => forms.first(),
        Some(given) => forms.iter().find(|form| **form == given),
    };
    found.copied().ok_or_else(|| {
        let (given, forms) = (given.unwrap_or_default(), forms.join(", "));
        HttpError::Parameter(sentence!("f", given, forms))
    })
}

/// `/collections/{c}/tiles/WebMercatorQuad`
pub async fn one(
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    Asking { query, headers }: Asking,
) -> Result<Response, HttpError> {
    let collection = find(&name)?;
    let form = form_of(query.as_deref(), &["json", "tilejson", "html"], &headers)?;
    if form == "html" {
        return Ok(respond::see(&format!("/collections/{name}/map")));
    }
    let layer = layer_now(&site, collection).await?;
    let city = site.city();
    let bbox = layer.bbox.unwrap_or(city.bbox);
    let body = match form {
        "tilejson" => tilejson(&city.public_url, &layer, bbox, &city.licence),
        _ => tileset(&city.public_url, &layer, bbox, true),
    };
    Ok(respond::described(&headers, HeaderMap::new(), &body))
}

/// `/collections/{c}/style.json`, `/collections/{c}/style.qml`
pub fn styles(site: &Arc<Site>, name: &str, file: &str, query: Option<&str>, headers: &HeaderMap) -> Result<Response, HttpError> {
    let collection = find(name)?;
    parameters::pairs(query, &["token"], &[], false)?;
    match file {
        "style.json" => {
            let body = style::maplibre(&site.city(), collection).to_string();
            Ok(respond::fresh(headers, "application/json", METADATA_CACHE, HeaderMap::new(), body))
        }
        "style.qml" => {
            let mut extra = HeaderMap::new();
            let disposition = format!("attachment; filename=\"{name}.qml\"");
            extra.extend(HeaderValue::try_from(disposition).ok().map(|value| (header::CONTENT_DISPOSITION, value)));
            Ok(respond::fresh(headers, "application/xml", METADATA_CACHE, extra, style::qml(collection)))
        }
        _ => Err(HttpError::NotFound),
    }
}
