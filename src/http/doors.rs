//! The doors through which connections come: plain, encrypted, and the one that leads on to the encrypted one.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rcgen::{CertificateParams, CustomExtension, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::{Acceptor, ResolvesServerCert};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use super::{Site, router};
use crate::app::App;
use crate::app::certificates::Challenge;

/// The protocol by which an authority asks over TLS (RFC 8737 §6.2).
const ASKED: &[u8] = b"acme-tls/1";
/// HTTP/2 over TLS (RFC 9113 §3.1).
pub const HTTP_2: &[u8] = b"h2";
/// Longest token of an authority, characters.
const TOKEN: usize = 200;
/// Browsers ask over HTTPS only, for a year (RFC 6797).
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Where a door is.
pub enum Listener {
    /// A port.
    Tcp(TcpListener),
    /// A socket of the machine. Whoever connects there counts as 127.0.0.1.
    Unix(UnixListener),
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self::Tcp(listener)
    }
}

/// A connection.
pub enum Stream {
    /// Over a port.
    Tcp(TcpStream, SocketAddr),
    /// Over a socket of the machine.
    Unix(UnixStream),
}

impl Listener {
    /// Waits for a connection.
    pub async fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                let _ = stream.set_nodelay(true);
                Ok(Stream::Tcp(stream, address))
            }
            Self::Unix(listener) => Ok(Stream::Unix(listener.accept().await?.0)),
        }
    }
}

/// A door.
pub struct Door {
    /// Where it is.
    pub listener: Listener,
    /// What is behind it.
    pub kind: Kind,
    /// True where connections begin with a header of the PROXY protocol. Only proxies may open them.
    pub has_header: bool,
}

/// What is behind a door.
#[derive(Clone)]
pub enum Kind {
    /// Pages over plain HTTP.
    Plain,
    /// Pages over HTTPS.
    Secure(Arc<Secure>),
    /// The way to the pages over HTTPS, and what an authority for certificates asks for over HTTP.
    Onward,
}

impl Door {
    /// A door to pages over plain HTTP.
    pub fn plain(listener: impl Into<Listener>) -> Self {
        Self { listener: listener.into(), kind: Kind::Plain, has_header: false }
    }

    /// The requests that come in here are answered by this.
    pub(super) fn router(&self, site: &Arc<Site>) -> axum::Router {
        match &self.kind {
            Kind::Plain => router(Arc::clone(site)),
            Kind::Secure(secure) => {
                let known = (Arc::clone(site), Arc::clone(secure));
                router(Arc::clone(site)).layer(middleware::from_fn_with_state(known, at_home))
            }
            Kind::Onward => {
                axum::Router::new().route("/.well-known/acme-challenge/{token}", get(answer)).fallback(onward).with_state(Arc::clone(site))
            }
        }
    }
}

/// Leads on to the public address over HTTPS. No browser keeps that for long: the address may change once more.
fn leads_to(site: &Site, request: &Request) -> Response {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let public = site.city().public_url.clone();
    let (_, place) = public.split_once("://").unwrap_or(("", &public));
    let for_a_while = (header::CACHE_CONTROL, HeaderValue::from_static("max-age=300"));
    match HeaderValue::try_from(format!("https://{place}{path}")) {
        Ok(address) => (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, address), for_a_while]).into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

async fn onward(State(site): State<Arc<Site>>, request: Request) -> Response {
    leads_to(&site, &request)
}

/// `GET /.well-known/acme-challenge/{token}`: what an authority asks for, whichever node ordered.
async fn answer(State(site): State<Arc<Site>>, Path(token): Path<String>) -> Response {
    let is_token = token.len() <= TOKEN && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if !is_token {
        return StatusCode::NOT_FOUND.into_response();
    }
    match site.app.challenge(Challenge::Http, &token).await {
        Ok(Some(answer)) => ([(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"))], answer).into_response(),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => {
            tracing::warn!("an authority for certificates was not answered: {error}");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

/// Answers at the public address. A name of earlier days leads there: it stands on prints. Which name is the public one is asked
/// anew: it can be changed while the program runs.
async fn at_home(State((site, secure)): State<(Arc<Site>, Arc<Secure>)>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit())).map_or(host, |(name, _)| name);
    let public = site.city().public_url.clone();
    let is_public =
        public.split_once("://").is_some_and(|(_, place)| place.split(':').next().is_some_and(|host| host.eq_ignore_ascii_case(name)));
    let mut response = if !is_public && secure.names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        leads_to(&site, &request)
    } else {
        next.run(request).await
    };
    response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
    response
}

/// What makes a connection secure.
pub struct Secure {
    config: Arc<ServerConfig>,
    app: Arc<App>,
    /// All names: the host of the public address, and those of earlier days.
    names: Vec<String>,
}

impl Secure {
    /// Shows what `certificates` has at the time. Of `names`, those that are not the public address's lead there.
    /// Errors: the protocol versions do not fit the cryptography, which no user can bring about.
    pub fn new(app: Arc<App>, certificates: Arc<dyn ResolvesServerCert>, names: Vec<String>) -> Result<Arc<Self>, rustls::Error> {
        let mut config = server().map(|builder| builder.with_cert_resolver(certificates))?;
        config.alpn_protocols = vec![HTTP_2.to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(Self { config: Arc::new(config), app, names }))
    }

    /// Begins a secure connection. None where it was an authority that asks, and was answered.
    pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S) -> io::Result<Option<TlsStream<S>>> {
        let begun = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        let hello = begun.client_hello();
        let is_asked = hello.alpn().is_some_and(|mut offered| offered.any(|protocol| protocol == ASKED));
        if !is_asked {
            return begun.into_stream(Arc::clone(&self.config)).await.map(Some);
        }
        let name = hello.server_name().unwrap_or_default().to_owned();
        let answer = self.app.challenge(Challenge::Tls, &name).await.map_err(io::Error::other)?;
        let answer = answer.ok_or_else(|| io::Error::other(format!("no authority is expected to ask for “{name}”")))?;
        begun.into_stream(proof(&name, &answer).map_err(io::Error::other)?).await?.shutdown().await?;
        Ok(None)
    }
}

fn server() -> Result<rustls::ConfigBuilder<ServerConfig, rustls::server::WantsServerCert>, rustls::Error> {
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions()?;
    Ok(builder.with_no_client_auth())
}

/// A configuration that shows a certificate which proves to an authority that the name leads here (RFC 8737 §3).
fn proof(name: &str, answer: &str) -> anyhow::Result<Arc<ServerConfig>> {
    let mut params = CertificateParams::new(vec![name.to_owned()])?;
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(&Sha256::digest(answer.as_bytes()))];
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let certificate = params.self_signed(&key)?;
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(|error| anyhow::anyhow!("{error}"))?;
    let key = CertifiedKey::new(vec![certificate.der().clone()], default_provider().key_provider.load_private_key(key)?);
    // rustls would refuse to show it: it has an extension that only authorities know.
    let mut config = server()?.with_cert_resolver(Arc::new(SingleCertAndKey::from(key)));
    config.alpn_protocols = vec![ASKED.to_vec()];
    Ok(Arc::new(config))
}
