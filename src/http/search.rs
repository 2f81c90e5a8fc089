//! `/search?q=`: the search for items, units, landmarks and places.

use crate::http::reading::{self, Asking};
use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use super::Site;
use super::errors::HttpError;
use super::reading::Form;
use super::respond;
use crate::domain::city::City;
use crate::domain::publication::view::Moment;
use crate::read_model::search::{Hit, Index};
use crate::render::search::{self as pages, Found};
use crate::words::text::Lang;
use crate::words::text::text;

/// Most results of a search.
const RESULTS: usize = 50;
/// Longest query that the page shows again, characters.
const SHOWN: usize = 200;

/// The index of everything that can be found now.
pub(super) async fn index(site: &Site, moment: &Moment) -> Result<Arc<Index>, HttpError> {
    let kinds = |kind: &str| Lang::ALL.iter().map(|lang| text(*lang, kind)).collect::<Vec<_>>().join(" ");
    Ok(site.model.search_index(moment, &kinds).await?)
}

/// The result for a hit; `None` if it has disappeared meanwhile.
pub(super) fn found(site: &Site, city: &City, hit: Hit, moment: &Moment) -> Option<Found> {
    Some(match hit {
        Hit::Item(code) => Found::Item(Box::new(site.model.image().view(&code, None, moment)?)),
        Hit::Unit(id) => {
            let unit = city.units.get(&id)?.clone();
            let now = city.units.at(&id, moment.today).into_iter().filter(|now| now.id != id).cloned().collect();
            Found::Unit(unit, now)
        }
        Hit::Landmark(i) => Found::Landmark(city.landmarks.get(i)?.clone()),
        Hit::Place(campaign, name, at) => Found::Place(Box::new(site.model.image().view(&campaign, None, moment)?), name, at),
    })
}

/// `/search?q=`
pub async fn search(State(site): State<Arc<Site>>, asking: Asking) -> Result<Response, HttpError> {
    let (lang, headers) = (asking.lang(), &asking.headers);
    let form = match asking.parameter("f").as_deref() {
        None => Form::Html,
        given => reading::form(given, headers)?,
    };
    let words: String = asking.parameter("q").unwrap_or_default().chars().take(SHOWN).collect();
    let words = crate::words::fold::clean(&words);
    let moment = site.moment();
    let index = index(&site, &moment).await?;
    let city = site.city();
    let (hits, proposal) = tokio::task::block_in_place(|| {
        let hits = index.find(&words, RESULTS);
        let proposal = if hits.is_empty() { index.proposal(&words) } else { None };
        (hits, proposal)
    });
    let found: Vec<Found> = hits.into_iter().filter_map(|hit| found(&site, &city, hit, &moment)).collect();
    if form == Form::Json {
        let body = json!({
            "items": found.iter().filter_map(Found::item).map(|view| Value::Object(crate::features::geojson::shared(view, &city.public_url))).collect::<Vec<_>>(),
            "places": found.iter().filter_map(|found| found.place(lang)).collect::<Vec<_>>(),
            "proposal": proposal,
        });
        return Ok(respond::fresh(headers, "application/json", "no-cache", HeaderMap::new(), body.to_string()));
    }
    let page = pages::page(lang, &city, &moment, &words, &found, proposal.as_deref());
    Ok(respond::fresh(headers, "text/html; charset=utf-8", "no-cache", HeaderMap::new(), page))
}
