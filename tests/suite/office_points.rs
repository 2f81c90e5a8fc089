//! Map points in the office: the table, one point with its map, lists from a file.

use axum::http::StatusCode;
use bangtin::domain::access::{Actor, Grant, Reach, Role};
use serde_json::Value;

use crate::office::{Browser, hidden, settle, signed_in};
use crate::on_both_databases;
use crate::support::{Answer, Kind, Node, demo};

on_both_databases!(
    rows_of_the_table_are_edited_in_place_and_nobody_overwrites_another,
    a_point_is_placed_by_tapping_the_map_or_by_coordinates_and_published_once,
    a_list_shows_what_is_added_changed_and_ended_before_it_is_carried_out,
    a_list_with_errors_changes_nothing_and_says_where,
    points_of_other_units_are_neither_seen_nor_changed,
    what_needs_a_second_person_is_proposed,
);

const STATION: &str = "TYT00001B";

/// The facts that the public reads.
async fn public(node: &Node, code: &str) -> Value {
    let read = node.get(&format!("/q/{code}.geojson")).await.json();
    if read["features"].is_array() { read["features"][0].clone() } else { read }
}

async fn a_dispatcher<'a>(node: &'a Node, clock: &crate::support::TestClock) -> Browser<'a> {
    signed_in(node, &[Role::Health], "dieu-phoi@yenbai.gov.vn", clock).await.0
}

/// The fields of the row of a point as the page has them.
fn row(page: &str, code: &str) -> Vec<(String, String)> {
    let unquoted = |text: &str| text.replace("&quot;", "\"").replace("&amp;", "&");
    let inputs = page.split("<input ").skip(1).filter_map(|part| {
        let name = part.split("name=\"").nth(1)?.split('"').next()?;
        let value = part.split("value=\"").nth(1)?.split('"').next()?;
        name.ends_with(&format!("-{code}")).then(|| (name.to_owned(), unquoted(value)))
    });
    inputs.collect()
}

async fn save(browser: &mut Browser<'_>, kind: &str, rows: &[(String, String)]) -> Answer {
    let mut fields = vec![("kind", kind)];
    fields.extend(rows.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    browser.submit("/office/points", "/office/points", &fields).await
}

fn with(mut rows: Vec<(String, String)>, name: &str, value: &str) -> Vec<(String, String)> {
    let (_, old) = rows.iter_mut().find(|(known, _)| known == name).unwrap_or_else(|| panic!("no field {name}"));
    value.clone_into(old);
    rows
}

async fn rows_of_the_table_are_edited_in_place_and_nobody_overwrites_another(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let mut browser = a_dispatcher(&node, &clock).await;
    let page = browser.get("/office/points?kind=health-station").await.text();
    let first = row(&page, STATION);
    assert_eq!(first.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().len(), 5, "{first:?}");
    // Nothing typed, nothing written.
    let before = node.app.log().head().await.unwrap().position;
    let answer = save(&mut browser, "health-station", &first).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/office/points?kind=health-station&done=0"));
    assert_eq!(node.app.log().head().await.unwrap().position, before);
    let edited = with(with(first.clone(), &format!("hours-{STATION}"), "Cả ngày"), &format!("phone-{STATION}"), "0216 0000 999");
    let answer = save(&mut browser, "health-station", &edited).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (StatusCode::SEE_OTHER, "/office/points?kind=health-station&done=1"),
        "{}",
        answer.text()
    );
    settle(&node).await;
    let page = node.get(&format!("/q/{STATION}")).await.text();
    assert!(page.contains("Cả ngày") && page.contains("0216 0000 999"), "{page}");
    // Sent again, by a browser that was slow: it says what is new, and changes nothing.
    let other = with(first, &format!("hours-{STATION}"), "Buổi sáng");
    let answer = save(&mut browser, "health-station", &other).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text().contains("đã thay đổi từ lúc bạn mở") && answer.text().contains("Cả ngày"), "{}", answer.text());
    // What the rules refuse is said beside the others that went through.
    let page = browser.get("/office/points?kind=health-station").await.text();
    let wrong = with(row(&page, STATION), &format!("phone-{STATION}"), "không có");
    let answer = save(&mut browser, "health-station", &wrong).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        answer.text().contains("“không có”") && answer.text().contains("value=\"không có\""),
        "what was typed stays: {}",
        answer.text()
    );
    // Found by words of its name, with or without diacritics.
    let title = node.get(&format!("/q/{STATION}.json")).await.json()["title"].as_str().unwrap().to_owned();
    let encoded: String = bangtin::words::fold::fold(&title).bytes().map(|byte| format!("%{byte:02X}")).collect();
    let found = browser.get(&format!("/office/points?kind=health-station&q={encoded}")).await.text();
    assert!(found.contains(&format!("seen-{STATION}")) && found.matches("name=\"seen-").count() == 1, "{found}");
    let none = browser.get("/office/points?kind=health-station&q=khong+co").await.text();
    assert!(none.contains("Không có điểm nào mang tên đó"), "{none}");
    // A person's own number is not in the table.
    let workers = browser.get("/office/points?kind=health-worker").await.text();
    assert!(workers.contains("name=\"hours-NVYT00016\"") && !workers.contains("name=\"phone-NVYT00016\""), "{workers}");
}

