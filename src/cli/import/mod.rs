//! `bangtin import`: reads a planner's file, reports on it, and publishes it.

mod campaign;
mod item;
mod plan;
mod points;
mod units;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use bytes::Bytes;
use clap::{Args, Subcommand};
use jiff::civil::Date;
use serde_json::json;

use super::StoreArgs;
use super::messages::put;
use super::store::{self, Store};
use crate::app::{Outcome, Request};
use crate::domain::access::Actor;
use crate::domain::publication::ProposalState;
use crate::import::report::{Report, Severity};
use crate::import::source::Source;
use crate::words::civil::hour_in;

/// What the file contains.
#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// A plan's zones, or its outline
    Plan(Box<plan::PlanArgs>),
    /// Map points, one a row
    Points(points::PointsArgs),
    /// A campaign and its participating places
    Campaign(Box<campaign::CampaignArgs>),
    /// The city's administrative units, with their boundaries if the file has areas
    Units(units::UnitsArgs),
    /// An item of another family, by the family's name
    #[command(external_subcommand)]
    Item(Vec<OsString>),
}

/// Options that all imports share.
#[derive(Debug, Args)]
struct How {
    /// Only report; publish nothing
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON object on standard output and nothing else
    #[arg(long)]
    json: bool,
    /// Write the report as a page with a map that marks each finding
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Largest file, and largest unpacked size of an archive, MiB; the memory needed grows with it
    #[arg(long, env = "BANGTIN_MAX_MIB", default_value_t = 2048)]
    max_mib: u64,
}

/// When it is published.
#[derive(Debug, Args)]
struct At {
    /// Publish at this hour of the city's clocks, such as 2026-12-01T08:00 [default: at once]
    #[arg(long, value_name = "HOUR")]
    at: Option<String>,
}

impl At {
    /// The command, at its hour.
    fn of(&self, store: &Store, request: Request) -> anyhow::Result<Request> {
        let Some(text) = &self.at else { return Ok(request) };
        let at = hour_in(&store.app.city().zone(), text).with_context(|| format!("--at {text}: write it as 2026-12-01T08:00"))?;
        Ok(request.at(at))
    }
}

impl How {
    fn write_report(&self, report: &Report, drawn: &[Bytes]) -> anyhow::Result<()> {
        let Some(path) = &self.report else { return Ok(()) };
        let page = crate::render::report::page(report, drawn);
        std::fs::write(path, page).with_context(|| format!("{} cannot be written", path.display()))
    }
}

/// Runs an import.
pub async fn run(args: &StoreArgs, command: ImportCommand) -> anyhow::Result<ExitCode> {
    let demo_city = super::demo::city(None)?;
    // An import into a demo store needs neither --city nor --public-url. The store of another city keeps its
    // own.
    let bare = store::open_bare(args, if args.city.is_some() { store::Begin::Allowed } else { store::Begin::Refused }).await?;
    let store = if bare.app.city().id == demo_city.id && args.city.is_none() && args.public_url.is_none() {
        bare
    } else {
        drop(bare);
        store::open(args, None).await?
    };
    match command {
        ImportCommand::Plan(plan) => plan::run(&store, *plan).await,
        ImportCommand::Points(points) => points::run(&store, points).await,
        ImportCommand::Campaign(campaign) => campaign::run(&store, *campaign).await,
        ImportCommand::Units(units) => units::run(&store, units).await,
        ImportCommand::Item(arguments) => item::run(&store, arguments).await,
    }
}

fn pairs(list: &[String], what: &str) -> anyhow::Result<Vec<(String, String)>> {
    let split = |pair: &String| pair.split_once('=').map(|(a, b)| (a.to_owned(), b.to_owned()));
    list.iter().map(|pair| split(pair).with_context(|| format!("{what} “{pair}” must be NAME=VALUE"))).collect()
}

fn resolve_units(store: &Store, units: &[String], on: Date) -> anyhow::Result<Vec<String>> {
    let city = store.app.city();
    let resolve = |text: &String| match city.units.resolve(text, on) {
        Some(unit) => Ok(unit.id.to_string()),
        None => bail!("{}", sentence!("no-unit-on", text, on)),
    };
    units.iter().map(resolve).collect()
}

fn read(file: &Path) -> anyhow::Result<Source> {
    Source::file(file).with_context(|| format!("{} cannot be read", file.display()))
}

/// Prints a report; the exit code says whether it blocks publishing.
fn show(report: &Report, how: &How) -> anyhow::Result<ExitCode> {
    if how.json {
        put!("{}", json!({ "report": report }))?;
    } else {
        let text = report.to_text();
        if report.is_clean() {
            put!("{text}Chưa công bố gì: --dry-run (nothing was published)")?;
        } else {
            let errors = report.count(Severity::Error);
            put!("{text}Chưa công bố gì: hãy sửa {errors} lỗi trên (nothing was published: mend the errors above)")?;
        }
    }
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Carries a command out. A dry run only says what would happen, but applies every rule.
async fn execute(store: &Store, request: Request, dry_run: bool) -> anyhow::Result<Outcome> {
    let files = |name: &str| Source::file(Path::new(name)).map_err(|error| error.to_string());
    if dry_run {
        return Ok(store.app.try_out(&Actor::local(), request, &files).await?);
    }
    Ok(store.app.execute(&Actor::local(), request, &files).await?)
}

/// Adds to an output error that the item is published all the same.
fn published(told: anyhow::Result<()>, what: &str) -> anyhow::Result<()> {
    told.with_context(|| format!("{what} is published, but it could not be told"))
}

/// Adds to an output error that the proposal is submitted all the same.
fn submitted(told: anyhow::Result<()>) -> anyhow::Result<()> {
    told.context("the proposal is submitted, but it could not be told")
}

/// Prints what was published or submitted. Errors: it is done, but printing failed.
fn tell(store: &Store, outcome: &Outcome, report: &Report, how: &How) -> anyhow::Result<()> {
    let base = store.app.city().public_url.clone();
    let code = outcome.code.map(|code| code.to_string()).unwrap_or_default();
    let url = format!("{base}/q/{code}");
    if outcome.waits() {
        let proposal = outcome.proposal;
        let office = format!("{base}/office/proposals/{code}");
        return submitted(if how.json {
            put!("{}", json!({ "code": code, "state": outcome.state, "proposal": proposal, "url": office, "report": report }))
        } else {
            let text = report.to_text();
            let waits = match outcome.state {
                Some(ProposalState::Scheduled) => "Sẽ công bố đúng giờ đã hẹn (scheduled)",
                _ => "Đã trình, chờ người thứ hai duyệt (submitted)",
            };
            put!("{text}{waits}: {code}\n{office}")
        });
    }
    if how.json {
        let geojson = format!("{url}.geojson");
        published(
            put!("{}", json!({ "code": code, "revision": outcome.revision, "url": url, "geojson": geojson, "report": report })),
            &code,
        )
    } else {
        let (text, revision) = (report.to_text(), outcome.revision.unwrap_or_default());
        published(put!("{text}Đã công bố (published): {code}, lần (revision) {revision}\n{url}"), &code)
    }
}
