//! The table of an indicator in a period.

use super::state::{Known, Told, of_city};
use super::{Indicator, IndicatorKind, Pledge};
use crate::domain::figures::{Asked, Corrected, Measure, Period, Promise, Row, Table, Who, ranked, standing};
use crate::domain::publication::Publication;
use crate::domain::unit::UnitId;

fn promise(pledge: &Pledge) -> Promise {
    Promise {
        unit: pledge.unit.clone(),
        body: pledge.body.clone(),
        value: pledge.value,
        signed_by: pledge.signed_by.clone(),
        signed_on: pledge.signed_on,
        document: pledge.document.clone(),
    }
}

impl Indicator {
    /// What is measured.
    pub(super) fn measured(&self) -> Measure {
        Measure {
            title: self.title.clone(),
            title_en: self.title_en.clone(),
            definition: self.definition.clone(),
            unit: self.unit.clone(),
            direction: self.direction,
            base: self.base.clone(),
            source: self.source.clone(),
            method: self.method,
            frequency: self.frequency,
            organiser: self.organiser.clone(),
            campaign: self.campaign,
            units: self.units.clone(),
        }
    }

    fn row(&self, who: &Who, known: &Known<'_>, target: Option<f64>, pledge: Option<&Pledge>) -> Row {
        let Told { report, value, interval, answers, .. } = &known.told;
        // The reason of a correction stands in the report that follows.
        let mut reasons = known.corrected.iter().skip(1).map(|told| told.report.reason.clone()).chain([report.reason.clone()]);
        let corrected = known
            .corrected
            .iter()
            .map(|told| Corrected { value: told.value, as_of: told.report.as_of, reason: reasons.next().flatten() })
            .collect();
        let wanted = pledge.map(|pledge| pledge.value).or(target);
        Row {
            who: who.clone(),
            value: *value,
            interval: *interval,
            answers: *answers,
            as_of: report.as_of,
            source: report.source.clone(),
            document: report.document.clone(),
            corrected,
            target,
            pledge: pledge.map(promise),
            standing: wanted.map(|wanted| standing(*value, wanted, self.direction)),
            rank: 0,
        }
    }
}

/// The units of the city that an indicator is about, on the last day of a period that has passed.
fn units_in(indicator: &Indicator, asked: &Asked<'_>, period: Period) -> Vec<UnitId> {
    let day = period.last().min(asked.today.max(period.first()));
    let all = asked.city.units.valid_on(day).map(|unit| &unit.id);
    all.filter(|id| indicator.units.is_empty() || indicator.units.contains(id)).cloned().collect()
}

/// The table of a period; the latest where none is asked for. None where nothing is known yet.
pub(super) fn table(publication: &Publication<Indicator>, asked: &Asked<'_>) -> Option<Table> {
    let today = asked.today;
    let shown = publication.shown_on(today).filter(|_| publication.withdrawn.is_none())?;
    let (indicator, state) = (&shown.facts, &publication.state);
    let periods = state.periods();
    let period = asked.period.or_else(|| state.latest(today)).or_else(|| periods.first().copied())?;
    let (known, targets, pledges) = (state.known(period), state.targets_of(period), state.pledges_of(period));
    // A share of the city is wanted of each unit too; a number of the city is not.
    let is_share = indicator.kind == IndicatorKind::Share;
    let target = |who: &Who| targets.get(who).or_else(|| targets.get(&Who::City).filter(|_| is_share || *who == Who::City)).copied();
    let (mut units, mut bodies) = (Vec::new(), Vec::new());
    for (who, known) in &known {
        let row = || indicator.row(who, known, target(who), pledges.get(who).copied());
        match who {
            Who::City => {}
            Who::Unit(_) => units.push(row()),
            Who::Body(_) => bodies.push(row()),
        }
    }
    let expected = units_in(indicator, asked, period);
    let city = of_city(&known, &expected).map(|told| {
        let corrected = known.get(&Who::City).map(|known| known.corrected.clone()).unwrap_or_default();
        indicator.row(&Who::City, &Known { told, corrected }, target(&Who::City), None)
    });
    let is_by_unit = !units.is_empty() || pledges.keys().any(|who| who.unit().is_some());
    let missing: Vec<UnitId> = expected.into_iter().filter(|id| is_by_unit && !known.contains_key(&Who::Unit(id.clone()))).collect();
    let pledged = pledges.iter().filter(|(who, _)| !known.contains_key(who)).map(|(_, pledge)| promise(pledge)).collect();
    let of_period = |period: &Period| {
        let value = of_city(&state.known(*period), &units_in(indicator, asked, *period)).map(|told| told.value);
        (*period, value, state.target(*period, &Who::City))
    };
    let course = periods.iter().map(of_period).filter(|(_, value, _)| value.is_some()).collect();
    Some(Table {
        code: publication.code?,
        measure: indicator.measured(),
        period,
        periods,
        city,
        units: ranked(units, indicator.direction),
        bodies: ranked(bodies, indicator.direction),
        missing,
        pledged,
        targets: targets.into_iter().collect(),
        course,
    })
}
