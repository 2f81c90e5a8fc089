//! `/imports`: a planner's file over HTTP, its report, and its publication.
//!
//! The file is written to disk as it arrives, checked, and kept under an id that nobody can guess. The
//! report has an address of its own. `publish` makes the set a publication or a revision.

use crate::http::reading;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request as HttpRequest, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::errors::HttpError;
use super::uploaded::{self, Form};
use super::{Site, auth, respond, writes};
use crate::app::Request;
use crate::app::imports::{KeptImport, ZoneQuestion};
use crate::disk::Disk;
use crate::domain::Refusal;
use crate::domain::access::Actor;
use crate::domain::city::Columns;
use crate::domain::document::Document;
use crate::domain::families;
use crate::domain::feature_set::{FeatureSet, Takes};
use crate::domain::plan::PlanKind;
use crate::domain::unit::UnitId;
use crate::geometry::crs::Crs;
use crate::http::reading::Asking;
use crate::import::attach::NewBlob;
use crate::import::formats::part::Layers;
use crate::import::source::Source;
use crate::import::zones;
use crate::import::zones::Imported;
use crate::render::report;
use crate::words::fold::bare_units;

/// `POST /imports`: multipart/form-data with `file`, and what the command line takes as options:
/// `kind`, `authority`, `signed`, `effective_from`, `units`, `crs`, `land_use`, `name`, `note`,
/// `layer` (also `lots=NAME`, `lines=NAME`, several times), `max_overlap`, `leave_out`, `shares`, `map.lot`, `map.density` …; `field` is
/// `zones`, `outline`, `places` …
pub async fn create(State(site): State<Arc<Site>>, headers: HeaderMap, request: HttpRequest) -> Result<Response, HttpError> {
    upload(&site, &headers, request).await
}

async fn upload(site: &Arc<Site>, headers: &HeaderMap, request: HttpRequest) -> Result<Response, HttpError> {
    let actor = auth::actor(site, headers).await?;
    let _place = site.write_places.acquire().await.map_err(|error| HttpError::Internal(error.to_string()))?;
    let form = uploaded::receive(request, site.limits.import_bytes).await?;
    let (id, kept) = read_file(site, &actor, &form).await?;
    tracing::info!(target: "audit", token = actor.name(), import = %id, clean = kept.set.is_some(), "file imported");
    let url = format!("{}/imports/{id}", site.city().public_url);
    let body = json!({
        "id": id,
        "url": url,
        "publish": kept.set.is_some().then(|| format!("{url}/publish")),
        "report": kept.report,
    });
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(location) = HeaderValue::try_from(url) {
        headers.insert(header::LOCATION, location);
    }
    Ok(respond::with(StatusCode::CREATED, "application/json", headers, body.to_string()))
}

/// The file that a form brings, or the kept one that it names, and the id under which it is kept.
async fn file_of(site: &Site, actor: &Actor, form: &Form) -> Result<(String, Source), HttpError> {
    if let Some(source) = form.file("file") {
        return Ok((site.app.keep_file(actor.name(), source).await?, source.clone()));
    }
    let Some(id) = form.get("upload") else {
        return Err(HttpError::Parameter(sentence!("file-not-chosen")));
    };
    let gone = || HttpError::Refused(Refusal::conflict("upload-not-whole", sentence!("upload-not-whole")));
    let source = site.app.kept_file(actor.name(), id).await?.ok_or_else(gone)?;
    site.app.use_kept(id).await?;
    Ok((id.to_owned(), source))
}

/// Reads the file of a form, and keeps what came of it.
pub(super) async fn read_file(site: &Arc<Site>, actor: &Actor, form: &Form) -> Result<(String, KeptImport), HttpError> {
    let field = form.get("field").unwrap_or("zones").to_owned();
    let Some((family, takes)) = set_of(&field) else {
        return Err(HttpError::BadRequest(format!("the field “field” must be one of {}", families::fields().join(", "))));
    };
    check_role(actor, family)?;
    let options = options(site, form, takes).await?;
    let (file, source) = file_of(site, actor, form).await?;
    let turn = Arc::clone(&site.import_places).acquire_owned().await.map_err(|error| HttpError::Internal(error.to_string()))?;
    let work = {
        let source = source.clone();
        let reading = site.app.reading(actor);
        // The work and its place outlive a client that hangs up.
        move || {
            let _turn = turn;
            reading.import(takes, &source, &options)
        }
    };
    let imported = tokio::task::spawn_blocking(work).await.map_err(|error| HttpError::Internal(error.to_string()))?;
    let imported = imported.map_err(|error| HttpError::spooling(&error))?;
    if imported.report.met_full_disk() {
        // A full disk is not an error of the file, so there is no report to keep.
        return Err(HttpError::Full(Disk::temporary()));
    }
    let Imported { report, set, drawn, plane, further } = imported;
    let page = tokio::task::block_in_place(|| report::page(&report, &drawn));
    let described = set.as_ref().map(|set| set.set.clone());
    let kept = KeptImport {
        field,
        actor: actor.name().to_owned(),
        file,
        form: form.fields().to_vec(),
        report,
        page,
        set: described,
        plane,
        further: further.iter().map(|(field, set)| (field.clone(), set.set.clone())).collect(),
    };
    let further = further.into_iter().map(|(field, set)| (field, NewBlob::from(set))).collect();
    let id = site.app.keep_import(&kept, set.map(NewBlob::from), further).await?;
    Ok((id, kept))
}

