//! Plans: land use, schedules, construction, general, zoning and detailed plans.

mod facts;
mod rules;
mod view;

pub use facts::{Adjustment, Decision, Period, Plan, PlanKind, Reviewed};
pub use rules::check_in_city;

#[cfg(test)]
mod schedule_tests;
#[cfg(test)]
mod second_person_tests;
#[cfg(test)]
mod tests;
