//! `bangtin import units`: imports the city's administrative units.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use jiff::civil::Date;
use serde_json::json;

use super::{How, published, read, show};
use crate::cli::messages::put;
use crate::cli::store::Store;
use crate::import::{points, units};

/// Options for administrative units.
#[derive(Debug, Args)]
pub struct UnitsArgs {
    /// CSV, XLSX, GeoJSON, KML, GeoPackage or Shapefile
    file: PathBuf,
    /// First day of validity for rows that name none, such as 2025-07-01
    #[arg(long)]
    valid_from: Option<Date>,
    /// Coordinate system of the file, such as EPSG:9208
    #[arg(long)]
    crs: Option<String>,
    /// Sheet or layer to read, in a file with several
    #[arg(long, value_name = "NAME")]
    layer: Option<String>,
    #[command(flatten)]
    how: How,
}

/// Reads the file, reports on it, and records the units. Units with the same id are replaced, others are added.
pub(super) async fn run(store: &Store, args: UnitsArgs) -> anyhow::Result<ExitCode> {
    let source = read(&args.file)?;
    let city = store.app.city();
    let mut options = points::options(&city, args.crs.as_deref())?;
    options.choice.layer.clone_from(&args.layer);
    options.choice.limits.bytes = args.how.max_mib << 20;
    let imported = units::import(&source, &options, args.valid_from);
    let drawn = imported.boundaries.as_ref().map(|set| set.chunks.clone()).unwrap_or_default();
    args.how.write_report(&imported.report, &drawn)?;
    let Some(units) = imported.units.filter(|_| !args.how.dry_run) else { return show(&imported.report, &args.how) };
    let ids: Vec<String> = units.0.iter().map(|unit| unit.id.to_string()).collect();
    store.app.record_units(units, imported.boundaries).await?;
    if args.how.json {
        published(put!("{}", json!({ "units": ids, "report": imported.report })), &ids.join(" "))?;
    } else {
        let (text, ids) = (imported.report.to_text(), ids.join(" "));
        published(put!("{text}Đã ghi nhận (recorded): {ids}"), &ids)?;
    }
    Ok(ExitCode::SUCCESS)
}
