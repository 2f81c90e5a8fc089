//! What a command brings along is checked against what is stored.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{App, ExecuteError, hex, random};
use crate::domain::subject::SubjectId;
use crate::domain::{Digest, Refusal};
use crate::event_store::VaultRow;
use crate::import::attach::Attached;
use crate::read_model::features;
use crate::vault::Contact;

impl App {
    /// A set named by its digest must be stored or come along; what the command says of it is
    /// computed anew, and its codes must be legal for the plan.
    pub(super) async fn check_sets(&self, body: &mut Value, attached: &Attached) -> Result<(), ExecuteError> {
        for (field, digest) in &attached.existing {
            let missing = || Refusal::invalid("unknown-blob", format!("Không có dữ liệu {digest}."), format!("There is no blob {digest}."));
            let bytes = self.blob(*digest, attached).await?.ok_or_else(missing)?;
            let facts = body.get("facts").cloned().unwrap_or_default();
            let checked = tokio::task::block_in_place(|| features::check(*digest, &bytes, field, &facts));
            let set = checked.ok_or_else(missing)??;
            if let Some(facts) = body.get_mut("facts").and_then(Value::as_object_mut) {
                facts.insert((*field).into(), serde_json::to_value(set)?);
            }
        }
        Ok(())
    }

    /// A document named by its digest must be stored; its type and size are seen from its bytes.
    pub(super) async fn check_documents(&self, body: &mut Value, attached: &Attached) -> Result<(), ExecuteError> {
        let Some(Value::Array(documents)) = body.pointer_mut("/facts/documents") else { return Ok(()) };
        for document in documents {
            let digest = document.get("sha256").and_then(Value::as_str).and_then(|text| text.parse().ok());
            let missing = || Refusal::invalid("unknown-blob", "Tài liệu chưa được gửi lên.", "The document was not sent.");
            let digest: Digest = digest.ok_or_else(missing)?;
            if attached.blobs.iter().any(|(known, _)| *known == digest) {
                continue;
            }
            let bytes = self.blob(digest, attached).await?.ok_or_else(missing)?;
            document["media_type"] = json!(crate::import::documents::media_type(&bytes));
            document["bytes"] = json!(bytes.len());
        }
        Ok(())
    }

    async fn blob(&self, digest: Digest, attached: &Attached) -> Result<Option<Arc<[u8]>>, ExecuteError> {
        if let Some((_, bytes)) = attached.blobs.iter().find(|(known, _)| *known == digest) {
            return Ok(Some(Arc::clone(bytes)));
        }
        Ok(self.log.get_blob(digest).await?.map(Arc::from))
    }

    pub(super) fn seal_contact(
        &self,
        body: &mut Value,
        attached: &mut Attached,
    ) -> Result<(Option<SubjectId>, Option<VaultRow>), ExecuteError> {
        let Some(contact) = &attached.contact else { return Ok((None, None)) };
        let subject = SubjectId(format!("s-{}", hex(&random::<10>()?)));
        let row = self.vault.seal(&subject, &Contact { name: contact.name.clone(), phone: contact.phone.clone() })?;
        if let Some(facts) = body.get_mut("facts").and_then(Value::as_object_mut) {
            facts.insert("contact".into(), json!({ "subject": subject }));
        }
        Ok((Some(subject), Some(row)))
    }
}
