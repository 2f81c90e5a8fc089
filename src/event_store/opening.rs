//! Opens a store by its address.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::read_only::ReadOnly;
use super::{Clock, EventLog, PostgresLog, SqliteLog, StoreError};

/// Where a store is, and how to get at it.
#[derive(Clone)]
pub struct Access {
    /// `sqlite://PATH` or `postgres://…`. It may hold a password.
    pub url: String,
    /// File whose text is the password for PostgreSQL; none where the URL holds it, or none is needed.
    pub password_file: Option<PathBuf>,
    /// True where nothing may be written: neither events nor tables. A standby will do.
    pub is_read_only: bool,
}

impl<T: AsRef<str> + ?Sized> From<&T> for Access {
    fn from(url: &T) -> Self {
        Self { url: url.as_ref().to_owned(), password_file: None, is_read_only: false }
    }
}

/// Whether there is a store. It makes none.
pub async fn is_there(access: impl Into<Access>) -> Result<bool, StoreError> {
    let access = access.into();
    match access.url.strip_prefix("sqlite://") {
        Some(path) => Ok(Path::new(path).exists()),
        None if is_postgres(&access.url) => PostgresLog::is_there(&access).await,
        None => Err(wrong_address()),
    }
}

fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

/// The address may hold a password: it is not repeated.
fn wrong_address() -> StoreError {
    StoreError::NotPossible(sentence!("database-address").to_string())
}

/// Opens a store and brings its tables up to date; where it is only read, the tables must be up to date.
pub async fn open(access: impl Into<Access>, clock: Clock) -> Result<Arc<dyn EventLog>, StoreError> {
    let access = access.into();
    let log: Arc<dyn EventLog> = if let Some(path) = access.url.strip_prefix("sqlite://") {
        Arc::new(SqliteLog::open(Path::new(path), access.is_read_only, clock).await?)
    } else if is_postgres(&access.url) {
        Arc::new(PostgresLog::open(&access, clock).await?)
    } else {
        return Err(wrong_address());
    };
    Ok(if access.is_read_only { Arc::new(ReadOnly(log)) } else { log })
}
