//! Passkeys (WebAuthn Level 3): what is asked of a browser, and what it answers.
//!
//! A passkey is only accepted where its device has verified the person, by a finger, a face or a PIN. So it stands for two
//! factors, and nothing is typed.

use passkey_auth::{
    Attachment, AuthenticationResponse, AuthenticationState, PasskeyCredential, RegistrationResponse, RegistrationState, Webauthn,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::Refusal;
use crate::domain::access::AccountId;

/// Most passkeys of a person.
pub const MOST: usize = 10;
/// Longest name of a passkey, in characters.
const LONGEST_LABEL: usize = 60;

/// A passkey of a person.
#[derive(Clone, Serialize, Deserialize)]
pub struct Passkey {
    credential: PasskeyCredential,
    /// What the person calls it.
    pub label: String,
    /// When it was added, microseconds since 1970.
    pub added_at: i64,
}

impl Passkey {
    /// Its id, in base64url.
    pub fn id(&self) -> String {
        self.credential.id.to_b64url()
    }

    /// How often it had been used when it was added, as its device counts; 0 where the device does not count.
    pub fn counter(&self) -> u32 {
        self.credential.counter
    }
}

/// A question to a browser, and what must be remembered of it until it answers.
pub struct Ceremony {
    /// What the browser is asked, as `navigator.credentials` takes it, with bytes in base64url.
    pub options: Value,
    /// What is remembered, as text.
    pub state: String,
}

/// What a browser gives about a new passkey or an old one, before it is believed.
fn read<T: for<'a> Deserialize<'a>>(text: &str) -> Result<T, Refusal> {
    serde_json::from_str(text).map_err(|_| wrong())
}

fn wrong() -> Refusal {
    Refusal::forbidden("passkey-wrong", sentence!("passkey-wrong"))
}

/// The relying party (WebAuthn §4): the site for which passkeys are made. They work there and nowhere else.
pub struct RelyingParty(Webauthn);

impl RelyingParty {
    /// The site at a public address such as `https://bangtin.example`. None where its host is an IP address: passkeys need
    /// a name.
    pub fn new(public_url: &str, name: &str) -> Option<Self> {
        let host = host(public_url)?;
        let origin = public_url.trim_end_matches('/');
        let site = Webauthn::new(host, name, origin).require_user_verification(true).strict_base64(true);
        Some(Self(site.authenticator_attachment(Attachment::Any)))
    }

    /// The host for which passkeys are made.
    pub fn host(&self) -> &str {
        self.0.rp_id()
    }

    /// Asks for a new passkey.
    pub fn ask_for_new(&self, account: &AccountId, email: &str, name: &str, known: &[Passkey]) -> Result<Ceremony, Refusal> {
        if known.len() >= MOST {
            return Err(Refusal::conflict("passkeys-many", sentence!("passkeys-many", most = MOST)));
        }
        let ids: Vec<_> = known.iter().map(|passkey| passkey.credential.id.clone()).collect();
        let (mut options, state) = self.0.start_registration(account.0.as_bytes(), email, name, &ids);
        // It is found by the device itself: nobody types an address before it.
        options.authenticator_selection.resident_key = Some("required");
        Ok(Ceremony { options: json!(options), state: json!(state).to_string() })
    }

    /// Takes a new passkey, by what was remembered and what the browser gave.
    pub fn take_new(&self, state: &str, response: &str, label: &str, now: i64) -> Result<Passkey, Refusal> {
        let (state, response): (RegistrationState, RegistrationResponse) = (read(state)?, read(response)?);
        let credential = self.0.finish_registration(&state, &response).map_err(|error| {
            tracing::warn!(target: "audit", "a passkey was refused: {error}");
            wrong()
        })?;
        Ok(Passkey { credential, label: label.chars().take(LONGEST_LABEL).collect(), added_at: now })
    }

    /// Asks for a passkey of whoever wants to sign in.
    pub fn ask(&self) -> Ceremony {
        let (options, state) = self.0.start_authentication(&[]);
        Ceremony { options: json!(options), state: json!(state).to_string() }
    }

    /// Checks what the browser gave against the person's passkeys. Gives the passkey's id, and how often it was used as its
    /// device counts.
    pub fn check(&self, state: &str, response: &str, known: &[Passkey]) -> Result<(String, u32), Refusal> {
        let (state, response): (AuthenticationState, AuthenticationResponse) = (read(state)?, read(response)?);
        let passkey = known.iter().find(|passkey| passkey.id() == response.id).ok_or_else(wrong)?;
        let outcome = self.0.finish_authentication(&state, &response, &passkey.credential).map_err(|error| {
            tracing::warn!(target: "audit", "a passkey was refused: {error}");
            wrong()
        })?;
        Ok((passkey.id(), outcome.new_counter))
    }
}

/// Whose passkey a browser says it gives.
pub fn account(response: &str) -> Result<AccountId, Refusal> {
    use base64::Engine as _;
    let response: AuthenticationResponse = read(response)?;
    let handle = response.user_handle.ok_or_else(wrong)?;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(handle).map_err(|_| wrong())?;
    String::from_utf8(bytes).map(AccountId).map_err(|_| wrong())
}

/// The host of an address, without its port; none where it is no name.
pub fn host(public_url: &str) -> Option<&str> {
    let rest = public_url.split_once("://")?.1;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host =
        authority.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit())).map_or(authority, |(host, _)| host);
    let is_name = !host.is_empty() && !host.starts_with('[') && host.parse::<std::net::IpAddr>().is_err();
    is_name.then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_are_for_the_host_of_the_public_address_where_it_is_a_name() {
        for (address, expected) in [
            ("https://bangtin.example", Some("bangtin.example")),
            ("http://localhost:8080", Some("localhost")),
            ("https://bangtin.example:8443/", Some("bangtin.example")),
            ("http://127.0.0.1:8080", None),
            ("http://[::1]:8080", None),
            ("bangtin.example", None),
        ] {
            assert_eq!(host(address), expected, "{address}");
            assert_eq!(RelyingParty::new(address, "Bảng tin").is_some(), expected.is_some(), "{address}");
        }
    }

    #[test]
    fn what_a_browser_cannot_have_given_is_refused_and_does_not_panic() {
        let site = RelyingParty::new("https://bangtin.example", "Bảng tin").expect("a name");
        let asked = site.ask();
        for response in ["", "null", "{}", "[]", r#"{"id":"","authenticatorData":"","signature":"","clientDataJSON":""}"#] {
            assert!(site.check(&asked.state, response, &[]).is_err(), "{response}");
            assert!(account(response).is_err(), "{response}");
            assert!(site.take_new(&asked.state, response, "", 0).is_err(), "{response}");
        }
    }
}
