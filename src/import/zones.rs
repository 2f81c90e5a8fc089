//! A plan's zones: from a GeoJSON file to canonical features and a report.

use std::collections::HashMap;

use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::canonical::{self, area_m2, hectares, round};
use super::crs::{Crs, CrsError, fitting};
use super::geojson::{self, Feature, Geometry, Position, Rings};
use super::report::{Report, Severity};
use super::rings::{Fault, Mended, Repair, Ring, Vertex, mend};
use super::{columns, points};
use crate::domain::fold::clean;
use crate::domain::geometry::{Bbox, FeatureSet, contains};
use crate::domain::land_use;
use crate::domain::plan::PlanKind;

/// What the reader of a file must know beside its bytes.
#[derive(Debug, Clone)]
pub struct Options {
    /// EPSG code given by the planner.
    pub crs: Option<u32>,
    /// Column of land-use codes given by the planner.
    pub code_column: Option<String>,
    /// Column of names given by the planner.
    pub name_column: Option<String>,
    /// Kind of plan.
    pub kind: PlanKind,
    /// Day the decision was signed: says which codes are legal.
    pub signed: Date,
    /// The city's box, degrees WGS 84.
    pub city: Bbox,
    /// EPSG code of the plane the city measures areas in.
    pub plane: u32,
}

/// A file that was read: its report, and the canonical set where nothing blocks it.
#[derive(Debug)]
pub struct Imported {
    /// What was found.
    pub report: Report,
    /// Canonical bytes and what an event says of them.
    pub set: Option<(Vec<u8>, FeatureSet)>,
    /// EPSG code of the plane in which areas were measured.
    pub plane: u32,
}

/// Reads a GeoJSON file of zones.
pub fn import(bytes: &[u8], options: &Options) -> Imported {
    let mut report = Report::default();
    let mut plane = options.plane;
    let set = match geojson::read(bytes) {
        Ok(file) => run(&file, options, &mut report, &mut plane),
        Err(error) => {
            report.add(Severity::Error, "unreadable", None, error.to_string(), String::from("see above"));
            None
        }
    };
    let set = set.filter(|_| report.is_clean());
    Imported { report, set, plane }
}

fn run(file: &geojson::File, options: &Options, report: &mut Report, plane: &mut u32) -> Option<(Vec<u8>, FeatureSet)> {
    report.features = file.features.len();
    if file.features.is_empty() {
        report.add(Severity::Error, "empty", None, "Tệp không có đối tượng nào", "The file has no features");
        return None;
    }
    let source = source_of(file, options, report)?;
    if !source.crs.is_geographic() {
        *plane = source.crs.epsg;
    }
    let plane_crs = Crs::new(*plane).ok()?;
    let rows: Vec<&Map<String, Value>> = file.features.iter().map(|feature| &feature.properties).collect();
    let allowed = |text: &str| land_use::get(text).is_some_and(|entry| land_use::is_allowed(entry, options.kind, options.signed));
    let code_column = columns::code_column(&rows, options.code_column.as_deref(), allowed);
    let Some(code_column) = code_column else {
        report.add(
            Severity::Error,
            "no-code-column",
            None,
            "Không tìm thấy cột mã loại đất; hãy chỉ rõ bằng --map land_use=TÊN_CỘT",
            "No column of land-use codes was found; name it with --map land_use=COLUMN",
        );
        return None;
    };
    let name_column = columns::name_column(&rows, options.name_column.as_deref());
    let mut work = Work { options, source, plane_crs, code_column, name_column, seen: HashMap::new(), report };
    let mut writer = canonical::Writer::default();
    for (number, feature) in file.features.iter().enumerate() {
        work.zone(number, feature, &mut writer);
    }
    let Work { code_column, name_column, source, .. } = work;
    report.crs = Some(format!("EPSG:{}", source.crs.epsg));
    report.code_column = Some(code_column);
    report.name_column = name_column;
    let set = writer.finish();
    report.area_ha = set.as_ref().and_then(|(_, set)| set.area_ha).unwrap_or(0.0);
    set
}

/// The system a file is read in, and whether its axes come northing first.
#[derive(Debug)]
pub struct Source {
    /// The system.
    pub crs: Crs,
    /// True when x and y must be exchanged.
    pub swapped: bool,
}

fn first_positions(file: &geojson::File) -> Vec<[f64; 2]> {
    let first = |feature: &Feature| match feature.geometry.as_ref().ok()? {
        Geometry::Point(position) => Some(position.0),
        Geometry::Polygon(rings) => rings.first()?.first().map(|position| position.0),
        Geometry::MultiPolygon(parts) => parts.first()?.first()?.first().map(|position| position.0),
    };
    let step = file.features.len() / 500 + 1;
    file.features.iter().step_by(step).filter_map(first).collect()
}

