//! A feature set in memory: stored text, boxes and an index. Answers copy the stored text.

pub mod boundaries;
pub mod canonical;
mod check;
pub mod coarse;
pub mod cut;
pub mod exchange;
pub mod geojson;
mod near;
mod outline;
pub mod packed;
mod shapes;
mod written;

pub use crate::geometry::steps::Kind;
use crate::geometry::steps::{Shapes, Steps};
pub use check::{check, summary};
pub use written::SEPARATOR;

use std::borrow::Cow;
use std::cell::RefCell;
use std::ops::{ControlFlow, Range};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use geo_index::rtree::sort::HilbertSort;
use geo_index::rtree::{RTree, RTreeBuilder};
use rayon::prelude::*;
use serde_json::{Map, Value};

use crate::domain::land_use;
use crate::features::geojson::FeatureHead;
use crate::features::packed::Packed;
use crate::geometry::Bbox;
use crate::geometry::arcs::Arcs;
use crate::geometry::simple::Geometry;

/// A feature of a canonical set.
#[derive(Debug, Clone, Copy)]
pub struct Feature {
    /// Its number in the set, from 1.
    pub number: u32,
    /// Index of its land-use code in the table of codes, where it has one.
    land_use: Option<u16>,
    /// Its box in 10⁻⁷ degrees: west, south, east, north.
    place: [i32; 4],
    /// Byte of the set's text at which its own properties begin, after the brace.
    begins: usize,
    /// Bytes of its own properties.
    own: u32,
    /// Bytes of its geometry, which follows [`GEOMETRY`] in the text.
    geometry: u32,
    /// Byte at which its positions begin among those of the set.
    shape: usize,
}

/// A canonical set, parsed.
pub struct Features {
    text: Bytes,
    /// Features in the file's order.
    pub list: Vec<Feature>,
    /// The head that stands before each feature's text; none where the text holds no heads.
    head: Option<FeatureHead>,
    places: Arc<Places>,
}

/// Where the features are, and what was computed from them. The same set written with another head shares it.
struct Places {
    /// Bytes of the features' own text.
    own: usize,
    /// All positions, in a sixth of the bytes of their text: see [`Shapes`].
    shapes: Vec<u8>,
    tree: Option<RTree<i32>>,
    /// Indices of features without a place.
    bare: Vec<usize>,
    outline: OnceLock<String>,
    /// Each feature's compressed text, made when it is first asked for.
    packed: OnceLock<Box<[OnceLock<Packed>]>>,
    /// The set's borders in pixels, made when they are first asked for.
    coarse: OnceLock<Option<Arcs>>,
}

/// Fewest features that one core parses at a time.
const CHUNK: usize = 512;
/// The text between a feature's properties and its geometry. It cannot occur inside a JSON string.
const GEOMETRY: &[u8] = b"},\"geometry\":";
/// A property of lines that go with an item but are not its place, such as the detour around a closed road.
pub const ASIDE: &str = "\"aside\":true";
const PROPERTIES: &[u8] = b"\"properties\":{";
/// The property that every lot has, null where it has no number.
const LOT: &str = "\"lot\":";

/// The box of a feature without a geometry.
const NOWHERE: [i32; 4] = [i32::MAX, i32::MAX, i32::MIN, i32::MIN];

impl Feature {
    /// True when it has a geometry.
    pub fn has_place(&self) -> bool {
        self.place[0] <= self.place[2]
    }

    /// Its box in degrees: west, south, east, north. Infinite and turned inside out where it has no geometry.
    pub fn bbox(&self) -> Bbox {
        if self.has_place() {
            self.place.map(|value| f64::from(value) / 1e7)
        } else {
            [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY]
        }
    }

    /// True where it has properties of its own.
    pub fn has_properties(&self) -> bool {
        self.own > 0
    }

