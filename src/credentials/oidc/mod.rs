//! Signing in at a provider (OpenID Connect Core 1.0, authorization code with PKCE): what is asked of it, and whether its
//! answer is believed.
//!
//! Nothing here asks the network, the clock or for random numbers.

pub mod settings;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthenticationFlow, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod, CoreGenderClaim,
    CoreGrantType, CoreIdToken, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm,
    CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType, CoreTokenResponse,
};
use openidconnect::url::Url;
use openidconnect::{
    AccessTokenHash, AdditionalClaims, AdditionalProviderMetadata, AuthType, AuthenticationContextClass, ClientId, ClientSecret, CsrfToken,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier,
    ProviderMetadata, RedirectUrl, Scope, TokenResponse, UserInfoClaims,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::access::{Grant, Role};

/// A token that was issued so long ago is not an answer to what was just asked.
const OLDEST: SignedDuration = SignedDuration::from_mins(10);
/// How far a provider's clock may be ahead.
const AHEAD: SignedDuration = SignedDuration::from_mins(1);

/// Signatures that are believed: those that only the provider can make. `none` is no signature, and whoever knows the
/// program's own secret could make one with it (HS256).
const SIGNATURES: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Where a provider says what somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClaimsIn {
    /// In the ID token.
    #[default]
    IdToken,
    /// At its UserInfo address.
    Userinfo,
}

/// How the program proves to a provider who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretIn {
    /// In the header (`client_secret_basic`).
    #[default]
    Header,
    /// In the form (`client_secret_post`).
    Form,
}

/// A provider at which people of the office may sign in, as it is configured.
#[derive(Clone)]
pub struct Provider {
    /// Its name in addresses.
    pub id: String,
    /// Its name for people, in Vietnamese.
    pub name_vi: String,
    /// Its name for people, in English.
    pub name_en: String,
    /// Its issuer identifier; tokens name it letter for letter.
    pub issuer: IssuerUrl,
    /// Under which name it knows the program.
    pub client_id: ClientId,
    /// The secret between it and the program; none where PKCE alone must do.
    pub secret: Option<ClientSecret>,
    /// Where the secret stands.
    pub secret_in: SecretIn,
    /// What is asked for beside `openid`.
    pub scopes: Vec<String>,
    /// The claim that names the person for good.
    pub subject_claim: String,
    /// How strongly people must have been recognised: one of these values of `acr`; empty where the provider asks two factors of
    /// everybody.
    pub acr: Vec<String>,
    /// Where roles are read.
    pub claims_in: ClaimsIn,
    /// The claim with roles: its name, or a JSON pointer (RFC 6901) into nested ones.
    pub roles_claim: Option<String>,
    /// Which roles of the office each value of that claim leaves.
    pub roles: BTreeMap<String, BTreeSet<Role>>,
}

/// What a provider says of itself beyond the base of the standard.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Further {
    /// Where people sign out (OpenID Connect RP-Initiated Logout 1.0).
    #[serde(default)]
    pub end_session_endpoint: Option<Url>,
    /// True when it names itself in the address that leads back (RFC 9207).
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for Further {}

/// What a provider says of itself, with its keys.
pub type Metadata = ProviderMetadata<
    Further,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// The program as the provider's client.
pub type Client = CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// Claims beyond the standard's own.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OwnClaims {
    #[serde(flatten)]
    all: Map<String, Value>,
}

impl AdditionalClaims for OwnClaims {}

/// What a provider's UserInfo address answers.
pub type UserInfo = UserInfoClaims<OwnClaims, CoreGenderClaim>;

/// What is remembered of somebody who was led to a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The token must repeat it.
    pub nonce: String,
    /// The secret behind the PKCE challenge (RFC 7636), 43 to 128 letters.
    pub verifier: String,
    /// The page of the office to go on to.
    pub back: String,
    /// The language in which they read, by its code.
    pub lang: String,
}

