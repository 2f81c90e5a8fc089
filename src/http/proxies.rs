//! Proxies that stand in front: who is believed to be one, and what they note of whom they serve.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::http::HeaderMap;
use ipnet::IpNet;
use ppp::{HeaderResult, v1, v2};
use tokio::io::{AsyncRead, AsyncReadExt};

/// Where a request comes from.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// The client's address: of the connection's other end, or as its PROXY header tells.
    pub address: SocketAddr,
    /// The connection's other end, where it told another address.
    pub proxy: Option<SocketAddr>,
    /// True where the connection is encrypted, and ends in this program.
    pub is_secure: bool,
}

/// Where a proxy notes whom it serves. The other header is not read: a proxy that writes one of them may let a client's other
/// one pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Notes {
    /// `X-Forwarded-For` and `X-Forwarded-Proto`.
    #[default]
    XForwarded,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// Who is believed to be a proxy.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    /// The networks that proxies are in.
    pub networks: Vec<IpNet>,
    /// True where whoever connects is a proxy.
    pub are_all: bool,
    /// Where they note whom they serve.
    pub notes: Notes,
}

/// What a proxy noted last, which is what it saw itself: whom it serves, and whether that connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Noted {
    /// The client's address.
    pub client: Option<IpAddr>,
    /// True for HTTPS.
    pub is_secure: bool,
}

impl Proxies {
    /// Whoever connects is a proxy.
    pub fn all() -> Self {
        Self { are_all: true, ..Self::default() }
    }

    /// True for the address of a proxy.
    pub fn are_at(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.are_all || self.networks.iter().any(|network| network.contains(&address))
    }

    /// What the proxy noted through which a request came; none where it came through none.
    pub fn noted(&self, peer: Option<Peer>, headers: &HeaderMap) -> Option<Noted> {
        let is_proxy = match peer {
            Some(peer) => self.are_at(peer.proxy.unwrap_or(peer.address).ip()),
            None => self.are_all,
        };
        is_proxy.then(|| match self.notes {
            Notes::XForwarded => self.x_forwarded(headers),
            Notes::Forwarded => self.forwarded(headers),
        })
    }
}

/// The elements of a header that is a list and may come several times, the last first. What stands before what a proxy noted
/// comes from the client, and may be any bytes: it is given as empty. Empty elements are ignored (RFC 9110 §5.6.1.2).
fn backwards<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> {
    let all = headers.get_all(name).iter().collect::<Vec<_>>().into_iter().rev();
    let elements = all.flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
    elements.filter(|element| !element.is_empty()).map(|element| std::str::from_utf8(element).unwrap_or_default())
}

impl Proxies {
    /// The client that the outermost proxy noted: each proxy notes whom it serves, and that may be another proxy.
    fn outermost(&self, clients: impl Iterator<Item = Option<IpAddr>>) -> Option<IpAddr> {
        let mut noted = None;
        for client in clients {
            noted = client;
            if self.are_all || client.is_none_or(|client| !self.are_at(client)) {
                break;
            }
        }
        noted
    }

    fn x_forwarded(&self, headers: &HeaderMap) -> Noted {
        let client = self.outermost(backwards(headers, "x-forwarded-for").map(address));
        Noted { client, is_secure: backwards(headers, "x-forwarded-proto").next() == Some("https") }
    }

    fn forwarded(&self, headers: &HeaderMap) -> Noted {
        let client = self.outermost(backwards(headers, "forwarded").map(|element| noted(element).client));
        let is_secure = backwards(headers, "forwarded").next().is_some_and(|element| noted(element).is_secure);
        Noted { client, is_secure }
    }
}

/// What an element of `Forwarded` tells.
fn noted(element: &str) -> Noted {
    let mut noted = Noted::default();
    for pair in element.split(';') {
        match pair.split_once('=').map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim())) {
            Some((name, value)) if name == "for" => noted.client = address(value),
            Some((name, value)) if name == "proto" => noted.is_secure = value.trim_matches('"').eq_ignore_ascii_case("https"),
            _ => {}
        }
    }
    noted
}

