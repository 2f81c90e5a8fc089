//! The page of one lot, and the table of all.

use maud::{Markup, PreEscaped, html};
use serde_json::{Map, Value};

use super::Item;
use super::land_use::swatch;
use crate::domain::land_use;
use crate::domain::lot_indicators::Indicators;
use crate::domain::plan::lot_key;
use crate::geometry::Bbox;
use crate::read_model::streets::Streets;
use crate::render::layout::{Page, language_field, page};
use crate::render::map::{self, Around, Detail};
use crate::render::streets::{self, Subject};
use crate::render::{indicators, qr};
use crate::words::fold::fold;
use crate::words::format;

/// Most lots that the table lists at once.
const LISTED: usize = 300;
/// How much of its neighbours the map of a lot shows, in sizes of the lot.
const AROUND: f64 = 1.6;
/// The least that it shows on each side, degrees: some 40 m.
const LEAST: f64 = 0.0004;

/// A lot to be shown: its place in the set, and what the plan's lines say of it.
pub struct LotShown {
    /// Its index in the set.
    pub index: usize,
    /// What the lines say; none for a plan without lines.
    pub streets: Option<Streets>,
}

fn number_of(lot: &Map<String, Value>) -> &str {
    lot.get("lot").and_then(Value::as_str).unwrap_or("–")
}

/// The address of a lot's page; none for a lot without a number.
pub(super) fn path_of(code: crate::domain::Code, lot: &Map<String, Value>) -> Option<String> {
    let key = lot_key(lot.get("lot")?.as_str()?);
    (!key.is_empty()).then(|| format!("/q/{code}/lots/{key}"))
}

