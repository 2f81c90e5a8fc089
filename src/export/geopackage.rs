//! GeoPackage 1.3 (OGC 12-128r18), written by the built-in SQLite to a temporary file.

use std::io::{self, Write};

use geozero::{CoordDimensions, ToWkb};
use rusqlite::{Connection, params};
use serde_json::Value;
use tempfile::NamedTempFile;

use super::{Writer, failed, kind, shape};
use crate::domain::names::{about, title};
use crate::domain::schema::Type;
use crate::read_model::layers::{Collection, LayerRow};
use crate::words::text::Lang;

/// The tables that every GeoPackage has (annex C), and WGS 84.
const TABLES: &str = r#"
PRAGMA application_id = 1196444487;
PRAGMA user_version = 10300;
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
INSERT INTO gpkg_spatial_ref_sys VALUES
  ('Undefined Cartesian SRS', -1, 'NONE', -1, 'undefined', NULL), ('Undefined geographic SRS', 0, 'NONE', 0, 'undefined', NULL),
  ('WGS 84 geodetic', 4326, 'EPSG', 4326, 'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AUTHORITY["EPSG","4326"]]', 'longitude/latitude');
CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE, description TEXT DEFAULT '',
  last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')), min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE,
  srs_id INTEGER, CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL,
  srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL, CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
  CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
  CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
BEGIN;
"#;

/// Where QGIS looks for styles, listed as it lists them itself.
const STYLES: &str = r"
CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
  f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN,
  description TEXT, owner TEXT(30), ui TEXT(30), update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')));
INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change, srs_id) VALUES ('layer_styles', 'attributes', 'layer_styles', '', '', 0);
";

/// A layer of the package.
struct Layer {
    name: &'static str,
    insert: String,
    bbox: Option<[f64; 4]>,
}

/// A package that is being written.
pub(super) struct Package<W> {
    out: W,
    file: NamedTempFile,
    connection: Connection,
    /// Its layers; features go into the last one.
    layers: Vec<Layer>,
    /// Names of the layers with a style, and the style of each.
    styles: Vec<(&'static str, String)>,
    /// Time of the latest change of a feature. It stands for the file's own time, so that the same features
    /// give the same file.
    changed: jiff::Timestamp,
}

impl<W: Write> Package<W> {
    pub(super) fn new(collection: &'static Collection, out: W) -> io::Result<Self> {
        let file = NamedTempFile::with_prefix("bangtin-export-")?;
        let connection = Connection::open(file.path()).map_err(failed)?;
        connection.execute_batch(TABLES).map_err(failed)?;
        let layer = add_layer(&connection, collection)?;
        Ok(Self { out, file, connection, layers: vec![layer], styles: Vec::new(), changed: jiff::Timestamp::UNIX_EPOCH })
    }

    /// Writes the styles, if there are any.
    fn write_styles(&self) -> io::Result<()> {
        if self.styles.is_empty() {
            return Ok(());
        }
        let at = moment(self.changed);
        self.connection.execute_batch(STYLES).map_err(failed)?;
        let sql = "UPDATE gpkg_contents SET last_change = ?1 WHERE table_name = 'layer_styles'";
        self.connection.execute(sql, params![at]).map_err(failed)?;
        let sql = "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, owner, update_time)
                   VALUES ('', '', ?1, 'geom', ?1, ?2, '', 1, '', '', ?3)";
        for (name, qml) in &self.styles {
            self.connection.execute(sql, params![name, qml, at]).map_err(failed)?;
        }
        Ok(())
    }
}

/// Makes the table of a layer.
fn add_layer(connection: &Connection, collection: &'static Collection) -> io::Result<Layer> {
    let name = collection.name;
    let columns: Vec<String> = collection
        .properties
        .iter()
        .map(|property| {
            let kind = match property.kind {
                Type::Integer => "INTEGER",
                Type::Number => "DOUBLE",
                Type::Boolean => "BOOLEAN",
                Type::Date => "DATE",
                Type::Moment => "DATETIME",
                Type::Text => "TEXT",
            };
            format!("\"{}\" {kind}", property.name)
        })
        .collect();
    let shapes = kind(collection, "POINT", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON");
    connection
        .execute_batch(&format!(
            "CREATE TABLE \"{name}\" (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom {shapes}, {});",
            columns.join(", ")
        ))
        .map_err(failed)?;
    let described = params![name, title(Lang::Vi, name), about(Lang::Vi, name)];
    connection
        .execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change, srs_id) VALUES (?1, 'features', ?2, ?3, '', 4326)",
            described,
        )
        .map_err(failed)?;
    connection.execute("INSERT INTO gpkg_geometry_columns VALUES (?1, 'geom', ?2, 4326, 0, 0)", params![name, shapes]).map_err(failed)?;
    let places = vec!["?"; collection.properties.len() + 1].join(", ");
    Ok(Layer { name, insert: format!("INSERT INTO \"{name}\" VALUES (NULL, {places})"), bbox: None })
}

