//! CSV with the shape as well-known text, for spreadsheets and GDAL.

use std::io::{self, Write};

use serde_json::Value;

use super::{Writer, failed, shape, wkt};
use crate::read_model::layers::{Collection, LayerRow};
use crate::words::sheet::harmless;

/// A table with a header line.
pub(super) struct Table<W: Write>(csv::Writer<W>);

impl<W: Write> Table<W> {
    pub(super) fn new(collection: &Collection, mut out: W) -> io::Result<Self> {
        // Without this byte order mark, spreadsheets assume another encoding.
        out.write_all("\u{feff}".as_bytes())?;
        let mut table = csv::Writer::from_writer(out);
        let names = collection.properties.iter().map(|property| property.name.as_ref());
        table.write_record(std::iter::once("WKT").chain(names)).map_err(failed)?;
        Ok(Self(table))
    }
}

impl<W: Write> Writer for Table<W> {
    fn feature(&mut self, row: &LayerRow<'_>) -> io::Result<()> {
        let place = shape(row).map(|shape| wkt(&shape)).transpose()?.unwrap_or_default();
        self.0.write_field(place).map_err(failed)?;
        for index in 0..row.properties.len() {
            let text = match row.json(index) {
                Value::Null => String::new(),
                Value::String(text) => harmless(text),
                other => other.to_string(),
            };
            self.0.write_field(text).map_err(failed)?;
        }
        self.0.write_record(None::<&[u8]>).map_err(failed)
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.0.flush()
    }
}
