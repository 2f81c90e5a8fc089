//! `/imports`: a planner's file over HTTP, its report, its publication; on both databases.

use axum::http::StatusCode;
use bangtin::domain::Digest;
use bangtin::domain::access::{Reach, Role};
use bangtin::http::Limits;
use serde_json::{Value, json};

use crate::on_both_databases;
use crate::support::{Answer, Database, Kind, NOON, Node, TestClock};

async fn node(kind: Kind, limits: Limits) -> (Database, Node, String) {
    let database = Database::new(kind).await;
    let clock = TestClock::at(NOON);
    let node = Node::start_with(&database, &clock, limits).await;
    let (_, planner) = node.app.create_token(Role::Planner, Reach::City, "thử".into()).await.unwrap();
    let head = node.app.log().head().await.unwrap().position;
    assert!(node.model.wait_for(head, std::time::Duration::from_secs(5)).await);
    (database, node, planner)
}

async fn upload(node: &Node, token: &str, fields: &[(&str, &str)], name: &str, file: &[u8]) -> Answer {
    let mut body = Vec::new();
    for (field, value) in fields {
        body.extend(format!("--XX\r\ncontent-disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n").into_bytes());
    }
    body.extend(format!("--XX\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n").into_bytes());
    body.extend(file);
    body.extend(b"\r\n--XX--\r\n");
    node.post_with("/imports", token, body, &[("content-type", "multipart/form-data; boundary=XX")]).await
}

fn command(id: &str) -> Value {
    json!({ "id": id, "type": "plan.publish", "effective_from": "2026-02-01", "facts": {
        "kind": "land-use-plan", "title": "Quy hoạch thử", "decision": { "authority": "UBND", "number": "1/QĐ", "signed": "2026-01-15" },
    } })
}

