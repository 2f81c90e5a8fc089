//! A print on a notice board.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Code;

/// The prints of an item for a board, as the board's events left them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    /// The item.
    pub item: Code,
    /// Revision of the newest print, and when it was made.
    pub printed: (u32, Date),
    /// Revision of the print that was hung last, the day since which it hangs, and who hung it.
    pub hung: Option<(u32, Date, Option<String>)>,
    /// When that print was taken down.
    pub removed: Option<Date>,
    /// Why the print on the board must not be believed; cleared when a new print hangs.
    pub revoked: Option<String>,
    /// True when the newest print is meant to replace one that was revoked or taken down.
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
