//! Collects what the pages of collections show.

use crate::http::collections::parameters;

use super::query::ItemsQuery;
use super::select::{Page, next, previous};
use crate::domain::city::City;
use crate::domain::publication::view::Moment;
use crate::export::FORMATS;
use crate::http::Site;
use crate::read_model::layers::{Collection, Layer, LayerRow};
use crate::render::collections::{self as pages, Download, List, MapOf};
use crate::words::text::Lang;
use crate::words::text::text;

/// The page of one collection.
pub fn one(city: &City, lang: Lang, layer: &Layer) -> String {
    let name = layer.collection.name;
    let base = format!("/collections/{name}");
    let downloads: Vec<Download> =
        FORMATS.iter().map(|format| Download { name: format.title(), href: format!("{base}/download.{}", format.ending()) }).collect();
    let styles = [
        Download { name: "QGIS (.qml)", href: format!("{base}/style.qml") },
        Download { name: "MapLibre (style.json)", href: format!("{base}/style.json") },
        Download { name: text(lang, "vector-tiles"), href: format!("{base}/tiles/WebMercatorQuad?f=tilejson") },
    ];
    pages::one(lang, city, layer.collection, Some(layer.count), &downloads, &styles)
}

/// The page of a collection's properties.
pub fn schema(city: &City, lang: Lang, collection: &Collection) -> String {
    pages::one(lang, city, collection, None, &[], &[])
}

/// A page of features.
pub fn items(site: &Site, city: &City, ask: &ItemsQuery, page: &Page) -> String {
    let moment: Moment = site.moment();
    let name = page.layer.collection.name;
    let at = ask.addresses(&format!("/collections/{name}/items"));
    let here = parameters::value(&ask.pairs, "after");
    let list = List {
        collection: page.layer.collection,
        matched: page.matched,
        filter: parameters::value(&ask.pairs, "filter").unwrap_or_default(),
        previous: previous(ask, page).map(|after| at("html", Some(&after.token()))),
        next: next(ask, page, &moment).map(|after| at("html", Some(&after.token()))),
        geojson: at("json", here),
        when: ask.wanted.when,
        as_of: parameters::value(&ask.pairs, "as_of"),
    };
    pages::items(ask.lang, city, &list, page.rows())
}

/// The page of one feature.
pub fn item(city: &City, lang: Lang, collection: &Collection, id: &str, row: &LayerRow<'_>) -> String {
    pages::item(lang, city, collection, id, row)
}

/// The page with the interactive map.
pub fn map(city: &City, lang: Lang, collection: &Collection, only: Option<&MapOf>) -> String {
    pages::map(lang, city, collection, only)
}