    /// Bytes of its text from its own properties on.
    pub fn tail_bytes(&self) -> usize {
        self.own as usize + GEOMETRY.len() + self.geometry as usize + 1
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    memchr::memmem::find(haystack, needle)
}

/// A box in the 32 bits that features have for it; none where a number does not fit.
fn kept(bbox: [i64; 4]) -> Option<[i32; 4]> {
    let [west, south, east, north] = bbox.map(|value| i32::try_from(value).ok());
    Some([west?, south?, east?, north?])
}

/// Index of the feature's land-use code in the table of codes.
fn land_use_of(properties: &[u8]) -> Option<u16> {
    const NAME: &[u8] = b"\"land_use\":\"";
    let value = properties.get(find(properties, NAME)? + NAME.len()..)?;
    let code = value.get(..memchr::memchr(b'"', value)?)?;
    land_use::index(std::str::from_utf8(code).ok()?)
}

impl Features {
    /// Parses canonical bytes; none if they are not canonical.
    pub fn parse(bytes: &Bytes) -> Option<Self> {
        let mut lines: Vec<Range<usize>> = Vec::new();
        let mut start = 0;
        let ends = memchr::memchr_iter(b'\n', bytes).chain(std::iter::once(bytes.len()));
        for (index, end) in ends.enumerate() {
            if index > 0 && bytes.get(start) == Some(&b'{') {
                let comma = usize::from(bytes[start..end].ends_with(b","));
                lines.push(start..end - comma);
            }
            start = end + 1;
        }
        // A few large parts: their memory is given back whole. Many small parts would leave it fragmented.
        let size = lines.len().div_ceil(2 * rayon::current_num_threads()).max(CHUNK);
        let read = |(chunk, lines): (usize, &[Range<usize>])| {
            let (mut features, mut shapes) = (Vec::with_capacity(lines.len()), Shapes::default());
            for (index, range) in lines.iter().enumerate() {
                let line = &bytes[range.clone()];
                let properties = find(line, PROPERTIES)? + PROPERTIES.len();
                let end = properties + find(&line[properties..], GEOMETRY)?;
                let geometry = end + GEOMETRY.len();
                let shape = shapes.bytes.len();
                let place = kept(shapes::read(&mut shapes, line.get(geometry..line.len() - 1)?)?)?;
                features.push(Feature {
                    number: (chunk * size + index) as u32 + 1,
                    land_use: land_use_of(&line[properties..end]),
                    place,
                    begins: range.start + properties,
                    own: u32::try_from(end - properties).ok()?,
                    geometry: u32::try_from(line.len() - 1 - geometry).ok()?,
                    shape,
                });
            }
            Some((features, shapes.bytes))
        };
        let read: Vec<(Vec<Feature>, Vec<u8>)> = lines.par_chunks(size).enumerate().map(read).collect::<Option<_>>()?;
        let mut shapes = Vec::with_capacity(read.iter().map(|(_, shapes)| shapes.len()).sum());
        let mut list = Vec::with_capacity(lines.len());
        drop(lines);
        for (features, own) in read {
            let before = shapes.len();
            list.extend(features.into_iter().map(|feature| Feature { shape: feature.shape + before, ..feature }));
            shapes.extend_from_slice(&own);
        }
        // Features are handed out as text, so the bytes must be UTF-8. One check here spares one at every use.
        std::str::from_utf8(bytes).ok()?;
        Some(Self::indexed(bytes.clone(), list, shapes))
    }

    /// Features made of items: for each its properties as JSON without braces, and its geometry as JSON or `null`.
    pub fn of_items(items: &[(String, String)]) -> Self {
        let mut text = String::with_capacity(items.iter().map(|(own, geometry)| own.len() + geometry.len() + 32).sum());
        let (mut list, mut shapes) = (Vec::with_capacity(items.len()), Shapes::default());
        for (index, (own, geometry)) in items.iter().enumerate() {
            let (begins, shape) = (text.len(), shapes.bytes.len());
            text.push_str(own);
            text.push_str("},\"geometry\":");
            text.push_str(geometry);
            text.push('}');
            let place = shapes::read(&mut shapes, geometry.as_bytes()).and_then(kept).unwrap_or(NOWHERE);
            let land_use = land_use_of(own.as_bytes());
            let (own, geometry) = (own.len() as u32, geometry.len() as u32);
            list.push(Feature { number: index as u32 + 1, land_use, place, begins, own, geometry, shape });
        }
        Self::indexed(text.into(), list, shapes.bytes)
    }

