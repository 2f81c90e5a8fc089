//! Lists of points from a file: what they would change, and carrying it out.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request as HttpRequest, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;

use super::super::{Desk, SEEN, leads_to, refused, shown};
use super::{Part, Wrong, check, kinds, known, own, table_page};
use crate::app::{ExecuteError, Request};
use crate::domain::{Code, Digest};
use crate::http::Site;
use crate::http::errors::HttpError;
use crate::http::forms::Fields;
use crate::http::reading::Asking;
use crate::import::Report;
use crate::import::attach::no_files;
use crate::import::list::{Change, Known, compare};
use crate::import::points::{KINDS, family_of};
use crate::import::report::{Finding, Severity};
use crate::render::office::points as pages;
use crate::words::text::Lang;

/// Most rows of a list that the browser takes.
const LIST: usize = 2_000;

/// What a list and its form say.
struct List {
    id: String,
    how: How,
    name: String,
    report: Report,
    changes: Vec<Change>,
    known: HashMap<Code, Known>,
    /// The lines of rows in the file, where it has lines.
    lines: HashMap<usize, u64>,
    count: usize,
    digest: String,
}

/// How a list is to be read.
struct How {
    kind: Option<&'static str>,
    crs: Option<String>,
    whole: bool,
}

impl How {
    fn of(fields: &Fields) -> Self {
        let text = |name: &str| fields.get(name).filter(|text| !text.is_empty());
        let kind = text("kind").and_then(|kind| KINDS.into_iter().find(|known| *known == kind));
        Self { kind, crs: text("crs").map(str::to_owned), whole: text("whole").is_some() }
    }

    fn query(&self) -> String {
        let encoded = |text: &str| crate::http::collections::parameters::encoded(text).collect::<String>();
        let crs = self.crs.as_deref().map_or_else(String::new, |crs| format!("&crs={}", encoded(crs)));
        format!("kind={}{crs}{}", self.kind.unwrap_or_default(), if self.whole { "&whole=1" } else { "" })
    }
}

