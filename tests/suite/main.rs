//! Whole-program tests: the store on both databases, the site through its real router, the real
//! process, real QR decoders, a real browser. `tools/test.sh` sets up what they need.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod boards;
mod browser;
mod clients;
mod contract;
mod crash;
mod downloads;
mod field;
mod event_log;
mod formats;
mod generator;
mod imports;
mod map_clients;
mod personal_data;
mod prints;
mod process;
mod qr;
mod random;
mod reports;
mod resident;
mod site;
mod support;
mod unknown_outcome;
mod uploads;
