//! Reads a parcel as residents have it: the corner table of a land certificate, or a GeoJSON polygon.

use serde_json::Value;

use crate::domain::city::City;
use crate::geometry::contains;
use crate::geometry::crs::Crs;
use crate::geometry::{Ring, encloses};
use crate::words::sentence::Sentence;

/// Most corners of a parcel; a certificate has a few dozen.
const MOST: usize = 500;
/// Greatest width of a parcel, 10⁻⁷ degrees: about five kilometres.
const WIDEST: i64 = 500_000;
/// Twice the least area of a parcel, in squares of 10⁻⁷ degrees: about a tenth of a square metre.
const FLAT: f64 = 2_000.0;

/// A parcel that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Parcel {
    /// Rings without closing points, in 10⁻⁷ degrees, the outer one counter-clockwise.
    pub rings: Vec<Ring>,
    /// The parcel's area in square metres, from the corners as given, if those are in metres. Degrees are
    /// rounded to a centimetre, and would give another area than the certificate states.
    pub area_m2: Option<f64>,
}

/// Why a text is no parcel: sentences in Vietnamese and in English.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoParcel(pub Sentence);

fn no(said: Sentence) -> NoParcel {
    NoParcel(said)
}

/// Reads a GeoJSON polygon or a corner table. The size of the numbers tells the coordinate system.
///
/// A GeoJSON polygon is in WGS 84, or in VN-2000 if its numbers are metres. A corner table has one corner a
/// line: X (north) and Y (east) in metres of the city's VN-2000 zone, after the corner's number if it has one.
pub fn read(text: &str, city: &City) -> Result<Parcel, NoParcel> {
    let text = text.trim().trim_start_matches('\u{feff}');
    let rings = if text.starts_with('{') { geojson(text)? } else { vec![corners(text)?] };
    if rings.iter().map(Vec::len).sum::<usize>() > MOST {
        return Err(no(sentence!("parcel-corners", value = MOST)));
    }
    let plane = Crs::new(city.default_crs).map_err(|error| no(error.said()))?;
    let mut placed = Vec::with_capacity(rings.len());
    for (number, ring) in rings.iter().enumerate() {
        let mut points: Ring = Vec::with_capacity(ring.len());
        for (corner, [a, b]) in ring.iter().enumerate() {
            let [lon, lat] = degrees([*a, *b], &plane, city)
                .ok_or_else(|| no(sentence!("corner-does-lie", corner = corner + 1, a, b, city = city.name())))?;
            points.push([(lon * 1e7).round() as i64, (lat * 1e7).round() as i64]);
        }
        points.dedup();
        if points.len() > 1 && points.first() == points.last() {
            points.pop();
        }
        if points.len() < 3 {
            return Err(no(sentence!("parcel-three-corners")));
        }
        // The outer border runs counter-clockwise, holes clockwise (RFC 7946 §3.1.6).
        if (doubled(&points) > 0) != (number == 0) {
            points.reverse();
        }
        placed.push(points);
    }
    let (outer, holes) = (&placed[0], &placed[1..]);
    let span = |axis: usize| {
        let values = || outer.iter().map(|corner| corner[axis]);
        values().max().unwrap_or_default() - values().min().unwrap_or_default()
    };
    if span(0) > WIDEST || span(1) > WIDEST {
        return Err(no(sentence!("parcel-too-wide")));
    }
    if holes.iter().any(|hole| crosses_itself(hole) || cross(outer, hole) || !encloses(outer, hole[0])) {
        return Err(no(sentence!("parcel-hole")));
    }
    if crosses_itself(outer) {
        return Err(no(sentence!("parcel-crosses-itself")));
    }
    let flat = |ring: &Ring| (doubled(ring).unsigned_abs() as f64) < FLAT;
    if placed.iter().any(flat) {
        return Err(no(sentence!("parcel-flat")));
    }
    let in_metres = rings.iter().flatten().all(|corner| corner.iter().all(|value| value.abs() > 180.0));
    let [outer, holes @ ..] = rings.as_slice() else { return Ok(Parcel { rings: placed, area_m2: None }) };
    let area_m2 = in_metres.then(|| shoelace(outer) - holes.iter().map(|hole| shoelace(hole)).sum::<f64>());
    Ok(Parcel { rings: placed, area_m2 })
}

