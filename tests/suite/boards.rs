//! Notice boards: what a print says of itself years later, and where somebody has to go.

use axum::http::StatusCode;
use bangtin::domain::{Code, mark};
use serde_json::{Value, json};

use crate::on_both_databases;
use crate::support::{Kind, Node, demo};

on_both_databases!(
    a_print_says_what_it_shows_and_what_holds_now,
    a_code_with_a_wrong_or_unknown_mark_still_leads_to_the_page_and_warns,
    a_new_revision_makes_every_print_of_the_old_one_due,
    a_board_nobody_looked_at_is_due_for_a_check,
    boards_are_a_collection_and_a_list_by_unit,
    what_cannot_be_on_a_board_is_refused,
    a_link_preview_says_what_it_is_and_whether_it_holds,
    a_print_of_what_was_changed_or_no_longer_holds_is_never_called_right,
    a_board_that_is_gone_is_in_no_list,
);

const PLAN: &str = "QHSDD21AG";

fn marked(code: &str, board: u32) -> String {
    let code: Code = code.parse().unwrap();
    format!("/q/{code}.{}", mark::of(code, board))
}

async fn list(node: &Node, query: &str) -> Vec<Value> {
    let answer = node.get(&format!("/boards?f=json&{query}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer.json()["boards"].as_array().unwrap().clone()
}

fn numbers(boards: &[Value]) -> Vec<u64> {
    boards.iter().map(|board| board["number"].as_u64().unwrap()).collect()
}

async fn a_print_says_what_it_shows_and_what_holds_now(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let current = node.get(&marked(PLAN, 1)).await.text();
    assert!(current.contains("lần công bố 2") && current.contains("9/1/2026") && current.contains("Phần thuộc Phường Yên Bái"));
    assert!(!current.contains("Bản in đã cũ"));
    let old = node.get(&marked(PLAN, 3)).await.text();
    for expected in [
        "Bản in đã cũ",
        "lần công bố 1",
        "1/1/2022",
        "Đang có hiệu lực: lần công bố 2",
        "changes?from=1&amp;to=2",
        "Bảng tin UBND phường Văn Phú",
        "Phần thuộc Phường Văn Phú",
    ] {
        assert!(old.contains(expected), "no “{expected}”");
    }
    let revoked = node.get(&marked(PLAN, 7)).await.text();
    assert!(revoked.contains("In nhầm lần công bố cũ") && revoked.contains("kind=false-code&amp;board=7"));
    // As a camera may give it: lower case, and I for 1.
    let lower = node.get(&marked(PLAN, 1).to_lowercase()).await;
    assert_eq!((lower.status, lower.text() == current), (StatusCode::OK, true));
    // The whole is one tap away, and the language can be changed.
    let english = node.get(&format!("{}?lang=en", marked(PLAN, 3))).await.text();
    assert!(english.contains("This print shows revision 1 (of 1/1/2022). In force now: revision 2"), "{english}");
    let whole = node.get(&format!("{}?unit=all", marked(PLAN, 3))).await.text();
    assert!(whole.contains("Bản in đã cũ") && !whole.contains("Phần thuộc"));
}

async fn a_print_of_what_was_changed_or_no_longer_holds_is_never_called_right(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let right = "Bản in đúng với nội dung hiện hành";
    assert!(node.get(&marked(PLAN, 1)).await.text().contains(right));
    assert!(node.get(&marked("QHCT2401G", 7)).await.text().contains(right));
    // Its last day was set after the print was made.
    let expire = json!({ "id": "e1", "type": "plan.expire", "code": "QHCT2401G", "effective_to": "2035-12-31", "reason": "Hết kỳ" });
    node.apply(&expire.to_string()).await;
    let changed = node.get(&marked("QHCT2401G", 7)).await.text();
    assert!(changed.contains("trước lần đính chính") && !changed.contains(right));
    assert!(node.get("/q/QHCT2401G/history").await.text().contains("Ghi nhận ngày hết hiệu lực"));
    assert!(node.get("/q/QHCT2401G/history").await.text().contains("Hết kỳ"));
    // It has ended; it was withdrawn.
    let ended = json!({ "id": "e2", "type": "plan.expire", "code": "KHSDD26AK", "effective_to": "2026-11-01", "reason": "Dừng" });
    node.apply(&ended.to_string()).await;
    node.apply(&json!({ "id": "w", "type": "plan.withdraw", "code": PLAN, "reason": "Nhầm" }).to_string()).await;
    for code in ["KHSDD26AK", PLAN] {
        let page = node.get(&marked(code, 1)).await.text();
        assert!(page.contains("không còn hoặc chưa có hiệu lực") && !page.contains(right), "{code}");
    }
    let stale = list(&node, "due=superseded").await;
    assert!(numbers(&stale).contains(&1) && numbers(&stale).contains(&7), "page and register agree");
    // Where the page leads to, the print is not forgotten.
    let old = node.get(&marked("QHCT2401G", 7)).await.text();
    assert!(old.contains(&format!("{}?", marked("QHCT2401G", 7))), "the other language is of the same print");
}

async fn a_board_that_is_gone_is_in_no_list(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    assert!(numbers(&list(&node, "").await).contains(&3));
    node.apply(&json!({ "id": "w", "type": "board.withdraw", "code": "BANG0003E", "reason": "Đã tháo bảng" }).to_string()).await;
    for query in ["", "due=superseded", "due=check", "unit=04279-2025"] {
        assert!(!numbers(&list(&node, query).await).contains(&3), "{query}");
    }
}

async fn a_code_with_a_wrong_or_unknown_mark_still_leads_to_the_page_and_warns(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let code: Code = PLAN.parse().unwrap();
    let right = mark::of(code, 1);
    let wrong = if right.ends_with('0') { "B11" } else { "B10" };
    for (path, said) in [
        (format!("/q/{PLAN}.{wrong}"), "không khớp"),
        (format!("/q/{PLAN}.{}", mark::of(code, 999)), "không có"),
        // A board that exists, where nobody hung this plan.
        (format!("/q/{PLAN}.{}", mark::of(code, 4)), "không"),
        // The mark of another plan's print.
        (format!("/q/{PLAN}.{}", mark::of("KHSDD26AK".parse().unwrap(), 1)), "không khớp"),
    ] {
        let answer = node.get(&path).await;
        let text = answer.text();
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(text.contains("ĐANG CÓ HIỆU LỰC") && text.contains(said), "{path}: no “{said}”");
        assert!(text.contains("report?kind=false-code"), "{path}: a false code can be reported");
    }
    for path in [format!("/q/{PLAN}.B"), format!("/q/{PLAN}.BBBBBBBBB"), format!("/q/{PLAN}.html"), format!("/q/{PLAN}.B%00")] {
        assert_eq!(node.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

async fn a_new_revision_makes_every_print_of_the_old_one_due(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    // Of board 7 the print was revoked, and nobody has taken it down.
    assert_eq!(numbers(&list(&node, "due=superseded").await), [3, 7]);
    let revision = json!({ "id": "r3", "type": "plan.revise", "code": PLAN, "effective_from": "2026-11-25", "facts": {
        "kind": "land-use-plan", "title": "Quy hoạch mới", "decision": { "authority": "UBND", "number": "9/QĐ-THU", "signed": "2026-11-20" }, "period": { "from": 2021, "to": 2030 } } });
    node.apply(&revision.to_string()).await;
    assert_eq!(numbers(&list(&node, "due=superseded").await), [3, 7], "it is not in force yet");
    assert!(node.get(&marked(PLAN, 1)).await.text().contains("lần công bố 2"));
    // Its day comes, and nothing is written: the prints of the former one are old.
    clock.set("2026-11-24T17:00:00Z");
    assert_eq!(numbers(&list(&node, "due=superseded").await), [1, 2, 3, 7]);
    assert!(node.get(&marked(PLAN, 1)).await.text().contains("Bản in đã cũ"));
    // A clerk hangs the new print; the board is no longer in the list.
    for (i, action) in [
        json!({ "type": "board.print", "on": "2026-11-25" }),
        json!({ "type": "board.hang", "on": "2026-11-25", "by": "Văn phòng UBND phường" }),
    ]
    .into_iter()
    .enumerate()
    {
        let mut command = json!({ "id": format!("n{i}"), "code": "BANG0002W", "item": PLAN, "revision": 3 });
        command.as_object_mut().unwrap().extend(action.as_object().unwrap().clone());
        node.apply(&command.to_string()).await;
    }
    assert_eq!(numbers(&list(&node, "due=superseded").await), [1, 3, 7]);
    assert!(node.get(&marked(PLAN, 2)).await.text().contains("Văn phòng UBND phường"));
    let removed = json!({ "id": "x", "type": "board.remove", "code": "BANG0003E", "item": PLAN, "on": "2026-11-25" });
    node.apply(&removed.to_string()).await;
    assert_eq!(numbers(&list(&node, "due=superseded").await), [1, 7]);
    assert!(node.get(&marked(PLAN, 3)).await.text().contains("đã được gỡ") || node.get(&marked(PLAN, 3)).await.text().contains("gỡ"));
}

async fn a_board_nobody_looked_at_is_due_for_a_check(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    assert_eq!(numbers(&list(&node, "due=check").await), [4]);
    clock.set("2027-01-06T00:00:00Z");
    assert_eq!(numbers(&list(&node, "due=check").await), [1, 2, 3, 4, 7]);
    node.apply(&json!({ "id": "c", "type": "board.check", "code": "BANG0001F", "on": "2027-01-05" }).to_string()).await;
    assert_eq!(numbers(&list(&node, "due=check").await), [2, 3, 4, 7]);
    let page = node.get_with("/boards?due=check", &[("accept", "text/html")]).await.text();
    assert!(page.contains("Bảng này đến hạn kiểm tra") && page.contains("Bảng số 2") && !page.contains("Bảng số 1:"));
}

async fn boards_are_a_collection_and_a_list_by_unit(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let collection = node.get("/collections/boards/items?f=json").await.json();
    assert_eq!(collection["numberMatched"], 5);
    let board = node.get("/q/BANG0001F.geojson").await.json();
    assert_eq!((&board["features"][0]["geometry"]["type"], &board["features"][0]["properties"]["number"]), (&json!("Point"), &json!(1)));
    assert_eq!(numbers(&list(&node, "unit=04252-2025").await), [1, 7]);
    // The boards of a unit that is no more are those of its heir.
    assert_eq!(numbers(&list(&node, "unit=04252-2020").await), [1, 7]);
    let page = node.get("/q/BANG0001F").await.text();
    assert!(page.contains("Kế hoạch sử dụng đất năm 2026") && page.contains("Cổng UBND phường"));
    // Its picture stands on its page.
    use base64::Engine as _;
    let mut picture = std::io::Cursor::new(Vec::new());
    image::DynamicImage::new_luma8(8, 8).write_to(&mut picture, image::ImageFormat::Png).unwrap();
    let picture = base64::engine::general_purpose::STANDARD.encode(picture.into_inner());
    let facts = json!({ "number": 12, "title": "Bảng tin chợ", "position": { "lon": 104.88, "lat": 21.71 },
        "documents": [{ "role": "other", "title": "Ảnh bảng tin ở chợ", "file_name": "bang.png", "base64": picture }] });
    let outcome = node.apply(&json!({ "id": "photo", "type": "board.publish", "facts": facts }).to_string()).await;
    let page = node.get(&format!("/q/{}", outcome.code.unwrap())).await.text();
    assert!(page.contains("<img class=\"photo\"") && page.contains("alt=\"Ảnh bảng tin ở chợ\""));
    for (query, status) in
        [("due=never", StatusCode::BAD_REQUEST), ("unit=x", StatusCode::NOT_FOUND), ("unit=00000-2025", StatusCode::NOT_FOUND)]
    {
        assert_eq!(node.get(&format!("/boards?{query}")).await.status, status, "{query}");
    }
}

async fn what_cannot_be_on_a_board_is_refused(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let refused = |command: Value| {
        let node = &node;
        async move {
            let error = node.try_apply(&command.to_string(), &bangtin::cli::demo::file).await.expect_err("refused");
            error.to_string()
        }
    };
    let board = |rest: Value| {
        let mut command = json!({ "id": rest.to_string(), "code": "BANG0001F" });
        command.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        command
    };
    let unknown = Code::from_random([1, 2, 3, 4, 5, 6, 7, 8]).to_string();
    for (command, said) in [
        (json!({ "type": "board.print", "item": unknown, "revision": 1, "on": "2026-11-24" }), unknown.as_str()),
        (json!({ "type": "board.print", "item": PLAN, "revision": 9, "on": "2026-11-24" }), "9"),
        (json!({ "type": "board.hang", "item": "XCT00001C", "revision": 1, "on": "2026-11-24" }), "in"),
        (json!({ "type": "board.remove", "item": "XCT00001C", "on": "2026-11-24" }), ""),
        (json!({ "type": "board.hang", "item": PLAN, "revision": 2, "on": "2030-01-01" }), "tương lai"),
        (json!({ "type": "board.check", "on": "2030-01-01" }), "tương lai"),
    ] {
        let text = refused(board(command.clone())).await;
        assert!(text.contains(said), "{command}: {text}");
    }
    // Two boards never have one number: it stands on paper.
    let double = json!({ "id": "d", "type": "board.publish", "effective_from": "2026-11-24", "facts": { "number": 1, "title": "Bảng khác", "position": { "lon": 104.88, "lat": 21.71 } } });
    assert!(refused(double).await.contains('1'));
}

async fn a_link_preview_says_what_it_is_and_whether_it_holds(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let page = node.get(&format!("/q/{PLAN}")).await.text();
    let property =
        |name: &str| page.split(&format!("property=\"{name}\" content=\"")).nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_eq!(property("og:title"), "Điều chỉnh quy hoạch sử dụng đất đến năm 2030 thành phố Yên Bái (minh họa)");
    assert!(property("og:description").contains("ĐANG CÓ HIỆU LỰC") && property("og:description").contains("1/4/2024"));
    assert_eq!(property("og:url"), format!("https://bangtin.example/q/{PLAN}"));
    let image = property("og:image");
    let picture = node.get(image.strip_prefix("https://bangtin.example").unwrap()).await;
    assert_eq!(picture.header("content-type"), "image/png");
    let picture = image::load_from_memory(&picture.body).unwrap().to_rgb8();
    assert_eq!(picture.dimensions(), (1200, 630));
    let colours: std::collections::HashSet<[u8; 3]> = picture.pixels().map(|pixel| pixel.0).collect();
    assert!(colours.len() > 30, "there is a map on it");
}
