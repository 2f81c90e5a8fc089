//! Signing in at a provider, against one that lies. Honest ones of other hands are in `providers.rs`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bangtin::credentials::oidc::settings;
use bangtin::domain::access::{AccountId, Actor, Role};
use bangtin::domain::{Digest, account::AccountState};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::office::{Browser, after, invite, settle, signed_in};
use crate::on_both_databases;
use crate::support::{Answer, Kind, Node, TestClock, demo, files_with};

on_both_databases!(
    a_person_whom_an_administrator_tied_signs_in_and_out_at_a_provider,
    what_a_provider_cannot_have_vouched_for_signs_nobody_in,
    what_another_browser_or_provider_brings_signs_nobody_in,
    an_address_or_a_planted_cookie_proves_nothing_and_nobody_is_led_to_another_site,
    a_provider_narrows_what_a_person_may_do_and_never_adds_to_it,
    a_code_ties_one_identity_to_one_account,
    without_the_provider_people_sign_in_here,
    an_identity_goes_with_the_person_who_is_erased,
);

const CLIENT: &str = "bangtin";
/// Its `&` and `%` show whether the header is encoded as RFC 6749 §2.3.1 wants it.
const SECRET: &str = "a secret of 32 letters, & 100 % !";

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32].into()).unwrap()
}

fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn jwk(key: &SigningKey, kid: &str) -> Value {
    let point = key.verifying_key().to_encoded_point(false);
    json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": kid,
            "x": base64url(point.x().unwrap()), "y": base64url(point.y().unwrap()) })
}

/// A token that a key has signed.
fn signed(header: &Value, claims: &Value, key: &SigningKey) -> String {
    let text = format!("{}.{}", base64url(header.to_string()), base64url(claims.to_string()));
    let signature: Signature = key.sign(text.as_bytes());
    format!("{text}.{}", base64url(signature.to_bytes()))
}

fn with_hmac(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let text = format!("{}.{}", base64url(header.to_string()), base64url(claims.to_string()));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    mac.update(text.as_bytes());
    format!("{text}.{}", base64url(mac.finalize().into_bytes()))
}

/// What a provider says at its four addresses.
#[derive(Clone)]
struct Said {
    discovery: Value,
    keys: Value,
    /// Claims of the next token; its nonce is what was asked for.
    claims: Value,
    header: Value,
    user_info: Value,
    /// In place of the signed token.
    token: Option<String>,
    /// In place of the answer with the token.
    answer: Option<(u16, &'static str, String)>,
    /// Signs tokens.
    signer: u8,
    /// The codes that it gave: challenge and way back.
    codes: BTreeMap<String, (String, String)>,
}

/// A provider that can be made to lie.
struct Provider {
    address: String,
    said: Arc<Mutex<Said>>,
}

fn json(value: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

async fn token(State(said): State<Arc<Mutex<Said>>>, headers: HeaderMap, form: String) -> Response {
    let form: openidconnect::url::Url = format!("form:?{form}").parse().unwrap();
    let form: BTreeMap<String, String> = form.query_pairs().into_owned().collect();
    let mut said = said.lock().unwrap();
    if let Some((status, kind, body)) = said.answer.clone() {
        let location = if (300..400).contains(&status) { body.clone() } else { String::new() };
        return (StatusCode::from_u16(status).unwrap(), [(header::CONTENT_TYPE, kind.to_owned()), (header::LOCATION, location)], body)
            .into_response();
    }
    let encoded = |text: &str| {
        text.bytes()
            .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
            .collect::<String>()
    };
    let basic = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Basic ")).unwrap_or_default();
    let given = String::from_utf8(STANDARD.decode(basic).unwrap()).unwrap().replace('+', "%20");
    let code = said.codes.remove(form.get("code").map_or("", String::as_str));
    let is_right = code.is_some_and(|(challenge, way_back)| {
        base64url(Digest::of(form["code_verifier"].as_bytes()).0) == challenge && form["redirect_uri"] == way_back
    });
    if !is_right || given != format!("{CLIENT}:{}", encoded(SECRET)) {
        return (StatusCode::BAD_REQUEST, json(&json!({ "error": "invalid_grant" }))).into_response();
    }
    let token = said.token.clone().unwrap_or_else(|| signed(&said.header, &said.claims, &key(said.signer)));
    json(&json!({ "access_token": "access", "token_type": "Bearer", "id_token": token }))
}

impl Provider {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let said = Said {
            discovery: json!({
                "issuer": address, "authorization_endpoint": format!("{address}/auth"), "token_endpoint": format!("{address}/token"),
                "userinfo_endpoint": format!("{address}/me"), "jwks_uri": format!("{address}/keys"),
                "end_session_endpoint": format!("{address}/out"), "authorization_response_iss_parameter_supported": true,
                "response_types_supported": ["code"], "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
            }),
            keys: json!({ "keys": [jwk(&key(1), "one")] }),
            claims: json!({}),
            header: json!({ "alg": "ES256", "kid": "one" }),
            user_info: json!({}),
            token: None,
            answer: None,
            signer: 1,
            codes: BTreeMap::new(),
        };
        let said = Arc::new(Mutex::new(said));
        type Shared = State<Arc<Mutex<Said>>>;
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(|State(said): Shared| async move { json(&said.lock().unwrap().discovery) }))
            .route("/keys", get(|State(said): Shared| async move { json(&said.lock().unwrap().keys) }))
            .route("/me", get(|State(said): Shared| async move { json(&said.lock().unwrap().user_info) }))
            .route("/token", post(token))
            .with_state(Arc::clone(&said));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { address, said }
    }

