//! `bangtin city`: replaces or prints the city's recorded configuration.

use clap::Subcommand;

use super::messages::{note, put};
use super::{StoreArgs, store};
use crate::config;
use crate::credentials::passkeys;
use crate::domain::city::CityCommand as DomainCommand;

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub enum CityCommand {
    /// Replace the configuration by --city FILE.toml, or the public address by --public-url; recorded as an
    /// event
    Set,
    /// Print the configuration as JSON
    Show,
}

/// Runs the command.
pub async fn run(args: &StoreArgs, command: CityCommand) -> anyhow::Result<()> {
    let store = store::open_bare(args, store::Begin::Refused).await?;
    let recorded = store.app.city();
    match command {
        CityCommand::Show => put!("{}", serde_json::to_string_pretty(&*recorded)?)?,
        CityCommand::Set => {
            let mut city = match &args.city {
                Some(path) => {
                    let mut city = config::city_file(path)?;
                    city.public_url.clone_from(&recorded.public_url);
                    city.boundaries.clone_from(&recorded.boundaries);
                    city.as_before.clone_from(&recorded.as_before);
                    city
                }
                None => (*recorded).clone(),
            };
            if city.id != recorded.id {
                anyhow::bail!("this store belongs to {}: another city needs another store", recorded.name_vi);
            }
            if let Some(url) = &args.public_url {
                city.public_url.clone_from(url);
            }
            let (before, after) = (passkeys::host(&recorded.public_url), passkeys::host(&city.public_url));
            let count = if before == after { 0 } else { store.app.count_passkeys().await? };
            if count > 0 {
                note!("bangtin: {}", sentence!("passkeys-void", n = count, host = before.unwrap_or_default()));
            }
            store.app.set_city(DomainCommand::Set(city)).await?;
        }
    }
    Ok(())
}
