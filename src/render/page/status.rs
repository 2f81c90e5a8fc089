//! Whether an item holds, in words and not by colour alone; and whom to call.

use maud::{Markup, html};

use super::Item;
use crate::domain::publication::Status;
use crate::domain::publication::view::Shown;
use crate::render::glossary::term;
use crate::words::format::{self, dialled};

impl Item<'_> {
    /// The words before the first day in force.
    pub(super) fn since_key(&self) -> &'static str {
        match (self.view.status, self.view.standing.as_str()) {
            // These are the new days, not those on which nothing is done.
            (_, "works-postponed") => "postponed-to",
            (Status::Upcoming, _) => "from-day",
            _ => "since",
        }
    }

    /// Whether the item holds, since when, and by whose decision.
    pub fn status(&self) -> Markup {
        let view = self.view;
        if view.fact("duty").is_some() && view.status == Status::InForce && self.revision.is_none() {
            return html! {};
        }
        let class = match view.status {
            Status::InForce if view.standing == "closed-now" => "status wait",
            Status::InForce => "status good",
            Status::Upcoming => "status wait",
            Status::Expired if view.calendar().is_some_and(|calendar| calendar.ends_as_planned) => "status part",
            _ => "status bad",
        };
        html! {
            div class=(class) role="status" {
                b { (term(self.lang, &view.standing)) }
                @if let Some(opening) = self.opening() { (opening) } @else {
                @match view.status {
                    // What ended in the course of this day holds until midnight.
                    Status::InForce if view.standing == "works-over" => span {
                        @if let Some(to) = view.holds_to { (self.t("ended-on")) " " (format::date(to)) }
                    },
                    Status::InForce | Status::Upcoming => span {
                        (self.t(self.since_key())) " " (format::date(view.effective_from))
                        @if let Some(to) = view.holds_to { " " (self.t("until")) " " (format::date(to)) }
                    },
                    Status::Expired => span {
                        @if let Some(to) = view.effective_to { (self.t("ended-on")) " " (format::date(to)) }
                    },
                    _ => {}
                }
                }
                @if let (Some(Shown::Text(number)), Some(Shown::Text(authority)), Some(Shown::Date(signed))) = (self.view.fact("decision"), self.view.fact("authority"), self.view.fact("signed")) {
                    " " (self.t("by-decision")) " " (number) " " (self.t("of-day")) " " (format::date(*signed)) ", " (authority)
                }
                @for (at, reason, _) in view.alone.iter().filter(|(_, _, seconded)| !seconded) {
                    p { b { (self.t("published-alone")) } " (" (format::moment(self.lang, &self.moment.zone, *at)) "): " (reason) " – " (self.t("alone-not-seconded")) }
                }
                @if let Some((reason, instead, at)) = &view.withdrawn {
                    p { (self.t("withdrawn-because")) ": " (reason) " (" (format::moment(self.lang, &self.moment.zone, *at)) ")" }
                    @if let Some(instead) = instead {
                        p { a href={ "/q/" (instead) (self.lang.query()) } { (self.t("look-instead")) " " (instead) } }
                    }
                }
                @if let Some((by, from)) = &view.superseded {
                    p { (self.t("replaced-by")) " " a href={ "/q/" (by) (self.lang.query()) } { (by) } " " (self.t("from")) " " (format::date(*from)) }
                }
            }
            @if let (Some((number, from)), None) = (view.upcoming, self.revision) {
                div.status.wait {
                    (self.t("upcoming-revision")) " " (self.t("from")) " " (format::date(from)) ". "
                    a href={ "/q/" (view.code) "/revisions/" (number) (self.lang.query()) } { (self.t("see-upcoming")) }
                }
            }
        }
    }

    /// Whether an ambulance is on duty, and since when that is known, comes before everything else.
    pub(super) fn duty(&self) -> Markup {
        let is_shown = self.revision.is_none() && self.view.status == Status::InForce;
        let Some(duty) = self.view.fact("duty").filter(|_| is_shown) else { return html! {} };
        let class = if *duty == Shown::Key("duty-ready".into()) { "status good" } else { "status wait" };
        html! {
            div class=(class) role="status" {
                b { (self.shown(duty)) }
                @if let Some(at) = self.view.fact("duty-at") { (self.t("duty-at")) " " (self.shown(at)) }
            }
        }
    }

    pub(super) fn calls(&self) -> Markup {
        let view = self.view;
        let emergency = self.city.emergency.first().filter(|_| view.calls().is_some_and(|calls| calls.is_emergency));
        html! {
            @if let Some(number) = emergency {
                a.call href={ "tel:" (number.number) } { (self.t("call")) " " (number.number) " – " (self.lang.pick(&number.label_vi, &number.label_en)) }
                p.note { (self.t("no-dispatch")) }
            }
            @for (label, number) in view.phones().iter().filter(|_| view.status == Status::InForce) {
                a.call.plain href={ "tel:" (dialled(number)) } { (self.t("call")) " " (number) " – " (label) }
            }
            @if let Some(contact) = self.contact {
                a.call.plain href={ "tel:" (dialled(&contact.phone)) } { (self.t("call")) " " (contact.phone) " – " (contact.name) }
            }
        }
    }
}
