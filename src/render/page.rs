//! The page of an item: one template for every family.

use maud::{Markup, PreEscaped, html};
use serde_json::Value;

use super::layout::{Page, page};
use super::text::{Lang, text};
use super::{format, map, qr};
use crate::domain::city::City;
use crate::domain::document::{Document, DocumentRole};
use crate::domain::land_use;
use crate::domain::publication::Status;
use crate::domain::unit::UnitId;
use crate::domain::view::{Figure, HistoryEntry, Moment, Shown, View};
use crate::export::{FORMATS, Format};
use crate::read_model::features::Features;
use crate::vault::Contact;

/// Everything a page is made of.
pub struct Item<'a> {
    /// The reader's language.
    pub lang: Lang,
    /// The city.
    pub city: &'a City,
    /// The moment shown.
    pub moment: &'a Moment,
    /// The item.
    pub view: &'a View,
    /// Its feature set, if it has one.
    pub features: Option<&'a Features>,
    /// A person to call.
    pub contact: Option<&'a Contact>,
    /// Set when this is one revision's own page.
    pub revision: Option<u32>,
}

impl Item<'_> {
    fn t<'k>(&self, key: &'k str) -> &'k str {
        text(self.lang, key)
    }

    fn language(&self) -> &'static str {
        match self.lang {
            Lang::Vi => "",
            Lang::En => "?lang=en",
        }
    }

    /// The page as HTML.
    pub fn render(&self) -> Result<String, qr::QrError> {
        let view = self.view;
        let code = view.code;
        let path = match self.revision {
            None => format!("/q/{code}"),
            Some(number) => format!("/q/{code}/revisions/{number}"),
        };
        let is_plan = view.features.is_some() || !view.documents.is_empty();
        let content = html! {
            p.kind { (self.t(view.kind)) }
            h1 { (view.title) }
            @if self.revision.is_some() {
                p.note { (self.t("this-revision")) a href={ "/q/" (code) (self.language()) } { (self.t("see-current")) } }
            }
            @if view.kind == "ambulance" { (self.calls()) (self.duty()) (self.status()) } @else { (self.status()) (self.calls()) }
            @if let Some(summary) = &view.summary {
                h2 { (self.t("what-it-means")) }
                p { (summary) }
            }
            @if view.features.is_some() && self.features.is_none() { p.note { strong { (self.t("damaged")) } } }
            (self.map())
            (self.facts())
            (self.land_use())
            (self.places())
            (self.figures())
            (self.documents())
            @if self.revision.is_none() { (self.history_short()) }
            h2 { (self.t("data")) }
            p {
                a href={ (path) ".geojson" } { (self.t("json")) }
                @if self.revision.is_none() {
                    @for format in FORMATS.into_iter().filter(|format| *format != Format::GeoJson) {
                        " · " a href={ (path) "." (format.ending()) } { (format.title()) }
                    }
                    " · " a href={ (path) ".json" } { "JSON" }
                }
            }
            @if self.revision.is_none() { (self.qr_code()?) }
            @if is_plan {
                p.note { strong { (self.t("reference-only")) } }
                @if let Some(decision) = view.documents.iter().find(|d| d.role == DocumentRole::Decision) {
                    p.small { (self.t("decision-digest")) ": " (decision.sha256) }
                }
            }
            p.note { (self.t("updated")) " " (format::moment(self.lang, &self.moment.zone, view.updated)) "." }
        };
        let frame = Page {
            lang: self.lang,
            city: self.city,
            title: &view.title,
            path: &path,
            alternates: vec![("application/geo+json", format!("{path}.geojson"))],
        };
        Ok(page(&frame, content))
    }

    fn status(&self) -> Markup {
        let view = self.view;
        if view.kind == "ambulance" && view.status == Status::InForce && self.revision.is_none() {
            return html! {};
        }
        let class = match view.status {
            Status::InForce => "status good",
            Status::Upcoming => "status wait",
            Status::Expired if view.family == "campaign" => "status",
            _ => "status bad",
        };
        let decision = view.facts.iter().find(|fact| fact.label == "decision").map(|fact| &fact.value);
        let authority = view.facts.iter().find(|fact| fact.label == "authority").map(|fact| &fact.value);
        let signed = view.facts.iter().find(|fact| fact.label == "signed").map(|fact| &fact.value);
        html! {
            div class=(class) role="status" {
                b { (self.t(&view.standing)) }
                @match view.status {
                    Status::InForce | Status::Upcoming => span {
                        (self.t("since")) " " (format::date(view.effective_from))
                        @if let Some(to) = view.effective_to { " " (self.t("until")) " " (format::date(to)) }
                    },
                    Status::Expired => span {
                        @if let Some(to) = view.effective_to { (self.t("ended-on")) " " (format::date(to)) }
                    },
                    _ => {}
                }
                @if let (Some(Shown::Text(number)), Some(Shown::Text(authority)), Some(Shown::Date(signed))) = (decision, authority, signed) {
                    " " (self.t("by-decision")) " " (number) " " (self.t("of-day")) " " (format::date(*signed)) ", " (authority)
                }
                @if let Some((reason, instead, at)) = &view.withdrawn {
                    p { (self.t("withdrawn-because")) ": " (reason) " (" (format::moment(self.lang, &self.moment.zone, *at)) ")" }
                    @if let Some(instead) = instead {
                        p { a href={ "/q/" (instead) (self.language()) } { (self.t("look-instead")) " " (instead) } }
                    }
                }
                @if let Some((by, from)) = &view.superseded {
                    p { (self.t("replaced-by")) " " a href={ "/q/" (by) (self.language()) } { (by) } " " (self.t("from")) " " (format::date(*from)) }
                }
            }
            @if let (Some((number, from)), None) = (view.upcoming, self.revision) {
                div.status.wait {
                    (self.t("upcoming-revision")) " " (self.t("from")) " " (format::date(from)) ". "
                    a href={ "/q/" (view.code) "/revisions/" (number) (self.language()) } { (self.t("see-upcoming")) }
                }
            }
        }
    }

    /// An ambulance's duty and its age come before everything else.
    fn duty(&self) -> Markup {
        let fact = |label| self.view.facts.iter().find(|fact| fact.label == label).map(|fact| &fact.value);
        let Some(duty) = fact("duty").filter(|_| self.revision.is_none() && self.view.status == Status::InForce) else { return html! {} };
        let class = if *duty == Shown::Key("duty-ready".into()) { "status good" } else { "status wait" };
        html! {
            div class=(class) {
                b { (self.shown(duty)) }
                @if let Some(at) = fact("duty-at") { (self.t("duty-at")) " " (self.shown(at)) }
            }
        }
    }

    fn calls(&self) -> Markup {
        let view = self.view;
        let emergency = self.city.emergency.first().filter(|_| view.kind == "ambulance");
        html! {
            @if let Some(number) = emergency {
                a.call href={ "tel:" (number.number) } { (self.t("call")) " " (number.number) " – " (self.lang.pick(&number.label_vi, &number.label_en)) }
                p.note { (self.t("no-dispatch")) }
            }
            @for (label, number) in view.phones.iter().filter(|_| view.status == Status::InForce) {
                a.call.plain href={ "tel:" (number.replace([' ', '.', '-'], "")) } { (self.t("call")) " " (number) " – " (label) }
            }
            @if let Some(contact) = self.contact {
                a.call.plain href={ "tel:" (contact.phone.replace([' ', '.', '-'], "")) } { (self.t("call")) " " (contact.phone) " – " (contact.name) }
            }
        }
    }

    fn map(&self) -> Markup {
        let view = self.view;
        let alt = format!("{}: {}", self.t("map-alt"), view.title);
        let svg = match (view.position, self.features, &view.features) {
            (Some(position), _, _) => Some(map::points(self.city, &[position], self.moment.today, &alt)),
            (None, Some(features), Some(set)) if set.area_ha.is_some() => Some(map::zones(features, &set.bbox, &alt)),
            (None, Some(features), Some(_)) => Some(map::points(self.city, &map::positions(features), self.moment.today, &alt)),
            _ => None,
        };
        html! {
            @if let Some(svg) = svg {
                h2 { (self.t("map")) }
                (PreEscaped(svg))
            }
        }
    }

    fn shown(&self, value: &Shown) -> Markup {
        html! {
            @match value {
                Shown::Text(text) => (text),
                Shown::Key(key) => (text(self.lang, key)),
                Shown::Keys(keys) => @for key in keys { (text(self.lang, key)) " " },
                Shown::Date(date) => (format::date(*date)),
                Shown::Moment(at) => (format::moment(self.lang, &self.moment.zone, *at)),
                Shown::Span(from, to) => { (from) "–" (to) },
            }
        }
    }

    /// Units by the names they had, and by what they belong to today.
    fn units(&self, units: &[UnitId]) -> Markup {
        let table = &self.city.units;
        html! {
            @if units.is_empty() { (self.t("whole-city")) }
            @for (i, id) in units.iter().enumerate() {
                @if i > 0 { ", " }
                @match table.get(id) {
                    None => (id),
                    Some(unit) => {
                        (self.lang.pick(&unit.name_vi, &unit.name_en))
                        @if !unit.is_valid_on(self.moment.today) && unit.valid_from <= self.moment.today {
                            @let names: Vec<&str> = table.at(id, self.moment.today).iter().map(|u| self.lang.pick(&u.name_vi, &u.name_en)).collect();
                            " (" (self.t("now-part-of")) " " (names.join(", ")) ")"
                        }
                    }
                }
            }
        }
    }

    fn facts(&self) -> Markup {
        let view = self.view;
        html! {
            h2 { (self.t("facts")) }
            dl {
                @for fact in &view.facts {
                    dt { (text(self.lang, fact.label)) } dd { (self.shown(&fact.value)) }
                }
                dt { (self.t("units")) } dd { (self.units(&view.units)) }
                dt { (self.t("effective-from")) } dd { (format::date(view.effective_from)) }
                @if let Some(to) = view.effective_to { dt { (self.t("effective-to")) } dd { (format::date(to)) } }
                @if let Some(position) = view.position { dt { (self.t("position")) } dd { (map::readable(position)) } }
                dt { (self.t("revision")) } dd { (view.revision) }
            }
        }
    }

    fn land_use(&self) -> Markup {
        let (Some(features), Some(set)) = (self.features, &self.view.features) else { return html! {} };
        let Some(total) = set.area_ha.filter(|area| *area > 0.0) else { return html! {} };
        let mut sums: Vec<(&str, f64)> = Vec::new();
        for feature in &features.list {
            let Some(code) = features.text_property(feature, "land_use") else { continue };
            let area = features.number_property(feature, "area_ha").unwrap_or(0.0);
            match sums.iter_mut().find(|(known, _)| *known == code) {
                Some((_, sum)) => *sum += area,
                None => sums.push((code, area)),
            }
        }
        if sums.is_empty() {
            return html! {};
        }
        sums.sort_by(|a, b| b.1.total_cmp(&a.1));
        html! {
            h2 { (self.t("land-use")) }
            table {
                thead { tr {
                    th { (self.t("code")) } th { (self.t("land-use-name")) }
                    th.n { (self.t("area")) } th.n { (self.t("share")) }
                } }
                tbody {
                    @for (code, area) in &sums {
                        @let entry = land_use::get(code);
                        tr {
                            td { (swatch(entry.map_or("", |e| e.rgb.as_str()))) strong { (code) } }
                            td { (entry.map_or("", |e| self.lang.pick(&e.name_vi, &e.name_en))) }
                            td.n { (format::number(self.lang, *area, 2)) }
                            td.n { (format::number(self.lang, area / total * 100.0, 1)) }
                        }
                    }
                    tr {
                        td {} td { strong { (self.t("total")) } }
                        td.n { strong { (format::number(self.lang, total, 2)) } } td.n { "100" }
                    }
                }
            }
            p.small { (self.t("area-note")) }
        }
    }

    fn places(&self) -> Markup {
        let (Some(features), Some(set)) = (self.features, &self.view.features) else { return html! {} };
        if set.area_ha.is_some() {
            return html! {};
        }
        html! {
            h2 { (self.t("places")) }
            ol {
                @for feature in &features.list {
                    @let properties = features.parsed_properties(feature);
                    @let field = |name: &str| properties.get(name).and_then(Value::as_str).map(str::to_owned);
                    li {
                        strong { (field("name").unwrap_or_default()) }
                        @if let Some(address) = field("address") { br; (address) }
                        @if let Some(payment) = field("payment") { br; (self.t("payment")) ": " (payment) }
                        @if let Some(offer) = field("offer") { br; (self.t("offer")) ": " (offer) }
                        @if let Some(hours) = field("hours") { br; (self.t("hours")) ": " (hours) }
                    }
                }
            }
        }
    }

    fn figures(&self) -> Markup {
        let figures = &self.view.figures;
        html! {
            @if !figures.is_empty() {
                h2 { (self.t("figures")) }
                table {
                    thead { tr {
                        th { (self.t("figure")) } th.n { (self.t("target")) }
                        th.n { (self.t("actual")) } th.n { (self.t("difference")) }
                    } }
                    tbody { @for figure in figures { (self.figure(figure)) } }
                }
            }
        }
    }

    /// The difference is derived, in points for percentages: “74,8 %, +4,8 điểm %”.
    fn figure(&self, figure: &Figure) -> Markup {
        let unit = if figure.unit == "%" { " %" } else { "" };
        let number = |value: f64| format!("{}{unit}", format::short(self.lang, value));
        let difference = figure.actual.zip(figure.target).map(|(actual, target)| {
            let difference = actual - target;
            let sign = if difference > 0.0 { "+" } else { "" };
            let unit = if figure.unit == "%" { format!(" {}", self.t("points")) } else { String::new() };
            format!("{sign}{}{unit}", format::short(self.lang, (difference * 100.0).round() / 100.0))
        });
        html! {
            tr {
                td { (self.lang.pick(&figure.name_vi, &figure.name_en)) @if figure.unit != "%" { " (" (figure.unit) ")" } }
                td.n { (figure.target.map(number).unwrap_or_default()) }
                td.n { (figure.actual.map(number).unwrap_or_default()) }
                td.n { (difference.unwrap_or_default()) }
            }
        }
    }

    fn documents(&self) -> Markup {
        let view = self.view;
        html! {
            @if !view.documents.is_empty() {
                h2 { (self.t("documents")) }
                ul.list {
                    @for document in &view.documents {
                        li {
                            (self.t(role_key(document))) ": "
                            a href={ "/q/" (view.code) "/documents/" (document.sha256) } { (document.title) }
                            " (" @if let Some(pages) = document.pages { (pages) " " (self.t("pages")) ", " } (format::bytes(self.lang, document.bytes)) ")"
                        }
                    }
                }
            }
        }
    }

    fn history_short(&self) -> Markup {
        html! {
            h2 { (self.t("history")) }
            ul.list { @for entry in self.view.history.iter().take(3) { (self.history_line(entry)) } }
            p { a href={ "/q/" (self.view.code) "/history" (self.language()) } { (self.t("full-history")) } }
        }
    }

    fn history_line(&self, entry: &HistoryEntry) -> Markup {
        let zone = &self.moment.zone;
        html! {
            li {
                a href={ "/q/" (self.view.code) "/revisions/" (entry.number) (self.language()) } {
                    (self.t("revision")) " " (entry.number) ": " (entry.title)
                }
                " " span.tag { (self.t(entry.status.as_str())) }
                br;
                (self.t("effective-from")) " " (format::date(entry.effective_from))
                @if let Some(to) = entry.effective_to { " " (self.t("until")) " " (format::date(to)) }
                ". " (self.t("published-at")) " " (format::moment(self.lang, zone, entry.recorded_at)) "."
                @if let Some(reason) = &entry.cancelled { br; (self.t("cancel-reason")) ": " (reason) }
                @for (at, reason, fields) in &entry.corrections {
                    br; (self.t("corrected")) " " (format::moment(self.lang, zone, *at)) ": " (reason)
                    " (" (self.t("fields")) ": " (fields.join(", ")) ")"
                }
            }
        }
    }

    /// The page of the whole history.
    pub fn render_history(&self) -> String {
        let view = self.view;
        let path = format!("/q/{}/history", view.code);
        let content = html! {
            p.kind { (self.t("history")) }
            h1 { a href={ "/q/" (view.code) (self.language()) } { (view.title) } }
            ul.list { @for entry in &view.history { (self.history_line(entry)) } }
            @if let Some((reason, _, at)) = &view.withdrawn {
                p { strong { (self.t("withdrawn")) } " " (format::moment(self.lang, &self.moment.zone, *at)) ": " (reason) }
            }
        };
        page(&Page { lang: self.lang, city: self.city, title: &view.title, path: &path, alternates: Vec::new() }, content)
    }

    fn qr_code(&self) -> Result<Markup, qr::QrError> {
        let code = self.view.code;
        let matrix = qr::Matrix::new(&qr::address(&self.city.public_url, code))?;
        Ok(html! {
            h2 { (self.t("share-qr")) }
            div.qr {
                (PreEscaped(matrix.svg(self.t("share-qr"))))
                p { (self.t("qr-explain")) br; span.code { (code) } br; (self.city.public_url) }
                p.noprint {
                    a href={ "/q/" (code) "/qr.png?size=1024" } { "PNG" } " · " a href={ "/q/" (code) "/qr.svg" } { "SVG" }
                }
            }
        })
    }
}

/// Colour of a code beside its name, as SVG so that no style attribute is needed.
fn swatch(rgb: &str) -> Markup {
    let fill = if rgb.is_empty() { "#eee" } else { rgb };
    html! { svg.swatch viewBox="0 0 1 1" aria-hidden="true" { path fill=(fill) d="M0 0h1v1H0z"; } }
}

fn role_key(document: &Document) -> &'static str {
    match document.role {
        DocumentRole::Decision => "document-decision",
        DocumentRole::Report => "document-report",
        DocumentRole::Map => "document-map",
        DocumentRole::Source => "document-source",
        DocumentRole::Other => "document-other",
    }
}
