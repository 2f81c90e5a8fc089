//! Which encoding each column of a file is written in, judged over the whole file.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Mutex;

use super::escapes;
use super::{Damage, Decided, Lean, Writing, decide, has_gaps};
use crate::import::report::{Finding, Report, Severity};

/// How often each encoding was seen in values that show it by themselves, in the order of [`Writing`].
type Seen = [usize; 5];

/// The encodings that were seen in the columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    columns: BTreeMap<String, Seen>,
}

impl Evidence {
    /// Counts a value whose encoding was decided by the value itself.
    fn note(&mut self, column: &str, decided: &Decided) {
        let sure = !decided.open && decided.damage != Some(Damage::Guess);
        if sure && !decided.text.is_ascii() {
            if !self.columns.contains_key(column) {
                self.columns.insert(column.to_owned(), Seen::default());
            }
            if let Some(seen) = self.columns.get_mut(column) {
                seen[decided.writing as usize] += 1;
            }
        }
    }

    /// The encoding that a column is mostly written in, and that of the whole file.
    pub fn lean(&self, column: &str) -> Lean {
        let most = |seen: &Seen| {
            let all = [Writing::Unicode, Writing::Tcvn3, Writing::Vni, Writing::Utf8Twice, Writing::Windows1258];
            all.into_iter()
                .filter(|writing| seen[*writing as usize] > 0)
                .max_by_key(|writing| (seen[*writing as usize], std::cmp::Reverse(*writing)))
        };
        let whole = {
            let sum = self.columns.values().fold(Seen::default(), |sum, seen| std::array::from_fn(|i| sum[i] + seen[i]));
            most(&sum)
        };
        Lean { own: self.columns.get(column).and_then(most), whole }
    }
}

/// A remark about a cell for the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellNote {
    /// Name of the cell's column.
    pub column: String,
    /// What is wrong with the cell's text.
    pub damage: Damage,
    /// The text that was kept.
    pub text: String,
}

impl CellNote {
    /// The remark as a finding, without the feature's number.
    pub fn finding(&self) -> Finding {
        let (column, text) = (&self.column, self.text.chars().take(60).collect::<String>());
        let (check, said) = match self.damage {
            Damage::Cut => ("text-cut", sentence!("text-cut", column, text)),
            Damage::Bytes => ("text-damaged", sentence!("text-damaged", column, text)),
            Damage::Lost => ("text-damaged", sentence!("text-damaged-columns", column, text)),
            Damage::Gaps => ("letters-lost", sentence!("letters-lost", column, text)),
            Damage::Controls => ("control-characters", sentence!("control-characters", column, text)),
            Damage::Guess => ("encoding-guessed", sentence!("encoding-guessed", column, text)),
        };
        Finding::new(Severity::Warning, check, said)
    }
}

/// Notes control characters, which become blanks when the text is cleaned.
fn note_controls(column: &str, text: &str, notes: &mut Vec<CellNote>) {
    if text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\r' | '\n')) {
        let shown = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        notes.push(CellNote { column: column.to_owned(), damage: Damage::Controls, text: shown });
    }
}

/// Decides the encodings of a file's texts, and remembers what it saw. Several threads may use it at once.
#[derive(Debug, Default)]
pub struct Texts {
    /// Encodings that were known before the first value.
    before: Evidence,
    seen: Mutex<Tally>,
}

#[derive(Debug, Default)]
struct Tally {
    evidence: Evidence,
    /// Number of values converted, by column and encoding.
    converted: BTreeMap<(String, Writing), usize>,
    /// Number of values with letters written as HTML or JSON, by column.
    escaped: BTreeMap<String, usize>,
    /// Number of values that could be read in two ways, by column, with the first of them.
    open: BTreeMap<String, (usize, String)>,
}

impl Texts {
    /// Starts with what is already known about the columns.
    pub fn new(before: Evidence) -> Self {
        Self { before, seen: Mutex::default() }
    }

    /// Decides a value of a column, and adds any damage to `notes`.
    pub fn value(&self, column: &str, text: &str, notes: &mut Vec<CellNote>) -> String {
        let text = &*self.unescaped(column, text);
        if text.is_ascii() && !has_gaps(text) {
            note_controls(column, text, notes);
            return text.to_owned();
        }
        let decided = decide(text, self.before.lean(column));
        if let Some(damage) = decided.damage {
            notes.push(CellNote { column: column.to_owned(), damage, text: decided.text.clone() });
        }
        note_controls(column, &decided.text, notes);
        let mut seen = self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        seen.evidence.note(column, &decided);
        if decided.writing != Writing::Unicode && decided.damage.is_none() {
            *seen.converted.entry((column.to_owned(), decided.writing)).or_default() += 1;
        }
        if decided.open {
            seen.open.entry(column.to_owned()).or_insert_with(|| (0, decided.text.clone())).0 += 1;
        }
        decided.text
    }

    /// A text whose letters a program wrote as HTML (`&#7841;`, `&acirc;`) or as JSON (`\\u1ea1`), with the letters
    /// that are meant.
    fn unescaped<'t>(&self, column: &str, text: &'t str) -> Cow<'t, str> {
        let plain = escapes::plain(text);
        if let Cow::Owned(_) = plain {
            let mut seen = self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            *seen.escaped.entry(column.to_owned()).or_default() += 1;
        }
        plain
    }

    /// What is known about the columns by now.
    pub fn evidence(&self) -> Evidence {
        self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner).evidence.clone()
    }

    /// True if a value that could be read in two ways would now be decided differently.
    pub fn would_change(&self) -> bool {
        let seen = self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        seen.open.keys().any(|column| seen.evidence.lean(column) != self.before.lean(column))
    }

    /// Reports which columns were converted, and which values remain open.
    pub fn report(&self, report: &mut Report) {
        let seen = self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for (column, count) in &seen.escaped {
            report.push(Finding::new(Severity::Repair, "letters-unescaped", sentence!("letters-unescaped", column, count)));
        }
        for ((column, writing), count) in &seen.converted {
            let name = writing.name();
            let others =
                seen.evidence.columns.get(column).is_some_and(|of| of.iter().enumerate().any(|(i, n)| i != *writing as usize && *n > 0));
            let said =
                if others { sentence!("values-converted", count, column, name) } else { sentence!("column-converted", column, name) };
            report.push(Finding::new(Severity::Repair, "encoding-converted", said));
        }
        for (column, (count, example)) in &seen.open {
            let mixed = seen.evidence.columns.get(column).is_some_and(|of| of.iter().filter(|n| **n > 0).count() > 1);
            let own = seen.evidence.columns.contains_key(column);
            if mixed || !own && seen.converted.keys().any(|(converted, _)| converted == column) {
                report.push(Finding::new(Severity::Warning, "encoding-open", sentence!("encoding-open", count, column, example)));
            }
        }
    }
}
