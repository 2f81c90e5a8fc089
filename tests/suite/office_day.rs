//! The day's work in the office: duty, boards, reports, the audit trail; on both databases.

use axum::http::StatusCode;
use bangtin::domain::access::Role;

use crate::office::{Browser, hidden, settle, signed_in};
use crate::on_both_databases;
use crate::support::{Kind, demo};

const BOARD: &str = "BANG0001F";

async fn token_of(browser: &mut Browser<'_>) -> String {
    hidden(&browser.get("/office/me").await.text(), "token")
}

async fn one_tap_sets_a_vehicle_and_shows_what_the_public_sees(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    clock.set("2026-11-26T05:00:00Z");
    let (mut dispatcher, _) = signed_in(&node, &[Role::Health], "an@yenbai.gov.vn", &clock).await;
    let page = dispatcher.get("/office/duty").await.text();
    assert!(page.contains("Người dân thấy") && page.contains("chưa rõ") || page.contains("Người dân thấy"), "{page}");
    let (code, seen, token) = (hidden(&page, "code"), hidden(&page, "seen"), token_of(&mut dispatcher).await);
    // The line broke: the same tap comes twice, and acts once.
    let before = node.app.log().head().await.unwrap().position;
    for _ in 0..2 {
        let fields = [("token", token.as_str()), ("code", &code), ("seen", &seen), ("do", "out")];
        let answer = dispatcher.post("/office/duty", &fields).await;
        assert_eq!(answer.header("location"), format!("/office/duty#{code}"), "{}", answer.text());
    }
    assert_eq!(node.app.log().head().await.unwrap().position, before + 1);
    let page = dispatcher.get("/office/duty").await.text();
    assert!(page.contains("aria-pressed=\"true\"") && page.contains("còn mới đến"), "{page}");
    assert_eq!(node.get(&format!("/q/{code}.json")).await.json()["duty"], "out");
    // The same word later is said anew, and is fresh for as long again.
    clock.set("2026-11-26T05:10:00Z");
    let page = dispatcher.get("/office/duty").await.text();
    let seen = page.split(&format!("name=\"code\" value=\"{code}\"")).nth(1).unwrap().split("name=\"seen\" value=\"").nth(1).unwrap();
    let fields = [("token", token.as_str()), ("code", &code), ("seen", seen.split('"').next().unwrap()), ("do", "out")];
    dispatcher.post("/office/duty", &fields).await;
    assert_eq!(node.get(&format!("/q/{code}.json")).await.json()["duty_at"], "2026-11-26T05:10:00Z");
    let (mut planner, _) = signed_in(&node, &[Role::Planner], "binh@yenbai.gov.vn", &clock).await;
    assert!(planner.get("/office/duty").await.text().contains("Không có xe nào"));
}

async fn a_clerk_replaces_and_checks_what_hangs_on_a_board(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (mut clerk, _) = signed_in(&node, &[Role::Clerk], "an@yenbai.gov.vn", &clock).await;
    let path = format!("/office/boards/{BOARD}");
    assert!(node.get(&format!("/q/{BOARD}")).await.text().contains(&path), "its code leads a clerk there");
    let sends = async |clerk: &mut Browser<'_>, fields: &[(&str, &str)]| {
        let seen = hidden(&clerk.get(&path).await.text(), "seen");
        let answer = clerk.submit(&path, &path, &[fields, &[("seen", &seen)]].concat()).await;
        settle(&node).await;
        answer
    };
    let printed = sends(&mut clerk, &[("do", "print"), ("item", "QHC2020AH")]).await;
    let poster = printed.header("location").to_owned();
    assert!(poster.starts_with("/q/QHC2020AH/poster.pdf?board="), "{}", printed.text());
    assert_eq!(node.get(&poster).await.header("content-type"), "application/pdf");
    let page = clerk.get(&path).await.text();
    assert!(page.contains("value=\"hang\""), "{page}");
    assert_eq!(sends(&mut clerk, &[("do", "hang"), ("item", "QHC2020AH")]).await.header("location"), path);
    assert_eq!(sends(&mut clerk, &[("do", "check"), ("note", "Kính vỡ")]).await.header("location"), path);
    let wrong = sends(&mut clerk, &[("do", "hang"), ("item", "XXXXXXXX")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let events = node.app.log().read_aggregate(&format!("board/{BOARD}"), 0).await.unwrap();
    let names: Vec<&str> = events.iter().rev().take(3).map(|stored| stored.event.name.as_str()).collect();
    assert_eq!(names, ["board.checked", "board.hung", "board.printed"]);
    let page = node.get(&format!("/q/{BOARD}")).await.text();
    assert!(page.contains("/q/QHC2020AH"), "{page}");
}

async fn reports_are_closed_and_every_deed_is_in_the_audit_trail(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let report = node.form("/q/QHSDD21AG/report", &[("kind", "mistake"), ("text", "Sai tên phường"), ("reply_to", "")]).await;
    assert!(report.status.is_success(), "{}", report.text());
    settle(&node).await;
    let (mut clerk, clerk_id) = signed_in(&node, &[Role::Clerk], "an@yenbai.gov.vn", &clock).await;
    assert!(clerk.get("/office").await.text().contains("Báo cáo của người dân chờ xử lý"));
    let page = clerk.get("/office/reports").await.text();
    assert!(page.contains("Sai tên phường"), "{page}");
    let id = hidden(&page, "report");
    let closed = clerk.submit("/office/reports", "/office/reports", &[("report", &id), ("outcome", "mended")]).await;
    assert_eq!(closed.header("location"), "/office/reports", "{}", closed.text());
    assert!(!clerk.get("/office/reports").await.text().contains("Sai tên phường"));
    let (mut administrator, _) = signed_in(&node, &[Role::Administrator], "binh@yenbai.gov.vn", &clock).await;
    let trail = administrator.get(&format!("/office/audit?person={}", clerk_id.0)).await.text();
    assert!(trail.contains("report.closed") && trail.contains("Nguyễn Thị Thử") && !trail.contains("plan.published"), "{trail}");
    let trail = administrator.get("/office/audit?item=QHSDD21AG&f=csv").await;
    assert!(trail.text().contains("plan.published,plan/QHSDD21AG") && !trail.text().contains("report.closed"), "{}", trail.text());
    let none = administrator.get("/office/audit?day=2020-01-01").await.text();
    assert!(none.contains("Không có việc nào như vậy"), "{none}");
    assert_eq!(clerk.get("/office/audit").await.status, StatusCode::FORBIDDEN);
}

on_both_databases!(
    one_tap_sets_a_vehicle_and_shows_what_the_public_sees,
    a_clerk_replaces_and_checks_what_hangs_on_a_board,
    reports_are_closed_and_every_deed_is_in_the_audit_trail,
);
