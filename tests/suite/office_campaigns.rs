//! The organiser's office: a campaign is planned, changed and called off, and a ward enters its results.

use axum::http::StatusCode;
use bangtin::domain::access::{Grant, Reach, Role};
use serde_json::json;

use crate::office::{Browser, granted, hidden, settle, signed_in};
use crate::on_both_databases;
use crate::support::{Kind, TestClock, demo};

on_both_databases!(
    an_organiser_plans_a_weekly_day_with_places_and_calls_one_off,
    what_the_form_cannot_read_is_named_and_stays_in_the_form,
    a_ward_enters_its_results_from_a_workbook_and_the_ranking_changes,
    an_organiser_makes_an_indicator_sets_targets_and_reports_on_organisations,
    a_ward_sees_no_form_of_others,
);

const SURVEY: &str = "CTKS22176";
const NEW: &str = "/office/campaigns/new";

fn weekly(once: &str) -> Vec<(&str, &str)> {
    vec![
        ("once", once),
        ("kind", "cashless-day"),
        ("title", "Ngày không tiền mặt Yên Bái"),
        ("organiser", "UBND phường Yên Bái"),
        ("summary", "Giảm giá khi quét mã."),
        ("repeat", "weekly"),
        ("from", "2026-12-04"),
        ("count", "8"),
        ("weekday", "friday"),
        ("holidays", "next-working-day"),
        ("times", "7:00–11:00 thứ Sáu"),
        ("exceptions", "18/12/2026 -> 17/12/2026: Họp chợ Tết"),
        ("unit", "04252-2025"),
        (
            "places",
            "Chợ Ga mới | Khu trung tâm | VietQR, thẻ | Giảm 5 % | 6h00–11h00 | 21,7043; 104,8735\nTạp hóa Hồng | Tổ 5 | VietQR | | | 21,72; 104,915\nQuán Cơm | Tổ 2 | thẻ | | | 21.7165; 104.879",
        ),
    ]
}

async fn an_organiser<'a>(node: &'a crate::support::Node, clock: &TestClock) -> Browser<'a> {
    signed_in(node, &[Role::Campaign], "to.chuc@yenbai.gov.vn", clock).await.0
}

async fn an_organiser_plans_a_weekly_day_with_places_and_calls_one_off(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let mut browser = an_organiser(&node, &clock).await;
    let page = browser.get(NEW).await.text();
    let once = hidden(&page, "once");
    let answer = browser.submit(NEW, NEW, &weekly(&once)).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    let path = answer.header("location").to_owned();
    let code = path.rsplit('/').next().unwrap().to_owned();
    settle(&node).await;
    let record = node.get(&format!("/q/{code}.json")).await.json();
    let days: Vec<&str> = record["next_days"].as_array().unwrap().iter().map(|day| day["day"].as_str().unwrap()).collect();
    // The first of January is a holiday: it moves to Monday the fourth.
    assert_eq!(days, ["2026-12-04", "2026-12-11", "2026-12-17", "2026-12-25", "2027-01-04", "2027-01-08", "2027-01-15", "2027-01-22"]);
    assert_eq!(record["features"]["count"], 3);
    let today = node.get("/today?f=json&on=2026-12-04&days=1&unit=04252-2025&lon=104.8735&lat=21.7043").await.json();
    assert_eq!(today["places"][0]["name"], "Chợ Ga (minh họa)");
    assert!(today["places"].as_array().unwrap().iter().any(|place| place["name"] == "Chợ Ga mới" && place["payment"] == "VietQR, thẻ"));
    // The same form, sent again, is the same campaign.
    assert_eq!(browser.submit(NEW, NEW, &weekly(&once)).await.header("location"), path);
    // One day is called off, and comes back.
    let page = browser.get(&path).await.text();
    assert!(page.contains("Hủy hoặc dời ngày này") && page.contains("Khôi phục"), "{page}");
    let off = browser.submit(&path, &path, &[("do", "cancel-day"), ("day", "2026-12-11"), ("reason", "Mưa bão")]).await;
    assert_eq!(off.status, StatusCode::SEE_OTHER, "{}", off.text());
    settle(&node).await;
    let seen = node.get(&format!("/q/{code}")).await.text();
    assert!(seen.contains("<s>11/12/2026</s> không tổ chức: Mưa bão"), "{seen}");
    let again = browser.submit(&path, &path, &[("do", "cancel-day"), ("day", "2026-12-12"), ("reason", "Mưa")]).await;
    assert!(again.status == StatusCode::UNPROCESSABLE_ENTITY && again.text().contains("không nằm trong lịch"), "{}", again.text());
    browser.submit(&path, &path, &[("do", "restore-day"), ("day", "2026-12-11"), ("reason", "Trời đẹp")]).await;
    settle(&node).await;
    assert_eq!(node.get(&format!("/q/{code}.json")).await.json()["next_days"][1]["day"], "2026-12-11");
    // Another schedule corrects it; the places stay.
    let page = browser.get(&path).await.text();
    let (seen, mut fields) = (hidden(&page, "seen"), weekly(&once));
    fields.retain(|(name, _)| !matches!(*name, "places" | "times"));
    fields.extend([("times", "8h–12h"), ("seen", &seen), ("reason", "Đổi giờ"), ("do", "save")]);
    let changed = browser.submit(&path, &path, &fields).await;
    assert_eq!(changed.status, StatusCode::SEE_OTHER, "{}", changed.text());
    settle(&node).await;
    let record = node.get(&format!("/q/{code}.json")).await.json();
    assert_eq!((&record["next_days"][0]["hours"][0]["from"], &record["features"]["count"]), (&json!("08:00"), &json!(3)));
}

