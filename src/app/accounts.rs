//! The office's accounts: invitations, rights, and what people sign in with.
//!
//! A person's name and address (`profile/…`), their credentials (`credentials/…`) and the way from an address to its
//! account (`login/…`) are rows of the vault. They change together with the events.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::passkeys::Given;
use super::records::append_failed;
use super::{App, ExecuteError, RETRIES, decode, new_event, random};
use crate::credentials::{self, Credentials, RECOVERY_CODES, Second, TOTP_BYTES};
use crate::domain::access::{AccountId, Actor, Grant};
use crate::domain::account::{
    Account, AccountCommand, Accounts, Credential, CredentialsChanged, Granted, INVITATION_HOURS, Invited, InvitedAgain, SecondPersonChosen,
};
use crate::domain::digest::hex;
use crate::domain::families::{self, LogEvent};
use crate::domain::publication::view::moment_of;
use crate::domain::subject::SubjectId;
use crate::domain::{Context, Digest, Refusal};
use crate::event_store::{Append, AppendError, VaultChange};
use crate::words::fold::{fold, typed};

/// The aggregate of all accounts.
const AGGREGATE: &str = "accounts";
/// Longest name or address, in characters.
const LONGEST: usize = 120;

/// Who a person of the office is; kept in the vault only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Name.
    pub name: String,
    /// E-mail address; the person signs in with it.
    pub email: String,
}

/// An invitation that can be accepted.
pub struct Invitation {
    /// The account.
    pub account: AccountId,
    /// What the person may do.
    pub grants: Vec<Grant>,
    /// What is known of the person.
    pub profile: Profile,
    /// The secret for their authenticator app, in base 32. It is made from the invitation, so it is the same each
    /// time the page is opened.
    pub totp: String,
}

/// What a person fills in to accept an invitation.
#[derive(Debug, Clone, Default)]
pub struct Acceptance {
    /// Name.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// Passphrase.
    pub passphrase: String,
    /// The code that their authenticator app shows.
    pub code: String,
    /// The passkey that their browser gave instead.
    pub passkey: Option<Given>,
}

/// A way to an account that no other account may have: an address, or an identity at a provider.
pub(super) struct Way<'a> {
    /// The vault's key of it.
    pub key: &'a SubjectId,
    /// The account that may have it already.
    pub of: Option<&'a AccountId>,
    /// What is said where it is taken.
    pub taken: Refusal,
}

fn profile_key(account: &AccountId) -> SubjectId {
    SubjectId(format!("profile/{account}"))
}

pub(super) fn credentials_key(account: &AccountId) -> SubjectId {
    SubjectId(format!("credentials/{account}"))
}

/// Families of items, and the kinds of those that have a collection for each.
fn kinds_of_items() -> Vec<String> {
    let mut kinds: Vec<String> =
        families::collections().into_iter().flat_map(|(_, family, kind)| [family, kind]).map(str::to_owned).collect();
    kinds.retain(|kind| !kind.is_empty());
    kinds.sort();
    kinds.dedup();
    kinds
}

impl App {
    /// All accounts, straight from the log.
    pub async fn accounts(&self) -> Result<Accounts, ExecuteError> {
        Ok(self.accounts_and_sequence().await?.0)
    }

    async fn accounts_and_sequence(&self) -> Result<(Accounts, i64), ExecuteError> {
        let mut known = self.accounts.lock().await;
        for stored in self.log.read_aggregate(AGGREGATE, known.1).await? {
            if let LogEvent::Account(event) = decode(&stored.event)? {
                known.0.apply_at(&event, stored.recorded_at);
            }
            known.1 = stored.event.sequence;
        }
        Ok(known.clone())
    }

    /// Decides a command and appends what comes of it, with changes of the vault.
    pub(super) async fn change_accounts(
        &self,
        actor: &Actor,
        command: AccountCommand,
        vault: Vec<VaultChange>,
    ) -> Result<(), ExecuteError> {
        self.change_accounts_unless_taken(actor, command, vault, None).await
    }

