//! Real map clients against the real program: GDAL old and new, QGIS, OWSLib, Leaflet, MapLibre,
//! schemathesis. `tools/test.sh` installs them; the scripts are in `tests/clients`.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::generator;
use crate::process::{Server, run};
use crate::support::{Database, Kind, demo};
use serde_json::{Value, json};

/// Zones of the plan beside the demo's: more than a page holds.
const ZONES: usize = 11_000;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients")
}

/// The demo, and a plan that no page holds.
fn site(data: &Path) -> Server {
    let server = Server::demo(data, None);
    let plan = data.join("plan.geojson");
    let mut out = std::io::BufWriter::new(std::fs::File::create(&plan).unwrap());
    generator::geojson(generator::plan(ZONES, 7), Some(9208), &|[x, y]| format!("[{x},{y}]"), &mut out).unwrap();
    drop(out);
    let facts = ["--title", "Quy hoạch lớn", "--kind", "land-use-plan", "--authority", "UBND thử", "--decision", "1/QĐ-THU"];
    let dates = ["--signed", "2023-05-01", "--effective-from", "2023-05-01", "--json"];
    let arguments = [&["import", "plan", plan.to_str().unwrap()], &facts[..], &dates[..]].concat();
    let output = run(data, None, &arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let code = report["code"].as_str().unwrap();
    let begun = std::time::Instant::now();
    while server.get(&format!("/q/{code}.json")).0 != 200 {
        assert!(begun.elapsed().as_secs() < 20, "the server does not follow");
        std::thread::yield_now();
    }
    server
}

/// Runs a client's script; what it says is shown when it fails.
fn client(program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder()).envs(environment.iter().copied());
    let output = command.output().unwrap_or_else(|error| panic!("{program}: {error}; run tools/test.sh"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{arguments:?}\n{said}\n{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// Python with the packages of `requirements.txt`.
fn python() -> String {
    std::env::var("BANGTIN_TEST_PYTHON").expect("run the tests with tools/test.sh: it makes a Python environment")
}

#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn gdal_qgis_and_owslib_read_every_layer_with_none_lost() {
    let data = tempfile::tempdir().unwrap();
    let server = site(data.path());
    let base = format!("http://{}", server.address);
    assert!(client(&python(), &["gdal.py", &base], &[]).contains("GDAL reads everything"));
    assert!(client(&python(), &["owslib_client.py", &base], &[]).contains("OWSLib reads 22 collections"));
    assert!(client("/usr/bin/python3", &["qgis_client.py", &base], &[]).contains("adds every layer"));
    // The GDAL of the distribution, by its own tools.
    let oapif = format!("OAPIF:{base}");
    let copied = data.path().join("zones.gpkg");
    let filter = ["-where", "land_use = 'ODT' AND area_ha > 1", "-spat", "104.80", "21.60", "105.00", "21.80"];
    client("ogr2ogr", &["-f", "GPKG", copied.to_str().unwrap(), &oapif, "zones"], &[]);
    // Columns have their types also where the first lots say nothing in them, and lines are lines.
    let lots = client("ogrinfo", &["-so", &oapif, "lots"], &[]);
    for column in ["setback_rear_m: Real", "height_max_m: Real", "basements_max: Integer", "effective_to: Date"] {
        assert!(lots.contains(column), "{column}: {lots}");
    }
    let lines = client("ogrinfo", &["-so", &oapif, "plan-lines"], &[]);
    assert!(lines.contains("Geometry: Multi Line String") && lines.contains("right_of_way_m: Real"), "{lines}");
    // A format that takes one type of geometry: the layer has one.
    let strict = data.path().join("zones.fgb");
    client("ogr2ogr", &["-f", "FlatGeobuf", strict.to_str().unwrap(), &oapif, "zones"], &[]);
    let whole = client("ogrinfo", &["-so", copied.to_str().unwrap(), "zones"], &[]);
    let matched: serde_json::Value = serde_json::from_str(&server.get("/collections/zones/items?limit=1&f=json").1).unwrap();
    assert!(whole.contains(&format!("Feature Count: {}", matched["numberMatched"])), "{whole}");
    let part = client("ogrinfo", &[&["-so", &oapif, "zones"], &filter[..]].concat(), &[]);
    assert!(!part.contains("Feature Count: 0") && !part.contains(&format!("Feature Count: {}\n", matched["numberMatched"])), "{part}");
    server.signal("TERM");
    server.wait();
}

/// Q09
#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn layers_of_a_city_that_has_published_nothing_are_valid_and_empty() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::empty(data.path(), &Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/yen-bai.toml"));
    let base = format!("http://{}", server.address);
    assert!(client(&python(), &["empty.py", &base], &[]).contains("empty collections"));
    assert!(client("/usr/bin/python3", &["qgis_client.py", &base, "empty"], &[]).contains("adds every empty layer"));
    server.signal("TERM");
    server.wait();
}

/// Zones of VN-2000 that the city file adds.
#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn a_zone_that_the_city_adds_is_a_coordinate_system_of_every_layer() {
    let data = tempfile::tempdir().unwrap();
    let city = data.path().join("city.toml");
    std::fs::write(&city, format!("zones = [5897]\n{}", include_str!("../../fixtures/yen-bai.toml"))).unwrap();
    for file in ["units.csv", "units.geojson"] {
        std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(file), data.path().join(file)).unwrap();
    }
    let server = Server::empty(&data.path().join("store"), &city);
    let json = |path: &str| -> serde_json::Value { serde_json::from_str(&server.get(path).1).unwrap() };
    let uri = "http://www.opengis.net/def/crs/EPSG/0/5897";
    for collection in json("/collections?f=json")["collections"].as_array().unwrap() {
        assert!(collection["crs"].as_array().unwrap().iter().any(|crs| crs == uri), "{}", collection["id"]);
    }
    let units = json(&format!("/collections/units/items?f=json&crs={uri}"));
    for unit in units["features"].as_array().unwrap() {
        // The meridian of 105° east is 500 km; the city lies just west of it, at 21.7° north.
        let (x, y) = (unit["geometry"]["coordinates"][0].as_f64().unwrap(), unit["geometry"]["coordinates"][1].as_f64().unwrap());
        assert!((470_000.0..500_000.0).contains(&x) && (2_380_000.0..2_420_000.0).contains(&y), "{x} {y}");
        let around = format!("{},{},{},{}", x - 0.01, y - 0.01, x + 0.01, y + 0.01);
        let found = json(&format!("/collections/units/items?f=json&bbox={around}&bbox-crs={uri}"));
        assert!(found["features"].as_array().unwrap().iter().any(|one| one["id"] == unit["id"]), "{}", unit["id"]);
    }
    let (status, text) = server.get("/collections/units/items?f=json&crs=http://www.opengis.net/def/crs/EPSG/0/5898");
    assert!(status == 400 && text.contains(uri), "{text}");
    let info = client("ogrinfo", &["-so", "-oo", "CRS=EPSG:5897", &format!("OAPIF:http://{}", server.address), "units"], &[]);
    assert!(info.contains("Feature Count: 20"), "{info}");
    server.signal("TERM");
    server.wait();
}

