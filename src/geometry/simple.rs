//! Geometries as files and canonical sets write them (RFC 7946 §3.1), in degrees or metres.

use serde::Deserialize;

/// A position, x then y as the file has them; anything after the second number is ignored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position(pub [f64; 2]);

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Position;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a position [x, y]")
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Position, A::Error> {
                let missing = || serde::de::Error::custom("a position needs two numbers");
                let x = seq.next_element()?.ok_or_else(missing)?;
                let y = seq.next_element()?.ok_or_else(missing)?;
                while seq.next_element::<serde::de::IgnoredAny>()?.is_some() {}
                Ok(Position([x, y]))
            }
        }
        deserializer.deserialize_seq(Visitor)
    }
}

/// Area of a ring in squares of its unit, positive where it runs counter-clockwise (shoelace formula).
pub fn area(ring: &[Position]) -> f64 {
    let Some(Position([ox, oy])) = ring.first() else { return 0.0 };
    let pairs = ring.iter().zip(ring.iter().cycle().skip(1));
    pairs.map(|(Position(a), Position(b))| (a[0] - ox) * (b[1] - oy) - (b[0] - ox) * (a[1] - oy)).sum::<f64>() / 2.0
}

/// A polygon: its outer ring, then its holes.
pub type Rings = Vec<Vec<Position>>;

/// A geometry of a kind that can be published.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "type", content = "coordinates")]
#[expect(missing_docs, reason = "the names are those of RFC 7946")]
pub enum Geometry {
    Point(Position),
    LineString(Vec<Position>),
    MultiLineString(Vec<Vec<Position>>),
    Polygon(Rings),
    MultiPolygon(Vec<Rings>),
}

impl Geometry {
    /// Its first position.
    pub fn first(&self) -> Option<Position> {
        match self {
            Self::Point(position) => Some(*position),
            Self::LineString(line) => line.first().copied(),
            Self::MultiLineString(lines) => lines.iter().flatten().next().copied(),
            Self::Polygon(rings) => rings.first()?.first().copied(),
            Self::MultiPolygon(parts) => parts.iter().flatten().flatten().next().copied(),
        }
    }

    /// Area of its polygons in squares of its unit: outer rings less their holes.
    pub fn area(&self) -> f64 {
        let of =
            |rings: &Rings| rings.iter().enumerate().map(|(at, ring)| if at == 0 { area(ring).abs() } else { -area(ring).abs() }).sum();
        match self {
            Self::Polygon(rings) => of(rings),
            Self::MultiPolygon(parts) => parts.iter().map(of).sum(),
            Self::Point(_) | Self::LineString(_) | Self::MultiLineString(_) => 0.0,
        }
    }

    /// Number of its positions.
    pub fn points(&self) -> usize {
        match self {
            Self::Point(_) => 1,
            Self::LineString(line) => line.len(),
            Self::MultiLineString(lines) => lines.iter().map(Vec::len).sum(),
            Self::Polygon(rings) => rings.iter().map(Vec::len).sum(),
            Self::MultiPolygon(parts) => parts.iter().flatten().map(Vec::len).sum(),
        }
    }
}
