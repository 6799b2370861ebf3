//! Which connections are taken: so many, so many of one client, and some beyond those in which health checks and
//! the admin API are answered.
//!
//! A connection too many goes into the reserve. There the newest takes the place of the oldest, so that who asks at
//! once is answered, however many others hold connections open.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use super::address::{ClientKey, TrustedProxies};

/// How many connections there may be.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// The most at once.
    pub connections: usize,
    /// Those beyond, for health checks and the admin API.
    pub reserved: usize,
    /// The most of one client.
    pub per_address: usize,
}

/// Decides which connections are taken.
#[derive(Clone, Debug)]
pub struct Admission {
    limits: ConnectionLimits,
    proxies: Arc<TrustedProxies>,
    open: Arc<Mutex<Open>>,
}

/// What is open.
#[derive(Debug, Default)]
struct Open {
    ordinary: usize,
    by_client: HashMap<ClientKey, usize>,
    /// The oldest first.
    reserved: VecDeque<(u64, Arc<Notify>)>,
    next: u64,
}

/// A place in the reserve.
#[derive(Clone, Debug)]
pub struct Reserve {
    admission: Admission,
    number: u64,
}

/// The place of one connection, which it gives back when it is closed.
#[derive(Debug)]
pub struct Slot {
    kind: SlotKind,
    admission: Admission,
}

#[derive(Debug)]
enum SlotKind {
    /// `None` for a proxy, whose clients are counted by their requests.
    Ordinary(Option<ClientKey>),
    Reserved(u64, Arc<Notify>),
}

impl Admission {
    /// Takes connections within these limits.
    #[must_use]
    pub fn new(limits: ConnectionLimits, proxies: Arc<TrustedProxies>) -> Self {
        Self { limits, proxies, open: Arc::default() }
    }

    /// A place for a connection from this address.
    #[must_use]
    pub fn admit(&self, peer: IpAddr) -> Slot {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let client = (!self.proxies.contains(peer)).then(|| ClientKey::of(peer));
        let held = client.and_then(|client| open.by_client.get(&client).copied());
        let is_within = open.ordinary < self.limits.connections
            && held.unwrap_or_default() < self.limits.per_address;
        let kind = if is_within {
            open.ordinary += 1;
            if let Some(client) = client {
                *open.by_client.entry(client).or_default() += 1;
            }
            SlotKind::Ordinary(client)
        } else {
            if open.reserved.len() >= self.limits.reserved
                && let Some((_, evicted)) = open.reserved.pop_front()
            {
                evicted.notify_one();
            }
            let (number, evicted) = (open.next, Arc::<Notify>::default());
            open.next += 1;
            open.reserved.push_back((number, Arc::clone(&evicted)));
            SlotKind::Reserved(number, evicted)
        };
        Slot { kind, admission: self.clone() }
    }

    /// A connection that is not in the reserve is not evicted.
    fn leave_reserve(&self, number: u64) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.reserved.retain(|(other, _)| *other != number);
    }
}

impl Reserve {
    /// The connection keeps its place from here on: it belongs to somebody with the admin token.
    pub fn hold(&self) {
        self.admission.leave_reserve(self.number);
    }
}

impl Slot {
    /// The place in the reserve, if the connection is one too many: only health checks and the admin API are answered
    /// on it.
    #[must_use]
    pub fn reserve(&self) -> Option<Reserve> {
        match self.kind {
            SlotKind::Ordinary(_) => None,
            SlotKind::Reserved(number, _) => {
                Some(Reserve { admission: self.admission.clone(), number })
            }
        }
    }

    /// Waits until the place is needed for a newer connection.
    pub async fn evicted(&self) {
        match &self.kind {
            SlotKind::Ordinary(_) => std::future::pending().await,
            SlotKind::Reserved(_, evicted) => evicted.notified().await,
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let client = match &self.kind {
            SlotKind::Ordinary(client) => client,
            SlotKind::Reserved(number, _) => return self.admission.leave_reserve(*number),
        };
        let mut open = self.admission.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.ordinary = open.ordinary.saturating_sub(1);
        let Some(client) = client else { return };
        if let Some(held) = open.by_client.get_mut(client) {
            *held = held.saturating_sub(1);
            if *held == 0 {
                open.by_client.remove(client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::network::settings::ClientAddressHeader;

    fn admission(connections: usize, reserved: usize, per_address: usize) -> Admission {
        let proxy = "10.0.0.1".to_owned().try_into().unwrap();
        let proxies = TrustedProxies::new(vec![proxy], ClientAddressHeader::default());
        Admission::new(ConnectionLimits { connections, reserved, per_address }, Arc::new(proxies))
    }

    fn ip(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn one_client_gets_its_share_and_no_more() {
        let admission = admission(100, 1, 3);
        let held: Vec<_> = (0..3).map(|_| admission.admit(ip(1))).collect();
        assert!(held.iter().all(|slot| slot.reserve().is_none()));
        assert!(admission.admit(ip(1)).reserve().is_some());
        assert!(admission.admit(ip(2)).reserve().is_none());
        drop(held);
        assert!(admission.admit(ip(1)).reserve().is_none());
        assert!(admission.open.lock().unwrap().by_client.is_empty());
    }

    #[test]
    fn a_trusted_proxy_is_no_single_client() {
        let admission = admission(5, 1, 1);
        let proxy = IpAddr::from([10, 0, 0, 1]);
        let held: Vec<_> = (0..5).map(|_| admission.admit(proxy)).collect();
        assert!(held.iter().all(|slot| slot.reserve().is_none()));
        assert!(admission.admit(proxy).reserve().is_some());
    }

    #[test]
    fn the_newest_connection_too_many_takes_the_place_of_the_oldest() {
        let admission = admission(1, 2, 10);
        let _ordinary = admission.admit(ip(1));
        let oldest = admission.admit(ip(2));
        let second = admission.admit(ip(3));
        assert!(oldest.evicted().now_or_never().is_none());
        let third = admission.admit(ip(4));
        assert!(oldest.evicted().now_or_never().is_some());
        assert!(second.evicted().now_or_never().is_none());
        drop((oldest, third));
        let _fourth = admission.admit(ip(5));
        assert!(second.evicted().now_or_never().is_none(), "there was room");
    }

    #[test]
    fn a_connection_with_the_admin_token_is_not_evicted() {
        let admission = admission(1, 1, 10);
        let _ordinary = admission.admit(ip(1));
        let held = admission.admit(ip(2));
        held.reserve().unwrap().hold();
        let others: Vec<_> = (3..20).map(|last| admission.admit(ip(last))).collect();
        assert!(held.evicted().now_or_never().is_none());
        assert!(others[0].evicted().now_or_never().is_some());
    }
}
