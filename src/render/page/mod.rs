//! The page of an item: one template for every family.
//!
//! It begins with what the item is, whether it holds, since when and by whose decision. The map, the table,
//! the documents and the history follow. Everything here works without a script and without a second
//! request.

mod campaign;
mod changes;
mod extract;
mod facts;
mod history;
mod land_use;
mod line_changes;
mod lot;
mod lots;
mod map;
mod merchant;
mod print;
mod status;

pub use changes::Before;
pub use extract::Extract;
pub use land_use::{sums, swatch};
pub use lot::LotShown;
pub use print::Print;

use maud::{Markup, PreEscaped, html};

use super::glossary::term;
use super::layout::{Page, Preview, page};
use super::map::{Beside, UnitShape};
use crate::domain::city::City;
use crate::domain::document::{Document, DocumentRole};
use crate::domain::mark;
use crate::domain::publication::Status;
use crate::domain::publication::view::Moment;
use crate::domain::publication::view::Shown;
use crate::domain::publication::view::View;
use crate::domain::subject::Contact;
use crate::domain::unit::{Unit, UnitId};
use crate::domain::vietqr::Payee;
use crate::export::{FORMATS, Format};
use crate::features::Features;
use crate::features::cut;
use crate::geometry::area::Area;
use crate::geometry::area::bbox_of;
use crate::geometry::intersects;
use crate::read_model::exchanges::Compared;
use crate::render::qr;
use crate::words::format;
use crate::words::text::Lang;
use crate::words::text::text;

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
    /// Its lines and points, if it is a plan that has them.
    pub beside: Beside<'a>,
    /// What land changed since the earlier revision that it is compared with.
    pub compared: Option<&'a Compared>,
    /// The units valid today, for the map.
    pub units: &'a [UnitShape],
    /// Set when only a unit's part is shown.
    pub extract: Option<&'a Extract>,
    /// The print whose code was scanned.
    pub print: Option<&'a Print>,
    /// The other items that it mentions: those that hang on a board, or that a consultation is about.
    pub others: &'a [View],
    /// A person to call.
    pub contact: Option<&'a Contact>,
    /// Whom one pays there.
    pub payee: Option<&'a Payee>,
    /// Set when this is one revision's own page.
    pub revision: Option<u32>,
    /// Where it is drafted, for what nobody has approved yet: `/office/proposals/CODE`. The page says so, and leads nowhere
    /// where only what is published can be found.
    pub draft: Option<String>,
}

