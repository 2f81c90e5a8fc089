//! Signing in and out, and who is signed in.

use std::time::Duration;

use super::{App, ExecuteError, random};
use crate::credentials::oidc::Via;
use crate::credentials::{self, Credentials, Factor};
use crate::domain::access::AccountId;
use crate::domain::account::{Account, Credential};
use crate::domain::digest::hex;
use crate::domain::{Digest, Refusal};
use crate::event_store::sessions::{self, SessionRow};

/// A session ends when it was not used for so long.
pub const IDLE: Duration = Duration::from_mins(30);
/// A session ends so long after signing in, however much it is used.
pub const LONGEST: Duration = Duration::from_hours(12);
/// The last use is written at most this often.
const TOUCH: Duration = Duration::from_mins(1);
/// How long a code that was used is remembered.
const REMEMBERED: Duration = Duration::from_hours(90 * 24);
/// How far the clocks of nodes may be apart.
const AHEAD: Duration = Duration::from_mins(5);
/// How long a request waits until others' passphrases are checked.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn microseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

pub(super) fn wrong() -> ExecuteError {
    Refusal::forbidden("sign-in-wrong", sentence!("sign-in-wrong")).into()
}

impl App {
    /// Runs work that takes a core and 19 MiB for a tenth of a second, two at a time. Errors: too many wait.
    pub(super) async fn hashing<T>(&self, work: impl FnOnce() -> T) -> Result<T, ExecuteError> {
        let place = tokio::time::timeout(PATIENCE, self.hashing_places.acquire()).await;
        let _place = place.ok().and_then(Result::ok).ok_or_else(|| Refusal::busy(sentence!("sign-in-busy")))?;
        Ok(tokio::task::block_in_place(work))
    }

    /// Notes that a code of an authenticator app was used. Errors: it was used before.
    pub(super) async fn use_step(&self, account: &AccountId, step: u64) -> Result<(), ExecuteError> {
        let ends = i64::try_from(credentials::totp_ends(step)).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        // It is remembered beyond its end: the clock may be moved back.
        let until = ends.saturating_add(microseconds(REMEMBERED));
        if sessions::keep_once(self.log.as_ref(), &format!("totp/{account}/{step}"), "", until).await? {
            return Ok(());
        }
        Err(Refusal::forbidden("totp-used", sentence!("totp-used")).into())
    }

    /// Signs a person in by address, passphrase and the code of an app or of recovery. Gives the account. Errors: one
    /// of them is wrong, and nobody is told which.
    pub async fn sign_in(&self, email: &str, passphrase: &str, code: &str) -> Result<AccountId, ExecuteError> {
        let account = self.account_of(email).await?;
        let known = match &account {
            Some(account) => self.credentials(account).await?,
            None => None,
        };
        let (Some(account), Some(known)) = (account, known) else {
            self.hashing(|| credentials::check_nothing(passphrase)).await?;
            return Err(wrong());
        };
        let is_right = passphrase.chars().count() <= credentials::LONGEST && self.hashing(|| known.has_passphrase(passphrase)).await?;
        let factor = known.factor(code, self.now().as_second().max(0) as u64);
        let Some(factor) = factor.filter(|_| is_right) else { return Err(wrong()) };
        // Whoever knows all of it is told that the account is suspended.
        self.check_active(&account).await?;
        match factor {
            Factor::Totp(step) => self.use_step(&account, step).await?,
            Factor::Recovery(digest) => {
                let key = format!("recovery/{account}/{digest}");
                if !sessions::keep_once(self.log.as_ref(), &key, "", i64::MAX).await? {
                    return Err(wrong());
                }
                self.put_credentials(&account, Credential::RecoveryCode, &known.without(&digest)).await?;
            }
        }
        tracing::info!(target: "audit", %account, "signed in");
        Ok(account)
    }

    /// Refuses an account that is suspended.
    pub(super) async fn check_active(&self, account: &AccountId) -> Result<(), ExecuteError> {
        if self.accounts().await?.all.get(account).is_some_and(Account::is_active) {
            return Ok(());
        }
        Err(Refusal::forbidden("account-suspended", sentence!("account-suspended")).into())
    }

    /// What a person who has signed in signs in with. Errors: the passphrase is wrong.
    pub(super) async fn checked(&self, account: &AccountId, passphrase: &str) -> Result<Credentials, ExecuteError> {
        let known = self.credentials(account).await?.ok_or_else(wrong)?;
        let is_right = passphrase.chars().count() <= credentials::LONGEST && self.hashing(|| known.has_passphrase(passphrase)).await?;
        if is_right { Ok(known) } else { Err(Refusal::forbidden("passphrase-wrong", sentence!("passphrase-wrong")).into()) }
    }

