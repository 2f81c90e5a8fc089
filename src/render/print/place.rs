//! What the plans say of a place, on one sheet of paper: what offices are asked for on a form of its own.

use super::Size;
use super::canvas::{Canvas, LEADING, bold, regular};
use super::fonts::{Weight, fitting, on_one_line};
use super::pdf::{About, Layer, Pdf, PrintError, tree};
use crate::domain::city::City;
use crate::domain::land_use;
use crate::domain::publication::Status;
use crate::domain::publication::view::Moment;
use crate::features::Features;
use crate::geometry::Bbox;
use crate::read_model::here::{Here, PlanHere, ZoneHere};
use crate::render::here::Asked;
use crate::render::indicators;
use crate::render::map::{self, Around, Beside, Detail};
use crate::render::qr::{self, Level, Matrix};
use crate::render::streets::{self, Subject};
use crate::words::format;
use crate::words::text::{Lang, text};

/// Free margin on every side, millimetres.
const MARGIN: f64 = 12.0;
/// The map's width and height, millimetres.
const MAP: [f64; 2] = [118.0, 92.0];
/// Side of the code with its quiet zone, millimetres.
const CODE: f64 = 52.0;
/// Where the plans end, and the foot begins, millimetres from the top.
const FOOT: f64 = 262.0;
/// Zones of a plan that are written; what is beyond is on the page.
const ZONES: usize = 6;
/// Room above a row of the table, millimetres.
const ROW: f64 = 1.0;

/// What is drawn on the sheet's map.
pub struct MapOfPlace<'a> {
    /// The plan's areas.
    pub features: &'a Features,
    /// Its lines and points.
    pub beside: Beside<'a>,
    /// The box that is shown, degrees.
    pub bbox: Bbox,
    /// The parcel's rings in 10⁻⁷ degrees; none for a point.
    pub outline: &'a [Vec<[i64; 2]>],
}

/// The sheet of a place.
pub struct PlaceSheet<'a> {
    /// The reader's language.
    pub lang: Lang,
    /// The city.
    pub city: &'a City,
    /// The moment of printing.
    pub moment: &'a Moment,
    /// The place, and what applies there.
    pub asked: &'a Asked<'a>,
    /// The map of the most detailed plan; none where no plan applies.
    pub map: Option<MapOfPlace<'a>>,
}

