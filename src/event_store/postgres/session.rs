//! A session of the program: its settings and its limits.

use tokio_postgres::Client;

use super::connector::Connector;
use super::{PATIENCE, in_time};
use crate::event_store::StoreError;

/// What a connection is for. The server ends what nobody waits for any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// Short queries: whoever asked has long given up, after [`PATIENCE`].
    Short,
    /// The writer's transactions, in which the head row is locked: a node that is cut off or stopped must not hold it
    /// for the others. A statement has no limit, whatever the account's settings say: a commit that waits for the
    /// standby would be ended by it, and then be visible here without being anywhere else.
    Writing,
    /// What may take its time: copies, loads, large blobs.
    Long,
}

impl Work {
    /// Limits of a session, in milliseconds; 0 is none (PostgreSQL, Client Connection Defaults).
    fn limits(self) -> String {
        let (statement, idle) = match self {
            Self::Short => (2 * PATIENCE.as_millis(), 0),
            Self::Writing => (0, 2 * PATIENCE.as_millis()),
            Self::Long => (0, 0),
        };
        format!("SET statement_timeout = {statement}; SET idle_in_transaction_session_timeout = {idle}")
    }
}

/// Settings of every session. The head row is what writers wait for; at a stricter isolation level PostgreSQL would refuse
/// those that had to wait. A client that is gone without a word is noticed within [`PATIENCE`].
const SESSION: &str = "SET synchronous_commit = on; SET application_name = 'bangtin'; \
     SET default_transaction_isolation = 'read committed'; \
     SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 2; SET tcp_user_timeout = 15000";

/// A connection whose commits are durable: `synchronous_commit` is set and checked.
pub(super) async fn connect(connector: &Connector, work: Work) -> Result<Client, StoreError> {
    let (client, connection) = connector.open().await?;
    let driver = connector.clone();
    tokio::spawn(async move { driver.drive(connection).await });
    in_time(client.batch_execute(&format!("{SESSION}; {}", work.limits()))).await?;
    let row = in_time(client.query_one("SHOW synchronous_commit", &[])).await?;
    if row.get::<_, &str>(0) != "on" {
        return Err(StoreError::NotPossible("PostgreSQL does not accept synchronous_commit = on".into()));
    }
    Ok(client)
}
