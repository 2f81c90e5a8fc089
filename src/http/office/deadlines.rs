//! `/office/deadlines`: what the law wants by which day, and `/office`'s list of what is due.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use jiff::ToSpan;
use jiff::civil::Date;
use serde::Deserialize;

use super::{Desk, shown};
use crate::domain::Code;
use crate::domain::access::Role;
use crate::domain::city::City;
use crate::domain::deadlines::{Duty, Facts, deadline};
use crate::domain::families::{self, Item};
use crate::domain::publication::view::{Brief, Moment, Usable, View};
use crate::domain::publication::{Proposal, Status, second};
use crate::domain::unit::UnitId;
use crate::http::Site;
use crate::http::errors::HttpError;
use crate::http::reading::Asking;
use crate::http::reports::is_within;
use crate::http::respond;
use crate::read_model::image::{Entry, Image};
use crate::render::office::deadlines::{self as pages, Due, Row};

/// How far ahead the first page looks, in days.
const AHEAD: i32 = 30;

/// How long a calendar is told of a deadline that nobody needs to keep any more, in seconds.
const SETTLED_SECONDS: u32 = 366 * 86_400;

/// What a deadline is about.
#[derive(Clone, Copy)]
struct About<'a> {
    title: &'a str,
    code: Code,
    is_proposed: bool,
    /// Number of the state of it, for calendars.
    sequence: u32,
    is_settled: bool,
    /// Whether what is settled is told too.
    is_told: bool,
}

/// The roles of those who have to do with items of a family: who may change or approve them.
fn minding(family: &str) -> Vec<Role> {
    [families::roles(family), &[Role::Approver]].concat()
}

/// What deadlines need of a command that is proposed.
#[derive(Default, Deserialize)]
struct Proposed<'a> {
    #[serde(default, borrow)]
    facts: ProposedFacts<'a>,
}

#[derive(Default, Deserialize)]
struct ProposedFacts<'a> {
    #[serde(default, borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    level: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    decision: ProposedDecision<'a>,
}

#[derive(Default, Deserialize)]
struct ProposedDecision<'a> {
    #[serde(borrow)]
    signed: Option<Cow<'a, str>>,
}

/// The search for deadlines of what a person has to do with.
struct Search<'a> {
    image: &'a Image,
    city: &'a City,
    desk: &'a Desk,
    moment: &'a Moment,
    /// Whether deadlines of the last year that nobody needs to keep any more are told too, for calendars that know them.
    settled: bool,
    /// Only deadlines until that day; all without it.
    until: Option<Date>,
    rows: Vec<Row>,
}

/// True for a proposal of something that must be published in time.
fn publishes(proposal: &Proposal) -> bool {
    matches!(proposal.action.as_str(), "publish" | "revise" | "draft")
}

