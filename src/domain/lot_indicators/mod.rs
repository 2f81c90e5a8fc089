//! Planning indicators of a lot: how high, how dense, how far from the road; and how people write them.
//!
//! Names of properties are our own. Circular 16/2025/TT-BXD names layers and six text fields, and no indicator
//! (second-hand).

mod written;

use serde_json::{Map, Number, Value};

use crate::domain::schema::{Property, Type};

/// A planning indicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Indicator {
    /// Mật độ xây dựng, percent of the lot.
    Density,
    /// Tầng cao, storeys above ground.
    Storeys,
    /// Tầng hầm, storeys below ground.
    Basements,
    /// Chiều cao, metres.
    Height,
    /// Hệ số sử dụng đất, floor area by lot area.
    Far,
    /// Dân số, persons.
    Population,
    /// Số căn, dwellings.
    Dwellings,
    /// Tỷ lệ cây xanh, percent of the lot.
    Green,
    /// Cốt nền, metres above the datum of the plan.
    GroundLevel,
    /// Khoảng lùi trước, metres.
    SetbackFront,
    /// Khoảng lùi bên, metres.
    SetbackSide,
    /// Khoảng lùi sau, metres.
    SetbackRear,
}

/// All indicators, in the order in which people read them.
pub const ALL: [Indicator; 12] = [
    Indicator::Storeys,
    Indicator::Density,
    Indicator::Basements,
    Indicator::Height,
    Indicator::Far,
    Indicator::SetbackFront,
    Indicator::SetbackSide,
    Indicator::SetbackRear,
    Indicator::Green,
    Indicator::GroundLevel,
    Indicator::Population,
    Indicator::Dwellings,
];

/// Properties of a lot, beyond those of a zone, in the order of their names.
pub const PROPERTIES: &[Property] = &[
    Property::new("basements_max", Type::Integer),
    Property::new("conditions", Type::Text).like("Giữ cây hiện có"),
    Property::new("density_max_pct", Type::Number),
    Property::new("density_min_pct", Type::Number),
    Property::new("dwellings", Type::Integer),
    Property::new("far_max", Type::Number),
    Property::new("far_min", Type::Number),
    Property::new("green_min_pct", Type::Number),
    Property::new("ground_level_m", Type::Number),
    Property::new("height_max_m", Type::Number),
    Property::new("height_min_m", Type::Number),
    Property::new("lot", Type::Text).like("OM2.3"),
    Property::new("population", Type::Integer),
    Property::new("setback_front_m", Type::Number),
    Property::new("setback_rear_m", Type::Number),
    Property::new("setback_side_m", Type::Number),
    Property::new("storeys_max", Type::Integer),
    Property::new("storeys_min", Type::Integer),
];

/// What an indicator may be: a least and a greatest value, each where it is given.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Range {
    /// The least.
    pub min: Option<f64>,
    /// The greatest. A value that is neither stands here too, see [`Indicator::is_exact`].
    pub max: Option<f64>,
}

/// Why a text is no value of an indicator.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Unread {
    /// It holds no number, or words that are not known.
    NoNumber,
    /// It holds several numbers where one is expected.
    Several,
    /// It may be a part of one, or percent.
    PartOrPercent,
    /// It has decimals where things are counted.
    NotWhole,
    /// No building, lot or place is like that.
    Beyond,
}

