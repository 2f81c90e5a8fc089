//! Where `bangtin serve` listens: plain HTTP, or HTTPS with a certificate from files or from an authority.

use std::fs::Permissions;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use ipnet::IpNet;
use listenfd::ListenFd;
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::task::JoinHandle;

use super::messages::note;
use crate::app::App;
use crate::http::doors::{Door, Kind, Listener, Secure};
use crate::http::proxies::Notes;
use crate::node::certificates::files::Files;
use crate::node::certificates::{Certificates, acme};

/// Where plain HTTP is served that is told nothing.
pub const PLAIN: &str = "127.0.0.1:8080";
/// Time between two looks at the certificate that nodes share.
const LOOK: Duration = Duration::from_secs(5);
/// Time after a first failure to get one.
const RETRY: Duration = Duration::from_mins(1);

/// Options for HTTPS.
#[derive(Debug, Clone, Args)]
pub struct TlsArgs {
    /// Serve over HTTPS under this name, with a certificate by ACME, whose authority's terms you agree to. May be given several
    /// times: one is the host of the public address, and the others, of earlier days, lead there
    #[arg(long, env = "BANGTIN_DOMAIN", value_delimiter = ',', value_name = "NAME", conflicts_with = "tls_cert")]
    domain: Vec<String>,
    /// Directory of the authority for certificates
    #[arg(long, env = "BANGTIN_ACME_DIRECTORY", value_name = "URL", default_value = "https://acme-v02.api.letsencrypt.org/directory")]
    acme_directory: String,
    /// Root certificate of that authority's own server, if the machine does not know it
    #[arg(long, env = "BANGTIN_ACME_ROOT", value_name = "FILE.pem")]
    acme_root: Option<PathBuf>,
    /// Address to which the authority may write when something is wrong
    #[arg(long, env = "BANGTIN_ACME_CONTACT", value_name = "EMAIL")]
    acme_contact: Option<String>,
    /// Serve over HTTPS with this certificate and those that lead to its authority; read again when the file changes
    #[arg(long, env = "BANGTIN_TLS_CERT", value_name = "FILE.pem", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The private key of that certificate
    #[arg(long, env = "BANGTIN_TLS_KEY", value_name = "FILE.pem", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Address and port at which plain HTTP leads on to HTTPS [default: port 80 with --domain]
    #[arg(long, env = "BANGTIN_HTTP_LISTEN", value_name = "ADDRESS")]
    http_listen: Option<String>,
    /// Connections begin with a header of the PROXY protocol (versions 1 and 2), and only proxies may open them
    #[arg(long, env = "BANGTIN_PROXY_PROTOCOL")]
    proxy_protocol: bool,
}

/// Where connections come in.
pub struct Bound {
    main: Listener,
    onward: Option<Listener>,
}

/// What is open, what it tells, and what keeps its certificate.
pub struct Opened {
    /// The doors.
    pub doors: Vec<Door>,
    /// The address of the first.
    pub address: String,
    /// What runs beside them.
    pub keeping: Vec<JoinHandle<()>>,
    /// The certificate; none over plain HTTP.
    pub certificates: Option<Arc<Certificates>>,
}

/// Where proxies note whom they serve.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum NotedIn {
    /// X-Forwarded-For and X-Forwarded-Proto
    XForwarded,
    /// Forwarded (RFC 7239)
    Forwarded,
}

impl From<NotedIn> for Notes {
    fn from(noted: NotedIn) -> Self {
        match noted {
            NotedIn::XForwarded => Self::XForwarded,
            NotedIn::Forwarded => Self::Forwarded,
        }
    }
}

/// A network, or an address alone.
pub fn network(text: &str) -> Result<IpNet, String> {
    let alone = text.parse::<IpAddr>().map(IpNet::from);
    text.parse().or(alone).map_err(|_| format!("“{text}” is no network such as 10.0.0.0/8, and no address"))
}

/// Binds the address and port. Errors: the port cannot be used, or the address is wrong; the sentence says so.
pub async fn bind_port(listen: &str) -> anyhow::Result<TcpListener> {
    let bound = TcpListener::bind(listen).await;
    bound.map_err(|error| anyhow::anyhow!("{}: {error}", unbound(listen, error.kind())))
}

/// Why a port cannot be used.
fn unbound(listen: &str, kind: ErrorKind) -> String {
    match listen.rsplit_once(':') {
        Some((_, port)) if kind == ErrorKind::PermissionDenied => format!(
            "port {port} may not be used by this account ({listen}): give the program CAP_NET_BIND_SERVICE, or choose a port from 1024 on"
        ),
        Some((_, port)) if kind == ErrorKind::AddrInUse => {
            format!(
                "port {port} cannot be used ({listen}); is another program listening there? Choose another with --listen or --http-listen"
            )
        }
        Some((_, port)) => format!("port {port} cannot be used ({listen}); choose another with --listen or --http-listen"),
        None => format!("“{listen}” is not an address and a port, such as 127.0.0.1:8080"),
    }
}

/// Binds a port or a socket. What a program that is no more left of its socket is replaced.
async fn bind(listen: &str) -> anyhow::Result<Listener> {
    let Some(path) = listen.strip_prefix("unix:") else { return Ok(bind_port(listen).await?.into()) };
    let is_left = std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
    if is_left && UnixStream::connect(path).await.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused) {
        let _ = std::fs::remove_file(path);
    }
    let why = |kind| match kind {
        ErrorKind::AddrInUse => "is another program listening there? Or is it a file?",
        ErrorKind::NotFound => "its folder does not exist",
        ErrorKind::PermissionDenied => "its folder may not be written by this account",
        _ => "see the error",
    };
    let listener =
        UnixListener::bind(path).map_err(|error| anyhow::anyhow!("the socket {path} cannot be made; {}: {error}", why(error.kind())))?;
    // The proxy is in the socket's group; others stay out.
    std::fs::set_permissions(path, Permissions::from_mode(0o660))
        .with_context(|| format!("the rights to the socket {path} cannot be set"))?;
    Ok(Listener::Unix(listener))
}