    /// Its table in the settings.
    fn table(&self, id: &str, more: &str) -> String {
        let acr = if more.contains("acr = ") { "" } else { "acr = []\n" };
        format!(
            "[[provider]]\nid = \"{id}\"\nname_vi = \"Cổng của tỉnh\"\nname_en = \"The province\"\nissuer = \"{}\"\nclient_id = \"{CLIENT}\"\nsecret_file = \"secret\"\n{acr}{more}",
            self.address
        )
    }

    /// An honest token for `subject`, made now; the nonce is put in when somebody is led here.
    fn vouch(&self, subject: &str, clock: &TestClock) {
        let now = clock.clock()() / 1_000_000;
        let claims = json!({ "iss": self.address, "aud": CLIENT, "sub": subject, "iat": now, "exp": now + 300, "acr": "2fa" });
        self.said.lock().unwrap().claims = claims;
    }
}

fn configure(node: &Node, settings: &str) {
    node.app.sign_in_at(settings::read("oidc.toml", settings, |_| Ok(format!("{SECRET}\n"))).unwrap());
}

/// Somebody on their way to a provider: what its address asks for.
struct Led {
    address: String,
    query: BTreeMap<String, String>,
}

async fn lead(browser: &mut Browser<'_>, id: &str, back: &str) -> Led {
    let answer = browser.post(&format!("/office/oidc/{id}"), &[("back", back)]).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let address = answer.header("refresh").strip_prefix("0;url=").unwrap().to_owned();
    let url: openidconnect::url::Url = address.parse().unwrap();
    Led { address, query: url.query_pairs().into_owned().collect() }
}

impl Led {
    /// The provider lets the person in. Gives the query that leads back.
    fn let_in(&self, provider: &Provider) -> String {
        let mut said = provider.said.lock().unwrap();
        if said.claims.get("nonce").is_none() {
            said.claims["nonce"] = json!(self.query["nonce"]);
        }
        let code = format!("code-{}", self.query["state"]);
        said.codes.insert(code.clone(), (self.query["code_challenge"].clone(), self.query["redirect_uri"].clone()));
        format!("code={code}&state={}&iss={}", self.query["state"], provider.address.replace(':', "%3A"))
    }
}

/// Signs in honestly; the answer of the way back.
async fn sign_in(browser: &mut Browser<'_>, provider: &Provider, id: &str) -> Answer {
    let led = lead(browser, id, "/office").await;
    let query = led.let_in(provider);
    browser.get(&format!("/office/oidc/{id}/back?{query}")).await
}

fn is_in(browser: &Browser<'_>) -> bool {
    browser.cookies.iter().any(|(name, _)| name == "__Host-bangtin")
}

/// Ties the provider's identity to an account, as an administrator does who was brought the code.
async fn tie(node: &Node, provider: &Provider, id: &str, account: &AccountId) {
    let answer = sign_in(&mut Browser::new(node), provider, id).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    node.app.tie_identity(&Actor::local(), account.clone(), &offered(&answer)).await.unwrap();
    settle(node).await;
}

/// The code that the page shows.
fn offered(answer: &Answer) -> String {
    let text = answer.text();
    let code = text.split("<span class=\"code\">").nth(1).unwrap_or_else(|| panic!("{text}")).split('<').next().unwrap();
    assert_eq!(code.len(), 9, "{code}");
    code.to_owned()
}

/// The demo with one provider, and somebody whose identity `an-1` there is tied to their account.
async fn tied(kind: Kind, more: &str) -> (crate::support::Database, TestClock, Node, Provider, AccountId) {
    let (database, clock, node) = demo(kind).await;
    let provider = Provider::start().await;
    configure(&node, &provider.table("tinh", more));
    let (_, account) = signed_in(&node, &[Role::Planner, Role::Clerk], "an@yenbai.gov.vn", &clock).await;
    provider.vouch("an-1", &clock);
    tie(&node, &provider, "tinh", &account).await;
    (database, clock, node, provider, account)
}

