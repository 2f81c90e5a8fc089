//! What is removed now and then: files that nobody used for long, and questions that were answered long ago.

use std::time::Duration;

use crate::app::App;
use crate::domain::publication::view::moment_of;
use crate::read_model::ReadModel;

/// Time between looks for drafts that are over.
const PAUSE: Duration = Duration::from_hours(1);

/// Removes, now and then, what planners sent and did not use for long, and questions that were answered long ago. It never
/// returns.
pub async fn keep(app: &App, model: &ReadModel) {
    loop {
        let answered: Vec<_> = {
            let image = model.image();
            let open = image.questions.readable();
            open.filter_map(|known| Some((known.asked.question.clone(), moment_of(known.answered?)))).collect()
        };
        if let Err(error) = app.forget_answered(answered).await {
            tracing::warn!("answered questions were not erased: {error}");
        }
        if let Err(error) = app.sweep_kept().await {
            tracing::warn!("old drafts were not removed: {error}");
        }
        tokio::time::sleep(PAUSE).await;
    }
}
