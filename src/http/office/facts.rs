//! What a plan states: the form beside a planner's file, kept at every step, previewed, then proposed or published.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, Request as HttpRequest, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::plans::own;
use super::{Desk, carried_out, hour, leads_to, preview, refused, with_script};
use crate::app::imports::{KeptForm, KeptImport};
use crate::app::{ExecuteError, Request};
use crate::domain::access::AccountId;
use crate::domain::publication::ProposalState;
use crate::domain::publication::view::moment_of;
use crate::domain::{Code, Digest, Refusal};
use crate::http::Site;
use crate::http::errors::HttpError;
use crate::http::imports::complete;
use crate::http::items::hand_over;
use crate::http::reading::Asking;
use crate::http::uploaded::Form;
use crate::import::source::Source;
use crate::render::office::WANTED;
use crate::render::office::plans::{self as pages, Said};
use crate::words::text::Lang;

/// What every form carries, and the buttons.
const OF_FORMS: [&str; 5] = ["token", "lang", "do", "drop", "version"];

/// What the form beside an import is filled with: what was kept of it, else what was stated with the file, else what the
/// plan's last revision says.
struct Draft {
    form: KeptForm,
    with_file: Vec<(String, String)>,
    last: Value,
}

impl Draft {
    async fn of(site: &Site, id: &str, kept: &KeptImport) -> Result<Self, HttpError> {
        let form = site.app.kept_form(id).await?;
        let with_file = kept.form.clone();
        let revised = with_file.iter().find(|(name, _)| name == "revises").and_then(|(_, code)| code.parse::<Code>().ok());
        let last = revised.and_then(|code| site.model.image().entry(&code)?.item.latest_facts()).unwrap_or_default();
        Ok(Self { form, with_file, last })
    }

    fn filled(&self, name: &str) -> String {
        let find = |fields: &[(String, String)]| fields.iter().find(|(known, _)| known == name).map(|(_, text)| text.clone());
        if !self.form.fields.is_empty() {
            return find(&self.form.fields).unwrap_or_default();
        }
        let pointer = match name {
            "title" | "summary" | "scale" | "level" | "kind" | "vision" | "information_code" => format!("/{name}"),
            "authority" | "signatory" => format!("/decision/{name}"),
            "period_from" | "period_to" => format!("/{}", name.replace('_', "/")),
            _ => String::new(),
        };
        let before = || match self.last.pointer(&pointer).filter(|_| !pointer.is_empty()) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        find(&self.with_file).filter(|text| !text.is_empty()).unwrap_or_else(before)
    }

