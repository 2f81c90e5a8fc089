//! What a resident and a print shop wait for, each figure beside its goal in one run.
//!
//! `cargo bench --bench resident -- [map] [page] [print] [changes] [booklet] [urban] [here] [office] [ranking]`; all of them unless named.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, missing_docs)]

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::Request as HttpRequest;
use bangtin::app::accounts::{Acceptance, Profile};
use bangtin::app::reports::ReportDraft;
use bangtin::app::{App, Request};
use bangtin::cli::demo;
use bangtin::domain::Code;
use bangtin::domain::access::{Actor, Grant, Reach, Role};
use bangtin::domain::city::CityCommand;
use bangtin::domain::publication::view::Moment;
use bangtin::domain::report::ReportKind;
use bangtin::event_store::{self, Clock};
use bangtin::features::exchange;
use bangtin::geometry::crs::Crs;
use bangtin::http::{Limits, Site, router};
use bangtin::node::follower;
use bangtin::prints;
use bangtin::prints::Order;
use bangtin::read_model::ReadModel;
use bangtin::read_model::blobs::Blobs;
use bangtin::render::map::{self, Around, Detail};
use bangtin::render::print::Size;
use bangtin::vault::{ReportText, Vault};
use bangtin::words::text::Lang;
use futures_util::StreamExt;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

#[path = "../tests/suite/generator.rs"]
mod generator;

/// Milliseconds of each run, sorted.
struct Times(Vec<f64>);

impl Times {
    fn part(&self, share: f64) -> f64 {
        self.0[((self.0.len() - 1) as f64 * share).round() as usize]
    }
}

