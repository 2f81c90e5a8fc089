//! `bangtin account`: the people of the office. It works at the machine even where nobody can sign in any more.

use anyhow::{Context, bail};
use clap::Subcommand;
use serde_json::json;

use super::messages::{is_thrown_away, put, say};
use super::token::reach;
use super::{StoreArgs, store};
use crate::app::App;
use crate::app::accounts::Profile;
use crate::domain::access::{AccountId, Actor, Grant, Role};

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Invite a person; prints the link once, valid for 48 hours
    Invite {
        /// What the person may do; may be repeated
        #[arg(long = "role", value_name = "ROLE", required = true)]
        roles: Vec<Role>,
        /// Units where the roles hold, by code or CODE-YEAR; “all” for the whole city
        #[arg(long = "unit", value_name = "CODE", default_value = "all")]
        units: Vec<String>,
        /// Name of the person, who may also fill it in
        #[arg(long, default_value = "")]
        name: String,
        /// E-mail address of the person, who may also fill it in
        #[arg(long, default_value = "")]
        email: String,
        /// Print one JSON object on standard output
        #[arg(long)]
        json: bool,
    },
    /// Invite a person anew who lost what they sign in with; all their sessions end
    InviteAgain {
        /// Id of the account, as printed by “invite” and “list”
        account: String,
        /// Print one JSON object on standard output
        #[arg(long)]
        json: bool,
    },
    /// Keep a person out; all their sessions end
    Suspend {
        /// Id of the account
        account: String,
    },
    /// Let a suspended person in again
    Resume {
        /// Id of the account
        account: String,
    },
    /// Let a person sign in with the identity at a provider that their code stands for
    Tie {
        /// Id of the account
        account: String,
        /// The code that the person was shown
        code: String,
    },
    /// No longer let a person sign in with an identity at a provider; all their sessions end
    Untie {
        /// Id of the account
        account: String,
        /// Id of the identity, as printed by “list”
        identity: String,
    },
    /// Choose for what a second person must approve, such as “plan” or “works”; says what is chosen if none is named
    SecondPerson {
        /// Families and kinds of items; “none” for nothing
        kinds: Vec<String>,
    },
    /// List the accounts
    List {
        /// Print one JSON array on standard output
        #[arg(long)]
        json: bool,
    },
}

/// The address of an invitation.
pub fn link(site: &str, secret: &str) -> String {
    format!("{}/office/invitation/{secret}", site.trim_end_matches('/'))
}

/// Runs the command.
pub async fn run(args: &StoreArgs, command: AccountCommand) -> anyhow::Result<()> {
    let store = store::open(args, None).await?;
    let app = &store.app;
    match command {
        AccountCommand::Invite { roles, units, name, email, json } => {
            check_seen()?;
            let reach = reach(app, &units)?;
            let grants = roles.into_iter().map(|role| Grant { role, reach: reach.clone() }).collect();
            let (account, secret) = app.invite(&Actor::local(), &Profile { name, email }, grants).await?;
            print_link(app, &account, &secret, json)?;
        }
        AccountCommand::InviteAgain { account, json } => {
            check_seen()?;
            let account = AccountId(account);
            let secret = app.invite_again(&Actor::local(), account.clone()).await?;
            print_link(app, &account, &secret, json)?;
        }
        AccountCommand::Suspend { account } => app.suspend(&Actor::local(), AccountId(account), true).await?,
        AccountCommand::Resume { account } => app.suspend(&Actor::local(), AccountId(account), false).await?,
        AccountCommand::Tie { account, code } => app.tie_identity(&Actor::local(), AccountId(account), &code).await?,
        AccountCommand::Untie { account, identity } => app.untie_identity(&Actor::local(), AccountId(account), &identity).await?,
        AccountCommand::SecondPerson { kinds } => {
            if !kinds.is_empty() {
                let kinds = kinds.into_iter().filter(|kind| kind != "none").collect();
                app.choose_second_person(&Actor::local(), kinds).await?;
            }
            let accounts = app.accounts().await?;
            match accounts.second_person_since {
                Some(_) => put!("{}", accounts.two_persons().join(" "))?,
                None => say!("one person publishes until two can sign in, one of them an approver"),
            }
        }
        AccountCommand::List { json } => {
            let mut list = Vec::new();
            for (id, account) in app.accounts().await?.all {
                let profile = app.profile(&id).await?;
                list.push(json!({
                    "account": id, "name": profile.name, "email": profile.email, "state": account.state(), "grants": account.grants,
                    "identities": app.identities(&id).await?,
                }));
            }
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

fn check_seen() -> anyhow::Result<()> {
    if is_thrown_away() {
        bail!("nobody would see the invitation, because standard output is closed or leads to /dev/null: nobody was invited");
    }
    Ok(())
}

fn print_link(app: &App, account: &AccountId, secret: &str, json: bool) -> anyhow::Result<()> {
    let link = link(&app.city().public_url, secret);
    let shown = if json { put!("{}", json!({ "account": account, "link": link })) } else { put!("{link}") };
    shown.with_context(|| format!("nobody has seen the link: use “bangtin account invite-again {account}”"))?;
    if !json {
        say!("account {account}; the link above is valid for 48 hours and is not shown again");
    }
    Ok(())
}
