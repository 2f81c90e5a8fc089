//! 10,000 requests of all routes from a seed: no fault, nothing that hangs, memory stays flat.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};

use super::process::Server;
use super::support::{Kind, demo};

/// Addresses that lead to a handler, and what is hung onto them.
const HEADS: &[&str] = &[
    "",
    "/q",
    "/Q",
    "/q/QHSDD21AG",
    "/q/QHSDD21AG.geojson",
    "/q/QHSDD21AG/changes",
    "/q/QHSDD21AG/history",
    "/q/QHSDD21AG/revisions/1",
    "/q/QHSDD21AG/qr.png",
    "/q/QHSDD21AG/poster.pdf",
    "/collections",
    "/collections/zones",
    "/collections/zones/items",
    "/collections/zones/items",
    "/collections/zones/items",
    "/collections/plans/items",
    "/collections/plans/items/QHSDD21AG",
    "/collections/plans/items/QHSDD21AG/versions",
    "/collections/units/items",
    "/collections/campaigns/items",
    "/collections/zones/tiles/WebMercatorQuad",
    "/collections/zones/tiles/WebMercatorQuad/12/1797/3241",
    "/collections/zones/tiles/WebMercatorQuad/14",
    "/collections/zones/queryables",
    "/collections/zones/download.csv",
    "/collections/zones/download.geojson",
    "/collections/zones/style.json",
    "/collections/zones/map",
    "/api",
    "/conformance",
    "/search",
    "/here",
    "/nearest",
    "/boards",
    "/booklet.pdf",
    "/reports",
    "/glossary",
    "/imports",
    "/blobs",
    "/licence",
    "/assets",
    "/healthz",
    "/readyz",
    "/metrics",
];
const PARTS: &[&str] = &[
    "zones",
    "lots",
    "plan-lines",
    "plan-points",
    "QHPK2301B-1-L2",
    "plans",
    "units",
    "campaigns",
    "items",
    "tiles",
    "WebMercatorQuad",
    "QHSDD21AG",
    "QHSDD21AG-1",
    "QHSDD21AG-1-5",
    "qhsdd21ag.geojson",
    "QHSDD21AG.csv",
    "history",
    "revisions",
    "1",
    "0",
    "99999999999999999999",
    "-1",
    "versions",
    "style.json",
    "style.qml",
    "download.kml",
    "download.exe",
    "map",
    "schema",
    "queryables",
    "sortables",
    "feature-schema",
    "%00",
    "%ff",
    "..",
    "a%2Fb",
    "Đất",
    "qr.png",
    "qr.svg",
    "12",
    "1794",
    "3241",
    "04252-2025",
    "",
];
const NAMES: &[&str] = &[
    "bbox",
    "datetime",
    "limit",
    "filter",
    "crs",
    "bbox-crs",
    "filter-crs",
    "filter-lang",
    "sortby",
    "after",
    "as_of",
    "f",
    "lang",
    "token",
    "q",
    "size",
    "land_use",
    "profile",
    "x",
    "unit",
    "at",
    "lon",
    "lat",
    "name",
    "kind",
    "since",
    "from",
    "board",
];
const VALUES: &[&str] = &[
    "",
    "1",
    "-1",
    "0",
    "104.8,21.6,104.9,21.7",
    "1,2",
    "NaN,NaN,NaN,NaN",
    "1e308,1e308,-1e308,-1e308",
    "2026-01-05",
    "../..",
    "2026-01-05/..",
    "-9999-01-01",
    "id%20%3D%20'x'",
    "S_INTERSECTS(geometry,POINT(104.88%2021.7))",
    "NOT%20(NOT%20(id%20IS%20NULL))",
    "%7B%22op%22%3A%22not%22%2C%22args%22%3A%5B%5D%7D",
    "EPSG:9208",
    "EPSG:3857",
    "EPSG:1",
    "cql2-json",
    "-area_ha",
    "+id",
    "1.1.1",
    "9999999999999999.0.4294967295",
    "json",
    "html",
    "tilejson",
    "vi",
    "en",
    "%F0%9F%98%80",
    "%ff%fe",
    "'%20OR%201=1--",
    "versions-as-features",
    "S_WITHIN(geometry,POLYGON((0%200,1%201,0%201,0%200)))",
    "ACCENTI(CASEI(title))%20LIKE%20'%25a%25b%25c%25'",
    "512",
    "104.8875,21.7125",
    "104.8875",
    "21.7125",
    "yen binh",
    "ambulance",
];

