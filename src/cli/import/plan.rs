//! `bangtin import plan`: imports a plan's zones, or its outline.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use jiff::civil::Date;
use serde_json::json;

use super::{At, How, pairs, read, resolve_units, show, tell};
use crate::app::imports::ZoneQuestion;
use crate::app::{Request, new_command_id};
use crate::cli::progress::Progress;
use crate::cli::store::Store;
use crate::domain::Code;
use crate::domain::city::{AsBefore, Columns};
use crate::domain::plan::{Adjustment, PlanKind};
use crate::domain::plan::{LINES, POINTS};
use crate::geometry::crs::Crs;
use crate::import;
use crate::import::attach::{NewBlob, source_document};
use crate::import::formats::Choice;
use crate::import::source::Source;
use crate::import::zones::{self, Imported};

/// Options of a plan.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Shapefile (zip or .shp), GeoPackage, GeoJSON, FlatGeobuf, KML/KMZ or DXF; none with --outline
    #[arg(required_unless_present = "outline")]
    file: Option<PathBuf>,
    /// Title, as in the decision
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
    /// Day of the signature, such as 2020-09-15
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
    /// What the plan means for residents, in a sentence or two
    #[arg(long)]
    summary: Option<String>,
    /// First and last year, such as 2021-2030
    #[arg(long, value_name = "FROM-TO")]
    period: Option<String>,
    /// Level of the plan: tỉnh, huyện, xã …
    #[arg(long)]
    level: Option<String>,
    /// Scale of the plan, such as 1/2000
    #[arg(long)]
    scale: Option<String>,
    /// How it changes the plan before it
    #[arg(long, default_value = "first")]
    adjustment: Adjustment,
    /// Units it concerns, by code or CODE-YEAR; none means the whole city
    #[arg(long = "unit", value_name = "CODE")]
    units: Vec<String>,
    /// Attached files: decision=FILE, report=FILE, map=FILE, other=FILE
    #[arg(long = "document", value_name = "ROLE=FILE")]
    documents: Vec<String>,
    /// Coordinate system of the file, such as EPSG:9208
    #[arg(long)]
    crs: Option<String>,
    /// Columns: land_use=COLUMN, name=COLUMN, note=COLUMN, remembered for the authority, as are --crs and --layer; of an urban
    /// plan also lot=COLUMN, density=COLUMN, storeys=COLUMN …, as the report names them
    #[arg(long = "map", value_name = "FIELD=COLUMN")]
    columns: Vec<String>,
    /// What a density of 0,6 means: 60 % (part) or 0,6 % (percent)
    #[arg(long)]
    shares: Option<zones::Shares>,
    /// Layer to read, in a file with several; of an urban plan also lots=NAME, lines=NAME and points=NAME, each as often as
    /// needed
    #[arg(long = "layer", value_name = "NAME")]
    layers: Vec<String>,
    /// A file of which all lines belong to the plan
    #[arg(long, value_name = "FILE")]
    lines: Option<PathBuf>,
    /// A file of which all points belong to the plan
    #[arg(long, value_name = "FILE")]
    points: Option<PathBuf>,
    /// For a plan without zones: the file with its outline
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    outline: Option<PathBuf>,
    /// Overlaps larger than this many square metres block publishing
    #[arg(long, value_name = "M2", default_value_t = 10.0)]
    max_overlap: f64,
    /// Numbers of features to leave out, as in the report; only those that have no area
    #[arg(long, value_name = "N,N")]
    leave_out: Option<String>,
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

impl PlanArgs {
    /// Columns of zones, and those of lots by their keys.
    fn columns(&self) -> anyhow::Result<(Columns, BTreeMap<String, String>)> {
        let (mut columns, mut of_lots) = (Columns::default(), BTreeMap::new());
        for (field, column) in pairs(&self.columns, "--map")? {
            match field.as_str() {
                "land_use" => columns.land_use = Some(column),
                "name" => columns.name = Some(column),
                "note" => columns.note = Some(column),
                _ if self.kind.is_urban() && zones::lot_keys().contains(&field) => {
                    of_lots.insert(field, column);
                }
                _ if self.kind.is_urban() => {
                    bail!("--map {field}=…: the field must be land_use, name, note, {}", zones::lot_keys().join(", "))
                }
                _ => bail!("--map {field}=…: the field must be land_use, name or note"),
            }
        }
        Ok((columns, of_lots))
    }

    async fn options(&self, store: &Store, units: &[String]) -> anyhow::Result<zones::Options> {
        let Self { authority, kind, signed, effective_from, .. } = self;
        let question = ZoneQuestion { authority, kind: *kind, signed: *signed, from: *effective_from, units };
        let mut options = store.app.zone_options(&question).await?;
        options.crs = self.crs.as_deref().map(Crs::code).transpose()?;
        (options.columns, options.lot_columns) = self.columns()?;
        options.shares = self.shares;
        self.layers.iter().for_each(|choice| options.layers.take(choice));
        options.choice.layer = options.layers.only_area();
        options.choice.limits.bytes = self.how.max_mib << 20;
        options.overlap_m2 = self.max_overlap;
        if let Some(text) = &self.leave_out {
            options.leave_out =
                zones::numbers(text).map_err(|part| anyhow::anyhow!("--leave-out: “{part}” is not a number of a feature"))?;
        }
        Ok(options)
    }

