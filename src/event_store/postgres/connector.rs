//! The only code that connects to PostgreSQL, in clear or over TLS. Every connection must be a session of its own.
//!
//! The driver knows only the `sslmode`s disable, prefer and require. So this module takes `sslmode` and
//! `sslrootcert` out of the address and handles them itself. It reads `require` as `verify-full`: libpq's
//! `require` encrypts to whoever answers, and an attacker in between can answer. `prefer` and `allow` promise
//! nothing; they mean a connection in clear, like an address without `sslmode`.

mod sentences;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::{poll_fn, try_join_all};
use percent_encoding::percent_decode_str;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_postgres::config::{Host, SslMode, SslNegotiation, TargetSessionAttrs};
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{AsyncMessage, Client, Config, Connection, Error, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{CONNECTIONS, PATIENCE, explain, late, unavailable};
use crate::event_store::StoreError;
use sentences::{both, no_room, unread};
pub(super) use sentences::{by_a_pooler, no_session, not_allowed};

/// How long a notification may take before it counts as lost.
const NOTICE: Duration = Duration::from_secs(5);

/// How long a start waits for a place where the server has none left: it ends a closed connection only after a moment.
const CLOSING: Duration = Duration::from_secs(3);
/// How long until it is tried again.
const NEXT_TRY: Duration = Duration::from_millis(50);

/// The future that drives a connection, encrypted or not.
pub(super) type Line = Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>;

/// How far the server must prove who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// Not at all: the line is in clear.
    None,
    /// Its certificate comes from a known CA.
    Issuer,
    /// Its certificate comes from a known CA and names the host.
    Host,
}

/// Opens connections to one database.
#[derive(Clone)]
pub(super) struct Connector {
    pub(super) config: Config,
    tls: MakeRustlsConnect,
    pub(super) proof: Proof,
    /// File with the known CAs; none means the machine's own list.
    pub(super) ca_file: Option<String>,
    /// How many connections are open.
    open: Arc<AtomicUsize>,
    /// How often older connections were given up: those from before may be dead, or have another session.
    generation: Arc<AtomicUsize>,
}