    /// As [`App::change_accounts`], unless the way to the account is taken. Whoever takes it at the same time changes the
    /// accounts, so this is asked again then.
    pub(super) async fn change_accounts_unless_taken(
        &self,
        actor: &Actor,
        command: AccountCommand,
        vault: Vec<VaultChange>,
        way: Option<Way<'_>>,
    ) -> Result<(), ExecuteError> {
        for _ in 0..RETRIES {
            let (accounts, sequence) = self.accounts_and_sequence().await?;
            let events = accounts.decide(command.clone(), actor, &self.context(BTreeSet::new()))?;
            if let Some(way) = &way
                && self.account_behind(way.key).await?.is_some_and(|other| way.of != Some(&other))
            {
                return Err(way.taken.clone().into());
            }
            let mut stored = Vec::with_capacity(events.len());
            for (event, sequence) in events.into_iter().zip(sequence + 1..) {
                stored.push(new_event(AGGREGATE, sequence, &LogEvent::Account(event))?);
            }
            if stored.is_empty() {
                return Ok(());
            }
            let append = Append { actor: actor.name().to_owned(), events: stored, vault: vault.clone(), ..Append::default() };
            match self.log.append(append).await {
                Ok(_) => return Ok(()),
                Err(AppendError::Conflict(_)) => {}
                Err(error) => return Err(append_failed(error)),
            }
        }
        Err(Refusal::busy(sentence!("busy-store")).into())
    }

    fn invitation_secret() -> Result<(String, Digest), ExecuteError> {
        let secret = hex(&random::<32>()?);
        let digest = Digest::of(secret.as_bytes());
        Ok((secret, digest))
    }

    fn invitation_ends(&self) -> jiff::Timestamp {
        self.now().saturating_add(SignedDuration::from_hours(INVITATION_HOURS)).unwrap_or(jiff::Timestamp::MAX)
    }

    /// Invites a person. Gives the account and the invitation's secret, which is handed out once.
    pub async fn invite(&self, actor: &Actor, profile: &Profile, grants: Vec<Grant>) -> Result<(AccountId, String), ExecuteError> {
        let profile = tidied(profile)?;
        let account = AccountId(format!("a-{}", hex(&random::<8>()?)));
        let (secret, invitation) = Self::invitation_secret()?;
        let invited = Invited { account: account.clone(), grants, invitation, until: self.invitation_ends() };
        let row = VaultChange::Put(self.vault.seal(&profile_key(&account), &profile)?);
        self.change_accounts(actor, AccountCommand::Invite(invited), vec![row]).await?;
        tracing::info!(target: "audit", actor = actor.name(), %account, "invited");
        Ok((account, secret))
    }

    /// Invites a person anew who lost what they sign in with; all their sessions end. Gives the invitation's secret.
    pub async fn invite_again(&self, actor: &Actor, account: AccountId) -> Result<String, ExecuteError> {
        let (secret, invitation) = Self::invitation_secret()?;
        let again = InvitedAgain { account: account.clone(), invitation, until: self.invitation_ends() };
        let erase = VaultChange::Erase(credentials_key(&account).0);
        self.change_accounts(actor, AccountCommand::InviteAgain(again), vec![erase]).await?;
        tracing::info!(target: "audit", actor = actor.name(), %account, "invited again");
        Ok(secret)
    }

    /// Changes what a person may do.
    pub async fn grant(&self, actor: &Actor, account: AccountId, grants: Vec<Grant>) -> Result<(), ExecuteError> {
        let command = AccountCommand::Grant(Granted { account: account.clone(), grants });
        self.change_accounts(actor, command, Vec::new()).await?;
        tracing::info!(target: "audit", actor = actor.name(), %account, "rights changed");
        Ok(())
    }

    /// Keeps a person out, or lets them in again.
    pub async fn suspend(&self, actor: &Actor, account: AccountId, suspended: bool) -> Result<(), ExecuteError> {
        let command = if suspended { AccountCommand::Suspend(account.clone()) } else { AccountCommand::Resume(account.clone()) };
        self.change_accounts(actor, command, Vec::new()).await?;
        tracing::info!(target: "audit", actor = actor.name(), %account, suspended, "account changed");
        Ok(())
    }