async fn a_point_is_placed_by_tapping_the_map_or_by_coordinates_and_published_once(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let mut browser = a_dispatcher(&node, &clock).await;
    let path = "/office/points/new";
    let page = browser.get("/office/points/new?kind=advisory-desk").await.text();
    assert!(page.contains("type=\"image\"") && page.contains("data-fill"), "{page}");
    let once = hidden(&page, "once");
    let base =
        [("kind", "advisory-desk"), ("once", once.as_str()), ("title", "Bàn tư vấn mới"), ("phones", "Trực: 0216 0000 111\n0216 0000 112")];
    // The first tap is on the map of the whole city, the next ones on nearer maps.
    let tap = [&base[..], &[("span", "0"), ("at.x", "160"), ("at.y", "120")]].concat();
    let answer = browser.submit(path, path, &tap).await;
    assert_eq!(answer.status, StatusCode::OK);
    let page = answer.text();
    let (lat, lon, span) = (hidden(&page, "lat"), hidden(&page, "lon"), hidden(&page, "span"));
    assert!(page.contains("value=\"Bàn tư vấn mới\"") && page.contains("0216 0000 112"), "what was typed is there: {page}");
    let nearer = [&base[..], &[("span", &span), ("map.lon", &lon), ("map.lat", &lat), ("at.x", "160"), ("at.y", "100")]].concat();
    let page = browser.submit(path, path, &nearer).await.text();
    assert!(hidden(&page, "span").parse::<f64>().unwrap() < span.parse::<f64>().unwrap());
    let (lat, lon) = (hidden(&page, "lat"), hidden(&page, "lon"));
    // Without a place or a name it is refused, and what was typed stays.
    let answer = browser.submit(path, path, &[("kind", "advisory-desk"), ("title", "Bàn tư vấn mới"), ("do", "save")]).await;
    assert!(answer.status == StatusCode::UNPROCESSABLE_ENTITY && answer.text().contains("value=\"Bàn tư vấn mới\""), "{}", answer.text());
    let full = [&base[..], &[("lat", lat.as_str()), ("lon", lon.as_str()), ("do", "save")]].concat();
    for _ in 0..2 {
        let answer = browser.submit(path, path, &full).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    }
    settle(&node).await;
    let desks = browser.get("/office/points?kind=advisory-desk").await.text();
    assert_eq!(desks.matches("value=\"Bàn tư vấn mới\"").count(), 1, "the same form acts once");
    let code =
        desks.split("Bàn tư vấn mới</a>").next().unwrap().rsplit("/office/points/").next().unwrap().split('"').next().unwrap().to_owned();
    let at = public(&node, &code).await;
    assert!((at["geometry"]["coordinates"][0].as_f64().unwrap() - lon.parse::<f64>().unwrap()).abs() < 1e-5, "{at}");
    // Opened again it is filled, with both numbers; coordinates of VN-2000 are understood as in the papers.
    let own = format!("/office/points/{code}");
    let page = browser.get(&own).await.text();
    assert!(page.contains("Trực: 0216 0000 111\nĐiện thoại: 0216 0000 112"), "{page}");
    let seen = hidden(&page, "seen");
    let moved = [&base[..], &[("seen", seen.as_str()), ("lat", "2401980"), ("lon", "512650"), ("do", "save")]].concat();
    let answer = browser.submit(&own, &own, &moved).await;
    assert!(answer.status == StatusCode::SEE_OTHER || answer.text().contains("role=\"alert\""), "{}", answer.text());
    // Somebody else has changed it: nothing is lost in silence.
    settle(&node).await;
    let late = [&base[..], &[("seen", "1"), ("lat", lat.as_str()), ("lon", lon.as_str()), ("do", "save")]].concat();
    let answer = browser.submit(&own, &own, &late).await;
    assert!(answer.status == StatusCode::UNPROCESSABLE_ENTITY && answer.text().contains("đã thay đổi từ lúc bạn mở"), "{}", answer.text());
    assert_eq!(browser.get("/office/points/AAAA").await.status, StatusCode::NOT_FOUND);
}