/// Decides in which system the numbers are: what the planner says, what the file says, and what
/// fits the city's box must agree.
pub fn source_of(file: &geojson::File, options: &Options, report: &mut Report) -> Option<Source> {
    let named = match file.crs.as_deref().map(Crs::code).transpose() {
        Ok(named) => named,
        Err(error) => {
            report.add(Severity::Error, "crs-unknown", None, error.to_string(), "Convert the file to one of them");
            return None;
        }
    };
    if let (Some(asked), Some(named)) = (options.crs, named)
        && asked != named
    {
        report.add(
            Severity::Error,
            "crs-contradiction",
            None,
            format!("Tệp ghi hệ EPSG:{named} nhưng lệnh yêu cầu EPSG:{asked}; hãy bỏ một trong hai"),
            format!("The file says EPSG:{named} but --crs says EPSG:{asked}; drop one of them"),
        );
        return None;
    }
    let sample = first_positions(file);
    let fits = fitting(&sample, &options.city);
    let looks_geographic = sample.iter().all(|[x, y]| x.abs() <= 180.0 && y.abs() <= 180.0);
    let Some(epsg) = options.crs.or(named).or(looks_geographic.then_some(4326)) else {
        propose(&fits, "crs-missing", "Tệp không ghi hệ tọa độ", "The file names no coordinate system", report, &sample, options);
        return None;
    };
    let crs = match Crs::new(epsg) {
        Ok(crs) => crs,
        Err(error) => {
            report.add(Severity::Error, "crs-unknown", None, error.to_string(), "Convert the file to one of them");
            return None;
        }
    };
    if sample.is_empty() || fits.iter().any(|fit| (fit.0, fit.1) == (epsg, false)) {
        return Some(Source { crs, swapped: false });
    }
    if fits.iter().any(|fit| (fit.0, fit.1) == (epsg, true)) {
        report.add(
            Severity::Repair,
            "axes-swapped",
            None,
            "Tệp ghi X = bắc, Y = đông; đã đổi lại thành đông, bắc",
            "The file has X = northing, Y = easting; exchanged to easting, northing",
        );
        return Some(Source { crs, swapped: true });
    }
    let (vi, en) = (
        format!("Theo EPSG:{epsg} thì bản vẽ nằm ngoài khung của thành phố"),
        format!("In EPSG:{epsg} the drawing lies outside the city's box"),
    );
    propose(&fits, "crs-misses-city", &vi, &en, report, &sample, options);
    None
}

/// Names the system that fits, and how far away the drawing would lie in the others.
fn propose(
    fits: &[(u32, bool, f64)],
    check: &'static str,
    vi: &str,
    en: &str,
    report: &mut Report,
    sample: &[[f64; 2]],
    options: &Options,
) {
    match fits.first() {
        Some((epsg, swapped, _)) => {
            let others: Vec<String> = [9206, 9207, 5897, 3405]
                .into_iter()
                .filter(|other| other != epsg)
                .filter_map(|other| Some((other, kilometres_off(other, *swapped, sample.first()?, &options.city)?)))
                .filter(|(_, km)| *km < 1_000.0)
                .take(1)
                .map(|(other, km)| format!("; EPSG:{other}: {km:.0} km"))
                .collect();
            let axes = if *swapped { (" (X = bắc, Y = đông)", " (X = northing, Y = easting)") } else { ("", "") };
            report.add(
                Severity::Error,
                check,
                None,
                format!("{vi}. Số liệu khớp EPSG:{epsg}{}{}: hãy thêm --crs EPSG:{epsg}", axes.0, others.concat()),
                format!("{en}. The numbers fit EPSG:{epsg}{}{}: add --crs EPSG:{epsg}", axes.1, others.concat()),
            );
        }
        None => report.add(
            Severity::Error,
            check,
            None,
            format!("{vi}. Không hệ nào đã biết đặt bản vẽ vào khung của thành phố"),
            format!("{en}. No known system puts the drawing into the city's box"),
        ),
    }
}

fn kilometres_off(epsg: u32, swapped: bool, point: &[f64; 2], city: &Bbox) -> Option<f64> {
    let [x, y] = if swapped { [point[1], point[0]] } else { *point };
    let [lon, lat] = Crs::new(epsg).ok()?.to_wgs84(x, y).ok()?;
    let (east, north) = ((lon - f64::midpoint(city[0], city[2])) * 103.5, (lat - f64::midpoint(city[1], city[3])) * 110.7);
    Some(east.hypot(north))
}

struct Work<'a> {
    options: &'a Options,
    source: Source,
    plane_crs: Crs,
    code_column: String,
    name_column: Option<String>,
    seen: HashMap<Vec<[i64; 2]>, usize>,
    report: &'a mut Report,
}

