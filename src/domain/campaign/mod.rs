//! Campaigns: the Cashless Day and its kin.

mod facts;
mod rules;
mod view;

pub use facts::{
    Campaign, CampaignChange, CampaignChanged, CampaignKind, CampaignState, DayCancelled, DayRestored, ReportResults, ReportedFigure,
    ResultsReported, Target,
};

#[cfg(test)]
mod tests;
