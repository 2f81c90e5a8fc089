//! Reads KML 2.2 (OGC 07-147r2): placemarks with areas or points. Depth and sizes are bounded. Document types,
//! external entities and links to the network are ignored; links to other files of the same KMZ are followed.

mod coordinates;
mod html;

use std::io::BufReader;

use quick_xml::Reader as Xml;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;
use serde_json::{Map, Value};

use super::archive::Archive;
use super::{Damage, Left, Limits, ReadError, Reader, Stated, Tally, by_library, put};
use crate::geometry::simple::{Geometry, Position, Rings};
use crate::import::columns;
use crate::import::feature::{Feature, GeometryError, Raw, of_lines, of_parts};
use crate::import::report::Note;
use crate::import::source::ReadSeek;

/// Deepest nesting; real files have about ten levels.
const DEPTH: usize = 64;
/// Longest attribute text, bytes.
const TEXT_BYTES: usize = 1 << 20;
/// Most bytes of text that a position may take.
const BYTES_A_POINT: usize = 120;

fn damaged(position: u64, what: impl Into<Damage>) -> ReadError {
    ReadError::damaged(sentence!("place-kml", position), what.into())
}

/// Most files of a KMZ that are read because others link to them.
const MOST_FILES: usize = 200;

/// The KMZ archive that contains a document.
pub(super) struct Inner {
    /// The document's name in the archive.
    pub(super) name: String,
    /// The archive itself.
    pub(super) archive: Archive,
    /// Other files in the archive that could be read.
    pub(super) others: Vec<String>,
    /// True if the planner chose this file.
    pub(super) asked: bool,
}

/// A placemark that is being read.
#[derive(Default)]
struct Placemark {
    properties: Map<String, Value>,
    /// Name of the attribute whose element is open.
    field: Option<String>,
    parts: Vec<Rings>,
    lines: Vec<Vec<Position>>,
    point: Option<Position>,
    other: Option<String>,
    error: Option<GeometryError>,
    points: usize,
    /// True inside a polygon element.
    in_polygon: bool,
    has_address: bool,
    is_unticked: bool,
    /// Number of points in the placemark.
    points_alone: usize,
}

struct Kml {
    xml: Xml<BufReader<Box<dyn ReadSeek>>>,
    path: Vec<String>,
    text: String,
    place: Option<Placemark>,
    /// Names of the folders that enclose the current element; empty where a folder has none yet.
    folders: Vec<String>,
    limits: Limits,
    left: usize,
    seen: bool,
    inner: Option<Inner>,
    /// Files of the archive that are linked to but not read yet, and those already begun.
    linked: Vec<String>,
    begun: Vec<String>,
    /// Number of placemarks handed out.
    count: usize,
    /// Address of the first link to the network.
    link: Option<String>,
    /// Depth of the switched-off folder that encloses the current element.
    unticked: Option<usize>,
    tally: Tally,
}

/// Opens a document; `inner` is the archive that contains it, if any.
pub(super) fn open(input: Box<dyn ReadSeek>, limits: &Limits, inner: Option<Inner>) -> Box<dyn Reader> {
    Box::new(Kml {
        xml: Xml::from_reader(BufReader::new(input)),
        path: Vec::new(),
        text: String::new(),
        place: None,
        folders: Vec::new(),
        limits: *limits,
        left: limits.features,
        seen: false,
        begun: inner.iter().map(|inner| inner.name.clone()).collect(),
        inner,
        linked: Vec::new(),
        count: 0,
        link: None,
        unticked: None,
        tally: Tally::default(),
    })
}

impl Kml {
    fn is_in(&self, name: &str) -> bool {
        self.path.iter().any(|element| element == name)
    }

    /// True where an element of that name is a folder. Programs write a document in a document for each layer.
    fn is_folder(&self, name: &str) -> bool {
        name == "Folder" || name == "Document" && self.is_in("Document")
    }

    /// True where the last elements are a folder's name.
    fn is_in_name_of_folder(&self) -> bool {
        let documents = self.path.iter().filter(|element| *element == "Document").count();
        let is_folder = |element: &str| element == "Folder" || element == "Document" && documents > 1;
        matches!(self.path.as_slice(), [.., folder, name] if is_folder(folder) && name == "name")
    }

    fn room(&self) -> usize {
        if self.path.last().is_some_and(|name| name == "coordinates") { self.limits.points * BYTES_A_POINT } else { TEXT_BYTES }
    }

    fn push_text(&mut self, text: &str) -> Result<(), ReadError> {
        if self.place.is_some()
            || self.is_in_name_of_folder()
            || self.path.last().is_some_and(|name| name == "href" || name == "visibility")
        {
            if self.text.len() + text.len() > self.room() {
                return Err(damaged(self.xml.buffer_position(), sentence!("damage-text-too-long")));
            }
            self.text.push_str(text);
        }
        Ok(())
    }

