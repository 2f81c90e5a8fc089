//! Everything that is served over HTTP: pages, QR codes, GeoJSON, collections, writes, operations.

pub mod answers;
mod api;
mod assets;
mod auth;
mod boards;
mod collections;
mod coverage;
mod crawlers;
mod desk;
pub mod doors;
mod download_cache;
mod downloads;
mod errors;
mod forms;
mod here;
mod home;
mod imports;
mod indicators;
mod items;
mod limiter;
mod lists;
mod merchants;
mod middleware;
mod nearest;
mod office;
pub mod openapi;
mod operations;
mod pieces;
mod place_sheet;
pub mod proxies;
mod ranges;
mod reading;
mod received;
mod reports;
mod respond;
mod router;
mod routes;
pub mod scans;
mod search;
mod serving;
mod streams;
mod today;
mod uploaded;
mod waiting;
mod writes;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use self::proxies::Proxies;
use crate::app::App;
use crate::domain::city::City;
use crate::domain::publication::view::Moment;
use crate::node::certificates::Certificates;
use crate::node::links::Links;
use crate::read_model::ReadModel;
use answers::Answers;
use limiter::{Buckets, Limiter};

pub use router::router;
pub use routes::office_addresses;
pub use serving::serve;

/// How long a request waits for a free place to draw.
const DRAWING_PATIENCE: Duration = Duration::from_secs(30);

/// Photos of codes that are looked at at a time.
const PHOTO_PLACES: usize = 2;
/// Photos of codes from one network: in a burst, and per hour.
const PHOTOS: (u32, u32) = (20, 120);
/// How long an answer waits until what a form changed can be seen.
const SEEN: Duration = Duration::from_secs(1);
/// Tries to sign in from one network, of a whole office perhaps: in a burst, and per hour.
const SIGN_INS: (u32, u32) = (30, 120);
/// Tries to sign in with one address: in a burst, and per hour.
const TRIES: (u32, u32) = (8, 12);

/// The limits that an operator can set.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Largest body of a request, bytes.
    pub body_bytes: usize,
    /// Time to send a body.
    pub body_patience: Duration,
    /// Most connections at a time. Beyond that, the connection that can best be spared is closed to make room.
    pub connections: usize,
    /// Time for a request's head to arrive, from its first byte.
    pub head_patience: Duration,
    /// Time between two requests of a connection. It is longer than proxies and browsers keep an idle
    /// connection, which is a minute for most.
    pub idle_patience: Duration,
    /// Room for prebuilt answers, bytes.
    pub answer_bytes: u64,
    /// Room for vector tiles in memory, bytes.
    pub tile_bytes: u64,
    /// Bodies of writes that are read and worked on at a time.
    pub writes: usize,
    /// Largest file of an import, and largest unpacked size of an archive, bytes.
    pub import_bytes: u64,
    /// Downloads that are written at a time.
    pub downloads: usize,
    /// How long a request waits for a free download place.
    pub download_patience: Duration,
    /// Room on the disk for finished downloads, bytes. They are kept for clients that read them in pieces.
    pub download_bytes: u64,
    /// Imports that are checked at a time.
    pub imports: usize,
    /// Reports that residents may send from one network: in a burst, and per hour.
    pub reports: (u32, u32),
    /// The proxies that stand in front.
    pub proxies: Proxies,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 64 << 20,
            body_patience: Duration::from_mins(1),
            connections: 4_096,
            head_patience: Duration::from_secs(10),
            idle_patience: Duration::from_secs(75),
            answer_bytes: 64 << 20,
            tile_bytes: 16 << 20,
            writes: 16,
            import_bytes: 512 << 20,
            downloads: 16,
            download_patience: Duration::from_secs(5),
            download_bytes: 1 << 30,
            imports: 2,
            reports: (5, 20),
            proxies: Proxies::default(),
        }
    }
}

/// Counters for `/metrics`.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Requests by class of status, 1xx to 5xx.
    pub by_class: [AtomicU64; 5],
    /// Answers taken from the cache.
    pub cached: AtomicU64,
    /// Answers that were rendered anew.
    pub rendered: AtomicU64,
}

