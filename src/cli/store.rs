//! Opens a store: its folder, database, vault and city.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};

use super::StoreArgs;
use super::messages::say;
use crate::app::{App, system_clock};
use crate::config;
use crate::domain::city::{City, CityCommand};
use crate::domain::subject::Contact;
use crate::event_store::{self, Access, EventLog};
use crate::vault::{CHECK_SUBJECT, Vault, VaultError};

/// An open store.
pub struct Store {
    /// The write path of the store.
    pub app: Arc<App>,
    /// Folder of the store.
    pub data: PathBuf,
    /// File of the image's snapshot.
    pub snapshot: PathBuf,
}

impl StoreArgs {
    fn url(&self) -> String {
        match &self.database {
            // A file with the secret often ends in a line break.
            Some(url) => url.trim().to_owned(),
            None => format!("sqlite://{}", self.data.join("bangtin.sqlite").display()),
        }
    }

    fn access(&self, begin: Begin) -> Access {
        Access { url: self.url(), password_file: self.database_password_file.clone(), is_read_only: begin == Begin::ReadOnly }
    }
}

/// Whether a command may create a store where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// The command may create a store.
    Allowed,
    /// The command must find a store, so that a mistyped folder does not become a new one.
    Refused,
    /// The command must find a store, and changes nothing in it.
    ReadOnly,
    /// The command may create a store, but only with an existing key: the data loaded is encrypted with that
    /// key.
    WithKey,
}

/// Opens the log and the vault's key; the city need not be recorded yet.
pub async fn open_bare(args: &StoreArgs, begin: Begin) -> anyhow::Result<Store> {
    let data = &args.data;
    let must_be_there = matches!(begin, Begin::Refused | Begin::ReadOnly);
    if must_be_there && !event_store::is_there(args.access(begin)).await.context("the store cannot be opened")? {
        match args.url().strip_prefix("sqlite://") {
            Some(path) => {
                bail!("there is no store at {path}: check --data, or begin one with “bangtin demo” or “bangtin serve --city FILE.toml”")
            }
            None => {
                bail!("there is no store in this PostgreSQL database: check --database, or begin one with “bangtin serve --city FILE.toml”")
            }
        }
    }
    if begin != Begin::ReadOnly {
        prepare_folder(data)?;
    }
    if args.url().starts_with("sqlite")
        && let Some(kind) = network_file_system(data)
    {
        say!(
            "bangtin: warning: {} is on a network file system ({kind}); SQLite needs a local disk, or use --database postgres://…",
            data.display()
        );
    }
    let log: Arc<dyn EventLog> = event_store::open(args.access(begin), system_clock()).await.context("the store cannot be opened")?;
    let check = log.vault_row(CHECK_SUBJECT).await?;
    let vault = Vault::open(data, args.vault_key.as_deref(), check.is_none() && !matches!(begin, Begin::WithKey | Begin::ReadOnly));
    let vault = match vault {
        Err(missing @ VaultError::KeyMissing(_)) if begin == Begin::WithKey => Err(missing)
            .context("to restore, first put vault.key and erasures.txt of the backed-up store into --data (or set BANGTIN_VAULT_KEY)")?,
        other => Arc::new(other?),
    };
    if let Some(row) = &check {
        vault.unseal::<Contact>(row)?;
    }
    let app = App::open(log, vault, system_clock(), data.join("erasures.txt")).await?;
    if begin != Begin::ReadOnly {
        if check.is_none() && begin != Begin::WithKey {
            app.seal_check().await?;
        }
        // After an interrupted restore, or one by other means, erased persons are erased again here.
        app.reapply_erasures().await?;
    }
    Ok(Store { app: Arc::new(app), data: data.clone(), snapshot: data.join("image.snapshot") })
}

