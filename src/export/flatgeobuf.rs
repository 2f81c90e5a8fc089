//! FlatGeobuf with its spatial index, written through the format's own crate.

use std::io::{self, Write};

use flatgeobuf::{ColumnType, FgbCrs, FgbWriter, FgbWriterOptions, GeometryType};
use geozero::{ColumnValue, PropertyProcessor};
use serde_json::Value;

use super::{Writer, failed, kind, shape};
use crate::domain::schema::Type;
use crate::read_model::layers::{Collection, LayerRow};

/// A file that is being written; the crate collects it in a temporary file.
pub(super) struct File<W> {
    out: W,
    writer: FgbWriter<'static>,
    collection: &'static Collection,
    is_empty: bool,
}

/// The writer of a collection. Readers do not accept an index over no features.
fn writer(collection: &'static Collection, write_index: bool) -> io::Result<FgbWriter<'static>> {
    let shapes = kind(collection, GeometryType::Point, GeometryType::MultiPoint, GeometryType::MultiLineString, GeometryType::MultiPolygon);
    let options = FgbWriterOptions {
        write_index,
        detect_type: false,
        crs: FgbCrs { org: Some("EPSG"), code: 4326, name: Some("WGS 84"), ..FgbCrs::default() },
        ..FgbWriterOptions::default()
    };
    let mut writer = FgbWriter::create_with_options(collection.name, shapes, options).map_err(failed)?;
    for property in &collection.properties {
        let column = match property.kind {
            Type::Integer => ColumnType::Long,
            Type::Number => ColumnType::Double,
            Type::Boolean => ColumnType::Bool,
            Type::Moment => ColumnType::DateTime,
            Type::Text | Type::Date => ColumnType::String,
        };
        writer.add_column(&property.name, column, |_, _| {});
    }
    Ok(writer)
}

impl<W: Write> File<W> {
    pub(super) fn new(collection: &'static Collection, out: W) -> io::Result<Self> {
        Ok(Self { out, writer: writer(collection, true)?, collection, is_empty: true })
    }
}

impl<W: Write> Writer for File<W> {
    fn feature(&mut self, row: &LayerRow<'_>) -> io::Result<()> {
        // The format's index cannot hold a feature without a place.
        let Some(shape) = shape(row) else { return Ok(()) };
        self.is_empty = false;
        let mut result = Ok(false);
        let added = self.writer.add_feature_geom(shape, |feature| {
            for (index, kind) in self.collection.properties.iter().map(|property| property.kind).enumerate() {
                let name = row.properties[index].name.as_ref();
                let value = row.json(index);
                let put = match (&value, kind) {
                    (Value::String(text), Type::Moment) => feature.property(index, name, &ColumnValue::DateTime(text)),
                    (Value::String(text), _) => feature.property(index, name, &ColumnValue::String(text)),
                    (Value::Bool(truth), _) => feature.property(index, name, &ColumnValue::Bool(*truth)),
                    (Value::Number(number), Type::Integer) => {
                        feature.property(index, name, &ColumnValue::Long(number.as_i64().unwrap_or_default()))
                    }
                    (Value::Number(number), _) => feature.property(index, name, &ColumnValue::Double(number.as_f64().unwrap_or_default())),
                    _ => continue,
                };
                if put.is_err() {
                    result = put;
                }
            }
        });
        added.map_err(failed)?;
        result.map(|_| ()).map_err(failed)
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        let Self { mut out, writer: full, collection, is_empty } = *self;
        let writer = if is_empty { writer(collection, false)? } else { full };
        writer.write(&mut out).map_err(failed)?;
        out.flush()
    }
}