async fn a_file_becomes_a_report_and_then_a_plan(kind: Kind) {
    let (_database, node, planner) = node(kind, Limits::default()).await;
    let file = std::fs::read("tests/data/formats/plan.zip").unwrap();
    let answer = upload(&node, &planner, &[("authority", "UBND"), ("signed", "2026-01-15")], "quy hoạch.zip", &file).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
    let (id, url) = (answer.json()["id"].as_str().unwrap().to_owned(), answer.header("location").to_owned());
    assert!(url.ends_with(&format!("/imports/{id}")) && answer.json()["report"]["features"] == 12);
    let path = format!("/imports/{id}");
    let bearer = format!("Bearer {planner}");
    let (html, json) = ([("accept", "text/html"), ("authorization", bearer.as_str())], [("authorization", bearer.as_str())]);
    let page = node.get_with(&path, &html).await;
    assert!(page.text().contains("Không có lỗi") && page.text().contains("<svg") && page.header("cache-control") == "no-store");
    assert!(page.header("content-security-policy").contains("style-src 'sha256-"));
    let report = node.get_with(&format!("{path}?f=json"), &json).await.json();
    assert_eq!((&report["clean"], &report["report"]["crs"]), (&json!(true), &json!("EPSG:9208")));
    // Who has only the address, or another office's token, reads nothing.
    assert_eq!(node.get(&path).await.status, StatusCode::UNAUTHORIZED);
    let (_, health) = node.app.create_token(Role::Health, Reach::City, "thử".into()).await.unwrap();
    assert!(node.model.wait_for(node.app.log().head().await.unwrap().position, std::time::Duration::from_secs(5)).await);
    assert_eq!(node.get_with(&path, &[("authorization", &format!("Bearer {health}"))]).await.status, StatusCode::FORBIDDEN);
    // Nor a planner of one ward a plan of the whole city; nor may they publish it.
    let ward = Reach::Units(vec!["04252-2025".parse().unwrap()]);
    let (_, elsewhere) = node.app.create_token(Role::Planner, ward, "thử".into()).await.unwrap();
    assert!(node.model.wait_for(node.app.log().head().await.unwrap().position, std::time::Duration::from_secs(5)).await);
    assert_eq!(node.get_with(&path, &[("authorization", &format!("Bearer {elsewhere}"))]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(node.post(&format!("{path}/publish"), &elsewhere, command("q").to_string()).await.status, StatusCode::NOT_FOUND);
    // Nothing is published before somebody says so.
    assert_eq!(node.get("/collections/plans/items").await.json()["numberMatched"], 0);
    assert_eq!(node.get(&format!("/blobs/{}", report["set"]["sha256"].as_str().unwrap())).await.status, StatusCode::NOT_FOUND);
    let refused = node.post(&format!("{path}/publish"), "bt_wrong", command("p").to_string()).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    let published = node.post(&format!("{path}/publish"), &planner, command("p").to_string()).await;
    assert_eq!(published.status, StatusCode::CREATED, "{}", published.text());
    let code = published.json()["code"].as_str().unwrap().to_owned();
    assert!(node.model.wait_for(published.json()["position"].as_i64().unwrap(), std::time::Duration::from_secs(5)).await);
    let record = node.get(&format!("/q/{code}.json")).await.text();
    assert!(record.contains(&Digest::of(&file).to_string()), "the file as received is a document of the revision");
    let source = node.get(&format!("/q/{code}/documents/{}", Digest::of(&file))).await;
    assert_eq!(source.status, StatusCode::OK);
    let zones: Value = serde_json::from_str(&node.get(&format!("/q/{code}.geojson")).await.text()).unwrap();
    assert_eq!(zones["features"].as_array().unwrap().len(), 12);
    // Repeating the command repeats the answer.
    let again = node.post(&format!("{path}/publish"), &planner, command("p").to_string()).await;
    assert!(again.status == StatusCode::OK && again.json()["code"] == code.as_str(), "{}", again.text());
}

async fn a_file_with_errors_has_a_report_and_is_not_published(kind: Kind) {
    let (_database, node, planner) = node(kind, Limits::default()).await;
    let file = std::fs::read_to_string("tests/data/formats/plan.geojson").unwrap().replacen("\"MaLoaiDat\":\"", "\"MaLoaiDat\":\"X", 1);
    let answer = upload(&node, &planner, &[], "a.geojson", file.as_bytes()).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!((&answer.json()["publish"], &answer.json()["report"]["totals"]["error"]), (&Value::Null, &json!(1)));
    let path = format!("/imports/{}", answer.json()["id"].as_str().unwrap());
    let bearer = format!("Bearer {planner}");
    let page = node.get_with(&path, &[("accept", "text/html"), ("authorization", &bearer)]).await.text();
    assert!(page.contains("Có 1 lỗi phải sửa") && page.contains("#f1"), "the finding is marked on the map");
    let refused = node.post(&format!("{path}/publish"), &planner, command("p").to_string()).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.text());
}

async fn strangers_wrong_forms_and_floods_are_refused(kind: Kind) {
    let limits = Limits { import_bytes: 100_000, ..Limits::default() };
    let (_database, node, planner) = node(kind, limits).await;
    let file = std::fs::read("tests/data/formats/plan.zip").unwrap();
    assert_eq!(upload(&node, "bt_nobody", &[], "a.zip", &file).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(upload(&node, &planner, &[("crs", "EPSG:1")], "a.zip", &file).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(upload(&node, &planner, &[("signed", "gestern")], "a.zip", &file).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(upload(&node, &planner, &[("field", "all")], "a.zip", &file).await.status, StatusCode::BAD_REQUEST);
    // A planner's token is not for campaigns.
    assert_eq!(upload(&node, &planner, &[("field", "places")], "a.csv", b"a,b\n1,2\n").await.status, StatusCode::FORBIDDEN);
    let large = upload(&node, &planner, &[], "a.zip", &vec![b'x'; 200_000]).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE, "{}", large.text());
    let empty = node.post_with("/imports", &planner, "--XX--\r\n", &[("content-type", "multipart/form-data; boundary=XX")]).await;
    assert_eq!(empty.status, StatusCode::BAD_REQUEST);
    assert_eq!(node.post("/imports", &planner, "{}").await.status, StatusCode::BAD_REQUEST);
    for id in ["x", &"0".repeat(64)] {
        let bearer = format!("Bearer {planner}");
        assert_eq!(node.get_with(&format!("/imports/{id}?f=json"), &[("authorization", &bearer)]).await.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(node.app.log().blobs().await.unwrap().len(), 0, "nothing of all that was kept");
}

on_both_databases!(
    a_file_becomes_a_report_and_then_a_plan,
    a_file_with_errors_has_a_report_and_is_not_published,
    strangers_wrong_forms_and_floods_are_refused,
);