    /// Erases for good who a person of the office was: their name, their address and what they signed in with, in backups that
    /// are restored later too. What they did stays in the log under their opaque id.
    pub async fn erase_account(&self, account: AccountId) -> Result<(), ExecuteError> {
        let actor = Actor::local();
        self.accounts().await?.decide(AccountCommand::Erase(account.clone()), &actor, &self.context(BTreeSet::new()))?;
        let login = self.login_key(&self.profile(&account).await?.email);
        // The register comes first: a backup restored after a crash must still forget this person.
        self.register(&profile_key(&account))?;
        let mut rows = vec![VaultChange::Erase(profile_key(&account).0), VaultChange::Erase(credentials_key(&account).0)];
        rows.extend(self.without_identities(&account).await?);
        if self.account_behind(&login).await?.as_ref() == Some(&account) {
            rows.push(VaultChange::Erase(login.0));
        }
        self.change_accounts(&actor, AccountCommand::Erase(account.clone()), rows).await?;
        self.log.scrub().await?;
        tracing::info!(target: "audit", %account, "erased");
        Ok(())
    }

    /// The account whose profile a key of the vault, or of the register of erasures, names; if it is in the log and not
    /// erased there.
    pub(super) async fn unerased(&self, key: &SubjectId) -> Result<Option<AccountId>, ExecuteError> {
        let Some(id) = key.0.strip_prefix("profile/") else { return Ok(None) };
        let account = AccountId(id.to_owned());
        let is_known = self.accounts().await?.all.get(&account).is_some_and(|known| !known.erased);
        Ok(is_known.then_some(account))
    }

    /// Chooses for what two persons are needed: families and kinds of items. Errors: there is no such kind.
    pub async fn choose_second_person(&self, actor: &Actor, kinds: Vec<String>) -> Result<(), ExecuteError> {
        let known = kinds_of_items();
        if let Some(kind) = kinds.iter().find(|kind| !known.contains(kind)) {
            let kinds = known.join(", ");
            return Err(Refusal::invalid("unknown-kind-of-item", sentence!("unknown-kind-of-item", kind, kinds)).into());
        }
        let chosen = SecondPersonChosen { kinds };
        self.change_accounts(actor, AccountCommand::ChooseSecondPerson(chosen), Vec::new()).await
    }

    /// A person's name and address.
    pub async fn profile(&self, account: &AccountId) -> Result<Profile, ExecuteError> {
        let row = self.log.vault_row(&profile_key(account).0).await?;
        Ok(row.map(|row| self.vault.unseal(&row)).transpose()?.unwrap_or_default())
    }

    /// The invitation with that secret. Errors: it was used or replaced, is over, or the account is suspended.
    pub async fn invitation(&self, secret: &str) -> Result<Invitation, ExecuteError> {
        let digest = Digest::of(secret.as_bytes());
        let accounts = self.accounts().await?;
        // A clock that was moved back does not revive what was over.
        let recorded = moment_of(self.log.head().await?.recorded_at);
        let context = self.context(BTreeSet::new());
        let context = Context { now: context.now.max(recorded), ..context };
        accounts.decide(AccountCommand::Activate(digest), &Actor::local(), &context)?;
        let found = accounts.invited(&digest).map(|(id, account): (_, &Account)| (id.clone(), account.grants.clone()));
        let (account, grants) = found.ok_or_else(|| Refusal::unknown("invitation-unknown", sentence!("invitation-unknown")))?;
        let profile = self.profile(&account).await?;
        Ok(Invitation { account, grants, profile, totp: self.totp_of(&digest) })
    }

    /// The secret of the authenticator app that belongs to an invitation.
    fn totp_of(&self, invitation: &Digest) -> String {
        let keyed = self.vault.digest(&[b"authenticator ".as_slice(), &invitation.0].concat());
        let mut bytes = [0; TOTP_BYTES];
        // The digest begins with the mark of its key.
        bytes.copy_from_slice(&keyed[keyed.len() - TOTP_BYTES..]);
        credentials::totp_secret(bytes)
    }

