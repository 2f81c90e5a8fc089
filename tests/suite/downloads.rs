//! Files of whole layers: their bytes, their length, and parts of them.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request as HttpRequest, StatusCode};
use bangtin::http::Limits;
use serde_json::json;
use tower::ServiceExt as _;

use crate::on_both_databases;
use crate::support::{Answer, Kind, Node, demo, demo_command};

on_both_databases!(
    a_download_has_a_length_and_can_be_read_in_parts,
    of_the_same_features_every_node_writes_the_same_bytes,
    what_is_withdrawn_is_gone_whatever_the_client_has,
    a_reader_of_a_file_that_is_not_kept_has_a_place_until_the_end,
    a_file_that_there_is_no_room_for_is_sent_whole,
    what_is_stored_can_be_read_in_parts,
    a_part_behind_the_end_or_of_an_older_file_is_not_sent,
);

const FORMATS: [&str; 6] = ["geojson", "geojsons", "fgb", "csv", "gpkg", "kml"];

async fn head(node: &Node, path: &str) -> Answer {
    node.send(HttpRequest::head(path).body(Body::empty()).unwrap()).await
}

/// The bytes that its parts make together.
async fn in_parts(node: &Node, path: &str, length: usize, size: usize) -> Vec<u8> {
    let mut all = Vec::new();
    while all.len() < length {
        let range = format!("bytes={}-{}", all.len(), all.len() + size - 1);
        // Parts are of the file as it is, whatever else the client takes.
        let part = node.get_with(path, &[("range", &range), ("accept-encoding", "gzip, br")]).await;
        assert_eq!(part.status, StatusCode::PARTIAL_CONTENT, "{path} {range}");
        let end = (all.len() + size).min(length);
        assert_eq!(part.header("content-range"), format!("bytes {}-{}/{length}", all.len(), end - 1), "{path}");
        assert_eq!(part.header("content-length"), (end - all.len()).to_string());
        assert_eq!(part.header("content-encoding"), "");
        all.extend_from_slice(&part.body);
    }
    all
}

async fn a_download_has_a_length_and_can_be_read_in_parts(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    for format in FORMATS {
        for path in [format!("/collections/zones/download.{format}"), format!("/q/QHSDD21AG.{format}")] {
            let whole = node.get(&path).await;
            let head = head(&node, &path).await;
            assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0), "{path}");
            assert_eq!(head.header("content-length"), whole.body.len().to_string(), "{path}");
            assert_eq!((head.header("accept-ranges"), head.header("etag")), ("bytes", whole.header("etag")), "{path}");
            let parts = in_parts(&node, &path, whole.body.len(), whole.body.len() / 3 + 1).await;
            assert!(parts == whole.body, "{path}: the parts are not the whole");
            assert!(node.get(&path).await.body == whole.body, "{path}: what is kept is what was streamed");
        }
    }
}

/// Another node may have made it after something was recorded that the layer does not show.
async fn of_the_same_features_every_node_writes_the_same_bytes(kind: Kind) {
    let (database, clock, node) = demo(kind).await;
    let mut answers = Vec::new();
    for name in ["zones", "ambulances"] {
        for format in FORMATS {
            let path = format!("/collections/{name}/download.{format}");
            answers.push((node.get(&path).await, path));
        }
    }
    let mut publish = demo_command("QHSDD21AG", "plan.publish");
    publish["id"] = json!("later");
    publish["effective_from"] = json!("2031-01-01");
    publish["facts"]["decision"]["number"] = json!("9999/QĐ-DEMO");
    publish.as_object_mut().unwrap().remove("code");
    node.apply(&publish.to_string()).await;
    let other = Node::start(&database, &clock).await;
    for (before, path) in answers {
        let after = other.get(&path).await;
        assert_eq!(before.header("etag"), after.header("etag"), "{path}");
        assert!(before.body == after.body, "{path}: parts from two nodes would not fit together");
    }
}

