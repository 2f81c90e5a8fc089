//! Lists of points that somebody of the office sends.

use serde_json::Value;

use super::{App, ExecuteError};
use crate::domain::Refusal;
use crate::domain::access::Actor;
use crate::import::Report;
use crate::import::points::{self, Row};
use crate::import::source::Source;
use crate::words::civil;

impl App {
    /// Reads a list of points: a report, its rows and the facts of each. `kind` counts for rows that name none. Errors:
    /// `crs` names no coordinate system that can be read, or the machine could not start the process that reads.
    pub fn read_list(
        &self,
        actor: &Actor,
        source: &Source,
        kind: Option<&str>,
        crs: Option<&str>,
    ) -> Result<(Report, Vec<Row>, Vec<Value>), ExecuteError> {
        let city = self.city();
        let options = points::options(&city, crs).map_err(|error| Refusal::invalid("crs-wrong", error.said()))?;
        let read = tokio::task::block_in_place(|| self.reading(actor).points(source, &options));
        let (mut report, rows) = read.map_err(|error| ExecuteError::Unavailable(error.to_string()))?;
        let today = civil::date_in(&city.zone(), self.now());
        let facts = points::all_facts(&rows, kind, &city.units, today, &mut report);
        Ok((report, rows, facts))
    }

    /// Reads a table of at most `most` rows that need no place. Errors: the machine could not start the process that reads.
    pub fn read_table(&self, actor: &Actor, source: &Source, most: usize) -> Result<(Report, Vec<points::Cells>), ExecuteError> {
        let options = points::options(&self.city(), None).map_err(|error| Refusal::invalid("crs-wrong", error.said()))?;
        let read = tokio::task::block_in_place(|| self.reading(actor).table(source, &options, most));
        read.map_err(|error| ExecuteError::Unavailable(error.to_string()))
    }
}
