//! What an organiser plans: the list of campaigns, and the form of one.

use maud::{Markup, html};

use super::{Who, frame, wrong_box};
use crate::domain::city::City;
use crate::domain::publication::view::{Moment, View};
use crate::words::format;
use crate::words::text::{Lang, text};

const KINDS: [&str; 5] = ["cashless-day", "marketplace-day", "eid-drive", "digital-month", "training"];
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const WHICH: [&str; 5] = ["first", "second", "third", "fourth", "last"];
/// Days to come that can be called off.
const DAYS: usize = 12;

/// Campaigns that the person may change, and indicators that they may report on.
pub fn list(lang: Lang, city: &City, who: &Who<'_>, moment: &Moment, campaigns: &[View], indicators: &[View]) -> String {
    let t = |key| text(lang, key);
    let content = html! {
        p { a href={ "/office/campaigns/new" (lang.query()) } { (t("campaign-new")) } }
        @if campaigns.is_empty() { p { (t("nothing-here")) } }
        ul.list {
            @for view in campaigns {
                li {
                    a href={ "/office/campaigns/" (view.code) (lang.query()) } { (view.title) }
                    br; span.note { (t(view.kind)) @if let Some(day) = view.next_day() { " · " (format::day_in_words(lang, moment.today, day)) } }
                }
            }
        }
        h2 { (t("indicators")) }
        p { a href={ "/office/indicators/new" (lang.query()) } { (t("indicator-new")) } }
        @if !indicators.is_empty() {
            ul.list { @for view in indicators { li { a href={ "/office/indicators/" (view.code) (lang.query()) } { (view.title) } } } }
        }
    };
    frame(lang, city, who, t("campaigns"), "/office/campaigns", content)
}

/// The form of a campaign.
pub struct Form<'a> {
    /// The campaign and its version; none for a new one.
    pub known: Option<(&'a View, i64)>,
    /// The text of a field.
    pub filled: &'a dyn Fn(&str) -> String,
    /// All values of a field.
    pub all: &'a dyn Fn(&str) -> Vec<String>,
    /// Tells two new campaigns of the same content apart.
    pub once: &'a str,
}

impl Form<'_> {
    fn text(&self, label: &str, name: &str, is_needed: bool) -> Markup {
        html! { label { (label) input type="text" name=(name) value=((self.filled)(name)) maxlength="300" required[is_needed]; } }
    }

    fn date(&self, label: &str, name: &str) -> Markup {
        html! { label { (label) input type="date" name=(name) value=((self.filled)(name)); } }
    }

    fn area(&self, label: &str, name: &str, rows: u32, help: &str) -> Markup {
        html! { label { (label) span.note { " " (help) } textarea name=(name) rows=(rows) maxlength="8000" { ((self.filled)(name)) } } }
    }

    fn select(&self, lang: Lang, label: &str, name: &str, options: &[(&str, &str)]) -> Markup {
        let now = (self.filled)(name);
        html! { label { (label) select name=(name) { @for (value, key) in options { option value=(value) selected[now == *value] { (text(lang, key)) } } } } }
    }

    fn schedule(&self, lang: Lang) -> Markup {
        let t = |key| text(lang, key);
        let weekdays = (self.all)("weekday");
        let days: Vec<(&str, &str)> = WEEKDAYS.iter().map(|day| (*day, *day)).collect();
        let which: Vec<(&str, String)> = WHICH.iter().map(|which| (*which, format!("which-{which}"))).collect();
        let which: Vec<(&str, &str)> = which.iter().map(|(value, key)| (*value, key.as_str())).collect();
        html! {
            fieldset {
                legend { (t("campaign-when")) }
                (self.select(lang, t("campaign-repeat"), "repeat", &[("day", "repeat-day"), ("range", "repeat-range"), ("weekly", "repeat-weekly"), ("monthly", "repeat-monthly")]))
                (self.date(t("campaign-from"), "from"))
                (self.date(t("campaign-to"), "to"))
                label { (t("campaign-count")) input type="text" inputmode="numeric" name="count" value=((self.filled)("count")) maxlength="3"; }
                fieldset {
                    legend { (t("repeat-weekly")) }
                    @for day in WEEKDAYS { label { input type="checkbox" name="weekday" value=(day) checked[weekdays.iter().any(|own| own == day)]; " " (t(day)) } }
                }
                fieldset {
                    legend { (t("repeat-monthly")) }
                    (self.select(lang, t("campaign-month-on"), "month_on", &[("date", "month-on-date"), ("last-day", "month-on-last-day"), ("weekday", "month-on-weekday")]))
                    label { (t("month-on-date")) input type="text" inputmode="numeric" name="month_date" value=((self.filled)("month_date")) maxlength="2" placeholder="16"; }
                    (self.select(lang, t("month-on-which"), "which", &which))
                    (self.select(lang, t("day"), "month_weekday", &days))
                }
                (self.select(lang, t("holidays"), "holidays", &[("held", "holidays-held"), ("next-working-day", "holidays-next-working-day"), ("working-day-before", "holidays-working-day-before"), ("left-out", "holidays-left-out")]))
                (self.area(t("times"), "times", 2, "7:00–11:00 thứ Ba, thứ Bảy"))
                (self.area(t("field-exceptions"), "exceptions", 3, "25/12/2026: lý do · 1/1/2027 -> 4/1/2027: lý do"))
            }
        }
    }
}

