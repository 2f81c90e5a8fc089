//! Campaigns: the Cashless Day and its kin.

mod facts;
mod rules;
mod view;

pub use facts::{Campaign, CampaignKind, ReportResults, ReportedFigure, ResultsReported, Schedule, Target, Weekday};

#[cfg(test)]
mod tests;
