//! The ordered stream of entries and annexes: append, sequence, publish.
//!
//! A decision goes in as [`Permitted`](countersign_domain::decide::Permitted) and comes back as
//! [`Released`](released::Released) once entry and annex are durable; nothing else opens people's data
//! that is under [`guard`](guarded::Guarded). One thread sequences and writes the stream, another one
//! computes the static site from it and signs checkpoints.
//!
//! What it is not: it decides nothing, serves nothing and has no HTTP. The register, the tiles and the
//! site are views that are computed again from the stream.
#![forbid(unsafe_code)]

use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use countersign_domain::register::Register;
use countersign_protocol::note::NoteKey;

pub mod about_people;
pub mod admission;
pub mod annex;
pub mod append;
mod append_own;
pub mod backend;
pub mod batch;
pub mod check;
pub mod clock;
pub mod clock_watch;
pub mod disclosures;
mod disk_watch;
pub mod distribution;
pub mod evidence;
pub mod guarded;
pub mod ledger;
pub mod metrics;
pub mod open;
pub mod period;
mod pool;
pub mod publish;
pub mod released;
mod remedy;
mod rewrite;
mod sequence;
mod shared;
pub mod signer;
pub mod stream;
mod tiles;
pub mod trouble;
pub mod witness;
mod witnessed;
mod writer;

pub use append_own::ConsentsError;
pub use open::{LogConfig, OpenError, Recovered};
pub use rewrite::RewriteError;
pub use shared::View;
pub use witnessed::ProofError;

use crate::admission::Admission;
use crate::backend::{Backend, Lock};
use crate::clock_watch::ClockWatch;
use crate::metrics::{BudgetCount, Metrics};
use crate::pool::Pending;
use crate::publish::Stop;
use crate::shared::Shared;
use crate::witness::front::Front;

/// An open log. Clones are the same log; the last one to be dropped shuts it down.
#[derive(Clone)]
pub struct Log {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    origin: String,
    stream_id: [u8; 16],
    key: NoteKey,
    pub(crate) queue: Sender<Pending>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) front: Arc<Front>,
    /// The file layer, for what is read of the site.
    pub(crate) site: Arc<dyn Backend>,
    pub(crate) clock: Arc<ClockWatch>,
    pub(crate) admission: Option<Arc<dyn Admission>>,
    pub(crate) merge_delay_s: u64,
    threads: Mutex<Option<Threads>>,
}

/// What runs while a log is open.
struct Threads {
    sequencer: JoinHandle<()>,
    publisher: JoinHandle<()>,
    stop: Arc<Stop>,
    _lock: Box<dyn Lock>,
}

impl Log {
    fn from_inner(inner: Inner) -> Self {
        Self { inner: Arc::new(inner) }
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.inner
    }

    /// The log's name.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.inner.origin
    }

    /// The id of its stream, which no other log's has.
    #[must_use]
    pub fn stream_id(&self) -> [u8; 16] {
        self.inner.stream_id
    }

    /// The key that its checkpoints are verified with.
    #[must_use]
    pub fn key(&self) -> &NoteKey {
        &self.inner.key
    }

    /// How many entries are durable.
    #[must_use]
    pub fn head(&self) -> u64 {
        self.inner.shared.head()
    }

    /// The register as of the last act.
    #[must_use]
    pub fn register(&self) -> Arc<Register> {
        self.view().register
    }

    /// What to decide on: the register with an `as_of` that it has seen.
    #[must_use]
    pub fn view(&self) -> View {
        self.inner.shared.view()
    }

    /// The same register with the `as_of` that it has seen by now. If an act has changed it the view stays as it was,
    /// so that what is decided on it is not appended.
    #[must_use]
    pub fn renewed(&self, view: View) -> View {
        let now = self.view();
        if Arc::ptr_eq(&now.register, &view.register) { now } else { view }
    }

    /// Waits until a published checkpoint has the entry of this index: for ever, while nothing can be
    /// published.
    pub async fn wait_published(&self, index: u64) {
        self.inner.shared.wait_published(index).await;
    }

    /// What it has counted.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.inner.shared.metrics()
    }

    /// What budgets did since start, by budget and client.
    #[must_use]
    pub fn budget_counts(&self) -> Vec<BudgetCount> {
        self.inner.shared.counters.budget_counts()
    }

    /// Finishes what waits, publishes it, and ends. What is appended later is refused.
    pub fn shutdown(&self) {
        self.inner.shutdown();
    }
}

impl Inner {
    /// What is so of the thread that appends; `None` after a shutdown.
    pub(crate) fn sequencer_has(&self, is_so: impl Fn(&JoinHandle<()>) -> bool) -> Option<bool> {
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.as_ref().map(|threads| is_so(&threads.sequencer))
    }

    fn shutdown(&self) {
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(threads) = threads else { return };
        // A sequencer that is gone needs no word; one that panicked has said so already.
        let _ = self.queue.send(Pending::Stop);
        let _ = threads.sequencer.join();
        threads.stop.stop();
        let _ = threads.publisher.join();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shutdown();
    }
}