#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn leaflet_maplibre_and_the_own_map_show_zones_points_and_tiles() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::demo(data.path(), None);
    let base = format!("http://{}", server.address);
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("maps");
    std::fs::create_dir_all(&pictures).unwrap();
    let said = client("node", &["maps.mjs", &base, pictures.to_str().unwrap()], &[]);
    assert!(said.contains("zones in tiles"), "{said}");
    for name in ["leaflet", "maplibre", "own-map"] {
        let picture = image::open(pictures.join(format!("{name}.png"))).unwrap().to_rgb8();
        let colours: std::collections::HashSet<[u8; 3]> = picture.pixels().map(|pixel| pixel.0).collect();
        assert!(colours.len() > 30, "{name}: the map is not drawn");
    }
    server.signal("TERM");
    server.wait();
}

/// Pictures of what was seen are kept in `target/tmp/phone`.
#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn a_phone_shows_every_page_and_walks_every_flow_with_and_without_javascript() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::demo(data.path(), None);
    let base = format!("http://{}", server.address);
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("phone");
    std::fs::create_dir_all(&pictures).unwrap();
    let said = client("node", &["phone.mjs", &base, pictures.to_str().unwrap()], &[]);
    assert!(said.contains("pages and") && said.contains("flows hold"), "{said}");
    server.signal("TERM");
    server.wait();
}

