//! The servers that an address names: each is tried in its turn, with the password of the moment.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio_postgres::config::Host;
use tokio_postgres::{Client, Config, Error};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::sentences::both;
use super::{Line, PATIENCE, late};
use crate::event_store::StoreError;

/// How long a server has before the next one is asked too.
const HEAD_START: Duration = Duration::from_millis(300);

/// What came of asking the servers: a connection, or what one of them said.
pub(super) type Reached = Result<(Client, Line), Error>;

/// The servers of an address, each by itself: the driver would wait for one that takes a connection and then is silent, and
/// never ask the next.
pub(super) struct Servers {
    each: Vec<Config>,
    /// The one that was reached last. It is asked first.
    last: AtomicUsize,
    /// File whose text is the password. It is read for each connection, so that a new password needs no new start.
    password: Option<PathBuf>,
}

impl Servers {
    pub(super) fn of(config: &Config, password: Option<PathBuf>) -> Self {
        Self { each: each(config), last: AtomicUsize::new(0), password }
    }

    /// Connects to the server that is reached first. The one that was reached last is asked first, and the others a moment
    /// later each, while it may still answer. Errors: the password cannot be read, or none answered in time.
    pub(super) async fn reach(&self, tls: &MakeRustlsConnect) -> Result<Reached, StoreError> {
        let password = match &self.password {
            Some(file) => Some(read_password(file).await?),
            None => None,
        };
        let (count, first) = (self.each.len(), self.last.load(Ordering::Relaxed));
        // A silent one must not keep from whoever waits what the others said.
        let (password, patience) = (password.as_deref(), if count > 1 { PATIENCE / 3 } else { PATIENCE });
        let ask = |turn: usize| async move {
            tokio::time::sleep(HEAD_START * turn as u32).await;
            let at = (first + turn) % count;
            (at, tokio::time::timeout(patience, connect(&self.each[at], password, tls)).await)
        };
        let mut asked: FuturesUnordered<_> = (0..count).map(ask).collect();
        let mut said: Option<Error> = None;
        while let Some((at, answered)) = asked.next().await {
            match answered {
                Ok(Ok(reached)) => {
                    self.last.store(at, Ordering::Relaxed);
                    return Ok(Ok(reached));
                }
                // What a server said tells more than that another did not answer.
                Ok(Err(error)) if said.as_ref().is_none_or(|known| known.as_db_error().is_none()) => said = Some(error),
                Ok(Err(_)) | Err(_) => {}
            }
        }
        said.map(Err).ok_or_else(late)
    }
}

async fn connect(config: &Config, password: Option<&str>, tls: &MakeRustlsConnect) -> Reached {
    match password {
        Some(password) => config.clone().password(password).connect(tls.clone()).await,
        None => config.connect(tls.clone()).await,
    }
}

/// The text of a file, without the line break with which editors end it.
async fn read_password(file: &Path) -> Result<String, StoreError> {
    let name = file.display().to_string();
    let text = tokio::fs::read_to_string(file).await;
    let text =
        text.map_err(|error| StoreError::Unavailable(both(sentence!("pg-password-file", file = name, words = error.to_string()))))?;
    let password = text.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(StoreError::Unavailable(both(sentence!("pg-password-file-empty", file = name))));
    }
    Ok(password.to_owned())
}

/// One configuration for each server. Where the counts of names, addresses and ports contradict each other the driver
/// says so, and is given all of it.
fn each(config: &Config) -> Vec<Config> {
    let (hosts, addresses, ports) = (config.get_hosts(), config.get_hostaddrs(), config.get_ports());
    let count = hosts.len().max(addresses.len());
    let fits = |length: usize| length == 0 || length == count;
    if count < 2 || !fits(hosts.len()) || !fits(addresses.len()) || !(fits(ports.len()) || ports.len() == 1) {
        return vec![config.clone()];
    }
    let one = |at: usize| {
        let mut one = without_hosts(config);
        match hosts.get(at) {
            Some(Host::Tcp(name)) => drop(one.host(name)),
            Some(Host::Unix(folder)) => drop(one.host_path(folder)),
            None => {}
        }
        addresses.get(at).map(|address| one.hostaddr(*address));
        ports.get(at).or(ports.first()).map(|port| one.port(*port));
        one
    };
    (0..count).map(one).collect()
}

/// The same settings for no server. The driver has no way to take servers out.
fn without_hosts(config: &Config) -> Config {
    let mut copy = Config::new();
    config.get_user().map(|user| copy.user(user));
    config.get_password().map(|password| copy.password(password));
    config.get_dbname().map(|name| copy.dbname(name));
    config.get_options().map(|options| copy.options(options));
    config.get_application_name().map(|name| copy.application_name(name));
    config.get_connect_timeout().map(|timeout| copy.connect_timeout(*timeout));
    config.get_tcp_user_timeout().map(|timeout| copy.tcp_user_timeout(*timeout));
    config.get_keepalives_interval().map(|interval| copy.keepalives_interval(interval));
    config.get_keepalives_retries().map(|retries| copy.keepalives_retries(retries));
    copy.keepalives(config.get_keepalives());
    copy.keepalives_idle(config.get_keepalives_idle());
    copy.ssl_mode(config.get_ssl_mode());
    copy.ssl_negotiation(config.get_ssl_negotiation());
    copy.target_session_attrs(config.get_target_session_attrs());
    copy.channel_binding(config.get_channel_binding());
    copy.load_balance_hosts(config.get_load_balance_hosts());
    copy
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> Config {
        url.parse().expect("an address")
    }

    #[test]
    fn each_server_keeps_all_that_the_address_says() {
        let rest = "d?options=-cx%3Dy&sslmode=require&channel_binding=require&keepalives_idle=7&tcp_user_timeout=9&connect_timeout=3\
                    &target_session_attrs=read-write&load_balance_hosts=random&application_name=n&keepalives_interval=2&keepalives_retries=4";
        let all = each(&parsed(&format!("postgres://u:p@a:1,b:2,%2Frun:3/{rest}")));
        assert_eq!(all, ["a:1", "b:2", "%2Frun:3"].map(|host| parsed(&format!("postgres://u:p@{host}/{rest}"))));
        // A port alone is that of all.
        assert_eq!(each(&parsed("host=a,b port=6 user=u")), [parsed("host=a port=6 user=u"), parsed("host=b port=6 user=u")]);
        let named = each(&parsed("host=a,b hostaddr=10.0.0.1,10.0.0.2 user=u"));
        assert_eq!(named, [parsed("host=a hostaddr=10.0.0.1 user=u"), parsed("host=b hostaddr=10.0.0.2 user=u")]);
        let wrong = parsed("host=a,b port=1,2,3 user=u");
        assert_eq!(each(&wrong), std::slice::from_ref(&wrong), "the driver says what is wrong");
    }
}
