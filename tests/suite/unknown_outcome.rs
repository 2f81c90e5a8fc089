//! A commit of unknown outcome: the connection is cut after COMMIT went out and before its answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::StatusCode;
use bangtin::domain::access::{Reach, Role};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Database, Kind, NOON, Node, TestClock};

/// Passes everything on; once armed, it passes the next COMMIT on and hangs up, both ways.
async fn proxy(target: String, armed: Arc<AtomicBool>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(&target).await.unwrap();
            let armed = Arc::clone(&armed);
            tokio::spawn(pass(client, server, armed));
        }
    });
    address
}

async fn pass(client: TcpStream, server: TcpStream, armed: Arc<AtomicBool>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let mute = Arc::new(AtomicBool::new(false));
    let muted = Arc::clone(&mute);
    let answers = tokio::spawn(async move {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(read @ 1..) = from_server.read(&mut buffer).await {
            if muted.load(Ordering::SeqCst) {
                // The answer to COMMIT: it is known here that it was made, and nowhere else.
                if buffer[..read].windows(7).any(|window| window == b"COMMIT\0") {
                    return;
                }
            } else if to_client.write_all(&buffer[..read]).await.is_err() {
                return;
            }
        }
    });
    let mut buffer = vec![0; 1 << 16];
    while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
        let cut = buffer[..read].windows(7).any(|window| window == b"COMMIT\0") && armed.swap(false, Ordering::SeqCst);
        mute.store(cut, Ordering::SeqCst);
        if to_server.write_all(&buffer[..read]).await.is_err() || cut {
            break;
        }
    }
    if mute.load(Ordering::SeqCst) {
        let _ = answers.await;
    } else {
        answers.abort();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: run tools/test.sh"]
async fn a_commit_of_unknown_outcome_says_repeat_and_the_repeat_gets_the_first_result() {
    let direct = Database::new(Kind::Postgres).await;
    let (user, rest) = direct.url.split_once('@').unwrap();
    let (server, name) = rest.split_once('/').unwrap();
    let armed = Arc::new(AtomicBool::new(false));
    let through = proxy(server.to_owned(), Arc::clone(&armed)).await;
    let database = Database { url: format!("{user}@{through}/{name}"), folder: tempfile::tempdir().unwrap(), kind: Kind::Postgres };
    let node = Node::start(&database, &TestClock::at(NOON)).await;
    let (_, secret) = node.app.create_token(Role::Health, Reach::City, "thử".into()).await.unwrap();
    // The token is known before the connection is cut: this is about the command's commit.
    let head = node.app.log().head().await.unwrap().position;
    assert!(node.model.wait_for(head, std::time::Duration::from_secs(10)).await);
    let command = json!({ "id": "once", "type": "map-point.publish", "facts": { "kind": "health-station", "title": "Trạm", "position": { "lon": 104.87, "lat": 21.7 } } });
    let path = "/collections/health-stations/items";
    armed.store(true, Ordering::SeqCst);
    let unknown = node.post(path, &secret, command.to_string()).await;
    assert_eq!(unknown.status, StatusCode::SERVICE_UNAVAILABLE, "{}", unknown.text());
    assert_eq!(unknown.json()["type"], "/problems/unknown-outcome");
    assert!(!armed.load(Ordering::SeqCst), "the commit was cut");
    let again = node.post(path, &secret, command.to_string()).await;
    assert_eq!((again.status, again.json()["repeated"].as_bool()), (StatusCode::OK, Some(true)), "{}", again.text());
    // A resident, who has no id to repeat anything with, keeps what they wrote.
    let code = again.json()["code"].as_str().unwrap().to_owned();
    assert!(node.model.wait_for(again.json()["position"].as_i64().unwrap(), std::time::Duration::from_secs(10)).await);
    armed.store(true, Ordering::SeqCst);
    let report = axum::http::Request::post(format!("/q/{code}/report")).header("accept", "text/html");
    let report = report.header("content-type", "application/x-www-form-urlencoded");
    let page = node.send(report.body(axum::body::Body::from("kind=mistake&text=Sai+ten+tram")).unwrap()).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE, "{}", page.text());
    assert!(page.text().contains("Chưa rõ lời báo đã đến nơi hay chưa") && page.text().contains("Sai ten tram"), "{}", page.text());
    // Nobody writes, and yet it is found confirmed again.
    let confirmed = async {
        while node.app.log().write_trouble().is_some() || node.get("/readyz").await.json()["status"] != "ready" {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), confirmed).await.expect("ready again");
    let published = node.app.log().read(0, 100).await.unwrap();
    assert_eq!(published.iter().filter(|stored| stored.event.name == "map-point.published").count(), 1, "carried out once");
}
