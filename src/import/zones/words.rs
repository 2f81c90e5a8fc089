//! Sentences for findings.

use super::held::Held;
use crate::domain::lot_indicators::{Contradiction, Indicator, Unread};
use crate::geometry::coverage::Kind;
use crate::geometry::coverage::Misfit;
use crate::geometry::rings::Fault;
use crate::geometry::rings::Repair;
use crate::import::report::{Finding, Severity};
use crate::words::sentence::{Decimal, Names, Numbers, Sentence, ToWord, Word};
use crate::words::text::{Lang, text};

/// A finding: the check's name, its sentence, and the place (longitude and latitude in degrees).
pub(super) type Wrong = (&'static str, Sentence, Option<[f64; 2]>);

pub(super) fn wrong(check: &'static str, said: Sentence) -> Wrong {
    (check, said, None)
}

pub(super) fn misfit_words(misfit: &Misfit, zones: &[usize], limit: f64) -> Finding {
    let names = zones.iter().take(6).map(|zone| format!("#{zone}")).collect::<Vec<_>>().join(", ");
    let more = if zones.len() > 6 { ", …" } else { "" };
    let area = Decimal(misfit.area_m2, 2);
    let pieces = (misfit.pieces != 1).then(|| sentence!("places", n = misfit.pieces));
    let mut finding = match misfit.kind {
        Kind::Overlap => {
            let severity = if misfit.area_m2 > limit { Severity::Error } else { Severity::Warning };
            Finding::new(severity, "overlap", sentence!("overlap", names, more, area, pieces))
        }
        // A gap inside a single zone, such as a courtyard, has no other neighbour.
        Kind::Gap if zones.len() == 1 => Finding::new(Severity::Warning, "gap", sentence!("gap", names, area, pieces)),
        Kind::Gap => Finding::new(Severity::Warning, "gap", sentence!("gap-zones", area, names, more, pieces)),
    };
    finding.feature = zones.last().copied().filter(|_| misfit.kind == Kind::Overlap).or(zones.first().copied());
    finding.others = zones.iter().copied().filter(|zone| Some(*zone) != finding.feature).take(20).collect();
    finding.at(Some(misfit.at)).measuring(misfit.area_m2)
}

pub(super) fn area_words(before: f64, after: f64) -> Sentence {
    sentence!("area-changed", before = Decimal(before, 1), after = Decimal(after, 1))
}

pub(super) fn repair_name(repair: Repair) -> &'static str {
    match repair {
        Repair::Closed => "ring-closed",
        Repair::DuplicatePoints => "duplicate-points",
        Repair::Spike => "spike",
        Repair::SelfTouch => "self-touch",
        Repair::BowTie => "bow-tie",
        Repair::RingOrder => "ring-order",
        Repair::Rounded => "rounded-points",
    }
}

pub(super) fn repair_words(repair: Repair) -> Sentence {
    match repair {
        Repair::Closed => sentence!("repair-closed"),
        Repair::DuplicatePoints => sentence!("repair-points"),
        Repair::Spike => sentence!("repair-spike"),
        Repair::SelfTouch => sentence!("repair-self-touch"),
        Repair::BowTie => sentence!("repair-bow-tie"),
        Repair::RingOrder => sentence!("repair-ring-order"),
        Repair::Rounded => sentence!("repair-rounded"),
    }
}

/// Longitude and latitude, given in 10⁻⁷ degrees, as text in degrees for people.
pub fn degrees(at: [i64; 2]) -> String {
    format!("{:.5}, {:.5}", at[0] as f64 / 1e7, at[1] as f64 / 1e7)
}

pub(super) fn fault_words(fault: Fault) -> Wrong {
    let sentence = |check, what: Sentence, at: [i64; 2]| -> Wrong {
        (check, sentence!("near", what, at = degrees(at)), Some(at.map(|v| v as f64 / 1e7)))
    };
    match fault {
        Fault::TooFewPoints => wrong("too-few-points", sentence!("too-few-points")),
        Fault::Crossing(at) => sentence("self-crossing", sentence!("self-crossing"), at),
        Fault::Tangled(at) => sentence("tangled", sentence!("tangled"), at),
        Fault::HoleOutside(at) => sentence("hole-outside", sentence!("hole-outside"), at),
        Fault::Disconnected(at) => sentence("interior-cut", sentence!("interior-cut"), at),
        Fault::PartsOverlap(at) => sentence("parts-overlap", sentence!("parts-overlap"), at),
    }
}

/// The name of an indicator in sentences.
fn name(indicator: Indicator) -> Word {
    let key = format!("indicator-{}", indicator.key());
    Names(text(Lang::Vi, &key), text(Lang::En, &key)).to_word()
}

/// What columns of lots hold, one after the other.
pub(super) fn held_words(held: &[(Held, String)]) -> Word {
    let list = |lang: Lang| {
        let one = |(held, column): &(Held, String)| {
            let key = match held {
                Held::Value(indicator) | Held::Least(indicator) | Held::Most(indicator) => format!("indicator-{}", indicator.key()),
                Held::Lot | Held::Area | Held::Conditions => format!("lot-column-{}", held.key()),
            };
            format!("“{column}” = {}", text(lang, &key))
        };
        held.iter().map(one).collect::<Vec<_>>().join("; ")
    };
    Names(&list(Lang::Vi), &list(Lang::En)).to_word()
}

/// A number with two decimals at most.
fn short(value: f64) -> Word {
    Numbers(&((value * 100.0).round() / 100.0).to_string()).to_word()
}

pub(super) fn unread_words(unread: Unread, header: &str, text: &str) -> (&'static str, Sentence) {
    match unread {
        Unread::NoNumber => ("indicator-unread", sentence!("indicator-unread", header, text)),
        Unread::Several => ("indicator-unread", sentence!("indicator-several", header, text)),
        Unread::PartOrPercent => ("part-or-percent", sentence!("part-or-percent", header, text)),
        Unread::NotWhole => ("indicator-not-whole", sentence!("indicator-not-whole", header, text)),
        Unread::Beyond => ("indicator-beyond", sentence!("indicator-beyond", header, text)),
    }
}

pub(super) fn contradiction_words(contradiction: Contradiction) -> (&'static str, Sentence) {
    match contradiction {
        Contradiction::MoreThanAll(indicator, value) => {
            ("more-than-all", sentence!("more-than-all", what = name(indicator), value = short(value)))
        }
        Contradiction::Reversed(indicator, min, max) => {
            ("indicator-reversed", sentence!("indicator-reversed", what = name(indicator), min = short(min), max = short(max)))
        }
        Contradiction::Far { far, density, storeys, most } => {
            let [far, density, storeys, most] = [far, density, storeys, most].map(short);
            ("far-beyond", sentence!("far-beyond", far, density, storeys, most))
        }
    }
}