impl Work<'_> {
    fn error(&mut self, check: &'static str, number: usize, vi: impl Into<String>, en: impl Into<String>) {
        self.report.add(Severity::Error, check, number, vi, en);
    }

    /// Reads one feature; adds it to the set when it can be published.
    fn zone(&mut self, number: usize, feature: &Feature, writer: &mut canonical::Writer) {
        let code = self.code(number, feature);
        let parts = match &feature.geometry {
            Ok(Geometry::Polygon(rings)) => std::slice::from_ref(rings),
            Ok(Geometry::MultiPolygon(parts)) => parts.as_slice(),
            Ok(Geometry::Point(_)) => {
                return self.error("not-a-polygon", number, "Là một điểm, không phải vùng", "It is a point, not an area");
            }
            Err(what) if what == "no geometry" => {
                return self.error("no-geometry", number, "Không có hình", "It has no geometry");
            }
            Err(what) => {
                return self.error(
                    "geometry-unreadable",
                    number,
                    format!("Không đọc được hình: {what}"),
                    format!("Its geometry cannot be read: {what}"),
                );
            }
        };
        let Some((mended, repairs)) = self.shape(number, parts) else { return };
        for repair in repairs {
            let (vi, en) = repair_words(repair);
            self.report.add(Severity::Repair, repair_name(repair), number, vi, en);
        }
        let outline: Vec<[i64; 2]> = normal_outline(&mended);
        if let Some(other) = self.seen.insert(outline, number) {
            self.error(
                "same-zone-twice",
                number,
                format!("Trùng hoàn toàn với đối tượng #{other}"),
                format!("It covers feature #{other} exactly"),
            );
        }
        let Some(code) = code else { return };
        let area = hectares(area_m2(&mended.parts));
        let sum = self.report.codes.entry(code.clone()).or_default();
        sum.zones += 1;
        sum.area_ha += area;
        let name = self.name_column.as_ref().and_then(|column| feature.properties.get(column)).and_then(Value::as_str);
        let mut properties = Map::new();
        properties.insert("land_use".into(), json!(code));
        properties.insert("name".into(), json!(name.map(clean).filter(|name| !name.is_empty())));
        properties.insert("area_ha".into(), json!(area));
        writer.polygon(&properties, &mended);
    }

    fn code(&mut self, number: usize, feature: &Feature) -> Option<String> {
        let value = feature.properties.get(&self.code_column);
        let text = value.and_then(Value::as_str).map(clean).filter(|text| !text.is_empty());
        let Some(text) = text else {
            let column = self.code_column.clone();
            self.error(
                "no-code",
                number,
                format!("Không có mã loại đất (cột {column} trống)"),
                format!("It has no land-use code (column {column} is empty)"),
            );
            return None;
        };
        let (kind, signed) = (self.options.kind, self.options.signed);
        let entry = land_use::get(&text).or_else(|| land_use::get(&text.to_uppercase()));
        match entry {
            Some(entry) if land_use::is_allowed(entry, kind, signed) => Some(entry.code.clone()),
            Some(entry) => {
                self.error(
                    "code-not-in-force",
                    number,
                    format!("Mã {} ({}) không dùng cho quy hoạch ký ngày {signed}", entry.code, entry.name_vi),
                    format!("Code {} is not used in plans signed on {signed}", entry.code),
                );
                None
            }
            None => {
                let (vi, en) = match land_use::near_miss(&text, kind, signed) {
                    Some(near) => (format!("; có phải {near}?"), format!("; {near}?")),
                    None => (String::new(), String::new()),
                };
                self.error(
                    "unknown-code",
                    number,
                    format!("Mã loại đất “{text}” không có trong danh mục{vi}"),
                    format!("Unknown land-use code “{text}”{en}"),
                );
                None
            }
        }
    }

    /// The feature's shape in published coordinates, mended; none after an error.
    fn shape(&mut self, number: usize, parts: &[Rings]) -> Option<(Mended, Vec<Repair>)> {
        let mut closed = false;
        let mut rings: Vec<Vec<Ring>> = Vec::with_capacity(parts.len());
        for part in parts {
            let mut converted = Vec::with_capacity(part.len());
            for ring in part {
                let mut points = ring.as_slice();
                if let [first, .., last] = points
                    && first == last
                {
                    points = &points[..points.len() - 1];
                } else {
                    closed = true;
                }
                match self.ring(points) {
                    Ok(ring) => converted.push(ring),
                    Err(error) => {
                        self.outside(number, points, &error);
                        return None;
                    }
                }
            }
            if !converted.is_empty() {
                rings.push(converted);
            }
        }
        if rings.is_empty() {
            self.error("no-geometry", number, "Hình rỗng", "Its geometry is empty");
            return None;
        }
        match mend(rings) {
            Ok(mut mended) => {
                let mut repairs = std::mem::take(&mut mended.repairs);
                if closed {
                    repairs.insert(0, Repair::Closed);
                }
                Some((mended, repairs))
            }
            Err(fault) => {
                let (check, vi, en) = fault_words(fault);
                self.error(check, number, vi, en);
                None
            }
        }
    }

    fn ring(&self, points: &[Position]) -> Result<Ring, CrsError> {
        points
            .iter()
            .map(|Position([x, y])| {
                let [x, y] = if self.source.swapped { [*y, *x] } else { [*x, *y] };
                let [lon, lat] = self.source.crs.to_wgs84(x, y)?;
                if !contains(&self.options.city, lon, lat) {
                    return Err(CrsError::Point(format!("{lon:.4}, {lat:.4}")));
                }
                let plane = if self.source.crs.epsg == self.plane_crs.epsg { [x, y] } else { self.plane_crs.from_wgs84(lon, lat)? };
                Ok(Vertex { lonlat: [round(lon), round(lat)], plane })
            })
            .collect()
    }

    /// Names a feature that does not lie in the city, and whether its axes are swapped.
    fn outside(&mut self, number: usize, points: &[Position], error: &CrsError) {
        let swapped: Vec<Position> = points.iter().map(|Position([x, y])| Position([*y, *x])).collect();
        if self.ring(&swapped).is_ok() {
            return self.error("axes-swapped", number, "Hai trục tọa độ bị đổi chỗ cho nhau", "Its axes are exchanged");
        }
        let place = match error {
            CrsError::Point(place) | CrsError::Unknown(place) => place.clone(),
        };
        self.error(
            "outside-city",
            number,
            format!("Nằm ngoài khung của thành phố ({place})"),
            format!("It lies outside the city's box ({place})"),
        );
    }
}

