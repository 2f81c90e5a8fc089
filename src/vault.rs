//! Personal data, encrypted: a key for each person, wrapped by a master key outside the database.
//!
//! Deleting a person's row deletes their key with it; what backups, logs and freed database pages still hold
//! is ciphertext that nobody can read.

use std::fs;
use std::io::Write;
use std::path::Path;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::domain::subject::SubjectId;
use crate::event_store::VaultRow;

/// Name of the row that tells whether the master key is the right one.
pub const CHECK_SUBJECT: &str = "#check";
const NONCE: usize = 24;
/// First bytes of a command digest; they identify the master key it was made with.
pub const FINGERPRINT: usize = 4;

/// What a resident wrote; kept in the vault only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportText {
    /// The words.
    pub text: String,
    /// How to reach who wrote it, if they want an answer.
    #[serde(default)]
    pub reply_to: String,
}

/// What a resident asked the desk, and the answer; kept in the vault only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuestionText {
    /// The words.
    pub text: String,
    /// How to reach who asked, if they want that.
    #[serde(default)]
    pub reply_to: String,
    /// What the desk answered.
    #[serde(default)]
    pub answer: Option<String>,
}

/// A photo that came with a report, as JPEG in Base64; kept in the vault only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Photo(pub String);

/// Why the vault cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The store holds encrypted rows, but the key is missing.
    #[error(
        "the vault's key {0} is missing, but the store was prepared with a key, which its contacts need: put that key back, or set BANGTIN_VAULT_KEY"
    )]
    KeyMissing(String),
    /// The key does not open the store's rows.
    #[error("the vault's key does not fit this store: use the key the store was made with")]
    WrongKey,
    /// The key is not 64 hex digits.
    #[error("the vault's key must have 64 hex digits")]
    KeyFormat,
    /// The key file cannot be read or written.
    #[error("the vault's key {0}: {1}")]
    File(String, std::io::Error),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(String),
}

/// The master key.
pub struct Vault {
    master: [u8; 32],
}

fn random<const N: usize>() -> Result<[u8; N], VaultError> {
    let mut bytes = [0; N];
    #[expect(clippy::disallowed_methods, reason = "keys are made here")]
    getrandom::fill(&mut bytes).map_err(|error| VaultError::Random(error.to_string()))?;
    Ok(bytes)
}

fn seal(key: &[u8; 32], text: &[u8], subject: &str) -> Result<Vec<u8>, VaultError> {
    let nonce: [u8; NONCE] = random()?;
    let cipher = XChaCha20Poly1305::new(key.into());
    let payload = Payload { msg: text, aad: subject.as_bytes() };
    let sealed = cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| VaultError::WrongKey)?;
    Ok([nonce.as_slice(), &sealed].concat())
}

fn unseal(key: &[u8; 32], sealed: &[u8], subject: &str) -> Result<Vec<u8>, VaultError> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or(VaultError::WrongKey)?;
    let payload = Payload { msg: sealed, aad: subject.as_bytes() };
    XChaCha20Poly1305::new(key.into()).decrypt(&XNonce::from(*nonce), payload).map_err(|_| VaultError::WrongKey)
}

impl Vault {
    /// A vault with the given master key.
    pub fn new(master: [u8; 32]) -> Self {
        Self { master }
    }

