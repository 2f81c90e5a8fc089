//! Imports administrative units from a table, or from a map file with their boundaries.

use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::columns::plain;
use super::feature::Feature;
use super::points;
use super::report::{Finding, Report, Severity};
use super::source::Source;
use super::zones::Options;
use crate::domain::unit::{Unit, UnitId, Units};
use crate::features::canonical;
use crate::features::canonical::CanonicalSet;
use crate::geometry::contains;
use crate::geometry::coverage::Boundary;
use crate::geometry::rings::Vertex;
use crate::geometry::rings::VertexRing;
use crate::geometry::rings::mend;
use crate::geometry::rings::polygon;
use crate::geometry::simple::{Geometry, Position};
use crate::words::fold::{bare_units, clean};
use crate::words::sentence::Sentence;

/// Columns of a table of units, with the headers that they may have, folded without separators.
const COLUMNS: &[(&str, &[&str])] = &[
    ("code", &["code", "ma", "madonvi", "maxa", "madvhc"]),
    ("name_vi", &["namevi", "ten", "tendonvi", "name", "tenxa"]),
    ("name_en", &["nameen", "tentienganh"]),
    ("kind", &["type", "loai", "cap", "loaidonvi", "kind"]),
    ("valid_from", &["validfrom", "tungay", "ngayhieuluc", "ngaythanhlap"]),
    ("valid_to", &["validto", "denngay", "ngayhethieuluc"]),
    ("successors", &["successors", "kethua", "donvikethua", "sapnhapvao"]),
];

/// Units that were read, with the boundaries the file has.
#[derive(Debug)]
pub struct ImportedUnits {
    /// Findings about the file.
    pub report: Report,
    /// The units; none after an error.
    pub units: Option<Units>,
    /// The units' boundaries, each with the property `unit`.
    pub boundaries: Option<CanonicalSet>,
}

/// A date as `2025-07-01` or `1/7/2025`.
fn date(text: &str) -> Option<Date> {
    let text = text.trim();
    if let Ok(date) = text.parse() {
        return Some(date);
    }
    let mut parts = text.split(['/', '.', '-']).map(|part| part.trim().parse::<i16>());
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(Ok(day)), Some(Ok(month)), Some(Ok(year)), None) => Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok(),
        _ => None,
    }
}

/// Reads a file of units. `from` is the first day of validity of rows that name none.
pub fn import(source: &Source, options: &Options, from: Option<Date>) -> ImportedUnits {
    let mut report = Report::default();
    let mut units = Vec::new();
    let mut writer = canonical::Writer::default();
    if let Some((features, chosen)) = points::features(source, options, points::MOST_ROWS, &mut report) {
        for (number, feature) in features.iter().enumerate() {
            let error = |(check, said): Wrong| Finding::new(Severity::Error, check, said).of(number, feature.line);
            let place = |position: Position| {
                let Position([x, y]) = position;
                let [x, y] = if chosen.swapped { [y, x] } else { [x, y] };
                chosen.crs.to_wgs84(x, y).ok().filter(|[lon, lat]| contains(&options.city, *lon, *lat))
            };
            let shape = match shape(feature, &place) {
                Ok(shape) => shape,
                Err(wrong) => {
                    report.push(error(wrong));
                    continue;
                }
            };
            match unit(feature, &shape, from) {
                Ok(unit) => {
                    if let UnitPlace::Area(parts) = &shape {
                        let mut properties = Map::new();
                        properties.insert("unit".into(), json!(unit.id));
                        match mend(parts.clone(), &|p| p.map(|v| v as f64)) {
                            Ok(mut mended) => {
                                // Areas of units are not measured, so they need no plane coordinates.
                                mended.parts.iter_mut().flatten().flatten().for_each(|vertex| vertex.plane = [0.0; 2]);
                                writer.push(&canonical::polygon_piece(&properties, &mended));
                            }
                            Err(_) => report.push(error(("boundary", sentence!("boundary")))),
                        }
                    }
                    units.push(unit);
                }
                Err(wrong) => report.push(error(wrong)),
            }
        }
    }
    report.sort();
    let clean = report.is_clean();
    ImportedUnits { report, units: clean.then_some(Units(units)), boundaries: writer.finish().filter(|_| clean) }
}

enum UnitPlace {
    Point([f64; 2]),
    Area(Vec<Vec<VertexRing>>),
}

