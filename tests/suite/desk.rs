//! The advisory desk: a question, its receipt, its answer, what is published of it, and what is erased.

use axum::http::StatusCode;
use bangtin::domain::access::{Actor, Grant, Reach, Role};

use crate::office::{Browser, granted, settle, signed_in};
use crate::on_both_databases;
use crate::support::{Kind, Node, demo, files_with};

on_both_databases!(
    a_question_gets_a_receipt_and_an_answer_and_nothing_personal_is_in_the_log,
    what_the_resident_agreed_to_is_published_and_found_by_procedure,
    a_question_is_erased_by_its_receipt_and_by_itself_after_ninety_days,
    a_desk_of_a_ward_answers_its_own_questions_and_sees_what_is_late,
);

const SECRET: &str = "Bà Sáu nhà cạnh suối, 0988 777 666";

fn asked(text: &str, may_publish: bool) -> Vec<(&str, &str)> {
    let mut fields = vec![("about", "land-use-change"), ("unit", "04252-2025"), ("text", text), ("reply_to", "0988 777 666")];
    if may_publish {
        fields.push(("may_publish", "1"));
    }
    fields
}

async fn ask(node: &Node, text: &str, may_publish: bool) -> String {
    let answer = Browser::new(node).post("/desk", &asked(text, may_publish)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    settle(node).await;
    let page = answer.text();
    page.split("href=\"/desk/").nth(1).unwrap().split(['"', '?']).next().unwrap().to_owned()
}

/// The address of the only question that waits in the office.
async fn waiting(browser: &mut Browser<'_>) -> String {
    let page = browser.get("/office/desk").await.text();
    let id = page.split("href=\"/office/desk/").nth(1).unwrap_or_else(|| panic!("{page}")).split(['"', '?']).next().unwrap();
    format!("/office/desk/{id}")
}

async fn a_question_gets_a_receipt_and_an_answer_and_nothing_personal_is_in_the_log(kind: Kind) {
    let (database, clock, node) = demo(kind).await;
    let receipt = ask(&node, SECRET, false).await;
    let mut resident = Browser::new(&node);
    let waits = resident.get(&format!("/desk/{receipt}")).await;
    assert!(
        waits.text().contains("Đang chờ trả lời") && waits.text().contains("1/12/2026") && waits.text().contains("Bà Sáu"),
        "{}",
        waits.text()
    );
    assert_eq!((waits.header("cache-control"), waits.header("referrer-policy")), ("no-store", "no-referrer"));
    // The receipt is read however it was copied; another one opens nothing.
    let typed = receipt.replace('-', " ").to_lowercase().replace(' ', "%20");
    assert_eq!(resident.get(&format!("/desk/{typed}")).await.status, StatusCode::OK);
    assert_eq!(resident.get("/desk/K7QM-2T9X-H01C").await.status, StatusCode::NOT_FOUND);
    let (mut clerk, _) = signed_in(&node, &[Role::Clerk], "tu.van@yenbai.gov.vn", &clock).await;
    let path = waiting(&mut clerk).await;
    assert!(clerk.get(&path).await.text().contains("không đồng ý công bố"));
    let empty = clerk.submit(&path, &path, &[("answer", " ")]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    // What the resident did not agree to is not published, whatever the form says.
    let forced = clerk
        .submit(
            &path,
            &path,
            &[
                ("answer", "A"),
                ("publish", "1"),
                ("title", "B"),
                ("general", "C"),
                ("basis", "Luật Đất đai 2024 | Điều 75 khoản 4"),
                ("as_of", "2026-11-20"),
                ("authority", "D"),
            ],
        )
        .await;
    assert_eq!(forced.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", forced.text());
    settle(&node).await;
    assert!(!node.get("/collections/faq/items?f=json").await.text().contains("\"B\""), "nothing was published");
    assert_eq!(clerk.submit(&path, &path, &[("answer", "Mời bà đến bộ phận một cửa.")]).await.status, StatusCode::SEE_OTHER);
    settle(&node).await;
    let answered = resident.get(&format!("/desk/{receipt}")).await.text();
    assert!(answered.contains("Mời bà đến bộ phận một cửa."), "{answered}");
    for stored in node.app.log().read(0, 2_000).await.unwrap() {
        for needle in ["Bà Sáu", "0988", "Mời bà", receipt.as_str()] {
            assert!(!stored.event.payload.contains(needle), "{}: {needle}", stored.event.name);
        }
    }
    for needle in ["Bà Sáu", "0988 777", "Mời bà", &receipt] {
        assert!(files_with(database.folder.path(), needle).is_empty(), "{needle} is in a file");
    }
}

async fn what_the_resident_agreed_to_is_published_and_found_by_procedure(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let receipt = ask(&node, SECRET, true).await;
    let (mut clerk, _) = signed_in(&node, &[Role::Clerk], "tu.van@yenbai.gov.vn", &clock).await;
    let path = waiting(&mut clerk).await;
    let fields = [
        ("answer", "Mời bà đến bộ phận một cửa."),
        ("publish", "1"),
        ("title", "Đất vườn cạnh suối có được làm nhà không?"),
        ("general", "Xem quy hoạch của thửa đất trước; đất trong hành lang bảo vệ nguồn nước thì không."),
        ("basis", "Luật Đất đai 2024 | Điều 75 khoản 4"),
        ("as_of", "2026-11-20"),
        ("authority", "Bàn tư vấn phường"),
    ];
    let nothing = fields.map(|(name, value)| if name == "basis" { (name, "") } else { (name, value) });
    let refused = clerk.submit(&path, &path, &nothing).await;
    assert!(
        refused.status == StatusCode::UNPROCESSABLE_ENTITY
            && refused.text().contains("căn cứ pháp lý")
            && refused.text().contains("cạnh suối có được"),
        "{}",
        refused.text()
    );
    assert_eq!(clerk.submit(&path, &path, &fields).await.status, StatusCode::SEE_OTHER);
    settle(&node).await;
    let found = node.get("/desk?procedure=land-use-change&q=lam+nha+canh+suoi&f=json").await.json();
    assert_eq!(found["faq"][0]["question"], "Đất vườn cạnh suối có được làm nhà không?", "{found}");
    assert_eq!(found["faq"][0]["properties"]["basis"], "Luật Đất đai 2024, Điều 75 khoản 4");
    assert_eq!(node.get("/desk?procedure=building-permit&q=suoi&f=json").await.json()["faq"].as_array().unwrap().len(), 0);
    let code = found["faq"][0]["code"].as_str().unwrap().to_owned();
    let page = node.get_with(&format!("/q/{code}"), &[("accept", "text/html")]).await.text();
    assert!(page.contains("Điều 75 khoản 4") && page.contains("20/11/2026") && !page.contains("Bà Sáu"), "{page}");
    assert!(Browser::new(&node).get(&format!("/desk/{receipt}")).await.text().contains(&format!("/q/{code}")));
    assert!(node.get("/search?q=canh+suoi&f=json").await.text().contains(&code), "the search finds it too");
}

async fn a_question_is_erased_by_its_receipt_and_by_itself_after_ninety_days(kind: Kind) {
    let (database, clock, node) = demo(kind).await;
    let (first, second) = (ask(&node, SECRET, false).await, ask(&node, "Ông Bảy hỏi chuyện thừa kế", false).await);
    node.dump(true, &database.path("backup")).await;
    let mut resident = Browser::new(&node);
    let path = format!("/desk/{first}");
    assert_eq!(resident.post(&path, &[("do", "erase")]).await.status, StatusCode::SEE_OTHER);
    settle(&node).await;
    let erased = resident.get(&path).await.text();
    assert!(erased.contains("Câu hỏi đã được xóa") && !erased.contains("Bà Sáu"), "{erased}");
    let (mut clerk, _) = signed_in(&node, &[Role::Clerk], "tu.van@yenbai.gov.vn", &clock).await;
    let other = waiting(&mut clerk).await;
    assert!(clerk.get(&other).await.text().contains("Ông Bảy"), "only one is left");
    assert_eq!(clerk.submit(&other, &other, &[("answer", "Đến một cửa.")]).await.status, StatusCode::SEE_OTHER);
    settle(&node).await;
    let answered = || {
        let image = node.model.image();
        let known: Vec<_> = image.questions.readable().cloned().collect();
        known
            .into_iter()
            .filter_map(|known| Some((known.asked.question, bangtin::domain::publication::view::moment_of(known.answered?))))
            .collect::<Vec<_>>()
    };
    assert_eq!(node.app.forget_answered(answered()).await.unwrap(), 0);
    clock.set("2027-03-01T05:00:00Z");
    assert_eq!(node.app.forget_answered(answered()).await.unwrap(), 1);
    settle(&node).await;
    assert!(resident.get(&format!("/desk/{second}")).await.text().contains("Câu hỏi đã được xóa"));
    assert!(answered().is_empty());
}

async fn a_desk_of_a_ward_answers_its_own_questions_and_sees_what_is_late(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    ask(&node, "Hỏi ở phường Yên Bái", false).await;
    let of = |unit: &str| vec![Grant { role: Role::Clerk, reach: Reach::Units(vec![unit.parse().unwrap()]) }];
    let (mut other, _) = granted(&node, of("04543-2025"), "au.lau@yenbai.gov.vn", &clock).await;
    assert!(!other.get("/office/desk").await.text().contains("href=\"/office/desk/"), "another ward's question");
    let (mut own, _) = granted(&node, of("04252-2025"), "yen.bai@yenbai.gov.vn", &clock).await;
    let path = waiting(&mut own).await;
    assert_eq!(other.get(&path).await.status, StatusCode::FORBIDDEN);
    assert_eq!(other.submit("/office/desk", &path, &[("answer", "x")]).await.status, StatusCode::FORBIDDEN);
    assert!(!own.get("/office/desk").await.text().contains("QUÁ HẠN"));
    // A session of its own time: the day after the last one that was promised.
    clock.set("2026-12-05T03:00:00Z");
    let (mut later, _) = granted(&node, of("04252-2025"), "hai@yenbai.gov.vn", &clock).await;
    assert!(later.get("/office/desk").await.text().contains("QUÁ HẠN"));
    // The time that answers take is told once there are enough of them.
    assert!(node.get("/desk?f=json").await.json()["median_hours"].is_null());
    assert_eq!(later.submit(&path, &path, &[("answer", "Đã rõ.")]).await.status, StatusCode::SEE_OTHER);
    for hours in [1, 2, 3, 30] {
        ask(&node, "Câu hỏi nữa", false).await;
        let open = node.model.image().questions.readable().find(|known| known.answered.is_none()).map(|known| known.asked.question.clone());
        clock.set(&jiff::Timestamp::from_second(node.app.now().as_second() + hours * 3_600).unwrap().to_string());
        node.app.answer_question(&Actor::local(), &open.unwrap(), "Đã rõ.", None).await.unwrap();
        settle(&node).await;
    }
    assert_eq!(node.get("/desk?f=json").await.json()["median_hours"], 3);
    let page = node.get_with("/desk", &[("accept", "text/html")]).await.text();
    assert!(page.contains("Một nửa số câu hỏi được trả lời trong <b>3 giờ</b>"), "{page}");
}
