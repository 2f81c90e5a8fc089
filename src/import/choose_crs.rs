//! Chooses the coordinate system of a file. What the planner says, what the file says and what fits the city's
//! box must agree.

use crate::geometry::crs::Crs;
use crate::geometry::crs::CrsError;
use crate::geometry::crs::fitting;
use crate::geometry::{Bbox, contains};
use crate::import::formats::Stated;
use crate::import::report::{Report, Severity};
use crate::words::sentence::Sentence;

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
    /// EPSG code of the authority's last file, as the planner said then.
    pub before: Option<u32>,
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
            report.add(Severity::Warning, "crs-statement-unknown", None, sentence!("crs-statement-unknown", asked, reason = error.said()));
            None
        }
        (Stated::Unknown(error), None) => {
            match error {
                // The file's statement is refused, so the numbers decide which system to propose. How far off the
                // drawing would lie does not apply if they fit another zone.
                CrsError::Datum { zone, name } if !fits.iter().any(|fit| fit.0 == *zone) => {
                    propose(&fits, "crs-unknown", &sentence!("crs-other-datum-wgs84", name), report, sample);
                }
                CrsError::Datum { .. }
                | CrsError::Doubt(_)
                | CrsError::Point(_)
                | CrsError::OtherDatum { .. }
                | CrsError::Parameters { .. } => {
                    report.add(Severity::Error, "crs-unknown", None, error.said());
                }
                CrsError::Unknown(_) => propose(&fits, "crs-unknown", &error.said(), report, sample),
            }
            return None;
        }
    };
    if let (Some(asked), Some(named)) = (hints.asked, named)
        && asked != named
    {
        let said = sentence!("crs-contradiction", named, asked);
        propose(&fits, "crs-contradiction", &said, report, sample);
        return None;
    }
    let geographic = sample.iter().filter(|[x, y]| x.abs() <= 180.0 && y.abs() <= 180.0).count();
    let looks_geographic = geographic * 2 >= sample.len();
    let default = (hints.defaults_to_wgs84 && looks_geographic).then_some(4326);
    // If no position can be read, the report should name that instead of a missing system.
    let unasked = sample.is_empty().then_some(4326);
    let said = hints.asked.or(named).or(default).or(unasked);
    let before = hints.before.filter(|epsg| said.is_none() && fits.iter().any(|fit| fit.0 == *epsg));
    if let Some(epsg) = before {
        report.add(Severity::Warning, "crs-as-before", None, sentence!("crs-as-before", epsg));
    }
    let Some(epsg) = said.or(before) else {
        propose(&fits, "crs-missing", &sentence!("crs-missing"), report, sample);
        return None;
    };
    let crs = match Crs::new(epsg) {
        Ok(crs) => crs,
        Err(error) => {
            report.add(Severity::Error, "crs-unknown", None, error.said());
            return None;
        }
    };
    if sample.is_empty() || fits.iter().any(|fit| (fit.0, fit.1) == (epsg, false)) {
        return Some(Chosen { crs, swapped: false });
    }
    if fits.iter().any(|fit| (fit.0, fit.1) == (epsg, true)) {
        report.add(Severity::Repair, "axes-swapped", None, sentence!("axes-swapped-in-file"));
        return Some(Chosen { crs, swapped: true });
    }
    // If no system fits but some rows do, the wrong rows are reported one by one.
    let is_right = |[x, y]: &[f64; 2]| crs.to_wgs84(*x, *y).is_ok_and(|[lon, lat]| contains(hints.city, lon, lat));
    if fits.is_empty() && sample.iter().any(is_right) {
        return Some(Chosen { crs, swapped: false });
    }
    let said = sentence!("crs-misses-city", epsg);
    propose(&fits, "crs-misses-city", &said, report, sample);
    None
}

/// Reports the system that fits, and how far away the drawing would lie in another one.
fn propose(fits: &[(u32, bool, f64)], check: &str, lead: &Sentence, report: &mut Report, sample: &[[f64; 2]]) {
    let first = sample.first().map_or_else(String::new, |[x, y]| format!(" ({x}; {y})"));
    let Some((epsg, swapped, _)) = fits.first() else {
        return report.add(Severity::Error, check, None, sentence!("crs-none-fits", lead, first));
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
            sentence!("crs-several-fit", lead, list, epsg, rival, metres = format!("{metres:.0}")),
        );
    }
    let other = [9206, 9207, 5897, 3405].into_iter().filter(|other| other != epsg).find_map(|other| {
        let (km, west) = kilometres_off(other, *epsg, *swapped, sample.first()?).ok()?;
        (km < 1_000.0).then_some((other, km, west))
    });
    let elsewhere = other.map(|(other, km, west)| {
        let side = if west { sentence!("side-west") } else { sentence!("side-east") };
        sentence!("crs-would-lie", other, km = format!("{km:.0}"), side)
    });
    let axes = swapped.then(|| sentence!("crs-axes-swapped"));
    report.add(Severity::Error, check, None, sentence!("crs-fits", lead, epsg, axes, elsewhere));
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
    use crate::words::text::Lang;

    const CITY: Bbox = [104.815, 21.646, 104.961, 21.798];
    const IN_9208: [[f64; 2]; 1] = [[512_650.0, 2_401_150.0]];

    fn decide(sample: &[[f64; 2]], asked: Option<u32>, stated: &Stated) -> Result<Chosen, (String, String)> {
        let mut report = Report::default();
        let hints = Hints { asked, stated, before: None, defaults_to_wgs84: true, city: &CITY };
        choose(sample, hints, &mut report).ok_or_else(|| {
            let finding = report.findings.remove(0);
            (finding.check, finding.said.text(Lang::En).to_owned())
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
            let hints = Hints { asked: None, stated: &Stated::Nothing, before: None, defaults_to_wgs84: false, city: &CITY };
            assert!(choose(&[[104.874, 21.706]], hints, &mut report).is_none());
            let finding = report.findings.remove(0);
            (finding.check, finding.said.text(Lang::En).to_owned())
        };
        assert!(check == "crs-missing" && en.contains("EPSG:4326, EPSG:4756") && en.contains("m apart"), "{en}");
        // A city on the meridian of 105°: places with scale 0.9999 and 0.9996 lie 721 m apart, inside its box.
        let city: Bbox = [104.9, 21.6, 105.1, 21.8];
        let mut report = Report::default();
        let hints = Hints { asked: None, stated: &Stated::Nothing, before: None, defaults_to_wgs84: false, city: &city };
        assert!(choose(&[[500_100.0, 2_401_150.0]], hints, &mut report).is_none());
        let en = report.findings[0].said.text(Lang::En);
        assert!(en.contains("EPSG:5897") && en.contains("EPSG:3405") && en.contains(" 721 m apart"), "{en}");
    }
}
