//! Everything that people see: QR codes, maps and pages. All texts come from [`crate::words::text`].

pub mod boards;
pub mod calendar;
pub mod collections;
pub mod coverage;
pub mod desk;
pub mod glossary;
pub mod here;
pub mod home;
pub mod indicators;
pub mod layout;
pub mod map;
pub mod merchants;
pub mod nearest;
pub mod office;
pub mod page;
pub mod print;
pub mod qr;
pub mod record;
pub mod report;
pub mod reports;
pub mod search;
pub mod standings;
mod streets;
pub mod style;
pub mod tile;
pub mod today;