/// The form of a campaign, and below it the days to come, each of which can be called off.
pub fn one(lang: Lang, city: &City, who: &Who<'_>, moment: &Moment, form: &Form<'_>, wrong: Option<&str>) -> String {
    let t = |key| text(lang, key);
    let kinds: Vec<(&str, &str)> = KINDS.iter().map(|kind| (*kind, *kind)).collect();
    let units = (form.all)("unit");
    let path = form.known.map_or_else(|| String::from("/office/campaigns/new"), |(view, _)| format!("/office/campaigns/{}", view.code));
    let title = form.known.map_or(t("campaign-new"), |(view, _)| view.title.as_str());
    let content = html! {
        (wrong_box(wrong))
        @if let Some((view, _)) = form.known {
            p { a href={ "/q/" (view.code) (lang.query()) } { (t("office-see-page")) } " · " a href={ "/q/" (view.code) "/poster.pdf" } { (t("poster")) } " · " a href={ "/office/items/" (view.code) (lang.query()) } { (t("point-other-changes")) } }
            (days(lang, who, moment, view, &path))
            h2 { (t("campaign-change")) }
        }
        form.column action=(path) method="post" {
            (who.hidden(lang))
            input type="hidden" name="once" value=(form.once);
            @if let Some((_, seen)) = form.known { input type="hidden" name="seen" value=(seen); }
            (form.select(lang, t("field-kind"), "kind", &kinds))
            (form.text(t("field-title"), "title", true))
            (form.area(t("what-it-means"), "summary", 3, ""))
            (form.text(t("organiser"), "organiser", true))
            (form.schedule(lang))
            (form.text(t("campaign-hours-words"), "hours", false))
            fieldset {
                legend { (t("units")) }
                p.note { (t("office-units-help")) }
                @for unit in city.units.valid_on(moment.today) {
                    label { input type="checkbox" name="unit" value=(unit.id.as_str()) checked[units.iter().any(|id| id == unit.id.as_str())]; " " (lang.pick(&unit.name_vi, &unit.name_en)) }
                }
            }
            (form.area(t("places"), "places", 4, t("campaign-places-help")))
            @if form.known.is_some_and(|(view, _)| view.features.is_some()) {
                p.note { (t("campaign-places-kept")) }
                label { input type="checkbox" name="places_remove" value="1"; " " (t("campaign-places-remove")) }
            }
            @if form.known.is_some() { (form.text(t("campaign-reason"), "reason", true)) }
            button.wide name="do" value="save" { (t(if form.known.is_some() { "campaign-save" } else { "campaign-publish" })) }
        }
    };
    frame(lang, city, who, title, &path, content)
}

/// The next days, each with a way to call it off or move it, and those that were.
fn days(lang: Lang, who: &Who<'_>, moment: &Moment, view: &View, path: &str) -> Markup {
    let t = |key| text(lang, key);
    let Some(calendar) = view.calendar() else { return html! {} };
    let next: Vec<_> = calendar.next.into_iter().flat_map(|next| calendar.days.from(next)).take(DAYS).collect();
    let ahead = calendar.exceptions.iter().filter(|exception| exception.day >= moment.today);
    html! {
        h2 { (t("next-days")) }
        @if next.is_empty() { p { (t("nothing-on")) } }
        @for when in &next {
            details {
                summary { (format::day_in_words(lang, moment.today, when.day)) @if when.day != when.planned { " (" (t("instead-of")) " " (format::date(when.planned)) ")" } }
                form.column action=(path) method="post" {
                    (who.hidden(lang))
                    input type="hidden" name="day" value=(when.planned);
                    label { (t("campaign-move-to")) input type="date" name="moved_to"; }
                    label { (t("campaign-reason")) input type="text" name="reason" maxlength="500" required; }
                    button.wide name="do" value="cancel-day" { (t("campaign-call-off")) }
                }
            }
        }
        @for exception in ahead {
            p { s { (format::date(exception.day)) } @if let Some(to) = exception.moved_to { " → " (format::date(to)) } @if let Some(reason) = &exception.reason { ": " (reason) } }
            details {
                summary { (t("campaign-restore")) " " (format::date(exception.day)) }
                form.column action=(path) method="post" {
                    (who.hidden(lang))
                    input type="hidden" name="day" value=(exception.day);
                    label { (t("campaign-reason")) input type="text" name="reason" maxlength="500" required; }
                    button.wide name="do" value="restore-day" { (t("campaign-restore")) }
                }
            }
        }
    }
}
