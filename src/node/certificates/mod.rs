//! The certificate that this node shows: from files, or from an authority by ACME. It changes while connections come.

pub mod acme;
pub mod files;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use x509_cert::Certificate;
use x509_cert::der::Decode;

/// Why a certificate cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("{0} cannot be read: {1}")]
    File(String, std::io::Error),
    /// It is no certificate.
    #[error("{0} holds no certificate in PEM form: {1}")]
    Chain(String, String),
    /// It is no key.
    #[error("{0} holds no private key in PEM form: {1}")]
    Key(String, String),
    /// The two do not belong together.
    #[error("the key does not belong to the certificate: {0}")]
    Pair(String),
}

/// When a certificate holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// From.
    pub from: Timestamp,
    /// Until.
    pub until: Timestamp,
}

impl Validity {
    /// How long it holds in all; nothing for one that ends before it begins.
    pub fn length(&self) -> Duration {
        Duration::try_from(self.until.duration_since(self.from)).unwrap_or_default()
    }

    /// The moment from which another is to be had: two thirds of its life.
    pub fn renewal(&self) -> Timestamp {
        self.after(self.length() / 3 * 2)
    }

    /// The moment from which somebody should look why there is no other: nine tenths of its life.
    pub fn late(&self) -> Timestamp {
        self.after(self.length() / 10 * 9)
    }

    fn after(&self, length: Duration) -> Timestamp {
        self.from.saturating_add(SignedDuration::try_from(length).unwrap_or(SignedDuration::MAX)).unwrap_or(self.until)
    }
}

/// A certificate, ready to be shown.
#[derive(Debug, Clone)]
pub struct Ready {
    key: Arc<CertifiedKey>,
    /// When it holds.
    pub validity: Validity,
}

impl Ready {
    /// From PEM texts. The names are those of the files, for the sentence that says what is wrong.
    pub fn read((chain_name, chain): (&str, &[u8]), (key_name, key): (&str, &[u8])) -> Result<Self, CertificateError> {
        let wrong = |error: String| CertificateError::Chain(chain_name.to_owned(), error);
        let chain: Vec<CertificateDer<'static>> =
            CertificateDer::pem_slice_iter(chain).collect::<Result<_, _>>().map_err(|error| wrong(error.to_string()))?;
        let first = chain.first().ok_or_else(|| wrong(String::from("it has none")))?;
        let validity = Certificate::from_der(first).map_err(|error| wrong(error.to_string()))?.tbs_certificate.validity;
        let moment = |time: x509_cert::time::Time| Timestamp::try_from(time.to_system_time()).map_err(|error| wrong(error.to_string()));
        let validity = Validity { from: moment(validity.not_before)?, until: moment(validity.not_after)? };
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| CertificateError::Key(key_name.to_owned(), error.to_string()))?;
        let key = CertifiedKey::from_der(chain, key, &default_provider()).map_err(|error| CertificateError::Pair(error.to_string()))?;
        Ok(Self { key: Arc::new(key), validity })
    }
}

/// What is known of the certificate that is shown.
#[derive(Debug, Clone, Default)]
struct State {
    ready: Option<Ready>,
    trouble: Option<String>,
}

/// The certificate that this node shows.
#[derive(Debug, Default)]
pub struct Certificates(RwLock<State>);

impl Certificates {
    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Shows another certificate from now on.
    pub fn show(&self, ready: Ready) {
        tracing::info!("a certificate is shown that holds until {}", ready.validity.until);
        self.change(|state| *state = State { ready: Some(ready), trouble: None });
    }

    /// Notes why there is no other certificate. The old one goes on.
    pub fn trouble(&self, why: String) {
        tracing::warn!("{why}");
        self.change(|state| state.trouble = Some(why));
    }

    /// What was noted is over.
    pub fn settled(&self) {
        self.change(|state| state.trouble = None);
    }

    /// When the certificate that is shown holds; none where there is none yet.
    pub fn validity(&self) -> Option<Validity> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).ready.as_ref().map(|ready| ready.validity)
    }

    /// What is wrong with the certificate: why there is no other where one was to be had, that there is none at all, or that its
    /// end is near and nobody has renewed it.
    pub fn why_not(&self, now: Timestamp) -> Option<String> {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let ending = || match &state.ready {
            None => Some(String::from("there is no certificate yet")),
            Some(ready) if now >= ready.validity.late() => {
                Some(format!("the certificate holds until {} and was not renewed", ready.validity.until))
            }
            Some(_) => None,
        };
        state.trouble.clone().or_else(ending)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).ready.as_ref().map(|ready| Arc::clone(&ready.key))
    }
}
