//! Plans: land use, schedules, construction, general, zoning and detailed plans.

mod facts;
mod kinds;
mod lot_key;
mod rules;
mod view;

pub use facts::{Adjustment, Decision, Period, Plan, PlanKind, Reviewed};
pub use kinds::{LineKind, PointKind};
pub use lot_key::lot_key;
pub use rules::{LINES, POINTS, check_in_city};

#[cfg(test)]
mod schedule_tests;
#[cfg(test)]
mod second_person_tests;
#[cfg(test)]
mod tests;
