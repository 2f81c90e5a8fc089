//! `bangtin apply`: carries out commands from a file through the write path.

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use serde_json::Value;

use super::messages::{put, say};
use super::progress::Progress;
use super::{StoreArgs, store};
use crate::app::{App, ExecuteError, Outcome, Request};
use crate::domain::Refusal;
use crate::domain::access::Actor;
use crate::import::attach::Files;
use crate::import::source::Source;

/// Carries out one line, a command as JSON.
pub async fn line(app: &App, line: &str, files: Files<'_>) -> Result<Outcome, ExecuteError> {
    let value: Value = serde_json::from_str(line)
        .map_err(|error| Refusal::invalid("command-shape", sentence!("command-shape-apply", error = error.to_string())))?;
    app.execute(&Actor::local(), Request::parse(value)?, files).await
}

/// Carries out a file of commands. It continues after a refused command, and reports the refusals at the end.
pub async fn run(args: &StoreArgs, file: &Path) -> anyhow::Result<ExitCode> {
    let text = if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("standard input cannot be read")?;
        text
    } else {
        std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?
    };
    let store = store::open(args, None).await?;
    let folder = file.parent().unwrap_or(Path::new(".")).to_owned();
    let files = move |name: &str| Source::file(&folder.join(name)).map_err(|error| error.to_string());
    let lines: Vec<(usize, &str)> = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).collect();
    let mut progress = Progress::new("apply", lines.len() as u64);
    let mut refused = 0;
    let mut told = Ok(());
    for (number, text) in lines {
        match line(&store.app, text, &files).await {
            Ok(outcome) => {
                // If an outcome cannot be printed, the remaining commands are carried out all the same.
                told = told.and(put!("{}", serde_json::to_string(&outcome)?));
                progress.step(&outcome.code.map(|code| code.to_string()).unwrap_or_default());
            }
            Err(error @ (ExecuteError::Refused(_) | ExecuteError::Import(_))) => {
                refused += 1;
                say!("bangtin: {}, line {}: {error}", file.display(), number + 1);
                if let ExecuteError::Import(report) = &error {
                    say!("{}", report.to_text().trim_end());
                }
                progress.step("");
            }
            Err(error) => {
                return Err(error).with_context(|| {
                    format!("{}, line {}; nothing after it was carried out, repeat the file", file.display(), number + 1)
                });
            }
        }
    }
    progress.finish();
    told.context("all commands were carried out, but what came of them could not be told")?;
    Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
