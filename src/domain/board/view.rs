//! What a board adds to the shared view.

use jiff::ToSpan;
use serde_json::json;

use super::{Board, BoardState};
use crate::domain::posting::Posting;
use crate::domain::publication::Status;
use crate::domain::publication::view::BoardView;
use crate::domain::publication::view::Fact;
use crate::domain::publication::view::Moment;
use crate::domain::publication::view::Section;
use crate::domain::publication::view::Shown;
use crate::domain::publication::view::View;
use crate::domain::schema::{Property, Type};
use crate::words::civil::midnight;

/// Days after which somebody must look at a board again, where the board names no number.
const CHECK_DAYS: u16 = 90;

/// Properties of a board, beyond those that all items have.
pub(super) const PROPERTIES: &[Property] = &[
    Property::new("address", Type::Text).like("Tổ 5"),
    Property::new("check_due", Type::Date),
    Property::new("checked", Type::Date),
    Property::new("items", Type::Text).like("QHSDD21AG, KHSDD26AK"),
    Property::new("keeper", Type::Text).like("Văn phòng UBND phường"),
    Property::new("number", Type::Integer),
    Property::new("posting_count", Type::Integer),
];

pub(super) fn describe(board: &Board, state: &BoardState, moment: &Moment, view: &mut View) {
    view.position = Some(board.position);
    if view.status == Status::InForce {
        view.standing = "active".into();
    }
    let since = state.checked.unwrap_or(view.effective_from);
    let due = since.saturating_add(i64::from(board.check_days.unwrap_or(CHECK_DAYS)).days());
    if due > moment.today {
        let at = midnight(&moment.zone, due);
        view.next_change = Some(view.next_change.map_or(at, |known| known.min(at)));
    }
    let mut fact = |label, value| view.facts.push(Fact { label, value });
    fact("board-number", Shown::Text(board.number.to_string()));
    if let Some(address) = &board.address {
        fact("address", Shown::Text(address.clone()));
    }
    if let Some(keeper) = &board.keeper {
        fact("keeper", Shown::Text(keeper.clone()));
    }
    if let Some(day) = state.checked {
        fact("checked", Shown::Date(day));
    }
    fact("check-due", Shown::Date(due));
    let hanging: Vec<String> = state.postings.iter().filter(|posting| posting.hangs()).map(|posting| posting.item.to_string()).collect();
    let properties = [
        ("address", json!(board.address)),
        ("check_due", json!(due)),
        ("checked", json!(state.checked)),
        ("items", json!((!hanging.is_empty()).then(|| hanging.join(", ")))),
        ("keeper", json!(board.keeper)),
        ("number", json!(board.number)),
        ("posting_count", json!(hanging.len())),
    ];
    view.properties.extend(properties.map(|(name, value)| (name.to_owned(), value)));
    view.sections.push(Section::Board(BoardView {
        number: board.number,
        address: board.address.clone(),
        postings: state.postings.clone(),
        checked: state.checked,
        due,
        is_due: due <= moment.today,
    }));
}

impl Posting {
    /// Whether a print still shows what holds: `posting-revoked`, `posting-removed`, `posting-printed` (and not
    /// hung), `posting-stale`, `posting-current`. It is current while the item is in force with the revision
    /// that hangs, if nothing was corrected and no last day was set since it was printed.
    pub fn standing(&self, item: Option<&View>) -> &'static str {
        match (self.hung.as_ref(), item) {
            _ if self.revoked.is_some() => "posting-revoked",
            _ if self.removed.is_some() => "posting-removed",
            (None, _) => "posting-printed",
            (Some((revision, hung, _)), Some(item)) => {
                // The print on the board was made on the day it was hung, or earlier.
                let printed = if self.printed.0 == *revision { self.printed.1.min(*hung) } else { *hung };
                let changed = item.history.iter().find(|entry| entry.number == *revision).and_then(|entry| entry.changed_on);
                let holds = item.status == Status::InForce && *revision == item.revision && changed.is_none_or(|day| day <= printed);
                if holds { "posting-current" } else { "posting-stale" }
            }
            (Some(_), None) => "posting-current",
        }
    }
}