/// Twice the signed area of a ring without its closing point, positive if it runs counter-clockwise.
fn doubled(ring: &Ring) -> i128 {
    let corner = |i: usize| {
        let (p, q) = (ring[i], ring[(i + 1) % ring.len()]);
        i128::from(p[0]) * i128::from(q[1]) - i128::from(q[0]) * i128::from(p[1])
    };
    (0..ring.len()).map(corner).sum()
}

/// Area within a ring, with or without its closing point.
fn shoelace(ring: &[[f64; 2]]) -> f64 {
    let [x, y] = ring.first().copied().unwrap_or_default();
    let doubled: f64 = (0..ring.len())
        .map(|i| {
            let (p, q) = (ring[i], ring[(i + 1) % ring.len()]);
            (p[0] - x) * (q[1] - y) - (q[0] - x) * (p[1] - y)
        })
        .sum();
    doubled.abs() / 2.0
}

/// Longitude and latitude in degrees of a pair of numbers in either order, in degrees or in metres of `plane`;
/// none if it lies outside the city.
pub fn degrees([a, b]: [f64; 2], plane: &Crs, city: &City) -> Option<[f64; 2]> {
    let inside = |at: [f64; 2]| contains(&city.bbox, at[0], at[1]).then_some(at);
    if a.abs() <= 180.0 && b.abs() <= 180.0 {
        return inside([a, b]).or_else(|| inside([b, a]));
    }
    // Northings of the country (0.92–2.59 million) and eastings (0.2–0.85 million) never overlap.
    let (east, north) = if a > b { (b, a) } else { (a, b) };
    plane.to_wgs84(east, north).ok().and_then(inside)
}

fn geojson(text: &str) -> Result<Vec<Vec<[f64; 2]>>, NoParcel> {
    let value: Value = serde_json::from_str(text).map_err(|error| no(sentence!("geojson-wrong-line", line = error.line())))?;
    let geometry = match value.get("type").and_then(Value::as_str) {
        Some("FeatureCollection") if value.pointer("/features/1").is_some() => None,
        Some("FeatureCollection") => value.pointer("/features/0/geometry"),
        Some("Feature") => value.get("geometry"),
        _ => Some(&value),
    };
    let wanted = || no(sentence!("geojson-must-polygon"));
    let geometry = geometry.ok_or_else(wanted)?;
    let coordinates = match geometry.get("type").and_then(Value::as_str) {
        Some("Polygon") => geometry.get("coordinates"),
        Some("MultiPolygon") if geometry.pointer("/coordinates/1").is_none() => geometry.pointer("/coordinates/0"),
        _ => None,
    };
    let rings = coordinates.and_then(Value::as_array).filter(|rings| !rings.is_empty()).ok_or_else(wanted)?;
    let position = |value: &Value| Some([value.get(0)?.as_f64()?, value.get(1)?.as_f64()?]);
    rings.iter().map(|ring| ring.as_array()?.iter().map(position).collect()).collect::<Option<_>>().ok_or_else(wanted)
}

/// The numbers of a line, separated by blanks, semicolons, bars or tabs. The decimal sign is a dot or a comma;
/// whether dots group thousands, as in Vietnamese tables, shows in what follows them.
pub fn numbers(line: &str) -> Vec<f64> {
    let pieces = line.split(|c: char| c.is_whitespace() || matches!(c, ';' | '|'));
    pieces.filter_map(|piece| number(piece.trim_matches(|c: char| !c.is_ascii_digit() && c != '-'))).collect()
}