/// All rings from their smallest vertex on, so that equal shapes are equal.
fn normal_outline(mended: &Mended) -> Vec<[i64; 2]> {
    let mut rings: Vec<Vec<[i64; 2]>> = mended
        .parts
        .iter()
        .flatten()
        .map(|ring| {
            let mut points: Vec<[i64; 2]> = ring.iter().map(|vertex| vertex.lonlat).collect();
            let start = points.iter().enumerate().min_by_key(|(_, point)| **point).map_or(0, |(i, _)| i);
            points.rotate_left(start);
            points
        })
        .collect();
    rings.sort_unstable();
    rings.concat()
}

fn repair_name(repair: Repair) -> &'static str {
    match repair {
        Repair::Closed => "ring-closed",
        Repair::DuplicatePoints => "duplicate-points",
        Repair::Spike => "spike",
        Repair::SelfTouch => "self-touch",
        Repair::RingOrder => "ring-order",
    }
}

fn repair_words(repair: Repair) -> (&'static str, &'static str) {
    match repair {
        Repair::Closed => ("Vòng chưa khép kín; đã khép", "A ring was not closed; closed"),
        Repair::DuplicatePoints => ("Có điểm lặp; đã bỏ", "Repeated points; removed"),
        Repair::Spike => ("Có gai hẹp dưới 5 cm; đã bỏ", "A spike narrower than 5 cm; removed"),
        Repair::SelfTouch => ("Vòng tự chạm; đã tách thành các vòng đơn", "A ring touches itself; split into simple rings"),
        Repair::RingOrder => ("Chiều của vòng bị ngược; đã đảo", "A ring ran the wrong way; reversed"),
    }
}

fn fault_words(fault: Fault) -> (&'static str, String, String) {
    let place = |at: [i64; 2]| points::degrees(at);
    match fault {
        Fault::TooFewPoints => {
            ("too-few-points", "Một vòng có ít hơn 3 điểm khác nhau".into(), "A ring has fewer than 3 different points".into())
        }
        Fault::Crossing(at) => (
            "self-crossing",
            format!("Đường biên tự cắt gần {}; hãy sửa trong phần mềm bản đồ", place(at)),
            format!("Its border crosses itself near {}; mend it in the mapping software", place(at)),
        ),
        Fault::HoleOutside(at) => {
            ("hole-outside", format!("Lỗ nằm ngoài vùng gần {}", place(at)), format!("A hole lies outside its area near {}", place(at)))
        }
        Fault::Disconnected(at) => {
            ("interior-cut", format!("Các lỗ cắt rời vùng gần {}", place(at)), format!("Holes cut the area into pieces near {}", place(at)))
        }
        Fault::PartsOverlap(at) => {
            ("parts-overlap", format!("Các phần chồng lên nhau gần {}", place(at)), format!("Its parts overlap near {}", place(at)))
        }
    }
}
