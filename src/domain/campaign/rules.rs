//! The rules of campaigns.

use jiff::civil::Date;

use super::{Campaign, ReportResults, ResultsReported, Schedule, Weekday};
use crate::domain::access::Role;
use crate::domain::document::Document;
use crate::domain::feature_set::{FeatureSet, Takes};
use crate::domain::plan::check_in_city;
use crate::domain::publication::view::View;
use crate::domain::publication::view::{Days, Moment};
use crate::domain::publication::{Event, Family, Publication};
use crate::domain::schema::{FeatureCollection, Only, Property, Shape};
use crate::domain::unit::UnitId;
use crate::domain::{Context, Refusal};

impl From<Weekday> for jiff::civil::Weekday {
    fn from(day: Weekday) -> Self {
        match day {
            Weekday::Monday => Self::Monday,
            Weekday::Tuesday => Self::Tuesday,
            Weekday::Wednesday => Self::Wednesday,
            Weekday::Thursday => Self::Thursday,
            Weekday::Friday => Self::Friday,
            Weekday::Saturday => Self::Saturday,
            Weekday::Sunday => Self::Sunday,
        }
    }
}

impl Schedule {
    /// First and last day; no last day where the schedule is open.
    pub fn span(&self) -> (Date, Option<Date>) {
        match *self {
            Self::Day { on } => (on, Some(on)),
            Self::Range { from, to } => (from, Some(to)),
            Self::Weekly { from, to, .. } => (from, to),
        }
    }

    /// The first day on or after `date` on which it takes place.
    pub fn next_on_or_after(&self, date: Date) -> Option<Date> {
        self.days().first_from(date)
    }

    /// Its days.
    pub(super) fn days(&self) -> Days {
        let (first, last) = self.span();
        let on = if let Self::Weekly { weekday, .. } = self { vec![(*weekday).into()] } else { Vec::new() };
        Days { first, last, on }
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
    const CHANGES: &'static [&'static str] = &["report-results"];
    const CHANGED: &'static [(&'static str, u32)] = &[("campaign.results_reported", 1)];
    const SHAPE: Shape = Shape::MultiPoint;
    const SETS: &'static [(&'static str, Takes)] = &[("places", Takes::Places)];
    const ROLES: &'static [Role] = &[Role::Campaign];
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[("campaigns", "NKTM20267"), ("places", "NKTM20267-1-1")];
    type Change = ReportResults;
    type Changed = ResultsReported;
    type State = Vec<ResultsReported>;

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
        self.schedule.span()
    }

    fn check(&self, _: Date, context: &Context) -> Result<(), Refusal> {
        if self.title.trim().is_empty() || self.organiser.trim().is_empty() {
            return Err(Refusal::invalid("title-missing", sentence!("campaign-incomplete")));
        }
        let (first, last) = self.schedule.span();
        if last.is_some_and(|last| last < first) || self.schedule.next_on_or_after(first).is_none() {
            return Err(Refusal::invalid("period-reversed", sentence!("campaign-no-day")));
        }
        check_units_each_day(self, context)?;
        check_in_city(self.places.as_ref(), context)
    }

    fn check_days(&self, from: Date, to: Option<Date>) -> Result<(), Refusal> {
        let (_, last) = self.schedule.span();
        if let (Some(to), Some(last)) = (to, last)
            && to > last
        {
            return Err(Refusal::invalid("end-after-days", sentence!("end-after-days", to, last)));
        }
        let day = self.schedule.next_on_or_after(from);
        if day.is_none_or(|day| to.is_some_and(|to| day > to)) {
            return Err(Refusal::invalid("no-day-in-force", sentence!("no-day-in-force")));
        }
        Ok(())
    }

    fn decide(_: &Publication<Self>, change: ReportResults, context: &Context) -> Result<Vec<Event<Self>>, Refusal> {
        let ReportResults { as_of, source, figures } = change;
        if figures.is_empty() || source.trim().is_empty() {
            return Err(Refusal::invalid("results-incomplete", sentence!("results-incomplete")));
        }
        if as_of > context.today {
            return Err(Refusal::invalid("results-in-future", sentence!("results-in-future", as_of)));
        }
        Ok(vec![Event::Changed(ResultsReported { as_of, source, figures })])
    }

    fn apply(state: &mut Vec<ResultsReported>, changed: &ResultsReported) {
        state.push(changed.clone());
    }

    fn describe(&self, state: &Vec<ResultsReported>, moment: &Moment, view: &mut View) {
        super::view::describe(self, state, moment, view);
    }
}

/// Refuses units that do not exist on every day of the campaign. An open-ended schedule is checked until
/// the last change that the unit table knows.
fn check_units_each_day(campaign: &Campaign, context: &Context) -> Result<(), Refusal> {
    let table = &context.city.units;
    let (first, last) = campaign.schedule.span();
    let mut ends: Vec<Date> = campaign
        .units
        .iter()
        .filter_map(|id| table.get(id)?.valid_to?.tomorrow().ok())
        .filter(|day| *day >= first && last.is_none_or(|last| *day <= last))
        .collect();
    ends.sort_unstable();
    for day in std::iter::once(first).chain(ends) {
        if let Some(day) = campaign.schedule.next_on_or_after(day) {
            table.check(&campaign.units, day)?;
        }
    }
    Ok(())
}
