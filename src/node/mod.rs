//! Background work of a node: the follower of the log, the snapshot from which a long log starts, and what is carried out
//! at its hour.

pub mod certificates;
pub mod follower;
pub mod links;
pub mod schedule;
pub mod snapshot;
mod sweep;
