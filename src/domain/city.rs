//! The city as configuration that is recorded in the log.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::unit::{UnitId, Units};
use super::{Context, Refusal};
use crate::domain::feature_set::FeatureSet;
use crate::geometry::Bbox;
use crate::geometry::contains;
use crate::words::sentence::{Names, ToWord, Word};

/// An emergency number and what it is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EmergencyNumber {
    /// Digits to dial, `115`.
    pub number: String,
    /// Vietnamese label.
    pub label_vi: String,
    /// English label.
    pub label_en: String,
}

/// A place that people know by its name: a market, a bridge, a square.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Landmark {
    /// Vietnamese name.
    pub name_vi: String,
    /// English name.
    pub name_en: String,
    /// Longitude in degrees WGS 84.
    pub lon: f64,
    /// Latitude in degrees WGS 84.
    pub lat: f64,
}

/// Columns of planners' tables that hold what a plan needs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Columns {
    /// Land-use codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub land_use: Option<String>,
    /// Names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What an authority's last file was like, as the planner said. Its next file is read so where it says nothing else.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AsBefore {
    /// Columns.
    #[serde(flatten)]
    pub columns: Columns,
    /// EPSG code of the coordinate system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crs: Option<u32>,
    /// Name of the layer or sheet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<String>,
}

/// Everything that makes one city's board different from another's.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct City {
    /// Short stable name, `yen-bai`.
    pub id: String,
    /// Vietnamese name.
    pub name_vi: String,
    /// English name.
    pub name_en: String,
    /// Box around the city with margin: west, south, east, north in degrees WGS 84.
    pub bbox: Bbox,
    /// EPSG code of the VN-2000 zone its decisions use, e.g. 9208.
    pub default_crs: u32,
    /// More VN-2000 zones that map clients can ask for, EPSG codes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub zones: Vec<u32>,
    /// IANA name of the time zone, `Asia/Ho_Chi_Minh`.
    pub time_zone: String,
    /// Address that printed codes lead to, without a trailing slash.
    pub public_url: String,
    /// Who to ask; shown on every page.
    pub contact_vi: String,
    /// The same in English.
    pub contact_en: String,
    /// The number to call; shown on pages and prints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Terms for the published data.
    pub licence: String,
    /// Emergency numbers, most important first.
    #[serde(default)]
    pub emergency: Vec<EmergencyNumber>,
    /// Places that people know by their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub landmarks: Vec<Landmark>,
    /// All generations of its administrative units.
    #[serde(default)]
    pub units: Units,
    /// Hamlets and residential groups of each unit (thôn, tổ dân phố), by the unit.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hamlets: BTreeMap<UnitId, Vec<String>>,
    /// True when the table of units came by `bangtin import units`, not with the configuration.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub units_imported: bool,
    /// Boundaries of units: areas, each with the property `unit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boundaries: Option<FeatureSet>,
    /// What authorities' files were like, by the authority's folded name. Form 1 had columns only, and gave it its name.
    #[serde(default, rename = "columns", skip_serializing_if = "BTreeMap::is_empty")]
    pub as_before: BTreeMap<String, AsBefore>,
}

impl City {
    /// The city's name for a sentence.
    pub fn name(&self) -> Word {
        Names(&self.name_vi, &self.name_en).to_word()
    }

    /// Takes over what the store learned beyond its configuration file: boundaries, what files were like, and imported
    /// units.
    pub fn learn_from(&mut self, recorded: &Self) {
        self.boundaries.clone_from(&recorded.boundaries);
        self.as_before.clone_from(&recorded.as_before);
        if self.hamlets.is_empty() {
            self.hamlets.clone_from(&recorded.hamlets);
        }
        if recorded.units_imported {
            self.units.clone_from(&recorded.units);
            self.units_imported = true;
        }
    }

    /// The time zone; UTC+7 where its name is unknown.
    pub fn zone(&self) -> TimeZone {
        TimeZone::get(&self.time_zone).unwrap_or_else(|_| TimeZone::fixed(jiff::tz::Offset::constant(7)))
    }

