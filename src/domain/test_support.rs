//! A city and a moment for the tests of rules.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::{Date, date};

use super::city::City;
use super::unit::{Unit, Units};
use crate::domain::Code;
use crate::domain::{Context, KnownItem};
use crate::geometry::Position;
use crate::words::civil;

/// A code for the tests.
pub fn code(seed: u8) -> Code {
    Code::from_random([seed, 1, 2, 3, 4, 5, 6, 7])
}

fn unit(id: &str, from: Date, to: Option<Date>, successors: &[&str]) -> Unit {
    Unit {
        id: id.parse().expect("id"),
        name_vi: format!("Phường {id}"),
        name_en: format!("Ward {id}"),
        kind: "phường".into(),
        valid_from: from,
        valid_to: to,
        successors: successors.iter().map(|id| id.parse().expect("id")).collect(),
        label: Position { lon: 104.87, lat: 21.7 },
    }
}

/// A city with a merger on 1/7/2025.
pub fn city() -> City {
    City {
        id: "test".into(),
        name_vi: "Thành phố thử".into(),
        name_en: "Test City".into(),
        bbox: [104.815, 21.646, 104.961, 21.798],
        default_crs: 9208,
        time_zone: "Asia/Ho_Chi_Minh".into(),
        public_url: "https://bangtin.example".into(),
        units: Units(vec![
            unit("04249-2020", date(2020, 3, 1), Some(date(2025, 6, 30)), &["04279-2025"]),
            unit("04279-2025", date(2025, 7, 1), None, &[]),
            unit("04252-2025", date(2025, 7, 1), None, &[]),
        ]),
        ..City::default()
    }
}

/// The context at noon of a day in the city.
pub fn on(year: i16, month: i8, day: i8) -> Context {
    let city = city();
    let noon = date(year, month, day).to_datetime(jiff::civil::time(12, 0, 0, 0));
    let now: Timestamp = city.zone().to_timestamp(noon).expect("a moment");
    Context {
        now,
        today: civil::date_in(&city.zone(), now),
        city: Arc::new(city),
        known_codes: [code(9)].into(),
        known_items: [(code(9), KnownItem { family: "campaign".into(), revision: 2 })].into(),
        by: None,
        with: Vec::new(),
        two_persons: Vec::new(),
        sequence: 0,
    }
}
