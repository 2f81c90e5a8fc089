//! Explains in both languages why there is no connection to PostgreSQL, and what to do about it.

use std::error::Error as _;
use std::io;

use rustls::{AlertDescription, CertificateError};
use tokio_postgres::Error;
use tokio_postgres::config::Host;
use tokio_postgres::error::SqlState;

use super::{CONNECTIONS, Connector, Proof, explain};
use crate::event_store::StoreError;

impl Connector {
    /// Why there is no connection, and what to do about it.
    pub(super) fn words(&self, error: &Error) -> String {
        let Some(cause) = error.source() else { return format!("PostgreSQL: {}", explain(error)) };
        if let Some(sentence) = error.code().and_then(|code| self.refused(code, &explain(error))) {
            return sentence;
        }
        if explain(error).contains("password missing") {
            return both(
                "Máy chủ PostgreSQL đòi mật khẩu mà địa chỉ cơ sở dữ liệu không có: hãy ghi postgres://TÊN:MẬT_KHẨU@MÁY/CƠ_SỞ_DỮ_LIỆU",
                "The PostgreSQL server asks for a password, and the database address has none: write postgres://NAME:PASSWORD@HOST/DATABASE",
            );
        }
        if explain(error).contains("host and hostaddr are missing") {
            return both(
                "Địa chỉ cơ sở dữ liệu không ghi tên máy: hãy ghi postgres://TÊN:MẬT_KHẨU@MÁY/CƠ_SỞ_DỮ_LIỆU",
                "The database address names no host: write postgres://NAME:PASSWORD@HOST/DATABASE",
            );
        }
        let is_away = |kind| matches!(kind, io::ErrorKind::ConnectionRefused | io::ErrorKind::HostUnreachable | io::ErrorKind::TimedOut);
        if cause.downcast_ref::<io::Error>().is_some_and(|error| is_away(error.kind()) || error.raw_os_error() == Some(2)) {
            let place = self.place();
            return both(
                &format!(
                    "Không có máy chủ PostgreSQL trả lời ở {place}: hãy xem máy chủ đã chạy chưa, và tên máy, cổng trong địa chỉ \
                     cơ sở dữ liệu có đúng không"
                ),
                &format!("No PostgreSQL server answers at {place}: see that it runs, and that the address names the right host and port"),
            );
        }
        if explain(error).contains("failed to lookup address") {
            let place = self.place();
            return both(
                &format!(
                    "Không tìm thấy máy nào có tên trong địa chỉ cơ sở dữ liệu ({place}): hãy xem lại tên máy; dấu @ trong mật khẩu phải viết %40"
                ),
                &format!(
                    "No machine has the name that the database address gives ({place}): look at the host's name again; an @ in the \
                     password is written %40"
                ),
            );
        }
        if explain(error).contains("bytes remaining on stream") || explain(error).contains("unexpected message from server") {
            let place = self.place();
            return both(
                &format!("Chương trình trả lời ở {place} không phải PostgreSQL: hãy xem lại tên máy và cổng trong địa chỉ cơ sở dữ liệu"),
                &format!("What answers at {place} is not PostgreSQL: look at host and port in the database address again"),
            );
        }
        if cause.to_string() == "server does not support TLS" {
            return both(
                "Máy chủ PostgreSQL không bật TLS mà địa chỉ cơ sở dữ liệu đòi TLS: hãy bật ssl = on ở máy chủ, hoặc ghi \
                 sslmode=disable nếu đường truyền đã được bảo vệ",
                "The PostgreSQL server offers no TLS, and the database address asks for it: set ssl = on at the server, or write \
                 sslmode=disable where the line is safe already",
            );
        }
        let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        match inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(rustls::Error::InvalidCertificate(error)) => self.distrust(error),
            Some(rustls::Error::AlertReceived(AlertDescription::ProtocolVersion | AlertDescription::HandshakeFailure)) => both(
                "Máy chủ PostgreSQL chỉ dùng TLS cũ (trước 1.2) hoặc bộ mã cũ: hãy nâng cấp máy chủ, hoặc đặt ssl_min_protocol_version và \
                 ssl_ciphers cho TLS 1.2 trở lên",
                "The PostgreSQL server speaks old TLS (before 1.2) or old ciphers only: update it, or set ssl_min_protocol_version and \
                 ssl_ciphers for TLS 1.2 and later",
            ),
            Some(_) => both(
                "Không thiết lập được TLS: máy trả lời ở địa chỉ cơ sở dữ liệu không nói TLS của PostgreSQL; hãy xem lại tên máy và cổng",
                "TLS cannot be set up: what answers at the database address does not speak PostgreSQL's TLS; look at host and port again",
            ),
            None if self.proof == Proof::None && wants_tls(&explain(error)) => both(
                &format!(
                    "Máy chủ PostgreSQL chỉ nhận kết nối TLS: hãy thêm sslmode=verify-full vào địa chỉ cơ sở dữ liệu, và \
                     sslrootcert=/ĐƯỜNG/DẪN/ca.pem nếu chứng thư do một CA riêng cấp; máy chủ trả lời: {}",
                    explain(error)
                ),
                "The PostgreSQL server takes connections over TLS only: add sslmode=verify-full to the database address, and \
                 sslrootcert=/PATH/ca.pem where its certificate comes from a CA of its own",
            ),
            None => format!("PostgreSQL: {}", explain(error)),
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
    pub(super) fn refused(&self, code: &SqlState, words: &str) -> Option<String> {
        let user = self.config.get_user().unwrap_or_default();
        let base = self.config.get_dbname().unwrap_or(user);
        if self.proof == Proof::None && wants_tls(words) {
            return None;
        }
        Some(if *code == SqlState::INVALID_PASSWORD {
            both(
                &format!("Máy chủ PostgreSQL không nhận mật khẩu của “{user}”: hãy xem lại tên và mật khẩu trong địa chỉ cơ sở dữ liệu"),
                &format!("The PostgreSQL server does not accept the password of “{user}”: look at name and password in the address again"),
            )
        } else if *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION {
            both(
                &format!(
                    "Máy chủ PostgreSQL không cho “{user}” vào: hãy xem lại tên trong địa chỉ cơ sở dữ liệu và pg_hba.conf ở máy chủ; máy \
                     chủ trả lời: {words}"
                ),
                &format!(
                    "The PostgreSQL server does not let “{user}” in: look at the name in the address, and at the server's pg_hba.conf"
                ),
            )
        } else if *code == SqlState::INVALID_CATALOG_NAME {
            both(
                &format!("Máy chủ PostgreSQL không có cơ sở dữ liệu “{base}”: hãy tạo bằng CREATE DATABASE, hoặc sửa tên trong địa chỉ"),
                &format!(
                    "The PostgreSQL server has no database “{base}”: make it with CREATE DATABASE, or correct the name in the address"
                ),
            )
        } else if *code == SqlState::TOO_MANY_CONNECTIONS {
            both(
                "Máy chủ PostgreSQL không còn chỗ cho kết nối mới: hãy tăng max_connections, hoặc đóng bớt kết nối khác",
                "The PostgreSQL server has no room for another connection: raise max_connections, or close others",
            )
        } else {
            return not_allowed(code);
        })
    }

    /// Why a certificate is not accepted.
    pub(super) fn distrust(&self, error: &CertificateError) -> String {
        match error {
            // If a CA was made anew under its old name, only the signature shows it.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                let (vi, en) = match &self.ca_file {
                    Some(file) => (format!("không do CA nào trong {file} cấp"), format!("was issued by no CA in {file}")),
                    None => ("do một CA mà máy này không biết cấp".into(), "was issued by a CA that this machine does not know".into()),
                };
                both(
                    &format!(
                        "Chứng thư của máy chủ PostgreSQL {vi}: hãy lấy tệp CA của đơn vị hoặc nhà cung cấp và ghi \
                         sslrootcert=/ĐƯỜNG/DẪN/ca.pem vào địa chỉ cơ sở dữ liệu; khác với psql, sslmode=require ở đây cũng kiểm \
                         tra chứng thư"
                    ),
                    &format!(
                        "The PostgreSQL server's certificate {en}: get the CA file of your office or provider and write \
                         sslrootcert=/PATH/ca.pem into the database address; unlike psql's, sslmode=require checks the certificate too"
                    ),
                )
            }
            CertificateError::NotValidForNameContext { expected, presented } => {
                let host = expected.to_str();
                // Each name comes with its kind and in quotes: `DnsName("db.example")`.
                let plain = |name: &String| name.split('"').nth(1).unwrap_or(name).to_owned();
                let names = presented.iter().map(plain).collect::<Vec<_>>().join(", ");
                let names = if names.is_empty() { "–" } else { names.as_str() };
                both(
                    &format!(
                        "Chứng thư của máy chủ PostgreSQL không ghi tên “{host}” mà ghi {names}: hãy dùng tên máy có trong chứng thư, hoặc \
                         sslmode=verify-ca nếu nhà cung cấp không ghi tên máy vào chứng thư"
                    ),
                    &format!(
                        "The PostgreSQL server's certificate does not name “{host}”, but {names}: use a host name that it has, or \
                         sslmode=verify-ca where the provider names no hosts in certificates"
                    ),
                )
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => both(
                "Chứng thư của máy chủ PostgreSQL đã hết hạn: hãy thay chứng thư ở máy chủ (và xem lại đồng hồ của máy này)",
                "The PostgreSQL server's certificate has expired: renew it at the server, and look at this machine's clock",
            ),
            other if format!("{other:?}").contains("UnsupportedCertVersion") => both(
                "Chứng thư của máy chủ PostgreSQL theo dạng cũ, không ghi tên máy chủ: hãy tạo lại chứng thư có subjectAltName",
                "The PostgreSQL server's certificate is of an old form without the host's name: have it made anew with a subjectAltName",
            ),
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => both(
                "Chứng thư của máy chủ PostgreSQL chưa đến ngày có hiệu lực: hãy xem lại đồng hồ của máy này và ngày trong chứng thư",
                "The PostgreSQL server's certificate is not valid yet: look at this machine's clock, and at the certificate's dates",
            ),
            other if format!("{other:?}").contains("CaUsedAsEndEntity") => both(
                "Chứng thư của máy chủ PostgreSQL là chứng thư của một CA chứ không phải của máy chủ: hãy để CA ấy cấp một chứng thư cho \
                 máy chủ, hoặc chép chứng thư ấy về và ghi sslrootcert=/ĐƯỜNG/DẪN/server.crt",
                "The PostgreSQL server shows a CA's certificate, not one of its own: have that CA issue one to the server, or copy this \
                 one and write sslrootcert=/PATH/server.crt",
            ),
            _ => both(
                "Không chấp nhận được chứng thư của máy chủ PostgreSQL; nếu máy chủ tự ký chứng thư, hãy chép chứng thư ấy về và ghi \
                 sslrootcert=/ĐƯỜNG/DẪN/server.crt",
                "The PostgreSQL server's certificate cannot be accepted; where the server has signed it itself, copy that certificate and \
                 write sslrootcert=/PATH/server.crt",
            ),
        }
    }
}