impl Search<'_> {
    /// Plans and consultations are the planners' and approvers'.
    fn minds(&self, units: &[UnitId]) -> bool {
        self.desk.actor.check(&[Role::Planner, Role::Approver], units, &self.city.units, self.moment.today).is_ok()
    }

    /// What was settled too long ago is told to nobody.
    fn is_told(&self, item: &Item) -> bool {
        self.settled && item.touched() > second(self.moment.now.as_microsecond()).saturating_sub(SETTLED_SECONDS)
    }

    /// What a deadline of a published item is about; none where nobody asks for it any more.
    fn about<'b>(&self, code: Code, brief: &Brief<'b>, item: &Item) -> Option<About<'b>> {
        let is_told = self.is_told(item);
        let is_settled = !matches!(brief.status, Status::InForce | Status::Upcoming);
        let about = About { title: brief.title, code, is_proposed: false, sequence: item.touched(), is_settled, is_told };
        ((!is_settled || is_told) && self.minds(brief.units)).then_some(about)
    }

    fn add(&mut self, about: &About<'_>, facts: &Facts<'_>, duties: &[Duty]) {
        let until = self.until;
        let found = duties.iter().filter_map(|duty| deadline(facts, *duty));
        for deadline in found.filter(|found| (about.is_told || !found.is_done) && until.is_none_or(|until| found.last <= until)) {
            let About { title, code, is_proposed, sequence, is_settled, .. } = *about;
            let is_settled = is_settled || deadline.is_done;
            // Opinions may be taken for longer: that day is no limit that can be missed.
            let is_over = deadline.last < self.moment.today && deadline.rule.duty != Duty::Consult;
            self.rows.push(Row { deadline, title: title.to_owned(), code, is_proposed, is_over, sequence, is_settled });
        }
    }

    /// What is proposed is to be published in time. Once it is published or discarded, nobody needs to keep that day.
    fn add_proposed(&mut self, code: Code, item: &Item, proposal: &Proposal, is_settled: bool) {
        if !publishes(proposal) || !self.minds(&proposal.units) {
            return;
        }
        let Proposed { facts } = serde_json::from_str(&proposal.body).unwrap_or_default();
        let signed = facts.decision.signed.and_then(|day| day.parse().ok());
        let asked = Facts { kind: &facts.kind, level: facts.level.as_deref(), signed, opened: None, reviewed: None };
        let sequence = item.touched();
        let about = About { title: &proposal.title, code, is_proposed: true, sequence, is_settled, is_told: is_settled };
        self.add(&about, &asked, &[Duty::Publish]);
    }

    fn proposals(&mut self) {
        for (code, item) in self.image.unsettled().filter(|(_, item)| item.family() == "plan") {
            if let Some(proposal) = item.proposal() {
                self.add_proposed(*code, item, proposal, false);
            }
        }
        if !self.settled {
            return;
        }
        // A proposal that was discarded may have left a plan that was never public.
        for (code, Entry { item, .. }) in self.image.items().filter(|(_, entry)| entry.item.family() == "plan") {
            let discarded = item.discarded().filter(|_| self.is_told(item) && !item.proposal().is_some_and(publishes));
            if let Some(proposal) = discarded {
                self.add_proposed(*code, item, proposal, true);
            }
        }
    }

    fn plans(&mut self) {
        for (code, Entry { item, .. }) in self.image.collection("plans") {
            let Item::Plan(plan) = item else { continue };
            let Some(stated) = plan.latest().map(|revision| &revision.facts) else { continue };
            let facts = Facts {
                kind: stated.kind.as_str(),
                level: stated.level.as_deref(),
                signed: Some(stated.decision.signed),
                opened: None,
                reviewed: plan.state.as_ref().map(|reviewed| reviewed.on),
            };
            let duties = [Duty::Stale, Duty::Review];
            // Most plans have nothing that is due soon.
            let is_due = |until| duties.iter().filter_map(|duty| deadline(&facts, *duty)).any(|found| found.last <= until);
            if !self.until.is_none_or(is_due) {
                continue;
            }
            let about = item.brief(self.moment.today).and_then(|brief| self.about(*code, &brief, item));
            let Some(about) = about else { continue };
            self.add(&about, &facts, &duties);
            let has_own = item.proposal().is_some_and(publishes) || item.discarded().is_some_and(publishes);
            if about.is_told && !has_own {
                self.add(&About { is_settled: true, ..about }, &facts, &[Duty::Publish]);
            }
        }
    }

    fn consultations(&mut self) {
        for (code, Entry { item, .. }) in self.image.collection("consultations") {
            let (Item::Consultation(asked), Some(brief)) = (item, item.brief(self.moment.today)) else { continue };
            let Some(about) = self.about(*code, &brief, item) else { continue };
            let Some(stated) = asked.latest().map(|revision| &revision.facts) else { continue };
            let kind = match brief.kind {
                "land-use-consultation" => "land-use-plan",
                "schedule-consultation" => "land-use-schedule",
                "urban-consultation" => "general-plan",
                _ => continue,
            };
            let facts = Facts { kind, level: stated.level.as_deref(), signed: None, opened: Some(stated.opens), reviewed: None };
            self.add(&about, &facts, &[Duty::Consult]);
        }
    }
}

/// The deadlines of what this person has to do with.
fn rows(site: &Site, desk: &Desk, settled: bool, until: Option<Date>) -> Vec<Row> {
    let (moment, city, image) = (site.moment(), site.city(), site.model.image());
    let (image, city, moment) = (&*image, &*city, &moment);
    let search = || Search { image, city, desk, moment, settled, until, rows: Vec::new() };
    let others = || {
        let mut search = search();
        search.proposals();
        search.consultations();
        search.rows
    };
    let plans = || {
        let mut search = search();
        search.plans();
        search.rows
    };
    // A city's drafts and its plans are about as many. A thread of its own waits for no import that keeps all cores' pool
    // busy, and nobody may wait long while the image cannot change.
    std::thread::scope(|scope| {
        let plans = scope.spawn(plans);
        let mut rows = others();
        rows.extend(plans.join().unwrap_or_default());
        rows
    })
}

/// What is over first, then by day. Only the first `most` are in this order; the others follow in any.
fn sort(rows: &mut [Row], most: usize) {
    let order = |a: &Row, b: &Row| (!a.is_over, a.deadline.last, &a.title).cmp(&(!b.is_over, b.deadline.last, &b.title));
    if rows.len() > most {
        rows.select_nth_unstable_by(most, order);
    }
    let shown = rows.len().min(most);
    rows[..shown].sort_by(order);
}

