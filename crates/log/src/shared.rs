//! What the log's threads and its callers share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use countersign_domain::register::Register;
use countersign_domain::time::Timestamp;
use countersign_protocol::merkle::Hash;
use tokio::sync::watch;

use crate::disk_watch::DiskWatch;
use crate::metrics::{Counters, Metrics};
use crate::stream::Position;

/// The durable state as the sequencer last left it.
pub(crate) struct Shared {
    head: AtomicU64,
    register: ArcSwap<Register>,
    extent: Mutex<Extent>,
    published: watch::Sender<u64>,
    pub(crate) counters: Counters,
    pub(crate) disk: DiskWatch,
}

/// How far the stream is durable, and the root of the tree there.
#[derive(Clone, Copy)]
pub(crate) struct Durable {
    pub(crate) end: Position,
    pub(crate) root: Hash,
}

/// What is durable, and since when some of it waits to be published. Under one lock: the publisher could
/// otherwise publish what the sequencer is about to call unpublished.
struct Extent {
    durable: Durable,
    unpublished_since: Option<Timestamp>,
}

/// What a decision is made on.
#[derive(Clone, Debug)]
pub struct View {
    /// How many entries the register has seen at least: what a decision says as its `as_of`.
    pub as_of: u64,
    /// The register.
    pub register: Arc<Register>,
}

impl Shared {
    /// What was durable before is published, or waits since `unpublished_since`.
    pub(crate) fn new(
        durable: Durable,
        register: Arc<Register>,
        unpublished_since: Option<Timestamp>,
    ) -> Self {
        Self {
            head: AtomicU64::new(durable.end.index),
            register: ArcSwap::new(register),
            extent: Mutex::new(Extent { durable, unpublished_since }),
            published: watch::Sender::new(0),
            counters: Counters::default(),
            disk: DiskWatch::default(),
        }
    }

    /// INVARIANT: the register is stored before the head that has seen it, and read after it. So a
    /// register is never older than the head that it was read with; maintained here and in `view`.
    /// The receipts' promise counts from `now`.
    pub(crate) fn publish(
        &self,
        durable: Durable,
        register: Option<Arc<Register>>,
        now: Timestamp,
    ) {
        if let Some(register) = register {
            self.register.store(register);
        }
        {
            let mut extent = self.extent();
            extent.durable = durable;
            extent.unpublished_since.get_or_insert(now);
        }
        self.head.store(durable.end.index, Ordering::Release);
    }

    pub(crate) fn view(&self) -> View {
        let as_of = self.head();
        View { as_of, register: self.register.load_full() }
    }

    pub(crate) fn head(&self) -> u64 {
        self.head.load(Ordering::Acquire)
    }

    pub(crate) fn durable(&self) -> Durable {
        self.extent().durable
    }

    /// A round of publishing that began at `began` has put so many entries on the site. What came
    /// meanwhile is younger than the round.
    pub(crate) fn published(&self, size: u64, began: Timestamp) {
        {
            let mut extent = self.extent();
            let is_behind = size < extent.durable.end.index;
            extent.unpublished_since = is_behind.then_some(began);
        }
        self.published.send_replace(size);
    }

    /// Waits until a published checkpoint has the entry of this index.
    pub(crate) async fn wait_published(&self, index: u64) {
        // The sender lives as long as this; an error could only say that it does not.
        let _ = self.published.subscribe().wait_for(|size| *size > index).await;
    }

    /// Since when something durable waits to be published.
    pub(crate) fn unpublished_since(&self) -> Option<Timestamp> {
        self.extent().unpublished_since
    }

    /// Since when, if that is longer than is good for the promise in receipts: half of the merge delay
    /// is left for whoever has to mend it.
    pub(crate) fn overdue_since(&self, now: Timestamp, merge_delay_s: u64) -> Option<Timestamp> {
        let since = self.unpublished_since()?;
        let waited_s = now.seconds().saturating_sub(since.seconds());
        (waited_s > merge_delay_s / 2).then_some(since)
    }

    pub(crate) fn metrics(&self) -> Metrics {
        let since = self.unpublished_since().map_or(0, Timestamp::seconds);
        Metrics { unpublished_since_seconds: since, ..self.counters.read() }
    }

    fn extent(&self) -> MutexGuard<'_, Extent> {
        self.extent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
