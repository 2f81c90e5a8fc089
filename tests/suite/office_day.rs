//! The day's work in the office: duty, boards, reports, the audit trail; on both databases.

use axum::http::StatusCode;
use bangtin::domain::access::{Grant, Reach, Role};

use crate::office::{Browser, granted, hidden, settle, signed_in};
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
    let away = planner.get("/office/duty").await;
    assert!(away.status == StatusCode::FORBIDDEN && away.text().contains("Đăng xuất"), "the office stays around it: {}", away.text());
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
    assert_eq!(sends(&mut clerk, &[("do", "check")]).await.header("location"), path);
    let wrong = sends(&mut clerk, &[("do", "hang"), ("item", "XXXXXXXX")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let events = node.app.log().read_aggregate(&format!("board/{BOARD}"), 0).await.unwrap();
    let names: Vec<&str> = events.iter().rev().take(3).map(|stored| stored.event.name.as_str()).collect();
    assert_eq!(names, ["board.checked", "board.hung", "board.printed"]);
    let page = node.get(&format!("/q/{BOARD}")).await.text();
    assert!(page.contains("/q/QHC2020AH"), "{page}");
}

/// A photo as a phone takes it: 1,600 × 1,200 pixels, and its Exif block says where it was taken.
pub fn photo() -> Vec<u8> {
    let picture = image::RgbImage::from_fn(1_600, 1_200, |x, y| image::Rgb([(x % 256) as u8, (y % 256) as u8, 90]));
    let mut jpeg = Vec::new();
    picture.write_with_encoder(image::codecs::jpeg::JpegEncoder::new(&mut jpeg)).unwrap();
    let place = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\0\0\0\0\0GPS 21.7229 104.9113";
    let length = u16::try_from(place.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], b"\xff\xe1", &length, place, &jpeg[2..]].concat()
}

async fn damage_at_a_board_is_reported_with_a_photo_until_it_was_seen_to(kind: Kind) {
    let (database, clock, node) = demo(kind).await;
    let (mut clerk, _) = signed_in(&node, &[Role::Clerk], "an@yenbai.gov.vn", &clock).await;
    let path = format!("/office/boards/{BOARD}");
    let page = clerk.get(&path).await.text();
    // Some phones put a short film behind the picture.
    let (seen, photo) = (hidden(&page, "seen"), [photo(), vec![7; 5 << 20]].concat());
    let fields = |note| [("do", "damage"), ("seen", seen.as_str()), ("item", "QHSDD21AG"), ("note", note)];
    // What says nothing, and what is no photo, is told on the page.
    for (file, told) in [(None, "hoặc chụp một ảnh"), (Some(&b"<svg onload=alert(1)>"[..]), "Không đọc được ảnh")] {
        let files: Vec<(&str, &str, &[u8])> = file.map(|file| ("photo", "a.jpg", file)).into_iter().collect();
        let answer = clerk.upload(&path, &path, &fields(""), &files).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text().contains(told), "{}", answer.text());
    }
    // On a bad line it is sent again, and taken in once.
    for _ in 0..2 {
        let answer = clerk.upload(&path, &path, &fields("Kính vỡ"), &[("photo", "IMG_0001.jpg", &photo)]).await;
        assert_eq!(answer.header("location"), path, "{}", answer.text());
    }
    settle(&node).await;
    assert!(clerk.get(&path).await.text().contains("Phản ánh chưa xử lý về bảng này (1)"));
    let events = node.app.log().read_aggregate(&format!("board/{BOARD}"), 0).await.unwrap();
    assert_eq!(events.last().unwrap().event.name, "board.checked");
    let whole = [("do", "damage"), ("seen", seen.as_str()), ("note", "Mái dột")];
    clerk.upload(&path, &path, &whole, &[]).await;
    settle(&node).await;
    let list = clerk.get("/office/reports").await.text();
    assert!(list.contains("Bảng tin bị hư hỏng") && list.contains("Mái dột"), "{list}");
    let aside = hidden(&list, "report");
    clerk.submit("/office/reports", "/office/reports", &[("report", &aside), ("outcome", "mended")]).await;
    let list = clerk.get("/office/reports").await.text();
    assert!(list.contains("Kính vỡ") && list.contains("Bản in bị rách"), "{list}");
    let id = hidden(&list, "report");
    let at = format!("/office/reports/{id}/photo");
    assert!(list.contains(&format!("src=\"{at}\"")), "{list}");
    let answer = clerk.get(&at).await;
    assert_eq!((answer.header("content-type"), answer.header("cache-control")), ("image/jpeg", "no-store"));
    let picture = image::load_from_memory(&answer.body).unwrap();
    assert_eq!((picture.width(), picture.height()), (1_280, 960));
    assert!(!answer.body.windows(3).any(|part| part == b"GPS"), "where it was taken is not kept");
    let elsewhere = Grant { role: Role::Clerk, reach: Reach::Units(vec!["04279-2025".parse().unwrap()]) };
    let (mut other, _) = granted(&node, vec![elsewhere], "binh@yenbai.gov.vn", &clock).await;
    assert_eq!(other.get(&at).await.status, StatusCode::NOT_FOUND, "a board of other units");
    assert!(!other.get("/office/reports").await.text().contains("Kính vỡ"));
    assert_eq!(node.get(&at).await.status, StatusCode::SEE_OTHER, "a stranger signs in first");
    // Nothing of it can be read in the store's files, and closing the report erases both.
    let rows = node.app.log().vault_rows().await.unwrap().len();
    clerk.submit("/office/reports", "/office/reports", &[("report", &id), ("outcome", "mended")]).await;
    assert_eq!(node.app.log().vault_rows().await.unwrap().len(), rows - 2);
    assert_eq!(clerk.get(&at).await.status, StatusCode::NOT_FOUND);
    let erased = std::fs::read_to_string(database.path("erasures.txt")).unwrap();
    assert!(erased.lines().filter(|line| line.contains("s-")).count() >= 2, "a restored backup forgets both: {erased}");
}

