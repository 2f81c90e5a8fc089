//! The advisory desk: the form for a question, its receipt and its answer, and what was asked before.

use jiff::civil::Date;
use maud::{Markup, html};
use serde_json::{Value, json};

use super::layout::{Page, language_field, page};
use crate::domain::city::City;
use crate::domain::procedure::Procedure;
use crate::domain::publication::view::{Moment, Shown, View};
use crate::domain::question::{PROMISED_DAYS, QuestionState};
use crate::vault::QuestionText;
use crate::words::format;
use crate::words::text::{Lang, text};

/// The desk as residents see it.
pub struct Desk<'a> {
    /// The procedure that is looked for.
    pub procedure: Option<Procedure>,
    /// The words that are looked for.
    pub words: &'a str,
    /// What was asked before and fits.
    pub found: &'a [View],
    /// Half of the questions of the last year were answered within so many hours; none where there were too few.
    pub median_hours: Option<i64>,
    /// What the form is filled with.
    pub filled: &'a dyn Fn(&str) -> String,
}

fn procedures(lang: Lang, name: &str, chosen: Option<Procedure>, any: Option<&str>) -> Markup {
    html! {
        label { (text(lang, "procedure"))
            select name=(name) {
                @if let Some(any) = any { option value="" { (text(lang, any)) } }
                @for procedure in Procedure::ALL { option value=(procedure.as_str()) selected[chosen == Some(procedure)] { (text(lang, procedure.as_str())) } }
            }
        }
    }
}

/// How long an answer takes, in words.
pub fn taken(lang: Lang, hours: i64) -> String {
    if hours < 48 {
        format!("{} {}", hours.max(1), text(lang, "hours-unit"))
    } else {
        format!("{} {}", (hours + 12) / 24, text(lang, "days-unit"))
    }
}

/// The page of the desk.
pub fn desk(lang: Lang, city: &City, moment: &Moment, desk: &Desk<'_>, wrong: Option<&str>) -> String {
    let t = |key| text(lang, key);
    let filled = desk.filled;
    let content = html! {
        h1 { (t("desk")) }
        @if let Some(wrong) = wrong { div.status.bad role="alert" { (wrong) } }
        p { (t("desk-help")) " " (PROMISED_DAYS) " " (t("desk-days")) }
        @if let Some(hours) = desk.median_hours { p { (t("desk-median")) " " b { (taken(lang, hours)) } "." } }
        div.sides {
            div {
                h2 { (t("faq")) }
                form.column action="/desk" method="get" role="search" {
                    (language_field(lang))
                    label { (t("desk-find")) input type="search" name="q" value=(desk.words) maxlength="200"; }
                    (procedures(lang, "procedure", desk.procedure, Some("procedure-any")))
                    button.plain { (t("search")) }
                }
                @if desk.found.is_empty() { p { (t("desk-none")) } }
                ul.list { @for view in desk.found { li { (entry(lang, view)) } } }
            }
            div {
                h2 { (t("desk-ask")) }
                form.column action="/desk" method="post" {
                    (language_field(lang))
                    input type="hidden" name="once" value=(filled("once"));
                    (procedures(lang, "about", Procedure::parse(&filled("about")), None))
                    label { (t("units")) select name="unit" {
                        option value="" { (t("whole-city")) }
                        @for unit in city.units.valid_on(moment.today) { option value=(unit.id.as_str()) selected[filled("unit") == unit.id.as_str()] { (lang.pick(&unit.name_vi, &unit.name_en)) } }
                    } }
                    label { (t("desk-question")) textarea name="text" rows="6" maxlength="4000" required { (filled("text")) } }
                    label { (t("desk-reply")) input type="text" name="reply_to" value=(filled("reply_to")) maxlength="200" autocomplete="off"; }
                    label { input type="checkbox" name="may_publish" value="1" checked[!filled("may_publish").is_empty()]; " " (t("desk-may-publish")) }
                    button.wide { (t("desk-send")) }
                }
                p.note { (t("desk-privacy")) }
                h2 { (t("desk-receipt-have")) }
                form.column action="/desk" method="get" {
                    (language_field(lang))
                    label { (t("desk-receipt")) input type="text" name="receipt" maxlength="20" autocomplete="off" placeholder="K7QM-2T9X-H01C"; }
                    button.plain { (t("show")) }
                }
            }
        }
    };
    page(&Page::new(lang, city, t("desk"), "/desk"), content)
}