    /// Begins a session of somebody who has signed in here, or at a provider. Gives its secret, which is handed out once.
    pub async fn begin_session(&self, account: &AccountId, via: Option<&Via>) -> Result<String, ExecuteError> {
        let accounts = self.accounts().await?;
        let known = accounts.all.get(account).filter(|account| account.is_active()).ok_or_else(wrong)?;
        // The log may be ahead of the clock by a moment.
        let now = self.now().as_microsecond().max(known.sessions_from);
        let secret = hex(&random::<32>()?);
        let row = SessionRow {
            sha256: Digest::of(secret.as_bytes()).0,
            account: account.to_string(),
            begun_at: now,
            used_at: now,
            rights_at: known.rights_at,
            via: via.map(|via| self.kept_via(account, via)).transpose()?.unwrap_or_default(),
        };
        let (begun, used) = (now - microseconds(LONGEST), now - microseconds(IDLE));
        sessions::sweep(self.log.as_ref(), now, begun, used).await?;
        sessions::begin(self.log.as_ref(), row).await?;
        Ok(secret)
    }

    /// The session with that secret, if it has not ended by its age. Notes its use, at most once a minute.
    pub async fn session(&self, secret: &str) -> Result<Option<SessionRow>, ExecuteError> {
        let Some(row) = sessions::find(self.log.as_ref(), Digest::of(secret.as_bytes()).0).await? else { return Ok(None) };
        let now = self.now().as_microsecond();
        // After the clock was moved back nobody knows how old a session is.
        let is_ahead = row.begun_at.max(row.used_at) - now > microseconds(AHEAD);
        if is_ahead || now - row.begun_at > microseconds(LONGEST) || now - row.used_at > microseconds(IDLE) {
            sessions::end(self.log.as_ref(), row.sha256).await?;
            return Ok(None);
        }
        if now - row.used_at > microseconds(TOUCH) {
            // A store that takes no writes for the moment signs nobody out.
            let _ = sessions::touch(self.log.as_ref(), row.sha256, now).await;
        }
        Ok(Some(row))
    }

    /// Gives a session another secret, after the person's rights have changed. None where it has ended meanwhile, or
    /// another request has renewed it.
    pub async fn renew_session(&self, row: SessionRow, rights_at: i64) -> Result<Option<String>, ExecuteError> {
        if !sessions::end(self.log.as_ref(), row.sha256).await? {
            return Ok(None);
        }
        let secret = hex(&random::<32>()?);
        sessions::begin(self.log.as_ref(), SessionRow { sha256: Digest::of(secret.as_bytes()).0, rights_at, ..row }).await?;
        Ok(Some(secret))
    }

    /// Ends a session.
    pub async fn end_session(&self, sha256: [u8; 32]) -> Result<(), ExecuteError> {
        sessions::end(self.log.as_ref(), sha256).await?;
        Ok(())
    }

    /// Ends one of a person's sessions, by the SHA-256 of its secret. Errors: the passphrase is wrong, or there is no such
    /// session of theirs.
    pub async fn end_one_session(&self, account: &AccountId, passphrase: &str, sha256: [u8; 32]) -> Result<(), ExecuteError> {
        self.checked(account, passphrase).await?;
        let own = sessions::of_account(self.log.as_ref(), &account.0).await?;
        if own.iter().all(|row| row.sha256 != sha256) {
            return Err(Refusal::unknown("session-unknown", sentence!("session-unknown")).into());
        }
        self.end_session(sha256).await?;
        tracing::info!(target: "audit", %account, "ended one of their sessions");
        Ok(())
    }

    /// Ends all sessions of a person.
    pub async fn end_sessions(&self, account: &AccountId) -> Result<(), ExecuteError> {
        sessions::end_all(self.log.as_ref(), &account.0).await?;
        tracing::info!(target: "audit", %account, "signed out everywhere");
        Ok(())
    }

    /// The sessions of a person, the last used first.
    pub async fn sessions(&self, account: &AccountId) -> Result<Vec<SessionRow>, ExecuteError> {
        Ok(sessions::of_account(self.log.as_ref(), &account.0).await?)
    }

    /// Sets another passphrase of a person who has signed in, and ends all their other sessions. Errors: the present
    /// passphrase is wrong, or the new one is not good enough.
    pub async fn change_passphrase(&self, account: &AccountId, present: &str, new: &str, session: &SessionRow) -> Result<(), ExecuteError> {
        let known = self.checked(account, present).await?;
        let profile = self.profile(account).await?;
        credentials::check_passphrase(new, &[&profile.name, &profile.email])?;
        let salt = random()?;
        let changed = self.hashing(|| known.with_passphrase(new, salt)).await?;
        self.put_credentials(account, Credential::Passphrase, &changed).await?;
        self.end_other_sessions(account, session).await
    }

    /// Ends all sessions of a person but one.
    pub(super) async fn end_other_sessions(&self, account: &AccountId, session: &SessionRow) -> Result<(), ExecuteError> {
        for other in self.sessions(account).await?.into_iter().filter(|other| other.sha256 != session.sha256) {
            sessions::end(self.log.as_ref(), other.sha256).await?;
        }
        Ok(())
    }

    /// How many recovery codes a person has left.
    pub async fn recovery_left(&self, account: &AccountId) -> Result<usize, ExecuteError> {
        Ok(self.credentials(account).await?.map_or(0, |known| known.recovery_left()))
    }

    /// A random text that nobody can guess.
    pub fn random_text(&self) -> Result<String, ExecuteError> {
        Ok(hex(&random::<16>()?))
    }
}
