//! Places where people pay: their pages, whom one pays there, the check of a code, and the merchant's own link.

use axum::body::Body;
use axum::http::{Request as HttpRequest, StatusCode};
use bangtin::domain::access::{Actor, Grant, Reach, Role};
use bangtin::domain::vietqr::Account;
use bangtin::render::qr::Matrix;
use serde_json::{Value, json};

use crate::office::{Browser, granted, hidden, settle, signed_in};
use crate::on_both_databases;
use crate::support::{Answer, Kind, Node, demo, files_with};

on_both_databases!(
    a_resident_reads_when_it_is_open_how_to_pay_and_what_is_offered,
    the_nearest_place_that_takes_a_card_is_found,
    whom_one_pays_needs_consent_and_a_check_and_is_in_no_log,
    consent_taken_back_removes_the_code_from_page_store_and_backup_at_once,
    another_payee_erases_the_one_before,
    a_photo_of_the_stands_code_is_compared_and_kept_nowhere,
    a_merchant_suggests_by_link_and_the_ward_approves_before_it_shows,
    whoever_issued_the_link_does_not_approve_what_comes_by_it_where_two_are_needed,
    what_happened_to_a_place_stands_in_its_audit_also_what_its_payee_took_back,
    a_list_of_places_is_previewed_and_carried_out,
);

const MARKET: &str = "CHMB00013";
const SHOP: &str = "CHHA00016";
const ACCOUNT: &str = "MINHHOA0001";

async fn page(node: &Node, code: &str) -> String {
    node.get_with(&format!("/q/{code}"), &[("accept", "text/html")]).await.text()
}

async fn a_clerk<'a>(node: &'a Node, clock: &crate::support::TestClock) -> Browser<'a> {
    signed_in(node, &[Role::Clerk, Role::Campaign], "can.bo@yenbai.gov.vn", clock).await.0
}

async fn a_resident_reads_when_it_is_open_how_to_pay_and_what_is_offered(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    // 28 November 2026 is a Saturday; the test's noon is seven in the evening in the city.
    clock.set("2026-11-28T02:00:00Z");
    let seen = page(&node, MARKET).await;
    for words in [
        "ĐANG MỞ CỬA",
        "đến 11h00",
        "Chè Bát Tiên",
        "Mộc nhĩ",
        "Nấm linh chi",
        "Mật ong hoa rừng",
        "Tháng 3–11",
        "Tặng túi vải",
        "MoMo",
        "Lối vào không bậc",
    ] {
        assert!(seen.contains(words), "{words}: {seen}");
    }
    assert!(seen.contains("href=\"https://san-mau.example/minh-bao/che-bat-tien\" rel=\"noopener nofollow\""), "{seen}");
    assert!(seen.contains("/q/TSSN2026") && seen.contains("Thứ Sáu lên sàn"), "the campaigns by name");
    clock.set("2026-11-28T05:00:00Z");
    let closed = page(&node, MARKET).await;
    assert!(closed.contains("ĐANG ĐÓNG CỬA") && closed.contains("mở lại lúc 14h00"), "{closed}");
    let english = node.get_with(&format!("/q/{MARKET}?lang=en"), &[("accept", "text/html")]).await.text();
    assert!(english.contains("CLOSED NOW") && english.contains("opens at 14h00"), "{english}");
    // The campaign's page lists who takes part.
    let campaign = page(&node, "NKTM20267").await;
    assert!(campaign.contains("Chợ Minh Bảo") && campaign.contains("Cửa hàng nông sản Hoa Mai"), "{campaign}");
    let feature = node.get(&format!("/collections/merchants/items/{MARKET}?f=json")).await.json();
    assert_eq!(feature["properties"]["payment"], "transfer, wallet, mobile-money, cash");
    assert_eq!(feature["properties"]["products"], "Chè Bát Tiên; Mộc nhĩ; Nấm linh chi; Mật ong hoa rừng");
}

