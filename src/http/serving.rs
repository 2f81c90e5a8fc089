//! Taking connections, and serving each in a task of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutStream;

use super::limiter::Peer;
use super::waiting::{Connection, Connections, Patience};
use super::{Site, router};

/// A client that takes nothing of its answer for so long is let go.
const WRITE_PATIENCE: Duration = Duration::from_secs(20);
/// Most bytes of a request's head, and so many of an answer's pieces wait for one another to go out together:
/// more than a map's view has, and less than hyper's own bound.
const BUFFER: usize = 256 << 10;
/// A connection that makes room for another gets this long to end, so many times.
const ROOM_PATIENCE: Duration = Duration::from_millis(100);
const ROOM_TRIES: usize = 3;
/// Requests in flight get this long to finish at shutdown.
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(10);

/// How a connection is served.
#[derive(Clone)]
struct Manner {
    service: TowerToHyperService<axum::Router>,
    idle: Duration,
}

impl Manner {
    fn new(site: Arc<Site>) -> Self {
        let idle = site.limits.idle_patience;
        Self { service: TowerToHyperService::new(router(site)), idle }
    }

    /// Serves a connection to its end.
    async fn serve(self, stream: TcpStream, peer: SocketAddr, connection: Connection, watcher: Watcher) -> anyhow::Result<()> {
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(WRITE_PATIENCE));
        let asked = connection.asked();
        let with_peer = hyper::service::service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
            asked();
            request.extensions_mut().insert(Peer(peer));
            hyper::service::Service::call(&self.service, request)
        });
        let mut builder = http1::Builder::new();
        // The time is the timer's own affair: it tells an idle connection from a head that has begun.
        builder.timer(connection.timer()).header_read_timeout(self.idle).keep_alive(true).max_buf_size(BUFFER);
        let served = builder.serve_connection(TokioIo::new(connection.watched(Box::pin(stream))), with_peer);
        tokio::select! {
            // What has come is looked at before room is made.
            biased;
            served = watcher.watch(served) => Ok(served?),
            () = connection.has_to_go() => Ok(()),
        }
    }
}

/// A place for a connection; where all are taken, one that can be spared is closed. None when all are being
/// answered.
async fn place(places: &Arc<Semaphore>, connections: &Connections) -> Option<OwnedSemaphorePermit> {
    if let Ok(place) = Arc::clone(places).try_acquire_owned() {
        return Some(place);
    }
    for _ in 0..ROOM_TRIES {
        if !connections.make_room() {
            return None;
        }
        let place = tokio::time::timeout(ROOM_PATIENCE, Arc::clone(places).acquire_owned()).await;
        if let Ok(Ok(place)) = place {
            tracing::debug!("too many connections: one that waited for a request was closed");
            return Some(place);
        }
    }
    None
}

/// Serves until `shutdown` resolves, then finishes what is in flight.
pub async fn serve(listener: TcpListener, site: Arc<Site>, shutdown: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(site.limits.connections));
    let connections = Connections::new(Patience { head: site.limits.head_patience, idle: site.limits.idle_patience });
    let manner = Manner::new(site);
    let graceful = GracefulShutdown::new();
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely: wait instead of spinning.
                tracing::warn!("a connection was not accepted: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Some(place) = place(&places, &connections).await else {
            tracing::warn!("too many connections that are being answered: one was let go");
            continue;
        };
        let _ = stream.set_nodelay(true);
        let (manner, connection, watcher) = (manner.clone(), connections.enter(), graceful.watcher());
        tokio::spawn(async move {
            let _held = place;
            if let Err(error) = manner.serve(stream, peer, connection, watcher).await {
                tracing::debug!("connection ended: {error}");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(SHUTDOWN_PATIENCE, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish in time");
    }
}
