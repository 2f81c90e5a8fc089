//! What an administrator sets in the browser: tokens for programs, and the city's settings.

use axum::http::StatusCode;
use bangtin::domain::access::Role;
use serde_json::json;

use crate::office::{hidden, settle, signed_in};
use crate::on_both_databases;
use crate::support::{Kind, demo};

on_both_databases!(
    units_that_are_ticked_never_become_the_whole_city,
    a_token_is_shown_once_does_what_its_role_may_and_is_revoked,
    what_an_administrator_sets_is_on_every_page_and_says_who_changed_it,
    for_what_two_persons_are_needed_is_ticked,
);

async fn a_token_is_shown_once_does_what_its_role_may_and_is_revoked(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (mut chief, id) = signed_in(&node, &[Role::Administrator], "truong@yenbai.gov.vn", &clock).await;
    let path = "/office/tokens";
    for (fields, said) in [
        (vec![("label", "Bệnh viện"), ("role", "administrator")], "vai trò"),
        (vec![("label", "Bệnh viện"), ("role", "health"), ("reach", "units")], "Vai trò phải"),
        (vec![("label", "Bệnh viện"), ("role", "health"), ("reach", "city"), ("unit", "04252-2025")], "một trong hai"),
        (vec![("label", "Bệnh viện"), ("role", "health"), ("person", "a-0000000000000000")], "a-0000000000000000"),
    ] {
        let refused = chief.submit(path, path, &fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{fields:?}");
        assert!(refused.text().contains(said), "no “{said}”: {}", refused.text());
    }
    let made = chief.submit(path, path, &[("label", "Bệnh viện đa khoa"), ("role", "health")]).await.text();
    let secret = made.split("bt_").nth(1).unwrap().split('<').next().unwrap();
    let secret = format!("bt_{secret}");
    let page = chief.get(path).await.text();
    assert!(page.contains("Bệnh viện đa khoa") && !page.contains(&secret), "{page}");
    let station = |id: &str| {
        json!({ "id": id, "type": "map-point.publish", "facts": { "kind": "health-station", "title": "Trạm", "position": { "lon": 104.87, "lat": 21.7 } } }).to_string()
    };
    assert_eq!(node.post("/collections/health-stations/items", &secret, station("1")).await.status, StatusCode::CREATED);
    let last = node.app.log().read(0, 10_000).await.unwrap();
    let created = last.iter().rev().find(|stored| stored.event.name == "token.created").unwrap();
    assert_eq!(created.actor, id.to_string(), "the log says who made it");
    chief.submit(path, path, &[("revoke", &hidden(&page, "revoke"))]).await;
    settle(&node).await;
    assert_eq!(node.post("/collections/health-stations/items", &secret, station("2")).await.status, StatusCode::UNAUTHORIZED);
    assert!(!chief.get(path).await.text().contains("Bệnh viện đa khoa"));
}

async fn what_an_administrator_sets_is_on_every_page_and_says_who_changed_it(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (mut chief, _) = signed_in(&node, &[Role::Administrator], "truong@yenbai.gov.vn", &clock).await;
    let path = "/office/city";
    let mut fields = vec![
        ("contact_vi", "Tổ bảng tin phường"),
        ("contact_en", "Notice board team"),
        ("phone", "0216 0000 999"),
        ("licence", "CC BY 4.0"),
        ("emergency", "115"),
        ("emergency-vi", "Cấp cứu"),
        ("emergency-en", ""),
        ("emergency", ""),
        ("emergency-vi", ""),
        ("emergency-en", ""),
    ];
    let saved = chief.submit(path, path, &fields).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    settle(&node).await;
    let home = node.get_with("/", &[("accept", "text/html")]).await.text();
    assert!(home.contains("Tổ bảng tin phường") && home.contains("0216 0000 999") && !home.contains("tel:113"), "{home}");
    let page = chief.get(path).await.text();
    assert!(
        page.contains("<b>Nguyễn Thị Thử</b>")
            && ["Nơi hỏi đáp", "Điện thoại hỏi đáp", "Số khẩn cấp"].iter().all(|name| page.contains(name)),
        "{page}"
    );
    // What could not work is refused, and nothing changes.
    fields[2].1 = "không có số";
    let refused = chief.submit(path, path, &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text());
    assert!(node.get_with("/", &[("accept", "text/html")]).await.text().contains("0216 0000 999"));
}

async fn units_that_are_ticked_never_become_the_whole_city(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (mut chief, _) = signed_in(&node, &[Role::Administrator], "truong@yenbai.gov.vn", &clock).await;
    let (_, an) = signed_in(&node, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    let path = format!("/office/accounts/{an}");
    let fields = [("do", "grant"), ("role", "works"), ("reach-works", "city"), ("unit-works", "04252-2025")];
    let refused = chief.submit(&path, &path, &fields).await;
    assert!(refused.status == StatusCode::CONFLICT && refused.text().contains("một trong hai"), "{}", refused.text());
    let fields = [("do", "grant"), ("role", "works"), ("reach-works", "units"), ("unit-works", "04252-2025")];
    assert_eq!(chief.submit(&path, &path, &fields).await.status, StatusCode::SEE_OTHER);
}

async fn for_what_two_persons_are_needed_is_ticked(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (mut chief, _) = signed_in(&node, &[Role::Administrator, Role::Approver], "truong@yenbai.gov.vn", &clock).await;
    let (mut planner, _) = signed_in(&node, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    let ticked = |page: &str, kind: &str| page.contains(&format!("name=\"kind\" value=\"{kind}\" checked"));
    let page = chief.get("/office/city").await.text();
    assert!(ticked(&page, "plan") && ticked(&page, "consultation") && !ticked(&page, "works"), "{page}");
    chief.submit("/office/city", "/office/city", &[("do", "second-person"), ("kind", "works"), ("kind", "health-station")]).await;
    settle(&node).await;
    let page = chief.get("/office/city").await.text();
    assert!(!ticked(&page, "plan") && ticked(&page, "works") && ticked(&page, "health-station") && !ticked(&page, "ambulance"), "{page}");
    assert!(planner.get("/office").await.text().contains("Thi công, cấm đường"));
}
