//! Passkeys, with a device made of a key and a counter, and what a liar would send. A real browser's are in `clients.rs`.

use std::time::Duration;

use axum::http::StatusCode;
use bangtin::domain::Digest;
use bangtin::domain::access::{AccountId, Actor, Role};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};

use crate::office::{Browser, PASSPHRASE, after, hidden, invite, settle, signed_in};
use crate::on_both_databases;
use crate::process::run;
use crate::support::{Kind, demo};

on_both_databases!(
    a_person_adds_a_passkey_signs_in_with_it_and_removes_it,
    what_no_device_of_the_person_gave_signs_nobody_in,
    an_invitation_is_accepted_with_a_passkey_and_without_an_app,
    a_new_public_address_says_that_passkeys_end,
);

const UP: u8 = 1;
const UV: u8 = 4;

fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A device with one passkey.
#[derive(Clone)]
struct Device {
    key: SigningKey,
    id: Vec<u8>,
    handle: Vec<u8>,
    counter: u32,
    flags: u8,
    origin: String,
    host: String,
    kind: Option<&'static str>,
}

impl Device {
    fn new(seed: u8) -> Self {
        Self {
            key: SigningKey::from_bytes(&[seed; 32].into()).unwrap(),
            id: vec![seed; 16],
            handle: Vec::new(),
            counter: 0,
            flags: UP | UV,
            origin: "https://bangtin.example".into(),
            host: "bangtin.example".into(),
            kind: None,
        }
    }

    fn client_data(&self, kind: &str, options: &Value) -> String {
        let kind = self.kind.unwrap_or(kind);
        json!({ "type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": false }).to_string()
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        [Digest::of(self.host.as_bytes()).0.as_slice(), &[flags], &self.counter.to_be_bytes()].concat()
    }

    /// What it gives to `navigator.credentials.create`.
    fn create(&mut self, options: &Value) -> String {
        self.handle = URL_SAFE_NO_PAD.decode(options["user"]["id"].as_str().unwrap()).unwrap();
        let point = self.key.verifying_key().to_encoded_point(false);
        // COSE_Key of ES256 (RFC 9052 §7): kty 2, alg -7, crv 1, x, y.
        let cose =
            [&[0xA5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32][..], point.x().unwrap(), &[0x22, 0x58, 32], point.y().unwrap()].concat();
        let mut data = self.data(self.flags | 0x40);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        data.extend(cose);
        // {"fmt": "none", "attStmt": {}, "authData": …} in CBOR.
        let mut attestation = b"\xA3\x63fmt\x64none\x67attStmt\xA0\x68authData\x58".to_vec();
        attestation.push(u8::try_from(data.len()).unwrap());
        attestation.extend(data);
        let client = self.client_data("webauthn.create", options);
        json!({ "id": base64url(&self.id), "transports": ["internal"], "attestationObject": base64url(attestation), "clientDataJSON": base64url(client) })
            .to_string()
    }

    /// What it gives to `navigator.credentials.get`.
    fn get(&mut self, options: &Value) -> String {
        let (data, client) = (self.data(self.flags), self.client_data("webauthn.get", options));
        let signed = [data.as_slice(), &Digest::of(client.as_bytes()).0].concat();
        let signature: Signature = self.key.sign(&signed);
        json!({ "id": base64url(&self.id), "authenticatorData": base64url(data), "signature": base64url(signature.to_der()),
                "clientDataJSON": base64url(client), "userHandle": base64url(&self.handle) })
        .to_string()
    }
}

async fn asked(browser: &mut Browser<'_>, path: &str, fields: &[(&str, &str)]) -> (String, Value) {
    let answer = browser.post(path, fields).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let body = answer.json();
    (body["asked"].as_str().unwrap().to_owned(), body["options"].clone())
}

/// Adds the device's passkey to the account of whoever is signed in.
async fn add(browser: &mut Browser<'_>, device: &mut Device) {
    let token = hidden(&browser.get("/office/me").await.text(), "token");
    let (id, options) = asked(browser, "/office/me/passkeys/asked", &[("token", &token)]).await;
    assert_eq!(
        (&options["rp"]["id"], &options["authenticatorSelection"]["userVerification"]),
        (&json!("bangtin.example"), &json!("required"))
    );
    let passkey = device.create(&options);
    let fields = [("asked", id.as_str()), ("passkey", &passkey), ("label", "Máy cơ quan"), ("current", PASSPHRASE)];
    let added = browser.submit("/office/me", "/office/me/passkeys", &fields).await;
    assert_eq!(added.status, StatusCode::SEE_OTHER, "{}", added.text());
}

