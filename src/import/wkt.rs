//! Reads the coordinate system from a `.prj` file or a WKT definition (OGC 01-009, ISO 19162), in the dialects
//! of ESRI, GDAL and MapInfo. It is parsed by its structure, because it also contains the codes of units,
//! datums and ellipsoids.

use crate::geometry::crs::CrsError;
use crate::geometry::crs::TM3_ZONES;
use crate::geometry::crs::known;
use crate::geometry::crs::zone_of;
use crate::import::report::Note;
use crate::import::report::Severity;
use crate::words::sentence::{Numbers, Sentence, ToWord};

/// Deepest nesting of a definition.
const DEPTH: usize = 32;
/// Longest text of a definition, bytes.
const TEXT_BYTES: usize = 1 << 16;

/// The seven parameters of Decision 05/2007 (EPSG:6960) as position vector: metres, arc seconds, ppm.
const OFFICIAL: [f64; 7] = [-191.904_414_29, -39.303_182_79, -111.450_328_35, 0.009_288_36, -0.019_754_79, 0.004_273_72, 0.252_906_278];

/// The translations of [`OFFICIAL`] as they appear in the name of a datum that came from a MIF file.
const OFFICIAL_IN_NAME: [&str; 3] = ["191_904", "39_303", "111_450"];

/// What a definition says: the coordinate system, and a remark about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// EPSG code, or why there is none.
    pub code: Result<u32, CrsError>,
    /// A remark for the report.
    pub note: Option<Note>,
}

/// A part of a definition, `KEYWORD["…",…]`.
#[derive(Debug, Default)]
struct Node {
    keyword: String,
    texts: Vec<String>,
    numbers: Vec<f64>,
    children: Vec<Node>,
}

struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Parses a node that begins with its keyword; none if the text is not WKT.
    fn node(&mut self, depth: usize) -> Option<Node> {
        self.space();
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
        let (keyword, rest) = self.rest.split_at(end);
        self.rest = rest;
        self.space();
        self.rest = self.rest.strip_prefix(['[', '('])?;
        let mut node = Node { keyword: keyword.to_uppercase(), ..Node::default() };
        if depth == 0 || keyword.is_empty() {
            return None;
        }
        loop {
            self.space();
            if let Some(rest) = self.rest.strip_prefix('"') {
                // A quotation mark inside a text is doubled.
                let mut text = String::new();
                let mut rest = rest;
                loop {
                    let (part, behind) = rest.split_once('"')?;
                    text.push_str(part);
                    let Some(more) = behind.strip_prefix('"') else {
                        rest = behind;
                        break;
                    };
                    text.push('"');
                    rest = more;
                }
                node.texts.push(text);
                self.rest = rest;
            } else if self.rest.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) {
                let end = self.rest.find([',', ']', ')'])?;
                node.numbers.push(self.rest[..end].trim().parse().ok()?);
                self.rest = &self.rest[end..];
            } else if !self.rest.starts_with([',', ']', ')']) {
                let end = self.rest.find([',', '[', '(', ']', ')'])?;
                if self.rest[end..].starts_with(['[', '(']) {
                    node.children.push(self.node(depth - 1)?);
                } else {
                    // A bare word, such as the direction of an axis.
                    self.rest = &self.rest[end..];
                }
            }
            self.space();
            let mark = self.rest.chars().next()?;
            self.rest = &self.rest[mark.len_utf8()..];
            match mark {
                ',' => {}
                ']' | ')' => return Some(node),
                _ => return None,
            }
        }
    }
}

impl Node {
    fn child(&self, keywords: &[&str]) -> Option<&Self> {
        self.children.iter().find(|child| keywords.contains(&child.keyword.as_str()))
    }

    fn name(&self) -> &str {
        self.texts.first().map_or("", String::as_str)
    }

    /// The node's own EPSG code, not the code of one of its parts.
    fn code(&self) -> Option<u32> {
        let node = self.child(&["AUTHORITY", "ID"]).filter(|node| node.name().eq_ignore_ascii_case("EPSG"))?;
        node.texts.get(1).and_then(|text| text.trim().parse().ok()).or_else(|| node.numbers.first().map(|code| *code as u32))
    }

    /// The value of a parameter by one of its names, folded without separators.
    fn parameter(&self, names: &[&str]) -> Option<f64> {
        let own = self.children.iter().filter(|child| child.keyword == "PARAMETER");
        let found =
            own.clone().find(|child| names.contains(&plain(child.name()).as_str())).and_then(|child| child.numbers.first().copied());
        found.or_else(|| self.child(&["CONVERSION"])?.parameter(names))
    }
}

