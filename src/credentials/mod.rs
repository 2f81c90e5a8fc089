//! What a person of the office signs in with: a passphrase, a code of an authenticator app, recovery codes, passkeys.
//!
//! All of it is kept in the vault only. Nothing here makes random numbers or asks the clock.

pub mod oidc;
pub mod passkeys;

use std::sync::LazyLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use totp_rs::{Builder, Secret, Totp};
use unicode_normalization::UnicodeNormalization;

use self::passkeys::Passkey;
use crate::domain::{Digest, Refusal};

/// Fewest characters of a passphrase (NIST SP 800-63B §3.1.1.2 asks for 8 beside a second factor).
pub const SHORTEST: usize = 12;
/// Most characters of a passphrase. More would only cost time.
pub const LONGEST: usize = 200;
/// How many guesses a passphrase must be worth: zxcvbn's score of 3, 10⁸ guesses or more.
const WORTH: u8 = 3;
/// Number of recovery codes.
pub const RECOVERY_CODES: usize = 10;
/// Bytes of a recovery code: with 112 bits or more a plain hash of it is safe (ASVS 5.0 6.5.2).
pub const RECOVERY_BYTES: usize = 15;
/// Bytes of an authenticator app's secret (RFC 4226 §4 R6).
pub const TOTP_BYTES: usize = 20;
/// Seconds for which an app shows a code (RFC 6238 §5.2).
const STEP: u64 = 30;

/// Letters of a recovery code: no I, L, O or U, which people mistake (Crockford's base 32).
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// What a person signs in with.
#[derive(Clone, Serialize, Deserialize)]
pub struct Credentials {
    /// Argon2id hash of the passphrase, as PHC string.
    passphrase: String,
    /// Secret of the authenticator app, in base 32; none for who came with a passkey.
    totp: Option<String>,
    /// SHA-256 of the recovery codes that were not used yet.
    recovery: Vec<Digest>,
    /// Passkeys.
    #[serde(default)]
    passkeys: Vec<Passkey>,
}

/// Argon2id with 19 MiB and two passes (OWASP Password Storage Cheat Sheet).
fn hasher() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
}

/// A passphrase as it is hashed: keyboards write the same Vietnamese letter in several ways.
fn plain(passphrase: &str) -> String {
    passphrase.nfkc().collect()
}

/// Refuses a passphrase that is too short, too long, or easily guessed; `known` are words that a guesser would try
/// first, such as the person's name.
pub fn check_passphrase(passphrase: &str, known: &[&str]) -> Result<(), Refusal> {
    let passphrase = plain(passphrase);
    let length = passphrase.chars().count();
    if length < SHORTEST {
        return Err(Refusal::invalid("passphrase-short", sentence!("passphrase-short", least = SHORTEST, length)));
    }
    if length > LONGEST {
        return Err(Refusal::invalid("passphrase-long", sentence!("passphrase-long", most = LONGEST)));
    }
    let mut words = vec!["bangtin", "bảng tin", "bang tin", "yenbai", "yên bái", "yen bai", "ubnd"];
    let parts = known.iter().flat_map(|text| text.split([' ', '@', '.'])).filter(|part| part.chars().count() > 2);
    words.extend(parts);
    words.extend(known);
    if u8::from(zxcvbn::zxcvbn(&passphrase, &words).score()) < WORTH {
        return Err(Refusal::invalid("passphrase-common", sentence!("passphrase-common")));
    }
    Ok(())
}

fn hash(passphrase: &str, salt: [u8; 16]) -> String {
    let hashed: Result<PasswordHash, _> = hasher().hash_password_with_salt(plain(passphrase).as_bytes(), &salt);
    hashed.map_or_else(|_| unreachable!("Argon2's own parameters and a salt of 16 bytes"), |hash| hash.to_string())
}

fn fits(passphrase: &str, hashed: &str) -> bool {
    PasswordHash::new(hashed).is_ok_and(|hash| hasher().verify_password(plain(passphrase).as_bytes(), &hash).is_ok())
}

/// Takes as long as checking a passphrase. So an address that nobody has takes no less time than one that somebody has.
pub fn check_nothing(passphrase: &str) {
    static NOBODY: LazyLock<String> = LazyLock::new(|| hash("", [0; 16]));
    fits(passphrase, &NOBODY);
}

fn app(secret: Secret) -> Option<Totp> {
    Builder::new().with_secret(secret).build().ok()
}

/// Secret of an authenticator app, in base 32 as people type it.
pub fn totp_secret(bytes: [u8; TOTP_BYTES]) -> String {
    Secret::from(bytes).to_base32()
}