/// Counts a connection while it is open.
pub(super) struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Connector {
    /// Reads an address, and the CA file it names.
    pub(super) fn new(url: &str) -> Result<Self, StoreError> {
        let Address { url, mode, ca_file } = Address::read(url);
        let mut config = url.parse::<Config>().map_err(|error| StoreError::NotPossible(unread(&error)))?;
        if config.get_target_session_attrs() == TargetSessionAttrs::ReadOnly {
            return Err(StoreError::NotPossible(both(sentence!("pg-option-session"))));
        }
        // By this name the program knows its own sessions among those of others.
        config.application_name("bangtin");
        config.connect_timeout(Duration::from_secs(5));
        config.tcp_user_timeout(PATIENCE);
        let proof = if is_local(&config) { Proof::None } else { proof(mode.as_deref(), ca_file.is_some())? };
        config.ssl_mode(if proof == Proof::None { SslMode::Disable } else { SslMode::Require });
        // “system” is libpq's word for the machine's own list.
        let ca_file = ca_file.filter(|file| file != "system");
        let mut client = client_config(proof, ca_file.as_deref())?;
        if config.get_ssl_negotiation() == SslNegotiation::Direct {
            // Direct TLS has no SSLRequest before it, so the handshake itself must name the protocol.
            client.alpn_protocols = vec![b"postgresql".to_vec()];
        }
        Ok(Self { config, tls: MakeRustlsConnect::new(client), proof, ca_file, open: Arc::default(), generation: Arc::default() })
    }

    /// From now on no connection of before is used.
    pub(super) fn give_up_older(&self) {
        self.generation.fetch_add(1, Ordering::Relaxed);
    }

    /// How often older connections were given up.
    pub(super) fn generation(&self) -> usize {
        self.generation.load(Ordering::Relaxed)
    }

    /// Counts a connection until what it gives is dropped.
    pub(super) fn counted(&self) -> Counted {
        self.open.fetch_add(1, Ordering::Relaxed);
        Counted(Arc::clone(&self.open))
    }

    /// A connection, and what must be polled for it to work.
    pub(super) async fn open(&self) -> Result<(Client, Line), StoreError> {
        self.open_within(Duration::ZERO).await
    }

    /// The same; waits that long for a place where the server has none left.
    async fn open_within(&self, patience: Duration) -> Result<(Client, Line), StoreError> {
        let begun = Instant::now();
        loop {
            let connected = tokio::time::timeout(PATIENCE, self.config.connect(self.tls.clone())).await.map_err(|_| late())?;
            let is_full = |error: &Error| error.code() == Some(&SqlState::TOO_MANY_CONNECTIONS);
            match connected {
                Err(error) if is_full(&error) && begun.elapsed() < patience => tokio::time::sleep(NEXT_TRY).await,
                connected => return self.explained(connected).await,
            }
        }
    }

    async fn explained(&self, connected: Result<(Client, Line), Error>) -> Result<(Client, Line), StoreError> {
        match connected {
            Ok(connected) => Ok(connected),
            Err(error) => {
                let is_about_tls = sentences::wants_tls(&explain(&error)) || sentences::is_not_admitted(&error);
                let offers_tls = !is_about_tls || self.offers_tls().await;
                Err(StoreError::Unavailable(self.words(&error, offers_tls)))
            }
        }
    }

    /// True unless the server says that it does not encrypt (PostgreSQL, Message Flow, SSLRequest).
    async fn offers_tls(&self) -> bool {
        const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
        let Some(Host::Tcp(host)) = self.config.get_hosts().first() else { return false };
        let port = self.config.get_ports().first().copied().unwrap_or(5432);
        let asked = async {
            let mut stream = tokio::net::TcpStream::connect((host.as_str(), port)).await?;
            stream.write_all(&SSL_REQUEST).await?;
            stream.read_u8().await
        };
        !matches!(tokio::time::timeout(PATIENCE, asked).await, Ok(Ok(b'N')))
    }

    /// A connection, a channel that gets a message at each notification, and the task that drives both.
    /// It waits that long for a place where the server has none left.
    pub(super) async fn listener(&self, patience: Duration) -> Result<(Client, mpsc::Receiver<()>, JoinHandle<()>), StoreError> {
        let (client, mut connection) = self.open_within(patience).await?;
        let (sender, told) = mpsc::channel::<()>(1);
        let counted = self.counted();
        let driver = tokio::spawn(async move {
            let _counted = counted;
            while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
                match message {
                    Ok(AsyncMessage::Notification(_)) => {
                        let _ = sender.try_send(());
                    }
                    Ok(_) => {}
                    Err(_) => break,
                }
            }
        });
        Ok((client, told, driver))
    }

    /// Makes sure that each connection is a session of its own. Behind a pooler in transaction mode it is not:
    /// one server connection prepares a statement or listens, and a later query goes to another.
    pub(super) async fn check_sessions(&self) -> Result<(), StoreError> {
        let (first, mut told, _) = self.listener(CLOSING).await?;
        // A pooler answers by itself until something is asked of the server behind it.
        let asked = tokio::time::timeout(PATIENCE, first.simple_query("SELECT 1")).await.map_err(|_| late())?;
        asked.map_err(unavailable)?;
        let (second, _, _) = self.listener(CLOSING).await.map_err(|_| no_room())?;
        let begun = tokio::time::timeout(PATIENCE, second.simple_query("SELECT 1")).await.map_err(|_| no_room())?;
        begun.map_err(|error| if explain(&error).contains("query_wait_timeout") { no_room() } else { unavailable(error) })?;
        let kept = tokio::time::timeout(PATIENCE, keeps_sessions(&first, &second, &mut told)).await.map_err(|_| late())?;
        match kept {
            Ok(true) => Ok(()),
            Ok(false) => Err(no_session()),
            Err(error) if explain(&error).contains("query_wait_timeout") => Err(no_room()),
            Err(error) if sentences::by_a_pooler(&explain(&error)).is_some() => Err(unavailable(error)),
            // The prepared statement is gone, its name is another client's, or transactions are not allowed.
            Err(error) if matches!(error.code().map(SqlState::code), Some("26000" | "42P05" | "08P01")) => Err(no_session()),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Makes sure that all connections of a node can be open at once: a pooler makes those beyond its limit wait.
    pub(super) async fn check_room(&self) -> Result<(), StoreError> {
        let more = CONNECTIONS.saturating_sub(self.open.load(Ordering::Relaxed));
        let open = (0..more).map(|_| async {
            let (client, _, driver) = self.listener(CLOSING).await.map_err(|_| no_room())?;
            client.simple_query("SELECT 1").await.map_err(|_| no_room())?;
            Ok::<_, StoreError>((client, driver))
        });
        let all = tokio::time::timeout(PATIENCE, try_join_all(open)).await.map_err(|_| no_room())?;
        all.map(|_| ())
    }
}

/// True when prepared statements and LISTEN stay with their connection. Two connections ask in turns, so that a
/// pooler cannot by chance give each the server connection that it had before.
async fn keeps_sessions(first: &Client, second: &Client, told: &mut mpsc::Receiver<()>) -> Result<bool, Error> {
    let process = first.prepare("SELECT pg_backend_pid()").await?;
    first.batch_execute("LISTEN bangtin_check").await?;
    let before: i32 = first.query_one(&process, &[]).await?.get(0);
    second.batch_execute("BEGIN").await?;
    let beside: i32 = second.query_one("SELECT pg_backend_pid()", &[]).await?.get(0);
    if beside == before {
        return Ok(false);
    }
    second.batch_execute("NOTIFY bangtin_check").await?;
    let after: i32 = first.query_one(&process, &[]).await?.get(0);
    second.batch_execute("COMMIT").await?;
    Ok(after == before && tokio::time::timeout(NOTICE, told.recv()).await == Ok(Some(())))
}

/// An address, with its TLS parameters taken out.
#[derive(Debug, PartialEq, Eq)]
struct Address {
    /// The rest of the address, as the driver reads it.
    url: String,
    /// The value of `sslmode`.
    mode: Option<String>,
    /// The value of `sslrootcert`.
    ca_file: Option<String>,
}

impl Address {
    fn read(url: &str) -> Self {
        // A password may hold a question mark, so the query is looked for behind the `@`.
        let host = url.find('@').map_or(0, |at| at + 1);
        let mut address = Self { url: url.to_owned(), mode: None, ca_file: None };
        let Some(query) = url[host..].find('?').map(|at| host + at) else { return address };
        let mut rest = Vec::new();
        for pair in url[query + 1..].split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = || Some(percent_decode_str(value).decode_utf8_lossy().into_owned());
            match key {
                "sslmode" => address.mode = value(),
                "sslrootcert" => address.ca_file = value(),
                _ => rest.push(pair),
            }
        }
        address.url.truncate(query);
        if !rest.is_empty() {
            address.url.push('?');
            address.url.push_str(&rest.join("&"));
        }
        address
    }
}

