//! What is measured, and how.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Frequency;
use crate::domain::Code;
use crate::domain::unit::UnitId;
use crate::words::number::{number, whole};

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// More is better.
    #[default]
    Up,
    /// Less is better.
    Down,
}

/// How the figure is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Everything is counted.
    Count,
    /// A sample is asked.
    Sample,
    /// It stands in a register.
    Register,
}

impl Method {
    /// The key of its name in the catalogue.
    pub fn key(self) -> &'static str {
        match self {
            Self::Count => "method-count",
            Self::Sample => "method-sample",
            Self::Register => "method-register",
        }
    }
}

/// What is measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    /// Vietnamese name.
    pub title: String,
    /// English name.
    pub title_en: Option<String>,
    /// What exactly is counted.
    pub definition: String,
    /// `%`, or what is counted.
    pub unit: String,
    /// Which way is better.
    pub direction: Direction,
    /// What a share is a share of.
    pub base: Option<String>,
    /// Who gives the figures.
    pub source: String,
    /// How they are found.
    pub method: Method,
    /// How often.
    pub frequency: Frequency,
    /// Who answers for it.
    pub organiser: String,
    /// The campaign that it belongs to.
    pub campaign: Option<Code>,
    /// Units it is about; none means the whole city.
    pub units: Vec<UnitId>,
}

impl Measure {
    /// The figure that somebody typed: of a share “74,8”; of a count “12.300” is twelve thousand and three hundred.
    pub fn figure(&self, text: &str) -> Option<f64> {
        let counted = (self.unit != "%").then(|| whole(text)).flatten();
        counted.map(|value| value as f64).or_else(|| number(text))
    }
}
