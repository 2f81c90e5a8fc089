//! `bangtin import FAMILY`: imports an item of any family whose facts hold a feature set. Its options follow from the
//! schema of the family's facts, so that a new family needs no command of its own.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, value_parser};
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::{At, How, read, resolve_units, show, tell};
use crate::app::{Request, new_command_id};
use crate::cli::store::Store;
use crate::domain::Code;
use crate::domain::families;
use crate::domain::feature_set::Takes;
use crate::import::apart::Reading;
use crate::import::attach::source_document;
use crate::import::points;
use crate::words::civil::date_in;

/// What the file and the command line give in their own way.
const OWN: &[&str] = &["units", "documents"];

/// A family that can be imported: its name, the field of its set, and the schema of its facts.
struct Family {
    name: &'static str,
    field: &'static str,
    takes: Takes,
    schema: Value,
}

impl Family {
    fn named(name: &str) -> anyhow::Result<Self> {
        let known = || families::sets().into_iter().map(|(family, ..)| family).collect::<Vec<_>>().join(", ");
        let set = families::sets().into_iter().find(|(family, ..)| *family == name);
        let (name, field, takes) = set.with_context(|| format!("“{name}” cannot be imported; there are points, units, {}", known()))?;
        let schema = families::facts_schema(name).map(Value::from).unwrap_or_default();
        Ok(Self { name, field, takes, schema })
    }

    /// The facts that become options: name and schema.
    fn facts(&self) -> impl Iterator<Item = (&String, &Value)> {
        let all = self.schema["properties"].as_object().into_iter().flatten();
        all.filter(|(name, _)| !OWN.contains(&name.as_str()) && families::takes(name).is_none())
    }

    /// The schema behind references, and without the null that an optional fact may be.
    fn plain<'s>(&'s self, schema: &'s Value) -> &'s Value {
        if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
            return self.plain(&self.schema["$defs"][name]);
        }
        let other = schema["anyOf"].as_array().into_iter().flatten().find(|one| one["type"] != "null");
        other.map_or(schema, |one| self.plain(one))
    }

    fn command(&self) -> Command {
        let file = Arg::new("file").required(true).value_parser(value_parser!(PathBuf)).help("The file to import");
        let text = |name: &'static str, value: &'static str, help: &'static str| Arg::new(name).long(name).value_name(value).help(help);
        let mut command = Command::new(format!("bangtin import {}", self.name))
            .no_binary_name(true)
            .arg(file)
            .arg(text("unit", "CODE", "Unit that it concerns, by code; may be repeated").action(ArgAction::Append))
            .arg(text("crs", "EPSG:CODE", "Coordinate system of the file, such as EPSG:9208"))
            .arg(text("layer", "NAME", "Layer to read, in a file with several"))
            .arg(text("name-column", "COLUMN", "Column of names"))
            .arg(text("revises", "CODE", "Publish the next revision of this code").value_parser(value_parser!(Code)))
            .arg(text("based-on", "N", "The revision this one was made from [default: the current one]").value_parser(value_parser!(u32)));
        let required = |name: &String| self.schema["required"].as_array().is_some_and(|all| all.iter().any(|one| *one == **name));
        for (name, schema) in self.facts() {
            let mut arg = Arg::new(name.clone()).long(name.replace('_', "-")).required(required(name));
            arg = arg.help(schema["description"].as_str().unwrap_or_default().to_owned());
            let plain = self.plain(schema);
            let is_list = plain["type"] == "array";
            let choices = choices(if is_list { self.plain(&plain["items"]) } else { plain });
            arg = if is_list { arg.action(ArgAction::Append) } else { arg };
            command = command.arg(if choices.is_empty() { arg } else { arg.value_parser(PossibleValuesParser::new(choices)) });
        }
        At::augment_args(How::augment_args(command))
    }

    /// The facts that the command line gives.
    fn given(&self, matches: &ArgMatches) -> anyhow::Result<Map<String, Value>> {
        let mut facts = Map::new();
        for (name, schema) in self.facts() {
            let Some(given) = matches.get_many::<String>(name) else { continue };
            let plain = self.plain(schema);
            let read = |text: &String| value(self.plain(if plain["type"] == "array" { &plain["items"] } else { plain }), text);
            let values = given.map(read).collect::<anyhow::Result<Vec<_>>>().with_context(|| format!("--{}", name.replace('_', "-")))?;
            let value = if plain["type"] == "array" { Value::Array(values) } else { values.into_iter().next_back().unwrap_or_default() };
            facts.insert(name.clone(), value);
        }
        Ok(facts)
    }
}

