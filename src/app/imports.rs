//! What an import asks of the store before it reads a file, and what the store learns from it.

use jiff::civil::Date;

use super::{App, ExecuteError};
use crate::domain::city::{City, Columns};
use crate::domain::fold::fold;
use crate::domain::plan::PlanKind;
use crate::domain::unit::{UnitId, Units};
use crate::event_store::BlobBytes;
use crate::import::attach::Brought;
use crate::import::canonical::CanonicalSet;
use crate::import::coverage::Boundary;
use crate::import::units;
use crate::import::zones::Options;

/// What is known of a plan before its file is read.
#[derive(Debug, Clone, Copy)]
pub struct ZoneQuestion<'a> {
    /// Who approved it.
    pub authority: &'a str,
    /// Kind of plan.
    pub kind: PlanKind,
    /// Day of the signature.
    pub signed: Date,
    /// First day in force.
    pub from: Date,
    /// Units it concerns, by id; none means the whole city.
    pub units: &'a [String],
}

impl App {
    /// How to read a file of zones: the city's box and plane, the columns this authority used before,
    /// the boundary of the plan's units where it is known.
    pub async fn zone_options(&self, question: &ZoneQuestion<'_>) -> Result<Options, ExecuteError> {
        let city = self.city();
        let mut options = Options::new(city.bbox, city.default_crs);
        options.kind = question.kind;
        options.signed = question.signed;
        options.remembered = city.columns.get(&fold(question.authority)).cloned().unwrap_or_default();
        options.boundary = self.boundary(&city, question).await?;
        Ok(options)
    }

    async fn boundary(&self, city: &City, question: &ZoneQuestion<'_>) -> Result<Option<Boundary>, ExecuteError> {
        let Some(set) = &city.boundaries else { return Ok(None) };
        let wanted: Vec<UnitId> = if question.units.is_empty() {
            city.units.valid_on(question.from).map(|unit| unit.id.clone()).collect()
        } else {
            question.units.iter().filter_map(|id| id.parse().ok()).collect()
        };
        let Some(bytes) = self.log.get_blob(set.sha256).await? else { return Ok(None) };
        Ok(units::boundary(&bytes, &wanted))
    }

    /// Remembers the columns a planner named, for the authority's next file.
    pub async fn remember_columns(&self, authority: &str, columns: &Columns) -> Result<(), ExecuteError> {
        if *columns == Columns::default() {
            return Ok(());
        }
        let key = fold(authority);
        self.change_city(|city| {
            let known = city.columns.entry(key.clone()).or_default();
            for (field, new) in [(&mut known.land_use, &columns.land_use), (&mut known.name, &columns.name), (&mut known.note, &columns.note)]
            {
                if new.is_some() {
                    field.clone_from(new);
                }
            }
        })
        .await
    }

    /// Records units: those of the same id are replaced, others are added; boundaries replace all
    /// that were known.
    pub async fn record_units(&self, units: Units, boundaries: Option<CanonicalSet>) -> Result<(), ExecuteError> {
        let set = boundaries.as_ref().map(|set| set.set.clone());
        if let Some(set) = boundaries {
            let brought = Brought::from(set);
            let (bytes, from) = brought.content.open().map_err(|error| ExecuteError::Unavailable(error.to_string()))?;
            self.log.put_blob(brought.sha256, BlobBytes { bytes, from }).await?;
        }
        self.change_city(|city| {
            for unit in &units.0 {
                match city.units.0.iter_mut().find(|known| known.id == unit.id) {
                    Some(known) => known.clone_from(unit),
                    None => city.units.0.push(unit.clone()),
                }
            }
            city.units_imported = true;
            if set.is_some() {
                city.boundaries.clone_from(&set);
            }
        })
        .await
    }
}
