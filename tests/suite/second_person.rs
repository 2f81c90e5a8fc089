//! Two persons: what one proposes, another approves; nothing of it is public before.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use bangtin::app::{ExecuteError, Request};
use bangtin::domain::access::{AccountId, Actor, Grant, Reach, Role};
use bangtin::domain::{Code, Digest};
use bangtin::import::attach::no_files;
use serde_json::{Value, json};

use crate::office::{Browser, hidden, settle, signed_in};
use crate::on_both_databases;
use crate::process::run;
use crate::support::{Database, Kind, NOON, Node, TestClock, demo};

on_both_databases!(
    a_planner_brings_a_file_in_the_browser_and_an_approver_publishes_it,
    what_a_planner_proposes_is_seen_by_nobody_outside_and_published_by_an_approver,
    what_is_returned_comes_back_to_its_authors_and_is_proposed_anew,
    a_proposal_is_shown_only_to_those_whose_units_it_touches,
    what_comes_from_the_machine_or_a_token_of_nobody_needs_two_approvers,
    the_city_chooses_for_what_two_persons_are_needed,
    in_an_emergency_an_administrator_publishes_alone_and_everybody_reads_why,
    every_command_that_changes_a_plan_waits_for_a_second_person,
    no_sequence_of_commands_publishes_without_two_distinct_persons,
);

const PLAN: &str = "QHSDD21AG";

/// What anybody outside can ask for that might show a change.
const OUTSIDE: [&str; 12] = [
    "/",
    "/q/QHSDD21AG",
    "/q/QHSDD21AG.json",
    "/q/QHSDD21AG.geojson",
    "/q/QHSDD21AG/history",
    "/collections?f=json",
    "/collections/plans/items?f=json",
    "/collections/zones/items?f=json&limit=5",
    "/collections/zones/tiles/WebMercatorQuad/12/1797/3241",
    "/collections/plans/download.csv",
    "/search?q=xin+duyet&f=json",
    "/boards?f=json",
];

async fn seen_outside(node: &Node) -> Vec<(StatusCode, String, String)> {
    let mut seen = Vec::new();
    for path in OUTSIDE {
        let answer = node.get(path).await;
        seen.push((answer.status, answer.header("etag").to_owned(), answer.text()));
    }
    seen
}

fn facts(title: &str, number: &str, units: &[&str]) -> Value {
    json!({ "kind": "land-use-plan", "title": title, "units": units,
            "decision": { "authority": "UBND tỉnh Yên Bái", "number": number, "signed": "2026-10-01" } })
}

fn revision(id: &str, title: &str) -> String {
    json!({ "id": id, "type": "plan.revise", "facts": facts(title, "0099/QĐ-DEMO", &[]) }).to_string()
}

/// A token that this person uses.
async fn token_of(node: &Node, person: &AccountId, role: Role) -> String {
    let made = node.app.create_token_for(&Actor::local(), role, Reach::City, "thử".into(), Some(person.clone())).await.unwrap();
    settle(node).await;
    made.1
}

