//! Every route, on one screen.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use super::{
    Site, api, assets, boards, collections, downloads, here, home, imports, items, middleware, nearest, operations, reports, search, writes,
};

/// The whole site.
pub fn router(site: Arc<Site>) -> Router {
    let item = |prefix: &str| {
        Router::new()
            .route(&format!("{prefix}/{{code}}"), get(items::item))
            // As some apps write an address.
            .route(&format!("{prefix}/{{code}}/"), get(items::item))
            .route(&format!("{prefix}/{{code}}/qr.svg"), get(items::qr_svg))
            .route(&format!("{prefix}/{{code}}/qr.png"), get(items::qr_png))
            .route(&format!("{prefix}/{{code}}/poster.pdf"), get(items::poster))
            .route(&format!("{prefix}/{{code}}/stickers.pdf"), get(items::stickers))
            .route(&format!("{prefix}/{{code}}/preview.png"), get(items::preview))
            .route(&format!("{prefix}/{{code}}/history"), get(items::history))
            .route(&format!("{prefix}/{{code}}/changes"), get(items::changes))
            .route(&format!("{prefix}/{{code}}/report"), get(reports::form).post(reports::receive))
            .route(&format!("{prefix}/{{code}}/revisions/{{number}}"), get(items::revision))
            .route(&format!("{prefix}/{{code}}/documents/{{sha256}}"), get(items::document))
    };
    Router::new()
        .route("/", get(home::home))
        .route("/here", get(here::get).post(here::post))
        .route("/nearest", get(nearest::get).post(nearest::post))
        .route("/sw.js", get(assets::worker))
        .route("/search", get(search::search))
        // A printed code is in upper case.
        .merge(item("/q"))
        .merge(item("/Q"))
        .route("/blobs/{sha256}", get(items::blob))
        .route("/assets/{name}", get(assets::asset))
        .route("/boards", get(boards::list))
        .route("/booklet.pdf", get(boards::booklet))
        .route("/reports", get(reports::list).post(reports::work))
        .route("/glossary", get(home::glossary))
        .route("/licence", get(home::licence))
        .route("/conformance", get(api::conformance))
        .route("/api", get(api::openapi))
        .route("/collections", get(collections::list))
        .route("/collections/{collection}", get(collections::one))
        .route("/collections/{collection}/map", get(collections::map))
        .route("/collections/{collection}/schema", get(collections::features_schema))
        .route("/collections/{collection}/queryables", get(collections::queryables))
        .route("/collections/{collection}/sortables", get(collections::sortables))
        .route("/collections/{collection}/feature-schema", get(collections::geojson_schema))
        .route("/collections/{collection}/tiles", get(collections::tiles::tilesets))
        .route("/collections/{collection}/tiles/WebMercatorQuad", get(collections::tiles::one))
        .route("/collections/{collection}/tiles/WebMercatorQuad/{zoom}/{row}/{column}", get(collections::tiles::tile))
        .route("/collections/{collection}/{file}", get(downloads::file))
        .route("/collections/{collection}/items", get(collections::items::items).post(writes::create))
        .route("/collections/{collection}/items/{id}", get(collections::item::item))
        .route("/collections/{collection}/items/{id}/versions", get(collections::versions::versions))
        .route("/collections/{collection}/items/{id}/commands", post(writes::command))
        .route("/imports", post(imports::create).layer(DefaultBodyLimit::disable()))
        .route("/imports/{id}", get(imports::report))
        .route("/imports/{id}/publish", post(imports::publish))
        .route("/healthz", get(operations::health))
        .route("/readyz", get(operations::ready))
        .route("/metrics", get(operations::metrics))
        .fallback(home::not_found)
        .method_not_allowed_fallback(home::method_not_allowed)
        .layer(from_fn_with_state(Arc::clone(&site), middleware::around))
        .with_state(site)
}
