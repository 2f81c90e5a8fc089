//! Works on roads, and the lines that they need: from a file of every format to the map of every client.

use std::path::{Path, PathBuf};
use std::process::Command;

use bangtin::domain::access::{Reach, Role};
use serde_json::{Value, json};

use crate::on_both_databases;
use crate::support::{Kind, demo, run};

on_both_databases!(
    works_are_shown_where_they_are_when_they_are,
    works_on_some_days_of_the_week_are_on_those_days_in_a_calendar,
    what_is_postponed_or_over_is_so_everywhere,
);

const HTML: (&str, &str) = ("accept", "text/html");

const CODE: &str = "DTCT2601Q";

/// Eleven in the evening, in the city.
const NIGHT: &str = "2026-11-28T16:00:00Z";

async fn works_are_shown_where_they_are_when_they_are(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let record = node.get(&format!("/q/{CODE}.json")).await.json();
    assert_eq!((record["active"].as_bool(), &record["status"]), (Some(false), &json!("in-force")), "at noon: {record}");
    let page = node.get_with(&format!("/q/{CODE}"), &[HTML]).await.text();
    for said in ["ngoài giờ thi công", "22h00–5h00", "đi qua được", "xe tải, ô tô, xe khách", "stroke-dasharray", "tel:02160000401"]
    {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains("Điểm tham gia"), "lines are no places");
    // The item is its place, without the way around; the lines have a layer of their own.
    let item = node.get(&format!("/collections/works/items/{CODE}")).await.json();
    assert_eq!((&item["geometry"]["type"], item["geometry"]["coordinates"].as_array().map(Vec::len)), (&json!("MultiLineString"), Some(1)));
    let lines = node.get(&format!("/collections/works-lines/items?works={CODE}&sortby=aside")).await.json();
    let about: Vec<(bool, &str)> = lines["features"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            let about = &line["properties"];
            assert!(about["length_m"].as_i64().is_some_and(|metres| (1_500..3_000).contains(&metres)), "{about}");
            (about["aside"].as_bool().unwrap(), about["name"].as_str().unwrap())
        })
        .collect();
    assert_eq!(about, [(false, "Đường Điện Biên"), (true, "Đường vòng")]);
    // A box that only the line's own box meets finds nothing; one on the line does.
    let within = async |bbox: &str| node.get(&format!("/collections/works/items?bbox={bbox}")).await.json()["numberMatched"].clone();
    assert_eq!(within("104.8870,21.7045,104.8880,21.7050").await, 0);
    assert_eq!(within("104.8785,21.7060,104.8795,21.7070").await, 1);
    let filter = "S_INTERSECTS(geometry,LINESTRING(104.8830 21.7060,104.8840 21.7140))";
    let crossed = node.get(&format!("/collections/works/items?filter={}", filter.replace(' ', "%20"))).await.json();
    assert_eq!(crossed["features"][0]["id"], CODE, "{crossed}");
    let plane = node.get("/collections/works/items?crs=http://www.opengis.net/def/crs/EPSG/0/9208&limit=1").await.json();
    assert!(plane["features"][0]["geometry"]["coordinates"][0][0][0].as_f64().is_some_and(|x| x > 500_000.0), "{plane}");
    // Near the line, not near the way around.
    let near = node.get("/here?f=json&lon=104.8800&lat=21.7075").await.json();
    assert_eq!((&near["nearby"][0]["code"], &near["nearby"][0]["family"]), (&json!(CODE), &json!("works")), "{near}");
    assert!(near["nearby"][0]["metres"].as_f64().is_some_and(|metres| metres < 100.0));
    assert_eq!(node.get("/here?f=json&lon=104.93&lat=21.69").await.json()["nearby"], json!([]));
    let unit = node.get("/here?f=json&unit=04252-2025").await.json();
    assert_eq!(unit["nearby"].as_array().map(Vec::len), Some(2), "{unit}");
    let page = node.get_with("/here?lon=104.8800&lat=21.7075", &[HTML]).await.text();
    assert!(page.contains("Thi công, cấm đường gần đây") && page.contains("Đào đường Điện Biên"), "{page}");
    // At night the road is closed, without an event.
    clock.set(NIGHT);
    assert_eq!(node.get(&format!("/q/{CODE}.json")).await.json()["active"], true);
    assert!(node.get_with(&format!("/q/{CODE}"), &[HTML]).await.text().contains("ĐANG CẤM"));
}

