//! The table of an indicator in a period.

use super::state::{Known, Told};
use super::{Indicator, Pledge};
use crate::domain::figures::{Asked, Corrected, Measure, Promise, Row, Table, Who, ranked, standing};
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
        let Told { report, value, interval, answers } = &known.told;
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

/// The table of a period; the latest where none is asked for. None where there is no figure yet.
pub(super) fn table(publication: &Publication<Indicator>, asked: &Asked<'_>) -> Option<Table> {
    let today = asked.today;
    let shown = publication.shown_on(today)?;
    let (indicator, state) = (&shown.facts, &publication.state);
    let periods = state.periods();
    let period = asked.period.or_else(|| state.latest(today)).or_else(|| periods.first().copied())?;
    let (known, targets, pledges) = (state.known(period), state.targets_of(period), state.pledges_of(period));
    let target = |who: &Who| targets.get(who).or_else(|| targets.get(&Who::City)).copied();
    let (mut units, mut bodies, mut city) = (Vec::new(), Vec::new(), None);
    for (who, known) in &known {
        let row = indicator.row(who, known, target(who), pledges.get(who).copied());
        match who {
            Who::City => city = Some(row),
            Who::Unit(_) => units.push(row),
            Who::Body(_) => bodies.push(row),
        }
    }
    let day = period.last().min(today.max(period.first()));
    let expected = asked.city.units.valid_on(day).map(|unit| &unit.id);
    let meant = expected.filter(|id| indicator.units.is_empty() || indicator.units.contains(id));
    let is_missing = |id: &&UnitId| !units.is_empty() && !known.contains_key(&Who::Unit((*id).clone()));
    let missing: Vec<UnitId> = meant.filter(is_missing).cloned().collect();
    let pledged = pledges.iter().filter(|(who, _)| !known.contains_key(who)).map(|(_, pledge)| promise(pledge)).collect();
    let course = periods.iter().map(|period| (*period, state.city(*period), state.target(*period, &Who::City))).collect();
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
        course,
    })
}