impl PlaceSheet<'_> {
    fn t<'k>(&self, key: &'k str) -> &'k str {
        text(self.lang, key)
    }

    /// The sheet as a PDF file of one page.
    pub fn pdf(&self) -> Result<Vec<u8>, PrintError> {
        let [width, height] = Size::A4.millimetres();
        let room = width - 2.0 * MARGIN;
        let mut page = Canvas::new(width, height);
        let city = self.lang.pick(&self.city.name_vi, &self.city.name_en);
        page.line(MARGIN, 17.0, &format!("{} {city}", self.t("board")), bold(4.6));
        page.rule(MARGIN, 19.5, room, 0.5);
        page.line(MARGIN, 29.0, self.t("place-sheet"), bold(7.6));
        let mut y = page.paragraph(MARGIN, 31.5, room, 2, &self.place(), regular(4.2));
        y = page.paragraph(MARGIN, y, room, 1, &format!("{} {}", self.t("place-sheet-at"), self.now()), regular(3.6)) + 2.0;
        let map = self.map.as_ref().map(|map| self.draw(map));
        let place = [MARGIN, y, MAP[0], MAP[1]];
        if map.is_some() {
            page.rectangle(place, "#fff", Some(0.3));
            self.code(&mut page, width - MARGIN - CODE, y)?;
            y += MAP[1] + 3.0;
            y = self.legend(&mut page, y, room);
        }
        y = self.plans(&mut page, y, room);
        if self.asked.here.plans.is_empty() {
            page.paragraph(MARGIN, y, room, 3, self.t("nothing-applies"), bold(4.6));
        }
        let mut foot = page.paragraph(MARGIN, FOOT + 2.0, room, 3, self.t("lot-certificate"), bold(3.8));
        foot = page.paragraph(MARGIN, foot, room, 2, self.t("reference-only"), regular(3.4));
        let contact = self.lang.pick(&self.city.contact_vi, &self.city.contact_en);
        let phone = self.city.phone.as_ref().map(|phone| format!(" · {phone}")).unwrap_or_default();
        page.paragraph(MARGIN, foot, room, 1, &format!("{contact}{phone}"), regular(3.4));
        let base = tree(&page.finish())?;
        let drawn = map.as_deref().map(tree).transpose()?;
        let mut layers = vec![Layer { tree: &base, place: [0.0, 0.0, width, height] }];
        layers.extend(drawn.as_ref().map(|drawn| Layer { tree: drawn, place }));
        let about = About { title: self.t("place-sheet"), author: city, language: self.lang.code(), at: self.moment.now };
        let mut pdf = Pdf::new(&about)?;
        pdf.page(width, height, &layers)?;
        pdf.finish()
    }

    /// The plan of the map and of the code: the most detailed one with areas there.
    fn shown(&self) -> Option<&PlanHere> {
        shown(self.asked.here)
    }

    /// Which place it is: its unit, its area or its position.
    fn place(&self) -> String {
        let (spot, here) = (self.asked.spot, self.asked.here);
        let unit = here.unit.as_ref().and_then(|id| self.city.units.get(id));
        let unit = unit.map(|unit| format!(", {}", self.lang.pick(&unit.name_vi, &unit.name_en))).unwrap_or_default();
        match here.parcel_m2 {
            Some(area) => {
                let at = map::readable(spot.at);
                format!("{} {} m²{unit} ({at})", self.t("parcel-of"), format::number(self.lang, area, 1))
            }
            None => format!("{}{unit}", map::readable(spot.at)),
        }
    }

    fn now(&self) -> String {
        format::clock(&self.moment.zone, self.moment.today, self.moment.now)
    }

    /// The map, in five units a millimetre.
    fn draw(&self, map: &MapOfPlace<'_>) -> String {
        let mark = map.outline.is_empty().then_some([self.asked.spot.at.lon, self.asked.spot.at.lat]);
        let around = Around { mark, beside: map.beside, outline: map.outline, ..Around::bare(self.lang) };
        let detail = Detail { each: true, smallest: 0, ..Detail::print(MAP[0], MAP[1]) };
        map::zones(map.features, &map.bbox, &detail, &around, self.t("map-alt")).svg
    }

    /// What the map's lines are, four in a row; gives the y position below.
    fn legend(&self, page: &mut Canvas, top: f64, room: f64) -> f64 {
        let Some(map) = &self.map else { return top };
        let kinds = map::kinds(&map.beside, &map.bbox, &Detail::print(MAP[0], MAP[1]));
        for (i, kind) in kinds.iter().enumerate() {
            let (x, y) = (MARGIN + (i % 4) as f64 * room / 4.0, top + (i / 4) as f64 * 4.4);
            page.drawing([x, y, 8.0, 3.0], &map::sample(*kind, 24.0, 9.0));
            let words = self.t(&format!("line-{}", kind.as_str())).to_owned();
            page.line(x + 9.0, y + 2.6, &words, regular(on_one_line(&words, Weight::Regular, room / 4.0 - 10.0, 3.0)));
        }
        top + kinds.len().div_ceil(4) as f64 * 4.4 + 1.5
    }

    /// The code of the most detailed plan, and its letters.
    fn code(&self, page: &mut Canvas, left: f64, top: f64) -> Result<(), PrintError> {
        let Some(plan) = self.shown() else { return Ok(()) };
        let matrix = Matrix::with_level(&qr::address(&self.city.public_url, plan.view.code, None), Level::Q)?;
        page.drawing([left, top, CODE, CODE], &matrix.svg(self.t("share-qr")));
        let middle = left + CODE / 2.0;
        page.line(middle, top + CODE + 5.5, plan.view.code.as_str(), bold(5.6).middle());
        page.paragraph(left, top + CODE + 8.0, CODE, 4, self.t("place-sheet-code"), regular(3.2));
        Ok(())
    }

    /// What each plan says, the more detailed one first, as long as there is room.
    fn plans(&self, page: &mut Canvas, top: f64, room: f64) -> f64 {
        let mut y = top;
        let plans = &self.asked.here.plans;
        for (n, plan) in plans.iter().enumerate() {
            let lines = self.lines_of(plan);
            let high = 15.5 + lines.iter().map(Line::high).sum::<f64>();
            if y + high > FOOT - 5.0 && n > 0 {
                let more = format!("{} {}", plans.len() - n, self.t("place-sheet-more"));
                return page.paragraph(MARGIN, y, room, 1, &more, bold(3.6));
            }
            let title = fitting(&plan.view.title, Weight::Bold, room, 1, &[4.2, 3.8, 3.4, 3.0]);
            y = page.paragraph(MARGIN, y, room, 1, &plan.view.title, bold(title));
            y = page.paragraph(MARGIN, y, room, 2, &self.standing_of(plan), regular(3.1));
            for line in lines {
                if y > FOOT - 9.0 {
                    y = page.paragraph(MARGIN + 3.0, y, room - 3.0, 1, self.t("place-sheet-cut"), bold(3.3));
                    break;
                }
                y = line.draw(page, y, room);
            }
            y += 2.0;
        }
        y
    }

    fn standing_of(&self, plan: &PlanHere) -> String {
        let view = &plan.view;
        let since = if view.status == Status::Upcoming { "from-day" } else { "since" };
        let decision = match (view.told("decision"), view.told("authority"), view.signed()) {
            (Some(number), Some(authority), Some(signed)) => {
                format!(" · {} {number} {} {}, {authority}", self.t("by-decision"), self.t("of-day"), format::date(signed))
            }
            _ => String::new(),
        };
        format!("{} · {} {} {}{decision}", self.t(view.kind), self.t(&view.standing), self.t(since), format::date(view.effective_from))
    }

    /// What a plan says there: what takes land, then the table of its lots or zones.
    fn lines_of(&self, plan: &PlanHere) -> Vec<Line> {
        // What takes land comes first: it must not be cut.
        let subject = Subject::of(self.asked.here.parcel_m2);
        let said = plan.streets.iter().flat_map(|said| streets::sentences(said, subject)).chain(streets::of_areas(plan));
        let mut lines: Vec<Line> = said.map(|said| Line::words(said.text(self.lang), 3.5)).collect();
        let number = |value: f64| format::number(self.lang, value, 1);
        if plan.zones.iter().any(|zone| zone.area_m2.is_some()) {
            lines.push(Line { numbers: Some(["m²".into(), "%".into()]), ..Line::words(self.t("land-use-name").to_owned(), 3.1) });
        }
        for zone in plan.zones.iter().take(ZONES) {
            let numbers = zone.area_m2.zip(zone.share).map(|(area, share)| [number(area), number(share)]);
            lines.push(Line { numbers, is_row: true, ..Line::words(self.zone_words(zone), 3.5) });
            let lot = zone.lot.as_ref();
            lines.extend(lot.and_then(|lot| indicators::sentence(self.lang, &lot.indicators)).map(|said| Line::words(said, 3.3)));
            lines.extend(lot.and_then(|lot| lot.conditions.clone()).map(|said| Line::words(said, 3.0)));
        }
        if let Some(more) = plan.zones.get(ZONES..).filter(|more| !more.is_empty()) {
            let sum = |value: fn(&ZoneHere) -> Option<f64>| more.iter().filter_map(value).sum::<f64>();
            let numbers = more[0].area_m2.map(|_| [number(sum(|zone| zone.area_m2)), number(sum(|zone| zone.share))]);
            lines.push(Line { numbers, is_row: true, ..Line::words(format!("{} ({})", self.t("more-zones"), more.len()), 3.1) });
        }
        if let Some(rest) = plan.uncovered_m2 {
            let numbers = Some([number(rest), String::new()]);
            lines.push(Line { numbers, is_row: true, ..Line::words(self.t("uncovered").to_owned(), 3.3) });
        }
        lines
    }

    /// A zone in a line: its lot, its use, and how much of the parcel it takes.
    fn zone_words(&self, zone: &ZoneHere) -> String {
        let lot =
            zone.lot.as_ref().and_then(|lot| lot.number.as_ref()).map(|number| format!("{} {number}: ", self.t("lot"))).unwrap_or_default();
        let named =
            land_use::get(&zone.land_use).map(|entry| format!("{} – {}", entry.code, self.lang.pick(&entry.name_vi, &entry.name_en)));
        let named = named.unwrap_or_else(|| zone.name.clone().unwrap_or_else(|| self.t("in-no-class").to_owned()));
        format!("{lot}{named}")
    }
}

