//! Reports of residents: taken in, read by those who may, erased when they are done with.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request as HttpRequest, StatusCode};
use bangtin::domain::access::{Reach, Role};
use bangtin::event_store::dump::Reader;
use bangtin::http::Limits;
use bangtin::http::proxies::Proxies;

use crate::on_both_databases;
use crate::support::{Answer, Database, Kind, NOON, Node, TestClock, demo, files_with};

on_both_databases!(
    a_report_reaches_the_clerk_and_nobody_else,
    a_clerk_sees_the_reports_of_the_own_units,
    what_was_written_is_erased_when_the_report_is_closed,
    a_flood_is_stopped_and_nothing_is_lost_for_others,
    what_is_no_report_is_told_and_kept_in_the_form,
    the_answer_stands_where_the_resident_was_told_to_look,
);

const TEXT: &str = "Ranh giới khu 12 sai, xem thửa cạnh chợ <b>&";
const CONTACT: &str = "0987 111 222";

async fn settle(node: &Node) {
    let head = node.app.log().head().await.unwrap().position;
    assert!(node.model.wait_for(head, Duration::from_secs(5)).await);
}

async fn token(node: &Node, role: Role, units: &[&str]) -> String {
    let reach = if units.is_empty() { Reach::City } else { Reach::Units(units.iter().map(|id| id.parse().unwrap()).collect()) };
    let (_, secret) = node.app.create_token(role, reach, "thử".into()).await.unwrap();
    settle(node).await;
    secret
}

async fn send(node: &Node, path: &str, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
    let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let mut request = HttpRequest::post(path).header("content-type", "application/x-www-form-urlencoded").header("accept", "text/html");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    node.send(request.body(Body::from(body.join("&"))).unwrap()).await
}

async fn report(node: &Node, path: &str, fields: &[(&str, &str)]) -> String {
    let answer = send(node, path, fields, &[]).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    settle(node).await;
    answer.text().split("<strong>r-").nth(1).unwrap().chars().take_while(char::is_ascii_alphanumeric).collect()
}

async fn a_report_reaches_the_clerk_and_nobody_else(kind: Kind) {
    let (database, _, node) = demo(kind).await;
    let id = report(&node, "/q/QHSDD21AG/report", &[("kind", "mistake"), ("text", TEXT), ("reply_to", CONTACT)]).await;
    let clerk = token(&node, Role::Clerk, &[]).await;
    let list = send(&node, "/reports", &[("token", &clerk)], &[]).await;
    assert_eq!((list.status, list.header("cache-control")), (StatusCode::OK, "no-store"));
    let text = list.text();
    assert!(
        text.contains("Ranh giới khu 12 sai")
            && text.contains("&lt;b&gt;&amp;")
            && text.contains(CONTACT)
            && text.contains(&format!("r-{id}"))
    );
    let json = node.get_with("/reports", &[("authorization", &format!("Bearer {clerk}"))]).await.json();
    assert_eq!((json["reports"].as_array().unwrap().len(), json["reports"][0]["text"].as_str()), (1, Some(TEXT)));
    // Nobody else: no page, no event, no file has it in clear text.
    let wrong = token(&node, Role::Health, &[]).await;
    for (secret, status) in [("x".repeat(40), StatusCode::UNAUTHORIZED), (wrong, StatusCode::FORBIDDEN)] {
        assert_eq!(send(&node, "/reports", &[("token", &secret)], &[]).await.status, status);
    }
    assert_eq!(node.get("/reports").await.status, StatusCode::UNAUTHORIZED);
    for path in ["/q/QHSDD21AG", "/q/QHSDD21AG/history", "/q/QHSDD21AG.json", "/search?q=ranh+gioi", "/metrics"] {
        assert!(!node.get(path).await.text().contains("Ranh giới khu 12"), "{path}");
    }
    for stored in node.app.log().read(0, 10_000).await.unwrap() {
        // The whole number: four digits of it stand in a digest now and then.
        let number = CONTACT.replace(' ', "");
        let payload = &stored.event.payload;
        assert!(!["Ranh giới khu", CONTACT, &number].iter().any(|needle| payload.contains(needle)), "{}", stored.event.name);
    }
    for needle in ["Ranh giới khu 12", CONTACT] {
        assert_eq!(files_with(database.folder.path(), needle), Vec::<std::path::PathBuf>::new());
    }
}

