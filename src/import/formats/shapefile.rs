//! Reads Shapefiles (ESRI white paper, July 1998): zipped, or with their files side by side.

use shapefile::{Shape, ShapeReader};

use super::dbf::Table;
use super::{Limits, Note, Piped, ReadError, Reader, Stated, Stop, nest};
use crate::import::crs::wkt;
use crate::import::feature::{Feature, Geometry, GeometryError, Position};
use crate::import::report::Severity;
use crate::import::source::Source;

/// The files of one Shapefile.
pub struct Parts {
    /// Shapes.
    pub shp: Source,
    /// Attributes.
    pub dbf: Option<Source>,
    /// Coordinate system.
    pub prj: Option<Source>,
    /// Encoding of the attributes.
    pub cpg: Option<Source>,
}

/// Opens a `.shp` file with those that lie beside it.
pub(super) fn open_beside(source: &Source, limits: &Limits) -> Result<Box<dyn Reader>, ReadError> {
    let [dbf, prj, cpg] = ["dbf", "prj", "cpg"].map(|extension| source.sibling(extension));
    open(&Parts { shp: source.clone(), dbf, prj, cpg }, limits)
}

/// Opens a Shapefile.
pub fn open(parts: &Parts, limits: &Limits) -> Result<Box<dyn Reader>, ReadError> {
    let Some(dbf) = &parts.dbf else {
        return Err(ReadError::new(
            "no-dbf",
            "Shapefile thiếu tệp .dbf (bảng thuộc tính); hãy nén cả .shp, .shx, .dbf, .prj vào một tệp zip",
            "The Shapefile lacks its .dbf file (the attributes); zip .shp, .shx, .dbf and .prj together",
        ));
    };
    let small = |source: &Option<Source>| source.as_ref().and_then(|source| source.read(1 << 16).ok());
    let text = |source: &Option<Source>| small(source).map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
    let stated = text(&parts.prj).map_or(Stated::Nothing, |prj| Stated::of(wkt::code(&prj)));
    let mut table = Table::open(dbf, text(&parts.cpg).as_deref())?;
    let length = parts.shp.bytes;
    let damaged = |error: shapefile::Error| ReadError::damaged("Tệp .shp (the .shp file)", error);
    let mut shapes = ShapeReader::new(parts.shp.open()?).map_err(damaged)?;
    let declared = u64::try_from(shapes.header().file_length).unwrap_or(0) * 2;
    if declared > length {
        return Err(ReadError::new(
            "truncated",
            format!("Tệp .shp ghi {declared} byte nhưng chỉ có {length}; tệp bị cắt, hãy chép hoặc xuất lại"),
            format!("The .shp file says {declared} bytes but has {length}; it is cut short: copy or export it again"),
        ));
    }
    let most = limits.points;
    let notes = if parts.prj.is_none() {
        vec![Note {
            severity: Severity::Warning,
            check: "no-prj",
            vi: "Shapefile không có tệp .prj: không ghi hệ tọa độ".into(),
            en: "The Shapefile has no .prj file: it names no coordinate system".into(),
        }]
    } else {
        Vec::new()
    };
    Ok(Piped::boxed(stated, notes, limits, move |sink| {
        let mut count = 0_u64;
        for shape in shapes.iter_shapes() {
            let shape = shape
                .map_err(|error| ReadError::damaged(&format!("Tệp .shp, đối tượng #{count} (the .shp file, feature #{count})"), error))?;
            let Some(properties) = table.next()? else {
                return Err(Stop::Error(ReadError::new(
                    "count-differs",
                    format!("Tệp .shp có nhiều hình hơn số dòng của .dbf ({count}); hai tệp không cùng một bộ"),
                    format!("The .shp file has more shapes than the .dbf has rows ({count}); the two do not belong together"),
                )));
            };
            sink.push(Feature { properties, geometry: geometry(shape, most), line: None })?;
            count += 1;
        }
        if count < u64::from(table.rows) {
            return Err(Stop::Error(ReadError::new(
                "count-differs",
                format!("Tệp .dbf có {} dòng nhưng .shp chỉ có {count} hình; hai tệp không cùng một bộ", table.rows),
                format!("The .dbf file has {} rows but the .shp only {count} shapes; the two do not belong together", table.rows),
            )));
        }
        Ok(())
    }))
}

fn geometry(shape: Shape, most: usize) -> Result<Geometry, GeometryError> {
    fn rings<P>(polygon: shapefile::record::polygon::GenericPolygon<P>, at: impl Fn(&P) -> [f64; 2]) -> Vec<Vec<Position>> {
        polygon.into_inner().iter().map(|ring| ring.points().iter().map(|point| Position(at(point))).collect()).collect()
    }
    let rings = match shape {
        Shape::NullShape => return Err(GeometryError::Missing),
        Shape::Point(point) => return Ok(Geometry::Point(Position([point.x, point.y]))),
        Shape::PointZ(point) => return Ok(Geometry::Point(Position([point.x, point.y]))),
        Shape::PointM(point) => return Ok(Geometry::Point(Position([point.x, point.y]))),
        Shape::Polygon(polygon) => rings(polygon, |p| [p.x, p.y]),
        Shape::PolygonZ(polygon) => rings(polygon, |p| [p.x, p.y]),
        Shape::PolygonM(polygon) => rings(polygon, |p| [p.x, p.y]),
        other => return Err(GeometryError::Unreadable(format!("neither an area nor a point: {}", other.shapetype()))),
    };
    let points: usize = rings.iter().map(Vec::len).sum();
    if points > most {
        return Err(GeometryError::Unreadable(format!("it has {points} points, more than {most}")));
    }
    Geometry::of_parts(nest::polygons(rings))
}
