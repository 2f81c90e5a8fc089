//! What map clients rely on, through the real router: the standard's requirements and the habits of
//! GDAL and QGIS that cost most. The clients themselves are in `clients.rs`.

use std::collections::{BTreeSet, HashSet};
use std::io::Read as _;

use axum::body::Body;
use axum::http::{Request as HttpRequest, StatusCode};
use serde_json::{Value, json};

use crate::on_both_databases;
use crate::support::{Answer, Database, Kind, NOON, Node, TestClock, demo, demo_command};

on_both_databases!(
    the_landing_page_leads_to_everything,
    a_collection_says_the_same_in_the_list_and_by_itself,
    answers_carry_links_counts_and_headers,
    parameters_are_read_liberally_and_refused_with_a_sentence,
    pages_lose_nothing_while_revisions_are_published,
    all_systems_give_the_same_features,
    filters_find_what_brute_force_finds,
    sorting_holds_over_pages,
    the_two_times_are_told_apart,
    versions_follow_the_drafts_rules,
    a_feature_is_known_until_what_is_said_of_it_changes,
    gzip_says_the_same_in_less,
    tiles_are_small_whole_and_refused_beyond_the_world,
    changes_reach_layers_and_tiles_at_once,
    boxes_and_points_meet_exactly,
    the_form_that_is_preferred_is_given,
    an_id_has_one_way_to_be_written,
    what_was_shown_then_is_seen_from_then,
    costly_filters_are_refused,
    zones_have_the_words_of_their_version_whoever_shares_their_set,
    a_tile_of_too_many_places_is_thinned_until_it_fits,
    merged_areas_say_their_land_use_and_how_many_zones_they_are,
    headers_count_what_is_matched_and_returned,
    moments_have_milliseconds_and_no_more,
);

const NAMES: [&str; 22] = [
    "plans",
    "ambulances",
    "health-workers",
    "health-stations",
    "advisory-desks",
    "digital-teams",
    "merchants",
    "campaigns",
    "consultations",
    "indicators",
    "faq",
    "services",
    "boards",
    "works",
    "zones",
    "lots",
    "plan-lines",
    "plan-points",
    "places",
    "works-lines",
    "indicator-values",
    "units",
];

fn link<'a>(body: &'a Value, rel: &str) -> Vec<&'a Value> {
    body["links"].as_array().unwrap().iter().filter(|link| link["rel"] == rel).collect()
}

/// The path of an absolute address of this site.
fn path(link: &Value) -> String {
    link["href"].as_str().unwrap().strip_prefix("https://bangtin.example").expect("absolute, of this site").to_owned()
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

async fn ids(node: &Node, path: &str) -> Vec<String> {
    let answer = node.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    answer.json()["features"].as_array().unwrap().iter().map(|feature| feature["id"].as_str().unwrap().to_owned()).collect()
}

/// C01, C02, C09, Q02
async fn the_landing_page_leads_to_everything(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let landing = node.get_with("/", &[("accept", "application/json")]).await;
    let body = landing.json();
    assert_eq!(link(&body, "service-desc")[0]["type"], "application/vnd.oai.openapi+json;version=3.0");
    for (rel, media) in
        [("service-desc", "openapi"), ("service-doc", "text/html"), ("conformance", "json"), ("data", "json"), ("self", "json")]
    {
        let found = node.get(&path(link(&body, rel)[0])).await;
        assert_eq!(found.status, StatusCode::OK, "{rel}");
        assert!(found.header("content-type").contains(media), "{rel}: {}", found.header("content-type"));
        assert!(found.header("cache-control").contains("max-age=5"), "Q02: metadata is kept for a moment only");
    }
    // C08: links stand in the header too.
    for address in ["/", "/collections", "/collections/zones", "/collections/zones/tiles", "/collections/zones/tiles/WebMercatorQuad"] {
        let answer = node.get(&format!("{address}?f=json")).await;
        let body = answer.json();
        let links = body["links"].as_array().unwrap().iter().filter(|link| link["templated"] != true);
        let quoted = |value: &Value| value.as_str().unwrap().to_owned();
        let expected: Vec<String> = links
            .map(|link| format!("<{}>; rel=\"{}\"; type=\"{}\"", quoted(&link["href"]), quoted(&link["rel"]), quoted(&link["type"])))
            .collect();
        assert_eq!(answer.header("link"), expected.join(", "), "{address}");
    }
    // Q: what OWSLib sends.
    let library = node.get_with("/", &[("accept", "*/*"), ("user-agent", "OWSLib 0.35.0 (https://owslib.readthedocs.io)")]).await;
    assert!(library.header("content-type").contains("json"));
    let classes = node.get("/conformance").await.json()["conformsTo"].as_array().unwrap().len();
    assert!(classes > 25, "{classes}");
    let unknown = node.get("/collections/zonse/items?f=json").await;
    assert!(unknown.status == StatusCode::NOT_FOUND && unknown.json()["detail"].as_str().unwrap().contains("zones"));
    for missing in ["/collections/nothing", "/collections/nothing/items", "/collections/zones/items/x", "/collections/units/items/04252"] {
        assert_eq!(node.get(missing).await.status, StatusCode::NOT_FOUND, "{missing}");
    }
    for address in ["/", "/api", "/conformance", "/collections", "/collections/zones", "/collections/zones/items?limit=1"] {
        let head = node.send(HttpRequest::head(address).body(Body::empty()).unwrap()).await;
        assert!(head.status == StatusCode::OK && head.body.is_empty(), "{address}");
        let options = node.send(HttpRequest::options(address).body(Body::empty()).unwrap()).await;
        assert!(options.header("allow").contains("GET"), "{address}");
        assert!(!options.header("allow").contains("POST"), "QGIS takes a layer that takes POST for one it can edit: {address}");
        let get = node.get(address).await;
        assert_eq!(get.header("access-control-allow-origin"), "*");
        for exposed in ["Link", "Content-Crs", "ETag", "OGC-NumberMatched", "Memento-Datetime"] {
            assert!(get.header("access-control-expose-headers").contains(exposed), "{exposed}");
        }
        let wrong = node.send(HttpRequest::delete(address).body(Body::empty()).unwrap()).await;
        assert!(wrong.status == StatusCode::METHOD_NOT_ALLOWED && wrong.header("allow").contains("GET"), "{address}");
    }
}

/// C03, C04, C05, C21, C22, C27, G03, G08
async fn a_collection_says_the_same_in_the_list_and_by_itself(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let list = node.get("/collections").await.json();
    let described = list["collections"].as_array().unwrap();
    assert_eq!(described.iter().map(|one| one["id"].as_str().unwrap()).collect::<Vec<_>>(), NAMES);
    for one in described {
        let name = one["id"].as_str().unwrap();
        assert_eq!(*one, node.get(&format!("/collections/{name}")).await.json(), "{name}");
        let bbox = one["extent"]["spatial"]["bbox"][0].as_array().unwrap();
        assert!(bbox.len() == 4 && bbox.iter().all(Value::is_number));
        assert_eq!(one["extent"]["temporal"]["interval"][0].as_array().unwrap().len(), 2);
        let systems: Vec<&str> = one["crs"].as_array().unwrap().iter().map(|crs| crs.as_str().unwrap()).collect();
        assert!(systems[0].ends_with("/CRS84") && systems.iter().all(|crs| crs.starts_with("http://www.opengis.net/def/crs/")));
        for code in ["4326", "3857", "9208", "3405"] {
            assert!(systems.contains(&format!("http://www.opengis.net/def/crs/EPSG/0/{code}").as_str()), "{code}");
        }
        assert!(systems.contains(&one["storageCrs"].as_str().unwrap()));
        for rel in [
            "license",
            "describedby",
            "queryables",
            "http://www.opengis.net/def/rel/ogc/1.0/queryables",
            "http://www.opengis.net/def/rel/ogc/1.0/schema",
            "items",
        ] {
            for found in link(one, rel) {
                assert_eq!(node.get(&path(found)).await.status, StatusCode::OK, "{name} {rel}");
            }
            assert!(!link(one, rel).is_empty(), "{name} {rel}");
        }
        assert!(!path(link(one, "items")[0]).contains('?'), "GDAL appends an id to it");
        let queryables = node.get(&format!("/collections/{name}/queryables")).await;
        assert_eq!(queryables.header("content-type"), "application/schema+json");
        let queryables = queryables.json();
        assert_eq!(queryables["additionalProperties"], false);
        assert!(queryables["$schema"].as_str().unwrap().contains("2020-12") && queryables["$id"].is_string());
        let properties = queryables["properties"].as_object().unwrap();
        for (property, schema) in properties {
            if property == "geometry" {
                assert!(schema["format"].as_str().unwrap().starts_with("geometry-") && schema.get("type").is_none());
            } else {
                assert!(schema["type"].is_string(), "{name}.{property}");
            }
        }
        let shape = node.get(&format!("/collections/{name}/feature-schema")).await.json();
        assert!(shape["properties"]["properties"]["properties"].is_object(), "GDAL knows this form only");
        // G02: every feature carries every property, numbers that may be fractional with a point.
        let items = node.get(&format!("/collections/{name}/items?limit=10000")).await;
        let text = items.text();
        for feature in items.json()["features"].as_array().unwrap() {
            let id = feature["id"].as_str().unwrap();
            assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte)), "{id}");
            assert_eq!(feature["properties"]["id"], id);
            let own: BTreeSet<&String> = feature["properties"].as_object().unwrap().keys().collect();
            let declared: BTreeSet<&String> = properties.keys().filter(|property| *property != "geometry").collect();
            assert_eq!(own, declared, "{name} {id}");
        }
        for value in text.split("\"area_ha\":").skip(1) {
            let number = value.split([',', '}']).next().unwrap();
            assert!(number == "null" || number.contains('.'), "{name}: {number}");
        }
    }
}