    /// Refuses a city that could not work.
    pub fn check(&self) -> Result<(), Refusal> {
        let [west, south, east, north] = self.bbox;
        if !(west < east && south < north && west >= -180.0 && east <= 180.0 && south >= -90.0 && north <= 90.0) {
            return Err(Refusal::invalid("city-box", sentence!("city-box")));
        }
        if TimeZone::get(&self.time_zone).is_err() {
            return Err(Refusal::invalid("time-zone", sentence!("time-zone", time_zone = self.time_zone)));
        }
        if let Some(place) = self.landmarks.iter().find(|place| !contains(&self.bbox, place.lon, place.lat)) {
            return Err(Refusal::invalid("landmark-outside", sentence!("landmark-outside", place = Names(&place.name_vi, &place.name_en))));
        }
        if let Some(phone) = self.phone.as_ref().filter(|phone| !super::phone::is_phone(phone)) {
            return Err(Refusal::invalid("phone", sentence!("phone", phone)));
        }
        let url = &self.public_url;
        if !is_public_url(url) {
            return Err(Refusal::invalid("public-url", sentence!("public-url", url)));
        }
        Ok(())
    }
}

/// True for an address that printed codes can lead to: scheme, host, perhaps a port, and nothing else. Pages link from the
/// root of their host, so there is no path.
fn is_public_url(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")) else { return false };
    let (host, port) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => (if address.parse::<core::net::Ipv6Addr>().is_ok() { "v6" } else { "" }, port.strip_prefix(':')),
        None => rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port))),
    };
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    // RFC 1035 §2.3.4.
    let is_short = host.len() <= 253 && host.split('.').all(|label| label.len() <= 63);
    is_short && host.split('.').all(is_label) && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

/// What happened to the configuration; both carry the whole of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CityRecorded {
    /// The configuration from now on.
    pub city: Box<City>,
}

/// Events of the city.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum CityEvent {
    /// The configuration was recorded at the first start.
    Recorded(CityRecorded),
    /// The configuration was changed, by `bangtin city set` or by an import.
    Changed(CityRecorded),
}

impl CityEvent {
    /// The configuration as it is from then on.
    pub fn city(&self) -> &City {
        let (Self::Recorded(recorded) | Self::Changed(recorded)) = self;
        &recorded.city
    }
}

/// Commands to the city.
#[derive(Debug, Clone, PartialEq)]
pub enum CityCommand {
    /// Record the configuration of a new store.
    Record(City),
    /// Replace the configuration.
    Set(City),
}

/// The city's configuration as events left it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct CityState {
    /// None before the first start.
    pub city: Option<City>,
}

impl CityState {
    /// Decides a command.
    pub fn decide(&self, command: CityCommand, _: &Context) -> Result<Vec<CityEvent>, Refusal> {
        match (command, &self.city) {
            (CityCommand::Record(city), None) => {
                city.check()?;
                Ok(vec![CityEvent::Recorded(CityRecorded { city: Box::new(city) })])
            }
            (CityCommand::Record(city), Some(known)) if known.id == city.id => Ok(Vec::new()),
            (CityCommand::Record(city), Some(known)) => {
                Err(Refusal::conflict("another-city", sentence!("another-city", known = known.name(), city = city.name())))
            }
            (CityCommand::Set(city), Some(known)) => {
                city.check()?;
                if city == *known {
                    return Ok(Vec::new());
                }
                Ok(vec![CityEvent::Changed(CityRecorded { city: Box::new(city) })])
            }
            (CityCommand::Set(_), None) => Err(Refusal::conflict("no-city", sentence!("no-city"))),
        }
    }

    /// Applies an event.
    pub fn apply(&mut self, event: &CityEvent) {
        self.city = Some(event.city().clone());
    }
}

#[cfg(test)]
mod tests {
    use super::is_public_url;

    #[test]
    fn codes_lead_to_addresses_that_every_phone_can_open() {
        for url in [
            "https://bangtin.yenbai.gov.vn",
            "http://127.0.0.1:8080",
            "http://localhost",
            "http://[2001:db8::1]:8080",
            "https://xn--bngtin-6ta.vn",
        ] {
            assert!(is_public_url(url), "{url}");
        }
        for url in [
            "https://",
            "bangtin.vn",
            "ftp://a.vn",
            "https://a.vn/",
            "https://a.vn?x",
            "https://a.vn#x",
            "https://a.vn:99999",
            "https://a.vn:0",
            "https://user@a.vn",
            "https://a..vn",
            "https://-a.vn",
            "https://a b.vn",
            "https://bảngtin.vn",
            "https://example.vn/bang-tin",
            "https://a.vn/x?y",
            "http://[::g]",
            "https://a.vn/../b",
            "https://a.vn/./b",
            &format!("https://{}.vn", "a".repeat(64)),
            &format!("https://{}vn", "abcdefgh.".repeat(28)),
        ] {
            assert!(!is_public_url(url), "{url}");
        }
    }
}
