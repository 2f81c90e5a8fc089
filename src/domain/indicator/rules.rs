//! The rules of indicators.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::{Indicator, IndicatorChange, IndicatorChanged, IndicatorKind, IndicatorState, Pledge, ResultsReported, SetTargets};
use crate::domain::access::Role;
use crate::domain::document::Document;
use crate::domain::figures::{Asked, Frequency, Measure, Method, Period, Table, Who};
use crate::domain::publication::view::{Moment, View};
use crate::domain::publication::{Event, Family, Publication, own_changes};
use crate::domain::schema::{Property, Shape};
use crate::domain::unit::UnitId;
use crate::domain::{Code, Context, Refusal};

/// Most figures of one report, and most targets of one command.
const MOST: usize = 2_000;
/// Longest name of an organisation, characters.
const LONGEST: usize = 200;

impl Family for Indicator {
    const NAME: &'static str = "indicator";
    const COLLECTIONS: &'static [(&'static str, &'static str)] = &[("indicators", "")];
    /// It has no place of its own.
    const SHAPE: Shape = Shape::Point;
    const ROLES: &'static [Role] = &[Role::Campaign];
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[("indicators", "CTTB2201T")];
    type Change = IndicatorChange;
    type Changed = IndicatorChanged;
    type State = IndicatorState;

    own_changes! {
        IndicatorChange {
            "set-targets" => SetTargets(SetTargets),
            "pledge" => Pledge(Pledge),
            "report-results" => Report(ResultsReported),
        }
        IndicatorChanged {
            "indicator.targets_set", 1 => TargetsSet(SetTargets),
            "indicator.pledged", 1 => Pledged(Pledge),
            "indicator.results_reported", 1 => Reported(ResultsReported),
        }
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

    fn refers(&self) -> Vec<Code> {
        self.campaign.into_iter().collect()
    }

    fn check(&self, _: Date, context: &Context) -> Result<(), Refusal> {
        let is_blank = |text: &str| text.trim().is_empty();
        if [&self.title, &self.definition, &self.unit, &self.source, &self.organiser].into_iter().any(|text| is_blank(text)) {
            return Err(Refusal::invalid("indicator-incomplete", sentence!("indicator-incomplete")));
        }
        if (self.kind == IndicatorKind::Share) != (self.unit == "%") {
            return Err(Refusal::invalid("indicator-unit", sentence!("indicator-unit")));
        }
        context.check_campaigns(self.campaign)
    }

    fn check_keeps(&self, previous: &Self) -> Result<(), Refusal> {
        // Figures that were reported keep their meaning.
        let meaning = |of: &Self| (of.unit.clone(), of.frequency, of.direction);
        if meaning(self) != meaning(previous) {
            return Err(Refusal::invalid("indicator-meaning", sentence!("indicator-meaning")));
        }
        Ok(())
    }

    fn change_units(change: &IndicatorChange) -> Option<Vec<UnitId>> {
        // A ward reports and promises for itself; what concerns an organisation or the whole city is the city's.
        let own = |unit: Option<&UnitId>| unit.cloned();
        let units: Option<Vec<UnitId>> = match change {
            IndicatorChange::SetTargets(_) => None,
            IndicatorChange::Pledge(pledge) => own(pledge.unit.as_ref()).map(|unit| vec![unit]),
            IndicatorChange::Report(report) => report.values.iter().map(|value| own(value.unit.as_ref())).collect(),
        };
        units.filter(|units| !units.is_empty())
    }

    fn decide(current: &Publication<Self>, change: IndicatorChange, context: &Context) -> Result<Vec<Event<Self>>, Refusal> {
        let Some(latest) = current.latest() else {
            return Err(Refusal::conflict("not-published", sentence!("not-published")));
        };
        let indicator = &latest.facts;
        let changed = match change {
            IndicatorChange::SetTargets(targets) => {
                indicator.check_period(targets.period)?;
                if targets.targets.is_empty() || targets.targets.len() > MOST {
                    return Err(Refusal::invalid("too-many", sentence!("indicator-many", most = MOST)));
                }
                for aim in &targets.targets {
                    indicator.check_figure(aim.value)?;
                    indicator.check_who(&Who::of(aim.unit.as_ref(), aim.body.as_deref()), targets.period, context)?;
                }
                IndicatorChanged::TargetsSet(targets)
            }
            IndicatorChange::Pledge(pledge) => {
                indicator.check_pledge(&pledge, context)?;
                IndicatorChanged::Pledged(pledge)
            }
            IndicatorChange::Report(report) => {
                indicator.check_report(&report, &current.state, context)?;
                IndicatorChanged::Reported(report)
            }
        };
        Ok(vec![Event::Changed(changed)])
    }

    fn measure(&self) -> Option<Measure> {
        Some(self.measured())
    }

    fn table(item: &Publication<Self>, asked: &Asked<'_>) -> Option<Table> {
        super::table::table(item, asked)
    }

    fn apply(state: &mut IndicatorState, changed: &IndicatorChanged) {
        state.apply(changed);
    }

    fn describe(&self, state: &IndicatorState, moment: &Moment, view: &mut View) {
        super::view::describe(self, state, moment, view);
    }
}

impl Indicator {
    fn check_period(&self, period: Period) -> Result<(), Refusal> {
        if period.frequency() == self.frequency {
            return Ok(());
        }
        let wanted = match self.frequency {
            Frequency::Month => sentence!("period-month"),
            Frequency::Quarter => sentence!("period-quarter"),
            Frequency::Year => sentence!("period-year"),
        };
        Err(Refusal::invalid("period", sentence!("indicator-period", period, wanted)))
    }

