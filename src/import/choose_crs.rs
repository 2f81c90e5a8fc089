//! Chooses the coordinate system of a file. What the planner says, what the file says and what fits the city's
//! box must agree.

use crate::geometry::crs::Crs;
use crate::geometry::crs::CrsError;
use crate::geometry::crs::fitting;
use crate::geometry::{Bbox, contains};
use crate::import::formats::Stated;
use crate::import::report::{Report, Severity};

/// The coordinate system in which a file is read, and the order of its axes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chosen {
    /// The system.
    pub crs: Crs,
    /// True if x and y must be exchanged, because the northing comes first.
    pub swapped: bool,
}

/// What is known about the system besides the numbers.
#[derive(Debug, Clone, Copy)]
pub struct Hints<'a> {
    /// EPSG code that the planner gave, if any.
    pub asked: Option<u32>,
    /// The system that the file names.
    pub stated: &'a Stated,
    /// True if the format's standard prescribes WGS 84.
    pub defaults_to_wgs84: bool,
    /// The city's box, degrees WGS 84.
    pub city: &'a Bbox,
}

/// Chooses the system; none after an error in the report, which names the system that fits.
pub fn choose(sample: &[[f64; 2]], hints: Hints<'_>, report: &mut Report) -> Option<Chosen> {
    let fits = fitting(sample, hints.city);
    let named = match (hints.stated, hints.asked) {
        (Stated::Epsg(epsg), _) => Some(*epsg),
        (Stated::Nothing, _) => None,
        (Stated::Unknown(error), Some(asked)) => {
            report.add(
                Severity::Warning,
                "crs-statement-unknown",
                None,
                format!("Đã đọc theo --crs EPSG:{asked}, không theo hệ ghi trong tệp. {}", error.words().0),
                format!("Read as --crs EPSG:{asked}, not as the file says. {}", error.words().1),
            );
            None
        }
        (Stated::Unknown(error), None) => {
            let (vi, en) = error.words();
            match error {
                // The file's statement is refused, so the numbers decide which system to propose.
                CrsError::Datum { zone, .. } if !fits.iter().any(|fit| fit.0 == *zone) => {
                    // The sentence's second half says how far off the drawing would lie. It does not apply if
                    // the numbers fit another zone.
                    let (vi, en) = (vi.split(';').next().unwrap_or(&vi), en.split(';').next().unwrap_or(&en));
                    propose(&fits, "crs-unknown", vi, en, report, sample);
                }
                CrsError::Datum { .. } | CrsError::Point(_) | CrsError::OtherDatum { .. } | CrsError::Parameters { .. } => {
                    report.add(Severity::Error, "crs-unknown", None, vi, en);
                }
                CrsError::Unknown(_) => propose(&fits, "crs-unknown", &vi, &en, report, sample),
            }
            return None;
        }
    };
    if let (Some(asked), Some(named)) = (hints.asked, named)
        && asked != named
    {
        let (vi, en) = (
            format!("Tệp ghi hệ EPSG:{named} nhưng lệnh yêu cầu EPSG:{asked}"),
            format!("The file says EPSG:{named} but --crs says EPSG:{asked}"),
        );
        propose(&fits, "crs-contradiction", &vi, &en, report, sample);
        return None;
    }
    let geographic = sample.iter().filter(|[x, y]| x.abs() <= 180.0 && y.abs() <= 180.0).count();
    let looks_geographic = geographic * 2 >= sample.len();
    let default = (hints.defaults_to_wgs84 && looks_geographic).then_some(4326);
    // If no position can be read, the report should name that instead of a missing system.
    let unasked = sample.is_empty().then_some(4326);
    let Some(epsg) = hints.asked.or(named).or(default).or(unasked) else {
        propose(&fits, "crs-missing", "Tệp không ghi hệ tọa độ", "The file names no coordinate system", report, sample);
        return None;
    };
    let crs = match Crs::new(epsg) {
        Ok(crs) => crs,
        Err(error) => {
            let (vi, en) = error.words();
            report.add(Severity::Error, "crs-unknown", None, vi, en);
            return None;
        }
    };
    if sample.is_empty() || fits.iter().any(|fit| (fit.0, fit.1) == (epsg, false)) {
        return Some(Chosen { crs, swapped: false });
    }
    if fits.iter().any(|fit| (fit.0, fit.1) == (epsg, true)) {
        report.add(
            Severity::Repair,
            "axes-swapped",
            None,
            "Tệp ghi X = bắc, Y = đông; đã đổi lại thành đông, bắc",
            "The file has X = northing, Y = easting; exchanged to easting, northing",
        );
        return Some(Chosen { crs, swapped: true });
    }
    // If no system fits but some rows do, the wrong rows are reported one by one.
    let is_right = |[x, y]: &[f64; 2]| crs.to_wgs84(*x, *y).is_ok_and(|[lon, lat]| contains(hints.city, lon, lat));
    if fits.is_empty() && sample.iter().any(is_right) {
        return Some(Chosen { crs, swapped: false });
    }
    let (vi, en) = (
        format!("Theo EPSG:{epsg} thì bản vẽ nằm ngoài khung của thành phố"),
        format!("In EPSG:{epsg} the drawing lies outside the city's box"),
    );
    propose(&fits, "crs-misses-city", &vi, &en, report, sample);
    None
}

