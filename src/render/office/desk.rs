//! The advisory desk in the office: what waits, what is late, and the form of an answer.

use maud::html;

use super::{Who, frame, wrong_box};
use crate::domain::city::City;
use crate::domain::publication::view::{Moment, moment_of};
use crate::read_model::questions::OpenQuestion;
use crate::render::desk::{lines, taken};
use crate::vault::QuestionText;
use crate::words::format;
use crate::words::text::{Lang, text};

/// The list: what is late comes first.
pub fn list(
    lang: Lang,
    city: &City,
    who: &Who<'_>,
    moment: &Moment,
    waiting: &[OpenQuestion],
    done: &[OpenQuestion],
    median_hours: Option<i64>,
) -> String {
    let t = |key| text(lang, key);
    let line = |known: &OpenQuestion| {
        let unit = known.asked.unit.as_ref().and_then(|id| city.units.get(id)).map(|unit| lang.pick(&unit.name_vi, &unit.name_en));
        html! {
            li {
                a href={ "/office/desk/" (known.asked.question) (lang.query()) } { (t(known.asked.procedure.as_str())) }
                br; span.note { (format::moment(lang, &moment.zone, moment_of(known.at))) " · " (unit.unwrap_or(t("whole-city"))) " · " (t("desk-due")) " " (format::date(known.asked.due)) }
                @if known.answered.is_none() && known.asked.due < moment.today { " " b { (t("desk-late")) } }
                @if let Some(at) = known.answered { br; span.note { (t("desk-answered")) " " (format::moment(lang, &moment.zone, moment_of(at))) } }
            }
        }
    };
    let late = waiting.iter().filter(|known| known.asked.due < moment.today).count();
    let content = html! {
        @if let Some(hours) = median_hours { p { (t("desk-median")) " " b { (taken(lang, hours)) } "." } }
        h2 { (t("desk-open")) " (" (waiting.len()) ")" @if late > 0 { ", " (late) " " (t("desk-late")) } }
        @if waiting.is_empty() { p { (t("nothing-here")) } }
        ul.list { @for known in waiting { (line(known)) } }
        @if !done.is_empty() { h2 { (t("desk-done")) } ul.list { @for known in done { (line(known)) } } }
    };
    frame(lang, city, who, t("desk"), "/office/desk", content)
}

/// A question in the office.
pub struct Question<'a> {
    /// The question.
    pub known: &'a OpenQuestion,
    /// What was written; none once it is erased.
    pub words: Option<&'a QuestionText>,
    /// What the form is filled with.
    pub filled: &'a dyn Fn(&str) -> String,
}

/// The question with the form of its answer, and of the entry for everybody where the resident agreed.
pub fn question(lang: Lang, city: &City, who: &Who<'_>, moment: &Moment, question: &Question<'_>, wrong: Option<&str>) -> String {
    let t = |key| text(lang, key);
    let known = question.known;
    let path = format!("/office/desk/{}", known.asked.question);
    let filled = question.filled;
    let content = html! {
        (wrong_box(wrong))
        p { (format::moment(lang, &moment.zone, moment_of(known.at))) " · " (t("desk-due")) " " b { (format::date(known.asked.due)) } @if known.answered.is_none() && known.asked.due < moment.today { " " b { (t("desk-late")) } } }
        @match question.words {
            None => div.status.wait { b { (t("desk-erased")) } },
            Some(words) => {
                h2 { (t("desk-asked-office")) }
                p { (lines(&words.text)) }
                @if !words.reply_to.is_empty() { p { (t("contact")) ": " b { (words.reply_to) } } }
                @if let Some(answer) = &words.answer { h2 { (t("desk-answer")) } p { (lines(answer)) } }
                form.column action=(path) method="post" {
                    (who.hidden(lang))
                    label { (t("desk-answer")) textarea name="answer" rows="6" maxlength="4000" required { (filled("answer")) } }
                    @if known.asked.may_publish {
                        fieldset {
                            legend { (t("desk-publish")) }
                            p.note { (t("desk-publish-help")) }
                            label { input type="checkbox" name="publish" value="1" checked[!filled("publish").is_empty()]; " " (t("desk-publish")) }
                            label { (t("faq-question")) input type="text" name="title" value=(filled("title")) maxlength="300"; }
                            label { (t("faq-answer")) textarea name="general" rows="5" maxlength="4000" { (filled("general")) } }
                            label { (t("basis")) " " span.note { (t("faq-basis-help")) } textarea name="basis" rows="2" maxlength="4000" { (filled("basis")) } }
                            label { (t("law-as-of")) input type="date" name="as_of" value=(Some(filled("as_of")).filter(|day| !day.is_empty()).unwrap_or_else(|| moment.today.to_string())); }
                            label { (t("answered-by")) input type="text" name="authority" value=(filled("authority")) maxlength="300"; }
                        }
                    } @else { p.note { (t("desk-private")) } }
                    button.wide { (t("desk-answer-send")) }
                }
                details {
                    summary { (t("desk-discard")) }
                    form action=(path) method="post" { (who.hidden(lang)) p.note { (t("desk-discard-help")) } button.plain name="do" value="erase" { (t("desk-discard")) } }
                }
            }
        }
    };
    frame(lang, city, who, t(known.asked.procedure.as_str()), &path, content)
}
