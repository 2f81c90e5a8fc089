//! Reads Shapefiles (ESRI white paper, July 1998): zipped, or with their files side by side.

use super::dbf::{Row, Table};
use super::records::{Broken, Index, Records};
use super::{Left, Limits, Piped, ReadError, Reader, Stated, Stop, Tally};
use crate::import::feature::Feature;
use crate::import::report::Note;
use crate::import::report::Severity;
use crate::import::source::Source;

/// The files of one Shapefile.
pub struct Parts {
    /// The shapes.
    pub shp: Source,
    /// The attribute table.
    pub dbf: Option<Source>,
    /// The index, which says which record belongs to which row.
    pub shx: Option<Source>,
    /// The coordinate system.
    pub prj: Option<Source>,
}

/// Opens a `.shp` file with the files that lie beside it.
pub(super) fn open_beside(source: &Source, limits: &Limits) -> Result<Box<dyn Reader>, ReadError> {
    let [dbf, shx, prj] = ["dbf", "shx", "prj"].map(|extension| source.sibling(extension));
    open(&Parts { shp: source.clone(), dbf, shx, prj }, limits, Tally::default())
}

fn broken(broken: Broken, count: u64) -> ReadError {
    match broken {
        Broken::Io(error) => error.into(),
        Broken::Damaged(what) => ReadError::damaged(sentence!("place-shp", count), what.into()),
    }
}

fn count_differs(rows: u32, shapes: u64) -> ReadError {
    ReadError::new("count-differs", sentence!("count-differs", rows, shapes))
}

fn index_needed(shapes: &str, rows: u32) -> ReadError {
    ReadError::new("shx-needed", sentence!("shx-needed", shapes, rows))
}

/// Opens a Shapefile. The `.shx` says which record belongs to which row. Without it, the order of the `.shp`
/// counts if there are as many shapes as rows.
pub fn open(parts: &Parts, limits: &Limits, tally: Tally) -> Result<Box<dyn Reader>, ReadError> {
    let Some(dbf) = &parts.dbf else {
        return Err(ReadError::new("no-dbf", sentence!("no-dbf")));
    };
    let small = |source: &Option<Source>| source.as_ref().and_then(|source| source.read(1 << 16).ok());
    let mut notes = Vec::new();
    let stated = small(&parts.prj).map_or(Stated::Nothing, |bytes| Stated::of_wkt(&String::from_utf8_lossy(&bytes), &mut notes));
    let mut table = Table::open(dbf, tally.clone())?;
    let length = parts.shp.bytes;
    let index = parts.shx.as_ref().map(|shx| Index::read(shx, length));
    if let Some(Some(index)) = &index
        && index.len() != table.rows as usize
    {
        return Err(count_differs(table.rows, index.len() as u64));
    }
    if let Some(None) = &index {
        tally.add(Left::Index);
    }
    if let Some(Some(index)) = &index
        && !index.is_whole(length)
    {
        tally.add(Left::Unlisted);
    }
    let has_index = matches!(index, Some(Some(_)));
    let (mut records, declared) = Records::open(&parts.shp, index.flatten()).map_err(|error| broken(error, 0))?;
    if declared > length {
        return Err(ReadError::new("truncated", sentence!("truncated-shapefile", declared, length)));
    }
    let most = limits.points;
    if parts.prj.is_none() {
        notes.push(Note { severity: Severity::Warning, check: "no-prj", said: sentence!("no-prj") });
    }
    let rows = table.rows;
    Ok(Piped::boxed(stated, notes, tally.clone(), limits, move |sink| {
        let mut count = 0_u64;
        loop {
            let geometry = match records.next(most) {
                Ok(Some(geometry)) => geometry,
                Ok(None) => break,
                // Only an index can tell padding between records from damage.
                Err(Broken::Damaged(_)) if !has_index && count > 0 => return Err(Stop::Error(index_needed(&format!("> {count}"), rows))),
                Err(error) => return Err(Stop::Error(broken(error, count))),
            };
            if count == u64::from(rows) {
                let mut shapes = count + 1;
                while let Ok(Some(_)) = records.next(most) {
                    shapes += 1;
                }
                return Err(Stop::Error(index_needed(&shapes.to_string(), rows)));
            }
            match table.next()? {
                Some(Row::Values(properties)) => sink.push(Feature { properties, geometry, line: None })?,
                Some(Row::Deleted) => tally.add(Left::DeletedRows),
                None => return Err(Stop::Error(index_needed(&(count + 1).to_string(), rows))),
            }
            count += 1;
        }
        if !has_index && !records.in_order {
            return Err(Stop::Error(ReadError::new("shx-needed", sentence!("shx-needed-shapefile"))));
        }
        if count < u64::from(rows) {
            return Err(Stop::Error(count_differs(rows, count)));
        }
        Ok(())
    }))
}