/// Signs in with what the device gives; the status of the answer.
async fn sign_in(browser: &mut Browser<'_>, device: &mut Device) -> StatusCode {
    let (id, options) = asked(browser, "/office/passkeys/asked", &[]).await;
    let passkey = device.get(&options);
    browser.post("/office/passkeys", &[("asked", &id), ("passkey", &passkey), ("back", "/office/proposals")]).await.status
}

async fn a_person_adds_a_passkey_signs_in_with_it_and_removes_it(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (mut person, _) = signed_in(&node, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    let mut device = Device::new(7);
    // The passphrase is asked for again.
    let wrong = person.submit("/office/me", "/office/me/passkeys", &[("current", "không phải"), ("passkey", "{}")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    add(&mut person, &mut device).await;
    let page = person.get("/office/me").await.text();
    assert!(page.contains("Máy cơ quan") && page.contains("/assets/passkey.js"), "{page}");
    // On another browser, without an address, a passphrase or a code.
    let mut other = Browser::new(&node);
    let page = other.get("/office/sign-in").await;
    assert!(page.text().contains("data-passkey=\"get\"") && page.header("content-security-policy").contains("script-src 'self'"));
    let (id, options) = asked(&mut other, "/office/passkeys/asked", &[]).await;
    let passkey = device.get(&options);
    let fields = [("asked", id.as_str()), ("passkey", &passkey), ("back", "/office/proposals")];
    let answer = other.post("/office/passkeys", &fields).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/office/proposals"), "{}", answer.text());
    assert_eq!(other.get("/office/proposals").await.status, StatusCode::OK);
    assert_eq!(other.post("/office/passkeys", &fields).await.status, StatusCode::FORBIDDEN, "once");
    // Without it nobody comes in by it.
    let id = base64url(&device.id);
    let removed = person.submit("/office/me", "/office/me/passkeys", &[("remove", &id), ("current", PASSPHRASE)]).await;
    assert_eq!(removed.status, StatusCode::SEE_OTHER, "{}", removed.text());
    assert_eq!(sign_in(&mut Browser::new(&node), &mut device).await, StatusCode::FORBIDDEN);
    assert_eq!(other.get("/office").await.status, StatusCode::SEE_OTHER, "whoever had come in by it is out");
    assert_eq!(person.get("/office").await.status, StatusCode::OK);
}

async fn what_no_device_of_the_person_gave_signs_nobody_in(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (mut an, an_id) = signed_in(&node, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    let (mut binh, _) = signed_in(&node, &[Role::Approver], "binh@yenbai.gov.vn", &clock).await;
    let (mut device, mut other) = (Device::new(7), Device::new(9));
    add(&mut an, &mut device).await;
    add(&mut binh, &mut other).await;
    type Lie = fn(&mut Device);
    let liars: [(&str, Lie); 9] = [
        ("from another site", |device| device.origin = "https://bangtin.example.attacker.test".into()),
        ("from the site without TLS", |device| device.origin = "http://bangtin.example".into()),
        ("for another host", |device| device.host = "attacker.test".into()),
        ("of another kind", |device| device.kind = Some("webauthn.create")),
        ("nobody was there", |device| device.flags = UV),
        ("the device knew nobody", |device| device.flags = UP),
        ("another key", |device| device.key = SigningKey::from_bytes(&[8; 32].into()).unwrap()),
        ("of an unknown passkey", |device| device.id = vec![1; 16]),
        ("of an unknown person", |device| device.handle = b"a-0000000000000000".to_vec()),
    ];
    for (what, change) in liars {
        let mut liar = device.clone();
        change(&mut liar);
        let mut browser = Browser::new(&node);
        assert_eq!(sign_in(&mut browser, &mut liar).await, StatusCode::FORBIDDEN, "{what}");
        assert_eq!(browser.get("/office").await.status, StatusCode::SEE_OTHER, "{what}");
        after(&clock, Duration::from_mins(1));
    }
    // One's own passkey in another person's name.
    let mut thief = other.clone();
    thief.handle.clone_from(&device.handle);
    assert_eq!(sign_in(&mut Browser::new(&node), &mut thief).await, StatusCode::FORBIDDEN);
    after(&clock, Duration::from_mins(1));
    // Another question's answer, and a question that was asked for something else.
    let mut browser = Browser::new(&node);
    let (first, _) = asked(&mut browser, "/office/passkeys/asked", &[]).await;
    let (_, second) = asked(&mut browser, "/office/passkeys/asked", &[]).await;
    let answer = device.get(&second);
    assert_eq!(browser.post("/office/passkeys", &[("asked", &first), ("passkey", &answer)]).await.status, StatusCode::FORBIDDEN);
    let token = hidden(&an.get("/office/me").await.text(), "token");
    let (own, options) = asked(&mut an, "/office/me/passkeys/asked", &[("token", &token)]).await;
    let answer = device.get(&options);
    for id in [own.clone(), format!("../passkey-new/{an_id}/{own}")] {
        assert_eq!(browser.post("/office/passkeys", &[("asked", &id), ("passkey", &answer)]).await.status, StatusCode::FORBIDDEN);
    }
    after(&clock, Duration::from_mins(1));
    // An answer that comes too late.
    let (id, options) = asked(&mut browser, "/office/passkeys/asked", &[]).await;
    let answer = device.get(&options);
    after(&clock, Duration::from_mins(6));
    assert_eq!(browser.post("/office/passkeys", &[("asked", &id), ("passkey", &answer)]).await.status, StatusCode::FORBIDDEN);
    // A copy of a device that counts.
    device.counter = 5;
    assert_eq!(sign_in(&mut browser, &mut device).await, StatusCode::SEE_OTHER);
    let mut copy = device.clone();
    assert_eq!(sign_in(&mut Browser::new(&node), &mut copy).await, StatusCode::FORBIDDEN, "the same number again");
    // Somebody who is kept out.
    node.app.suspend(&Actor::local(), AccountId(an_id.to_string()), true).await.unwrap();
    settle(&node).await;
    device.counter = 9;
    assert_eq!(sign_in(&mut Browser::new(&node), &mut device).await, StatusCode::FORBIDDEN);
}

async fn an_invitation_is_accepted_with_a_passkey_and_without_an_app(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (_, path) = invite(&node, &[Role::Clerk]).await;
    let (mut browser, mut device) = (Browser::new(&node), Device::new(7));
    assert!(browser.get(&path).await.text().contains("data-passkey=\"instead\""));
    let (id, options) = asked(&mut browser, &format!("{path}/passkey"), &[("name", "Trần Chi"), ("email", "chi@yenbai.gov.vn")]).await;
    let passkey = device.create(&options);
    let fields = [
        ("name", "Trần Chi"),
        ("email", "chi@yenbai.gov.vn"),
        ("passphrase", PASSPHRASE),
        ("code", ""),
        ("asked", &id),
        ("passkey", &passkey),
    ];
    let accepted = browser.post(&path, &fields).await;
    assert!(accepted.status == StatusCode::OK && accepted.text().contains("Mười mã khôi phục"), "{}", accepted.text());
    settle(&node).await;
    assert_eq!(sign_in(&mut Browser::new(&node), &mut device).await, StatusCode::SEE_OTHER);
    clock.set("2026-11-24T05:01:00Z");
    // It is the only second factor, so it stays.
    let id = base64url(&device.id);
    let kept = browser.submit("/office/me", "/office/me/passkeys", &[("remove", &id), ("current", PASSPHRASE)]).await;
    assert_eq!(kept.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", kept.text());
    assert!(kept.text().contains("cách xác nhận thứ hai duy nhất"));
}

async fn a_new_public_address_says_that_passkeys_end(kind: Kind) {
    let (database, clock, node) = demo(kind).await;
    let (mut person, _) = signed_in(&node, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    add(&mut person, &mut Device::new(7)).await;
    drop(node);
    // The key of the tests' vault.
    std::fs::create_dir_all(database.path("data")).unwrap();
    std::fs::write(database.path("data").join("vault.key"), "07".repeat(32)).unwrap();
    let said = |address: &str| {
        let arguments = ["city", "set", "--public-url", address];
        let output = tokio::task::block_in_place(|| run(&database.path("data"), Some(&database.url), &arguments));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(!said("https://bangtin.example:8443").contains("passkeys"), "the same host");
    assert!(said("https://bangtin.yenbai.example").contains("1 passkeys were made for bangtin.example"));
}
