//! `/indicators`: targets, pledges, results and rankings.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

use super::errors::HttpError;
use super::reading::{Asking, Form};
use super::{Site, respond};
use crate::domain::Code;
use crate::domain::figures::Period;
use crate::domain::figures::Table;
use crate::domain::publication::view::View;
use crate::prints;
use crate::render::map::unit_shapes;
use crate::render::standings::{self as pages, Shown};

/// `GET /indicators`
pub async fn list(State(site): State<Arc<Site>>, asking: Asking) -> Result<Response, HttpError> {
    let form = asking.page_or_json()?;
    let (moment, city) = (site.moment(), site.city());
    let look = || {
        let image = site.model.image();
        let all = image.indicators(&moment);
        let mut codes: Vec<Code> = all.iter().filter_map(|(_, known)| known.as_ref()?.measure.campaign).collect();
        codes.sort_unstable();
        codes.dedup();
        let mut campaigns: Vec<View> = codes.iter().filter_map(|code| image.view(code, None, &moment)).collect();
        campaigns.sort_by_key(|view| std::cmp::Reverse(view.effective_from));
        (all, campaigns)
    };
    let (all, campaigns) = site.at_length(look).await?;
    if form == Form::Json {
        let list: Vec<Value> = all
            .iter()
            .map(|(view, known)| match known {
                Some(known) => pages::json(&city, known),
                None => json!({ "code": view.code, "title": view.title, "period": null }),
            })
            .collect();
        return Ok(respond::fresh(
            &asking.headers,
            "application/json",
            "no-cache",
            HeaderMap::new(),
            json!({ "indicators": list }).to_string(),
        ));
    }
    let page = pages::list(asking.lang(), &city, &all, &campaigns);
    Ok(respond::fresh(&asking.headers, "text/html; charset=utf-8", "no-cache", HeaderMap::new(), page))
}

/// `GET /indicators/{id}?period=`, and `{id}.csv`, `{id}.xlsx`, `{id}.json`.
pub async fn one(State(site): State<Arc<Site>>, Path(id): Path<String>, asking: Asking) -> Result<Response, HttpError> {
    let (id, ending) = id.split_once('.').map_or((id.as_str(), None), |(id, ending)| (id, Some(ending)));
    let code: Code = id.parse().map_err(|_| HttpError::NotFound)?;
    let period = asking
        .parameter("period")
        .map(|period| period.parse::<Period>().map_err(|_| HttpError::Parameter(sentence!("indicator-asked", period))));
    let (period, moment, city) = (period.transpose()?, site.moment(), site.city());
    let measure = site.model.image().entry(&code).and_then(|entry| entry.item.measure());
    if let (Some(period), Some(measure)) = (period, &measure)
        && period.frequency() != measure.frequency
    {
        return Err(HttpError::Parameter(sentence!("indicator-asked", period)));
    }
    let known = site.at_length(|| site.model.image().table(&code, period, &moment)).await?;
    let Some(known) = known else {
        // An indicator without figures, or one that was taken back, has its page behind its code.
        return if measure.is_some() && ending.is_none() { Ok(respond::see(&format!("/q/{code}"))) } else { Err(HttpError::NotFound) };
    };
    let named = |ending: &str| {
        let mut headers = HeaderMap::new();
        let name = format!("attachment; filename=\"{code}-{}.{ending}\"", known.period);
        headers.extend(HeaderValue::try_from(name).ok().map(|name| (header::CONTENT_DISPOSITION, name)));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers
    };
    let broken = |error: &dyn std::fmt::Display| HttpError::Internal(error.to_string());
    match ending {
        Some("csv") => {
            let file = pages::csv(&city, &known).map_err(|error| broken(&error))?;
            Ok(respond::with(StatusCode::OK, "text/csv; charset=utf-8", named("csv"), file))
        }
        Some("xlsx") => {
            let file = pages::xlsx(&city, &known).map_err(|error| broken(&error))?;
            Ok(respond::with(StatusCode::OK, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", named("xlsx"), file))
        }
        Some("json") => Ok(as_json(&asking, &site, &known)),
        Some(_) => Err(HttpError::NotFound),
        None if asking.page_or_json()? == Form::Json => Ok(as_json(&asking, &site, &known)),
        None => {
            let boundaries = prints::boundaries(&site.model, &city).await?;
            let page = site.at_length(|| {
                let day = known.period.last().min(moment.today.max(known.period.first()));
                let lang = asking.lang();
                let shapes = unit_shapes(&city, boundaries.as_deref(), day, lang);
                Shown { lang, city: &city, moment: &moment, standings: &known, shapes: &shapes }.page()
            });
            Ok(respond::fresh(&asking.headers, "text/html; charset=utf-8", "no-cache", HeaderMap::new(), page.await?))
        }
    }
}

fn as_json(asking: &Asking, site: &Site, known: &Table) -> Response {
    let body = pages::json(&site.city(), known).to_string();
    respond::fresh(&asking.headers, "application/json", "no-cache", HeaderMap::new(), body)
}
