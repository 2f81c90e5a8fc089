//! The paths of a collection.

use serde_json::{Value, json};

use super::{GEOJSON, Read, binary, content, crs_header, examples, file, link_header, page, path, query, refer, schema, writes};
use crate::domain::schema::Property;
use crate::export::FORMATS;
use crate::http::collections::property_schema;
use crate::read_model::layers::{Collection, Content};
use crate::render::tile::DEEPEST;

/// The pattern of `sortby` for these properties.
fn sort_pattern(properties: &[Property]) -> String {
    let names: Vec<&str> = properties.iter().map(|property| property.name.as_ref()).collect();
    let one = format!("[+-]?({})", names.join("|"));
    format!("^{one}(,{one}){{0,7}}$")
}

#[expect(clippy::too_many_lines, reason = "one entry for each address")]
pub(super) fn of_collection(put: &mut impl FnMut(String, Value), collection: &Collection, commands: &[String]) {
    let name = collection.name;
    let base = format!("/collections/{name}");
    let common = || vec![refer("f"), refer("lang"), refer("token")];
    let id = |what: &str| format!("{name}.{what}");
    put(
        base.clone(),
        Read::new(id("describe"), format!("The collection {name}"), "metadata")
            .with(common())
            .gives(vec![content("application/json", schema("Collection")), page()])
            .headers(json!({ "Link": link_header() }))
            .negotiated()
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
    // Every property is a parameter that filters by equality (queryables as query parameters).
    let named = ["id", "lang", "limit"];
    for property in collection.properties.iter().filter(|property| !named.contains(&property.name.as_ref()) || property.name == "id") {
        let mut schema = property_schema(property);
        if let Some(object) = schema.as_object_mut() {
            object.remove("title");
            object.remove("description");
            // Any text may be asked for, even if it finds nothing.
            object.remove("enum");
        }
        let mut parameter = query(&property.name, schema, &format!("Only features whose {} is this", property.name));
        if let Some(value) = property.values.first() {
            parameter["example"] = json!(value);
        }
        parameters.push(parameter);
    }
    let mut items = Read::new(id("items"), format!("Features of {name}"), "data")
        .with(parameters)
        .gives(vec![content(GEOJSON, schema(&format!("{name}.collection"))), page()])
        .negotiated()
        .headers(json!({
            "Content-Crs": crs_header(),
            "OGC-NumberMatched": { "description": "Features on all pages", "schema": { "type": "integer" } },
            "OGC-NumberReturned": { "description": "Features on this page", "schema": { "type": "integer" } },
            "Link": link_header(),
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

    let example = examples::feature(name);
    let item_id = || path("id", json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{1,40}$" }), "Feature id", example);
    let one = Read::new(id("item"), format!("One feature of {name}"), "data")
        .with([vec![item_id()], ["crs", "datetime-instant", "as_of", "f", "lang", "token"].map(refer).to_vec()].concat())
        .gives(vec![content(GEOJSON, schema(&format!("{name}.feature"))), page()])
        .negotiated()
        .headers(json!({
            "Content-Crs": crs_header(),
            "Memento-Datetime": { "description": "When this version came into force", "schema": { "type": "string" } },
        }))
        .or("303", json!({ "description": "As a page: the item's own", "headers": { "Location": { "schema": { "type": "string" } } } }));
    put(
        format!("{base}/items/{{id}}"),
        if matches!(collection.content, Content::Units | Content::Values) { one } else { one.gone() }.build(),
    );
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
                .in_parts()
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
            .headers(json!({ "Link": link_header() }))
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
    let number = |name: &str, maximum: u32, description: &str, example: u32| {
        path(name, json!({ "type": "integer", "minimum": 0, "maximum": maximum }), description, example)
    };
    put(
        format!("{base}/tiles/WebMercatorQuad/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"),
        Read::new(id("tile"), "A vector tile", "tiles")
            .with(vec![
                number("tileMatrix", DEEPEST.into(), "Zoom", 12),
                number("tileRow", (1 << DEEPEST) - 1, "Row from the north; 404 beyond the zoom's last", 1794),
                number("tileCol", (1 << DEEPEST) - 1, "Column from the west; 404 beyond the zoom's last", 3241),
                refer("token"),
            ])
            .gives(vec![binary("application/vnd.mapbox-vector-tile")])
            .or("204", json!({ "description": "There is nothing in this tile" }))
            .build(),
    );
}
