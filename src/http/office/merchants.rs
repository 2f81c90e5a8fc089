//! `/office/merchants/{code}`: whom one pays at a place, and the merchant's own link.

use std::sync::Arc;

use axum::extract::{Path, Request as HttpRequest, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::{Desk, Form, SEEN, done, has_files, leads_to, refused, shown};
use crate::app::ExecuteError;
use crate::domain::Code;
use crate::domain::access::AccountId;
use crate::domain::families;
use crate::domain::publication::view::View;
use crate::domain::vietqr::Payee;
use crate::http::Site;
use crate::http::errors::HttpError;
use crate::http::forms::Fields;
use crate::http::reading::Asking;
use crate::http::uploaded;
use crate::render::office::merchants as pages;
use crate::words::text::{Lang, text};

const FAMILY: &str = "merchant";
/// Largest photo of a code, bytes.
const PHOTO_BYTES: u64 = 20 << 20;

/// A place that the person may change.
struct Opened {
    view: View,
    seen: i64,
    payee: Option<Payee>,
    link: Option<String>,
}

fn open(site: &Site, desk: &Desk, code: &str) -> Result<Opened, HttpError> {
    desk.check_families(&[FAMILY])?;
    let code: Code = code.parse().map_err(|_| HttpError::NotFound)?;
    let (moment, image) = (site.moment(), site.model.image());
    let entry = image.entry(&code).filter(|entry| entry.item.family() == FAMILY).ok_or(HttpError::NotFound)?;
    let view = entry.item.view(None, &moment).ok_or(HttpError::NotFound)?;
    desk.actor.check(families::roles(FAMILY), &view.units, &image.city.units, moment.today).map_err(HttpError::Refused)?;
    let merchant = view.merchant().ok_or(HttpError::NotFound)?;
    let payee = image.payee_of(&view).cloned();
    // Whoever sees the address can use it, so only those see it who made it.
    let is_own = |by: &AccountId| *by == desk.account;
    let link = merchant.link.as_ref().filter(|link| link.until >= moment.today && link.by.as_ref().is_some_and(is_own));
    let link = link.map(|link| format!("{}/q/{code}/edit/{}", image.city.public_url, site.app.link_key(code, link)));
    Ok(Opened { seen: entry.version, payee, link, view })
}

impl Opened {
    fn page(&self, site: &Site, desk: &Desk, headers: &HeaderMap, lang: Lang, fields: &Fields, wrong: Option<&str>) -> Response {
        let filled = |name: &str| fields.untrimmed(name).unwrap_or_default().to_owned();
        let place =
            pages::Place { view: &self.view, seen: self.seen, payee: self.payee.as_ref(), link: self.link.as_deref(), filled: &filled };
        let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        shown(headers, status, pages::page(lang, &site.city(), &desk.who(), &site.moment(), &place, wrong))
    }
}

/// `GET /office/merchants/{code}`
pub async fn place(State(site): State<Arc<Site>>, Path(code): Path<String>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    let opened = open(&site, &desk, &code)?;
    Ok(opened.page(&site, &desk, &asking.headers, asking.lang(), &Fields::default(), None))
}

/// The fields of the form, and the text of the code in the photo that came with it. Errors: a sentence for the form.
async fn read(
    site: &Site,
    desk: &Desk,
    headers: &HeaderMap,
    request: HttpRequest,
) -> Result<(Fields, Result<Option<String>, &'static str>), HttpError> {
    if !has_files(headers) {
        return Ok((desk.fields(headers, request.into_body()).await?, Ok(None)));
    }
    let form: uploaded::Form = desk.files(request, PHOTO_BYTES).await?;
    let fields = form.fields().iter().fold(Fields::default(), |fields, (name, text)| fields.with(name, text.clone()));
    let Some(photo) = form.file("file") else { return Ok((fields, Ok(None))) };
    let Some(seen) = site.app.codes_in(photo)? else { return Ok((fields, Err("check-no-picture"))) };
    Ok((
        fields,
        match seen.texts.as_slice() {
            [one] if seen.unread == 0 => Ok(Some(one.clone())),
            [] => Err("check-unread-help"),
            _ => Err("check-several-help"),
        },
    ))
}

/// The command that registers a payee, from the form.
fn registration(fields: &Fields, photographed: Option<String>) -> Value {
    let text = |name: &str| fields.get(name).unwrap_or_default().trim().to_owned();
    let consent = json!({ "purpose": "payment-code", "text_version": "office", "evidence": text("consent") });
    let mut payee = json!({ "holder": text("holder"), "consent": consent });
    if let Some(code) = photographed.or_else(|| Some(text("vietqr")).filter(|text| !text.is_empty())) {
        payee["vietqr"] = json!(code);
    } else {
        payee["bank"] = json!(text("bank"));
        payee["account"] = json!(text("account"));
    }
    json!({ "payee": payee, "checked_on": text("checked_on"), "checked": text("checked") })
}

/// `POST /office/merchants/{code}`: registers whom one pays, takes their consent back, issues or ends the merchant's link.
pub async fn change(
    State(site): State<Arc<Site>>,
    Path(code): Path<String>,
    desk: Desk,
    asking: Asking,
    request: HttpRequest,
) -> Result<Response, HttpError> {
    let opened = open(&site, &desk, &code)?;
    let headers = asking.headers.clone();
    let _place = site.write_places.acquire().await.map_err(|error| HttpError::Internal(error.to_string()))?;
    let (fields, photographed) = read(&site, &desk, &headers, request).await?;
    let (lang, own) = (fields.lang(&headers), format!("/office/merchants/{}", opened.view.code));
    // The same form, sent twice, acts once; one of a state that has passed does not act.
    if fields.get("do") != Some("withdraw") && fields.get("seen") != Some(opened.seen.to_string().as_str()) {
        let said = sentence!("row-changed", title = opened.view.title).text(lang);
        return Ok(opened.page(&site, &desk, &headers, lang, &fields, Some(&said)));
    }
    let text_of = |name: &str| fields.get(name).unwrap_or_default().trim().to_owned();
    let (action, body) = match text_of("do").as_str() {
        "withdraw" => {
            let (of_task, actor, code) = (Arc::clone(&site), desk.actor.clone(), opened.view.code);
            let task = tokio::spawn(async move {
                of_task.app.withdraw_payee(&actor, code).await?;
                of_task.app.log().head().await.map_err(ExecuteError::from)
            });
            let head = task.await.map_err(|error| HttpError::Internal(error.to_string()))??;
            site.model.wait_for(head.position, SEEN).await;
            return Ok(leads_to(&own, lang));
        }
        "issue-link" => ("issue-link", json!({ "until": text_of("until") })),
        "end-link" => ("end-link", json!({ "number": text_of("number").parse::<u32>().unwrap_or(0) })),
        "payee" => match photographed {
            Ok(code) => {
                let ways = [code.is_some(), !text_of("vietqr").is_empty(), !(text_of("bank") + &text_of("account")).is_empty()];
                if ways.into_iter().filter(|is_given| *is_given).count() > 1 {
                    return Ok(opened.page(&site, &desk, &headers, lang, &fields, Some(text(lang, "payee-one-way"))));
                }
                ("register-payee", registration(&fields, code))
            }
            Err(key) => return Ok(opened.page(&site, &desk, &headers, lang, &fields, Some(text(lang, key)))),
        },
        _ => return Err(HttpError::NotFound),
    };
    let seen = opened.seen.to_string();
    let form = Form { family: FAMILY, action, seen: &seen, at: None };
    match desk.carry_out(&site, opened.view.code, &form, body).await {
        Ok(outcome) => Ok(done(&outcome, &own, lang)),
        Err(error) => Ok(opened.page(&site, &desk, &headers, lang, &fields, Some(&refused(error, lang)?))),
    }
}
