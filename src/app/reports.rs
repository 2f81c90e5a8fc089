//! Reports of residents, and of clerks about a board: their words go into the vault, the fact goes into the log. The words
//! are erased once somebody has closed the report.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::json;

use super::{App, ExecuteError, random};
use crate::domain::access::Actor;
use crate::domain::digest::hex;
use crate::domain::families::LogEvent;
use crate::domain::report::{ReportClosed, ReportEvent, ReportId, ReportKind, ReportOutcome, ReportReceived, ReportState};
use crate::domain::subject::SubjectId;
use crate::domain::{Code, Digest, Refusal};
use crate::event_store::VaultChange;
use crate::vault::{Photo, ReportText};
use crate::words::fold::typed;

/// Longest text of a report, in characters.
pub const LONGEST: usize = 2_000;
/// Longest phone number or address for an answer, in characters.
const LONGEST_CONTACT: usize = 200;

/// A report as it comes in.
#[derive(Debug, Clone)]
pub struct ReportDraft {
    /// What is reported.
    pub kind: ReportKind,
    /// The item it is about.
    pub item: Code,
    /// Number of the board it is about.
    pub board: Option<u32>,
    /// What was written.
    pub written: ReportText,
    /// A photo, as JPEG.
    pub photo: Option<Bytes>,
}

impl ReportDraft {
    /// Removes invisible characters. Errors: a text is empty or too long.
    pub fn checked(self) -> Result<Self, Refusal> {
        let written = ReportText { text: typed(&self.written.text), reply_to: typed(&self.written.reply_to) };
        if written.text.is_empty() && self.kind == ReportKind::Mistake {
            return Err(Refusal::invalid("report-empty", sentence!("report-empty")));
        }
        if written.text.chars().count() > LONGEST || written.reply_to.chars().count() > LONGEST_CONTACT {
            return Err(Refusal::invalid("report-too-long", sentence!("report-too-long", most = LONGEST, most_contact = LONGEST_CONTACT)));
        }
        Ok(Self { written, ..self })
    }
}

impl App {
    /// Takes a resident's report in. Errors: its text is empty or too long.
    pub async fn receive_report(&self, draft: ReportDraft) -> Result<ReportId, ExecuteError> {
        let report = ReportId(format!("r-{}", hex(&random::<6>()?)));
        self.take_in("resident", &report, draft.checked()?).await?;
        Ok(report)
    }

    /// Takes in what a person of the office found at a board. `seen` is the board's state that they saw: the same report of
    /// the same state is taken in once, however often it is sent. Errors: as [`App::receive_report`].
    pub async fn report_damage(&self, actor: &Actor, seen: &str, draft: ReportDraft) -> Result<ReportId, ExecuteError> {
        let draft = draft.checked()?;
        let photo = draft.photo.as_deref().map(Digest::of);
        let same = json!([actor.name(), seen, draft.item, draft.board, draft.written, photo]);
        // Keyed: nobody else can work the number out. Its first bytes are the key's.
        let digest = hex(&self.vault().digest(same.to_string().as_bytes()));
        let report = ReportId(format!("r-{}", &digest[8..20]));
        if self.report(&report).await?.is_none() {
            self.take_in(actor.name(), &report, draft).await?;
        }
        Ok(report)
    }

    async fn take_in(&self, actor: &str, report: &ReportId, draft: ReportDraft) -> Result<(), ExecuteError> {
        let ReportDraft { kind, item, board, written, photo } = draft;
        let subject = || -> Result<SubjectId, ExecuteError> { Ok(SubjectId(format!("s-{}", hex(&random::<10>()?)))) };
        let (of_text, of_photo) = (subject()?, photo.as_ref().map(|_| subject()).transpose()?);
        let mut vault = vec![VaultChange::Put(self.vault().seal(&of_text, &written)?)];
        if let (Some(photo), Some(subject)) = (photo, &of_photo) {
            vault.push(VaultChange::Put(self.vault().seal(subject, &Photo(STANDARD.encode(photo)))?));
        }
        let received = ReportReceived { report: report.clone(), kind, item, board, subject: of_text, photo: of_photo };
        let event = LogEvent::Report(ReportEvent::Received(received));
        self.append_as(actor, &format!("report/{report}"), 0, std::iter::once(event), vault).await
    }

    async fn report_state(&self, report: &ReportId) -> Result<(ReportState, i64), ExecuteError> {
        let apply = |state: &mut ReportState, event, _| {
            if let LogEvent::Report(event) = event {
                state.apply(&event);
            }
        };
        self.fold(&format!("report/{report}"), ReportState::default(), apply).await
    }

    /// What became of a report; none where there is none of that number.
    pub async fn report(&self, report: &ReportId) -> Result<Option<ReportState>, ExecuteError> {
        let (state, _) = self.report_state(report).await?;
        Ok(state.received.is_some().then_some(state))
    }

    /// Closes a report, with an answer where there is one, and erases its words and its photo, in backups too.
    pub async fn close_report(&self, actor: &Actor, report: ReportId, outcome: ReportOutcome, answer: &str) -> Result<(), ExecuteError> {
        let aggregate = format!("report/{report}");
        let (state, sequence) = self.report_state(&report).await?;
        let answer = Some(typed(answer)).filter(|answer| !answer.is_empty());
        let events = state.close(ReportClosed { report, outcome, answer })?;
        let Some(received) = state.received.filter(|_| !events.is_empty()) else { return Ok(()) };
        let mut erase = Vec::new();
        for subject in std::iter::once(received.subject).chain(received.photo) {
            self.register(&subject)?;
            erase.push(VaultChange::Erase(subject.0));
        }
        self.append_as(actor.name(), &aggregate, sequence, events.into_iter().map(LogEvent::Report), erase).await?;
        Ok(self.log().scrub().await?)
    }

    /// The words of a report; none once it is closed.
    pub async fn report_text(&self, subject: &SubjectId) -> Result<Option<ReportText>, ExecuteError> {
        let row = self.log().vault_row(&subject.0).await?;
        Ok(row.map(|row| self.vault().unseal(&row)).transpose()?)
    }

    /// The photo of a report, as JPEG; none once it is closed.
    pub async fn report_photo(&self, subject: &SubjectId) -> Result<Option<Vec<u8>>, ExecuteError> {
        let Some(row) = self.log().vault_row(&subject.0).await? else { return Ok(None) };
        let Photo(text) = self.vault().unseal(&row)?;
        STANDARD.decode(text).map(Some).map_err(|error| ExecuteError::Damaged(error.to_string()))
    }
}