fn plain(text: &str) -> String {
    text.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect()
}

const PROJECTED: &[&str] = &["PROJCS", "PROJCRS", "PROJECTEDCRS"];
const GEOGRAPHIC: &[&str] = &["GEOGCS", "GEOGCRS", "GEODCRS", "GEODETICCRS", "GEOGRAPHICCRS", "BASEGEOGCRS", "BASEGEODCRS"];

/// How a datum shift to WGS 84 compares with the official one of VN-2000.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shift {
    /// There is no shift, or it is all zeros.
    None,
    Official,
    /// The official shift with the rotations counted in the opposite direction.
    OtherSign,
    Other,
}

fn shift(values: &[f64]) -> Shift {
    if values.iter().all(|value| *value == 0.0) {
        return Shift::None;
    }
    // The rotations may be counted in the opposite direction, and some programs negate the scale along with
    // them.
    let near = |sign: f64, scale: f64| {
        let wanted = OFFICIAL.iter().enumerate().map(|(i, value)| match i {
            3..6 => value * sign,
            6 => value * scale,
            _ => *value,
        });
        values.len() == 7 && values.iter().zip(wanted).enumerate().all(|(i, (a, b))| (a - b).abs() < if i < 3 { 0.01 } else { 1e-4 })
    };
    let other = near(-1.0, 1.0) || near(-1.0, -1.0) || near(1.0, -1.0);
    match (near(1.0, 1.0), other) {
        (true, _) => Shift::Official,
        (_, true) => Shift::OtherSign,
        _ => Shift::Other,
    }
}

/// The shift of a `BOUNDCRS`, as position vector.
fn bound_shift(node: &Node) -> Vec<f64> {
    let Some(transformation) = node.child(&["ABRIDGEDTRANSFORMATION"]) else { return Vec::new() };
    let names =
        ["xaxistranslation", "yaxistranslation", "zaxistranslation", "xaxisrotation", "yaxisrotation", "zaxisrotation", "scaledifference"];
    let mut values: Vec<f64> = names.iter().map(|name| transformation.parameter(&[name]).unwrap_or(0.0)).collect();
    // WKT 2 writes the scale as a factor.
    if (0.5..1.5).contains(&values[6]) {
        values[6] = (values[6] - 1.0) * 1e6;
    }
    let frame = transformation.child(&["METHOD"]).is_some_and(|method| plain(method.name()).contains("coordinateframe"));
    if frame {
        values[3..6].iter_mut().for_each(|value| *value = -*value);
    }
    values
}

/// The zone that the name alone identifies: `VN-2000 / TM-3 104-45`, `VN2000_UTM_zone_48N`.
fn zone_by_name(name: &str) -> Option<u32> {
    let name = plain(name);
    let rest = name.split_once("vn2000").or_else(|| name.split_once("vietnam2000")).map(|(before, after)| format!("{before}{after}"))?;
    // Zones of 3° have three-digit numbers that begin with the number of the UTM zone.
    for (number, epsg) in [("zone481", 5896), ("zone482", 5897), ("zone491", 5898)] {
        if rest.contains(number) {
            return Some(epsg);
        }
    }
    let ends = |form: &str| rest.split_once(form).is_some_and(|(_, behind)| !behind.starts_with(|c: char| c.is_ascii_digit()));
    for (forms, epsg) in [(["48n", "utm48", "zone48"], 3405), (["49n", "utm49", "zone49"], 3406)] {
        if forms.into_iter().any(ends) {
            return Some(epsg);
        }
    }
    // 104°45′ may be written 104-45 or 104.75. Longer forms come first, because 105 is also part of 105-30.
    let forms = TM3_ZONES.iter().flat_map(|(epsg, meridian)| {
        let (degrees, minutes) = (meridian.floor(), (meridian.fract() * 60.0).round());
        let decimals = plain(&format!("{meridian}"));
        [format!("{degrees}{minutes:02}"), decimals].map(|form| (form, *epsg))
    });
    let found = forms.filter(|(form, _)| rest.contains(form.as_str()));
    found.max_by_key(|(form, _)| form.len()).map(|(_, epsg)| epsg)
}

