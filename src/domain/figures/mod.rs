//! Figures: periods, what a sample says of everybody, rankings, and the table of who stands where.

mod estimate;
mod measure;
mod period;
mod ranking;
mod table;

pub use estimate::{Answers, Interval, Stratum, stratified, wilson};
pub use measure::{Direction, Measure, Method};
pub use period::{Frequency, Period};
pub use ranking::{Ranked, Standing, rank, standing};
pub use table::{Asked, Corrected, Promise, Row, Table, VALUE_PROPERTIES, Who, ranked};
