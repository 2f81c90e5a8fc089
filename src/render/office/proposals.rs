//! What is in preparation, or waits for a second person.

use jiff::civil::Date;
use maud::{Markup, html};
use serde_json::Value;

use super::hanging::becomes_wrong;
use super::{Who, frame, lacking, wrong_box};
use crate::domain::Code;
use crate::domain::city::City;
use crate::domain::publication::view::{Moment, View, moment_of};
use crate::domain::publication::{Alone, Proposal, ProposalState};
use crate::render::page::{Before, Item};
use crate::words::format;
use crate::words::text::{Lang, text};

/// A proposal as lists show it.
pub struct Listed {
    /// The item.
    pub code: Code,
    /// True when the person may approve it.
    pub waits_for_me: bool,
    /// True when the person had a hand in it.
    pub is_own: bool,
    /// Names of its authors.
    pub authors: Vec<String>,
    /// The proposal.
    pub proposal: Proposal,
}

/// Something that was published alone and waits for a second look.
pub struct Unseconded {
    /// The item.
    pub code: Code,
    /// Its title.
    pub title: String,
    /// Which one of the item.
    pub number: u32,
    /// What is known of it.
    pub alone: Alone,
}

/// What was published alone, each with the button of the second person.
pub(super) fn unseconded(lang: Lang, who: &Who<'_>, moment: &Moment, list: &[Unseconded]) -> Markup {
    let t = |key| text(lang, key);
    html! {
        ul.list {
            @for waiting in list {
                li {
                    a href={ "/q/" (waiting.code) (lang.query()) } { (waiting.title) }
                    br;
                    span.note { (waiting.alone.reason) " · " (t("office-alone-due")) " " (format::moment(lang, &moment.zone, waiting.alone.due())) }
                    form action={ "/office/seconds/" (waiting.code) } method="post" {
                        input type="hidden" name="number" value=(waiting.number);
                        (who.hidden(lang))
                        button { (t("office-second")) }
                    }
                }
            }
        }
    }
}

/// What a person may do with a proposal, beside approving it.
#[derive(Clone, Copy)]
pub struct May {
    /// Return it.
    pub give_back: bool,
    /// Do it alone in an emergency.
    pub publish_alone: bool,
    /// Discard it: its authors, and others who plan for its units.
    pub discard: bool,
}

/// A proposal as its page shows it.
pub struct Shown<'a> {
    /// The proposal.
    pub listed: &'a Listed,
    /// Names of those who have approved it.
    pub approvals: &'a [String],
    /// What the person may do with it.
    pub may: May,
    /// True while the report on its file is kept.
    pub has_report: bool,
    /// Who returned it, and why.
    pub returned: Option<&'a (String, String)>,
    /// Why the rules would refuse it now.
    pub refusal: Option<&'a str>,
    /// The person's own draft that it was made of, while it is kept.
    pub import: Option<&'a str>,
    /// The boards for which the item was printed.
    pub boards: &'a [View],
    /// The item as it would be, and as it is.
    pub draft: Option<(Item<'a>, Option<Before<'a>>)>,
}

/// What the proposed command does, in words.
fn action<'k>(lang: Lang, proposal: &Proposal) -> &'k str {
    let key = match proposal.action.as_str() {
        "publish" => "propose-publish",
        "revise" => "propose-revise",
        "correct" => "propose-correct",
        "cancel-revision" => "propose-cancel",
        "expire" => "propose-expire",
        "supersede" => "propose-supersede",
        "withdraw" => "propose-withdraw",
        "review" => "office-review",
        _ => "propose-change",
    };
    text(lang, key)
}

fn authors(lang: Lang, listed: &Listed) -> String {
    let unnamed = listed.proposal.unnamed.then(|| text(lang, "proposal-unnamed").to_owned());
    listed.authors.iter().cloned().chain(unnamed).collect::<Vec<_>>().join(", ")
}

fn state(lang: Lang, proposal: &Proposal) -> &'static str {
    match proposal.state {
        ProposalState::Draft => text(lang, "proposal-draft"),
        ProposalState::Submitted => text(lang, "proposal-submitted"),
        ProposalState::Scheduled => text(lang, "proposal-scheduled"),
        ProposalState::Halted => text(lang, "proposal-halted"),
        ProposalState::Returned => text(lang, "proposal-returned"),
        ProposalState::Overtaken => text(lang, "proposal-overtaken"),
    }
}

/// Proposals, each with a link to its page.
pub(super) fn entries(lang: Lang, moment: &Moment, list: &[&Listed]) -> Markup {
    let t = |key| text(lang, key);
    html! {
        ul.list {
            @for listed in list {
                li {
                    a href={ "/office/proposals/" (listed.code) (lang.query()) } { (listed.proposal.title) }
                    " " span.tag { (state(lang, &listed.proposal)) }
                    br;
                    span.note {
                        (action(lang, &listed.proposal)) " · " (authors(lang, listed)) " · "
                        (format::moment(lang, &moment.zone, moment_of(listed.proposal.at)))
                        @if let Some(due) = listed.proposal.due { " · " (t("proposal-due")) " " b { (format::moment(lang, &moment.zone, due)) } }
                    }
                }
            }
        }
    }
}

