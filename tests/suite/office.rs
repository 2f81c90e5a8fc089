//! The office: invitations, signing in and out, sessions, rights, and what other sites may not do.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request as HttpRequest, StatusCode};
use bangtin::app::accounts::Profile;
use bangtin::credentials::totp_code;
use bangtin::domain::access::{AccountId, Actor, Grant, Reach, Role};
use bangtin::event_store::dump::Reader;
use bangtin::http::proxies::Proxies;
use bangtin::http::{Limits, office_addresses};

use crate::on_both_databases;
use crate::support::{Answer, Database, Kind, NOON, Node, TestClock, files_with};

on_both_databases!(
    an_invited_person_sets_what_they_sign_in_with_and_signs_in,
    an_invitation_is_used_once_and_is_over_after_48_hours,
    a_code_and_a_recovery_code_are_used_once,
    a_session_ends_when_it_is_idle_old_or_signed_out,
    a_suspended_person_is_out_on_every_node_within_a_second,
    changed_rights_hold_at_once_and_renew_the_session,
    no_other_site_sends_a_form_in_a_persons_name,
    a_strangers_tries_do_not_lock_a_person_out,
    over_plain_http_nobody_signs_in,
    every_address_is_open_to_its_roles_only,
    credentials_are_in_backups_and_in_no_export_and_a_restore_ends_sessions,
    a_passphrase_is_changed_and_other_sessions_end,
);

pub const PASSPHRASE: &str = " con trâu gặm cỏ bên sông Hồng ";
pub const EMAIL: &str = "thu.nguyen@yenbai.gov.vn";

/// A person's browser: it keeps cookies, and says where its forms come from.
pub struct Browser<'a> {
    node: &'a Node,
    pub cookies: Vec<(String, String)>,
    origin: &'static str,
    headers: Vec<(&'static str, String)>,
}

impl<'a> Browser<'a> {
    pub fn new(node: &'a Node) -> Self {
        Self { node, cookies: Vec::new(), origin: "http://localhost", headers: Vec::new() }
    }

    fn request(&self, request: axum::http::request::Builder) -> axum::http::request::Builder {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = request.header("host", "localhost").header("accept", "text/html").header("cookie", cookies.join("; "));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        request
    }

    async fn send(&mut self, request: HttpRequest<Body>) -> Answer {
        let answer = self.node.send(request).await;
        for cookie in answer.headers.get_all("set-cookie") {
            let text = cookie.to_str().unwrap();
            assert!(
                text.contains("; Secure") && text.contains("; HttpOnly") && text.contains("; SameSite=Lax") && text.starts_with("__Host-")
            );
            let (name, value) = text.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        answer
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        let request = self.request(HttpRequest::get(path)).body(Body::empty()).unwrap();
        self.send(request).await
    }

    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
        let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let request = self.request(HttpRequest::post(path)).header("content-type", "application/x-www-form-urlencoded");
        let request = request.header("origin", self.origin).body(Body::from(body.join("&"))).unwrap();
        self.send(request).await
    }

    /// Sends a form with files: field, file name and content of each.
    pub async fn upload(&mut self, from: &str, path: &str, fields: &[(&str, &str)], files: &[(&str, &str, &[u8])]) -> Answer {
        let token = hidden(&self.get(from).await.text(), "token");
        let mut body = Vec::new();
        for (name, value) in fields.iter().chain(&[("token", token.as_str())]) {
            body.extend(format!("--XX\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").into_bytes());
        }
        for (name, file, content) in files {
            body.extend(format!("--XX\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\n\r\n").into_bytes());
            body.extend(*content);
            body.extend(b"\r\n");
        }
        body.extend(b"--XX--\r\n");
        let request = self.request(HttpRequest::post(path)).header("content-type", "multipart/form-data; boundary=XX");
        self.send(request.header("origin", self.origin).body(Body::from(body)).unwrap()).await
    }

    /// Sends the form of a draft as its page has it now.
    pub async fn upload_draft(&mut self, import: &str, fields: &[(&str, &str)], files: &[(&str, &str, &[u8])]) -> Answer {
        let version = hidden(&self.get(import).await.text(), "version");
        self.upload(import, import, &[fields, &[("version", version.as_str())]].concat(), files).await
    }

    /// Sends a piece of a file, with the token of the person's pages.
    pub async fn piece(&mut self, path: &str, token: &str, bytes: &[u8]) -> Answer {
        let request = self.request(HttpRequest::post(path)).header("bangtin-token", token).header("origin", self.origin);
        let request = request.body(Body::from(bytes.to_vec())).unwrap();
        self.send(request).await
    }

