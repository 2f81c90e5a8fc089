//! Hints that the log has grown, whoever appended.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::poll_fn;
use tokio::sync::{mpsc, watch};
use tokio_postgres::{AsyncMessage, Config, NoTls};

use super::{Answer, in_time, read_head};
use crate::event_store::{Append, StoreError};

/// How often the follower looks by itself; notifications are only hints.
const POLL: Duration = Duration::from_millis(500);

/// Listens for appends of other nodes. A notification is only a hint: the head is read again on
/// each, on each reconnect, and twice a second.
pub(super) async fn listen(config: Config, hint: Arc<watch::Sender<i64>>, alive: mpsc::WeakUnboundedSender<(Append, Answer)>) {
    while alive.upgrade().is_some() {
        if let Err(error) = listen_once(&config, &hint, &alive).await {
            tracing::warn!("cannot follow the log: {error}");
            tokio::time::sleep(POLL).await;
        }
    }
}

async fn listen_once(
    config: &Config,
    hint: &watch::Sender<i64>,
    alive: &mpsc::WeakUnboundedSender<(Append, Answer)>,
) -> Result<(), StoreError> {
    let (client, mut connection) = in_time(config.connect(NoTls)).await?;
    let (sender, mut told) = mpsc::channel::<()>(1);
    let driver = tokio::spawn(async move {
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
    let result = async {
        in_time(client.batch_execute("LISTEN bangtin_log")).await?;
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
