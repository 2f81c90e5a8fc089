//! Keeps the image in step with the log: it applies every event once and in order, on whichever node it was appended.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::sweep;
use crate::app::App;
use crate::disk::{self, Disk};
use crate::domain::families::LogEvent;
use crate::domain::subject::SubjectId;
use crate::event_store::{EventLog, Head, StoreError, StoredEvent, chain};
use crate::node::snapshot;
use crate::read_model::Health;
use crate::read_model::ReadModel;
use crate::read_model::image::{Effect, Image};
use crate::vault::{CHECK_SUBJECT, Vault};

/// Events read in one page.
const PAGE: usize = 5_000;
/// A snapshot is written when this many events have come since the last.
const SNAPSHOT_EVERY: i64 = 50_000;
/// How long the store may be silent before that is said.
const SILENT: Duration = Duration::from_secs(4);
/// Pause before the store is tried again after an error.
const RETRY: Duration = Duration::from_millis(500);
/// Pause before a full disk is tried again.
const DISK_PAUSE: Duration = Duration::from_secs(1);
/// After this many of those pauses all disks are checked, so that a full one is noticed before somebody's write
/// fails.
const DISK_CHECK_EVERY: u32 = 10;

/// Time between looks for feature sets of which this node has no copy.
const COPY_PAUSE: Duration = Duration::from_secs(2);

/// Why the image cannot be built, or cannot follow the log.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event cannot be read.
    #[error("position {0}: {1}")]
    Event(i64, crate::domain::families::DecodeError),
    /// The log is not the one the image was built from.
    #[error("the log was replaced: rebuilding")]
    Replaced,
}

/// Builds the image from a snapshot that fits, else from the first event. Errors: the store does not answer, or
/// an event cannot be read.
pub async fn build(log: &Arc<dyn EventLog>, snapshot_path: Option<&PathBuf>) -> Result<Image, FollowError> {
    let head = log.head().await?;
    let mut image = Image::empty();
    if let Some(path) = snapshot_path {
        let (path, log_id) = (path.clone(), head.log_id.clone());
        let read = tokio::task::spawn_blocking(move || snapshot::read(&path, &log_id)).await.ok().flatten();
        if let Some(read) = read
            && read.position <= head.position
            && hash_at(log, read.position).await? == Some(read.hash)
        {
            image = read;
        }
    }
    let image = replay(log, image).await?;
    whole(&image, &head)?;
    Ok(image)
}

/// The hash chain's value at a position; none if the log ends before it.
async fn hash_at(log: &Arc<dyn EventLog>, position: i64) -> Result<Option<[u8; 32]>, StoreError> {
    if position == 0 {
        return Ok(Some(crate::event_store::chain::GENESIS));
    }
    Ok(log.read(position - 1, 1).await?.first().filter(|event| event.position == position).map(|event| event.hash))
}

/// Replays the log in three steps at once (read, decode, apply), to start as fast as the machine allows.
async fn replay(log: &Arc<dyn EventLog>, mut image: Image) -> Result<Image, FollowError> {
    let (sender, mut pages) = mpsc::channel::<Vec<StoredEvent>>(2);
    let reader = {
        let log = Arc::clone(log);
        let mut after = image.position;
        tokio::spawn(async move {
            loop {
                let page = log.read_facts(after, PAGE).await?;
                let Some(last) = page.last() else { return Ok::<(), StoreError>(()) };
                after = last.position;
                if sender.send(page).await.is_err() {
                    return Ok(());
                }
            }
        })
    };
    let (decoded_sender, mut decoded) = mpsc::channel::<Vec<(StoredEvent, Result<LogEvent, crate::domain::families::DecodeError>)>>(2);
    let decoder = tokio::task::spawn_blocking(move || {
        while let Some(page) = pages.blocking_recv() {
            let page = page.into_iter().map(|stored| {
                let event = LogEvent::decode(&stored.event.name, stored.event.version, &stored.event.payload);
                (stored, event)
            });
            if decoded_sender.blocking_send(page.collect()).is_err() {
                break;
            }
        }
    });
    let applier = tokio::task::spawn_blocking(move || {
        while let Some(page) = decoded.blocking_recv() {
            for (stored, event) in page {
                let event = event.map_err(|error| FollowError::Event(stored.position, error))?;
                image.apply_event(event, &stored);
                image.position = stored.position;
                image.hash = stored.hash;
            }
        }
        Ok(image)
    });
    let gone = |error: tokio::task::JoinError| FollowError::Store(StoreError::Unavailable(error.to_string()));
    let image = applier.await.map_err(gone)?;
    reader.await.map_err(gone)??;
    decoder.await.map_err(gone)?;
    image
}

