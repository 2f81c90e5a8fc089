//! Certificates from an authority by ACME (RFC 8555). One node asks at a time, and any node answers: order, challenge and key
//! are shared by all.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use instant_acme::{Account, AuthorizationStatus, BodyWrapper, ChallengeType, Identifier, NewAccount, NewOrder, OrderStatus, RetryPolicy};
use jiff::Timestamp;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::{Certificates, Ready, Validity};
use crate::app::certificates::{Challenge, Issued};
use crate::app::{App, ExecuteError};

/// How certificates are had.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Address of the authority's directory.
    pub directory: String,
    /// A file with the root of the authority's own server, where the machine does not know it.
    pub root: Option<PathBuf>,
    /// The host of the public address.
    pub host: String,
    /// Names that the certificate is for, the host among them.
    pub domains: Vec<String>,
    /// An address to which the authority may write, `mailto:…`.
    pub contact: Option<String>,
    /// True where this program answers at port 80.
    pub has_http: bool,
    /// Time between two looks at what other nodes had, and at the clock.
    pub look: Duration,
    /// Time after a first failure; it doubles with each.
    pub retry: Duration,
}

/// The longest time after a failure.
const LONGEST: Duration = Duration::from_hours(6);
/// How long one order may take.
const PATIENCE: Duration = Duration::from_mins(5);
/// What is said of an authority that says nothing.
const SILENT: &str = "it does not say why";
/// After a certificate of its own, a node orders no other for so long: another node, started with other names, would replace
/// that one as well.
const CALM: Duration = Duration::from_hours(1);

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum AcmeError {
    /// The authority says no, or is away.
    #[error("the authority for certificates: {0}")]
    Authority(#[from] instant_acme::Error),
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(#[from] ExecuteError),
    /// It could not make sure whose the names are.
    #[error("the authority could not make sure that {0} leads here: {1}")]
    Unproven(String, String),
    /// It offers no way to answer that works here.
    #[error("the authority offers no challenge for {0} that can be answered here")]
    NoChallenge(String),
    /// It took too long.
    #[error("the authority did not finish within {} minutes", PATIENCE.as_secs() / 60)]
    Late,
    /// The root file or the certificate cannot be read.
    #[error("{0}")]
    Unreadable(String),
}

impl AcmeError {
    /// True where the authority does not know the account any more (RFC 8555 §6.7).
    fn is_unknown_account(&self) -> bool {
        let Self::Authority(instant_acme::Error::Api(problem)) = self else { return false };
        problem.r#type.as_deref() == Some("urn:ietf:params:acme:error:accountDoesNotExist")
    }
}

/// True where another certificate is to be had now. `asked` is how long ago this node had the last one: a clock that is
/// wrong makes a new certificate look old, and asking at once again helps nobody.
fn is_due(validity: Option<Validity>, now: Timestamp, asked: Option<Duration>) -> bool {
    let Some(validity) = validity else { return true };
    now >= validity.renewal() && asked.is_none_or(|asked| asked >= validity.length() / 3)
}

impl Settings {
    /// True for a certificate that all names are in, but for those that were found to lead elsewhere.
    fn is_for(&self, issued: &Issued) -> bool {
        self.domains.iter().all(|name| issued.domains.contains(name) || issued.left_out.contains(name))
    }

    /// The client that speaks with the authority: HTTPS only, with the machine's roots and the given one.
    fn client(&self) -> Result<Client<HttpsConnector<HttpConnector>, BodyWrapper<bytes::Bytes>>, AcmeError> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(path) = &self.root {
            let wrong = |error: String| AcmeError::Unreadable(format!("{}: {error}", path.display()));
            let root = CertificateDer::from_pem_file(path).map_err(|error| wrong(error.to_string()))?;
            roots.add(root).map_err(|error| wrong(error.to_string()))?;
        }
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| AcmeError::Unreadable(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new().with_tls_config(config).https_only().enable_http1().build();
        Ok(Client::builder(TokioExecutor::new()).build(connector))
    }

    async fn account(&self, app: &App) -> Result<Account, AcmeError> {
        let builder = || Ok::<_, AcmeError>(Account::builder_with_http(Box::new(self.client()?)));
        if let Some(known) = app.authority_account(&self.directory).await? {
            let credentials = serde_json::from_str(&known).map_err(|error| AcmeError::Unreadable(error.to_string()))?;
            return Ok(builder()?.from_credentials(credentials).await?);
        }
        let contact: Vec<&str> = self.contact.iter().map(String::as_str).collect();
        let new = NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
        let (account, credentials) = builder()?.create(&new, self.directory.clone(), None).await?;
        let credentials = serde_json::to_string(&credentials).map_err(|error| AcmeError::Unreadable(error.to_string()))?;
        app.keep_authority_account(&self.directory, &credentials).await?;
        Ok(account)
    }

    /// The ways to answer, the one to be tried first: another one after each failure.
    fn ways(&self, failures: u32) -> Vec<(ChallengeType, Challenge)> {
        let tls = (ChallengeType::TlsAlpn01, Challenge::Tls);
        if !self.has_http {
            return vec![tls];
        }
        let http = (ChallengeType::Http01, Challenge::Http);
        if failures.is_multiple_of(2) { vec![http, tls] } else { vec![tls, http] }
    }

    /// Orders a certificate. A name of earlier days that does not lead here any more is left out: the public address must not
    /// go with it.
    async fn order(&self, app: &App, failures: u32) -> Result<Issued, AcmeError> {
        let (mut domains, mut left_out) = (self.domains.clone(), Vec::new());
        loop {
            match self.order_for(app, &domains, failures).await {
                Ok((chain, key)) => return Ok(Issued { domains, left_out, chain, key }),
                Err(AcmeError::Unproven(name, why)) if name != self.host && domains.contains(&name) => {
                    tracing::warn!("{name} is left out of the certificate: {why}");
                    domains.retain(|known| *known != name);
                    left_out.push(name);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Orders a certificate for those names, and answers what the authority asks. Gives chain and key.
    async fn order_for(&self, app: &App, domains: &[String], failures: u32) -> Result<(String, String), AcmeError> {
        let account = self.account(app).await?;
        let names: Vec<Identifier> = domains.iter().cloned().map(Identifier::Dns).collect();
        let mut order = account.new_order(&NewOrder::new(&names)).await?;
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization?;
            if authorization.status == AuthorizationStatus::Valid {
                continue;
            }
            let name = authorization.identifier().to_string();
            let offered = |way: &ChallengeType| authorization.challenges.iter().any(|challenge| challenge.r#type == *way);
            let way = self.ways(failures).into_iter().find(|(way, _)| offered(way));
            let Some((way, kind)) = way else { return Err(AcmeError::NoChallenge(name)) };
            let mut challenge = authorization.challenge(way).ok_or_else(|| AcmeError::NoChallenge(name.clone()))?;
            let answer = challenge.key_authorization().as_str().to_owned();
            let key = if kind == Challenge::Http { challenge.token.clone() } else { name.clone() };
            app.keep_challenge(kind, &key, &answer).await?;
            challenge.set_ready().await?;
        }
        match order.poll_ready(&RetryPolicy::default()).await {
            Ok(OrderStatus::Ready) => {}
            Ok(_) => return Err(self.unproven(&mut order).await.unwrap_or_else(|| AcmeError::Unproven(domains.join(", "), SILENT.into()))),
            // The authority tells what is wrong, and of which name at the name alone.
            Err(error) => return Err(self.unproven(&mut order).await.unwrap_or(AcmeError::Authority(error))),
        }
        let key = order.finalize().await?;
        let chain = order.poll_certificate(&RetryPolicy::default()).await?;
        Ok((chain, key))
    }

    /// What the authority says of the name that it could not make sure of; none where it says nothing of any.
    async fn unproven(&self, order: &mut instant_acme::Order) -> Option<AcmeError> {
        let mut authorizations = order.authorizations();
        while let Some(Ok(authorization)) = authorizations.next().await {
            let said = authorization.challenges.iter().find_map(|challenge| challenge.error.as_ref());
            if let Some(said) = said {
                return Some(AcmeError::Unproven(authorization.identifier().to_string(), said.to_string()));
            }
        }
        None
    }
}

fn ready(issued: &Issued) -> Result<Ready, AcmeError> {
    let name = "the certificate of the authority";
    Ready::read((name, issued.chain.as_bytes()), (name, issued.key.as_bytes())).map_err(|error| AcmeError::Unreadable(error.to_string()))
}

/// Shows the certificate that nodes share, and has another one in time. It never returns.
pub async fn keep(app: Arc<App>, settings: Settings, node: String, certificates: Arc<Certificates>) {
    let mut keeper =
        Keeper { app, settings, node, certificates, seen: 0, is_ours: false, failures: 0, after: None, asked: None, has_asked: false };
    loop {
        if let Err(error) = keeper.look().await {
            if error.is_unknown_account()
                && let Err(error) = keeper.app.forget_authority_account(&keeper.settings.directory).await
            {
                tracing::warn!("{error}");
            }
            keeper.failed(&error);
        }
        tokio::time::sleep(keeper.settings.look).await;
    }
}

struct Keeper {
    app: Arc<App>,
    settings: Settings,
    node: String,
    certificates: Arc<Certificates>,
    /// When the certificate that is shown was put in the store.
    seen: i64,
    /// True where what is shown is for the names that are wanted.
    is_ours: bool,
    failures: u32,
    /// Nothing is asked before.
    after: Option<Instant>,
    /// When this node had a certificate last.
    asked: Option<Instant>,
    /// True once this look has asked the authority: whatever goes wrong then, it is not asked again at once.
    has_asked: bool,
}

impl Keeper {
    async fn look(&mut self) -> Result<(), AcmeError> {
        self.has_asked = false;
        let kept = match self.app.certificate().await {
            // Another one is had in place of one that nobody can read.
            Err(ExecuteError::Damaged(error)) if !self.app.log().is_read_only() => {
                tracing::warn!("the certificate that nodes share: {error}");
                None
            }
            kept => kept?,
        };
        if let Some((issued, at)) = kept
            && at != self.seen
        {
            self.seen = at;
            match ready(&issued) {
                Ok(ready) => {
                    self.show(&issued, ready);
                    // Whichever node had it: the authority answers again.
                    (self.failures, self.after) = (0, None);
                }
                // Another one is had in its place.
                Err(error) => {
                    self.is_ours = false;
                    tracing::warn!("{error}");
                }
            }
        }
        let validity = self.certificates.validity().filter(|_| self.is_ours);
        let asked = self.asked.map(|asked| asked.elapsed());
        let may_ask = self.after.is_none_or(|after| after <= Instant::now()) && !self.app.log().is_read_only();
        if !may_ask || !is_due(validity, self.app.now(), asked) || !self.app.claim_turn(&self.node, PATIENCE).await? {
            return Ok(());
        }
        // Another node may have had one between the look and the turn.
        if self.app.certificate().await.is_ok_and(|kept| kept.is_some_and(|(_, at)| at != self.seen)) {
            return self.end_turn().await;
        }
        if validity.is_none() && asked.is_some_and(|asked| asked < CALM) {
            let why = "another node has put a certificate for other names in place of this one's: start all nodes with the same --domain";
            self.certificates.trouble(why.to_owned());
            self.after = Some(Instant::now() + CALM);
            return self.end_turn().await;
        }
        self.has_asked = true;
        let ordered = tokio::time::timeout(PATIENCE, self.settings.order(&self.app, self.failures)).await;
        let ended = self.end_turn().await;
        let issued = ordered.unwrap_or(Err(AcmeError::Late))?;
        // It is shown even if it cannot be kept.
        self.show(&issued, ready(&issued)?);
        (self.failures, self.after, self.asked) = (0, None, Some(Instant::now()));
        self.app.keep_certificate(&issued).await?;
        ended
    }

    fn show(&mut self, issued: &Issued, ready: Ready) {
        self.is_ours = self.settings.is_for(issued);
        self.certificates.show(ready);
        if !issued.left_out.is_empty() {
            self.certificates.trouble(format!("left out of the certificate, as they do not lead here: {}", issued.left_out.join(", ")));
        }
    }

    async fn end_turn(&self) -> Result<(), AcmeError> {
        Ok(self.app.end_turn(&self.node).await?)
    }

    fn failed(&mut self, error: &AcmeError) {
        // What is wrong with the store is told elsewhere, and is over by itself.
        if matches!(error, AcmeError::Store(_)) && !self.has_asked {
            tracing::warn!("{error}");
            return;
        }
        let wait = self.settings.retry.saturating_mul(1 << self.failures.min(16)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        self.after = Some(Instant::now() + wait);
        let until = self.certificates.validity().map(|validity| validity.until);
        let goes_on =
            until.map_or_else(|| String::from("there is no certificate yet"), |until| format!("the one that is shown holds until {until}"));
        self.certificates.trouble(format!("{error}; {goes_on}; it is tried again in {} s", wait.as_secs()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).expect("a moment")
    }

    #[test]
    fn another_certificate_is_due_at_two_thirds_of_its_life() {
        let validity = Some(Validity { from: at(1_000), until: at(1_090) });
        assert!(is_due(None, at(0), None), "there is none");
        assert!(!is_due(validity, at(1_059), None));
        assert!(is_due(validity, at(1_060), None) && is_due(validity, at(5_000), None));
        assert!(!is_due(validity, at(10), None), "a clock that was set back asks nothing");
    }

    #[test]
    fn a_clock_that_runs_ahead_asks_no_more_often_than_every_third_of_a_life() {
        let validity = Some(Validity { from: at(1_000), until: at(1_090) });
        assert!(!is_due(validity, at(9_000), Some(Duration::from_secs(29))));
        assert!(is_due(validity, at(9_000), Some(Duration::from_secs(30))));
    }

    #[test]
    fn another_way_is_tried_after_a_failure() {
        let settings = Settings {
            directory: String::new(),
            root: None,
            host: String::new(),
            domains: Vec::new(),
            contact: None,
            has_http: true,
            look: Duration::ZERO,
            retry: Duration::ZERO,
        };
        let first = |settings: &Settings, failures| settings.ways(failures)[0].1;
        assert_eq!([0, 1, 2].map(|failures| first(&settings, failures)), [Challenge::Http, Challenge::Tls, Challenge::Http]);
        assert_eq!(Settings { has_http: false, ..settings }.ways(0).len(), 1, "nobody listens at port 80");
    }
}
