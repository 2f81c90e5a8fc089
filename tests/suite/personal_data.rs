//! Names and numbers of persons: shown while consent holds, then nowhere.

use std::time::Duration;

use axum::http::StatusCode;
use bangtin::app::ExecuteError;
use bangtin::app::accounts::Profile;
use bangtin::domain::access::{Actor, Role};
use bangtin::domain::subject::SubjectId;
use bangtin::event_store::dump::Writer;
use serde_json::json;

use crate::office::signed_in;
use crate::on_both_databases;
use crate::support::{Database, Kind, NOON, Node, TestClock, demo, files_with};

on_both_databases!(
    an_erased_person_of_the_office_is_nowhere_not_even_in_a_restored_backup,
    a_contact_is_shown_while_consent_holds_and_is_in_no_event,
    an_erased_person_is_nowhere_not_even_in_a_restored_backup,
    a_contact_needs_consent_with_evidence,
);

const NAME: &str = "Vàng Thị Kiểm Thử";
const PHONE: &str = "0987 654 321";

fn worker() -> String {
    json!({ "id": "w", "type": "map-point.publish", "facts": { "kind": "health-worker", "title": "Y tế thôn thử", "position": { "lon": 104.87, "lat": 21.7 },
        "contact": { "name": NAME, "phone": PHONE, "consent": { "purpose": "public-contact", "text_version": "2026-01", "evidence": "HS-1" } } } }).to_string()
}

/// A new store with that backup, and the register of erasures that lay beside the old one.
async fn restored(database: &Database, backup: &std::path::Path) -> (Database, Node) {
    let again = Database::new(database.kind).await;
    std::fs::copy(database.path("erasures.txt"), again.path("erasures.txt")).unwrap();
    let log = again.open().await;
    let mut reader = bangtin::event_store::dump::Reader::new(std::io::BufReader::new(std::fs::File::open(backup).unwrap()));
    log.load(Box::new(move || reader.next_record())).await.unwrap();
    drop(log);
    let node = Node::start(&again, &TestClock::at(NOON)).await;
    (again, node)
}

/// Everything the site says of an item, all forms and encodings undone.
async fn said(node: &Node, code: &str) -> String {
    let mut all = String::new();
    for path in [
        format!("/q/{code}"),
        format!("/q/{code}?lang=en"),
        format!("/q/{code}.json"),
        format!("/q/{code}.geojson"),
        format!("/q/{code}/history"),
        format!("/q/{code}/revisions/1"),
        format!("/q/{code}/revisions/1.geojson"),
        "/".into(),
        "/search?q=kiem+thu".into(),
        "/search?q=y+te".into(),
        "/collections/health-workers/items".into(),
        "/collections/health-workers/items?f=html".into(),
        format!("/collections/health-workers/items/{code}"),
        "/metrics".into(),
    ] {
        all.push_str(&node.get(&path).await.text());
    }
    all
}

async fn export(node: &Node, path: &std::path::Path, vault: bool) {
    let writer = std::sync::Arc::new(std::sync::Mutex::new(Some(Writer::new(std::fs::File::create(path).unwrap()))));
    let sink = std::sync::Arc::clone(&writer);
    node.app.log().dump(vault, Box::new(move |record| sink.lock().unwrap().as_mut().unwrap().record(record))).await.unwrap();
    let taken = writer.lock().unwrap().take();
    taken.unwrap().finish().unwrap();
}

async fn a_contact_is_shown_while_consent_holds_and_is_in_no_event(kind: Kind) {
    let database = Database::new(kind).await;
    let node = Node::start(&database, &TestClock::at(NOON)).await;
    let outcome = node.apply(&worker()).await;
    let code = outcome.code.unwrap().to_string();
    let page = node.get(&format!("/q/{code}")).await;
    assert!(page.text().contains(NAME) && page.text().contains("tel:0987654321"));
    assert_eq!(page.header("cache-control"), "no-store");
    let record = node.get(&format!("/q/{code}.json")).await.text();
    // The whole number: four digits of it stand in a digest now and then.
    let is_told = |text: &str| ["Kiểm Thử", PHONE, "0987654321"].iter().any(|needle| text.contains(needle));
    assert!(!is_told(&record));
    for stored in node.app.log().read(0, 1_000).await.unwrap() {
        assert!(!is_told(&stored.event.payload), "{}", stored.event.name);
    }
    // A node that starts later reads the vault.
    let later = Node::start(&database, &TestClock::at(NOON)).await;
    assert!(later.get(&format!("/q/{code}")).await.text().contains(NAME));
    node.app.withdraw_consent(outcome.subject.unwrap()).await.unwrap();
    let head = node.app.log().head().await.unwrap().position;
    for reader in [&node, &later] {
        assert!(reader.model.wait_for(head, Duration::from_secs(2)).await);
        assert!(!said(reader, &code).await.contains(NAME), "consent was taken back");
    }
}