    /// The same person at another node.
    pub fn at<'b>(&self, node: &'b Node) -> Browser<'b> {
        Browser { node, cookies: self.cookies.clone(), origin: self.origin, headers: self.headers.clone() }
    }

    /// Sends a form with the token that the page at `from` carries.
    pub async fn submit(&mut self, from: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = hidden(&self.get(from).await.text(), "token");
        let fields = [fields, &[("token", token.as_str())]].concat();
        self.post(path, &fields).await
    }

    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.iter().find_map(|(known, value)| (known == name).then_some(value.as_str()))
    }

    pub async fn sign_in(&mut self, secret: &str, clock: &TestClock) -> Answer {
        let code = code(secret, clock);
        self.post("/office/sign-in", &[("email", EMAIL), ("passphrase", PASSPHRASE), ("code", &code)]).await
    }

    pub async fn is_in(&mut self) -> bool {
        self.get("/office").await.status == StatusCode::OK
    }
}

/// The value of a hidden field.
pub fn hidden(page: &str, name: &str) -> String {
    let field = format!("name=\"{name}\" value=\"");
    page.split(&field).nth(1).unwrap_or_else(|| panic!("no field {name}: {page}")).split('"').next().unwrap().to_owned()
}

pub fn code(secret: &str, clock: &TestClock) -> String {
    totp_code(secret, u64::try_from(clock.clock()() / 1_000_000).unwrap()).unwrap()
}

fn everywhere(roles: &[Role]) -> Vec<Grant> {
    roles.iter().map(|role| Grant { role: *role, reach: Reach::City }).collect()
}

pub async fn settle(node: &Node) {
    let head = node.app.log().head().await.unwrap().position;
    assert!(node.model.wait_for(head, Duration::from_secs(5)).await);
}

/// Invites a person; gives the account and the path of the invitation.
pub async fn invite(node: &Node, roles: &[Role]) -> (AccountId, String) {
    invite_with(node, everywhere(roles)).await
}

async fn invite_with(node: &Node, grants: Vec<Grant>) -> (AccountId, String) {
    let (account, secret) = node.app.invite(&Actor::local(), &Profile::default(), grants).await.unwrap();
    settle(node).await;
    (account, format!("/office/invitation/{secret}"))
}

/// Accepts an invitation as the page shows it. Gives the authenticator app's secret and the recovery codes.
pub async fn accept(browser: &mut Browser<'_>, path: &str, email: &str, clock: &TestClock) -> (String, Vec<String>) {
    let page = browser.get(path).await.text();
    let secret = page.split("otpauth://totp/").nth(1).unwrap().split("secret=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let fields = [("name", "Nguyễn Thị Thử"), ("email", email), ("passphrase", PASSPHRASE), ("code", &code(&secret, clock))];
    let answer = browser.post(path, &fields).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let codes = answer.text().split("<li class=\"code small\">").skip(1).map(|part| part.split('<').next().unwrap().to_owned()).collect();
    (secret, codes)
}

/// Somebody who has accepted an invitation and is signed in.
pub async fn signed_in<'a>(node: &'a Node, roles: &[Role], email: &str, clock: &TestClock) -> (Browser<'a>, AccountId) {
    granted(node, everywhere(roles), email, clock).await
}

/// The same with roles in some units only.
pub async fn granted<'a>(node: &'a Node, grants: Vec<Grant>, email: &str, clock: &TestClock) -> (Browser<'a>, AccountId) {
    let (account, path) = invite_with(node, grants).await;
    let mut browser = Browser::new(node);
    accept(&mut browser, &path, email, clock).await;
    (browser, account)
}

pub fn after(clock: &TestClock, duration: Duration) {
    let now = jiff::Timestamp::from_microsecond(clock.clock()()).unwrap();
    clock.set(&now.checked_add(jiff::SignedDuration::try_from(duration).unwrap()).unwrap().to_string());
}