/// Opens a store with a recorded city, to read it.
pub async fn open_read_only(args: &StoreArgs) -> anyhow::Result<Store> {
    let store = open_bare(args, Begin::ReadOnly).await?;
    let recorded = store.app.city();
    if recorded.id.is_empty() {
        bail!("this store has no city yet: begin it with “bangtin serve --city FILE.toml”, without --read-only");
    }
    if args.city.is_some() {
        bail!("with --read-only nothing is recorded: leave --city out");
    }
    check_address(args, &recorded)?;
    Ok(store)
}

/// Refuses another public address than the one recorded.
fn check_address(args: &StoreArgs, recorded: &City) -> anyhow::Result<()> {
    if let Some(url) = args.public_url.as_ref().filter(|url| **url != recorded.public_url) {
        bail!("printed codes lead to {}, not to {url}: change it with “bangtin city set --public-url {url}”", recorded.public_url);
    }
    Ok(())
}

/// Opens a store with a recorded city, or records the city given.
pub async fn open(args: &StoreArgs, compiled_in: Option<City>) -> anyhow::Result<Store> {
    let given = match &args.city {
        Some(path) => Some(config::city_file(path).context("the city's configuration cannot be read")?),
        None => None,
    };
    let begin = if given.is_some() || compiled_in.is_some() { Begin::Allowed } else { Begin::Refused };
    let store = open_bare(args, begin).await?;
    let recorded = store.app.city();
    if recorded.id.is_empty() {
        let Some(mut city) = given.or(compiled_in) else {
            bail!("this store has no city yet: begin it with --city FILE.toml, or try “bangtin demo”");
        };
        if let Some(url) = &args.public_url {
            city.public_url.clone_from(url);
        }
        store.app.set_city(CityCommand::Record(city)).await?;
        return Ok(store);
    }
    if let Some(wanted) = given.as_ref().or(compiled_in.as_ref()).filter(|wanted| wanted.id != recorded.id) {
        bail!(
            "this store belongs to {} ({}), not to {} ({}): use another --data",
            recorded.name_vi,
            recorded.id,
            wanted.name_vi,
            wanted.id
        );
    }
    if let Some(mut given) = given {
        given.public_url.clone_from(&recorded.public_url);
        given.learn_from(&recorded);
        if given != *recorded {
            bail!("the configuration differs from the one recorded in the store: change it with “bangtin city set --city FILE.toml”");
        }
    }
    check_address(args, &recorded)?;
    Ok(store)
}

fn prepare_folder(data: &Path) -> anyhow::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(data).with_context(|| format!("the folder {} cannot be made", data.display()))?;
    let probe = data.join(format!(".probe-{}", std::process::id()));
    fs::write(&probe, b"").with_context(|| format!("the folder {} cannot be written", data.display()))?;
    fs::remove_file(&probe)?;
    Ok(())
}

/// The kind of a folder's file system if it is a network file system, else none.
fn network_file_system(folder: &Path) -> Option<String> {
    let folder = folder.canonicalize().ok()?;
    let mounts = fs::read_to_string("/proc/mounts").ok()?;
    network_mount(&mounts, &folder)
}

fn network_mount(mounts: &str, folder: &Path) -> Option<String> {
    const NETWORK: &[&str] = &["nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "glusterfs", "ceph", "afs"];
    let mount = mounts
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(' ');
            let (_, point, kind) = (fields.next()?, fields.next()?, fields.next()?);
            folder.starts_with(point).then_some((point.len(), kind))
        })
        .max_by_key(|(length, _)| *length)?;
    NETWORK.contains(&mount.1).then(|| mount.1.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_mount_point_decides() {
        let mounts = "/dev/sda / ext4 rw 0 0\nserver:/x /mnt/office nfs4 rw 0 0\n/dev/sdb /mnt/office/local ext4 rw 0 0\n";
        assert_eq!(network_mount(mounts, Path::new("/mnt/office/data")).as_deref(), Some("nfs4"));
        assert_eq!(network_mount(mounts, Path::new("/mnt/office/local/data")), None);
        assert_eq!(network_mount(mounts, Path::new("/home/data")), None);
    }
}