/// The proof that an address asks for. Whoever names a CA wants the server checked, even without `sslmode`.
fn proof(mode: Option<&str>, names_ca: bool) -> Result<Proof, StoreError> {
    match mode {
        None if names_ca => Ok(Proof::Host),
        None | Some("disable" | "allow" | "prefer") => Ok(Proof::None),
        Some("verify-ca") => Ok(Proof::Issuer),
        Some("require" | "verify-full") => Ok(Proof::Host),
        Some(other) => Err(StoreError::NotPossible(both(sentence!("pg-sslmode", other)))),
    }
}

/// True when the address names only Unix sockets of this machine: nobody can stand in between, and the server
/// offers no TLS on them.
fn is_local(config: &Config) -> bool {
    let hosts = config.get_hosts();
    !hosts.is_empty() && config.get_hostaddrs().is_empty() && hosts.iter().all(|host| !matches!(host, Host::Tcp(_)))
}

fn client_config(proof: Proof, ca_file: Option<&str>) -> Result<ClientConfig, StoreError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> (String, Option<String>, Option<String>) {
        let Address { url, mode, ca_file } = Address::read(url);
        (url, mode, ca_file)
    }

    #[test]
    fn what_an_address_says_of_tls_is_taken_out_and_the_rest_is_left() {
        let plain = "postgres://u:p@h:5432/d";
        assert_eq!(read(plain), (plain.into(), None, None));
        assert_eq!(read(&format!("{plain}?sslmode=require")), (plain.into(), Some("require".into()), None));
        let full = format!("{plain}?options=-c%20a%3Db&sslmode=verify-full&channel_binding=require&sslrootcert=/a%20b/ca.pem");
        let rest = format!("{plain}?options=-c%20a%3Db&channel_binding=require");
        assert_eq!(read(&full), (rest, Some("verify-full".into()), Some("/a b/ca.pem".into())));
        let marked = "postgres://u:wh?sslmode=x@h/d";
        assert_eq!(read(marked), (marked.into(), None, None), "a password is no query");
    }

    #[test]
    fn whoever_asks_for_tls_gets_the_server_checked() {
        assert_eq!(proof(None, false).ok(), Some(Proof::None));
        assert_eq!(proof(Some("prefer"), true).ok(), Some(Proof::None));
        assert_eq!(proof(None, true).ok(), Some(Proof::Host));
        assert_eq!(proof(Some("require"), false).ok(), Some(Proof::Host));
        assert_eq!(proof(Some("verify-ca"), true).ok(), Some(Proof::Issuer));
        assert!(proof(Some("verify"), true).is_err());
    }

    #[test]
    fn a_socket_of_the_machine_needs_no_tls() {
        let local = Connector::new("postgres://u@%2Fvar%2Frun%2Fpostgresql/d?sslmode=require").expect("an address");
        assert_eq!((local.proof, local.config.get_ssl_mode()), (Proof::None, SslMode::Disable));
    }

    #[test]
    fn an_option_that_is_not_known_is_named() {
        let refused = |url: &str| Connector::new(url).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(refused("postgres://u@h/d?ssl=true").contains("sslmode=verify-full"));
        assert!(refused("postgres://u@h/d?sslrootcert=/no/such.pem").contains("Không có tệp /no/such.pem"));
        // Text after a question mark may be part of the password.
        for url in ["postgres://u:P@ss?word1@h/d", "postgres://u:Mật@khẩu?bí=mật@h/d"] {
            let words = refused(url);
            assert!(words.contains("%40") && !words.contains("word1") && !words.contains("bí"), "{words}");
        }
        let error = Connector::new("postgres://u@h/d?sslcert=me.pem").err().map(|error| error.to_string());
        assert!(error.as_deref().is_some_and(|error| error.contains("sslcert")), "{error:?}");
    }
}
