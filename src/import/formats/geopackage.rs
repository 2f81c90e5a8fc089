//! Reads GeoPackage (OGC 12-128r18) through the SQLite that is built in, as a stranger's database:
//! read-only, no trust in its schema, tables only, generated columns left out.

use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Map, Value};

use super::{Choice, Piped, ReadError, Reader, Stated, Stop, archive, wkb};
use crate::import::crs::{Crs, wkt};
use crate::import::feature::{Feature, GeometryError};
use crate::import::source::Source;

/// Largest single value.
const VALUE_BYTES: i32 = 256 << 20;
/// Columns read of a layer.
const MOST_COLUMNS: usize = 200;
/// Looking for layers takes no longer, whatever the file does.
const PATIENCE: Duration = Duration::from_secs(10);

fn damaged(error: &impl std::fmt::Display) -> ReadError {
    ReadError::damaged("GeoPackage", error)
}

/// An identifier in quotes.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn connect(source: &Source) -> Result<Connection, ReadError> {
    let path = source.path().ok_or_else(|| damaged(&"it is not on disk"))?;
    let log = path.with_file_name(format!("{}-wal", path.file_name().unwrap_or_default().to_string_lossy()));
    if log.metadata().is_ok_and(|meta| meta.len() > 0) {
        return Err(ReadError::new(
            "still-open",
            "GeoPackage đang được mở trong phần mềm khác; hãy lưu và đóng lớp dữ liệu rồi thử lại",
            "The GeoPackage is still open in other software; save and close the layer, then try again",
        ));
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
    open().map_err(|error| damaged(&error))
}

/// A layer: its table, its geometry column, its system.
struct Layer {
    table: String,
    geometry: String,
    srs: i64,
}

/// Real tables, by name; a view that calls itself one is not.
fn tables(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' LIMIT 10000";
    connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}

fn layers(connection: &Connection) -> Result<Vec<Layer>, ReadError> {
    let tables = tables(connection).map_err(|error| damaged(&error))?;
    if !tables.iter().any(|table| table.eq_ignore_ascii_case("gpkg_geometry_columns")) {
        return Err(ReadError::new(
            "not-a-geopackage",
            "Đây là tệp SQLite nhưng không phải GeoPackage (không có bảng gpkg_geometry_columns)",
            "This is an SQLite file but no GeoPackage (it has no table gpkg_geometry_columns)",
        ));
    }
    let read = || -> rusqlite::Result<Vec<Layer>> {
        let mut statement = connection.prepare("SELECT table_name, column_name, srs_id FROM gpkg_geometry_columns LIMIT 1000")?;
        let layers = statement.query_map([], |row| Ok(Layer { table: row.get(0)?, geometry: row.get(1)?, srs: row.get(2)? }))?;
        layers.collect()
    };
    let known = |layer: &Layer| tables.iter().any(|table| table.eq_ignore_ascii_case(&layer.table));
    Ok(read().map_err(|error| damaged(&error))?.into_iter().filter(known).collect())
}

fn stated(connection: &Connection, srs: i64) -> Stated {
    let sql = "SELECT organization, organization_coordsys_id, definition FROM gpkg_spatial_ref_sys WHERE srs_id = ?1";
    let found = connection.query_row(sql, [srs], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?)));
    match found {
        Ok((organisation, code, _)) if organisation.eq_ignore_ascii_case("epsg") => Stated::of(Crs::code(&code.to_string())),
        Ok((_, code, _)) if code == 0 || code == -1 => Stated::Nothing,
        Ok((_, _, definition)) => Stated::of(wkt::code(&definition)),
        Err(_) => Stated::Nothing,
    }
}

/// Opens a layer.
pub fn open(source: &Source, choice: &Choice) -> Result<Box<dyn Reader>, ReadError> {
    let source = source.on_disk()?;
    let mut connection = connect(&source)?;
    let began = Instant::now();
    connection.progress_handler(10_000, Some(move || began.elapsed() > PATIENCE)).map_err(|error| damaged(&error))?;
    let layers = layers(&connection)?;
    let names: Vec<String> = layers.iter().map(|layer| layer.table.clone()).collect();
    let chosen = match (&choice.layer, names.len()) {
        (_, 0) => return Err(ReadError::new("empty", "GeoPackage không có lớp nào có hình", "The GeoPackage has no layer with geometry")),
        (Some(asked), _) => layers.into_iter().find(|layer| &layer.table == asked),
        (None, 1) => layers.into_iter().next(),
        (None, _) => None,
    };
    let layer = chosen.ok_or_else(|| archive::layers(&names, choice.layer.as_deref()))?;
    let stated = stated(&connection, layer.srs);
    let columns = columns(&connection, &layer).map_err(|error| damaged(&error))?;
    connection.progress_handler(0, None::<fn() -> bool>).map_err(|error| damaged(&error))?;
    let most = choice.limits.points;
    Ok(Piped::boxed(stated, Vec::new(), &choice.limits, move |sink| {
        let _on_disk = source;
        let list: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
        let list = [vec![quoted(&layer.geometry)], list].concat().join(", ");
        // In the order of the rows' ids, which is that of the file.
        let sql = format!("SELECT {list} FROM {} NOT INDEXED", quoted(&layer.table));
        let mut statement = connection.prepare(&sql).map_err(|error| damaged(&error))?;
        let mut rows = statement.query([]).map_err(|error| damaged(&error))?;
        let mut number = 0_u64;
        loop {
            let row = rows.next().map_err(|error| damaged(&format!("#{number}: {error}")))?;
            let Some(row) = row else { return Ok::<(), Stop>(()) };
            let geometry = match row.get_ref(0) {
                Ok(ValueRef::Blob(bytes)) => wkb::read_geopackage(bytes),
                Ok(ValueRef::Null) => Err(GeometryError::Missing),
                _ => Err(GeometryError::Unreadable("the geometry column holds no geometry".into())),
            };
            let geometry = geometry.and_then(|geometry| match geometry.points() {
                points if points > most => Err(GeometryError::Unreadable(format!("it has {points} points, more than {most}"))),
                _ => Ok(geometry),
            });
            let properties: Map<String, Value> =
                columns.iter().enumerate().map(|(i, column)| (column.clone(), row.get_ref(i + 1).map_or(Value::Null, value))).collect();
            sink.push(Feature { properties, geometry, line: None })?;
            number += 1;
        }
    }))
}

/// Names of the attribute columns: neither generated nor the geometry.
fn columns(connection: &Connection, layer: &Layer) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("SELECT name FROM pragma_table_xinfo(?1) WHERE hidden = 0 LIMIT 1000")?;
    let names = statement.query_map([&layer.table], |row| row.get::<_, String>(0))?;
    let names: Vec<String> = names.collect::<rusqlite::Result<_>>()?;
    if !names.iter().any(|name| name.eq_ignore_ascii_case(&layer.geometry)) {
        return Err(rusqlite::Error::InvalidColumnName(layer.geometry.clone()));
    }
    Ok(names.into_iter().filter(|name| !name.eq_ignore_ascii_case(&layer.geometry)).take(MOST_COLUMNS).collect())
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null | ValueRef::Blob(_) => Value::Null,
        ValueRef::Integer(number) => Value::from(number),
        ValueRef::Real(number) => Value::from(number),
        ValueRef::Text(text) => Value::from(String::from_utf8_lossy(text).into_owned()),
    }
}
