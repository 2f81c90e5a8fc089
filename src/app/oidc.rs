//! Signing in at a provider: leading there, believing what comes back, and whose identity there is whose account here.
//!
//! An administrator ties an identity to an account. Whoever comes with one that is tied to none is given a code to bring to
//! an administrator, who sees the person and not an address that somebody typed.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openidconnect::core::CoreTokenResponse;
use openidconnect::{AuthorizationCode, OAuth2TokenResponse, PkceCodeVerifier, RequestTokenError, SubjectIdentifier, UserInfoError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::accounts::Way;
use super::sessions::microseconds;
use super::{App, ExecuteError, random};
use crate::credentials;
use crate::credentials::oidc::{Asked, Brought, ClaimsIn, Client, Metadata, Provider, UserInfo, Via, Vouched, claims_of, reasons};
use crate::domain::access::{AccountId, Actor};
use crate::domain::account::{AccountCommand, IdentityTied, IdentityUntied};
use crate::domain::digest::hex;
use crate::domain::subject::SubjectId;
use crate::domain::{Digest, Refusal};
use crate::event_store::sessions::{self, SessionRow};
use crate::event_store::{VaultChange, VaultRow};
use crate::words::text::Lang;

/// How long somebody may take to sign in at a provider.
const PATIENCE: Duration = Duration::from_mins(10);
/// How long the code of somebody whose identity is tied to no account is valid.
const OFFERED: Duration = Duration::from_hours(48);
/// Letters of such a code.
const OFFER_LETTERS: usize = 9;

/// Somebody as a provider knows them; kept in the vault only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Opaque id, as events name it.
    pub id: String,
    /// The provider's issuer identifier.
    pub issuer: String,
    /// Who the person is there.
    pub subject: String,
}

/// Somebody who is led to a provider.
pub struct Departure {
    /// The provider's address.
    pub address: String,
    /// What their browser keeps, and nobody else knows.
    pub browser: String,
}

/// Somebody who has come back from a provider.
pub enum Arrival {
    /// Their identity is tied to an account; with what was remembered of them.
    Known(AccountId, Via, Asked),
    /// It is tied to none; the code for an administrator.
    Stranger(String),
}

fn identities_key(account: &AccountId) -> SubjectId {
    SubjectId(format!("identities/{account}"))
}

fn via_key(account: &AccountId) -> SubjectId {
    SubjectId(format!("via/{account}"))
}

/// Where it is remembered who was led to a provider. Only the browser that was led there finds it.
fn asked_key(provider: &Provider, state: &str, browser: &str) -> String {
    format!("oidc/{}/{}", provider.id, Digest::of(format!("{state}.{browser}").as_bytes()))
}

fn offer_key(code: &str) -> String {
    format!("identity/{}", credentials::letters_of(code))
}

impl App {
    /// From now on people may sign in at these providers.
    pub fn sign_in_at(&self, providers: Vec<Provider>) {
        // Only the first call counts.
        let _ = self.providers.set(providers);
    }

    /// The providers at which people may sign in.
    pub fn providers(&self) -> &[Provider] {
        self.providers.get().map_or(&[], Vec::as_slice)
    }

    fn provider(&self, id: &str) -> Result<&Provider, Refusal> {
        let found = self.providers().iter().find(|provider| provider.id == id);
        found.ok_or_else(|| Refusal::unknown("provider-unknown", sentence!("provider-unknown")))
    }

    /// What a provider says of itself, with the keys that it has now. It is asked each time: people sign in rarely, and a
    /// key that it has given up is not believed a minute longer.
    async fn metadata(&self, provider: &Provider) -> Result<Metadata, Refusal> {
        Metadata::discover_async(provider.issuer.clone(), &self.outside).await.map_err(|error| away(provider, &error))
    }