async fn the_nearest_place_that_takes_a_card_is_found(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    clock.set("2026-11-28T02:00:00Z");
    let near = |query: &'static str| {
        let node = &node;
        async move { node.get(&format!("/nearest?kind=place&f=json&{query}")).await.json()["nearest"].as_array().unwrap().clone() }
    };
    let all = near("lon=104.8752&lat=21.706").await;
    let card = near("lon=104.8752&lat=21.706&pays=card").await;
    assert!(card.len() < all.len() && card.len() >= 2, "{card:?}");
    assert_eq!(card.iter().find(|one| one["code"] == SHOP).unwrap()["usable"], "yes");
    assert!(card.iter().all(|one| one["code"] != MARKET), "the market takes no card");
    let page = node.get_with("/nearest?kind=place&pays=card", &[("accept", "text/html")]).await.text();
    assert!(page.contains("Cửa hàng nông sản Hoa Mai") && page.contains("ĐANG MỞ CỬA") && !page.contains("Chợ Minh Bảo"), "{page}");
    assert_eq!(node.get("/nearest?kind=place&pays=shells&f=json").await.status, StatusCode::BAD_REQUEST);
    // On a day of the campaign the place is part of what is on.
    let today = node.get("/today?f=json&on=2026-12-04&days=1&lon=104.8752&lat=21.706").await.json();
    assert!(
        today["places"]
            .as_array()
            .unwrap()
            .iter()
            .any(|place| place["code"] == SHOP && place["payment"].as_str().unwrap().contains("Napas")),
        "{today}"
    );
}

/// A command that registers a payee at the market.
fn payee(id: &str, more: Value) -> String {
    let mut payee = json!({ "holder": "LE VAN BINH", "consent": { "purpose": "payment-code", "text_version": "1", "evidence": "HS-7" } });
    payee.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "id": id, "type": "merchant.register-payee", "code": MARKET, "checked_on": "2026-11-23", "checked": "bank-paper", "payee": payee }).to_string()
}

async fn refused(node: &Node, line: &str) -> String {
    match node.try_apply(line, &bangtin::import::attach::no_files).await {
        Err(bangtin::app::ExecuteError::Refused(refusal)) => refusal.reason.to_owned(),
        other => panic!("{other:?}"),
    }
}

async fn whom_one_pays_needs_consent_and_a_check_and_is_in_no_log(kind: Kind) {
    let (database, _clock, node) = demo(kind).await;
    let seen = node.get_with(&format!("/q/{SHOP}"), &[("accept", "text/html")]).await;
    assert!(seen.text().contains(ACCOUNT) && seen.text().contains("Vietcombank") && seen.text().contains("hãy so tên"), "{}", seen.text());
    assert_eq!(seen.header("cache-control"), "no-store", "a page with an account is kept nowhere");
    // In no event, record, feed, print or export.
    for path in [
        format!("/q/{SHOP}.json"),
        format!("/q/{SHOP}.geojson"),
        format!("/q/{SHOP}/history"),
        "/collections/merchants/items?f=json".to_owned(),
    ] {
        assert!(!node.get(&path).await.text().contains(ACCOUNT), "{path}");
    }
    for stored in node.app.log().read(0, 2_000).await.unwrap() {
        assert!(!stored.event.payload.contains(ACCOUNT) && !stored.event.payload.contains("NGUYEN THI MAU"), "{}", stored.event.name);
    }
    node.dump(false, &database.path("export")).await;
    assert!(files_with(database.folder.path(), ACCOUNT).is_empty(), "nowhere in clear");
    // Wrong codes, and what lacks consent, a check or a name, are refused with the reason.
    let good = Account { bin: "970436".into(), number: "0011001932418".into(), is_card: false }.code();
    let mut broken = good.clone();
    broken.replace_range(40..41, "9");
    for (id, more, reason) in [
        ("p-1", json!({ "vietqr": broken }), "vietqr-crc"),
        ("p-2", json!({ "vietqr": "https://a.example" }), "vietqr-none"),
        ("p-3", json!({ "bank": "970999", "account": "1" }), "vietqr-bank"),
        ("p-4", json!({ "vietqr": good, "holder": " " }), "payee-name"),
        ("p-5", json!({}), "payee"),
        (
            "p-6",
            json!({ "vietqr": good, "consent": { "purpose": "payment-code", "text_version": "1", "evidence": "không" } }),
            "consent-denied",
        ),
    ] {
        assert_eq!(refused(&node, &payee(id, more)).await, reason, "{id}");
    }
    let late = payee("p-7", json!({ "vietqr": good })).replace("2026-11-23", "2026-12-27");
    assert_eq!(refused(&node, &late).await, "checked-on");
    // Nobody's account comes along by its id.
    let named = json!({ "id": "p-8", "type": "merchant.register-payee", "code": MARKET, "checked_on": "2026-11-23", "checked": "scanned", "payee": "s-0011223344" });
    assert_eq!(refused(&node, &named.to_string()).await, "payee");
}

