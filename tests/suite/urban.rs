//! Urban plans to their lots: from the file to the map of every client and the words for a resident.

use axum::http::StatusCode;
use bangtin::domain::access::Role;
use serde_json::{Value, json};

use crate::on_both_databases;
use crate::support::{Kind, Node, demo};

on_both_databases!(
    a_lot_says_what_may_be_built_on_it_everywhere,
    a_lot_in_no_class_is_a_lot_and_no_zone,
    a_revision_tells_lot_by_lot_which_indicators_changed,
    a_file_of_lots_over_http_is_reported_and_read_as_it_is_meant,
);

/// A square of 30 m in EPSG:9208, `n` squares to the east.
fn square(n: i32, properties: &Value) -> Value {
    let (x, y) = (515_000 + n * 30, 2_401_500);
    let ring = json!([[x, y], [x + 30, y], [x + 30, y + 30], [x, y + 30], [x, y]]);
    json!({ "type": "Feature", "properties": properties, "geometry": { "type": "Polygon", "coordinates": [ring] } })
}

fn file(lots: &[Value]) -> Value {
    let features: Vec<Value> = lots.iter().enumerate().map(|(n, lot)| square(n as i32, lot)).collect();
    json!({ "type": "FeatureCollection", "crs": { "type": "name", "properties": { "name": "EPSG:9208" } }, "features": features })
}

async fn publish(node: &Node, id: &str, zones: Value) -> String {
    let facts = json!({ "kind": "detailed-plan", "title": format!("Quy hoạch chi tiết {id}"), "zones": zones,
        "decision": { "authority": "UBND", "number": format!("{id}/QĐ"), "signed": "2026-01-05" } });
    let command = json!({ "id": id, "type": "plan.publish", "effective_from": "2026-01-05", "facts": facts });
    node.apply(&command.to_string()).await.code.unwrap().to_string()
}

fn three() -> Value {
    file(&[
        json!({ "KyHieuLoDat": "OM2.3", "ChucNang": "Nhóm nhà ở", "Mật độ XD (%)": "≤ 70", "SoTangToiDa": "1-5", "HSSDD": "3,5 lần", "KhoangLui": "3 m" }),
        json!({ "KyHieuLoDat": "CX1", "ChucNang": "Cây xanh sử dụng công cộng", "Mật độ XD (%)": "5", "SoTangToiDa": "1 tầng", "HSSDD": "-", "KhoangLui": null }),
        json!({ "KyHieuLoDat": "XX1", "ChucNang": "Bãi đáp trực thăng", "Mật độ XD (%)": "theo dự án", "SoTangToiDa": "", "HSSDD": "", "KhoangLui": "" }),
    ])
}

