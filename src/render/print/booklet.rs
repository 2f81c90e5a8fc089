//! All prints of a unit's boards in one file: a list of which print goes to which board, then the posters.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use resvg::usvg;

use super::canvas::{Canvas, bold, regular};
use super::pdf::{About, Layer, Pdf, PrintError, tree};
use super::{Poster, Printed, Size};
use crate::domain::Code;
use crate::domain::city::City;
use crate::domain::posting::Posting;
use crate::domain::publication::view::Moment;
use crate::domain::publication::view::View;
use crate::domain::unit::UnitId;
use crate::words::format;
use crate::words::text::Lang;
use crate::words::text::text;

/// The first pages of a booklet.
pub struct Cover<'a> {
    /// The reader's language.
    pub lang: Lang,
    /// The city.
    pub city: &'a City,
    /// The moment of printing.
    pub moment: &'a Moment,
    /// The name of the unit, or of the city, that the booklet is for.
    pub title: &'a str,
    /// Each print: the board, the item, and its entry in the register.
    pub prints: &'a [(View, View, Posting)],
}

/// A booklet that grows poster by poster.
pub struct Booklet {
    pdf: Pdf,
    /// Maps that were drawn: one for each item and unit, however many boards the item hangs on.
    maps: HashMap<(Code, Option<UnitId>), Option<usvg::Tree>>,
}

/// Lines of the list per page.
const LINES: usize = 22;

impl Booklet {
    /// A booklet that begins with its list.
    pub fn new(cover: &Cover<'_>) -> Result<Self, PrintError> {
        let author = cover.lang.pick(&cover.city.name_vi, &cover.city.name_en);
        let about = About { title: cover.title, author, language: cover.lang.code(), at: cover.moment.now };
        let mut pdf = Pdf::new(&about)?;
        let [width, height] = Size::A4.millimetres();
        for (number, prints) in cover.prints.chunks(LINES).enumerate() {
            let drawing = tree(&cover.page(prints, number * LINES))?;
            pdf.page(width, height, &[Layer { tree: &drawing, place: [0.0, 0.0, width, height] }])?;
        }
        Ok(Self { pdf, maps: HashMap::new() })
    }

    /// Appends the poster of an item for a board.
    pub fn push(&mut self, printed: &Printed<'_>) -> Result<(), PrintError> {
        let poster = Poster::new(printed)?;
        let map = match self.maps.entry((printed.view.code, printed.extract.map(|extract| extract.unit.id.clone()))) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(poster.map(printed)?),
        };
        poster.push(&mut self.pdf, Size::A4, map.as_ref())
    }

    /// The bytes of the file.
    pub fn finish(self) -> Result<Vec<u8>, PrintError> {
        self.pdf.finish()
    }
}

impl Cover<'_> {
    fn page(&self, prints: &[(View, View, Posting)], before: usize) -> String {
        let t = |key| text(self.lang, key);
        let [width, height] = Size::A4.millimetres();
        let mut page = Canvas::new(width, height);
        page.line(12.0, 18.0, t("booklet"), bold(7.0));
        page.line(12.0, 26.0, self.title, bold(5.0));
        page.line(12.0, 32.0, &format!("{}: {}", t("printed-on"), format::date(self.moment.today)), regular(3.6));
        page.rule(12.0, 35.0, width - 24.0, 0.5);
        for (i, (board, item, posting)) in prints.iter().enumerate() {
            let y = 38.0 + i as f64 * 11.0;
            let number = board.board().map_or(0, |own| own.number);
            page.rectangle([12.0, y + 0.8, 4.0, 4.0], "#fff", Some(0.3));
            page.line(18.0, y + 4.4, &format!("{}.", before + i + 1), regular(3.4));
            page.paragraph(26.0, y + 0.6, 60.0, 2, &format!("{} {number}: {}", t("board-number"), board.title), bold(3.4));
            page.paragraph(88.0, y + 0.6, 66.0, 2, &item.title, regular(3.4));
            let state = match &posting.hung {
                Some(_) if posting.standing(Some(item)) == "posting-current" => t("booklet-hangs").to_owned(),
                Some((revision, ..)) if !posting.anew => format!("{} {revision} → {}", t("booklet-replace"), item.revision),
                _ => t("booklet-new").to_owned(),
            };
            page.paragraph(156.0, y + 0.6, 42.0, 2, &state, regular(3.4));
            page.rule(12.0, y + 10.2, width - 24.0, 0.1);
        }
        page.finish()
    }
}
