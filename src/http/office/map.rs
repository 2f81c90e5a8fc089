//! A map of what is not public yet, to move about in: the zones of a file that was read, or of a proposal.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::{Desk, HTML, plans, proposals};
use crate::domain::feature_set::FeatureSet;
use crate::features::Features;
use crate::geometry::Bbox;
use crate::http::errors::HttpError;
use crate::http::reading::Asking;
use crate::http::{Site, respond};
use crate::render::layout::MAP_POLICY;
use crate::render::office::map as pages;

/// Most zones that are drawn at once; the script says that there are more.
const MOST: usize = 2_000;

/// The file of an import that this person may read, and the set of its zones.
async fn of_import(site: &Site, desk: &Desk, id: &str) -> Result<(String, FeatureSet), HttpError> {
    let kept = plans::own(site, desk, id).await?;
    Ok((kept.report.file, kept.set.ok_or(HttpError::NotFound)?))
}

/// The zones, or the outline, of a proposal that this person may see.
async fn of_proposal(site: &Site, desk: &Desk, code: &str) -> Result<(String, FeatureSet), HttpError> {
    let view = proposals::foreseen_view(site, desk, code).await?;
    let set = view.features.ok_or(HttpError::NotFound)?;
    Ok((view.title, set))
}

fn page(site: &Site, desk: &Desk, asking: &Asking, path: &str, title: &str, set: &FeatureSet) -> Response {
    let mut extra = HeaderMap::new();
    extra.extend(MAP_POLICY.parse().ok().map(|policy| (header::CONTENT_SECURITY_POLICY, policy)));
    let page = pages::page(asking.lang(), &site.city(), &desk.who(), title, path, set.bbox);
    respond::unkept(&asking.headers, StatusCode::OK, HTML, extra, page)
}

/// The box that is asked for, degrees: west, south, east, north; everywhere without one.
fn box_of(asking: &Asking) -> Bbox {
    let numbers = asking.parameter("bbox").unwrap_or_default();
    let numbers: Vec<f64> = numbers.split(',').filter_map(|number| number.trim().parse().ok()).collect();
    numbers.try_into().unwrap_or([-180.0, -90.0, 180.0, 90.0])
}

/// The zones whose boxes meet the one that is asked for, as GeoJSON.
fn zones(features: &Features, [west, south, east, north]: Bbox) -> Value {
    let meets = |[w, s, e, n]: Bbox| w <= east && e >= west && s <= north && n >= south;
    let found: Vec<_> = features.list.iter().filter(|feature| meets(feature.bbox())).collect();
    let drawn = found.iter().take(MOST).filter_map(|feature| {
        let mut about: Map<String, Value> = features.parsed_properties(feature);
        about.insert("id".into(), json!(format!("#{}", feature.number)));
        about.extend(features.land_use(feature).map(|class| ("land_use_name".to_owned(), json!(class.name_vi))));
        let geometry: Value = serde_json::from_str(features.geometry(feature)).ok()?;
        Some(json!({ "type": "Feature", "properties": about, "geometry": geometry }))
    });
    let drawn: Vec<Value> = drawn.collect();
    json!({ "type": "FeatureCollection", "numberMatched": found.len(), "numberReturned": drawn.len(), "features": drawn })
}

fn cut(asking: &Asking, features: &Features) -> Response {
    let bbox = box_of(asking);
    let body = tokio::task::block_in_place(|| zones(features, bbox).to_string());
    respond::unkept(&asking.headers, StatusCode::OK, "application/geo+json", HeaderMap::new(), body)
}

/// `GET /office/imports/{id}/map`
pub async fn import_map(State(site): State<Arc<Site>>, Path(id): Path<String>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    let (title, set) = of_import(&site, &desk, &id).await?;
    Ok(page(&site, &desk, &asking, &format!("/office/imports/{id}"), &title, &set))
}

/// `GET /office/imports/{id}/zones?bbox=`
pub async fn import_zones(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    desk: Desk,
    asking: Asking,
) -> Result<Response, HttpError> {
    let (_, set) = of_import(&site, &desk, &id).await?;
    // Whoever moves about in the map does not read the file anew each time.
    let features = if let Some(features) = site.model.in_memory(set.sha256) {
        features
    } else {
        let content = site.app.kept_zones(&id).await?.ok_or(HttpError::NotFound)?;
        site.model.lend(set.sha256, content.bytes().map_err(|error| HttpError::spooling(&error))?).await?
    };
    Ok(cut(&asking, &features))
}

/// `GET /office/proposals/{code}/map`
pub async fn proposal_map(
    State(site): State<Arc<Site>>,
    Path(code): Path<String>,
    desk: Desk,
    asking: Asking,
) -> Result<Response, HttpError> {
    let (title, set) = of_proposal(&site, &desk, &code).await?;
    Ok(page(&site, &desk, &asking, &format!("/office/proposals/{code}"), &title, &set))
}

/// `GET /office/proposals/{code}/zones?bbox=`
pub async fn proposal_zones(
    State(site): State<Arc<Site>>,
    Path(code): Path<String>,
    desk: Desk,
    asking: Asking,
) -> Result<Response, HttpError> {
    let (_, set) = of_proposal(&site, &desk, &code).await?;
    let features = site.model.readable(set.sha256).await?.ok_or(HttpError::NotFound)?;
    Ok(cut(&asking, &features))
}