/// A moment in GeoPackage's format: milliseconds, UTC.
fn moment(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

impl<W: Write> Writer for Package<W> {
    fn feature(&mut self, row: &LayerRow<'_>) -> io::Result<()> {
        use rusqlite::types::Value as Sql;
        let Some(layer) = self.layers.last_mut() else { return Ok(()) };
        let mut values = Vec::with_capacity(row.properties.len() + 1);
        values.push(match shape(row) {
            Some(shape) => {
                let [west, south, east, north] = row.feature.bbox();
                layer.bbox = Some(layer.bbox.map_or(row.feature.bbox(), |bbox| crate::geometry::union(&bbox, &row.feature.bbox())));
                Sql::Blob(shape.to_gpkg_wkb(CoordDimensions::xy(), Some(4326), vec![west, east, south, north]).map_err(failed)?)
            }
            None => Sql::Null,
        });
        for (index, property) in row.properties.iter().enumerate() {
            values.push(match row.json(index) {
                Value::String(text) if property.kind == Type::Moment => Sql::Text(match text.parse() {
                    Ok(at) => {
                        if property.name == "updated" {
                            self.changed = self.changed.max(at);
                        }
                        moment(at)
                    }
                    Err(_) => text,
                }),
                Value::String(text) => Sql::Text(text),
                Value::Bool(truth) => Sql::Integer(truth.into()),
                Value::Number(number) => match number.as_i64() {
                    Some(whole) if property.kind == Type::Integer => Sql::Integer(whole),
                    _ => Sql::Real(number.as_f64().unwrap_or_default()),
                },
                _ => Sql::Null,
            });
        }
        let mut statement = self.connection.prepare_cached(&layer.insert).map_err(failed)?;
        statement.execute(rusqlite::params_from_iter(values)).map(|_| ()).map_err(failed)
    }

    fn begin(&mut self, collection: &'static Collection) -> io::Result<()> {
        self.layers.push(add_layer(&self.connection, collection)?);
        Ok(())
    }

    fn style(&mut self, collection: &'static Collection, qml: &str) -> io::Result<()> {
        self.styles.push((collection.name, qml.to_owned()));
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.write_styles()?;
        let Self { mut out, file, connection, layers, changed, .. } = *self;
        for Layer { name, bbox, .. } in layers {
            let sql = "UPDATE gpkg_contents SET last_change = ?1 WHERE table_name = ?2";
            connection.execute(sql, params![moment(changed), name]).map_err(failed)?;
            if let Some([west, south, east, north]) = bbox {
                let sql = "UPDATE gpkg_contents SET min_x = ?1, min_y = ?2, max_x = ?3, max_y = ?4 WHERE table_name = ?5";
                connection.execute(sql, params![west, south, east, north, name]).map_err(failed)?;
            }
        }
        connection.execute_batch("COMMIT").map_err(failed)?;
        connection.close().map_err(|(_, error)| failed(error))?;
        io::copy(&mut std::fs::File::open(file.path())?, &mut out)?;
        out.flush()
    }
}
