//! Which columns of a file hold the numbers and the indicators of lots.

use std::collections::BTreeMap;

use crate::domain::lot_indicators::{ALL, Indicator};
use crate::import::columns::{CUT, plain};

/// What a column of lots holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Held {
    /// The lot's number as the plan has it.
    Lot,
    /// Its area as the plan states it.
    Area,
    /// Free conditions.
    Conditions,
    /// An indicator, as people write it.
    Value(Indicator),
    /// An indicator's least value.
    Least(Indicator),
    /// An indicator's greatest value.
    Most(Indicator),
}

impl Held {
    /// Its key among the planner's options and in reports.
    pub(super) fn key(self) -> String {
        match self {
            Self::Lot => "lot".into(),
            Self::Area => "area".into(),
            Self::Conditions => "conditions".into(),
            Self::Value(indicator) => indicator.key().into(),
            Self::Least(indicator) => format!("{}_min", indicator.key()),
            Self::Most(indicator) => format!("{}_max", indicator.key()),
        }
    }

    fn all() -> impl Iterator<Item = Self> {
        let has_sides = |indicator: &Indicator| matches!(indicator.names(), (Some(_), Some(_)));
        let sides = ALL.into_iter().filter(has_sides).flat_map(|indicator| [Self::Least(indicator), Self::Most(indicator)]);
        [Self::Lot, Self::Area, Self::Conditions].into_iter().chain(ALL.map(Self::Value)).chain(sides)
    }
}

/// Keys under which a planner may name columns of lots.
pub fn keys() -> Vec<String> {
    Held::all().map(Held::key).collect()
}

/// Names under which offices keep a column, folded, without separators. Where several fit, the first counts; `kyhieu` is
/// the number only if it is not the land use.
const NAMES: &[(Held, &[&str])] = &[
    (
        Held::Lot,
        &[
            "lot",
            "kyhieulodat",
            "kihieulodat",
            "khlodat",
            "kyhieulo",
            "kihieulo",
            "khlo",
            "solodat",
            "sohieulodat",
            "sohieulo",
            "solo",
            "malodat",
            "malo",
            "tenlodat",
            "tenlo",
            "lodat",
            "kyhieuodat",
            "kihieuodat",
            "kyhieuo",
            "kihieuo",
            "sohieuodat",
            "sohieuo",
            "maodat",
            "maoquyhoach",
            "kyhieuoquyhoach",
            "kyhieuoqh",
            "odat",
            "lo",
            "kyhieuqh",
            "kyhieu",
            "kihieu",
        ],
    ),
    (Held::Area, &["dientich", "dientichlodat", "dientichlo", "dientichodat", "dientichdat", "dtich", "dt", "area"]),
    (Held::Conditions, &["dieukien", "dieukienkhac", "dieukienxaydung", "quydinhkhac", "quydinh", "yeucaukhac", "yeucau", "conditions"]),
    (Held::Least(Indicator::Density), &["matdoxdtoithieu", "matdoxaydungtoithieu", "matdotoithieu", "mdxdtoithieu", "mdxdmin", "matdomin"]),
    (
        Held::Value(Indicator::Density),
        &[
            "mdxd",
            "matdoxd",
            "matdoxaydung",
            "matdo",
            "matdoxdtoida",
            "matdoxaydungtoida",
            "matdotoida",
            "mdxdtoida",
            "mdxdmax",
            "matdomax",
            "matdoxaydungthuan",
            "density",
        ],
    ),
    (Held::Least(Indicator::Storeys), &["tangcaotoithieu", "sotangtoithieu", "tangcaomin", "sotangmin"]),
    (
        Held::Value(Indicator::Storeys),
        &[
            "tangcao",
            "sotang",
            "tangcaoxd",
            "tangcaoxaydung",
            "tangcaotoida",
            "sotangtoida",
            "sotangcao",
            "sotangxaydung",
            "sotangxd",
            "sotangcaotoida",
            "tangcaoxaydungtoida",
            "tangcaomax",
            "sotangmax",
            "storeys",
        ],
    ),
    (Held::Value(Indicator::Basements), &["tangham", "sotangham", "tanghamtoida", "sotanghamtoida", "basements"]),
    (Held::Least(Indicator::Height), &["chieucaotoithieu", "chieucaomin"]),
    (
        Held::Value(Indicator::Height),
        &[
            "chieucao",
            "chieucaoxd",
            "chieucaoxaydung",
            "chieucaocongtrinh",
            "chieucaotoida",
            "chieucaoxaydungtoida",
            "chieucaomax",
            "height",
        ],
    ),
    (Held::Least(Indicator::Far), &["hesosudungdattoithieu", "hesosddtoithieu", "hssddtoithieu", "hssddmin"]),
    (
        Held::Value(Indicator::Far),
        &[
            "hssdd",
            "hesosdd",
            "hesosudungdat",
            "hesosddat",
            "hssddat",
            "hesosudungdattoida",
            "hesosddtoida",
            "hssddtoida",
            "hssddmax",
            "far",
        ],
    ),
    (Held::Value(Indicator::Population), &["danso", "quymodanso", "dansodukien", "dansoquyhoach", "dansoqh", "songuoi", "population"]),
    (Held::Value(Indicator::Dwellings), &["socan", "socanho", "soluongcan", "soluongcanho", "socannha", "solonha", "dwellings"]),
    (
        Held::Value(Indicator::Green),
        &["tylecayxanh", "tilecayxanh", "matdocayxanh", "tylecx", "tlcx", "tylecayxanhtoithieu", "tilecayxanhtoithieu", "green"],
    ),
    (Held::Value(Indicator::GroundLevel), &["cotnen", "cotnenxaydung", "cotnenxd", "caodonen", "codonen", "cotxaydung", "cotsannen"]),
    (
        Held::Value(Indicator::SetbackFront),
        &[
            "khoangluitruoc",
            "khoangluimattien",
            "khoangluimattruoc",
            "khoangluichinh",
            "khoangluiduong",
            "khoanglui",
            "khoangluixd",
            "khoangluixaydung",
        ],
    ),
    (Held::Value(Indicator::SetbackSide), &["khoangluiben", "khoangluibien", "khoangluihong", "khoangluicanhben", "khoangluihaiben"]),
    (Held::Value(Indicator::SetbackRear), &["khoangluisau", "khoangluimatsau", "khoangluilungnha"]),
];

