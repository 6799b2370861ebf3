//! What the log's threads and its callers share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use countersign_domain::register::Register;
use countersign_verifier::merkle::Hash;

use crate::metrics::Counters;
use crate::stream::Position;

/// The durable state as the sequencer last left it.
pub(crate) struct Shared {
    head: AtomicU64,
    register: ArcSwap<Register>,
    durable: Mutex<Durable>,
    pub(crate) counters: Counters,
}

/// How far the stream is durable, and the root of the tree there.
#[derive(Clone, Copy)]
pub(crate) struct Durable {
    pub(crate) end: Position,
    pub(crate) root: Hash,
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
    pub(crate) fn new(durable: Durable, register: Register) -> Self {
        Self {
            head: AtomicU64::new(durable.end.index),
            register: ArcSwap::from_pointee(register),
            durable: Mutex::new(durable),
            counters: Counters::default(),
        }
    }

    /// INVARIANT: the register is stored before the head that has seen it, and read after it. So a
    /// register is never older than the head that it was read with; maintained here and in `view`.
    pub(crate) fn publish(&self, durable: Durable, register: Option<Register>) {
        if let Some(register) = register {
            self.register.store(Arc::new(register));
        }
        *self.durable.lock().unwrap_or_else(PoisonError::into_inner) = durable;
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
        *self.durable.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
