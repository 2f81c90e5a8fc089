//! Converts positions in degrees to map units; north is up.

use crate::geometry::Bbox;

/// Metres per degree of latitude (mean of the meridian, WGS 84).
const METRES_PER_DEGREE: f64 = 111_195.0;

/// A box of degrees on a drawing. Degrees of longitude have their length at the middle latitude, so
/// distances within a city are right to parts of a thousand.
#[derive(Debug, Clone)]
pub struct Frame {
    west: f64,
    north: f64,
    scale_x: f64,
    scale_y: f64,
    /// Width in units.
    pub width: f64,
    /// Height in units.
    pub height: f64,
}

impl Frame {
    /// A drawing that is `width` units across and leaves `margin` units free around `bbox` (degrees). Its
    /// height is between half and twice its width.
    pub fn new(bbox: &Bbox, width: f64, margin: f64) -> Self {
        Self::within(bbox, width, None, margin)
    }

    /// As [`Frame::new`], with the given height in units if there is one.
    pub fn within(bbox: &Bbox, width: f64, height: Option<f64>, margin: f64) -> Self {
        let [west, south, east, north] = *bbox;
        let squeeze = f64::midpoint(south, north).to_radians().cos();
        let (across, along) = (((east - west) * squeeze).max(1e-6), (north - south).max(1e-6));
        let (span_x, span_y) = match height {
            None => (across.max(along / 2.0), along.max(across / 2.0)),
            Some(height) => {
                let shape = (width - 2.0 * margin) / (height - 2.0 * margin);
                (across.max(along * shape), along.max(across / shape))
            }
        };
        let scale = (width - 2.0 * margin) / span_x;
        Self {
            west: west - (span_x - across) / 2.0 / squeeze - margin / scale / squeeze,
            north: north + (span_y - along) / 2.0 + margin / scale,
            scale_x: scale * squeeze,
            scale_y: scale,
            width,
            height: height.unwrap_or((span_y * scale + 2.0 * margin).ceil()),
        }
    }

    /// The map units of a longitude and latitude in degrees.
    pub fn place(&self, lon: f64, lat: f64) -> [f64; 2] {
        [(lon - self.west) * self.scale_x, (self.north - lat) * self.scale_y]
    }

    /// The map units of a longitude and latitude in 10⁻⁷ degrees.
    pub fn place_scaled(&self, [lon, lat]: [i64; 2]) -> [f64; 2] {
        self.place(lon as f64 / 1e7, lat as f64 / 1e7)
    }

    /// The longitude and latitude in degrees of a point of the drawing.
    pub fn degrees(&self, x: f64, y: f64) -> [f64; 2] {
        [self.west + x / self.scale_x, self.north - y / self.scale_y]
    }

    /// The box of degrees that the drawing covers.
    pub fn bbox(&self) -> Bbox {
        let [west, north] = self.degrees(0.0, 0.0);
        let [east, south] = self.degrees(self.width, self.height);
        [west, south, east, north]
    }

    /// Map units per metre.
    pub fn units_per_metre(&self) -> f64 {
        self.scale_y / METRES_PER_DEGREE
    }

    /// The beginning of the drawing as SVG, with `below` units of room below it. Screen readers read
    /// `title` aloud.
    pub fn open(&self, below: f64, title: &str) -> String {
        let title = maud::html! { (title) }.into_string();
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0} {:.0}\" role=\"img\" class=\"map\"><title>{title}</title>",
            self.width,
            self.height + below
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_again_under_its_point() {
        let frame = Frame::new(&[104.8, 21.6, 104.9, 21.8], 360.0, 4.0);
        let [x, y] = frame.place(104.85, 21.75);
        let [lon, lat] = frame.degrees(x, y);
        assert!((lon - 104.85).abs() < 1e-9 && (lat - 21.75).abs() < 1e-9);
        // The drawing covers the whole box and its margin.
        let [west, south, east, north] = frame.bbox();
        assert!(west < 104.8 && south < 21.6 && east > 104.9 && north > 21.8);
    }

    #[test]
    fn a_kilometre_is_as_long_across_as_along() {
        let frame = Frame::new(&[104.8, 21.6, 104.9, 21.7], 360.0, 0.0);
        let a = frame.place(104.8, 21.65);
        let east = frame.place(104.8 + 1.0 / 111.195 / 21.65_f64.to_radians().cos(), 21.65);
        let north = frame.place(104.8, 21.65 + 1.0 / 111.195);
        assert!(((east[0] - a[0]) / (a[1] - north[1]) - 1.0).abs() < 1e-3);
        assert!(((a[1] - north[1]) / 1_000.0 - frame.units_per_metre()).abs() < 1e-6);
    }
}