impl List {
    /// Reads the file and compares it with what is published; every command is tried out. None where the file is not there.
    async fn read(site: &Site, desk: &Desk, id: &str, how: How) -> Result<Option<Self>, HttpError> {
        let Some(source) = site.app.kept_file(desk.actor.name(), id).await? else { return Ok(None) };
        let (mut report, rows, facts) = match site.app.read_list(&desk.actor, &source, how.kind, how.crs.as_deref()) {
            Ok(read) => read,
            Err(ExecuteError::Refused(refusal)) => {
                let mut report = Report::about(&source.name);
                report.push(Finding::new(Severity::Error, refusal.reason, refusal.said));
                (report, Vec::new(), Vec::new())
            }
            Err(error) => return Err(error.into()),
        };
        if rows.len() > LIST {
            report.add(Severity::Error, "list-long", None, sentence!("list-long", n = rows.len(), most = LIST));
        }
        let codes: Vec<Code> = KINDS.iter().flat_map(|kind| own(site, desk, kind, "", usize::MAX)).collect();
        let known: Vec<Known> = known(site, desk, &codes);
        let whole = how.whole;
        let mut list = Self {
            id: id.to_owned(),
            how,
            name: source.name.clone(),
            changes: Vec::new(),
            known: known.iter().map(|known| (known.code, known.clone())).collect(),
            lines: rows.iter().filter_map(|row| Some((row.number, row.line?))).collect(),
            count: rows.len(),
            digest: String::new(),
            report,
        };
        if !list.report.is_clean() {
            return Ok(Some(list));
        }
        list.changes = compare(&rows, &facts, &known, whole, &mut list.report);
        list.digest = Digest::of(format!("{id} {:?}", list.changes).as_bytes()).to_string();
        for change in &list.changes {
            let row = change.row().and_then(|row| rows.iter().find(|known| known.number == row));
            match site.app.try_out(&desk.actor, list.request(change, site), &no_files).await {
                Ok(_) => {}
                Err(ExecuteError::Refused(refusal)) => {
                    let mut finding = Finding::new(Severity::Error, refusal.reason, refusal.said);
                    if let Some(row) = row {
                        finding = finding.of(row.number, row.line);
                    }
                    list.report.push(finding);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Some(list))
    }

    /// The command that a change becomes. Sent again, it acts once.
    fn request(&self, change: &Change, site: &Site) -> Request {
        let today = site.moment().today;
        let (action, code, name, body) = match change {
            Change::Add { row, facts } => ("publish", None, row.to_string(), json!({ "facts": facts })),
            Change::Revise { code, facts, .. } => {
                ("revise", Some(*code), code.to_string(), json!({ "effective_from": today, "facts": facts }))
            }
            Change::End { code, .. } => {
                let reason = sentence!("list-ends", name = self.name).text(Lang::Vi);
                ("expire", Some(*code), code.to_string(), json!({ "effective_to": today, "reason": reason }))
            }
        };
        let id = format!("office-list-{}-{name}", &self.digest[..32]);
        let facts = match change {
            Change::Add { facts, .. } | Change::Revise { facts, .. } => Some(facts),
            Change::End { code, .. } => self.known.get(code).map(|known| &known.facts),
        };
        let family = family_of(facts.and_then(|facts| facts["kind"].as_str()).unwrap_or_default());
        Request { id, kind: format!("{family}.{action}"), code, body, blobs: Vec::new(), with: Vec::new() }
    }
}

fn list_page(site: &Site, desk: &Desk, headers: &HeaderMap, lang: Lang, list: &List, wrong: Option<&str>) -> Response {
    let title = |code: &Code| list.known.get(code).and_then(|known| known.facts["title"].as_str()).unwrap_or_default().to_owned();
    let page = pages::List {
        id: &list.id,
        kind: list.how.kind,
        kinds: &kinds(desk),
        crs: list.how.crs.as_deref().unwrap_or_default(),
        whole: list.how.whole,
        name: &list.name,
        report: &list.report,
        changes: &list.changes,
        same: list.count.saturating_sub(list.changes.iter().filter(|change| !matches!(change, Change::End { .. })).count()),
        digest: &list.digest,
        title: &title,
        line: &|row| list.lines.get(&row).copied(),
    };
    let status = if wrong.is_some() || !list.report.is_clean() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    shown(headers, status, pages::list(lang, &site.city(), &desk.who(), &page, wrong))
}

/// `POST /office/points/lists`: takes a list; what it would change has an address of its own, for this person.
pub async fn send_list(State(site): State<Arc<Site>>, desk: Desk, asking: Asking, request: HttpRequest) -> Result<Response, HttpError> {
    check(&desk)?;
    let _place = site.write_places.acquire().await.map_err(|error| HttpError::Internal(error.to_string()))?;
    let form = desk.files(request, site.limits.import_bytes).await?;
    let lang = Lang::choose(form.get("lang").or(asking.parameter("lang").as_deref()), None);
    let part = Part::of(&desk, &Fields::default());
    let Some(source) = form.file("file") else {
        let wrong = Wrong { said: vec![sentence!("file-not-chosen").text(lang).clone()], ..Wrong::default() };
        return Ok(table_page(&site, &desk, &asking.headers, lang, &part, &wrong, None));
    };
    let id = site.app.keep_file(desk.actor.name(), source).await?;
    let mut fields = Fields::default();
    for name in ["kind", "crs", "whole"] {
        fields = fields.with(name, form.get(name).unwrap_or_default().to_owned());
    }
    Ok(leads_to(&format!("/office/points/lists/{id}?{}", How::of(&fields).query()), lang))
}

/// `GET /office/points/lists/{id}`: what a list would change.
pub async fn list(State(site): State<Arc<Site>>, Path(id): Path<String>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    check(&desk)?;
    let fields = Fields::parse(asking.query.as_deref().unwrap_or_default());
    let list = List::read(&site, &desk, &id, How::of(&fields)).await?.ok_or(HttpError::NotFound)?;
    Ok(list_page(&site, &desk, &asking.headers, asking.lang(), &list, None))
}

/// `POST /office/points/lists/{id}`: carries out what was shown. Where something has changed since, it is shown anew.
pub async fn carry_out_list(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    desk: Desk,
    asking: Asking,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, HttpError> {
    check(&desk)?;
    let fields = desk.fields(&headers, body).await?;
    let lang = fields.lang(&asking.headers);
    let list = List::read(&site, &desk, &id, How::of(&fields)).await?.ok_or(HttpError::NotFound)?;
    if !list.report.is_clean() || fields.get("digest") != Some(&list.digest) {
        let said = sentence!("list-changed").text(lang);
        return Ok(list_page(&site, &desk, &headers, lang, &list, Some(&said)));
    }
    let kind = list.how.kind.unwrap_or(KINDS[0]);
    // In a task of its own, so that all of it is done even if the browser hangs up.
    let (of_task, actor) = (Arc::clone(&site), desk.actor.clone());
    let task = tokio::spawn(async move {
        let (mut done, mut position, mut waits) = (0_usize, 0, false);
        for change in &list.changes {
            let outcome = of_task.app.execute(&actor, list.request(change, &of_task), &no_files).await?;
            (done, position, waits) = (done + 1, position.max(outcome.position), waits || outcome.waits());
        }
        tracing::info!(target: "audit", actor = actor.name(), list = list.name, done, "list carried out");
        Ok::<_, ExecuteError>((done, position, waits))
    });
    match task.await.map_err(|error| HttpError::Internal(error.to_string()))? {
        Ok((done, position, waits)) => {
            site.model.wait_for(position, SEEN).await;
            Ok(leads_to(&if waits { String::from("/office/proposals") } else { format!("/office/points?kind={kind}&done={done}") }, lang))
        }
        // What was done stays done; the page shows what is left.
        Err(error) => {
            let said = refused(error, lang)?;
            let list = List::read(&site, &desk, &id, How::of(&fields)).await?.ok_or(HttpError::NotFound)?;
            Ok(list_page(&site, &desk, &headers, lang, &list, Some(&said)))
        }
    }
}
