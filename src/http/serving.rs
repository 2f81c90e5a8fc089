//! Accepts connections, and serves each in a task of its own.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use hyper::body::{Body, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::server::conn::{http1, http2};
use hyper::service::{Service, service_fn};
use hyper::{Request, Uri};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_io_timeout::TimeoutStream;

use super::Site;
use super::doors::{Door, HTTP_2, Kind, Stream};
use super::proxies::{Peer, Proxies, client_of};
use super::received::Received;
use super::streams::{Answered, Streams};
use super::waiting::{Connection, Connections, Patience};

/// A client that takes nothing of its answer for this long is disconnected.
const WRITE_PATIENCE: Duration = Duration::from_secs(20);
/// Largest head of a request, in bytes. Up to as many bytes of an answer's pieces are collected and sent
/// together. That is more than an answer for one map view has, and less than hyper's own limit.
const BUFFER: usize = 256 << 10;
/// How long a connection that makes room gets to end, and how many connections are asked.
const ROOM_PATIENCE: Duration = Duration::from_millis(100);
const ROOM_TRIES: usize = 3;
/// Whoever connects over a socket of the machine.
const MACHINE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// Most requests at once on a connection of HTTP/2.
const STREAMS: u32 = 100;
/// Largest head of a request of HTTP/2, in bytes.
const HEAD: u32 = 64 << 10;
/// How long requests in flight get to finish at shutdown.
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(10);

/// How connections of a door are served.
#[derive(Clone)]
struct Manner {
    service: TowerToHyperService<axum::Router>,
    kind: Kind,
    patience: Patience,
    /// The proxies of which a PROXY header is expected; none where there is none.
    header_of: Option<Proxies>,
}

impl Manner {
    fn new(site: &Arc<Site>, door: &Door) -> Self {
        let patience = Patience { head: site.limits.head_patience, idle: site.limits.idle_patience };
        Self {
            service: TowerToHyperService::new(door.router(site)),
            kind: door.kind.clone(),
            patience,
            header_of: door.has_header.then(|| site.limits.proxies.clone()),
        }
    }

    /// Serves a connection until it ends.
    async fn serve<S>(
        self,
        mut stream: S,
        address: SocketAddr,
        connection: Connection,
        (mut ends, watcher): (watch::Receiver<()>, Watcher),
    ) -> anyhow::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        // Whoever has asked nothing yet keeps nobody from ending.
        let mut has_to_go = async || {
            tokio::select! {
                () = connection.has_to_go() => {}
                _ = ends.changed() => {}
            }
        };
        let mut peer = Peer { address, proxy: None, is_secure: false };
        if let Some(proxies) = &self.header_of {
            if !proxies.are_at(address.ip()) {
                anyhow::bail!("{} is no proxy, and only those may connect here", address.ip());
            }
            let client = tokio::select! {
                client = client_of(&mut stream, self.patience.head) => client?,
                () = has_to_go() => return Ok(()),
            };
            // A proxy that tells no client speaks for itself: then too the headers are not its own.
            peer = Peer { address: client.unwrap_or(address), proxy: Some(address), ..peer };
        }
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(WRITE_PATIENCE));
        let stream = Box::pin(stream);
        let Kind::Secure(secure) = &self.kind else {
            return self.http_1(stream, peer, connection, watcher).await;
        };
        let accepted = tokio::select! {
            accepted = tokio::time::timeout(self.patience.head, secure.accept(stream)) => accepted??,
            () = has_to_go() => return Ok(()),
        };
        let Some(stream) = accepted else { return Ok(()) };
        let peer = Peer { is_secure: true, ..peer };
        if stream.get_ref().1.alpn_protocol() == Some(HTTP_2) {
            return self.http_2(stream, peer, connection, watcher).await;
        }
        self.http_1(stream, peer, connection, watcher).await
    }

    async fn http_1<S>(self, stream: S, peer: Peer, connection: Connection, watcher: Watcher) -> anyhow::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let on_request = connection.on_request();
        let with_peer = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(&on_request);
            request.extensions_mut().insert(peer);
            self.service.call(request)
        });
        let mut builder = http1::Builder::new();
        // The timer ignores this duration: it tells an idle connection from a head that has begun.
        builder.timer(connection.timer()).header_read_timeout(self.patience.idle).keep_alive(true).max_buf_size(BUFFER);
        let served = builder.serve_connection(TokioIo::new(connection.watched(stream)), with_peer);
        tokio::select! {
            // A request that has already come is served before the connection makes room.
            biased;
            served = watcher.watch(served) => Ok(served?),
            () = connection.has_to_go() => Ok(()),
        }
    }

    async fn http_2<S>(self, stream: S, peer: Peer, connection: Connection, watcher: Watcher) -> anyhow::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (streams, service) = (Streams::of(&connection), self.service);
        let begins = streams.clone();
        let with_peer = service_fn(move |request: Request<Incoming>| {
            let begun = begins.begin(!request.body().is_end_stream());
            let mut request = as_http_1(request).map(|body| Received::new(body, Arc::clone(&begun)));
            request.extensions_mut().insert(peer);
            let answer = service.call(request);
            async move { Ok::<_, Infallible>(answer.await?.map(|body| Answered::new(body, begun))) }
        });
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .keep_alive_interval(Some(WRITE_PATIENCE))
            .keep_alive_timeout(WRITE_PATIENCE)
            .max_concurrent_streams(STREAMS)
            .max_header_list_size(HEAD)
            .max_send_buf_size(BUFFER);
        let served = builder.serve_connection(TokioIo::new(connection.watched(stream)), with_peer);
        tokio::select! {
            biased;
            served = watcher.watch(served) => Ok(served?),
            () = connection.has_to_go() => Ok(()),
            () = connection.has_waited() => Ok(()),
            () = streams.are_stuck(WRITE_PATIENCE) => Ok(()),
        }
    }
}

