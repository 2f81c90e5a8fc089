//! `bangtin import points`: imports map points, one a row.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use serde_json::{Value, json};

use super::{How, published, read, show};
use crate::app::{ExecuteError, Request};
use crate::cli::messages::put;
use crate::cli::progress::Progress;
use crate::cli::store::Store;
use crate::import::points;
use crate::import::report::{Finding, Report, Severity};

/// Options for map points.
#[derive(Debug, Args)]
pub struct PointsArgs {
    /// CSV, XLSX, GeoJSON, KML, GeoPackage or Shapefile
    file: PathBuf,
    /// Kind of rows that name none: ambulance, health-worker, health-station, advisory-desk, digital-team
    #[arg(long)]
    kind: Option<String>,
    /// Coordinate system of the file, such as EPSG:9208
    #[arg(long)]
    crs: Option<String>,
    /// Sheet or layer to read, in a file with several
    #[arg(long, value_name = "NAME")]
    layer: Option<String>,
    #[command(flatten)]
    how: How,
}

/// Reads the file, reports on it, and publishes each row as a point.
pub(super) async fn run(store: &Store, args: PointsArgs) -> anyhow::Result<ExitCode> {
    let source = read(&args.file)?;
    let city = store.app.city();
    let mut report = Report::default();
    let mut options = points::options(&city, args.crs.as_deref())?;
    options.choice.layer.clone_from(&args.layer);
    options.choice.limits.bytes = args.how.max_mib << 20;
    let rows = points::read(&source, &options, &mut report);
    let today = crate::words::civil::date_in(&city.zone(), store.app.now());
    let facts = points::all_facts(&rows, args.kind.as_deref(), &city.units, today, &mut report);
    for row in &rows {
        // Publishing it again would put the same place on the map twice.
        if let Some(code) = row.code {
            report.push(Finding::new(Severity::Error, "point-has-code", sentence!("point-has-code", code)).of(row.number, row.line));
        }
    }
    if !report.is_clean() {
        args.how.write_report(&report, &[])?;
        return show(&report, &args.how);
    }
    // The id of a row's command is made from the file's digest, so that a repeated import publishes nothing
    // twice.
    let file = source.digest()?.to_string();
    let request = |row: &points::Row, facts: &Value| Request {
        id: format!("import-{}-{}", &file[..32], row.number),
        kind: "map-point.publish".into(),
        code: None,
        body: json!({ "facts": facts }),
        blobs: Vec::new(),
        with: Vec::new(),
    };
    let mut progress = Progress::new("import", facts.len() as u64);
    let (mut codes, mut proposals) = (Vec::new(), 0);
    // All rows are checked against the rules before the first one is published.
    for (row, facts) in rows.iter().zip(&facts) {
        match super::execute(store, request(row, facts), true).await {
            Ok(outcome) if args.how.dry_run => codes.extend(outcome.code.map(|code| code.to_string())),
            Ok(_) => {}
            Err(error) => match error.downcast::<ExecuteError>()? {
                ExecuteError::Refused(refusal) => {
                    report.push(Finding::new(Severity::Error, refusal.reason, refusal.said).of(row.number, row.line));
                }
                other => return Err(other.into()),
            },
        }
    }
    // Before the first row is published: a report that cannot be written stops the import.
    args.how.write_report(&report, &[])?;
    if !report.is_clean() {
        progress.finish();
        return show(&report, &args.how);
    }
    for (row, facts) in rows.iter().zip(&facts).filter(|_| !args.how.dry_run) {
        let done = super::execute(store, request(row, facts), false).await;
        let outcome = done.with_context(|| format!("row {}; the {} rows before it are done", row.number, codes.len()))?;
        proposals += usize::from(outcome.waits());
        codes.extend(outcome.code.map(|code| code.to_string()));
        progress.step(codes.last().map_or("", String::as_str));
    }
    progress.finish();
    if args.how.dry_run {
        return show(&report, &args.how);
    }
    if args.how.json {
        let state = if proposals > 0 { "submitted" } else { "published" };
        published(put!("{}", json!({ "codes": codes, "state": state, "report": report })), &codes.join(" "))?;
    } else if proposals > 0 {
        let (text, codes) = (report.to_text(), codes.join(" "));
        super::submitted(put!("{text}Đã trình, chờ người thứ hai duyệt (submitted): {codes}"))?;
    } else {
        let (text, codes) = (report.to_text(), codes.join(" "));
        published(put!("{text}Đã công bố (published): {codes}"), &codes)?;
    }
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
