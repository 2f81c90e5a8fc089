//! The rules of notice boards.

use jiff::civil::Date;

use super::{Board, BoardChange, BoardChanged, BoardState, Checked, Hung, Printed, Removed, Revoked};
use crate::domain::access::Role;
use crate::domain::document::Document;
use crate::domain::mark::LARGEST;
use crate::domain::posting::Posting;
use crate::domain::publication::ClaimKind;
use crate::domain::publication::view::Moment;
use crate::domain::publication::view::View;
use crate::domain::publication::{Claim, Event, Family, Publication, own_changes};
use crate::domain::schema::{Property, Shape};
use crate::domain::unit::UnitId;
use crate::domain::{Code, Context, Refusal};
use crate::geometry::contains;

impl Family for Board {
    const NAME: &'static str = "board";
    const COLLECTIONS: &'static [(&'static str, &'static str)] = &[("boards", "")];
    const SHAPE: Shape = Shape::Point;
    const ROLES: &'static [Role] = &[Role::Planner, Role::Clerk];
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[("boards", "BANG0001F")];
    type Change = BoardChange;
    type Changed = BoardChanged;
    type State = BoardState;

    own_changes! {
        BoardChange {
            "print" => Print(Printed),
            "hang" => Hang(Hung),
            "remove" => Remove(Removed),
            "revoke" => Revoke(Revoked),
            "check" => Check(Checked),
        }
        BoardChanged {
            "board.printed", 1 => Printed(Printed),
            "board.hung", 1 => Hung(Hung),
            "board.removed", 1 => Removed(Removed),
            "board.revoked", 1 => Revoked(Revoked),
            "board.checked", 1 => Checked(Checked),
        }
    }

    fn properties(_: &str) -> Vec<Property> {
        super::view::PROPERTIES.to_vec()
    }