    /// Leads somebody to a provider. Errors: there is no such provider, or it does not answer.
    pub async fn leave_for(&self, id: &str, back: &str, lang: Lang) -> Result<Departure, ExecuteError> {
        let provider = self.provider(id)?;
        let client = self.client(provider, self.metadata(provider).await?)?;
        let (state, browser) = (hex(&random::<16>()?), hex(&random::<16>()?));
        let asked =
            Asked { nonce: hex(&random::<16>()?), verifier: hex(&random::<32>()?), back: back.to_owned(), lang: lang.code().to_owned() };
        let until = self.now().as_microsecond() + microseconds(PATIENCE);
        let key = asked_key(provider, &state, &browser);
        sessions::keep_once(self.log.as_ref(), &key, &serde_json::to_string(&asked)?, until).await?;
        let address = provider.way_there(&client, &state, &asked);
        Ok(Departure { address: address.to_string(), browser })
    }

    fn client(&self, provider: &Provider, metadata: Metadata) -> Result<Client, ExecuteError> {
        Ok(provider.client(metadata, &self.city().public_url).map_err(|why| not_believed(provider, &why))?)
    }

    /// Takes somebody who comes back from a provider; `browser` is what their browser kept. Errors: they were not led
    /// there, or what the provider says is not believed.
    pub async fn arrive_from(&self, id: &str, brought: &Brought, browser: &str) -> Result<Arrival, ExecuteError> {
        let provider = self.provider(id)?;
        let key = asked_key(provider, &brought.state, browser);
        let asked = sessions::take_once(self.log.as_ref(), &key, self.now().as_microsecond()).await?;
        let asked: Asked = match asked {
            Some(asked) => serde_json::from_str(&asked)?,
            None => return Err(Refusal::conflict("provider-late", sentence!("provider-late")).into()),
        };
        let metadata = self.metadata(provider).await?;
        provider.check_sender(&metadata, brought).map_err(|why| not_believed(provider, &why))?;
        let Some(code) = brought.code.as_ref().filter(|_| brought.error.is_none()) else {
            tracing::warn!(target: "audit", provider = provider.id, "the provider let nobody in: {:?}", brought.error);
            return Err(Refusal::forbidden("provider-refused", sentence!("provider-refused")).into());
        };
        let client = self.client(provider, metadata)?;
        let response = self.exchange(provider, &client, code, &asked).await?;
        let vouched = provider.check(&client, &response, &asked, self.now()).map_err(|why| not_believed(provider, &why))?;
        let Some(account) = self.tied_to(provider.issuer.as_str(), &vouched.subject).await? else {
            return Ok(Arrival::Stranger(self.offer(provider, &vouched).await?));
        };
        self.check_active(&account).await?;
        let claims = match provider.claims_in {
            ClaimsIn::IdToken => vouched.claims.clone(),
            ClaimsIn::Userinfo => self.user_info(provider, &client, &response, &vouched).await?,
        };
        let roles = provider.left(&claims).map_err(|why| {
            tracing::warn!(target: "audit", provider = provider.id, %account, "the provider leaves nothing to do: {why}");
            Refusal::forbidden("provider-no-role", sentence!("provider-no-role"))
        })?;
        tracing::info!(target: "audit", %account, provider = provider.id, "signed in at a provider");
        Ok(Arrival::Known(account, Via { provider: provider.id.clone(), roles, id_token: vouched.id_token }, asked))
    }

    async fn exchange(&self, provider: &Provider, client: &Client, code: &str, asked: &Asked) -> Result<CoreTokenResponse, Refusal> {
        let request =
            client.exchange_code(AuthorizationCode::new(code.to_owned())).map_err(|error| not_believed(provider, &reasons(&error)))?;
        let request = request.set_pkce_verifier(PkceCodeVerifier::new(asked.verifier.clone()));
        request.request_async(&self.outside).await.map_err(|error| match error {
            RequestTokenError::Request(error) => away(provider, &error),
            error => not_believed(provider, &reasons(&error)),
        })
    }

    /// What a provider's UserInfo address says of somebody.
    async fn user_info(
        &self,
        provider: &Provider,
        client: &Client,
        response: &CoreTokenResponse,
        vouched: &Vouched,
    ) -> Result<Map<String, Value>, Refusal> {
        let subject = vouched.claims.get("sub").and_then(Value::as_str).unwrap_or_default();
        let request = client.user_info(response.access_token().clone(), Some(SubjectIdentifier::new(subject.to_owned())));
        let request = request.map_err(|error| not_believed(provider, &reasons(&error)))?;
        let info: Result<UserInfo, _> = request.request_async(&self.outside).await;
        info.map(claims_of).map_err(|error| match error {
            UserInfoError::Request(error) => away(provider, &error),
            error => not_believed(provider, &reasons(&error)),
        })
    }

