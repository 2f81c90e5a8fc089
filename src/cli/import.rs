//! `bangtin import`: a planner's file, its report, its publication.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::StoreArgs;
use super::progress::Progress;
use super::store::{self, Store};
use crate::app::{ExecuteError, Outcome, Request, new_command_id};
use crate::domain::access::Actor;
use crate::domain::plan::{Adjustment, PlanKind};
use crate::domain::{Code, Digest};
use crate::import::crs::Crs;
use crate::import::report::{Report, Severity};
use crate::import::{points, zones};

/// What a file holds.
#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// A plan's zones
    Plan(Box<PlanArgs>),
    /// Map points: a table or GeoJSON, a point a row
    Points(PointsArgs),
    /// A campaign and its participating places
    Campaign(Box<CampaignArgs>),
}

/// A plan.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// GeoJSON in WGS 84 or a VN-2000 zone
    file: PathBuf,
    /// Title as in the decision
    #[arg(long)]
    title: String,
    /// Kind of plan
    #[arg(long)]
    kind: PlanKind,
    /// Who approved it
    #[arg(long)]
    authority: String,
    /// Number of the decision
    #[arg(long)]
    decision: String,
    /// Day of the signature, 2020-09-15
    #[arg(long)]
    signed: Date,
    /// Who signed, with their office
    #[arg(long)]
    signatory: Option<String>,
    /// First day in force
    #[arg(long)]
    effective_from: Date,
    /// Last day in force
    #[arg(long)]
    effective_to: Option<Date>,
    /// What it means, in a sentence or two for residents
    #[arg(long)]
    summary: Option<String>,
    /// First and last year, 2021-2030
    #[arg(long, value_name = "FROM-TO")]
    period: Option<String>,
    /// tỉnh, huyện, xã …
    #[arg(long)]
    level: Option<String>,
    /// 1/2000
    #[arg(long)]
    scale: Option<String>,
    /// How it changes the plan
    #[arg(long, default_value = "first")]
    adjustment: Adjustment,
    /// Units it concerns, by code or CODE-YEAR; none means the whole city
    #[arg(long = "unit", value_name = "CODE")]
    units: Vec<String>,
    /// Attached files: decision=FILE, report=FILE, map=FILE, other=FILE
    #[arg(long = "document", value_name = "ROLE=FILE")]
    documents: Vec<String>,
    /// Coordinate system of the file, EPSG:9208
    #[arg(long)]
    crs: Option<String>,
    /// Columns: land_use=COLUMN, name=COLUMN
    #[arg(long = "map", value_name = "FIELD=COLUMN")]
    columns: Vec<String>,
    /// Publish the next revision of this code
    #[arg(long, value_name = "CODE")]
    revises: Option<Code>,
    /// The revision this one was made from [default: the current one]
    #[arg(long, value_name = "N")]
    based_on: Option<u32>,
    #[command(flatten)]
    how: How,
}

/// Points.
#[derive(Debug, Args)]
pub struct PointsArgs {
    /// CSV or GeoJSON
    file: PathBuf,
    /// Kind of the rows that name none: ambulance, health-worker, health-station, advisory-desk, digital-team
    #[arg(long)]
    kind: Option<String>,
    /// Coordinate system of the file, EPSG:9208
    #[arg(long)]
    crs: Option<String>,
    #[command(flatten)]
    how: How,
}

/// A campaign.
#[derive(Debug, Args)]
pub struct CampaignArgs {
    /// CSV or GeoJSON of its participating places
    file: PathBuf,
    /// Title
    #[arg(long)]
    title: String,
    /// cashless-day, marketplace-day, eid-drive, digital-month, training
    #[arg(long)]
    kind: String,
    /// Who organises it
    #[arg(long)]
    organiser: String,
    /// First day, or the day
    #[arg(long)]
    from: Date,
    /// Last day
    #[arg(long)]
    to: Option<Date>,
    /// Every week on this day, monday … sunday
    #[arg(long)]
    weekday: Option<String>,
    /// What is offered
    #[arg(long)]
    summary: Option<String>,
    /// Units taking part
    #[arg(long = "unit", value_name = "CODE")]
    units: Vec<String>,
    /// Coordinate system of the file, EPSG:9208
    #[arg(long)]
    crs: Option<String>,
    /// Publish the next revision of this code
    #[arg(long, value_name = "CODE")]
    revises: Option<Code>,
    /// The revision this one was made from [default: the current one]
    #[arg(long, value_name = "N")]
    based_on: Option<u32>,
    #[command(flatten)]
    how: How,
}

