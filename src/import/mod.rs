//! From the file a planner has to canonical features and an honest report.

pub mod attach;
pub mod canonical;
pub mod columns;
pub mod crs;
pub mod documents;
pub mod geojson;
pub mod points;
pub mod report;
pub mod rings;
pub mod zones;

pub use report::{Finding, Report, Severity};
