//! Maps drawn by the server as SVG. The page, the print and the picture all use the same drawing.
//!
//! Zones are painted onto a grid of the drawing's own units (`paint`). Regions too small to be seen join
//! their neighbours (`regions`). The remaining regions are traced along the arcs that neighbours share
//! (`trace`). So a plan of a hundred thousand zones takes no more bytes than one of two hundred, and errors
//! in its shapes never show as gaps that are not there.

mod areas;
mod detail;
pub mod frame;
mod furniture;
mod labels;
mod lines;
mod paint;
mod points;
mod regions;
mod sketch;
mod trace;
mod wards;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use jiff::civil::Date;

pub use areas::{Areas, Part};
pub use detail::Detail;
pub use frame::Frame;
pub use furniture::strip;
pub use lines::{kinds, sample, style_of};
pub use points::{marks, points};
pub use sketch::{Mark, sketch};
pub use wards::{Ward, wards};

use crate::domain::city::City;
use crate::domain::land_use;
use crate::domain::plan::{LINES, POINTS};
use crate::domain::schema::Further;
use crate::domain::unit::{Unit, UnitId};
use crate::features::Features;
use crate::features::boundaries::unit_rings;
use crate::features::canonical::round;
use crate::geometry::Bbox;
use crate::geometry::Position;
use crate::words::text::Lang;
use crate::words::text::text;
use trace::RasterRing;

/// What is drawn beside the zones.
pub struct Around<'a> {
    /// The reader's language.
    pub lang: Lang,
    /// Boundaries of units, with their names and where to write them.
    pub units: &'a [UnitShape],
    /// A place to mark, longitude and latitude in degrees.
    pub mark: Option<[f64; 2]>,
    /// The city whose landmarks are named.
    pub landmarks: Option<&'a City>,
    /// Lines and points of the plan.
    pub beside: Beside<'a>,
    /// Rings of a parcel or lot that is outlined, in 10⁻⁷ degrees.
    pub outline: &'a [Vec<[i64; 2]>],
}

/// The lines and points of a plan.
#[derive(Clone, Copy, Default)]
pub struct Beside<'a> {
    /// Its lines.
    pub lines: Option<&'a Features>,
    /// Its points.
    pub points: Option<&'a Features>,
}

impl<'a> Beside<'a> {
    /// Those among the further sets of an item.
    pub fn of(further: &'a [(Further, Arc<Features>)]) -> Self {
        let set = |wanted: Further| further.iter().find(|(own, _)| *own == wanted).map(|(_, features)| features.as_ref());
        Self { lines: set(LINES), points: set(POINTS) }
    }
}

/// A unit as a map shows it.
#[derive(Debug, Clone)]
pub struct UnitShape {
    /// Its id.
    pub id: UnitId,
    /// Its name.
    pub name: String,
    /// Where its name is written, degrees.
    pub label: Position,
    /// Its rings in 10⁻⁷ degrees, without closing points; empty where its boundary is unknown.
    pub rings: Vec<Vec<[i64; 2]>>,
}

/// The units valid on a day, as maps show them. `boundaries` are areas with the property `unit`.
pub fn unit_shapes(city: &City, boundaries: Option<&Features>, today: Date, lang: Lang) -> Vec<UnitShape> {
    let shape = |unit: &Unit| UnitShape {
        id: unit.id.clone(),
        name: lang.pick(&unit.name_vi, &unit.name_en).to_owned(),
        label: unit.label,
        rings: boundaries.map(|all| unit_rings(all, &unit.id)).unwrap_or_default(),
    };
    city.units.valid_on(today).map(shape).collect()
}

/// A map of zones.
pub struct Drawing {
    /// The map as SVG.
    pub svg: String,
    /// False if each zone was to be drawn, but there were too many to tell apart.
    pub is_whole: bool,
}