/// The address that an authenticator app reads from a QR code (Google Authenticator's “Key URI format”).
pub fn totp_address(secret: &str, issuer: &str, account: &str) -> String {
    let encoded = |text: &str| utf8_percent_encode(&text.replace(':', " "), NON_ALPHANUMERIC).to_string();
    format!("otpauth://totp/{issuer}:{}?secret={secret}&issuer={issuer}", encoded(account), issuer = encoded(issuer))
}

/// The step of a code that fits the secret at `now`, seconds since 1970; one step before and after are accepted too.
pub fn totp_step(secret: &str, code: &str, now: u64) -> Option<u64> {
    app(Secret::try_from_base32(secret).ok()?)?.check(code, now)
}

/// The code that an app shows at `now`, seconds since 1970.
pub fn totp_code(secret: &str, now: u64) -> Option<String> {
    Some(app(Secret::try_from_base32(secret).ok()?)?.generate(now).to_string())
}

/// Seconds after which a code of this step is refused for its age.
pub fn totp_ends(step: u64) -> u64 {
    (step + 2) * STEP
}

/// A recovery code as it is printed: six groups of four letters.
pub fn recovery_code(bytes: [u8; RECOVERY_BYTES]) -> String {
    let mut letters = String::new();
    let (mut held, mut bits) = (0_u32, 0);
    for byte in bytes {
        held = (held << 8) | u32::from(byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            if letters.len() % 5 == 4 {
                letters.push('-');
            }
            letters.push(char::from(LETTERS[(held >> bits) as usize & 31]));
        }
    }
    letters
}

/// The letters of a code as people type it.
pub fn letters_of(code: &str) -> String {
    let letters = code.chars().filter(char::is_ascii_alphanumeric).map(|c| match c.to_ascii_uppercase() {
        'I' | 'L' => '1',
        'O' => '0',
        c => c,
    });
    letters.collect()
}

fn recovery_digest(code: &str) -> Digest {
    Digest::of(letters_of(code).as_bytes())
}

/// What a person has beside the passphrase.
pub enum Second {
    /// An authenticator app, by its secret in base 32.
    Totp(String),
    /// A passkey.
    Passkey(Box<Passkey>),
}

/// A second factor that was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factor {
    /// A code of the app; its step must not be accepted again.
    Totp(u64),
    /// A recovery code; it must be struck out.
    Recovery(Digest),
}

impl Credentials {
    /// New credentials with a second factor: an app, or a passkey. The recovery codes are as printed.
    pub fn new(passphrase: &str, salt: [u8; 16], second: Second, recovery: &[String]) -> Self {
        let (totp, passkeys) = match second {
            Second::Totp(secret) => (Some(secret), Vec::new()),
            Second::Passkey(passkey) => (None, vec![*passkey]),
        };
        let recovery = recovery.iter().map(|code| recovery_digest(code)).collect();
        Self { passphrase: hash(passphrase, salt), totp, recovery, passkeys }
    }

    /// True when the passphrase is the person's. Takes a tenth of a second and 19 MiB.
    pub fn has_passphrase(&self, passphrase: &str) -> bool {
        fits(passphrase, &self.passphrase)
    }

    /// The factor that `code` is, at `now` in seconds since 1970.
    pub fn factor(&self, code: &str, now: u64) -> Option<Factor> {
        let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        if let Some(step) = self.totp.as_ref().and_then(|secret| totp_step(secret, &digits, now)) {
            return Some(Factor::Totp(step));
        }
        let digest = recovery_digest(code);
        self.recovery.contains(&digest).then_some(Factor::Recovery(digest))
    }

    /// The same without a recovery code.
    pub fn without(mut self, recovery: &Digest) -> Self {
        self.recovery.retain(|known| known != recovery);
        self
    }

    /// The person's passkeys.
    pub fn passkeys(&self) -> &[Passkey] {
        &self.passkeys
    }

    /// The same with another passkey.
    pub fn with_passkey(mut self, passkey: Passkey) -> Self {
        self.passkeys.push(passkey);
        self
    }

    /// The same without the passkey of that id. Errors: there is none, or nothing else is left beside the passphrase.
    pub fn without_passkey(mut self, id: &str) -> Result<Self, Refusal> {
        let before = self.passkeys.len();
        self.passkeys.retain(|passkey| passkey.id() != id);
        if self.passkeys.len() == before {
            return Err(Refusal::unknown("passkey-unknown", sentence!("passkey-unknown")));
        }
        if self.passkeys.is_empty() && self.totp.is_none() {
            return Err(Refusal::conflict("passkey-last", sentence!("passkey-last")));
        }
        Ok(self)
    }