    /// Accepts an invitation. Gives the account and its recovery codes, which are shown once.
    pub async fn accept(&self, secret: &str, acceptance: &Acceptance) -> Result<(AccountId, Vec<String>), ExecuteError> {
        let Invitation { account, profile: before, totp, .. } = self.invitation(secret).await?;
        let profile = tidied(&Profile { name: acceptance.name.clone(), email: acceptance.email.clone() })?;
        if profile.name.is_empty() || !profile.email.contains('@') {
            return Err(Refusal::invalid("profile-incomplete", sentence!("profile-incomplete")).into());
        }
        credentials::check_passphrase(&acceptance.passphrase, &[&profile.name, &profile.email])?;
        let second = if let Some(given) = &acceptance.passkey {
            Second::Passkey(Box::new(self.new_passkey(&account, given).await?))
        } else {
            let code: String = acceptance.code.split_whitespace().collect();
            let step = credentials::totp_step(&totp, &code, self.now().as_second().max(0) as u64)
                .ok_or_else(|| Refusal::invalid("totp-wrong", sentence!("totp-wrong")))?;
            self.use_step(&account, step).await?;
            Second::Totp(totp)
        };
        let recovery = (0..RECOVERY_CODES).map(|_| Ok(credentials::recovery_code(random()?))).collect::<Result<Vec<_>, ExecuteError>>()?;
        let salt = random()?;
        let passphrase = acceptance.passphrase.clone();
        let made = self.hashing(|| Credentials::new(&passphrase, salt, second, &recovery)).await?;
        let (login, old_login) = (self.login_key(&profile.email), self.login_key(&before.email));
        let mut changes = vec![
            VaultChange::Put(self.vault.seal(&profile_key(&account), &profile)?),
            VaultChange::Put(self.vault.seal(&credentials_key(&account), &made)?),
            VaultChange::Put(self.vault.seal(&login, &account)?),
        ];
        if old_login != login && self.account_behind(&old_login).await?.as_ref() == Some(&account) {
            changes.push(VaultChange::Erase(old_login.0));
        }
        let actor = Actor::of(account.clone(), Vec::new());
        let command = AccountCommand::Activate(Digest::of(secret.as_bytes()));
        let taken = Refusal::conflict("email-taken", sentence!("email-taken"));
        let way = Way { key: &login, of: Some(&account), taken };
        self.change_accounts_unless_taken(&actor, command, changes, Some(way)).await?;
        tracing::info!(target: "audit", %account, "activated");
        Ok((account, recovery))
    }

    /// Under which key the vault keeps the account of an address. It says nothing about the address.
    fn login_key(&self, email: &str) -> SubjectId {
        SubjectId(format!("login/{}", hex(&self.vault.digest(format!("login {}", fold(email.trim())).as_bytes()))))
    }

    /// The account that signs in with an address.
    pub(super) async fn account_of(&self, email: &str) -> Result<Option<AccountId>, ExecuteError> {
        self.account_behind(&self.login_key(email)).await
    }

    pub(super) async fn account_behind(&self, login: &SubjectId) -> Result<Option<AccountId>, ExecuteError> {
        let row = self.log.vault_row(&login.0).await?;
        Ok(row.map(|row| self.vault.unseal(&row)).transpose()?)
    }

    /// What a person signs in with; none before they have accepted their invitation.
    pub(super) async fn credentials(&self, account: &AccountId) -> Result<Option<Credentials>, ExecuteError> {
        let row = self.log.vault_row(&credentials_key(account).0).await?;
        Ok(row.map(|row| self.vault.unseal(&row)).transpose()?)
    }

    /// Puts a person's credentials in place of what they were, with the event that says so.
    pub(super) async fn put_credentials(&self, account: &AccountId, credential: Credential, new: &Credentials) -> Result<(), ExecuteError> {
        let row = self.vault.seal(&credentials_key(account), new)?;
        let command = AccountCommand::ChangeCredential(CredentialsChanged { account: account.clone(), credential });
        let actor = Actor::of(account.clone(), Vec::new());
        self.change_accounts(&actor, command, vec![VaultChange::Put(row)]).await?;
        tracing::info!(target: "audit", %account, ?credential, "credentials changed");
        Ok(())
    }
}

/// A profile without invisible letters. Errors: a text is too long.
fn tidied(profile: &Profile) -> Result<Profile, Refusal> {
    let profile = Profile { name: typed(&profile.name), email: typed(&profile.email) };
    if [&profile.name, &profile.email].iter().any(|text| text.chars().count() > LONGEST) {
        return Err(Refusal::invalid("profile-long", sentence!("profile-long", most = LONGEST)));
    }
    Ok(profile)
}
