//! The poster of a month: what is on each day in a ward, on one page of A4.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;

use super::Size;
use super::canvas::{Canvas, bold, regular};
use super::fonts::{Weight, fitting};
use super::pdf::{About, Layer, Pdf, PrintError, tree};
use crate::domain::city::City;
use crate::domain::publication::view::Moment;
use crate::domain::unit::Unit;
use crate::read_model::today::On;
use crate::render::qr::Matrix;
use crate::render::today::{cancelled, hours};
use crate::words::format;
use crate::words::text::{Lang, text};

/// Free margin on every side, millimetres.
const MARGIN: f64 = 12.0;
/// Height of a week, millimetres.
const WEEK: f64 = 21.0;
/// Side of the code with its quiet zone, millimetres.
const CODE: f64 = 42.0;
/// Where the foot begins, millimetres from the top.
const FOOT: f64 = 248.0;
/// So many occasions have room for what they offer.
const FEW: usize = 4;
/// Numbers that stand in a day's cell.
const IN_CELL: usize = 8;

/// A month in the city or one of its units.
pub struct Month<'a> {
    /// The reader's language.
    pub lang: Lang,
    /// The city.
    pub city: &'a City,
    /// The moment of printing.
    pub moment: &'a Moment,
    /// The month's first day.
    pub first: Date,
    /// The unit; none means the whole city.
    pub unit: Option<&'a Unit>,
    /// What is on in that month.
    pub on: &'a [On],
}

