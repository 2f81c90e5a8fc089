//! The notice boards that stand today.

use super::image::Image;
use crate::domain::Code;
use crate::domain::publication::Status;
use crate::domain::publication::view::Moment;
use crate::domain::publication::view::View;
use crate::domain::unit::UnitId;

impl Image {
    /// The boards that stand now, by number. With a unit, only those of the unit and of the units it became.
    /// Boards without a unit belong to the city, and appear in no unit's list.
    pub fn standing_boards(&self, moment: &Moment, unit: Option<&UnitId>) -> Vec<View> {
        let units = &self.city.units;
        let today =
            |ids: &[UnitId]| -> Vec<UnitId> { ids.iter().flat_map(|id| units.at(id, moment.today)).map(|unit| unit.id.clone()).collect() };
        let wanted = unit.map(|unit| today(std::slice::from_ref(unit)));
        let mut boards: Vec<View> = self
            .boards()
            .filter_map(|(_, entry)| entry.item.view(None, moment))
            .filter(|view| view.board().is_some() && view.status == Status::InForce)
            .filter(|view| wanted.as_ref().is_none_or(|wanted| today(&view.units).iter().any(|id| wanted.contains(id))))
            .collect();
        boards.sort_by_key(|view| view.board().map(|board| board.number));
        boards
    }

    /// The boards that stand now and for which an item was printed, by number.
    pub fn boards_showing(&self, code: &Code, moment: &Moment) -> Vec<View> {
        let shows_it = |board: &View| board.board().is_some_and(|own| own.postings.iter().any(|posting| posting.item == *code));
        self.standing_boards(moment, None).into_iter().filter(shows_it).collect()
    }
}
