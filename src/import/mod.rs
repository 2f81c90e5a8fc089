//! From the file a planner has to canonical features and an honest report.

pub mod apart;
pub mod attach;
pub mod canonical;
pub mod cell;
pub mod columns;
pub mod coverage;
pub mod crs;
pub mod documents;
pub mod encoding;
pub mod feature;
pub mod formats;
pub mod parcel;
pub mod points;
pub mod report;
pub mod rings;
pub mod source;
pub mod units;
pub mod zones;

pub use report::{Finding, Report, Severity};
