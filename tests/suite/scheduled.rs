//! What is approved for an hour: nothing of it is public before, it is carried out once, and what goes wrong is said.

use axum::http::StatusCode;
use bangtin::domain::access::{Actor, Role};
use bangtin::node::schedule::carry_out_due;
use serde_json::{Value, json};

use crate::office::{Browser, hidden, settle, signed_in};
use crate::on_both_databases;
use crate::process::run;
use crate::support::{Kind, Node, demo};

on_both_databases!(
    a_revision_is_public_from_the_hour_that_a_form_names_on_and_recorded_once_by_two_nodes,
    a_decision_that_another_item_took_in_between_stops_it_and_its_authors_learn_why,
    what_one_person_may_publish_they_may_set_an_hour_for,
    an_hour_that_cannot_be_is_refused_with_a_sentence,
);

const PLAN: &str = "QHSDD21AG";

fn facts(title: &str, number: &str) -> Value {
    json!({ "kind": "land-use-plan", "title": title,
            "decision": { "authority": "UBND tỉnh Yên Bái", "number": number, "signed": "2026-10-01" } })
}

async fn history(node: &Node) -> String {
    node.get_with(&format!("/q/{PLAN}/history"), &[("accept", "text/html")]).await.text()
}

/// Events of a name that the log holds.
async fn count(node: &Node, name: &str) -> usize {
    node.app.log().read(0, 10_000).await.unwrap().iter().filter(|stored| stored.event.name == name).count()
}