/// One number, written with a dot or a comma, thousands grouped or not.
pub fn number(text: &str) -> Option<f64> {
    let text = &*crate::words::alike::read(text);
    if text.is_empty() {
        return None;
    }
    let (dots, commas) = (text.matches('.').count(), text.matches(',').count());
    let plain = match (dots, commas) {
        // 2.401.150,25
        (_, 1) if dots > 0 || text.rsplit(',').next().is_some_and(|rest| rest.len() != 3) => text.replace('.', "").replace(',', "."),
        // 2,401,150.25
        (1, _) => text.replace(',', ""),
        (0, _) => text.replace(',', if commas == 1 { "." } else { "" }),
        _ => text.replace(['.', ','], ""),
    };
    plain.parse().ok()
}

fn corners(text: &str) -> Result<Vec<[f64; 2]>, NoParcel> {
    let mut points = Vec::new();
    for (index, line) in text.lines().enumerate() {
        // A pair separated by a comma and a blank, as maps show it: “21.71, 104.88”.
        let found = numbers(&line.replace(", ", " "));
        match found.as_slice() {
            [] => {}
            // Other numbers on the line, such as the corner's number or lengths of sides, are no coordinates.
            [a, b] => points.push([*a, *b]),
            [_, rest @ ..] if rest.len() >= 2 => {
                let large: Vec<f64> = found.iter().copied().filter(|value| *value > 100_000.0).collect();
                match (large.as_slice(), rest) {
                    ([a, b], _) | ([], [a, b]) => points.push([*a, *b]),
                    _ => return Err(wrong_line(index, line)),
                }
            }
            _ => return Err(wrong_line(index, line)),
        }
        if points.len() > MOST {
            break;
        }
    }
    if points.len() < 3 {
        return Err(no(sentence!("parcel-table-corners")));
    }
    Ok(points)
}

fn wrong_line(index: usize, line: &str) -> NoParcel {
    let shown: String = line.trim().chars().take(40).collect();
    no(sentence!("parcel-table-line", index = index + 1, shown))
}

/// Turn of the path a, b, c: 1 to the left, -1 to the right, 0 straight on.
fn turn(a: [i64; 2], b: [i64; 2], c: [i64; 2]) -> i128 {
    (i128::from(b[0] - a[0]) * i128::from(c[1] - a[1]) - i128::from(b[1] - a[1]) * i128::from(c[0] - a[0])).signum()
}

/// True if two sides properly cross, not merely touch.
fn sides_cross([a, b]: [[i64; 2]; 2], [c, d]: [[i64; 2]; 2]) -> bool {
    turn(a, b, c) * turn(a, b, d) < 0 && turn(c, d, a) * turn(c, d, b) < 0
}

fn side(ring: &Ring, i: usize) -> [[i64; 2]; 2] {
    [ring[i], ring[(i + 1) % ring.len()]]
}

/// True if two sides of a ring cross that are not neighbours.
fn crosses_itself(ring: &Ring) -> bool {
    let n = ring.len();
    (0..n).any(|i| (i + 2..n).filter(|j| (j + 1) % n != i).any(|j| sides_cross(side(ring, i), side(ring, j))))
}

