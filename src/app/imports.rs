//! What an import asks of the store before it reads a file, and what the store learns from it.

use std::cmp::Reverse;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::import_form::EDITS;
pub use super::import_form::{Edit, KeptForm, Meanwhile};
use super::{App, ExecuteError, random};
use crate::domain::access::AccountId;
use crate::domain::city::{AsBefore, City, Columns};
use crate::domain::digest::hex;
use crate::domain::document::Document;
use crate::domain::feature_set::FeatureSet;
use crate::domain::plan::PlanKind;
use crate::domain::unit::{UnitId, Units};
use crate::domain::{Code, Refusal};
use crate::event_store::kept::{self, KeptRow, Kind};
use crate::features::canonical::CanonicalSet;
use crate::geometry::coverage::Boundary;
use crate::import::Report;
use crate::import::attach::{Content, NewBlob, source_document};
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
    /// Who sent it.
    pub actor: String,
    /// Id of the file as received.
    pub file: String,
    /// What the sender stated and chose, so that the file can be read again: names and values of the form.
    pub form: Vec<(String, String)>,
    /// What was found.
    pub report: Report,
    /// The report as a page.
    pub page: String,
    /// The canonical set; none after an error.
    pub set: Option<FeatureSet>,
    /// EPSG code of the plane areas were measured in.
    pub plane: u32,
    /// Further sets of the same file, by the fields of the facts that they fill.
    #[serde(default)]
    pub further: Vec<(String, FeatureSet)>,
}

impl KeptImport {
    /// Its sets by the fields of the facts that they fill; none after an error.
    fn sets(&self) -> impl Iterator<Item = (&str, &FeatureSet)> {
        let main = self.set.as_ref().map(|set| (self.field.as_str(), set));
        main.into_iter().chain(self.further.iter().map(|(field, set)| (field.as_str(), set)))
    }

    /// The ids under which all of an import is kept: its sets, and the form beside it.
    fn ids(&self, id: &str) -> Vec<String> {
        let sets = self.further.iter().map(|(field, _)| further_of(id, field));
        [id.to_owned(), set_of(id), form_of(id)].into_iter().chain(sets).collect()
    }
}

/// An import that nobody has proposed or published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Its id.
    pub id: String,
    /// Name of its file.
    pub file: String,
    /// The plan's title, where its form says one.
    pub title: String,
    /// When it was last used, microseconds since 1970.
    pub used_at: i64,
}

/// The id under which the set of an import is kept.
fn set_of(id: &str) -> String {
    format!("{id}.set")
}

/// The id under which a further set of an import is kept.
fn further_of(id: &str, field: &str) -> String {
    format!("{id}.{field}")
}

/// The id under which the form beside an import is kept.
fn form_of(id: &str) -> String {
    format!("{id}.form")
}

/// What follows an import's id where somebody else works on it.
fn with(owner: &str) -> String {
    format!("+{owner}")
}

/// The key under which it is remembered what an authority's files were like. Names that look alike have the same key.
fn remembered<'a>(city: &'a City, authority: &str) -> Option<&'a String> {
    let key = fold(authority);
    city.as_before.keys().find(|known| **known == key || fold(known) == key)
}

