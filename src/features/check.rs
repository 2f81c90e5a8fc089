//! Describes a set that is to be published, and checks whether it may be published.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

use crate::domain::feature_set::{FeatureSet, Takes};
use crate::domain::land_use;
use crate::domain::plan::{LineKind, PlanKind, PointKind};
use crate::domain::{Digest, Refusal};
use crate::features::{Features, Kind};

#[derive(Deserialize)]
struct Header {
    bbox: [f64; 4],
}

/// The description of a canonical set for an event, computed from its bytes; none if they are not canonical.
pub fn summary(sha256: Digest, bytes: &Bytes) -> Option<FeatureSet> {
    let features = Features::parse(bytes)?;
    let first = bytes.split(|byte| *byte == b'\n').next()?;
    let header: Header = serde_json::from_slice(&[first, b"]}"].concat()).ok()?;
    let areas: Vec<f64> = features.list.iter().filter_map(|feature| features.number_property(feature, "area_ha")).collect();
    Some(FeatureSet {
        sha256,
        bytes: bytes.len() as u64,
        count: features.list.len() as u32,
        bbox: header.bbox,
        area_ha: (!areas.is_empty()).then(|| (areas.iter().sum::<f64>() * 10_000.0).round() / 10_000.0),
        left_out: Vec::new(),
    })
}

/// Checks a stored set for the field of a command that names it: zones must have codes that are legal for the
/// plan, places must be points, lines must be lines. None if the bytes are not canonical.
pub fn check(sha256: Digest, bytes: Bytes, takes: Takes, facts: &Value) -> Option<Result<FeatureSet, Refusal>> {
    let set = summary(sha256, &bytes)?;
    let features = Features::parse(&bytes)?;
    let kind = facts.get("kind").and_then(|kind| serde_json::from_value::<PlanKind>(kind.clone()).ok());
    let signed = facts.pointer("/decision/signed").and_then(|day| day.as_str()?.parse().ok());
    for (number, feature) in features.list.iter().enumerate() {
        let fits = match takes {
            Takes::Places | Takes::PlanPoints => features.kind(feature) == Some(Kind::Points),
            Takes::Lines | Takes::PlanLines => features.kind(feature) == Some(Kind::Lines),
            Takes::Zones | Takes::Outline => features.kind(feature) == Some(Kind::Areas),
        };
        let properties = features.parsed_properties(feature);
        let code = properties.get("land_use").and_then(Value::as_str).unwrap_or_default();
        let legal = match (kind, signed, land_use::get(code)) {
            (Some(kind), Some(signed), Some(entry)) => land_use::is_allowed(entry, kind, signed),
            // A lot may be in no class.
            (Some(kind), Some(_), None) => code.is_empty() && kind.is_urban(),
            // The command lacks the fields that the rule needs, and is refused for that elsewhere.
            _ => true,
        };
        let is_one_of = |name: &str, names: &[&str]| properties.get(name).and_then(Value::as_str).is_some_and(|own| names.contains(&own));
        let fits = fits
            && match takes {
                Takes::PlanLines => is_one_of("line_kind", LineKind::NAMES),
                Takes::PlanPoints => is_one_of("point_kind", PointKind::NAMES),
                Takes::Zones | Takes::Outline | Takes::Places | Takes::Lines => true,
            };
        if !fits || (takes == Takes::Zones && !legal) || (takes == Takes::Outline && !code.is_empty()) {
            return Some(Err(Refusal::invalid("set-does-not-fit", sentence!("set-of-another-plan", number, code))));
        }
    }
    Some(Ok(set))
}
