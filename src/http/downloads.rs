//! Whole collections and items as files. A file is written while it is sent; it is made whole first for a
//! client that asks for its length or for parts of it.

use crate::http::collections::parameters;
use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::time::Instant;

use crate::disk;
use crate::domain::digest::hex;
use crate::event_store::StoreError;
use crate::export::{self, Format};
use crate::http::Site;
use crate::http::collections::{find, tiles, when};
use crate::http::download_cache::{DownloadFile, PIECE};
use crate::http::errors::HttpError;
use crate::http::reading::Asking;
use crate::http::{ranges, respond};
use crate::read_model::layers::{Layer, LayerRow};
use crate::render::style;

/// `/collections/{c}/download.{ending}`, and the styles beside it.
pub async fn file(
    State(site): State<Arc<Site>>,
    Path((name, file)): Path<(String, String)>,
    Asking { query, .. }: Asking,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    if file.starts_with("style.") {
        return tiles::styles(&site, &name, &file, query.as_deref(), &headers);
    }
    let collection = find(&name)?;
    let format = file.strip_prefix("download.").and_then(Format::of_ending).ok_or(HttpError::NotFound)?;
    let pairs = parameters::pairs(query.as_deref(), &["datetime", "as_of", "token"], &[], false)?;
    let wanted = when::wanted(&pairs, &site.city().zone())?;
    let layer = site.model.layer(collection, wanted, &site.moment()).await?;
    let needs_length = ranges::needs_length(&method, &headers);
    send(&site, Content::of(layer), format, &format!("{name}.{}", format.ending()), needs_length, &headers).await
}

/// Hands over the written file piece by piece, as the client takes it.
struct Pipe(mpsc::Sender<io::Result<Bytes>>);

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let gone = |_| io::Error::new(io::ErrorKind::BrokenPipe, "the client has gone");
        self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes))).map_err(gone)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file below TMPDIR that notes when the disk is full, because a format may wrap the error that it meets.
struct Spool<'a> {
    file: &'a File,
    full: &'a Cell<bool>,
}

impl Write for Spool<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes);
        self.full.set(self.full.get() || written.as_ref().is_err_and(disk::is_full));
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// What a file is made of.
#[derive(Clone)]
pub(crate) struct Content {
    /// Its layers; several only in a format that can have them. There is at least the first.
    first: Arc<Layer>,
    others: Arc<[Layer]>,
    /// True if the file says how QGIS shows its layers.
    has_styles: bool,
}

impl Content {
    /// One layer.
    pub(crate) fn of(layer: Arc<Layer>) -> Self {
        Self { first: layer, others: Arc::default(), has_styles: false }
    }

    /// The layers of an item, with their styles where the format can hold them. A format of one layer gets the first.
    pub(crate) fn of_item(first: Layer, others: Vec<Layer>, format: Format) -> Self {
        let others = if format.has_layers() { others } else { Vec::new() };
        Self { first: Arc::new(first), others: others.into(), has_styles: format.has_layers() }
    }

    fn layers(&self) -> impl Iterator<Item = &Layer> {
        std::iter::once(self.first.as_ref()).chain(self.others.iter())
    }

    /// The digest of what the file is made of.
    fn digest(&self) -> [u8; 32] {
        if self.others.is_empty() && !self.has_styles {
            return self.first.digest;
        }
        let mut hash = Sha256::new();
        self.layers().for_each(|layer| hash.update(layer.digest));
        hash.update([u8::from(self.has_styles)]);
        hash.finalize().into()
    }
}

/// Writes layers as a file, until the client gives up.
fn write(
    site: &Site,
    runtime: &Handle,
    content: &Content,
    format: Format,
    out: impl Write,
    is_given_up: impl Fn() -> bool,
) -> io::Result<()> {
    let mut writer = export::open(format, content.first.collection, BufWriter::with_capacity(PIECE, out))?;
    for (n, layer) in content.layers().enumerate() {
        if n > 0 {
            writer.begin(layer.collection)?;
        }
        if content.has_styles {
            writer.style(layer.collection, &style::qml(layer.collection))?;
        }
        // The sets are written one after the other; a set that is not in memory is read when its turn comes.
        for part in &layer.parts {
            let features = runtime.block_on(part.features(&site.model)).map_err(io::Error::other)?;
            for feature in &features.list {
                if is_given_up() {
                    return Err(io::ErrorKind::BrokenPipe.into());
                }
                writer.feature(&LayerRow { properties: &layer.collection.properties, part, features: &features, feature })?;
            }
        }
    }
    writer.finish()
}

