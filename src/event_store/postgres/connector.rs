//! The only code that connects to PostgreSQL, in clear or over TLS. Every connection must be a session of its own.
//!
//! The driver knows only the `sslmode`s disable, prefer and require. So this module takes `sslmode` and
//! `sslrootcert` out of the address and handles them itself. It reads `require` as `verify-full`: libpq's
//! `require` encrypts to whoever answers, and an attacker in between can answer. `prefer` and `allow` promise
//! nothing; they mean a connection in clear, like an address without `sslmode`.

mod sentences;
mod servers;
mod trust;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::{poll_fn, try_join_all};
use percent_encoding::percent_decode_str;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_postgres::config::{Host, SslMode, SslNegotiation, TargetSessionAttrs};
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{AsyncMessage, Client, Config, Connection, Error, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{CONNECTIONS, PATIENCE, explain, late, unavailable};
use crate::event_store::{Access, StoreError};
use sentences::{both, no_room, unread};
pub(super) use sentences::{by_a_pooler, no_session, not_allowed};
use servers::{Reached, Servers};
use trust::client_config;

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
    servers: Arc<Servers>,
    tls: MakeRustlsConnect,
    pub(super) proof: Proof,
    /// File with the known CAs; none means the machine's own list.
    pub(super) ca_file: Option<String>,
    /// How many connections are open.
    open: Arc<AtomicUsize>,
    /// How often older connections were given up: those from before may be dead, or have another session.
    generation: Arc<AtomicUsize>,
    /// How often the server said that a commit stands here and perhaps on no standby.
    unconfirmed: Arc<AtomicUsize>,
}

/// Counts a connection while it is open.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Connector {
    /// Reads an address, and the CA file it names. Of several servers it looks for the one that takes writes, unless
    /// nothing will be written.
    pub(super) fn new(access: &Access) -> Result<Self, StoreError> {
        let Address { url, mode, ca_file } = Address::read(&access.url);
        let mut config = url.parse::<Config>().map_err(|error| StoreError::NotPossible(unread(&error)))?;
        if config.get_target_session_attrs() == TargetSessionAttrs::ReadOnly {
            return Err(StoreError::NotPossible(both(sentence!("pg-option-session"))));
        }
        if access.is_read_only {
            config.target_session_attrs(TargetSessionAttrs::Any);
        } else if config.get_hosts().len().max(config.get_hostaddrs().len()) > 1 {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
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
        let servers = Arc::new(Servers::of(&config, access.password_file.clone()));
        let tls = MakeRustlsConnect::new(client);
        Ok(Self { config, servers, tls, proof, ca_file, open: Arc::default(), generation: Arc::default(), unconfirmed: Arc::default() })
    }

    /// From now on no connection of before is used.
    pub(super) fn give_up_older(&self) {
        self.generation.fetch_add(1, Ordering::Relaxed);
    }

    /// How often older connections were given up.
    pub(super) fn generation(&self) -> usize {
        self.generation.load(Ordering::Relaxed)
    }

    /// How often the server said that a commit stands here and perhaps on no standby: somebody ended its wait for one.
    pub(super) fn unconfirmed(&self) -> usize {
        self.unconfirmed.load(Ordering::Relaxed)
    }

    /// Errors: since [`Self::unconfirmed`] gave `before`, a commit may not have reached the standby, perhaps this one.
    pub(super) fn check_confirmed(&self, before: usize) -> Result<(), StoreError> {
        if self.unconfirmed() == before { Ok(()) } else { Err(StoreError::Unavailable(sentence!("pg-unconfirmed").to_string())) }
    }

    /// Drives a connection until it ends.
    pub(super) async fn drive(&self, mut connection: Line) {
        let _counted = self.counted();
        while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
            match message {
                // The server's own language may be any; the routine is always named so.
                Ok(AsyncMessage::Notice(notice)) if notice.routine() == Some("SyncRepWaitForLSN") => {
                    self.unconfirmed.fetch_add(1, Ordering::Relaxed);
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::debug!("PostgreSQL connection ended: {error}");
                    break;
                }
            }
        }
    }

    /// Counts a connection until what it gives is dropped.
    fn counted(&self) -> Counted {
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
            let connected = self.servers.reach(&self.tls).await?;
            let is_full = |error: &Error| error.code() == Some(&SqlState::TOO_MANY_CONNECTIONS);
            match connected {
                Err(error) if is_full(&error) && begun.elapsed() < patience => tokio::time::sleep(NEXT_TRY).await,
                connected => return self.explained(connected).await,
            }
        }
    }

    async fn explained(&self, connected: Reached) -> Result<(Client, Line), StoreError> {
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
        let local = Connector::new(&"postgres://u@%2Fvar%2Frun%2Fpostgresql/d?sslmode=require".into()).expect("an address");
        assert_eq!((local.proof, local.config.get_ssl_mode()), (Proof::None, SslMode::Disable));
    }

    #[test]
    fn an_option_that_is_not_known_is_named() {
        let refused = |url: &str| Connector::new(&url.into()).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(refused("postgres://u@h/d?ssl=true").contains("sslmode=verify-full"));
        assert!(refused("postgres://u@h/d?sslrootcert=/no/such.pem").contains("Không có tệp /no/such.pem"));
        // Text after a question mark may be part of the password.
        for url in ["postgres://u:P@ss?word1@h/d", "postgres://u:Mật@khẩu?bí=mật@h/d"] {
            let words = refused(url);
            assert!(words.contains("%40") && !words.contains("word1") && !words.contains("bí"), "{words}");
        }
        let error = Connector::new(&"postgres://u@h/d?sslcert=me.pem".into()).err().map(|error| error.to_string());
        assert!(error.as_deref().is_some_and(|error| error.contains("sslcert")), "{error:?}");
    }
}
