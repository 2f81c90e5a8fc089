//! Sentences for findings, in both languages.

use crate::geometry::coverage::Kind;
use crate::geometry::coverage::Misfit;
use crate::geometry::rings::Fault;
use crate::geometry::rings::Repair;
use crate::import::report::{Finding, Severity};

/// A finding: the check's name, the Vietnamese and the English sentence, and the place (longitude and latitude
/// in degrees).
pub(super) type Wrong = (&'static str, String, String, Option<[f64; 2]>);

pub(super) fn wrong(check: &'static str, vi: &str, en: &str) -> Wrong {
    (check, vi.to_owned(), en.to_owned(), None)
}

pub(super) fn misfit_words(misfit: &Misfit, zones: &[usize], limit: f64) -> Finding {
    let names = zones.iter().take(6).map(|zone| format!("#{zone}")).collect::<Vec<_>>().join(", ");
    let more = if zones.len() > 6 { ", …" } else { "" };
    let (area, area_en) = (crate::words::format::decimal(misfit.area_m2, 2), format!("{:.2}", misfit.area_m2));
    let pieces = match misfit.pieces {
        1 => (String::new(), String::new()),
        n => (format!(" ở {n} chỗ"), format!(" in {n} places")),
    };
    let mut finding = match misfit.kind {
        Kind::Overlap => {
            let severity = if misfit.area_m2 > limit { Severity::Error } else { Severity::Warning };
            Finding::new(
                severity,
                "overlap",
                format!("Các vùng {names}{more} chồng lên nhau {area} m²{}", pieces.0),
                format!("Zones {names}{more} overlap by {area_en} m²{}", pieces.1),
            )
        }
        // A gap inside a single zone, such as a courtyard, has no other neighbour.
        Kind::Gap if zones.len() == 1 => Finding::new(
            Severity::Warning,
            "gap",
            format!("Vùng {names} có lỗ trống {area} m² không thuộc vùng nào{}", pieces.0),
            format!("Zone {names} has a hole of {area_en} m² that belongs to no zone{}", pieces.1),
        ),
        Kind::Gap => Finding::new(
            Severity::Warning,
            "gap",
            format!("Khe hở {area} m² giữa các vùng {names}{more}{}", pieces.0),
            format!("A gap of {area_en} m² between zones {names}{more}{}", pieces.1),
        ),
    };
    finding.feature = zones.last().copied().filter(|_| misfit.kind == Kind::Overlap).or(zones.first().copied());
    finding.others = zones.iter().copied().filter(|zone| Some(*zone) != finding.feature).take(20).collect();
    finding.at(Some(misfit.at)).measuring(misfit.area_m2)
}

pub(super) fn area_words(before: f64, after: f64) -> (String, String) {
    let vi = |value| crate::words::format::decimal(value, 1);
    (
        format!("Diện tích thay đổi khi sửa: trước {} m², sau {} m²", vi(before), vi(after)),
        format!("Its area changed with the repair: before {before:.1} m², after {after:.1} m²"),
    )
}

pub(super) fn repair_name(repair: Repair) -> &'static str {
    match repair {
        Repair::Closed => "ring-closed",
        Repair::DuplicatePoints => "duplicate-points",
        Repair::Spike => "spike",
        Repair::SelfTouch => "self-touch",
        Repair::BowTie => "bow-tie",
        Repair::RingOrder => "ring-order",
        Repair::Rounded => "rounded-points",
    }
}

pub(super) fn repair_words(repair: Repair) -> (&'static str, &'static str) {
    match repair {
        Repair::Closed => ("Vòng chưa khép kín; đã khép", "A ring was not closed; closed"),
        Repair::DuplicatePoints => ("Có điểm lặp; đã bỏ", "Repeated points; removed"),
        Repair::Spike => ("Có gai hẹp dưới 5 cm; đã bỏ", "A spike narrower than 5 cm; removed"),
        Repair::SelfTouch => ("Vòng tự chạm; đã tách thành các vòng đơn", "A ring touches itself; split into simple rings"),
        Repair::BowTie => ("Đường biên tự cắt; đã tách tại điểm cắt", "Its border crosses itself; split where it crosses"),
        Repair::RingOrder => ("Chiều của vòng bị ngược; đã đảo", "A ring ran the wrong way; reversed"),
        Repair::Rounded => ("Có điểm trùng sau khi làm tròn", "Points that are one when rounded"),
    }
}

/// Longitude and latitude, given in 10⁻⁷ degrees, as text in degrees for people.
pub fn degrees(at: [i64; 2]) -> String {
    format!("{:.5}, {:.5}", at[0] as f64 / 1e7, at[1] as f64 / 1e7)
}

pub(super) fn fault_words(fault: Fault) -> Wrong {
    let sentence = |check, vi: &str, en: &str, at: [i64; 2]| -> Wrong {
        (check, format!("{vi} gần {}", degrees(at)), format!("{en} near {}", degrees(at)), Some(at.map(|v| v as f64 / 1e7)))
    };
    match fault {
        Fault::TooFewPoints => wrong("too-few-points", "Một vòng có ít hơn 3 điểm khác nhau", "A ring has fewer than 3 different points"),
        Fault::Crossing(at) => sentence(
            "self-crossing",
            "Các vòng của vùng cắt nhau; hãy sửa trong phần mềm bản đồ,",
            "Its rings cross each other; mend it in the mapping software,",
            at,
        ),
        Fault::Tangled(at) => sentence(
            "tangled",
            "Đường biên tự cắt quá nhiều lần; hãy vẽ lại,",
            "Its border crosses itself too many times; draw it again,",
            at,
        ),
        Fault::HoleOutside(at) => sentence("hole-outside", "Lỗ nằm ngoài vùng", "A hole lies outside its area", at),
        Fault::Disconnected(at) => sentence("interior-cut", "Các lỗ cắt rời vùng", "Holes cut the area into pieces", at),
        Fault::PartsOverlap(at) => sentence("parts-overlap", "Các phần chồng lên nhau", "Its parts overlap", at),
    }
}
