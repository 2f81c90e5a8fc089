//! The OpenAPI 3.0 document, generated from the collections', routes' and commands' own descriptions.
//!
//! 3.0, not 3.1: QGIS and the OGC's test suite read no other. Each collection's path is written out,
//! with the limit as a reference of that very name: GDAL and QGIS look there for the size of a page.

mod schemas;
mod writes;

use serde_json::{Map, Value, json};

use super::collections::ask::{DEFAULT_LIMIT, MAXIMUM_LIMIT};
use super::collections::{crs, property_schema};
use crate::domain::city::City;
use crate::domain::schema::Property;
use crate::export::{FORMATS, Format};
use crate::read_model::layers::{Collection, Content, collections};
use crate::render::qr;
use crate::render::tile::DEEPEST;

const HTML: &str = "text/html; charset=utf-8";
const GEOJSON: &str = "application/geo+json";

fn path(name: &str, schema: Value, description: &str, example: &str) -> Value {
    json!({ "name": name, "in": "path", "required": true, "schema": schema, "description": description, "example": example })
}

fn query(name: &str, schema: Value, description: &str) -> Value {
    json!({ "name": name, "in": "query", "required": false, "schema": schema, "description": description, "style": "form", "explode": false })
}

fn refer(name: &str) -> Value {
    json!({ "$ref": format!("#/components/parameters/{name}") })
}

fn content(media: &str, schema: Value) -> (String, Value) {
    (media.to_owned(), json!({ "schema": schema }))
}

