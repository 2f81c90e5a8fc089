//! How finely a map is drawn.

/// How finely a map is drawn. A unit is the smallest thing a reader sees: a pixel of a phone, or a fifth of
/// a millimetre of a print.
#[derive(Debug, Clone, Copy)]
pub struct Detail {
    /// Width in units.
    pub width: f64,
    /// Height in units; derived from the box if `None`.
    pub height: Option<f64>,
    /// Regions of fewer square units join their neighbours.
    pub smallest: u32,
    /// How far a simplified border may lie beside the exact one, units.
    pub tolerance: f64,
    /// Most corners the map may have. Beyond that, zones of one code are drawn as one area, and larger
    /// regions join their neighbours.
    pub corners: usize,
    /// Size of a code's label, units.
    pub font: f64,
    /// True draws each zone on its own; false draws zones of one code as one area.
    pub each: bool,
    /// True draws lots with their true outlines, as long as there are not too many; false always along the squares of the grid.
    pub exact: bool,
    /// Units left free around the box.
    pub margin: f64,
    /// Most codes or numbers of lots that are written.
    pub labels: usize,
    /// Most roads whose width is written.
    pub road_labels: usize,
    /// Size of the smallest label that can be read, units.
    pub least_font: f64,
}

impl Detail {
    /// For a page on a phone.
    pub const PHONE: Self = Self {
        width: 360.0,
        height: None,
        smallest: 12,
        tolerance: 1.0,
        corners: 2_600,
        font: 12.0,
        each: false,
        exact: false,
        margin: 4.0,
        labels: 60,
        road_labels: 8,
        least_font: 8.0,
    };

    /// For a part of a plan on a phone: every zone has its own border while zones can still be told apart.
    pub const EXTRACT: Self = Self { smallest: 0, tolerance: 0.7, corners: 3_600, each: true, ..Self::PHONE };

    /// For the lots of a plan on a phone, each with its border.
    pub const LOTS: Self = Self { smallest: 0, tolerance: 1.0, corners: 5_500, each: true, ..Self::PHONE };

    /// For a print of that size in millimetres, with five units per millimetre.
    pub fn print(width: f64, height: f64) -> Self {
        // The scale stands below the map and needs room.
        let height = Some(height * 5.0 - 22.5);
        Self {
            width: width * 5.0,
            height,
            smallest: 12,
            tolerance: 1.0,
            corners: usize::MAX,
            font: 15.0,
            each: false,
            exact: true,
            margin: 5.0,
            labels: 60,
            road_labels: 40,
            least_font: 7.0,
        }
    }
}
