//! Indicators: what was aimed at, promised and reached, as pages, files and layers tell it.

use serde_json::{Value, json};

use crate::on_both_databases;
use crate::support::{Kind, demo, run};

on_both_databases!(
    a_part_of_the_city_does_not_speak_for_it_and_what_was_taken_back_is_not_shown,
    the_figures_of_2022_are_told_with_their_source_and_both_ways_of_comparing,
    a_ranking_is_the_same_on_the_page_in_files_and_in_the_layer,
    a_correction_needs_a_reason_and_stays_visible,
    who_has_not_reported_and_what_was_promised_is_told,
);

const SURVEY: &str = "CTKS22176";
const MONTH: &str = "CTCK2618S";

async fn the_figures_of_2022_are_told_with_their_source_and_both_ways_of_comparing(kind: Kind) {
    let (_database, _clock, node) = demo(kind).await;
    let list = node.get_with("/indicators", &[("accept", "text/html")]).await.text();
    for said in [
        "74,8 %",
        "vượt 4,8 điểm (+6,9 %)",
        "vượt 6 %",
        "6/6 đạt",
        "4 vượt",
        "Báo Yên Bái, 2023",
        "18.000 tài khoản",
        "92.000 thẻ",
        "87,21 %",
        "56,9 %",
        "89,4 %",
    ] {
        assert!(list.contains(said), "{said}: {list}");
    }
    let all = node.get("/indicators?f=json").await.json();
    let standing = |value: f64| {
        let found = all["indicators"].as_array().unwrap().iter().find(|one| one["city"]["value"] == value).unwrap();
        found["city"]["standing_vi"].as_str().unwrap().to_owned()
    };
    assert_eq!([70.2, 70.3, 71.9, 84.7].map(standing), ["đạt", "đạt", "vượt 2 %", "vượt 21 %"]);
    let page = node.get_with("/indicators/CTTT2203?lang=en", &[("accept", "text/html")]).await;
    assert_eq!(page.status, 404, "a code has a check character");
}

async fn a_ranking_is_the_same_on_the_page_in_files_and_in_the_layer(kind: Kind) {
    let (_database, _clock, node) = demo(kind).await;
    let record = node.get(&format!("/indicators/{SURVEY}.json")).await.json();
    let units = record["units"].as_array().unwrap();
    assert_eq!(units.len(), 15);
    // The rule, by hand: 1, and one more for each whose interval lies wholly above.
    for one in units {
        let above = units.iter().filter(|other| other["low"].as_f64().unwrap() > one["high"].as_f64().unwrap()).count();
        assert_eq!(one["rank"], 1 + above, "{one}");
    }
    let csv = node.get(&format!("/indicators/{SURVEY}.csv?period=2022")).await.text();
    let mut lines = csv.trim_start_matches('\u{feff}').lines();
    assert!(lines.next().unwrap().starts_with("indicator,period,rank,unit,name,value,low,high,yes,asked,target"));
    assert_eq!(lines.count(), 16);
    let layer = node.get("/collections/indicator-values/items?f=json&limit=1000&indicator=CTKS22176&period=2022").await.json();
    let features = layer["features"].as_array().unwrap();
    assert_eq!(features.len(), 15);
    for feature in features {
        let own = units.iter().find(|one| one["unit"] == feature["properties"]["unit"]).unwrap();
        assert_eq!((&own["rank"], feature["geometry"]["type"].is_string()), (&feature["properties"]["rank"], true), "{own}");
    }
    // Figures hold for their period.
    let of = async |day: &str| {
        node.get(&format!("/collections/indicator-values/items?f=json&limit=1000&datetime={day}")).await.json()["features"]
            .as_array()
            .unwrap()
            .iter()
            .map(|f| f["properties"]["period"].to_string())
            .collect::<std::collections::BTreeSet<_>>()
            .len()
    };
    assert_eq!((of("2021-07-01").await, of("2024-07-01").await), (1, 0));
    let page = node.get_with(&format!("/indicators/{SURVEY}"), &[("accept", "text/html")]).await.text();
    assert!(page.contains("Cách xếp hạng") && page.contains("<svg") && page.contains("Khoảng tin cậy 95 %"), "{page}");
    assert!(page.contains("minh họa"), "what is made up says so");
    assert_eq!(node.get(&format!("/indicators/{SURVEY}?period=2031&f=json")).await.json()["units"], json!([]));
    assert_eq!(node.get(&format!("/indicators/{SURVEY}?period=2026-Q1&f=json")).await.status, 400, "another kind of period");
    assert_eq!(node.get(&format!("/indicators/{SURVEY}?period=26&f=json")).await.status, 400);
    // A spreadsheet opens the workbook.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.xlsx");
    std::fs::write(&path, node.get(&format!("/indicators/{SURVEY}.xlsx")).await.body).unwrap();
    let said = run("ogrinfo", &["-so", "-al", path.to_str().unwrap()]);
    assert!(said.contains("Feature Count: 16") && said.contains("value: Real"), "{said}");
}