fn schema(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn page() -> (String, Value) {
    content(HTML, json!({ "type": "string" }))
}

fn binary(media: &str) -> (String, Value) {
    content(media, json!({ "type": "string", "format": "binary" }))
}

/// A download; of GeoJSON more can be said than of the others.
fn file(format: Format) -> (String, Value) {
    if format == Format::GeoJson { content(GEOJSON, schema("FeatureCollection")) } else { binary(format.media()) }
}

/// A reading operation, the errors it can end in beside 500, and what else it can answer.
struct Read {
    id: String,
    summary: String,
    tag: &'static str,
    parameters: Vec<Value>,
    content: Vec<(String, Value)>,
    headers: Value,
    others: Vec<(&'static str, Value)>,
}

impl Read {
    fn new(id: impl Into<String>, summary: impl Into<String>, tag: &'static str) -> Self {
        Self {
            id: id.into(),
            summary: summary.into(),
            tag,
            parameters: Vec::new(),
            content: Vec::new(),
            headers: json!({}),
            others: Vec::new(),
        }
    }

    fn with(mut self, parameters: Vec<Value>) -> Self {
        self.parameters = parameters;
        self
    }

    fn gives(mut self, content: Vec<(String, Value)>) -> Self {
        self.content = content;
        self
    }

    fn headers(mut self, headers: Value) -> Self {
        self.headers = headers;
        self
    }

    fn or(mut self, status: &'static str, answer: Value) -> Self {
        self.others.push((status, answer));
        self
    }

    fn gone(self) -> Self {
        self.or("410", json!({ "$ref": "#/components/responses/Gone" }))
    }

    fn build(self) -> Value {
        let content: Map<String, Value> = self.content.into_iter().collect();
        let mut ok = json!({ "description": self.summary, "content": content });
        if self.headers.as_object().is_some_and(|headers| !headers.is_empty()) {
            ok["headers"] = self.headers;
        }
        let mut responses = json!({ "200": ok, "304": { "description": "The client has it already" } });
        for status in ["400", "404", "406", "503"] {
            responses[status] = json!({ "$ref": "#/components/responses/Problem" });
        }
        for (status, answer) in self.others {
            responses[status] = answer;
        }
        json!({ "get": { "operationId": self.id, "summary": self.summary, "tags": [self.tag], "parameters": self.parameters, "responses": responses } })
    }
}

fn crs_header() -> Value {
    json!({ "description": "The coordinate system of the answer", "schema": { "type": "string" } })
}

/// A value of `sortby` for these properties.
fn sort_pattern(properties: &[Property]) -> String {
    let names: Vec<&str> = properties.iter().map(|property| property.name.as_ref()).collect();
    let one = format!("[+-]?({})", names.join("|"));
    format!("^{one}(,{one}){{0,7}}$")
}

fn of_collection(put: &mut impl FnMut(String, Value), collection: &Collection, commands: &[String]) {
    let name = collection.name;
    let base = format!("/collections/{name}");
    let common = || vec![refer("f"), refer("lang"), refer("token")];
    let id = |what: &str| format!("{name}.{what}");
    put(
        base.clone(),
        Read::new(id("describe"), format!("The collection {name}"), "metadata")
            .with(common())
            .gives(vec![content("application/json", schema("Collection")), page()])
            .build(),
    );
    for (file, what) in [
        ("schema", "Schema of its features"),
        ("queryables", "What filters can name"),
        ("sortables", "What can be sorted by"),
        ("feature-schema", "JSON Schema of a GeoJSON feature"),
    ] {
        let read = Read::new(id(file), what, "metadata").with(common());
        put(format!("{base}/{file}"), read.gives(vec![content("application/schema+json", json!({ "type": "object" })), page()]).build());
    }
    put(
        format!("{base}/map"),
        Read::new(id("map"), "Interactive map", "pages").with(vec![refer("lang"), refer("token")]).gives(vec![page()]).build(),
    );

    let mut parameters: Vec<Value> =
        ["limit", "bbox", "bbox-crs", "crs", "datetime", "as_of", "filter", "filter-lang", "filter-crs"].map(refer).to_vec();
    parameters.push(query(
        "sortby",
        json!({ "type": "string", "pattern": sort_pattern(&collection.properties) }),
        "Properties to sort by, with - before one that decreases",
    ));
    parameters.extend(["profile", "after", "f", "lang", "token"].map(refer));
    // A filter by equality for every property (queryables as query parameters).
    let named = ["id", "lang", "limit"];
    for property in collection.properties.iter().filter(|property| !named.contains(&property.name.as_ref()) || property.name == "id") {
        let mut schema = property_schema(property);
        if let Some(object) = schema.as_object_mut() {
            object.remove("title");
            object.remove("description");
            // Any text may be asked for; most find nothing.
            object.remove("enum");
        }
        parameters.push(query(&property.name, schema, &format!("Only features whose {} is this", property.name)));
    }
    let mut items = Read::new(id("items"), format!("Features of {name}"), "data")
        .with(parameters)
        .gives(vec![content(GEOJSON, schema(&format!("{name}.collection"))), page()])
        .headers(json!({
            "Content-Crs": crs_header(),
            "OGC-NumberMatched": { "description": "Features on all pages", "schema": { "type": "integer" } },
            "OGC-NumberReturned": { "description": "Features on this page", "schema": { "type": "integer" } },
            "Link": { "description": "The links of the body", "schema": { "type": "string" } },
        }))
        .build();
    let family = match collection.content {
        Content::Items(family, _) => Some(family),
        _ => None,
    };
    if let Some(family) = family {
        items["post"] = writes::write(&id("create"), "Publish a new item", vec![], family, commands);
    }
    put(format!("{base}/items"), items);

    let example = match collection.content {
        Content::Items(..) => "QHSDD21AG",
        Content::Features(_) => "QHSDD21AG-2-1",
        Content::Units => "04252-2025",
    };
    let item_id = || path("id", json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{1,40}$" }), "Feature id", example);
    let one = Read::new(id("item"), format!("One feature of {name}"), "data")
        .with([vec![item_id()], ["crs", "datetime-instant", "as_of", "f", "lang", "token"].map(refer).to_vec()].concat())
        .gives(vec![content(GEOJSON, schema(&format!("{name}.feature"))), page()])
        .headers(json!({
            "Content-Crs": crs_header(),
            "Memento-Datetime": { "description": "When this version came into force", "schema": { "type": "string" } },
        }))
        .or("303", json!({ "description": "As a page: the item's own", "headers": { "Location": { "schema": { "type": "string" } } } }));
    put(format!("{base}/items/{{id}}"), if matches!(collection.content, Content::Units) { one } else { one.gone() }.build());
    if let Some(family) = family {
        put(
            format!("{base}/items/{{id}}/versions"),
            Read::new(id("versions"), "Every version, and when it holds", "history")
                .with(vec![
                    item_id(),
                    query("f", json!({ "type": "string", "enum": ["json", "link-format", "html"] }), "Form of the answer"),
                    refer("lang"),
                    refer("token"),
                ])
                .gives(vec![
                    content("application/json", schema("TimeMap")),
                    content("application/link-format", json!({ "type": "string" })),
                ])
                .or("303", json!({ "description": "As a page: the item's history", "headers": { "Location": { "schema": { "type": "string" } } } }))
                .build(),
        );
        let command = writes::write(&id("command"), "A command to an item", vec![item_id()], family, commands);
        put(format!("{base}/items/{{id}}/commands"), json!({ "post": command }));
    }
    for format in FORMATS {
        put(
            format!("{base}/download.{}", format.ending()),
            Read::new(id(&format!("download-{}", format.ending())), format!("Everything as {}", format.title()), "data")
                .with(["datetime", "as_of", "token"].map(refer).to_vec())
                .gives(vec![file(format)])
                .build(),
        );
    }
    let token = || vec![refer("token")];
    put(
        format!("{base}/style.json"),
        Read::new(id("style"), "Style for MapLibre", "tiles")
            .with(token())
            .gives(vec![content("application/json", json!({ "type": "object" }))])
            .build(),
    );
    put(
        format!("{base}/style.qml"),
        Read::new(id("qml"), "Style for QGIS", "tiles").with(token()).gives(vec![binary("application/xml")]).build(),
    );
    let see = || json!({ "description": "As a page", "headers": { "Location": { "schema": { "type": "string" } } } });
    let json_or_page = query("f", json!({ "type": "string", "enum": ["json", "html"] }), "Form of the answer");
    put(
        format!("{base}/tiles"),
        Read::new(id("tilesets"), "Tile sets", "tiles")
            .with(vec![json_or_page, refer("lang"), refer("token")])
            .gives(vec![content("application/json", schema("TileSets"))])
            .or("303", see())
            .build(),
    );
    put(
        format!("{base}/tiles/WebMercatorQuad"),
        Read::new(id("tileset"), "Description of the tiles; f=tilejson for TileJSON", "tiles")
            .with(vec![
                query("f", json!({ "type": "string", "enum": ["json", "tilejson", "html"] }), "Form of the answer"),
                refer("lang"),
                refer("token"),
            ])
            .gives(vec![content("application/json", json!({ "type": "object" }))])
            .or("303", see())
            .build(),
    );
    let number = |name: &str, maximum: u32, description: &str, example: &str| {
        path(name, json!({ "type": "integer", "minimum": 0, "maximum": maximum }), description, example)
    };
    put(
        format!("{base}/tiles/WebMercatorQuad/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"),
        Read::new(id("tile"), "A vector tile", "tiles")
            .with(vec![
                number("tileMatrix", DEEPEST.into(), "Zoom", "12"),
                number("tileRow", (1 << DEEPEST) - 1, "Row from the north; 404 beyond the zoom's last", "1797"),
                number("tileCol", (1 << DEEPEST) - 1, "Column from the west; 404 beyond the zoom's last", "3240"),
                refer("token"),
            ])
            .gives(vec![binary("application/vnd.mapbox-vector-tile")])
            .or("204", json!({ "description": "There is nothing in this tile" }))
            .build(),
    );
}

fn of_items(put: &mut impl FnMut(String, Value)) {
    let code = || path("code", json!({ "type": "string", "pattern": "^[0-9A-Za-z]{9}$" }), "The item's code", "QHSDD21AG");
    let lang = || refer("page-lang");
    let sha = |name: &str| path(name, json!({ "type": "string", "pattern": "^[0-9a-f]{64}$" }), "SHA-256", &"0".repeat(64));
    let withdrawn = |content: Vec<(String, Value)>| {
        let content: Map<String, Value> = content.into_iter().collect();
        json!({ "description": "Withdrawn: what happened, and what replaces it", "content": content })
    };
    let memento = json!({ "name": "Accept-Datetime", "in": "header", "required": false, "schema": { "type": "string", "format": "http-date" }, "description": "The moment one wants to see (RFC 7089)" });
    put(
        "/q/{code}".into(),
        Read::new("page", "The item's page", "pages")
            .with(vec![code(), lang(), memento])
            .gives(vec![page()])
            .or(
                "302",
                json!({ "description": "To the version that held then", "headers": { "Location": { "schema": { "type": "string" } } } }),
            )
            .or("410", withdrawn(vec![page()]))
            .build(),
    );
    put(
        "/q/{code}.geojson".into(),
        Read::new("geojson", "The item's features", "data")
            .with(vec![code()])
            .gives(vec![content(GEOJSON, schema("FeatureCollection"))])
            .or("410", withdrawn(vec![content(GEOJSON, schema("FeatureCollection"))]))
            .build(),
    );
    put(
        "/q/{code}.json".into(),
        Read::new("record", "The item's record", "data")
            .with(vec![code()])
            .gives(vec![content("application/json", json!({ "type": "object" }))])
            .or("410", withdrawn(vec![content("application/json", json!({ "type": "object" }))]))
            .build(),
    );
    for format in FORMATS.into_iter().filter(|format| *format != Format::GeoJson) {
        let read = Read::new(format!("item-{}", format.ending()), format!("The item's features as {}", format.title()), "data");
        put(format!("/q/{{code}}.{}", format.ending()), read.with(vec![code()]).gives(vec![file(format)]).build());
    }
    put(
        "/q/{code}/qr.svg".into(),
        Read::new("qr-svg", "Its QR code as SVG", "pages").with(vec![code()]).gives(vec![binary("image/svg+xml")]).build(),
    );
    let size = query(
        "size",
        json!({ "type": "integer", "minimum": qr::SIZES.start(), "maximum": qr::SIZES.end(), "default": 512 }),
        "Pixels a side",
    );
    put(
        "/q/{code}/qr.png".into(),
        Read::new("qr-png", "Its QR code as PNG", "pages").with(vec![code(), size]).gives(vec![binary("image/png")]).build(),
    );
    put("/q/{code}/history".into(), Read::new("history", "Its history", "history").with(vec![code(), lang()]).gives(vec![page()]).build());
    let number = || path("number", json!({ "type": "integer", "minimum": 1 }), "Number of the revision", "1");
    put(
        "/q/{code}/revisions/{number}".into(),
        Read::new("revision", "A revision's page", "history").with(vec![code(), number(), lang()]).gives(vec![page()]).build(),
    );
    put(
        "/q/{code}/revisions/{number}.geojson".into(),
        Read::new("revision-geojson", "A revision's features", "history")
            .with(vec![code(), number()])
            .gives(vec![content(GEOJSON, schema("FeatureCollection"))])
            .build(),
    );
    put(
        "/q/{code}/documents/{sha256}".into(),
        Read::new("document", "A published file, as a download", "data")
            .with(vec![code(), sha("sha256")])
            .gives(vec![binary("*/*")])
            .build(),
    );
    put(
        "/blobs/{sha256}".into(),
        Read::new("blob", "Canonical geometry by its digest", "data").with(vec![sha("sha256")]).gives(vec![binary(GEOJSON)]).build(),
    );
}

fn of_site(put: &mut impl FnMut(String, Value), commands: &[String]) {
    let common = || vec![refer("f"), refer("lang"), refer("token")];
    put(
        "/".into(),
        Read::new("landing", "Landing page", "metadata")
            .with(vec![refer("f"), refer("page-lang")])
            .gives(vec![content("application/json", schema("Landing")), page()])
            .build(),
    );
    put(
        "/conformance".into(),
        Read::new("conformance", "Conformance", "metadata")
            .with(common())
            .gives(vec![content("application/json", schema("Conformance")), page()])
            .build(),
    );
    put(
        "/api".into(),
        Read::new("api", "This document", "metadata")
            .with(common())
            .gives(vec![content("application/vnd.oai.openapi+json;version=3.0", json!({ "type": "object" })), page()])
            .build(),
    );
    put(
        "/collections".into(),
        Read::new("collections", "Collections", "metadata")
            .with(common())
            .gives(vec![content("application/json", schema("Collections")), page()])
            .build(),
    );
    put(
        "/licence".into(),
        Read::new("licence", "Terms of the data", "metadata").with(vec![refer("page-lang")]).gives(vec![page()]).build(),
    );
    let q = query("q", json!({ "type": "string" }), "Words of the title, or a code; what is beyond 200 characters is left aside");
    put(
        "/search".into(),
        Read::new("search", "Search by title or code", "pages")
            .with(vec![q, refer("f"), refer("page-lang")])
            .gives(vec![content("application/json", json!({ "type": "object" })), page()])
            .build(),
    );
    let id =
        || path("id", json!({ "type": "string", "pattern": "^[0-9a-f]{64}$" }), "The import's id; nobody can guess it", &"0".repeat(64));
    put("/imports".into(), json!({ "post": writes::upload() }));
    put(
        "/imports/{id}".into(),
        Read::new("import-report", "An import's report", "write")
            .with(vec![id(), refer("f"), refer("page-lang")])
            .gives(vec![content("application/json", json!({ "type": "object" })), page()])
            .build(),
    );
    let summary = "Publish an import: a plan or campaign command whose facts lack the set and its source";
    put("/imports/{id}/publish".into(), json!({ "post": writes::write("publish-import", summary, vec![id()], "plan", commands) }));
    let text = |media: &str| content(media, json!({ "type": "string" }));
    put("/healthz".into(), Read::new("health", "The process lives", "operations").gives(vec![text("text/plain; charset=utf-8")]).build());
    put(
        "/readyz".into(),
        Read::new("ready", "Whether the image keeps up with the log", "operations")
            .gives(vec![content("application/json", json!({ "type": "object" }))])
            .build(),
    );
    put("/metrics".into(), Read::new("metrics", "Counters", "operations").gives(vec![text("text/plain; version=0.0.4")]).build());
}

fn parameters(city: &City) -> Value {
    let systems = crs::all(city);
    let system =
        |name: &str, what: &str| query(name, json!({ "type": "string", "format": "uri", "enum": systems, "default": crs::CRS84 }), what);
    json!({
        "limit": query("limit", json!({ "type": "integer", "minimum": 1, "maximum": MAXIMUM_LIMIT, "default": DEFAULT_LIMIT }), "Features a page"),
        "bbox": query("bbox", json!({ "type": "array", "minItems": 4, "maxItems": 6, "items": { "type": "number" } }), "Lower corner, then upper corner, in the order of axes of bbox-crs; west may lie east of east"),
        "bbox-crs": system("bbox-crs", "Coordinate system of bbox"),
        "crs": system("crs", "Coordinate system of the answer"),
        "datetime": query("datetime", json!({ "type": "string", "format": "datetime-or-interval" }), "What holds on a day or in a span: 2026-01-05, 2026-01-05/.., ../2026-12-31"),
        "datetime-instant": query("datetime", json!({ "type": "string", "format": "datetime-instant" }), "What holds on a day"),
        "as_of": query("as_of", json!({ "type": "string", "format": "datetime-instant" }), "What was known at that moment"),
        "filter": query("filter", json!({ "type": "string", "format": "cql2-text" }), "A filter in CQL2, text or JSON"),
        "filter-lang": query("filter-lang", json!({ "type": "string", "enum": ["cql2-text", "cql2-json"], "default": "cql2-text" }), "Its language"),
        "filter-crs": system("filter-crs", "Coordinate system of the shapes in the filter"),
        "profile": query("profile", json!({ "type": "string", "enum": ["versions-as-features-unique-ids", "versions-as-features"], "default": "versions-as-features-unique-ids" }), "How the versions of a span are told apart"),
        "after": query("after", json!({ "type": "string", "pattern": "^[0-9]{1,16}\\.[0-9]{1,10}\\.[0-9]{1,9}$" }), "Where to continue; taken from the next link"),
        "f": query("f", json!({ "type": "string", "enum": ["json", "html"] }), "Form of the answer"),
        "lang": query("lang", json!({ "type": "string", "enum": ["vi", "en"], "default": "vi" }), "Language of pages and errors"),
        "page-lang": query("lang", json!({ "type": "string" }), "Language: en for English, anything else is Vietnamese"),
        "token": query("token", json!({ "type": "string" }), "Not used; clients that append a token to every address are let in"),
    })
}

/// The document.
pub fn document(city: &City) -> Value {
    let mut definitions = schemas::all();
    let commands = writes::commands(&mut definitions);
    let mut paths = Map::new();
    let mut put = |path: String, value: Value| {
        paths.insert(path, value);
    };
    of_site(&mut put, &commands);
    of_items(&mut put);
    for collection in collections() {
        of_collection(&mut put, collection, &commands);
    }
    let problem = |description: &str| {
        json!({
            "description": description,
            "content": {
                "application/problem+json": { "schema": schema("Problem") },
                (HTML): { "schema": { "type": "string" } },
            },
        })
    };
    // Documents may be of any type; so may what a proxy in front says.
    let tags: Vec<Value> = [
        ("metadata", "What there is"),
        ("data", "Features"),
        ("tiles", "Vector tiles and styles"),
        ("history", "Versions"),
        ("pages", "For people"),
        ("write", "Commands, with a token"),
        ("operations", "For whoever keeps it running"),
    ]
    .iter()
    .map(|(name, description)| json!({ "name": name, "description": description }))
    .collect();
    json!({
        "openapi": "3.0.3",
        "info": {
            "title": format!("Bảng tin {}", city.name_vi),
            "version": env!("CARGO_PKG_VERSION"),
            "description": format!("Public notices of {}: plans, map points and campaigns. OGC API – Features and Tiles; writes are commands.", city.name_en),
            "contact": { "name": city.contact_en, "url": city.public_url },
            "license": { "name": city.licence, "url": format!("{}/licence", city.public_url) },
        },
        "servers": [{ "url": city.public_url }],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": definitions,
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "parameters": parameters(city),
            "responses": {
                "Problem": problem("What is wrong and what to do"),
                "Gone": problem("Not in force then: links lead to its versions"),
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::families;

    #[test]
    fn every_reference_leads_somewhere_and_every_operation_has_a_name_of_its_own() {
        let city = City { public_url: "https://bangtin.example".into(), ..City::default() };
        let document = document(&city);
        let text = document.to_string();
        for piece in text.split("\"$ref\":\"#/").skip(1) {
            let pointer = format!("/{}", piece.split('"').next().expect("a reference"));
            assert!(document.pointer(&pointer).is_some(), "{pointer}");
        }
        let mut names = std::collections::HashSet::new();
        for piece in text.split("\"operationId\":\"").skip(1) {
            let name = piece.split('"').next().expect("a name");
            assert!(names.insert(name.to_owned()), "{name} stands twice");
        }
        assert!(names.len() > 150 && families::collections().len() == 9);
    }
}
