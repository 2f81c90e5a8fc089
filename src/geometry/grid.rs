//! A grid finer than the published one, so that crossings of borders fall on whole numbers.

use i_overlay::i_float::int::point::IntPoint;

/// A grid around a place: whole numbers of 32 bits, finer than 10⁻⁷ degrees by a power of two.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid {
    origin: [i64; 2],
    scale: i64,
}

impl Grid {
    /// A grid around a box in 10⁻⁷ degrees: west, south, east, north.
    pub fn around([west, south, east, north]: [i64; 4]) -> Self {
        let extent = (east - west).max(north - south).max(1);
        let mut scale = 1;
        // Leaves room for sums within 32 bits.
        while extent * scale * 2 < 1 << 29 {
            scale *= 2;
        }
        Self { origin: [west, south], scale }
    }

    /// The point of the grid at longitude and latitude in 10⁻⁷ degrees.
    pub fn whole(&self, lonlat: [i64; 2]) -> IntPoint {
        let part = |k: usize| ((lonlat[k] - self.origin[k]) * self.scale).clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32;
        IntPoint::new(part(0), part(1))
    }

    /// Longitude and latitude in degrees of a point of the grid.
    pub fn degrees(&self, x: f64, y: f64) -> [f64; 2] {
        let part = |value: f64, k: usize| (value / self.scale as f64 + self.origin[k] as f64) / 1e7;
        [part(x, 0), part(y, 1)]
    }
}