/// Draws zones by land-use code, with codes where they fit, units, north and scale.
pub fn zones(areas: &dyn Areas, bbox: &Bbox, detail: &Detail, around: &Around<'_>, alt: &str) -> Drawing {
    let frame = Frame::within(bbox, detail.width, detail.height, detail.margin);
    let (codes, of) = codes(areas);
    let each = detail.each && areas.count() < usize::from(u16::MAX);
    let label = |index: usize| if each { index as u16 + 1 } else { of[index] + 1 };
    let mut grid = paint::paint(areas, &frame, &label);
    let labels = if each { areas.count() + 1 } else { codes.len() + 1 };
    let Some(rings) = drawn(&mut grid, labels, detail) else {
        let Detail { smallest, tolerance, corners, .. } = Detail::PHONE;
        let merged = Detail { each: false, smallest, tolerance, corners, ..*detail };
        return Drawing { is_whole: false, ..zones(areas, bbox, &merged, around, alt) };
    };
    let code_of = |label: usize| if each { usize::from(of[label - 1]) } else { label - 1 };
    // A lot is known by its number, which may be written smaller than a code.
    let has_lots = each && (0..areas.count()).any(|index| areas.lot(index).is_some());

    // The code with the longest border is painted first, over the whole area; the other codes lie on top of it.
    let corners = |rings: &[RasterRing]| rings.iter().map(Vec::len).sum::<usize>();
    let whole = if each { None } else { (1..labels).max_by_key(|label| corners(&rings[*label])) };
    let exact = if detail.exact && has_lots { outlines(areas, &frame, &of) } else { None };
    let paths: BTreeMap<usize, String> = exact.unwrap_or_else(|| {
        let mut paths: BTreeMap<usize, Path> = BTreeMap::new();
        for (label, rings) in rings.iter().enumerate().skip(1) {
            let path = paths.entry(code_of(label)).or_default();
            if Some(label) == whole {
                let all = trace::trace(&grid, 2, &|label| u16::from(label > 0), detail.tolerance);
                path.push(&all[1]);
            } else {
                path.push(rings);
            }
        }
        paths.into_iter().map(|(code, path)| (code, path.data)).collect()
    });
    let unit = detail.font / 12.0;
    let mut svg = furniture::open(&frame, unit, alt);
    svg.push_str(&hatching(unit));
    let _ = write!(svg, "<g stroke=\"#444\" stroke-width=\"{}\" fill-rule=\"evenodd\">", short(0.5 * unit));
    let first = whole.map(code_of);
    let order = first.into_iter().chain(paths.keys().copied().filter(|code| Some(*code) != first));
    for code in order {
        let path = &paths[&code];
        if !path.is_empty() {
            let _ = write!(svg, "<path fill=\"{}\" d=\"{path}\"/>", colour(codes[code]).unwrap_or("url(#h)"));
        }
    }
    svg.push_str("</g>");
    lines::draw(&mut svg, &frame, detail, &around.beside);
    let mut taken = furniture::units(&mut svg, &frame, unit, around.units);
    lines::name_roads(&mut svg, &frame, detail, &around.beside, &mut taken, around.lang);
    let own =
        |label: u16| if has_lots { areas.lot(usize::from(label) - 1).unwrap_or_default() } else { codes[code_of(usize::from(label))] };
    let fonts: &[f64] = if has_lots { &[1.0, 0.75, 0.5] } else { &[1.0] };
    let fonts: Vec<f64> = fonts.iter().map(|share| share * detail.font).filter(|font| !has_lots || *font >= detail.least_font).collect();
    labels::write(&mut svg, &grid, &own, &fonts, has_lots, detail.labels, &taken);
    around.upon(&mut svg, &frame, unit);
    furniture::scale_and_north(&mut svg, &frame, unit, text(around.lang, "north"), around.lang);
    svg.push_str("</svg>");
    Drawing { svg, is_whole: each || !detail.each }
}

impl<'a> Around<'a> {
    /// Nothing beside the zones.
    pub fn bare(lang: Lang) -> Self {
        Self { lang, units: &[], mark: None, landmarks: None, beside: Beside::default(), outline: &[] }
    }

    /// Nothing but units.
    pub fn units(lang: Lang, units: &'a [UnitShape]) -> Self {
        Self { units, ..Self::bare(lang) }
    }

