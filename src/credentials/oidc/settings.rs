//! The file that names the providers at which people of the office may sign in.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use openidconnect::{ClientId, ClientSecret, IssuerUrl};
use serde::Deserialize;

use super::{ClaimsIn, Provider, SecretIn};
use crate::domain::access::Role;

/// Claims that change hands: whoever has the address today had another person's yesterday.
const CHANGING: [&str; 5] = ["email", "preferred_username", "name", "nickname", "phone_number"];

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// It is not as expected.
    #[error("{0}: {1}")]
    Toml(String, toml::de::Error),
    /// A provider in it is not; the file, the provider and the reason.
    #[error("{0}, provider “{1}”: {2}")]
    Provider(String, String, String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingsFile {
    #[serde(default)]
    provider: Vec<ProviderTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProviderTable {
    id: String,
    name_vi: String,
    name_en: String,
    issuer: String,
    client_id: String,
    /// Name of a file beside this one that holds the secret and nothing else.
    #[serde(default)]
    secret_file: Option<String>,
    #[serde(default)]
    secret_in: SecretIn,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default = "sub")]
    subject_claim: String,
    acr: Option<Vec<String>>,
    #[serde(default)]
    claims_in: ClaimsIn,
    #[serde(default)]
    roles_claim: Option<String>,
    #[serde(default)]
    roles: BTreeMap<String, BTreeSet<Role>>,
}

fn sub() -> String {
    String::from("sub")
}

/// Reads the settings from their TOML text; `file` reads a file that stands beside them.
pub fn read(name: &str, text: &str, file: impl Fn(&str) -> std::io::Result<String>) -> Result<Vec<Provider>, SettingsError> {
    let read: SettingsFile = toml::from_str(text).map_err(|error| SettingsError::Toml(name.to_owned(), error))?;
    let mut providers: Vec<Provider> = Vec::with_capacity(read.provider.len());
    for table in read.provider {
        let id = table.id.clone();
        let wrong = |why: String| SettingsError::Provider(name.to_owned(), id.clone(), why);
        let provider = provider(table, &file).map_err(wrong)?;
        if providers.iter().any(|other| other.id == provider.id) {
            return Err(wrong(String::from("there are two of this id")));
        }
        // One issuer under two names would be two identities of one person.
        if let Some(other) = providers.iter().find(|other| other.issuer == provider.issuer) {
            return Err(wrong(format!("its issuer is also that of “{}”", other.id)));
        }
        providers.push(provider);
    }
    Ok(providers)
}

fn provider(table: ProviderTable, file: &impl Fn(&str) -> std::io::Result<String>) -> Result<Provider, String> {
    let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if table.id.is_empty() || table.id.len() > 40 || !table.id.chars().all(is_letter) {
        return Err(String::from("an id has 1 to 40 letters from a to z, digits and hyphens, since it stands in addresses"));
    }
    let issuer = IssuerUrl::new(table.issuer.clone()).map_err(|error| format!("the issuer “{}” is no address: {error}", table.issuer))?;
    if !is_secure(issuer.url()) {
        return Err(format!("the issuer “{}” must begin with https:// (http:// only on this machine)", table.issuer));
    }
    if CHANGING.contains(&table.subject_claim.as_str()) {
        return Err(format!("“{}” may pass to another person, so it cannot say who somebody is: use “sub”", table.subject_claim));
    }
    match (&table.roles_claim, table.roles.is_empty()) {
        (Some(claim), true) => return Err(format!("“{claim}” is read, but the table [provider.roles] says nothing about its values")),
        (None, false) => return Err(String::from("there is a table of roles, but roles_claim does not say which claim it is about")),
        _ => {}
    }
    if let Some(role) = table.roles.values().flatten().find(|role| !Role::OF_PEOPLE.contains(role)) {
        return Err(format!("“{}” is a role of tokens, not of people", role.as_str()));
    }
    let Some(acr) = table.acr else {
        return Err(String::from(
            "say by which values of acr it tells that somebody was recognised by two factors, such as acr = [\"…\"]; or acr = [] \
             where it asks two of everybody",
        ));
    };
    let secret = table.secret_file.map(|name| {
        let text = file(&name).map_err(|error| format!("the secret's file “{name}” cannot be read: {error}"))?;
        let secret = text.trim();
        if secret.is_empty() { Err(format!("the secret's file “{name}” is empty")) } else { Ok(ClientSecret::new(secret.to_owned())) }
    });
    Ok(Provider {
        id: table.id,
        name_vi: table.name_vi,
        name_en: table.name_en,
        issuer,
        client_id: ClientId::new(table.client_id),
        secret: secret.transpose()?,
        secret_in: table.secret_in,
        scopes: table.scopes.into_iter().filter(|scope| scope != "openid").collect(),
        subject_claim: table.subject_claim,
        acr,
        claims_in: table.claims_in,
        roles_claim: table.roles_claim,
        roles: table.roles,
    })
}