async fn a_correction_needs_a_reason_and_stays_visible(kind: Kind) {
    let (_database, _clock, node) = demo(kind).await;
    let report = |id: &str, value: f64, reason: Option<&str>| {
        let mut command = json!({
            "id": id, "type": "indicator.report-results", "code": MONTH, "period": "2026-10", "as_of": "2026-11-20", "source": "Rà soát",
            "values": [{ "unit": "04273-2025", "value": value }],
        });
        command.as_object_mut().unwrap().extend(reason.map(|reason| ("reason".to_owned(), json!(reason))));
        command.to_string()
    };
    let refused = node.try_apply(&report("again-1", 61.0, None), &bangtin::cli::demo::file).await;
    assert!(refused.unwrap_err().to_string().contains("đã có số liệu"));
    node.apply(&report("again-2", 61.0, Some("Đếm sót ba hộ"))).await;
    let page = node.get_with(&format!("/indicators/{MONTH}"), &[("accept", "text/html")]).await.text();
    assert!(page.contains("<s>58 hộ</s>") && page.contains("61 hộ") && page.contains("Đếm sót ba hộ"), "{page}");
    let record: Value = node.get(&format!("/indicators/{MONTH}.json")).await.json();
    let own = record["units"].as_array().unwrap().iter().find(|one| one["unit"] == "04273-2025").unwrap();
    assert_eq!((&own["standing"], &own["corrected"][0]["value"]), (&json!("exceeded"), &json!(58.0)));
}

async fn who_has_not_reported_and_what_was_promised_is_told(kind: Kind) {
    let (_database, _clock, node) = demo(kind).await;
    let record = node.get(&format!("/indicators/{MONTH}.json")).await.json();
    assert_eq!(record["not_reported"], json!(["04543-2025"]));
    let open: Vec<&str> =
        record["pledges_open"].as_array().unwrap().iter().map(|pledge| pledge["body"].as_str().unwrap_or("ward")).collect();
    assert_eq!(open, ["ward", "Bưu điện thành phố (minh họa)"]);
    let page = node.get_with(&format!("/indicators/{MONTH}"), &[("accept", "text/html")]).await.text();
    assert!(page.contains("Chưa báo cáo") && page.contains("Phường Âu Lâu") && page.contains("Chủ tịch UBND phường"), "{page}");
}

async fn a_part_of_the_city_does_not_speak_for_it_and_what_was_taken_back_is_not_shown(kind: Kind) {
    let (_database, _clock, node) = demo(kind).await;
    let report = |id: &str, units: &[&str]| {
        let value = |unit: &&str| json!({ "unit": unit, "answers": { "yes": 99, "asked": 100 }, "population": 9000 });
        let values: Vec<Value> = units.iter().map(value).collect();
        json!({ "id": id, "type": "indicator.report-results", "code": SURVEY, "period": "2026", "as_of": "2026-11-20", "source": "Thử", "values": values }).to_string()
    };
    node.apply(&report("part-1", &["04252-2025"])).await;
    let record = node.get(&format!("/indicators/{SURVEY}.json")).await.json();
    assert_eq!((&record["period"], &record["city"]), (&json!("2026"), &Value::Null), "three of four wards are missing");
    assert_eq!(record["not_reported"].as_array().unwrap().len(), 3);
    node.apply(&report("part-2", &["04273-2025", "04279-2025", "04543-2025"])).await;
    assert_eq!(node.get(&format!("/indicators/{SURVEY}.json")).await.json()["city"]["value"], 99.0);
    // A pledge for a period without figures has its page.
    let training = node.get_with("/indicators/CTTH2619N", &[("accept", "text/html")]).await;
    assert!(training.status == 200 && training.text().contains("Cam kết chưa có kết quả"));
    node.apply(&json!({ "id": "back-1", "type": "indicator.withdraw", "code": SURVEY, "reason": "Sai phương pháp" }).to_string()).await;
    let list = node.get_with("/indicators", &[("accept", "text/html")]).await.text();
    assert!(!list.contains(SURVEY), "{list}");
    assert_eq!(node.get(&format!("/indicators/{SURVEY}.csv")).await.status, 404);
    assert_eq!(node.get_with(&format!("/q/{SURVEY}"), &[("accept", "text/html")]).await.status, 410);
}
