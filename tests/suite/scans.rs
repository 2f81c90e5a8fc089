//! Counts of readings: right to the last one, on both databases, and nothing of who read.

use axum::body::Body;
use axum::http::Request as HttpRequest;
use bangtin::domain::access::Role;

use crate::office::signed_in;
use crate::on_both_databases;
use crate::support::{Kind, Node, demo, files_with};

on_both_databases!(
    readings_are_counted_by_board_item_revision_and_day_and_nothing_else_is_kept,
    the_office_sees_what_nobody_reads_and_what_is_out_of_date,
);

const PHONE: &str = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36";
/// An address that stands in every request, to be looked for on the disk.
const ADDRESS: &str = "203.0.113.77";

async fn read(node: &Node, path: &str, agent: &str) {
    let request = HttpRequest::get(path)
        .header("accept", "text/html,*/*;q=0.8")
        .header("accept-language", "vi-VN")
        .header("user-agent", agent)
        .header("x-forwarded-for", ADDRESS)
        .header("cookie", "khach=8f14e45fceea167a");
    assert!(node.send(request.body(Body::empty()).unwrap()).await.status.as_u16() < 500);
}

async fn readings_are_counted_by_board_item_revision_and_day_and_nothing_else_is_kept(kind: Kind) {
    let (database, clock, node) = demo(kind).await;
    let head = node.app.log().head().await.unwrap().position;
    for round in 0..25 {
        read(&node, "/q/QHSDD21AG", PHONE).await;
        read(&node, "/q/QHSDD21AG.B1F", PHONE).await;
        read(&node, "/q/NKTM20267", PHONE).await;
        // Neither a program nor a preview, a picture or a wrong code counts.
        read(&node, "/q/QHSDD21AG", "TelegramBot (like TwitterBot)").await;
        read(&node, "/q/QHSDD21AG/preview.png", PHONE).await;
        read(&node, "/q/QHSDD21AA", PHONE).await;
        if round % 7 == 0 {
            node.site.write_scans().await;
        }
    }
    node.site.write_scans().await;
    clock.set("2026-11-25T05:00:00Z");
    read(&node, "/q/NKTM20267", PHONE).await;
    node.site.write_scans().await;
    let rows = node.app.scans(jiff::civil::date(2026, 11, 1), jiff::civil::date(2026, 11, 30)).await.unwrap();
    let seen: Vec<_> = rows.iter().map(|row| (row.day.as_str(), row.item.as_str(), row.board, row.revision, row.readings)).collect();
    let expected = [
        ("2026-11-24", "NKTM20267", 0, 1, 25),
        ("2026-11-24", "QHSDD21AG", 0, 2, 25),
        ("2026-11-24", "QHSDD21AG", 1, 2, 25),
        ("2026-11-25", "NKTM20267", 0, 1, 1),
    ];
    assert_eq!(seen, expected);
    assert_eq!(node.app.log().head().await.unwrap().position, head, "a reading is no event");
    assert_eq!(node.get("/scans.csv").await.text(), "month,unit,readings\n2026-11,,51\n2026-11,04252-2025,25\n");
    if kind == Kind::Sqlite {
        let folder = database.path("");
        for needle in [ADDRESS, "8f14e45fceea167a", "Android 10; K"] {
            assert!(files_with(&folder, needle).is_empty(), "{needle}");
        }
    }
}

async fn the_office_sees_what_nobody_reads_and_what_is_out_of_date(kind: Kind) {
    let (_database, clock, node) = demo(kind).await;
    // A print of the first revision still hangs on board 3.
    for _ in 0..12 {
        read(&node, "/q/QHSDD21AG.B3B", PHONE).await;
    }
    node.site.write_scans().await;
    let (mut clerk, _) = signed_in(&node, &[Role::Clerk], "van.thu@yenbai.gov.vn", &clock).await;
    let page = clerk.get("/office/scans").await.text();
    let part = |from: &str, to: &str| page.split(from).nth(1).unwrap().split(to).next().unwrap().to_owned();
    assert!(part("Bản in đã cũ", "Bảng chưa ai quét").contains("QHSDD21AG"), "{page}");
    assert!(part("Bảng chưa ai quét", "Được đọc nhiều nhất").contains("BANG0001F"), "{page}");
    assert!(part("Được đọc nhiều nhất", "<footer").contains("– 12"), "{page}");
}
