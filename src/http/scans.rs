//! Counts how often the page behind a code is read, and shows the counts: `/scans.csv`, `/office/scans`.
//!
//! A count knows the board, the item, the revision and the day, and nothing of who read. Previews and programs do not count.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use jiff::ToSpan;
use jiff::civil::Date;
use tokio::sync::Notify;

use super::errors::HttpError;
use super::office::Desk;
use super::reading::Asking;
use super::{Site, respond};
use crate::domain::Code;
use crate::event_store::scans::ScanRow;
use crate::render::office::scans::{self as pages, LEAST};

/// How often counts are written: what a killed process loses at most.
pub const PAUSE: Duration = Duration::from_millis(500);
/// After so many readings counts are written sooner, so that a killed process loses few of a rush.
const MANY: u64 = 1_000;
/// Most kinds of counts that wait to be written.
const MOST: usize = 100_000;
/// Days that the office looks back.
const BACK: i64 = 30;

/// Parts of the names that programs give themselves, in small letters.
const PROGRAMS: [&str; 20] = [
    "bot",
    "crawl",
    "spider",
    "preview",
    "slurp",
    "facebookexternalhit",
    "facebookcatalog",
    "whatsapp",
    "headless",
    "curl",
    "wget",
    "python",
    "go-http",
    "java/",
    "okhttp",
    "axios",
    "node-fetch",
    "libwww",
    "monitor",
    "scan/",
];

/// What is counted: day, item, board and revision.
type Key = (Date, Code, u32, u32);

/// Counts that wait to be written.
#[derive(Default)]
pub struct Waiting {
    counts: Mutex<HashMap<Key, i64>>,
    /// How many readings came since the program began.
    came: AtomicU64,
    are_many: Notify,
}

/// True for a person's reading: a browser that shows the page, not one that fetches it ahead, and not a program.
fn is_reading(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
    let agent = text("user-agent");
    let is_ahead = ["sec-purpose", "purpose", "x-purpose", "x-moz"].iter().any(|name| text(name).contains("pre"));
    // Browsers say which languages their person reads; programs hardly ever do.
    let is_person = !agent.is_empty() && headers.contains_key(header::ACCEPT_LANGUAGE) && text("accept").contains("text/html");
    is_person && !is_ahead && !headers.contains_key(header::RANGE) && !PROGRAMS.iter().any(|name| agent.contains(name))
}

impl Waiting {
    fn add(&self, key: Key, readings: i64) {
        let mut waiting = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < MOST || waiting.contains_key(&key) {
            *waiting.entry(key).or_default() += readings;
        }
    }