impl Item<'_> {
    /// What a lot is for: its class, or the plan's own words where it is in none.
    pub(super) fn use_of<'l>(&'l self, lot: &'l Map<String, Value>) -> &'l str {
        let code = lot.get("land_use").and_then(Value::as_str).unwrap_or_default();
        match land_use::get(code) {
            Some(entry) => self.lang.pick(&entry.name_vi, &entry.name_en),
            None => lot.get("name").and_then(Value::as_str).unwrap_or_else(|| self.t("in-no-class")),
        }
    }

    /// A row of a table of lots: its number, its use, and what may be built.
    pub(super) fn lot_row(&self, lot: &Map<String, Value>) -> Markup {
        let said = indicators::said(self.lang, &Indicators::of(lot));
        let code = lot.get("land_use").and_then(Value::as_str).unwrap_or_default();
        let path = path_of(self.view.code, lot).filter(|_| self.draft.is_none() && self.revision.is_none());
        html! {
            tr {
                th.n scope="row" {
                    (swatch(code))
                    @match path {
                        Some(path) => a href={ (path) (self.lang.query()) } { b { (number_of(lot)) } },
                        None => b { (number_of(lot)) },
                    }
                }
                td { (self.use_of(lot)) @if !said.is_empty() { br; span.note { (said.join(", ")) } } }
            }
        }
    }

    /// The table of all lots, or of those whose number or use has the words that were asked for.
    pub fn render_lots(&self, asked: &str) -> String {
        let words = fold(asked);
        let features = self.features.filter(|_| self.has_lots());
        let all = features.iter().flat_map(|features| features.list.iter().map(|lot| features.parsed_properties(lot)));
        let has = |lot: &Map<String, Value>| {
            let key = lot_key(asked);
            let number = number_of(lot);
            words.is_empty()
                || fold(number).contains(&words)
                || !key.is_empty() && lot_key(number).contains(&key)
                || fold(self.use_of(lot)).contains(&words)
                || lot.get("land_use").and_then(Value::as_str).is_some_and(|code| fold(code) == words)
        };
        let found: Vec<Map<String, Value>> = all.filter(has).collect();
        let path = format!("/q/{}/lots", self.view.code);
        let content = html! {
            p.kind { a href={ "/q/" (self.view.code) (self.lang.query()) } { (self.view.title) } }
            h1 { (self.t("lots")) " (" (found.len()) ")" }
            (self.status())
            form action=(path) method="get" role="search" {
                label.above for="q" { (self.t("lots-search")) }
                input id="q" type="search" name="q" value=(asked) maxlength="60" autocomplete="off";
                (language_field(self.lang))
                button { (self.t("search")) }
            }
            @if found.is_empty() { p { (self.t("lots-none")) } }
            table { tbody { @for lot in found.iter().take(LISTED) { (self.lot_row(lot)) } } }
            @if found.len() > LISTED { p { (self.t("lots-more")) } }
            p.note { (self.t("lot-certificate")) }
        };
        page(&Page::new(self.lang, self.city, &format!("{} – {}", self.t("lots"), self.view.title), &path), content)
    }

    /// The page of the lots with one key; mostly that is one lot.
    pub fn render_lot(&self, key: &str, lots: &[LotShown]) -> Result<String, qr::QrError> {
        let Some(features) = self.features else { return Ok(String::new()) };
        let matrix = qr::Matrix::new(&qr::address_of_lot(&self.city.public_url, self.view.code, key))?;
        let path = format!("/q/{}/lots/{key}", self.view.code);
        let first = lots.first().and_then(|lot| features.list.get(lot.index));
        let number = first.map(|lot| number_of(&features.parsed_properties(lot)).to_owned()).unwrap_or_default();
        let title = format!("{} {number}", self.t("lot"));
        let content = html! {
            p.kind { a href={ "/q/" (self.view.code) (self.lang.query()) } { (self.view.title) } }
            h1 { (title) }
            (self.status())
            @if lots.len() > 1 { p.note { strong { (self.t("lots-same-number")) } } }
            @for lot in lots {
                @if let Some(feature) = features.list.get(lot.index) {
                    @let said = features.parsed_properties(feature);
                    @if lots.len() > 1 { h2 { (self.t("lot")) " " (number_of(&said)) } }
                    (self.one_lot(lot, &said))
                }
            }
            p.note { (self.t("lot-certificate")) }
            p.noprint { a href={ "/q/" (self.view.code) "/lots" (self.lang.query()) } { (self.t("lots-all")) } }
            h2 { (self.t("lot-code")) }
            div.qr {
                (PreEscaped(matrix.svg(self.t("lot-code"))))
                p { (self.t("lot-code-help")) br; span.code { (self.view.code) } br; (number) }
            }
            p.note { strong { (self.t("reference-only")) } " " (format::clock(&self.moment.zone, self.moment.today, self.moment.now)) "." }
        };
        Ok(page(&Page::new(self.lang, self.city, &title, &path), content))
    }

    fn one_lot(&self, shown: &LotShown, lot: &Map<String, Value>) -> Markup {
        let code = lot.get("land_use").and_then(Value::as_str).unwrap_or_default();
        let own = Indicators::of(lot);
        let area = lot.get("area_ha").and_then(Value::as_f64).map(|hectares| hectares * 10_000.0);
        let text = |name: &str| lot.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        html! {
            p { (swatch(code)) @if !code.is_empty() { b { (code) } " " } b { (self.use_of(lot)) } }
            @if let Some(sentence) = indicators::sentence(self.lang, &own) { p.next { (sentence) } }
            @if let Some(said) = &shown.streets { (streets::words(self.lang, said, Subject::Lot)) }
            @if let Some(conditions) = text("conditions") { p { (conditions) } }
            (self.map_of_lot(shown.index))
            dl {
                @if let Some(area) = area { dt { (self.t("lot-area")) } dd { (format::number(self.lang, area, 1)) " m²" } }
                @for (indicator, stated) in own.stated() {
                    dt { (self.t(&format!("indicator-{}", indicator.key()))) } dd { (indicators::value(self.lang, *indicator, *stated)) }
                }
                @if let Some(name) = text("name").filter(|_| !code.is_empty()) { dt { (self.t("field-name")) } dd { (name) } }
                @if let Some(note) = text("note") { dt { (self.t("field-note")) } dd { (note) } }
            }
            @if let Some([lon, lat]) = self.middle_of(shown.index) {
                p.noprint { a href={ "/here?lon=" (lon) "&lat=" (lat) (self.lang.and()) } { (self.t("lot-here")) } }
            }
        }
    }

    /// A position inside a lot, longitude and latitude in degrees.
    fn middle_of(&self, index: usize) -> Option<[f64; 2]> {
        use geo::InteriorPoint;
        let features = self.features?;
        let point = features.shape(features.list.get(index)?)?.interior_point()?;
        Some([point.x(), point.y()].map(|degrees| (degrees * 1e6).round() / 1e6))
    }

    /// The lot among its neighbours.
    fn map_of_lot(&self, index: usize) -> Markup {
        let Some((features, lot)) = self.features.and_then(|features| Some((features, features.list.get(index)?))) else { return html! {} };
        let [west, south, east, north] = lot.bbox();
        let room = |from: f64, to: f64| ((to - from) * AROUND / 2.0).max(LEAST);
        let (x, y) = (room(west, east), room(south, north));
        let bbox: Bbox = [west - x, south - y, east + x, north + y];
        let outline = features.rings(lot);
        let around = Around { beside: self.beside, outline: &outline, ..Around::bare(self.lang) };
        let drawing = map::zones(features, &bbox, &Detail::EXTRACT, &around, self.t("map-alt"));
        html! { (PreEscaped(drawing.svg)) (self.line_legend(&bbox)) }
    }
}