async fn a_revision_is_public_from_the_hour_that_a_form_names_on_and_recorded_once_by_two_nodes(kind: Kind) {
    let (database, clock, node) = demo(kind).await;
    let (mut planner, _) = signed_in(&node, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    let (mut approver, _) = signed_in(&node, &[Role::Approver], "binh@yenbai.gov.vn", &clock).await;
    let other = Node::start(&database, &clock).await;
    // Noon of 24 November in Yên Bái is 5 o'clock in UTC.
    let office = format!("/office/items/{PLAN}");
    let page = planner.get(&office).await.text();
    let seen = hidden(&page, "seen");
    let fields =
        [("do", "expire"), ("seen", seen.as_str()), ("effective_to", "2027-12-31"), ("reason", "Hết kỳ"), ("at", "2026-11-24T12:10")];
    let sent = planner.submit(&office, &office, &fields).await;
    let proposal = format!("/office/proposals/{PLAN}");
    assert_eq!((sent.status, sent.header("location")), (StatusCode::SEE_OTHER, proposal.as_str()), "{}", sent.text());
    let page = approver.get(&proposal).await.text();
    assert!(page.contains("12:10 ngày 24/11/2026") && page.contains("tự thực hiện vào giờ đã ghi"), "{page}");
    let digest = hidden(&page, "proposal");
    approver.submit(&proposal, &proposal, &[("do", "approve"), ("proposal", &digest)]).await;
    settle(&node).await;
    let page = planner.get(&proposal).await.text();
    assert!(page.contains("chờ đến giờ") && page.contains("value=\"discard\""), "{page}");
    assert!(approver.get(&proposal).await.text().contains("value=\"return\""), "an approver can still return it");
    for early in ["2026-11-24T05:05:00Z", "2026-11-24T05:09:59.999Z"] {
        clock.set(early);
        assert_eq!(carry_out_due(&node.app, &node.model).await.unwrap(), 0, "{early}");
    }
    assert!(!history(&node).await.contains("31/12/2027"));
    // The hour has come on both nodes at once.
    clock.set("2026-11-24T05:10:00Z");
    settle(&other).await;
    let (one, two) = tokio::join!(carry_out_due(&node.app, &node.model), carry_out_due(&other.app, &other.model));
    assert_eq!((one.unwrap(), two.unwrap()), (1, 1), "both look");
    settle(&node).await;
    settle(&other).await;
    assert_eq!((count(&node, "plan.carried_out").await, count(&node, "plan.expiry_set").await), (1, 1), "the log takes it once");
    for at in [&node, &other] {
        assert!(history(at).await.contains("31/12/2027"));
        assert_eq!(carry_out_due(&at.app, &at.model).await.unwrap(), 0);
    }
    let mut elsewhere = Browser::new(&other);
    elsewhere.cookies.clone_from(&planner.cookies);
    assert_eq!(elsewhere.get(&proposal).await.header("location"), proposal.replace("proposals", "items"), "it is done");
}

async fn a_decision_that_another_item_took_in_between_stops_it_and_its_authors_learn_why(kind: Kind) {
    let (database, clock, node) = demo(kind).await;
    let (mut planner, an) = signed_in(&node, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    let (mut approver, _) = signed_in(&node, &[Role::Approver], "binh@yenbai.gov.vn", &clock).await;
    let (_, token) = node
        .app
        .create_token_for(&Actor::local(), Role::Planner, bangtin::domain::access::Reach::City, "thử".into(), Some(an))
        .await
        .unwrap();
    settle(&node).await;
    let propose = json!({ "id": "p", "type": "plan.propose", "action": "revise", "command": { "facts": facts("Hẹn giờ", "777/QĐ") },
        "submitted": true, "at": "2026-11-24T05:10:00Z" });
    let commands = format!("/collections/plans/items/{PLAN}/commands");
    let answer = node.post(&commands, &token, propose.to_string()).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text());
    settle(&node).await;
    let path = format!("/office/proposals/{PLAN}");
    let digest = hidden(&approver.get(&path).await.text(), "proposal");
    approver.submit(&path, &path, &[("do", "approve"), ("proposal", &digest)]).await;
    settle(&node).await;
    // In between, in an emergency, the same decision is published under another code.
    let alone = json!({ "id": "x", "type": "plan.publish-alone", "action": "publish", "reason": "Gấp",
        "command": { "facts": facts("Cùng quyết định", "777/QĐ") } });
    node.apply(&alone.to_string()).await;
    settle(&node).await;
    clock.set("2026-11-24T05:10:00Z");
    carry_out_due(&node.app, &node.model).await.unwrap();
    settle(&node).await;
    assert_eq!((count(&node, "plan.halted").await, count(&node, "plan.carried_out").await), (1, 0));
    assert!(!history(&node).await.contains("Hẹn giờ"));
    let home = planner.get("/office").await.text();
    assert!(home.contains("Hẹn giờ") && home.contains("không thực hiện được"), "{home}");
    let page = planner.get(&path).await.text();
    assert!(page.contains("Đến giờ thì quy tắc không cho thực hiện") && page.contains("đã được công bố"), "{page}");
    assert_eq!(carry_out_due(&node.app, &node.model).await.unwrap(), 0, "it is said once");
    let dropped = planner.submit(&path, &path, &[("do", "discard"), ("proposal", &digest)]).await;
    assert_eq!(dropped.status, StatusCode::SEE_OTHER, "{}", dropped.text());
    drop(node);
    // No digest of a proposal is taken for a blob that is missing.
    let verified = tokio::task::block_in_place(|| run(&database.path("data"), Some(&database.url), &["log", "verify"]));
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
}

async fn what_one_person_may_publish_they_may_set_an_hour_for(kind: Kind) {
    let (database, clock, node) = demo(kind).await;
    let propose = json!({ "id": "p", "type": "map-point.propose", "code": "XCT00001C", "action": "withdraw",
        "command": { "reason": "Xe ngừng hoạt động" }, "submitted": true, "at": "2026-11-24T05:10:00Z" });
    let outcome = node.apply(&propose.to_string()).await;
    assert_eq!(serde_json::to_value(outcome.state).unwrap(), json!("scheduled"));
    settle(&node).await;
    assert_eq!(node.get("/q/XCT00001C.json").await.json()["status"], "in-force");
    drop(node);
    // A node that starts after the hour carries it out.
    clock.set("2026-11-26T01:00:00Z");
    let node = Node::start(&database, &clock).await;
    assert_eq!(carry_out_due(&node.app, &node.model).await.unwrap(), 1);
    settle(&node).await;
    assert_eq!(node.get("/q/XCT00001C.json").await.json()["status"], "withdrawn");
    let last = node.app.log().read(0, 10_000).await.unwrap().pop().unwrap();
    assert_eq!((last.event.name.as_str(), last.actor.as_str()), ("map-point.withdrawn", Actor::clock().name()));
}

async fn an_hour_that_cannot_be_is_refused_with_a_sentence(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (mut planner, _) = signed_in(&node, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    let office = format!("/office/items/{PLAN}");
    let seen = hidden(&planner.get(&office).await.text(), "seen");
    for (at, said) in [("8 giờ sáng mai", "Không đọc được giờ"), ("2026-11-01T08:00", "đã qua")] {
        let fields = [("do", "withdraw"), ("seen", seen.as_str()), ("reason", "Thử"), ("at", at)];
        let answer = planner.submit(&office, &office, &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{at}");
        assert!(answer.text().contains(said), "{at}: {}", answer.text());
    }
    assert_eq!(node.get(&format!("/q/{PLAN}.json")).await.json()["status"], "in-force");
}
