//! What the name of a layer says of it.
//!
//! Names of layers are those of circular 16/2025/TT-BXD's template, as they were found (second-hand), and what offices
//! call the same things in drawings.

use crate::domain::plan::{LineKind, PointKind};
use crate::import::columns::plain;
use crate::words::fold::fold;

/// What a layer holds, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Lots.
    Lots,
    /// Areas of one land use each, which lots divide further.
    Uses,
    /// Lines of a kind.
    Lines(LineKind),
    /// Points of a kind.
    Points(PointKind),
    /// The existing state, which is no plan.
    Existing,
}

/// A stage of a plan, as prefixes of layers tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// `QHDD_`: the first stage (đợt đầu).
    First,
    /// `QHDH_`: the long term (dài hạn).
    Long,
    /// `QH_`: the plan, without a stage.
    Plan,
}

/// What parts of names say, folded and without separators. The first that a name contains counts.
const ROLES: &[(&str, Role)] = &[
    ("chigioiduongdo", Role::Lines(LineKind::RedLine)),
    ("cgduongdo", Role::Lines(LineKind::RedLine)),
    ("cgdd", Role::Lines(LineKind::RedLine)),
    ("redline", Role::Lines(LineKind::RedLine)),
    ("chigioixaydung", Role::Lines(LineKind::BuildingLine)),
    ("chigioixd", Role::Lines(LineKind::BuildingLine)),
    ("cgxd", Role::Lines(LineKind::BuildingLine)),
    ("buildingline", Role::Lines(LineKind::BuildingLine)),
    ("hanhlang", Role::Lines(LineKind::Corridor)),
    ("hlat", Role::Lines(LineKind::Corridor)),
    ("hlbv", Role::Lines(LineKind::Corridor)),
    ("corridor", Role::Lines(LineKind::Corridor)),
    ("timduong", Role::Lines(LineKind::Road)),
    ("mangluoigiaothong", Role::Lines(LineKind::Road)),
    ("giaothongduongbo", Role::Lines(LineKind::Road)),
    ("centreline", Role::Lines(LineKind::Road)),
    ("centerline", Role::Lines(LineKind::Road)),
    ("ranhgioiquyhoach", Role::Lines(LineKind::Limit)),
    ("ranhgioiqh", Role::Lines(LineKind::Limit)),
    ("ranhgioilapquyhoach", Role::Lines(LineKind::Limit)),
    ("ranhquyhoach", Role::Lines(LineKind::Limit)),
    ("ranhqh", Role::Lines(LineKind::Limit)),
    ("mocgioi", Role::Points(PointKind::ControlPoint)),
    ("moctoado", Role::Points(PointKind::ControlPoint)),
    ("controlpoint", Role::Points(PointKind::ControlPoint)),
    ("congtrinh", Role::Points(PointKind::Works)),
    ("phanoquyhoach", Role::Lots),
    ("phanlodat", Role::Lots),
    ("lodat", Role::Lots),
    ("odat", Role::Lots),
    ("chucnangsudungdat", Role::Uses),
    ("chucnangsdd", Role::Uses),
];

/// What a layer's name says: of `QHDD_ChiGioiDuongDo_L` that it holds red lines of the first stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Named {
    /// What it holds; none where the name does not tell.
    pub role: Option<Role>,
    /// The stage; none where the name does not tell.
    pub stage: Option<Stage>,
}

/// Reads a layer's name. Folders before it count too: a file in the folder `HienTrang` is the existing state.
pub fn read(name: &str) -> Named {
    let mut named = Named::default();
    for part in name.split(['/', '\\']) {
        let first = part.split(|c: char| !c.is_alphanumeric()).find(|word| !word.is_empty()).map(fold).unwrap_or_default();
        match first.as_str() {
            // “Đất ở hiện trạng cải tạo” is a planned use; a name that begins so is the existing state.
            _ if plain(part).starts_with("hientrang") => named.role = Some(Role::Existing),
            "ht" => named.role = Some(Role::Existing),
            "qhdd" => named.stage = Some(Stage::First),
            "qhdh" => named.stage = Some(Stage::Long),
            "qh" => named.stage = Some(Stage::Plan),
            _ => {}
        }
        let own = role_of(part);
        // Nothing in a folder of the existing state is plan.
        named.role = if named.role == Some(Role::Existing) { named.role } else { own.or(named.role) };
    }
    named
}

