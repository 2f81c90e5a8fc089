//! Days of campaigns: what the page, the record, `/today` and the calendars say of them is the same, and calendars of
//! other hands read it so.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::ToSpan;
use jiff::civil::{Date, date};
use serde_json::{Value, json};

use crate::on_both_databases;
use crate::support::{Database, Kind, NOON, Node, TestClock, run};

fn campaign(id: &str, code: &str, facts: &Value) -> String {
    let mut all = json!({ "kind": "cashless-day", "title": format!("Ngày hội {code}"), "organiser": "UBND thử" });
    all.as_object_mut().unwrap().extend(facts.as_object().unwrap().clone());
    json!({ "id": id, "type": "campaign.publish", "code": code, "facts": all }).to_string()
}

/// Campaigns with every way of planning days.
async fn planned(node: &Node) {
    let schedules = [
        (
            "NGTH2601S",
            json!({
                "schedule": { "weekly": { "weekdays": ["tuesday", "saturday"], "from": "2026-11-24" } },
                "holidays": "next-working-day",
                "times": [
                    { "from": "07:00", "to": "11:00", "days": ["tuesday"] },
                    { "from": "13:30", "to": "17:00", "days": ["saturday"] },
                    { "from": "18:00", "to": "20:00", "days": ["saturday"] },
                ],
                "exceptions": [
                    { "day": "2026-12-08", "reason": "Sửa chợ" }, { "day": "2026-12-19", "moved_to": "2026-12-20" },
                    { "day": "2026-12-26", "moved_to": "2026-12-29", "reason": "Trùng ngày" },
                ],
            }),
        ),
        (
            "NGTH2602A",
            json!({
                "schedule": { "monthly": { "on": { "weekday": { "which": "first", "day": "friday" } }, "from": "2026-12-01" } },
                "holidays": "left-out",
            }),
        ),
        (
            "NGTH2603R",
            json!({
                "schedule": { "monthly": { "on": "last-day", "from": "2026-11-01", "count": 8 } },
                "times": [{ "from": "20:00", "to": "01:00" }], "holidays": "working-day-before",
            }),
        ),
        ("NGTH26049", json!({ "schedule": { "range": { "from": "2026-12-01", "to": "2026-12-05" } } })),
        (
            "NGTH2605V",
            json!({
                "schedule": { "range": { "from": "2026-12-14", "to": "2027-01-10" } },
                "times": [{ "from": "08:00", "to": "17:00", "days": ["saturday", "sunday"] }],
            }),
        ),
        ("NGTH26068", json!({ "schedule": { "day": { "on": "2026-12-22" } } })),
        (
            "NGTH2607T",
            json!({ "schedule": { "weekly": { "weekdays": ["friday"], "from": "2026-11-27", "count": 20 } }, "holidays": "next-working-day" }),
        ),
        (
            "NGTH2608F",
            json!({ "schedule": { "monthly": { "on": { "date": 16 }, "from": "2026-12-01" } }, "times": [{ "from": "09:00", "to": "10:00", "days": ["wednesday"] }] }),
        ),
    ];
    for (code, facts) in schedules {
        node.apply(&campaign(&format!("days-{code}"), code, &facts)).await;
    }
    // A one-day campaign is called off, one Friday is cancelled, another moved, and one restored.
    for (id, code, action, body) in [
        ("days-c1", "NGTH26068", "cancel-day", json!({ "day": "2026-12-22", "reason": "Bão" })),
        ("days-c2", "NGTH2607T", "cancel-day", json!({ "day": "2026-12-11", "reason": "Bão" })),
        ("days-c3", "NGTH2607T", "cancel-day", json!({ "day": "2026-12-18", "moved_to": "2026-12-17", "reason": "Họp" })),
        ("days-c4", "NGTH2607T", "cancel-day", json!({ "day": "2026-12-25", "reason": "Nhầm" })),
        ("days-c5", "NGTH2607T", "restore-day", json!({ "day": "2026-12-25", "reason": "Nhầm" })),
    ] {
        let mut command = json!({ "id": id, "type": format!("campaign.{action}"), "code": code });
        command.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        node.apply(&command.to_string()).await;
    }
    // A campaign through the merger of its unit.
    let old =
        json!({ "schedule": { "weekly": { "weekdays": ["friday"], "from": "2025-05-02", "to": "2025-06-30" } }, "units": ["04258-2020"] });
    node.apply(&campaign("days-m1", "NGTH2609X", &old)).await;
    let new = json!({
        "id": "days-m2", "type": "campaign.revise", "code": "NGTH2609X", "based_on": 1, "facts": {
            "kind": "cashless-day", "title": "Ngày hội sau sáp nhập", "organiser": "UBND thử",
            "schedule": { "weekly": { "weekdays": ["friday"], "from": "2025-07-01", "to": "2026-06-30" } }, "units": ["04252-2025"],
        },
    });
    node.apply(&new.to_string()).await;
}

/// Starts as `/today` tells them: “2026-12-04 07:00”, or the day alone where it lasts the whole day.
async fn told(node: &Node, unit: &str, [from, to]: [Date; 2]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut day = from;
    while day <= to {
        let count = 92.min(day.until(to).unwrap().get_days() + 1);
        let answer = node.get(&format!("/today?f=json&on={day}&days={count}{unit}")).await;
        for on in answer.json()["on"].as_array().unwrap() {
            let day = on["day"].as_str().unwrap();
            let hours = on["hours"].as_array().unwrap();
            found.extend(hours.iter().map(|hours| format!("{day} {}", hours["from"].as_str().unwrap())));
            found.extend(hours.is_empty().then(|| day.to_owned()));
        }
        day = day.saturating_add(i64::from(count).days());
    }
    found
}

