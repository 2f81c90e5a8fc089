//! What runs beside requests: the follower of the log, and the snapshot a long log starts from.

pub mod follower;
pub mod snapshot;