    /// A share is a percentage; what is counted is not less than nothing.
    fn check_figure(&self, value: f64) -> Result<(), Refusal> {
        let most = if self.kind == IndicatorKind::Share { 100.0 } else { 1e15 };
        if (0.0..=most).contains(&value) {
            return Ok(());
        }
        let said = if self.kind == IndicatorKind::Share { sentence!("figure-share") } else { sentence!("figure-count") };
        Err(Refusal::invalid("figure", said))
    }

    fn check_who(&self, who: &Who, period: Period, context: &Context) -> Result<(), Refusal> {
        let table = &context.city.units;
        let heirs = |id: &UnitId| table.at(id, context.today).into_iter().map(|unit| unit.id.clone()).collect::<Vec<_>>();
        if let Some(id) = who.unit().filter(|_| !self.units.is_empty()) {
            let own: Vec<UnitId> = self.units.iter().flat_map(heirs).collect();
            if !self.units.contains(id) && !heirs(id).iter().any(|heir| own.contains(heir)) {
                return Err(Refusal::invalid("other-unit", sentence!("indicator-other-unit", unit = name_of(who, context))));
            }
        }
        match who {
            Who::Body(name) if name.is_empty() || name.chars().count() > LONGEST => {
                Err(Refusal::invalid("body", sentence!("indicator-body", most = LONGEST)))
            }
            Who::City | Who::Body(_) => Ok(()),
            Who::Unit(id) => {
                // A unit that was merged within the period may report for its part of it.
                if table.get(id).is_some_and(|unit| unit.valid_from <= period.last() && unit.valid_to.is_none_or(|to| to >= period.first()))
                {
                    return Ok(());
                }
                table.check(std::slice::from_ref(id), period.last())
            }
        }
    }

    fn check_pledge(&self, pledge: &Pledge, context: &Context) -> Result<(), Refusal> {
        self.check_period(pledge.period)?;
        self.check_figure(pledge.value)?;
        let who = Who::of(pledge.unit.as_ref(), pledge.body.as_deref());
        if who == Who::City || (pledge.unit.is_some() && pledge.body.is_some()) {
            return Err(Refusal::invalid("who", sentence!("pledge-who")));
        }
        self.check_who(&who, pledge.period, context)?;
        if pledge.signed_by.trim().is_empty() || pledge.signed_by.chars().count() > LONGEST {
            return Err(Refusal::invalid("signed-by", sentence!("pledge-signed", most = LONGEST)));
        }
        if pledge.signed_on > context.today {
            let (signed, today) = (pledge.signed_on, context.today);
            return Err(Refusal::invalid("signed-in-future", sentence!("signed-in-future", signed, today)));
        }
        Ok(())
    }

    fn check_report(&self, report: &ResultsReported, state: &IndicatorState, context: &Context) -> Result<(), Refusal> {
        self.check_period(report.period)?;
        if report.values.is_empty() || report.values.len() > MOST {
            return Err(Refusal::invalid("too-many", sentence!("indicator-many", most = MOST)));
        }
        if report.source.trim().is_empty() {
            return Err(Refusal::invalid("results-incomplete", sentence!("results-incomplete")));
        }
        if report.as_of > context.today || report.as_of < report.period.first() {
            let as_of = report.as_of;
            return Err(Refusal::invalid("results-day", sentence!("results-day", as_of, period = report.period)));
        }
        let known: BTreeSet<Who> = state
            .reports
            .iter()
            .filter(|known| known.period == report.period)
            .flat_map(|known| known.values.iter().map(super::Value::who))
            .collect();
        let mut seen = BTreeSet::new();
        for value in &report.values {
            let who = value.who();
            if value.unit.is_some() && value.body.is_some() {
                return Err(Refusal::invalid("who", sentence!("value-who")));
            }
            self.check_who(&who, report.period, context)?;
            match (value.value, value.answers) {
                (Some(figure), None) => self.check_figure(figure)?,
                (None, Some(answers)) if self.method == Method::Sample && self.kind == IndicatorKind::Share => {
                    let is_small = value.population.is_some_and(|population| population < answers.asked);
                    if answers.asked == 0 || answers.yes > answers.asked || is_small {
                        return Err(Refusal::invalid("answers", sentence!("value-answers", yes = answers.yes, asked = answers.asked)));
                    }
                }
                _ => return Err(Refusal::invalid("value", sentence!("value-one"))),
            }
            if !seen.insert(who.clone()) {
                return Err(Refusal::invalid("value-twice", sentence!("value-twice", who = name_of(&who, context))));
            }
            if known.contains(&who) && report.reason.as_deref().is_none_or(|reason| reason.trim().is_empty()) {
                return Err(Refusal::conflict(
                    "reported-before",
                    sentence!("reported-before", who = name_of(&who, context), period = report.period),
                ));
            }
        }
        Ok(())
    }
}

fn name_of(who: &Who, context: &Context) -> String {
    match who {
        Who::City => context.city.name_vi.clone(),
        Who::Body(name) => name.clone(),
        Who::Unit(id) => context.city.units.get(id).map_or_else(|| id.to_string(), |unit| unit.name_vi.clone()),
    }
}
