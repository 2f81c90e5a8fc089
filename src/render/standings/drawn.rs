//! The figures as drawings: intervals, a map by classes, the course over time.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::{Shown, name_of};
use crate::domain::figures::Row;
use crate::domain::figures::Who;
use crate::read_model::standings::quantiles;
use crate::render::map::{self, Ward};
use crate::words::format;

/// Classes of the map: the lightest for the smallest figures.
const FILLS: [&str; 4] = ["#f1f4fa", "#b9cbe8", "#7a9bd1", "#4a73b8"];

/// The figures at both ends of a scale for rows: from zero, or a little before the smallest, to the largest.
pub(super) fn scale(rows: &[Row]) -> (f64, f64) {
    let high = rows.iter().flat_map(|row| [Some(row.interval.high), row.wanted()]).flatten().fold(0.0_f64, f64::max);
    (0.0, if high > 0.0 { high } else { 1.0 })
}

/// A figure as a bar, with its interval as a line over its end and what was wanted as a mark. The row says the same.
pub(super) fn interval(row: &Row, (from, to): (f64, f64)) -> Markup {
    let at = |value: f64| format!("{:.1}", ((value - from) / (to - from) * 100.0).clamp(0.0, 100.0));
    let wanted = row.wanted();
    html! {
        svg.bar viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" {
            path d={ "M0 1h" (at(row.value)) "v6H0z" } fill="#7a9bd1" {}
            @if row.interval.low < row.interval.high {
                path d={ "M" (at(row.interval.low)) " 4H" (at(row.interval.high)) } stroke="#000" stroke-width="1.2" {}
            }
            @if let Some(wanted) = wanted { path d={ "M" (at(wanted)) " 0v8" } stroke="#8b0015" stroke-width="1.2" {} }
        }
    }
}

/// The map by classes, and its legend; none where no unit has both a figure and a boundary. Each ward bears its figure, so
/// that nothing is told by the colour alone.
pub(super) fn map(shown: &Shown<'_>) -> Option<(String, Markup)> {
    let standings = shown.standings;
    let value = |id| standings.units.iter().find(|row| row.who.unit() == Some(id)).map(|row| row.value);
    let values: Vec<f64> = standings.units.iter().map(|row| row.value).collect();
    let bounds = quantiles(&values, FILLS.len());
    let class = |value: f64| bounds.iter().filter(|bound| value >= **bound).count().min(FILLS.len() - 1);
    let wards = shown.shapes.iter().filter(|shape| !shape.rings.is_empty()).map(|shape| {
        let own = value(&shape.id);
        let text = own.map_or_else(|| String::from("–"), |value| format::short(shown.lang, (value * 10.0).round() / 10.0));
        Ward { shape, fill: own.map_or("#fff", |value| FILLS[class(value)]), lines: vec![text], link: None }
    });
    let wards: Vec<Ward<'_>> = wards.collect();
    if !wards.iter().any(|ward| value(&ward.shape.id).is_some()) {
        return None;
    }
    let described = |ward: &Ward<'_>| format!("{} {}", name_of(shown.lang, shown.city, &Who::Unit(ward.shape.id.clone())), ward.lines[0]);
    let alt = format!("{}: {}", shown.title(), wards.iter().map(described).collect::<Vec<_>>().join("; "));
    let short = |value: f64| format::short(shown.lang, (value * 10.0).round() / 10.0);
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let starts: Vec<f64> = std::iter::once(least).chain(bounds.iter().copied()).collect();
    // Each shade with the figures that have it.
    let classes = starts.iter().enumerate().map(|(i, start)| {
        let own = values.iter().copied().filter(|value| value >= start && starts.get(i + 1).is_none_or(|next| value < next));
        (FILLS[i.min(FILLS.len() - 1)], *start, own.fold(*start, f64::max).min(most))
    });
    let legend = html! {
        @for (fill, from, to) in classes {
            svg.swatch viewBox="0 0 1 1" aria-hidden="true" { path d="M0 0h1v1H0z" fill=(fill) {} }
            (short(from)) @if to > from { "–" (short(to)) } " "
        }
    };
    Some((map::wards(&wards, &alt), legend))
}

/// Width and height of the chart, its free margin, and the room for the periods below, in units.
const CHART: [f64; 4] = [360.0, 170.0, 26.0, 24.0];

/// The city's figure over time, with its targets as marks.
pub(super) fn course(shown: &Shown<'_>) -> String {
    let [width, height, margin, below] = CHART;
    let course = &shown.standings.course;
    let all = course.iter().flat_map(|(_, value, target)| [*value, *target]).flatten();
    let most = all.fold(0.0_f64, f64::max).max(1e-9);
    let step = (width - 2.0 * margin) / (course.len().max(2) - 1) as f64;
    let x = |i: usize| margin + i as f64 * step;
    let y = |value: f64| height - below - value / most * (height - below - margin);
    let words: Vec<String> =
        course.iter().filter_map(|(period, value, _)| Some(format!("{} {}", period.in_numbers(), shown.figure((*value)?)))).collect();
    let title = html! { title { (shown.t("course")) ": " (words.join("; ")) } }.into_string();
    let mut svg = format!(
        "<svg class=\"map\" viewBox=\"0 0 {width} {height}\" role=\"img\">{title}<path d=\"M0 {:.0}h{width}\" stroke=\"#000\"/>",
        height - below
    );
    let mut path = String::new();
    // With many periods only some are named.
    let every = course.len().div_ceil(6).max(1);
    for (i, (period, value, target)) in course.iter().enumerate() {
        if let Some(target) = target {
            let _ = write!(svg, "<path d=\"M{:.0} {:.0}h16\" stroke=\"#8b0015\" stroke-width=\"2\"/>", x(i) - 8.0, y(*target));
        }
        if let Some(value) = value {
            let _ = write!(path, "{}{:.0} {:.0}", if path.is_empty() { "M" } else { "L" }, x(i), y(*value));
            let _ = write!(svg, "<circle cx=\"{:.0}\" cy=\"{:.0}\" r=\"3.5\" fill=\"#003c9e\"/>", x(i), y(*value));
            if i % every == 0 || i + 1 == course.len() {
                let number = format::short(shown.lang, (*value * 10.0).round() / 10.0);
                let _ = write!(
                    svg,
                    "<text x=\"{:.0}\" y=\"{:.0}\" font-size=\"11\" text-anchor=\"middle\">{number}</text>",
                    x(i),
                    y(*value) - 8.0
                );
            }
        }
        if i % every == 0 {
            let _ = write!(
                svg,
                "<text x=\"{:.0}\" y=\"{:.0}\" font-size=\"11\" text-anchor=\"middle\">{}</text>",
                x(i),
                height - 8.0,
                period.in_numbers()
            );
        }
    }
    let _ = write!(svg, "<path d=\"{path}\" fill=\"none\" stroke=\"#003c9e\" stroke-width=\"2\"/></svg>");
    svg
}
