//! What applies at a place, for programs.

use serde_json::{Map, Value, json};

use super::{Asked, rules};
use crate::domain::city::City;
use crate::domain::land_use;
use crate::domain::publication::view::View;
use crate::domain::unit::UnitId;
use crate::read_model::here::PlanHere;
use crate::read_model::nearby::Nearby;
use crate::render::search::Found;
use crate::render::streets;
use crate::words::text::Lang;

/// The places with a typed name, as JSON.
pub fn which_json(lang: Lang, typed: &str, found: &[Found]) -> Value {
    let spot = |found: &Found| {
        let (name, at) = found.spot(lang)?;
        let unit = match found {
            Found::Unit(unit, _) => Some(unit.id.clone()),
            _ => None,
        };
        Some(json!({ "name": name, "lon": at.lon, "lat": at.lat, "unit": unit }))
    };
    json!({ "place": typed, "candidates": found.iter().filter_map(spot).collect::<Vec<_>>() })
}

/// A unit's part of every plan, as JSON.
pub fn unit_json(city: &City, id: &UnitId, views: &[View], nearby: &[Nearby]) -> Value {
    let url = &city.public_url;
    let of = |view: &View| {
        let url = format!("{url}/q/{}?unit={id}", view.code);
        json!({ "code": view.code, "title": view.title, "kind": view.kind, "url": url, "opinions_until": view.opinions_until() })
    };
    let (consultations, plans): (Vec<&View>, Vec<&View>) = views.iter().partition(|view| view.opinions_until().is_some());
    let list = |views: Vec<&View>| views.into_iter().map(of).collect::<Vec<_>>();
    json!({ "unit": id, "plans": list(plans), "consultations": list(consultations), "nearby": nearby_json(nearby, url) })
}

fn nearby_json(nearby: &[Nearby], url: &str) -> Value {
    let one = |Nearby { view, metres, .. }: &Nearby| {
        json!({
            "code": view.code, "url": format!("{url}/q/{}", view.code), "title": view.title, "family": view.family, "kind": view.kind,
            "status": view.status.as_str(), "standing": view.standing, "effective_from": view.effective_from,
            "effective_to": view.holds_to, "metres": metres.map(f64::round),
        })
    };
    nearby.iter().map(one).collect()
}

fn plan_json(plan: &PlanHere, url: &str) -> Value {
    let view = &plan.view;
    let zones: Vec<Value> = plan
        .zones
        .iter()
        .map(|zone| {
            let mut said = json!({
                "id": format!("{}-{}-{}", view.code, view.revision, zone.number),
                "land_use": Some(&zone.land_use).filter(|code| !code.is_empty()),
                "land_use_name": land_use::get(&zone.land_use).map(|entry| &entry.name_vi), "name": zone.name,
                "area_m2": zone.area_m2.map(|area| (area * 10.0).round() / 10.0), "share": zone.share.map(|share| (share * 10.0).round() / 10.0),
            });
            if let Some(lot) = &zone.lot {
                let mut indicators = Map::new();
                lot.indicators.write(&mut indicators);
                indicators.retain(|_, value| !value.is_null());
                said["lot"] = json!({ "number": lot.number, "indicators": indicators, "conditions": lot.conditions });
            }
            said
        })
        .collect();
    let rules: Vec<Value> = rules(view).map(|rule| json!({ "id": rule.id, "vi": rule.vi, "en": rule.en, "basis": rule.basis })).collect();
    json!({
        "code": view.code, "url": format!("{url}/q/{}", view.code), "title": view.title, "kind": view.kind, "status": view.status.as_str(),
        "revision": view.revision, "effective_from": view.effective_from, "effective_to": view.holds_to,
        "decision": view.told("decision"), "authority": view.told("authority"), "signed": view.signed(),
        "zones": zones, "streets": plan.streets.as_ref().map(streets::json), "uncovered_m2": plan.uncovered_m2.map(|area| (area * 10.0).round() / 10.0), "rules": rules,
    })
}

/// What applies at a place, as JSON.
pub fn json(asked: &Asked<'_>, city: &City) -> Value {
    let Asked { spot, since, here, .. } = asked;
    let url = &city.public_url;
    let plans = |list: &[PlanHere]| list.iter().map(|plan| plan_json(plan, url)).collect::<Vec<_>>();
    let changed: Vec<Value> = here
        .changed
        .iter()
        .map(|changed| json!({ "before": changed.before.as_ref().map(|plan| plan_json(plan, url)), "after": changed.after.as_ref().map(|plan| plan_json(plan, url)) }))
        .collect();
    let consultations: Vec<Value> = here
        .consultations
        .iter()
        .map(
            |view| json!({ "code": view.code, "url": format!("{url}/q/{}", view.code), "title": view.title, "until": view.opinions_until() }),
        )
        .collect();
    json!({
        "place": { "lon": spot.at.lon, "lat": spot.at.lat, "unit": here.unit, "area_m2": here.parcel_m2.map(|area| (area * 10.0).round() / 10.0) },
        "plans": plans(&here.plans), "coming": plans(&here.coming),
        "since": since, "changed": changed, "consultations": consultations, "nearby": nearby_json(&here.nearby, url),
        "note": "Chỉ có giá trị tham khảo; văn bản gốc có giá trị pháp lý. For reference only.",
    })
}