    fn count(&self, key: Key) {
        self.add(key, 1);
        if (self.came.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(MANY) {
            self.are_many.notify_one();
        }
    }

    fn take(&self) -> HashMap<Key, i64> {
        std::mem::take(&mut *self.counts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Site {
    /// Counts a reading of the page behind a code, where a person reads it.
    pub(super) fn count_reading(&self, code: Code, board: Option<u32>, headers: &HeaderMap) {
        if !is_reading(headers) || self.app.log().is_read_only() {
            return;
        }
        let today = self.moment().today;
        let revision = self.model.image().entry(&code).filter(|entry| entry.item.is_public()).and_then(|entry| entry.item.latest());
        if let Some(revision) = revision {
            self.scans.count((today, code, board.unwrap_or(0), revision));
        }
    }

    /// Writes the counts that wait. What cannot be written waits on.
    pub async fn write_scans(&self) {
        let waiting = self.scans.take();
        if waiting.is_empty() {
            return;
        }
        let row = |((day, code, board, revision), readings): (Key, i64)| ScanRow {
            day: day.to_string(),
            item: code.to_string(),
            board,
            revision,
            readings,
        };
        for left in self.app.add_scans(waiting.into_iter().map(row).collect()).await {
            if let (Ok(day), Ok(code)) = (left.day.parse(), left.item.parse()) {
                self.scans.add((day, code, left.board, left.revision), left.readings);
            }
        }
    }
}

/// Writes counts until the program ends. It never returns.
pub async fn keep(site: Arc<Site>) {
    loop {
        // After a pause, or sooner.
        let _ = tokio::time::timeout(PAUSE, site.scans.are_many.notified()).await;
        site.write_scans().await;
    }
}

/// `GET /scans.csv`: readings by month and ward of the board. What is below ten is merged.
pub async fn csv(State(site): State<Arc<Site>>, asking: Asking) -> Result<Response, HttpError> {
    let rows = site.app.scans(Date::constant(2000, 1, 1), Date::constant(2199, 12, 31)).await?;
    let moment = site.moment();
    let months = {
        let image = site.model.image();
        let ward = |board: u32| {
            let view = image.by_number(board).and_then(|code| image.view(code, None, &moment));
            view.and_then(|view| view.units.first().map(ToString::to_string)).unwrap_or_default()
        };
        let mut months: BTreeMap<(String, String), i64> = BTreeMap::new();
        for row in rows {
            let month = row.day.get(..7).unwrap_or_default().to_owned();
            *months.entry((month, ward(row.board))).or_default() += row.readings;
        }
        months
    };
    Ok(respond::fresh(&asking.headers, "text/csv; charset=utf-8", "no-cache", HeaderMap::new(), merged(&months)))
}

/// The lines: small counts of a month become one line without a ward, where together they are large enough.
fn merged(months: &BTreeMap<(String, String), i64>) -> String {
    let mut out = String::from("month,unit,readings\n");
    let mut small: BTreeMap<&str, i64> = BTreeMap::new();
    for ((month, unit), readings) in months {
        if *readings >= LEAST {
            let _ = writeln!(out, "{month},{unit},{readings}");
        } else {
            *small.entry(month).or_default() += readings;
        }
    }
    for (month, readings) in small.into_iter().filter(|(_, readings)| *readings >= LEAST) {
        let _ = writeln!(out, "{month},merged,{readings}");
    }
    out
}

/// `GET /office/scans`: boards that nobody reads, what is read most, and prints that are out of date and still read.
pub async fn office(State(site): State<Arc<Site>>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    let moment = site.moment();
    let from = moment.today.saturating_sub(BACK.days());
    let rows = site.app.scans(from, moment.today).await?;
    let look = || {
        let image = site.model.image();
        let mut by_board: HashMap<u32, i64> = HashMap::new();
        let mut by_item: HashMap<&str, i64> = HashMap::new();
        let mut by_print: HashMap<(u32, &str), i64> = HashMap::new();
        for row in &rows {
            *by_board.entry(row.board).or_default() += row.readings;
            *by_item.entry(&row.item).or_default() += row.readings;
            *by_print.entry((row.board, &row.item)).or_default() += row.readings;
        }
        let boards = image.standing_boards(&moment, None);
        let number = |view: &crate::domain::publication::view::View| view.board().map_or(0, |board| board.number);
        let mut stale = Vec::new();
        for board in &boards {
            for posting in board.board().into_iter().flat_map(|own| &own.postings) {
                let view = image.view(&posting.item, None, &moment);
                let readings = by_print.get(&(number(board), posting.item.as_str())).copied().unwrap_or(0);
                if readings > 0 && matches!(posting.standing(view.as_ref()), "posting-stale" | "posting-revoked") {
                    stale.push((board.clone(), posting.item, readings));
                }
            }
        }
        let mut most: Vec<(Code, i64)> = by_item.into_iter().filter_map(|(code, readings)| Some((code.parse().ok()?, readings))).collect();
        most.sort_by_key(|(code, readings)| (-readings, *code));
        most.truncate(20);
        let most = most.into_iter().filter_map(|(code, readings)| Some((image.view(&code, None, &moment)?, readings))).collect();
        let unread = boards.into_iter().filter(|board| !by_board.contains_key(&number(board))).collect();
        pages::Scans { from, unread, most, stale }
    };
    let scans = site.at_length(look).await?;
    let page = pages::page(asking.lang(), &site.city(), &desk.who(), &scans);
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(respond::unkept(&asking.headers, StatusCode::OK, "text/html; charset=utf-8", headers, page))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
        list.iter().map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value"))).collect()
    }

    #[test]
    fn a_persons_browser_counts_and_programs_and_previews_do_not() {
        let phone =
            ("user-agent", "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36 Zalo android/2410");
        let person = [phone, ("accept", "text/html,*/*;q=0.8"), ("accept-language", "vi-VN,vi;q=0.9")];
        assert!(is_reading(&headers(&person)));
        for ahead in [("sec-purpose", "prefetch;prerender"), ("purpose", "preview"), ("x-moz", "prefetch"), ("range", "bytes=0-")] {
            assert!(!is_reading(&headers(&[&person[..], &[ahead]].concat())), "{ahead:?}");
        }
        for agent in ["Googlebot/2.1", "facebookexternalhit/1.1", "WhatsApp/2.23", "curl/8.5", "python-requests/2.32", ""] {
            assert!(!is_reading(&headers(&[("user-agent", agent), person[1], person[2]])), "{agent}");
        }
        assert!(!is_reading(&headers(&person[..2])), "no language");
        assert!(!is_reading(&headers(&[phone, ("accept", "application/json"), person[2]])));
    }

    #[test]
    fn small_counts_are_merged_and_small_sums_are_not_told() {
        let months = [("2026-10", "a", 40), ("2026-10", "b", 9), ("2026-10", "c", 4), ("2026-11", "a", 3), ("2026-11", "b", 10)];
        let months = months.into_iter().map(|(month, unit, readings)| ((month.to_owned(), unit.to_owned()), readings)).collect();
        assert_eq!(merged(&months), "month,unit,readings\n2026-10,a,40\n2026-11,b,10\n2026-10,merged,13\n");
    }
}