    /// How many recovery codes are left.
    pub fn recovery_left(&self) -> usize {
        self.recovery.len()
    }

    /// The same with another passphrase.
    pub fn with_passphrase(self, passphrase: &str, salt: [u8; 16]) -> Self {
        Self { passphrase: hash(passphrase, salt), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238, appendix B.
    const RFC: [u8; TOTP_BYTES] = *b"12345678901234567890";

    #[test]
    fn codes_are_those_of_rfc_6238() {
        let secret = totp_secret(RFC);
        // Appendix B lists eight digits; six are its last six.
        for (now, code) in [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")] {
            assert_eq!(totp_code(&secret, now).as_deref(), Some(code));
            assert_eq!(totp_step(&secret, code, now), Some(now / 30));
        }
    }

    #[test]
    fn a_code_is_accepted_one_step_early_or_late_and_never_later() {
        let secret = totp_secret(RFC);
        let code = totp_code(&secret, 3_000).expect("a code");
        for (now, step) in [(2_969, None), (2_970, Some(100)), (3_029, Some(100)), (3_059, Some(100)), (3_060, None)] {
            assert_eq!(totp_step(&secret, &code, now), step, "{now}");
        }
        assert_eq!(totp_ends(100), 3_060);
    }

    #[test]
    fn a_passphrase_is_the_same_on_every_keyboard_and_no_other() {
        let credentials = Credentials::new("cà phê sữa đá buổi sáng", [1; 16], Second::Totp(totp_secret(RFC)), &[]);
        assert!(credentials.has_passphrase("ca\u{300} phe\u{302} su\u{31b}\u{303}a đa\u{301} buo\u{302}\u{309}i sa\u{301}ng"));
        assert!(!credentials.has_passphrase("ca phe sua da buoi sang"));
        assert!(!credentials.has_passphrase(""));
        assert!(credentials.passphrase.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", credentials.passphrase);
    }

    #[test]
    fn short_common_and_guessable_passphrases_are_refused() {
        let known = ["Nguyễn Thị Thử", "thu.nguyen@yenbai.gov.vn"];
        for (passphrase, reason) in [
            ("cà phê sữa", "passphrase-short"),
            ("passwordpassword", "passphrase-common"),
            ("123456789012", "passphrase-common"),
            ("qwertyuiopasdf", "passphrase-common"),
            ("thu.nguyen@yenbai.gov.vn", "passphrase-common"),
            ("Nguyễn Thị Thử", "passphrase-common"),
            ("aaaaaaaaaaaaaaaa", "passphrase-common"),
        ] {
            let refusal = check_passphrase(passphrase, &known).expect_err(passphrase);
            assert_eq!(refusal.reason, reason, "{passphrase}");
        }
        assert_eq!(check_passphrase(&"ư".repeat(201), &known).expect_err("long").reason, "passphrase-long");
        assert!(check_passphrase("con trâu gặm cỏ bên sông Hồng", &known).is_ok());
    }

    #[test]
    fn a_recovery_code_is_read_as_people_type_it_and_only_once() {
        let codes = [recovery_code([0xA5; RECOVERY_BYTES]), recovery_code([0; RECOVERY_BYTES])];
        assert_eq!(codes[1], "0000-0000-0000-0000-0000-0000");
        let credentials = Credentials::new("x", [1; 16], Second::Totp(totp_secret(RFC)), &codes);
        let typed = codes[1].replace('-', " ").replace('0', "o");
        let Some(Factor::Recovery(digest)) = credentials.factor(&typed, 0) else { panic!("{typed}") };
        let credentials = credentials.without(&digest);
        assert_eq!((credentials.factor(&typed, 0), credentials.recovery_left()), (None, 1));
        assert!(credentials.factor(&codes[0].to_lowercase(), 0).is_some());
    }

    #[test]
    fn an_app_reads_the_address_with_its_issuer_and_account() {
        let address = totp_address("ABC", "Bảng tin Yên Bái", "a:b@yenbai.gov.vn");
        assert_eq!(
            address,
            "otpauth://totp/B%E1%BA%A3ng%20tin%20Y%C3%AAn%20B%C3%A1i:a%20b%40yenbai%2Egov%2Evn?secret=ABC&issuer=B%E1%BA%A3ng%20tin%20Y%C3%AAn%20B%C3%A1i"
        );
    }
}
