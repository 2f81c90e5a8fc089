//! What residents report: a mistake on a page, a code that was pasted over. Their words are in the
//! vault, under a key of their own, until the report is closed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::subject::SubjectId;
use super::{Code, Refusal};

opaque_id! {
    /// An opaque identity of a report.
    ReportId
}

/// What is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReportKind {
    /// Something on the page is wrong.
    Mistake,
    /// A code is false or was pasted over.
    FalseCode,
    /// The print is torn, wet or gone.
    DamagedPrint,
}

impl ReportKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Mistake, Self::FalseCode, Self::DamagedPrint];

    /// The name used in forms and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mistake => "mistake",
            Self::FalseCode => "false-code",
            Self::DamagedPrint => "damaged-print",
        }
    }

    /// Reads [`ReportKind::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// `report.received`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportReceived {
    /// The report.
    pub report: ReportId,
    /// What is reported.
    pub kind: ReportKind,
    /// The item it is about.
    pub item: Code,
    /// Number of the board it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub board: Option<u32>,
    /// Under this id the vault keeps what was written.
    pub subject: SubjectId,
    /// Under this id the vault keeps a photo, until the report is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<SubjectId>,
}

/// What came of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ReportOutcome {
    /// It was right, and was seen to.
    Mended,
    /// Nothing was wrong.
    NoFault,
    /// Not a report at all.
    Abuse,
}

impl ReportOutcome {
    /// The name used in JSON and forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mended => "mended",
            Self::NoFault => "no-fault",
            Self::Abuse => "abuse",
        }
    }

    /// Reads the name used in JSON and forms.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "mended" => Some(Self::Mended),
            "no-fault" => Some(Self::NoFault),
            "abuse" => Some(Self::Abuse),
            _ => None,
        }
    }
}

/// `report.closed`: from then on what was written is erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportClosed {
    /// The report.
    pub report: ReportId,
    /// What came of it.
    pub outcome: ReportOutcome,
    /// What the office answers; whoever has the report's number reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
}

/// Longest answer, in characters.
const LONGEST_ANSWER: usize = 2_000;

/// Events of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReportEvent {
    /// It came in.
    Received(ReportReceived),
    /// It was closed.
    Closed(ReportClosed),
}

/// A report as events left it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReportState {
    /// None before it came in.
    pub received: Option<ReportReceived>,
    /// None while it is open.
    pub outcome: Option<ReportOutcome>,
    /// What the office answered.
    #[serde(default)]
    pub answer: Option<String>,
}

impl ReportState {
    /// Decides to close it; closing it again in the same way changes nothing. Errors: it is not known, was closed in another
    /// way, or the answer is too long.
    pub fn close(&self, closed: ReportClosed) -> Result<Vec<ReportEvent>, Refusal> {
        if closed.answer.as_ref().is_some_and(|answer| answer.chars().count() > LONGEST_ANSWER) {
            return Err(Refusal::invalid("answer-too-long", sentence!("answer-too-long", most = LONGEST_ANSWER)));
        }
        match (&self.received, self.outcome) {
            (None, _) => Err(Refusal::invalid("unknown-report", sentence!("unknown-report", report = closed.report))),
            (Some(_), Some(outcome)) if outcome == closed.outcome && self.answer == closed.answer => Ok(Vec::new()),
            (Some(_), Some(_)) => Err(Refusal::conflict("report-closed", sentence!("report-closed"))),
            (Some(_), None) => Ok(vec![ReportEvent::Closed(closed)]),
        }
    }

    /// Applies an event.
    pub fn apply(&mut self, event: &ReportEvent) {
        match event {
            ReportEvent::Received(received) => self.received = Some(received.clone()),
            ReportEvent::Closed(closed) => {
                self.outcome = Some(closed.outcome);
                self.answer.clone_from(&closed.answer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_closed_once() {
        let close = |outcome| ReportClosed { report: ReportId("r-1".into()), outcome, answer: Some("Đã sửa".into()) };
        let mut state = ReportState::default();
        assert_eq!(state.close(close(ReportOutcome::Mended)).expect_err("unknown").reason, "unknown-report");
        state.apply(&ReportEvent::Received(ReportReceived {
            report: ReportId("r-1".into()),
            kind: ReportKind::Mistake,
            item: Code::from_random([1; 8]),
            board: None,
            subject: SubjectId("s-1".into()),
            photo: None,
        }));
        for event in state.close(close(ReportOutcome::Mended)).expect("allowed") {
            state.apply(&event);
        }
        assert!(state.close(close(ReportOutcome::Mended)).expect("again").is_empty());
        assert_eq!(state.close(close(ReportOutcome::Abuse)).expect_err("closed").reason, "report-closed");
        let other = ReportClosed { answer: None, ..close(ReportOutcome::Mended) };
        assert_eq!(state.close(other).expect_err("another answer").reason, "report-closed");
        let long = ReportClosed { answer: Some("ư".repeat(2_001)), ..close(ReportOutcome::Mended) };
        assert_eq!(state.close(long).expect_err("long").reason, "answer-too-long");
        assert_eq!(state.answer.as_deref(), Some("Đã sửa"));
    }
}
