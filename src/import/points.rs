//! Points and places from CSV or GeoJSON, with the headers that offices use.

use serde_json::{Map, Value, json};

use super::canonical;
use super::columns::plain;
use super::crs::Crs;
use super::geojson::{self, Feature, Geometry, Position};
use super::report::{Report, Severity};
use super::zones::{Imported, Options, Source, source_of};
use crate::domain::fold::{clean, fold};
use crate::domain::geometry::contains;

/// Longitude and latitude in 10⁻⁷ degrees as text for people.
pub fn degrees(at: [i64; 2]) -> String {
    format!("{:.5}, {:.5}", at[0] as f64 / 1e7, at[1] as f64 / 1e7)
}

/// A column that is understood: its name in facts, and the headers it may have, folded without
/// separators. `CONTRIBUTING.md` lists them for planners.
const COLUMNS: &[(&str, &[&str])] = &[
    ("title", &["ten", "name", "title", "tencoso", "tendiem"]),
    ("lon", &["kinhdo", "lon", "lng", "longitude", "long"]),
    ("lat", &["vido", "lat", "latitude"]),
    ("x", &["x", "toadox"]),
    ("y", &["y", "toadoy"]),
    ("address", &["diachi", "address"]),
    ("phone", &["sodienthoai", "dienthoai", "sdt", "phone", "tel"]),
    ("hours", &["gio", "giolamviec", "giomocua", "hours"]),
    ("languages", &["ngonngu", "languages"]),
    ("role", &["vaitro", "chucnang", "role"]),
    ("operator", &["donvichuquan", "donviquanly", "operator"]),
    ("summary", &["mota", "ghichu", "summary", "note"]),
    ("units", &["madonvi", "donvihanhchinh", "units"]),
    ("kind", &["loai", "kind", "type"]),
    ("contact", &["nguoilienhe", "hoten", "contact"]),
    ("consent", &["dongy", "sodongy", "phieudongy", "consent"]),
    ("payment", &["thanhtoan", "phuongthucthanhtoan", "payment", "paymentmethods"]),
    ("offer", &["uudai", "noidung", "offer"]),
];

fn meaning(header: &str) -> Option<&'static str> {
    let header = plain(header);
    COLUMNS.iter().find(|(_, names)| names.contains(&header.as_str())).map(|(field, _)| *field)
}

/// A row that was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its number in the file, from 0.
    pub number: usize,
    /// Longitude and latitude in 10⁻⁷ degrees.
    pub position: [i64; 2],
    /// Its fields by their names in facts.
    pub fields: Map<String, Value>,
}

fn read_csv(bytes: &[u8], report: &mut Report) -> Option<geojson::File> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let first_line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |separator: u8| first_line.iter().filter(|byte| **byte == separator).count();
    let delimiter = [b',', b';', b'\t'].into_iter().max_by_key(|separator| count(*separator)).unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(bytes);
    let headers: Vec<String> = match reader.headers() {
        Ok(headers) => headers.iter().map(str::to_owned).collect(),
        Err(error) => {
            report.add(
                Severity::Error,
                "unreadable",
                None,
                format!("Không đọc được bảng: {error}"),
                format!("The table cannot be read: {error}"),
            );
            return None;
        }
    };
    let mut features = Vec::new();
    for (number, record) in reader.records().enumerate() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                report.add(
                    Severity::Error,
                    "unreadable",
                    number,
                    format!("Không đọc được dòng: {error}"),
                    format!("The row cannot be read: {error}"),
                );
                continue;
            }
        };
        let mut properties = Map::new();
        for (header, value) in headers.iter().zip(record.iter()) {
            properties.insert(header.clone(), Value::from(value));
        }
        let field =
            |names: [&str; 2]| headers.iter().zip(record.iter()).find(|(header, _)| meaning(header).is_some_and(|m| names.contains(&m)));
        let number_of = |text: Option<(&String, &str)>| text.and_then(|(_, text)| text.trim().replace(',', ".").parse::<f64>().ok());
        let geometry = match (number_of(field(["lon", "x"])), number_of(field(["lat", "y"]))) {
            (Some(x), Some(y)) => Ok(Geometry::Point(Position([x, y]))),
            _ => Err("no geometry".into()),
        };
        features.push(Feature { properties, geometry });
    }
    Some(geojson::File { crs: None, features })
}

