//! HTTPS: certificates from a real authority (pebble) and from files, read by curl and OpenSSL.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bangtin::domain::city::{City, CityCommand};
use bangtin::event_store::Cell;
use bangtin::http::doors::{Door, Kind as Behind, Secure};
use bangtin::http::{self, Limits, Site};
use bangtin::node::certificates::files::Files;
use bangtin::node::certificates::{Certificates, acme};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::on_both_databases;
use crate::support::{Database, Kind, Node, Running, TestClock, free_port, run};

on_both_databases!(
    a_certificate_is_had_over_http_and_renewed_and_the_old_one_goes_on_while_the_authority_is_away,
    a_certificate_is_had_over_tls_alone_by_a_node_that_did_not_order_it,
    a_refused_nonce_and_a_wrong_clock_stop_nothing,
    a_name_that_leads_elsewhere_is_left_out_and_takes_the_public_address_with_it_no_more,
    a_turn_that_was_taken_by_a_clock_that_ran_ahead_holds_nobody_up,
);

const NAME: &str = "bangtin.example";
const FORMER: &str = "cu.bangtin.example";
/// Longest time until something happens that must.
const BOUND: Duration = Duration::from_mins(1);

/// Waits until something is so.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < BOUND, "{what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// An authority for certificates with a name server that leads every name here.
struct Authority {
    folder: TempDir,
    _names: Running,
    server: Option<Running>,
    dns: u16,
    names: u16,
    acme: u16,
    management: u16,
    http: u16,
    tls: u16,
}