/// What a provider vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouched {
    /// Who the person is there.
    pub subject: String,
    /// What it says of them in the token.
    pub claims: Map<String, Value>,
    /// The token.
    pub id_token: String,
}

/// How somebody signed in at a provider; kept with their session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Via {
    /// The provider.
    pub provider: String,
    /// The roles that it leaves them; none for all that they were granted.
    pub roles: Option<BTreeSet<Role>>,
    /// Its token; it asks for it when somebody signs out.
    pub id_token: String,
}

/// What somebody brings back from a provider, in the address that led back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Brought {
    /// What the program gave them to bring back.
    pub state: String,
    /// The code to be exchanged for a token.
    pub code: Option<String>,
    /// Who the provider says it is.
    pub iss: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
}

impl Provider {
    /// Its name in the reader's language.
    pub fn name(&self, lang: crate::words::text::Lang) -> &str {
        lang.pick(&self.name_vi, &self.name_en)
    }

    /// The address that it leads back to. Each provider has one of its own, so that what one sends is never taken for the
    /// answer of another (RFC 9700 §4.4).
    pub fn way_back(&self, public_url: &str) -> String {
        format!("{}/office/oidc/{}/back", public_url.trim_end_matches('/'), self.id)
    }

    /// The program as its client. Errors: the public address is none.
    pub fn client(&self, metadata: Metadata, public_url: &str) -> Result<Client, String> {
        let way_back = RedirectUrl::new(self.way_back(public_url)).map_err(|error| error.to_string())?;
        let client = CoreClient::from_provider_metadata(metadata, self.client_id.clone(), self.secret.clone());
        let client = client.set_auth_type(match self.secret_in {
            SecretIn::Header => AuthType::BasicAuth,
            SecretIn::Form => AuthType::RequestBody,
        });
        Ok(client.set_redirect_uri(way_back))
    }

    /// The address to which somebody is led to sign in.
    pub fn way_there(&self, client: &Client, state: &str, asked: &Asked) -> Url {
        let (state, nonce) = (CsrfToken::new(state.to_owned()), Nonce::new(asked.nonce.clone()));
        let verifier = PkceCodeVerifier::new(asked.verifier.clone());
        let mut request = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, move || state, move || nonce)
            .add_scopes(self.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .add_extra_param("ui_locales", asked.lang.clone());
        for acr in &self.acr {
            request = request.add_auth_context_value(AuthenticationContextClass::new(acr.clone()));
        }
        request.url().0
    }

    /// Refuses what another provider has sent (RFC 9207).
    pub fn check_sender(&self, metadata: &Metadata, brought: &Brought) -> Result<(), String> {
        match &brought.iss {
            Some(iss) if iss != self.issuer.as_str() => Err(format!("the answer is from “{iss}”")),
            None if metadata.additional_metadata().authorization_response_iss_parameter_supported => {
                Err(String::from("the answer does not say who sent it (iss)"))
            }
            _ => Ok(()),
        }
    }

    /// Checks the token that came for the code. Errors: it does not prove who was asked about; the text says why.
    pub fn check(&self, client: &Client, response: &CoreTokenResponse, asked: &Asked, now: Timestamp) -> Result<Vouched, String> {
        let token = response.id_token().ok_or("there is no ID token")?;
        let acr = self.acr.clone();
        let since_1970 = Duration::from_micros(now.as_microsecond().max(0).unsigned_abs());
        let verifier = client
            .id_token_verifier()
            .set_allowed_algs(SIGNATURES)
            .set_time_fn(move || (SystemTime::UNIX_EPOCH + since_1970).into())
            .set_issue_time_verifier_fn(move |issued| check_issued(issued.timestamp(), now))
            .set_auth_context_verifier_fn(move |given| check_acr(&acr, given.map(|given| given.as_str())));
        let claims = token.claims(&verifier, &Nonce::new(asked.nonce.clone())).map_err(|error| reasons(&error))?;
        if let Some(hash) = claims.access_token_hash() {
            let (algorithm, key) = (token.signing_alg(), token.signing_key(&verifier));
            let (algorithm, key) = (algorithm.map_err(|error| reasons(&error))?, key.map_err(|error| reasons(&error))?);
            let made = AccessTokenHash::from_token(response.access_token(), algorithm, key).map_err(|error| reasons(&error))?;
            if made != *hash {
                return Err(String::from("the token belongs to another access token (at_hash)"));
            }
        }
        let claims = payload(token)?;
        // The library leaves this open (OpenID Connect Core 1.0 §3.1.3.7, 5).
        if claims.get("azp").is_some_and(|party| party.as_str() != Some(&self.client_id)) {
            return Err(format!("it was made for {}", claims["azp"]));
        }
        let subject = text(claims.get(&self.subject_claim)).ok_or_else(|| format!("the token has no {}", self.subject_claim))?;
        Ok(Vouched { subject, claims, id_token: token.to_string() })
    }

