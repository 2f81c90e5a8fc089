//! `/office/desk`: questions that wait for an answer, and the answers.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::{Desk, SEEN, leads_to, refused, shown};
use crate::app::ExecuteError;
use crate::domain::Refusal;
use crate::domain::access::Role;
use crate::domain::question::QuestionId;
use crate::http::Site;
use crate::http::errors::HttpError;
use crate::http::forms::Fields;
use crate::http::reading::Asking;
use crate::read_model::questions::OpenQuestion;
use crate::render::office::desk as pages;
use crate::vault::QuestionText;
use crate::words::fold::typed;
use crate::words::text::Lang;

/// Most answered questions that are shown.
const DONE: usize = 50;

/// Refuses whoever answers no questions.
fn check(desk: &Desk) -> Result<(), HttpError> {
    if desk.actor.has(|role| matches!(role, Role::Clerk | Role::Planner | Role::Editor)) {
        return Ok(());
    }
    Err(HttpError::Refused(Refusal::forbidden("forbidden-desk", sentence!("forbidden-desk"))))
}

/// How many questions wait that the person may answer.
pub fn waiting(site: &Site, desk: &Desk) -> usize {
    if check(desk).is_err() {
        return 0;
    }
    let image = site.model.image();
    let own = |known: &&OpenQuestion| known.answered.is_none() && site.app.check_desk(&desk.actor, known.asked.unit.as_ref()).is_ok();
    image.questions.readable().filter(own).count()
}

/// `GET /office/desk`: what waits, the latest due first, and what was answered.
pub async fn list(State(site): State<Arc<Site>>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    check(&desk)?;
    let moment = site.moment();
    let (all, median) = {
        let image = site.model.image();
        (image.questions.readable().cloned().collect::<Vec<OpenQuestion>>(), image.questions.median_hours(moment.now))
    };
    let own = all.into_iter().filter(|known| site.app.check_desk(&desk.actor, known.asked.unit.as_ref()).is_ok());
    let (mut done, mut waiting): (Vec<_>, Vec<_>) = own.partition(|known| known.answered.is_some());
    waiting.sort_by_key(|known| (known.asked.due, known.at));
    done.sort_by_key(|known| std::cmp::Reverse(known.answered));
    done.truncate(DONE);
    Ok(shown(&asking.headers, StatusCode::OK, pages::list(asking.lang(), &site.city(), &desk.who(), &moment, &waiting, &done, median)))
}

/// A question that the person answers, with its words.
async fn find(site: &Site, desk: &Desk, id: &str) -> Result<(OpenQuestion, Option<QuestionText>), HttpError> {
    check(desk)?;
    let known = site.model.image().questions.get(&QuestionId(id.to_owned())).cloned().ok_or(HttpError::NotFound)?;
    site.app.check_desk(&desk.actor, known.asked.unit.as_ref()).map_err(HttpError::Refused)?;
    let words = site.app.question_text(&known.asked.subject).await?;
    Ok((known, words))
}

fn page(
    site: &Site,
    desk: &Desk,
    headers: &HeaderMap,
    lang: Lang,
    found: &(OpenQuestion, Option<QuestionText>),
    said: (&Fields, Option<&str>),
) -> Response {
    let (fields, wrong) = said;
    let filled = |name: &str| fields.untrimmed(name).unwrap_or_default().to_owned();
    let question = pages::Question { known: &found.0, words: found.1.as_ref(), filled: &filled };
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    shown(headers, status, pages::question(lang, &site.city(), &desk.who(), &site.moment(), &question, wrong))
}

/// `GET /office/desk/{id}`
pub async fn question(State(site): State<Arc<Site>>, Path(id): Path<String>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    let found = find(&site, &desk, &id).await?;
    let authority = site.city().name_vi.clone();
    let answer = found.1.as_ref().and_then(|words| words.answer.clone()).unwrap_or_default();
    let fields = Fields::default().with("answer", answer).with("authority", authority);
    Ok(page(&site, &desk, &asking.headers, asking.lang(), &found, (&fields, None)))
}

/// The entry for everybody, from the form.
fn entry(found: &OpenQuestion, fields: &Fields) -> Value {
    let text = |name: &str| typed(fields.get(name).unwrap_or_default());
    let basis: Vec<Value> = fields
        .untrimmed("basis")
        .unwrap_or_default()
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| match line.split_once('|') {
            Some((law, article)) => json!({ "law": typed(law), "article": typed(article) }),
            None => json!({ "law": typed(line) }),
        })
        .collect();
    let units: Vec<_> = found.asked.unit.iter().collect();
    let mut facts = json!({
        "kind": found.asked.procedure, "title": text("title"), "answer": text("general"), "basis": basis, "as_of": text("as_of"),
        "authority": text("authority"),
    });
    if !units.is_empty() {
        facts["units"] = json!(units);
    }
    facts
}

/// `POST /office/desk/{id}`: answers, and publishes what everybody may read.
pub async fn answer(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    desk: Desk,
    asking: Asking,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, HttpError> {
    let fields = desk.fields(&headers, body).await?;
    let found = find(&site, &desk, &id).await?;
    let lang = fields.lang(&asking.headers);
    let facts = fields.get("publish").filter(|ticked| !ticked.is_empty()).map(|_| entry(&found.0, &fields));
    let answer = fields.get("answer").unwrap_or_default().to_owned();
    let (of_task, actor, question) = (Arc::clone(&site), desk.actor.clone(), found.0.asked.question.clone());
    let erases = fields.get("do") == Some("erase");
    // In a task of its own, so that all of it is done even if the browser hangs up.
    let task = tokio::spawn(async move {
        let made = if erases {
            of_task.app.discard_question(&actor, &question).await.map(|()| None)?
        } else {
            of_task.app.answer_question(&actor, &question, &answer, facts).await?
        };
        Ok::<_, ExecuteError>((made, of_task.app.log().head().await?.position))
    });
    match task.await.map_err(|error| HttpError::Internal(error.to_string()))? {
        Ok((made, position)) => {
            site.model.wait_for(position, SEEN).await;
            let waits = made.is_some_and(|outcome| outcome.waits());
            Ok(leads_to(if waits { "/office/proposals" } else { "/office/desk" }, lang))
        }
        Err(error) => Ok(page(&site, &desk, &headers, lang, &found, (&fields, Some(&refused(error, lang)?)))),
    }
}
