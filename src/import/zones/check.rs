//! Checks features one by one, without regard to their neighbours.

use std::collections::VecDeque;

use rayon::prelude::*;
use serde_json::{Map, Value, json};

use super::assemble::{Assembly, Ready, Zone};
use super::held::LotColumns;
use super::lots::{Lot, Text};
use super::measures::{outline, perimeter, plane_area};
use super::words::{Wrong, wrong};
use super::words::{area_words, fault_words, repair_name, repair_words};
use super::{LEFT_OUT, Options, Progress, WITHOUT_AREA};
use crate::domain::city::Columns;
use crate::domain::land_use;
use crate::features::canonical;
use crate::features::canonical::hectares;
use crate::features::canonical::round;
use crate::geometry::contains;
use crate::geometry::coverage;
use crate::geometry::crs::Crs;
use crate::geometry::crs::CrsError;
use crate::geometry::rings::Mended;
use crate::geometry::rings::Repair;
use crate::geometry::rings::Vertex;
use crate::geometry::rings::VertexRing;
use crate::geometry::rings::area_m2;
use crate::geometry::rings::mend;
use crate::geometry::simple::{Geometry, Position, Rings};
use crate::import::cell;
use crate::import::choose_crs::Chosen;
use crate::import::encoding::{CellNote, Texts};
use crate::import::feature::{Feature, GeometryError, Raw};
use crate::import::formats::{ReadError, Reader};
use crate::import::report::{Finding, Severity};
use crate::words::fold::clean;
use crate::words::sentence::{Decimal, Names, Sentence};

/// Features in a batch that is checked together.
const BATCH: usize = 4_096;
/// A zone whose average width is smaller than this, metres, is a sliver.
const SLIVER_METRES: f64 = 0.05;
/// A zone with less area than this, square metres, is a sliver too.
const SLIVER_M2: f64 = 1.0;
/// Largest area outside the unit's boundary that is not reported, square metres.
const OUTSIDE_M2: f64 = 10.0;

/// Checks features one by one, without regard to their neighbours.
pub(super) struct Checker<'a> {
    pub(super) options: &'a Options,
    pub(super) chosen: Chosen,
    pub(super) plane: Crs,
    /// Names of the columns in Unicode, and below as they are in the file.
    pub(super) columns: Columns,
    pub(super) raw: Columns,
    /// The columns of lots; none where the areas are zones.
    pub(super) lots: Option<LotColumns>,
    pub(super) texts: Texts,
}

