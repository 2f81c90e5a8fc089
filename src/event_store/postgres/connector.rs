//! The one way to PostgreSQL: in clear or over TLS, and to sessions of the program's own.
//!
//! The driver knows `sslmode` as disable, prefer and require; what else libpq's addresses say of TLS
//! is taken out of the address here. `require` is read as `verify-full`: libpq's encrypts to whoever
//! answers, and whoever stands in between can answer. `prefer` and `allow` promise nothing, and are
//! in clear like an address that says nothing.

use std::error::Error as _;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{poll_fn, try_join_all};
use percent_encoding::percent_decode_str;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_postgres::config::{Host, SslMode, SslNegotiation};
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{AsyncMessage, Client, Config, Connection, Error, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{CONNECTIONS, PATIENCE, explain, late, unavailable};
use crate::event_store::StoreError;

/// A notification that takes longer than this does not come.
const NOTICE: Duration = Duration::from_secs(5);

/// What drives a connection, encrypted or not.
pub(super) type Line = Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>;

/// How far the server must prove who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// Not at all: the line is in clear.
    None,
    /// Its certificate comes from a known CA.
    Issuer,
    /// The same, and names the host.
    Host,
}

/// Opens connections to one database.
#[derive(Clone)]
pub(super) struct Connector {
    config: Config,
    tls: MakeRustlsConnect,
    proof: Proof,
    /// Where known CAs are listed; none for the machine's own list.
    ca_file: Option<String>,
}

impl Connector {
    /// Reads an address, and the CA file it names.
    pub(super) fn new(url: &str) -> Result<Self, StoreError> {
        let Address { url, mode, ca_file } = Address::read(url);
        let mut config = url.parse::<Config>().map_err(|error| StoreError::NotPossible(unread(&error)))?;
        config.connect_timeout(Duration::from_secs(5));
        config.tcp_user_timeout(PATIENCE);
        let proof = if is_local(&config) { Proof::None } else { proof(mode.as_deref(), ca_file.is_some())? };
        config.ssl_mode(if proof == Proof::None { SslMode::Disable } else { SslMode::Require });
        // “system” is libpq's word for the machine's own list.
        let ca_file = ca_file.filter(|file| file != "system");
        let mut client = client_config(proof, ca_file.as_deref())?;
        if config.get_ssl_negotiation() == SslNegotiation::Direct {
            // Without a request before it, the handshake itself must say what is spoken.
            client.alpn_protocols = vec![b"postgresql".to_vec()];
        }
        Ok(Self { config, tls: MakeRustlsConnect::new(client), proof, ca_file })
    }

    /// A connection, and what must be polled for it to work.
    pub(super) async fn open(&self) -> Result<(Client, Line), StoreError> {
        let connected = tokio::time::timeout(PATIENCE, self.config.connect(self.tls.clone())).await.map_err(|_| late())?;
        connected.map_err(|error| StoreError::Unavailable(self.words(&error)))
    }

