//! Shows progress: a bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

use super::messages::{note, say};

/// Shows how far a long task has come.
pub struct Progress {
    bar: Option<ProgressBar>,
    name: String,
    total: u64,
    done: u64,
    told: u64,
    /// True for a server, which waits for no message.
    is_of_server: bool,
    lines: std::sync::atomic::AtomicU64,
}

impl Progress {
    /// Starts a task of `total` steps; 0 if its length is unknown.
    pub fn new(name: &str, total: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(total);
            let template = if total == 0 { "{prefix} {spinner} {pos} {msg}" } else { "{prefix} [{bar:30}] {pos}/{len} {msg}" };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.with_prefix(name.to_owned())
        });
        Self { bar, name: name.to_owned(), total, done: 0, told: 0, is_of_server: false, lines: std::sync::atomic::AtomicU64::new(0) }
    }

    /// A task of a server: nothing waits for its lines.
    pub fn of_server(name: &str, total: u64) -> Self {
        Self { is_of_server: true, ..Self::new(name, total) }
    }

    /// Reports that one more step is done; `what` names it.
    pub fn step(&mut self, what: &str) {
        self.done += 1;
        if let Some(bar) = &self.bar {
            bar.set_message(what.to_owned());
            bar.set_position(self.done);
        } else {
            let tenth = (self.done * 10).checked_div(self.total).unwrap_or(10);
            if tenth > self.told || self.done == self.total {
                self.told = tenth;
                if self.is_of_server {
                    note!("{}: {}/{} {what}", self.name, self.done, self.total);
                } else {
                    say!("{}: {}/{} {what}", self.name, self.done, self.total);
                }
            }
        }
    }

    /// Reports how much of a task of unknown length is done.
    pub fn at(&self, done: u64, what: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(what.to_owned());
            bar.set_position(done);
        } else {
            // One line for each doubling is enough.
            let told = self.lines.load(std::sync::atomic::Ordering::Relaxed);
            if done >= told.max(8_192) * 2 {
                self.lines.store(done, std::sync::atomic::Ordering::Relaxed);
                say!("{}: {done} {what}", self.name);
            }
        }
    }

    /// Ends the progress: the task is done.
    pub fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
