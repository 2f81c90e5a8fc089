//! What is on, in the city or in one of its units.

use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::Date;

use super::ReadModel;
use super::image::Image;
use super::nearest::{Near, near};
use crate::domain::Code;
use crate::domain::days::Occurrence;
use crate::domain::families::{self, Item};
use crate::domain::publication::Status;
use crate::domain::publication::view::{Moment, View};
use crate::domain::unit::UnitId;
use crate::event_store::StoreError;
use crate::geometry::Position;
use crate::words::civil::midnight;

/// Most occasions that a calendar holds: the latest changed.
pub const MOST: usize = 2_000;
/// Days after which what is over leaves a calendar.
const KEPT: i64 = 366;

/// An occasion on a day.
#[derive(Debug, Clone)]
pub struct On {
    /// The day, and the day of the schedule for which it stands.
    pub when: Occurrence,
    /// The revision that holds on that day.
    pub view: Arc<View>,
}

impl Image {
    /// Items that people go to.
    fn occasions(&self) -> impl Iterator<Item = &Item> {
        families::occasions().into_iter().flat_map(|name| self.collection(name)).map(|(_, entry)| &entry.item)
    }

    /// True for a revision with days, of an item that concerns the unit where one is asked for.
    fn is_meant(&self, view: &View, unit: Option<&UnitId>, today: Date) -> bool {
        let has_days = view.calendar().is_some_and(|calendar| calendar.is_occasion);
        has_days && unit.is_none_or(|unit| self.concerns(view, unit, today))
    }

    /// True where an item concerns a unit, or what became of it.
    pub fn concerns(&self, view: &View, unit: &UnitId, today: Date) -> bool {
        let heirs = |id: &UnitId| self.city.units.at(id, today).into_iter().map(|unit| unit.id.clone()).collect::<Vec<_>>();
        let wanted = heirs(unit);
        view.units.is_empty() || view.units.iter().flat_map(heirs).any(|id| wanted.contains(&id))
    }

    /// The revisions that hold on a day from one to another and concern the unit.
    fn held<'i>(&'i self, unit: Option<&'i UnitId>, [from, to]: [Date; 2], moment: &'i Moment) -> impl Iterator<Item = View> {
        let revisions = move |item: &'i Item| {
            item.holding(Some(from), Some(to), moment).into_iter().filter_map(move |number| item.view(Some(number), moment))
        };
        self.occasions().flat_map(revisions).filter(move |view| self.is_meant(view, unit, moment.today))
    }

    /// What is on from one day to another, by day, then by title.
    pub fn on(&self, unit: Option<&UnitId>, [from, to]: [Date; 2], moment: &Moment) -> Vec<On> {
        let takes_place = |view: &View| !view.is_replaced && view.withdrawn.is_none() && view.status != Status::Cancelled;
        let mut found: Vec<On> = Vec::new();
        for view in self.held(unit, [from, to], moment).filter(takes_place) {
            let Some(calendar) = view.calendar() else { continue };
            let days: Vec<Occurrence> = calendar.days.from(from).take_while(|when| when.day <= to).collect();
            let view = Arc::new(view);
            found.extend(days.into_iter().map(|when| On { when, view: Arc::clone(&view) }));
        }
        found.sort_by(|a, b| (a.when.day, &a.view.title, a.view.code).cmp(&(b.when.day, &b.view.title, b.view.code)));
        found
    }

    /// Revisions with a day from one to another that was called off or moved.
    pub fn changed_days(&self, unit: Option<&UnitId>, [from, to]: [Date; 2], moment: &Moment) -> Vec<View> {
        let has_one = |view: &View| {
            view.withdrawn.is_none()
                && view.calendar().is_some_and(|calendar| calendar.exceptions.iter().any(|one| (from..=to).contains(&one.day)))
        };
        let mut views: Vec<View> = self.held(unit, [from, to], moment).filter(has_one).collect();
        views.sort_by(|a, b| (&a.title, a.code).cmp(&(&b.title, b.code)));
        views
    }

    /// All revisions whose days a calendar needs, item by item: what is to come, and what was on in the last year.
    pub fn calendars(&self, unit: Option<&UnitId>, moment: &Moment) -> Vec<View> {
        let since = moment.today.saturating_sub(KEPT.days());
        let all = |item: &Item| {
            // What was cancelled too: a calendar that has it must strike it out.
            let history = item.view(None, moment).map(|view| view.history).unwrap_or_default();
            let views = history.iter().rev().filter_map(|entry| item.view(Some(entry.number), moment));
            views.filter(|view| self.is_meant(view, unit, moment.today)).collect::<Vec<_>>()
        };
        let changed = midnight(&moment.zone, since);
        let is_current =
            |views: &Vec<View>| views.iter().any(|view| view.holds_to.is_none_or(|last| last >= since) || view.updated >= changed);
        let mut items: Vec<Vec<View>> = self.occasions().map(all).filter(is_current).collect();
        items.sort_by_key(|views| views.iter().map(|view| std::cmp::Reverse(view.updated)).min());
        items.truncate(MOST);
        items.into_iter().flatten().collect()
    }
}

impl ReadModel {
    /// The places that take part in what is on, nearest first; by name where there is no position.
    pub async fn places_on(&self, on: &[On], at: Option<Position>, limit: usize, moment: &Moment) -> Result<Vec<Near>, StoreError> {
        let mut views: Vec<Arc<View>> = on.iter().map(|on| Arc::clone(&on.view)).collect();
        views.sort_by_key(|view| (view.code, view.revision));
        views.dedup_by_key(|view| (view.code, view.revision));
        let codes: Vec<Code> = views.iter().map(|view| view.code).collect();
        let views = views.into_iter().map(Arc::unwrap_or_clone).collect();
        let mut found = self.places_of(views, at).await?;
        found.extend(self.image().taking_part(&codes, moment).into_iter().filter_map(|view| near(view, at)));
        let name = |near: &Near| near.place.as_ref().map_or_else(|| near.view.title.clone(), |place| place.name.clone());
        found.sort_by(|a, b| a.metres.unwrap_or(0.0).total_cmp(&b.metres.unwrap_or(0.0)).then_with(|| name(a).cmp(&name(b))));
        found.truncate(limit);
        Ok(found)
    }
}
