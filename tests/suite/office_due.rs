//! What is due, in the office: deadlines by law and the first page; on both databases.

use axum::http::StatusCode;
use bangtin::domain::Code;
use bangtin::domain::access::Role;
use serde_json::json;

use crate::office::{Browser, settle, signed_in};
use crate::on_both_databases;
use crate::support::{Kind, demo};

const PLAN: &str = "QHSDD21AG";

async fn deadlines_by_law_are_a_page_a_table_and_a_calendar(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (mut planner, _) = signed_in(&node, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    let (mut works, _) = signed_in(&node, &[Role::Works], "binh@yenbai.gov.vn", &clock).await;
    let (_approver, _) = signed_in(&node, &[Role::Approver], "chi@yenbai.gov.vn", &clock).await;
    // Signed on 2 November 2026: day 15 is Tuesday 17 November, which has passed at the demo's noon of the 24th.
    let facts = json!({ "kind": "land-use-plan", "title": "Chờ công bố", "level": "tỉnh",
        "decision": { "authority": "UBND tỉnh Yên Bái", "number": "5/QĐ", "signed": "2026-11-02" } });
    let command = json!({ "id": "late", "type": "plan.revise", "code": PLAN, "effective_from": "2026-12-20", "facts": facts });
    assert!(node.apply(&command.to_string()).await.state.is_some(), "it is proposed");
    settle(&node).await;
    let page = planner.get("/office/deadlines").await.text();
    for expected in ["17/11/2026", "quá hạn", "Chờ công bố", "Luật Đất đai 2024, Điều 75 khoản 4a", "tính từ 2/11/2026"]
    {
        assert!(page.contains(expected), "no “{expected}”: {page}");
    }
    let csv = planner.get("/office/deadlines?f=csv").await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    assert!(
        csv.text().starts_with("\u{feff}Ngày cuối,") && csv.text().contains("2026-11-17,Công bố công khai quy hoạch,Chờ công bố,"),
        "{}",
        csv.text()
    );
    let calendar = planner.get("/office/deadlines?f=ics").await.text().replace("\r\n ", "");
    assert!(calendar.contains("DTSTART;VALUE=DATE:20261117\r\n") && calendar.contains("LU-PUBLISH@yen-bai.bangtin"), "{calendar}");
    // What is no deadline any more is told to calendars that know it, under a greater number, and to nobody else.
    let open = json!({ "id": "open", "type": "consultation.publish-alone", "action": "publish", "reason": "Gấp", "command": { "facts": {
        "kind": "urban-consultation", "title": "Lấy ý kiến khu phố", "authority": "UBND phường", "opens": "2026-11-10", "closes": "2026-12-20", "how": "Tại UBND phường" } } });
    node.apply(&open.to_string()).await;
    settle(&node).await;
    let event = async |planner: &mut Browser<'_>| {
        let calendar = planner.get("/office/deadlines?f=ics").await.text().replace("\r\n ", "");
        let event = calendar.split("BEGIN:VEVENT").find(|event| event.contains("CONSULT")).map(str::to_owned);
        let event = event.unwrap_or_else(|| panic!("no consultation: {calendar}"));
        let of = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned();
        (of("UID:"), of("STATUS:"), of("SEQUENCE:").parse::<u32>().unwrap())
    };
    let (uid, status, number) = event(&mut planner).await;
    assert_eq!(status, "CONFIRMED");
    let code = uid.split('.').next().unwrap().to_owned();
    clock.set("2026-11-24T05:10:00Z");
    let withdraw = json!({ "id": "w", "type": "consultation.publish-alone", "code": code, "action": "withdraw", "command": { "reason": "Nhầm" }, "reason": "Gấp" });
    node.apply(&withdraw.to_string()).await;
    settle(&node).await;
    let (again, status, later) = event(&mut planner).await;
    assert!(again == uid && status == "CANCELLED" && later > number, "{again} {status} {later} {number}");
    assert!(!planner.get("/office/deadlines").await.text().contains(&code));
    // It stands on the first page too; who has to do with works only sees nothing of it.
    assert!(planner.get("/office").await.text().contains("Công bố công khai quy hoạch"));
    assert!(!works.get("/office/deadlines").await.text().contains("Chờ công bố"));
    assert!(!works.get("/office").await.text().contains("Chờ công bố"));
}