/// Fewest letters of a cut name that tell what it was.
const TELLING: usize = 5;

/// What a column with that header holds. A remark in parentheses, such as a unit, does not count.
fn held(header: &str) -> Option<(Held, usize)> {
    let bare = plain(header.split(['(', '[', '\n']).next().unwrap_or(header));
    if bare.is_empty() {
        return None;
    }
    let find = |fits: &dyn Fn(&str) -> bool| -> Vec<(Held, usize)> {
        NAMES.iter().filter_map(|(held, names)| Some((*held, names.iter().position(|name| fits(name))?))).collect()
    };
    if let [found, ..] = find(&|name| name == bare).as_slice() {
        return Some(*found);
    }
    // Cut within a letter of several bytes, a name has fewer than ten.
    let is_cut = header.len() <= CUT && header.len() + 2 >= CUT || header.chars().count() == CUT;
    match find(&|name| name.starts_with(&bare)).as_slice() {
        [only] if is_cut && bare.len() >= TELLING => Some(*only),
        // “matdoxaydu” begins the name of the value, and those of its least and greatest values. “tangcaotoi” begins only
        // the latter two, and may be either.
        [(Held::Least(a), _), found @ (Held::Value(b), rank)] if is_cut && bare.len() >= TELLING && a == b => {
            let named = NAMES.iter().find(|(held, _)| *held == found.0).and_then(|(_, names)| names.get(*rank));
            named.is_some_and(|name| !name.ends_with("toida") && !name.ends_with("max")).then_some(*found)
        }
        _ => None,
    }
}

/// The columns of lots.
#[derive(Debug, Default)]
pub(super) struct LotColumns {
    /// What each holds, its name in Unicode, and as it is in the file.
    pub(super) list: Vec<(Held, String, String)>,
    /// How many lines of text most lots of a drawing have; none where they have none.
    pub(super) usual_lines: Option<usize>,
    /// True where the content of those lines decided what they are, and not the planner.
    pub(super) are_guessed: bool,
}

impl LotColumns {
    /// Finds them: those that the planner named first, then by their headers. `uses` is the column of land uses; `names_uses`
    /// is true for a column whose cells name land uses too. Errors: a key and a column that the planner named, and that the
    /// file does not have.
    pub(super) fn find(
        columns: &[String],
        asked: &BTreeMap<String, String>,
        uses: Option<&str>,
        names_uses: &dyn Fn(&str) -> bool,
        raw: impl Fn(&str) -> String,
    ) -> Result<Self, (String, String)> {
        let mut found: Vec<(Held, usize, String)> = Vec::new();
        for (key, name) in asked {
            let held = Held::all().find(|held| held.key() == *key);
            let column = columns.iter().find(|column| *column == name || plain(column) == plain(name));
            let (held, column) = held.zip(column).ok_or_else(|| (key.clone(), name.clone()))?;
            found.push((held, 0, column.clone()));
        }
        for column in columns.iter().filter(|column| uses != Some(column)) {
            let Some((held, rank)) = held(column) else { continue };
            if found.iter().any(|(.., taken)| taken == column) || held == Held::Lot && names_uses(column) {
                continue;
            }
            match found.iter_mut().find(|(known, ..)| *known == held) {
                // What the planner named has the best rank.
                Some((_, known, name)) if rank < *known => (*known, *name) = (rank, column.clone()),
                Some(_) => {}
                None => found.push((held, rank, column.clone())),
            }
        }
        found.sort();
        let found = found.into_iter().map(|(held, _, column)| (held, raw(&column), column));
        Ok(Self { list: found.map(|(held, raw, name)| (held, name, raw)).collect(), ..Self::default() })
    }

