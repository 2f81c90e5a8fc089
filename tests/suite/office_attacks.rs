//! What an attacker tries on the office beside guessing: sessions that were planted, fields that no form has, documents
//! that a browser would run, a clock that moves; on both databases.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request as HttpRequest, StatusCode};
use bangtin::domain::access::Role;

use crate::office::{Browser, EMAIL, PASSPHRASE, accept, after, code, hidden, invite, settle, signed_in};
use crate::on_both_databases;
use crate::support::{Database, Kind, NOON, Node, TestClock, demo};

const SESSION: &str = "__Host-bangtin";
const PLAN: &str = "QHSDD21AG";
/// What is said of a plan's file, and then of the plan.
const ABOUT: [(&str, &str); 4] =
    [("revises", PLAN), ("kind", "land-use-plan"), ("authority", "UBND tỉnh Yên Bái"), ("signed", "2026-10-01")];
const WHOLE: [(&str, &str); 7] = [
    ("title", "Điều chỉnh"),
    ("decision", "7/QĐ"),
    ("scale", "1:5000"),
    ("effective_from", "2026-12-15"),
    ("adjustment", "local"),
    ("unit", "04252-2025"),
    ("do", "propose"),
];

on_both_databases!(
    a_session_that_was_planted_before_signing_in_is_nobodys_after_it,
    fields_that_no_form_has_change_nothing,
    a_document_that_a_browser_would_run_is_handed_over_as_bytes,
    a_clock_that_is_moved_back_revives_nothing,
    a_body_that_no_page_sends_changes_nothing,
    a_session_notes_its_use_once_a_minute_and_a_get_writes_nothing_else,
);

async fn a_session_that_was_planted_before_signing_in_is_nobodys_after_it(kind: Kind) {
    let (database, clock) = (Database::new(kind).await, TestClock::at(NOON));
    let node = Node::start(&database, &clock).await;
    let (mut attacker, _) = signed_in(&node, &[Role::Clerk], "ke.gian@yenbai.gov.vn", &clock).await;
    let (_, path) = invite(&node, &[Role::Planner]).await;
    let (secret, _) = accept(&mut Browser::new(&node), &path, EMAIL, &clock).await;
    // A value that the attacker made up, and the attacker's own session.
    for planted in ["0".repeat(64), attacker.cookie(SESSION).unwrap().to_owned()] {
        after(&clock, Duration::from_mins(1));
        let mut victim = Browser::new(&node);
        victim.cookies.push((SESSION.into(), planted.clone()));
        let answer = victim.sign_in(&secret, &clock).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        assert_ne!(victim.cookie(SESSION), Some(planted.as_str()), "another secret than the planted one");
        assert!(victim.get("/office/plans/new").await.status == StatusCode::OK);
        let mut holder = Browser::new(&node);
        holder.cookies.push((SESSION.into(), planted));
        assert_ne!(holder.get("/office/plans/new").await.status, StatusCode::OK, "who holds the planted one is not the victim");
    }
    assert_ne!(attacker.get("/office/plans/new").await.status, StatusCode::OK);
}

