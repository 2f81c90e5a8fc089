//! Hints that the log has grown, whichever node appended.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

use super::connector::Connector;
use super::trouble::Trouble;
use super::{Answer, in_time, read_head};
use crate::event_store::{Append, StoreError};

/// How often the follower looks without a notification: notifications are only hints.
const POLL: Duration = Duration::from_millis(500);

/// How long the same trouble is not said again: it is tried twice a second.
const SAID: Duration = Duration::from_mins(1);

/// How appends of other nodes are noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// By notifications too.
    Listening,
    /// By looking alone: a standby notifies nobody.
    Looking,
}

/// Notices appends of other nodes. A notification is only a hint: the head is read again on
/// each, on each reconnect, and twice a second.
pub(super) async fn keep(
    by: By,
    connector: Connector,
    hint: Arc<watch::Sender<i64>>,
    alive: mpsc::WeakUnboundedSender<(Append, Answer)>,
    trouble: Arc<Trouble>,
) {
    let mut last: Option<(String, Instant)> = None;
    while alive.upgrade().is_some() {
        if let Err(error) = follow_once(by, &connector, &hint, &alive).await {
            let why = error.to_string();
            if last.as_ref().is_none_or(|(known, at)| *known != why || at.elapsed() > SAID) {
                tracing::warn!("cannot follow the log: {why}");
                last = Some((why, Instant::now()));
            }
            // What shows itself here first keeps writes from going through too.
            trouble.note_sessions(&error.to_string());
            tokio::time::sleep(POLL).await;
        }
    }
}

async fn follow_once(
    by: By,
    connector: &Connector,
    hint: &watch::Sender<i64>,
    alive: &mpsc::WeakUnboundedSender<(Append, Answer)>,
) -> Result<(), StoreError> {
    let (client, mut told, driver) = connector.listener(Duration::ZERO).await?;
    let result = async {
        if by == By::Listening {
            in_time(client.batch_execute("LISTEN bangtin_log")).await?;
        }
        while alive.upgrade().is_some() {
            let head = read_head(&client).await?;
            hint.send_if_modified(|known| std::mem::replace(known, head.position) != head.position);
            if tokio::time::timeout(POLL, told.recv()).await == Ok(None) {
                return Err(StoreError::Unavailable("the listening connection ended".into()));
            }
        }
        Ok(())
    }
    .await;
    driver.abort();
    result
}