    /// Leaves out columns whose names a Shapefile cut to the same letters, `MatDoXayDu` and `MatDoXay_1`: nobody can tell which
    /// was which. Those that the planner named stay. Gives the pairs.
    pub(super) fn drop_clashing(&mut self, columns: &[String], asked: &BTreeMap<String, String>) -> Vec<(String, String)> {
        let twin = |column: &str| {
            let begins = column.get(..CUT - 2).filter(|_| column.len() == CUT)?;
            columns.iter().find(|other| (1..=9).any(|n| **other == format!("{begins}_{n}"))).cloned()
        };
        let mut clashing = Vec::new();
        self.list.retain(|(_, column, raw)| {
            let is_asked = asked.values().any(|name| name == column || plain(name) == plain(column));
            let other = twin(raw).or_else(|| twin(column)).filter(|_| !is_asked);
            clashing.extend(other.clone().map(|other| (column.clone(), other)));
            other.is_none()
        });
        clashing
    }

    /// Takes the lines of texts in a drawing's lots for what they were found to be, where nothing else is taken for it.
    pub(super) fn take_lines(&mut self, lines: &[(Held, String)]) {
        self.are_guessed = true;
        for (held, column) in lines {
            if !self.list.iter().any(|(known, name, _)| known == held || name == column) {
                self.list.push((*held, column.clone(), column.clone()));
            }
        }
        self.list.sort();
    }

    /// True for a column that is one of them.
    pub(super) fn use_column(&self, column: &str) -> bool {
        self.list.iter().any(|(_, name, _)| name == column)
    }

    /// What each is taken for: keys of the planner's options, and names of columns.
    pub(super) fn listed(&self) -> BTreeMap<String, String> {
        self.list.iter().map(|(held, name, _)| (held.key(), name.clone())).collect()
    }

    /// True where a column says something of lots that is not said of zones.
    pub(super) fn tell_lots(&self) -> bool {
        self.list.iter().any(|(held, ..)| !matches!(held, Held::Area | Held::Conditions))
    }

    /// True where a column holds the numbers of lots.
    pub(super) fn have_numbers(&self) -> bool {
        self.list.iter().any(|(held, ..)| *held == Held::Lot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_known_in_the_spellings_of_offices_and_cut_at_ten_characters() {
        let known = |header: &str| held(header).map(|(held, _)| held.key());
        let cases = [
            ("MDXD", "density"),
            ("MatDoXD", "density"),
            ("Mật độ XD", "density"),
            ("Mật độ xây dựng (%)", "density"),
            ("MatDoXayDu", "density"),
            ("matdoxaydu", "density"),
            ("TANGCAO", "storeys"),
            ("SoTangToiDa", "storeys"),
            ("sotangtoid", "storeys"),
            ("TangCaoXayDung", "storeys"),
            ("TangCaoXay", "storeys"),
            ("Tầng hầm", "basements"),
            ("HSSDD", "far"),
            ("HeSoSDD", "far"),
            ("Hệ số sử dụng đất (lần)", "far"),
            ("HeSoSuDung", "far"),
            ("DienTichLoDat", "area"),
            ("DIENTICH", "area"),
            ("DienTichLo", "area"),
            ("KyHieu", "lot"),
            ("KiHieuLoDat", "lot"),
            ("kyhieuloda", "lot"),
            ("KHLoDat", "lot"),
            ("Ký hiệu ô đất", "lot"),
            ("KhoangLui", "setback_front"),
            ("KhoangLuiBien", "setback_side"),
            ("KhoangLuiB", "setback_side"),
            ("Khoảng lùi sau", "setback_rear"),
            ("Mật độ tối thiểu", "density_min"),
            ("Dân số (người)", "population"),
        ];
        for (header, key) in cases {
            assert_eq!(known(header).as_deref(), Some(key), "{header}");
        }
        for header in ["TangCaoToi", "ChieuCaoTo", "STT", "GhiChu", "MatDoDanCu", "Tang", "khoang", "KhoangLu", "Ten", "LoaiDat"] {
            assert_eq!(known(header), None, "{header}");
        }
    }
}