async fn fields_that_no_form_has_change_nothing(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (account, path) = invite(&node, &[Role::Planner]).await;
    let (_approver, _) = signed_in(&node, &[Role::Approver], "binh@yenbai.gov.vn", &clock).await;
    let mut planner = Browser::new(&node);
    let page = planner.get(&path).await.text();
    let secret = page.split("secret=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let greed = [
        ("role", "administrator"),
        ("role", "approver"),
        ("grants", "[{\"role\":\"administrator\",\"reach\":\"city\"}]"),
        ("account", "a-00"),
        ("actor", "local"),
        ("by", "local"),
        ("suspended", "false"),
        ("everywhere", "1"),
    ];
    let own = [("name", "Nguyễn Thị Thử"), ("email", EMAIL), ("passphrase", PASSPHRASE), ("code", &code(&secret, &clock))];
    let accepted = planner.post(&path, &[&greed[..], &own[..]].concat()).await;
    assert_eq!(accepted.status, StatusCode::OK, "{}", accepted.text());
    settle(&node).await;
    planner.submit("/office/me", "/office/me", &[&greed[..], &[("name", "Nguyễn Thị Thử"), ("do", "grant")]].concat()).await;
    settle(&node).await;
    let grants = node.model.image().accounts.all[&account].grants.clone();
    assert!(grants.iter().all(|grant| grant.role == Role::Planner) && grants.len() == 1, "{grants:?}");
    // A draft that says it is approved, is another command, and is somebody else's.
    let file = std::fs::read("tests/data/formats/plan.geojson").unwrap();
    let import = planner.upload("/office/me", "/office/plans/new", &ABOUT, &[("file", "a.geojson", &file)]).await;
    let import = import.header("location").to_owned();
    let more = [
        ("action", "withdraw"),
        ("type", "plan.withdraw"),
        ("submitted", "false"),
        ("state", "approved"),
        ("approved", "true"),
        ("approvals", "local"),
        ("editors", "a-00"),
        ("code", "KHSDD26A1"),
        ("revision", "9"),
        ("emergency", "true"),
    ];
    let sent = planner.upload_draft(&import, &[&ABOUT[..], &WHOLE[..], &more[..], &greed[..]].concat(), &[]).await;
    assert_eq!(sent.header("location"), format!("/office/proposals/{PLAN}"), "{}", sent.text());
    settle(&node).await;
    let last = node.app.log().read_aggregate(&format!("plan/{PLAN}"), 0).await.unwrap().pop().unwrap();
    assert_eq!((last.event.name.as_str(), last.actor.as_str()), ("plan.proposed", account.0.as_str()));
    assert!(
        last.event.payload.contains("\"action\":\"publish\"") || last.event.payload.contains("\"action\":\"revise\""),
        "{}",
        last.event.payload
    );
    assert!(!last.event.payload.contains("approved") && !last.event.payload.contains("a-00"), "{}", last.event.payload);
}

