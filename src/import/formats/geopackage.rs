//! Reads GeoPackage (OGC 12-128r18) through the built-in SQLite, as an untrusted database: read-only, without
//! trust in its schema, tables only, without generated columns.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Map, Value};

use super::{Choice, Left, Piped, ReadError, Reader, Stated, Stop, Tally, archive, by_library, wkb};
use crate::geometry::crs::Crs;
use crate::import::encoding::keep;
use crate::import::feature::{Feature, GeometryError};
use crate::import::report::Note;
use crate::import::source::Source;

/// Largest single value, bytes.
const VALUE_BYTES: i32 = 256 << 20;
/// Most columns of a layer that are read.
const MOST_COLUMNS: usize = 200;
/// Longest search for layers, whatever the file does.
const PATIENCE: Duration = Duration::from_secs(10);

fn damaged(error: impl std::fmt::Display) -> ReadError {
    ReadError::damaged(sentence!("place-geopackage"), by_library(error))
}

/// An SQL identifier in quotes.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn connect(source: &Source) -> Result<Connection, ReadError> {
    let path = source.path().ok_or_else(|| damaged("it is not on disk"))?;
    let log = path.with_file_name(format!("{}-wal", path.file_name().unwrap_or_default().to_string_lossy()));
    if log.metadata().is_ok_and(|meta| meta.len() > 0) {
        return Err(ReadError::new("still-open", sentence!("still-open")));
    }
    let escaped: String = path
        .to_string_lossy()
        .chars()
        .map(|c| if matches!(c, '?' | '#' | '%') { format!("%{:02x}", c as u32) } else { c.to_string() })
        .collect();
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
        connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, VALUE_BYTES)?;
        connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
        connection.execute_batch("PRAGMA query_only = ON; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;")?;
        Ok(connection)
    };
    open().map_err(damaged)
}

/// A layer: its table, its geometry column, its system.
struct Layer {
    table: String,
    geometry: String,
    srs: i64,
    what: Registered,
}

/// What a registered name stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Registered {
    Table,
    View,
    Nothing,
}

/// Tables and views by name. A view would run SQL by the file's author, so views are reported but not read.
fn tables(connection: &Connection) -> rusqlite::Result<Vec<(String, Registered)>> {
    let sql = "SELECT name, type = 'view' FROM sqlite_schema
               WHERE type = 'view' OR type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' LIMIT 10000";
    let what = |is_view: bool| if is_view { Registered::View } else { Registered::Table };
    connection.prepare(sql)?.query_map([], |row| Ok((row.get(0)?, what(row.get(1)?))))?.collect()
}

fn layers(connection: &Connection) -> Result<Vec<Layer>, ReadError> {
    let tables = tables(connection).map_err(damaged)?;
    if !tables.iter().any(|(table, what)| *what == Registered::Table && table.eq_ignore_ascii_case("gpkg_geometry_columns")) {
        return Err(ReadError::new("not-a-geopackage", sentence!("not-a-geopackage")));
    }
    let read = || -> rusqlite::Result<Vec<Layer>> {
        let mut statement = connection.prepare("SELECT table_name, column_name, srs_id FROM gpkg_geometry_columns LIMIT 1000")?;
        let what =
            |name: &str| tables.iter().find(|(table, _)| table.eq_ignore_ascii_case(name)).map_or(Registered::Nothing, |(_, what)| *what);
        let layers = statement.query_map([], |row| {
            let table: String = row.get(0)?;
            Ok(Layer { what: what(&table), table, geometry: row.get(1)?, srs: row.get(2)? })
        })?;
        layers.collect()
    };
    read().map_err(damaged)
}

/// Notes tables that are no layers: those that the file lists as attributes or pictures, and those that it does not list.
fn note_others(connection: &Connection, layers: &[Layer], tally: &Tally) -> rusqlite::Result<()> {
    let is_layer = |name: &str| layers.iter().any(|layer| layer.table.eq_ignore_ascii_case(name));
    // Tables of the format itself and of SQLite, and what QGIS keeps beside its layers.
    let is_own =
        |name: &str| ["gpkg_", "sqlite_", "rtree_", "layer_styles", "qgis_projects"].iter().any(|own| name.to_lowercase().starts_with(own));
    let others = tables(connection)?.into_iter().filter(|(name, what)| *what == Registered::Table && !is_layer(name) && !is_own(name));
    let named: BTreeMap<String, usize> = others
        .take(50)
        .map(|(name, _)| {
            // A table that cannot be counted is named all the same; a large one is not counted to its end.
            let sql = format!("SELECT count(*) FROM (SELECT 1 FROM {} LIMIT 1000)", quoted(&name));
            let rows = connection.query_row(&sql, [], |row| row.get::<_, i64>(0)).unwrap_or(0);
            (format!("“{name}”"), usize::try_from(rows).unwrap_or(0))
        })
        .collect();
    tally.list(Left::NoMap, &named);
    Ok(())
}

fn view_words(name: &str) -> ReadError {
    ReadError::new("view", sentence!("view", name))
}

fn stated(connection: &Connection, srs: i64, notes: &mut Vec<Note>) -> Stated {
    let sql = "SELECT organization, organization_coordsys_id, definition FROM gpkg_spatial_ref_sys WHERE srs_id = ?1";
    let found = connection.query_row(sql, [srs], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?)));
    match found {
        Ok((organisation, code, _)) if organisation.eq_ignore_ascii_case("epsg") => Stated::of(Crs::code(&code.to_string())),
        // These ids mean “undefined”: 0 and -1 in the standard, 99999 in GDAL.
        _ if matches!(srs, 0 | -1 | 99999) => Stated::Nothing,
        Ok((_, code, definition)) if matches!(code, 0 | -1) || matches!(definition.trim(), "" | "undefined") => Stated::Nothing,
        Ok((_, _, definition)) => Stated::of_wkt(&definition, notes),
        Err(_) => Stated::Nothing,
    }
}

