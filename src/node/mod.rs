//! Background work of a node: the follower of the log, and the snapshot from which a long log starts.

pub mod follower;
pub mod snapshot;
