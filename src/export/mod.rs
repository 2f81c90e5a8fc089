//! Exports features as files: one module for each format, with a [`Writer`] that takes features one by one.
//!
//! Coordinates are longitude and latitude on WGS 84, as published.

mod csv;
mod flatgeobuf;
mod geojson;
mod geopackage;
mod kml;

use std::io::{self, Write};

use geozero::GeozeroGeometry;

use crate::disk;
use crate::domain::schema::Shape;
use crate::read_model::layers::{Collection, LayerRow};

/// A file format for features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// GeoJSON (RFC 7946).
    GeoJson,
    /// GeoJSON text sequence (RFC 8142): features one by one, each after a record separator.
    GeoJsonSeq,
    /// FlatGeobuf 3, with its spatial index.
    FlatGeobuf,
    /// CSV (RFC 4180), with the shape as well-known text.
    Csv,
    /// GeoPackage (OGC 12-128r18).
    GeoPackage,
    /// KML (OGC 12-007r2).
    Kml,
}

/// Every format, in the order in which they are offered.
pub const FORMATS: [Format; 6] = [Format::GeoJson, Format::GeoJsonSeq, Format::FlatGeobuf, Format::Csv, Format::GeoPackage, Format::Kml];

impl Format {
    /// The format with that file extension.
    pub fn of_ending(ending: &str) -> Option<Self> {
        FORMATS.into_iter().find(|format| format.ending() == ending)
    }

    /// The format's file extension, without a dot.
    pub fn ending(self) -> &'static str {
        match self {
            Self::GeoJson => "geojson",
            Self::GeoJsonSeq => "geojsons",
            Self::FlatGeobuf => "fgb",
            Self::Csv => "csv",
            Self::GeoPackage => "gpkg",
            Self::Kml => "kml",
        }
    }

    /// The format's name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::GeoJson => "GeoJSON",
            Self::GeoJsonSeq => "GeoJSON Text Sequence",
            Self::FlatGeobuf => "FlatGeobuf",
            Self::Csv => "CSV (WKT)",
            Self::GeoPackage => "GeoPackage",
            Self::Kml => "KML",
        }
    }

    /// True if a file can have several layers.
    pub fn has_layers(self) -> bool {
        self == Self::GeoPackage
    }

    /// True if no byte can be sent before the last feature is written.
    pub fn is_made_whole(self) -> bool {
        matches!(self, Self::FlatGeobuf | Self::GeoPackage)
    }

    /// The format's media type.
    pub fn media(self) -> &'static str {
        match self {
            Self::GeoJson => "application/geo+json",
            Self::GeoJsonSeq => "application/geo+json-seq",
            Self::FlatGeobuf => "application/flatgeobuf",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::GeoPackage => "application/geopackage+sqlite3",
            Self::Kml => "application/vnd.google-earth.kml+xml",
        }
    }
}

/// Writes features one by one.
pub trait Writer {
    /// Appends a feature.
    fn feature(&mut self, row: &LayerRow<'_>) -> io::Result<()>;
    /// Begins another layer. Errors: the format has one layer only.
    fn begin(&mut self, _collection: &'static Collection) -> io::Result<()> {
        Err(io::Error::other("this format has one layer only"))
    }
    /// Adds how QGIS shows a layer, in formats that can hold it.
    fn style(&mut self, _collection: &'static Collection, _qml: &str) -> io::Result<()> {
        Ok(())
    }
    /// Writes the end of the file.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// Opens a writer for a collection's features. The same features always give the same bytes.
pub fn open<'a>(format: Format, collection: &'static Collection, out: impl Write + 'a) -> io::Result<Box<dyn Writer + 'a>> {
    Ok(match format {
        Format::GeoJson => Box::new(geojson::Whole::new(collection, out)?),
        Format::GeoJsonSeq => Box::new(geojson::Sequence::new(out)),
        Format::FlatGeobuf => Box::new(flatgeobuf::File::new(collection, out)?),
        Format::Csv => Box::new(csv::Table::new(collection, out)?),
        Format::GeoPackage => Box::new(geopackage::Package::new(collection, out)?),
        Format::Kml => Box::new(kml::Document::new(collection, out)?),
    })
}

/// What went wrong while a crate wrote a file. Some hide a full disk in a text: SQLite cannot open its journal where
/// there is no room for one more file. So the disk is looked at, too, while the file is still there.
fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    let error = error.into();
    let causes = std::iter::successors(Some(&*error as &(dyn std::error::Error + 'static)), |error| error.source());
    let is_full = causes.into_iter().any(|cause| {
        let by_sqlite = cause.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
        by_sqlite == Some(rusqlite::ErrorCode::DiskFull) || cause.downcast_ref().is_some_and(disk::is_full)
    });
    if is_full {
        return io::Error::new(io::ErrorKind::StorageFull, error);
    }
    match disk::try_folder(&std::env::temp_dir()) {
        Err(full) if disk::is_full(&full) => full,
        _ => io::Error::other(error),
    }
}

/// A feature's shape. Areas always become multi-polygons, because tables want a single kind.
fn shape(row: &LayerRow<'_>) -> Option<geo::Geometry<f64>> {
    Some(match row.features.shape(row.feature)? {
        geo::Geometry::Polygon(polygon) => geo::Geometry::MultiPolygon(geo::MultiPolygon(vec![polygon])),
        shape => shape,
    })
}

/// Well-known text of a shape.
fn wkt(shape: &geo::Geometry<f64>) -> io::Result<String> {
    let mut text = Vec::new();
    let mut writer = geozero::wkt::WktWriter::new(&mut text);
    shape.process_geom(&mut writer).map_err(failed)?;
    String::from_utf8(text).map_err(failed)
}

/// Chooses a format's name for the collection's kind of shape.
fn kind<T>(collection: &Collection, point: T, points: T, lines: T, areas: T) -> T {
    match collection.shape {
        Shape::Point => point,
        Shape::MultiPoint => points,
        Shape::Lines => lines,
        Shape::Areas => areas,
    }
}
