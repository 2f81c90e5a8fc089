//! `bangtin backup`, `restore`, `erase`, `withdraw-consent`: copies a store, and ends the use of a person's
//! data.

use std::path::Path;

use anyhow::bail;

use super::messages::say;
use super::{StoreArgs, log, store};
use crate::domain::access::AccountId;
use crate::domain::subject::SubjectId;

/// Writes a consistent copy of the store, with the vault as ciphertext.
pub async fn backup(args: &StoreArgs, file: &Path) -> anyhow::Result<()> {
    let store = store::open_bare(args, store::Begin::Refused).await?;
    if file.exists() {
        bail!("{} exists already: choose another name", file.display());
    }
    let position = log::write_dump(store.app.log(), file, true).await?;
    say!(
        "{position} events and the encrypted vault written to {}; its key ({}) is not in it",
        file.display(),
        store.data.join("vault.key").display()
    );
    log::note(&store.app, "backup", position).await;
    Ok(())
}

/// Fills an empty store from a backup. Persons erased since the backup are erased again.
pub async fn restore(args: &StoreArgs, file: &Path) -> anyhow::Result<()> {
    let store = store::open_bare(args, store::Begin::WithKey).await?;
    log::read_dump(store.app.log(), file, Some(store.app.vault())).await?;
    let erased = store.app.reapply_erasures().await?;
    let position = store.app.log().head().await?.position;
    store.app.audit("restore", position).await?;
    say!("{position} events restored, {erased} erasures applied again");
    if !store.data.join("erasures.txt").exists() {
        say!(
            "no erasures.txt in {}: whoever was erased after the backup is back; put the register there and start again",
            store.data.display()
        );
    }
    Ok(())
}

/// Erases a person's data everywhere.
pub async fn erase(args: &StoreArgs, subject: String) -> anyhow::Result<()> {
    let store = store::open_bare(args, store::Begin::Refused).await?;
    if subject.starts_with("a-") {
        store.app.erase_account(AccountId(subject.clone())).await?;
    } else {
        store.app.erase(SubjectId(subject.clone())).await?;
    }
    say!("{subject} is erased; keep {} for the day a backup is restored", store.data.join("erasures.txt").display());
    Ok(())
}

/// Withdraws a person's consent.
pub async fn withdraw_consent(args: &StoreArgs, subject: String) -> anyhow::Result<()> {
    let store = store::open_bare(args, store::Begin::Refused).await?;
    store.app.withdraw_consent(SubjectId(subject)).await?;
    Ok(())
}