/// The values that a text may have by its schema; empty where it may be any.
fn choices(schema: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let variants = schema["oneOf"].as_array().into_iter().flatten().filter_map(|variant| text(&variant["const"]));
    schema["enum"].as_array().into_iter().flatten().filter_map(text).chain(variants).collect()
}

/// A value as its schema wants it; structures are given as JSON.
fn value(schema: &Value, given: &str) -> anyhow::Result<Value> {
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().find_map(|kind| kind.as_str().filter(|kind| *kind != "null")).unwrap_or_default(),
        kind => kind.as_str().unwrap_or_default(),
    };
    Ok(match kind {
        "integer" => json!(given.parse::<i64>().with_context(|| format!("“{given}” is not a whole number"))?),
        "number" => json!(given.parse::<f64>().with_context(|| format!("“{given}” is not a number"))?),
        "boolean" => json!(given.parse::<bool>().with_context(|| format!("“{given}” is neither true nor false"))?),
        "object" => serde_json::from_str(given).with_context(|| format!("“{given}” is not JSON such as {{\"name\": \"value\"}}"))?,
        _ => json!(given),
    })
}

/// Reads, reports and publishes. The first argument is the family's name.
pub(super) async fn run(store: &Store, arguments: Vec<OsString>) -> anyhow::Result<ExitCode> {
    let mut arguments = arguments.into_iter();
    let family = Family::named(&arguments.next().unwrap_or_default().to_string_lossy())?;
    let matches = family.command().try_get_matches_from(arguments).unwrap_or_else(|error| error.exit());
    let how = How::from_arg_matches(&matches)?;
    let text = |name: &str| matches.get_one::<String>(name).map(String::as_str);
    let Some(path) = matches.get_one::<PathBuf>("file") else { bail!("name a file") };
    let source = read(path)?;
    let city = store.app.city();
    let mut options = points::options(&city, text("crs"))?;
    options.choice.layer = text("layer").map(str::to_owned);
    options.choice.limits.bytes = how.max_mib << 20;
    options.columns.name = text("name-column").map(str::to_owned);
    let imported = tokio::task::block_in_place(|| Reading::Here.import(family.takes, &source, &options))?;
    how.write_report(&imported.report, &imported.drawn)?;
    let Some(set) = imported.set else { return show(&imported.report, &how) };
    let mut facts = family.given(&matches)?;
    // Units count as they are on the first day that the facts name.
    let day = |name: &str| facts.get(name)?.as_str()?.parse::<Date>().ok();
    let first = ["from", "opens"].into_iter().find_map(day).unwrap_or_else(|| date_in(&city.zone(), store.app.now()));
    let units: Vec<String> = matches.get_many::<String>("unit").into_iter().flatten().cloned().collect();
    let (document, brought) = source_document(&source, None)?;
    facts.insert("units".into(), json!(resolve_units(store, &units, first)?));
    facts.insert("documents".into(), json!([document]));
    facts.insert(family.field.into(), json!({ "sha256": set.set.sha256 }));
    let revises = matches.get_one::<Code>("revises").copied();
    let mut body = json!({ "facts": facts });
    if let Some(code) = revises {
        let based_on = match matches.get_one::<u32>("based-on") {
            Some(number) => Some(*number),
            None => store.app.latest_revision(family.name, code).await?,
        };
        body["based_on"] = json!(based_on);
    }
    let action = if revises.is_some() { "revise" } else { "publish" };
    let kind = format!("{}.{action}", family.name);
    let request = Request { id: new_command_id()?, kind, code: revises, body, blobs: vec![brought, set.into()], with: Vec::new() };
    let outcome = super::execute(store, At::from_arg_matches(&matches)?.of(store, request)?, how.dry_run).await?;
    if how.dry_run {
        return show(&imported.report, &how);
    }
    tell(store, &outcome, &imported.report, &how)?;
    Ok(ExitCode::SUCCESS)
}
