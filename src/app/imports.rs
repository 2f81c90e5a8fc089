//! What an import asks of the store before it reads a file, and what the store learns from it.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{App, ExecuteError, random};
use crate::domain::Digest;
use crate::domain::city::{City, Columns};
use crate::domain::digest::hex;
use crate::domain::document::Document;
use crate::domain::feature_set::FeatureSet;
use crate::domain::plan::PlanKind;
use crate::domain::unit::{UnitId, Units};
use crate::event_store::BlobBytes;
use crate::features::canonical::CanonicalSet;
use crate::geometry::coverage::Boundary;
use crate::import::Report;
use crate::import::attach::NewBlob;
use crate::import::units;
use crate::import::zones::Options;
use crate::words::fold::fold;

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

/// An import on its way to publication.
#[derive(Debug, Serialize, Deserialize)]
pub struct KeptImport {
    /// `zones`, `outline` or `places`: the field of the facts it fills.
    pub field: String,
    /// Token that sent it.
    pub actor: String,
    /// What was found.
    pub report: Report,
    /// The report as a page.
    pub page: String,
    /// The canonical set; none after an error.
    pub set: Option<FeatureSet>,
    /// The file as received.
    pub source: Option<Document>,
    /// EPSG code of the plane areas were measured in.
    pub plane: u32,
}

#[derive(Serialize, Deserialize)]
struct Record<K> {
    /// Random hex digits. The field's name marks the record; its value makes the record's digest unguessable.
    bangtin_import: String,
    kept: K,
}

/// The key under which an authority's columns are remembered. Names that look alike have the same key.
fn remembered<'a>(city: &'a City, authority: &str) -> Option<&'a String> {
    let key = fold(authority);
    city.columns.keys().find(|known| **known == key || fold(known) == key)
}

impl App {
    /// How to read a file of zones: the city's box and plane, the columns this authority used before,
    /// the boundary of the plan's units where it is known.
    pub async fn zone_options(&self, question: &ZoneQuestion<'_>) -> Result<Options, ExecuteError> {
        let city = self.city();
        let mut options = Options::new(city.bbox, city.default_crs);
        options.kind = question.kind;
        options.signed = question.signed;
        options.remembered = remembered(&city, question.authority).and_then(|key| city.columns.get(key)).cloned().unwrap_or_default();
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

    /// Keeps an import for its publication: its record and, where nothing blocks it, its set and the
    /// file as received. Its id is the record's digest, and nobody can guess it.
    pub async fn keep_import(&self, kept: &KeptImport, blobs: Vec<NewBlob>) -> Result<Digest, ExecuteError> {
        for brought in blobs {
            self.store(brought).await?;
        }
        let record = serde_json::to_vec(&Record { bangtin_import: hex(&random::<16>()?), kept })?;
        let id = Digest::of(&record);
        self.log.put_blob(id, BlobBytes::memory(record)).await?;
        Ok(id)
    }

    /// An import that was kept; none where the digest is of another blob.
    pub async fn kept_import(&self, id: Digest) -> Result<Option<KeptImport>, ExecuteError> {
        let Some(bytes) = self.log.get_blob(id).await? else { return Ok(None) };
        // Anybody may ask with any digest: a large blob that is no record is not parsed.
        if !bytes.starts_with(b"{\"bangtin_import\":") {
            return Ok(None);
        }
        let record: Option<Record<KeptImport>> = serde_json::from_slice(&bytes).ok();
        Ok(record.map(|record| record.kept))
    }

    /// Remembers the columns a planner named, for the authority's next file.
    pub async fn remember_columns(&self, authority: &str, columns: &Columns) -> Result<(), ExecuteError> {
        if *columns == Columns::default() {
            return Ok(());
        }
        self.change_city(|city| {
            let key = remembered(city, authority).cloned().unwrap_or_else(|| fold(authority));
            let known = city.columns.entry(key).or_default();
            for (field, new) in
                [(&mut known.land_use, &columns.land_use), (&mut known.name, &columns.name), (&mut known.note, &columns.note)]
            {
                if new.is_some() {
                    field.clone_from(new);
                }
            }
        })
        .await
    }

    /// Records units. A unit with a known id replaces the known one, others are added. Boundaries, if
    /// given, replace all known ones.
    pub async fn record_units(&self, units: Units, boundaries: Option<CanonicalSet>) -> Result<(), ExecuteError> {
        let set = boundaries.as_ref().map(|set| set.set.clone());
        if let Some(set) = boundaries {
            let brought = NewBlob::from(set);
            self.store(brought).await?;
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
