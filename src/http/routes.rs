//! Every route, in one table. The router, the `Allow` header and the test of the OpenAPI document read it.

use std::sync::Arc;

use axum::routing::{MethodRouter, get, post};

use super::{
    Site, api, assets, boards, collections, coverage, crawlers, desk, downloads, here, home, imports, indicators, items, merchants,
    nearest, office, operations, reports, scans, search, today, writes,
};

/// The methods that an address takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// It is only read.
    Reads,
    /// It is read, and takes forms or commands.
    Both,
    /// It is read, also by forms that change nothing: what they say should stand in no address.
    Asks,
    /// It takes forms or commands.
    Posts,
}

impl Takes {
    /// As the `Allow` header names them.
    pub fn methods(self) -> &'static str {
        match self {
            Self::Reads => "GET, HEAD, OPTIONS",
            Self::Both | Self::Asks => "GET, HEAD, POST, OPTIONS",
            Self::Posts => "POST, OPTIONS",
        }
    }
}

/// An address, the methods it takes, and what answers it.
pub type Route = (&'static str, Takes, MethodRouter<Arc<Site>>);

/// Every route.
pub fn routes() -> Vec<Route> {
    let mut all = public();
    all.extend(of_office());
    all
}

fn of_office() -> Vec<Route> {
    use Takes::{Both, Posts, Reads};
    vec![
        ("/office", Reads, get(office::home)),
        ("/office/sign-in", Both, get(office::sign_in_form).post(office::sign_in)),
        ("/office/sign-out", Posts, post(office::sign_out)),
        ("/office/invitation/{secret}", Both, get(office::invitation).post(office::accept)),
        ("/office/invitation/{secret}/passkey", Posts, post(office::passkeys::ask_invited)),
        ("/office/passkeys", Posts, post(office::passkeys::sign_in)),
        ("/office/passkeys/asked", Posts, post(office::passkeys::ask)),
        ("/office/oidc/{id}", Posts, post(office::oidc::leave)),
        ("/office/oidc/{id}/back", Reads, get(office::oidc::arrive)),
        ("/office/city", Both, get(office::city::settings).post(office::city::change)),
        ("/office/tokens", Both, get(office::tokens::tokens).post(office::tokens::change)),
        ("/office/accounts", Both, get(office::accounts).post(office::invite)),
        ("/office/accounts/{id}", Both, get(office::account).post(office::change_account)),
        ("/office/plans/new", Both, get(office::new_plan).post(office::send_file)),
        ("/office/points", Both, get(office::points::table).post(office::points::edit)),
        ("/office/points/new", Both, get(office::points::new_point).post(office::points::publish)),
        ("/office/points/list.csv", Reads, get(office::points::sheet)),
        ("/office/points/lists", Posts, post(office::points::send_list)),
        ("/office/points/lists/{id}", Both, get(office::points::list).post(office::points::carry_out_list)),
        ("/office/points/{code}", Both, get(office::points::point).post(office::points::revise)),
        ("/office/merchants/{code}", Both, get(office::merchants::place).post(office::merchants::change)),
        ("/office/campaigns", Reads, get(office::campaigns::list)),
        ("/office/campaigns/new", Both, get(office::campaigns::new_campaign).post(office::campaigns::publish)),
        ("/office/campaigns/{code}", Both, get(office::campaigns::campaign).post(office::campaigns::change)),
        ("/office/indicators/new", Both, get(office::indicators::new_indicator).post(office::indicators::publish)),
        ("/office/indicators/{code}/edit", Both, get(office::indicators::indicator).post(office::indicators::revise)),
        ("/office/indicators/{code}", Both, get(office::results::results).post(office::results::report)),
        ("/office/indicators/{code}/sheet.xlsx", Reads, get(office::results::sheet)),
        ("/office/desk", Reads, get(office::desk::list)),
        ("/office/desk/{id}", Both, get(office::desk::question).post(office::desk::answer)),
        ("/office/duty", Both, get(office::duty::duty).post(office::duty::set)),
        ("/office/boards/{code}", Both, get(office::boards::board).post(office::boards::work)),
        ("/office/reports", Both, get(office::reports::reports).post(office::reports::work)),
        ("/office/reports/{id}/photo", Reads, get(office::reports::photo)),
        ("/office/services", Reads, get(office::services::list)),
        ("/office/services/new", Both, get(office::services::new_service).post(office::services::publish)),
        ("/office/services/{code}", Both, get(office::services::service).post(office::services::revise)),
        ("/office/scans", Reads, get(scans::office)),
        ("/office/audit", Reads, get(office::audit::audit)),
        ("/office/deadlines", Reads, get(office::deadlines::deadlines)),
        ("/office/items", Reads, get(office::items::items)),
        ("/office/items/{code}", Both, get(office::items::item).post(office::items::change)),
        ("/office/uploads", Posts, post(office::uploads::begin)),
        ("/office/uploads/{id}", Reads, get(office::uploads::state)),
        ("/office/uploads/{id}/{number}", Posts, post(office::uploads::piece)),
        ("/office/imports/{id}", Both, get(office::import).post(office::send_facts)),
        ("/office/imports/{id}/report", Reads, get(office::report)),
        ("/office/imports/{id}/documents/{sha256}", Reads, get(office::kept_document)),
        ("/office/imports/{id}/map", Reads, get(office::map::import_map)),
        ("/office/imports/{id}/zones", Reads, get(office::map::import_zones)),
        ("/office/proposals", Reads, get(office::proposals)),
        ("/office/proposals/{code}", Both, get(office::proposal).post(office::judge)),
        ("/office/proposals/{code}/preview", Reads, get(office::preview)),
        ("/office/proposals/{code}/map", Reads, get(office::map::proposal_map)),
        ("/office/proposals/{code}/zones", Reads, get(office::map::proposal_zones)),
        ("/office/proposals/{code}/report", Reads, get(office::file_report)),
        ("/office/proposals/{code}/poster.pdf", Reads, get(office::poster)),
        ("/office/proposals/{code}/documents/{sha256}", Reads, get(office::proposed_document)),
        ("/office/seconds/{code}", Posts, post(office::second)),
        ("/office/me", Both, get(office::own).post(office::change_own)),
        ("/office/me/passkeys", Posts, post(office::passkeys::change_own)),
        ("/office/me/passkeys/asked", Posts, post(office::passkeys::ask_own)),
    ]
}

fn public() -> Vec<Route> {
    use Takes::{Asks, Both, Posts, Reads};
    vec![
        ("/", Reads, get(home::home)),
        ("/here", Asks, get(here::get).post(here::post)),
        ("/nearest", Asks, get(nearest::get).post(nearest::post)),
        ("/today", Asks, get(today::get).post(today::post)),
        ("/today.ics", Reads, get(today::calendar)),
        ("/today/poster.pdf", Reads, get(today::poster)),
        ("/indicators", Reads, get(indicators::list)),
        ("/indicators/{id}", Reads, get(indicators::one)),
        ("/coverage", Reads, get(coverage::coverage)),
        ("/desk", Both, get(desk::get).post(desk::ask)),
        ("/desk/{receipt}", Both, get(desk::answered).post(desk::erase)),
        ("/scans.csv", Reads, get(scans::csv)),
        ("/robots.txt", Reads, get(crawlers::robots)),
        ("/sitemap.xml", Reads, get(crawlers::sitemap)),
        ("/.well-known/security.txt", Reads, get(crawlers::security)),
        ("/favicon.ico", Reads, get(crawlers::favicon)),
        ("/apple-touch-icon.png", Reads, get(crawlers::touch_icon)),
        ("/search", Reads, get(search::search)),
        ("/q/{code}", Reads, get(items::item)),
        // Some apps write an address with a slash at its end.
        ("/q/{code}/", Reads, get(items::item)),
        ("/q/{code}/qr.svg", Reads, get(items::qr_svg)),
        ("/q/{code}/qr.png", Reads, get(items::qr_png)),
        ("/q/{code}/poster.pdf", Reads, get(items::poster)),
        ("/q/{code}/stickers.pdf", Reads, get(items::stickers)),
        ("/q/{code}/preview.png", Reads, get(items::preview)),
        ("/q/{code}/history", Reads, get(items::history)),
        ("/q/{code}/changes", Reads, get(items::changes)),
        ("/q/{code}/lots", Reads, get(items::lots::list)),
        ("/q/{code}/lots/{number}", Reads, get(items::lots::one)),
        ("/q/{code}/check", Asks, get(merchants::check_form).post(merchants::check)),
        ("/q/{code}/edit/{key}", Both, get(merchants::edit_form).post(merchants::edit)),
        ("/q/{code}/report", Both, get(reports::form).post(reports::receive)),
        ("/q/{code}/revisions/{number}", Reads, get(items::revision)),
        ("/q/{code}/documents/{sha256}", Reads, get(items::document)),
        ("/blobs/{sha256}", Reads, get(items::blob)),
        ("/boards", Reads, get(boards::list)),
        ("/booklet.pdf", Reads, get(boards::booklet)),
        ("/q/{code}/reports/{id}", Reads, get(reports::answered)),
        ("/reports", Both, get(reports::list).post(reports::work)),
        ("/glossary", Reads, get(home::glossary)),
        ("/licence", Reads, get(home::licence)),
        ("/conformance", Reads, get(api::conformance)),
        ("/api", Reads, get(api::openapi)),
        ("/collections", Reads, get(collections::list)),
        ("/collections/{collection}", Reads, get(collections::one)),
        ("/collections/{collection}/map", Reads, get(collections::map)),
        ("/collections/{collection}/schema", Reads, get(collections::features_schema)),
        ("/collections/{collection}/queryables", Reads, get(collections::queryables)),
        ("/collections/{collection}/sortables", Reads, get(collections::sortables)),
        ("/collections/{collection}/feature-schema", Reads, get(collections::geojson_schema)),
        ("/collections/{collection}/tiles", Reads, get(collections::tiles::tilesets)),
        ("/collections/{collection}/tiles/WebMercatorQuad", Reads, get(collections::tiles::one)),
        ("/collections/{collection}/tiles/WebMercatorQuad/{zoom}/{row}/{column}", Reads, get(collections::tiles::tile)),
        ("/collections/{collection}/{file}", Reads, get(downloads::file)),
        (ITEMS, Both, get(collections::items::items).post(writes::create)),
        ("/collections/{collection}/items/{id}", Reads, get(collections::item::item)),
        ("/collections/{collection}/items/{id}/versions", Reads, get(collections::versions::versions)),
        ("/collections/{collection}/items/{id}/commands", Posts, post(writes::command)),
        ("/imports", Posts, post(imports::create)),
        ("/imports/{id}", Reads, get(imports::report)),
        ("/imports/{id}/publish", Posts, post(imports::publish)),
        ("/healthz", Reads, get(operations::health)),
        ("/readyz", Reads, get(operations::ready)),
        ("/metrics", Reads, get(operations::metrics)),
        // Files of pages.
        ("/sw.js", Reads, get(assets::worker)),
        ("/assets/{name}", Reads, get(assets::asset)),
    ]
}

/// Every address of the office with the methods that it answers: `GET`, `POST`.
pub fn office_addresses() -> Vec<(&'static str, &'static str)> {
    let of = |(path, takes, _): Route| {
        let methods: &[&str] = match takes {
            Takes::Reads => &["GET"],
            Takes::Posts => &["POST"],
            Takes::Both | Takes::Asks => &["GET", "POST"],
        };
        methods.iter().map(move |method| (*method, path))
    };
    of_office().into_iter().flat_map(of).collect()
}

/// Features of a collection; items can be published there, single features cannot.
pub const ITEMS: &str = "/collections/{collection}/items";

/// The methods that a route takes; reading where there is no such route.
pub fn takes(route: &str) -> Takes {
    let own = route.strip_prefix("/Q/").map_or_else(|| route.to_owned(), |rest| format!("/q/{rest}"));
    routes().into_iter().find(|(path, ..)| *path == own).map_or(Takes::Reads, |(_, takes, _)| takes)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::test_support::on;
    use crate::http::openapi;

    /// Routes that the document leaves out: files of pages, a second way to write an address, the map's own page and
    /// pages for people only.
    const UNDESCRIBED: &[&str] = &[
        "/sw.js",
        "/assets/{name}",
        "/q/{code}/",
        "/robots.txt",
        "/sitemap.xml",
        "/.well-known/security.txt",
        "/favicon.ico",
        "/apple-touch-icon.png",
    ];

    /// The route that an address leads to: fixed parts come before parts that may be anything.
    fn led_to(address: &str) -> Option<&'static str> {
        let parts: Vec<&str> = address.split('/').collect();
        let fits = |path: &&'static str| {
            let own: Vec<&str> = path.split('/').collect();
            own.len() == parts.len() && own.iter().zip(&parts).all(|(own, part)| own == part || (own.starts_with('{') && !part.is_empty()))
        };
        let all: Vec<&'static str> = routes().into_iter().map(|(path, ..)| path).collect();
        all.iter().filter(|path| fits(path)).min_by_key(|path| path.matches('{').count()).copied()
    }

    #[test]
    fn every_route_is_described_and_every_description_has_a_route() {
        let document = openapi::document(&on(2026, 11, 24).city);
        let mut described = BTreeSet::new();
        for (path, methods) in document["paths"].as_object().into_iter().flatten() {
            let route = led_to(path).unwrap_or_else(|| panic!("{path} is described and leads nowhere"));
            let takes = takes(route);
            for method in methods.as_object().into_iter().flat_map(|methods| methods.keys()) {
                let is_taken = match method.as_str() {
                    "get" => takes != Takes::Posts,
                    "post" => takes != Takes::Reads,
                    _ => true,
                };
                assert!(is_taken, "{path}: {method}");
            }
            described.insert(route);
        }
        for (path, ..) in routes() {
            // The office is for people in a browser; programs use tokens.
            let is_for_people = UNDESCRIBED.contains(&path) || path.starts_with("/office");
            assert!(described.contains(path) || is_for_people, "{path} is not described");
        }
    }
}
