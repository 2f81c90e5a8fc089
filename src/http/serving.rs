//! Taking connections, and serving each in a lane.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;

use super::lanes::Lanes;
use super::limiter::Peer;
use super::{Site, router};

/// A client that has not sent a request's head by then is let go.
const HEAD_PATIENCE: Duration = Duration::from_secs(10);
/// A client that takes nothing of its answer for so long is let go.
const WRITE_PATIENCE: Duration = Duration::from_secs(20);
/// Most bytes of a request's head, and so many of an answer's pieces wait for one another to go out together:
/// more than a map's view has, and less than hyper's own bound.
const BUFFER: usize = 256 << 10;
/// Requests in flight get this long to finish at shutdown.
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(10);

/// How a connection is served.
#[derive(Clone)]
struct Manner {
    service: TowerToHyperService<axum::Router>,
    builder: http1::Builder,
}

impl Manner {
    fn new(site: Arc<Site>) -> Self {
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(HEAD_PATIENCE).keep_alive(true).max_buf_size(BUFFER);
        Self { service: TowerToHyperService::new(router(site)), builder }
    }

    /// Serves a connection to its end, in the event loop that this runs in.
    async fn serve(self, stream: std::net::TcpStream, peer: SocketAddr, watcher: Watcher) -> anyhow::Result<()> {
        let mut stream = TimeoutStream::new(TcpStream::from_std(stream)?);
        stream.set_write_timeout(Some(WRITE_PATIENCE));
        let with_peer = hyper::service::service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(Peer(peer));
            hyper::service::Service::call(&self.service, request)
        });
        Ok(watcher.watch(self.builder.serve_connection(TokioIo::new(Box::pin(stream)), with_peer)).await?)
    }
}

/// Serves in `lanes` until `shutdown` resolves, then finishes what is in flight.
pub async fn serve(listener: TcpListener, site: Arc<Site>, lanes: &Lanes, shutdown: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(site.limits.connections));
    let manner = Manner::new(site);
    let graceful = GracefulShutdown::new();
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        // It leaves the event loop that took it.
        let accepted = accepted.and_then(|(stream, peer)| Ok((stream.into_std()?, peer)));
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely: wait instead of spinning.
                tracing::warn!("a connection was not accepted: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            tracing::warn!("too many connections: one was let go");
            continue;
        };
        let _ = stream.set_nodelay(true);
        let (lane, counted) = lanes.lane(&stream, peer.ip());
        let served = manner.clone().serve(stream, peer, graceful.watcher());
        lane.spawn(async move {
            let _held = (place, counted);
            if let Err(error) = served.await {
                tracing::debug!("connection ended: {error}");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(SHUTDOWN_PATIENCE, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish in time");
    }
}