    /// A connection that says when it is notified.
    pub(super) async fn listener(&self) -> Result<(Client, mpsc::Receiver<()>, JoinHandle<()>), StoreError> {
        let (client, mut connection) = self.open().await?;
        let (sender, told) = mpsc::channel::<()>(1);
        let driver = tokio::spawn(async move {
            while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
                match message {
                    Ok(AsyncMessage::Notification(_)) => {
                        let _ = sender.try_send(());
                    }
                    Ok(_) => {}
                    Err(_) => break,
                }
            }
        });
        Ok((client, told, driver))
    }

    /// Makes sure that a connection is a session: behind a pooler in transaction mode what is prepared
    /// or listened for on one connection to the server is asked of another, at some later moment.
    pub(super) async fn check_sessions(&self) -> Result<(), StoreError> {
        let (first, mut told, _) = self.listener().await?;
        let (second, _, _) = self.listener().await.map_err(|_| no_room())?;
        let kept = tokio::time::timeout(PATIENCE, keeps_sessions(&first, &second, &mut told)).await.map_err(|_| no_room())?;
        match kept {
            Ok(true) => self.check_room().await,
            Ok(false) => Err(no_session()),
            Err(error) if explain(&error).contains("query_wait_timeout") => Err(no_room()),
            // A prepared statement that is gone, or that is another's; a transaction that may not be.
            Err(error) if matches!(error.code().map(SqlState::code), Some("26000" | "42P05" | "08P01")) => Err(no_session()),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Makes sure that all connections of a node find room at once: a pooler lets those beyond its own wait.
    async fn check_room(&self) -> Result<(), StoreError> {
        let open = (0..CONNECTIONS).map(|_| async {
            let (client, _, driver) = self.listener().await.map_err(|_| no_room())?;
            client.simple_query("SELECT 1").await.map_err(|_| no_room())?;
            Ok::<_, StoreError>((client, driver))
        });
        let all = tokio::time::timeout(PATIENCE, try_join_all(open)).await.map_err(|_| no_room())?;
        all.map(|_| ())
    }

    /// Why there is no connection, and what to do about it.
    fn words(&self, error: &Error) -> String {
        let Some(cause) = error.source() else { return format!("PostgreSQL: {}", explain(error)) };
        if let Some(sentence) = error.code().and_then(|code| self.refused(code, &explain(error))) {
            return sentence;
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
                &format!("Không tìm thấy máy nào có tên trong địa chỉ cơ sở dữ liệu ({place}): hãy xem lại tên máy"),
                &format!("No machine has the name that the database address gives ({place}): look at the host's name again"),
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

    /// Where the address leads, without the password.
    fn place(&self) -> String {
        let ports = self.config.get_ports();
        let hosts = self.config.get_hosts().iter().enumerate().map(|(at, host)| {
            let port = ports.get(at).or(ports.first()).copied().unwrap_or(5432);
            match host {
                Host::Tcp(name) => format!("{name}:{port}"),
                Host::Unix(folder) => folder.join(format!(".s.PGSQL.{port}")).display().to_string(),
            }
        });
        hosts.collect::<Vec<_>>().join(", ")
    }

    /// What a server that answers does not accept, by its code; none where TLS is what it misses.
    fn refused(&self, code: &SqlState, words: &str) -> Option<String> {
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
            return None;
        })
    }

    /// Why a certificate is not accepted.
    fn distrust(&self, error: &CertificateError) -> String {
        match error {
            // Of a CA that was made anew under its old name, only the signature tells.
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
                // Each comes as its kind with the name in quotes: `DnsName("db.example")`.
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

/// One sentence in both languages.
fn both(vi: &str, en: &str) -> String {
    format!("{vi} ({en})")
}

fn no_session() -> StoreError {
    StoreError::NotPossible(both(
        "Địa chỉ cơ sở dữ liệu dẫn tới một bộ gom kết nối (như PgBouncer) ở chế độ transaction hoặc statement, mà bảng tin cần phiên riêng: hãy đặt \
         pool_mode = session, hoặc ghi địa chỉ và cổng của chính PostgreSQL",
        "The database address leads to a connection pooler (such as PgBouncer) in transaction or statement mode, and bangtin needs sessions of its own: \
         set pool_mode = session, or name the address and port of PostgreSQL itself",
    ))
}

fn no_room() -> StoreError {
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

/// Does a session prepare and listen for itself? Two connections ask by turns, so that a pooler that
/// shares out the server's cannot give each back the one it had before.
async fn keeps_sessions(first: &Client, second: &Client, told: &mut mpsc::Receiver<()>) -> Result<bool, Error> {
    let process = first.prepare("SELECT pg_backend_pid()").await?;
    first.batch_execute("LISTEN bangtin_check").await?;
    let before: i32 = first.query_one(&process, &[]).await?.get(0);
    second.batch_execute("BEGIN").await?;
    let beside: i32 = second.query_one("SELECT pg_backend_pid()", &[]).await?.get(0);
    if beside == before {
        return Ok(false);
    }
    second.batch_execute("NOTIFY bangtin_check").await?;
    let after: i32 = first.query_one(&process, &[]).await?.get(0);
    second.batch_execute("COMMIT").await?;
    Ok(after == before && tokio::time::timeout(NOTICE, told.recv()).await == Ok(Some(())))
}

/// Why an address cannot be read, where it is a word of other programs' with what to write instead.
fn unread(error: &Error) -> String {
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
        // What is taken for an option may be a part of the password: it is not repeated.
        return both(
            "Không đọc được địa chỉ cơ sở dữ liệu: có tùy chọn không biết sau dấu ?; nếu mật khẩu có @ : / ? # % thì phải viết theo mã \
             phần trăm (@ là %40, ? là %3F, # là %23, / là %2F)",
            "The database address cannot be read: it has an option behind the ? that is not known; @ : / ? # % in a password must be \
             percent-encoded (@ is %40, ? is %3F, # is %23, / is %2F)",
        );
    }
    both(&format!("Không đọc được địa chỉ cơ sở dữ liệu: {why}"), &format!("The database address cannot be read: {why}"))
}

/// What an address says, that about TLS apart.
#[derive(Debug, PartialEq, Eq)]
struct Address {
    /// The rest of it, as the driver reads it.
    url: String,
    /// `sslmode`
    mode: Option<String>,
    /// `sslrootcert`
    ca_file: Option<String>,
}

impl Address {
    fn read(url: &str) -> Self {
        // A password may hold a question mark.
        let host = url.find('@').map_or(0, |at| at + 1);
        let mut address = Self { url: url.to_owned(), mode: None, ca_file: None };
        let Some(query) = url[host..].find('?').map(|at| host + at) else { return address };
        let mut rest = Vec::new();
        for pair in url[query + 1..].split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = || Some(percent_decode_str(value).decode_utf8_lossy().into_owned());
            match key {
                "sslmode" => address.mode = value(),
                "sslrootcert" => address.ca_file = value(),
                _ => rest.push(pair),
            }
        }
        address.url.truncate(query);
        if !rest.is_empty() {
            address.url.push('?');
            address.url.push_str(&rest.join("&"));
        }
        address
    }
}

/// What an address asks for; who names a CA wants the server looked at.
fn proof(mode: Option<&str>, names_ca: bool) -> Result<Proof, StoreError> {
    match mode {
        None if names_ca => Ok(Proof::Host),
        None | Some("disable" | "allow" | "prefer") => Ok(Proof::None),
        Some("verify-ca") => Ok(Proof::Issuer),
        Some("require" | "verify-full") => Ok(Proof::Host),
        Some(other) => Err(StoreError::NotPossible(both(
            &format!("Không có sslmode={other}: hãy ghi disable, require, verify-ca hoặc verify-full"),
            &format!("There is no sslmode={other}: write disable, require, verify-ca or verify-full"),
        ))),
    }
}

/// True where only the machine's own sockets are named: nobody stands in between, and the server offers
/// no TLS on them.
fn is_local(config: &Config) -> bool {
    let hosts = config.get_hosts();
    !hosts.is_empty() && config.get_hostaddrs().is_empty() && hosts.iter().all(|host| !matches!(host, Host::Tcp(_)))
}

/// True of a server's (or a pooler's) words for “not in clear”; their codes are those of wrong passwords too.
fn wants_tls(words: &str) -> bool {
    ["no encryption", "SSL off", "SSL required", "SSL connection is required", "sslmode="].iter().any(|part| words.contains(part))
}

fn client_config(proof: Proof, ca_file: Option<&str>) -> Result<ClientConfig, StoreError> {
    let failed = |error: &dyn std::fmt::Display| StoreError::NotPossible(format!("TLS: {error}"));
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| failed(&error))?;
    if proof == Proof::None {
        return Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth());
    }
    let (roots, named) = roots(ca_file)?;
    let issuers = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().map_err(|error| failed(&error))?;
    let verifier = Arc::new(Verifier { issuers, named, by_host: proof == Proof::Host });
    Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

/// The CAs that count, and the certificates of the file that was named.
fn roots(ca_file: Option<&str>) -> Result<(RootCertStore, Vec<CertificateDer<'static>>), StoreError> {
    if let Some(file) = ca_file.filter(|file| !Path::new(file).is_file()) {
        return Err(StoreError::NotPossible(both(
            &format!("Không có tệp {file} mà sslrootcert nêu: hãy xem lại đường dẫn"),
            &format!("There is no file {file}, which sslrootcert names: look at the path again"),
        )));
    }
    let found = match ca_file {
        Some(file) => rustls_native_certs::load_certs_from_paths(Some(Path::new(file)), None),
        None => rustls_native_certs::load_native_certs(),
    };
    let mut roots = RootCertStore::empty();
    let (usable, _) = roots.add_parsable_certificates(found.certs.iter().cloned());
    if usable > 0 {
        return Ok((roots, if ca_file.is_some() { found.certs } else { Vec::new() }));
    }
    let why = found.errors.first().map(|error| format!(": {error}")).unwrap_or_default();
    Err(StoreError::NotPossible(match ca_file {
        Some(file) => both(
            &format!("Không có chứng thư nào dùng được trong tệp CA {file} (sslrootcert), cần tệp dạng PEM{why}"),
            &format!("The CA file {file} (sslrootcert) has no certificate that can be used; it must be in PEM form{why}"),
        ),
        None => both(
            &format!("Máy này không có danh sách CA nào{why}: hãy cài ca-certificates, hoặc ghi sslrootcert=/ĐƯỜNG/DẪN/ca.pem"),
            &format!("This machine has no list of CAs{why}: install ca-certificates, or write sslrootcert=/PATH/ca.pem"),
        ),
    }))
}

/// Decides whether the server is who it should be; nobody is spoken to who is not.
#[derive(Debug)]
struct Verifier {
    issuers: Arc<WebPkiServerVerifier>,
    /// Certificates of the CA file.
    named: Vec<CertificateDer<'static>>,
    /// Whether the host's name counts.
    by_host: bool,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        // A server that has signed its own certificate, as PostgreSQL's manual shows first, is known by
        // that very certificate; its signature under the handshake is checked all the same.
        if self.named.iter().any(|known| **known == **end_entity) {
            return Ok(ServerCertVerified::assertion());
        }
        match self.issuers.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // The name is looked at last: all else is in order.
            Err(rustls::Error::InvalidCertificate(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }))
                if !self.by_host =>
            {
                Ok(ServerCertVerified::assertion())
            }
            result => result,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.issuers.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.issuers.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.issuers.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> (String, Option<String>, Option<String>) {
        let Address { url, mode, ca_file } = Address::read(url);
        (url, mode, ca_file)
    }

    #[test]
    fn what_an_address_says_of_tls_is_taken_out_and_the_rest_is_left() {
        let plain = "postgres://u:p@h:5432/d";
        assert_eq!(read(plain), (plain.into(), None, None));
        assert_eq!(read(&format!("{plain}?sslmode=require")), (plain.into(), Some("require".into()), None));
        let full = format!("{plain}?options=-c%20a%3Db&sslmode=verify-full&channel_binding=require&sslrootcert=/a%20b/ca.pem");
        let rest = format!("{plain}?options=-c%20a%3Db&channel_binding=require");
        assert_eq!(read(&full), (rest, Some("verify-full".into()), Some("/a b/ca.pem".into())));
        let marked = "postgres://u:wh?sslmode=x@h/d";
        assert_eq!(read(marked), (marked.into(), None, None), "a password is no query");
    }

    #[test]
    fn whoever_asks_for_tls_gets_the_server_checked() {
        assert_eq!(proof(None, false).ok(), Some(Proof::None));
        assert_eq!(proof(Some("prefer"), true).ok(), Some(Proof::None));
        assert_eq!(proof(None, true).ok(), Some(Proof::Host));
        assert_eq!(proof(Some("require"), false).ok(), Some(Proof::Host));
        assert_eq!(proof(Some("verify-ca"), true).ok(), Some(Proof::Issuer));
        assert!(proof(Some("verify"), true).is_err());
    }

    #[test]
    fn a_socket_of_the_machine_needs_no_tls() {
        let local = Connector::new("postgres://u@%2Fvar%2Frun%2Fpostgresql/d?sslmode=require").expect("an address");
        assert_eq!((local.proof, local.config.get_ssl_mode()), (Proof::None, SslMode::Disable));
    }

    #[test]
    fn an_option_that_is_not_known_is_named() {
        let refused = |url: &str| Connector::new(url).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(refused("postgres://u@h/d?ssl=true").contains("sslmode=verify-full"));
        assert!(refused("postgres://u@h/d?sslrootcert=/no/such.pem").contains("Không có tệp /no/such.pem"));
        // What stands behind a question mark may be a part of the password.
        for url in ["postgres://u:P@ss?word1@h/d", "postgres://u:Mật@khẩu?bí=mật@h/d"] {
            let words = refused(url);
            assert!(words.contains("%40") && !words.contains("word1") && !words.contains("bí"), "{words}");
        }
        let error = Connector::new("postgres://u@h/d?sslcert=me.pem").err().map(|error| error.to_string());
        assert!(error.as_deref().is_some_and(|error| error.contains("sslcert")), "{error:?}");
    }
}