async fn works_on_some_days_of_the_week_are_on_those_days_in_a_calendar(kind: Kind) {
    let (_database, _clock, node) = demo(kind).await;
    let lines = json!({ "geojson": { "type": "FeatureCollection", "features": [{ "type": "Feature", "properties": {},
        "geometry": { "type": "LineString", "coordinates": [[104.88, 21.71], [104.885, 21.712]] } }] } });
    let facts = json!({ "kind": "street-event", "title": "Chợ đêm", "road": "Điện Biên", "from": "2026-12-02", "to": "2026-12-27",
        "closed": { "direction": "both" }, "authority": "UBND", "lines": lines,
        "hours": { "from": "18:00", "to": "23:00", "days": ["saturday", "sunday"] } });
    let code = node.apply(&json!({ "id": "market", "type": "works.publish", "facts": facts }).to_string()).await.code.unwrap();
    let calendar = node.get(&format!("/q/{code}.ics")).await.text().replace("\r\n ", "");
    for line in ["DTSTART;VALUE=DATE:20261205", "DTEND;VALUE=DATE:20261206", "RRULE:FREQ=WEEKLY;UNTIL=20261227;BYDAY=SA,SU"] {
        assert!(calendar.contains(&format!("{line}\r\n")), "{calendar}");
    }
    assert!(calendar.contains("thứ Bảy\\, Chủ Nhật"), "{calendar}");
    // Dates without such a day are refused, when they are published and when they are moved.
    let moved = json!({ "id": "moved", "type": "works.postpone", "code": code, "from": "2026-12-08", "to": "2026-12-10", "reason": "Mưa" });
    let refused = node.try_apply(&moved.to_string(), &bangtin::cli::demo::file).await.unwrap_err().to_string();
    assert!(refused.contains("days of the week"), "{refused}");
    let (mut never, id) = (facts.clone(), "never");
    never["from"] = json!("2026-12-07");
    never["to"] = json!("2026-12-11");
    let never = json!({ "id": id, "type": "works.publish", "facts": never }).to_string();
    assert!(node.try_apply(&never, &bangtin::cli::demo::file).await.is_err());
}

async fn what_is_postponed_or_over_is_so_everywhere(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (_, secret) = node.app.create_token(Role::Works, Reach::City, String::new()).await.unwrap();
    let head = node.app.log().head().await.unwrap().position;
    assert!(node.model.wait_for(head, std::time::Duration::from_secs(5)).await);
    let change = async |name: &str, code: &str, more: Value| {
        let mut body = json!({ "id": name, "type": format!("works.{name}"), "code": code });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = node.post(&format!("/collections/works/items/{code}/commands"), &secret, body.to_string()).await;
        assert!(answer.status.is_success(), "{}", answer.text());
    };
    change("postpone", "CDCD26016", json!({ "from": "2026-12-19", "to": "2026-12-20", "reason": "Mưa bão" })).await;
    let record = node.get("/q/CDCD26016.json").await.json();
    assert_eq!((&record["effective_from"], &record["status"]), (&json!("2026-12-19"), &json!("upcoming")), "{record}");
    let page = node.get_with("/q/CDCD26016", &[HTML]).await.text();
    assert!(page.contains("đã hoãn") && page.contains("Mưa bão"), "{page}");
    let calendar = node.get("/q/CDCD26016.ics").await.text();
    assert!(calendar.contains("DTSTART;VALUE=DATE:20261219"), "{calendar}");
    // Without a last day it goes on until further notice; a last day that is set is the calendar's too.
    change("postpone", "CDCD26016", json!({ "id": "open", "from": "2026-12-18", "reason": "Chưa rõ" })).await;
    let calendar = node.get("/q/CDCD26016.ics").await.text();
    assert!(calendar.contains("DTSTART;VALUE=DATE:20261218") && calendar.contains("RRULE:FREQ=DAILY\r\n"), "{calendar}");
    change("expire", "CDCD26016", json!({ "effective_to": "2026-12-24", "reason": "Đã rõ" })).await;
    let calendar = node.get("/q/CDCD26016.ics").await.text();
    assert!(calendar.contains("DTEND;VALUE=DATE:20261225") && !calendar.contains("RRULE"), "{calendar}");
    clock.set(NIGHT);
    change("end-early", CODE, json!({ "reason": "Xong sớm" })).await;
    let record = node.get(&format!("/q/{CODE}.json")).await.json();
    // A night that was broken off does not last until the morning after.
    assert_eq!((record["active"].as_bool(), &record["effective_to"]), (Some(false), &json!("2026-11-28")), "{record}");
    assert!(node.get_with(&format!("/q/{CODE}"), &[HTML]).await.text().contains("đã xong"));
    clock.set("2026-11-29T03:00:00Z");
    assert_eq!(node.get(&format!("/q/{CODE}.json")).await.json()["status"], "expired");
    // The role is for works alone.
    let other = json!({ "id": "x", "type": "map-point.publish", "facts": { "kind": "advisory-desk", "title": "Bàn", "position": { "lon": 104.87, "lat": 21.7 } } });
    assert_eq!(node.post("/collections/advisory-desks/items", &secret, other.to_string()).await.json()["type"], "/problems/forbidden-role");
}

