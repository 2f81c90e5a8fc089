//! What is published: a list, and for each item what follows and what can be done with it.

use maud::{Markup, html};
use serde_json::Value;

use super::hanging::becomes_wrong;
use super::{Who, corrections, frame, lacking, wrong_box};
use crate::domain::city::City;
use crate::domain::publication::Status;
use crate::domain::publication::view::{Moment, Shown, View};
use crate::words::format;
use crate::words::text::{Lang, text};

/// An item, for its page in the office.
pub struct Item<'a> {
    /// The item as it is shown.
    pub view: &'a View,
    /// What its latest revision states.
    pub facts: &'a Value,
    /// Its state, for its forms: the same form, sent again of another state, acts again.
    pub seen: String,
    /// The boards for which it was printed.
    pub boards: &'a [View],
    /// Whether the person may change it.
    pub may_change: bool,
    /// True just after it was changed.
    pub is_new: bool,
    /// The form that was refused; it is open.
    pub open: Option<&'a str>,
}

impl Item<'_> {
    /// True when what hangs of the item on that board must not be believed any more.
    fn is_out_of_date(&self, board: &View) -> bool {
        let own = board.board().into_iter().flat_map(|own| &own.postings).filter(|posting| posting.item == self.view.code);
        // What comes into force later may hang before.
        let is_early = |revision: u32| self.view.status == Status::Upcoming && revision == self.view.revision;
        let late = own.filter(|posting| posting.hangs() && !posting.hung.as_ref().is_some_and(|hung| is_early(hung.0)));
        late.map(|posting| posting.standing(Some(self.view))).any(|standing| matches!(standing, "posting-stale" | "posting-revoked"))
    }
}

/// The items that a person may change.
pub fn list(lang: Lang, city: &City, who: &Who<'_>, words: &str, items: &[View], more: usize) -> String {
    let t = |key| text(lang, key);
    let content = html! {
        form.column action="/office/items" method="get" {
            (super::language_field(lang))
            label { (t("office-find-item")) input type="search" name="q" value=(words); }
            button.plain { (t("search")) }
        }
        @if items.is_empty() { p { (t("office-no-items")) } }
        ul.list {
            @for view in items {
                li {
                    a href={ "/office/items/" (view.code) (lang.query()) } { (view.title) }
                    " " span.tag { (t(&view.standing)) }
                    br;
                    span.note { (t(view.kind)) " · " (view.code) " · " (t("revision")) " " (view.revision) }
                }
            }
        }
        @if more > 0 { p.note { "+ " (more) " " (t("office-more-items")) } }
    };
    frame(lang, city, who, t("office-published"), "/office/items", content)
}

/// An item's page: what follows, and the forms that change it.
pub fn one(lang: Lang, city: &City, who: &Who<'_>, moment: &Moment, item: &Item<'_>, wrong: Option<&str>) -> String {
    let t = |key| text(lang, key);
    let view = item.view;
    let path = format!("/office/items/{}", view.code);
    let holds = matches!(view.status, Status::InForce | Status::Upcoming);
    let content = html! {
        (wrong_box(wrong))
        @if item.is_new { div.status.good role="status" { b { (t("office-done")) } } }
        p {
            span.tag { (t(&view.standing)) } " " (t(view.kind)) " · " (view.code) " · " (t("revision")) " " (view.revision)
            " · " (t("from")) " " (format::date(view.effective_from))
            @if let Some(to) = view.holds_to { " " (t("until")) " " (format::date(to)) }
        }
        h2 { (t("office-follows")) }
        (follows(lang, city, moment, item, holds))
        @if item.may_change {
            h2 { (t("office-change-item")) }
            (changes(lang, city, who, moment, &path, item))
        }
        script src="/assets/typing.js" defer {}
    };
    frame(lang, city, who, &view.title, &path, content)
}

/// What there is to do after publishing: prints, boards, the history, who is concerned.
fn follows(lang: Lang, city: &City, moment: &Moment, item: &Item<'_>, holds: bool) -> Markup {
    let t = |key| text(lang, key);
    let view = item.view;
    let code = view.code;
    let units: Vec<_> = if view.units.is_empty() {
        city.units.valid_on(moment.today).collect()
    } else {
        view.units.iter().flat_map(|id| city.units.at(id, moment.today)).collect()
    };
    let old: Vec<&View> = item.boards.iter().filter(|board| item.is_out_of_date(board)).collect();
    html! {
        ul {
            li { a href={ "/q/" (code) (lang.query()) } { (t("office-see-page")) } }
            li { a href={ "/q/" (code) "/history" (lang.query()) } { (t("history")) } }
            @if holds {
                li { a href={ "/q/" (code) "/poster.pdf?size=a4" (lang.and()) } { (t("office-poster")) " A4" } ", "
                     a href={ "/q/" (code) "/poster.pdf?size=a3" (lang.and()) } { "A3" } ", "
                     a href={ "/q/" (code) "/stickers.pdf" (lang.query()) } { (t("office-stickers")) } }
                li { (t("office-booklets")) ": "
                    @for (n, unit) in units.iter().enumerate() {
                        @if n > 0 { ", " }
                        a href={ "/booklet.pdf?unit=" (unit.id.as_str()) (lang.and()) } { (lang.pick(&unit.name_vi, &unit.name_en)) }
                    }
                }
            }
        }
        @if view.family == "plan" { (lacking(lang, |role, _| view.documents.iter().any(|document| document.role == role))) }
        @if old.is_empty() { p { (t("office-boards-right")) } }
        @else {
            p { b { (old.len()) " " (t("office-boards-wrong")) } }
            ul {
                @for board in &old {
                    li {
                        a href={ "/q/" (board.code) (lang.query()) } { (board.title) }
                        @if let Some(address) = board.board().and_then(|own| own.address.as_ref()) { " – " (address) }
                    }
                }
            }
            p { a href={ "/boards?due=superseded" (lang.and()) } { (t("office-round")) } }
        }
        h3 { (t("office-told")) }
        ul {
            @for unit in &units { li { (t("office-told-unit")) " " (lang.pick(&unit.name_vi, &unit.name_en)) } }
            @for board in &old {
                @if let Some(Shown::Text(keeper)) = board.fact("keeper") { li { (keeper) " – " (t("office-told-keeper")) " " (board.title) } }
            }
        }
        p.note { (t("office-told-others")) }
    }
}