/// Reads a table or GeoJSON of points; rows with errors are reported and left out.
pub fn read(bytes: &[u8], options: &Options, report: &mut Report) -> Vec<Row> {
    let is_json = bytes.iter().find(|byte| !byte.is_ascii_whitespace() && !b"\xef\xbb\xbf".contains(byte)) == Some(&b'{');
    let file = if is_json {
        match geojson::read(bytes) {
            Ok(file) => Some(file),
            Err(error) => {
                report.add(Severity::Error, "unreadable", None, error.to_string(), "See above");
                None
            }
        }
    } else {
        read_csv(bytes, report)
    };
    let Some(file) = file else { return Vec::new() };
    report.features = file.features.len();
    if file.features.is_empty() {
        report.add(Severity::Error, "empty", None, "Tệp không có dòng nào", "The file has no rows");
        return Vec::new();
    }
    let Some(source) = source_of(&file, options, report) else { return Vec::new() };
    report.crs = Some(format!("EPSG:{}", source.crs.epsg));
    let rows = file.features.iter().enumerate();
    rows.filter_map(|(number, feature)| read_row(number, feature, &source, options, report)).collect()
}

fn read_row(number: usize, feature: &Feature, source: &Source, options: &Options, report: &mut Report) -> Option<Row> {
    let Ok(Geometry::Point(Position([x, y]))) = feature.geometry else {
        report.add(Severity::Error, "no-geometry", number, "Thiếu tọa độ (kinh độ, vĩ độ)", "It has no coordinates (longitude, latitude)");
        return None;
    };
    let [x, y] = if source.swapped { [y, x] } else { [x, y] };
    let placed = source.crs.to_wgs84(x, y).ok().filter(|[lon, lat]| contains(&options.city, *lon, *lat));
    let Some([lon, lat]) = placed else {
        report.add(
            Severity::Error,
            "outside-city",
            number,
            format!("Nằm ngoài khung của thành phố ({x}, {y})"),
            format!("It lies outside the city's box ({x}, {y})"),
        );
        return None;
    };
    let mut fields = Map::new();
    for (header, value) in &feature.properties {
        let text = match value {
            Value::String(text) => clean(text),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        if let Some(field) = meaning(header)
            && !text.is_empty()
            && !matches!(field, "lon" | "lat" | "x" | "y")
        {
            fields.entry(field).or_insert(Value::from(text));
        }
    }
    if !fields.contains_key("title") {
        report.add(Severity::Error, "no-name", number, "Thiếu tên (cột Tên)", "It has no name (column Tên)");
        return None;
    }
    Some(Row { number, position: [canonical::round(lon), canonical::round(lat)], fields })
}

/// A campaign's participating places as a canonical set.
pub fn places(bytes: &[u8], options: &Options) -> Imported {
    let mut report = Report::default();
    let mut writer = canonical::Writer::default();
    for row in read(bytes, options, &mut report) {
        let mut properties = Map::new();
        let text = |field: &str| row.fields.get(field).cloned().unwrap_or(Value::Null);
        properties.insert("name".into(), text("title"));
        properties.insert("address".into(), text("address"));
        properties.insert("payment".into(), text("payment"));
        properties.insert("offer".into(), text("offer"));
        properties.insert("hours".into(), text("hours"));
        properties.insert("phone".into(), text("phone"));
        writer.point(&properties, row.position);
    }
    let set = writer.finish().filter(|_| report.is_clean());
    Imported { report, set, plane: options.plane }
}

/// Facts of a map point from a row; `kind` counts where the row names none.
///
/// A number of a health worker or of a named person is personal: it goes to the vault with the
/// consent the row names (columns Người liên hệ, Số điện thoại, Đồng ý), or the row is refused.
pub fn facts(row: &Row, kind: Option<&str>, report: &mut Report) -> Value {
    let mut facts = Map::new();
    let text = |field: &str| row.fields.get(field).and_then(Value::as_str);
    let own_kind = text("kind").map(|kind| kind_of(kind).unwrap_or(kind)).or(kind);
    let personal = text("contact").is_some() || (own_kind == Some("health-worker") && text("phone").is_some());
    if personal {
        match (text("contact"), text("phone"), text("consent")) {
            (Some(name), Some(phone), Some(evidence)) => {
                let consent = json!({ "purpose": "public-contact", "text_version": "import", "evidence": evidence });
                facts.insert("contact".into(), json!({ "name": name, "phone": phone, "consent": consent }));
            }
            _ => report.add(
                Severity::Error,
                "consent-missing",
                row.number,
                "Số điện thoại của cá nhân cần đủ ba cột: Người liên hệ, Số điện thoại, Đồng ý (số phiếu đồng ý)",
                "A person's number needs three columns: Người liên hệ, Số điện thoại, Đồng ý (number of the consent form)",
            ),
        }
    }
    for (field, value) in &row.fields {
        let Some(text) = value.as_str() else { continue };
        let list = || text.split([',', ';']).map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>();
        match field.as_str() {
            "phone" if personal => {}
            "phone" => {
                facts.insert("phones".into(), json!([{ "label": "Điện thoại", "number": text }]));
            }
            "languages" | "units" => {
                facts.insert(field.clone(), json!(list()));
            }
            "kind" => {
                facts.insert("kind".into(), json!(kind_of(text).unwrap_or(text)));
            }
            "payment" | "offer" | "contact" | "consent" => {}
            _ => {
                facts.insert(field.clone(), value.clone());
            }
        }
    }
    if let Some(kind) = kind {
        facts.entry("kind").or_insert(json!(kind));
    }
    let [lon, lat] = row.position.map(|value| value as f64 / 1e7);
    facts.insert("position".into(), json!({ "lon": lon, "lat": lat }));
    Value::Object(facts)
}

/// A kind from the words offices use.
fn kind_of(text: &str) -> Option<&'static str> {
    match fold(text).as_str() {
        "xe cuu thuong" | "xe cap cuu" | "cuu thuong" => Some("ambulance"),
        "nhan vien y te" | "y te thon ban" | "nhan vien y te thon ban" => Some("health-worker"),
        "tram y te" | "benh vien" | "trung tam y te" => Some("health-station"),
        "ban tu van" | "to tu van" => Some("advisory-desk"),
        "to cong nghe so" | "to cong nghe so cong dong" => Some("digital-team"),
        _ => None,
    }
}

