//! What a `.prj` file or a WKT definition says, in the dialects of ESRI, GDAL and MapInfo.

use super::{CrsError, known, system, zone_of};

/// The value after the first `NAME["…",value` in a WKT text, whatever its case.
fn parameter(wkt: &str, name: &str) -> Option<f64> {
    let upper = wkt.to_uppercase();
    let at = upper.find(&format!("\"{}\"", name.to_uppercase()))?;
    let rest = upper.get(at + name.len() + 2..)?.trim_start().strip_prefix(',')?;
    rest.split([']', ',', ')']).next()?.trim().parse().ok()
}

/// The code of the outermost `AUTHORITY["EPSG","…"]` or `ID["EPSG",…]`: the last one in the text.
fn authority(wkt: &str) -> Option<u32> {
    let compact: String = wkt.chars().filter(|c| !c.is_whitespace() && *c != '"').collect::<String>().to_uppercase();
    let at = ["AUTHORITY[EPSG,", "ID[EPSG,"].iter().filter_map(|key| compact.rfind(key).map(|at| at + key.len())).max()?;
    // A unit's or a datum's own code is followed by another closing bracket but not by the end.
    let rest = compact.get(at..)?;
    let code = rest.split([']', ',', ')']).next()?.parse().ok()?;
    rest.chars().skip_while(char::is_ascii_digit).all(|c| c == ']').then_some(code)
}

/// The EPSG code of a definition; an unknown one is named with the list of known systems.
///
/// A VN-2000 zone is known by its central meridian and scale even where no code is given. A zone
/// with the same numbers on another datum is not VN-2000: it lies 223 m away.
pub fn code(wkt: &str) -> Result<u32, CrsError> {
    let name = wkt.split('"').nth(1).unwrap_or(wkt).trim().to_owned();
    let unknown = || CrsError::Unknown(format!("“{}”", name.chars().take(80).collect::<String>()));
    if let Some(code) = authority(wkt) {
        return if system(code).is_some() { Ok(code) } else { Err(CrsError::Unknown(format!("EPSG:{code}"))) };
    }
    let plain: String = wkt.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    let is_vn2000 = plain.contains("vn2000") || plain.contains("vietnam2000");
    let is_wgs84 = plain.contains("wgs1984") || plain.contains("wgs84");
    if plain.starts_with("projcs") || plain.starts_with("projcrs") {
        let meridian = parameter(wkt, "central_meridian").or_else(|| parameter(wkt, "longitude of natural origin"));
        let scale = parameter(wkt, "scale_factor").or_else(|| parameter(wkt, "scale factor at natural origin"));
        let easting = parameter(wkt, "false_easting").or_else(|| parameter(wkt, "false easting"));
        let zone = meridian.zip(scale).and_then(|(meridian, scale)| zone_of(meridian, scale));
        return match zone {
            Some(zone) if is_vn2000 && easting == Some(500_000.0) => Ok(zone),
            Some(zone) if is_wgs84 => Err(CrsError::Datum { name, zone }),
            _ => Err(unknown()),
        };
    }
    if is_vn2000 {
        return Ok(4756);
    }
    if is_wgs84 && (plain.starts_with("geogcs") || plain.starts_with("geogcrs") || plain.starts_with("geodcrs")) {
        return Ok(4326);
    }
    Err(unknown())
}

/// The list of systems that can be read, for people.
pub fn known_systems() -> String {
    known()
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn the_same_numbers_on_another_datum_are_not_vn_2000() {
        let fake = r#"PROJCS["My zone",GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984"]],PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",500000.0],PARAMETER["Central_Meridian",104.75],PARAMETER["Scale_Factor",0.9999]]"#;
        assert_eq!(code(fake), Err(CrsError::Datum { name: "My zone".into(), zone: 9208 }));
        let utm = r#"PROJCS["WGS 84 / UTM zone 48N",GEOGCS["WGS 84"],AUTHORITY["EPSG","32648"]]"#;
        assert_eq!(code(utm), Err(CrsError::Unknown("EPSG:32648".into())));
        assert!(code("garbage").is_err() && code("").is_err());
    }
}
