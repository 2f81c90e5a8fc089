//! `bangtin backup`, `restore`, `erase`: copies of a store, and the end of a person's data.

use std::path::Path;

use super::{StoreArgs, log, store};
use crate::domain::subject::SubjectId;

/// Writes a consistent copy, the vault included as ciphertext.
pub async fn backup(args: &StoreArgs, file: &Path) -> anyhow::Result<()> {
    let store = store::open_bare(args).await?;
    let position = log::write_dump(store.app.log(), file, true).await?;
    store.app.audit("backup", position).await?;
    eprintln!("{position} events and the encrypted vault written to {}; its key ({}) is not in it", file.display(), store.data.join("vault.key").display());
    Ok(())
}

/// Fills an empty store; whoever was erased since the backup is erased again.
pub async fn restore(args: &StoreArgs, file: &Path) -> anyhow::Result<()> {
    let store = store::open_bare(args).await?;
    log::read_dump(store.app.log(), file).await?;
    let erased = store.app.reapply_erasures().await?;
    let position = store.app.log().head().await?.position;
    store.app.audit("restore", position).await?;
    eprintln!("{position} events restored, {erased} erasures applied again");
    Ok(())
}

/// Erases a person's data everywhere.
pub async fn erase(args: &StoreArgs, subject: String) -> anyhow::Result<()> {
    let store = store::open_bare(args).await?;
    store.app.erase(SubjectId(subject.clone())).await?;
    eprintln!("{subject} is erased; keep {} for the day a backup is restored", store.data.join("erasures.txt").display());
    Ok(())
}

/// Takes a person's consent back.
pub async fn withdraw_consent(args: &StoreArgs, subject: String) -> anyhow::Result<()> {
    let store = store::open_bare(args).await?;
    store.app.withdraw_consent(SubjectId(subject)).await?;
    Ok(())
}