impl Indicator {
    /// Its key among texts, columns and options.
    pub fn key(self) -> &'static str {
        match self {
            Self::Density => "density",
            Self::Storeys => "storeys",
            Self::Basements => "basements",
            Self::Height => "height",
            Self::Far => "far",
            Self::Population => "population",
            Self::Dwellings => "dwellings",
            Self::Green => "green",
            Self::GroundLevel => "ground_level",
            Self::SetbackFront => "setback_front",
            Self::SetbackSide => "setback_side",
            Self::SetbackRear => "setback_rear",
        }
    }

    /// Names of the properties that hold its least and its greatest value.
    pub fn names(self) -> (Option<&'static str>, Option<&'static str>) {
        match self {
            Self::Density => (Some("density_min_pct"), Some("density_max_pct")),
            Self::Storeys => (Some("storeys_min"), Some("storeys_max")),
            Self::Basements => (None, Some("basements_max")),
            Self::Height => (Some("height_min_m"), Some("height_max_m")),
            Self::Far => (Some("far_min"), Some("far_max")),
            Self::Population => (None, Some("population")),
            Self::Dwellings => (None, Some("dwellings")),
            Self::Green => (Some("green_min_pct"), None),
            Self::GroundLevel => (None, Some("ground_level_m")),
            Self::SetbackFront => (None, Some("setback_front_m")),
            Self::SetbackSide => (None, Some("setback_side_m")),
            Self::SetbackRear => (None, Some("setback_rear_m")),
        }
    }

    /// True where it is one value, and neither a least nor a greatest one.
    pub fn is_exact(self) -> bool {
        use Indicator::{Dwellings, GroundLevel, Population, SetbackFront, SetbackRear, SetbackSide};
        matches!(self, Population | Dwellings | GroundLevel | SetbackFront | SetbackSide | SetbackRear)
    }

    /// True where things are counted.
    pub fn is_whole(self) -> bool {
        matches!(self, Self::Storeys | Self::Basements | Self::Population | Self::Dwellings)
    }

    /// True for shares of a lot, in percent.
    pub fn is_share(self) -> bool {
        matches!(self, Self::Density | Self::Green)
    }

    /// The values that can be; others are a slip of the hand.
    fn bounds(self) -> (f64, f64) {
        match self {
            Self::Density | Self::Green | Self::Height => (0.0, 1_000.0),
            Self::Storeys => (0.0, 200.0),
            Self::Basements => (0.0, 20.0),
            Self::Far => (0.0, 100.0),
            Self::Population | Self::Dwellings => (0.0, 10_000_000.0),
            Self::GroundLevel => (-100.0, 4_000.0),
            Self::SetbackFront | Self::SetbackSide | Self::SetbackRear => (0.0, 500.0),
        }
    }
}

impl Range {
    /// Both values, each changed.
    #[must_use]
    pub fn map(self, change: impl Fn(f64) -> f64) -> Self {
        Self { min: self.min.map(&change), max: self.max.map(&change) }
    }
}

/// A contradiction within a lot's indicators.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Contradiction {
    /// More than the whole lot, percent.
    MoreThanAll(Indicator, f64),
    /// The least value is above the greatest.
    Reversed(Indicator, f64, f64),
    /// More floor area than density and storeys give: the ratio, density in percent, storeys, and what they give.
    Far {
        /// The greatest floor-area ratio that is stated.
        far: f64,
        /// The greatest density, percent.
        density: f64,
        /// The greatest number of storeys.
        storeys: f64,
        /// Density × storeys.
        most: f64,
    },
}

/// The indicators of one lot.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Indicators(Vec<(Indicator, Range)>);

impl Indicators {
    /// Those that a feature's properties state.
    pub fn of(properties: &Map<String, Value>) -> Self {
        let value = |name: Option<&str>| properties.get(name?)?.as_f64();
        let range = |indicator: &Indicator| {
            let (min, max) = indicator.names();
            let range = Range { min: value(min), max: value(max) };
            (range != Range::default()).then_some((*indicator, range))
        };
        Self(ALL.iter().filter_map(range).collect())
    }

    /// Each that is stated, in reading order.
    pub fn stated(&self) -> &[(Indicator, Range)] {
        &self.0
    }

    /// What is stated of one.
    pub fn get(&self, indicator: Indicator) -> Range {
        self.0.iter().find(|(known, _)| *known == indicator).map_or_else(Range::default, |(_, range)| *range)
    }

    /// States a least or greatest value, or both; what was stated before of the same side is replaced.
    pub fn put(&mut self, indicator: Indicator, range: Range) {
        if let Some((_, known)) = self.0.iter_mut().find(|(known, _)| *known == indicator) {
            *known = Range { min: range.min.or(known.min), max: range.max.or(known.max) };
        } else {
            self.0.push((indicator, range));
            self.0.sort_by_key(|(indicator, _)| ALL.iter().position(|known| known == indicator));
        }
    }

