//! What people and programs get, as files that one reads in review: pages, maps, the words of posters, the description
//! of the interface. `BLESS=1 tools/test.sh --test suite -- --include-ignored golden` writes them anew; then read the
//! diff.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{Kind, demo, run};

const HTML: (&str, &str) = ("accept", "text/html");

/// Pages by the name of their file: one of each kind, in both languages where words decide.
const PAGES: &[(&str, &str)] = &[
    ("home", "/"),
    ("home.en", "/?lang=en"),
    ("plan", "/q/QHSDD21AG"),
    ("plan.en", "/q/QHSDD21AG?lang=en"),
    ("plan-part", "/q/QHSDD21AG?unit=04252-2025"),
    ("plan-coming", "/q/QHC2020AH"),
    ("schedule", "/q/KHSDD26AK"),
    ("detailed", "/q/QHCT2401G"),
    ("lots", "/q/QHCT2401G/lots?q=tmd"),
    ("lot", "/q/QHCT2401G/lots/TMD-01"),
    ("here-lots", "/here?lon=104.897&lat=21.71"),
    ("history", "/q/QHSDD21AG/history"),
    ("changes", "/q/QHSDD21AG/changes"),
    ("ambulance", "/q/XCT00001C"),
    ("health-worker", "/q/NVYT00016"),
    ("campaign", "/q/NKTM20267"),
    ("campaign.en", "/q/NKTM20267?lang=en"),
    ("consultation", "/q/YKND26016"),
    ("works", "/q/DTCT2601Q"),
    ("works.en", "/q/DTCT2601Q?lang=en"),
    ("board", "/q/BANG0001F"),
    ("boards", "/boards"),
    ("here", "/here"),
    ("here-point", "/here?lon=104.8905&lat=21.7148&since=2026-01-05"),
    ("here-unit", "/here?unit=04252-2025"),
    ("nearest", "/nearest?kind=ambulance&lon=104.8905&lat=21.7148"),
    ("nearest-place", "/nearest?kind=place&lon=104.8905&lat=21.7148"),
    ("search", "/search?q=quy+hoach"),
    ("search-nothing", "/search?q=quy+hoahc+xyz"),
    ("glossary", "/glossary"),
    ("report", "/q/QHSDD21AG/report"),
    ("collections", "/collections"),
    ("collection", "/collections/plans"),
    ("items", "/collections/campaigns/items"),
    ("item", "/collections/works/items/DTCT2601Q"),
    ("interactive-map", "/collections/works/map"),
    ("not-found", "/q/QHSDD21AH"),
];

/// Records of items and what calendars and address books get.
const RECORDS: &[(&str, &str)] = &[
    ("plan.json", "/q/QHSDD21AG.json"),
    ("campaign.json", "/q/NKTM20267.json"),
    ("works.json", "/q/DTCT2601Q.json"),
    ("works.geojson", "/q/DTCT2601Q.geojson"),
    ("campaign.ics", "/q/NKTM20267.ics"),
    ("ambulance.vcf", "/q/XCT00001C.vcf"),
    ("tilejson.json", "/collections/works/tiles/WebMercatorQuad?f=tilejson"),
    ("openapi.json", "/api"),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Compares what was made with the files of a folder, or writes them. The files differ from what was made if the
/// returned list is not empty.
fn compare(part: &str, made: &[(String, String)]) -> Vec<String> {
    let folder = folder().join(part);
    if std::env::var_os("BLESS").is_some() {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        made.iter().for_each(|(name, text)| fs::write(folder.join(name), text).unwrap());
    }
    let known = fs::read_dir(&folder).into_iter().flatten().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let (known, now): (BTreeSet<String>, BTreeSet<String>) = (known.collect(), made.iter().map(|(name, _)| name.clone()).collect());
    let mut wrong: Vec<String> =
        known.symmetric_difference(&now).map(|name| format!("{name}: there is no such file, or no such page")).collect();
    for (name, text) in made {
        let before = fs::read_to_string(folder.join(name)).unwrap_or_default();
        if let Some((at, (old, new))) = before.lines().zip(text.lines()).enumerate().find(|(_, (old, new))| old != new) {
            let short = |line: &str| line.chars().take(300).collect::<String>();
            wrong.push(format!("{part}/{name}, line {}:\n  - {}\n  + {}", at + 1, short(old), short(new)));
        } else if before != *text {
            wrong.push(format!("{part}/{name}: {} lines instead of {}", text.lines().count(), before.lines().count()));
        }
    }
    wrong
}

#[track_caller]
fn hold(wrong: &[String]) {
    assert!(wrong.is_empty(), "{}\nread it, and if it is meant: BLESS=1 (see the file's first lines)", wrong.join("\n"));
}

/// What stands from `begin` to `end`, taken out of a text and handed on; a short word stands in its place.
fn cut(text: &mut String, begin: &str, end: &str, word: &str) -> Vec<String> {
    let (mut out, mut parts, mut rest) = (String::new(), Vec::new(), text.as_str());
    while let Some((before, after)) = rest.split_once(begin) {
        let Some((inside, behind)) = after.split_once(end) else { break };
        out.push_str(before);
        out.push_str(word);
        parts.push(format!("{begin}{inside}{end}"));
        rest = behind;
    }
    out.push_str(rest);
    *text = out;
    parts
}

/// A page as one reads it: a line for each element, without the style that all pages share.
fn lines(page: &str) -> String {
    page.replace("><", ">\n<").trim_end().to_owned() + "\n"
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_maps_and_records_are_those_that_were_read() {
    let (_database, _clock, node) = demo(Kind::Sqlite).await;
    let (mut pages, mut maps, mut records) = (Vec::new(), Vec::new(), Vec::new());
    for (name, address) in PAGES {
        let answer = node.get_with(address, &[HTML]).await;
        let mut page = format!("{} {}\n{}", answer.status.as_u16(), answer.header("content-type"), answer.text());
        cut(&mut page, "<style>", "</style>", "<style/>");
        let drawn = cut(&mut page, "<svg", "</svg>", "<svg/>");
        // The code of a page is tested by decoding it.
        let drawn = drawn.into_iter().filter(|svg| svg.contains("class=\"map\""));
        maps.extend(drawn.enumerate().map(|(number, svg)| (format!("{name}.{number}.svg"), lines(&svg))));
        pages.push((format!("{name}.html"), lines(&page)));
    }
    for (name, address) in RECORDS {
        let answer = node.get(address).await;
        assert!(answer.status.is_success(), "{address}: {}", answer.status);
        let text = answer.text();
        let pretty = serde_json::from_str::<Value>(&text).ok().map(|value| serde_json::to_string_pretty(&value).unwrap() + "\n");
        records.push(((*name).to_owned(), pretty.unwrap_or(text)));
    }
    hold(&[compare("pages", &pages), compare("maps", &maps), compare("records", &records)].concat());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
async fn the_words_of_posters_are_those_that_were_read() {
    let (_database, _clock, node) = demo(Kind::Sqlite).await;
    let scratch = tempfile::tempdir().unwrap();
    let mut posters = Vec::new();
    for code in ["QHSDD21AG", "KHSDD26AK", "QHCT2401G", "XCT00001C", "NKTM20267", "YKND26016", "DTCT2601Q"] {
        let file = scratch.path().join("poster.pdf");
        fs::write(&file, &node.get(&format!("/q/{code}/poster.pdf")).await.body).unwrap();
        posters.push((format!("{code}.txt"), run("pdftotext", &["-enc", "UTF-8", "-layout", file.to_str().unwrap(), "-"])));
    }
    hold(&compare("posters", &posters));
}
