//! Letters that look alike are alike: where people search, filter, publish, print, and in stores of before.

use axum::http::StatusCode;
use bangtin::domain::Code;
use bangtin::event_store::{Append, CLAIM_RULE, ClaimRow, NewEvent};
use serde_json::{Value, json};

use crate::on_both_databases;
use crate::support::{Database, Kind, NOON, Node, TestClock, run};

on_both_databases!(
    a_decision_is_published_once_however_it_is_typed,
    claims_of_an_older_rule_are_made_anew_at_the_first_start,
    doubles_of_before_stay_are_listed_and_block_nothing,
    a_loaded_log_has_the_claims_of_today,
);

const NUMBER: &str = "12/QĐ-UBND";

fn facts(number: &str, title: &str) -> Value {
    json!({ "kind": "land-use-plan", "title": title, "decision": { "authority": "UBND tỉnh Yên Bái", "number": number, "signed": "2026-01-01" } })
}

fn publish(id: &str, number: &str) -> String {
    json!({ "id": id, "type": "plan.publish", "facts": facts(number, "Quy hoạch Đất lạ") }).to_string()
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// How many plans of that decision are found, by the parameter and by a filter.
async fn found(node: &Node, number: &str) -> [u64; 2] {
    let filter = format!("decision IN ('{number}') AND NOT decision <> '{number}'");
    let paths = [format!("decision={}", encoded(number)), format!("filter={}", encoded(&filter))];
    let mut counts = [0; 2];
    for (count, path) in counts.iter_mut().zip(paths) {
        *count = node.get(&format!("/collections/plans/items?{path}")).await.json()["numberMatched"].as_u64().unwrap();
    }
    counts
}

async fn is_refused(node: &Node, line: &str) -> bool {
    node.try_apply(line, &bangtin::cli::demo::file).await.is_err()
}

/// What a program that told letters apart let through: the same decision again, by other letters, under a code of
/// its own, with the keys it made. Then the node ends.
async fn of_before(node: Node, first: Code, random: u8) -> Code {
    let log = node.app.log();
    let second = Code::from_random([random; 8]);
    let holder = format!("plan/{second}");
    let original = log.read_aggregate(&format!("plan/{first}"), 0).await.unwrap().remove(0).event;
    let payload = original.payload.replace(first.as_str(), second.as_str());
    let payload = payload.replace(NUMBER, "12/Q\u{d0}\u{2011}UBND").replace("Đất lạ", "\u{d0}ất lạ");
    assert!(payload.contains('\u{d0}'));
    let row = |kind: &str, key: &str| ClaimRow { kind: kind.into(), key: key.into(), holder: holder.clone() };
    let key = format!("land-use-plan|ubnd tinh yen bai|12/q\u{f0}\u{2011}ubnd|2026-01-01{}", "+".repeat(random.into()));
    let events = vec![NewEvent { aggregate: holder.clone(), sequence: 1, payload, ..original }];
    let claims = vec![row("code", second.as_str()), row("decision", &key)];
    log.append(Append { events, claims, actor: "local".into(), ..Append::default() }).await.unwrap();
    second
}

/// As a store is that an older program leaves behind.
async fn by_an_older_rule(database: &Database) {
    database.tamper("UPDATE claim_rule SET number = 0; DELETE FROM claim_doubles").await.unwrap();
}

async fn a_decision_is_published_once_however_it_is_typed(kind: Kind) {
    let database = Database::new(kind).await;
    let node = Node::start(&database, &TestClock::at(NOON)).await;
    let code = node.apply(&publish("a", NUMBER)).await.code.unwrap();
    for (n, typed) in [
        "12/Q\u{d0}-UBND",
        "12/Q\u{189}-UBND",
        "12/q\u{f0}-ubnd",
        "12/QĐ\u{2011}UBND",
        "12/QĐ\u{2013}UBND",
        "12/QĐ\u{2212}UBND",
        "12/QĐ\u{ff0d}UBND",
        "12/Q\u{ad}Đ-UB\u{200b}ND",
        "\u{feff}12/QĐ-UBND\u{a0}",
        "１２／ＱĐ－ＵＢＮＤ",
        "12/QĐ\u{2796}UB\u{3164}ND\u{180e}",
    ]
    .into_iter()
    .enumerate()
    {
        let line = publish(&format!("b{n}"), typed);
        let error = node.try_apply(&line, &bangtin::cli::demo::file).await.expect_err(typed).to_string();
        assert!(error.contains(code.as_str()), "{typed}: the existing code is named: {error}");
        assert_eq!(found(&node, typed).await, [1, 1], "{typed}");
    }
    // An authority's name is written out on its letterhead and shortened elsewhere.
    let long = publish("long", NUMBER).replace("UBND tỉnh", "ỦY BAN NHÂN DÂN TỈNH");
    assert!(long.contains("NHÂN DÂN"), "{long}");
    let error = node.try_apply(&long, &bangtin::cli::demo::file).await.expect_err("the same authority").to_string();
    assert!(error.contains(code.as_str()), "{error}");
    // Blanks can be seen, but the number is the same.
    for (n, typed) in [
        "12 / QĐ - UBND",
        "12/QĐ\u{a0}-\u{a0}UBND",
        "12/QĐ -UBND",
        "Số: 12/QĐ-UBND",
        "QĐ số 12/QĐ-UBND",
        "Quyết định số 012/QĐ-UBND.",
        "0012/QĐ-UBND",
        "12/QĐ UBND",
        "12-QĐ-UBND",
    ]
    .into_iter()
    .enumerate()
    {
        let error = node.try_apply(&publish(&format!("s{n}"), typed), &bangtin::cli::demo::file).await.expect_err(typed).to_string();
        assert!(error.contains(code.as_str()), "{typed}: {error}");
        assert_eq!(found(&node, typed).await, [1, 1], "{typed}");
    }
    // Names that only a mark tells apart are two: another authority has its own number 12.
    let of = |id: &str, authority: &str| publish(id, "77/QĐ-UBND").replace("UBND tỉnh Yên Bái", authority);
    let tien = node.apply(&of("m1", "UBND xã Minh Tiến")).await.code.unwrap();
    node.apply(&of("m2", "UBND xã Minh Tiên")).await;
    node.apply(&of("m3", "Ủy ban nhân dân phường Minh Tiến")).await;
    for (n, same) in ["Uỷ ban nhân dân xã Minh Tiến", "UBND Xã MINH TIẾN.", "UBND  xã\u{a0}Minh Ti\u{ea}\u{301}n", "ubnd xa Minh Tiến,"]
        .into_iter()
        .enumerate()
    {
        let error = node.try_apply(&of(&format!("t{n}"), same), &bangtin::cli::demo::file).await.expect_err(same).to_string();
        assert!(error.contains(tien.as_str()), "{same}: {error}");
    }
    for other in ["1/2/QĐ-UBND", "12/QĐ-HĐND", "112/QĐ-UBND", "12"] {
        assert_eq!(found(&node, other).await, [0, 0], "{other}");
    }
    node.apply(&publish("c", "13/Q\u{d0}-UBND")).await;
    assert_eq!(
        node.get("/collections/plans/items?decision=13/Q%C4%90-UBND").await.json()["features"][0]["properties"]["decision"],
        "13/QĐ-UBND",
        "the letter that was meant"
    );
}

async fn claims_of_an_older_rule_are_made_anew_at_the_first_start(kind: Kind) {
    let database = Database::new(kind).await;
    let clock = TestClock::at(NOON);
    let node = Node::start(&database, &clock).await;
    let first = node.apply(&publish("a", NUMBER)).await.code.unwrap();
    let second = of_before(node, first, 9).await;
    by_an_older_rule(&database).await;
    // Two nodes start at once.
    let (one, two) = tokio::join!(Node::start(&database, &clock), Node::start(&database, &clock));
    let log = one.app.log();
    assert_eq!(log.claim_rule().await.unwrap(), CLAIM_RULE);
    let key = "land-use-plan|ubnd tinh yen\u{302} bai\u{301}|12qdubnd|2026-01-01";
    assert_eq!(log.find_claim("decision", key).await.unwrap(), Some(format!("plan/{first}")), "the first to publish it");
    for code in [first, second] {
        assert_eq!(log.find_claim("code", code.as_str()).await.unwrap(), Some(format!("plan/{code}")));
    }
    let doubles = one.app.doubles().await.unwrap();
    assert_eq!(doubles, two.app.doubles().await.unwrap());
    assert_eq!((doubles[0].holder.clone(), doubles[0].other.clone()), (format!("plan/{first}"), format!("plan/{second}")));
    // The log itself is as it was.
    let stored = log.read_aggregate(&format!("plan/{second}"), 0).await.unwrap();
    assert!(stored[0].event.payload.contains("12/Q\u{d0}\u{2011}UBND"));
    let position = log.head().await.unwrap().position;
    // It is done once.
    let again = Node::start(&database, &clock).await;
    assert_eq!(again.app.doubles().await.unwrap(), doubles);
    assert_eq!(again.app.log().head().await.unwrap().position, position);
}

async fn doubles_of_before_stay_are_listed_and_block_nothing(kind: Kind) {
    let database = Database::new(kind).await;
    let clock = TestClock::at(NOON);
    let node = Node::start(&database, &clock).await;
    let first = node.apply(&publish("a", NUMBER)).await.code.unwrap();
    let second = of_before(node, first, 9).await;
    let third = of_before(Node::start(&database, &clock).await, first, 10).await;
    by_an_older_rule(&database).await;
    let node = Node::start(&database, &clock).await;
    assert_eq!(node.app.doubles().await.unwrap().len(), 2);
    let stats = crate::process::run(&database.path("data"), Some(&database.url), &["log", "stats"]);
    let said = String::from_utf8_lossy(&stats.stdout).into_owned();
    assert!(stats.status.success() && said.contains("doubles 2") && said.contains(second.as_str()), "{said}");
    for code in [first, second, third] {
        assert_eq!(node.get(&format!("/q/{code}")).await.status, StatusCode::OK);
        // All of them can be corrected.
        let corrected = facts(NUMBER, &format!("Quy hoạch {code}"));
        let line = json!({ "id": format!("c-{code}"), "type": "plan.correct", "code": code, "revision": 1, "reason": "Sai tên", "facts": corrected });
        node.apply(&line.to_string()).await;
    }
    // Nobody else gets the decision as long as one of them has it.
    for (n, code) in [first, third, second].into_iter().enumerate() {
        assert!(is_refused(&node, &publish(&format!("n-{n}"), "12/Q\u{d0}-UBND")).await, "{code} has it still");
        node.apply(&json!({ "id": format!("w-{n}"), "type": "plan.withdraw", "code": code, "reason": "Trùng" }).to_string()).await;
    }
    assert!(node.app.doubles().await.unwrap().is_empty());
    node.apply(&publish("last", NUMBER)).await;
}

async fn a_loaded_log_has_the_claims_of_today(kind: Kind) {
    let (from, to) = (Database::new(kind).await, Database::new(kind).await);
    let clock = TestClock::at(NOON);
    let node = Node::start(&from, &clock).await;
    let first = node.apply(&publish("a", NUMBER)).await.code.unwrap();
    of_before(node, first, 9).await;
    let records = crate::event_log::dumped(&from.open().await, false).await;
    crate::event_log::load(&to.open().await, records).await.unwrap();
    let node = Node::start(&to, &clock).await;
    assert_eq!(node.app.doubles().await.unwrap().len(), 1);
    assert!(is_refused(&node, &publish("b", "12/Q\u{d0}\u{2013}UBND")).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn search_and_filters_find_either_letter_by_either() {
    let database = Database::new(Kind::Sqlite).await;
    let clock = TestClock::at(NOON);
    let node = Node::start(&database, &clock).await;
    let first = node.apply(&publish("a", NUMBER)).await.code.unwrap();
    let second = of_before(node, first, 9).await;
    let node = Node::start(&database, &clock).await;
    let mut both = [first.to_string(), second.to_string()];
    both.sort_unstable();
    for words in
        ["Đất lạ", "\u{d0}ất lạ", "\u{f0}ất\u{a0}lạ", "dat la", "12/QĐ-UBND", "12/Q\u{d0}\u{2011}UBND", "quy ho\u{ad}ạch đ\u{200b}ất"]
    {
        let found = node.get(&format!("/search?f=json&q={}", encoded(words))).await.json();
        let mut codes: Vec<&str> = found["items"].as_array().unwrap().iter().map(|item| item["code"].as_str().unwrap()).collect();
        codes.sort_unstable();
        assert_eq!(codes, both, "{words}");
    }
    for query in [
        format!("decision={}", encoded(NUMBER)),
        format!("decision={}", encoded("12/Q\u{d0}\u{2013}UBND")),
        format!("filter={}", encoded("decision = '12/Q\u{d0}-UBND'")),
        format!("filter={}", encoded("title LIKE '%\u{d0}ất%'")),
        format!("filter={}", encoded("CASEI(title) LIKE CASEI('%\u{f0}ẤT LẠ')")),
        format!("filter={}", encoded("ACCENTI(decision) = ACCENTI('12/Q\u{189}\u{2011}UBND')")),
        format!(
            "filter-lang=cql2-json&filter={}",
            encoded(&json!({ "op": "=", "args": [{ "property": "decision" }, NUMBER] }).to_string())
        ),
    ] {
        assert_eq!(node.get(&format!("/collections/plans/items?{query}")).await.json()["numberMatched"], 2, "{query}");
    }
    // With or without zeros in front of the number.
    for words in ["012/QĐ-UBND", "0012", "12/QĐ-UBND"] {
        let found = node.get(&format!("/search?f=json&q={}", encoded(words))).await.json();
        assert_eq!(found["items"].as_array().unwrap().len(), 2, "{words}");
    }
    let padded = node.apply(&publish("p", "0034/QĐ-UBND")).await.code.unwrap();
    for words in ["34/QĐ-UBND", "034/QĐ-UBND", "0034/QĐ-UBND", "00034/QĐ"] {
        let found = node.get(&format!("/search?f=json&q={}", encoded(words))).await.json();
        assert_eq!(found["items"][0]["code"], padded.as_str(), "{words}");
    }
    // Signs that are composed of others, and a number written together.
    node.apply(&publish("m2", "80-A/QĐ-UBND").replace("Đất lạ", "Khu 60 m² № 9")).await;
    for words in ["Khu 60 m² № 9", "60 m2", "60 m²", "№ 9", "no 9", "80A/QĐ-UBND", "80-A/QĐUBND", "80-A/QĐ-UBND ngày 1/1/2026"] {
        let found = node.get(&format!("/search?f=json&q={}", encoded(words))).await.json();
        assert_eq!(found["items"][0]["title"], "Quy hoạch Khu 60 m² № 9", "{words}: {found}");
    }
    // A unit, with blanks around its hyphen.
    let line = publish("u", "99/QĐ-UBND").replace("\"facts\":{", "\"facts\":{\"units\":[\"04252-2025\"],");
    node.apply(&line).await;
    for units in ["04252-2025", "04252 - 2025", "04252\u{a0}\u{2013}\u{a0}2025", " 04252-2025"] {
        for query in [format!("units={}", encoded(units)), format!("filter={}", encoded(&format!("units = '{units}'")))] {
            assert_eq!(node.get(&format!("/collections/plans/items?{query}")).await.json()["numberMatched"], 1, "{query}");
        }
    }
    // What is published is shown as it was written.
    let page = node.get(&format!("/q/{second}")).await.text();
    assert!(page.contains("12/Q\u{d0}\u{2011}UBND"));
    // A code and a unit, copied along with what nobody sees.
    for typed in
        [format!("\u{feff}{second}"), format!("{second}\u{200b}"), format!("{}\u{ad}{}", &second.as_str()[..4], &second.as_str()[4..])]
    {
        assert_eq!(node.get(&format!("/q/{}", encoded(&typed))).await.status, StatusCode::OK, "{typed:?}");
    }
    assert_eq!(node.get(&format!("/q/{second}?unit={}", encoded("04252\u{2011}2025"))).await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
async fn a_print_shows_a_hyphen_for_one_that_does_not_break() {
    let database = Database::new(Kind::Sqlite).await;
    let node = Node::start(&database, &TestClock::at(NOON)).await;
    let facts = facts("0003/QĐ\u{2011}DEMO", "Quy hoạch ✓ 2\u{2011}3 ➔ 100 ㎡");
    let code = node.apply(&json!({ "id": "a", "type": "plan.publish", "facts": facts }).to_string()).await.code.unwrap();
    for path in [format!("/q/{code}/poster.pdf"), format!("/q/{code}/stickers.pdf")] {
        let answer = node.get(&path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        let file = database.path("print.pdf");
        std::fs::write(&file, &answer.body).unwrap();
        let text = run("pdftotext", &["-enc", "UTF-8", file.to_str().unwrap(), "-"]);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("2-3") && text.contains("√") && text.contains("m2") && !text.contains('?'), "{path}: {text}");
        assert!(path.contains("stickers") || text.contains("0003/QĐ-DEMO"), "{path}: {text}");
    }
}