async fn what_the_form_cannot_read_is_named_and_stays_in_the_form(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let mut browser = an_organiser(&node, &clock).await;
    for (name, wrong, said) in [
        ("times", "buổi sáng", "Không hiểu dòng giờ “buổi sáng”"),
        ("exceptions", "31/2/2027", "Không hiểu dòng ngoại lệ"),
        ("places", "Chợ Ga", "Không hiểu dòng nơi tham gia"),
        ("places", "Chợ Ga | x | y | z | g | 10,5; 106,7", "Chợ Ga"),
        ("exceptions", "5/12/2026", "không nằm trong lịch"),
        ("count", "900", "Số lần phải từ 1"),
    ] {
        let mut fields = weekly("x");
        fields.retain(|(known, _)| *known != name);
        fields.push((name, wrong));
        let answer = browser.submit(NEW, NEW, &fields).await;
        assert!(answer.status.is_client_error() && answer.text().contains(said), "{name} {wrong}: {} {}", answer.status, answer.text());
        if answer.status == StatusCode::UNPROCESSABLE_ENTITY {
            assert!(answer.text().contains("Ngày không tiền mặt Yên Bái"), "what was typed stays");
        }
    }
}

async fn a_ward_enters_its_results_from_a_workbook_and_the_ranking_changes(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let grants = vec![Grant { role: Role::Campaign, reach: Reach::Units(vec!["04543-2025".parse().unwrap()]) }];
    let (mut browser, _) = granted(&node, grants, "au.lau@yenbai.gov.vn", &clock).await;
    let path = "/office/indicators/CTCK2618S";
    let page = browser.get(&format!("{path}?period=2026-10")).await.text();
    assert!(page.contains("value-04543-2025") && !page.contains("value-04252-2025") && !page.contains("value-city"), "{page}");
    let template = browser.get(&format!("{path}/sheet.xlsx?period=2026-10")).await;
    assert!(template.body.starts_with(b"PK"));
    // A line of another ward is named, and changes nothing.
    let table = "Mã đơn vị,Tên,Số liệu\n04543-2025,Phường Âu Lâu,64\n04252-2025,Phường Yên Bái,1\n";
    let read =
        browser.upload(path, path, &[("period", "2026-10"), ("do", "read")], &[("file", "ket-qua.csv", table.as_bytes())]).await.text();
    assert!(read.contains("value=\"64\"") && read.contains("“04252-2025”") && read.contains("chưa có gì được lưu"), "{read}");
    assert_eq!(node.get("/indicators/CTCK2618S.json").await.json()["not_reported"], json!(["04543-2025"]));
    let own = [
        ("period", "2026-10"),
        ("as_of", "2026-11-06"),
        ("source", "Phường Âu Lâu"),
        ("value-04543-2025", "64"),
        ("value-04252-2025", "1"),
        ("do", "save"),
    ];
    let saved = browser.upload(path, path, &own, &[]).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    settle(&node).await;
    let record = node.get("/indicators/CTCK2618S.json").await.json();
    assert_eq!(record["not_reported"], json!([]));
    let ranks: Vec<(&str, u64)> =
        record["units"].as_array().unwrap().iter().map(|one| (one["unit"].as_str().unwrap(), one["rank"].as_u64().unwrap())).collect();
    assert_eq!(ranks, [("04252-2025", 1), ("04279-2025", 2), ("04543-2025", 3), ("04273-2025", 4)]);
    // Thousands are read as people write them, and a workbook's figure is put into the form as it is.
    let large = "Mã đơn vị,Tên,Số liệu\n04543-2025,Phường Âu Lâu,12.300\n";
    let read =
        browser.upload(path, path, &[("period", "2026-11"), ("do", "read")], &[("file", "ket-qua.csv", large.as_bytes())]).await.text();
    assert!(read.contains("value=\"12300\""), "{read}");
    let typed = [("period", "2026-11"), ("as_of", "2026-11-20"), ("source", "x"), ("value-04543-2025", "12.300"), ("do", "save")];
    assert_eq!(browser.upload(path, path, &typed, &[]).await.status, StatusCode::SEE_OTHER);
    settle(&node).await;
    assert_eq!(node.get("/indicators/CTCK2618S.json?period=2026-11").await.json()["units"][0]["value"], 12_300.0);
    // Once more it is a correction, which needs a reason.
    let refused = browser
        .upload(
            path,
            path,
            &[("period", "2026-10"), ("as_of", "2026-11-06"), ("source", "x"), ("value-04543-2025", "65"), ("do", "save")],
            &[],
        )
        .await;
    assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.text().contains("hãy ghi lý do"), "{}", refused.text());
    // And a promise for the next month.
    let pledge = [
        ("period", "2026-12"),
        ("pledge_unit", "04543-2025"),
        ("pledge", "80"),
        ("signed_by", "Chủ tịch UBND phường"),
        ("signed_on", "2026-11-20"),
        ("do", "pledge"),
    ];
    assert_eq!(browser.upload(path, path, &pledge, &[]).await.status, StatusCode::SEE_OTHER);
    settle(&node).await;
    assert_eq!(node.get("/indicators/CTCK2618S.json?period=2026-12").await.json()["pledges_open"][0]["value"], 80.0);
}

