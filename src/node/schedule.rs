//! What was approved for an hour is carried out when the hour has come. Every node looks, and each sends the same command:
//! the log takes it once.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::app::{App, ExecuteError, Request};
use crate::domain::access::Actor;
use crate::domain::publication::ProposalState;
use crate::domain::{Code, Digest};
use crate::import::attach::no_files;
use crate::read_model::ReadModel;

/// Time between looks.
const PAUSE: Duration = Duration::from_secs(1);
/// Pause after the store has refused.
const RETRY: Duration = Duration::from_secs(10);

/// Proposals whose hour has come: family, item, digest.
fn due(app: &App, model: &ReadModel) -> Vec<(&'static str, Code, Digest)> {
    let (now, image) = (app.now(), model.image());
    let waits = image.unsettled().filter_map(|(code, item)| {
        let proposal = item.proposal().filter(|proposal| proposal.state == ProposalState::Scheduled)?;
        proposal.due.is_some_and(|due| due <= now).then(|| (item.family(), *code, proposal.digest()))
    });
    waits.collect()
}

/// Carries out what is due. Gives how many proposals that were. Errors: the store refused one; those after it wait.
pub async fn carry_out_due(app: &App, model: &ReadModel) -> Result<usize, ExecuteError> {
    let due = due(app, model);
    for (family, code, proposal) in &due {
        let request = Request {
            // Of the proposal that was approved, so all nodes send the same.
            id: format!("at-{proposal}"),
            kind: format!("{family}.carry-out"),
            code: Some(*code),
            body: json!({ "proposal": proposal }),
            blobs: Vec::new(),
            with: Vec::new(),
        };
        match app.execute(&Actor::clock(), request, &no_files).await {
            Ok(outcome) => tracing::info!(target: "audit", %code, events = ?outcome.events, "the hour has come"),
            // It was changed in between, and the image does not know it yet.
            Err(ExecuteError::Refused(refusal)) => tracing::info!("{code} is not carried out: {refusal}"),
            Err(error) => return Err(error),
        }
    }
    Ok(due.len())
}

/// Looks for what is due until the program ends.
pub async fn keep(app: Arc<App>, model: Arc<ReadModel>) {
    loop {
        let pause = match carry_out_due(&app, &model).await {
            Ok(_) => PAUSE,
            Err(error) => {
                tracing::warn!("what is due was not carried out: {error}");
                RETRY
            }
        };
        tokio::time::sleep(pause).await;
    }
}
