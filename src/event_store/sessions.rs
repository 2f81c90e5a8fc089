//! Who is signed in, and what may be used only once. Nothing of it is an event, and no export or backup holds it.
//!
//! The statements are the same for both databases: placeholders are numbered in the order in which they first occur.

use super::{Cell, EventLog, StoreError};

/// A session of a person who has signed in. Only the SHA-256 of its secret is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// SHA-256 of the secret.
    pub sha256: [u8; 32],
    /// The person's account.
    pub account: String,
    /// When the person signed in, microseconds since 1970.
    pub begun_at: i64,
    /// When the session was last used, to about a minute; microseconds since 1970.
    pub used_at: i64,
    /// Which state of the person's rights it was made for; microseconds since 1970.
    pub rights_at: i64,
    /// How the person signed in at a provider, encrypted; empty for who did not.
    pub via: String,
}

fn session(cells: &[Cell]) -> Option<SessionRow> {
    let [Cell::Bytes(sha256), Cell::Text(account), Cell::Number(begun_at), Cell::Number(used_at), Cell::Number(rights_at), Cell::Text(via)] =
        cells
    else {
        return None;
    };
    let sha256 = sha256.as_slice().try_into().ok()?;
    let (begun_at, used_at, rights_at) = (*begun_at, *used_at, *rights_at);
    Some(SessionRow { sha256, account: account.clone(), begun_at, used_at, rights_at, via: via.clone() })
}

/// Keeps a session.
pub async fn begin(log: &dyn EventLog, row: SessionRow) -> Result<(), StoreError> {
    let SessionRow { sha256, account, begun_at, used_at, rights_at, via } = row;
    let cells = vec![sha256.into(), account.into(), begun_at.into(), used_at.into(), rights_at.into(), via.into()];
    log.change_rows("INSERT INTO sessions VALUES ($1, $2, $3, $4, $5, $6)", cells).await?;
    Ok(())
}

/// The session whose secret has that digest.
pub async fn find(log: &dyn EventLog, sha256: [u8; 32]) -> Result<Option<SessionRow>, StoreError> {
    let sql = "SELECT sha256, account, begun_at, used_at, rights_at, via FROM sessions WHERE sha256 = $1";
    Ok(log.read_rows(sql, vec![sha256.into()]).await?.first().and_then(|cells| session(cells)))
}

/// The sessions of an account, the last used first.
pub async fn of_account(log: &dyn EventLog, account: &str) -> Result<Vec<SessionRow>, StoreError> {
    let sql = "SELECT sha256, account, begun_at, used_at, rights_at, via FROM sessions WHERE account = $1 ORDER BY used_at DESC";
    Ok(log.read_rows(sql, vec![account.into()]).await?.iter().filter_map(|cells| session(cells)).collect())
}

/// Notes that a session was used.
pub async fn touch(log: &dyn EventLog, sha256: [u8; 32], at: i64) -> Result<(), StoreError> {
    log.change_rows("UPDATE sessions SET used_at = $1 WHERE sha256 = $2", vec![at.into(), sha256.into()]).await?;
    Ok(())
}

/// Ends a session. Gives false where it had ended before.
pub async fn end(log: &dyn EventLog, sha256: [u8; 32]) -> Result<bool, StoreError> {
    let ended = log.change_rows("DELETE FROM sessions WHERE sha256 = $1 RETURNING account", vec![sha256.into()]).await?;
    Ok(!ended.is_empty())
}

/// Ends all sessions of an account.
pub async fn end_all(log: &dyn EventLog, account: &str) -> Result<(), StoreError> {
    log.change_rows("DELETE FROM sessions WHERE account = $1", vec![account.into()]).await?;
    Ok(())
}

/// Keeps a value under a key until `until`, microseconds since 1970. Gives false where the key is taken.
pub async fn keep_once(log: &dyn EventLog, key: &str, value: &str, until: i64) -> Result<bool, StoreError> {
    let sql = "INSERT INTO once VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING key";
    Ok(!log.change_rows(sql, vec![key.into(), value.into(), until.into()]).await?.is_empty())
}

/// Takes a value that was kept, so that nobody else can take it. None where it is not there, or older than `now`.
pub async fn take_once(log: &dyn EventLog, key: &str, now: i64) -> Result<Option<String>, StoreError> {
    let taken = log.change_rows("DELETE FROM once WHERE key = $1 RETURNING value, until", vec![key.into()]).await?;
    Ok(match taken.first().map(Vec::as_slice) {
        Some([Cell::Text(value), Cell::Number(until)]) if *until >= now => Some(value.clone()),
        _ => None,
    })
}

/// Keeps a number under a key for good. Gives false where it is not greater than the number before.
pub async fn count_up(log: &dyn EventLog, key: &str, number: u32) -> Result<bool, StoreError> {
    let sql = "INSERT INTO once VALUES ($1, $2, $3) ON CONFLICT (key) DO UPDATE SET value = excluded.value \
               WHERE CAST(once.value AS BIGINT) < CAST(excluded.value AS BIGINT) RETURNING key";
    Ok(!log.change_rows(sql, vec![key.into(), number.to_string().into(), i64::MAX.into()]).await?.is_empty())
}

/// Removes what is over: values whose time has passed, and sessions that began before `begun` or were last used before
/// `used`; microseconds since 1970.
pub async fn sweep(log: &dyn EventLog, now: i64, begun: i64, used: i64) -> Result<(), StoreError> {
    log.change_rows("DELETE FROM once WHERE until < $1", vec![now.into()]).await?;
    log.change_rows("DELETE FROM sessions WHERE begun_at < $1 OR used_at < $2", vec![begun.into(), used.into()]).await?;
    Ok(())
}
