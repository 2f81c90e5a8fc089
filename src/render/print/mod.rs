//! What hangs on a wall: posters, stickers, booklets and map sheets; also pictures of maps. They are drawn
//! as SVG, by the same code as the pages, and assembled to PDF or PNG.

pub mod booklet;
mod canvas;
mod draft;
mod fonts;
mod map;
pub mod month;
mod pdf;
mod picture;
pub mod place;
pub mod poster;
mod preview;
mod sheet;
mod stickers;

pub use pdf::{About, Layer, Pdf, PrintError, tree};
pub use picture::png;
pub use poster::Poster;
pub use preview::preview;
pub use sheet::sheet;
pub use stickers::stickers;

use crate::domain::city::City;
use crate::domain::publication::view::Moment;
use crate::domain::publication::view::View;
use crate::features::Features;
use crate::render::map::{Beside, UnitShape};
use crate::render::page::Extract;
use crate::words::text::Lang;

/// Paper sizes (ISO 216).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Size {
    /// A4
    A4,
    /// A3
    A3,
    /// A1, for a map sheet
    A1,
    /// A0, for a map sheet
    A0,
}

impl Size {
    /// All sizes.
    pub const ALL: [Self; 4] = [Self::A4, Self::A3, Self::A1, Self::A0];

    /// The size as people write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::A4 => "A4",
            Self::A3 => "A3",
            Self::A1 => "A1",
            Self::A0 => "A0",
        }
    }

    /// Reads a size such as `a4` or `A3`; case does not matter.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|size| size.as_str().eq_ignore_ascii_case(text))
    }

    /// Width and height in millimetres (ISO 216), in portrait.
    pub fn millimetres(self) -> [f64; 2] {
        match self {
            Self::A4 => [210.0, 297.0],
            Self::A3 => [297.0, 420.0],
            Self::A1 => [594.0, 841.0],
            Self::A0 => [841.0, 1189.0],
        }
    }

    /// True for the sizes of map sheets, which show little but the map.
    pub fn is_sheet(self) -> bool {
        matches!(self, Self::A1 | Self::A0)
    }
}

/// Everything that a print is made of.
#[derive(Clone, Copy)]
pub struct Printed<'a> {
    /// The reader's language.
    pub lang: Lang,
    /// The city.
    pub city: &'a City,
    /// The moment of printing.
    pub moment: &'a Moment,
    /// The item.
    pub view: &'a View,
    /// Its feature set.
    pub features: Option<&'a Features>,
    /// Its lines and points, if it is a plan that has them.
    pub beside: Beside<'a>,
    /// Units of today.
    pub units: &'a [UnitShape],
    /// Set when only a unit's part is printed.
    pub extract: Option<&'a Extract>,
    /// The board that the print is for.
    pub board: Option<&'a View>,
    /// True for what is not published yet: the print says so.
    pub is_draft: bool,
}

impl Printed<'_> {
    /// The number of the board that the print is for.
    fn board_number(&self) -> Option<u32> {
        self.board.and_then(|board| board.board()).map(|board| board.number)
    }

    /// The code in readable type, with the board's mark.
    fn code(&self) -> String {
        let mark = self.board_number().map_or_else(String::new, |number| format!(".{}", crate::domain::mark::of(self.view.code, number)));
        format!("{}{mark}", self.view.code)
    }

    /// The metadata of the file.
    fn about(&self) -> About<'_> {
        About {
            title: &self.view.title,
            author: self.lang.pick(&self.city.name_vi, &self.city.name_en),
            language: self.lang.code(),
            at: self.moment.now,
        }
    }
}