    /// The key from `given` (64 hex digits) or the file `vault.key` in `data`; the file is made, for
    /// its owner only, when `may_create` allows it.
    pub fn open(data: &Path, given: Option<&str>, may_create: bool) -> Result<Self, VaultError> {
        let path = data.join("vault.key");
        let name = path.display().to_string();
        let text = match given {
            Some(text) => text.to_owned(),
            None => match fs::read_to_string(&path) {
                Ok(text) => text,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound && may_create => {
                    let text = crate::domain::digest::hex(&random::<32>()?);
                    create_private(&path, &text).map_err(|error| VaultError::File(name, error))?;
                    // Two processes may start for the first time at once: one makes the file, and both use its content.
                    fs::read_to_string(&path).map_err(|error| VaultError::File(path.display().to_string(), error))?
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(VaultError::KeyMissing(name)),
                Err(error) => return Err(VaultError::File(name, error)),
            },
        };
        let digest: crate::domain::Digest = text.trim().parse().map_err(|_| VaultError::KeyFormat)?;
        Ok(Self::new(digest.0))
    }

    /// Encrypts what is personal (a contact, the words of a report) under a new key of its own.
    pub fn seal<T: Serialize>(&self, subject: &SubjectId, data: &T) -> Result<VaultRow, VaultError> {
        let key: [u8; 32] = random()?;
        let text = serde_json::to_vec(data).map_err(|_| VaultError::WrongKey)?;
        Ok(VaultRow {
            subject: subject.0.clone(),
            wrapped_key: seal(&self.master, &key, &subject.0)?,
            data: seal(&key, &text, &subject.0)?,
        })
    }

    /// Decrypts a row. Errors: the key is not the row's, or the data is not a `T`.
    pub fn unseal<T: DeserializeOwned>(&self, row: &VaultRow) -> Result<T, VaultError> {
        let key = unseal(&self.master, &row.wrapped_key, &row.subject)?;
        let key: [u8; 32] = key.try_into().map_err(|_| VaultError::WrongKey)?;
        let text = unseal(&key, &row.data, &row.subject)?;
        serde_json::from_slice(&text).map_err(|_| VaultError::WrongKey)
    }

    /// A digest of a command's body, keyed with the master key. The body may hold a phone number, and
    /// without a key anybody could try out all phone numbers.
    pub fn digest(&self, body: &[u8]) -> [u8; 32] {
        let mut mac =
            <Hmac<Sha256> as KeyInit>::new_from_slice(&self.master).unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
        mac.update(body);
        let mut digest: [u8; 32] = mac.finalize().into_bytes().into();
        // The first bytes identify the key, so that digests made under different keys are not compared.
        digest[..FINGERPRINT].copy_from_slice(&Sha256::digest([b"bangtin key ".as_slice(), &self.master].concat())[..FINGERPRINT]);
        digest
    }

    /// True when two digests were made under the same key.
    pub fn same_key(a: &[u8; 32], b: &[u8; 32]) -> bool {
        a[..FINGERPRINT] == b[..FINGERPRINT]
    }
}

/// Makes a file that only its owner can read, whole or not at all. A file that exists stays as it is.
fn create_private(path: &Path, text: &str) -> std::io::Result<()> {
    let temporary = path.with_extension(format!("key.{}", std::process::id()));
    let mut options = fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&temporary)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    let linked = fs::hard_link(&temporary, path);
    fs::remove_file(&temporary)?;
    match linked {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::subject::Contact;

    fn contact() -> Contact {
        Contact { name: "Người thử".into(), phone: "0900 000 000".into() }
    }

    #[test]
    fn a_contact_is_read_with_the_right_key_only_and_only_under_its_own_name() {
        let vault = Vault::new([7; 32]);
        let row = vault.seal(&SubjectId("s1".into()), &contact()).expect("sealed");
        assert_eq!(vault.unseal::<Contact>(&row).expect("unsealed"), contact());
        assert!(Vault::new([8; 32]).unseal::<Contact>(&row).is_err());
        assert!(vault.unseal::<Contact>(&VaultRow { subject: "s2".into(), ..row }).is_err());
    }

    #[test]
    fn the_key_file_is_made_once_and_for_its_owner_only() {
        let folder = tempfile::tempdir().expect("folder");
        assert!(matches!(Vault::open(folder.path(), None, false), Err(VaultError::KeyMissing(_))));
        let first = Vault::open(folder.path(), None, true).expect("made");
        let second = Vault::open(folder.path(), None, true).expect("read");
        assert_eq!(first.master, second.master);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(folder.path().join("vault.key")).expect("file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }
}