async fn consent_taken_back_removes_the_code_from_page_store_and_backup_at_once(kind: Kind) {
    let (database, clock, node) = demo(kind).await;
    let mut browser = a_clerk(&node, &clock).await;
    node.dump(true, &database.path("backup")).await;
    let path = format!("/office/merchants/{SHOP}");
    assert!(browser.get(&path).await.text().contains(ACCOUNT));
    let gone = browser.submit(&path, &path, &[("do", "withdraw")]).await;
    assert_eq!(gone.status, StatusCode::SEE_OTHER, "{}", gone.text());
    let seen = page(&node, SHOP).await;
    assert!(!seen.contains(ACCOUNT) && !seen.contains("NGUYEN THI MAU") && seen.contains("Cửa hàng nông sản"), "{seen}");
    assert!(!browser.get(&path).await.text().contains(ACCOUNT));
    assert!(node.get_with(&format!("/q/{SHOP}/check"), &[("accept", "text/html")]).await.text().contains("chưa đăng ký mã thanh toán"));
    assert!(files_with(database.folder.path(), ACCOUNT).is_empty());
    // Taken back twice is taken back.
    assert_eq!(browser.submit(&path, &path, &[("do", "withdraw")]).await.status, StatusCode::SEE_OTHER);
}

async fn another_payee_erases_the_one_before(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let first = node.apply(&payee("p-1", json!({ "bank": "970436", "account": "FIRST00001" }))).await.subject.unwrap();
    assert!(page(&node, MARKET).await.contains("FIRST00001"));
    // From the office, by a photo of the code.
    let mut browser = a_clerk(&node, &clock).await;
    let path = format!("/office/merchants/{MARKET}");
    let code = Account { bin: "970422".into(), number: "SECOND0002".into(), is_card: false }.code();
    let photo = Matrix::new(&code).unwrap().png(600).unwrap();
    let seen = hidden(&browser.get(&path).await.text(), "seen");
    let fields = [
        ("do", "payee"),
        ("holder", "TRAN THI C"),
        ("checked", "scanned"),
        ("checked_on", "2026-11-24"),
        ("consent", "HS-9"),
        ("seen", &seen),
    ];
    let sent = browser.upload(&path, &path, &fields, &[("file", "ma.png", &photo)]).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    let seen = page(&node, MARKET).await;
    assert!(seen.contains("SECOND0002") && seen.contains("MBBank") && !seen.contains("FIRST00001"), "{seen}");
    assert!(node.app.log().vault_row(&first.0).await.unwrap().is_none(), "the account before is erased");
    let late = browser.upload(&path, &path, &fields, &[("file", "ma.png", &photo)]).await;
    assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY, "the page was read before the last change");
    let seen = hidden(&late.text(), "seen");
    let fields = fields.map(|(name, value)| if name == "seen" { (name, seen.as_str()) } else { (name, value) });
    let wrong = browser.upload(&path, &path, &fields, &[("file", "ma.png", b"no picture")]).await;
    assert!(wrong.status == StatusCode::UNPROCESSABLE_ENTITY && wrong.text().contains("TRAN THI C"), "what was typed stays");
}

async fn checked(node: &Node, code: &str, photo: &[u8], accept: &str) -> Answer {
    let mut body = b"--XX\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n".to_vec();
    body.extend(photo);
    body.extend(b"\r\n--XX--\r\n");
    let request =
        HttpRequest::post(format!("/q/{code}/check")).header("content-type", "multipart/form-data; boundary=XX").header("accept", accept);
    node.send(request.body(Body::from(body)).unwrap()).await
}

