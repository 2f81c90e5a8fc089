//! Areas that a map can draw.

use crate::features::Features;
use crate::features::cut::Piece;
use crate::geometry::Bbox;

/// Areas with codes that a map can draw.
pub trait Areas: Sync {
    /// The number of areas.
    fn count(&self) -> usize;
    /// The land-use code of an area; empty if it has none.
    fn code(&self, index: usize) -> &str;
    /// The number of a lot; none where the area is none.
    fn lot(&self, _index: usize) -> Option<&str> {
        None
    }
    /// The bounding box of an area, in degrees.
    fn bbox(&self, index: usize) -> Bbox;
    /// Visits the positions of an area in 10⁻⁷ degrees, closing points included, and the end of every ring.
    fn walk(&self, index: usize, position: &mut dyn FnMut([i64; 2]), ring: &mut dyn FnMut());
}

impl Areas for Features {
    fn count(&self) -> usize {
        self.list.len()
    }

    fn code(&self, index: usize) -> &str {
        self.list.get(index).map_or("", |feature| self.code_of(feature))
    }

    fn lot(&self, index: usize) -> Option<&str> {
        self.list.get(index).and_then(|feature| self.text_property(feature, "lot"))
    }

    fn bbox(&self, index: usize) -> Bbox {
        self.list.get(index).map_or([0.0; 4], crate::features::Feature::bbox)
    }

    fn walk(&self, index: usize, position: &mut dyn FnMut([i64; 2]), ring: &mut dyn FnMut()) {
        if let Some(feature) = self.list.get(index) {
            Features::walk(self, feature, position, ring);
        }
    }
}

/// Some zones of a set, or their parts that lie in an area.
pub struct Part<'a> {
    /// The set.
    pub features: &'a Features,
    /// The pieces that are drawn.
    pub pieces: &'a [Piece],
}

impl Areas for Part<'_> {
    fn count(&self) -> usize {
        self.pieces.len()
    }

    fn code(&self, index: usize) -> &str {
        self.pieces.get(index).map_or("", |piece| self.features.code(piece.index))
    }

    fn lot(&self, index: usize) -> Option<&str> {
        self.pieces.get(index).and_then(|piece| self.features.lot(piece.index))
    }

    fn bbox(&self, index: usize) -> Bbox {
        self.pieces.get(index).map_or([0.0; 4], |piece| piece.bbox)
    }

    fn walk(&self, index: usize, position: &mut dyn FnMut([i64; 2]), ring: &mut dyn FnMut()) {
        for points in self.pieces.get(index).into_iter().flat_map(|piece| &piece.rings) {
            points.iter().chain(points.first()).for_each(|at| position(*at));
            ring();
        }
    }
}