async fn a_clerk_sees_the_reports_of_the_own_units(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    // A report from a board belongs to the board's ward; one of a station to the station's.
    report(&node, "/q/QHSDD21AG/report", &[("kind", "false-code"), ("text", "mã bị dán đè"), ("board", "3")]).await;
    let station = report(&node, "/q/TYT00002R/report", &[("kind", "mistake"), ("text", "trạm đã chuyển")]).await;
    let lines = |answer: Answer| (answer.text().contains("mã bị dán đè"), answer.text().contains("trạm đã chuyển"));
    let all = token(&node, Role::Editor, &[]).await;
    let van_phu = token(&node, Role::Clerk, &["04279-2025"]).await;
    let nam_cuong = token(&node, Role::Clerk, &["04273-2025"]).await;
    assert_eq!(lines(send(&node, "/reports", &[("token", &all)], &[]).await), (true, true));
    assert_eq!(lines(send(&node, "/reports", &[("token", &van_phu)], &[]).await), (true, false));
    assert_eq!(lines(send(&node, "/reports", &[("token", &nam_cuong)], &[]).await), (false, true));
    // Nor can another ward's be closed.
    let closing = [("token", van_phu.as_str()), ("report", &format!("r-{station}")), ("outcome", "mended")];
    let refused = send(&node, "/reports", &closing, &[]).await;
    assert!(refused.status.is_client_error(), "{}", refused.status);
    assert_eq!(lines(send(&node, "/reports", &[("token", &all)], &[]).await), (true, true));
    let board = node.get_with("/reports", &[("authorization", &format!("Bearer {van_phu}"))]).await.json();
    assert_eq!(board["reports"][0]["board"], 3);
}

async fn what_was_written_is_erased_when_the_report_is_closed(kind: Kind) {
    let (database, _, node) = demo(kind).await;
    let id = report(&node, "/q/QHSDD21AG/report", &[("text", TEXT), ("reply_to", CONTACT)]).await;
    let clerk = token(&node, Role::Clerk, &[]).await;
    let backup = database.path("backup");
    node.dump(true, &backup).await;
    let closing = [("token", clerk.as_str()), ("report", &format!("r-{id}")), ("outcome", "mended")];
    let closed = send(&node, "/reports", &closing, &[]).await;
    assert_eq!(closed.status, StatusCode::OK);
    assert!(!closed.text().contains("Ranh giới khu 12"));
    let again = send(&node, "/reports", &closing, &[]).await;
    assert!(again.status.is_client_error(), "it is not open any more: {}", again.status);
    // Another outcome, or none, is told.
    let other = report(&node, "/q/QHSDD21AG/report", &[("text", "khác")]).await;
    let vague = send(&node, "/reports", &[("token", &clerk), ("report", &format!("r-{other}")), ("outcome", "maybe")], &[]).await;
    assert_eq!(vague.status, StatusCode::BAD_REQUEST);
    // A backup that still has it is brought to the same by the register that lies beside the store.
    let restored = Database::new(kind).await;
    std::fs::copy(database.path("erasures.txt"), restored.path("erasures.txt")).unwrap();
    let log = restored.open().await;
    let mut reader = Reader::new(std::io::BufReader::new(std::fs::File::open(&backup).unwrap()));
    log.load(Box::new(move || reader.next_record())).await.unwrap();
    drop(log);
    let node = Node::start(&restored, &TestClock::at(NOON)).await;
    assert_eq!(node.app.reapply_erasures().await.unwrap(), 1);
    settle(&node).await;
    let list = send(&node, "/reports", &[("token", &clerk)], &[]).await;
    assert_ne!(list.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!list.text().contains("Ranh giới khu 12") && !list.text().contains(CONTACT));
}

async fn a_flood_is_stopped_and_nothing_is_lost_for_others(kind: Kind) {
    let database = Database::new(kind).await;
    let clock = TestClock::at(NOON);
    let node = Node::start_with(&database, &clock, Limits { proxies: Proxies::all(), ..Limits::default() }).await;
    bangtin::cli::demo::load_units(&node.app).await.unwrap();
    for line in bangtin::cli::demo::commands().take(1) {
        node.apply(line).await;
    }
    let from = async |address: &str| send(&node, "/q/QHSDD21AG/report", &[("text", "ngập")], &[("x-forwarded-for", address)]).await;
    let mut taken = 0;
    for _ in 0..50 {
        let answer = from("198.51.100.7").await;
        match answer.status {
            StatusCode::OK => taken += 1,
            status => {
                assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
                assert!(answer.text().contains("0216 0000 000"), "whom to call instead");
            }
        }
    }
    assert!((1..=10).contains(&taken), "{taken}");
    assert_eq!(from("203.0.113.9").await.status, StatusCode::OK, "a neighbour is not touched");
    // What the flood says of itself does not help it: the proxy's own entry is the last.
    assert_eq!(from("192.0.2.1, 198.51.100.7").await.status, StatusCode::TOO_MANY_REQUESTS);
    settle(&node).await;
    let clerk = token(&node, Role::Clerk, &[]).await;
    let json = node.get_with("/reports", &[("authorization", &format!("Bearer {clerk}"))]).await.json();
    assert_eq!(json["reports"].as_array().unwrap().len(), taken + 1);
    // Later there is room again.
    clock.set("2026-11-24T08:00:00Z");
    assert_eq!(from("198.51.100.7").await.status, StatusCode::OK);
}

