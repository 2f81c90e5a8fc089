//! From a planner's file to a plan: the file and its report, then what the plan states.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, Request as HttpRequest, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::{Desk, leads_to, refused, shown};
use crate::app::imports::KeptImport;
use crate::app::{ExecuteError, Outcome, Request};
use crate::domain::access::Role;
use crate::domain::city::Columns;
use crate::domain::{Code, Refusal};
use crate::http::Site;
use crate::http::collections::parameters::encoded;
use crate::http::errors::HttpError;
use crate::http::imports::{complete, find, read_file};
use crate::http::reading::Asking;
use crate::http::uploaded::{self, Form};
use crate::import::source::Source;
use crate::render::office::plans as pages;
use crate::render::report;
use crate::words::text::Lang;

/// Fields of the first form that the second one is filled with.
const CARRIED: [&str; 5] = ["revises", "kind", "authority", "signed", "effective_from"];

fn check_planner(desk: &Desk) -> Result<(), HttpError> {
    if desk.actor.has(|role| role == Role::Planner) {
        return Ok(());
    }
    Err(HttpError::Refused(Refusal::forbidden("forbidden-family", sentence!("forbidden-family"))))
}

/// A form of this person's, with the token of their pages.
async fn received(site: &Site, desk: &Desk, request: HttpRequest) -> Result<Form, HttpError> {
    let form = uploaded::receive(site, request).await?;
    if form.get("token") == Some(&desk.token) {
        return Ok(form);
    }
    Err(HttpError::Refused(Refusal::forbidden("form-token", sentence!("form-token"))))
}

/// The plans that this person may revise: code and title, by title.
fn plans(site: &Site, desk: &Desk) -> Vec<(Code, String)> {
    let (city, today, image) = (site.city(), site.moment().today, site.model.image());
    let may = |units: &[_]| desk.actor.check(&[Role::Planner], units, &city.units, today).is_ok();
    let of_plans = image.collection("plans").filter(|(_, entry)| !entry.item.is_withdrawn());
    let mut plans: Vec<(Code, String)> = of_plans
        .filter_map(|(code, entry)| {
            let view = entry.item.view(None, &site.moment())?;
            may(&view.units).then_some((*code, view.title))
        })
        .collect();
    plans.sort_by(|a, b| a.1.cmp(&b.1));
    plans
}

/// `GET /office/plans/new`
pub async fn new_plan(State(site): State<Arc<Site>>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    check_planner(&desk)?;
    let filled = |name: &str| asking.parameter(name).unwrap_or_default();
    let page = pages::file(asking.lang(), &site.city(), &desk.who(), &plans(&site, &desk), &filled, None);
    Ok(shown(&asking.headers, StatusCode::OK, page))
}

/// `POST /office/plans/new`: reads the file. What came of it has an address of its own, for this person.
pub async fn send_file(State(site): State<Arc<Site>>, desk: Desk, asking: Asking, request: HttpRequest) -> Result<Response, HttpError> {
    check_planner(&desk)?;
    let _place = site.write_places.acquire().await.map_err(|error| HttpError::Internal(error.to_string()))?;
    let form = received(&site, &desk, request).await?;
    let lang = Lang::choose(form.get("lang").or(asking.parameter("lang").as_deref()), None);
    let (id, kept) = match read_file(&site, &desk.actor, &form).await {
        Ok(read) => read,
        Err(HttpError::BadRequest(what)) => {
            let filled = |name: &str| form.get(name).unwrap_or_default().to_owned();
            let page = pages::file(lang, &site.city(), &desk.who(), &plans(&site, &desk), &filled, Some(&what));
            return Ok(shown(&asking.headers, StatusCode::UNPROCESSABLE_ENTITY, page));
        }
        Err(error) => return Err(error),
    };
    tracing::info!(target: "audit", account = %desk.account, import = %id, clean = kept.set.is_some(), "file imported");
    if kept.set.is_some() {
        let named = |name: &str| form.get(name).map(str::to_owned);
        let columns = Columns { land_use: named("land_use"), name: named("name"), note: named("note") };
        site.app.remember_columns(form.get("authority").unwrap_or_default(), &columns).await?;
    }
    let carried = CARRIED.iter().filter_map(|name| Some(format!("{name}={}", encoded(form.get(name)?))));
    let query = carried.collect::<Vec<_>>().join("&");
    Ok(leads_to(&format!("/office/imports/{id}?{query}"), lang))
}

/// An import of this person's.
async fn own(site: &Site, desk: &Desk, id: &str) -> Result<KeptImport, HttpError> {
    check_planner(desk)?;
    let kept = find(site, id).await?;
    if kept.actor == desk.actor.name() { Ok(kept) } else { Err(HttpError::NotFound) }
}

/// `GET /office/imports/{id}/report`: the report with its map.
pub async fn report(State(site): State<Arc<Site>>, Path(id): Path<String>, desk: Desk) -> Result<Response, HttpError> {
    let kept = own(&site, &desk, &id).await?;
    let mut headers = HeaderMap::new();
    if let Ok(policy) = HeaderValue::try_from(report::CONTENT_SECURITY_POLICY.as_str()) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    Ok(crate::http::respond::with(StatusCode::OK, super::HTML, headers, kept.page))
}

