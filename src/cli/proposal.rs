//! `bangtin proposal`: what is in preparation, or waits for a second person.

use anyhow::Context;
use clap::Subcommand;
use serde_json::json;

use super::messages::{put, say};
use super::{StoreArgs, store};
use crate::app::{Request, new_command_id};
use crate::domain::Code;
use crate::domain::access::Actor;
use crate::import::attach::no_files;
use crate::node::follower;

/// What to do with proposals.
#[derive(Debug, Subcommand)]
pub enum ProposalCommand {
    /// List the proposals
    List {
        /// Print one JSON array on standard output
        #[arg(long)]
        json: bool,
    },
    /// Drop an item's proposal
    Discard {
        /// Code of the item
        code: Code,
    },
}

/// Runs the command.
pub async fn run(args: &StoreArgs, command: ProposalCommand) -> anyhow::Result<()> {
    let store = store::open(args, None).await?;
    let image = follower::build(store.app.log(), Some(&store.snapshot)).await.context("the log cannot be read")?;
    match command {
        ProposalCommand::List { json } => {
            let all = image.unsettled().filter_map(|(code, item)| {
                let proposal = item.proposal()?;
                Some(json!({
                    "code": code, "type": format!("{}.{}", item.family(), proposal.action), "title": proposal.title,
                    "state": proposal.state, "authors": proposal.authors, "approvals": proposal.approvals,
                    "needed": proposal.needed(), "proposal": proposal.digest(),
                }))
            });
            let list: Vec<_> = all.collect();
            if json {
                put!("{}", serde_json::to_string(&list)?)?;
            } else {
                for entry in list {
                    put!("{entry}")?;
                }
            }
        }
        ProposalCommand::Discard { code } => {
            let found = image.entry(&code).and_then(|entry| Some((entry.item.family(), entry.item.proposal()?.digest())));
            let (family, proposal) = found.with_context(|| format!("{code} has no proposal: see “bangtin proposal list”"))?;
            let (id, kind) = (new_command_id()?, format!("{family}.discard"));
            let request =
                Request { id, kind, code: Some(code), body: json!({ "proposal": proposal }), blobs: Vec::new(), with: Vec::new() };
            store.app.execute(&Actor::local(), request, &no_files).await?;
            say!("the proposal of {code} is discarded");
        }
    }
    Ok(())
}
