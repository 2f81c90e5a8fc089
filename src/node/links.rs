//! Whether the links of the register of services still answer. This node looks once a day, and remembers what it saw.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::app::App;
use crate::domain::Code;
use crate::domain::publication::Status;
use crate::domain::publication::view::Moment;
use crate::read_model::ReadModel;

/// Time between two looks at all links.
const PAUSE: Duration = Duration::from_hours(24);
/// Time between two links: nobody's server feels a check.
const BETWEEN: Duration = Duration::from_secs(1);
/// Most links that are looked at.
const MOST: usize = 500;

/// What came of a look at a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// The address.
    pub link: String,
    /// When.
    pub at: Timestamp,
    /// The status of the answer; or why there is none.
    pub outcome: Result<u16, String>,
}

impl Looked {
    /// True where a person would get a page.
    pub fn is_good(&self) -> bool {
        // A page that asks for a sign-in is there.
        matches!(self.outcome, Ok(status) if status < 400 || status == 401 || status == 403)
    }
}

/// What this node saw of the links.
#[derive(Default)]
pub struct Links(Mutex<BTreeMap<Code, Looked>>);

impl Links {
    /// What was seen of an item's link; none where it has another address by now.
    pub fn of(&self, code: &Code, link: &str) -> Option<Looked> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(code).filter(|looked| looked.link == link).cloned()
    }

    fn note(&self, code: Code, looked: Looked) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(code, looked);
    }

    /// Looks at every link once.
    pub async fn look(&self, app: &App, model: &ReadModel) {
        let all: Vec<(Code, String)> = {
            let image = model.image();
            let moment = Moment::new(app.now(), image.city.zone());
            let views = image.collection("services").filter_map(|(_, entry)| entry.item.view(None, &moment));
            let held = views.filter(|view| view.status == Status::InForce);
            held.filter_map(|view| Some((view.code, view.link()?.to_owned()))).take(MOST).collect()
        };
        for (code, link) in all {
            let outcome = app.link_answers(&link).await.map_err(|error| error.to_string());
            self.note(code, Looked { link, at: app.now(), outcome });
            tokio::time::sleep(BETWEEN).await;
        }
    }
}

/// Looks at all links once a day, until the program ends.
pub async fn keep(app: Arc<App>, model: Arc<ReadModel>, links: Arc<Links>) {
    loop {
        links.look(&app, &model).await;
        tokio::time::sleep(PAUSE).await;
    }
}
