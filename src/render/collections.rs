//! Pages of collections and their features: the same resources that map clients read.

use jiff::tz::TimeZone;
use maud::{Markup, html};
use serde_json::{Value, json};

use super::layout::{Page, page};
use crate::domain::Code;
use crate::domain::city::City;
use crate::domain::land_use;
use crate::domain::names::{about, label, title};
use crate::domain::schema::{Property, Type};
use crate::geometry::Bbox;
use crate::read_model::layers::{Collection, Content, LayerRow, When};
use crate::words::format;
use crate::words::text::Lang;
use crate::words::text::text;

/// A value in words, as people read it.
fn shown(lang: Lang, zone: &TimeZone, property: &Property, value: &Value) -> String {
    match (property.kind, value) {
        (_, Value::Null) => String::from("–"),
        (Type::Date, Value::String(day)) => day.parse().map_or_else(|_| day.clone(), format::date),
        (Type::Moment, Value::String(at)) => at.parse().map_or_else(|_| at.clone(), |at| format::moment(lang, zone, at)),
        (Type::Number, value) => value.as_f64().map_or_else(String::new, |number| format::short(lang, number)),
        (_, Value::Bool(truth)) => text(lang, if *truth { "yes" } else { "no" }).to_owned(),
        (_, Value::String(word)) if matches!(property.name.as_ref(), "kind" | "status") => text(lang, word).to_owned(),
        (_, Value::String(word)) => word.clone(),
        (_, other) => other.to_string(),
    }
}

fn qgis_steps(lang: Lang, url: &str) -> Markup {
    let t = |key| text(lang, key);
    html! {
        h2 { (t("use-in-qgis")) }
        ol {
            li { (t("qgis-1")) }
            li { (t("qgis-2")) br; code { (url) } }
            li { (t("qgis-3")) }
            li { (t("qgis-4")) }
        }
        p.note { (t("use-in-gdal")) br; code { "ogrinfo OAPIF:" (url) } }
    }
}

/// The page that lists the collections, with the number of features of each.
pub fn list(lang: Lang, city: &City, counts: &[(&Collection, usize)]) -> String {
    let t = |key| text(lang, key);
    let content = html! {
        h1 { (t("all-collections")) }
        ul.list {
            @for (collection, count) in counts {
                li {
                    a href={ "/collections/" (collection.name) (lang.query()) } { (title(lang, collection.name)) }
                    " (" (format::number(lang, *count as f64, 0)) ")"
                    br; span.note { (about(lang, collection.name)) }
                }
            }
        }
        (qgis_steps(lang, &city.public_url))
        p.note { a href={ "/api" (lang.query()) } { (t("api-for-programs")) } }
        p.note { (t("licence")) ": " (city.licence) }
    };
    page(
        &Page::new(lang, city, t("all-collections"), "/collections").alternate("application/json", String::from("/collections?f=json")),
        content,
    )
}

/// A file form in which a collection can be downloaded.
pub struct Download {
    /// Name of the form.
    pub name: &'static str,
    /// Address of the file.
    pub href: String,
}

/// The page of one collection: what it holds and how to download it.
pub fn one(lang: Lang, city: &City, collection: &Collection, count: Option<usize>, downloads: &[Download], styles: &[Download]) -> String {
    let t = |key| text(lang, key);
    let name = collection.name;
    let path = format!("/collections/{name}");
    let content = html! {
        p.kind { a href={ "/collections" (lang.query()) } { (t("all-collections")) } }
        h1 { (title(lang, name)) @if let Some(count) = count { " (" (format::number(lang, count as f64, 0)) ")" } }
        p { (about(lang, name)) }
        p { a href={ (path) "/items" (lang.query()) } { (t("browse")) } }
        p { a href={ (path) "/map" (lang.query()) } { (t("interactive-map")) } " " span.note { (t("interactive-map-note")) } }
        @if !downloads.is_empty() {
            h2 { (t("downloads")) }
            ul.list { @for download in downloads { li { a href=(download.href) download { (download.name) } } } }
            h2 { (t("styles")) }
            ul.list { @for style in styles { li { a href=(style.href) { (style.name) } } } }
        }
        h2 { (t("columns")) }
        table {
            thead { tr { th scope="col" { (t("column")) } th scope="col" { (t("meaning")) } th scope="col" { (t("column-type")) } } }
            tbody {
                @for property in &collection.properties {
                    tr { th scope="row" { code { (property.name) } } td { (label(lang, property)) } td { (type_name(property.kind)) } }
                }
            }
        }
        (qgis_steps(lang, &city.public_url))
        p.note { (t("licence")) ": " (city.licence) }
    };
    page(&Page::new(lang, city, title(lang, name), &path).alternate("application/json", format!("{path}?f=json")), content)
}

/// The name of a type in JSON Schema.
pub fn type_name(kind: Type) -> &'static str {
    match kind {
        Type::Text => "string",
        Type::Integer => "integer",
        Type::Number => "number",
        Type::Boolean => "boolean",
        Type::Date => "date",
        Type::Moment => "date-time",
    }
}