fn clients() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients")
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
async fn four_calendars_of_other_hands_expand_the_next_fifty_days_as_the_site_tells_them() {
    let database = Database::new(Kind::Sqlite).await;
    let node = Node::demo(&database, &TestClock::at(NOON)).await;
    planned(&node).await;
    let folder = tempfile::tempdir().unwrap();
    let python = std::env::var("BANGTIN_TEST_PYTHON").expect("run the tests with tools/test.sh: it makes a Python environment");
    let spans = [("", date(2026, 11, 24), date(2027, 3, 31)), ("unit=04258-2020", date(2025, 6, 1), date(2026, 6, 30))];
    for (unit, from, to) in spans {
        let path = folder.path().join("city.ics");
        std::fs::write(&path, node.get(&format!("/today.ics?{unit}")).await.body).unwrap();
        let expected = told(&node, &format!("&{unit}"), [from, to]).await;
        assert!(expected.len() >= 50, "{}", expected.len());
        let (script, module) = (clients().join("calendars.py"), clients().join("calendars.mjs"));
        for (program, script, client) in [
            (python.as_str(), &script, "recurring-ical-events"),
            (python.as_str(), &script, "khal"),
            ("node", &module, "ical.js"),
            ("node", &module, "node-ical"),
        ] {
            let arguments = [script.to_str().unwrap(), client, path.to_str().unwrap(), &from.to_string(), &to.to_string()];
            let said: BTreeSet<String> = run(program, &arguments).lines().map(str::to_owned).collect();
            let missing: Vec<_> = expected.difference(&said).collect();
            let beyond: Vec<_> = said.difference(&expected).collect();
            assert!(missing.is_empty() && beyond.is_empty(), "{client} {unit}\nmissing {missing:?}\nbeyond {beyond:?}");
        }
    }
}

on_both_databases!(
    page_record_and_today_name_the_same_days,
    a_cancelled_day_is_on_the_page_with_its_reason,
    what_concerns_a_ward_is_found_by_its_old_name_too,
);

async fn page_record_and_today_name_the_same_days(kind: Kind) {
    let database = Database::new(kind).await;
    let node = Node::demo(&database, &TestClock::at(NOON)).await;
    planned(&node).await;
    let record = node.get("/q/NGTH2601S.json").await.json();
    let next: Vec<&str> = record["next_days"].as_array().unwrap().iter().map(|day| day["day"].as_str().unwrap()).collect();
    assert_eq!(next.len(), 50);
    // 24/11 is a public holiday from 2026 on.
    assert_eq!(next[..6], ["2026-11-25", "2026-11-28", "2026-12-01", "2026-12-05", "2026-12-12", "2026-12-15"]);
    assert_eq!(record["next_day"], next[0]);
    let moved = record["next_days"].as_array().unwrap().iter().find(|day| day["day"] == "2026-12-20").unwrap();
    assert_eq!((&moved["instead_of"], &moved["hours"][0]["from"]), (&json!("2026-12-19"), &json!("13:30")));
    let today = node.get("/today?f=json&on=2026-11-24&days=60").await.json();
    let own: Vec<&str> =
        today["on"].as_array().unwrap().iter().filter(|on| on["code"] == "NGTH2601S").map(|on| on["day"].as_str().unwrap()).collect();
    assert_eq!(own, next[..own.len()]);
    assert!(own.len() > 12);
    let page = node.get("/q/NGTH2601S").await.text();
    assert!(page.contains("7h00–11h00") && page.contains("thứ Ba, thứ Bảy") && page.contains("không tổ chức: Sửa chợ"), "{page}");
}

async fn a_cancelled_day_is_on_the_page_with_its_reason(kind: Kind) {
    let database = Database::new(kind).await;
    let node = Node::demo(&database, &TestClock::at(NOON)).await;
    planned(&node).await;
    let page = node.get("/q/NGTH2607T").await.text();
    assert!(page.contains("<s>11/12/2026</s> không tổ chức: Bão"), "{page}");
    assert!(page.contains("thay cho 18/12/2026"), "{page}");
    assert!(!page.contains("<s>25/12/2026</s>"), "{page}");
    let calendar = node.get("/q/NGTH2607T.ics").await.text();
    assert!(calendar.contains("EXDATE;VALUE=DATE:20261211") && calendar.contains("RECURRENCE-ID;VALUE=DATE:20261218"), "{calendar}");
    let off = node.get("/q/NGTH26068.ics").await.text();
    assert!(off.contains("DTSTART;VALUE=DATE:20261222") && off.contains("STATUS:CANCELLED"), "{off}");
    let poster = node.get("/today/poster.pdf?month=2026-12").await;
    assert!(poster.body.starts_with(b"%PDF"));
}

async fn what_concerns_a_ward_is_found_by_its_old_name_too(kind: Kind) {
    let database = Database::new(kind).await;
    let node = Node::demo(&database, &TestClock::at(NOON)).await;
    planned(&node).await;
    let days = |of: &Value| {
        of["on"].as_array().unwrap().iter().filter(|on| on["code"] == "NGTH2609X").map(|on| on["day"].clone()).collect::<Vec<_>>()
    };
    let ask = async |unit: &str| days(&node.get(&format!("/today?f=json&on=2025-06-20&days=20&unit={unit}")).await.json());
    let expected = ["2025-06-20", "2025-06-27", "2025-07-04"];
    assert_eq!(ask("04258-2020").await, expected);
    assert_eq!(ask("04252-2025").await, expected);
    assert!(ask("04273-2025").await.is_empty());
    assert_eq!(node.get("/today?unit=99999-2025").await.status, 404);
    for wrong in ["on=mai", "days=0", "days=93"] {
        assert_eq!(node.get(&format!("/today?f=json&{wrong}")).await.status, 400, "{wrong}");
    }
}