/// The names of the layers that can be read.
pub fn names(source: &Source) -> Result<Vec<String>, ReadError> {
    let source = source.on_disk()?;
    let mut connection = connect(&source)?;
    let began = Instant::now();
    connection.progress_handler(10_000, Some(move || began.elapsed() > PATIENCE)).map_err(damaged)?;
    Ok(layers(&connection)?.into_iter().filter(|layer| layer.what == Registered::Table).map(|layer| layer.table).collect())
}

/// Opens a layer.
pub fn open(source: &Source, choice: &Choice) -> Result<Box<dyn Reader>, ReadError> {
    let source = source.on_disk()?;
    let mut connection = connect(&source)?;
    let began = Instant::now();
    connection.progress_handler(10_000, Some(move || began.elapsed() > PATIENCE)).map_err(damaged)?;
    let tally = Tally::default();
    // Bytes 18 and 19 of SQLite's header (fileformat2 §1.3.3) are 2 while writes go to a log first. Software
    // that closes the file merges the log and removes it, but may leave the mark.
    if source.head(20)?.get(18..20) == Some(&[2, 2]) {
        tally.add(Left::LogBeside);
    }
    let (layers, without): (Vec<Layer>, Vec<Layer>) = layers(&connection)?.into_iter().partition(|layer| layer.what != Registered::Nothing);
    without.iter().for_each(|layer| tally.add(Left::NoTable(layer.table.clone())));
    note_others(&connection, &layers, &tally).map_err(damaged)?;
    let names: Vec<String> = layers.iter().map(|layer| layer.table.clone()).collect();
    let chosen = match (&choice.layer, names.len()) {
        (Some(asked), _) if without.iter().any(|layer| &layer.table == asked) => {
            return Err(ReadError::new("layer-without-table", sentence!("layer-without-table", asked)));
        }
        (_, 0) => {
            let without = tally.notes().into_iter().next();
            let why = without.map(|note| sentence!("and-also", note = note.said));
            return Err(ReadError::new("empty", sentence!("empty-geopackage", why)));
        }
        (Some(asked), _) => layers.into_iter().find(|layer| layer.table.eq_ignore_ascii_case(asked)),
        (None, 1) => layers.into_iter().next(),
        (None, _) => None,
    };
    let layer = chosen.ok_or_else(|| archive::layers(&names, choice.layer.as_deref()))?;
    if layer.what == Registered::View {
        return Err(view_words(&layer.table));
    }
    let mut notes = Vec::new();
    let stated = stated(&connection, layer.srs, &mut notes);
    let columns = columns(&connection, &layer).map_err(damaged)?;
    let columns: Vec<String> = if columns.len() > MOST_COLUMNS {
        tally.many(Left::ColumnsBeyond, columns.len() - MOST_COLUMNS);
        columns.into_iter().take(MOST_COLUMNS).collect()
    } else {
        columns
    };
    connection.progress_handler(0, None::<fn() -> bool>).map_err(damaged)?;
    let most = choice.limits.points;
    Ok(Piped::boxed(stated, notes, tally.clone(), &choice.limits, move |sink| {
        let _on_disk = source;
        let list: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
        let list = [vec![quoted(&layer.geometry)], list].concat().join(", ");
        // Rows come in the order of their ids, which is the file's order.
        let sql = format!("SELECT {list} FROM {} NOT INDEXED", quoted(&layer.table));
        let mut statement = connection.prepare(&sql).map_err(damaged)?;
        let mut rows = statement.query([]).map_err(damaged)?;
        let mut number = 0_u64;
        loop {
            let row = rows.next().map_err(|error| damaged(format!("#{number}: {error}")))?;
            let Some(row) = row else { return Ok::<(), Stop>(()) };
            let geometry = match row.get_ref(0) {
                Ok(ValueRef::Blob(bytes)) => wkb::read_geopackage(bytes),
                Ok(ValueRef::Null) => Err(GeometryError::Missing),
                _ => Err(GeometryError::unreadable(sentence!("cell-without-geometry"))),
            };
            let geometry = geometry.and_then(|geometry| match geometry.points() {
                points if points > most => Err(GeometryError::too_many_points(points, most)),
                _ => Ok(geometry),
            });
            let properties: Map<String, Value> = columns
                .iter()
                .enumerate()
                .map(|(i, column)| (column.clone(), row.get_ref(i + 1).map_or(Value::Null, |cell| value(cell, column, &tally))))
                .collect();
            sink.push(Feature { properties, geometry, line: None })?;
            number += 1;
        }
    }))
}

/// Names of the attribute columns: without generated columns and the geometry.
fn columns(connection: &Connection, layer: &Layer) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("SELECT name FROM pragma_table_xinfo(?1) WHERE hidden = 0 LIMIT 1000")?;
    let names = statement.query_map([&layer.table], |row| row.get::<_, String>(0))?;
    let names: Vec<String> = names.collect::<rusqlite::Result<_>>()?;
    if !names.iter().any(|name| name.eq_ignore_ascii_case(&layer.geometry)) {
        return Err(rusqlite::Error::InvalidColumnName(layer.geometry.clone()));
    }
    Ok(names.into_iter().filter(|name| !name.eq_ignore_ascii_case(&layer.geometry)).collect())
}

fn value(value: ValueRef<'_>, column: &str, tally: &Tally) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Blob(_) => {
            tally.add(Left::Binary(column.to_owned()));
            Value::Null
        }
        ValueRef::Integer(number) => Value::from(number),
        ValueRef::Real(number) => Value::from(number),
        ValueRef::Text(text) => Value::from(keep(text)),
    }
}
