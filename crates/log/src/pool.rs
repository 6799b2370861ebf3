//! The pool: disclosures and acts that wait to be sequenced, and how many of them go into one batch.
//!
//! Batches form by themselves: while one is made durable, the next collects. Waiting longer on purpose
//! (`pool_wait_ms`) makes batches larger and answers later.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use countersign_domain::time::Timestamp;
use countersign_protocol::entry::{Disclosure, Entry, SignedAct};
use tokio::sync::oneshot;

use crate::admission::Weighed;
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
    /// What the platform itself says.
    Own(Box<PendingOwn>),
    /// The end.
    Stop,
}

/// A disclosure that waits. Its time is set when it is sequenced.
pub(crate) struct PendingDisclosure {
    pub(crate) disclosure: Disclosure,
    pub(crate) decided_at: Timestamp,
    pub(crate) valid_until: Timestamp,
    pub(crate) annex: Vec<u8>,
    /// What admits it; `None` in a log that admits everything.
    pub(crate) weighed: Option<Box<dyn Weighed>>,
    pub(crate) reply: oneshot::Sender<Result<Placed, AppendError>>,
}

/// An act that waits.
pub(crate) struct PendingAct {
    pub(crate) act: SignedAct,
    pub(crate) document: Option<Vec<u8>>,
    pub(crate) submitted_by: Option<String>,
    pub(crate) reply: oneshot::Sender<Result<Placed, ActError>>,
}

/// People's choices or a close, waiting. Its time is set when it is sequenced.
pub(crate) struct PendingOwn {
    pub(crate) entry: Entry,
    pub(crate) annex: Vec<u8>,
    pub(crate) reply: oneshot::Sender<Result<Placed, AppendError>>,
}

/// What is sequenced next.
pub(crate) enum Next {
    /// These, as one batch.
    Disclosures(Vec<PendingDisclosure>),
    /// This, alone.
    Act(Box<PendingAct>),
    /// This, alone.
    Own(Box<PendingOwn>),
    /// Nothing any more.
    Stop,
}

/// The receiving end of the queue.
pub(crate) struct Pool {
    queue: Receiver<Pending>,
    /// What came out of the queue and is not handed out yet. Acts overtake disclosures: a suspension must
    /// not stand in line behind the very disclosures that it ends.
    acts: VecDeque<Box<PendingAct>>,
    /// What the platform says comes after acts, and before disclosures: a person who closes something is
    /// not kept waiting by a flood of them.
    own: VecDeque<Box<PendingOwn>>,
    disclosures: VecDeque<PendingDisclosure>,
    is_stopped: bool,
    wait: Duration,
    shared: Arc<Shared>,
}

impl Pool {
    pub(crate) const fn new(queue: Receiver<Pending>, wait: Duration, shared: Arc<Shared>) -> Self {
        Self {
            queue,
            acts: VecDeque::new(),
            own: VecDeque::new(),
            disclosures: VecDeque::new(),
            is_stopped: false,
            wait,
            shared,
        }
    }

    /// Waits for something to do.
    pub(crate) fn next(&mut self) -> Next {
        self.collect();
        if let Some(act) = self.acts.pop_front() {
            self.taken(1);
            return Next::Act(act);
        }
        if let Some(own) = self.own.pop_front() {
            self.taken(1);
            return Next::Own(own);
        }
        let batch = self.batch();
        if batch.is_empty() {
            return Next::Stop;
        }
        self.taken(batch.len() as u64);
        Next::Disclosures(batch)
    }

    /// Takes what is in the queue. Waits until there is something, and, if it is a disclosure, for more of
    /// them.
    fn collect(&mut self) {
        let is_empty = self.acts.is_empty() && self.own.is_empty() && self.disclosures.is_empty();
        if is_empty && !self.is_stopped {
            // When nobody is left who could ask for anything, it is time to stop.
            let first = self.queue.recv().unwrap_or(Pending::Stop);
            self.take(first);
        }
        let until = Instant::now() + self.wait;
        while !self.is_stopped {
            let is_enough = !self.acts.is_empty()
                || !self.own.is_empty()
                || self.disclosures.len() >= DISCLOSURES_MAX;
            let left = until.saturating_duration_since(Instant::now());
            let next = if is_enough || left.is_zero() {
                self.queue.try_recv().map_err(|_| RecvTimeoutError::Timeout)
            } else {
                self.queue.recv_timeout(left)
            };
            match next {
                Ok(next) => self.take(next),
                Err(_) => return,
            }
        }
    }

    fn take(&mut self, next: Pending) {
        match next {
            Pending::Act(act) => self.acts.push_back(act),
            Pending::Own(own) => self.own.push_back(own),
            Pending::Disclosure(disclosure) => self.disclosures.push_back(*disclosure),
            Pending::Stop => self.is_stopped = true,
        }
    }

    /// The disclosures of the next batch, in the order in which they came.
    fn batch(&mut self) -> Vec<PendingDisclosure> {
        let mut annexes_bytes = 0;
        let fits = |waiting: &&PendingDisclosure| {
            let is_room = annexes_bytes < ANNEXES_BYTES_ENOUGH;
            annexes_bytes += waiting.annex.len();
            is_room
        };
        let count = self.disclosures.iter().take(DISCLOSURES_MAX).take_while(fits).count();
        self.disclosures.drain(..count).collect()
    }

    fn taken(&self, count: u64) {
        self.shared.counters.queue_length.fetch_sub(count, Ordering::Relaxed);
    }
}