/// The family that a set is imported for, the first that has a field of that name, and what the set takes.
fn set_of(field: &str) -> Option<(&'static str, Takes)> {
    families::sets().into_iter().find(|(_, known, _)| *known == field).map(|(family, _, takes)| (family, takes))
}

fn check_role(actor: &Actor, family: &str) -> Result<(), HttpError> {
    if actor.has(|role| role.covers(families::roles(family))) {
        return Ok(());
    }
    Err(HttpError::Refused(Refusal::forbidden("forbidden-family", sentence!("forbidden-family"))))
}

async fn options(site: &Site, form: &Form, takes: Takes) -> Result<zones::Options, HttpError> {
    let city = site.app.city();
    let crs = form.get("crs").map(Crs::code).transpose().map_err(|error| HttpError::BadRequest(error.to_string()))?;
    let mut options = if matches!(takes, Takes::Zones | Takes::Outline) {
        let today = site.moment().today;
        let kind = form.get("kind").map(|kind| serde_json::from_value::<PlanKind>(json!(kind))).transpose();
        let kind = kind.map_err(|error| HttpError::BadRequest(format!("the field “kind” is wrong: {error}")))?;
        let units = units_of(&form.all("units").collect::<Vec<_>>().join(" "));
        let question = ZoneQuestion {
            authority: form.get("authority").unwrap_or_default(),
            kind: kind.unwrap_or(PlanKind::LandUsePlan),
            signed: form.parsed::<Date>("signed")?.unwrap_or(today),
            from: form.parsed::<Date>("effective_from")?.unwrap_or(today),
            units: &units,
        };
        site.app.zone_options(&question).await?
    } else {
        zones::Options::new(city.bbox, city.default_crs)
    };
    let text = |name: &str| form.get(name).map(str::to_owned);
    options.crs = crs;
    options.columns = Columns { land_use: text("land_use"), name: text("name"), note: text("note") };
    let of_lots = zones::lot_keys().into_iter().filter_map(|key| text(&format!("map.{key}")).map(|column| (key, column)));
    options.lot_columns = of_lots.collect();
    options.shares = form
        .get("shares")
        .map(|shares| serde_json::from_value(json!(shares)))
        .transpose()
        .map_err(|_| HttpError::BadRequest("the field “shares” must be part or percent".into()))?;
    options.layers = chosen_layers(form);
    options.choice.layer = options.layers.only_area();
    options.choice.limits.bytes = site.limits.import_bytes;
    options.overlap_m2 = form.parsed("max_overlap")?.unwrap_or(options.overlap_m2);
    let left_out = zones::numbers(&form.all("leave_out").collect::<Vec<_>>().join(","));
    options.leave_out = left_out.map_err(|text| HttpError::Refused(Refusal::invalid("leave-out", sentence!("leave-out-numbers", text))))?;
    Ok(options)
}

/// The layers that a form names.
pub(super) fn chosen_layers(form: &Form) -> Layers {
    let mut layers = Layers::default();
    form.all("layer").for_each(|choice| layers.take(choice));
    layers
}

pub(super) async fn find(site: &Site, id: &str) -> Result<KeptImport, HttpError> {
    site.app.kept_import(id).await?.ok_or(HttpError::NotFound)
}

