//! What waits for a second person, as it would be.

use jiff::Timestamp;
use serde_json::Value;

use super::{App, ExecuteError};
use crate::domain::families::Item;
use crate::domain::publication::{Emergency, Suggest};
use crate::domain::{Code, Digest, Refusal};

/// How a command is sent where nobody may carry it out as it is.
pub(super) enum Sent {
    /// As a proposal.
    Proposed {
        /// False for a draft.
        submitted: bool,
        /// Digest of the proposal that it takes the place of.
        replaces: Option<Digest>,
        /// When it is to be carried out; none for at once.
        at: Option<Timestamp>,
    },
    /// To be carried out alone, for this reason.
    Alone(String),
}

/// Takes the command out of the body of `propose` or `publish-alone`: its fields become the body. Gives its action, and how
/// it is sent. None for other commands.
pub(super) fn unwrap(action: &str, body: &mut Value) -> Result<Option<(String, Sent)>, Refusal> {
    fn read<T: serde::de::DeserializeOwned>(body: &mut Value) -> Result<T, Refusal> {
        let wrong = |error: serde_json::Error| Refusal::invalid("command-shape", sentence!("command-shape-app", error = error.to_string()));
        serde_json::from_value(body.take()).map_err(wrong)
    }
    let (action, command, sent) = match action {
        "propose" => {
            let Suggest { action, command, submitted, replaces, at } = read(body)?;
            (action, command, Sent::Proposed { submitted, replaces, at })
        }
        "publish-alone" => {
            let Emergency { action, command, reason } = read(body)?;
            (action, command, Sent::Alone(reason))
        }
        _ => return Ok(None),
    };
    if !command.is_object() {
        let error = "“command” must be a JSON object";
        return Err(Refusal::invalid("command-shape", sentence!("command-shape-app", error)));
    }
    if matches!(action.as_str(), "draft" | "propose" | "approve" | "return" | "discard" | "carry-out" | "publish-alone" | "second") {
        return Err(Refusal::invalid("proposal-of-a-proposal", sentence!("proposal-of-a-proposal")));
    }
    *body = command;
    Ok(Some((action, sent)))
}

/// An item, and what its proposal would make of it if it were approved now.
pub struct Foreseen {
    /// The item as it is.
    pub before: Item,
    /// As it would be, or why the rules would refuse that.
    pub after: Result<Item, Refusal>,
}

impl App {
    /// What an item's proposal would lead to. None if it has none.
    pub async fn foreseen(&self, family: &str, code: Code) -> Result<Option<Foreseen>, ExecuteError> {
        let Some((before, sequence)) = self.load(family, code).await? else { return Ok(None) };
        let (mentioned, referred) = before.proposal_refers();
        let mut context = self.context(self.known(before.family(), &code, mentioned).await?);
        context.known_items = self.known_items(referred).await?;
        context.sequence = sequence;
        Ok(before.foreseen(&context).map(|after| Foreseen { before, after }))
    }
}