    /// The address at which somebody signs out, and from which they come back `home`; none where there is none.
    pub fn way_out(&self, metadata: &Metadata, id_token: &str, home: &str) -> Option<Url> {
        let mut address = metadata.additional_metadata().end_session_endpoint.clone().filter(settings::is_secure)?;
        address
            .query_pairs_mut()
            .append_pair("id_token_hint", id_token)
            .append_pair("client_id", &self.client_id)
            .append_pair("post_logout_redirect_uri", home);
        Some(address)
    }

    /// The roles that a provider leaves to somebody; none for all that they were granted. Errors: it leaves none.
    pub fn left(&self, claims: &Map<String, Value>) -> Result<Option<BTreeSet<Role>>, String> {
        let Some(name) = &self.roles_claim else { return Ok(None) };
        let value = if name.starts_with('/') { pointer(claims, name) } else { claims.get(name) };
        let values: Vec<&str> = match value {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let roles: BTreeSet<Role> = values.iter().filter_map(|value| self.roles.get(*value)).flatten().copied().collect();
        if roles.is_empty() { Err(format!("“{name}” names no role of the table: {values:?}")) } else { Ok(Some(roles)) }
    }
}

/// What somebody may do in a session for which a provider leaves them these roles: never more than they were granted.
pub fn narrowed(grants: &[Grant], left: Option<&BTreeSet<Role>>) -> Vec<Grant> {
    grants.iter().filter(|grant| left.is_none_or(|roles| roles.contains(&grant.role))).cloned().collect()
}

/// Claims of a UserInfo answer; the library has compared its subject with the token's.
pub fn claims_of(info: UserInfo) -> Map<String, Value> {
    info.additional_claims().all.clone()
}

/// A text of a claim; numbers are taken as they are written.
fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn pointer<'a>(claims: &'a Map<String, Value>, pointer: &str) -> Option<&'a Value> {
    let mut names = pointer.split('/').skip(1).map(|name| name.replace("~1", "/").replace("~0", "~"));
    let first = claims.get(&names.next()?)?;
    names.try_fold(first, |value, name| value.get(name))
}

/// The claims of a token whose signature was checked, as they were written.
fn payload(token: &CoreIdToken) -> Result<Map<String, Value>, String> {
    let token = token.to_string();
    let middle = token.split('.').nth(1).unwrap_or_default();
    let bytes = URL_SAFE_NO_PAD.decode(middle).map_err(|error| error.to_string())?;
    serde_json::from_slice(&bytes).map_err(|error| error.to_string())
}

fn check_issued(issued: i64, now: Timestamp) -> Result<(), String> {
    let age = SignedDuration::from_secs(now.as_second().saturating_sub(issued));
    if age > OLDEST {
        return Err(format!("it was issued {} s ago", age.as_secs()));
    }
    if age < -AHEAD {
        return Err(format!("it was issued {} s ahead of the clock", -age.as_secs()));
    }
    Ok(())
}