async fn what_is_no_report_is_told_and_kept_in_the_form(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let head = node.app.log().head().await.unwrap().position;
    let long = "dài ".repeat(600);
    for (fields, status, said) in [
        (&[("text", "  "), ("reply_to", "tôi & <b>")][..], StatusCode::UNPROCESSABLE_ENTITY, "Hãy viết điều bạn thấy sai"),
        (&[("text", long.as_str())], StatusCode::UNPROCESSABLE_ENTITY, "tối đa 2000 ký tự"),
    ] {
        let answer = send(&node, "/q/QHSDD21AG/report", fields, &[]).await;
        let text = answer.text();
        assert_eq!(answer.status, status);
        assert!(text.contains("role=\"alert\"") && text.contains(said), "no “{said}”");
        let kept = fields.last().unwrap().1.trim().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        assert!(text.contains(&kept), "what was written is still there");
    }
    let huge = "a".repeat(40 << 10);
    assert_eq!(send(&node, "/q/QHSDD21AG/report", &[("text", &huge)], &[]).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(send(&node, "/q/0000000JZ/report", &[("text", "x")], &[]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(node.get("/q/0000000JZ/report").await.status, StatusCode::NOT_FOUND);
    let elsewhere = send(&node, "/q/QHSDD21AG/report", &[("text", "x")], &[("sec-fetch-site", "cross-site")]).await;
    assert!(elsewhere.status.is_client_error(), "another site's page sends no reports: {}", elsewhere.status);
    assert_eq!(node.app.log().head().await.unwrap().position, head, "nothing was written");
    // A pasted-over code can be reported without a word.
    let silent = send(&node, "/q/QHSDD21AG/report", &[("kind", "false-code"), ("board", "1")], &[]).await;
    assert_eq!(silent.status, StatusCode::OK);
}

async fn the_answer_stands_where_the_resident_was_told_to_look(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let sent = send(&node, "/q/QHSDD21AG/report", &[("text", TEXT), ("reply_to", CONTACT)], &[]).await.text();
    settle(&node).await;
    let link = format!("/q/QHSDD21AG/reports/{}", sent.split("/q/QHSDD21AG/reports/").nth(1).unwrap().split('"').next().unwrap());
    let waiting = node.get(&link).await;
    assert_eq!((waiting.status, waiting.header("cache-control")), (StatusCode::OK, "no-store"));
    assert!(waiting.text().contains("chưa xử lý xong") && !waiting.text().contains("Ranh giới khu 12"), "{}", waiting.text());
    for wrong in [link.replace("QHSDD21AG", "TYT00002R"), link.replace("/r-", "/r-0"), "/q/QHSDD21AG/reports/".to_owned() + "%00"] {
        assert_eq!(node.get(&wrong).await.status, StatusCode::NOT_FOUND, "{wrong}");
    }
    // A clerk answers in the office.
    let (mut clerk, _) = crate::office::signed_in(&node, &[Role::Clerk], "van-thu@yenbai.gov.vn", &clock).await;
    let id = link.rsplit('/').next().unwrap().to_owned();
    let long =
        clerk.submit("/office/reports", "/office/reports", &[("report", &id), ("outcome", "mended"), ("answer", &"ư".repeat(2_001))]).await;
    assert_eq!(long.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", long.text());
    let answer = "Đã sửa ranh giới <khu 12> ngày 25/11.";
    let done = clerk.submit("/office/reports", "/office/reports", &[("report", &id), ("outcome", "mended"), ("answer", answer)]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text());
    settle(&node).await;
    let page = node.get(&link).await.text();
    assert!(page.contains("Đã sửa ranh giới &lt;khu 12&gt; ngày 25/11.") && !page.contains("chưa xử lý xong"), "{page}");
    assert!(node.get(&format!("{link}?lang=en")).await.text().contains("The office's answer"));
    // Without a word it is closed all the same.
    let other = report(&node, "/q/QHSDD21AG/report", &[("text", "khác")]).await;
    clerk.submit("/office/reports", "/office/reports", &[("report", &format!("r-{other}")), ("outcome", "no-fault")]).await;
    settle(&node).await;
    assert!(node.get(&format!("/q/QHSDD21AG/reports/r-{other}")).await.text().contains("không viết thêm"));
}
