//! A planner's file and the report on it. What its plan states comes next (`facts`).

use std::sync::Arc;

use axum::extract::{Path, Request as HttpRequest, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;

use super::{Desk, leads_to, with_script};
use crate::app::imports::KeptImport;
use crate::domain::Code;
use crate::domain::access::Role;
use crate::domain::city::{AsBefore, Columns};
use crate::geometry::crs::Crs;
use crate::http::Site;
use crate::http::errors::HttpError;
use crate::http::imports::chosen_layers;
use crate::http::imports::{check_reader, find, read_file};
use crate::http::reading::Asking;
use crate::render::office::plans as pages;
use crate::render::report;
use crate::words::text::Lang;

/// The plans that this person may revise: code and title, by title.
fn plans(site: &Site, desk: &Desk) -> Vec<(Code, String)> {
    let (city, today, image) = (site.city(), site.moment().today, site.model.image());
    let may = |units: &[_]| desk.actor.check(&[Role::Planner], units, &city.units, today).is_ok();
    let of_plans = image.collection("plans").filter(|(_, entry)| !entry.item.is_withdrawn());
    let mut plans: Vec<(Code, String)> = of_plans
        .filter_map(|(code, entry)| {
            let brief = entry.item.brief(today)?;
            may(brief.units).then(|| (*code, brief.title.to_owned()))
        })
        .collect();
    if plans.len() <= pages::MOST_LISTED {
        plans.sort_by(|a, b| a.1.cmp(&b.1));
    }
    plans
}

/// `GET /office/plans/new`
pub async fn new_plan(State(site): State<Arc<Site>>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    desk.check_planner()?;
    let filled = |name: &str| asking.parameter(name).unwrap_or_default();
    let page = pages::file(asking.lang(), &site.city(), &desk.who(), &plans(&site, &desk), &filled, None);
    Ok(with_script(&asking.headers, StatusCode::OK, page))
}

/// `POST /office/plans/new`: reads the file. What came of it has an address of its own, for this person.
pub async fn send_file(State(site): State<Arc<Site>>, desk: Desk, asking: Asking, request: HttpRequest) -> Result<Response, HttpError> {
    desk.check_planner()?;
    let _place = site.write_places.acquire().await.map_err(|error| HttpError::Internal(error.to_string()))?;
    let form = desk.files(request, site.limits.import_bytes).await?;
    let lang = Lang::choose(form.get("lang").or(asking.parameter("lang").as_deref()), None);
    let asked_again = |what: &str| {
        let filled = |name: &str| form.get(name).unwrap_or_default().to_owned();
        let page = pages::file(lang, &site.city(), &desk.who(), &plans(&site, &desk), &filled, Some(what));
        with_script(&asking.headers, StatusCode::UNPROCESSABLE_ENTITY, page)
    };
    let (id, kept) = match read_file(&site, &desk.actor, &form).await {
        Ok(read) => read,
        Err(HttpError::BadRequest(what)) => return Ok(asked_again(&what)),
        Err(HttpError::Refused(refusal)) => return Ok(asked_again(&refusal.said.text(lang))),
        Err(error) => return Err(error),
    };
    if let Some(before) = form.get("instead").filter(|before| *before != id)
        // Whoever goes on with somebody else's draft does not take it away from them.
        && own(&site, &desk, before).await.is_ok_and(|kept| kept.actor == desk.actor.name())
    {
        site.app.import_instead(&id, before, desk.actor.name()).await?;
    }
    tracing::info!(target: "audit", account = %desk.account, import = %id, clean = kept.set.is_some(), "file imported");
    if kept.set.is_some() {
        let named = |name: &str| form.get(name).map(str::to_owned);
        let columns = Columns { land_use: named("land_use"), name: named("name"), note: named("note") };
        let crs = form.get("crs").and_then(|code| Crs::code(code).ok());
        let chosen = chosen_layers(&form).only_area();
        let said = AsBefore { columns, crs, layer: chosen };
        site.app.remember_file(form.get("authority").unwrap_or_default(), said).await?;
    }
    Ok(leads_to(&format!("/office/imports/{id}"), lang))
}

/// An import of this person's, or one that they may go on with: its sender has told them its address, and it is about
/// units that are theirs too.
pub(super) async fn own(site: &Site, desk: &Desk, id: &str) -> Result<KeptImport, HttpError> {
    desk.check_planner()?;
    let kept = find(site, id).await?;
    check_reader(site, &desk.actor, id, &kept).await?;
    Ok(kept)
}

/// The report on a file, with its map.
pub(super) fn report_page(kept: KeptImport) -> Response {
    let mut headers = HeaderMap::new();
    if let Ok(policy) = HeaderValue::try_from(report::CONTENT_SECURITY_POLICY.as_str()) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    crate::http::respond::with(StatusCode::OK, super::HTML, headers, kept.page)
}

/// `GET /office/imports/{id}/report`: the report with its map.
pub async fn report(State(site): State<Arc<Site>>, Path(id): Path<String>, desk: Desk) -> Result<Response, HttpError> {
    Ok(report_page(own(&site, &desk, &id).await?))
}