    fn begin(&mut self, name: &str, attribute: Option<String>) -> Result<(), ReadError> {
        self.seen |= name == "kml" || name == "Document" || name == "Placemark";
        if self.path.len() >= DEPTH {
            return Err(damaged(self.xml.buffer_position(), sentence!("damage-too-deep")));
        }
        if name == "Placemark" {
            self.left = self.left.checked_sub(1).ok_or_else(|| ReadError::too_many(self.limits.features))?;
            self.place = Some(Placemark { is_unticked: self.unticked.is_some(), ..Placemark::default() });
        }
        if self.is_folder(name) {
            self.folders.push(String::new());
        }
        if name.ends_with("Overlay") {
            self.tally.add(Left::Overlay(name.to_owned()));
        }
        if let Some(place) = &mut self.place {
            match name {
                "Data" | "SimpleData" => place.field = attribute,
                "Polygon" => {
                    place.parts.push(Vec::new());
                    place.in_polygon = true;
                }
                "LinearRing" if !place.in_polygon => place.other = Some(name.to_owned()),
                "TimeSpan" | "TimeStamp" => self.tally.add(Left::Times),
                "Track" | "Model" => place.other = Some(name.to_owned()),
                _ => {}
            }
        }
        self.path.push(name.to_owned());
        self.text.clear();
        Ok(())
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each element that ends")]
    fn end(&mut self, name: &str) -> Option<Feature> {
        let is_name_of_folder = self.is_in_name_of_folder();
        self.path.pop();
        let parent = self.path.last().cloned().unwrap_or_default();
        let in_inner = self.is_in("innerBoundaryIs");
        let text = std::mem::take(&mut self.text);
        if self.unticked.is_some_and(|depth| self.path.len() < depth) {
            self.unticked = None;
        }
        if name == "visibility" && text.trim() == "0" {
            match &mut self.place {
                Some(place) => place.is_unticked = true,
                None => self.unticked = self.unticked.or(Some(self.path.len())),
            }
        }
        if self.is_folder(name) {
            self.folders.pop();
        }
        if is_name_of_folder {
            let words = text.trim().to_owned();
            self.folders.last_mut().into_iter().for_each(|folder| folder.clone_from(&words));
        }
        if name == "href" && self.is_in("NetworkLink") {
            self.link_to(text.trim());
        }
        let place = self.place.as_mut()?;
        match name {
            "Placemark" => {
                let mut place = self.place.take()?;
                // What stands beside areas, or beside a point, is left out, and the report says so.
                let (has_areas, has_lines) = (!place.parts.is_empty(), !place.lines.is_empty());
                let has_main = has_areas || has_lines || place.point.is_some();
                if let Some(other) = place.other.as_ref().filter(|_| has_main) {
                    self.tally.add(Left::Beside(other.clone()));
                }
                if has_lines && (has_areas || place.point.is_some()) {
                    self.tally.add(Left::Beside("LineString".into()));
                }
                if place.point.is_some() && has_areas {
                    self.tally.add(Left::Beside("Point".into()));
                }
                let geometry = match (place.error, place.point) {
                    (Some(error), _) => Err(error),
                    (None, Some(_)) if place.parts.is_empty() && place.points_alone > 1 => Err(GeometryError::other_kind("MultiPoint")),
                    (None, Some(point)) if place.parts.is_empty() => Ok(Geometry::Point(point)),
                    _ if !has_areas && has_lines => of_lines(place.lines),
                    _ if place.parts.is_empty() && place.other.is_some() => Err(GeometryError::other_kind(place.other.unwrap_or_default())),
                    _ if place.parts.is_empty() && place.has_address => Err(GeometryError::unreadable(sentence!("kml-address-only"))),
                    _ => of_parts(place.parts),
                };
                html::take_table(&mut place.properties);
                let folders: Vec<&str> = self.folders.iter().map(String::as_str).filter(|folder| !folder.is_empty()).collect();
                if let Some(folder) = folders.last() {
                    place.properties.entry(columns::FOLDER).or_insert(Value::from(*folder));
                }
                if folders.len() > 1 {
                    place.properties.entry(columns::FOLDERS).or_insert(Value::from(folders.join("/")));
                }
                self.count += 1;
                if place.is_unticked {
                    self.tally.add(Left::Unticked);
                }
                return Some(Feature { properties: place.properties, geometry, line: None });
            }
            "name" | "description" if parent == "Placemark" => {
                place.properties.entry(name).or_insert(Value::from(text.trim()));
            }
            "phoneNumber" if parent == "Placemark" => {
                // A `tel:` address (RFC 3966), or a number as people write it.
                let number = text.trim().trim_start_matches("tel:");
                place.properties.entry(name).or_insert(Value::from(number));
            }
            "address" if parent == "Placemark" => {
                place.has_address = !text.trim().is_empty();
                place.properties.entry(name).or_insert(Value::from(text.trim()));
            }
            "value" | "SimpleData" => {
                if let Some(field) = place.field.take() {
                    put(&mut place.properties, field, text.trim(), &self.tally);
                }
            }
            "Polygon" => place.in_polygon = false,
            "coordinates" => match coordinates::read(&text, parent == "Point") {
                Ok((positions, remark)) => {
                    remark.into_iter().for_each(|remark| self.tally.add(remark));
                    place.points += positions.len();
                    if place.points > self.limits.points {
                        place.error = Some(GeometryError::too_many_points(place.points, self.limits.points));
                    } else if place.in_polygon {
                        if let Some(rings) = place.parts.last_mut() {
                            // The outer ring goes first, whatever the order in the file.
                            let at = if in_inner { rings.len() } else { 0 };
                            rings.insert(at, positions);
                        }
                    } else if parent == "LineString" {
                        place.lines.push(positions);
                    } else if parent == "Point" {
                        place.points_alone += 1;
                        place.point = place.point.or(positions.first().copied());
                    }
                }
                Err(error) => place.error = Some(error),
            },
            _ => {}
        }
        None
    }
}

impl Kml {
    /// Notes a link, to another file of the archive or to the network.
    fn link_to(&mut self, address: &str) {
        let path = address.split(['?', '#']).next().unwrap_or_default().trim_start_matches("./");
        let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned();
        let inside =
            self.inner.as_ref().and_then(|inner| inner.archive.find(&path).cloned()).filter(|name| name.to_lowercase().ends_with(".kml"));
        match inside {
            Some(name) if self.begun.contains(&name) || self.linked.contains(&name) => {}
            Some(name) if self.begun.len() + self.linked.len() < MOST_FILES => self.linked.push(name),
            _ => {
                self.link.get_or_insert_with(|| address.chars().take(100).collect());
                self.tally.add(Left::Links);
            }
        }
    }

