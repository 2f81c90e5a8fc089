//! Whole collections and items as files, written while they are sent.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use tokio::sync::mpsc;

use super::{ask, find, tiles, when};
use crate::domain::digest::hex;
use crate::export::{self, Format};
use crate::http::Site;
use crate::http::errors::HttpError;
use crate::http::items::finish;
use crate::http::respond;
use crate::read_model::layers::{Layer, LayerRow};

/// How long a place for a download is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes handed over at a time.
const PIECE: usize = 256 << 10;

/// `/collections/{c}/download.{ending}`, and the styles beside it.
pub async fn file(
    State(site): State<Arc<Site>>,
    Path((name, file)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    if file.starts_with("style.") {
        return tiles::styles(&site, &name, &file, query.as_deref(), &headers);
    }
    let result = async {
        let collection = find(&name)?;
        let format = file.strip_prefix("download.").and_then(Format::of_ending).ok_or(HttpError::NotFound)?;
        let pairs = ask::pairs(query.as_deref(), &["datetime", "as_of", "token"], &[])?;
        let wanted = when::wanted(&pairs, &site.city().zone())?;
        let layer = site.model.layer(collection, wanted, &site.moment()).await?;
        send(&site, layer, format, &format!("{name}.{}", format.ending()), &headers).await
    };
    finish(&site, &headers, query.as_deref(), result.await)
}

/// Hands over what is written, piece by piece, as the client takes it.
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

/// Sends a layer as a file.
pub(crate) async fn send(
    site: &Arc<Site>,
    layer: Arc<Layer>,
    format: Format,
    name: &str,
    request: &HeaderMap,
) -> Result<Response, HttpError> {
    // Weak: a GeoPackage notes when it was written.
    let tag = format!("\"{}-{}\"", hex(&layer.digest[..16]), format.ending());
    let mut headers = HeaderMap::new();
    headers.extend(HeaderValue::try_from(format!("W/{tag}")).ok().map(|etag| (header::ETAG, etag)));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=60"));
    if HeaderValue::try_from(tag).is_ok_and(|tag| respond::is_known(request, &tag)) {
        return Ok(respond::with(StatusCode::NOT_MODIFIED, format.media(), headers, Bytes::new()));
    }
    // Slow readers must not keep others waiting without an answer.
    let place = tokio::time::timeout(PATIENCE, Arc::clone(&site.download_places).acquire_owned()).await;
    let place = place.map_err(|_| HttpError::Away)?.map_err(|error| HttpError::Internal(error.to_string()))?;
    let (sender, receiver) = mpsc::channel::<io::Result<Bytes>>(4);
    let (site, runtime) = (Arc::clone(site), tokio::runtime::Handle::current());
    tokio::task::spawn_blocking(move || {
        let _place = place;
        let written = (|| {
            let mut writer = export::open(format, layer.collection, BufWriter::with_capacity(PIECE, Pipe(sender.clone())))?;
            // One set after the other: what is not in memory is read when its turn comes.
            for part in &layer.parts {
                let features = match runtime.block_on(part.features(&site.model)) {
                    Ok(features) => features,
                    Err(error) => return Err(io::Error::other(error)),
                };
                for feature in &features.list {
                    if sender.is_closed() {
                        return Err(io::ErrorKind::BrokenPipe.into());
                    }
                    writer.feature(&LayerRow { properties: &layer.collection.properties, part, features: &features, feature })?;
                }
            }
            writer.finish()
        })();
        if let Err(error) = written
            && !sender.is_closed()
        {
            tracing::error!("a download failed: {error}");
            // The client must see that the file is not whole.
            let _ = sender.blocking_send(Err(error));
        }
    });
    let stream = futures_util::stream::unfold(receiver, |mut receiver| async move { Some((receiver.recv().await?, receiver)) });
    let mut response = Response::new(Body::from_stream(stream));
    *response.status_mut() = StatusCode::OK;
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media()));
    let disposition = format!("attachment; filename=\"{name}\"");
    headers.extend(HeaderValue::try_from(disposition).ok().map(|value| (header::CONTENT_DISPOSITION, value)));
    *response.headers_mut() = headers;
    Ok(response)
}
