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
            .filter(|(_, entry)| !entry.item.is_withdrawn())
            .filter_map(|(code, entry)| Some((entry.item.view(None, moment)?, self.table(code, None, moment))))
            .collect();
        all.sort_by(|(a, known), (b, other)| (known.is_none(), &a.title, a.code).cmp(&(other.is_none(), &b.title, b.code)));
        all
    }
}

/// The least figures of classes with as many units each, the first class left out. Equal figures are in one class.
pub fn quantiles(values: &[f64], classes: usize) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let least = sorted.first().copied();
    let mut bounds: Vec<f64> = (1..classes).filter_map(|i| sorted.get((i * sorted.len()).div_ceil(classes)).copied()).collect();
    bounds.dedup();
    bounds.retain(|bound| Some(*bound) != least);
    bounds
}

#[cfg(test)]
mod tests {
    use super::quantiles;

    #[test]
    fn classes_have_as_many_units_each_and_none_is_empty() {
        assert_eq!(quantiles(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], 4), [3.0, 5.0, 7.0]);
        assert_eq!(quantiles(&[5.0, 5.0, 5.0, 9.0], 4), [9.0]);
        assert_eq!(quantiles(&[5.0, 5.0], 4), Vec::<f64>::new());
        assert_eq!(quantiles(&[58.0, 77.0, 131.0], 4), [77.0, 131.0]);
        assert!(quantiles(&[], 4).is_empty());
    }
}