impl App {
    /// How to read a file of zones: the city's box and plane, what this authority's files were like before,
    /// the boundary of the plan's units where it is known.
    pub async fn zone_options(&self, question: &ZoneQuestion<'_>) -> Result<Options, ExecuteError> {
        let city = self.city();
        let mut options = Options::new(city.bbox, city.default_crs);
        options.kind = question.kind;
        options.signed = question.signed;
        options.as_before = remembered(&city, question.authority).and_then(|key| city.as_before.get(key)).cloned().unwrap_or_default();
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

    /// Keeps an import for its publication: its record and, where nothing blocks it, its set and its further ones by their
    /// fields. Gives its id, which nobody can guess.
    pub async fn keep_import(
        &self,
        kept: &KeptImport,
        set: Option<NewBlob>,
        further: Vec<(String, NewBlob)>,
    ) -> Result<String, ExecuteError> {
        let id = hex(&random::<16>()?);
        if let Some(set) = set {
            self.keep_set(&set_of(&id), &kept.actor, set).await?;
        }
        for (field, set) in further {
            self.keep_set(&further_of(&id, &field), &kept.actor, set).await?;
        }
        self.keep_value(Kind::Import, &id, &kept.actor, &kept.report.file, kept).await?;
        Ok(id)
    }

    /// An import that was kept; none where there is none with that id.
    pub async fn kept_import(&self, id: &str) -> Result<Option<KeptImport>, ExecuteError> {
        let found = match self.kept_value(Kind::Import, id).await? {
            None => self.kept_value(Kind::Sent, id).await?,
            found => found,
        };
        Ok(found)
    }

    /// The imports that a person sent or works on too, and that were not proposed or published; the last used first.
    pub async fn drafts(&self, owner: &str) -> Result<Vec<Draft>, ExecuteError> {
        let log = self.log.as_ref();
        let mut rows = kept::of_owner(log, Kind::Import, owner).await?;
        for shared in kept::of_owner(log, Kind::Shared, owner).await? {
            let import = shared.id.strip_suffix(&with(owner)).unwrap_or_default();
            rows.extend(kept::find(log, Kind::Import, import).await?);
        }
        rows.sort_by_key(|row| Reverse(row.used_at));
        let mut drafts = Vec::with_capacity(rows.len());
        for row in rows {
            let form: KeptForm = self.kept_value(Kind::Form, &form_of(&row.id)).await?.unwrap_or_default();
            let title = form.fields.into_iter().find(|(name, _)| name == "title").map(|(_, title)| title).unwrap_or_default();
            drafts.push(Draft { id: row.id, file: row.name, title, used_at: row.used_at });
        }
        Ok(drafts)
    }

    /// Notes that somebody else works on an import too: it is among their drafts from now on.
    pub async fn share_import(&self, id: &str, owner: &str) -> Result<(), ExecuteError> {
        let (id, used_at) = (format!("{id}{}", with(owner)), self.now().as_microsecond());
        let row = KeptRow { id: id.clone(), owner: owner.into(), name: String::new(), bytes: 0, used_at };
        kept::begin(self.log.as_ref(), Kind::Shared, &row).await?;
        self.use_kept(&id).await
    }

    /// What the form beside an import says so far.
    pub async fn kept_form(&self, id: &str) -> Result<KeptForm, ExecuteError> {
        // Nobody reads a form of which only the row is there yet.
        let _turn = self.keeping.lock().await;
        let Some(row) = kept::find(self.log.as_ref(), Kind::Form, &form_of(id)).await? else { return Ok(KeptForm::default()) };
        let form: KeptForm = self.kept_value(Kind::Form, &form_of(id)).await?.unwrap_or_default();
        Ok(KeptForm { version: row.name, ..form })
    }

    /// Keeps what the form beside an import says so far, in the place of the version that it names. Gives false where
    /// somebody else has put another one there meanwhile.
    pub async fn keep_form(&self, id: &str, kept: &KeptImport, form: &KeptForm) -> Result<bool, ExecuteError> {
        let _turn = self.keeping.lock().await;
        let (log, row) = (self.log.as_ref(), form_of(id));
        let next = (form.version.parse::<u64>().unwrap_or(0) + 1).to_string();
        let is_there = kept::find(log, Kind::Form, &row).await?.is_some();
        if is_there && !kept::rename(log, &row, &form.version, &next).await? {
            return Ok(false);
        }
        self.keep_value(Kind::Form, &row, &kept.actor, &next, form).await?;
        // All that the draft needs is kept as long as the draft.
        let own = kept.ids(id);
        let documents = form.files.iter().map(|(_, file, _)| file);
        for needed in own.iter().chain([&kept.file]).chain(documents) {
            self.use_kept(needed).await?;
        }
        for shared in form.editors.iter().map(|editor| format!("{id}{}", with(&editor.0))) {
            self.use_kept(&shared).await?;
        }
        Ok(true)
    }

    /// The form as this person has changed it, over the version that it names.
    pub fn edited(&self, form: KeptForm, fields: Vec<(String, String)>, by: &AccountId) -> KeptForm {
        let KeptForm { fields: before, files, mut editors, mut edits, version } = form;
        edits.push(Edit { version: version.clone(), before, by: by.clone(), at: self.now().as_microsecond() });
        edits.drain(..edits.len().saturating_sub(EDITS));
        if !editors.contains(by) {
            editors.push(by.clone());
        }
        KeptForm { fields, files, editors, edits, version }
    }

    /// Puts an import in the place of an earlier one of the same file: what was written beside that stays.
    pub async fn import_instead(&self, id: &str, before: &str, owner: &str) -> Result<(), ExecuteError> {
        let mut form = self.kept_form(before).await?;
        let sender = self.kept_import(before).await?.map(|kept| AccountId(kept.actor));
        form.editors.extend(sender.filter(|sender| sender.0 != owner && !form.editors.contains(sender)));
        if form != KeptForm::default()
            && let Some(kept) = self.kept_import(id).await?
        {
            for editor in form.editors.iter().filter(|editor| editor.0 != owner) {
                self.share_import(id, &editor.0).await?;
            }
            self.keep_form(id, &kept, &KeptForm { version: String::new(), ..form }).await?;
        }
        // What was proposed of the earlier one stays what this one is about.
        if let Some(code) = self.sent_as(before).await? {
            self.import_was_sent(id, code).await?;
        }
        self.drop_import(before).await
    }

    /// Removes an import and what belongs to it, but for its file, which other imports may be of.
    pub async fn drop_import(&self, id: &str) -> Result<(), ExecuteError> {
        let own = match self.kept_import(id).await? {
            Some(kept) => kept.ids(id),
            None => vec![id.to_owned(), set_of(id), form_of(id)],
        };
        for id in own {
            kept::remove(self.log.as_ref(), &id).await?;
        }
        Ok(())
    }

    /// Notes that a command for the item with that code was made of an import.
    pub async fn import_was_sent(&self, id: &str, code: Code) -> Result<(), ExecuteError> {
        Ok(kept::turn(self.log.as_ref(), id, Kind::Sent, code.as_str()).await?)
    }

    /// The item that a command was made of this import for; none for a draft.
    pub async fn sent_as(&self, id: &str) -> Result<Option<Code>, ExecuteError> {
        let row = kept::find(self.log.as_ref(), Kind::Sent, id).await?;
        Ok(row.and_then(|row| row.name.parse().ok()))
    }

    /// The id of the last import, whoever sent it, that a command for that item was made of.
    pub async fn import_behind(&self, code: Code) -> Result<Option<String>, ExecuteError> {
        let rows = kept::named(self.log.as_ref(), Kind::Sent, code.as_str()).await?;
        Ok(rows.into_iter().next().map(|row| row.id))
    }

    /// The last import of which a command for that item was made, and that this person sent or worked on.
    pub async fn sent_import(&self, owner: &str, code: Code) -> Result<Option<String>, ExecuteError> {
        let log = self.log.as_ref();
        let mut rows = kept::of_owner(log, Kind::Sent, owner).await?;
        for shared in kept::of_owner(log, Kind::Shared, owner).await? {
            rows.extend(kept::find(log, Kind::Sent, shared.id.strip_suffix(&with(owner)).unwrap_or_default()).await?);
        }
        rows.sort_by_key(|row| Reverse(row.used_at));
        Ok(rows.into_iter().find(|row| row.name == code.as_str()).map(|row| row.id))
    }

    /// The zones of an import; none where it has none, or they are no longer kept.
    pub async fn kept_zones(&self, id: &str) -> Result<Option<Content>, ExecuteError> {
        self.kept_set(&set_of(id)).await
    }

    /// What a command made of an import brings along: its sets, and the file as received with its description. Errors: one
    /// of them is no longer kept.
    pub async fn import_blobs(&self, id: &str, kept: &KeptImport) -> Result<(Document, Vec<NewBlob>), ExecuteError> {
        let gone = || Refusal::conflict("kept-no-more", sentence!("kept-no-more"));
        let mut blobs = Vec::new();
        for (field, set) in kept.sets() {
            let own = if field == kept.field { set_of(id) } else { further_of(id, field) };
            let content = self.kept_set(&own).await?.ok_or_else(gone)?;
            blobs.push(NewBlob { sha256: set.sha256, content, set: None });
        }
        let file = self.kept_file(&kept.actor, &kept.file).await?.ok_or_else(gone)?;
        let described = tokio::task::block_in_place(|| source_document(&file, None));
        let (document, source) = described.map_err(|error| ExecuteError::Unavailable(error.to_string()))?;
        blobs.push(source);
        Ok((document, blobs))
    }

    /// Remembers what the planner said of a file, for the authority's next one.
    pub async fn remember_file(&self, authority: &str, said: AsBefore) -> Result<(), ExecuteError> {
        if said == AsBefore::default() {
            return Ok(());
        }
        self.change_city(|city| {
            let key = remembered(city, authority).cloned().unwrap_or_else(|| fold(authority));
            let known = city.as_before.entry(key).or_default();
            let AsBefore { columns: Columns { land_use, name, note }, crs, layer } = said.clone();
            let put = |field: &mut Option<String>, new: Option<String>| *field = new.or_else(|| field.take());
            put(&mut known.columns.land_use, land_use);
            put(&mut known.columns.name, name);
            put(&mut known.columns.note, note);
            put(&mut known.layer, layer);
            known.crs = crs.or(known.crs);
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
