//! Reads KML 2.2 (OGC 07-147r2): placemarks with areas or points. Depth and sizes are bounded; no
//! document type, no external entity, no network link is followed.

use std::io::BufReader;

use quick_xml::Reader as Xml;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;
use serde_json::{Map, Value};

use super::{Limits, ReadError, Reader, Stated};
use crate::import::feature::{Feature, Geometry, GeometryError, Position, Raw, Rings};
use crate::import::source::ReadSeek;

/// Deepest nesting; real files have about ten levels.
const DEPTH: usize = 64;
/// Longest attribute text.
const TEXT_BYTES: usize = 1 << 20;
/// Bytes a position may take.
const BYTES_A_POINT: usize = 120;

fn damaged(position: u64, what: impl std::fmt::Display) -> ReadError {
    ReadError::damaged(&format!("KML, byte {position}"), what)
}

/// A placemark that is being read.
#[derive(Default)]
struct Placemark {
    properties: Map<String, Value>,
    /// Name of the attribute that is open.
    field: Option<String>,
    parts: Vec<Rings>,
    point: Option<Position>,
    other: Option<String>,
    error: Option<GeometryError>,
    points: usize,
    /// True between a polygon's tags.
    in_polygon: bool,
}

struct Kml {
    xml: Xml<BufReader<Box<dyn ReadSeek>>>,
    path: Vec<String>,
    text: String,
    place: Option<Placemark>,
    limits: Limits,
    left: usize,
    seen: bool,
}

/// Opens a document.
pub fn open(input: Box<dyn ReadSeek>, limits: &Limits) -> Result<Box<dyn Reader>, ReadError> {
    let xml = Xml::from_reader(BufReader::new(input));
    Ok(Box::new(Kml { xml, path: Vec::new(), text: String::new(), place: None, limits: *limits, left: limits.features, seen: false }))
}

fn coordinates(text: &str) -> Result<Vec<Position>, GeometryError> {
    text.split_ascii_whitespace()
        .map(|tuple| {
            let mut numbers = tuple.split(',').map(str::parse::<f64>);
            match (numbers.next(), numbers.next()) {
                (Some(Ok(lon)), Some(Ok(lat))) => Ok(Position([lon, lat])),
                _ => Err(GeometryError::Unreadable(format!("“{}” is not a position", tuple.chars().take(40).collect::<String>()))),
            }
        })
        .collect()
}

impl Kml {
    fn is_in(&self, name: &str) -> bool {
        self.path.iter().any(|element| element == name)
    }

    fn room(&self) -> usize {
        if self.path.last().is_some_and(|name| name == "coordinates") { self.limits.points * BYTES_A_POINT } else { TEXT_BYTES }
    }

    fn push_text(&mut self, text: &str) -> Result<(), ReadError> {
        if self.place.is_some() {
            if self.text.len() + text.len() > self.room() {
                return Err(damaged(self.xml.buffer_position(), "a text is too long"));
            }
            self.text.push_str(text);
        }
        Ok(())
    }

    fn begin(&mut self, name: &str, attribute: Option<String>) -> Result<(), ReadError> {
        self.seen |= name == "kml" || name == "Document" || name == "Placemark";
        if self.path.len() >= DEPTH {
            return Err(damaged(self.xml.buffer_position(), "nested too deeply"));
        }
        if name == "Placemark" {
            self.left = self.left.checked_sub(1).ok_or_else(|| ReadError::too_many(self.limits.features))?;
            self.place = Some(Placemark::default());
        }
        if let Some(place) = &mut self.place {
            match name {
                "Data" | "SimpleData" => place.field = attribute,
                "Polygon" => {
                    place.parts.push(Vec::new());
                    place.in_polygon = true;
                }
                "LineString" | "Track" | "Model" => place.other = Some(name.to_owned()),
                _ => {}
            }
        }
        self.path.push(name.to_owned());
        self.text.clear();
        Ok(())
    }

    fn end(&mut self, name: &str) -> Option<Feature> {
        self.path.pop();
        let parent = self.path.last().cloned().unwrap_or_default();
        let in_inner = self.is_in("innerBoundaryIs");
        let text = std::mem::take(&mut self.text);
        let place = self.place.as_mut()?;
        match name {
            "Placemark" => {
                let place = self.place.take()?;
                let geometry = match (place.error, place.point) {
                    (Some(error), _) => Err(error),
                    (None, Some(point)) if place.parts.is_empty() => Ok(Geometry::Point(point)),
                    _ if place.parts.is_empty() && place.other.is_some() => {
                        Err(GeometryError::Unreadable(format!("neither an area nor a point: {}", place.other.unwrap_or_default())))
                    }
                    _ => Geometry::of_parts(place.parts),
                };
                return Some(Feature { properties: place.properties, geometry, line: None });
            }
            "name" | "description" if parent == "Placemark" => {
                place.properties.entry(name).or_insert(Value::from(text.trim()));
            }
            "value" | "SimpleData" => {
                if let Some(field) = place.field.take() {
                    place.properties.insert(field, Value::from(text.trim()));
                }
            }
            "Polygon" => place.in_polygon = false,
            "coordinates" => match coordinates(&text) {
                Ok(positions) => {
                    place.points += positions.len();
                    if place.points > self.limits.points {
                        place.error = Some(GeometryError::Unreadable(format!("it has more than {} points", self.limits.points)));
                    } else if place.in_polygon {
                        if let Some(rings) = place.parts.last_mut() {
                            // An outer ring comes first, whatever the order in the file.
                            let at = if in_inner { rings.len() } else { 0 };
                            rings.insert(at, positions);
                        }
                    } else if parent == "Point" {
                        place.point = positions.first().copied();
                    }
                }
                Err(error) => place.error = Some(error),
            },
            _ => {}
        }
        None
    }
}

impl Reader for Kml {
    fn stated(&self) -> Stated {
        Stated::Epsg(4326)
    }

    fn next(&mut self) -> Result<Option<Raw>, ReadError> {
        let mut buffer = Vec::new();
        loop {
            buffer.clear();
            let at = self.xml.buffer_position();
            let event = self.xml.read_event_into(&mut buffer).map_err(|error| damaged(at, error))?;
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
                    let text = known.ok_or_else(|| damaged(at, format!("unknown entity “{name}”; external entities are not read")))?;
                    self.push_text(&text)?;
                }
                Event::DocType(_) => {
                    return Err(ReadError::new(
                        "doctype",
                        "Tệp KML có khai báo DOCTYPE; vì an toàn không đọc: hãy xuất lại từ phần mềm bản đồ",
                        "The KML file declares a DOCTYPE, which is not read for safety: export it again from the mapping software",
                    ));
                }
                Event::Eof => {
                    if !self.path.is_empty() {
                        return Err(ReadError::new(
                            "truncated",
                            format!("Tệp KML bị cắt giữa chừng trong <{}>", self.path.last().map_or("", String::as_str)),
                            format!("The KML file breaks off inside <{}>", self.path.last().map_or("", String::as_str)),
                        ));
                    }
                    if !self.seen {
                        return Err(ReadError::new(
                            "not-kml",
                            "Tệp XML này không phải KML; trong QGIS chọn Export → GeoPackage",
                            "This XML file is not KML; in QGIS choose Export → GeoPackage",
                        ));
                    }
                    return Ok(None);
                }
                _ => {}
            }
        }
    }
}
