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
        Some(Told { report, value, interval, answers: self.answers })
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

    /// Periods for which figures are known, the first first.
    pub fn periods(&self) -> Vec<Period> {
        let mut periods: Vec<Period> = self.reports.iter().map(|report| report.period).collect();
        periods.sort_unstable();
        periods.dedup();
        periods
    }

    /// The figures of a period. The city's follows from its units' samples where nobody reported it.
    pub fn known(&self, period: Period) -> BTreeMap<Who, Known<'_>> {
        let mut all: BTreeMap<Who, Known<'_>> = BTreeMap::new();
        let mut parts: BTreeMap<&UnitId, Stratum> = BTreeMap::new();
        let mut last = None;
        for report in self.reports.iter().filter(|report| report.period == period) {
            last = Some(report);
            for value in &report.values {
                let Some(told) = value.told(report) else { continue };
                if let (Some(unit), Some(answers), Some(population)) = (&value.unit, value.answers, value.population) {
                    parts.insert(unit, Stratum { answers, population });
                }
                match all.entry(value.who()) {
                    std::collections::btree_map::Entry::Vacant(entry) => {
                        entry.insert(Known { told, corrected: Vec::new() });
                    }
                    std::collections::btree_map::Entry::Occupied(mut entry) => {
                        let before = std::mem::replace(&mut entry.get_mut().told, told);
                        entry.get_mut().corrected.push(before);
                    }
                }
            }
        }
        let parts: Vec<Stratum> = parts.into_values().collect();
        if let (Some(report), Some((value, interval)), false) = (last, stratified(&parts), all.contains_key(&Who::City)) {
            all.insert(Who::City, Known { told: Told { report, value, interval, answers: None }, corrected: Vec::new() });
        }
        all
    }

    /// The city's figure in a period, see [`IndicatorState::known`].
    pub fn city(&self, period: Period) -> Option<f64> {
        let reports = || self.reports.iter().filter(|report| report.period == period);
        let told = reports()
            .flat_map(|report| report.values.iter().filter(|value| value.who() == Who::City).filter_map(|value| value.told(report)));
        told.last().map(|told| told.value).or_else(|| {
            let own = |value: &'_ Value| Some((value.unit.clone()?, Stratum { answers: value.answers?, population: value.population? }));
            let parts: BTreeMap<UnitId, Stratum> = reports().flat_map(|report| report.values.iter().filter_map(own)).collect();
            stratified(&parts.into_values().collect::<Vec<_>>()).map(|(value, _)| value)
        })
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

    /// The last period with figures, as far as it has begun by `today`.
    pub fn latest(&self, today: Date) -> Option<Period> {
        self.periods().into_iter().rev().find(|period| period.first() <= today)
    }
}