/// `/imports/{id}`: the report, as a page or as JSON, for its sender and whoever may publish in its units. What comes of a file is nobody
/// else's business before it is published.
pub async fn report(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    Asking { query, headers }: Asking,
) -> Result<Response, HttpError> {
    let actor = auth::actor(&site, &headers).await?;
    let kept = find(&site, &id).await?;
    let (family, _) = set_of(&kept.field).ok_or(HttpError::NotFound)?;
    check_role(&actor, family)?;
    check_reader(&site, &actor, &id, &kept).await?;
    let mut answer = HeaderMap::new();
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if reading::wants_html(&headers) && reading::parameter(query.as_deref(), "f").as_deref() != Some("json") {
        if let Ok(policy) = HeaderValue::try_from(report::CONTENT_SECURITY_POLICY.as_str()) {
            answer.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        return Ok(respond::with(StatusCode::OK, "text/html; charset=utf-8", answer, kept.page));
    }
    let further: Map<String, Value> = kept.further.iter().map(|(field, set)| (field.clone(), json!(set))).collect();
    let body = json!({ "id": id, "clean": kept.set.is_some(), "set": kept.set, "further": further, "report": kept.report });
    Ok(respond::with(StatusCode::OK, "application/json", answer, body.to_string()))
}

/// `POST /imports/{id}/publish`: a command as for the collection (`plan.publish`, `plan.revise` …). Its
/// facts lack the set and the source, which are filled in here.
pub async fn publish(State(site): State<Arc<Site>>, Path(id): Path<String>, headers: HeaderMap, body: Body) -> Result<Response, HttpError> {
    publish_kept(&site, &id, &headers, body).await
}

async fn publish_kept(site: &Arc<Site>, id: &str, headers: &HeaderMap, body: Body) -> Result<Response, HttpError> {
    let actor = auth::actor(site, headers).await?;
    let kept = find(site, id).await?;
    check_reader(site, &actor, id, &kept).await?;
    let Some(set) = kept.set.clone() else {
        return Err(HttpError::Refused(Refusal::conflict("import-has-errors", sentence!("import-has-errors"))));
    };
    let bytes = writes::read_body(site, body).await?;
    let mut value: Value = tokio::task::block_in_place(|| serde_json::from_slice(&bytes)).map_err(|error| {
        HttpError::BadRequest(format!("the body is not JSON: line {}, column {}: {error}", error.line(), error.column()))
    })?;
    let Some(facts) = value.get_mut("facts").and_then(Value::as_object_mut) else {
        return Err(HttpError::BadRequest("the command needs “facts”".into()));
    };
    let Some((family, _)) = set_of(&kept.field) else { return Err(HttpError::NotFound) };
    let (source, blobs) = site.app.import_blobs(id, &kept).await?;
    complete(facts, &kept, &set, &source);
    // Whoever sent the file is an author too.
    let with = if kept.actor == actor.name() { Vec::new() } else { vec![site.model.image().author(&kept.actor)] };
    let request = Request { blobs, with, ..Request::parse(value).map_err(HttpError::Refused)? };
    if request.kind.split('.').next() != Some(family) {
        return Err(HttpError::BadRequest(format!(
            "this import is for a {family}: the command must be {family}.publish or {family}.revise"
        )));
    }
    writes::carry_out(site, actor, request).await
}

/// Refuses whoever neither sent an import nor may publish in all units that are stated for it, by what was typed last. They
/// are not told that there is one.
pub(super) async fn check_reader(site: &Site, actor: &Actor, id: &str, kept: &KeptImport) -> Result<(), HttpError> {
    if kept.actor == actor.name() {
        return Ok(());
    }
    let (family, _) = set_of(&kept.field).ok_or(HttpError::NotFound)?;
    let form = site.app.kept_form(id).await?;
    let fields = if form.fields.is_empty() { &kept.form } else { &form.fields };
    let stated = fields.iter().filter(|(name, _)| name == "unit" || name == "units").flat_map(|(_, text)| units_of(text));
    let units: Vec<UnitId> = stated.filter_map(|id| id.parse().ok()).collect();
    let may = actor.check(families::roles(family), &units, &site.city().units, site.moment().today);
    may.map_err(|_| HttpError::NotFound)
}

/// The units that a field names, by id.
fn units_of(text: &str) -> Vec<String> {
    bare_units(text).split([',', ';', ' ']).filter(|id| !id.is_empty()).map(str::to_owned).collect()
}

/// Fills in what the facts of a command lack: the set, the plane its areas are measured in, and the file as received.
pub(super) fn complete(facts: &mut Map<String, Value>, kept: &KeptImport, set: &FeatureSet, source: &Document) {
    facts.insert(kept.field.clone(), json!({ "sha256": set.sha256, "left_out": set.left_out }));
    for (field, set) in &kept.further {
        facts.insert(field.clone(), json!({ "sha256": set.sha256 }));
    }
    if set_of(&kept.field).is_some_and(|(_, takes)| matches!(takes, Takes::Zones | Takes::Outline)) {
        facts.insert("crs".into(), json!(kept.plane));
    }
    crate::import::attach::add_document(source, facts);
}
