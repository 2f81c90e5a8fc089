//! Lots of urban plans: which columns hold their number and indicators, and what the cells say.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::words::{contradiction_words, unread_words};
use crate::domain::indicators::{ALL, Indicator, Indicators, Range, Unread};
use crate::import::cell;
use crate::import::columns::plain;
use crate::import::report::{Finding, Severity};
use crate::words::number::number;
use crate::words::sentence::{Decimal, Sentence};

/// What a share below one means: `0,6`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Shares {
    /// A part of one: 0,6 is 60 %.
    Part,
    /// Percent: 0,6 is 0,6 %.
    Percent,
}

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
    fn key(self) -> String {
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

/// Bytes to which a Shapefile cuts the names of its columns.
const CUT: usize = 10;
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

/// The columns of lots: their names in Unicode, and as they are in the file.
#[derive(Debug, Default)]
pub(super) struct LotColumns(Vec<(Held, String, String)>);

impl LotColumns {
    /// Finds them: those that the planner named first, then by their headers. `uses` is the column of land uses. Errors: a
    /// key and a column that the planner named, and that the file does not have.
    pub(super) fn find(
        columns: &[String],
        asked: &BTreeMap<String, String>,
        uses: Option<&str>,
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
            if found.iter().any(|(.., taken)| taken == column) {
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
        Ok(Self(
            found.into_iter().map(|(held, _, column)| (held, raw(&column), column)).map(|(held, raw, name)| (held, name, raw)).collect(),
        ))
    }

    /// True for a column that is one of them.
    pub(super) fn use_column(&self, column: &str) -> bool {
        self.0.iter().any(|(_, name, _)| name == column)
    }

    /// What each is taken for: keys of the planner's options, and names of columns.
    pub(super) fn listed(&self) -> BTreeMap<String, String> {
        self.0.iter().map(|(held, name, _)| (held.key(), name.clone())).collect()
    }

    /// True where a column says something of lots that is not said of zones.
    pub(super) fn tell_lots(&self) -> bool {
        self.0.iter().any(|(held, ..)| !matches!(held, Held::Area | Held::Conditions))
    }

    /// True where a column holds the numbers of lots.
    fn have_numbers(&self) -> bool {
        self.0.iter().any(|(held, ..)| *held == Held::Lot)
    }
}

/// What the cells of a lot say.
#[derive(Default)]
pub(super) struct Lot {
    pub(super) number: Option<String>,
    conditions: Vec<String>,
    indicators: Indicators,
    findings: Vec<Finding>,
}

/// A cell of a lot: its text in Unicode. None for an empty one.
pub(super) type Text<'a> = &'a mut dyn FnMut(&str, &str) -> Option<String>;

impl Lot {
    /// Reads a lot of `area_m2` square metres. `cell_text` gives a cell by the column's names, in the file and in Unicode.
    pub(super) fn read(columns: &LotColumns, shares: Option<Shares>, area_m2: f64, cell_text: Text<'_>) -> Self {
        let mut lot = Self::default();
        for (held, name, raw) in &columns.0 {
            let Some(text) = cell_text(raw, name) else { continue };
            match *held {
                Held::Lot => lot.number = Some(text),
                Held::Conditions => lot.conditions.push(text),
                Held::Area => lot.check_area(name, &text, area_m2),
                Held::Value(indicator) => lot.value(indicator, name, &text, shares, |range| range),
                Held::Least(indicator) => {
                    lot.value(indicator, name, &text, shares, |range| Range { min: range.min.or(range.max), max: None });
                }
                Held::Most(indicator) => {
                    lot.value(indicator, name, &text, shares, |range| Range { min: None, max: range.max.or(range.min) });
                }
            }
        }
        if columns.have_numbers() && lot.number.is_none() {
            lot.warn("lot-without-number", sentence!("lot-without-number"));
        }
        for contradiction in lot.indicators.contradictions() {
            let (check, said) = contradiction_words(contradiction);
            lot.warn(check, said);
        }
        lot
    }

    fn warn(&mut self, check: &str, said: Sentence) {
        self.findings.push(Finding::new(Severity::Warning, check, said));
    }

    fn value(&mut self, indicator: Indicator, header: &str, text: &str, shares: Option<Shares>, side: impl Fn(Range) -> Range) {
        if cell::as_day(text).is_some() || cell::as_day_of_sheet(text).is_some() {
            self.warn("indicator-is-a-date", sentence!("indicator-is-a-date", text, header));
            return;
        }
        let read = match (indicator.read(text), shares) {
            (Err(Unread::PartOrPercent), Some(shares)) => {
                let factor = if shares == Shares::Part { 100.0 } else { 1.0 };
                // A thousandth of a percent is more than a plan states; 0,07 × 100 is 7.
                let times = |value: f64| (value * factor * 1e5).round() / 1e5;
                indicator.read(&format!("{text} %")).map(|range| range.map(|range| range.map(times)))
            }
            (read, _) => read,
        };
        match read {
            Ok(Some(range)) => self.indicators.put(indicator, side(range)),
            Ok(None) => {}
            Err(unread) => {
                let (check, said) = unread_words(unread, header, text);
                self.warn(check, said);
                // What the plan says in words is kept in words.
                if matches!(unread, Unread::NoNumber | Unread::Several) && !cell::is_error_word(text) {
                    self.conditions.push(format!("{header}: {text}"));
                }
            }
        }
    }

    /// Notes a stated area that differs by more than a hundredth, in square metres or in hectares, from the measured one.
    fn check_area(&mut self, header: &str, text: &str, area_m2: f64) {
        let bare = text.trim_end_matches(|c: char| c.is_alphabetic() || c == '²' || c.is_whitespace());
        let bare = bare.strip_suffix("m2").unwrap_or(bare).trim();
        // A mark may group thousands or begin decimals: “1.234” fits where one of both does.
        let may_group = bare.rsplit(['.', ',']).next().is_some_and(|last| last.len() == 3);
        let grouped = number(&bare.replace(['.', ',', ' '], "")).filter(|_| may_group);
        let readings = [number(bare), number(&bare.replace(',', ".")), grouped];
        let Some(stated) = readings[0].or(readings[1]) else {
            self.warn("lot-area-unread", sentence!("lot-area-unread", header, text));
            return;
        };
        // A square metre is what the rounding of plans takes from the smallest lots.
        let fits = |stated: f64| (stated - area_m2).abs() <= (area_m2 / 100.0).max(1.0);
        if !readings.iter().flatten().any(|stated| fits(*stated) || fits(*stated * 10_000.0)) {
            let said = sentence!("lot-area-differs", header, text, area = Decimal(area_m2, 1));
            self.findings.push(Finding::new(Severity::Warning, "lot-area-differs", said).measuring((stated - area_m2).abs()));
        }
    }

    /// Writes what it says into a feature's properties, and hands over what was found.
    pub(super) fn write(self, properties: &mut Map<String, Value>) -> Vec<Finding> {
        self.indicators.write(properties);
        let conditions = (!self.conditions.is_empty()).then(|| self.conditions.join("; "));
        properties.insert("conditions".into(), conditions.into());
        properties.insert("lot".into(), self.number.into());
        self.findings
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

    fn read(cells: &[(&str, &str)], shares: Option<Shares>) -> (Map<String, Value>, Vec<String>) {
        let columns: Vec<String> = cells.iter().map(|(name, _)| (*name).to_owned()).collect();
        let found = LotColumns::find(&columns, &BTreeMap::new(), None, str::to_owned).expect("columns");
        let mut text = |raw: &str, _: &str| cells.iter().find(|(name, _)| *name == raw).map(|(_, text)| (*text).to_owned());
        let mut properties = Map::new();
        let findings = Lot::read(&found, shares, 100.0, &mut text).write(&mut properties);
        (properties, findings.into_iter().map(|finding| finding.check).collect())
    }

    #[test]
    fn a_lot_is_read_and_what_cannot_be_is_named() {
        let (lot, checks) =
            read(&[("KyHieu", "OM2.3"), ("MDXD", "≤ 70 %"), ("TANGCAO", "1-5"), ("HSSDD", "3,5"), ("DienTich", "100,4")], None);
        assert!(checks.is_empty(), "{checks:?}");
        assert_eq!((lot["lot"].as_str(), lot["density_max_pct"].as_f64(), lot["far_max"].as_f64()), (Some("OM2.3"), Some(70.0), Some(3.5)));
        assert_eq!((lot["storeys_min"].as_i64(), lot["storeys_max"].as_i64()), (Some(1), Some(5)));
        let (lot, checks) =
            read(&[("MDXD", "0,6"), ("TANGCAO", "1/5/2026"), ("HSSDD", "theo quy chuẩn"), ("DienTich", "140"), ("KyHieu", "A")], None);
        assert_eq!(checks, ["lot-area-differs", "part-or-percent", "indicator-is-a-date", "indicator-unread"]);
        assert_eq!(lot["conditions"].as_str(), Some("HSSDD: theo quy chuẩn"), "words are kept as words");
        assert!(lot["density_max_pct"].is_null() && lot["storeys_max"].is_null());
    }

    #[test]
    fn a_planner_says_what_a_share_below_one_means() {
        assert_eq!(read(&[("MDXD", "0,6")], Some(Shares::Part)).0["density_max_pct"].as_f64(), Some(60.0));
        assert_eq!(read(&[("MDXD", "0,07")], Some(Shares::Part)).0["density_max_pct"].as_f64(), Some(7.0));
        assert_eq!(read(&[("MDXD", "0,6")], Some(Shares::Percent)).0["density_max_pct"].as_f64(), Some(0.6));
        assert_eq!(read(&[("MDXD", "60")], Some(Shares::Part)).0["density_max_pct"].as_f64(), Some(60.0));
    }

    #[test]
    fn a_mark_that_groups_thousands_is_no_difference() {
        let columns = LotColumns::find(&["DienTich".to_owned()], &BTreeMap::new(), None, str::to_owned).expect("columns");
        for (text, checks) in [("1.234", 0), ("1,234", 0), ("1234,0", 0), ("123,4", 1), ("1 234 m²", 0), ("1.300", 1)] {
            let lot = Lot::read(&columns, None, 1_234.0, &mut |_, _| Some(text.to_owned()));
            assert_eq!(lot.write(&mut Map::new()).len(), checks, "{text}");
        }
    }

    #[test]
    fn an_area_is_compared_in_square_metres_and_in_hectares() {
        for (text, checks) in [("100", 0), ("100,9 m2", 0), ("0,01", 0), ("0,01 ha", 0), ("102", 1), ("chưa đo", 1)] {
            assert_eq!(read(&[("DienTich", text)], None).1.len(), checks, "{text}");
        }
    }
}
