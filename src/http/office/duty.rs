//! `/office/duty`: a dispatcher's phone. One tap a vehicle; what the public sees stands beside it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;

use super::{Desk, Form, leads_to, pressed, refused, with_script};
use crate::domain::Code;
use crate::domain::families;
use crate::domain::publication::Status;
use crate::domain::publication::view::View;
use crate::http::Site;
use crate::http::errors::HttpError;
use crate::http::reading::Asking;
use crate::render::office::duty as pages;
use crate::words::fold::fold;
use crate::words::text::Lang;

const FAMILY: &str = "map-point";

/// The vehicles of this person, each with its version.
fn vehicles(site: &Site, desk: &Desk) -> Vec<(View, i64)> {
    let (moment, city) = (site.moment(), site.city());
    let image = site.model.image();
    let on_duty = image.collection("ambulances").filter_map(|(_, entry)| {
        let view = entry.item.view(None, &moment).filter(|view| view.duty().is_some() && view.status == Status::InForce)?;
        let is_own = desk.actor.check(families::roles(view.family), &view.units, &city.units, moment.today).is_ok();
        is_own.then_some((view, entry.version))
    });
    let mut list: Vec<(View, i64)> = on_duty.collect();
    list.sort_by_key(|(view, _)| fold(&view.title));
    list
}

fn page(site: &Site, desk: &Desk, headers: &HeaderMap, lang: Lang, wrong: Option<&str>) -> Response {
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    with_script(headers, status, pages::list(lang, &site.city(), &desk.who(), &site.moment(), &vehicles(site, desk), wrong))
}

/// `GET /office/duty`
pub async fn duty(State(site): State<Arc<Site>>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    desk.check_families(&[FAMILY])?;
    Ok(page(&site, &desk, &asking.headers, asking.lang(), None))
}

/// `POST /office/duty`: a vehicle is ready, out or off.
pub async fn set(State(site): State<Arc<Site>>, desk: Desk, asking: Asking, headers: HeaderMap, body: Body) -> Result<Response, HttpError> {
    desk.check_families(&[FAMILY])?;
    let fields = desk.fields(&headers, body).await?;
    let lang = fields.lang(&asking.headers);
    let code: Code = fields.get("code").and_then(|code| code.parse().ok()).ok_or(HttpError::NotFound)?;
    let state = fields.get("do").ok_or(HttpError::NotFound)?;
    let form = Form { family: FAMILY, action: "set-duty", seen: fields.get("seen").unwrap_or_default(), at: None };
    let body = json!({ "duty": state, "at": pressed(&site, &fields) });
    match desk.carry_out(&site, code, &form, body).await {
        Ok(_) => Ok(leads_to(&format!("/office/duty#{code}"), lang)),
        Err(error) => Ok(page(&site, &desk, &headers, lang, Some(&refused(error, lang)?))),
    }
}