/// Reads a definition. A VN-2000 zone is recognised by its code, by its name with its meridian and scale, or by
/// its datum shift. The same projection on WGS 84 is not VN-2000: its places lie 223 m away.
pub fn read(text: &str) -> Said {
    let text = text.trim_start_matches('\u{feff}').trim();
    let said = |code| Said { code, note: None };
    let short = |name: &str| format!("“{}”", name.chars().take(80).collect::<String>());
    if text.len() > TEXT_BYTES {
        return said(Err(CrsError::Unknown(short(text))));
    }
    let Some(root) = (Parser { rest: text }).node(DEPTH) else {
        let by_name = zone_by_name(text).or_else(|| (plain(text) == "vn2000").then_some(4756));
        return said(by_name.map_or_else(|| crate::geometry::crs::Crs::code(text).map_err(|_| CrsError::Unknown(short(text))), Ok));
    };
    let (node, bound) = match root.keyword.as_str() {
        "BOUNDCRS" => match root.child(&["SOURCECRS"]).and_then(|source| source.children.first()) {
            Some(node) => (node, bound_shift(&root)),
            None => return said(Err(CrsError::Unknown(short(root.name())))),
        },
        "COMPD_CS" | "COMPOUNDCRS" => (root.child(PROJECTED).or_else(|| root.child(GEOGRAPHIC)).unwrap_or(&root), Vec::new()),
        _ => (&root, Vec::new()),
    };
    read_system(node, bound)
}

fn read_system(node: &Node, bound: Vec<f64>) -> Said {
    let said = |code| Said { code, note: None };
    let name = node.name().trim().chars().take(80).collect::<String>();
    let code = node.code();
    match code.map(crate::geometry::crs::known_code) {
        Some(Ok(code)) => return said(Ok(code)),
        Some(Err(datum @ CrsError::Datum { .. })) => return said(Err(datum)),
        _ => {}
    }
    let unknown = || CrsError::Unknown(code.map_or_else(|| format!("“{name}”"), |code| format!("EPSG:{code}")));
    let is_projected = PROJECTED.contains(&node.keyword.as_str());
    let Some(geographic) =
        (if is_projected { node.child(GEOGRAPHIC) } else { Some(node).filter(|node| GEOGRAPHIC.contains(&node.keyword.as_str())) })
            .or(is_projected.then_some(node))
    else {
        return said(Err(unknown()));
    };
    let datum = geographic.child(&["DATUM", "ENSEMBLE", "GEODETICDATUM", "TRF"]);
    let names = [node.name(), geographic.name(), datum.map_or("", Node::name)].map(plain);
    let named = |needles: &[&str]| names.iter().any(|name| needles.iter().any(|needle| name.contains(needle)));
    let is_vn2000 = named(&["vn2000", "vietnam2000"]);
    let is_wgs84 = named(&["wgs1984", "wgs84"]);
    let shift = match datum.and_then(|datum| datum.child(&["TOWGS84"])) {
        Some(node) => shift(&node.numbers),
        // Converters from MapInfo write the shift's parameters into the datum's name.
        None if datum.is_some_and(|datum| OFFICIAL_IN_NAME.iter().all(|part| datum.name().contains(part))) => Shift::Official,
        None => shift(&bound),
    };
    let is_nameless =
        datum.is_none_or(|datum| ["", "unnamed", "unknown", "dunknown", "notspecified"].contains(&plain(datum.name()).as_str()));
    let by_shift = matches!(shift, Shift::Official | Shift::OtherSign);
    let method = node.child(&["PROJECTION"]).or_else(|| node.child(&["CONVERSION"])?.child(&["METHOD"])).map(|method| plain(method.name()));
    let is_transverse = method.as_ref().is_none_or(|method| method.contains("transversemercator") || method.contains("gausskruger"));
    let mut wrong = None;
    let found = if is_projected {
        let meridian = node.parameter(&["centralmeridian", "longitudeofnaturalorigin", "longitudeofcenter"]);
        let scale = node.parameter(&["scalefactor", "scalefactoratnaturalorigin", "scalefactoratcentralmeridian"]);
        let easting = node.parameter(&["falseeasting"]).unwrap_or(500_000.0);
        let northing = node.parameter(&["falsenorthing"]).unwrap_or(0.0);
        let origin = node.parameter(&["latitudeoforigin", "latitudeofnaturalorigin"]).unwrap_or(0.0);
        let metres =
            node.child(&["UNIT", "LENGTHUNIT"]).and_then(|unit| unit.numbers.first()).is_none_or(|factor| (factor - 1.0).abs() < 1e-9);
        match (meridian, scale) {
            (Some(meridian), Some(scale)) => {
                let fits = is_transverse && metres && (easting - 500_000.0).abs() < 0.001 && northing.abs() < 0.001 && origin.abs() < 1e-9;
                let zone = zone_of(meridian, scale).filter(|_| fits);
                if zone.is_none() {
                    wrong = Some(Parameters { meridian, scale, easting, northing, method: method.clone().filter(|_| !is_transverse) });
                }
                zone
            }
            (None, None) => zone_by_name(node.name()),
            _ => None,
        }
    } else {
        Some(4756)
    };
    match found {
        Some(epsg) if is_vn2000 || by_shift => {
            let other = datum
                .map(Node::name)
                .filter(|_| !by_shift && !is_nameless)
                .filter(|datum| !plain(datum).contains("vn2000") && !plain(datum).contains("vietnam2000"));
            Said { code: Ok(epsg), note: remark(shift, epsg).or_else(|| other.map(|datum| other_datum(&name, datum))) }
        }
        Some(zone) if is_projected && (is_wgs84 || shift == Shift::None && is_nameless) => said(Err(CrsError::Datum { name, zone })),
        Some(_) if is_projected => {
            said(Err(CrsError::OtherDatum { name, datum: datum.map_or_else(String::new, |datum| datum.name().to_owned()) }))
        }
        None if is_vn2000 && let Some(wrong) = wrong => said(Err(CrsError::Parameters { name, found: Box::new(wrong.said()) })),
        Some(_) if is_wgs84 => said(Ok(4326)),
        _ => said(Err(unknown())),
    }
}

