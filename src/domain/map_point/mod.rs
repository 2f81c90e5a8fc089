//! Map points: ambulances, health workers and stations, advisory desks, digital teams.

mod facts;
mod rules;
mod view;

pub use facts::{ContactRef, Duty, DutyChanged, MapPoint, Phone, PointKind, SetDuty};

#[cfg(test)]
mod tests;
