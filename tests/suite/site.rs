//! What the world sees, through the real router, on both databases.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request as HttpRequest, StatusCode};
use bangtin::domain::Digest;
use bangtin::domain::access::{Reach, Role, TokenId};
use bangtin::http::Limits;
use bangtin::read_model::Health;
use serde_json::{Value, json};

use crate::on_both_databases;
use crate::support::{Database, Kind, NOON, Node, TestClock, demo};

on_both_databases!(
    a_page_says_what_it_is_and_whether_it_is_in_force,
    effective_dates_come_and_go_by_themselves_with_caches_warm,
    a_revision_cancelled_before_its_day_never_comes,
    what_is_shown_before_the_first_day_is_what_will_hold_on_it,
    geojson_follows_rfc_7946_in_the_files_order,
    answers_are_compressed_validated_and_safe,
    a_withdrawn_item_is_gone_with_a_page_that_helps,
    drafts_are_nowhere,
    crawlers_are_told_where_to_go_and_of_no_person,
    wrong_codes_and_addresses_get_pages_that_help,
    documents_are_downloads_that_never_run,
    lists_page_and_filter_by_bbox,
    writes_need_a_token_of_the_right_role_and_units,
    a_command_is_carried_out_once_for_each_id,
    two_planners_minutes_apart_are_told,
    a_writer_sees_its_own_write_on_any_node,
    bad_bodies_get_clear_errors_and_nothing_is_written,
    a_damaged_blob_is_not_served,
    an_unknown_event_stops_the_follower_and_readyz,
    search_folds_diacritics,
    the_same_decision_is_published_once,
    a_withdrawn_decision_can_be_published_again,
    a_log_that_was_replaced_rebuilds_the_image,
    commands_without_expectation_are_retried_on_conflict,
    another_process_is_not_answered_from_a_stale_cache,
    nonsense_relations_are_refused,
);

const PLAN: &str = "QHSDD21AG";
const GENERAL: &str = "QHC2020AH";

pub async fn token(node: &Node, role: Role, units: &[&str]) -> String {
    let reach = if units.is_empty() { Reach::City } else { Reach::Units(units.iter().map(|id| id.parse().unwrap()).collect()) };
    let (_, secret) = node.app.create_token(role, reach, "thử".into()).await.unwrap();
    settle(node).await;
    secret
}

/// Waits until the image has everything that is in the log.
async fn settle(node: &Node) {
    let head = node.app.log().head().await.unwrap().position;
    assert!(node.model.wait_for(head, Duration::from_secs(5)).await);
}

async fn a_page_says_what_it_is_and_whether_it_is_in_force(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let page = node.get(&format!("/q/{PLAN}")).await;
    assert_eq!(page.status, StatusCode::OK);
    let text = page.text();
    for expected in [
        "<html lang=\"vi\">",
        "ĐANG CÓ HIỆU LỰC",
        "từ ngày 1/4/2024",
        "theo Quyết định 0003/QĐ-DEMO",
        "ngày 20/3/2024",
        "UBND tỉnh Yên Bái",
        "<svg",
        "Đất ở tại đô thị",
        "chỉ có giá trị tham khảo",
        "Lịch sử",
        "QHSDD21AG",
        "SHA-256",
    ] {
        assert!(text.contains(expected), "no “{expected}” on the page");
    }
    assert!(!text.contains("<script"));
    let english = node.get_with(&format!("/Q/{}", PLAN.to_lowercase()), &[("accept-language", "en-GB,en;q=0.9")]).await.text();
    assert!(english.contains("<html lang=\"en\">") && english.contains("IN FORCE"));
    let old = node.get("/q/QHXD2200H").await.text();
    assert!(old.contains("Phường Yên Ninh (nay thuộc Phường Yên Bái)"), "the successor of an old unit is named");
    let campaign = node.get("/q/DDDT2022J").await.text();
    assert!(campaign.contains("74,8 %") && campaign.contains("+4,8 điểm %"), "the difference is derived, in points");
}

async fn effective_dates_come_and_go_by_themselves_with_caches_warm(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let plan = format!("/q/{GENERAL}");
    let before = node.get(&plan).await;
    assert!(before.text().contains("0002/QĐ-DEMO") && before.text().contains("Sẽ có nội dung mới"));
    assert_eq!(node.get(&format!("{plan}.json")).await.json()["revision"], 1);
    // A second before midnight in Yên Bái: max-age ends with the day.
    clock.set("2027-01-31T16:59:59Z");
    let late = node.get(&plan).await;
    assert!(late.text().contains("0002/QĐ-DEMO"));
    assert!(late.header("cache-control").contains("max-age=1,"), "{}", late.header("cache-control"));
    clock.set("2027-01-31T17:00:00Z");
    let after = node.get(&plan).await;
    assert!(after.text().contains("0008/QĐ-DEMO"), "the new revision came with its day");
    assert_ne!(before.header("etag"), after.header("etag"));
    assert_eq!(node.get(&format!("{plan}.json")).await.json()["revision"], 2);
    let first = node.get(&format!("{plan}/revisions/1")).await;
    assert!(first.status == StatusCode::OK && first.text().contains("ĐÃ ĐƯỢC THAY THẾ"));
    // The schedule of 2026 has ended with its year; its zones have left the collection.
    let schedule = node.get("/q/KHSDD26AK").await.text();
    assert!(schedule.contains("ĐÃ HẾT HIỆU LỰC") && schedule.contains("31/12/2026"));
    let zones = node.get("/collections/zones/items?limit=10000&f=json").await.json();
    assert!(zones["features"].as_array().unwrap().iter().all(|f| f["properties"]["plan"] != "KHSDD26AK"));
    // The weekly day: on Monday 1/2/2027 the coming Friday lies in Tết, and moves to the working day that follows.
    assert!(node.get("/q/NKTM20267").await.text().contains("thứ Năm tuần sau, 11/2"));
}

