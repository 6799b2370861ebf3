//! The address of the client behind a connection: that of its other end, or, where that is a trusted proxy, the one
//! that the proxy names.
//!
//! Proxies append: the right-most address is the one that the nearest proxy saw. Going from the right, the first
//! address that is no trusted proxy is the client. What stands to the left of it may be the client's invention.

use std::net::{IpAddr, Ipv6Addr};

use axum::http::{HeaderMap, HeaderName, header};
use serde::Deserialize;

use crate::network::settings::ClientAddressHeader;

/// Addresses that begin with the same bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct AddressRange {
    address: IpAddr,
    bits: u8,
}

/// A text that is neither an address nor a range of addresses.
#[derive(Debug, thiserror::Error)]
#[error("{found:?} is no address; use an IP address, or a range as \"10.0.0.0/8\"")]
pub struct NotARange {
    found: String,
}

impl TryFrom<String> for AddressRange {
    type Error = NotARange;

    fn try_from(text: String) -> Result<Self, NotARange> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text.as_str(), None),
        };
        let parsed = address.parse::<IpAddr>().ok().and_then(|address| {
            let most = if address.is_ipv4() { 32 } else { 128 };
            let bits = bits.map_or(Some(most), |bits| bits.parse().ok())?;
            (bits <= most).then_some(Self { address, bits })
        });
        parsed.ok_or(NotARange { found: text })
    }
}

impl From<IpAddr> for AddressRange {
    /// One address alone.
    fn from(address: IpAddr) -> Self {
        Self { address, bits: if address.is_ipv4() { 32 } else { 128 } }
    }
}

impl AddressRange {
    /// Whether an address is one of these.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let (own, other, width) = match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                (u128::from(own.to_bits()), u128::from(other.to_bits()), 32)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => (own.to_bits(), other.to_bits(), 128),
            _ => return false,
        };
        let shift = width - u32::from(self.bits);
        own.checked_shr(shift) == other.checked_shr(shift)
    }
}

/// What counts as one client: an IPv4 address, or the 64 bits of an IPv6 network, since a host has all addresses
/// of its network.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ClientKey(IpAddr);

impl ClientKey {
    /// The client of this address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => {
                Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into()
            }
        })
    }
}

/// The proxies that are believed when they name the client, and the header in which they do.
#[derive(Clone, Debug)]
pub struct TrustedProxies {
    ranges: Vec<AddressRange>,
    header: ClientAddressHeader,
}

impl TrustedProxies {
    /// Proxies in these ranges, which name the client in this header.
    #[must_use]
    pub const fn new(ranges: Vec<AddressRange>, header: ClientAddressHeader) -> Self {
        Self { ranges, header }
    }

    /// Whether this is the address of a trusted proxy.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.ranges.iter().any(|range| range.contains(address))
    }

    /// The client that sent a request over a connection with `peer`.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer;
        if !self.contains(peer) {
            return client;
        }
        for hop in self.hops(headers).iter().rev() {
            // What cannot be read is the work of whoever stands before it; so is what stands left of it.
            let Some(address) = address_of(hop) else { return client };
            client = address;
            if !self.contains(address) {
                return client;
            }
        }
        client
    }

    /// Whether `peer` is a trusted proxy, and says that the client came to it over https: in `X-Forwarded-Proto`, or
    /// in `proto` of `Forwarded`, where the last word is the proxy's own.
    #[must_use]
    pub fn says_https(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
        let name = match self.header {
            ClientAddressHeader::XForwardedFor => HeaderName::from_static("x-forwarded-proto"),
            ClientAddressHeader::Forwarded => header::FORWARDED,
        };
        let said = headers.get_all(name).into_iter().next_back();
        let last = said.and_then(|line| line.to_str().ok()?.rsplit(',').next());
        let scheme = last.map(|last| match self.header {
            ClientAddressHeader::XForwardedFor => last.trim().to_owned(),
            ClientAddressHeader::Forwarded => parameter(last, "proto"),
        });
        self.contains(peer) && scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
    }

    /// What the header says, in the order in which proxies appended it.
    fn hops(&self, headers: &HeaderMap) -> Vec<String> {
        let name = match self.header {
            ClientAddressHeader::XForwardedFor => HeaderName::from_static("x-forwarded-for"),
            ClientAddressHeader::Forwarded => header::FORWARDED,
        };
        let lines = headers.get_all(name).into_iter();
        let lines = lines.map(|line| line.to_str().unwrap_or_default());
        let hops = lines.flat_map(|line| line.split(','));
        match self.header {
            ClientAddressHeader::XForwardedFor => hops.map(|hop| hop.trim().to_owned()).collect(),
            ClientAddressHeader::Forwarded => hops.map(|hop| parameter(hop, "for")).collect(),
        }
    }
}

/// The value of a parameter in an element of `Forwarded`; empty if it has none.
fn parameter(element: &str, wanted: &str) -> String {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let found = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted));
    found.map_or_else(String::new, |(_, value)| value.trim().trim_matches('"').to_owned())
}

