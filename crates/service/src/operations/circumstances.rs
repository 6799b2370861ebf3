//! What is kept of where a request came from: enough to see one token in many networks, too little to
//! tell households apart.

use std::net::{IpAddr, Ipv6Addr};

use countersign_log::annex::Circumstances;
use countersign_people::store::GrantId;

/// The circumstances of a request under this grant, from this address if it is known.
#[must_use]
pub fn circumstances(grant: GrantId, client: Option<IpAddr>) -> Circumstances {
    let network = client.map(|client| match client.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            format!("{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    });
    Circumstances { grant: Some(const_hex::encode(grant.0)), network, zone: None }
}