async fn what_a_planner_proposes_is_seen_by_nobody_outside_and_published_by_an_approver(kind: Kind) {
    let (database, clock, node) = demo(kind).await;
    let (mut planner, an) = signed_in(&node, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    assert!(planner.get("/office").await.text().contains("Hiện một người có thể tự công bố"));
    let (mut approver, _) = signed_in(&node, &[Role::Approver], "binh@yenbai.gov.vn", &clock).await;
    assert!(planner.get("/office").await.text().contains("một người trình, một người khác duyệt"));
    let token = token_of(&node, &an, Role::Planner).await;
    let before = seen_outside(&node).await;
    // It waits, and nobody outside can notice.
    let commands = format!("/collections/plans/items/{PLAN}/commands");
    let answer = node.post(&commands, &token, revision("r", "Điều chỉnh xin duyệt")).await;
    assert_eq!((answer.status, &answer.json()["state"]), (StatusCode::ACCEPTED, &json!("submitted")), "{}", answer.text());
    settle(&node).await;
    assert!(seen_outside(&node).await == before);
    let other = Node::start(&database, &clock).await;
    assert!(seen_outside(&other).await == before);
    // Who is not signed in, or a stranger with a token, gets nothing.
    let path = format!("/office/proposals/{PLAN}");
    for path in [path.clone(), format!("{path}/preview"), "/office/proposals".into()] {
        assert_eq!(node.get_with(&path, &[("accept", "text/html")]).await.status, StatusCode::SEE_OTHER, "{path}");
    }
    // Its author sees it, and cannot approve it.
    let page = planner.get(&path).await.text();
    assert!(page.contains("Điều chỉnh xin duyệt") && page.contains("người khác phải duyệt"));
    assert!(!page.contains("value=\"approve\""));
    let digest = hidden(&page, "proposal");
    let own = planner.submit("/office/me", &path, &[("do", "approve"), ("proposal", &digest)]).await;
    assert_eq!(own.status, StatusCode::CONFLICT, "{}", own.text());
    // The approver sees what would change, and the page as it would be.
    assert!(approver.get("/office").await.text().contains("Điều chỉnh xin duyệt"));
    let page = approver.get(&path).await.text();
    for expected in ["Công bố lần sửa đổi tiếp theo", "0003/QĐ-DEMO", "0099/QĐ-DEMO", "Nguyễn Thị Thử", "chờ duyệt", "value=\"approve\""]
    {
        assert!(page.contains(expected), "no “{expected}”");
    }
    let preview = approver.get(&format!("{path}/preview")).await;
    assert!(preview.text().contains("BẢN NHÁP") && preview.text().contains("Điều chỉnh xin duyệt"));
    assert_eq!(preview.header("cache-control"), "no-store");
    // On the other node, as the same person.
    let mut elsewhere = Browser::new(&other);
    elsewhere.cookies.clone_from(&approver.cookies);
    let answer = elsewhere.submit(&path, &path, &[("do", "approve"), ("proposal", &digest)]).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (StatusCode::SEE_OTHER, format!("/office/items/{PLAN}?done=1").as_str()),
        "{}",
        answer.text()
    );
    settle(&other).await;
    assert!(other.get(&format!("/q/{PLAN}/history")).await.text().contains("Điều chỉnh xin duyệt"));
    settle(&node).await;
    assert_eq!(approver.get(&path).await.header("location"), format!("/office/items/{PLAN}"), "it is done");
    assert!(!approver.get("/office").await.text().contains("Điều chỉnh xin duyệt"));
    // Sent again, the form leads to what was done.
    let again = elsewhere.submit("/office/me", &path, &[("do", "approve"), ("proposal", &digest)]).await;
    assert_eq!(again.header("location"), format!("/office/items/{PLAN}"));
}

