//! Figures of indicators as features: each with the boundary of its unit.

use serde_json::{Map, Value as Json, json};

use super::When;
use crate::domain::figures::{Asked, Period, Row, Standing, Table};
use crate::domain::publication::view::Moment;
use crate::domain::unit::{Unit, UnitId};
use crate::features::Features;
use crate::features::boundaries::boundary_text;
use crate::read_model::ReadModel;

impl ReadModel {
    /// Figures of indicators, each with the boundary of its unit: of all periods, or of those that meet the days.
    pub(super) fn values(
        &self,
        when: When,
        as_of: Option<i64>,
        moment: &Moment,
        boundaries: Option<&Features>,
    ) -> Vec<(String, Map<String, Json>, String)> {
        let image = self.image();
        let shape = |id: &UnitId| boundaries.and_then(|all| boundary_text(all, id)).unwrap_or("null").to_owned();
        let meets = |period: &Period| match when {
            When::Now => true,
            When::On(day) => period.first() <= day && day <= period.last(),
            When::Between(from, to) => to.is_none_or(|to| period.first() <= to) && from.is_none_or(|from| from <= period.last()),
        };
        let mut rows = Vec::new();
        for (code, entry) in image.collection("indicators") {
            let past = as_of.map(|at| entry.item.as_of(at));
            let item = match &past {
                None => &entry.item,
                Some(Some(item)) => item,
                Some(None) => continue,
            };
            let asked = |period| Asked { period, city: &image.city, today: moment.today };
            let periods = item.table(&asked(None)).filter(|_| !item.is_withdrawn()).map(|table| table.periods).unwrap_or_default();
            for period in periods.into_iter().filter(meets) {
                let Some(table) = item.table(&asked(Some(period))) else { continue };
                for row in &table.units {
                    let Some(unit) = row.who.unit().and_then(|id| image.city.units.get(id)) else { continue };
                    let key = format!("{code}-{period}-{}", unit.id);
                    rows.push((key, value_properties(&image.city.public_url, &table, row, unit), shape(&unit.id)));
                }
            }
        }
        rows.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        rows
    }
}

fn value_properties(url: &str, table: &Table, row: &Row, unit: &Unit) -> Map<String, Json> {
    let standing = row.standing.map(|standing| match standing {
        Standing::Missed => "missed",
        Standing::Met => "met",
        Standing::Exceeded(_) => "exceeded",
    });
    let properties = [
        ("as_of", json!(row.as_of)),
        ("high", json!(row.interval.high)),
        ("indicator", json!(table.code)),
        ("low", json!(row.interval.low)),
        ("measured_in", json!(table.measure.unit)),
        ("period", json!(table.period)),
        ("pledge", json!(row.pledge.as_ref().map(|pledge| pledge.value))),
        ("rank", json!(row.rank)),
        ("standing", json!(standing)),
        ("target", json!(row.target)),
        ("title", json!(table.measure.title)),
        ("unit", json!(unit.id)),
        ("unit_name", json!(unit.name_vi)),
        ("url", json!(format!("{url}/indicators/{}?period={}", table.code, table.period))),
        ("value", json!(row.value)),
    ];
    properties.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