/// The parameters of a projection that is not a zone of VN-2000.
struct Parameters {
    meridian: f64,
    scale: f64,
    easting: f64,
    northing: f64,
    method: Option<String>,
}

impl Parameters {
    /// The parameters in words.
    fn said(&self) -> Sentence {
        let Self { meridian, scale, easting, northing, method } = self;
        let method = method.as_ref().map(|method| sentence!("projection", method));
        let number = |number: &f64| Numbers(&number.to_string()).to_word();
        sentence!(
            "projection-parameters",
            method,
            meridian = number(meridian),
            scale = number(scale),
            easting = number(easting),
            northing = number(northing),
        )
    }
}

/// The remark on a system that is VN-2000 by its name, and of another datum by its parts.
fn other_datum(name: &str, datum: &str) -> Note {
    Note { severity: Severity::Warning, check: "crs-datum-differs", said: sentence!("crs-datum-differs", name, datum) }
}

fn remark(shift: Shift, epsg: u32) -> Option<Note> {
    let said = match shift {
        Shift::OtherSign => sentence!("crs-shift-other-sign", epsg),
        Shift::Other => sentence!("crs-shift-other", epsg),
        Shift::None | Shift::Official => return None,
    };
    Some(Note { severity: Severity::Warning, check: "crs-shift", said })
}

