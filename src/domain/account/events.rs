//! What can happen to the accounts, as it is stored.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::Digest;
use crate::domain::access::{AccountId, Grant};
use crate::words::civil::moment_schema;

/// `account.invited`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Invited {
    /// The account.
    pub account: AccountId,
    /// What the person may do.
    pub grants: Vec<Grant>,
    /// SHA-256 of the invitation's secret.
    pub invitation: Digest,
    /// The invitation is valid until then.
    #[schemars(schema_with = "moment_schema")]
    pub until: Timestamp,
}

/// `account.invited_again`: what the person signed in with is no longer valid, and all their sessions end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InvitedAgain {
    /// The account.
    pub account: AccountId,
    /// SHA-256 of the invitation's secret.
    pub invitation: Digest,
    /// The invitation is valid until then.
    #[schemars(schema_with = "moment_schema")]
    pub until: Timestamp,
}

/// `account.granted`: what the person may do from now on, all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Granted {
    /// The account.
    pub account: AccountId,
    /// What the person may do.
    pub grants: Vec<Grant>,
}

/// `account.activated`, `account.suspended`, `account.resumed`, `account.erased`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccountNamed {
    /// The account.
    pub account: AccountId,
}

/// What of a person's credentials changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Credential {
    /// The passphrase.
    Passphrase,
    /// The secret of the app that shows codes.
    Totp,
    /// A recovery code was used up.
    RecoveryCode,
    /// A passkey was added.
    PasskeyAdded,
    /// A passkey was removed.
    PasskeyRemoved,
}

/// `account.credentials_changed`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CredentialsChanged {
    /// The account.
    pub account: AccountId,
    /// What changed.
    pub credential: Credential,
}

/// `account.identity_tied`: who the person is at a provider. Who that is there, the vault knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IdentityTied {
    /// The account.
    pub account: AccountId,
    /// The identity's opaque id.
    pub identity: String,
    /// The provider's issuer identifier (OpenID Connect Core 1.0 §2).
    pub issuer: String,
}

/// `account.identity_untied`: all the person's sessions end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IdentityUntied {
    /// The account.
    pub account: AccountId,
    /// The identity's opaque id.
    pub identity: String,
}

/// `account.second_person_began`: from now on the city's rule of two persons holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SecondPersonBegan {}

/// `account.second_person_chosen`: for what two persons are needed, once the rule holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SecondPersonChosen {
    /// Families and kinds, such as `plan` or `works`.
    pub kinds: Vec<String>,
}

/// Events of the accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccountEvent {
    /// Somebody was invited.
    Invited(Invited),
    /// Somebody was invited anew.
    InvitedAgain(InvitedAgain),
    /// The person has accepted the invitation.
    Activated(AccountNamed),
    /// What they may do has changed.
    Granted(Granted),
    /// They may not sign in for the time being.
    Suspended(AccountNamed),
    /// They may sign in again.
    Resumed(AccountNamed),
    /// Who they were is erased for good.
    Erased(AccountNamed),
    /// They sign in with something else.
    CredentialsChanged(CredentialsChanged),
    /// They may sign in at a provider.
    IdentityTied(IdentityTied),
    /// They may no longer sign in there.
    IdentityUntied(IdentityUntied),
    /// Two persons are needed from now on.
    SecondPersonBegan(SecondPersonBegan),
    /// The city has chosen for what.
    SecondPersonChosen(SecondPersonChosen),
}
