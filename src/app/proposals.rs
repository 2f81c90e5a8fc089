//! What waits for a second person, as it would be.

use serde_json::Value;

use super::{App, ExecuteError};
use crate::domain::families::Item;
use crate::domain::publication::Suggest;
use crate::domain::{Code, Digest, Refusal};

/// How a command is proposed.
pub(super) struct Proposing {
    /// Action of the command.
    pub action: String,
    /// False for a draft.
    pub submitted: bool,
    /// Digest of the proposal that it takes the place of.
    pub replaces: Option<Digest>,
}

impl Proposing {
    /// Takes the proposed command out of the body of a proposal; its fields become the body.
    pub fn read(body: &mut Value) -> Result<Self, Refusal> {
        let wrong = |error: String| Refusal::invalid("command-shape", sentence!("command-shape-app", error));
        let Suggest { action, command, submitted, replaces } =
            serde_json::from_value(body.take()).map_err(|error| wrong(error.to_string()))?;
        if !command.is_object() {
            return Err(wrong("“command” must be a JSON object".into()));
        }
        if matches!(action.as_str(), "draft" | "propose" | "approve" | "return" | "discard") {
            return Err(Refusal::invalid("proposal-of-a-proposal", sentence!("proposal-of-a-proposal")));
        }
        *body = command;
        Ok(Self { action, submitted, replaces })
    }
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