fn check_acr(wanted: &[String], given: Option<&str>) -> Result<(), String> {
    if wanted.is_empty() || given.is_some_and(|given| wanted.iter().any(|wanted| wanted == given)) {
        return Ok(());
    }
    Err(format!("the person was recognised by {}", given.unwrap_or("nothing named")))
}

/// An error with what lies behind it.
pub fn reasons(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::access::Reach;

    fn provider(claim: Option<&str>) -> Provider {
        let text = format!(
            "[[provider]]\nid = \"tinh\"\nname_vi = \"Tỉnh\"\nname_en = \"Province\"\nissuer = \"https://id.example\"\nclient_id = \"bangtin\"\nacr = []\n{}",
            claim.map_or_else(String::new, |claim| format!(
                "roles_claim = \"{claim}\"\n[provider.roles]\nlap = [\"planner\"]\nduyet = [\"approver\", \"planner\"]\n"
            )),
        );
        settings::read("oidc.toml", &text, |_| Ok(String::new())).expect("settings").remove(0)
    }

    fn claims(text: &str) -> Map<String, Value> {
        serde_json::from_str(text).expect("claims")
    }

    #[test]
    fn claims_leave_the_roles_of_the_table_and_nothing_else() {
        let roles = |claim: &str, text: &str| provider(Some(claim)).left(&claims(text)).ok().flatten().map(Vec::from_iter);
        assert_eq!(roles("groups", r#"{"groups":["lap","other"]}"#), Some(vec![Role::Planner]));
        assert_eq!(roles("groups", r#"{"groups":"duyet"}"#), Some(vec![Role::Planner, Role::Approver]));
        assert_eq!(roles("/realm/roles", r#"{"realm":{"roles":["lap"]}}"#), Some(vec![Role::Planner]));
        assert_eq!(roles("/a~1b", r#"{"a/b":"lap"}"#), Some(vec![Role::Planner]));
        for none in ["{}", r#"{"groups":null}"#, r#"{"groups":["LAP"]}"#, r#"{"groups":"lap duyet"}"#, r#"{"groups":[["lap"]]}"#] {
            assert_eq!(roles("groups", none), None, "{none}");
        }
        assert_eq!(provider(None).left(&claims("{}")), Ok(None), "without a table nothing is narrowed");
    }

    #[test]
    fn a_provider_narrows_what_was_granted_and_never_adds_to_it() {
        let grants: Vec<Grant> = [Role::Planner, Role::Clerk].into_iter().map(|role| Grant { role, reach: Reach::City }).collect();
        let all = BTreeSet::from(Role::OF_PEOPLE);
        assert_eq!(narrowed(&grants, None), grants);
        assert_eq!(narrowed(&grants, Some(&all)), grants);
        let left = narrowed(&grants, Some(&BTreeSet::from([Role::Planner, Role::Administrator])));
        assert_eq!(left.iter().map(|grant| grant.role).collect::<Vec<_>>(), [Role::Planner]);
    }

    #[test]
    fn a_token_is_as_old_as_the_sign_in() {
        let now: Timestamp = "2026-11-29T10:00:00Z".parse().expect("a moment");
        let at = |ago: i64| check_issued(now.as_second() - ago, now).is_ok();
        assert_eq!([at(601), at(600), at(0), at(-60), at(-61)], [false, true, true, true, false]);
        assert!(check_issued(i64::MIN, now).is_err() && check_issued(i64::MAX, now).is_err());
    }

    #[test]
    fn how_strongly_somebody_was_recognised_is_asked_where_it_is_configured() {
        let wanted = vec![String::from("2fa")];
        assert!(check_acr(&[], None).is_ok() && check_acr(&wanted, Some("2fa")).is_ok());
        assert!(check_acr(&wanted, None).is_err() && check_acr(&wanted, Some("password")).is_err());
    }

    #[test]
    fn each_provider_has_a_way_back_of_its_own() {
        let back = provider(None).way_back("https://bangtin.example/");
        assert_eq!(back, "https://bangtin.example/office/oidc/tinh/back");
    }
}