/// What to do where PostgreSQL does not let the account work in the database. None for other codes.
pub(in crate::event_store::postgres) fn not_allowed(code: &SqlState) -> Option<String> {
    Some(if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        both(
            "PostgreSQL không cho tài khoản này làm việc trong cơ sở dữ liệu: hãy để tài khoản làm chủ cơ sở dữ liệu (ALTER DATABASE … OWNER \
             TO …), hoặc cấp GRANT CONNECT ON DATABASE và GRANT USAGE, CREATE ON SCHEMA public",
            "PostgreSQL does not let this account work in the database: make the account its owner (ALTER DATABASE … OWNER TO …), or give it \
             GRANT CONNECT ON DATABASE and GRANT USAGE, CREATE ON SCHEMA public",
        )
    } else if *code == SqlState::UNTRANSLATABLE_CHARACTER {
        both(
            "Cơ sở dữ liệu PostgreSQL này không lưu được chữ Việt: hãy tạo cơ sở dữ liệu mới bằng CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0",
            "This PostgreSQL database cannot hold Vietnamese letters: make another with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0",
        )
    } else if *code == SqlState::READ_ONLY_SQL_TRANSACTION {
        both(
            "PostgreSQL ở địa chỉ này chỉ cho đọc: hãy ghi địa chỉ của máy chính (primary), hoặc tắt default_transaction_read_only",
            "PostgreSQL at this address is for reading only: name the address of the primary, or turn default_transaction_read_only off",
        )
    } else if *code == SqlState::INVALID_SCHEMA_NAME {
        both(
            "PostgreSQL không có schema nào để ghi: hãy sửa search_path trong địa chỉ cơ sở dữ liệu, hoặc tạo schema bằng CREATE SCHEMA",
            "PostgreSQL has no schema to write to: correct search_path in the database address, or make the schema with CREATE SCHEMA",
        )
    } else {
        return None;
    })
}