impl Item<'_> {
    fn t<'k>(&self, key: &'k str) -> &'k str {
        text(self.lang, key)
    }

    /// The address of the page, without the language.
    fn path(&self) -> String {
        match (&self.draft, self.revision) {
            (Some(draft), _) => draft.clone(),
            (None, None) => format!("/q/{}", self.view.code),
            (None, Some(number)) => format!("/q/{}/revisions/{number}", self.view.code),
        }
    }

    /// Where the item's files are, up to their digest.
    fn files(&self) -> String {
        self.draft.as_ref().map_or_else(|| format!("/q/{}/documents/", self.view.code), |draft| format!("{draft}/documents/"))
    }

    /// The address that was scanned. It keeps the mark of the print, so that the next pages also say what
    /// is known of the print.
    fn scanned_path(&self) -> String {
        let number = match self.print {
            Some(Print::Of(board)) => board.board().map(|own| own.number),
            Some(Print::NoBoard(number)) => Some(*number),
            _ => None,
        };
        match number {
            Some(number) if self.revision.is_none() => format!("{}.{}", self.path(), mark::of(self.view.code, number)),
            _ => self.path(),
        }
    }

    /// The page as HTML.
    pub fn render(&self) -> Result<String, qr::QrError> {
        let view = self.view;
        let path = self.path();
        let has_originals = view.features.is_some() || !view.documents.is_empty();
        let (is_false, print) = self.print_note();
        let land_use = self.land_use();
        let drawn = html! { (self.map()) @if self.draft.is_none() { (self.unit_links()) } };
        let own = html! { (self.lots()) (self.payee()?) (self.trade()) (self.places()) (self.taking_part()) (self.figures()) };
        let decided = html! { (self.facts()) (self.documents()) };
        let is_live = self.revision.is_none() && self.draft.is_none();
        let published = html! {
            @if is_live { (self.history_short()) }
            @if self.draft.is_none() { (self.open_data(&path)) }
            @if is_live { (self.qr_code()?) }
        };
        let content = html! {
            @if self.draft.is_some() { div.status.bad { b { (self.t("draft-mark")) } } }
            p.kind { (term(self.lang, view.kind)) }
            h1 { (view.title) }
            @if self.revision.is_some() {
                p.note { (self.t("this-revision")) a href={ "/q/" (view.code) (self.lang.query()) } { (self.t("see-current")) } }
            }
            @if is_false { (print) }
            @if view.fact("duty").is_some() { (self.calls()) (self.duty()) (self.status()) } @else { (self.status()) (self.calls()) }
            @if !is_false { (print) }
            (self.extract_note())
            @if self.draft.is_none() { (self.keep()) }
            (self.about())
            @if let Some(link) = view.link().filter(|_| view.status == Status::InForce) { a.call.plain href=(link) rel="noopener" { (self.t("open-service")) } p.note { (link) } }
            (self.pays())
            @if let Some(summary) = &view.summary {
                h2 { (self.t("what-it-means")) }
                p { (summary) }
            }
            @if view.features.is_some() && self.features.is_none() { p.note { strong { (self.t("damaged")) } } }
            (self.postings())
            // A plan has its key beside its map, and below them what was decided beside what was published. On a phone all of it
            // comes in this order.
            @if land_use.0.is_empty() {
                div.sides { div { (drawn) (own) } div { (decided) (published) } }
            } @else {
                div.sides.keyed { div { (drawn) } div { (land_use) } }
                (own)
                div.sides { div { (decided) } div { (published) } }
            }
            @if has_originals {
                p.note { strong { (self.t("reference-only")) } }
                @if let Some(decision) = view.documents.iter().find(|d| d.role == DocumentRole::Decision) {
                    p.small { (self.t("decision-digest")) ": " (decision.sha256) }
                }
            }
            @if self.draft.is_none() { p.noprint { a href={ "/q/" (view.code) "/report" (self.lang.query()) } { (self.t("report")) } } }
            p.note { (self.t("updated")) " " (format::moment(self.lang, &self.moment.zone, view.updated)) "." }
        };
        if self.draft.is_some() {
            return Ok(page(&Page::new(self.lang, self.city, &view.title, &path), content));
        }
        let scanned = self.scanned_path();
        let shown_path = match self.extract {
            Some(extract) => format!("{scanned}?unit={}", extract.unit.id),
            None => scanned,
        };
        let url = &self.city.public_url;
        let mut description = format!("{} – {}", self.t(view.kind), self.t(&view.standing));
        // What is over has no first day that still matters.
        if matches!(view.status, Status::InForce | Status::Upcoming) && view.standing != "works-over" {
            description = format!("{description} {} {}", self.t(self.since_key()), format::date(view.effective_from));
        }
        let preview =
            Preview { description, image: format!("{url}/q/{}/preview.png{}", view.code, self.lang.query()), url: format!("{url}{path}") };
        let frame = Page { preview: Some(preview), ..Page::new(self.lang, self.city, &view.title, &shown_path) };
        let frame = frame.alternate("application/geo+json", format!("{path}.geojson"));
        Ok(page(&frame, content))
    }

    /// Links to what a phone can keep: the days for its calendar, the number for its address book.
    fn keep(&self) -> Markup {
        let view = self.view;
        let holds = matches!(view.status, Status::InForce | Status::Upcoming) && self.revision.is_none();
        html! {
            @if let Some(day) = view.next_day().filter(|_| holds) {
                p.next { (self.t("next-day")) ": " b { (format::day_in_words(self.lang, self.moment.today, day)) } }
            }
            @if holds { (self.next_days()) }
            @if view.calendar().is_some() {
                // Whoever has added it needs the file that takes it out again.
                p.noprint { a href={ "/q/" (view.code) ".ics" } { (self.t(if holds { "add-to-calendar" } else { "update-calendar" })) } }
            }
            @if view.position.is_some() && !view.phones().is_empty() && holds { p.noprint { a href={ "/q/" (view.code) ".vcf" } { (self.t("add-to-contacts")) } } }
        }
    }

    /// The item that a consultation is about.
    fn about(&self) -> Markup {
        let Some(about) = self.view.about() else { return html! {} };
        let title = self.others.iter().find(|view| view.code == about).map_or(about.as_str(), |view| view.title.as_str());
        html! { p { (self.t("about")) ": " a href={ "/q/" (about) (self.lang.query()) } { (title) } } }
    }

    fn shown(&self, value: &Shown) -> Markup {
        html! {
            @match value {
                Shown::Text(text) => (text),
                Shown::Key(key) => (text(self.lang, key)),
                Shown::Keys(keys) => @for (i, key) in keys.iter().enumerate() { @if i > 0 { ", " } (text(self.lang, key)) },
                Shown::Date(date) => (format::date(*date)),
                Shown::Day(day) => (format::day_in_words(self.lang, self.moment.today, *day)),
                Shown::Moment(at) => (format::moment(self.lang, &self.moment.zone, *at)),
                Shown::Span(from, to) => { (from) "–" (to) },
                Shown::Said(said) => (said.text(self.lang)),
            }
        }
    }

    fn unit_name<'u>(&self, unit: &'u Unit) -> &'u str {
        self.lang.pick(&unit.name_vi, &unit.name_en)
    }

    /// Lists units by the names they had, with the units that they belong to today.
    fn units(&self, units: &[UnitId]) -> Markup {
        let table = &self.city.units;
        html! {
            @if units.is_empty() { (self.t("whole-city")) }
            @for (i, id) in units.iter().enumerate() {
                @if i > 0 { ", " }
                @match table.get(id) {
                    None => (id),
                    Some(unit) => {
                        (self.unit_name(unit))
                        @if !unit.is_valid_on(self.moment.today) && unit.valid_from <= self.moment.today {
                            @let names: Vec<&str> = table.at(id, self.moment.today).iter().map(|u| self.unit_name(u)).collect();
                            " (" (self.t("now-part-of")) " " (names.join(", ")) ")"
                        }
                    }
                }
            }
        }
    }

    /// Says which part is shown, and links to the whole.
    fn extract_note(&self) -> Markup {
        let Some(extract) = self.extract else { return html! {} };
        let today: Vec<&Unit> = self.city.units.at(&extract.unit.id, self.moment.today);
        let moved = !extract.unit.is_valid_on(self.moment.today);
        let (own, scanned) = (self.path(), self.scanned_path());
        // A board's print opens at its own unit, so the whole has to be asked for.
        let whole = if own == scanned { own + self.lang.query() } else { format!("{scanned}?unit=all{}", self.lang.and()) };
        html! {
            div.status.part {
                b { (self.t("part-of-unit")) " " (self.unit_name(&extract.unit)) }
                @if moved {
                    (self.t("now-part-of")) " " (today.iter().map(|unit| self.unit_name(unit)).collect::<Vec<_>>().join(", ")) ". "
                }
                @match &extract.pieces {
                    None => { (self.t("part-unknown")) " " }
                    Some(pieces) if pieces.is_empty() => { (self.t("part-empty")) " " }
                    Some(_) => {}
                }
                a href=(whole) { (self.t("see-whole")) }
            }
        }
    }

    /// Links to the parts in today's units.
    fn unit_links(&self) -> Markup {
        let Some(set) = self.view.features.as_ref().filter(|_| self.view.feature_collection.is_some() && self.features.is_some()) else {
            return html! {};
        };
        let meets = |unit: &&UnitShape| !unit.rings.is_empty() && intersects(&bbox_of(&unit.rings), &set.bbox);
        let own_features = self.features;
        let has_part = |unit: &&UnitShape| {
            let area = || Area::new(unit.rings.clone());
            own_features.is_some_and(|features| area().is_some_and(|area| cut::meets(&area, features)))
        };
        let drawn: Vec<&UnitShape> = self.units.iter().filter(meets).filter(has_part).collect();
        if drawn.len() < 2 {
            return html! {};
        }
        let own = self.extract.map(|extract| &extract.unit.id);
        html! {
            p.noprint {
                (self.t("your-unit")) " "
                @for (i, unit) in drawn.iter().enumerate() {
                    @if i > 0 { " · " }
                    @if own == Some(&unit.id) { strong { (unit.name) } }
                    @else { a href={ (self.scanned_path()) "?unit=" (unit.id) (self.lang.and()) } { (unit.name) } }
                }
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
                            a href={ (self.files()) (document.sha256) } { (document.title) }
                            " (" @if let Some(pages) = document.pages { (pages) " " (self.t(if pages == 1 { "page" } else { "pages" })) ", " } (format::bytes(self.lang, document.bytes)) ")"
                        }
                    }
                }
            }
        }
    }

    fn open_data(&self, path: &str) -> Markup {
        html! {
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
        }
    }

    fn qr_code(&self) -> Result<Markup, qr::QrError> {
        let code = self.view.code;
        let matrix = qr::Matrix::new(&qr::address(&self.city.public_url, code, None))?;
        // On the page of a part, only that part is printed.
        let part =
            self.extract.map_or_else(|| self.lang.query().to_owned(), |extract| format!("?unit={}{}", extract.unit.id, self.lang.and()));
        Ok(html! {
            h2 { (self.t("share-qr")) }
            div.qr {
                (PreEscaped(matrix.svg(self.t("share-qr"))))
                p { (self.t("qr-explain")) br; span.code { (code) } br; (self.city.public_url) }
                p.noprint {
                    a href={ "/q/" (code) "/qr.png?size=1024" } { "PNG" } " · " a href={ "/q/" (code) "/qr.svg" } { "SVG" }
                    " · " a href={ "/q/" (code) "/poster.pdf" (part) } { (self.t("poster")) }
                    " · " a href={ "/q/" (code) "/stickers.pdf" (self.lang.query()) } { (self.t("stickers")) }
                }
            }
        })
    }
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
