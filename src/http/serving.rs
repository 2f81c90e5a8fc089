//! Accepts connections, and serves each in a task of its own.

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

/// A client that takes nothing of its answer for this long is disconnected.
const WRITE_PATIENCE: Duration = Duration::from_secs(20);
/// Largest head of a request, in bytes. Up to as many bytes of an answer's pieces are collected and sent
/// together. That is more than an answer for one map view has, and less than hyper's own limit.
const BUFFER: usize = 256 << 10;
/// How long a connection that makes room gets to end, and how many connections are asked.
const ROOM_PATIENCE: Duration = Duration::from_millis(100);
const ROOM_TRIES: usize = 3;
/// How long requests in flight get to finish at shutdown.
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

    /// Serves a connection until it ends.
    async fn serve(self, stream: TcpStream, peer: SocketAddr, connection: Connection, watcher: Watcher) -> anyhow::Result<()> {
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(WRITE_PATIENCE));
        let on_request = connection.on_request();
        let with_peer = hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let mut request = request.map(&on_request);
            request.extensions_mut().insert(Peer(peer));
            hyper::service::Service::call(&self.service, request)
        });
        let mut builder = http1::Builder::new();
        // The timer ignores this duration: it tells an idle connection from a head that has begun.
        builder.timer(connection.timer()).header_read_timeout(self.idle).keep_alive(true).max_buf_size(BUFFER);
        let served = builder.serve_connection(TokioIo::new(connection.watched(Box::pin(stream))), with_peer);
        tokio::select! {
            // A request that has already come is served before the connection makes room.
            biased;
            served = watcher.watch(served) => Ok(served?),
            () = connection.has_to_go() => Ok(()),
        }
    }
}

/// Takes a place for a connection. If all are taken, a connection that can be spared is closed. `None` if
/// all connections are busy.
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

/// Serves until `shutdown` resolves, then finishes the requests in flight.
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
                // The process is most likely out of file descriptors. A connection that waits for a request makes room.
                if connections.make_room_for_files() {
                    tracing::debug!("a connection was not accepted: {error}; one that waited for a request was closed");
                    tokio::time::sleep(ROOM_PATIENCE / 10).await;
                } else {
                    tracing::warn!("a connection was not accepted: {error}");
                    tokio::time::sleep(ROOM_PATIENCE).await;
                }
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