/// `GET /office/deadlines`, `?f=csv`, `?f=ics`
pub async fn deadlines(State(site): State<Arc<Site>>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    let (lang, city) = (asking.lang(), site.city());
    let form = asking.parameter("f");
    let is_calendar = form.as_deref() == Some("ics");
    let most = if form.is_some() { usize::MAX } else { pages::MOST };
    let gather = || {
        let mut rows = rows(&site, &desk, is_calendar, None);
        sort(&mut rows, most);
        rows
    };
    let rows = site.at_length(gather).await?;
    let file = |media, name: &'static str, body: String| {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(name));
        Ok(respond::unkept(&asking.headers, StatusCode::OK, media, headers, body))
    };
    match form.as_deref() {
        Some("csv") => file("text/csv; charset=utf-8", "attachment; filename=\"thoi-han.csv\"", pages::csv(lang, &city, &rows)),
        Some("ics") => file(
            "text/calendar; charset=utf-8",
            "attachment; filename=\"thoi-han.ics\"",
            pages::calendar(lang, &city, &rows, site.app.now()),
        ),
        _ => Ok(shown(&asking.headers, StatusCode::OK, pages::list(lang, &city, &desk.who(), &rows))),
    }
}

/// What is due for this person: deadlines, days that come, boards, reports.
pub(super) fn due(site: &Site, desk: &Desk) -> Vec<Due> {
    let (moment, city) = (site.moment(), site.city());
    let until = moment.today.saturating_add(AHEAD.days());
    let is_near = |day: Date| moment.today <= day && day <= until;
    let mut due: Vec<Due> = rows(site, desk, false, Some(until))
        .into_iter()
        .filter(|row| row.deadline.rule.duty != Duty::Consult)
        .map(|row| Due {
            day: Some(row.deadline.last),
            what: row.deadline.rule.duty.key(),
            link: row.link(),
            title: row.title,
            is_over: row.is_over,
        })
        .collect();
    let image = site.model.image();
    let mut add = |day: Option<Date>, what, view: &View| {
        let link = match what {
            "due-board" => format!("/office/boards/{}", view.code),
            "due-stale" => "/office/duty".into(),
            _ => format!("/office/items/{}", view.code),
        };
        let is_over = day.is_some_and(|day| day < moment.today);
        due.push(Due { day, what, title: view.title.clone(), link, is_over });
    };
    let turns = image.turning(moment.today.saturating_add(1.day()), until.saturating_add(1.day()));
    let turns = turns.filter(|(_, entry)| entry.item.family() != "board" && entry.item.collection() != Some("ambulances"));
    for (_, entry) in turns.chain(image.collection("ambulances")).chain(image.boards()) {
        let family = entry.item.family();
        if !desk.actor.has(|role| role.covers(families::roles(family))) || !entry.item.is_public() {
            continue;
        }
        let minds = |view: &View| desk.actor.check(&minding(family), &view.units, &city.units, moment.today).is_ok();
        let Some(view) = entry.item.view(None, &moment).filter(minds) else { continue };
        if let Some((_, day)) = view.upcoming.filter(|(_, day)| is_near(*day)) {
            add(Some(day), "due-begins", &view);
        }
        if view.status == Status::Upcoming && is_near(view.effective_from) {
            add(Some(view.effective_from), "due-begins", &view);
        }
        if let Some(day) = view.holds_to.filter(|day| is_near(*day) && view.status == Status::InForce) {
            add(Some(day), if view.opinions_until().is_some() { "due-closes" } else { "due-ends" }, &view);
        }
        if view.duty() == Some(Usable::Unknown) && view.status == Status::InForce {
            add(None, "due-stale", &view);
        }
        if let Some(board) = view.board().filter(|board| board.is_due && view.status == Status::InForce) {
            add(Some(board.due), "due-board", &view);
        }
    }
    let reports: Vec<_> =
        image.reports().values().map(|report| (report.clone(), image.view(&report.received.item, None, &moment))).collect();
    drop(image);
    let open = reports.iter().filter(|(report, view)| is_within(site, &desk.actor, report, view.as_ref())).count();
    if open > 0 && desk.actor.has(Role::reads_reports) {
        due.push(Due { day: None, what: "due-reports", title: open.to_string(), link: "/office/reports".into(), is_over: false });
    }
    let order = |a: &Due, b: &Due| (a.day.is_none(), a.day, &a.title).cmp(&(b.day.is_none(), b.day, &b.title));
    if due.len() > pages::MOST_DUE {
        due.select_nth_unstable_by(pages::MOST_DUE, order);
    }
    let shown = due.len().min(pages::MOST_DUE);
    due[..shown].sort_by(order);
    due
}
