//! The connection for short queries, which all tasks share.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, Statement};

use super::{PATIENCE, late, unavailable};
use crate::event_store::StoreError;

/// A connection with its prepared statements.
pub(super) struct Reader {
    pub(super) client: Client,
    pub(super) statements: Mutex<HashMap<&'static str, Statement>>,
    /// True once it must be replaced: the server did not know one of its statements, because a pooler has put another
    /// server connection behind it, or only lets it read.
    pub(super) is_stale: AtomicBool,
    /// True once it did not answer in time: the line may be dead without being closed.
    pub(super) is_late: AtomicBool,
}

impl Reader {
    pub(super) fn is_lost(&self) -> bool {
        self.client.is_closed() || [&self.is_stale, &self.is_late].iter().any(|flag| flag.load(Ordering::Relaxed))
    }

    pub(super) async fn query(&self, sql: &'static str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, StoreError> {
        let answered = tokio::time::timeout(PATIENCE, self.asked(sql, params)).await;
        answered.unwrap_or_else(|_| {
            self.is_late.store(true, Ordering::Relaxed);
            Err(late())
        })
    }

    async fn asked(&self, sql: &'static str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, StoreError> {
        let known = self.statements.lock().unwrap_or_else(PoisonError::into_inner).get(sql).cloned();
        let statement = if let Some(statement) = known {
            statement
        } else {
            let prepared = self.client.prepare(sql).await.map_err(unavailable)?;
            self.statements.lock().unwrap_or_else(PoisonError::into_inner).insert(sql, prepared.clone());
            prepared
        };
        let answered = self.client.query(&statement, params).await;
        if answered.as_ref().is_err_and(|error| error.code() == Some(&SqlState::INVALID_SQL_STATEMENT_NAME)) {
            self.is_stale.store(true, Ordering::Relaxed);
        }
        answered.map_err(unavailable)
    }
}