/// Fetches what persons share, and what the image lacks, from the vault.
pub async fn load_shared(log: &Arc<dyn EventLog>, vault: &Vault, image: &mut Image) -> Result<(), StoreError> {
    if image.missing_shared().is_empty() {
        return Ok(());
    }
    for row in log.vault_rows().await? {
        if row.subject != CHECK_SUBJECT
            && let Ok(shared) = vault.unseal(&row)
        {
            image.put_shared(SubjectId(row.subject), shared);
        }
    }
    Ok(())
}

/// Follows the log until the program ends, and watches the disks. Runs beside the server.
pub async fn follow(app: Arc<App>, model: Arc<ReadModel>, snapshot_path: Option<PathBuf>) {
    tokio::select! {
        () = follow_log(&app, &model, snapshot_path) => {}
        () = look_after_disks(app.log(), &model) => {}
        () = copy_sets(app.log(), &model) => {}
        () = sweep::keep(&app, &model), if !app.log().is_read_only() => {}
    }
}

/// Copies the feature sets of public items and the boundaries of units to this node's disk, so that their pages are there while the database server
/// is away. A store that lies in a folder of this machine needs no copies. It never returns.
async fn copy_sets(log: &Arc<dyn EventLog>, model: &ReadModel) {
    if log.folder().is_some() {
        return std::future::pending().await;
    }
    let (mut copied, mut looked_at) = (BTreeSet::new(), None);
    loop {
        let (position, missing): (i64, Vec<_>) = {
            let image = model.image();
            let boundaries = image.city.boundaries.as_ref().map(|set| set.sha256);
            (image.position, image.public_sets().chain(boundaries).filter(|digest| !copied.contains(digest)).collect())
        };
        if looked_at != Some(position) {
            looked_at = Some(position);
            for digest in missing {
                match model.blobs.copy(digest).await {
                    Ok(()) => {
                        copied.insert(digest);
                    }
                    // It is tried again at the next look.
                    Err(_) => looked_at = None,
                }
            }
        }
        tokio::time::sleep(COPY_PAUSE).await;
    }
}

/// Tries full disks until they have room, and checks the others now and then. It never returns.
async fn look_after_disks(log: &Arc<dyn EventLog>, model: &ReadModel) {
    let mut pauses = 0_u32;
    loop {
        if pauses.is_multiple_of(DISK_CHECK_EVERY) {
            let mut places: Vec<(Disk, PathBuf)> = Vec::new();
            if !log.is_read_only() {
                places.extend(log.folder().map(|folder| (Disk::Store(folder.display().to_string()), folder)));
            }
            places.extend(model.blobs.folder().map(|folder| (Disk::Folder(folder.clone()), folder.clone())));
            places.push((Disk::temporary(), std::env::temp_dir()));
            for (disk, folder) in places {
                if tried(folder).await.is_err_and(|error| disk::is_closed(&error)) {
                    model.disks.note(&disk);
                }
            }
        }
        tokio::time::sleep(DISK_PAUSE).await;
        pauses += 1;
        if log.write_trouble().is_some() {
            // It is over once this goes through; no write needs to come for it.
            let _ = log.try_room().await;
        }
        for disk in model.disks.full() {
            let has_room = match &disk {
                Disk::Store(_) => log.try_room().await.is_ok(),
                Disk::Folder(folder) => tried(folder.clone()).await.is_ok(),
            };
            if has_room {
                model.disks.clear(&disk);
            }
        }
    }
}

async fn tried(folder: PathBuf) -> std::io::Result<()> {
    tokio::task::spawn_blocking(move || disk::try_folder(&folder)).await.map_err(std::io::Error::other)?
}

