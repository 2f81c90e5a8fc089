//! Explains in both languages why there is no connection to PostgreSQL, and what to do about it.

use std::error::Error as _;
use std::io;

use rustls::{AlertDescription, CertificateError};
use tokio_postgres::Error;
use tokio_postgres::config::{Host, SslNegotiation, TargetSessionAttrs};
use tokio_postgres::error::{DbError, SqlState};

use super::{CONNECTIONS, Connector, Proof, explain};
use crate::event_store::StoreError;
use crate::words::sentence::Sentence;

/// The routine of PostgreSQL's source that refuses roles which are not there or may not log in.
const OF_ROLES: &str = "InitializeSessionUserId";
/// Those that refuse connections beyond the limit of a role or of a database.
const OF_LIMITS: [&str; 2] = [OF_ROLES, "CheckMyDatabase"];

impl Connector {
    /// Why there is no connection, and what to do about it. `offers_tls` is true for a server that would encrypt the line.
    pub(super) fn words(&self, error: &Error, offers_tls: bool) -> String {
        let Some(cause) = error.source() else {
            // A balancer or proxy takes a connection before it knows whether anything is behind it.
            let (place, words) = (self.place(), explain(error));
            return if error.is_closed() { both(sentence!("pg-closed-at-once", place)) } else { both(sentence!("pg-line", words)) };
        };
        if is_not_admitted(error) {
            return self.not_admitted(&explain(error), offers_tls);
        }
        let routine = error.as_db_error().and_then(DbError::routine).unwrap_or_default();
        if let Some(sentence) = error.code().and_then(|code| self.refused(code, &explain(error), routine)) {
            return sentence;
        }
        if explain(error).contains("password missing") {
            return both(sentence!("pg-password-missing"));
        }
        if explain(error).contains("channel binding") {
            return both(sentence!("pg-channel-binding"));
        }
        if explain(error).contains("host and hostaddr are missing") {
            return both(sentence!("pg-host-missing"));
        }
        if explain(error).contains("does not allow writes") {
            return both(sentence!("pg-read-only"));
        }
        let is_away = |kind| matches!(kind, io::ErrorKind::ConnectionRefused | io::ErrorKind::HostUnreachable | io::ErrorKind::TimedOut);
        if cause.downcast_ref::<io::Error>().is_some_and(|error| is_away(error.kind()) || error.raw_os_error() == Some(2)) {
            let place = self.place();
            // The driver tells of the last server alone; another of them may answer, and take no writes.
            let has_others = self.config.get_hosts().len() > 1 && self.config.get_target_session_attrs() == TargetSessionAttrs::ReadWrite;
            return if has_others { both(sentence!("pg-none-writes", place)) } else { both(sentence!("pg-away", place)) };
        }
        if explain(error).contains("failed to lookup address") {
            let place = self.place();
            return both(sentence!("pg-no-such-machine", place));
        }
        if explain(error).contains("bytes remaining on stream") || explain(error).contains("unexpected message from server") {
            let place = self.place();
            return both(sentence!("pg-not-postgresql", place));
        }
        if cause.to_string() == "server does not support TLS" {
            return both(sentence!("pg-no-tls"));
        }
        if self.config.get_ssl_negotiation() == SslNegotiation::Direct && self.proof != Proof::None && is_cut_off(cause) {
            return both(sentence!("pg-no-direct-tls"));
        }
        let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        match inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(rustls::Error::InvalidCertificate(error)) => self.distrust(error),
            Some(rustls::Error::AlertReceived(AlertDescription::ProtocolVersion | AlertDescription::HandshakeFailure)) => {
                both(sentence!("pg-old-tls"))
            }
            Some(_) => both(sentence!("pg-tls-broken")),
            // PostgreSQL says so too where it offers no TLS at all.
            None if self.proof == Proof::None && wants_tls(&explain(error)) && !offers_tls => {
                both(sentence!("pg-no-entry", words = explain(error)))
            }
            None if self.proof == Proof::None && wants_tls(&explain(error)) => both(sentence!("pg-tls-only", error = explain(error))),
            None if is_cut_off(cause) => {
                let place = self.place();
                both(sentence!("pg-closed-at-once", place))
            }
            None => both(sentence!("pg-line", words = explain(error))),
        }
    }

    /// What to do where no line of pg_hba.conf lets the account in from here, or one refuses it.
    fn not_admitted(&self, words: &str, offers_tls: bool) -> String {
        // In clear nobody can tell whether TLS would help: the line may reject what comes in clear alone.
        if self.proof == Proof::None && offers_tls {
            both(sentence!("pg-tls-only", error = words))
        } else if words.contains("rejects") {
            both(sentence!("pg-rejected", words))
        } else {
            both(sentence!("pg-no-entry", words))
        }
    }

    /// The place that the address names, without the password.
    pub(super) fn place(&self) -> String {
        let ports = self.config.get_ports();
        let hosts = self.config.get_hosts().iter().enumerate().map(|(at, host)| {
            let port = ports.get(at).or(ports.first()).copied().unwrap_or(5432);
            match host {
                // A password with an unencoded @ ends in the host's name.
                Host::Tcp(name) => format!("{}:{port}", name.rsplit('@').next().unwrap_or(name)),
                Host::Unix(folder) => folder.join(format!(".s.PGSQL.{port}")).display().to_string(),
            }
        });
        hosts.collect::<Vec<_>>().join(", ")
    }

    /// A sentence for a server that answers but refuses, by its error code. None for other codes, and where the server
    /// wants TLS and the connection has none.
    ///
    /// A server may speak another language. So the routine of the server's source that refuses tells, where it can.
    pub(super) fn refused(&self, code: &SqlState, words: &str, routine: &str) -> Option<String> {
        let user = self.config.get_user().unwrap_or_default();
        let base = self.config.get_dbname().unwrap_or(user);
        if self.proof == Proof::None && wants_tls(words) {
            return None;
        }
        // Poolers have one code for most refusals, so their words must tell.
        let says = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
        Some(if *code == SqlState::INVALID_PASSWORD || says(&["authentication failed", "no such user"]) {
            both(sentence!("pg-wrong-password", user))
        } else if says(&["subdirectory"]) {
            both(sentence!("pg-damaged", words))
        } else if says(&["no such database"]) || words.starts_with("database ") && says(&["does not exist"]) {
            both(sentence!("pg-no-database", base))
        } else if let Some(sentence) = by_a_pooler(words) {
            sentence
        } else if *code == SqlState::TOO_MANY_CONNECTIONS && OF_LIMITS.contains(&routine) {
            both(sentence!("pg-limit", words))
        } else if [
            SqlState::UNDEFINED_OBJECT,
            SqlState::INVALID_PARAMETER_VALUE,
            SqlState::CANT_CHANGE_RUNTIME_PARAM,
            SqlState::SYNTAX_ERROR,
        ]
        .contains(code)
        {
            both(sentence!("pg-option-refused", words))
        } else if *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION && routine == OF_ROLES {
            both(sentence!("pg-no-login", user, words))
        } else if says(&["valid client certificate"]) {
            both(sentence!("pg-client-certificate"))
        } else if says(&["unsupported startup parameter"]) {
            both(sentence!("pg-parameter-refused", words))
        } else if *code == SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE {
            both(sentence!("pg-database-closed", base))
        } else if *code == SqlState::CANNOT_CONNECT_NOW {
            both(sentence!("pg-starting", words))
        } else if *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION {
            both(sentence!("pg-user-refused", user, words))
        } else if *code == SqlState::INVALID_CATALOG_NAME {
            both(sentence!("pg-no-database", base))
        } else if *code == SqlState::TOO_MANY_CONNECTIONS {
            both(sentence!("pg-full"))
        } else {
            return not_allowed(code, words);
        })
    }

    /// Why a certificate is not accepted.
    pub(super) fn distrust(&self, error: &CertificateError) -> String {
        match error {
            // If a CA was made anew under its old name, only the signature shows it.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                let issuer = match &self.ca_file {
                    Some(file) => sentence!("pg-issuer-other", file),
                    None => sentence!("pg-issuer-unknown"),
                };
                both(sentence!("pg-certificate-issuer", issuer))
            }
            CertificateError::NotValidForNameContext { expected, presented } => {
                let host = expected.to_str();
                // Each name comes with its kind and in quotes: `DnsName("db.example")`.
                let plain = |name: &String| name.split('"').nth(1).unwrap_or(name).to_owned();
                let names = presented.iter().map(plain).collect::<Vec<_>>().join(", ");
                let names = if names.is_empty() { "–" } else { names.as_str() };
                both(sentence!("pg-certificate-host", host, names))
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => both(sentence!("pg-certificate-expired")),
            other if format!("{other:?}").contains("UnsupportedCertVersion") => both(sentence!("pg-certificate-old-form")),
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => both(sentence!("pg-certificate-not-yet")),
            other if format!("{other:?}").contains("CaUsedAsEndEntity") => both(sentence!("pg-certificate-of-ca")),
            _ => both(sentence!("pg-certificate-bad")),
        }
    }
}