/// A list for people of the coordinate systems that can be read.
pub fn known_systems() -> String {
    known()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Result<u32, CrsError> {
        read(text).code
    }

    #[test]
    fn a_zone_is_known_by_its_code_or_by_its_numbers() {
        let gdal = r#"PROJCS["VN-2000 / TM-3 104-45",GEOGCS["VN-2000",DATUM["Vietnam_2000",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]]],UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],AUTHORITY["EPSG","9208"]]"#;
        assert_eq!(code(gdal), Ok(9208));
        let esri = r#"PROJCS["VN_2000_TM-3_Yen_Bai",GEOGCS["GCS_VN_2000",DATUM["D_Vietnam_2000",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",104.75],PARAMETER["Scale_Factor",0.9999],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]"#;
        assert_eq!(code(esri), Ok(9208));
        assert_eq!(code(r#"GEOGCS["GCS_VN_2000",DATUM["D_Vietnam_2000"]]"#), Ok(4756));
        assert_eq!(code(r#"GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984"]]"#), Ok(4326));
    }

    #[test]
    fn codes_of_parts_are_not_the_systems() {
        let unit = r#"GEOGCS["VN-2000",DATUM["Vietnam_2000",SPHEROID["WGS 84",6378137,298.257223563]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]]]"#;
        assert_eq!(code(unit), Ok(4756));
        let metre = r#"PROJCS["x",GEOGCS["VN-2000",DATUM["D"]],PROJECTION["Transverse_Mercator"],PARAMETER["central_meridian",105],PARAMETER["scale_factor",0.9996],UNIT["metre",1,AUTHORITY["EPSG","9001"]]]"#;
        assert_eq!(code(metre), Ok(3405));
        let compound = format!(r#"COMPD_CS["a",{metre},VERT_CS["h",AUTHORITY["EPSG","5705"]]]"#);
        assert_eq!(code(&compound), Ok(3405));
    }

    #[test]
    fn a_nameless_system_is_known_by_its_shift_in_both_conventions() {
        let with = |shift: &str| {
            let text = format!(
                r#"PROJCS["unnamed",GEOGCS["unnamed",DATUM["unknown",SPHEROID["e",6378137,298.257223563],{shift}]],PROJECTION["Transverse_Mercator"],PARAMETER["central_meridian",104.75],PARAMETER["scale_factor",0.9999],PARAMETER["false_easting",500000],UNIT["m",1]]"#
            );
            let said = read(&text);
            (said.code, said.note.map(|note| note.check))
        };
        let official = "TOWGS84[-191.90441429,-39.30318279,-111.45032835,0.00928836,-0.01975479,0.00427372,0.252906278]";
        assert_eq!(with(official), (Ok(9208), None));
        let other = "TOWGS84[-191.90441429,-39.30318279,-111.45032835,-0.00928836,0.01975479,-0.00427372,0.252906278]";
        assert_eq!(with(other), (Ok(9208), Some("crs-shift")));
        assert!(with("TOWGS84[1,2,3,0,0,0,0]").0.is_err());
        let bound = r#"BOUNDCRS[SOURCECRS[PROJCRS["unknown",BASEGEOGCRS["unknown",DATUM["unknown",ELLIPSOID["WGS 84",6378137,298.257223563,LENGTHUNIT["metre",1]]]],CONVERSION["unknown",METHOD["Transverse Mercator",ID["EPSG",9807]],PARAMETER["Longitude of natural origin",104.75,ANGLEUNIT["degree",0.0174532925199433],ID["EPSG",8802]],PARAMETER["Scale factor at natural origin",0.9999],PARAMETER["False easting",500000]],CS[Cartesian,2],AXIS["(E)",east]]],TARGETCRS[GEOGCRS["WGS 84",ID["EPSG",4326]]],ABRIDGEDTRANSFORMATION["x",METHOD["Coordinate Frame rotation (geog2D domain)"],PARAMETER["X-axis translation",-191.90441429],PARAMETER["Y-axis translation",-39.30318279],PARAMETER["Z-axis translation",-111.45032835],PARAMETER["X-axis rotation",-0.00928836],PARAMETER["Y-axis rotation",0.01975479],PARAMETER["Z-axis rotation",-0.00427372],PARAMETER["Scale difference",1.000000252906278]]]"#;
        assert_eq!(code(bound), Ok(9208));
    }

    #[test]
    fn names_alone_are_enough() {
        for (name, epsg) in [
            ("VN-2000 / TM-3 104-45", 9208),
            ("VN2000 TM3 104.75", 9208),
            ("VN-2000 / TM-3 105-30", 9209),
            ("VN-2000 / UTM zone 48N", 3405),
            ("VN_2000_TM_3_105_00", 5897),
        ] {
            assert_eq!(code(&format!(r#"PROJCS["{name}"]"#)), Ok(epsg), "{name}");
            assert_eq!(code(name), Ok(epsg), "{name}");
        }
        assert_eq!(code("EPSG:9208"), Ok(9208));
    }

    #[test]
    fn the_same_numbers_on_another_datum_are_not_vn_2000() {
        let fake = r#"PROJCS["My zone",GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984"]],PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",500000.0],PARAMETER["Central_Meridian",104.75],PARAMETER["Scale_Factor",0.9999]]"#;
        assert_eq!(code(fake), Err(CrsError::Datum { name: "My zone".into(), zone: 9208 }));
        let utm = r#"PROJCS["WGS 84 / UTM zone 48N",GEOGCS["WGS 84"],AUTHORITY["EPSG","32648"]]"#;
        assert_eq!(code(utm), Err(CrsError::Datum { name: "WGS 84 / UTM zone 48N".into(), zone: 3405 }));
        assert!(code("garbage").is_err() && code("").is_err() && code(&"A[".repeat(100_000)).is_err());
        assert!(code("A[1\u{fffd}]").is_err());
    }
}
