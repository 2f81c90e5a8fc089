//! Whatever a planner's file of zones holds: an error or a set, never both, never a crash.
#![no_main]

use bangtin::import::formats::Limits;
use bangtin::import::source::Source;
use bangtin::import::zones::{self, Options};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut options = Options::new([104.815, 21.646, 104.961, 21.798], 9208);
    options.choice.limits = Limits { bytes: 8 << 20, features: 2_000, points: 20_000 };
    let imported = zones::import(&Source::memory("fuzz", bytes.to_vec()), &options, &|_| {});
    assert!(imported.set.is_none() || imported.report.is_clean());
});
