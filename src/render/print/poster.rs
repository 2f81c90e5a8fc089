//! The poster of an item: a few sentences for people without a phone, the map, and the code.

use resvg::usvg;

use super::canvas::{Canvas, LEADING, bold, regular};
use super::fonts::{self, Weight, fitting, lines, lines_within, on_one_line};
use super::map::LEGEND;
use super::pdf::{Layer, Pdf, PrintError, tree};
use super::{Printed, Size, draft};
use crate::domain::land_use;
use crate::domain::publication::Status;
use crate::domain::publication::view::Shown;
use crate::features::Kind;
use crate::render::map;
use crate::render::page::sums;
use crate::render::qr::{self, Level, Matrix};
use crate::words::format;
use crate::words::text::text;

/// Free margin on every side, millimetres of A4.
const MARGIN: f64 = 12.0;
/// Side of the code with its quiet zone, millimetres of A4: of the usual symbol, and at most. A longer
/// address needs a larger symbol; at the usual side, people would have to hold the camera nearer.
const CODE: [f64; 2] = [58.0, 77.0];
/// Height of the lines at the bottom, millimetres of A4.
const FOOT: f64 = 37.0;
/// Height of a line of the table, millimetres of A4.
const ROW: f64 = 5.4;

/// Font size of the facts, and least and greatest width of their labels, in millimetres of A4.
const FACT: f64 = 3.6;
const LABEL: [f64; 2] = [14.0, 92.0];

/// How much is written: lines of the summary, rows or facts, and phone numbers.
struct Layout {
    summary: usize,
    facts: usize,
    phones: usize,
}

/// The layouts that are tried in turn until everything fits. What is left out is on the page behind the code.
const ROOMS: &[Layout; 8] = &[
    Layout { summary: 7, facts: 24, phones: 4 },
    Layout { summary: 7, facts: 12, phones: 4 },
    Layout { summary: 5, facts: 12, phones: 3 },
    Layout { summary: 4, facts: 8, phones: 3 },
    Layout { summary: 3, facts: 6, phones: 2 },
    Layout { summary: 2, facts: 4, phones: 2 },
    Layout { summary: 1, facts: 2, phones: 1 },
    Layout { summary: 1, facts: 0, phones: 1 },
];

/// The code as drawn: its picture, and its side in millimetres of A4.
struct Symbol {
    svg: String,
    side: f64,
}

/// The label of a fact in one line, and its value in at most three.
fn fact_lines(label: &str, value: &str, labels: f64, room: f64) -> (String, Vec<String>) {
    let label = lines_within(label, Weight::Regular, FACT, labels - 2.0, 1).into_iter().next().unwrap_or_default();
    (label, lines_within(value, Weight::Bold, FACT, room - labels, 3))
}

/// A poster that is laid out, but without its map.
pub struct Poster {
    base: usvg::Tree,
    /// The map's left, top, width and height, millimetres of A4.
    map: [f64; 4],
    /// The mark of a draft.
    mark: Option<usvg::Tree>,
}

impl Poster {
    /// Lays out a poster.
    pub fn new(printed: &Printed<'_>) -> Result<Self, PrintError> {
        let (svg, map) = printed.poster()?;
        Ok(Self { base: tree(&svg)?, map, mark: draft::mark(printed)? })
    }

    /// Draws the poster's map. In one unit it is the same for every board that the item hangs on.
    pub fn map(&self, printed: &Printed<'_>) -> Result<Option<usvg::Tree>, PrintError> {
        printed.map(self.map[2], self.map[3]).map(|svg| tree(&svg)).transpose()
    }

    /// Appends the poster to a print, scaled to the paper size. `map` is what [`Poster::map`] has drawn.
    pub fn push(&self, pdf: &mut Pdf, size: Size, map: Option<&usvg::Tree>) -> Result<(), PrintError> {
        let ([width, height], [base, _]) = (size.millimetres(), Size::A4.millimetres());
        let scale = width / base;
        let mut layers = vec![Layer { tree: &self.base, place: [0.0, 0.0, width, height] }];
        if let Some(map) = map {
            layers.push(Layer { tree: map, place: within(self.map, map).map(|value| value * scale) });
        }
        layers.extend(draft::over(self.mark.as_ref(), [width, height]));
        pdf.page(width, height, &layers)
    }
}

