//! Whatever a planner's file of zones holds: an error or a set, never both, never a crash.
#![no_main]

use bangtin::domain::plan::PlanKind;
use bangtin::import::formats::Limits;
use bangtin::import::plan;
use bangtin::import::source::Source;
use bangtin::import::zones::{self, Options};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut options = Options::new([104.815, 21.646, 104.961, 21.798], 9208);
    options.choice.limits = Limits { bytes: 8 << 20, features: 2_000, points: 20_000 };
    let imported = zones::import(&Source::memory("fuzz", bytes.to_vec()), &options, &|_| {});
    assert!(imported.set.is_none() || imported.report.is_clean());
    options.kind = PlanKind::DetailedPlan;
    let layered = plan::import(&Source::memory("fuzz", bytes.to_vec()), &options, &|_| {});
    assert!(layered.report.is_clean() || layered.set.is_none() && layered.further.is_empty());
});
