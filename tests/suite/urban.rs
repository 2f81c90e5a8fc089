//! Urban plans to their lots: from the file to the map of every client and the words for a resident.

use axum::http::StatusCode;
use bangtin::domain::access::{Actor, Reach, Role};
use bangtin::render::qr::{Matrix, address_of_lot};
use serde_json::{Value, json};

use crate::office::{settle, signed_in};
use crate::on_both_databases;
use crate::support::{Kind, Node, demo};

on_both_databases!(
    a_lot_says_what_may_be_built_on_it_everywhere,
    a_lot_in_no_class_is_a_lot_and_no_zone,
    a_revision_tells_lot_by_lot_which_indicators_changed,
    a_file_of_lots_over_http_is_reported_and_read_as_it_is_meant,
    lines_and_points_are_collections_of_their_own_and_follow_their_revision,
    a_hundred_parcels_are_answered_as_shapely_answers_them,
    here_tells_the_right_of_way_in_words,
    plans_stand_side_by_side_the_more_detailed_first,
    here_says_what_changed_since_a_day_for_lots_too,
    columns_of_lots_name_their_units_and_an_outline_is_no_lot,
    an_approver_sees_which_indicators_change_lot_by_lot,
    land_for_streets_is_told_where_no_right_of_way_is,
    a_lot_has_a_page_and_a_code_of_its_own,
    the_sheet_of_a_parcel_is_one_page_for_archives_and_nothing_of_it_is_kept,
    one_geopackage_has_all_layers_of_a_plan_and_their_styles,
    a_street_that_becomes_wider_is_told_between_two_revisions,
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

/// Three lots, and a street 12 m wide along their southern border.
fn with_street(width: &str) -> Value {
    let mut whole = three();
    let line = |north: f64, properties: Value| {
        let (x, y) = (515_000.0, 2_401_500.0 + north);
        json!({ "type": "Feature", "properties": properties, "geometry": { "type": "LineString", "coordinates": [[x - 10.0, y], [x + 100.0, y]] } })
    };
    let point = json!({ "type": "Feature", "properties": { "Loai": "Mốc giới", "Ten": "M1" },
        "geometry": { "type": "Point", "coordinates": [515_000, 2_401_500] } });
    let features = whole["features"].as_array_mut().unwrap();
    features.push(line(-4.0, json!({ "Loai": "Tim đường", "TenDuong": "đường Mẫu", "LoGioi": width })));
    features.push(line(2.0, json!({ "Loai": "Chỉ giới đường đỏ", "TenDuong": "đường Mẫu" })));
    features.push(point);
    whole
}

async fn lines_and_points_are_collections_of_their_own_and_follow_their_revision(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let code = publish(&node, "street", json!({ "geojson": with_street("12") })).await;
    let lines = node.get(&format!("/collections/plan-lines/items?plan={code}&sortby=-right_of_way_m")).await.json();
    let first = &lines["features"][0];
    assert_eq!((&first["id"], &lines["numberMatched"]), (&json!(format!("{code}-1-L1")), &json!(2)));
    assert_eq!((&first["properties"]["right_of_way_m"], &first["properties"]["road"]), (&json!(12.0), &json!("đường Mẫu")));
    assert_eq!((&first["properties"]["length_m"], &first["geometry"]["type"]), (&json!(110), &json!("MultiLineString")));
    let wide = node.get(&format!("/collections/plan-lines/items?plan={code}&filter=right_of_way_m%3E10%20AND%20line_kind='road'")).await;
    assert_eq!(wide.json()["numberMatched"], 1);
    let schema = node.get("/collections/plan-lines/schema").await.json();
    assert_eq!(schema["properties"]["right_of_way_m"]["type"], "number");
    assert!(schema["properties"]["line_kind"]["enum"].as_array().unwrap().contains(&json!("red-line")), "{schema}");
    let point = node.get(&format!("/collections/plan-points/items/{code}-1-P1")).await.json();
    assert_eq!((&point["properties"]["point_kind"], &point["geometry"]["type"]), (&json!("control-point"), &json!("Point")));
    let whole = node.get(&format!("/q/{code}.geojson")).await.json();
    let kinds: Vec<&str> =
        whole["features"].as_array().unwrap().iter().map(|feature| feature["properties"]["feature_kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["lot", "lot", "lot", "line", "line", "point"]);
    for wrong in ["L3", "L0", "L01", "l1", "P1", "1"] {
        let status = node.get(&format!("/collections/plan-lines/items/{code}-1-{wrong}")).await.status;
        assert_eq!(status, StatusCode::NOT_FOUND, "{wrong}");
    }
    // A revision has lines of its own; those before it are gone, and can be found in their time.
    let facts = json!({ "kind": "detailed-plan", "title": "Điều chỉnh", "adjustment": "local", "zones": { "geojson": with_street("16") },
        "decision": { "authority": "UBND", "number": "second/QĐ", "signed": "2026-06-05" } });
    let revise =
        json!({ "id": "second", "type": "plan.revise", "code": code, "based_on": 1, "effective_from": "2026-06-05", "facts": facts });
    node.apply(&revise.to_string()).await;
    assert_eq!(node.get(&format!("/collections/plan-lines/items/{code}-1-L1")).await.status, StatusCode::GONE);
    let before = node.get(&format!("/collections/plan-lines/items?plan={code}&datetime=2026-02-01T00:00:00Z")).await.json();
    assert_eq!(before["features"][0]["properties"]["right_of_way_m"], 12.0, "{before}");
    let now = node.get(&format!("/collections/plan-lines/items/{code}-2-L1")).await.json();
    assert_eq!(now["properties"]["right_of_way_m"], 16.0);
}

/// Corners of a parcel as people type them: northing, then easting.
fn typed(corners: &[[f64; 2]]) -> String {
    corners.iter().map(|[x, y]| format!("{y} {x}")).collect::<Vec<_>>().join("\n")
}

/// `tests/data/make_worked_questions.py` makes the questions and their answers.
async fn a_hundred_parcels_are_answered_as_shapely_answers_them(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let questions = include_str!("../data/worked_questions.jsonl");
    assert_eq!(questions.lines().count(), 100);
    for (n, line) in questions.lines().enumerate() {
        let question: Value = serde_json::from_str(line).unwrap();
        let corners: Vec<[f64; 2]> = serde_json::from_value(question["parcel"].clone()).unwrap();
        let answer = node.form("/here?f=json", &[("parcel", &typed(&corners))]).await.json();
        let plan = answer["plans"].as_array().unwrap().iter().find(|plan| plan["code"] == question["plan"]).unwrap();
        let border: f64 = (0..corners.len())
            .map(|i| (corners[i], corners[(i + 1) % corners.len()]))
            .map(|(a, b)| libm::hypot(b[0] - a[0], b[1] - a[1]))
            .sum();
        // Published positions are rounded to a centimetre.
        let near = |found: &Value, wanted: &Value| (found.as_f64().unwrap() - wanted.as_f64().unwrap()).abs() <= 0.05 + 0.01 * border;
        let lots = |area: &dyn Fn(&str, &Value)| {
            for zone in plan["zones"].as_array().unwrap() {
                area(zone["lot"]["number"].as_str().unwrap(), &zone["area_m2"]);
            }
        };
        lots(&|number, area| assert!(near(area, &question["lots"][number]), "{n}: lot {number}: {area} {line}"));
        for (number, area) in question["lots"].as_object().unwrap() {
            let is_there = plan["zones"].as_array().unwrap().iter().any(|zone| zone["lot"]["number"] == json!(number));
            assert!(is_there || area.as_f64().unwrap() < 1.0, "{n}: lot {number} is missing: {line}");
        }
        let streets = &plan["streets"];
        let roads = streets["roads"].as_array().unwrap();
        for road in roads {
            let wanted = &question["roads"][road["road"].as_str().unwrap()];
            assert!(near(&road["area_m2"], wanted), "{n}: {road} {line}");
        }
        for (road, area) in question["roads"].as_object().unwrap() {
            assert!(area.as_f64().unwrap() < 1.0 || roads.iter().any(|own| own["road"] == json!(road)), "{n}: {road} {streets}");
        }
        let wanted = &question["in_right_of_way_m2"];
        assert!(
            near(streets["in_right_of_way_m2"].as_f64().map_or(&json!(0.0), |_| &streets["in_right_of_way_m2"]), wanted),
            "{n}: {line}"
        );
        match question["red_line_m"].as_f64() {
            Some(metres) => assert!((streets["red_line_m"].as_f64().unwrap() - metres).abs() <= 0.08, "{n}: {streets} {line}"),
            None => assert!(streets["red_line_m"].is_null(), "{n}: {streets}"),
        }
        assert_eq!(streets["corridors"], question["corridors"], "{n}: {line}");
    }
}

async fn here_tells_the_right_of_way_in_words(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let code = publish(&node, "street", json!({ "geojson": with_street("12") })).await;
    // 20 m wide, 10 m deep: its southern 2 m lie within 6 m of the centre line.
    let parcel = typed(&[[515_002.0, 2_401_500.0], [515_022.0, 2_401_500.0], [515_022.0, 2_401_510.0], [515_002.0, 2_401_510.0]]);
    let page = node.form("/here", &[("parcel", &parcel)]).await.text();
    // Published positions are rounded to a centimetre.
    let exact = ["39,9 m² của thửa (19,9 %)", "40,0 m² của thửa (20,0 %)", "40,1 m² của thửa (20,1 %)"];
    assert!(exact.iter().any(|said| page.contains(&format!("{said} nằm trong lộ giới đường Mẫu (rộng 12 m)."))), "{page}");
    for said in ["Chỉ giới đường đỏ chạy qua hoặc chạm thửa.", "OM2.3", "Chỉ chứng chỉ quy hoạch hoặc văn bản trả lời"]
    {
        assert!(page.contains(said), "{said}: {page}");
    }
    let far = typed(&[[515_002.0, 2_401_512.0], [515_022.0, 2_401_512.0], [515_022.0, 2_401_520.0], [515_002.0, 2_401_520.0]]);
    let page = node.form("/here", &[("parcel", &far)]).await.text();
    assert!(page.contains("Thửa cách chỉ giới đường đỏ 10,0 m.") && !page.contains("lộ giới đường Mẫu"), "{page}");
    let lines = node.get(&format!("/collections/plan-lines/items?plan={code}&limit=1")).await.json();
    let at = lines["features"][0]["geometry"]["coordinates"][0][0].as_array().unwrap().clone();
    // The line's western end lies beside the lots: a plan is told for its streets alone.
    let (lon, lat) = (at[0].as_f64().unwrap() + 0.00005, at[1].as_f64().unwrap());
    let page = node.get_with(&format!("/here?lon={lon:.7}&lat={lat:.7}"), &[("accept", "text/html")]).await.text();
    assert!(page.contains("Nằm trong lộ giới đường Mẫu (rộng 12 m)."), "{page}");
}

async fn plans_stand_side_by_side_the_more_detailed_first(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let html = [("accept", "text/html")];
    let page = node.get_with("/here?lon=104.897&lat=21.71", &html).await.text();
    let table = page.split_once("class=\"beside\"").map(|(_, rest)| rest.split_once("</table>").unwrap().0).expect("a table");
    let (head, rows) = table.split_once("</thead>").unwrap();
    let kinds = ["Quy hoạch chi tiết", "Quy hoạch phân khu", "Quy hoạch xây dựng"].map(|kind| head.find(kind).expect(kind));
    assert!(kinds.is_sorted(), "{head}");
    let row = |about: &str| rows.split("<tr>").find(|row| row.contains(about)).unwrap_or_else(|| panic!("{about}: {rows}"));
    assert!(row("Tầng cao").contains("≠ khác nhau") && row("Tầng cao").contains("<td>1–2</td><td>2–5</td><td>–</td>"), "{rows}");
    assert!(!row(">Lô").contains("≠"), "numbers of lots are each plan's own: {rows}");
    let one_plan = node.get_with("/here?lon=104.83&lat=21.70", &html).await.text();
    assert!(!one_plan.contains("class=\"beside\""), "{one_plan}");
}

async fn here_says_what_changed_since_a_day_for_lots_too(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let lot = |storeys: &str| file(&[json!({ "KyHieuLoDat": "OM \"2\"", "ChucNang": "Nhóm nhà ở", "SoTangToiDa": storeys })]);
    let code = publish(&node, "since", json!({ "geojson": lot("5") })).await;
    let facts = json!({ "kind": "detailed-plan", "title": "Điều chỉnh", "adjustment": "local", "zones": { "geojson": lot("7") },
        "decision": { "authority": "UBND", "number": "since-2/QĐ", "signed": "2026-01-10" } });
    let revise =
        json!({ "id": "since-2", "type": "plan.revise", "code": code, "based_on": 1, "effective_from": "2026-01-10", "facts": facts });
    node.apply(&revise.to_string()).await;
    let parcel = typed(&[[515_002.0, 2_401_502.0], [515_012.0, 2_401_502.0], [515_012.0, 2_401_510.0], [515_002.0, 2_401_510.0]]);
    let page = node.form("/here", &[("parcel", &parcel), ("since", "2026-01-06")]).await.text();
    assert!(page.contains("tối đa 5 tầng") && page.contains("tối đa 7 tầng"), "{page}");
    // A number with quotation marks has a page like any other.
    let page = node.get_with(&format!("/q/{code}/lots/OM-2"), &[("accept", "text/html")]).await;
    assert_eq!(page.status, StatusCode::OK);
    let all = node.get(&format!("/q/{code}.geojson")).await.json();
    assert_eq!(all["features"][0]["properties"]["feature_kind"], "lot");
}

async fn columns_of_lots_name_their_units_and_an_outline_is_no_lot(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let schema = node.get("/collections/lots/schema?f=json").await.json();
    let unit = |name: &str| (schema["properties"][name]["x-ogc-unit"].clone(), schema["properties"][name]["x-ogc-unitLang"].clone());
    for (name, expected) in [("setback_front_m", "m"), ("density_max_pct", "%"), ("area_ha", "har")] {
        assert_eq!(unit(name), (json!(expected), json!("UCUM")), "{name}");
    }
    assert_eq!(unit("storeys_max"), (Value::Null, Value::Null));
    let facts = json!({ "kind": "land-use-plan", "title": "Chỉ có ranh giới", "outline": { "geojson": file(&[json!({})]) },
        "decision": { "authority": "UBND", "number": "outline/QĐ", "signed": "2026-01-05" } });
    let command = json!({ "id": "outline", "type": "plan.publish", "effective_from": "2026-01-05", "facts": facts });
    let code = node.apply(&command.to_string()).await.code.unwrap();
    let whole = node.get(&format!("/q/{code}.geojson")).await.json();
    assert_eq!(whole["features"][0]["properties"]["feature_kind"], "zone", "{whole}");
}

async fn an_approver_sees_which_indicators_change_lot_by_lot(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let lot = |storeys: &str| file(&[json!({ "KyHieuLoDat": "OM2.3", "ChucNang": "Nhóm nhà ở", "SoTangToiDa": storeys })]);
    let code = publish(&node, "before", json!({ "geojson": lot("5") })).await;
    let (_, an) = signed_in(&node, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    let (mut approver, _) = signed_in(&node, &[Role::Approver], "binh@yenbai.gov.vn", &clock).await;
    let (_, token) = node.app.create_token_for(&Actor::local(), Role::Planner, Reach::City, "thử".into(), Some(an)).await.unwrap();
    settle(&node).await;
    let facts = json!({ "kind": "detailed-plan", "title": "Điều chỉnh", "adjustment": "local", "zones": { "geojson": lot("7") },
        "decision": { "authority": "UBND", "number": "after/QĐ", "signed": "2026-06-05" } });
    let revise = json!({ "id": "after", "type": "plan.revise", "based_on": 1, "effective_from": "2026-06-05", "facts": facts });
    let answer = node.post(&format!("/collections/plans/items/{code}/commands"), &token, revise.to_string()).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text());
    settle(&node).await;
    let page = approver.get(&format!("/office/proposals/{code}")).await.text();
    assert!(page.contains("OM2.3") && page.contains("tối đa 5 → <b>tối đa 7</b>"), "{page}");
}

async fn land_for_streets_is_told_where_no_right_of_way_is(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let lots = file(&[
        json!({ "KyHieuLoDat": "GT1", "MaLoaiDat": "DGT", "TangCao": null }),
        json!({ "KyHieuLoDat": "A1", "MaLoaiDat": "ODT", "TangCao": "5" }),
    ]);
    publish(&node, "areas", json!({ "geojson": lots })).await;
    let parcel = typed(&[[515_020.0, 2_401_500.0], [515_040.0, 2_401_500.0], [515_040.0, 2_401_510.0], [515_020.0, 2_401_510.0]]);
    let page = node.form("/here", &[("parcel", &parcel)]).await.text();
    assert!(page.contains("100,0 m² của thửa (50,0 %) nằm trong đất đường giao thông của quy hoạch."), "{page}");
}

async fn a_lot_has_a_page_and_a_code_of_its_own(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let code = publish(&node, "pages", json!({ "geojson": with_street("12") })).await;
    let html = [("accept", "text/html")];
    let page = node.get_with(&format!("/q/{code}/lots/OM2.3"), &html).await.text();
    for said in ["Lô OM2.3", "Được xây 1–5 tầng, mật độ tối đa 70 %", "<dd>tối đa 70 %</dd>", "900,", "/here?lon="] {
        assert!(page.contains(said), "{said}: {page}");
    }
    // What people type leads to the one address; what the code says needs no other mode than that of capitals.
    let see = node.get_with(&format!("/q/{code}/lots/om2.3"), &html).await;
    assert_eq!((see.status, see.header("location")), (StatusCode::SEE_OTHER, format!("/q/{code}/lots/OM2.3").as_str()));
    assert_eq!(node.get_with(&format!("/Q/{code}/LOTS/OM2.3"), &html).await.status, StatusCode::OK);
    assert_eq!(node.get(&format!("/q/{code}/lots/OM2.3.svg")).await.header("content-type"), "image/svg+xml");
    let address = address_of_lot("https://bangtin.yenbai.example.vn", code.parse().unwrap(), "OM2.3");
    assert_eq!(address, format!("https://BANGTIN.YENBAI.EXAMPLE.VN/Q/{code}/LOTS/OM2.3"));
    let picture = image::load_from_memory(&Matrix::new(&address).unwrap().png(512).unwrap()).unwrap().to_luma8();
    assert_eq!((crate::qr::rqrr(&picture).as_deref(), crate::qr::zbar(&picture).as_str()), (Some(address.as_str()), address.as_str()));
    for missing in ["OM2.4", "%C3%B4"] {
        assert_eq!(node.get_with(&format!("/q/{code}/lots/{missing}"), &html).await.status, StatusCode::NOT_FOUND, "{missing}");
    }
    assert_eq!(node.get_with("/q/QHSDD21AG/lots", &html).await.status, StatusCode::NOT_FOUND, "a plan of zones has no lots");
    let found = node.get_with(&format!("/q/{code}/lots?q=cay+xanh"), &html).await.text();
    assert!(found.contains("CX1") && !found.contains("OM2.3"), "{found}");
    let all = node.get_with(&format!("/q/{code}/lots"), &html).await.text();
    assert!(["OM2.3", "CX1", "XX1"].iter().all(|number| all.contains(number)), "{all}");
    // Lots under one number share a page, and the page says so.
    let mut twice = three();
    twice["features"][1]["properties"]["KyHieuLoDat"] = json!("om2 / 3");
    twice["features"][2]["properties"]["KyHieuLoDat"] = json!("OM2-3");
    let code = publish(&node, "twice", json!({ "geojson": twice })).await;
    let page = node.get_with(&format!("/q/{code}/lots/OM2-3"), &html).await.text();
    assert!(page.contains("Quy hoạch có nhiều lô cùng ký hiệu này.") && page.contains("Cây xanh"), "{page}");
}

async fn the_sheet_of_a_parcel_is_one_page_for_archives_and_nothing_of_it_is_kept(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    publish(&node, "sheet", json!({ "geojson": with_street("12") })).await;
    let parcel = typed(&[[515_002.0, 2_401_500.0], [515_022.0, 2_401_500.0], [515_022.0, 2_401_510.0], [515_002.0, 2_401_510.0]]);
    let before = node.model.image().position;
    let sheet = node.form("/here?f=pdf", &[("parcel", &parcel)]).await;
    assert_eq!(
        (sheet.status, sheet.header("content-type"), sheet.header("cache-control")),
        (StatusCode::OK, "application/pdf", "no-store")
    );
    assert_eq!(node.model.image().position, before);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sheet.pdf");
    std::fs::write(&file, &sheet.body).unwrap();
    let text = crate::support::run("pdftotext", &["-layout", file.to_str().unwrap(), "-"]);
    for said in [
        "Thông tin quy hoạch",
        "m²",
        "100,0",
        "sheet/QĐ",
        "200,0 m²",
        "Lô OM2.3",
        "nằm trong lộ giới đường Mẫu (rộng 12 m).",
        "mật độ tối đa 70 %",
        "giá trị pháp lý",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(crate::support::run("pdfinfo", &[file.to_str().unwrap()]).contains("Pages:           1"));
    let meta = crate::support::run("pdfinfo", &["-meta", file.to_str().unwrap()]);
    assert!(meta.contains("<pdfaid:part>2<") && meta.contains("<pdfaid:conformance>U<"), "{meta}");
    crate::support::run("qpdf", &["--check", file.to_str().unwrap()]);
    // A wrong parcel gives the form again, and no print.
    let wrong = node.form("/here?f=pdf", &[("parcel", "1 2 3")]).await;
    assert_eq!((wrong.status, wrong.header("content-type")), (StatusCode::BAD_REQUEST, "text/html; charset=utf-8"));
}

async fn one_geopackage_has_all_layers_of_a_plan_and_their_styles(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let code = publish(&node, "package", json!({ "geojson": with_street("12") })).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plan.gpkg");
    std::fs::write(&file, node.get(&format!("/q/{code}.gpkg")).await.body).unwrap();
    let file = file.to_str().unwrap();
    let listed = crate::support::run("ogrinfo", &["-q", file]);
    for layer in ["zones (Multi Polygon)", "lots (Multi Polygon)", "plan-lines (Multi Line String)", "plan-points (Point)", "layer_styles"]
    {
        assert!(listed.contains(layer), "{layer}: {listed}");
    }
    let lots = crate::support::run("ogrinfo", &["-so", file, "lots"]);
    assert!(lots.contains("storeys_max: Integer") && lots.contains("density_max_pct: Real") && lots.contains("Feature Count: 3"), "{lots}");
    let lines = crate::support::run("ogrinfo", &["-q", file, "plan-lines", "-where", "right_of_way_m > 10"]);
    assert!(lines.contains("line_kind (String) = road"), "{lines}");
    let styles = crate::support::run(
        "ogrinfo",
        &["-q", file, "-sql", "SELECT f_table_name, useAsDefault FROM layer_styles WHERE styleQML LIKE '%renderer-v2%'"],
    );
    assert_eq!(styles.matches("useAsDefault").count(), 4, "{styles}");
    // A format of one layer has that of the zones, as before.
    let csv = node.get(&format!("/q/{code}.csv")).await.text();
    assert_eq!(csv.lines().count(), 3, "{csv}");
}

async fn a_street_that_becomes_wider_is_told_between_two_revisions(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let code = publish(&node, "narrow", json!({ "geojson": with_street("12") })).await;
    let mut after = with_street("13,25 m");
    after["features"].as_array_mut().unwrap().remove(4);
    let facts = json!({ "kind": "detailed-plan", "title": "Điều chỉnh", "adjustment": "local", "zones": { "geojson": after },
        "decision": { "authority": "UBND", "number": "wide/QĐ", "signed": "2026-06-05" } });
    let revise =
        json!({ "id": "wide", "type": "plan.revise", "code": code, "based_on": 1, "effective_from": "2026-06-05", "facts": facts });
    node.apply(&revise.to_string()).await;
    let page = node.get_with(&format!("/q/{code}/changes?from=1&to=2"), &[("accept", "text/html")]).await.text();
    for said in
        ["Đường của quy hoạch (2)", "đường Mẫu (tim đường): Lộ giới (m) 12 m → <b>13,25 m</b>", "Không còn: đường Mẫu (chỉ giới đường đỏ)"]
    {
        assert!(page.contains(said), "{said}: {page}");
    }
}

/// Two rows of ten lots, 6 m by 18 m, in each of a hundred blocks.
fn two_thousand_lots() -> Value {
    let lot = |n: i32| {
        let (block, row, column) = (n / 20, n % 20 / 10, n % 10);
        let (x, y) = (515_000 + block / 10 * 72 + column * 6, 2_401_000 + block % 10 * 48 + row * 18);
        let ring = json!([[x, y], [x + 6, y], [x + 6, y + 18], [x, y + 18], [x, y]]);
        json!({ "type": "Feature", "properties": { "KyHieuLoDat": format!("LK{}-{:02}", block + 1, row * 10 + column + 1), "MaLoaiDat": "ODT" },
            "geometry": { "type": "Polygon", "coordinates": [ring] } })
    };
    let features: Vec<Value> = (0..2_000).map(lot).collect();
    json!({ "type": "FeatureCollection", "crs": { "type": "name", "properties": { "name": "EPSG:9208" } }, "features": features })
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
async fn a_large_sheet_has_the_number_of_each_of_two_thousand_lots() {
    let (_database, _, node) = demo(Kind::Sqlite).await;
    let code = publish(&node, "large", json!({ "geojson": two_thousand_lots() })).await;
    let sheet = node.get(&format!("/q/{code}/poster.pdf?size=A1")).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sheet.pdf");
    std::fs::write(&file, &sheet.body).unwrap();
    let text = crate::support::run("pdftotext", &[file.to_str().unwrap(), "-"]);
    let numbers: std::collections::BTreeSet<&str> = text.split_whitespace().filter(|word| word.starts_with("LK")).collect();
    assert_eq!(numbers.len(), 2_000);
}