    fn kind(&self) -> &'static str {
        "notice-board"
    }

    fn title(&self) -> &str {
        &self.title
    }

    fn units(&self) -> &[UnitId] {
        &self.units
    }

    fn documents(&self) -> &[Document] {
        &self.documents
    }

    fn number(&self) -> Option<u32> {
        Some(self.number)
    }

    fn claims(&self) -> Vec<Claim> {
        vec![Claim { kind: ClaimKind::Board, key: self.number.to_string() }]
    }

    fn check(&self, _: Date, context: &Context) -> Result<(), Refusal> {
        if self.title.trim().is_empty() {
            return Err(Refusal::invalid("title-missing", sentence!("board-incomplete")));
        }
        if !(1..=LARGEST).contains(&self.number) {
            return Err(Refusal::invalid("board-number", sentence!("board-number", value = LARGEST)));
        }
        if self.check_days.is_some_and(|days| !(1..=730).contains(&days)) {
            return Err(Refusal::invalid("check-days", sentence!("check-days")));
        }
        let position = self.position;
        if !contains(&context.city.bbox, position.lon, position.lat) {
            return Err(Refusal::invalid(
                "outside-city",
                sentence!("board-outside", lon = position.lon, lat = position.lat, city = context.city.name()),
            ));
        }
        Ok(())
    }

    fn check_keeps(&self, previous: &Self) -> Result<(), Refusal> {
        if self.number != previous.number {
            return Err(Refusal::invalid("board-number", sentence!("board-number-fixed", previous = previous.number)));
        }
        Ok(())
    }

    fn mentions_others(state: &BoardState) -> bool {
        !state.postings.is_empty()
    }

    fn change_refers(change: &BoardChange) -> Vec<Code> {
        match change {
            BoardChange::Print(Printed { item, .. }) => vec![*item],
            _ => Vec::new(),
        }
    }

    fn decide(current: &Publication<Self>, change: BoardChange, context: &Context) -> Result<Vec<Event<Self>>, Refusal> {
        let known = |item: Code| current.state.postings.iter().find(|posting| posting.item == item);
        Ok(vec![Event::Changed(match change {
            BoardChange::Print(printed) => {
                let on = past_day(printed.on, context)?;
                let Some(newest) = context.known_items.get(&printed.item).filter(|_| Some(printed.item) != current.code) else {
                    return Err(unknown_item(printed.item));
                };
                let revision = if printed.revision == 0 { newest.revision } else { printed.revision };
                if revision > newest.revision {
                    return Err(Refusal::unknown("unknown-revision", sentence!("board-print-revision", item = printed.item, revision)));
                }
                BoardChanged::Printed(Printed { revision, on: Some(on), ..printed })
            }
            BoardChange::Hang(hung) => {
                let on = past_day(hung.on, context)?;
                let posting = known(hung.item).ok_or_else(|| not_printed(hung.item))?;
                let revision = if hung.revision == 0 { posting.printed.0 } else { hung.revision };
                if revision > posting.printed.0 || (posting.revoked.is_some() && !posting.anew) {
                    return Err(not_printed(hung.item));
                }
                BoardChanged::Hung(Hung { revision, on: Some(on), ..hung })
            }
            BoardChange::Remove(removed) => {
                let on = past_day(removed.on, context)?;
                if !known(removed.item).is_some_and(Posting::hangs) {
                    return Err(Refusal::conflict("not-hanging", sentence!("not-hanging", item = removed.item)));
                }
                BoardChanged::Removed(Removed { on: Some(on), ..removed })
            }
            BoardChange::Revoke(revoked) => {
                if revoked.reason.trim().is_empty() {
                    return Err(Refusal::invalid("reason-missing", sentence!("reason-missing")));
                }
                known(revoked.item).ok_or_else(|| not_printed(revoked.item))?;
                BoardChanged::Revoked(revoked)
            }
            BoardChange::Check(checked) => {
                let on = past_day(checked.on, context)?;
                BoardChanged::Checked(Checked { on: Some(on), ..checked })
            }
        })])
    }

    fn apply(state: &mut BoardState, changed: &BoardChanged) {
        match changed {
            BoardChanged::Printed(printed) => {
                let print = (printed.revision, printed.on.unwrap_or_default());
                match state.postings.iter_mut().find(|posting| posting.item == printed.item) {
                    // A revoked print hangs until somebody has put the new one in its place.
                    Some(posting) => {
                        posting.printed = print;
                        posting.anew = posting.revoked.is_some() || posting.removed.is_some();
                    }
                    None => state.postings.push(Posting {
                        item: printed.item,
                        printed: print,
                        hung: None,
                        removed: None,
                        revoked: None,
                        anew: false,
                    }),
                }
            }
            BoardChanged::Hung(hung) => {
                if let Some(posting) = state.postings.iter_mut().find(|posting| posting.item == hung.item) {
                    posting.hung = Some((hung.revision, hung.on.unwrap_or_default(), hung.by.clone()));
                    (posting.removed, posting.revoked, posting.anew) = (None, None, false);
                }
            }
            BoardChanged::Removed(removed) => {
                if let Some(posting) = state.postings.iter_mut().find(|posting| posting.item == removed.item) {
                    posting.removed = removed.on;
                }
            }
            BoardChanged::Revoked(revoked) => {
                if let Some(posting) = state.postings.iter_mut().find(|posting| posting.item == revoked.item) {
                    posting.revoked = Some(revoked.reason.clone());
                    posting.anew = false;
                }
            }
            BoardChanged::Checked(checked) => state.checked = state.checked.max(checked.on),
        }
    }

    fn describe(&self, state: &BoardState, moment: &Moment, view: &mut View) {
        super::view::describe(self, state, moment, view);
    }
}

fn past_day(on: Option<Date>, context: &Context) -> Result<Date, Refusal> {
    match on {
        Some(day) if day > context.today => Err(Refusal::invalid("day-in-future", sentence!("day-in-future", day))),
        given => Ok(given.unwrap_or(context.today)),
    }
}

fn unknown_item(item: Code) -> Refusal {
    Refusal::invalid("unknown-item", sentence!("unknown-item", item))
}

fn not_printed(item: Code) -> Refusal {
    Refusal::conflict("not-printed", sentence!("not-printed", item))
}