/// What is wrong: the check's name, and a sentence.
type Wrong = (&'static str, Sentence);

fn outside() -> Wrong {
    ("outside-city", sentence!("outside-city-units"))
}

/// Reads a day of a column. Errors: the text is no day.
fn day(column: &str, text: &str) -> Result<Date, Wrong> {
    date(text).ok_or_else(|| ("date", sentence!("date", column, text)))
}

fn shape(feature: &Feature, place: &dyn Fn(Position) -> Option<[f64; 2]>) -> Result<UnitPlace, Wrong> {
    let parts = match &feature.geometry {
        Ok(Geometry::Point(position)) => return place(*position).map(UnitPlace::Point).ok_or_else(outside),
        Ok(Geometry::Polygon(rings)) => std::slice::from_ref(rings),
        Ok(Geometry::MultiPolygon(parts)) => parts.as_slice(),
        Ok(Geometry::LineString(_) | Geometry::MultiLineString(_)) => {
            return Err(("not-an-area", sentence!("not-an-area")));
        }
        Err(_) => return Err(("no-geometry", sentence!("no-geometry"))),
    };
    let ring = |ring: &Vec<Position>| -> Option<VertexRing> {
        let open = if ring.len() > 1 && ring.first() == ring.last() { &ring[..ring.len() - 1] } else { ring };
        open.iter()
            .map(|position| {
                let lonlat = place(*position)?.map(canonical::round);
                Some(Vertex { lonlat, plane: lonlat.map(|v| v as f64) })
            })
            .collect()
    };
    let parts: Option<Vec<Vec<VertexRing>>> = parts.iter().map(|rings| rings.iter().map(ring).collect()).collect();
    parts.map(UnitPlace::Area).ok_or_else(outside)
}

fn unit(feature: &Feature, shape: &UnitPlace, from: Option<Date>) -> Result<Unit, Wrong> {
    let field = |name: &str| -> Option<String> {
        let names = COLUMNS.iter().find(|(field, _)| *field == name)?.1;
        let (_, value) = feature.properties.iter().find(|(key, _)| names.contains(&plain(key).as_str()))?;
        let text = match value {
            Value::String(text) => clean(text),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        (!text.is_empty()).then_some(text)
    };
    let code = field("code").ok_or_else(|| ("no-code", sentence!("no-code-units")))?;
    let name_vi = field("name_vi").ok_or_else(|| ("no-name", sentence!("no-name")))?;
    let valid_from = match (field("valid_from"), from) {
        (Some(text), _) => day("Từ ngày", &text)?,
        (None, Some(from)) => from,
        (None, None) => {
            return Err(("no-date", sentence!("no-date")));
        }
    };
    let valid_to = field("valid_to").map(|text| day("Đến ngày", &text));
    // Spreadsheets drop leading zeros.
    let code = if code.chars().all(|c| c.is_ascii_digit()) { format!("{code:0>5}") } else { code };
    let id = format!("{code}-{}", valid_from.year()).parse::<UnitId>();
    let id = id.map_err(|_| ("code", sentence!("code")))?;
    let successors = field("successors").unwrap_or_default();
    let successors =
        bare_units(&successors).split([' ', ',', ';']).filter(|id| !id.is_empty()).map(str::parse).collect::<Result<Vec<UnitId>, _>>();
    let label = match shape {
        UnitPlace::Point(at) => *at,
        UnitPlace::Area(parts) => {
            use geo::InteriorPoint;
            let point = parts.first().and_then(|rings| polygon(rings, |vertex| vertex.lonlat.map(|v| v as f64)).interior_point());
            point.map_or([0.0; 2], |p| [p.x() / 1e7, p.y() / 1e7])
        }
    };
    Ok(Unit {
        id,
        name_en: field("name_en").unwrap_or_else(|| name_vi.clone()),
        kind: field("kind").unwrap_or_else(|| String::from("xã")),
        name_vi,
        valid_from,
        valid_to: valid_to.transpose()?,
        successors: successors.map_err(|_| ("successors", sentence!("successors")))?,
        label: crate::geometry::Position { lon: label[0], lat: label[1] },
    })
}

/// The joint boundary of the `wanted` units, from a canonical set of boundaries.
pub fn boundary(canonical: &[u8], wanted: &[UnitId]) -> Option<Boundary> {
    let set: Value = serde_json::from_slice(canonical).ok()?;
    let mut parts: Vec<Vec<VertexRing>> = Vec::new();
    for feature in set.get("features")?.as_array()? {
        let unit = feature.pointer("/properties/unit").and_then(Value::as_str).unwrap_or_default();
        if !wanted.iter().any(|id| id.as_str() == unit) {
            continue;
        }
        let geometry: Geometry = serde_json::from_value(feature.get("geometry")?.clone()).ok()?;
        let ring = |ring: &Vec<Position>| -> VertexRing {
            let open = ring.get(..ring.len().saturating_sub(1)).unwrap_or_default();
            open.iter().map(|Position(p)| Vertex { lonlat: p.map(canonical::round), plane: [0.0; 2] }).collect()
        };
        match geometry {
            Geometry::Polygon(rings) => parts.push(rings.iter().map(ring).collect()),
            Geometry::MultiPolygon(list) => parts.extend(list.iter().map(|rings| rings.iter().map(ring).collect())),
            Geometry::Point(_) | Geometry::LineString(_) | Geometry::MultiLineString(_) => {}
        }
    }
    Boundary::new(&parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CITY: [f64; 4] = [104.815, 21.646, 104.961, 21.798];

    #[test]
    fn a_vietnamese_table_and_a_map_file_are_read() {
        let csv = "Mã;Tên;Loại;Từ ngày;Kinh độ;Vĩ độ\n4252;Phường Yên Bái;phường;1/7/2025;104,88;21,7\n";
        let imported = import(&Source::memory("u.csv", csv), &Options::new(CITY, 9208), None);
        let units = imported.units.expect("clean");
        assert_eq!(units.0[0].id.as_str(), "04252-2025");
        let geojson = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"code":"04252","name":"Phường Yên Bái","type":"phường"},
"geometry":{"type":"Polygon","coordinates":[[[104.85,21.7],[104.9,21.7],[104.9,21.75],[104.85,21.7]]]}}]}"#;
        let imported = import(&Source::memory("u.geojson", geojson), &Options::new(CITY, 9208), date("1/7/2025"));
        let boundaries = imported.boundaries.expect("clean").chunks.concat();
        assert!(boundary(&boundaries, &["04252-2025".parse().expect("id")]).is_some());
        assert!(boundary(&boundaries, &["04252-2020".parse().expect("id")]).is_none());
    }
}