/// All that the person may see.
pub fn list(lang: Lang, city: &City, who: &Who<'_>, moment: &Moment, all: &[Listed]) -> String {
    let t = |key| text(lang, key);
    let (mine, others): (Vec<&Listed>, Vec<&Listed>) = all.iter().partition(|listed| listed.waits_for_me);
    let content = html! {
        h2 { (t("office-waits")) }
        @if mine.is_empty() { p { (t("office-nothing-waits")) } } @else { (entries(lang, moment, &mine)) }
        @if !others.is_empty() {
            h2 { (t("office-in-work")) }
            (entries(lang, moment, &others))
        }
    };
    frame(lang, city, who, t("office-proposals"), "/office/proposals", content)
}

/// Fields of commands beside the facts, with the keys of their labels.
const ASKED: [(&str, &str); 14] = [
    ("revision", "revision"),
    ("effective_to", "office-last-day"),
    ("by", "office-by-code"),
    ("from", "office-from-day"),
    ("to", "office-to-day"),
    ("replaced_by", "office-instead-code"),
    ("on", "office-review-day"),
    ("conclusion", "review-conclusion"),
    ("as_of", "answers-as-of"),
    ("received", "office-received"),
    ("accepted", "office-accepted"),
    ("summary", "answers"),
    ("at", "office-at"),
    ("reason", "office-reason"),
];

/// Which prints become wrong by what is proposed.
fn prints(lang: Lang, proposal: &Proposal, view: &View, boards: &[View]) -> Markup {
    let body: Value = serde_json::from_str(&proposal.body).unwrap_or_default();
    let named = body["revision"].as_u64();
    let is_of_one = matches!(proposal.action.as_str(), "correct" | "cancel-revision");
    let meant = |revision: u32| !is_of_one || named == Some(revision.into());
    html! {
        @if is_of_one || matches!(proposal.action.as_str(), "revise" | "expire" | "supersede" | "withdraw") {
            p { (becomes_wrong(lang, view, boards, meant)) }
        }
    }
}

/// What the proposed command says beside the facts: which revision, until when, why.
fn asked(lang: Lang, proposal: &Proposal) -> Markup {
    let body: Value = serde_json::from_str(&proposal.body).unwrap_or_default();
    let written = |value: &Value| match value {
        Value::String(text) => text.parse::<Date>().map_or_else(|_| text.clone(), format::date),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    };
    let stated = ASKED.iter().map(|(name, key)| (key, written(&body[*name]))).filter(|(_, text)| !text.is_empty());
    let stated: Vec<_> = stated.collect();
    html! {
        @if !stated.is_empty() { dl { @for (key, text_of) in stated { dt { (text(lang, key)) } dd { (text_of) } } } }
    }
}