    /// Continues with the next linked file; false if there is none.
    fn go_on(&mut self) -> Result<bool, ReadError> {
        if self.linked.is_empty() {
            return Ok(false);
        }
        let name = self.linked.remove(0);
        let Some(inner) = &mut self.inner else { return Ok(false) };
        let input = super::open_text(inner.archive.unpack(&name)?, &self.limits)?;
        self.begun.push(name);
        self.xml = Xml::from_reader(BufReader::new(input));
        Ok(true)
    }

    /// Adds the remarks that are known only at the end of the file.
    fn finish(&mut self) -> Result<(), ReadError> {
        if let Some(inner) = self.inner.as_ref().filter(|inner| !inner.asked) {
            inner.others.iter().filter(|name| !self.begun.contains(name)).for_each(|name| self.tally.add(Left::OtherFile(name.clone())));
        }
        match &self.link {
            Some(link) if self.count == 0 => Err(ReadError::new("only-a-link", sentence!("only-a-link", link))),
            _ => Ok(()),
        }
    }
}

impl Reader for Kml {
    fn notes(&self) -> Vec<Note> {
        self.tally.notes()
    }

    fn stated(&self) -> Stated {
        Stated::Epsg(4326)
    }

    fn next(&mut self) -> Result<Option<Raw>, ReadError> {
        let mut buffer = Vec::new();
        loop {
            buffer.clear();
            let at = self.xml.buffer_position();
            let event = self.xml.read_event_into(&mut buffer).map_err(|error| damaged(at, by_library(error)))?;
            match event {
                Event::Start(element) => {
                    let name = element.local_name().as_ref().to_owned();
                    let attribute = element
                        .attributes()
                        .flatten()
                        .find(|attribute| attribute.key.as_ref() == "name")
                        .and_then(|attribute| quick_xml::escape::unescape(&attribute.value).ok().map(std::borrow::Cow::into_owned));
                    self.begin(&name, attribute)?;
                }
                Event::End(element) => {
                    let name = element.local_name().as_ref().to_owned();
                    if let Some(feature) = self.end(&name) {
                        return Ok(Some(Raw::Ready(feature)));
                    }
                }
                Event::Text(text) => self.push_text(&text.into_inner())?,
                Event::CData(text) => self.push_text(&text.into_inner())?,
                Event::GeneralRef(reference) => {
                    let name: &str = reference.as_ref();
                    let known = resolve_predefined_entity(name).map(str::to_owned);
                    let known = known.or_else(|| reference.resolve_char_ref().ok().flatten().map(String::from));
                    let text = known.ok_or_else(|| damaged(at, sentence!("damage-entity", name)))?;
                    self.push_text(&text)?;
                }
                Event::DocType(_) => {
                    return Err(ReadError::new("doctype", sentence!("doctype")));
                }
                Event::Eof => {
                    if !self.path.is_empty() {
                        return Err(ReadError::new(
                            "truncated",
                            sentence!("truncated", tring = self.path.last().map_or("", String::as_str)),
                        ));
                    }
                    if !self.seen {
                        return Err(ReadError::new("not-kml", sentence!("not-kml")));
                    }
                    if self.go_on()? {
                        continue;
                    }
                    self.finish()?;
                    return Ok(None);
                }
                _ => {}
            }
        }
    }
}
