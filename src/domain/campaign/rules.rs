//! The rules of campaigns.

use jiff::civil::Date;

use serde_json::Value;

use super::{Campaign, CampaignChange, CampaignChanged, CampaignState, DayCancelled, DayRestored, ReportResults, ResultsReported};
use crate::domain::access::Role;
use crate::domain::days::{Days, Exception, is_far};
use crate::domain::document::Document;
use crate::domain::feature_set::{FeatureSet, Takes};
use crate::domain::plan::check_in_city;
use crate::domain::publication::view::Moment;
use crate::domain::publication::view::View;
use crate::domain::publication::{Event, Family, Publication, Revision, own_changes};
use crate::domain::schema::{FeatureCollection, Only, Property, Shape};
use crate::domain::unit::UnitId;
use crate::domain::{Context, Refusal};

/// Longest reason for a day that does not take place, characters.
const LONGEST_REASON: usize = 500;

impl Campaign {
    /// Its days, with those that were cancelled since it was published.
    pub(super) fn days(&self, cancelled: &[DayCancelled]) -> Days {
        self.schedule.days(self.holidays, &self.times, &self.exceptions_with(cancelled))
    }

    /// Exceptions as published, and those that came later.
    pub(super) fn exceptions_with(&self, cancelled: &[DayCancelled]) -> Vec<Exception> {
        let later = cancelled.iter().map(|day| Exception { day: day.day, moved_to: day.moved_to, reason: Some(day.reason.clone()) });
        let is_told_later = |exception: &&Exception| cancelled.iter().any(|later| later.day == exception.day);
        self.exceptions.iter().filter(|exception| !is_told_later(exception)).cloned().chain(later).collect()
    }

    /// First and last day.
    fn span(&self) -> (Date, Option<Date>) {
        self.days(&[]).span().unwrap_or_else(|| self.schedule.stated())
    }
}

impl Family for Campaign {
    const NAME: &'static str = "campaign";
    const COLLECTIONS: &'static [(&'static str, &'static str)] = &[("campaigns", "")];
    const FEATURES: &'static [FeatureCollection] = &[FeatureCollection {
        name: "places",
        only: Only::All,
        shape: Shape::Point,
        properties: &[super::view::PLACE_PROPERTIES],
        further: None,
    }];
    /// The second version may have several days of a week, days of a month, hours and exceptions.
    const FACTS_VERSION: u32 = 2;
    const SHAPE: Shape = Shape::MultiPoint;
    const SETS: &'static [(&'static str, Takes)] = &[("places", Takes::Places)];
    const ROLES: &'static [Role] = &[Role::Campaign];
    const OCCASIONS: bool = true;
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[("campaigns", "NKTM20267"), ("places", "NKTM20267-1-1")];
    type Change = CampaignChange;
    type Changed = CampaignChanged;
    type State = CampaignState;

    own_changes! {
        CampaignChange {
            "report-results" => Report(ReportResults),
            "cancel-day" => CancelDay(DayCancelled),
            "restore-day" => RestoreDay(DayRestored),
        }
        CampaignChanged {
            "campaign.results_reported", 1 => Reported(ResultsReported),
            "campaign.day_cancelled", 1 => Cancelled(DayCancelled),
            "campaign.day_restored", 1 => Restored(DayRestored),
        }
    }

    fn upcast_facts(version: u32, facts: Value) -> Option<Value> {
        // The first form is read as it stands: its one day of the week is a list of one.
        (version == 1).then_some(facts)
    }

    fn properties(_: &str) -> Vec<Property> {
        super::view::PROPERTIES.to_vec()
    }

    fn kind(&self) -> &'static str {
        self.kind.as_str()
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

    fn features(&self) -> Option<&FeatureSet> {
        self.places.as_ref()
    }

    fn effective(&self, _: Date) -> (Date, Option<Date>) {
        self.span()
    }

    fn check(&self, _: Date, context: &Context) -> Result<(), Refusal> {
        if self.title.trim().is_empty() || self.organiser.trim().is_empty() {
            return Err(Refusal::invalid("title-missing", sentence!("campaign-incomplete")));
        }
        self.schedule.check(self.holidays, &self.times, &self.exceptions)?;
        check_units_each_day(self, context)?;
        check_in_city(self.places.as_ref(), context)
    }

    fn check_days(&self, from: Date, to: Option<Date>) -> Result<(), Refusal> {
        let (_, last) = self.span();
        if let (Some(to), Some(last)) = (to, last)
            && to > last
        {
            return Err(Refusal::invalid("end-after-days", sentence!("end-after-days", to, last)));
        }
        let day = self.days(&[]).first_from(from);
        if day.is_none_or(|day| to.is_some_and(|to| day > to)) {
            return Err(Refusal::invalid("no-day-in-force", sentence!("no-day-in-force")));
        }
        Ok(())
    }

    fn decide(current: &Publication<Self>, change: CampaignChange, context: &Context) -> Result<Vec<Event<Self>>, Refusal> {
        let changed = match change {
            CampaignChange::Report(results) => CampaignChanged::Reported(report(results, context)?),
            CampaignChange::CancelDay(day) => CampaignChanged::Cancelled(cancel(current, day, context)?),
            CampaignChange::RestoreDay(day) => CampaignChanged::Restored(restore(current, day)?),
        };
        Ok(vec![Event::Changed(changed)])
    }

    fn apply(state: &mut CampaignState, changed: &CampaignChanged) {
        match changed {
            CampaignChanged::Reported(results) => state.results.push(results.clone()),
            CampaignChanged::Cancelled(day) => {
                state.cancelled.retain(|known| known.day != day.day);
                state.cancelled.push(day.clone());
            }
            CampaignChanged::Restored(day) => state.cancelled.retain(|known| known.day != day.day),
        }
    }

    /// Its page lists the places that take part, and they say so themselves.
    fn mentions_others(_: &CampaignState) -> bool {
        true
    }

    fn describe(&self, state: &CampaignState, moment: &Moment, view: &mut View) {
        super::view::describe(self, state, moment, view);
    }
}