/// True if a side of one ring crosses a side of the other.
fn cross(a: &Ring, b: &Ring) -> bool {
    (0..a.len()).any(|i| (0..b.len()).any(|j| sides_cross(side(a, i), side(b, j))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::test_support::city;
    use crate::words::text::Lang;

    fn area(text: &str) -> f64 {
        let parcel = read(text, &city()).unwrap_or_else(|error| panic!("{error:?}"));
        let measured = crate::geometry::area::area_m2(&parcel.rings, &Crs::new(9208).expect("known"));
        assert!(parcel.area_m2.is_none_or(|stated| (stated - measured).abs() < 0.3), "{:?} {measured}", parcel.area_m2);
        parcel.area_m2.unwrap_or(measured)
    }

    fn refusal(text: &str) -> String {
        read(text, &city()).expect_err("no parcel").0.text(Lang::En)
    }

    #[test]
    fn a_certificates_table_is_read_in_either_order_and_with_its_decorations() {
        // 20 m by 30 m: X is the northing.
        let plain = "2401150.00 512650.00\n2401150.00 512670.00\n2401180.00 512670.00\n2401180.00 512650.00";
        let vietnamese = "Số hiệu đỉnh | X (m) | Y (m)\n1 2.401.150,00 512.650,00\n2 2.401.150,00 512.670,00\n3 2.401.180,00 512.670,00\n4 2.401.180,00 512.650,00\n1 2.401.150,00 512.650,00";
        let swapped = "1;512650;2401150\n2;512670;2401150\n3;512670;2401180\n4;512650;2401180";
        let with_sides = "1\t2401150\t512650\t20,00\n2\t2401150\t512670\t30,00\n3\t2401180\t512670\t20,00\n4\t2401180\t512650\t30,00";
        for text in [plain, &vietnamese.replace("Số hiệu đỉnh | X (m) | Y (m)\n", ""), swapped, with_sides] {
            assert!((area(text) - 600.0).abs() < 1e-6, "{text}: {}", area(text));
        }
    }

    #[test]
    fn a_polygon_in_geojson_is_read_with_its_hole_and_whichever_way_it_runs() {
        let outer = "[[104.87,21.70],[104.871,21.70],[104.871,21.701],[104.87,21.701],[104.87,21.70]]";
        let hole = "[[104.8704,21.7004],[104.8706,21.7004],[104.8706,21.7006],[104.8704,21.7006],[104.8704,21.7004]]";
        let whole = area(&format!(r#"{{"type":"Polygon","coordinates":[{outer}]}}"#));
        let holed =
            area(&format!(r#"{{"type":"Feature","properties":{{}},"geometry":{{"type":"Polygon","coordinates":[{outer},{hole}]}}}}"#));
        assert!((holed / whole - 0.96).abs() < 0.001, "{holed} {whole}");
        let pairs = "21.70, 104.87\n21.70, 104.871\n21.701, 104.871\n21.701, 104.87";
        assert!((area(pairs) - whole).abs() < 0.1, "latitude first, as maps show it");
    }

    #[test]
    fn a_hole_that_is_no_hole_and_two_parcels_are_refused() {
        let outer = "[[104.87,21.70],[104.871,21.70],[104.871,21.701],[104.87,21.701]]";
        let polygon = |hole: &str| format!(r#"{{"type":"Polygon","coordinates":[{outer},{hole}]}}"#);
        for hole in [
            "[[104.86,21.69],[104.88,21.69],[104.88,21.71],[104.86,21.71]]",
            "[[104.8705,21.7005],[104.8725,21.7005],[104.8725,21.7007],[104.8705,21.7007]]",
            "[[104.8702,21.7002],[104.8708,21.7008],[104.8708,21.7002],[104.8702,21.7009]]",
        ] {
            assert!(refusal(&polygon(hole)).contains("hole"), "{hole}");
        }
        let feature = format!(r#"{{"type":"Feature","properties":{{}},"geometry":{{"type":"Polygon","coordinates":[{outer}]}}}}"#);
        let two = format!(r#"{{"type":"FeatureCollection","features":[{feature},{feature}]}}"#);
        assert!(refusal(&two).contains("one polygon"));
    }

    #[test]
    fn what_is_no_parcel_is_told_by_its_line() {
        assert!(refusal("1 2 3 4 5\n").contains("Line 1"));
        assert!(refusal("2401150 512650\nabc 12\n").contains("Line 2"));
        assert!(refusal("").contains("at least three"));
        assert!(refusal("0 0\n1 1\n2 0").contains("does not lie in"));
        assert!(refusal("{\"type\":\"Point\",\"coordinates\":[104.87,21.7]}").contains("one polygon"));
        assert!(refusal("{").contains("line 1"));
        let bow_tie = "2401150 512650\n2401180 512670\n2401150 512670\n2401180 512650";
        assert!(refusal(bow_tie).contains("crosses itself"));
        assert!(refusal("2401150 512650\n2401160 512650\n2401170 512650").contains("no area"));
        let many = "2401150 512650\n".repeat(3_000);
        assert!(refusal(&many).contains("more than"));
    }
}
