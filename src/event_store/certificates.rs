//! What nodes share to get a certificate. Nothing of it is an event, and no export or backup holds it.
//!
//! The statements are the same for both databases: placeholders are numbered in the order in which they first occur.

use super::{Cell, EventLog, StoreError};

/// The value under a name, and when it was put there, microseconds since 1970.
pub async fn find(log: &dyn EventLog, name: &str) -> Result<Option<(String, i64)>, StoreError> {
    let rows = log.read_rows("SELECT value, at FROM certificates WHERE name = $1", vec![name.into()]).await?;
    Ok(rows.first().and_then(|cells| match cells.as_slice() {
        [Cell::Text(value), Cell::Number(at)] => Some((value.clone(), *at)),
        _ => None,
    }))
}

/// Puts a value under a name, in place of what was there.
pub async fn put(log: &dyn EventLog, name: &str, value: &str, at: i64) -> Result<(), StoreError> {
    let sql = "INSERT INTO certificates VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET value = excluded.value, at = excluded.at";
    log.change_rows(sql, vec![name.into(), value.into(), at.into()]).await?;
    Ok(())
}

/// Takes the place under a name for `holder` until `until`. Gives false where another has it until after `now`; one who has it
/// for longer than any may, beyond `latest`, took it by a clock that ran ahead, and has it no more.
pub async fn claim(log: &dyn EventLog, name: &str, holder: &str, now: i64, until: i64, latest: i64) -> Result<bool, StoreError> {
    let sql = "INSERT INTO certificates VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET value = excluded.value, at = excluded.at \
               WHERE certificates.at <= $4 OR certificates.value = excluded.value OR certificates.at > $5 RETURNING name";
    let cells = vec![name.into(), holder.into(), until.into(), now.into(), latest.into()];
    Ok(!log.change_rows(sql, cells).await?.is_empty())
}

/// Gives up the place under a name, where `holder` has it.
pub async fn release(log: &dyn EventLog, name: &str, holder: &str) -> Result<(), StoreError> {
    log.change_rows("DELETE FROM certificates WHERE name = $1 AND value = $2", vec![name.into(), holder.into()]).await?;
    Ok(())
}

/// Takes away what stands under a name.
pub async fn forget(log: &dyn EventLog, name: &str) -> Result<(), StoreError> {
    log.change_rows("DELETE FROM certificates WHERE name = $1", vec![name.into()]).await?;
    Ok(())
}

/// Takes away what stands under names of that kind since before `at`.
pub async fn sweep(log: &dyn EventLog, kind: &str, at: i64) -> Result<(), StoreError> {
    let sql = "DELETE FROM certificates WHERE substr(name, 1, length($1)) = $1 AND at < $2";
    log.change_rows(sql, vec![kind.into(), at.into()]).await?;
    Ok(())
}
