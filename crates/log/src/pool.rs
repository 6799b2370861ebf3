//! The pool: disclosures and acts that wait to be sequenced, and how many of them go into one batch.
//!
//! Batches form by themselves: while one is made durable, the next collects. Waiting longer on purpose
//! (`pool_wait_ms`) makes batches larger and answers later.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use countersign_domain::time::Timestamp;
use countersign_verifier::entry::{Disclosure, SignedAct};
use tokio::sync::oneshot;

use crate::append::{ActError, AppendError};
use crate::released::Placed;
use crate::shared::Shared;

/// The most disclosures in a batch. With entries of at most 64 KiB and [`ANNEXES_BYTES_ENOUGH`] it stays
/// below [`BATCH_BYTES_MAX`](crate::batch::BATCH_BYTES_MAX).
const DISCLOSURES_MAX: usize = 256;

/// No further disclosure is put into a batch with so many bytes of annexes.
const ANNEXES_BYTES_ENOUGH: usize = 8 << 20;

/// Something that waits to be sequenced.
pub(crate) enum Pending {
    /// A disclosure.
    Disclosure(Box<PendingDisclosure>),
    /// An act.
    Act(Box<PendingAct>),
    /// The end.
    Stop,
}

/// A disclosure that waits. Its time is set when it is sequenced.
pub(crate) struct PendingDisclosure {
    pub(crate) disclosure: Disclosure,
    pub(crate) decided_at: Timestamp,
    pub(crate) valid_until: Timestamp,
    pub(crate) annex: Vec<u8>,
    pub(crate) reply: oneshot::Sender<Result<Placed, AppendError>>,
}

/// An act that waits.
pub(crate) struct PendingAct {
    pub(crate) act: SignedAct,
    pub(crate) document: Option<Vec<u8>>,
    pub(crate) submitted_by: Option<String>,
    pub(crate) reply: oneshot::Sender<Result<Placed, ActError>>,
}

/// What is sequenced next.
pub(crate) enum Next {
    /// These, as one batch.
    Disclosures(Vec<PendingDisclosure>),
    /// This, alone.
    Act(Box<PendingAct>),
    /// Nothing any more.
    Stop,
}

/// The receiving end of the queue.
pub(crate) struct Pool {
    queue: Receiver<Pending>,
    /// What ended the last batch without being part of it.
    carried: Option<Pending>,
    wait: Duration,
    shared: Arc<Shared>,
}

impl Pool {
    pub(crate) const fn new(queue: Receiver<Pending>, wait: Duration, shared: Arc<Shared>) -> Self {
        Self { queue, carried: None, wait, shared }
    }

    /// Waits for something to do.
    pub(crate) fn next(&mut self) -> Next {
        let first = self.carried.take().or_else(|| self.queue.recv().ok());
        match first {
            None | Some(Pending::Stop) => Next::Stop,
            Some(Pending::Act(act)) => {
                self.taken(1);
                Next::Act(act)
            }
            Some(Pending::Disclosure(disclosure)) => Next::Disclosures(self.collect(*disclosure)),
        }
    }

    fn collect(&mut self, first: PendingDisclosure) -> Vec<PendingDisclosure> {
        let until = Instant::now() + self.wait;
        let mut annexes_bytes = first.annex.len();
        let mut disclosures = vec![first];
        while disclosures.len() < DISCLOSURES_MAX && annexes_bytes < ANNEXES_BYTES_ENOUGH {
            let left = until.saturating_duration_since(Instant::now());
            let next = if left.is_zero() {
                self.queue.try_recv().map_err(|_| RecvTimeoutError::Timeout)
            } else {
                self.queue.recv_timeout(left)
            };
            match next {
                Ok(Pending::Disclosure(next)) => {
                    annexes_bytes += next.annex.len();
                    disclosures.push(*next);
                }
                Ok(other) => {
                    self.carried = Some(other);
                    break;
                }
                Err(_) => break,
            }
        }
        self.taken(disclosures.len() as u64);
        disclosures
    }

    fn taken(&self, count: u64) {
        self.shared.counters.queue_length.fetch_sub(count, Ordering::Relaxed);
    }
}