/// A line of what a plan says.
struct Line {
    words: String,
    /// Size of its letters, millimetres.
    size: f64,
    /// Square metres and percent.
    numbers: Option<[String; 2]>,
    /// True where a row of the table begins.
    is_row: bool,
}

impl Line {
    fn words(words: String, size: f64) -> Self {
        Self { words, size, numbers: None, is_row: false }
    }

    fn high(&self) -> f64 {
        self.size * LEADING + if self.is_row { ROW } else { 0.0 }
    }

    /// Draws it; gives the y position below.
    fn draw(&self, page: &mut Canvas, top: f64, room: f64) -> f64 {
        let (left, mut y) = (MARGIN + 3.0, top);
        if self.is_row {
            y += ROW;
            page.rule(left, y - ROW / 2.0, room - 3.0, 0.15);
        }
        let style = if self.size > 3.4 { bold(self.size) } else { regular(self.size) };
        let Some(numbers) = &self.numbers else { return page.paragraph(left, y, room - 3.0, 2, &self.words, style) };
        let right = MARGIN + room;
        for (number, x) in numbers.iter().zip([right - 16.0, right]) {
            page.line(x, y + self.size, number, regular(self.size).end());
        }
        page.paragraph(left, y, room - 3.0 - 40.0, 2, &self.words, style)
    }
}

/// The plan of which the sheet shows the map and the code.
pub fn shown(here: &Here) -> Option<&PlanHere> {
    here.plans.iter().find(|plan| !plan.zones.is_empty()).or(here.plans.first())
}

/// The box that the map of a place shows: the parcel with its surroundings, degrees.
pub fn box_of(here: &Here, outline: &[Vec<[i64; 2]>], [lon, lat]: [f64; 2]) -> Bbox {
    let own = if outline.is_empty() || here.parcel_m2.is_none() { [lon, lat, lon, lat] } else { crate::geometry::area::bbox_of(outline) };
    let [west, south, east, north] = own;
    // Some sixty metres at least on each side.
    let room = |from: f64, to: f64| ((to - from) * 0.8).max(0.0006);
    let (x, y) = (room(west, east), room(south, north));
    [west - x, south - y, east + x, north + y]
}
