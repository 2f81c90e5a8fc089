//! How often pages behind codes were read.

use jiff::civil::Date;

use super::{App, ExecuteError};
use crate::event_store::scans::{self, ScanRow};

impl App {
    /// Adds counts. Those that could not be added are given back, to be tried again.
    pub async fn add_scans(&self, rows: Vec<ScanRow>) -> Vec<ScanRow> {
        let mut left = rows;
        while !left.is_empty() {
            if let Err(error) = scans::add(self.log().as_ref(), &mut left).await {
                tracing::warn!("counts of readings were not kept yet: {error}");
                break;
            }
        }
        left
    }

    /// What was counted from one day to another.
    pub async fn scans(&self, from: Date, to: Date) -> Result<Vec<ScanRow>, ExecuteError> {
        Ok(scans::between(self.log().as_ref(), from.to_string(), to.to_string()).await?)
    }
}
