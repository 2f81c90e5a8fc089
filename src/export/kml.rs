//! KML 2.2: placemarks with their data, for globes and phones.

use std::io::{self, Write};

use quick_xml::escape::escape;
use serde_json::Value;

use super::{Writer, shape};
use crate::domain::names::{label, title};
use crate::read_model::layers::{Collection, LayerRow};
use crate::words::text::Lang;

/// A document of placemarks.
pub(super) struct Document<W> {
    out: W,
    name_index: Vec<usize>,
}

/// Text for XML: characters that XML cannot hold are left out, and the others escaped.
fn safe(text: &str) -> String {
    let kept: String =
        text.chars().filter(|c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)).collect();
    escape(&kept).into_owned()
}

impl<W: Write> Document<W> {
    pub(super) fn new(collection: &Collection, mut out: W) -> io::Result<Self> {
        writeln!(
            out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<kml xmlns=\"http://www.opengis.net/kml/2.2\">\n<Document id=\"{}\">",
            collection.name
        )?;
        writeln!(out, "<name>{}</name>", safe(title(Lang::Vi, collection.name)))?;
        writeln!(out, "<Schema name=\"{0}\" id=\"{0}-schema\">", collection.name)?;
        for property in &collection.properties {
            let kind = match property.kind {
                crate::domain::schema::Type::Integer => "int",
                crate::domain::schema::Type::Number => "double",
                crate::domain::schema::Type::Boolean => "bool",
                _ => "string",
            };
            let shown = safe(&label(Lang::Vi, property));
            writeln!(out, "<SimpleField name=\"{}\" type=\"{kind}\"><displayName>{shown}</displayName></SimpleField>", property.name)?;
        }
        writeln!(out, "</Schema>")?;
        let index = |name: &str| collection.properties.iter().position(|property| property.name == name);
        // A zone is called by its own name, not by the name of its plan.
        Ok(Self { out, name_index: ["name", "land_use_name", "title", "id"].iter().filter_map(|name| index(name)).collect() })
    }

    /// Writes a line as the element of that name.
    fn line(&mut self, element: &str, line: &geo::LineString<f64>) -> io::Result<()> {
        write!(self.out, "<{element}><coordinates>")?;
        for at in &line.0 {
            write!(self.out, "{},{} ", at.x, at.y)?;
        }
        write!(self.out, "</coordinates></{element}>")
    }

    fn geometry(&mut self, shape: &geo::Geometry<f64>) -> io::Result<()> {
        match shape {
            geo::Geometry::Point(at) => write!(self.out, "<Point><coordinates>{},{}</coordinates></Point>", at.x(), at.y()),
            geo::Geometry::MultiPoint(points) => {
                write!(self.out, "<MultiGeometry>")?;
                for at in &points.0 {
                    write!(self.out, "<Point><coordinates>{},{}</coordinates></Point>", at.x(), at.y())?;
                }
                write!(self.out, "</MultiGeometry>")
            }
            geo::Geometry::MultiLineString(lines) => {
                write!(self.out, "<MultiGeometry>")?;
                lines.0.iter().try_for_each(|line| self.line("LineString", line))?;
                write!(self.out, "</MultiGeometry>")
            }
            geo::Geometry::MultiPolygon(parts) => {
                write!(self.out, "<MultiGeometry>")?;
                for part in &parts.0 {
                    write!(self.out, "<Polygon><outerBoundaryIs>")?;
                    self.line("LinearRing", part.exterior())?;
                    write!(self.out, "</outerBoundaryIs>")?;
                    for hole in part.interiors() {
                        write!(self.out, "<innerBoundaryIs>")?;
                        self.line("LinearRing", hole)?;
                        write!(self.out, "</innerBoundaryIs>")?;
                    }
                    write!(self.out, "</Polygon>")?;
                }
                write!(self.out, "</MultiGeometry>")
            }
            _ => Ok(()),
        }
    }
}

impl<W: Write> Writer for Document<W> {
    fn feature(&mut self, row: &LayerRow<'_>) -> io::Result<()> {
        let name = self.name_index.iter().find_map(|index| row.json(*index).as_str().map(safe)).unwrap_or_default();
        write!(self.out, "<Placemark><name>{name}</name><ExtendedData>")?;
        for (index, property) in row.properties.iter().enumerate() {
            let text = match row.json(index) {
                Value::Null => continue,
                Value::String(text) => safe(&text),
                other => other.to_string(),
            };
            write!(self.out, "<Data name=\"{}\"><value>{text}</value></Data>", property.name)?;
        }
        write!(self.out, "</ExtendedData>")?;
        if let Some(shape) = shape(row) {
            self.geometry(&shape)?;
        }
        writeln!(self.out, "</Placemark>")
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.out.write_all(b"</Document>\n</kml>\n")?;
        self.out.flush()
    }
}
