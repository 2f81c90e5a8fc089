//! Addresses and headers as proxies, browsers, apps and messengers leave them.

use axum::body::Body;
use axum::http::{Request as HttpRequest, StatusCode};
use bangtin::http::Limits;
use bangtin::http::proxies::Proxies;

use crate::support::{Answer, Database, Kind, NOON, Node, TestClock, demo};

const PLAN: &str = "QHSDD21AG";
const HTML: (&str, &str) = ("accept", "text/html");

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_found_whatever_hangs_onto_its_address() {
    let (_database, _clock, node) = demo(Kind::Sqlite).await;
    let page = node.get(&format!("/q/{PLAN}")).await;
    let marked = node.get(&format!("/q/{PLAN}.B73")).await;
    assert_ne!(page.body, marked.body);
    let tails = [".", ")", ",", " ", "”", "“", "’", "»", ";", ":", "!", "?", "…", ").", ".”", "\u{200b}", "\u{a0}", "/", "*", "\n", "\">"];
    for tail in tails.map(encoded).into_iter().chain([".", ")", ",", ";", ":", "!", "/", ")."].map(str::to_owned)) {
        for (address, expected) in [
            (format!("/q/{PLAN}{tail}"), &page),
            (format!("/Q/{}{tail}", PLAN.to_lowercase()), &page),
            (format!("/q/{PLAN}.B73{tail}"), &marked),
        ] {
            let answer = node.get(&address).await;
            assert_eq!(answer.status, StatusCode::OK, "{address}");
            assert!(answer.body == expected.body, "{address}");
        }
        for ending in ["geojson", "json", "csv"] {
            assert_eq!(node.get(&format!("/q/{PLAN}.{ending}{tail}")).await.status, StatusCode::OK, "{ending}{tail}");
        }
    }
    // Before it, and a query that was written as a part of it.
    for address in [
        format!("/q/({PLAN})"),
        format!("/q/%20{PLAN}"),
        format!("/q/{}{PLAN}”", encoded("“")),
        format!("/q/{PLAN}&fbclid=1"),
        format!("/q/{PLAN}%3Futm_source=a"),
    ] {
        let answer = node.get(&address.replace('”', &encoded("”"))).await;
        assert!(answer.status == StatusCode::OK && answer.body == page.body, "{address}");
    }
    let part = node.get(&format!("/q/{PLAN}?unit=04252-2025")).await;
    assert!(node.get(&format!("/q/{PLAN}?unit=04252-2025).")).await.body == part.body);
    for (asked, plain) in [
        ("/here?unit=04252-2025)", "/here?unit=04252-2025"),
        ("/boards?due=superseded.", "/boards?due=superseded"),
        ("/q/QHSDD21AG/changes?from=1&to=1)", "/q/QHSDD21AG/changes?from=1&to=1"),
    ] {
        assert!(node.get(asked).await.body == node.get(plain).await.body, "{asked}");
    }
    assert_eq!(node.get("/nearest?kind=ambulance%E2%80%9D").await.status, StatusCode::OK);
    assert_eq!(node.get("/here?lon=104.875&lat=21.705)").await.status, StatusCode::OK);
    let english = node.get(&format!("/q/{PLAN}?lang=en")).await;
    for tail in [")", ".", "%20", "%C2%A0", "/"] {
        assert!(node.get(&format!("/q/{PLAN}?lang=en{tail}")).await.body == english.body, "{tail}");
    }
    // What a messenger, or a person, wrote behind the code.
    for behind in ["](", "%E2%80%AC", "%E2%81%A9", "%3Cbr%3E", "+", "%20xem%20ngay", "%23", "%2529", "%EF%BC%8E", "%20(2)"] {
        let answer = node.get(&format!("/q/{PLAN}{behind}")).await;
        assert!(answer.status == StatusCode::OK && answer.body == page.body, "{behind}");
    }
    // Between groups of characters, as people read a code out.
    for apart in ["QHSDD%2021AG", "qhsdd-21ag", "QHS%20DD2%201AG", "QHSDD%E2%80%9321AG", "%EF%BC%B1HSDD21AG"] {
        let answer = node.get(&format!("/q/{apart}")).await;
        assert!(answer.status == StatusCode::OK && answer.body == page.body, "{apart}");
    }
    let within = node.get(&format!("/q/{PLAN}](https://bangtin.example/q/{PLAN})")).await;
    assert_eq!((within.status, within.header("location")), (StatusCode::SEE_OTHER, format!("/q/{PLAN}").as_str()));
    // What is wrong stays wrong.
    for wrong in [format!("/q/{PLAN}.html)"), "/q/QHSDD21AH)".into(), format!("/q/{PLAN}.B."), "/q/)".into()] {
        assert_eq!(node.get(&wrong).await.status, StatusCode::NOT_FOUND, "{wrong}");
    }
    // A copied address is understood where it is pasted, too.
    for pasted in
        ["https://bangtin.example/q/QHSDD21AG).", "https://BANGTIN.EXAMPLE/Q/QHSDD21AG.B73”", "QHSDD21AG,", "qhsdd 21ag", "QHSDD-21AG"]
    {
        let found = node.get(&format!("/search?f=json&q={}", encoded(pasted))).await.json();
        assert_eq!(found["items"][0]["code"], PLAN, "{pasted}: {found}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_programs_make_of_a_query_on_its_way_is_undone() {
    let (_database, _clock, node) = demo(Kind::Sqlite).await;
    for (sent, meant) in [
        ("/here?unit=04252-2025?fbclid=1", "/here?unit=04252-2025"),
        ("/here?unit=04252-2025?s", "/here?unit=04252-2025"),
        ("/here?lat=21.705&amp;lon=104.875", "/here?lat=21.705&lon=104.875"),
        ("/here?lat=21.705%26lon=104.875", "/here?lat=21.705&lon=104.875"),
        ("/here?lat=21.705;lon=104.875", "/here?lat=21.705&lon=104.875"),
        ("/boards?due=superseded?utm_source=zalo", "/boards?due=superseded"),
        ("/q/QHSDD21AG?unit=04252-2025?fbclid=1", "/q/QHSDD21AG?unit=04252-2025"),
        ("/q/QHSDD21AG?unit=04252-2025&amp;lang=en", "/q/QHSDD21AG?unit=04252-2025&lang=en"),
        ("/q/QHSDD21AG?unit=04252-2025%26lang=en", "/q/QHSDD21AG?unit=04252-2025&lang=en"),
        ("/q/QHSDD21AG?unit=04252-2025%23x", "/q/QHSDD21AG?unit=04252-2025"),
        ("/q/QHSDD21AG%3Funit=04252-2025", "/q/QHSDD21AG?unit=04252-2025"),
        ("/q/QHSDD21AG?unit%3D04252-2025", "/q/QHSDD21AG?unit=04252-2025"),
        ("/here?lat=21.705&lon=104.875%23map", "/here?lat=21.705&lon=104.875"),
        ("/q/QHSDD21AG/history?lang=en%3Ffbclid=1", "/q/QHSDD21AG/history?lang=en"),
        ("/q/QHSDD21AG/qr.png?size=300?fbclid=1", "/q/QHSDD21AG/qr.png?size=300"),
    ] {
        let (sent_answer, meant_answer) = (node.get_with(sent, &[HTML]).await, node.get_with(meant, &[HTML]).await);
        assert_eq!(meant_answer.status, StatusCode::OK, "{meant}");
        assert!(sent_answer.body == meant_answer.body, "{sent}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_found_behind_a_tail_and_a_program_is_told_that_nothing_is_there() {
    let (_database, _clock, node) = demo(Kind::Sqlite).await;
    for (address, leads_to) in [
        ("/here/", "/here"),
        ("/boards).", "/boards"),
        ("/search/?q=quy", "/search?q=quy"),
        ("/collections/", "/collections"),
        ("/collections/zones/", "/collections/zones"),
        ("/collections/zones/map)", "/collections/zones/map"),
        ("/q/QHSDD21AG/history%E2%80%9D", "/q/QHSDD21AG/history"),
        ("/q/QHSDD21AG/revisions/1.", "/q/QHSDD21AG/revisions/1"),
        ("//q//QHSDD21AG", "/q/QHSDD21AG"),
        ("/q/QHSDD21AG./history", "/q/QHSDD21AG/history"),
        ("/collections/zones)/map", "/collections/zones/map"),
    ] {
        let answer = node.get_with(address, &[HTML]).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, leads_to), "{address}");
        assert_eq!(node.get_with(leads_to, &[HTML]).await.status, StatusCode::OK, "{leads_to}");
        assert!(!node.get(address).await.status.is_redirection(), "{address}");
    }
    // It ends where nothing is, and never leads to another host.
    for address in ["/nowhere).", "/%5Cevil.example/x)", "//evil.example/)", "/%2F%2Fevil.example/"] {
        let answer = node.get_with(address, &[HTML]).await;
        let location = answer.header("location").to_owned();
        assert!(answer.status == StatusCode::SEE_OTHER && location.starts_with('/'), "{address}: {} {location}", answer.status);
        assert!(!location[1..].starts_with(['/', '\\']), "{address}: {location}");
        assert_eq!(node.get_with(&location, &[HTML]).await.status, StatusCode::NOT_FOUND, "{location}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_leave_out_what_was_hung_onto_their_address_and_data_refuses_it() {
    let (_database, _clock, node) = demo(Kind::Sqlite).await;
    for path in [
        "/collections",
        "/collections/zones",
        "/collections/zones/items",
        "/collections/zones/items?limit=3&land_use=ODT",
        "/collections/zones/schema",
        "/collections/zones/queryables",
        "/collections/zones/sortables",
        "/collections/plans/items/QHSDD21AG",
        "/collections/plans/items/QHSDD21AG/versions",
        "/collections/zones/tiles",
        "/collections/zones/tiles/WebMercatorQuad",
        "/api",
        "/conformance",
        "/",
        "/q/QHSDD21AG",
        "/here",
        "/boards",
        "/nearest",
    ] {
        let plain = node.get_with(path, &[HTML]).await;
        for hung_on in ["fbclid=IwAR0_x-y", "utm_source=zalo&utm_medium=social&utm_campaign=", "zarsrc=30", "gclid=%FF"] {
            let address = format!("{path}{}{hung_on}", if path.contains('?') { '&' } else { '?' });
            let answer = node.get_with(&address, &[HTML]).await;
            assert_eq!(answer.status, plain.status, "{address}");
            assert_eq!(answer.header("content-type"), plain.header("content-type"), "{address}");
            assert!(path == "/here" || path == "/nearest" || answer.header("etag") == plain.header("etag"), "{address}");
            let asked = node.get(&format!("{address}&f=html")).await;
            assert!(asked.status == plain.status || path.starts_with("/q/"), "{address}&f=html");
            if path.starts_with("/collections") || path == "/api" || path == "/conformance" {
                for data in [node.get(&address).await, node.get_with(&format!("{address}&f=json"), &[HTML]).await] {
                    assert_eq!(data.status, StatusCode::BAD_REQUEST, "{address}");
                }
            }
        }
    }
    let map = node.get("/collections/zones/map?fbclid=1&utm_source=x&item=QHSDD21AG").await;
    assert_eq!(map.status, StatusCode::OK);
    for data in [
        "/collections/zones/download.csv",
        "/collections/zones/style.json",
        "/collections/zones/tiles/WebMercatorQuad/12/1794/3241",
        "/collections/zones/tiles?f=json",
        "/collections/zones/items/QHSDD21AG-2-1?f=json",
    ] {
        let address = format!("{data}{}fbclid=1", if data.contains('?') { '&' } else { '?' });
        assert_eq!(node.get_with(&address, &[HTML]).await.status, StatusCode::BAD_REQUEST, "{address}");
    }
    for (sent, meant) in [
        ("/collections/zones/items?limit=3)", "/collections/zones/items?limit=3"),
        ("/collections/zones/items?limit=3?fbclid=1", "/collections/zones/items?limit=3"),
        ("/collections/zones/items?limit=3&amp;land_use=ODT.", "/collections/zones/items?limit=3&land_use=ODT"),
        ("/collections?lang=en)", "/collections?lang=en"),
        ("/conformance?lang=en?fbclid=1", "/conformance?lang=en"),
        ("/api?lang=vi”", "/api?lang=vi"),
        ("/?f=html)", "/?f=html"),
        ("/collections/zones/map?lang=en.", "/collections/zones/map?lang=en"),
    ] {
        let sent_answer = node.get_with(&sent.replace('”', &encoded("”")), &[HTML]).await;
        let meant_answer = node.get_with(meant, &[HTML]).await;
        assert!(meant_answer.status == StatusCode::OK && sent_answer.body == meant_answer.body, "{sent}");
        if sent.starts_with("/coll") && !sent.contains("/map") {
            assert_eq!(node.get(&sent.replace("html", "json")).await.status, StatusCode::BAD_REQUEST, "{sent}");
        }
    }
    // What a page knows it still reads strictly.
    assert_eq!(node.get_with("/collections/zones/items?limit=x&fbclid=1", &[HTML]).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_in_headers_are_read_over_lines_and_without_case() {
    let (_database, _clock, node) = demo(Kind::Sqlite).await;
    let items = "/collections/zones/items?limit=1";
    for (lines, expected) in [
        (&["image/webp", "text/html"][..], "text/html"),
        (&["image/webp", "application/geo+json"], "geo+json"),
        (&["application/json;Q=0.2", "text/html;Q=0.9"], "text/html"),
        (&["text/html;Q=0.1", "Application/GEO+JSON"], "geo+json"),
        (&["text/html;level=1;Q=0.1, application/json;q=0.5"], "geo+json"),
    ] {
        let headers: Vec<(&str, &str)> = lines.iter().map(|line| ("accept", *line)).collect();
        let answer = node.get_with(items, &headers).await;
        assert_eq!(answer.status, StatusCode::OK, "{lines:?}");
        assert!(answer.header("content-type").contains(expected), "{lines:?}: {}", answer.header("content-type"));
    }
    assert_eq!(node.get_with(items, &[("accept", "image/webp"), ("accept", "image/png")]).await.status, StatusCode::NOT_ACCEPTABLE);
    // Home is a page for whoever names pages, whatever the client is called.
    for accept in ["TEXT/HTML", "text/*", "Text/Html;Q=0.9, */*;q=0.1", "application/xhtml+xml"] {
        let home = node.get_with("/", &[("accept", accept), ("user-agent", "python-requests/2.32")]).await;
        assert!(home.header("content-type").starts_with("text/html"), "{accept}");
        let wrong = node.get_with("/q/QHSDD21AH", &[("accept", accept)]).await;
        assert!(wrong.header("content-type").starts_with("text/html"), "{accept}");
    }
    for accept in ["application/json", "APPLICATION/JSON", "text/html;Q=0, application/json"] {
        let home = node.get_with("/", &[("accept", accept)]).await;
        assert!(home.header("content-type").starts_with("application/json"), "{accept}");
    }
    let versions = node.get_with("/collections/plans/items/QHSDD21AG/versions", &[("accept", "Application/Link-Format")]).await;
    assert_eq!(versions.header("content-type"), "application/link-format");
    let page = node.get_with("/q/QHSDD21AG", &[("accept-encoding", "deflate"), ("accept-encoding", "GZIP;Q=0.5")]).await;
    assert_eq!(page.header("content-encoding"), "gzip");
    let page = node.get_with("/q/QHSDD21AG", &[("accept-language", "fr"), ("accept-language", "EN;Q=0.7")]).await;
    assert!(page.text().contains("<html lang=\"en\">"));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_sites_page_may_read_with_the_headers_that_libraries_add() {
    let (_database, _clock, node) = demo(Kind::Sqlite).await;
    let preflight = async |path: &str, method: &str, asked: &str| -> Answer {
        let request = HttpRequest::options(path).header("origin", "https://map.example");
        let request = request.header("access-control-request-method", method).header("access-control-request-headers", asked);
        node.send(request.body(Body::empty()).unwrap()).await
    };
    for path in ["/collections/zones/items", "/q/QHSDD21AG.geojson", "/collections/zones/tiles/WebMercatorQuad/12/1794/3241", "/"] {
        for asked in ["x-requested-with", "content-type", "cache-control", "cache-control,pragma", "range,if-range", "if-modified-since"] {
            let answer = preflight(path, "GET", asked).await;
            assert!(answer.status.is_success() && answer.header("access-control-allow-origin") == "*", "{path}");
            let allowed = answer.header("access-control-allow-headers").to_ascii_lowercase();
            let allowed: Vec<&str> = allowed.split(',').map(str::trim).collect();
            assert!(asked.split(',').all(|name| allowed.contains(&name)), "{path}: {asked} is not among {allowed:?}");
            assert!(answer.header("access-control-allow-methods").contains("GET"));
        }
    }
    // Writing from another site's page is not made easier.
    let write = preflight("/collections/plans/items", "POST", "authorization,content-type").await;
    let allowed = write.header("access-control-allow-headers").to_ascii_lowercase();
    assert!(!allowed.contains("authorization") && !allowed.contains("content-type") && !allowed.contains('*'), "{allowed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn residents_behind_a_proxy_that_notes_ports_do_not_share_a_bucket() {
    let database = Database::new(Kind::Sqlite).await;
    let node = Node::start_with(&database, &TestClock::at(NOON), Limits { proxies: Proxies::all(), ..Limits::default() }).await;
    bangtin::cli::demo::load_units(&node.app).await.unwrap();
    for line in bangtin::cli::demo::commands().take(1) {
        node.apply(line).await;
    }
    let from = async |address: String| {
        let request = HttpRequest::post(format!("/q/{PLAN}/report")).header("content-type", "application/x-www-form-urlencoded");
        let request = request.header("x-forwarded-for", address).body(Body::from("text=ngap")).unwrap();
        node.send(request).await.status
    };
    for home in 1..=20 {
        assert_eq!(from(format!("203.0.{home}.7:{}", 50_000 + home)).await, StatusCode::OK, "resident {home}");
        assert_eq!(from(format!("[2001:db8:{home}::1]:443")).await, StatusCode::OK, "resident {home} in IPv6");
    }
    // One that changes its port is still one.
    let mut taken = 0;
    for port in 1..=30 {
        taken += u32::from(from(format!("198.51.100.7:{port}")).await == StatusCode::OK);
    }
    assert!((1..=10).contains(&taken), "{taken}");
}