    /// Draws landmarks, the outline and the mark.
    fn upon(&self, svg: &mut String, frame: &Frame, unit: f64) {
        let known = self.landmarks.iter().flat_map(|city| &city.landmarks);
        let names = known.map(|place| (self.lang.pick(&place.name_vi, &place.name_en), [place.lon, place.lat]));
        furniture::landmarks(svg, frame, unit, names);
        furniture::outline(svg, frame, self.outline, unit);
        if let Some([lon, lat]) = self.mark {
            furniture::mark(svg, frame.place(lon, lat), unit);
        }
    }
}

/// Draws a map without zones: units, landmarks and a mark.
pub fn blank(bbox: &Bbox, detail: &Detail, around: &Around<'_>, alt: &str) -> String {
    let frame = Frame::within(bbox, detail.width, detail.height, detail.margin);
    let unit = detail.font / 12.0;
    let mut svg = furniture::open(&frame, unit, alt);
    let _ = write!(svg, "<path fill=\"#f4f4ee\" d=\"M0 0h{:.0}v{:.0}H0z\"/>", frame.width, frame.height);
    furniture::units(&mut svg, &frame, unit, around.units);
    around.upon(&mut svg, &frame, unit);
    furniture::scale_and_north(&mut svg, &frame, unit, text(around.lang, "north"), around.lang);
    svg.push_str("</svg>");
    svg
}

/// Draws where two states of a plan differ: the changed areas with their later codes, everything else in grey.
pub fn changes(before: &dyn Areas, after: &dyn Areas, bbox: &Bbox, detail: &Detail, around: &Around<'_>, alt: &str) -> String {
    let frame = Frame::within(bbox, detail.width, detail.height, detail.margin);
    let mut codes: Vec<&str> = [before, after].into_iter().flat_map(|areas| (0..areas.count()).map(|index| areas.code(index))).collect();
    codes.sort_unstable();
    codes.dedup();
    let label = |areas: &dyn Areas, index: usize| codes.binary_search(&areas.code(index)).unwrap_or_default() as u16 + 1;
    let was = paint::paint(before, &frame, &|index| label(before, index));
    let mut grid = paint::paint(after, &frame, &|index| label(after, index));
    let whole = trace::trace(&grid, 2, &|label| u16::from(label > 0), detail.tolerance);
    for (label, old) in grid.labels.iter_mut().zip(&was.labels) {
        if *label == *old {
            *label = 0;
        }
    }
    // A border that moved by less than a unit is not a change.
    regions::merge_small(&mut grid, detail.smallest / 2, false);
    let rings = trace::trace(&grid, codes.len() + 1, &|label| label, detail.tolerance);
    let unit = detail.font / 12.0;
    let mut svg = furniture::open(&frame, unit, alt);
    svg.push_str(&hatching(unit));
    let mut silhouette = Path::default();
    silhouette.push(&whole[1]);
    let _ = write!(
        svg,
        "<g stroke=\"#444\" stroke-width=\"{}\" fill-rule=\"evenodd\"><path fill=\"#e4e4e4\" d=\"{}\"/>",
        short(0.5 * unit),
        silhouette.data
    );
    for (label, rings) in rings.iter().enumerate().skip(1).filter(|(_, rings)| !rings.is_empty()) {
        let mut path = Path::default();
        path.push(rings);
        let _ = write!(svg, "<path fill=\"{}\" d=\"{}\"/>", colour(codes[label - 1]).unwrap_or("url(#h)"), path.data);
    }
    svg.push_str("</g>");
    let taken = furniture::units(&mut svg, &frame, unit, around.units);
    labels::write(&mut svg, &grid, &|label| codes[usize::from(label) - 1], &[detail.font], false, detail.labels, &taken);
    furniture::scale_and_north(&mut svg, &frame, unit, text(around.lang, "north"), around.lang);
    svg.push_str("</svg>");
    svg
}

/// The pattern for codes that have no official colour.
fn hatching(unit: f64) -> String {
    format!(
        "<defs><pattern id=\"h\" width=\"{0}\" height=\"{0}\" patternUnits=\"userSpaceOnUse\"><path d=\"M0 0h{0}v{0}H0z\" fill=\"#eee\"/><path d=\"M0 {0}L{0} 0\" stroke=\"#666\" stroke-width=\"{1}\"/></pattern></defs>",
        short(4.0 * unit),
        short(0.6 * unit)
    )
}