async fn a_revision_cancelled_before_its_day_never_comes(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    node.get(&format!("/q/{GENERAL}")).await;
    // Until then the history says on which day the second takes the first one's place.
    assert!(node.get(&format!("/q/{GENERAL}/history")).await.text().contains("đến hết ngày 31/1/2027"));
    node.apply(
        &json!({ "id": "c", "type": "plan.cancel-revision", "code": GENERAL, "revision": 2, "reason": "Ban hành nhầm" }).to_string(),
    )
    .await;
    clock.set("2027-03-01T00:00:00Z");
    assert_eq!(node.get(&format!("/q/{GENERAL}.json")).await.json()["revision"], 1);
    let history = node.get(&format!("/q/{GENERAL}/history")).await.text();
    assert!(history.contains("ĐÃ HỦY") && history.contains("Ban hành nhầm"));
    assert!(!history.contains("31/1/2027"));
}

async fn what_is_shown_before_the_first_day_is_what_will_hold_on_it(kind: Kind) {
    let database = Database::new(kind).await;
    let clock = TestClock::at(NOON);
    let node = Node::start(&database, &clock).await;
    let campaign = |title: &str, day: &str| json!({ "kind": "cashless-day", "title": title, "organiser": "UBND", "schedule": { "day": { "on": day } } });
    let plan = |title: &str, number: &str| json!({ "kind": "land-use-plan", "title": title, "decision": { "authority": "UBND", "number": number, "signed": "2026-11-01" } });
    let of = |id: &str, kind: &str, more: Value| {
        let mut command = json!({ "id": id, "type": kind });
        command.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        command.to_string()
    };
    let first = json!({ "facts": campaign("Ngày hội đầu", "2026-12-10") });
    let day = node.apply(&of("c1", "campaign.publish", first)).await.code.unwrap();
    let first = json!({ "effective_from": "2027-01-01", "facts": plan("Quy hoạch đầu", "1/QĐ") });
    let paper = node.apply(&of("p1", "plan.publish", first)).await.code.unwrap();
    // Everywhere: the page, the calendar, its JSON, the list; each asked before, so that it is kept.
    let all = |title: &'static str, revision: u32| {
        let node = &node;
        async move {
            for (code, collection, title) in
                [(day, "campaigns", format!("Ngày hội {title}")), (paper, "plans", format!("Quy hoạch {title}"))]
            {
                let page = node.get(&format!("/q/{code}")).await.text();
                assert!(page.contains(&title), "{title}: {page}");
                let record = node.get(&format!("/q/{code}.json")).await.json();
                assert_eq!((&record["title"], &record["revision"]), (&json!(title), &json!(revision)));
                let listed = node.get(&format!("/collections/{collection}/items?f=json")).await.json();
                assert_eq!(listed["features"][0]["properties"]["title"], json!(title));
                assert_eq!(listed["features"][0]["properties"]["revision"], json!(revision));
            }
            assert!(node.get(&format!("/q/{day}.ics")).await.text().contains(&format!("Ngày hội {title}")));
        }
    };
    all("đầu", 1).await;
    // Revised for the same day.
    node.apply(&of("c2", "campaign.revise", json!({ "code": day, "facts": campaign("Ngày hội sau", "2026-12-10") }))).await;
    let second = json!({ "code": paper, "effective_from": "2027-01-01", "facts": plan("Quy hoạch sau", "2/QĐ") });
    node.apply(&of("p2", "plan.revise", second)).await;
    all("sau", 2).await;
    // Once more, for an earlier day.
    node.apply(&of("c3", "campaign.revise", json!({ "code": day, "facts": campaign("Ngày hội sớm", "2026-12-05") }))).await;
    let third = json!({ "code": paper, "effective_from": "2026-12-20", "facts": plan("Quy hoạch sớm", "3/QĐ") });
    node.apply(&of("p3", "plan.revise", third)).await;
    all("sớm", 3).await;
    // Its correction shows, that of one that never holds does not.
    let facts = plan("Quy hoạch đầu, đúng", "1/QĐ");
    node.apply(&of("p4", "plan.correct", json!({ "code": paper, "revision": 1, "reason": "Lỗi", "facts": facts }))).await;
    all("sớm", 3).await;
    // Cancelled, the one before will hold again.
    node.apply(&of("c5", "campaign.cancel-revision", json!({ "code": day, "revision": 3, "reason": "Nhầm" }))).await;
    node.apply(&of("p5", "plan.cancel-revision", json!({ "code": paper, "revision": 3, "reason": "Nhầm" }))).await;
    all("sau", 2).await;
    // And on the day it is what was shown.
    clock.set("2026-12-09T17:00:00Z");
    assert_eq!(node.get(&format!("/q/{day}.json")).await.json()["revision"], 2);
    clock.set("2026-12-31T17:00:00Z");
    assert_eq!(node.get(&format!("/q/{paper}.json")).await.json()["revision"], 2);
}

