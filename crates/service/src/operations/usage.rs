//! How much each client asked for within the last hour, and where that stops, in percent of what the configuration
//! allots.
//!
//! The window slides by minutes: a sum covers the running minute and the sixty before it, so that no
//! 3,600 seconds see more calls than are allotted. What it is not: a budget of people, which is part
//! of the decision; nothing here is kept or logged.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use countersign_domain::identifier::Identifier;
use countersign_domain::time::Timestamp;

use crate::settings::Limits;

/// The minutes that a sum covers: the running one and an hour.
const MINUTES: u64 = 61;

/// What every client may ask for within an hour, and what it did.
pub struct Usage {
    allotted: Allotted,
    clients: ArcSwap<HashMap<Identifier, Arc<ClientUsage>>>,
}

/// What a client is allotted within an hour; 0 stands for no limit.
#[derive(Clone, Copy, Debug)]
struct Allotted {
    calls: u64,
    busy_us: u64,
    log_kib: u64,
}

/// A client that has used up what it is allotted for an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the client has used up what it is allotted for an hour")]
pub struct HourUsedUp;

/// How much of a client's hour is used, in percent of what it is allotted; 0 where there is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsedPercent {
    /// Of its calls.
    pub calls: u64,
    /// Of the time that they may take.
    pub time: u64,
}

/// What one client did within the last hour.
#[derive(Debug)]
pub struct ClientUsage {
    client: Identifier,
    allotted: Allotted,
    calls: Ring,
    busy_us: Ring,
    log_kib: Ring,
}

impl Usage {
    /// With what the configuration allots; nobody has asked for anything yet.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        let busy_us = limits.seconds_per_hour.saturating_mul(1_000_000);
        let log_kib = limits.log_bytes_per_hour.div_ceil(1_024);
        let allotted = Allotted { calls: limits.calls_per_hour, busy_us, log_kib };
        Self { allotted, clients: ArcSwap::default() }
    }

    /// Counts one call of this client, and tells whether it is within its hour; if not, the call is not counted.
    pub fn admit(
        &self,
        client: &Identifier,
        now: Timestamp,
    ) -> (Arc<ClientUsage>, Result<(), HourUsedUp>) {
        let known = self.clients.load().get(client).cloned();
        let usage = known.unwrap_or_else(|| self.begin(client));
        let admitted = usage.admit(now);
        (usage, admitted)
    }

    /// Adds what a client's call has appended to the log.
    pub fn appended(&self, client: &Identifier, bytes: usize, now: Timestamp) {
        let known = self.clients.load().get(client).cloned();
        known.unwrap_or_else(|| self.begin(client)).appended(bytes, now);
    }

    /// The usage of a client that has not asked since the start. Clients are those of the register, so
    /// there are never many.
    fn begin(&self, client: &Identifier) -> Arc<ClientUsage> {
        let fresh = Arc::new(ClientUsage::new(client.clone(), self.allotted));
        self.clients.rcu(|clients| {
            let mut clients = HashMap::clone(clients);
            clients.entry(client.clone()).or_insert_with(|| Arc::clone(&fresh));
            clients
        });
        self.clients.load().get(client).cloned().unwrap_or(fresh)
    }
}

impl ClientUsage {
    fn new(client: Identifier, allotted: Allotted) -> Self {
        let (calls, busy_us, log_kib) = <_>::default();
        Self { client, allotted, calls, busy_us, log_kib }
    }

    /// Whose it is.
    #[must_use]
    pub const fn client(&self) -> &Identifier {
        &self.client
    }

    /// Counts first and looks then, so that two calls at once never pass on one's place.
    fn admit(&self, now: Timestamp) -> Result<(), HourUsedUp> {
        let minute = minute_of(now);
        self.calls.add(minute, 1);
        let over = |used: u64, allotted: u64| allotted > 0 && used > allotted;
        if over(self.calls.sum(minute), self.allotted.calls)
            || over(self.busy_us.sum(minute), self.allotted.busy_us)
            || over(self.log_kib.sum(minute), self.allotted.log_kib)
        {
            self.calls.take_back(minute);
            return Err(HourUsedUp);
        }
        Ok(())
    }

    /// Adds the time that a call took.
    pub fn took(&self, time: Duration, now: Timestamp) {
        if self.allotted.busy_us > 0 {
            self.busy_us.add(minute_of(now), time.as_micros().try_into().unwrap_or(u32::MAX));
        }
    }

    /// Adds what a call has appended to the log. Parts of a KiB count as one.
    fn appended(&self, bytes: usize, now: Timestamp) {
        if self.allotted.log_kib > 0 {
            let kib = bytes.div_ceil(1_024).try_into().unwrap_or(u32::MAX);
            self.log_kib.add(minute_of(now), kib);
        }
    }

    /// How much of its hour the client has used.
    #[must_use]
    pub fn used(&self, now: Timestamp) -> UsedPercent {
        let minute = minute_of(now);
        let percent = |used: &Ring, allotted: u64| match allotted {
            0 => 0,
            allotted => used.sum(minute).saturating_mul(100) / allotted,
        };
        let calls = percent(&self.calls, self.allotted.calls);
        UsedPercent { calls, time: percent(&self.busy_us, self.allotted.busy_us) }
    }
}

const fn minute_of(now: Timestamp) -> u32 {
    // Enough for eight thousand years.
    (now.seconds() / 60) as u32
}

/// A count for each of the last minutes. A slot holds its minute above and the count below, so that
/// whoever comes first in a new minute clears what stood there in the same step as counting.
#[derive(Debug)]
struct Ring([AtomicU64; MINUTES as usize]);

impl Default for Ring {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; MINUTES as usize])
    }
}

