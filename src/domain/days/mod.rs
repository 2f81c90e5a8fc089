//! On which days something takes place: how people state it, and the days that come of it.

mod calendar;
mod holidays;
mod hours;
mod schedule;
mod stated;
#[cfg(test)]
mod tests;

pub use calendar::{Days, Occurrence, Rule};
pub use holidays::{are_known, working_from};
pub use hours::{Hours, Open, Weekday, open};
pub use schedule::{MonthDay, OnHoliday, Schedule, Which};
pub use stated::{Exception, is_far};