/// A request as HTTP/1.1 would have brought it: its host in a header, its address without one, its cookies in one header
/// (RFC 9113 §8.3.1, §8.2.3).
fn as_http_1<B>(mut request: Request<B>) -> Request<B> {
    if let Some(host) = request.uri().authority().and_then(|host| HeaderValue::try_from(host.as_str()).ok()) {
        request.headers_mut().insert(header::HOST, host);
        if let Some(path) = request.uri().path_and_query().cloned() {
            *request.uri_mut() = Uri::from(path);
        }
    }
    let cookies: Vec<&[u8]> = request.headers().get_all(header::COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if cookies.len() > 1
        && let Ok(joined) = HeaderValue::from_bytes(&cookies.join(b"; ".as_slice()))
    {
        request.headers_mut().insert(header::COOKIE, joined);
    }
    request
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

/// Where connections wait and are counted, whichever door they came through.
struct Hall {
    places: Arc<Semaphore>,
    connections: Arc<Connections>,
    graceful: GracefulShutdown,
    /// Tells connections on which nothing was asked yet that all ends.
    ends: watch::Sender<()>,
}

impl Hall {
    /// Lets connections in through a door. It never returns.
    async fn receive(&self, door: Door, manner: Manner) {
        loop {
            let stream = match door.listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    // The process is most likely out of file descriptors. A connection that waits for a request makes room.
                    if self.connections.make_room_for_files() {
                        tracing::debug!("a connection was not accepted: {error}; one that waited for a request was closed");
                        tokio::time::sleep(ROOM_PATIENCE / 10).await;
                    } else {
                        tracing::warn!("a connection was not accepted: {error}");
                        tokio::time::sleep(ROOM_PATIENCE).await;
                    }
                    continue;
                }
            };
            let Some(place) = place(&self.places, &self.connections).await else {
                tracing::warn!("too many connections that are being answered: one was let go");
                continue;
            };
            let (manner, connection) = (manner.clone(), self.connections.enter());
            let until = (self.ends.subscribe(), self.graceful.watcher());
            tokio::spawn(async move {
                let _held = place;
                let served = match stream {
                    Stream::Tcp(stream, address) => manner.serve(stream, address, connection, until).await,
                    Stream::Unix(stream) => manner.serve(stream, MACHINE, connection, until).await,
                };
                if let Err(error) = served {
                    tracing::debug!("connection ended: {error}");
                }
            });
        }
    }
}

/// Serves at all doors until `shutdown` resolves, then finishes the requests in flight.
pub async fn serve(doors: Vec<Door>, site: Arc<Site>, shutdown: impl Future<Output = ()>) {
    let hall = Hall {
        places: Arc::new(Semaphore::new(site.limits.connections)),
        connections: Connections::new(Patience { head: site.limits.head_patience, idle: site.limits.idle_patience }),
        graceful: GracefulShutdown::new(),
        ends: watch::Sender::new(()),
    };
    let receiving = doors.into_iter().map(|door| {
        let manner = Manner::new(&site, &door);
        hall.receive(door, manner)
    });
    tokio::select! {
        _ = join_all(receiving) => {}
        () = shutdown => {}
    }
    hall.ends.send_replace(());
    if tokio::time::timeout(SHUTDOWN_PATIENCE, hall.graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish in time");
    }
}
