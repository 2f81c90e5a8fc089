//! `bangtin token`: manages bearer tokens for writing over HTTP.

use anyhow::{Context, bail};
use clap::Subcommand;
use serde_json::json;

use super::messages::{is_thrown_away, put, say};
use super::{StoreArgs, store};
use crate::app::App;
use crate::domain::access::{AccountId, Actor, Reach, Role, TokenId};
use crate::node::follower;
use crate::words::civil::date_in;

/// What to do with tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Create a token; its secret is printed once
    Create {
        /// What the token may publish
        #[arg(long)]
        role: Role,
        /// Units that the token is valid for, by code or CODE-YEAR; “all” for the whole city
        #[arg(long = "unit", value_name = "CODE", required = true)]
        units: Vec<String>,
        /// Purpose of the token; no personal data
        #[arg(long, default_value = "")]
        label: String,
        /// Account of the person who uses the token, as “bangtin account list” prints it
        #[arg(long, value_name = "ACCOUNT")]
        person: Option<String>,
        /// Print one JSON object on standard output
        #[arg(long)]
        json: bool,
    },
    /// Revoke a token by its id
    Revoke {
        /// Id of the token, as printed by “create” and “list”
        token: String,
    },
    /// List the tokens that may be used
    List {
        /// Print one JSON array on standard output
        #[arg(long)]
        json: bool,
    },
}

/// Where a right holds, by the units that were named.
pub fn reach(app: &App, units: &[String]) -> anyhow::Result<Reach> {
    if units.iter().any(|unit| unit == "all") {
        return Ok(Reach::City);
    }
    let city = app.city();
    let today = date_in(&city.zone(), app.now());
    let mut ids = Vec::new();
    for text in units {
        match city.units.resolve(text, today) {
            Some(unit) => ids.push(unit.id.clone()),
            None => bail!("the city has no unit “{text}” today: write its code or CODE-YEAR"),
        }
    }
    Ok(Reach::Units(ids))
}

/// Runs the command.
pub async fn run(args: &StoreArgs, command: TokenCommand) -> anyhow::Result<()> {
    let store = store::open(args, None).await?;
    let app = &store.app;
    match command {
        TokenCommand::Create { role, units, label, person, json } => {
            if is_thrown_away() {
                bail!("nobody would see the token's secret, because standard output is closed or leads to /dev/null: no token was made");
            }
            let reach = reach(app, &units)?;
            let (token, secret) = app.create_token_for(&Actor::local(), role, reach, label, person.map(AccountId)).await?;
            let shown = if json { put!("{}", json!({ "token": token, "secret": secret })) } else { put!("{secret}") };
            shown.with_context(|| format!("token {token} was made, but nobody has seen its secret: revoke it and create another"))?;
            if !json {
                say!("token {token}; keep the secret above, it is not shown again");
            }
        }
        TokenCommand::Revoke { token } => app.revoke_token(&Actor::local(), TokenId(token)).await?,
        TokenCommand::List { json } => {
            let image = follower::build(app.log(), Some(&store.snapshot)).await.context("the log cannot be read")?;
            let list: Vec<_> = image
                .tokens()
                .map(|grant| {
                    let person = image.person_of(&grant.token);
                    json!({ "token": grant.token, "role": grant.role, "reach": grant.reach, "label": grant.label, "person": person })
                })
                .collect();
            if json {
                put!("{}", serde_json::to_string(&list)?)?;
            } else {
                for entry in list {
                    put!("{entry}")?;
                }
            }
        }
    }
    Ok(())
}