/// C06, C07, C08, C10, C11, C12, C19, C23, C26, G04, G11, Q04
async fn answers_carry_links_counts_and_headers(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let page = node.get("/collections/zones/items?limit=3").await;
    assert_eq!(page.header("content-type"), "application/geo+json");
    assert_eq!(page.header("content-crs"), "<http://www.opengis.net/def/crs/OGC/1.3/CRS84>");
    for header in ["Accept", "Accept-Language", "Accept-Encoding"] {
        assert!(page.header("vary").contains(header));
    }
    let body = page.json();
    assert_eq!(body["numberReturned"], 3);
    assert!(body["timeStamp"].as_str().unwrap().ends_with('Z'));
    let next = &link(&body, "next")[0];
    assert_eq!(next["type"], "application/geo+json", "a charset here loses every page but the first");
    assert!(next["href"].as_str().unwrap().starts_with("https://bangtin.example/collections/zones/items?"));
    assert!(page.header("link").contains("rel=\"next\""), "in the header too, for other formats");
    for rel in ["self", "alternate", "collection"] {
        assert!(link(&body, rel).iter().all(|link| link["type"].is_string()), "{rel}");
    }
    let second = node.get(&path(next)).await.json();
    let back = node.get(&path(link(&second, "prev")[0])).await.json();
    assert_eq!(back["features"], body["features"]);
    let id = body["features"][0]["id"].as_str().unwrap();
    let one = node.get(&format!("/collections/zones/items/{id}")).await;
    assert_eq!(one.header("content-crs"), page.header("content-crs"));
    assert_eq!(one.json()["geometry"], body["features"][0]["geometry"]);
    assert!(one.json().get("crs").is_none() && body.get("crs").is_none());
    for rel in ["self", "alternate", "collection"] {
        assert!(!link(&one.json(), rel).is_empty(), "{rel}");
    }
    let tag = page.header("etag").to_owned();
    let known = node.get_with("/collections/zones/items?limit=3", &[("if-none-match", &tag)]).await;
    assert_eq!(known.status, StatusCode::NOT_MODIFIED);
    assert_eq!(node.get_with("/collections/zones/items", &[("accept", "image/png")]).await.status, StatusCode::NOT_ACCEPTABLE);
    let empty = node.get("/collections/zones/items?bbox=0,0,1,1").await.json();
    assert_eq!((&empty["features"], &empty["numberMatched"]), (&json!([]), &json!(0)));
    // Features without a place are everywhere.
    let bare = ids(&node, "/collections/campaigns/items?bbox=0,0,1,1").await;
    assert!(bare.contains(&"DDDT2022J".to_owned()), "{bare:?}");
    let html = node.get_with("/collections/zones/items?limit=3", &[("accept", "text/html")]).await.text();
    assert!(html.contains("<html lang=\"vi\">") && !html.contains("<script"));
}