async fn the_first_page_says_what_begins_ends_and_is_out_of_date(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    clock.set("2026-11-26T05:00:00Z");
    let (mut health, _) = signed_in(&node, &[Role::Health], "an@yenbai.gov.vn", &clock).await;
    let (mut works, _) = signed_in(&node, &[Role::Works], "binh@yenbai.gov.vn", &clock).await;
    let page = health.get("/office").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text().contains("Trạng thái trực đã cũ"), "{}", page.text());
    let page = works.get("/office").await.text();
    assert!(page.contains("Sắp đến hạn") && (page.contains("có hiệu lực") || page.contains("hết hiệu lực")), "{page}");
    assert!(!page.contains("Trạng thái trực đã cũ"), "{page}");
    clock.set("2027-03-30T05:00:00Z");
    let (mut clerk, _) = signed_in(&node, &[Role::Clerk], "chi@yenbai.gov.vn", &clock).await;
    assert!(clerk.get("/office").await.text().contains("cần kiểm tra bảng tin"));
}

/// Of a calendar what a phone keeps of an event: its number, whether it takes place, and its day.
async fn kept(browser: &mut Browser<'_>, uid: &str) -> Option<(u32, String, String)> {
    let calendar = browser.get("/office/deadlines?f=ics").await.text().replace("\r\n ", "");
    let event = calendar.split("BEGIN:VEVENT").find(|event| event.contains(&format!("UID:{uid}")))?;
    let of = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned();
    Some((of("SEQUENCE:").parse().unwrap(), of("STATUS:"), of("DTSTART;VALUE=DATE:")))
}

async fn a_phone_keeps_no_deadline_of_what_was_proposed_and_dropped(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (mut planner, _) = signed_in(&node, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    let (_approver, _) = signed_in(&node, &[Role::Approver], "chi@yenbai.gov.vn", &clock).await;
    let facts = |number: &str| {
        json!({ "kind": "land-use-plan", "title": "Quy hoạch", "level": "tỉnh",
                "decision": { "authority": "UBND tỉnh Yên Bái", "number": number, "signed": "2026-11-20" } })
    };
    let new = Code::from_random([7; 8]).to_string();
    let mut numbers = Vec::new();
    // Of a plan that is published, and of one that never was; all within a second.
    for (n, (code, action)) in [(PLAN, "revise"), (new.as_str(), "publish")].into_iter().enumerate() {
        let uid = format!("{code}.LU-PUBLISH@");
        numbers.clear();
        for round in 0..2 {
            let propose = json!({ "id": format!("p{n}{round}"), "type": "plan.propose", "code": code, "action": action,
                                  "command": { "facts": facts(&format!("{n}{round}/QĐ")) }, "submitted": true });
            let proposal = node.apply(&propose.to_string()).await.proposal.unwrap();
            settle(&node).await;
            let (number, status, day) = kept(&mut planner, &uid).await.unwrap();
            assert_eq!((status.as_str(), day.as_str()), ("CONFIRMED", "20261207"), "the fifteenth day is a Saturday");
            numbers.push(number);
            node.apply(&json!({ "id": format!("d{n}{round}"), "type": "plan.discard", "code": code, "proposal": proposal }).to_string())
                .await;
            settle(&node).await;
            let (number, status, _) = kept(&mut planner, &uid).await.unwrap();
            assert_eq!(status, "CANCELLED", "{code}");
            numbers.push(number);
        }
        assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
    }
    // What waits to be withdrawn is to be published no more, whether somebody looked in between or not.
    let withdraw =
        json!({ "id": "w", "type": "plan.propose", "code": PLAN, "action": "withdraw", "command": { "reason": "Thử" }, "submitted": true });
    node.apply(&withdraw.to_string()).await;
    settle(&node).await;
    assert_eq!(kept(&mut planner, &format!("{PLAN}.LU-PUBLISH@")).await.map(|(_, status, _)| status).as_deref(), Some("CANCELLED"));
}

on_both_databases!(
    a_phone_keeps_no_deadline_of_what_was_proposed_and_dropped,
    deadlines_by_law_are_a_page_a_table_and_a_calendar,
    the_first_page_says_what_begins_ends_and_is_out_of_date
);