async fn an_invited_person_sets_what_they_sign_in_with_and_signs_in(kind: Kind) {
    let (database, clock) = (Database::new(kind).await, TestClock::at(NOON));
    let node = Node::start(&database, &clock).await;
    let (account, path) = invite(&node, &[Role::Planner]).await;
    let mut browser = Browser::new(&node);
    let page = browser.get(&path).await;
    assert_eq!((page.status, page.header("cache-control")), (StatusCode::OK, "no-store"));
    assert_eq!((page.header("access-control-allow-origin"), page.header("referrer-policy")), ("", "same-origin"));
    assert!(page.text().contains("Người soạn quy hoạch"), "the role in words");
    for (fields, what) in [
        ([("name", "Thử"), ("email", EMAIL), ("passphrase", "ngắn quá"), ("code", "1")], "có 8 ký tự"),
        ([("name", "Thử"), ("email", EMAIL), ("passphrase", "passwordpassword"), ("code", "1")], "dễ đoán"),
        ([("name", "Thử"), ("email", EMAIL), ("passphrase", PASSPHRASE), ("code", "000000")], "Mã sáu số không đúng"),
        ([("name", ""), ("email", "thu"), ("passphrase", PASSPHRASE), ("code", "000000")], "Hãy ghi họ tên"),
    ] {
        let answer = browser.post(&path, &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text().contains(what), "{what}: {}", answer.text());
        assert!(!answer.text().contains(PASSPHRASE), "a passphrase is never shown again");
    }
    let (secret, codes) = accept(&mut browser, &path, EMAIL, &clock).await;
    assert_eq!(codes.len(), 10);
    assert!(browser.is_in().await, "signed in at once");
    let home = browser.get("/office").await.text();
    assert!(home.contains("Nguyễn Thị Thử") && home.contains("Người soạn quy hoạch – Toàn thành phố"), "{home}");
    // Another browser, the next code.
    after(&clock, Duration::from_secs(30));
    let mut other = Browser::new(&node);
    let away = other.get("/office/me").await;
    assert_eq!((away.status, away.header("location")), (StatusCode::SEE_OTHER, "/office/sign-in?back=/office/me"));
    let page = other.get(away.header("location")).await.text();
    assert!(page.contains("/office/sign-in?back=%2Foffice%2Fme&amp;lang=en"), "the other language leads back too: {page}");
    for (email, passphrase) in [(EMAIL, "con trâu gặm cỏ bên sông"), ("nobody@yenbai.gov.vn", PASSPHRASE), ("", "")] {
        let answer = other.post("/office/sign-in", &[("email", email), ("passphrase", passphrase), ("code", &code(&secret, &clock))]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert!(answer.text().contains("địa chỉ, cụm mật khẩu hoặc mã không đúng"), "nobody is told which");
    }
    let typed =
        [("email", "Thu.Nguyen@YENBAI.gov.vn "), ("passphrase", PASSPHRASE), ("code", &code(&secret, &clock)), ("back", "/office/me")];
    let answer = other.post("/office/sign-in", &typed).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/office/me"), "{}", answer.text());
    assert!(other.is_in().await);
    let first = other.cookie("__Host-bangtin").unwrap().to_owned();
    // Signing in again ends the session that this browser had.
    after(&clock, Duration::from_mins(1));
    other.sign_in(&secret, &clock).await;
    assert_ne!(other.cookie("__Host-bangtin").unwrap(), first);
    assert!(node.app.session(&first).await.unwrap().is_none());
    // The log knows an opaque id only.
    for event in node.app.log().read(0, 1_000).await.unwrap() {
        assert!(!event.event.payload.contains("yenbai.gov.vn") && !event.event.payload.contains("Nguyễn Thị Thử"));
    }
    assert!(node.app.accounts().await.unwrap().all[&account].is_active());
    // Nobody is led to another site.
    for back in ["https://evil.example/", "//evil.example/office", "/office\\..\\evil", "/officeevil", "/office/sign-out"] {
        after(&clock, Duration::from_mins(1));
        let mut fresh = Browser::new(&node);
        let fields = [("email", EMAIL), ("passphrase", PASSPHRASE), ("code", &code(&secret, &clock)), ("back", back)];
        assert_eq!(fresh.post("/office/sign-in", &fields).await.header("location"), "/office", "{back}");
    }
}

async fn an_invitation_is_used_once_and_is_over_after_48_hours(kind: Kind) {
    let (database, clock) = (Database::new(kind).await, TestClock::at(NOON));
    let node = Node::start(&database, &clock).await;
    let (account, path) = invite(&node, &[Role::Clerk]).await;
    let mut browser = Browser::new(&node);
    let (secret, _) = accept(&mut browser, &path, EMAIL, &clock).await;
    let again = Browser::new(&node).get(&path).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
    assert!(again.text().contains("đã được dùng"), "{}", again.text());
    // An address belongs to one account.
    let (_, second) = invite(&node, &[Role::Clerk]).await;
    let mut other = Browser::new(&node);
    let page = other.get(&second).await.text();
    let own = page.split("secret=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let fields = [("name", "Ai đó"), ("email", EMAIL), ("passphrase", PASSPHRASE), ("code", &code(&own, &clock))];
    let taken = other.post(&second, &fields).await;
    assert_eq!(taken.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(taken.text().contains("đã thuộc một tài khoản khác"));
    clock.set("2026-11-26T12:00:01+07:00");
    assert_eq!(Browser::new(&node).get(&second).await.status, StatusCode::CONFLICT, "over");
    // Invited again: what they signed in with is worth nothing, and every session has ended.
    let secret_again = node.app.invite_again(&Actor::local(), account).await.unwrap();
    settle(&node).await;
    assert!(!browser.is_in().await);
    assert_eq!(Browser::new(&node).sign_in(&secret, &clock).await.status, StatusCode::FORBIDDEN);
    let (fresh, _) = accept(&mut browser, &format!("/office/invitation/{secret_again}"), EMAIL, &clock).await;
    assert_ne!(fresh, secret, "another secret for the app");
    assert!(browser.is_in().await);
}

async fn a_code_and_a_recovery_code_are_used_once(kind: Kind) {
    let (database, clock) = (Database::new(kind).await, TestClock::at(NOON));
    let node = Node::start(&database, &clock).await;
    let (_, path) = invite(&node, &[Role::Planner]).await;
    let mut browser = Browser::new(&node);
    let (secret, codes) = accept(&mut browser, &path, EMAIL, &clock).await;
    let used = browser.sign_in(&secret, &clock).await;
    assert_eq!(used.status, StatusCode::FORBIDDEN);
    assert!(used.text().contains("vừa được dùng"), "the code of the invitation: {}", used.text());
    after(&clock, Duration::from_secs(30));
    // Two browsers with the same code at once: one of them is let in.
    let (mut one, mut two) = (Browser::new(&node), Browser::new(&node));
    let (first, second) = tokio::join!(one.sign_in(&secret, &clock), two.sign_in(&secret, &clock));
    let let_in = [&first, &second].iter().filter(|answer| answer.status == StatusCode::SEE_OTHER).count();
    assert_eq!(let_in, 1);
    let typed = codes[3].to_lowercase().replace('-', " ");
    let with = |code: &str| vec![("email", EMAIL.to_owned()), ("passphrase", PASSPHRASE.to_owned()), ("code", code.to_owned())];
    for (code, status) in [(&typed, StatusCode::SEE_OTHER), (&typed, StatusCode::FORBIDDEN), (&codes[4], StatusCode::SEE_OTHER)] {
        let fields = with(code);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(Browser::new(&node).post("/office/sign-in", &fields).await.status, status, "{code}");
    }
    settle(&node).await;
    assert!(one.is_in().await || two.is_in().await);
    let page = if one.is_in().await { one.get("/office/me").await } else { two.get("/office/me").await };
    assert!(page.text().contains("Số mã khôi phục còn lại: <b>8</b>"), "{}", page.text());
}

async fn a_session_ends_when_it_is_idle_old_or_signed_out(kind: Kind) {
    let (database, clock) = (Database::new(kind).await, TestClock::at(NOON));
    let node = Node::start(&database, &clock).await;
    let (account, path) = invite(&node, &[Role::Planner]).await;
    let mut browser = Browser::new(&node);
    let (secret, _) = accept(&mut browser, &path, EMAIL, &clock).await;
    after(&clock, Duration::from_mins(29));
    assert!(browser.is_in().await);
    after(&clock, Duration::from_mins(29));
    assert!(browser.is_in().await, "it was used");
    after(&clock, Duration::from_mins(31));
    assert!(!browser.is_in().await, "idle");
    browser.sign_in(&secret, &clock).await;
    for _ in 0..24 {
        after(&clock, Duration::from_mins(29));
        assert!(browser.is_in().await);
    }
    after(&clock, Duration::from_mins(25));
    assert!(!browser.is_in().await, "twelve hours, however much it was used");
    after(&clock, Duration::from_mins(1));
    browser.sign_in(&secret, &clock).await;
    let out = browser.submit("/office", "/office/sign-out", &[]).await;
    assert_eq!((out.status, out.header("location")), (StatusCode::SEE_OTHER, "/office/sign-in"));
    assert_eq!(out.header("clear-site-data"), "\"cache\"");
    assert!(!browser.is_in().await && browser.cookie("__Host-bangtin").is_none());
    // By an administrator.
    let (mut administrator, _) = signed_in(&node, &[Role::Administrator], "quan.tri@yenbai.gov.vn", &clock).await;
    after(&clock, Duration::from_mins(1));
    browser.sign_in(&secret, &clock).await;
    let page = format!("/office/accounts/{account}");
    assert!(administrator.get(&page).await.text().contains("Các phiên đang mở (1)"));
    administrator.submit(&page, &page, &[("do", "end-sessions")]).await;
    assert!(!browser.is_in().await && administrator.is_in().await);
    // Everywhere.
    let mut browsers = Vec::new();
    for _ in 0..3 {
        after(&clock, Duration::from_mins(1));
        let mut browser = Browser::new(&node);
        browser.sign_in(&secret, &clock).await;
        browsers.push(browser);
    }
    browsers[1].submit("/office/me", "/office/sign-out", &[("everywhere", "1")]).await;
    for browser in &mut browsers {
        assert!(!browser.is_in().await);
    }
}

async fn a_suspended_person_is_out_on_every_node_within_a_second(kind: Kind) {
    let (database, clock) = (Database::new(kind).await, TestClock::at(NOON));
    let node = Node::start(&database, &clock).await;
    let second = Node::start(&database, &clock).await;
    let (mut browser, account) = signed_in(&node, &[Role::Planner], EMAIL, &clock).await;
    let mut elsewhere = Browser { node: &second, cookies: browser.cookies.clone(), origin: "http://localhost", headers: Vec::new() };
    assert!(browser.is_in().await && elsewhere.is_in().await, "signed in on one node, at work on the other");
    node.app.suspend(&Actor::local(), account.clone(), true).await.unwrap();
    let head = node.app.log().head().await.unwrap().position;
    assert!(second.model.wait_for(head, Duration::from_secs(1)).await && node.model.wait_for(head, Duration::from_secs(1)).await);
    assert!(!browser.is_in().await && !elsewhere.is_in().await);
    node.app.suspend(&Actor::local(), account, false).await.unwrap();
    settle(&node).await;
    assert!(!browser.is_in().await, "a session that ended stays ended");
}

async fn changed_rights_hold_at_once_and_renew_the_session(kind: Kind) {
    let (database, clock) = (Database::new(kind).await, TestClock::at(NOON));
    let node = Node::start(&database, &clock).await;
    let (mut browser, account) = signed_in(&node, &[Role::Planner], EMAIL, &clock).await;
    assert_eq!(browser.get("/office/accounts").await.status, StatusCode::FORBIDDEN);
    let before = browser.cookie("__Host-bangtin").unwrap().to_owned();
    node.app.grant(&Actor::local(), account, everywhere(&[Role::Administrator])).await.unwrap();
    settle(&node).await;
    assert_eq!(browser.get("/office/accounts").await.status, StatusCode::OK);
    let renewed = browser.cookie("__Host-bangtin").unwrap().to_owned();
    assert_ne!(before, renewed);
    assert!(browser.is_in().await);
    browser.cookies = vec![("__Host-bangtin".into(), before)];
    assert!(!browser.is_in().await, "the old secret is worth nothing");
}

async fn no_other_site_sends_a_form_in_a_persons_name(kind: Kind) {
    let (database, clock) = (Database::new(kind).await, TestClock::at(NOON));
    let node = Node::start(&database, &clock).await;
    let (mut browser, _) = signed_in(&node, &[Role::Administrator], EMAIL, &clock).await;
    let invite: &[(&str, &str)] = &[("role", "administrator"), ("reach-administrator", "city")];
    let token = hidden(&browser.get("/office/accounts").await.text(), "token");
    let count = || async { node.app.accounts().await.unwrap().all.len() };
    let full = [invite, &[("token", token.as_str())]].concat();
    for origin in ["https://evil.example", "null", "http://localhost.evil.example", "http://localhost:81"] {
        browser.origin = origin;
        assert_eq!(browser.post("/office/accounts", &full).await.status, StatusCode::FORBIDDEN, "{origin}");
    }
    browser.origin = "http://localhost";
    browser.headers = vec![("sec-fetch-site", "same-site".into())];
    assert_eq!(browser.post("/office/accounts", &full).await.status, StatusCode::FORBIDDEN);
    browser.headers.clear();
    for token in ["", "0123456789abcdef0123456789abcdef"] {
        let fields = [invite, &[("token", token)]].concat();
        assert_eq!(browser.post("/office/accounts", &fields).await.status, StatusCode::FORBIDDEN);
    }
    // The token of another person's page.
    let (mut other, _) = signed_in(&node, &[Role::Administrator], "khac@yenbai.gov.vn", &clock).await;
    assert_eq!(other.post("/office/accounts", &full).await.status, StatusCode::FORBIDDEN);
    assert_eq!(count().await, 2);
    // A proxy that names itself as the host: the page was at the public address.
    browser.origin = "https://bangtin.example";
    let invited = browser.post("/office/accounts", &full).await;
    assert_eq!((invited.status, count().await), (StatusCode::OK, 3));
    assert!(invited.text().contains("https://bangtin.example/office/invitation/"));
    // A session that an attacker put into the browser is not taken over by signing in.
    let planted = browser.cookie("__Host-bangtin").unwrap().to_owned();
    let mut victim = Browser::new(&node);
    victim.cookies.push(("__Host-bangtin".into(), planted.clone()));
    let (_, path) = { invite_planner(&node).await };
    accept(&mut victim, &path, "nan.nhan@yenbai.gov.vn", &clock).await;
    assert_ne!(victim.cookie("__Host-bangtin").unwrap(), planted);
}

async fn invite_planner(node: &Node) -> (AccountId, String) {
    invite(node, &[Role::Planner]).await
}

async fn a_strangers_tries_do_not_lock_a_person_out(kind: Kind) {
    let (database, clock) = (Database::new(kind).await, TestClock::at(NOON));
    let limits = Limits { proxies: Proxies::all(), ..Limits::default() };
    let node = Node::start_with(&database, &clock, limits).await;
    let from = |address: &str| vec![("x-forwarded-proto", "https".to_owned()), ("x-forwarded-for", address.to_owned())];
    let (_, path) = invite(&node, &[Role::Planner]).await;
    let mut person = Browser::new(&node);
    person.headers = from("203.0.113.7");
    let (secret, _) = accept(&mut person, &path, EMAIL, &clock).await;
    after(&clock, Duration::from_mins(1));
    assert_eq!(person.sign_in(&secret, &clock).await.status, StatusCode::SEE_OTHER);
    // Tries from many networks use up what unknown browsers have.
    let mut stopped = 0;
    for n in 0..40 {
        let mut stranger = Browser::new(&node);
        stranger.headers = from(&format!("198.51.{n}.9"));
        let answer = stranger.post("/office/sign-in", &[("email", EMAIL), ("passphrase", "đoán mò một câu"), ("code", "123456")]).await;
        stopped += usize::from(answer.status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!(stopped, 32, "eight tries");
    after(&clock, Duration::from_mins(1));
    let mut elsewhere = Browser::new(&node);
    elsewhere.headers = from("192.0.2.1");
    assert_eq!(elsewhere.sign_in(&secret, &clock).await.status, StatusCode::TOO_MANY_REQUESTS, "a browser that nobody knows");
    after(&clock, Duration::from_secs(30));
    assert_eq!(person.sign_in(&secret, &clock).await.status, StatusCode::SEE_OTHER, "the person's own browser");
    // A mark of somebody's own making is not believed.
    let mut liar = Browser::new(&node);
    liar.headers = from("192.0.2.2");
    liar.cookies.push(("__Host-bangtin-browser".into(), format!("{}.{}", "ab".repeat(16), "cd".repeat(32))));
    assert_eq!(liar.sign_in(&secret, &clock).await.status, StatusCode::TOO_MANY_REQUESTS);
}

async fn over_plain_http_nobody_signs_in(kind: Kind) {
    let (database, clock) = (Database::new(kind).await, TestClock::at(NOON));
    let node = Node::start(&database, &clock).await;
    let (_, path) = invite(&node, &[Role::Planner]).await;
    for address in ["/office/sign-in", path.as_str()] {
        let ask = async |host: &str, proto: &str| {
            node.get_with(address, &[("host", host), ("accept", "text/html"), ("x-forwarded-proto", proto)]).await
        };
        assert_eq!(ask("bangtin.example", "http").await.status, StatusCode::FORBIDDEN);
        let lied = ask("bangtin.example", "https").await;
        assert_eq!(lied.status, StatusCode::FORBIDDEN, "no proxy stands in front");
        assert!(lied.text().contains("Chỉ đăng nhập qua HTTPS"), "{}", lied.text());
        for host in ["localhost", "localhost:8080", "127.0.0.1:8080", "[::1]:8080"] {
            assert_eq!(ask(host, "http").await.status, StatusCode::OK, "{host}");
        }
    }
    let behind = Node::start_with(&database, &clock, Limits { proxies: Proxies::all(), ..Limits::default() }).await;
    let ask = async |proto: &str| {
        behind.get_with("/office/sign-in", &[("host", "bangtin.example"), ("accept", "text/html"), ("x-forwarded-proto", proto)]).await
    };
    assert_eq!(ask("https").await.status, StatusCode::OK);
    assert_eq!(ask("https, http").await.status, StatusCode::FORBIDDEN, "the last proxy got it in plain");
}

#[expect(clippy::too_many_lines, reason = "a table")]
async fn every_address_is_open_to_its_roles_only(kind: Kind) {
    let (database, clock) = (Database::new(kind).await, TestClock::at(NOON));
    let node = Node::start(&database, &clock).await;
    let (_, administrator) = signed_in(&node, &[Role::Administrator], "quan.tri@yenbai.gov.vn", &clock).await;
    let account = format!("/office/accounts/{administrator}");
    let only = |roles: &'static [Role]| move |role: Role| roles.contains(&role);
    let all = |_: Role| true;
    type May<'a> = &'a dyn Fn(Role) -> bool;
    let table: [(&str, &str, May<'_>); 80] = [
        ("GET", "/office/plans/new", &only(&[Role::Planner])),
        ("POST", "/office/plans/new", &only(&[Role::Planner])),
        ("GET", "/office/deadlines", &all),
        ("GET", "/office/points", &only(&[Role::Health, Role::Campaign, Role::Clerk])),
        ("POST", "/office/points", &only(&[Role::Health, Role::Campaign, Role::Clerk])),
        ("GET", "/office/points/new", &only(&[Role::Health, Role::Campaign, Role::Clerk])),
        ("POST", "/office/points/new", &only(&[Role::Health, Role::Campaign, Role::Clerk])),
        ("GET", "/office/points/list.csv", &only(&[Role::Health, Role::Campaign, Role::Clerk])),
        ("POST", "/office/points/lists", &only(&[Role::Health, Role::Campaign, Role::Clerk])),
        ("GET", "/office/points/lists/0000", &only(&[Role::Health, Role::Campaign, Role::Clerk])),
        ("POST", "/office/points/lists/0000", &only(&[Role::Health, Role::Campaign, Role::Clerk])),
        ("GET", "/office/points/TYT00001B", &only(&[Role::Health, Role::Campaign, Role::Clerk])),
        ("POST", "/office/points/TYT00001B", &only(&[Role::Health, Role::Campaign, Role::Clerk])),
        ("GET", "/office/campaigns", &only(&[Role::Campaign])),
        ("GET", "/office/campaigns/new", &only(&[Role::Campaign])),
        ("POST", "/office/campaigns/new", &only(&[Role::Campaign])),
        ("GET", "/office/campaigns/NKTM20267", &only(&[Role::Campaign])),
        ("POST", "/office/campaigns/NKTM20267", &only(&[Role::Campaign])),
        ("GET", "/office/indicators/CTKS22176", &only(&[Role::Campaign])),
        ("POST", "/office/indicators/CTKS22176", &only(&[Role::Campaign])),
        ("GET", "/office/indicators/new", &only(&[Role::Campaign])),
        ("POST", "/office/indicators/new", &only(&[Role::Campaign])),
        ("GET", "/office/indicators/CTKS22176/edit", &only(&[Role::Campaign])),
        ("POST", "/office/indicators/CTKS22176/edit", &only(&[Role::Campaign])),
        ("GET", "/office/indicators/CTKS22176/sheet.xlsx", &only(&[Role::Campaign])),
        ("GET", "/office/merchants/CHHA00016", &only(&[Role::Campaign, Role::Clerk])),
        ("POST", "/office/merchants/CHHA00016", &only(&[Role::Campaign, Role::Clerk])),
        ("GET", "/office/desk", &only(&[Role::Clerk, Role::Planner])),
        ("GET", "/office/desk/k-00", &only(&[Role::Clerk, Role::Planner])),
        ("POST", "/office/desk/k-00", &only(&[Role::Clerk, Role::Planner])),
        ("GET", "/office/services", &only(&[Role::Campaign])),
        ("GET", "/office/services/new", &only(&[Role::Campaign])),
        ("POST", "/office/services/new", &only(&[Role::Campaign])),
        ("GET", "/office/services/DVDN0001Y", &only(&[Role::Campaign])),
        ("POST", "/office/services/DVDN0001Y", &only(&[Role::Campaign])),
        ("GET", "/office/duty", &only(&[Role::Health])),
        ("POST", "/office/duty", &only(&[Role::Health])),
        ("GET", "/office/reports", &only(&[Role::Clerk])),
        ("POST", "/office/reports", &only(&[Role::Clerk])),
        ("GET", "/office/reports/0000/photo", &only(&[Role::Clerk])),
        ("GET", "/office/scans", &all),
        ("GET", "/office/audit", &only(&[Role::Administrator])),
        ("GET", "/office/boards/0000", &all),
        ("POST", "/office/boards/0000", &all),
        ("GET", "/office/items", &all),
        ("GET", "/office/items/QHSDD21AG", &all),
        ("POST", "/office/items/QHSDD21AG", &all),
        ("POST", "/office/uploads", &only(&[Role::Planner])),
        ("GET", "/office/uploads/0000", &only(&[Role::Planner])),
        ("POST", "/office/uploads/0000/0", &only(&[Role::Planner])),
        ("GET", "/office/imports/0000", &only(&[Role::Planner])),
        ("POST", "/office/imports/0000", &only(&[Role::Planner])),
        ("GET", "/office/imports/0000/report", &only(&[Role::Planner])),
        ("GET", "/office/imports/0000/documents/00", &only(&[Role::Planner])),
        ("GET", "/office/imports/0000/map", &only(&[Role::Planner])),
        ("GET", "/office/imports/0000/zones", &only(&[Role::Planner])),
        ("POST", "/office/seconds/QHSDD21AG", &all),
        ("GET", "/office", &all),
        ("GET", "/office/proposals", &all),
        ("POST", "/office/proposals/QHSDD21AG", &all),
        ("GET", "/office/proposals/QHSDD21AG", &all),
        ("GET", "/office/proposals/QHSDD21AG/preview", &all),
        ("GET", "/office/proposals/QHSDD21AG/map", &all),
        ("GET", "/office/proposals/QHSDD21AG/zones", &all),
        ("GET", "/office/proposals/QHSDD21AG/report", &all),
        ("GET", "/office/proposals/QHSDD21AG/poster.pdf", &all),
        ("GET", "/office/proposals/QHSDD21AG/documents/00", &all),
        ("GET", "/office/me", &all),
        ("POST", "/office/me", &all),
        ("POST", "/office/me/passkeys", &all),
        ("POST", "/office/me/passkeys/asked", &all),
        ("GET", "/office/city", &only(&[Role::Administrator])),
        ("POST", "/office/city", &only(&[Role::Administrator])),
        ("GET", "/office/tokens", &only(&[Role::Administrator])),
        ("POST", "/office/tokens", &only(&[Role::Administrator])),
        ("GET", "/office/accounts", &only(&[Role::Administrator])),
        ("POST", "/office/accounts", &only(&[Role::Administrator])),
        ("GET", &account, &only(&[Role::Administrator])),
        ("POST", &account, &only(&[Role::Administrator])),
        ("POST", "/office/sign-out", &all),
    ];
    // For whoever has not signed in yet.
    let doors = ["/office/sign-in", "/office/invitation/", "/office/passkeys", "/office/oidc/"];
    for (method, route) in office_addresses() {
        let is_door = doors.iter().any(|door| route.starts_with(door));
        let fits = |path: &str| {
            let (route, path): (Vec<&str>, Vec<&str>) = (route.split('/').collect(), path.split('/').collect());
            route.len() == path.len() && route.iter().zip(&path).all(|(part, given)| part.starts_with('{') || part == given)
        };
        assert!(is_door || table.iter().any(|(known, path, _)| *known == method && fits(path)), "{method} {route} is not in the table");
    }
    for (n, role) in Role::OF_PEOPLE.into_iter().enumerate() {
        let (mut browser, _) = signed_in(&node, &[role], &format!("nguoi{n}@yenbai.gov.vn"), &clock).await;
        let token = hidden(&browser.get("/office/me").await.text(), "token");
        for (method, path, may) in &table {
            let answer = match (*method, path.ends_with("/0")) {
                ("GET", _) => browser.get(path).await,
                (_, true) => browser.piece(path, &token, b"x").await,
                _ => browser.post(path, &[("token", &token)]).await,
            };
            let is_refused = answer.status == StatusCode::FORBIDDEN && !answer.text().contains("Cụm mật khẩu hiện tại");
            assert_eq!(is_refused, !may(role), "{role:?} {method} {path}: {}", answer.status);
        }
    }
    for (method, path, _) in &table {
        let mut nobody = Browser::new(&node);
        let answer = if *method == "GET" { nobody.get(path).await } else { nobody.post(path, &[]).await };
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
        assert!(answer.header("location").starts_with("/office/sign-in?"), "{path}");
        assert_eq!((answer.header("cache-control"), answer.header("access-control-allow-origin")), ("no-store", ""), "{path}");
    }
}

async fn credentials_are_in_backups_and_in_no_export_and_a_restore_ends_sessions(kind: Kind) {
    let (database, clock) = (Database::new(kind).await, TestClock::at(NOON));
    let node = Node::start(&database, &clock).await;
    let (_, path) = invite(&node, &[Role::Planner]).await;
    let mut browser = Browser::new(&node);
    let (secret, _) = accept(&mut browser, &path, EMAIL, &clock).await;
    for (vault, name) in [(false, "export"), (true, "backup")] {
        node.dump(vault, &database.path(name)).await;
        let text = std::fs::read_to_string(database.path(name)).unwrap();
        assert_eq!(text.contains("credentials/a-"), vault, "{name}");
        assert!(!text.contains(EMAIL) && !text.contains(&secret) && !text.contains(browser.cookie("__Host-bangtin").unwrap()), "{name}");
        assert!(!text.contains("sessions"), "{name}");
    }
    if kind == Kind::Sqlite {
        assert!(files_with(database.path("").as_path(), EMAIL).is_empty(), "the address is nowhere in clear");
        assert!(files_with(database.path("").as_path(), browser.cookie("__Host-bangtin").unwrap()).is_empty(), "nor a session's secret");
    }
    let restored = Database::new(kind).await;
    let fresh = restored.open_at(&clock).await;
    let mut reader = Reader::new(std::io::BufReader::new(std::fs::File::open(database.path("backup")).unwrap()));
    fresh.load(Box::new(move || reader.next_record())).await.unwrap();
    drop(fresh);
    let again = Node::start(&restored, &clock).await;
    let mut returning = Browser { node: &again, cookies: browser.cookies.clone(), origin: "http://localhost", headers: Vec::new() };
    assert!(!returning.is_in().await, "the session has ended");
    after(&clock, Duration::from_mins(1));
    assert_eq!(returning.sign_in(&secret, &clock).await.status, StatusCode::SEE_OTHER, "the credentials are there");
}

async fn a_passphrase_is_changed_and_other_sessions_end(kind: Kind) {
    let (database, clock) = (Database::new(kind).await, TestClock::at(NOON));
    let node = Node::start(&database, &clock).await;
    let (_, path) = invite(&node, &[Role::Planner]).await;
    let mut browser = Browser::new(&node);
    let (secret, _) = accept(&mut browser, &path, EMAIL, &clock).await;
    after(&clock, Duration::from_mins(1));
    let mut other = Browser::new(&node);
    other.sign_in(&secret, &clock).await;
    assert!(other.is_in().await);
    // One session alone, with the passphrase.
    let page = browser.get("/office/me").await.text();
    let session = hidden(&page, "session");
    let wrong = browser.submit("/office/me", "/office/me", &[("session", &session), ("current", "sai rồi nhé bạn ơi")]).await;
    assert!(wrong.status == StatusCode::UNPROCESSABLE_ENTITY && other.is_in().await);
    let ended = browser.submit("/office/me", "/office/me", &[("session", &session), ("current", PASSPHRASE)]).await;
    assert_eq!(ended.status, StatusCode::SEE_OTHER);
    assert!(browser.is_in().await && !other.is_in().await);
    after(&clock, Duration::from_mins(1));
    other.sign_in(&secret, &clock).await;
    let new = "mười hai con giáp leo núi";
    for (current, passphrase, what) in [
        ("sai rồi nhé bạn ơi", new, "hiện tại không đúng"),
        (PASSPHRASE, "ngắn", "cần ít nhất 12"),
        (PASSPHRASE, "aaaaaaaaaaaaa", "dễ đoán"),
    ] {
        let answer = browser.submit("/office/me", "/office/me", &[("current", current), ("passphrase", passphrase)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text().contains(what), "{what}");
    }
    let done = browser.submit("/office/me", "/office/me", &[("current", PASSPHRASE), ("passphrase", new)]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert!(browser.is_in().await && !other.is_in().await);
    after(&clock, Duration::from_mins(1));
    assert_eq!(other.sign_in(&secret, &clock).await.status, StatusCode::FORBIDDEN, "the old one");
    let fields = [("email", EMAIL), ("passphrase", new), ("code", &code(&secret, &clock))];
    assert_eq!(other.post("/office/sign-in", &fields).await.status, StatusCode::SEE_OTHER);
}
