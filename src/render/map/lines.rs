//! Draws the lines and points of a plan upon its areas: red lines in red, roads with their width.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use geo::{Coord, LineString, Simplify};

use super::frame::Frame;
use super::{Beside, Detail, short};
use crate::domain::plan::LineKind;
use crate::features::{Feature, Features};
use crate::geometry::{Bbox, intersects, stretches};
use crate::words::format;
use crate::words::text::Lang;

/// Width of a letter of a road's label, as a share of the font size.
const LETTER: f64 = 0.56;
/// Most points on a map for a phone.
const POINTS: usize = 200;
/// Letters of the smallest label of a road, twelfths of the map's label size.
const FONT: f64 = 8.0;

/// How a kind of line is drawn: colour, width and dashes in twelfths of the label size, and the fewest units for a metre
/// at which it can be told from its neighbours.
struct Style {
    kind: LineKind,
    colour: &'static str,
    width: f64,
    dashes: &'static [f64],
    from: f64,
}

/// The kinds in the order in which they are drawn, the most important one last.
const STYLES: [Style; 6] = [
    Style { kind: LineKind::Other, colour: "#666", width: 0.8, dashes: &[], from: 0.0 },
    Style { kind: LineKind::Road, colour: "#333", width: 0.7, dashes: &[6.0, 2.0, 1.0, 2.0], from: 0.3 },
    Style { kind: LineKind::BuildingLine, colour: "#6a1b9a", width: 0.9, dashes: &[3.0, 2.0], from: 0.5 },
    Style { kind: LineKind::Corridor, colour: "#00695c", width: 1.4, dashes: &[2.0, 2.0], from: 0.0 },
    Style { kind: LineKind::RedLine, colour: "#d00000", width: 1.1, dashes: &[], from: 0.0 },
    Style { kind: LineKind::Limit, colour: "#000", width: 1.8, dashes: &[8.0, 3.0, 2.0, 3.0], from: 0.0 },
];

/// The kinds of line that a map of that box shows, in the order of a legend.
pub fn kinds(beside: &Beside<'_>, bbox: &Bbox, detail: &Detail) -> Vec<LineKind> {
    let frame = Frame::within(bbox, detail.width, detail.height, detail.margin);
    paths(&frame, detail, beside).into_keys().collect()
}

/// True where a kind of line can be told from its neighbours.
fn is_shown(kind: LineKind, frame: &Frame, detail: &Detail) -> bool {
    frame.units_per_metre() * 12.0 / detail.font >= Style::of(kind).from
}

/// How map clients draw a kind of line: its colour, its width in twelfths of a label's size, and its dashes in the same.
pub fn style_of(kind: LineKind) -> (&'static str, f64, &'static [f64]) {
    let Style { colour, width, dashes, .. } = Style::of(kind);
    (colour, *width, dashes)
}

impl Style {
    fn of(kind: LineKind) -> &'static Self {
        STYLES.iter().find(|style| style.kind == kind).unwrap_or(&STYLES[0])
    }

    /// Its attributes in SVG, `unit` twelfths of the label size wide.
    fn attributes(&self, unit: f64) -> String {
        let dashes: Vec<String> = self.dashes.iter().map(|dash| short(dash * unit)).collect();
        let dashes = if dashes.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{}\"", dashes.join(" ")) };
        format!("stroke=\"{}\" stroke-width=\"{}\"{dashes}", self.colour, short(self.width * unit))
    }
}

/// The kind of a line.
fn kind_of(lines: &Features, line: &Feature) -> LineKind {
    lines.text_property(line, "line_kind").and_then(LineKind::named).unwrap_or(LineKind::Other)
}

/// A sample of a kind of line for a legend, as SVG of that width and height in units.
pub fn sample(kind: LineKind, width: f64, height: f64) -> String {
    let (middle, unit) = (short(height / 2.0), height / 9.0);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"line\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\"><path d=\"M0 {middle}h{0}\" fill=\"none\" {2}/></svg>",
        short(width),
        short(height),
        Style::of(kind).attributes(1.6 * unit)
    )
}

