//! What a sample says of everybody.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The quantile of the normal distribution for 95 %.
const Z: f64 = 1.959_963_984_540_054;

/// Answers of a sample as counts: no person stands in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    /// How many said yes.
    pub yes: u32,
    /// How many were asked.
    pub asked: u32,
}

impl Answers {
    /// Those who said yes, percent.
    pub fn share(self) -> f64 {
        f64::from(self.yes) / f64::from(self.asked.max(1)) * 100.0
    }
}

/// Where the true figure lies, with 95 % confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// The interval of a figure that was counted and not sampled.
    pub fn exact(value: f64) -> Self {
        Self { low: value, high: value }
    }
}

/// The 95 % interval of a share, percent (Wilson, “Probable inference, the law of succession, and statistical inference”,
/// Journal of the American Statistical Association 22, 1927).
pub fn wilson(answers: Answers) -> Interval {
    let n = f64::from(answers.asked.max(1));
    let p = f64::from(answers.yes) / n;
    let square = Z * Z;
    let centre = (p + square / (2.0 * n)) / (1.0 + square / n);
    let half = Z / (1.0 + square / n) * (p * (1.0 - p) / n + square / (4.0 * n * n)).sqrt();
    Interval { low: ((centre - half) * 100.0).max(0.0), high: ((centre + half) * 100.0).min(100.0) }
}

/// A part of the population with a sample of its own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stratum {
    /// Its sample.
    pub answers: Answers,
    /// How many people live there.
    pub population: u32,
}

/// The share of the whole population, percent, weighted by how many people live in each part, and its 95 % interval.
/// None without a part, or where a part has nobody to ask.
///
/// The variance is that of stratified sampling without replacement (Cochran, Sampling Techniques, 3rd edition, 1977,
/// theorem 5.5): Σ W² (1 − n/N) p (1 − p) / (n − 1).
pub fn stratified(parts: &[Stratum]) -> Option<(f64, Interval)> {
    let whole: f64 = parts.iter().map(|part| f64::from(part.population)).sum();
    if parts.is_empty() || parts.iter().any(|part| part.population == 0 || part.answers.asked < 2) {
        return None;
    }
    let (mut share, mut variance) = (0.0, 0.0);
    for part in parts {
        let (n, population) = (f64::from(part.answers.asked), f64::from(part.population));
        let (weight, p) = (population / whole, part.answers.share() / 100.0);
        share += weight * p;
        variance += weight * weight * (1.0 - n / population).max(0.0) * p * (1.0 - p) / (n - 1.0);
    }
    let half = Z * variance.sqrt();
    let interval = Interval { low: ((share - half) * 100.0).max(0.0), high: ((share + half) * 100.0).min(100.0) };
    Some((share * 100.0, interval))
}
