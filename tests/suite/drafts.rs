//! Files and forms on their way to a proposal: in pieces, over several nodes, for thirty days; on both databases.

use axum::http::StatusCode;
use bangtin::domain::access::{Grant, Reach, Role};
use serde_json::{Value, json};

use crate::office::{Browser, granted, hidden, settle, signed_in};
use crate::on_both_databases;
use crate::support::Kind;
use crate::support::{Node, demo};

const PLAN: &str = "QHSDD21AG";
const ABOUT: [(&str, &str); 4] =
    [("revises", PLAN), ("kind", "land-use-plan"), ("authority", "UBND tỉnh Yên Bái"), ("signed", "2026-10-01")];
const PIECE: usize = 1 << 20;

/// A file of zones with as many blanks as it takes to have more than two pieces.
fn large() -> Vec<u8> {
    let mut file = std::fs::read("tests/data/formats/plan.geojson").unwrap();
    file.resize(2 * PIECE + 1000, b'\n');
    file
}

/// A twin of the file whose first feature has no shape.
fn without_a_shape() -> Vec<u8> {
    let mut plan: Value = serde_json::from_slice(&std::fs::read("tests/data/formats/plan.geojson").unwrap()).unwrap();
    plan["features"][0]["geometry"] = Value::Null;
    plan.to_string().into_bytes()
}

async fn begin(planner: &mut Browser<'_>, bytes: usize) -> Value {
    let size = bytes.to_string();
    let answer = planner.submit("/office/me", "/office/uploads", &[("name", "quy hoạch.geojson"), ("bytes", &size)]).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
    answer.json()
}

async fn imported(planner: &mut Browser<'_>, fields: &[(&str, &str)], files: &[(&str, &str, &[u8])]) -> String {
    let answer = planner.upload("/office/me", "/office/plans/new", &[&ABOUT, fields].concat(), files).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    answer.header("location").to_owned()
}