#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn from_file_to_published_revision_it_takes_twelve_actions_by_keyboard_or_fewer() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::demo(data.path(), None);
    let base = format!("http://localhost:{}", server.address.rsplit_once(':').unwrap().1);
    let invitation = |role: &str| {
        let link = String::from_utf8(run(data.path(), None, &["account", "invite", "--role", role]).stdout).unwrap();
        format!("{base}/office/{}", link.trim().split_once("/office/").unwrap().1)
    };
    let (planner, approver) = (invitation("planner"), invitation("approver"));
    let said = client("node", &["keyboard.mjs", &base, &planner, &approver], &[]);
    assert!(said.contains("from file to published revision in"), "{said}");
}

#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn a_browser_signs_in_with_a_passkey_of_its_device() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::demo(data.path(), None);
    let base = format!("http://localhost:{}", server.address.rsplit_once(':').unwrap().1);
    // Passkeys are for the host of the public address.
    let set = run(data.path(), None, &["city", "set", "--public-url", &base]);
    assert!(set.status.success(), "{}", String::from_utf8_lossy(&set.stderr));
    let invited = run(data.path(), None, &["account", "invite", "--role", "clerk"]);
    let link = String::from_utf8(invited.stdout).unwrap();
    let begun = std::time::Instant::now();
    while !server.get("/office/sign-in").1.contains("data-host=\"localhost\"") {
        assert!(begun.elapsed().as_secs() < 20, "the server does not follow");
        std::thread::yield_now();
    }
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("office-passkeys");
    std::fs::create_dir_all(&pictures).unwrap();
    let said = client("node", &["passkeys.mjs", &base, pictures.to_str().unwrap(), link.trim()], &[]);
    assert!(said.contains("signed in with passkeys"), "{said}");
}

#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn a_browser_signs_in_at_providers_of_other_hands() {
    let (data, settings) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let port = crate::support::free_port();
    let base = format!("http://localhost:{port}");
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("office-providers");
    std::fs::create_dir_all(&pictures).unwrap();
    let mut command = Command::new("node");
    command.args(["providers.mjs", settings.path().to_str().unwrap(), &base, pictures.to_str().unwrap()]).current_dir(folder());
    let mut browser = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("run tools/test.sh");
    let (mut tell, mut said) =
        (browser.stdin.take().unwrap(), BufReader::new(browser.stdout.take().unwrap()).lines().map_while(Result::ok));
    assert!(said.any(|line| line == "ready"), "the providers do not start");
    let file = settings.path().join("oidc.toml");
    let listen = format!("127.0.0.1:{port}");
    let arguments = ["demo", "--listen", &listen, "--public-url", &base, "--oidc", file.to_str().unwrap()];
    let server = Server::start(crate::process::bangtin(data.path(), None).args(arguments));
    for role in ["administrator", "planner"] {
        let link = String::from_utf8(run(data.path(), None, &["account", "invite", "--role", role]).stdout).unwrap();
        writeln!(tell, "{}", link.trim()).unwrap();
    }
    let last = said.last().unwrap_or_default();
    assert!(browser.wait().unwrap().success() && last == "signed in at three providers", "{last}");
    server.signal("TERM");
    server.wait();
}