async fn a_person_whom_an_administrator_tied_signs_in_and_out_at_a_provider(kind: Kind) {
    let (database, clock, node) = demo(kind).await;
    let provider = Provider::start().await;
    configure(&node, &provider.table("tinh", "scopes = [\"profile\"]\nacr = [\"2fa\", \"card\"]\n"));
    let (mut administrator, _) = signed_in(&node, &[Role::Administrator], "quan-tri@yenbai.gov.vn", &clock).await;
    let (_, account) = signed_in(&node, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    let mut person = Browser::new(&node);
    let page = person.get("/office/sign-in?back=/office/proposals").await.text();
    assert!(page.contains("Đăng nhập bằng Cổng của tỉnh") && page.contains("action=\"/office/oidc/tinh\""), "{page}");
    // Where the browser is led, and what it is asked for there.
    provider.vouch("an-1", &clock);
    provider.said.lock().unwrap().claims["acr"] = json!("card");
    let led = lead(&mut person, "tinh", "/office/proposals").await;
    assert!(led.address.starts_with(&format!("{}/auth?", provider.address)), "{}", led.address);
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("scope", "openid profile"),
        ("code_challenge_method", "S256"),
        ("redirect_uri", "https://bangtin.example/office/oidc/tinh/back"),
        ("acr_values", "2fa card"),
        ("ui_locales", "vi"),
    ] {
        assert_eq!(led.query[name], value);
    }
    assert!(led.query["state"].len() == 32 && led.query["nonce"].len() == 32 && !led.address.contains("secret"));
    // Nobody knows this identity: its code goes to the administrator, who types it as it was heard.
    let query = led.let_in(&provider);
    let stranger = person.get(&format!("/office/oidc/tinh/back?{query}")).await;
    assert_eq!(stranger.status, StatusCode::FORBIDDEN);
    assert!(!is_in(&person));
    let code = offered(&stranger).to_lowercase().replace('-', " ");
    let path = format!("/office/accounts/{account}");
    let done = administrator.submit(&path, &path, &[("do", "tie"), ("code", &code)]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text());
    settle(&node).await;
    assert!(administrator.get(&path).await.text().contains("an-1"));
    // From now on they come in, and go on to the page that they wanted, in their language.
    let answer = person.post("/office/oidc/tinh", &[("back", "/office/proposals"), ("lang", "en")]).await;
    assert!(answer.text().contains("Going on to the page to sign in"), "{}", answer.text());
    assert!(answer.header("refresh").contains("ui_locales=en"));
    let led = lead(&mut person, "tinh", "/office/proposals").await;
    provider.vouch("an-1", &clock);
    let query = led.let_in(&provider);
    let answer = person.get(&format!("/office/oidc/tinh/back?{query}")).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/office/proposals"), "{}", answer.text());
    assert_eq!(person.get("/office/proposals").await.status, StatusCode::OK);
    assert!(person.get("/office/me").await.text().contains("an-1"));
    // The log knows an opaque id and the provider, and the tables hold the identity only under the vault's key.
    let events = node.app.log().read(0, 10_000).await.unwrap();
    assert!(events.iter().any(|event| event.event.name == "account.identity_tied" && event.event.payload.contains(&provider.address)));
    assert!(!events.iter().any(|event| event.event.payload.contains("an-1\"")));
    if kind == Kind::Sqlite {
        assert_eq!(files_with(database.folder.path(), "an-1\""), [] as [std::path::PathBuf; 0]);
    }
    // Signing out leads to the provider with its own token, and ends the session here.
    let out = person.submit("/office/me", "/office/sign-out", &[]).await;
    let way = out.header("refresh").strip_prefix("0;url=").unwrap_or_else(|| panic!("{}", out.text())).to_owned();
    let url: openidconnect::url::Url = way.parse().unwrap();
    let query: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
    assert!(way.starts_with(&format!("{}/out?", provider.address)) && query["id_token_hint"].split('.').count() == 3, "{way}");
    assert_eq!(query["post_logout_redirect_uri"], "https://bangtin.example/office/sign-in");
    assert!(!is_in(&person) && out.header("clear-site-data").contains("cache"));
    // Untied, nobody comes in by it, and who had is out.
    after(&clock, Duration::from_mins(1));
    provider.vouch("an-1", &clock);
    assert_eq!(sign_in(&mut person, &provider, "tinh").await.status, StatusCode::SEE_OTHER);
    let id = node.app.identities(&account).await.unwrap()[0].id.clone();
    after(&clock, Duration::from_secs(1));
    let done = administrator.submit(&path, &path, &[("do", "untie"), ("identity", &id)]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text());
    settle(&node).await;
    assert_eq!(person.get("/office").await.status, StatusCode::SEE_OTHER);
    provider.said.lock().unwrap().claims.as_object_mut().unwrap().remove("nonce");
    assert_eq!(sign_in(&mut Browser::new(&node), &provider, "tinh").await.status, StatusCode::FORBIDDEN);
}

