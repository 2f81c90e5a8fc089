//! Reads FlatGeobuf (version 3) through the format's own crate. Memory is taken only for sizes that the rest of
//! the file can hold.

use std::io::{Read, SeekFrom};

use flatgeobuf::{ColumnType, FgbReader, GeometryType, Header, size_prefixed_root_as_feature};
use serde_json::{Map, Value};

use super::{Damage, Left, Limits, Piped, ReadError, Reader, Stated, Tally, by_library};
use crate::geometry::crs::Crs;
use crate::geometry::simple::{Geometry, Position, Rings};
use crate::import::encoding::keep;
use crate::import::feature::{Feature, GeometryError, of_lines, of_parts};
use crate::import::report::Note;
use crate::import::source::ReadSeek;

fn damaged(what: impl Into<Damage>) -> ReadError {
    ReadError::damaged(sentence!("place-flatgeobuf"), what.into())
}

fn stated(header: &Header<'_>, notes: &mut Vec<Note>) -> Stated {
    let Some(crs) = header.crs() else { return Stated::Nothing };
    match (crs.code(), crs.wkt()) {
        (code, _) if code > 0 => Stated::of(Crs::code(&code.to_string())),
        (_, Some(definition)) => Stated::of_wkt(definition, notes),
        _ => Stated::Nothing,
    }
}

/// Size of the index before the features, bytes.
fn index_bytes(header: &Header<'_>) -> Option<u64> {
    let (count, node) = (header.features_count(), u64::from(header.index_node_size()));
    if count == 0 || node == 0 {
        return Some(0);
    }
    if node < 2 {
        return None;
    }
    let (mut level, mut nodes) = (count, count);
    while level > 1 {
        level = level.div_ceil(node);
        nodes = nodes.checked_add(level)?;
    }
    // A tree of a single item still has a separate root.
    if count == 1 {
        nodes += 1;
    }
    nodes.checked_mul(40)
}

/// Opens a file.
pub fn open(mut input: Box<dyn ReadSeek>, limits: &Limits) -> Result<Box<dyn Reader>, ReadError> {
    let length = input.seek(SeekFrom::End(0))?;
    input.rewind()?;
    let opened = FgbReader::open(&mut input).map_err(|error| damaged(by_library(error)))?;
    let header = opened.header();
    let mut notes = Vec::new();
    let (stated, whole, index) = (stated(&header, &mut notes), header.geometry_type(), index_bytes(&header));
    let declared = header.features_count();
    let columns: Vec<(String, ColumnType)> =
        header.columns().map(|list| list.iter().map(|column| (column.name().to_owned(), column.type_())).collect()).unwrap_or_default();
    drop(opened);
    let here = input.stream_position()?;
    let features = index.and_then(|index| here.checked_add(index)).filter(|start| *start <= length);
    let start = features.ok_or_else(|| damaged(sentence!("damage-features-bytes", declared, length)))?;
    input.seek(SeekFrom::Start(start))?;
    let most = limits.points;
    let tally = Tally::default();
    Ok(Piped::boxed(stated, notes, tally.clone(), limits, move |sink| {
        let (mut at, mut number, mut buffer) = (start, 0_u64, Vec::new());
        while at < length {
            let mut size = [0; 4];
            input.read_exact(&mut size).map_err(|_| damaged(sentence!("damage-at-feature", number)))?;
            let bytes = u64::from(u32::from_le_bytes(size));
            at += 4 + bytes;
            if at > length {
                return Err(damaged(sentence!("damage-at-feature", number)).into());
            }
            buffer.clear();
            buffer.extend_from_slice(&size);
            (&mut input).take(bytes).read_to_end(&mut buffer)?;
            let feature =
                size_prefixed_root_as_feature(&buffer).map_err(|error| damaged(by_library(format!("feature #{number}: {error}"))))?;
            let own = feature.columns().map(|list| list.iter().map(|c| (c.name().to_owned(), c.type_())).collect::<Vec<_>>());
            let properties =
                properties(feature.properties().map(|p| p.bytes()).unwrap_or_default(), own.as_ref().unwrap_or(&columns), &tally);
            let geometry = feature.geometry().map_or(Err(GeometryError::Missing), |geometry| read_geometry(&geometry, whole, most));
            sink.push(Feature { properties, geometry, line: None })?;
            number += 1;
        }
        if declared != 0 && declared != number {
            return Err(damaged(sentence!("damage-features-count", declared, number)).into());
        }
        Ok(())
    }))
}

