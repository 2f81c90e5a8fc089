//! Indicators of a programme: what is counted, what was aimed at and promised, what was reached.

mod facts;
mod rules;
mod state;
mod table;
#[cfg(test)]
mod tests;
mod view;

pub use facts::{
    Aim, Indicator, IndicatorChange, IndicatorChanged, IndicatorKind, Pledge, ReportResults, ResultsReported, SetTargets, Value,
};
pub use state::{IndicatorState, Known, Told, of_city};