/// A text with its lines.
pub fn lines(text: &str) -> Markup {
    html! { @for (at, line) in text.lines().enumerate() { @if at > 0 { br; } (line) } }
}

/// A question with its answer, in a list.
fn entry(lang: Lang, view: &View) -> Markup {
    html! {
        details {
            summary { (view.title) }
            @if let Some(answer) = &view.summary { p { (lines(answer)) } }
            @for fact in view.facts.iter().filter(|fact| fact.label == "basis") { @if let Shown::Text(law) = &fact.value { p.note { (text(lang, "basis")) ": " (law) } } }
            @if let Some(Shown::Date(day)) = view.fact("law-as-of") { p.note { (text(lang, "law-as-of")) ": " (format::date(*day)) } }
            p { a href={ "/q/" (view.code) (lang.query()) } { (view.code) } }
        }
    }
}

/// The receipt, after a question came in.
pub fn receipt(lang: Lang, city: &City, receipt: &str, due: Date) -> String {
    let t = |key| text(lang, key);
    let content = html! {
        h1 { (t("desk-thanks")) }
        p { (t("desk-receipt")) ": " strong.code { (receipt) } }
        p { (t("desk-due")) " " b { (format::date(due)) } "." }
        p { (t("desk-keep")) }
        p { a href={ "/desk/" (receipt) (lang.query()) } { (t("desk-see")) } }
    };
    page(&Page::new(lang, city, t("desk-thanks"), "/desk"), content)
}

/// What became of a question, for whoever has its receipt.
pub fn answered(lang: Lang, city: &City, receipt: &str, state: &QuestionState, words: Option<&QuestionText>) -> String {
    let t = |key| text(lang, key);
    let path = format!("/desk/{receipt}");
    let content = html! {
        p.kind { a href={ "/desk" (lang.query()) } { (t("desk")) } }
        h1 { (t("desk-question")) }
        @match (state.erased, words) {
            (false, Some(words)) => {
                @match &words.answer {
                    None => div.status.wait { b { (t("desk-waits")) } @if let Some(asked) = &state.asked { (t("desk-due")) " " (format::date(asked.due)) } },
                    Some(_) => div.status.good { b { (t("desk-answered")) } },
                }
                @if let Some(answer) = &words.answer { h2 { (t("desk-answer")) } p { (lines(answer)) } }
                @if let Some(code) = state.answered.as_ref().and_then(|answered| answered.published) { p { a href={ "/q/" (code) (lang.query()) } { (t("desk-published")) } } }
                h2 { (t("desk-asked")) }
                p { (lines(&words.text)) }
                form action=(path) method="post" { (language_field(lang)) button.plain name="do" value="erase" { (t("desk-erase")) } }
                p.note { (t("desk-erase-help")) }
            },
            _ => div.status.wait { b { (t("desk-erased")) } },
        }
    };
    page(&Page::new(lang, city, t("desk-question"), &path), content)
}

/// What was asked before, as JSON.
pub fn json(city: &City, found: &[View], median_hours: Option<i64>) -> Value {
    let entry = |view: &View| json!({ "code": view.code, "url": format!("{}/q/{}", city.public_url, view.code), "question": view.title, "procedure": view.kind, "properties": view.properties });
    json!({ "promised_working_days": PROMISED_DAYS, "median_hours": median_hours, "faq": found.iter().map(entry).collect::<Vec<_>>() })
}