async fn a_document_that_a_browser_would_run_is_handed_over_as_bytes(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (mut planner, _) = signed_in(&node, &[Role::Planner], EMAIL, &clock).await;
    let (mut approver, _) = signed_in(&node, &[Role::Approver], "binh@yenbai.gov.vn", &clock).await;
    let plan = std::fs::read("tests/data/formats/plan.geojson").unwrap();
    let import = planner.upload("/office/me", "/office/plans/new", &ABOUT, &[("file", "a.geojson", &plan)]).await;
    let import = import.header("location").to_owned();
    let files: [(&str, &str, &[u8]); 3] = [
        ("decision_file", "quyet-dinh.html", b"<!DOCTYPE html><script>alert(document.cookie)</script>"),
        ("map_file", "ban-do.svg", b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>"),
        ("report_file", "thuyet-minh\u{202e}fdp.htm", b"\xef\xbb\xbf<html><body onload=alert(1)>"),
    ];
    let sent = planner.upload_draft(&import, &[&ABOUT[..], &WHOLE[..]].concat(), &files).await;
    assert_eq!(sent.header("location"), format!("/office/proposals/{PLAN}"), "{}", sent.text());
    settle(&node).await;
    let place = format!("/office/proposals/{PLAN}");
    let page = approver.get(&place).await.text();
    let preview = approver.get(&format!("{place}/preview")).await.text();
    let digest = |rest: &str| format!("{place}/documents/{}", &rest[..64]);
    let mut links: Vec<String> = preview.split(&format!("{place}/documents/")).skip(1).map(digest).collect();
    links.sort();
    links.dedup();
    assert!(links.len() >= files.len(), "{links:?}");
    let proposal = [("do", "approve"), ("proposal", hidden(&page, "proposal").as_str())].map(|(name, value)| (name, value.to_owned()));
    let fields: Vec<(&str, &str)> = proposal.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut answers = Vec::new();
    for link in &links {
        answers.push((link.clone(), approver.get(link).await));
    }
    approver.submit(&place, &place, &fields).await;
    settle(&node).await;
    for link in &links {
        let public = link.replace("/office/proposals/", "/q/");
        answers.push((public.clone(), node.get(&public).await));
    }
    for (link, answer) in answers {
        assert_eq!(answer.status, StatusCode::OK, "{link}");
        let media = answer.header("content-type");
        assert!(
            ["text/plain", "application/pdf", "application/octet-stream", "application/zip"].iter().any(|known| media.starts_with(known))
                || media.contains("json"),
            "{link}: {media}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{link}");
        assert!(answer.header("content-security-policy").contains("sandbox"), "{link}");
    }
}

/// Sets the clock to so long after noon, wherever it is.
fn back(clock: &TestClock, since: Duration) {
    clock.set(&jiff::Timestamp::from_microsecond(NOON).unwrap().to_string());
    after(clock, since);
}

async fn a_clock_that_is_moved_back_revives_nothing(kind: Kind) {
    let (database, clock) = (Database::new(kind).await, TestClock::at(NOON));
    let node = Node::start(&database, &clock).await;
    let (_, path) = invite(&node, &[Role::Planner]).await;
    let (_, unused) = invite(&node, &[Role::Planner]).await;
    let mut browser = Browser::new(&node);
    let (secret, _) = accept(&mut browser, &path, EMAIL, &clock).await;
    after(&clock, Duration::from_mins(1));
    let used = code(&secret, &clock);
    assert_eq!(browser.sign_in(&secret, &clock).await.status, StatusCode::SEE_OTHER);
    // Three days later somebody else signs in, which clears away what is over; then the clock goes back.
    after(&clock, Duration::from_hours(72));
    let (_, _) = signed_in(&node, &[Role::Clerk], "khac@yenbai.gov.vn", &clock).await;
    back(&clock, Duration::from_mins(1));
    let mut thief = Browser::new(&node);
    let tried = thief.post("/office/sign-in", &[("email", EMAIL), ("passphrase", PASSPHRASE), ("code", &used)]).await;
    assert_eq!(tried.status, StatusCode::FORBIDDEN, "the code was used before");
    assert_eq!(Browser::new(&node).get(&unused).await.status, StatusCode::CONFLICT, "the invitation was over");
    assert!(!browser.is_in().await, "the session was cleared away");
    // A session that began after the moment to which the clock goes has no age that anybody knows.
    back(&clock, Duration::from_hours(80));
    let mut later = Browser::new(&node);
    assert_eq!(later.sign_in(&secret, &clock).await.status, StatusCode::SEE_OTHER);
    assert!(later.is_in().await);
    back(&clock, Duration::from_hours(79));
    assert!(!later.is_in().await);
    back(&clock, Duration::from_hours(80));
    assert!(!later.is_in().await, "and it stays over");
}

/// A form of another site can send plain text with any content.
async fn a_body_that_no_page_sends_changes_nothing(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (mut person, _) = signed_in(&node, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    let token = hidden(&person.get("/office/me").await.text(), "token");
    let cookie = format!("{SESSION}={}", person.cookie(SESSION).unwrap());
    for media in ["text/plain", "application/json", "application/x-www-form-urlencoded-not", ""] {
        for path in ["/office/sign-out", "/office/sign-in"] {
            let request = HttpRequest::post(path).header("content-type", media).header("cookie", &cookie).header("host", "localhost");
            let body = format!("token={token}&email={EMAIL}&passphrase={PASSPHRASE}&code=000000");
            let answer = node.send(request.header("origin", "http://localhost").body(Body::from(body)).unwrap()).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path} as “{media}”: {}", answer.text());
        }
    }
    assert!(person.is_in().await);
}

async fn a_session_notes_its_use_once_a_minute_and_a_get_writes_nothing_else(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (mut person, account) = signed_in(&node, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    let head = node.app.log().head().await.unwrap();
    let used = async || bangtin::event_store::sessions::of_account(node.app.log().as_ref(), &account.0).await.unwrap()[0].used_at;
    let begun = used().await;
    for (seconds, is_noted) in [(0, false), (59, false), (2, true), (30, false), (31, true)] {
        after(&clock, Duration::from_secs(seconds));
        let before = used().await;
        assert!(person.is_in().await && person.get("/office").await.status == StatusCode::OK);
        assert_eq!(used().await > before, is_noted, "{seconds} seconds later");
    }
    assert!(used().await - begun >= 60_000_000);
    assert_eq!(node.app.log().head().await.unwrap().position, head.position);
}