/// Options for a file of points in a city.
pub fn options(city: &crate::domain::city::City, crs: Option<&str>) -> Result<Options, super::crs::CrsError> {
    Ok(Options {
        crs: crs.map(Crs::code).transpose()?,
        code_column: None,
        name_column: None,
        kind: crate::domain::plan::PlanKind::LandUsePlan,
        signed: jiff::civil::Date::MAX,
        city: city.bbox,
        plane: city.default_crs,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn city() -> crate::domain::city::City {
        crate::domain::city::City { bbox: [104.815, 21.646, 104.961, 21.798], default_crs: 9208, ..Default::default() }
    }

    #[test]
    fn vietnamese_headers_and_vn2000_numbers_are_understood() {
        let csv = "Tên;X;Y;Số điện thoại;Loại\nTrạm y tế A;2401150;512650;0216 3 850 115;Trạm y tế\n";
        let options = options(&city(), Some("EPSG:9208")).expect("known");
        let mut report = Report::default();
        let rows = read(csv.as_bytes(), &options, &mut report);
        assert!(report.is_clean(), "{report:?}");
        assert_eq!(rows[0].position, [1_048_741_601, 217_062_817]);
        assert_eq!(facts(&rows[0], None, &mut report)["kind"], "health-station");
    }

    #[test]
    fn a_persons_number_needs_their_consent() {
        let options = options(&city(), None).expect("known");
        let read_facts = |csv: &str| {
            let mut report = Report::default();
            let rows = read(csv.as_bytes(), &options, &mut report);
            (facts(&rows[0], Some("health-worker"), &mut report), report)
        };
        let (_, report) = read_facts("Tên,Kinh độ,Vĩ độ,Số điện thoại\nThôn A,104.87,21.7,0900000000\n");
        assert_eq!(report.findings[0].check, "consent-missing");
        let (facts, report) =
            read_facts("Tên,Kinh độ,Vĩ độ,Số điện thoại,Người liên hệ,Đồng ý\nThôn A,104.87,21.7,0900000000,Chị A,HS-1\n");
        assert!(report.is_clean());
        assert!(facts.get("phones").is_none() && facts["contact"]["consent"]["evidence"] == "HS-1");
    }

    #[test]
    fn a_row_without_a_place_or_a_name_is_named() {
        let csv = "name,lon,lat\nA,,\n,104.87,21.7\nB,104.87,21.7\n";
        let options = options(&city(), None).expect("known");
        let mut report = Report::default();
        assert_eq!(read(csv.as_bytes(), &options, &mut report).len(), 1);
        let found: Vec<_> = report.findings.iter().map(|f| (f.check, f.feature)).collect();
        assert_eq!(found, [("no-geometry", Some(0)), ("no-name", Some(1))]);
    }
}
