//! What is kept of where a request came from: enough to see one token in many networks, too little to
//! tell households apart.

use std::net::{IpAddr, Ipv6Addr};

use countersign_log::annex::Circumstances;
use countersign_people::store::GrantId;

/// The circumstances of a request under this grant, from this address if it is known.
#[must_use]
pub fn circumstances(grant: GrantId, client: Option<IpAddr>) -> Circumstances {
    let network = client.map(network_of);
    Circumstances { grant: Some(const_hex::encode(grant.0)), network, zone: None }
}

/// The network that an address is in: `192.0.2.0/24`, or 48 bits of IPv6.
#[must_use]
pub fn network_of(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            format!("{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}
