//! What is published, in the office: what follows after publishing, and the forms that change an item; on both databases.

use axum::http::StatusCode;
use bangtin::domain::access::Role;

use crate::office::{Browser, hidden, settle, signed_in};
use crate::on_both_databases;
use crate::support::{Kind, demo};

const PLAN: &str = "QHSDD21AG";
const DAY: &str = "NKTM20267";
const WORKS: &str = "CDCD26016";

async fn sends(browser: &mut Browser<'_>, code: &str, fields: &[(&str, &str)]) -> String {
    let path = format!("/office/items/{code}");
    let seen = hidden(&browser.get(&path).await.text(), "seen");
    let answer = browser.submit("/office/me", &path, &[fields, &[("seen", &seen)]].concat()).await;
    if answer.status == StatusCode::SEE_OTHER { answer.header("location").to_owned() } else { answer.text() }
}

async fn an_item_is_corrected_ended_and_withdrawn_by_forms(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (mut campaigner, _) = signed_in(&node, &[Role::Campaign], "an@yenbai.gov.vn", &clock).await;
    let list = campaigner.get("/office/items?q=khong+tien").await.text();
    assert!(list.contains("/office/items/") && !list.contains(PLAN), "{list}");
    let page = campaigner.get(&format!("/office/items/{DAY}")).await.text();
    for expected in ["Việc tiếp theo", "poster.pdf?size=a4", "booklet.pdf?unit=04252-2025", "Đính chính lỗi chữ", "Thu hồi"] {
        assert!(page.contains(expected), "no “{expected}”: {page}");
    }
    // A form without a reason is refused in words, and changes nothing.
    let refused = sends(&mut campaigner, DAY, &[("do", "withdraw"), ("reason", " ")]).await;
    assert!(refused.contains("status bad"), "{refused}");
    let corrected = [("do", "correct"), ("/title", "Ngày không tiền mặt, đã sửa"), ("reason", "Lỗi đánh máy")];
    assert_eq!(sends(&mut campaigner, DAY, &corrected).await, format!("/office/items/{DAY}?done=1"));
    assert!(node.get(&format!("/q/{DAY}")).await.text().contains("Ngày không tiền mặt, đã sửa"));
    assert!(node.get(&format!("/q/{DAY}/history")).await.text().contains("Lỗi đánh máy"));
    let ended = sends(&mut campaigner, DAY, &[("do", "expire"), ("effective_to", "2026-12-31"), ("reason", "Hết kinh phí")]).await;
    assert_eq!(ended, format!("/office/items/{DAY}?done=1"));
    assert_eq!(node.get(&format!("/q/{DAY}.json")).await.json()["effective_to"], "2026-12-31");
    // Sent twice, it acts once.
    let path = format!("/office/items/{DAY}");
    let seen = hidden(&campaigner.get(&path).await.text(), "seen");
    for _ in 0..2 {
        let fields = [("do", "withdraw"), ("reason", "Hủy"), ("seen", seen.as_str())];
        let answer = campaigner.submit("/office/me", &path, &fields).await;
        assert_eq!(answer.header("location"), format!("/office/items/{DAY}?done=1"), "{}", answer.text());
    }
    let events = node.app.log().read_aggregate(&format!("campaign/{DAY}"), 0).await.unwrap();
    assert_eq!(events.iter().filter(|stored| stored.event.name == "campaign.withdrawn").count(), 1);
    assert_eq!(node.get(&format!("/q/{DAY}")).await.status, StatusCode::GONE);
    assert!(!campaigner.get(&path).await.text().contains("value=\"withdraw\""));
    // Another family's item has no forms, and its address takes none.
    assert!(!campaigner.get(&format!("/office/items/{WORKS}")).await.text().contains("value=\"withdraw\""));
    let answer = campaigner.submit("/office/me", &format!("/office/items/{WORKS}"), &[("do", "withdraw"), ("reason", "x")]).await;
    assert!(answer.status == StatusCode::UNPROCESSABLE_ENTITY || answer.status == StatusCode::FORBIDDEN, "{}", answer.status);
    assert_eq!(node.get(&format!("/q/{WORKS}")).await.status, StatusCode::OK);
}

async fn what_becomes_wrong_on_boards_is_said_before_and_listed_after(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (mut planner, _) = signed_in(&node, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    let (_approver, _) = signed_in(&node, &[Role::Approver], "binh@yenbai.gov.vn", &clock).await;
    let hanging = {
        let (image, moment) =
            (node.model.image(), bangtin::domain::publication::view::Moment::new(node.app.now(), node.model.image().city.zone()));
        let boards = image.standing_boards(&moment, None);
        let hangs = |code: &str| {
            let of_board = |board: &bangtin::domain::publication::view::View| {
                board.board().unwrap().postings.iter().filter(|posting| posting.item.as_str() == code && posting.hangs()).count()
            };
            boards.iter().map(of_board).sum::<usize>()
        };
        hangs(PLAN)
    };
    let page = planner.get(&format!("/office/items/{PLAN}")).await.text();
    let said = if hanging == 0 { "Không có bản in nào đang treo.".to_owned() } else { format!("{hanging} bản in trên") };
    assert!(page.contains(&said), "{said}: {page}");
    // Under the rule of two persons a form makes a proposal.
    let proposed = sends(&mut planner, PLAN, &[("do", "withdraw"), ("reason", "Ban hành nhầm")]).await;
    assert_eq!(proposed, format!("/office/proposals/{PLAN}"));
    settle(&node).await;
    assert_eq!(node.get(&format!("/q/{PLAN}")).await.status, StatusCode::OK);
}

on_both_databases!(an_item_is_corrected_ended_and_withdrawn_by_forms, what_becomes_wrong_on_boards_is_said_before_and_listed_after);