impl Checker<'_> {
    /// Reads and checks all features, and hands them on in the file's order.
    pub(super) fn all(
        &self,
        reader: &mut dyn Reader,
        ahead: Vec<Feature>,
        assembly: &mut Assembly<'_>,
        progress: Progress<'_>,
    ) -> Result<(), ReadError> {
        let mut ahead: VecDeque<Raw> = ahead.into_iter().map(Raw::Ready).collect();
        let mut number = 0;
        let mut batch = take(reader, &mut ahead)?;
        let mut checked: Vec<Zone> = Vec::new();
        while !batch.is_empty() {
            let first = number;
            number += batch.len();
            let work = || {
                let each = batch.into_par_iter().enumerate();
                each.map(|(i, raw)| self.zone(first + i, &raw.parse().without_lines())).collect::<Vec<Zone>>()
            };
            // While this batch is checked, the next one is cut out of the file, and the one before is put
            // together.
            let beside = || {
                let next = take(reader, &mut ahead);
                std::mem::take(&mut checked).into_iter().for_each(|zone| assembly.add(zone));
                next
            };
            let (zones, next) = rayon::join(work, beside);
            checked = zones;
            progress(number);
            batch = next?;
        }
        checked.into_iter().for_each(|zone| assembly.add(zone));
        Ok(())
    }

    fn zone(&self, number: usize, feature: &Feature) -> Zone {
        let mut zone = Zone::default();
        let finding = |severity, check: &str, said: Sentence| Finding::new(severity, check, said).of(number, feature.line);
        let error = |check: &str, said: Sentence| finding(Severity::Error, check, said);
        let mut notes = Vec::new();
        let code = if self.options.outline { Ok(String::new()) } else { self.code(feature, &mut notes) };
        // Place of the feature: its first point that can be converted. So an error about its code has a place
        // too.
        let at = feature.geometry.as_ref().ok().and_then(Geometry::first).and_then(|first| self.ring(&[first]).ok());
        let at = at.and_then(|ring| Some(ring.first()?.lonlat.map(|v| v as f64 / 1e7)));
        let (code, called) = match code {
            Ok(code) => (Some(code), None),
            // Of an urban plan's areas, nothing is refused but a shape that cannot be used.
            Err(wrong) if self.options.has_lots() => {
                zone.findings.extend(self.lot_words(&wrong).map(|(check, said)| finding(Severity::Warning, check, said).at(at)));
                (Some(String::new()), wrong.text)
            }
            Err(wrong) => {
                zone.findings.push(error(wrong.check, wrong.said).at(at));
                (None, None)
            }
        };
        let shape = self.parts(feature).and_then(|(parts, closed)| self.shape(parts).map(|shape| (shape, closed)));
        let (shape, closed) = match shape {
            Ok(shape) => shape,
            Err((check, said, place)) if WITHOUT_AREA.contains(&check) && self.options.leave_out.contains(&number) => {
                zone.findings = vec![finding(Severity::Repair, LEFT_OUT, sentence!("left-out", why = said)).at(place.or(at))];
                return zone;
            }
            Err((check, said, place)) => {
                zone.findings.push(error(check, said).at(place.or(at)));
                return zone;
            }
        };
        let MendedShape { mended, before_m2 } = shape;
        let after_m2 = area_m2(&mended.parts);
        let mut repairs = mended.repairs.clone();
        if closed {
            repairs.insert(0, Repair::Closed);
        }
        for repair in repairs {
            match repair {
                Repair::RingOrder => zone.counted.push("ring-order"),
                Repair::Rounded => zone.counted.push("rounded-points"),
                _ => zone.findings.push(finding(Severity::Repair, repair_name(repair), repair_words(repair)).at(at)),
            }
        }
        let border_m: f64 = mended.parts.iter().flatten().map(|ring| perimeter(ring)).sum();
        measure(&mut zone, before_m2, after_m2, border_m, &|check, said| finding(Severity::Warning, check, said).at(at));
        let Some(code) = code else { return zone };
        let mut text = |raw: &str, column: &str| {
            let value = feature.properties.get(raw)?;
            let text = cell::text(value);
            if text.is_none() && !value.is_null() {
                let said = sentence!("value-not-text-zones", column);
                zone.findings.push(finding(Severity::Warning, "value-not-text", said).at(at));
            }
            let text = clean(&self.texts.value(column, &text?, &mut notes));
            let is_null = cell::is_null_word(&text);
            zone.counted.extend(is_null.then_some("null-words"));
            let wrong = cell::is_error_word(&text).then(|| sentence!("cell-error-word", header = column, text));
            zone.findings.extend(wrong.iter().map(|said| finding(Severity::Warning, "cell-error", said.clone()).at(at)));
            (!is_null && wrong.is_none() && !text.is_empty()).then_some(text)
        };
        let Said { mut properties, lot, findings } = self.properties(&code, called, after_m2, &mut text);
        zone.findings.extend(findings.into_iter().map(|finding| finding.of(number, feature.line).at(at)));
        zone.findings.extend(notes.iter().map(|note: &CellNote| note.finding().of(number, feature.line).at(at)));
        properties.insert("area_ha".into(), json!(hectares(after_m2)));
        let piece = canonical::polygon_piece(&properties, &mended);
        if let Some(boundary) = &self.options.boundary {
            let outside = boundary.outside(&mended.parts, &piece.bbox, &self.plane);
            if outside > OUTSIDE_M2 {
                let said = sentence!("outside-unit", area = Decimal(outside, 0));
                zone.findings.push(finding(Severity::Warning, "outside-unit", said).at(at).measuring(outside));
            }
        }
        let (border, outline) = (coverage::segments(&mended.parts), outline(&mended));
        zone.ready = Some(Ready { piece, code, lot, area_m2: after_m2, before_m2, border, outline });
        zone
    }

    /// What the cells of a feature of `area_m2` square metres say; `called` is its use in words where it has no code.
    fn properties(&self, code: &str, called: Option<String>, area_m2: f64, text: Text<'_>) -> Said {
        let [raw, columns] = [&self.raw, &self.columns];
        let mut properties = Map::new();
        if !self.options.outline {
            let note = raw.note.as_deref().zip(columns.note.as_deref()).and_then(|(raw, name)| text(raw, name));
            properties.insert("land_use".into(), json!(Some(code).filter(|code| !code.is_empty())));
            properties.insert("note".into(), json!(note));
        }
        let name = raw.name.as_deref().zip(columns.name.as_deref()).and_then(|(raw, name)| text(raw, name));
        properties.insert("name".into(), json!(name.or(called)));
        let Some(lots) = &self.lots else { return Said { properties, lot: None, findings: Vec::new() } };
        let lot = Lot::read(lots, self.options.shares, area_m2, text);
        let number = lot.number.clone();
        let findings = lot.write(&mut properties);
        Said { properties, lot: number, findings }
    }

    /// The code of the feature's land use.
    fn code(&self, feature: &Feature, notes: &mut Vec<CellNote>) -> Result<String, NoCode> {
        let wrong = |check, said, text| NoCode { check, said, text };
        let [raw, column] = [&self.raw, &self.columns].map(|columns| columns.land_use.as_deref().unwrap_or_default());
        let value = feature.properties.get(raw);
        if value.is_some_and(|value| value.is_array() || value.is_object()) {
            return Err(wrong("code-not-text", sentence!("code-not-text", column), None));
        }
        let text = value.and_then(cell::text);
        let text = text.map(|text| clean(&self.texts.value(column, &text, notes))).filter(|text| !text.is_empty());
        let Some(text) = text else {
            return Err(wrong("no-code", sentence!("no-code", column), None));
        };
        let (kind, signed) = (self.options.kind, self.options.signed);
        match land_use::called(&text, kind) {
            Some(entry) if land_use::is_allowed(entry, kind, signed) => Ok(entry.code.clone()),
            Some(entry) => {
                let said = sentence!("code-not-in-force", code = entry.code, name = Names(&entry.name_vi, &entry.name_en), signed);
                Err(wrong("code-not-in-force", said, Some(text)))
            }
            None => {
                let near = land_use::near_miss(&text, kind, signed).map(|near| sentence!("code-near-miss", near));
                Err(wrong("unknown-code", sentence!("unknown-code-zones", text, near), Some(text)))
            }
        }
    }

    /// What is said of a lot without a land-use code. Nothing where the file has no column of them: that was said once.
    fn lot_words(&self, wrong: &NoCode) -> Option<(&'static str, Sentence)> {
        let column = self.columns.land_use.as_deref()?;
        Some(match (wrong.check, &wrong.text) {
            ("no-code", _) => ("lot-without-use", sentence!("lot-without-use", column)),
            ("unknown-code", Some(text)) => {
                let near = land_use::near_miss(text, self.options.kind, self.options.signed).map(|near| sentence!("code-near-miss", near));
                ("lot-in-no-class", sentence!("lot-in-no-class", text, near))
            }
            _ => (wrong.check, wrong.said.clone()),
        })
    }

    /// The feature's parts, with rings that do not repeat their first point, and whether a ring was not closed.
    fn parts<'f>(&self, feature: &'f Feature) -> Result<(OpenParts<'f>, bool), Wrong> {
        let parts: &[Rings] = match &feature.geometry {
            Ok(Geometry::Polygon(rings)) => std::slice::from_ref(rings),
            Ok(Geometry::MultiPolygon(parts)) => parts,
            Ok(_) => return Err(wrong("not-a-polygon", sentence!("not-a-polygon"))),
            Err(GeometryError::Missing) => return Err(wrong("no-geometry", sentence!("no-geometry-zones"))),
            Err(GeometryError::Unreadable(why)) => {
                return Err(("geometry-unreadable", sentence!("geometry-unreadable", why), None));
            }
        };
        let most = self.options.choice.limits.points;
        let points: usize = parts.iter().flatten().map(Vec::len).sum();
        if points > most {
            return Err(("too-many-points", sentence!("too-many-points-zones", points, most), None));
        }
        let mut unclosed = false;
        let mut open = |ring: &'f Vec<Position>| match ring.as_slice() {
            [first, rest @ .., last] if first == last => &ring[..=rest.len()],
            ring => {
                unclosed |= !ring.is_empty();
                ring
            }
        };
        let parts: Vec<Vec<&[Position]>> =
            parts.iter().filter(|rings| !rings.is_empty()).map(|rings| rings.iter().map(&mut open).collect()).collect();
        if parts.is_empty() {
            return Err(wrong("no-geometry", sentence!("geometry-empty")));
        }
        Ok((parts, unclosed))
    }

    /// The shape in published coordinates, repaired.
    fn shape(&self, parts: Vec<Vec<&[Position]>>) -> Result<MendedShape, Wrong> {
        let mut before_m2 = 0.0;
        let mut rings: Vec<Vec<VertexRing>> = Vec::with_capacity(parts.len());
        for part in parts {
            let mut converted: Vec<VertexRing> = Vec::with_capacity(part.len());
            for points in part {
                let ring = self.ring(points).map_err(|error| self.outside(points, &error))?;
                let area = plane_area(&ring).abs();
                before_m2 += if converted.is_empty() { area } else { -area };
                converted.push(ring);
            }
            rings.push(converted);
        }
        let place = |lonlat: [i64; 2]| {
            let [lon, lat] = lonlat.map(|v| v as f64 / 1e7);
            self.plane.from_wgs84(lon, lat).unwrap_or_default()
        };
        let mended = mend(rings, &place).map_err(fault_words)?;
        Ok(MendedShape { mended, before_m2 })
    }

    fn ring(&self, points: &[Position]) -> Result<VertexRing, CrsError> {
        let same = self.chosen.crs.epsg == self.plane.epsg;
        points
            .iter()
            .map(|Position([x, y])| {
                let [x, y] = if self.chosen.swapped { [*y, *x] } else { [*x, *y] };
                let [lon, lat] = self.chosen.crs.to_wgs84(x, y)?;
                if !contains(&self.options.city, lon, lat) {
                    return Err(CrsError::Point(format!("{lon:.4}, {lat:.4}")));
                }
                let plane = if same { [x, y] } else { self.plane.from_wgs84(lon, lat)? };
                Ok(Vertex { lonlat: [round(lon), round(lat)], plane })
            })
            .collect()
    }

    /// The error for a feature outside the city, which says so if its axes are swapped.
    fn outside(&self, points: &[Position], error: &CrsError) -> Wrong {
        let swapped: Vec<Position> = points.iter().map(|Position([x, y])| Position([*y, *x])).collect();
        if self.ring(&swapped).is_ok() {
            return wrong("axes-swapped", sentence!("axes-swapped-zones"));
        }
        let place = match error {
            CrsError::Point(place) => place.clone(),
            other => other.to_string(),
        };
        ("outside-city", sentence!("outside-city-zones", place), None)
    }
}

