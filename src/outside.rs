//! Requests to other servers: over HTTPS, answered within ten seconds, never led on to another address. Addresses that anybody
//! may write down are asked only where they lie on the open Internet.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::http::{Method, Request, Response, Uri};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioExecutor;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use rustls::crypto::ring;

use crate::credentials::oidc::reasons;
use openidconnect::url::Url;

use crate::credentials::oidc::settings::is_secure;

/// A network of IPv4 addresses: its first address and the length of its prefix.
type Network = ([u8; 4], u32);

/// IPv4 networks that are not on the open Internet (IANA IPv4 Special-Purpose Address Registry).
const SPECIAL: [Network; 15] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
];

/// True for an address on the open Internet: no machine of this house, and no address that hides one.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let bits = u32::from(address);
            !SPECIAL.iter().any(|(first, length)| (bits ^ u32::from_be_bytes(*first)) >> (32 - length) == 0)
        }
        // Of all IPv6 addresses only 2000::/3 are given to networks. Of those some carry an IPv4 address, and some are for
        // examples and tunnels.
        IpAddr::V6(address) => {
            let [first, second, ..] = address.segments();
            (0x2000..0x4000).contains(&first)
                && first != 0x2002
                && !(first == 0x2001 && (second < 0x0200 || second == 0x0db8))
                && first != 0x3fff
        }
    }
}

/// Finds the addresses of a name, and gives those on the open Internet only.
#[derive(Clone)]
struct PublicOnly;

impl tower_service::Service<Name> for PublicOnly {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.filter(|found| is_public(found.ip())).collect();
            if found.is_empty() {
                return Err(std::io::Error::other("the name leads to no address on the open Internet"));
            }
            Ok(found.into_iter())
        })
    }
}

/// How long an answer may take, all of it.
const PATIENCE: Duration = Duration::from_secs(10);
/// How this program calls itself to servers that it asks.
const AGENT: &str = concat!("bangtin/", env!("CARGO_PKG_VERSION"), " (link check)");
/// Largest answer, bytes.
const LARGEST: usize = 1 << 20;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum OutsideError {
    /// The address is not one that may be asked.
    #[error("{0} is asked over HTTPS only (plain HTTP on this machine)")]
    Address(String),
    /// The address is no address on the open Internet.
    #[error("{0} is not on the open Internet, and is not asked")]
    Private(String),
    /// The machine has no list of CAs.
    #[error("the machine's list of CAs cannot be read: {0}")]
    Cas(std::io::Error),
    /// The server is not to be reached.
    #[error("{0} does not answer: {1}")]
    Away(String, String),
    /// The answer does not end, or is too long.
    #[error("the answer of {0} cannot be read: {1}")]
    Answer(String, String),
    /// It takes too long.
    #[error("{0} has not answered within ten seconds")]
    Late(String),
}

type Connections = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// The way to other servers. A request has a connection of its own: they are rare, and an idle one may be dead.
#[derive(Default)]
pub struct Outside(OnceLock<Connections>);

/// An address as it is asked for: `https://chè.vn/é` is `https://xn--ch-8ia.vn/%C3%A9` on the wire.
fn in_ascii(address: &str) -> Option<Uri> {
    Url::parse(address).ok()?.as_str().parse().ok()
}

impl Outside {
    fn connections(&self) -> Result<&Connections, OutsideError> {
        if let Some(known) = self.0.get() {
            return Ok(known);
        }
        let https = HttpsConnectorBuilder::new().with_provider_and_native_roots(ring::default_provider()).map_err(OutsideError::Cas)?;
        let made = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(https.https_or_http().enable_http1().build());
        Ok(self.0.get_or_init(|| made))
    }