fn report(ReportResults { as_of, source, figures }: ReportResults, context: &Context) -> Result<ResultsReported, Refusal> {
    if figures.is_empty() || source.trim().is_empty() {
        return Err(Refusal::invalid("results-incomplete", sentence!("results-incomplete")));
    }
    if as_of > context.today {
        return Err(Refusal::invalid("results-in-future", sentence!("results-in-future", as_of)));
    }
    Ok(ResultsReported { as_of, source, figures })
}

fn check_reason(reason: &str) -> Result<(), Refusal> {
    if reason.trim().is_empty() || reason.chars().count() > LONGEST_REASON {
        return Err(Refusal::invalid("reason-missing", sentence!("day-reason", most = LONGEST_REASON)));
    }
    Ok(())
}

fn cancel(current: &Publication<Campaign>, day: DayCancelled, context: &Context) -> Result<DayCancelled, Refusal> {
    check_reason(&day.reason)?;
    let others: Vec<DayCancelled> = current.state.cancelled.iter().filter(|known| known.day != day.day).cloned().collect();
    let held = |revision: &&Revision<Campaign>| {
        let days = revision.facts.days(&others).held(revision.effective_from, current.days_end(revision));
        revision.cancelled.is_none() && (days.is_planned(day.day) || days.becomes(day.day).is_some())
    };
    let Some(revision) = current.revisions.iter().rev().find(held) else {
        return Err(Refusal::invalid("no-such-day", sentence!("no-such-day", day = day.day)));
    };
    if let Some(to) = day.moved_to {
        let end = current.days_end(revision).into_iter().chain(revision.effective_to).min();
        if is_far(day.day, to) || to < context.today || to == day.day || to < revision.effective_from || end.is_some_and(|end| to > end) {
            let from = revision.effective_from.max(context.today);
            let until = end.map_or_else(|| sentence!("open-end"), |end| sentence!("until-day", end));
            return Err(Refusal::invalid("moved-outside", sentence!("moved-outside", to, from, until)));
        }
    }
    if current.state.cancelled.contains(&day) {
        return Err(Refusal::invalid("nothing-changed", sentence!("nothing-changed")));
    }
    Ok(day)
}

fn restore(current: &Publication<Campaign>, day: DayRestored) -> Result<DayRestored, Refusal> {
    check_reason(&day.reason)?;
    if !current.state.cancelled.iter().any(|known| known.day == day.day) {
        return Err(Refusal::conflict("day-not-cancelled", sentence!("day-not-cancelled", day = day.day)));
    }
    Ok(day)
}

/// Refuses units that do not exist on every day of the campaign. An open-ended schedule is checked until
/// the last change that the unit table knows.
fn check_units_each_day(campaign: &Campaign, context: &Context) -> Result<(), Refusal> {
    let table = &context.city.units;
    let days = campaign.days(&[]);
    let (first, last) = campaign.span();
    let mut ends: Vec<Date> = campaign
        .units
        .iter()
        .filter_map(|id| table.get(id)?.valid_to?.tomorrow().ok())
        .filter(|day| *day >= first && last.is_none_or(|last| *day <= last))
        .collect();
    ends.sort_unstable();
    for day in std::iter::once(first).chain(ends) {
        if let Some(day) = days.first_from(day) {
            table.check(&campaign.units, day)?;
        }
    }
    Ok(())
}
