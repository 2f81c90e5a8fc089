//! Reads well-known binary (ISO 19125-2), with the header of GeoPackage around it: areas, lines and points. It
//! does not recurse, and trusts no count before the bytes are there.

use crate::geometry::simple::{Geometry, Position, Rings};
use crate::import::feature::{GeometryError, of_lines, of_parts};

struct Bytes<'a> {
    rest: &'a [u8],
    little: bool,
}

/// The name of a geometry type (ISO 19125-2, SQL/MM).
fn kind_name(kind: u32) -> &'static str {
    const NAMES: [&str; 18] = [
        "Geometry",
        "Point",
        "LineString",
        "Polygon",
        "MultiPoint",
        "MultiLineString",
        "MultiPolygon",
        "GeometryCollection",
        "CircularString",
        "CompoundCurve",
        "CurvePolygon",
        "MultiCurve",
        "MultiSurface",
        "Curve",
        "Surface",
        "PolyhedralSurface",
        "TIN",
        "Triangle",
    ];
    NAMES.get(kind as usize).copied().unwrap_or("WKB")
}

fn broken(what: &str) -> GeometryError {
    GeometryError::unreadable(sentence!("damaged-wkb", what))
}

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], GeometryError> {
        let (head, rest) = self.rest.split_at_checked(count).ok_or_else(|| broken("it breaks off"))?;
        self.rest = rest;
        Ok(head)
    }

    fn byte(&mut self) -> Result<u8, GeometryError> {
        Ok(self.take(1)?[0])
    }

    fn u32(&mut self) -> Result<u32, GeometryError> {
        let bytes = self.take(4)?.try_into().map_err(|_| broken("it breaks off"))?;
        Ok(if self.little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    fn f64(&mut self) -> Result<f64, GeometryError> {
        let bytes = self.take(8)?.try_into().map_err(|_| broken("it breaks off"))?;
        Ok(if self.little { f64::from_le_bytes(bytes) } else { f64::from_be_bytes(bytes) })
    }

    /// Reads a count of things of at least `size` bytes each. Errors: fewer bytes are left than they need.
    fn count(&mut self, size: usize) -> Result<usize, GeometryError> {
        let count = self.u32()? as usize;
        if count > self.rest.len() / size { Err(broken("it says more than it holds")) } else { Ok(count) }
    }

    /// Reads the byte order and the type; gives the type and the number of ordinates of a position.
    fn kind(&mut self) -> Result<(u32, usize), GeometryError> {
        self.little = self.byte()? == 1;
        let code = self.u32()?;
        // For Z, M and ZM, ISO adds 1000, 2000 and 3000; EWKB sets high bits.
        let (z, m) = (code & 0x8000_0000 != 0, code & 0x4000_0000 != 0);
        if code & 0x2000_0000 != 0 {
            self.u32()?;
        }
        let code = code & 0x0fff_ffff;
        let iso = match code / 1000 {
            0 => 0,
            1 | 2 => 1,
            3 => 2,
            _ => return Err(broken("unknown type")),
        };
        Ok((code % 1000, 2 + iso + usize::from(z) + usize::from(m)))
    }

    fn position(&mut self, ordinates: usize) -> Result<Position, GeometryError> {
        let position = Position([self.f64()?, self.f64()?]);
        self.take(8 * (ordinates - 2))?;
        Ok(position)
    }

    fn line(&mut self, ordinates: usize) -> Result<Vec<Position>, GeometryError> {
        let points = self.count(8 * ordinates)?;
        (0..points).map(|_| self.position(ordinates)).collect()
    }

    /// A ring of a curve polygon: a line, or lines one after the other. Errors: it holds an arc.
    fn straight(&mut self) -> Result<Vec<Position>, GeometryError> {
        match self.kind()? {
            (2, ordinates) => self.line(ordinates),
            (9, _) => {
                let mut ring: Vec<Position> = Vec::new();
                for _ in 0..self.count(9)? {
                    let (2, ordinates) = self.kind()? else { return Err(GeometryError::other_kind("CurvePolygon")) };
                    let line = self.line(ordinates)?;
                    ring.extend(line.into_iter().skip(usize::from(!ring.is_empty())));
                }
                Ok(ring)
            }
            _ => Err(GeometryError::other_kind("CurvePolygon")),
        }
    }

    fn straight_rings(&mut self) -> Result<Rings, GeometryError> {
        let rings = self.count(9)?;
        (0..rings).map(|_| self.straight()).collect()
    }

    fn rings(&mut self, ordinates: usize) -> Result<Rings, GeometryError> {
        let rings = self.count(4)?;
        (0..rings).map(|_| self.line(ordinates)).collect()
    }
}

/// Reads areas, lines or a point.
pub(super) fn read(bytes: &[u8]) -> Result<Geometry, GeometryError> {
    let mut bytes = Bytes { rest: bytes, little: true };
    let (kind, ordinates) = bytes.kind()?;
    match kind {
        1 => Ok(Geometry::Point(bytes.position(ordinates)?)),
        2 => of_lines(vec![bytes.line(ordinates)?]),
        5 => {
            let lines = bytes.count(9)?;
            let lines: Result<Rings, GeometryError> = (0..lines)
                .map(|_| match bytes.kind()? {
                    (2, ordinates) => bytes.line(ordinates),
                    _ => Err(broken("a part is not a line")),
                })
                .collect();
            of_lines(lines?)
        }
        3 => Ok(Geometry::Polygon(bytes.rings(ordinates)?)),
        // In a layer of curves, areas without arcs are curve polygons too.
        10 => Ok(Geometry::Polygon(bytes.straight_rings()?)),
        // A multi-surface may hold areas without arcs only.
        6 | 12 => {
            let parts = bytes.count(9)?;
            let parts: Result<Vec<Rings>, GeometryError> = (0..parts)
                .map(|_| match bytes.kind()? {
                    (3, ordinates) => bytes.rings(ordinates),
                    (10, _) => bytes.straight_rings(),
                    _ => Err(broken("a part is not a polygon")),
                })
                .collect();
            of_parts(parts?)
        }
        4 => {
            let points = bytes.count(21)?;
            match (points, bytes.kind()) {
                (1, Ok((1, ordinates))) => Ok(Geometry::Point(bytes.position(ordinates)?)),
                _ => Err(GeometryError::unreadable(sentence!("multi-point-points", points))),
            }
        }
        other => Err(GeometryError::other_kind(kind_name(other))),
    }
}

/// Reads a GeoPackage geometry (OGC 12-128r18 §2.1.3): header, envelope, WKB.
pub(super) fn read_geopackage(bytes: &[u8]) -> Result<Geometry, GeometryError> {
    let [b'G', b'P', _, flags, ..] = bytes else { return Err(broken("no GeoPackage header")) };
    if flags & 0x10 != 0 {
        return Err(GeometryError::Missing);
    }
    let envelope = match (flags >> 1) & 7 {
        0 => 0,
        1 => 32,
        2 | 3 => 48,
        4 => 64,
        _ => return Err(broken("unknown envelope")),
    };
    read(bytes.get(8 + envelope..).ok_or_else(|| broken("it breaks off"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_that_lies_is_refused_before_memory_is_taken() {
        let mut bytes = vec![1, 3, 0, 0, 0];
        bytes.extend(u32::MAX.to_le_bytes());
        assert!(matches!(read(&bytes), Err(GeometryError::Unreadable { .. })));
        assert!(read(&[]).is_err() && read_geopackage(b"GP").is_err());
    }

    /// WKB of a kind with its parts behind a count.
    fn of(kind: u8, parts: &[Vec<u8>]) -> Vec<u8> {
        let head = [&[1, kind, 0, 0, 0][..], &(parts.len() as u32).to_le_bytes()].concat();
        [head, parts.concat()].concat()
    }

    fn line(kind: u8, points: &[[f64; 2]]) -> Vec<u8> {
        of(kind, &points.iter().map(|point| point.iter().flat_map(|v| v.to_le_bytes()).collect()).collect::<Vec<_>>())
    }

    #[test]
    fn areas_of_a_layer_of_curves_are_read_where_they_have_no_arc() {
        let ring = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]];
        let positions = ring.map(Position).to_vec();
        assert_eq!(read(&of(10, &[line(2, &ring)])), Ok(Geometry::Polygon(vec![positions.clone()])));
        let compound = of(9, &[line(2, &ring[..3]), line(2, &ring[2..])]);
        assert_eq!(read(&of(12, &[of(10, &[compound])])), Ok(Geometry::Polygon(vec![positions])));
        assert!(read(&of(10, &[line(8, &ring)])).is_err_and(|error| error.to_string().contains("arcs")));
    }

    #[test]
    fn heights_and_both_byte_orders_are_understood() {
        let mut little = vec![1, 0xe9, 3, 0, 0];
        [1.5, 2.5, 9.0_f64].iter().for_each(|v| little.extend(v.to_le_bytes()));
        assert_eq!(read(&little), Ok(Geometry::Point(Position([1.5, 2.5]))));
        let mut big = vec![0, 0, 0, 0, 1];
        [1.5, 2.5_f64].iter().for_each(|v| big.extend(v.to_be_bytes()));
        assert_eq!(read(&big), Ok(Geometry::Point(Position([1.5, 2.5]))));
    }
}