    fn units(&self) -> Vec<String> {
        if self.form.fields.is_empty() {
            return self.last["units"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        }
        self.form.fields.iter().filter(|(name, _)| name == "unit").map(|(_, id)| id.clone()).collect()
    }
}

async fn facts_page(site: &Site, desk: &Desk, lang: Lang, id: &str, kept: &KeptImport, said: Said<'_>) -> Result<String, HttpError> {
    let mut draft = Draft::of(site, id, kept).await?;
    if let Said::Meanwhile { merged, .. } = said {
        draft.form.fields = merged.to_vec();
    }
    let filled = |name: &str| draft.filled(name);
    let others = if kept.actor == desk.actor.name() { None } else { Some(site.app.profile(&AccountId(kept.actor.clone())).await?.name) };
    let sent = match site.app.sent_as(id).await? {
        Some(code) => Some((code, returned(site, &code).await?)),
        None => None,
    };
    let read = pages::Read { id, kept, files: &draft.form.files, version: &draft.form.version, others: others.as_deref(), sent };
    Ok(pages::facts(lang, &site.city(), &desk.who(), &site.moment(), &read, &filled, &draft.units(), said))
}

/// Who returned what is proposed of an item, by name, and why.
async fn returned(site: &Site, code: &Code) -> Result<Option<(String, String)>, HttpError> {
    let found = {
        let image = site.model.image();
        let proposal = image.entry(code).and_then(|entry| entry.item.proposal()).filter(|known| known.state == ProposalState::Returned);
        proposal.and_then(|known| known.returned.clone())
    };
    match found {
        Some((by, comment)) => Ok(Some((site.app.profile(&by).await?.name, comment))),
        None => Ok(None),
    }
}

/// `GET /office/imports/{id}`: what was found, and the form of what the plan states, filled from its last revision.
pub async fn import(State(site): State<Arc<Site>>, Path(id): Path<String>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    let kept = own(&site, &desk, &id).await?;
    let said = if asking.parameter("kept").is_some() { Said::Kept } else { Said::Nothing };
    let page = facts_page(&site, &desk, asking.lang(), &id, &kept, said).await?;
    Ok(with_script(&asking.headers, StatusCode::OK, page))
}

/// What the form states, as the facts of a plan. Wrong numbers and days are left to the rules, which say what is wrong.
fn facts_of(form: &Form) -> Map<String, Value> {
    let mut facts = Map::new();
    let text = |name: &str| form.get(name).map(|text| json!(text));
    let number = |name: &str| form.get(name).map(|text| text.parse::<i16>().map_or_else(|_| json!(text), |number| json!(number)));
    facts.extend(number("vision").map(|value| ("vision".to_owned(), value)));
    for name in ["kind", "title", "summary", "scale", "level", "adjustment", "information_code"] {
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

/// Keeps what the form says, and the files that it brings, so that nothing of it is lost whatever comes of it. Where
/// somebody else has changed it since the person saw it, gives that instead; their files are kept where the place is free.
async fn keep(site: &Site, desk: &Desk, id: &str, kept: &KeptImport, form: &Form) -> Result<Result<KeptForm, KeptForm>, HttpError> {
    let owner = kept.actor.as_str();
    let known = site.app.kept_form(id).await?;
    // What the person changed themselves, and the same form that was sent before, is no change of somebody else's.
    let seen = form.get("version").unwrap_or_default();
    let since = known.edits.iter().position(|edit| edit.version == seen).map(|first| &known.edits[first..]);
    let is_own = since.is_some_and(|edits| edits.iter().all(|edit| edit.by == desk.account));
    let is_late = seen != known.version && !is_own && typed(form) != known.fields;
    let mut files = known.files.clone();
    let dropped: Vec<&str> = form.all("drop").collect();
    if !is_late {
        files.retain(|(field, ..)| !dropped.contains(&field.as_str()) && form.file(field).is_none());
    }
    for (field, source) in form.files() {
        if files.iter().all(|(known, ..)| known != field) {
            let file = site.app.keep_file(owner, source).await?;
            files.push((field.clone(), file, source.name.clone()));
        }
    }
    let fields = if is_late { known.fields.clone() } else { typed(form) };
    let changed = KeptForm { files, ..site.app.edited(known.clone(), fields, &desk.account) };
    if is_late {
        if changed.files != known.files {
            site.app.keep_form(id, kept, &changed).await?;
        }
    } else if site.app.keep_form(id, kept, &changed).await? {
        if kept.actor != desk.actor.name() {
            site.app.share_import(id, desk.actor.name()).await?;
        }
        return Ok(Ok(changed));
    }
    let theirs = site.app.kept_form(id).await?;
    // The same form, pressed twice at once, is no change of somebody else's.
    Ok(if theirs.fields == typed(form) { Ok(theirs) } else { Err(theirs) })
}

/// What the form says of the plan.
fn typed(form: &Form) -> Vec<(String, String)> {
    form.fields().iter().filter(|(name, _)| !OF_FORMS.contains(&name.as_str())).cloned().collect()
}

/// The command that an import and its form make.
async fn command(site: &Site, desk: &Desk, id: &str, kept: &KeptImport, form: &Form, said: &KeptForm) -> Result<Command, HttpError> {
    let Some(set) = kept.set.clone() else {
        return Err(HttpError::Refused(Refusal::conflict("import-has-errors", sentence!("import-has-errors"))));
    };
    let (source, blobs) = site.app.import_blobs(id, kept).await?;
    let mut facts = facts_of(form);
    complete(&mut facts, kept, &set, &source);
    let mut files = HashMap::new();
    for (role, _, name) in WANTED {
        let Some((_, file, title)) = said.files.iter().find(|(field, ..)| field == name) else { continue };
        let gone = || HttpError::Refused(Refusal::conflict("kept-no-more", sentence!("kept-no-more")));
        files.insert(name.to_owned(), site.app.kept_file(&kept.actor, file).await?.ok_or_else(gone)?);
        let document = json!({ "role": role, "title": title, "file": name });
        facts.entry("documents").or_insert_with(|| json!([])).as_array_mut().into_iter().for_each(|list| list.push(document.clone()));
    }
    let code = form.get("revises").map(str::parse::<Code>).transpose().map_err(HttpError::WrongCode)?;
    let mut body = json!({ "facts": facts });
    for name in ["effective_from", "effective_to"] {
        if let Some(day) = form.get(name) {
            body[name] = json!(day);
        }
    }
    let kind = if code.is_some() { "plan.revise" } else { "plan.publish" };
    // What was proposed before keeps its code: what comes now takes its place.
    let code = match code {
        None => site.app.sent_as(id).await?,
        code => code,
    };
    // What came back is proposed anew, even as it was.
    let came_back = code.and_then(|code| {
        let image = site.model.image();
        let proposal = image.entry(&code)?.item.proposal()?;
        let is_back = matches!(proposal.state, ProposalState::Returned | ProposalState::Overtaken | ProposalState::Halted);
        is_back.then(|| proposal.digest().to_string())
    });
    // The same form, sent twice, acts once; a form that was changed acts anew.
    let content = serde_json::to_vec(&(&said.fields, &said.files, came_back)).map_err(|error| HttpError::Internal(error.to_string()))?;
    let command_id = format!("office-{id}-{}", &Digest::of(&content).to_string()[..16]);
    // Whoever sent the file or changed the draft is an author of what is proposed.
    let hands = said.editors.iter().map(|editor| editor.0.as_str()).chain([kept.actor.as_str()]);
    let others = hands.filter(|actor| *actor != desk.actor.name());
    let with = {
        let image = site.model.image();
        others.map(|actor| image.author(actor)).collect()
    };
    let request = Request { id: command_id, kind: kind.into(), code, body, blobs, with };
    let at = hour(site, form.get("at")).map_err(HttpError::Refused)?;
    Ok((at.map_or(request.clone(), |at| request.at(at)), files))
}

/// A command, and the files that it names.
type Command = (Request, HashMap<String, Source>);

/// `POST /office/imports/{id}`: keeps the form; then proposes the plan, or publishes it where no second person is needed.
/// The draft can be dropped here too.
pub async fn send_facts(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    desk: Desk,
    asking: Asking,
    request: HttpRequest,
) -> Result<Response, HttpError> {
    let kept = own(&site, &desk, &id).await?;
    let _place = site.write_places.acquire().await.map_err(|error| HttpError::Internal(error.to_string()))?;
    let form = desk.files(request, site.limits.import_bytes).await?;
    let lang = Lang::choose(form.get("lang").or(asking.parameter("lang").as_deref()), None);
    if form.get("do") == Some("drop") {
        // Only its sender drops a draft.
        if kept.actor != desk.actor.name() {
            return Err(HttpError::NotFound);
        }
        site.app.drop_import(&id).await?;
        tracing::info!(target: "audit", account = %desk.account, import = %id, "draft dropped");
        return Ok(leads_to("/office", lang));
    }
    let said = match keep(&site, &desk, &id, &kept, &form).await? {
        Ok(said) => said,
        Err(theirs) => {
            let (merged, meanwhile) = theirs.merged(form.get("version").unwrap_or_default(), &typed(&form));
            let (by, at) = theirs.edits.last().map_or((AccountId(String::new()), 0), |edit| (edit.by.clone(), edit.at));
            let by = site.app.profile(&by).await?.name;
            let said = Said::Meanwhile { merged: &merged, meanwhile: &meanwhile, by: &by, at: moment_of(at) };
            let page = facts_page(&site, &desk, lang, &id, &kept, said).await?;
            return Ok(with_script(&asking.headers, StatusCode::CONFLICT, page));
        }
    };
    if form.get("do") == Some("keep") {
        return Ok(leads_to(&format!("/office/imports/{id}?kept=1"), lang));
    }
    if let Some(what) = form.get("do").and_then(|known| known.strip_prefix("preview-")) {
        let shown_as = match command(&site, &desk, &id, &kept, &form, &said).await {
            Ok(command) => preview::preview(&site, &desk, lang, &id, kept.set.as_ref(), command, what).await,
            Err(error) => Err(error),
        };
        return match shown_as {
            Err(HttpError::Refused(refusal)) => {
                let wrong = refusal.said.text(lang);
                let page = facts_page(&site, &desk, lang, &id, &kept, Said::Wrong(&wrong)).await?;
                Ok(with_script(&asking.headers, StatusCode::UNPROCESSABLE_ENTITY, page))
            }
            answer => answer,
        };
    }
    let made = match command(&site, &desk, &id, &kept, &form, &said).await {
        Ok((request, files)) => carried_out(&site, &desk, request, files).await,
        Err(HttpError::Refused(refusal)) => Err(refusal.into()),
        Err(error) => return Err(error),
    };
    // The same form, pressed twice at once: the other press has given the plan its code meanwhile.
    if let Err(ExecuteError::Refused(refusal)) = &made
        && refusal.reason == "command-id-reused"
        && let Some(code) = site.app.sent_as(&id).await?
    {
        return Ok(leads_to(&format!("/office/proposals/{code}"), lang));
    }
    match made {
        Ok(outcome) => {
            site.model.wait_for(outcome.position, super::SEEN).await;
            let Some(code) = outcome.code else { return Err(HttpError::Internal("the command made no item".into())) };
            site.app.import_was_sent(&id, code).await?;
            Ok(leads_to(
                &if outcome.state.is_some() { format!("/office/proposals/{code}") } else { format!("/office/items/{code}?done=1") },
                lang,
            ))
        }
        Err(error) => {
            let wrong = refused(error, lang)?;
            let page = facts_page(&site, &desk, lang, &id, &kept, Said::Wrong(&wrong)).await?;
            Ok(with_script(&asking.headers, StatusCode::UNPROCESSABLE_ENTITY, page))
        }
    }
}

/// `GET /office/imports/{id}/documents/{sha256}`: a file that goes with a draft, or the one that it was made of.
pub async fn kept_document(
    State(site): State<Arc<Site>>,
    Path((id, digest)): Path<(String, String)>,
    desk: Desk,
) -> Result<Response, HttpError> {
    let kept = own(&site, &desk, &id).await?;
    let digest: Digest = digest.parse().map_err(|_| HttpError::NotFound)?;
    let form = site.app.kept_form(&id).await?;
    for file in form.files.iter().map(|(_, file, _)| file).chain([&kept.file]) {
        let Some(source) = site.app.kept_file(&kept.actor, file).await? else { continue };
        let whole = || Ok(if source.digest()? == digest { Some(source.read(source.bytes)?) } else { None });
        let whole = tokio::task::block_in_place(whole).map_err(|error| HttpError::spooling(&error))?;
        if let Some(bytes) = whole {
            return Ok(hand_over(&source.name, bytes));
        }
    }
    Err(HttpError::NotFound)
}