async fn reports_are_closed_and_every_deed_is_in_the_audit_trail(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let report = node.form("/q/QHSDD21AG/report", &[("kind", "mistake"), ("text", "Sai tên phường"), ("reply_to", "")]).await;
    assert!(report.status.is_success(), "{}", report.text());
    settle(&node).await;
    let (mut clerk, clerk_id) = signed_in(&node, &[Role::Clerk], "an@yenbai.gov.vn", &clock).await;
    assert!(clerk.get("/office").await.text().contains("Phản ánh của người dân chờ xử lý"));
    let page = clerk.get("/office/reports").await.text();
    assert!(page.contains("Sai tên phường"), "{page}");
    let id = hidden(&page, "report");
    let closed = clerk.submit("/office/reports", "/office/reports", &[("report", &id), ("outcome", "mended")]).await;
    assert_eq!(closed.header("location"), "/office/reports", "{}", closed.text());
    assert!(!clerk.get("/office/reports").await.text().contains("Sai tên phường"));
    let (mut administrator, _) = signed_in(&node, &[Role::Administrator], "binh@yenbai.gov.vn", &clock).await;
    let trail = administrator.get(&format!("/office/audit?person={}", clerk_id.0)).await.text();
    assert!(
        trail.contains("đóng phản ánh")
            && trail.contains("report.closed")
            && trail.contains("Nguyễn Thị Thử")
            && !trail.contains("plan.published"),
        "{trail}"
    );
    let trail = administrator.get("/office/audit?item=QHSDD21AG&f=csv").await;
    assert!(trail.text().contains("plan.published,plan/QHSDD21AG") && !trail.text().contains("report.closed"), "{}", trail.text());
    let none = administrator.get("/office/audit?day=2020-01-01").await.text();
    assert!(none.contains("Không có việc nào như vậy"), "{none}");
    for unread in ["day=h%C3%B4m+qua", "item=QHSDD"] {
        let none = administrator.get(&format!("/office/audit?{unread}")).await.text();
        assert!(none.contains("Không có việc nào như vậy"), "{unread}: {none}");
    }
    // What a token of the clerk's did, the clerk did.
    let local = bangtin::domain::access::Actor::local();
    let made = node.app.create_token_for(&local, Role::Clerk, Reach::City, "thử".into(), Some(clerk_id.clone())).await;
    let (token, secret) = made.unwrap();
    settle(&node).await;
    let check = serde_json::json!({ "id": "k", "type": "board.check" });
    let done = node.post(&format!("/collections/boards/items/{BOARD}/commands"), &secret, check.to_string()).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    let trail = administrator.get(&format!("/office/audit?person={}", clerk_id.0)).await.text();
    assert!(trail.contains("board.checked") && trail.contains(&token.to_string()), "{trail}");
    assert_eq!(clerk.get("/office/audit").await.status, StatusCode::FORBIDDEN);
}

on_both_databases!(
    one_tap_sets_a_vehicle_and_shows_what_the_public_sees,
    a_clerk_replaces_and_checks_what_hangs_on_a_board,
    damage_at_a_board_is_reported_with_a_photo_until_it_was_seen_to,
    reports_are_closed_and_every_deed_is_in_the_audit_trail,
);