async fn geojson_follows_rfc_7946_in_the_files_order(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let answer = node.get(&format!("/q/{PLAN}.geojson")).await;
    assert_eq!(answer.header("content-type"), "application/geo+json");
    let collection = answer.json();
    let features = collection["features"].as_array().unwrap();
    assert_eq!(features.len(), 379);
    let source: Value =
        serde_json::from_slice(&bangtin::cli::demo::file("zones/land-use-2024.geojson").unwrap().read(1 << 30).unwrap()).unwrap();
    for (feature, original) in features.iter().zip(source["features"].as_array().unwrap()) {
        assert_eq!(feature["properties"]["land_use"], original["properties"]["MaLoaiDat"]);
        assert_eq!(feature["id"], feature["properties"]["id"]);
        let geometry = &feature["geometry"];
        let parts = match geometry["type"].as_str().unwrap() {
            "Polygon" => vec![geometry["coordinates"].clone()],
            "MultiPolygon" => geometry["coordinates"].as_array().unwrap().clone(),
            other => panic!("{other}"),
        };
        for part in parts {
            for (number, ring) in part.as_array().unwrap().iter().enumerate() {
                let ring: Vec<[f64; 2]> = serde_json::from_value(ring.clone()).unwrap();
                assert_eq!(ring.first(), ring.last());
                let doubled: f64 = ring
                    .windows(2)
                    .map(|p| (p[0][0] - ring[0][0]) * (p[1][1] - ring[0][1]) - (p[1][0] - ring[0][0]) * (p[0][1] - ring[0][1]))
                    .sum();
                assert_eq!(doubled > 0.0, number == 0, "the right-hand rule");
            }
        }
    }
    assert_eq!(collection["bbox"].as_array().unwrap().len(), 4);
    assert!(collection.get("crs").is_none());
    let point = node.get("/q/XCT00001C.geojson").await.json();
    assert_eq!(point["features"][0]["geometry"]["type"], "Point");
    assert_eq!(point["features"][0]["properties"]["duty"], "ready");
    let none = node.get("/q/DDDT2022J.geojson").await.json();
    assert_eq!(none["features"], json!([]));
    // The canonical blob is named by its digest and immutable.
    let blob = node.get(&format!("/q/{PLAN}.json")).await.json()["blob"].as_str().unwrap().to_owned();
    let path = blob.strip_prefix("https://bangtin.example").unwrap();
    let bytes = node.get(path).await;
    assert!(path.ends_with(&Digest::of(&bytes.body).to_string()));
    assert!(bytes.header("cache-control").contains("immutable"));
}

async fn answers_are_compressed_validated_and_safe(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let path = format!("/q/{PLAN}");
    let plain = node.get(&path).await;
    let mut etags = vec![plain.header("etag").to_owned()];
    for (encoding, name) in [("gzip", "gzip"), ("br", "br")] {
        let answer = node.get_with(&path, &[("accept-encoding", encoding)]).await;
        assert_eq!(answer.header("content-encoding"), name);
        assert!(answer.body.len() * 2 < plain.body.len());
        etags.push(answer.header("etag").to_owned());
        let mut decoded = Vec::new();
        match name {
            "gzip" => {
                std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&answer.body[..]), &mut decoded).unwrap();
            }
            _ => brotli::BrotliDecompress(&mut &answer.body[..], &mut decoded).unwrap(),
        }
        assert_eq!(decoded, plain.body);
        let again = node.get_with(&path, &[("accept-encoding", encoding), ("if-none-match", answer.header("etag"))]).await;
        assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
    }
    etags.push(node.get(&format!("{path}?lang=en")).await.header("etag").to_owned());
    let distinct: std::collections::HashSet<_> = etags.iter().collect();
    assert_eq!(distinct.len(), 4, "one validator for each encoding and language");
    let policy = plain.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(plain.header("x-content-type-options"), "nosniff");
    assert_eq!(plain.header("access-control-allow-origin"), "*");
    assert!(plain.header("vary").contains("Accept-Encoding"));
    let head = node.send(HttpRequest::head(&path).body(Body::empty()).unwrap()).await;
    assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
    assert_eq!(head.header("etag"), plain.header("etag"));
    let refused = node.send(HttpRequest::delete(&path).body(Body::empty()).unwrap()).await;
    assert_eq!(refused.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(refused.header("allow").contains("GET"));
    assert_eq!(refused.header("content-type"), "application/problem+json");
    let options = node.send(HttpRequest::options("/collections/plans/items").body(Body::empty()).unwrap()).await;
    assert!(options.status == StatusCode::NO_CONTENT && options.header("allow").contains("POST"));
}