/// A form with a reason and its button, under a heading that opens it.
fn form(lang: Lang, who: &Who<'_>, path: &str, item: &Item<'_>, action: &str, what: &str, fields: &Markup) -> Markup {
    html! {
        details open[item.open == Some(action)] {
            summary { (text(lang, &format!("office-{action}"))) }
            form.column action=(path) method="post" enctype=[(action == "correct").then_some("multipart/form-data")] {
                (who.hidden(lang))
                input type="hidden" name="seen" value=(item.seen);
                p.note { (what) }
                (fields)
                @if action != "review" { (super::hour_field(lang, "")) }
                button name="do" value=(action) { (text(lang, &format!("office-{action}"))) }
            }
        }
    }
}

fn reason(lang: Lang) -> Markup {
    html! { label { (text(lang, "office-reason")) textarea name="reason" rows="2" maxlength="2000" required {} } }
}

fn changes(lang: Lang, city: &City, who: &Who<'_>, moment: &Moment, path: &str, item: &Item<'_>) -> Markup {
    let t = |key| text(lang, key);
    let view = item.view;
    let day = |name: &str, key: &str| html! { label { (text(lang, key)) input type="date" name=(name) required min=(moment.today); } };
    let code = |name: &str, key: &str, is_required: bool| html! { label { (text(lang, key)) input type="text" name=(name) maxlength="20" autocapitalize="characters" required[is_required]; } };
    let holds = matches!(view.status, Status::InForce | Status::Upcoming);
    let upcoming: Vec<_> = view.history.iter().filter(|entry| entry.status == Status::Upcoming && entry.cancelled.is_none()).collect();
    let wrong = becomes_wrong(lang, view, item.boards, |_| true);
    let with = |what: &str| format!("{} {wrong}", text(lang, what));
    html! {
        @if view.family == "plan" && view.status != Status::Withdrawn {
            p { a href={ "/office/plans/new?revises=" (view.code) (lang.and()) } { (t("office-new-revision")) } }
        }
        @if view.status != Status::Withdrawn {
            @let latest = view.history.iter().find(|entry| entry.cancelled.is_none());
            @let (latest, since) = latest.map_or((view.revision, view.effective_from), |entry| (entry.number, entry.effective_from));
            @let wrong = becomes_wrong(lang, view, item.boards, |revision| revision == latest);
            @let what = format!("{} {latest}. {} {wrong}", t("revision"), t("office-correct-help"));
            @let fields = html! { (corrections::fields(lang, city, since, view, item.facts)) (reason(lang)) };
            (form(lang, who, path, item, "correct", &what, &fields))
        }
        @if view.family == "plan" && holds {
            @let fields = html! {
                label { (t("office-review-day")) input type="date" name="on" required max=(moment.today) value=(moment.today); }
                label { (t("review-conclusion")) textarea name="conclusion" rows="2" maxlength="2000" required {} }
            };
            (form(lang, who, path, item, "review", t("office-review-help"), &fields))
        }
        @for entry in &upcoming {
            @let wrong = becomes_wrong(lang, view, item.boards, |revision| revision == entry.number);
            @let what = format!("{} {}, {} {}. {} {wrong}", t("revision"), entry.number, t("from"), format::date(entry.effective_from), t("office-cancel-help"));
            @let fields = html! { input type="hidden" name="revision" value=(entry.number); (reason(lang)) };
            (form(lang, who, path, item, "cancel-revision", &what, &fields))
        }
        @if holds {
            (form(lang, who, path, item, "expire", &with("office-expire-help"), &html! { (day("effective_to", "office-last-day")) (reason(lang)) }))
            (form(lang, who, path, item, "supersede", &with("office-supersede-help"), &html! { (code("by", "office-by-code", true)) (day("from", "office-from-day")) }))
        }
        @if view.status != Status::Withdrawn {
            (form(lang, who, path, item, "withdraw", &with("office-withdraw-help"), &html! { (code("replaced_by", "office-instead-code", false)) (reason(lang)) }))
        }
    }
}