/// The largest place in a box for a drawing of that shape, centred at the top.
fn within([x, y, width, height]: [f64; 4], drawing: &usvg::Tree) -> [f64; 4] {
    let (own_width, own_height) = (f64::from(drawing.size().width()), f64::from(drawing.size().height()));
    let scale = (width / own_width).min(height / own_height);
    [x + (width - own_width * scale) / 2.0, y, own_width * scale, own_height * scale]
}

/// A poster as a PDF file.
pub fn poster(printed: &Printed<'_>, size: Size) -> Result<Vec<u8>, PrintError> {
    let mut pdf = Pdf::new(&printed.about())?;
    let poster = Poster::new(printed)?;
    let map = poster.map(printed)?;
    poster.push(&mut pdf, size, map.as_ref())?;
    pdf.finish()
}

impl Printed<'_> {
    fn t<'k>(&self, key: &'k str) -> &'k str {
        text(self.lang, key)
    }

    fn fact(&self, label: &str) -> Option<String> {
        Some(self.shown(self.view.fact(label)?))
    }

    fn shown(&self, value: &Shown) -> String {
        match value {
            Shown::Text(text) => text.clone(),
            Shown::Key(key) => self.t(key).to_owned(),
            Shown::Keys(keys) => keys.iter().map(|key| self.t(key)).collect::<Vec<_>>().join(", "),
            Shown::Date(date) | Shown::Day(date) => format::date(*date),
            Shown::Moment(at) => format::moment(self.lang, &self.moment.zone, *at),
            Shown::Span(from, to) => format!("{from}–{to}"),
            Shown::Said(said) => said.text(self.lang),
        }
    }

    /// A word for the item's standing that stays true while the print hangs.
    pub(super) fn standing(&self) -> &str {
        self.view.lasting.unwrap_or(&self.view.standing)
    }

    /// The numbers to call. The emergency number comes first if the item is about an emergency.
    fn phones(&self) -> Vec<(String, String)> {
        if self.view.status != Status::InForce {
            return Vec::new();
        }
        let emergency = self.city.emergency.first().filter(|_| self.view.calls().is_some_and(|calls| calls.is_emergency));
        let emergency = emergency.map(|known| (self.lang.pick(&known.label_vi, &known.label_en).to_owned(), known.number.clone()));
        emergency.into_iter().chain(self.view.phones().iter().cloned()).take(4).collect()
    }

    /// The decision in words, if there is one.
    pub(super) fn decision(&self) -> Option<String> {
        let (number, authority, signed) = (self.fact("decision")?, self.fact("authority")?, self.fact("signed")?);
        Some(format!("{} {number} {} {signed}, {authority}", self.t("by-decision"), self.t("of-day")))
    }

    /// Since when the item holds, and by whose decision.
    pub(super) fn since(&self) -> String {
        let view = self.view;
        let mut words = match view.status {
            Status::InForce => format!("{} {}", self.t("since"), format::date(view.effective_from)),
            Status::Upcoming => format!("{} {}", self.t("from-day"), format::date(view.effective_from)),
            _ => String::new(),
        };
        // What was taken back does not end on its last day.
        if let Some(to) = view.holds_to.filter(|_| !matches!(view.status, Status::Withdrawn | Status::Cancelled)) {
            words = format!("{words} {} {}", self.t(if view.status == Status::Expired { "ended-on" } else { "until" }), format::date(to));
        }
        [Some(words), self.decision()].into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ").trim().to_owned()
    }

    /// The QR code of this print. Its error correction level is Q because the print hangs outdoors.
    pub(super) fn matrix(&self) -> Result<Matrix, qr::QrError> {
        Matrix::with_level(&qr::address(&self.city.public_url, self.view.code, self.board_number()), Level::Q)
    }

    /// Everything but the map, and the place of the map. It writes as much as fits without overlapping.
    fn poster(&self) -> Result<(String, [f64; 4]), PrintError> {
        let matrix = self.matrix()?;
        let symbol = Symbol { svg: matrix.svg(self.t("share-qr")), side: matrix.side_on_paper(CODE[0], CODE[1]) };
        let [full, shorter @ ..] = ROOMS;
        let (mut page, mut map, mut fits) = self.laid_out(full, &symbol);
        for room in shorter {
            if fits {
                break;
            }
            (page, map, fits) = self.laid_out(room, &symbol);
        }
        Ok((page.finish(), map))
    }

    fn laid_out(&self, most: &Layout, symbol: &Symbol) -> (Canvas, [f64; 4], bool) {
        let [width, height] = Size::A4.millimetres();
        let mut page = Canvas::new(width, height);
        let room = width - 2.0 * MARGIN;
        let view = self.view;
        page.line(MARGIN, 16.0, &format!("{} {}", self.t("board"), self.lang.pick(&self.city.name_vi, &self.city.name_en)), bold(5.0));
        page.rule(MARGIN, 19.0, room, 0.8);
        page.line(MARGIN, 26.0, self.t(view.kind), bold(4.4).fill("#333"));
        let size = fitting(&view.title, Weight::Bold, room, 3, &[9.6, 8.6, 7.6, 6.8, 6.0, 5.2]);
        let mut y = page.paragraph(MARGIN, 27.5, room, 5, &view.title, bold(size)) + 1.5;
        // The standing is framed, so that it stands out in black and white too.
        let since = self.since();
        let inner = room - 8.0;
        let lines = lines(&since, Weight::Regular, 4.2, inner).len().min(3) as f64;
        page.rectangle([MARGIN, y, room, 10.5 + lines * 4.2 * LEADING], "#fff", Some(0.9));
        page.line(MARGIN + 4.0, y + 7.6, self.t(self.standing()), bold(6.2));
        y = page.paragraph(MARGIN + 4.0, y + 8.6, inner, 3, &since, regular(4.2)).max(y + 10.0) + 3.2;
        for (label, number) in self.phones().into_iter().take(most.phones) {
            y = page.paragraph(MARGIN, y, room, 1, &format!("{} {number} – {label}", self.t("call")), bold(7.0));
        }
        if let Some(extract) = self.extract {
            let unit = self.lang.pick(&extract.unit.name_vi, &extract.unit.name_en);
            y = page.paragraph(MARGIN, y, room, 2, &format!("{} {unit}", self.t("part-of-unit")), bold(4.8));
            if !extract.has_something() {
                y = page.paragraph(MARGIN, y, room, 2, self.t("part-empty"), regular(4.5));
            }
        }
        if let Some(summary) = &view.summary {
            y = page.paragraph(MARGIN, y, room, most.summary, summary, regular(4.5));
        }
        y += 3.0;
        let column = self.code_column(&mut page, width - MARGIN - symbol.side, y, symbol);
        let rows = self.rows(most.facts.min(12));
        let facts = if rows.is_empty() { self.facts(most.facts) } else { Vec::new() };
        let table = (rows.len() as f64 / 2.0).ceil() * ROW;
        let widest = facts.iter().map(|(label, _)| fonts::width(label, Weight::Regular) * FACT + 3.0).fold(LABEL[0], f64::max);
        let labels = widest.min(LABEL[1]);
        let lines: Vec<_> = facts.iter().map(|(label, value)| fact_lines(label, value, labels, room)).collect();
        let told: f64 = lines.iter().map(|(_, values)| values.len() as f64 * FACT * LEADING + 1.0).sum();
        let below = table + told;
        let bottom = height - FOOT - below - if below > 0.0 { 10.0 } else { 2.0 };
        if !rows.is_empty() {
            Self::table(&mut page, &rows, bottom + 5.0, room);
        }
        let mut at = bottom + 5.0;
        for (label, values) in lines {
            page.line(MARGIN, at + FACT, &label, regular(FACT).fill("#333"));
            for value in values {
                page.line(MARGIN + labels, at + FACT, &value, bold(FACT));
                at += FACT * LEADING;
            }
            page.rule(MARGIN, at + 0.3, room, 0.1);
            at += 1.0;
        }
        self.foot(&mut page, height - FOOT, room);
        let beside_code = room - symbol.side - 8.0;
        let kinds = self.lines_shown(beside_code, bottom - y);
        let legend = kinds.len().div_ceil(3) as f64 * LEGEND;
        self.line_legend(&mut page, &kinds, [MARGIN, bottom - legend + 2.0], beside_code);
        let map = [MARGIN, y, beside_code, (bottom - y - legend).max(50.0)];
        (page, map, bottom >= column)
    }

    /// Draws the code, its letters, and whom to call; gives the y position below them.
    fn code_column(&self, page: &mut Canvas, left: f64, top: f64, symbol: &Symbol) -> f64 {
        let side = symbol.side;
        page.drawing([left, top, side, side], &symbol.svg);
        let middle = left + side / 2.0;
        let mut y = top + side + 2.0;
        for line in lines(self.t("scan-me"), Weight::Bold, 4.2, side) {
            page.line(middle, y + 4.2, &line, bold(4.2).middle());
            y += 4.2 * LEADING;
        }
        let code = self.code();
        let size = on_one_line(&code, Weight::Bold, side, 7.6);
        page.line(middle, y + size + 0.6, &code, bold(size).middle());
        y += size + 2.4;
        let address = self.city.public_url.split_once("://").map_or(self.city.public_url.as_str(), |(_, host)| host);
        let size = on_one_line(address, Weight::Regular, side, 4.2);
        page.line(middle, y + size, address, regular(size).middle());
        y += size + 3.0;
        if let Some(phone) = &self.city.phone {
            page.line(middle, y + 5.4, &format!("{} {phone}", self.t("ask-about-print")), bold(4.2).middle());
            y += 5.4 * LEADING;
        }
        for line in lines(self.lang.pick(&self.city.contact_vi, &self.city.contact_en), Weight::Regular, 3.4, side).iter().take(2) {
            page.line(middle, y + 3.4, line, regular(3.4).middle());
            y += 3.4 * LEADING;
        }
        y
    }

    /// At most `most` rows of the table of areas: code, name, figures. The remaining codes share one row.
    fn rows(&self, most: usize) -> Vec<(Option<String>, String, String)> {
        let is_area = self.view.features.as_ref().is_some_and(|set| set.area_ha.is_some());
        let Some(features) = self.features.filter(|_| is_area) else { return Vec::new() };
        let (sums, total) = sums(features, self.extract);
        let row = |(code, area): &(&str, f64)| {
            let name = land_use::get(code).map_or("", |entry| self.lang.pick(&entry.name_vi, &entry.name_en));
            let figures = format!("{} ha · {} %", format::number(self.lang, *area, 1), format::number(self.lang, area / total * 100.0, 1));
            (Some((*code).to_owned()), name.to_owned(), figures)
        };
        let own = if sums.len() > most { most.saturating_sub(1) } else { sums.len() };
        let mut rows: Vec<_> = sums[..own].iter().map(row).collect();
        if sums.len() > own {
            let rest: f64 = sums[own..].iter().map(|(_, area)| area).sum();
            rows.push((None, self.t("other-codes").to_owned(), format!("{} ha", format::number(self.lang, rest, 1))));
        }
        rows
    }

    /// At most `most` further facts, for people without a phone: label and value.
    fn facts(&self, most: usize) -> Vec<(String, String)> {
        // Facts that change from hour to hour or day to day do not belong on paper.
        let left_out = ["duty", "duty-at", "next-day", "decision", "authority", "signed"];
        let facts = self.view.facts.iter().filter(|fact| !left_out.contains(&fact.label));
        let facts = facts.map(|fact| (self.t(fact.label).to_owned(), self.shown(&fact.value)));
        facts.chain(self.figures()).chain(self.places()).take(most).collect()
    }

    /// What a campaign aimed at and what it reached.
    fn figures(&self) -> impl Iterator<Item = (String, String)> {
        self.view.figures().iter().map(|figure| {
            let number = |(label, value): (&str, f64)| {
                format!("{} {} {}", self.t(label).to_lowercase(), format::short(self.lang, value), figure.unit)
            };
            let told = [figure.target.map(|value| ("target", value)), figure.actual.map(|value| ("actual", value))];
            let name = self.lang.pick(&figure.name_vi, &figure.name_en).to_owned();
            (name, told.into_iter().flatten().map(number).collect::<Vec<_>>().join(", "))
        })
    }

    /// The places that take part, with their numbers on the map.
    fn places(&self) -> impl Iterator<Item = (String, String)> {
        let places = self.features.filter(|features| features.is_of(Kind::Points)).into_iter().flat_map(|features| {
            features.list.iter().map(|feature| {
                let properties = features.parsed_properties(feature);
                let field = |name: &str| {
                    properties.get(name).and_then(serde_json::Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
                };
                ["name", "address", "offer"].into_iter().filter_map(field).collect::<Vec<_>>().join(", ")
            })
        });
        places.enumerate().map(|(i, place)| ((i + 1).to_string(), place))
    }

    fn table(page: &mut Canvas, rows: &[(Option<String>, String, String)], top: f64, room: f64) {
        let half = (room - 6.0) / 2.0;
        let each = rows.len().div_ceil(2);
        for (i, (code, name, figures)) in rows.iter().enumerate() {
            let x = MARGIN + if i < each { 0.0 } else { half + 6.0 };
            let y = top + (i % each) as f64 * ROW;
            let mut left = x;
            if let Some(code) = code {
                page.sample([x, y + 0.6, 3.6, 3.6], map::colour(code));
                page.line(x + 4.6, y + 3.8, code, bold(3.6));
                left += 13.5;
            }
            let style = if code.is_some() { regular(3.4) } else { bold(3.4) };
            let own = half - 32.0 - (left - x);
            let size = fitting(name, Weight::Regular, own, 1, &[3.4, 3.1, 2.8, 2.5]);
            let name = lines_within(name, Weight::Regular, size, own, 1);
            page.line(left, y + 3.8, name.first().map_or("", String::as_str), regular(size));
            page.line(x + half, y + 3.8, figures, style.end());
            page.rule(x, y + ROW - 0.6, half, 0.1);
        }
    }

    /// Where the print hangs, when it was printed and which revision it shows; which text is binding in
    /// law; what to do about a false code.
    fn foot(&self, page: &mut Canvas, top: f64, room: f64) {
        page.rule(MARGIN, top, room, 0.5);
        let mut y = top + 1.4;
        let mut facts = vec![
            format!("{}: {}", self.t("printed-on"), format::date(self.moment.today)),
            format!("{} {}", self.t("printed-revision"), self.view.revision),
        ];
        if let Some(board) = self.board {
            let number = self.board_number().unwrap_or_default();
            facts.push(format!("{}: {} ({} {number})", self.t("hangs-at"), board.title, self.t("board-number").to_lowercase()));
        }
        y = page.paragraph(MARGIN, y, room, 2, &facts.join(" · "), bold(3.6));
        if let Some(decision) = self.view.documents.iter().find(|document| document.role == crate::domain::document::DocumentRole::Decision)
        {
            y = page.paragraph(MARGIN, y, room, 1, &format!("{}: {}", self.t("decision-digest"), decision.sha256), regular(2.5));
        }
        if !self.view.documents.is_empty() || self.view.features.is_some() {
            y = page.paragraph(MARGIN, y, room, 2, self.t("reference-only"), regular(3.3));
        }
        page.paragraph(MARGIN, y, room, 2, self.t("poster-false-code"), regular(3.3));
    }
}
