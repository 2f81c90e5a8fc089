//! `/collections` and below: OGC API – Features over every collection, in one way for all of them.

pub mod crs;
mod html;
pub mod item;
pub mod items;
pub(super) mod parameters;
pub mod query;
mod select;
pub mod tiles;
pub mod versions;
pub(super) mod when;

use crate::http::reading;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use parameters::Pairs;

use super::Site;
use super::errors::HttpError;
use super::reading::Form;
use super::respond;
use crate::domain::Code;
use crate::domain::digest::hex;
use crate::domain::names;
use crate::domain::schema::Shape;
use crate::domain::schema::{Property, Type};
use crate::event_store::StoreError;
use crate::export::FORMATS;
use crate::http::reading::Asking;
use crate::read_model::layers::{Collection, Content, Layer, LayerKey, collections};
use crate::render::collections as pages;
use crate::words::text::Lang;

pub(crate) use super::respond::METADATA_CACHE;

pub(crate) const GEOJSON: &str = "application/geo+json";
/// The conformance classes that the interface declares.
pub const CONFORMANCE: &[&str] = &[
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/html",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables-query-parameters",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/filter",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/features-filter",
    "http://www.opengis.net/spec/ogcapi-features-5/1.0/conf/schemas",
    "http://www.opengis.net/spec/ogcapi-features-5/1.0/conf/core-roles-features",
    "http://www.opengis.net/spec/ogcapi-features-5/1.0/conf/queryables",
    "http://www.opengis.net/spec/ogcapi-features-5/1.0/conf/sortables",
    "http://www.opengis.net/spec/ogcapi-features-8/1.0/conf/sorting",
    "http://www.opengis.net/spec/cql2/1.0/conf/cql2-text",
    "http://www.opengis.net/spec/cql2/1.0/conf/cql2-json",
    "http://www.opengis.net/spec/cql2/1.0/conf/basic-cql2",
    "http://www.opengis.net/spec/cql2/1.0/conf/advanced-comparison-operators",
    "http://www.opengis.net/spec/cql2/1.0/conf/case-insensitive-comparison",
    "http://www.opengis.net/spec/cql2/1.0/conf/accent-insensitive-comparison",
    "http://www.opengis.net/spec/cql2/1.0/conf/basic-spatial-functions",
    "http://www.opengis.net/spec/cql2/1.0/conf/basic-spatial-functions-plus",
    "http://www.opengis.net/spec/cql2/1.0/conf/spatial-functions",
    "http://www.opengis.net/spec/cql2/1.0/conf/temporal-functions",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/tileset",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/tilesets-list",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/geodata-tilesets",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/mvt",
];

/// Finds the collection of that name; 404 if there is none.
pub(crate) fn find(name: &str) -> Result<&'static Collection, HttpError> {
    crate::read_model::layers::collection(name).ok_or(HttpError::UnknownCollection)
}

/// The content of a collection now.
async fn layer_now(site: &Site, collection: &'static Collection) -> Result<Arc<Layer>, StoreError> {
    site.model.layer(collection, LayerKey::NOW, &site.moment()).await
}