/// `GET /office/imports/{id}`: what was found, and the form of what the plan states, filled from its last revision.
pub async fn import(State(site): State<Arc<Site>>, Path(id): Path<String>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    let kept = own(&site, &desk, &id).await?;
    let revised = asking.parameter("revises").and_then(|code| code.parse::<Code>().ok());
    let facts = revised.and_then(|code| site.model.image().entry(&code)?.item.latest_facts()).unwrap_or_default();
    let before = |pointer: &str| match facts.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let filled = |name: &str| {
        let given = asking.parameter(name).filter(|given| !given.is_empty());
        given.unwrap_or_else(|| match name {
            "title" | "summary" | "scale" | "level" | "kind" => before(&format!("/{name}")),
            "authority" => before("/decision/authority"),
            "signatory" => before("/decision/signatory"),
            "period_from" => before("/period/from"),
            "period_to" => before("/period/to"),
            _ => String::new(),
        })
    };
    let units: Vec<String> = facts["units"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    let page = pages::facts(
        asking.lang(),
        &site.city(),
        &desk.who(),
        &site.moment(),
        &pages::Read { id: &id, kept: &kept },
        &filled,
        &units,
        None,
    );
    Ok(shown(&asking.headers, StatusCode::OK, page))
}

/// What the form states, as the facts of a plan. Wrong numbers and days are left to the rules, which say what is wrong.
fn facts_of(form: &Form) -> Map<String, Value> {
    let mut facts = Map::new();
    let text = |name: &str| form.get(name).map(|text| json!(text));
    let number = |name: &str| form.get(name).map(|text| text.parse::<i16>().map_or_else(|_| json!(text), |number| json!(number)));
    for name in ["kind", "title", "summary", "scale", "level", "adjustment"] {
        facts.extend(text(name).map(|value| (name.to_owned(), value)));
    }
    let mut decision = Map::new();
    for (field, name) in [("authority", "authority"), ("number", "decision"), ("signed", "signed"), ("signatory", "signatory")] {
        decision.extend(text(name).map(|value| (field.to_owned(), value)));
    }
    facts.insert("decision".into(), Value::Object(decision));
    if let (Some(from), Some(to)) = (number("period_from"), number("period_to")) {
        facts.insert("period".into(), json!({ "from": from, "to": to }));
    }
    let units: Vec<&str> = form.all("unit").collect();
    if !units.is_empty() {
        facts.insert("units".into(), json!(units));
    }
    facts
}

/// `POST /office/imports/{id}`: proposes the plan, or publishes it where no second person is needed.
pub async fn send_facts(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    desk: Desk,
    asking: Asking,
    request: HttpRequest,
) -> Result<Response, HttpError> {
    let kept = own(&site, &desk, &id).await?;
    let _place = site.write_places.acquire().await.map_err(|error| HttpError::Internal(error.to_string()))?;
    let form = received(&site, &desk, request).await?;
    let lang = Lang::choose(form.get("lang").or(asking.parameter("lang").as_deref()), None);
    let (Some(set), Some(source)) = (kept.set.clone(), kept.source.clone()) else {
        return Err(HttpError::Refused(Refusal::conflict("import-has-errors", sentence!("import-has-errors"))));
    };
    let mut facts = facts_of(&form);
    complete(&mut facts, &kept, &set, &source);
    let mut files = HashMap::new();
    for (role, name) in [("decision", "decision_file"), ("report", "report_file"), ("map", "map_file")] {
        if let Some(file) = form.file(name) {
            let document = json!({ "role": role, "title": file.name, "file": name });
            facts.entry("documents").or_insert_with(|| json!([])).as_array_mut().into_iter().for_each(|list| list.push(document.clone()));
            files.insert(name.to_owned(), file.clone());
        }
    }
    let code = form.get("revises").map(str::parse::<Code>).transpose().map_err(HttpError::WrongCode)?;
    let mut body = json!({ "facts": facts });
    for name in ["effective_from", "effective_to"] {
        if let Some(day) = form.get(name) {
            body[name] = json!(day);
        }
    }
    let kind = if code.is_some() { "plan.revise" } else { "plan.publish" };
    // The same form, sent twice, acts once.
    let id_of_command = format!("office-import-{}", &id[..id.len().min(64)]);
    let request = Request { id: id_of_command, kind: kind.into(), code, body, blobs: Vec::new() };
    match carried_out(&site, &desk, request, files).await? {
        Ok(outcome) => {
            site.model.wait_for(outcome.position, super::SEEN).await;
            let code = outcome.code.map(|code| code.to_string()).unwrap_or_default();
            Ok(leads_to(&if outcome.state.is_some() { format!("/office/proposals/{code}") } else { format!("/q/{code}") }, lang))
        }
        Err(error) => {
            let wrong = refused(error, lang)?;
            let filled = |name: &str| form.get(name).unwrap_or_default().to_owned();
            let units: Vec<String> = form.all("unit").map(str::to_owned).collect();
            let read = pages::Read { id: &id, kept: &kept };
            let page = pages::facts(lang, &site.city(), &desk.who(), &site.moment(), &read, &filled, &units, Some(&wrong));
            Ok(shown(&asking.headers, StatusCode::UNPROCESSABLE_ENTITY, page))
        }
    }
}

/// Carries the command out in a task of its own, so that it is completed even if the browser hangs up.
async fn carried_out(
    site: &Arc<Site>,
    desk: &Desk,
    request: Request,
    files: HashMap<String, Source>,
) -> Result<Result<Outcome, ExecuteError>, HttpError> {
    let (site, actor) = (Arc::clone(site), desk.actor.clone());
    let task = tokio::spawn(async move {
        let named = |name: &str| files.get(name).cloned().ok_or_else(|| name.to_owned());
        site.app.execute(&actor, request, &named).await
    });
    task.await.map_err(|error| HttpError::Internal(error.to_string()))
}
