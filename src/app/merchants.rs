//! A merchant's own link, what they suggest by it, and whom one pays there.

use serde_json::{Value, json};

use super::{App, ExecuteError, Outcome, Request};
use crate::domain::access::{AccountId, Actor};
use crate::domain::digest::hex;
use crate::domain::families::{self, Item};
use crate::domain::publication::view::{MerchantView, Moment, View};
use crate::domain::publication::{Proposal, ProposalState};
use crate::domain::subject::SubjectId;
use crate::domain::trade::LinkIssued;
use crate::domain::{Code, Digest, Refusal};
use crate::import::apart::Reading;
use crate::import::attach::no_files;
use crate::import::photo_codes::Seen;
use crate::import::source::Source;
use crate::outside::OutsideError;
use crate::vault::FINGERPRINT;

const FAMILY: &str = "merchant";

/// What a merchant suggested by their link. What others had a hand in is theirs; whoever issued the link counts with the
/// merchant.
pub fn suggested<'i>(item: &'i Item, code: Code, link: &LinkIssued) -> Option<&'i Proposal> {
    let merchant = Actor::of_link(code);
    let is_own = |author: &AccountId| merchant.person() == Some(author) || link.by.as_ref() == Some(author);
    item.proposal().filter(|known| known.action == "revise" && known.authors.iter().all(is_own))
}

impl App {
    /// The secret part of the address that a merchant gets. Whoever has it may suggest changes until the link ends.
    pub fn link_key(&self, code: Code, link: &LinkIssued) -> String {
        let sealed = self.vault.digest(json!(["merchant-link", code, link.number, link.until]).to_string().as_bytes());
        format!("{}-{}", link.number, hex(&sealed[FINGERPRINT..FINGERPRINT + 16]))
    }

    /// True when the link works today and this is its key.
    pub fn opens(&self, code: Code, link: Option<&LinkIssued>, key: &str) -> bool {
        let today = self.today();
        // Digests are compared: how long that takes says nothing about the key.
        link.is_some_and(|link| today <= link.until && Digest::of(self.link_key(code, link).as_bytes()) == Digest::of(key.as_bytes()))
    }

    /// A place straight from the log, and what is particular to it.
    async fn place(&self, code: Code) -> Result<(Item, MerchantView), ExecuteError> {
        let unknown = || Refusal::unknown("unknown-code", sentence!("unknown-code-app", id = code.to_string()));
        let (item, _) = self.load(FAMILY, code).await?.ok_or_else(unknown)?;
        let view = item.view(None, &Moment::new(self.now(), self.city().zone()));
        let merchant = view.as_ref().and_then(View::merchant).cloned().ok_or_else(unknown)?;
        Ok((item, merchant))
    }

    /// Suggests, with the key of a link, what a place should state. Somebody of the ward approves it before it shows.
    /// What the merchant suggested before is replaced. Errors: the key does not work any more, or the rules refuse the facts.
    pub async fn suggest(&self, code: Code, key: &str, facts: Value) -> Result<Outcome, ExecuteError> {
        let (item, merchant) = self.place(code).await?;
        let Some(link) = merchant.link.filter(|link| self.opens(code, Some(link), key)) else {
            return Err(Refusal::unknown("link-ended", sentence!("link-ended")).into());
        };
        let own = suggested(&item, code, &link);
        // Whoever issued the link may have used it, so where two persons are needed they do not approve what comes by it.
        let needs_two =
            self.accounts().await?.two_persons().iter().any(|named| named == FAMILY || Some(named.as_str()) == facts["kind"].as_str());
        let with: Vec<Option<AccountId>> = if needs_two { vec![link.by] } else { Vec::new() };
        let today = self.today();
        let command = json!({ "effective_from": today, "facts": facts });
        let mut body = json!({ "action": "revise", "command": command, "submitted": true });
        if let Some(own) = own {
            body["replaces"] = json!(own.digest());
        }
        let id = format!("link-{code}-{}", &Digest::of(body.to_string().as_bytes()).to_string()[..32]);
        let request = Request { id, kind: format!("{FAMILY}.propose"), code: Some(code), body, blobs: Vec::new(), with };
        self.execute(&Actor::of_link(code), request, &no_files).await
    }

    /// Asks whether an address of the register of services answers. Gives the status, or why there is none.
    pub async fn link_answers(&self, address: &str) -> Result<u16, OutsideError> {
        self.outside.answers(address).await
    }

    /// The codes in a photo that a stranger sends; none for what is no picture. Nothing of it is kept.
    pub fn codes_in(&self, photo: &Source) -> Result<Option<Seen>, ExecuteError> {
        let reading = self.reader.get().cloned().unwrap_or(Reading::Here);
        let seen = tokio::task::block_in_place(|| reading.codes(photo));
        seen.map_err(|error| ExecuteError::Unavailable(error.to_string()))
    }

    /// Takes a payee's consent back, as the merchant asks: account and name are erased everywhere, in backups too.
    /// Errors: the actor may not change the place.
    pub async fn withdraw_payee(&self, actor: &Actor, code: Code) -> Result<(), ExecuteError> {
        let (item, _) = self.place(code).await?;
        let units = item.brief(self.today()).map(|brief| brief.units.to_vec()).unwrap_or_default();
        actor.check(families::roles(FAMILY), &units, &self.city().units, self.today())?;
        self.forget_payees(actor.name(), code, false).await
    }

    /// Erases those who were paid at a place, or were to be: all but the one who is paid now and the one whose registration
    /// waits, or all of them.
    pub(super) async fn forget_payees(&self, actor: &str, code: Code, keeps_last: bool) -> Result<(), ExecuteError> {
        let mut known: Vec<SubjectId> = Vec::new();
        let payee =
            |text: &str| -> Option<SubjectId> { serde_json::from_value(serde_json::from_str::<Value>(text).ok()?["payee"].clone()).ok() };
        for stored in self.log.read_aggregate(&format!("{FAMILY}/{code}"), 0).await? {
            let body = match stored.event.name.as_str() {
                "merchant.payee_registered" => stored.event.payload,
                "merchant.proposed" => {
                    let proposed: Value = serde_json::from_str(&stored.event.payload)?;
                    proposed["body"].as_str().unwrap_or_default().to_owned()
                }
                _ => continue,
            };
            known.extend(payee(&body));
        }
        let (item, merchant) = self.place(code).await?;
        let waits = item
            .proposal()
            .filter(|known| matches!(known.state, ProposalState::Draft | ProposalState::Submitted | ProposalState::Scheduled));
        let kept = [merchant.payee.map(|registered| registered.payee), waits.and_then(|known| payee(&known.body))];
        let keeps = |subject: &SubjectId| keeps_last && !item.is_withdrawn() && kept.iter().flatten().any(|kept| kept == subject);
        // The one who is shown goes first.
        for past in known.into_iter().rev().filter(|subject| !keeps(subject)) {
            if self.log.vault_row(&past.0).await?.is_some() {
                self.erase_as(actor, past).await?;
            }
        }
        Ok(())
    }
}