/// Sends a list; the address of its comparison.
async fn send(browser: &mut Browser<'_>, fields: &[(&str, &str)], name: &str, content: &str) -> String {
    let answer = browser.upload("/office/points", "/office/points/lists", fields, &[("file", name, content.as_bytes())]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    answer.header("location").to_owned()
}

async fn carry_out(browser: &mut Browser<'_>, at: &str) -> Answer {
    let page = browser.get(at).await.text();
    let (kind, digest) = (hidden(&page, "kind"), hidden(&page, "digest"));
    let whole = if page.contains("type=\"hidden\" name=\"whole\"") { "1" } else { "" };
    let path = at.split('?').next().unwrap().to_owned();
    browser.submit(at, &path, &[("kind", &kind), ("whole", whole), ("digest", &digest)]).await
}

async fn a_list_shows_what_is_added_changed_and_ended_before_it_is_carried_out(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let mut browser = a_dispatcher(&node, &clock).await;
    // The table as it is downloaded changes nothing when it is sent back.
    let csv = browser.get("/office/points/list.csv?kind=health-station").await.text();
    assert!(csv.starts_with("\u{feff}Mã,Tên,") && csv.contains(STATION), "{csv}");
    let same = send(&mut browser, &[("kind", "health-station")], "tram.csv", &csv).await;
    let page = browser.get(&same).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    assert!(!page.text().contains("name=\"digest\""), "nothing changes: {}", page.text());
    let title = public(&node, STATION).await["properties"]["title"].as_str().unwrap().to_owned();
    let list = format!(
        "Mã,Tên,Địa chỉ,Điện thoại,lat,lon\n{STATION},{title},Số 9 đường mới,0216 0000 555,{},{}\n,Trạm y tế mới,Tổ 3,,21.71,104.88\n",
        public(&node, STATION).await["geometry"]["coordinates"][1],
        public(&node, STATION).await["geometry"]["coordinates"][0],
    );
    let before = node.app.log().head().await.unwrap().position;
    let at = send(&mut browser, &[("kind", "health-station"), ("whole", "1")], "tram.csv", &list).await;
    let page = browser.get(&at).await.text();
    for what in ["1 điểm mới", "1 điểm thay đổi", "Số 9 đường mới", "0216 0000 555", "Trạm y tế mới"] {
        assert!(page.contains(what), "{what}: {page}");
    }
    assert_eq!(node.app.log().head().await.unwrap().position, before, "looking changes nothing");
    // Somebody changes the point in between: the comparison is shown anew.
    let shown = (hidden(&page, "digest"), at.split('?').next().unwrap().to_owned());
    let rows = with(row(&browser.get("/office/points?kind=health-station").await.text(), STATION), &format!("hours-{STATION}"), "8–11");
    save(&mut browser, "health-station", &rows).await;
    settle(&node).await;
    let late = browser.submit(&at, &shown.1, &[("kind", "health-station"), ("whole", "1"), ("digest", &shown.0)]).await;
    assert!(late.status == StatusCode::UNPROCESSABLE_ENTITY && late.text().contains("đã có thay đổi"), "{}", late.text());
    let done = carry_out(&mut browser, &at).await;
    assert!(done.header("location").starts_with("/office/points?kind=health-station&done="), "{}", done.text());
    settle(&node).await;
    let now = node.get(&format!("/q/{STATION}")).await.text();
    assert!(
        now.contains("Số 9 đường mới") && now.contains("0216 0000 555") && now.contains("8–11"),
        "what the list leaves out stays: {now}"
    );
    let names = node.get("/collections/health-stations/items?f=json").await.text();
    assert!(names.contains("Trạm y tế mới"), "{names}");
    // The same list again changes nothing any more.
    let page = browser.get(&at).await.text();
    assert!(!page.contains("name=\"digest\""), "{page}");
    // Another person's list is not to be seen.
    let (mut other, _) = signed_in(&node, &[Role::Health], "khac@yenbai.gov.vn", &clock).await;
    assert_eq!(other.get(&at).await.status, StatusCode::NOT_FOUND);
}

async fn a_list_with_errors_changes_nothing_and_says_where(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let mut browser = a_dispatcher(&node, &clock).await;
    let before = node.app.log().head().await.unwrap().position;
    for (list, what) in [
        ("Tên,lat,lon\nTrạm A,21.71,104.88\nTrạm B,10.0,106.0\n", "dòng 3: Nằm ngoài"),
        ("Mã,Tên,lat,lon\nXCT00001C,Trạm A,21.71,104.88\n", "XCT00001C"),
        ("Tên,Điện thoại,lat,lon\nTrạm A,912345678,21.71,104.88\n", "912345678"),
        ("Tên,Madonvi,lat,lon\nTrạm A,99999,21.71,104.88\n", "99999"),
        ("không phải danh sách", "danh sách"),
    ] {
        let at = send(&mut browser, &[("kind", "health-station"), ("whole", "1")], "ds.csv", list).await;
        let page = browser.get(&at).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{list}");
        assert!(
            page.text().contains(what) && page.text().contains("Chưa làm gì") && !page.text().contains("name=\"digest\""),
            "{}",
            page.text()
        );
        let path = at.split('?').next().unwrap().to_owned();
        let forced = browser.submit(&at, &path, &[("kind", "health-station"), ("whole", "1"), ("digest", "")]).await;
        assert_eq!(forced.status, StatusCode::UNPROCESSABLE_ENTITY, "{list}");
    }
    let wrong = send(&mut browser, &[("kind", "health-station"), ("crs", "EPSG:1")], "ds.csv", "Tên,lat,lon\nA,21.71,104.88\n").await;
    assert_eq!(browser.get(&wrong).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let none = browser.upload("/office/points", "/office/points/lists", &[("kind", "ambulance")], &[]).await;
    assert!(none.status == StatusCode::UNPROCESSABLE_ENTITY && none.text().contains("Chưa chọn tệp"), "{}", none.text());
    assert_eq!(node.app.log().head().await.unwrap().position, before);
}

async fn points_of_other_units_are_neither_seen_nor_changed(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (mut browser, account) = signed_in(&node, &[Role::Health], "xa@yenbai.gov.vn", &clock).await;
    // The vehicle serves a commune; this person works in another.
    let own: bangtin::domain::unit::UnitId = "04252-2025".parse().unwrap();
    let unit = node.app.city().units.valid_on(jiff::civil::date(2026, 11, 24)).find(|unit| unit.id != own).unwrap().id.clone();
    let grants = vec![Grant { role: Role::Health, reach: Reach::Units(vec![unit.clone()]) }];
    node.app.grant(&Actor::local(), account, grants).await.unwrap();
    settle(&node).await;
    let page = browser.get("/office/points?kind=ambulance").await.text();
    assert!(!page.contains("XCT00001C"), "a vehicle of the whole city: {page}");
    assert_eq!(browser.get("/office/points/XCT00001C").await.status, StatusCode::NOT_FOUND);
    let forged = browser
        .submit("/office/points", "/office/points", &[("kind", "ambulance"), ("seen-XCT00001C", "1"), ("title-XCT00001C", "Của tôi")])
        .await;
    assert_eq!(forged.header("location"), "/office/points?kind=ambulance&done=0");
    // A complete list ends nothing of others.
    let list = "Tên,lat,lon\nXe của xã,21.71,104.88\n";
    let at = send(&mut browser, &[("kind", "ambulance"), ("whole", "1")], "xe.csv", list).await;
    let page = browser.get(&at).await;
    assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY, "a point of the whole city is not theirs to publish: {}", page.text());
    let list = format!("Tên,Mã đơn vị,lat,lon\nXe của xã,{unit},21.71,104.88\n");
    let at = send(&mut browser, &[("kind", "ambulance"), ("whole", "1")], "xe.csv", &list).await;
    let page = browser.get(&at).await.text();
    assert!(page.contains("1 điểm mới") && page.contains("0 điểm kết thúc"), "{page}");
    assert!(carry_out(&mut browser, &at).await.status == StatusCode::SEE_OTHER);
}

async fn what_needs_a_second_person_is_proposed(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let mut browser = a_dispatcher(&node, &clock).await;
    signed_in(&node, &[Role::Approver], "duyet@yenbai.gov.vn", &clock).await;
    node.app.choose_second_person(&Actor::local(), vec!["map-point".into()]).await.unwrap();
    settle(&node).await;
    let title = public(&node, STATION).await["properties"]["title"].clone();
    let rows = with(row(&browser.get("/office/points?kind=health-station").await.text(), STATION), &format!("title-{STATION}"), "Tên khác");
    assert_eq!(save(&mut browser, "health-station", &rows).await.header("location"), "/office/proposals", "it is not said to be public");
    settle(&node).await;
    assert_eq!(public(&node, STATION).await["properties"]["title"], title, "nothing is public yet");
    assert!(browser.get("/office/proposals").await.text().contains(STATION));
    let at = send(&mut browser, &[("kind", "ambulance")], "xe.csv", "Tên,lat,lon\nXe mới,21.71,104.88\n").await;
    let done = carry_out(&mut browser, &at).await;
    assert_eq!((done.status, done.header("location")), (StatusCode::SEE_OTHER, "/office/proposals"), "{}", done.text());
}
