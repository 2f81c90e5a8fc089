//! The page in a real browser, without JavaScript, as narrow as a phone.

use image::GrayImage;

use crate::support::{Database, Kind, NOON, Node, TestClock, run};

/// What headless Chromium shows of an address.
pub fn screenshot(url: &str, width: u32, height: u32) -> GrayImage {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shot.png");
    let profile = folder.path().join("profile");
    run(
        "chromium",
        &[
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            &format!("--user-data-dir={}", profile.display()),
            &format!("--window-size={width},{height}"),
            &format!("--screenshot={}", path.display()),
            url,
        ],
    );
    image::open(&path).expect("a screenshot").to_luma8()
}

/// The page in a frame of 360 CSS pixels; anything that sticks out to the right is seen.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
async fn a_page_is_readable_at_360_pixels_and_its_code_scans_from_the_screen() {
    let database = Database::new(Kind::Sqlite).await;
    let node = Node::demo(&database, &TestClock::at(NOON)).await;
    let folder = tempfile::tempdir().unwrap();
    for code in ["QHSDD21AG", "XCT00001C", "NKTM20267"] {
        // Nothing on the page is a script, and its policy would let none run.
        assert!(!node.get(&format!("/q/{code}")).await.text().contains("<script"));
        let page = folder.path().join(format!("{code}.html"));
        std::fs::write(&page, node.get(&format!("/q/{code}")).await.body).unwrap();
        let frame = folder.path().join("frame.html");
        let source = format!(
            "<body style='margin:0;background:#f0f'><iframe src='{code}.html' style='border:0;width:360px;height:7400px'></iframe>"
        );
        std::fs::write(&frame, source).unwrap();
        let shot = tokio::task::spawn_blocking(move || screenshot(&format!("file://{}", frame.display()), 500, 7_400)).await.unwrap();
        // What is wider than the frame would reach into its right margin, where only the two rules
        // across the page are dark.
        let dark = (0..5_000).filter(|y| (350..359).any(|x| shot.get_pixel(x, *y).0[0] < 200)).count();
        assert!(dark <= 8, "{code}: something sticks out on the right in {dark} rows");
        let picture = folder.path().join("screen.png");
        shot.save(&picture).unwrap();
        let read = run("zbarimg", &["--quiet", "--raw", picture.to_str().unwrap()]);
        assert!(read.contains(&format!("https://BANGTIN.EXAMPLE/Q/{code}")), "{code}: {read}");
    }
}