/// Everything around the rows of a page of features.
pub struct List<'a> {
    /// The collection.
    pub collection: &'a Collection,
    /// Number of features on all pages together.
    pub matched: usize,
    /// The filter as it was asked; empty without one.
    pub filter: &'a str,
    /// Address of the previous page, if there is one.
    pub previous: Option<String>,
    /// Address of the next page, if there is one.
    pub next: Option<String>,
    /// This page as GeoJSON.
    pub geojson: String,
    /// The days whose features are listed.
    pub when: When,
    /// The `as_of` parameter as it was asked.
    pub as_of: Option<&'a str>,
}

/// Properties that can name a feature, and properties for the line about it.
const NAMES: [&str; 3] = ["title", "name", "id"];
const NOTES: [&str; 6] = ["kind", "land_use", "land_use_name", "area_ha", "effective_from", "status"];

fn find<'a>(row: &'a LayerRow<'_>, name: &str) -> Option<(&'a Property, Value)> {
    let index = row.properties.iter().position(|property| property.name == name)?;
    Some((&row.properties[index], row.json(index)))
}

/// A page of a collection's features.
pub fn items<'a>(lang: Lang, city: &City, list: &List<'_>, rows: impl Iterator<Item = LayerRow<'a>>) -> String {
    let t = |key| text(lang, key);
    let name = list.collection.name;
    let path = format!("/collections/{name}/items");
    let is_single = matches!(list.collection.content, Content::Features(_));
    let has_land_use = list.collection.properties.iter().any(|property| property.name == "land_use");
    let example = if has_land_use { "land_use = 'ODT'" } else { "id LIKE 'Q%'" };
    let zone = city.zone();
    // A link to a feature keeps the day that was asked for.
    let href = |id: &str, row: &LayerRow<'_>| {
        let day = match list.when {
            When::Now => None,
            When::On(day) => Some(day.to_string()),
            When::Between(..) => find(row, "effective_from").and_then(|(_, day)| day.as_str().map(str::to_owned)),
        };
        let asked = [day.map(|day| format!("datetime={day}")), list.as_of.map(|at| format!("as_of={}", super::search::encode(at)))];
        let asked = asked.into_iter().flatten().collect::<Vec<_>>().join("&");
        if asked.is_empty() { format!("{path}/{id}{}", lang.query()) } else { format!("{path}/{id}?{asked}{}", lang.and()) }
    };
    let content = html! {
        p.kind { a href={ "/collections/" (name) (lang.query()) } { (title(lang, name)) } }
        h1 { (title(lang, name)) " (" (format::number(lang, list.matched as f64, 0)) ")" }
        form action=(path) method="get" {
            input type="text" name="filter" value=(list.filter) aria-label=(t("filter-label")) placeholder=(example);
            (super::layout::language_field(lang))
            button { (t("filter")) }
        }
        @if list.matched == 0 { p { (t("nothing-here")) } }
        ul.list {
            @for row in rows {
                @let id = row.part.id(row.feature);
                // The single features of a plan have names of their own; the title is the plan's.
                @let names = if is_single { ["name", "land_use_name", "id"] } else { NAMES };
                @let called = names.iter().find_map(|name| find(&row, name)?.1.as_str().map(str::to_owned)).unwrap_or_else(|| id.clone());
                @let notes: Vec<String> = NOTES.iter().filter_map(|name| {
                    let (property, value) = find(&row, name)?;
                    let unit = if property.name == "area_ha" { " ha" } else { "" };
                    (!value.is_null()).then(|| shown(lang, &zone, property, &value) + unit)
                }).collect();
                li {
                    a href=(href(&id, &row)) { (called) }
                    br; span.note { (notes.join(" · ")) }
                }
            }
        }
        p {
            @if let Some(previous) = &list.previous { a href=(previous) rel="prev" { (t("previous-page")) } " " }
            @if let Some(next) = &list.next { a href=(next) rel="next" { (t("next-page")) } }
        }
        p.note { a href=(list.geojson) { (t("json")) } " · " a href={ "/collections/" (name) "/map" (lang.query()) } { (t("interactive-map")) } }
    };
    page(&Page::new(lang, city, title(lang, name), &path).alternate("application/geo+json", list.geojson.clone()), content)
}

/// The page of one feature with all its properties.
pub fn item(lang: Lang, city: &City, collection: &Collection, id: &str, row: &LayerRow<'_>) -> String {
    let zone = city.zone();
    let t = |key| text(lang, key);
    let path = format!("/collections/{}/items/{id}", collection.name);
    let owner = find(row, "url").and_then(|(_, url)| url.as_str().map(str::to_owned));
    let content = html! {
        p.kind { a href={ "/collections/" (collection.name) "/items" (lang.query()) } { (title(lang, collection.name)) } }
        h1 { (id) }
        @if let Some(url) = owner { p { (t("part-of")) ": " a href=(url) { (find(row, "title").and_then(|(_, title)| title.as_str().map(str::to_owned)).unwrap_or_default()) } } }
        dl {
            @for (index, property) in row.properties.iter().enumerate().filter(|(_, property)| property.name != "url") {
                dt { (label(lang, property)) } dd { (shown(lang, &zone, property, &row.json(index))) }
            }
        }
        p.note { a href={ (path) "?f=json" } { (t("json")) } }
    };
    page(&Page::new(lang, city, id, &path).alternate("application/geo+json", format!("{path}?f=json")), content)
}