/// What the cells of a feature say: its properties, its number where it is a lot, and what was found.
struct Said {
    properties: Map<String, Value>,
    lot: Option<String>,
    findings: Vec<Finding>,
}

/// Why a feature has no land-use code: the check and its sentence, and what the cell says.
struct NoCode {
    check: &'static str,
    said: Sentence,
    text: Option<String>,
}

/// Parts whose rings do not repeat their first point, otherwise as the file has them.
pub(super) type OpenParts<'f> = Vec<Vec<&'f [Position]>>;

pub(super) struct MendedShape {
    mended: Mended,
    before_m2: f64,
}

pub(super) fn take(reader: &mut dyn Reader, ahead: &mut VecDeque<Raw>) -> Result<Vec<Raw>, ReadError> {
    let mut batch = Vec::with_capacity(BATCH);
    while batch.len() < BATCH {
        match ahead.pop_front() {
            Some(raw) => batch.push(raw),
            None => match reader.next()? {
                Some(raw) => batch.push(raw),
                None => break,
            },
        }
    }
    Ok(batch)
}

/// Notes an area that changed by more than 1 m² with the repair, and a very small or narrow zone.
fn measure(zone: &mut Zone, before_m2: f64, after_m2: f64, border_m: f64, warn: &dyn Fn(&str, Sentence) -> Finding) {
    let changed = (after_m2 - before_m2).abs();
    if changed > 1.0 {
        zone.findings.push(warn("area-changed", area_words(before_m2, after_m2)).measuring(changed));
    }
    if after_m2 < SLIVER_M2 || 2.0 * after_m2 < SLIVER_METRES * border_m {
        zone.counted.push("slivers");
        zone.findings.push(warn("sliver", sentence!("sliver", area = Decimal(after_m2, 2))));
    }
}