    /// Reads the files of which all lines, or all points, belong to the plan; theirs take the place of what lies in the first.
    fn read_beside(&self, options: &zones::Options, imported: &mut Imported, sources: &mut Vec<Source>) -> anyhow::Result<()> {
        for (file, field, are_lines) in [(&self.lines, LINES.field, true), (&self.points, POINTS.field, false)] {
            let Some(file) = file else { continue };
            let source = read(file)?;
            let options = zones::Options { choice: Choice { layer: None, ..options.choice.clone() }, ..options.clone() };
            let Imported { report, set, .. } = tokio::task::block_in_place(|| import::plan::import_beside(&source, &options, are_lines));
            imported.report.absorb(&source.name, report);
            imported.further.retain(|(known, _)| known != field);
            imported.further.extend(set.map(|set| (field.to_owned(), set)));
            if are_lines {
                import::plan::check_lines(imported);
            }
            sources.push(source);
        }
        Ok(())
    }

    fn documents(&self) -> anyhow::Result<Vec<serde_json::Value>> {
        let mut documents = Vec::new();
        for (role, file) in pairs(&self.documents, "--document")? {
            if !["decision", "report", "map", "other"].contains(&role.as_str()) {
                bail!("--document {role}=…: the role must be decision, report, map or other");
            }
            documents.push(json!({ "role": role, "file": file }));
        }
        Ok(documents)
    }
}

/// Reads, reports and publishes.
pub(super) async fn run(store: &Store, plan: PlanArgs) -> anyhow::Result<ExitCode> {
    let (file, field) = match (&plan.file, &plan.outline) {
        (Some(file), _) => (file, "zones"),
        (None, Some(file)) => (file, "outline"),
        (None, None) => bail!("name a file of zones, or --outline FILE"),
    };
    let source = read(file)?;
    // The report describes the change from the item's present revision.
    let based_on = match (plan.based_on, plan.revises) {
        (None, Some(code)) => store.app.latest_revision("plan", code).await?,
        (given, _) => given,
    };
    let (columns, _) = plan.columns()?;
    let units = resolve_units(store, &plan.units, plan.effective_from)?;
    let options = zones::Options { outline: field == "outline", ..plan.options(store, &units).await? };
    let progress = Progress::new("import", 0);
    let read_plan = || import::plan::import(&source, &options, &|count| progress.at(count as u64, "features"));
    let mut imported = tokio::task::block_in_place(read_plan);
    let mut sources = vec![source];
    plan.read_beside(&options, &mut imported, &mut sources)?;
    plan.how.write_report(&imported.report, &imported.drawn)?;
    let Some(set) = imported.set.filter(|_| imported.report.is_clean()) else {
        progress.finish();
        return show(&imported.report, &plan.how);
    };
    let mut documents = plan.documents()?;
    let mut blobs = Vec::new();
    for (n, part) in sources.iter().enumerate().flat_map(|(n, source)| source.parts().into_iter().map(move |part| (n, part))) {
        // The report already has the digest of the first file; the store checks the bytes against it.
        let is_first = n == 0 && part.name == sources[0].name;
        let known = imported.report.sha256.as_ref().filter(|_| is_first).and_then(|text| text.parse().ok());
        let (document, brought) = source_document(&part, known)?;
        documents.push(serde_json::to_value(document)?);
        blobs.push(brought);
    }
    let mut facts = json!({
        "kind": plan.kind,
        "title": plan.title,
        "summary": plan.summary,
        "decision": { "authority": plan.authority, "number": plan.decision, "signed": plan.signed, "signatory": plan.signatory },
        "scale": plan.scale,
        "level": plan.level,
        "adjustment": plan.adjustment,
        "units": units,
        "documents": documents,
        "crs": imported.plane,
    });
    facts[field] = json!({ "sha256": set.set.sha256, "left_out": set.set.left_out });
    blobs.push(NewBlob::from(set));
    for (field, set) in imported.further {
        facts[field] = json!({ "sha256": set.set.sha256 });
        blobs.push(NewBlob::from(set));
    }
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
    progress.at(imported.report.features as u64, "publishing");
    let request = Request { id: new_command_id()?, kind: kind.to_owned(), code: plan.revises, body, blobs, with: Vec::new() };
    let outcome = super::execute(store, plan.at.of(store, request)?, plan.how.dry_run).await?;
    progress.finish();
    if plan.how.dry_run {
        return show(&imported.report, &plan.how);
    }
    let said = AsBefore { columns, crs: options.crs, layer: options.choice.layer.clone() };
    store.app.remember_file(&plan.authority, said).await?;
    tell(store, &outcome, &imported.report, &plan.how)?;
    Ok(ExitCode::SUCCESS)
}