/// Tables of this program. Another table that is missing is named in a trigger or a rule of somebody else's.
const OWN_TABLES: [&str; 6] = ["head", "events", "commands", "claims", "blobs", "vault"];

/// What PostgreSQL says where its own files are damaged, missing or cannot be read.
const DAMAGED: [SqlState; 5] =
    [SqlState::DATA_CORRUPTED, SqlState::INDEX_CORRUPTED, SqlState::UNDEFINED_FILE, SqlState::IO_ERROR, SqlState::DUPLICATE_FILE];

/// What to do where PostgreSQL does not let the account work in the database. None for other codes.
pub(in crate::event_store::postgres) fn not_allowed(code: &SqlState, words: &str) -> Option<String> {
    Some(if *code == SqlState::INSUFFICIENT_PRIVILEGE && words.contains("row-level security") {
        both(sentence!("pg-row-security", words))
    } else if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        both(sentence!("pg-no-rights", words))
    } else if [SqlState::INVALID_SQL_STATEMENT_NAME, SqlState::DUPLICATE_PSTATEMENT].contains(code) {
        both(sentence!("pg-pooler-transaction"))
    } else if *code == SqlState::UNTRANSLATABLE_CHARACTER {
        both(sentence!("pg-not-utf8"))
    } else if *code == SqlState::READ_ONLY_SQL_TRANSACTION {
        both(sentence!("pg-read-only"))
    } else if *code == SqlState::INVALID_SCHEMA_NAME {
        both(sentence!("pg-no-schema"))
    } else if *code == SqlState::UNDEFINED_TABLE && OWN_TABLES.iter().any(|table| words.contains(&format!("\"{table}\""))) {
        both(sentence!("pg-no-tables", words))
    } else if *code == SqlState::DIVISION_BY_ZERO || *code == SqlState::FEATURE_NOT_SUPPORTED && words.contains("RETURNING") {
        both(sentence!("pg-rows-swallowed"))
    } else if *code == SqlState::PROGRAM_LIMIT_EXCEEDED && words.contains("wraparound") {
        both(sentence!("pg-wraparound", words))
    } else if *code == SqlState::QUERY_CANCELED {
        both(sentence!("pg-statement-timeout"))
    } else if *code == SqlState::LOCK_NOT_AVAILABLE {
        both(sentence!("pg-lock-timeout"))
    } else if *code == SqlState::T_R_DEADLOCK_DETECTED {
        both(sentence!("pg-deadlock"))
    } else if DAMAGED.contains(code) {
        both(sentence!("pg-damaged", words))
    } else if *code == SqlState::WRONG_OBJECT_TYPE || code.code().starts_with("HV") {
        both(sentence!("pg-not-a-table", words))
    } else {
        return None;
    })
}