/// A line's stretches that the drawing shows, in units, simplified.
fn parts(lines: &Features, line: &Feature, frame: &Frame, tolerance: f64) -> Vec<Vec<[f64; 2]>> {
    let bbox = frame.bbox();
    if !intersects(&line.bbox(), &bbox) {
        return Vec::new();
    }
    let place = |at: &[i64; 2]| {
        let [x, y] = frame.place_scaled(*at);
        Coord { x, y }
    };
    let all = lines.lines(line);
    let seen = all.iter().flat_map(|part| stretches(part, bbox)).map(|part| part.iter().map(place).collect::<LineString>());
    seen.map(|part| part.simplify(tolerance).0.into_iter().map(|at| [at.x, at.y]).collect()).collect()
}

/// Path data of parts, in steps of so many to a unit.
fn push(path: &mut String, parts: &[Vec<[f64; 2]>], steps: f64) {
    let units = |count: i64| short(count as f64 / steps);
    for part in parts {
        let mut pen: Option<[i64; 2]> = None;
        for at in part {
            let to = at.map(|value| (value * steps).round() as i64);
            match pen {
                None => {
                    let _ = write!(path, "M{} {}", units(to[0]), units(to[1]));
                }
                Some(from) if from != to => {
                    let _ = write!(path, "l{} {}", units(to[0] - from[0]), units(to[1] - from[1]));
                }
                Some(_) => {}
            }
            pen = Some(to);
        }
    }
}

/// Paths of the kinds of line that the drawing shows. A drawing with a bound to its corners gives half as many to lines, to
/// the most important kinds first; what does not fit even when it is drawn coarsely is left out, and so is not in its legend.
fn paths(frame: &Frame, detail: &Detail, beside: &Beside<'_>) -> BTreeMap<LineKind, String> {
    let mut paths = BTreeMap::new();
    let Some(lines) = beside.lines else { return paths };
    let mut left = if detail.corners == usize::MAX { usize::MAX } else { detail.corners / 2 };
    let (steps, finest) = if detail.exact { (20.0, 0.1) } else { (1.0, 1.0) };
    for style in STYLES.iter().rev().filter(|style| is_shown(style.kind, frame, detail)) {
        for tolerance in [finest, 3.0] {
            let own = lines.list.iter().filter(|line| kind_of(lines, line) == style.kind);
            let parts: Vec<_> = own.flat_map(|line| parts(lines, line, frame, tolerance * detail.tolerance)).collect();
            let corners: usize = parts.iter().map(Vec::len).sum();
            if corners > 0 && corners <= left {
                let mut path = String::new();
                push(&mut path, &parts, steps);
                paths.insert(style.kind, path);
                left -= corners;
                break;
            }
        }
    }
    paths
}

/// Draws the lines and points that lie beside the areas.
pub(super) fn draw(svg: &mut String, frame: &Frame, detail: &Detail, beside: &Beside<'_>) {
    let unit = detail.font / 12.0;
    let paths = paths(frame, detail, beside);
    if !paths.is_empty() {
        svg.push_str("<g fill=\"none\" stroke-linejoin=\"round\">");
        for style in &STYLES {
            if let Some(path) = paths.get(&style.kind) {
                let _ = write!(svg, "<path d=\"{path}\" {}/>", style.attributes(unit));
            }
        }
        svg.push_str("</g>");
    }
    if let Some(points) = beside.points {
        let size = 3.0 * unit;
        let most = if detail.corners == usize::MAX { usize::MAX } else { POINTS };
        let places = points.list.iter().filter_map(|point| points.point(point)).map(|[lon, lat]| frame.place(lon, lat));
        let mut path = String::new();
        for [x, y] in places.filter(|[x, y]| (0.0..=frame.width).contains(x) && (0.0..=frame.height).contains(y)).take(most) {
            let (left, top, side) = (short(x - size / 2.0), short(y - size / 2.0), short(size));
            let _ = write!(path, "M{left} {top}h{side}v{side}h-{side}z");
        }
        let _ = write!(svg, "<path d=\"{path}\" fill=\"#fff\" stroke=\"#000\" stroke-width=\"{}\"/>", short(0.7 * unit));
    }
}