/// True for an address that nobody on the way can read or change: over HTTPS, or on this machine.
pub fn is_secure(url: &openidconnect::url::Url) -> bool {
    match (url.scheme(), url.host_str()) {
        ("https", Some(_)) => true,
        ("http", Some(host)) => {
            host == "localhost" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[[provider]]\nid = \"tinh\"\nname_vi = \"Tỉnh\"\nname_en = \"Province\"\nissuer = \"https://id.example\"\nclient_id = \"bangtin\"\nacr = []\n";

    fn refused(text: &str) -> String {
        let file = |name: &str| if name == "empty" { Ok(String::from(" \n")) } else { Err(std::io::ErrorKind::NotFound.into()) };
        read("oidc.toml", text, file).err().unwrap_or_else(|| panic!("accepted: {text}")).to_string()
    }

    #[test]
    fn the_secret_comes_from_its_file_without_the_line_end() {
        let text = format!("{GOOD}secret_file = \"s\"\nscopes = [\"openid\", \"profile\"]\n");
        let read = read("oidc.toml", &text, |_| Ok(String::from("very secret\n"))).expect("settings");
        assert_eq!(read[0].secret.as_ref().map(|secret| secret.secret().as_str()), Some("very secret"));
        assert_eq!((read[0].subject_claim.as_str(), read[0].scopes.clone()), ("sub", vec![String::from("profile")]));
    }

    #[test]
    fn settings_that_would_let_the_wrong_person_in_are_refused_with_the_reason() {
        for (text, why) in [
            (GOOD.replace("https://id.example", "http://id.example"), "must begin with https://"),
            (GOOD.replace("https://id.example", "id.example"), "is no address"),
            (GOOD.replace("tinh", "Tỉnh!"), "stands in addresses"),
            (GOOD.replace("acr = []", ""), "by two factors"),
            (format!("{GOOD}subject_claim = \"email\"\n"), "may pass to another person"),
            (format!("{GOOD}secret_file = \"missing\"\n"), "cannot be read"),
            (format!("{GOOD}secret_file = \"empty\"\n"), "is empty"),
            (format!("{GOOD}roles_claim = \"groups\"\n"), "says nothing about its values"),
            (format!("{GOOD}[provider.roles]\nlap = [\"planner\"]\n"), "which claim it is about"),
            (format!("{GOOD}roles_claim = \"groups\"\n[provider.roles]\nlap = [\"editor\"]\n"), "a role of tokens"),
            (format!("{GOOD}roles_claim = \"groups\"\n[provider.roles]\nlap = [\"king\"]\n"), "unknown variant"),
            (format!("{GOOD}{GOOD}"), "two of this id"),
            (format!("{GOOD}{}", GOOD.replace("tinh", "xa")), "is also that of"),
            (format!("{GOOD}secret = \"in the settings\"\n"), "unknown field"),
        ] {
            assert!(refused(&text).contains(why), "{}", refused(&text));
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for (address, secure) in [
            ("https://id.example", true),
            ("http://localhost:3999", true),
            ("http://127.0.0.1:1", true),
            ("http://[::1]:1", true),
            ("http://id.example", false),
            ("http://127.0.0.1.example", false),
            ("file:///etc/passwd", false),
        ] {
            assert_eq!(is_secure(&address.parse().expect("an address")), secure, "{address}");
        }
    }
}
