//! Who the server is: its certificate, the CAs, the host's name.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::Proof;
use super::sentences::both;
use crate::event_store::StoreError;

/// What is asked of the server's certificate, and by which list of CAs. Errors: the list cannot be used.
pub(super) fn client_config(proof: Proof, ca_file: Option<&str>) -> Result<ClientConfig, StoreError> {
    let failed = |error: &dyn std::fmt::Display| StoreError::NotPossible(format!("TLS: {error}"));
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| failed(&error))?;
    if proof == Proof::None {
        return Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth());
    }
    let (roots, named) = roots(ca_file)?;
    let issuers = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().map_err(|error| failed(&error))?;
    let verifier = Arc::new(Verifier { issuers, named, by_host: proof == Proof::Host });
    Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

/// The trusted CAs, and the certificates of the CA file; none of these where no file is named.
fn roots(ca_file: Option<&str>) -> Result<(RootCertStore, Vec<CertificateDer<'static>>), StoreError> {
    if let Some(file) = ca_file.filter(|file| !Path::new(file).is_file()) {
        return Err(StoreError::NotPossible(both(sentence!("pg-ca-missing", file))));
    }
    let found = match ca_file {
        Some(file) => rustls_native_certs::load_certs_from_paths(Some(Path::new(file)), None),
        None => rustls_native_certs::load_native_certs(),
    };
    let mut roots = RootCertStore::empty();
    let (usable, _) = roots.add_parsable_certificates(found.certs.iter().cloned());
    if usable > 0 {
        return Ok((roots, if ca_file.is_some() { found.certs } else { Vec::new() }));
    }
    let why = found.errors.first().map(|error| format!(": {error}")).unwrap_or_default();
    Err(StoreError::NotPossible(match ca_file {
        Some(file) => both(sentence!("pg-ca-unusable", file, why)),
        None => both(sentence!("pg-no-cas", why)),
    }))
}

/// Decides whether the server is who it should be. Otherwise the handshake fails and nothing is sent.
#[derive(Debug)]
struct Verifier {
    issuers: Arc<WebPkiServerVerifier>,
    /// Certificates of the CA file.
    named: Vec<CertificateDer<'static>>,
    /// Whether the certificate must name the host.
    by_host: bool,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        // A server may have signed its own certificate, as PostgreSQL's manual shows first. The CA file then holds
        // that very certificate. The server's signature in the handshake is still checked.
        if self.named.iter().any(|known| **known == **end_entity) {
            return Ok(ServerCertVerified::assertion());
        }
        match self.issuers.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // The name is checked last, so everything else is in order.
            Err(rustls::Error::InvalidCertificate(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }))
                if !self.by_host =>
            {
                Ok(ServerCertVerified::assertion())
            }
            result => result,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.issuers.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.issuers.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.issuers.supported_verify_schemes()
    }
}