async fn follow_log(app: &App, model: &ReadModel, snapshot_path: Option<PathBuf>) {
    let log = Arc::clone(app.log());
    let mut hint = log.hint();
    let mut snapshot_at = model.image().position;
    let mut must_check_log = false;
    loop {
        let step = async {
            let mut head = None;
            if must_check_log {
                // Reading the head refuses another log. The same log may have been restored to an earlier state: compare the
                // hash at the image's position.
                head = Some(in_sight(model, log.head()).await?);
                let (position, hash) = {
                    let image = model.image();
                    (image.position, image.hash)
                };
                if hash_at(&log, position).await? != Some(hash) {
                    return Err(FollowError::Replaced);
                }
            }
            catch_up(app, model, &log).await?;
            if let Some(head) = head {
                // What the head says is there must be there by now.
                whole(&model.image(), &head)?;
                log.takes_writes().await?;
            }
            Ok(())
        };
        match step.await {
            Ok(()) => {
                must_check_log = false;
                set_health(model, Health::Following);
            }
            Err(FollowError::Replaced) => {
                tracing::warn!("the log was replaced: the image is rebuilt");
                must_check_log = false;
                if let Err(error) = rebuild(app, model, &log).await {
                    must_check_log = true;
                    set_health(model, Health::Degraded(error.to_string()));
                    tokio::time::sleep(RETRY).await;
                }
                continue;
            }
            Err(FollowError::Store(error)) => {
                must_check_log = true;
                set_health(model, Health::Degraded(error.to_string()));
                tokio::time::sleep(RETRY).await;
                continue;
            }
            Err(error @ FollowError::Event(..)) => {
                set_health(model, Health::Stopped(error.to_string()));
                tokio::time::sleep(RETRY * 10).await;
                continue;
            }
        }
        let position = model.image().position;
        if let Some(path) = snapshot_path.as_ref().filter(|_| position - snapshot_at >= SNAPSHOT_EVERY) {
            snapshot_at = position;
            if let Err(error) = save_snapshot(model, &log, path).await {
                tracing::warn!("the snapshot was not written: {error}");
            }
        }
        let hinted = *hint.borrow_and_update();
        if hinted == position {
            // The hint changes for appends by other nodes too, but it is only a hint: look now and then in any
            // case. This also notices a store that has gone away.
            match tokio::time::timeout(Duration::from_secs(2), hint.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return,
                Err(_) => must_check_log = true,
            }
        } else if hinted < position {
            // The log ends before the image's position: it is another log, or a restored one.
            must_check_log = true;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Waits for the store. While it is silent for long, whoever looks is told.
async fn in_sight<T>(model: &ReadModel, asked: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let mut asked = std::pin::pin!(asked);
    tokio::select! {
        answer = &mut asked => return answer,
        () = tokio::time::sleep(SILENT) => set_health(model, Health::Degraded(sentence!("store-silent").to_string())),
    }
    asked.await
}

fn set_health(model: &ReadModel, health: Health) {
    if model.set_health(health.clone()) {
        tracing::info!("health: {health:?}");
    }
}

/// Writes a snapshot of the current image.
pub async fn save_snapshot(model: &ReadModel, log: &Arc<dyn EventLog>, path: &std::path::Path) -> anyhow::Result<()> {
    let log_id = log.head().await?.log_id;
    let bytes = snapshot::encode(&model.image(), &log_id)?;
    let file = path.to_owned();
    let written = tokio::task::spawn_blocking(move || snapshot::write(&file, &bytes)).await?;
    if let (Err(error), Some(folder)) = (&written, path.parent())
        && disk::is_full(error)
    {
        model.disks.note(&Disk::Folder(folder.to_owned()));
    }
    written?;
    Ok(())
}

async fn rebuild(app: &App, model: &ReadModel, log: &Arc<dyn EventLog>) -> Result<(), FollowError> {
    // Reading the head refuses another log.
    let head = log.head().await?;
    let mut image = replay(log, Image::empty()).await?;
    whole(&image, &head)?;
    load_shared(log, app.vault(), &mut image).await?;
    app.observe_city((*image.city).clone());
    app.forget().await;
    image.generation = model.image().generation + 1;
    model.change(|held| *held = image);
    Ok(())
}

/// Refuses an image of fewer events than the log says it has: some cannot be read, or were cut off. Then what is known
/// is shown on.
fn whole(image: &Image, head: &Head) -> Result<(), FollowError> {
    if image.position >= head.position {
        return Ok(());
    }
    let said = sentence!("log-cut", found = image.position, wanted = head.position);
    Err(FollowError::Store(StoreError::Damaged(said.to_string())))
}

async fn catch_up(app: &App, model: &ReadModel, log: &Arc<dyn EventLog>) -> Result<(), FollowError> {
    loop {
        let after = model.image().position;
        let page = in_sight(model, log.read(after, PAGE)).await?;
        let Some(first) = page.first() else { return Ok(()) };
        // The page must continue the image's hash chain; that of a replaced log does not.
        if chain::link(&model.image().hash, first) != first.hash {
            return Err(FollowError::Replaced);
        }
        let mut rows = Vec::new();
        for stored in &page {
            if stored.event.name == "subject.consent_recorded"
                && let Some(subject) = stored.event.aggregate.strip_prefix("subject/")
            {
                // What they share is fetched before the event is applied, so that no page shows one without the
                // other.
                if let Some(row) = log.vault_row(subject).await? {
                    rows.push(row);
                }
            }
        }
        model.change(|image| {
            for stored in &page {
                match image.apply(stored).map_err(|error| FollowError::Event(stored.position, error))? {
                    Effect::City => app.observe_city((*image.city).clone()),
                    Effect::Shared(subject) => {
                        let row = rows.iter().find(|row| row.subject == subject.0);
                        if let Some(Ok(shared)) = row.map(|row| app.vault().unseal(row)) {
                            image.put_shared(subject, shared);
                        }
                    }
                    Effect::None => {}
                }
            }
            Ok::<(), FollowError>(())
        })?;
    }
}