async fn a_lot_says_what_may_be_built_on_it_everywhere(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let code = publish(&node, "urban", json!({ "geojson": three() })).await;
    let lots = node.get(&format!("/collections/lots/items?plan={code}&filter=storeys_max%3E%3D5")).await.json();
    assert_eq!(lots["numberMatched"], 1, "{lots}");
    let lot = &lots["features"][0]["properties"];
    assert_eq!((&lot["lot"], &lot["land_use"], &lot["land_use_name"]), (&json!("OM2.3"), &json!("O-NO"), &json!("Nhóm nhà ở")));
    assert_eq!((&lot["density_max_pct"], &lot["storeys_min"], &lot["storeys_max"]), (&json!(70.0), &json!(1), &json!(5)));
    assert_eq!((&lot["far_max"], &lot["setback_front_m"], &lot["green_min_pct"]), (&json!(3.5), &json!(3.0), &Value::Null));
    let by_use =
        node.get(&format!("/collections/lots/items?plan={code}&filter=storeys_max%20%3E%3D%205%20AND%20land_use%20%3D%20'O-NO'")).await;
    assert_eq!(by_use.json()["numberMatched"], 1);
    let whole = node.get(&format!("/q/{code}.geojson")).await.json();
    let kinds: Vec<&Value> = whole["features"].as_array().unwrap().iter().map(|feature| &feature["properties"]["feature_kind"]).collect();
    assert_eq!(kinds, ["lot", "lot", "lot"]);
    // The lot and its zone are one feature, and one place.
    let id = lots["features"][0]["id"].as_str().unwrap();
    assert_eq!(node.get(&format!("/collections/zones/items/{id}")).await.json()["geometry"], lots["features"][0]["geometry"]);
    let ring = lots["features"][0]["geometry"]["coordinates"][0][0].as_array().unwrap();
    let middle = |axis: usize| f64::midpoint(ring[0][axis].as_f64().unwrap(), ring[2][axis].as_f64().unwrap());
    let here = format!("/here?lon={:.7}&lat={:.7}", middle(0), middle(1));
    let found = node.get_with(&here, &[("accept", "application/json")]).await.json();
    let plan = found["plans"].as_array().unwrap().iter().find(|plan| plan["code"] == json!(code)).unwrap();
    let zones = plan["zones"].as_array().unwrap();
    assert_eq!(zones.len(), 1, "{plan}");
    assert_eq!(zones[0]["lot"]["number"], "OM2.3");
    assert_eq!(zones[0]["lot"]["indicators"]["storeys_max"], 5);
    let said = "Được xây 1–5 tầng, mật độ tối đa 70 %, hệ số sử dụng đất tối đa 3,5, lùi trước 3 m.";
    assert!(node.get_with(&here, &[("accept", "text/html")]).await.text().contains(said));
    let page = node.get_with(&format!("/q/{code}"), &[("accept", "text/html")]).await.text();
    assert!(page.contains("OM2.3") && page.contains("1–5 tầng, mật độ tối đa 70 %"), "{page}");
}

async fn a_lot_in_no_class_is_a_lot_and_no_zone(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let code = publish(&node, "classes", json!({ "geojson": three() })).await;
    let matched = async |name: &str| node.get(&format!("/collections/{name}/items?plan={code}")).await.json()["numberMatched"].clone();
    assert_eq!((matched("lots").await, matched("zones").await), (json!(3), json!(2)));
    let id = format!("{code}-1-3");
    let lot = node.get(&format!("/collections/lots/items/{id}")).await.json();
    let properties = &lot["properties"];
    assert_eq!((&properties["land_use"], &properties["name"]), (&Value::Null, &json!("Bãi đáp trực thăng")), "{lot}");
    assert_eq!(properties["conditions"], "Mật độ XD (%): theo dự án");
    assert_eq!(node.get(&format!("/collections/zones/items/{id}")).await.status, StatusCode::GONE);
    let zone = node.get(&format!("/collections/zones/items/{code}-1-2")).await.json();
    assert_eq!(zone["properties"]["land_use"], "CV");
    assert!(zone["properties"].get("lot").is_none(), "a zone says what all zones say: {zone}");
    let zones = node.get(&format!("/collections/zones/items?plan={code}&f=json")).await.json();
    let ids: Vec<&Value> = zones["features"].as_array().unwrap().iter().map(|feature| &feature["id"]).collect();
    assert_eq!(ids, [&json!(format!("{code}-1-1")), &json!(format!("{code}-1-2"))]);
    // Areas without columns of lots are zones as before; one in no class is listed as a lot.
    let bare = file(&[json!({ "MaLoaiDat": "ODT" }), json!({ "MaLoaiDat": "ODT" }), json!({ "MaLoaiDat": "Khác lạ" })]);
    let code = publish(&node, "bare", json!({ "geojson": bare })).await;
    let lots = node.get(&format!("/collections/lots/items?plan={code}")).await.json();
    assert_eq!((&lots["numberMatched"], &lots["features"][0]["id"]), (&json!(1), &json!(format!("{code}-1-3"))));
    assert!(lots["features"][0]["properties"]["storeys_max"].is_null());
    let zone = node.get(&format!("/collections/zones/items/{code}-1-1")).await.json();
    assert!(zone["properties"].get("lot").is_none(), "what is no lot is written as before: {zone}");
}

