//! `bangtin serve`: runs a node.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::doors::{Opened, TlsArgs};
use super::messages::note;
use super::store::{self, Store};
use super::{ServeArgs, StoreArgs};
use crate::credentials::oidc::{Provider, settings};
use crate::http::doors::Door;
use crate::http::proxies::Proxies;
use crate::http::{self, Limits, Site};
use crate::node::{follower, links, schedule};
use crate::read_model::ReadModel;
use crate::read_model::blobs::Blobs;

/// A snapshot is written at the end if at least this many events are new.
const SNAPSHOT_AT_END: i64 = 1_000;

/// Most duplicate items that are listed at the start; `log stats` lists them all.
const DOUBLES: usize = 20;

/// Serves an existing store, or creates one for `--city`.
pub async fn run(args: &StoreArgs, serve_args: &ServeArgs, tls: &TlsArgs) -> anyhow::Result<()> {
    let stop = Stop::listen()?;
    let bound = tls.bind(serve_args.listen.as_deref()).await?;
    let store = if serve_args.read_only { store::open_read_only(args).await? } else { store::open(args, None).await? };
    store.app.log().check_room().await?;
    let node = start(&store, serve_args, !args.database.as_deref().unwrap_or("sqlite").starts_with("sqlite")).await?;
    let (city, Opened { doors, address, keeping, certificates }) = (store.app.city(), tls.open(&store.app, bound)?);
    note!("bangtin: {} on {address}", city.name_vi);
    if let Some(certificates) = certificates {
        let _ = node.site.certificates.set(certificates);
    }
    if serve_args.read_only {
        note!("bangtin: this node changes nothing; /office is closed on it");
    }
    if city.public_url != address {
        // Map clients follow links; if these lead nowhere, layers stay empty.
        note!("bangtin: links and codes lead to {} (`bangtin city set --public-url` sets another)", city.public_url);
    }
    // The doors are open: who connects now waits at most a moment.
    let _ = sd_notify::notify(&[NotifyState::Ready]);
    let served = node.serve(doors, stop).await;
    keeping.iter().for_each(JoinHandle::abort);
    served
}

/// SIGXFSZ: a file has reached the size limit of this process. The number holds for Linux on the machines that
/// this program runs on.
const FILE_TOO_LARGE: i32 = 25;

/// True if the program was started to outlive its terminal (`nohup`).
fn outlives_its_terminal() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    // The lowest bit stands for signal 1, SIGHUP (proc(5)).
    ignored.is_some_and(|signals| signals & 1 == 1)
}