fn timed(count: usize, mut run: impl FnMut(usize)) -> Times {
    let mut times: Vec<f64> = (0..count)
        .map(|i| {
            let begun = Instant::now();
            run(i);
            begun.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    Times(times)
}

fn say(what: &str, found: f64, goal: f64, unit: &str) {
    println!("| {what} | {found:.1} {unit} | {goal:.0} {unit} | {:.2} | ≤ 1 |", found / goal);
}

struct Node {
    app: Arc<App>,
    model: Arc<ReadModel>,
    router: Router,
}

impl Node {
    async fn start(folder: &Path) -> Self {
        let clock: Clock = Arc::new(|| jiff::Timestamp::now().as_microsecond());
        let url = format!("sqlite://{}", folder.join("log.sqlite").display());
        let log = event_store::open(&url, Arc::clone(&clock)).await.unwrap();
        let app = App::open(Arc::clone(&log), Arc::new(Vault::new([1; 32])), clock, folder.join("erasures.txt")).await.unwrap();
        let app = Arc::new(app);
        app.set_city(CityCommand::Record(demo::city(Some("https://bangtin.example".into())).unwrap())).await.unwrap();
        demo::load_units(&app).await.unwrap();
        let image = follower::build(&log, None).await.unwrap();
        let model = Arc::new(ReadModel::new(image, Blobs::new(log, 512 << 20, None), 512 << 20));
        tokio::spawn(follower::follow(Arc::clone(&app), Arc::clone(&model), None));
        let router = router(Arc::new(Site::new(Arc::clone(&app), Arc::clone(&model), Limits::default())));
        Self { app, model, router }
    }

    async fn apply(&self, command: Value) -> Code {
        let request = Request::parse(command).unwrap();
        let outcome = self.app.execute(&Actor::local(), request, &demo::file).await.unwrap();
        assert!(self.model.wait_for(outcome.position, Duration::from_mins(1)).await);
        outcome.code.unwrap()
    }

    async fn publish(&self, id: usize, zones: usize) -> Code {
        let mut text = Vec::new();
        generator::geojson(generator::plan(zones, id as u64 + 7), Some(9208), &|[x, y]| format!("[{x},{y}]"), &mut text).unwrap();
        let set = json!({ "geojson": serde_json::from_slice::<Value>(&text).unwrap(), "crs": "EPSG:9208" });
        self.apply(json!({ "id": format!("p{id}"), "type": "plan.publish", "effective_from": "2024-02-01", "facts": facts(id, set) })).await
    }

    async fn get(&self, path: &str) -> usize {
        let request = HttpRequest::get(path).header("accept-encoding", "br").body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.status());
        response.into_body().collect().await.unwrap().to_bytes().len()
    }

    fn moment(&self) -> Moment {
        Moment::new(self.app.now(), self.model.image().city.zone())
    }
}

fn facts(id: usize, zones: Value) -> Value {
    json!({ "kind": "land-use-plan", "title": format!("Quy hoạch sử dụng đất số {id}"), "zones": zones, "period": { "from": 2021, "to": 2030 },
        "decision": { "authority": "UBND tỉnh", "number": format!("{id}/QĐ-UBND"), "signed": "2024-01-05" } })
}

async fn map_drawing(node: &Node, code: Code) {
    let set = node.model.image().view(&code, None, &node.moment()).unwrap().features.unwrap();
    let features = node.model.features(set.sha256).await.unwrap();
    let city = Arc::clone(&node.model.image().city);
    let boundaries = prints::boundaries(&node.model, &city).await.unwrap();
    let units = map::unit_shapes(&city, boundaries.as_deref(), node.moment().today, Lang::Vi);
    let around = Around::units(Lang::Vi, &units);
    let mut svg = String::new();
    let times = timed(60, |_| svg = map::zones(features.as_ref(), &set.bbox, &Detail::PHONE, &around, "x").svg);
    say("map of 2,000 zones to SVG, median", times.part(0.5), 15.0, "ms");
    let mut packed = Vec::new();
    let quality = brotli::enc::BrotliEncoderParams { quality: 5, ..Default::default() };
    brotli::BrotliCompress(&mut svg.as_bytes(), &mut packed, &quality).unwrap();
    say("the SVG, brotli 5", packed.len() as f64 / 1e3, 10.0, "kB");
}

async fn first_render(node: &Node, code: Code) {
    let sha = node.model.image().view(&code, None, &node.moment()).unwrap().features.unwrap().sha256;
    let mut times = Vec::new();
    let mut bytes = 0;
    for i in 0..40 {
        let set = json!({ "sha256": sha.to_string() });
        let command = json!({ "id": format!("r{i}"), "type": "plan.revise", "code": code, "effective_from": "2024-02-02", "facts": facts(100 + i, set) });
        node.apply(command).await;
        let begun = Instant::now();
        bytes = node.get(&format!("/q/{code}")).await;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    say("page of a new revision of 2,000 zones, first render with brotli 5, median", Times(times).part(0.5), 30.0, "ms");
    say("that page on the wire", bytes as f64 / 1e3, 14.0, "kB");
}

async fn printing(node: &Node, code: Code) {
    let order = Order { lang: Lang::Vi, unit: None, whole: true, board: None };
    let moment = node.moment();
    let mut times = Vec::new();
    let mut bytes = 0;
    for _ in 0..30 {
        let begun = Instant::now();
        let material = prints::gather(&node.model, &moment, code, &order).await.unwrap();
        bytes = tokio::task::block_in_place(|| material.poster(Size::A4)).unwrap().len();
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    say(&format!("poster of a plan of 2,000 zones, PDF of {} kB, median", bytes / 1_000), Times(times).part(0.5), 60.0, "ms");
}

/// Two plans of which no zone has the same shape: the slowest that can be compared.
async fn comparing(node: &Node) {
    let plane = Crs::new(9208).unwrap();
    for (zones, runs, goal, first) in [(2_000, 9, 300.0, 900), (100_000, 1, 10_000.0, 910)] {
        let mut sets = Vec::new();
        for id in [first, first + 1] {
            let code = node.publish(id, zones).await;
            let sha = node.model.image().view(&code, None, &node.moment()).unwrap().features.unwrap().sha256;
            sets.push(node.model.features(sha).await.unwrap());
        }
        let mut cells = 0;
        let times = timed(runs, |_| {
            let [old, new] = [0, 1].map(|k| exchange::zones(&sets[k], &plane));
            cells = bangtin::geometry::exchange::exchange(&old, &new, &|_| ()).cells.len();
        });
        say(&format!("what changed between two plans of {zones} zones each ({cells} cells), median"), times.part(0.5), goal, "ms");
    }
}

/// Fills a node with 80,000 points, 20,000 plans, 10,000 drafts and 200 reports. Gives a plan, a board and a proposal.
async fn fill(node: &Node) -> [Code; 3] {
    let point = |n: usize| {
        json!({ "id": format!("m{n}"), "type": "map-point.publish", "facts": { "kind": if n.is_multiple_of(100) { "ambulance" } else { "health-station" },
                "title": format!("Trạm y tế số {n}"), "position": { "lon": 104.85 + (n % 300) as f64 * 1e-4, "lat": 21.70 + (n / 300) as f64 * 1e-5 } } })
    };
    let facts = |n: usize| {
        json!({ "kind": "land-use-plan", "title": format!("Quy hoạch số {n}"), "level": "tỉnh", "period": { "from": 2021, "to": 2030 },
                "decision": { "authority": "UBND tỉnh", "number": format!("{n}/QĐ-UBND"), "signed": "2026-11-20" } })
    };
    let plan = |n: usize| json!({ "id": format!("p{n}"), "type": "plan.publish", "effective_from": "2026-11-20", "facts": facts(n) });
    let proposal = |n: usize| Code::from_random((n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    let draft = |n: usize| {
        json!({ "id": format!("d{n}"), "type": "plan.propose", "code": proposal(n), "action": "publish", "command": { "facts": facts(50_000 + n) },
                "submitted": false })
    };
    let carry_out = async |command: Value| node.app.execute(&Actor::local(), Request::parse(command).unwrap(), &demo::file).await.unwrap();
    let commands = (0..80_000).map(point).chain((0..20_000).map(plan)).chain((0..10_000).map(draft));
    let carried = futures_util::stream::iter(commands).map(carry_out).buffer_unordered(256);
    carried.for_each(async |_| ()).await;
    let one_plan = carry_out(plan(20_000)).await.code.unwrap();
    let board = json!({ "number": 1, "title": "Bảng tin Hồng Hà", "position": { "lon": 104.87, "lat": 21.70 } });
    let board = carry_out(json!({ "id": "b1", "type": "board.publish", "effective_from": "2026-11-24", "facts": board })).await;
    for n in 0..200 {
        let written = ReportText { text: format!("Sai tên đường {n}"), reply_to: String::new() };
        let draft = ReportDraft { kind: ReportKind::Mistake, item: one_plan, board: None, written, photo: None };
        node.app.receive_report(draft).await.unwrap();
    }
    assert!(node.model.wait_for(board.position + 200, Duration::from_mins(2)).await);
    [one_plan, board.code.unwrap(), proposal(0)]
}

/// A person who has signed in and may do everything.
struct Person<'a> {
    node: &'a Node,
    cookie: String,
}

impl<'a> Person<'a> {
    async fn signed_in(node: &'a Node) -> Self {
        let grants = Role::OF_PEOPLE.map(|role| Grant { role, reach: Reach::City }).to_vec();
        let (_, secret) = node.app.invite(&Actor::local(), &Profile::default(), grants).await.unwrap();
        let totp = node.app.invitation(&secret).await.unwrap().totp;
        let code = bangtin::credentials::totp_code(&totp, node.app.now().as_second() as u64).unwrap();
        let passphrase = "con trâu gặm cỏ bên sông Hồng".to_owned();
        let person = Acceptance { name: "Nguyễn Thị Thử".into(), email: "thu@yenbai.gov.vn".into(), passphrase, code, passkey: None };
        let (account, _) = node.app.accept(&secret, &person).await.unwrap();
        Self { node, cookie: format!("__Host-bangtin={}", node.app.begin_session(&account, None).await.unwrap()) }
    }

    async fn ask(&self, request: axum::http::request::Builder, body: String) -> axum::response::Response {
        let request = request.header("host", "localhost").header("cookie", &self.cookie).body(Body::from(body)).unwrap();
        let answer = self.node.router.clone().oneshot(request).await.unwrap();
        assert!(answer.status().is_success() || answer.status().is_redirection(), "{}", answer.status());
        answer
    }

    /// The address of a draft of 2,000 zones, from a file that is sent.
    async fn draft(&self) -> String {
        let page = self.ask(HttpRequest::get("/office/plans/new"), String::new()).await.into_body().collect().await.unwrap().to_bytes();
        let page = String::from_utf8(page.to_vec()).unwrap();
        let token = page.split("name=\"token\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let mut zones = Vec::new();
        generator::geojson(generator::plan(2_000, 7), Some(9208), &|[x, y]| format!("[{x},{y}]"), &mut zones).unwrap();
        let zones = String::from_utf8(zones).unwrap();
        let part = |name: &str, content: &str| format!("--x\r\ncontent-disposition: form-data; name={name}\r\n\r\n{content}\r\n");
        let form = part("token", token) + &part("file; filename=plan.geojson", &zones) + "--x--\r\n";
        let request = HttpRequest::post("/office/plans/new").header("content-type", "multipart/form-data; boundary=x");
        self.ask(request.header("origin", "http://localhost"), form).await.headers()["location"].to_str().unwrap().to_owned()
    }
}

/// Pages of the office beside 100,000 items and 10,000 drafts.
async fn office(folder: &Path) {
    let node = Node::start(folder).await;
    let person = Person::signed_in(&node).await;
    let [plan, board, proposal] = fill(&node).await;
    let pages = [
        "/office",
        "/office/items",
        "/office/items?q=quy+hoach+so+19999",
        &format!("/office/items/{plan}"),
        "/office/proposals",
        &format!("/office/proposals/{proposal}"),
        "/office/deadlines",
        "/office/points?kind=health-station",
        "/office/points/new?kind=ambulance",
        "/office/duty",
        &format!("/office/boards/{board}"),
        "/office/reports",
        "/office/audit",
        "/office/plans/new",
        &person.draft().await,
        "/office/accounts",
        "/office/tokens",
        "/office/city",
    ];
    for path in pages {
        let (mut times, mut bytes) = (Vec::new(), 0);
        for _ in 0..9 {
            let begun = Instant::now();
            let answer = person.ask(HttpRequest::get(path).header("accept-encoding", "br"), String::new()).await;
            bytes = answer.into_body().collect().await.unwrap().to_bytes().len();
            times.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        say(
            &format!("`{path}` beside 100,000 items and 10,000 drafts ({:.1} kB), median", bytes as f64 / 1e3),
            Times(times).part(0.5),
            50.0,
            "ms",
        );
        say(&format!("`{path}` on the wire"), bytes as f64 / 1e3, 30.0, "kB");
    }
}

/// The command line prints 500 posters for the boards of a ward; its peak is read while it runs.
fn booklet(folder: &Path) {
    let program = env!("CARGO_BIN_EXE_bangtin");
    let data = folder.join("booklet");
    let bangtin = || {
        let mut command = Command::new(program);
        command.args(["--data", data.to_str().unwrap()]).stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    // The demo fills the store; it is stopped once it serves.
    let mut server = Command::new(program)
        .args(["--data", data.to_str().unwrap(), "demo", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(server.stdout.take().unwrap()));
    assert!(lines.any(|line| line.unwrap().contains("http://")));
    server.kill().unwrap();
    server.wait().unwrap();
    let mut commands = String::new();
    for number in 100..350 {
        let code = Code::from_random([1, 2, 3, 4, (number / 32) as u8 % 32, (number % 32) as u8, 7, 8]);
        let facts = json!({ "number": number, "title": format!("Bảng tin tổ {number}"), "position": { "lon": 104.88, "lat": 21.71 }, "units": ["04252-2025"] });
        writeln!(
            commands,
            "{}",
            json!({ "id": format!("b{number}"), "type": "board.publish", "code": code, "effective_from": "2026-01-05", "facts": facts })
        )
        .unwrap();
        for (item, revision) in [("QHSDD21AG", 2), ("KHSDD26AK", 1)] {
            writeln!(commands, "{}", json!({ "id": format!("{number}-{item}"), "type": "board.print", "code": code, "item": item, "revision": revision, "on": "2026-01-08" })).unwrap();
        }
    }
    let file = folder.join("boards.jsonl");
    std::fs::write(&file, commands).unwrap();
    assert!(bangtin().arg("apply").arg(&file).status().unwrap().success());
    let out = folder.join("booklet.pdf");
    let begun = Instant::now();
    let mut print = bangtin().args(["print", "--what", "booklet", "--unit", "04252", "-o", out.to_str().unwrap()]).spawn().unwrap();
    let mut peak = 0_u64;
    while print.try_wait().unwrap().is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", print.id())).unwrap_or_default();
        let now = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().split(' ').next()?.parse::<u64>().ok());
        peak = peak.max(now.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(print.wait().unwrap().success());
    let bytes = std::fs::metadata(&out).unwrap().len();
    say(&format!("booklet of more than 500 posters, {:.1} MB", bytes as f64 / 1e6), begun.elapsed().as_secs_f64(), 10.0, "s");
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    say("its peak memory beside 3 × the file + 64 MiB", mib(peak << 10), 3.0 * mib(bytes) + 64.0, "MiB");
}

/// A plan of so many lots, with two lines for every five: roads with a right of way, and red lines.
async fn publish_urban(node: &Node, id: usize, lots: usize) {
    let mut text = Vec::new();
    generator::geojson(generator::plan(lots, id as u64 + 7), Some(9208), &|[x, y]| format!("[{x},{y}]"), &mut text).unwrap();
    let mut plan: Value = serde_json::from_slice(&text).unwrap();
    let features = plan["features"].as_array_mut().unwrap();
    for (n, lot) in features.iter_mut().enumerate() {
        lot["properties"]["KyHieuLoDat"] = json!(format!("A-{n}"));
        lot["properties"]["SoTangToiDa"] = json!("1-5");
        lot["properties"]["MatDoXD"] = json!("≤ 70%");
    }
    let (columns, rows) = ((lots as f64 / 1.25).sqrt() as usize, (lots as f64 / 5.0).sqrt() as usize);
    for n in 0..lots * 2 / 5 {
        let (x, y) =
            (507_700.0 + (n % columns) as f64 * 13_200.0 / columns as f64, 2_395_700.0 + (n / columns) as f64 * 12_400.0 / rows as f64);
        let points: Vec<[f64; 2]> = (0..12).map(|k| [x + f64::from(k) * 10.0, y + f64::from(k % 3) * 4.0]).collect();
        let properties = if n % 2 == 0 {
            json!({ "Loai": "Tim đường", "TenDuong": format!("Đường {n}"), "LoGioi": "20,5 m" })
        } else {
            json!({ "Loai": "Chỉ giới đường đỏ" })
        };
        features.push(json!({ "type": "Feature", "properties": properties, "geometry": { "type": "LineString", "coordinates": points } }));
    }
    let facts = json!({ "kind": "zoning-plan", "title": format!("Quy hoạch phân khu số {id}"), "zones": { "geojson": plan, "crs": "EPSG:9208" },
        "decision": { "authority": "UBND tỉnh", "number": format!("{id}/QĐ-PK"), "signed": "2024-01-05" } });
    node.apply(json!({ "id": format!("u{id}"), "type": "plan.publish", "effective_from": "2024-02-01", "facts": facts })).await;
}

/// A place and a parcel among 100,000 lots and 40,000 lines, in so many plans.
async fn here_urban(node: &Node, plans: usize) {
    for id in 1..=plans {
        publish_urban(node, id, 100_000 / plans).await;
    }
    let mut seed = 1_u64;
    let mut random = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as f64 / f64::from(1 << 30) / 2.0
    };
    for (place, side) in [("a point", 0.0), ("a parcel of 20 m by 30 m", 20.0)] {
        let mut times = Vec::new();
        for round in 0..1_200 {
            let (x, y) = (2_396_000.0 + random() * 11_000.0, 508_000.0 + random() * 12_000.0);
            let corners = [[0.0, 0.0], [0.0, side], [1.5 * side, side], [1.5 * side, 0.0]];
            let request = if side > 0.0 {
                let corners = corners.map(|[north, east]| format!("{:.2} {:.2}", x + north, y + east)).join("\n");
                HttpRequest::post("/here?f=json").header("content-type", "text/plain").body(Body::from(corners)).unwrap()
            } else {
                HttpRequest::get(format!("/here?f=json&n={x:.1}&e={y:.1}")).body(Body::empty()).unwrap()
            };
            let begun = Instant::now();
            let response = node.router.clone().oneshot(request).await.unwrap();
            assert!(response.status().is_success());
            response.into_body().collect().await.unwrap();
            if round >= 200 {
                times.push(begun.elapsed().as_secs_f64() * 1e3);
            }
        }
        times.sort_by(f64::total_cmp);
        let what = format!("/here for {place}, 100,000 lots and 40,000 lines, plans: {plans}, p99");
        say(&what, Times(times).part(0.99), 5.0, "ms");
    }
}

async fn here(node: &Node) {
    for id in 1..50 {
        node.publish(id, 2_000).await;
    }
    let last = node.publish(50, 10).await;
    let [west, south, east, north] = node.model.image().view(&last, None, &node.moment()).unwrap().features.unwrap().bbox;
    let mut seed = 1_u64;
    let mut random = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as f64 / f64::from(1 << 30) / 2.0
    };
    let paths: Vec<String> = (0..8_000)
        .map(|_| format!("/here?f=json&lon={:.5}&lat={:.5}", west + random() * (east - west), south + random() * (north - south)))
        .collect();
    for path in &paths[..200] {
        node.get(path).await;
    }
    let mut times = Vec::new();
    for path in &paths[..2_000] {
        let begun = Instant::now();
        node.get(path).await;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    say("/here, 100,000 zones in 50 plans, one after the other, p99", Times(times).part(0.99), 3.0, "ms");
    // A parcel of 20 m by 30 m, as the corners of a certificate.
    let mut times = Vec::new();
    for _ in 0..1_000 {
        let (x, y) = (2_399_500.0 + random() * 3_000.0, 511_000.0 + random() * 3_000.0);
        let corners = [[0.0, 0.0], [0.0, 20.0], [30.0, 20.0], [30.0, 0.0]].map(|[north, east]| format!("{:.2} {:.2}", x + north, y + east));
        let request = HttpRequest::post("/here?f=json").header("content-type", "text/plain").body(Body::from(corners.join("\n"))).unwrap();
        let begun = Instant::now();
        let response = node.router.clone().oneshot(request).await.unwrap();
        assert!(response.status().is_success());
        response.into_body().collect().await.unwrap();
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    say("/here for a parcel, p99", Times(times).part(0.99), 3.0, "ms");
    let tasks: Vec<_> = (0..2)
        .map(|task| {
            let (paths, router) = (paths.clone(), node.router.clone());
            tokio::spawn(async move {
                let mut times = Vec::new();
                for path in paths.iter().skip(task).step_by(2) {
                    let begun = Instant::now();
                    let request = HttpRequest::get(path).body(Body::empty()).unwrap();
                    router.clone().oneshot(request).await.unwrap().into_body().collect().await.unwrap();
                    times.push(begun.elapsed().as_secs_f64() * 1e3);
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    times.sort_by(f64::total_cmp);
    say("/here, two at a time on two cores, p99", Times(times).part(0.99), 3.0, "ms");
}

/// Ranks 1,000 units by 50 indicators in each of 12 periods: every place that a programme of that size can show.
fn ranking() {
    use bangtin::domain::figures::{Direction, Interval, rank};
    const UNITS: usize = 1_000;
    const TABLES: usize = 50 * 12;
    let tables: Vec<Vec<(usize, f64, Interval)>> = (0..TABLES)
        .map(|table| {
            let figure = |unit: usize| {
                let value = ((unit * 7_919 + table * 104_729) % 10_000) as f64 / 100.0;
                (unit, value, Interval { low: value - 4.0, high: value + 4.0 })
            };
            (0..UNITS).map(figure).collect()
        })
        .collect();
    let times = timed(9, |_| {
        let places: usize = tables.iter().map(|table| rank(table.iter().copied(), Direction::Up).last().map_or(0, |one| one.rank)).sum();
        assert!(places > TABLES);
    });
    say("ranking of 1,000 units × 50 indicators × 12 periods, median", times.part(0.5), 50.0, "ms");
}

#[tokio::main]
async fn main() {
    let named: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let is_wanted = |what: &str| named.is_empty() || named.iter().any(|name| name == what);
    let folder = tempfile::tempdir().unwrap();
    println!("| what | found | goal | found ÷ goal | |\n|---|---|---|---|---|");
    let node = Node::start(folder.path()).await;
    let code = node.publish(0, 2_000).await;
    if is_wanted("map") {
        map_drawing(&node, code).await;
    }
    if is_wanted("page") {
        first_render(&node, code).await;
    }
    if is_wanted("print") {
        printing(&node, code).await;
    }
    if is_wanted("changes") {
        comparing(&node).await;
    }
    if is_wanted("booklet") {
        booklet(folder.path());
    }
    if is_wanted("urban") {
        for plans in [50, 1] {
            let folder = tempfile::tempdir().unwrap();
            here_urban(&Node::start(folder.path()).await, plans).await;
        }
    }
    if is_wanted("here") {
        here(&node).await;
    }
    if is_wanted("ranking") {
        ranking();
    }
    if is_wanted("office") {
        let folder = tempfile::tempdir().unwrap();
        office(folder.path()).await;
    }
}
