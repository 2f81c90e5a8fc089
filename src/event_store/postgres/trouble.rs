//! What keeps writes from going through, in words.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::connector::Connector;

/// How long to look for what holds a statement up.
const LOOK: Duration = Duration::from_secs(2);

/// Why the last write failed; nothing once one goes through.
#[derive(Debug, Default)]
pub(super) struct Trouble(Mutex<Option<String>>);

impl Trouble {
    fn change(&self, change: impl FnOnce(&mut Option<String>)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn why(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A write failed. A pooler without sessions shows itself in many ways; what it was known by stays.
    pub(super) fn note(&self, why: &str) {
        if !self.is_about_sessions() {
            self.change(|known| *known = Some(why.to_owned()));
        }
    }

    /// Notes what was met while reading, if it is a pooler without sessions.
    pub(super) fn note_sessions(&self, why: &str) {
        if why.contains(&said_of_sessions()) {
            self.note(why);
        }
    }

    /// True where a pooler changes the session under a connection.
    pub(super) fn is_about_sessions(&self) -> bool {
        self.why().is_some_and(|why| why.contains(&said_of_sessions()))
    }

    /// A write went through. Behind a pooler without sessions one write does and the next does not: that is over only once
    /// it was looked at.
    pub(super) fn is_written(&self) {
        if !self.is_about_sessions() {
            self.is_over();
        }
    }

    /// All is well again.
    pub(super) fn is_over(&self) {
        self.change(|known| *known = None);
    }
}

fn said_of_sessions() -> String {
    sentence!("pg-pooler-transaction").to_string()
}

/// What holds a statement of this program up, where PostgreSQL itself knows: a lock of somebody else's session, or a standby
/// that does not confirm. None where it is something else, or nobody can be asked.
pub(super) async fn held_up(connector: &Connector) -> Option<String> {
    let sql = "SELECT string_agg(DISTINCT b::text, ', '), \
         EXISTS (SELECT 1 FROM pg_stat_activity WHERE application_name = 'bangtin' AND datname = current_database() AND wait_event = 'SyncRep') \
         FROM pg_stat_activity a, unnest(pg_blocking_pids(a.pid)) b \
         WHERE a.application_name = 'bangtin' AND a.wait_event_type = 'Lock' AND a.datname = current_database() \
         AND b NOT IN (SELECT pid FROM pg_stat_activity WHERE application_name = 'bangtin')";
    let asked = async {
        let (client, connection) = connector.open().await.ok()?;
        let driver = tokio::spawn(connection);
        let row = client.query_one(sql, &[]).await.ok();
        driver.abort();
        row.map(|row| (row.get::<_, Option<String>>(0), row.get::<_, bool>(1)))
    };
    let (pids, waits_for_standby) = tokio::time::timeout(LOOK, asked).await.ok().flatten()?;
    let Some(pids) = pids else { return waits_for_standby.then(|| sentence!("pg-unconfirmed").to_string()) };
    // PostgreSQL gives a prepared transaction, which has no process, as 0.
    let is_prepared = pids.split(", ").any(|pid| pid == "0");
    Some(if is_prepared { sentence!("pg-locked-prepared").to_string() } else { sentence!("pg-locked", pids).to_string() })
}
