//! What changed from one revision to another: facts, hectares, and where.

use maud::{Markup, PreEscaped, html};

use super::merchant::product_line;
use super::{Item, land_use};
use crate::domain::land_use as codes;
use crate::domain::publication::view::Fact;
use crate::domain::publication::view::View;
use crate::features::{Features, exchange};
use crate::geometry::exchange::Exchange;
use crate::geometry::union;
use crate::read_model::exchanges::{Compared, Surroundings};
use crate::render::layout::{Page, page, scrolling};
use crate::render::map::{self, Around, Beside, Detail};
use crate::words::format;
use crate::words::text::text;

/// The earlier revision of a comparison.
pub struct Before<'a> {
    /// The item as that revision states it.
    pub view: &'a View,
    /// Its feature set.
    pub features: Option<&'a Features>,
    /// Its lines and points, if it is a plan that had them.
    pub beside: Beside<'a>,
}

/// The class of land, or that it is in no zone.
type Class = Option<u32>;

impl Item<'_> {
    /// What land passed from which use to which, and the largest places.
    fn exchanged(&self) -> Markup {
        match self.compared {
            None => html! {},
            Some(Compared::UnderWay(percent)) => {
                html! { p.status.wait role="status" { (self.t("compared-under-way")) " " (percent) " %" } }
            }
            Some(Compared::Made(exchange, around)) => html! {
                (self.largest(exchange, around))
                (self.matrix(exchange))
            },
        }
    }

    fn class(&self, class: Class) -> Markup {
        match class.map(exchange::code) {
            None => html! { i { (self.t("no-zone")) } },
            Some(code) => html! { (land_use::swatch(code)) b { (code) } },
        }
    }

    fn largest(&self, exchange: &Exchange, around: &[Surroundings]) -> Markup {
        if exchange.places.is_empty() {
            return html! {};
        }
        let named = |class: Class| match class.map(exchange::code) {
            None => String::new(),
            Some(code) => codes::get(code).map_or(code.to_owned(), |entry| self.lang.pick(&entry.name_vi, &entry.name_en).to_owned()),
        };
        html! {
            h3 { (self.t("largest-places")) }
            ol {
                @for (place, around) in exchange.places.iter().zip(around) {
                    li {
                        b { (format::number(self.lang, place.area_m2, 0)) " m²" } ": "
                        (self.class(place.from)) " " (named(place.from)) " → " (self.class(place.to)) " " (named(place.to))
                        span.where { ". " (self.surroundings(around)) }
                    }
                }
            }
        }
    }

    /// Where a place is: its ward, and how far the nearest landmark is.
    fn surroundings(&self, around: &Surroundings) -> Markup {
        let unit = around.unit.as_ref().and_then(|id| self.city.units.get(id));
        let landmark = around.landmark.and_then(|(at, metres)| Some((self.city.landmarks.get(at)?, metres)));
        let at = format!("{:.5}, {:.5}", around.position.lat, around.position.lon);
        html! {
            @if let Some(unit) = unit { (self.lang.pick(&unit.name_vi, &unit.name_en)) ", " }
            @if let Some((landmark, metres)) = landmark {
                (format::distance(self.lang, metres)) " " (self.t("from-landmark")) " " (self.lang.pick(&landmark.name_vi, &landmark.name_en)) " "
            }
            @if self.draft.is_some() { "(" (at) ")" }
            @else { a href={ "/here?lon=" (format!("{:.5}", around.position.lon)) "&lat=" (format!("{:.5}", around.position.lat)) (self.lang.and()) } { (at) } }
        }
    }

    /// Every use before, by every use after, in square metres: uses that changed nothing stay out.
    fn matrix(&self, exchange: &Exchange) -> Markup {
        let land = |from: Class, to: Class| exchange.cells.get(&(from, to)).map_or(0.0, |land| land.area_m2);
        let changed: Vec<&(Class, Class)> =
            exchange.cells.iter().filter(|((from, to), land)| from != to && land.area_m2 >= 0.5).map(|(key, _)| key).collect();
        if changed.is_empty() {
            return html! { p { (self.t("no-land-passed")) } };
        }
        let classes = |side: fn(&(Class, Class)) -> Class| -> Vec<Class> {
            let mut classes: Vec<Class> = changed.iter().map(|key| side(key)).collect();
            classes.sort_unstable_by_key(|class| (class.is_none(), *class));
            classes.dedup();
            classes
        };
        let (rows, columns) = (classes(|key| key.0), classes(|key| key.1));
        let shown = |area: f64| if area >= 0.5 { format::number(self.lang, area, 0) } else { String::from("–") };
        let noise: f64 = exchange.cells.iter().filter(|((from, to), _)| from != to).map(|(_, land)| land.noise_m2).sum();
        html! {
            h3 { (self.t("land-passed")) }
            p.note { (self.t("land-passed-note")) }
            (scrolling(self.t("land-passed"), html! {
                table.matrix {
                    thead { tr {
                        th scope="col" { (self.t("before")) " ↓ " (self.t("after")) " →" }
                        @for to in &columns { th.n scope="col" { (self.class(*to)) } }
                    } }
                    tbody {
                        @for from in &rows {
                            tr {
                                th scope="row" { (self.class(*from)) }
                                @for to in &columns {
                                    @if from == to { td.n.same { (shown(land(*from, *to))) } }
                                    @else { td.n { (shown(land(*from, *to))) } }
                                }
                            }
                        }
                    }
                }
            }))
            @if noise >= 0.5 { p.small { (self.t("drawing-noise")) " " (format::number(self.lang, noise, 0)) " m²." } }
        }
    }

    /// The page that compares this revision with an earlier one.
    pub fn render_changes(&self, before: &Before<'_>) -> String {
        let view = self.view;
        let path = format!("/q/{}/changes?from={}&to={}", view.code, before.view.revision, view.revision);
        let content = html! {
            p.kind { (self.t("changes")) }
            h1 { a href={ "/q/" (view.code) (self.lang.query()) } { (view.title) } }
            p {
                (self.revision_link(before.view)) " → " (self.revision_link(view))
            }
            (self.changed(before))
        };
        page(&Page::new(self.lang, self.city, &view.title, &path), content)
    }

    /// In what this item differs from how it was before: its facts, and its zones where it has any.
    pub fn changed(&self, before: &Before<'_>) -> Markup {
        html! { (self.changed_facts(before.view)) (self.changed_lots(before)) (self.changed_lines(before)) (self.changed_areas(before)) }
    }

    fn revision_link(&self, view: &View) -> Markup {
        html! {
            a href={ "/q/" (view.code) "/revisions/" (view.revision) (self.lang.query()) } { (self.t("revision")) " " (view.revision) }
            " (" (self.t("from")) " " (format::date(view.effective_from)) ")"
        }
    }

    fn changed_facts(&self, before: &View) -> Markup {
        let find = |view: &View, label: &str| -> Option<Markup> {
            let all: Vec<&Fact> = view.facts.iter().filter(|fact| fact.label == label).collect();
            (!all.is_empty()).then(|| html! { @for fact in all { (self.shown(&fact.value)) " " } })
        };
        let mut labels: Vec<&'static str> = before.facts.iter().chain(&self.view.facts).map(|fact| fact.label).collect();
        labels.dedup();
        let mut seen = Vec::new();
        labels.retain(|label| {
            if seen.contains(label) {
                false
            } else {
                seen.push(*label);
                true
            }
        });
        let shown = |markup: Option<Markup>| markup.map_or_else(|| String::from("–"), Markup::into_string);
        let mut rows: Vec<(&str, String, String)> =
            labels.into_iter().map(|label| (text(self.lang, label), shown(find(before, label)), shown(find(self.view, label)))).collect();
        let escaped = |words: &str| html! { (words) }.into_string();
        rows.insert(0, (self.t("field-title"), escaped(&before.title), escaped(&self.view.title)));
        let summary = |view: &View| escaped(view.summary.as_deref().unwrap_or("–"));
        rows.push((self.t("what-it-means"), summary(before), summary(self.view)));
        rows.push((self.t("units"), self.units(&before.units).into_string(), self.units(&self.view.units).into_string()));
        // What pages show in their own way is a change all the same.
        let both = |label: &'static str, show: &dyn Fn(&View) -> Markup| {
            (self.t(label), show(before).into_string(), show(self.view).into_string())
        };
        rows.push(both("field-phone", &|view| html! { @for (label, number) in view.phones() { (label) ": " (number) br; } }));
        rows.push(both("position", &|view| html! { @if let Some(at) = view.position { (map::readable(at)) } }));
        rows.push(both("field-link", &|view| html! { (view.link().unwrap_or_default()) }));
        rows.push(both(
            "offers",
            &|view| html! { @for offer in view.merchant().into_iter().flat_map(|merchant| &merchant.offers) { (self.offer(offer)) br; } },
        ));
        rows.push(both("products", &|view| html! { @for product in view.merchant().into_iter().flat_map(|merchant| &merchant.products) { (product_line(product)) br; } }));
        rows.push(both("takes-part", &|view| html! { @for code in view.merchant().into_iter().flat_map(|merchant| &merchant.campaigns) { (self.title_of(*code)) br; } }));
        rows.retain(|(_, a, b)| a != b);
        html! {
            h2 { (self.t("changed-facts")) }
            @if rows.is_empty() { p { (self.t("nothing-changed")) } }
            @else {
                @for (label, a, b) in &rows {
                    h3 { (label) }
                    dl { dt { (self.t("before")) } dd.was { (PreEscaped(a)) } dt { (self.t("after")) } dd { (PreEscaped(b)) } }
                }
            }
        }
    }

    fn changed_areas(&self, before: &Before<'_>) -> Markup {
        let (Some(old), Some(new)) = (before.features, self.features) else { return html! {} };
        let (Some(old_set), Some(new_set)) = (&before.view.features, &self.view.features) else { return html! {} };
        if old_set.area_ha.is_none() || new_set.area_ha.is_none() {
            return html! {};
        }
        if old_set.sha256 == new_set.sha256 {
            return html! { h2 { (self.t("changed-areas")) } p { (self.t("no-area-changed")) } };
        }
        let ((was, _), (is, _)) = (land_use::sums(old, None), land_use::sums(new, None));
        let of = |sums: &[(&str, f64)], code: &str| sums.iter().find(|(known, _)| *known == code).map_or(0.0, |(_, area)| *area);
        let mut rows: Vec<(&str, f64, f64)> = was.iter().chain(&is).map(|(code, _)| (*code, of(&was, code), of(&is, code))).collect();
        rows.sort_by(|a, b| a.0.cmp(b.0));
        rows.dedup_by(|a, b| a.0 == b.0);
        rows.retain(|(_, a, b)| (a - b).abs() >= 0.005);
        rows.sort_by(|a, b| (b.2 - b.1).abs().total_cmp(&(a.2 - a.1).abs()));
        let around = Around::units(self.lang, self.units);
        let alt = format!("{}: {}", self.t("changes-alt"), self.view.title);
        let drawn = map::changes(old, new, &union(&old_set.bbox, &new_set.bbox), &Detail::PHONE, &around, &alt);
        let signed = |value: f64| {
            let sign = if value > 0.0 { "+" } else { "" };
            format!("{sign}{}", format::number(self.lang, value, 2))
        };
        html! {
            h2 { (self.t("changed-areas")) }
            p.note { (self.t("changes-note")) }
            (PreEscaped(drawn))
            (self.exchanged())
            @if !rows.is_empty() {
                (scrolling(self.t("changed-areas"), html! {
                    table {
                        thead { tr {
                            th.n scope="col" { (self.t("before")) ", ha" }
                            th.n scope="col" { (self.t("after")) ", ha" } th.n scope="col" { "±" }
                        } }
                        @for (code, a, b) in &rows {
                            tbody {
                                tr { th colspan="3" scope="rowgroup" { (land_use::swatch(code)) b { (code) } " " @if let Some(entry) = codes::get(code) { (self.lang.pick(&entry.name_vi, &entry.name_en)) } } }
                                tr { td.n { (format::number(self.lang, *a, 2)) } td.n { (format::number(self.lang, *b, 2)) } td.n { (signed(b - a)) } }
                            }
                        }
                    }
                }))
            }
        }
    }
}