/// The address in a hop, which may come with a port.
fn address_of(hop: &str) -> Option<IpAddr> {
    let bare = match hop.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        // An IPv6 address has more colons than one.
        None if hop.matches(':').count() == 1 => hop.split_once(':')?.0,
        None => hop,
    };
    bare.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> AddressRange {
        AddressRange::try_from(text.to_owned()).unwrap()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_range_has_the_addresses_that_begin_like_it() {
        for (text, inside, outside) in [
            ("10.0.0.0/8", "10.255.1.2", "11.0.0.0"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.6"),
            ("0.0.0.0/0", "203.0.113.9", "2001:db8::1"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::1"),
            ("::1", "::1", "::2"),
            ("127.0.0.0/8", "::ffff:127.0.0.1", "::1"),
        ] {
            assert!(range(text).contains(ip(inside)), "{inside} in {text}");
            assert!(!range(text).contains(ip(outside)), "{outside} in {text}");
        }
        for wrong in ["", "10.0.0.0/33", "10.0.0/8", "::/129", "localhost", "10.0.0.0/-1"] {
            assert!(AddressRange::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_right_most_address_that_is_no_proxy_is_the_client() {
        let proxies = [range("10.0.0.0/8"), range("2001:db8::/32")].to_vec();
        let client = |header, name: &'static str, peer, lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(name, line.parse().unwrap());
            }
            TrustedProxies::new(proxies.clone(), header).client(ip(peer), &headers).to_string()
        };
        let x = |peer, lines: &[&'static str]| {
            client(ClientAddressHeader::XForwardedFor, "x-forwarded-for", peer, lines)
        };
        // Nobody else is believed, and no other header.
        assert_eq!(x("203.0.113.1", &["198.51.100.1"]), "203.0.113.1");
        let spoofed = client(
            ClientAddressHeader::XForwardedFor,
            "forwarded",
            "10.0.0.1",
            &["for=198.51.100.1"],
        );
        assert_eq!(spoofed, "10.0.0.1");
        assert_eq!(x("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(x("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        // What the client claims stands to the left.
        assert_eq!(x("10.0.0.1", &["192.0.2.66, 198.51.100.1, 10.0.0.2"]), "198.51.100.1");
        assert_eq!(x("10.0.0.1", &["192.0.2.66", "198.51.100.1:4711"]), "198.51.100.1");
        assert_eq!(x("10.0.0.1", &["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
        assert_eq!(x("10.0.0.1", &["192.0.2.66, nonsense, 10.0.0.2"]), "10.0.0.2");
        let f = |lines: &[&'static str]| {
            client(ClientAddressHeader::Forwarded, "forwarded", "10.0.0.1", lines)
        };
        assert_eq!(f(&["for=192.0.2.66, For=\"198.51.100.1:80\";proto=https"]), "198.51.100.1");
        assert_eq!(
            f(&["proto=https;for=\"[2001:dead::1]:80\", for=\"[2001:db8::2]\""]),
            "2001:dead::1"
        );
        assert_eq!(f(&["for=192.0.2.66, for=_hidden"]), "10.0.0.1");
    }

    #[test]
    fn a_trusted_proxy_is_believed_when_it_says_https_and_its_own_word_is_the_last() {
        let proxies = |header| TrustedProxies::new([range("10.0.0.0/8")].to_vec(), header);
        let said = |header, name: &'static str, peer, line: &'static str| {
            let headers = HeaderMap::from_iter([(name.parse().unwrap(), line.parse().unwrap())]);
            proxies(header).says_https(ip(peer), &headers)
        };
        let x =
            |peer, line| said(ClientAddressHeader::XForwardedFor, "x-forwarded-proto", peer, line);
        assert!(x("10.0.0.1", "HTTPS") && x("10.0.0.1", "http, https"));
        assert!(!x("10.0.0.1", "https, http") && !x("10.0.0.1", "") && !x("10.0.0.1", "httpsx"));
        assert!(!x("203.0.113.1", "https"));
        let f = |line| said(ClientAddressHeader::Forwarded, "forwarded", "10.0.0.1", line);
        assert!(f("for=1.2.3.4;proto=http, for=1.2.3.5;Proto=\"https\""));
        assert!(!f("for=1.2.3.4;proto=https, for=1.2.3.5"));
    }

    #[test]
    fn a_network_of_ipv6_is_one_client() {
        assert_eq!(ClientKey::of(ip("2001:db8::1")), ClientKey::of(ip("2001:db8::ffff:1:2:3")));
        assert_ne!(ClientKey::of(ip("2001:db8::1")), ClientKey::of(ip("2001:db8:0:1::1")));
        assert_eq!(ClientKey::of(ip("::ffff:192.0.2.1")), ClientKey::of(ip("192.0.2.1")));
        assert_ne!(ClientKey::of(ip("192.0.2.1")), ClientKey::of(ip("192.0.2.2")));
    }
}