/// Pictures of what was seen are kept in `target/tmp/office-…`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
async fn a_planner_and_an_approver_play_a_plan_from_its_file_to_its_publication() {
    // Two of the eight stories each time; all of them where somebody asks for it.
    let usual = [(Kind::Sqlite, "390", "off"), (Kind::Postgres, "1280", "on")];
    let all = [Kind::Sqlite, Kind::Postgres]
        .into_iter()
        .flat_map(|kind| ["390", "1280"].into_iter().flat_map(move |width| ["off", "on"].map(|js| (kind, width, js))));
    let stories = if std::env::var_os("BANGTIN_TEST_STORIES").is_some() { all.collect() } else { usual.to_vec() };
    for (kind, width, js) in stories {
        let database = Database::new(kind).await;
        let data = tempfile::tempdir().unwrap();
        let url = (kind == Kind::Postgres).then_some(database.url.as_str());
        tokio::task::block_in_place(|| {
            let mut server = Server::demo(data.path(), url);
            let port = server.address.rsplit_once(':').unwrap().1.to_owned();
            let base = format!("http://localhost:{port}");
            let invitation = |role: &str| {
                let output = crate::process::run(data.path(), url, &["account", "invite", "--role", role]);
                let link = String::from_utf8(output.stdout).unwrap();
                let (_, secret) =
                    link.trim().split_once("/office/").unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&output.stderr)));
                format!("{base}/office/{secret}")
            };
            let invitations = ["planner", "approver", "clerk", "health", "administrator"].map(invitation);
            // Beside PostgreSQL the approver works at another node, which has the same key and is not killed.
            let other_data = tempfile::tempdir().unwrap();
            std::fs::copy(data.path().join("vault.key"), other_data.path().join("vault.key")).unwrap();
            let other = url.map(|_| Server::demo(other_data.path(), url));
            let elsewhere =
                other.as_ref().map_or(String::new(), |other| format!("http://localhost:{}", other.address.rsplit_once(':').unwrap().1));
            let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("office-{width}-{js}"));
            std::fs::create_dir_all(&pictures).unwrap();
            let mut arguments = vec!["office.mjs", &base, pictures.to_str().unwrap(), width, js];
            arguments.extend(invitations.iter().map(String::as_str));
            let mut command = Command::new("node");
            command
                .args(arguments)
                .current_dir(folder())
                .env("KILLS", "1")
                .env("OTHER", elsewhere)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped());
            let mut browser = command.spawn().expect("run tools/test.sh");
            let (mut tell, mut kills, mut said) = (browser.stdin.take().unwrap(), 0, String::new());
            for line in BufReader::new(browser.stdout.take().unwrap()).lines().map_while(Result::ok) {
                if line == "killed?" {
                    // SIGKILL, and a new start at the same address: nothing of what was done is lost.
                    server.child.kill().unwrap();
                    server.child.wait().unwrap();
                    server = Server::again(data.path(), url, &port);
                    kills += 1;
                    writeln!(tell, "go on").unwrap();
                }
                said = line;
            }
            assert!(browser.wait().unwrap().success() && said.contains("pages hold at") && kills > 15, "{kills} kills: {said}");
            server.signal("TERM");
            server.wait();
        });
    }
}

/// Pictures of what was seen are kept in `target/tmp/programme-…`.
#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn an_organiser_a_merchant_a_ward_and_a_resident_play_a_cashless_day() {
    for width in ["360", "1280"] {
        let data = tempfile::tempdir().unwrap();
        let server = Server::demo(data.path(), None);
        let base = format!("http://localhost:{}", server.address.rsplit_once(':').unwrap().1);
        let invited = |grants: &[&str]| {
            let output = crate::process::run(data.path(), None, &[&["account", "invite"], grants].concat());
            let link = String::from_utf8(output.stdout).unwrap();
            let (_, secret) = link.trim().split_once("/office/").unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&output.stderr)));
            format!("{base}/office/{secret}")
        };
        let organiser = invited(&["--role", "campaign", "--role", "clerk"]);
        let (approver, ward) = (invited(&["--role", "approver"]), invited(&["--role", "campaign", "--unit", "04543-2025"]));
        let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("programme-{width}"));
        std::fs::create_dir_all(&pictures).unwrap();
        let said = client("node", &["programme.mjs", &base, pictures.to_str().unwrap(), width, &organiser, &approver, &ward], &[]);
        assert!(said.contains("pages hold at"), "{said}");
        server.signal("TERM");
        server.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
