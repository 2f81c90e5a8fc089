//! A print on a notice board.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Code;

/// A print of an item for a board, as the board's events left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    /// The item.
    pub item: Code,
    /// Revision of the newest print, and when it was made.
    pub printed: (u32, Date),
    /// Revision of the print that hangs, since when, and who hung it.
    pub hung: Option<(u32, Date, Option<String>)>,
    /// When it was taken down.
    pub removed: Option<Date>,
    /// Why the prints that hang are not to be believed any more; until a new one hangs.
    pub revoked: Option<String>,
    /// True when the newest print is to take the place of one that was revoked or taken down.
    pub anew: bool,
}

impl Posting {
    /// True while a print of it is on the board.
    pub fn hangs(&self) -> bool {
        self.hung.is_some() && self.removed.is_none()
    }

    /// True while a print of it belongs on the board.
    pub fn is_wanted(&self) -> bool {
        self.anew || (self.removed.is_none() && self.revoked.is_none())
    }
}
