//! Reads a city's configuration file and its unit table.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::domain::city::{City, EmergencyNumber, Landmark};
use crate::domain::unit::{Unit, UnitId, Units};
use crate::geometry::Bbox;
use crate::geometry::Position;
use crate::geometry::crs::Crs;

/// Why a configuration cannot be used. The first text is the file's name.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{0}: {1}")]
    File(String, std::io::Error),
    /// The file is not as expected.
    #[error("{0}: {1}")]
    Toml(String, toml::de::Error),
    /// The coordinate system for areas is not a VN-2000 zone.
    #[error("{0}: default_crs {1} is not a VN-2000 zone, such as 9208")]
    Plane(String, u32),
    /// A zone for map clients is not a VN-2000 zone.
    #[error("{0}: zones names {1}, which is not a VN-2000 zone such as 5897")]
    Zone(String, u32),
    /// A row of the unit table is not as expected; its number and the reason.
    #[error("unit table, row {0}: {1}")]
    Unit(usize, String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CityFile {
    id: String,
    name_vi: String,
    name_en: String,
    bbox: Bbox,
    default_crs: u32,
    time_zone: String,
    #[serde(default)]
    public_url: Option<String>,
    contact_vi: String,
    contact_en: String,
    #[serde(default)]
    phone: Option<String>,
    licence: String,
    /// EPSG codes of further VN-2000 zones for map clients.
    #[serde(default)]
    zones: Vec<u32>,
    #[serde(default)]
    landmarks: Vec<Landmark>,
    /// Hamlets and residential groups, by the unit's id.
    #[serde(default)]
    hamlets: BTreeMap<UnitId, Vec<String>>,
    #[serde(default)]
    emergency: Vec<EmergencyNumber>,
    /// Name of the unit table, a CSV file beside this one.
    units: String,
}

#[derive(Deserialize)]
struct UnitRow {
    code: String,
    valid_from: jiff::civil::Date,
    #[serde(default, deserialize_with = "optional")]
    valid_to: Option<jiff::civil::Date>,
    name_vi: String,
    name_en: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    successors: String,
    lon: f64,
    lat: f64,
}

fn optional<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<jiff::civil::Date>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(serde::de::Error::custom) }
}

/// Reads a unit table: `code,valid_from,valid_to,name_vi,name_en,type,successors,lon,lat`.
pub fn units(csv: &[u8]) -> Result<Units, ConfigError> {
    let mut units = Vec::new();
    for (index, row) in csv::Reader::from_reader(csv).deserialize::<UnitRow>().enumerate() {
        let wrong = |what: String| ConfigError::Unit(index + 2, what);
        let row = row.map_err(|error| wrong(error.to_string()))?;
        let id: UnitId = format!("{}-{}", row.code, row.valid_from.year()).parse().map_err(wrong)?;
        let successors = row.successors.split_whitespace().map(str::parse).collect::<Result<_, String>>();
        units.push(Unit {
            id,
            name_vi: row.name_vi,
            name_en: row.name_en,
            kind: row.kind,
            valid_from: row.valid_from,
            valid_to: row.valid_to,
            successors: successors.map_err(wrong)?,
            label: Position { lon: row.lon, lat: row.lat },
        });
    }
    Ok(Units(units))
}

/// Reads a city from its TOML text; `file` reads the unit table that it names.
pub fn city(name: &str, text: &str, file: impl Fn(&str) -> std::io::Result<Vec<u8>>) -> Result<City, ConfigError> {
    let read: CityFile = toml::from_str(text).map_err(|error| ConfigError::Toml(name.to_owned(), error))?;
    let measures = Crs::new(read.default_crs).is_ok_and(|crs| !crs.is_geographic());
    if !measures {
        return Err(ConfigError::Plane(name.to_owned(), read.default_crs));
    }
    if let Some(zone) = read.zones.iter().find(|zone| !Crs::new(**zone).is_ok_and(|crs| !crs.is_geographic())) {
        return Err(ConfigError::Zone(name.to_owned(), *zone));
    }
    let table = file(&read.units).map_err(|error| ConfigError::File(read.units.clone(), error))?;
    Ok(City {
        id: read.id,
        name_vi: read.name_vi,
        name_en: read.name_en,
        bbox: read.bbox,
        default_crs: read.default_crs,
        time_zone: read.time_zone,
        public_url: read.public_url.unwrap_or_else(|| String::from("http://127.0.0.1:8080")),
        contact_vi: read.contact_vi,
        contact_en: read.contact_en,
        phone: read.phone,
        zones: read.zones,
        landmarks: read.landmarks,
        hamlets: read.hamlets,
        licence: read.licence,
        emergency: read.emergency,
        units: units(&table)?,
        ..City::default()
    })
}

/// Reads a city from a TOML file; the unit table lies beside it.
pub fn city_file(path: &Path) -> Result<City, ConfigError> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| ConfigError::File(name.clone(), error))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    city(&name, &text, |file| std::fs::read(folder.join(file)))
}