    /// Asks whether an address that somebody wrote down answers. Gives the status. Errors: it lies not on the open Internet, or
    /// does not answer.
    pub async fn answers(&self, address: &str) -> Result<u16, OutsideError> {
        let uri = in_ascii(address).ok_or_else(|| OutsideError::Address(address.to_owned()))?;
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        // A number is asked as it is, and never looked up.
        let is_open = host.parse::<IpAddr>().map_or(!host.is_empty(), is_public);
        if uri.scheme_str() != Some("https") || !is_open {
            return Err(OutsideError::Private(host.to_owned()));
        }
        let mut tcp = HttpConnector::new_with_resolver(PublicOnly);
        tcp.enforce_http(false);
        let https = HttpsConnectorBuilder::new().with_provider_and_native_roots(ring::default_provider()).map_err(OutsideError::Cas)?;
        let client: Client<_, Full<Bytes>> =
            Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(https.https_only().enable_http1().wrap_connector(tcp));
        let answer = async {
            let mut status = 0;
            for method in [Method::HEAD, Method::GET] {
                let request = Request::builder().method(method).uri(uri.clone()).header("user-agent", AGENT).body(Full::default());
                let request = request.map_err(|error| OutsideError::Away(host.to_owned(), error.to_string()))?;
                let answer = client.request(request).await.map_err(|error| OutsideError::Away(host.to_owned(), reasons(&error)))?;
                status = answer.status().as_u16();
                // Some servers answer no HEAD.
                if status < 400 {
                    break;
                }
            }
            Ok(status)
        };
        tokio::time::timeout(PATIENCE, answer).await.unwrap_or_else(|_| Err(OutsideError::Late(host.to_owned())))
    }

    /// Sends a request. An answer that leads elsewhere is given as it is: whoever could lead on the program would choose
    /// whom it asks.
    pub async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, OutsideError> {
        let uri = request.uri().clone();
        let name = uri.authority().map_or_else(|| uri.to_string(), ToString::to_string);
        if !uri.to_string().parse().is_ok_and(|url| is_secure(&url)) {
            return Err(OutsideError::Address(name));
        }
        let connections = self.connections()?;
        let answer = async {
            let request = request.map(|body| Full::new(Bytes::from(body)));
            let answer = connections.request(request).await;
            let answer = answer.map_err(|error| OutsideError::Away(name.clone(), reasons(&error)))?;
            let (parts, body) = answer.into_parts();
            let body = Limited::new(body, LARGEST).collect().await;
            let body = body.map_err(|error| OutsideError::Answer(name.clone(), error.to_string()))?;
            Ok(Response::from_parts(parts, body.to_bytes().to_vec()))
        };
        tokio::time::timeout(PATIENCE, answer).await.unwrap_or_else(|_| Err(OutsideError::Late(name.clone())))
    }
}

impl<'c> AsyncHttpClient<'c> for Outside {
    type Error = OutsideError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, OutsideError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_peoples_letters_are_asked_in_the_wires() {
        let asked = |address: &str| in_ascii(address).map(|uri| uri.to_string());
        assert_eq!(asked("https://chè.vn/é?q=à").as_deref(), Some("https://xn--ch-8ia.vn/%C3%A9?q=%C3%A0"));
        assert_eq!(asked("https://a.example/x#y").as_deref(), Some("https://a.example/x"));
        assert_eq!(asked("chè.vn"), None);
    }

    #[test]
    fn what_is_not_on_the_open_internet_is_never_asked() {
        for public in ["1.1.1.1", "113.160.0.1", "172.15.0.1", "172.32.0.1", "100.63.255.255", "2405:4800::1", "2606:4700::1111"] {
            assert!(is_public(public.parse().expect(public)), "{public}");
        }
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "192.0.2.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::1",
            "2001:db8::1",
            "2001::1",
            "3fff::1",
        ] {
            assert!(!is_public(private.parse().expect(private)), "{private}");
        }
    }

    #[tokio::test]
    async fn an_address_of_this_house_is_refused_however_it_is_written_and_no_connection_is_made() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let outside = Outside::default();
        for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1", "2130706433", "0x7f.1"] {
            let asked = outside.answers(&format!("https://{host}:{port}/")).await;
            assert!(asked.is_err(), "{host}: {asked:?}");
        }
        assert!(outside.answers(&format!("http://localhost:{port}/")).await.is_err(), "HTTPS only");
        let nobody = tokio::time::timeout(Duration::from_millis(200), listener.accept()).await;
        assert!(nobody.is_err(), "somebody has connected");
    }
}
