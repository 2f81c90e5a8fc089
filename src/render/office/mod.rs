//! Pages of the office: their frame, and what several of them share.

pub mod accounts;
pub mod audit;
pub mod boards;
pub mod campaigns;
mod choices;
pub mod city;
pub mod corrections;
pub mod deadlines;
pub mod desk;
pub mod duty;
mod findings;
mod hanging;
pub mod home;
pub mod indicators;
pub mod items;
pub mod map;
mod meanwhile;
pub mod merchants;
pub mod plans;
pub mod points;
pub mod proposals;
pub mod reports;
pub mod results;
pub mod scans;
pub mod services;
pub mod sign_in;
pub mod tokens;

use jiff::Timestamp;
use maud::{Markup, html};

use super::layout::{Page, language_field, page};
use crate::domain::access::{AccountId, Grant, Reach, Role};
use crate::domain::city::City;
use crate::domain::document::DocumentRole;
use crate::words::text::{Lang, text};

/// The person for whom a page is made.
#[derive(Clone, Copy)]
pub struct Who<'a> {
    /// Name.
    pub name: &'a str,
    /// What they may do.
    pub grants: &'a [Grant],
    /// What every form carries.
    pub token: &'a str,
    /// Their account.
    pub account: &'a AccountId,
}

impl Who<'_> {
    /// True when one of the person's roles is this one.
    pub fn has(&self, role: Role) -> bool {
        self.grants.iter().any(|grant| grant.role == role)
    }

    /// The place of the script that keeps what is pressed until it can be sent. `now` is the server's clock.
    fn waits(&self, lang: Lang, now: Timestamp) -> Markup {
        html! {
            div data-waits=(self.account) data-token=(self.token) data-now=(now.as_millisecond()) data-wait=(text(lang, "again-wait")) data-out=(text(lang, "again-out")) {}
            script src="/assets/again.js" defer {}
        }
    }

    /// The hidden fields of every form.
    pub fn hidden(&self, lang: Lang) -> Markup {
        html! { input type="hidden" name="token" value=(self.token); (language_field(lang)) }
    }
}

/// A page of the office around its content.
fn frame(lang: Lang, city: &City, who: &Who<'_>, title: &str, path: &str, content: Markup) -> String {
    let t = |key| text(lang, key);
    let content = html! {
        nav.office aria-label=(t("office")) {
            a href={ "/office" (lang.query()) } { (t("office")) }
            @if who.has(Role::Planner) { a href={ "/office/plans/new" (lang.query()) } { (t("office-new-plan")) } }
            a href={ "/office/proposals" (lang.query()) } { (t("office-proposals")) }
            a href={ "/office/items" (lang.query()) } { (t("office-published")) }
            @if who.has(Role::Planner) || who.has(Role::Approver) { a href={ "/office/deadlines" (lang.query()) } { (t("deadlines")) } }
            @if who.has(Role::Health) { a href={ "/office/points" (lang.query()) } { (t("office-points")) } a href={ "/office/duty" (lang.query()) } { (t("office-duty")) } }
            @if !who.has(Role::Health) && (who.has(Role::Campaign) || who.has(Role::Clerk)) { a href={ "/office/points?kind=shop" (lang.and()) } { (t("merchants")) } }
            @if who.has(Role::Campaign) { a href={ "/office/campaigns" (lang.query()) } { (t("campaigns")) } a href={ "/office/services" (lang.query()) } { (t("services")) } }
            @if who.has(Role::Clerk) { a href={ "/office/reports" (lang.query()) } { (t("reports")) } }
            @if who.has(Role::Clerk) || who.has(Role::Planner) { a href={ "/office/desk" (lang.query()) } { (t("desk")) } }
            a href={ "/office/scans" (lang.query()) } { (t("scans")) }
            @if who.has(Role::Administrator) {
                a href={ "/office/accounts" (lang.query()) } { (t("office-accounts")) }
                a href={ "/office/tokens" (lang.query()) } { (t("tokens")) }
                a href={ "/office/city" (lang.query()) } { (t("office-city")) }
                a href={ "/office/audit" (lang.query()) } { (t("audit")) }
            }
            a href={ "/office/me" (lang.query()) } { (who.name) }
            form action="/office/sign-out" method="post" { (who.hidden(lang)) button.plain { (t("office-sign-out")) } }
        }
        h1 { (title) }
        (content)
    };
    page(&Page::new(lang, city, title, path), content)
}

/// The page of an error.
pub fn problem(lang: Lang, city: &City, who: &Who<'_>, title: &str, detail: &str) -> String {
    let content = html! {
        p { (detail) }
        p { a href={ "/office" (lang.query()) } { (text(lang, "office")) } }
    };
    frame(lang, city, who, title, "/office", content)
}

/// The choice of an hour at which what a form asks for is carried out.
fn hour_field(lang: Lang, filled: &str) -> Markup {
    html! { label { (text(lang, "office-at")) input type="datetime-local" name="at" value=(filled); } }
}

/// What went wrong, above a form.
fn wrong_box(wrong: Option<&str>) -> Markup {
    html! { @if let Some(what) = wrong { div.status.bad role="alert" { (what) } } }
}

/// A role in words, with its units.
fn grant_line(lang: Lang, city: &City, grant: &Grant) -> Markup {
    let name = |id| city.units.get(id).map_or_else(|| id.as_str().to_owned(), |unit| lang.pick(&unit.name_vi, &unit.name_en).to_owned());
    html! {
        (text(lang, &format!("role-{}", grant.role.as_str())))
        " – "
        @match &grant.reach {
            Reach::City => (text(lang, "whole-city")),
            Reach::Units(units) => (units.iter().map(name).collect::<Vec<_>>().join(", ")),
        }
    }
}

/// What the law wants published with a plan: what it is, the key of its name, and the field of the form that takes it.
pub const WANTED: [(DocumentRole, &str, &str); 3] = [
    (DocumentRole::Decision, "office-document-decision", "decision_file"),
    (DocumentRole::Report, "office-document-report", "report_file"),
    (DocumentRole::Map, "office-document-map", "map_file"),
];

/// Names what the law wants published with a plan and is not there; nothing where all is.
fn lacking(lang: Lang, is_there: impl Fn(DocumentRole, &str) -> bool) -> Markup {
    let names: Vec<&str> = WANTED.iter().filter(|(role, _, field)| !is_there(*role, field)).map(|(_, key, _)| text(lang, key)).collect();
    html! {
        @if !names.is_empty() { div.status.wait { (text(lang, "office-documents-lacking")) " " b { (names.join(", ")) } } }
    }
}