/// One sentence in both languages.
pub(super) fn both(vi: &str, en: &str) -> String {
    format!("{vi} ({en})")
}

pub(super) fn no_session() -> StoreError {
    StoreError::NotPossible(both(
        "Địa chỉ cơ sở dữ liệu dẫn tới một bộ gom kết nối (như PgBouncer) ở chế độ transaction hoặc statement, mà bảng tin cần phiên riêng: hãy đặt \
         pool_mode = session, hoặc ghi địa chỉ và cổng của chính PostgreSQL",
        "The database address leads to a connection pooler (such as PgBouncer) in transaction or statement mode, and bangtin needs sessions of its own: \
         set pool_mode = session, or name the address and port of PostgreSQL itself",
    ))
}

pub(super) fn no_room() -> StoreError {
    StoreError::NotPossible(both(
        &format!(
            "Máy chủ PostgreSQL, hoặc bộ gom kết nối trước nó, không có chỗ cho {CONNECTIONS} kết nối cùng lúc mà mỗi nút cần: hãy tăng \
             default_pool_size hay max_connections, hoặc giới hạn của tài khoản"
        ),
        &format!(
            "PostgreSQL, or the connection pooler before it, has no room for the {CONNECTIONS} connections that a node needs at once: \
             raise default_pool_size, max_connections or the role's limit"
        ),
    ))
}