/// Reports the system that fits, and how far away the drawing would lie in another one.
fn propose(fits: &[(u32, bool, f64)], check: &str, vi: &str, en: &str, report: &mut Report, sample: &[[f64; 2]]) {
    let first = sample.first().map_or_else(String::new, |[x, y]| format!(" ({x}; {y})"));
    let Some((epsg, swapped, _)) = fits.first() else {
        return report.add(
            Severity::Error,
            check,
            None,
            format!("{vi}. Không hệ nào đã biết đặt bản vẽ vào khung của thành phố{first}; hãy kiểm tra đơn vị (mét hay độ), số bị cắt, hoặc tệp của nơi khác"),
            format!("{en}. No known system puts the drawing into the city's box{first}; look whether its unit is metres or degrees, whether digits were cut off, or whether it is of another place"),
        );
    };
    // Other systems in which the drawing also lies in the city: only its author knows which one is meant.
    let rivals: Vec<u32> = fits[1..].iter().filter(|fit| fit.2 >= 0.9 * fits[0].2 && fit.0 != *epsg).map(|fit| fit.0).collect();
    if let (Some(rival), Some(point)) = (rivals.first(), sample.first()) {
        let metres = kilometres_off(*rival, *epsg, *swapped, point).map_or(0.0, |(km, _)| km * 1000.0);
        let list = std::iter::once(epsg).chain(&rivals).map(|epsg| format!("EPSG:{epsg}")).collect::<Vec<_>>().join(", ");
        return report.add(
            Severity::Error,
            check,
            None,
            format!("{vi}. Số liệu khớp nhiều hệ: {list}; EPSG:{epsg} và EPSG:{rival} cách nhau {metres:.0} m. Hãy hỏi người lập bản đồ rồi ghi --crs"),
            format!("{en}. The numbers fit several systems: {list}; EPSG:{epsg} and EPSG:{rival} lie {metres:.0} m apart. Ask the map's maker which is meant, and say --crs"),
        );
    }
    let other = [9206, 9207, 5897, 3405].into_iter().filter(|other| other != epsg).find_map(|other| {
        let (km, west) = kilometres_off(other, *epsg, *swapped, sample.first()?).ok()?;
        (km < 1_000.0).then_some((other, km, west))
    });
    let (other_vi, other_en) = other.map_or_else(Default::default, |(other, km, west)| {
        let (to_vi, to_en) = if west { ("tây", "west") } else { ("đông", "east") };
        (format!("; theo EPSG:{other} thì lệch {km:.0} km về phía {to_vi}"), format!("; in EPSG:{other} it would lie {km:.0} km {to_en}"))
    });
    let axes = if *swapped { (" (X = bắc, Y = đông)", " (X = northing, Y = easting)") } else { ("", "") };
    report.add(
        Severity::Error,
        check,
        None,
        format!("{vi}. Số liệu khớp EPSG:{epsg}{}{other_vi}: hãy ghi --crs EPSG:{epsg}", axes.0),
        format!("{en}. The numbers fit EPSG:{epsg}{}{other_en}: say --crs EPSG:{epsg}", axes.1),
    );
}