/// The places that systemd opened for this program, in the order of its unit.
fn handed_over() -> anyhow::Result<Vec<Listener>> {
    let mut given = ListenFd::from_env();
    let mut all = Vec::new();
    for number in 0..given.len() {
        if let Ok(Some(listener)) = given.take_tcp_listener(number) {
            listener.set_nonblocking(true)?;
            all.push(Listener::Tcp(TcpListener::from_std(listener)?));
        } else if let Ok(Some(listener)) = given.take_unix_listener(number) {
            listener.set_nonblocking(true)?;
            all.push(Listener::Unix(UnixListener::from_std(listener)?));
        } else {
            bail!("what systemd hands over as number {number} is no socket at which connections come");
        }
    }
    Ok(all)
}

/// Binds a port at all addresses of the machine.
async fn bind_all(port: u16) -> anyhow::Result<Listener> {
    match TcpListener::bind(("::", port)).await {
        Ok(listener) => Ok(listener.into()),
        // A machine without IPv6.
        Err(_) => bind(&format!("0.0.0.0:{port}")).await,
    }
}

impl TlsArgs {
    fn files(&self) -> Option<Files> {
        self.tls_cert.clone().zip(self.tls_key.clone()).map(|(chain, key)| Files { chain, key })
    }

    fn is_secure(&self) -> bool {
        !self.domain.is_empty() || self.tls_cert.is_some()
    }

    /// Binds the ports, or takes those that systemd opened. Errors: one cannot be used.
    pub async fn bind(&self, listen: Option<&str>) -> anyhow::Result<Bound> {
        if self.http_listen.is_some() && !self.is_secure() {
            bail!("--http-listen leads on to HTTPS: give --domain, or --tls-cert and --tls-key");
        }
        let mut given = handed_over()?.into_iter();
        if let Some(main) = given.next() {
            return Ok(Bound { main, onward: given.next() });
        }
        let by_name = !self.domain.is_empty();
        let main = match listen {
            Some(listen) => bind(listen).await?,
            None if by_name => bind_all(443).await?,
            None => bind(PLAIN).await?,
        };
        let onward = match &self.http_listen {
            Some(listen) => Some(bind(listen).await?),
            // Whoever chooses the port of HTTPS has something else at port 80.
            None if by_name && listen.is_none() => Some(bind_all(80).await?),
            None => None,
        };
        Ok(Bound { main, onward })
    }

    /// Opens the doors. Errors: the certificate cannot be read, or the public address is not one of HTTPS.
    pub fn open(&self, app: &Arc<App>, Bound { main, onward }: Bound) -> anyhow::Result<Opened> {
        let scheme = if self.is_secure() { "https" } else { "http" };
        let address = match &main {
            Listener::Tcp(listener) => format!("{scheme}://{}", listener.local_addr()?),
            Listener::Unix(listener) => format!("unix:{}", listener.local_addr()?.as_pathname().unwrap_or(Path::new("?")).display()),
        };
        let has_header = self.proxy_protocol;
        if !self.is_secure() {
            if onward.is_some() {
                bail!("systemd hands over two sockets, of which the second leads on to HTTPS: give --domain, or --tls-cert and --tls-key");
            }
            let doors = vec![Door { has_header, ..Door::plain(main) }];
            return Ok(Opened { doors, address, keeping: Vec::new(), certificates: None });
        }
        let public = app.city().public_url.clone();
        let Some(host) = public.strip_prefix("https://") else {
            bail!("the public address is {public}, which is not HTTPS; `bangtin city set --public-url https://…` sets another");
        };
        let host = host.split([':', '/']).next().unwrap_or_default().to_ascii_lowercase();
        let domains: Vec<String> = self.domain.iter().map(|name| name.trim().to_ascii_lowercase()).collect();
        if !domains.is_empty() && !domains.contains(&host) {
            bail!("codes lead to {public}, so {host} must be one of the names: add --domain {host}");
        }
        let certificates = Arc::new(Certificates::default());
        let keeping = if let Some(files) = self.files() {
            let shown = files.show(&certificates)?;
            tokio::spawn(files.keep(shown, Arc::clone(&certificates)))
        } else {
            let settings = acme::Settings {
                directory: self.acme_directory.clone(),
                root: self.acme_root.clone(),
                host: host.clone(),
                domains: domains.clone(),
                contact: self.acme_contact.as_ref().map(|contact| format!("mailto:{contact}")),
                has_http: onward.is_some(),
                look: LOOK,
                retry: RETRY,
            };
            note!("bangtin: getting a certificate for {} from {}", domains.join(", "), self.acme_directory);
            tokio::spawn(acme::keep(Arc::clone(app), settings, app.random_text()?, Arc::clone(&certificates)))
        };
        let secure = Secure::new(Arc::clone(app), Arc::clone(&certificates) as _, domains)?;
        let mut doors = vec![Door { listener: main, kind: Kind::Secure(secure), has_header }];
        doors.extend(onward.map(|listener| Door { listener, kind: Kind::Onward, has_header }));
        Ok(Opened { doors, address, keeping: vec![keeping], certificates: Some(certificates) })
    }
}
