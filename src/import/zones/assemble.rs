//! Puts checked zones together: builds the set and the sums, and compares neighbours.

use std::collections::HashMap;

use super::Options;
use super::words::{area_words, misfit_words};
use crate::features::canonical;
use crate::features::canonical::CanonicalSet;
use crate::features::canonical::{FeatureText, hectares};
use crate::geometry::coverage::Coverage;
use crate::geometry::crs::Crs;
use crate::import::report::{CodeSum, Finding, Report, Severity};
use crate::words::sentence::Decimal;

/// Smallest overlap or gap that counts, square metres; smaller ones come from rounding.
const LEAST_MISFIT_M2: f64 = 0.05;

/// The result of checking one feature.
#[derive(Default)]
pub(super) struct Zone {
    pub(super) findings: Vec<Finding>,
    pub(super) counted: Vec<&'static str>,
    pub(super) ready: Option<Ready>,
}

/// A zone that can be published.
pub(super) struct Ready {
    pub(super) piece: FeatureText,
    /// Empty for a lot without a land use.
    pub(super) code: String,
    /// The lot's number.
    pub(super) lot: Option<String>,
    pub(super) area_m2: f64,
    pub(super) before_m2: f64,
    pub(super) border: Vec<(u64, u64)>,
    pub(super) outline: [u64; 2],
}

/// Builds the set and the sums from checked zones, and compares neighbours.
pub(super) struct Assembly<'a> {
    report: &'a mut Report,
    plane: Crs,
    writer: canonical::Writer,
    coverage: Coverage,
    boxes: Vec<[i64; 4]>,
    /// The number in the file of each zone of the set.
    numbers: Vec<usize>,
    seen: HashMap<[u64; 2], usize>,
    /// The first feature of each number of lots.
    lots: HashMap<String, usize>,
    features: usize,
}

impl<'a> Assembly<'a> {
    pub(super) fn new(report: &'a mut Report, plane: Crs) -> Self {
        Self {
            report,
            plane,
            writer: canonical::Writer::default(),
            coverage: Coverage::default(),
            boxes: Vec::new(),
            numbers: Vec::new(),
            seen: HashMap::new(),
            lots: HashMap::new(),
            features: 0,
        }
    }

    pub(super) fn add(&mut self, zone: Zone) {
        let number = self.features;
        self.features += 1;
        zone.findings.into_iter().for_each(|finding| self.report.push(finding));
        zone.counted.into_iter().for_each(|what| self.report.count_also(what, 1));
        let Some(ready) = zone.ready else { return };
        if let Some(other) = self.seen.insert(ready.outline, number) {
            let at = [ready.piece.bbox[0], ready.piece.bbox[1]].map(|v| v as f64 / 1e7);
            let finding =
                Finding::new(Severity::Error, "same-zone-twice", sentence!("same-zone-twice", other, area = Decimal(ready.area_m2, 1)));
            let mut finding = finding.of(number, None).at(Some(at)).measuring(ready.area_m2);
            finding.others.push(other);
            self.report.push(finding);
        }
        if let Some(lot) = &ready.lot {
            let other = *self.lots.entry(lot.clone()).or_insert(number);
            if other != number {
                let at = [ready.piece.bbox[0], ready.piece.bbox[1]].map(|v| v as f64 / 1e7);
                let said = sentence!("lot-number-twice", number = lot, other);
                let mut finding = Finding::new(Severity::Warning, "lot-number-twice", said).of(number, None).at(Some(at));
                finding.others.push(other);
                self.report.push(finding);
            }
        }
        if !ready.code.is_empty() {
            let sum: &mut CodeSum = self.report.codes.entry(ready.code).or_default();
            sum.zones += 1;
            sum.area_ha += hectares(ready.area_m2);
        }
        self.report.area_before_m2 += ready.before_m2;
        self.report.area_after_m2 += ready.area_m2;
        self.coverage.add(self.numbers.len() as u32, &ready.border);
        self.numbers.push(number);
        self.boxes.push(ready.piece.bbox);
        self.writer.push(&ready.piece);
    }

    pub(super) fn finish(self, options: &Options) -> Option<CanonicalSet> {
        let Self { report, plane, writer, coverage, boxes, numbers, features, .. } = self;
        report.features = features;
        let (before, after) = (report.area_before_m2, report.area_after_m2);
        if (before - after).abs() > 1.0 {
            report.push(Finding::new(Severity::Warning, "plan-area-changed", area_words(before, after)).measuring((before - after).abs()));
        }
        let geometry = |zone: u32| writer.geometry(zone as usize);
        let misfits = coverage.misfits(&boxes, &geometry, &plane);
        report.count_also("rounding-misfits", misfits.rounding);
        for misfit in misfits.list.into_iter().filter(|misfit| misfit.area_m2 >= LEAST_MISFIT_M2) {
            let zones: Vec<usize> = misfit.zones.iter().filter_map(|zone| numbers.get(*zone as usize).copied()).collect();
            let known = report.findings.iter().any(|finding| {
                finding.check == "same-zone-twice" && zones.len() == 2 && finding.feature == Some(zones[1]) && finding.others == zones[..1]
            });
            if !known {
                report.push(misfit_words(&misfit, &zones, options.overlap_m2));
            }
        }
        if misfits.more {
            report.add(Severity::Warning, "misfits-more", None, sentence!("misfits-not-listed"));
        }
        let set = writer.finish();
        for sum in report.codes.values_mut() {
            sum.area_ha = (sum.area_ha * 10_000.0).round() / 10_000.0;
        }
        report.area_ha = set.as_ref().and_then(|set| set.set.area_ha).unwrap_or(0.0);
        set
    }
}