impl Metrics {
    pub(crate) fn count(&self, status: u16) {
        if let Some(counter) = self.by_class.get(usize::from(status / 100).saturating_sub(1)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What every handler works with.
pub struct Site {
    /// The write path.
    pub app: Arc<App>,
    /// The read model, for everything that only reads.
    pub model: Arc<ReadModel>,
    /// Prebuilt answers.
    pub answers: Answers,
    /// The limits of this process.
    pub limits: Limits,
    /// Counters for `/metrics`.
    pub metrics: Metrics,
    /// Places for the bodies of writes.
    pub(crate) write_places: Semaphore,
    /// Vector tiles in memory.
    pub(crate) tiles: collections::tiles::Tiles,
    /// Places for downloads.
    pub(crate) download_places: Arc<Semaphore>,
    /// Finished downloads, kept for clients that read them in pieces.
    pub(crate) kept: download_cache::DownloadCache,
    /// Places for long drawings, one for each core.
    pub(crate) drawing_places: Arc<Semaphore>,
    /// Places for answers that take much time and memory, one for each core.
    pub(crate) long_places: Semaphore,
    /// Places for imports.
    pub(crate) import_places: Arc<Semaphore>,
    /// The map of the wards, as it was drawn last in each language.
    pub(crate) home_maps: std::sync::Mutex<home::Maps>,
    /// Counts of readings that wait to be written.
    pub(crate) scans: scans::Waiting,
    /// What was seen of the links of the register of services.
    pub links: Arc<Links>,
    /// The certificate that this node shows, where it serves over HTTPS.
    pub certificates: OnceLock<Arc<Certificates>>,
    /// How often residents may report.
    pub(crate) report_limiter: Limiter,
    /// Places for photos that are looked at.
    pub(crate) photo_places: Semaphore,
    /// How often photos of codes may be checked.
    pub(crate) photo_limiter: Limiter,
    /// How often one network may try to sign in.
    pub(crate) sign_in_limiter: Limiter,
    /// How often somebody may try to sign in with an address, from a browser that knows it or from any other.
    pub(crate) account_limiter: Buckets<String>,
}

impl Site {
    /// A site over the write path and the read model.
    pub fn new(app: Arc<App>, model: Arc<ReadModel>, limits: Limits) -> Self {
        let answers = Answers::new(limits.answer_bytes);
        let report_limiter = Limiter::new(limits.reports.0, limits.reports.1);
        let photo_limiter = Limiter::new(PHOTOS.0, PHOTOS.1);
        let (write_places, import_places) = (Semaphore::new(limits.writes), Arc::new(Semaphore::new(limits.imports)));
        let tiles = collections::tiles::Tiles::new(limits.tile_bytes);
        let kept = download_cache::download_cache(limits.download_bytes);
        let download_places = Arc::new(Semaphore::new(limits.downloads));
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let (drawing_places, long_places) = (Arc::new(Semaphore::new(cores)), Semaphore::new(cores));
        Self {
            app,
            model,
            answers,
            limits,
            metrics: Metrics::default(),
            write_places,
            tiles,
            drawing_places,
            long_places,
            download_places,
            kept,
            import_places,
            home_maps: std::sync::Mutex::default(),
            scans: scans::Waiting::default(),
            links: Arc::default(),
            certificates: OnceLock::new(),
            report_limiter,
            photo_limiter,
            photo_places: Semaphore::new(PHOTO_PLACES),
            sign_in_limiter: Limiter::new(SIGN_INS.0, SIGN_INS.1),
            account_limiter: Buckets::new(TRIES.0, TRIES.1),
        }
    }

    /// The city as the image has it. Takes the image's lock, so do not call it while holding that lock.
    pub fn city(&self) -> Arc<City> {
        Arc::clone(&self.model.image().city)
    }

    /// Runs work that takes milliseconds and megabytes, at most one piece for each core at a time. The
    /// event loop's other tasks go on meanwhile. Errors: no place came free in time.
    pub(crate) async fn at_length<T>(&self, work: impl FnOnce() -> T) -> Result<T, errors::HttpError> {
        let place = tokio::time::timeout(DRAWING_PATIENCE, self.long_places.acquire()).await;
        let _place = place.map_err(|_| errors::HttpError::Busy)?.map_err(|error| errors::HttpError::Internal(error.to_string()))?;
        Ok(tokio::task::block_in_place(work))
    }

    /// Takes a place for a long drawing. Errors: no place came free in time.
    pub(crate) async fn drawing_place(&self) -> Result<OwnedSemaphorePermit, errors::HttpError> {
        let place = tokio::time::timeout(DRAWING_PATIENCE, Arc::clone(&self.drawing_places).acquire_owned()).await;
        place.map_err(|_| errors::HttpError::Busy)?.map_err(|error| errors::HttpError::Internal(error.to_string()))
    }

    /// The current moment in the city's time zone. Takes the image's lock, so do not call it while holding
    /// that lock.
    pub fn moment(&self) -> Moment {
        Moment::new(self.app.now(), self.city().zone())
    }
}
