//! What is known of an indicator: targets, pledges and results, with what was corrected.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{IndicatorChanged, Pledge, ResultsReported, SetTargets, Value};
use crate::domain::figures::{Answers, Interval, Period, Stratum, Who, stratified, wilson};
use crate::domain::unit::UnitId;

/// A figure as it was told once.
#[derive(Debug, Clone, PartialEq)]
pub struct Told<'a> {
    /// The report it stands in.
    pub report: &'a ResultsReported,
    /// The figure.
    pub value: f64,
    /// Where the true figure lies.
    pub interval: Interval,
    /// The answers that it follows from.
    pub answers: Option<Answers>,
    /// How many people they speak for.
    pub population: Option<u32>,
}

/// A figure that is known now, with what was told before.
#[derive(Debug, Clone, PartialEq)]
pub struct Known<'a> {
    /// The figure that counts.
    pub told: Told<'a>,
    /// What was told before and then corrected, the first first.
    pub corrected: Vec<Told<'a>>,
}

/// What the events leave behind, in their order.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct IndicatorState {
    /// Targets.
    pub targets: Vec<SetTargets>,
    /// Pledges.
    pub pledges: Vec<Pledge>,
    /// Results.
    pub reports: Vec<ResultsReported>,
}

impl Value {
    /// Whose it is.
    pub fn who(&self) -> Who {
        Who::of(self.unit.as_ref(), self.body.as_deref())
    }

    fn told<'a>(&self, report: &'a ResultsReported) -> Option<Told<'a>> {
        let value = self.value.or_else(|| self.answers.map(Answers::share))?;
        let interval = self.answers.map_or_else(|| Interval::exact(value), wilson);
        Some(Told { report, value, interval, answers: self.answers, population: self.population })
    }
}

impl IndicatorState {
    pub(super) fn apply(&mut self, changed: &IndicatorChanged) {
        match changed {
            IndicatorChanged::TargetsSet(targets) => self.targets.push(targets.clone()),
            IndicatorChanged::Pledged(pledge) => self.pledges.push(pledge.clone()),
            IndicatorChanged::Reported(report) => self.reports.push(report.clone()),
        }
    }

    /// Periods for which something is known, the first first: figures, pledges or targets.
    pub fn periods(&self) -> Vec<Period> {
        let reports = self.reports.iter().map(|report| report.period);
        let others = self.pledges.iter().map(|pledge| pledge.period).chain(self.targets.iter().map(|targets| targets.period));
        let mut periods: Vec<Period> = reports.chain(others).collect();
        periods.sort_unstable();
        periods.dedup();
        periods
    }

    /// The figures of a period, as they were told.
    pub fn known(&self, period: Period) -> BTreeMap<Who, Known<'_>> {
        let mut all: BTreeMap<Who, Known<'_>> = BTreeMap::new();
        for report in self.reports.iter().filter(|report| report.period == period) {
            for value in &report.values {
                let Some(mut told) = value.told(report) else { continue };
                match all.entry(value.who()) {
                    std::collections::btree_map::Entry::Vacant(entry) => {
                        entry.insert(Known { told, corrected: Vec::new() });
                    }
                    std::collections::btree_map::Entry::Occupied(mut entry) => {
                        // Who corrects answers need not say again how many people live there.
                        told.population = told.population.or(entry.get().told.population);
                        let before = std::mem::replace(&mut entry.get_mut().told, told);
                        entry.get_mut().corrected.push(before);
                    }
                }
            }
        }
        all
    }

    /// The target for a period: its own, or else the one for all.
    pub fn target(&self, period: Period, who: &Who) -> Option<f64> {
        let all = self.targets_of(period);
        all.get(who).or_else(|| all.get(&Who::City)).copied()
    }

    /// All targets of a period.
    pub fn targets_of(&self, period: Period) -> BTreeMap<Who, f64> {
        let sets = self.targets.iter().filter(|set| set.period == period);
        sets.flat_map(|set| &set.targets).map(|aim| (Who::of(aim.unit.as_ref(), aim.body.as_deref()), aim.value)).collect()
    }

    /// All pledges of a period, of each the last.
    pub fn pledges_of(&self, period: Period) -> BTreeMap<Who, &Pledge> {
        let own = self.pledges.iter().filter(|pledge| pledge.period == period);
        own.map(|pledge| (Who::of(pledge.unit.as_ref(), pledge.body.as_deref()), pledge)).collect()
    }

    /// The last period with figures, or else with pledges, as far as it has begun by `today`.
    pub fn latest(&self, today: Date) -> Option<Period> {
        let reported = self.reports.iter().map(|report| report.period).filter(|period| period.first() <= today).max();
        reported.or_else(|| self.periods().into_iter().rev().find(|period| period.first() <= today))
    }
}

/// The city's figure: as it was told, or else what the samples of all its units say together. None while one of `units` has
/// none: a part of the city does not speak for it.
pub fn of_city<'a>(known: &BTreeMap<Who, Known<'a>>, units: &[UnitId]) -> Option<Told<'a>> {
    if let Some(city) = known.get(&Who::City) {
        return Some(city.told.clone());
    }
    let own = |id: &UnitId| {
        let told = &known.get(&Who::Unit(id.clone()))?.told;
        Some(Stratum { answers: told.answers?, population: told.population? })
    };
    let parts: Vec<Stratum> = units.iter().map(own).collect::<Option<_>>()?;
    let (value, interval) = stratified(&parts)?;
    let last =
        known.iter().filter(|(who, _)| who.unit().is_some()).map(|(_, known)| known.told.report).max_by_key(|report| report.as_of)?;
    Some(Told { report: last, value, interval, answers: None, population: None })
}