impl Month<'_> {
    fn t<'k>(&self, key: &'k str) -> &'k str {
        text(self.lang, key)
    }

    /// What is on, each with its number and all its days.
    fn numbered(&self) -> Vec<Vec<&On>> {
        let mut found: BTreeMap<_, Vec<&On>> = BTreeMap::new();
        for on in self.on {
            found.entry(on.view.code).or_default().push(on);
        }
        let mut found: Vec<Vec<&On>> = found.into_values().collect();
        found.sort_by_key(|days| days.first().map(|on| (on.when.day, on.view.title.clone())));
        found
    }

    /// The poster as a PDF file of one page.
    pub fn pdf(&self) -> Result<Vec<u8>, PrintError> {
        let [width, height] = Size::A4.millimetres();
        let room = width - 2.0 * MARGIN;
        let mut page = Canvas::new(width, height);
        let city = self.lang.pick(&self.city.name_vi, &self.city.name_en);
        page.line(MARGIN, 17.0, &format!("{} {city}", self.t("board")), bold(4.6));
        page.rule(MARGIN, 19.5, room, 0.5);
        let place = self.unit.map_or(city, |unit| self.lang.pick(&unit.name_vi, &unit.name_en));
        let title = format!("{} {}/{}: {place}", self.t("month-of"), self.first.month(), self.first.year());
        let size = fitting(&title, Weight::Bold, room, 1, &[9.0, 8.0, 7.0, 6.0, 5.0]);
        page.line(MARGIN, 30.0, &title, bold(size));
        let all = self.numbered();
        let below = self.grid(&mut page, 35.0, room, &all);
        self.list(&mut page, below + 4.0, room, &all);
        self.foot(&mut page, room)?;
        let drawing = tree(&page.finish())?;
        let about = About { title: &title, author: city, language: self.lang.code(), at: self.moment.now };
        let mut pdf = Pdf::new(&about)?;
        pdf.page(width, height, &[Layer { tree: &drawing, place: [0.0, 0.0, width, height] }])?;
        pdf.finish()
    }

    /// The weeks with the numbers of what is on; gives the y position below.
    fn grid(&self, page: &mut Canvas, top: f64, room: f64, all: &[Vec<&On>]) -> f64 {
        let column = room / 7.0;
        for (i, name) in ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"].iter().enumerate() {
            page.line(MARGIN + (i as f64 + 0.5) * column, top + 4.0, self.t(name), bold(3.2).middle());
        }
        let before = i64::from(self.first.weekday().to_monday_zero_offset());
        let mut last = top;
        for day in self.first.series(1.day()).take_while(|day| day.month() == self.first.month()) {
            let cell = before + i64::from(day.day()) - 1;
            let (x, y) = (MARGIN + (cell % 7) as f64 * column, top + 6.0 + (cell / 7) as f64 * WEEK);
            last = y + WEEK;
            let here: Vec<usize> =
                all.iter().enumerate().filter(|(_, days)| days.iter().any(|on| on.when.day == day)).map(|(i, _)| i).collect();
            page.rectangle([x, y, column, WEEK], if here.is_empty() { "#fff" } else { "#ffe9a8" }, Some(0.3));
            page.line(x + 1.5, y + 6.0, &day.day().to_string(), bold(5.2));
            for (i, number) in here.iter().take(IN_CELL).enumerate() {
                let (left, line) = (x + 1.5 + (i % 4) as f64 * 5.8, y + 9.0 + (i / 4) as f64 * 5.8);
                page.rectangle([left, line, 5.2, 5.2], "#000", None);
                page.line(left + 2.6, line + 3.9, &(number + 1).to_string(), bold(3.6).fill("#fff").middle());
            }
            if here.len() > IN_CELL {
                page.line(x + column - 1.5, y + 6.0, &format!("+{}", here.len() - IN_CELL), bold(3.2).end());
            }
        }
        last
    }

    /// What the numbers stand for. What finds no room is on the page behind the code.
    fn list(&self, page: &mut Canvas, top: f64, room: f64, all: &[Vec<&On>]) {
        let mut y = top;
        if all.is_empty() {
            page.paragraph(MARGIN, y, room, 2, self.t("nothing-on"), regular(4.6));
        }
        let month = [self.first, self.first.last_of_month()];
        for (i, days) in all.iter().enumerate() {
            let Some(first) = days.first() else { continue };
            let off = first.view.calendar().map(|calendar| cancelled(calendar, month)).unwrap_or_default();
            let mut about = self.when(days);
            for (day, reason) in off {
                let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
                about = format!("{about} · {} {}{reason}", format::date(day), self.t("day-off"));
            }
            // A few have room for a sentence each.
            let summary = first.view.summary.as_deref().filter(|_| all.len() <= FEW);
            let needs = if i + 1 < all.len() { 16.0 } else { 10.0 };
            if y + needs > FOOT {
                page.paragraph(MARGIN, y, room, 1, &format!("+{} {}", all.len() - i, self.t("more-on-page")), bold(3.8));
                return;
            }
            page.rectangle([MARGIN, y, 6.0, 6.0], "#000", None);
            page.line(MARGIN + 3.0, y + 4.5, &(i + 1).to_string(), bold(4.0).fill("#fff").middle());
            y = page.paragraph(MARGIN + 8.0, y, room - 8.0, 1, &first.view.title, bold(4.4));
            y = page.paragraph(MARGIN + 8.0, y, room - 8.0, 2, &about, regular(3.8));
            if let Some(summary) = summary {
                y = page.paragraph(MARGIN + 8.0, y, room - 8.0, 2, summary, regular(3.8));
            }
            y += 1.6;
        }
    }

    /// The days with their hours: those of the same hours together, and each that stands for another.
    fn when(&self, days: &[&On]) -> String {
        let mut groups: Vec<(Option<String>, Vec<String>)> = Vec::new();
        for on in days {
            let own = hours(on).or_else(|| on.view.told("hours").map(str::to_owned));
            let moved = if on.when.day == on.when.planned {
                String::new()
            } else {
                format!(" ({} {})", self.t("instead-of"), format::date(on.when.planned))
            };
            let day = format!("{}{moved}", on.when.day.day());
            match groups.iter_mut().find(|(known, _)| *known == own) {
                Some((_, days)) => days.push(day),
                None => groups.push((own, vec![day])),
            }
        }
        let group = |(hours, days): (Option<String>, Vec<String>)| {
            let hours = hours.map(|hours| format!(": {hours}")).unwrap_or_default();
            format!("{} {}{hours}", self.t("on-days"), days.join(", "))
        };
        groups.into_iter().map(group).collect::<Vec<_>>().join(" · ")
    }

    fn foot(&self, page: &mut Canvas, room: f64) -> Result<(), PrintError> {
        let path = self.unit.map_or_else(|| String::from("/today"), |unit| format!("/today?unit={}", unit.id));
        let address = format!("{}{path}", self.city.public_url);
        let matrix = Matrix::new(&address)?;
        let side = matrix.side_on_paper(CODE, CODE);
        page.rule(MARGIN, FOOT - 2.0, room, 0.5);
        page.drawing([MARGIN + room - side, FOOT, side, side], &matrix.svg(self.t("share-qr")));
        let left = room - side - 4.0;
        let mut y = page.paragraph(MARGIN, FOOT + 1.0, left, 2, self.t("month-scan"), bold(4.6)) + 1.0;
        let plain = address.split_once("://").map_or(address.as_str(), |(_, rest)| rest);
        y = page.paragraph(MARGIN, y, left, 2, plain, regular(4.2)) + 1.0;
        y = page.paragraph(MARGIN, y, left, 1, &format!("{} {}", self.t("printed-on"), format::date(self.moment.today)), regular(3.6));
        let contact = self.lang.pick(&self.city.contact_vi, &self.city.contact_en);
        let phone = self.city.phone.as_ref().map(|phone| format!(" · {phone}")).unwrap_or_default();
        page.paragraph(MARGIN, y, left, 2, &format!("{contact}{phone}"), regular(3.6));
        Ok(())
    }
}
