//! `bangtin import campaign`: imports a campaign with its participating places.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use jiff::civil::Date;
use serde_json::json;

use super::{At, How, read, resolve_units, show, tell};
use crate::app::{Request, new_command_id};
use crate::cli::store::Store;
use crate::domain::Code;
use crate::import::attach::source_document;
use crate::import::points;

/// Options of a campaign.
#[derive(Debug, Args)]
pub struct CampaignArgs {
    /// CSV, XLSX, GeoJSON or KML file of its participating places
    file: PathBuf,
    /// Title
    #[arg(long)]
    title: String,
    /// Kind of campaign: cashless-day, marketplace-day, eid-drive, digital-month, training
    #[arg(long)]
    kind: String,
    /// Who organises it
    #[arg(long)]
    organiser: String,
    /// First day, or the only day
    #[arg(long)]
    from: Date,
    /// Last day
    #[arg(long)]
    to: Option<Date>,
    /// Held every week on this day, monday … sunday; may be given several times
    #[arg(long = "weekday", value_name = "DAY")]
    weekdays: Vec<String>,
    /// What becomes of its public holidays: held, left-out, next-working-day, working-day-before
    #[arg(long)]
    holidays: Option<String>,
    /// What is offered
    #[arg(long)]
    summary: Option<String>,
    /// Units that take part, by code
    #[arg(long = "unit", value_name = "CODE")]
    units: Vec<String>,
    /// Coordinate system of the file, such as EPSG:9208
    #[arg(long)]
    crs: Option<String>,
    /// Sheet or layer to read, in a file with several
    #[arg(long, value_name = "NAME")]
    layer: Option<String>,
    /// Publish the next revision of this code
    #[arg(long, value_name = "CODE")]
    revises: Option<Code>,
    /// The revision this one was made from [default: the current one]
    #[arg(long, value_name = "N")]
    based_on: Option<u32>,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    how: How,
}

/// Reads, reports and publishes.
pub(super) async fn run(store: &Store, args: CampaignArgs) -> anyhow::Result<ExitCode> {
    let source = read(&args.file)?;
    let city = store.app.city();
    let mut options = points::options(&city, args.crs.as_deref())?;
    options.choice.layer.clone_from(&args.layer);
    options.choice.limits.bytes = args.how.max_mib << 20;
    let imported = points::places(&source, &options);
    args.how.write_report(&imported.report, &imported.drawn)?;
    let Some(set) = imported.set else {
        return show(&imported.report, &args.how);
    };
    let based_on = match (args.based_on, args.revises) {
        (None, Some(code)) => store.app.latest_revision("campaign", code).await?,
        (given, _) => given,
    };
    let schedule = match (args.weekdays.is_empty(), args.to) {
        (false, to) => json!({ "weekly": { "weekdays": args.weekdays, "from": args.from, "to": to } }),
        (true, Some(to)) => json!({ "range": { "from": args.from, "to": to } }),
        (true, None) => json!({ "day": { "on": args.from } }),
    };
    let (document, brought) = source_document(&source, None)?;
    let mut facts = json!({
        "kind": args.kind,
        "title": args.title,
        "summary": args.summary,
        "organiser": args.organiser,
        "schedule": schedule,
        "units": resolve_units(store, &args.units, args.from)?,
        "places": { "sha256": set.set.sha256 },
        "documents": [document],
    });
    if let Some(holidays) = &args.holidays {
        facts["holidays"] = json!(holidays);
    }
    let mut body = json!({ "facts": facts });
    if args.revises.is_some() {
        body["based_on"] = json!(based_on);
    }
    let kind = if args.revises.is_some() { "campaign.revise" } else { "campaign.publish" };
    let request = Request {
        id: new_command_id()?,
        kind: kind.to_owned(),
        code: args.revises,
        body,
        blobs: vec![brought, set.into()],
        with: Vec::new(),
    };
    let outcome = super::execute(store, args.at.of(store, request)?, args.how.dry_run).await?;
    if args.how.dry_run {
        return show(&imported.report, &args.how);
    }
    tell(store, &outcome, &imported.report, &args.how)?;
    Ok(ExitCode::SUCCESS)
}
