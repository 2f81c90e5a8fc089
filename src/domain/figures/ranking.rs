//! Who stands where, and what was met and exceeded.

use super::{Direction, Interval};

/// How a figure stands to its target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Standing {
    /// It is not reached.
    Missed,
    /// It is reached.
    Met,
    /// It is exceeded by so many whole percent of the target, 1 or more.
    Exceeded(u32),
}

/// A figure against its target. Exceeded means by a whole percent of the target or more, rounded down: of 70, 70,3 is met,
/// and 71,9 exceeds by 2 %.
pub fn standing(value: f64, target: f64, direction: Direction) -> Standing {
    let beyond = if direction == Direction::Up { value - target } else { target - value };
    if beyond < -1e-9 {
        return Standing::Missed;
    }
    let percent = if target.abs() < 1e-9 { 0.0 } else { (beyond / target.abs() * 100.0 + 1e-9).floor() };
    if percent >= 1.0 { Standing::Exceeded(percent.min(1e9) as u32) } else { Standing::Met }
}

/// A place in a ranking.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked<T> {
    /// Who or what.
    pub of: T,
    /// The figure.
    pub value: f64,
    /// Where the true figure lies.
    pub interval: Interval,
    /// 1 for the best. Those that a sample cannot tell apart share a place.
    pub rank: usize,
}

/// The ranking, the best first: 1, and one more for each whose interval lies wholly on the better side.
pub fn rank<T>(all: impl IntoIterator<Item = (T, f64, Interval)>, direction: Direction) -> Vec<Ranked<T>> {
    let up = direction == Direction::Up;
    // Turned around where less is better, so that more is always better.
    let turned = |interval: &Interval| if up { (interval.low, interval.high) } else { (-interval.high, -interval.low) };
    let mut list: Vec<Ranked<T>> = all.into_iter().map(|(of, value, interval)| Ranked { of, value, interval, rank: 1 }).collect();
    let mut lows: Vec<f64> = list.iter().map(|one| turned(&one.interval).0).collect();
    lows.sort_by(f64::total_cmp);
    for one in &mut list {
        let high = turned(&one.interval).1;
        one.rank = 1 + lows.len() - lows.partition_point(|low| *low <= high + 1e-9);
    }
    list.sort_by(|a, b| {
        let by_value = if up { b.value.total_cmp(&a.value) } else { a.value.total_cmp(&b.value) };
        a.rank.cmp(&b.rank).then(by_value)
    });
    list
}