struct Office {
    folder: tempfile::TempDir,
}

impl Office {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn import(&self, file: &Path, more: &[&str]) -> (bool, Value, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bangtin"));
        command.args(["--data", self.path("data").to_str().unwrap(), "--city", "fixtures/yen-bai.toml", "import", "works"]);
        command.arg(file).args(["--kind", "road-works", "--title", "Đào đường", "--road", "Đường A", "--authority", "UBND", "--json"]);
        command.args(["--from", "2026-12-01", "--to", "2026-12-05", "--closed", r#"{"direction":"one"}"#]).args(more);
        let output = command.env_remove("BANGTIN_DATABASE").output().unwrap();
        let (told, errors) = (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned());
        (output.status.success(), serde_json::from_str(&told).unwrap_or(Value::Null), told + &errors)
    }
}

/// Two lines and the way around them, in WGS 84.
fn lines() -> String {
    let line = |name: &str, role: &str, points: Value| json!({ "type": "Feature", "properties": { "ten": name, "loai": role }, "geometry": { "type": "LineString", "coordinates": points } });
    json!({ "type": "FeatureCollection", "features": [
        line("Đoạn 1", "thi công", json!([[104.87, 21.70], [104.875, 21.705]])),
        line("Đoạn 2", "thi công", json!([[104.875, 21.705], [104.88, 21.705]])),
        line("Vòng", "đường tránh", json!([[104.87, 21.70], [104.88, 21.70], [104.88, 21.705]])),
    ] })
    .to_string()
}

#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn lines_come_in_from_every_format_and_are_the_same_set() {
    let office = Office::new();
    let geojson = office.path("a.geojson");
    std::fs::write(&geojson, lines()).unwrap();
    let sets: Vec<(String, Value)> =
        [("geojson", ""), ("gpkg", "GPKG"), ("shp", "ESRI Shapefile"), ("fgb", "FlatGeobuf"), ("kml", "LIBKML")]
            .into_iter()
            .map(|(ending, driver)| {
                let file = office.path(&format!("a.{ending}"));
                if !driver.is_empty() {
                    let more: &[&str] = if ending == "shp" { &["-lco", "ENCODING=UTF-8"] } else { &[] };
                    run("ogr2ogr", &[&["-f", driver, file.to_str().unwrap(), geojson.to_str().unwrap()], more].concat());
                }
                let more: &[&str] = if ending == "kml" { &["--name-column", "ten"] } else { &[] };
                let (ok, told, said) = office.import(&file, &[&["--dry-run"], more].concat());
                assert!(ok, "{ending}: {said}");
                (ending.to_owned(), told["report"]["features"].clone())
            })
            .collect();
    assert!(sets.iter().all(|(_, features)| features == 3), "{sets:?}");
    // A drawing, in metres; its layers say what its lines are.
    let line =
        |layer: &str, x: f64| format!("0\nLWPOLYLINE\n8\n{layer}\n90\n2\n70\n0\n10\n{x}\n20\n2401150\n10\n{}\n20\n2401300\n", x + 200.0);
    let dxf = format!("0\nSECTION\n2\nENTITIES\n{}{}0\nENDSEC\n0\nEOF\n", line("THI_CONG", 512_650.0), line("DUONG_TRANH", 512_700.0));
    let drawing = office.path("a.dxf");
    std::fs::write(&drawing, dxf).unwrap();
    let (ok, told, said) = office.import(&drawing, &["--crs", "EPSG:9208"]);
    assert!(ok, "{said}");
    let code = told["code"].as_str().unwrap();
    let (ok, told, said) = office.import(&geojson, &["--revises", code, "--unit", "04252", "--emergency-note", "x"]);
    assert!(!ok && told == Value::Null && said.contains("--emergency-note"), "{said}");
    let (ok, told, said) = office.import(&geojson, &["--revises", code, "--unit", "04252", "--hours", r#"{"from":"22:00","to":"05:00"}"#]);
    assert!(ok && told["revision"] == 2, "{said}");
}

#[test]
fn what_is_no_line_is_named_and_so_is_a_line_elsewhere() {
    let office = Office::new();
    let file = |name: &str, geometry: Value| {
        let path = office.path(name);
        let text = json!({ "type": "FeatureCollection", "features": [{ "type": "Feature", "properties": {}, "geometry": geometry }] });
        std::fs::write(&path, text.to_string()).unwrap();
        path
    };
    let square = json!({ "type": "Polygon", "coordinates": [[[104.87, 21.7], [104.88, 21.7], [104.88, 21.71], [104.87, 21.7]]] });
    let point = json!({ "type": "Point", "coordinates": [104.87, 21.7] });
    let short = json!({ "type": "LineString", "coordinates": [[104.87, 21.7], [104.87, 21.7]] });
    let far = json!({ "type": "LineString", "coordinates": [[104.87, 21.7], [105.87, 21.7]] });
    let empty = json!({ "type": "MultiLineString", "coordinates": [] });
    assert_eq!(office.import(&file("e.geojson", empty), &[]).1["report"]["findings"][0]["check"], "no-geometry");
    // A way around alone closes no road, whether a word or a truth says that it is one.
    for about in [json!({ "loai": "đường tránh" }), json!({ "aside": "true" })] {
        let way = json!({ "type": "LineString", "coordinates": [[104.87, 21.7], [104.88, 21.7]] });
        let text = json!({ "type": "FeatureCollection", "features": [{ "type": "Feature", "properties": about, "geometry": way }] });
        std::fs::write(office.path("f.geojson"), text.to_string()).unwrap();
        let (ok, told, said) = office.import(&office.path("f.geojson"), &[]);
        assert!(!ok && told["report"]["findings"][0]["check"] == "only-detours", "{said}");
    }
    let named = json!({ "type": "FeatureCollection", "features": [{ "type": "Feature", "properties": { "tuyen": "A" },
        "geometry": { "type": "LineString", "coordinates": [[104.87, 21.7], [104.88, 21.7]] } }] });
    std::fs::write(office.path("g.geojson"), named.to_string()).unwrap();
    let said = office.import(&office.path("g.geojson"), &["--dry-run"]).1["report"]["findings"][0]["en"].to_string();
    assert!(said.contains("“tuyen”") && said.contains("--name-column"), "{said}");
    for (name, geometry, check) in
        [("a", square, "not-a-line"), ("b", point, "not-a-line"), ("c", short, "line-too-short"), ("d", far, "outside-city")]
    {
        let (ok, told, said) = office.import(&file(&format!("{name}.geojson"), geometry), &[]);
        assert!(!ok && told["report"]["findings"][0]["check"] == check, "{check}: {said}");
    }
}