/// C13 to C18, C24, C29, C32, G06, G09, G15, Q05, Q06, Q12
#[expect(clippy::too_many_lines, reason = "one line for each spelling")]
async fn parameters_are_read_liberally_and_refused_with_a_sentence(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let system = "http%3A%2F%2Fwww.opengis.net%2Fdef%2Fcrs%2FEPSG%2F0%2F9208";
    for good in [
        "limit=99999999999",
        "bbox=177,65,-177,70",
        "bbox=104.79999999999999716,21.6,104.9,21.8",
        "bbox=104.8,21.6,-100,104.9,21.8,9000",
        "datetime=2026-01-05T",
        "datetime=2026-01-05T00:00:00Z/..",
        "datetime=/2026-01-05",
        "datetime=2026-02-10/9999-12-31T00:00:00Z",
        "token=abc",
        "token=abc&token=abc",
        &format!("crs={system}"),
        "crs=http://www.opengis.net/def/crs/EPSG/0/9208",
        "crs=EPSG:9208",
        "filter=((kind+%3D+'detail')+AND+(revision+%3E+3))&filter-lang=cql2-text",
        "filter=(CASEI(title)+LIKE+CASEI('tr%C6%B0%E1%BB%9Dng%25'))",
        "filter=(updated+%3E%3D+TIMESTAMP('2026-01-10T00:00:00.000Z'))",
        "revision=1.0",
        "plan=QHSDD21AG",
    ] {
        let answer = node.get(&format!("/collections/zones/items?{good}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{good}: {}", answer.text());
    }
    for address in
        ["/?f=json&token=abc", "/api?token=abc", "/collections?token=abc", "/conformance?token=abc", "/collections/zones?token=abc"]
    {
        assert_eq!(node.get(address).await.status, StatusCode::OK, "{address}");
    }
    let deep = format!("filter={}id%3D'x'{}", "(".repeat(2_000), ")".repeat(2_000));
    for wrong in [
        "limit=0",
        "limit=-1",
        "limit=abc",
        "limit=",
        "bbox=1,2,3",
        "bbox=1,2,3,4,5",
        "bbox=a,b,c,d",
        "bbox=1,2,NaN,4",
        "bbox=1,9,2,8",
        "bbox=500,0,501,1",
        "datetime=gestern",
        "datetime=2026-01-05/2025-01-05",
        "datetime=2026-13-01",
        "nonsense=1",
        "crs=EPSG:32648",
        "bbox-crs=x&bbox=1,2,3,4",
        "filter-crs=x&filter=id%3D'x'",
        "filter=nothing+%3D+1",
        "filter=id+%3D",
        "filter=id+%3D+'x",
        "filter-lang=ecql",
        "filter=%7B&filter-lang=cql2-json",
        "sortby=nothing",
        "sortby=",
        "after=x",
        "as_of=x",
        "profile=x",
        "f=xml",
        "lang=fr",
        "revision=x",
        "effective_from=x",
        "limit=1&limit=2",
        &deep,
    ] {
        let answer = node.get(&format!("/collections/zones/items?{wrong}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let problem = answer.json();
        assert!(problem["type"].is_string() && problem["detail"].as_str().unwrap().len() > 15, "{wrong}: {problem}");
        assert_ne!(problem["detail"], problem["detail_en"], "Vietnamese first: {wrong}");
    }
    let unknown = node.get("/collections/zones/items?nonsense=1").await.json();
    assert!(unknown["detail"].as_str().unwrap().contains("nonsense") && unknown["detail"].as_str().unwrap().contains("bbox"));
    let crs = node.get("/collections/zones/items?crs=EPSG:32648").await.json();
    assert!(crs["detail"].as_str().unwrap().contains("EPSG/0/9208"), "what is allowed is named");
    let filter = node.get("/collections/zones/items?filter=id+%3D").await.json();
    assert!(filter["detail"].as_str().unwrap().contains("vị trí 4"), "{filter}");
    for more in ["/collections/zones?x=1", "/collections?x=1", "/api?x=1", "/collections/zones/items/x?x=1", "/collections/zones/tiles?x=1"]
    {
        assert_eq!(node.get(more).await.status, StatusCode::BAD_REQUEST, "{more}");
    }
}

/// C12, C20
async fn pages_lose_nothing_while_revisions_are_published(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    for (name, more) in [("zones", ""), ("plans", ""), ("zones", "&filter=area_ha%3E5"), ("units", "&sortby=-name")] {
        let all = ids(&node, &format!("/collections/{name}/items?limit=10000{more}")).await;
        let mut next = Some(format!("/collections/{name}/items?limit={}{more}", if name == "zones" { 97 } else { 2 }));
        let mut found = Vec::new();
        let mut turn = 0;
        while let Some(address) = next {
            let body = node.get(&address).await.json();
            assert_eq!(body["numberMatched"], all.len(), "{name}: the count stays");
            found.extend(body["features"].as_array().unwrap().iter().map(|feature| feature["id"].as_str().unwrap().to_owned()));
            next = link(&body, "next").first().map(|link| path(link));
            turn += 1;
            if turn == 2 && name != "units" {
                // A revision in the middle takes zones away and brings others; a day passes.
                let document = json!({ "id": format!("turn-{name}-{}", more.len()), "type": "plan.withdraw", "code": if more.is_empty() && name == "zones" { "QHSDD21AG" } else if name == "plans" { "QHCT2401G" } else { "QHPK2301B" }, "reason": "Thử" });
                node.apply(&document.to_string()).await;
                clock.set("2026-11-25T05:00:00Z");
            }
        }
        assert_eq!(found, all, "{name}{more}: nothing skipped, nothing twice");
        clock.set("2026-11-24T05:00:00Z");
    }
}

/// C24, C25, C26, Q07
async fn all_systems_give_the_same_features(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let degrees = ids(&node, "/collections/zones/items?limit=10000&bbox=104.88,21.70,104.90,21.72").await;
    assert!(degrees.len() > 20);
    let lat_lon = ids(
        &node,
        "/collections/zones/items?limit=10000&bbox-crs=http://www.opengis.net/def/crs/EPSG/0/4326&bbox=21.70,104.88,21.72,104.90",
    )
    .await;
    assert_eq!(degrees, lat_lon);
    let mercator = |lon: f64, lat: f64| {
        let r = 6_378_137.0;
        format!("{},{}", r * lon.to_radians(), r * (std::f64::consts::FRAC_PI_4 + lat.to_radians() / 2.0).tan().ln())
    };
    let bbox = format!("{},{}", mercator(104.88, 21.70), mercator(104.90, 21.72));
    let web = ids(&node, &format!("/collections/zones/items?limit=10000&bbox-crs=EPSG:3857&bbox={bbox}")).await;
    assert_eq!(degrees, web);
    // A box in VN-2000 is bent on the globe: it holds what the filter with the same corners finds.
    let zone = "bbox-crs=EPSG:9208&bbox=513000,2400000,515000,2402000";
    let boxed = ids(&node, &format!("/collections/zones/items?limit=10000&{zone}")).await;
    let filter = "S_INTERSECTS(geometry,POLYGON((513000 2400000,515000 2400000,515000 2402000,513000 2402000,513000 2400000)))";
    let filtered = ids(&node, &format!("/collections/zones/items?limit=10000&filter-crs=EPSG:9208&filter={}", encoded(filter))).await;
    assert!(boxed.len() > 20 && boxed == filtered);
    let place = |body: &Value| body["geometry"]["coordinates"].clone();
    let one = |crs: &str| format!("/collections/ambulances/items/XCT00001C?crs=http://www.opengis.net/def/crs/EPSG/0/{crs}");
    let plain = place(&node.get("/collections/ambulances/items/XCT00001C").await.json());
    let turned = node.get(&one("4326")).await;
    assert_eq!(turned.header("content-crs"), "<http://www.opengis.net/def/crs/EPSG/0/4326>");
    assert_eq!(place(&turned.json()), json!([plain[1], plain[0]]), "latitude first");
    // PROJ 9.5.1, operation EPSG:6960.
    let metres = place(&node.get(&one("9208")).await.json());
    let crs = bangtin::geometry::crs::Crs::new(9208).unwrap();
    let [x, y] = crs.from_wgs84(plain[0].as_f64().unwrap(), plain[1].as_f64().unwrap()).unwrap();
    assert!((metres[0].as_f64().unwrap() - x).abs() < 0.001 && (metres[1].as_f64().unwrap() - y).abs() < 0.001, "{metres}");
    assert!((500_000.0..530_000.0).contains(&x) && (2_390_000.0..2_410_000.0).contains(&y), "east, then north");
}

/// C28, C30, C31
async fn filters_find_what_brute_force_finds(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let all = node.get("/collections/zones/items?limit=10000").await.json();
    let text = |feature: &Value, name: &str| feature["properties"][name].as_str().map(str::to_owned);
    let number = |feature: &Value| feature["properties"]["area_ha"].as_f64().unwrap();
    type Test<'a> = Box<dyn Fn(&Value) -> bool + 'a>;
    let cases: Vec<(&str, Test<'_>)> = vec![
        ("land_use = 'ODT' AND area_ha > 5", Box::new(|f| text(f, "land_use").as_deref() == Some("ODT") && number(f) > 5.0)),
        (
            "land_use IN ('ODT','CLN') OR area_ha < 1",
            Box::new(|f| matches!(text(f, "land_use").as_deref(), Some("ODT" | "CLN")) || number(f) < 1.0),
        ),
        ("NOT land_use = 'ODT'", Box::new(|f| text(f, "land_use").as_deref() != Some("ODT"))),
        ("note = 'x' OR NOT note = 'x'", Box::new(|f| text(f, "note").is_some())),
        ("area_ha BETWEEN 2 AND 3", Box::new(|f| (2.0..=3.0).contains(&number(f)))),
        (
            "ACCENTI(CASEI(land_use_name)) LIKE 'dat o%'",
            Box::new(|f| text(f, "land_use_name").is_some_and(|name| name.starts_with("Đất ở"))),
        ),
        ("land_use_name LIKE 'Đất _'", Box::new(|f| text(f, "land_use_name").is_some_and(|name| name.chars().count() == 5))),
        ("T_AFTER(effective_from, DATE('2023-06-01'))", Box::new(|f| text(f, "effective_from").unwrap().as_str() > "2023-06-01")),
        (
            "effective_to IS NULL AND plan = 'QHSDD21AG'",
            Box::new(|f| text(f, "effective_to").is_none() && text(f, "plan").as_deref() == Some("QHSDD21AG")),
        ),
    ];
    for (filter, test) in cases {
        let expected: Vec<&str> =
            all["features"].as_array().unwrap().iter().filter(|f| test(f)).map(|f| f["id"].as_str().unwrap()).collect();
        let found = ids(&node, &format!("/collections/zones/items?limit=10000&filter={}", encoded(filter))).await;
        assert_eq!(found, expected, "{filter}");
    }
    let both = ids(&node, "/collections/zones/items?limit=10000&land_use=ODT&bbox=104.88,21.70,104.90,21.72&datetime=2025-01-01").await;
    let joined = ids(
        &node,
        &format!(
            "/collections/zones/items?limit=10000&datetime=2025-01-01&filter={}",
            encoded("land_use='ODT' AND S_INTERSECTS(geometry,BBOX(104.88,21.70,104.90,21.72))")
        ),
    )
    .await;
    assert!(!both.is_empty() && both == joined, "parameters are joined by AND");
    let json =
        encoded(r#"{"op":"and","args":[{"op":"=","args":[{"property":"land_use"},"ODT"]},{"op":">","args":[{"property":"area_ha"},5]}]}"#);
    let as_json = ids(&node, &format!("/collections/zones/items?limit=10000&filter-lang=cql2-json&filter={json}")).await;
    let as_text = ids(&node, &format!("/collections/zones/items?limit=10000&filter={}", encoded("land_use = 'ODT' AND area_ha > 5"))).await;
    assert_eq!(as_json, as_text);
}

async fn sorting_holds_over_pages(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let mut next = Some(String::from("/collections/zones/items?limit=300&sortby=land_use,-area_ha"));
    let mut keys: Vec<(String, f64)> = Vec::new();
    while let Some(address) = next {
        let body = node.get(&address).await.json();
        keys.extend(
            body["features"]
                .as_array()
                .unwrap()
                .iter()
                .map(|f| (f["properties"]["land_use"].as_str().unwrap().to_owned(), -f["properties"]["area_ha"].as_f64().unwrap())),
        );
        next = link(&body, "next").first().map(|link| path(link));
    }
    assert!(keys.len() > 1_000 && keys.is_sorted_by(|a, b| a.0 < b.0 || (a.0 == b.0 && a.1 <= b.1)));
    let last = node.get("/collections/plans/items?sortby=effective_to").await.json();
    let values: Vec<bool> = last["features"].as_array().unwrap().iter().map(|f| f["properties"]["effective_to"].is_null()).collect();
    assert!(values.is_sorted(), "what is unknown comes last");
}

/// C15: `datetime` asks when something holds in law, `as_of` when it was known.
async fn the_two_times_are_told_apart(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let before = node.get("/collections/plans/items").await.json();
    let known = "2026-11-24T05:00:30Z";
    clock.set("2026-11-24T06:00:00Z");
    node.apply(&json!({ "id": "w", "type": "plan.withdraw", "code": "QHPK2301B", "reason": "Thử" }).to_string()).await;
    node.apply(
        &json!({ "id": "e", "type": "plan.expire", "code": "QHCT2401G", "effective_to": "2028-12-31", "reason": "Thử" }).to_string(),
    )
    .await;
    let now = node.get("/collections/plans/items").await.json();
    let of = |body: &Value, code: &str, name: &str| {
        body["features"].as_array().unwrap().iter().find(|f| f["id"] == code).unwrap()["properties"][name].clone()
    };
    assert_eq!(of(&now, "QHPK2301B", "status"), "withdrawn");
    assert_eq!(of(&now, "QHCT2401G", "effective_to"), "2028-12-31");
    let then = node.get(&format!("/collections/plans/items?as_of={known}")).await.json();
    assert_eq!(then["features"], before["features"], "as of a moment everything is as it was");
    assert_eq!(node.get("/collections/plans/items?as_of=2020-01-01").await.json()["numberMatched"], 0);
    // Revision 1 of this plan held until 31/3/2024.
    let held = |body: &Value| of(body, "QHSDD21AG", "revision");
    assert_eq!(held(&node.get("/collections/plans/items?datetime=2024-03-31").await.json()), 1);
    assert_eq!(held(&node.get("/collections/plans/items?datetime=2024-03-31T17:00:00Z").await.json()), 2, "midnight in Yên Bái");
    let versions = ids(&node, "/collections/plans/items?datetime=2024-01-01/2024-12-31").await;
    assert!(versions.contains(&"QHSDD21AG-1".into()) && versions.contains(&"QHSDD21AG-2".into()), "{versions:?}");
    let repeated = ids(&node, "/collections/plans/items?datetime=2024-01-01/2024-12-31&profile=versions-as-features").await;
    assert_eq!(repeated.iter().filter(|id| *id == "QHSDD21AG").count(), 2);
    let zones = node.get("/collections/zones/items?datetime=2023-01-01&plan=QHSDD21AG&limit=1").await.json();
    assert!(zones["features"][0]["id"].as_str().unwrap().starts_with("QHSDD21AG-1-"));
}

async fn versions_follow_the_drafts_rules(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let now = node.get("/collections/plans/items/QHSDD21AG").await;
    assert_eq!((now.status, now.header("memento-datetime")), (StatusCode::OK, "Sun, 31 Mar 2024 17:00:00 GMT"));
    for rel in ["original", "timemap", "version-history", "predecessor-version"] {
        assert!(!link(&now.json(), rel).is_empty() && now.header("link").contains(rel), "{rel}");
    }
    let first = node.get(&path(link(&now.json(), "predecessor-version")[0])).await;
    assert_eq!(first.json()["properties"]["revision"], 1);
    assert!(!link(&first.json(), "successor-version").is_empty());
    // The shared instant belongs to the later version.
    assert_eq!(node.get("/collections/plans/items/QHSDD21AG?datetime=2024-04-01").await.json()["properties"]["revision"], 2);
    let gone = node.get("/collections/plans/items/QHSDD21AG?datetime=1999-01-01").await;
    assert_eq!(gone.status, StatusCode::GONE);
    for rel in ["latest-version", "timemap", "version-history"] {
        assert!(!link(&gone.json(), rel).is_empty(), "{rel}");
    }
    assert_eq!(node.get("/collections/plans/items/QHSDD21AZ").await.status, StatusCode::NOT_FOUND);
    // A zone of a revision that no longer holds: gone now, there then.
    assert_eq!(node.get("/collections/zones/items/QHSDD21AG-1-5").await.status, StatusCode::GONE);
    assert_eq!(node.get("/collections/zones/items/QHSDD21AG-1-5?datetime=2023-01-01").await.status, StatusCode::OK);
    assert_eq!(node.get("/collections/zones/items/QHSDD21AG-1-99999").await.status, StatusCode::NOT_FOUND);
    let map = node.get("/collections/plans/items/QHSDD21AG/versions").await.json();
    let mementos = link(&map, "memento");
    assert_eq!(mementos.iter().map(|one| one["effective_to"].clone()).collect::<Vec<_>>(), [json!("2024-03-31"), Value::Null]);
    let format = node.get_with("/collections/plans/items/QHSDD21AG/versions", &[("accept", "application/link-format")]).await;
    assert_eq!(format.header("content-type"), "application/link-format");
    assert_eq!(format.text().matches("rel=\"memento\"").count(), 2);
    // Memento on the page behind the code.
    let page = node.get_with("/q/QHSDD21AG", &[("accept-datetime", "Wed, 01 Mar 2023 00:00:00 GMT")]).await;
    assert_eq!(page.status, StatusCode::FOUND);
    assert!(page.header("location").ends_with("/q/QHSDD21AG/revisions/1") && page.header("vary").contains("Accept-Datetime"));
    let held = node.get("/q/QHSDD21AG/revisions/1").await;
    assert_eq!(held.header("memento-datetime"), "Fri, 31 Dec 2021 17:00:00 GMT");
    assert!(held.header("link").contains("timemap"));
    assert_eq!(node.get_with("/q/QHSDD21AG", &[("accept-datetime", "soon")]).await.status, StatusCode::BAD_REQUEST);
    // What was followed held until the day before.
    let first = node.get("/collections/plans/items/QHSDD21AG-1").await.json();
    assert_eq!(first["properties"]["effective_to"], "2024-03-31");
    let filter = encoded("T_INTERSECTS(INTERVAL(effective_from,effective_to),DATE('2025-01-01'))");
    let held = ids(&node, &format!("/collections/plans/items?datetime=../..&filter={filter}")).await;
    assert!(held.contains(&"QHSDD21AG-2".to_owned()) && !held.contains(&"QHSDD21AG-1".to_owned()), "{held:?}");
    // Links of a page of another time lead to features of that time.
    for query in ["datetime=2023-06-01&plan=QHSDD21AG", "datetime=2022-06-01/2023-06-01&plan=QHSDD21AG"] {
        let page = node.get_with(&format!("/collections/zones/items?limit=3&{query}"), &[("accept", "text/html")]).await.text();
        let links: Vec<&str> =
            page.split("href=\"").filter_map(|rest| rest.split('"').next()).filter(|href| href.contains("/items/QH")).collect();
        assert_eq!(links.len(), 3, "{query}");
        for href in links {
            assert_eq!(node.get_with(&href.replace("&amp;", "&"), &[("accept", "text/html")]).await.status, StatusCode::OK, "{href}");
        }
    }
    let put = HttpRequest::put("/collections/plans/items/QHSDD21AG?datetime=2023-01-01").body(Body::empty()).unwrap();
    assert_eq!(node.send(put).await.status, StatusCode::METHOD_NOT_ALLOWED);
}

fn unpacked(answer: &Answer) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(answer.body.as_slice()).read_to_string(&mut text).expect("whole gzip");
    text
}

async fn gzip_says_the_same_in_less(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    for query in [
        "limit=1",
        "limit=10000",
        "bbox=104.88,21.70,104.90,21.72",
        "bbox=0,0,1,1",
        "sortby=-area_ha&limit=50",
        "filter=area_ha%3E10&limit=200",
    ] {
        for name in ["zones", "plans", "places", "units"] {
            let query = if name == "zones" { query } else { "limit=10000" };
            let address = format!("/collections/{name}/items?{query}");
            let plain = node.get(&address).await;
            let gzip = node.get_with(&address, &[("accept-encoding", "gzip")]).await;
            assert_eq!(gzip.header("content-encoding"), "gzip");
            assert_eq!(unpacked(&gzip), plain.text(), "{address}");
            assert_ne!(gzip.header("etag"), plain.header("etag"));
            if plain.body.len() > 100_000 {
                assert!(gzip.body.len() * 10 < plain.body.len() * 5, "{address}: {} of {}", gzip.body.len(), plain.body.len());
            }
        }
    }
}

/// Reads the layers of a tile: of each, its name and the number of its features.
fn layers(tile: &[u8]) -> Vec<(String, usize)> {
    fn fields(mut bytes: &[u8]) -> Vec<(u64, &[u8])> {
        let varint = |bytes: &mut &[u8]| {
            let (mut value, mut shift) = (0_u64, 0);
            loop {
                let (byte, rest) = bytes.split_first().unwrap();
                *bytes = rest;
                value |= u64::from(byte & 0x7f) << shift;
                if *byte < 0x80 {
                    return value;
                }
                shift += 7;
            }
        };
        let mut found = Vec::new();
        while !bytes.is_empty() {
            let key = varint(&mut bytes);
            if key & 7 == 2 {
                let length = varint(&mut bytes) as usize;
                found.push((key >> 3, &bytes[..length]));
                bytes = &bytes[length..];
            } else {
                varint(&mut bytes);
            }
        }
        found
    }
    fields(tile)
        .into_iter()
        .map(|(_, layer)| {
            let inner = fields(layer);
            let name = inner.iter().find(|(id, _)| *id == 1).unwrap().1;
            (String::from_utf8(name.to_vec()).unwrap(), inner.iter().filter(|(id, _)| *id == 2).count())
        })
        .collect()
}

async fn tiles_are_small_whole_and_refused_beyond_the_world(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    for (zoom, row, column) in [(6, 28, 50), (10, 448, 810), (12, 1794, 3241), (14, 7179, 12965), (16, 28718, 51863)] {
        let tile = node.get(&format!("/collections/zones/tiles/WebMercatorQuad/{zoom}/{row}/{column}")).await;
        assert_eq!(tile.status, StatusCode::OK, "{zoom}");
        assert_eq!(tile.header("content-type"), "application/vnd.mapbox-vector-tile");
        assert!(tile.body.len() < 500_000);
        let found = layers(&tile.body);
        assert!(found.len() == 1 && found[0].0 == "zones" && found[0].1 > 0, "{zoom}: {found:?}");
        let known = node
            .get_with(&format!("/collections/zones/tiles/WebMercatorQuad/{zoom}/{row}/{column}"), &[("if-none-match", tile.header("etag"))])
            .await;
        assert_eq!(known.status, StatusCode::NOT_MODIFIED);
    }
    let merged = layers(&node.get("/collections/zones/tiles/WebMercatorQuad/8/112/202").await.body)[0].1;
    assert!(merged < 1_596, "neighbours of one code are one area: {merged}");
    for name in NAMES {
        let tile = node.get(&format!("/collections/{name}/tiles/WebMercatorQuad/10/448/810")).await;
        assert!(tile.status == StatusCode::OK || tile.status == StatusCode::NO_CONTENT, "{name}");
        for (address, page) in [("tiles", ""), ("tiles/WebMercatorQuad", "/map")] {
            let see = node.get_with(&format!("/collections/{name}/{address}"), &[("accept", "text/html")]).await;
            assert_eq!((see.status, see.header("location")), (StatusCode::SEE_OTHER, format!("/collections/{name}{page}").as_str()));
        }
        let file = node.get(&format!("/collections/{name}/download.csv")).await;
        let again = node.get_with(&format!("/collections/{name}/download.csv"), &[("if-none-match", file.header("etag"))]).await;
        assert_eq!((file.status, again.status), (StatusCode::OK, StatusCode::NOT_MODIFIED));
        let json = node.get(&format!("/collections/{name}/tiles/WebMercatorQuad?f=tilejson")).await.json();
        assert!(json["tiles"][0].as_str().unwrap().ends_with("/{z}/{y}/{x}") && json["vector_layers"][0]["id"] == name);
        assert!(node.get(&format!("/collections/{name}/style.json")).await.json()["sources"][name]["promoteId"] == "id");
        assert!(node.get(&format!("/collections/{name}/style.qml")).await.text().contains("<renderer-v2"));
    }
    assert_eq!(node.get("/collections/zones/tiles/WebMercatorQuad/14/0/0").await.status, StatusCode::NO_CONTENT);
    for beyond in ["1/2/0", "0/0/1", "23/0/0", "99/0/0", "-1/0/0", "4294967296/0/0", "5/99999999999/1", "a/0/0", "1/0/0.png", "1/+1/0"] {
        assert_eq!(node.get(&format!("/collections/zones/tiles/WebMercatorQuad/{beyond}")).await.status, StatusCode::NOT_FOUND, "{beyond}");
    }
}

async fn changes_reach_layers_and_tiles_at_once(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let duty =
        |body: &Value| body["features"].as_array().unwrap().iter().find(|f| f["id"] == "XCT00001C").unwrap()["properties"]["duty"].clone();
    let ambulances = "/collections/ambulances/items";
    assert_eq!(duty(&node.get(ambulances).await.json()), "ready");
    node.apply(&json!({ "id": "d", "type": "map-point.set-duty", "code": "XCT00001C", "duty": "out" }).to_string()).await;
    assert_eq!(duty(&node.get(ambulances).await.json()), "out");
    // A status that is too old is unknown, without any event.
    clock.set("2026-11-24T09:00:00Z");
    assert_eq!(duty(&node.get(ambulances).await.json()), "unknown");
    let tile = "/collections/zones/tiles/WebMercatorQuad/12/1794/3241";
    let before = node.get(tile).await;
    let zones = node.get("/collections/zones/items?limit=1").await.json()["numberMatched"].as_u64().unwrap();
    node.apply(&json!({ "id": "w", "type": "plan.withdraw", "code": "QHSDD21AG", "reason": "Thử" }).to_string()).await;
    assert_ne!(node.get(tile).await.header("etag"), before.header("etag"));
    let fewer = node.get("/collections/zones/items?limit=1").await.json()["numberMatched"].as_u64().unwrap();
    assert_eq!(zones - fewer, 379);
    // The general plan's second revision comes into force on 1/2/2027.
    let codes: HashSet<String> = ids(&node, "/collections/zones/items?limit=10000").await.iter().map(|id| id[..11].to_owned()).collect();
    assert!(codes.contains("QHC2020AH-1") && !codes.contains("QHC2020AH-2"));
    clock.set("2027-01-31T17:00:00Z");
    let codes: HashSet<String> = ids(&node, "/collections/zones/items?limit=10000").await.iter().map(|id| id[..11].to_owned()).collect();
    assert!(codes.contains("QHC2020AH-2") && !codes.contains("QHC2020AH-1"), "{codes:?}");
}

/// A vertex lies on its own zone; a place between two others is none of them; more decimals than are
/// published do not take a point off the map.
async fn boxes_and_points_meet_exactly(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let zones = node.get("/collections/zones/items?limit=60").await.json();
    for zone in zones["features"].as_array().unwrap() {
        let shape = &zone["geometry"]["coordinates"];
        let ring = if zone["geometry"]["type"] == "Polygon" { &shape[0] } else { &shape[0][0] };
        for vertex in ring.as_array().unwrap().iter().take(8) {
            let (x, y) = (&vertex[0], &vertex[1]);
            let boxed = ids(&node, &format!("/collections/zones/items?limit=1000&bbox={x},{y},{x},{y}")).await;
            assert!(boxed.contains(&zone["id"].as_str().unwrap().to_owned()), "{x},{y} of {}", zone["id"]);
            let filter = encoded(&format!("S_INTERSECTS(geometry,POINT({x} {y}))"));
            assert_eq!(ids(&node, &format!("/collections/zones/items?limit=1000&filter={filter}")).await, boxed, "{x},{y}");
        }
    }
    let campaign = node.get("/collections/campaigns/items/NKTM20267").await.json();
    let places = campaign["geometry"]["coordinates"].as_array().unwrap();
    let middle = |axis: usize| f64::midpoint(places[0][axis].as_f64().unwrap(), places[1][axis].as_f64().unwrap());
    let between = format!("{0},{1},{2},{3}", middle(0) - 1e-5, middle(1) - 1e-5, middle(0) + 1e-5, middle(1) + 1e-5);
    assert!(!ids(&node, &format!("/collections/campaigns/items?bbox={between}")).await.contains(&"NKTM20267".to_owned()));
    let facts = json!({ "kind": "ambulance", "title": "Xe thử", "position": { "lon": 104.871_234_567_89, "lat": 21.707_123_456_78 },
        "operator": "Bệnh viện", "phones": [{ "label": "Trực", "number": "0216 0000 111" }] });
    let outcome = node.apply(&json!({ "id": "fine", "type": "map-point.publish", "facts": facts }).to_string()).await;
    let code = outcome.code.unwrap().to_string();
    assert!(ids(&node, "/collections/ambulances/items?bbox=104.8712,21.7071,104.8713,21.7072").await.contains(&code));
    assert!(!ids(&node, "/collections/ambulances/items?bbox=10,10,11,11").await.contains(&code));
}

/// RFC 9110 §12.5.1
async fn the_form_that_is_preferred_is_given(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    for (accept, expected) in [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("application/geo+json;q=0.9,text/html;q=0.1", "geo+json"),
        ("text/html;q=0,*/*", "geo+json"),
        ("text/html;q=0.5, */*", "geo+json"),
        ("TEXT/HTML", "text/html"),
        ("text/*", "text/html"),
        ("*/*", "geo+json"),
        ("", "geo+json"),
    ] {
        let answer = node.get_with("/collections/zones/items?limit=1", &[("accept", accept)]).await;
        assert!(answer.header("content-type").contains(expected), "{accept}: {}", answer.header("content-type"));
    }
    // The landing page and descriptions look at the same preferences.
    for (accept, html) in
        [("text/html,*/*;q=0.8", true), ("application/json, text/html;q=0.1", false), ("text/html;q=0, application/json", false)]
    {
        let landing = node.get_with("/", &[("accept", accept)]).await;
        assert_eq!(landing.header("content-type").contains("text/html"), html, "{accept}");
        assert!(landing.header("vary").contains("User-Agent"), "libraries are known by their names");
        let tiles = node.get_with("/collections/zones/tiles", &[("accept", accept)]).await;
        assert_eq!(tiles.status == StatusCode::SEE_OTHER, html, "{accept}");
    }
    assert_eq!(node.get("/?f=json&limit=4").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(node.get("/?f=json&token=abc").await.status, StatusCode::OK);
    assert_eq!(node.get("/?utm_source=board").await.status, StatusCode::OK, "a page opens whatever was hung onto its address");
    let post = node.send(HttpRequest::post("/collections/zones/items").body(Body::empty()).unwrap()).await;
    assert_eq!((post.status, post.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, "GET, HEAD, OPTIONS"));
    for accept in ["image/png", "*/*;q=0", "application/json;q=0"] {
        assert_eq!(node.get_with("/collections/zones/items", &[("accept", accept)]).await.status, StatusCode::NOT_ACCEPTABLE, "{accept}");
    }
    let tile = "/collections/zones/tiles/WebMercatorQuad/12/1794/3241";
    let gzip = node.get_with(tile, &[("accept-encoding", "gzip")]).await;
    assert_eq!(gzip.headers.get_all("etag").iter().count(), 1);
    let again = node.get_with(tile, &[("accept-encoding", "gzip"), ("if-none-match", gzip.header("etag"))]).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
}

async fn an_id_has_one_way_to_be_written(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    for id in [
        "plans/items/qhsdd21ag",
        "plans/items/QHSDD21AG-01",
        "plans/items/QHSDD21AG-nope",
        "plans/items/QHSDD21AG-3",
        "zones/items/khsdd26ak-1-1",
        "zones/items/KHSDD26AK-1-01",
    ] {
        assert_eq!(node.get(&format!("/collections/{id}")).await.status, StatusCode::NOT_FOUND, "{id}");
    }
    assert_eq!(node.get("/collections/plans/items/QHSDD21AG-1?datetime=2023-05-01").await.status, StatusCode::OK);
    assert_eq!(node.get("/collections/plans/items/QHSDD21AG-1?datetime=2025-05-01").await.status, StatusCode::GONE);
}

async fn what_was_shown_then_is_seen_from_then(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let status = async |query: &str| {
        node.get(&format!("/collections/plans/items?code=KHSDD26AK&{query}")).await.json()["features"][0]["properties"]["status"].clone()
    };
    assert_eq!(status("as_of=2027-06-01").await, "expired");
    assert_eq!(status("as_of=2026-12-01").await, "in-force");
    // A version asked for the day before it comes does not stay what it was.
    let version = async || node.get("/collections/plans/items/QHC2020AH-2").await.json()["properties"]["status"].clone();
    assert_eq!(version().await, "upcoming");
    clock.set("2027-02-02T05:00:00Z");
    assert_eq!(version().await, "in-force");
    // A page begun on a node that knows more is not answered with less.
    let ahead = 1_795_500_000_000_000_i64;
    let behind = node.get(&format!("/collections/plans/items?limit=2&after={ahead}.1795500000.2")).await;
    assert_eq!(behind.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(node.get("/collections/plans/items?limit=2&as_of=2027-02-01&after=1795500000000000.0.2").await.status, StatusCode::OK);
}

async fn costly_filters_are_refused(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let zigzag: Vec<String> = (0..640).map(|i| format!("{} {:.4}", 104 + i % 2, 21.6 + f64::from(i) * 0.0002)).collect();
    let one = format!("S_CROSSES(geometry,POLYGON(({},104 21.6)))", zigzag.join(","));
    let heavy = node.get(&format!("/collections/zones/items?limit=1&filter={}", encoded(&one))).await;
    assert_eq!(heavy.status, StatusCode::OK, "one such is worked off aside");
    let many = vec!["area_ha > 1"; 100].join(" AND ");
    assert_eq!(node.get(&format!("/collections/zones/items?limit=1&filter={}", encoded(&many))).await.status, StatusCode::OK);
    let long = format!("land_use IN ({})", vec!["'ODT'"; 600].join(","));
    let refused = node.get(&format!("/collections/zones/items?filter={}", encoded(&long))).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(refused.json()["detail"].as_str().unwrap().contains("512"), "the limit is named");
}

/// The validator is made of what an answer depends on, not of its bytes.
async fn a_feature_is_known_until_what_is_said_of_it_changes(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let mut revise = demo_command("QHSDD21AG", "plan.revise");
    let zone = ids(&node, "/collections/zones/items?limit=1&plan=QHSDD21AG").await.remove(0);
    let paths = [format!("/collections/zones/items/{zone}"), "/collections/plans/items/QHSDD21AG-2".to_owned()];
    let mut before = Vec::new();
    for path in &paths {
        let answer = node.get(path).await;
        let known = node.get_with(path, &[("if-none-match", answer.header("etag"))]).await;
        assert_eq!(known.status, StatusCode::NOT_MODIFIED, "{path}");
        for other in ["?crs=http://www.opengis.net/def/crs/EPSG/0/3857", "?lang=en"] {
            assert_ne!(node.get(&format!("{path}{other}")).await.header("etag"), answer.header("etag"), "{path}{other}");
        }
        assert!(link(&answer.json(), "successor-version").is_empty());
        before.push(answer);
    }
    // The next revision is announced; the one in force stays as it is.
    revise["id"] = json!("next");
    revise["effective_from"] = json!("2030-01-01");
    revise["facts"]["decision"]["number"] = json!("9999/QĐ-DEMO");
    node.apply(&revise.to_string()).await;
    for (path, before) in paths.iter().zip(before) {
        let after = node.get_with(path, &[("if-none-match", before.header("etag"))]).await;
        assert_eq!(after.status, StatusCode::OK, "{path}");
        assert!(!link(&after.json(), "successor-version").is_empty(), "{path}");
    }
}

/// Features are kept written out whole under what is shown now; one set may belong to several plans and
/// to several moments.
async fn zones_have_the_words_of_their_version_whoever_shares_their_set(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let revise = demo_command("QHSDD21AG", "plan.revise");
    let title = |body: &Value| {
        let zones = body["features"].as_array().unwrap();
        assert!(!zones.is_empty() && zones.iter().all(|zone| zone["properties"]["id"] == zone["id"]));
        assert!(zones.iter().all(|zone| zone["properties"]["title"] == zones[0]["properties"]["title"]));
        zones[0]["properties"]["title"].as_str().unwrap().to_owned()
    };
    let zones = "/collections/zones/items?limit=50&plan=";
    let before = node.get(&format!("{zones}QHSDD21AG")).await.json();
    assert_eq!(title(&before), revise["facts"]["title"]);
    // A word is corrected; the set stays.
    let mut facts = revise["facts"].clone();
    facts["title"] = json!("Tên đã sửa");
    let correct =
        json!({ "id": "word", "type": "plan.correct", "code": "QHSDD21AG", "revision": 2, "reason": "lỗi đánh máy", "facts": facts });
    clock.set("2026-11-24T06:00:00Z");
    node.apply(&correct.to_string()).await;
    for _ in 0..2 {
        let after = node.get(&format!("{zones}QHSDD21AG")).await.json();
        assert_eq!(title(&after), "Tên đã sửa");
        let geometries =
            |body: &Value| body["features"].as_array().unwrap().iter().map(|zone| zone["geometry"].clone()).collect::<Vec<_>>();
        assert_eq!(geometries(&before), geometries(&after));
        let then = node.get(&format!("{zones}QHSDD21AG&as_of=2026-11-24T05:30:00Z")).await.json();
        assert_eq!(title(&then), revise["facts"]["title"], "what was shown then keeps its words");
    }
    // Another plan of the same zones.
    facts["title"] = json!("Quy hoạch cùng ranh giới");
    facts["decision"]["number"] = json!("9999/QĐ-DEMO");
    let publish = json!({ "id": "twin", "type": "plan.publish", "effective_from": "2026-01-01", "facts": facts });
    let twin = node.apply(&publish.to_string()).await.code.unwrap();
    for _ in 0..2 {
        assert_eq!(title(&node.get(&format!("{zones}{twin}")).await.json()), "Quy hoạch cùng ranh giới");
        assert_eq!(title(&node.get(&format!("{zones}QHSDD21AG")).await.json()), "Tên đã sửa");
    }
    // Pages that begin in one plan and end in the other lose nothing.
    let all = ids(&node, "/collections/zones/items?limit=10000").await;
    let mut paged = Vec::new();
    let mut next = Some("/collections/zones/items?limit=333".to_owned());
    while let Some(address) = next {
        let page = node.get(&address).await.json();
        paged.extend(page["features"].as_array().unwrap().iter().map(|zone| zone["id"].as_str().unwrap().to_owned()));
        next = link(&page, "next").first().map(|link| path(link));
    }
    assert_eq!(paged, all);
}

/// No tile is above 500 KB, whatever is in it.
async fn a_tile_of_too_many_places_is_thinned_until_it_fits(kind: Kind) {
    let database = Database::new(kind).await;
    let node = Node::start(&database, &TestClock::at(NOON)).await;
    let place = |i: u32| {
        let at = [104.83 + f64::from(i % 100) * 1e-3, 21.66 + f64::from(i / 100) * 1e-3];
        json!({ "type": "Feature", "properties": { "Tên": format!("Cửa hàng số {i}"), "Địa chỉ": format!("Tổ {i}") },
            "geometry": { "type": "Point", "coordinates": at } })
    };
    let places = json!({ "type": "FeatureCollection", "features": (0..9_000).map(place).collect::<Vec<_>>() });
    let facts = json!({ "kind": "cashless-day", "title": "Ngày hội", "organiser": "UBND",
        "schedule": { "weekly": { "weekday": "friday", "from": "2026-01-02" } }, "places": { "geojson": places } });
    node.apply(&json!({ "id": "many", "type": "campaign.publish", "facts": facts }).to_string()).await;
    assert_eq!(node.get("/collections/places/items?limit=1").await.json()["numberMatched"], 9_000);
    // The same tile at every zoom that holds them all.
    for (zoom, row, column) in [(4, 7, 12), (6, 28, 50), (8, 112, 202)] {
        let tile = node.get(&format!("/collections/places/tiles/WebMercatorQuad/{zoom}/{row}/{column}")).await;
        let shown = layers(&tile.body)[0].1;
        assert!(tile.body.len() <= 500_000 && shown > 0 && shown < 9_000, "{zoom}: {} bytes, {shown} places", tile.body.len());
    }
    let near = node.get("/collections/places/tiles/WebMercatorQuad/14/7179/12965").await;
    assert!(near.status == StatusCode::OK && !near.body.is_empty());
}

async fn merged_areas_say_their_land_use_and_how_many_zones_they_are(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    let tile = node.get("/collections/zones/tiles/WebMercatorQuad/8/112/202").await;
    let file = tempfile::Builder::new().suffix(".mvt").tempfile().unwrap();
    std::fs::write(file.path(), &tile.body).unwrap();
    let said = crate::support::run("ogrinfo", &["-ro", "-al", "-geom=NO", file.path().to_str().unwrap()]);
    let values = |name: &str| -> Vec<String> {
        let lines = said.lines().filter(|line| line.trim_start().starts_with(&format!("{name} (")) && line.contains(" = "));
        lines.filter_map(|line| Some(line.split_once(" = ")?.1.to_owned())).collect()
    };
    let (codes, counts) = (values("land_use"), values("count"));
    assert!(!codes.is_empty() && codes.len() == counts.len(), "{said}");
    let known = node.get("/collections/zones/items?limit=10000").await.json();
    let known: HashSet<String> =
        known["features"].as_array().unwrap().iter().map(|zone| zone["properties"]["land_use"].as_str().unwrap().to_owned()).collect();
    assert!(codes.iter().all(|code| known.contains(code)), "{codes:?}");
    let total: u64 = counts.iter().map(|count| count.parse::<u64>().unwrap()).sum();
    assert!(total > counts.len() as u64 && total <= 1_596 * 2, "{total}");
}

/// Q11: clients that page by headers.
async fn headers_count_what_is_matched_and_returned(kind: Kind) {
    let (_database, _, node) = demo(kind).await;
    for query in ["limit=7", "limit=10000", "bbox=0,0,1,1", "filter=land_use%3D%27ODT%27&limit=3"] {
        let answer = node.get(&format!("/collections/zones/items?{query}")).await;
        let body = answer.json();
        assert_eq!(answer.header("ogc-numbermatched"), body["numberMatched"].to_string(), "{query}");
        assert_eq!(answer.header("ogc-numberreturned"), body["numberReturned"].to_string(), "{query}");
        let next = link(&body, "next").first().map(|link| link["href"].as_str().unwrap().to_owned());
        let named = answer.header("link").split(", ").find(|link| link.contains("rel=\"next\"")).map(str::to_owned);
        assert_eq!(next.is_some(), named.is_some(), "{query}");
        if let (Some(next), Some(named)) = (next, named) {
            assert!(named.starts_with(&format!("<{next}>")), "{named}");
        }
    }
}

async fn moments_have_milliseconds_and_no_more(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    clock.set("2026-11-28T05:03:10.999601Z");
    node.apply(&json!({ "id": "d", "type": "map-point.set-duty", "code": "XCT00001C", "duty": "out" }).to_string()).await;
    let feature = node.get("/collections/ambulances/items/XCT00001C?f=json").await.json()["properties"].clone();
    // Rounded up: what was known then includes the change.
    let shown = "2026-11-28T05:03:11Z";
    assert_eq!((&feature["updated"], &feature["duty_at"]), (&json!(shown), &json!(shown)));
    clock.set("2026-11-28T05:04:00Z");
    for asked in [format!("as_of={shown}"), format!("filter=updated=TIMESTAMP('{shown}')"), format!("filter=updated>=TIMESTAMP('{shown}')")]
    {
        let found = node.get(&format!("/collections/ambulances/items?f=json&{}", asked.replace('>', "%3E"))).await.json();
        let one = found["features"].as_array().unwrap().iter().find(|one| one["id"] == "XCT00001C");
        assert_eq!(one.map(|one| &one["properties"]["duty"]), Some(&json!("out")), "{asked}: {found}");
    }
}