/// Reads an address as proxies note it: alone, with a port, an IPv6 address in brackets, or in quotes.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let bare = match text.strip_prefix('[') {
        Some(rest) => rest.split(']').next()?,
        // A single colon stands before a port; several colons are an IPv6 address without a port.
        None if text.matches(':').count() == 1 => text.split(':').next()?,
        None => text,
    };
    // A zone names a link of the proxy's own machine; it is dropped.
    bare.split('%').next()?.trim().parse().ok()
}

/// First bytes of the binary form of the PROXY protocol, and how many follow up to its length.
const BINARY: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
const HEAD: usize = 16;
/// Bytes that a header in either form has: the shortest is “PROXY UNKNOWN” with its line break.
const SHORTEST: usize = 15;
/// Longest header in the binary form that is read, and in the text form (PROXY protocol §2.1), bytes.
const LONGEST: usize = 4_096;
const LONGEST_TEXT: usize = 107;

/// Reads the header of the PROXY protocol (versions 1 and 2) with which a connection begins. Gives the client's address; none
/// where the proxy speaks for itself, to see whether anybody is there. Errors: there is no such header, or it took too long.
pub async fn client_of<S: AsyncRead + Unpin>(stream: &mut S, patience: Duration) -> io::Result<Option<SocketAddr>> {
    let wrong =
        |what: String| io::Error::new(io::ErrorKind::InvalidData, format!("the connection does not begin with a PROXY header: {what}"));
    let read = async {
        // No header is shorter, and what follows it must stay unread.
        let mut header = vec![0; SHORTEST];
        stream.read_exact(&mut header).await?;
        if header.starts_with(BINARY) {
            header.resize(HEAD, 0);
            stream.read_exact(&mut header[SHORTEST..]).await?;
            let length = usize::from(u16::from_be_bytes([header[14], header[15]]));
            if length > LONGEST {
                return Err(wrong(format!("it would have {length} bytes")));
            }
            header.resize(HEAD + length, 0);
            stream.read_exact(&mut header[HEAD..]).await?;
        } else {
            // What follows the line belongs to the connection.
            while !header.ends_with(b"\r\n") {
                if header.len() >= LONGEST_TEXT || !header.starts_with(b"PROXY ") {
                    return Err(wrong(String::from("it is none")));
                }
                header.push(stream.read_u8().await?);
            }
        }
        Ok(header)
    };
    let header = tokio::time::timeout(patience, read).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))?;
    match HeaderResult::parse(&header) {
        HeaderResult::V2(Ok(header)) if header.command == v2::Command::Local => Ok(None),
        HeaderResult::V2(Ok(header)) => match header.addresses {
            v2::Addresses::IPv4(pair) => Ok(Some((pair.source_address, pair.source_port).into())),
            v2::Addresses::IPv6(pair) => Ok(Some((pair.source_address, pair.source_port).into())),
            _ => Ok(None),
        },
        HeaderResult::V1(Ok(header)) => match header.addresses {
            v1::Addresses::Tcp4(pair) => Ok(Some((pair.source_address, pair.source_port).into())),
            v1::Addresses::Tcp6(pair) => Ok(Some((pair.source_address, pair.source_port).into())),
            v1::Addresses::Unknown => Ok(None),
        },
        HeaderResult::V2(Err(error)) => Err(wrong(error.to_string())),
        HeaderResult::V1(Err(error)) => Err(wrong(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().expect("name"), value.parse().expect("value"))).collect()
    }

    fn peer(text: &str) -> Peer {
        Peer { address: at(text), proxy: None, is_secure: false }
    }

    fn at(text: &str) -> SocketAddr {
        SocketAddr::new(text.parse().expect("address"), 1)
    }

    #[test]
    fn the_notes_of_strangers_are_not_believed() {
        let proxies =
            Proxies { networks: vec!["10.0.0.0/8".parse().expect("network"), "fd00::/8".parse().expect("network")], ..Proxies::default() };
        let sent = headers(&[("x-forwarded-for", "1.1.1.1, 203.0.113.7"), ("x-forwarded-proto", "http, https")]);
        let noted = Some(Noted { client: "203.0.113.7".parse().ok(), is_secure: true });
        assert_eq!(proxies.noted(Some(peer("10.0.0.9")), &sent), noted);
        assert_eq!(proxies.noted(Some(peer("::ffff:10.0.0.9")), &sent), noted);
        assert_eq!(proxies.noted(Some(peer("203.0.113.9")), &sent), None);
        assert_eq!(proxies.noted(None, &sent), None);
        // What the PROXY protocol says of a client makes the client no proxy.
        let told = Peer { proxy: Some(at("10.0.0.9")), ..peer("203.0.113.7") };
        assert_eq!(proxies.noted(Some(told), &sent), noted);
        let claims = Peer { proxy: Some(at("203.0.113.9")), ..peer("10.0.0.9") };
        assert_eq!(proxies.noted(Some(claims), &sent), None);
        // One proxy behind another: the client is whom the outer one serves.
        let twice = headers(&[("x-forwarded-for", "1.1.1.1, 203.0.113.7, 10.0.0.4"), ("x-forwarded-proto", "https")]);
        assert_eq!(proxies.noted(Some(peer("10.0.0.9")), &twice), noted);
        let twice = headers(&[("forwarded", "for=1.1.1.1, for=203.0.113.7;proto=http, for=10.0.0.4;proto=https")]);
        assert_eq!(Proxies { notes: Notes::Forwarded, ..proxies }.noted(Some(peer("10.0.0.9")), &twice), noted);
    }

    #[test]
    fn one_header_is_read_and_a_clients_other_one_is_not() {
        let both = headers(&[
            ("x-forwarded-for", "203.0.113.7"),
            ("x-forwarded-proto", "http"),
            ("forwarded", "for=1.1.1.1;proto=https, for=\"[2001:db8::7]:4711\";proto=HTTPS;by=10.0.0.1"),
        ]);
        let of = |notes| Proxies { notes, ..Proxies::all() }.noted(None, &both);
        assert_eq!(of(Notes::XForwarded), Some(Noted { client: "203.0.113.7".parse().ok(), is_secure: false }));
        assert_eq!(of(Notes::Forwarded), Some(Noted { client: "2001:db8::7".parse().ok(), is_secure: true }));
        let hidden = headers(&[("forwarded", "for=_hidden;proto=http")]);
        assert_eq!(Proxies { notes: Notes::Forwarded, ..Proxies::all() }.noted(None, &hidden), Some(Noted::default()));
    }

    #[tokio::test]
    async fn a_connection_tells_its_client_in_both_forms_and_keeps_what_follows() {
        let binary = |command: u8, family: u8, rest: &[u8]| {
            [BINARY, &[0x20 | command, family], &(rest.len() as u16).to_be_bytes(), rest, b"GET /"].concat()
        };
        let four = [203, 0, 113, 7, 10, 0, 0, 1, 0x10, 0x92, 0x01, 0xbb];
        for (sent, expected) in [
            (binary(1, 0x11, &four), Some("203.0.113.7:4242")),
            (binary(0, 0x00, &[]), None),
            (b"PROXY TCP4 203.0.113.7 10.0.0.1 4242 443\r\nGET /".to_vec(), Some("203.0.113.7:4242")),
            (b"PROXY TCP6 2001:db8::7 ::1 4242 443\r\nGET /".to_vec(), Some("[2001:db8::7]:4242")),
            (b"PROXY UNKNOWN 12\r\nGET /".to_vec(), None),
            (b"PROXY UNKNOWN\r\nGET /".to_vec(), None),
        ] {
            let mut stream = sent.as_slice();
            let client = client_of(&mut stream, Duration::from_secs(1)).await.expect("a header");
            assert_eq!(client.map(|client| client.to_string()).as_deref(), expected, "{sent:?}");
            assert_eq!(stream, b"GET /", "{sent:?}");
        }
        for wrong in [
            b"GET /q/QHSDD21AG HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
            [b"PROXY TCP4 ".as_slice(), &[b'1'; 200]].concat(),
            b"PROXY TCP4 nobody 10.0.0.1 1 2\r\n".to_vec(),
            [BINARY, &[0x21, 0x11, 0xff, 0xff], &[0; 100]].concat(),
            b"PROXY".to_vec(),
        ] {
            assert!(client_of(&mut wrong.as_slice(), Duration::from_secs(1)).await.is_err(), "{wrong:?}");
        }
    }
}