/// How to go about it.
#[derive(Debug, Args)]
struct How {
    /// Only the report; nothing is published
    #[arg(long)]
    dry_run: bool,
    /// One JSON object on standard output and nothing else
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub async fn run(args: &StoreArgs, command: ImportCommand) -> anyhow::Result<ExitCode> {
    let demo_city = super::demo::city(None)?;
    // Into a demo store neither --city nor --public-url is needed; another city's store keeps its own.
    let bare = store::open_bare(args, if args.city.is_some() { store::Begin::Allowed } else { store::Begin::Refused }).await?;
    let store = if bare.app.city().id == demo_city.id && args.city.is_none() && args.public_url.is_none() {
        bare
    } else {
        drop(bare);
        store::open(args, None).await?
    };
    match command {
        ImportCommand::Plan(plan) => import_plan(&store, *plan).await,
        ImportCommand::Points(points) => import_points(&store, points).await,
        ImportCommand::Campaign(campaign) => import_campaign(&store, *campaign).await,
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
        None => bail!("không có đơn vị “{text}” vào ngày {on} (the city has no unit “{text}” on {on})"),
    };
    units.iter().map(resolve).collect()
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))
}

/// Shows a report; the exit code says whether it blocks publishing.
fn show(report: &Report, how: &How) -> ExitCode {
    if how.json {
        println!("{}", json!({ "report": report }));
    } else {
        print!("{}", report.to_text());
        if report.is_clean() {
            println!("Chưa công bố gì: --dry-run (nothing was published)");
        } else {
            println!("Chưa công bố gì: hãy sửa {} lỗi trên (nothing was published: mend the errors above)", report.count(Severity::Error));
        }
    }
    if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn import_plan(store: &Store, plan: PlanArgs) -> anyhow::Result<ExitCode> {
    let mut progress = Progress::new("import", 3);
    let bytes = read(&plan.file)?;
    let city = store.app.city();
    let columns = pairs(&plan.columns, "--map")?;
    let column = |field: &str| columns.iter().find(|(name, _)| name == field).map(|(_, column)| column.clone());
    // What the report says is true of the item as it is now.
    let based_on = match (plan.based_on, plan.revises) {
        (None, Some(code)) => store.app.latest_revision("plan", code).await?,
        (given, _) => given,
    };
    let options = zones::Options {
        crs: plan.crs.as_deref().map(Crs::code).transpose()?,
        code_column: column("land_use"),
        name_column: column("name"),
        kind: plan.kind,
        signed: plan.signed,
        city: city.bbox,
        plane: city.default_crs,
    };
    progress.step("reading and checking");
    let imported = zones::import(&bytes, &options);
    let Some((canonical, set)) = imported.set else {
        progress.finish();
        return Ok(show(&imported.report, &plan.how));
    };
    let file_name = plan.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut documents = Vec::new();
    for (role, file) in pairs(&plan.documents, "--document")? {
        if !["decision", "report", "map", "other"].contains(&role.as_str()) {
            bail!("--document {role}=…: the role must be decision, report, map or other");
        }
        documents.push(json!({ "role": role, "file": file }));
    }
    documents.push(json!({ "role": "source", "title": "Tệp dữ liệu gốc", "file": plan.file, "file_name": file_name }));
    let mut facts = json!({
        "kind": plan.kind,
        "title": plan.title,
        "summary": plan.summary,
        "decision": { "authority": plan.authority, "number": plan.decision, "signed": plan.signed, "signatory": plan.signatory },
        "scale": plan.scale,
        "level": plan.level,
        "adjustment": plan.adjustment,
        "units": resolve_units(store, &plan.units, plan.effective_from)?,
        "documents": documents,
        "crs": imported.plane,
        "zones": { "sha256": set.sha256 },
    });
    if let Some(period) = &plan.period {
        let years = period.split_once('-').and_then(|(from, to)| Some((from.parse::<i16>().ok()?, to.parse::<i16>().ok()?)));
        let (from, to) = years.context("--period must be FROM-TO, such as 2021-2030")?;
        facts["period"] = json!({ "from": from, "to": to });
    }
    let mut body = json!({ "effective_from": plan.effective_from, "effective_to": plan.effective_to, "facts": facts });
    if plan.revises.is_some() {
        body["based_on"] = json!(based_on);
    }
    let kind = if plan.revises.is_some() { "plan.revise" } else { "plan.publish" };
    progress.step("publishing");
    let request =
        Request { id: new_command_id()?, kind: kind.to_owned(), code: plan.revises, body, blobs: vec![(set.sha256, canonical.into())] };
    let outcome = execute(store, request, plan.how.dry_run).await?;
    progress.step("done");
    progress.finish();
    if plan.how.dry_run {
        return Ok(show(&imported.report, &plan.how));
    }
    tell(store, &outcome, &imported.report, &plan.how);
    Ok(ExitCode::SUCCESS)
}

/// Carries a command out, or only says what would come of it: a dry run is held to every rule.
async fn execute(store: &Store, request: Request, dry_run: bool) -> anyhow::Result<Outcome> {
    let files = |name: &str| std::fs::read(name).map_err(|error| error.to_string());
    if dry_run {
        return Ok(store.app.try_out(&Actor::Local, request, &files).await?);
    }
    Ok(store.app.execute(&Actor::Local, request, &files).await?)
}

fn tell(store: &Store, outcome: &Outcome, report: &Report, how: &How) {
    let base = store.app.city().public_url.clone();
    let code = outcome.code.map(|code| code.to_string()).unwrap_or_default();
    let url = format!("{base}/q/{code}");
    if how.json {
        let geojson = format!("{url}.geojson");
        println!("{}", json!({ "code": code, "revision": outcome.revision, "url": url, "geojson": geojson, "report": report }));
    } else {
        print!("{}", report.to_text());
        println!("Đã công bố (published): {code}, lần (revision) {}\n{url}", outcome.revision.unwrap_or_default());
    }
}

async fn import_points(store: &Store, args: PointsArgs) -> anyhow::Result<ExitCode> {
    let bytes = read(&args.file)?;
    let city = store.app.city();
    let mut report = Report::default();
    let rows = points::read(&bytes, &points::options(&city, args.crs.as_deref())?, &mut report);
    let today = crate::domain::civil::date_in(&city.zone(), store.app.now());
    let mut facts = Vec::new();
    for row in &rows {
        let mut value = points::facts(row, args.kind.as_deref(), &mut report);
        if value.get("kind").is_none() {
            report.add(
                Severity::Error,
                "no-kind",
                row.number,
                "Thiếu loại (cột Loại hoặc --kind)",
                "It has no kind (column Loại, or --kind)",
            );
        }
        let units: Vec<String> =
            value.get("units").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        match resolve_units(store, &units, today) {
            Ok(units) => value["units"] = json!(units),
            Err(error) => report.add(Severity::Error, "unknown-unit", row.number, error.to_string(), "Write its code or CODE-YEAR"),
        }
        facts.push(value);
    }
    if !report.is_clean() {
        return Ok(show(&report, &args.how));
    }
    // The id of a row's command comes from the file, so that repeating the import publishes nothing twice.
    let file = Digest::of(&bytes).to_string();
    let mut progress = Progress::new("import", facts.len() as u64);
    let mut codes = Vec::new();
    for (row, facts) in rows.iter().zip(facts) {
        let mut body = Map::new();
        body.insert("facts".into(), facts);
        let id = format!("import-{}-{}", &file[..32], row.number);
        let request = Request { id, kind: "map-point.publish".into(), code: None, body: Value::Object(body), blobs: Vec::new() };
        match execute(store, request, args.how.dry_run).await {
            Ok(outcome) => codes.extend(outcome.code.map(|code| code.to_string())),
            Err(error) => {
                let known = error.downcast_ref::<ExecuteError>().is_some_and(|e| matches!(e, ExecuteError::Refused(_)));
                if !known {
                    return Err(error.context(format!("row {}; the {} rows before it are published", row.number, codes.len())));
                }
                report.add(Severity::Error, "refused", row.number, error.to_string(), "See the sentence before");
            }
        }
        progress.step(codes.last().map_or("", String::as_str));
    }
    progress.finish();
    if args.how.dry_run {
        return Ok(show(&report, &args.how));
    }
    if args.how.json {
        println!("{}", json!({ "codes": codes, "report": report }));
    } else {
        print!("{}", report.to_text());
        println!("Đã công bố (published): {}", codes.join(" "));
    }
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn import_campaign(store: &Store, args: CampaignArgs) -> anyhow::Result<ExitCode> {
    let bytes = read(&args.file)?;
    let city = store.app.city();
    let imported = points::places(&bytes, &points::options(&city, args.crs.as_deref())?);
    let Some((canonical, set)) = imported.set else {
        return Ok(show(&imported.report, &args.how));
    };
    let based_on = match (args.based_on, args.revises) {
        (None, Some(code)) => store.app.latest_revision("campaign", code).await?,
        (given, _) => given,
    };
    let schedule = match (&args.weekday, args.to) {
        (Some(weekday), to) => json!({ "weekly": { "weekday": weekday, "from": args.from, "to": to } }),
        (None, Some(to)) => json!({ "range": { "from": args.from, "to": to } }),
        (None, None) => json!({ "day": { "on": args.from } }),
    };
    let facts = json!({
        "kind": args.kind,
        "title": args.title,
        "summary": args.summary,
        "organiser": args.organiser,
        "schedule": schedule,
        "units": resolve_units(store, &args.units, args.from)?,
        "places": { "sha256": set.sha256 },
    });
    let mut body = json!({ "facts": facts });
    if args.revises.is_some() {
        body["based_on"] = json!(based_on);
    }
    let kind = if args.revises.is_some() { "campaign.revise" } else { "campaign.publish" };
    let request =
        Request { id: new_command_id()?, kind: kind.to_owned(), code: args.revises, body, blobs: vec![(set.sha256, canonical.into())] };
    let outcome = execute(store, request, args.how.dry_run).await?;
    if args.how.dry_run {
        return Ok(show(&imported.report, &args.how));
    }
    tell(store, &outcome, &imported.report, &args.how);
    Ok(ExitCode::SUCCESS)
}