impl Authority {
    /// It gives certificates that hold for so many seconds.
    fn start(seconds: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [dns, acme, management, http, tls, names] = std::array::from_fn(|_| free_port());
        let own = |name: &str| folder.path().join(name).display().to_string();
        make_pair(&own("own.pem"), &own("own.key"), "localhost");
        let config = serde_json::json!({ "pebble": {
            "listenAddress": format!("127.0.0.1:{acme}"), "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": own("own.pem"), "privateKey": own("own.key"), "httpPort": http, "tlsPort": tls,
            "ocspResponderURL": "", "externalAccountBindingRequired": false, "certificateValidityPeriod": seconds,
        } });
        std::fs::write(folder.path().join("pebble.json"), config.to_string()).unwrap();
        let mut command = Command::new("pebble-challtestsrv");
        command.args(["-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""]);
        command.args(["-dns01", &format!("127.0.0.1:{dns}"), "-management", &format!("127.0.0.1:{names}")]);
        let server = Running::start(&mut command);
        Self { folder, _names: server, server: None, dns, names, acme, management, http, tls }
    }

    /// Opens it; of a hundred nonces it refuses so many.
    async fn open(&mut self, refused: u32) {
        let mut command = Command::new("pebble");
        command.arg("-config").arg(self.folder.path().join("pebble.json")).args(["-dnsserver", &format!("127.0.0.1:{}", self.dns)]);
        command.env("PEBBLE_VA_NOSLEEP", "1").env("PEBBLE_WFE_NONCEREJECT", refused.to_string()).env("PEBBLE_AUTHZREUSE", "0");
        self.server = Some(Running::start(&mut command));
        let root = self.folder.path().join("root.pem");
        until("the authority answers", async || {
            let own = self.folder.path().join("own.pem");
            let address = format!("https://localhost:{}/roots/0", self.management);
            Command::new("curl").args(["-fsS", "--cacert"]).arg(own).arg("-o").arg(&root).arg(address).output().unwrap().status.success()
        })
        .await;
    }

    fn close(&mut self) {
        self.server = None;
    }

    /// From now on a name leads to that address.
    fn lead(&self, name: &str, address: &str) {
        let told = serde_json::json!({ "host": format!("{name}."), "addresses": [address] }).to_string();
        run("curl", &["-fsS", "-d", &told, &format!("http://127.0.0.1:{}/add-a", self.names)]);
    }

    fn settings(&self, has_http: bool, domains: &[&str]) -> acme::Settings {
        acme::Settings {
            directory: format!("https://localhost:{}/dir", self.acme),
            root: Some(self.folder.path().join("own.pem")),
            host: NAME.to_owned(),
            domains: domains.iter().map(|name| (*name).to_owned()).collect(),
            contact: Some("mailto:quan.tri@yenbai.gov.vn".into()),
            has_http,
            look: Duration::from_millis(200),
            retry: Duration::from_secs(1),
        }
    }

    /// What curl gets at a name: `version status location`, then the headers' HSTS.
    fn get(&self, name: &str, path: &str, more: &[&str]) -> String {
        let mut command = Command::new("curl");
        command.args(["-sS", "-o", "/dev/null", "-D", "-", "-w", "\n%{http_version} %{response_code} %{redirect_url}", "--max-time", "10"]);
        command.arg("--cacert").arg(self.folder.path().join("root.pem"));
        command.args(["--resolve", &format!("{name}:{}:127.0.0.1", self.tls)]).args(more);
        let out = command.arg(format!("https://{name}:{}{path}", self.tls)).output().unwrap();
        format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
    }

    /// The serial number of the certificate that is shown.
    fn serial(&self) -> String {
        serial(self.tls)
    }
}

fn serial(port: u16) -> String {
    let shown =
        format!("openssl s_client -connect 127.0.0.1:{port} -servername {NAME} < /dev/null 2> /dev/null | openssl x509 -noout -serial");
    let out = Command::new("sh").args(["-c", &shown]).output().unwrap();
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

/// Makes a certificate of its own for a name.
fn make_pair(certificate: &str, key: &str, name: &str) {
    let made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30", "-subj"];
    let subject = format!("/CN={name}");
    let names = format!("subjectAltName=DNS:{name},IP:127.0.0.1");
    let out = Command::new("openssl")
        .args(made)
        .args([&subject, "-addext", &names, "-addext", "basicConstraints=critical,CA:FALSE", "-keyout", key, "-out", certificate])
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

/// What runs beside a test.
struct Beside(Vec<JoinHandle<()>>);

impl Drop for Beside {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

/// Serves a node at the ports at which the authority asks.
async fn serve(node: &Node, certificates: &Arc<Certificates>, tls: u16, http: Option<u16>) -> JoinHandle<()> {
    let secure = Secure::new(Arc::clone(&node.app), Arc::clone(certificates) as _, vec![NAME.into(), FORMER.into()]).unwrap();
    let bind = async |port: u16| TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let mut doors = vec![Door { listener: bind(tls).await.into(), kind: Behind::Secure(secure), has_header: false }];
    if let Some(http) = http {
        doors.push(Door { listener: bind(http).await.into(), kind: Behind::Onward, has_header: false });
    }
    let site = Arc::new(Site::new(Arc::clone(&node.app), Arc::clone(&node.model), Limits::default()));
    tokio::spawn(http::serve(doors, site, std::future::pending()))
}

fn keep(node: &Node, settings: acme::Settings, name: &str, certificates: &Arc<Certificates>) -> JoinHandle<()> {
    tokio::spawn(acme::keep(Arc::clone(&node.app), settings, name.to_owned(), Arc::clone(certificates)))
}

async fn set_address(node: &Node, address: &str) {
    let city = City { public_url: address.to_owned(), ..(*node.app.city()).clone() };
    node.app.set_city(CityCommand::Set(city)).await.unwrap();
    until("the node knows the address", async || node.site.city().public_url == address).await;
}

async fn a_certificate_is_had_over_http_and_renewed_and_the_old_one_goes_on_while_the_authority_is_away(kind: Kind) {
    let (database, clock) = (Database::new(kind).await, TestClock::running(0));
    let node = Node::start(&database, &clock).await;
    let mut authority = Authority::start(12);
    authority.open(0).await;
    let certificates = Arc::new(Certificates::default());
    let settings = authority.settings(true, &[NAME, FORMER]);
    let _beside =
        Beside(vec![serve(&node, &certificates, authority.tls, Some(authority.http)).await, keep(&node, settings, "one", &certificates)]);
    until("the first certificate", async || certificates.validity().is_some()).await;
    let first = authority.serial();
    assert!(first.starts_with("serial="), "{first}");

    // HTTP/2 and HTTP/1.1; browsers are told to ask over HTTPS only.
    let page = authority.get(NAME, "/healthz", &["--http2"]);
    assert!(page.contains("strict-transport-security: max-age=31536000") && page.ends_with("2 200 "), "{page}");
    assert!(authority.get(NAME, "/healthz", &["--http1.1"]).ends_with("1.1 200 "));
    // A name of earlier days, and plain HTTP, lead to the public address.
    let former = authority.get(FORMER, "/q/QHSDD21AG?lang=en", &["--http2"]);
    assert!(former.ends_with("2 308 https://bangtin.example/q/QHSDD21AG?lang=en"), "{former}");
    let plain = run(
        "curl",
        &["-sS", "-o", "/dev/null", "-w", "%{response_code} %{redirect_url}", &format!("http://127.0.0.1:{}/q/X?y=1", authority.http)],
    );
    assert_eq!(plain, "308 https://bangtin.example/q/X?y=1");
    let unasked = format!("http://127.0.0.1:{}/.well-known/acme-challenge/khong-ai-hoi", authority.http);
    assert_eq!(run("curl", &["-sS", "-o", "/dev/null", "-w", "%{response_code}", &unasked]), "404");
    // Over HTTPS people sign in.
    assert!(authority.get(NAME, "/office/sign-in", &["-H", "accept: text/html"]).ends_with("200 "));

    // The public address can change while the program runs: then the other name is the one of earlier days.
    set_address(&node, &format!("https://{FORMER}")).await;
    assert!(authority.get(FORMER, "/healthz", &[]).ends_with("200 "));
    assert!(authority.get(NAME, "/healthz", &[]).ends_with(&format!("308 https://{FORMER}/healthz")));
    set_address(&node, "https://bangtin.example").await;

    // At two thirds of its life there is another one.
    until("a renewal", async || authority.serial() != first).await;
    // While the authority is away the old one goes on, and the keeper is told.
    authority.close();
    until("the keeper is told", async || certificates.why_not(node.app.now()).is_some()).await;
    let last = authority.serial();
    let why = certificates.why_not(node.app.now()).unwrap();
    assert!(last.starts_with("serial=") && why.contains("holds until") && why.contains("tried again"), "{why}");
    authority.open(0).await;
    until("another one once it is back", async || authority.serial() != last).await;
    assert_eq!(certificates.why_not(node.app.now()), None);
}

async fn a_certificate_is_had_over_tls_alone_by_a_node_that_did_not_order_it(kind: Kind) {
    let (database, clock) = (Database::new(kind).await, TestClock::running(0));
    let (orders, answers) = (Node::start(&database, &clock).await, Node::start(&database, &clock).await);
    let mut authority = Authority::start(600);
    authority.open(0).await;
    let [first, second] = [Arc::new(Certificates::default()), Arc::new(Certificates::default())];
    let _beside =
        Beside(vec![serve(&answers, &second, authority.tls, None).await, keep(&orders, authority.settings(false, &[NAME]), "one", &first)]);
    until("the node that ordered shows it", async || first.validity().is_some()).await;
    let _follows = Beside(vec![keep(&answers, authority.settings(false, &[NAME]), "two", &second)]);
    until("both show it", async || first.validity().is_some() && second.validity().is_some()).await;
    assert_eq!(first.validity(), second.validity(), "one was ordered");
    assert!(authority.get(NAME, "/healthz", &[]).ends_with("200 "));
    // Key and account stand in the store in no readable form.
    let rows = answers.app.log().read_rows("SELECT name, value FROM certificates ORDER BY name", Vec::new()).await.unwrap();
    let named = |name: &str| rows.iter().find_map(|row| matches!(&row[0], Cell::Text(found) if found == name).then(|| row[1].clone()));
    let Some(Cell::Text(sealed)) = named("certificate") else { panic!("{rows:?}") };
    let opened = sealed.split('.').filter_map(|part| BASE64.decode(part).ok()).collect::<Vec<_>>().concat();
    assert!(!opened.is_empty() && !String::from_utf8_lossy(&opened).contains("PRIVATE KEY"), "{sealed}");
    assert!(orders.app.certificate().await.unwrap().is_some_and(|(issued, _)| issued.key.contains("PRIVATE KEY")));
}

async fn a_name_that_leads_elsewhere_is_left_out_and_takes_the_public_address_with_it_no_more(kind: Kind) {
    let (database, clock) = (Database::new(kind).await, TestClock::running(0));
    let node = Node::start(&database, &clock).await;
    let mut authority = Authority::start(600);
    authority.open(0).await;
    // Nobody answers for that name at that address.
    authority.lead("cu.example", "127.0.0.9");
    let certificates = Arc::new(Certificates::default());
    let _beside = Beside(vec![
        serve(&node, &certificates, authority.tls, Some(authority.http)).await,
        keep(&node, authority.settings(true, &[NAME, "cu.example"]), "one", &certificates),
    ]);
    until("a certificate", async || certificates.validity().is_some()).await;
    assert!(authority.get(NAME, "/healthz", &[]).ends_with("200 "));
    until("the keeper is told", async || certificates.why_not(node.app.now()).is_some_and(|why| why.contains("cu.example"))).await;
    let (issued, _) = node.app.certificate().await.unwrap().unwrap();
    assert_eq!((issued.domains, issued.left_out), (vec![NAME.to_owned()], vec!["cu.example".to_owned()]));
}

async fn a_turn_that_was_taken_by_a_clock_that_ran_ahead_holds_nobody_up(kind: Kind) {
    let (database, clock) = (Database::new(kind).await, TestClock::running(0));
    let node = Node::start(&database, &clock).await;
    let turn = async |who: &str| node.app.claim_turn(who, Duration::from_mins(5)).await.unwrap();
    assert!(turn("one").await && !turn("two").await && turn("one").await);
    node.app.end_turn("two").await.unwrap();
    assert!(!turn("two").await, "nobody ends the turn of another");
    node.app.end_turn("one").await.unwrap();
    clock.set_ahead(10 * 365 * 86_400);
    assert!(turn("ahead").await);
    clock.set_ahead(0);
    assert!(turn("two").await);
}

async fn a_refused_nonce_and_a_wrong_clock_stop_nothing(kind: Kind) {
    let (database, clock) = (Database::new(kind).await, TestClock::running(0));
    let node = Node::start(&database, &clock).await;
    let mut authority = Authority::start(60);
    authority.open(40).await;
    let certificates = Arc::new(Certificates::default());
    let _beside = Beside(vec![
        serve(&node, &certificates, authority.tls, Some(authority.http)).await,
        keep(&node, authority.settings(true, &[NAME]), "one", &certificates),
    ]);
    until("a certificate", async || certificates.validity().is_some()).await;
    let first = authority.serial();
    // Back: it is not valid yet by this clock, and goes on. Ahead by years: there is another one, and then no rush.
    clock.set_ahead(-10 * 365 * 86_400);
    assert!(authority.get(NAME, "/healthz", &[]).ends_with("200 "));
    assert_eq!(authority.serial(), first);
    clock.set_ahead(10 * 365 * 86_400);
    until("another one", async || authority.serial() != first).await;
    let second = authority.serial();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(authority.serial(), second, "a clock that runs ahead asks no more often than every third of a life");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_in_files_is_shown_anew_when_they_change_and_goes_on_when_they_are_broken() {
    let database = Database::new(Kind::Sqlite).await;
    let node = Node::start(&database, &TestClock::running(0)).await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let text = |name: &str| path(name).display().to_string();
    make_pair(&text("a.pem"), &text("a.key"), NAME);
    make_pair(&text("b.pem"), &text("b.key"), NAME);
    let files = Files { chain: path("a.pem"), key: path("a.key") };
    let certificates = Arc::new(Certificates::default());
    let shown = files.show(&certificates).unwrap();
    let port = free_port();
    let _beside =
        Beside(vec![serve(&node, &certificates, port, None).await, tokio::spawn(files.clone().keep(shown, Arc::clone(&certificates)))]);
    let first = serial(port);
    assert!(first.starts_with("serial="), "{first}");
    // The certificate of one and the key of another do not belong together.
    std::fs::copy(path("b.pem"), path("a.pem")).unwrap();
    until("it is said", async || certificates.why_not(node.app.now()).is_some()).await;
    assert!(
        serial(port) == first && certificates.why_not(node.app.now()).unwrap().contains("does not belong"),
        "{:?}",
        certificates.why_not(node.app.now())
    );
    std::fs::copy(path("b.key"), path("a.key")).unwrap();
    until("the new one", async || serial(port) != first).await;
    assert_eq!(certificates.why_not(node.app.now()), None);
    // A file that is away for a while is told, and is no trouble once it is back.
    std::fs::rename(path("a.key"), path("away.key")).unwrap();
    until("it is told that it is away", async || {
        certificates.why_not(node.app.now()).is_some_and(|why| why.contains("a.key cannot be read"))
    })
    .await;
    std::fs::rename(path("away.key"), path("a.key")).unwrap();
    until("it is back", async || certificates.why_not(node.app.now()).is_none()).await;
    let wrong = Files { chain: path("a.key"), key: path("a.pem") }.show(&certificates).unwrap_err().to_string();
    assert!(wrong.contains("a.key holds no certificate"), "{wrong}");
}