/// Distance in kilometres from a point's place in the system that fits to its place in another, and whether the
/// other place is further west.
fn kilometres_off(other: u32, fits: u32, swapped: bool, point: &[f64; 2]) -> Result<(f64, bool), CrsError> {
    let [x, y] = if swapped { [point[1], point[0]] } else { *point };
    let [there, here] = [Crs::new(other)?.to_wgs84(x, y)?, Crs::new(fits)?.to_wgs84(x, y)?];
    let squeeze = libm::cos(here[1].to_radians());
    let (east, north) = ((there[0] - here[0]) * 111.3 * squeeze, (there[1] - here[1]) * 110.7);
    Ok(((east * east + north * north).sqrt(), east < 0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CITY: Bbox = [104.815, 21.646, 104.961, 21.798];
    const IN_9208: [[f64; 2]; 1] = [[512_650.0, 2_401_150.0]];

    fn decide(sample: &[[f64; 2]], asked: Option<u32>, stated: &Stated) -> Result<Chosen, (String, String)> {
        let mut report = Report::default();
        let hints = Hints { asked, stated, defaults_to_wgs84: true, city: &CITY };
        choose(sample, hints, &mut report).ok_or_else(|| {
            let finding = report.findings.remove(0);
            (finding.check, finding.en)
        })
    }

    #[test]
    fn where_nothing_is_said_the_system_that_fits_is_proposed_with_a_distance() {
        let (check, en) = decide(&IN_9208, None, &Stated::Nothing).expect_err("asks");
        assert_eq!(check, "crs-missing");
        assert!(en.contains("fit EPSG:9208; in EPSG:9206 it would lie 78 km west"), "{en}");
    }

    #[test]
    fn a_contradiction_and_a_miss_name_the_system_that_fits() {
        let (check, en) = decide(&IN_9208, Some(9206), &Stated::Epsg(9208)).expect_err("contradiction");
        assert!(check == "crs-contradiction" && en.contains("say --crs EPSG:9208"), "{en}");
        let (check, en) = decide(&IN_9208, Some(9206), &Stated::Nothing).expect_err("miss");
        assert!(check == "crs-misses-city" && en.contains("fit EPSG:9208"), "{en}");
    }

    #[test]
    fn swapped_axes_are_exchanged_and_an_unknown_system_is_refused() {
        let swapped = decide(&[[2_401_150.0, 512_650.0]], None, &Stated::Epsg(9208)).expect("fits");
        assert!(swapped.swapped);
        let unknown = Stated::Unknown(CrsError::Unknown("EPSG:2263".into()));
        assert_eq!(decide(&IN_9208, None, &unknown).expect_err("unknown").0, "crs-unknown");
        assert!(decide(&IN_9208, Some(9208), &unknown).is_ok(), "what the planner says wins");
    }

    #[test]
    fn utm_on_wgs_84_is_asked_about_with_what_the_numbers_fit() {
        let utm = Stated::of(Crs::code("EPSG:32648"));
        // The city's place in EPSG:3405.
        let at = Crs::new(3405).and_then(|crs| crs.from_wgs84(104.874, 21.706)).expect("in the zone");
        let (check, en) = decide(&[at], None, &utm).expect_err("asks");
        assert!(check == "crs-unknown" && en.contains("223 m off") && en.contains("--crs EPSG:3405"), "{en}");
        let (_, en) = decide(&IN_9208, None, &utm).expect_err("asks");
        assert!(en.contains("say --crs EPSG:9208") && !en.contains("3405"), "{en}");
    }

    #[test]
    fn numbers_that_fit_two_systems_name_both_and_how_far_they_lie_apart() {
        let (check, en) = {
            let mut report = Report::default();
            let hints = Hints { asked: None, stated: &Stated::Nothing, defaults_to_wgs84: false, city: &CITY };
            assert!(choose(&[[104.874, 21.706]], hints, &mut report).is_none());
            let finding = report.findings.remove(0);
            (finding.check, finding.en)
        };
        assert!(check == "crs-missing" && en.contains("EPSG:4326, EPSG:4756") && en.contains("m apart"), "{en}");
        // A city on the meridian of 105°: places with scale 0.9999 and 0.9996 lie 721 m apart, inside its box.
        let city: Bbox = [104.9, 21.6, 105.1, 21.8];
        let mut report = Report::default();
        let hints = Hints { asked: None, stated: &Stated::Nothing, defaults_to_wgs84: false, city: &city };
        assert!(choose(&[[500_100.0, 2_401_150.0]], hints, &mut report).is_none());
        let en = &report.findings[0].en;
        assert!(en.contains("EPSG:5897") && en.contains("EPSG:3405") && en.contains(" 721 m apart"), "{en}");
    }
}