async fn a_file_comes_in_pieces_over_two_nodes_and_is_read(kind: Kind) {
    let (database, clock, first) = demo(kind).await;
    let (mut planner, _) = signed_in(&first, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    let (mut other, _) = signed_in(&first, &[Role::Planner], "binh@yenbai.gov.vn", &clock).await;
    let second = Node::start(&database, &clock).await;
    let file = large();
    let token = hidden(&planner.get("/office/me").await.text(), "token");
    let upload = begin(&mut planner, file.len()).await;
    assert_eq!((&upload["missing"], &upload["piece_bytes"]), (&json!([0, 1, 2]), &json!(PIECE)));
    let path = format!("/office/uploads/{}", upload["id"].as_str().unwrap());
    // A piece that was cut is refused, and so is whoever else knows the address.
    let cut = planner.piece(&format!("{path}/0"), &token, &file[..PIECE - 1]).await;
    assert_eq!(cut.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", cut.text());
    assert_eq!(planner.piece(&format!("{path}/3"), &token, b"x").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(planner.piece(&format!("{path}/0"), "", &file[..PIECE]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(other.get(&path).await.status, StatusCode::NOT_FOUND);
    let theirs = hidden(&other.get("/office/me").await.text(), "token");
    assert_eq!(other.piece(&format!("{path}/0"), &theirs, &file[..PIECE]).await.status, StatusCode::NOT_FOUND);
    // The last piece comes first, and one comes twice.
    for number in [2, 0, 0] {
        let piece = &file[number * PIECE..file.len().min((number + 1) * PIECE)];
        assert_eq!(planner.piece(&format!("{path}/{number}"), &token, piece).await.status, StatusCode::NO_CONTENT);
    }
    let id = upload["id"].as_str().unwrap();
    let refused = planner.upload("/office/me", "/office/plans/new", &[&ABOUT[..], &[("upload", id)]].concat(), &[]).await;
    assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.text().contains("chưa gửi xong"), "{}", refused.text());
    // The other node goes on.
    let mut elsewhere = planner.at(&second);
    assert_eq!(elsewhere.get(&path).await.json()["missing"], json!([1]));
    assert_eq!(elsewhere.piece(&format!("{path}/1"), &token, &file[PIECE..2 * PIECE]).await.status, StatusCode::NO_CONTENT);
    let import = imported(&mut elsewhere, &[("upload", id)], &[]).await;
    let page = planner.get(&import).await.text();
    assert!(page.contains("Tệp công bố được") && page.contains("quy hoạch.geojson"), "{page}");
    assert_eq!(first.app.log().blobs().await.unwrap().len(), second.app.log().blobs().await.unwrap().len());
}

async fn without_scripts_a_large_file_comes_in_one_request(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (mut planner, _) = signed_in(&node, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    let file = [large(), large(), large()].concat();
    let import = imported(&mut planner, &[], &[("file", "a.geojson", &large())]).await;
    assert_eq!(planner.get(&import).await.status, StatusCode::OK);
    let wrong = planner.upload("/office/me", "/office/plans/new", &ABOUT, &[("file", "a.geojson", &file)]).await;
    assert_eq!(wrong.status, StatusCode::SEE_OTHER, "its report says what is wrong: {}", wrong.text());
}

async fn a_file_that_nobody_used_for_thirty_days_is_gone(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (mut planner, account) = signed_in(&node, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    let good = std::fs::read("tests/data/formats/plan.geojson").unwrap();
    let import = imported(&mut planner, &[], &[("file", "a.geojson", &good)]).await;
    let id = import.rsplit('/').next().unwrap();
    let blobs = node.app.log().blobs().await.unwrap().len();
    clock.set("2026-12-23T12:00:00Z");
    node.app.sweep_kept().await.unwrap();
    assert_eq!(node.app.drafts(&account.0).await.unwrap().len(), 1);
    assert!(node.app.kept_import(id).await.unwrap().is_some());
    clock.set("2026-12-25T12:00:00Z");
    node.app.sweep_kept().await.unwrap();
    assert_eq!(node.app.drafts(&account.0).await.unwrap(), []);
    assert!(node.app.kept_import(id).await.unwrap().is_none());
    assert_eq!(node.app.log().blobs().await.unwrap().len(), blobs, "what was only read never became a blob");
}

/// What a draft needs is kept as long as somebody works on it.
async fn a_draft_that_is_kept_in_between_is_whole_long_after_its_file_came(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (mut planner, _) = signed_in(&node, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    let good = std::fs::read("tests/data/formats/plan.geojson").unwrap();
    let about = [("kind", "land-use-plan"), ("authority", "UBND tỉnh Yên Bái"), ("signed", "2026-10-01")];
    let import = imported(&mut planner, &about, &[("file", "a.geojson", &good)]).await;
    let whole = [&about[..], &[("title", "Quy hoạch lâu dài"), ("decision", "8/QĐ"), ("effective_from", "2026-12-15")]].concat();
    let pdf: &[u8] = b"%PDF-1.4\n1 0 obj\n<</Type/Catalog>>\nendobj\ntrailer<</Root 1 0 R/Size 2>>\n%%EOF\n";
    planner.upload_draft(&import, &[&whole[..], &[("do", "keep")]].concat(), &[("decision_file", "qd.pdf", pdf)]).await;
    // Its page shows what goes with it, and hands it over to nobody else.
    let page = planner.upload_draft(&import, &[&whole[..], &[("do", "preview-page")]].concat(), &[]).await.text();
    let document = page.split(">qd.pdf").next().unwrap().rsplit('"').nth(1).unwrap().to_owned();
    assert!(document.starts_with(&format!("{import}/documents/")), "{document}: {page}");
    assert!(page.contains("qd.pdf"), "{page}");
    let handed = planner.get(&document).await;
    assert!(
        handed.body == pdf
            && handed.header("content-disposition").contains("qd.pdf")
            && handed.header("content-security-policy").contains("sandbox")
    );
    assert_eq!(node.get(&document).await.status, StatusCode::SEE_OTHER);
    assert_eq!(planner.get(&format!("{import}/documents/{}", "0".repeat(64))).await.status, StatusCode::NOT_FOUND);
    for day in ["2026-12-15", "2027-01-05", "2027-01-30"] {
        clock.set(&format!("{day}T12:00:00Z"));
        node.app.sweep_kept().await.unwrap();
        let (mut again, _) = signed_in(&node, &[Role::Planner], &format!("{day}@yenbai.gov.vn"), &clock).await;
        let kept = again.upload_draft(&import, &[&whole[..], &[("summary", day), ("do", "keep")]].concat(), &[]).await;
        assert_eq!(kept.header("location"), format!("{import}?kept=1"), "{}", kept.text());
    }
    let (mut last, _) = signed_in(&node, &[Role::Planner], "cuoi@yenbai.gov.vn", &clock).await;
    let published = last.upload_draft(&import, &[&whole[..], &[("do", "propose")]].concat(), &[]).await;
    assert_eq!(published.status, StatusCode::SEE_OTHER, "{}", published.text());
    let code = published.header("location").rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
    settle(&node).await;
    assert!(node.get(&format!("/q/{code}")).await.text().contains("qd.pdf"));
}

/// What a draft would be is seen before anybody else hears of it.
async fn a_draft_is_seen_as_it_would_be_and_nothing_is_written(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (mut an, _) = signed_in(&node, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    let good = std::fs::read("tests/data/formats/plan.geojson").unwrap();
    for revises in [PLAN, ""] {
        let about = [("revises", revises), ("kind", "land-use-plan"), ("authority", "UBND tỉnh Yên Bái"), ("signed", "2026-10-01")];
        let sent = an.upload("/office/me", "/office/plans/new", &about, &[("file", "a.geojson", &good)]).await;
        let import = sent.header("location").to_owned();
        let version = hidden(&an.get(&import).await.text(), "version");
        let head = node.app.log().head().await.unwrap().position;
        let facts = [
            &about[..],
            &[("title", "Điều chỉnh xem trước"), ("decision", "8/QĐ"), ("scale", "1:5000"), ("effective_from", "2026-12-15")],
            &[("adjustment", "local"), ("unit", "04252-2025"), ("version", version.as_str())],
        ]
        .concat();
        let asks = |what: &'static str| [&facts[..], &[("do", what)]].concat();
        // Each is sent from the page as it was opened: one's own changes are no other's.
        let page = an.upload("/office/me", &import, &asks("preview-page"), &[]).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text());
        let text = page.text();
        assert!(text.contains("BẢN NHÁP") && text.contains("Điều chỉnh xem trước") && text.contains("15/12/2026"), "{text}");
        assert!(text.contains("<svg") && page.header("cache-control") == "no-store");
        let poster = an.upload("/office/me", &import, &asks("preview-poster"), &[]).await;
        let words = crate::prints::words(&poster.body);
        assert!(words.contains("BẢN NHÁP") && words.contains("Điều chỉnh xem trước"), "{words}");
        let changes = an.upload("/office/me", &import, &asks("preview-changes"), &[]).await.text();
        assert!(changes.contains("BẢN NHÁP") && changes.contains("CHƯA CÓ HIỆU LỰC"), "{changes}");
        assert_eq!(changes.contains("Đất thay đổi mục đích"), !revises.is_empty(), "{changes}");
        // What the rules would refuse is said on the draft.
        let wrong: Vec<_> =
            asks("preview-page").into_iter().map(|(n, v)| (n, if n == "effective_from" { "2001-02-30" } else { v })).collect();
        let refused = an.upload("/office/me", &import, &wrong, &[]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(node.app.log().head().await.unwrap().position, head, "nothing was written");
        let nobody = node.get("/search?q=xem+truoc").await.text();
        assert!(!nobody.contains("Điều chỉnh xem trước"));
        an.upload("/office/me", &import, &[("do", "drop")], &[]).await;
    }
}

/// The map of a draft and of a proposal: what lies in view, for those who may see it.
async fn a_draft_and_a_proposal_have_a_map_to_move_about_in(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (mut an, _) = signed_in(&node, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    let (mut chi, _) = signed_in(&node, &[Role::Approver], "chi@yenbai.gov.vn", &clock).await;
    let of_ward = |role| Grant { role, reach: Reach::Units(["04279-2025".parse().unwrap()].into()) };
    let (mut stranger, _) = granted(&node, vec![of_ward(Role::Planner), of_ward(Role::Approver)], "la@yenbai.gov.vn", &clock).await;
    let good = std::fs::read("tests/data/formats/plan.geojson").unwrap();
    let about = [("kind", "land-use-plan"), ("authority", "UBND tỉnh Yên Bái"), ("signed", "2026-10-01")];
    let sent = an.upload("/office/me", "/office/plans/new", &about, &[("file", "a.geojson", &good)]).await;
    let import = sent.header("location").to_owned();
    let whole = [&about[..], &[("title", "Quy hoạch mới"), ("decision", "8/QĐ"), ("effective_from", "2026-12-15"), ("unit", "04252-2025")]]
        .concat();
    let proposed = an.upload_draft(&import, &[&whole[..], &[("do", "propose")]].concat(), &[]).await;
    settle(&node).await;
    let proposal = proposed.header("location").to_owned();
    for (path, reader) in [(&import, &mut an), (&proposal, &mut chi)] {
        assert!(reader.get(path).await.text().contains(&format!("{path}/map")), "{path}");
        let page = reader.get(&format!("{path}/map")).await;
        assert!(page.text().contains("BẢN NHÁP") && page.text().contains("leaflet"), "{}", page.text());
        let all = reader.get(&format!("{path}/zones?f=json&limit=2000&bbox=104,21,106,22")).await;
        assert_eq!(all.header("cache-control"), "no-store");
        let all = all.json();
        let count = all["features"].as_array().unwrap().len();
        assert!(count > 1 && all["numberMatched"] == count && all["numberReturned"] == count, "{all}");
        let first = &all["features"][0];
        assert!(first["properties"]["land_use"].is_string() && first["properties"]["land_use_name"].is_string(), "{first}");
        let corner = first["geometry"].to_string();
        let mut numbers = corner.split(['[', ',', ']']).filter_map(|number| number.parse::<f64>().ok());
        let (lon, lat) = (numbers.next().unwrap(), numbers.next().unwrap());
        let near = reader.get(&format!("{path}/zones?f=json&bbox={lon},{lat},{lon},{lat}")).await.json();
        let near = near["numberMatched"].as_u64().unwrap() as usize;
        assert!(near > 0 && near < count, "{near} of {count}");
        assert_eq!(reader.get(&format!("{path}/zones?f=json&bbox=0,0,1,1")).await.json()["numberMatched"], 0);
        for what in ["map", "zones?f=json"] {
            assert_eq!(stranger.get(&format!("{path}/{what}")).await.status, StatusCode::NOT_FOUND, "{path}/{what}");
            assert_eq!(node.get(&format!("{path}/{what}")).await.status, StatusCode::SEE_OTHER, "{path}/{what}");
        }
    }
}

/// A new plan that came back is proposed anew under the code that it has.
async fn a_new_plan_that_was_returned_keeps_its_code(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (mut an, _) = signed_in(&node, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    let (mut chi, _) = signed_in(&node, &[Role::Approver], "chi@yenbai.gov.vn", &clock).await;
    let good = std::fs::read("tests/data/formats/plan.geojson").unwrap();
    let about = [("kind", "land-use-plan"), ("authority", "UBND tỉnh Yên Bái"), ("signed", "2026-10-01")];
    let sent = an.upload("/office/me", "/office/plans/new", &about, &[("file", "a.geojson", &good)]).await;
    let import = sent.header("location").to_owned();
    let facts = [
        &about[..],
        &[("title", "Quy hoạch mới"), ("decision", "8/QĐ"), ("scale", "1:5000"), ("effective_from", "2026-12-15")],
        &[("adjustment", "first"), ("unit", "04252-2025"), ("do", "propose")],
    ];
    let version = hidden(&an.get(&import).await.text(), "version");
    let whole = [facts.concat(), vec![("version", version.as_str())]].concat();
    // Pressed twice at once, both are answered, and there is one proposal.
    let mut twin = an.at(&node);
    let (one, two) = tokio::join!(an.upload("/office/me", &import, &whole, &[]), twin.upload("/office/me", &import, &whole, &[]));
    assert_eq!((one.status, two.status), (StatusCode::SEE_OTHER, StatusCode::SEE_OTHER), "{} {}", one.text(), two.text());
    assert_eq!(one.header("location"), two.header("location"));
    let path = one.header("location").to_owned();
    settle(&node).await;
    let digest = hidden(&chi.get(&path).await.text(), "proposal");
    chi.submit(&path, &path, &[("proposal", &digest), ("do", "return"), ("comment", "Xem lại ranh giới")]).await;
    settle(&node).await;
    let page = an.get(&import).await.text();
    assert!(page.contains("Xem lại ranh giới") && page.contains(&path), "{page}");
    // As it was: the same code, and one proposal that waits.
    let again = an.upload_draft(&import, &facts.concat(), &[]).await;
    assert_eq!(again.header("location"), path, "{}", again.text());
    settle(&node).await;
    let page = chi.get(&path).await.text();
    assert!(page.contains("value=\"approve\""), "it waits again: {page}");
    assert_eq!(chi.get("/office/proposals").await.text().matches("Quy hoạch mới").count(), 1);
    // The approver reads the report on the file.
    assert!(chi.get(&format!("{path}/report")).await.text().contains("a.geojson"));
    // Done, the address leads on, also for whoever presses again.
    let digest = hidden(&page, "proposal");
    let token = hidden(&page, "token");
    let approved = chi.submit(&path, &path, &[("proposal", &digest), ("do", "approve")]).await;
    let item = path.replace("proposals", "items");
    assert!(approved.header("location").starts_with(&item), "{}", approved.text());
    settle(&node).await;
    assert_eq!(chi.get(&path).await.header("location"), item);
    let pressed = chi.post(&path, &[("proposal", &digest), ("do", "approve"), ("token", &token)]).await;
    assert_eq!(pressed.header("location"), item, "{}", pressed.text());
}

/// Who sends a file had a hand in the plan, though another writes what it states.
async fn whoever_sent_the_file_does_not_approve_the_plan(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (mut an, an_id) = signed_in(&node, &[Role::Planner, Role::Approver], "an@yenbai.gov.vn", &clock).await;
    let (mut binh, binh_id) = signed_in(&node, &[Role::Planner], "binh@yenbai.gov.vn", &clock).await;
    let (mut chi, _) = signed_in(&node, &[Role::Approver], "chi@yenbai.gov.vn", &clock).await;
    let good = std::fs::read("tests/data/formats/plan.geojson").unwrap();
    let import = imported(&mut an, &[], &[("file", "a.geojson", &good)]).await;
    let facts = [
        &ABOUT[..],
        &[("title", "Của Bình"), ("decision", "8/QĐ"), ("scale", "1:5000"), ("effective_from", "2026-12-15")],
        &[("adjustment", "local"), ("unit", "04252-2025"), ("do", "propose")],
    ];
    let sent = binh.upload_draft(&import, &facts.concat(), &[]).await;
    assert_eq!(sent.header("location"), format!("/office/proposals/{PLAN}"), "{}", sent.text());
    settle(&node).await;
    let events = node.app.log().read_aggregate(&format!("plan/{PLAN}"), 0).await.unwrap();
    let payload: Value = serde_json::from_str(&events.last().unwrap().event.payload).unwrap();
    let authors: Vec<&str> = payload["authors"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(authors.len() == 2 && authors.contains(&an_id.0.as_str()) && authors.contains(&binh_id.0.as_str()), "{payload}");
    let path = format!("/office/proposals/{PLAN}");
    let digest = hidden(&an.get(&path).await.text(), "proposal");
    let approved = an.submit(&path, &path, &[("proposal", &digest), ("do", "approve")]).await;
    assert!(!approved.status.is_redirection(), "{}", approved.status);
    // Returned, both find the draft again.
    let returned = chi.submit(&path, &path, &[("proposal", &digest), ("do", "return"), ("comment", "Sai ngày")]).await;
    assert!(returned.status.is_redirection(), "{}", returned.text());
    settle(&node).await;
    for browser in [&mut an, &mut binh] {
        assert!(browser.get(&path).await.text().contains(&import));
    }
}

async fn features_without_area_are_left_out_by_choice_and_the_plan_says_which(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (mut planner, _) = signed_in(&node, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    let (mut approver, _) = signed_in(&node, &[Role::Approver], "binh@yenbai.gov.vn", &clock).await;
    let import = imported(&mut planner, &[], &[("file", "a.geojson", &without_a_shape())]).await;
    let page = planner.get(&import).await.text();
    assert!(page.contains("chưa công bố được") && page.contains("name=\"leave_out\" value=\"0\""), "{page}");
    let upload = hidden(&page, "upload");
    // A feature that has an area is mended in the file.
    let wrong = imported(&mut planner, &[("upload", &upload), ("leave_out", "0"), ("leave_out", "5")], &[]).await;
    let page = planner.get(&wrong).await.text();
    assert!(page.contains("#5: không bỏ ra được"), "{page}");
    let import = imported(&mut planner, &[("upload", &upload), ("leave_out", "0")], &[]).await;
    let page = planner.get(&import).await.text();
    assert!(page.contains("Tệp công bố được") && page.contains("bỏ ra theo lựa chọn") && page.contains("value=\"0\" checked"), "{page}");
    let facts = [&ABOUT[..], &[("title", "Bỏ một thửa"), ("decision", "9/QĐ"), ("effective_from", "2026-12-15"), ("adjustment", "local")]];
    let sent = planner.upload("/office/me", &import, &facts.concat(), &[]).await;
    assert_eq!(sent.header("location"), format!("/office/proposals/{PLAN}"), "{}", sent.text());
    settle(&node).await;
    let path = format!("/office/proposals/{PLAN}");
    let digest = hidden(&approver.get(&path).await.text(), "proposal");
    let approved = approver.submit(&path, &path, &[("proposal", &digest), ("do", "approve")]).await;
    assert_eq!(approved.status, StatusCode::SEE_OTHER, "{}", approved.text());
    settle(&node).await;
    let events = node.app.log().read_aggregate(&format!("plan/{PLAN}"), 0).await.unwrap();
    let published = events.iter().rfind(|stored| stored.event.name == "plan.published").unwrap();
    assert!(published.event.payload.contains("\"left_out\":[0]"), "{}", published.event.payload);
    let revision = serde_json::from_str::<Value>(&published.event.payload).unwrap()["revision"].to_string();
    let page = node.get_with(&format!("/q/{PLAN}/revisions/{revision}"), &[("accept", "text/html")]).await.text();
    assert!(page.contains("Đối tượng bỏ ra") && page.contains("#0"), "{page}");
}

async fn a_draft_keeps_what_was_written_and_attached_on_every_node(kind: Kind) {
    let (database, clock, first) = demo(kind).await;
    let (mut planner, _) = signed_in(&first, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    let (_approver, _) = signed_in(&first, &[Role::Approver], "binh@yenbai.gov.vn", &clock).await;
    let second = Node::start(&database, &clock).await;
    let good = std::fs::read("tests/data/formats/plan.geojson").unwrap();
    let import = imported(&mut planner, &[], &[("file", "a.geojson", &good)]).await;
    let facts = [("revises", PLAN), ("title", "Còn dở dang"), ("unit", "04252-2025"), ("do", "keep")];
    let files: [(&str, &str, &[u8]); 2] = [("decision_file", "quyết định.txt", b"Quyet dinh"), ("map_file", "bản đồ.txt", b"Ban do")];
    let kept = planner.upload("/office/me", &import, &facts, &files).await;
    assert!(kept.header("location").contains("kept=1"), "{}", kept.text());
    let mut elsewhere = planner.at(&second);
    assert!(elsewhere.get("/office").await.text().contains(&import));
    let page = elsewhere.get(kept.header("location")).await.text();
    for expected in ["Đã lưu bản nháp", "value=\"Còn dở dang\"", "value=\"04252-2025\" checked", "quyết định.txt", "bản đồ.txt"]
    {
        assert!(page.contains(expected), "no “{expected}”: {page}");
    }
    // Reading the file again with other choices loses nothing of it, and is the same draft.
    let upload = hidden(&page, "upload");
    let again = imported(&mut elsewhere, &[("upload", &upload), ("instead", import.rsplit('/').next().unwrap())], &[]).await;
    assert_eq!(elsewhere.get(&import).await.status, StatusCode::NOT_FOUND);
    let import = again;
    assert!(elsewhere.get(&import).await.text().contains("value=\"Còn dở dang\""));
    // What was attached goes along; what was dropped does not. A refusal loses nothing.
    let facts = [
        &ABOUT[..],
        &[
            ("title", "Trọn vẹn"),
            ("decision", ""),
            ("effective_from", "2026-12-15"),
            ("adjustment", "local"),
            ("drop", "map_file"),
            ("do", "propose"),
        ],
    ];
    let refused = elsewhere.upload_draft(&import, &facts.concat(), &[]).await;
    assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.text().contains("value=\"Trọn vẹn\""), "{}", refused.text());
    assert!(planner.get(&import).await.text().contains("value=\"Trọn vẹn\""));
    let whole: Vec<_> = facts.concat().into_iter().map(|(name, value)| (name, if name == "decision" { "7/QĐ" } else { value })).collect();
    let version = hidden(&elsewhere.get(&import).await.text(), "version");
    let whole = [&whole[..], &[("version", version.as_str())]].concat();
    let sent = elsewhere.upload("/office/me", &import, &whole, &[]).await;
    assert_eq!(sent.header("location"), format!("/office/proposals/{PLAN}"), "{}", sent.text());
    settle(&first).await;
    settle(&second).await;
    // Sent twice, it acts once; it is no draft any more, and can be opened again from its proposal.
    let again = elsewhere.upload("/office/me", &import, &whole, &[]).await;
    assert_eq!(again.header("location"), format!("/office/proposals/{PLAN}"), "{}", again.text());
    assert!(!planner.get("/office").await.text().contains(&import));
    assert!(planner.get(&format!("/office/proposals/{PLAN}")).await.text().contains(&import));
    let events = first.app.log().read_aggregate(&format!("plan/{PLAN}"), 0).await.unwrap();
    let proposed: Vec<_> = events.iter().filter(|stored| stored.event.name == "plan.proposed").collect();
    assert_eq!(proposed.len(), 1);
    let payload = &proposed[0].event.payload;
    assert!(payload.contains("quyết định.txt") && !payload.contains("bản đồ.txt"), "{payload}");
    // A draft that is dropped is gone.
    let import = imported(&mut planner, &[], &[("file", "a.geojson", &good)]).await;
    assert_eq!(planner.upload("/office/me", &import, &[("do", "drop")], &[]).await.header("location"), "/office");
    assert_eq!(planner.get(&import).await.status, StatusCode::NOT_FOUND);
}

on_both_databases!(
    a_file_comes_in_pieces_over_two_nodes_and_is_read,
    without_scripts_a_large_file_comes_in_one_request,
    a_file_that_nobody_used_for_thirty_days_is_gone,
    a_draft_that_is_kept_in_between_is_whole_long_after_its_file_came,
    whoever_sent_the_file_does_not_approve_the_plan,
    a_draft_is_seen_as_it_would_be_and_nothing_is_written,
    a_draft_and_a_proposal_have_a_map_to_move_about_in,
    a_new_plan_that_was_returned_keeps_its_code,
    features_without_area_are_left_out_by_choice_and_the_plan_says_which,
    a_draft_keeps_what_was_written_and_attached_on_every_node,
    two_planners_in_one_draft_lose_nothing_and_both_are_its_authors,
);

/// Sends the form of a draft over the version that its page has.
async fn send_over(
    browser: &mut Browser<'_>,
    import: &str,
    version: &str,
    fields: &[(&str, &str)],
    files: &[(&str, &str, &[u8])],
) -> crate::support::Answer {
    browser.upload("/office/me", import, &[&[("version", version), ("revises", PLAN)], fields].concat(), files).await
}

#[expect(clippy::too_many_lines, reason = "one story")]
async fn two_planners_in_one_draft_lose_nothing_and_both_are_its_authors(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (mut an, _) = signed_in(&node, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    let (mut binh, binh_id) = signed_in(&node, &[Role::Planner, Role::Approver], "binh@yenbai.gov.vn", &clock).await;
    let (mut chi, chi_id) = signed_in(&node, &[Role::Planner], "chi@yenbai.gov.vn", &clock).await;
    // Chi's commune is not the draft's.
    let other = node
        .app
        .city()
        .units
        .valid_on(jiff::civil::date(2026, 11, 24))
        .find(|unit| unit.id.to_string() != "04252-2025")
        .unwrap()
        .id
        .clone();
    let grants = vec![bangtin::domain::access::Grant { role: Role::Planner, reach: bangtin::domain::access::Reach::Units(vec![other]) }];
    node.app.grant(&bangtin::domain::access::Actor::local(), chi_id, grants).await.unwrap();
    settle(&node).await;
    let good = std::fs::read("tests/data/formats/plan.geojson").unwrap();
    let import = imported(&mut an, &[], &[("file", "a.geojson", &good)]).await;
    let base = [
        ("kind", "land-use-plan"),
        ("title", "Bản của An"),
        ("scale", "1:5000"),
        ("decision", "9/QĐ"),
        ("authority", "UBND tỉnh Yên Bái"),
        ("signed", "2026-10-01"),
        ("effective_from", "2026-12-15"),
        ("adjustment", "local"),
        ("unit", "04252-2025"),
    ];
    let with = |changes: &[(&'static str, &'static str)]| -> Vec<(&'static str, &'static str)> {
        base.into_iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name)).chain(changes.iter().copied()).collect()
    };
    let first = hidden(&an.get(&import).await.text(), "version");
    let kept = send_over(&mut an, &import, &first, &with(&[("do", "keep")]), &[]).await;
    assert_eq!(kept.status, StatusCode::SEE_OTHER, "{}", kept.text());
    assert_eq!(chi.get(&import).await.status, StatusCode::NOT_FOUND, "not her units");
    // Both have it open.
    let page = binh.get(&import).await.text();
    assert!(page.contains("Bản soạn của") && !page.contains("value=\"drop\"") && page.contains("value=\"Bản của An\""), "{page}");
    let dropped = binh.upload("/office/me", &import, &[("do", "drop")], &[]).await;
    assert_eq!(dropped.status, StatusCode::NOT_FOUND, "only its sender drops it");
    let version = hidden(&page, "version");
    let saved = send_over(&mut binh, &import, &version, &with(&[("title", "Bản của Bình"), ("level", "xã"), ("do", "keep")]), &[]).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    assert!(binh.get("/office").await.text().contains(&import), "it is among his drafts");
    // An has typed over what Bình had not saved yet: she is told, and both parts are in the form.
    let late = send_over(
        &mut an,
        &import,
        &version,
        &with(&[("title", "Bản của An, lần hai"), ("scale", "1:2000"), ("do", "propose")]),
        &[("decision_file", "qd.txt", b"Quyet dinh")],
    )
    .await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    let page = late.text();
    for what in [
        "đã sửa bản soạn này",
        "<del>Bản của An</del>",
        "<ins>Bản của Bình</ins>",
        "giữ chữ của bạn",
        "value=\"Bản của An, lần hai\"",
        "value=\"1:2000\"",
        "value=\"xã\"",
        "qd.txt",
    ] {
        assert!(page.contains(what), "{what}: {page}");
    }
    assert!(node.get(&format!("/q/{PLAN}.json")).await.status.is_success());
    assert!(an.get(&import).await.text().contains("value=\"Bản của Bình\""), "nothing of hers was saved over his");
    // Of two at once one is told.
    let version = hidden(&page, "version");
    let fields = with(&[("title", "Cùng lúc"), ("do", "keep")]);
    let again = with(&[("title", "Cùng lúc khác"), ("do", "keep")]);
    let (one, two) =
        tokio::join!(send_over(&mut an, &import, &version, &fields, &[]), send_over(&mut binh, &import, &version, &again, &[]));
    let mut both = [one.status, two.status];
    both.sort();
    assert_eq!(both, [StatusCode::SEE_OTHER, StatusCode::CONFLICT]);
    // An proposes; Bình has written it with her, so he does not approve it.
    let version = hidden(&an.get(&import).await.text(), "version");
    let sent = send_over(&mut an, &import, &version, &with(&[("title", "Bản chung"), ("do", "propose")]), &[]).await;
    assert_eq!(sent.header("location"), format!("/office/proposals/{PLAN}"), "{}", sent.text());
    settle(&node).await;
    let path = format!("/office/proposals/{PLAN}");
    let digest = hidden(&binh.get(&path).await.text(), "proposal");
    let approved = binh.submit(&path, &path, &[("proposal", &digest), ("do", "approve")]).await;
    assert!(!approved.status.is_redirection(), "{}", approved.status);
    let events = node.app.log().read_aggregate(&format!("plan/{PLAN}"), 0).await.unwrap();
    let proposed = events.iter().rfind(|stored| stored.event.name == "plan.proposed").unwrap();
    assert!(proposed.event.payload.contains(&binh_id.0), "{}", proposed.event.payload);
}