/// What to do where a pooler, and not PostgreSQL, refuses: it has one code for everything, so its words must tell.
pub(in crate::event_store::postgres) fn by_a_pooler(words: &str) -> Option<String> {
    let says = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
    if says(&[
        "query_wait_timeout",
        "server login has been failing",
        "server login failed",
        "cannot connect to the server",
        "server conn crashed",
    ]) {
        return Some(both(sentence!("pg-pooler-no-server", words)));
    }
    if words.contains("not allowed in statement pooling mode") {
        return Some(both(sentence!("pg-pooler-transaction")));
    }
    (words.contains("is disabled") || words.contains("is paused")).then(|| both(sentence!("pg-pooler-disabled", words)))
}

/// One sentence in both languages.
pub(super) fn both(said: Sentence) -> String {
    said.to_string()
}

pub(in crate::event_store::postgres) fn no_session() -> StoreError {
    StoreError::NotPossible(both(sentence!("pg-pooler-transaction")))
}

pub(super) fn no_room() -> StoreError {
    StoreError::NotPossible(both(sentence!("pg-pooler-full", value = CONNECTIONS)))
}

/// True when the server ended the line where it should have answered.
fn is_cut_off(cause: &(dyn std::error::Error + 'static)) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
    kind.is_some_and(|kind| matches!(kind, BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof))
}

/// Why an address cannot be read. For an option that only other programs know, says what to write instead.
pub(super) fn unread(error: &Error) -> String {
    let why = explain(error);
    let names = |option: &str| why.contains(&format!("`{option}`"));
    if names("ssl") || names("requiressl") {
        return both(sentence!("pg-option-ssl"));
    }
    if names("sslcert") || names("sslkey") {
        return both(sentence!("pg-option-sslcert"));
    }
    if why.contains("unknown option") || why.contains("unterminated") {
        // The unknown option may be part of the password, so the sentence does not repeat it.
        return both(sentence!("pg-option-unknown"));
    }
    if names("target_session_attrs") {
        return both(sentence!("pg-option-session"));
    }
    if let Some((_, option)) = why.split_once("invalid value for option `") {
        let option = option.trim_end_matches('`');
        return both(sentence!("pg-option-value", option));
    }
    if why.contains("invalid port") {
        return both(sentence!("pg-option-value", option = "port"));
    }
    both(sentence!("pg-address", why))
}

/// True when pg_hba.conf does not let a connection in. PostgreSQL has one code for this and for roles that may not log in.
pub(super) fn is_not_admitted(error: &Error) -> bool {
    let Some(error) = error.as_db_error() else { return false };
    *error.code() == SqlState::INVALID_AUTHORIZATION_SPECIFICATION
        && error.routine() == Some("ClientAuthentication")
        && !error.message().contains("valid client certificate")
}

/// True when a server or a pooler refuses connections in clear. Its words must tell: the error codes are the same as
/// for wrong passwords.
pub(super) fn wants_tls(words: &str) -> bool {
    ["no encryption", "SSL off", "SSL required", "SSL connection is required", "sslmode="].iter().any(|part| words.contains(part))
}
