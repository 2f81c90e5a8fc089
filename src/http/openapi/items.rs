//! `/q/{code}` and everything below it.

use serde_json::{Map, Value, json};

use super::{GEOJSON, Read, binary, content, file, object, page, path, query, refer, schema};
use crate::domain::mark;
use crate::export::{FORMATS, Format};
use crate::render::print::Size;
use crate::render::qr;

#[expect(clippy::too_many_lines, reason = "one entry for each address")]
pub(super) fn of_items(put: &mut impl FnMut(String, Value)) {
    let code_as = |example: &str| path("code", json!({ "type": "string", "pattern": "^[0-9A-Za-z]{9}$" }), "The item's code", example);
    let code = || code_as("QHSDD21AG");
    let lang = || refer("page-lang");
    let sha = |name: &str| path(name, json!({ "type": "string", "pattern": "^[0-9a-f]{64}$" }), "SHA-256", "0".repeat(64));
    let withdrawn = |content: Vec<(String, Value)>| {
        let content: Map<String, Value> = content.into_iter().collect();
        json!({ "description": "Withdrawn: what happened, and what replaces it", "content": content })
    };
    let unit = || refer("unit");
    let memento = json!({ "name": "Accept-Datetime", "in": "header", "required": false, "schema": { "type": "string", "format": "http-date" }, "description": "The moment one wants to see (RFC 7089)", "example": "Wed, 05 Jan 2022 08:30:00 GMT" });
    put(
        "/q/{code}".into(),
        Read::new("page", "The item's page", "pages")
            .with(vec![code(), lang(), unit(), memento])
            .gives(vec![page()])
            .or(
                "302",
                json!({ "description": "To the version that held then", "headers": { "Location": { "schema": { "type": "string" } } } }),
            )
            .or("410", withdrawn(vec![page()]))
            .build(),
    );
    let mark = path("mark", json!({ "type": "string", "pattern": "^[Bb][0-9A-Za-z]{2,4}$" }), "The board's mark, as printed", "B1F");
    put(
        "/q/{code}.{mark}".into(),
        Read::new("print", "The item's page, and what the print on that board says of it", "pages")
            .with(vec![code(), mark, lang(), unit()])
            .gives(vec![page()])
            .or("410", withdrawn(vec![page()]))
            .build(),
    );
    put(
        "/q/{code}.geojson".into(),
        Read::new("geojson", "The item's features", "data")
            .with(vec![code()])
            .gives(vec![content(GEOJSON, schema("FeatureCollection"))])
            .in_parts()
            .or("410", withdrawn(vec![content(GEOJSON, schema("FeatureCollection"))]))
            .build(),
    );
    put(
        "/q/{code}.json".into(),
        Read::new("record", "The item's record", "data")
            .with(vec![code()])
            .gives(vec![object()])
            .or("410", withdrawn(vec![object()]))
            .build(),
    );
    for format in FORMATS.into_iter().filter(|format| *format != Format::GeoJson) {
        let read = Read::new(format!("item-{}", format.ending()), format!("The item's features as {}", format.title()), "data");
        put(
            format!("/q/{{code}}.{}", format.ending()),
            read.with(vec![code()]).gives(vec![file(format)]).in_parts().or("410", withdrawn(vec![file(format)])).build(),
        );
    }
    put(
        "/q/{code}.ics".into(),
        Read::new("calendar", "Its days for a calendar; 404 where it has none", "pages")
            .with(vec![code_as("NKTM20267")])
            .gives(vec![binary("text/calendar; charset=utf-8")])
            .build(),
    );
    put(
        "/q/{code}.vcf".into(),
        Read::new("card", "Whom to call, for an address book; 404 where there is nobody", "pages")
            .with(vec![code_as("XCT00001C")])
            .gives(vec![binary("text/vcard; charset=utf-8")])
            .build(),
    );
    of_prints(put);
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
    let words = query("q", json!({ "type": "string" }), "Words of a number or a use");
    put(
        "/q/{code}/lots".into(),
        Read::new("lots", "The lots of an urban plan; 404 where it has none", "pages")
            .with(vec![code_as("QHPK2301B"), words, lang()])
            .gives(vec![page()])
            .build(),
    );
    put(
        "/q/{code}/lots/{number}".into(),
        Read::new("lot", "One lot; its number in capitals, with `-` for other characters", "pages")
            .with(vec![code_as("QHPK2301B"), path("number", json!({ "type": "string" }), "Number of the lot", "ODT-01"), lang()])
            .gives(vec![page()])
            .build(),
    );
    let revision = |name: &str, what: &str| query(name, json!({ "type": "integer", "minimum": 1, "maximum": 1_000_000 }), what);
    put(
        "/q/{code}/changes".into(),
        Read::new("changes", "What one revision changed of another", "history")
            .with(vec![
                code(),
                revision("from", "The older one; unless given, the one before"),
                revision("to", "The newer one; unless given, the one that is shown"),
                lang(),
                refer("f"),
            ])
            .gives(vec![page(), content("application/json", json!({ "type": "object" }))])
            .build(),
    );
    let number = || path("number", json!({ "type": "integer", "minimum": 1 }), "Number of the revision", 1);
    put(
        "/q/{code}/revisions/{number}".into(),
        Read::new("revision", "A revision's page", "history").with(vec![code(), number(), lang(), unit()]).gives(vec![page()]).build(),
    );
    put(
        "/q/{code}/revisions/{number}.geojson".into(),
        Read::new("revision-geojson", "A revision's features", "history")
            .with(vec![code(), number()])
            .gives(vec![content(GEOJSON, schema("FeatureCollection"))])
            .in_parts()
            .build(),
    );
    put(
        "/q/{code}/documents/{sha256}".into(),
        Read::new("document", "A published file, as a download", "data")
            .with(vec![code(), sha("sha256")])
            .gives(vec![binary("*/*")])
            .in_parts()
            .build(),
    );
    put(
        "/blobs/{sha256}".into(),
        Read::new("blob", "Canonical geometry by its digest", "data")
            .with(vec![sha("sha256")])
            .gives(vec![binary(GEOJSON)])
            .in_parts()
            .build(),
    );
}

/// What can be printed or shared of an item.
fn of_prints(put: &mut impl FnMut(String, Value)) {
    let code = || path("code", json!({ "type": "string", "pattern": "^[0-9A-Za-z]{9}$" }), "The item's code", "QHSDD21AG");
    let board =
        || query("board", json!({ "type": "integer", "minimum": 1, "maximum": mark::LARGEST }), "Number of the board where it hangs");
    let lang = || refer("page-lang");
    let sizes: Vec<&str> = Size::ALL.iter().map(|size| size.as_str()).collect();
    let size = query("size", json!({ "type": "string", "enum": sizes, "default": Size::A4.as_str() }), "Size of the sheet");
    put(
        "/q/{code}/poster.pdf".into(),
        Read::new("poster", "Its poster", "pages")
            .with(vec![code(), size, refer("unit"), board(), lang()])
            .gives(vec![binary("application/pdf")])
            .in_parts()
            .build(),
    );
    put(
        "/q/{code}/stickers.pdf".into(),
        Read::new("stickers", "A sheet of stickers", "pages")
            .with(vec![code(), board(), lang()])
            .gives(vec![binary("application/pdf")])
            .in_parts()
            .build(),
    );
    put(
        "/q/{code}/preview.png".into(),
        Read::new("preview", "The picture of a shared link", "pages").with(vec![code(), lang()]).gives(vec![binary("image/png")]).build(),
    );
}