/// A request to stop, by Ctrl-C, SIGTERM or a closed terminal. It listens from its creation on, so a signal
/// that arrives early is not lost.
#[derive(Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Begins to listen.
    pub fn listen() -> anyhow::Result<Self> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hangup = if outlives_its_terminal() { None } else { Some(signal(SignalKind::hangup())?) };
        // A write beyond the size limit must fail with an error, not end the program.
        let mut too_large = signal(SignalKind::from_raw(FILE_TOO_LARGE))?;
        let (sender, receiver) = watch::channel(false);
        tokio::spawn(async move {
            let closed = async {
                match &mut hangup {
                    Some(hangup) => hangup.recv().await,
                    None => std::future::pending().await,
                }
            };
            let outgrown = async { while too_large.recv().await.is_some() {} };
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                _ = closed => {}
                () = outgrown => {}
            }
            sender.send_replace(true);
            // The channel stays open, so that later callers also learn of the request.
            sender.closed().await;
        });
        Ok(Self(receiver))
    }

    /// Waits until a stop is requested.
    pub async fn asked(&mut self) {
        if self.0.wait_for(|asked| *asked).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// A running node: its site, and the path of its snapshot.
pub struct Node {
    site: Arc<Site>,
    /// None where nothing is written.
    snapshot: Option<PathBuf>,
    started_at: i64,
    check_links: bool,
}

/// Builds the image and begins to follow the log.
pub async fn start(store: &Store, args: &ServeArgs, disk_cache: bool) -> anyhow::Result<Node> {
    let app = Arc::clone(&store.app);
    let log = Arc::clone(app.log());
    // Duplicates block nothing, but somebody should look at them.
    let doubles = app.doubles().await?;
    for double in doubles.iter().take(DOUBLES) {
        note!("bangtin: warning: {double}");
    }
    if doubles.len() > DOUBLES {
        note!("bangtin: warning: {} more are listed by “bangtin log stats”", doubles.len() - DOUBLES);
    }
    // The folder of a node that only reads may be a copy, or of another node's.
    let snapshot = (!log.is_read_only()).then(|| store.snapshot.clone());
    let mut image = follower::build(&log, Some(&store.snapshot)).await.context("the log cannot be read")?;
    follower::load_shared(&log, app.vault(), &mut image).await?;
    if image.accounts.second_person_since.is_none() {
        note!("bangtin: one person publishes alone until two can sign in at /office, one of them an approver");
    }
    let folder = if disk_cache {
        let folder = store.data.join("blobs");
        match std::fs::create_dir_all(&folder) {
            Ok(()) => Some(folder),
            // Such a node also runs where nothing can be written.
            Err(_) if log.is_read_only() => None,
            Err(error) => return Err(error).with_context(|| format!("the folder {} cannot be made", folder.display())),
        }
    } else {
        None
    };
    // Half of the memory is for feature sets, a quarter for blobs, the rest for answers; an eighth of that rest
    // is for tiles.
    let bytes = args.cache_mb << 20;
    let blobs = Blobs::new(Arc::clone(&log), bytes / 4, folder);
    let started_at = image.position;
    let model = Arc::new(ReadModel::new(image, blobs, bytes / 2));
    tokio::spawn(follower::follow(Arc::clone(&app), Arc::clone(&model), snapshot.clone()));
    if !log.is_read_only() {
        tokio::spawn(schedule::keep(Arc::clone(&app), Arc::clone(&model)));
    }
    // The running executable, even after its file was replaced by a newer one.
    let this = PathBuf::from("/proc/self/exe");
    app.read_apart(if this.exists() { this } else { std::env::current_exe().context("the program does not find its own file")? });
    if let Some(path) = &args.oidc {
        app.sign_in_at(providers(path)?);
    }
    let limits = Limits {
        body_bytes: args.max_body_mb << 20,
        answer_bytes: bytes / 32 * 7,
        tile_bytes: bytes / 32,
        import_bytes: args.max_import_mib << 20,
        download_bytes: args.downloads_mb << 20,
        proxies: Proxies { networks: args.trust_proxy.clone(), are_all: args.behind_proxy, notes: args.proxy_header.into() },
        ..Limits::default()
    };
    Ok(Node { site: Arc::new(Site::new(app, model, limits)), snapshot, started_at, check_links: args.check_links })
}

/// The providers that a file names; their secrets lie beside it.
fn providers(path: &Path) -> anyhow::Result<Vec<Provider>> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).with_context(|| name.clone())?;
    let folder = path.parent().unwrap_or(Path::new("."));
    Ok(settings::read(&name, &text, |file| std::fs::read_to_string(folder.join(file)))?)
}

impl Node {
    /// Serves until Ctrl-C or SIGTERM, and finishes the requests in progress.
    pub async fn serve(self, doors: Vec<Door>, mut stop: Stop) -> anyhow::Result<()> {
        let shutdown = async {
            stop.asked().await;
            note!("bangtin: finishing");
            let _ = sd_notify::notify(&[NotifyState::Stopping]);
        };
        let looking = self.check_links.then(|| {
            let Site { app, model, links, .. } = &*self.site;
            tokio::spawn(links::keep(Arc::clone(app), Arc::clone(model), Arc::clone(links)))
        });
        let counting = tokio::spawn(http::scans::keep(Arc::clone(&self.site)));
        http::serve(doors, Arc::clone(&self.site), shutdown).await;
        counting.abort();
        looking.iter().for_each(JoinHandle::abort);
        self.site.write_scans().await;
        let position = self.site.model.image().position;
        if let Some(snapshot) = self.snapshot.filter(|_| position - self.started_at >= SNAPSHOT_AT_END)
            && let Err(error) = follower::save_snapshot(&self.site.model, self.site.app.log(), &snapshot).await
        {
            tracing::warn!("the snapshot was not written: {error}");
        }
        Ok(())
    }
}
