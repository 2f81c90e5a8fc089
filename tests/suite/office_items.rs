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
    for expected in ["Việc tiếp theo", "poster.pdf?size=a4", "booklet.pdf?unit=04252-2025", "Đính chính</summary>", "Thu hồi"] {
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

/// What the form of an action says before its button.
fn said(page: &str, action: &str) -> String {
    let button = format!("value=\"{action}\"");
    page.split("<form ").find(|form| form.contains(&button)).unwrap_or_else(|| panic!("no form {action}: {page}")).to_owned()
}

/// The section of a page between two headings.
fn between<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    let rest = page.split_once(from).unwrap_or_else(|| panic!("no “{from}”: {page}")).1;
    rest.split_once(to).map_or(rest, |(part, _)| part)
}

async fn what_becomes_wrong_on_boards_is_said_before_and_listed_after(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (mut planner, _) = signed_in(&node, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    let path = format!("/office/items/{PLAN}");
    // Four prints hang: two of revision 2, one of revision 1, one that was revoked.
    let page = planner.get(&path).await.text();
    assert!(said(&page, "correct").contains("Lần công bố 2. "), "{}", said(&page, "correct"));
    assert!(said(&page, "correct").contains("2 bản in trên 2 bảng tin sẽ thành sai"), "{}", said(&page, "correct"));
    for action in ["withdraw", "expire", "supersede"] {
        assert!(said(&page, action).contains("4 bản in trên 4 bảng tin sẽ thành sai"), "{action}: {}", said(&page, action));
    }
    let follows = |page: &str| between(page, "Việc tiếp theo", "Ai cần được báo").to_owned();
    let listed = |page: &str| ["BANG0001F", "BANG0002W", "BANG0003E", "BANG0007C"].map(|board| follows(page).contains(board));
    assert_eq!(listed(&page), [false, false, true, true]);
    // A correction makes the prints of that revision wrong.
    let corrected = [("do", "correct"), ("/title", "Quy hoạch sử dụng đất, đã sửa tên"), ("reason", "Sai tên")];
    assert_eq!(sends(&mut planner, PLAN, &corrected).await, format!("{path}?done=1"));
    assert_eq!(listed(&planner.get(&path).await.text()), [true; 4]);
    // The clerk prints it anew and hangs it; the board is right again.
    let (mut clerk, _) = signed_in(&node, &[Role::Clerk], "chi@yenbai.gov.vn", &clock).await;
    let board = "/office/boards/BANG0001F";
    for action in ["print", "hang"] {
        let page = clerk.get(board).await.text();
        let own = page.split("<section>").find(|part| part.contains(PLAN)).unwrap();
        assert!(own.contains(&format!("value=\"{action}\"")), "{action}: {own}");
        let seen = hidden(&page, "seen");
        let answer = clerk.submit(board, board, &[("do", action), ("item", PLAN), ("seen", &seen)]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        settle(&node).await;
    }
    let page = clerk.get(board).await.text();
    let own = page.split("<section>").find(|part| part.contains(PLAN)).unwrap();
    assert!(!own.contains("value=\"print\"") && !own.contains("value=\"hang\""), "{own}");
    assert_eq!(listed(&planner.get(&path).await.text()), [false, true, true, true]);
}

async fn under_the_rule_of_two_persons_a_form_makes_a_proposal(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (mut planner, _) = signed_in(&node, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    let (mut approver, _) = signed_in(&node, &[Role::Approver], "binh@yenbai.gov.vn", &clock).await;
    let proposed = sends(&mut planner, PLAN, &[("do", "withdraw"), ("reason", "Ban hành nhầm")]).await;
    assert_eq!(proposed, format!("/office/proposals/{PLAN}"));
    settle(&node).await;
    assert_eq!(node.get(&format!("/q/{PLAN}")).await.status, StatusCode::OK);
    // What was discarded can be proposed again in the same words.
    let digest = hidden(&planner.get(&proposed).await.text(), "proposal");
    planner.submit(&proposed, &proposed, &[("do", "discard"), ("proposal", &digest)]).await;
    settle(&node).await;
    let again = sends(&mut planner, PLAN, &[("do", "withdraw"), ("reason", "Ban hành nhầm")]).await;
    assert_eq!(again, proposed);
    settle(&node).await;
    // Whoever approves sees what is asked for, why, and what becomes wrong by it.
    let page = approver.get(&proposed).await.text();
    assert!(page.contains("Ban hành nhầm") && page.contains("4 bản in trên 4 bảng tin sẽ thành sai"), "{page}");
    for (code, fields, said) in [
        ("QHCT2401G", vec![("do", "review"), ("on", "2026-11-20"), ("conclusion", "Còn phù hợp")], vec!["20/11/2026", "Còn phù hợp"]),
        (
            "QHC2020AH",
            vec![("do", "cancel-revision"), ("revision", "2"), ("reason", "Bị thu hồi")],
            vec!["Lần công bố</dt><dd>2", "Bị thu hồi"],
        ),
        ("QHXD2200H", vec![("do", "supersede"), ("by", "QHPK2301B"), ("from", "2027-01-01")], vec!["QHPK2301B", "1/1/2027"]),
    ] {
        assert_eq!(sends(&mut planner, code, &fields).await, format!("/office/proposals/{code}"));
        settle(&node).await;
        let page = approver.get(&format!("/office/proposals/{code}")).await.text();
        assert!(said.iter().all(|said| page.contains(said)), "{said:?}: {page}");
    }
}

async fn a_revision_to_come_is_cancelled_and_a_plan_replaced_by_forms(kind: Kind) {
    const LATER: &str = "QHC2020AH";
    const OLD: &str = "QHCT2401G";
    let (_database, clock, node) = demo(kind).await;
    let (mut planner, _) = signed_in(&node, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    let page = planner.get(&format!("/office/items/{LATER}")).await.text();
    assert!(said(&page, "cancel-revision").contains("Không có bản in nào đang treo."), "{page}");
    for (n, action) in ["print", "hang"].into_iter().enumerate() {
        let line = format!(r#"{{"id":"early-{n}","type":"board.{action}","code":"BANG0002W","item":"{LATER}","revision":2}}"#);
        node.apply(&line).await;
    }
    settle(&node).await;
    let page = planner.get(&format!("/office/items/{LATER}")).await.text();
    assert!(said(&page, "cancel-revision").contains("1 bản in trên 1 bảng tin sẽ thành sai"), "{}", said(&page, "cancel-revision"));
    let cancelled = [("do", "cancel-revision"), ("revision", "2"), ("reason", "Quyết định bị thu hồi")];
    assert_eq!(sends(&mut planner, LATER, &cancelled).await, format!("/office/items/{LATER}?done=1"));
    assert!(node.get(&format!("/q/{LATER}/history")).await.text().contains("Quyết định bị thu hồi"));
    assert!(!planner.get(&format!("/office/items/{LATER}")).await.text().contains("value=\"cancel-revision\""));
    // By another that is none, or by itself, is refused in words.
    for by in ["QHPK2301X", OLD, " "] {
        let refused = sends(&mut planner, OLD, &[("do", "supersede"), ("by", by), ("from", "2027-01-01")]).await;
        assert!(refused.contains("status bad"), "{by}: {refused}");
    }
    let replaced = [("do", "supersede"), ("by", "QHPK2301B"), ("from", "2027-01-01")];
    assert_eq!(sends(&mut planner, OLD, &replaced).await, format!("/office/items/{OLD}?done=1"));
    assert!(node.get(&format!("/q/{OLD}")).await.text().contains("QHPK2301B"));
}

async fn days_units_and_documents_are_corrected_by_the_form(kind: Kind) {
    const URBAN: &str = "QHXD2200H";
    let (_database, clock, node) = demo(kind).await;
    let (mut planner, _) = signed_in(&node, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    let path = format!("/office/items/{URBAN}");
    let before = node.get(&format!("/q/{URBAN}.json")).await.json();
    let page = planner.get(&path).await.text();
    let seen = hidden(&page, "seen");
    let all = |signed, unit| {
        [
            ("do", "correct"),
            ("/decision/signed", signed),
            ("units", "asked"),
            ("unit", unit),
            ("reason", "Ghi nhầm"),
            ("seen", seen.as_str()),
        ]
    };
    let wrong = planner.upload(&path, &path, &all("30/2/2022", "04252-2020"), &[]).await;
    assert!(wrong.status == StatusCode::UNPROCESSABLE_ENTITY && wrong.text().contains("status bad"), "{}", wrong.text());
    let pdf = b"%PDF-1.4\n1 0 obj\n<</Type/Catalog>>\nendobj\ntrailer<</Root 1 0 R/Size 2>>\n%%EOF\n";
    let files: [(&str, &str, &[u8]); 1] = [("decision_file", "quyet-dinh.pdf", pdf)];
    let answer = planner.upload(&path, &path, &all("2022-06-01", "04252-2020"), &files).await;
    assert_eq!(answer.header("location"), format!("{path}?done=1"), "{}", answer.text());
    settle(&node).await;
    let after = node.get(&format!("/q/{URBAN}.json")).await.json();
    assert!(before["signed"] != "2022-06-01" && after["signed"] == "2022-06-01", "{after}");
    assert_eq!(before["effective_from"], after["effective_from"], "a first day of its own stays");
    let history = node.get(&format!("/q/{URBAN}/history")).await.text();
    assert!(history.contains("Ngày ký") || history.contains("Quyết định"), "{history}");
    assert!(!history.contains("Vùng sử dụng đất"), "nobody touched the zones: {history}");
    assert_eq!(after["units"].as_array().unwrap().len(), 1, "{after}");
    let page = node.get(&format!("/q/{URBAN}")).await.text();
    assert!(page.contains("quyet-dinh.pdf"), "{page}");
    // An optional field that is emptied is gone; what lacked is added; a required one is refused.
    assert!(!before["signatory"].is_null() && before["vision"].is_null(), "{before}");
    let seen = hidden(&planner.get(&path).await.text(), "seen");
    let emptied = [("do", "correct"), ("/decision/signatory", ""), ("/vision", "2050"), ("reason", "Ghi nhầm"), ("seen", seen.as_str())];
    assert_eq!(planner.upload(&path, &path, &emptied, &[]).await.header("location"), format!("{path}?done=1"));
    settle(&node).await;
    let after = node.get(&format!("/q/{URBAN}.json")).await.json();
    assert!(after["signatory"].is_null() && after["vision"] == 2050 && after["signed"] == "2022-06-01", "{after}");
    let seen = hidden(&planner.get(&path).await.text(), "seen");
    let untitled = planner.upload(&path, &path, &[("do", "correct"), ("/title", " "), ("reason", "Ghi nhầm"), ("seen", &seen)], &[]).await;
    assert!(untitled.status == StatusCode::UNPROCESSABLE_ENTITY && untitled.text().contains("status bad"), "{}", untitled.text());
    assert!(untitled.text().contains("<details open><summary>Đính chính"), "the form that was refused is open: {}", untitled.text());
    // A form that was opened before somebody else's correction changes only what its person changed.
    let late = |scale| {
        [
            ("do", "correct"),
            ("was/title", "Tên cũ"),
            ("/title", "Tên cũ"),
            ("was/scale", "1/10000"),
            ("/scale", scale),
            ("reason", "Ghi nhầm"),
        ]
    };
    let answer = planner.upload(&path, &path, &late("1/5000"), &[]).await;
    assert_eq!(answer.header("location"), format!("{path}?done=1"), "{}", answer.text());
    settle(&node).await;
    let merged = node.get(&format!("/q/{URBAN}.json")).await.json();
    assert!(merged["title"] == before["title"] && merged["scale"] == "1/5000", "{merged}");
    let unchanged = planner.upload(&path, &path, &[&late("1/10000")[..], &[("seen", "later")]].concat(), &[]).await;
    assert!(unchanged.text().contains("status bad"), "nothing was changed: {}", unchanged.text());
    let long = "x".repeat(10_001);
    let refused = planner.submit(&path, &path, &[("do", "withdraw"), ("reason", &long)]).await;
    assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.status);
    // With no unit ticked it is for the whole city.
    let seen = hidden(&planner.get(&path).await.text(), "seen");
    let whole = [("do", "correct"), ("units", "asked"), ("was-unit", "04252-2020"), ("reason", "Toàn thành phố"), ("seen", seen.as_str())];
    assert_eq!(planner.upload(&path, &path, &whole, &[]).await.header("location"), format!("{path}?done=1"));
    settle(&node).await;
    assert!(node.get(&format!("/q/{URBAN}.json")).await.json()["units"].as_array().is_none_or(Vec::is_empty));
    assert!(node.get(&format!("/q/{URBAN}")).await.text().contains("quyet-dinh.pdf"), "what the form does not touch stays");
}

async fn a_review_is_noted_and_the_next_one_counts_from_it(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (mut planner, _) = signed_in(&node, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    let facts = r#"{"kind":"land-use-plan","title":"Quy hoạch tỉnh","level":"tỉnh","decision":{"authority":"UBND tỉnh","number":"9/QĐ","signed":"2025-02-03"}}"#;
    let published = node.apply(&format!(r#"{{"id":"p","type":"plan.publish","effective_from":"2025-02-10","facts":{facts}}}"#)).await;
    let plan = published.code.unwrap().to_string();
    settle(&node).await;
    for (on, conclusion) in [("2026-11-20", " "), ("2030-01-01", "Còn phù hợp"), ("2001-01-01", "Còn phù hợp"), ("", "Còn phù hợp")]
    {
        let refused = sends(&mut planner, &plan, &[("do", "review"), ("on", on), ("conclusion", conclusion)]).await;
        assert!(refused.contains("status bad"), "{on} {conclusion}: {refused}");
    }
    let reviewed = [("do", "review"), ("on", "2026-11-20"), ("conclusion", "Còn phù hợp, giữ nguyên")];
    let due = async |planner: &mut Browser<'_>| {
        let deadlines = planner.get("/office/deadlines?f=csv").await.text();
        deadlines.lines().find(|line| line.contains(&plan) && line.contains("Rà soát")).unwrap_or_else(|| panic!("{deadlines}")).to_owned()
    };
    // Five years end on a Sunday; that year has no holidays yet.
    assert!(due(&mut planner).await.contains("2030-02-04"));
    assert_eq!(sends(&mut planner, &plan, &reviewed).await, format!("/office/items/{plan}?done=1"));
    let page = node.get(&format!("/q/{plan}")).await.text();
    assert!(page.contains("Rà soát gần nhất") && page.contains("20/11/2026") && page.contains("Còn phù hợp, giữ nguyên"), "{page}");
    assert!(due(&mut planner).await.contains("2031-11-20"), "{}", due(&mut planner).await);
    let earlier = sends(&mut planner, &plan, &[("do", "review"), ("on", "2026-11-19"), ("conclusion", "Còn phù hợp")]).await;
    assert!(earlier.contains("status bad"), "before the last review: {earlier}");
}

on_both_databases!(
    an_item_is_corrected_ended_and_withdrawn_by_forms,
    what_becomes_wrong_on_boards_is_said_before_and_listed_after,
    under_the_rule_of_two_persons_a_form_makes_a_proposal,
    a_revision_to_come_is_cancelled_and_a_plan_replaced_by_forms,
    days_units_and_documents_are_corrected_by_the_form,
    a_review_is_noted_and_the_next_one_counts_from_it,
);
