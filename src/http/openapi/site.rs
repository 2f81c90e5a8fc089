//! Paths that belong to no item and to no collection.

use serde_json::{Value, json};

use super::{Read, content, link_header, page, path, query, refer, schema, writes};

pub(super) fn of_site(put: &mut impl FnMut(String, Value), commands: &[String]) {
    let common = || vec![refer("f"), refer("lang"), refer("token")];
    put(
        "/".into(),
        Read::new("landing", "Landing page", "metadata")
            .with(vec![refer("f"), refer("page-lang"), refer("token")])
            .gives(vec![content("application/json", schema("Landing")), page()])
            .headers(json!({ "Link": link_header() }))
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
            .headers(json!({ "Link": link_header() }))
            .negotiated()
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
        || path("id", json!({ "type": "string", "pattern": "^[0-9a-f]{64}$" }), "The import's id; nobody can guess it", "0".repeat(64));
    put("/imports".into(), json!({ "post": writes::upload() }));
    let problem = || json!({ "$ref": "#/components/responses/Problem" });
    let mut report = Read::new("import-report", "An import's report, for whoever may publish such a file", "write")
        .with(vec![id(), refer("f"), refer("page-lang")])
        .gives(vec![content("application/json", json!({ "type": "object" })), page()])
        .or("401", problem())
        .or("403", problem())
        .build();
    report["get"]["security"] = json!([{ "token": [] }]);
    put("/imports/{id}".into(), report);
    let summary = "Publish an import: a plan or campaign command whose facts lack the set and its source";
    put("/imports/{id}/publish".into(), json!({ "post": writes::write("publish-import", summary, vec![id()], "plan", commands) }));
    let text = |media: &str| content(media, json!({ "type": "string" }));
    put("/healthz".into(), Read::new("health", "The process lives", "operations").gives(vec![text("text/plain; charset=utf-8")]).build());
    put(
        "/readyz".into(),
        Read::new("ready", "Whether the image keeps up with the log, and disks have room", "operations")
            .gives(vec![content("application/json", json!({ "type": "object" }))])
            .build(),
    );
    put("/metrics".into(), Read::new("metrics", "Counters", "operations").gives(vec![text("text/plain; version=0.0.4")]).build());
}
