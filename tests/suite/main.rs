//! Whole-program tests: the store on both databases, the site through its real router, the real
//! process, real QR decoders, a real browser. `tools/test.sh` sets up what they need.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod addresses;
mod apart;
mod boards;
mod browser;
mod clients;
mod connections;
mod contract;
mod crash;
mod disks;
mod downloads;
mod drafts;
mod event_log;
mod field;
mod formats;
mod generator;
mod golden;
mod imports;
mod left_out;
mod lookalikes;
mod map_clients;
mod office;
mod office_day;
mod office_due;
mod office_items;
mod office_settings;
mod offices;
mod oidc;
mod passkeys;
mod personal_data;
mod postgres;
mod prints;
mod process;
mod qr;
mod random;
mod reports;
mod resident;
mod scheduled;
mod second_person;
mod site;
mod support;
mod unknown_outcome;
mod uploads;
mod variations;
mod works;
