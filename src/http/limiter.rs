//! Limits how often one network may send what costs us something: a bucket that fills up again.

use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, PoisonError};

use axum::http::HeaderMap;
use jiff::Timestamp;
use quick_cache::sync::Cache;

use super::proxies::{Peer, Proxies};

/// Networks that are remembered; a forgotten network starts with a full bucket.
const REMEMBERED: usize = 65_536;

/// The network of a client: an IPv4 address, or the first 64 bits of an IPv6 address, which a home has to itself. Behind a
/// proxy it is the client's that the proxy noted.
pub fn network(peer: Option<Peer>, headers: &HeaderMap, proxies: &Proxies) -> IpAddr {
    // Where the PROXY protocol told the client, no header says it better.
    let noted = proxies.noted(peer, headers).filter(|_| peer.is_none_or(|peer| peer.proxy.is_none()));
    match noted.and_then(|noted| noted.client).or(peer.map(|peer| peer.address.ip())) {
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            address.to_ipv4_mapped().map_or(IpAddr::V6([a, b, c, d, 0, 0, 0, 0].into()), IpAddr::V4)
        }
        Some(address) => address,
        None => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
    }
}

/// The wider network around a network (an IPv4 /24 or IPv6 /48): a small provider or a single attacker may
/// own all of it.
fn around(network: IpAddr) -> IpAddr {
    match network {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            IpAddr::V4([a, b, c, 0].into())
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            IpAddr::V6([a, b, c, 0, 0, 0, 0, 0].into())
        }
    }
}

/// How many times as much may come from the wider network.
const WIDE: f64 = 8.0;

/// Buckets that fill up again, one for each key.
pub struct Buckets<K> {
    /// Most requests at once.
    burst: f64,
    /// Requests per second in the long run.
    rate: f64,
    kept: Cache<K, (f64, i64)>,
    /// Held while a bucket changes, so that two requests cannot take the same place.
    taking: Mutex<()>,
}

impl<K: Clone + Eq + Hash> Buckets<K> {
    /// Admits at most `burst` requests of a key at once and `an_hour` requests per hour in the long run.
    pub fn new(burst: u32, an_hour: u32) -> Self {
        Self { burst: f64::from(burst), rate: f64::from(an_hour) / 3_600.0, kept: Cache::new(REMEMBERED), taking: Mutex::new(()) }
    }

    /// True if one more request of all these keys may pass now; it is then counted. Beside each key stands how many
    /// times as much may come of it.
    pub fn admits(&self, keys: &[(K, f64)], now: Timestamp) -> bool {
        let _taking = self.taking.lock().unwrap_or_else(PoisonError::into_inner);
        let now = now.as_millisecond();
        let left = |(key, times): &(K, f64)| {
            let (burst, rate) = (self.burst * times, self.rate * times);
            let (left, at) = self.kept.get(key).unwrap_or((burst, now));
            (left + (now - at).max(0) as f64 / 1e3 * rate).min(burst)
        };
        let left: Vec<f64> = keys.iter().map(left).collect();
        let admits = left.iter().all(|left| *left >= 1.0);
        for ((key, _), left) in keys.iter().zip(left) {
            self.kept.insert(key.clone(), (if admits { left - 1.0 } else { left }, now));
        }
        admits
    }
}

/// Buckets by network and by wider network (an IPv4 /24 or IPv6 /48).
pub struct Limiter(Buckets<(IpAddr, bool)>);

impl Limiter {
    /// Admits at most `burst` requests at once and `an_hour` requests per hour in the long run.
    pub fn new(burst: u32, an_hour: u32) -> Self {
        Self(Buckets::new(burst, an_hour))
    }

    /// True if one more request may pass now; it is then counted.
    pub fn admits(&self, network: IpAddr, now: Timestamp) -> bool {
        self.0.admits(&[((network, false), 1.0), ((around(network), true), WIDE)], now)
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).expect("a moment")
    }

    #[test]
    fn a_flood_is_stopped_and_others_pass() {
        let limiter = Limiter::new(3, 6);
        let (flood, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let together = Limiter::new(3, 6);
        assert_eq!((0..=255).filter(|host| together.admits(IpAddr::from([10, 0, 1, *host]), at(0))).count(), 24, "a whole network");
        assert_eq!((0..10).filter(|_| limiter.admits(flood, at(0))).count(), 3);
        assert!(limiter.admits(other, at(0)));
        assert!(!limiter.admits(flood, at(599)) && limiter.admits(flood, at(600)), "one in ten minutes");
    }

    #[test]
    fn a_home_has_one_bucket_and_a_strangers_header_is_not_believed() {
        let peer = |text: &str| Some(Peer { address: SocketAddr::new(text.parse().expect("address"), 1), proxy: None, is_secure: false });
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "1.1.1.1, 2.2.2.2".parse().expect("value"));
        assert_eq!(network(peer("10.0.0.9"), &headers, &Proxies::default()), IpAddr::from([10, 0, 0, 9]));
        assert_eq!(network(peer("10.0.0.9"), &headers, &Proxies::all()), IpAddr::from([2, 2, 2, 2]));
        let none = HeaderMap::new();
        assert_eq!(
            network(peer("2001:db8:1:2:3::4"), &none, &Proxies::all()),
            network(peer("2001:db8:1:2:ffff::1"), &none, &Proxies::all())
        );
        assert_eq!(network(peer("::ffff:10.0.0.9"), &none, &Proxies::default()), IpAddr::from([10, 0, 0, 9]));
    }

    #[test]
    fn residents_have_buckets_of_their_own_however_the_proxy_writes_their_addresses() {
        let seen = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", text.parse().expect("value"));
            network(
                Some(Peer { address: SocketAddr::new([127, 0, 0, 1].into(), 1), proxy: None, is_secure: false }),
                &headers,
                &Proxies::all(),
            )
        };
        let home = IpAddr::from([203, 0, 113, 7]);
        for text in [
            "203.0.113.7",
            "203.0.113.7:51234",
            "1.1.1.1, 203.0.113.7:443",
            " 203.0.113.7:1 ",
            "\"203.0.113.7:51234\"",
            "::ffff:203.0.113.7",
            "1.1.1.1, 203.0.113.7, ",
        ] {
            assert_eq!(seen(text), home, "{text}");
        }
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", axum::http::HeaderValue::from_bytes(b"\xff\"\xc3, 1.1.1.1,203.0.113.7").expect("value"));
        assert_eq!(network(None, &headers, &Proxies::all()), home, "whatever the client wrote before");
        let home = seen("2001:db8:1:2::1");
        for text in ["[2001:db8:1:2::9]:443", "[2001:db8:1:2::9]", "\"[2001:db8:1:2::9]:443\"", "2001:db8:1:2::9%eth0"] {
            assert_eq!(seen(text), home, "{text}");
        }
        assert_ne!(seen("203.0.113.7:51234"), seen("203.0.113.8:51234"));
        assert_ne!(seen("[2001:db8::1]:443"), seen("[2001:db8:0:1::1]:443"));
        // If the note is not an address, the proxy's own address counts.
        for text in ["unknown", "_hidden", "", "[", ":", "1.2.3.4.5:80", "[]:1"] {
            assert_eq!(seen(text), IpAddr::from([127, 0, 0, 1]), "{text}");
        }
    }
}