async fn what_is_withdrawn_is_gone_whatever_the_client_has(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let path = "/q/QHPK2301B.csv";
    let before = node.get(path).await;
    node.apply(&json!({ "id": "w", "type": "plan.withdraw", "code": "QHPK2301B", "reason": "Thử" }).to_string()).await;
    let etag = node.get(path).await.header("etag").to_owned();
    for headers in
        [[("if-none-match", etag.as_str()), ("range", "bytes=0-9")], [("if-none-match", before.header("etag")), ("accept", "*/*")]]
    {
        let gone = node.get_with(path, &headers).await;
        assert_eq!((gone.status, gone.header("accept-ranges")), (StatusCode::GONE, ""));
        assert!(gone.body.len() > 100, "it still says what it was");
    }
}

async fn a_file_that_there_is_no_room_for_is_sent_whole(kind: Kind) {
    let (database, clock, _node) = demo(kind).await;
    let node = Node::start_with(&database, &clock, Limits { download_bytes: 1_000, ..Limits::default() }).await;
    for format in ["csv", "gpkg"] {
        let path = format!("/collections/zones/download.{format}");
        let answer = node.get_with(&path, &[("range", "bytes=0-99")]).await;
        assert_eq!((answer.status, answer.header("accept-ranges")), (StatusCode::OK, ""), "{format}");
        assert_eq!(answer.header("content-length"), answer.body.len().to_string(), "{format}");
    }
}

async fn a_reader_of_a_file_that_is_not_kept_has_a_place_until_the_end(kind: Kind) {
    let (database, clock, _node) = demo(kind).await;
    let download_patience = Duration::from_millis(50);
    let limits = Limits { download_bytes: 1_000, downloads: 1, download_patience, ..Limits::default() };
    let node = Node::start_with(&database, &clock, limits).await;
    let request = HttpRequest::get("/collections/zones/download.gpkg").body(Body::empty()).unwrap();
    let slow = node.router.clone().oneshot(request).await.unwrap();
    for answer in futures_util::future::join_all(["zones", "zones", "plans"].map(|name| ask_for(&node, name))).await {
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    }
    drop(slow);
    assert_eq!(ask_for(&node, "plans").await.status, StatusCode::OK);
}

async fn ask_for(node: &Node, name: &str) -> Answer {
    node.get(&format!("/collections/{name}/download.gpkg")).await
}

async fn what_is_stored_can_be_read_in_parts(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let record = node.get("/q/QHSDD21AG.json").await.json();
    let document = record["documents"][0]["url"].as_str().unwrap().replace("https://bangtin.example", "");
    for path in ["/q/QHSDD21AG.geojson", "/q/QHSDD21AG/revisions/1.geojson", "/q/QHSDD21AG/poster.pdf", &document] {
        let whole = node.get(path).await;
        assert_eq!((whole.status, whole.header("accept-ranges")), (StatusCode::OK, "bytes"), "{path}");
        let parts = in_parts(&node, path, whole.body.len(), whole.body.len() / 2 + 1).await;
        assert!(parts == whole.body, "{path}: the parts are not the whole");
    }
    // A page is read whole.
    let page = node.get_with("/q/QHSDD21AG", &[("range", "bytes=0-99")]).await;
    assert_eq!((page.status, page.header("accept-ranges")), (StatusCode::OK, ""));
}

async fn a_part_behind_the_end_or_of_an_older_file_is_not_sent(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let path = "/collections/zones/download.fgb";
    let whole = node.get(path).await;
    let beyond = node.get_with(path, &[("range", "bytes=99999999-")]).await;
    assert_eq!(beyond.status, StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(beyond.header("content-range"), format!("bytes */{}", whole.body.len()));
    assert!(beyond.json()["detail"].as_str().unwrap().contains(&whole.body.len().to_string()));
    let older = node.get_with(path, &[("range", "bytes=0-9"), ("if-range", "\"older\"")]).await;
    assert!(older.status == StatusCode::OK && older.body == whole.body);
    let same = node.get_with(path, &[("range", "bytes=0-9"), ("if-range", whole.header("etag"))]).await;
    assert_eq!((same.status, same.body.as_slice()), (StatusCode::PARTIAL_CONTENT, &whole.body[..10]));
    let known = node.get_with(path, &[("range", "bytes=0-9"), ("if-none-match", whole.header("etag"))]).await;
    assert_eq!(known.status, StatusCode::NOT_MODIFIED);
}