async fn an_erased_person_is_nowhere_not_even_in_a_restored_backup(kind: Kind) {
    let database = Database::new(kind).await;
    let node = Node::start(&database, &TestClock::at(NOON)).await;
    let outcome = node.apply(&worker()).await;
    let (code, subject) = (outcome.code.unwrap().to_string(), outcome.subject.unwrap());
    assert!(said(&node, &code).await.contains(NAME));
    let row = node.app.log().vault_row(&subject.0).await.unwrap().unwrap();
    let backup = database.path("backup");
    export(&node, &backup, true).await;
    let snapshot = database.path("snapshot");
    bangtin::node::follower::save_snapshot(&node.model, node.app.log(), &snapshot).await.unwrap();
    node.app.erase(subject.clone()).await.unwrap();
    let head = node.app.log().head().await.unwrap().position;
    assert!(node.model.wait_for(head, Duration::from_secs(2)).await);
    assert!(!said(&node, &code).await.contains(NAME));
    assert_eq!(node.get(&format!("/q/{code}")).await.status, StatusCode::OK, "the post itself stays");
    assert!(node.app.log().vault_row(&subject.0).await.unwrap().is_none());
    export(&node, &database.path("export"), false).await;
    // Neither clear text nor, in the live store, the ciphertext is left in any file.
    for needle in [NAME, "Kiểm Thử", PHONE, "0987654321"] {
        assert_eq!(files_with(database.folder.path(), needle), Vec::<std::path::PathBuf>::new(), "{needle}");
    }
    if kind == Kind::Sqlite {
        let live: Vec<_> = std::fs::read_dir(database.folder.path())
            .unwrap()
            .map(|e| e.unwrap().path())
            .filter(|p| p.to_string_lossy().contains("log.sqlite"))
            .collect();
        assert!(live.len() >= 2, "the file and its write-ahead log");
        for path in live {
            let bytes = std::fs::read(&path).unwrap();
            assert!(
                !bytes.windows(row.wrapped_key.len()).any(|window| window == row.wrapped_key),
                "the key is still in {}",
                path.display()
            );
        }
    } else if let Ok(folder) = std::env::var("BANGTIN_TEST_POSTGRES_DATA") {
        database.tamper("CHECKPOINT").await.unwrap();
        for needle in [NAME, PHONE] {
            assert_eq!(files_with(std::path::Path::new(&folder), needle), Vec::<std::path::PathBuf>::new(), "{needle}");
        }
    }
    // The backup was made before the erasure; the register that lies beside the new store is not in it.
    let (_again, restored) = restored(&database, &backup).await;
    assert!(restored.get(&format!("/q/{code}")).await.text().contains(NAME), "the backup held the contact");
    assert_eq!(restored.app.reapply_erasures().await.unwrap(), 1);
    let head = restored.app.log().head().await.unwrap().position;
    assert!(restored.model.wait_for(head, Duration::from_secs(2)).await);
    assert!(!said(&restored, &code).await.contains(NAME));
    assert_eq!(restored.app.reapply_erasures().await.unwrap(), 0);
    assert!(restored.app.erase(SubjectId("s-unknown".into())).await.is_err());
}

async fn a_contact_needs_consent_with_evidence(kind: Kind) {
    let database = Database::new(kind).await;
    let node = Node::start(&database, &TestClock::at(NOON)).await;
    let before = node.app.log().head().await.unwrap().position;
    for contact in [
        json!({ "name": NAME, "phone": PHONE }),
        json!({ "name": NAME, "phone": PHONE, "consent": { "purpose": "x", "text_version": "1", "evidence": "" } }),
        json!({ "name": NAME, "phone": "không có", "consent": { "purpose": "x", "text_version": "1", "evidence": "HS" } }),
    ] {
        let command = json!({ "id": "c", "type": "map-point.publish", "facts": { "kind": "health-worker", "title": "Thử", "position": { "lon": 104.87, "lat": 21.7 }, "contact": contact } });
        assert!(node.try_apply(&command.to_string(), &bangtin::cli::demo::file).await.is_err());
    }
    assert_eq!(node.app.log().head().await.unwrap().position, before);
}

async fn an_erased_person_of_the_office_is_nowhere_not_even_in_a_restored_backup(kind: Kind) {
    let (database, clock, node) = demo(kind).await;
    let email = "an.nguyen@yenbai.gov.vn";
    let (mut person, account) = signed_in(&node, &[Role::Administrator, Role::Planner], email, &clock).await;
    let backup = database.path("backup");
    export(&node, &backup, true).await;
    // At the machine even the last administrator is erased: another is invited there.
    node.app.erase_account(account.clone()).await.unwrap();
    let head = node.app.log().head().await.unwrap().position;
    assert!(node.model.wait_for(head, Duration::from_secs(2)).await);
    assert_eq!(person.get("/office").await.status, StatusCode::SEE_OTHER, "their sessions have ended");
    assert_eq!(node.app.profile(&account).await.unwrap(), Profile::default());
    for done in [node.app.suspend(&Actor::local(), account.clone(), false).await, node.app.erase_account(account.clone()).await] {
        assert!(matches!(done, Err(ExecuteError::Refused(refusal)) if refusal.reason == "subject-erased"));
    }
    let invited = node.app.invite_again(&Actor::local(), account.clone()).await;
    assert!(matches!(invited, Err(ExecuteError::Refused(refusal)) if refusal.reason == "subject-erased"));
    // Somebody else may have the address.
    signed_in(&node, &[Role::Clerk], email, &clock).await;
    // The backup was made before; the register lies beside the new store.
    let (_again, restored) = restored(&database, &backup).await;
    assert_eq!(restored.app.reapply_erasures().await.unwrap(), 1);
    assert_eq!(restored.app.profile(&account).await.unwrap(), Profile::default());
    assert!(restored.app.log().vault_row(&format!("credentials/{account}")).await.unwrap().is_none());
    assert_eq!(restored.app.reapply_erasures().await.unwrap(), 0, "once");
}