/// Takes a place for a download. The wait is limited, because slow readers must not keep others waiting for
/// ever.
async fn place(site: &Site, until: Instant) -> Result<OwnedSemaphorePermit, HttpError> {
    let place = tokio::time::timeout_at(until, Arc::clone(&site.download_places).acquire_owned()).await;
    place.map_err(|_| HttpError::Busy)?.map_err(|error| HttpError::Internal(error.to_string()))
}

/// The file without a length, written while it is sent.
async fn stream(site: &Arc<Site>, content: Content, format: Format, until: Instant) -> Result<Body, HttpError> {
    let place = place(site, until).await?;
    let (sender, receiver) = mpsc::channel::<io::Result<Bytes>>(4);
    let (site, runtime) = (Arc::clone(site), Handle::current());
    tokio::task::spawn_blocking(move || {
        let _place = place;
        if let Err(error) = write(&site, &runtime, &content, format, Pipe(sender.clone()), || sender.is_closed())
            && !sender.is_closed()
        {
            tracing::error!("a download failed: {error}");
            // An error in the body shows the client that the file is incomplete.
            let _ = sender.blocking_send(Err(error));
        }
    });
    let pieces = futures_util::stream::unfold(receiver, |mut receiver| async move { Some((receiver.recv().await?, receiver)) });
    Ok(Body::from_stream(pieces))
}

/// The whole file on the disk.
async fn make(site: &Arc<Site>, content: Content, format: Format, until: Instant) -> Result<Arc<DownloadFile>, HttpError> {
    let place = place(site, until).await?;
    let (site, runtime) = (Arc::clone(site), Handle::current());
    // Dropped when nobody waits for the file any longer.
    let (waiting, _here) = oneshot::channel::<()>();
    let made = tokio::task::spawn_blocking(move || {
        let file = tempfile::tempfile()?;
        let full = Cell::new(false);
        let written = write(&site, &runtime, &content, format, Spool { file: &file, full: &full }, || waiting.is_closed());
        written.map_err(|error| if full.get() { io::Error::new(io::ErrorKind::StorageFull, error) } else { error })?;
        DownloadFile::new(file, site.limits.download_bytes, place)
    });
    match made.await.map_err(|error| HttpError::Internal(error.to_string()))? {
        Ok(made) => Ok(Arc::new(made)),
        Err(error) => match error.downcast::<StoreError>() {
            Ok(error) => Err(error.into()),
            Err(error) => Err(HttpError::spooling(&error)),
        },
    }
}

/// Sends layers as a file. `needs_length` is true if the client asks for its length or for parts of it.
pub(crate) async fn send(
    site: &Arc<Site>,
    content: Content,
    format: Format,
    name: &str,
    needs_length: bool,
    request: &HeaderMap,
) -> Result<Response, HttpError> {
    let digest = content.digest();
    let key = (digest, format);
    // One version of the program always writes the same bytes for the same features.
    let tag = format!("\"{}-{}-{}\"", hex(&digest[..16]), env!("CARGO_PKG_VERSION"), format.ending());
    let etag = HeaderValue::try_from(tag).map_err(|error| HttpError::Internal(error.to_string()))?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=60"));
    headers.insert(header::ETAG, etag.clone());
    if respond::is_known(request, &etag) {
        return Ok(respond::with(StatusCode::NOT_MODIFIED, format.media(), headers, Bytes::new()));
    }
    let disposition = format!("attachment; filename=\"{name}\"");
    headers.extend(HeaderValue::try_from(disposition).ok().map(|value| (header::CONTENT_DISPOSITION, value)));
    // Waiting for a file that another request makes takes no longer than waiting for a place.
    let until = Instant::now() + site.limits.download_patience;
    let made = if needs_length || format.is_made_whole() {
        match site.kept.get_or_insert_async(&key, make(site, content.clone(), format, until)).await {
            Ok(made) => Some(made),
            // The disk is full or unreachable. The file can still be sent without a length.
            Err(HttpError::Full(disk)) if !format.is_made_whole() => {
                site.model.disks.note(&disk);
                None
            }
            Err(HttpError::Internal(what)) if !format.is_made_whole() => {
                tracing::error!("{what}");
                None
            }
            Err(error) => return Err(error),
        }
    } else {
        site.kept.get(&key)
    };
    let Some(made) = made else {
        return Ok(respond::with(StatusCode::OK, format.media(), headers, stream(site, content, format, until).await?));
    };
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(made.length()));
    headers.extend(made.is_kept().then_some(ranges::IN_PARTS));
    let mut response = respond::with(StatusCode::OK, format.media(), headers, Arc::clone(&made).body(0..made.length()));
    if made.is_kept() {
        response.extensions_mut().insert(made);
    }
    Ok(response)
}