fn read_geometry(geometry: &flatgeobuf::Geometry<'_>, whole: GeometryType, most: usize) -> Result<Geometry, GeometryError> {
    let kind = if geometry.type_() == GeometryType::Unknown { whole } else { geometry.type_() };
    let rings = |geometry: &flatgeobuf::Geometry<'_>| -> Result<Rings, GeometryError> {
        let Some(xy) = geometry.xy() else { return Err(GeometryError::Missing) };
        let count = xy.len() / 2;
        if count > most {
            return Err(GeometryError::too_many_points(count, most));
        }
        let positions: Vec<Position> = (0..count).map(|i| Position([xy.get(2 * i), xy.get(2 * i + 1)])).collect();
        let ends = geometry.ends().map_or_else(|| vec![count], |ends| ends.iter().map(|end| end as usize).collect());
        let mut start = 0;
        ends.into_iter()
            .map(|end| {
                let ring = positions.get(start..end).ok_or_else(|| GeometryError::unreadable(sentence!("rings-ends-lie")))?.to_vec();
                start = end;
                Ok(ring)
            })
            .collect()
    };
    match kind {
        GeometryType::Point => {
            let xy = geometry.xy().filter(|xy| xy.len() >= 2).ok_or(GeometryError::Missing)?;
            Ok(Geometry::Point(Position([xy.get(0), xy.get(1)])))
        }
        GeometryType::LineString | GeometryType::MultiLineString => of_lines(rings(geometry)?),
        GeometryType::Polygon => Ok(Geometry::Polygon(rings(geometry)?)),
        GeometryType::MultiPolygon => {
            let parts = geometry.parts().map(|parts| parts.iter().map(|part| rings(&part)).collect::<Result<Vec<_>, _>>());
            of_parts(parts.unwrap_or_else(|| rings(geometry).map(|rings| vec![rings]))?)
        }
        other => Err(GeometryError::other_kind(format!("{other:?}"))),
    }
}

/// Reads attributes: a column's number, then its value. Damage ends them.
fn properties(mut bytes: &[u8], columns: &[(String, ColumnType)], tally: &Tally) -> Map<String, Value> {
    fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
        let (head, rest) = bytes.split_first_chunk::<N>()?;
        *bytes = rest;
        Some(*head)
    }
    let mut found: Map<String, Value> = columns.iter().map(|(name, _)| (name.clone(), Value::Null)).collect();
    let next = |bytes: &mut &[u8]| -> Option<(usize, Value)> {
        let column = usize::from(u16::from_le_bytes(take(bytes)?));
        let (name, kind) = columns.get(column)?;
        let value = match *kind {
            ColumnType::Byte => Value::from(i8::from_le_bytes(take(bytes)?)),
            ColumnType::UByte => Value::from(u8::from_le_bytes(take(bytes)?)),
            ColumnType::Bool => Value::from(take::<1>(bytes)?[0] != 0),
            ColumnType::Short => Value::from(i16::from_le_bytes(take(bytes)?)),
            ColumnType::UShort => Value::from(u16::from_le_bytes(take(bytes)?)),
            ColumnType::Int => Value::from(i32::from_le_bytes(take(bytes)?)),
            ColumnType::UInt => Value::from(u32::from_le_bytes(take(bytes)?)),
            ColumnType::Long => Value::from(i64::from_le_bytes(take(bytes)?)),
            ColumnType::ULong => Value::from(u64::from_le_bytes(take(bytes)?)),
            ColumnType::Float => Value::from(f32::from_le_bytes(take(bytes)?)),
            ColumnType::Double => Value::from(f64::from_le_bytes(take(bytes)?)),
            kind => {
                let length = u32::from_le_bytes(take(bytes)?) as usize;
                let (text, rest) = bytes.split_at_checked(length)?;
                *bytes = rest;
                if kind == ColumnType::Binary {
                    tally.add(Left::Binary(name.clone()));
                    Value::Null
                } else {
                    Value::from(keep(text))
                }
            }
        };
        Some((column, value))
    };
    while !bytes.is_empty() {
        let Some((column, value)) = next(&mut bytes) else {
            tally.add(Left::AttributesCut);
            break;
        };
        if let Some((name, _)) = columns.get(column) {
            found.insert(name.clone(), value);
        }
    }
    found
}
