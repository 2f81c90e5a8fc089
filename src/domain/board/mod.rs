//! Notice boards: where they stand, what was printed for them and hangs there.

mod facts;
mod rules;
mod view;

pub use facts::{Board, BoardChange, BoardChanged, BoardState, Checked, Hung, Printed, Removed, Revoked};

#[cfg(test)]
mod tests;
