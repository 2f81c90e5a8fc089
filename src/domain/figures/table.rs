//! The table of a period: who stands where.

use jiff::civil::Date;
use serde::Serialize;

use super::{Answers, Direction, Interval, Measure, Period, Standing, rank};
use crate::domain::Code;
use crate::domain::city::City;
use crate::domain::schema::{Property, Type};
use crate::domain::unit::UnitId;

/// Properties of a figure, beyond its id.
pub const VALUE_PROPERTIES: &[Property] = &[
    Property::new("as_of", Type::Date),
    Property::new("high", Type::Number),
    Property::new("indicator", Type::Text).like("CTTB2201T"),
    Property::new("low", Type::Number),
    Property::new("measured_in", Type::Text).like("%"),
    Property::new("period", Type::Text).like("2022"),
    Property::new("pledge", Type::Number),
    Property::new("rank", Type::Integer),
    Property::new("standing", Type::Text).of(&["missed", "met", "exceeded"]),
    Property::new("target", Type::Number),
    Property::new("title", Type::Text).like("Thanh toán trực tuyến"),
    Property::new("unit", Type::Text).like("04252-2025"),
    Property::new("unit_name", Type::Text).like("Phường Yên Bái"),
    Property::new("url", Type::Text),
    Property::new("value", Type::Number),
];

/// Whose figure it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Who {
    /// The whole city's.
    City,
    /// A unit's.
    Unit(UnitId),
    /// An organisation's.
    Body(String),
}

impl Who {
    /// Of the two fields that a command has.
    pub fn of(unit: Option<&UnitId>, body: Option<&str>) -> Self {
        match (unit, body) {
            (Some(unit), _) => Self::Unit(unit.clone()),
            (None, Some(body)) => Self::Body(body.trim().to_owned()),
            (None, None) => Self::City,
        }
    }

    /// The unit.
    pub fn unit(&self) -> Option<&UnitId> {
        if let Self::Unit(unit) = self { Some(unit) } else { None }
    }
}

/// A figure that was told and then corrected.
#[derive(Debug, Clone, PartialEq)]
pub struct Corrected {
    /// The figure.
    pub value: f64,
    /// Day on which it was counted.
    pub as_of: Date,
    /// Why it was corrected.
    pub reason: Option<String>,
}

/// What a unit or an organisation has signed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Promise {
    /// The unit.
    pub unit: Option<UnitId>,
    /// The organisation.
    pub body: Option<String>,
    /// The figure promised.
    pub value: f64,
    /// The office of whoever signed.
    pub signed_by: String,
    /// Day of the signature.
    pub signed_on: Date,
    /// Number of the document.
    pub document: Option<String>,
}

impl Promise {
    /// Whose it is.
    pub fn who(&self) -> Who {
        Who::of(self.unit.as_ref(), self.body.as_deref())
    }
}

/// A figure in the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Whose it is.
    pub who: Who,
    /// The figure.
    pub value: f64,
    /// Where the true figure lies.
    pub interval: Interval,
    /// The sample that it follows from.
    pub answers: Option<Answers>,
    /// Day on which it was counted.
    pub as_of: Date,
    /// Where it comes from.
    pub source: String,
    /// Number of the document.
    pub document: Option<String>,
    /// What was told before.
    pub corrected: Vec<Corrected>,
    /// What is aimed at.
    pub target: Option<f64>,
    /// What was promised.
    pub pledge: Option<Promise>,
    /// How it stands to its pledge, or else to its target.
    pub standing: Option<Standing>,
    /// Its place; 0 for the whole city.
    pub rank: usize,
}

impl Row {
    /// What was promised, or else what is aimed at.
    pub fn wanted(&self) -> Option<f64> {
        self.pledge.as_ref().map(|pledge| pledge.value).or(self.target)
    }
}

/// What is asked of an item with figures.
pub struct Asked<'a> {
    /// The period; the latest where none.
    pub period: Option<Period>,
    /// The city.
    pub city: &'a City,
    /// Today.
    pub today: Date,
}

/// What is known for a period.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The item.
    pub code: Code,
    /// What is measured.
    pub measure: Measure,
    /// The period.
    pub period: Period,
    /// All periods with figures, the first first.
    pub periods: Vec<Period>,
    /// The whole city.
    pub city: Option<Row>,
    /// Units, the best first.
    pub units: Vec<Row>,
    /// Organisations, the best first.
    pub bodies: Vec<Row>,
    /// Units without a figure.
    pub missing: Vec<UnitId>,
    /// Pledges of those without a figure.
    pub pledged: Vec<Promise>,
    /// What is aimed at: by the whole city's the units without one of their own.
    pub targets: Vec<(Who, f64)>,
    /// The city's figure and target in each period, the first first.
    pub course: Vec<(Period, Option<f64>, Option<f64>)>,
}

/// The rows with their places, the best first.
pub fn ranked(rows: Vec<Row>, direction: Direction) -> Vec<Row> {
    let list =
        rank(rows.into_iter().map(|row| (row.value, row.interval, row)).map(|(value, interval, row)| (row, value, interval)), direction);
    list.into_iter().map(|one| Row { rank: one.rank, ..one.of }).collect()
}