    /// Writes all of them into a feature's properties, null where nothing is stated.
    pub fn write(&self, properties: &mut Map<String, Value>) {
        for indicator in ALL {
            let (range, (min, max)) = (self.get(indicator), indicator.names());
            for (name, value) in [(min, range.min), (max, range.max)] {
                let Some(name) = name else { continue };
                let number =
                    value.and_then(|value| if indicator.is_whole() { Some(Number::from(value as i64)) } else { Number::from_f64(value) });
                properties.insert(name.to_owned(), number.map_or(Value::Null, Value::Number));
            }
        }
    }

    /// What differs from later ones: the indicator, what was stated and what is.
    pub fn changes(&self, later: &Self) -> Vec<(Indicator, Range, Range)> {
        ALL.into_iter().map(|indicator| (indicator, self.get(indicator), later.get(indicator))).filter(|(_, was, is)| was != is).collect()
    }

    /// What cannot be true together.
    pub fn contradictions(&self) -> Vec<Contradiction> {
        let mut found = Vec::new();
        for (indicator, range) in &self.0 {
            let largest = range.max.or(range.min).filter(|value| indicator.is_share() && *value > 100.0);
            found.extend(largest.map(|value| Contradiction::MoreThanAll(*indicator, value)));
            if let (Some(min), Some(max)) = (range.min, range.max)
                && min > max
            {
                found.push(Contradiction::Reversed(*indicator, min, max));
            }
        }
        let most = |indicator| self.get(indicator).max;
        if let (Some(far), Some(density), Some(storeys)) = (most(Indicator::Far), most(Indicator::Density), most(Indicator::Storeys)) {
            let product = density / 100.0 * storeys;
            // Plans round to one or two decimals.
            if far > product + 0.05 {
                found.push(Contradiction::Far { far, density, storeys, most: product });
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indicators_go_into_properties_and_come_back() {
        let mut given = Indicators::default();
        given.put(Indicator::Storeys, Range { min: None, max: Some(5.0) });
        given.put(Indicator::Density, Range { min: Some(40.0), max: None });
        given.put(Indicator::Density, Range { min: None, max: Some(60.0) });
        let mut properties = Map::new();
        given.write(&mut properties);
        assert_eq!(Indicators::of(&properties), given);
        assert_eq!(properties["storeys_max"].to_string(), "5");
        assert_eq!(properties["density_max_pct"].to_string(), "60.0", "clients take the type of a column from its first value");
        assert!(properties["far_max"].is_null());
        let names: Vec<&str> =
            PROPERTIES.iter().map(|property| property.name.as_ref()).filter(|name| !["lot", "conditions"].contains(name)).collect();
        assert_eq!(properties.keys().map(String::as_str).collect::<Vec<_>>(), names, "every lot has every property");
    }

    #[test]
    fn what_changed_is_told_for_each_indicator() {
        let mut was = Indicators::default();
        was.put(Indicator::Storeys, Range { min: None, max: Some(5.0) });
        was.put(Indicator::Far, Range { min: None, max: Some(2.0) });
        let mut is = was.clone();
        is.put(Indicator::Storeys, Range { min: None, max: Some(7.0) });
        let (five, seven) = (Range { min: None, max: Some(5.0) }, Range { min: None, max: Some(7.0) });
        assert_eq!(was.changes(&is), [(Indicator::Storeys, five, seven)]);
        assert_eq!(Indicators::default().changes(&was).len(), 2);
    }

    #[test]
    fn what_cannot_be_true_together_is_found_with_the_sum() {
        let lot = |list: &[(Indicator, Option<f64>, Option<f64>)]| {
            let mut lot = Indicators::default();
            list.iter().for_each(|(indicator, min, max)| lot.put(*indicator, Range { min: *min, max: *max }));
            lot.contradictions()
        };
        use Indicator::{Density, Far, Storeys};
        assert_eq!(lot(&[(Density, None, Some(120.0))]), [Contradiction::MoreThanAll(Density, 120.0)]);
        assert_eq!(lot(&[(Storeys, Some(5.0), Some(3.0))]), [Contradiction::Reversed(Storeys, 5.0, 3.0)]);
        let far = [(Density, None, Some(70.0)), (Storeys, None, Some(5.0)), (Far, None, Some(4.2))];
        assert_eq!(lot(&far), [Contradiction::Far { far: 4.2, density: 70.0, storeys: 5.0, most: 3.5 }]);
        assert_eq!(lot(&[far[0], far[1], (Far, None, Some(3.5))]), []);
    }
}