    fn indexed(text: Bytes, list: Vec<Feature>, shapes: Vec<u8>) -> Self {
        let bare: Vec<usize> = list.iter().enumerate().filter(|(_, feature)| !feature.has_place()).map(|(index, _)| index).collect();
        let around = list.iter().filter(|feature| feature.has_place()).map(|feature| feature.place);
        let around = around.reduce(|a, b| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]);
        let tree = around.map(|around| {
            let mut builder = RTreeBuilder::<i32>::new(list.len() as u32);
            for feature in &list {
                // A feature without a place is found in `bare`; here it keeps the tree's numbers in step with the list.
                let [west, south, east, north] = if feature.has_place() { feature.place } else { around };
                builder.add(west, south, east, north);
            }
            builder.finish::<HilbertSort>()
        });
        let own = list.iter().map(Feature::tail_bytes).sum();
        let places = Places { own, shapes, tree, bare, outline: OnceLock::new(), packed: OnceLock::new(), coarse: OnceLock::new() };
        Self { text, list, head: None, places: Arc::new(places) }
    }

    /// Its borders as coarse as a map of a city shows them; made when they are first asked for.
    pub fn coarse(&self) -> Option<&Arcs> {
        self.places.coarse.get_or_init(|| coarse::arcs(self)).as_ref()
    }

    /// Bytes of its text.
    pub fn text_bytes(&self) -> u64 {
        self.text.len() as u64
    }

    /// Bytes of a feature's own text on average.
    pub fn mean_bytes(&self) -> usize {
        self.places.own / self.list.len().max(1)
    }

    /// Bytes that a feature's positions take on average: some four bytes for each position.
    pub fn shape_bytes(&self) -> usize {
        self.places.shapes.len() / self.list.len().max(1)
    }

    /// The rest of a feature's text, from its own properties to its end, as stored.
    pub fn tail(&self, feature: &Feature) -> &[u8] {
        self.text.get(feature.begins..feature.begins + feature.tail_bytes()).unwrap_or_default()
    }

    /// A feature's compressed text: `lead` and its tail. Every call must pass the same `lead` for a feature.
    pub fn packed(&self, index: usize, lead: &[u8]) -> Option<&Packed> {
        let all = self.places.packed.get_or_init(|| self.list.iter().map(|_| OnceLock::new()).collect());
        let (place, feature) = all.get(index).zip(self.list.get(index))?;
        Some(place.get_or_init(|| packed::pack(&[lead, self.tail(feature)])))
    }

    /// The feature's own properties as JSON, without braces.
    pub fn properties(&self, feature: &Feature) -> &str {
        self.between(feature.begins, feature.own)
    }

    /// The feature's geometry as JSON.
    pub fn geometry(&self, feature: &Feature) -> &str {
        self.between(feature.begins + feature.own as usize + GEOMETRY.len(), feature.geometry)
    }

    fn between(&self, begins: usize, length: u32) -> &str {
        self.text.get(begins..begins + length as usize).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or("")
    }

    /// A property whose text needs no escapes, such as a code; none where it has some.
    pub fn text_property(&self, feature: &Feature, name: &str) -> Option<&str> {
        // Quotes inside a JSON string are escaped, so this can only be the property's name.
        let (_, value) = self.properties(feature).split_once(&format!("\"{name}\":\""))?;
        value.split('"').next().filter(|text| !text.contains('\\'))
    }