type Lie = fn(&mut Said);

fn claim(said: &mut Said, name: &str, value: Value) {
    said.claims[name] = value;
}

fn without(said: &mut Said, name: &str) {
    said.claims.as_object_mut().unwrap().remove(name);
}

fn now(said: &Said) -> i64 {
    said.claims["iat"].as_i64().unwrap()
}

/// What a provider, or whoever stands in for it, may say that is not true.
#[expect(clippy::too_many_lines, reason = "a list")]
fn lies() -> Vec<(&'static str, Lie)> {
    // The token is made when somebody is led there, so lies about it are told with the nonce in it.
    vec![
        ("alg none without a signature", |said| {
            said.token = Some(format!("{}.{}.", base64url(r#"{"alg":"none"}"#), base64url(said.claims.to_string())));
        }),
        ("alg none with a signature", |said| said.header["alg"] = json!("none")),
        ("alg nOnE", |said| said.header["alg"] = json!("nOnE")),
        ("no alg", |said| said.header = json!({ "kid": "one" })),
        ("HS256 with the program's secret", |said| {
            said.token = Some(with_hmac(&json!({ "alg": "HS256" }), &said.claims, SECRET.as_bytes()));
        }),
        ("HS256 with the public key", |said| {
            let point = key(1).verifying_key().to_encoded_point(false);
            said.token = Some(with_hmac(&json!({ "alg": "HS256", "kid": "one" }), &said.claims, point.as_bytes()));
        }),
        ("RS256 named, ES256 signed", |said| said.header["alg"] = json!("RS256")),
        ("signed by a stranger under the provider's key id", |said| said.signer = 9),
        ("signed by a stranger whose key is in the header", |said| {
            said.signer = 9;
            said.header["jwk"] = jwk(&key(9), "one");
        }),
        ("signed by a stranger whose keys are named in the header", |said| {
            said.signer = 9;
            said.header["jku"] = json!("http://127.0.0.1:1/keys");
        }),
        ("a key that the provider has given up", |said| {
            said.signer = 1;
            said.keys = json!({ "keys": [jwk(&key(2), "two")] });
        }),
        ("a key that is for encryption", |said| said.keys["keys"][0]["use"] = json!("enc")),
        ("no keys", |said| said.keys = json!({ "keys": [] })),
        ("a changed signature", |said| {
            let mut token = signed(&said.header, &said.claims, &key(1));
            let last = token.pop().unwrap();
            token.insert(token.len() - 5, if last == 'A' { 'B' } else { 'A' });
            said.token = Some(token);
        }),
        ("claims changed after signing", |said| {
            let token = signed(&said.header, &said.claims, &key(1));
            let parts: Vec<&str> = token.split('.').collect();
            let mut claims = said.claims.clone();
            claims["groups"] = json!("all");
            said.token = Some(format!("{}.{}.{}", parts[0], base64url(claims.to_string()), parts[2]));
        }),
        ("another issuer", |said| claim(said, "iss", json!("https://id.attacker.test"))),
        ("the issuer with a slash", |said| {
            let issuer = format!("{}/", said.claims["iss"].as_str().unwrap());
            claim(said, "iss", json!(issuer));
        }),
        ("no issuer", |said| without(said, "iss")),
        ("for another program", |said| claim(said, "aud", json!("another"))),
        ("for another program too", |said| claim(said, "aud", json!([CLIENT, "another"]))),
        ("for nobody", |said| claim(said, "aud", json!([]))),
        ("no audience", |said| without(said, "aud")),
        ("another authorized party", |said| claim(said, "azp", json!("another"))),
        ("another nonce", |said| claim(said, "nonce", json!("0123456789abcdef0123456789abcdef"))),
        ("no nonce", |said| without(said, "nonce")),
        ("over", |said| claim(said, "exp", json!(now(said) - 1))),
        ("no end", |said| without(said, "exp")),
        ("from the future", |said| claim(said, "iat", json!(now(said) + 3_600))),
        ("an hour old", |said| claim(said, "iat", json!(now(said) - 3_600))),
        ("no moment", |said| without(said, "iat")),
        ("no subject", |said| without(said, "sub")),
        ("an empty subject", |said| claim(said, "sub", json!(""))),
        ("an access token", |said| said.header["typ"] = json!("at+jwt")),
        ("a logout token", |said| said.header["typ"] = json!("logout+jwt")),
        ("an extension that must be understood", |said| said.header["crit"] = json!(["exp"])),
        ("a token within a token", |said| said.header["cty"] = json!("JWT")),
        ("an encrypted token", |said| said.token = Some(String::from("eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.a.b.c.d"))),
        ("no token at all", |said| {
            said.answer = Some((200, "application/json", json!({ "access_token": "a", "token_type": "Bearer" }).to_string()));
        }),
        ("no JSON", |said| said.token = Some(String::from("a.b.c"))),
        ("the hash of another access token", |said| claim(said, "at_hash", json!("77QmUPtjPfzWtF2AnpK9RQ"))),
        ("recognised by a password only", |said| claim(said, "acr", json!("password"))),
        ("recognised by nobody knows what", |said| without(said, "acr")),
        ("an error", |said| said.answer = Some((400, "application/json", json!({ "error": "invalid_grant" }).to_string()))),
        ("a page", |said| said.answer = Some((200, "text/html", String::from("<h1>sign in</h1>")))),
        ("leads elsewhere", |said| said.answer = Some((307, "text/plain", String::from("http://127.0.0.1:1/token")))),
        ("an answer of two MiB", |said| said.answer = Some((200, "application/json", format!("{{\"a\":\"{}\"}}", "a".repeat(2 << 20))))),
        ("another issuer in its description", |said| said.discovery["issuer"] = json!("https://id.attacker.test")),
        ("keys over plain HTTP", |said| said.discovery["jwks_uri"] = json!("http://192.0.2.1/keys")),
        ("tokens over plain HTTP", |said| said.discovery["token_endpoint"] = json!("http://192.0.2.1/token")),
        ("no place for tokens", |said| {
            said.discovery.as_object_mut().unwrap().remove("token_endpoint");
        }),
    ]
}

async fn what_a_provider_cannot_have_vouched_for_signs_nobody_in(kind: Kind) {
    let (_database, clock, node, provider, account) = tied(kind, "acr = [\"2fa\"]\n").await;
    let lies = lies();
    assert!(lies.len() >= 50, "{}", lies.len());
    let honest = provider.said.lock().unwrap().clone();
    for (what, lie) in lies {
        after(&clock, Duration::from_mins(1));
        *provider.said.lock().unwrap() = honest.clone();
        provider.vouch("an-1", &clock);
        let mut browser = Browser::new(&node);
        let led = lead(&mut browser, "tinh", "/office").await;
        let query = led.let_in(&provider);
        lie(&mut provider.said.lock().unwrap());
        let answer = browser.get(&format!("/office/oidc/tinh/back?{query}")).await;
        // Some lies look as if the provider did not answer.
        let is_refused = matches!(answer.status, StatusCode::FORBIDDEN | StatusCode::SERVICE_UNAVAILABLE);
        assert!(is_refused && !is_in(&browser), "{what}: {} {}", answer.status, answer.text());
        assert!(!answer.text().contains("class=\"code\""), "{what}: nobody is offered a code");
        assert_eq!(browser.get("/office").await.status, StatusCode::SEE_OTHER, "{what}");
    }
    // The truth still signs in, by a key that came today.
    after(&clock, Duration::from_mins(1));
    *provider.said.lock().unwrap() = honest;
    provider.vouch("an-1", &clock);
    {
        let mut said = provider.said.lock().unwrap();
        said.claims["at_hash"] = json!(base64url(&Digest::of(b"access").0[..16]));
        (said.signer, said.keys) = (5, json!({ "keys": [jwk(&key(1), "one"), jwk(&key(5), "five")] }));
        said.header["kid"] = json!("five");
    }
    let answer = sign_in(&mut Browser::new(&node), &provider, "tinh").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    // What the office says comes after what the provider says.
    for (suspended, status) in [(true, StatusCode::FORBIDDEN), (false, StatusCode::SEE_OTHER)] {
        node.app.suspend(&Actor::local(), account.clone(), suspended).await.unwrap();
        settle(&node).await;
        after(&clock, Duration::from_mins(1));
        provider.vouch("an-1", &clock);
        assert_eq!(sign_in(&mut Browser::new(&node), &provider, "tinh").await.status, status, "suspended: {suspended}");
    }
}

async fn what_another_browser_or_provider_brings_signs_nobody_in(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (provider, other) = (Provider::start().await, Provider::start().await);
    configure(&node, &format!("{}{}", provider.table("tinh", ""), other.table("khac", "")));
    let (_, account) = signed_in(&node, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    provider.vouch("an-1", &clock);
    tie(&node, &provider, "tinh", &account).await;
    let refused = |what: &'static str, answer: Answer, browser: &Browser<'_>| {
        assert!(answer.status != StatusCode::SEE_OTHER && !is_in(browser), "{what}: {}", answer.text());
    };
    let begin = async |browser: &mut Browser<'_>| {
        after(&clock, Duration::from_mins(1));
        provider.vouch("an-1", &clock);
        let led = lead(browser, "tinh", "/office").await;
        let query = led.let_in(&provider);
        (led, query)
    };
    let back = |query: &str| format!("/office/oidc/tinh/back?{query}");
    let iss = format!("&iss={}", provider.address.replace(':', "%3A"));

    // What one browser began, no other finishes: nobody is signed in as an attacker, nor the attacker as somebody.
    let (mut person, mut attacker) = (Browser::new(&node), Browser::new(&node));
    let (_, query) = begin(&mut person).await;
    refused("without the browser's cookie", attacker.get(&back(&query)).await, &attacker);
    begin(&mut attacker).await;
    refused("with the cookie of another sign-in", attacker.get(&back(&query)).await, &attacker);
    // The attacker's tries have used up nothing of the person's.
    provider.vouch("an-1", &clock);
    provider.said.lock().unwrap().codes.clear();
    let (_, query) = begin(&mut person).await;
    assert_eq!(person.get(&back(&query)).await.status, StatusCode::SEE_OTHER);
    let mut copy = Browser::new(&node);
    copy.cookies = person.cookies.iter().filter(|(name, _)| name != "__Host-bangtin").cloned().collect();
    refused("the same way back again", copy.get(&back(&query)).await, &copy);

    let mut browser = Browser::new(&node);
    let (_, query) = begin(&mut browser).await;
    refused("no state", browser.get(&back(&query.replace("state=", "x="))).await, &browser);
    refused("an empty state", browser.get(&back(&format!("code=a&state={iss}"))).await, &browser);
    let (led, query) = begin(&mut browser).await;
    refused("no code", browser.get(&back(&format!("state={}{iss}", led.query["state"]))).await, &browser);
    refused("the state of what was refused", browser.get(&back(&query)).await, &browser);
    let (led, query) = begin(&mut browser).await;
    let answer = browser.get(&back(&format!("error=access_denied&state={}{iss}", led.query["state"]))).await;
    assert!(answer.text().contains("không cho đăng nhập"), "{}", answer.text());
    refused("cancelled", answer, &browser);
    drop(query);
    let (_, query) = begin(&mut browser).await;
    refused("an error beside a code", browser.get(&back(&format!("{query}&error=x"))).await, &browser);
    let (_, query) = begin(&mut browser).await;
    after(&clock, Duration::from_mins(11));
    refused("after ten minutes", browser.get(&back(&query)).await, &browser);
    let (_, query) = begin(&mut browser).await;
    refused("without the issuer, which it promised", browser.get(&back(&query.replace(&iss, ""))).await, &browser);

    // A code that was given for one sign-in is worth nothing in another (PKCE).
    let (_, stolen) = begin(&mut browser).await;
    let (led, _) = begin(&mut attacker).await;
    let code = stolen.split('&').next().unwrap();
    refused("another's code", attacker.get(&back(&format!("{code}&state={}{iss}", led.query["state"]))).await, &attacker);

    // One provider's answer is not another's.
    let (_, query) = begin(&mut browser).await;
    refused("at another provider's way back", browser.get(&format!("/office/oidc/khac/back?{query}")).await, &browser);
    let (_, query) = begin(&mut browser).await;
    let mixed = query.replace(&iss, &format!("&iss={}", other.address.replace(':', "%3A")));
    refused("from another provider", browser.get(&back(&mixed)).await, &browser);
    // The same subject at another provider is another person.
    after(&clock, Duration::from_mins(1));
    other.vouch("an-1", &clock);
    let answer = sign_in(&mut browser, &other, "khac").await;
    offered(&answer);
    refused("the same subject elsewhere", answer, &browser);
    let mut unknown = Browser::new(&node);
    assert_eq!(unknown.get("/office/oidc/nobody/back?code=a&state=b").await.status, StatusCode::NOT_FOUND);
}

async fn an_address_or_a_planted_cookie_proves_nothing_and_nobody_is_led_to_another_site(kind: Kind) {
    let (_database, clock, node, provider, _) = tied(kind, "").await;
    // The same e-mail address is nobody's proof.
    let mut browser = Browser::new(&node);
    after(&clock, Duration::from_mins(1));
    provider.vouch("someone-else", &clock);
    provider.said.lock().unwrap().claims["email"] = json!("an@yenbai.gov.vn");
    provider.said.lock().unwrap().claims["email_verified"] = json!(true);
    let answer = sign_in(&mut browser, &provider, "tinh").await;
    offered(&answer);
    assert!(!is_in(&browser));

    // Nobody is led to another site.
    for to in ["https://evil.example/", "//evil.example/office", "/office\\..\\evil", "/officeevil", "/office/sign-out"] {
        after(&clock, Duration::from_mins(1));
        provider.vouch("an-1", &clock);
        let mut fresh = Browser::new(&node);
        let led = lead(&mut fresh, "tinh", to).await;
        let query = led.let_in(&provider);
        assert_eq!(
            fresh.get(&format!("/office/oidc/tinh/back?{query}&back=https://evil.example")).await.header("location"),
            "/office",
            "{to}"
        );
    }
    // A session that was there before is not taken over, and a cookie that somebody planted is not used.
    after(&clock, Duration::from_mins(1));
    provider.vouch("an-1", &clock);
    let mut fixed = Browser::new(&node);
    fixed.cookies.push(("__Host-bangtin".into(), "a".repeat(64)));
    sign_in(&mut fixed, &provider, "tinh").await;
    assert_ne!(fixed.cookies.iter().find(|(name, _)| name == "__Host-bangtin").unwrap().1, "a".repeat(64));
}

async fn a_provider_narrows_what_a_person_may_do_and_never_adds_to_it(kind: Kind) {
    let table = "claims_in = \"userinfo\"\nroles_claim = \"/office/groups\"\n[provider.roles]\nlap = [\"planner\"]\ntat-ca = [\"planner\", \"clerk\", \"administrator\"]\n";
    let (_database, clock, node, provider, account) = tied(kind, table).await;
    for (groups, planner, clerk) in [(json!(["lap"]), true, false), (json!("tat-ca"), true, true), (json!(["lap", "tat-ca"]), true, true)] {
        after(&clock, Duration::from_mins(1));
        provider.vouch("an-1", &clock);
        provider.said.lock().unwrap().user_info = json!({ "sub": "an-1", "office": { "groups": groups } });
        let mut browser = Browser::new(&node);
        let answer = sign_in(&mut browser, &provider, "tinh").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{groups}: {}", answer.text());
        assert_eq!(browser.get("/office/plans/new").await.status == StatusCode::OK, planner, "{groups}");
        assert_eq!(browser.get("/office/reports").await.status == StatusCode::OK, clerk, "{groups}");
        assert_eq!(browser.get("/office/accounts").await.status, StatusCode::FORBIDDEN, "never granted: {groups}");
        // Rights that are granted later are narrowed too.
        if groups == json!(["lap"]) {
            let grants = [Role::Planner, Role::Clerk, Role::Health];
            let grants = grants.map(|role| bangtin::domain::access::Grant { role, reach: bangtin::domain::access::Reach::City }).to_vec();
            node.app.grant(&Actor::local(), account.clone(), grants).await.unwrap();
            settle(&node).await;
            assert_eq!(browser.get("/office/plans/new").await.status, StatusCode::OK);
            assert!(!browser.get("/office").await.text().contains("href=\"/office/duty\""));
            assert_eq!(browser.get("/office/reports").await.status, StatusCode::FORBIDDEN);
        }
    }
    for (what, user_info) in [
        ("no claim", json!({ "sub": "an-1" })),
        ("no group of the table", json!({ "sub": "an-1", "office": { "groups": ["khac"] } })),
        ("of another person", json!({ "sub": "an-2", "office": { "groups": ["lap"] } })),
        ("of nobody", json!({ "office": { "groups": ["lap"] } })),
    ] {
        after(&clock, Duration::from_mins(1));
        provider.vouch("an-1", &clock);
        provider.said.lock().unwrap().user_info = user_info;
        let mut browser = Browser::new(&node);
        let answer = sign_in(&mut browser, &provider, "tinh").await;
        assert!(answer.status == StatusCode::FORBIDDEN && !is_in(&browser), "{what}: {}", answer.text());
    }
}

async fn a_code_ties_one_identity_to_one_account(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let provider = Provider::start().await;
    configure(&node, &provider.table("tinh", ""));
    let (_, an) = signed_in(&node, &[Role::Planner], "an@yenbai.gov.vn", &clock).await;
    let (_, binh) = signed_in(&node, &[Role::Approver], "binh@yenbai.gov.vn", &clock).await;
    let code = async |subject: &str| {
        after(&clock, Duration::from_mins(1));
        provider.vouch(subject, &clock);
        offered(&sign_in(&mut Browser::new(&node), &provider, "tinh").await)
    };
    let reason = |result: Result<(), bangtin::app::ExecuteError>| match result {
        Err(bangtin::app::ExecuteError::Refused(refusal)) => refusal.reason,
        Err(error) => panic!("{error}"),
        Ok(()) => "done",
    };
    let (first, second) = (code("an-1").await, code("an-1").await);
    let planner = Actor::of(an.clone(), node.app.accounts().await.unwrap().all[&an].grants.clone());
    assert_eq!(reason(node.app.tie_identity(&planner, an.clone(), &first).await), "forbidden-role", "no administrator");
    assert_eq!(reason(node.app.tie_identity(&Actor::local(), AccountId("a-0".into()), &first).await), "unknown-account");
    assert_eq!(reason(node.app.tie_identity(&Actor::local(), an.clone(), "0000-0000").await), "identity-code-unknown");
    assert_eq!(reason(node.app.tie_identity(&Actor::local(), an.clone(), "").await), "identity-code-unknown");
    assert_eq!(reason(node.app.tie_identity(&Actor::local(), an.clone(), &first).await), "done", "it was not used up");
    assert_eq!(reason(node.app.tie_identity(&Actor::local(), an.clone(), &first).await), "identity-code-unknown", "once");
    assert_eq!(reason(node.app.tie_identity(&Actor::local(), binh.clone(), &second).await), "identity-taken");
    let third = code("binh-1").await;
    clock.set("2026-11-27T12:00:00+07:00");
    assert_eq!(reason(node.app.tie_identity(&Actor::local(), binh.clone(), &third).await), "identity-code-unknown", "too old");
    // Two administrators at once: one account gets it.
    let (one, two) = {
        let (one, two) = (code("binh-1").await, code("binh-1").await);
        let (local, other) = (Actor::local(), Actor::local());
        tokio::join!(node.app.tie_identity(&local, an.clone(), &one), node.app.tie_identity(&other, binh.clone(), &two))
    };
    let mut both = [reason(one), reason(two)];
    both.sort_unstable();
    assert_eq!(both, ["done", "identity-taken"]);
    // Whoever was only invited does not come in by it.
    let (invited, _) = invite(&node, &[Role::Clerk]).await;
    let fourth = code("chi-1").await;
    assert_eq!(reason(node.app.tie_identity(&Actor::local(), invited.clone(), &fourth).await), "done");
    settle(&node).await;
    assert_eq!(node.app.accounts().await.unwrap().all[&invited].state(), AccountState::Invited);
    after(&clock, Duration::from_mins(1));
    provider.vouch("chi-1", &clock);
    let mut browser = Browser::new(&node);
    assert_eq!(sign_in(&mut browser, &provider, "tinh").await.status, StatusCode::FORBIDDEN);
    assert!(!is_in(&browser));
}

async fn without_the_provider_people_sign_in_here(kind: Kind) {
    let (_database, clock, node, provider, _) = tied(kind, "").await;
    after(&clock, Duration::from_mins(1));
    provider.vouch("an-1", &clock);
    let mut browser = Browser::new(&node);
    sign_in(&mut browser, &provider, "tinh").await;
    assert!(is_in(&browser));
    // It goes away: its description is no longer to be had.
    provider.said.lock().unwrap().discovery = json!({});
    let mut other = Browser::new(&node);
    let answer = other.post("/office/oidc/tinh", &[("back", "/office")]).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.text().contains("không trả lời") && answer.text().contains("name=\"passphrase\""), "{}", answer.text());
    // Who is in goes on working, and signs out here.
    assert_eq!(browser.get("/office").await.status, StatusCode::OK);
    let out = browser.submit("/office", "/office/sign-out", &[]).await;
    assert_eq!((out.status, out.header("location")), (StatusCode::SEE_OTHER, "/office/sign-in"));
    // Local accounts and tokens do not need it.
    let (mut person, _) = signed_in(&node, &[Role::Clerk], "chi@yenbai.gov.vn", &clock).await;
    assert_eq!(person.get("/office").await.status, StatusCode::OK);
    assert!(person.get("/office/me").await.status.is_success());
}

async fn an_identity_goes_with_the_person_who_is_erased(kind: Kind) {
    let (_database, clock, node, provider, account) = tied(kind, "").await;
    node.app.erase_account(account.clone()).await.unwrap();
    settle(&node).await;
    assert!(node.app.identities(&account).await.unwrap().is_empty());
    after(&clock, Duration::from_mins(1));
    provider.vouch("an-1", &clock);
    // Nobody knows them any more: they are a stranger.
    offered(&sign_in(&mut Browser::new(&node), &provider, "tinh").await);
}
