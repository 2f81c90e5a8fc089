//! Requests to other servers: over HTTPS, answered within ten seconds, never led on to another address.

use std::pin::Pin;
use std::sync::OnceLock;
use std::time::Duration;

use axum::http::{Request, Response};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use rustls::crypto::ring;

use crate::credentials::oidc::reasons;
use crate::credentials::oidc::settings::is_secure;

/// How long an answer may take, all of it.
const PATIENCE: Duration = Duration::from_secs(10);
/// Largest answer, bytes.
const LARGEST: usize = 1 << 20;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum OutsideError {
    /// The address is not one that may be asked.
    #[error("{0} is asked over HTTPS only (plain HTTP on this machine)")]
    Address(String),
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

impl Outside {
    fn connections(&self) -> Result<&Connections, OutsideError> {
        if let Some(known) = self.0.get() {
            return Ok(known);
        }
        let https = HttpsConnectorBuilder::new().with_provider_and_native_roots(ring::default_provider()).map_err(OutsideError::Cas)?;
        let made = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(https.https_or_http().enable_http1().build());
        Ok(self.0.get_or_init(|| made))
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