async fn what_land_passed_from_use_to_use_is_what_geos_measures() {
    let (database, _, node) = demo(Kind::Sqlite).await;
    // The third revision has other shapes than the second: it covers a part of the city only.
    let other: Value = serde_json::from_slice(&std::fs::read("tests/data/formats/plan.geojson").unwrap()).unwrap();
    let facts = json!({ "kind": "land-use-plan", "title": "Bản ba", "zones": { "geojson": other },
        "decision": { "authority": "UBND tỉnh Yên Bái", "number": "77/QĐ", "signed": "2026-11-01" } });
    let command = json!({ "id": "third", "type": "plan.revise", "code": "QHSDD21AG", "effective_from": "2026-11-20", "facts": facts });
    node.apply(&command.to_string()).await;
    let keep = async |name: &str, path: &str| {
        let file = database.path(name);
        std::fs::write(&file, node.get(path).await.text()).unwrap();
        file.to_str().unwrap().to_owned()
    };
    for (from, to) in [(1, 2), (2, 3), (3, 1)] {
        let before = keep("before.geojson", &format!("/q/QHSDD21AG/revisions/{from}.geojson")).await;
        let after = keep("after.geojson", &format!("/q/QHSDD21AG/revisions/{to}.geojson")).await;
        let changes = keep("changes.json", &format!("/q/QHSDD21AG/changes?from={from}&to={to}&f=json")).await;
        let said = tokio::task::block_in_place(|| client(&python(), &["exchange.py", &before, &after, &changes], &[]));
        assert!(said.contains("as GEOS measures them"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
async fn a_moment_just_before_a_second_ends_is_read_in_every_format() {
    let (database, clock, node) = demo(Kind::Sqlite).await;
    clock.set("2026-11-28T05:03:10.999601Z");
    node.apply(&json!({ "id": "d", "type": "map-point.set-duty", "code": "XCT00001C", "duty": "out" }).to_string()).await;
    let mut files = Vec::new();
    for ending in ["geojson", "geojsons", "fgb", "csv", "gpkg", "kml"] {
        let file = database.path(&format!("ambulances.{ending}"));
        std::fs::write(&file, &node.get(&format!("/collections/ambulances/download.{ending}")).await.body).unwrap();
        files.push(file.to_str().unwrap().to_owned());
    }
    let arguments: Vec<&str> = std::iter::once("moments.py").chain(files.iter().map(String::as_str)).collect();
    let said = tokio::task::block_in_place(|| client(&python(), &arguments, &[]));
    assert!(said.contains("6 files read"), "{said}");
}

#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn schemathesis_finds_nothing_in_the_whole_interface() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::demo(data.path(), None);
    let document = format!("http://{}/api?f=json", server.address);
    let program = Path::new(&python()).with_file_name("st");
    let folder = folder();
    let environment = [("SCHEMATHESIS_HOOKS", "schema_hooks"), ("PYTHONPATH", folder.to_str().unwrap())];
    let common =
        ["--config-file", "schemathesis.toml", "run", &document, "--checks", "all", "--mode", "all", "--seed", "1", "--workers", "1"];
    let reads = ["--exclude-method", "POST", "--phases", "examples,coverage,fuzzing", "-n", "5"];
    client(program.to_str().unwrap(), &[&common[..], &reads[..]].concat(), &environment);
    // Without a token every write is refused; the examples phase trips over Python's own parser on
    // schemas as deep as those of commands.
    let writes = ["--include-method", "POST", "--phases", "coverage,fuzzing", "-n", "3"];
    client(program.to_str().unwrap(), &[&common[..], &writes[..]].concat(), &environment);
    let (status, metrics) = server.get("/metrics");
    assert!(status == 200 && metrics.contains("class=\"5xx\"} 0"), "{metrics}");
    server.signal("TERM");
    server.wait();
}

#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn schemathesis_finds_nothing_in_the_office_with_and_without_a_session() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::demo(data.path(), None);
    let base = format!("http://{}", server.address);
    let roles = ["administrator", "planner", "approver", "clerk", "health", "works", "campaign"].map(|role| ["--role", role]).concat();
    let output = run(data.path(), None, &[&["account", "invite"], &roles[..]].concat());
    let link = String::from_utf8(output.stdout).unwrap();
    let (_, secret) = link.trim().split_once("/office/").unwrap();
    let document = data.path().join("office.json");
    let addresses = json!(bangtin::http::office_addresses()).to_string();
    let program = Path::new(&python()).with_file_name("st");
    let said = client(
        &python(),
        &["office_schema.py", &base, &format!("{base}/office/{secret}"), program.to_str().unwrap(), document.to_str().unwrap(), &addresses],
        &[],
    );
    println!("{said}");
    let (status, metrics) = server.get("/metrics");
    assert!(status == 200 && metrics.contains("class=\"5xx\"} 0"), "{metrics}");
    server.signal("TERM");
    server.wait();
}
