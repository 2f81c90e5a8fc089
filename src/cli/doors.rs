//! Where `bangtin serve` listens: plain HTTP, or HTTPS with a certificate from files or from an authority.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::messages::note;
use crate::app::App;
use crate::http::doors::{Door, Kind, Secure};
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

/// Binds the address and port. Errors: the port cannot be used, or the address is wrong; the sentence says so.
pub async fn bind(listen: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(listen).await.with_context(|| match listen.rsplit_once(':') {
        Some((_, port)) => {
            format!("port {port} cannot be used ({listen}); is another program listening there? Choose another with --listen")
        }
        None => format!("“{listen}” is not an address and a port, such as 127.0.0.1:8080"),
    })
}

/// Binds a port at all addresses of the machine.
async fn bind_all(port: u16) -> anyhow::Result<TcpListener> {
    match TcpListener::bind(("::", port)).await {
        Ok(listener) => Ok(listener),
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

    /// Binds the ports. Errors: one cannot be used.
    pub async fn bind(&self, listen: Option<&str>) -> anyhow::Result<(TcpListener, Option<TcpListener>)> {
        let by_name = !self.domain.is_empty();
        let main = match listen {
            Some(listen) => bind(listen).await?,
            None if by_name => bind_all(443).await?,
            None => bind(PLAIN).await?,
        };
        let onward = match &self.http_listen {
            Some(_) if !self.is_secure() => bail!("--http-listen leads on to HTTPS: give --domain, or --tls-cert and --tls-key"),
            Some(listen) => Some(bind(listen).await?),
            // Whoever chooses the port of HTTPS has something else at port 80.
            None if by_name && listen.is_none() => Some(bind_all(80).await?),
            None => None,
        };
        Ok((main, onward))
    }

    /// Opens the doors. Errors: the certificate cannot be read, or the public address is not one of HTTPS.
    pub fn open(&self, app: &Arc<App>, (main, onward): (TcpListener, Option<TcpListener>)) -> anyhow::Result<Opened> {
        let at = main.local_addr()?;
        if !self.is_secure() {
            let doors = vec![Door::plain(main)];
            return Ok(Opened { doors, address: format!("http://{at}"), keeping: Vec::new(), certificates: None });
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
            files.show(&certificates)?;
            tokio::spawn(files.keep(Arc::clone(&certificates)))
        } else {
            let settings = acme::Settings {
                directory: self.acme_directory.clone(),
                root: self.acme_root.clone(),
                domains: domains.clone(),
                contact: self.acme_contact.as_ref().map(|contact| format!("mailto:{contact}")),
                has_http: onward.is_some(),
                look: LOOK,
                retry: RETRY,
            };
            note!("bangtin: getting a certificate for {} from {}", domains.join(", "), self.acme_directory);
            tokio::spawn(acme::keep(Arc::clone(app), settings, app.random_text()?, Arc::clone(&certificates)))
        };
        let former = domains.into_iter().filter(|name| *name != host).collect();
        let secure = Secure::new(Arc::clone(app), Arc::clone(&certificates) as _, former)?;
        let mut doors = vec![Door { listener: main, kind: Kind::Secure(secure) }];
        doors.extend(onward.map(|listener| Door { listener, kind: Kind::Onward }));
        Ok(Opened { doors, address: format!("https://{at}"), keeping: vec![keeping], certificates: Some(certificates) })
    }
}