    /// A property's text, whatever is in it.
    pub fn any_text_property(&self, feature: &Feature, name: &str) -> Option<Cow<'_, str>> {
        if let Some(text) = self.text_property(feature, name) {
            return Some(Cow::Borrowed(text));
        }
        let has_escapes = self.properties(feature).contains(&format!("\"{name}\":\""));
        let text = has_escapes.then(|| self.parsed_properties(feature).remove(name))??;
        text.as_str().map(|text| Cow::Owned(text.to_owned()))
    }

    /// The code of a feature's land use, as the table has it; empty where it has none. Files may name it otherwise.
    pub fn code_of(&self, feature: &Feature) -> &str {
        let text = self.text_property(feature, "land_use").unwrap_or_default();
        self.land_use(feature).map_or(text, |entry| entry.code.as_str())
    }

    /// A property that is a number.
    pub fn number_property(&self, feature: &Feature, name: &str) -> Option<f64> {
        let (_, value) = self.properties(feature).split_once(&format!("\"{name}\":"))?;
        value.split([',', '}']).next()?.parse().ok()
    }

    /// The feature's own properties, parsed.
    pub fn parsed_properties(&self, feature: &Feature) -> Map<String, Value> {
        serde_json::from_str(&format!("{{{}}}", self.properties(feature))).unwrap_or_default()
    }

    /// The feature's geometry, parsed.
    pub fn parsed_geometry(&self, feature: &Feature) -> Option<Geometry> {
        serde_json::from_str(self.geometry(feature)).ok()
    }

    /// The feature's longitude and latitude in degrees; none for an area.
    pub fn point(&self, feature: &Feature) -> Option<[f64; 2]> {
        match self.geometry(feature).starts_with("{\"type\":\"Point\"").then(|| self.parsed_geometry(feature))?? {
            Geometry::Point(position) => Some(position.0),
            _ => None,
        }
    }

    /// The rings of an area without their closing points, in 10⁻⁷ degrees; none for points and lines.
    pub fn rings(&self, feature: &Feature) -> Vec<Vec<[i64; 2]>> {
        if self.kind(feature) != Some(Kind::Areas) {
            return Vec::new();
        }
        let mut rings = self.lines(feature);
        rings.iter_mut().for_each(|ring| {
            ring.pop();
        });
        rings
    }

    /// The feature's lines in 10⁻⁷ degrees: rings with their closing points; none for points.
    pub fn lines(&self, feature: &Feature) -> Vec<Vec<[i64; 2]>> {
        let (lines, open) = (RefCell::new(Vec::new()), RefCell::new(Vec::new()));
        self.walk(feature, |position| open.borrow_mut().push(position), || lines.borrow_mut().push(open.take()));
        lines.into_inner()
    }

    /// Visits every position of the feature in 10⁻⁷ degrees, closing points too, and the end of every ring or line.
    #[inline]
    pub fn walk(&self, feature: &Feature, mut position: impl FnMut([i64; 2]), mut end: impl FnMut()) {
        if !feature.has_place() {
            return;
        }
        let mut steps = Steps::new(self.places.shapes.get(feature.shape..).unwrap_or_default());
        let (kind, count) = steps.begin();
        for _ in 0..count {
            let mut first = None;
            let _ = steps.line(|at| {
                first.get_or_insert(at);
                position(at);
                ControlFlow::Continue(())
            });
            if kind == Kind::Areas {
                first.into_iter().for_each(&mut position);
            }
            if kind != Kind::Points {
                end();
            }
        }
    }

    /// What the feature is made of; none where it has no place.
    pub fn kind(&self, feature: &Feature) -> Option<Kind> {
        let shape = self.places.shapes.get(feature.shape..).filter(|_| feature.has_place())?;
        Some(Steps::new(shape).begin().0)
    }

    /// True if the set's features are of that kind: those of a set are all of one.
    pub fn is_of(&self, kind: Kind) -> bool {
        self.list.first().and_then(|first| self.kind(first)) == Some(kind)
    }

    /// The feature's land-use code, where the table has it.
    pub fn land_use(&self, feature: &Feature) -> Option<&'static land_use::LandUse> {
        land_use::all().get(usize::from(feature.land_use?))
    }

    /// True for a set of lots of an urban plan: it holds either lots or none.
    pub fn has_lots(&self) -> bool {
        self.list.first().is_some_and(|first| self.is_lot(first))
    }

    /// True for a lot of an urban plan.
    pub fn is_lot(&self, feature: &Feature) -> bool {
        self.properties(feature).contains(LOT)
    }

    /// The code's index in the table.
    pub fn land_use_index(&self, feature: &Feature) -> Option<u16> {
        feature.land_use
    }

    /// The feature's shape in degrees; none where it has no place.
    pub fn shape(&self, feature: &Feature) -> Option<geo::Geometry<f64>> {
        if !feature.has_place() {
            return None;
        }
        let degrees = |[x, y]: [i64; 2]| geo::Coord { x: x as f64 / 1e7, y: y as f64 / 1e7 };
        if self.kind(feature) == Some(Kind::Lines) {
            let line = |line: &Vec<[i64; 2]>| line.iter().map(|position| degrees(*position)).collect::<geo::LineString>();
            return Some(geo::Geometry::MultiLineString(geo::MultiLineString(self.lines(feature).iter().map(line).collect())));
        }
        if self.kind(feature) == Some(Kind::Points) {
            let mut points = Vec::new();
            self.walk(feature, |position| points.push(geo::Point(degrees(position))), || {});
            let is_one = self.geometry(feature).starts_with("{\"type\":\"Point\"");
            return match points.first() {
                Some(point) if is_one => Some(geo::Geometry::Point(*point)),
                _ => Some(geo::Geometry::MultiPoint(geo::MultiPoint(points))),
            };
        }
        let mut parts: Vec<(geo::LineString, Vec<geo::LineString>)> = Vec::new();
        for ring in self.rings(feature) {
            // Outer rings run counter-clockwise, holes the other way and after their outer ring.
            let is_outer = crate::geometry::outline::doubled_area(&ring) > 0;
            let line: geo::LineString = ring.iter().chain(ring.first()).map(|position| degrees(*position)).collect();
            match parts.last_mut() {
                Some((_, holes)) if !is_outer => holes.push(line),
                _ => parts.push((line, Vec::new())),
            }
        }
        let mut polygons: Vec<geo::Polygon> = parts.into_iter().map(|(outer, holes)| geo::Polygon::new(outer, holes)).collect();
        match polygons.len() {
            0 => None,
            1 => polygons.pop().map(geo::Geometry::Polygon),
            _ => Some(geo::Geometry::MultiPolygon(geo::MultiPolygon(polygons))),
        }
    }

    /// The set as one GeoJSON geometry: its points, its lines without those beside it ([`ASIDE`]), or the borders
    /// that are left when those shared by two areas are removed.
    pub fn outline(&self) -> &str {
        self.places.outline.get_or_init(|| {
            let points: Vec<[f64; 2]> = self.list.iter().filter_map(|feature| self.point(feature)).collect();
            let own = |feature: &&Feature| self.kind(feature) == Some(Kind::Lines) && !self.properties(feature).contains(ASIDE);
            let lines: Vec<Vec<[i64; 2]>> = self.list.iter().filter(own).flat_map(|feature| self.lines(feature)).collect();
            if !lines.is_empty() {
                outline::lines(&lines)
            } else if points.is_empty() {
                outline::outline(self.list.iter().flat_map(|feature| self.rings(feature)))
            } else {
                outline::points(&points)
            }
        })
    }

    /// Bytes held in memory.
    pub fn weight(&self) -> u64 {
        self.weight_of(self.text.len())
    }

    /// Bytes held in memory if its text had `text` bytes.
    fn weight_of(&self, text: usize) -> u64 {
        // Includes the compressed texts that will be made: somewhat more than a third of the features' own text.
        (text + self.places.own * 2 / 5 + self.places.shapes.len() + self.list.len() * 190) as u64
    }
}