/// One proposal: what it would change, and what the person can do with it.
pub fn one(lang: Lang, city: &City, who: &Who<'_>, moment: &Moment, shown: &Shown<'_>, wrong: Option<&str>) -> String {
    let t = |key| text(lang, key);
    let Listed { code, proposal, .. } = shown.listed;
    let path = format!("/office/proposals/{code}");
    let content = html! {
        (wrong_box(wrong))
        p { b { (action(lang, proposal)) } " " span.tag { (state(lang, proposal)) } }
        dl {
            dt { (t("proposal-authors")) } dd { (authors(lang, shown.listed)) }
            dt { (t("proposal-at")) } dd { (format::moment(lang, &moment.zone, moment_of(proposal.at))) }
            @if let Some(due) = proposal.due {
                dt { (t("proposal-due")) } dd { b { (format::moment(lang, &moment.zone, due)) } }
            }
            @if !shown.approvals.is_empty() {
                dt { (t("proposal-approved-by")) } dd { (shown.approvals.join(", ")) " (" (shown.approvals.len()) "/" (proposal.needed()) ")" }
            }
        }
        @if let Some((by, comment)) = shown.returned {
            div.status.wait { b { (t("proposal-returned-by")) " " (by) } p { (comment) } }
        }
        @if let Some((vi, en)) = &proposal.halted {
            div.status.bad { b { (t("proposal-halted-why")) } p { (lang.pick(vi, en)) } }
        }
        @if proposal.state == ProposalState::Scheduled { p.rule { (t("proposal-scheduled-help")) } }
        (asked(lang, proposal))
        @if let Some((_, Some(before))) = &shown.draft { (prints(lang, proposal, before.view, shown.boards)) }
        @if let Some(refusal) = shown.refusal { div.status.bad { b { (t("proposal-would-fail")) } p { (refusal) } } }
        @if let Some((draft, before)) = &shown.draft {
            p {
                a href={ (path) "/preview" (lang.query()) } { (t("proposal-preview")) } " · "
                a href={ (path) "/poster.pdf" (lang.query()) } { (t("proposal-poster")) " A4" } ", "
                a href={ (path) "/poster.pdf?size=a3" (lang.and()) } { "A3" }
                @if draft.view.features.is_some() { ", " a href={ (path) "/poster.pdf?size=a1" (lang.and()) } { "A1" } }
                @if draft.view.features.is_some() { " · " a href={ (path) "/map" (lang.query()) } { (t("office-map")) } }
                @if shown.has_report { " · " a href={ (path) "/report" } { (t("proposal-report")) } }
            }
            @if draft.view.family == "plan" && matches!(proposal.action.as_str(), "publish" | "revise" | "correct") {
                (lacking(lang, |role, _| draft.view.documents.iter().any(|document| document.role == role)))
            }
            @if !draft.view.documents.is_empty() {
                h2 { (t("documents")) }
                ul {
                    @for document in &draft.view.documents {
                        li { a href={ (path) "/documents/" (document.sha256) } { (document.title) } }
                    }
                }
            }
            @match before {
                Some(before) => {
                    @if before.view.status != draft.view.status || before.view.effective_to != draft.view.effective_to {
                        h2 { (t("proposal-standing")) }
                        (draft.status())
                    }
                    @if matches!(proposal.action.as_str(), "revise" | "correct") { (draft.changed(before)) }
                    @if proposal.action == "register-payee" { (draft.payee_in_words()) }
                }
                None => { h2 { (t("proposal-standing")) } (draft.status()) (draft.facts()) }
            }
        }
        @if shown.listed.waits_for_me || shown.may.give_back { (judging(lang, who, &path, shown)) }
        @else if shown.listed.is_own && proposal.state == ProposalState::Submitted { p.rule { (t("proposal-own")) } }
        (alone(lang, who, &path, shown))
        @if let Some(id) = shown.import {
            p { a href={ "/office/imports/" (id) (lang.query()) } { (t("proposal-reopen")) } }
        }
        (discarding(lang, who, &path, shown))
        p.small { (t("proposal-digest")) ": " (proposal.digest()) }
    };
    frame(lang, city, who, &proposal.title, &path, content)
}

/// The form of an administrator in an emergency.
fn alone(lang: Lang, who: &Who<'_>, path: &str, shown: &Shown<'_>) -> Markup {
    let t = |key| text(lang, key);
    html! {
        @if shown.may.publish_alone {
            details {
                summary { (t("proposal-alone")) }
                form.column action=(path) method="post" {
                    input type="hidden" name="proposal" value=(shown.listed.proposal.digest());
                    (who.hidden(lang))
                    p.note { (t("proposal-alone-help")) }
                    label { (t("proposal-alone-reason")) textarea name="reason" rows="3" maxlength="2000" required {} }
                    button name="do" value="publish-alone" { (t("proposal-alone")) }
                }
            }
        }
    }
}

/// The form with which a proposal is given up.
fn discarding(lang: Lang, who: &Who<'_>, path: &str, shown: &Shown<'_>) -> Markup {
    let t = |key| text(lang, key);
    html! {
        @if shown.may.discard {
            h2 { (t("proposal-discard")) }
            form action=(path) method="post" {
                input type="hidden" name="proposal" value=(shown.listed.proposal.digest());
                (who.hidden(lang))
                p.note { (t("proposal-discard-help")) }
                button name="do" value="discard" { (t("proposal-discard")) }
            }
        }
    }
}

/// The forms of an approver.
fn judging(lang: Lang, who: &Who<'_>, path: &str, shown: &Shown<'_>) -> Markup {
    let t = |key| text(lang, key);
    let Listed { proposal, waits_for_me, .. } = shown.listed;
    html! {
        h2 { (t("proposal-judge")) }
        @if *waits_for_me {
            form.column action=(path) method="post" {
                input type="hidden" name="proposal" value=(proposal.digest());
                (who.hidden(lang))
                p.note { (t(if proposal.due.is_some() { "proposal-approve-hour-help" } else { "proposal-approve-help" })) }
                button.wide name="do" value="approve" { (t(if proposal.due.is_some() { "proposal-approve-hour" } else { "proposal-approve" })) }
            }
        }
        form.column action=(path) method="post" {
            input type="hidden" name="proposal" value=(proposal.digest());
            (who.hidden(lang))
            label { (t("proposal-comment")) textarea name="comment" rows="3" maxlength="2000" required {} }
            button name="do" value="return" { (t("proposal-return")) }
        }
    }
}
