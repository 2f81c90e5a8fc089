//! `/imports`: a planner's file over HTTP, its report, and its publication.
//!
//! The file is written to disk as it arrives, checked, and kept under an id that nobody can guess. The
//! report has an address of its own. `publish` makes the set a publication or a revision.

use crate::http::reading;
use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Multipart, Path, Request as HttpRequest, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use jiff::civil::Date;
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use super::errors::HttpError;
use super::{Site, auth, respond, writes};
use crate::app::Request;
use crate::app::imports::{KeptImport, ZoneQuestion};
use crate::disk::Disk;
use crate::domain::access::Actor;
use crate::domain::city::Columns;
use crate::domain::families;
use crate::domain::feature_set::Takes;
use crate::domain::plan::PlanKind;
use crate::domain::{Digest, Refusal};
use crate::geometry::crs::Crs;
use crate::http::reading::Asking;
use crate::import::attach::{NewBlob, source_document};
use crate::import::source::Source;
use crate::import::zones;
use crate::import::zones::Imported;
use crate::render::report;
use crate::words::fold::bare_units;

/// A client that sends nothing for this long is disconnected.
const IDLE: Duration = Duration::from_secs(20);
/// Most time for a whole upload.
const UPLOAD: Duration = Duration::from_mins(15);
/// Longest field besides the file, bytes.
const FIELD_BYTES: usize = 10_000;

/// The content of a form: its fields and the file.
struct Form {
    fields: HashMap<String, String>,
    source: Option<Source>,
}

