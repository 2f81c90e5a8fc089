//! What lines and points of plans are.

/// What a line of a plan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineKind {
    /// Chỉ giới đường đỏ: the border between the street and the lots.
    RedLine,
    /// Chỉ giới xây dựng: the line that buildings must not pass.
    BuildingLine,
    /// Tim đường: the centre line of a street.
    Road,
    /// Hành lang bảo vệ: the border of a protection corridor.
    Corridor,
    /// Ranh giới quy hoạch: the limit of the plan.
    Limit,
    /// Any other line.
    Other,
}

impl LineKind {
    /// All kinds, in the order in which they are listed.
    pub const ALL: [Self; 6] = [Self::RedLine, Self::BuildingLine, Self::Road, Self::Corridor, Self::Limit, Self::Other];
    /// Their names in GeoJSON.
    pub const NAMES: &'static [&'static str] = &["red-line", "building-line", "road", "corridor", "limit", "other"];

    /// Its name in GeoJSON, and the end of its key among the texts, `line-red-line`.
    pub fn as_str(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// The kind with that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// What a point of a plan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointKind {
    /// A building or a facility.
    Works,
    /// Mốc giới: a control point.
    ControlPoint,
    /// Any other point.
    Other,
}

impl PointKind {
    /// All kinds, in the order in which they are listed.
    pub const ALL: [Self; 3] = [Self::Works, Self::ControlPoint, Self::Other];
    /// Their names in GeoJSON.
    pub const NAMES: &'static [&'static str] = &["works", "control-point", "other"];

    /// Its name in GeoJSON.
    pub fn as_str(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// The kind with that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_line_and_point_has_its_name() {
        let names: Vec<&str> = LineKind::ALL.into_iter().map(LineKind::as_str).collect();
        assert_eq!(names, LineKind::NAMES);
        assert_eq!(LineKind::named("red-line"), Some(LineKind::RedLine));
        let names: Vec<&str> = PointKind::ALL.into_iter().map(PointKind::as_str).collect();
        assert_eq!(names, PointKind::NAMES);
        assert_eq!(PointKind::named("control-point"), Some(PointKind::ControlPoint));
    }
}