/// What a name or a cell says, such as `Chỉ giới đường đỏ`.
pub fn role_of(text: &str) -> Option<Role> {
    let bare = plain(text);
    let is_there = |part: &str| if part.len() <= SHORT { begins_a_word(text, part) } else { bare.contains(part) };
    ROLES.iter().find(|(part, _)| is_there(part)).map(|(_, role)| *role)
}

/// Letters of a part that is looked for only where a word begins: “GiaoDat” is no “ô đất”.
const SHORT: usize = 4;

/// True where that part of a name begins one of its words: after a separator, or at a capital after a small letter.
fn begins_a_word(text: &str, part: &str) -> bool {
    let mut before = ' ';
    text.char_indices().any(|(at, c)| {
        let begins = !before.is_alphanumeric() || c.is_uppercase() && before.is_lowercase();
        before = c;
        begins && plain(&text[at..]).starts_with(part)
    })
}

/// True where a cell says that something is there already, and no plan: `Tim đường hiện trạng`.
pub fn is_existing(text: &str) -> bool {
    plain(text).contains("hientrang")
}

/// The kind of line that a cell names, by our own names too.
pub fn line_kind(text: &str) -> Option<LineKind> {
    let own = LineKind::named(text.trim());
    let by_words = || match role_of(text) {
        Some(Role::Lines(kind)) => Some(kind),
        _ => None,
    };
    own.or_else(by_words)
}

/// The kind of point that a cell names, by our own names too.
pub fn point_kind(text: &str) -> Option<PointKind> {
    let by_words = || match role_of(text) {
        Some(Role::Points(kind)) => Some(kind),
        _ => None,
    };
    PointKind::named(text.trim()).or_else(by_words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_of_the_circular_and_of_drawings_are_known_by_their_names() {
        use LineKind::{BuildingLine, Corridor, Limit, RedLine, Road};
        for (name, role, stage) in [
            ("GiaoDat_A", None, None),
            ("O_DAT", Some(Role::Lots), None),
            ("ODat", Some(Role::Lots), None),
            ("ChucNangSuDungDat_A", Some(Role::Uses), None),
            ("PhanOQuyHoach_A", Some(Role::Lots), None),
            ("RanhGioiQuyHoach_A", Some(Role::Lines(Limit)), None),
            ("QHDD_ChiGioiDuongDo_L", Some(Role::Lines(RedLine)), Some(Stage::First)),
            ("QHDH_ChiGioiXayDung_L", Some(Role::Lines(BuildingLine)), Some(Stage::Long)),
            ("QH_HanhLangAnToan_L", Some(Role::Lines(Corridor)), Some(Stage::Plan)),
            ("MangLuoiGiaoThongDuongBo_L", Some(Role::Lines(Road)), None),
            ("MocGioiQuyHoach_P", Some(Role::Points(PointKind::ControlPoint)), None),
            ("HT_PhanOQuyHoach_A", Some(Role::Existing), None),
            ("HienTrang/MangLuoiGiaoThongDuongBo_L.shp", Some(Role::Existing), None),
            ("Hiện trạng sử dụng đất", Some(Role::Existing), None),
            ("CHI GIOI DUONG DO", Some(Role::Lines(RedLine)), None),
            ("Chỉ giới xây dựng", Some(Role::Lines(BuildingLine)), None),
            ("DuongDongMuc_L", None, None),
        ] {
            assert_eq!(read(name), Named { role, stage }, "{name}");
        }
        assert_eq!((line_kind("red-line"), line_kind("Tim đường"), line_kind("Bờ kè")), (Some(RedLine), Some(Road), None));
    }
}
