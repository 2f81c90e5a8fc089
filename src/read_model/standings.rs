//! Where units and organisations stand by an indicator in a period.

use super::image::Image;
use crate::domain::Code;
use crate::domain::figures::{Asked, Period, Table};
use crate::domain::publication::view::{Moment, View};

impl Image {
    /// The table of an item with figures in a period; the latest where none is asked for. None for anything else.
    pub fn table(&self, code: &Code, period: Option<Period>, moment: &Moment) -> Option<Table> {
        self.entry(code)?.item.table(&Asked { period, city: &self.city, today: moment.today })
    }

    /// All indicators, each in its latest period, by title; those without figures last.
    pub fn indicators(&self, moment: &Moment) -> Vec<(View, Option<Table>)> {
        let mut all: Vec<(View, Option<Table>)> = self
            .collection("indicators")
            .filter_map(|(code, entry)| Some((entry.item.view(None, moment)?, self.table(code, None, moment))))
            .collect();
        all.sort_by(|(a, known), (b, other)| (known.is_none(), &a.title, a.code).cmp(&(other.is_none(), &b.title, b.code)));
        all
    }
}

/// The values that part sorted figures into as many classes, none of them empty where there are enough figures.
pub fn quantiles(values: &[f64], classes: usize) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.dedup();
    (1..classes).filter_map(|i| sorted.get(i * sorted.len() / classes).copied()).collect()
}
