//! Imports: from a planner's file to canonical features and an honest report.

pub mod apart;
pub mod attach;
pub mod cell;
pub mod choose_crs;
pub mod columns;
pub mod documents;
pub mod encoding;
pub mod feature;
pub mod formats;
pub mod lines;
pub mod list;
pub mod parcel;
pub mod photo;
pub mod photo_codes;
pub mod plan;
pub mod points;
pub mod report;
pub mod results;
mod shared;
pub mod source;
pub mod units;
pub mod wkt;
pub mod zones;

pub use report::{Finding, Report, Severity};