async fn a_planner_brings_a_file_in_the_browser_and_an_approver_publishes_it(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (mut planner, _) = signed_in(&node, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    let (mut approver, _) = signed_in(&node, &[Role::Approver], "binh@yenbai.gov.vn", &clock).await;
    let form = planner.get(&format!("/office/plans/new?revises={PLAN}")).await.text();
    assert!(form.contains(&format!("value=\"{PLAN}\" selected")) && form.contains("type=\"file\" name=\"file\""));
    let about = [("revises", PLAN), ("kind", "land-use-plan"), ("authority", "UBND tỉnh Yên Bái"), ("signed", "2026-10-01")];
    // A broken twin of the file: the report says what is wrong, and nothing can be proposed.
    let good = std::fs::read("tests/data/formats/plan.geojson").unwrap();
    let broken = String::from_utf8(good.clone()).unwrap().replacen("\"MaLoaiDat\":\"", "\"MaLoaiDat\":\"X", 1);
    let answer = planner.upload("/office/me", "/office/plans/new", &about, &[("file", "hỏng.geojson", broken.as_bytes())]).await;
    let path = answer.header("location");
    let page = planner.get(answer.header("location")).await.text();
    assert!(page.contains("chưa công bố được") && page.contains("#0: ") && !page.contains("name=\"decision\""), "{page}");
    let refused = planner.upload("/office/me", path, &[("title", "x")], &[]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let report = planner.get(&format!("{path}/report")).await;
    assert!(report.text().contains("<svg") && report.header("cache-control") == "no-store");
    assert_eq!(approver.get(path).await.status, StatusCode::FORBIDDEN, "it is the planner's");
    // The good one: the form is filled from the last revision.
    let answer = planner.upload("/office/me", "/office/plans/new", &about, &[("file", "tốt.geojson", &good)]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    let path = answer.header("location").to_owned();
    let page = planner.get(&path).await.text();
    for expected in
        ["Tệp công bố được", "12 đối tượng", "Chủ tịch Nguyễn Văn Mẫu", "value=\"2030\"", "UBND tỉnh Yên Bái", "value=\"2026-10-01\""]
    {
        assert!(page.contains(expected), "no “{expected}”: {page}");
    }
    let import = path.as_str();
    let mut facts = vec![
        ("revises", PLAN),
        ("kind", "land-use-plan"),
        ("title", "Điều chỉnh từ trình duyệt"),
        ("decision", ""),
        ("authority", "UBND tỉnh Yên Bái"),
        ("signed", "2026-10-01"),
        ("effective_from", "2026-12-15"),
        ("adjustment", "local"),
        ("period_from", "2021"),
        ("period_to", "2030"),
        ("unit", "04252-2025"),
    ];
    let files: [(&str, &str, &[u8]); 2] = [("decision_file", "quyết định.txt", b"Quyet dinh"), ("map_file", "", b"")];
    // What is missing is said, and what was filled in stays.
    let wrong = planner.upload_draft(import, &facts, &files).await;
    assert!(wrong.status == StatusCode::UNPROCESSABLE_ENTITY && wrong.text().contains("Điều chỉnh từ trình duyệt"), "{}", wrong.text());
    facts[3].1 = "0123/QĐ-DEMO";
    let proposed = planner.upload_draft(import, &facts, &files).await;
    assert_eq!(proposed.header("location"), format!("/office/proposals/{PLAN}"), "{}", proposed.text());
    assert!(!node.get(&format!("/q/{PLAN}/history")).await.text().contains("Điều chỉnh từ trình duyệt"));
    let page = approver.get(&format!("/office/proposals/{PLAN}")).await.text();
    assert!(page.contains("0123/QĐ-DEMO") && page.contains("<svg"), "{page}");
    // The documents, and what the law wants and is not there.
    assert!(page.contains("quyết định.txt") && page.contains("Chưa đính kèm tài liệu"), "{page}");
    assert!(page.contains("<b>Báo cáo thuyết minh, ") && !page.contains("<b>Quyết định"), "{page}");
    let preview = approver.get(&format!("/office/proposals/{PLAN}/preview")).await.text();
    let document = preview
        .split(&format!("/office/proposals/{PLAN}/documents/"))
        .nth(1)
        .unwrap_or_else(|| panic!("{preview}"))
        .split('"')
        .next()
        .unwrap();
    assert_eq!(approver.get(&format!("/office/proposals/{PLAN}/documents/{document}")).await.status, StatusCode::OK);
    assert_eq!(node.get(&format!("/q/{PLAN}/documents/{document}")).await.status, StatusCode::NOT_FOUND);
    // The poster and the map sheet as they would be say across that they are none yet.
    for size in ["a4", "a1"] {
        let draft = approver.get(&format!("/office/proposals/{PLAN}/poster.pdf?size={size}")).await;
        assert_eq!((draft.header("content-type"), draft.header("cache-control")), ("application/pdf", "no-store"));
        let words = crate::prints::words(&draft.body);
        assert!(words.contains("Điều chỉnh từ trình duyệt") && words.contains("BẢN NHÁP"), "{words}");
    }
    assert!(!crate::prints::words(&node.get(&format!("/q/{PLAN}/poster.pdf")).await.body).contains("BẢN NHÁP"));
    let digest = hidden(&page, "proposal");
    let path = format!("/office/proposals/{PLAN}");
    assert_eq!(
        approver.submit(&path, &path, &[("do", "approve"), ("proposal", &digest)]).await.header("location"),
        format!("/office/items/{PLAN}?done=1")
    );
    settle(&node).await;
    let history = node.get(&format!("/q/{PLAN}/history")).await.text();
    assert!(history.contains("Điều chỉnh từ trình duyệt") && history.contains("15/12/2026"));
    assert_eq!(node.get(&format!("/q/{PLAN}/revisions/3.geojson")).await.json()["features"].as_array().map(Vec::len), Some(12));
}

async fn what_is_returned_comes_back_to_its_authors_and_is_proposed_anew(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (mut planner, an) = signed_in(&node, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    let (mut approver, _) = signed_in(&node, &[Role::Approver], "binh@yenbai.gov.vn", &clock).await;
    let token = token_of(&node, &an, Role::Planner).await;
    let commands = format!("/collections/plans/items/{PLAN}/commands");
    let path = format!("/office/proposals/{PLAN}");
    assert_eq!(node.post(&commands, &token, revision("1", "Bản thứ nhất")).await.status, StatusCode::ACCEPTED);
    let twice = node.post(&commands, &token, revision("2", "Bản chen vào")).await;
    assert_eq!((twice.status, &twice.json()["type"]), (StatusCode::CONFLICT, &json!("/problems/proposal-open")), "nothing is lost");
    let digest = hidden(&approver.get(&path).await.text(), "proposal");
    let fields = |comment| [("do", "return"), ("proposal", digest.as_str()), ("comment", comment)];
    let empty = approver.submit(&path, &path, &fields("")).await;
    assert!(empty.status == StatusCode::CONFLICT && empty.text().contains("Hãy ghi điều cần sửa"));
    assert_eq!(approver.submit(&path, &path, &fields("Thiếu bản đồ <b>")).await.status, StatusCode::SEE_OTHER);
    let home = planner.get("/office").await.text();
    assert!(home.contains("Cần bạn sửa hoặc trình lại") && home.contains("Bản thứ nhất"));
    assert!(planner.get(&path).await.text().contains("Thiếu bản đồ &lt;b&gt;"));
    // What was approved is what was seen: the old form no longer counts.
    assert_eq!(node.post(&commands, &token, revision("3", "Bản thứ hai")).await.status, StatusCode::ACCEPTED);
    settle(&node).await;
    let stale = approver.submit(&path, &path, &[("do", "approve"), ("proposal", &digest)]).await;
    assert!(stale.status == StatusCode::CONFLICT && stale.text().contains("hãy mở lại để xem bản mới"));
    let digest = hidden(&approver.get(&path).await.text(), "proposal");
    assert_eq!(approver.submit(&path, &path, &[("do", "approve"), ("proposal", &digest)]).await.status, StatusCode::SEE_OTHER);
    settle(&node).await;
    let history = node.get(&format!("/q/{PLAN}/history")).await.text();
    assert!(history.contains("Bản thứ hai") && !history.contains("Bản thứ nhất"));
    // An author drops what is no longer wanted.
    assert_eq!(
        node.post(&commands, &token, json!({ "id": "w", "type": "plan.withdraw", "reason": "Nhầm" }).to_string()).await.status,
        StatusCode::ACCEPTED
    );
    settle(&node).await;
    let page = planner.get(&path).await.text();
    assert!(page.contains("ĐÃ THU HỒI"), "what it would be: {page}");
    let digest = hidden(&page, "proposal");
    assert_eq!(planner.submit(&path, &path, &[("do", "discard"), ("proposal", &digest)]).await.status, StatusCode::SEE_OTHER);
    settle(&node).await;
    assert_eq!(planner.get(&path).await.header("location"), format!("/office/items/{PLAN}"));
    assert_eq!(node.get(&format!("/q/{PLAN}")).await.status, StatusCode::OK);
}

async fn a_proposal_is_shown_only_to_those_whose_units_it_touches(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (_, an) = signed_in(&node, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    let of = async |role: Role, unit: &str, email: &str| {
        let (browser, account) = signed_in(&node, &[role], email, &clock).await;
        let reach = Reach::Units(vec![unit.parse().unwrap()]);
        node.app.grant(&Actor::local(), account, vec![Grant { role, reach }]).await.unwrap();
        settle(&node).await;
        browser
    };
    let mut near = of(Role::Approver, "04252-2025", "gan@yenbai.gov.vn").await;
    let mut far = of(Role::Approver, "04279-2025", "xa@yenbai.gov.vn").await;
    let mut health = of(Role::Health, "04252-2025", "yte@yenbai.gov.vn").await;
    let token = token_of(&node, &an, Role::Planner).await;
    let command = json!({ "id": "p", "type": "plan.publish", "facts": facts("Quy hoạch kín", "0098/QĐ-DEMO", &["04252-2025"]) });
    let answer = node.post("/collections/plans/items", &token, command.to_string()).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text());
    let code = answer.json()["code"].as_str().unwrap().to_owned();
    settle(&node).await;
    for path in [format!("/q/{code}"), format!("/q/{code}.json"), format!("/q/{code}/history"), format!("/collections/plans/items/{code}")]
    {
        assert_eq!(node.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let path = format!("/office/proposals/{code}");
    let digest = hidden(&near.get(&path).await.text(), "proposal");
    for stranger in [&mut far, &mut health] {
        let answer = stranger.get(&path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}", answer.header("location"));
        assert_eq!(stranger.get(&format!("{path}/preview")).await.status, StatusCode::NOT_FOUND);
        assert!(!stranger.get("/office/proposals").await.text().contains("Quy hoạch kín"));
        let judged = stranger.submit("/office/me", &path, &[("do", "approve"), ("proposal", &digest)]).await;
        assert_eq!(judged.status, StatusCode::NOT_FOUND);
    }
    // The same decision, proposed for another code, is refused before anybody approves it.
    node.apply(&json!({ "id": "o", "type": "map-point.publish", "facts": { "kind": "health-station", "title": "Trạm", "position": { "lon": 104.87, "lat": 21.7 } } }).to_string())
        .await;
    assert_eq!(near.submit(&path, &path, &[("do", "approve"), ("proposal", &digest)]).await.status, StatusCode::SEE_OTHER);
    settle(&node).await;
    assert_eq!(node.get(&format!("/q/{code}")).await.status, StatusCode::OK);
    let repeated = json!({ "id": "q", "type": "plan.publish", "facts": facts("Quy hoạch kín", "98/QĐ-DEMO", &["04252-2025"]) });
    let answer = node.post("/collections/plans/items", &token, repeated.to_string()).await;
    assert_eq!(answer.json()["type"], "/problems/decision-published", "{}", answer.text());
}

async fn what_comes_from_the_machine_or_a_token_of_nobody_needs_two_approvers(kind: Kind) {
    let (database, clock, node) = demo(kind).await;
    let (mut binh, _) = signed_in(&node, &[Role::Approver], "binh@yenbai.gov.vn", &clock).await;
    let (mut chi, an) = signed_in(&node, &[Role::Approver, Role::Planner], "chi@yenbai.gov.vn", &clock).await;
    let path = format!("/office/proposals/{PLAN}");
    let digest = {
        let (_, secret) = node.app.create_token(Role::Editor, Reach::City, "thử".into()).await.unwrap();
        settle(&node).await;
        let commands = format!("/collections/plans/items/{PLAN}/commands");
        let answer = node.post(&commands, &secret, revision("t", "Của không ai")).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED);
        let digest = answer.json()["proposal"].as_str().unwrap().to_owned();
        // Neither the token nor the machine approves, whatever it may do otherwise.
        let approval = json!({ "id": "a", "type": "plan.approve", "proposal": digest });
        let refused = node.post(&commands, &secret, approval.to_string()).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text());
        let line = json!({ "id": "b", "type": "plan.approve", "code": PLAN, "proposal": digest }).to_string();
        let refused = node.try_apply(&line, &no_files).await;
        assert!(matches!(&refused, Err(ExecuteError::Refused(refusal)) if refusal.reason == "approval-by-nobody"), "{refused:?}");
        digest
    };
    settle(&node).await;
    let first = binh.submit(&path, &path, &[("do", "approve"), ("proposal", &digest)]).await;
    assert_eq!((first.status, first.header("location")), (StatusCode::SEE_OTHER, "/office/proposals"));
    settle(&node).await;
    assert!(!node.get(&format!("/q/{PLAN}/history")).await.text().contains("Của không ai"));
    assert!(chi.get(&path).await.text().contains("(1/2)"));
    let second = chi.submit(&path, &path, &[("do", "approve"), ("proposal", &digest)]).await;
    assert_eq!(second.header("location"), format!("/office/items/{PLAN}?done=1"));
    settle(&node).await;
    assert!(node.get(&format!("/q/{PLAN}/history")).await.text().contains("Của không ai"));
    // A person is the same person by browser and by token.
    let token = token_of(&node, &an, Role::Planner).await;
    let commands = format!("/collections/plans/items/{PLAN}/commands");
    let withdraw = json!({ "id": "w", "type": "plan.withdraw", "reason": "Bãi bỏ" }).to_string();
    assert_eq!(node.post(&commands, &token, withdraw).await.status, StatusCode::ACCEPTED);
    settle(&node).await;
    let page = chi.get(&path).await.text();
    assert!(!page.contains("value=\"approve\"") && page.contains("người khác phải duyệt"));
    // A person who is kept out acts by no token either.
    node.app.suspend(&Actor::local(), an, true).await.unwrap();
    settle(&node).await;
    assert_eq!(node.post(&commands, &token, revision("s", "x")).await.status, StatusCode::UNAUTHORIZED);
    drop(node);
    // The command line says that it was submitted, ends with 0, and can drop it.
    if kind == Kind::Postgres {
        return;
    }
    let list = tokio::task::block_in_place(|| run(&database.path("data"), Some(&database.url), &["proposal", "list", "--json"]));
    let list: Value = serde_json::from_slice(&list.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&list.stderr)));
    assert_eq!((&list[0]["code"], &list[0]["state"], &list[0]["type"]), (&json!(PLAN), &json!("submitted"), &json!("plan.withdraw")));
    let dropped = tokio::task::block_in_place(|| run(&database.path("data"), Some(&database.url), &["proposal", "discard", PLAN]));
    assert!(dropped.status.success(), "{}", String::from_utf8_lossy(&dropped.stderr));
}

async fn the_city_chooses_for_what_two_persons_are_needed(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let _one = signed_in(&node, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    let (mut two, _) = signed_in(&node, &[Role::Approver], "binh@yenbai.gov.vn", &clock).await;
    let (_, secret) = node.app.create_token(Role::Editor, Reach::City, "thử".into()).await.unwrap();
    settle(&node).await;
    let station = |id: &str| {
        json!({ "id": id, "type": "map-point.publish", "facts": { "kind": "health-station", "title": "Trạm", "position": { "lon": 104.87, "lat": 21.7 } } }).to_string()
    };
    assert_eq!(node.post("/collections/health-stations/items", &secret, station("1")).await.status, StatusCode::CREATED);
    node.app.choose_second_person(&Actor::local(), vec!["health-station".into()]).await.unwrap();
    settle(&node).await;
    assert_eq!(node.post("/collections/health-stations/items", &secret, station("2")).await.status, StatusCode::ACCEPTED);
    let commands = format!("/collections/plans/items/{PLAN}/commands");
    assert_eq!(node.post(&commands, &secret, revision("3", "Không cần duyệt")).await.status, StatusCode::CREATED);
    assert!(two.get("/office").await.text().contains("Cơ sở y tế"));
    let refused = node.app.choose_second_person(&Actor::local(), vec!["nothing".into()]).await;
    assert!(matches!(refused, Err(ExecuteError::Refused(refusal)) if refusal.reason == "unknown-kind-of-item"));
}

async fn in_an_emergency_an_administrator_publishes_alone_and_everybody_reads_why(kind: Kind) {
    let (database, clock, node) = demo(kind).await;
    let (mut chief, chief_id) = signed_in(&node, &[Role::Administrator, Role::Approver], "truong@yenbai.gov.vn", &clock).await;
    let (mut binh, binh_id) = signed_in(&node, &[Role::Approver, Role::Planner], "binh@yenbai.gov.vn", &clock).await;
    let commands = format!("/collections/plans/items/{PLAN}/commands");
    let alone = json!({ "id": "k", "type": "plan.publish-alone", "action": "withdraw", "command": { "reason": "Bản đồ sai" }, "reason": "Sạt lở, không liên lạc được người duyệt" });
    // Not by a planner, however much they may do otherwise.
    for (role, person) in [(Role::Planner, &binh_id), (Role::Editor, &binh_id)] {
        let token = token_of(&node, person, role).await;
        let refused = node.post(&commands, &token, alone.to_string()).await;
        assert_eq!((refused.status, &refused.json()["type"]), (StatusCode::FORBIDDEN, &json!("/problems/forbidden-role")), "{role:?}");
    }
    let token = token_of(&node, &chief_id, Role::Administrator).await;
    let answer = node.post(&commands, &token, alone.to_string()).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(answer.json()["events"], json!(["plan.published_alone", "plan.withdrawn"]));
    settle(&node).await;
    for path in [format!("/q/{PLAN}"), format!("/q/{PLAN}/history")] {
        let page = node.get_with(&path, &[("accept", "text/html")]).await.text();
        assert!(
            page.contains("Công bố khẩn cấp bởi một người")
                && page.contains("Sạt lở, không liên lạc")
                && page.contains("chưa có người thứ hai"),
            "{path}"
        );
    }
    assert_eq!(node.get(&format!("/q/{PLAN}.json")).await.json()["published_alone"][0]["seconded"], false);
    // A second person looks at it: not the one who did it.
    assert!(!chief.get("/office").await.text().contains("Công bố khẩn cấp, chờ"));
    let home = binh.get("/office").await.text();
    assert!(home.contains("Công bố khẩn cấp, chờ người thứ hai") && home.contains("xem lại trước 12:00 ngày 25/11/2026"), "{home}");
    let path = format!("/office/seconds/{PLAN}");
    assert_eq!(chief.submit("/office", &path, &[("number", "1")]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(binh.submit("/office", &path, &[("number", "1")]).await.status, StatusCode::SEE_OTHER);
    settle(&node).await;
    assert!(!binh.get("/office").await.text().contains("Công bố khẩn cấp, chờ"));
    let page = node.get_with(&format!("/q/{PLAN}"), &[("accept", "text/html")]).await.text();
    assert!(!page.contains("Công bố khẩn cấp"), "the page says it until then");
    assert!(node.get(&format!("/q/{PLAN}/history")).await.text().contains("người thứ hai đã xem lại"));
    // A node that starts anew, and one from a snapshot, know the same.
    let other = Node::start(&database, &clock).await;
    assert_eq!(other.get(&format!("/q/{PLAN}.json")).await.json()["published_alone"][0]["seconded"], true);
    // In the browser, what waits for an approver is published alone with a reason.
    let (mut lan, _) = signed_in(&node, &[Role::Planner], "lan@yenbai.gov.vn", &clock).await;
    let path = "/office/items/QHC2020AH";
    let seen = hidden(&lan.get(path).await.text(), "seen");
    let asked = lan.submit(path, path, &[("do", "withdraw"), ("reason", "Ban hành nhầm"), ("seen", &seen)]).await;
    assert_eq!(asked.header("location"), "/office/proposals/QHC2020AH", "{}", asked.text());
    settle(&node).await;
    let path = "/office/proposals/QHC2020AH";
    let (page, own) = (chief.get(path).await.text(), lan.get(path).await.text());
    assert!(page.contains("value=\"publish-alone\"") && !own.contains("value=\"publish-alone\""), "{page}");
    let digest = hidden(&page, "proposal");
    let fields = [("proposal", digest.as_str()), ("do", "publish-alone"), ("reason", "Bão, không ai duyệt được")];
    assert_eq!(lan.submit(path, path, &fields).await.status, StatusCode::CONFLICT, "no administrator");
    let done = chief.submit(path, path, &fields).await;
    assert_eq!(done.header("location"), "/office/items/QHC2020AH?done=1", "{}", done.text());
    settle(&node).await;
    let page = node.get_with("/q/QHC2020AH", &[("accept", "text/html")]).await.text();
    assert!(page.contains("Bão, không ai duyệt được") && page.contains("chưa có người thứ hai"), "{page}");
}

/// Whatever changes what the public reads of a plan needs two.
async fn every_command_that_changes_a_plan_waits_for_a_second_person(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (_, an) = signed_in(&node, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    let (_binh, _) = signed_in(&node, &[Role::Approver], "binh@yenbai.gov.vn", &clock).await;
    let token = token_of(&node, &an, Role::Planner).await;
    let commands = [
        ("plans", PLAN, json!({ "type": "plan.withdraw", "reason": "Sai" })),
        ("plans", "QHC2020AH", json!({ "type": "plan.expire", "reason": "Hết", "effective_to": "2027-12-31" })),
        ("plans", "KHSDD26AK", json!({ "type": "plan.supersede", "by": PLAN, "from": "2026-12-31" })),
        (
            "consultations",
            "YKND26016",
            json!({ "type": "consultation.publish-answers", "as_of": "2026-11-24", "received": 3, "accepted": 1, "summary": "Đã tiếp thu" }),
        ),
    ];
    for (collection, code, mut command) in commands {
        command["id"] = json!(format!("c-{code}"));
        let answer = node.post(&format!("/collections/{collection}/items/{code}/commands"), &token, command.to_string()).await;
        assert_eq!((answer.status, &answer.json()["state"]), (StatusCode::ACCEPTED, &json!("submitted")), "{command}: {}", answer.text());
    }
}

/// Sequences through the whole write path; `BANGTIN_SEQUENCES` says how many.
async fn no_sequence_of_commands_publishes_without_two_distinct_persons(kind: Kind) {
    let count: u64 = std::env::var("BANGTIN_SEQUENCES").ok().and_then(|text| text.parse().ok()).unwrap_or(120);
    let (database, clock) = (Database::new(kind).await, TestClock::at(NOON));
    let node = Node::demo(&database, &clock).await;
    for email in ["an@yenbai.gov.vn", "binh@yenbai.gov.vn"] {
        signed_in(&node, &[Role::Planner, Role::Approver], email, &clock).await;
    }
    let everything = vec![Grant { role: Role::Planner, reach: Reach::City }, Grant { role: Role::Approver, reach: Reach::City }];
    let people = ["a-1", "a-2", "a-3"].map(|id| Actor::of(AccountId(id.into()), everything.clone()));
    let mut state = 20_261_129_u64;
    let mut below = |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    let (mut published, mut seen) = (0, BTreeSet::new());
    for sequence in 0..count {
        let code = Code::from_random((sequence + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        let mut hands: BTreeSet<String> = BTreeSet::new();
        let mut approvals: Vec<(Digest, String)> = Vec::new();
        let mut digest = Digest([0; 32]);
        for step in 0..14 {
            let local = Actor::local();
            let actor = if below(6) == 0 { &local } else { &people[below(3) as usize] };
            let own = facts(&format!("Quy hoạch {sequence}"), &format!("{sequence}{step}/QĐ"), &[]);
            // What changes the plan in public.
            let (wanted, change) = match below(6) {
                0 | 1 => ("publish", json!({ "facts": own })),
                2 => ("revise", json!({ "facts": own })),
                3 => ("expire", json!({ "reason": "Hết", "effective_to": "2027-12-31" })),
                4 => ("review", json!({ "on": "2026-11-24", "conclusion": "Còn phù hợp" })),
                _ => ("withdraw", json!({ "reason": "Sai" })),
            };
            let (action, body) = match below(10) {
                0 => (wanted, change),
                1 => ("draft", json!({ "facts": own })),
                2..=4 => (
                    "propose",
                    json!({ "action": wanted, "command": change, "submitted": true, "replaces": (below(2) == 0).then_some(digest) }),
                ),
                5 => ("return", json!({ "proposal": digest, "comment": "Sửa" })),
                _ => ("approve", json!({ "proposal": digest })),
            };
            // Somebody else may have had a hand in it.
            let other = below(3) as usize;
            let with = if below(4) == 0 { vec![Some(AccountId(people[other].name().to_owned()))] } else { Vec::new() };
            let request = Request {
                id: format!("{sequence}-{step}"),
                kind: format!("plan.{action}"),
                code: Some(code),
                body,
                blobs: Vec::new(),
                with: with.clone(),
            };
            let Ok(outcome) = node.app.execute(actor, request, &no_files).await else { continue };
            if let Some(proposal) = outcome.proposal.filter(|_| action != "approve" && action != "return") {
                digest = proposal;
                hands.insert(actor.name().to_owned());
                hands.extend(with.into_iter().flatten().map(|person| person.0));
            }
            if action == "approve" {
                approvals.push((digest, actor.name().to_owned()));
            }
            let public = ["published", "withdrawn", "expiry_set", "reviewed"];
            if outcome.events.iter().any(|event| public.iter().any(|public| event.ends_with(public))) {
                let by: BTreeSet<&String> = approvals.iter().filter(|(of, _)| *of == digest).map(|(_, by)| by).collect();
                assert!(by.iter().all(|by| !hands.contains(*by)), "{hands:?} {by:?}");
                assert!(by.len() >= if hands.contains("local") { 2 } else { 1 }, "{hands:?} {by:?}");
                published += 1;
                seen.extend(outcome.events);
                (hands, approvals) = (BTreeSet::new(), Vec::new());
            }
        }
    }
    assert!(published > 0 && published * 20 > count, "the sequences lead somewhere: {published} of {count}");
    for event in ["plan.published", "plan.withdrawn", "plan.expiry_set", "plan.reviewed"] {
        assert!(seen.contains(event), "no sequence came to {event}: {seen:?}");
    }
}
