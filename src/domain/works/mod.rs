//! Works on roads: digging, closed roads, events in the street.

mod facts;
mod rules;
mod view;

pub use facts::{
    Closed, Direction, EndEarly, EndedEarly, Postpone, Postponed, Vehicle, Works, WorksChange, WorksChanged, WorksKind, WorksState,
};

#[cfg(test)]
mod tests;
