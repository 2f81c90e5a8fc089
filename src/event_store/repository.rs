//! A thin adapter that offers the log as a repository of cqrs-es.

use cqrs_es::Aggregate;
use cqrs_es::persist::{PersistedEventRepository, PersistenceError, ReplayStream, SerializedEvent, SerializedSnapshot};
use serde_json::Value;

use super::{Append, AppendError, EventLog, NewEvent, StoredEvent};

/// A [`PersistedEventRepository`] over an [`EventLog`]; aggregates are named `TYPE/ID`.
///
/// [`crate::app::App`] does not use it, because cqrs-es hands back no position and knows no
/// command id. Snapshots are not kept: cqrs-es 0.5.0 applies events twice with them.
pub struct LogRepository<'a> {
    /// The log.
    pub log: &'a dyn EventLog,
}

fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> PersistenceError {
    PersistenceError::ConnectionError(Box::new(error))
}

/// The variant of [`crate::domain::publication::Event`] for a stored type of event.
fn variant(name: &str) -> &'static str {
    match name.split_once('.').map_or(name, |(_, action)| action) {
        "drafted" => "Drafted",
        "published" => "Published",
        "corrected" => "Corrected",
        "revision_cancelled" => "RevisionCancelled",
        "expiry_set" => "ExpirySet",
        "superseded" => "Superseded",
        "withdrawn" => "Withdrawn",
        _ => "Changed",
    }
}

/// The content of the variant alone, which is the stored payload.
fn content(payload: &Value) -> String {
    let inner = payload.as_object().filter(|object| object.len() == 1).and_then(|object| object.values().next());
    inner.unwrap_or(payload).to_string()
}

fn serialized<A: Aggregate>(id: &str, stored: StoredEvent) -> Result<SerializedEvent, PersistenceError> {
    let payload: Value = serde_json::from_str(&stored.event.payload)?;
    let payload = serde_json::json!({ variant(&stored.event.name): payload });
    Ok(SerializedEvent::new(
        id.to_owned(),
        stored.event.sequence as usize,
        A::TYPE.to_owned(),
        stored.event.name,
        stored.event.version.to_string(),
        payload,
        Value::Object(serde_json::Map::new()),
    ))
}

impl PersistedEventRepository for LogRepository<'_> {
    async fn get_events<A: Aggregate>(&self, id: &str) -> Result<Vec<SerializedEvent>, PersistenceError> {
        self.get_last_events::<A>(id, 0).await
    }

    async fn get_last_events<A: Aggregate>(&self, id: &str, last: usize) -> Result<Vec<SerializedEvent>, PersistenceError> {
        let name = format!("{}/{id}", A::TYPE);
        let events = self.log.read_aggregate(&name, last as i64).await.map_err(unavailable)?;
        events.into_iter().map(|stored| serialized::<A>(id, stored)).collect()
    }

    async fn get_snapshot<A: Aggregate>(&self, _: &str) -> Result<Option<SerializedSnapshot>, PersistenceError> {
        Ok(None)
    }

    async fn persist<A: Aggregate>(&self, events: &[SerializedEvent], _: Option<(String, Value, usize)>) -> Result<(), PersistenceError> {
        let events = events.iter().map(|event| NewEvent {
            aggregate: format!("{}/{}", event.aggregate_type, event.aggregate_id),
            sequence: event.sequence as i64,
            name: event.event_type.clone(),
            version: event.event_version.parse().unwrap_or(1),
            payload: content(&event.payload),
        });
        let append = Append { events: events.collect(), actor: "cqrs-es".into(), ..Append::default() };
        match self.log.append(append).await {
            Ok(_) => Ok(()),
            Err(AppendError::Conflict(_)) => Err(PersistenceError::OptimisticLockError),
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn stream_events<A: Aggregate>(&self, id: &str) -> Result<ReplayStream, PersistenceError> {
        let events = self.get_events::<A>(id).await?;
        let (mut feed, stream) = ReplayStream::new(events.len().max(1));
        for event in events {
            feed.push(Ok(event)).await?;
        }
        Ok(stream)
    }

    async fn stream_all_events<A: Aggregate>(&self) -> Result<ReplayStream, PersistenceError> {
        let head = self.log.head().await.map_err(unavailable)?;
        let all = self.log.read(0, head.position as usize).await.map_err(unavailable)?;
        let prefix = format!("{}/", A::TYPE);
        let own: Vec<_> = all
            .into_iter()
            .filter_map(|stored| {
                let id = stored.event.aggregate.strip_prefix(&prefix)?.to_owned();
                Some(serialized::<A>(&id, stored))
            })
            .collect();
        let (mut feed, stream) = ReplayStream::new(own.len().max(1));
        for event in own {
            feed.push(event).await?;
        }
        Ok(stream)
    }
}