/// Merges regions that are too small, and more of them if the drawing would have too many corners. Gives
/// `None` if each zone is wanted and there would be too many corners.
fn drawn(grid: &mut paint::Raster, labels: usize, detail: &Detail) -> Option<Vec<Vec<RasterRing>>> {
    let mut smallest = detail.smallest;
    if smallest > 1 {
        // Merging in steps keeps large regions where they were.
        for step in [2, smallest / 2, smallest] {
            regions::merge_small(grid, step, true);
        }
    }
    loop {
        let rings = trace::trace(grid, labels, &|label| label, detail.tolerance);
        let corners: usize = rings.iter().flatten().map(Vec::len).sum();
        if corners <= detail.corners || smallest as usize > grid.labels.len() {
            return Some(rings);
        }
        if detail.each {
            return None;
        }
        smallest = smallest.max(12) * 3 / 2;
        regions::merge_small(grid, smallest, smallest < 40);
    }
}

/// Most positions of which true outlines are drawn.
const MOST_POSITIONS: usize = 200_000;

/// The true outlines of areas, by the index of their code; none where they have too many positions.
fn outlines(areas: &dyn Areas, frame: &Frame, of: &[u16]) -> Option<BTreeMap<usize, String>> {
    let mut paths: BTreeMap<usize, String> = BTreeMap::new();
    let mut positions = 0;
    for (index, code) in of.iter().enumerate() {
        let data = std::cell::RefCell::new(paths.entry(usize::from(*code)).or_default());
        let begins = std::cell::Cell::new(true);
        let mut position = |at: [i64; 2]| {
            positions += 1;
            let [x, y] = frame.place_scaled(at).map(short);
            let _ = write!(data.borrow_mut(), "{}{x} {y}", if begins.replace(false) { 'M' } else { 'L' });
        };
        areas.walk(index, &mut position, &mut || {
            data.borrow_mut().push('z');
            begins.set(true);
        });
        if positions > MOST_POSITIONS {
            return None;
        }
    }
    Some(paths)
}

/// The codes of the areas, and for each area the index of its code.
fn codes(areas: &dyn Areas) -> (Vec<&str>, Vec<u16>) {
    let mut numbers: BTreeMap<&str, u16> = BTreeMap::new();
    for index in 0..areas.count() {
        numbers.entry(areas.code(index)).or_default();
    }
    for (number, (_, value)) in numbers.iter_mut().enumerate() {
        *value = number as u16;
    }
    let of = (0..areas.count()).map(|index| numbers[areas.code(index)]).collect();
    (numbers.into_keys().collect(), of)
}

/// The official colour of a code, if it has one.
pub fn colour(code: &str) -> Option<&'static str> {
    land_use::get(code).map(|entry| entry.rgb.as_str()).filter(|rgb| !rgb.is_empty())
}

/// Path data of relative steps.
#[derive(Default)]
struct Path {
    data: String,
    /// Where the pen is.
    pen: [i32; 2],
}

impl Path {
    fn step(&mut self, to: [i32; 2], separate: bool) {
        let [dx, dy] = [to[0] - self.pen[0], to[1] - self.pen[1]];
        // A minus separates numbers as well as a space does.
        let gap = if dx < 0 || !separate { "" } else { " " };
        let _ = write!(self.data, "{gap}{dx}{}{dy}", if dy < 0 { "" } else { " " });
        self.pen = to;
    }

    /// Appends closed rings.
    fn push(&mut self, rings: &[RasterRing]) {
        for ring in rings {
            let Some((first, rest)) = ring.split_first() else { continue };
            // The points after “m” are lines; they need no letter of their own.
            self.data.push('m');
            self.step(*first, false);
            rest.iter().for_each(|point| self.step(*point, true));
            self.data.push('z');
            // Closing the ring moves the pen back to its start.
            self.pen = *first;
        }
    }
}

/// A number with at most two decimals and no zeros at its end.
fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Rounds a position for the page to five decimals, about a metre.
pub fn readable(position: Position) -> String {
    crate::import::zones::degrees([round(position.lat), round(position.lon)])
}
