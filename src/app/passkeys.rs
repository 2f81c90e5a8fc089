//! Passkeys: adding one, removing one, signing in with one.
//!
//! What is asked of a browser is kept in the database until it answers, so that any node takes the answer, and is taken out
//! with it: no answer counts twice.

use std::time::Duration;

use serde_json::Value;

use super::sessions::{microseconds, wrong};
use super::{App, ExecuteError, random};
use crate::credentials::passkeys::{self, Passkey, RelyingParty};
use crate::domain::Refusal;
use crate::domain::access::AccountId;
use crate::domain::account::Credential;
use crate::domain::digest::hex;
use crate::event_store::sessions::{self, SessionRow};
use crate::words::fold::typed;

/// How long a browser may take to answer.
const PATIENCE: Duration = Duration::from_mins(5);

/// A question to a browser.
pub struct Asked {
    /// The question's id; the answer names it.
    pub id: String,
    /// What `navigator.credentials` is asked, with bytes in base64url.
    pub options: Value,
}

/// A passkey as a browser gives it.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// Id of the question.
    pub asked: String,
    /// The answer, as JSON.
    pub response: String,
    /// What the person calls it; for new ones.
    pub label: String,
}

impl App {
    /// The site for which passkeys are made. Errors: the public address has no name.
    fn relying_party(&self) -> Result<RelyingParty, Refusal> {
        let city = self.city();
        RelyingParty::new(&city.public_url, &city.name_vi).ok_or_else(|| Refusal::conflict("passkey-no-name", sentence!("passkey-no-name")))
    }

    async fn remember(&self, key: &str, state: &str) -> Result<(), ExecuteError> {
        let until = self.now().as_microsecond() + microseconds(PATIENCE);
        sessions::keep_once(self.log.as_ref(), key, state, until).await?;
        Ok(())
    }

    /// Takes what was remembered. Errors: it was taken before, or is too old.
    async fn recall(&self, key: &str) -> Result<String, ExecuteError> {
        let now = self.now().as_microsecond();
        let state = sessions::take_once(self.log.as_ref(), key, now).await?;
        Ok(state.ok_or_else(|| Refusal::conflict("passkey-late", sentence!("passkey-late")))?)
    }

    /// Asks a person's browser for a new passkey.
    pub async fn ask_for_passkey(&self, account: &AccountId, email: &str, name: &str) -> Result<Asked, ExecuteError> {
        let known = self.credentials(account).await?;
        let ceremony = self.relying_party()?.ask_for_new(account, email, name, known.as_ref().map_or(&[], |known| known.passkeys()))?;
        let id = hex(&random::<16>()?);
        self.remember(&format!("passkey-new/{account}/{id}"), &ceremony.state).await?;
        Ok(Asked { id, options: ceremony.options })
    }

    /// The new passkey that a person's browser gave.
    pub(super) async fn new_passkey(&self, account: &AccountId, given: &Given) -> Result<Passkey, ExecuteError> {
        let state = self.recall(&format!("passkey-new/{account}/{}", given.asked)).await?;
        let label = typed(&given.label);
        Ok(self.relying_party()?.take_new(&state, &given.response, &label, self.now().as_microsecond())?)
    }

    /// Adds a passkey. Errors: the passphrase is wrong, or the browser gave none.
    pub async fn add_passkey(&self, account: &AccountId, passphrase: &str, given: &Given) -> Result<(), ExecuteError> {
        let known = self.checked(account, passphrase).await?;
        let passkey = self.new_passkey(account, given).await?;
        if known.passkeys().iter().any(|other| other.id() == passkey.id()) {
            return Ok(());
        }
        self.put_credentials(account, Credential::PasskeyAdded, &known.with_passkey(passkey)).await
    }

    /// Removes a passkey, and ends all the person's other sessions: its device may be in other hands. Errors: the passphrase
    /// is wrong, there is no such passkey, or it is the only second factor.
    pub async fn remove_passkey(&self, account: &AccountId, passphrase: &str, id: &str, session: &SessionRow) -> Result<(), ExecuteError> {
        let known = self.checked(account, passphrase).await?.without_passkey(id)?;
        self.put_credentials(account, Credential::PasskeyRemoved, &known).await?;
        self.end_other_sessions(account, session).await
    }

    /// The person's passkeys.
    pub async fn passkeys(&self, account: &AccountId) -> Result<Vec<Passkey>, ExecuteError> {
        Ok(self.credentials(account).await?.map_or_else(Vec::new, |known| known.passkeys().to_vec()))
    }

    /// How many passkeys there are; they are for the present public address only.
    pub async fn count_passkeys(&self) -> Result<usize, ExecuteError> {
        let mut count = 0;
        for account in self.accounts().await?.all.keys() {
            count += self.passkeys(account).await?.len();
        }
        Ok(count)
    }

    /// Asks whoever wants to sign in for a passkey.
    pub async fn ask_to_sign_in(&self) -> Result<Asked, ExecuteError> {
        let ceremony = self.relying_party()?.ask();
        let id = hex(&random::<16>()?);
        self.remember(&format!("passkey/{id}"), &ceremony.state).await?;
        Ok(Asked { id, options: ceremony.options })
    }

    /// Signs a person in with a passkey. Errors: it is none of theirs, was given before, or is a copy.
    pub async fn sign_in_by_passkey(&self, given: &Given) -> Result<AccountId, ExecuteError> {
        let state = self.recall(&format!("passkey/{}", given.asked)).await?;
        let account = passkeys::account(&given.response)?;
        let known = self.passkeys(&account).await?;
        let (id, counter) = self.relying_party()?.check(&state, &given.response, &known)?;
        self.check_active(&account).await?;
        let at_first = known.iter().find(|passkey| passkey.id() == id).map_or(0, Passkey::counter);
        let counts = counter > 0 || at_first > 0;
        if counts && !sessions::count_up(self.log.as_ref(), &format!("passkey-count/{id}"), counter).await? {
            tracing::warn!(target: "audit", %account, "a passkey counts backwards: it may have been copied");
            return Err(wrong());
        }
        tracing::info!(target: "audit", %account, "signed in with a passkey");
        Ok(account)
    }
}