/// A request: method, address, headers.
type Asked = (&'static str, String, Vec<(&'static str, &'static str)>);

/// Requests from a seed, always the same.
fn requests() -> impl Iterator<Item = Asked> {
    let mut seed = 20_261_124_u64;
    let mut random = move |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % below as u64) as usize
    };
    std::iter::repeat_with(move || {
        let mut address = HEADS[random(HEADS.len())].to_owned();
        // Two of three go no further.
        for _ in 0..random(9).saturating_sub(5) {
            address.push('/');
            address.push_str(PARTS[random(PARTS.len())]);
        }
        if address.is_empty() {
            address.push('/');
        }
        for n in 0..random(4) {
            address.push(if n == 0 { '?' } else { '&' });
            address.push_str(NAMES[random(NAMES.len())]);
            address.push('=');
            address.push_str(VALUES[random(VALUES.len())]);
        }
        let encode = |c: char| if c.is_ascii() { c.to_string() } else { c.to_string().bytes().map(|b| format!("%{b:02X}")).collect() };
        let address = address.chars().map(encode).collect();
        let method = ["GET", "GET", "GET", "GET", "HEAD", "OPTIONS", "POST"][random(7)];
        let headers = [
            ("accept-encoding", "gzip"),
            ("accept", "text/html"),
            ("accept-language", "en"),
            ("range", "bytes=0-9"),
            ("range", "bytes=9-0, 99999999999999999999-"),
            ("range", "bytes=999999999-"),
            ("if-range", "\"x\""),
            ("accept-datetime", "Mon, 01 Apr 2024 00:00:00 GMT"),
        ];
        (method, address, headers.into_iter().filter(|_| random(4) == 0).collect())
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn random_requests_never_end_in_a_fault() {
    let (_database, _, node) = demo(Kind::Sqlite).await;
    let mut seen: HashMap<(&str, u16), u32> = HashMap::new();
    let turns = std::env::var("BANGTIN_TEST_REQUESTS").map_or(2_000, |turns| turns.parse().unwrap());
    for (turn, (method, address, headers)) in requests().take(turns).enumerate() {
        let Ok(mut request) = Request::builder().method(method).uri(&address).body(Body::empty()) else { continue };
        for (name, value) in headers {
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        let answer = tokio::time::timeout(Duration::from_secs(20), node.send(request)).await;
        let answer = answer.unwrap_or_else(|_| panic!("turn {turn} hangs: {address}"));
        assert!(answer.status.as_u16() < 500, "turn {turn}: {} {address}: {}", answer.status, String::from_utf8_lossy(&answer.body));
        let path = address.split('?').next().unwrap_or_default();
        let head = HEADS.iter().filter(|head| path == **head).max_by_key(|head| head.len());
        *seen.entry((head.copied().unwrap_or("elsewhere"), answer.status.as_u16())).or_default() += 1;
    }
    let count = |head: &'static str, status: StatusCode| seen.get(&(head, status.as_u16())).copied().unwrap_or_default();
    for status in [StatusCode::BAD_REQUEST, StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED] {
        assert!(seen.keys().any(|(_, seen)| *seen == status.as_u16()), "{status}: {seen:?}");
    }
    let least = turns as u32 / 1_000;
    // The handlers themselves are asked, with what is right and what is wrong.
    for head in
        ["/collections/zones/items", "/collections/plans/items/QHSDD21AG", "/search", "/here", "/q/QHSDD21AG", "/collections/zones/map"]
    {
        assert!(count(head, StatusCode::OK) > least, "{head}: {seen:?}");
    }
    for head in ["/collections/zones/items", "/collections/zones/tiles/WebMercatorQuad/12/1797/3241"] {
        assert!(count(head, StatusCode::BAD_REQUEST) > least, "{head}: {seen:?}");
    }
}

/// Resident memory of a process, KiB.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Sends a request as it stands, and reads its answer to the end.
fn send(address: &str, (method, path, headers): &Asked) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let text = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: 0\r\n{headers}\r\n");
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap_or_else(|error| panic!("{method} {path}: {error}"));
    assert!(answer.starts_with(b"HTTP/1.1 "), "{method} {path}: {}", String::from_utf8_lossy(&answer));
}

/// What has been asked once is in memory; the same questions again, and again, must add nothing.
#[test]
fn memory_stays_flat_under_random_requests() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::demo(data.path(), None);
    // A poster is a drawing of some hundred milliseconds without optimisation, and not what is looked at here.
    let asked: Vec<Asked> = requests().filter(|(_, path, _)| !path.contains(".pdf")).take(2_000).collect();
    let round = |_| {
        asked.iter().for_each(|asked| send(&server.address, asked));
        resident(server.child.id())
    };
    // A look at one moment also finds what the allocator has not given back yet, which comes and goes by a fifth.
    // What is lost in each round is lost for good: then even the lowest of the later looks is above the highest of the first.
    let first: Vec<u64> = (0..3).map(round).collect();
    let later: Vec<u64> = (0..5).map(round).collect();
    server.end("TERM");
    assert!(later[2..].iter().min() < first.iter().max().map(|most| most + 8_192).as_ref(), "{first:?} KiB, then {later:?} KiB");
}
