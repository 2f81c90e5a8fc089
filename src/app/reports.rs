//! Reports of residents: their words go into the vault, the fact goes into the log. The words are erased
//! once somebody has closed the report.

use super::{App, ExecuteError, random};
use crate::domain::access::Actor;
use crate::domain::digest::hex;
use crate::domain::families::LogEvent;
use crate::domain::report::{ReportClosed, ReportEvent, ReportId, ReportKind, ReportOutcome, ReportReceived, ReportState};
use crate::domain::subject::SubjectId;
use crate::domain::{Code, Refusal};
use crate::event_store::VaultChange;
use crate::vault::ReportText;
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
    /// Takes a report in. Errors: its text is empty or too long.
    pub async fn receive_report(&self, draft: ReportDraft) -> Result<ReportId, ExecuteError> {
        let draft = draft.checked()?;
        let (report, subject) = (ReportId(format!("r-{}", hex(&random::<6>()?))), SubjectId(format!("s-{}", hex(&random::<10>()?))));
        let row = self.vault().seal(&subject, &draft.written)?;
        let ReportDraft { kind, item, board, .. } = draft;
        let received = ReportReceived { report: report.clone(), kind, item, board, subject };
        let event = LogEvent::Report(ReportEvent::Received(received));
        self.append_as("resident", &format!("report/{report}"), 0, std::iter::once(event), vec![VaultChange::Put(row)]).await?;
        Ok(report)
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

    /// Closes a report, with an answer where there is one, and erases its words, in backups too.
    pub async fn close_report(&self, actor: &Actor, report: ReportId, outcome: ReportOutcome, answer: &str) -> Result<(), ExecuteError> {
        let aggregate = format!("report/{report}");
        let (state, sequence) = self.report_state(&report).await?;
        let answer = Some(typed(answer)).filter(|answer| !answer.is_empty());
        let events = state.close(ReportClosed { report, outcome, answer })?;
        let Some(received) = state.received.filter(|_| !events.is_empty()) else { return Ok(()) };
        self.register(&received.subject)?;
        let erase = vec![VaultChange::Erase(received.subject.0)];
        self.append_as(actor.name(), &aggregate, sequence, events.into_iter().map(LogEvent::Report), erase).await?;
        Ok(self.log().scrub().await?)
    }

    /// The words of a report; none once it is closed.
    pub async fn report_text(&self, subject: &SubjectId) -> Result<Option<ReportText>, ExecuteError> {
        let row = self.log().vault_row(&subject.0).await?;
        Ok(row.map(|row| self.vault().unseal(&row)).transpose()?)
    }
}