async fn a_withdrawn_item_is_gone_with_a_page_that_helps(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    node.get("/q/QHXD2200H").await;
    node.apply(
        &json!({ "id": "w", "type": "plan.withdraw", "code": "QHXD2200H", "reason": "Ban hành nhầm tờ bản đồ", "replaced_by": PLAN })
            .to_string(),
    )
    .await;
    let page = node.get("/q/QHXD2200H").await;
    assert_eq!(page.status, StatusCode::GONE);
    for ending in ["json", "geojson", "csv", "fgb", "gpkg", "kml", "geojsons"] {
        assert_eq!(node.get(&format!("/q/QHXD2200H.{ending}")).await.status, StatusCode::GONE, "{ending}");
    }
    node.apply(&json!({ "id": "v", "type": "map-point.withdraw", "code": "XCT00001C", "reason": "Xe đã thanh lý" }).to_string()).await;
    for ending in ["", ".json", ".geojson", ".vcf"] {
        assert_eq!(node.get(&format!("/q/XCT00001C{ending}")).await.status, StatusCode::GONE, "{ending}");
    }
    // What a messenger shows beside a link names no day that no longer matters.
    let previews = |page: String| page.split("og:description\" content=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_eq!(previews(node.get("/q/XCT00001C").await.text()), "Xe cứu thương – ĐÃ THU HỒI");
    assert!(previews(node.get(&format!("/q/{PLAN}")).await.text()).ends_with("ĐANG CÓ HIỆU LỰC từ ngày 1/4/2024"));
    assert!(page.text().contains("Ban hành nhầm tờ bản đồ") && page.text().contains(&format!("/q/{PLAN}")));
    for always in ["/q/QHXD2200H/history", "/q/QHXD2200H/revisions/1", "/q/QHXD2200H/revisions/1.geojson", "/q/QHXD2200H/qr.svg"] {
        assert_eq!(node.get(always).await.status, StatusCode::OK, "{always}");
    }
    node.apply(&json!({ "id": "s", "type": "plan.supersede", "code": "QHPK2301B", "by": PLAN, "from": "2026-11-01" }).to_string()).await;
    let superseded = node.get("/q/QHPK2301B").await;
    assert!(superseded.status == StatusCode::OK && superseded.text().contains("ĐÃ ĐƯỢC THAY THẾ"));
}

async fn drafts_are_nowhere(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let before = node.get("/collections/plans/items?f=json").await.json()["numberMatched"].clone();
    let facts = json!({ "kind": "land-use-plan", "title": "Bản nháp bí mật", "decision": { "authority": "UBND", "number": "77/QĐ", "signed": "2026-01-01" } });
    let draft = node.apply(&json!({ "id": "d", "type": "plan.draft", "facts": facts }).to_string()).await;
    let code = draft.code.unwrap();
    for path in [
        format!("/q/{code}"),
        format!("/q/{code}.json"),
        format!("/q/{code}/qr.svg"),
        format!("/q/{code}/history"),
        format!("/collections/plans/items/{code}"),
    ] {
        assert_eq!(node.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(node.get("/collections/plans/items?f=json").await.json()["numberMatched"], before);
    assert_eq!(node.get("/search?q=bi+mat&f=json").await.json()["items"], json!([]));
    node.apply(&json!({ "id": "p", "type": "plan.publish", "code": code, "facts": facts }).to_string()).await;
    assert_eq!(node.get(&format!("/q/{code}")).await.status, StatusCode::OK);
}

async fn crawlers_are_told_where_to_go_and_of_no_person(kind: Kind) {
    let (_database, _clock, node) = demo(kind).await;
    let robots = node.get("/robots.txt").await.text();
    assert!(robots.contains("Disallow: /office\n") && robots.contains("Sitemap: https://bangtin.example/sitemap.xml"), "{robots}");
    let sitemap = node.get("/sitemap.xml").await;
    assert_eq!(sitemap.header("content-type"), "application/xml");
    let sitemap = sitemap.text();
    assert!(sitemap.contains("<loc>https://bangtin.example/q/QHSDD21AG</loc><lastmod>20"), "{sitemap}");
    // Whom one pays, and whom one calls, can be taken back: no index is led there.
    assert!(!sitemap.contains("CHHA00016") && sitemap.contains("CHMB00013"), "{sitemap}");
    let persons = node.get("/collections/health-workers/items?f=json&limit=100").await.json();
    for person in persons["features"].as_array().unwrap().iter().filter(|person| !person["properties"]["contact_name"].is_null()) {
        let code = person["properties"]["code"].as_str().unwrap();
        assert!(!sitemap.contains(code), "{code}");
    }
    let security = node.get("/.well-known/security.txt").await.text();
    assert!(security.starts_with("Contact: tel:") && security.contains("\nExpires: 2027-05-23T00:00:00Z\n"), "{security}");
    for (path, width) in [("/favicon.ico", 32), ("/apple-touch-icon.png", 180)] {
        let icon = node.get(path).await;
        assert_eq!(icon.header("content-type"), "image/png");
        assert_eq!(image::load_from_memory(&icon.body).unwrap().width(), width, "{path}");
    }
}

async fn wrong_codes_and_addresses_get_pages_that_help(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let html = [("accept", "text/html")];
    let wrong = node.get_with("/q/QHSDD21AH", &html).await;
    assert_eq!(wrong.status, StatusCode::NOT_FOUND);
    assert!(wrong.text().contains("Mã này bị gõ sai") && wrong.text().contains("<form"));
    let unknown = node.get_with(&format!("/q/{}", bangtin::domain::Code::from_random([31; 8])), &html).await;
    assert!(unknown.status == StatusCode::NOT_FOUND && unknown.text().contains("Chưa có nội dung nào"));
    let nowhere = node.get("/nowhere").await;
    assert_eq!((nowhere.status, nowhere.header("content-type")), (StatusCode::NOT_FOUND, "application/problem+json"));
    assert_eq!(nowhere.json()["type"], "/problems/not-found");
    assert_eq!(node.get("/q/%FF%FE").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(node.get(&format!("/q/{PLAN}/revisions/99")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(node.get("/collections/nothing/items").await.status, StatusCode::NOT_FOUND);
    assert_eq!(node.get_with("/collections", &[("accept", "image/png")]).await.status, StatusCode::NOT_ACCEPTABLE);
}

async fn documents_are_downloads_that_never_run(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let secret = token(&node, Role::Planner, &[]).await;
    use base64::Engine as _;
    let html = base64::engine::general_purpose::STANDARD.encode("<html><script>alert(1)</script></html>");
    let command = json!({ "id": "h", "type": "plan.publish", "facts": {
        "kind": "land-use-plan", "title": "Có tài liệu", "decision": { "authority": "UBND", "number": "78/QĐ", "signed": "2026-01-01" },
        "documents": [{ "role": "decision", "title": "Trang", "file_name": "../../quyết định.html", "base64": html }],
    } });
    let written = node.post("/collections/plans/items", &secret, command.to_string()).await;
    assert_eq!(written.status, StatusCode::CREATED, "{}", written.text());
    // The answer names an address: it leads somewhere at once.
    let code = written.json()["code"].as_str().unwrap().to_owned();
    let record = node.get(&format!("/q/{code}.json")).await.json();
    let url = record["documents"][0]["url"].as_str().unwrap().replace("https://bangtin.example", "");
    let document = node.get(&url).await;
    assert_eq!(document.header("content-type"), "text/plain");
    assert!(document.header("content-disposition").starts_with("attachment;"));
    assert!(!document.header("content-disposition").contains('/'));
    assert!(document.header("content-security-policy").contains("sandbox"));
    assert_eq!(document.header("x-content-type-options"), "nosniff");
    // Another item's document is not reachable through this one.
    let other = node.get(&format!("/q/{PLAN}.json")).await.json()["documents"][0]["sha256"].as_str().unwrap().to_owned();
    assert_eq!(node.get(&format!("/q/{code}/documents/{other}")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(node.get(&format!("/blobs/{}", Digest::of(b"<html><script>alert(1)</script></html>"))).await.status, StatusCode::NOT_FOUND);
}

async fn lists_page_and_filter_by_bbox(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    for name in ["plans", "zones", "ambulances", "places", "units"] {
        let mut next = Some(format!("/collections/{name}/items?limit=7&f=json"));
        let mut ids = std::collections::HashSet::new();
        let mut matched = 0;
        while let Some(path) = next {
            let page = node.get(&path).await.json();
            let features = page["features"].as_array().unwrap();
            assert_eq!(page["numberReturned"], features.len());
            matched = page["numberMatched"].as_u64().unwrap();
            for feature in features {
                assert!(ids.insert(feature["id"].as_str().unwrap().to_owned()), "{name}: a feature came twice");
                assert_eq!(feature["id"], feature["properties"]["id"]);
            }
            let links = page["links"].as_array().unwrap();
            next = links
                .iter()
                .find(|link| link["rel"] == "next")
                .map(|link| link["href"].as_str().unwrap().replace("https://bangtin.example", ""));
        }
        assert_eq!(ids.len() as u64, matched, "{name}: none lost");
        assert!(matched > 0);
        let id = ids.iter().next().unwrap();
        assert_eq!(node.get(&format!("/collections/{name}/items/{id}")).await.json()["id"], *id);
    }
    let near = node.get("/collections/ambulances/items?bbox=104.87,21.70,104.88,21.71").await.json();
    assert_eq!(near["numberMatched"], 1);
    let zones = node.get("/collections/zones/items?bbox=104.88,21.70,104.881,21.701&limit=1").await.json();
    assert!(zones["numberMatched"].as_u64().unwrap() < 60 && zones["numberReturned"] == 1);
    for wrong in ["bbox=1,2,3", "bbox=a,b,c,d", "limit=0", "limit=-1", "limit=x", "nonsense=1", "bbox=NaN,1,2,3"] {
        assert_eq!(node.get(&format!("/collections/zones/items?{wrong}")).await.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    assert_eq!(node.get("/collections/units/items?limit=999999").await.status, StatusCode::OK);
}

fn station(id: &str, units: &[&str]) -> String {
    json!({ "id": id, "type": "map-point.publish", "facts": { "kind": "health-station", "title": "Trạm thử", "position": { "lon": 104.87, "lat": 21.7 }, "units": units } }).to_string()
}

async fn writes_need_a_token_of_the_right_role_and_units(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let path = "/collections/health-stations/items";
    assert_eq!(node.post(path, "bt_wrong", station("1", &[])).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(node.send(HttpRequest::post(path).body(Body::from(station("1", &[]))).unwrap()).await.status, StatusCode::UNAUTHORIZED);
    let planner = token(&node, Role::Planner, &[]).await;
    assert_eq!(node.post(path, &planner, station("1", &[])).await.status, StatusCode::FORBIDDEN);
    let health = token(&node, Role::Health, &["04252-2025"]).await;
    assert_eq!(node.post(path, &health, station("1", &["04279-2025"])).await.json()["type"], "/problems/forbidden-unit");
    assert_eq!(node.post(path, &health, station("1", &[])).await.json()["type"], "/problems/forbidden-city");
    let written = node.post(path, &health, station("1", &["04252-2025"])).await;
    assert_eq!(written.status, StatusCode::CREATED, "{}", written.text());
    // Before and after: an item cannot be taken over from another unit, nor given away.
    settle(&node).await;
    let code = written.json()["code"].as_str().unwrap().to_owned();
    let revise = |id: &str, unit: &str| {
        json!({ "id": id, "type": "map-point.revise", "facts": { "kind": "health-station", "title": "Trạm thử", "position": { "lon": 104.87, "lat": 21.7 }, "units": [unit] } }).to_string()
    };
    assert_eq!(node.post(&format!("{path}/{code}/commands"), &health, revise("2", "04279-2025")).await.status, StatusCode::FORBIDDEN);
    let foreign = node.post(&format!("{path}/TYT00003A/commands"), &health, revise("3", "04252-2025")).await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN);
    assert_eq!(
        node.post("/collections/plans/items", &health, station("4", &["04252-2025"])).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    // Revoked: every node obeys.
    let id = TokenId(node.model.image().bearer(&health).unwrap().name().to_owned());
    node.app.revoke_token(&bangtin::domain::access::Actor::local(), id).await.unwrap();
    settle(&node).await;
    assert_eq!(node.post(path, &health, station("5", &["04252-2025"])).await.status, StatusCode::UNAUTHORIZED);
    let _ = clock;
}

async fn a_command_is_carried_out_once_for_each_id(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let health = token(&node, Role::Health, &[]).await;
    let path = "/collections/health-stations/items";
    let first = node.post(path, &health, station("same", &[])).await;
    let again = node.post(path, &health, station("same", &[])).await;
    assert_eq!((first.status, again.status), (StatusCode::CREATED, StatusCode::OK));
    assert_eq!(first.json()["code"], again.json()["code"]);
    assert_eq!(first.header("bangtin-position"), again.header("bangtin-position"));
    assert_eq!(again.json()["repeated"], true);
    let other = node.post(path, &health, station("same", &["04252-2025"])).await;
    assert_eq!(
        (other.status, other.json()["type"].as_str().unwrap().to_owned()),
        (StatusCode::UNPROCESSABLE_ENTITY, "/problems/command-id-reused".into())
    );
    // The ids are the token's own.
    let second = token(&node, Role::Health, &[]).await;
    assert_eq!(node.post(path, &second, station("same", &["04252-2025"])).await.status, StatusCode::CREATED);
    // At once, too.
    let (a, b) = tokio::join!(node.post(path, &health, station("race", &[])), node.post(path, &health, station("race", &[])));
    assert_eq!(a.json()["code"], b.json()["code"]);
}

async fn two_planners_minutes_apart_are_told(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let planner = token(&node, Role::Planner, &[]).await;
    let path = format!("/collections/plans/items/{PLAN}/commands");
    let revise = |id: &str, number: &str| {
        json!({ "id": id, "type": "plan.revise", "based_on": 2, "effective_from": "2026-11-01", "facts": {
        "kind": "land-use-plan", "title": format!("Điều chỉnh {number}"), "decision": { "authority": "UBND", "number": number, "signed": "2026-10-01" } } }).to_string()
    };
    assert_eq!(node.post(&path, &planner, revise("a", "90/QĐ")).await.status, StatusCode::CREATED);
    let late = node.post(&path, &planner, revise("b", "91/QĐ")).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.json()["detail"].as_str().unwrap().contains("Điều chỉnh 90/QĐ"), "told what happened meanwhile");
    settle(&node).await;
    let record = node.get(&format!("/q/{PLAN}.json")).await;
    let body = json!({ "id": "c", "type": "plan.revise", "facts": { "kind": "land-use-plan", "title": "Điều chỉnh ba", "decision": { "authority": "UBND", "number": "92/QĐ", "signed": "2026-10-02" } } }).to_string();
    assert_eq!(node.post_with(&path, &planner, body.clone(), &[("if-match", "\"0000\"-x")]).await.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(node.post_with(&path, &planner, body.clone(), &[("if-match", "\"2\"")]).await.status, StatusCode::CONFLICT);
    assert_eq!(node.post_with(&path, &planner, body, &[("if-match", record.header("etag"))]).await.status, StatusCode::CREATED);
}

async fn a_writer_sees_its_own_write_on_any_node(kind: Kind) {
    let (database, clock, node) = demo(kind).await;
    let other = Node::start(&database, &clock).await;
    let health = token(&node, Role::Health, &[]).await;
    for n in 0..5 {
        let written = node.post("/collections/health-stations/items", &health, station(&format!("own-{n}"), &[])).await;
        let code = written.json()["code"].as_str().unwrap().to_owned();
        for reader in [&node, &other] {
            let read = reader.get_with(&format!("/q/{code}"), &[("bangtin-position", written.header("bangtin-position"))]).await;
            assert_eq!(read.status, StatusCode::OK);
        }
    }
    let ahead = node.get_with("/", &[("bangtin-position", "999999")]).await;
    assert_eq!((ahead.status, ahead.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "5"));
    assert_eq!(node.get_with("/", &[("bangtin-position", "x")]).await.status, StatusCode::BAD_REQUEST);
}

async fn bad_bodies_get_clear_errors_and_nothing_is_written(kind: Kind) {
    let database = Database::new(kind).await;
    let clock = TestClock::at(NOON);
    let limits = Limits { body_bytes: 3 << 20, body_patience: Duration::from_millis(300), ..Limits::default() };
    let node = Node::start_with(&database, &clock, limits).await;
    let planner = token(&node, Role::Editor, &[]).await;
    let path = "/collections/plans/items";
    let head = node.app.log().head().await.unwrap().position;
    let ring = |ring: &str| {
        format!(
            r#"{{"id":"z","type":"plan.publish","facts":{{"kind":"land-use-plan","title":"T","decision":{{"authority":"U","number":"1","signed":"2026-01-01"}},"zones":{{"geojson":{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{{"code":"LUC"}},"geometry":{ring}}}]}}}}}}}}"#
        )
    };
    let cases: Vec<(Vec<u8>, u16, &str)> = vec![
        (b"not json".to_vec(), 400, "line 1"),
        (b"[1,2]".to_vec(), 422, "command-shape"),
        (b"{\"id\":1,\"type\":\"plan.publish\"}".to_vec(), 422, "command-shape"),
        (b"{\"id\":\"x\",\"type\":\"plan.explode\"}".to_vec(), 422, "unknown-command"),
        ("[".repeat(1_000_000).into_bytes(), 400, "recursion"),
        (b"{\"id\":\"\xff\"}".to_vec(), 400, "line 1"),
        (b"{\"id\":\"a\\u0000b\",\"type\":\"plan.publish\"}".to_vec(), 422, "command-shape"),
        (ring(r#"{"type":"Polygon","coordinates":[]}"#).into_bytes(), 422, "no-geometry"),
        (
            ring(r#"{"type":"Polygon","coordinates":[[[104.87,21.7],[104.88,21.7],[104.88,21.71],[104.87,21.7]],[[104.879,21.705],[104.89,21.705],[104.89,21.706],[104.879,21.705]]]}"#).into_bytes(),
            422,
            "self-crossing",
        ),
        (
            ring(r#"{"type":"Polygon","coordinates":[[[105.8,21.0],[105.9,21.0],[105.9,21.1],[105.8,21.0]]]}"#).into_bytes(),
            422,
            "crs-misses-city",
        ),
        (ring(r#"{"type":"Polygon","coordinates":[[[1e400,21.0],[105.9,21.0],[105.9,21.1]]]}"#).into_bytes(), 400, "number out of range"),
        (ring(r#"{"type":"Polygon","coordinates":[[[NaN,21.0],[105.9,21.0],[105.9,21.1]]]}"#).into_bytes(), 400, "line 1"),
        (ring("null").into_bytes(), 422, "no-geometry"),
        (br#"{"id":"f","type":"plan.publish","facts":{"zones":{"file":"/etc/passwd"}}}"#.to_vec(), 422, "cannot be named"),
        (br#"{"id":"g","type":"plan.publish","facts":{"kind":"land-use-plan"}}"#.to_vec(), 422, "“Title (title)” is missing"),
        (vec![b' '; 4 << 20], 413, "too-large"),
    ];
    for (body, status, expected) in cases {
        let shown = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
        let answer = node.post(path, &planner, body).await;
        assert_eq!(answer.status.as_u16(), status, "{shown}: {}", answer.text());
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert!(answer.text().contains(expected), "{shown}: no “{expected}” in {}", answer.text());
    }
    // A body that never ends.
    let never = Body::from_stream(futures_util::stream::pending::<Result<bytes::Bytes, std::io::Error>>());
    assert_eq!(node.post(path, &planner, never).await.status, StatusCode::REQUEST_TIMEOUT);
    assert_eq!(node.app.log().head().await.unwrap().position, head, "nothing was written");
    // Names with tags and direction marks are shown as text.
    let name = "<script>alert(1)</script>\u{202e}đảo\u{0}";
    let command = json!({ "id": "n", "type": "map-point.publish", "facts": { "kind": "health-station", "title": name, "position": { "lon": 104.87, "lat": 21.7 } } });
    let written = node.post("/collections/health-stations/items", &planner, command.to_string()).await;
    let code = written.json()["code"].as_str().unwrap().to_owned();
    settle(&node).await;
    for path in [
        format!("/q/{code}"),
        "/".into(),
        "/search?q=script".into(),
        format!("/q/{code}/qr.svg"),
        "/collections/health-stations/items?f=html".into(),
    ] {
        let text = node.get(&path).await.text();
        assert!(!text.contains("<script>") && !text.contains('\u{202e}'), "{path}");
    }
}

async fn a_damaged_blob_is_not_served(kind: Kind) {
    let database = Database::new(kind).await;
    let clock = TestClock::at(NOON);
    Node::demo(&database, &clock).await;
    let damage = match kind {
        Kind::Sqlite => "UPDATE blob_chunks SET data = replace(data, '104.8', '104.9')",
        Kind::Postgres => "UPDATE blob_chunks SET data = '\\x00'::bytea || data",
    };
    database.tamper(damage).await.unwrap();
    // A fresh node without caches.
    let database = Database { folder: tempfile::tempdir().unwrap(), ..database };
    let node = Node::start(&database, &clock).await;
    let answer = node.get(&format!("/q/{PLAN}.geojson")).await;
    assert_eq!(
        (answer.status, answer.json()["type"].as_str().unwrap().to_owned()),
        (StatusCode::INTERNAL_SERVER_ERROR, "/problems/damaged".into())
    );
    assert_eq!(node.get("/q/XCT00001C").await.status, StatusCode::OK, "the rest lives");
}

async fn an_unknown_event_stops_the_follower_and_readyz(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    assert_eq!(node.get("/readyz").await.json()["status"], "ready");
    let event = bangtin::event_store::NewEvent {
        aggregate: "plan/NEW".into(),
        sequence: 1,
        name: "plan.teleported".into(),
        version: 7,
        payload: "{}".into(),
    };
    node.app.log().append(bangtin::event_store::Append { events: vec![event], ..Default::default() }).await.unwrap();
    let stopped = async {
        while !matches!(node.model.health(), Health::Stopped(_)) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), stopped).await.expect("stopped");
    let ready = node.get("/readyz").await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(ready.text().contains("plan.teleported"));
    assert_eq!(node.get(&format!("/q/{PLAN}")).await.status, StatusCode::OK, "reads go on");
}

async fn search_folds_diacritics(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let found = |answer: Value| {
        answer["items"].as_array().unwrap().iter().map(|item| item["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for query in ["quy+hoach+chung", "Quy%20ho%E1%BA%A1ch+CHUNG", "chung+quy"] {
        assert_eq!(found(node.get(&format!("/search?q={query}&f=json")).await.json()), [GENERAL], "{query}");
    }
    assert_eq!(found(node.get("/search?q=qhc2020ah&f=json").await.json()), [GENERAL]);
    assert!(node.get("/search?q=zzz").await.text().contains("Không tìm thấy"));
}

async fn the_same_decision_is_published_once(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let command = |id: &str, kind: &str| {
        json!({ "id": id, "type": "plan.publish", "effective_from": "2024-04-01", "facts": {
        "kind": kind, "title": "Lần nữa", "decision": { "authority": "UBND TỈNH YÊN BÁI (minh họa)", "number": "0003/QĐ-DEMO", "signed": "2024-03-20" } } }).to_string()
    };
    let error = node.try_apply(&command("x", "land-use-plan"), &bangtin::cli::demo::file).await.expect_err("refused").to_string();
    assert!(error.contains(PLAN), "the existing code is named: {error}");
    // A number alone is not unique: the same decision may approve a plan of another kind.
    node.apply(&command("y", "general-plan")).await;
}

async fn a_withdrawn_decision_can_be_published_again(kind: Kind) {
    let database = Database::new(kind).await;
    let node = Node::start(&database, &TestClock::at(NOON)).await;
    let facts = json!({ "kind": "land-use-plan", "title": "Quy hoạch", "decision": { "authority": "UBND", "number": "5/QĐ", "signed": "2026-01-01" } });
    let publish = |id: &str| json!({ "id": id, "type": "plan.publish", "facts": facts }).to_string();
    let first = node.apply(&publish("a")).await.code.unwrap();
    assert!(node.try_apply(&publish("b"), &bangtin::cli::demo::file).await.is_err());
    node.apply(&json!({ "id": "w", "type": "plan.withdraw", "code": first, "reason": "Nhầm bản đồ" }).to_string()).await;
    let second = node.apply(&publish("c")).await.code.unwrap();
    assert_ne!(first, second);
    // A corrected number gives the wrong one back, and holds the right one.
    let corrected = json!({ "kind": "land-use-plan", "title": "Quy hoạch", "decision": { "authority": "UBND", "number": "6/QĐ", "signed": "2026-01-01" } });
    node.apply(
        &json!({ "id": "d", "type": "plan.correct", "code": second, "revision": 1, "reason": "lỗi đánh máy", "facts": corrected })
            .to_string(),
    )
    .await;
    node.apply(&publish("e")).await;
    let taken = json!({ "id": "f", "type": "plan.publish", "facts": corrected }).to_string();
    assert!(node.try_apply(&taken, &bangtin::cli::demo::file).await.is_err());
}

async fn a_log_that_was_replaced_rebuilds_the_image(kind: Kind) {
    let (database, other) = (Database::new(kind).await, Database::new(kind).await);
    let clock = TestClock::at(NOON);
    let node = Node::start(&database, &clock).await;
    for n in 0..3 {
        node.apply(&station(&format!("old-{n}"), &[])).await;
    }
    let source = Node::start(&other, &clock).await;
    let code = source.apply(&station("new", &[])).await.code.unwrap();
    let records = crate::event_log::dumped(source.app.log(), false).await;
    let empty = match kind {
        Kind::Sqlite => {
            "DROP TRIGGER events_delete; DELETE FROM events; DELETE FROM commands; DELETE FROM claims; UPDATE head SET position = 0"
        }
        Kind::Postgres => {
            "ALTER TABLE events DISABLE TRIGGER ALL; DELETE FROM events; DELETE FROM commands; DELETE FROM claims; UPDATE head SET position = 0"
        }
    };
    database.tamper(empty).await.unwrap();
    crate::event_log::load(node.app.log(), records).await.unwrap();
    let rebuilt = async {
        while node.get(&format!("/q/{code}")).await.status != StatusCode::OK {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), rebuilt).await.expect("the image was rebuilt");
    assert_eq!(node.model.image().len(), 1, "nothing of the old log is left");
    assert_eq!(node.get("/readyz").await.json()["status"], "ready");
}

async fn commands_without_expectation_are_retried_on_conflict(kind: Kind) {
    let database = Database::new(kind).await;
    let clock = TestClock::at(NOON);
    // Two nodes, each with its own cache of the item.
    let nodes = [Node::start(&database, &clock).await, Node::start(&database, &clock).await];
    let ambulance = json!({ "id": "a", "type": "map-point.publish", "facts": { "kind": "ambulance", "title": "Xe", "position": { "lon": 104.87, "lat": 21.7 } } });
    let code = nodes[0].apply(&ambulance.to_string()).await.code.unwrap();
    let duty = |id: String| json!({ "id": id, "type": "map-point.set-duty", "code": code, "duty": "ready" }).to_string();
    let all = (0..16).map(|n| {
        let (node, line) = (&nodes[n % 2], duty(format!("d{n}")));
        async move { node.try_apply(&line, &bangtin::cli::demo::file).await }
    });
    for result in futures_util::future::join_all(all).await {
        result.expect("retried until it was written");
    }
    assert_eq!(nodes[0].app.log().read_aggregate(&format!("map-point/{code}"), 0).await.unwrap().len(), 17);
}

async fn another_process_is_not_answered_from_a_stale_cache(kind: Kind) {
    let database = Database::new(kind).await;
    let clock = TestClock::at(NOON);
    let (server, office) = (Node::start(&database, &clock).await, Node::start(&database, &clock).await);
    let facts = |number: &str| json!({ "kind": "land-use-plan", "title": format!("Bản {number}"), "decision": { "authority": "UBND", "number": number, "signed": "2026-01-01" } });
    let code = server.apply(&json!({ "id": "1", "type": "plan.publish", "facts": facts("1") }).to_string()).await.code.unwrap();
    let revise = |id: &str, based_on: u32| {
        json!({ "id": id, "type": "plan.revise", "code": code, "based_on": based_on, "facts": facts(id) }).to_string()
    };
    office.apply(&revise("2", 1)).await;
    let third = server.apply(&revise("3", 2)).await;
    assert_eq!(third.revision, Some(3));
}

async fn nonsense_relations_are_refused(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let refused = |line: Value| {
        let node = &node;
        async move { node.try_apply(&line.to_string(), &bangtin::cli::demo::file).await.expect_err("refused").to_string() }
    };
    // By an item of another family, in a circle, by a draft; a person nobody named.
    refused(json!({ "id": "1", "type": "plan.supersede", "code": PLAN, "by": "XCT00001C", "from": "2026-11-01" })).await;
    node.apply(&json!({ "id": "2", "type": "plan.supersede", "code": PLAN, "by": GENERAL, "from": "2026-11-01" }).to_string()).await;
    refused(json!({ "id": "3", "type": "plan.supersede", "code": GENERAL, "by": PLAN, "from": "2026-11-01" })).await;
    let contact =
        json!({ "kind": "health-worker", "title": "T", "position": { "lon": 104.87, "lat": 21.7 }, "contact": { "subject": "s-unknown" } });
    refused(json!({ "id": "4", "type": "map-point.publish", "facts": contact })).await;
    refused(json!({ "id": "5", "type": "plan.withdraw", "code": GENERAL, "reason": "x", "replacedby": PLAN })).await;
    let document = json!({ "kind": "land-use-plan", "title": "T", "decision": { "authority": "U", "number": "9", "signed": "2026-01-01" },
        "documents": [{ "role": "decision", "title": "Không có", "sha256": Digest::of(b"nothing") }] });
    refused(json!({ "id": "6", "type": "plan.publish", "facts": document })).await;
}