/// The item whose features alone a map shows.
pub struct MapOf {
    /// The code of the item.
    pub code: Code,
    /// The property of its features that holds the item's code.
    pub property: &'static str,
    /// Title of the item.
    pub title: String,
    /// The box around its features, in degrees.
    pub bbox: Bbox,
}

/// The colours of land uses by their codes, as JSON.
pub fn colours() -> String {
    let all = land_use::all().iter().filter(|entry| !entry.rgb.is_empty());
    Value::Object(all.map(|entry| (entry.code.clone(), json!(entry.rgb))).collect()).to_string()
}

/// A map to move about in, of the features at an address that takes `&limit=&bbox=`. Only pages with it load the map
/// library. `bbox` is shown at first.
pub fn interactive(lang: Lang, items: &str, [west, south, east, north]: Bbox, colours: &str) -> Markup {
    let t = |key| text(lang, key);
    html! {
        link rel="stylesheet" href="/assets/leaflet-1.9.4.css";
        div #map role="application" aria-label=(t("interactive-map")) data-items=(items) data-bbox={ (west) "," (south) "," (east) "," (north) }
            data-colours=(colours) data-shown=(t("map-shown")) data-more=(t("map-more")) data-failed=(t("map-failed")) {}
        p #said role="status" { (t("map-loading")) }
        ul #legend.list {}
        noscript { p { (t("needs-javascript")) } }
        script src="/assets/leaflet-1.9.4.js" defer {}
        script src="/assets/map.js" defer {}
    }
}

/// The page with the interactive map of a collection.
pub fn map(lang: Lang, city: &City, collection: &Collection, only: Option<&MapOf>) -> String {
    let t = |key| text(lang, key);
    let name = collection.name;
    let path = format!("/collections/{name}/map");
    let has_land_use = collection.properties.iter().any(|property| property.name == "land_use");
    let colours = if has_land_use { colours() } else { "{}".into() };
    let items = only.map_or_else(
        || format!("/collections/{name}/items?f=json"),
        |only| format!("/collections/{name}/items?f=json&{}={}", only.property, only.code),
    );
    let content = html! {
        p.kind { a href={ "/collections/" (name) (lang.query()) } { (title(lang, name)) } }
        @match only {
            Some(only) => h1 { a href={ "/q/" (only.code) (lang.query()) } { (only.title) } },
            None => h1 { (title(lang, name)) },
        }
        (interactive(lang, &items, only.map_or(city.bbox, |only| only.bbox), &colours))
        p { a href={ "/collections/" (name) "/items" (lang.query()) } { (t("browse")) } }
    };
    page(&Page::new(lang, city, title(lang, name), &path), content)
}

/// The page with the licence of the data.
pub fn licence(lang: Lang, city: &City) -> String {
    let t = |key| text(lang, key);
    let content = html! {
        h1 { (t("licence")) }
        p { (city.licence) }
        h2 { (t("licence-parts")) }
        ul.list {
            li { a href="/assets/noto-sans.txt" { "Noto Sans" } " – SIL Open Font License 1.1" }
            li { a href="/assets/leaflet-1.9.4.txt" { "Leaflet 1.9.4" } " – BSD-2-Clause" }
        }
    };
    page(&Page::new(lang, city, t("licence"), "/licence"), content)
}

/// The page of the conformance classes.
pub fn conformance(lang: Lang, city: &City, classes: &[&str]) -> String {
    let t = |key| text(lang, key);
    let content = html! {
        h1 { (t("conformance")) }
        ul.list { @for class in classes { li.small { (class) } } }
    };
    page(
        &Page::new(lang, city, t("conformance"), "/conformance").alternate("application/json", String::from("/conformance?f=json")),
        content,
    )
}

/// The page of the interface's addresses, from its OpenAPI document.
pub fn api(lang: Lang, city: &City, document: &Value) -> String {
    let t = |key| text(lang, key);
    let empty = serde_json::Map::new();
    let paths = document.get("paths").and_then(Value::as_object).unwrap_or(&empty);
    let content = html! {
        h1 { (t("api")) }
        p { a href="/api?f=json" { "OpenAPI 3.0" } " · " a href={ "/collections" (lang.query()) } { (t("all-collections")) } " · " a href="/conformance" { (t("conformance")) } }
        (qgis_steps(lang, &city.public_url))
        h2 { (t("addresses")) }
        table {
            tbody {
                @for (path, operations) in paths {
                    @for (method, operation) in operations.as_object().unwrap_or(&empty) {
                        tr {
                            th scope="row" { code { (method.to_uppercase()) " " (path) } }
                            td { (operation.get("summary").and_then(Value::as_str).unwrap_or_default()) }
                        }
                    }
                }
            }
        }
    };
    page(
        &Page::new(lang, city, t("api"), "/api").alternate("application/vnd.oai.openapi+json;version=3.0", String::from("/api?f=json")),
        content,
    )
}
