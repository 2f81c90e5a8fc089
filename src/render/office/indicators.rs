//! The form of an indicator: what is measured, of whom, how and how often.

use maud::{Markup, html};

use super::{Who, frame, wrong_box};
use crate::domain::Code;
use crate::domain::city::City;
use crate::domain::publication::view::Moment;
use crate::words::text::{Lang, text};

/// Choices of the form: the value, and the key of its name.
type Choices = &'static [(&'static str, &'static str)];
const KINDS: Choices = &[("share", "indicator-share"), ("count", "indicator-count")];
const DIRECTIONS: Choices = &[("up", "direction-up"), ("down", "direction-down")];
const FREQUENCIES: Choices = &[("month", "every-month-figure"), ("quarter", "every-quarter-figure"), ("year", "every-year-figure")];
const METHODS: Choices = &[("count", "method-count"), ("sample", "method-sample"), ("register", "method-register")];

/// The form of an indicator.
pub struct Form<'a> {
    /// The indicator and its version; none for a new one.
    pub known: Option<(Code, i64)>,
    /// The text of a field.
    pub filled: &'a dyn Fn(&str) -> String,
    /// Units that are ticked.
    pub units: &'a [String],
    /// Campaigns that it may belong to.
    pub campaigns: &'a [(Code, String)],
}

impl Form<'_> {
    fn line(&self, label: &str, name: &str, is_needed: bool) -> Markup {
        html! { label { (label) input type="text" name=(name) value=((self.filled)(name)) maxlength="300" required[is_needed]; } }
    }

    fn select(&self, lang: Lang, label: &str, name: &str, choices: Choices) -> Markup {
        let now = (self.filled)(name);
        html! { label { (label) select name=(name) { @for (value, key) in choices { option value=(value) selected[now == *value] { (text(lang, key)) } } } } }
    }

    /// What figures mean cannot change once some are known.
    fn meaning(&self, lang: Lang) -> Markup {
        let t = |key| text(lang, key);
        if self.known.is_some() {
            return html! { p.note { (t("indicator-meaning-kept")) } };
        }
        html! {
            (self.select(lang, t("field-kind"), "kind", KINDS))
            label { (t("field-measured_in")) " " span.note { (t("indicator-unit-help")) } input type="text" name="unit" value=((self.filled)("unit")) maxlength="60" required; }
            (self.select(lang, t("direction"), "direction", DIRECTIONS))
            (self.select(lang, t("frequency"), "frequency", FREQUENCIES))
        }
    }
}

/// The page.
pub fn one(lang: Lang, city: &City, who: &Who<'_>, moment: &Moment, form: &Form<'_>, wrong: Option<&str>) -> String {
    let t = |key| text(lang, key);
    let path = form.known.map_or_else(|| String::from("/office/indicators/new"), |(code, _)| format!("/office/indicators/{code}/edit"));
    let campaign = (form.filled)("campaign");
    let is_over = !campaign.is_empty() && !form.campaigns.iter().any(|(code, _)| code.to_string() == campaign);
    let content = html! {
        (wrong_box(wrong))
        @if let Some((code, _)) = form.known { p { a href={ "/office/indicators/" (code) (lang.query()) } { (t("figures")) } " · " a href={ "/office/items/" (code) (lang.query()) } { (t("point-other-changes")) } } }
        form.column action=(path) method="post" {
            (who.hidden(lang))
            input type="hidden" name="once" value=((form.filled)("once"));
            @if let Some((_, seen)) = form.known { input type="hidden" name="seen" value=(seen); }
            (form.line(t("field-title"), "title", true))
            (form.line(t("field-title_en"), "title_en", false))
            label { (t("field-definition")) textarea name="definition" rows="3" maxlength="2000" required { ((form.filled)("definition")) } }
            (form.meaning(lang))
            label { (t("base")) " " span.note { (t("indicator-base-help")) } input type="text" name="base" value=((form.filled)("base")) maxlength="300"; }
            (form.select(lang, t("method"), "method", METHODS))
            (form.line(t("figures-source"), "source", true))
            (form.line(t("organiser"), "organiser", true))
            label {
                (t("indicator-campaign"))
                select name="campaign" {
                    option value="" { (t("indicator-no-campaign")) }
                    @if is_over { option value=(campaign) selected { (campaign) } }
                    @for (code, title) in form.campaigns { option value=(code) selected[code.to_string() == campaign] { (title) } }
                }
            }
            fieldset {
                legend { (t("units")) }
                p.note { (t("office-units-help")) }
                @for unit in city.units.valid_on(moment.today) {
                    label { input type="checkbox" name="unit_of" value=(unit.id.as_str()) checked[form.units.iter().any(|id| id == unit.id.as_str())]; " " (lang.pick(&unit.name_vi, &unit.name_en)) }
                }
                // Units that are no more stay named: figures of their time are theirs.
                @for id in form.units.iter().filter(|id| !city.units.valid_on(moment.today).any(|unit| unit.id.as_str() == id.as_str())) {
                    input type="hidden" name="unit_of" value=(id);
                }
            }
            button.wide { (t(if form.known.is_some() { "indicator-save" } else { "indicator-publish" })) }
        }
    };
    let title = if form.known.is_some() { (form.filled)("title") } else { t("indicator-new").to_owned() };
    frame(lang, city, who, &title, &path, content)
}