impl Ring {
    fn add(&self, minute: u32, count: u32) {
        self.change(minute, |old| old.saturating_add(count));
    }

    fn take_back(&self, minute: u32) {
        self.change(minute, |old| old.saturating_sub(1));
    }

    fn change(&self, minute: u32, change: impl Fn(u32) -> u32) {
        let place = (u64::from(minute) % MINUTES) as usize;
        let Some(slot) = self.0.get(place) else { return };
        // The closure always gives a value, so it cannot fail.
        let _ = slot.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |packed| {
            let (stands, count) = unpack(packed);
            let count = if stands == minute { count } else { 0 };
            Some((u64::from(minute) << 32) | u64::from(change(count)))
        });
    }

    /// What was counted within the window. Minutes that are ahead count too: then the clock was set
    /// back, or another thread is already in the next minute.
    fn sum(&self, minute: u32) -> u64 {
        let within = |slot: &AtomicU64| {
            let (stands, count) = unpack(slot.load(Ordering::Relaxed));
            if u64::from(stands.abs_diff(minute)) < MINUTES { u64::from(count) } else { 0 }
        };
        self.0.iter().map(within).sum()
    }
}

const fn unpack(packed: u64) -> (u32, u32) {
    ((packed >> 32) as u32, packed as u32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn limits(calls_per_hour: u64, seconds_per_hour: u64) -> Limits {
        Limits { calls_per_hour, seconds_per_hour, ..Limits::default() }
    }

    fn client() -> Identifier {
        Identifier::parse("aurora-home").unwrap()
    }

    #[test]
    fn a_client_is_told_the_percentage_of_what_is_allotted() {
        let usage = Usage::new(&limits(8, 10));
        let now = Timestamp::from_seconds(1_000_000);
        let (mine, admitted) = usage.admit(&client(), now);
        assert_eq!(admitted, Ok(()));
        mine.took(Duration::from_millis(2_500), now);
        assert_eq!(mine.used(now), UsedPercent { calls: 12, time: 25 });
        mine.took(Duration::from_secs(8), now);
        assert_eq!(usage.admit(&client(), now).1, Err(HourUsedUp));
        assert_eq!(usage.admit(&Identifier::parse("other").unwrap(), now).1, Ok(()));
        let unlimited = Usage::new(&limits(0, 0));
        let (mine, admitted) = unlimited.admit(&client(), now);
        mine.took(Duration::from_secs(99), now);
        assert_eq!(admitted, Ok(()));
        assert_eq!(mine.used(now), UsedPercent { calls: 0, time: 0 });
    }

    #[test]
    fn a_client_that_appends_more_to_the_log_than_allotted_is_stopped() {
        let allotted = Limits { log_bytes_per_hour: 10 << 10, ..limits(0, 0) };
        let (usage, now) = (Usage::new(&allotted), Timestamp::from_seconds(1_000_000));
        usage.appended(&client(), 9 << 10, now);
        usage.appended(&client(), 1, now);
        assert_eq!(usage.admit(&client(), now).1, Ok(()));
        usage.appended(&client(), 1, now);
        assert_eq!(usage.admit(&client(), now).1, Err(HourUsedUp));
        assert_eq!(usage.admit(&Identifier::parse("other").unwrap(), now).1, Ok(()));
        assert_eq!(usage.admit(&client(), now.plus_seconds(61 * 60)).1, Ok(()));
        let unlimited = Usage::new(&Limits { log_bytes_per_hour: 0, ..limits(0, 0) });
        unlimited.appended(&client(), usize::MAX, now);
        assert_eq!(unlimited.admit(&client(), now).1, Ok(()));
    }

    #[test]
    fn calls_at_once_are_never_more_than_allotted() {
        let usage = Usage::new(&limits(1_000, 0));
        let now = Timestamp::from_seconds(1_000_000);
        let asks = || (0..1_000).filter(|_| usage.admit(&client(), now).1.is_ok()).count();
        let admitted: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(asks)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert!(admitted <= 1_000, "{admitted}");
        assert!(admitted > 900, "{admitted}: a call is refused only for others at the same time");
    }

    proptest! {
        #[test]
        fn property_no_hour_sees_more_calls_than_allotted(
            limit in 1_u64..6,
            steps in prop::collection::vec(prop_oneof![0_u64..4, 0_u64..90, 0_u64..4_000], 1..200),
        ) {
            let usage = Usage::new(&limits(limit, 0));
            let mut admitted: Vec<u64> = Vec::new();
            let mut now = 1_000_000;
            for step in steps {
                now += step;
                let (mine, outcome) = usage.admit(&client(), Timestamp::from_seconds(now));
                let within = |length: u64| {
                    admitted.iter().filter(|at| **at + length > now).count() as u64
                };
                // Whoever keeps still for 61 minutes has all of the hour again.
                prop_assert_eq!(outcome.is_ok() || within(3_660) >= limit, true);
                if outcome.is_ok() {
                    admitted.push(now);
                    let within =
                        admitted.iter().filter(|at| **at + 3_600 > now).count() as u64;
                    prop_assert!(within <= limit, "{within} within an hour");
                }
                prop_assert!(mine.used(Timestamp::from_seconds(now)).calls <= 100);
            }
        }

        #[test]
        fn property_a_clock_that_is_set_never_stops_a_client_for_longer_than_its_hour(
            times in prop::collection::vec(0_u64..10_000_000, 1..50),
        ) {
            let usage = Usage::new(&limits(1, 0));
            for time in times {
                let _ = usage.admit(&client(), Timestamp::from_seconds(time));
            }
            let later = Timestamp::from_seconds(10_003_660);
            prop_assert_eq!(usage.admit(&client(), later).1, Ok(()));
        }
    }
}