impl Form {
    fn get(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    fn parsed<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, HttpError>
    where
        T::Err: std::fmt::Display,
    {
        let parse = |text: &str| text.parse().map_err(|error| HttpError::BadRequest(format!("the field “{name}” is wrong: {error}")));
        self.get(name).map(parse).transpose()
    }
}

/// `POST /imports`: multipart/form-data with `file`, and what the command line takes as options:
/// `kind`, `authority`, `signed`, `effective_from`, `units`, `crs`, `land_use`, `name`, `note`,
/// `layer`, `max_overlap`; `field` is `zones`, `outline` or `places`.
pub async fn create(State(site): State<Arc<Site>>, headers: HeaderMap, request: HttpRequest) -> Result<Response, HttpError> {
    upload(&site, &headers, request).await
}

async fn upload(site: &Arc<Site>, headers: &HeaderMap, request: HttpRequest) -> Result<Response, HttpError> {
    let actor = auth::actor(site, headers).await?;
    let _place = site.write_places.acquire().await.map_err(|error| HttpError::Internal(error.to_string()))?;
    let request =
        request.map(|body| Body::new(http_body_util::Limited::new(body, usize::try_from(site.limits.import_bytes).unwrap_or(usize::MAX))));
    let multipart = Multipart::from_request(request, &()).await;
    let multipart = multipart.map_err(|error| HttpError::BadRequest(format!("send the file as multipart/form-data: {error}")))?;
    let form = tokio::time::timeout(UPLOAD, receive(multipart, site.limits.import_bytes)).await.map_err(|_| HttpError::TooSlow)??;
    let Some(source) = form.source.clone() else {
        return Err(HttpError::BadRequest("the form has no field “file” with a file".into()));
    };
    let field = form.get("field").unwrap_or("zones").to_owned();
    let Some((family, takes)) = set_of(&field) else {
        return Err(HttpError::BadRequest(format!("the field “field” must be one of {}", families::fields().join(", "))));
    };
    check_role(&actor, family)?;
    let options = options(site, &form, takes).await?;
    let turn = Arc::clone(&site.import_places).acquire_owned().await.map_err(|error| HttpError::Internal(error.to_string()))?;
    let work = {
        let source = source.clone();
        let reading = site.app.reading(&actor);
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
    let (id, kept) = keep(site, &actor, field, &source, imported).await?;
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

/// Receives the form and writes the file to disk. The parts of the form may come in any order.
async fn receive(mut multipart: Multipart, limit: u64) -> Result<Form, HttpError> {
    let bad = |error: &dyn std::fmt::Display| HttpError::BadRequest(format!("the form cannot be read: {error}"));
    let mut form = Form { fields: HashMap::new(), source: None };
    loop {
        let next = tokio::time::timeout(IDLE, multipart.next_field()).await.map_err(|_| HttpError::TooSlow)?;
        let Some(mut field) = next.map_err(|error| too_large(&error, limit).unwrap_or_else(|| bad(&error)))? else { return Ok(form) };
        let name = field.name().unwrap_or_default().to_owned();
        let file_name = field.file_name().map(str::to_owned);
        let is_file = name == "file";
        let mut spool = if is_file { Some(NamedTempFile::new().map_err(|error| HttpError::spooling(&error))?) } else { None };
        let mut text = Vec::new();
        loop {
            let chunk = tokio::time::timeout(IDLE, field.chunk()).await.map_err(|_| HttpError::TooSlow)?;
            let Some(chunk) = chunk.map_err(|error| too_large(&error, limit).unwrap_or_else(|| bad(&error)))? else { break };
            if let Some(spool) = &mut spool {
                spool.write_all(&chunk).map_err(|error| HttpError::spooling(&error))?;
            } else {
                text.extend_from_slice(&chunk);
                if text.len() > FIELD_BYTES {
                    return Err(HttpError::BadRequest(format!("the field “{name}” is too long")));
                }
            }
        }
        if let Some(spool) = spool {
            if form.source.is_some() {
                return Err(HttpError::BadRequest("the form has two files; zip what belongs together".into()));
            }
            let source = Source::spooled(file_name.as_deref().unwrap_or("file"), spool);
            form.source = Some(source.map_err(|error| HttpError::Internal(error.to_string()))?);
        } else {
            let text = String::from_utf8(text).map_err(|_| HttpError::BadRequest(format!("the field “{name}” is not UTF-8")))?;
            form.fields.insert(name, text);
        }
    }
}

fn too_large(error: &axum::extract::multipart::MultipartError, limit: u64) -> Option<HttpError> {
    (error.status() == StatusCode::PAYLOAD_TOO_LARGE || error.body_text().contains("length limit"))
        .then(|| HttpError::TooLarge(usize::try_from(limit).unwrap_or(usize::MAX)))
}

async fn options(site: &Site, form: &Form, takes: Takes) -> Result<zones::Options, HttpError> {
    let city = site.app.city();
    let crs = form.get("crs").map(Crs::code).transpose().map_err(|error| HttpError::BadRequest(error.to_string()))?;
    let mut options = if matches!(takes, Takes::Places | Takes::Lines) {
        zones::Options::new(city.bbox, city.default_crs)
    } else {
        let today = site.moment().today;
        let kind = form.get("kind").map(|kind| serde_json::from_value::<PlanKind>(json!(kind))).transpose();
        let kind = kind.map_err(|error| HttpError::BadRequest(format!("the field “kind” is wrong: {error}")))?;
        let units: Vec<String> = bare_units(form.get("units").unwrap_or_default())
            .split([',', ';', ' '])
            .filter(|id| !id.is_empty())
            .map(str::to_owned)
            .collect();
        let question = ZoneQuestion {
            authority: form.get("authority").unwrap_or_default(),
            kind: kind.unwrap_or(PlanKind::LandUsePlan),
            signed: form.parsed::<Date>("signed")?.unwrap_or(today),
            from: form.parsed::<Date>("effective_from")?.unwrap_or(today),
            units: &units,
        };
        site.app.zone_options(&question).await?
    };
    let text = |name: &str| form.get(name).map(str::to_owned);
    options.crs = crs;
    options.columns = Columns { land_use: text("land_use"), name: text("name"), note: text("note") };
    options.choice.layer = text("layer");
    options.choice.limits.bytes = site.limits.import_bytes;
    options.overlap_m2 = form.parsed("max_overlap")?.unwrap_or(options.overlap_m2);
    Ok(options)
}

async fn keep(site: &Site, actor: &Actor, field: String, source: &Source, imported: Imported) -> Result<(Digest, KeptImport), HttpError> {
    let Imported { report, set, drawn, plane } = imported;
    let page = tokio::task::block_in_place(|| report::page(&report, &drawn));
    let mut kept = KeptImport { field, actor: actor.name().to_owned(), report, page, set: None, source: None, plane };
    let mut blobs = Vec::new();
    if let Some(set) = set {
        let (document, brought) =
            tokio::task::block_in_place(|| source_document(source, None)).map_err(|error| HttpError::Internal(error.to_string()))?;
        kept.source = Some(document);
        kept.set = Some(set.set.clone());
        blobs.extend([brought, NewBlob::from(set)]);
    }
    let id = site.app.keep_import(&kept, blobs).await?;
    Ok((id, kept))
}

async fn find(site: &Site, id: &str) -> Result<KeptImport, HttpError> {
    let id = id.parse().map_err(|_| HttpError::NotFound)?;
    site.app.kept_import(id).await?.ok_or(HttpError::NotFound)
}

/// `/imports/{id}`: the report, as a page or as JSON. Anyone who has the address may read it.
pub async fn report(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    Asking { query, headers }: Asking,
) -> Result<Response, HttpError> {
    let kept = find(&site, &id).await?;
    let mut answer = HeaderMap::new();
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if reading::wants_html(&headers) && reading::parameter(query.as_deref(), "f").as_deref() != Some("json") {
        if let Ok(policy) = HeaderValue::try_from(report::CONTENT_SECURITY_POLICY.as_str()) {
            answer.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        return Ok(respond::with(StatusCode::OK, "text/html; charset=utf-8", answer, kept.page));
    }
    let body = json!({ "id": id, "clean": kept.set.is_some(), "set": kept.set, "report": kept.report });
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
    let (Some(set), Some(source)) = (kept.set, kept.source) else {
        return Err(HttpError::Refused(Refusal::conflict("import-has-errors", sentence!("import-has-errors"))));
    };
    let bytes = writes::read_body(site, body).await?;
    let mut value: Value = tokio::task::block_in_place(|| serde_json::from_slice(&bytes)).map_err(|error| {
        HttpError::BadRequest(format!("the body is not JSON: line {}, column {}: {error}", error.line(), error.column()))
    })?;
    let Some(facts) = value.get_mut("facts").and_then(Value::as_object_mut) else {
        return Err(HttpError::BadRequest("the command needs “facts”".into()));
    };
    facts.insert(kept.field.clone(), json!({ "sha256": set.sha256 }));
    let Some((family, takes)) = set_of(&kept.field) else { return Err(HttpError::NotFound) };
    if matches!(takes, Takes::Zones | Takes::Outline) {
        facts.insert("crs".into(), json!(kept.plane));
    }
    crate::import::attach::add_document(&source, facts);
    let request = Request::parse(value).map_err(HttpError::Refused)?;
    if request.kind.split('.').next() != Some(family) {
        return Err(HttpError::BadRequest(format!(
            "this import is for a {family}: the command must be {family}.publish or {family}.revise"
        )));
    }
    writes::carry_out(site, actor, request).await
}