fn description(site: &Site, layer: &Layer) -> Value {
    let city = site.city();
    let url = &city.public_url;
    let collection = layer.collection;
    let name = collection.name;
    let base = format!("{url}/collections/{name}");
    let link = |rel: &str, media: &str, href: String, title: &str| json!({ "rel": rel, "type": media, "href": href, "title": title });
    let schema = "application/schema+json";
    let mut links = vec![
        link("self", "application/json", format!("{base}?f=json"), "This collection"),
        link("alternate", "text/html", format!("{base}?f=html"), "This collection as HTML"),
        // This address has no query: GDAL makes the address of a feature by appending its id.
        link("items", GEOJSON, format!("{base}/items"), "Features as GeoJSON"),
        link("items", "text/html", format!("{base}/items?f=html"), "Features as HTML"),
        link("license", "text/html", format!("{url}/licence"), &city.licence),
        link("describedby", schema, format!("{base}/feature-schema"), "JSON Schema of a feature"),
        // GDAL 3.6 knows the relation only in these letters, and takes the types of columns that say nothing at first from it.
        link("describedBy", schema, format!("{base}/feature-schema"), "JSON Schema of a feature"),
        link("http://www.opengis.net/def/rel/ogc/1.0/schema", schema, format!("{base}/schema"), "Schema"),
        link("http://www.opengis.net/def/rel/ogc/1.0/queryables", schema, format!("{base}/queryables"), "Queryables"),
        link("queryables", schema, format!("{base}/queryables"), "Queryables"),
        link("http://www.opengis.net/def/rel/ogc/1.0/sortables", schema, format!("{base}/sortables"), "Sortables"),
        link("http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector", "application/json", format!("{base}/tiles?f=json"), "Vector tiles"),
    ];
    for format in FORMATS {
        let media = format.media().split(';').next().unwrap_or_default();
        links.push(link("enclosure", media, format!("{base}/download.{}", format.ending()), format.title()));
    }
    let bbox = layer.bbox.unwrap_or(city.bbox);
    let (from, to) = layer.interval;
    let from = from.map(|day| crate::words::civil::midnight(&city.zone(), day));
    let to = to.map(|day| crate::words::civil::end_of(&city.zone(), day));
    let mut object = json!({
        "id": name,
        "title": names::title(Lang::Vi, name),
        "description": format!("{} / {}", names::about(Lang::Vi, name), names::about(Lang::En, name)),
        "itemType": "feature",
        "crs": crs::all(&city),
        "storageCrs": crs::CRS84,
        "extent": { "spatial": { "bbox": [bbox], "crs": crs::CRS84 }, "temporal": { "interval": [[from, to]], "trs": "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian" } },
        "links": links,
    });
    if !matches!(collection.content, Content::Units | Content::Values) {
        object["versioning"] = json!({ "timeAxis": "validity-time" });
    }
    object
}

/// `/collections`
pub async fn list(State(site): State<Arc<Site>>, Asking { query, headers }: Asking) -> Result<Response, HttpError> {
    let query = query.as_deref();
    let pairs = parameters::pairs(query, query::COMMON, &[], reading::is_page(reading::form, query, &headers))?;
    let form = reading::form(parameters::value(&pairs, "f"), &headers)?;
    let mut layers = Vec::new();
    for collection in collections() {
        layers.push(layer_now(&site, collection).await?);
    }
    let city = site.city();
    if form == Form::Html {
        let lang = reading::language(parameters::value(&pairs, "lang"), &headers);
        let counts: Vec<_> = layers.iter().map(|layer| (layer.collection, layer.count)).collect();
        let page = pages::list(lang, &city, &counts);
        return Ok(respond::fresh(&headers, "text/html; charset=utf-8", METADATA_CACHE, HeaderMap::new(), page));
    }
    let url = &city.public_url;
    let links = json!([
        { "rel": "self", "type": "application/json", "href": format!("{url}/collections?f=json"), "title": "Collections" },
        { "rel": "alternate", "type": "text/html", "href": format!("{url}/collections?f=html"), "title": "Collections as HTML" },
        { "rel": "license", "type": "text/html", "href": format!("{url}/licence"), "title": city.licence },
    ]);
    let described: Vec<Value> = layers.iter().map(|layer| description(&site, layer)).collect();
    let body = json!({ "links": links, "crs": crs::all(&city), "collections": described });
    Ok(respond::described(&headers, HeaderMap::new(), &body))
}