/// Why an address cannot be read. For an option that only other programs know, says what to write instead.
pub(super) fn unread(error: &Error) -> String {
    let why = explain(error);
    let names = |option: &str| why.contains(&format!("`{option}`"));
    if names("ssl") || names("requiressl") {
        return both(
            "Không đọc được địa chỉ cơ sở dữ liệu: thay cho ssl=true hãy ghi sslmode=verify-full",
            "The database address cannot be read: instead of ssl=true write sslmode=verify-full",
        );
    }
    if names("sslcert") || names("sslkey") {
        return both(
            "Không đọc được địa chỉ cơ sở dữ liệu: bảng tin không trình chứng thư của mình (sslcert, sslkey); hãy dùng mật khẩu",
            "The database address cannot be read: bangtin shows no certificate of its own (sslcert, sslkey); use a password",
        );
    }
    if why.contains("unknown option") || why.contains("unterminated") {
        // The unknown option may be part of the password, so the sentence does not repeat it.
        return both(
            "Không đọc được địa chỉ cơ sở dữ liệu: có tùy chọn không biết sau dấu ?; nếu mật khẩu có @ : / ? # % thì phải viết theo mã \
             phần trăm (@ là %40, ? là %3F, # là %23, / là %2F)",
            "The database address cannot be read: it has an option behind the ? that is not known; @ : / ? # % in a password must be \
             percent-encoded (@ is %40, ? is %3F, # is %23, / is %2F)",
        );
    }
    both(&format!("Không đọc được địa chỉ cơ sở dữ liệu: {why}"), &format!("The database address cannot be read: {why}"))
}

/// True when a server or a pooler refuses connections in clear. Its words must tell: the error codes are the same as
/// for wrong passwords.
pub(super) fn wants_tls(words: &str) -> bool {
    ["no encryption", "SSL off", "SSL required", "SSL connection is required", "sslmode="].iter().any(|part| words.contains(part))
}