async fn a_revision_tells_lot_by_lot_which_indicators_changed(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let code = publish(&node, "first", json!({ "geojson": three() })).await;
    let mut after = three();
    after["features"][0]["properties"]["SoTangToiDa"] = json!("1-7");
    after["features"][1]["properties"]["KyHieuLoDat"] = json!("CX9");
    let facts = json!({ "kind": "detailed-plan", "title": "Điều chỉnh", "adjustment": "local", "zones": { "geojson": after },
        "decision": { "authority": "UBND", "number": "second/QĐ", "signed": "2026-06-05" } });
    let revise =
        json!({ "id": "second", "type": "plan.revise", "code": code, "based_on": 1, "effective_from": "2026-06-05", "facts": facts });
    node.apply(&revise.to_string()).await;
    let page = node.get_with(&format!("/q/{code}/changes?from=1&to=2"), &[("accept", "text/html")]).await.text();
    for said in ["Lô đất có chỉ tiêu thay đổi (1)", "OM2.3", "Tầng cao: 1–5 → <b>1–7</b>", "Lô mới: CX9", "Lô không còn: CX1"]
    {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains("Mật độ xây dựng:"), "only what changed is told");
}

async fn a_file_of_lots_over_http_is_reported_and_read_as_it_is_meant(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let token = crate::site::token(&node, Role::Planner, &[]).await;
    let lots = file(&[
        json!({ "KYHIEU": "A1", "MaLoaiDat": "ODT", "MatDoXayDu": "0,6", "TANGCAO": "2026-05-01", "Chỗ đỗ": "2" }),
        json!({ "KYHIEU": "A1", "MaLoaiDat": "ODT", "MatDoXayDu": "0,7", "TANGCAO": "9", "Chỗ đỗ": "2" }),
    ]);
    let read = async |more: &[(&str, &str)]| {
        let stated = [("kind", "zoning-plan"), ("authority", "UBND"), ("signed", "2026-01-05")];
        let field = |(name, value): &(&str, &str)| format!("--B\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        let fields: String = stated.iter().chain(more).map(field).collect();
        let file = format!("--B\r\ncontent-disposition: form-data; name=\"file\"; filename=\"lots.geojson\"\r\n\r\n{lots}\r\n--B--\r\n");
        let body = fields + &file;
        let answer = node.post_with("/imports", &token, body, &[("content-type", "multipart/form-data; boundary=B")]).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
        answer.json()
    };
    let checks = |answer: &Value| -> Vec<String> {
        let findings = answer["report"]["findings"].as_array().unwrap();
        findings.iter().map(|finding| finding["check"].as_str().unwrap().to_owned()).collect()
    };
    let answer = read(&[]).await;
    assert!(answer["publish"].is_string(), "indicators never block: {answer}");
    let found = checks(&answer);
    for check in ["part-or-percent", "indicator-is-a-date", "lot-number-twice", "columns-not-used"] {
        assert!(found.iter().any(|known| known == check), "{check}: {found:?}");
    }
    assert_eq!(answer["report"]["lot_columns"], json!({ "lot": "KYHIEU", "density": "MatDoXayDu", "storeys": "TANGCAO" }));
    let answer = read(&[("shares", "part"), ("map.population", "Chỗ đỗ")]).await;
    assert!(!checks(&answer).contains(&"part-or-percent".to_owned()));
    assert_eq!(answer["report"]["lot_columns"]["population"], "Chỗ đỗ");
    let answer = read(&[("map.storeys", "Không có")]).await;
    assert!(answer["publish"].is_null() && checks(&answer).contains(&"no-column".to_owned()), "{answer}");
}