/// `/collections/{c}`
pub async fn one(
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    Asking { query, headers }: Asking,
) -> Result<Response, HttpError> {
    let query = query.as_deref();
    let collection = find(&name)?;
    let pairs = parameters::pairs(query, query::COMMON, &[], reading::is_page(reading::form, query, &headers))?;
    let form = reading::form(parameters::value(&pairs, "f"), &headers)?;
    let layer = layer_now(&site, collection).await?;
    if form == Form::Html {
        let lang = reading::language(parameters::value(&pairs, "lang"), &headers);
        let page = html::one(&site.city(), lang, &layer);
        return Ok(respond::fresh(&headers, "text/html; charset=utf-8", METADATA_CACHE, HeaderMap::new(), page));
    }
    Ok(respond::described(&headers, HeaderMap::new(), &description(&site, &layer)))
}

/// The item whose features alone the map shows.
fn map_of(site: &Site, collection: &Collection, code: &str) -> Result<pages::MapOf, HttpError> {
    let code: Code = code.parse().map_err(HttpError::WrongCode)?;
    let moment = site.moment();
    let view = site.model.image().view(&code, None, &moment).ok_or(HttpError::UnknownCode)?;
    let is_of_family = collection.content == Content::Features(view.family);
    let bbox = view.set_of(collection.further).filter(|_| is_of_family).map(|set| set.bbox).ok_or(HttpError::NotFound)?;
    Ok(pages::MapOf { code, property: view.family, title: view.title, bbox })
}

/// `/collections/{c}/map`
pub async fn map(
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    Asking { query, headers }: Asking,
) -> Result<Response, HttpError> {
    let query = query.as_deref();
    let collection = find(&name)?;
    let pairs = parameters::pairs(query, &["lang", "token", "item"], &[], true)?;
    let lang = reading::language(parameters::value(&pairs, "lang"), &headers);
    let only = parameters::value(&pairs, "item").map(|code| map_of(&site, collection, code)).transpose()?;
    let page = html::map(&site.city(), lang, collection, only.as_ref());
    let policy = crate::render::layout::MAP_POLICY.as_str();
    let mut extra = HeaderMap::new();
    extra.extend(policy.parse().ok().map(|policy| (axum::http::header::CONTENT_SECURITY_POLICY, policy)));
    Ok(respond::fresh(&headers, "text/html; charset=utf-8", METADATA_CACHE, extra, page))
}

/// A property as JSON Schema.
pub(crate) fn property_schema(property: &Property) -> Value {
    let mut schema = match property.kind {
        Type::Text => json!({ "type": "string" }),
        Type::Integer => json!({ "type": "integer" }),
        Type::Number => json!({ "type": "number" }),
        Type::Boolean => json!({ "type": "boolean" }),
        Type::Date => json!({ "type": "string", "format": "date" }),
        Type::Moment => json!({ "type": "string", "format": "date-time" }),
    };
    schema["title"] = json!(names::label(Lang::Vi, property));
    schema["description"] = json!(names::label(Lang::En, property));
    if !property.values.is_empty() {
        schema["enum"] = json!(property.values);
    }
    schema
}

/// The schemas of a collection, such as `/collections/{c}/schema`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Schema {
    /// The properties of a feature (OGC API – Features Part 5).
    Features,
    /// The properties that a filter can name (Part 3).
    Queryables,
    /// The properties that features can be sorted by.
    Sortables,
    /// A whole GeoJSON feature, as GDAL reads it.
    GeoJson,
}