async fn a_photo_of_the_stands_code_is_compared_and_kept_nowhere(kind: Kind) {
    let (database, _clock, node) = demo(kind).await;
    let code = |number: &str| Account { bin: "970436".into(), number: number.into(), is_card: false }.code();
    let photo = |text: &str| Matrix::new(text).unwrap().png(480).unwrap();
    let verdict = async |picture: &[u8]| {
        let answer = checked(&node, SHOP, picture, "application/json").await;
        if answer.status == StatusCode::OK { answer.json()["verdict"].clone() } else { Value::Null }
    };
    let before = node.app.log().head().await.unwrap().position;
    assert_eq!(verdict(&photo(&code(ACCOUNT))).await, "same");
    assert_eq!(verdict(&photo(&code("OTHER00001"))).await, "other");
    assert_eq!(verdict(&photo("https://a.example")).await, "no-payment-code");
    assert_eq!(verdict(&photo(&code(ACCOUNT))[..200]).await, Value::Null, "no picture");
    let other = checked(&node, SHOP, &photo(&code("OTHER00001")), "text/html").await.text();
    assert!(other.contains("KHÔNG PHẢI người nhận đã đăng ký") && other.contains("…0001") && !other.contains("OTHER00001"), "{other}");
    let same = checked(&node, SHOP, &photo(&code(ACCOUNT)), "text/html").await;
    assert!(same.text().contains("Cùng người nhận") && same.text().contains("so tên") && same.header("cache-control") == "no-store");
    assert_eq!(node.app.log().head().await.unwrap().position, before, "nothing is recorded");
    assert!(files_with(database.folder.path(), "OTHER00001").is_empty());
    assert_eq!(node.get("/q/QHSDD21AG/check").await.status, StatusCode::NOT_FOUND, "a plan takes no money");
    // A network may not have photos read without end.
    let mut refused = 0;
    for _ in 0..30 {
        refused += usize::from(checked(&node, SHOP, b"x", "application/json").await.status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert!(refused > 0);
}

/// The address of the merchant's link, made in the office.
async fn link(browser: &mut Browser<'_>, code: &str) -> String {
    let path = format!("/office/merchants/{code}");
    let seen = hidden(&browser.get(&path).await.text(), "seen");
    let made = browser.submit(&path, &path, &[("do", "issue-link"), ("until", "2026-12-28"), ("seen", &seen)]).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text());
    let page = browser.get(&path).await.text();
    let address = page.split(&format!("/q/{code}/edit/")).nth(1).unwrap_or_else(|| panic!("{page}"));
    format!("/q/{code}/edit/{}", address.split(['<', '"']).next().unwrap())
}

const SUGGESTED: [(&str, &str); 5] = [
    ("do", "save"),
    ("times", "6h–20h T2-T7"),
    ("pay", "transfer"),
    ("offers", "Giảm 7 % | rau sạch | T6"),
    ("phones", "Cửa hàng: 0216 0000 512"),
];

async fn a_merchant_suggests_by_link_and_the_ward_approves_before_it_shows(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let mut clerk = a_clerk(&node, &clock).await;
    let address = link(&mut clerk, SHOP).await;
    let mut merchant = Browser::new(&node);
    let form = merchant.get(&address).await;
    assert!(form.text().contains("07:00–19:30") && form.text().contains("Giảm 5 %"), "{}", form.text());
    assert_eq!(
        (form.header("referrer-policy"), form.header("cache-control"), form.header("x-robots-tag")),
        ("no-referrer", "no-store", "noindex")
    );
    let sent = merchant.post(&address, &SUGGESTED).await;
    assert_eq!((sent.status, sent.header("location")), (StatusCode::SEE_OTHER, format!("{address}?done=sent").as_str()), "{}", sent.text());
    settle(&node).await;
    assert!(!page(&node, SHOP).await.contains("Giảm 7 %"), "nothing shows before the ward has seen it");
    assert!(merchant.get(&address).await.text().contains("đang chờ phường duyệt"));
    // Sent again, with something else: it takes the place of the first.
    let again = SUGGESTED.map(|(name, value)| if name == "offers" { (name, "Giảm 8 % | rau sạch | T6") } else { (name, value) });
    assert_eq!(merchant.post(&address, &again).await.status, StatusCode::SEE_OTHER);
    settle(&node).await;
    // The ward's approver sees who suggests it, and approves.
    let ward = Grant { role: Role::Approver, reach: Reach::Units(vec!["04252-2025".parse().unwrap()]) };
    let (mut approver, _) = granted(&node, vec![ward], "duyet@yenbai.gov.vn", &clock).await;
    let proposal = format!("/office/proposals/{SHOP}");
    let shown = approver.get(&proposal).await.text();
    assert!(shown.contains("Chủ cơ sở, qua liên kết") && shown.contains("Giảm 8 %"), "{shown}");
    let digest = hidden(&shown, "proposal");
    let approved = approver.submit(&proposal, &proposal, &[("do", "approve"), ("proposal", &digest)]).await;
    assert_eq!(approved.status, StatusCode::SEE_OTHER, "{}", approved.text());
    settle(&node).await;
    let seen = page(&node, SHOP).await;
    assert!(seen.contains("Giảm 8 %") && seen.contains("6h00–20h00") && seen.contains(ACCOUNT), "{seen}");
    assert!(seen.contains("Cửa hàng nông sản Hoa Mai"), "what the merchant may not change stays");
    // A line that cannot be read stays in the form.
    let wrong = merchant.post(&address, &[("do", "save"), ("times", "buổi sáng")]).await;
    assert!(wrong.status == StatusCode::UNPROCESSABLE_ENTITY && wrong.text().contains("buổi sáng"), "{}", wrong.text());
    // Their consent is their own: it ends at once, without the ward.
    assert_eq!(merchant.post(&address, &[("do", "withdraw")]).await.status, StatusCode::SEE_OTHER);
    settle(&node).await;
    assert!(!page(&node, SHOP).await.contains(ACCOUNT));
    // A link ends: by its day, by another one, by hand; and no other key opens it.
    for other in [format!("/q/{SHOP}/edit/1-00000000000000000000000000000000"), address.replace(SHOP, MARKET), format!("/q/{SHOP}/edit/x")]
    {
        assert_eq!(merchant.get(&other).await.status, StatusCode::NOT_FOUND, "{other}");
        assert_eq!(merchant.post(&other, &SUGGESTED).await.status, StatusCode::NOT_FOUND, "{other}");
    }
    let second = link(&mut clerk, SHOP).await;
    assert!(second != address && merchant.get(&address).await.text().contains("hết hạn hoặc đã được thay"));
    assert_eq!(merchant.get(&second).await.status, StatusCode::OK);
    clock.set("2026-12-28T17:00:00Z");
    assert_eq!(merchant.get(&second).await.status, StatusCode::NOT_FOUND, "its last day is over");
}

async fn whoever_issued_the_link_does_not_approve_what_comes_by_it_where_two_are_needed(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (mut issuer, _) = signed_in(&node, &[Role::Clerk, Role::Campaign, Role::Approver], "mot.minh@yenbai.gov.vn", &clock).await;
    let (mut other, _) = signed_in(&node, &[Role::Approver], "nguoi.khac@yenbai.gov.vn", &clock).await;
    node.app.choose_second_person(&Actor::local(), vec!["merchant".into()]).await.unwrap();
    let address = link(&mut issuer, SHOP).await;
    assert_eq!(Browser::new(&node).post(&address, &SUGGESTED).await.status, StatusCode::SEE_OTHER);
    settle(&node).await;
    let proposal = format!("/office/proposals/{SHOP}");
    let digest = hidden(&other.get(&proposal).await.text(), "proposal");
    let own = issuer.submit(&proposal, &proposal, &[("do", "approve"), ("proposal", &digest)]).await;
    assert!(own.status.is_client_error(), "{}", own.status);
    settle(&node).await;
    assert!(!page(&node, SHOP).await.contains("Giảm 7 %"));
    assert_eq!(other.submit(&proposal, &proposal, &[("do", "approve"), ("proposal", &digest)]).await.status, StatusCode::SEE_OTHER);
    settle(&node).await;
    assert!(page(&node, SHOP).await.contains("Giảm 7 %"));
}

async fn what_happened_to_a_place_stands_in_its_audit_also_what_its_payee_took_back(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let (mut administrator, _) = signed_in(&node, &[Role::Administrator], "quan.tri@yenbai.gov.vn", &clock).await;
    let path = format!("/office/merchants/{SHOP}");
    let mut browser = a_clerk(&node, &clock).await;
    let address = link(&mut browser, SHOP).await;
    assert_eq!(Browser::new(&node).post(&address, &SUGGESTED).await.status, StatusCode::SEE_OTHER);
    assert_eq!(browser.submit(&path, &path, &[("do", "withdraw")]).await.status, StatusCode::SEE_OTHER);
    settle(&node).await;
    let audit = administrator.get(&format!("/office/audit?item={SHOP}")).await.text();
    assert!(audit.contains("subject.erased") && audit.contains("Chủ cơ sở, qua liên kết"), "{audit}");
    let other = administrator.get(&format!("/office/audit?item={MARKET}")).await.text();
    assert!(!other.contains("subject.erased"), "{other}");
}

async fn a_list_of_places_is_previewed_and_carried_out(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    let mut browser = a_clerk(&node, &clock).await;
    let table = "Mã,Tên,Loại,Địa chỉ,Thanh toán,Ưu đãi,Sản phẩm,Giờ,Mã đơn vị,lat,lon\n\
        ,Tạp hóa Hồng,Cửa hàng,Tổ 5,\"VietQR, thẻ (Napas), ví MoMo\",Giảm 3 %; Tặng khăn,,7h-21h,04252-2025,21.7201,104.8902\n\
        CHHA00016,Cửa hàng nông sản Hoa Mai (minh họa),Cửa hàng,14 phố Mẫu,VietQR,,,6h-18h,04252-2025,21.7060,104.8752\n";
    let sent = browser
        .upload("/office/points?kind=shop", "/office/points/lists", &[("kind", "shop")], &[("file", "diem.csv", table.as_bytes())])
        .await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    let path = sent.header("location").to_owned();
    let shown = browser.get(&path).await.text();
    assert!(shown.contains("Tạp hóa Hồng") && shown.contains("14 phố Mẫu") && shown.contains("6h00–18h00"), "{shown}");
    assert!(!page(&node, SHOP).await.contains("14 phố Mẫu"), "a preview changes nothing");
    let digest = hidden(&shown, "digest");
    let (bare, _) = path.split_once('?').unwrap();
    let done = browser.submit(&path, bare, &[("kind", "shop"), ("digest", &digest)]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text());
    settle(&node).await;
    let seen = page(&node, SHOP).await;
    assert!(seen.contains("14 phố Mẫu") && seen.contains("6h00–18h00") && seen.contains(ACCOUNT), "{seen}");
    let found = node.get("/search?q=tap+hoa+hong&f=json").await.text();
    assert!(found.contains("Tạp hóa Hồng"), "{found}");
    // What is stated of a new place is shown before it is published, and the line that says it.
    assert!(shown.contains("dòng 2") && shown.contains("Thẻ ngân hàng (Napas)") && shown.contains("Tặng khăn"), "{shown}");
    // The list as the office gives it away changes nothing when it comes back.
    let table = browser.get("/office/points/list.csv?kind=shop").await.body;
    let sent =
        browser.upload("/office/points?kind=shop", "/office/points/lists", &[("kind", "shop")], &[("file", "shop.csv", &table)]).await;
    let again = browser.get(sent.header("location")).await.text();
    assert!(again.contains("<li>0 điểm thay đổi") && again.contains("<li>0 điểm mới"), "{again}\n{}", String::from_utf8_lossy(&table));
    // What is no way to pay is named with its row.
    let wrong = "Tên,Loại,Thanh toán,lat,lon\nQuán Sò,Quán ăn,vỏ sò,21.72,104.89\n";
    let sent = browser
        .upload("/office/points?kind=shop", "/office/points/lists", &[("kind", "eatery")], &[("file", "b.csv", wrong.as_bytes())])
        .await;
    let shown = browser.get(sent.header("location")).await.text();
    assert!(shown.contains("“vỏ sò”"), "{shown}");
}
