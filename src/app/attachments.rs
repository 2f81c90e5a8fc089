//! Checks the sets and documents that a command brings along or names.

use std::path::PathBuf;

use bytes::Bytes;
use serde_json::{Value, json};

use super::{App, ExecuteError, random};
use crate::domain::access::Actor;
use crate::domain::digest::hex;
use crate::domain::families;
use crate::domain::feature_set::FeatureSet;
use crate::domain::subject::{Shared, SubjectId};
use crate::domain::{Digest, Refusal};
use crate::event_store::{BlobBytes, VaultRow};
use crate::features;
use crate::import::apart::{Places, Reading};
use crate::import::attach::{Attached, NewBlob, Opened};
use crate::import::zones::MOST_LEFT_OUT;

/// Most files of other senders that are read at a time.
const APART: usize = 2;

impl App {
    /// From now on files of other senders are read by `program`, in a process of its own.
    pub fn read_apart(&self, program: PathBuf) {
        // Only the first call counts.
        let _ = self.reader.set(Reading::Apart(program, Places::new(APART)));
    }

    /// How the files of this actor are read.
    pub fn reading(&self, actor: &Actor) -> Reading {
        match self.reader.get() {
            Some(apart) if !actor.is_local() => apart.clone(),
            _ => Reading::Here,
        }
    }

    /// Checks the sets that a command names by their digest. Each must be stored or come along, and its codes must
    /// be legal for the plan. Its description is computed anew.
    pub(super) async fn check_sets(&self, body: &mut Value, attached: &Attached) -> Result<(), ExecuteError> {
        for (field, digest) in &attached.existing {
            let missing = || Refusal::invalid("unknown-blob", sentence!("unknown-blob", digest));
            let set = if let Some(set) = attached.blobs.iter().find_map(|brought| brought.set.as_ref().filter(|set| set.sha256 == *digest))
            {
                // This program has just made the set for this command.
                set.clone()
            } else {
                let bytes = self.blob(*digest, attached).await?.ok_or_else(missing)?;
                let facts = body.get("facts").cloned().unwrap_or_default();
                let takes = families::takes(field).ok_or_else(missing)?;
                let checked = tokio::task::block_in_place(|| features::check(*digest, bytes, takes, &facts));
                let checked = checked.ok_or_else(missing)??;
                // Which features the sender left out cannot be seen from the set.
                let left_out = facts.get(field).and_then(|set| set.get("left_out")).cloned().map(serde_json::from_value::<Vec<u32>>);
                let left_out = left_out.transpose()?.unwrap_or_default();
                if left_out.len() > MOST_LEFT_OUT {
                    return Err(Refusal::invalid("left-out-too-many", sentence!("left-out-too-many", value = MOST_LEFT_OUT)).into());
                }
                // The sum of rounded areas may differ from the rounded sum, which the import has given.
                let given = facts.get(field).and_then(|set| set.get("area_ha")?.as_f64());
                let off = 1e-4 * (f64::from(checked.count) + 1.0);
                let area_ha = checked.area_ha.map(|area| given.filter(|given| (given - area).abs() <= off).unwrap_or(area));
                FeatureSet { area_ha, left_out, ..checked }
            };
            if let Some(facts) = body.get_mut("facts").and_then(Value::as_object_mut) {
                facts.insert((*field).into(), serde_json::to_value(set)?);
            }
        }
        Ok(())
    }

    /// Checks the documents that a command names by their digest. Each must be stored. Its type and size are taken
    /// from its bytes.
    pub(super) async fn check_documents(&self, body: &mut Value, attached: &Attached, reading: &Reading) -> Result<(), ExecuteError> {
        let Some(Value::Array(documents)) = body.pointer_mut("/facts/documents") else { return Ok(()) };
        for document in documents {
            let digest = document.get("sha256").and_then(Value::as_str).and_then(|text| text.parse().ok());
            let missing = || Refusal::invalid("unknown-blob", sentence!("unknown-blob-attachments"));
            let digest: Digest = digest.ok_or_else(missing)?;
            if let Some(brought) = attached.blobs.iter().find(|brought| brought.sha256 == digest) {
                let (bytes, media_type) = brought.about().map_err(|error| ExecuteError::Unavailable(error.to_string()))?;
                document["media_type"] = json!(media_type);
                document["bytes"] = json!(bytes);
                continue;
            }
            let bytes = self.blob(digest, attached).await?.ok_or_else(missing)?;
            let about = tokio::task::block_in_place(|| reading.about(&bytes));
            document["media_type"] = json!(about.media_type);
            document["bytes"] = json!(bytes.len());
            if let Some(pages) = about.pages {
                document["pages"] = json!(pages);
            }
        }
        Ok(())
    }

    /// Stores a blob that came with a command.
    pub(super) async fn store(&self, brought: NewBlob) -> Result<(), ExecuteError> {
        let sha256 = brought.sha256;
        let Opened { bytes, from, hashed } = brought.open().map_err(|error| ExecuteError::Unavailable(error.to_string()))?;
        Ok(self.log.put_blob(sha256, BlobBytes { bytes, from, hashed }).await?)
    }

    async fn blob(&self, digest: Digest, attached: &Attached) -> Result<Option<Bytes>, ExecuteError> {
        if let Some(brought) = attached.blobs.iter().find(|brought| brought.sha256 == digest) {
            return Ok(Some(brought.content.bytes().map_err(|error| ExecuteError::Unavailable(error.to_string()))?));
        }
        Ok(self.log.get_blob(digest).await?.map(Bytes::from))
    }

    /// Seals what a person shares. The command's body names them instead.
    pub(super) fn seal_shared(&self, body: &mut Value, attached: &Attached) -> Result<(Option<SubjectId>, Option<VaultRow>), ExecuteError> {
        let Some((shared, _)) = &attached.shared else { return Ok((None, None)) };
        let subject = SubjectId(format!("s-{}", hex(&random::<10>()?)));
        let row = self.vault.seal(&subject, shared)?;
        match shared {
            Shared::Contact(_) => body["facts"]["contact"] = json!({ "subject": subject }),
            Shared::Payee(_) => body["payee"] = json!(subject),
        }
        Ok((Some(subject), Some(row)))
    }
}