    /// Under which key the vault keeps the account of an identity. It says nothing about the identity.
    fn identity_key(&self, issuer: &str, subject: &str) -> SubjectId {
        let keyed = self.vault.digest(format!("identity {issuer}\n{subject}").as_bytes());
        SubjectId(format!("identity/{}", hex(&keyed)))
    }

    /// The account that an identity is tied to.
    async fn tied_to(&self, issuer: &str, subject: &str) -> Result<Option<AccountId>, ExecuteError> {
        self.account_behind(&self.identity_key(issuer, subject)).await
    }

    /// Keeps the identity of somebody whom nobody knows yet, and gives the code for an administrator.
    async fn offer(&self, provider: &Provider, vouched: &Vouched) -> Result<String, ExecuteError> {
        let code = credentials::recovery_code(random()?)[..OFFER_LETTERS].to_owned();
        let key = offer_key(&code);
        let id = format!("i-{}", hex(&random::<8>()?));
        let identity = Identity { id, issuer: provider.issuer.to_string(), subject: vouched.subject.clone() };
        let until = self.now().as_microsecond() + microseconds(OFFERED);
        let sealed = self.sealed(&SubjectId(key.clone()), &identity)?;
        sessions::keep_once(self.log.as_ref(), &key, &sealed, until).await?;
        tracing::info!(target: "audit", provider = provider.id, identity = identity.id, "came from a provider and is tied to no account");
        Ok(code)
    }

    /// Ties the identity behind a code to an account. Errors: the actor is no administrator, the code is wrong, used or too
    /// old, or the identity is tied already.
    pub async fn tie_identity(&self, actor: &Actor, account: AccountId, code: &str) -> Result<(), ExecuteError> {
        let tied = |identity: &Identity| {
            let (identity, issuer) = (identity.id.clone(), identity.issuer.clone());
            AccountCommand::TieIdentity(IdentityTied { account: account.clone(), identity, issuer })
        };
        // What the rules refuse uses up no code.
        let nobody = Identity { id: String::new(), issuer: String::new(), subject: String::new() };
        self.accounts().await?.decide(tied(&nobody), actor, &self.context(BTreeSet::new()))?;
        let key = offer_key(code);
        let sealed = sessions::take_once(self.log.as_ref(), &key, self.now().as_microsecond()).await?;
        let sealed = sealed.ok_or_else(|| Refusal::unknown("identity-code-unknown", sentence!("identity-code-unknown")))?;
        let identity: Identity = self.unsealed(&SubjectId(key), &sealed)?;
        let mut known = self.identities(&account).await?;
        let way = self.identity_key(&identity.issuer, &identity.subject);
        known.push(identity.clone());
        let taken = Refusal::conflict("identity-taken", sentence!("identity-taken"));
        let rows =
            vec![VaultChange::Put(self.vault.seal(&way, &account)?), VaultChange::Put(self.vault.seal(&identities_key(&account), &known)?)];
        self.change_accounts_unless_taken(actor, tied(&identity), rows, Some(Way { key: &way, of: None, taken })).await?;
        tracing::info!(target: "audit", actor = actor.name(), %account, identity = identity.id, "identity tied");
        Ok(())
    }

    /// No longer lets somebody sign in with an identity; all their sessions end. Errors: the actor is no administrator, or
    /// the account has no such identity.
    pub async fn untie_identity(&self, actor: &Actor, account: AccountId, id: &str) -> Result<(), ExecuteError> {
        let (untied, left): (Vec<Identity>, Vec<Identity>) =
            self.identities(&account).await?.into_iter().partition(|identity| identity.id == id);
        let mut rows = self.ways(&untied);
        rows.push(VaultChange::Put(self.vault.seal(&identities_key(&account), &left)?));
        let command = AccountCommand::UntieIdentity(IdentityUntied { account: account.clone(), identity: id.to_owned() });
        self.change_accounts(actor, command, rows).await?;
        tracing::info!(target: "audit", actor = actor.name(), %account, identity = id, "identity untied");
        Ok(())
    }