fn schema(url: &str, collection: &Collection, kind: Schema) -> Value {
    let name = collection.name;
    let path = match kind {
        Schema::Features => "schema",
        Schema::Queryables => "queryables",
        Schema::Sortables => "sortables",
        Schema::GeoJson => "feature-schema",
    };
    let mut properties = Map::new();
    for (sequence, property) in collection.properties.iter().enumerate() {
        // GDAL would list the feature's id and this property as two columns of the same name.
        if kind == Schema::GeoJson && property.name == "id" {
            continue;
        }
        let mut schema = property_schema(property);
        if kind == Schema::Features {
            schema["x-ogc-propertySeq"] = json!(sequence + 1);
            if let Some(unit) = property.unit() {
                schema["x-ogc-unit"] = json!(unit);
                schema["x-ogc-unitLang"] = json!("UCUM");
            }
            if let Some(role) = property.role {
                schema["x-ogc-role"] = json!(role);
            }
        }
        // GDAL understands a type only as a single name, so the schema cannot list `null` as a value.
        if let (Schema::GeoJson, Some(object)) = (kind, schema.as_object_mut()) {
            object.remove("enum");
        }
        properties.insert(property.name.clone().into_owned(), schema);
    }
    let shape = match collection.shape {
        Shape::Point => "geometry-point",
        Shape::MultiPoint => "geometry-multipoint",
        Shape::Lines => "geometry-multilinestring",
        Shape::Areas => "geometry-multipolygon",
    };
    // A geometry has only a format (OGC 19-079r2 §6): a type would make it a JSON value.
    let geometry = json!({ "title": "Geometry", "format": shape });
    match kind {
        Schema::Queryables => {
            properties.insert("geometry".into(), geometry);
        }
        Schema::Features => {
            let mut geometry = geometry;
            geometry["x-ogc-role"] = json!("primary-geometry");
            properties.insert("geometry".into(), geometry);
        }
        Schema::Sortables | Schema::GeoJson => {}
    }
    let head = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("{url}/collections/{name}/{path}"),
        "type": "object",
        "title": names::title(Lang::Vi, name),
        "description": names::about(Lang::En, name),
    });
    let mut document = head;
    if kind == Schema::GeoJson {
        document["required"] = json!(["type", "id", "properties", "geometry"]);
        document["properties"] = json!({
            "type": { "type": "string", "enum": ["Feature"] },
            "id": { "type": "string" },
            "properties": { "type": "object", "properties": properties },
            "geometry": { "type": ["object", "null"] },
        });
    } else {
        document["properties"] = Value::Object(properties);
        document["additionalProperties"] = json!(false);
    }
    document
}

fn schema_answer(site: &Site, name: &str, query: Option<&str>, headers: &HeaderMap, kind: Schema) -> Result<Response, HttpError> {
    let collection = find(name)?;
    let pairs = parameters::pairs(query, query::COMMON, &[], reading::is_page(reading::schema_form, query, headers))?;
    if reading::schema_form(parameters::value(&pairs, "f"), headers)? == Form::Html {
        let layer_page = html::schema(&site.city(), reading::language(parameters::value(&pairs, "lang"), headers), collection);
        return Ok(respond::fresh(headers, "text/html; charset=utf-8", METADATA_CACHE, HeaderMap::new(), layer_page));
    }
    let body = schema(&site.city().public_url, collection, kind).to_string();
    Ok(respond::fresh(headers, "application/schema+json", METADATA_CACHE, HeaderMap::new(), body))
}

/// `/collections/{c}/schema`
pub async fn features_schema(
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    Asking { query, headers }: Asking,
) -> Result<Response, HttpError> {
    schema_answer(&site, &name, query.as_deref(), &headers, Schema::Features)
}

/// The validator of an answer made from a layer. Equal questions to equal layers, with an equal `rest`,
/// have equal answers.
fn tag(layer: &Layer, pairs: &Pairs, rest: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(layer.digest);
    for (name, value) in pairs {
        [name, "=", value, "&"].iter().for_each(|piece| hash.update(piece));
    }
    hash.update(rest);
    hex(&hash.finalize()[..16])
}

/// `/collections/{c}/queryables`
pub async fn queryables(
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    Asking { query, headers }: Asking,
) -> Result<Response, HttpError> {
    schema_answer(&site, &name, query.as_deref(), &headers, Schema::Queryables)
}

/// `/collections/{c}/sortables`
pub async fn sortables(
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    Asking { query, headers }: Asking,
) -> Result<Response, HttpError> {
    schema_answer(&site, &name, query.as_deref(), &headers, Schema::Sortables)
}

/// `/collections/{c}/feature-schema`
pub async fn geojson_schema(
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    Asking { query, headers }: Asking,
) -> Result<Response, HttpError> {
    schema_answer(&site, &name, query.as_deref(), &headers, Schema::GeoJson)
}