#[expect(clippy::too_many_lines, reason = "one story")]
async fn an_organiser_makes_an_indicator_sets_targets_and_reports_on_organisations(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let mut browser = an_organiser(&node, &clock).await;
    assert!(browser.get("/office/campaigns").await.text().contains("/office/indicators/new"));
    let new = "/office/indicators/new";
    let once = hidden(&browser.get(new).await.text(), "once");
    let facts = |unit: &'static str| {
        vec![
            ("once", once.clone()),
            ("kind", "share".into()),
            ("title", "Doanh nghiệp nhận thanh toán bằng mã".into()),
            ("definition", "Số điểm bán có mã trên tổng số điểm bán".into()),
            ("unit", unit.to_owned()),
            ("direction", "up".into()),
            ("frequency", "quarter".into()),
            ("method", "count".into()),
            ("source", "Phòng Kinh tế".into()),
            ("organiser", "UBND tỉnh".into()),
            ("campaign", String::new()),
        ]
    };
    let submitted = |fields: &[(&'static str, String)]| fields.iter().map(|(k, v)| (*k, v.clone())).collect::<Vec<_>>();
    fn texts<'a>(fields: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
        fields.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }
    let refused = submitted(&facts("điểm"));
    let refused = browser.submit(new, new, &texts(&refused)).await;
    assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.text().contains("Phòng Kinh tế"), "{}", refused.text());
    let good = submitted(&facts("%"));
    let answer = browser.submit(new, new, &texts(&good)).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    let path = answer.header("location").to_owned();
    let code = path.rsplit('/').next().unwrap().to_owned();
    settle(&node).await;

    // A target for all, and another for one ward.
    let targets = [("period", "2026-Q3"), ("target-city", "70"), ("target-04252-2025", "82,5"), ("do", "targets")];
    assert_eq!(browser.upload(&path, &path, &targets, &[]).await.status, StatusCode::SEE_OTHER);
    settle(&node).await;
    let page = browser.get(&format!("{path}?period=2026-Q3")).await.text();
    assert!(page.contains("name=\"target-04252-2025\" value=\"82,5\""), "{page}");
    // What was not changed is not recorded again, and what was set is not emptied.
    let before = node.app.log().head().await.unwrap().position;
    assert_eq!(browser.upload(&path, &path, &targets, &[]).await.status, StatusCode::SEE_OTHER);
    let emptied = browser.upload(&path, &path, &[("period", "2026-Q3"), ("target-city", ""), ("do", "targets")], &[]).await;
    assert!(emptied.status == StatusCode::UNPROCESSABLE_ENTITY && emptied.text().contains("không bỏ trống được"), "{}", emptied.text());
    // Nor is what another person has set in between taken back by who did not touch it.
    let set = [("period", "2026-Q3"), ("target-04252-2025", "83"), ("was-04252-2025", "82,5"), ("target-city", "70"), ("do", "targets")];
    let taken_back =
        [("period", "2026-Q3"), ("target-04252-2025", "82,5"), ("was-04252-2025", "82,5"), ("target-city", "70"), ("do", "targets")];
    let late = [("period", "2026-Q3"), ("target-04252-2025", "84"), ("was-04252-2025", "82,5"), ("target-city", "70"), ("do", "targets")];
    assert_eq!(node.app.log().head().await.unwrap().position, before, "nothing was recorded");
    assert_eq!(browser.upload(&path, &path, &set, &[]).await.status, StatusCode::SEE_OTHER);
    settle(&node).await;
    assert_eq!(browser.upload(&path, &path, &taken_back, &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(browser.upload(&path, &path, &late, &[]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(node.app.log().head().await.unwrap().position, before + 1, "once, by who changed it");

    // A workbook's organisations become lines of the form.
    let table = "Mã đơn vị,Tên,Số liệu,\"Tổ chức, doanh nghiệp\"\n04252-2025,Phường Yên Bái,84,\n,,91,Điện lực Yên Bái\n";
    let read =
        browser.upload(&path, &path, &[("period", "2026-Q3"), ("do", "read")], &[("file", "ket-qua.csv", table.as_bytes())]).await.text();
    assert!(read.contains("value=\"Điện lực Yên Bái\"") && read.contains("name=\"value-body-0\" value=\"91\""), "{read}");
    let nameless =
        [("period", "2026-Q3"), ("as_of", "2026-10-05"), ("source", "x"), ("body-0", ""), ("value-body-0", "91"), ("do", "save")];
    let nameless = browser.upload(&path, &path, &nameless, &[]).await;
    assert!(nameless.status == StatusCode::UNPROCESSABLE_ENTITY && nameless.text().contains("value=\"91\""), "{}", nameless.text());
    let saved = [
        ("period", "2026-Q3"),
        ("as_of", "2026-10-05"),
        ("source", "Phòng Kinh tế"),
        ("value-04252-2025", "84"),
        ("body-0", "Điện lực Yên Bái"),
        ("value-body-0", "91"),
        ("body-1", ""),
        ("value-body-1", ""),
        ("do", "save"),
    ];
    assert_eq!(browser.upload(&path, &path, &saved, &[]).await.status, StatusCode::SEE_OTHER);
    settle(&node).await;
    let record = node.get(&format!("/indicators/{code}.json?period=2026-Q3")).await.json();
    assert_eq!((&record["units"][0]["target"], &record["units"][0]["standing_vi"]), (&json!(83.0), &json!("vượt 1 %")), "{record}");
    assert_eq!((&record["bodies"][0]["name"], &record["bodies"][0]["value"]), (&json!("Điện lực Yên Bái"), &json!(91.0)), "{record}");

    // What is measured can be said better; what figures mean cannot change.
    let edit = format!("{path}/edit");
    let page = browser.get(&edit).await.text();
    assert!(page.contains("không đổi được") && !page.contains("name=\"unit\""), "{page}");
    let seen = hidden(&page, "seen");
    let better = [
        ("seen", seen.as_str()),
        ("title", "Điểm bán nhận thanh toán bằng mã"),
        ("definition", "Số điểm bán có mã"),
        ("method", "count"),
        ("source", "Phòng Kinh tế"),
        ("organiser", "UBND tỉnh"),
    ];
    assert_eq!(browser.submit(&edit, &edit, &better).await.status, StatusCode::SEE_OTHER);
    settle(&node).await;
    let record = node.get(&format!("/indicators/{code}.json?period=2026-Q3")).await.json();
    assert_eq!((&record["title"], &record["unit"]), (&json!("Điểm bán nhận thanh toán bằng mã"), &json!("%")));
    let stale = browser.submit(&edit, &edit, &better).await;
    assert_eq!(stale.status, StatusCode::UNPROCESSABLE_ENTITY, "somebody has changed it meanwhile");
}

async fn a_ward_sees_no_form_of_others(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let grants = vec![Grant { role: Role::Campaign, reach: Reach::Units(vec!["04543-2025".parse().unwrap()]) }];
    let (mut browser, _) = granted(&node, grants, "au.lau@yenbai.gov.vn", &clock).await;
    assert_eq!(browser.get("/office/campaigns/TSSN2026K").await.status, StatusCode::FORBIDDEN);
    // For a year before the merger it sees those wards that it took over.
    let before = browser.get(&format!("/office/indicators/{SURVEY}?period=2022")).await.text();
    assert!(before.contains("yes-04540-2020") && !before.contains("yes-04252-2020"), "{before}");
    let list = browser.get("/office/campaigns").await.text();
    assert!(!list.contains("TSSN2026K") && list.contains("CTCK2618S"), "{list}");
    assert_eq!(browser.get("/office/indicators/QHSDD21AG").await.status, StatusCode::NOT_FOUND);
}
