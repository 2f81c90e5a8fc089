//! Whatever a table of points, or a PDF beside it, holds.
#![no_main]

use bangtin::import::documents::About;
use bangtin::import::formats::Limits;
use bangtin::import::points;
use bangtin::import::report::Report;
use bangtin::import::source::Source;
use bangtin::import::zones::Options;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut options = Options::new([104.815, 21.646, 104.961, 21.798], 9208);
    options.choice.limits = Limits { bytes: 8 << 20, features: 2_000, points: 20_000 };
    let mut report = Report::default();
    let _ = points::read(&Source::memory("fuzz", bytes.to_vec()), &options, &mut report);
    let _ = About::of(bytes);
});