    /// The removal of the ways from identities to their account.
    fn ways(&self, identities: &[Identity]) -> Vec<VaultChange> {
        let way = |identity: &Identity| VaultChange::Erase(self.identity_key(&identity.issuer, &identity.subject).0);
        identities.iter().map(way).collect()
    }

    /// The removal of all that the vault knows of a person's identities.
    pub(super) async fn without_identities(&self, account: &AccountId) -> Result<Vec<VaultChange>, ExecuteError> {
        let mut rows = self.ways(&self.identities(account).await?);
        rows.push(VaultChange::Erase(identities_key(account).0));
        Ok(rows)
    }

    /// The identities of a person at providers.
    pub async fn identities(&self, account: &AccountId) -> Result<Vec<Identity>, ExecuteError> {
        let row = self.log.vault_row(&identities_key(account).0).await?;
        Ok(row.map(|row| self.vault.unseal(&row)).transpose()?.unwrap_or_default())
    }

    /// How a session began, as it is kept with it.
    pub(super) fn kept_via(&self, account: &AccountId, via: &Via) -> Result<String, ExecuteError> {
        self.sealed(&via_key(account), via)
    }

    /// The provider at which somebody signed in for this session; none where they did so here.
    pub fn via(&self, session: &SessionRow) -> Result<Option<Via>, ExecuteError> {
        if session.via.is_empty() {
            return Ok(None);
        }
        self.unsealed(&via_key(&AccountId(session.account.clone())), &session.via).map(Some)
    }

    /// Where somebody signs out at the provider that a session came from. None where they signed in here, the provider has
    /// no such address, or it does not answer.
    pub async fn way_out(&self, session: &SessionRow, lang: Lang) -> Result<Option<String>, ExecuteError> {
        let Some(via) = self.via(session)? else { return Ok(None) };
        let Ok(provider) = self.provider(&via.provider) else { return Ok(None) };
        let Ok(metadata) = self.metadata(provider).await else { return Ok(None) };
        let home = format!("{}/office/sign-in{}", self.city().public_url.trim_end_matches('/'), lang.query());
        Ok(provider.way_out(&metadata, &via.id_token, &home).map(|address| address.to_string()))
    }

    /// Something personal as a text that only the vault's key opens.
    pub(super) fn sealed<T: Serialize>(&self, name: &SubjectId, data: &T) -> Result<String, ExecuteError> {
        let row = self.vault.seal(name, data)?;
        Ok(format!("{}.{}", STANDARD.encode(row.wrapped_key), STANDARD.encode(row.data)))
    }

    pub(super) fn unsealed<T: for<'a> Deserialize<'a>>(&self, name: &SubjectId, sealed: &str) -> Result<T, ExecuteError> {
        let damaged = || ExecuteError::Damaged(String::from("what was kept encrypted cannot be read"));
        let (key, data) = sealed.split_once('.').ok_or_else(damaged)?;
        let bytes = |text: &str| STANDARD.decode(text).map_err(|_| damaged());
        let row = VaultRow { subject: name.0.clone(), wrapped_key: bytes(key)?, data: bytes(data)? };
        Ok(self.vault.unseal(&row)?)
    }
}

/// Says in the audit log why a provider is not to be had, and to the person how else they get in.
fn away(provider: &Provider, why: &dyn std::error::Error) -> Refusal {
    tracing::warn!(target: "audit", provider = provider.id, "the provider is not to be had: {}", reasons(why));
    Refusal::busy(sentence!("provider-away"))
}

/// Says in the audit log why a provider is not believed, and to the person that it is not.
fn not_believed(provider: &Provider, why: &str) -> Refusal {
    tracing::warn!(target: "audit", provider = provider.id, "the provider is not believed: {why}");
    Refusal::forbidden("provider-wrong", sentence!("provider-wrong"))
}
