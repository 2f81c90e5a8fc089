//! What nodes share to get a certificate, encrypted with the vault's key: any node answers for the one that asked.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{App, ExecuteError};
use crate::domain::subject::SubjectId;
use crate::event_store::certificates as rows;

/// A certificate with its key, both as PEM. It has no `Debug`: a key belongs in no message.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issued {
    /// The names that it is for.
    pub domains: Vec<String>,
    /// Names that were wanted too, and do not lead here.
    #[serde(default)]
    pub left_out: Vec<String>,
    /// The certificate and those that lead to its authority.
    pub chain: String,
    /// Its key.
    pub key: String,
}

/// How an authority makes sure whose a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Challenge {
    /// It asks for a file over HTTP (RFC 8555 §8.3). Its key is the token.
    Http,
    /// It asks for a certificate over TLS (RFC 8737). Its key is the name.
    Tls,
}

impl Challenge {
    fn kind(self) -> &'static str {
        match self {
            Self::Http => "http-01/",
            Self::Tls => "tls-alpn-01/",
        }
    }
}

const CERTIFICATE: &str = "certificate";
const ACCOUNT: &str = "account/";
const LEASE: &str = "lease";
/// Answers to an authority are kept for so long.
const ANSWERS: Duration = Duration::from_hours(24);

impl App {
    async fn shared<T: DeserializeOwned>(&self, name: &str) -> Result<Option<(T, i64)>, ExecuteError> {
        let Some((sealed, at)) = rows::find(self.log().as_ref(), name).await? else { return Ok(None) };
        Ok(Some((self.unsealed(&SubjectId(format!("#{name}")), &sealed)?, at)))
    }

    async fn share<T: Serialize>(&self, name: &str, value: &T) -> Result<(), ExecuteError> {
        let sealed = self.sealed(&SubjectId(format!("#{name}")), value)?;
        Ok(rows::put(self.log().as_ref(), name, &sealed, self.now().as_microsecond()).await?)
    }

    /// The certificate that nodes show, and when it was put there, microseconds since 1970.
    pub async fn certificate(&self) -> Result<Option<(Issued, i64)>, ExecuteError> {
        self.shared(CERTIFICATE).await
    }

    /// Keeps the certificate that all nodes show from now on.
    pub async fn keep_certificate(&self, issued: &Issued) -> Result<(), ExecuteError> {
        self.share(CERTIFICATE, issued).await?;
        let before = self.now().as_microsecond() - ANSWERS.as_micros() as i64;
        for kind in [Challenge::Http, Challenge::Tls] {
            rows::sweep(self.log().as_ref(), kind.kind(), before).await?;
        }
        Ok(())
    }

    /// The account at an authority, as JSON; none before the first order.
    pub async fn authority_account(&self, directory: &str) -> Result<Option<String>, ExecuteError> {
        Ok(self.shared(&format!("{ACCOUNT}{directory}")).await?.map(|(account, _)| account))
    }

    /// Keeps the account at an authority.
    pub async fn keep_authority_account(&self, directory: &str, account: &str) -> Result<(), ExecuteError> {
        self.share(&format!("{ACCOUNT}{directory}"), &account).await
    }

    /// Forgets the account at an authority that does not know it any more. The next order makes another.
    pub async fn forget_authority_account(&self, directory: &str) -> Result<(), ExecuteError> {
        Ok(rows::forget(self.log().as_ref(), &format!("{ACCOUNT}{directory}")).await?)
    }

    /// What an authority is to be answered; none for what it was not asked.
    pub async fn challenge(&self, challenge: Challenge, key: &str) -> Result<Option<String>, ExecuteError> {
        Ok(self.shared(&format!("{}{key}", challenge.kind())).await?.map(|(answer, _)| answer))
    }

    /// Keeps what an authority is to be answered, by whichever node it asks.
    pub async fn keep_challenge(&self, challenge: Challenge, key: &str, answer: &str) -> Result<(), ExecuteError> {
        self.share(&format!("{}{key}", challenge.kind()), &answer).await
    }

    /// Takes the turn to ask an authority, for so long. False where it is another node's.
    pub async fn claim_turn(&self, node: &str, patience: Duration) -> Result<bool, ExecuteError> {
        let (now, patience) = (self.now().as_microsecond(), patience.as_micros() as i64);
        Ok(rows::claim(self.log().as_ref(), LEASE, node, now, now + patience, now + 2 * patience).await?)
    }

    /// Gives up the turn to ask an authority.
    pub async fn end_turn(&self, node: &str) -> Result<(), ExecuteError> {
        Ok(rows::release(self.log().as_ref(), LEASE, node).await?)
    }
}