/// Writes the names and widths of roads, but not into the boxes in `taken`, to which it adds its own.
pub(super) fn name_roads(svg: &mut String, frame: &Frame, detail: &Detail, beside: &Beside<'_>, taken: &mut Vec<[f64; 4]>, lang: Lang) {
    let Some(lines) = beside.lines else { return };
    let road = |line: &Feature| {
        let name = lines.parsed_properties(line).get("road").and_then(|road| Some(road.as_str()?.to_owned()));
        let width = lines.number_property(line, "right_of_way_m").unwrap_or(0.0);
        (width, name, parts(lines, line, frame, detail.tolerance))
    };
    let mut roads: Vec<Road> = lines.list.iter().filter(|line| kind_of(lines, line) == LineKind::Road).map(road).collect();
    roads.sort_by(|a, b| b.0.total_cmp(&a.0));
    labels(svg, &roads, FONT * detail.font / 12.0, detail.road_labels, taken, lang);
}

/// A road: the width of its right of way in metres, its name, and its parts in units.
type Road = (f64, Option<String>, Vec<Vec<[f64; 2]>>);

/// Writes the widths of roads along their longest straight stretches, the widest first, with the name where it fits.
fn labels(svg: &mut String, roads: &[Road], font: f64, most: usize, taken: &mut Vec<[f64; 4]>, lang: Lang) {
    let mut text = String::new();
    let mut count = 0;
    for (wide, name, parts) in roads.iter().filter(|(wide, ..)| *wide > 0.0) {
        let length = |[a, b]: &[[f64; 2]; 2]| libm::hypot(b[0] - a[0], b[1] - a[1]);
        let stretches = parts.iter().flat_map(|part| part.array_windows::<2>().copied());
        let Some(stretch) = stretches.max_by(|a, b| length(a).total_cmp(&length(b))) else { continue };
        let metres = format!("{} m", format::short(lang, *wide));
        let with_name = name.as_ref().map(|name| format!("{name} · {metres}"));
        let fits = |words: &String| words.chars().count() as f64 * LETTER * font <= length(&stretch);
        let Some(words) = with_name.into_iter().chain([metres]).find(fits) else { continue };
        let [a, b] = stretch;
        let (x, y) = (f64::midpoint(a[0], b[0]), f64::midpoint(a[1], b[1]));
        let angle = libm::atan((b[1] - a[1]) / (b[0] - a[0]).abs().max(1e-9) * (b[0] - a[0]).signum());
        let half = [words.chars().count() as f64 * LETTER * font / 2.0, font / 2.0];
        let reach = |along: f64, across: f64| along.abs() * half[0] + across.abs() * half[1];
        let (wide, high) = (reach(angle.cos(), angle.sin()), reach(angle.sin(), angle.cos()));
        let own = [x - wide, y - high, x + wide, y + high];
        let is_free = taken.iter().all(|b| own[0] > b[2] || own[2] < b[0] || own[1] > b[3] || own[3] < b[1]);
        if !is_free || count >= most {
            continue;
        }
        count += 1;
        taken.push(own);
        let words = maud::html! { (words) }.into_string();
        let turn = if angle.to_degrees().abs() < 0.5 {
            String::new()
        } else {
            format!(" transform=\"rotate({} {x:.0} {y:.0})\"", short(angle.to_degrees()))
        };
        let _ = write!(text, "<text x=\"{x:.0}\" y=\"{}\"{turn}>{words}</text>", short(y + font * 0.35));
    }
    if !text.is_empty() {
        let _ = write!(
            svg,
            "<g font-size=\"{}\" text-anchor=\"middle\" stroke=\"#fff\" stroke-width=\"{}\" stroke-linejoin=\"round\" paint-order=\"stroke\">{text}</g>",
            short(font),
            short(font / 4.0)
        );
    }
}
